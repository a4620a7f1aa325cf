//! The panel with the commands that lead to a host cluster itself.

use dormer_api::cluster::Cluster;
use dormer_api::state::Tone;
use leptos::prelude::*;

use super::model::{may_use, title};
use crate::app::InstanceFacts;
use crate::pages::reach::{Facts, WaysIn};
use crate::session;
use crate::ui::{Notice, Panel};

/// The commands for one host cluster.
#[component]
pub fn KubectlPanel(it: Signal<Cluster>, on_close: Callback<()>) -> impl IntoView {
    let InstanceFacts(instance) = expect_context();
    let session = session::current();
    let heading = it.with_untracked(|it| format!("Connect to {}", title(it)));
    // The facts as they are now: a key that was made for the commands would be lost with them.
    let host = StoredValue::new(it.get_untracked());
    let facts = Memo::new(move |_| {
        let instance = instance.get()?.ok()?;
        let (project, vcluster) = (String::new(), String::new());
        Some(Facts { instance, host: host.get_value(), project, vcluster })
    });
    let failure = Signal::derive(move || match instance.get() {
        Some(Err(error)) => format!("Could not read where this instance is. {error}"),
        Some(Ok(_)) | None => String::new(),
    });
    let allowed = Memo::new(move |_| {
        let person = session.person().user.unwrap_or_default();
        session.is_admin() || it.with(|it| may_use(it, &person))
    });

    view! {
        <Panel title=heading on_close>
            <Notice tone=Tone::Failed text=failure/>
            <p class="muted">
                "This is the host cluster itself, with everybody's virtual clusters in it. For one virtual cluster, connect to that."
            </p>
            <Show
                when=move || allowed.get()
                fallback=|| {
                    view! {
                        <Notice
                            tone=Tone::Attention
                            text="You may see this cluster but not use it. An administrator can share it with you."
                        />
                    }
                }
            >
                {move || facts.get().map(|facts| view! { <WaysIn facts/> })}
            </Show>
        </Panel>
    }
}
