//! Somebody who calls a process over TLS.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, Response, StatusCode, header};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::harness::Answer;

/// Somebody who calls a port of this machine over TLS, with one connection a request.
#[derive(Clone)]
pub struct Web {
    pub port: u16,
    pub authority: String,
    config: Arc<ClientConfig>,
    token: Option<String>,
}

impl Web {
    /// Nobody yet, who trusts this authority (PEM) alone.
    pub fn new(port: u16, authority: &str) -> Self {
        let mut roots = RootCertStore::empty();
        for it in CertificateDer::pem_slice_iter(authority.as_bytes()) {
            roots.add(it.unwrap()).unwrap();
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { port, authority: authority.into(), config: Arc::new(config), token: None }
    }

    /// The same with this bearer token.
    pub fn with(&self, token: &str) -> Self {
        Self { token: Some(token.into()), ..self.clone() }
    }

    /// The bearer token that it shows.
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    pub async fn connect(&self) -> std::io::Result<TlsStream<TcpStream>> {
        let tcp = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))).await?;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(self.config.clone()).connect(name, tcp).await
    }

    /// A connection for one request or more.
    pub async fn open(
        &self,
    ) -> Result<SendRequest<Body>, Box<dyn std::error::Error + Send + Sync>> {
        let (sender, connection) = handshake(TokioIo::new(self.connect().await?)).await?;
        // What breaks here breaks the answer too, and is told there.
        tokio::spawn(async move { _ = connection.with_upgrades().await });
        Ok(sender)
    }

    /// A request to this port, as this person.
    pub fn request(&self, method: Method, path: &str, body: Option<&Value>) -> Request<Body> {
        let mut request = Request::builder().method(method.clone()).uri(path);
        request = request.header(header::HOST, format!("localhost:{}", self.port));
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if body.is_some() {
            let merge = method == Method::PATCH;
            let kind = if merge { "application/merge-patch+json" } else { "application/json" };
            request = request.header(header::CONTENT_TYPE, kind);
        }
        request.body(body.map_or_else(Body::empty, |it| Body::from(it.to_string()))).unwrap()
    }

    /// One exchange; the body streams.
    pub async fn send(
        &self,
        request: Request<Body>,
    ) -> Result<Response<Body>, Box<dyn std::error::Error + Send + Sync>> {
        let response = self.open().await?.send_request(request).await?;
        Ok(response.map(Body::new))
    }

    /// One whole exchange; nothing where nobody is there.
    pub async fn try_call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Option<Answer> {
        let (parts, body) = self.send(self.request(method, path, body)).await.ok()?.into_parts();
        let bytes = to_bytes(body, 64 << 20).await.ok()?;
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        Some(Answer { status: parts.status, headers: parts.headers, body })
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.try_call(Method::GET, path, None).await.unwrap()
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.try_call(Method::POST, path, Some(body)).await.unwrap()
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.try_call(Method::PATCH, path, Some(body)).await.unwrap()
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.try_call(Method::DELETE, path, None).await.unwrap()
    }

    /// The status of a GET, for those that are asked again and again.
    pub async fn status(&self, path: &str) -> Option<StatusCode> {
        Some(self.try_call(Method::GET, path, None).await?.status)
    }

    /// A stock client of the API below `path`.
    pub fn kube(&self, path: &str) -> kube::Client {
        let url = format!("https://localhost:{}{path}", self.port);
        let mut config = kube::Config::new(url.parse().unwrap());
        let roots = CertificateDer::pem_slice_iter(self.authority.as_bytes());
        config.root_cert = Some(roots.map(|it| it.unwrap().to_vec()).collect());
        config.auth_info.token = self.token.clone().map(Into::into);
        kube::Client::try_from(config).unwrap()
    }
}
