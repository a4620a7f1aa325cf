//! A small button in a row of a list.

use leptos::prelude::*;

use super::{Icon, IconKind};

/// A button that does something to its row. Where that is not allowed it stays in its place and
/// says why, to the pointer and to a screen reader alike.
#[component]
pub fn Act(
    /// The picture.
    icon: IconKind,
    /// The words; empty for a picture alone.
    #[prop(into)]
    words: String,
    /// What a screen reader says; holds the words.
    #[prop(into)]
    label: Signal<String>,
    /// Why it cannot be pressed; nothing where it can.
    #[prop(optional, into)]
    because: Signal<Option<String>>,
    /// It is at work.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// The value of `data-kind`.
    #[prop(default = "")]
    kind: &'static str,
    /// Called when it is pressed.
    #[prop(into)]
    on_press: Callback<()>,
) -> impl IntoView {
    let press = move |_| {
        if because.with_untracked(Option::is_none) && !busy.get_untracked() {
            on_press.run(());
        }
    };

    let kind = if words.is_empty() { "icon" } else { kind };

    view! {
        <button
            type="button"
            class="button"
            data-kind=kind
            aria-label=move || label.get()
            aria-disabled=move || because.with(Option::is_some).then_some("true")
            aria-description=move || because.get()
            aria-busy=move || busy.get().then_some("true")
            title=move || because.get().unwrap_or_else(|| label.get())
            on:click=press
        >
            <Icon kind=Signal::derive(move || if busy.get() { IconKind::Busy } else { icon })/>
            {(!words.is_empty()).then(|| view! { <span class="button-words">{words}</span> })}
        </button>
    }
}
