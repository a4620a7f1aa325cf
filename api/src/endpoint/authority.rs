//! A certificate authority as it is pasted.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";
/// The longest text that is looked at, in bytes: a bundle of a dozen authorities.
const MAX: usize = 64 * 1024;
/// PEM's own width, in characters (RFC 7468).
const WIDTH: usize = 64;

/// Why a text is not a certificate authority. The words stand under the field in the page and in the
/// `Status` alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// Nothing was given.
    #[error("Paste the certificate of the authority, as PEM or as base64 of it.")]
    Empty,
    /// Longer than [`MAX`].
    #[error("That is too long for a certificate authority: at most 64 KiB.")]
    TooLong,
    /// A private key came with it.
    #[error("This holds a private key. Paste the certificate alone, and keep the key to yourself.")]
    PrivateKey,
    /// Neither PEM nor base64.
    #[error("This is neither PEM (-----BEGIN CERTIFICATE-----) nor base64.")]
    Unreadable,
    /// PEM whose inside is not base64, or that does not end.
    #[error("The certificate is cut off, or its text was changed on the way.")]
    Damaged,
    /// Base64 of something else.
    #[error("This is base64, but not of a certificate.")]
    NotACertificate,
}

/// Reads PEM, base64 of PEM, or base64 of DER, and answers base64 of clean PEM: what the annotation
/// holds.
///
/// # Errors
/// The first rule that `text` breaks.
pub fn authority(text: &str) -> Result<String, AuthorityError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(AuthorityError::Empty);
    }
    if text.len() > MAX {
        return Err(AuthorityError::TooLong);
    }
    if text.contains("-----BEGIN") {
        return pem(text).map(|pem| STANDARD.encode(pem));
    }
    let bytes = decode(text).ok_or(AuthorityError::Unreadable)?;
    let clean = match str::from_utf8(&bytes) {
        Ok(inner) if inner.contains("-----BEGIN") => pem(inner)?,
        Ok(_) | Err(_) if is_der(&bytes) => block(&bytes),
        Ok(_) | Err(_) => return Err(AuthorityError::NotACertificate),
    };
    Ok(STANDARD.encode(clean))
}

/// The certificates of a PEM text, written anew; what stands between them is left out.
fn pem(text: &str) -> Result<String, AuthorityError> {
    if text.contains("PRIVATE KEY-----") {
        return Err(AuthorityError::PrivateKey);
    }
    let mut clean = String::new();
    let mut rest = text;
    while let Some(begin) = rest.find(BEGIN) {
        let inside = &rest[begin + BEGIN.len()..];
        let end = inside.find(END).ok_or(AuthorityError::Damaged)?;
        let der = decode(&inside[..end]).ok_or(AuthorityError::Damaged)?;
        if !is_der(&der) {
            return Err(AuthorityError::Damaged);
        }
        clean.push_str(&block(&der));
        rest = &inside[end + END.len()..];
    }
    if clean.is_empty() { Err(AuthorityError::NotACertificate) } else { Ok(clean) }
}

fn block(der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let mut block = format!("{BEGIN}\n");
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(WIDTH));
        block.push_str(line);
        block.push('\n');
        rest = after;
    }
    block + END + "\n"
}

/// Base64 with whatever white space a copy put in, with or without its padding.
fn decode(text: &str) -> Option<Vec<u8>> {
    let text: String = text.chars().filter(|it| !it.is_ascii_whitespace()).collect();
    let bytes = STANDARD.decode(&text).or_else(|_| STANDARD_NO_PAD.decode(&text)).ok()?;
    (!bytes.is_empty()).then_some(bytes)
}

/// One SEQUENCE that is exactly as long as it says: enough to tell a certificate that was cut off.
/// Whether it is one that can be used is for TLS to say.
fn is_der(bytes: &[u8]) -> bool {
    let [0x30, length, rest @ ..] = bytes else { return false };
    let of_length = usize::from(length & 0x7f);
    if length & 0x80 == 0 {
        return rest.len() == of_length;
    }
    if !(1..=3).contains(&of_length) || rest.len() < of_length {
        return false;
    }
    let (length, content) = rest.split_at(of_length);
    let length = length.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte));
    content.len() == length
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A SEQUENCE of 300 bytes: for us that is what a certificate looks like.
    fn der() -> Vec<u8> {
        let mut der = vec![0x30, 0x82, 0x01, 0x2c];
        der.extend((0..300u32).map(|it| u8::try_from(it % 251).unwrap()));
        der
    }

    #[test]
    fn pem_and_base64_of_it_and_of_der_come_to_the_same() {
        let pem = block(&der());
        let clean = STANDARD.encode(&pem);
        for form in [
            pem.clone(),
            clean.clone(),
            STANDARD.encode(der()),
            format!("subject=CN = eu-1\n{}\n", pem.replace('\n', "\r\n")),
            format!("  {}\n", clean.trim_end_matches('=')),
        ] {
            assert_eq!(authority(&form), Ok(clean.clone()), "{form}");
        }
        assert!(pem.lines().all(|line| line.len() <= WIDTH));
    }

    #[test]
    fn a_bundle_stays_whole_and_in_order() {
        let pem = block(&der()) + &block(&[0x30, 0x01, 0x05]);
        assert_eq!(STANDARD.decode(authority(&pem).unwrap()).unwrap(), pem.as_bytes());
    }

    #[test]
    fn each_fault_has_its_own_words() {
        let pem = block(&der());
        let key = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";
        let faults = [
            (String::new(), AuthorityError::Empty),
            ("A".repeat(MAX + 1), AuthorityError::TooLong),
            (format!("{pem}{key}"), AuthorityError::PrivateKey),
            (STANDARD.encode(format!("{key}{pem}")), AuthorityError::PrivateKey),
            ("eu-1.example.com".into(), AuthorityError::Unreadable),
            (pem[..pem.len() - 40].to_owned(), AuthorityError::Damaged),
            (pem.replacen("MIIB", "MIIA", 1), AuthorityError::Damaged),
            (STANDARD.encode("not a certificate"), AuthorityError::NotACertificate),
            (key.replace("PRIVATE", "PUBLIC"), AuthorityError::NotACertificate),
        ];
        for (text, fault) in faults {
            assert_eq!(authority(&text), Err(fault), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in "(-----BEGIN CERTIFICATE-----)?[A-Za-z0-9+/=\n -]{0,60}(-----END CERTIFICATE-----)?") {
            if let Ok(clean) = authority(&text) {
                prop_assert_eq!(authority(&clean), Ok(clean));
            }
        }
    }
}
