//! The second step: the command that starts the agent, with its join code.

use dormer_api::cluster::{Cluster, ClusterAccessKey, command};
use dormer_api::connect::Line;
use dormer_api::state::Tone;
use leptos::prelude::*;
use stylers::style;

use super::{JoinCode, code};
use crate::client::{CallError, Client};
use crate::clock;
use crate::pages::reach::Commands;
use crate::ui::{Fold, Icon, IconKind, Notice, Tabs};

/// The command, or the button that makes a code for one.
#[component]
pub fn RunStep(
    /// The cluster that is being connected.
    it: Signal<Cluster>,
    /// The code, once it is made.
    code: RwSignal<Option<JoinCode>>,
) -> impl IntoView {
    let client = expect_context::<Client>();
    let clock = clock::current();
    let name = it.with_untracked(|it| it.metadata.name.clone());
    let wanted = name.clone();
    let renew = Action::new_local(move |(): &()| {
        let name = wanted.clone();
        async move {
            let made = code::make(client, &name).await?;
            _ = code.try_set(Some(made));
            Ok::<_, CallError>(())
        }
    });
    let failure = move || match renew.value().get() {
        Some(Err(error)) => format!("Could not make a join code. {error}"),
        Some(Ok(())) | None => String::new(),
    };
    let of = name.clone();
    let key = Memo::new(move |_| code::of(code, &of));
    let alive =
        Memo::new(move |_| key.with(|key| key.as_ref().map(|key| code::left(key, clock.now()))));
    // The commands are drawn once a code, not once a second.
    let usable = Memo::new(move |_| key.get().filter(|_| alive.get().is_some_and(|left| left > 0)));
    let make = move || {
        if !renew.pending().get_untracked() {
            renew.dispatch(());
        }
    };
    let name = StoredValue::new(name);

    view! {
        <section class="stack" aria-labelledby="run-step">
            <h2 id="run-step">"Run the agent"</h2>
            <p class="muted">
                "It runs beside the cluster and dials out to this instance: nothing has to reach the cluster from outside. This page follows what it does. You can leave and come back, but the code is shown only until you leave."
            </p>
            <Notice tone=Tone::Failed text=Signal::derive(failure)/>
            <CodeLine alive busy=renew.pending() on_new=move |()| make()/>
            {move || usable.get().map(|key| view! { <AgentCommands name=name.get_value() key/> })}
        </section>
    }
}

/// How long the code can be used, and the button that makes another.
#[component]
fn CodeLine(
    /// Seconds that are left; nothing where no code was made on this page.
    alive: Memo<Option<i64>>,
    #[prop(into)] busy: Signal<bool>,
    #[prop(into)] on_new: Callback<()>,
) -> impl IntoView {
    let class = style! {
        .join-code {
            display: flex;
            flex-wrap: wrap;
            align-items: center;
            gap: var(--space-2);
            padding: var(--space-3);
            border: 1px solid var(--line);
            border-radius: var(--radius-card);
            background: var(--sunken);
        }
        .join-code-words {
            flex: 1;
            min-width: 14rem;
        }
        .join-code-clock {
            font-weight: var(--weight-strong);
            font-variant-numeric: tabular-nums;
        }
    };
    let has_code = Memo::new(move |_| alive.get().is_some());
    let words = move || match alive.get() {
        None => {
            "The commands need a join code. It is shown once, works once and for ten minutes; an older one stops working."
        }
        Some(0) => "The join code has expired. Make a new one.",
        Some(_) => {
            "The join code is in the commands below and goes with this page. It works once, and expires in "
        }
    };
    let clock = move || alive.get().filter(|left| *left > 0).map(code::countdown);
    let icon = move || if busy.get() { IconKind::Busy } else { IconKind::Key };

    view! { class = class,
        <div class="join-code" role="group" aria-label="Join code">
            <span class="join-code-words">
                {words}
                <span class="join-code-clock" role="timer">{clock}</span>
            </span>
            <button
                type="button"
                class="button"
                data-kind=move || if alive.get().is_none_or(|left| left == 0) { "primary" } else { "" }
                aria-busy=move || busy.get().then_some("true")
                on:click=move |_| on_new.run(())
            >
                <Icon kind=Signal::derive(icon)/>
                {move || if has_code.get() { "New code" } else { "Make a code" }}
            </button>
        </div>
    }
}

