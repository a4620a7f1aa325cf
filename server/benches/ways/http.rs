//! A client that does nothing but ask: one connection, one request after the other.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::Result;
use crate::processes::Processes;

/// How long what was started may take to answer.
const START_MAX: Duration = Duration::from_secs(30);

/// How requests are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// One request at a time on a connection that stays.
    Http1,
    /// Many on one connection.
    Http2,
}

/// Where something answers on this machine, over TLS.
#[derive(Debug, Clone)]
pub struct Door {
    pub port: u16,
    /// The PEM of whoever vouches for it.
    pub authority: PathBuf,
}

/// A request that can be sent again and again.
#[derive(Debug, Clone)]
pub struct Ask {
    method: Method,
    path: String,
    body: Bytes,
}

/// An open connection, and whom it speaks for. Opened again where the server closes it after an answer:
/// that time counts, for a client has to spend it.
pub struct Connection {
    line: Line,
    door: Door,
    host: String,
    bearer: HeaderValue,
}

enum Line {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Ask {
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), body: Bytes::new() }
    }

    pub fn post(path: impl Into<String>, body: &Value) -> Self {
        Self { method: Method::POST, path: path.into(), body: body.to_string().into() }
    }
}

impl Door {
    /// A connection, with its TLS.
    pub async fn connect(&self, protocol: Protocol) -> Result<TlsStream<TcpStream>> {
        let mut config = client_config(&self.authority)?;
        config.alpn_protocols = match protocol {
            Protocol::Http1 => vec![b"http/1.1".to_vec()],
            Protocol::Http2 => vec![b"h2".to_vec()],
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from("localhost")?;
        Ok(TlsConnector::from(Arc::new(config)).connect(name, stream).await?)
    }

    /// A connection for requests of whoever `bearer` is.
    pub async fn open(&self, protocol: Protocol, bearer: HeaderValue) -> Result<Connection> {
        let io = TokioIo::new(self.connect(protocol).await?);
        let line = match protocol {
            Protocol::Http1 => {
                let (sender, connection) = http1::handshake(io).await?;
                tokio::spawn(connection);
                Line::Http1(sender)
            }
            Protocol::Http2 => {
                let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
                tokio::spawn(connection);
                Line::Http2(sender)
            }
        };
        let (host, door) = (format!("localhost:{}", self.port), self.clone());
        Ok(Connection { line, door, host, bearer })
    }

    /// Asks once, for JSON.
    pub async fn json(&self, bearer: &str, ask: &Ask) -> Result<Value> {
        let bearer = HeaderValue::from_str(&format!("Bearer {bearer}"))?;
        let mut connection = self.open(Protocol::Http1, bearer).await?;
        let answer = connection.send(ask).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        match status.is_success() {
            true => Ok(serde_json::from_slice(&body)?),
            false => Err(refusal(ask, status, &body)),
        }
    }

    /// Waits until somebody answers there.
    pub async fn until_open(&self, processes: &mut Processes) -> Result<()> {
        until(processes, async || self.connect(Protocol::Http1).await.is_ok()).await
    }
}

impl Connection {
    /// Asks, and gives the size of the answer in bytes once all of it is there.
    pub async fn ask(&mut self, ask: &Ask) -> Result<usize> {
        let answer = self.send(ask).await?;
        let (status, mut body) = (answer.status(), answer.into_body());
        if status != StatusCode::OK {
            return Err(refusal(ask, status, &body.collect().await?.to_bytes()));
        }
        let mut size = 0;
        while let Some(frame) = body.frame().await {
            size += frame?.data_ref().map_or(0, Bytes::len);
        }
        Ok(size)
    }

    /// Another user of the same connection, where the protocol has that.
    pub fn shared(&self) -> Option<Self> {
        match &self.line {
            Line::Http1(_) => None,
            Line::Http2(sender) => Some(Self {
                line: Line::Http2(sender.clone()),
                door: self.door.clone(),
                host: self.host.clone(),
                bearer: self.bearer.clone(),
            }),
        }
    }

    async fn send(&mut self, ask: &Ask) -> Result<Response<Incoming>> {
        if let Line::Http1(sender) = &mut self.line
            && sender.ready().await.is_err()
        {
            *self = self.door.open(Protocol::Http1, self.bearer.clone()).await?;
        }
        let request = Request::builder().method(&ask.method).header(AUTHORIZATION, &self.bearer);
        let request = request.header(CONTENT_TYPE, "application/json");
        let body = Full::new(ask.body.clone());
        Ok(match &mut self.line {
            Line::Http1(sender) => {
                sender.ready().await?;
                let request = request.uri(&ask.path).header(HOST, &self.host).body(body)?;
                sender.send_request(request).await?
            }
            Line::Http2(sender) => {
                sender.ready().await?;
                let uri = format!("https://{}{}", self.host, ask.path);
                sender.send_request(request.uri(uri).body(body)?).await?
            }
        })
    }
}

/// Waits until `done` says so. Fails when that takes too long, or a process has ended meanwhile.
pub async fn until(processes: &mut Processes, done: impl AsyncFn() -> bool) -> Result<()> {
    let begun = Instant::now();
    while !done().await {
        processes.expect_running()?;
        if begun.elapsed() > START_MAX {
            return Err(format!("nothing after {START_MAX:?}:\n{}", processes.last_words()).into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// What trusts the authority in this file, and nobody else.
pub fn client_config(authority: &Path) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(authority)? {
        roots.add(certificate?)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(config?.with_root_certificates(roots).with_no_client_auth())
}

fn refusal(ask: &Ask, status: StatusCode, body: &[u8]) -> crate::Failure {
    format!("{} {}: {status}: {}", ask.method, ask.path, String::from_utf8_lossy(body)).into()
}
