//! One rule of a role.

use serde_json::Value;

use crate::kube::resource::Attributes;

/// The items of a list; none where it is absent.
pub fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// A field as text; empty where it is absent.
pub fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object[field].as_str().unwrap_or_default()
}

fn has(rule: &Value, field: &str, wanted: &str) -> bool {
    items(&rule[field]).any(|it| it == "*" || it == wanted)
}

/// Whether the rule lets `verb` be done to what the attributes name.
pub fn allows(rule: &Value, verb: &str, attributes: &Attributes) -> bool {
    let Attributes { group, resource, subresource, name, .. } = attributes;
    has(rule, "verbs", verb)
        && has(rule, "apiGroups", group)
        && has_resource(rule, resource, subresource)
        && has_name(rule, name)
}

fn has_resource(rule: &Value, resource: &str, subresource: &str) -> bool {
    items(&rule["resources"]).filter_map(Value::as_str).any(|it| match it.split_once('/') {
        None => it == "*" || (it == resource && subresource.is_empty()),
        Some((of, part)) => {
            !subresource.is_empty() && part == subresource && (of == "*" || of == resource)
        }
    })
}

fn has_name(rule: &Value, name: &str) -> bool {
    let mut names = items(&rule["resourceNames"]).peekable();
    names.peek().is_none() || (!name.is_empty() && names.any(|it| it == name))
}

/// How many rights one rule may spell out for its giver to be asked about each.
const RIGHTS_MAX: usize = 10_000;

/// Whether the rules together allow all that `wanted` does.
pub fn covers(rules: &[Value], wanted: &Value) -> bool {
    let all = |field: &str| -> Vec<String> {
        items(&wanted[field]).filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let (groups, resources, mut names) = (all("apiGroups"), all("resources"), all("resourceNames"));
    if names.is_empty() {
        // Without names: all of them.
        names.push(String::new());
    }
    let verbs = all("verbs");
    if verbs.len() * groups.len() * resources.len() * names.len() > RIGHTS_MAX {
        return false;
    }
    verbs.iter().all(|verb| {
        let urls = all("nonResourceURLs").iter().all(|url| {
            rules.iter().any(|it| has(it, "verbs", verb) && has(it, "nonResourceURLs", url))
        });
        let objects = groups.iter().all(|group| {
            resources.iter().all(|resource| {
                names.iter().all(|name| is_covered(rules, verb, group, resource, name))
            })
        });
        urls && objects
    })
}

fn is_covered(rules: &[Value], verb: &str, group: &str, resource: &str, name: &str) -> bool {
    let (of, part) = resource.split_once('/').unwrap_or((resource, ""));
    rules.iter().any(|it| {
        has(it, "verbs", verb)
            && has(it, "apiGroups", group)
            && has_resource(it, of, part)
            && has_name(it, name)
    })
}