/// The commands, by how the agent is to run.
#[component]
fn AgentCommands(name: String, key: ClusterAccessKey) -> impl IntoView {
    let (reveal, open) = (RwSignal::new(false), RwSignal::new(0));
    let agent = StoredValue::new(command::agent(&name, &key));
    let helm = StoredValue::new(command::helm(&name, &key));
    let lines = move |of: StoredValue<Vec<Line>>| Signal::derive(move || of.get_value());
    let (agent, helm) = (lines(agent), lines(helm));
    let insecure = match key.insecure && key.ca_cert.is_empty() {
        true => {
            "The agent cannot check the certificate of this instance. Run it in a network that you trust."
        }
        false => "",
    };
    let content = move || match open.get() {
        0 => view! { <AgentWhere/> <Commands lines=agent reveal/> <WhatAgentDoes/> }.into_any(),
        _ => view! { <Commands lines=helm reveal/> <WhatHelmInstalls/> }.into_any(),
    };
    let icon = move || if reveal.get() { IconKind::Hide } else { IconKind::Show };

    view! {
        <Notice tone=Tone::Attention text=insecure/>
        <Tabs label="Ways to run it" words=&["dormer agent", "Helm"] open content=content/>
        <div class="row">
            <button
                type="button"
                class="button"
                aria-pressed=move || if reveal.get() { "true" } else { "false" }
                on:click=move |_| reveal.update(|it| *it = !*it)
            >
                <Icon kind=Signal::derive(icon)/>
                "Show code"
            </button>
        </div>
    }
}

/// What the command needs beside what it says, by where it is run.
#[component]
fn AgentWhere() -> impl IntoView {
    view! {
        <p class="muted">
            "As it is, this runs in a pod of the cluster. Elsewhere add " <code>"--kubeconfig FILE"</code>
            ", or " <code>"--embedded"</code> " to try it without Kubernetes. "
            <code>"--listen ADDRESS"</code> " gives the cluster a direct endpoint."
        </p>
    }
}

#[component]
fn WhatAgentDoes() -> impl IntoView {
    view! {
        <Fold words="What this does">
            <ul class="plain-list">
                <li>"Nothing is installed: the program runs until you stop it."</li>
                <li>"It uses the credentials of the Pod it runs in, or those of --kubeconfig FILE. With --embedded it brings a small cluster of its own, for trying things out."</li>
                <li>"It makes a key of its own at the first join and keeps it in its data folder; the join code is not needed again."</li>
                <li>"In the cluster it adds the resource VirtualCluster (cluster.loft.sh)."</li>
            </ul>
        </Fold>
    }
}

#[component]
fn WhatHelmInstalls() -> impl IntoView {
    view! {
        <Fold words="What this installs">
            <ul class="plain-list">
                <li>"The namespace " <code>"dormer"</code> " with one Deployment, " <code>"dormer-agent"</code> ", its Service, and a volume of 1 GiB for its key."</li>
                <li>"A ServiceAccount bound to " <code>"cluster-admin"</code> ": the agent makes namespaces and the rights in them. The chart's value agent.clusterRole can name a smaller role."</li>
                <li>"A Secret with the join code, which is of no use after the first join."</li>
                <li>"The resource VirtualCluster (cluster.loft.sh), which the agent adds itself."</li>
                <li>"No Ingress: the agent dials out. A direct endpoint is the step after next, and optional."</li>
            </ul>
        </Fold>
    }
}
