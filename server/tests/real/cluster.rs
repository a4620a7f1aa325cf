//! A real control plane for the tests of this binary: `etcd`, `kube-apiserver` and
//! `kube-controller-manager`.
//!
//! There is one for all of them, because it takes seconds to start; each test has a namespace of its
//! own. There is no scheduler: a pod stays `Pending` unless a test puts it on the node (see `pods`).

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use axum::http::Request;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::PostParams;
use kube::{Api, Client, Config};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::certificates::{Certificates, signing_key};
use crate::pods;
use crate::programs::{Programs, needed};

/// Who may sign in, and their group.
const USERS: [(&str, &str); 2] = [("admin", "system:masters"), ("stranger", "strangers")];
/// How long a control plane may take to answer: two seconds by itself, more beside a build.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running control plane.
pub struct Cluster {
    url: String,
    /// The tokens end with it: whoever is on the same network cannot guess them.
    secret: String,
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
        let kubelet = needed("kubelet-for-tests")?;
        let folder = TempDir::with_prefix("dormer-kubernetes-").unwrap().keep();
        let mut programs = Programs::in_folder(folder);
        let address = own_address();
        let secret = uuid::Uuid::new_v4().simple().to_string();
        let certificates = Certificates::make(address);
        let [etcd_port, peer_port, port, kubelet_port] = free_ports();
        programs.start("etcd", &etcd, &etcd_arguments(programs.folder(), etcd_port, peer_port));
        write_files(programs.folder(), &certificates, &secret);
        let url = format!("https://{}", SocketAddr::new(address, port));
        let mut arguments = apiserver_arguments(programs.folder(), etcd_port);
        arguments.push(format!("--bind-address={address}"));
        arguments.push(format!("--secure-port={port}"));
        pods::start(&mut programs, &kubelet, kubelet_port);
        programs.start("kube-apiserver", &apiserver, &arguments);
        let mut cluster = Self { url, secret, authority: certificates.authority, programs };
        cluster.until_ready().await;
        let kubeconfig = cluster.programs.folder().join("controllers.kubeconfig");
        std::fs::write(&kubeconfig, cluster.kubeconfig("admin")).unwrap();
        let arguments = controller_arguments(cluster.programs.folder(), &kubeconfig);
        cluster.programs.start("controllers", &controllers, &arguments);
        pods::register(&cluster, kubelet_port).await;
        Some(cluster)
    }

    /// Where its programs keep what they have.
    pub fn folder(&self) -> &Path {
        self.programs.folder()
    }

    /// What somebody proves with that they are `user`.
    pub fn token(&self, user: &str) -> String {
        format!("{user}-{}", self.secret)
    }

    /// What a person who is `user` would have in a file. Nothing in it points at another file.
    pub fn kubeconfig(&self, user: &str) -> String {
        self.kubeconfig_with(&self.token(user))
    }

    /// The same for whoever has this token.
    pub fn kubeconfig_with(&self, token: &str) -> String {
        kubeconfig(&self.url, &self.authority, token)
    }

    /// The same as a file, which goes with its folder.
    pub fn kubeconfig_file(&self, user: &str) -> (TempDir, PathBuf) {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("kubeconfig");
        std::fs::write(&file, self.kubeconfig(user)).unwrap();
        (folder, file)
    }

    /// A client that is `user`. It works in this test alone: its tasks are those of the runtime.
    pub fn client(&self, user: &str) -> Client {
        client(&self.url, &self.authority, &self.token(user))
    }

    /// Makes a namespace whose name begins like this.
    pub async fn namespace(&self, prefix: &str) -> String {
        let body = json!({ "metadata": { "generateName": format!("{prefix}-") } });
        let namespace: Namespace = serde_json::from_value(body).unwrap();
        let namespaces: Api<Namespace> = Api::all(self.client("admin"));
        namespaces.create(&PostParams::default(), &namespace).await.unwrap().metadata.name.unwrap()
    }

    async fn until_ready(&mut self) {
        let client = self.client("admin");
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

/// A client of `server`; an empty token is none.
pub fn client(server: &str, authority: &str, token: &str) -> Client {
    let mut config = Config::new(server.parse().unwrap());
    let authority = CertificateDer::from_pem_slice(authority.as_bytes()).unwrap();
    config.root_cert = Some(vec![authority.to_vec()]);
    if !token.is_empty() {
        config.auth_info.token = Some(token.to_owned().into());
    }
    Client::try_from(config).unwrap()
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

fn write_files(folder: &Path, certificates: &Certificates, secret: &str) {
    // Token, user, uid, groups.
    let users = USERS.map(|(user, group)| format!("{user}-{secret},{user},{user},{group}\n"));
    let (private, public) = signing_key();
    for (name, text) in [
        ("ca.crt", certificates.authority.as_str()),
        ("tls.crt", &certificates.certificate),
        ("tls.key", &certificates.key),
        ("accounts.key", &private),
        ("accounts.pub", &public),
        ("users.csv", &users.concat()),
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

fn apiserver_arguments(folder: &Path, etcd_port: u16) -> Vec<String> {
    let file = |name: &str| folder.join(name).display().to_string();
    vec![
        format!("--etcd-servers=http://127.0.0.1:{etcd_port}"),
        "--advertise-address=127.0.0.1".into(),
        // It would complain about that address, all the time.
        "--endpoint-reconciler-type=none".into(),
        format!("--tls-cert-file={}", file("tls.crt")),
        format!("--tls-private-key-file={}", file("tls.key")),
        "--authorization-mode=RBAC".into(),
        format!("--token-auth-file={}", file("users.csv")),
        // How it asks the node for logs, exec and port-forward.
        format!("--kubelet-client-certificate={}", file("tls.crt")),
        format!("--kubelet-client-key={}", file("tls.key")),
        format!("--kubelet-certificate-authority={}", file("ca.crt")),
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

/// This machine's address in its network; loopback where it is in none. Clusters are elsewhere, as a
/// rule, and some of our code takes loopback for something else.
pub fn own_address() -> IpAddr {
    let loopback = IpAddr::from(Ipv4Addr::LOCALHOST);
    let Ok(socket) = UdpSocket::bind(("0.0.0.0", 0)) else { return loopback };
    // Sends nothing; only looks up the way. An address of documentation, RFC 5737.
    let way = socket.connect(("203.0.113.1", 9)).and_then(|()| socket.local_addr());
    way.map_or(loopback, |it| it.ip())
}

/// Ports that nobody had a moment ago: `kube-apiserver` does not choose one by itself.
pub fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind(("127.0.0.1", 0)).unwrap());
    listeners.map(|it| it.local_addr().unwrap().port())
}
