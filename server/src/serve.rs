//! `dormer serve`: from settings to a running instance.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::agent::Agent;
use crate::app::{App, Parts};
use crate::audit::Audit;
use crate::auth::{Hasher, KeyMac, password};
use crate::clock::Clock;
use crate::config::Serve;
use crate::gateway::Gateway;
use crate::hosts::vault::{self, Vault};
use crate::hosts::{Hosts, Reach};
use crate::kube::server::{ApiServer, Settings};
use crate::kube::{Error, Result};
use crate::management::clusters::Central;
use crate::management::{self, Means, seed};
use crate::sleep::Sleep;
use crate::store::{self, COMPACT_AFTER, COMPACT_KEEP, Store};
use crate::{authz, files, health, hosts, instances, listen, routes, tls};

/// The time between two clean-ups of the store.
const TIDY_EVERY: Duration = Duration::from_secs(60);

/// How many reports of hosts may wait for the controller of instances.
const REPORTS_MAX: usize = 1024;

/// What is known of the first administrator's password.
pub enum AdminPassword {
    /// This start made it up. Shown once.
    MadeUp(String),
    /// This start took it from a file.
    FromFile(PathBuf),
    /// An earlier start set it.
    SetBefore,
}

/// A running instance with its background work.
pub struct Running {
    /// What the handlers work on.
    pub app: App,
    /// What the person who started it can be told of the administrator's password.
    pub password: AdminPassword,
    tasks: TaskTracker,
    /// Nobody else may use the folder while this is open.
    _lock: std::fs::File,
}

impl Running {
    /// Ends the background work; what has not ended after the drain is left to the end of the process.
    pub async fn stop(self) {
        self.app.stop.cancel();
        // Requests that were on their way through a tunnel have ended by now.
        self.app.gateway.hosts.close();
        self.tasks.close();
        if timeout(self.app.config.drain(), self.tasks.wait()).await.is_err() {
            tracing::warn!("background work did not end in time");
        }
        if self.app.gateway.audit.flush().await.is_err() {
            tracing::warn!("the end of the audit trail could not be written");
        }
    }
}

fn broken(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::internal(error)
}

// Longer than a function should be: the one place that says what is made of what, in which order.
/// Starts everything but the listener. `names` are the hosts that requests may ask for, `ca_data`
/// what clients need to trust our certificate.
///
/// # Errors
/// The data folder cannot be used.
pub async fn start(
    config: Serve,
    folder: &Path,
    names: Vec<String>,
    ca_data: String,
    clock: Clock,
) -> Result<Running> {
    let lock = files::open_folder(folder).map_err(broken)?;
    let mac = KeyMac::new(files::key(&folder.join("key")).map_err(broken)?);
    let signer = files::signer(&folder.join("token-key")).map_err(broken)?;
    let store = Store::open(folder, clock.clone())?;
    let password = first_start(&store, &config).await?;
    let instance = instance_id(&store).await?;
    let vault = Vault::new(files::key(&folder.join(vault::KEY_FILE)).map_err(broken)?);
    let means = Means {
        mac: mac.clone(),
        central: Central {
            url: config.public_url(),
            ca_data: ca_data.clone(),
            image: config.agent_image.clone(),
        },
        vault: vault.clone(),
        signer: signer.clone(),
        instance: instance.clone(),
    };
    let management = management_api(&store, &clock, means);
    let agent = Agent::embedded(store.clone(), clock.clone()).await?;
    let (report, reports) = tokio::sync::mpsc::channel(REPORTS_MAX);
    let hosts = Hosts::new(store.clone(), clock.clone(), report);
    let sleep = Sleep::new(store.clone(), clock.clone());
    let audit = Audit::trail(store.clone(), clock.clone());
    let now = clock.now_seconds();
    store.write(move |tx| hosts::forget_proofs(tx, now)).await?;
    hosts.attach(dormer_api::cluster::LOCAL, "", Reach::Agent(agent.clone()));
    let stop = CancellationToken::new();
    let app = App::new(Parts {
        config,
        clock: clock.clone(),
        store: store.clone(),
        hasher: Hasher::new()?,
        mac,
        management: management.clone(),
        gateway: Gateway {
            store: store.clone(),
            clock: clock.clone(),
            hosts: hosts.clone(),
            sleep: sleep.clone(),
            audit: audit.clone(),
            beside: None,
            lease: None,
            stop: stop.clone(),
        },
        vault,
        signer,
        instance,
        ca_data,
        host_names: names,
        stop: stop.clone(),
    });
    let tasks = TaskTracker::new();
    tasks.spawn(agent.run(stop.clone()));
    let context = instances::Context {
        store: store.clone(),
        management: management.clone(),
        hosts: hosts.clone(),
        sleep,
        due: Mutex::default(),
    };
    tasks.spawn(instances::run(context, reports, stop.clone()));
    tasks.spawn(hosts::keep_counts(store, stop.clone()));
    tasks.spawn(tidy(app.clone()));
    tasks.spawn(audit.run(stop.clone()));
    tasks.spawn(hosts::manager::run(app.clone(), folder.join("helm"), stop.clone()));
    // Its watches would hold the drain up to its end.
    tasks.spawn(async move {
        stop.cancelled().await;
        management.close();
    });
    Ok(Running { app, password, tasks, _lock: lock })
}

