//! What the central instance may ask over the line: the host's API and those of its virtual clusters,
//! for itself or for the person that it names.

use std::collections::HashMap;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::{any, get};

use super::Beside;
use crate::gateway::relay;
use crate::hosts::tunnel::WHO;
use crate::hosts::{TUNNEL_HOST, TUNNEL_VIRTUAL_CLUSTER};
use crate::kube::{Error, Result};

/// Where one virtual cluster is: [`TUNNEL_VIRTUAL_CLUSTER`] with the names of its parts.
const ONE: &str = "/virtualcluster/{namespace}/{name}";

/// The service.
pub(super) fn router(beside: Beside) -> Router {
    Router::new()
        .route(WHO, get(who))
        .route(&format!("{TUNNEL_HOST}/"), any(host))
        .route(&format!("{TUNNEL_HOST}/{{*path}}"), any(host))
        .route(&format!("{ONE}/"), any(virtual_cluster))
        .route(&format!("{ONE}/{{*path}}"), any(virtual_cluster))
        .with_state(beside)
}

async fn who(State(beside): State<Beside>) -> String {
    beside.hello.process.clone()
}

async fn host(State(beside): State<Beside>, request: Request) -> Result<Response> {
    relay(&beside.agent.api(), TUNNEL_HOST, beside.stop.clone(), request).await
}

async fn virtual_cluster(
    State(beside): State<Beside>,
    Path(parts): Path<HashMap<String, String>>,
    request: Request,
) -> Result<Response> {
    let part = |name: &str| parts.get(name).cloned().unwrap_or_default();
    let (namespace, name) = (part("namespace"), part("name"));
    let found = beside.agent.virtual_cluster(&namespace, &name).await;
    let upstream = found.ok_or_else(|| Error::Unavailable {
        message: format!("{name} does not answer yet"),
        retry_after_seconds: 2,
    })?;
    let prefix = format!("{TUNNEL_VIRTUAL_CLUSTER}/{namespace}/{name}");
    relay(&upstream, &prefix, beside.stop.clone(), request).await
}
