//! Objects as JSON, and the few parts of them that the server reads.

use serde_json::{Map, Value, json};

/// `metadata.<field>` as text; empty where it is absent.
#[must_use]
pub fn meta<'a>(object: &'a Value, field: &str) -> &'a str {
    object["metadata"][field].as_str().unwrap_or_default()
}

/// The object's name.
#[must_use]
pub fn name(object: &Value) -> &str {
    meta(object, "name")
}

/// The object's namespace; empty for an object of the whole cluster.
#[must_use]
pub fn namespace(object: &Value) -> &str {
    meta(object, "namespace")
}

/// The annotation `key`; nothing where it is absent or empty.
#[must_use]
pub fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object["metadata"]["annotations"][key].as_str().filter(|it| !it.is_empty())
}

/// The label `key`; nothing where it is absent.
#[must_use]
pub fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object["metadata"]["labels"][key].as_str()
}

/// The map at `path`, made where there is none; what is not a map is replaced by one.
pub fn map_at<'a>(object: &'a mut Value, path: &[&str]) -> &'a mut Map<String, Value> {
    let mut place = object;
    for step in path {
        if !place.is_object() {
            *place = json!({});
        }
        place = &mut place[*step];
    }
    if !place.is_object() {
        *place = json!({});
    }
    match place {
        Value::Object(map) => map,
        // It was made one the line before.
        _ => unreachable!("not a map"),
    }
}

/// Sets, or with nothing removes, an annotation.
pub fn set_annotation(object: &mut Value, key: &str, value: Option<&str>) {
    let annotations = map_at(object, &["metadata", "annotations"]);
    match value {
        Some(value) => {
            annotations.insert(key.to_owned(), json!(value));
        }
        None => {
            annotations.remove(key);
        }
    }
}

/// Whether a deletion was asked for.
#[must_use]
pub fn is_terminating(object: &Value) -> bool {
    object["metadata"]["deletionTimestamp"].is_string()
}
