//! The one thread that writes.
//!
//! It takes all work that waits, runs each piece in a savepoint of one transaction, commits once,
//! and only then answers and tells the watchers. One `fsync` serves them all.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::owners;
use super::snapshot::Snapshot;
use super::watch::{Change, Topics};
use super::{Body, Entry, Error, Key, Range, Result, Revision};
use crate::clock::Clock;

/// How much work may wait for the writer. More callers than that wait to hand theirs in.
const QUEUE_MAX: usize = 1024;
/// How much work one commit may carry: measured, 128 rows a commit write 20,000 rows a second.
const GROUP_MAX: usize = 128;

/// A piece of work: does it, and gives back what to answer once it is on disk.
/// With nothing to write in, it only gives back how to say so.
type Work = Box<dyn FnOnce(Option<&mut Tx<'_>>) -> Done + Send>;

/// What became of a piece of work, and how to say so.
struct Done {
    keep: bool,
    /// Called with the fault of the commit, if it failed.
    answer: Box<dyn FnOnce(Option<Error>) + Send>,
}

pub(super) struct Writer {
    queue: mpsc::Sender<Work>,
}

impl Writer {
    pub(super) fn start(connection: Connection, topics: Arc<Topics>, clock: Clock) -> Result<Self> {
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        let thread = thread::Builder::new().name("store-writer".into());
        thread
            .spawn(move || run(connection, &topics, &clock, waiting))
            .map_err(|error| Error::Internal(error.into()))?;
        Ok(Self { queue })
    }

    pub(super) async fn submit<T, E>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        answer: oneshot::Sender<Result<T, E>>,
    ) -> Result<()>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let boxed: Work = Box::new(move |tx| {
            // A panic in one piece of work must not end the thread that all others depend on.
            let ran = match tx {
                Some(tx) => catch_unwind(AssertUnwindSafe(|| work(tx)))
                    .unwrap_or_else(|_| Err(Error::Internal("a write panicked".into()).into())),
                None => Err(Error::Closed.into()),
            };
            Done {
                keep: ran.is_ok(),
                answer: Box::new(move |fault| {
                    // The caller may have gone: then nobody wants the answer.
                    _ = answer.send(match fault {
                        Some(fault) => Err(fault.into()),
                        None => ran,
                    });
                }),
            }
        });
        self.queue.send(boxed).await.map_err(|_| Error::Closed)
    }
}

fn run(
    mut connection: Connection,
    topics: &Topics,
    clock: &Clock,
    mut waiting: mpsc::Receiver<Work>,
) {
    let mut group = Vec::with_capacity(GROUP_MAX);
    while waiting.blocking_recv_many(&mut group, GROUP_MAX) > 0 {
        let mut made = Made::default();
        let mut answers = Vec::with_capacity(group.len());
        let committed = commit(&mut connection, clock, group.drain(..), &mut made, &mut answers);
        match committed {
            Ok(()) => {
                topics.publish(made.changes);
                topics.close(&made.dropped);
                answers.into_iter().for_each(|answer| answer(None));
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "commit failed");
                let full = matches!(error, Error::Full);
                for answer in answers {
                    answer(Some(if full {
                        Error::Full
                    } else {
                        Error::Internal("the commit failed".into())
                    }));
                }
            }
        }
    }
}

/// What the watchers have to hear of.
#[derive(Default)]
struct Made {
    changes: Vec<Change>,
    /// Logical clusters that are no more.
    dropped: Vec<String>,
}

type Answer = Box<dyn FnOnce(Option<Error>) + Send>;

fn commit(
    connection: &mut Connection,
    clock: &Clock,
    group: impl Iterator<Item = Work>,
    made: &mut Made,
    answers: &mut Vec<Answer>,
) -> Result<()> {
    let opened = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate);
    let mut transaction = match opened {
        Ok(transaction) => transaction,
        Err(error) => {
            answers.extend(group.map(|work| work(None).answer));
            return Err(error.into());
        }
    };
    for work in group {
        let savepoint = transaction.savepoint()?;
        let mut tx = Tx { sql: &savepoint, made: Made::default(), now: clock.now_seconds() };
        let done = work(Some(&mut tx));
        let Made { changes, dropped } = std::mem::take(&mut tx.made);
        answers.push(done.answer);
        // A full disk may have made SQLite roll all of it back: a savepoint after that would be a
        // transaction of its own, and would be kept though its caller is told that it was not.
        if savepoint.is_autocommit() {
            return Err(Error::Full);
        }
        if done.keep {
            savepoint.commit()?;
            made.changes.extend(changes);
            made.dropped.extend(dropped);
        }
    }
    transaction.commit()?;
    Ok(())
}

/// A transaction that may write, alone.
pub struct Tx<'a> {
    sql: &'a Connection,
    made: Made,
    now: i64,
}

impl Tx<'_> {
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
