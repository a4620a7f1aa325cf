//! A host that hangs or breaks takes no more than its share, and is not asked for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use futures::TryStreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::kube::{Error, Result};

/// How many exchanges with one host may be open at once, streams too.
const OPEN_MAX: usize = 512;
/// How many of them may wait for an answer to begin. A tunnel opens no more streams while 256 are
/// unanswered, and our own questions need some of those.
const UNANSWERED_MAX: usize = 128;
/// How many of these one caller may have: who asks something that never answers harms only themselves.
const UNANSWERED_BY_ONE_MAX: usize = 32;
/// How long an answer may take to begin: less than a request may take in all, so that a host that
/// hangs is noticed here.
const ANSWER_MAX: Duration = Duration::from_secs(50);
/// A caller who gave up after so long was kept waiting by the host.
const PATIENCE: Duration = Duration::from_secs(10);
/// After so many failures in a row it is not asked for a while.
const FAILURES_MAX: u32 = 5;
/// How long it is not asked then; after that, one request tries.
const PAUSE: Duration = Duration::from_secs(10);

/// An exchange's place among those that are open. An answer that is an upgrade carries it along.
#[derive(Clone)]
pub struct Open {
    _place: Arc<OwnedSemaphorePermit>,
}

pub(super) struct Guard {
    open: Arc<Semaphore>,
    unanswered: Arc<Semaphore>,
    by_caller: Mutex<HashMap<String, usize>>,
    failures: Mutex<Failures>,
    /// What runs in this process neither hangs nor breaks alone.
    trusted: bool,
}

#[derive(Default)]
struct Failures {
    in_a_row: u32,
    pause_until: Option<Instant>,
}

impl Guard {
    pub(super) fn new(trusted: bool) -> Self {
        Self {
            open: Arc::new(Semaphore::new(OPEN_MAX)),
            unanswered: Arc::new(Semaphore::new(UNANSWERED_MAX)),
            by_caller: Mutex::default(),
            failures: Mutex::default(),
            trusted,
        }
    }

    /// Runs `asking` for `caller`, unless the host has to be left alone.
    pub(super) async fn pass(
        &self,
        caller: &str,
        asking: impl Future<Output = Result<Response>>,
    ) -> Result<Response> {
        if self.trusted {
            return asking.await;
        }
        self.admit(Instant::now())?;
        let place = self.open.clone().try_acquire_owned().map_err(|_| crowded())?;
        let waiting = self.unanswered.clone().try_acquire_owned().map_err(|_| crowded())?;
        let mut asked = Asked::begin(self, caller).ok_or_else(crowded)?;
        let answer = match timeout(ANSWER_MAX, asking).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::Timeout("the cluster did not answer in time".into())),
        };
        drop(waiting);
        asked.broken = matches!(answer, Err(Error::Unavailable { .. } | Error::Timeout(_)));
        asked.ended = true;
        drop(asked);
        Ok(holding(answer?, Open { _place: Arc::new(place) }))
    }

    fn admit(&self, now: Instant) -> Result<()> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        match failures.pause_until {
            Some(until) if now < until => Err(Error::Unavailable {
                message: "the cluster does not answer, and is asked again in a few seconds".into(),
                retry_after_seconds: u32::try_from((until - now).as_secs()).unwrap_or(0) + 1,
            }),
            Some(_) => {
                // This one tries; the others wait for what it finds.
                failures.pause_until = Some(now + PAUSE);
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn note(&self, broken: bool, now: Instant) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if !broken {
            *failures = Failures::default();
            return;
        }
        failures.in_a_row += 1;
        if failures.in_a_row >= FAILURES_MAX {
            failures.pause_until = Some(now + PAUSE);
        }
    }
}

fn crowded() -> Error {
    let message = "too many requests to this cluster are open".into();
    Error::Unavailable { message, retry_after_seconds: 1 }
}

/// One question that waits for its answer, also when whoever asked goes away.
struct Asked<'a> {
    guard: &'a Guard,
    caller: String,
    begun: Instant,
    ended: bool,
    broken: bool,
}

