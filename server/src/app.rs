//! What every handler works on.

use std::ops::Deref;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::auth::signed::Signer;
use crate::auth::{Hasher, KeyMac};
use crate::clock::Clock;
use crate::config::Serve;
use crate::gateway::Gateway;
use crate::hosts::vault::Vault;
use crate::kube::server::ApiServer;
use crate::store::Store;

/// The running instance. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What a running instance is made of.
pub struct Parts {
    /// The settings.
    pub config: Serve,
    /// Where the time comes from.
    pub clock: Clock,
    /// All state.
    pub store: Store,
    /// Compares passwords.
    pub hasher: Hasher,
    /// Makes MACs of access keys and session ids.
    pub mac: KeyMac,
    /// The management API.
    pub management: ApiServer,
    /// The way to the clusters: hosts, who is active, how sleepers are woken.
    pub gateway: Gateway,
    /// Seals the credentials of clusters.
    pub vault: Vault,
    /// Signs the tokens for direct endpoints.
    pub signer: Signer,
    /// The instance's own id: who signs, and for whom agents speak.
    pub instance: String,
    /// Base64 of the PEM of our own certificate authority; empty where the certificate was given.
    pub ca_data: String,
    /// Host names that requests may ask for, in lower case.
    pub host_names: Vec<String>,
    /// Cancelled when the server begins to stop.
    pub stop: CancellationToken,
}

impl App {
    /// A running instance of these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
