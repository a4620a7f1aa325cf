//! What the API says of itself, as OpenAPI.

use serde_json::{Value, json};

pub mod definitions;
pub mod types;

pub use definitions::definition;
pub use types::definition_of;

use super::resource::Resource;

/// The list of OpenAPI v3 documents, one a group and version.
#[must_use]
pub fn index(_resources: &[Resource]) -> Value {
    json!({ "paths": {} })
}

/// The OpenAPI v3 document of `api/v1` or `apis/apps/v1`; nothing where there is no such group.
#[must_use]
pub fn document(_resources: &[Resource], _group_version: &str) -> Option<Value> {
    None
}

/// The smallest OpenAPI v2 document, for clients that still ask for one.
#[must_use]
pub fn v2(_resources: &[Resource]) -> Value {
    json!({ "swagger": "2.0", "info": { "title": "Kubernetes", "version": "v1.33" }, "paths": {} })
}
