//! Creation and update.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::answer::{self, parsed};
use super::asked::{Asked, qualified};
use super::body::BODY_LENGTH_MAX;
use super::delete;
use super::incoming::{self, Incoming, check_types};
use super::prune::prune;
use super::read::existing;
use super::resource::{Attributes, Reveal, Verb};
use super::{Error, Result, apply, born, meta, object};
use crate::store::{self, Key, Tx};

/// How often a made-up name is tried. Source: apiserver, `maxNameGenerationCreateAttempts`.
const GENERATE_TRIES: usize = 8;

/// Makes an object.
///
/// # Errors
/// [`Error::AlreadyExists`], [`Error::Invalid`], [`Error::Forbidden`].
pub(super) async fn create(asked: Arc<Asked>, media_type: &str, bytes: &[u8]) -> Result<Response> {
    let Incoming { object, warnings } = incoming::object(&asked, media_type, bytes).await?;
    let shown =
        asked.transact(move |asked, tx| create_in(asked, tx, object, Managers::Noted)).await?;
    answer::written(&asked, StatusCode::CREATED, &shown, &warnings)
}

/// Makes an object in a transaction, and gives back what its maker may see of it.
///
/// # Errors
/// As [`create`].
pub(super) fn create_in(
    asked: &Asked,
    tx: &mut Tx<'_>,
    mut object: Value,
    managers: Managers,
) -> Result<Value> {
    authorize_create(asked, tx, None)?;
    meta::begin(asked, &mut object)?;
    name_it(asked, tx, &mut object)?;
    meta::check(asked, &object)?;
    prune(&asked.resource.schema, &mut object);
    check_types(asked, &object)?;
    if asked.resource.status
        && let Some(fields) = object.as_object_mut()
    {
        fields.remove("status");
    }
    let namespace = asked.resource.stored_as() == "namespaces";
    if namespace {
        born::furnish(&mut object);
    }
    let reveal = asked.resource.strategy.prepare_create(&asked.call(), tx, &mut object)?;
    authorize_create(asked, tx, Some(&object))?;
    check_namespace(asked, tx)?;
    if managers == Managers::Noted {
        apply::track_update(
            None,
            &mut object,
            &asked.manager(),
            &asked.resource.api_version(),
            asked.now(),
        );
    }
    let name = object::name(&object).to_owned();
    let entry =
        tx.create(&asked.key_of(&name), object).map_err(|error| taken(asked, &name, error))?;
    check_length(&entry)?;
    if namespace && asked.server.serves("serviceaccounts") {
        born::account(tx, &asked.server.cluster, &name, asked.now())?;
    }
    let mut shown = parsed(&entry.body)?;
    show(asked, tx, &mut shown, reveal)?;
    Ok(shown)
}

fn show(asked: &Asked, tx: &Tx<'_>, shown: &mut Value, reveal: Option<Reveal>) -> Result<()> {
    asked.resource.strategy.show(&asked.call(), &tx.snapshot()?, shown)?;
    if let Some(reveal) = reveal {
        json_patch::merge(shown, &reveal);
    }
    Ok(())
}

/// Makes up a name where only its beginning is said.
fn name_it(asked: &Asked, tx: &Tx<'_>, object: &mut Value) -> Result<()> {
    let base = object::meta(object, "generateName").to_owned();
    if !object::name(object).is_empty() {
        return Ok(());
    }
    if base.is_empty() {
        if let Some(name) = asked.resource.strategy.default_name(object)? {
            object::map_at(object, &["metadata"]).insert("name".into(), json!(name));
        }
        return Ok(());
    }
    for _ in 0..GENERATE_TRIES {
        let name = meta::generated(&base)?;
        if tx.get(&asked.key_of(&name))?.is_none() {
            object::map_at(object, &["metadata"]).insert("name".into(), json!(name));
            return Ok(());
        }
    }
    Err(Error::AlreadyExists {
        resource: asked.resource.plural.clone(),
        group: asked.resource.group.clone(),
        name: base,
    })
}

/// Asked twice: without the object, before a rule that it breaks tells a stranger anything; and with it
/// as it would be.
fn authorize_create(asked: &Asked, tx: &Tx<'_>, object: Option<&Value>) -> Result<()> {
    let snapshot = tx.snapshot()?;
    asked.authorize(&snapshot, object)?;
    if asked.attributes.verb == Verb::Create {
        return Ok(());
    }
    // An apply that makes an object needs the right to make one as well.
    let attributes = Attributes { verb: Verb::Create, ..asked.attributes.clone() };
    asked.authorize_as(&snapshot, &attributes, object)
}

/// Refuses what would stand in a namespace that is not there or is going.
fn check_namespace(asked: &Asked, tx: &Tx<'_>) -> Result<()> {
    if !asked.resource.namespaced || !asked.server.has_namespaces() {
        return Ok(());
    }
    let name = &asked.attributes.namespace;
    let key = Key {
        cluster: asked.server.cluster.clone(),
        resource: "namespaces".into(),
        namespace: String::new(),
        name: name.clone(),
    };
    let Some(entry) = tx.get(&key)? else {
        return Err(Error::NotFound {
            resource: "namespaces".into(),
            group: String::new(),
            name: name.clone(),
        });
    };
    if object::is_terminating(&parsed(&entry.body)?) {
        let resource = qualified(&asked.resource.group, &asked.resource.plural);
        return Err(Error::Forbidden(format!(
            "{resource} is forbidden: unable to create new content in namespace {name} because it is being terminated"
        )));
    }
    Ok(())
}

