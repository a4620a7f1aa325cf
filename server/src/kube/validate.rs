//! Whether an object looks as its schema says.

use dormer_api::status::StatusCause;
use serde_json::Value;

use super::resource::Schema;
use super::schema::{Field, Node};

/// How many findings are told: more would only make the refusal long.
const FINDINGS_MAX: usize = 1_000;

/// The paths of fields that the schema does not know, such as `spec.containers[0].bar`.
#[must_use]
pub fn unknown_fields(schema: &Schema, object: &Value) -> Vec<String> {
    let mut unknown = Vec::new();
    find_unknown(Node::of(schema), object, &mut String::new(), &mut unknown);
    unknown
}

fn find_unknown(node: Node<'_>, value: &Value, path: &mut String, unknown: &mut Vec<String>) {
    each(node, value, path, &mut |child, value, path| match child {
        Some(node) => find_unknown(node, value, path, unknown),
        None if unknown.len() < FINDINGS_MAX => unknown.push(path.clone()),
        None => {}
    });
}

/// The fields that hold a value of another type than the schema says. Null is nothing, and fits.
#[must_use]
pub fn type_errors(schema: &Schema, object: &Value) -> Vec<StatusCause> {
    let mut errors = Vec::new();
    find_type_errors(Node::of(schema), object, &mut String::new(), &mut errors);
    errors
}

fn find_type_errors(
    node: Node<'_>,
    value: &Value,
    path: &mut String,
    errors: &mut Vec<StatusCause>,
) {
    if errors.len() >= FINDINGS_MAX {
        return;
    }
    let types = node.types();
    if !value.is_null()
        && !types.is_empty()
        && !types.iter().any(|it| fits(it, node.format(), value))
    {
        let message = format!(
            "Invalid value: \"{}\": {path} in body must be of type {}: \"{}\"",
            type_of(value),
            types.join(" or "),
            type_of(value)
        );
        let reason = "FieldValueTypeInvalid".into();
        errors.push(StatusCause { reason, message, field: path.clone() });
        return;
    }
    each(node, value, path, &mut |child, value, path| {
        if let Some(node) = child {
            find_type_errors(node, value, path, errors);
        }
    });
}

/// Calls `found` for each field and item of `value`, with its schema (nothing where the schema does
/// not allow it) and its path.
fn each<'a>(
    node: Node<'a>,
    value: &Value,
    path: &mut String,
    found: &mut impl FnMut(Option<Node<'a>>, &Value, &mut String),
) {
    let length = path.len();
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
                match node.get(name) {
                    Field::Named(child) | Field::Entry(child) => found(Some(child), value, path),
                    Field::Unknown => found(None, value, path),
                }
                path.truncate(length);
            }
        }
        Value::Array(list) => {
            for (i, value) in list.iter().enumerate() {
                path.push_str(&format!("[{i}]"));
                found(Some(node.items()), value, path);
                path.truncate(length);
            }
        }
        _ => {}
    }
}

fn fits(kind: &str, format: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" if format == "int32" => {
            value.as_i64().is_some_and(|it| i32::try_from(it).is_ok())
        }
        // A whole number may be written as 1.0.
        "integer" => {
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|it| it.fract() == 0.0)
        }
        _ => true,
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(it) if it.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    const POD: Schema = Schema::BuiltIn("io.k8s.api.core.v1.Pod");

    #[test]
    fn a_field_that_a_container_does_not_have_is_named_with_its_place() {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "one", "labels": { "a": "b" } },
            "spec": { "containers": [{ "name": "c", "imag": "x", "resources": { "limits": { "cpu": "1" } } }] },
            "foo": 1,
        });
        assert_eq!(unknown_fields(&POD, &pod), ["foo", "spec.containers[0].imag"]);
    }

    #[test]
    fn whatever_a_quantity_or_a_port_may_be_fits() {
        let pod = json!({ "spec": { "containers": [{
            "name": "c",
            "resources": { "limits": { "cpu": 2, "memory": "1Gi" } },
            "livenessProbe": { "httpGet": { "port": "http" } },
            "readinessProbe": { "httpGet": { "port": 80 } },
            "image": null,
        }] } });
        assert_eq!(type_errors(&POD, &pod), []);
    }

    #[test]
    fn text_where_a_number_belongs_is_refused_with_its_place() {
        let schema = Schema::BuiltIn("io.k8s.api.apps.v1.Deployment");
        let errors = type_errors(&schema, &json!({ "spec": { "replicas": "three" } }));
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].field, "spec.replicas");
        assert!(errors[0].message.ends_with("must be of type integer: \"string\""));
    }

    #[test]
    fn a_schema_of_the_users_own_says_what_it_keeps() {
        let schema = Schema::Of(Arc::new(json!({
            "type": "object",
            "properties": {
                "spec": { "type": "object", "properties": { "size": { "type": "integer" } } },
                "free": { "type": "object", "x-kubernetes-preserve-unknown-fields": true },
                "map": { "type": "object", "additionalProperties": { "type": "string" } },
            },
        })));
        let object = json!({
            "apiVersion": "a/v1", "kind": "A", "metadata": { "name": "x", "nam": 1 },
            "spec": { "size": 1.0, "colour": 2 }, "free": { "any": [1] }, "map": { "k": 1 },
        });
        assert_eq!(unknown_fields(&schema, &object), ["metadata.nam", "spec.colour"]);
        assert_eq!(type_errors(&schema, &object)[0].field, "map.k");
        assert_eq!(unknown_fields(&Schema::Open, &object), ["metadata.nam"]);
    }
}
