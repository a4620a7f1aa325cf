//! `virtualclusters.cluster.loft.sh/v1`: what the central instance asks of a host's agent.

use std::collections::BTreeMap;

use dormer_api::meta::{Condition, ObjectMeta};
use dormer_api::vcluster::HelmRelease;
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::kube::resource::{Cell, Column, Resource};

/// The API group.
pub const GROUP: &str = "cluster.loft.sh";
/// The API version.
pub const VERSION: &str = "v1";
/// The plural.
pub const PLURAL: &str = "virtualclusters";
/// The kind.
pub const KIND: &str = "VirtualCluster";

/// The annotation that names the project namespace of the instance.
pub const INSTANCE_NAMESPACE: &str = "loft.sh/vcluster-instance-namespace";
/// The annotation that names the instance.
pub const INSTANCE_NAME: &str = "loft.sh/vcluster-instance-name";

/// The annotation that says the uid of the instance: a name may come back, a uid never does.
pub const INSTANCE_UID: &str = "loft.sh/vcluster-instance-uid";

/// A virtual cluster in its host cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VirtualCluster {
    /// Name, namespace, and the annotation that says that it sleeps.
    pub metadata: ObjectMeta,
    /// What is asked for.
    pub spec: VirtualClusterSpec,
    /// What is.
    pub status: VirtualClusterStatus,
}

/// What is asked for of a virtual cluster in its host cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VirtualClusterSpec {
    /// The chart and its values.
    pub helm_release: HelmRelease,
}

/// What is, of a virtual cluster in its host cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VirtualClusterStatus {
    /// Empty, `Pending`, `Deployed` or `Failed`.
    pub phase: String,
    /// One word, for programs; `Sleeping` while it sleeps.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// One sentence, for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Its API answers.
    pub control_plane_ready: bool,
    /// What its `/version` tells.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kubernetes_version: String,
    /// `ControlPlaneReady`, `Ready`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}

/// The reason of a virtual cluster that sleeps.
pub const REASON_SLEEPING: &str = "Sleeping";

/// For a client that knows the kind by name only.
#[must_use]
pub fn api_resource() -> ApiResource {
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(GROUP, VERSION, KIND), PLURAL)
}

/// The resource, for an embedded host: a real one has it as a CustomResourceDefinition.
#[must_use]
pub fn resource() -> Resource {
    let phase = |it: &Value, _| it["status"]["phase"].clone();
    Resource {
        status: true,
        columns: vec![
            Column::new("Name", "string", Cell::Name),
            Column::new("Phase", "string", Cell::Of(phase)),
            Column::new("Age", "string", Cell::Age),
        ],
        ..Resource::stored(GROUP, VERSION, PLURAL, KIND, true)
    }
}

/// An object that came over the wire.
///
/// # Errors
/// It is not of this kind.
pub fn read(object: &DynamicObject) -> Result<VirtualCluster, serde_json::Error> {
    serde_json::from_value(serde_json::to_value(object)?)
}

/// The annotations that lead from the object back to its instance.
#[must_use]
pub fn back_reference(instance: &ObjectMeta) -> BTreeMap<String, String> {
    BTreeMap::from([
        (INSTANCE_NAMESPACE.to_owned(), instance.namespace.clone()),
        (INSTANCE_NAME.to_owned(), instance.name.clone()),
        (INSTANCE_UID.to_owned(), instance.uid.clone()),
    ])
}
