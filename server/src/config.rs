//! Every setting: its flag, its variable, its default and its unit.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::hosts::dial::{Allowed, Network};

/// An open dashboard and control plane for virtual Kubernetes clusters.
#[derive(Debug, Parser)]
#[command(name = "dormer", version)]
pub struct Cli {
    /// What to do; `serve` where nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The settings of `serve`.
    #[command(flatten)]
    pub serve: Serve,
}

/// What `dormer` can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the central instance: management API, gateway and dashboard.
    Serve(Serve),
    /// Runs beside a host cluster: makes its virtual clusters real, dials the central instance, and
    /// serves the cluster's direct endpoint.
    Agent(AgentSettings),
    /// Mends an installation from the machine that it runs on, while it does not run.
    #[command(subcommand)]
    Admin(Admin),
}

/// Repairs that need no sign-in, because they need the data folder.
#[derive(Debug, Subcommand)]
pub enum Admin {
    /// Gives a user a new random password and prints it. Wrong tries before are forgotten.
    ResetPassword {
        /// The username.
        username: String,
        /// Where the data are.
        #[command(flatten)]
        data: Data,
    },
}

/// Where the data are.
#[derive(Debug, Clone, Args)]
pub struct Data {
    /// The folder of all state: database, certificate, keys. Mode 0700. Default: `dormer` in the
    /// user's data folder.
    #[arg(long = "data", env = "DORMER_DATA", value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
}

impl Data {
    /// The folder, or where it is by default; nothing where the machine does not say.
    #[must_use]
    pub fn folder(&self) -> Option<PathBuf> {
        let home = || std::env::var_os("HOME").map(|it| PathBuf::from(it).join(".local/share"));
        let data_home = || std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).or_else(home);
        self.folder.clone().or_else(|| Some(data_home()?.join("dormer")))
    }
}

/// Settings of the central instance.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// Where it listens: TLS and, on loopback, plain HTTP too.
    #[arg(long, env = "DORMER_LISTEN", default_value = "127.0.0.1:9898", value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// Where the data are.
    #[command(flatten)]
    pub data: Data,
    /// The certificate chain, as PEM. Without it, the first start makes an authority of its own.
    #[arg(long, env = "DORMER_TLS_CERT", requires = "tls_key", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// The private key of the certificate, as PEM.
    #[arg(long, env = "DORMER_TLS_KEY", requires = "tls_cert", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// The `https://` URL that people reach this instance by, without a path. Default: the host
    /// that the browser asked for.
    #[arg(long, env = "DORMER_URL", value_name = "URL")]
    pub url: Option<String>,
    /// Host names that requests may ask for, besides loopback and that of the URL.
    #[arg(
        long = "host-name",
        env = "DORMER_HOST_NAMES",
        value_delimiter = ',',
        value_name = "NAME"
    )]
    pub host_names: Vec<String>,
    /// A file that holds the first administrator's password. Read at the first start only; without
    /// it, a random one is printed, once.
    #[arg(long, env = "DORMER_ADMIN_PASSWORD_FILE", value_name = "FILE")]
    pub admin_password_file: Option<PathBuf>,
    /// Seconds without use after which a session of the page ends.
    #[arg(long, env = "DORMER_SESSION_IDLE", default_value_t = 1800, value_name = "SECONDS")]
    pub session_idle: u32,
    /// Seconds after which a session of the page ends in any case.
    #[arg(long, env = "DORMER_SESSION_LIFE", default_value_t = 43200, value_name = "SECONDS")]
    pub session_life: u32,
    /// Addresses of clusters that may be dialled besides public ones, as ranges such as `10.0.0.0/8`. A
    /// kubeconfig that leads elsewhere is refused, whatever name it uses.
    #[arg(
        long = "allow-cluster-address",
        env = "DORMER_ALLOW_CLUSTER_ADDRESSES",
        value_delimiter = ',',
        value_name = "RANGE"
    )]
    pub allow_cluster_addresses: Vec<Network>,
    /// The `helm` program, for clusters that are connected by kubeconfig.
    #[arg(long, env = "DORMER_HELM", default_value = "helm", value_name = "PROGRAM")]
    pub helm: PathBuf,
    /// The container image that the Helm command for an agent names.
    #[arg(
        long,
        env = "DORMER_AGENT_IMAGE",
        default_value = concat!("dormer:", env!("CARGO_PKG_VERSION")),
        value_name = "IMAGE"
    )]
    pub agent_image: String,
    /// Days for which it is kept who did what through the gateway.
    #[arg(long, env = "DORMER_AUDIT_DAYS", default_value_t = 90, value_name = "DAYS")]
    pub audit_days: u32,
    /// Seconds that requests may take to end after SIGTERM.
    #[arg(long, env = "DORMER_DRAIN", default_value_t = 10, value_name = "SECONDS")]
    pub drain: u32,
}

impl Serve {
    /// Which addresses of clusters may be dialled.
    #[must_use]
    pub fn allowed(&self) -> Allowed {
        Allowed::new(self.allow_cluster_addresses.iter().copied())
    }

