//! One client's stream of events.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use serde_json::{Value, json};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};

use super::super::accept::Shape;
use super::super::answer::parsed;
use super::super::asked::Asked;
use super::super::{Error, Result, answer, object, table};
use super::Beginning;
use super::event::{Event, Shown, bookmark, event};
use crate::store;

/// How often a watcher hears how far it has come.
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);
/// Lines that are ready go out together up to this length.
const CHUNK_LENGTH: usize = 32 << 10;

/// One client's stream. It is pulled: nothing is made before the client has taken what was.
pub(super) struct Follower {
    asked: Arc<Asked>,
    bookmarks: bool,
    ready: VecDeque<Event>,
    /// Of a table, only the first event says the columns.
    head_is_out: bool,
    /// Nothing once the stream is to end.
    watch: Option<store::Watch>,
    ends: Instant,
    settling: Interval,
}

impl Follower {
    pub(super) fn new(
        asked: Arc<Asked>,
        beginning: &Beginning,
        ready: VecDeque<Event>,
        watch: store::Result<store::Watch>,
    ) -> Self {
        let now = Instant::now();
        let mut settling = interval_at(now + BOOKMARK_EVERY, BOOKMARK_EVERY);
        settling.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut follower = Self {
            asked,
            bookmarks: beginning.bookmarks,
            ready,
            head_is_out: false,
            watch: None,
            ends: now + beginning.life,
            settling,
        };
        match watch {
            Ok(watch) => follower.watch = Some(watch),
            Err(error) => follower.fail(&error.into()),
        }
        follower
    }

    /// The next lines; nothing at the end.
    pub(super) async fn chunk(&mut self) -> Option<Bytes> {
        while self.ready.is_empty() {
            self.wait().await?;
        }
        let mut chunk = Vec::new();
        while chunk.len() < CHUNK_LENGTH
            && let Some(event) = self.ready.pop_front()
        {
            if let Err(error) = self.write(&mut chunk, event) {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a watch event could not be written"
                );
                self.watch = None;
                break;
            }
        }
        Some(chunk.into())
    }

    /// Waits for something to say; nothing at the end.
    async fn wait(&mut self) -> Option<()> {
        let watch = self.watch.as_mut()?;
        let closing = &self.asked.server.closing;
        tokio::select! {
            biased;
            () = closing.cancelled() => return None,
            () = sleep_until(self.ends) => return None,
            _ = self.settling.tick() => match watch.settle().await {
                Ok(Some(revision)) if self.bookmarks => {
                    self.ready.push_back(bookmark(&self.asked, revision, false));
                }
                Ok(_) => {}
                Err(error) => self.end(error)?,
            },
            change = watch.next() => match change {
                Ok(change) => match event(&self.asked, change).await {
                    Ok(event) => self.ready.extend(event),
                    Err(error) => self.fail(&error),
                },
                Err(error) => self.end(error)?,
            },
        }
        Some(())
    }

    fn end(&mut self, error: store::Error) -> Option<()> {
        if matches!(error, store::Error::Closed) {
            return None;
        }
        self.fail(&error.into());
        Some(())
    }

    /// The last event: what went wrong.
    fn fail(&mut self, error: &Error) {
        if matches!(error, Error::Internal(_)) {
            tracing::error!(error = error as &dyn std::error::Error, "a watch failed");
        }
        let status = serde_json::to_value(error.status()).unwrap_or_default();
        self.ready.push_back(Event { kind: "ERROR", shown: Shown::Value(status) });
        self.watch = None;
    }

    fn write(&mut self, chunk: &mut Vec<u8>, event: Event) -> Result<()> {
        let Event { kind, shown } = event;
        chunk.extend_from_slice(format!("{{\"type\":\"{kind}\",\"object\":").as_bytes());
        match (self.asked.form.shape, shown) {
            (Shape::Whole | Shape::Discovery(_), Shown::Stored(body)) => {
                chunk.extend_from_slice(&body)
            }
            (_, Shown::Stored(body)) => self.write_value(chunk, kind, &parsed(&body)?)?,
            (_, Shown::Value(value)) => self.write_value(chunk, kind, &value)?,
        }
        chunk.extend_from_slice(b"}\n");
        Ok(())
    }

    fn write_value(&mut self, chunk: &mut Vec<u8>, kind: &str, object: &Value) -> Result<()> {
        let shaped = match self.asked.form.shape {
            _ if kind == "ERROR" => None,
            Shape::Whole | Shape::Discovery(_) => None,
            Shape::Metadata(version) => Some(answer::metadata(object, version)),
            Shape::Table(version) => {
                let mut made = table::head(&self.asked, version)?;
                if self.head_is_out {
                    made["columnDefinitions"] = Value::Null;
                }
                self.head_is_out = true;
                made["metadata"] =
                    json!({"resourceVersion": object::meta(object, "resourceVersion")});
                made["rows"] = json!([table::row(&self.asked, version, object)?]);
                Some(made)
            }
        };
        serde_json::to_writer(chunk, shaped.as_ref().unwrap_or(object)).map_err(Error::internal)
    }
}
