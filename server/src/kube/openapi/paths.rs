//! The paths of a resource, as far as clients read them: which kind stands where, and which query
//! parameters may be sent along.

use serde_json::{Map, Value, json};

use crate::kube::resource::{Resource, Schema, Verb};

/// Adds the paths of `resource`, below `api/v1` or `apis/<group>/<version>`.
pub fn add(resource: &Resource, group_version: &str, paths: &mut Map<String, Value>) {
    let scope = if resource.namespaced { "namespaces/{namespace}/" } else { "" };
    let collection = format!("/{group_version}/{scope}{}", resource.plural);
    let gvk = gvk(resource);
    insert(paths, collection.clone(), path_item(resource, &gvk, COLLECTION, false));
    if resource.namespaced && resource.verbs.contains(&Verb::List) {
        let everywhere = format!("/{group_version}/{}", resource.plural);
        insert(paths, everywhere, path_item(resource, &gvk, &COLLECTION[..1], false));
    }
    let one = format!("{collection}/{{name}}");
    insert(paths, one.clone(), path_item(resource, &gvk, OBJECT, true));
    if resource.status {
        insert(paths, format!("{one}/status"), path_item(resource, &gvk, &OBJECT[..3], true));
    }
}

/// Method, verb and action.
type Operation = (&'static str, Verb, &'static str);

const COLLECTION: &[Operation] = &[
    ("get", Verb::List, "list"),
    ("post", Verb::Create, "post"),
    ("delete", Verb::DeleteCollection, "deletecollection"),
];

const OBJECT: &[Operation] = &[
    ("get", Verb::Get, "get"),
    ("put", Verb::Update, "put"),
    ("patch", Verb::Patch, "patch"),
    ("delete", Verb::Delete, "delete"),
];

/// What a PATCH may be written in. The last is for built-in kinds only: of others nobody knows how
/// lists merge.
const PATCHES: [&str; 4] = [
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
];

fn insert(paths: &mut Map<String, Value>, path: String, item: Map<String, Value>) {
    if !item.is_empty() {
        paths.insert(path, Value::Object(item));
    }
}

/// Group, version and kind, as they stand on operations and top-level schemas.
pub fn gvk(resource: &Resource) -> Value {
    json!({ "group": resource.group, "version": resource.version, "kind": resource.kind })
}

fn path_item(
    resource: &Resource,
    gvk: &Value,
    operations: &[Operation],
    named: bool,
) -> Map<String, Value> {
    let built_in = matches!(resource.schema, Schema::BuiltIn(_));
    let patches = PATCHES.len() - usize::from(!built_in);
    let mut item = Map::new();
    for (method, verb, action) in operations {
        if resource.verbs.contains(verb) {
            item.insert((*method).to_owned(), operation(gvk, method, action, patches));
        }
    }
    if !item.is_empty() {
        let mut parameters = Vec::new();
        if named {
            parameters.push(path_parameter("name", &format!("name of the {}", resource.kind)));
        }
        if resource.namespaced {
            parameters.push(path_parameter(
                "namespace",
                "object name and auth scope, such as for teams and projects",
            ));
        }
        item.insert("parameters".to_owned(), json!(parameters));
    }
    item
}

fn operation(gvk: &Value, method: &str, action: &str, patches: usize) -> Value {
    let text = |name: &str| json!({ "name": name, "in": "query", "schema": { "type": "string", "uniqueItems": true } });
    let flag = |name: &str| json!({ "name": name, "in": "query", "schema": { "type": "boolean", "uniqueItems": true } });
    let parameters = match method {
        "post" | "put" => vec![text("dryRun"), text("fieldManager"), text("fieldValidation")],
        "patch" => {
            vec![text("dryRun"), text("fieldManager"), text("fieldValidation"), flag("force")]
        }
        "delete" => vec![text("dryRun"), text("propagationPolicy")],
        _ if action == "list" => vec![text("fieldSelector"), text("labelSelector"), flag("watch")],
        _ => vec![],
    };
    let mut operation = json!({
        "parameters": parameters,
        "responses": { "200": { "description": "OK" } },
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": gvk,
    });
    let body = json!({ "schema": { "type": "object" } });
    let forms: &[&str] = match method {
        "post" | "put" => &["*/*"],
        "patch" => &PATCHES[..patches],
        _ => return operation,
    };
    let content: Map<String, Value> =
        forms.iter().map(|it| ((*it).to_owned(), body.clone())).collect();
    operation["requestBody"] = json!({ "content": content, "required": true });
    operation
}

fn path_parameter(name: &str, description: &str) -> Value {
    json!({
        "name": name,
        "in": "path",
        "required": true,
        "description": description,
        "schema": { "type": "string", "uniqueItems": true },
    })
}
