//! Sleep and wake: when a virtual cluster sleeps, what counts as use, and how a request wakes it.

pub mod activity;
pub mod policy;
mod waker;

use std::sync::Arc;

use dormer_api::annotation;
use dormer_api::vcluster::Phase;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::kube::object;
use crate::store::Store;

/// Who is active, and how sleepers are woken. Cheap to clone.
#[derive(Clone)]
pub struct Sleep {
    /// What was used when.
    pub activity: Arc<activity::Activity>,
    wake: Arc<Wake>,
}

/// Wakes the instance of this namespace and name.
pub type Wake = dyn Fn(String, String) -> BoxFuture<'static, crate::kube::Result<()>> + Send + Sync;

impl Sleep {
    /// Of the central instance, which decides. Nobody is active yet.
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        let waker = Arc::new(waker::Waker::new(store.clone(), clock.clone()));
        let note = activity::into_objects(store);
        Self {
            activity: Arc::new(activity::Activity::new(clock, note)),
            wake: Arc::new(move |namespace, name| {
                let waker = waker.clone();
                Box::pin(async move { waker.wake(&namespace, &name).await })
            }),
        }
    }

    /// Of an agent, which asks the central instance.
    #[must_use]
    pub fn elsewhere(activity: activity::Activity, wake: Arc<Wake>) -> Self {
        Self { activity: Arc::new(activity), wake }
    }

    /// Waits until a virtual cluster is awake. However many ask at once, it is woken once.
    ///
    /// # Errors
    /// It is held asleep, is gone, failed, or did not wake in time.
    pub async fn wake(&self, namespace: &str, name: &str) -> crate::kube::Result<()> {
        (self.wake)(namespace.to_owned(), name.to_owned()).await
    }
}

/// Turns the object of a sleeper into one that is being woken.
pub fn wake_object(object: &mut Value, now: i64) {
    for key in [
        annotation::FORCE,
        annotation::FORCE_DURATION,
        annotation::SLEEPING_SINCE,
        annotation::SLEEP_TYPE,
        annotation::SLEEP_BY,
    ] {
        object::set_annotation(object, key, None);
    }
    object::set_annotation(object, annotation::LAST_ACTIVITY, Some(&now.to_string()));
    let status = object::map_at(object, &["status"]);
    status.insert("phase".into(), json!(Phase::Pending));
    status.insert("reason".into(), json!("Waking"));
    status.insert("message".into(), json!(""));
}
