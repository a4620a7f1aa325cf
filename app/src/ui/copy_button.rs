//! Copies a text, also inside a dialog and on plain HTTP.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::{ev, html};
use stylers::style;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, HtmlDocument, HtmlElement, HtmlTextAreaElement};

use super::{Icon, IconKind};

/// How long "Copied" stands before the button offers to copy again.
const COPIED_FOR: Duration = Duration::from_secs(2);

/// How the last try to copy went.
#[derive(Clone, Copy, PartialEq)]
enum Copying {
    /// There was none, or it is long past.
    Idle,
    /// It worked.
    Copied,
    /// The browser lets no page copy: the person has to.
    ByHand,
}

/// A button that copies a text and says that it did.
#[component]
pub fn CopyButton(
    /// What is copied.
    #[prop(into)]
    text: Signal<String>,
    /// What a screen reader says of the button; begins with the words that are shown.
    #[prop(into)]
    label: Signal<String>,
    /// The words that are shown.
    #[prop(default = "Copy")]
    words: &'static str,
    /// How it looks: the value of `data-kind`.
    #[prop(default = "quiet")]
    kind: &'static str,
) -> impl IntoView {
    let class = style! {
        .copy-button {
            display: inline-flex;
            flex-direction: column;
            gap: var(--space-1);
        }
    };
    let copying = RwSignal::new(Copying::Idle);
    let copy = move |event: ev::MouseEvent| {
        let button = event.current_target().and_then(|it| it.dyn_into::<HtmlElement>().ok());
        // Asked for inside the click: a tick later the browser would refuse.
        let promise = ask_clipboard(&text.get_untracked());
        spawn_local(async move {
            let copied = match promise {
                Some(promise) => JsFuture::from(promise).await.is_ok(),
                None => false,
            };
            let copied = copied || copy_by_selection(&text.get_untracked(), button.as_ref());
            copying.set(if copied { Copying::Copied } else { Copying::ByHand });
            if copied {
                set_timeout(move || _ = copying.try_set(Copying::Idle), COPIED_FOR);
            }
        });
    };
    let is = move |state| copying.get() == state;

    view! { class = class,
        <span class="copy-button">
            <button
                type="button"
                class="button"
                data-kind=kind
                aria-label=move || label.get()
                on:click=copy
            >
                <Icon kind=Signal::derive(move || {
                    if is(Copying::Copied) { IconKind::Check } else { IconKind::Copy }
                })/>
                <span class="button-words">
                    {move || match copying.get() {
                        Copying::Idle => words,
                        Copying::Copied => "Copied",
                        Copying::ByHand => "Press Ctrl+C",
                    }}
                </span>
            </button>
            <Show when=move || is(Copying::ByHand)>
                <ByHand text copying/>
            </Show>
            <span class="visually-hidden" role="status">
                {move || is(Copying::Copied).then_some("Copied")}
            </span>
        </span>
    }
}

/// The text itself, selected, for a browser that lets no page copy.
#[component]
fn ByHand(text: Signal<String>, copying: RwSignal<Copying>) -> impl IntoView {
    let class = style! {
        .copy-by-hand {
            width: 100%;
            height: var(--control);
            font-family: var(--font-mono);
            font-size: var(--font-caption);
        }
    };
    let area = NodeRef::<html::Textarea>::new();
    Effect::new(move |_| {
        if let Some(area) = area.get() {
            // A frame later: by then the text is in it.
            request_animation_frame(move || {
                _ = area.focus();
                area.select();
            });
        }
    });

    view! { class = class,
        <textarea
            class="copy-by-hand"
            readonly
            node_ref=area
            aria-label="Press Ctrl+C to copy this"
            prop:value=move || text.get()
            on:blur=move |_| copying.set(Copying::Idle)
        ></textarea>
    }
}

/// The browser's clipboard, which is there on HTTPS and on loopback only.
fn ask_clipboard(text: &str) -> Option<js_sys::Promise> {
    let navigator = window().navigator();
    let clipboard = js_sys::Reflect::get(&navigator, &JsValue::from_str("clipboard")).ok()?;
    (!clipboard.is_undefined()).then(|| navigator.clipboard().write_text(text))
}

/// The old way: selects the text in a field and asks the document to copy the selection. The field
/// stands beside the button, because an open dialog lets nothing outside it take the focus.
fn copy_by_selection(text: &str, button: Option<&HtmlElement>) -> bool {
    let copied = try_selection(text, button);
    if let Some(button) = button {
        _ = button.focus();
    }
    copied.unwrap_or(false)
}

fn try_selection(text: &str, button: Option<&HtmlElement>) -> Option<bool> {
    let area: HtmlTextAreaElement = document().create_element("textarea").ok()?.dyn_into().ok()?;
    area.set_class_name("visually-hidden");
    area.set_value(text);
    let place: Element = button?.parent_element()?;
    place.append_child(&area).ok()?;
    _ = area.focus();
    area.select();
    let copied = document().dyn_into::<HtmlDocument>().ok()?.exec_command("copy");
    area.remove();
    Some(copied.unwrap_or(false))
}
