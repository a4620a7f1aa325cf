//! A host that hangs or breaks takes no more than its share, and is not asked for a while.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::response::Response;
use futures::TryStreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::kube::{Error, Result};

/// How many requests to one host may be open at once.
const OPEN_MAX: usize = 512;
/// After so many failures in a row it is not asked for a while.
const FAILURES_MAX: u32 = 5;
/// How long it is not asked then; after that, one request tries.
const PAUSE: Duration = Duration::from_secs(10);

pub(super) struct Guard {
    open: Arc<Semaphore>,
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
        Self { open: Arc::new(Semaphore::new(OPEN_MAX)), failures: Mutex::default(), trusted }
    }

    /// Runs `asking`, unless the host has to be left alone.
    pub(super) async fn pass(
        &self,
        asking: impl Future<Output = Result<Response>>,
    ) -> Result<Response> {
        if self.trusted {
            return asking.await;
        }
        self.admit(Instant::now())?;
        let place = self.open.clone().try_acquire_owned().map_err(|_| {
            let message = "too many requests to this cluster are open".into();
            Error::Unavailable { message, retry_after_seconds: 1 }
        })?;
        let asked = asking.await;
        let broken = matches!(asked, Err(Error::Unavailable { .. } | Error::Timeout(_)));
        self.note(broken, Instant::now());
        Ok(holding(asked?, place))
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

/// The answer keeps its place until its body ended.
fn holding(response: Response, place: OwnedSemaphorePermit) -> Response {
    response.map(|body| {
        Body::from_stream(body.into_data_stream().inspect_ok(move |_| {
            let _held = &place;
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
            assert!(guard.pass(async { Err(away()) }).await.is_err());
        }
        let now = Instant::now();
        assert!(guard.admit(now).is_err());
        assert!(guard.admit(now + PAUSE).is_ok());
        assert!(guard.admit(now + PAUSE).is_err());
        guard.note(false, now + PAUSE);
        assert!(guard.admit(now + PAUSE).is_ok());
    }

    #[tokio::test]
    async fn r13_one_host_takes_no_more_than_its_share() {
        let guard = Guard::new(false);
        let mut open = Vec::new();
        for _ in 0..OPEN_MAX {
            open.push(guard.pass(async { Ok(Response::new(Body::empty())) }).await.unwrap());
        }
        let more = guard.pass(async { Ok(Response::new(Body::empty())) }).await;
        assert!(matches!(more, Err(Error::Unavailable { .. })));
        open.pop();
        assert!(guard.pass(async { Ok(Response::new(Body::empty())) }).await.is_ok());
    }
}
