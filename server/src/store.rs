//! Objects and the log of their changes, in SQLite.
//!
//! # The contract
//!
//! * The vocabulary is Kubernetes': get, list, watch, create, update, delete. A [`Key`] begins with
//!   a logical **cluster**, so that one store holds the management objects, the embedded host
//!   cluster and every embedded virtual cluster.
//! * Every change gets a revision: unique, rising, one total order over all clusters. The body says
//!   it as `metadata.resourceVersion`.
//! * [`Store::write`] runs a closure inside one transaction, alone: what it read still holds when it
//!   writes. It answers once the change is on disk (`synchronous=FULL`), and only then do watchers
//!   hear of it. An error undoes all that the closure did.
//! * `create` of a taken name is [`Error::AlreadyExists`]; `update` and `delete` of what is not there
//!   are [`Error::NotFound`], with an old revision [`Error::Conflict`].
//! * Lists are in the order of namespace and name, and show one revision, on all their pages.
//! * A watch from a revision gives each later change of its range once and in order. What is older
//!   than the log reaches is [`Error::Expired`]; so is a list page of such a revision.

mod audit;
mod credentials;
mod log;
mod logins;
mod owners;
mod schema;
mod snapshot;
mod tx;
mod watch;
mod writer;

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::{Semaphore, oneshot};

pub use audit::{AuditEntry, AuditQuery, AuditRow};
pub use credentials::Sealed;
pub use log::{COMPACT_AFTER, COMPACT_KEEP};
pub use logins::{Session, Strikes};
pub use snapshot::{Mark, Page, Snapshot};
pub use tx::Tx;
pub use watch::{Change, Watch};

use crate::clock::Clock;

/// The name of the database file in the data folder.
pub const FILE: &str = "dormer.sqlite";
/// How many reads run at once. More would only wait for the two or four cores of a small machine.
const READERS_MAX: usize = 8;

/// Which object.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The logical cluster, such as `management`.
    pub cluster: String,
    /// The resource with its group: `configmaps`, `apps/deployments`.
    pub resource: String,
    /// Empty for an object of the whole cluster.
    pub namespace: String,
    /// The object's name.
    pub name: String,
}

/// Which objects: all of a resource, or those in one namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Range {
    /// The logical cluster.
    pub cluster: String,
    /// The resource with its group.
    pub resource: String,
    /// Nothing for all namespaces.
    pub namespace: Option<String>,
}

impl Range {
    /// All objects of a resource.
    pub fn all(cluster: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { cluster: cluster.into(), resource: resource.into(), namespace: None }
    }

    /// Whether a change in `namespace` belongs to the range.
    #[must_use]
    pub fn holds(&self, namespace: &str) -> bool {
        self.namespace.as_deref().is_none_or(|it| it == namespace)
    }
}

/// The place of a change in the one order of all changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Revision(pub u64);

/// An object as JSON text.
pub type Body = Arc<[u8]>;

/// An object and when it last changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Empty for an object of the whole cluster.
    pub namespace: String,
    /// The object's name.
    pub name: String,
    /// Of its last change.
    pub revision: Revision,
    /// JSON; `metadata.resourceVersion` says the revision.
    pub body: Body,
}

/// Objects as they were at one revision.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// The revision that the list shows.
    pub revision: Revision,
    /// In the order of namespace and name.
    pub entries: Vec<Entry>,
    /// How many come after the last of `entries`; nothing on the last page.
    pub remaining: Option<usize>,
}

/// Why the store refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing by that key.
    #[error("not found")]
    NotFound,
    /// The key is taken.
    #[error("already exists")]
    AlreadyExists,
    /// The object is not of the revision that was said.
    #[error("the object has been modified")]
    Conflict,
    /// Older than the log reaches.
    #[error("too old resource version: the log begins after {}", .0.0)]
    Expired(Revision),
    /// A revision that has not been yet.
    #[error("too large resource version: the newest is {}", .0.0)]
    Future(Revision),
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// The store is closing.
    #[error("the store is closing")]
    Closed,
    /// Broken on our side.
    #[error("the store failed")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::Full,
            _ => Self::Internal(error.into()),
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(error.into())
    }
}

/// What the store answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The store. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    writer: writer::Writer,
    topics: Arc<watch::Topics>,
    readers: parking::Pool,
}

