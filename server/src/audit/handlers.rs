//! The trail, read.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use serde::Deserialize;

use crate::app::App;
use crate::auth::{Authenticated, Caller};
use crate::authz;
use crate::kube::resource::{Decision, Verb};
use crate::kube::{Error, Result};
use crate::management;
use crate::routes::{Row, Who};
use crate::store::{AuditQuery, Snapshot};

/// What the right to read is asked for.
const RESOURCE: &str = "auditevents";
/// How many events an answer has where nothing is said.
const LIMIT: usize = 100;
/// How many it may have.
const LIMIT_MAX: usize = 500;

/// The routes of this module.
#[must_use]
pub fn rows() -> Vec<Row> {
    vec![Row::new("/audit/events", "GET", Who::SignedIn, get(list))]
}

/// Which events.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Asked {
    user: Option<String>,
    cluster: Option<String>,
    project: Option<String>,
    virtual_cluster: Option<String>,
    limit: Option<usize>,
    /// `metadata.continue` of a list before, or a time.
    before: Option<String>,
}

async fn list(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response> {
    let Query(asked) = asked.map_err(|error| Error::BadRequest(error.body_text()))?;
    let limit = asked.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX);
    let query = AuditQuery {
        user: asked.user,
        cluster: asked.cluster,
        project: asked.project,
        virtual_cluster: asked.virtual_cluster,
        before: asked.before.as_deref().map(place).transpose()?,
        limit,
    };
    app.store.read(move |snapshot| may_read(snapshot, &caller)).await?;
    // What cannot be written now can be read later; what is there can be read now.
    _ = app.gateway.audit.flush().await;
    let events = app.store.read(move |snapshot| snapshot.audit_events(&query)).await?;
    let more = events.last().filter(|_| events.len() == limit);
    let metadata = match more {
        Some(((at, id), _)) => format!(r#"{{"continue":"{at}-{id}"}}"#),
        None => "{}".to_owned(),
    };
    let items: Vec<&str> = events.iter().map(|it| it.1.as_str()).collect();
    let list = format!(
        r#"{{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{metadata},"items":[{}]}}"#,
        items.join(",")
    );
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, list).into_response())
}

fn may_read(snapshot: &Snapshot<'_>, caller: &Caller) -> Result<()> {
    let attributes = management::attributes(Verb::List, RESOURCE, "", "");
    match authz::may(snapshot, caller, &attributes, None)? {
        Decision::Allow => Ok(()),
        Decision::Deny | Decision::Hide => {
            Err(Error::Forbidden("only administrators read the audit trail".into()))
        }
    }
}

/// A place in the order of all events: that of an event, or the beginning of a moment.
fn place(text: &str) -> Result<(i64, String)> {
    let of_event = || {
        let (at, id) = text.split_once('-')?;
        let id = uuid::Uuid::try_parse(id).ok()?;
        Some((at.parse().ok()?, id.to_string()))
    };
    let of_time = || Some((text.parse::<Timestamp>().ok()?.as_microsecond(), String::new()));
    of_event().or_else(of_time).ok_or_else(|| {
        Error::BadRequest("before has to be what a list's metadata.continue says, or a time".into())
    })
}
