//! Every route on one screen, with who may call it.
//!
//! Below `/kubernetes/management` the resources are the rows: `ApiServer::rows` lists them, and
//! [`authz`](crate::authz) decides about each call.

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get};

use crate::app::App;
use crate::kube::Error;
use crate::{assets, audit, auth, gateway, health, hosts, layers, management};

/// Who may call a route at all. What they may do with which object is [`authz`](crate::authz)'s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Anybody who reaches the port.
    Anyone,
    /// A session of the page or an access key.
    SignedIn,
    /// An access key only: no cookie goes to what a cluster serves.
    BearerOnly,
    /// An agent, by its own signature.
    Agent,
}

/// One route.
pub struct Row {
    /// In axum's form.
    pub path: &'static str,
    /// `GET`, `POST` … or `*`.
    pub method: &'static str,
    /// Who may call it at all.
    pub who: Who,
    handler: MethodRouter<App>,
}

impl Row {
    /// A route.
    #[must_use]
    pub fn new(
        path: &'static str,
        method: &'static str,
        who: Who,
        handler: MethodRouter<App>,
    ) -> Self {
        Self { path, method, who, handler }
    }
}

/// The table.
#[must_use]
pub fn table() -> Vec<Row> {
    let mut rows = vec![
        Row::new("/healthz", "GET", Who::Anyone, get(health::healthz)),
        Row::new("/readyz", "GET", Who::Anyone, get(health::readyz)),
        Row::new("/version", "GET", Who::Anyone, get(health::version)),
        Row::new("/kubernetes/management", "*", Who::SignedIn, any(management::handle)),
        Row::new("/kubernetes/management/{*path}", "*", Who::SignedIn, any(management::handle)),
        Row::new("/kubernetes/{*path}", "*", Who::BearerOnly, any(gateway::handle)),
    ];
    rows.extend(audit::rows());
    rows.extend(auth::rows());
    rows.extend(hosts::rows());
    rows
}

/// The longest body of a request, in bytes: kube-apiserver's own limit.
const BODY_MAX: usize = 3 << 20;
/// The longest a request without a stream may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The whole server as one service: what tests and `main` both use.
pub fn router(app: App) -> Router {
    let routes = table()
        .into_iter()
        .fold(Router::new(), |router, row| router.route(row.path, row.handler))
        .fallback(assets::serve)
        .method_not_allowed_fallback(|| async { Error::MethodNotAllowed })
        .layer(DefaultBodyLimit::max(BODY_MAX));
    // The last line is the outermost layer.
    routes
        .layer(middleware::from_fn_with_state(app.clone(), host_is_ours))
        .layer(middleware::from_fn(layers::deadline(TIMEOUT)))
        .layer(middleware::from_fn(layers::no_panic))
        .layer(middleware::from_fn(layers::security_headers))
        .layer(middleware::from_fn(layers::trace))
        .with_state(app)
}

/// Refuses requests for other hosts: a page on another name that resolves to this machine is
/// another origin, and must stay one (DNS rebinding).
async fn host_is_ours(State(app): State<App>, request: Request, next: Next) -> Response {
    if layers::host_of(&request).is_some_and(|it| app.host_names.contains(&it)) {
        return next.run(request).await;
    }
    let status = dormer_api::status::Status::failure(
        421,
        "MisdirectedRequest",
        "this is not the host that was asked for: see --host-name",
    );
    (StatusCode::MISDIRECTED_REQUEST, axum::Json(status)).into_response()
}
