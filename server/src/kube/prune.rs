//! Fields that no schema knows are not stored.

use serde_json::Value;

use super::resource::Schema;
use super::schema::{Field, Node};

/// Drops the fields of an object that its schema does not know. What is in `metadata` stays.
pub(super) fn prune(schema: &Schema, object: &mut Value) {
    let Some(fields) = object.as_object_mut() else { return };
    let metadata = fields.remove("metadata");
    drop_unknown(Node::of(schema), object);
    if let Some(metadata) = metadata {
        object["metadata"] = metadata;
    }
}

fn drop_unknown(node: Node<'_>, value: &mut Value) {
    match value {
        Value::Object(fields) => fields.retain(|name, field| match node.get(name) {
            Field::Named(child) | Field::Entry(child) => {
                drop_unknown(child, field);
                true
            }
            Field::Unknown => false,
        }),
        Value::Array(items) => items.iter_mut().for_each(|it| drop_unknown(node.items(), it)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(schema: &Schema, mut object: Value, left: Value) {
        prune(schema, &mut object);
        assert_eq!(object, left);
    }

    #[test]
    fn what_a_built_in_type_does_not_know_is_dropped() {
        let schema = Schema::BuiltIn("io.k8s.api.core.v1.ConfigMap");
        check(
            &schema,
            json!({"kind": "ConfigMap", "metadata": {"x": 1}, "data": {"any": "1"}, "datum": {}}),
            json!({"kind": "ConfigMap", "metadata": {"x": 1}, "data": {"any": "1"}}),
        );
    }

    #[test]
    fn what_takes_anything_keeps_it() {
        let revision =
            json!({"metadata": {"name": "a"}, "data": {"any": {"thing": [1]}}, "revision": 1});
        check(
            &Schema::BuiltIn("io.k8s.api.apps.v1.ControllerRevision"),
            revision.clone(),
            revision,
        );
        let anything = json!({"metadata": {}, "a": [{"b": 1}]});
        check(&Schema::Open, anything.clone(), anything);
        let definition = json!({"metadata": {"name": "a"}, "spec": {"versions": [{"schema": {"openAPIV3Schema": {
            "type": "object", "x-kubernetes-preserve-unknown-fields": true, "default": {"a": 1}, "example": {"b": 2},
            "enum": [{"c": 3}], "properties": {"p": {"items": {"type": "string"}, "x-kubernetes-validations": [{"rule": "x"}]}},
            "additionalProperties": {"type": "object"},
        }}}]}});
        let schema =
            "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition";
        check(&Schema::BuiltIn(schema), definition.clone(), definition);
    }

    #[test]
    fn what_a_definition_does_not_name_is_dropped() {
        let schema = Schema::Of(Arc::new(json!({"type": "object", "properties": {"spec": {
            "type": "object",
            "properties": {
                "size": {"type": "integer"},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                "map": {"type": "object", "additionalProperties": {"type": "string"}},
                "list": {"type": "array", "items": {"type": "object", "properties": {"on": {"type": "boolean"}}}},
            },
        }}})));
        check(
            &schema,
            json!({
                "apiVersion": "x", "kind": "y", "metadata": {"name": "z"}, "other": 1,
                "spec": {"size": 1, "unknown": 2, "free": {"kept": 3}, "map": {"k": "v"}, "list": [{"on": true, "off": 1}]},
            }),
            json!({
                "apiVersion": "x", "kind": "y", "metadata": {"name": "z"},
                "spec": {"size": 1, "free": {"kept": 3}, "map": {"k": "v"}, "list": [{"on": true}]},
            }),
        );
    }
}
