//! Who did what through the gateway, written down.
//!
//! What may change something is on disk before it is forwarded, or it is not forwarded. What only
//! reads is written down together with others, every second. An agent keeps its events until the
//! central instance has them.

mod delivery;
mod entry;
mod event;
mod handlers;
mod keep;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::Request;
use tokio_util::sync::CancellationToken;

pub use entry::Entry;
pub use event::{Event, Stage, annotation};
pub use handlers::rows;

use crate::auth::Caller;
use crate::clock::Clock;
use crate::kube::{Error, Result};
use crate::store::{self, Store};

/// How many events may wait to be written together, of each sort.
const WAITING_MAX: usize = 10_000;
/// How many events are written, or delivered, at once. Others who write go in between.
const BATCH_MAX: usize = 500;
/// The time between two writes of what waits.
const WRITE_EVERY: Duration = Duration::from_secs(1);
/// The time between two events that count what has none of its own, in microseconds.
const COUNT_EVERY: i64 = 60_000_000;
/// How much text an agent keeps for the central instance, in bytes.
pub const QUEUE_MAX: usize = 64 << 20;

/// The audit trail of a gateway. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Audit(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Clock,
    place: Place,
    waiting: Mutex<Waiting>,
    /// What waits is written by one at a time.
    writing: tokio::sync::Mutex<()>,
}

/// Where events go.
enum Place {
    /// Into the trail itself.
    Trail,
    /// Into the queue of the agent of this cluster.
    Queue { cluster: String, room: Room },
}

/// How much an agent may still queue.
struct Room {
    max: usize,
    used: AtomicUsize,
}

/// What is to be written.
#[derive(Default)]
struct Waiting {
    reads: VecDeque<Event>,
    /// How changes ended, and counts.
    ends: VecDeque<Event>,
    /// How many events there was no room for, since that was told.
    lost: u64,
    /// How many requests nobody known sent, since that was told.
    refused: u64,
    /// When these two were told last, in Unix microseconds.
    told: i64,
}

impl Room {
    /// Takes so many bytes, if no more than `max` are taken then.
    fn take(&self, bytes: usize, max: usize) -> bool {
        let more = |used: usize| used.checked_add(bytes).filter(|it| *it <= max);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// How full an event may make the queue. Who reads cannot take the room of those who change, and
    /// the last part is kept for how changes ended.
    fn limit(&self, event: &Event) -> usize {
        match event.stage {
            _ if event.reads() => self.max / 4 * 3,
            Stage::RequestReceived => self.max / 64 * 63,
            Stage::ResponseStarted | Stage::ResponseComplete => self.max,
        }
    }
}

impl Audit {
    /// The trail of the central instance.
    #[must_use]
    pub fn trail(store: Store, clock: Clock) -> Self {
        Self::new(store, clock, Place::Trail)
    }

    /// The queue of the agent of `cluster`, of at most `max` bytes of text.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn queue(store: Store, clock: Clock, cluster: &str, max: usize) -> Result<Self> {
        let used = store.read(|snapshot| snapshot.audit_queue_bytes()).await?;
        let room = Room { max, used: used.into() };
        Ok(Self::new(store, clock, Place::Queue { cluster: cluster.into(), room }))
    }

    fn new(store: Store, clock: Clock, place: Place) -> Self {
        let waiting = Waiting { told: clock.now_micros(), ..Waiting::default() };
        let (waiting, writing) = (Mutex::new(waiting), tokio::sync::Mutex::default());
        Self(Arc::new(Inner { store, clock, place, waiting, writing }))
    }

    /// A request that came just now. It is written down when the last clone of the answer is dropped.
    #[must_use]
    pub fn begin(&self, caller: &Caller, request: &Request) -> Entry {
        let mut event = Event::of(caller, request, self.0.clock.now_micros());
        self.sign(&mut event);
        Entry::new(self.clone(), event)
    }

    /// Counts a request that nobody known sent: an event for each would let anybody fill the disk.
    pub fn refused(&self, error: &Error) {
        if matches!(error, Error::Unauthorized(_)) {
            self.waiting().refused += 1;
        }
    }

