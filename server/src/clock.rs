//! The time, from outside, so that sleep and expiry can be tested in simulated years.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// Where the time comes from. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// Set by tests: Unix seconds.
    hand: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The machine's own time.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands still until it is moved.
    #[must_use]
    pub fn standing_at(seconds: i64) -> Self {
        Self { hand: Some(Arc::new(AtomicI64::new(seconds))) }
    }

    /// Moves a standing clock. The machine's own time stays as it is.
    pub fn advance(&self, seconds: i64) {
        if let Some(hand) = &self.hand {
            hand.fetch_add(seconds, Ordering::SeqCst);
        }
    }

    /// Unix seconds.
    #[must_use]
    pub fn now_seconds(&self) -> i64 {
        match &self.hand {
            Some(hand) => hand.load(Ordering::SeqCst),
            None => Timestamp::now().as_second(),
        }
    }

    /// Unix microseconds.
    #[must_use]
    pub fn now_micros(&self) -> i64 {
        match &self.hand {
            Some(hand) => hand.load(Ordering::SeqCst).saturating_mul(1_000_000),
            None => Timestamp::now().as_microsecond(),
        }
    }

    /// The time as it stands in `metadata`: RFC 3339, true to the second.
    #[must_use]
    pub fn now_rfc3339(&self) -> String {
        rfc3339(self.now_seconds())
    }
}

/// Unix seconds as RFC 3339 in UTC, such as `2026-11-20T16:08:00Z`.
#[must_use]
pub fn rfc3339(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

/// Unix seconds of an RFC 3339 text, or nothing where it is not one.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_second)
}
