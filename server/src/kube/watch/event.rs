//! What a change is to one client.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::Result;
use super::super::answer::parsed;
use super::super::asked::Asked;
use super::super::read::visible;
use crate::store::{Body as Stored, Change, Revision, Snapshot};

/// Says that what follows is news.
const INITIAL_END: &str = "k8s.io/initial-events-end";

/// An event as it goes out.
pub(super) struct Event {
    /// `ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK` or `ERROR`.
    pub kind: &'static str,
    pub shown: Shown,
}

/// An object as it is at hand.
pub(super) enum Shown {
    /// Nothing had to look inside.
    Stored(Stored),
    /// Parsed.
    Value(Value),
}

/// Says how far the watch has come, and with `marks_end` that what follows is news.
pub(super) fn bookmark(asked: &Asked, revision: Revision, marks_end: bool) -> Event {
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

/// What a change is to this client; nothing if it is none of theirs.
///
/// # Errors
/// The store cannot be read.
pub(super) async fn event(asked: &Arc<Asked>, change: Arc<Change>) -> Result<Option<Event>> {
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
