//! A state, as a shape, a word and a colour.

use dormer_api::state::Tone;
use leptos::prelude::*;
use stylers::style;

use super::{Icon, IconKind};

/// A state as a chip. The word and the shape say what the colour says.
#[component]
pub fn Badge(
    /// The word.
    #[prop(into)]
    word: Signal<String>,
    /// The colour.
    #[prop(into)]
    tone: Signal<Tone>,
    /// The shape.
    #[prop(into)]
    icon: Signal<IconKind>,
) -> impl IntoView {
    let class = style! {
        .badge {
            display: inline-flex;
            align-items: center;
            gap: var(--space-1);
            padding-block: var(--space-half);
            padding-inline: var(--space-2);
            border-radius: var(--radius-pill);
            color: var(--tone-fg);
            background: var(--tone-bg);
            font-size: var(--font-caption);
            line-height: var(--line-caption);
            font-weight: var(--weight-medium);
            white-space: nowrap;
        }
    };

    view! { class = class,
        <span class="badge" data-tone=move || tone.get().as_str()>
            <Icon kind=icon/>
            <span class="badge-word">{move || word.get()}</span>
        </span>
    }
}
