//! What every object of the Kubernetes API has in common.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// `metadata` of an object. Only what Dormer itself reads: an update goes over the wire as a patch,
/// so what is not named here is never lost.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectMeta {
    /// Unique among the objects of its kind in its namespace.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Empty for an object of the whole cluster.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// The beginning of a name that the server completes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generate_name: Option<String>,
    /// Says which object this is, over all time: a name may come back, a uid never does.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// Compared for equality only, never parsed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub resource_version: String,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creation_timestamp: Option<String>,
    /// RFC 3339; there once a deletion was asked for and finalizers hold the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_timestamp: Option<String>,
    /// What selectors select by.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Notes of tools and controllers. The names that Dormer knows are in [`crate::annotation`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Who still has something to do before the object may go.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub finalizers: Vec<String>,
}

impl ObjectMeta {
    /// The annotation `key`, or nothing where it is absent or empty.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.get(key).map(String::as_str).filter(|it| !it.is_empty())
    }
}

/// A list of objects as the API answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct List<T> {
    /// Where a watch goes on from.
    pub metadata: ListMeta,
    /// The objects, in the order of their names.
    pub items: Vec<T>,
}

/// `metadata` of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListMeta {
    /// The state of the whole store that the list shows.
    pub resource_version: String,
    /// Where the next page begins; empty on the last.
    #[serde(rename = "continue", skip_serializing_if = "String::is_empty")]
    pub next: String,
}

/// A condition of an object, in Loft's form of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Condition {
    /// What is asked, such as `Scheduled`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// When `status` last changed: RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<String>,
    /// One word in camel case, for programs.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// One sentence, for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// A person or a team, as `spec.owner` names them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserOrTeam {
    /// The name of a `User` object.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// The name of a `Team` object.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub team: String,
}

/// Rights on the object itself that are given to others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Access {
    /// `get`, `update`, `delete`, `use` … or `*`.
    pub verbs: Vec<String>,
    /// `*` or names; empty means the object alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subresources: Vec<String>,
    /// Names of users, or `*` for everybody.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<String>,
    /// Names of teams, or `*` for everybody.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<String>,
}
