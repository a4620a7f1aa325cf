//! What can be done to a virtual cluster from the list and from its panel.

use dormer_api::annotation;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::json;

use super::model::Vcluster;
use crate::client::{CallError, Client};
use crate::{clock, paths};

/// Does things to virtual clusters, and keeps what went wrong for the page to show.
#[derive(Clone, Copy)]
pub struct Actions {
    client: Client,
    /// What went wrong last, in a sentence; empty while all is well.
    pub problem: RwSignal<String>,
    /// The one whose deletion waits to be confirmed.
    pub doomed: RwSignal<Option<Vcluster>>,
    /// Those that something is being done to, as `project/name`.
    busy: RwSignal<Vec<String>>,
}

impl Actions {
    /// Nothing done, nothing wrong.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            problem: RwSignal::new(String::new()),
            doomed: RwSignal::new(None),
            busy: RwSignal::new(Vec::new()),
        }
    }

    /// Something is being done to it.
    pub fn is_busy(self, it: &Vcluster) -> bool {
        let id = id(it);
        self.busy.with(|busy| busy.contains(&id))
    }

    /// Puts it to sleep.
    pub fn sleep(self, it: &Vcluster) {
        let body = json!({ "metadata": { "annotations": { annotation::FORCE: "true" } } });
        self.patch(it, body, "put to sleep");
    }

    /// Wakes it.
    pub fn wake(self, it: &Vcluster) {
        let body = json!({ "metadata": { "annotations": {
            annotation::FORCE: null,
            annotation::FORCE_DURATION: null,
            annotation::LAST_ACTIVITY: clock::read().to_string(),
        } } });
        self.patch(it, body, "wake");
    }

    /// Deletes it, without asking.
    pub fn delete(self, it: &Vcluster) {
        let path = paths::api::vcluster(&it.project, &it.name);
        let client = self.client;
        self.run(it, "delete", async move { client.delete(&path).await });
    }

    fn patch(self, it: &Vcluster, body: serde_json::Value, verb: &'static str) {
        let path = paths::api::vcluster(&it.project, &it.name);
        let client = self.client;
        self.run(it, verb, async move { client.merge(&path, &body).await });
    }

    /// Runs a call. That it worked is not said: the row shows it.
    fn run(
        self,
        it: &Vcluster,
        verb: &'static str,
        call: impl Future<Output = Result<(), CallError>> + 'static,
    ) {
        let (id, title) = (id(it), it.title.clone());
        if self.busy.with_untracked(|busy| busy.contains(&id)) {
            return;
        }
        self.busy.update(|busy| busy.push(id.clone()));
        self.problem.set(String::new());
        spawn_local(async move {
            let result = call.await;
            // The page may be gone by now.
            _ = self.busy.try_update(|busy| busy.retain(|it| *it != id));
            if let Err(error) = result {
                _ = self.problem.try_set(format!("Could not {verb} {title}. {error}"));
            }
        });
    }
}

fn id(it: &Vcluster) -> String {
    format!("{}/{}", it.project, it.name)
}
