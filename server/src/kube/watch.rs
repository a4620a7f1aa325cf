//! Following changes, as lines of JSON.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde_json::{Value, json};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};

use super::accept::Shape;
use super::answer::parsed;
use super::asked::Asked;
use super::read::visible;
use super::{Error, Result, answer, object, table};
use crate::store::{self, Body as Stored, Change, Page, Revision, Snapshot};

/// How often a watcher hears how far it has come.
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);
/// How long a watch lives if the client does not say. Source: kube-apiserver, `MinRequestTimeout`.
const LIFE: Duration = Duration::from_secs(30 * 60);
/// The longest life that a client can ask for.
const LIFE_MAX: Duration = Duration::from_secs(60 * 60);
/// Lines that are ready go out together up to this length.
const CHUNK_LENGTH: usize = 32 << 10;
/// Says that what follows is news.
const INITIAL_END: &str = "k8s.io/initial-events-end";

/// What a watch begins with.
struct Beginning {
    /// The objects that are there are told first.
    all: bool,
    /// After them comes a bookmark that says so.
    marks_end: bool,
    /// Where it goes on; nothing for wherever the store is.
    from: Option<Revision>,
    bookmarks: bool,
    life: Duration,
}

/// Follows a collection.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::Future`] for a revision that has not been yet. One that is too
/// old is an event in the stream.
pub(super) async fn watch(asked: Arc<Asked>) -> Result<Response> {
    if asked.server.closing.is_cancelled() {
        return Err(Error::Unavailable {
            message: "the server is stopping".into(),
            retry_after_seconds: 1,
        });
    }
    let beginning = Beginning::of(&asked)?;
    table_is_known(&asked)?;
    let ready = begin(&asked, &beginning).await?;
    let from = beginning.from.filter(|_| !beginning.all).unwrap_or(ready.0);
    let watch = match asked.server.store.watch(asked.range(), from).await {
        Ok(watch) => Ok(watch),
        Err(error @ store::Error::Expired(_)) => Err(error),
        Err(error) => return Err(error.into()),
    };
    let follower = Follower::new(asked, beginning, ready.1, watch);
    let lines = stream::unfold(follower, |mut it| async move {
        it.chunk().await.map(|chunk| (Ok::<_, Infallible>(chunk), it))
    });
    let json = HeaderValue::from_static("application/json");
    Ok(([(header::CONTENT_TYPE, json)], Body::from_stream(lines)).into_response())
}

/// Refuses a table that cannot be made before the stream has begun.
fn table_is_known(asked: &Asked) -> Result<()> {
    match asked.form.shape {
        Shape::Table(version) => table::head(asked, version).map(drop),
        Shape::Whole | Shape::Metadata(_) | Shape::Discovery(_) => Ok(()),
    }
}

impl Beginning {
    fn of(asked: &Asked) -> Result<Self> {
        let query = &asked.query;
        let from = query.revision()?.filter(|it| it.0 > 0);
        let asks_for_all = query.text("sendInitialEvents").is_some();
        let sends = query.flag("sendInitialEvents")?;
        if asks_for_all && query.text("resourceVersionMatch") != Some("NotOlderThan") {
            let message = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
            return Err(Error::BadRequest(message.into()));
        }
        let life = query.number("timeoutSeconds")?.filter(|&it| it > 0);
        Ok(Self {
            all: if asks_for_all { sends } else { from.is_none() },
            marks_end: sends,
            from,
            bookmarks: query.flag("allowWatchBookmarks")?,
            life: life.map_or(LIFE, Duration::from_secs).min(LIFE_MAX),
        })
    }
}

/// Where the store is, and the events that say what is there.
async fn begin(asked: &Arc<Asked>, beginning: &Beginning) -> Result<(Revision, VecDeque<Event>)> {
    let reading = asked.clone();
    let (all, marks_end, not_older) =
        (beginning.all, beginning.marks_end, beginning.from.unwrap_or_default());
    asked
        .server
        .store
        .read(move |snapshot| {
            reading.authorize(snapshot, None)?;
            let revision = snapshot.revision();
            if not_older > revision {
                return Err(store::Error::Future(revision).into());
            }
            let mut events = VecDeque::new();
            if all {
                for entry in snapshot.list(&reading.range(), &Page::default())?.entries {
                    let shown = if reading.looks_inside() {
                        visible(&reading, snapshot, &entry.body)?.map(Shown::Value)
                    } else {
                        Some(Shown::Stored(entry.body))
                    };
                    events.extend(shown.map(|shown| Event { kind: "ADDED", shown }));
                }
            }
            if marks_end {
                events.push_back(bookmark(&reading, revision, true));
            }
            Ok::<_, Error>((revision, events))
        })
        .await
}

struct Event {
    kind: &'static str,
    shown: Shown,
}

enum Shown {
    Stored(Stored),
    Value(Value),
}

fn bookmark(asked: &Asked, revision: Revision, marks_end: bool) -> Event {
    let mut metadata =
        json!({"resourceVersion": revision.0.to_string(), "creationTimestamp": null});
    if marks_end {
        metadata["annotations"] = json!({INITIAL_END: "true"});
    }
    let object = json!({
        "kind": asked.resource.kind,
        "apiVersion": asked.resource.api_version(),
        "metadata": metadata,
    });
    Event { kind: "BOOKMARK", shown: Shown::Value(object) }
}

/// One client's stream. It is pulled: nothing is made before the client has taken what was.
struct Follower {
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
    fn new(
        asked: Arc<Asked>,
        beginning: Beginning,
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
    async fn chunk(&mut self) -> Option<Bytes> {
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

/// What a change is to this client; nothing if it is none of theirs.
async fn event(asked: &Arc<Asked>, change: Arc<Change>) -> Result<Option<Event>> {
    if asked.looks_inside() {
        let reading = asked.clone();
        let deciding = asked.server.store.read(move |snapshot| decide(&reading, snapshot, &change));
        return deciding.await;
    }
    let kind = match (&change.before, &change.after) {
        (None, _) => "ADDED",
        (Some(_), Some(_)) => "MODIFIED",
        (Some(_), None) => "DELETED",
    };
    Ok(Some(Event { kind, shown: Shown::Stored(change.shown()?) }))
}

/// The same where selectors or rights decide. An object that the caller may no longer see is gone
/// for them, and they learn no more about it than that.
fn decide(asked: &Asked, snapshot: &Snapshot<'_>, change: &Change) -> Result<Option<Event>> {
    let look = |body: &Option<Stored>| match body {
        Some(body) => visible(asked, snapshot, body),
        None => Ok(None),
    };
    let (before, after) = (look(&change.before)?, look(&change.after)?);
    let (kind, object) = match (before, after) {
        (None, None) => return Ok(None),
        (None, Some(after)) => ("ADDED", after),
        (Some(_), Some(after)) => ("MODIFIED", after),
        (Some(before), None) => {
            let lost = match &change.after {
                Some(after) => !asked.sees(snapshot, &parsed(after)?)?,
                None => false,
            };
            ("DELETED", departed(before, lost, change.revision))
        }
    };
    Ok(Some(Event { kind, shown: Shown::Value(object) }))
}

fn departed(before: Value, lost: bool, revision: Revision) -> Value {
    let mut object = if lost {
        json!({
            "kind": before["kind"],
            "apiVersion": before["apiVersion"],
            "metadata": {
                "name": before["metadata"]["name"],
                "namespace": before["metadata"]["namespace"],
                "uid": before["metadata"]["uid"],
            },
        })
    } else {
        before
    };
    object["metadata"]["resourceVersion"] = json!(revision.0.to_string());
    object
}
