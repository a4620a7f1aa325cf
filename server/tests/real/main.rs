//! The server with a real Kubernetes: `kube-apiserver`, `etcd` and `helm`, as they are released.
//!
//! Where they are not (`.tools/kubernetes` builds them), one line says `skipped: …`, and every test
//! passes without having looked.

// A helper of a test fails as the test itself does.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod central;
mod certificates;
mod charts;
mod cluster;
mod connect;
mod deploy;
mod image;
mod kubectl;
mod pods;
mod programs;
mod rbac;
mod streams;
mod vcluster;
