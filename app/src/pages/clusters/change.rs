//! What can be done to a host cluster from the list.

use dormer_api::cluster::Cluster;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::json;

use super::model::title;
use crate::client::Client;
use crate::paths;

/// Changes host clusters, and keeps what went wrong for the page to show.
#[derive(Clone, Copy)]
pub struct Changes {
    client: Client,
    /// What went wrong last, in a sentence; empty while all is well.
    pub problem: RwSignal<String>,
    /// The one that is to be disconnected once that is confirmed.
    pub doomed: RwSignal<Option<Cluster>>,
}

impl Changes {
    /// Nothing done, nothing wrong.
    pub fn new(client: Client) -> Self {
        Self { client, problem: RwSignal::new(String::new()), doomed: RwSignal::new(None) }
    }

    /// Keeps new virtual clusters away from it, or lets them come again. Those that are there stay.
    pub fn keep_away(self, it: &Cluster, away: bool) {
        let (client, path) = (self.client, paths::api::object("clusters", &it.metadata.name));
        let (title, body) = (title(it), json!({ "spec": { "unusable": away } }));
        self.problem.set(String::new());
        spawn_local(async move {
            if let Err(error) = client.merge(&path, &body).await {
                // The page may be gone by now.
                _ = self.problem.try_set(format!("Could not change {title}. {error}"));
            }
        });
    }
}
