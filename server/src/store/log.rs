//! The change log is kept for a while and then forgotten.

use std::time::Duration;

use super::{Result, Store, Tx};

/// How old a change is before it may be forgotten: a client that slept that long lists again.
pub const COMPACT_AFTER: Duration = Duration::from_secs(10 * 60);
/// How many of the newest changes stay whatever their age.
pub const COMPACT_KEEP: u64 = 100_000;

impl Store {
    /// Forgets the changes that are older than `age` and not among the newest `keep`.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn compact(&self, age: Duration, keep: u64) -> Result<()> {
        self.write(move |tx| tx.compact(age, keep)).await
    }
}

impl Tx<'_> {
    fn compact(&mut self, age: Duration, keep: u64) -> Result<()> {
        let newest = self.snapshot()?.revision().0;
        let before = self.now().saturating_sub(i64::try_from(age.as_secs()).unwrap_or(i64::MAX));
        let sql = "select coalesce(max(revision), 0) from changes where at < ? and revision <= ?";
        let last = (before, newest.saturating_sub(keep));
        let compacted: u64 = self.sql().query_row(sql, last, |row| row.get(0))?;
        if compacted > 0 {
            self.sql().execute("delete from changes where revision <= ?", [compacted])?;
            self.set_fact("compacted", &compacted.to_string())?;
        }
        Ok(())
    }
}
