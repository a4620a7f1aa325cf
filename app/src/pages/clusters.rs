//! The host clusters: how each is, how far it is from here, and what can be done to it.

use dormer_api::cluster::Cluster;
use dormer_api::state::Tone;
use leptos::prelude::*;

use super::list::{CountOf, FilterBox, NotLoaded, NothingMatches, Shown, UrlState, shown};
use crate::client::Client;
use crate::live::{self, Freshness, Live, LiveRow};
use crate::probe::Probes;
use crate::ui::{Empty, Icon, IconKind, Notice, Page, Sort};
use crate::{clock, paths, session};

mod actions;
mod change;
mod connect;
mod disconnect;
mod edit;
mod endpoint;
mod kubectl;
mod model;
mod panels;
mod strip;
mod table;

use change::Changes;
pub use connect::ConnectClusterPage;
use disconnect::DisconnectDialog;
use model::{SORT_KEYS, compare, direct_host, passes};
use panels::Panels;
use strip::Regions;
use table::ClusterTable;

/// What every part of the page works with.
#[derive(Clone, Copy)]
struct Part {
    probes: Probes,
    changes: Changes,
}

/// What the URL has to hold for a panel of a cluster.
fn panel_url(panel: &str, name: &str) -> [(&'static str, Option<String>); 2] {
    [("panel", Some(panel.into())), ("name", Some(name.into()))]
}

/// What the URL has to lose for no panel to be open.
const NO_PANEL: [(&str, Option<String>); 2] = [("panel", None), ("name", None)];

/// The list of host clusters.
#[component]
pub fn ClustersPage() -> impl IntoView {
    let client = expect_context::<Client>();
    let url = UrlState::here();
    let live = live::follow::<Cluster>(client, paths::api::whole_clusters());
    let part = Part { probes: Probes::new(), changes: Changes::new(client) };
    let filter = url.typed("q");
    let (visible, sort) = arranged(live, filter, url);
    let shown = shown(live, visible);
    let loaded = Memo::new(move |_| live.freshness.with(|it| *it != Freshness::Loading));
    measure_once(live, part.probes);

    view! {
        <Page
            title="Clusters"
            aside=move || view! { <CountOf live/> }
            actions=move || view! { <ConnectButton/> }
        >
            <Notice tone=Tone::Failed text=part.changes.problem/>
            <Show when=move || shown.get() != Shown::NoneYet>
                <div class="toolbar">
                    <FilterBox label="Filter clusters" placeholder="Filter" text=filter/>
                    <MeasureAgain probes=part.probes/>
                </div>
            </Show>
            {move || match shown.get() {
                Shown::Table => view! {
                    <Regions rows=visible probes=part.probes/>
                    <ClusterTable rows=visible loaded sort url part/>
                }
                .into_any(),
                Shown::NotLoaded(error) => view! { <NotLoaded what="the clusters" error/> }.into_any(),
                Shown::NoneYet => view! { <NoneYet/> }.into_any(),
                Shown::NothingMatches => {
                    let clear = move |()| filter.set(String::new());
                    view! { <NothingMatches filter on_clear=clear/> }.into_any()
                }
            }}
        </Page>
        <DisconnectDialog changes=part.changes/>
        <Panels live url/>
    }
}

/// The rows that pass the filter, in their order.
fn arranged(
    live: Live<Cluster>,
    filter: RwSignal<String>,
    url: UrlState,
) -> (Memo<Vec<LiveRow<Cluster>>>, Memo<Sort>) {
    let sort = Memo::new(move |_| Sort::parse(url.get("sort").as_deref(), &SORT_KEYS));
    let visible = Memo::new(move |_| {
        live.changes.track();
        let (sort, words, now) = (sort.get(), filter.get().to_lowercase(), clock::read());
        let mut rows = live.rows.get();
        rows.retain(|row| row.value.with_untracked(|it| passes(it, &words, now)));
        rows.sort_by(|a, b| {
            a.value.with_untracked(|a| b.value.with_untracked(|b| compare(a, b, &sort, now)))
        });
        rows
    });
    (visible, sort)
}

/// Measures every way once, as soon as it is known that there is one.
fn measure_once(live: Live<Cluster>, probes: Probes) {
    probes.ask_central();
    Effect::new(move |_| {
        live.changes.track();
        for row in live.rows.get() {
            if let Some(host) = row.value.with_untracked(|it| direct_host(it).map(str::to_owned)) {
                probes.ask(&host);
            }
        }
    });
}

/// Measures the ways from this browser again.
#[component]
fn MeasureAgain(probes: Probes) -> impl IntoView {
    let icon = move || if probes.busy() { IconKind::Busy } else { IconKind::Again };

    view! {
        <button
            type="button"
            class="button"
            aria-busy=move || probes.busy().then_some("true")
            title="How far each cluster is from this browser"
            on:click=move |_| probes.again()
        >
            <Icon kind=Signal::derive(icon)/>
            "Measure again"
        </button>
    }
}

/// Leads to the wizard, for administrators.
#[component]
fn ConnectButton() -> impl IntoView {
    let session = session::current();

    view! {
        <Show when=move || session.is_admin()>
            <a class="button" data-kind="primary" href=paths::CONNECT_CLUSTER>
                <Icon kind=IconKind::Plus/>
                "Connect a cluster"
            </a>
        </Show>
    }
}

/// No cluster that one may see: what to do about it.
#[component]
fn NoneYet() -> impl IntoView {
    let session = session::current();
    let title = move || match session.is_admin() {
        true => "No cluster connected. Virtual clusters need one to live in.",
        false => "An administrator has to connect a cluster first.",
    };

    view! {
        <Empty icon=IconKind::Clusters title=Signal::derive(move || title().to_owned())>
            <ConnectButton/>
        </Empty>
    }
}
