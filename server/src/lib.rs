//! The Dormer server.

pub mod clock;
pub mod store;
pub mod auth;
pub mod kube;
