//! The wire and the pure rules of Dormer: what both `app/` and `server/` read, write and decide.
//!
//! Nothing here does IO, and nothing here knows of a browser, a database or a cluster.

pub mod name;
pub mod meta;
pub mod status;
pub mod table;
pub mod annotation;
pub mod vcluster;
pub mod cluster;
pub mod project;
pub mod template;
pub mod user;
pub mod access_key;
pub mod session;
