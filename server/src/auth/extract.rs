//! From a request to a caller.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use super::{AccessKey, Caller, KeyInUse, caller_of_user, cookie};
use crate::app::App;
use crate::kube::{Error, Result};
use crate::listen::Peer;
use crate::management::{self, access_keys};

/// The time between two notes of "last used", in seconds.
const SEEN_EVERY: i64 = 60;

/// Somebody known, by a session of the page or an access key.
pub struct Authenticated(pub Caller);

/// Somebody known by an access key. What the gateway takes: a cookie would go along with every page
/// that a pod serves through it.
pub struct Bearer(pub Caller);

impl FromRequestParts<App> for Authenticated {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        if parts.headers.contains_key(header::AUTHORIZATION) {
            return Ok(Self(Bearer::from_request_parts(parts, app).await?.0));
        }
        let tls = parts.extensions.get::<Peer>().is_none_or(|it| it.tls);
        let id = cookie::session_id(parts, tls)?.ok_or_else(nobody)?;
        Ok(Self(by_session(app, id).await?))
    }
}

impl FromRequestParts<App> for Bearer {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|it| it.to_str().ok())
            .and_then(|it| it.strip_prefix("Bearer "))
            .map(str::trim)
            .ok_or_else(nobody)?;
        let key = AccessKey::parse(token).ok_or_else(nobody)?;
        Ok(Self(by_key(app, &key).await?))
    }
}

fn nobody() -> Error {
    Error::Unauthorized("Unauthorized".into())
}

/// Who the session with this id is of; it counts as used.
async fn by_session(app: &App, id: String) -> Result<Caller> {
    let hash = app.mac.of_bytes(id.as_bytes());
    let now = app.clock.now_seconds();
    let (idle, life) = (i64::from(app.config.session_idle), i64::from(app.config.session_life));
    let (caller, seen) = app
        .store
        .read(move |snapshot| {
            let session = snapshot.session(&hash)?.ok_or_else(nobody)?;
            if now - session.seen >= idle || now - session.created >= life {
                return Err(nobody());
            }
            let caller = caller_of_user(snapshot, &session.user, None)?.ok_or_else(nobody)?;
            Ok((caller, session.seen))
        })
        .await?;
    // A short life needs finer notes; a note a request would be a disk write a request.
    if now - seen >= SEEN_EVERY.min(idle / 4).max(1) {
        let user = caller.name.clone();
        app.store.write::<_, Error>(move |tx| Ok(tx.touch_session(&hash, &user)?)).await?;
    }
    Ok(caller)
}

/// Whom an access key acts for; it counts as used.
///
/// # Errors
/// It is no key of anybody now.
pub async fn by_key(app: &App, key: &AccessKey) -> Result<Caller> {
    let mac = app.mac.of(key);
    let now = app.clock.now_seconds();
    let (caller, name, seen) = app
        .store
        .read(move |snapshot| {
            let name = snapshot.key_of_secret(&mac)?.ok_or_else(nobody)?;
            let entry = snapshot
                .get(&management::key(management::ACCESS_KEYS, "", &name))?
                .ok_or_else(nobody)?;
            let object: dormer_api::access_key::OwnedAccessKey =
                serde_json::from_slice(&entry.body).map_err(Error::internal)?;
            if object.spec.kind == access_keys::KIND_RESET || !access_keys::is_alive(&object, now) {
                return Err(nobody());
            }
            let in_use =
                KeyInUse { name: name.clone(), kind: object.spec.kind, scope: object.spec.scope };
            let caller =
                caller_of_user(snapshot, &object.spec.user, Some(in_use))?.ok_or_else(nobody)?;
            let seen = snapshot.secret_seen(&name)?;
            Ok((caller, name, seen))
        })
        .await?;
    if seen.is_none_or(|seen| now - seen >= SEEN_EVERY) {
        // Nobody waits for this note, and losing one in a crash loses a minute of "last used".
        let (store, user) = (app.store.clone(), caller.name.clone());
        tokio::spawn(async move {
            _ = store.write::<_, Error>(move |tx| Ok(tx.touch_secret(&name, &user, now)?)).await;
        });
    }
    Ok(caller)
}
