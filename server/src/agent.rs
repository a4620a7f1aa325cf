//! The host agent: makes the `VirtualCluster` objects of its host cluster real.
//!
//! It speaks to its host through a plain Kubernetes client, so that the same code runs beside an
//! embedded host and beside a real one, inside the central instance and in a process of its own.
//! What "real" means is its driver's.

mod crd;
pub mod driver;
mod embedded;
mod helm;
pub mod process;
mod reconcile;
pub mod virtual_cluster;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::auth::Caller;
use crate::clock::Clock;
use crate::health::embedded_version;
use crate::hosts::dial::Allowed;
use crate::kube::rbac::Rbac;
use crate::kube::resource::Resource;
use crate::kube::server::{ApiServer, Settings};
use crate::kube::{Result, builtin, review};
use crate::store::Store;
use crate::upstream::Upstream;
use driver::Driver;
use embedded::Embedded;
pub use helm::Access;
use helm::Helm;

/// The logical cluster of the embedded host.
const HOST: &str = "host";

/// How soon a host cluster that does not answer is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

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

    /// The agent of a real Kubernetes cluster.
    #[must_use]
    pub fn kubernetes(client: ::kube::Client, runs: Runs) -> Self {
        let Runs { access, program, scratch, allowed } = runs;
        let helm = Helm::new(client.clone(), access, program, scratch, allowed);
        let driver = Arc::new(Driver::Helm(helm));
        Self { api: Upstream::Remote(client.clone()), client, driver }
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
        if self.driver.is_remote() && !self.install_kind(&stop).await {
            return;
        }
        reconcile::run(self.client(), self.driver.clone(), stop).await;
        self.driver.close();
        if let Upstream::Local(host) = self.api {
            host.close();
        }
    }

    /// Makes the kind `VirtualCluster` known to a real cluster, however long that takes. Says whether
    /// it did, or had to stop.
    async fn install_kind(&self, stop: &CancellationToken) -> bool {
        loop {
            let installed = tokio::select! {
                installed = crd::install(&self.client) => installed,
                () = stop.cancelled() => return false,
            };
            let Err(error) = installed else { return true };
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the kind VirtualCluster cannot be installed yet"
            );
            tokio::select! {
                () = tokio::time::sleep(AGAIN_AFTER) => {}
                () = stop.cancelled() => return false,
            }
        }
    }
}

/// How an agent runs `helm`.
pub struct Runs {
    /// How `helm` reaches the host cluster.
    pub access: Access,
    /// The program.
    pub program: PathBuf,
    /// A folder for its files. What is in it is removed.
    pub scratch: PathBuf,
    /// In the central instance, which addresses may be dialled; nothing beside a cluster.
    pub allowed: Option<Allowed>,
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
