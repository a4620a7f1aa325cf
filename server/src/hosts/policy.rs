//! What an agent has to know to decide at its direct endpoint as the central instance would.
//!
//! That is people, teams, projects, keys by name, its own cluster and the virtual clusters in it. No
//! password, no address, no secret.
//!
//! A stream of lines: everything as it is, then `synced`, then each change as it happens, and a
//! sign of life every few seconds.

use std::io;
use std::time::Duration;

use axum::body::Bytes;
use futures::Stream;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::kube::{Error, Result, object};
use crate::management::{self, ACCESS_KEYS, CLUSTERS, PROJECTS, TEAMS, USERS, VCLUSTERS};
use crate::store::{Change, Store, Watch};

/// The time between two signs of life.
pub const ALIVE_EVERY: Duration = Duration::from_secs(2);
/// How many lines may wait for a slow agent; one that falls further behind begins again.
const BEHIND_MAX: usize = 1024;

/// The resources that an agent has a copy of.
pub const COPIED: [&str; 6] = [USERS, TEAMS, PROJECTS, ACCESS_KEYS, CLUSTERS, VCLUSTERS];

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Line {
    /// An object as it is now.
    Is {
        /// One of [`COPIED`].
        resource: String,
        /// The part of it that the agent has to know.
        object: Value,
    },
    /// An object is not there any more, or no longer this agent's to know.
    Gone {
        /// One of [`COPIED`].
        resource: String,
        /// Empty for one of the whole instance.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// What came before is everything: what the agent knew beside it is gone.
    Synced,
    /// Where the dashboard is opened from: whose pages may ask the direct endpoint how it is.
    Origins(Vec<String>),
    /// The central instance lives.
    Alive,
}

/// The lines for the agent of `cluster`, without an end.
///
/// # Errors
/// The store cannot be read.
pub(super) async fn follow(
    store: Store,
    cluster: String,
    origins: Vec<String>,
) -> Result<impl Stream<Item = io::Result<Bytes>> + Send + 'static> {
    let from = store.revision().await?;
    let mut watches = Vec::new();
    for resource in COPIED {
        watches.push(store.watch(management::range(resource), from).await?);
    }
    let first = everything(&store, &cluster).await?;
    let (lines, receiver) = mpsc::channel(BEHIND_MAX);
    tokio::spawn(async move {
        // At the end of the tunnel nobody listens any more, and all of this ends with the channel.
        for line in [Line::Origins(origins)].into_iter().chain(first).chain([Line::Synced]) {
            if lines.send(text(&line)).await.is_err() {
                return;
            }
        }
        let changes = watches.into_iter().zip(COPIED).map(|(watch, resource)| {
            Box::pin(pass_on(watch, resource, cluster.clone(), lines.clone()))
        });
        let changes = futures::future::select_all(changes);
        tokio::select! {
            _ = changes => {}
            () = live(lines.clone()) => {}
        }
    });
    Ok(ReceiverStream::new(receiver))
}

async fn live(lines: mpsc::Sender<io::Result<Bytes>>) {
    while lines.send(text(&Line::Alive)).await.is_ok() {
        tokio::time::sleep(ALIVE_EVERY).await;
    }
}

fn text(line: &Line) -> io::Result<Bytes> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    Ok(text.into())
}

async fn everything(store: &Store, cluster: &str) -> Result<Vec<Line>> {
    let cluster = cluster.to_owned();
    store
        .read(move |snapshot| {
            let mut lines = Vec::new();
            for resource in COPIED {
                for entry in snapshot.entries(&management::range(resource))? {
                    if let Some(object) = part(resource, &cluster, &entry.body)? {
                        lines.push(Line::Is { resource: resource.to_owned(), object });
                    }
                }
            }
            Ok::<_, Error>(lines)
        })
        .await
}

