//! An agent joins: it shows a code that works once, and its own public key is taken down.

use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::{Json, http::HeaderMap};
use dormer_api::cluster::{AgentInfo, Cluster, condition};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::app::App;
use crate::auth::signed::PublicKey;
use crate::auth::{AccessKey, Buckets, parse};
use crate::kube::{Error, Result, object};
use crate::listen::Peer;
use crate::management::clusters::{Fact, join_code, note};
use crate::management::{self, CLUSTERS, GROUP};
use crate::store::Tx;

/// The oldest agents that this instance works with: major and minor of their version.
const OLDEST_AGENT: (u32, u32) = (0, 1);

/// Body of `POST /agent/join`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Join {
    /// The name of the cluster.
    pub cluster: String,
    /// The join code.
    pub code: String,
    /// The agent's public key, in base64url.
    pub public_key: String,
    /// The agent's version.
    pub version: String,
    /// The uid of the namespace `kube-system` of its cluster.
    pub cluster_uid: String,
    /// It serves an embedded host cluster.
    #[serde(default)]
    pub embedded: bool,
}

/// Answer to [`Join`]: what the agent has to remember.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Joined {
    /// The uid of the `Cluster` object: for whom tokens have to be.
    pub uid: String,
    /// The id of the central instance: who has to have signed them.
    pub instance: String,
    /// The public key that they are signed with, in base64url.
    pub token_key: String,
}

/// `POST /agent/join`.
pub async fn join(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Joined>> {
    let asked: Join = parse(&headers, &body)?;
    let key = PublicKey::parse(&asked.public_key)
        .ok_or_else(|| Error::BadRequest("the public key cannot be read".into()))?;
    let mac = AccessKey::parse(asked.code.trim()).map(|it| app.mac.of(&it)).unwrap_or_default();
    let (instance, token_key) = (app.instance.clone(), app.signer.public().text());
    let name = asked.cluster.clone();
    let buckets = Buckets::of_joins(peer.address.ip());
    // What is written about a refusal must stay, so the refusal is no error of the transaction.
    let taken =
        app.store.write::<_, Error>(move |tx| take(tx, &asked, &key, &mac, &buckets)).await??;
    // The agent before, if there was one, is no longer the cluster's: not for one request more.
    if taken.fresh
        && let Some(host) = app.gateway.hosts.get(&name)
    {
        app.gateway.hosts.detach(&name, &host);
    }
    let uid = taken.uid;
    Ok(Json(Joined { uid, instance, token_key }))
}

/// An agent that may go on.
struct Taken {
    /// Of the `Cluster` object.
    uid: String,
    /// It joined just now. Else it had joined, did not hear our answer, and asked again.
    fresh: bool,
}

/// Takes the agent down, or writes into its cluster why not. The inner error is the refusal.
fn take(
    tx: &mut Tx<'_>,
    asked: &Join,
    key: &PublicKey,
    mac: &[u8; 32],
    buckets: &Buckets,
) -> Result<Result<Taken>> {
    if let Err(error) = buckets.strike(tx) {
        return Ok(Err(error));
    }
    let place = management::key(CLUSTERS, "", &asked.cluster);
    let Some(entry) = tx.get(&place)? else { return Ok(Err(refusal(condition::WRONG_CODE))) };
    let mut cluster: Value = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
    let was = cluster.clone();
    let now = tx.now();
    note(&mut cluster, Fact::yes(condition::CONTACTED, ""), now);
    let uid = object::meta(&cluster, "uid").to_owned();
    let answer = match judge(tx, asked, mac, now)? {
        // Whoever knows code and public key learns what is no secret, and changes nothing.
        Err(condition::USED_CODE) if was["status"]["agent"]["publicKey"] == asked.public_key => {
            buckets.forget(tx)?;
            return Ok(Ok(Taken { uid, fresh: false }));
        }
        Ok(()) => {
            note(&mut cluster, Fact::yes(condition::CODE_ACCEPTED, ""), now);
            note(&mut cluster, Fact::yes(condition::AGENT_VERSION, &asked.version), now);
            let status = object::map_at(&mut cluster, &["status"]);
            status.remove("joinCodeExpires");
            status.insert("clusterUid".into(), json!(asked.cluster_uid));
            let agent = AgentInfo {
                version: asked.version.clone(),
                embedded: asked.embedded,
                public_key: key.text(),
                ..AgentInfo::default()
            };
            status.insert("agent".into(), serde_json::to_value(agent).map_err(Error::internal)?);
            buckets.forget(tx)?;
            Ok(Taken { uid, fresh: true })
        }
        // Nobody who has no code marks a cluster that waits for none.
        Err(condition::WRONG_CODE) if waits_for_none(&was) => {
            return Ok(Err(refusal(condition::WRONG_CODE)));
        }
        Err(reason) => {
            let kind = match reason {
                condition::OLD_AGENT => condition::AGENT_VERSION,
                _ => condition::CODE_ACCEPTED,
            };
            note(&mut cluster, Fact::no(kind, reason, ""), now);
            Err(refusal(reason))
        }
    };
    if cluster != was {
        tx.update(&place, None, cluster)?;
    }
    Ok(answer)
}

/// Whether no agent can join, or one has and no code was made for another.
fn waits_for_none(cluster: &Value) -> bool {
    let status = &cluster["status"];
    let joined = status["agent"].is_object() && status.get("joinCodeExpires").is_none();
    cluster["spec"]["networkPeer"] != json!(true) || joined
}

/// Whether it may join; the error is a condition's reason. A code is used up only by one who may.
fn judge(
    tx: &mut Tx<'_>,
    asked: &Join,
    mac: &[u8; 32],
    now: i64,
) -> Result<Result<(), &'static str>> {
    // First the code: who has none is told nothing else, and so not which clusters there are.
    let code = match join_code::look(tx, &asked.cluster, mac, now)? {
        Ok(code) => code,
        Err(reason) => return Ok(Err(reason)),
    };
    if !is_supported(&asked.version) {
        return Ok(Err(condition::OLD_AGENT));
    }
    if asked.cluster_uid.is_empty() {
        return Ok(Err(condition::NO_ANSWER));
    }
    let clusters: Vec<Cluster> = management::all(&tx.snapshot()?, CLUSTERS)?;
    let twin = clusters
        .iter()
        .find(|it| it.metadata.name != asked.cluster && it.status.cluster_uid == asked.cluster_uid);
    if twin.is_some() {
        return Ok(Err(condition::SAME_CLUSTER));
    }
    join_code::use_up(tx, &code)?;
    Ok(Ok(()))
}

