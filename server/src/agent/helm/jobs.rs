//! The runs of `helm`: one at a time for a release, few at a time for all, and not again at once
//! after a failure.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// How many run at once: each is a process of some 100 MB.
const RUNS_MAX: usize = 2;
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
}

struct Job {
    ask: Ask,
    state: State,
    failures: u32,
}

enum State {
    Running(JoinHandle<()>),
    Done,
    Failed(String, Instant),
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
    ///
    /// `work` hears whether a run of ours came before it: then whatever that left is nobody's now.
    pub(super) fn ask<W>(&self, place: &Place, ask: Ask, work: impl FnOnce(bool) -> W) -> Answer
    where
        W: Future<Output = Result<(), String>> + Send + 'static,
    {
        let mut all = lock(&self.all);
        let failures = match all.get(place) {
            None => 0,
            Some(job) => match &job.state {
                // What goes away must not wait for what comes.
                State::Running(_) if ask.what == What::Uninstall && job.ask != ask => 0,
                State::Running(_) => return Answer::Running,
                State::Done if job.ask == ask => return Answer::Done,
                State::Failed(why, again) if job.ask == ask => {
                    if Instant::now() < *again {
                        return Answer::Failed(why.clone());
                    }
                    job.failures
                }
                State::Done | State::Failed(..) => 0,
            },
        };
        let before = all.remove(place);
        let work = work(before.is_some());
        let (turns, jobs) = (self.turns.clone(), self.all.clone());
        let (its_place, its_ask) = (place.clone(), ask.clone());
        let run = tokio::spawn(async move {
            if let Some(Job { state: State::Running(before), .. }) = before {
                before.abort();
                _ = before.await;
            }
            // Never closed, so there is always a turn.
            let _turn = turns.acquire_owned().await;
            let outcome = work.await;
            let mut all = lock(&jobs);
            if let Some(job) = all.get_mut(&its_place).filter(|job| job.ask == its_ask) {
                job.end(outcome);
            }
        });
        all.insert(place.clone(), Job { ask, state: State::Running(run), failures });
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
    fn end(&mut self, outcome: Result<(), String>) {
        self.state = match outcome {
            Ok(()) => State::Done,
            Err(why) => {
                let again = Instant::now() + retry_after(self.failures);
                self.failures = self.failures.saturating_add(1);
                State::Failed(why, again)
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

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    fn place() -> Place {
        ("ns".into(), "dev".into())
    }

    fn install(fingerprint: &str) -> Ask {
        Ask { uid: "1".into(), what: What::Install(fingerprint.into()) }
    }

    fn uninstall() -> Ask {
        Ask { uid: "1".into(), what: What::Uninstall }
    }

    /// Waits until nothing runs there any more.
    async fn end(jobs: &Jobs) {
        while jobs.running(&place()) {
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn the_time_to_the_next_try_doubles_to_an_end() {
        let seconds: Vec<u64> = (0..8).map(|it| retry_after(it).as_secs()).collect();
        assert_eq!(seconds, [10, 20, 40, 80, 160, 300, 300, 300]);
        assert_eq!(retry_after(u32::MAX), RETRY_MAX);
    }

    #[tokio::test]
    async fn what_runs_is_not_begun_again_and_what_is_done_is_done() {
        let jobs = Jobs::new();
        let (go, gone) = oneshot::channel::<()>();
        let work = |before: bool| async move {
            assert!(!before);
            _ = gone.await;
            Ok(())
        };
        assert_eq!(jobs.ask(&place(), install("a"), work), Answer::Running);
        // Another one waits for it.
        let never = |_| async { panic!("two at a time") };
        assert_eq!(jobs.ask(&place(), install("a"), never), Answer::Running);
        assert_eq!(jobs.ask(&place(), install("b"), never), Answer::Running);
        go.send(()).unwrap();
        end(&jobs).await;
        assert_eq!(jobs.ask(&place(), install("a"), never), Answer::Done);
        assert!(jobs.done(&place(), &install("a")));
    }

    #[tokio::test]
    async fn a_failure_is_told_until_its_time_and_forgotten_for_another_ask() {
        let jobs = Jobs::new();
        let fails = |_| async { Err("no such chart".to_owned()) };
        assert_eq!(jobs.ask(&place(), install("a"), fails), Answer::Running);
        end(&jobs).await;
        assert_eq!(jobs.ask(&place(), install("a"), fails), Answer::Failed("no such chart".into()));
        assert_eq!(jobs.ask(&place(), install("b"), |_| async { Ok(()) }), Answer::Running);
        end(&jobs).await;
        assert_eq!(jobs.ask(&place(), install("b"), fails), Answer::Done);
    }

    #[tokio::test]
    async fn removal_ends_what_runs() {
        let jobs = Jobs::new();
        let forever = |_| std::future::pending();
        assert_eq!(jobs.ask(&place(), install("a"), forever), Answer::Running);
        let ends = |before: bool| async move { if before { Ok(()) } else { Err(String::new()) } };
        assert_eq!(jobs.ask(&place(), uninstall(), ends), Answer::Running);
        end(&jobs).await;
        assert!(jobs.done(&place(), &uninstall()));
    }

    #[tokio::test]
    async fn no_more_than_a_few_run_at_once() {
        let jobs = Jobs::new();
        let (begun, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let mut ends = Vec::new();
        for number in 0..5 {
            let (end, ended) = oneshot::channel::<()>();
            let begun = begun.clone();
            ends.push(end);
            let place = ("ns".to_owned(), format!("dev-{number}"));
            _ = jobs.ask(&place, install("a"), |_| async move {
                _ = begun.send(());
                _ = ended.await;
                Ok(())
            });
        }
        for _ in 0..RUNS_MAX {
            heard.recv().await.unwrap();
        }
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(heard.try_recv().is_err(), "more than {RUNS_MAX} run");
        drop(ends);
        for _ in RUNS_MAX..5 {
            heard.recv().await.unwrap();
        }
    }
}
