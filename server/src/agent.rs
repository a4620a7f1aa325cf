//! The host agent: makes the `VirtualCluster` objects of its host cluster real.
//!
//! It speaks to its host through a plain Kubernetes client, so that the same code runs beside an
//! embedded host and beside a real one, inside the central instance and in a process of its own.
//! What "real" means is its driver's.

pub mod driver;
mod crd;
mod embedded;
pub mod process;
mod helm;
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
use crate::upstream::Upstream;
use driver::Driver;
use embedded::Embedded;

/// The logical cluster of the embedded host.
const HOST: &str = "host";

/// An agent. Cheap to clone.
#[derive(Clone)]
pub struct Agent {
    api: Upstream,
    client: ::kube::Client,
    driver: Arc<Driver>,
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
        let client = host.client(Caller::controller("agent"));
        let driver = Arc::new(Driver::Embedded(Embedded::new(store, clock)));
        Ok(Self { api: Upstream::Local(host), client, driver })
    }

    /// A client of the host's API, as the agent itself.
    #[must_use]
    pub fn client(&self) -> ::kube::Client {
        self.client.clone()
    }

    /// The host's own API.
    #[must_use]
    pub fn api(&self) -> Upstream {
        self.api.clone()
    }

    /// The API of a virtual cluster, by namespace and name in the host. Waits a little for one that
    /// is on its way; nothing if it is not there or sleeps.
    pub async fn virtual_cluster(&self, namespace: &str, name: &str) -> Option<Upstream> {
        self.driver.get(namespace, name).await
    }

    /// Makes the objects real until `stop` is cancelled.
    pub async fn run(self, stop: CancellationToken) {
        reconcile::run(self.client(), self.driver.clone(), stop).await;
        self.driver.close();
        if let Upstream::Local(host) = self.api {
            host.close();
        }
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
