//! Patches. Read, patch and write are one transaction, so that none is lost to another.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use json_patch::PatchOperation;
use serde_json::{Value, json};

use super::asked::Asked;
use super::body::{self, BODY_LENGTH_MAX};
use super::read::existing;
use super::resource::Schema;
use super::write::{Managers, create_in, replace};
use super::{Error, Result, answer, apply, incoming, object, strategic};
use crate::store::Tx;

/// Source: kube-apiserver, `maxJSONPatchOperations`.
const OPERATIONS_MAX: usize = 10_000;
/// How much `copy` may copy. Source: kube-apiserver, `JSONPatchMaxCopyBytes`.
const COPIED_LENGTH_MAX: usize = 3 << 20;
/// How many items of lists all operations together may move: it holds up all other writes.
const MOVED_MAX: usize = 20_000_000;
/// What is spoken here.
const SPOKEN: &str = "application/json-patch+json, application/merge-patch+json, \
     application/apply-patch+yaml, application/strategic-merge-patch+json";
const SPOKEN_OF_CUSTOM: &str =
    "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";

/// A patch that was read.
pub(super) enum Patch {
    /// RFC 6902.
    Json(Vec<PatchOperation>),
    /// RFC 7386.
    Merge(Value),
    /// Kubernetes' own, which knows the keys of lists.
    Strategic(Value),
    /// Server-side apply.
    Apply(Value),
}

impl Patch {
    /// # Errors
    /// [`Error::UnsupportedMediaType`], [`Error::BadRequest`].
    pub(super) fn read(media_type: &str, bytes: &[u8]) -> Result<Self> {
        match media_type {
            "application/json-patch+json" => {
                let said = body::json(bytes)?;
                let operations: Vec<PatchOperation> =
                    serde_json::from_value(said).map_err(|error| {
                        Error::BadRequest(format!("the body is not a JSON patch: {error}"))
                    })?;
                if operations.len() > OPERATIONS_MAX {
                    return Err(Error::TooLarge);
                }
                Ok(Self::Json(operations))
            }
            "application/merge-patch+json" => body::json(bytes).map(Self::Merge),
            "application/strategic-merge-patch+json" => body::json(bytes).map(Self::Strategic),
            // kubectl sends JSON, which is YAML as well and read faster.
            "application/apply-patch+yaml" if bytes.trim_ascii_start().starts_with(b"{") => {
                body::json(bytes).map(Self::Apply)
            }
            "application/apply-patch+yaml" => body::yaml(bytes).map(Self::Apply),
            _ => Err(Error::UnsupportedMediaType(SPOKEN)),
        }
    }
}

/// Changes a part of an object.
///
/// # Errors
/// [`Error::Conflict`], [`Error::Invalid`], [`Error::NotFound`], [`Error::Forbidden`].
pub(super) async fn patch(asked: Arc<Asked>, media_type: &str, bytes: &[u8]) -> Result<Response> {
    let patch = arranged(&asked, Patch::read(media_type, bytes)?).await?;
    let (code, shown, warnings) =
        asked.transact(move |asked, tx| patch_in(asked, tx, &patch)).await?;
    answer::written(&asked, code, &shown, &warnings)
}

/// Lets the resource arrange what the patch brings. A JSON patch is no object: its outcome is
/// arranged instead.
async fn arranged(asked: &Arc<Asked>, patch: Patch) -> Result<Patch> {
    Ok(match patch {
        Patch::Json(operations) => Patch::Json(operations),
        Patch::Merge(said) => Patch::Merge(incoming::arranged(asked, said).await?),
        Patch::Strategic(said) => Patch::Strategic(incoming::arranged(asked, said).await?),
        Patch::Apply(mut said) => {
            check_apply(asked, &mut said)?;
            Patch::Apply(incoming::arranged(asked, said).await?)
        }
    })
}

fn check_apply(asked: &Asked, said: &mut Value) -> Result<()> {
    if asked.query.text("fieldManager").is_none() {
        let (kind, field) = ("PatchOptions", "fieldManager");
        let message = "Required value: is required for apply patch";
        return Err(Error::invalid_field(kind, "meta.k8s.io", "", field, message));
    }
    incoming::name_type(asked, said)?;
    if !said["metadata"]["managedFields"].is_null() {
        return Err(Error::BadRequest("metadata.managedFields must be nil".into()));
    }
    let metadata = object::map_at(said, &["metadata"]);
    metadata.entry("name").or_insert_with(|| json!(asked.attributes.name));
    Ok(())
}

