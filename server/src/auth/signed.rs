//! Signed tokens: Ed25519, one algorithm, keys that are known beforehand.
//!
//! Two kinds are made with it: the token that opens a direct endpoint, signed by the central
//! instance, and the word of an agent that dials in, signed by the agent. The parsing is
//! `jsonwebtoken`'s, the arithmetic `ring`'s. No key is ever fetched from where a token says.

use std::sync::Once;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error as JwtError, ErrorKind};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::kube::{Error, Result};

/// How far two clocks may be apart, in seconds.
const SKEW: i64 = 30;

/// A private key. Has no `Debug`, so that it cannot get into a log.
#[derive(Clone)]
pub struct Signer {
    pkcs8: Vec<u8>,
    public: PublicKey,
}

/// A public key: 32 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

/// What every token says of itself.
#[derive(Debug, Clone, Serialize, serde::Deserialize)]
pub struct Claims<T> {
    /// Who signed it.
    pub iss: String,
    /// For whom it is, and nobody else.
    pub aud: String,
    /// When it was made, in Unix seconds.
    pub iat: i64,
    /// When it ends, in Unix seconds.
    pub exp: i64,
    /// What it is for: a token for one thing is none for another.
    pub purpose: String,
    /// What it says.
    #[serde(flatten)]
    pub says: T,
}

impl PublicKey {
    /// Reads base64url without padding.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// In base64url without padding.
    #[must_use]
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}

impl Signer {
    /// A new key pair, as PKCS#8.
    ///
    /// # Errors
    /// The operating system has no random bytes.
    pub fn generate() -> Result<Vec<u8>> {
        let random = ring::rand::SystemRandom::new();
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&random).map_err(unspecified)?;
        Ok(pkcs8.as_ref().to_vec())
    }

    /// From PKCS#8.
    ///
    /// # Errors
    /// It is not an Ed25519 key pair.
    pub fn new(pkcs8: Vec<u8>) -> Result<Self> {
        let pair = Ed25519KeyPair::from_pkcs8(&pkcs8)
            .map_err(|error| Error::internal(error.to_string()))?;
        let public: [u8; 32] = pair
            .public_key()
            .as_ref()
            .try_into()
            .map_err(|_| Error::internal("a public key has 32 bytes"))?;
        Ok(Self { pkcs8, public: PublicKey(public) })
    }

    /// The key that others check with.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// A token that says `claims`.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn sign<T: Serialize>(&self, claims: &Claims<T>) -> Result<String> {
        provide();
        let key = EncodingKey::from_ed_der(&self.pkcs8);
        jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), claims, &key).map_err(Error::internal)
    }
}

/// What a token says, if `key` signed it, it is for `audience` and `purpose`, from `issuer`, and its
/// time has come and is not over at `now`.
#[must_use]
pub fn verify<T: DeserializeOwned>(
    token: &str,
    key: &PublicKey,
    (issuer, audience, purpose): (&str, &str, &str),
    now: i64,
) -> Option<Claims<T>> {
    provide();
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&[audience]);
    validation.set_issuer(&[issuer]);
    validation.set_required_spec_claims(&["exp", "aud", "iss"]);
    // The time comes from our own clock, below.
    validation.validate_exp = false;
    let key = DecodingKey::from_ed_der(&key.0);
    let claims = jsonwebtoken::decode::<Claims<T>>(token, &key, &validation).ok()?.claims;
    let in_time = claims.iat <= now + SKEW && now < claims.exp && claims.iat < claims.exp;
    // The library takes a list of audiences too; ours is one, as the type says.
    (in_time && claims.purpose == purpose && claims.aud == audience).then_some(claims)
}

fn unspecified(_: ring::error::Unspecified) -> Error {
    Error::internal("the operating system has no random bytes")
}

/// Gives the library its arithmetic, once a process.
fn provide() {
    static ONCE: Once = Once::new();
    static PROVIDER: CryptoProvider = CryptoProvider {
        signer_factory: |algorithm, key| match algorithm {
            Algorithm::EdDSA => {
                let pair = Ed25519KeyPair::from_pkcs8(key.as_bytes());
                Ok(Box::new(Signs(pair.map_err(|_| wrong())?)) as Box<dyn JwtSigner>)
            }
            _ => Err(wrong()),
        },
        verifier_factory: |algorithm, key| match algorithm {
            Algorithm::EdDSA => {
                let key = key.try_get_as_bytes()?.to_vec();
                Ok(Box::new(Verifies(UnparsedPublicKey::new(&ED25519, key)))
                    as Box<dyn JwtVerifier>)
            }
            _ => Err(wrong()),
        },
        key_utils: KeyUtils::new_unimplemented(),
    };
    // An error says that it was done before.
    ONCE.call_once(|| _ = PROVIDER.install_default());
}

fn wrong() -> JwtError {
    ErrorKind::InvalidAlgorithm.into()
}

struct Signs(Ed25519KeyPair);

impl signature::Signer<Vec<u8>> for Signs {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(self.0.sign(message).as_ref().to_vec())
    }
}

impl JwtSigner for Signs {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

struct Verifies(UnparsedPublicKey<Vec<u8>>);

impl signature::Verifier<Vec<u8>> for Verifies {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        self.0.verify(message, signature).map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Verifies {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

#[cfg(test)]
mod tests;
