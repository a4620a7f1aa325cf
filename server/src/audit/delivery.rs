//! From an agent's queue to the central instance: told again until it was heard, and kept there once.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Audit, BATCH_MAX, Place, Room};
use crate::hosts::service::AUDIT;
use crate::kube::{Error, Result};
use crate::tunnel::Link;

/// The time between two deliveries, and so the most between a new line and the first.
const DELIVER_EVERY: Duration = Duration::from_secs(2);
/// How long the central instance may take to write a batch.
const HEARD_MAX: Duration = Duration::from_secs(10);
/// How much text goes at once, in bytes.
const BYTES_MAX: usize = 1 << 20;

/// Part of the queue.
struct Batch {
    /// The place of its last event.
    last: i64,
    /// A JSON list.
    body: String,
}

impl Audit {
    /// Delivers what is queued whenever there is a line, until `stop` is cancelled.
    pub async fn keep_delivering(
        self,
        line: impl Fn() -> Option<Link> + Send,
        stop: CancellationToken,
    ) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(DELIVER_EVERY) => {}
                () = stop.cancelled() => return,
            }
            let Some(link) = line() else { continue };
            if let Err(error) = self.deliver(&link).await {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "events are not delivered"
                );
            }
        }
    }

    /// Delivers all that is queued.
    ///
    /// # Errors
    /// It was not heard, or perhaps it was but the answer did not come: it stays queued.
    pub async fn deliver(&self, link: &Link) -> Result<()> {
        let Place::Queue { room, .. } = &self.0.place else { return Ok(()) };
        while let Some(batch) = self.oldest(room).await? {
            let request = Request::post(AUDIT)
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(batch.body))
                .map_err(Error::internal)?;
            let answer = timeout(HEARD_MAX, link.send(request)).await.map_err(Error::internal)?;
            let code = answer.map_err(Error::internal)?.status();
            if code != StatusCode::OK {
                return Err(Error::internal(format!("the central instance answers {code}")));
            }
            let forgot = self.0.store.write(move |tx| tx.forget_audit_queue(batch.last)).await?;
            room.give_back(forgot);
        }
        Ok(())
    }

    /// What was queued first; nothing where the queue is empty.
    async fn oldest(&self, room: &Room) -> Result<Option<Batch>> {
        if room.used.load(std::sync::atomic::Ordering::Relaxed) == 0 {
            return Ok(None);
        }
        let events = self.0.store.read(|it| it.audit_queue(BATCH_MAX)).await?;
        let mut batch = Batch { last: 0, body: String::new() };
        for (seq, event) in events {
            // An event is far shorter than that: there is always one.
            if batch.body.len() + event.len() > BYTES_MAX {
                break;
            }
            batch.body.push(if batch.body.is_empty() { '[' } else { ',' });
            batch.body.push_str(&event);
            batch.last = seq;
        }
        batch.body.push(']');
        Ok((batch.last > 0).then_some(batch))
    }
}
