//! What state a virtual cluster is in, for people: the phases of the wire and the steps between them.

use crate::ago::span;
use crate::vcluster::{Phase, SleepFacts, SleepType};

/// The `reason` of a virtual cluster that is on its way back from sleep.
pub const REASON_WAKING: &str = "Waking";

/// The `reason` of a virtual cluster whose host cluster is not connected: its phase is the last one
/// that is known.
pub const REASON_HOST_AWAY: &str = "HostAway";

/// What a virtual cluster does, in the order in which it needs attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Stuck; the message says on what.
    Failed,
    /// The host is not heard of, so nothing is known.
    Unknown,
    /// Being made or changed.
    Creating,
    /// On its way back from sleep.
    Waking,
    /// On its way to sleep.
    FallingAsleep,
    /// Being deleted.
    Deleting,
    /// Answers.
    Running,
    /// Asleep; access wakes it.
    Sleeping,
    /// Asleep, and held there: access does not wake it.
    Held,
}

/// How a state is coloured. The icon and the word say the same without colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// All is well.
    Running,
    /// At rest.
    Sleeping,
    /// Changing.
    Pending,
    /// Works, but.
    Attention,
    /// Broken.
    Failed,
    /// Nothing is known, or it is going away.
    Offline,
}

impl Tone {
    /// The value of `data-tone` in the page.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Sleeping => "sleeping",
            Self::Pending => "pending",
            Self::Attention => "attention",
            Self::Failed => "failed",
            Self::Offline => "offline",
        }
    }
}

impl State {
    /// The state that a phase and the annotations come to at `now` (Unix seconds).
    #[must_use]
    pub fn of(
        phase: Option<Phase>,
        reason: &str,
        deleting: bool,
        facts: &SleepFacts,
        now: i64,
    ) -> Self {
        if deleting {
            return Self::Deleting;
        }
        if reason == REASON_HOST_AWAY {
            return Self::Unknown;
        }
        match phase {
            Some(Phase::Failed) => Self::Failed,
            Some(Phase::Sleeping) if facts.held_until(now).is_some() => Self::Held,
            Some(Phase::Sleeping) => Self::Sleeping,
            Some(Phase::Ready) if facts.forced && facts.sleeping_since.is_none() => {
                Self::FallingAsleep
            }
            Some(Phase::Ready) => Self::Running,
            Some(Phase::Pending) if reason == REASON_WAKING || facts.sleeping_since.is_some() => {
                Self::Waking
            }
            Some(Phase::Pending) | None => Self::Creating,
        }
    }

    /// The word on the screen. A screen reader says it, so it never depends on the colour.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Failed => "Failed",
            Self::Unknown => "Unknown",
            Self::Creating => "Creating…",
            Self::Waking => "Waking…",
            Self::FallingAsleep => "Falling asleep…",
            Self::Deleting => "Deleting…",
            Self::Running => "Running",
            Self::Sleeping => "Sleeping",
            Self::Held => "Sleeping (held)",
        }
    }

    /// Its colour.
    #[must_use]
    pub fn tone(self) -> Tone {
        match self {
            Self::Failed => Tone::Failed,
            Self::Unknown | Self::Deleting => Tone::Offline,
            Self::Creating | Self::Waking | Self::FallingAsleep => Tone::Pending,
            Self::Running => Tone::Running,
            Self::Sleeping | Self::Held => Tone::Sleeping,
        }
    }

    /// It is asleep, held or not.
    #[must_use]
    pub fn asleep(self) -> bool {
        match self {
            Self::Sleeping | Self::Held => true,
            Self::Failed
            | Self::Unknown
            | Self::Creating
            | Self::Waking
            | Self::FallingAsleep
            | Self::Deleting
            | Self::Running => false,
        }
    }

    /// It is between two states, and will be in the next without anybody's help.
    #[must_use]
    pub fn changing(self) -> bool {
        match self {
            Self::Creating | Self::Waking | Self::FallingAsleep | Self::Deleting => true,
            Self::Failed | Self::Unknown | Self::Running | Self::Sleeping | Self::Held => false,
        }
    }
}

