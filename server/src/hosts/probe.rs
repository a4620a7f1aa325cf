//! The proof that a host answers: asked again and again, and written into its object.

use std::time::{Duration, Instant};

use dormer_api::cluster::condition;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::Api;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::{Host, Hosts};
use crate::clock::{Clock, rfc3339};
use crate::kube::{Error, Result, object};
use crate::management;
use crate::management::clusters::{Fact, note};
use crate::store::{Store, Tx};

/// The time between two proofs.
const PROOF_EVERY: Duration = Duration::from_secs(15);
/// How long a host may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// So many failed proofs in a row make it offline: one may be a hiccup.
const FAILURES_MAX: u32 = 2;
/// The time to the next proof after one that failed.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// What a proof found.
#[derive(Clone)]
struct Proof {
    version: String,
    /// Of `kube-system`.
    uid: String,
    millis: u32,
}

/// Proves until the connection is let go, and then says that it is. The first proof is what makes it
/// the host of its name.
pub(super) async fn run(hosts: Hosts, name: String, host: Host) {
    let (store, clock) = (hosts.0.store.clone(), hosts.0.clock.clone());
    let mut failures = 0;
    loop {
        let proof = tokio::select! {
            proof = timeout(ANSWER_MAX, prove(&host)) => proof,
            () = host.gone() => break,
        };
        let (found, pause) = match proof {
            Ok(Ok(Some(proof))) => {
                failures = 0;
                (Found::Answer(proof), PROOF_EVERY)
            }
            Ok(Ok(None) | Err(_)) | Err(_) => {
                failures += 1;
                (Found::Silence, AGAIN_AFTER)
            }
        };
        if failures == 0 || failures >= FAILURES_MAX {
            match write(&store, &clock, &name, &host, &found).await {
                Verdict::Itself if failures == 0 => hosts.publish(&name, &host),
                Verdict::Itself => {}
                // Not one request more, neither of people nor of controllers.
                Verdict::Another => {
                    hosts.detach(&name, &host);
                    return;
                }
            }
        }
        tokio::select! {
            () = sleep(pause) => {}
            () = host.gone() => break,
        }
    }
    // Another connection may have taken its place by now, and speaks for itself.
    if hosts.get(&name).is_none() {
        write(&store, &clock, &name, &host, &Found::Gone).await;
    }
}

/// Whether a connection is still what it was taken up as.
enum Verdict {
    Itself,
    /// Another cluster answers, or the object of its name is another one.
    Another,
}

/// Nothing where the cluster is not up far enough to say which it is.
async fn prove(host: &Host) -> Result<Option<Proof>, ::kube::Error> {
    let client = host.client();
    // The first call may have to connect: what it takes is not the way's latency.
    let system = Api::<Namespace>::all(client.clone()).get_opt("kube-system").await?;
    let Some(uid) = system.and_then(|it| it.metadata.uid) else { return Ok(None) };
    let begun = Instant::now();
    let version = client.apiserver_version().await?.git_version;
    let millis = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
    Ok(Some(Proof { version, uid, millis }))
}

#[derive(Clone)]
enum Found {
    Answer(Proof),
    Silence,
    Gone,
}

/// Writes down what was found.
async fn write(store: &Store, clock: &Clock, name: &str, host: &Host, found: &Found) -> Verdict {
    let (now, place) = (clock.now_seconds(), management::key(management::CLUSTERS, "", name));
    let (found, uid) = (found.clone(), host.0.uid.clone());
    let written = store.write(move |tx| {
        let Some(entry) = tx.get(&place)? else { return Ok(Verdict::Another) };
        let mut cluster: Value = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
        if !uid.is_empty() && uid != object::meta(&cluster, "uid") {
            return Ok(Verdict::Another);
        }
        let was = cluster.clone();
        apply(&mut cluster, &found, now);
        let swapped = matches!(found, Found::Answer(_))
            && cluster["status"]["reason"] == json!(condition::SWAPPED);
        if cluster != was {
            update(tx, &place, cluster)?;
        }
        Ok::<_, Error>(if swapped { Verdict::Another } else { Verdict::Itself })
    });
    written.await.unwrap_or_else(|error| {
        tracing::warn!(%error, cluster = name, "cannot write how a host cluster is");
        Verdict::Itself
    })
}

fn update(tx: &mut Tx<'_>, place: &crate::store::Key, cluster: Value) -> Result<()> {
    tx.update(place, None, cluster)?;
    Ok(())
}

fn apply(cluster: &mut Value, found: &Found, now: i64) {
    let known = cluster["status"]["clusterUid"].as_str().unwrap_or_default().to_owned();
    let is_agents = cluster["spec"]["networkPeer"] == json!(true);
    match found {
        Found::Answer(proof) if !known.is_empty() && known != proof.uid => {
            let words = "Another cluster answers than the one that was connected.";
            online(cluster, false, condition::SWAPPED, words, now);
            cluster["status"]["phase"] = json!("Failed");
            note(cluster, Fact::no(condition::API_ANSWERS, condition::SWAPPED, words), now);
        }
        Found::Answer(proof) => {
            online(cluster, true, "", "", now);
            let status = object::map_at(cluster, &["status"]);
            status.insert("phase".into(), json!("Initialized"));
            status.insert("kubernetesVersion".into(), json!(proof.version));
            status.insert("clusterUid".into(), json!(proof.uid));
            status.insert("latencyMs".into(), json!(proof.millis));
            status.insert("lastContact".into(), json!(rfc3339(now)));
            let words = format!("{} ms", proof.millis);
            note(cluster, Fact::yes(condition::API_ANSWERS, &words), now);
        }
        Found::Silence => {
            let words = "The connection is there, but the API behind it does not answer.";
            online(cluster, false, condition::NO_ANSWER, words, now);
            note(cluster, Fact::no(condition::API_ANSWERS, condition::NO_ANSWER, words), now);
        }
        Found::Gone => {
            let words = match is_agents {
                true => "Its agent is not connected.",
                false => "There is no connection.",
            };
            online(cluster, false, "Offline", words, now);
        }
    }
}

/// Says whether it is online; since when changes only with that.
fn online(cluster: &mut Value, is: bool, reason: &str, message: &str, now: i64) {
    let status = object::map_at(cluster, &["status"]);
    let was = status.get("online") == Some(&json!(true));
    if was != is || !status.contains_key("since") {
        status.insert("since".into(), json!(rfc3339(now)));
    }
    status.insert("online".into(), json!(is));
    status.insert("reason".into(), json!(reason));
    status.insert("message".into(), json!(message));
}

/// Says of every host that is not in this process that it is away: whoever asks before the first
/// proof must not read the last one of an earlier run.
///
/// # Errors
/// The store cannot be written.
pub fn forget_proofs(tx: &mut Tx<'_>, now: i64) -> Result<()> {
    for entry in tx.list(&management::range(management::CLUSTERS))? {
        let was: Value = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
        if was["status"]["online"] != json!(true) {
            continue;
        }
        let mut cluster = was;
        apply(&mut cluster, &Found::Gone, now);
        update(tx, &management::key(management::CLUSTERS, "", &entry.name), cluster)?;
    }
    Ok(())
}
