//! The cookie of a session, and when it may be believed.
//!
//! A cookie goes along with whatever page the browser shows, so it counts only for requests that our
//! own page made: the browser says `Sec-Fetch-Site: same-origin` (or an `Origin` that is ours), and
//! the request has a header that no form and no link can send.

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use cookie::{Cookie, SameSite};

use crate::kube::{Error, Result};

/// The header that only our own page sends.
pub const OWN_HEADER: &str = "x-dormer";
/// Over TLS. The prefix makes the browser insist on `Secure`, `Path=/` and no `Domain`.
const NAME_TLS: &str = "__Host-dormer";
/// Over plain HTTP, which is answered on loopback only.
const NAME_PLAIN: &str = "dormer";

/// The session id that a request carries; nothing if it has none.
///
/// # Errors
/// [`Error::Forbidden`] if it has one but was not made by our own page.
pub fn session_id(parts: &Parts, tls: bool) -> Result<Option<String>> {
    let Some(id) = find(&parts.headers, name(tls)) else { return Ok(None) };
    if parts.headers.contains_key(OWN_HEADER) && is_same_origin(parts) {
        Ok(Some(id))
    } else {
        Err(Error::Forbidden(
            "the session of the dashboard works for the dashboard only: use an access key".into(),
        ))
    }
}

/// Whether our own page made a request.
pub fn is_same_origin(parts: &Parts) -> bool {
    let text = |name: &str| parts.headers.get(name).and_then(|it| it.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    let host = parts.uri.authority().map(|it| it.as_str()).or_else(|| text("host"));
    match (text("origin").and_then(|it| it.split_once("://")), host) {
        (Some((_, origin)), Some(host)) => origin == host,
        // No browser leaves both out of a request that a page made with another method than GET,
        // and the header of our own cannot come from a foreign page without either.
        (None, Some(_)) => !parts.headers.contains_key(header::ORIGIN),
        (_, None) => false,
    }
}

fn name(tls: bool) -> &'static str {
    if tls { NAME_TLS } else { NAME_PLAIN }
}

fn find(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|it| it.to_str().ok())
        .flat_map(Cookie::split_parse)
        .filter_map(std::result::Result::ok)
        .find(|it| it.name() == name)
        .map(|it| it.value().to_owned())
}

/// `Set-Cookie` that begins a session; it goes when the browser is closed.
pub fn begin(id: &str, tls: bool) -> String {
    base(id.to_owned(), tls).to_string()
}

/// `Set-Cookie` that ends a session.
pub fn end(tls: bool) -> String {
    let mut cookie = base(String::new(), tls);
    cookie.make_removal();
    cookie.to_string()
}

fn base(value: String, tls: bool) -> Cookie<'static> {
    Cookie::build((name(tls), value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(tls)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)]) -> Parts {
        let mut request = axum::http::Request::builder().uri("/x").header("host", "localhost:9898");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[track_caller]
    fn check(headers: &[(&str, &str)], expected: bool) {
        assert_eq!(is_same_origin(&request(headers)), expected, "{headers:?}");
    }

    #[test]
    fn only_our_own_page_is_of_the_same_origin() {
        check(&[("sec-fetch-site", "same-origin")], true);
        check(&[("sec-fetch-site", "same-site")], false);
        check(&[("sec-fetch-site", "cross-site"), ("origin", "http://localhost:9898")], false);
        check(&[("sec-fetch-site", "none")], false);
        check(&[("origin", "http://localhost:9898")], true);
        check(&[("origin", "http://localhost:98980")], false);
        check(&[("origin", "http://evil.example")], false);
        check(&[("origin", "null")], false);
    }

    #[test]
    fn a_cookie_without_the_header_of_our_own_is_refused() {
        let cookie = ("cookie", "dormer=abc; other=1");
        let site = ("sec-fetch-site", "same-origin");
        assert!(session_id(&request(&[cookie, site]), false).is_err());
        let whole = request(&[cookie, site, ("x-dormer", "1")]);
        assert_eq!(session_id(&whole, false).unwrap().as_deref(), Some("abc"));
        assert_eq!(session_id(&whole, true).unwrap(), None);
    }

    #[test]
    fn the_cookie_cannot_be_read_by_scripts_or_sent_by_other_sites() {
        assert_eq!(begin("a", true), "__Host-dormer=a; HttpOnly; SameSite=Strict; Secure; Path=/");
        assert_eq!(begin("a", false), "dormer=a; HttpOnly; SameSite=Strict; Path=/");
    }
}
