//! The direct endpoint: the gateway again, beside the host cluster, for whom the copy lets in.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::Beside;
use crate::auth::signed::Claims;
use crate::auth::{AccessKey, Caller, KeyMac, caller_of_user, direct};
use crate::gateway::{Gateway, Lease};
use crate::hosts::service::{KEYS, Known, Presented};
use crate::kube::{Error, Result};
use crate::layers;
use crate::management::access_keys;

/// How long the answer about an access key is believed, in seconds.
const BELIEVED: i64 = 60;
/// How many answers are remembered.
const REMEMBERED_MAX: usize = 4096;
/// How long the central instance may take to say whose a key is.
const ASK_MAX: Duration = Duration::from_secs(5);
/// The longest a request without a stream may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// For how long after the central instance was heard last everything goes on, in seconds.
const LEASE: i64 = 10 * 60;
/// For how long reading goes on.
const READING_LEASE: i64 = 60 * 60;
/// What the word about itself is for.
pub const PURPOSE: &str = "agent-endpoint";

/// Whose access keys were asked for lately, by a MAC of the key.
#[derive(Default)]
pub(super) struct Keys(HashMap<[u8; 32], (Known, i64)>);

#[derive(Clone)]
struct Here {
    beside: Beside,
    gateway: Gateway,
    /// Of this process alone: a key is remembered, but cannot be read back.
    mac: KeyMac,
}

/// The endpoint's whole service.
pub(super) fn router(beside: Beside, gateway: Gateway) -> Router {
    let mac = KeyMac::new(crate::auth::random().unwrap_or_default());
    Router::new()
        .route("/healthz", get(healthz).options(healthz))
        .route("/agent/identity", get(identity))
        .route("/kubernetes/{*path}", any(handle))
        .fallback(|| async { Error::NoResource })
        .method_not_allowed_fallback(|| async { Error::MethodNotAllowed })
        .layer(middleware::from_fn(layers::deadline(TIMEOUT)))
        .layer(middleware::from_fn(layers::no_panic))
        .layer(middleware::from_fn(layers::security_headers))
        .layer(middleware::from_fn(layers::trace))
        .with_state(Here { beside, gateway, mac })
}

/// Alive. A page of the dashboard may ask, and no other: it measures the way.
async fn healthz(State(here): State<Here>, headers: HeaderMap) -> Response {
    let mut response = "ok".into_response();
    let out = response.headers_mut();
    out.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    out.insert(header::VARY, header::HeaderValue::from_static("origin"));
    let origins = here.beside.origins.read().unwrap_or_else(PoisonError::into_inner);
    let own = headers
        .get(header::ORIGIN)
        .filter(|it| it.to_str().is_ok_and(|it| origins.iter().any(|known| known == it)));
    if let Some(origin) = own {
        out.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        let corp = HeaderName::from_static("cross-origin-resource-policy");
        out.insert(corp, header::HeaderValue::from_static("cross-origin"));
    }
    response
}

/// A question that nobody asked before.
#[derive(Deserialize)]
struct Nonce {
    nonce: String,
}

/// What an agent says to prove that an endpoint is its own.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Proof {
    /// The question.
    pub nonce: String,
}

/// Proves that this endpoint is the agent's that joined.
async fn identity(State(here): State<Here>, Query(asked): Query<Nonce>) -> Result<String> {
    if asked.nonce.len() > 128 {
        return Err(Error::BadRequest("the nonce is too long".into()));
    }
    let now = here.beside.clock.now_seconds();
    here.beside.signer.sign(&Claims {
        iss: here.beside.joined.uid.clone(),
        aud: here.beside.joined.instance.clone(),
        iat: now,
        exp: now + 60,
        purpose: PURPOSE.into(),
        says: Proof { nonce: asked.nonce },
    })
}

async fn handle(State(here): State<Here>, request: Request) -> Result<Response> {
    let caller = here.caller(request.method(), request.headers()).await;
    let caller = caller.inspect_err(|error| here.gateway.audit.refused(error))?;
    here.gateway.answer(caller, request).await
}

fn nobody() -> Error {
    Error::Unauthorized("Unauthorized".into())
}

/// The same for what is open.
pub(super) fn lease(beside: Beside) -> Lease {
    Arc::new(move |changes| may_go_on(beside.silence(), changes).is_ok())
}

/// Without the central instance nobody is told of a right that was taken away: for a while all goes
/// on, then reading only, then nothing.
fn may_go_on(silence: i64, changes: bool) -> Result<()> {
    let limit = if changes { LEASE } else { READING_LEASE };
    match silence <= limit {
        true => Ok(()),
        false => Err(Error::Unavailable {
            message: "the central instance has not been heard for too long: what may be done is no longer known here".into(),
            retry_after_seconds: 0,
        }),
    }
}

