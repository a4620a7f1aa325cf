//! A question before something is lost.

use leptos::prelude::*;

use super::{Dialog, focus_heading_after_dialog};

/// Asks before something is lost. Cancel has the focus; after the deed it goes to the page's heading,
/// because what opened the question is about to go.
#[component]
pub fn ConfirmDialog(
    /// The question.
    #[prop(into)]
    title: Signal<String>,
    /// What the button does, as verb and object.
    verb: &'static str,
    /// Called when it is to be done.
    #[prop(into)]
    on_confirm: Callback<()>,
    /// Called in every case, last.
    #[prop(into)]
    on_close: Callback<()>,
    /// What is lost.
    children: Children,
) -> impl IntoView {
    let confirm = move |_| {
        on_confirm.run(());
        on_close.run(());
        focus_heading_after_dialog();
    };

    view! {
        <Dialog title on_close>
            <p>{children()}</p>
            <div class="row row-end">
                <button type="button" class="button" autofocus on:click=move |_| on_close.run(())>
                    "Cancel"
                </button>
                <button type="button" class="button" data-kind="danger" on:click=confirm>
                    {verb}
                </button>
            </div>
        </Dialog>
    }
}