async fn pass_on(
    mut watch: Watch,
    resource: &'static str,
    cluster: String,
    lines: mpsc::Sender<io::Result<Bytes>>,
) {
    // An error means that the log no longer reaches back: the stream ends, and a new one has it all.
    while let Ok(change) = watch.next().await {
        let Ok(Some(line)) = line_of(&change, resource, &cluster) else { continue };
        if lines.send(text(&line)).await.is_err() {
            return;
        }
    }
}

fn line_of(change: &Change, resource: &str, cluster: &str) -> Result<Option<Line>> {
    let now = change.after.as_ref().map(|it| part(resource, cluster, it)).transpose()?.flatten();
    let before = change.before.as_ref().map(|it| part(resource, cluster, it)).transpose()?;
    Ok(match (before.flatten(), now) {
        (before, Some(object)) if before.as_ref() != Some(&object) => {
            Some(Line::Is { resource: resource.to_owned(), object })
        }
        (_, Some(_)) | (None, None) => None,
        (Some(_), None) => Some(Line::Gone {
            resource: resource.to_owned(),
            namespace: change.key.namespace.clone(),
            name: change.key.name.clone(),
        }),
    })
}

/// The part of an object that the agent of `cluster` has to know; nothing where it is not its own.
fn part(resource: &str, cluster: &str, body: &[u8]) -> Result<Option<Value>> {
    let object: Value = serde_json::from_slice(body).map_err(Error::internal)?;
    let spec = &object["spec"];
    let only = |fields: &[&str]| -> Value {
        fields.iter().filter_map(|it| Some(((*it).to_owned(), spec.get(*it)?.clone()))).collect()
    };
    let spec = match resource {
        USERS => only(&["disabled", "clusterRoles"]),
        TEAMS => only(&["users", "clusterRoles"]),
        PROJECTS => only(&["members", "allowedClusters"]),
        ACCESS_KEYS => only(&["user", "type", "ttl", "disabled", "scope"]),
        CLUSTERS if object::name(&object) == cluster => only(&["access"]),
        VCLUSTERS if spec["clusterRef"]["cluster"] == cluster => {
            only(&["owner", "access", "extraAccessRules", "clusterRef"])
        }
        _ => return Ok(None),
    };
    let meta = |field: &str| object["metadata"].get(field).cloned();
    let fields = ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp"];
    let metadata: Value =
        fields.iter().filter_map(|it| Some(((*it).to_owned(), meta(it)?))).collect();
    let mut part = json!({
        "apiVersion": object["apiVersion"],
        "kind": object["kind"],
        "metadata": metadata,
        "spec": spec,
    });
    if resource == VCLUSTERS {
        part["status"] = json!({ "phase": object["status"]["phase"] });
    }
    Ok(Some(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(value: &Value) -> Vec<u8> {
        serde_json::to_vec(value).unwrap()
    }

    #[test]
    fn an_agent_hears_of_its_own_virtual_clusters_and_of_nobody_s_address() {
        let user = json!({ "metadata": { "name": "anna", "uid": "1" },
            "spec": { "email": "anna@example.com", "displayName": "Anna", "disabled": true } });
        let part_of = |resource: &str, object: &Value| part(resource, "eu", &body(object)).unwrap();
        assert_eq!(part_of(USERS, &user).unwrap()["spec"], json!({ "disabled": true }));
        let instance = |cluster: &str| {
            json!({ "metadata": { "name": "a", "namespace": "loft-p-web" },
                "spec": { "clusterRef": { "cluster": cluster }, "parameters": "secret" },
                "status": { "phase": "Ready", "message": "…" } })
        };
        assert_eq!(part_of(VCLUSTERS, &instance("us")), None);
        let own = part_of(VCLUSTERS, &instance("eu")).unwrap();
        assert_eq!(own["spec"], json!({ "clusterRef": { "cluster": "eu" } }));
        assert_eq!(own["status"], json!({ "phase": "Ready" }));
        assert_eq!(part_of(management::TEMPLATES, &user), None);
    }
}
