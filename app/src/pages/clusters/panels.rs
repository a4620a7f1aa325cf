//! The panel that the URL asks for, over the list of host clusters.

use dormer_api::cluster::Cluster;
use dormer_api::state::Tone;
use leptos::prelude::*;

use super::NO_PANEL;
use super::actions::no_endpoint_because;
use super::edit::EditPanel;
use super::endpoint::EndpointPanel;
use super::kubectl::KubectlPanel;
use crate::live::{Freshness, Live, LiveRow};
use crate::pages::list::UrlState;
use crate::session;
use crate::ui::{Notice, Panel};

/// The panel of the cluster that the URL names.
#[component]
pub fn Panels(live: Live<Cluster>, url: UrlState) -> impl IntoView {
    let asked = Memo::new(move |_| (url.get("panel"), url.get("name").unwrap_or_default()));
    let close = Callback::new(move |()| url.set(&NO_PANEL, false));

    move || match asked.get() {
        (Some(panel), name) if matches!(panel.as_str(), "kubectl" | "edit" | "endpoint") => {
            view! { <PanelOf live panel name on_close=close/> }.into_any()
        }
        (Some(_) | None, _) => ().into_any(),
    }
}

/// One panel, as soon as its cluster is known.
#[component]
fn PanelOf(
    live: Live<Cluster>,
    panel: String,
    name: String,
    on_close: Callback<()>,
) -> impl IntoView {
    let session = session::current();
    let wanted = name.clone();
    let row = Memo::new(move |_| {
        let is_it =
            |row: &&LiveRow<Cluster>| row.value.with_untracked(|it| it.metadata.name == wanted);
        live.rows.with(|rows| rows.iter().find(is_it).cloned())
    });
    let waiting = Memo::new(move |_| live.freshness.with(|it| *it == Freshness::Loading));
    let panel = StoredValue::new(panel);
    let name = StoredValue::new(name);

    move || {
        let Some(row) = row.get() else {
            let words = match waiting.get() {
                true => String::new(),
                false => {
                    format!("There is no cluster {}, or you may not see it.", name.get_value())
                }
            };
            return view! { <Refused words on_close/> }.into_any();
        };
        let it = Signal::derive(move || row.value.get());
        let panel = panel.get_value();
        if panel == "kubectl" {
            return view! { <KubectlPanel it on_close/> }.into_any();
        }
        if !session.is_admin() {
            let words = "Only administrators change clusters. Ask one of them.".to_owned();
            return view! { <Refused words on_close/> }.into_any();
        }
        if panel == "edit" {
            return view! { <EditPanel it=it.get_untracked() on_close/> }.into_any();
        }
        match it.with_untracked(no_endpoint_because) {
            Some(words) => view! { <Refused words on_close/> }.into_any(),
            None => view! { <EndpointPanel it on_close/> }.into_any(),
        }
    }
}

/// A panel that has nothing to show but why.
#[component]
fn Refused(words: String, on_close: Callback<()>) -> impl IntoView {
    view! {
        <Panel title="Cluster" on_close>
            <Notice tone=Tone::Attention text=words/>
        </Panel>
    }
}
