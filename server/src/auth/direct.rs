//! The token that opens one direct endpoint and nothing else.
//!
//! Made here on the central instance, read at the agent without asking back. The central instance
//! itself never takes one: its callers have access keys.

use axum::Json;
use axum::extract::{Path, State};
use dormer_api::access_key::Scope;
use dormer_api::connect::Endpoint;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::signed::{Claims, PublicKey, Signer, verify};
use super::{Bearer, Caller, KeyInUse};
use crate::app::App;
use crate::authz;
use crate::clock::rfc3339;
use crate::kube::resource::{Call, Decision, Verb};
use crate::kube::{Error, Result, object};
use crate::management::{self, CLUSTERS, GROUP, VERSION};
use crate::store::Snapshot;

/// The longest life, in seconds.
pub const TTL_MAX: i64 = 15 * 60;
/// What such a token is for, among all that this instance signs.
const PURPOSE: &str = "direct-cluster-endpoint";

/// What a token says of its bearer. Their rights are looked up at the agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bearing {
    /// The name of the user.
    pub sub: String,
    /// The uid of the user's object.
    pub uid: String,
    /// Unlike any other token's.
    pub jti: String,
    /// The key that it was made with, and so ends with; nothing for a session of the page.
    pub key: Option<KeyClaim>,
}

/// The access key that a token was made with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyClaim {
    /// The name of the key's object.
    pub name: String,
    /// `Login`, `User` …
    pub kind: String,
    /// What it is confined to.
    pub scope: Option<Scope>,
}

/// The cluster that a token is made for, if the caller may know of it.
///
/// # Errors
/// There is none.
fn cluster_uid(snapshot: &Snapshot<'_>, caller: &Caller, name: &str) -> Result<String> {
    let missing = || Error::NotFound {
        resource: CLUSTERS.into(),
        group: GROUP.into(),
        name: name.to_owned(),
    };
    let entry = snapshot.get(&management::key(CLUSTERS, "", name))?.ok_or_else(missing)?;
    let cluster: Value = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
    let attributes = management::attributes(Verb::Get, CLUSTERS, "", name);
    // A scoped key sees no clusters, but its token opens no more than it does itself.
    let whole = Caller { key: None, ..caller.clone() };
    match authz::may(snapshot, &whole, &attributes, Some(&cluster))? {
        Decision::Allow => Ok(object::meta(&cluster, "uid").to_owned()),
        Decision::Deny | Decision::Hide => Err(missing()),
    }
}

/// A token for `cluster`, and when it ends in Unix seconds.
///
/// # Errors
/// The caller may not know of that cluster.
pub fn mint(
    signer: &Signer,
    instance: &str,
    snapshot: &Snapshot<'_>,
    caller: &Caller,
    (cluster, ttl, now): (&str, i64, i64),
) -> Result<(String, i64)> {
    let ttl = if ttl <= 0 { TTL_MAX } else { ttl.min(TTL_MAX) };
    let key = caller.key.as_ref().map(|it| KeyClaim {
        name: it.name.clone(),
        kind: it.kind.clone(),
        scope: it.scope.clone(),
    });
    let claims = Claims {
        iss: instance.to_owned(),
        aud: cluster_uid(snapshot, caller, cluster)?,
        iat: now,
        exp: now + ttl,
        purpose: PURPOSE.into(),
        says: Bearing {
            sub: caller.name.clone(),
            uid: caller.uid.clone(),
            jti: uuid::Uuid::new_v4().to_string(),
            key,
        },
    };
    Ok((signer.sign(&claims)?, claims.exp))
}

/// Whom a token is of, at the cluster of this uid; nothing where it is none of `instance` for it.
#[must_use]
pub fn read(
    token: &str,
    key: &PublicKey,
    (instance, cluster_uid): (&str, &str),
    now: i64,
) -> Option<Bearing> {
    let claims = verify::<Bearing>(token, key, (instance, cluster_uid, PURPOSE), now)?;
    (claims.exp - claims.iat <= TTL_MAX).then_some(claims.says)
}

impl KeyClaim {
    /// The key as a caller carries it.
    #[must_use]
    pub fn in_use(self) -> KeyInUse {
        KeyInUse { name: self.name, kind: self.kind, scope: self.scope }
    }
}

/// `directclusterendpointtokens`: answers a creation.
///
/// # Errors
/// The cluster is not named where there are many, or is not the caller's to know.
pub fn answer(
    signer: &Signer,
    instance: &str,
    call: &Call<'_>,
    snapshot: &Snapshot<'_>,
    mut body: Value,
) -> Result<Value> {
    let spec = &body["spec"];
    let cluster = match spec["cluster"].as_str().filter(|it| !it.is_empty()) {
        Some(named) => named.to_owned(),
        None => only_direct(snapshot)?,
    };
    let ttl = spec["ttl"].as_i64().unwrap_or(0);
    let (token, _) = mint(signer, instance, snapshot, call.caller, (&cluster, ttl, call.now))?;
    body["kind"] = json!("DirectClusterEndpointToken");
    body["apiVersion"] = json!(format!("{GROUP}/{VERSION}"));
    body["metadata"] = json!({});
    body["status"] = json!({ "token": token });
    Ok(body)
}

/// The one cluster with a direct endpoint, for Loft's CLI, which cannot name one.
fn only_direct(snapshot: &Snapshot<'_>) -> Result<String> {
    let clusters: Vec<dormer_api::cluster::Cluster> = management::all(snapshot, CLUSTERS)?;
    let mut direct =
        clusters.into_iter().map(|it| it.metadata).filter(|it| Endpoint::of(it).is_some());
    match (direct.next(), direct.next()) {
        (Some(only), None) => Ok(only.name),
        _ => Err(Error::invalid_field(
            "DirectClusterEndpointToken",
            GROUP,
            "",
            "spec.cluster",
            "A token is good at one cluster only: say which. A command line that cannot goes through the central instance: --disable-direct-cluster-endpoint.",
        )),
    }
}

/// `POST /auth/exec-credential/<cluster>`: the same as `kubectl` takes it from a plugin.
pub(super) async fn exec_credential(
    State(app): State<App>,
    Bearer(caller): Bearer,
    Path(cluster): Path<String>,
) -> Result<Json<Value>> {
    let (signer, instance) = (app.signer.clone(), app.instance.clone());
    let now = app.clock.now_seconds();
    let (token, end) = app
        .store
        .read(move |snapshot| mint(&signer, &instance, snapshot, &caller, (&cluster, 0, now)))
        .await?;
    Ok(Json(json!({
        "kind": "ExecCredential",
        "apiVersion": "client.authentication.k8s.io/v1",
        "status": { "token": token, "expirationTimestamp": rfc3339(end) },
    })))
}
