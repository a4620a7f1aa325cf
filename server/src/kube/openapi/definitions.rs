//! The schemas of the built-in types, made when first asked for and kept.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{PoisonError, RwLock};

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::types::TYPES;
use crate::kube::merge_keys;

/// Where documents keep their schemas.
pub const PREFIX: &str = "#/components/schemas/";

/// `metadata` of every object.
pub const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// Definitions live as long as the process: they are constants that are costly to make.
static MADE: RwLock<BTreeMap<String, &'static Value>> = RwLock::new(BTreeMap::new());

/// The schema of a built-in type or a part of one, by the name of its definition.
#[must_use]
pub fn definition(name: &str) -> Option<&'static Value> {
    if let Some(made) = MADE.read().unwrap_or_else(PoisonError::into_inner).get(name) {
        return Some(made);
    }
    let owner = TYPES.iter().find(|it| it.definition == name).or_else(|| {
        // Parts are made with the type they belong to. These have no owner of their own.
        (name == OBJECT_META).then(|| &TYPES[0])
    })?;
    make(owner.generate);
    MADE.read().unwrap_or_else(PoisonError::into_inner).get(name).copied()
}

fn make(generate: fn(&mut schemars::SchemaGenerator)) {
    let mut settings = SchemaSettings::openapi3();
    settings.transforms.clear();
    let mut generator = settings.into_generator();
    generate(&mut generator);
    let mut made = MADE.write().unwrap_or_else(PoisonError::into_inner);
    for (name, mut schema) in generator.take_definitions(false) {
        if let Entry::Vacant(free) = made.entry(name) {
            finish(free.key(), &mut schema);
            free.insert(Box::leak(Box::new(schema)));
        }
    }
}

/// Makes of what `schemars` says what a Kubernetes API server says.
fn finish(name: &str, schema: &mut Value) {
    let Value::Object(schema) = schema else { return };
    match name.rsplit('.').next().unwrap_or_default() {
        "IntOrString" => {
            alternatives(schema, &["integer", "string"]);
            schema.insert("format".into(), json!("int-or-string"));
        }
        "Quantity" => alternatives(schema, &["string", "number"]),
        "JSON"
        | "JSONSchemaPropsOrArray"
        | "JSONSchemaPropsOrBool"
        | "JSONSchemaPropsOrStringArray" => {
            schema.retain(|key, _| key == "description");
            schema.insert("x-kubernetes-preserve-unknown-fields".into(), json!(true));
        }
        "RawExtension" | "FieldsV1" | "CustomResourceSubresourceStatus" => {
            schema.insert("x-kubernetes-preserve-unknown-fields".into(), json!(true));
        }
        _ => {}
    }
    if merge_keys::is_atomic(name) {
        schema.insert("x-kubernetes-map-type".into(), json!("atomic"));
    }
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        // A client may leave it to the path.
        required.retain(|it| it != "metadata");
    }
    if schema.get("required") == Some(&json!([])) {
        schema.remove("required");
    }
    let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
    for (field, property) in properties {
        let Value::Object(property) = property else { continue };
        if let Some(reference) = property.remove("$ref") {
            // Beside `$ref` nothing else would count.
            property.insert("allOf".into(), json!([{ "$ref": reference }]));
        }
        merge_keys::mark(name, field, property);
    }
}

fn alternatives(schema: &mut Map<String, Value>, types: &[&str]) {
    schema.remove("x-kubernetes-int-or-string");
    let types: Vec<Value> = types.iter().map(|it| json!({ "type": it })).collect();
    schema.insert("oneOf".into(), json!(types));
}

/// Adds the named definition and all that it refers to.
pub fn collect(name: &str, into: &mut BTreeMap<String, &'static Value>) {
    if into.contains_key(name) {
        return;
    }
    let Some(schema) = definition(name) else { return };
    into.insert(name.to_owned(), schema);
    each_reference(schema, &mut |reference| collect(reference, into));
}

fn each_reference(schema: &Value, found: &mut impl FnMut(&str)) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                match value.as_str().and_then(|it| it.strip_prefix(PREFIX)) {
                    Some(reference) if key == "$ref" => found(reference),
                    _ => each_reference(value, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|it| each_reference(it, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_schema_under_its_own_name_and_nothing_it_refers_to_is_missing() {
        for it in TYPES {
            let mut closure = BTreeMap::new();
            collect(it.definition, &mut closure);
            assert!(closure.contains_key(it.definition), "{}", it.definition);
            for schema in closure.values() {
                each_reference(schema, &mut |name| assert!(definition(name).is_some(), "{name}"));
            }
        }
    }

    #[test]
    fn containers_are_merged_by_name() {
        assert!(definition("io.k8s.api.core.v1.Pod").is_some());
        let spec = definition("io.k8s.api.core.v1.PodSpec").unwrap();
        let containers = &spec["properties"]["containers"];
        assert_eq!(containers["x-kubernetes-patch-merge-key"], "name");
        assert_eq!(containers["x-kubernetes-list-type"], "map");
        assert_eq!(
            containers["items"]["$ref"],
            "#/components/schemas/io.k8s.api.core.v1.Container"
        );
    }
}
