//! The embedded driver: a virtual cluster is a logical cluster in the agent's store.
//!
//! Awake, it has an API server in memory; asleep, only its rows.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dormer_api::meta::Condition;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::virtual_cluster::{REASON_SLEEPING, VirtualCluster, VirtualClusterStatus};
use crate::clock::Clock;
use crate::health::KUBE_VERSION;
use crate::kube::born;
use crate::kube::server::ApiServer;
use crate::kube::{Error, Result, builtin};
use crate::store::Store;

/// How long a request waits for a virtual cluster that is said to be awake: just after a start, the
/// agent is still on its way to it.
const LOAD_MAX: Duration = Duration::from_secs(10);

/// Which virtual cluster: its namespace and name in the host.
type Place = (String, String);

/// The virtual clusters of one agent.
pub(super) struct Embedded {
    store: Store,
    clock: Clock,
    awake: Mutex<HashMap<Place, Awake>>,
    loaded: Notify,
}

/// A virtual cluster in memory.
struct Awake {
    /// Of its `VirtualCluster`: a name may come back, a uid never does.
    uid: String,
    server: ApiServer,
}

impl Embedded {
    pub(super) fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock, awake: Mutex::default(), loaded: Notify::new() }
    }

    fn awake(&self) -> MutexGuard<'_, HashMap<Place, Awake>> {
        self.awake.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The API of a virtual cluster that is awake, or is about to be.
    pub(super) async fn get(&self, namespace: &str, name: &str) -> Option<ApiServer> {
        let place = (namespace.to_owned(), name.to_owned());
        let find = async {
            loop {
                let loaded = self.loaded.notified();
                if let Some(it) = self.awake().get(&place) {
                    return it.server.clone();
                }
                loaded.await;
            }
        };
        timeout(LOAD_MAX, find).await.ok()
    }

    /// Makes the virtual cluster where it is not yet, and serves it.
    pub(super) async fn load(&self, cluster: &VirtualCluster) -> Result<VirtualClusterStatus> {
        let (metadata, uid) = (&cluster.metadata, cluster.metadata.uid.as_str());
        let place = (metadata.namespace.clone(), metadata.name.clone());
        if self.awake().get(&place).is_some_and(|it| it.uid == uid) {
            return Ok(status(false));
        }
        let logical = logical(uid);
        bear(&self.store, &logical).await?;
        let server = super::cluster(&self.store, &self.clock, &logical, builtin::resources());
        let before = self.awake().insert(place, Awake { uid: uid.to_owned(), server });
        if let Some(before) = before {
            before.server.close();
        }
        self.loaded.notify_waiters();
        Ok(status(false))
    }

    /// Stops serving it; its rows stay.
    pub(super) fn sleep(&self, cluster: &VirtualCluster) -> VirtualClusterStatus {
        self.unload(&cluster.metadata.uid);
        status(true)
    }

    fn unload(&self, uid: &str) {
        let mut awake = self.awake();
        let place = awake.iter().find(|(_, it)| it.uid == uid).map(|(place, _)| place.clone());
        if let Some(it) = place.and_then(|place| awake.remove(&place)) {
            it.server.close();
        }
    }

    /// Stops serving all of them.
    pub(super) fn unload_all(&self) {
        std::mem::take(&mut *self.awake()).into_values().for_each(|it| it.server.close());
    }

    /// Removes it with all it had.
    pub(super) async fn remove(&self, uid: &str) -> Result<()> {
        self.unload(uid);
        let name = logical(uid);
        self.store
            .write::<_, Error>(move |tx| {
                tx.drop_cluster(&name)?;
                Ok(tx.remove_fact(&born_fact(&name))?)
            })
            .await
    }
}

fn status(asleep: bool) -> VirtualClusterStatus {
    let (reason, answers) = if asleep { (REASON_SLEEPING, "False") } else { ("", "True") };
    let condition = |kind: &str, status: &str| Condition {
        kind: kind.into(),
        status: status.into(),
        reason: reason.into(),
        ..Condition::default()
    };
    VirtualClusterStatus {
        phase: "Deployed".into(),
        reason: reason.into(),
        message: String::new(),
        control_plane_ready: !asleep,
        kubernetes_version: KUBE_VERSION.into(),
        conditions: vec![condition("ControlPlaneReady", answers), condition("Ready", answers)],
    }
}

/// The logical cluster of a virtual cluster.
fn logical(uid: &str) -> String {
    format!("vc-{uid}")
}

fn born_fact(cluster: &str) -> String {
    format!("born/{cluster}")
}

/// Gives a logical cluster its first objects, once.
pub(super) async fn bear(store: &Store, cluster: &str) -> Result<()> {
    let cluster = cluster.to_owned();
    store
        .write(move |tx| {
            let fact = born_fact(&cluster);
            if tx.fact(&fact)?.is_some() {
                return Ok(());
            }
            let now = tx.now();
            born(tx, &cluster, now)?;
            tx.set_fact(&fact, &now.to_string())?;
            Ok(())
        })
        .await
}