    /// Says which way this gateway is.
    fn sign(&self, event: &mut Event) {
        let way = match &self.0.place {
            Place::Trail => event::CENTRAL,
            Place::Queue { cluster, .. } => {
                event.annotations.insert(annotation::CLUSTER.into(), cluster.clone());
                event::DIRECT
            }
        };
        event.annotations.insert(annotation::WAY.into(), way.into());
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes an event down, and answers once it is on disk.
    ///
    /// # Errors
    /// There is no room for it, or it cannot be written: what it tells of must not be done.
    async fn record(&self, event: &Event) -> Result<()> {
        let written = match &self.0.place {
            Place::Trail => {
                let row = event.row().map_err(Error::internal)?;
                self.0.store.write(move |tx| tx.add_audit_event(&row)).await
            }
            Place::Queue { room, .. } => {
                let text = event.text().map_err(Error::internal)?;
                let bytes = text.len();
                if !room.take(bytes, room.limit(event)) {
                    return Err(unwritten(
                        "the audit trail of this endpoint is full, and the central instance has to take it first: until then nothing is changed, and reading goes on",
                    ));
                }
                let written = self.0.store.write(move |tx| tx.queue_audit_event(&text)).await;
                if written.is_err() {
                    room.give_back(bytes);
                }
                written
            }
        };
        written.map_err(|error| match error {
            store::Error::Full | store::Error::Closed => error.into(),
            other => {
                tracing::error!(
                    error = &other as &dyn std::error::Error,
                    "cannot write the audit trail"
                );
                unwritten("the audit trail cannot be written, so nothing is changed")
            }
        })
    }

    /// Lets an event be written down with the next ones. Where too many wait, the oldest is only
    /// counted.
    fn note(&self, event: Event) {
        let mut waiting = self.waiting();
        let waiting = &mut *waiting;
        let queue = if event.reads() { &mut waiting.reads } else { &mut waiting.ends };
        if queue.len() >= WAITING_MAX
            && let Some(oldest) = queue.pop_front()
        {
            waiting.lost += oldest.weight();
        }
        queue.push_back(event);
    }

    /// Writes down what waits.
    ///
    /// # Errors
    /// The store cannot be written: what waited waits on.
    pub async fn flush(&self) -> Result<()> {
        let _alone = self.0.writing.lock().await;
        self.count();
        for _ in 0..=2 * WAITING_MAX / BATCH_MAX {
            let batch = self.waiting().batch();
            if batch.is_empty() {
                break;
            }
            if let Err(error) = self.write(&batch).await {
                batch.into_iter().rev().for_each(|it| self.waiting().put_back(it));
                return Err(error);
            }
        }
        Ok(())
    }

    /// Makes events of the counts, if it is time.
    fn count(&self) {
        let now = self.0.clock.now_micros();
        let mut waiting = self.waiting();
        if now - waiting.told < COUNT_EVERY {
            return;
        }
        waiting.told = now;
        let lost = (annotation::LOST, std::mem::take(&mut waiting.lost));
        let refused = (annotation::REFUSED, std::mem::take(&mut waiting.refused));
        for (what, count) in [lost, refused].into_iter().filter(|it| it.1 > 0) {
            let mut event = Event::count(what, count, now);
            self.sign(&mut event);
            waiting.ends.push_back(event);
        }
    }

    async fn write(&self, batch: &[Event]) -> Result<()> {
        match &self.0.place {
            Place::Trail => {
                let rows: Vec<_> = batch
                    .iter()
                    .map(Event::row)
                    .collect::<Result<_, _>>()
                    .map_err(Error::internal)?;
                self.0
                    .store
                    .write(move |tx| rows.iter().try_for_each(|it| tx.add_audit_event(it)))
                    .await?;
            }
            Place::Queue { room, .. } => {
                let (mut texts, mut bytes, mut lost) = (Vec::new(), 0, 0);
                for event in batch {
                    let text = event.text().map_err(Error::internal)?;
                    if room.take(text.len(), room.limit(event)) {
                        bytes += text.len();
                        texts.push(text);
                    } else {
                        lost += event.weight();
                    }
                }
                let written = self
                    .0
                    .store
                    .write(move |tx| texts.iter().try_for_each(|it| tx.queue_audit_event(it)));
                if let Err(error) = written.await {
                    room.give_back(bytes);
                    return Err(error.into());
                }
                self.waiting().lost += lost;
            }
        }
        Ok(())
    }

    /// Writes down what waits, again and again, until `stop` is cancelled.
    pub async fn run(self, stop: CancellationToken) {
        let mut told = false;
        loop {
            tokio::select! {
                () = tokio::time::sleep(WRITE_EVERY) => {}
                () = stop.cancelled() => return,
            }
            let failed = self.flush().await.is_err();
            if failed && !told {
                tracing::warn!(
                    "the audit trail cannot be written: what reads waits, what changes is refused"
                );
            }
            told = failed;
        }
    }
}

impl Waiting {
    fn batch(&mut self) -> Vec<Event> {
        let ends = self.ends.len().min(BATCH_MAX);
        let reads = self.reads.len().min(BATCH_MAX - ends);
        self.ends.drain(..ends).chain(self.reads.drain(..reads)).collect()
    }

    fn put_back(&mut self, event: Event) {
        let queue = if event.reads() { &mut self.reads } else { &mut self.ends };
        match queue.len() < WAITING_MAX {
            true => queue.push_front(event),
            false => self.lost += event.weight(),
        }
    }
}

fn unwritten(message: &str) -> Error {
    Error::Unavailable { message: message.into(), retry_after_seconds: 10 }
}

#[cfg(test)]
mod tests;
