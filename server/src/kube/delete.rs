//! Deletion: of one object, of many, and of all that goes with them.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use super::answer::{self, Items, Listed, parsed};
use super::asked::Asked;
use super::leaving::Leaving;
use super::read::existing;
use super::resource::{Attributes, Decision, Verb};
use super::{Error, Result, body, meta, object};
use crate::store::Tx;

/// What becomes of the objects that name the deleted one as their owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dependents {
    /// They go too, unless they have another owner.
    Go,
    /// They stay, and name it no more.
    Stay,
}

/// `DeleteOptions`, from the body or the query.
struct Options {
    dependents: Dependents,
    uid: Option<String>,
    revision: Option<String>,
    dry_run: bool,
}

impl Options {
    fn read(asked: &Asked, media_type: &str, bytes: &[u8]) -> Result<Self> {
        let said = if bytes.is_empty() { Value::Null } else { body::parse(media_type, bytes)? };
        if !said.is_null() && said["kind"].as_str().is_some_and(|it| it != "DeleteOptions") {
            return Err(Error::BadRequest("the body is not DeleteOptions".into()));
        }
        let policy = said["propagationPolicy"].as_str().or(asked.query.text("propagationPolicy"));
        let orphans =
            said["orphanDependents"].as_bool().unwrap_or(asked.query.flag("orphanDependents")?);
        let dependents = match policy {
            None if orphans => Dependents::Stay,
            Some("Orphan") => Dependents::Stay,
            // What goes in one transaction goes at once: nobody can see which was first.
            None | Some("Background" | "Foreground") => Dependents::Go,
            Some(other) => {
                return Err(Error::BadRequest(format!(
                    "invalid propagationPolicy {other:?}: must be Orphan, Background or Foreground"
                )));
            }
        };
        let rehearsals: Vec<&str> =
            said["dryRun"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let text = |field: &str| said["preconditions"][field].as_str().map(str::to_owned);
        Ok(Self {
            dependents,
            uid: text("uid"),
            revision: text("resourceVersion"),
            dry_run: asked.dry_run || rehearsals.contains(&"All"),
        })
    }

    fn check(&self, asked: &Asked, found: &Value) -> Result<()> {
        let differs = |what: &str, wanted: &Option<String>, field: &str| {
            let is = object::meta(found, field);
            let wanted = wanted.as_deref().filter(|&it| it != is)?;
            Some(format!(
                "Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {is}"
            ))
        };
        let fault = differs("UID", &self.uid, "uid")
            .or_else(|| differs("ResourceVersion", &self.revision, "resourceVersion"));
        match fault {
            Some(message) => Err(meta::conflict(asked, object::name(found), &message)),
            None => Ok(()),
        }
    }
}

/// Deletes one object.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Conflict`] if a precondition does not hold.
pub(super) async fn delete(asked: Arc<Asked>, media_type: &str, bytes: &[u8]) -> Result<Response> {
    let options = Options::read(&asked, media_type, bytes)?;
    let dry_run = options.dry_run;
    let left = asked.rehearse(dry_run, move |asked, tx| {
        let found = existing(asked, &tx.snapshot()?)?;
        options.check(asked, &found)?;
        let uid = object::meta(&found, "uid").to_owned();
        let mut stays = part(asked, tx, found, options.dependents)?;
        if let Some(shown) = &mut stays {
            asked.resource.strategy.show(&asked.call(), &tx.snapshot()?, shown)?;
        }
        Ok((stays, uid))
    });
    match left.await? {
        (Some(stays), _) => answer::one(&asked, StatusCode::OK, &stays),
        (None, uid) => answer::gone(&asked, &uid),
    }
}

/// Asks for a deletion, and gives back the object if something still holds it.
fn part(
    asked: &Asked,
    tx: &mut Tx<'_>,
    found: Value,
    dependents: Dependents,
) -> Result<Option<Value>> {
    if !object::is_terminating(&found) {
        let attributes = attributes_of(asked, &found);
        asked.resource.strategy.prepare_delete(&asked.call_as(&attributes), tx, &found)?;
    }
    let key = asked.key_in(object::namespace(&found), object::name(&found));
    let mut leaving = Leaving::new(asked, tx)?;
    leaving.part(asked.resource.clone(), found, dependents)?;
    leaving.finish()?;
    tx.get(&key)?.map(|entry| parsed(&entry.body)).transpose()
}

fn attributes_of(asked: &Asked, found: &Value) -> Attributes {
    Attributes {
        verb: Verb::Delete,
        namespace: object::namespace(found).to_owned(),
        name: object::name(found).to_owned(),
        ..asked.attributes.clone()
    }
}

/// Removes an object whose deletion was asked for and that no finalizer holds any more.
///
/// # Errors
/// The store cannot be written.
pub(super) fn complete(asked: &Asked, tx: &mut Tx<'_>, found: Value) -> Result<()> {
    let mut leaving = Leaving::new(asked, tx)?;
    leaving.part(asked.resource.clone(), found, Dependents::Go)?;
    leaving.finish()
}

/// Deletes what the selectors leave of a collection, as far as the caller may.
///
/// # Errors
/// [`Error::Forbidden`].
pub(super) async fn collection(
    asked: Arc<Asked>,
    media_type: &str,
    bytes: &[u8],
) -> Result<Response> {
    let options = Options::read(&asked, media_type, bytes)?;
    let dry_run = options.dry_run;
    let listed = asked.rehearse(dry_run, move |asked, tx| {
        asked.authorize(&tx.snapshot()?, None)?;
        let mut items = Vec::new();
        for entry in tx.list(&asked.range())? {
            let found = parsed(&entry.body)?;
            if !asked.selector.matches(&found) || !may_delete(asked, tx, &found)? {
                continue;
            }
            // One that went with another is not there any more.
            if tx.get(&asked.key_in(&entry.namespace, &entry.name))?.is_none() {
                continue;
            }
            part(asked, tx, found.clone(), options.dependents)?;
            let mut shown = found;
            asked.resource.strategy.show(&asked.call(), &tx.snapshot()?, &mut shown)?;
            items.push(shown);
        }
        let revision = tx.snapshot()?.revision();
        Ok(Listed { revision, next: None, remaining: None, items: Items::Values(items) })
    });
    answer::many(&asked, listed.await?)
}

fn may_delete(asked: &Asked, tx: &Tx<'_>, found: &Value) -> Result<bool> {
    if !asked.server.authorizer.by_object() {
        return Ok(true);
    }
    let attributes = attributes_of(asked, found);
    let decision =
        asked.server.authorizer.may(&tx.snapshot()?, &asked.caller, &attributes, Some(found))?;
    Ok(decision == Decision::Allow)
}
