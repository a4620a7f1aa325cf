//! `dormer agent`: the agent in a process of its own, beside a host cluster that nobody can dial.
//!
//! It dials the central instance and keeps the line up; over it the central instance reaches the host
//! cluster, and the agent keeps a copy of who may do what. With that copy it answers at its own
//! endpoint, and goes on while the central instance is away.

mod copy;
mod dial;
pub mod direct;
mod identity;
mod report;
mod service;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::Api;
use kube::config::{KubeConfigOptions, Kubeconfig};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Access, Agent, Runs};
use crate::audit::{self, Audit};
use crate::auth::signed::{PublicKey, Signer};
use crate::clock::Clock;
use crate::config::AgentSettings;
use crate::gateway::Gateway;
use crate::hosts::Hosts;
use crate::hosts::join::Joined;
use crate::hosts::tunnel::Hello;
use crate::serve::stop_on_signal;
use crate::store::Store;
use crate::tunnel::Link;
use crate::{files, listen, tls};

/// The time between two tries to reach what is not there yet.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// What the parts of a running agent share. Cheap to clone.
#[derive(Clone)]
struct Beside(Arc<Parts>);

struct Parts {
    settings: AgentSettings,
    clock: Clock,
    store: Store,
    agent: Agent,
    signer: Signer,
    joined: Joined,
    token_key: PublicKey,
    /// What this process says of itself.
    hello: Hello,
    /// The line to the central instance, while there is one.
    link: RwLock<Option<Link>>,
    /// When the central instance was heard last, in Unix seconds.
    heard: AtomicI64,
    /// Whose pages may ask how we are.
    origins: RwLock<Vec<String>>,
    /// Whose access keys were asked for lately.
    keys: Mutex<direct::Keys>,
    stop: CancellationToken,
}

impl std::ops::Deref for Beside {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Parts {
    /// The line to the central instance, while there is one.
    fn link(&self) -> Option<Link> {
        let link = self.link.read().unwrap_or_else(PoisonError::into_inner).clone();
        link.filter(|it| !it.is_closed())
    }

    fn set_link(&self, link: Option<Link>) {
        *self.link.write().unwrap_or_else(PoisonError::into_inner) = link;
    }

