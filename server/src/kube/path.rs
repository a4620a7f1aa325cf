//! A request's path, read once and strictly.

use axum::http::Method;

use super::resource::{Attributes, Verb};
use super::{Error, Result};

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// `/healthz`, `/livez`, `/readyz`.
    Health,
    /// `/version`.
    Version,
    /// `/api`: the versions of the core group.
    CoreVersions,
    /// `/apis`: the groups.
    Groups,
    /// `/apis/<group>`.
    Group(String),
    /// `/api/v1`, `/apis/<group>/<version>`.
    Resources {
        /// Empty for the core group.
        group: String,
        /// Such as `v1`.
        version: String,
    },
    /// `/openapi/v2`.
    OpenApiV2,
    /// `/openapi/v3`.
    OpenApiIndex,
    /// `/openapi/v3/<rest>`, such as `apis/apps/v1`.
    OpenApi(String),
    /// Objects.
    Objects(Place),
}

/// Objects that a path names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Empty for the core group.
    pub group: String,
    /// Such as `v1`.
    pub version: String,
    /// Empty where the path names none.
    pub namespace: String,
    /// Such as `configmaps`.
    pub resource: String,
    /// Empty for a collection.
    pub name: String,
    /// Empty for the object itself.
    pub subresource: String,
}

/// Parts of the `namespaces` resource rather than resources in a namespace.
const NAMESPACE_PARTS: [&str; 2] = ["status", "finalize"];

/// Reads a path.
///
/// # Errors
/// [`Error::BadRequest`] for what a proxy in between may read otherwise (T33), [`Error::NoResource`]
/// for what is not ours.
pub(crate) fn parse(path: &str) -> Result<Target> {
    let segments = segments(path)?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["healthz" | "livez" | "readyz"] => Ok(Target::Health),
        ["version"] => Ok(Target::Version),
        ["openapi", "v2"] => Ok(Target::OpenApiV2),
        ["openapi", "v3"] => Ok(Target::OpenApiIndex),
        ["openapi", "v3", rest @ ..] => Ok(Target::OpenApi(rest.join("/"))),
        ["api"] => Ok(Target::CoreVersions),
        ["api", version] => {
            Ok(Target::Resources { group: String::new(), version: (*version).into() })
        }
        ["api", version, rest @ ..] => objects("", version, rest).map(Target::Objects),
        ["apis"] => Ok(Target::Groups),
        ["apis", group] => Ok(Target::Group((*group).into())),
        ["apis", group, version] => {
            Ok(Target::Resources { group: (*group).into(), version: (*version).into() })
        }
        ["apis", group, version, rest @ ..] => objects(group, version, rest).map(Target::Objects),
        _ => Err(Error::NoResource),
    }
}

fn objects(group: &str, version: &str, rest: &[&str]) -> Result<Place> {
    let (namespace, rest) = match rest {
        ["namespaces", _, part] if NAMESPACE_PARTS.contains(part) => ("", rest),
        ["namespaces", namespace, inner @ ..] if !inner.is_empty() => (*namespace, inner),
        _ => ("", rest),
    };
    let (resource, name, subresource) = match rest {
        [resource] => (*resource, "", ""),
        [resource, name] => (*resource, *name, ""),
        [resource, name, subresource] => (*resource, *name, *subresource),
        _ => return Err(Error::NoResource),
    };
    Ok(Place {
        group: group.into(),
        version: version.into(),
        namespace: namespace.into(),
        resource: resource.into(),
        name: name.into(),
        subresource: subresource.into(),
    })
}

fn segments(path: &str) -> Result<Vec<String>> {
    let Some(rest) = path.strip_prefix('/') else { return Err(refused(path)) };
    rest.split('/').map(|segment| decoded(segment).ok_or_else(|| refused(path))).collect()
}

fn refused(path: &str) -> Error {
    Error::BadRequest(format!("the path {path:?} is not in its plain form"))
}

/// A segment without its percent signs; nothing for one that two readers could read in two ways.
fn decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let byte = u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?;
            if matches!(byte, b'/' | b'\\' | b'.' | b'%' | b';' | b'#' | b'?') {
                return None;
            }
            bytes.push(byte);
        } else {
            bytes.push(byte);
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    let odd = |it: char| it.is_control() || matches!(it, '\\' | ';' | '#' | '?');
    let plain = !text.is_empty() && text != "." && text != ".." && !text.contains(odd);
    plain.then_some(text)
}

impl Place {
    /// What a method asks of it. `watching` is the query's `watch`; `only` is the one name that a
    /// field selector leaves, which is authorized as if the path had said it.
    ///
    /// # Errors
    /// [`Error::MethodNotAllowed`].
    pub(super) fn attributes(
        self,
        method: &Method,
        watching: bool,
        only: Option<String>,
    ) -> Result<Attributes> {
        let verb = self.verb(method, watching)?;
        let name = match only {
            Some(only) if self.name.is_empty() && verb != Verb::Create => only,
            Some(_) | None => self.name,
        };
        Ok(Attributes {
            verb,
            group: self.group,
            version: self.version,
            resource: self.resource,
            subresource: self.subresource,
            namespace: self.namespace,
            name,
        })
    }

