//! What the wizard shows while a cluster is being connected: one line a step, each with what was
//! found and what to do next.

use super::health::told;
use super::{Cluster, FRESH, condition, health, is_false, is_true};
use crate::ago::{span, unix};
use crate::annotation;
use crate::meta::Condition;
use crate::state::Tone;

/// How long a join code can be used, in seconds.
const CODE_LIFE: i64 = 600;
/// How long nothing may arrive before it is said what to check, in seconds.
const SILENCE: i64 = 60;

/// The steps of connecting, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The agent reached the central instance.
    FirstContact,
    /// Its join code was right.
    CodeAccepted,
    /// Its version works with this instance.
    AgentVersion,
    /// The cluster's API answers.
    ApiAnswers,
    /// The direct endpoint was checked.
    EndpointChecked,
    /// It can be used.
    Done,
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Another one comes first.
    Waiting,
    /// It is its turn.
    Running,
    /// It went well.
    Done,
    /// It went wrong; the line says why and what to do.
    Failed,
    /// There is nothing to do.
    Skipped,
}

/// One line of the checklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Which step.
    pub step: Step,
    /// How far it is.
    pub state: Progress,
    /// What the step is, in few words.
    pub title: &'static str,
    /// What was found, or the cause; may be empty.
    pub message: String,
    /// What the person can do; may be empty, and is not where it failed.
    pub next: String,
    /// When it came to this, in Unix seconds, where that is known.
    pub at: Option<i64>,
}

impl Step {
    /// The words in front of every message.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::FirstContact => "First contact",
            Self::CodeAccepted => "Join code accepted",
            Self::AgentVersion => "Agent version",
            Self::ApiAnswers => "API answers",
            Self::EndpointChecked => "Direct endpoint checked",
            Self::Done => "Connected",
        }
    }

    fn line(self, state: Progress, message: impl Into<String>) -> Line {
        let (message, next) = (message.into(), String::new());
        Line { step: self, state, title: self.title(), message, next, at: None }
    }
}

impl Line {
    fn next(self, next: impl Into<String>) -> Self {
        Self { next: next.into(), ..self }
    }

    fn at(self, at: Option<i64>) -> Self {
        Self { at, ..self }
    }

    fn passed(&self) -> bool {
        matches!(self.state, Progress::Done | Progress::Skipped)
    }
}

/// The steps of connecting `cluster`, as they stand at `now` (Unix seconds). `url` is where its
/// agent has to reach the central instance.
///
/// A step is looked at only once those before it went well, but for two: a join code that was never
/// used expires all the same, and a cluster without an endpoint, or with a bad one, is connected.
#[must_use]
pub fn checklist(cluster: &Cluster, url: &str, now: i64) -> Vec<Line> {
    let mut lines = Vec::new();
    if cluster.spec.network_peer {
        lines.extend([
            first_contact(cluster, url, now),
            code_accepted(cluster, now),
            agent_version(cluster),
        ]);
    }
    lines.extend([api_answers(cluster, now), endpoint_checked(cluster), done(cluster)]);
    let mut blocked = false;
    for line in &mut lines {
        let expired = line.step == Step::CodeAccepted && line.state == Progress::Failed;
        if blocked && !expired {
            *line = line.step.line(Progress::Waiting, "");
        }
        blocked |= !line.passed() && line.step != Step::EndpointChecked;
    }
    lines
}

fn first_contact(cluster: &Cluster, url: &str, now: i64) -> Line {
    let step = Step::FirstContact;
    if let Some(contacted) = cluster.condition(condition::CONTACTED).filter(|it| is_true(it)) {
        return step.line(Progress::Done, "The agent reached this instance.").at(when(contacted));
    }
    // A new code begins the wait anew.
    let code = instant(cluster.status.join_code_expires.as_deref()).map(|it| it - CODE_LIFE);
    let from = code.or_else(|| instant(cluster.metadata.creation_timestamp.as_deref()));
    let waited = from.map_or(0, |it| now - it);
    if waited < SILENCE {
        return step
            .line(Progress::Running, "Nothing has arrived yet.")
            .next("Run the command where it reaches the cluster.");
    }
    step.line(Progress::Failed, format!("Nothing arrived for {}.", span(waited)))
        .next(format!(
            "If the command runs, the way out is blocked: from where the agent runs, {url} has to be \
             reached. Check its name in the cluster's DNS, the firewall and network policies for \
             outgoing TCP, and a proxy in between. Try: curl -k {url}/healthz"
        ))
        .at(from)
}