/// Why it sleeps, in a few words: `unused for 1 h`, `put to sleep by anna`. Empty where nothing is
/// known. `by` is the name of the user who asked for it, or empty.
#[must_use]
pub fn sleep_reason(facts: &SleepFacts, by: &str) -> String {
    match facts.sleep_type {
        Some(SleepType::InactivitySleep) => match facts.sleep_after {
            Some(seconds) => format!("unused for {}", span(seconds)),
            None => "unused".to_owned(),
        },
        Some(SleepType::ForcedSleep) if by.is_empty() => "put to sleep".to_owned(),
        Some(SleepType::ForcedSleep) => format!("put to sleep by {by}"),
        Some(SleepType::ForcedDurationSleep) if by.is_empty() => "held asleep".to_owned(),
        Some(SleepType::ForcedDurationSleep) => format!("held asleep by {by}"),
        Some(SleepType::ScheduledSleep) => "on schedule".to_owned(),
        None => String::new(),
    }
}

/// When it will sleep if nobody uses it: Unix seconds. `None` where it never does, or sleeps.
#[must_use]
pub fn sleeps_at(facts: &SleepFacts) -> Option<i64> {
    let awake = facts.sleeping_since.is_none();
    awake.then_some(facts.last_activity?.saturating_add(facts.sleep_after?))
}

/// When it will be deleted if nobody uses it: Unix seconds. `None` where it never will.
#[must_use]
pub fn deleted_at(facts: &SleepFacts) -> Option<i64> {
    Some(facts.last_activity?.saturating_add(facts.delete_after?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASLEEP: SleepFacts = SleepFacts {
        sleep_after: Some(3600),
        delete_after: None,
        last_activity: Some(1_000),
        sleeping_since: Some(4_600),
        sleep_type: Some(SleepType::InactivitySleep),
        forced: false,
        force_duration: None,
    };
    const AWAKE: SleepFacts = SleepFacts { sleeping_since: None, sleep_type: None, ..ASLEEP };

    #[track_caller]
    fn check(phase: Phase, facts: &SleepFacts, expected: State) {
        assert_eq!(State::of(Some(phase), "", false, facts, 5_000), expected);
    }

    #[test]
    fn each_phase_has_its_state() {
        check(Phase::Ready, &AWAKE, State::Running);
        check(Phase::Sleeping, &ASLEEP, State::Sleeping);
        check(Phase::Failed, &AWAKE, State::Failed);
        check(Phase::Pending, &AWAKE, State::Creating);
    }

    #[test]
    fn the_steps_between_phases_have_words_of_their_own() {
        check(Phase::Pending, &ASLEEP, State::Waking);
        check(Phase::Ready, &SleepFacts { forced: true, ..AWAKE }, State::FallingAsleep);
        let waking = State::of(Some(Phase::Pending), REASON_WAKING, false, &AWAKE, 0);
        assert_eq!(waking, State::Waking);
    }

    #[test]
    fn a_deletion_outranks_every_phase() {
        assert_eq!(State::of(Some(Phase::Ready), "", true, &AWAKE, 0), State::Deleting);
    }

    #[test]
    fn a_sleep_that_access_does_not_end_says_so() {
        let held = SleepFacts { forced: true, force_duration: Some(0), ..ASLEEP };
        check(Phase::Sleeping, &held, State::Held);
    }

    #[test]
    fn an_object_that_the_controller_has_not_seen_is_being_made() {
        assert_eq!(State::of(None, "", false, &AWAKE, 0), State::Creating);
    }

    #[test]
    fn the_reason_names_who_asked_and_how_long_nobody_did() {
        assert_eq!(sleep_reason(&ASLEEP, ""), "unused for 1 h");
        let forced = SleepFacts { sleep_type: Some(SleepType::ForcedSleep), ..ASLEEP };
        assert_eq!(sleep_reason(&forced, "anna"), "put to sleep by anna");
        assert_eq!(sleep_reason(&forced, ""), "put to sleep");
        assert_eq!(sleep_reason(&AWAKE, "anna"), "");
    }

    #[test]
    fn the_next_sleep_follows_the_last_use_and_ends_with_sleep() {
        assert_eq!(sleeps_at(&AWAKE), Some(4_600));
        assert_eq!(sleeps_at(&ASLEEP), None);
        assert_eq!(sleeps_at(&SleepFacts { sleep_after: None, ..AWAKE }), None);
    }
}
