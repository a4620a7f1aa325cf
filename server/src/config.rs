//! Every setting: its flag, its variable, its default and its unit.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

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
    /// Seconds that requests may take to end after SIGTERM.
    #[arg(long, env = "DORMER_DRAIN", default_value_t = 10, value_name = "SECONDS")]
    pub drain: u32,
}

impl Serve {
    /// How long requests may take to end after SIGTERM.
    #[must_use]
    pub fn drain(&self) -> Duration {
        Duration::from_secs(self.drain.into())
    }
}
