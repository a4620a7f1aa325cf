//! Putting an applied object into the one that is there, and taking out what is no longer applied.

use std::collections::HashMap;

use serde_json::Value;

use super::fields::{Fields, parts, step};
use crate::kube::lists::in_order;
use crate::kube::schema::Node;

/// The value `live` with `applied` in it.
pub fn merge(node: Node<'_>, live: &Value, applied: &Value) -> Value {
    match (live, applied) {
        (Value::Object(live), Value::Object(applied)) if !node.is_atomic_map() => {
            let mut merged = live.clone();
            for (name, value) in applied {
                let before = live.get(name).unwrap_or(&Value::Null);
                merged.insert(name.clone(), merge(node.inside(name), before, value));
            }
            Value::Object(merged)
        }
        (Value::Array(before), Value::Array(new))
            if parts(node, live).is_some()
                && (new.is_empty() || parts(node, applied).is_some()) =>
        {
            let mut merged: Vec<Value> = before.clone();
            let places: HashMap<String, usize> = before
                .iter()
                .enumerate()
                .filter_map(|(i, it)| Some((step(node, it)?, i)))
                .collect();
            for item in new {
                match step(node, item).and_then(|it| places.get(&it)) {
                    Some(&place) => merged[place] = merge(node.items(), &before[place], item),
                    None => merged.push(merge(node.items(), &Value::Null, item)),
                }
            }
            Value::Array(in_order(merged, new, before, |it| step(node, it)))
        }
        _ => applied.clone(),
    }
}

/// Takes the fields `gone` out of a value, but for what is in `kept`. A map or list that becomes
/// empty by it goes too.
pub fn prune(node: Node<'_>, value: &mut Value, gone: &Fields, kept: &Fields) {
    let nothing = Fields::default();
    match value {
        Value::Object(map) => map.retain(|name, child| {
            let step = format!("f:{name}");
            let Some(gone) = gone.inside.get(&step) else { return true };
            let kept = kept.inside.get(&step).unwrap_or(&nothing);
            stays(node.inside(name), child, gone, kept)
        }),
        Value::Array(list) => list.retain_mut(|item| {
            let Some(step) = step(node, item) else { return true };
            let Some(gone) = gone.inside.get(&step) else { return true };
            let kept = kept.inside.get(&step).unwrap_or(&nothing);
            stays(node.items(), item, gone, kept)
        }),
        _ => {}
    }
}

fn stays(node: Node<'_>, value: &mut Value, gone: &Fields, kept: &Fields) -> bool {
    if gone.owned && kept.is_empty() {
        return false;
    }
    prune(node, value, gone, kept);
    !kept.is_empty() || !is_empty(value)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

/// The value without fields that are null: those are as good as not applied.
pub fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let said = map.iter().filter(|(_, value)| !value.is_null());
            Value::Object(said.map(|(name, value)| (name.clone(), without_nulls(value))).collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(without_nulls).collect()),
        other => other.clone(),
    }
}
