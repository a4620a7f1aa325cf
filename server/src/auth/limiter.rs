//! The brake on guessing passwords.
//!
//! Two counters in the database, so that a restart does not reset them: one an account, one a source.
//! Unknown names share a fixed number of buckets, so that inventing names fills no disk.

use std::net::IpAddr;

use sha2::{Digest, Sha256};

use crate::kube::{Error, Result};
use crate::store::{Strikes, Tx};

/// Wrong passwords in a row that cost nothing but the try.
const FREE_TRIES: u32 = 5;
/// Wrong passwords in a row after which an account is tried once an hour and no more: at most 8,760
/// guesses a year, and nobody is locked out for longer than that.
const TRIES_MAX: u32 = 100;
/// The wait after [`TRIES_MAX`], in seconds.
const WAIT_LAST: i64 = 60 * 60;
/// The longest wait between two tries, in seconds.
const WAIT_MAX: i64 = 15 * 60;
/// Wrong passwords from one source before it has to wait too.
const SOURCE_FREE_TRIES: u32 = 20;
/// Buckets that names without an account share.
const UNKNOWN_BUCKETS: u16 = 4096;

/// Where the tries of one sign-in are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buckets {
    account: String,
    source: String,
}

impl Buckets {
    /// `user` is the name of the `User` object, or nothing where there is none by that login.
    #[must_use]
    pub fn of(user: Option<&str>, login: &str, source: IpAddr) -> Self {
        let account = match user {
            Some(user) => format!("user/{user}"),
            None => {
                let hash = Sha256::digest(login.as_bytes());
                format!("nobody/{}", u16::from_be_bytes([hash[0], hash[1]]) % UNKNOWN_BUCKETS)
            }
        };
        Self { account, source: format!("source/{}", network(source)) }
    }

    /// Of those who show join codes. By their source alone: a code is a whole random key, so nothing
    /// is to be guessed, and nobody may keep another's agent from joining.
    #[must_use]
    pub fn of_joins(source: IpAddr) -> Self {
        let source = network(source);
        Self { account: format!("join/{source}"), source: format!("join-source/{source}") }
    }

    /// Refuses a try that comes too early, and counts every other one as wrong: so that of many at
    /// once only the first gets through. A right one takes it back ([`Buckets::forget`]).
    ///
    /// # Errors
    /// It comes too early.
    pub fn strike(&self, tx: &mut Tx<'_>) -> Result<()> {
        let buckets = [(&self.account, FREE_TRIES), (&self.source, SOURCE_FREE_TRIES)];
        for (bucket, _) in buckets {
            let until = tx.snapshot()?.strikes(bucket)?.until;
            if until > tx.now() {
                return Err(too_many(u32::try_from(until - tx.now()).unwrap_or(u32::MAX)));
            }
        }
        for (bucket, free) in buckets {
            let strikes = tx.snapshot()?.strikes(bucket)?.strikes.saturating_add(1);
            let until = tx.now().saturating_add(wait(strikes, free));
            tx.set_strikes(bucket, Strikes { strikes, until })?;
        }
        Ok(())
    }

    /// Forgets the wrong ones of the account after a right one. The source keeps all but this one:
    /// an own account must not clear the way to those of others.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn forget(&self, tx: &mut Tx<'_>) -> Result<()> {
        tx.forget_strikes(&self.account)?;
        let strikes = tx.snapshot()?.strikes(&self.source)?.strikes.saturating_sub(1);
        match strikes {
            0 => tx.forget_strikes(&self.source)?,
            strikes => tx.set_strikes(&self.source, Strikes { strikes, until: 0 })?,
        }
        Ok(())
    }
}

/// Seconds until the next try after so many wrong ones: none, then 1, 2, 4 … up to [`WAIT_MAX`].
fn wait(strikes: u32, free: u32) -> i64 {
    if strikes >= TRIES_MAX && free == FREE_TRIES {
        return WAIT_LAST;
    }
    match strikes.checked_sub(free) {
        None => 0,
        Some(over) => 1i64.checked_shl(over.min(20)).unwrap_or(WAIT_MAX).min(WAIT_MAX),
    }
}

fn too_many(seconds: u32) -> Error {
    Error::TooManyRequests {
        message: format!("Too many tries. Try again in {seconds} seconds."),
        retry_after_seconds: seconds,
    }
}

/// The /32 of an IPv4 address, the /64 of an IPv6 one.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_four_wrong_passwords_cost_nothing_and_then_the_wait_doubles() {
        let waits: Vec<i64> = (1..=9).map(|it| wait(it, FREE_TRIES)).collect();
        assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16]);
        assert_eq!(wait(60, FREE_TRIES), WAIT_MAX);
    }

    #[test]
    fn after_a_hundred_wrong_passwords_an_account_is_tried_once_an_hour() {
        assert_eq!(wait(100, FREE_TRIES), WAIT_LAST);
        assert_eq!(wait(100, SOURCE_FREE_TRIES), WAIT_MAX);
    }

    #[test]
    fn ten_thousand_invented_names_share_the_same_few_buckets() {
        let source = IpAddr::from([127, 0, 0, 1]);
        let buckets: std::collections::BTreeSet<String> =
            (0..10_000).map(|i| Buckets::of(None, &format!("name{i}"), source).account).collect();
        assert!(buckets.len() <= usize::from(UNKNOWN_BUCKETS));
    }

    #[test]
    fn a_mapped_address_is_the_same_source_as_the_plain_one() {
        assert_eq!(network("::ffff:10.0.0.1".parse().unwrap()), "10.0.0.1");
        assert_eq!(
            network("2001:db8::1".parse().unwrap()),
            network("2001:db8::2".parse().unwrap())
        );
    }
}
