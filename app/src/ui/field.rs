//! Form fields: a label, a control, a hint, and the complaint under it.

use leptos::prelude::*;
use leptos::{ev, html};
use stylers::style;

/// A one-line text field.
#[component]
pub fn Field(
    /// Its label.
    label: &'static str,
    /// What is typed.
    value: RwSignal<String>,
    /// What is wrong with it; shown under it.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// A sentence under it.
    #[prop(optional, into)]
    hint: Signal<String>,
    /// `text`, `password`, `email`.
    #[prop(default = "text")]
    kind: &'static str,
    /// What a password manager may put in.
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// It has the focus when it appears, with its text selected.
    #[prop(optional)]
    autofocus: bool,
    /// Called when the person leaves it.
    #[prop(optional, into)]
    on_blur: Option<Callback<()>>,
) -> impl IntoView {
    let class = style! {
        .field-input {
            width: 100%;
        }
    };
    let id = format!("field-{}", slug(label));
    let input = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if let Some(input) = input.get().filter(|_| autofocus) {
            request_animation_frame(move || {
                _ = input.focus();
                input.select();
            });
        }
    });

    view! { class = class,
        <div class="field">
            <label class="field-label" for=id.clone()>{label}</label>
            <input
                class="field-input input"
                id=id.clone()
                type=kind
                node_ref=input
                autocomplete=autocomplete
                autocapitalize="none"
                spellcheck="false"
                prop:value=move || value.get()
                aria-invalid=move || error.get().is_some().then_some("true")
                aria-describedby=format!("{id}-help")
                on:input=move |event| value.set(event_target_value(&event))
                on:blur=move |_: ev::FocusEvent| {
                    // The field is also left when it goes away, and its owner with it.
                    _ = on_blur.and_then(|on_blur| on_blur.try_run(()));
                }
            />
            <FieldHelp id=format!("{id}-help") error hint/>
        </div>
    }
}

/// A choice among a few.
#[component]
pub fn Select(
    /// Its label.
    label: &'static str,
    /// The value that is chosen.
    value: RwSignal<String>,
    /// Values and their words.
    #[prop(into)]
    options: Signal<Vec<(String, String)>>,
    /// What is wrong with it; shown under it.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// A sentence under it.
    #[prop(optional, into)]
    hint: Signal<String>,
) -> impl IntoView {
    let class = style! {
        .field-select {
            width: 100%;
        }
    };
    let id = format!("field-{}", slug(label));

    view! { class = class,
        <div class="field">
            <label class="field-label" for=id.clone()>{label}</label>
            <select
                class="field-select input"
                id=id.clone()
                aria-invalid=move || error.get().is_some().then_some("true")
                aria-describedby=format!("{id}-help")
                on:change=move |event| value.set(event_target_value(&event))
            >
                {move || {
                    let chosen = value.get();
                    options
                        .get()
                        .into_iter()
                        .map(|(option, words)| {
                            let selected = option == chosen;
                            view! { <option value=option selected=selected>{words}</option> }
                        })
                        .collect_view()
                }}
            </select>
            <FieldHelp id=format!("{id}-help") error hint/>
        </div>
    }
}

/// A text field of many lines, for YAML.
#[component]
pub fn TextArea(
    /// Its label.
    label: &'static str,
    /// What is typed.
    value: RwSignal<String>,
    /// What is wrong with it; shown under it.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// A sentence under it.
    #[prop(optional, into)]
    hint: Signal<String>,
) -> impl IntoView {
    let class = style! {
        .field-area {
            width: 100%;
            min-height: var(--area);
            padding-block: var(--space-2);
            font-family: var(--font-mono);
            font-size: var(--font-table);
            resize: vertical;
        }
    };
    let id = format!("field-{}", slug(label));

    view! { class = class,
        <div class="field">
            <label class="field-label" for=id.clone()>{label}</label>
            <textarea
                class="field-area input"
                id=id.clone()
                spellcheck="false"
                prop:value=move || value.get()
                aria-invalid=move || error.get().is_some().then_some("true")
                aria-describedby=format!("{id}-help")
                on:input=move |event| value.set(event_target_value(&event))
            ></textarea>
            <FieldHelp id=format!("{id}-help") error hint/>
        </div>
    }
}

/// What stands under a field: the complaint, or else the hint.
#[component]
fn FieldHelp(id: String, error: Signal<Option<String>>, hint: Signal<String>) -> impl IntoView {
    let class = style! {
        .field-help {
            display: block;
            font-size: var(--font-caption);
            line-height: var(--line-caption);
            color: var(--fg-muted);
            overflow-wrap: anywhere;
        }
        .field-help[data-error="true"] {
            color: var(--failed-fg);
        }
        .field-help:empty {
            display: none;
        }
    };

    view! { class = class,
        <span
            class="field-help"
            id=id
            data-error=move || error.get().is_some().then_some("true")
            aria-live="polite"
        >
            {move || error.get().unwrap_or_else(|| hint.get())}
        </span>
    }
}

/// Puts the focus on the first field that has a complaint.
pub fn focus_first_error() {
    request_animation_frame(|| {
        let field = document().query_selector(".input[aria-invalid=true]").ok().flatten();
        if let Some(field) = field.and_then(|it| {
            use wasm_bindgen::JsCast;
            it.dyn_into::<web_sys::HtmlElement>().ok()
        }) {
            _ = field.focus();
        }
    });
}

/// A label as a part of an id.
fn slug(label: &str) -> String {
    label.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect()
}
