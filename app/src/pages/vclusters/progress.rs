//! The steps of a virtual cluster on its way, as its conditions tell them.

use dormer_api::ago::span;
use dormer_api::meta::Condition;
use dormer_api::vcluster::CONDITIONS;
use leptos::prelude::*;
use stylers::style;

use crate::clock;
use crate::ui::{Icon, IconKind};

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Done,
    Now,
    Later,
    Failed,
}

/// The steps, which of them is under way, and for how long it has been.
#[component]
pub fn Progress(
    /// What the object tells.
    #[prop(into)]
    conditions: Signal<Vec<Condition>>,
    /// Since when: Unix seconds.
    #[prop(into)]
    since: Signal<Option<i64>>,
) -> impl IntoView {
    let class = style! {
        .progress {
            display: flex;
            flex-direction: column;
            gap: var(--space-2);
        }
        .progress-step {
            display: flex;
            align-items: center;
            gap: var(--space-2);
            color: var(--fg-muted);
        }
        .progress-step[data-tone="running"] {
            color: var(--running-fg);
        }
        .progress-step[data-tone="pending"] {
            color: var(--fg);
        }
        .progress-step[data-tone="failed"] {
            color: var(--failed-fg);
        }
    };
    let clock = clock::current();
    let elapsed = move || since.get().map(|since| span(clock.now() - since));
    let step = move |(kind, step, message): (&'static str, Step, String)| {
        let (icon, tone, said) = match step {
            Step::Done => (IconKind::Running, "running", "done"),
            Step::Now => (IconKind::Busy, "pending", "under way"),
            Step::Later => (IconKind::Pending, "", "later"),
            Step::Failed => (IconKind::Failed, "failed", "failed"),
        };
        view! { class = class,
            <li class="progress-step" data-tone=tone>
                <Icon kind=icon/>
                <span>
                    {words(kind)} <span class="visually-hidden">", " {said}</span>
                    {(!message.is_empty()).then(|| format!(": {message}"))}
                </span>
            </li>
        }
    };

    view! { class = class,
        <p class="muted">
            "Being made" {move || elapsed().map(|elapsed| format!(", for {elapsed}"))} "."
        </p>
        <ol class="progress" aria-label="Steps">
            {move || conditions.with(|it| steps(it)).into_iter().map(step).collect_view()}
        </ol>
    }
}

/// Each condition as a step: those that are true are done, and the first that is not is under way.
fn steps(conditions: &[Condition]) -> Vec<(&'static str, Step, String)> {
    let mut waiting = false;
    let step = |kind: &&'static str| {
        let condition = conditions.iter().find(|it| it.kind == *kind);
        let step = match condition.map(|it| it.status.as_str()) {
            Some("True") if !waiting => Step::Done,
            Some("False") if condition.is_some_and(is_failure) => Step::Failed,
            Some(_) | None if waiting => Step::Later,
            Some(_) | None => Step::Now,
        };
        waiting |= step != Step::Done;
        let told = condition.filter(|_| matches!(step, Step::Now | Step::Failed));
        (*kind, step, told.map(|it| it.message.clone()).unwrap_or_default())
    };
    CONDITIONS.iter().map(step).collect()
}

/// A condition that is false because something is wrong, not because it is early.
fn is_failure(condition: &Condition) -> bool {
    ["Error", "Failed", "NotFound"].iter().any(|word| condition.reason.contains(word))
}

/// The words for a condition.
fn words(kind: &str) -> &'static str {
    match kind {
        "Scheduled" => "Host chosen",
        "TemplateResolved" => "Template read",
        "SpaceSynced" => "Namespace asked for",
        "SpaceReady" => "Namespace",
        "VirtualClusterSynced" => "Control plane",
        "VirtualClusterReady" => "API answers",
        _ => "Another step",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(kind: &str, status: &str, reason: &str) -> Condition {
        Condition {
            kind: kind.into(),
            status: status.into(),
            reason: reason.into(),
            ..Condition::default()
        }
    }

    fn states(conditions: &[Condition]) -> Vec<Step> {
        steps(conditions).into_iter().map(|it| it.1).collect()
    }

    #[test]
    fn the_first_step_that_is_not_done_is_under_way() {
        use Step::{Done, Later, Now};
        assert_eq!(states(&[]), [Now, Later, Later, Later, Later, Later]);
        let two = [
            condition("Scheduled", "True", ""),
            condition("TemplateResolved", "True", ""),
            condition("SpaceSynced", "False", "InProgress"),
        ];
        assert_eq!(states(&two), [Done, Done, Now, Later, Later, Later]);
    }

    #[test]
    fn a_step_that_failed_is_told_from_one_that_is_early() {
        let failed = [
            condition("Scheduled", "True", ""),
            condition("TemplateResolved", "False", "TemplateNotFound"),
        ];
        assert_eq!(states(&failed)[..3], [Step::Done, Step::Failed, Step::Later]);
    }

    #[test]
    fn every_condition_has_words() {
        assert!(CONDITIONS.iter().all(|kind| words(kind) != "Another step"));
    }
}
