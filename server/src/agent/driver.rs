//! What makes a `VirtualCluster` real.

use super::embedded::Embedded;
use super::virtual_cluster::{VirtualCluster, VirtualClusterStatus};
use crate::upstream::Upstream;

/// Why a virtual cluster could not be made real this time.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Our own store refused.
    #[error("the store refused")]
    Store(#[from] crate::kube::Error),
}

/// One way to make virtual clusters real.
pub(super) enum Driver {
    /// Logical clusters in the agent's own store.
    Embedded(Embedded),
}

impl Driver {
    /// Brings it one step toward being awake, and says what is.
    pub(super) async fn load(
        &self,
        cluster: &VirtualCluster,
    ) -> Result<VirtualClusterStatus, Error> {
        match self {
            Self::Embedded(it) => Ok(it.load(cluster).await?),
        }
    }

    /// Brings it one step toward sleep, and says what is.
    pub(super) async fn sleep(
        &self,
        cluster: &VirtualCluster,
    ) -> Result<VirtualClusterStatus, Error> {
        match self {
            Self::Embedded(it) => Ok(it.sleep(cluster)),
        }
    }

    /// Removes it with all it had; says whether it is gone.
    pub(super) async fn remove(&self, cluster: &VirtualCluster) -> Result<bool, Error> {
        match self {
            Self::Embedded(it) => {
                it.remove(&cluster.metadata.uid).await?;
                Ok(true)
            }
        }
    }

    /// The API of one that is awake, by namespace and name in the host.
    pub(super) async fn get(&self, namespace: &str, name: &str) -> Option<Upstream> {
        match self {
            Self::Embedded(it) => it.get(namespace, name).await.map(Upstream::Local),
        }
    }

    /// Whether what it made may stop answering by itself.
    pub(super) fn breaks(&self) -> bool {
        match self {
            Self::Embedded(_) => false,
        }
    }

    /// Lets go of all of them; they stay what they are.
    pub(super) fn close(&self) {
        match self {
            Self::Embedded(it) => it.unload_all(),
        }
    }
}
