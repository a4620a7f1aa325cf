//! The last two steps: a direct endpoint, which can be left out, and what to do now.

use dormer_api::cluster::Cluster;
use leptos::prelude::*;

use crate::pages::clusters::endpoint::EndpointForm;
use crate::pages::clusters::model::title;
use crate::pages::list::UrlState;
use crate::paths;
use crate::ui::{Icon, IconKind, focus_heading};

/// What the URL holds when the endpoint is dealt with.
pub const DONE: &str = "done";

/// The direct endpoint, which can be left for later.
#[component]
pub fn EndpointStep(it: Signal<Cluster>, url: UrlState) -> impl IntoView {
    let preferred = move || it.with(|it| crate::pages::clusters::model::direct_host(it).is_some());
    let go_on = move |_| {
        url.set(&[("step", Some(DONE.into()))], false);
        focus_heading();
    };

    view! {
        <section class="stack" aria-labelledby="endpoint-step">
            <h2 id="endpoint-step">"Direct endpoint (optional)"</h2>
            <EndpointForm it/>
            <div class="row row-end">
                <button
                    type="button"
                    class="button"
                    data-kind=move || if preferred() { "primary" } else { "" }
                    on:click=go_on
                >
                    {move || if preferred() { "Go on" } else { "Skip for now" }}
                </button>
            </div>
        </section>
    }
}

/// It is connected: what to do now.
#[component]
pub fn DoneStep(it: Signal<Cluster>) -> impl IntoView {
    let name = it.with_untracked(|it| it.metadata.name.clone());

    view! {
        <section class="stack" aria-labelledby="done-step">
            <h2 id="done-step">{move || format!("{} is connected", it.with(title))}</h2>
            <p class="muted">
                "Projects that may use every cluster can use it from now on. Who else may send requests to the cluster itself is set under Edit."
            </p>
            <div class="row">
                <a class="button" data-kind="primary" href=paths::new_vcluster_on(&name)>
                    <Icon kind=IconKind::Plus/>
                    "Create the first virtual cluster here"
                </a>
                <a class="button" href=paths::CLUSTERS>
                    "Back to clusters"
                </a>
            </div>
        </section>
    }
}
