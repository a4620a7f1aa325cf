//! What every request passes through.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use tracing::{Instrument, error, info_span};

use crate::kube::Error;
use crate::kube::error::Fault;

/// The host that a request asks for, in lower case and without its port.
#[must_use]
pub fn host_of(request: &Request) -> Option<String> {
    let authority = request.uri().authority().map(|it| it.as_str());
    let mut headers = request.headers().get_all(header::HOST).iter();
    let header = headers.next().map(HeaderValue::to_str);
    if headers.next().is_some() {
        return None;
    }
    // An absolute request target that says another host than the header is a trick.
    let host = match (authority, header) {
        (Some(authority), Some(Ok(header))) if authority != header => return None,
        (Some(host), _) | (None, Some(Ok(host))) => host,
        (None, Some(Err(_)) | None) => return None,
    };
    let bare = match host.rsplit_once(':') {
        Some((bare, port)) if port.bytes().all(|it| it.is_ascii_digit()) => bare,
        Some(_) | None => host,
    };
    Some(bare.trim_matches(['[', ']']).to_lowercase())
}

/// One span a request, and one line for a fault on our side. Paths are logged as templates: what
/// stands in a path or query may be anything.
pub async fn trace(mut request: Request, next: Next) -> Response {
    let id = uuid::Uuid::new_v4().simple().to_string();
    let path = request.extensions().get::<MatchedPath>().map_or("-", |it| it.as_str()).to_owned();
    let span = info_span!("request", request.id = %id, method = %request.method(), path);
    let name = HeaderName::from_static("x-request-id");
    let value = HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("-"));
    request.headers_mut().insert(name.clone(), value.clone());
    let begun = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    response.headers_mut().insert(name, value);
    let _in = span.enter();
    if let Some(Fault(fault)) = response.extensions().get::<Fault>() {
        error!(error = %Chain(fault.as_ref()), "request failed");
    }
    let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::debug!(status = response.status().as_u16(), duration_ms, "answered");
    response
}

/// An error with all that caused it.
struct Chain<'a>(&'a (dyn std::error::Error + 'static));

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

/// A panic ends one request and not the server.
pub async fn no_panic(request: Request, next: Next) -> Response {
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => Error::internal("a handler panicked").into_response(),
    }
}

/// Answers 504 where no answer has begun after `limit`. A stream that has begun may go on.
pub fn deadline(
    limit: Duration,
) -> impl Fn(Request, Next) -> Pin<Box<dyn Future<Output = Response> + Send>> + Clone {
    move |request, next| {
        Box::pin(async move {
            match tokio::time::timeout(limit, next.run(request)).await {
                Ok(response) => response,
                Err(_) => Error::Timeout("the request took too long".into()).into_response(),
            }
        })
    }
}

/// What every answer says, whoever made it. The dashboard's own policy is stricter and comes first.
pub async fn security_headers(request: Request, next: Next) -> Response {
    let api = request.uri().path().starts_with("/kubernetes")
        || request.uri().path().starts_with("/auth");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut say = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    say(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    say(header::REFERRER_POLICY, "no-referrer");
    say(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; sandbox");
    say(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    say(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    if api {
        say(header::CACHE_CONTROL, "no-store");
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(uri: &str, host: Option<&str>, expected: Option<&str>) {
        let mut request = Request::builder().uri(uri);
        if let Some(host) = host {
            request = request.header("host", host);
        }
        let request = request.body(axum::body::Body::empty()).unwrap();
        assert_eq!(host_of(&request).as_deref(), expected, "{uri} {host:?}");
    }

    #[test]
    fn the_host_is_told_without_its_port_and_two_that_differ_are_none() {
        check("/", Some("localhost:9898"), Some("localhost"));
        check("/", Some("LOCALHOST"), Some("localhost"));
        check("/", Some("[::1]:9898"), Some("::1"));
        check("http://localhost/", Some("localhost"), Some("localhost"));
        check("http://evil.example/", Some("localhost"), None);
        check("/", None, None);
    }
}
