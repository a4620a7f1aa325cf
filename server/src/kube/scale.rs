//! The `scale` subresource: how many there are to be.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::asked::Asked;
use super::patch::{Patch, plainly};
use super::read::existing;
use super::resource::{Resource, Scale, Verb};
use super::write::{Managers, replace};
use super::{Error, Result, answer, body, object, table};

/// The most that anybody asks for.
const WANTED_MAX: u64 = i32::MAX as u64;

/// Where a resource keeps its numbers; nothing if it cannot be scaled.
pub(super) fn paths(resource: &Resource) -> Option<Scale> {
    let workload = resource.group == "apps"
        && matches!(resource.plural.as_str(), "deployments" | "replicasets" | "statefulsets");
    resource.scale.clone().or_else(|| {
        workload.then(|| Scale {
            wanted: ".spec.replicas".into(),
            running: ".status.replicas".into(),
            selector: None,
        })
    })
}

/// Answers `scale`.
///
/// # Errors
/// As any read or update.
pub(super) async fn answer(asked: Arc<Asked>, media_type: &str, bytes: &[u8]) -> Result<Response> {
    let paths = paths(&asked.resource).ok_or(Error::NoResource)?;
    if !asked.resource.verbs.contains(&asked.attributes.verb) {
        return Err(Error::MethodNotAllowed);
    }
    let patch = match asked.attributes.verb {
        Verb::Get => {
            let reading = asked.clone();
            let found = asked.server.store.read(move |snapshot| existing(&reading, snapshot));
            return answer::value(StatusCode::OK, asked.form.yaml, &shown(&paths, &found.await?));
        }
        // A whole Scale replaces as a merge patch does: it has no lists.
        Verb::Update => Patch::Merge(body::parse(media_type, bytes)?),
        Verb::Patch => Patch::read(media_type, bytes)?,
        _ => return Err(Error::MethodNotAllowed),
    };
    let made = asked.transact(move |asked, tx| {
        let old = existing(asked, &tx.snapshot()?)?;
        let wanted = plainly(&shown(&paths, &old), &patch)?;
        let new = scaled(asked, &paths, &old, &wanted)?;
        Ok(shown(&paths, &replace(asked, tx, &old, new, Managers::Noted)?))
    });
    answer::value(StatusCode::OK, asked.form.yaml, &made.await?)
}

fn shown(paths: &Scale, object: &Value) -> Value {
    let number = |path: &str| table::at(object, path).and_then(Value::as_i64).unwrap_or(0);
    let mut scale = json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": object["metadata"]["name"],
            "namespace": object["metadata"]["namespace"],
            "uid": object["metadata"]["uid"],
            "resourceVersion": object["metadata"]["resourceVersion"],
            "creationTimestamp": object["metadata"]["creationTimestamp"],
        },
        "spec": {"replicas": number(&paths.wanted)},
        "status": {"replicas": number(&paths.running)},
    });
    if let Some(selector) = selector(paths, object) {
        scale["status"]["selector"] = json!(selector);
    }
    scale
}

fn selector(paths: &Scale, object: &Value) -> Option<String> {
    if let Some(path) = &paths.selector {
        return table::at(object, path)?.as_str().map(str::to_owned);
    }
    let labels = object["spec"]["selector"]["matchLabels"].as_object()?;
    let pairs: Vec<String> = labels
        .iter()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    Some(pairs.join(","))
}

fn scaled(asked: &Asked, paths: &Scale, old: &Value, wanted: &Value) -> Result<Value> {
    let Some(count) = wanted["spec"]["replicas"].as_u64().filter(|&it| it <= WANTED_MAX) else {
        let message = "Invalid value: must be greater than or equal to 0";
        let name = object::name(old);
        return Err(Error::invalid_field("Scale", "autoscaling", name, "spec.replicas", message));
    };
    let mut new = old.clone();
    let steps: Vec<&str> = paths.wanted.split('.').filter(|it| !it.is_empty()).collect();
    let Some((last, before)) = steps.split_last() else {
        return Err(Error::internal(format!("{} has no path to scale by", asked.resource.plural)));
    };
    object::map_at(&mut new, before).insert((*last).to_owned(), json!(count));
    let said = object::meta(wanted, "resourceVersion");
    object::map_at(&mut new, &["metadata"]).insert("resourceVersion".into(), json!(said));
    Ok(new)
}
