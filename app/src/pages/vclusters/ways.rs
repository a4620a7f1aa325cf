//! The ways into a virtual cluster, once it is known where it lives.

use dormer_api::cluster::Cluster;
use dormer_api::meta::ObjectMeta;
use dormer_api::project::ProjectClusters;
use dormer_api::state::Tone;
use leptos::prelude::*;

use super::model::Vcluster;
use crate::app::InstanceFacts;
use crate::client::Client;
use crate::pages::reach::{Facts, WaysIn};
use crate::paths;
use crate::ui::Notice;

/// The ways in: a key, the path, and the tabs.
#[component]
pub fn Ways(it: Signal<Vcluster>) -> impl IntoView {
    let client = expect_context::<Client>();
    let InstanceFacts(instance) = expect_context();
    let (project, vcluster, host) =
        untrack(|| it.with(|it| (it.project.clone(), it.name.clone(), it.host.clone())));
    let may_use = Memo::new(move |_| it.with(|it| it.can_use));
    let path = paths::api::part("projects", &project, "clusters");
    let clusters = LocalResource::new(move || {
        let path = path.clone();
        async move { client.get_patiently::<ProjectClusters>(&path).await }
    });
    let facts = Memo::new(move |_| {
        let instance = instance.get()?.ok()?;
        // Without the right to see the host there is the central path.
        let clusters = clusters.get()?.unwrap_or_default().clusters;
        let found = clusters.into_iter().find(|it| it.metadata.name == host);
        let host = found.unwrap_or_else(|| unseen(&host));
        Some(Facts { instance, host, project: project.clone(), vcluster: vcluster.clone() })
    });
    let failure = Signal::derive(move || match instance.get() {
        Some(Err(error)) => format!("Could not read where this instance is. {error}"),
        Some(Ok(_)) | None => String::new(),
    });

    view! {
        <Notice tone=Tone::Failed text=failure/>
        <Show
            when=move || may_use.get()
            fallback=|| {
                view! {
                    <Notice
                        tone=Tone::Attention
                        text="You may see it but not use it. Ask its owner to share it with you."
                    />
                }
            }
        >
            {move || facts.get().map(|facts| view! { <WaysIn facts/> })}
        </Show>
    }
}

/// A host cluster of which nothing is known but its name.
fn unseen(name: &str) -> Cluster {
    let metadata = ObjectMeta { name: name.to_owned(), ..ObjectMeta::default() };
    Cluster { metadata, ..Cluster::default() }
}
