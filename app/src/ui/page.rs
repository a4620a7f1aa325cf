//! The skeleton that every page shares.

use leptos::prelude::*;
use leptos::{html, view};
use stylers::style;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// A page: its heading, a line about what it holds, its actions, and its content. The heading gets
/// the focus when the page comes, so that a screen reader says where one is.
#[component]
pub fn Page(
    /// The heading, and the title of the tab.
    title: &'static str,
    /// Beside the heading: how many, how fresh.
    #[prop(optional, into)]
    aside: ViewFn,
    /// At the right: what can be done.
    #[prop(optional, into)]
    actions: ViewFn,
    /// The content.
    children: Children,
) -> impl IntoView {
    let class = style! {
        .page-head {
            display: flex;
            flex-wrap: wrap;
            align-items: center;
            gap: var(--space-3);
            min-height: var(--control);
        }
        .page-title {
            font-size: var(--font-heading);
            line-height: var(--line-heading);
            font-weight: var(--weight-strong);
        }
        .page-title:focus {
            outline: none;
        }
        .page-actions {
            display: flex;
            flex-wrap: wrap;
            gap: var(--space-2);
            margin-inline-start: auto;
        }
    };
    let heading = NodeRef::<html::H1>::new();
    Effect::new(move |_| {
        document().set_title(&format!("{title} - Dormer"));
        if let Some(heading) = heading.get() {
            // Not on the first page of a visit: there the browser begins at the top by itself.
            if document().active_element().is_some_and(|it| it.tag_name() != "BODY") {
                _ = heading.focus();
            }
        }
    });

    view! { class = class,
        <div class="page">
            <header class="page-head">
                <h1 class="page-title" id="page-title" tabindex="-1" node_ref=heading>
                    {title}
                </h1>
                {aside.run()}
                <div class="page-actions">{actions.run()}</div>
            </header>
            {children()}
        </div>
    }
}

/// Puts the focus on the page's heading: a sensible place when what had it is gone.
pub fn focus_heading() {
    let heading = document().get_element_by_id("page-title");
    if let Some(heading) = heading.and_then(|it| it.dyn_into::<HtmlElement>().ok()) {
        _ = heading.focus();
    }
}

/// The same for a dialog that closes now and deletes what it was opened from: two frames later,
/// after the dialog has given the focus back to what is about to go.
pub fn focus_heading_after_dialog() {
    request_animation_frame(|| request_animation_frame(focus_heading));
}
