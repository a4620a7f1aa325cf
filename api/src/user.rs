//! People: `User` and `Team` of `management.loft.sh/v1`.

use serde::{Deserialize, Serialize};

use crate::meta::{ObjectMeta, UserOrTeam};

/// The cluster role that makes a user or team an administrator.
pub const ROLE_ADMIN: &str = "loft-management-admin";
/// The team that every installation begins with.
pub const TEAM_ADMINS: &str = "loft-admins";

/// A person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct User {
    /// Name and annotations.
    pub metadata: ObjectMeta,
    /// Who it is and what they may.
    pub spec: UserSpec,
    /// What follows from it.
    pub status: UserStatus,
}

/// Who a person is and what they may.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UserSpec {
    /// What they are called; empty means the username is shown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    /// Free text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Who added them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserOrTeam>,
    /// What they sign in with; unique, in lower case.
    pub username: String,
    /// They may sign in with this too; unique where it is given.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub email: String,
    /// What single sign-on knows them by.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// Locked: no sign-in, keys stop working, nothing is deleted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// What they may in the management API; [`ROLE_ADMIN`] makes an administrator.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cluster_roles: Vec<ClusterRoleRef>,
    /// A new password. Written only, never answered; only its hash is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

/// Names a role.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClusterRoleRef {
    /// The name of the role.
    pub name: String,
}

/// What follows from a person's object and their sign-ins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UserStatus {
    /// Names of the teams they belong to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<String>,
    /// They have a password. Without one they have yet to open their invite.
    pub has_password: bool,
    /// When they last signed in or used a key: RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_activity: Option<String>,
}

/// A group of people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Team {
    /// Name and annotations.
    pub metadata: ObjectMeta,
    /// Who belongs to it and what they may.
    pub spec: TeamSpec,
}

/// Who belongs to a team and what they may.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TeamSpec {
    /// Free text; empty means the object's name is shown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    /// A short name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub username: String,
    /// Names of users.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<String>,
    /// What its people may in the management API.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cluster_roles: Vec<ClusterRoleRef>,
}
