//! A sentence that the person has to know.

use dormer_api::state::Tone;
use leptos::prelude::*;
use stylers::style;

use super::{Icon, IconKind};

/// A sentence in a box: what happened, and what to do.
#[component]
pub fn Notice(
    /// How much it matters.
    tone: Tone,
    /// The sentence; where it is empty the notice is not there.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    let class = style! {
        .notice-region:empty {
            display: none;
        }
        .notice {
            display: flex;
            align-items: flex-start;
            gap: var(--space-2);
            padding: var(--space-3);
            border-radius: var(--radius);
            color: var(--tone-fg);
            background: var(--tone-bg);
            overflow-wrap: anywhere;
        }
    };
    let icon = match tone {
        Tone::Failed => IconKind::Failed,
        Tone::Attention => IconKind::Attention,
        Tone::Sleeping => IconKind::Moon,
        Tone::Running => IconKind::Running,
        Tone::Pending | Tone::Offline => IconKind::Unknown,
    };
    let role = if tone == Tone::Failed { "alert" } else { "status" };

    view! { class = class,
        <div class="notice-region" role=role>
            <Show when=move || text.with(|text| !text.is_empty())>
                <div class=format!("notice {class}") data-tone=tone.as_str()>
                    <Icon kind=icon/>
                    <span>{move || text.get()}</span>
                </div>
            </Show>
        </div>
    }
}
