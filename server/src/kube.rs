//! A small, honest Kubernetes API server over the [store](crate::store).
//!
//! One [`ApiServer`] serves one logical cluster: the management API, the embedded host cluster, or
//! an embedded virtual cluster. They differ in their [resources](resource::Resource) and in who
//! [authorizes](resource::Authorizer); everything else is the same code.
//!
//! There are no nodes and no pods that run. What is stored behaves as Kubernetes says it does.

pub mod apply;
pub mod builtin;
pub mod error;
pub mod merge_keys;
pub mod object;
pub mod openapi;
pub mod rbac;
pub mod resource;
pub mod review;
pub mod schema;
pub mod strategic;
pub mod validate;

pub use error::{Error, Result};
