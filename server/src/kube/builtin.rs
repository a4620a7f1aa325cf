//! The resources that every embedded cluster has.

use super::resource::Resource;

/// All stored resources of an embedded cluster.
#[must_use]
pub fn resources() -> Vec<Resource> {
    Vec::new()
}
