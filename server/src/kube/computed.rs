//! Resources and subresources that are computed and not stored.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use super::asked::Asked;
use super::read::existing;
use super::resource::{Answer, Subresource, Verb};
use super::{Error, Result, answer, body, incoming};

/// Answers a computed resource.
///
/// # Errors
/// What the resource says.
pub(super) async fn resource(
    asked: Arc<Asked>,
    computed: Answer,
    media_type: &str,
    bytes: &[u8],
) -> Result<Response> {
    if asked.attributes.verb != Verb::Create || !asked.resource.verbs.contains(&Verb::Create) {
        return Err(Error::MethodNotAllowed);
    }
    let mut said = body::parse(media_type, bytes)?;
    incoming::name_type(&asked, &mut said)?;
    let computing = asked.clone();
    let made = match computed {
        Answer::Read(read) => {
            let work = asked.server.store.read(move |snapshot| {
                computing.authorize(snapshot, Some(&said))?;
                read(&computing.call(), snapshot, None, said)
            });
            work.await?
        }
        Answer::Write(write) => {
            let work = asked.transact(move |asked, tx| {
                asked.authorize(&tx.snapshot()?, Some(&said))?;
                write(&asked.call(), tx, None, said)
            });
            work.await?
        }
    };
    answer::value(StatusCode::CREATED, asked.form.yaml, &made)
}

/// Answers a part of an object.
///
/// # Errors
/// What the part says, or that the object is not there.
pub(super) async fn subresource(
    asked: Arc<Asked>,
    part: Subresource,
    media_type: &str,
    bytes: &[u8],
) -> Result<Response> {
    if !part.verbs.contains(&asked.attributes.verb) {
        return Err(Error::MethodNotAllowed);
    }
    let said = if bytes.is_empty() || asked.attributes.verb == Verb::Get {
        Value::Null
    } else {
        body::parse(media_type, bytes)?
    };
    let computing = asked.clone();
    let made = match part.answer {
        Answer::Read(read) => {
            let work = asked.server.store.read(move |snapshot| {
                let parent = existing(&computing, snapshot)?;
                read(&computing.call(), snapshot, Some(&parent), said)
            });
            work.await?
        }
        Answer::Write(write) => {
            let work = asked.transact(move |asked, tx| {
                let parent = existing(asked, &tx.snapshot()?)?;
                write(&asked.call(), tx, Some(&parent), said)
            });
            work.await?
        }
    };
    let code =
        if asked.attributes.verb == Verb::Create { StatusCode::CREATED } else { StatusCode::OK };
    answer::value(code, asked.form.yaml, &made)
}
