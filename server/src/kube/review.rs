//! Questions about rights and names: `kubectl auth can-i`, `kubectl auth whoami`.

mod judge;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use self::judge::Judge;
use super::openapi::definition_of;
use super::resource::{Answer, Authorizer, Call, Resource, Schema};
use super::{Error, Result};
use crate::auth::Caller;
use crate::store::Snapshot;

const AUTHORIZATION: &str = "authorization.k8s.io";
const AUTHENTICATION: &str = "authentication.k8s.io";

/// The reviews, which `authorizer` answers.
#[must_use]
pub fn resources(authorizer: Arc<dyn Authorizer>) -> Vec<Resource> {
    let judge = Arc::new(Judge { authorizer });
    vec![
        answered(AUTHORIZATION, "selfsubjectaccessreviews", "SelfSubjectAccessReview", false, {
            let judge = judge.clone();
            move |call, snapshot, body| judge.access(snapshot, call.caller, body)
        }),
        answered(AUTHORIZATION, "selfsubjectrulesreviews", "SelfSubjectRulesReview", false, {
            let judge = judge.clone();
            move |call, snapshot, body| judge.rules(snapshot, call.caller, body)
        }),
        answered(AUTHORIZATION, "subjectaccessreviews", "SubjectAccessReview", false, {
            let judge = judge.clone();
            move |_, snapshot, body| judge.access(snapshot, &subject(&body["spec"])?, body)
        }),
        answered(AUTHORIZATION, "localsubjectaccessreviews", "LocalSubjectAccessReview", true, {
            move |call, snapshot, body| {
                let namespace = body["spec"]["resourceAttributes"]["namespace"].as_str();
                if namespace != Some(call.attributes.namespace.as_str()) {
                    let message =
                        "spec.resourceAttributes.namespace must match the namespace of the path";
                    return Err(Error::BadRequest(message.into()));
                }
                judge.access(snapshot, &subject(&body["spec"])?, body)
            }
        }),
        answered(
            AUTHENTICATION,
            "selfsubjectreviews",
            "SelfSubjectReview",
            false,
            |call, _, body| Ok(who(call.caller, body)),
        ),
    ]
}

fn answered(
    group: &str,
    plural: &str,
    kind: &str,
    namespaced: bool,
    answer: impl Fn(&Call<'_>, &Snapshot<'_>, Value) -> Result<Value> + Send + Sync + 'static,
) -> Resource {
    let answer =
        Answer::Read(Arc::new(move |call, snapshot, _, body| answer(call, snapshot, body)));
    let computed = Resource::computed(group, "v1", plural, kind, namespaced, answer);
    let schema = definition_of(&computed.api_version(), kind).map_or(Schema::Open, Schema::BuiltIn);
    Resource { schema, ..computed }
}

/// The caller that a review asks about.
fn subject(spec: &Value) -> Result<Caller> {
    let text = |field: &str| spec[field].as_str().unwrap_or_default().to_owned();
    let groups: Vec<String> = spec["groups"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    if text("user").is_empty() && groups.is_empty() {
        return Err(Error::BadRequest(
            "spec.user: at least one of user or group must be specified".into(),
        ));
    }
    Ok(Caller {
        name: text("user"),
        uid: text("uid"),
        groups,
        teams: Vec::new(),
        admin: false,
        key: None,
    })
}

fn who(caller: &Caller, mut body: Value) -> Value {
    let mut info = Map::new();
    info.insert("username".into(), json!(caller.name));
    if !caller.uid.is_empty() {
        info.insert("uid".into(), json!(caller.uid));
    }
    info.insert("groups".into(), json!(caller.groups));
    body["status"] = json!({ "userInfo": info });
    body
}

#[cfg(test)]
mod tests;
