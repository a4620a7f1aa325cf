//! The way in from outside of the host cluster: through its API, to a port of a pod.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures::{SinkExt, StreamExt};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::super::kubeconfig::Kubeconfig;
use super::super::{proof, reach};
use super::control_plane::{TOKEN, control_plane};
use crate::agent::helm::Stand;

/// What the fake host knows.
#[derive(Clone)]
struct Host {
    /// Where the ports of its pod are.
    pod: SocketAddr,
    forwarded: Arc<AtomicUsize>,
}

/// A host with the pod `dev-7` and nothing else.
async fn host(pod: SocketAddr) -> (kube::Client, Arc<AtomicUsize>) {
    let forwarded = Arc::new(AtomicUsize::new(0));
    let state = Host { pod, forwarded: forwarded.clone() };
    let router = Router::new()
        .route("/api/v1/namespaces/ns/pods", get(pods))
        .route("/api/v1/namespaces/ns/pods/{pod}/portforward", get(forward))
        .with_state(state);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = hyper_util::service::TowerToHyperService::new(router.clone());
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades();
            tokio::spawn(connection);
        }
    });
    let config = kube::Config::new(format!("http://{address}").parse().unwrap());
    (kube::Client::try_from(config).unwrap(), forwarded)
}

async fn pods() -> Json<serde_json::Value> {
    let pod = json!({
        "metadata": { "name": "dev-7", "namespace": "ns" },
        "status": { "conditions": [{ "type": "Ready", "status": "True" }] },
    });
    Json(json!({ "apiVersion": "v1", "kind": "PodList", "metadata": {}, "items": [pod] }))
}

async fn forward(State(host): State<Host>, Path(pod): Path<String>, request: Request) -> Response {
    let asked = request.uri().query().unwrap_or_default().trim_start_matches('&').to_owned();
    if pod != "dev-7" || asked != format!("ports={}", host.pod.port()) {
        return StatusCode::NOT_FOUND.into_response();
    }
    host.forwarded.fetch_add(1, Ordering::SeqCst);
    let accept = derive_accept_key(request.headers()[header::SEC_WEBSOCKET_KEY].as_bytes());
    let upgrade = hyper::upgrade::on(request);
    tokio::spawn(async move {
        let upgraded = TokioIo::new(upgrade.await.unwrap());
        let socket = WebSocketStream::from_raw_socket(upgraded, Role::Server, None).await;
        carry(socket, TcpStream::connect(host.pod).await.unwrap(), host.pod.port()).await;
    });
    Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_ACCEPT, accept)
        .header(header::SEC_WEBSOCKET_PROTOCOL, "v4.channel.k8s.io")
        .body(Body::empty())
        .unwrap()
}

/// Kubernetes' protocol: each frame begins with its channel, and each channel with its port.
async fn carry(
    socket: WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>,
    pod: TcpStream,
    port: u16,
) {
    let (mut into_socket, mut from_socket) = socket.split();
    let (mut from_pod, mut into_pod) = pod.into_split();
    let [low, high] = port.to_le_bytes();
    for channel in [0, 1] {
        into_socket.send(Message::binary(vec![channel, low, high])).await.unwrap();
    }
    let out = async {
        let mut piece = [0; 4096];
        while let Ok(length @ 1..) = from_pod.read(&mut piece).await {
            let frame = [&[0], &piece[..length]].concat();
            if into_socket.send(Message::binary(frame)).await.is_err() {
                return;
            }
        }
    };
    let back = async {
        while let Some(Ok(Message::Binary(frame))) = from_socket.next().await {
            if frame[0] == 0 && into_pod.write_all(&frame[1..]).await.is_err() {
                return;
            }
        }
    };
    futures::future::select(Box::pin(out), Box::pin(back)).await;
}

fn kubeconfig(port: u16, authority: &str) -> Kubeconfig {
    let authority =
        serde_json::to_value(k8s_openapi::ByteString(authority.as_bytes().to_vec())).unwrap();
    let text = json!({
        "current-context": "a",
        "contexts": [{ "name": "a", "context": { "cluster": "a", "user": "a" } }],
        "clusters": [{ "name": "a", "cluster": {
            "server": format!("https://localhost:{port}"), "certificate-authority-data": authority,
        }}],
        "users": [{ "name": "a", "user": { "token": TOKEN } }],
    });
    Kubeconfig::read(text.to_string().as_bytes()).unwrap()
}

#[tokio::test]
async fn a_control_plane_is_reached_through_the_api_of_its_host() {
    let folder = tempfile::tempdir().unwrap();
    let (pod, authority) = control_plane(&folder.path().join("pki")).await;
    let (host, forwarded) = host(pod).await;
    let kubeconfig = kubeconfig(pod.port(), &authority);
    let client = reach::client(&host, &Stand::Outside, &kubeconfig, "ns", "dev").unwrap();
    assert_eq!(proof::version(&client).await.unwrap(), "v1.31.4");
    assert_eq!(proof::version(&client).await.unwrap(), "v1.31.4");
    assert_eq!(forwarded.load(Ordering::SeqCst), 1, "one connection serves many requests");
}

#[tokio::test]
async fn a_pod_that_cannot_be_reached_is_said_to_be_so_and_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (pod, authority) = control_plane(&folder.path().join("pki")).await;
    let (host, _) = host(pod).await;
    let elsewhere = kubeconfig(1, &authority);
    let client = reach::client(&host, &Stand::Outside, &elsewhere, "ns", "dev").unwrap();
    let why = proof::version(&client).await.unwrap_err();
    assert!(why.starts_with("Its API does not answer: "), "{why}");
}

#[tokio::test]
async fn somebody_elses_certificate_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (pod, _) = control_plane(&folder.path().join("pki")).await;
    let (_, other) = control_plane(&folder.path().join("other")).await;
    let (host, _) = host(pod).await;
    let kubeconfig = kubeconfig(pod.port(), &other);
    let client = reach::client(&host, &Stand::Outside, &kubeconfig, "ns", "dev").unwrap();
    let why = proof::version(&client).await.unwrap_err();
    assert!(why.contains("certificate"), "{why}");
}
