//! Asks before a virtual cluster is deleted.

use leptos::prelude::*;

use super::actions::Actions;
use crate::ui::ConfirmDialog;

/// Names what is lost. The focus is on Cancel.
#[component]
pub fn DeleteDialog(actions: Actions) -> impl IntoView {
    let close = move |()| actions.doomed.set(None);

    move || {
        actions.doomed.get().map(|it| {
            let title = format!("Delete {}?", it.title);
            let name = format!("{} in project {}", it.name, it.project);
            let delete = move |()| actions.delete(&it);
            view! {
                <ConfirmDialog title verb="Delete virtual cluster" on_confirm=delete on_close=close>
                    "Everything in " <strong>{name}</strong>
                    " is lost, and nobody can get it back. Commands that use it stop working."
                </ConfirmDialog>
            }
        })
    }
}
