//! The steps of a check, each with what it found.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dormer_api::cluster::CheckStep;
use http_body_util::{BodyExt as _, Limited};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::agent::process::direct;
use crate::auth::signed::{PublicKey, verify};
use crate::hosts::dial::is_never_dialled;

/// How long each step may take.
const STEP_MAX: Duration = Duration::from_secs(5);
/// The longest answer that is read, in bytes.
const ANSWER_MAX: usize = 16 * 1024;

/// Whom to believe that they are the endpoint.
pub(super) enum Trust {
    /// Anybody: an administrator wants it so.
    Anybody,
    /// Whom these authorities vouch for.
    Authorities(RootCertStore),
}

impl Trust {
    /// Base64 of PEM, or empty for the authorities that this machine trusts. The error is words.
    pub(super) fn new(insecure: bool, ca_data: &str) -> Result<Self, String> {
        if insecure {
            return Ok(Self::Anybody);
        }
        let mut roots = RootCertStore::empty();
        if ca_data.is_empty() {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            return Ok(Self::Authorities(roots));
        }
        let broken = || "This is not the base64 of a certificate in PEM.".to_owned();
        let pem = STANDARD.decode(ca_data.trim()).map_err(|_| broken())?;
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            roots.add(certificate.map_err(|_| broken())?).map_err(|_| broken())?;
        }
        if roots.is_empty() { Err(broken()) } else { Ok(Self::Authorities(roots)) }
    }

    fn config(self) -> Result<ClientConfig, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()?;
        Ok(match self {
            Self::Authorities(roots) => builder.with_root_certificates(roots).with_no_client_auth(),
            Self::Anybody => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(crate::tls::Unchecked(provider)))
                .with_no_client_auth(),
        })
    }
}

/// Whose word proves that an endpoint is the cluster's own.
pub(super) struct Agent {
    pub key: PublicKey,
    pub uid: String,
    pub instance: String,
    /// Unix seconds.
    pub now: i64,
}

/// What was done and found.
#[derive(Default)]
pub(super) struct Steps {
    pub done: Vec<CheckStep>,
    /// Unix seconds.
    pub certificate_expires: Option<i64>,
    pub latency_ms: Option<u32>,
    well: bool,
}

fn millis(since: Instant) -> u32 {
    u32::try_from(since.elapsed().as_millis()).unwrap_or(u32::MAX)
}

type Sender = SendRequest<Body>;

impl Steps {
    /// Every step passed.
    pub(super) fn are_well(&self) -> bool {
        self.well
    }

    /// Runs them all, until one fails.
    pub(super) async fn run(host: &str, trust: Trust, agent: Option<Agent>) -> Self {
        let mut steps = Self::default();
        steps.well = steps.all(host, trust, agent).await.is_some();
        steps
    }

    /// Takes down what a step found; nothing where it failed.
    async fn step<T>(
        &mut self,
        name: &str,
        work: impl Future<Output = Result<(T, String), String>>,
    ) -> Option<T> {
        let begun = Instant::now();
        let found = match timeout(STEP_MAX, work).await {
            Ok(found) => found,
            Err(_) => Err(format!("No answer in {} seconds.", STEP_MAX.as_secs())),
        };
        let (value, ok, message) = match found {
            Ok((value, message)) => (Some(value), true, message),
            Err(message) => (None, false, message),
        };
        self.done.push(CheckStep { name: name.into(), ok, message, millis: millis(begun) });
        value
    }

    async fn all(&mut self, host: &str, trust: Trust, agent: Option<Agent>) -> Option<()> {
        let (name, port) = split(host);
        let addresses = self.step("Name", resolve(&name, port)).await?;
        let tcp = self.step("Connection", connect(addresses)).await?;
        let checked = matches!(trust, Trust::Authorities(_));
        let tls = self.step("Certificate", handshake(&name, tcp, trust, checked)).await?;
        self.certificate_expires = expiry(&tls);
        let mut sender = self.step("Health", open(tls, host)).await?;
        let begun = Instant::now();
        let again = timeout(STEP_MAX, ask(&mut sender, host, "/healthz")).await;
        self.latency_ms = matches!(again, Ok(Ok(_))).then(|| millis(begun));
        self.step("Agent", prove(&mut sender, host, agent)).await
    }
}

/// Host and port of what was typed.
fn split(host: &str) -> (String, u16) {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port.parse().unwrap_or(443)),
        _ => (host, 443),
    };
    (name.trim_matches(['[', ']']).to_owned(), port)
}

async fn resolve(name: &str, port: u16) -> Result<(Vec<SocketAddr>, String), String> {
    let found = lookup_host((name, port)).await;
    let found: Vec<SocketAddr> =
        found.map_err(|_| format!("There is no address for the name {name}."))?.collect();
    // Where the machines of a cloud keep their secrets; an endpoint may be in any network but that.
    let allowed: Vec<SocketAddr> =
        found.into_iter().filter(|it| !is_never_dialled(it.ip())).collect();
    match allowed.first() {
        Some(first) => {
            let words = first.ip().to_string();
            Ok((allowed, words))
        }
        None => Err(format!("The name {name} leads to no address that may be dialled.")),
    }
}

