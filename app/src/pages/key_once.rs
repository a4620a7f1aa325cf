//! A secret that is shown once.

use leptos::prelude::*;
use stylers::style;

use crate::ui::{CopyButton, Dialog};

/// Shows a secret, and what to do with it. Closes only by the button that says it is kept, so that
/// a stray Esc loses nothing.
#[component]
pub fn ShownOnce(
    /// The heading.
    #[prop(into)]
    title: String,
    /// What the secret is, such as "access key".
    what: &'static str,
    /// The secret.
    secret: String,
    /// Called when the person has it.
    #[prop(into)]
    on_saved: Callback<()>,
    /// What to do with it.
    children: Children,
) -> impl IntoView {
    let class = style! {
        .shown-once {
            display: flex;
            flex-wrap: wrap;
            align-items: center;
            gap: var(--space-2);
            padding: var(--space-3);
            border-radius: var(--radius);
            background: var(--sunken);
        }
        .shown-once-text {
            flex: 1;
            min-width: 12rem;
            overflow-wrap: anywhere;
            user-select: all;
        }
    };

    view! { class = class,
        <Dialog title>
            <p>"This is the only time it is shown. Copy it to a safe place now."</p>
            <div class=format!("shown-once {class}")>
                <code class=format!("shown-once-text {class}")>{secret.clone()}</code>
                <CopyButton
                    text=secret
                    label=format!("Copy the {what}")
                    kind="primary"
                />
            </div>
            {children()}
            <div class="row row-end">
                <button type="button" class="button" on:click=move |_| on_saved.run(())>
                    "I have saved it"
                </button>
            </div>
        </Dialog>
    }
}
