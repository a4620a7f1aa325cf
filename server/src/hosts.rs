//! Connections to host clusters.
//!
//! What is here: the local cluster, which lives in this process.

mod health;

use std::collections::HashMap;
use std::sync::Arc;

use crate::agent::Agent;

pub use health::watch_over;

/// The host clusters by name. Cheap to clone.
#[derive(Clone, Default)]
pub struct Hosts {
    by_name: Arc<HashMap<String, Host>>,
}

/// A connection to a host cluster.
#[derive(Clone)]
pub enum Host {
    /// The embedded cluster of this process, with its agent.
    Local(Agent),
}

impl Hosts {
    /// These hosts.
    #[must_use]
    pub fn new(hosts: impl IntoIterator<Item = (String, Host)>) -> Self {
        Self { by_name: Arc::new(hosts.into_iter().collect()) }
    }

    /// The connection to the host cluster of this name, if there is one now.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Host> {
        self.by_name.get(name)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Host)> {
        self.by_name.iter().map(|(name, host)| (name.as_str(), host))
    }
}

impl Host {
    /// A client of the host's own API, as the platform itself.
    #[must_use]
    pub fn client(&self) -> kube::Client {
        match self {
            Self::Local(agent) => agent.client(),
        }
    }
}
