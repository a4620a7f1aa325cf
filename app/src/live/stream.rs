//! The two calls behind a live list: the list, and the watch that goes on from it.

use dormer_api::table::{ACCEPT, Row, Table};
use dormer_api::watch::{Lines, WatchEvent};
use futures::future::{Either, select};
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, ReadableStreamDefaultReader};

use crate::client::{CallError, Client};

/// How long the server is asked to keep one watch open, in seconds.
const WATCH_S: u32 = 240;
/// How long to wait for the end of a watch before it counts as dead, in milliseconds. A connection
/// that a sleeping laptop lost gives no sign of it.
const WATCH_DEAD_MS: u32 = (WATCH_S + 30) * 1000;

/// Reads the list, as rows.
pub async fn list(client: Client, path: &str) -> Result<Table, CallError> {
    let stop = Stop::new()?;
    let answer = client.open(path, ACCEPT, &stop.0.signal()).await?;
    let text = answer.text().await.map_err(|_| CallError::Unreachable)?;
    serde_json::from_str(&text).map_err(|_| CallError::Unreadable)
}

/// Why a watch ended.
pub enum End {
    /// As agreed: it is taken up again from its last revision.
    InTime,
    /// The connection broke, or could not be made.
    Broken,
    /// The server no longer knows the revision: list again.
    Expired,
}

/// What a watch tells its list.
pub enum Change {
    /// These rows are there.
    Upsert(Vec<Row>),
    /// These rows are gone.
    Deleted(Vec<Row>),
    /// The watch runs, and nothing changed.
    Alive,
}

/// Follows the list at `path`, which may have a query, from `revision`, which is moved on with every event. All events of
/// one chunk are told at once, so that a burst paints once.
pub async fn watch(
    client: Client,
    path: &str,
    revision: &mut String,
    wakeup: impl Future<Output = ()> + Unpin,
    mut told: impl FnMut(Vec<Change>),
) -> End {
    let Ok(stop) = Stop::new() else { return End::Broken };
    let joint = if path.contains('?') { '&' } else { '?' };
    let url = format!(
        "{path}{joint}watch=1&resourceVersion={revision}&allowWatchBookmarks=true&timeoutSeconds={WATCH_S}"
    );
    let signal = stop.0.signal();
    let mut end = select(wakeup, gloo_timers::future::TimeoutFuture::new(WATCH_DEAD_MS));
    let answer = match select(Box::pin(client.open(&url, ACCEPT, &signal)), &mut end).await {
        Either::Left((Ok(answer), _)) => answer,
        Either::Left((Err(error), _)) if error.code() == Some(410) => return End::Expired,
        Either::Left((Err(CallError::Refused(_)), _)) => return End::Expired,
        Either::Left((Err(_), _)) | Either::Right(_) => return End::Broken,
    };
    told(vec![Change::Alive]);
    let Some(body) = answer.body() else { return End::Broken };
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    let mut lines = Lines::default();
    loop {
        let chunk = match select(JsFuture::from(reader.read()), &mut end).await {
            Either::Left((chunk, _)) => chunk,
            Either::Right(_) => return End::InTime,
        };
        let Some(bytes) = chunk.ok().as_ref().map(bytes) else { return End::Broken };
        let Some(bytes) = bytes else { return End::InTime };
        let Ok(complete) = lines.push(&bytes) else { return End::Expired };
        match changes(&complete, revision) {
            Some(changes) => told(changes),
            None => return End::Expired,
        }
    }
}

/// The bytes of a chunk, or nothing at the end of the stream.
fn bytes(chunk: &JsValue) -> Option<Vec<u8>> {
    let value = Reflect::get(chunk, &"value".into()).ok()?;
    value.dyn_into::<Uint8Array>().ok().map(|array| array.to_vec())
}

/// What lines say, and the revision after them. Nothing when the list has to be read again.
fn changes(lines: &[Vec<u8>], revision: &mut String) -> Option<Vec<Change>> {
    let mut changes = Vec::new();
    for line in lines {
        let event = WatchEvent::parse(line).ok()?;
        if !event.revision().is_empty() {
            event.revision().clone_into(revision);
        }
        match event {
            WatchEvent::Upsert(rows) => changes.push(Change::Upsert(rows)),
            WatchEvent::Deleted(rows) => changes.push(Change::Deleted(rows)),
            WatchEvent::Bookmark(_) => {}
            WatchEvent::Error(_) => return None,
        }
    }
    Some(changes)
}

/// Ends a request when it is dropped: a future that is dropped does not do that by itself.
struct Stop(AbortController);

impl Stop {
    fn new() -> Result<Self, CallError> {
        AbortController::new().map(Self).map_err(|_| CallError::Unreachable)
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_revision_follows_the_events_and_stops_at_an_error() {
        let mut revision = "1".to_owned();
        let line = br#"{"type":"MODIFIED","object":{"rows":[{"cells":[],
            "object":{"metadata":{"uid":"u","resourceVersion":"5"}}}]}}"#;
        assert_eq!(changes(&[line.to_vec()], &mut revision).map(|it| it.len()), Some(1));
        assert_eq!(revision, "5");
        let gone = br#"{"type":"ERROR","object":{"code":410,"reason":"Expired"}}"#;
        assert!(changes(&[gone.to_vec()], &mut revision).is_none());
        assert_eq!(revision, "5");
    }
}