fn is_supported(version: &str) -> bool {
    let mut parts = version.trim_start_matches('v').split('.').map(str::parse::<u32>);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= OLDEST_AGENT,
        _ => false,
    }
}

/// What the agent says in its own log.
fn refusal(reason: &str) -> Error {
    let words = match reason {
        condition::EXPIRED_CODE => "the join code is over: make a new one in the dashboard",
        condition::USED_CODE => "the join code was used already: make a new one in the dashboard",
        condition::SAME_CLUSTER => "this very cluster is connected already, under another name",
        condition::OLD_AGENT => "this agent is too old for the central instance: update it",
        condition::NO_ANSWER => "the agent does not say which cluster it is beside",
        // Whether there is a cluster of that name is nobody's business who has no code for it.
        _ => "the join code is not right for a cluster of this name",
    };
    match reason {
        condition::SAME_CLUSTER | condition::OLD_AGENT => {
            Error::Conflict { message: words.into(), causes: Vec::new() }
        }
        _ => Error::Unauthorized(words.into()),
    }
}

/// The agent of a cluster that dialled in before; nothing where none joined.
///
/// # Errors
/// The store cannot be read.
pub(super) async fn known(app: &App, cluster: &str) -> Result<Option<(String, PublicKey)>> {
    let place = management::key(CLUSTERS, "", cluster);
    let Some(entry) = app.store.get(place).await? else { return Ok(None) };
    let cluster: Cluster = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
    let key = cluster.status.agent.as_ref().and_then(|it| PublicKey::parse(&it.public_key));
    Ok(key.map(|key| (cluster.metadata.uid, key)))
}

/// What a cluster says of an agent that was refused at the door.
///
/// # Errors
/// The store cannot be written.
pub(super) async fn refused(app: &App, cluster: &str, reason: &'static str) -> Result<Error> {
    let place = management::key(CLUSTERS, "", cluster);
    app.store
        .write(move |tx| {
            let Some(entry) = tx.get(&place)? else { return Ok::<_, Error>(()) };
            let was: Value = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
            let mut cluster = was.clone();
            let now = tx.now();
            note(&mut cluster, Fact::no(condition::API_ANSWERS, reason, ""), now);
            if cluster != was {
                tx.update(&place, None, cluster)?;
            }
            Ok(())
        })
        .await?;
    let message = match reason {
        condition::TWO_AGENTS => "another agent with this very key is connected",
        _ => "another cluster answers than the one that was connected",
    };
    Ok(Error::Conflict { message: format!("{message} ({GROUP})"), causes: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_that_is_too_old_or_says_nonsense_is_not_supported() {
        for (version, expected) in [
            ("0.1.0", true),
            ("v0.2.5", true),
            ("1.0", true),
            ("0.0.9", false),
            ("", false),
            ("x.y", false),
        ] {
            assert_eq!(is_supported(version), expected, "{version}");
        }
    }
}
