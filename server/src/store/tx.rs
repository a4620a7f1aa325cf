//! One transaction that may write.

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Value, json};

use super::snapshot::Snapshot;
use super::watch::Change;
use super::writer::Made;
use super::{Body, Entry, Error, Key, Range, Result, Revision, owners};

/// A transaction that may write, alone.
pub struct Tx<'a> {
    sql: &'a Connection,
    made: Made,
    now: i64,
}

impl<'a> Tx<'a> {
    pub(super) fn new(sql: &'a Connection, now: i64) -> Self {
        Self { sql, made: Made::default(), now }
    }
}

impl Tx<'_> {
    /// What the watchers have to hear of, once it is on disk.
    pub(super) fn made(&mut self) -> Made {
        std::mem::take(&mut self.made)
    }

    /// The time of the transaction, in Unix seconds.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.now
    }

    pub(super) fn sql(&self) -> &Connection {
        self.sql
    }

    /// What the store holds now, this transaction's own changes included.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn snapshot(&self) -> Result<Snapshot<'_>> {
        Snapshot::new(self.sql)
    }

    /// One object, or nothing.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn get(&self, key: &Key) -> Result<Option<Entry>> {
        self.snapshot()?.get(key)
    }

    /// Makes an object. Its `metadata.resourceVersion` is filled in.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`] if the key is taken.
    pub fn create(&mut self, key: &Key, object: Value) -> Result<Entry> {
        if self.get(key)?.is_some() {
            return Err(Error::AlreadyExists);
        }
        self.put(key, None, object)
    }

    /// Replaces an object; `expected` says of which revision it has to be.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Conflict`] if it is of another revision.
    pub fn update(
        &mut self,
        key: &Key,
        expected: Option<Revision>,
        object: Value,
    ) -> Result<Entry> {
        let before = self.current(key, expected)?;
        self.put(key, Some(before.body), object)
    }

    /// Removes an object, and gives back its last body, which says the revision of the removal.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Conflict`] if it is of another revision than `expected`.
    pub fn delete(&mut self, key: &Key, expected: Option<Revision>) -> Result<Entry> {
        let before = self.current(key, expected)?;
        let sql =
            "delete from objects where cluster = ? and resource = ? and namespace = ? and name = ?";
        self.sql.prepare_cached(sql)?.execute((
            &key.cluster,
            &key.resource,
            &key.namespace,
            &key.name,
        ))?;
        let mut object: Value = serde_json::from_slice(&before.body)?;
        owners::note(self.sql, key, Some(&before.body), None)?;
        let revision = self.log(key, Some(&before.body), None)?;
        let body = with_revision(&mut object, revision)?;
        self.made.changes.push(Change {
            revision,
            key: key.clone(),
            before: Some(before.body),
            after: None,
            last: Some(body.clone()),
        });
        Ok(Entry { revision, body, ..before })
    }

    /// Forgets a whole logical cluster: its objects and their log. Its watches end.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn drop_cluster(&mut self, cluster: &str) -> Result<()> {
        self.sql.execute("delete from objects where cluster = ?", [cluster])?;
        self.sql.execute("delete from changes where cluster = ?", [cluster])?;
        self.sql.execute("delete from owners where cluster = ?", [cluster])?;
        self.made.dropped.push(cluster.to_owned());
        Ok(())
    }

    /// All objects of a range.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn list(&self, range: &Range) -> Result<Vec<Entry>> {
        self.snapshot()?.entries(range)
    }

    fn current(&self, key: &Key, expected: Option<Revision>) -> Result<Entry> {
        let entry = self.get(key)?.ok_or(Error::NotFound)?;
        match expected {
            Some(expected) if expected != entry.revision => Err(Error::Conflict),
            Some(_) | None => Ok(entry),
        }
    }

    fn put(&mut self, key: &Key, before: Option<Body>, mut object: Value) -> Result<Entry> {
        owners::note(self.sql, key, before.as_ref(), Some(&object))?;
        let revision = self.log(key, before.as_ref(), Some(&[]))?;
        let body = with_revision(&mut object, revision)?;
        let sql = "update changes set after = ? where revision = ?";
        self.sql.prepare_cached(sql)?.execute(params![&*body, revision.0])?;
        let sql = "insert into objects (cluster, resource, namespace, name, revision, body) \
             values (?, ?, ?, ?, ?, ?) on conflict do update set revision = excluded.revision, \
             body = excluded.body";
        self.sql.prepare_cached(sql)?.execute(params![
            &key.cluster,
            &key.resource,
            &key.namespace,
            &key.name,
            revision.0,
            &*body
        ])?;
        self.made.changes.push(Change {
            revision,
            key: key.clone(),
            before,
            after: Some(body.clone()),
            last: None,
        });
        Ok(Entry { namespace: key.namespace.clone(), name: key.name.clone(), revision, body })
    }

    /// Writes a row of the log, whose id is the revision.
    fn log(&self, key: &Key, before: Option<&Body>, after: Option<&[u8]>) -> Result<Revision> {
        let sql = "insert into changes (cluster, resource, namespace, name, before, after, at) \
             values (?, ?, ?, ?, ?, ?, ?) returning revision";
        let revision = self.sql.prepare_cached(sql)?.query_row(
            params![
                &key.cluster,
                &key.resource,
                &key.namespace,
                &key.name,
                before.map(|body| &**body),
                after,
                self.now
            ],
            |row| row.get(0),
        )?;
        Ok(Revision(revision))
    }

    /// A fact about the database itself.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn fact(&self, name: &str) -> Result<Option<String>> {
        let sql = "select value from facts where name = ?";
        Ok(self.sql.query_row(sql, [name], |row| row.get(0)).optional()?)
    }

    /// Sets a fact about the database itself.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn set_fact(&mut self, name: &str, value: &str) -> Result<()> {
        let sql = "insert into facts (name, value) values (?, ?) \
             on conflict do update set value = excluded.value";
        self.sql.execute(sql, [name, value])?;
        Ok(())
    }

    /// Forgets a fact about the database itself.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn remove_fact(&mut self, name: &str) -> Result<()> {
        self.sql.execute("delete from facts where name = ?", [name])?;
        Ok(())
    }
}

/// The text of `object` with its revision in it.
fn with_revision(object: &mut Value, revision: Revision) -> Result<Body> {
    match object.get_mut("metadata").and_then(Value::as_object_mut) {
        Some(metadata) => {
            metadata.insert("resourceVersion".into(), json!(revision.0.to_string()));
        }
        None => return Err(Error::Internal("an object without metadata".into())),
    }
    Ok(serde_json::to_vec(object)?.into())
}
