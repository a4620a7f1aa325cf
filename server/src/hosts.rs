//! Connections to host clusters: which there are now, and how each is reached.

mod connect;
mod counts;
pub mod dial;
mod endpoint;
mod guard;
pub mod join;
pub mod kubeconfig;
pub mod manager;
pub mod policy;
mod probe;
pub mod service;
pub mod tunnel;
pub mod vault;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::response::Response;
use dormer_api::vcluster::VirtualClusterInstance;
use futures::StreamExt;
use kube::ResourceExt;
use kube::api::Api;
use kube::core::DynamicObject;
use kube::runtime::{WatchStreamExt, watcher};
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

use crate::agent::Agent;
use crate::agent::virtual_cluster::{self, INSTANCE_NAME, INSTANCE_NAMESPACE};
use crate::auth::{Authenticated, Caller};
use crate::clock::Clock;
use crate::kube::Result;
use crate::management;
use crate::routes::{Row, Who};
use crate::store::Store;
use crate::tunnel::Link;
use crate::upstream::{Upstream, below};
use guard::Guard;

use axum::routing::{get, post};

pub use counts::keep_counts;
pub use guard::Open;
pub use probe::forget_proofs;

/// Namespace and name of an instance.
pub type Place = (String, String);

/// The host clusters that are connected now, by name. Cheap to clone.
#[derive(Clone)]
pub struct Hosts(Arc<Parts>);

struct Parts {
    by_name: RwLock<HashMap<String, Host>>,
    store: Store,
    clock: Clock,
    /// Hears which instances' `VirtualCluster` changed in any host; nothing where the central
    /// instance is the one to care.
    reports: Option<Sender<Place>>,
}

/// A connection to a host cluster. Cheap to clone.
#[derive(Clone)]
pub struct Host(Arc<Connection>);

struct Connection {
    reach: Reach,
    client: ::kube::Client,
    guard: Guard,
    /// Of the `Cluster` object: a name may come back, a uid never does.
    uid: String,
    /// Cancelled once it has proven to be the cluster that it was taken up as.
    proven: CancellationToken,
    gone: CancellationToken,
}

/// How a host cluster is reached.
#[derive(Clone)]
pub enum Reach {
    /// Its agent runs in this process.
    Agent(Agent),
    /// Its agent dialled in.
    Tunnel(Link),
}

/// Below which path an agent answers for its host's API.
pub const TUNNEL_HOST: &str = "/host";
/// Below which path an agent answers for its virtual clusters: namespace and name follow.
pub const TUNNEL_VIRTUAL_CLUSTER: &str = "/virtualcluster";

/// Part of the management API by its path; see [`endpoint::check`] why it is here.
const ENDPOINT_CHECK: &str =
    "/kubernetes/management/apis/management.loft.sh/v1/clusters/{name}/endpointcheck";
/// The same; see [`connect::connect`].
const CLUSTER_CONNECT: &str = "/kubernetes/management/apis/management.loft.sh/v1/clusterconnect";

/// The routes of this module.
#[must_use]
pub fn rows() -> Vec<Row> {
    vec![
        Row::new("/agent/join", "POST", Who::Anyone, post(join::join)),
        Row::new("/clusters/agent-values/{cluster}", "GET", Who::SignedIn, get(agent_values)),
        Row::new(CLUSTER_CONNECT, "POST", Who::SignedIn, post(connect::connect)),
        Row::new(ENDPOINT_CHECK, "POST", Who::SignedIn, post(endpoint::check)),
        Row::new("/agent/tunnel", "GET", Who::Agent, get(tunnel::dial_in)),
    ]
}

