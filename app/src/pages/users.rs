//! The people, for administrators.

use dormer_api::state::Tone;
use leptos::prelude::*;

use super::list::{CountOf, FilterBox, NotLoaded, NothingMatches, Shown, UrlState, shown};
use crate::client::Client;
use crate::live::{self, Freshness, LiveRow};
use crate::ui::{Empty, Icon, IconKind, Notice, Page, Sort};
use crate::{paths, session};

mod add;
mod change;
mod invite;
mod model;
mod row;

use add::AddUserPanel;
use change::Changes;
use invite::{InviteLink, InviteOnce};
use model::{Person, compare, only_admin, passes};
use row::PeopleTable;

/// What the list can be sorted by, as the URL names it. The first is the usual one.
const SORT_KEYS: [&str; 4] = ["name", "state", "role", "activity"];

/// The list of people, for administrators; for others, that there is none.
#[component]
pub fn UsersPage() -> impl IntoView {
    let session = session::current();
    let is_admin = Memo::new(move |_| session.is_admin());

    view! {
        <Show when=move || is_admin.get() fallback=|| view! { <NotForYou/> }>
            <People/>
        </Show>
    }
}

/// What somebody who is no administrator finds here.
#[component]
fn NotForYou() -> impl IntoView {
    view! {
        <Page title="Users">
            <Empty
                icon=IconKind::Locked
                title="Only administrators see the users. Ask one of them."
            />
        </Page>
    }
}

#[component]
fn People() -> impl IntoView {
    let client = expect_context::<Client>();
    let url = UrlState::here();
    let live = live::follow::<Person>(client, paths::api::resource("users"));
    let changes = Changes::new(client);
    let filter = url.typed("q");
    let sort = Memo::new(move |_| Sort::parse(url.get("sort").as_deref(), &SORT_KEYS));
    let visible = Memo::new(move |_| {
        live.changes.track();
        let (sort, words) = (sort.get(), filter.get().to_lowercase());
        let mut rows: Vec<LiveRow<Person>> = live.rows.get();
        rows.retain(|row| row.value.with_untracked(|it| passes(it, &words)));
        rows.sort_by(|a, b| {
            a.value.with_untracked(|a| b.value.with_untracked(|b| compare(a, b, &sort)))
        });
        rows
    });
    let last_admin = Memo::new(move |_| {
        live.changes.track();
        let people = live.rows.get().into_iter().map(|row| row.value.get_untracked());
        only_admin(&people.collect::<Vec<_>>())
    });
    let shown = shown(live, visible);
    let loaded = Memo::new(move |_| live.freshness.with(|it| *it != Freshness::Loading));
    let invite = RwSignal::new(None::<InviteLink>);

    view! {
        <Page
            title="Users"
            aside=move || view! { <CountOf live/> }
            actions=move || view! { <AddButton url/> }
        >
            <Notice tone=Tone::Failed text=changes.problem/>
            <div class="toolbar">
                <FilterBox label="Filter users" placeholder="Filter" text=filter/>
            </div>
            {move || match shown.get() {
                // Whoever sees the list is on it: it is never without anybody for long.
                Shown::Table | Shown::NoneYet => view! {
                    <PeopleTable rows=visible loaded sort url changes last_admin invite/>
                }
                .into_any(),
                Shown::NotLoaded(error) => view! { <NotLoaded what="the users" error/> }.into_any(),
                Shown::NothingMatches => {
                    let clear = move |()| filter.set(String::new());
                    view! { <NothingMatches filter on_clear=clear/> }.into_any()
                }
            }}
        </Page>
        <Panels url changes invite/>
    }
}

/// Opens the panel that adds a person.
#[component]
fn AddButton(url: UrlState) -> impl IntoView {
    view! {
        <a
            class="button"
            data-kind="primary"
            href=move || url.with(&[("panel", Some("new".into()))])
        >
            <Icon kind=IconKind::Plus/>
            "Add user"
        </a>
    }
}

/// Whatever stands over the list.
#[component]
fn Panels(url: UrlState, changes: Changes, invite: RwSignal<Option<InviteLink>>) -> impl IntoView {
    let adding = Memo::new(move |_| url.get("panel").as_deref() == Some("new"));

    view! {
        <Show when=move || adding.get()>
            <AddUserPanel invite on_close=move |()| url.set(&[("panel", None)], false)/>
        </Show>
        {move || invite.get().map(|link| {
            view! { <InviteOnce link on_saved=move |()| invite.set(None)/> }
        })}
        <change::DeleteUserDialog changes/>
    }
}
