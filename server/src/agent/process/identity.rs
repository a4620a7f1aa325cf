//! Who this agent is: what it was told when it joined, kept beside its key.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::{AGAIN_AFTER, dial};
use crate::auth::signed::Signer;
use crate::config::AgentSettings;
use crate::files;
use crate::hosts::join::{Join, Joined};

const FILE: &str = "agent.json";

/// What is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    cluster: String,
    url: String,
    #[serde(flatten)]
    joined: Joined,
}

/// What the agent was told when it joined, now or before; nothing if the process is to stop first. A
/// code that is good is used even so: its cluster was disconnected, and is to be connected again.
pub(super) async fn joined(
    settings: &AgentSettings,
    folder: &Path,
    signer: &Signer,
    cluster_uid: &str,
    stop: &CancellationToken,
) -> io::Result<Option<Joined>> {
    let file = folder.join(FILE);
    let kept = read(&file)?;
    if let Some(kept) = &kept
        && (kept.cluster != settings.cluster || kept.url != settings.url)
    {
        return Err(io::Error::other(format!(
            "{} is of the agent of {} at {}: give this one another --data",
            folder.display(),
            kept.cluster,
            kept.url
        )));
    }
    let kept = kept.map(|it| it.joined);
    let Some(code) = settings.code.clone() else {
        return match kept {
            Some(kept) => Ok(Some(kept)),
            None => Err(io::Error::other(
                "this agent has not joined yet: give it the --code that the dashboard shows",
            )),
        };
    };
    let join = Join {
        cluster: settings.cluster.clone(),
        code,
        public_key: signer.public().text(),
        version: env!("CARGO_PKG_VERSION").into(),
        cluster_uid: cluster_uid.to_owned(),
        embedded: settings.embedded,
    };
    let mut told = String::new();
    let joined = loop {
        match dial::join(settings, &join).await {
            Ok(Ok(joined)) => break joined,
            // The code of its first start, most likely: it is known by its key.
            Ok(Err(_)) if kept.is_some() => return Ok(kept),
            Ok(Err(refusal)) => {
                return Err(io::Error::other(format!("the central instance refuses: {refusal}")));
            }
            // It may go on by what it knows while the central instance is away.
            Err(_) if kept.is_some() => return Ok(kept),
            Err(error) => {
                let why = error.to_string();
                if why != told {
                    tracing::warn!(
                        url = settings.url,
                        why,
                        "cannot reach the central instance, will go on trying"
                    );
                    told = why;
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(AGAIN_AFTER) => {}
            () = stop.cancelled() => return Ok(None),
        }
    };
    let (cluster, url) = (settings.cluster.clone(), settings.url.clone());
    let kept = serde_json::to_vec_pretty(&Kept { cluster, url, joined: joined.clone() })?;
    files::write_private(&file, &kept)?;
    Ok(Some(joined))
}

fn read(file: &Path) -> io::Result<Option<Kept>> {
    match std::fs::read(file) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            io::Error::other(format!(
                "{} is damaged ({error}): give the agent an empty --data and a new --code",
                file.display()
            ))
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
