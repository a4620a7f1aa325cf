//! Who is signed in, the theme, and the way out.

use leptos::prelude::*;
use leptos::task::spawn_local;
use stylers::style;

use crate::theme::Theme;
use crate::ui::{Icon, IconKind};
use crate::{paths, session};

/// A button with one's name that opens a small menu. The browser's own popover closes it at Esc
/// and at a click beside it.
#[component]
pub fn Profile() -> impl IntoView {
    let class = style! {
        .profile-button {
            width: 100%;
            justify-content: flex-start;
        }
        .profile-name {
            overflow: hidden;
            text-overflow: ellipsis;
        }
        .profile-menu {
            position: fixed;
            inset: auto auto var(--space-7) var(--space-3);
            width: var(--nav);
            margin: 0;
            padding: var(--space-3);
            border: 1px solid var(--line);
            border-radius: var(--radius-card);
            background: var(--surface);
            color: var(--fg);
            box-shadow: var(--shadow);
        }
        .profile-who {
            overflow-wrap: anywhere;
        }
        @media (max-width: 47.99rem) {
            .profile-menu {
                inset: var(--space-7) var(--space-3) auto auto;
            }
        }
    };
    let session = session::current();
    let name = move || {
        let user = session.person().user.unwrap_or_default();
        if user.display_name.is_empty() { user.username } else { user.display_name }
    };
    let about = move || {
        let user = session.person().user.unwrap_or_default();
        let role = if session.is_admin() { "administrator" } else { "member" };
        format!("{}, {role}", user.username)
    };
    let sign_out = move |_| {
        spawn_local(async move {
            session.sign_out().await;
            // A new page, so that nothing of this person's stays in memory.
            _ = window().location().set_href(paths::LOGIN);
        });
    };

    view! { class = class,
        <button
            type="button"
            class="profile-button button"
            data-kind="quiet"
            popovertarget="profile-menu"
            aria-label=move || format!("{}, profile", name())
        >
            <Icon kind=IconKind::Person/>
            <span class="profile-name nav-words">{name}</span>
        </button>
        <div class="profile-menu" id="profile-menu" popover="auto">
            <div class="stack">
                <p class="profile-who">
                    <strong>{name}</strong>
                    <br/>
                    <span class="caption">{about}</span>
                </p>
                <ThemeChoice/>
                <button type="button" class="button" on:click=sign_out>
                    "Sign out"
                </button>
            </div>
        </div>
    }
}

/// Light, dark, or as the system has it.
#[component]
fn ThemeChoice() -> impl IntoView {
    let class = style! {
        .theme-choice {
            display: flex;
            gap: var(--space-3);
            padding: 0;
            border: 0;
        }
        .theme-option {
            display: inline-flex;
            align-items: center;
            gap: var(--space-1);
            min-height: var(--target);
            font-size: var(--font-table);
        }
        .theme-radio {
            accent-color: var(--accent);
        }
    };
    let chosen = RwSignal::new(Theme::stored());
    let option = move |theme: Theme| {
        view! { class = class,
            <label class="theme-option">
                <input
                    type="radio"
                    class="theme-radio"
                    name="theme"
                    prop:checked=move || chosen.get() == theme
                    on:change=move |_| {
                        chosen.set(theme);
                        theme.choose();
                    }
                />
                {theme.word()}
            </label>
        }
    };

    view! { class = class,
        <fieldset class="theme-choice">
            <legend class="caption">"Theme"</legend>
            {Theme::ALL.map(option).collect_view()}
        </fieldset>
    }
}