impl Here {
    /// Who asks, where anything may be asked for now.
    async fn caller(&self, method: &Method, headers: &HeaderMap) -> Result<Caller> {
        let token = headers
            .get(header::AUTHORIZATION)
            .and_then(|it| it.to_str().ok())
            .and_then(|it| it.strip_prefix("Bearer "))
            .map(|it| it.trim().to_owned())
            .ok_or_else(nobody)?;
        let changes = !method.is_safe() || headers.contains_key(header::UPGRADE);
        may_go_on(self.beside.silence(), changes)?;
        match AccessKey::parse(&token) {
            Some(key) => self.by_key(&key).await,
            None => self.by_token(token).await,
        }
    }

    /// Whose a token is, by the central instance's signature. Nobody is asked.
    async fn by_token(&self, token: String) -> Result<Caller> {
        let (joined, now) = (&self.beside.joined, self.beside.clock.now_seconds());
        let whom = (joined.instance.as_str(), joined.uid.as_str());
        let bearing = direct::read(&token, &self.beside.token_key, whom, now).ok_or_else(nobody)?;
        self.beside
            .store
            .read(move |snapshot| {
                if let Some(key) = &bearing.key
                    && !access_keys::is_usable(snapshot, &key.name, now)?
                {
                    return Err(nobody());
                }
                let key = bearing.key.map(direct::KeyClaim::in_use);
                let caller = caller_of_user(snapshot, &bearing.sub, key)?.ok_or_else(nobody)?;
                // The next bearer of a name is somebody else.
                if caller.uid == bearing.uid { Ok(caller) } else { Err(nobody()) }
            })
            .await
    }

    /// Whose an access key is, by the central instance's word, which is believed for a minute.
    async fn by_key(&self, key: &AccessKey) -> Result<Caller> {
        let (mac, now) = (self.mac.of(key), self.beside.clock.now_seconds());
        let remembered = {
            let keys = self.beside.keys.lock().unwrap_or_else(PoisonError::into_inner);
            keys.0.get(&mac).filter(|(_, until)| now < *until).map(|(known, _)| known.clone())
        };
        let known = match remembered {
            Some(known) if self.is_usable(&known).await? => known,
            _ => {
                let known = self.ask(key).await?;
                let mut keys = self.beside.keys.lock().unwrap_or_else(PoisonError::into_inner);
                if keys.0.len() >= REMEMBERED_MAX {
                    keys.0.retain(|_, (_, until)| now < *until);
                }
                if keys.0.len() < REMEMBERED_MAX {
                    keys.0.insert(mac, (known.clone(), now + BELIEVED));
                }
                known
            }
        };
        self.beside
            .store
            .read(move |snapshot| {
                let key = Some(known.key.in_use());
                caller_of_user(snapshot, &known.user, key)?.ok_or_else(nobody)
            })
            .await
    }

    /// Whether the copy has the key still. One that was made just now may not be there yet: then the
    /// central instance is asked again.
    async fn is_usable(&self, known: &Known) -> Result<bool> {
        let (name, now) = (known.key.name.clone(), self.beside.clock.now_seconds());
        let store = &self.beside.store;
        store.read(move |snapshot| access_keys::is_usable(snapshot, &name, now)).await
    }

    async fn ask(&self, key: &AccessKey) -> Result<Known> {
        let away = || Error::Unavailable {
            message: "the central instance cannot be asked now whose this key is".into(),
            retry_after_seconds: 5,
        };
        let link = self.beside.link().ok_or_else(away)?;
        let shown = Presented { key: key.expose().to_owned() };
        let request = Request::post(KEYS)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(serde_json::to_vec(&shown).map_err(Error::internal)?))
            .map_err(Error::internal)?;
        let answer = timeout(ASK_MAX, link.send(request)).await.map_err(|_| away())?;
        let answer = answer.map_err(|_| away())?;
        match answer.status() {
            StatusCode::OK => {
                let body = to_bytes(answer.into_body(), 64 * 1024).await.map_err(|_| away())?;
                serde_json::from_slice(&body).map_err(Error::internal)
            }
            StatusCode::UNAUTHORIZED => Err(nobody()),
            _ => Err(away()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t53_without_the_central_instance_writing_ends_after_ten_minutes_and_reading_after_sixty() {
        for (minutes, reads, writes) in [
            (0, true, true),
            (10, true, true),
            (11, true, false),
            (60, true, false),
            (61, false, false),
        ] {
            let silence = minutes * 60;
            assert_eq!(may_go_on(silence, false).is_ok(), reads, "{minutes}");
            assert_eq!(may_go_on(silence, true).is_ok(), writes, "{minutes}");
        }
    }
}
