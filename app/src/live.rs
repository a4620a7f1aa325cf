//! A list that follows the server: list, then watch, for as long as its page is open.

use dormer_api::table::Table;
use futures::StreamExt;
use futures::channel::mpsc;
use futures::future::{abortable, select};
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::client::{CallError, Client};
use crate::clock;

mod rows;
mod stream;

use rows::Rows;
pub use rows::{Columns, FromRow, LiveRow};
use stream::{Change, End};

/// The first pause before a broken stream is taken up again, in milliseconds.
const RETRY_MS_FIRST: u32 = 500;
/// The longest pause; each is twice the one before. As long as a person waits before they reload.
const RETRY_MS_MAX: u32 = 5_000;
/// How long the page has to have been out of sight, in seconds, for its stream to be doubted when
/// it comes back: a laptop that slept has lost it.
const DOUBTED_AFTER_S: i64 = 30;

/// How true a live list is. One value, so that two of these can never hold at once.
#[derive(Debug, Clone, PartialEq)]
pub enum Freshness {
    /// Nothing has come yet.
    Loading,
    /// True as of the last event.
    Current,
    /// True as of this instant (Unix seconds); the stream is being taken up again.
    Stale(i64),
    /// The first list never came.
    Failed(CallError),
}

/// The rows of a list, and how true they are.
pub struct Live<T: 'static> {
    /// The rows that there are, in no order. Changes when rows come or go.
    pub rows: RwSignal<Vec<LiveRow<T>>>,
    /// How true they are.
    pub freshness: RwSignal<Freshness>,
    /// Changes after every batch of events, for what is computed from all rows.
    pub changes: RwSignal<u32>,
    all: StoredValue<Rows<T>>,
}

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Live<T> {}

impl<T: FromRow> Live<T> {
    fn new() -> Self {
        Self {
            rows: RwSignal::new(Vec::new()),
            freshness: RwSignal::new(Freshness::Loading),
            changes: RwSignal::new(0),
            all: StoredValue::new(Rows::default()),
        }
    }

    fn replace(self, columns: &Columns, table: &Table) {
        let item = |row| T::from_row(columns, row);
        let items = table.rows.iter().map(|row| (row.object.metadata.uid.clone(), item(row)));
        self.all.update_value(|all| all.replace(items.collect()));
        self.publish(true);
    }

    /// Takes in a batch of events, then paints once.
    fn take(self, columns: &Columns, batch: Vec<Change>) {
        let mut moved = false;
        self.all.update_value(|all| {
            for change in &batch {
                match change {
                    Change::Upsert(rows) => {
                        for row in rows {
                            let item = T::from_row(columns, row);
                            moved |= all.upsert(&row.object.metadata.uid, item);
                        }
                    }
                    Change::Deleted(rows) => {
                        for row in rows {
                            moved |= all.remove(&row.object.metadata.uid);
                        }
                    }
                    Change::Alive => {}
                }
            }
        });
        self.publish(moved);
    }

    fn publish(self, moved: bool) {
        if moved {
            self.all.with_value(|all| self.rows.set(all.all()));
        }
        self.changes.update(|count| *count = count.wrapping_add(1));
        if self.freshness.with_untracked(|it| *it != Freshness::Current) {
            self.freshness.set(Freshness::Current);
        }
    }

    /// A try failed: what is on the screen stays, and says how old it is.
    fn failed(self, error: CallError) {
        self.freshness.update(|freshness| {
            *freshness = match freshness {
                Freshness::Current => Freshness::Stale(clock::read()),
                Freshness::Stale(since) => Freshness::Stale(*since),
                Freshness::Loading | Freshness::Failed(_) => Freshness::Failed(error),
            }
        });
    }
}

/// Follows the list at `path` until the owner of this call goes away.
pub fn follow<T: FromRow>(client: Client, path: String) -> Live<T> {
    let live = Live::new();
    let (doubted, doubts) = mpsc::channel(1);
    listen_for_doubt(doubted);
    let (task, stop) = abortable(run(client, path, live, doubts));
    on_cleanup(move || stop.abort());
    spawn_local(async move {
        _ = task.await;
    });
    live
}

async fn run<T: FromRow>(
    client: Client,
    path: String,
    live: Live<T>,
    mut doubts: mpsc::Receiver<()>,
) {
    let mut pause = RETRY_MS_FIRST;
    loop {
        match stream::list(client, &path).await {
            Err(error) => live.failed(error),
            Ok(table) => {
                let columns = Columns::of(&table);
                live.replace(&columns, &table);
                let mut revision = table.metadata.resource_version;
                follow_on(client, &path, live, &columns, &mut revision, &mut doubts).await;
                pause = RETRY_MS_FIRST;
            }
        }
        rest(&mut pause, &mut doubts).await;
    }
}

/// Watches, and takes a broken watch up again, until the list has to be read anew.
async fn follow_on<T: FromRow>(
    client: Client,
    path: &str,
    live: Live<T>,
    columns: &Columns,
    revision: &mut String,
    doubts: &mut mpsc::Receiver<()>,
) {
    let mut pause = RETRY_MS_FIRST;
    loop {
        let mut alive = false;
        let told = |batch| {
            alive = true;
            live.take(columns, batch);
        };
        let doubt = Box::pin(async { _ = doubts.next().await });
        let end = stream::watch(client, path, revision, doubt, told).await;
        if alive {
            pause = RETRY_MS_FIRST;
        }
        match end {
            // Not at once: a server that ends every watch as it begins must not be asked in a circle.
            End::InTime => TimeoutFuture::new(RETRY_MS_FIRST).await,
            End::Expired => return,
            End::Broken => {
                live.failed(CallError::Unreachable);
                rest(&mut pause, doubts).await;
            }
        }
    }
}

/// Waits, longer each time and never twice the same, or until the page comes back into sight.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "at most a fifth of the longest pause"
)]
async fn rest(pause: &mut u32, doubts: &mut mpsc::Receiver<()>) {
    let jitter = (js_sys::Math::random() * f64::from(*pause) * 0.2) as u32;
    _ = select(TimeoutFuture::new(*pause + jitter), doubts.next()).await;
    *pause = (*pause * 2).min(RETRY_MS_MAX);
}

/// Tells when the stream should be tried: the network is back, or the page was long out of sight.
fn listen_for_doubt(doubted: mpsc::Sender<()>) {
    let tell = move || {
        // A full channel means that it was told already.
        _ = doubted.clone().try_send(());
    };
    let hidden_at = StoredValue::new(None::<i64>);
    let seen = {
        let tell = tell.clone();
        window_event_listener_untyped("visibilitychange", move |_| {
            if document().hidden() {
                hidden_at.set_value(Some(clock::read()));
            } else if let Some(since) = hidden_at.get_value()
                && clock::read() - since >= DOUBTED_AFTER_S
            {
                tell();
            }
        })
    };
    let online = window_event_listener_untyped("online", move |_| tell());
    on_cleanup(move || {
        seen.remove();
        online.remove();
    });
}
