//! Something that passes for a real Kubernetes cluster, and does with requests what a test wants.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

/// What an agent shows it.
const TOKEN: &str = "the-agents-own";

/// What a request brought: method, path, and headers.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub headers: HeaderMap,
}

/// What came over connections that were upgraded, or should not have been.
#[derive(Default)]
struct Log {
    seen: Vec<Seen>,
    bytes: Vec<u8>,
}

/// A fake API server. Ends with the test.
pub struct Cluster {
    pub port: u16,
    authority: String,
    log: Arc<Mutex<Log>>,
    accepting: JoinHandle<()>,
}

impl Cluster {
    pub async fn start() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let log = Arc::<Mutex<Log>>::default();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let accepting = tokio::spawn(accept(listener, acceptor, log.clone()));
        Self { port, authority: made.cert.pem(), log, accepting }
    }

    /// A kubeconfig of an administrator, in a file.
    pub fn kubeconfig(&self, folder: &Path) -> std::path::PathBuf {
        let file = folder.join("kubeconfig");
        let text = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{ "name": "c", "cluster": {
                "server": format!("https://localhost:{}", self.port),
                "certificate-authority-data": STANDARD.encode(&self.authority),
            } }],
            "users": [{ "name": "c", "user": { "token": TOKEN } }],
            "contexts": [{ "name": "c", "context": { "cluster": "c", "user": "c" } }],
        });
        std::fs::write(&file, text.to_string()).unwrap();
        file
    }

    /// The last request whose path contains this.
    #[track_caller]
    pub fn last(&self, path: &str) -> Seen {
        let log = self.log.lock().unwrap();
        log.seen.iter().rfind(|it| it.path.contains(path)).cloned().expect(path)
    }

    /// How many requests came whose path contains this.
    pub fn count(&self, path: &str) -> usize {
        self.log.lock().unwrap().seen.iter().filter(|it| it.path.contains(path)).count()
    }

    /// All that came after the head of a request for an upgrade.
    pub fn bytes(&self) -> Vec<u8> {
        self.log.lock().unwrap().bytes.clone()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, log: Arc<Mutex<Log>>) {
    let router = Router::new().fallback(answer).with_state(log);
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (acceptor, router) = (acceptor.clone(), router.clone());
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                router.clone().oneshot(request.map(Body::new))
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades();
            // The other side may go as it likes.
            _ = connection.await;
        });
    }
}

fn object(value: &Value) -> Response {
    axum::Json(value).into_response()
}

async fn answer(State(log): State<Arc<Mutex<Log>>>, mut request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let shown = request.headers().get(header::AUTHORIZATION).cloned();
    log.lock().unwrap().seen.push(Seen {
        method: request.method().to_string(),
        path: request.uri().to_string(),
        headers: request.headers().clone(),
    });
    if shown.is_none_or(|it| it != format!("Bearer {TOKEN}").as_str()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match path.as_str() {
        "/version" => object(&json!({
            "major": "1", "minor": "33", "gitVersion": "v1.33.0", "gitCommit": "", "gitTreeState": "",
            "buildDate": "", "goVersion": "", "compiler": "", "platform": "",
        })),
        "/api/v1/namespaces/kube-system" => object(&json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": { "name": "kube-system", "uid": "a-real-one" },
        })),
        "/hops" => {
            let hops = [
                ("connection", "close, x-own"),
                ("x-own", "1"),
                ("keep-alive", "timeout=1"),
                ("x-passes", "1"),
            ];
            (hops, "ok").into_response()
        }
        "/echo" => object(&json!({ "ok": true })),
        path => {
            match path.strip_prefix("/answer/").map(|it| it.split_once('/').unwrap_or((it, ""))) {
                Some((code, rest)) => told(code.parse().unwrap(), rest, log, &mut request),
                None => StatusCode::NOT_FOUND.into_response(),
            }
        }
    }
}

/// Answers as the path says: a code, and after it a protocol or `location`.
fn told(code: u16, rest: &str, log: Arc<Mutex<Log>>, request: &mut Request) -> Response {
    let mut response = Response::builder().status(code);
    if rest == "location" {
        response = response.header(header::LOCATION, "https://evil.example/");
    }
    if code == 101 {
        response = response.header(header::CONNECTION, "Upgrade");
        response = response.header(header::UPGRADE, rest.replace("spdy", "SPDY/3.1"));
        response = response.header("sec-websocket-protocol", "v5.channel.k8s.io");
        let upgrade = hyper::upgrade::on(request);
        tokio::spawn(async move {
            let Ok(stream) = upgrade.await else { return };
            echo(TokioIo::new(stream), &log).await;
        });
        return response.body(Body::empty()).unwrap();
    }
    response.body(Body::from("refused")).unwrap()
}

/// Speaks first, and then says everything again.
async fn echo(mut stream: TokioIo<hyper::upgrade::Upgraded>, log: &Mutex<Log>) {
    stream.write_all(b"hello").await.unwrap();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        log.lock().unwrap().bytes.extend_from_slice(&buffer[..read]);
        if read == 0 || stream.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
