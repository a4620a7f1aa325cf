//! The code that an agent joins with: works once, for ten minutes.

use dormer_api::access_key::OwnedAccessKey;
use dormer_api::cluster::{ClusterAccessKey, condition};
use serde_json::{Value, json};

use super::{Central, invalid};
use crate::auth::{AccessKey, KeyMac};
use crate::clock::rfc3339;
use crate::kube::resource::Call;
use crate::kube::{Error, Result, object};
use crate::management::{ACCESS_KEYS, CLUSTERS, GROUP, VERSION, access_keys, key, range};
use crate::store::Tx;

/// Loft's name for the key of an agent.
pub const KIND_NETWORK_PEER: &str = "NetworkPeer";
/// The label that says which cluster a code is for.
const CLUSTER_LABEL: &str = "loft.sh/cluster";
/// Seconds that a code can be used.
const TTL: i64 = 10 * 60;

/// `GET clusters/<c>/accesskey`: a fresh code; the one before stops working.
pub(super) fn answer(
    call: &Call<'_>,
    tx: &mut Tx<'_>,
    cluster: Option<&Value>,
    mac: &KeyMac,
    central: &Central,
) -> Result<Value> {
    let cluster = cluster.ok_or(Error::NoResource)?;
    let name = object::name(cluster).to_owned();
    if cluster["spec"]["networkPeer"] != json!(true) {
        return Err(invalid(&name, "spec.networkPeer", "No agent dials in for this cluster."));
    }
    remove_all_of(tx, &name)?;
    let secret = AccessKey::generate()?;
    let code = crate::management::generated_name("join")?;
    let expires = rfc3339(call.now + TTL);
    let code_object = json!({
        "kind": "OwnedAccessKey",
        "apiVersion": format!("{GROUP}/{VERSION}"),
        "metadata": {
            "name": code,
            "uid": uuid::Uuid::new_v4().to_string(),
            "creationTimestamp": rfc3339(call.now),
            "generation": 1,
            "labels": { CLUSTER_LABEL: name },
        },
        "spec": { "type": KIND_NETWORK_PEER, "ttl": TTL, "displayName": format!("Join code of {name}") },
        "status": { "hint": secret.hint() },
    });
    tx.add_secret(&mac.of(&secret), &code)?;
    tx.create(&key(ACCESS_KEYS, "", &code), code_object)?;
    let mut cluster = cluster.clone();
    cluster["status"]["joinCodeExpires"] = json!(expires);
    tx.update(&key(CLUSTERS, "", &name), None, cluster)?;
    let mut answer = serde_json::to_value(ClusterAccessKey {
        access_key: secret.expose().to_owned(),
        loft_host: central.url.clone(),
        insecure: false,
        ca_cert: central.ca_data.clone(),
        expires,
        image: central.image.clone(),
    })
    .map_err(Error::internal)?;
    answer["kind"] = json!("ClusterAccessKey");
    answer["apiVersion"] = json!(format!("{GROUP}/{VERSION}"));
    answer["metadata"] = json!({});
    Ok(answer)
}

/// The name of the code of `cluster` that this is the MAC of; the error is why it is not good, as a
/// condition's reason.
///
/// # Errors
/// The store cannot be read.
pub fn look(
    tx: &Tx<'_>,
    cluster: &str,
    mac: &[u8; 32],
    now: i64,
) -> Result<Result<String, &'static str>> {
    let found = access_keys::of_secret(&tx.snapshot()?, mac)?;
    let Some((name, code)) = found.filter(|(_, it)| is_of(it, cluster)) else {
        return Ok(Err(condition::WRONG_CODE));
    };
    if code.spec.disabled {
        return Ok(Err(condition::USED_CODE));
    }
    Ok(if access_keys::is_alive(&code, now) { Ok(name) } else { Err(condition::EXPIRED_CODE) })
}

/// Uses up the code of this name. It stays, so that whoever tries it again is told that it was used.
///
/// # Errors
/// The store cannot be read or written.
pub fn use_up(tx: &mut Tx<'_>, name: &str) -> Result<()> {
    let place = key(ACCESS_KEYS, "", name);
    let Some(entry) = tx.get(&place)? else { return Ok(()) };
    let mut code: Value = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
    code["spec"]["disabled"] = json!(true);
    tx.update(&place, None, code)?;
    Ok(())
}

fn is_of(code: &OwnedAccessKey, cluster: &str) -> bool {
    let labelled = code.metadata.labels.get(CLUSTER_LABEL).is_some_and(|it| it == cluster);
    code.spec.kind == KIND_NETWORK_PEER && labelled
}

/// Removes every code of a cluster, used or not.
///
/// # Errors
/// The store cannot be written.
pub fn remove_all_of(tx: &mut Tx<'_>, cluster: &str) -> Result<()> {
    for entry in tx.list(&range(ACCESS_KEYS))? {
        let code: OwnedAccessKey = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
        if is_of(&code, cluster) {
            access_keys::remove(tx, &entry.name)?;
        }
    }
    Ok(())
}
