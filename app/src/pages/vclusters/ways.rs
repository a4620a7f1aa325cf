//! The ways into a virtual cluster: a key, a path, and tabs of commands by intent.

use dormer_api::connect::{self, Endpoint, Request, Route};
use dormer_api::project::ProjectClusters;
use dormer_api::session::Instance;
use dormer_api::state::Tone;
use leptos::prelude::*;
use stylers::style;

use super::command::Commands;
use super::key::{KeyBox, MadeKey};
use super::kubeconfig::KubeconfigTab;
use super::model::Vcluster;
use crate::app::InstanceFacts;
use crate::client::Client;
use crate::paths;
use crate::ui::{Notice, Tabs};

/// Everything that the commands are made from. Nothing while it is being read.
#[derive(Clone, PartialEq)]
struct Facts {
    instance: Instance,
    /// The name of the host cluster.
    cluster: String,
    endpoint: Option<Endpoint>,
}

/// The ways in: a key, the path, and the tabs.
#[component]
pub fn Ways(it: Signal<Vcluster>) -> impl IntoView {
    let client = expect_context::<Client>();
    let InstanceFacts(instance) = expect_context();
    let (project, name, host) =
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
        let endpoint = clusters.iter().find(|it| it.metadata.name == host);
        let endpoint = endpoint.and_then(|it| Endpoint::of(&it.metadata));
        Some(Facts { instance, cluster: host.clone(), endpoint })
    });
    let failure = Signal::derive(move || match instance.get() {
        Some(Err(error)) => format!("Could not read where this instance is. {error}"),
        Some(Ok(_)) | None => String::new(),
    });
    let id = StoredValue::new((project, name));

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
            {move || facts.get().map(|facts| {
                let (project, name) = id.get_value();
                view! { <WaysIn facts project name/> }
            })}
        </Show>
    }
}

#[component]
fn WaysIn(facts: Facts, project: String, name: String) -> impl IntoView {
    let key = RwSignal::new(None::<MadeKey>);
    let (reveal, open) = (RwSignal::new(false), RwSignal::new(0));
    let usual = if facts.endpoint.is_some() { Route::Direct } else { Route::Central };
    let route = RwSignal::new(usual);
    let direct_url = facts.endpoint.as_ref().map(|it| it.url.clone());
    let insecure = facts.endpoint.as_ref().is_some_and(|it| it.insecure);
    let facts = StoredValue::new((facts, project.clone(), name.clone()));
    let lines = move |of: fn(&Request) -> Vec<connect::Line>| {
        Signal::derive(move || {
            let key = key.get().map(|key| key.secret);
            facts.with_value(|facts| of(&request(facts, route.get(), key.as_deref())))
        })
    };
    let (kubectl, vcluster, loft) =
        (lines(connect::kubectl), lines(connect::vcluster_cli), lines(connect::loft_cli));
    let file = Signal::derive(move || {
        let key = key.get()?;
        let words = key.expires_words();
        Some(facts.with_value(|facts| {
            connect::kubeconfig(&request(facts, route.get(), None), &key.secret, &words)
        }))
    });
    let warning = Signal::derive(move || match (insecure, route.get()) {
        (true, Route::Direct) => {
            "The certificate of the direct endpoint is not checked. An administrator set that."
                .to_owned()
        }
        (true | false, Route::Direct | Route::Central) => String::new(),
    });
    let file_name = StoredValue::new(name.clone());
    let content = move || match open.get() {
        0 => view! { <Commands lines=kubectl reveal/> }.into_any(),
        1 => view! { <Commands lines=vcluster reveal/> }.into_any(),
        2 => view! { <Commands lines=loft reveal/> }.into_any(),
        _ => view! { <KubeconfigTab name=file_name.get_value() file key reveal/> }.into_any(),
    };

    view! {
        {direct_url.map(|url| view! { <PathChoice url route/> })}
        <Notice tone=Tone::Failed text=warning/>
        <KeyBox project name key reveal/>
        <Tabs
            label="Ways to connect"
            words=&["kubectl", "vcluster CLI", "loft CLI", "Kubeconfig"]
            open
            content=content
        />
        <Where facts=facts route/>
    }
}

/// The request that the commands are made from.
fn request<'a>(
    (facts, project, vcluster): &'a (Facts, String, String),
    route: Route,
    key: Option<&'a str>,
) -> Request<'a> {
    let Facts { instance, cluster, endpoint } = facts;
    Request { instance, project, vcluster, cluster, endpoint: endpoint.as_ref(), route, key }
}

/// Which way requests go. There only where there is a choice.
#[component]
fn PathChoice(url: String, route: RwSignal<Route>) -> impl IntoView {
    let class = style! {
        .path-choice {
            display: flex;
            flex-direction: column;
            gap: var(--space-1);
            padding: 0;
            border: 0;
        }
        .path-option {
            display: flex;
            align-items: center;
            gap: var(--space-2);
            min-height: var(--target);
        }
        .path-radio {
            accent-color: var(--accent);
        }
    };
    let option = move |this: Route, words: String| {
        view! { class = class,
            <label class="path-option">
                <input
                    type="radio"
                    class="path-radio"
                    name="path"
                    prop:checked=move || route.get() == this
                    on:change=move |_| route.set(this)
                />
                {words}
            </label>
        }
    };

    view! { class = class,
        <fieldset class="path-choice">
            <legend class="field-label">"Path"</legend>
            {option(Route::Direct, format!("Direct, {}", url.trim_start_matches("https://")))}
            {option(Route::Central, "Central gateway".to_owned())}
            <span class="caption">
                "Direct keeps traffic in the region. Access rules, audit and sleep tracking are applied by the host's agent."
            </span>
        </fieldset>
    }
}

/// The names behind the commands, for whoever looks for them in a file.
#[component]
fn Where(facts: StoredValue<(Facts, String, String)>, route: RwSignal<Route>) -> impl IntoView {
    let class = style! {
        .where {
            display: grid;
            grid-template-columns: auto minmax(0, 1fr);
            gap: var(--space-1) var(--space-3);
            font-size: var(--font-caption);
            line-height: var(--line-caption);
            color: var(--fg-muted);
        }
        .where-value {
            overflow-wrap: anywhere;
        }
    };
    let context = move || facts.with_value(|it| request(it, route.get(), None).context());
    let server = move || facts.with_value(|it| request(it, route.get(), None).server().url);

    view! { class = class,
        <dl class="where">
            <dt>"Context name"</dt>
            <dd class="where-value">{context}</dd>
            <dt>"Server"</dt>
            <dd class="where-value">{server}</dd>
        </dl>
    }
}
