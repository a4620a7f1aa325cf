//! The Connect panel: what to type, click or copy to be in a virtual cluster.

use dormer_api::ago::unix;
use dormer_api::state::{State, Tone};
use dormer_api::vcluster::VirtualClusterInstance;
use leptos::prelude::*;
use stylers::style;

use super::NO_PANEL;
use super::actions::Actions;
use super::model::{Vcluster, icon};
use super::progress::Progress;
use super::ways::Ways;
use crate::client::{CallError, Client};
use crate::live::{Live, LiveRow};
use crate::pages::list::UrlState;
use crate::ui::{Act, Badge, IconKind, Notice, Panel};
use crate::{clock, paths};

/// The panel of one virtual cluster.
#[component]
pub fn ConnectPanel(
    live: Live<Vcluster>,
    url: UrlState,
    actions: Actions,
    project: String,
    name: String,
) -> impl IntoView {
    let client = expect_context::<Client>();
    let id = StoredValue::new((project, name));
    let row = Memo::new(move |_| {
        id.with_value(|(project, name)| {
            let is_it = |row: &&LiveRow<Vcluster>| {
                row.value.with_untracked(|it| it.project == *project && it.name == *name)
            };
            live.rows.with(|rows| rows.iter().find(is_it).cloned())
        })
    });
    let it = Memo::new(move |_| row.get().map(|row| row.value.get()));
    // Read again whenever its row changes: the row has no conditions.
    let revision = Memo::new(move |_| it.with(|it| it.as_ref().map(|it| it.revision.clone())));
    let object = LocalResource::new(move || {
        revision.track();
        let (project, name) = id.get_value();
        async move {
            client
                .get_patiently::<VirtualClusterInstance>(&paths::api::vcluster(&project, &name))
                .await
        }
    });
    let gone = move || it.with(Option::is_none) && matches!(object.get(), Some(Err(_)));
    let there = Memo::new(move |_| it.with(Option::is_some));
    let title = Signal::derive(move || {
        let title = it.with(|it| it.as_ref().map(|it| it.title.clone()));
        format!("Connect to {}", title.unwrap_or_else(|| id.get_value().1))
    });
    let missing = Signal::derive(move || match object.get() {
        Some(Err(CallError::Refused(_))) if gone() => {
            let (project, name) = id.get_value();
            format!(
                "There is no virtual cluster {name} in project {project}, or you may not see it."
            )
        }
        Some(Err(error)) if gone() => error.to_string(),
        Some(Ok(_) | Err(_)) | None => String::new(),
    });

    view! {
        <Panel title on_close=move |()| url.set(&NO_PANEL, false)>
            <Notice tone=Tone::Failed text=missing/>
            <Show when=move || there.get()>
                <Known it=Signal::derive(move || it.get().unwrap_or_default()) object actions/>
            </Show>
        </Panel>
    }
}

/// The panel of a virtual cluster that is there: its state, then the steps or the ways in.
#[component]
fn Known(
    it: Signal<Vcluster>,
    object: LocalResource<Result<VirtualClusterInstance, CallError>>,
    actions: Actions,
) -> impl IntoView {
    let clock = clock::current();
    let state = Memo::new(move |_| it.with(|it| it.state(clock.now())));
    let conditions = Signal::derive(move || match object.get() {
        Some(Ok(object)) => object.status.conditions,
        Some(Err(_)) | None => Vec::new(),
    });
    let since = Signal::derive(move || match object.get() {
        Some(Ok(object)) => object.metadata.creation_timestamp.as_deref().and_then(unix),
        Some(Err(_)) | None => it.with(|it| it.created),
    });
    let message = Signal::derive(move || match state.get() {
        State::Failed => it.with(|it| it.message.clone()),
        _ => String::new(),
    });
    // Once the ways in are there they stay: a key that was made in them would be lost.
    let usable = Memo::new(move |before: Option<&bool>| {
        before == Some(&true) || !matches!(state.get(), State::Creating | State::Failed)
    });

    view! {
        <StateLine it state actions/>
        <Notice tone=Tone::Failed text=message/>
        <Show when=move || usable.get() fallback=move || view! { <Progress conditions since/> }>
            <Ways it/>
        </Show>
    }
}

/// What it does, and for a sleeper how it wakes.
#[component]
fn StateLine(it: Signal<Vcluster>, state: Memo<State>, actions: Actions) -> impl IntoView {
    let class = style! {
        .state-line {
            display: flex;
            flex-wrap: wrap;
            align-items: center;
            gap: var(--space-3);
        }
    };
    let words = move || match state.get() {
        State::Sleeping => "The first request wakes it.",
        State::Held => "Requests do not wake it.",
        State::Waking => "It answers in a moment.",
        State::Running
        | State::Failed
        | State::Unknown
        | State::Creating
        | State::FallingAsleep
        | State::Deleting => "",
    };
    let locked = Signal::derive(move || it.with(Vcluster::locked_because));
    let busy = Signal::derive(move || it.with(|it| actions.is_busy(it)));

    view! { class = class,
        <div class="state-line" role="status">
            <Badge
                word=Signal::derive(move || state.get().word().to_owned())
                tone=Signal::derive(move || state.get().tone())
                icon=Signal::derive(move || icon(state.get()))
            />
            <span>{words}</span>
            <Show when=move || state.get().asleep()>
                <Act
                    icon=IconKind::Wake
                    words="Wake now"
                    label="Wake now"
                    because=locked
                    busy
                    on_press=move |()| it.with_untracked(|it| actions.wake(it))
                />
            </Show>
        </div>
    }
}
