//! What the central instance keeps: what agents tell, and for how long.

use serde_json::Value;

use super::event::{self, Event, annotation};
use super::{Audit, BATCH_MAX};
use crate::kube::{Error, Result};
use crate::store::AuditRow;

/// How many events are kept, of those that changed something and of those that read: who reads much
/// cannot make the others forgotten.
const KEPT_MAX: u32 = 1_000_000;
/// How many are forgotten in one transaction.
const FORGET_AT_ONCE: u32 = 2000;
/// The longest event that an agent may tell, in bytes.
const EVENT_MAX: usize = 16 * 1024;
/// A day, in microseconds.
const DAY: i64 = 24 * 60 * 60 * 1_000_000;

impl Audit {
    /// Takes what the agent of `cluster` tells. Told again, an event stays the one that it was.
    ///
    /// # Errors
    /// The store cannot be written: then the agent has to tell it again.
    pub async fn take(&self, cluster: &str, told: Vec<Value>) -> Result<()> {
        let (count, now) = (told.len(), self.0.clock.now_micros());
        let rows: Vec<AuditRow> = told.into_iter().filter_map(|it| row(it, cluster, now)).collect();
        if rows.len() < count {
            let unread = count - rows.len();
            tracing::warn!(cluster, unread, "an agent told events that cannot be read");
            self.waiting().lost += unread as u64;
        }
        for rows in rows.chunks(BATCH_MAX) {
            let rows = rows.to_vec();
            let write = move |tx: &mut crate::store::Tx<'_>| {
                rows.iter().try_for_each(|it| tx.add_audit_event(it))
            };
            self.0.store.write(write).await?;
        }
        Ok(())
    }

    /// Forgets events that are older than `days`, and the oldest of too many.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn tidy(&self, days: u32) -> Result<()> {
        let (store, oldest) = (&self.0.store, self.0.clock.now_micros() - i64::from(days) * DAY);
        let whole = FORGET_AT_ONCE as usize;
        while store.write(move |tx| tx.forget_audit_before(oldest, FORGET_AT_ONCE)).await? == whole
        {
        }
        for changes in [true, false] {
            let surplus = store.read(move |it| it.audit_surplus(changes, KEPT_MAX)).await?;
            let Some(seq) = surplus else { continue };
            let forget = move |tx: &mut crate::store::Tx<'_>| {
                tx.forget_audit_up_to(changes, seq, FORGET_AT_ONCE)
            };
            while store.write(forget).await? == whole {}
        }
        Ok::<_, Error>(())
    }
}

/// An agent's event as it is kept: of its own cluster and way, whatever it says, and not of a time
/// that is still to come.
fn row(told: Value, cluster: &str, now: i64) -> Option<AuditRow> {
    let mut event: Event = serde_json::from_value(told).ok()?;
    if uuid::Uuid::try_parse(&event.audit_id).is_err() {
        return None;
    }
    event.annotations.insert(annotation::CLUSTER.into(), cluster.into());
    event.annotations.insert(annotation::WAY.into(), event::DIRECT.into());
    if event.came()? > now {
        event.request_received_timestamp = event::time(now);
    }
    event.row().ok().filter(|it| it.event.len() <= EVENT_MAX)
}
