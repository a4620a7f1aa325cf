//! When a virtual cluster sleeps: a pure function of its facts and the time.

use dormer_api::vcluster::{SleepFacts, SleepType};

/// What is to be done about an awake virtual cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It stays awake. Look again after so many seconds; never where nothing can change by time.
    Awake(Option<i64>),
    /// It goes to sleep now.
    Sleep(SleepType),
    /// It is deleted now.
    Delete,
}

/// Decides at `now`, in Unix seconds. `busy` says that somebody has a connection open.
#[must_use]
pub fn decide(facts: &SleepFacts, busy: bool, now: i64) -> Verdict {
    if facts.sleeping_since.is_some() {
        return asleep(facts, now);
    }
    if facts.forced {
        let held = facts.force_duration.is_some();
        return Verdict::Sleep(if held {
            SleepType::ForcedDurationSleep
        } else {
            SleepType::ForcedSleep
        });
    }
    let Some(last) = facts.last_activity else { return Verdict::Awake(None) };
    if busy {
        // It is in use for as long as the connection lives; whoever closes it starts the clock.
        return Verdict::Awake(facts.sleep_after);
    }
    match facts.sleep_after.map(|after| last.saturating_add(after)) {
        Some(due) if due <= now => Verdict::Sleep(SleepType::InactivitySleep),
        Some(due) => Verdict::Awake(Some(due - now)),
        // What never sleeps is never unused for long enough to be deleted either, unless it says so.
        None => by_delete_after(facts, last, now),
    }
}

fn asleep(facts: &SleepFacts, now: i64) -> Verdict {
    match facts.last_activity {
        Some(last) => by_delete_after(facts, last, now),
        None => Verdict::Awake(None),
    }
}

fn by_delete_after(facts: &SleepFacts, last: i64, now: i64) -> Verdict {
    match facts.delete_after.map(|after| last.saturating_add(after)) {
        Some(due) if due <= now => Verdict::Delete,
        Some(due) => Verdict::Awake(Some(due - now)),
        None => Verdict::Awake(None),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const IDLE: SleepFacts = SleepFacts {
        sleep_after: Some(60),
        delete_after: None,
        last_activity: Some(1000),
        sleeping_since: None,
        sleep_type: None,
        forced: false,
        force_duration: None,
    };

    #[test]
    fn it_sleeps_when_nobody_used_it_for_as_long_as_said_and_not_a_second_before() {
        assert_eq!(decide(&IDLE, false, 1059), Verdict::Awake(Some(1)));
        assert_eq!(decide(&IDLE, false, 1060), Verdict::Sleep(SleepType::InactivitySleep));
    }

    #[test]
    fn an_open_connection_keeps_it_awake() {
        assert_eq!(decide(&IDLE, true, 999_999), Verdict::Awake(Some(60)));
    }

    #[test]
    fn somebody_can_put_it_to_sleep_whatever_its_use() {
        let forced = SleepFacts { forced: true, ..IDLE };
        assert_eq!(decide(&forced, true, 1001), Verdict::Sleep(SleepType::ForcedSleep));
        let held = SleepFacts { force_duration: Some(0), ..forced };
        assert_eq!(decide(&held, true, 1001), Verdict::Sleep(SleepType::ForcedDurationSleep));
    }

    #[test]
    fn a_sleeper_is_deleted_when_nobody_used_it_for_as_long_as_said() {
        let sleeper = SleepFacts { sleeping_since: Some(1060), delete_after: Some(600), ..IDLE };
        assert_eq!(decide(&sleeper, false, 1599), Verdict::Awake(Some(1)));
        assert_eq!(decide(&sleeper, false, 1600), Verdict::Delete);
    }

    proptest! {
        #[test]
        fn it_never_sleeps_before_its_time(after in 1i64..100_000, last in 0i64..1 << 40, idle in 0i64..100_000) {
            let facts = SleepFacts { sleep_after: Some(after), last_activity: Some(last), ..IDLE };
            let asleep = decide(&facts, false, last + idle) == Verdict::Sleep(SleepType::InactivitySleep);
            prop_assert_eq!(asleep, idle >= after);
        }

        #[test]
        fn looking_again_when_told_is_early_enough(after in 1i64..100_000, idle in 0i64..100_000) {
            let facts = SleepFacts { sleep_after: Some(after), ..IDLE };
            if let Verdict::Awake(Some(seconds)) = decide(&facts, false, 1000 + idle) {
                prop_assert_eq!(decide(&facts, false, 1000 + idle + seconds), Verdict::Sleep(SleepType::InactivitySleep));
            }
        }
    }
}
