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

/// Which virtual cluster: namespace and name of its instance.
type Place = (String, String);

/// What was used when.
pub struct Activity {
    store: Store,
    clock: Clock,
    seen: Mutex<HashMap<Place, Seen>>,
}

#[derive(Debug, Clone, Default)]
struct Seen {
    /// Unix seconds.
    last: i64,
    /// Unix seconds of what the object says.
    noted: i64,
    open: u32,
}

impl Activity {
    pub(super) fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock, seen: Mutex::default() }
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
            let activity = self.clone();
            let place = place.clone();
            tokio::spawn(async move { _ = activity.note(place, now, Some(info)).await });
        }
        InUse { activity: self.clone(), place }
    }

    /// The last use of a virtual cluster that this process knows of, in Unix seconds, and how many
    /// requests to it are open.
    #[must_use]
    pub fn of(&self, namespace: &str, name: &str) -> (Option<i64>, u32) {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (namespace.to_owned(), name.to_owned());
        seen.get(&place).map_or((None, 0), |it| (Some(it.last), it.open))
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

    /// Writes the last use into the object.
    async fn note(
        &self,
        (namespace, name): Place,
        last: i64,
        info: Option<ActivityInfo>,
    ) -> Result<()> {
        self.store
            .write(move |tx| {
                let key = management::key(management::VCLUSTERS, &namespace, &name);
                let Some(entry) = tx.get(&key)? else { return Ok(()) };
                let mut instance: Value =
                    serde_json::from_slice(&entry.body).map_err(Error::internal)?;
                object::set_annotation(
                    &mut instance,
                    annotation::LAST_ACTIVITY,
                    Some(&last.to_string()),
                );
                if let Some(info) = info {
                    let info = serde_json::to_string(&info).map_err(Error::internal)?;
                    object::set_annotation(
                        &mut instance,
                        annotation::LAST_ACTIVITY_INFO,
                        Some(&info),
                    );
                }
                tx.update(&key, None, instance)?;
                Ok(())
            })
            .await
    }
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
        // A long watch that ends: the idle time begins now, and the object has to say so. Outside a
        // runtime the process is ending, and nobody will sleep.
        if note && let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (activity, place) = (self.activity.clone(), self.place.clone());
            runtime.spawn(async move { _ = activity.note(place, now, None).await });
        }
    }
}
