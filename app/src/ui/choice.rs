//! Choices that are all in sight: one of a few, or yes and no.

use leptos::html;
use leptos::prelude::*;
use stylers::style;

use super::dialog::next_id;

/// One of a few, with a sentence on each.
#[component]
pub fn Radios(
    /// What is chosen.
    label: &'static str,
    /// The value that is chosen.
    value: RwSignal<String>,
    /// Values, their words, and what each means.
    options: Vec<(&'static str, &'static str, &'static str)>,
) -> impl IntoView {
    let class = style! {
        .radios {
            display: flex;
            flex-direction: column;
            gap: var(--space-2);
            min-width: 0;
            padding: 0;
            border: 0;
        }
        .radios-option {
            display: grid;
            grid-template-columns: auto minmax(0, 1fr);
            column-gap: var(--space-2);
            align-items: center;
            min-height: var(--target);
        }
        .radios-input {
            accent-color: var(--accent);
        }
        .radios-hint {
            grid-column: 2;
            font-size: var(--font-caption);
            line-height: var(--line-caption);
            color: var(--fg-muted);
        }
    };
    let group = format!("radios-{}", next_id());
    let option = |(this, words, hint): (&'static str, &'static str, &'static str)| {
        view! { class = class,
            <label class="radios-option">
                <input
                    type="radio"
                    class="radios-input"
                    name=group.clone()
                    prop:checked=move || value.with(|value| value == this)
                    on:change=move |_| value.set(this.to_owned())
                />
                <span>{words}</span>
                {(!hint.is_empty()).then(|| view! { class = class, <span class="radios-hint">{hint}</span> })}
            </label>
        }
    };

    view! { class = class,
        <fieldset class="radios">
            <legend class="field-label">{label}</legend>
            {options.into_iter().map(option).collect_view()}
        </fieldset>
    }
}

/// Yes or no.
#[component]
pub fn Check(
    /// What it says.
    #[prop(into)]
    words: String,
    /// Whether it is so.
    #[prop(into)]
    checked: Signal<bool>,
    /// Called with what it is to be.
    #[prop(into)]
    on_change: Callback<bool>,
    /// `checkbox`, or `switch` for what is in force at once.
    #[prop(default = "checkbox")]
    role: &'static str,
) -> impl IntoView {
    let class = style! {
        .check {
            display: flex;
            align-items: center;
            gap: var(--space-2);
            min-height: var(--target);
            overflow-wrap: anywhere;
        }
        .check-input {
            flex: none;
            accent-color: var(--accent);
        }
    };
    let input = NodeRef::<html::Input>::new();
    let change = move |event| {
        on_change.run(event_target_checked(&event));
        // What is asked for may not come, or not at once: the box shows what is so.
        if let Some(input) = input.get_untracked() {
            input.set_checked(checked.get_untracked());
        }
    };

    view! { class = class,
        <label class="check">
            <input
                type="checkbox"
                node_ref=input
                class="check-input"
                role=(role != "checkbox").then_some(role)
                prop:checked=move || checked.get()
                on:change=change
            />
            <span>{words}</span>
        </label>
    }
}
