//! Projects: people, clusters and templates that belong together.

use serde::{Deserialize, Serialize};

use crate::cluster::Cluster;
use crate::meta::{Access, ObjectMeta, UserOrTeam};
use crate::template::VirtualClusterTemplate;

/// The name of the project that every installation begins with.
pub const DEFAULT: &str = "default";

/// A project. Its objects live in the namespace [`crate::name::project_namespace`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Project {
    /// Name and annotations.
    pub metadata: ObjectMeta,
    /// Who and what belongs to it.
    pub spec: ProjectSpec,
}

/// Who and what belongs to a project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProjectSpec {
    /// Free text; empty means the object's name is shown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    /// Free text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Whose it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserOrTeam>,
    /// Clusters it may use; `*` is every one.
    pub allowed_clusters: Vec<AllowedCluster>,
    /// Templates it may use; `*` is every one.
    pub allowed_templates: Vec<AllowedTemplate>,
    /// Its people; `*` is everybody.
    pub members: Vec<Member>,
    /// Rights on the object itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub access: Vec<Access>,
}

impl ProjectSpec {
    /// Whether the project may use the cluster of this name.
    #[must_use]
    pub fn allows_cluster(&self, name: &str) -> bool {
        self.allowed_clusters.iter().any(|it| it.name == "*" || it.name == name)
    }

    /// Whether the project may use the template of this name.
    #[must_use]
    pub fn allows_template(&self, name: &str) -> bool {
        self.allowed_templates.iter().any(|it| it.name == "*" || it.name == name)
    }
}

/// A cluster that a project may use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AllowedCluster {
    /// The name of a `Cluster`, or `*`.
    pub name: String,
}

/// A template that a project may use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AllowedTemplate {
    /// `VirtualClusterTemplate`.
    pub kind: String,
    /// `storage.loft.sh`.
    pub group: String,
    /// The name of a template, or `*`.
    pub name: String,
    /// The one that is taken where none is named.
    pub is_default: bool,
}

/// Somebody who belongs to a project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Member {
    /// `User` or `Team`.
    pub kind: String,
    /// `storage.loft.sh`.
    pub group: String,
    /// The name of a user or team, or `*`.
    pub name: String,
    /// What they may do in the project ([`ROLE_ADMIN`], [`ROLE_USER`] or [`ROLE_VIEWER`]).
    pub cluster_role: String,
}

/// Sees and changes everything in the project.
pub const ROLE_ADMIN: &str = "loft-management-project-admin";
/// Makes virtual clusters; sees and changes their own and what is shared with them.
pub const ROLE_USER: &str = "loft-management-project-user";
/// Sees what is shared with them.
pub const ROLE_VIEWER: &str = "loft-management-project-viewer";

/// Answer of `GET projects/<p>/templates`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProjectTemplates {
    /// The template that is taken where none is named; may be empty.
    pub default_virtual_cluster_template: String,
    /// Those that the project allows.
    pub virtual_cluster_templates: Vec<VirtualClusterTemplate>,
}

/// Answer of `GET projects/<p>/clusters`: whole objects, with their annotations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProjectClusters {
    /// Those that the project allows.
    pub clusters: Vec<Cluster>,
}
