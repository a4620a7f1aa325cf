//! The other end of a tunnel: requests that were decided about before they came.

use axum::extract::Request;
use axum::response::Response;
use futures::FutureExt;
use tokio_util::sync::CancellationToken;

use super::{headers, upgrade};
use crate::kube::{Error, Result};
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
    let (parts, body) = request.into_parts();
    let whole = parts.uri.path_and_query().map_or("/", |it| it.as_str());
    let rest = whole.strip_prefix(prefix).unwrap_or("/");
    let mut onward = Request::new(body);
    *onward.method_mut() = parts.method;
    *onward.uri_mut() = rest.parse().map_err(|_| Error::NoResource)?;
    *onward.headers_mut() = headers::onward(&parts.headers);
    if let Some(upgrade) = &upgrade {
        upgrade.onward(&parts.headers, onward.headers_mut());
    }
    let response = match impersonated(&parts.headers) {
        Some(caller) => upstream.send(caller, onward).await?,
        None => upstream.send_as_platform(onward).await?,
    };
    match upgrade {
        Some(upgrade) => upgrade.join(response, stop, || async { true }.boxed(), ()),
        None => Ok(response),
    }
}
