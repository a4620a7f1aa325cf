//! A menu behind three dots, for what a row can have done to it.

use leptos::prelude::*;
use leptos::{ev, html};
use stylers::style;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::dialog::next_id;
use super::{Icon, IconKind};

/// How high one line of a menu is at most, in CSS pixels: enough to tell whether it fits below.
const LINE_PX_MAX: f64 = 44.0;

/// What choosing a line does.
#[derive(Clone)]
pub enum Choice {
    /// Goes to a URL.
    Go(String),
    /// Does something.
    Do(Callback<()>),
}

/// One line of a menu.
#[derive(Clone)]
pub struct MenuItem {
    /// What it does, as a verb.
    pub words: String,
    /// The picture.
    pub icon: IconKind,
    /// What choosing it does.
    pub choice: Choice,
    /// Why it cannot be chosen; nothing where it can.
    pub because: Option<String>,
}

impl MenuItem {
    /// A line that can be chosen.
    pub fn new(words: impl Into<String>, icon: IconKind, choice: Choice) -> Self {
        Self { words: words.into(), icon, choice, because: None }
    }

    /// The same, but where there is a reason against it, it cannot be chosen.
    pub fn unless(self, because: Option<String>) -> Self {
        Self { because, ..self }
    }
}

/// A button with three dots, and the menu that it opens: the browser's own popover, which closes at
/// Esc and at a click beside it. Arrows move in it.
#[component]
pub fn Menu(
    /// What a screen reader says of the button, such as "More for eu-1".
    #[prop(into)]
    label: Signal<String>,
    /// Its lines. They are drawn anew when this changes, and lose the focus with that.
    #[prop(into)]
    items: Signal<Vec<MenuItem>>,
) -> impl IntoView {
    let class = style! {
        .menu {
            position: fixed;
            inset: auto;
            min-width: 13rem;
            max-width: 100vw;
            margin: 0;
            padding: var(--space-1);
            border: 1px solid var(--line);
            border-radius: var(--radius-card);
            background: var(--surface);
            color: var(--fg);
            box-shadow: var(--shadow);
        }
    };
    let id = format!("menu-{}", next_id());
    let menu = NodeRef::<html::Div>::new();
    let place = move |event: ev::Event| {
        let button = event.current_target().and_then(|it| it.dyn_into::<Element>().ok());
        let lines = items.with_untracked(Vec::len);
        if let (Some(button), Some(menu)) = (button, menu.get_untracked()) {
            put_beside(&menu, &button, lines);
        }
    };
    let close = move || {
        if let Some(menu) = menu.get_untracked() {
            // Fails only for one that is closed already.
            _ = menu.hide_popover();
        }
    };

    view! { class = class,
        <button
            type="button"
            class="button"
            data-kind="icon"
            popovertarget=id.clone()
            aria-haspopup="menu"
            aria-label=move || label.get()
            title=move || label.get()
            on:click=move |event| place(event.into())
        >
            <Icon kind=IconKind::More/>
        </button>
        <div
            class="menu"
            id=id
            popover="auto"
            role="menu"
            aria-label=move || label.get()
            node_ref=menu
            on:keydown=move |event| walk(&event, menu)
        >
            {move || {
                let line = |(at, item)| view! { <MenuLine item first=at == 0 on_close=move |()| close()/> };
                items.get().into_iter().enumerate().map(line).collect_view()
            }}
        </div>
    }
}

/// One line.
#[component]
fn MenuLine(item: MenuItem, first: bool, #[prop(into)] on_close: Callback<()>) -> impl IntoView {
    let class = style! {
        .menu-line {
            display: flex;
            align-items: center;
            gap: var(--space-2);
            width: 100%;
            min-height: var(--control);
            padding-inline: var(--space-2);
            border: 0;
            border-radius: var(--radius);
            background: none;
            color: inherit;
            font: inherit;
            text-align: start;
            text-decoration: none;
            cursor: pointer;
        }
        .menu-line:hover, .menu-line:focus {
            background: var(--sunken);
        }
        .menu-line[aria-disabled="true"] {
            color: var(--fg-subtle);
            cursor: not-allowed;
        }
    };
    let MenuItem { words, icon, choice, because } = item;

    match choice {
        Choice::Go(href) if because.is_none() => view! { class = class,
            <a
                class="menu-line"
                role="menuitem"
                tabindex="-1"
                autofocus=first
                href=href
                on:click=move |_| on_close.run(())
            >
                <Icon kind=icon/>
                {words}
            </a>
        }
        .into_any(),
        Choice::Go(_) | Choice::Do(_) => {
            let disabled = because.is_some();
            let act = if let Choice::Do(act) = choice { Some(act) } else { None };
            let press = move |_| {
                if !disabled {
                    on_close.run(());
                    _ = act.map(|act| act.run(()));
                }
            };
            view! { class = class,
                <button
                    type="button"
                    class="menu-line"
                    role="menuitem"
                    tabindex="-1"
                    autofocus=first
                    aria-disabled=disabled.then_some("true")
                    aria-description=because.clone()
                    title=because
                    on:click=press
                >
                    <Icon kind=icon/>
                    {words}
                </button>
            }
            .into_any()
        }
    }
}

/// Puts the menu under its button, or above it where there is no room below.
fn put_beside(menu: &HtmlElement, button: &Element, lines: usize) {
    let size = |value: Result<wasm_bindgen::JsValue, _>| {
        value.ok().and_then(|it| it.as_f64()).unwrap_or_default()
    };
    let (width, height) = (size(window().inner_width()), size(window().inner_height()));
    let at = button.get_bounding_client_rect();
    #[expect(clippy::cast_precision_loss, reason = "a menu has few lines")]
    let needed = (lines + 1) as f64 * LINE_PX_MAX;
    let (edge, free, offset) = match at.bottom() + needed > height && at.top() > needed {
        true => ("bottom", "top", height - at.top()),
        false => ("top", "bottom", at.bottom()),
    };
    let style = menu.style();
    for (property, value) in [
        (edge, format!("{offset}px")),
        (free, "auto".to_owned()),
        ("right", format!("{}px", (width - at.right()).max(0.0))),
    ] {
        // A property that the browser knows can be set.
        _ = style.set_property(property, &value);
    }
}

/// Moves in the menu by the arrows; Tab leaves it.
fn walk(event: &ev::KeyboardEvent, menu: NodeRef<html::Div>) {
    let Some(menu) = menu.get_untracked() else { return };
    let Ok(nodes) = menu.query_selector_all("[role=menuitem]") else { return };
    let lines: Vec<HtmlElement> =
        (0..nodes.length()).filter_map(|at| nodes.item(at)?.dyn_into().ok()).collect();
    let active = document().active_element();
    let now = lines.iter().position(|it| active.as_ref() == Some(it));
    let next = match (event.key().as_str(), now) {
        ("ArrowDown", Some(now)) if now + 1 < lines.len() => now + 1,
        ("ArrowDown" | "Home", _) => 0,
        ("ArrowUp", Some(now)) if now > 0 => now - 1,
        ("ArrowUp" | "End", _) => lines.len().saturating_sub(1),
        ("Tab", _) => {
            _ = menu.hide_popover();
            return;
        }
        _ => return,
    };
    event.prevent_default();
    if let Some(line) = lines.get(next) {
        _ = line.focus();
    }
}
