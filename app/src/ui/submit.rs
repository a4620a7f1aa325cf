//! The button that sends a form.

use leptos::prelude::*;

use super::{Icon, IconKind};

/// Sends the form that it is in. Never greyed for what is typed: the form says what is wrong.
#[component]
pub fn Submit(
    /// The words on it.
    #[prop(into)]
    words: Signal<&'static str>,
    /// The form is on its way.
    #[prop(into)]
    busy: Signal<bool>,
) -> impl IntoView {
    view! {
        <button
            type="submit"
            class="button"
            data-kind="primary"
            aria-busy=move || busy.get().then_some("true")
        >
            <Show when=move || busy.get()>
                <Icon kind=IconKind::Busy/>
            </Show>
            {move || words.get()}
        </button>
    }
}