fn management_api(store: &Store, clock: &Clock, means: Means) -> ApiServer {
    ApiServer::new(Settings {
        store: store.clone(),
        cluster: management::CLUSTER.into(),
        resources: management::resources(means).into_iter().map(Arc::new).collect(),
        authorizer: Arc::new(authz::Management),
        clock: clock.clone(),
        version: health::embedded_version(),
        custom_resources: false,
    })
}

/// The id of this installation, made at its first start.
async fn instance_id(store: &Store) -> Result<String> {
    store
        .write(|tx| {
            const FACT: &str = "instance";
            if let Some(id) = tx.fact(FACT)? {
                return Ok(id);
            }
            let id = uuid::Uuid::new_v4().to_string();
            tx.set_fact(FACT, &id)?;
            Ok(id)
        })
        .await
}

/// Makes what every installation begins with, if this is the first start.
async fn first_start(store: &Store, config: &Serve) -> Result<AdminPassword> {
    if store.write::<_, Error>(|tx| seed::is_seeded(tx)).await? {
        return Ok(AdminPassword::SetBefore);
    }
    let (password, told) = match &config.admin_password_file {
        Some(file) => (read_password(file)?, AdminPassword::FromFile(file.clone())),
        None => {
            let password = random_password()?;
            (password.clone(), AdminPassword::MadeUp(password))
        }
    };
    let hashing = tokio::task::spawn_blocking(move || password::hash(&password));
    let phc = hashing.await.map_err(broken)??;
    store.write(move |tx| seed::seed(tx, &phc)).await?;
    Ok(told)
}

fn read_password(path: &Path) -> Result<String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| broken(format!("{}: {error}", path.display())))?;
    let password = text.trim_end_matches(['\r', '\n']).to_owned();
    crate::auth::check_password(&password)
        .map_err(|words| broken(format!("{}: {words}", path.display())))?;
    Ok(password)
}

/// Twenty letters and digits that are not mistaken for one another: over 97 bits.
///
/// # Errors
/// The operating system has no random bytes.
pub fn random_password() -> Result<String> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let bytes = crate::auth::random::<20>()?;
    Ok(bytes.iter().map(|it| char::from(LETTERS[usize::from(it % 32)])).collect())
}

/// Forgets old changes and dead sessions, again and again.
async fn tidy(app: App) {
    let mut ticks = tokio::time::interval(TIDY_EVERY);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.stop.cancelled() => return,
        }
        let now = app.clock.now_seconds();
        let idle = now - i64::from(app.config.session_idle);
        let life = now - i64::from(app.config.session_life);
        let forgot =
            app.store.write::<_, Error>(move |tx| Ok(tx.forget_sessions(idle, life)?)).await;
        let compacted = app.store.compact(COMPACT_AFTER, COMPACT_KEEP).await;
        let audited = app.gateway.audit.tidy(app.config.audit_days).await;
        if forgot.is_err() || compacted.is_err() || audited.is_err() {
            tracing::warn!("the store could not be tidied");
        }
    }
}

