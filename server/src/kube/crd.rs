//! CustomResourceDefinitions, and the resources that they define.

mod definition;
mod schema;
mod served;

use std::sync::Arc;

use serde_json::{Value, json};

use super::answer::parsed;
use super::resource::{Cell, Column, Resource, Schema};
use super::{Result, object};
use crate::store::{Key, Mark, Range, Snapshot};

const GROUP: &str = "apiextensions.k8s.io";
const PLURAL: &str = "customresourcedefinitions";
const STORED_AS: &str = "apiextensions.k8s.io/customresourcedefinitions";

/// The resource of the definitions themselves. `others` are the resources that no definition may
/// take the place of.
pub(super) fn resource(others: &[Arc<Resource>]) -> Resource {
    let taken = others.iter().map(|it| (it.group.clone(), it.plural.clone())).collect();
    let created = |object: &Value, _| json!(object::meta(object, "creationTimestamp"));
    Resource {
        short_names: vec!["crd".into(), "crds".into()],
        categories: vec!["api-extensions".into()],
        status: true,
        columns: vec![
            Column::new("Name", "string", Cell::Name),
            Column::new("Created At", "date", Cell::Of(created)),
        ],
        schema: Schema::BuiltIn(
            "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
        ),
        strategy: Arc::new(definition::Definitions { taken }),
        ..Resource::stored(GROUP, "v1", PLURAL, "CustomResourceDefinition", false)
    }
}

/// The defined resources, as they were when the definitions last changed.
#[derive(Clone, Default)]
pub(super) struct Cache {
    mark: Option<Mark>,
    pub resources: Arc<Vec<Arc<Resource>>>,
}

/// The defined resources of a logical cluster; those of `known` if nothing has changed since.
///
/// # Errors
/// The store cannot be read.
pub(super) fn defined(snapshot: &Snapshot<'_>, cluster: &str, known: &Cache) -> Result<Cache> {
    let mark = snapshot.mark(cluster, STORED_AS)?;
    if known.mark == Some(mark) {
        return Ok(known.clone());
    }
    let mut resources = Vec::new();
    for entry in snapshot.entries(&Range::all(cluster, STORED_AS))? {
        resources.extend(served::by(&parsed(&entry.body)?).into_iter().map(Arc::new));
    }
    Ok(Cache { mark: Some(mark), resources: Arc::new(resources) })
}

/// What the store knows the objects of a definition by; nothing if `key` is not a definition's.
pub(super) fn defined_by(key: &Key) -> Option<String> {
    if key.resource != STORED_AS {
        return None;
    }
    let (plural, group) = key.name.split_once('.')?;
    Some(super::resource::stored_as(group, plural))
}

/// The definition that an object may be of.
pub(super) fn definition_of(key: &Key) -> Option<Key> {
    let (group, plural) = key.resource.split_once('/')?;
    Some(Key {
        cluster: key.cluster.clone(),
        resource: STORED_AS.into(),
        namespace: String::new(),
        name: format!("{plural}.{group}"),
    })
}
