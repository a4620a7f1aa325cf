//! A real control plane for the tests of this binary: `etcd`, `kube-apiserver` and
//! `kube-controller-manager`.
//!
//! There is one for all of them, because it takes seconds to start; each test has a namespace of its
//! own. There are no nodes: a pod is made, and stays `Pending` unless a test says otherwise.

use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use axum::http::Request;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::PostParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::certificates::{Certificates, signing_key};
use crate::programs::{Programs, needed};

/// Who may sign in, as `kube-apiserver` reads it: token, user, uid, groups.
const USERS: &str = "\
admin-token,admin,admin,system:masters
agent-token,agent,agent
stranger-token,stranger,stranger
";
/// How long a control plane may take to answer: two seconds by itself, more beside a build.
const PATIENCE: Duration = Duration::from_secs(90);

/// A running control plane.
pub struct Cluster {
    port: u16,
    authority: String,
    programs: Programs,
}

impl Cluster {
    /// The control plane that all tests of this binary share, or nothing (and a line that says so)
    /// where there are no programs for one.
    pub async fn shared() -> Option<&'static Self> {
        static SHARED: OnceCell<Option<Cluster>> = OnceCell::const_new();
        SHARED.get_or_init(Self::start).await.as_ref()
    }

    /// One of its own, for a test that stops it.
    pub async fn start() -> Option<Self> {
        let (etcd, apiserver) = (needed("etcd")?, needed("kube-apiserver")?);
        let controllers = needed("kube-controller-manager")?;
        let folder = TempDir::with_prefix("dormer-kubernetes-").unwrap().keep();
        let mut programs = Programs::in_folder(folder);
        let certificates = Certificates::make();
        let [etcd_port, peer_port, port] = free_ports();
        programs.start(&etcd, &etcd_arguments(programs.folder(), etcd_port, peer_port));
        write_files(programs.folder(), &certificates);
        programs.start(&apiserver, &apiserver_arguments(programs.folder(), etcd_port, port));
        let mut cluster = Self { port, authority: certificates.authority, programs };
        cluster.until_ready().await;
        let kubeconfig = cluster.programs.folder().join("controllers.kubeconfig");
        std::fs::write(&kubeconfig, cluster.kubeconfig("admin")).unwrap();
        let arguments = controller_arguments(cluster.programs.folder(), &kubeconfig);
        cluster.programs.start(&controllers, &arguments);
        Some(cluster)
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// What a person who is `user` would have in a file. Nothing in it points at another file.
    pub fn kubeconfig(&self, user: &str) -> String {
        kubeconfig(&self.url(), &self.authority, &format!("{user}-token"))
    }

    /// A client that is `user`. It works in this test alone: its tasks are those of the runtime.
    pub async fn client(&self, user: &str) -> Client {
        let parsed = Kubeconfig::from_yaml(&self.kubeconfig(user)).unwrap();
        let options = KubeConfigOptions::default();
        let config = Config::from_custom_kubeconfig(parsed, &options).await.unwrap();
        Client::try_from(config).unwrap()
    }

    /// Makes a namespace whose name begins like this.
    pub async fn namespace(&self, prefix: &str) -> String {
        let body = json!({ "metadata": { "generateName": format!("{prefix}-") } });
        let namespace: Namespace = serde_json::from_value(body).unwrap();
        let namespaces: Api<Namespace> = Api::all(self.client("admin").await);
        namespaces.create(&PostParams::default(), &namespace).await.unwrap().metadata.name.unwrap()
    }

    async fn until_ready(&mut self) {
        let client = self.client("admin").await;
        let begun = Instant::now();
        loop {
            let request = Request::get("/readyz").body(Vec::new()).unwrap();
            let Err(error) = client.request_text(request).await else { return };
            self.programs.expect_running();
            let words = || self.programs.last_words("kube-apiserver");
            assert!(begun.elapsed() < PATIENCE, "not ready: {error}\n{}", words());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Waits until something holds.
#[track_caller]
pub fn until(holds: impl AsyncFn() -> bool) -> impl Future<Output = ()> {
    let place = std::panic::Location::caller();
    async move {
        let begun = Instant::now();
        while !holds().await {
            assert!(begun.elapsed() < PATIENCE, "what {place} waits for does not come");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// A kubeconfig with one context.
pub fn kubeconfig(server: &str, authority: &str, token: &str) -> String {
    let document = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "real",
        "clusters": [{ "name": "real", "cluster": {
            "server": server,
            "certificate-authority-data": ByteString(authority.as_bytes().to_vec()),
        } }],
        "users": [{ "name": "somebody", "user": { "token": token } }],
        "contexts": [{ "name": "real", "context": { "cluster": "real", "user": "somebody" } }],
    });
    format!("{document:#}")
}

fn write_files(folder: &Path, certificates: &Certificates) {
    let (private, public) = signing_key();
    for (name, text) in [
        ("ca.crt", certificates.authority.as_str()),
        ("tls.crt", &certificates.certificate),
        ("tls.key", &certificates.key),
        ("accounts.key", &private),
        ("accounts.pub", &public),
        ("users.csv", USERS),
    ] {
        std::fs::write(folder.join(name), text).unwrap();
    }
}

fn etcd_arguments(folder: &Path, port: u16, peer_port: u16) -> Vec<String> {
    let (url, peer) = (format!("http://127.0.0.1:{port}"), format!("http://127.0.0.1:{peer_port}"));
    vec![
        format!("--data-dir={}", folder.join("etcd").display()),
        format!("--listen-client-urls={url}"),
        format!("--advertise-client-urls={url}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=default={peer}"),
        // Nobody misses it after a power cut.
        "--unsafe-no-fsync".into(),
    ]
}

fn apiserver_arguments(folder: &Path, etcd_port: u16, port: u16) -> Vec<String> {
    let file = |name: &str| folder.join(name).display().to_string();
    vec![
        format!("--etcd-servers=http://127.0.0.1:{etcd_port}"),
        "--bind-address=127.0.0.1".into(),
        "--advertise-address=127.0.0.1".into(),
        // It would complain about the loopback address, all the time.
        "--endpoint-reconciler-type=none".into(),
        format!("--secure-port={port}"),
        format!("--tls-cert-file={}", file("tls.crt")),
        format!("--tls-private-key-file={}", file("tls.key")),
        "--authorization-mode=RBAC".into(),
        format!("--token-auth-file={}", file("users.csv")),
        "--service-account-issuer=https://kubernetes.default.svc".into(),
        format!("--service-account-key-file={}", file("accounts.pub")),
        format!("--service-account-signing-key-file={}", file("accounts.key")),
        "--service-cluster-ip-range=10.96.0.0/16".into(),
    ]
}

fn controller_arguments(folder: &Path, kubeconfig: &Path) -> Vec<String> {
    vec![
        format!("--kubeconfig={}", kubeconfig.display()),
        format!("--root-ca-file={}", folder.join("ca.crt").display()),
        format!("--service-account-private-key-file={}", folder.join("accounts.key").display()),
        // It is alone, and nobody asks it anything.
        "--leader-elect=false".into(),
        "--secure-port=0".into(),
    ]
}

/// Ports that nobody had a moment ago: `kube-apiserver` does not choose one by itself.
fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind(("127.0.0.1", 0)).unwrap());
    listeners.map(|it| it.local_addr().unwrap().port())
}
