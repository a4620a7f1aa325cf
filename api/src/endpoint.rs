//! The form of a direct endpoint: what may stand in it, and the manifest that exposes the agent.

use std::net::Ipv6Addr;

mod authority;
mod ingress;

pub use authority::{AuthorityError, authority};
pub use ingress::ingress;

use crate::name::dns_subdomain;

/// The port of a host that names none.
pub const DEFAULT_PORT: u16 = 443;
/// The note beside a host that was pasted as a URL.
pub const REMOVED_SCHEME: &str = "Removed https:// - only the host is needed";

/// A host that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// The host and, where it was given, the port, in lower case.
    pub text: String,
    /// What was done to what was typed.
    pub note: Option<&'static str>,
}

/// Why a text is not the host of an endpoint. The words stand under the field in the page and in the
/// `Status` alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// Nothing was given.
    #[error("Give a host, such as eu-1.example.com or eu-1.example.com:8443.")]
    Empty,
    /// A scheme without encryption, or none that we know.
    #[error("Direct endpoints are always https. Give the host alone.")]
    Scheme,
    /// Something stands after the host.
    #[error("No path here")]
    Path,
    /// A user name stands before the host.
    #[error("No user name here, only the host.")]
    User,
    /// What stands after the last colon is not a port.
    #[error("The port is a number from 1 to 65535.")]
    Port,
    /// An IPv6 address without its brackets.
    #[error("Put an IPv6 address in brackets, such as [2001:db8::1]:8443.")]
    Brackets,
    /// A character that no host name has, or a name that none can be.
    #[error("Only a-z, 0-9, . and -, then :port where it is not 443.")]
    Characters,
}

/// Checks the host of a direct endpoint as it was typed or pasted.
///
/// # Errors
/// The first rule that `text` breaks.
pub fn host(text: &str) -> Result<Host, HostError> {
    let lower = text.trim().to_ascii_lowercase();
    let bare = lower.strip_prefix("https://");
    let note = bare.map(|_| REMOVED_SCHEME);
    let bare = bare.unwrap_or(&lower);
    if bare.contains("://") {
        return Err(HostError::Scheme);
    }
    // A browser's address line puts one slash after every host.
    let bare = bare.strip_suffix('/').unwrap_or(bare);
    if bare.is_empty() {
        return Err(HostError::Empty);
    }
    if bare.contains(['/', '?', '#']) {
        return Err(HostError::Path);
    }
    if bare.contains('@') {
        return Err(HostError::User);
    }
    let (name, port) = split(bare)?;
    if let Some(port) = port {
        let digits = (1..=5).contains(&port.len()) && port.bytes().all(|it| it.is_ascii_digit());
        if !digits || !port.parse::<u16>().is_ok_and(|it| it > 0) {
            return Err(HostError::Port);
        }
    }
    let fine = match name.strip_prefix('[') {
        Some(address) => address.trim_end_matches(']').parse::<Ipv6Addr>().is_ok(),
        None => dns_subdomain(name).is_ok(),
    };
    if !fine {
        return Err(HostError::Characters);
    }
    Ok(Host { text: bare.to_owned(), note })
}

/// The host, brackets and all, and what stands after its colon.
fn split(text: &str) -> Result<(&str, Option<&str>), HostError> {
    if text.starts_with('[') {
        let end = text.find(']').ok_or(HostError::Brackets)?;
        let (address, rest) = text.split_at(end + 1);
        return match rest.strip_prefix(':') {
            Some(port) => Ok((address, Some(port))),
            None if rest.is_empty() => Ok((address, None)),
            None => Err(HostError::Port),
        };
    }
    match text.matches(':').count() {
        0 => Ok((text, None)),
        1 => Ok(text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)))),
        _ => Err(HostError::Brackets),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, HostError>) {
        assert_eq!(host(text).map(|it| it.text).as_deref(), expected.as_deref(), "{text:?}");
    }

    #[test]
    fn a_host_may_have_a_port() {
        check("eu-1.example.com", Ok("eu-1.example.com"));
        check("eu-1.example.com:8443", Ok("eu-1.example.com:8443"));
        check("10.0.0.1:1", Ok("10.0.0.1:1"));
        check("[::1]:8443", Ok("[::1]:8443"));
        check("[2001:db8::1]", Ok("[2001:db8::1]"));
        check(" EU-1.Example.com ", Ok("eu-1.example.com"));
    }

    #[test]
    fn a_pasted_url_loses_its_scheme_and_says_so() {
        let host = host("https://eu-1.example.com/").unwrap();
        assert_eq!(host.text, "eu-1.example.com");
        assert_eq!(host.note, Some("Removed https:// - only the host is needed"));
    }

    #[test]
    fn each_fault_has_its_own_words() {
        check("", Err(HostError::Empty));
        check("https://", Err(HostError::Empty));
        check("http://eu-1.example.com", Err(HostError::Scheme));
        check("eu-1.example.com/kubernetes", Err(HostError::Path));
        check("https://eu-1.example.com/?a", Err(HostError::Path));
        check("me@eu-1.example.com", Err(HostError::User));
        for port in ["0", "65536", "", "80a", "+80", "000443"] {
            check(&format!("eu-1.example.com:{port}"), Err(HostError::Port));
        }
        check("::1", Err(HostError::Brackets));
        check("[::1", Err(HostError::Brackets));
        check("[::1]8443", Err(HostError::Port));
        check("[fe80::1%eth0]:1", Err(HostError::Characters));
        for name in ["eu_1", "eu-1.", "-eu", "a..b", "eu 1", "é.example.com", "[]"] {
            check(name, Err(HostError::Characters));
        }
        assert_eq!(HostError::Path.to_string(), "No path here");
    }

    proptest! {
        /// What passes is read by everybody as that host and nothing else.
        #[test]
        fn what_passes_is_a_host_and_stays_what_it_is(text in "(https://)?[a-z0-9.:@/\\[\\]%-]{0,30}") {
            if let Ok(checked) = host(&text) {
                prop_assert!(!checked.text.contains(['/', '@', '%', '?', '#', ' ', '\\']));
                let again = host(&checked.text).unwrap();
                prop_assert_eq!(&again.text, &checked.text);
                prop_assert_eq!(again.note, None);
            }
        }
    }
}
