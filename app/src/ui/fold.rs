//! Something that is there, but out of the way until it is asked for.

use leptos::prelude::*;
use stylers::style;

/// A line that opens to more: the browser's own, which knows the keyboard.
#[component]
pub fn Fold(
    /// The line.
    #[prop(into)]
    words: String,
    /// What is behind it.
    children: Children,
) -> impl IntoView {
    let class = style! {
        .fold-words {
            width: fit-content;
            min-height: var(--target);
            color: var(--accent);
            font-weight: var(--weight-medium);
            cursor: pointer;
        }
        .fold-body {
            display: flex;
            flex-direction: column;
            gap: var(--space-3);
            padding-block-start: var(--space-2);
        }
    };

    view! { class = class,
        <details class="fold">
            <summary class="fold-words">{words}</summary>
            <div class="fold-body">{children()}</div>
        </details>
    }
}
