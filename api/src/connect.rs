//! How to reach a virtual cluster: every command line and file that the Connect panel shows.
//!
//! A pure function of what is known, so that what is shown can be held to what a shell makes of it.

use crate::annotation;
use crate::meta::ObjectMeta;
use crate::session::Instance;

mod kubeconfig;
mod line;

pub use kubeconfig::kubeconfig;
pub use line::{Line, Piece, block};
use line::{home_path, quote};

/// The variable that the commands keep the access key in.
pub const KEY_VARIABLE: &str = "DORMER_ACCESS_KEY";
/// Stands where an access key has to be put by hand.
pub const KEY_PLACEHOLDER: &str = "vck_…";

/// Which way requests go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// Straight to the host cluster's own endpoint.
    Direct,
    /// Through the gateway of the central instance.
    Central,
}

/// What the commands are made from.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Where the central instance is, and who vouches for its certificate.
    pub instance: &'a Instance,
    /// The name of the project.
    pub project: &'a str,
    /// The name of the virtual cluster.
    pub vcluster: &'a str,
    /// The direct endpoint of the host cluster, where it has one.
    pub endpoint: Option<&'a Endpoint>,
    /// The way that the person chose. Without an endpoint it is [`Route::Central`] all the same.
    pub route: Route,
    /// An access key that was just made.
    pub key: Option<&'a str>,
}

/// The direct endpoint of a host cluster, as its annotations tell it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// `https://` and a host, without a path or a slash at its end.
    pub url: String,
    /// An administrator switched off the check of its certificate.
    pub insecure: bool,
    /// Base64 of the PEM of its certificate authority; empty where every machine trusts it.
    pub ca_data: String,
}

impl Endpoint {
    /// Reads the annotations of a host cluster; `None` where it has no direct endpoint.
    ///
    /// Source: the loft CLI's own reading: one `/` at the end goes, `https://` is put in front.
    #[must_use]
    pub fn of(cluster: &ObjectMeta) -> Option<Self> {
        let host = cluster.annotation(annotation::DIRECT_ENDPOINT)?;
        let host = host.strip_suffix('/').unwrap_or(host);
        let insecure = cluster.annotation(annotation::DIRECT_ENDPOINT_INSECURE) == Some("true");
        let ca_data = cluster.annotation(annotation::DIRECT_ENDPOINT_CA_DATA).unwrap_or_default();
        Some(Self {
            url: match host.starts_with("https://") {
                true => host.to_owned(),
                false => format!("https://{host}"),
            },
            insecure,
            // A client refuses a configuration that has both.
            ca_data: if insecure { String::new() } else { ca_data.to_owned() },
        })
    }
}

/// Where a Kubernetes client has to go, and how it checks whom it talks to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The URL, with its path.
    pub url: String,
    /// The certificate is not checked.
    pub insecure: bool,
    /// Base64 of the PEM of the certificate authority; empty where every machine trusts it.
    pub ca_data: String,
}

impl Request<'_> {
    /// The name of the context, the cluster and the user in a kubeconfig. Loft's own.
    #[must_use]
    pub fn context(&self) -> String {
        format!("loft-vcluster_{}_{}", self.vcluster, self.project)
    }

    /// The server that the chosen route leads to.
    #[must_use]
    pub fn server(&self) -> Server {
        let path = format!("/kubernetes/project/{}/virtualcluster/{}", self.project, self.vcluster);
        match (self.route, self.endpoint) {
            (Route::Direct, Some(endpoint)) => Server {
                url: format!("{}{path}", endpoint.url),
                insecure: endpoint.insecure,
                ca_data: endpoint.ca_data.clone(),
            },
            (Route::Direct | Route::Central, _) => Server {
                url: format!("{}{path}", self.instance.url),
                insecure: false,
                ca_data: self.instance.ca_data.clone(),
            },
        }
    }
}

