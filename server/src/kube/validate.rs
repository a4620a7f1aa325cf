//! Whether an object looks as its schema says.

use dormer_api::status::StatusCause;
use serde_json::Value;

use super::resource::Schema;

/// The paths of fields that the schema does not know, such as `spec.containers[0].bar`.
#[must_use]
pub fn unknown_fields(_schema: &Schema, _object: &Value) -> Vec<String> {
    Vec::new()
}

/// The fields that hold a value of another type than the schema says.
#[must_use]
pub fn type_errors(_schema: &Schema, _object: &Value) -> Vec<StatusCause> {
    Vec::new()
}
