//! What is written down of a request: an event of `audit.k8s.io/v1`, at its level `Metadata`.
//!
//! Never a header, a body, a query, or what looks like a credential.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::extract::Request;
use axum::http::{HeaderMap, Method, header};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::auth::Caller;
use crate::kube::path::{self, Target};
use crate::listen::Peer;
use crate::store::AuditRow;

/// The longest path that is written down, in bytes.
const PATH_MAX: usize = 1024;
/// The longest of the other texts, in bytes.
const TEXT_MAX: usize = 256;
/// How many groups of a caller are written down.
const GROUPS_MAX: usize = 16;
/// Stands where something was that looked like a credential.
const HIDDEN: &str = "-hidden-";

/// What an event's annotations are called.
pub mod annotation {
    /// The host cluster.
    pub const CLUSTER: &str = "dormer.dev/cluster";
    /// The project.
    pub const PROJECT: &str = "dormer.dev/project";
    /// The virtual cluster.
    pub const VIRTUAL_CLUSTER: &str = "dormer.dev/virtual-cluster";
    /// [`super::CENTRAL`] or [`super::DIRECT`].
    pub const WAY: &str = "dormer.dev/way";
    /// The name of the access key.
    pub const ACCESS_KEY: &str = "dormer.dev/access-key";
    /// How many events there was no room for.
    pub const LOST: &str = "dormer.dev/lost";
    /// How many requests were refused since nobody known asked.
    pub const REFUSED: &str = "dormer.dev/refused";
}

/// The way through the gateway of the central instance.
pub const CENTRAL: &str = "central";
/// The way through an agent's direct endpoint.
pub const DIRECT: &str = "direct";

/// How far a request was.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize,
)]
pub enum Stage {
    /// It is about to be forwarded.
    #[default]
    RequestReceived,
    /// A stream has begun.
    ResponseStarted,
    /// It is over.
    ResponseComplete,
}

/// Who asked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct User {
    /// The name of the user.
    pub username: String,
    /// The uid of the `User` object.
    pub uid: String,
    /// The first of what they counted as.
    pub groups: Vec<String>,
}

/// What it was about.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectRef {
    pub resource: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api_group: String,
    pub api_version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subresource: String,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ResponseStatus {
    /// The HTTP status.
    pub code: u16,
}

/// What is written down of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "the fields are Kubernetes'")]
pub struct Event {
    pub kind: Cow<'static, str>,
    pub api_version: Cow<'static, str>,
    pub level: Cow<'static, str>,
    #[serde(rename = "auditID")]
    pub audit_id: String,
    pub stage: Stage,
    #[serde(rename = "requestURI")]
    pub request_uri: String,
    pub verb: String,
    pub user: User,
    #[serde(rename = "sourceIPs")]
    pub source_ips: Vec<String>,
    pub user_agent: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_ref: Option<ObjectRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_status: Option<ResponseStatus>,
    pub request_received_timestamp: String,
    pub stage_timestamp: String,
    pub annotations: BTreeMap<String, String>,
}

impl Default for Event {
    fn default() -> Self {
        Self {
            kind: "Event".into(),
            api_version: "audit.k8s.io/v1".into(),
            level: "Metadata".into(),
            audit_id: String::new(),
            stage: Stage::default(),
            request_uri: String::new(),
            verb: String::new(),
            user: User::default(),
            source_ips: Vec::new(),
            user_agent: String::new(),
            object_ref: None,
            response_status: None,
            request_received_timestamp: String::new(),
            stage_timestamp: String::new(),
            annotations: BTreeMap::new(),
        }
    }
}

impl Event {
    /// A request that came `now`, in Unix microseconds.
    pub(super) fn of(caller: &Caller, request: &Request, now: i64) -> Self {
        let groups = caller.groups.iter().take(GROUPS_MAX).map(|it| short(it, TEXT_MAX));
        let user = User {
            username: short(&caller.name, TEXT_MAX),
            uid: short(&caller.uid, TEXT_MAX),
            groups: groups.collect(),
        };
        let peer = request.extensions().get::<Peer>();
        let key = caller.key.as_ref().map(|it| short(&it.name, TEXT_MAX));
        Self {
            audit_id: uuid::Uuid::new_v4().to_string(),
            request_uri: short(&cleaned(request.uri().path()), PATH_MAX),
            verb: request.method().as_str().to_lowercase(),
            user,
            source_ips: peer
                .map(|it| it.address.ip().to_canonical().to_string())
                .into_iter()
                .collect(),
            user_agent: client(request.headers()),
            annotations: key
                .map(|it| (annotation::ACCESS_KEY.to_owned(), it))
                .into_iter()
                .collect(),
            ..Self::at(now)
        }
    }

