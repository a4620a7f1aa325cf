//! The Dormer server.

pub mod agent;
pub mod app;
pub mod assets;
pub mod audit;
pub mod auth;
pub mod authz;
pub mod clock;
pub mod config;
pub mod files;
pub mod gateway;
pub mod health;
pub mod hosts;
pub mod instances;
pub mod kube;
pub mod layers;
pub mod listen;
pub mod management;
pub mod routes;
pub mod serve;
pub mod sleep;
pub mod store;
pub mod tls;
pub mod tunnel;
pub mod upstream;
