//! How far the central instance and the direct endpoints are from this browser.

use std::collections::HashMap;

use futures::channel::oneshot;
use futures::future::{Either, select};
use gloo_net::http::Request;
use gloo_timers::future::TimeoutFuture;
use js_sys::Reflect;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortSignal, MessageEvent, RequestCache, RequestCredentials, Worker};

use crate::paths;

/// How often a way is measured. The first one opens the connection and does not count.
const TRIES: u32 = 3;
/// How long one answer may take, in milliseconds. `public/probe.js` has the same.
const ANSWER_MS_MAX: u32 = 5_000;
/// How long a worker may take altogether, in milliseconds: one that a policy keeps from starting
/// says nothing at all.
const WORKER_MS_MAX: u32 = TRIES * ANSWER_MS_MAX + 1_000;

/// What was found of one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// It is being measured.
    Measuring,
    /// The best of the tries, in milliseconds.
    Ms(u32),
    /// No answer in time.
    TooSlow,
    /// The browser did not get through, and no browser says why.
    NotReached,
}

impl Reading {
    /// What was measured, in a few words: `18 ms`.
    pub fn words(self) -> String {
        match self {
            Self::Measuring => "measuring…".to_owned(),
            Self::Ms(ms) => format!("{ms} ms"),
            Self::TooSlow => "no answer in 5 s".to_owned(),
            Self::NotReached => "not reached".to_owned(),
        }
    }

    /// The milliseconds, where there are any.
    pub fn ms(self) -> Option<u32> {
        match self {
            Self::Ms(ms) => Some(ms),
            Self::Measuring | Self::TooSlow | Self::NotReached => None,
        }
    }

    /// It was tried, and there was no answer.
    pub fn failed(self) -> bool {
        match self {
            Self::TooSlow | Self::NotReached => true,
            Self::Measuring | Self::Ms(_) => false,
        }
    }
}

/// What was found of all ways that a page shows. Nothing is measured by itself: a page asks when it
/// opens, and a person when they press "Measure again".
#[derive(Clone, Copy)]
pub struct Probes(RwSignal<HashMap<String, Reading>>);

/// The key of the way to the central instance; no host is empty.
const CENTRAL: &str = "";

impl Probes {
    /// Nothing measured.
    pub fn new() -> Self {
        Self(RwSignal::new(HashMap::new()))
    }

    /// What was found of the way to the central instance.
    pub fn central(self) -> Option<Reading> {
        self.of(CENTRAL)
    }

    /// What was found of the way to `host`.
    pub fn of(self, host: &str) -> Option<Reading> {
        self.0.with(|readings| readings.get(host).copied())
    }

    /// Something is being measured.
    pub fn busy(self) -> bool {
        self.0.with(|readings| readings.values().any(|it| *it == Reading::Measuring))
    }

    /// Measures the way to the central instance unless that was done.
    pub fn ask_central(self) {
        self.ask(CENTRAL);
    }

    /// Measures the way to `host`, with its port where it has one, unless that was done.
    pub fn ask(self, host: &str) {
        if self.0.with_untracked(|readings| !readings.contains_key(host)) {
            self.measure(host.to_owned());
        }
    }

    /// Measures the way to `host`, also where that was done.
    pub fn ask_anew(self, host: &str) {
        self.measure(host.to_owned());
    }

    /// Measures every way that was asked for before.
    pub fn again(self) {
        let hosts: Vec<String> = self.0.with_untracked(|it| it.keys().cloned().collect());
        for host in hosts {
            self.measure(host);
        }
    }

    fn measure(self, host: String) {
        self.0.update(|readings| _ = readings.insert(host.clone(), Reading::Measuring));
        spawn_local(async move {
            let reading = match host.as_str() {
                CENTRAL => central().await,
                host => direct(host).await,
            };
            // The page may be gone by now.
            _ = self.0.try_update(|readings| _ = readings.insert(host, reading));
        });
    }
}

/// Measures the way to the central instance, which the page itself may ask.
async fn central() -> Reading {
    let Some(clock) = window().performance() else { return Reading::NotReached };
    let mut best = None::<f64>;
    for tried in 0..TRIES {
        let begun = clock.now();
        let request = Request::get(paths::HEALTH)
            .cache(RequestCache::NoStore)
            .credentials(RequestCredentials::Omit)
            .abort_signal(Some(&AbortSignal::timeout_with_u32(ANSWER_MS_MAX)));
        let answer = request.send().await;
        if !answer.is_ok_and(|answer| answer.ok()) {
            let slow = clock.now() - begun >= f64::from(ANSWER_MS_MAX);
            return if slow { Reading::TooSlow } else { Reading::NotReached };
        }
        let took = clock.now() - begun;
        if tried > 0 {
            best = Some(best.map_or(took, |best| best.min(took)));
        }
    }
    best.map_or(Reading::NotReached, |ms| Reading::Ms(whole(ms)))
}

/// Measures the way to a direct endpoint: by a worker, because the page's own policy lets it reach
/// no other host.
async fn direct(host: &str) -> Reading {
    let Ok(worker) = Worker::new(&paths::probe(host)) else { return Reading::NotReached };
    let (told, telling) = oneshot::channel();
    let mut told = Some(told);
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        if let Some(told) = told.take() {
            _ = told.send(reading(&event.data()));
        }
    });
    worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    let limit = TimeoutFuture::new(WORKER_MS_MAX);
    let reading = match select(telling, limit).await {
        Either::Left((Ok(reading), _)) => reading,
        Either::Left((Err(_), _)) | Either::Right(_) => Reading::NotReached,
    };
    worker.terminate();
    reading
}

/// What a message of the worker says.
fn reading(message: &JsValue) -> Reading {
    let field = |name: &str| Reflect::get(message, &name.into()).ok();
    if let Some(ms) = field("ms").and_then(|it| it.as_f64()) {
        return Reading::Ms(whole(ms));
    }
    match field("name").and_then(|it| it.as_string()).as_deref() {
        Some("TimeoutError") => Reading::TooSlow,
        Some(_) | None => Reading::NotReached,
    }
}

/// Whole milliseconds, and never none: what is that near is "1 ms" away.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a latency is far below 2^32 milliseconds and not negative"
)]
fn whole(ms: f64) -> u32 {
    ms.round().max(1.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_next_door_is_not_nowhere() {
        assert_eq!([0.2, 1.4, 17.6].map(whole), [1, 1, 18]);
    }

    #[test]
    fn a_reading_says_a_number_or_that_there_is_none() {
        assert_eq!(Reading::Ms(18).words(), "18 ms");
        assert!(Reading::NotReached.failed() && !Reading::Measuring.failed());
    }
}