    /// What a method asks of it. `watching` is the query's `watch`.
    ///
    /// # Errors
    /// [`Error::MethodNotAllowed`].
    pub(crate) fn verb(&self, method: &Method, watching: bool) -> Result<Verb> {
        let collection = self.name.is_empty();
        match *method {
            Method::GET if collection && watching => Ok(Verb::Watch),
            Method::GET if collection => Ok(Verb::List),
            Method::GET => Ok(Verb::Get),
            Method::POST if collection || !self.subresource.is_empty() => Ok(Verb::Create),
            Method::DELETE if collection => Ok(Verb::DeleteCollection),
            Method::DELETE if self.subresource.is_empty() => Ok(Verb::Delete),
            Method::PUT if !collection => Ok(Verb::Update),
            Method::PATCH if !collection => Ok(Verb::Patch),
            _ => Err(Error::MethodNotAllowed),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(path: &str, place: [&str; 6]) {
        let [group, version, namespace, resource, name, subresource] = place.map(str::to_owned);
        let place = Place { group, version, namespace, resource, name, subresource };
        assert_eq!(parse(path).unwrap(), Target::Objects(place), "{path}");
    }

    #[test]
    fn a_path_says_what_it_names() {
        check("/api/v1/configmaps", ["", "v1", "", "configmaps", "", ""]);
        check("/api/v1/namespaces", ["", "v1", "", "namespaces", "", ""]);
        check("/api/v1/namespaces/a", ["", "v1", "", "namespaces", "a", ""]);
        check("/api/v1/namespaces/a/status", ["", "v1", "", "namespaces", "a", "status"]);
        check("/api/v1/namespaces/a/pods", ["", "v1", "a", "pods", "", ""]);
        check("/api/v1/namespaces/a/pods/b", ["", "v1", "a", "pods", "b", ""]);
        check(
            "/apis/apps/v1/namespaces/a/deployments/b/scale",
            ["apps", "v1", "a", "deployments", "b", "scale"],
        );
        check(
            "/apis/g.io/v1/clusterroles/system:node",
            ["g.io", "v1", "", "clusterroles", "system:node", ""],
        );
        check(
            "/apis/g.io/v1/clusterroles/system%3Anode",
            ["g.io", "v1", "", "clusterroles", "system:node", ""],
        );
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for path in [
            "",
            "api",
            "/",
            "//api",
            "/api/",
            "/api/v1//pods",
            "/api/v1/../version",
            "/api/./v1",
            "/api/v1/namespaces/a%2fb/pods",
            "/api/v1/namespaces/a%2Fb",
            "/api/v1/%2e%2e/x",
            "/api/v1/a%5cb",
            "/api/v1/a\\b",
            "/api/v1/a%00",
            "/api/v1/a;b",
            "/api/v1/a%3bb",
            "/api/v1/%",
            "/api/v1/%4",
            "/api/v1/%zz",
            "/api/v1/%ff",
            "/api/v1/a%25b",
            "/api/v1/%23",
            "/api/v1/%0a",
        ] {
            assert!(matches!(parse(path), Err(Error::BadRequest(_))), "{path}: {:?}", parse(path));
        }
    }

    #[test]
    fn longer_paths_than_a_subresource_name_nothing() {
        assert!(matches!(parse("/api/v1/namespaces/a/pods/b/c/d"), Err(Error::NoResource)));
        assert!(matches!(parse("/metrics"), Err(Error::NoResource)));
    }

    proptest! {
        /// Whatever the path, the parts that are authorized are the segments that were written.
        #[test]
        fn a_plain_path_comes_back_as_it_was_written(
            ns in "[a-z0-9-]{1,8}", resource in "[a-z]{1,8}", name in "[a-z0-9:-]{1,8}",
        ) {
            prop_assume!(!NAMESPACE_PARTS.contains(&resource.as_str()));
            let path = format!("/api/v1/namespaces/{ns}/{resource}/{name}");
            let Target::Objects(place) = parse(&path).unwrap() else { panic!("{path}") };
            prop_assert_eq!((place.namespace, place.resource, place.name), (ns, resource, name));
        }

        #[test]
        fn no_path_makes_it_panic_and_no_part_holds_a_slash(path in "/[a-z%0-9./\\\\;]{0,40}") {
            if let Ok(Target::Objects(place)) = parse(&path) {
                let parts = [place.namespace, place.resource, place.name, place.subresource];
                prop_assert!(parts.iter().all(|it| !it.contains('/') && it != ".." && it != "."));
            }
        }
    }
}