impl<'a> Asked<'a> {
    /// Nothing where this caller has too many.
    fn begin(guard: &'a Guard, caller: &str) -> Option<Self> {
        let mut by_caller = guard.by_caller.lock().unwrap_or_else(PoisonError::into_inner);
        let count = by_caller.entry(caller.to_owned()).or_default();
        if *count >= UNANSWERED_BY_ONE_MAX {
            return None;
        }
        *count += 1;
        let begun = Instant::now();
        Some(Self { guard, caller: caller.to_owned(), begun, ended: false, broken: false })
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        let mut by_caller = self.guard.by_caller.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = by_caller.get_mut(&self.caller) {
            *count -= 1;
            if *count == 0 {
                by_caller.remove(&self.caller);
            }
        }
        drop(by_caller);
        match self.ended {
            true => self.guard.note(self.broken, Instant::now()),
            false if self.begun.elapsed() >= PATIENCE => self.guard.note(true, Instant::now()),
            false => {}
        }
    }
}

/// The answer keeps its place until its body ended; one that is an upgrade takes it along.
fn holding(mut response: Response, open: Open) -> Response {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        response.extensions_mut().insert(open);
        return response;
    }
    response.map(|body| {
        Body::from_stream(body.into_data_stream().inspect_ok(move |_| {
            let _held = &open;
        }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away() -> Error {
        Error::Unavailable { message: String::new(), retry_after_seconds: 1 }
    }

    #[tokio::test]
    async fn r13_after_five_failures_the_host_is_left_alone_and_then_one_tries() {
        let guard = Guard::new(false);
        for _ in 0..5 {
            assert!(guard.pass("anna", async { Err(away()) }).await.is_err());
        }
        let now = Instant::now();
        assert!(guard.admit(now).is_err());
        assert!(guard.admit(now + PAUSE).is_ok());
        assert!(guard.admit(now + PAUSE).is_err());
        guard.note(false, now + PAUSE);
        assert!(guard.admit(now + PAUSE).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn r13_who_asks_what_never_answers_takes_a_part_and_not_all() {
        let guard = Guard::new(false);
        let never = || std::future::pending::<Result<Response>>();
        let mut waiting = Vec::new();
        for _ in 0..UNANSWERED_BY_ONE_MAX {
            let mut asking = Box::pin(guard.pass("mallory", never()));
            assert!(futures::poll!(&mut asking).is_pending());
            waiting.push(asking);
        }
        assert!(guard.pass("mallory", never()).await.is_err());
        let other = guard.pass("anna", async { Ok(Response::new(Body::empty())) }).await;
        assert!(other.is_ok());
        for asking in waiting {
            assert!(matches!(asking.await, Err(Error::Timeout(_))));
        }
        assert!(guard.admit(Instant::now()).is_err(), "a host that hangs is left alone");
    }

    #[tokio::test]
    async fn exec_keeps_its_place_for_as_long_as_it_lasts() {
        let guard = Guard::new(false);
        let mut upgraded = Response::new(Body::empty());
        *upgraded.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let answer = guard.pass("anna", async { Ok(upgraded) }).await.unwrap();
        let open = answer.extensions().get::<Open>().cloned();
        drop(answer);
        assert_eq!(guard.open.available_permits(), OPEN_MAX - 1);
        drop(open);
        assert_eq!(guard.open.available_permits(), OPEN_MAX);
    }

    #[tokio::test]
    async fn r13_one_host_takes_no_more_than_its_share() {
        let guard = Guard::new(false);
        let mut open = Vec::new();
        for _ in 0..OPEN_MAX {
            open.push(
                guard.pass("anna", async { Ok(Response::new(Body::empty())) }).await.unwrap(),
            );
        }
        let more = guard.pass("anna", async { Ok(Response::new(Body::empty())) }).await;
        assert!(matches!(more, Err(Error::Unavailable { .. })));
        open.pop();
        assert!(guard.pass("anna", async { Ok(Response::new(Body::empty())) }).await.is_ok());
    }
}
