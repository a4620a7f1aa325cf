//! Access keys: `OwnedAccessKey` and `ResetAccessKey` of `management.loft.sh/v1`.

use serde::{Deserialize, Serialize};

use crate::meta::ObjectMeta;

/// What every access key begins with, so that scanners find a leaked one.
pub const PREFIX: &str = "vck_";
/// How long a new key lives where nothing is said, in seconds: 30 days.
pub const TTL_DEFAULT: i64 = 30 * 24 * 60 * 60;

/// A bearer secret that acts for a user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OwnedAccessKey {
    /// Name and creation time.
    pub metadata: ObjectMeta,
    /// Whose it is and what it may.
    pub spec: AccessKeySpec,
    /// How it was used.
    pub status: AccessKeyStatus,
}

/// Whose an access key is and what it may.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccessKeySpec {
    /// What it is for, in a person's words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    /// The name of the user it acts for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// The secret. In the answer to the creation, and nowhere else ever.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// It does not work, but may be switched on again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// Seconds from its creation in which it works; absent or 0 is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<i64>,
    /// `User` for one that a person made, `Login` for one that a CLI made at sign-in, `Reset` for
    /// an invite.
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// What it is confined to; absent means everything its user may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
}

/// What a key is confined to. A scope only ever takes away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Scope {
    /// The virtual clusters that it may use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub virtual_clusters: Vec<ScopeVirtualCluster>,
}

/// Virtual clusters that a key may use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ScopeVirtualCluster {
    /// The name of the project.
    pub project: String,
    /// The name of the virtual cluster, or `*` for all of the project.
    pub virtual_cluster: String,
    /// The server's: which virtual cluster of that name. The next one of the name is another.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
}

/// How an access key was used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccessKeyStatus {
    /// The last four characters before the checksum, to tell keys apart by.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub hint: String,
    /// When it was last used: RFC 3339, true to the minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_activity: Option<String>,
    /// When it stops working: RFC 3339; absent for never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

/// Answer of `GET users/<u>/accesskeys`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UserAccessKeys {
    /// The keys of the user, without their secrets.
    pub access_keys: Vec<OwnedAccessKey>,
}
