//! An agent dials in: `GET /agent/tunnel`, and what it may ask over its tunnel.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use dormer_api::cluster::{Cluster, condition};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::{sleep, timeout};
use tokio_util::compat::TokioAsyncReadCompatExt as _;

use super::join::{known, refused};
use super::{Host, Reach, service};
use crate::app::App;
use crate::auth::signed::verify;
use crate::kube::{Error, Result, object};
use crate::management::clusters::{Fact, note};
use crate::management::{self, CLUSTERS};
use crate::tunnel::{Link, PROTOCOL, Side};

/// What an agent's word is for, among all that it signs.
pub const PURPOSE: &str = "agent-tunnel";
/// How long an agent that is said to be there may take to prove it.
const PROOF_MAX: Duration = Duration::from_secs(1);
/// The time between two questions whether an agent is still there.
const ASK_EVERY: Duration = Duration::from_secs(2);
/// How long it may take to say so.
const ALIVE_MAX: Duration = Duration::from_secs(5);
/// What an agent answers to this with its process's own id.
pub const WHO: &str = "/who";

/// What an agent says of itself each time that it dials in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hello {
    /// The name of its cluster.
    pub cluster: String,
    /// Made anew by each process: two of them with one key are one too many.
    pub process: String,
    /// The agent's version.
    pub version: String,
    /// It serves an embedded host cluster.
    pub embedded: bool,
    /// The uid of the namespace `kube-system` of its cluster; empty while that does not answer.
    pub cluster_uid: String,
    /// Where its direct endpoint is reached; empty where it has none.
    pub endpoint_host: String,
    /// Base64 of the PEM of the authority of its own certificate.
    pub endpoint_ca_data: String,
}

fn nobody() -> Error {
    Error::Unauthorized("Unauthorized".into())
}

/// `GET /agent/tunnel`.
pub async fn dial_in(State(app): State<App>, mut request: Request) -> Result<Response> {
    let said = said(&request).ok_or_else(nobody)?;
    let dialled = hello(&app, said).await?;
    let hello = &dialled.hello;
    let asked = request.headers().get(header::UPGRADE).and_then(|it| it.to_str().ok());
    if asked != Some(PROTOCOL) {
        return Err(Error::BadRequest(format!("this is for Upgrade: {PROTOCOL}")));
    }
    if is_swapped(&app, hello).await? {
        return Err(refused(&app, &hello.cluster, condition::SWAPPED).await?);
    }
    if let Some(host) = app.gateway.hosts.get(&hello.cluster)
        && is_another(&host, &hello.process).await
    {
        return Err(refused(&app, &hello.cluster, condition::TWO_AGENTS).await?);
    }
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(serve(app, dialled, upgrade));
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static(PROTOCOL));
    Ok(response)
}

/// An agent whose word was right.
struct Dialled {
    hello: Hello,
    /// Of the `Cluster` object that it is of.
    uid: String,
    /// The key that its word was checked with, in base64url.
    key: String,
}

/// The token, and the cluster that it is said to be of.
fn said(request: &Request) -> Option<(String, String)> {
    let token = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let cluster = request.uri().query()?.strip_prefix("cluster=")?;
    dormer_api::name::dns_label(cluster).ok()?;
    Some((token.strip_prefix("Bearer ")?.to_owned(), cluster.to_owned()))
}

/// Who dials, by their own signature.
async fn hello(app: &App, (token, cluster): (String, String)) -> Result<Dialled> {
    let (uid, key) = known(app, &cluster).await?.ok_or_else(nobody)?;
    let now = app.clock.now_seconds();
    let claims = verify::<Hello>(&token, &key, (&uid, &app.instance, PURPOSE), now);
    let hello = claims.ok_or_else(nobody)?.says;
    match hello.cluster == cluster {
        true => Ok(Dialled { hello, uid, key: key.text() }),
        false => Err(nobody()),
    }
}

