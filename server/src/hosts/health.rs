//! How the host clusters are: counted and proven again and again, and written into their objects.

use std::collections::HashMap;
use std::time::Duration;

use dormer_api::cluster::ClusterStatus;
use dormer_api::vcluster::{Phase, VirtualClusterInstance};
use serde_json::{Value, json};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, parse_rfc3339, rfc3339};
use crate::health::KUBE_VERSION;
use crate::kube::{Error, Result};
use crate::management;
use crate::store::{Store, Tx};

/// The time between two proofs that a host answers.
const PROOF_EVERY: Duration = Duration::from_secs(15);
/// How long after a failure it is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// The time between two notes of the last contact, in seconds: each note is an event for all who
/// watch the list.
const CONTACT_EVERY: i64 = 60;

/// Keeps the status of the hosts true until `stop` is cancelled: after each change of a virtual
/// cluster, and every [`PROOF_EVERY`].
pub async fn watch_over(store: Store, clock: Clock, stop: CancellationToken) {
    loop {
        if let Err(error) = proof(&store, &clock, &stop).await {
            tracing::warn!(%error, "cannot write how the host clusters are");
            sleep(RETRY_AFTER).await;
        }
        if stop.is_cancelled() {
            return;
        }
    }
}

/// One proof, and then the wait for the next.
async fn proof(store: &Store, clock: &Clock, stop: &CancellationToken) -> Result<()> {
    let from = store.revision().await?;
    let mut changes = store.watch(management::range(management::VCLUSTERS), from).await?;
    let now = clock.now_seconds();
    store.write(move |tx| refresh(tx, now)).await?;
    tokio::select! {
        _ = changes.next() => {}
        () = sleep(PROOF_EVERY) => {}
        () = stop.cancelled() => {}
    }
    Ok(())
}

/// The local host answers when the store does, which is what this write proves.
fn refresh(tx: &mut Tx<'_>, now: i64) -> Result<()> {
    let mut counts: HashMap<String, (u32, u32)> = HashMap::new();
    let instances: Vec<VirtualClusterInstance> =
        management::all(&tx.snapshot()?, management::VCLUSTERS)?;
    for instance in instances {
        let count = counts.entry(instance.spec.cluster_ref.cluster).or_default();
        count.0 += 1;
        count.1 += u32::from(instance.status.phase != Some(Phase::Sleeping));
    }
    for entry in tx.list(&management::range(management::CLUSTERS))? {
        let mut cluster: Value = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
        if cluster["spec"]["local"] != json!(true) {
            continue;
        }
        let was: ClusterStatus =
            serde_json::from_value(cluster["status"].clone()).unwrap_or_default();
        let (virtual_clusters, awake) = counts.get(&entry.name).copied().unwrap_or_default();
        let contact = was.last_contact.as_deref().and_then(parse_rfc3339);
        let stale = contact.is_none_or(|it| now - it >= CONTACT_EVERY);
        let last_contact = if stale { Some(rfc3339(now)) } else { was.last_contact.clone() };
        let is = ClusterStatus {
            phase: "Initialized".into(),
            online: true,
            kubernetes_version: KUBE_VERSION.into(),
            last_contact,
            virtual_clusters,
            awake,
            ..ClusterStatus::default()
        };
        if is != was {
            cluster["status"] = serde_json::to_value(is).map_err(Error::internal)?;
            tx.update(&management::key(management::CLUSTERS, "", &entry.name), None, cluster)?;
        }
    }
    Ok(())
}
