//! Who is calling: passwords, sessions of the page, access keys, invites, and the brake on guessing.
//!
//! A [`Caller`] is made here and nowhere else, from objects as they are now: a user who was locked
//! a moment ago is nobody.

mod caller;
mod cookie;
pub mod direct;
mod extract;
mod handlers;
mod identify;
mod key;
mod leash;
mod limiter;
pub mod password;
pub mod signed;

pub use caller::{Caller, GROUP_MASTERS, KeyInUse};
pub use extract::{Authenticated, Bearer, by_key};
pub use handlers::{parse, public_url, rows};
pub use identify::{caller_of_user, user_by_login};
pub use key::{AccessKey, KeyMac};
pub use leash::{is_unchanged, leash, until};
pub use limiter::Buckets;
pub use password::{Hasher, PASSWORD_MAX, PASSWORD_MIN, Phc, check_password};

/// Random bytes from the operating system.
///
/// # Errors
/// The operating system has none to give.
pub fn random<const N: usize>() -> Result<[u8; N], crate::kube::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| crate::kube::Error::internal(error.to_string()))?;
    Ok(bytes)
}
