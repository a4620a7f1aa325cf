//! Asks before a virtual cluster is deleted.

use leptos::prelude::*;

use super::actions::Actions;
use crate::ui::{Dialog, focus_heading_after_dialog};

/// Names what is lost. The focus is on Cancel.
#[component]
pub fn DeleteDialog(actions: Actions) -> impl IntoView {
    let close = move |()| actions.doomed.set(None);

    move || {
        actions.doomed.get().map(|it| {
            let title = format!("Delete {}?", it.title);
            let name = format!("{} in project {}", it.name, it.project);
            view! {
                <Dialog title on_close=close>
                    <p>
                        "Everything in " <strong>{name}</strong>
                        " is lost, and nobody can get it back. Commands that use it stop working."
                    </p>
                    <div class="row row-end">
                        <button type="button" class="button" autofocus on:click=move |_| close(())>
                            "Cancel"
                        </button>
                        <button
                            type="button"
                            class="button"
                            data-kind="danger"
                            on:click=move |_| {
                                actions.delete(&it);
                                close(());
                                focus_heading_after_dialog();
                            }
                        >
                            "Delete virtual cluster"
                        </button>
                    </div>
                </Dialog>
            }
        })
    }
}
