//! What makes a `VirtualCluster` real.

use std::time::Duration;

use super::embedded::Embedded;
use super::helm::{self, Helm};
use super::virtual_cluster::{VirtualCluster, VirtualClusterStatus};
use crate::upstream::Upstream;

/// Why a virtual cluster could not be made real this time.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Our own store refused.
    #[error("the store refused")]
    Store(#[from] crate::kube::Error),
    /// The host cluster or helm refused.
    #[error(transparent)]
    Helm(#[from] helm::Error),
}

/// One way to make virtual clusters real.
pub(super) enum Driver {
    /// Logical clusters in the agent's own store.
    Embedded(Embedded),
    /// Releases of the vcluster chart in a real cluster.
    Helm(Helm),
}

impl Driver {
    /// Brings it one step toward being awake, and says what is.
    pub(super) async fn load(
        &self,
        cluster: &VirtualCluster,
    ) -> Result<VirtualClusterStatus, Error> {
        match self {
            Self::Embedded(it) => Ok(it.load(cluster).await?),
            Self::Helm(it) => Ok(it.load(cluster).await?),
        }
    }

    /// Brings it one step toward sleep, and says what is.
    pub(super) async fn sleep(
        &self,
        cluster: &VirtualCluster,
    ) -> Result<VirtualClusterStatus, Error> {
        match self {
            Self::Embedded(it) => Ok(it.sleep(cluster)),
            Self::Helm(it) => Ok(it.sleep(cluster).await?),
        }
    }

    /// Removes it with all it had; says whether it is gone.
    pub(super) async fn remove(&self, cluster: &VirtualCluster) -> Result<bool, Error> {
        match self {
            Self::Embedded(it) => {
                it.remove(&cluster.metadata.uid).await?;
                Ok(true)
            }
            Self::Helm(it) => Ok(it.remove(cluster).await?),
        }
    }

    /// The API of one that is awake, by namespace and name in the host.
    pub(super) async fn get(&self, namespace: &str, name: &str) -> Option<Upstream> {
        match self {
            Self::Embedded(it) => it.get(namespace, name).await.map(Upstream::Local),
            Self::Helm(it) => it.get(namespace, name).await.map(Upstream::Remote),
        }
    }

    /// Whether it works in a cluster that is not ours.
    pub(super) fn is_remote(&self) -> bool {
        match self {
            Self::Embedded(_) => false,
            Self::Helm(_) => true,
        }
    }

    /// When to look at one again if no event brings it about before; nothing where only events do.
    pub(super) fn look_again(&self, is: &VirtualClusterStatus) -> Option<Duration> {
        match self {
            Self::Embedded(_) => None,
            Self::Helm(_) => Some(Helm::look_again(is)),
        }
    }

    /// Lets go of all of them; they stay what they are.
    pub(super) fn close(&self) {
        match self {
            Self::Embedded(it) => it.unload_all(),
            Self::Helm(_) => {}
        }
    }
}
