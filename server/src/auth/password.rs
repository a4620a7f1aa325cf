//! Passwords: their rules, their hashes, and how many are worked on at once.

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::kube::{Error, Result};

/// The shortest password, in characters.
pub const PASSWORD_MIN: usize = 12;
/// The longest password, in bytes. Longer ones are refused, never cut.
pub const PASSWORD_MAX: usize = 1024;

/// KiB of memory a hash: OWASP's floor for Argon2id with two passes. Measured: 25 ms.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
/// How many sign-ins may wait for a processor. More are told to come back.
const WAITING_MAX: usize = 32;

/// A password's hash as a PHC string.
pub type Phc = String;

/// Checks a new password.
///
/// # Errors
/// The words for the field.
pub fn check_password(password: &str) -> Result<(), &'static str> {
    if password.chars().count() < PASSWORD_MIN {
        return Err("At least 12 characters.");
    }
    if password.len() > PASSWORD_MAX {
        return Err("At most 1024 bytes.");
    }
    let first = password.chars().next();
    if password.chars().all(|it| Some(it) == first) {
        return Err("Not one character over and over.");
    }
    Ok(())
}

/// Hashes a password that keeps the rules. Takes 25 ms of a processor.
///
/// # Errors
/// The operating system has no random bytes.
pub fn hash(password: &str) -> Result<Phc> {
    let salt = super::random::<16>()?;
    let hash = argon2().and_then(|it| {
        it.hash_password_with_salt(password.as_bytes(), &salt).map_err(|error| error.to_string())
    });
    Ok(hash.map_err(Error::internal)?.to_string())
}

fn argon2() -> Result<Argon2<'static>, String> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|error| error.to_string())?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn verify(password: &str, phc: &str) -> bool {
    let (Ok(argon2), Ok(hash)) = (argon2(), PasswordHash::new(phc)) else { return false };
    argon2.verify_password(password.as_bytes(), &hash).is_ok()
}

/// Compares passwords, as many at once as there are processors.
#[derive(Clone)]
pub struct Hasher {
    free: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// Compared with where there is no such user, so that it takes the same time.
    nobody: Arc<Phc>,
}

impl Hasher {
    /// One for this machine.
    ///
    /// # Errors
    /// The operating system has no random bytes.
    pub fn new() -> Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            free: Arc::new(Semaphore::new(cores)),
            waiting: Arc::new(Semaphore::new(cores + WAITING_MAX)),
            nobody: Arc::new(hash("nobody has this password")?),
        })
    }

    /// Whether `password` is the one that `phc` was made of. Without a hash it is not, and takes as
    /// long to say so.
    ///
    /// # Errors
    /// Too many wait already.
    pub async fn matches(&self, password: String, phc: Option<Phc>) -> Result<bool> {
        let Ok(_waiting) = self.waiting.clone().try_acquire_owned() else {
            return Err(Error::TooManyRequests {
                message: "Too many sign-ins at once. Try again in a few seconds.".into(),
                retry_after_seconds: 2,
            });
        };
        let _free = self.free.acquire().await.map_err(Error::internal)?;
        let nobody = self.nobody.clone();
        let compared = tokio::task::spawn_blocking(move || match phc {
            Some(phc) => verify(&password, &phc),
            None => {
                verify(&password, &nobody);
                false
            }
        });
        compared.await.map_err(Error::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_compared_with_its_own_hash_only() {
        let phc = hash("correct horse battery").unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert!(verify("correct horse battery", &phc));
        assert!(!verify("correct horse batterz", &phc));
    }

    #[tokio::test]
    async fn nobody_has_no_password_at_all() {
        let hasher = Hasher::new().unwrap();
        assert!(!hasher.matches("nobody has this password".into(), None).await.unwrap());
    }

    #[test]
    fn a_password_keeps_the_rules_or_is_told_which_it_breaks() {
        assert_eq!(check_password("elevenchars"), Err("At least 12 characters."));
        assert_eq!(check_password("twelve chars"), Ok(()));
        assert_eq!(check_password(&"ä".repeat(12)), Err("Not one character over and over."));
        assert_eq!(check_password(&"ab".repeat(513)), Err("At most 1024 bytes."));
    }
}