fn code_accepted(cluster: &Cluster, now: i64) -> Line {
    let step = Step::CodeAccepted;
    let found = cluster.condition(condition::CODE_ACCEPTED);
    if let Some(accepted) = found.filter(|it| is_true(it)) {
        return step.line(Progress::Done, "The join code was right.").at(when(accepted));
    }
    if let Some(refused) = found.filter(|it| is_false(it)) {
        let (cause, next) = code_refused(&refused.reason);
        return step
            .line(Progress::Failed, told(&refused.message, cause))
            .next(next)
            .at(when(refused));
    }
    match instant(cluster.status.join_code_expires.as_deref()) {
        None => {
            step.line(Progress::Running, "There is no join code yet.").next("Make a join code.")
        }
        Some(expires) if expires <= now => step
            .line(Progress::Failed, "The join code expired before an agent used it.")
            .next("Make a new code and run the command with it.")
            .at(Some(expires)),
        Some(expires) => step.line(
            Progress::Running,
            format!("The code can be used once, for {} more.", span(expires - now)),
        ),
    }
}

/// Why a join code was refused, and what to do.
fn code_refused(reason: &str) -> (&'static str, &'static str) {
    match reason {
        condition::WRONG_CODE => (
            "An agent came with a code that is none of this cluster's.",
            "Copy the command again, whole, and run it. A new code makes every older one wrong.",
        ),
        condition::EXPIRED_CODE => (
            "An agent came with a code that had expired: each is good for ten minutes.",
            "Make a new code and run the command with it.",
        ),
        condition::USED_CODE => (
            "An agent came with a code that another agent had used already.",
            "If that agent is yours, let it run and stop this one. Otherwise make a new code and run \
             the command with it.",
        ),
        condition::SAME_CLUSTER => (
            "This Kubernetes cluster is connected already, under another name.",
            "Use it under that name, or disconnect it there first and then run the command again.",
        ),
        _ => ("The join code was refused.", "Make a new code and run the command with it."),
    }
}

fn agent_version(cluster: &Cluster) -> Line {
    let step = Step::AgentVersion;
    let version = cluster.status.agent.as_ref().map_or("", |agent| agent.version.as_str());
    match cluster.condition(condition::AGENT_VERSION) {
        Some(it) if is_true(it) => {
            let message = match version {
                "" => "Works with this instance.".to_owned(),
                version => format!("{version} works with this instance."),
            };
            step.line(Progress::Done, message).at(when(it))
        }
        Some(it) if is_false(it) => {
            let cause = match version {
                "" => "The agent is older than this instance can work with.".to_owned(),
                old => {
                    format!("The agent is {old}, which is older than this instance can work with.")
                }
            };
            step.line(Progress::Failed, told(&it.message, &cause))
                .next("Update the agent: the command shown here installs the version that fits.")
                .at(when(it))
        }
        _ => step.line(Progress::Running, "Waiting for the agent to say its version."),
    }
}

