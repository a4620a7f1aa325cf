//! What the API says of itself, as OpenAPI: enough for `kubectl explain` and for `kubectl apply`,
//! `create` and `edit` with validation left on.

pub mod definitions;
mod paths;
pub mod types;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::{Map, Value, json};

pub use definitions::definition;
pub use types::definition_of;

use super::resource::{Resource, Schema};
use definitions::{OBJECT_META, PREFIX, collect};

/// What an object says of itself: as in every schema of Kubernetes'.
const API_VERSION: &str = "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources";
const KIND: &str = "Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds";
const METADATA: &str = "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

/// The list of OpenAPI v3 documents, one a group and version. The hash in an address changes with
/// what the document says, so that clients may keep it.
#[must_use]
pub fn index(resources: &[Resource]) -> Value {
    let mut hashes: BTreeMap<String, crc32fast::Hasher> = BTreeMap::new();
    for resource in resources {
        let hasher = hashes.entry(group_version(resource)).or_default();
        hasher.update(resource.plural.as_bytes());
        hasher.update(resource.kind.as_bytes());
        match &resource.schema {
            Schema::BuiltIn(name) => hasher.update(name.as_bytes()),
            Schema::Of(schema) => hasher.update(schema.to_string().as_bytes()),
            Schema::Open => hasher.update(b"open"),
        }
        // So that a new Dormer's documents are asked for anew.
        hasher.update(env!("CARGO_PKG_VERSION").as_bytes());
    }
    let paths: Map<String, Value> = hashes
        .into_iter()
        .map(|(path, hasher)| {
            let address = format!("/openapi/v3/{path}?hash={:08X}", hasher.finalize());
            (path, json!({ "serverRelativeURL": address }))
        })
        .collect();
    json!({ "paths": paths })
}

/// The OpenAPI v3 document of `api/v1` or `apis/apps/v1`; nothing where there is no such group.
#[must_use]
pub fn document(resources: &[Resource], group_version: &str) -> Option<Value> {
    let (mut schemas, mut built_in) = (BTreeMap::new(), BTreeMap::new());
    let mut paths = Map::new();
    for resource in resources.iter().filter(|it| self::group_version(it) == group_version) {
        paths::add(resource, group_version, &mut paths);
        let gvk = json!([paths::gvk(resource)]);
        match &resource.schema {
            Schema::BuiltIn(name) => {
                collect(name, &mut built_in);
                if let (Entry::Vacant(free), Some(of)) =
                    (schemas.entry((*name).to_owned()), definition(name))
                {
                    free.insert(with_gvk(of.clone(), gvk));
                }
            }
            Schema::Of(schema) => {
                collect(OBJECT_META, &mut built_in);
                let schema = with_gvk(as_object(schema.as_ref().clone()), gvk);
                schemas.insert(name_of(resource), schema);
            }
            Schema::Open => {
                collect(OBJECT_META, &mut built_in);
                let open =
                    json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
                schemas.insert(name_of(resource), with_gvk(as_object(open), gvk));
            }
        }
    }
    if paths.is_empty() {
        return None;
    }
    for (name, schema) in built_in {
        schemas.entry(name).or_insert_with(|| schema.clone());
    }
    Some(json!({
        "openapi": "3.0.0",
        "info": { "title": "Dormer", "version": env!("CARGO_PKG_VERSION") },
        "paths": paths,
        "components": { "schemas": schemas },
    }))
}

/// The smallest OpenAPI v2 document, for clients that still ask for one: every kind, and that it may
/// hold anything.
#[must_use]
pub fn v2(resources: &[Resource]) -> Value {
    let definitions: Map<String, Value> = resources
        .iter()
        .map(|it| {
            let open = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
            (name_of(it), with_gvk(open, json!([paths::gvk(it)])))
        })
        .collect();
    json!({
        "swagger": "2.0",
        "info": { "title": "Dormer", "version": env!("CARGO_PKG_VERSION") },
        "paths": {},
        "definitions": definitions,
    })
}

/// `api/v1` or `apis/apps/v1`.
fn group_version(resource: &Resource) -> String {
    let root = if resource.group.is_empty() { "api" } else { "apis" };
    format!("{root}/{}", resource.api_version())
}

/// The name that a resource's schema goes by: the group backwards, as Kubernetes names those of
/// CustomResourceDefinitions.
fn name_of(resource: &Resource) -> String {
    if let Schema::BuiltIn(name) = resource.schema {
        return name.to_owned();
    }
    let mut parts: Vec<&str> = resource.group.rsplit('.').filter(|it| !it.is_empty()).collect();
    parts.extend([resource.version.as_str(), resource.kind.as_str()]);
    parts.join(".")
}

fn with_gvk(mut schema: Value, gvk: Value) -> Value {
    schema["x-kubernetes-group-version-kind"] = gvk;
    schema
}

/// The schema with what every object has.
fn as_object(mut schema: Value) -> Value {
    if !schema["properties"].is_object() {
        schema["properties"] = json!({});
    }
    let properties = &mut schema["properties"];
    properties["apiVersion"] = json!({ "type": "string", "description": API_VERSION });
    properties["kind"] = json!({ "type": "string", "description": KIND });
    properties["metadata"] = json!({
        "allOf": [{ "$ref": format!("{PREFIX}{OBJECT_META}") }],
        "description": METADATA,
    });
    schema
}

#[cfg(test)]
mod tests;