impl Store {
    /// Opens the store in `folder`, and makes it where there is none.
    ///
    /// # Errors
    /// The file cannot be opened, is damaged, is of a newer Dormer, or another process has it.
    pub fn open(folder: &Path, clock: Clock) -> Result<Self> {
        let path = folder.join(FILE);
        let mut connection = Connection::open(&path)?;
        schema::prepare(&mut connection)?;
        let topics = Arc::new(watch::Topics::default());
        let readers = parking::Pool::new(path, READERS_MAX);
        let writer = writer::Writer::start(connection, topics.clone(), clock)?;
        Ok(Self { inner: Arc::new(Inner { writer, topics, readers }) })
    }

    /// Runs `work` on one unchanging view of the store.
    ///
    /// # Errors
    /// What `work` says, or that the store cannot be read.
    pub async fn read<T, E>(
        &self,
        work: impl FnOnce(&Snapshot<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.inner
            .readers
            .run(move |connection| {
                let transaction = connection.transaction().map_err(Error::from)?;
                work(&Snapshot::new(&transaction)?)
            })
            .await
    }

    /// Runs `work` in one transaction, with nobody else writing, and answers once it is on disk.
    /// `work` may run on another thread and must not wait for anything.
    ///
    /// # Errors
    /// What `work` says, and then nothing has changed; or that the store cannot be written.
    pub async fn write<T, E>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        self.inner.writer.submit(work, answer).await?;
        answered.await.unwrap_or_else(|_| Err(Error::Closed.into()))
    }

    /// One object, or nothing.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn get(&self, key: Key) -> Result<Option<Entry>> {
        self.read(move |snapshot| snapshot.get(&key)).await
    }

    /// The objects of a range.
    ///
    /// # Errors
    /// [`Error::Expired`] for a page of a revision that the log no longer reaches.
    pub async fn list(&self, range: Range, page: Page) -> Result<List> {
        self.read(move |snapshot| snapshot.list(&range, &page)).await
    }

    /// The newest revision.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn revision(&self) -> Result<Revision> {
        self.read(|snapshot| Ok(snapshot.revision())).await
    }

    /// The changes of a range after `from`.
    ///
    /// # Errors
    /// [`Error::Expired`] where the log no longer reaches back to `from`, [`Error::Future`] where
    /// `from` has not been yet.
    pub async fn watch(&self, range: Range, from: Revision) -> Result<Watch> {
        let topic = self.inner.topics.subscribe(&range);
        let missed = self
            .read({
                let range = range.clone();
                move |snapshot| snapshot.changes(&range, from)
            })
            .await?;
        Ok(Watch::new(self.clone(), range, from, missed, topic))
    }

    /// Whether the store can be written to now.
    ///
    /// # Errors
    /// Why it cannot.
    pub async fn ping(&self) -> Result<()> {
        self.write(|_| Ok(())).await
    }
}

/// Connections for reading, handed out one a reader.
mod parking {
    use std::path::PathBuf;
    use std::sync::{Arc, Mutex, PoisonError};

    use rusqlite::{Connection, OpenFlags};

    use super::{Error, Result, Semaphore};

    pub(super) struct Pool {
        path: PathBuf,
        parked: Arc<Mutex<Vec<Connection>>>,
        free: Arc<Semaphore>,
    }

    impl Pool {
        pub(super) fn new(path: PathBuf, size: usize) -> Self {
            Self { path, parked: Arc::default(), free: Arc::new(Semaphore::new(size)) }
        }

        pub(super) async fn run<T, E>(
            &self,
            work: impl FnOnce(&mut Connection) -> Result<T, E> + Send + 'static,
        ) -> Result<T, E>
        where
            T: Send + 'static,
            E: From<Error> + Send + 'static,
        {
            let free = self.free.clone().acquire_owned().await.map_err(|_| Error::Closed)?;
            let (parked, path) = (self.parked.clone(), self.path.clone());
            let ran = tokio::task::spawn_blocking(move || {
                let _free = free;
                let waiting = parked.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let mut connection = match waiting {
                    Some(connection) => connection,
                    None => open(&path).map_err(Error::from)?,
                };
                let answer = work(&mut connection);
                parked.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
                answer
            });
            ran.await.map_err(|error| Error::Internal(error.into()))?
        }
    }

    fn open(path: &std::path::Path) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        super::schema::pragmas(&connection)?;
        Ok(connection)
    }
}
