//! The table of who may call: all that can be asked of a server.

use super::resource::{Resource, Verb};
use super::scale;

/// A resource or subresource with one of its verbs: what the table of who may call has a row for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// Empty for the core group.
    pub group: String,
    /// Such as `v1`.
    pub version: String,
    /// Such as `configmaps`.
    pub resource: String,
    /// Its objects live in namespaces.
    pub namespaced: bool,
    /// What is done.
    pub verb: Verb,
    /// Empty for the object itself.
    pub subresource: String,
}

/// All that can be asked of one resource.
pub(super) fn of(resource: &Resource) -> Vec<Row> {
    let row = |verb, subresource: &str| Row {
        group: resource.group.clone(),
        version: resource.version.clone(),
        resource: resource.plural.clone(),
        namespaced: resource.namespaced,
        verb,
        subresource: subresource.to_owned(),
    };
    let mut rows: Vec<Row> = resource.verbs.iter().map(|&verb| row(verb, "")).collect();
    let parts = resource
        .status
        .then_some("status")
        .into_iter()
        .chain(scale::paths(resource).map(|_| "scale"));
    for part in parts {
        rows.extend(of_stored_part(resource).into_iter().map(|verb| row(verb, part)));
    }
    for part in &resource.subresources {
        rows.extend(part.verbs.iter().map(|&verb| row(verb, part.name)));
    }
    rows
}

/// What may be done to the status or scale of a resource: nothing that may not be done to it.
pub(super) fn of_stored_part(resource: &Resource) -> Vec<Verb> {
    let mut verbs = vec![Verb::Get, Verb::Patch, Verb::Update];
    verbs.retain(|it| resource.verbs.contains(it));
    verbs
}
