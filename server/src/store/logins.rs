//! Passwords, sessions, the MACs of access keys, and the count of failed sign-ins.
//!
//! No secret comes in here: only what a secret hashes to.

use rusqlite::{OptionalExtension, params};

use super::snapshot::Snapshot;
use super::{Result, Tx};

/// A session of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The name of the user.
    pub user: String,
    /// Unix seconds.
    pub created: i64,
    /// Unix seconds of the last use that was written down.
    pub seen: i64,
}

/// Failed sign-ins of one account or source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Strikes {
    /// Failures since the last success.
    pub strikes: u32,
    /// No try is looked at before: Unix seconds.
    pub until: i64,
}

impl Snapshot<'_> {
    /// The hash of a user's password, as a PHC string.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn password(&self, user: &str) -> Result<Option<String>> {
        let sql = "select phc from passwords where user = ?";
        Ok(self.sql().prepare_cached(sql)?.query_row([user], |row| row.get(0)).optional()?)
    }

    /// The session whose id hashes to `hash`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn session(&self, hash: &[u8]) -> Result<Option<Session>> {
        let sql = "select user, created, seen from sessions where hash = ?";
        let session = self.sql().prepare_cached(sql)?.query_row([hash], |row| {
            Ok(Session { user: row.get(0)?, created: row.get(1)?, seen: row.get(2)? })
        });
        Ok(session.optional()?)
    }

    /// The name of the access key whose secret has the MAC `mac`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn key_of_secret(&self, mac: &[u8]) -> Result<Option<String>> {
        let sql = "select key from secrets where mac = ?";
        Ok(self.sql().prepare_cached(sql)?.query_row([mac], |row| row.get(0)).optional()?)
    }

    /// When an access key was last used, in Unix seconds.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn secret_seen(&self, key: &str) -> Result<Option<i64>> {
        let sql = "select seen from secrets where key = ?";
        let seen = self.sql().prepare_cached(sql)?.query_row([key], |row| row.get(0));
        Ok(seen.optional()?.flatten())
    }

    /// When a user was last here, by page or key, in Unix seconds.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn seen(&self, user: &str) -> Result<Option<i64>> {
        let sql = "select at from seen where user = ?";
        Ok(self.sql().prepare_cached(sql)?.query_row([user], |row| row.get(0)).optional()?)
    }

    /// Failed sign-ins of a bucket.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn strikes(&self, bucket: &str) -> Result<Strikes> {
        let sql = "select strikes, until from strikes where bucket = ?";
        let strikes = self
            .sql()
            .prepare_cached(sql)?
            .query_row([bucket], |row| Ok(Strikes { strikes: row.get(0)?, until: row.get(1)? }));
        Ok(strikes.optional()?.unwrap_or_default())
    }

    /// A fact about the database itself.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn fact(&self, name: &str) -> Result<Option<String>> {
        let sql = "select value from facts where name = ?";
        Ok(self.sql().query_row(sql, [name], |row| row.get(0)).optional()?)
    }
}

impl Tx<'_> {
    /// Sets a user's password hash; nothing takes the password away.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn set_password(&mut self, user: &str, phc: Option<&str>) -> Result<()> {
        match phc {
            Some(phc) => {
                let sql = "insert into passwords (user, phc) values (?, ?) \
                     on conflict do update set phc = excluded.phc";
                self.sql().execute(sql, [user, phc])?;
            }
            None => {
                self.sql().execute("delete from passwords where user = ?", [user])?;
            }
        }
        Ok(())
    }

    /// Begins a session under the hash of its id.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn begin_session(&mut self, hash: &[u8], user: &str) -> Result<()> {
        let sql = "insert into sessions (hash, user, created, seen) values (?, ?, ?, ?)";
        self.sql().execute(sql, params![hash, user, self.now(), self.now()])?;
        self.see(user, self.now())
    }

    /// Writes down that a session of `user` was used.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn touch_session(&mut self, hash: &[u8], user: &str) -> Result<()> {
        let sql = "update sessions set seen = ? where hash = ?";
        self.sql().execute(sql, params![self.now(), hash])?;
        self.see(user, self.now())
    }

    /// Writes down that a user was here.
    fn see(&mut self, user: &str, at: i64) -> Result<()> {
        let sql = "insert into seen (user, at) values (?, ?) \
             on conflict do update set at = max(at, excluded.at)";
        self.sql().execute(sql, params![user, at])?;
        Ok(())
    }

    /// Forgets when a user was here, with the user.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn forget_seen(&mut self, user: &str) -> Result<()> {
        self.sql().execute("delete from seen where user = ?", [user])?;
        Ok(())
    }

    /// Ends a session.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn end_session(&mut self, hash: &[u8]) -> Result<()> {
        self.sql().execute("delete from sessions where hash = ?", [hash])?;
        Ok(())
    }

    /// Ends all sessions of a user.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn end_sessions_of(&mut self, user: &str) -> Result<()> {
        self.sql().execute("delete from sessions where user = ?", [user])?;
        Ok(())
    }

    /// Forgets the sessions that nobody can use any more.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn forget_sessions(&mut self, seen_before: i64, created_before: i64) -> Result<()> {
        let sql = "delete from sessions where seen < ? or created < ?";
        self.sql().execute(sql, (seen_before, created_before))?;
        Ok(())
    }

    /// Lets the secret with the MAC `mac` stand for the access key `key`.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn add_secret(&mut self, mac: &[u8], key: &str) -> Result<()> {
        self.sql().execute("insert into secrets (mac, key) values (?, ?)", params![mac, key])?;
        Ok(())
    }

    /// Forgets the secret of an access key.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn remove_secret(&mut self, key: &str) -> Result<()> {
        self.sql().execute("delete from secrets where key = ?", [key])?;
        Ok(())
    }

    /// Writes down when an access key of `user` was last used.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn touch_secret(&mut self, key: &str, user: &str, seen: i64) -> Result<()> {
        let sql = "update secrets set seen = ? where key = ?";
        self.sql().execute(sql, params![seen, key])?;
        self.see(user, seen)
    }

    /// Sets the failed sign-ins of a bucket.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn set_strikes(&mut self, bucket: &str, strikes: Strikes) -> Result<()> {
        let sql = "insert into strikes (bucket, strikes, until) values (?, ?, ?) \
             on conflict do update set strikes = excluded.strikes, until = excluded.until";
        self.sql().execute(sql, params![bucket, strikes.strikes, strikes.until])?;
        Ok(())
    }

    /// Forgets the failed sign-ins of a bucket.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn forget_strikes(&mut self, bucket: &str) -> Result<()> {
        self.sql().execute("delete from strikes where bucket = ?", [bucket])?;
        Ok(())
    }
}
