//! Who may do what, by the roles and bindings of the cluster itself.

use serde_json::Value;

use super::Result;
use super::resource::{Attributes, Authorizer, Decision};
use crate::auth::Caller;
use crate::store::Snapshot;

/// Decides by the RBAC objects of one logical cluster.
pub struct Rbac {
    /// The logical cluster.
    pub cluster: String,
}

impl Authorizer for Rbac {
    fn may(&self, _: &Snapshot<'_>, _: &Caller, _: &Attributes, _: Option<&Value>) -> Result<Decision> {
        Ok(Decision::Deny)
    }

    fn by_object(&self) -> bool {
        false
    }
}

/// The roles and bindings that a cluster is born with.
#[must_use]
pub fn default_objects() -> Vec<Value> {
    Vec::new()
}
