//! The frame around every page of somebody who is signed in: navigation, and who one is.

use leptos::prelude::*;
use leptos_router::components::{Outlet, Redirect};
use leptos_router::hooks::use_location;
use stylers::style;

use super::profile::Profile;
use crate::paths;
use crate::session::{self, Who};
use crate::ui::{Icon, IconKind};

/// Whether the frame may be shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gate {
    Open,
    Closed,
    Unknown,
}

/// The navigation beside a page, for somebody who is signed in; others are led to sign-in.
#[component]
pub fn Frame() -> impl IntoView {
    let session = session::current();
    let location = use_location();
    // Compared as a whole, so that a new sign-in of the same person redraws nothing.
    let gate = Memo::new(move |_| match session.who() {
        Who::Somebody(_) => Gate::Open,
        Who::Nobody => Gate::Closed,
        Who::Asking | Who::Unreachable => Gate::Unknown,
    });
    let here = move || {
        let (path, search) = (location.pathname.get_untracked(), location.search.get_untracked());
        if search.is_empty() { path } else { format!("{path}?{search}") }
    };

    move || match gate.get() {
        Gate::Open => view! { <SignedIn/> }.into_any(),
        Gate::Closed => view! { <Redirect path=paths::login(&here())/> }.into_any(),
        Gate::Unknown => view! { <Unreachable/> }.into_any(),
    }
}

#[component]
fn SignedIn() -> impl IntoView {
    let session = session::current();

    view! {
        <a class="skip-link" href="#main" rel="external">"Skip to content"</a>
        <div class="shell">
            <header class="nav">
                <Brand/>
                <nav class="nav-links" aria-label="Main">
                    <NavLink href=paths::VCLUSTERS icon=IconKind::Vclusters words="Virtual clusters"/>
                    <NavLink href=paths::CLUSTERS icon=IconKind::Clusters words="Clusters"/>
                    <Show when=move || session.is_admin()>
                        <NavLink href=paths::USERS icon=IconKind::Users words="Users"/>
                    </Show>
                    <NavLink href=paths::ACCESS_KEYS icon=IconKind::Key words="Access keys"/>
                </nav>
                <div class="nav-foot">
                    <Profile/>
                </div>
            </header>
            <main class="main" id="main" tabindex="-1">
                <Outlet/>
            </main>
        </div>
    }
}

/// The mark and the name, which lead home.
#[component]
fn Brand() -> impl IntoView {
    view! {
        <a class="nav-brand" href=paths::VCLUSTERS aria-label="Dormer, home">
            <Mark/>
            <span class="nav-name">"Dormer"</span>
        </a>
    }
}

/// The mark: a window in a roof. `index.html` and `public/favicon.svg` draw the same.
#[component]
pub fn Mark() -> impl IntoView {
    view! {
        <svg class="brand-mark icon" viewBox="0 0 24 24" aria-hidden="true">
            <path d="M3 14.5 12 3.5l9 11"></path>
            <path d="M7.5 20v-7L12 7.5l4.5 5.5v7zM12 11.5V20M7.6 15.5h8.8"></path>
        </svg>
    }
}

/// One place to go.
#[component]
fn NavLink(href: &'static str, icon: IconKind, words: &'static str) -> impl IntoView {
    let pathname = use_location().pathname;
    let current = move || {
        let path = pathname.get();
        let inside = path.strip_prefix(href).is_some_and(|rest| rest.starts_with('/'));
        (path == href || inside || path == format!("/profile{href}")).then_some("page")
    };

    view! {
        <a class="nav-link" href=href aria-current=current aria-label=words title=words>
            <Icon kind=icon/>
            <span class="nav-words">{words}</span>
        </a>
    }
}

/// What stands there until the server can be asked who one is.
#[component]
fn Unreachable() -> impl IntoView {
    let class = style! {
        .unreachable {
            color: var(--fg-muted);
        }
    };

    view! { class = class,
        <main class="card-page">
            <div class="card" role="status">
                <h1 class="card-title">"Cannot reach the server"</h1>
                <p class="unreachable">"Retrying…"</p>
            </div>
        </main>
    }
}
