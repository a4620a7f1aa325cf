//! `/auth/…`: signing in and out, and invites.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use dormer_api::session::{Credentials, Instance, Invite, InviteAnswer};
use dormer_api::user::User;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::limiter::Buckets;
use super::password::{self, check_password};
use super::{AccessKey, Authenticated, caller_of_user, cookie, user_by_login};
use crate::app::App;
use crate::kube::{Error, Result};
use crate::listen::Peer;
use crate::management::{self, access_keys, selves};
use crate::routes::{Row, Who};

/// The longest body that somebody unknown may send, in bytes.
const BODY_MAX: usize = 4096;

/// The routes of this module.
#[must_use]
pub fn rows() -> Vec<Row> {
    vec![
        Row::new("/auth/session", "POST", Who::Anyone, post(begin_session)),
        Row::new("/auth/session", "DELETE", Who::SignedIn, axum::routing::delete(end_session)),
        Row::new("/auth/password/login", "POST", Who::Anyone, post(login)),
        Row::new("/auth/invite/inspect", "POST", Who::Anyone, post(inspect_invite)),
        Row::new("/auth/invite", "POST", Who::Anyone, post(accept_invite)),
        Row::new("/auth/instance", "GET", Who::Anyone, get(instance)),
        Row::new(
            "/auth/exec-credential/{cluster}",
            "POST",
            Who::BearerOnly,
            post(super::direct::exec_credential),
        ),
    ]
}

/// Reads a small JSON body. Its type has to be said: a form on another page cannot say it.
///
/// # Errors
/// It is too long, of another type, or cannot be read.
pub fn parse<T: DeserializeOwned>(headers: &HeaderMap, body: &Bytes) -> Result<T> {
    if body.len() > BODY_MAX {
        return Err(Error::TooLarge);
    }
    let kind =
        headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/json") {
        return Err(Error::UnsupportedMediaType("application/json"));
    }
    serde_json::from_slice(body).map_err(|error| Error::BadRequest(error.to_string()))
}

/// The user whose password this is.
async fn verify(app: &App, credentials: Credentials, peer: &Peer) -> Result<User> {
    let login = credentials.username.trim().to_lowercase();
    let source = peer.address.ip();
    let (user, phc, buckets) = app
        .store
        .write(move |tx| {
            let user = user_by_login(&tx.snapshot()?, &login)?;
            let name = user.as_ref().map(|it| it.metadata.name.as_str());
            let buckets = Buckets::of(name, &login, source);
            buckets.strike(tx)?;
            let snapshot = tx.snapshot()?;
            let phc = name.map(|name| snapshot.password(name)).transpose()?.flatten();
            Ok::<_, Error>((user, phc, buckets))
        })
        .await?;
    let right = app.hasher.matches(credentials.password, phc).await?;
    if right {
        app.store.write(move |tx| buckets.forget(tx)).await?;
    }
    match user {
        Some(user) if right && user.spec.disabled => {
            Err(Error::Forbidden("This account is locked. Ask an administrator.".into()))
        }
        Some(user) if right => Ok(user),
        Some(_) | None => Err(Error::Unauthorized("Username or password is not right.".into())),
    }
}

/// Signs the page in: a cookie, and who it is.
async fn begin_session(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response> {
    own_page_only(&headers)?;
    let user = verify(&app, parse(&headers, &body)?, &peer).await?;
    signed_in(&app, &user.metadata.name, peer.tls).await
}

/// A new session for a user, as the answer that begins it.
async fn signed_in(app: &App, user: &str, tls: bool) -> Result<Response> {
    let bytes = super::random::<32>()?;
    let id = bytes.iter().map(|it| format!("{it:02x}")).collect::<String>();
    let hash = app.mac.of_bytes(id.as_bytes());
    let name = user.to_owned();
    let oneself = app
        .store
        .write(move |tx| {
            tx.begin_session(&hash, &name)?;
            let snapshot = tx.snapshot()?;
            let caller = caller_of_user(&snapshot, &name, None)?;
            let caller = caller.ok_or_else(|| Error::Unauthorized("Unauthorized".into()))?;
            selves::describe(&snapshot, &caller)
        })
        .await?;
    Ok(([(header::SET_COOKIE, cookie::begin(&id, tls))], Json(oneself)).into_response())
}

/// Signing in changes whose cookie a browser has, so it may not come from another page either.
fn own_page_only(headers: &HeaderMap) -> Result<()> {
    if headers.contains_key(cookie::OWN_HEADER) {
        Ok(())
    } else {
        Err(Error::Forbidden("this is for the dashboard: use /auth/password/login".into()))
    }
}

async fn end_session(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    _: Authenticated,
    request: axum::extract::Request,
) -> Result<Response> {
    let (parts, _) = request.into_parts();
    if let Some(id) = cookie::session_id(&parts, peer.tls)? {
        let hash = app.mac.of_bytes(id.as_bytes());
        app.store.write::<_, Error>(move |tx| Ok(tx.end_session(&hash)?)).await?;
    }
    let clear = (header::HeaderName::from_static("clear-site-data"), "\"cache\"".to_owned());
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie::end(peer.tls)), clear])
        .into_response())
}

