//! Reading one object and many.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::answer::{self, Items, Listed, parsed};
use super::asked::Asked;
use super::{Error, Result};
use crate::store::{Entry, List, Page, Revision, Snapshot};

/// One object.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`].
pub(super) async fn get(asked: Arc<Asked>) -> Result<Response> {
    let store = asked.server.store.clone();
    let reading = asked.clone();
    let found = store.read(move |snapshot| named(&reading, snapshot)).await?;
    answer::one(&asked, StatusCode::OK, &found)
}

fn named(asked: &Asked, snapshot: &Snapshot<'_>) -> Result<Value> {
    let mut object = existing(asked, snapshot)?;
    asked.resource.strategy.show(&asked.call(), snapshot, &mut object)?;
    Ok(object)
}

/// The object that is named, if it is there and the caller may do to it what they ask.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`].
pub(super) fn existing(asked: &Asked, snapshot: &Snapshot<'_>) -> Result<Value> {
    let Some(entry) = snapshot.get(&asked.key())? else {
        asked.authorize(snapshot, None)?;
        return Err(asked.missing());
    };
    let mut object = parsed(&entry.body)?;
    asked.authorize(snapshot, Some(&object))?;
    // It may have been written as of another version of a custom resource.
    object["apiVersion"] = json!(asked.resource.api_version());
    Ok(object)
}

/// Many objects.
///
/// # Errors
/// [`Error::Expired`] for a page of a list that is too old, [`Error::Forbidden`].
pub(super) async fn list(asked: Arc<Asked>) -> Result<Response> {
    let limit = asked.query.number("limit")?.filter(|&it| it > 0);
    let limit = limit.map(|it| usize::try_from(it).unwrap_or(usize::MAX));
    let (at, not_older, after) = from_where(&asked)?;
    let store = asked.server.store.clone();
    let reading = asked.clone();
    let listed = store.read(move |snapshot| {
        reading.authorize(snapshot, None)?;
        if not_older > snapshot.revision() {
            return Err(crate::store::Error::Future(snapshot.revision()).into());
        }
        page(&reading, snapshot, Page { limit, after, at })
    });
    answer::many(&asked, listed.await?)
}

/// Which revision is shown, which it must not be older than, and after what the page begins.
type From = (Option<Revision>, Revision, Option<(String, String)>);

fn from_where(asked: &Asked) -> Result<From> {
    let wanted = asked.query.revision()?.unwrap_or_default();
    let how = asked.query.text("resourceVersionMatch");
    if let Some(token) = asked.query.text("continue") {
        if wanted > Revision(0) || how.is_some() {
            let message = "specifying resource version is not allowed when using continue";
            return Err(Error::BadRequest(message.into()));
        }
        let (at, after) = read_token(token)
            .ok_or_else(|| Error::BadRequest("continue key is not valid".into()))?;
        return Ok((Some(at), Revision(0), Some(after)));
    }
    match how {
        Some("Exact") if wanted == Revision(0) => {
            let message = "resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"";
            Err(Error::BadRequest(message.into()))
        }
        Some("Exact") => Ok((Some(wanted), Revision(0), None)),
        None | Some("NotOlderThan") => Ok((None, wanted, None)),
        Some(other) => Err(Error::BadRequest(format!("invalid resourceVersionMatch {other:?}"))),
    }
}

/// One page of what the caller may see and asks for.
fn page(asked: &Asked, snapshot: &Snapshot<'_>, page: Page) -> Result<Listed> {
    let range = asked.range();
    if !asked.looks_inside() {
        let List { revision, entries, remaining } = snapshot.list(&range, &page)?;
        let next = remaining.and(entries.last()).map(|last| token(revision, last));
        let items = Items::Stored(entries.into_iter().map(|it| it.body).collect());
        return Ok(Listed { revision, next, remaining, items });
    }
    // What the limit counts is what goes out, so that it comes after the filters.
    let limit = page.limit.unwrap_or(usize::MAX);
    let List { revision, entries, .. } = snapshot.list(&range, &Page { limit: None, ..page })?;
    let (mut items, mut next, mut last) = (Vec::new(), None, None);
    for entry in &entries {
        let Some(object) = visible(asked, snapshot, &entry.body)? else { continue };
        if items.len() == limit {
            next = last.map(|last| token(revision, last));
            break;
        }
        items.push(object);
        last = Some(entry);
    }
    Ok(Listed { revision, next, remaining: None, items: Items::Values(items) })
}

/// The object as the caller sees it; nothing if they do not ask for it or may not see it.
///
/// # Errors
/// The store cannot be read.
pub(super) fn visible(
    asked: &Asked,
    snapshot: &Snapshot<'_>,
    body: &[u8],
) -> Result<Option<Value>> {
    let mut object = parsed(body)?;
    if !asked.selector.matches(&object) || !asked.sees(snapshot, &object)? {
        return Ok(None);
    }
    asked.resource.strategy.show(&asked.call(), snapshot, &mut object)?;
    Ok(Some(object))
}

/// Where the next page begins. Names hold no slash.
fn token(revision: Revision, last: &Entry) -> String {
    format!("{}/{}/{}", revision.0, last.namespace, last.name)
}

fn read_token(token: &str) -> Option<(Revision, (String, String))> {
    let mut parts = token.splitn(3, '/');
    let revision = parts.next()?.parse().ok()?;
    let (namespace, name) = (parts.next()?, parts.next()?);
    Some((Revision(revision), (namespace.to_owned(), name.to_owned())))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_token_leads_back_to_where_it_was_made(revision: u64, namespace in "[a-z-]{0,9}", name in "[a-z:.-]{1,9}") {
            let last = Entry { namespace: namespace.clone(), name: name.clone(), revision: Revision(1), body: [].into() };
            let read = read_token(&token(Revision(revision), &last));
            prop_assert_eq!(read, Some((Revision(revision), (namespace, name))));
        }
    }
}