fn patch_in(
    asked: &Asked,
    tx: &mut Tx<'_>,
    patch: &Patch,
) -> Result<(StatusCode, Value, Vec<String>)> {
    let found = match existing(asked, &tx.snapshot()?) {
        Err(Error::NotFound { .. }) if makes(asked, patch) => None,
        found => Some(found?),
    };
    let new = patched(asked, found.as_ref(), patch)?;
    let warnings = incoming::unknown_fields(asked, found.as_ref(), &new)?;
    match (found, patch) {
        (None, _) => {
            Ok((StatusCode::CREATED, create_in(asked, tx, new, Managers::Applied)?, warnings))
        }
        (Some(old), Patch::Apply(_)) => {
            Ok((StatusCode::OK, replace(asked, tx, &old, new, Managers::Applied)?, warnings))
        }
        (Some(old), _) => {
            Ok((StatusCode::OK, replace(asked, tx, &old, new, Managers::Noted)?, warnings))
        }
    }
}

/// Whether the patch makes the object where there is none.
fn makes(asked: &Asked, patch: &Patch) -> bool {
    matches!(patch, Patch::Apply(_)) && asked.attributes.subresource.is_empty()
}

fn patched(asked: &Asked, old: Option<&Value>, patch: &Patch) -> Result<Value> {
    let definition = match asked.resource.schema {
        Schema::BuiltIn(name) => Some(name),
        Schema::Of(_) | Schema::Open => None,
    };
    match (patch, old) {
        (Patch::Apply(said), live) => {
            let options = apply::ApplyOptions {
                manager: asked.manager(),
                force: asked.query.flag("force")?,
                now: asked.now(),
            };
            apply::apply(definition, live, said, &asked.resource.api_version(), &options)
        }
        (Patch::Strategic(_), _) if definition.is_none() => {
            Err(Error::UnsupportedMediaType(SPOKEN_OF_CUSTOM))
        }
        (Patch::Strategic(said), Some(old)) => strategic::merge(definition, old, said),
        (Patch::Merge(_) | Patch::Json(_), Some(old)) => {
            let mut new = plainly(old, patch)?;
            incoming::name_type(asked, &mut new)?;
            if matches!(patch, Patch::Json(_)) {
                asked.resource.strategy.arrange(&mut new)?;
            }
            Ok(new)
        }
        (Patch::Strategic(_) | Patch::Merge(_) | Patch::Json(_), None) => Err(asked.missing()),
    }
}

/// The value after a JSON or merge patch; a strategic one counts as merge patch.
///
/// # Errors
/// [`Error::Invalid`] if an operation does not fit, [`Error::TooLarge`].
pub(super) fn plainly(old: &Value, patch: &Patch) -> Result<Value> {
    let mut new = old.clone();
    match patch {
        Patch::Json(operations) => operate(&mut new, operations)?,
        Patch::Merge(said) | Patch::Strategic(said) | Patch::Apply(said) => {
            json_patch::merge(&mut new, said)
        }
    }
    Ok(new)
}

fn operate(value: &mut Value, operations: &[PatchOperation]) -> Result<()> {
    let (mut copied, mut moved) = (0, 0);
    for operation in operations {
        if let PatchOperation::Copy(copy) = operation {
            copied += value.pointer(copy.from.as_str()).map_or(0, length);
        }
        let list = operation.path().as_str().rsplit_once('/').map_or("", |(list, _)| list);
        moved += value.pointer(list).and_then(Value::as_array).map_or(0, Vec::len);
        if copied > COPIED_LENGTH_MAX || moved > MOVED_MAX {
            return Err(Error::TooLarge);
        }
        if levels_after(value, operation) > body::DEPTH_MAX {
            return Err(Error::TooLarge);
        }
        let applied = json_patch::patch_unsafe(value, std::slice::from_ref(operation));
        applied.map_err(|error| {
            let path = operation.path().as_str();
            Error::invalid_field("JSONPatch", "", "", path, error.kind.to_string())
        })?;
    }
    if length(value) > 2 * BODY_LENGTH_MAX { Err(Error::TooLarge) } else { Ok(()) }
}

