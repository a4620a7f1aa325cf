//! Who is signed in: `Self`, and what is sent to become so.

use serde::{Deserialize, Serialize};

/// Body of `POST /auth/password/login`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// The username or the email address.
    pub username: String,
    /// The password.
    pub password: String,
}

/// Body of `POST /auth/invite`: an invited person sets their first password.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteAnswer {
    /// What the invite link carries behind `token=`.
    pub token: String,
    /// The password that they chose.
    pub password: String,
}

/// Body of the answer to `POST /auth/invite/inspect`: whom an invite is for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    /// The username that it sets a password for.
    pub username: String,
}

/// Who the caller is: the object that `POST selves` answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SelfObject {
    /// The answer.
    pub status: SelfStatus,
}

/// The answer to "who am I".
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SelfStatus {
    /// The person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserInfo>,
    /// The name of the access key in use; empty for a session of the page.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub access_key: String,
    /// `Login`, `User` or empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub access_key_type: String,
    /// What the identity provider calls the person.
    pub subject: String,
    /// The uid of the `User` object.
    pub uid: String,
    /// Everything the caller counts as.
    pub groups: Vec<String>,
    /// Always [`crate::name::PROJECT_NAMESPACE_PREFIX`].
    pub project_namespace_prefix: String,
    /// Where this instance is reached, without a scheme.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub loft_host: String,
    /// Dormer's own: the caller is an administrator.
    pub admin: bool,
}

/// Who a person is, in short.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UserInfo {
    /// The name of the `User` object.
    pub name: String,
    /// What they are called.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    /// What they sign in with.
    pub username: String,
    /// Their email address.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub email: String,
    /// What the identity provider calls them.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// The teams they belong to.
    pub teams: Vec<EntityInfo>,
}

/// A user or team, in short.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EntityInfo {
    /// The name of the object.
    pub name: String,
    /// What it is called.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    /// Its short name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub username: String,
}

/// Facts about this instance that the page needs before it can build a command: body of
/// `GET /auth/instance`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Instance {
    /// Dormer's own version.
    pub version: String,
    /// The `https://` URL that command lines should use, without a path.
    pub url: String,
    /// Base64 of the PEM of the certificate authority of that URL; empty where the certificate is
    /// one that every machine trusts.
    pub ca_data: String,
}
