//! Host clusters: `Cluster` of `management.loft.sh/v1`.

use serde::{Deserialize, Serialize};

use crate::meta::{Access, Condition, ObjectMeta, UserOrTeam};

/// The name of the cluster that every installation begins with.
pub const LOCAL: &str = "loft-cluster";

/// A Kubernetes cluster that holds virtual clusters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cluster {
    /// Name, and the annotations of the direct endpoint.
    pub metadata: ObjectMeta,
    /// How it is reached.
    pub spec: ClusterSpec,
    /// How it is.
    pub status: ClusterStatus,
}

/// How a host cluster is reached. Exactly one of `local`, `network_peer` and a kubeconfig.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClusterSpec {
    /// Free text; empty means the object's name is shown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    /// Free text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Who connected it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserOrTeam>,
    /// It lives inside the central instance.
    pub local: bool,
    /// Its agent dials out to the central instance.
    pub network_peer: bool,
    /// Rights on the object itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub access: Vec<Access>,
}

/// How a host cluster is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClusterStatus {
    /// Empty while it is being set up, then `Initialized` or `Failed`.
    pub phase: String,
    /// One word, for programs.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// One sentence, for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// It answered a moment ago.
    pub online: bool,
    /// What its `/version` tells.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kubernetes_version: String,
    /// When it last answered: RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_contact: Option<String>,
    /// Its virtual clusters, all of them.
    pub virtual_clusters: u32,
    /// Those of them that do not sleep.
    pub awake: u32,
    /// In the order in which they come true.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}
