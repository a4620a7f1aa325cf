//! Following changes, as lines of JSON.

mod event;
mod follower;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures::stream;

use super::accept::Shape;
use super::asked::Asked;
use super::read::visible;
use super::{Error, Result, table};
use crate::store::{self, Page, Revision};
use event::{Event, Shown, bookmark};
use follower::Follower;

/// How long a watch lives if the client does not say. Source: kube-apiserver, `MinRequestTimeout`.
const LIFE: Duration = Duration::from_secs(30 * 60);
/// The longest life that a client can ask for.
const LIFE_MAX: Duration = Duration::from_secs(60 * 60);

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
    let follower = Follower::new(asked, &beginning, ready.1, watch);
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
