//! `metadata` of objects that come in: what the server fills in, keeps and checks.

use dormer_api::status::StatusCause;
use serde_json::{Map, Value, json};

use super::asked::Asked;
use super::incoming::refused;
use super::names::{
    LABEL_RULE, QUALIFIED_RULE, broken_name_rule, is_label_value, is_qualified_name,
};
use super::resource::Resource;
use super::{Error, Result, object};
use crate::clock::rfc3339;

/// The longest name that is made from a `generateName`. Source: apiserver, `maxNameLength`.
const GENERATED_LENGTH_MAX: usize = 63;
/// How many letters are added to a `generateName`. Source: apiserver, `randomLength`.
const SUFFIX_LENGTH: usize = 5;
/// Letters that make no words. Source: apimachinery, `rand.alphanums`.
const SUFFIX_LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
/// Source: apimachinery, `TotalAnnotationSizeLimitB`.
const ANNOTATIONS_LENGTH_MAX: usize = 256 << 10;
/// What only the server writes, and keeps through an update.
const KEPT: [&str; 6] = [
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "selfLink",
];

/// Fills in the metadata of a new object. Its name may still have to be [made up](generated).
///
/// # Errors
/// [`Error::BadRequest`] or [`Error::Invalid`].
pub(super) fn begin(asked: &Asked, object: &mut Value) -> Result<()> {
    check_place(asked, object)?;
    if !object::meta(object, "resourceVersion").is_empty() {
        return Err(Error::BadRequest(
            "resourceVersion should not be set on objects to be created".into(),
        ));
    }
    let metadata = object::map_at(object, &["metadata"]);
    for field in KEPT {
        metadata.remove(field);
    }
    if asked.resource.namespaced {
        metadata.insert("namespace".into(), json!(asked.attributes.namespace));
    } else {
        metadata.remove("namespace");
    }
    metadata.insert("uid".into(), json!(uuid::Uuid::new_v4().to_string()));
    metadata.insert("creationTimestamp".into(), json!(rfc3339(asked.now())));
    if counts_generations(&asked.resource) {
        metadata.insert("generation".into(), json!(1));
    }
    Ok(())
}

/// Whether the objects of a resource say how often their specification was changed.
pub(super) fn counts_generations(resource: &Resource) -> bool {
    resource.status || resource.group.contains('.')
}

/// Refuses a body for another place than the request's.
fn check_place(asked: &Asked, object: &Value) -> Result<()> {
    let (said, asked_for) = (object::namespace(object), asked.attributes.namespace.as_str());
    if asked.resource.namespaced && !said.is_empty() && said != asked_for {
        return Err(Error::BadRequest(
            "the namespace of the provided object does not match the namespace sent on the request"
                .into(),
        ));
    }
    let (said, asked_for) = (object::name(object), asked.attributes.name.as_str());
    if !asked_for.is_empty() && said != asked_for {
        return Err(Error::BadRequest(format!(
            "the name of the object ({said}) does not match the name on the URL ({asked_for})"
        )));
    }
    Ok(())
}

/// A name that begins as `generateName` says.
///
/// # Errors
/// There is no randomness to be had.
pub(super) fn generated(base: &str) -> Result<String> {
    let mut random = [0; SUFFIX_LENGTH];
    getrandom::fill(&mut random).map_err(|error| Error::internal(error.to_string()))?;
    let suffix =
        random.map(|it| char::from(SUFFIX_LETTERS[usize::from(it) % SUFFIX_LETTERS.len()]));
    let base: String = base.chars().take(GENERATED_LENGTH_MAX - SUFFIX_LENGTH).collect();
    Ok(base + &String::from_iter(suffix))
}

/// Carries over from `old` what no update changes, and checks what it says of itself.
///
/// # Errors
/// [`Error::Conflict`] if it was made from another revision or is about another object,
/// [`Error::Invalid`].
pub(super) fn carry(asked: &Asked, old: &Value, new: &mut Value) -> Result<()> {
    let name = object::name(old).to_owned();
    if object::name(new).is_empty() {
        object::map_at(new, &["metadata"]).insert("name".into(), json!(name));
    }
    check_place(asked, new)?;
    check_revision(asked, old, new)?;
    if !object::meta(new, "uid").is_empty() && object::meta(new, "uid") != object::meta(old, "uid")
    {
        let (said, is) = (object::meta(new, "uid"), object::meta(old, "uid"));
        return Err(conflict(
            asked,
            &name,
            &format!("Precondition failed: UID in precondition: {said}, UID in object meta: {is}"),
        ));
    }
    if object::is_terminating(old) {
        check_finalizers(asked, old, new)?;
    }
    let metadata = object::map_at(new, &["metadata"]);
    for field in KEPT.into_iter().chain(["namespace", "resourceVersion", "generateName"]) {
        copy(&old["metadata"], metadata, field);
    }
    if !metadata.contains_key("managedFields") {
        copy(&old["metadata"], metadata, "managedFields");
    }
    Ok(())
}

