//! The ways in: a key, the path, and tabs of commands by intent.

use dormer_api::cluster::Cluster;
use dormer_api::connect::{self, Endpoint, Request, Route};
use dormer_api::session::Instance;
use leptos::prelude::*;
use stylers::style;

use super::path::{PathChoice, host_of, usual_route};
use super::{Commands, KeyBox, KeyFor, KubeconfigTab, MadeKey};
use crate::probe::Probes;
use crate::ui::Tabs;

/// Everything that the commands are made from.
#[derive(Clone, PartialEq)]
pub struct Facts {
    /// The central instance.
    pub instance: Instance,
    /// The host cluster; with nothing but its name where the person may not see it.
    pub host: Cluster,
    /// The project; empty for the host cluster itself.
    pub project: String,
    /// The virtual cluster; empty for the host cluster itself.
    pub vcluster: String,
}

impl Facts {
    fn endpoint(&self) -> Option<Endpoint> {
        Endpoint::of(&self.host.metadata)
    }

    fn key_for(&self) -> KeyFor {
        match self.vcluster.as_str() {
            "" => KeyFor::Host(self.host.metadata.name.clone()),
            name => KeyFor::Vcluster { project: self.project.clone(), name: name.to_owned() },
        }
    }

    /// What the file is called.
    fn name(&self) -> &str {
        if self.vcluster.is_empty() { &self.host.metadata.name } else { &self.vcluster }
    }
}

/// Facts, with the endpoint read from them once.
type Known = (Facts, Option<Endpoint>);

/// The request that the commands are made from.
fn request<'a>((facts, endpoint): &'a Known, route: Route, key: Option<&'a str>) -> Request<'a> {
    Request {
        instance: &facts.instance,
        project: &facts.project,
        vcluster: &facts.vcluster,
        cluster: &facts.host.metadata.name,
        endpoint: endpoint.as_ref(),
        route,
        key,
    }
}

/// The ways in: the path, a key, and the tabs.
#[component]
pub fn WaysIn(
    /// What the commands are made from.
    facts: Facts,
) -> impl IntoView {
    let key = RwSignal::new(None::<MadeKey>);
    let (reveal, open) = (RwSignal::new(false), RwSignal::new(0));
    let endpoint = facts.endpoint();
    let route = RwSignal::new(usual_route(&facts.host, endpoint.as_ref()));
    let (of, file_name) = (facts.key_for(), facts.name().to_owned());
    let host = StoredValue::new(facts.host.clone());
    let known = StoredValue::new((facts, endpoint.clone()));
    let lines = move |of: fn(&Request) -> Vec<connect::Line>| {
        Signal::derive(move || {
            let key = key.get().map(|key| key.secret);
            known.with_value(|known| of(&request(known, route.get(), key.as_deref())))
        })
    };
    let (kubectl, vcluster, loft) =
        (lines(connect::kubectl), lines(connect::vcluster_cli), lines(connect::loft_cli));
    let file = Signal::derive(move || {
        let key = key.get()?;
        let words = key.expires_words();
        Some(known.with_value(|known| {
            connect::kubeconfig(&request(known, route.get(), None), &key.secret, &words)
        }))
    });
    let file_name = StoredValue::new(file_name);
    let content = move || match open.get() {
        0 => view! { <Commands lines=kubectl reveal/> }.into_any(),
        1 => view! { <Commands lines=vcluster reveal/> }.into_any(),
        2 => view! { <Commands lines=loft reveal/> }.into_any(),
        _ => view! { <KubeconfigTab name=file_name.get_value() file key reveal/> }.into_any(),
    };

    view! {
        {endpoint.map(|endpoint| {
            let probes = Probes::new();
            probes.ask_central();
            probes.ask(host_of(&endpoint));
            view! { <PathChoice host endpoint=StoredValue::new(endpoint) route probes/> }
        })}
        <KeyBox of key reveal/>
        <Tabs
            label="Ways to connect"
            words=&["kubectl", "vcluster CLI", "loft CLI", "Kubeconfig"]
            open
            content=content
        />
        <Where known route/>
    }
}

/// The names behind the commands, for whoever looks for them in a file.
#[component]
fn Where(known: StoredValue<Known>, route: RwSignal<Route>) -> impl IntoView {
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
    let context = move || known.with_value(|it| request(it, route.get(), None).context());
    let server = move || known.with_value(|it| request(it, route.get(), None).server().url);

    view! { class = class,
        <dl class="where">
            <dt>"Context name"</dt>
            <dd class="where-value">{context}</dd>
            <dt>"Server"</dt>
            <dd class="where-value">{server}</dd>
        </dl>
    }
}
