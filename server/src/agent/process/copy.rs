//! The agent's copy of who may do what, kept like the central instance's own objects: so the very
//! same rules decide here.

use std::collections::HashSet;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use futures::StreamExt;
use serde_json::Value;
use tokio::time::timeout;

use super::Beside;
use crate::hosts::policy::{COPIED, Line};
use crate::hosts::service::POLICY;
use crate::kube::{Error, Result, object};
use crate::management;
use crate::store::{Key, Store, Tx};
use crate::tunnel::Link;

/// How long the central instance may be silent before the line counts as cut: it speaks every two
/// seconds.
const SILENCE_MAX: Duration = Duration::from_secs(5);
/// The longest line, in bytes.
const LINE_MAX: usize = 4 << 20;
/// The time between two notes of when the central instance was heard, in seconds.
const NOTE_EVERY: i64 = 30;
/// When the central instance was heard last, in Unix seconds.
const HEARD: &str = "central-heard";

/// When the central instance was heard last, as far as an earlier process wrote it down.
///
/// # Errors
/// The store cannot be read.
pub(super) async fn heard(store: &Store) -> Result<i64> {
    let text = store.write(|tx| Ok::<_, Error>(tx.fact(HEARD)?)).await?;
    Ok(text.and_then(|it| it.parse().ok()).unwrap_or(0))
}

/// Takes the copy for as old as can be: the central instance knows this agent no more.
pub(super) async fn forget(beside: &Beside) {
    beside.heard.store(0, Ordering::Relaxed);
    let forgot = beside.store.write(|tx| Ok::<_, Error>(tx.set_fact(HEARD, "0")?)).await;
    if let Err(error) = forgot {
        tracing::warn!(error = &error as &dyn std::error::Error, "cannot be written down");
    }
}

/// Keeps the copy true for as long as the line lives.
pub(super) async fn follow(beside: &Beside, link: &Link) {
    if let Err(error) = listen(beside, link).await {
        tracing::debug!(error = &error as &dyn std::error::Error, "the copy is no longer followed");
    }
}

async fn listen(beside: &Beside, link: &Link) -> Result<()> {
    let ask = Request::get(POLICY).body(Body::empty()).map_err(Error::internal)?;
    let answer = timeout(SILENCE_MAX, link.send(ask)).await.map_err(Error::internal)?;
    let mut chunks = answer.map_err(Error::internal)?.into_body().into_data_stream();
    let mut text: Vec<u8> = Vec::new();
    let mut fresh: Option<HashSet<Key>> = Some(HashSet::new());
    loop {
        let chunk = timeout(SILENCE_MAX, chunks.next()).await.map_err(Error::internal)?;
        let Some(chunk) = chunk.transpose().map_err(Error::internal)? else { return Ok(()) };
        text.extend_from_slice(&chunk);
        if text.len() > LINE_MAX {
            return Err(Error::TooLarge);
        }
        let Some(end) = text.iter().rposition(|&it| it == b'\n') else { continue };
        let rest = text.split_off(end + 1);
        let whole = std::mem::replace(&mut text, rest);
        let lines: Vec<Line> = whole
            .split(|&it| it == b'\n')
            .filter(|it| !it.is_empty())
            .map(|it| serde_json::from_slice(it).map_err(Error::internal))
            .collect::<Result<_>>()?;
        fresh = take(beside, lines, fresh).await?;
    }
}

/// Writes what came. Until everything was there once, `fresh` gathers what was said to be.
async fn take(
    beside: &Beside,
    lines: Vec<Line>,
    mut fresh: Option<HashSet<Key>>,
) -> Result<Option<HashSet<Key>>> {
    let now = beside.clock.now_seconds();
    let before = beside.heard.load(Ordering::Relaxed);
    let note = now - before >= NOTE_EVERY;
    for line in &lines {
        if let Line::Origins(origins) = line {
            *beside.origins.write().unwrap_or_else(PoisonError::into_inner) = origins.clone();
        }
    }
    let lines: Vec<Line> =
        lines.into_iter().filter(|it| !matches!(it, Line::Origins(_) | Line::Alive)).collect();
    if !lines.is_empty() || note {
        fresh = beside
            .store
            .write(move |tx| {
                for line in lines {
                    apply(tx, line, &mut fresh)?;
                }
                // A copy that is not whole yet is none to go on by.
                if fresh.is_none() {
                    tx.set_fact(HEARD, &now.to_string())?;
                }
                Ok::<_, Error>(fresh)
            })
            .await?;
    }
    // Only when it is written: what is decided by is never older than what was heard.
    if fresh.is_none() {
        beside.heard.store(now, Ordering::Relaxed);
    }
    Ok(fresh)
}

fn apply(tx: &mut Tx<'_>, line: Line, fresh: &mut Option<HashSet<Key>>) -> Result<()> {
    let known = |resource: &str| COPIED.contains(&resource);
    match line {
        Line::Is { resource, object } if known(&resource) => {
            let key = management::key(&resource, object::namespace(&object), object::name(&object));
            put(tx, &key, object)?;
            if let Some(fresh) = fresh {
                fresh.insert(key);
            }
        }
        Line::Gone { resource, namespace, name } if known(&resource) => {
            let key = management::key(&resource, &namespace, &name);
            if tx.get(&key)?.is_some() {
                tx.delete(&key, None)?;
            }
        }
        Line::Synced => {
            let Some(fresh) = fresh.take() else { return Ok(()) };
            for resource in COPIED {
                for entry in tx.list(&management::range(resource))? {
                    let key = management::key(resource, &entry.namespace, &entry.name);
                    if !fresh.contains(&key) {
                        tx.delete(&key, None)?;
                    }
                }
            }
        }
        // Of a newer central instance; what it means for rights is not known, so nothing is done.
        Line::Is { .. } | Line::Gone { .. } | Line::Origins(_) | Line::Alive => {}
    }
    Ok(())
}

fn put(tx: &mut Tx<'_>, key: &Key, object: Value) -> Result<()> {
    match tx.get(key)? {
        None => drop(tx.create(key, object)?),
        Some(entry) => {
            let mut was: Value = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
            if let Some(metadata) = was["metadata"].as_object_mut() {
                metadata.remove("resourceVersion");
            }
            if was != object {
                tx.update(key, None, object)?;
            }
        }
    }
    Ok(())
}
