//! Server-side apply, and who owns which field.
//!
//! Each manager owns the fields that it has set. One that applies gives up what it no longer says,
//! and is refused where it would change what another owns, unless it takes that by force. One that
//! writes in any other way takes what it changes.

mod fields;
mod managers;
mod merge;

use dormer_api::status::StatusCause;
use serde_json::Value;

use self::fields::Fields;
use self::managers::{Manager, Operation, entry, everything};
use super::openapi::definition_of;
use super::schema::Node;
use super::{Error, Result};

/// Who owns what was there before anybody was noted.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";

/// What nobody owns: it says which object this is, or the server sets it.
const NOT_OWNED: [&str; 9] = [
    "name",
    "namespace",
    "creationTimestamp",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// How an object is applied.
pub struct ApplyOptions {
    /// Who applies: `fieldManager`.
    pub manager: String,
    /// Takes fields from other managers rather than refuse.
    pub force: bool,
    /// Unix seconds.
    pub now: i64,
}

/// The object after `applied` is applied to `live` (nothing for an object that is not there yet).
/// Without a definition, lists are applied as a whole.
///
/// # Errors
/// [`Error::Conflict`] where another manager owns a field with another value, [`Error::BadRequest`]
/// for an object that names managers itself.
pub fn apply(
    definition: Option<&str>,
    live: Option<&Value>,
    applied: &Value,
    api_version: &str,
    options: &ApplyOptions,
) -> Result<Value> {
    apply_at(Node::named(definition), live, applied, api_version, options)
}

fn apply_at(
    node: Node<'_>,
    live: Option<&Value>,
    applied: &Value,
    api_version: &str,
    options: &ApplyOptions,
) -> Result<Value> {
    if !applied["metadata"]["managedFields"].is_null() {
        return Err(Error::BadRequest("metadata.managedFields must be nil".into()));
    }
    let applied = merge::without_nulls(applied);
    let set = owned_fields(node, &applied);
    let empty = Value::Object(serde_json::Map::new());
    let before = live.unwrap_or(&empty);
    let mut managers = known_managers(node, live, api_version);
    let mine = entry(&mut managers, &options.manager, Operation::Apply, api_version);
    let had = std::mem::replace(&mut mine.fields, set);
    mine.api_version = api_version.to_owned();
    let regrouped = had != mine.fields;
    let mut merged = merge::merge(node, before, &applied);
    let mut gone = had;
    gone.remove(&entry(&mut managers, &options.manager, Operation::Apply, api_version).fields);
    merge::prune(node, &mut merged, &gone, &everything(&managers));
    settle(node, before, &merged, &mut managers, options)?;
    let mine = entry(&mut managers, &options.manager, Operation::Apply, api_version);
    if regrouped || merged != *before {
        mine.time = managers::time(options.now);
    }
    managers::write(node, &mut merged, managers);
    Ok(merged)
}

/// Refuses what collides with the other managers, or takes it from them.
fn settle(
    node: Node<'_>,
    before: &Value,
    after: &Value,
    managers: &mut [Manager],
    options: &ApplyOptions,
) -> Result<()> {
    let changed = Fields::changed(node, before, after);
    let others = || |it: &&mut Manager| !it.is(&options.manager, Operation::Apply);
    let mut conflicts: Vec<(String, Vec<String>)> = Vec::new();
    for other in managers.iter_mut().filter(others()) {
        let both = other.fields.both(&changed);
        if both.is_empty() {
            continue;
        }
        if options.force {
            other.fields.remove(&both);
        } else {
            conflicts.push((other.described(), both.paths()));
        }
    }
    if conflicts.is_empty() { Ok(()) } else { Err(conflict(conflicts)) }
}

/// The refusal, in the words of Kubernetes.
fn conflict(mut conflicts: Vec<(String, Vec<String>)>) -> Error {
    conflicts.sort();
    let cause = |manager: &str, path: &String| StatusCause {
        reason: "FieldManagerConflict".into(),
        message: format!("conflict with {manager}"),
        field: path.clone(),
    };
    let causes: Vec<StatusCause> = conflicts
        .iter()
        .flat_map(|(manager, paths)| paths.iter().map(move |path| cause(manager, path)))
        .collect();
    let message = match causes.as_slice() {
        [one] => format!("Apply failed with 1 conflict: {}: {}", one.message, one.field),
        all => {
            let each = conflicts.iter().map(|(manager, paths)| {
                format!("conflicts with {manager}:\n- {}", paths.join("\n- "))
            });
            let each: Vec<String> = each.collect();
            format!("Apply failed with {} conflicts: {}", all.len(), each.join("\n"))
        }
    };
    Error::Conflict { message, causes }
}

/// Notes in `new` that `manager` owns what it changed by an ordinary write. What it changed is no
/// longer anybody else's.
pub fn track_update(
    old: Option<&Value>,
    new: &mut Value,
    manager: &str,
    api_version: &str,
    now: i64,
) {
    let kind = new["kind"].as_str().unwrap_or_default();
    let node = Node::named(definition_of(api_version, kind));
    let empty = Value::Object(serde_json::Map::new());
    let said = managers::read(new);
    let mut managers = said.or_else(|| old.and_then(managers::read)).unwrap_or_default();
    let changed = without_not_owned(Fields::changed(node, old.unwrap_or(&empty), new));
    if !changed.is_empty() {
        for other in &mut managers {
            if !other.is(manager, Operation::Update) {
                other.fields.remove(&changed);
            }
        }
        let mine = entry(&mut managers, manager, Operation::Update, api_version);
        mine.fields.add(&changed);
        mine.api_version = api_version.to_owned();
        mine.time = managers::time(now);
    }
    managers::write(node, new, managers);
}

/// The managers of an object. One that was there before anybody was noted has one for all of it.
fn known_managers(node: Node<'_>, live: Option<&Value>, api_version: &str) -> Vec<Manager> {
    let Some(live) = live else { return Vec::new() };
    managers::read(live).unwrap_or_else(|| {
        let mut managers = Vec::new();
        let all = owned_fields(node, live);
        entry(&mut managers, BEFORE_FIRST_APPLY, Operation::Update, api_version).fields = all;
        managers
    })
}

fn owned_fields(node: Node<'_>, object: &Value) -> Fields {
    without_not_owned(Fields::of(node, object))
}

fn without_not_owned(mut fields: Fields) -> Fields {
    fields.inside.remove("f:apiVersion");
    fields.inside.remove("f:kind");
    let nothing_left = fields.inside.get_mut("f:metadata").is_some_and(|metadata| {
        metadata.inside.retain(|step, _| !NOT_OWNED.contains(&step.trim_start_matches("f:")));
        metadata.inside.is_empty()
    });
    if nothing_left {
        fields.inside.remove("f:metadata");
    }
    fields
}

#[cfg(test)]
mod tests;
