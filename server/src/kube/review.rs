//! Questions about rights and names: `kubectl auth can-i`, `kubectl auth whoami`.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::builtin;
use super::openapi::definition_of;
use super::resource::{
    Answer, Attributes, Authorizer, Call, Decision, Resource, STORED, Schema, Verb,
};
use super::{Error, Result};
use crate::auth::Caller;
use crate::store::Snapshot;

const AUTHORIZATION: &str = "authorization.k8s.io";
const AUTHENTICATION: &str = "authentication.k8s.io";

/// Paths that everybody may read.
const OPEN_PATHS: [&str; 10] = [
    "/api",
    "/api/*",
    "/apis",
    "/apis/*",
    "/healthz",
    "/livez",
    "/openapi",
    "/openapi/*",
    "/readyz",
    "/version",
];

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

struct Judge {
    authorizer: Arc<dyn Authorizer>,
}

impl Judge {
    /// Answers whether the caller may do one thing.
    fn access(&self, snapshot: &Snapshot<'_>, caller: &Caller, mut body: Value) -> Result<Value> {
        let spec = &body["spec"];
        let allowed = match (&spec["resourceAttributes"], &spec["nonResourceAttributes"]) {
            (Value::Object(_), Value::Object(_)) => {
                let message = "cannot specify both resourceAttributes and nonResourceAttributes";
                return Err(Error::BadRequest(message.into()));
            }
            (asked @ Value::Object(_), _) => self.may(snapshot, caller, asked)?,
            (_, asked @ Value::Object(_)) => self.may_read(snapshot, caller, asked)?,
            _ => {
                let message =
                    "exactly one of resourceAttributes or nonResourceAttributes must be specified";
                return Err(Error::BadRequest(message.into()));
            }
        };
        body["status"] = json!({ "allowed": allowed });
        Ok(body)
    }

    fn may(&self, snapshot: &Snapshot<'_>, caller: &Caller, asked: &Value) -> Result<bool> {
        let text = |field: &str| asked[field].as_str().unwrap_or_default();
        let (resource, part) =
            text("resource").split_once('/').unwrap_or((text("resource"), text("subresource")));
        let attributes = Attributes {
            verb: Verb::Get,
            group: text("group").into(),
            version: text("version").into(),
            resource: resource.into(),
            subresource: part.into(),
            namespace: text("namespace").into(),
            name: text("name").into(),
        };
        let verbs = STORED.into_iter().chain([Verb::Use]);
        match verbs.into_iter().find(|it| it.as_str() == text("verb")) {
            Some(verb) => self.allows(snapshot, caller, Attributes { verb, ..attributes }),
            // `*`, and verbs that only roles know: for those who may do all else.
            None => self.allows_all(snapshot, caller, &attributes),
        }
    }

    fn may_read(&self, snapshot: &Snapshot<'_>, caller: &Caller, asked: &Value) -> Result<bool> {
        let path = asked["path"].as_str().unwrap_or_default();
        let open = OPEN_PATHS.iter().any(|it| match it.strip_suffix('*') {
            Some(start) => path.starts_with(start),
            None => path == *it,
        });
        Ok((open && asked["verb"] == "get") || self.allows_everything(snapshot, caller, "")?)
    }

    fn allows(
        &self,
        snapshot: &Snapshot<'_>,
        caller: &Caller,
        attributes: Attributes,
    ) -> Result<bool> {
        Ok(self.authorizer.may(snapshot, caller, &attributes, None)? == Decision::Allow)
    }

    fn allows_all(
        &self,
        snapshot: &Snapshot<'_>,
        caller: &Caller,
        attributes: &Attributes,
    ) -> Result<bool> {
        for verb in STORED {
            if !self.allows(snapshot, caller, Attributes { verb, ..attributes.clone() })? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn allows_everything(
        &self,
        snapshot: &Snapshot<'_>,
        caller: &Caller,
        namespace: &str,
    ) -> Result<bool> {
        self.allows_all(snapshot, caller, &attributes_of("*", "*", namespace))
    }

    /// Answers what the caller may do in a namespace. Resources of CustomResourceDefinitions are not
    /// asked about one by one.
    fn rules(&self, snapshot: &Snapshot<'_>, caller: &Caller, mut body: Value) -> Result<Value> {
        let namespace = body["spec"]["namespace"].as_str().unwrap_or_default().to_owned();
        if namespace.is_empty() {
            return Err(Error::BadRequest("no namespace on request".into()));
        }
        let everything = self.allows_everything(snapshot, caller, &namespace)?;
        let resources = if everything {
            vec![json!({ "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"] })]
        } else {
            self.rules_one_by_one(snapshot, caller, &namespace)?
        };
        let paths = if everything { json!(["*"]) } else { json!(OPEN_PATHS) };
        body["status"] = json!({
            "resourceRules": resources,
            "nonResourceRules": [{ "verbs": [if everything { "*" } else { "get" }], "nonResourceURLs": paths }],
            "incomplete": !everything,
        });
        if !everything {
            body["status"]["evaluationError"] = json!("rights to custom resources are not listed");
        }
        Ok(body)
    }

    fn rules_one_by_one(
        &self,
        snapshot: &Snapshot<'_>,
        caller: &Caller,
        namespace: &str,
    ) -> Result<Vec<Value>> {
        let mut rules = vec![
            creates(AUTHORIZATION, &["selfsubjectaccessreviews", "selfsubjectrulesreviews"]),
            creates(AUTHENTICATION, &["selfsubjectreviews"]),
        ];
        for resource in builtin::resources() {
            let place = if resource.namespaced { namespace } else { "" };
            let attributes = attributes_of(&resource.group, &resource.plural, place);
            let mut verbs = Vec::new();
            for verb in STORED {
                if self.allows(snapshot, caller, Attributes { verb, ..attributes.clone() })? {
                    verbs.push(verb.as_str());
                }
            }
            if !verbs.is_empty() {
                rules.push(json!({
                    "verbs": verbs,
                    "apiGroups": [resource.group],
                    "resources": [resource.plural],
                }));
            }
        }
        Ok(rules)
    }
}

/// The rule that lets everybody ask about themselves.
fn creates(group: &str, resources: &[&str]) -> Value {
    json!({ "verbs": ["create"], "apiGroups": [group], "resources": resources })
}

fn attributes_of(group: &str, resource: &str, namespace: &str) -> Attributes {
    Attributes {
        verb: Verb::Get,
        group: group.into(),
        version: "*".into(),
        resource: resource.into(),
        subresource: String::new(),
        namespace: namespace.into(),
        name: String::new(),
    }
}

#[cfg(test)]
mod tests;