    /// Where people and agents reach this instance, as far as the settings tell.
    #[must_use]
    pub fn public_url(&self) -> String {
        let port = self.listen.port();
        match &self.url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None if self.listen.ip().is_loopback() => format!("https://localhost:{port}"),
            None if self.listen.ip().is_unspecified() => {
                let name = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
                let name = if name.trim().is_empty() { "localhost" } else { name.trim() };
                format!("https://{}:{port}", name.to_lowercase())
            }
            None => format!("https://{}", self.listen),
        }
    }

    /// Where the dashboard may be opened from, as a browser's `Origin` says it.
    #[must_use]
    pub fn origins(&self) -> Vec<String> {
        let mut origins = vec![self.public_url()];
        let port = self.listen.port();
        if self.listen.ip().is_loopback() {
            for host in ["localhost", "127.0.0.1", "[::1]"] {
                origins.extend(["http", "https"].map(|it| format!("{it}://{host}:{port}")));
            }
        }
        origins
    }

    /// How long requests may take to end after SIGTERM.
    #[must_use]
    pub fn drain(&self) -> Duration {
        Duration::from_secs(self.drain.into())
    }
}

/// Settings of an agent.
#[derive(Debug, Clone, Args)]
pub struct AgentSettings {
    /// The central instance: `https://` and a host, without a path.
    #[arg(long, env = "DORMER_AGENT_URL", value_name = "URL", value_parser = https)]
    pub url: String,
    /// The name of the cluster there.
    #[arg(long, env = "DORMER_AGENT_CLUSTER", value_name = "NAME", value_parser = cluster_name)]
    pub cluster: String,
    /// The join code that the dashboard shows. Needed once: after that the agent has a key of its own.
    #[arg(long, env = "DORMER_AGENT_CODE", value_name = "CODE", hide_env_values = true)]
    pub code: Option<String>,
    /// Base64 of the PEM of the authority of the central instance's certificate. Default: those that
    /// this machine trusts.
    #[arg(long, env = "DORMER_AGENT_CA_DATA", value_name = "BASE64")]
    pub ca_data: Option<String>,
    /// Where the data are: the agent's key, and its copy of who may do what. Default: a folder of the
    /// cluster's name in `dormer-agent` in the user's data folder.
    #[arg(long = "data", env = "DORMER_AGENT_DATA", value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
    /// Serves a host cluster of its own, without any Kubernetes: to try several regions on one machine.
    #[arg(long, conflicts_with = "kubeconfig")]
    pub embedded: bool,
    /// The kubeconfig of the host cluster. Default: the cluster that the agent itself runs in.
    #[arg(long, env = "DORMER_AGENT_KUBECONFIG", value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Where its direct endpoint listens. Without it there is none.
    #[arg(long, env = "DORMER_AGENT_LISTEN", value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Host and port by which people reach the direct endpoint. Default: where it listens.
    #[arg(long, env = "DORMER_AGENT_ENDPOINT", value_name = "HOST:PORT")]
    pub endpoint: Option<String>,
    /// The certificate chain of the direct endpoint, as PEM. Default: one of an authority of its own.
    #[arg(long, env = "DORMER_AGENT_TLS_CERT", requires = "tls_key", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// The private key of the certificate, as PEM.
    #[arg(long, env = "DORMER_AGENT_TLS_KEY", requires = "tls_cert", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// The `helm` program.
    #[arg(long, env = "DORMER_HELM", default_value = "helm", value_name = "PROGRAM")]
    pub helm: PathBuf,
    /// Seconds that requests may take to end after SIGTERM.
    #[arg(long, env = "DORMER_AGENT_DRAIN", default_value_t = 10, value_name = "SECONDS")]
    pub drain: u32,
}

impl AgentSettings {
    /// The folder, or where it is by default; nothing where the machine does not say.
    #[must_use]
    pub fn data(&self) -> Option<PathBuf> {
        let home = || Data { folder: None }.folder();
        let beside = || Some(home()?.with_file_name("dormer-agent").join(&self.cluster));
        self.folder.clone().or_else(beside)
    }

    /// Where people reach the direct endpoint; empty where it has none. `port` is the one that it
    /// really listens on.
    #[must_use]
    pub fn endpoint_host(&self, port: Option<u16>) -> String {
        match (&self.endpoint, self.listen, port) {
            (Some(host), ..) => host.clone(),
            (None, Some(address), Some(port)) if address.ip().is_loopback() => {
                format!("localhost:{port}")
            }
            (None, Some(address), Some(port)) if !address.ip().is_unspecified() => {
                SocketAddr::new(address.ip(), port).to_string()
            }
            (None, Some(_), Some(port)) => {
                let name = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
                format!("{}:{port}", name.trim().to_lowercase())
            }
            _ => String::new(),
        }
    }

    /// How long requests may take to end after SIGTERM.
    #[must_use]
    pub fn drain(&self) -> Duration {
        Duration::from_secs(self.drain.into())
    }
}

fn https(text: &str) -> Result<String, String> {
    let uri: axum::http::Uri = text.parse().map_err(|_| "not a URL".to_owned())?;
    let plain = uri.path_and_query().is_none_or(|it| it.as_str() == "/");
    match uri.scheme_str() {
        Some("https") if plain && uri.host().is_some() => Ok(text.trim_end_matches('/').to_owned()),
        Some("https") => Err("without a path".into()),
        _ => Err("it begins with https://".into()),
    }
}

fn cluster_name(text: &str) -> Result<String, String> {
    dormer_api::name::dns_label(text).map(|()| text.to_owned()).map_err(|it| it.to_string())
}
