//! Tabs, as the ARIA practices have them: arrows move, one tab stop.

use leptos::ev;
use leptos::prelude::*;
use stylers::style;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// A row of tabs over one panel.
#[component]
pub fn Tabs(
    /// What the tabs are about.
    label: &'static str,
    /// The words on them.
    words: &'static [&'static str],
    /// Which of them is open.
    open: RwSignal<usize>,
    /// What the open one shows.
    #[prop(into)]
    content: ViewFn,
) -> impl IntoView {
    let class = style! {
        .tabs {
            display: flex;
            gap: var(--space-4);
            border-bottom: 1px solid var(--line);
            overflow-x: auto;
        }
        .tab {
            min-height: var(--control);
            padding-inline: 0;
            border: 0;
            border-bottom: var(--thick) solid transparent;
            background: none;
            color: var(--fg-muted);
            font: inherit;
            font-weight: var(--weight-medium);
            white-space: nowrap;
            cursor: pointer;
        }
        .tab:hover {
            color: var(--fg);
        }
        .tab[aria-selected="true"] {
            border-bottom-color: var(--accent);
            color: var(--fg);
        }
        .tab-panel {
            display: flex;
            flex-direction: column;
            gap: var(--space-3);
        }
    };
    let go = move |event: ev::KeyboardEvent| {
        let last = words.len().saturating_sub(1);
        let now = open.get_untracked();
        let next = match event.key().as_str() {
            "ArrowRight" => {
                if now == last {
                    0
                } else {
                    now + 1
                }
            }
            "ArrowLeft" => {
                if now == 0 {
                    last
                } else {
                    now - 1
                }
            }
            "Home" => 0,
            "End" => last,
            _ => return,
        };
        event.prevent_default();
        open.set(next);
        focus(&format!("tab-{next}"));
    };
    let tab = move |(index, words): (usize, &'static str)| {
        view! { class = class,
            <button
                type="button"
                role="tab"
                class="tab"
                id=format!("tab-{index}")
                aria-controls="tab-panel"
                aria-selected=move || if open.get() == index { "true" } else { "false" }
                tabindex=move || if open.get() == index { "0" } else { "-1" }
                on:click=move |_| open.set(index)
                on:keydown=go
            >
                {words}
            </button>
        }
    };

    view! { class = class,
        <div class="tabs" role="tablist" aria-label=label>
            {words.iter().copied().enumerate().map(tab).collect_view()}
        </div>
        <div
            class="tab-panel"
            role="tabpanel"
            id="tab-panel"
            aria-labelledby=move || format!("tab-{}", open.get())
        >
            {move || content.run()}
        </div>
    }
}

fn focus(id: &str) {
    let element = document().get_element_by_id(id);
    if let Some(element) = element.and_then(|it| it.dyn_into::<HtmlElement>().ok()) {
        _ = element.focus();
    }
}