    /// An event of our own: so many of something.
    pub(super) fn count(what: &str, count: u64, now: i64) -> Self {
        Self {
            audit_id: uuid::Uuid::new_v4().to_string(),
            stage: Stage::ResponseComplete,
            verb: "count".into(),
            annotations: [(what.to_owned(), count.to_string())].into(),
            ..Self::at(now)
        }
    }

    fn at(now: i64) -> Self {
        let now = time(now);
        Self { request_received_timestamp: now.clone(), stage_timestamp: now, ..Self::default() }
    }

    /// Says what a request is about, by the part of its path that the cluster sees.
    pub(super) fn about(&mut self, method: &Method, rest: &str, upgrade: bool) {
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path = cleaned(path);
        if path.len() <= PATH_MAX
            && let Ok(Target::Objects(place)) = path::parse(&path)
        {
            if let Ok(verb) = place.verb(method, asks(query, "watch")) {
                self.verb = verb.as_str().to_owned();
            }
            self.object_ref = Some(ObjectRef {
                resource: place.resource,
                namespace: place.namespace,
                name: place.name,
                api_group: place.group,
                api_version: place.version,
                subresource: place.subresource,
            });
        }
        if upgrade {
            self.verb = "connect".into();
        }
    }

    /// Whether nothing can have changed by it.
    #[must_use]
    pub fn reads(&self) -> bool {
        matches!(self.verb.as_str(), "get" | "list" | "watch" | "head" | "options")
    }

    /// How many requests are told of by it, where it is lost.
    pub(super) fn weight(&self) -> u64 {
        let count = self.annotations.get(annotation::LOST);
        count.and_then(|it| it.parse().ok()).unwrap_or(1)
    }

    /// When the request came, in Unix microseconds; nothing where that cannot be read.
    pub(super) fn came(&self) -> Option<i64> {
        self.request_received_timestamp.parse::<Timestamp>().ok().map(Timestamp::as_microsecond)
    }

    pub(super) fn text(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    /// The event as it is kept.
    pub(super) fn row(&self) -> serde_json::Result<AuditRow> {
        let annotation = |it: &str| self.annotations.get(it).cloned().unwrap_or_default();
        Ok(AuditRow {
            id: self.audit_id.clone(),
            stage: self.stage as u8,
            at: self.came().unwrap_or(0),
            changes: !self.reads(),
            user: self.user.username.clone(),
            cluster: annotation(annotation::CLUSTER),
            project: annotation(annotation::PROJECT),
            virtual_cluster: annotation(annotation::VIRTUAL_CLUSTER),
            event: self.text()?,
        })
    }
}

/// Unix microseconds as Kubernetes writes them.
pub(super) fn time(micros: i64) -> String {
    format!("{:.6}", Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// Whether a request is for an answer without an end.
pub(super) fn is_stream(rest: &str) -> bool {
    let query = rest.split_once('?').map_or("", |it| it.1);
    asks(query, "watch") || asks(query, "follow")
}

fn asks(query: &str, flag: &str) -> bool {
    query.split('&').any(|it| {
        it.split_once('=').is_some_and(|(name, value)| {
            name == flag && matches!(value, "1" | "t" | "T" | "true" | "True" | "TRUE")
        })
    })
}

/// A path without what an application behind the cluster's own proxy may have put there, and without
/// what looks like a credential.
fn cleaned(path: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    let proxy = parts
        .windows(3)
        .position(|it| matches!(it[0], "pods" | "services" | "nodes") && it[2] == "proxy");
    if let Some(at) = proxy {
        parts.truncate(at + 3);
    }
    let parts: Vec<&str> =
        parts.into_iter().map(|it| if is_secret(it) { HIDDEN } else { it }).collect();
    parts.join("/")
}

/// Whether a word holds an access key or a signed token.
fn is_secret(word: &str) -> bool {
    word.contains("vck_") || (word.contains("eyJ") && word.contains('.'))
}

/// The first word of `User-Agent`: what it is, without where it runs.
fn client(headers: &HeaderMap) -> String {
    let whole = headers.get(header::USER_AGENT).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let first = whole.split_whitespace().next().unwrap_or_default();
    if is_secret(first) { HIDDEN.to_owned() } else { short(first, 64) }
}

/// The beginning of a text.
fn short(text: &str, max: usize) -> String {
    text[..text.floor_char_boundary(max)].to_owned()
}

#[cfg(test)]
mod tests;
