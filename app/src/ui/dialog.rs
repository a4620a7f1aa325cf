//! A modal dialog: the browser's own, which keeps the focus in and the rest of the page quiet.

use leptos::prelude::*;
use leptos::{ev, html};
use stylers::style;
use wasm_bindgen::JsCast;
use web_sys::{HtmlDialogElement, HtmlElement};

use super::{Icon, IconKind};

/// Where a dialog stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DialogKind {
    /// In the middle: a question.
    #[default]
    Middle,
    /// On the right, from top to bottom: work beside the list.
    Side,
}

/// A modal dialog that is open for as long as it is there. The focus goes back to where it was.
#[component]
pub fn Dialog(
    /// The heading, and what the dialog is called.
    #[prop(into)]
    title: Signal<String>,
    /// Where it stands.
    #[prop(optional)]
    kind: DialogKind,
    /// Esc and the cross ask for this. Without it the dialog cannot be left.
    #[prop(optional, into)]
    on_close: Option<Callback<()>>,
    /// What is in it.
    children: Children,
) -> impl IntoView {
    let class = style! {
        .dialog-head {
            display: flex;
            align-items: center;
            justify-content: space-between;
            gap: var(--space-3);
        }
        .dialog-title {
            font-size: var(--font-title);
            line-height: var(--line-title);
            font-weight: var(--weight-strong);
            overflow-wrap: anywhere;
        }
        .dialog-title:focus {
            outline: none;
        }
    };
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = dialog.get() {
            // Fails only for a dialog that is open already.
            _ = dialog.show_modal();
        }
    });
    give_focus_back();
    let cancel = move |event: ev::Event| {
        event.prevent_default();
        _ = on_close.and_then(|on_close| on_close.try_run(()));
    };
    // Chromium closes a dialog at the second Esc whatever the page says; then it is opened again,
    // because whether it is there is for its owner to say.
    let reopen = |event: ev::Event| {
        let dialog = event.target().and_then(|it| it.dyn_into::<HtmlDialogElement>().ok());
        if let Some(dialog) = dialog.filter(|it| it.is_connected()) {
            _ = dialog.show_modal();
        }
    };
    let title_id = format!("dialog-{}", next_id());
    let labelled_by = title_id.clone();

    view! { class = class,
        <dialog
            class="dialog"
            data-kind=match kind {
                DialogKind::Middle => "middle",
                DialogKind::Side => "side",
            }
            aria-labelledby=labelled_by
            node_ref=dialog
            on:cancel=cancel
            on:close=reopen
        >
            <div class="dialog-head">
                <h2 class="dialog-title" id=title_id tabindex="-1" autofocus=kind == DialogKind::Side>
                    {move || title.get()}
                </h2>
                {on_close
                    .map(|on_close| {
                        view! {
                            <button
                                type="button"
                                class="button"
                                data-kind="icon"
                                aria-label="Close"
                                on:click=move |_| on_close.run(())
                            >
                                <Icon kind=IconKind::Close/>
                            </button>
                        }
                    })}
            </div>
            {children()}
        </dialog>
    }
}

/// Remembers what has the focus, and gives it back when the owner of this call goes away. Where
/// that is gone by then, the page's heading gets it.
fn give_focus_back() {
    let opener = document()
        .active_element()
        .and_then(|it| it.dyn_into::<HtmlElement>().ok())
        .filter(|it| it.tag_name() != "BODY");
    let opener = StoredValue::new_local(opener);
    on_cleanup(move || {
        let opener = opener.try_get_value().flatten();
        request_animation_frame(move || match opener {
            Some(opener) if opener.is_connected() => _ = opener.focus(),
            Some(_) | None => super::focus_heading(),
        });
    });
}

/// A number that no other part of this page has.
pub(super) fn next_id() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
