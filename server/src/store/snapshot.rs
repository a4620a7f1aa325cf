//! One unchanging view of the store.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::watch::Change;
use super::{Entry, Error, Key, List, Range, Result, Revision};

/// Which part of a list.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// At most so many entries; nothing for all.
    pub limit: Option<usize>,
    /// Goes on after this namespace and name.
    pub after: Option<(String, String)>,
    /// Shows this revision rather than the newest.
    pub at: Option<Revision>,
}

/// A state of a resource: two equal marks mean that nothing has changed in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    changed: Revision,
    compacted: Revision,
}

/// One unchanging view of the store.
pub struct Snapshot<'a> {
    sql: &'a Connection,
    revision: Revision,
    compacted: Revision,
}

impl<'a> Snapshot<'a> {
    pub(super) fn new(sql: &'a Connection) -> Result<Self> {
        let newest = "select seq from sqlite_sequence where name = 'changes'";
        let revision: Option<u64> =
            sql.prepare_cached(newest)?.query_row([], |row| row.get(0)).optional()?;
        let compacted = "select cast(value as integer) from facts where name = 'compacted'";
        let compacted: Option<u64> =
            sql.prepare_cached(compacted)?.query_row([], |row| row.get(0)).optional()?;
        Ok(Self {
            sql,
            revision: Revision(revision.unwrap_or(0)),
            compacted: Revision(compacted.unwrap_or(0)),
        })
    }

    pub(super) fn sql(&self) -> &Connection {
        self.sql
    }

    /// The newest revision in this view.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// One object, or nothing.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn get(&self, key: &Key) -> Result<Option<Entry>> {
        let sql = "select namespace, name, revision, body from objects \
             where cluster = ? and resource = ? and namespace = ? and name = ?";
        let parts = (&key.cluster, &key.resource, &key.namespace, &key.name);
        Ok(self.sql.prepare_cached(sql)?.query_row(parts, entry).optional()?)
    }

    /// All objects of a range, in the order of namespace and name.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn entries(&self, range: &Range) -> Result<Vec<Entry>> {
        let rows: rusqlite::Result<Vec<Entry>> = match &range.namespace {
            Some(namespace) => {
                let sql = "select namespace, name, revision, body from objects \
                     where cluster = ? and resource = ? and namespace = ? order by name";
                let mut statement = self.sql.prepare_cached(sql)?;
                let parts = (&range.cluster, &range.resource, namespace);
                statement.query_map(parts, entry)?.collect()
            }
            None => {
                let sql = "select namespace, name, revision, body from objects \
                     where cluster = ? and resource = ? order by namespace, name";
                let mut statement = self.sql.prepare_cached(sql)?;
                statement.query_map((&range.cluster, &range.resource), entry)?.collect()
            }
        };
        Ok(rows?)
    }

    /// The resources that have objects in a logical cluster.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn resources(&self, cluster: &str) -> Result<Vec<String>> {
        // Jumps from one resource to the next rather than read every row.
        let sql = "with recursive found (resource) as ( \
             select min(resource) from objects where cluster = ?1 \
             union all \
             select (select min(resource) from objects where cluster = ?1 and resource > found.resource) \
             from found where found.resource is not null) \
             select resource from found where resource is not null";
        let mut statement = self.sql.prepare_cached(sql)?;
        let rows = statement.query_map([cluster], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Whether a range has no objects.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn is_vacant(&self, range: &Range) -> Result<bool> {
        let sql = "select not exists (select 1 from objects where cluster = ?1 and resource = ?2 \
             and (?3 is null or namespace = ?3))";
        let parts = (&range.cluster, &range.resource, &range.namespace);
        Ok(self.sql.prepare_cached(sql)?.query_row(parts, |row| row.get(0))?)
    }

    /// What changes whenever an object of the resource does.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn mark(&self, cluster: &str, resource: &str) -> Result<Mark> {
        let sql =
            "select coalesce(max(revision), 0) from changes where cluster = ? and resource = ?";
        let changed =
            self.sql.prepare_cached(sql)?.query_row((cluster, resource), |row| row.get(0))?;
        // Compaction may forget the newest change, so that the mark says how far it went.
        Ok(Mark { changed: Revision(changed), compacted: self.compacted })
    }

    /// One page of a range.
    ///
    /// # Errors
    /// [`Error::Expired`] for a revision that the log no longer reaches, [`Error::Future`] for one
    /// that has not been yet.
    pub fn list(&self, range: &Range, page: &Page) -> Result<List> {
        let mut entries = self.entries(range)?;
        let revision = match page.at {
            Some(at) if at != self.revision => {
                self.undo(range, at, &mut entries)?;
                at
            }
            Some(_) | None => self.revision,
        };
        if let Some((namespace, name)) = &page.after {
            let after = (namespace.as_str(), name.as_str());
            entries.retain(|it| (it.namespace.as_str(), it.name.as_str()) > after);
        }
        let mut remaining = None;
        if let Some(limit) = page.limit.filter(|&limit| limit < entries.len()) {
            remaining = Some(entries.len() - limit);
            entries.truncate(limit);
        }
        Ok(List { revision, entries, remaining })
    }

    /// Takes back every change since `at`, the newest first.
    fn undo(&self, range: &Range, at: Revision, entries: &mut Vec<Entry>) -> Result<()> {
        for change in self.changes(range, at)?.into_iter().rev() {
            let place = entries.binary_search_by(|it| {
                (it.namespace.as_str(), it.name.as_str())
                    .cmp(&(change.key.namespace.as_str(), change.key.name.as_str()))
            });
            match (place, change.before) {
                (Ok(i), Some(body)) => entries[i].body = body,
                (Ok(i), None) => {
                    entries.remove(i);
                }
                (Err(i), Some(body)) => {
                    let (namespace, name) = (change.key.namespace, change.key.name);
                    entries.insert(i, Entry { namespace, name, revision: at, body });
                }
                (Err(_), None) => {}
            }
        }
        Ok(())
    }

    /// The changes of a range after `from`, in order.
    ///
    /// # Errors
    /// [`Error::Expired`] and [`Error::Future`], as for a watch.
    pub fn changes(&self, range: &Range, from: Revision) -> Result<Vec<Change>> {
        if from < self.compacted {
            return Err(Error::Expired(self.compacted));
        }
        if from > self.revision {
            return Err(Error::Future(self.revision));
        }
        let sql = "select revision, namespace, name, before, after from changes \
             where cluster = ? and resource = ? and revision > ? order by revision";
        let mut statement = self.sql.prepare_cached(sql)?;
        let parts = params![&range.cluster, &range.resource, from.0];
        let rows = statement.query_map(parts, |row| change(range, row))?;
        let changes: rusqlite::Result<Vec<Change>> = rows.collect();
        Ok(changes?.into_iter().filter(|it| range.holds(&it.key.namespace)).collect())
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let body: Vec<u8> = row.get(3)?;
    Ok(Entry {
        namespace: row.get(0)?,
        name: row.get(1)?,
        revision: Revision(row.get(2)?),
        body: body.into(),
    })
}

fn change(range: &Range, row: &Row<'_>) -> rusqlite::Result<Change> {
    let (before, after): (Option<Vec<u8>>, Option<Vec<u8>>) = (row.get(3)?, row.get(4)?);
    Ok(Change {
        revision: Revision(row.get(0)?),
        key: Key {
            cluster: range.cluster.clone(),
            resource: range.resource.clone(),
            namespace: row.get(1)?,
            name: row.get(2)?,
        },
        before: before.map(Into::into),
        after: after.map(Into::into),
        last: None,
    })
}