/// Signs a command line in: an access key of type `Login`.
async fn login(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>> {
    let user = verify(&app, parse(&headers, &body)?, &peer).await?;
    let (key, mac) = (AccessKey::generate()?, app.mac.clone());
    let (name, shown) = (user.metadata.name.clone(), key.clone());
    app.store
        .write::<_, Error>(move |tx| access_keys::create_login(tx, &mac, &name, &shown).map(drop))
        .await?;
    Ok(Json(json!({
        "kind": "AccessKey",
        "apiVersion": "authentication.loft.sh/v1",
        "metadata": {},
        "user": user.metadata.name,
        "username": user.spec.username,
        "accessKey": key.expose(),
    })))
}

/// Body of `POST /auth/invite/inspect`.
#[derive(serde::Deserialize)]
struct Token {
    token: String,
}

/// Whom an invite is for. A secret in the body, not in the path: paths stand in logs.
async fn inspect_invite(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Invite>> {
    let Token { token } = parse(&headers, &body)?;
    let (_, user) = invited(&app, &token).await?;
    Ok(Json(Invite { username: user.spec.username }))
}

/// It is used, over, or never was: which of them is nobody's business.
fn no_invite() -> Error {
    Error::NotFound { resource: "invites".into(), group: String::new(), name: "this".into() }
}

/// The invite's key object and user, while it can be used.
async fn invited(app: &App, token: &str) -> Result<(String, User)> {
    let mac = app.mac.of(&AccessKey::parse(token).ok_or_else(no_invite)?);
    let now = app.clock.now_seconds();
    app.store
        .read(move |snapshot| {
            let (name, object) = access_keys::of_secret(snapshot, &mac)?.ok_or_else(no_invite)?;
            if object.spec.kind != access_keys::KIND_RESET || !access_keys::is_alive(&object, now) {
                return Err(no_invite());
            }
            let entry = snapshot.get(&management::key(management::USERS, "", &object.spec.user))?;
            let user: User = serde_json::from_slice(&entry.ok_or_else(no_invite)?.body)
                .map_err(Error::internal)?;
            if user.spec.disabled { Err(no_invite()) } else { Ok((name, user)) }
        })
        .await
}

/// Sets the first password, ends what the user had open, and signs the page in. Works once.
async fn accept_invite(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response> {
    own_page_only(&headers)?;
    let InviteAnswer { token, password } = parse(&headers, &body)?;
    let (key, user) = invited(&app, &token).await?;
    check_password(&password).map_err(|words| {
        Error::invalid_field("User", management::GROUP, &user.metadata.name, "password", words)
    })?;
    let phc = tokio::task::spawn_blocking(move || password::hash(&password))
        .await
        .map_err(Error::internal)??;
    let name = user.metadata.name.clone();
    app.store
        .write::<_, Error>(move |tx| {
            let place = management::key(management::ACCESS_KEYS, "", &key);
            tx.get(&place)?.ok_or_else(no_invite)?;
            tx.delete(&place, None)?;
            tx.remove_secret(&key)?;
            tx.set_password(&name, Some(&phc))?;
            tx.forget_strikes(&format!("user/{name}"))?;
            tx.end_sessions_of(&name)?;
            management::users::touch(tx, &name)
        })
        .await?;
    signed_in(&app, &user.metadata.name, peer.tls).await
}

/// What a command line needs to know of this instance.
async fn instance(State(app): State<App>, headers: HeaderMap) -> Json<Instance> {
    Json(Instance {
        version: env!("CARGO_PKG_VERSION").into(),
        url: public_url(&app, &headers),
        ca_data: app.ca_data.clone(),
    })
}

/// The URL that people reach this instance by: the one that was set, or the host they asked for.
#[must_use]
pub fn public_url(app: &App, headers: &HeaderMap) -> String {
    let asked = headers.get(header::HOST).and_then(|it| it.to_str().ok()).unwrap_or("localhost");
    match &app.config.url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("https://{asked}"),
    }
}