/// How deep the value is where an operation has put something. Asked before each one, so that nothing
/// ever gets so deep that walking it overflows the stack.
fn levels_after(value: &Value, operation: &PatchOperation) -> usize {
    let put = match operation {
        PatchOperation::Add(it) => levels(&it.value),
        PatchOperation::Replace(it) => levels(&it.value),
        PatchOperation::Copy(it) => value.pointer(it.from.as_str()).map_or(0, levels),
        PatchOperation::Move(it) => value.pointer(it.from.as_str()).map_or(0, levels),
        PatchOperation::Remove(_) | PatchOperation::Test(_) => 0,
    };
    operation.path().as_str().matches('/').count() + put
}

/// How many levels a value has.
fn levels(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
        Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(levels).max().unwrap_or(0),
    }
}

/// About how long the text of a value is.
fn length(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 4,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(|it| length(it) + 1).sum::<usize>() + 2,
        Value::Object(fields) => {
            fields.iter().map(|(key, it)| key.len() + length(it) + 4).sum::<usize>() + 2
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[track_caller]
    fn merged(old: Value, patch: Value, new: Value) {
        assert_eq!(plainly(&old, &Patch::Merge(patch)).unwrap(), new);
    }

    /// Source: RFC 7386, appendix A.
    #[test]
    fn a_merge_patch_does_what_the_rfc_says() {
        merged(json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"}));
        merged(json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"}));
        merged(json!({"a": "b"}), json!({"a": null}), json!({}));
        merged(json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"}));
        merged(json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"}));
        merged(json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]}));
        merged(
            json!({"a": {"b": "c"}}),
            json!({"a": {"b": "d", "c": null}}),
            json!({"a": {"b": "d"}}),
        );
        merged(json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]}));
        merged(json!({"a": "foo"}), json!("bar"), json!("bar"));
        merged(json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1}));
        merged(json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}}));
    }

    #[test]
    fn a_patch_that_puts_a_value_into_itself_over_and_over_is_refused() {
        let mut operations = vec![json!({"op": "add", "path": "/a", "value": {}})];
        // Where the deepest empty map is, below /a: each copy doubles the way there.
        let mut deepest = String::new();
        for _ in 0..12 {
            operations.push(json!({"op": "copy", "from": "/a", "path": format!("/a{deepest}/b")}));
            deepest = format!("{deepest}/b{deepest}");
        }
        let patch =
            Patch::read("application/json-patch+json", json!(operations).to_string().as_bytes())
                .unwrap();
        assert!(matches!(plainly(&json!({}), &patch), Err(Error::TooLarge)));
    }

    #[test]
    fn a_patch_that_doubles_thirty_times_is_refused_at_once() {
        let mut operations = vec![json!({"op": "add", "path": "/a", "value": ["x".repeat(64)]})];
        for _ in 0..30 {
            operations.push(json!({"op": "copy", "from": "/a", "path": "/a/-"}));
        }
        let patch =
            Patch::read("application/json-patch+json", json!(operations).to_string().as_bytes())
                .unwrap();
        let begun = Instant::now();
        assert!(matches!(plainly(&json!({}), &patch), Err(Error::TooLarge)));
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    }

    #[test]
    fn a_json_patch_whose_test_fails_is_refused() {
        let read = |patch: Value| {
            Patch::read("application/json-patch+json", patch.to_string().as_bytes()).unwrap()
        };
        let old = json!({"data": {"a": "1"}});
        let fails = read(json!([{"op": "test", "path": "/data/a", "value": "2"}]));
        assert!(matches!(plainly(&old, &fails), Err(Error::Invalid { .. })));
        let fits = read(json!([
            {"op": "test", "path": "/data/a", "value": "1"},
            {"op": "replace", "path": "/data/a", "value": "2"},
        ]));
        assert_eq!(plainly(&old, &fits).unwrap(), json!({"data": {"a": "2"}}));
    }
}
