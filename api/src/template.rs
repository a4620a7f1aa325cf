//! Templates: what virtual clusters are made from.

use serde::{Deserialize, Serialize};

use crate::meta::{ObjectMeta, UserOrTeam};
use crate::vcluster::VirtualClusterTemplateDefinition;

/// A template of virtual clusters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VirtualClusterTemplate {
    /// Name and annotations.
    pub metadata: ObjectMeta,
    /// The template itself.
    pub spec: VirtualClusterTemplateSpec,
}

/// The body of a template.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VirtualClusterTemplateSpec {
    /// Free text; empty means the object's name is shown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    /// Free text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Whose it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserOrTeam>,
    /// What is made.
    pub template: VirtualClusterTemplateDefinition,
}
