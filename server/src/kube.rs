//! A small, honest Kubernetes API server over the [store](crate::store).
//!
//! One [`ApiServer`] serves one logical cluster: the management API, the embedded host cluster, or
//! an embedded virtual cluster. They differ in their [resources](resource::Resource) and in who
//! [authorizes](resource::Authorizer); everything else is the same code.
//!
//! There are no nodes and no pods that run. What is stored behaves as Kubernetes says it does.

pub mod server;
pub mod resource;
pub mod object;
pub mod error;

mod rows;
mod path;
mod query;
mod accept;
mod asked;
mod body;
mod protobuf;
mod incoming;
mod selector;

mod read;
mod watch;
mod write;
mod patch;
mod delete;
mod leaving;
mod scale;
mod computed;
mod meta;
mod names;
mod prune;

mod answer;
mod table;
pub mod age;
mod discovery;

mod born;
mod crd;

pub mod apply;
pub mod builtin;
mod lists;
pub mod merge_keys;
pub mod openapi;
pub mod rbac;
pub mod review;
pub mod schema;
pub mod strategic;
pub mod validate;

pub use born::born;
pub use error::{Error, Result};
pub use rows::Row;
pub use server::{ApiServer, Settings};
