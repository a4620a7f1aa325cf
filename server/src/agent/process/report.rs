//! What was used at the direct endpoint, told to the central instance: it decides about sleep.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use dormer_api::vcluster::{ActivityInfo, Phase, VirtualClusterInstance};
use futures::FutureExt;
use serde::Serialize;
use tokio::time::{sleep, timeout};

use super::Beside;
use crate::hosts::service::{USED, Use, WAKE, Which};
use crate::kube::{Error, Result};
use crate::management::{self, VCLUSTERS};
use crate::sleep::Sleep;
use crate::sleep::activity::{Activity as Seen, Place};
use crate::store::Store;

/// The time between two reports.
const REPORT_EVERY: Duration = Duration::from_secs(10);
/// How long the central instance may take to hear one.
const HEARD_MAX: Duration = Duration::from_secs(5);
/// How long it may take to wake a sleeper: as long as it holds a request of its own.
const WAKE_MAX: Duration = Duration::from_secs(30);

/// How long our copy may take to hear that it is awake.
const COPIED_MAX: Duration = Duration::from_secs(5);

/// Who used what last, since the last report.
type Last = Arc<Mutex<HashMap<Place, ActivityInfo>>>;

/// What was used, and the way to tell it.
pub(super) struct Activity {
    beside: Beside,
    sleep: Sleep,
    last: Last,
}

impl Activity {
    pub(super) fn new(beside: &Beside) -> Self {
        let last: Last = Arc::default();
        let noted = last.clone();
        let note = move |place: Place, _: i64, info: Option<ActivityInfo>| {
            if let Some(info) = info {
                noted.lock().unwrap_or_else(PoisonError::into_inner).insert(place, info);
            }
        };
        let seen = Seen::new(beside.clock.clone(), Box::new(note));
        let asker = beside.clone();
        let wake = move |namespace: String, name: String| {
            let beside = asker.clone();
            async move { wake(&beside, Which { namespace, name }).await }.boxed()
        };
        Self { beside: beside.clone(), sleep: Sleep::elsewhere(seen, Arc::new(wake)), last }
    }

    pub(super) fn sleep(&self) -> Sleep {
        self.sleep.clone()
    }

    /// Reports until the process ends. What could not be told is told with the next report: of each
    /// virtual cluster only its last use counts, so nothing piles up.
    pub(super) async fn run(self) {
        let mut told = self.beside.clock.now_seconds();
        loop {
            tokio::select! {
                () = sleep(REPORT_EVERY) => {}
                () = self.beside.stop.cancelled() => return,
            }
            let now = self.beside.clock.now_seconds();
            let uses = self.uses(told);
            if uses.is_empty() || tell(&self.beside, USED, &uses, HEARD_MAX).await.is_ok() {
                told = now;
                let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
                uses.iter().for_each(|it| {
                    last.remove(&(it.which.namespace.clone(), it.which.name.clone()));
                });
            }
        }
    }

    fn uses(&self, since: i64) -> Vec<Use> {
        let last_by = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let uses = self.sleep.activity.since(since).into_iter();
        uses.map(|(place, last, open)| Use {
            info: last_by.get(&place).cloned(),
            which: Which { namespace: place.0, name: place.1 },
            last,
            open,
        })
        .collect()
    }
}

async fn wake(beside: &Beside, which: Which) -> Result<()> {
    let told = tell(beside, WAKE, &which, WAKE_MAX).await;
    told.map_err(|error| match error {
        Some(message) => Error::Unavailable { message, retry_after_seconds: 5 },
        None => Error::Unavailable {
            message: format!(
                "{} sleeps, and only the central instance can wake it: it cannot be reached now",
                which.name
            ),
            retry_after_seconds: 5,
        },
    })?;
    // Where the copy is late, whoever asked for it says that it does not answer yet.
    timeout(COPIED_MAX, is_awake_in_copy(&beside.store, which)).await.unwrap_or(Ok(()))
}

/// Waits until our copy says so too: it hears of it over the same line, a moment later.
async fn is_awake_in_copy(store: &Store, which: Which) -> Result<()> {
    let from = store.revision().await?;
    let mut changes = store.watch(management::range(VCLUSTERS), from).await?;
    let place = management::key(VCLUSTERS, &which.namespace, &which.name);
    loop {
        let Some(entry) = store.get(place.clone()).await? else { return Ok(()) };
        let instance: VirtualClusterInstance =
            serde_json::from_slice(&entry.body).map_err(Error::internal)?;
        if instance.status.phase == Some(Phase::Ready) {
            return Ok(());
        }
        changes.next().await?;
    }
}

/// Tells the central instance something. The error is its refusal in words, or nothing where it was
/// not reached.
async fn tell(
    beside: &Beside,
    path: &str,
    body: &impl Serialize,
    limit: Duration,
) -> Result<(), Option<String>> {
    let link = beside.link().ok_or(None)?;
    let body = serde_json::to_vec(body).map_err(|_| None)?;
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body))
        .map_err(|_| None)?;
    let answer = timeout(limit, link.send(request)).await.map_err(|_| None)?.map_err(|_| None)?;
    if answer.status() == StatusCode::OK {
        return Ok(());
    }
    let body = axum::body::to_bytes(answer.into_body(), 64 * 1024).await.map_err(|_| None)?;
    let status: Option<dormer_api::status::Status> = serde_json::from_slice(&body).ok();
    Err(status.map(|it| it.message))
}
