//! How to reach a virtual cluster, or a host cluster itself: every command line and file that the Connect panel shows.
//!
//! A pure function of what is known, so that what is shown can be held to what a shell makes of it.

use crate::annotation;
use crate::meta::ObjectMeta;
use crate::session::Instance;

mod kubeconfig;
mod line;
mod plugin;

pub use kubeconfig::kubeconfig;
use line::home_path;
pub(crate) use line::quote;
pub use line::{Line, Piece, block};

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
    /// The name of the project; empty for a host cluster.
    pub project: &'a str,
    /// The name of the virtual cluster; empty where the host cluster itself is meant.
    pub vcluster: &'a str,
    /// The name of the host cluster, for whose endpoint tokens are made.
    pub cluster: &'a str,
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
        let host = cluster.annotation(annotation::DIRECT_ENDPOINT).filter(|it| !it.is_empty())?;
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
        match self.is_host() {
            true => format!("loft_{}", self.cluster),
            false => format!("loft-vcluster_{}_{}", self.vcluster, self.project),
        }
    }

    /// The host cluster itself is meant, and no virtual cluster in it.
    fn is_host(&self) -> bool {
        self.vcluster.is_empty()
    }

    /// What is reached, as the CLIs are told it.
    fn target(&self) -> String {
        match self.is_host() {
            true => format!("cluster {}", quote(self.cluster)),
            false => {
                format!("vcluster {} --project {}", quote(self.vcluster), quote(self.project))
            }
        }
    }

    /// The endpoint, where there is one and the person chose it.
    fn direct(&self) -> Option<&Endpoint> {
        self.endpoint.filter(|_| self.route == Route::Direct)
    }

    /// The server that the chosen route leads to.
    #[must_use]
    pub fn server(&self) -> Server {
        let path = match (self.is_host(), self.direct()) {
            (false, _) => {
                format!("/kubernetes/project/{}/virtualcluster/{}", self.project, self.vcluster)
            }
            // An endpoint is that of one cluster, so it needs no name.
            (true, Some(_)) => "/kubernetes/cluster".to_owned(),
            (true, None) => format!("/kubernetes/cluster/{}", self.cluster),
        };
        match self.direct() {
            Some(endpoint) => Server {
                url: format!("{}{path}", endpoint.url),
                insecure: endpoint.insecure,
                ca_data: endpoint.ca_data.clone(),
            },
            None => Server {
                url: format!("{}{path}", self.instance.url),
                insecure: false,
                ca_data: self.instance.ca_data.clone(),
            },
        }
    }
}

/// Commands that need nothing but `kubectl` and a POSIX shell, and `curl` on the direct route.
///
/// The secret is in a variable and a file, never in an argument, where every user of the machine
/// could read it.
#[must_use]
pub fn kubectl(request: &Request) -> Vec<Line> {
    let context = request.context();
    let name = quote(&context);
    let server = request.server();
    let mut lines = vec![match request.key {
        Some(key) => Line::new("Keep the key in this shell")
            .plain(format!("export {KEY_VARIABLE}="))
            .secret(line::single_quoted(key)),
        None => Line::new("Paste an access key, then press Enter; it is not shown")
            .plain(format!("read -rs {KEY_VARIABLE}")),
    }];
    lines.extend(keep_key(request));
    lines.extend([
        // What the other route left would be mixed with what this one sets.
        Line::new("Forget what an earlier connection left").plain(format!(
            "kubectl config unset users.{name} && kubectl config unset clusters.{name}"
        )),
        Line::new("Say where the cluster is").plain(format!(
            "kubectl config set-cluster {name} --server={}{}",
            quote(&server.url),
            if server.insecure { " --insecure-skip-tls-verify=true" } else { "" }
        )),
    ]);
    if !server.ca_data.is_empty() {
        lines.push(
            Line::new("Trust its certificate, and no other")
                .plain(format!("kubectl config set clusters.{name}.certificate-authority-data "))
                .long(quote(&server.ca_data)),
        );
    }
    lines.extend([
        say_who(request),
        Line::new("Join the two")
            .plain(format!("kubectl config set-context {name} --cluster={name} --user={name}")),
        Line::new("Switch to it").plain(format!("kubectl config use-context {name}")),
        Line::new("Check").plain("kubectl get ns".to_owned()),
    ]);
    lines
}

/// Writes the key where `kubectl` or the plugin finds it, and whom the plugin may trust with it.
fn keep_key(request: &Request) -> Vec<Line> {
    let name = quote(&request.context());
    let folder = plugin::FOLDER;
    if request.direct().is_none() {
        return vec![Line::new("Keep the key in a file that only you can read").plain(format!(
            "(umask 077 && mkdir -p ~/{folder} && printf %s \"${KEY_VARIABLE}\" > ~/{folder}/{name})"
        ))];
    }
    // A token that was made for another key must not outlive it here.
    let mut lines = vec![
        Line::new("Keep the key in a file that only you can read; it is sent to the central instance only")
            .plain(format!(
                "(umask 077 && mkdir -p ~/{folder} && rm -f ~/{folder}/{name}.token && \
                 printf 'Authorization: Bearer %s\\n' \"${KEY_VARIABLE}\" > ~/{folder}/{name}.header)"
            )),
    ];
    let authority = plugin::authority(request);
    if !authority.is_empty() {
        let escaped = authority.replace('\\', "\\\\").replace('\n', "\\n");
        lines.push(
            Line::new("Keep the certificate of the central instance beside it")
                .plain("(umask 077 && printf %b ".to_owned())
                .long(line::single_quoted(&escaped))
                .plain(format!(" > ~/{folder}/{name}.ca)")),
        );
    }
    lines
}

/// The user of the context: a file with the key, or the plugin that gets tokens with it.
fn say_who(request: &Request) -> Line {
    let context = request.context();
    let name = quote(&context);
    if request.direct().is_none() {
        let file = home_path(plugin::FOLDER, &context);
        return Line::new("Say who you are")
            .plain(format!("kubectl config set users.{name}.tokenFile {file}"));
    }
    let own_ca = !plugin::authority(request).is_empty();
    let script = plugin::script(request, &context, &plugin::Secrets::Files { own_ca });
    // `kubectl` reads the value as a line of comma-separated values.
    let value = format!("\"{}\"", script.replace('"', "\"\""));
    Line::new("Say who you are: a token for this cluster alone, made anew every few minutes")
        .plain(format!(
            "kubectl config set-credentials {name} --exec-api-version={} --exec-command=sh \
             --exec-interactive-mode=Never --exec-arg=-c --exec-arg=",
            plugin::PROTOCOL
        ))
        .long(quote(&value))
}

/// Commands for the vcluster CLI.
///
/// Source: vCluster Platform's documentation, "platform CLI".
#[must_use]
pub fn vcluster_cli(request: &Request) -> Vec<Line> {
    let mut lines = login("vcluster platform login", request);
    lines.push(
        Line::new("Connect").plain(format!("vcluster platform connect {}", request.target())),
    );
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
        "loft use {}{}",
        request.target(),
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
mod shell_tests;
#[cfg(test)]
mod tests;