fn taken(asked: &Asked, name: &str, error: store::Error) -> Error {
    match error {
        store::Error::AlreadyExists => Error::AlreadyExists {
            resource: asked.resource.plural.clone(),
            group: asked.resource.group.clone(),
            name: name.to_owned(),
        },
        other => other.into(),
    }
}

/// Patches could let an object grow without end.
fn check_length(entry: &store::Entry) -> Result<()> {
    if entry.body.len() > BODY_LENGTH_MAX { Err(Error::TooLarge) } else { Ok(()) }
}

/// Replaces an object, or its status.
///
/// # Errors
/// [`Error::Conflict`], [`Error::Invalid`], [`Error::NotFound`], [`Error::Forbidden`].
pub(super) async fn update(asked: Arc<Asked>, media_type: &str, bytes: &[u8]) -> Result<Response> {
    let Incoming { object, warnings } = incoming::object(&asked, media_type, bytes).await?;
    let shown = asked.transact(move |asked, tx| {
        let old = existing(asked, &tx.snapshot()?)?;
        replace(asked, tx, &old, object, Managers::Noted)
    });
    answer::written(&asked, StatusCode::OK, &shown.await?, &warnings)
}

/// Whether `metadata.managedFields` already say who changed what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Managers {
    /// An ordinary write: to be noted.
    Noted,
    /// Server-side apply has noted them.
    Applied,
}

/// Puts `new` in the place of `old`, and gives back what its writer may see of it. What changes
/// nothing is not written; the last finalizer's removal completes a deletion.
///
/// # Errors
/// As [`update`].
pub(super) fn replace(
    asked: &Asked,
    tx: &mut Tx<'_>,
    old: &Value,
    mut new: Value,
    managers: Managers,
) -> Result<Value> {
    meta::carry(asked, old, &mut new)?;
    keep_other_parts(asked, old, &mut new);
    meta::check(asked, &new)?;
    prune(&asked.resource.schema, &mut new);
    check_types(asked, &new)?;
    asked.resource.strategy.prepare_update(&asked.call(), tx, old, &mut new)?;
    count_generation(old, &mut new);
    if is_no_change(old, &new) {
        let mut shown = old.clone();
        show(asked, tx, &mut shown, None)?;
        return Ok(shown);
    }
    if managers == Managers::Noted {
        apply::track_update(
            Some(old),
            &mut new,
            &asked.manager(),
            &asked.resource.api_version(),
            asked.now(),
        );
    }
    let entry = tx.update(&asked.key_of(object::name(old)), None, new)?;
    check_length(&entry)?;
    let mut shown = parsed(&entry.body)?;
    if object::is_terminating(&shown) && meta::finalizers(&shown).is_empty() {
        delete::complete(asked, tx, shown.clone())?;
    }
    show(asked, tx, &mut shown, None)?;
    Ok(shown)
}

/// Whether nothing differs but when a manager last looked.
fn is_no_change(old: &Value, new: &Value) -> bool {
    if old["metadata"]["managedFields"] == new["metadata"]["managedFields"] {
        return old == new;
    }
    let timeless = |object: &Value| {
        let mut object = object.clone();
        let managers = object["metadata"]["managedFields"].as_array_mut();
        for manager in managers.into_iter().flatten().filter_map(Value::as_object_mut) {
            manager.remove("time");
        }
        object
    };
    timeless(old) == timeless(new)
}

/// Of an object with parts, a request changes the one that it names.
fn keep_other_parts(asked: &Asked, old: &Value, new: &mut Value) {
    let namespace = asked.resource.stored_as() == "namespaces";
    match asked.attributes.subresource.as_str() {
        "status" => {
            let status = new["status"].take();
            *new = old.clone();
            set_or_remove(new, "status", status);
        }
        "finalize" => {
            let spec = new["spec"].take();
            *new = old.clone();
            set_or_remove(new, "spec", spec);
        }
        _ => {
            if asked.resource.status {
                set_or_remove(new, "status", old["status"].clone());
            }
            if namespace {
                set_or_remove(new, "spec", old["spec"].clone());
            }
        }
    }
}

fn set_or_remove(object: &mut Value, field: &str, value: Value) {
    let Some(fields) = object.as_object_mut() else { return };
    if value.is_null() {
        fields.remove(field);
    } else {
        fields.insert(field.to_owned(), value);
    }
}

/// A change outside of metadata and status makes a new generation.
fn count_generation(old: &Value, new: &mut Value) {
    let Some(generation) = old["metadata"]["generation"].as_i64() else { return };
    let rest = |object: &Value| {
        let fields = object.as_object().into_iter().flatten();
        fields
            .filter(|(key, value)| {
                !matches!(key.as_str(), "apiVersion" | "kind" | "metadata" | "status")
                    && !value.is_null()
            })
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect::<serde_json::Map<_, _>>()
    };
    if rest(old) != rest(new) {
        object::map_at(new, &["metadata"]).insert("generation".into(), json!(generation + 1));
    }
}
