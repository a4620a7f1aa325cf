//! Answers that go out, in the form that was asked for.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};

use super::accept::Shape;
use super::asked::Asked;
use super::{Error, Result, object, table};
use crate::store::{Body, Revision};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const YAML: HeaderValue = HeaderValue::from_static("application/yaml");

/// Objects that go out together.
pub(super) struct Listed {
    /// What the list shows.
    pub revision: Revision,
    /// Where the next page begins; nothing on the last.
    pub next: Option<String>,
    /// How many come later, where that is known.
    pub remaining: Option<usize>,
    /// The objects.
    pub items: Items,
}

/// Objects as they are at hand.
pub(super) enum Items {
    /// As they are stored: nothing had to look inside.
    Stored(Vec<Body>),
    /// Parsed.
    Values(Vec<Value>),
}

/// One object.
///
/// # Errors
/// It cannot be written.
pub(super) fn one(asked: &Asked, code: StatusCode, object: &Value) -> Result<Response> {
    match asked.form.shape {
        Shape::Whole | Shape::Discovery(_) => value(code, asked.form.yaml, object),
        Shape::Metadata(version) => value(code, asked.form.yaml, &metadata(object, version)),
        Shape::Table(version) => {
            let mut made = table::head(asked, version)?;
            made["metadata"] = json!({"resourceVersion": object::meta(object, "resourceVersion")});
            made["rows"] = json!([table::row(asked, version, object)?]);
            value(code, asked.form.yaml, &made)
        }
    }
}

/// One object with a `Warning` header for each of `warnings`.
///
/// # Errors
/// It cannot be written.
pub(super) fn written(
    asked: &Asked,
    code: StatusCode,
    object: &Value,
    warnings: &[String],
) -> Result<Response> {
    let mut response = one(asked, code, object)?;
    for warning in warnings {
        let text: String = warning.chars().filter(|it| !it.is_control() && it.is_ascii()).collect();
        let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
        if let Ok(line) = HeaderValue::from_str(&format!("299 - \"{quoted}\"")) {
            response.headers_mut().append(header::WARNING, line);
        }
    }
    Ok(response)
}

/// Many objects.
///
/// # Errors
/// They cannot be written.
pub(super) fn many(asked: &Asked, listed: Listed) -> Result<Response> {
    let mut meta = json!({"resourceVersion": listed.revision.0.to_string()});
    if let Some(next) = &listed.next {
        meta["continue"] = json!(next);
    }
    if let Some(remaining) = listed.remaining {
        meta["remainingItemCount"] = json!(remaining);
    }
    let kind = format!("{}List", asked.resource.kind);
    let api_version = asked.resource.api_version();
    match (asked.form.shape, listed.items) {
        (Shape::Whole | Shape::Discovery(_), Items::Stored(bodies)) if !asked.form.yaml => {
            let head = format!(
                "{{\"kind\":{},\"apiVersion\":{},\"metadata\":{meta},\"items\":[",
                json!(kind),
                json!(api_version)
            );
            Ok((StatusCode::OK, [(header::CONTENT_TYPE, JSON)], joined(&head, &bodies))
                .into_response())
        }
        (Shape::Whole | Shape::Discovery(_), items) => {
            let items = items.values()?;
            let list =
                json!({"kind": kind, "apiVersion": api_version, "metadata": meta, "items": items});
            value(StatusCode::OK, asked.form.yaml, &list)
        }
        (Shape::Metadata(version), items) => {
            let items: Vec<Value> =
                items.values()?.iter().map(|it| metadata(it, version)).collect();
            let list = json!({
                "kind": "PartialObjectMetadataList",
                "apiVersion": format!("meta.k8s.io/{version}"),
                "metadata": meta,
                "items": items,
            });
            value(StatusCode::OK, asked.form.yaml, &list)
        }
        (Shape::Table(version), items) => {
            let mut made = table::head(asked, version)?;
            let rows: Result<Vec<Value>> =
                items.values()?.iter().map(|it| table::row(asked, version, it)).collect();
            made["metadata"] = meta;
            made["rows"] = Value::Array(rows?);
            value(StatusCode::OK, asked.form.yaml, &made)
        }
    }
}

impl Items {
    fn values(self) -> Result<Vec<Value>> {
        match self {
            Self::Values(values) => Ok(values),
            Self::Stored(bodies) => bodies.iter().map(|body| parsed(body)).collect(),
        }
    }
}

fn joined(head: &str, bodies: &[Body]) -> Vec<u8> {
    let length = head.len() + 2 + bodies.iter().map(|it| it.len() + 1).sum::<usize>();
    let mut text = Vec::with_capacity(length);
    text.extend_from_slice(head.as_bytes());
    for (i, body) in bodies.iter().enumerate() {
        if i > 0 {
            text.push(b',');
        }
        text.extend_from_slice(body);
    }
    text.extend_from_slice(b"]}");
    text
}

/// A stored object.
///
/// # Errors
/// It is damaged.
pub(super) fn parsed(body: &[u8]) -> Result<Value> {
    serde_json::from_slice(body).map_err(Error::internal)
}

/// Any value.
///
/// # Errors
/// It cannot be written.
pub(super) fn value(code: StatusCode, yaml: bool, value: &impl Serialize) -> Result<Response> {
    if yaml {
        let text = serde_saphyr::to_string(value).map_err(Error::internal)?;
        return Ok((code, [(header::CONTENT_TYPE, YAML)], text).into_response());
    }
    let text = serde_json::to_vec(value).map_err(Error::internal)?;
    Ok((code, [(header::CONTENT_TYPE, JSON)], text).into_response())
}

/// The answer to a deletion that is done.
///
/// # Errors
/// It cannot be written.
pub(super) fn gone(asked: &Asked, uid: &str) -> Result<Response> {
    let details = json!({
        "name": asked.attributes.name,
        "group": asked.resource.group,
        "kind": asked.resource.plural,
        "uid": uid,
    });
    let status = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": details,
    });
    value(StatusCode::OK, asked.form.yaml, &status)
}

/// Only the metadata of an object.
pub(super) fn metadata(object: &Value, version: &str) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": format!("meta.k8s.io/{version}"),
        "metadata": object["metadata"],
    })
}