    /// For how long the central instance was not heard, in seconds.
    fn silence(&self) -> i64 {
        self.clock.now_seconds() - self.heard.load(Ordering::Relaxed)
    }
}

/// Runs until the process is told to stop.
///
/// # Errors
/// The settings do not fit together, the central instance refuses the agent, or the port is taken.
pub async fn run(settings: AgentSettings) -> io::Result<()> {
    let stop = CancellationToken::new();
    tokio::spawn(stop_on_signal(stop.clone()));
    let folder = settings
        .data()
        .ok_or_else(|| io::Error::other("where are the data? Say it with --data"))?;
    let _lock = files::open_folder(&folder)?;
    let signer = files::signer(&folder.join("agent-key"))?;
    let clock = Clock::system();
    let store = Store::open(&folder, clock.clone()).map_err(io::Error::other)?;
    let agent = agent(&settings, &folder, &store, &clock).await?;
    let working = tokio::spawn(agent.clone().run(stop.clone()));
    let listener = match settings.listen {
        Some(address) => Some(TcpListener::bind(address).await?),
        None => None,
    };
    let certificate = match listener {
        Some(_) => Some(certificate(&settings, &folder)?),
        None => None,
    };
    let Some(uid) = cluster_uid(&agent, &stop).await else { return Ok(()) };
    let joined = identity::joined(&settings, &folder, &signer, &uid, &stop).await?;
    let Some(joined) = joined else { return Ok(()) };
    let token_key = PublicKey::parse(&joined.token_key)
        .ok_or_else(|| io::Error::other("what the central instance said cannot be read"))?;
    let port = listener.as_ref().and_then(|it| it.local_addr().ok()).map(|it| it.port());
    let hello = Hello {
        cluster: settings.cluster.clone(),
        process: uuid::Uuid::new_v4().to_string(),
        version: env!("CARGO_PKG_VERSION").into(),
        embedded: settings.embedded,
        cluster_uid: uid,
        endpoint_host: settings.endpoint_host(port),
        endpoint_ca_data: certificate.as_ref().map(tls::Tls::authority_data).unwrap_or_default(),
    };
    let heard = AtomicI64::new(copy::heard(&store).await.map_err(io::Error::other)?);
    let beside = Beside(Arc::new(Parts {
        settings,
        clock,
        store,
        agent,
        signer,
        joined,
        token_key,
        hello,
        link: RwLock::default(),
        heard,
        origins: RwLock::default(),
        keys: Mutex::default(),
        stop: stop.clone(),
    }));
    banner(&beside, port);
    serve(beside, listener.zip(certificate), working).await
}

/// Keeps the line up and serves the endpoint, where there is one, until the process is to stop.
async fn serve(
    beside: Beside,
    endpoint: Option<(TcpListener, tls::Tls)>,
    working: JoinHandle<()>,
) -> io::Result<()> {
    let stop = beside.stop.clone();
    let activity = report::Activity::new(&beside);
    let audit = audit(&beside).await.map_err(io::Error::other)?;
    let gateway = Gateway {
        store: beside.store.clone(),
        clock: beside.clock.clone(),
        hosts: Hosts::beside(
            &beside.settings.cluster,
            beside.agent.clone(),
            beside.store.clone(),
            beside.clock.clone(),
        ),
        sleep: activity.sleep(),
        audit: audit.clone(),
        beside: Some(beside.settings.cluster.clone()),
        lease: Some(direct::lease(beside.clone())),
        stop: stop.clone(),
    };
    tokio::spawn(activity.run());
    let dialling = tokio::spawn(dial::keep(beside.clone()));
    match endpoint {
        Some((listener, certificate)) => {
            let router = direct::router(beside.clone(), gateway);
            let drain = beside.settings.drain();
            listen::serve(listener, certificate.config, router, stop, drain).await;
        }
        None => stop.cancelled().await,
    }
    _ = tokio::time::timeout(beside.settings.drain(), async {
        _ = dialling.await;
        _ = working.await;
    })
    .await;
    // What cannot be written now could not be written before either, and that was told.
    _ = audit.flush().await;
    Ok(())
}

/// The queue of who did what at the endpoint, written and delivered from now on.
async fn audit(beside: &Beside) -> crate::kube::Result<Audit> {
    let cluster = &beside.settings.cluster;
    let (store, clock) = (beside.store.clone(), beside.clock.clone());
    let audit = Audit::queue(store, clock, cluster, audit::QUEUE_MAX).await?;
    tokio::spawn(audit.clone().run(beside.stop.clone()));
    let (line, stop) = (beside.clone(), beside.stop.clone());
    tokio::spawn(audit.clone().keep_delivering(move || line.link(), stop));
    Ok(audit)
}

async fn agent(
    settings: &AgentSettings,
    folder: &Path,
    store: &Store,
    clock: &Clock,
) -> io::Result<Agent> {
    if settings.embedded {
        return Agent::embedded(store.clone(), clock.clone()).await.map_err(io::Error::other);
    }
    let config = host_config(settings).await?;
    let client = ::kube::Client::try_from(config).map_err(io::Error::other)?;
    let access = match &settings.kubeconfig {
        Some(file) => Access::Kubeconfig(std::path::absolute(file)?),
        None => Access::InCluster,
    };
    let (program, scratch) = (settings.helm.clone(), folder.join("helm"));
    let runs = Runs { access, program, scratch, allowed: None };
    Ok(Agent::kubernetes(client, runs))
}

/// How the host cluster is reached. The file is the operator's own, on the operator's machine: what it
/// names is run and read as `kubectl` would.
#[expect(clippy::disallowed_methods, reason = "this kubeconfig is the operator's own")]
async fn host_config(settings: &AgentSettings) -> io::Result<::kube::Config> {
    match &settings.kubeconfig {
        Some(file) => {
            let read = Kubeconfig::read_from(file).map_err(io::Error::other)?;
            let options = KubeConfigOptions::default();
            ::kube::Config::from_custom_kubeconfig(read, &options).await.map_err(io::Error::other)
        }
        None => ::kube::Config::incluster().map_err(|_| {
            io::Error::other("this is not a pod of a cluster: name one with --kubeconfig, or try it with --embedded")
        }),
    }
}

fn certificate(settings: &AgentSettings, folder: &Path) -> io::Result<tls::Tls> {
    match (&settings.tls_cert, &settings.tls_key, settings.listen) {
        (Some(certificate), Some(key), _) => tls::given(certificate, key),
        (_, _, Some(address)) => {
            let endpoint = settings.endpoint.as_ref().map(|it| format!("https://{it}"));
            let names = tls::names(address.ip(), endpoint.as_deref(), &[]);
            tls::own(folder, &names)
        }
        _ => Err(io::Error::other("there is nothing to listen on")),
    }
}

/// The uid of `kube-system`, once the host cluster answers; nothing if the process is to stop first.
async fn cluster_uid(agent: &Agent, stop: &CancellationToken) -> Option<String> {
    let api: Api<Namespace> = Api::all(agent.client());
    let mut told = false;
    loop {
        match api.get("kube-system").await {
            Ok(namespace) => return Some(namespace.metadata.uid.unwrap_or_default()),
            Err(error) if !told => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the host cluster does not answer yet"
                );
                told = true;
            }
            Err(_) => {}
        }
        tokio::select! {
            () = tokio::time::sleep(AGAIN_AFTER) => {}
            () = stop.cancelled() => return None,
        }
    }
}

/// What the person who started it needs to know.
fn banner(beside: &Beside, port: Option<u16>) {
    let Hello { cluster, endpoint_host, .. } = &beside.hello;
    println!("\nDormer agent {} of the cluster {cluster} is running.\n", env!("CARGO_PKG_VERSION"));
    println!("  Central   {}", beside.settings.url);
    match port {
        Some(_) => println!("  Endpoint  https://{endpoint_host}\n"),
        None => println!("  Endpoint  none: --listen gives it one\n"),
    }
}
