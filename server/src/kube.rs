//! A small, honest Kubernetes API server over the [store](crate::store).
//!
//! One [`ApiServer`] serves one logical cluster: the management API, the embedded host cluster, or
//! an embedded virtual cluster. They differ in their [resources](resource::Resource) and in who
//! [authorizes](resource::Authorizer); everything else is the same code.
//!
//! There are no nodes and no pods that run. What is stored behaves as Kubernetes says it does.

pub mod asking;
pub mod error;
pub mod object;
pub mod resource;
pub mod server;
pub mod strategy;

mod accept;
mod asked;
mod body;
mod incoming;
pub(crate) mod path;
mod protobuf;
mod query;
mod rows;
mod selector;

mod computed;
mod delete;
mod leaving;
mod meta;
mod names;
mod patch;
mod prune;
mod read;
mod scale;
mod watch;
mod write;

pub mod age;
mod answer;
mod discovery;
mod table;

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