/// `GET /clusters/agent-values/<c>`: what the agent's chart is given beside what the command says.
/// Nothing is: Loft's command line asks, and takes an empty answer.
async fn agent_values(_: Authenticated) -> ([(HeaderName, &'static str); 1], &'static str) {
    ([(CONTENT_TYPE, "application/yaml")], "")
}

impl Hosts {
    /// The one host that an agent stands beside.
    #[must_use]
    pub fn beside(name: &str, agent: Agent, store: Store, clock: Clock) -> Self {
        let hosts =
            Self(Arc::new(Parts { by_name: RwLock::default(), store, clock, reports: None }));
        hosts.attach(name, "", Reach::Agent(agent));
        hosts
    }

    /// None yet. `reports` hears of the instances whose `VirtualCluster` changed.
    #[must_use]
    pub fn new(store: Store, clock: Clock, reports: Sender<Place>) -> Self {
        let reports = Some(reports);
        Self(Arc::new(Parts { by_name: RwLock::default(), store, clock, reports }))
    }

    /// The connection to the host cluster of this name, if there is one now.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Host> {
        self.0.by_name.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// The names of those that are connected, each with the uid of the object that it is of.
    #[must_use]
    pub fn all(&self) -> Vec<(String, String)> {
        let by_name = self.0.by_name.read().unwrap_or_else(PoisonError::into_inner);
        by_name.iter().map(|(name, host)| (name.clone(), host.0.uid.clone())).collect()
    }

    /// Takes up a connection of the cluster whose object has this uid, in place of the one before:
    /// one in this process at once, any other as soon as it has proven to be the cluster that it was.
    pub fn attach(&self, name: &str, uid: &str, reach: Reach) -> Host {
        let ours =
            matches!(&reach, Reach::Agent(agent) if matches!(agent.api(), Upstream::Local(_)));
        let host = Host(Arc::new(Connection {
            client: client(&reach),
            guard: Guard::new(ours),
            reach,
            uid: uid.to_owned(),
            proven: CancellationToken::new(),
            gone: CancellationToken::new(),
        }));
        // Beside its own cluster, an agent believes what it was told to stand beside.
        if ours || self.0.reports.is_none() {
            self.publish(name, &host);
        }
        if self.0.reports.is_some() {
            tokio::spawn(probe::run(self.clone(), name.to_owned(), host.clone()));
        }
        host
    }

    /// From now on, this is the host of that name.
    fn publish(&self, name: &str, host: &Host) {
        host.0.proven.cancel();
        let mut by_name = self.0.by_name.write().unwrap_or_else(PoisonError::into_inner);
        if by_name.get(name).is_some_and(|it| Arc::ptr_eq(&it.0, &host.0)) {
            return;
        }
        let before = by_name.insert(name.to_owned(), host.clone());
        drop(by_name);
        if let Some(before) = before {
            before.end();
        }
        let Some(reports) = self.0.reports.clone() else { return };
        let store = self.0.store.clone();
        tokio::spawn(tell_of_all(store.clone(), name.to_owned(), reports.clone()));
        let reports = follow(host.client(), store, name.to_owned(), reports);
        tokio::spawn(host.0.gone.clone().run_until_cancelled_owned(reports));
    }

    /// Lets a connection go, if it is still the one of that name.
    pub fn detach(&self, name: &str, host: &Host) {
        let mut by_name = self.0.by_name.write().unwrap_or_else(PoisonError::into_inner);
        if by_name.get(name).is_some_and(|it| Arc::ptr_eq(&it.0, &host.0)) {
            by_name.remove(name);
        }
        drop(by_name);
        host.end();
        if let Some(reports) = self.0.reports.clone() {
            tokio::spawn(tell_of_all(self.0.store.clone(), name.to_owned(), reports));
        }
    }

    /// Lets go of all.
    pub fn close(&self) {
        let mut by_name = self.0.by_name.write().unwrap_or_else(PoisonError::into_inner);
        by_name.drain().for_each(|(_, host)| host.end());
    }
}

impl Host {
    /// A client of the host's own API, as the platform itself.
    #[must_use]
    pub fn client(&self) -> ::kube::Client {
        self.0.client.clone()
    }

    /// The host's own API.
    #[must_use]
    pub fn api(&self) -> Upstream {
        match &self.0.reach {
            Reach::Agent(agent) => agent.api(),
            Reach::Tunnel(link) => Upstream::Tunnel(link.clone(), TUNNEL_HOST.into()),
        }
    }

    /// The API of a virtual cluster, by namespace and name in the host; nothing while it is not
    /// there or sleeps, as far as this side can know.
    pub async fn virtual_cluster(&self, namespace: &str, name: &str) -> Option<Upstream> {
        match &self.0.reach {
            Reach::Agent(agent) => agent.virtual_cluster(namespace, name).await,
            Reach::Tunnel(link) => {
                let prefix = format!("{TUNNEL_VIRTUAL_CLUSTER}/{namespace}/{name}");
                Some(Upstream::Tunnel(link.clone(), prefix))
            }
        }
    }

    /// Asks one of the host's APIs, within what one host may take of this process.
    ///
    /// # Errors
    /// Nothing came back, or it is not asked now because nothing came back before.
    pub async fn send(
        &self,
        upstream: &Upstream,
        caller: Caller,
        request: Request,
    ) -> Result<Response> {
        let name = caller.name.clone();
        self.0.guard.pass(&name, upstream.send(caller, request)).await
    }

    /// Waits until it has proven to be the cluster that it was taken up as.
    pub async fn proven(&self) {
        self.0.proven.cancelled().await;
    }

    /// Waits until the connection is let go.
    pub async fn gone(&self) {
        self.0.gone.cancelled().await;
    }

    fn end(&self) {
        self.0.gone.cancel();
        if let Reach::Tunnel(link) = &self.0.reach {
            link.close();
        }
    }
}

fn client(reach: &Reach) -> ::kube::Client {
    match reach {
        Reach::Agent(agent) => agent.client(),
        Reach::Tunnel(link) => {
            let link = link.clone();
            let service = tower::service_fn(move |request: axum::http::Request<_>| {
                let link = link.clone();
                async move {
                    let request =
                        request.map(|body: ::kube::client::Body| axum::body::Body::new(body));
                    let request = below(TUNNEL_HOST, request)?;
                    let answered = link.send(request).await;
                    answered.map_err(Box::<dyn std::error::Error + Send + Sync>::from)
                }
            });
            ::kube::Client::new(service, "default")
        }
    }
}

/// Tells of every instance of a host: it came, or it went.
async fn tell_of_all(store: Store, name: String, reports: Sender<Place>) {
    let found = store.read(|snapshot| {
        management::all::<VirtualClusterInstance>(snapshot, management::VCLUSTERS)
    });
    // At the end of the process neither is there any more.
    let Ok(instances) = found.await else { return };
    for it in instances.into_iter().filter(|it| it.spec.cluster_ref.cluster == name) {
        _ = reports.send((it.metadata.namespace, it.metadata.name)).await;
    }
}

/// Tells of every instance whose `VirtualCluster` in this host changed. What it says is believed only
/// of instances that are in it: a host may be anybody's machine by now.
async fn follow(client: ::kube::Client, store: Store, host: String, reports: Sender<Place>) {
    let api: Api<DynamicObject> = Api::all_with(client, &virtual_cluster::api_resource());
    let objects = watcher(api, watcher::Config::default()).default_backoff().touched_objects();
    let mut objects = std::pin::pin!(objects);
    while let Some(object) = objects.next().await {
        let Ok(object) = object else { continue };
        let of = |key: &str| object.annotations().get(key).cloned();
        let (Some(namespace), Some(name)) = (of(INSTANCE_NAMESPACE), of(INSTANCE_NAME)) else {
            continue;
        };
        let place = management::key(management::VCLUSTERS, &namespace, &name);
        let Ok(Some(entry)) = store.get(place).await else { continue };
        let instance: Option<VirtualClusterInstance> = serde_json::from_slice(&entry.body).ok();
        if instance.is_some_and(|it| it.spec.cluster_ref.cluster == host) {
            // At the end nobody listens any more.
            _ = reports.send((namespace, name)).await;
        }
    }
}
