//! Keeps a connection to every cluster that has a kubeconfig, and lets go of those that were
//! disconnected.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dormer_api::cluster::Cluster;
use serde_json::json;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::kubeconfig::Sanitized;
use super::{Reach, dial};
use crate::agent::{Access, Agent, Runs};
use crate::app::App;
use crate::kube::{Error, Result};
use crate::management::{self, CLUSTERS};

/// How long after a failure it is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// The time between two looks at what was let go.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// A cluster whose agent runs in this process.
struct Kept {
    /// Of the `Cluster`: a name may come back, a uid never does.
    uid: String,
    stop: CancellationToken,
}

/// Runs until `stop` is cancelled. `folder` is for the files of `helm`.
pub async fn run(app: App, folder: PathBuf, stop: CancellationToken) {
    let mut kept = HashMap::new();
    while !stop.is_cancelled() {
        let followed = tokio::select! {
            followed = follow(&app, &folder, &mut kept) => followed,
            () = stop.cancelled() => Ok(()),
        };
        if let Err(error) = followed {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the list of clusters could not be followed"
            );
            sleep(AGAIN_AFTER).await;
        }
    }
    kept.into_values().for_each(|it: Kept| it.stop.cancel());
}

async fn follow(app: &App, folder: &Path, kept: &mut HashMap<String, Kept>) -> Result<()> {
    let from = app.store.revision().await?;
    let mut changes = app.store.watch(management::range(CLUSTERS), from).await?;
    loop {
        let clusters: Vec<Cluster> =
            app.store.read(|snapshot| management::all(snapshot, CLUSTERS)).await?;
        let is_there = |name: &str, uid: &str| {
            clusters.iter().any(|it| it.metadata.name == name && it.metadata.uid == uid)
        };
        // What was disconnected, or is another cluster of the same name by now.
        let hosts = &app.gateway.hosts;
        for (name, uid) in hosts.all() {
            if !uid.is_empty()
                && !is_there(&name, &uid)
                && let Some(host) = hosts.get(&name)
            {
                hosts.detach(&name, &host);
            }
        }
        kept.retain(|name, it| {
            let stays = is_there(name, &it.uid) && !it.stop.is_cancelled();
            if !stays {
                it.stop.cancel();
            }
            stays
        });
        for cluster in clusters.iter().filter(|it| it.spec.config.is_some()) {
            let metadata = &cluster.metadata;
            if kept.contains_key(&metadata.name) {
                continue;
            }
            match open(app, folder, metadata.name.clone(), metadata.uid.clone()).await {
                Ok(Some(it)) => _ = kept.insert(metadata.name.clone(), it),
                Ok(None) => {}
                Err(error) => tracing::error!(
                    error = &error as &dyn std::error::Error,
                    cluster = metadata.name,
                    "its credential cannot be used"
                ),
            }
        }
        // Its status changes every few seconds, and none of that is for us. But one that was let go,
        // because another cluster answered, is looked at again now and then.
        let again = sleep(LOOK_AGAIN);
        tokio::pin!(again);
        loop {
            tokio::select! {
                change = changes.next() => {
                    let change = change?;
                    if change.before.is_none() || change.after.is_none() {
                        break;
                    }
                }
                () = &mut again => break,
            }
        }
    }
}

async fn open(app: &App, folder: &Path, name: String, uid: String) -> Result<Option<Kept>> {
    let (vault, wanted) = (app.vault.clone(), (name.clone(), uid.clone()));
    let read = app.store.read(move |snapshot| vault.get(snapshot, &wanted.0, &wanted.1));
    let Some(sanitized): Option<Sanitized> = read.await? else { return Ok(None) };
    let client = dial::client(&sanitized, &app.config.allowed())?;
    let runs = Runs {
        access: Access::Text(sanitized.kubeconfig().map_err(Error::internal)?),
        program: app.config.helm.clone(),
        scratch: folder.join(&name),
        allowed: Some(app.config.allowed()),
    };
    let agent = Agent::kubernetes(client, runs);
    let stop = CancellationToken::new();
    let host = app.gateway.hosts.attach(&name, &uid, Reach::Agent(agent.clone()));
    tokio::spawn({
        let stop = stop.clone();
        async move {
            // Nothing is done in a cluster that has not proven to be the one that was connected, and
            // nothing more in one that is not believed to be it any longer.
            tokio::select! {
                () = host.proven() => {
                    let running = tokio::spawn(agent.run(stop.clone()));
                    host.gone().await;
                    stop.cancel();
                    _ = running.await;
                }
                () = host.gone() => stop.cancel(),
            }
        }
    });
    Ok(Some(Kept { uid, stop }))
}

impl Sanitized {
    /// A kubeconfig that says what was taken and nothing else, for `helm`. It is secret.
    fn kubeconfig(&self) -> Result<String, serde_json::Error> {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD;
        use dormer_api::kubeconfig::Credential;
        let taken = self.taken();
        let mut cluster = json!({
            "server": taken.server,
            "certificate-authority-data": STANDARD.encode(&taken.ca),
        });
        if let Some(name) = &taken.tls_server_name {
            cluster["tls-server-name"] = json!(name);
        }
        let user = match &taken.credential {
            Credential::Token(token) => json!({ "token": token }),
            Credential::Certificate { certificate, key } => json!({
                "client-certificate-data": STANDARD.encode(certificate),
                "client-key-data": STANDARD.encode(key),
            }),
        };
        serde_json::to_string(&json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": "host", "cluster": cluster }],
            "users": [{ "name": "host", "user": user }],
            "contexts": [{ "name": "host", "context": { "cluster": "host", "user": "host" } }],
            "current-context": "host",
        }))
    }
}
