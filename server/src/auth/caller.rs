//! The one answer to "who is calling".

use dormer_api::access_key::Scope;

/// Somebody who calls, as every authorizer sees them. Made in `auth` alone, from live objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The name of the `User` object, or `system:dormer:…` for one of our own controllers.
    pub name: String,
    /// The uid of the `User` object.
    pub uid: String,
    /// Everything the caller counts as, in Kubernetes' sense.
    pub groups: Vec<String>,
    /// Names of the teams they belong to.
    pub teams: Vec<String>,
    /// An administrator of the management API.
    pub admin: bool,
    /// The access key in use; nothing for a session of the page or a controller.
    pub key: Option<KeyInUse>,
}

/// The access key that a call came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInUse {
    /// The name of the key's object.
    pub name: String,
    /// `Login`, `User`, `Reset` …
    pub kind: String,
    /// What the key is confined to; nothing for everything its user may.
    pub scope: Option<Scope>,
}

/// The group that may do everything in a Kubernetes cluster.
pub const GROUP_MASTERS: &str = "system:masters";

impl Caller {
    /// One of our own controllers, by its short name. It may do everything.
    #[must_use]
    pub fn controller(name: &str) -> Self {
        Self {
            name: format!("system:dormer:{name}"),
            uid: String::new(),
            groups: vec![GROUP_MASTERS.into(), "system:authenticated".into()],
            teams: Vec::new(),
            admin: true,
            key: None,
        }
    }

    /// Whether the caller counts as `group`.
    #[must_use]
    pub fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|it| it == group)
    }
}
