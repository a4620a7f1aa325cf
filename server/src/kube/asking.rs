//! What a request asks, and who decides about it.

use std::fmt;

use serde_json::Value;

use super::Result;
use crate::auth::Caller;
use crate::store::Snapshot;

/// What is done to a resource, in Kubernetes' words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verb {
    /// Reads one object.
    Get,
    /// Reads many.
    List,
    /// Follows many.
    Watch,
    /// Makes one.
    Create,
    /// Replaces one.
    Update,
    /// Changes a part of one.
    Patch,
    /// Removes one.
    Delete,
    /// Removes many.
    DeleteCollection,
    /// Goes through to a virtual cluster or host cluster. Only the gateway asks it.
    Use,
}

impl Verb {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
            Self::Use => "use",
        }
    }

    /// Whether nothing changes by it.
    #[must_use]
    pub fn is_read(self) -> bool {
        matches!(self, Self::Get | Self::List | Self::Watch)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a request asks to do to what. Parsed once from the path; authorized and done as this value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes {
    /// What is done.
    pub verb: Verb,
    /// Empty for the core group.
    pub group: String,
    /// Such as `v1`.
    pub version: String,
    /// Such as `configmaps`.
    pub resource: String,
    /// Such as `status`; empty for the object itself.
    pub subresource: String,
    /// Empty for all namespaces, or for what has none.
    pub namespace: String,
    /// Empty for a whole collection.
    pub name: String,
}

/// The answer of an [`Authorizer`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    Allow,
    /// No. The caller may know that there is such a thing: answered as 403.
    Deny,
    /// No, and the caller may not even know whether it is there: answered as if it were not.
    Hide,
}

/// Decides who may do what in one logical cluster.
pub trait Authorizer: Send + Sync {
    /// Whether `caller` may. `object` is the object as it is, where one is named and there; for a
    /// creation it is the object as it would be.
    ///
    /// # Errors
    /// The store cannot be read.
    fn may(
        &self,
        snapshot: &Snapshot<'_>,
        caller: &Caller,
        attributes: &Attributes,
        object: Option<&Value>,
    ) -> Result<Decision>;

    /// Whether lists and watches have to ask `may` (with [`Verb::Get`]) about each object.
    fn by_object(&self) -> bool;
}
