//! The database file: its pragmas and its migrations.

use rusqlite::Connection;

use super::{Error, Result};

/// Says that the file is Dormer's: the letters `DRMR`.
const APPLICATION_ID: i32 = 0x4452_4d52;

/// In order, never edited after they have landed. The number of those applied is `user_version`.
const MIGRATIONS: [&str; 5] = [
    include_str!("../../migrations/0001_objects.sql"),
    include_str!("../../migrations/0002_owners.sql"),
    include_str!("../../migrations/0003_seen.sql"),
    include_str!("../../migrations/0004_credentials.sql"),
    include_str!("../../migrations/0005_audit.sql"),
];

/// What every connection has to have, reading ones too.
pub(super) fn pragmas(connection: &Connection) -> rusqlite::Result<()> {
    // Waits for a checkpoint rather than failing; no other process writes.
    connection.pragma_update(None, "busy_timeout", 5000)?;
    // A damaged or hostile file must not make us run its functions or read outside its pages.
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    // A mapped file turns a disk error into a signal.
    connection.pragma_update(None, "mmap_size", 0)
}

/// Sets the writing connection up and brings the schema to today's.
pub(super) fn prepare(connection: &mut Connection) -> Result<()> {
    pragmas(connection)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    // Acknowledged means on disk: with NORMAL a power cut forgets the newest commits.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    migrate(connection)
}

fn migrate(connection: &mut Connection) -> Result<()> {
    let applied: usize = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i32 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if applied > MIGRATIONS.len() || (applied > 0 && application != APPLICATION_ID) {
        return Err(Error::Internal(
            "the database was made by a newer version of Dormer, or by something else".into(),
        ));
    }
    for (i, migration) in MIGRATIONS.iter().enumerate().skip(applied) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", i + 1)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.commit()?;
    }
    Ok(())
}