fn api_answers(cluster: &Cluster, now: i64) -> Line {
    let step = Step::ApiAnswers;
    let found = cluster.condition(condition::API_ANSWERS);
    if let Some(refused) = found.filter(|it| is_false(it)) {
        let (cause, next) = api_refused(&refused.reason, cluster.spec.network_peer);
        return step
            .line(Progress::Failed, told(&refused.message, cause))
            .next(next)
            .at(when(refused));
    }
    let health = health(cluster, now);
    match (health.tone, health.last_contact) {
        (Tone::Running, _) => {
            let message = match cluster.status.latency_ms {
                Some(ms) => format!("In {ms} ms."),
                None => "It answers.".to_owned(),
            };
            step.line(Progress::Done, message).at(found.and_then(when).or(health.since))
        }
        (_, Some(last)) => {
            let (_, next) = api_refused(condition::NO_ANSWER, cluster.spec.network_peer);
            let cause = match now - last {
                ..=FRESH => {
                    "It answered a moment ago, and then the connection was lost.".to_owned()
                }
                silent => format!("It answered, but not for {}.", span(silent)),
            };
            step.line(Progress::Failed, told(&cluster.status.message, &cause))
                .next(next)
                .at(Some(last))
        }
        (Tone::Failed, None) => {
            let (_, next) = api_refused(condition::NO_ANSWER, cluster.spec.network_peer);
            step.line(Progress::Failed, health.evidence).next(next).at(health.since)
        }
        (_, None) => step.line(Progress::Running, "Waiting for its first answer."),
    }
}

/// Why the API does not count as answering, and what to do.
fn api_refused(reason: &str, agent: bool) -> (&'static str, &'static str) {
    match (reason, agent) {
        (condition::SWAPPED, _) => (
            "Another cluster answers than the one that was connected. Nothing is sent to it.",
            "If the cluster was made anew on purpose, disconnect it here and connect it again. \
             Otherwise find out who answers in its place.",
        ),
        (condition::TWO_AGENTS, _) => (
            "Two agents dial in with the same key, so neither is used.",
            "Stop one of them. If both are meant to be, connect the second under a name of its own, \
             with a data folder of its own.",
        ),
        (_, true) => (
            "The agent is there, but the cluster's API does not answer it.",
            "Look at the agent's log, and whether its credentials still reach the API.",
        ),
        (_, false) => (
            "The cluster's API does not answer.",
            "Check that its address is reached from this instance, and that the credential in the \
             kubeconfig is still good.",
        ),
    }
}

fn endpoint_checked(cluster: &Cluster) -> Line {
    let step = Step::EndpointChecked;
    let found = cluster.condition(condition::ENDPOINT_CHECKED);
    let set = cluster.metadata.annotation(annotation::DIRECT_ENDPOINT).is_some();
    let (ok, at) = match (found, &cluster.status.endpoint) {
        (Some(it), _) if is_true(it) || is_false(it) => (is_true(it), when(it)),
        (_, Some(check)) => (check.ok, instant(Some(&check.at))),
        (_, None) if set => {
            return step.line(Progress::Running, "It has not been checked yet.").next("Test it.");
        }
        (_, None) => {
            let offered = cluster.status.agent.as_ref().map(|it| it.endpoint_host.as_str());
            let words = match offered.filter(|it| !it.is_empty()) {
                Some(host) => format!("The agent offers {host}, which has not been tested."),
                None => "There is none. Requests go through the central instance.".to_owned(),
            };
            return step.line(Progress::Skipped, words);
        }
    };
    let check = cluster.status.endpoint.as_ref();
    if ok {
        let message = match check.and_then(|it| it.latency_ms) {
            Some(ms) => format!("It answered in {ms} ms."),
            None => "It answers.".to_owned(),
        };
        return step.line(Progress::Done, message).at(at);
    }
    let broken = check.and_then(|it| it.steps.iter().find(|step| !step.ok));
    let cause = match (found, broken) {
        (Some(it), _) if !it.message.is_empty() => it.message.clone(),
        (_, Some(broken)) => format!("{}: {}", broken.name, broken.message),
        (_, None) => "The direct endpoint is not well.".to_owned(),
    };
    step.line(Progress::Failed, cause)
        .next(
            "The cluster works through the central instance. Mend the endpoint and test it again.",
        )
        .at(at)
}

/// Looked at only when all before it went well, but for the endpoint.
fn done(cluster: &Cluster) -> Line {
    let since = instant(cluster.status.since.as_deref());
    Step::Done.line(Progress::Done, "It can hold virtual clusters.").at(since)
}

fn when(condition: &Condition) -> Option<i64> {
    instant(condition.last_transition_time.as_deref())
}

fn instant(text: Option<&str>) -> Option<i64> {
    text.and_then(unix)
}

#[cfg(test)]
mod tests;
