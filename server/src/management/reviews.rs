//! `selfsubjectaccessreviews`: may I?

use std::sync::Arc;

use serde_json::{Value, json};

use super::{GROUP, SELF_REVIEWS, VERSION, key};
use crate::authz;
use crate::kube::resource::{Answer, Attributes, Call, Decision, Resource, STORED, Verb};
use crate::kube::{Error, Result};
use crate::store::Snapshot;

/// The resource.
#[must_use]
pub fn resource() -> Resource {
    let answer = Answer::Read(Arc::new(review));
    Resource::computed(GROUP, VERSION, SELF_REVIEWS, "SelfSubjectAccessReview", false, answer)
}

fn review(
    call: &Call<'_>,
    snapshot: &Snapshot<'_>,
    _: Option<&Value>,
    body: Value,
) -> Result<Value> {
    let asked = &body["spec"]["resourceAttributes"];
    let text = |field: &str| asked[field].as_str().unwrap_or_default().to_owned();
    let allowed = match verb(&text("verb")) {
        Some(verb) if asked.is_object() => {
            let attributes = Attributes {
                verb,
                group: text("group"),
                version: text("version"),
                resource: text("resource"),
                subresource: text("subresource"),
                namespace: text("namespace"),
                name: text("name"),
            };
            allowed(call, snapshot, &attributes)?
        }
        Some(_) | None => false,
    };
    Ok(json!({
        "kind": "SelfSubjectAccessReview",
        "apiVersion": format!("{GROUP}/{VERSION}"),
        "metadata": {},
        "spec": body["spec"],
        "status": { "allowed": allowed },
    }))
}

fn allowed(call: &Call<'_>, snapshot: &Snapshot<'_>, attributes: &Attributes) -> Result<bool> {
    let object = match attributes.name.as_str() {
        "" => None,
        name => match snapshot.get(&key(&attributes.resource, &attributes.namespace, name))? {
            Some(entry) => {
                Some(serde_json::from_slice::<Value>(&entry.body).map_err(Error::internal)?)
            }
            None => return Ok(false),
        },
    };
    let decision = authz::may(snapshot, call.caller, attributes, object.as_ref())?;
    Ok(decision == Decision::Allow)
}

fn verb(text: &str) -> Option<Verb> {
    STORED.into_iter().chain([Verb::Use]).find(|it| it.as_str() == text)
}
