//! The credentials of host clusters, at rest: encrypted under a key that is not in the database.
//!
//! What is stored opens only for the cluster that it was stored for: its name and uid are sealed in,
//! so that a row that was moved to another cluster is refused, and so is one of a cluster that had
//! the same name before.

use std::sync::Arc;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use dormer_api::kubeconfig::{Credential, Taken};
use secrecy::zeroize::Zeroizing;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::kubeconfig::Sanitized;
use crate::auth::random;
use crate::kube::{Error, Result};
use crate::store::{Sealed, Snapshot, Tx};

/// The name of the key's file in the data folder.
pub const KEY_FILE: &str = "host-key";

/// Seals credentials and opens them again. Cheap to clone; has no `Debug`.
#[derive(Clone)]
pub struct Vault {
    cipher: Arc<XChaCha20Poly1305>,
    key_id: Arc<str>,
}

impl Vault {
    /// A vault with this key: 32 random bytes that are not in the database.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        let key = Zeroizing::new(key);
        // Says which key it is, and nothing of what it is.
        let digest =
            Sha256::new().chain_update(b"dormer host key id").chain_update(*key).finalize();
        let key_id = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        Self { cipher: Arc::new(XChaCha20Poly1305::new(&(*key).into())), key_id: key_id.into() }
    }

    /// Keeps the credential of a cluster, in place of one before.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn put(&self, tx: &mut Tx<'_>, cluster: &str, uid: &str, it: &Sanitized) -> Result<()> {
        let nonce = random::<24>()?;
        let text = Zeroizing::new(serde_json::to_vec(&Kept::of(it)).map_err(Error::internal)?);
        let aad = self.bound_to(cluster, uid);
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), Payload { msg: &text, aad: &aad })
            .map_err(|_| Error::internal("a credential could not be sealed"))?;
        let key_id = self.key_id.to_string();
        Ok(tx.set_sealed(cluster, &Sealed { key_id, nonce: nonce.to_vec(), sealed })?)
    }

    /// The credential of a cluster, if there is one.
    ///
    /// # Errors
    /// It was sealed under another key, for another cluster, or was changed since.
    pub fn get(
        &self,
        snapshot: &Snapshot<'_>,
        cluster: &str,
        uid: &str,
    ) -> Result<Option<Sanitized>> {
        let Some(it) = snapshot.sealed(cluster)? else { return Ok(None) };
        if it.key_id != *self.key_id {
            return Err(Error::internal(format!(
                "the credential of cluster {cluster} was sealed with the key {}, and {KEY_FILE} in \
                 the data folder is the key {}",
                it.key_id, self.key_id
            )));
        }
        let broken =
            || Error::internal(format!("the credential of cluster {cluster} does not open"));
        let nonce: [u8; 24] = it.nonce.as_slice().try_into().map_err(|_| broken())?;
        let aad = self.bound_to(cluster, uid);
        let text = self
            .cipher
            .decrypt(&XNonce::from(nonce), Payload { msg: &it.sealed, aad: &aad })
            .map_err(|_| broken())?;
        let text = Zeroizing::new(text);
        // What the reader says of a fault could hold a part of the secret.
        let kept: Kept = serde_json::from_slice(&text).map_err(|_| broken())?;
        Ok(Some(kept.into_sanitized()))
    }

    /// Forgets the credential of a cluster.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn remove(&self, tx: &mut Tx<'_>, cluster: &str) -> Result<()> {
        Ok(tx.forget_sealed(cluster)?)
    }

    /// Two texts that differ are two sequences of bytes that do: neither name nor uid holds a NUL.
    fn bound_to(&self, cluster: &str, uid: &str) -> Vec<u8> {
        [self.key_id.as_bytes(), cluster.as_bytes(), uid.as_bytes()].join(&0)
    }
}

/// What is inside, once it is open.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    server: String,
    tls_server_name: Option<String>,
    ca: String,
    token: Option<String>,
    /// A certificate and its key.
    certificate: Option<(String, String)>,
}

impl Kept {
    fn of(it: &Sanitized) -> Self {
        let Taken { server, tls_server_name, ca, credential } = it.taken().clone();
        let (token, certificate) = match credential {
            Credential::Token(token) => (Some(token), None),
            Credential::Certificate { certificate, key } => (None, Some((certificate, key))),
        };
        Self { server, tls_server_name, ca, token, certificate }
    }

    fn into_sanitized(self) -> Sanitized {
        let credential = match self.certificate {
            Some((certificate, key)) => Credential::Certificate { certificate, key },
            None => Credential::Token(self.token.unwrap_or_default()),
        };
        let Self { server, tls_server_name, ca, .. } = self;
        Sanitized::from_taken(Taken { server, tls_server_name, ca, credential })
    }
}

#[cfg(test)]
mod tests;
