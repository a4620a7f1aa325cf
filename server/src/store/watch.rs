//! Changes as they happen.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::sync::broadcast::{self, error::RecvError};

use super::{Body, Error, Key, Range, Result, Revision, Store};

/// How many changes may wait for a slow watcher. One that falls behind further reads the log.
const BEHIND_MAX: usize = 256;

/// One change of one object.
#[derive(Debug, Clone)]
pub struct Change {
    /// Its place in the order of all changes.
    pub revision: Revision,
    /// Which object.
    pub key: Key,
    /// The object before; nothing when it was made.
    pub before: Option<Body>,
    /// The object after; nothing when it was removed.
    pub after: Option<Body>,
    /// Of a removal: the last body, with the removal's revision.
    pub(super) last: Option<Body>,
}

impl Change {
    /// The body to show: the object after, or the last one with the revision of its removal.
    ///
    /// # Errors
    /// The stored body is not JSON.
    pub fn shown(&self) -> Result<Body> {
        if let Some(body) = self.after.as_ref().or(self.last.as_ref()) {
            return Ok(body.clone());
        }
        let mut object: Value = serde_json::from_slice(self.before.as_deref().unwrap_or_default())?;
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("resourceVersion".into(), json!(self.revision.0.to_string()));
        }
        Ok(serde_json::to_vec(&object)?.into())
    }
}

/// By logical cluster and resource.
type Open = HashMap<(String, String), broadcast::Sender<Arc<Change>>>;

/// Who listens to what: one topic a cluster and resource that somebody watches.
#[derive(Default)]
pub(super) struct Topics {
    open: Mutex<Open>,
}

impl Topics {
    pub(super) fn subscribe(&self, range: &Range) -> broadcast::Receiver<Arc<Change>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.entry((range.cluster.clone(), range.resource.clone()))
            .or_insert_with(|| broadcast::channel(BEHIND_MAX).0)
            .subscribe()
    }

    /// Tells the watchers. Only the writer calls it, after a commit and in the order of revisions.
    pub(super) fn publish(&self, changes: Vec<Change>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for change in changes {
            let topic = (change.key.cluster.clone(), change.key.resource.clone());
            if let Some(sender) = open.get(&topic)
                && sender.send(Arc::new(change)).is_err()
            {
                open.remove(&topic);
            }
        }
    }
}

impl Topics {
    /// Ends the watches of logical clusters that are no more.
    pub(super) fn close(&self, clusters: &[String]) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|(cluster, _), _| !clusters.contains(cluster));
    }
}

/// The changes of a range, in order, each once.
pub struct Watch {
    store: Store,
    range: Range,
    seen: Revision,
    missed: VecDeque<Arc<Change>>,
    topic: broadcast::Receiver<Arc<Change>>,
}

impl Watch {
    pub(super) fn new(
        store: Store,
        range: Range,
        seen: Revision,
        missed: Vec<Change>,
        topic: broadcast::Receiver<Arc<Change>>,
    ) -> Self {
        Self { store, range, seen, missed: missed.into_iter().map(Arc::new).collect(), topic }
    }

    /// The newest revision that was given out, or where the watch began.
    #[must_use]
    pub fn seen(&self) -> Revision {
        self.seen
    }

    /// Waits for the next change. May be cancelled without losing one.
    ///
    /// # Errors
    /// [`Error::Expired`] if the watcher fell so far behind that the log no longer reaches back,
    /// [`Error::Closed`] if the store is closing.
    pub async fn next(&mut self) -> Result<Arc<Change>> {
        loop {
            if let Some(change) = self.missed.pop_front() {
                self.seen = change.revision;
                return Ok(change);
            }
            match self.topic.recv().await {
                Ok(change) if change.revision <= self.seen => {}
                Ok(change) if !self.range.holds(&change.key.namespace) => {}
                Ok(change) => {
                    self.seen = change.revision;
                    return Ok(change);
                }
                Err(RecvError::Lagged(_)) => self.catch_up().await?,
                Err(RecvError::Closed) => return Err(Error::Closed),
            }
        }
    }

    /// How far the watch has come with nothing left to say: the newest revision, if all changes of
    /// the range up to it were given out.
    ///
    /// # Errors
    /// As [`Watch::next`].
    pub async fn settle(&mut self) -> Result<Option<Revision>> {
        if !self.missed.is_empty() {
            return Ok(None);
        }
        let (range, seen) = (self.range.clone(), self.seen);
        let newest = self.store.read(move |snapshot| {
            let missed = snapshot.changes(&range, seen)?;
            Ok::<_, Error>(missed.is_empty().then(|| snapshot.revision()))
        });
        let newest = newest.await?;
        self.seen = newest.unwrap_or(self.seen);
        Ok(newest)
    }

    async fn catch_up(&mut self) -> Result<()> {
        let (range, seen) = (self.range.clone(), self.seen);
        let missed = self.store.read(move |snapshot| snapshot.changes(&range, seen)).await?;
        self.missed = missed.into_iter().map(Arc::new).collect();
        Ok(())
    }
}
