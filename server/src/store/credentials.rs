//! The credentials of host clusters, sealed. What is in them is not known here.

use rusqlite::{OptionalExtension, params};

use super::snapshot::Snapshot;
use super::{Result, Tx};

/// A sealed credential.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Says which key sealed it.
    pub key_id: String,
    /// Used once, for this.
    pub nonce: Vec<u8>,
    /// What came out.
    pub sealed: Vec<u8>,
}

impl Snapshot<'_> {
    /// The sealed credential of a host cluster.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn sealed(&self, cluster: &str) -> Result<Option<Sealed>> {
        let sql = "select key_id, nonce, sealed from credentials where cluster = ?";
        let sealed = self.sql().prepare_cached(sql)?.query_row([cluster], |row| {
            Ok(Sealed { key_id: row.get(0)?, nonce: row.get(1)?, sealed: row.get(2)? })
        });
        Ok(sealed.optional()?)
    }
}

impl Tx<'_> {
    /// Keeps the sealed credential of a host cluster, in place of one before.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn set_sealed(&mut self, cluster: &str, it: &Sealed) -> Result<()> {
        let sql = "insert into credentials (cluster, key_id, nonce, sealed) values (?, ?, ?, ?) \
             on conflict do update set key_id = excluded.key_id, nonce = excluded.nonce, \
             sealed = excluded.sealed";
        self.sql().execute(sql, params![cluster, it.key_id, it.nonce, it.sealed])?;
        Ok(())
    }

    /// Forgets the sealed credential of a host cluster.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn forget_sealed(&mut self, cluster: &str) -> Result<()> {
        self.sql().execute("delete from credentials where cluster = ?", [cluster])?;
        Ok(())
    }
}
