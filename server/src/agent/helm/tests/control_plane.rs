//! A control plane that knows its administrator and its version.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::tls;

/// What the control plane wants to hear.
pub const TOKEN: &str = "the administrator's token";
/// A control plane on loopback: its address, and the PEM of its authority.
pub async fn control_plane(pki: &Path) -> (SocketAddr, String) {
    fs::create_dir(pki).unwrap();
    let tls = tls::own(pki, &["localhost".to_owned()]).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(tls.config);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = TowerToHyperService::new(routes());
                let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    (address, tls.authority.unwrap())
}

fn routes() -> Router {
    let version = |headers: HeaderMap| async move {
        match headers.get("authorization").and_then(|it| it.to_str().ok()) {
            Some(it) if it == format!("Bearer {TOKEN}") => {
                Ok(Json(json!({ "gitVersion": "v1.31.4" })))
            }
            _ => Err(StatusCode::UNAUTHORIZED),
        }
    };
    Router::new().route("/readyz", get(|| async { "ok" })).route("/version", get(version))
}
