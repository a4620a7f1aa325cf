//! Strategic merge patch.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::lists::{in_order, places};
use super::schema::Node;
use super::{Error, Result};

const DELETE_FROM: &str = "$deleteFromPrimitiveList/";
const ORDER: &str = "$setElementOrder/";
const PATCH: &str = "$patch";
const RETAIN: &str = "$retainKeys";

/// The object `old` after `patch`. Without a definition, maps are merged and lists replaced.
///
/// # Errors
/// The patch is no object, or one of its directives cannot be read.
pub fn merge(definition: Option<&str>, old: &Value, patch: &Value) -> Result<Value> {
    let Value::Object(patch) = patch else {
        return Err(bad("the patch has to be an object"));
    };
    let empty = Map::new();
    merge_map(Node::named(definition), old.as_object().unwrap_or(&empty), patch).map(Value::Object)
}

fn bad(message: impl Into<String>) -> Error {
    Error::BadRequest(format!("unable to apply the strategic merge patch: {}", message.into()))
}

fn merge_map(
    node: Node<'_>,
    old: &Map<String, Value>,
    patch: &Map<String, Value>,
) -> Result<Map<String, Value>> {
    match patch.get(PATCH).map(|it| it.as_str().unwrap_or_default()) {
        None | Some("merge") => {}
        Some("replace") => {
            let rest = patch.iter().filter(|it| it.0 != PATCH);
            return Ok(rest.map(|(name, value)| (name.clone(), value.clone())).collect());
        }
        Some("delete") => return Ok(Map::new()),
        Some(other) => return Err(bad(format!("unknown $patch: {other:?}"))),
    }
    let mut new = old.clone();
    if let Some(retained) = patch.get(RETAIN) {
        let retained = retained.as_array().ok_or_else(|| bad("$retainKeys has to be a list"))?;
        new.retain(|name, _| retained.iter().any(|it| it.as_str() == Some(name)));
    }
    for (name, value) in patch {
        if let Some(field) = name.strip_prefix(DELETE_FROM) {
            delete_from(&mut new, field, value)?;
        } else if !is_directive(name) {
            merge_field(node.inside(name), &mut new, name, value, patch)?;
        }
    }
    for (name, order) in patch {
        let Some(field) = name.strip_prefix(ORDER) else { continue };
        let order = order.as_array().ok_or_else(|| bad(format!("{name} has to be a list")))?;
        if let Some(Value::Array(list)) = new.get_mut(field) {
            let before =
                old.get(field).and_then(Value::as_array).map_or(&[] as &[_], Vec::as_slice);
            let key = node.inside(field).patch_key();
            *list = in_order(std::mem::take(list), order, before, |it| identity(it, key));
        }
    }
    Ok(new)
}

fn is_directive(name: &str) -> bool {
    name == PATCH || name == RETAIN || name.starts_with(ORDER) || name.starts_with(DELETE_FROM)
}

fn merge_field(
    node: Node<'_>,
    new: &mut Map<String, Value>,
    name: &str,
    value: &Value,
    patch: &Map<String, Value>,
) -> Result<()> {
    let merged = match (new.get(name), value) {
        (_, Value::Null) => {
            new.remove(name);
            return Ok(());
        }
        (Some(Value::Object(old)), Value::Object(value)) if !node.patches_by("replace") => {
            Value::Object(merge_map(node, old, value)?)
        }
        (_, Value::Object(value)) => Value::Object(merge_map(node, &Map::new(), value)?),
        (old, Value::Array(value)) if node.patches_by("merge") => {
            let old = old.and_then(Value::as_array).map_or(&[] as &[_], Vec::as_slice);
            let ordered = patch.contains_key(&format!("{ORDER}{name}"));
            Value::Array(merge_list(node, old, value, ordered)?)
        }
        (_, value) => value.clone(),
    };
    new.insert(name.to_owned(), merged);
    Ok(())
}

fn delete_from(new: &mut Map<String, Value>, field: &str, gone: &Value) -> Result<()> {
    let gone =
        gone.as_array().ok_or_else(|| bad(format!("{DELETE_FROM}{field} has to be a list")))?;
    let gone: HashSet<String> = gone.iter().map(Value::to_string).collect();
    if let Some(Value::Array(list)) = new.get_mut(field) {
        list.retain(|it| !gone.contains(&it.to_string()));
    }
    Ok(())
}

/// Merges a list. Unless an order is said apart (`ordered`), that of the patch counts.
fn merge_list(node: Node<'_>, old: &[Value], patch: &[Value], ordered: bool) -> Result<Vec<Value>> {
    let key = node.patch_key();
    if patch.iter().any(|it| it[PATCH] == "replace" && it.get(key).is_none()) {
        return Ok(patch.iter().filter(|it| it.get(PATCH).is_none()).cloned().collect());
    }
    let is_deletion = |it: &&Value| it[PATCH] == "delete";
    let gone: HashSet<String> =
        patch.iter().filter(is_deletion).filter_map(|it| identity(it, key)).collect();
    let stays = |it: &&Value| identity(it, key).is_none_or(|it| !gone.contains(&it));
    let left: Vec<Value> = old.iter().filter(stays).cloned().collect();
    let mut places = places(&left, |it| identity(it, key));
    let mut new: Vec<Option<Value>> = left.into_iter().map(Some).collect();
    let mut named = Vec::new();
    for item in patch {
        let wanted = identity(item, key)
            .ok_or_else(|| bad(format!("an item does not contain declared merge key: {key}")))?;
        if is_deletion(&item) {
            continue;
        }
        named.push(item.clone());
        let place = *places.entry(wanted).or_insert(new.len());
        let before = new.get_mut(place).and_then(Option::take);
        let merged = match (item, before) {
            (Value::Object(item), Some(Value::Object(before))) => {
                merge_map(node.items(), &before, item)?.into()
            }
            (Value::Object(item), _) => merge_map(node.items(), &Map::new(), item)?.into(),
            (item, _) => item.clone(),
        };
        match new.get_mut(place) {
            Some(slot) => *slot = Some(merged),
            None => new.push(Some(merged)),
        }
    }
    let new = new.into_iter().flatten().collect();
    if ordered { Ok(new) } else { Ok(in_order(new, &named, old, |it| identity(it, key))) }
}

/// What tells an item from the others of its list: its `key`, or itself where it is a plain value.
fn identity(item: &Value, key: &str) -> Option<String> {
    match item {
        Value::Object(item) => item.get(key).map(Value::to_string),
        item => Some(item.to_string()),
    }
}

#[cfg(test)]
mod tests;
