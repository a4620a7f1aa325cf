//! What counts as use, kept in memory and written down now and then.
//!
//! A request counts once it was authorized; an open stream counts for as long as it is open.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use dormer_api::annotation;
use dormer_api::vcluster::ActivityInfo;
use serde_json::Value;

use crate::clock::Clock;
use crate::kube::{Error, Result, object};
use crate::management;
use crate::store::Store;

/// The time between two notes of the last use in the object, in seconds. Every note is an event for
/// all who watch the list.
const NOTE_EVERY: i64 = 30;

/// How long an agent's word on open requests counts, in seconds: it comes every ten.
const HEARD_FOR: i64 = 30;

/// Which virtual cluster: namespace and name of its instance.
pub type Place = (String, String);

/// What was used when.
pub struct Activity {
    clock: Clock,
    seen: Mutex<HashMap<Place, Seen>>,
    note: Box<Note>,
}

/// Takes down a last use, in Unix seconds, with who it was where that is known.
pub type Note = dyn Fn(Place, i64, Option<ActivityInfo>) + Send + Sync;

#[derive(Debug, Clone, Default)]
struct Seen {
    /// Unix seconds.
    last: i64,
    /// Unix seconds of what the object says.
    noted: i64,
    open: u32,
    /// Requests that are open at the agents, by cluster, and when their word is too old.
    elsewhere: HashMap<String, (u32, i64)>,
}

impl Activity {
    /// Nobody is active yet. Uses are taken down with `note`, at most every [`NOTE_EVERY`].
    #[must_use]
    pub fn new(clock: Clock, note: Box<Note>) -> Self {
        Self { clock, seen: Mutex::default(), note }
    }

    /// Counts a request as use until the answer to this is dropped.
    pub fn begin(self: &Arc<Self>, namespace: &str, name: &str, info: ActivityInfo) -> InUse {
        let now = self.clock.now_seconds();
        let place = (namespace.to_owned(), name.to_owned());
        let note = self.with(&place, |seen| {
            seen.open += 1;
            seen.last = now;
            let due = now - seen.noted >= NOTE_EVERY;
            if due {
                seen.noted = now;
            }
            due
        });
        if note {
            (self.note)(place.clone(), now, Some(info));
        }
        InUse { activity: self.clone(), place }
    }

    /// The last use of a virtual cluster that this process knows of, in Unix seconds, and how many
    /// requests to it are open.
    #[must_use]
    pub fn of(&self, namespace: &str, name: &str) -> (Option<i64>, u32) {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (namespace.to_owned(), name.to_owned());
        let now = self.clock.now_seconds();
        seen.get(&place).map_or((None, 0), |it| {
            let fresh = it.elsewhere.values().filter(|(_, until)| now < *until);
            (Some(it.last), it.open + fresh.map(|(open, _)| open).sum::<u32>())
        })
    }

    /// What an agent says of the use that it saw.
    pub fn heard(
        &self,
        cluster: &str,
        place: &Place,
        last: i64,
        open: u32,
        info: Option<ActivityInfo>,
    ) {
        let now = self.clock.now_seconds();
        let last = last.min(now);
        let note = self.with(place, |seen| {
            seen.last = seen.last.max(last);
            seen.elsewhere.insert(cluster.to_owned(), (open, now + HEARD_FOR));
            let due = last - seen.noted >= NOTE_EVERY;
            if due {
                seen.noted = last;
            }
            due
        });
        if note {
            (self.note)(place.clone(), last, info);
        }
    }

    /// Everything that was used since `since`, in Unix seconds, or is in use: place, last use, how
    /// many requests are open.
    #[must_use]
    pub fn since(&self, since: i64) -> Vec<(Place, i64, u32)> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let used = seen.iter().filter(|(_, it)| it.last >= since || it.open > 0);
        used.map(|(place, it)| (place.clone(), it.last, it.open)).collect()
    }

    /// Forgets a virtual cluster that is no more.
    pub fn forget(&self, namespace: &str, name: &str) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.remove(&(namespace.to_owned(), name.to_owned()));
    }

    fn with<T>(&self, place: &Place, change: impl FnOnce(&mut Seen) -> T) -> T {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        change(seen.entry(place.clone()).or_default())
    }
}

/// Takes uses down in the objects of the central instance.
pub(super) fn into_objects(store: Store) -> Box<Note> {
    Box::new(move |place, last, info| {
        // Outside a runtime the process is ending, and nobody will sleep.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let store = store.clone();
            runtime.spawn(async move { _ = write(&store, place, last, info).await });
        }
    })
}

/// Writes the last use into the object.
async fn write(
    store: &Store,
    (namespace, name): Place,
    last: i64,
    info: Option<ActivityInfo>,
) -> Result<()> {
    store
        .write(move |tx| {
            let key = management::key(management::VCLUSTERS, &namespace, &name);
            let Some(entry) = tx.get(&key)? else { return Ok(()) };
            let mut instance: Value =
                serde_json::from_slice(&entry.body).map_err(Error::internal)?;
            let text = last.to_string();
            object::set_annotation(&mut instance, annotation::LAST_ACTIVITY, Some(&text));
            if let Some(info) = info {
                let info = serde_json::to_string(&info).map_err(Error::internal)?;
                let key = annotation::LAST_ACTIVITY_INFO;
                object::set_annotation(&mut instance, key, Some(&info));
            }
            tx.update(&key, None, instance)?;
            Ok(())
        })
        .await
}

/// A request that is going on. Its end is use too.
pub struct InUse {
    activity: Arc<Activity>,
    place: Place,
}

impl Drop for InUse {
    fn drop(&mut self) {
        let now = self.activity.clock.now_seconds();
        let mut seen = self.activity.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // Not made again if it was forgotten meanwhile.
        let Some(it) = seen.get_mut(&self.place) else { return };
        it.open = it.open.saturating_sub(1);
        it.last = now;
        let note = now - it.noted >= NOTE_EVERY;
        if note {
            it.noted = now;
        }
        drop(seen);
        // A long watch that ends: the idle time begins now, and the object has to say so.
        if note {
            (self.activity.note)(self.place.clone(), now, None);
        }
    }
}
