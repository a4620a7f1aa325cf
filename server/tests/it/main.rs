//! The server: through its real router without a socket, and as processes with agents.

// A helper of a test fails as the test itself does.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod harness;

mod agents;
mod agents_endpoint;
mod agents_fleet;
mod agents_lines;
mod agents_tokens;
mod audit;
mod charts;
mod cli;
mod join;
mod join_rules;
mod kube_client;
mod people;
mod region;
mod region_line;
mod region_web;
mod routes;
mod sign_in;
mod store_contract;
mod upgrades;
mod upgrades_cluster;
mod vclusters;
