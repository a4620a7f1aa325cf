//! From a path to where it leads. Parsed once: what is authorized is what is forwarded.

use axum::http::Uri;
use dormer_api::name;

use crate::audit::{Entry, annotation};
use crate::kube::{Error, Result};

/// Where a request leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub place: Place,
    /// Path and query for the other side, byte for byte as they came.
    pub rest: String,
}

/// What a request goes through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// `/kubernetes/cluster/<c>/…`
    Cluster { cluster: String },
    /// `/kubernetes/project/<p>/virtualcluster/<v>/…`
    VirtualCluster { project: String, name: String },
    /// `/kubernetes/virtualcluster/<c>/<ns>/<v>/…`: by its place in its host, as Loft 2 has it.
    InHost { cluster: String, namespace: String, name: String },
}

impl Place {
    /// Says in the audit trail what the path says.
    pub(super) fn said(&self, entry: &Entry) {
        match self {
            Self::Cluster { cluster } => entry.say(annotation::CLUSTER, cluster),
            Self::VirtualCluster { project, name } => {
                entry.say(annotation::PROJECT, project);
                entry.say(annotation::VIRTUAL_CLUSTER, name);
            }
            Self::InHost { cluster, name, .. } => {
                entry.say(annotation::CLUSTER, cluster);
                entry.say(annotation::VIRTUAL_CLUSTER, name);
            }
        }
    }
}

impl Target {
    /// Reads a path that begins with `/kubernetes/`. Beside a host cluster its name is left out of
    /// the path: there is only the one.
    pub(super) fn parse(uri: &Uri, beside: Option<&str>) -> Result<Self> {
        let path = uri.path().strip_prefix("/kubernetes/").ok_or(Error::NoResource)?;
        let end = path.find('/').unwrap_or(path.len());
        let (kind, after) = path.split_at(end);
        let cluster = |after| match beside {
            Some(here) => Ok((here.to_owned(), after)),
            None => segment(after),
        };
        let (place, rest) = match kind {
            "cluster" => {
                let (cluster, rest) = cluster(after)?;
                (Place::Cluster { cluster }, rest)
            }
            "project" => {
                let (project, after) = segment(after)?;
                let after = after.strip_prefix("/virtualcluster").ok_or(Error::NoResource)?;
                let (name, rest) = segment(after)?;
                (Place::VirtualCluster { project, name }, rest)
            }
            "virtualcluster" => {
                let (cluster, after) = cluster(after)?;
                let (namespace, after) = segment(after)?;
                let (name, rest) = segment(after)?;
                (Place::InHost { cluster, namespace, name }, rest)
            }
            _ => return Err(Error::NoResource),
        };
        if !is_plain(rest) {
            return Err(Error::BadRequest("the path has parts that mean two things".into()));
        }
        let rest = if rest.is_empty() { "/" } else { rest };
        let query = uri.query().map(|it| format!("?{it}")).unwrap_or_default();
        Ok(Self { place, rest: format!("{rest}{query}") })
    }
}

/// The segment behind the slash that `path` begins with, which has to be a name, and what follows
/// it, from its slash on.
fn segment(path: &str) -> Result<(String, &str)> {
    let path = path.strip_prefix('/').ok_or(Error::NoResource)?;
    let end = path.find('/').unwrap_or(path.len());
    let (segment, rest) = path.split_at(end);
    name::dns_label(segment).map_err(|_| Error::NoResource)?;
    Ok((segment.to_owned(), rest))
}

/// Whether nobody on the way could read the path as another one: no dot segments, nothing empty in
/// the middle, no encoded slash, dot, backslash or nul.
fn is_plain(rest: &str) -> bool {
    let lower = rest.to_ascii_lowercase();
    let encoded = ["%2e", "%2f", "%5c", "%00"].iter().any(|it| lower.contains(it));
    let strange = rest.contains(['\\', ';']) || rest.contains("//");
    let dots = rest.split('/').any(|it| it == "." || it == "..");
    !encoded && !strange && !dots
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(path: &str, place: Option<Place>, rest: &str) {
        let target = Target::parse(&path.parse().unwrap(), None).ok();
        assert_eq!(target, place.map(|place| Target { place, rest: rest.into() }), "{path}");
    }

    fn vcluster(project: &str, name: &str) -> Option<Place> {
        Some(Place::VirtualCluster { project: project.into(), name: name.into() })
    }

    #[test]
    fn a_path_names_a_place_and_the_rest_is_left_as_it_is() {
        check(
            "/kubernetes/project/web/virtualcluster/a/api/v1/pods?limit=5",
            vcluster("web", "a"),
            "/api/v1/pods?limit=5",
        );
        check("/kubernetes/project/web/virtualcluster/a", vcluster("web", "a"), "/");
        check("/kubernetes/cluster/eu/api", Some(Place::Cluster { cluster: "eu".into() }), "/api");
        check("/kubernetes/virtualcluster/eu/ns/a/api", in_host("eu", "ns", "a"), "/api");
    }

    fn in_host(cluster: &str, namespace: &str, name: &str) -> Option<Place> {
        let (cluster, namespace, name) = (cluster.into(), namespace.into(), name.into());
        Some(Place::InHost { cluster, namespace, name })
    }

    #[test]
    fn beside_a_cluster_the_path_does_not_name_it() {
        for (path, place, rest) in [
            ("/kubernetes/cluster/api", Some(Place::Cluster { cluster: "eu".into() }), "/api"),
            ("/kubernetes/cluster", Some(Place::Cluster { cluster: "eu".into() }), "/"),
            ("/kubernetes/virtualcluster/ns/a/api", in_host("eu", "ns", "a"), "/api"),
            ("/kubernetes/project/web/virtualcluster/a", vcluster("web", "a"), "/"),
            ("/kubernetes/clusters/api", None, ""),
        ] {
            let target = Target::parse(&path.parse().unwrap(), Some("eu")).ok();
            let expected = place.map(|place| Target { place, rest: rest.into() });
            assert_eq!(target, expected, "{path}");
        }
    }

    #[test]
    fn what_is_not_a_place_is_nothing() {
        for path in [
            "/kubernetes/",
            "/kubernetes/project/web",
            "/kubernetes/project/web/space/a/api",
            "/kubernetes/cluster/",
            "/kubernetes/project/We_b/virtualcluster/a",
        ] {
            check(path, None, "");
        }
    }

    #[test]
    fn a_path_that_could_be_read_in_two_ways_is_refused() {
        for rest in ["/../b/api", "/%2e%2e/b", "/a%2Fb", "/a//b", "/.", "/a%5cb", "/a%00", "/a;b"] {
            check(&format!("/kubernetes/project/web/virtualcluster/a{rest}"), None, "");
        }
    }

    proptest! {
        #[test]
        fn what_goes_on_is_what_came_after_the_place(rest in "(/[a-z0-9:.-]{1,8}){0,5}") {
            let path = format!("/kubernetes/project/web/virtualcluster/a{rest}");
            if let Ok(target) = Target::parse(&path.parse().unwrap(), None) {
                let expected = if rest.is_empty() { "/".to_owned() } else { rest };
                prop_assert_eq!(target.rest, expected);
            }
        }
    }
}