/// Runs until the process is told to stop, and then until open requests have ended.
///
/// # Errors
/// The data folder, the certificate or the port cannot be used.
pub async fn run(config: Serve) -> io::Result<()> {
    let folder: PathBuf = config
        .data
        .folder()
        .ok_or_else(|| io::Error::other("where are the data? Say it with --data"))?;
    let names = tls::names(config.listen.ip(), config.url.as_deref(), &config.host_names);
    // The folder first: it holds the certificate.
    drop(files::open_folder(&folder)?);
    let tls = match (&config.tls_cert, &config.tls_key) {
        (Some(certificate), Some(key)) => tls::given(certificate, key)?,
        _ => tls::own(&folder, &names)?,
    };
    let ca_data = tls.authority_data();
    let listener = TcpListener::bind(config.listen).await?;
    let (address, drain) = (listener.local_addr()?, config.drain());
    // What agents are told has the port that was really taken.
    let config = Serve { listen: address, ..config };
    let (url, private) = (config.url.clone(), tls.authority.is_some());
    let running = start(config, &folder, names, ca_data, Clock::system()).await.map_err(chain)?;
    let reset = match &running.app.config.data.folder {
        Some(folder) => format!("dormer admin reset-password admin --data {}", folder.display()),
        None => "dormer admin reset-password admin".to_owned(),
    };
    banner(address, url.as_deref(), private, &running.password, &reset);
    let stop = running.app.stop.clone();
    tokio::spawn(stop_on_signal(stop.clone()));
    listen::serve(listener, tls.config, routes::router(running.app.clone()), stop, drain).await;
    running.stop().await;
    Ok(())
}

/// Our error with its cause: to the person at the terminal, nothing is hidden.
fn chain(error: Error) -> io::Error {
    match error {
        Error::Internal(source) => io::Error::other(source),
        other => io::Error::other(other),
    }
}

/// What the person who started us needs to know, as the last thing on the terminal.
fn banner(
    address: std::net::SocketAddr,
    url: Option<&str>,
    private: bool,
    password: &AdminPassword,
    reset: &str,
) {
    let port = address.port();
    let (open, cli) = match url {
        Some(url) => (url.to_owned(), url.to_owned()),
        None if address.ip().is_loopback() => {
            (format!("http://localhost:{port}"), format!("https://localhost:{port}"))
        }
        None => (format!("https://{address}"), format!("https://{address}")),
    };
    let insecure = if private { " --insecure" } else { "" };
    println!("\nDormer {} is running.\n", env!("CARGO_PKG_VERSION"));
    println!("  Open      {open}");
    println!("  Username  admin");
    match password {
        AdminPassword::MadeUp(password) => println!("  Password  {password}    (shown this once)"),
        AdminPassword::FromFile(file) => println!("  Password  the one in {}", file.display()),
        AdminPassword::SetBefore => {
            println!("  Password  the one from the first start; `{reset}` makes a new one");
        }
    }
    println!("  CLI       loft login {cli}{insecure}\n");
}

/// Cancels `stop` when the process is told to stop; the second time ends it at once.
pub async fn stop_on_signal(stop: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    stop.cancel();
    // A second time means now.
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    std::process::exit(130);
}

/// Gives a user a new random password, prints it, and opens their account again.
///
/// # Errors
/// The server runs, or there is no such user.
pub async fn reset_password(folder: &Path, username: &str) -> io::Result<()> {
    if !folder.join(store::FILE).exists() {
        let place = folder.display();
        return Err(io::Error::other(format!(
            "there are no data of Dormer in {place}: say where with --data"
        )));
    }
    let _lock = files::open_folder(folder)?;
    let store = Store::open(folder, Clock::system())
        .map_err(|error| io::Error::other(error.to_string()))?;
    let password = random_password().map_err(chain)?;
    let (login, hashed) = (username.to_owned(), password.clone());
    let phc = password::hash(&hashed).map_err(chain)?;
    let found = store
        .write::<_, Error>(move |tx| {
            let user = crate::auth::user_by_login(&tx.snapshot()?, &login)?;
            let Some(user) = user else { return Ok(false) };
            let name = user.metadata.name;
            tx.set_password(&name, Some(&phc))?;
            tx.end_sessions_of(&name)?;
            tx.forget_strikes(&format!("user/{name}"))?;
            Ok(true)
        })
        .await
        .map_err(chain)?;
    if !found {
        return Err(io::Error::other(format!("there is no user {username}")));
    }
    println!("The password of {username} is now {password}");
    Ok(())
}
