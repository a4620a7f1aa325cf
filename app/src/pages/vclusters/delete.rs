//! Asks before a virtual cluster is deleted.

use dormer_api::state::State;
use leptos::prelude::*;

use super::actions::Actions;
use crate::clock;
use crate::ui::ConfirmDialog;

/// Names what is lost. The focus is on Cancel.
#[component]
pub fn DeleteDialog(actions: Actions) -> impl IntoView {
    let close = move |()| actions.doomed.set(None);

    move || {
        actions.doomed.get().map(|it| {
            let title = format!("Delete {}?", it.title);
            let name = format!("{} in project {}", it.name, it.project);
            let away = it.state(clock::read()) == State::Unknown;
            let host = it.host.clone();
            let delete = move |()| actions.delete(&it);
            view! {
                <ConfirmDialog title verb="Delete virtual cluster" on_confirm=delete on_close=close>
                    {if away {
                        // Of a cluster that is only away, it is deleted when that is back.
                        view! {
                            "The cluster " <strong>{host}</strong>
                            " is not connected. If it was disconnected, the entry of " <strong>{name}</strong>
                            " is removed here, and what is in the cluster stays there; else everything in it is lost once the cluster is back."
                        }.into_any()
                    } else {
                        view! {
                            "Everything in " <strong>{name}</strong>
                            " is lost, and nobody can get it back. Commands that use it stop working."
                        }.into_any()
                    }}
                </ConfirmDialog>
            }
        })
    }
}
