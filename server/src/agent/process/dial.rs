//! The line to the central instance: dialled, watched, and dialled again.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, Uri, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_util::compat::TokioAsyncReadCompatExt as _;

use super::{AGAIN_AFTER, Beside, copy, service};
use crate::auth::signed::Claims;
use crate::config::AgentSettings;
use crate::hosts::join::{Join, Joined};
use crate::hosts::tunnel::PURPOSE;
use crate::tunnel::{Link, PROTOCOL, Side};

/// How long the central instance may take to take up a connection, each step of it.
const CONNECT_MAX: Duration = Duration::from_secs(3);
/// The longest answer that is read, in bytes.
const ANSWER_MAX: usize = 64 * 1024;
/// How far the two clocks may be apart before it is said, in seconds.
const CLOCKS_APART: i64 = 30;
/// How long an agent's word is good, in seconds.
const WORD_LIFE: i64 = 60;

/// Keeps the line up until the process is to stop.
pub(super) async fn keep(beside: Beside) {
    let mut told = String::new();
    while !beside.stop.is_cancelled() {
        let line = tokio::select! {
            line = line(&beside) => line,
            () = beside.stop.cancelled() => return,
        };
        match line {
            Ok(link) => {
                tracing::info!(url = beside.settings.url, "connected to the central instance");
                told.clear();
                beside.set_link(Some(link.clone()));
                tokio::select! {
                    () = copy::follow(&beside, &link) => {}
                    () = link.closed() => {}
                    () = beside.stop.cancelled() => {}
                }
                beside.set_link(None);
                link.close();
                tracing::warn!("the line to the central instance is cut");
            }
            Err(error) => {
                let why = error.to_string();
                if why != told {
                    tracing::warn!(why, "cannot reach the central instance, will go on trying");
                    told = why;
                }
            }
        }
        tokio::select! {
            // Not all agents at the same moment, after the central instance was away.
            () = sleep(AGAIN_AFTER / 2 + jitter()) => {}
            () = beside.stop.cancelled() => return,
        }
    }
}

/// Up to a second, by chance.
fn jitter() -> Duration {
    let byte = crate::auth::random::<1>().unwrap_or([128])[0];
    AGAIN_AFTER * u32::from(byte) / 255
}

/// Dials once.
async fn line(beside: &Beside) -> io::Result<Link> {
    let now = beside.clock.now_seconds();
    let claims = Claims {
        iss: beside.joined.uid.clone(),
        aud: beside.joined.instance.clone(),
        iat: now,
        exp: now + WORD_LIFE,
        purpose: PURPOSE.into(),
        says: beside.hello.clone(),
    };
    let word = beside.signer.sign(&claims).map_err(io::Error::other)?;
    let request = Request::get(format!("/agent/tunnel?cluster={}", beside.settings.cluster))
        .header(header::AUTHORIZATION, format!("Bearer {word}"))
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, PROTOCOL);
    let (mut sender, host) = connect(&beside.settings).await?;
    let request = request.header(header::HOST, host).body(Body::empty());
    let asked = sender.send_request(request.map_err(io::Error::other)?);
    let response = timeout(CONNECT_MAX, asked).await.map_err(late)?.map_err(io::Error::other)?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let code = response.status();
        if code == StatusCode::UNAUTHORIZED {
            copy::forget(beside).await;
            return Err(io::Error::other(unknown(response.headers(), now)));
        }
        return Err(io::Error::other(format!("{code}: {}", words(response.map(Body::new)).await)));
    }
    let stream = hyper::upgrade::on(response).await.map_err(io::Error::other)?;
    let router = service::router(beside.clone());
    Ok(Link::start(TokioIo::new(stream).compat(), Side::Dialled, router))
}

/// Why the central instance may not know this agent: it was disconnected, or another agent joined in
/// its place, or the two clocks differ.
fn unknown(headers: &HeaderMap, now: i64) -> String {
    let date = headers.get(header::DATE).and_then(|it| it.to_str().ok());
    let theirs = date.and_then(|it| jiff::fmt::rfc2822::parse(it).ok()).map(|it| it.timestamp());
    let apart = theirs.map_or(0, |it| now - it.as_second());
    match apart.abs() > CLOCKS_APART {
        true => format!(
            "the central instance does not believe this agent, whose clock is {apart} s ahead of its own: set the clock right"
        ),
        false => "the central instance does not know this agent any more: it was disconnected, or another one joined. Its endpoint serves nobody. To connect it again, make a code in the dashboard and start it with --code".into(),
    }
}

fn late<T>(_: T) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "no answer in time")
}

/// Shows the join code. The inner error is the central instance's refusal, in its words.
pub(super) async fn join(
    settings: &AgentSettings,
    join: &Join,
) -> io::Result<Result<Joined, String>> {
    let (mut sender, host) = connect(settings).await?;
    let request = Request::post("/agent/join")
        .header(header::HOST, host)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(serde_json::to_vec(join)?))
        .map_err(io::Error::other)?;
    let asked = timeout(CONNECT_MAX * 3, sender.send_request(request)).await.map_err(late)?;
    let response = asked.map_err(io::Error::other)?.map(Body::new);
    let code = response.status();
    if code == StatusCode::OK {
        let body = to_bytes(response.into_body(), ANSWER_MAX).await.map_err(io::Error::other)?;
        return Ok(Ok(serde_json::from_slice(&body)?));
    }
    let words = words(response).await;
    match code {
        // Refused, and it will be refused again.
        StatusCode::UNAUTHORIZED | StatusCode::CONFLICT | StatusCode::BAD_REQUEST => Ok(Err(words)),
        _ => Err(io::Error::other(format!("{code}: {words}"))),
    }
}

/// What an answer says, in words.
async fn words(response: axum::http::Response<Body>) -> String {
    let body = to_bytes(response.into_body(), ANSWER_MAX).await.unwrap_or_default();
    let status: Option<dormer_api::status::Status> = serde_json::from_slice(&body).ok();
    status.map(|it| it.message).unwrap_or_default()
}

/// A connection to the central instance, for one exchange, and what to call it in `Host`.
async fn connect(settings: &AgentSettings) -> io::Result<(SendRequest<Body>, String)> {
    let uri: Uri = settings.url.parse().map_err(io::Error::other)?;
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = uri.port_u16().unwrap_or(443);
    let tcp = timeout(CONNECT_MAX, TcpStream::connect((host.as_str(), port))).await;
    let tcp = tcp.map_err(late)??;
    tcp.set_nodelay(true)?;
    let name = ServerName::try_from(host).map_err(io::Error::other)?;
    let connector = TlsConnector::from(Arc::new(trust(settings)?));
    let tls = timeout(CONNECT_MAX, connector.connect(name, tcp)).await.map_err(late)??;
    let (sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(tls)).await.map_err(io::Error::other)?;
    // It ends with the exchange, or lives on as the tunnel.
    tokio::spawn(async move { _ = connection.with_upgrades().await });
    let authority = uri.authority().map(|it| it.as_str().to_owned()).unwrap_or_default();
    Ok((sender, authority))
}

/// Whom to believe that they are the central instance: the authority that was given and no other, or
/// those of this machine.
fn trust(settings: &AgentSettings) -> io::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    match &settings.ca_data {
        Some(data) => {
            let pem = STANDARD.decode(data.trim()).map_err(io::Error::other)?;
            for certificate in CertificateDer::pem_slice_iter(&pem) {
                roots.add(certificate.map_err(io::Error::other)?).map_err(io::Error::other)?;
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
