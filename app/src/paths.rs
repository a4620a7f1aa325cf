//! Every URL that the page links to or calls.

use dormer_api::name::project_namespace;

/// The home page: the list of virtual clusters.
pub const VCLUSTERS: &str = "/vclusters";
/// The list of host clusters.
pub const CLUSTERS: &str = "/clusters";
/// The wizard that connects a cluster.
pub const CONNECT_CLUSTER: &str = "/clusters/connect";
/// The list of people.
pub const USERS: &str = "/users";
/// The caller's own access keys.
pub const ACCESS_KEYS: &str = "/access-keys";
/// Sign-in.
pub const LOGIN: &str = "/login";

/// Says that the central instance is there. Needs no sign-in.
pub const HEALTH: &str = "/healthz";

/// The worker that measures the way to a direct endpoint, with a policy for that host alone. What
/// only a host has, a port and the brackets of an address, is left as it is.
pub fn probe(host: &str) -> String {
    let host = encode(host).replace("%3A", ":").replace("%5B", "[").replace("%5D", "]");
    format!("/probe.js?host={host}")
}

/// The wizard for a cluster that has a name, at whatever step it is.
pub fn connect_cluster(name: &str) -> String {
    format!("{CONNECT_CLUSTER}/{}", encode(name))
}

/// The panel that makes a virtual cluster, with its host chosen.
pub fn new_vcluster_on(host: &str) -> String {
    format!("{VCLUSTERS}?panel=new&host={}", encode(host))
}

/// The sign-in page, and where it goes on to.
pub fn login(next: &str) -> String {
    format!("{LOGIN}?next={}", encode(next))
}

/// The link that lets an invited person set their first password.
pub fn invite(origin: &str, token: &str) -> String {
    format!("{origin}/invite?token={}", encode(token))
}

/// Where a CLI waits for its key. Fixed, so that no link can send a key anywhere else.
pub fn cli_callback(key: &str) -> String {
    format!("http://localhost:25843/login?key={}", encode(key))
}

/// `next` if it is a path of this page, else the home page. Never leads to another site.
pub fn next_or_home(next: Option<&str>) -> String {
    match next {
        Some(next) if is_own_path(next) => next.to_owned(),
        Some(_) | None => VCLUSTERS.to_owned(),
    }
}

/// It begins with one `/`, and holds nothing that a browser reads as the beginning of a host.
fn is_own_path(path: &str) -> bool {
    let mut chars = path.chars();
    let rooted = chars.next() == Some('/') && !matches!(chars.next(), Some('/' | '\\'));
    rooted && !path.contains('\\') && !path.chars().any(char::is_control)
}

/// Percent-encodes everything but the unreserved characters of RFC 3986, §2.3.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// What the page calls.
pub mod api {
    use super::{encode, project_namespace};

    /// The management API.
    const MANAGEMENT: &str = "/kubernetes/management/apis/management.loft.sh/v1";

    /// Sign in and out.
    pub const SESSION: &str = "/auth/session";
    /// Facts about the instance.
    pub const INSTANCE: &str = "/auth/instance";
    /// Set a first password.
    pub const INVITE: &str = "/auth/invite";
    /// Ask whom an invite is for.
    pub const INVITE_INSPECT: &str = "/auth/invite/inspect";

    /// A resource of the whole cluster.
    pub fn resource(resource: &str) -> String {
        format!("{MANAGEMENT}/{resource}")
    }

    /// One object of a resource of the whole cluster.
    pub fn object(resource: &str, name: &str) -> String {
        format!("{MANAGEMENT}/{resource}/{}", encode(name))
    }

    /// A part of one object.
    pub fn part(resource: &str, name: &str, part: &str) -> String {
        format!("{MANAGEMENT}/{resource}/{}/{part}", encode(name))
    }

    /// The host clusters as rows that bring their whole objects.
    pub fn whole_clusters() -> String {
        format!("{}?includeObject=Object", resource("clusters"))
    }

    /// One host cluster, as a list that can be followed.
    pub fn one_cluster(name: &str) -> String {
        let selector = encode(&format!("metadata.name={name}"));
        format!("{}&fieldSelector={selector}", whole_clusters())
    }

    /// The virtual clusters of a project.
    pub fn vclusters(project: &str) -> String {
        let namespace = project_namespace(project);
        format!("{MANAGEMENT}/namespaces/{}/virtualclusterinstances", encode(&namespace))
    }

    /// One virtual cluster.
    pub fn vcluster(project: &str, name: &str) -> String {
        format!("{}/{}", vclusters(project), encode(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_goes_where_the_api_is() {
        let m = "/kubernetes/management/apis/management.loft.sh/v1";
        assert_eq!(api::resource("clusters"), format!("{m}/clusters"));
        assert_eq!(api::object("users", "a/b"), format!("{m}/users/a%2Fb"));
        assert_eq!(
            api::part("projects", "web", "templates"),
            format!("{m}/projects/web/templates")
        );
        assert_eq!(
            api::vcluster("web", "calm-otter"),
            format!("{m}/namespaces/loft-p-web/virtualclusterinstances/calm-otter")
        );
    }

    #[test]
    fn a_host_in_a_query_is_encoded() {
        assert_eq!(probe("[::1]:8443"), "/probe.js?host=[::1]:8443");
        assert_eq!(probe("a&b/"), "/probe.js?host=a%26b%2F");
        assert_eq!(connect_cluster("eu/1"), "/clusters/connect/eu%2F1");
        assert!(api::one_cluster("eu-1").ends_with("Object&fieldSelector=metadata.name%3Deu-1"));
    }

    #[test]
    fn a_secret_in_a_link_is_encoded() {
        assert_eq!(invite("https://hub", "a+b/c="), "https://hub/invite?token=a%2Bb%2Fc%3D");
        assert_eq!(cli_callback("vck_a&b"), "http://localhost:25843/login?key=vck_a%26b");
    }

    #[track_caller]
    fn check(next: &str, expected: &str) {
        assert_eq!(next_or_home(Some(next)), expected, "{next:?}");
    }

    #[test]
    fn sign_in_never_leads_to_another_site() {
        check("/users?q=a", "/users?q=a");
        check("//evil.example", VCLUSTERS);
        check("/\\evil.example", VCLUSTERS);
        check("/\t/evil.example", VCLUSTERS);
        check("https://evil.example", VCLUSTERS);
        check("javascript:alert(1)", VCLUSTERS);
        check("", VCLUSTERS);
    }
}
