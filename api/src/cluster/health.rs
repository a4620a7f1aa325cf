//! Whether a host cluster is there, with the proof for it.

use super::{Cluster, condition, is_false};
use crate::ago::{ago, unix};
use crate::state::Tone;

/// A proof that is as old as this, in seconds, proves nothing any more: three heartbeats of 15 s.
pub const FRESH: i64 = 45;

/// How a host cluster is, as far as that is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The word on the screen.
    pub word: &'static str,
    /// [`Tone::Running`] only with a proof younger than [`FRESH`].
    pub tone: Tone,
    /// What it is concluded from, in one sentence.
    pub evidence: String,
    /// How old the last proof is, in seconds; nothing where there was none.
    pub age: Option<i64>,
    /// Since when it is so, in Unix seconds, where that is known. The page words the time.
    pub since: Option<i64>,
    /// When it last answered, in Unix seconds. The page words the time.
    pub last_contact: Option<i64>,
}

/// How `cluster` is at `now` (Unix seconds). What it says of itself counts only as long as it is
/// fresh: an instance that lost the cluster may be lost itself.
#[must_use]
pub fn health(cluster: &Cluster, now: i64) -> Health {
    let status = &cluster.status;
    let last_contact = status.last_contact.as_deref().and_then(unix);
    let age = last_contact.map(|it| (now - it).max(0));
    let noted = status.since.as_deref().and_then(unix);
    // One heartbeat of a clock that is ahead may be; a proof from the far future is none.
    let proven = last_contact.is_some_and(|it| (now - FRESH..=now + FRESH).contains(&it));
    let (word, tone, evidence, since) = match (broken(cluster), last_contact) {
        (Some((word, evidence)), _) => (word, Tone::Failed, evidence, noted),
        (None, Some(at)) if status.online && proven => {
            ("Online", Tone::Running, answered(status.latency_ms, at, now), noted)
        }
        (None, Some(at)) => {
            let silent = if status.online { Some(at) } else { noted.or(Some(at)) };
            let evidence = match status.message.as_str() {
                "" => format!("Last contact {}.", ago(at, now)),
                told => format!("{told} Last contact {}.", ago(at, now)),
            };
            ("Offline", Tone::Offline, evidence, silent)
        }
        (None, None) if status.phase == "Failed" => {
            ("Failed", Tone::Failed, told(&status.message, "It could not be connected."), noted)
        }
        (None, None) if cluster.spec.network_peer && status.agent.is_none() => {
            ("Waiting for agent", Tone::Pending, "No agent has joined yet.".to_owned(), None)
        }
        (None, None) => ("Connecting…", Tone::Pending, "It has not answered yet.".to_owned(), None),
    };
    Health { word, tone, evidence, age, since, last_contact }
}

/// It answers, but must not be used.
fn broken(cluster: &Cluster) -> Option<(&'static str, String)> {
    let api = cluster.condition(condition::API_ANSWERS).filter(|it| is_false(it))?;
    match api.reason.as_str() {
        condition::SWAPPED => Some((
            "Swapped",
            told(&api.message, "Another cluster answers than the one that was connected."),
        )),
        condition::TWO_AGENTS => {
            Some(("Two agents", told(&api.message, "Two agents dial in with the same key.")))
        }
        _ => None,
    }
}

fn answered(latency_ms: Option<u32>, at: i64, now: i64) -> String {
    match latency_ms {
        Some(ms) => format!("Its API answered in {ms} ms, {}.", ago(at, now)),
        None => format!("Its API answered {}.", ago(at, now)),
    }
}

/// What the server says, or else what we say.
pub(super) fn told(message: &str, otherwise: &str) -> String {
    if message.is_empty() { otherwise.to_owned() } else { message.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cluster::tests::{NOW, at, cluster, refused, well};

    #[test]
    fn it_is_green_with_a_fresh_proof_and_says_which() {
        let health = health(&well(), NOW);
        assert_eq!((health.word, health.tone), ("Online", Tone::Running));
        assert_eq!(health.evidence, "Its API answered in 18 ms, just now.");
        assert_eq!(health.age, Some(5));
    }

    #[test]
    fn silence_makes_it_offline_whatever_it_says_of_itself() {
        let health = health(&well(), NOW + 60);
        assert_eq!((health.word, health.tone), ("Offline", Tone::Offline));
        assert_eq!(health.evidence, "Last contact 1 min ago.");
        assert_eq!(health.since, Some(NOW - 5), "silent since the last contact");
        assert_eq!(health.last_contact, Some(NOW - 5));
    }

    #[test]
    fn an_offline_cluster_says_since_when_and_why() {
        let mut it = well();
        it.status.online = false;
        it.status.since = Some(at(NOW - 3600));
        it.status.message = "The tunnel is down.".into();
        let health = health(&it, NOW);
        assert_eq!((health.word, health.since), ("Offline", Some(NOW - 3600)));
        assert_eq!(health.evidence, "The tunnel is down. Last contact just now.");
    }

    #[test]
    fn before_its_agent_came_it_waits_and_is_not_offline() {
        assert_eq!(health(&cluster(), NOW).word, "Waiting for agent");
    }

    #[test]
    fn a_swapped_cluster_is_never_green_however_well_it_answers() {
        let mut it = well();
        refused(&mut it, condition::API_ANSWERS, condition::SWAPPED);
        assert_eq!((health(&it, NOW).word, health(&it, NOW).tone), ("Swapped", Tone::Failed));
    }

    proptest! {
        #[test]
        fn nothing_is_green_without_a_proof_younger_than_three_heartbeats(
            online: bool,
            contact in proptest::option::of(-10_000i64..10_000),
            reason in "|NoAnswer|Swapped|TwoAgents",
            phase in "|Initialized|Failed",
        ) {
            let mut it = well();
            it.status.online = online;
            it.status.phase = phase;
            it.status.last_contact = contact.map(|ago| at(NOW - ago));
            if !reason.is_empty() {
                refused(&mut it, condition::API_ANSWERS, &reason);
            }
            let health = health(&it, NOW);
            let fresh = contact.is_some_and(|ago| ago.abs() <= FRESH);
            if health.tone == Tone::Running {
                prop_assert!(online && fresh && health.age.is_some_and(|age| age <= FRESH));
            }
            prop_assert!(health.evidence.ends_with('.') && !health.word.is_empty());
        }
    }
}
