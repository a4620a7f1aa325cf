//! The host agent: makes the `VirtualCluster` objects of its host cluster real.
//!
//! It speaks to its host through a plain Kubernetes client, so that the same code runs beside an
//! embedded host and beside a real one. What "real" means is its driver's: here, a logical cluster
//! in the agent's own store.

mod embedded;
mod reconcile;
pub mod virtual_cluster;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::auth::Caller;
use crate::clock::Clock;
use crate::health::embedded_version;
use crate::kube::rbac::Rbac;
use crate::kube::resource::Resource;
use crate::kube::server::{ApiServer, Settings};
use crate::kube::{Result, builtin, review};
use crate::store::Store;
use embedded::Embedded;

/// The logical cluster of the embedded host.
const HOST: &str = "host";

/// The agent of the embedded host cluster. Cheap to clone.
#[derive(Clone)]
pub struct Agent {
    host: ApiServer,
    driver: Arc<Embedded>,
}

impl Agent {
    /// The agent of the embedded host in `store`, which is born here where it is not yet.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn embedded(store: Store, clock: Clock) -> Result<Self> {
        embedded::bear(&store, HOST).await?;
        let mut resources = builtin::resources();
        resources.push(Arc::new(virtual_cluster::resource()));
        let host = cluster(&store, &clock, HOST, resources);
        let driver = Arc::new(Embedded::new(store, clock));
        Ok(Self { host, driver })
    }

    /// A client of the host's API, as the agent itself.
    #[must_use]
    pub fn client(&self) -> kube::Client {
        self.host.client(Caller::controller("agent"))
    }

    /// The host's own API.
    #[must_use]
    pub fn host(&self) -> &ApiServer {
        &self.host
    }

    /// The API of a virtual cluster, by namespace and name in the host. Waits a little for one that
    /// is on its way; nothing if it is not there or sleeps.
    pub async fn virtual_cluster(&self, namespace: &str, name: &str) -> Option<ApiServer> {
        self.driver.get(namespace, name).await
    }

    /// Makes the objects real until `stop` is cancelled.
    pub async fn run(self, stop: CancellationToken) {
        reconcile::run(self.client(), self.driver.clone(), stop).await;
        self.driver.unload_all();
        self.host.close();
    }
}

/// The API of a logical cluster with Kubernetes' own authorization.
fn cluster(
    store: &Store,
    clock: &Clock,
    name: &str,
    mut resources: Vec<Arc<Resource>>,
) -> ApiServer {
    let authorizer = Arc::new(Rbac { cluster: name.to_owned() });
    resources.extend(review::resources(authorizer.clone()).into_iter().map(Arc::new));
    ApiServer::new(Settings {
        store: store.clone(),
        cluster: name.to_owned(),
        resources,
        authorizer,
        clock: clock.clone(),
        version: embedded_version(),
        custom_resources: true,
    })
}
