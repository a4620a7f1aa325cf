//! The runs of `helm`: one at a time for a release, few at a time for all, and not again at once
//! after a failure.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How many run at once: each is a process of some 100 MB.
const RUNS_MAX: usize = 2;
/// How long a job may take with all that stands around the run of helm, which has a shorter deadline.
const JOB_MAX: Duration = Duration::from_secs(180);
/// The time from the first failure to the next try. It doubles with each failure.
const RETRY_FIRST: Duration = Duration::from_secs(10);
/// The longest time to the next try.
const RETRY_MAX: Duration = Duration::from_secs(300);

/// Which release: its namespace and name in the host.
pub(super) type Place = (String, String);

/// What is to be done to a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ask {
    /// Of the `VirtualCluster`: a name may come back, a uid never does.
    pub uid: String,
    pub what: What,
}

/// See [`Ask`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// The fingerprint of the release.
    Install(String),
    Uninstall,
}

/// How a job stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Running,
    Done,
    /// Why; it is tried again in its time.
    Failed(String),
    /// For what; it has not begun.
    Waiting(String),
}

/// Why a job did not come to its end.
#[derive(Debug)]
pub(super) enum Halt {
    Failed(String),
    /// It is of no use to begin before so much time has passed.
    Waiting(String, Duration),
}

impl From<String> for Halt {
    fn from(why: String) -> Self {
        Self::Failed(why)
    }
}

struct Job {
    ask: Ask,
    state: State,
    failures: u32,
    begun: Begun,
}

/// Set once helm was run for a release by us: nothing that it finds half done later is anybody else's.
pub(super) type Begun = Arc<AtomicBool>;

enum State {
    Running(JoinHandle<()>),
    Done,
    /// What is told until it is begun again.
    Halted(Answer, Instant),
}

/// All jobs of an agent. Those that run are ended with it.
pub(super) struct Jobs {
    all: Arc<Mutex<HashMap<Place, Job>>>,
    turns: Arc<Semaphore>,
}

impl Jobs {
    pub(super) fn new() -> Self {
        Self { all: Arc::default(), turns: Arc::new(Semaphore::new(RUNS_MAX)) }
    }

    /// Whether helm is at work on it.
    pub(super) fn running(&self, place: &Place) -> bool {
        matches!(lock(&self.all).get(place), Some(Job { state: State::Running(_), .. }))
    }

    /// Whether this very thing was done by us.
    pub(super) fn done(&self, place: &Place, ask: &Ask) -> bool {
        lock(&self.all)
            .get(place)
            .is_some_and(|job| job.ask == *ask && matches!(job.state, State::Done))
    }

    /// Forgets it, and ends what runs.
    pub(super) fn forget(&self, place: &Place) {
        if let Some(Job { state: State::Running(run), .. }) = lock(&self.all).remove(place) {
            run.abort();
        }
    }

    /// How the job stands. It is begun where it was not yet, and where it failed long enough ago.
    pub(super) fn ask<W>(&self, place: &Place, ask: Ask, work: impl FnOnce(Begun) -> W) -> Answer
    where
        W: Future<Output = Result<(), Halt>> + Send + 'static,
    {
        let mut all = lock(&self.all);
        let failures = match all.get(place) {
            None => 0,
            Some(job) => match &job.state {
                // What goes away must not wait for what comes.
                State::Running(_) if ask.what == What::Uninstall && job.ask != ask => 0,
                State::Running(_) => return Answer::Running,
                State::Done if job.ask == ask => return Answer::Done,
                State::Halted(why, again) if job.ask == ask => {
                    if Instant::now() < *again {
                        return why.clone();
                    }
                    job.failures
                }
                State::Done | State::Halted(..) => 0,
            },
        };
        let before = all.remove(place);
        let begun = before.as_ref().map(|it| it.begun.clone()).unwrap_or_default();
        let work = work(begun.clone());
        let (turns, jobs) = (self.turns.clone(), self.all.clone());
        let (its_place, its_ask) = (place.clone(), ask.clone());
        let run = tokio::spawn(async move {
            if let Some(Job { state: State::Running(before), .. }) = before {
                before.abort();
                _ = before.await;
            }
            // Never closed, so there is always a turn.
            let _turn = turns.acquire_owned().await;
            let outcome = match timeout(JOB_MAX, work).await {
                Ok(outcome) => outcome,
                Err(_) => Err(Halt::Failed("The host cluster does not answer".into())),
            };
            let mut all = lock(&jobs);
            if let Some(job) = all.get_mut(&its_place).filter(|job| job.ask == its_ask) {
                job.end(outcome);
            }
        });
        all.insert(place.clone(), Job { ask, state: State::Running(run), failures, begun });
        Answer::Running
    }
}

impl Drop for Jobs {
    fn drop(&mut self) {
        for job in lock(&self.all).values() {
            if let State::Running(run) = &job.state {
                run.abort();
            }
        }
    }
}

impl Job {
    fn end(&mut self, outcome: Result<(), Halt>) {
        let now = Instant::now();
        self.state = match outcome {
            Ok(()) => State::Done,
            Err(Halt::Waiting(why, time)) => State::Halted(Answer::Waiting(why), now + time),
            Err(Halt::Failed(why)) => {
                let again = now + retry_after(self.failures);
                self.failures = self.failures.saturating_add(1);
                State::Halted(Answer::Failed(why), again)
            }
        };
    }
}

fn lock(all: &Mutex<HashMap<Place, Job>>) -> MutexGuard<'_, HashMap<Place, Job>> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}

/// After so many failures before this one.
fn retry_after(failures: u32) -> Duration {
    RETRY_FIRST.saturating_mul(2u32.saturating_pow(failures)).min(RETRY_MAX)
}
