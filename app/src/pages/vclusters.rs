//! The home page: the live list of virtual clusters, and the panels over it.

use dormer_api::state::Tone;
use leptos::prelude::*;

use super::list::{FilterBox, FreshnessOf, NotLoaded, NothingMatches, Shown, UrlState, shown};
use crate::client::Client;
use crate::live::{self, Freshness, Live};
use crate::ui::{Empty, IconKind, Notice, Page};
use crate::{clock, paths};

mod actions;
mod arrange;
mod connect;
mod create;
mod delete;
mod fields;
mod form;
mod model;
mod new;
mod progress;
mod row;
mod table;
mod ways;

use actions::Actions;
use connect::ConnectPanel;
use create::CreatePanel;
use delete::DeleteDialog;
use model::Vcluster;
use new::{Maker, NewButtons};
use table::{VclusterTable, arranged};

/// What the URL has to hold for the Connect panel of a virtual cluster.
fn panel_url(project: &str, name: &str) -> [(&'static str, Option<String>); 4] {
    [
        ("panel", Some("connect".into())),
        ("project", Some(project.into())),
        ("name", Some(name.into())),
        ("host", None),
    ]
}

/// What the URL has to lose for no panel to be open.
const NO_PANEL: [(&str, Option<String>); 4] =
    [("panel", None), ("project", None), ("name", None), ("host", None)];

/// The list of virtual clusters.
#[component]
pub fn VclustersPage() -> impl IntoView {
    let client = expect_context::<Client>();
    let url = UrlState::here();
    let actions = Actions::new(client);
    let live = live::follow::<Vcluster>(client, paths::api::resource("virtualclusterinstances"));
    let filter = url.typed("q");
    let (visible, sort) = arranged(live, filter, url);
    let loaded = Memo::new(move |_| {
        live.freshness.with(|it| matches!(it, Freshness::Current | Freshness::Stale(_)))
    });
    let rows = Signal::derive(move || loaded.get().then(|| visible.get()));
    let shown = shown(live, visible);
    let maker = Maker::new(client, url, actions);

    view! {
        <Page
            title="Virtual clusters"
            aside=move || view! { <Count live/> <FreshnessOf freshness=live.freshness/> }
            actions=move || view! { <NewButtons maker url/> }
        >
            <Notice tone=Tone::Failed text=actions.problem/>
            <Show when=move || shown.get() != Shown::NoneYet>
                <div class="toolbar">
                    <FilterBox
                        label="Filter virtual clusters"
                        placeholder="Filter, such as otter or state:sleeping"
                        text=filter
                    />
                </div>
            </Show>
            {move || match shown.get() {
                Shown::Table => view! { <VclusterTable rows sort url actions/> }.into_any(),
                Shown::NotLoaded(error) => {
                    view! { <NotLoaded what="the virtual clusters" error/> }.into_any()
                }
                Shown::NoneYet => view! { <NoneYet maker/> }.into_any(),
                Shown::NothingMatches => {
                    let clear = move |()| filter.set(String::new());
                    view! { <NothingMatches filter on_clear=clear/> }.into_any()
                }
            }}
        </Page>
        <DeleteDialog actions/>
        <Panels live url actions/>
    }
}

/// How many there are, and how many of them sleep.
#[component]
fn Count(live: Live<Vcluster>) -> impl IntoView {
    let words = Memo::new(move |_| {
        live.changes.track();
        let now = clock::read();
        let rows = live.rows.get();
        let asleep =
            rows.iter().filter(|row| row.value.with_untracked(|it| it.state(now).asleep()));
        match (rows.len(), asleep.count()) {
            (0, _) => String::new(),
            (all, 0) => all.to_string(),
            (all, asleep) => format!("{all}, {asleep} sleeping"),
        }
    });

    view! { <span class="muted">{words}</span> }
}

/// Nothing yet: what to do about it.
#[component]
fn NoneYet(maker: Maker) -> impl IntoView {
    view! {
        <Empty
            icon=IconKind::Vclusters
            title="No virtual clusters yet. One takes under a minute."
        >
            <button
                type="button"
                class="button"
                data-kind="primary"
                on:click=move |_| maker.make()
            >
                "Create one"
            </button>
        </Empty>
    }
}

/// The panel that the URL asks for.
#[component]
fn Panels(live: Live<Vcluster>, url: UrlState, actions: Actions) -> impl IntoView {
    let panel = Memo::new(move |_| url.get("panel"));
    let chosen = Memo::new(move |_| {
        (url.get("project").unwrap_or_default(), url.get("name").unwrap_or_default())
    });

    move || match panel.get().as_deref() {
        Some("new") => view! { <CreatePanel url/> }.into_any(),
        Some("connect") => {
            let (project, name) = chosen.get();
            view! { <ConnectPanel live url actions project name/> }.into_any()
        }
        Some(_) | None => ().into_any(),
    }
}
