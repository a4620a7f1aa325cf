//! The other end of a tunnel: requests that were decided about before they came.

use axum::extract::Request;
use axum::response::Response;
use futures::FutureExt;
use tokio_util::sync::CancellationToken;

use super::{forward, upgrade};
use crate::kube::Result;
use crate::upstream::{Upstream, impersonated};

/// Answers what came over a tunnel, below `prefix`: for the person that it names, or for the platform
/// itself where it names nobody. Who may what was decided at the other end.
///
/// # Errors
/// Nothing came back.
pub async fn relay(
    upstream: &Upstream,
    prefix: &str,
    stop: CancellationToken,
    mut request: Request,
) -> Result<Response> {
    let upgrade = upgrade::Asked::of(&mut request)?;
    let person = impersonated(request.headers());
    let whole = request.uri().path_and_query().map_or("/", |it| it.as_str());
    let rest = whole.strip_prefix(prefix).unwrap_or("/").to_owned();
    let onward = forward(&rest, request, upgrade.as_ref())?;
    let response = match person {
        Some(caller) => upstream.send(caller, onward).await?,
        None => upstream.send_as_platform(onward).await?,
    };
    match upgrade {
        Some(upgrade) => upgrade.join(response, stop, || async { true }.boxed(), ()),
        None => Ok(response),
    }
}
