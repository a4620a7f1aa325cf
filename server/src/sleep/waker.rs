//! Wake on access: one wake for any number of requests, and all of them wait for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dormer_api::vcluster::{Phase, SleepFacts, VirtualClusterInstance};
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use serde_json::Value;
use tokio::time::timeout;

use crate::clock::{Clock, rfc3339};
use crate::kube::{Error, Result};
use crate::management;
use crate::store::{Range, Store};

/// How long a request is held while its virtual cluster wakes: less than the 32 seconds after which
/// `kubectl` gives up on discovery without a word of ours.
const WAKE_MAX: Duration = Duration::from_secs(25);

/// A wake that is going on. The error is words: all who wait are told the same.
type Wake = Shared<BoxFuture<'static, Result<(), Arc<Error>>>>;

pub(super) struct Waker {
    store: Store,
    clock: Clock,
    waking: Arc<Mutex<HashMap<(String, String), Wake>>>,
}

impl Waker {
    pub(super) fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock, waking: Arc::default() }
    }

    pub(super) async fn wake(&self, namespace: &str, name: &str) -> Result<()> {
        let place = (namespace.to_owned(), name.to_owned());
        let wake = {
            let mut waking = self.waking.lock().unwrap_or_else(PoisonError::into_inner);
            waking.entry(place.clone()).or_insert_with(|| self.start(place)).clone()
        };
        wake.await.map_err(|error| match &*error {
            Error::Unavailable { message, retry_after_seconds } => Error::Unavailable {
                message: message.clone(),
                retry_after_seconds: *retry_after_seconds,
            },
            Error::NotFound { resource, group, name } => Error::NotFound {
                resource: resource.clone(),
                group: group.clone(),
                name: name.clone(),
            },
            _ => Error::internal(error.to_string()),
        })
    }

    /// Runs on a task of its own: the wake goes on when the request that began it goes away.
    fn start(&self, place: (String, String)) -> Wake {
        let (store, clock, waking) = (self.store.clone(), self.clock.clone(), self.waking.clone());
        let task = tokio::spawn(async move {
            let woken = timeout(WAKE_MAX, wake(&store, &clock, &place)).await;
            waking.lock().unwrap_or_else(PoisonError::into_inner).remove(&place);
            woken.unwrap_or_else(|_| Err(not_yet("it is still waking up")))
        });
        let wake = async move {
            task.await.unwrap_or_else(|error| Err(Error::internal(error))).map_err(Arc::new)
        };
        wake.boxed().shared()
    }
}

fn not_yet(what: &str) -> Error {
    Error::Unavailable { message: what.into(), retry_after_seconds: 5 }
}

async fn wake(store: &Store, clock: &Clock, place: &(String, String)) -> Result<()> {
    let (namespace, name) = place.clone();
    let now = clock.now_seconds();
    let from = store
        .write(move |tx| {
            let key = management::key(management::VCLUSTERS, &namespace, &name);
            let entry = tx.get(&key)?.ok_or_else(|| gone(&name))?;
            let mut object: Value = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
            let instance = typed(&object)?;
            if let Some(until) = SleepFacts::of(&instance.metadata).held_until(now) {
                return Err(held(&name, until));
            }
            // It sleeps from the moment it was decided, whatever its host has done about it by now.
            if SleepFacts::of(&instance.metadata).sleeping_since.is_none() {
                return Ok::<_, Error>(entry.revision);
            }
            super::wake_object(&mut object, now);
            Ok(tx.update(&key, None, object)?.revision)
        })
        .await?;
    ready(store, place, from).await
}

/// Waits until the instance is ready. `from` is a revision from which on its changes are looked at.
async fn ready(
    store: &Store,
    (namespace, name): &(String, String),
    from: crate::store::Revision,
) -> Result<()> {
    let range =
        Range { namespace: Some(namespace.clone()), ..management::range(management::VCLUSTERS) };
    let mut watch = store.watch(range, from).await?;
    let key = management::key(management::VCLUSTERS, namespace, name);
    let mut body = store.get(key).await?.ok_or_else(|| gone(name))?.body;
    loop {
        let object: Value = serde_json::from_slice(&body).map_err(Error::internal)?;
        let instance = typed(&object)?;
        match instance.status.phase {
            Some(Phase::Ready) => return Ok(()),
            Some(Phase::Failed) => {
                return Err(not_yet(&format!("{name} failed: {}", instance.status.message)));
            }
            // Its host has not heard of the wake yet, or somebody puts it to sleep again: then the
            // next request wakes it.
            Some(Phase::Sleeping | Phase::Pending) | None => {}
        }
        body = loop {
            let change = watch.next().await?;
            if change.key.name == *name {
                break change.after.clone().ok_or_else(|| gone(name))?;
            }
        };
    }
}

fn typed(object: &Value) -> Result<VirtualClusterInstance> {
    serde::Deserialize::deserialize(object).map_err(Error::internal)
}

fn gone(name: &str) -> Error {
    Error::NotFound {
        resource: management::VCLUSTERS.into(),
        group: management::GROUP.into(),
        name: name.into(),
    }
}

fn held(name: &str, until: Option<i64>) -> Error {
    let until = until.map_or_else(
        || "until somebody wakes it".to_owned(),
        |it| format!("until {}", rfc3339(it)),
    );
    let message = format!("{name} is held asleep {until}: access does not wake it");
    Error::Unavailable { message, retry_after_seconds: 0 }
}
