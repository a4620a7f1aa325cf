//! The wizard that connects a cluster: a page of its own, taken up again at any time.

use dormer_api::cluster::ClusterAccessKey;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use stylers::style;

use crate::session;
use crate::ui::{Empty, IconKind, Page};

mod checklist;
mod code;
mod done;
mod going;
mod kubeconfig;
mod name;
mod run;

use going::Going;
use name::NameStep;

/// A join code that was just made. It is in memory only, and goes with the page.
#[derive(Debug, Clone, PartialEq, Eq)]
struct JoinCode {
    /// The cluster that it is for.
    cluster: String,
    /// The code, and what else the commands need.
    key: ClusterAccessKey,
}

/// Where the wizard is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Name,
    Run,
    Handshake,
    Endpoint,
    Done,
}

impl Stage {
    const ALL: [Self; 5] = [Self::Name, Self::Run, Self::Handshake, Self::Endpoint, Self::Done];

    fn words(self) -> &'static str {
        match self {
            Self::Name => "Name",
            Self::Run => "Run",
            Self::Handshake => "Handshake",
            Self::Endpoint => "Direct endpoint",
            Self::Done => "Done",
        }
    }
}

/// The wizard, for administrators; for others, that there is none.
#[component]
pub fn ConnectClusterPage() -> impl IntoView {
    let session = session::current();
    let is_admin = Memo::new(move |_| session.is_admin());
    let params = use_params_map();
    let name = Memo::new(move |_| params.with(|it| it.get("name")).filter(|it| !it.is_empty()));
    let code = RwSignal::new(None::<JoinCode>);
    let stage = RwSignal::new(Stage::Name);

    view! {
        <Page title="Connect a cluster">
            <Show when=move || is_admin.get() fallback=|| view! { <NotForYou/> }>
                <Stages stage/>
                {move || match name.get() {
                    None => view! { <NameStep code stage/> }.into_any(),
                    Some(name) => view! { <Going name code stage/> }.into_any(),
                }}
            </Show>
        </Page>
    }
}

/// What somebody who is no administrator finds here.
#[component]
fn NotForYou() -> impl IntoView {
    view! {
        <Empty
            icon=IconKind::Locked
            title="Only administrators connect clusters. Ask one of them."
        />
    }
}

/// The stages in a row, and which of them it is.
#[component]
fn Stages(stage: RwSignal<Stage>) -> impl IntoView {
    let class = style! {
        .stages {
            display: flex;
            flex-wrap: wrap;
            gap: var(--space-1) var(--space-4);
            padding: 0;
            list-style: none;
        }
        .stages-one {
            display: flex;
            align-items: center;
            gap: var(--space-2);
            color: var(--fg-muted);
        }
        .stages-one[aria-current="step"] {
            color: var(--fg);
            font-weight: var(--weight-strong);
        }
        .stages-number {
            display: grid;
            place-items: center;
            width: var(--target);
            height: var(--target);
            border: 1px solid var(--line-control);
            border-radius: var(--radius-pill);
            font-size: var(--font-caption);
        }
        .stages-one[data-past="true"] .stages-number {
            border-color: transparent;
            color: var(--running-fg);
            background: var(--running-bg);
        }
        .stages-one[aria-current="step"] .stages-number {
            border-color: transparent;
            color: var(--accent-fg);
            background: var(--accent);
        }
    };
    let one = move |(at, this): (usize, Stage)| {
        view! { class = class,
            <li
                class="stages-one"
                aria-current=move || (stage.get() == this).then_some("step")
                data-past=move || (stage.get() > this).then_some("true")
            >
                <span class="stages-number" aria-hidden="true">{at + 1}</span>
                {this.words()}
                <span class="visually-hidden">
                    {move || (stage.get() > this).then_some(", done")}
                </span>
            </li>
        }
    };

    view! { class = class,
        <ol class="stages" aria-label="Steps">
            {Stage::ALL.into_iter().enumerate().map(one).collect_view()}
        </ol>
    }
}
