//! The form of an answer, as the `Accept` header asks for it.

use axum::http::{HeaderMap, header};

use super::{Error, Result};

/// What an answer looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    /// What is in it.
    pub shape: Shape,
    /// How it is written.
    pub yaml: bool,
}

/// What is in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// The objects.
    Whole,
    /// Rows for people; the version of `meta.k8s.io`.
    Table(&'static str),
    /// Only the metadata; the version of `meta.k8s.io`.
    Metadata(&'static str),
    /// Of discovery: all groups in one list; the version of `apidiscovery.k8s.io`.
    Discovery(&'static str),
}

/// The first form of the header that can be made.
///
/// # Errors
/// [`Error::NotAcceptable`].
pub(super) fn negotiate(headers: &HeaderMap) -> Result<Form> {
    let said: Vec<&str> =
        headers.get_all(header::ACCEPT).iter().filter_map(|it| it.to_str().ok()).collect();
    let said = said.join(",");
    if said.trim().is_empty() {
        return Ok(Form { shape: Shape::Whole, yaml: false });
    }
    said.split(',').find_map(form).ok_or(Error::NotAcceptable)
}

fn form(range: &str) -> Option<Form> {
    let mut parts = range.split(';').map(str::trim);
    let yaml = match parts.next()? {
        "application/json" | "application/*" | "*/*" => false,
        "application/yaml" => true,
        _ => return None,
    };
    let (mut kind, mut version, mut group) = (None, None, None);
    for part in parts {
        match part.split_once('=') {
            Some(("as", value)) => kind = Some(value),
            Some(("v", value)) => version = Some(value),
            Some(("g", value)) => group = Some(value),
            Some(("stream", value)) if value != "watch" => return None,
            Some(_) | None => {}
        }
    }
    let shape = match (kind, group) {
        (None, _) => Shape::Whole,
        (Some("Table"), None | Some("meta.k8s.io")) => Shape::Table(meta_version(version)?),
        (
            Some("PartialObjectMetadata" | "PartialObjectMetadataList"),
            None | Some("meta.k8s.io"),
        ) => Shape::Metadata(meta_version(version)?),
        (Some("APIGroupDiscoveryList"), Some("apidiscovery.k8s.io")) => match version? {
            "v2" => Shape::Discovery("v2"),
            "v2beta1" => Shape::Discovery("v2beta1"),
            _ => return None,
        },
        (Some(_), _) => return None,
    };
    Some(Form { shape, yaml })
}

fn meta_version(version: Option<&str>) -> Option<&'static str> {
    match version {
        None | Some("v1") => Some("v1"),
        Some("v1beta1") => Some("v1beta1"),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(accept: &str, expected: Option<(Shape, bool)>) {
        let headers = HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]);
        let form = negotiate(&headers).ok().map(|it| (it.shape, it.yaml));
        assert_eq!(form, expected, "{accept}");
    }

    #[test]
    fn the_first_form_that_can_be_made_is_made() {
        let table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
        check("", Some((Shape::Whole, false)));
        check("*/*", Some((Shape::Whole, false)));
        check("application/json", Some((Shape::Whole, false)));
        check(table, Some((Shape::Table("v1"), false)));
        check(
            "application/json;as=Table;v=v9;g=meta.k8s.io,application/json",
            Some((Shape::Whole, false)),
        );
        check("application/vnd.kubernetes.protobuf, application/json", Some((Shape::Whole, false)));
        check(
            "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
            Some((Shape::Metadata("v1"), false)),
        );
        check("application/yaml", Some((Shape::Whole, true)));
        check("text/html,*/*;q=0.8", Some((Shape::Whole, false)));
        check(
            "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
            Some((Shape::Discovery("v2"), false)),
        );
        check("application/vnd.kubernetes.protobuf", None);
        check("image/png", None);
    }
}
