//! The wire and the pure rules of Dormer: what both `app/` and `server/` read, write and decide.
//!
//! Nothing here does IO, and nothing here knows of a browser, a database or a cluster.

pub mod access_key;
pub mod ago;
pub mod annotation;
pub mod cluster;
pub mod connect;
pub mod endpoint;
pub mod kubeconfig;
pub mod meta;
pub mod name;
pub mod project;
pub mod session;
pub mod state;
pub mod status;
pub mod table;
pub mod template;
pub mod user;
pub mod vcluster;
pub mod watch;
