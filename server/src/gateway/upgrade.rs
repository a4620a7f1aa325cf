//! Streams that are no longer HTTP: exec, attach and port-forward, over WebSocket or SPDY.
//!
//! The bytes are the client's and the cluster's own. They are joined only after the cluster said 101
//! with the protocol that was asked for; before that not one byte of the client's is read.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use futures::future::BoxFuture;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;
use tokio_util::sync::CancellationToken;

use crate::auth::until;
use crate::hosts::Open;
use crate::kube::{Error, Result};

/// What Kubernetes' streams speak.
const PROTOCOLS: [&str; 2] = ["websocket", "spdy/3.1"];

/// What goes with an upgrade, in both directions.
const ALONG: [HeaderName; 5] = [
    header::SEC_WEBSOCKET_KEY,
    header::SEC_WEBSOCKET_VERSION,
    header::SEC_WEBSOCKET_PROTOCOL,
    header::SEC_WEBSOCKET_EXTENSIONS,
    HeaderName::from_static("x-stream-protocol-version"),
];

/// An upgrade that a client asks for.
pub(super) struct Asked {
    protocol: HeaderValue,
    client: OnUpgrade,
}

impl Asked {
    /// What `request` asks for; nothing where it is an ordinary one.
    pub(super) fn of(request: &mut Request) -> Result<Option<Self>> {
        let mut asked = request.headers().get_all(header::UPGRADE).iter();
        let Some(protocol) = asked.next().cloned() else { return Ok(None) };
        let known = protocol
            .to_str()
            .is_ok_and(|it| PROTOCOLS.iter().any(|known| it.eq_ignore_ascii_case(known)));
        if asked.next().is_some() {
            return Err(Error::BadRequest("only one upgrade can be asked for".into()));
        }
        // What is not spoken is passed over, as HTTP has it: the request is an ordinary one.
        if !known {
            return Ok(None);
        }
        let client = request
            .extensions_mut()
            .remove::<OnUpgrade>()
            .ok_or_else(|| Error::BadRequest("this connection cannot be upgraded".into()))?;
        Ok(Some(Self { protocol, client }))
    }

    /// Adds what the other side has to hear of it.
    pub(super) fn onward(&self, came: &HeaderMap, headers: &mut HeaderMap) {
        for name in &ALONG {
            for value in came.get_all(name) {
                headers.append(name.clone(), value.clone());
            }
        }
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, self.protocol.clone());
    }

    /// Joins both sides if the cluster agreed, for as long as `still` says yes and until `stop` is
    /// cancelled; else its answer is the answer. `held` is dropped when they part.
    pub(super) fn join(
        self,
        mut response: Response,
        stop: CancellationToken,
        still: impl Fn() -> BoxFuture<'static, bool> + Send + 'static,
        held: impl Send + 'static,
    ) -> Result<Response> {
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Ok(response);
        }
        let same = response
            .headers()
            .get(header::UPGRADE)
            .is_some_and(|it| it.as_bytes().eq_ignore_ascii_case(self.protocol.as_bytes()));
        let cluster = response.extensions_mut().remove::<OnUpgrade>().filter(|_| same);
        let Some(cluster) = cluster else {
            return Err(Error::BadGateway("the cluster switched to another protocol".into()));
        };
        let mut agreed = Response::new(Body::empty());
        *agreed.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = agreed.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, self.protocol);
        for name in ALONG.iter().chain([&header::SEC_WEBSOCKET_ACCEPT]) {
            for value in response.headers().get_all(name) {
                headers.append(name.clone(), value.clone());
            }
        }
        let client = self.client;
        let open = response.extensions_mut().remove::<Open>();
        tokio::spawn(async move {
            let _held = (held, open);
            let (Ok(client), Ok(cluster)) = tokio::join!(client, cluster) else { return };
            let (mut client, mut cluster) = (TokioIo::new(client), TokioIo::new(cluster));
            tokio::select! {
                // How it ends is for the two sides to tell each other.
                _ = copy_bidirectional(&mut client, &mut cluster) => {}
                () = until(still) => {}
                () = stop.cancelled() => {}
            }
        });
        Ok(agreed)
    }
}
