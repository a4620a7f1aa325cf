//! A stream lasts no longer than the right to it.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::header::CONTENT_LENGTH;
use axum::response::Response;
use futures::future::BoxFuture;
use futures::{StreamExt, stream};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::{Caller, caller_of_user};
use crate::clock::Clock;
use crate::kube::Result;
use crate::management::access_keys;
use crate::store::Store;

/// The time between two looks at whether the right still stands.
const LOOK_EVERY: Duration = Duration::from_secs(3);

/// Ends the body of `response`, if it is a stream, once `still` says no or `stop` is cancelled.
pub fn leash(
    response: Response,
    stop: CancellationToken,
    still: impl Fn() -> BoxFuture<'static, bool> + Send + 'static,
) -> Response {
    held(response, stop, LOOK_EVERY, still)
}

fn held(
    response: Response,
    stop: CancellationToken,
    every: Duration,
    still: impl Fn() -> BoxFuture<'static, bool> + Send + 'static,
) -> Response {
    // What has a length is no stream: it is there already, or on its way.
    let long = response.headers().contains_key(CONTENT_LENGTH);
    if long || response.body().size_hint().exact().is_some() {
        return response;
    }
    response.map(|body| {
        let mut looks = interval(every);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        looks.reset();
        let held = (body.into_data_stream(), looks, stop, still);
        Body::from_stream(stream::unfold(held, |(mut data, mut looks, stop, still)| async move {
            loop {
                tokio::select! {
                    // The look first: a stream that never pauses must not outlast the right to it.
                    // Then what has come already, before a stop.
                    biased;
                    _ = looks.tick() => if !still().await { return None },
                    chunk = data.next() => return chunk.map(|it| (it, (data, looks, stop, still))),
                    () = stop.cancelled() => return None,
                }
            }
        }))
    })
}

/// Waits until `still` says no: for what is a stream but not a body.
pub async fn until(still: impl Fn() -> BoxFuture<'static, bool>) {
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    looks.reset();
    loop {
        looks.tick().await;
        if !still().await {
            return;
        }
    }
}

/// Whether the caller is still who they were: not locked, of the same teams and role, and with the
/// same key.
pub async fn is_unchanged(store: &Store, clock: &Clock, caller: &Caller) -> bool {
    let (caller, now) = (caller.clone(), clock.now_seconds());
    let looked = store.read(move |snapshot| {
        let key = match &caller.key {
            Some(key) => access_keys::is_usable(snapshot, &key.name, now)?,
            None => true,
        };
        let same =
            caller_of_user(snapshot, &caller.name, caller.key.clone())?.as_ref() == Some(&caller);
        Ok(key && same)
    });
    let looked: Result<bool> = looked.await;
    looked.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use axum::body::Bytes;
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn t06_a_stream_that_never_pauses_ends_with_the_right_to_it() {
        let busy = stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(b"x")));
        let response = Response::new(Body::from_stream(busy));
        let every = Duration::from_millis(10);
        let response = held(response, CancellationToken::new(), every, || async { false }.boxed());
        let mut data = response.into_body().into_data_stream();
        let begun = Instant::now();
        while data.next().await.is_some() {
            assert!(begun.elapsed() < Duration::from_secs(5), "it goes on");
            // As the socket would, that it goes to.
            tokio::task::yield_now().await;
        }
    }
}