/// Whether the agent stands beside another cluster than the one that was connected.
async fn is_swapped(app: &App, hello: &Hello) -> Result<bool> {
    let place = management::key(CLUSTERS, "", &hello.cluster);
    let Some(entry) = app.store.get(place).await? else { return Ok(false) };
    let cluster: Cluster = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
    let known = cluster.status.cluster_uid;
    Ok(!known.is_empty() && !hello.cluster_uid.is_empty() && known != hello.cluster_uid)
}

/// Whether an agent of another process answers on this connection. One whose line was cut does not,
/// and its place is free.
async fn is_another(host: &Host, process: &str) -> bool {
    let Reach::Tunnel(link) = &host.0.reach else { return false };
    let ask = Request::get(WHO).body(Body::empty());
    let Ok(ask) = ask else { return false };
    let Ok(Ok(answer)) = timeout(PROOF_MAX, link.send(ask)).await else { return false };
    let read = timeout(PROOF_MAX, axum::body::to_bytes(answer.into_body(), 256)).await;
    matches!(read, Ok(Ok(id)) if id != process.as_bytes())
}

/// Keeps the tunnel until it ends.
async fn serve(app: App, dialled: Dialled, upgrade: hyper::upgrade::OnUpgrade) {
    let Ok(stream) = upgrade.await else { return };
    let introduced = introduce(&app, &dialled).await;
    let Dialled { hello, uid, .. } = dialled;
    if let Err(error) = introduced {
        tracing::warn!(%error, cluster = hello.cluster, "an agent could not be taken up");
        return;
    }
    let router = service::router(app.clone(), hello.cluster.clone());
    let link = Link::start(TokioIo::new(stream).compat(), Side::Accepted, router);
    tracing::info!(cluster = hello.cluster, version = hello.version, "an agent dialled in");
    let host = app.gateway.hosts.attach(&hello.cluster, &uid, Reach::Tunnel(link.clone()));
    tokio::select! {
        () = link.closed() => {}
        () = host.gone() => {}
        () = until_silent(&link) => {
            tracing::warn!(cluster = hello.cluster, "an agent fell silent");
        }
    }
    app.gateway.hosts.detach(&hello.cluster, &host);
    tracing::info!(cluster = hello.cluster, "an agent is gone");
}

/// Waits until nothing answers any more: a line that was cut without a word to us says it in no other
/// way, and what is open on it would hang.
async fn until_silent(link: &Link) {
    loop {
        sleep(ASK_EVERY).await;
        let Ok(ask) = Request::get(WHO).body(Body::empty()) else { return };
        let Ok(Ok(_)) = timeout(ALIVE_MAX, link.send(ask)).await else { return };
    }
}

/// Writes down what the agent says of itself.
///
/// # Errors
/// While it dialled, its cluster was disconnected, or another agent joined.
async fn introduce(app: &App, dialled: &Dialled) -> Result<()> {
    let Dialled { hello, uid, key } = dialled;
    let (uid, key) = (uid.clone(), key.clone());
    let (place, hello) = (management::key(CLUSTERS, "", &hello.cluster), hello.clone());
    app.store
        .write(move |tx| {
            let Some(entry) = tx.get(&place)? else { return Err(nobody()) };
            let was: Value = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
            let known = &was["status"]["agent"]["publicKey"];
            if object::meta(&was, "uid") != uid || *known != key {
                return Err(nobody());
            }
            let mut cluster = was.clone();
            // Its key is the one that joined, whoever came with a bad code since.
            note(&mut cluster, Fact::yes(condition::CODE_ACCEPTED, ""), tx.now());
            let agent = object::map_at(&mut cluster, &["status", "agent"]);
            let mut say = |key: &str, value: Value| agent.insert(key.to_owned(), value);
            say("version", hello.version.into());
            say("embedded", hello.embedded.into());
            say("endpointHost", hello.endpoint_host.into());
            say("endpointCaData", hello.endpoint_ca_data.into());
            if cluster != was {
                tx.update(&place, None, cluster)?;
            }
            Ok(())
        })
        .await
}
