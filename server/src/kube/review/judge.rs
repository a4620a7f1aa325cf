//! Asks the authorizer what a review asks.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{AUTHENTICATION, AUTHORIZATION};
use crate::auth::Caller;
use crate::kube::resource::{Attributes, Authorizer, Decision, STORED, Verb};
use crate::kube::{Error, Result, builtin};
use crate::store::Snapshot;

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

/// Answers by an authorizer.
pub struct Judge {
    /// Who decides.
    pub authorizer: Arc<dyn Authorizer>,
}

impl Judge {
    /// Answers whether the caller may do one thing.
    pub fn access(
        &self,
        snapshot: &Snapshot<'_>,
        caller: &Caller,
        mut body: Value,
    ) -> Result<Value> {
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
    pub fn rules(
        &self,
        snapshot: &Snapshot<'_>,
        caller: &Caller,
        mut body: Value,
    ) -> Result<Value> {
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

pub fn attributes_of(group: &str, resource: &str, namespace: &str) -> Attributes {
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