/// Commands that need nothing but `kubectl` and a POSIX shell.
///
/// The secret is in a variable and a file, never in an argument, where every user of the machine
/// could read it.
#[must_use]
pub fn kubectl(request: &Request) -> Vec<Line> {
    let context = request.context();
    let name = quote(&context);
    let server = request.server();
    let mut lines = vec![
        match request.key {
            Some(key) => Line::new("Keep the key in this shell")
                .plain(format!("export {KEY_VARIABLE}="))
                .secret(line::single_quoted(key)),
            None => Line::new("Paste an access key, then press Enter; it is not shown")
                .plain(format!("read -rs {KEY_VARIABLE}")),
        },
        Line::new("Keep the key in a file that only you can read").plain(format!(
            "(umask 077 && mkdir -p ~/.kube/dormer && printf %s \"${KEY_VARIABLE}\" \
             > ~/.kube/dormer/{name})"
        )),
        Line::new("Say where the cluster is").plain(format!(
            "kubectl config set-cluster {name} --server={}{}",
            quote(&server.url),
            if server.insecure { " --insecure-skip-tls-verify=true" } else { "" }
        )),
    ];
    if !server.ca_data.is_empty() {
        lines.push(
            Line::new("Trust its certificate, and no other")
                .plain(format!("kubectl config set clusters.{name}.certificate-authority-data "))
                .long(quote(&server.ca_data)),
        );
    }
    let file = home_path(".kube/dormer", &context);
    lines.extend([
        Line::new("Say who you are")
            .plain(format!("kubectl config set users.{name}.tokenFile {file}")),
        Line::new("Join the two")
            .plain(format!("kubectl config set-context {name} --cluster={name} --user={name}")),
        Line::new("Switch to it").plain(format!("kubectl config use-context {name}")),
        Line::new("Check").plain("kubectl get ns".to_owned()),
    ]);
    lines
}

/// Commands for the vcluster CLI.
///
/// Source: vCluster Platform's documentation, "platform CLI".
#[must_use]
pub fn vcluster_cli(request: &Request) -> Vec<Line> {
    let mut lines = login("vcluster platform login", request);
    lines.push(Line::new("Connect").plain(format!(
        "vcluster platform connect vcluster {} --project {}",
        quote(request.vcluster),
        quote(request.project)
    )));
    lines.push(Line::new("Check").plain("kubectl get ns".to_owned()));
    lines
}

/// Commands for the loft CLI.
///
/// Source: Loft 3's documentation, "retrieve kube-config".
#[must_use]
pub fn loft_cli(request: &Request) -> Vec<Line> {
    let detour = request.endpoint.is_some() && request.route == Route::Central;
    let mut lines = login("loft login", request);
    lines.push(Line::new("Connect").plain(format!(
        "loft use vcluster {} --project {}{}",
        quote(request.vcluster),
        quote(request.project),
        if detour { " --disable-direct-cluster-endpoint" } else { "" }
    )));
    lines.push(Line::new("Check").plain("kubectl get ns".to_owned()));
    lines
}

/// The one line that signs a CLI in with an access key.
#[must_use]
pub fn login_line(command: &str, instance: &Instance, key: &str) -> Line {
    Line::new("Sign in with the key")
        .plain(format!("{command} {} --access-key ", quote(&instance.url)))
        .secret(quote(key))
        .plain(insecure_flag(instance).to_owned())
}

/// How a CLI is signed in: with the key that was made, or else through the browser, and beside it
/// the line for a machine that has none.
fn login(command: &str, request: &Request) -> Vec<Line> {
    let instance = request.instance;
    if let Some(key) = request.key {
        return vec![login_line(command, instance, key)];
    }
    let (url, flag) = (quote(&instance.url), insecure_flag(instance));
    vec![
        Line::new("Sign in through the browser, once on this machine")
            .plain(format!("{command} {url}{flag}")),
        Line::new("Or, without a browser, put an access key in place of vck_…")
            .plain(format!("{command} {url} --access-key {KEY_PLACEHOLDER}{flag}"))
            .instead(),
    ]
}

/// The CLIs cannot be given a certificate authority at sign-in, so a private one needs the flag.
fn insecure_flag(instance: &Instance) -> &'static str {
    if instance.ca_data.is_empty() { "" } else { " --insecure" }
}

#[cfg(test)]
mod tests;
