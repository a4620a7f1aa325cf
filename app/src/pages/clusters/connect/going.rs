//! The wizard for a cluster that has a name: at whatever step that cluster is.

use dormer_api::cluster::{Cluster, Line, Progress, Step, checklist};
use dormer_api::state::Tone;
use leptos::prelude::*;

use super::checklist::Checklist;
use super::done::{DONE, DoneStep, EndpointStep};
use super::run::RunStep;
use super::{JoinCode, Stage};
use crate::app::InstanceFacts;
use crate::client::{CallError, Client};
use crate::live::{self, Freshness};
use crate::pages::list::{FreshnessOf, UrlState};
use crate::ui::{Notice, focus_heading};
use crate::{clock, paths};

/// The steps of one cluster. What is shown follows from the cluster alone, so that leaving and coming
/// back changes nothing.
#[component]
pub fn Going(
    name: String,
    code: RwSignal<Option<JoinCode>>,
    stage: RwSignal<Stage>,
) -> impl IntoView {
    let client = expect_context::<Client>();
    let live = live::follow::<Cluster>(client, paths::api::one_cluster(&name));
    let it = Memo::new(move |_| live.rows.with(|rows| rows.first().map(|row| row.value.get())));
    let there = Memo::new(move |_| it.with(Option::is_some));
    let missing = Signal::derive(move || match live.freshness.get() {
        Freshness::Loading => String::new(),
        Freshness::Failed(CallError::Unreachable) => {
            "Cannot reach the server. Retrying…".to_owned()
        }
        Freshness::Failed(error) => format!("Could not load the cluster. {error}"),
        Freshness::Current | Freshness::Stale(_) if there.get() => String::new(),
        Freshness::Current | Freshness::Stale(_) => {
            format!("There is no cluster {name}. It may have been disconnected; connect it anew.")
        }
    });
    // What had the focus on the page before is gone.
    focus_heading();

    view! {
        <div class="wizard stack">
            <Notice tone=Tone::Failed text=missing/>
            <Show when=move || there.get()>
                <Steps it=Signal::derive(move || it.get().unwrap_or_default()) code stage/>
                <p class="row">
                    <FreshnessOf freshness=live.freshness/>
                </p>
            </Show>
            <Show when=move || missing.with(|it| !it.is_empty())>
                <div class="row">
                    <a class="button" href=paths::CONNECT_CLUSTER>"Connect a cluster"</a>
                    <a class="button" href=paths::CLUSTERS>"Back to clusters"</a>
                </div>
            </Show>
        </div>
    }
}

#[component]
fn Steps(
    it: Signal<Cluster>,
    code: RwSignal<Option<JoinCode>>,
    stage: RwSignal<Stage>,
) -> impl IntoView {
    let clock = clock::current();
    let url = UrlState::here();
    let InstanceFacts(instance) = expect_context();
    let address = move || match instance.get() {
        Some(Ok(instance)) => instance.url,
        Some(Err(_)) | None => window().location().origin().unwrap_or_default(),
    };
    let lines = Memo::new(move |_| it.with(|it| checklist(it, &address(), clock.now())));
    // Once it is connected it stays so for this page: a hiccup later is the list's to tell.
    let now = Memo::new(move |before: Option<&Stage>| {
        let connected = before.is_some_and(|before| *before >= Stage::Endpoint);
        let at = lines.with(|lines| stage_of(lines, connected));
        let by_agent = it.with(|it| it.spec.network_peer && !it.spec.local);
        let skip = !by_agent || url.get("step").as_deref() == Some(DONE);
        if at == Stage::Endpoint && skip { Stage::Done } else { at }
    });
    // The row of stages is drawn by the page around this.
    Effect::new(move |_| stage.set(now.get()));
    let runs = Memo::new(move |_| {
        it.with(|it| it.spec.network_peer) && lines.with(|lines| needs_agent(lines))
    });
    let handshakes = Memo::new(move |_| now.get() < Stage::Endpoint);

    view! {
        <Show when=move || handshakes.get() && runs.get()>
            <RunStep it code/>
        </Show>
        <Checklist lines it/>
        {move || match now.get() {
            Stage::Endpoint => view! { <EndpointStep it url/> }.into_any(),
            Stage::Done => view! { <DoneStep it/> }.into_any(),
            Stage::Name | Stage::Run | Stage::Handshake => ().into_any(),
        }}
    }
}

fn is_done(lines: &[Line], step: Step) -> bool {
    lines.iter().any(|line| line.step == step && line.state == Progress::Done)
}

/// Which stage the lines amount to; past the handshake there is no way back.
fn stage_of(lines: &[Line], connected: bool) -> Stage {
    if connected || is_done(lines, Step::Done) {
        Stage::Endpoint
    } else if is_done(lines, Step::FirstContact) || !has(lines, Step::FirstContact) {
        Stage::Handshake
    } else {
        Stage::Run
    }
}

fn has(lines: &[Line], step: Step) -> bool {
    lines.iter().any(|line| line.step == step)
}

/// There is no agent yet, or none that was let in: somebody has to run the command.
fn needs_agent(lines: &[Line]) -> bool {
    let steps = [Step::FirstContact, Step::CodeAccepted, Step::AgentVersion];
    steps.into_iter().any(|step| has(lines, step) && !is_done(lines, step))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(states: &[(Step, Progress)]) -> Vec<Line> {
        let line = |&(step, state): &(Step, Progress)| Line {
            step,
            state,
            title: step.title(),
            message: String::new(),
            next: String::new(),
            at: None,
        };
        states.iter().map(line).collect()
    }

    #[test]
    fn the_stage_follows_from_the_lines() {
        use Progress::{Done, Failed, Running, Waiting};
        let waiting = lines(&[(Step::FirstContact, Running), (Step::CodeAccepted, Waiting)]);
        assert_eq!(stage_of(&waiting, false), Stage::Run);
        let wrong = lines(&[(Step::FirstContact, Done), (Step::CodeAccepted, Failed)]);
        assert_eq!(stage_of(&wrong, false), Stage::Handshake);
        assert!(needs_agent(&wrong), "the command has to be run with another code");
        let connected = lines(&[(Step::FirstContact, Done), (Step::Done, Done)]);
        assert_eq!(stage_of(&connected, false), Stage::Endpoint);
        assert!(!needs_agent(&connected));
        let by_kubeconfig = lines(&[(Step::ApiAnswers, Running)]);
        assert_eq!(stage_of(&by_kubeconfig, false), Stage::Handshake);
        assert!(!needs_agent(&by_kubeconfig));
        assert_eq!(stage_of(&waiting, true), Stage::Endpoint, "no way back");
    }
}
