//! One request on its way through the gateway.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::Method;
use axum::response::Response;

use super::Audit;
use super::event::{Event, ResponseStatus, Stage, is_stream, time};
use crate::kube::Result;

/// What is written down of a request. Whoever holds a clone holds the request open; without them it is
/// over, however that came.
#[derive(Clone)]
pub struct Entry(Arc<Open>);

struct Open {
    audit: Audit,
    told: Mutex<Told>,
}

struct Told {
    event: Event,
    /// The answer has no end of its own.
    stream: bool,
}

impl Entry {
    pub(super) fn new(audit: Audit, event: Event) -> Self {
        Self(Arc::new(Open { audit, told: Mutex::new(Told { event, stream: false }) }))
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says something that is known by now, as one of [`annotation`](super::annotation).
    pub fn say(&self, name: &str, value: &str) {
        self.told().event.annotations.insert(name.to_owned(), value.to_owned());
    }

    /// Says what the cluster is asked: `rest` is path and query as they go to it.
    pub fn about(&self, method: &Method, rest: &str, upgrade: bool) {
        let mut told = self.told();
        told.event.about(method, rest, upgrade);
        told.stream = upgrade || is_stream(rest);
    }

    /// The request is about to be forwarded: what may change something is written down first.
    ///
    /// # Errors
    /// It cannot be, and so the request must not be forwarded.
    pub async fn before(&self) -> Result<()> {
        let event = self.told().event.clone();
        if event.reads() {
            return Ok(());
        }
        self.0.audit.record(&event).await
    }

    /// The answer begins.
    pub fn answered(&self, answer: &Result<Response>) {
        let code = match answer {
            Ok(response) => response.status().as_u16(),
            Err(error) => error.status().code,
        };
        let mut told = self.told();
        told.event.response_status = Some(ResponseStatus { code });
        if told.stream && code < 400 {
            let started = self.0.audit.at_stage(&told.event, Stage::ResponseStarted);
            self.0.audit.note(started);
        }
    }
}

impl Audit {
    /// The event as it is now.
    fn at_stage(&self, event: &Event, stage: Stage) -> Event {
        let stage_timestamp = time(self.0.clock.now_micros());
        Event { stage, stage_timestamp, ..event.clone() }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let told = self.told.get_mut().unwrap_or_else(PoisonError::into_inner);
        let event = self.audit.at_stage(&told.event, Stage::ResponseComplete);
        self.audit.note(event);
    }
}
