//! Who may do what, by the roles and bindings of the cluster itself.

mod defaults;
mod rule;

use serde_json::Value;

use self::rule::{allows, covers, items, text};
use super::builtin::rules::selects;
use super::resource::{Attributes, Authorizer, Decision, Verb};
use super::{Result, object, resource};
use crate::auth::{Caller, GROUP_MASTERS};
use crate::store::{Key, Range, Snapshot};

pub use defaults::default_objects;

/// The group of roles and bindings.
const GROUP: &str = "rbac.authorization.k8s.io";

/// Decides by the RBAC objects of one logical cluster. `system:masters` may do everything; everybody
/// may ask about themselves.
pub struct Rbac {
    /// The logical cluster.
    pub cluster: String,
}

impl Authorizer for Rbac {
    fn may(
        &self,
        snapshot: &Snapshot<'_>,
        caller: &Caller,
        attributes: &Attributes,
        object: Option<&Value>,
    ) -> Result<Decision> {
        if caller.is_in(GROUP_MASTERS) || asks_about_self(attributes) {
            return Ok(Decision::Allow);
        }
        let rules = self.rules_of(snapshot, caller, namespace_of(attributes))?;
        if !rules.iter().any(|it| allows(it, attributes.verb.as_str(), attributes)) {
            return Ok(Decision::Deny);
        }
        let held = self.holds_what_it_hands_out(snapshot, &rules, attributes, object)?;
        Ok(if held { Decision::Allow } else { Decision::Deny })
    }

    fn by_object(&self) -> bool {
        false
    }
}

fn asks_about_self(attributes: &Attributes) -> bool {
    let about = (attributes.group.as_str(), attributes.resource.as_str());
    attributes.verb == Verb::Create
        && matches!(
            about,
            ("authorization.k8s.io", "selfsubjectaccessreviews" | "selfsubjectrulesreviews")
                | ("authentication.k8s.io", "selfsubjectreviews")
        )
}

/// A namespace counts as inside itself.
fn namespace_of(attributes: &Attributes) -> &str {
    let is_namespace = attributes.group.is_empty() && attributes.resource == "namespaces";
    if is_namespace { &attributes.name } else { &attributes.namespace }
}

impl Rbac {
    /// All rules that hold for the caller in a namespace, or with none for the whole cluster.
    fn rules_of(
        &self,
        snapshot: &Snapshot<'_>,
        caller: &Caller,
        namespace: &str,
    ) -> Result<Vec<Value>> {
        let mut rules = Vec::new();
        for binding in self.all(snapshot, "clusterrolebindings", None)? {
            if is_bound(&binding, caller) {
                rules.extend(self.rules_of_role(snapshot, &binding, "")?);
            }
        }
        if namespace.is_empty() {
            return Ok(rules);
        }
        for binding in self.all(snapshot, "rolebindings", Some(namespace))? {
            if is_bound(&binding, caller) {
                rules.extend(self.rules_of_role(snapshot, &binding, namespace)?);
            }
        }
        Ok(rules)
    }

    /// The rules of the role that a binding refers to; none where there is no such role.
    fn rules_of_role(
        &self,
        snapshot: &Snapshot<'_>,
        binding: &Value,
        namespace: &str,
    ) -> Result<Vec<Value>> {
        let name = text(&binding["roleRef"], "name");
        let (resource, namespace) = match text(&binding["roleRef"], "kind") {
            "ClusterRole" => ("clusterroles", ""),
            "Role" if !namespace.is_empty() => ("roles", namespace),
            _ => return Ok(Vec::new()),
        };
        let key = Key {
            cluster: self.cluster.clone(),
            resource: format!("{GROUP}/{resource}"),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        let Some(entry) = snapshot.get(&key)? else { return Ok(Vec::new()) };
        let role: Value = parsed(&entry.body)?;
        let mut rules: Vec<Value> = items(&role["rules"]).cloned().collect();
        for selector in items(&role["aggregationRule"]["clusterRoleSelectors"]) {
            for other in self.all(snapshot, "clusterroles", None)? {
                if object::name(&other) != name && selects(selector, &other["metadata"]["labels"]) {
                    rules.extend(items(&other["rules"]).cloned());
                }
            }
        }
        Ok(rules)
    }

    fn all(
        &self,
        snapshot: &Snapshot<'_>,
        resource: &str,
        namespace: Option<&str>,
    ) -> Result<Vec<Value>> {
        let range = Range {
            namespace: namespace.map(str::to_owned),
            ..Range::all(self.cluster.clone(), format!("{GROUP}/{resource}"))
        };
        snapshot.entries(&range)?.iter().map(|it| parsed(&it.body)).collect()
    }

    /// Whether a caller who writes a role or binding holds every right in it: nobody can make
    /// themselves more than they are. Of a role that changes only what it was is known here, so that
    /// takes the verb `escalate`.
    fn holds_what_it_hands_out(
        &self,
        snapshot: &Snapshot<'_>,
        rules: &[Value],
        attributes: &Attributes,
        object: Option<&Value>,
    ) -> Result<bool> {
        let writes = matches!(attributes.verb, Verb::Create | Verb::Update | Verb::Patch);
        if !writes || attributes.group != GROUP {
            return Ok(true);
        }
        let Some(object) = object else { return Ok(true) };
        match attributes.resource.as_str() {
            "roles" | "clusterroles" => {
                let escalates = rules.iter().any(|it| allows(it, "escalate", attributes));
                let holds = || items(&object["rules"]).all(|it| covers(rules, it));
                Ok(escalates || (attributes.verb == Verb::Create && holds()))
            }
            "rolebindings" | "clusterrolebindings" => {
                let role = &object["roleRef"];
                let plural = format!("{}s", text(role, "kind").to_lowercase());
                let asked = Attributes {
                    resource: plural,
                    name: text(role, "name").into(),
                    ..attributes.clone()
                };
                if rules.iter().any(|it| allows(it, "bind", &asked)) {
                    return Ok(true);
                }
                let handed_out = self.rules_of_role(snapshot, object, &attributes.namespace)?;
                Ok(!handed_out.is_empty() && handed_out.iter().all(|it| covers(rules, it)))
            }
            _ => Ok(true),
        }
    }
}

/// What the store knows the resource of a role or binding by.
#[must_use]
pub fn stored_as(object: &Value) -> String {
    resource::stored_as(GROUP, &format!("{}s", text(object, "kind").to_lowercase()))
}

fn parsed(body: &[u8]) -> Result<Value> {
    serde_json::from_slice(body).map_err(super::Error::internal)
}

fn is_bound(binding: &Value, caller: &Caller) -> bool {
    items(&binding["subjects"]).any(|subject| {
        let name = text(subject, "name");
        match text(subject, "kind") {
            "User" => caller.name == name,
            "Group" => caller.is_in(name),
            "ServiceAccount" => {
                let said = text(subject, "namespace");
                let namespace = if said.is_empty() { object::namespace(binding) } else { said };
                caller.name == format!("system:serviceaccount:{namespace}:{name}")
            }
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests;
