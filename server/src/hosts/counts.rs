//! How many virtual clusters each host has, and how many of them are awake.

use std::collections::HashMap;
use std::time::Duration;

use dormer_api::vcluster::{Phase, VirtualClusterInstance};
use serde_json::{Value, json};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::kube::{Error, Result, object};
use crate::management;
use crate::store::{Store, Tx};

/// How long after a failure it is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// Changes that come together are counted together.
const TOGETHER: Duration = Duration::from_millis(100);

/// Keeps the counts true until `stop` is cancelled.
pub async fn keep_counts(store: Store, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let counted = tokio::select! {
            counted = follow(&store) => counted,
            () = stop.cancelled() => return,
        };
        if let Err(error) = counted {
            tracing::warn!(%error, "cannot write how many virtual clusters the hosts have");
            sleep(RETRY_AFTER).await;
        }
    }
}

async fn follow(store: &Store) -> Result<()> {
    let from = store.revision().await?;
    let mut instances = store.watch(management::range(management::VCLUSTERS), from).await?;
    let mut clusters = store.watch(management::range(management::CLUSTERS), from).await?;
    loop {
        store.write(refresh).await?;
        tokio::select! {
            change = instances.next() => drop(change?),
            // One that was connected just now.
            change = clusters.next() => if change?.before.is_some() { continue },
        }
        sleep(TOGETHER).await;
    }
}

fn refresh(tx: &mut Tx<'_>) -> Result<()> {
    let mut counts: HashMap<String, (u32, u32)> = HashMap::new();
    let instances: Vec<VirtualClusterInstance> =
        management::all(&tx.snapshot()?, management::VCLUSTERS)?;
    for instance in instances {
        let count = counts.entry(instance.spec.cluster_ref.cluster).or_default();
        count.0 += 1;
        count.1 += u32::from(instance.status.phase != Some(Phase::Sleeping));
    }
    for entry in tx.list(&management::range(management::CLUSTERS))? {
        let was: Value = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
        let mut cluster = was.clone();
        let (all, awake) = counts.get(&entry.name).copied().unwrap_or_default();
        let status = object::map_at(&mut cluster, &["status"]);
        status.insert("virtualClusters".into(), json!(all));
        status.insert("awake".into(), json!(awake));
        if cluster != was {
            tx.update(&management::key(management::CLUSTERS, "", &entry.name), None, cluster)?;
        }
    }
    Ok(())
}
