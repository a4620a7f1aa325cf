//! The text of access keys, and what is kept of it.
//!
//! `vck_`, 43 characters of 62 (256 bits), and 6 characters of a checksum over all before. The
//! checksum tells a mistyped key from a revoked one without asking the store; of the rest only a MAC
//! is kept, under a key that is not in the database.

use dormer_api::access_key::PREFIX;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::random;
use crate::kube::Result;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 62^43 is more than 2^256.
const SECRET_LENGTH: usize = 43;
/// 62^6 is more than 2^32, the range of the checksum.
const CHECKSUM_LENGTH: usize = 6;

/// The text of an access key. Has no `Debug`, so that it cannot get into a log.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey(String);

impl AccessKey {
    /// A new one.
    ///
    /// # Errors
    /// The operating system has no random bytes.
    pub fn generate() -> Result<Self> {
        let mut text = String::from(PREFIX);
        while text.len() < PREFIX.len() + SECRET_LENGTH {
            // 248 is the greatest multiple of 62 in a byte: what is above would favour some letters.
            let bytes = random::<64>()?;
            for byte in bytes.into_iter().filter(|&it| it < 248) {
                if text.len() < PREFIX.len() + SECRET_LENGTH {
                    text.push(char::from(ALPHABET[usize::from(byte % 62)]));
                }
            }
        }
        let checksum = checksum(&text);
        Ok(Self(text + &checksum))
    }

    /// A text as an access key, if its form and its checksum are right.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(PREFIX)?;
        let right = rest.len() == SECRET_LENGTH + CHECKSUM_LENGTH
            && rest.bytes().all(|it| ALPHABET.contains(&it));
        if !right {
            return None;
        }
        let (body, sum) = text.split_at(PREFIX.len() + SECRET_LENGTH);
        (checksum(body) == sum).then(|| Self(text.to_owned()))
    }

    /// The text itself, for the one answer that shows it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The last four characters before the checksum, to tell keys apart by.
    #[must_use]
    pub fn hint(&self) -> &str {
        let end = PREFIX.len() + SECRET_LENGTH;
        &self.0[end - 4..end]
    }
}

fn checksum(text: &str) -> String {
    let mut sum = crc32fast::hash(text.as_bytes());
    let mut letters = [b'0'; CHECKSUM_LENGTH];
    for letter in letters.iter_mut().rev() {
        *letter = ALPHABET[(sum % 62) as usize];
        sum /= 62;
    }
    letters.iter().copied().map(char::from).collect()
}

/// Makes MACs of secrets, under a key that is kept outside the database.
#[derive(Clone)]
pub struct KeyMac([u8; 32]);

impl KeyMac {
    /// Under this key.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// HMAC-SHA-256 of an access key.
    #[must_use]
    pub fn of(&self, key: &AccessKey) -> [u8; 32] {
        self.of_bytes(key.expose().as_bytes())
    }

    /// HMAC-SHA-256 of the id of a session.
    #[must_use]
    pub fn of_bytes(&self, bytes: &[u8]) -> [u8; 32] {
        // HMAC takes a key of any length, so this cannot fail; an all-zero MAC matches nothing stored.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return [0; 32] };
        mac.update(bytes);
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_new_key_is_read_back_and_shows_only_a_hint() {
        let key = AccessKey::generate().unwrap();
        assert_eq!(key.expose().len(), 53);
        assert!(AccessKey::parse(key.expose()) == Some(key.clone()));
        assert_eq!(key.hint().len(), 4);
    }

    #[test]
    fn two_keys_are_never_the_same() {
        assert!(AccessKey::generate().unwrap() != AccessKey::generate().unwrap());
    }

    proptest! {
        #[test]
        fn a_key_with_one_letter_changed_is_not_a_key(place in 4usize..53, by in 1usize..62) {
            let key = AccessKey::generate().unwrap();
            let mut letters: Vec<u8> = key.expose().bytes().collect();
            let old = ALPHABET.iter().position(|&it| it == letters[place]).unwrap();
            letters[place] = ALPHABET[(old + by) % 62];
            prop_assert!(AccessKey::parse(&String::from_utf8(letters).unwrap()).is_none());
        }

        #[test]
        fn no_other_text_is_a_key(text in ".{0,60}") {
            prop_assert!(AccessKey::parse(&text).is_none());
        }
    }
}
