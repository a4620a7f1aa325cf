//! The headers that pass the gateway. What goes on is built from this list, never copied and then
//! cleaned: a header that nobody thought of does not pass.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, Response, StatusCode, header};

/// What a Kubernetes API server reads of a request. Identity is not among them: it goes in last, and
/// from us.
const ONWARD: [HeaderName; 7] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::USER_AGENT,
];

/// What an answer may say to a browser's store or about our whole origin, and so never does.
const NEVER_BACK: [&str; 9] = [
    "set-cookie",
    "clear-site-data",
    "service-worker-allowed",
    "refresh",
    "link",
    "alt-svc",
    "strict-transport-security",
    "access-control-allow-origin",
    "access-control-allow-credentials",
];

/// What an answer says of the one connection that it came over, which is not the client's.
const HOP_BY_HOP: [HeaderName; 7] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// The headers of a request as it goes on.
pub(super) fn onward(came: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for name in ONWARD {
        for value in came.get_all(&name) {
            headers.append(name.clone(), value.clone());
        }
    }
    headers
}

/// An answer without what it must not say.
pub(super) fn clean(mut response: Response<Body>) -> Response<Body> {
    for name in NEVER_BACK {
        response.headers_mut().remove(name);
    }
    // What is said of a change of protocol, `upgrade` reads and says anew.
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        for name in named_hops(response.headers()).into_iter().chain(HOP_BY_HOP) {
            response.headers_mut().remove(name);
        }
    }
    response
}

/// The headers that `Connection` names.
fn named_hops(headers: &HeaderMap) -> Vec<HeaderName> {
    let said = headers.get_all(header::CONNECTION).iter().filter_map(|it| it.to_str().ok());
    said.flat_map(|it| it.split(',')).filter_map(|it| it.trim().parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_cookies_and_hop_by_hop_headers_do_not_pass() {
        let mut came = HeaderMap::new();
        for name in [
            "authorization",
            "cookie",
            "impersonate-user",
            "x-remote-user",
            "connection",
            "x-forwarded-for",
        ] {
            came.insert(HeaderName::from_static(name), "x".parse().unwrap());
        }
        came.insert(header::ACCEPT, "application/json".parse().unwrap());
        let passed = onward(&came);
        assert_eq!(passed.len(), 1);
        assert_eq!(passed[header::ACCEPT], "application/json");
    }
}
