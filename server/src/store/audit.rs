//! The audit trail, and an agent's queue of what the central instance does not have yet.

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params, params_from_iter};

use super::snapshot::Snapshot;
use super::{Result, Tx};

/// An event as a row: what is asked for, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Of the request.
    pub id: String,
    /// How far the request was.
    pub stage: u8,
    /// When the request came, in Unix microseconds.
    pub at: i64,
    /// It may change something.
    pub changes: bool,
    /// Who asked.
    pub user: String,
    /// The host cluster; empty where none was reached.
    pub cluster: String,
    /// Empty where the request was not for a virtual cluster.
    pub project: String,
    /// The same.
    pub virtual_cluster: String,
    /// JSON.
    pub event: String,
}

/// Which events.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// Of this user alone.
    pub user: Option<String>,
    /// Of this host cluster alone.
    pub cluster: Option<String>,
    /// Of this project alone.
    pub project: Option<String>,
    /// Of virtual clusters of this name alone.
    pub virtual_cluster: Option<String>,
    /// Older than this one alone: Unix microseconds and id.
    pub before: Option<(i64, String)>,
    /// At most so many.
    pub limit: usize,
}

/// An event, and its place in the order of all: Unix microseconds and id.
pub type AuditEntry = ((i64, String), String);

impl Snapshot<'_> {
    /// The newest events first, one a request: its last stage.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn audit_events(&self, query: &AuditQuery) -> Result<Vec<AuditEntry>> {
        let mut sql = "select at, id, event from audit_events as it where not exists \
             (select 1 from audit_events as later where later.id = it.id and later.stage > it.stage)"
            .to_owned();
        let mut values: Vec<Value> = Vec::new();
        let columns = [
            ("user", &query.user),
            ("cluster", &query.cluster),
            ("project", &query.project),
            ("virtual_cluster", &query.virtual_cluster),
        ];
        for (column, value) in columns {
            if let Some(value) = value {
                sql.push_str(&format!(" and {column} = ?"));
                values.push(value.clone().into());
            }
        }
        if let Some((at, id)) = &query.before {
            sql.push_str(" and (at, id) < (?, ?)");
            values.extend([(*at).into(), id.clone().into()]);
        }
        sql.push_str(" order by at desc, id desc limit ?");
        values.push(i64::try_from(query.limit).unwrap_or(i64::MAX).into());
        let mut statement = self.sql().prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(values), |row| {
            Ok(((row.get(0)?, row.get(1)?), row.get(2)?))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The text of every event, all stages, in the order in which they were added.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn audit_rows(&self) -> Result<Vec<String>> {
        let sql = "select event from audit_events order by seq";
        let mut statement = self.sql().prepare_cached(sql)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The newest event that is not among the newest `keep` of its sort; nothing where there are no
    /// more than those.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn audit_surplus(&self, changes: bool, keep: u32) -> Result<Option<i64>> {
        let sql =
            "select seq from audit_events where changes = ? order by seq desc limit 1 offset ?";
        let mut statement = self.sql().prepare_cached(sql)?;
        Ok(statement.query_row(params![changes, keep], |row| row.get(0)).optional()?)
    }

    /// The oldest queued events, with their places in the queue.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn audit_queue(&self, limit: usize) -> Result<Vec<(i64, String)>> {
        let sql = "select seq, event from audit_queue order by seq limit ?";
        let mut statement = self.sql().prepare_cached(sql)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = statement.query_map([limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// How much text is queued, in bytes.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn audit_queue_bytes(&self) -> Result<usize> {
        let sql = "select coalesce(sum(octet_length(event)), 0) from audit_queue";
        Ok(self.sql().query_row(sql, [], |row| row.get(0))?)
    }
}

impl Tx<'_> {
    /// Adds an event; one that is there already stays as it is.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn add_audit_event(&mut self, it: &AuditRow) -> Result<()> {
        let sql = "insert or ignore into audit_events \
             (id, stage, at, changes, user, cluster, project, virtual_cluster, event) \
             values (?, ?, ?, ?, ?, ?, ?, ?, ?)";
        self.sql().prepare_cached(sql)?.execute(params![
            it.id,
            it.stage,
            it.at,
            it.changes,
            it.user,
            it.cluster,
            it.project,
            it.virtual_cluster,
            it.event
        ])?;
        Ok(())
    }

    /// Forgets at most `limit` events that came before `at`, in Unix microseconds, and says how many.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn forget_audit_before(&mut self, at: i64, limit: u32) -> Result<usize> {
        let sql = "delete from audit_events where seq in \
             (select seq from audit_events where at < ? limit ?)";
        Ok(self.sql().prepare_cached(sql)?.execute(params![at, limit])?)
    }

    /// Forgets at most `limit` events of a sort up to this one, and says how many.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn forget_audit_up_to(&mut self, changes: bool, seq: i64, limit: u32) -> Result<usize> {
        let sql = "delete from audit_events where seq in \
             (select seq from audit_events where changes = ? and seq <= ? limit ?)";
        Ok(self.sql().prepare_cached(sql)?.execute(params![changes, seq, limit])?)
    }

    /// Queues an event.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn queue_audit_event(&mut self, event: &str) -> Result<()> {
        let sql = "insert into audit_queue (event) values (?)";
        self.sql().prepare_cached(sql)?.execute([event])?;
        Ok(())
    }

    /// Forgets what was queued up to this place, and says how much text that was, in bytes.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn forget_audit_queue(&mut self, seq: i64) -> Result<usize> {
        let sql = "select coalesce(sum(octet_length(event)), 0) from audit_queue where seq <= ?";
        let bytes = self.sql().query_row(sql, [seq], |row| row.get(0))?;
        self.sql().execute("delete from audit_queue where seq <= ?", [seq])?;
        Ok(bytes)
    }
}
