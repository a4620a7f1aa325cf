//! The clients of control planes that are awake, by the Secret that their kubeconfig stands in.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use kube::Client;
use kube::api::Api;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::jobs::Place;
use super::kubeconfig::Kubeconfig;
use super::reach::{self, Stand};
use super::workloads::kubeconfig_secret;

/// How long a request waits for a control plane that is said to be awake: just after a start, the
/// agent is still on its way to it.
const LOAD_MAX: Duration = Duration::from_secs(10);

/// A client, and what it was made of.
#[derive(Clone)]
pub(super) struct Known {
    pub client: Client,
    /// Uid and version of the Secret.
    secret: (Option<String>, Option<String>),
}

/// All clients of an agent.
#[derive(Default)]
pub(super) struct Clients {
    all: Mutex<HashMap<Place, Known>>,
    changed: Notify,
}

impl Clients {
    fn all(&self) -> MutexGuard<'_, HashMap<Place, Known>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The client of a control plane that answered once.
    pub(super) async fn get(&self, place: &Place) -> Option<Client> {
        let find = async {
            loop {
                let changed = self.changed.notified();
                if let Some(known) = self.all().get(place) {
                    return known.client.clone();
                }
                changed.await;
            }
        };
        timeout(LOAD_MAX, find).await.ok()
    }

    /// A client by the Secret as it is now: the one that is kept, where that is still right.
    ///
    /// # Errors
    /// Why there is none, in words for people.
    pub(super) async fn read(
        &self,
        host: &Client,
        stand: &Stand,
        place: &Place,
    ) -> Result<Known, String> {
        let (namespace, name) = place;
        let named = kubeconfig_secret(name);
        let secrets: Api<Secret> = Api::namespaced(host.clone(), namespace);
        let found = secrets.get_opt(&named).await;
        let found = found.map_err(|_| format!("The Secret {named} cannot be read"))?;
        let text = |it: &Secret| it.data.as_ref()?.get("config").map(|it| it.0.clone());
        let Some((secret, config)) = found.and_then(|it| text(&it).map(|text| (it, text))) else {
            return Err(format!("Its control plane starts: it has not written {named} yet"));
        };
        let secret = (secret.metadata.uid, secret.metadata.resource_version);
        if let Some(known) = self.all().get(place).filter(|it| it.secret == secret) {
            return Ok(known.clone());
        }
        let kubeconfig = Kubeconfig::read(&config)
            .map_err(|why| format!("The kubeconfig in {named} cannot be used: {why}"))?;
        let client = reach::client(host, stand, &kubeconfig, namespace, name)
            .map_err(|_| format!("The kubeconfig in {named} cannot be used"))?;
        Ok(Known { client, secret })
    }

    /// Keeps a client that was proven.
    pub(super) fn keep(&self, place: &Place, known: Known) {
        self.all().insert(place.clone(), known);
        self.changed.notify_waiters();
    }

    /// Drops what is known.
    pub(super) fn forget(&self, place: &Place) {
        self.all().remove(place);
    }
}
