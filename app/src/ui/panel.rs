//! The side panel: a dialog on the right that asks before it throws away what was typed.

use leptos::prelude::*;
use stylers::style;

use super::{Dialog, DialogKind};

/// A side panel. Esc and the cross close it; where something is typed, they ask first.
#[component]
pub fn Panel(
    /// The heading.
    #[prop(into)]
    title: Signal<String>,
    /// Something is typed that closing would lose.
    #[prop(optional, into)]
    unsaved: Signal<bool>,
    /// Closes it.
    #[prop(into)]
    on_close: Callback<()>,
    /// What is in it.
    children: Children,
) -> impl IntoView {
    let class = style! {
        .panel-body {
            flex: 1;
            display: flex;
            flex-direction: column;
            gap: var(--space-4);
        }
        .panel-discard {
            display: flex;
            flex-wrap: wrap;
            align-items: center;
            gap: var(--space-2);
            padding: var(--space-3);
            border-radius: var(--radius);
            background: var(--sunken);
        }
        .panel-discard-words {
            flex: 1;
        }
    };
    let asking = RwSignal::new(false);
    let close = move |()| {
        if unsaved.get_untracked() {
            asking.set(true);
        } else {
            on_close.run(());
        }
    };

    view! { class = class,
        <Dialog title kind=DialogKind::Side on_close=close>
            <Show when=move || asking.get()>
                <div class=format!("panel-discard {class}") role="alert">
                    <span class=format!("panel-discard-words {class}")>
                        "Discard what you typed?"
                    </span>
                    <button
                        type="button"
                        class="button"
                        on:click=move |_| asking.set(false)
                    >
                        "Keep editing"
                    </button>
                    <button
                        type="button"
                        class="button"
                        data-kind="danger"
                        on:click=move |_| on_close.run(())
                    >
                        "Discard"
                    </button>
                </div>
            </Show>
            <div class=format!("panel-body {class}")>{children()}</div>
        </Dialog>
    }
}
