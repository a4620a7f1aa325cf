//! What stands where a list would.

use leptos::prelude::*;
use stylers::style;

use super::{Icon, IconKind};

/// A list with nothing in it: what it is, in a line, and the one thing to do about it.
#[component]
pub fn Empty(
    /// What kind of nothing.
    icon: IconKind,
    /// The line.
    #[prop(into)]
    title: Signal<String>,
    /// The button, and whatever else helps.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let class = style! {
        .empty {
            display: flex;
            flex-direction: column;
            align-items: center;
            gap: var(--space-4);
            padding-block: var(--space-7);
            padding-inline: var(--space-4);
            text-align: center;
            color: var(--fg-muted);
        }
        .empty-icon {
            display: grid;
            place-items: center;
            width: var(--space-7);
            height: var(--space-7);
            border-radius: var(--radius-pill);
            background: var(--sunken);
            font-size: var(--font-title);
        }
        .empty-title {
            max-width: var(--measure);
        }
    };

    view! { class = class,
        <div class="empty">
            <span class="empty-icon">
                <Icon kind=icon/>
            </span>
            <p class="empty-title">{move || title.get()}</p>
            {children.map(|children| children())}
        </div>
    }
}