async fn connect(addresses: Vec<SocketAddr>) -> Result<(TcpStream, String), String> {
    match TcpStream::connect(&addresses[..]).await {
        Ok(stream) => Ok((stream, "The port is open.".into())),
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            Err("Nothing listens on this port.".into())
        }
        Err(_) => Err("The host cannot be reached from the central instance.".into()),
    }
}

async fn handshake(
    name: &str,
    tcp: TcpStream,
    trust: Trust,
    checked: bool,
) -> Result<(TlsStream<TcpStream>, String), String> {
    let config = trust.config().map_err(|error| error.to_string())?;
    let server = ServerName::try_from(name.to_owned()).map_err(|error| error.to_string())?;
    let tls = TlsConnector::from(Arc::new(config)).connect(server, tcp).await;
    let words = if checked { "It is trusted." } else { "It was not looked at." };
    match tls {
        Ok(tls) => Ok((tls, words.into())),
        Err(error) => Err(sentence(&error)),
    }
}

/// What went wrong with the certificate, and what to do.
fn sentence(error: &std::io::Error) -> String {
    use rustls::CertificateError as Fault;
    let inner = error.get_ref().and_then(|it| it.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(fault)) => match fault {
            Fault::UnknownIssuer | Fault::BadSignature => "Its authority is not trusted here. Give the authority's certificate, or a certificate that everybody trusts.".into(),
            Fault::Expired | Fault::ExpiredContext { .. } => "It has expired. Renew it.".into(),
            Fault::NotValidForName | Fault::NotValidForNameContext { .. } => {
                "It is for another name. Use the name that it is for, or make one for this name.".into()
            }
            other => format!("It is not accepted: {other:?}."),
        },
        _ => "The other side does not speak TLS there.".into(),
    }
}

fn expiry(tls: &TlsStream<TcpStream>) -> Option<i64> {
    let (_, session) = tls.get_ref();
    let leaf = session.peer_certificates()?.first()?;
    let (_, parsed) = x509_parser::parse_x509_certificate(leaf).ok()?;
    Some(parsed.validity().not_after.timestamp())
}

async fn open(tls: TlsStream<TcpStream>, host: &str) -> Result<(Sender, String), String> {
    let opened = hyper::client::conn::http1::handshake(TokioIo::new(tls)).await;
    let (mut sender, connection) = opened.map_err(|_| "The other side does not speak HTTP.")?;
    tokio::spawn(async move { _ = connection.await });
    let (status, _) = ask(&mut sender, host, "/healthz").await?;
    match status {
        StatusCode::OK => Ok((sender, "/healthz says that it is well.".into())),
        other => Err(format!("/healthz answers {other}: something else than an agent is there.")),
    }
}

async fn ask(sender: &mut Sender, host: &str, path: &str) -> Result<(StatusCode, Bytes), String> {
    let broken = |_| "The connection broke.".to_owned();
    sender.ready().await.map_err(broken)?;
    let request = Request::get(path).header(header::HOST, host).body(Body::empty());
    let request = request.map_err(|error| error.to_string())?;
    let response = sender.send_request(request).await.map_err(broken)?;
    let status = response.status();
    let body = Limited::new(response.into_body(), ANSWER_MAX).collect().await;
    Ok((status, body.map_err(|_| "The answer is too long.".to_owned())?.to_bytes()))
}

/// Whether the agent that joined is behind the endpoint: it signs a question that nobody asked before.
async fn prove(
    sender: &mut Sender,
    host: &str,
    agent: Option<Agent>,
) -> Result<((), String), String> {
    let agent = agent.ok_or("No agent of this cluster has joined, and only an agent serves a direct endpoint. Connect the cluster by its agent.")?;
    let nonce = uuid::Uuid::new_v4().simple().to_string();
    let (status, body) = ask(sender, host, &format!("/agent/identity?nonce={nonce}")).await?;
    let word = String::from_utf8(body.to_vec()).unwrap_or_default();
    let whom = (agent.uid.as_str(), agent.instance.as_str(), direct::PURPOSE);
    let proven = verify::<direct::Proof>(&word, &agent.key, whom, agent.now)
        .is_some_and(|it| it.says.nonce == nonce);
    match proven && status == StatusCode::OK {
        true => Ok(((), "It is the agent of this cluster.".into())),
        false => Err(
            "Something else than this cluster's agent answers there. Tokens would be sent to it."
                .into(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_are_told_apart() {
        for (text, name, port) in [
            ("eu.example.com", "eu.example.com", 443),
            ("eu.example.com:8443", "eu.example.com", 8443),
            ("[::1]:9899", "::1", 9899),
            ("[::1]", "::1", 443),
        ] {
            assert_eq!(split(text), (name.to_owned(), port), "{text}");
        }
    }

    #[tokio::test]
    async fn t36_the_addresses_where_clouds_keep_secrets_are_not_dialled() {
        for name in [
            "169.254.169.254",
            "fe80::1",
            "0.0.0.0",
            "::ffff:169.254.169.254",
            "fd00:ec2::254",
            "100.100.100.200",
        ] {
            assert!(resolve(name, 443).await.is_err(), "{name}");
        }
        assert!(resolve("127.0.0.1", 443).await.is_ok());
    }
}
