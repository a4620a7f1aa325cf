//! How many replicas a workload has while it sleeps and after: a pure plan.
//!
//! A change sets the number and the memory of the number before in one write, so that there is no
//! moment between the two in which a crash could lose either.

/// A workload of a release, as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scale {
    /// How many are asked for.
    pub replicas: u32,
    /// How many there were when it was put to sleep. Nothing while it is awake.
    pub remembered: Option<u32>,
    /// Its owner wants that it goes on running.
    pub kept: bool,
}

/// What is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Change {
    /// How many to ask for.
    pub replicas: u32,
    /// What to remember, or to forget.
    pub remembered: Option<u32>,
}

/// The next write toward sleep, or nothing where it sleeps.
pub(super) fn to_sleep(is: Scale) -> Option<Change> {
    if is.kept || is.replicas == 0 {
        return None;
    }
    // Remembered or not: what somebody asks for after it fell asleep is what they want.
    Some(Change { replicas: 0, remembered: Some(is.replicas) })
}

/// The next write toward being awake, or nothing where it is.
pub(super) fn to_wake(is: Scale) -> Option<Change> {
    let remembered = is.remembered?;
    // Somebody may have scaled it up by hand in its sleep.
    let replicas = if is.replicas == 0 { remembered } else { is.replicas };
    Some(Change { replicas, remembered: None })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AWAKE: Scale = Scale { replicas: 3, remembered: None, kept: false };

    #[test]
    fn sleep_remembers_and_wake_restores() {
        let asleep = Change { replicas: 0, remembered: Some(3) };
        assert_eq!(to_sleep(AWAKE), Some(asleep));
        let asleep = Scale { replicas: 0, remembered: Some(3), kept: false };
        assert_eq!(to_sleep(asleep), None);
        assert_eq!(to_wake(asleep), Some(Change { replicas: 3, remembered: None }));
        assert_eq!(to_wake(AWAKE), None);
    }

    #[test]
    fn what_is_excluded_goes_on_running() {
        assert_eq!(to_sleep(Scale { kept: true, ..AWAKE }), None);
    }

    /// One thing that happens in the life of a host with three workloads.
    #[derive(Debug, Clone)]
    enum Event {
        /// The agent looks at it, and crashes after so many writes.
        Sleep(usize),
        Wake(usize),
        /// A user scales, between the agent's reading and its write of that workload or not.
        Scale(usize, u32, bool),
    }

    /// A host that refuses a write to what has changed since it was read.
    #[derive(Clone)]
    struct Host {
        workloads: Vec<(Scale, u64)>,
        /// A user who is about to scale: which one, and to how many.
        rival: Option<(usize, u32)>,
        /// What the users want of each.
        wanted: Vec<u32>,
    }

    impl Host {
        fn scale(&mut self, at: usize, to: u32) {
            let (scale, version) = &mut self.workloads[at];
            scale.replicas = to;
            *version += 1;
            // Scaling a sleeper to nothing takes back what was asked of it in its sleep.
            self.wanted[at] = if to > 0 { to } else { scale.remembered.unwrap_or(0) };
        }

        /// One look of the agent. Says whether it wrote all it wanted to.
        fn look(&mut self, plan: fn(Scale) -> Option<Change>, writes_max: usize) -> bool {
            let read = self.workloads.clone();
            let mut whole = true;
            let mut writes = 0;
            for (at, (scale, version)) in read.into_iter().enumerate() {
                let Some(change) = plan(scale) else { continue };
                if writes == writes_max {
                    return false;
                }
                if let Some((which, to)) = self.rival.take_if(|it| it.0 == at) {
                    self.scale(which, to);
                }
                if self.workloads[at].1 != version {
                    whole = false;
                    continue;
                }
                self.workloads[at] = (
                    Scale { replicas: change.replicas, remembered: change.remembered, ..scale },
                    version + 1,
                );
                writes += 1;
            }
            whole
        }

        fn settle(&mut self, plan: fn(Scale) -> Option<Change>) {
            self.rival = None;
            assert!(self.look(plan, usize::MAX), "one undisturbed look is enough");
            let before = self.workloads.clone();
            assert!(self.look(plan, 0), "a second look writes nothing");
            assert_eq!(self.workloads, before);
        }
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            (0usize..5).prop_map(Event::Sleep),
            (0usize..5).prop_map(Event::Wake),
            (0usize..3, 0u32..6, any::<bool>())
                .prop_map(|(at, to, rival)| Event::Scale(at, to, rival)),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn a_crash_at_any_write_loses_no_number(
            first in prop::collection::vec(0u32..6, 3),
            events in prop::collection::vec(event(), 0..24),
        ) {
            let workloads = first.iter().map(|&it| (Scale { replicas: it, ..AWAKE }, 0)).collect();
            let mut host = Host { workloads, rival: None, wanted: first };
            for event in events {
                match event {
                    Event::Sleep(writes) => _ = host.look(to_sleep, writes),
                    Event::Wake(writes) => _ = host.look(to_wake, writes),
                    Event::Scale(at, to, true) => host.rival = Some((at, to)),
                    Event::Scale(at, to, false) => host.scale(at, to),
                }
            }
            host.settle(to_sleep);
            prop_assert!(host.workloads.iter().all(|(it, _)| it.replicas == 0));
            host.settle(to_wake);
            let is: Vec<u32> = host.workloads.iter().map(|(it, _)| it.replicas).collect();
            prop_assert_eq!(is, host.wanted);
            prop_assert!(host.workloads.iter().all(|(it, _)| it.remembered.is_none()));
        }
    }
}