fn copy(from: &Value, to: &mut Map<String, Value>, field: &str) {
    match from.get(field) {
        Some(value) => {
            to.insert(field.to_owned(), value.clone());
        }
        None => {
            to.remove(field);
        }
    }
}

fn check_revision(asked: &Asked, old: &Value, new: &Value) -> Result<()> {
    let said = object::meta(new, "resourceVersion");
    if said.is_empty() || said == object::meta(old, "resourceVersion") {
        return Ok(());
    }
    let message = "the object has been modified; please apply your changes to the latest version and try again";
    Err(conflict(asked, object::name(old), message))
}

fn check_finalizers(asked: &Asked, old: &Value, new: &Value) -> Result<()> {
    let before = finalizers(old);
    let added: Vec<&str> = finalizers(new).into_iter().filter(|it| !before.contains(it)).collect();
    if added.is_empty() {
        return Ok(());
    }
    let message = "Forbidden: no new finalizers can be added if the object is being deleted";
    Err(invalid(asked, object::name(old), "metadata.finalizers", "FieldValueForbidden", message))
}

/// What has to let go before the object goes.
pub(super) fn finalizers(object: &Value) -> Vec<&str> {
    object["metadata"]["finalizers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// What Kubernetes says of a write that comes too late.
pub(super) fn conflict(asked: &Asked, name: &str, message: &str) -> Error {
    let resource = super::asked::qualified(&asked.resource.group, &asked.resource.plural);
    let message = format!("Operation cannot be fulfilled on {resource} {name:?}: {message}");
    Error::Conflict { message, causes: Vec::new() }
}

fn invalid(asked: &Asked, name: &str, field: &str, reason: &str, message: &str) -> Error {
    let cause = StatusCause { reason: reason.into(), message: message.into(), field: field.into() };
    Error::Invalid {
        kind: asked.resource.kind.clone(),
        group: asked.resource.group.clone(),
        name: name.into(),
        causes: vec![cause],
    }
}

/// Checks the parts of `metadata` that are the caller's.
///
/// # Errors
/// [`Error::Invalid`].
pub(super) fn check(asked: &Asked, object: &Value) -> Result<()> {
    let mut causes = Vec::new();
    let mut fault = |field: String, reason: &str, message: String| {
        causes.push(StatusCause { reason: reason.into(), message, field });
    };
    let given = object::name(object);
    if given.is_empty() {
        fault(
            "metadata.name".into(),
            "FieldValueRequired",
            "Required value: name or generateName is required".into(),
        );
    } else if let Some(rule) = broken_name_rule(&asked.resource, given) {
        fault(
            "metadata.name".into(),
            "FieldValueInvalid",
            format!("Invalid value: {given:?}: {rule}"),
        );
    }
    for (key, value) in object["metadata"]["labels"].as_object().into_iter().flatten() {
        if !is_qualified_name(key) {
            fault(
                "metadata.labels".into(),
                "FieldValueInvalid",
                format!("Invalid value: {key:?}: {QUALIFIED_RULE}"),
            );
        }
        if !value.as_str().is_some_and(is_label_value) {
            fault(
                "metadata.labels".into(),
                "FieldValueInvalid",
                format!("Invalid value: {value}: {LABEL_RULE}"),
            );
        }
    }
    let mut length = 0;
    for (key, value) in object["metadata"]["annotations"].as_object().into_iter().flatten() {
        if !is_qualified_name(&key.to_lowercase()) {
            fault(
                "metadata.annotations".into(),
                "FieldValueInvalid",
                format!("Invalid value: {key:?}: {QUALIFIED_RULE}"),
            );
        }
        length += key.len() + value.as_str().map_or(0, str::len);
        if !value.is_string() {
            fault(
                format!("metadata.annotations.{key}"),
                "FieldValueInvalid",
                format!("Invalid value: {value}: must be a string"),
            );
        }
    }
    if length > ANNOTATIONS_LENGTH_MAX {
        let message = format!("Too long: must have at most {ANNOTATIONS_LENGTH_MAX} bytes");
        fault("metadata.annotations".into(), "FieldValueTooLong", message);
    }
    refused(&asked.resource.kind, &asked.resource.group, object, causes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_name_keeps_its_beginning_and_its_length() {
        let short = generated("web-").unwrap();
        assert!(short.starts_with("web-") && short.len() == 9, "{short}");
        assert_eq!(generated(&"a".repeat(100)).unwrap().len(), 63);
        assert_ne!(generated("a").unwrap(), generated("a").unwrap());
    }
}
