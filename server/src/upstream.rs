//! A Kubernetes API that a request can be handed to, wherever it is: in this process, over the
//! network, or behind an agent's tunnel.
//!
//! Whoever the request is for goes in here, last and exactly once.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use axum::response::Response;

use crate::auth::Caller;
use crate::kube::server::ApiServer;
use crate::kube::{Error, Result};
use crate::tunnel::Link;

/// The user to be.
const USER: HeaderName = HeaderName::from_static("impersonate-user");
/// The uid to be.
const UID: HeaderName = HeaderName::from_static("impersonate-uid");
/// A group to be in; once for each.
const GROUP: HeaderName = HeaderName::from_static("impersonate-group");
/// What the name of a person begins with in a cluster that is not ours: nobody is taken there for a
/// user of that cluster's own.
const PERSON: &str = "loft:user:";
/// The longest body of a request, in bytes: kube-apiserver's own limit.
const BODY_MAX: usize = 3 << 20;

/// Where requests can go.
#[derive(Clone)]
pub enum Upstream {
    /// In this process.
    Local(ApiServer),
    /// Somebody else's API server, which lets us impersonate.
    Remote(::kube::Client),
    /// Behind an agent, below this path of what it answers.
    Tunnel(Link, String),
}

impl Upstream {
    /// Asks as `caller`. The request's path begins at the root of the API, and its headers are from
    /// the allowlist.
    ///
    /// # Errors
    /// Nothing came back.
    pub async fn send(&self, caller: Caller, request: Request) -> Result<Response> {
        match self {
            Self::Local(server) => Ok(server.handle(caller, request).await),
            Self::Remote(client) => {
                let name = format!("{PERSON}{}", caller.name);
                through(client, impersonating(request, &name, &caller)?).await
            }
            Self::Tunnel(link, prefix) => {
                let request = impersonating(request, &caller.name, &caller)?;
                Ok(link.send(below(prefix, request)?).await.map_err(away)?)
            }
        }
    }

    /// Asks as the platform itself: for our own controllers, and never for a request of a person.
    ///
    /// # Errors
    /// Nothing came back.
    pub async fn send_as_platform(&self, request: Request) -> Result<Response> {
        match self {
            Self::Local(server) => Ok(server.handle(Caller::controller("central"), request).await),
            Self::Remote(client) => through(client, request).await,
            Self::Tunnel(link, prefix) => {
                Ok(link.send(below(prefix, request)?).await.map_err(away)?)
            }
        }
    }
}

/// Over a client, which takes no stream: what is longer is refused at the other end too.
async fn through(client: &::kube::Client, request: Request) -> Result<Response> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_MAX).await.map_err(|_| Error::TooLarge)?;
    let request = Request::from_parts(parts, ::kube::client::Body::from(body));
    Ok(client.send(request).await.map_err(away)?.map(Body::new))
}

/// The cluster does not answer. What broke is for the log: it may name hosts and ports of a network
/// that the caller does not know.
fn away(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    tracing::debug!(error = &error as &dyn std::error::Error, "a cluster does not answer");
    Error::Unavailable { message: "the cluster does not answer".into(), retry_after_seconds: 1 }
}

/// The request with its path below `prefix`.
///
/// # Errors
/// The two do not make a path.
pub fn below(prefix: &str, request: Request) -> Result<Request> {
    let (Parts { uri, method, headers, extensions, .. }, body) = request.into_parts();
    let rest = uri.path_and_query().map_or("/", |it| it.as_str());
    let mut onward = Request::new(body);
    *onward.uri_mut() = format!("{prefix}{rest}").parse::<Uri>().map_err(|_| Error::NoResource)?;
    *onward.method_mut() = method;
    *onward.headers_mut() = headers;
    *onward.extensions_mut() = extensions;
    Ok(onward)
}

fn impersonating(mut request: Request, name: &str, caller: &Caller) -> Result<Request> {
    let headers = request.headers_mut();
    // The allowlist has none of them; that they go in once does not hang on it.
    for header in [&USER, &UID, &GROUP] {
        headers.remove(header);
    }
    headers.insert(&USER, value(name)?);
    if !caller.uid.is_empty() {
        headers.insert(&UID, value(&caller.uid)?);
    }
    for group in &caller.groups {
        headers.append(&GROUP, value(group)?);
    }
    Ok(request)
}

fn value(text: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(text).map_err(|_| Error::Forbidden("this name cannot be sent on".into()))
}

/// Whom the other side of a tunnel says that a request is for; nothing where it speaks for itself.
#[must_use]
pub fn impersonated(headers: &HeaderMap) -> Option<Caller> {
    let text = |it: &HeaderValue| it.to_str().ok().map(str::to_owned);
    let name = headers.get(&USER).and_then(text)?;
    let uid = headers.get(&UID).and_then(text).unwrap_or_default();
    let groups = headers.get_all(&GROUP).iter().filter_map(text).collect();
    Some(Caller { name, uid, groups, teams: Vec::new(), admin: false, key: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t30_identity_goes_in_once_and_is_read_back() {
        let mut request = Request::new(Body::empty());
        for name in ["impersonate-user", "impersonate-group", "impersonate-uid"] {
            request.headers_mut().append(HeaderName::from_static(name), "evil".parse().unwrap());
        }
        let caller = Caller {
            name: "anna".into(),
            uid: "1".into(),
            groups: vec!["a".into(), "b".into()],
            teams: Vec::new(),
            admin: false,
            key: None,
        };
        let request = impersonating(request, "anna", &caller).unwrap();
        assert_eq!(impersonated(request.headers()), Some(caller));
        assert_eq!(request.headers().len(), 4);
    }

    #[test]
    fn a_prefix_goes_in_front_and_the_rest_stays() {
        let request = Request::builder().uri("/api/v1/pods?limit=5").body(Body::empty()).unwrap();
        let request = below("/host", request).unwrap();
        assert_eq!(request.uri().to_string(), "/host/api/v1/pods?limit=5");
    }
}
