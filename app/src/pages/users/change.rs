//! What can be done to a person.

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::json;

use super::model::Person;
use crate::client::{CallError, Client};
use crate::paths;
use crate::ui::ConfirmDialog;

/// Changes people, and keeps what went wrong for the page to show.
#[derive(Clone, Copy)]
pub struct Changes {
    client: Client,
    /// What went wrong last, in a sentence; empty while all is well.
    pub problem: RwSignal<String>,
    /// The one whose deletion waits to be confirmed.
    pub doomed: RwSignal<Option<Person>>,
    busy: RwSignal<Vec<String>>,
}

impl Changes {
    /// Nothing done, nothing wrong.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            problem: RwSignal::new(String::new()),
            doomed: RwSignal::new(None),
            busy: RwSignal::new(Vec::new()),
        }
    }

    /// Something is being done to the person of this name.
    pub fn is_busy(self, name: &str) -> bool {
        self.busy.with(|busy| busy.iter().any(|it| it == name))
    }

    /// Locks a person out, or lets them in again.
    pub fn lock(self, person: &Person, locked: bool) {
        let (client, path) = (self.client, paths::api::object("users", &person.name));
        let verb = if locked { "lock" } else { "unlock" };
        let body = json!({ "spec": { "disabled": locked } });
        self.run(person, verb, async move { client.merge(&path, &body).await });
    }

    /// Deletes a person, without asking.
    fn delete(self, person: &Person) {
        let (client, path) = (self.client, paths::api::object("users", &person.name));
        self.run(person, "delete", async move { client.delete(&path).await });
    }

    fn run(
        self,
        person: &Person,
        verb: &'static str,
        call: impl Future<Output = Result<(), CallError>> + 'static,
    ) {
        let (name, title) = (person.name.clone(), person.title.clone());
        self.busy.update(|busy| busy.push(name.clone()));
        self.problem.set(String::new());
        spawn_local(async move {
            let result = call.await;
            // The page may be gone by now.
            _ = self.busy.try_update(|busy| busy.retain(|it| *it != name));
            if let Err(error) = result {
                _ = self.problem.try_set(format!("Could not {verb} {title}. {error}"));
            }
        });
    }
}

/// Asks before a person is deleted.
#[component]
pub fn DeleteUserDialog(changes: Changes) -> impl IntoView {
    let close = move |()| changes.doomed.set(None);

    move || {
        changes.doomed.get().map(|person| {
            let username = person.username.clone();
            let title = format!("Delete {}?", person.title);
            let delete = move |()| changes.delete(&person);
            view! {
                <ConfirmDialog title verb="Delete user" on_confirm=delete on_close=close>
                    <strong>{username}</strong>
                    " can no longer sign in, and their access keys stop working at once. "
                    "While they own virtual clusters, they cannot be deleted."
                </ConfirmDialog>
            }
        })
    }
}
