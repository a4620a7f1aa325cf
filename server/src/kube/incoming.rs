//! An object that comes in, before the transaction.

use std::sync::Arc;

use dormer_api::status::StatusCause;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::asked::Asked;
use super::query::FieldValidation;
use super::{Error, Result, body, object, validate};

/// How many bodies are worked on at once: each may take 19 MiB and 25 ms of a processor.
static ARRANGING: Semaphore = Semaphore::const_new(2);

/// An object as a body said it, and what to warn of.
pub(super) struct Incoming {
    pub object: Value,
    pub warnings: Vec<String>,
}

/// Reads the object of a creation or an update, and lets its resource [arrange] it.
///
/// [arrange]: super::resource::Strategy::arrange
///
/// # Errors
/// [`Error::BadRequest`], [`Error::UnsupportedMediaType`], and what the strategy says.
pub(super) async fn object(asked: &Arc<Asked>, media_type: &str, bytes: &[u8]) -> Result<Incoming> {
    let mut object = body::parse(media_type, bytes)?;
    name_type(asked, &mut object)?;
    let warnings = unknown_fields(asked, None, &object)?;
    Ok(Incoming { object: arranged(asked, object).await?, warnings })
}

/// Checks `apiVersion` and `kind`, and fills them in where they are absent.
///
/// # Errors
/// [`Error::BadRequest`].
pub(super) fn name_type(asked: &Asked, object: &mut Value) -> Result<()> {
    let Some(fields) = object.as_object_mut() else {
        return Err(Error::BadRequest("the body is not an object".into()));
    };
    let (api_version, kind) = (asked.resource.api_version(), asked.resource.kind.as_str());
    let said = fields.entry("apiVersion").or_insert_with(|| json!(api_version));
    if said.as_str() != Some(&api_version) {
        return Err(Error::BadRequest(format!(
            "the API version in the data ({}) does not match the expected API version ({api_version})",
            said.as_str().unwrap_or_default()
        )));
    }
    let said = fields.entry("kind").or_insert_with(|| json!(kind));
    if said.as_str() != Some(kind) {
        return Err(Error::BadRequest(format!(
            "the kind in the data ({}) does not match the expected kind ({kind})",
            said.as_str().unwrap_or_default()
        )));
    }
    if !fields.entry("metadata").or_insert_with(|| json!({})).is_object() {
        return Err(Error::BadRequest("metadata is not an object".into()));
    }
    Ok(())
}

/// Lets the resource do its slow work, on a thread for that.
///
/// # Errors
/// What the strategy says.
pub(super) async fn arranged(asked: &Arc<Asked>, mut object: Value) -> Result<Value> {
    if !asked.resource.strategy.arranges() {
        return Ok(object);
    }
    // Whoever may not do this at all gets no work out of us; and who may gets it in turn.
    let known = asked.clone();
    asked.server.store.read(move |snapshot| known.authorize(snapshot, None)).await?;
    let _turn = ARRANGING.acquire().await.map_err(Error::internal)?;
    let resource = asked.resource.clone();
    let arranging = tokio::task::spawn_blocking(move || {
        resource.strategy.arrange(&mut object).map(|()| object)
    });
    arranging.await.map_err(Error::internal)?
}

/// The fields of `new` that its schema does not know and `old` did not have, as warnings.
///
/// # Errors
/// [`Error::BadRequest`] if the caller wants them refused.
pub(super) fn unknown_fields(
    asked: &Asked,
    old: Option<&Value>,
    new: &Value,
) -> Result<Vec<String>> {
    let how = asked.query.field_validation()?;
    if how == FieldValidation::Ignore {
        return Ok(Vec::new());
    }
    let schema = &asked.resource.schema;
    let mut unknown = validate::unknown_fields(schema, new);
    if let Some(old) = old.filter(|_| !unknown.is_empty()) {
        let before = validate::unknown_fields(schema, old);
        unknown.retain(|it| !before.contains(it));
    }
    let faults: Vec<String> = unknown.iter().map(|it| format!("unknown field {it:?}")).collect();
    if how == FieldValidation::Strict && !faults.is_empty() {
        let (kind, version) = (&asked.resource.kind, &asked.resource.version);
        return Err(Error::BadRequest(format!(
            "{kind} in version {version:?} cannot be handled as a {kind}: strict decoding error: {}",
            faults.join(", ")
        )));
    }
    Ok(faults)
}

/// Refuses an object that has values of other types than its schema says.
///
/// # Errors
/// [`Error::Invalid`].
pub(super) fn check_types(asked: &Asked, new: &Value) -> Result<()> {
    let causes = validate::type_errors(&asked.resource.schema, new);
    refused(&asked.resource.kind, &asked.resource.group, new, causes)
}

/// Refuses an object for `causes`, if there are any.
///
/// # Errors
/// [`Error::Invalid`].
pub(super) fn refused(
    kind: &str,
    group: &str,
    object: &Value,
    causes: Vec<StatusCause>,
) -> Result<()> {
    if causes.is_empty() {
        return Ok(());
    }
    let name = object::name(object).to_owned();
    Err(Error::Invalid { kind: kind.into(), group: group.into(), name, causes })
}
