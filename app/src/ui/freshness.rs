//! How true a list is, as a chip.

use dormer_api::state::Tone;
use leptos::prelude::*;
use stylers::style;

/// Says how true a live list is. Never more than this chip: an outage of seconds is no news.
#[component]
pub fn FreshnessChip(
    /// The words.
    #[prop(into)]
    words: Signal<String>,
    /// The colour.
    #[prop(into)]
    tone: Signal<Tone>,
) -> impl IntoView {
    let class = style! {
        .freshness {
            display: inline-flex;
            align-items: center;
            gap: var(--space-2);
            font-size: var(--font-caption);
            line-height: var(--line-caption);
            color: var(--fg-muted);
            white-space: nowrap;
        }
        .freshness-dot {
            width: var(--space-2);
            height: var(--space-2);
            border-radius: var(--radius-pill);
            background: var(--tone-fg);
        }
    };

    view! { class = class,
        <span class="freshness" role="status">
            <span class="freshness-dot" data-tone=move || tone.get().as_str()></span>
            {move || words.get()}
        </span>
    }
}
