//! The dashboard, out of the binary.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::kube::Error;

/// A file of the dashboard.
pub struct File {
    /// Without a leading slash.
    pub path: &'static str,
    /// As it is.
    pub raw: &'static [u8],
    /// Compressed; empty where that is not worth it.
    pub brotli: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/dashboard.rs"));

/// What stands in `index.html` where the nonce of the answer goes.
const NONCE: &str = "{{__TRUNK_NONCE__}}";

/// Serves a file of the dashboard, or its page for any other path: the page itself knows its routes.
pub async fn serve(request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    if ["kubernetes", "auth", "agent"]
        .iter()
        .any(|it| path == *it || path.starts_with(&format!("{it}/")))
    {
        return Error::NoResource.into_response();
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return Error::MethodNotAllowed.into_response();
    }
    match FILES.iter().find(|it| it.path == path) {
        Some(file) if path == PROBE => probe(file, request.uri().query()),
        Some(file) if path != "index.html" => asset(file, request.headers()),
        Some(_) | None if is_file(path) && path != "index.html" => {
            StatusCode::NOT_FOUND.into_response()
        }
        Some(_) | None if !wants_page(request.headers()) => Error::NoResource.into_response(),
        Some(_) | None => page(),
    }
}

/// The worker that measures the way from a browser to a direct endpoint. The page itself may speak to
/// nobody but us; the worker may speak to the one host that its URL names.
const PROBE: &str = "probe.js";

fn probe(file: &File, query: Option<&str>) -> Response {
    let host = query.and_then(|it| it.strip_prefix("host=")).map(|it| it.replace("%3A", ":"));
    let Some(host) = host.and_then(|it| dormer_api::endpoint::host(&it).ok()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let policy = format!("default-src 'none'; connect-src https://{}", host.text);
    let mut response = Body::from(file.raw).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(file.path)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match HeaderValue::from_str(&policy) {
        Ok(policy) => headers.insert(header::CONTENT_SECURITY_POLICY, policy),
        Err(_) => return StatusCode::NOT_FOUND.into_response(),
    };
    response
}

/// Whether the client is one that shows pages. `kubectl get --raw` of a path that is not there must
/// not print a page and call it well done.
fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|it| it.to_str().ok());
    accept.is_none_or(|it| it.contains("text/html") || it.trim() == "*/*")
}

/// Whether a path means a file: its last part has a dot in it.
fn is_file(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|it| it.contains('.'))
}

fn asset(file: &File, headers: &HeaderMap) -> Response {
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|it| it.to_str().ok());
    let brotli = !file.brotli.is_empty()
        && accepts
            .is_some_and(|it| it.split(',').any(|it| it.trim().split(';').next() == Some("br")));
    let etag = format!("\"{:08x}\"", crc32fast::hash(file.raw));
    let etag = HeaderValue::from_str(&etag).unwrap_or(HeaderValue::from_static("\"\""));
    if headers.get(header::IF_NONE_MATCH) == Some(&etag) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response();
    }
    let mut response = Body::from(if brotli { file.brotli } else { file.raw }).into_response();
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(file.path)));
    out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    out.insert(header::ETAG, etag);
    let cache =
        if is_hashed(file.path) { "public, max-age=31536000, immutable" } else { "no-cache" };
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if brotli {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    response
}

/// Whether Trunk put a hash into the name: then another content has another name.
fn is_hashed(path: &str) -> bool {
    let hash = |part: &str| part.len() >= 14 && part.bytes().all(|it| it.is_ascii_hexdigit());
    path.split(['-', '_', '.', '/']).any(hash)
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json" | "webmanifest") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("wasm") => "application/wasm",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// The page, with a nonce of its own.
fn page() -> Response {
    let Some(page) = FILES.iter().find(|it| it.path == "index.html") else {
        let words = "The dashboard is not in this binary: run `trunk build --release` and build the server again.\n";
        return (StatusCode::NOT_FOUND, words).into_response();
    };
    let nonce = match crate::auth::random::<16>() {
        Ok(bytes) => bytes.iter().map(|it| format!("{it:02x}")).collect::<String>(),
        Err(error) => return error.into_response(),
    };
    let text = String::from_utf8_lossy(page.raw).replace(NONCE, &nonce);
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' 'nonce-{nonce}'; style-src 'self'; \
         img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; \
         base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
    );
    let mut response = Body::from(text).into_response();
    let headers = response.headers_mut();
    let mut say = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    say(header::CONTENT_TYPE, "text/html; charset=utf-8");
    say(header::CONTENT_SECURITY_POLICY, &policy);
    say(header::CACHE_CONTROL, "no-store");
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_with_a_hash_in_it_may_be_kept_for_ever() {
        assert!(is_hashed("dormer-app-1a2b3c4d5e6f7a8b_bg.wasm"));
        assert!(is_hashed("tokens-1a2b3c4d5e6f7a8b.css"));
        assert!(!is_hashed("stylers.css"));
        assert!(!is_hashed("theme.js"));
    }

    #[test]
    fn a_path_with_a_dot_in_its_last_part_is_a_file_and_others_are_pages() {
        assert!(is_file("favicon.svg"));
        assert!(!is_file("vclusters"));
        assert!(!is_file("a.b/c"));
    }
}
