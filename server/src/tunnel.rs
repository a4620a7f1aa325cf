//! Many streams over one connection that one side dialled: how the central instance reaches an agent
//! that nobody can dial, and how that agent asks back.
//!
//! Both sides open streams. Each stream carries one HTTP/1.1 exchange, and so an upgrade too: exec
//! and port-forward need nothing more.

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use futures::{AsyncRead, AsyncWrite};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_util::compat::FuturesAsyncReadCompatExt as _;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use yamux::{Config, Connection, Mode, Stream};

/// What the upgrade is called in `Upgrade:`.
pub const PROTOCOL: &str = "dormer-tunnel";
/// How many streams one tunnel may have.
const STREAMS_MAX: usize = 2048;
/// How many bytes of all streams may wait in memory: the least that the library allows for so many.
const WAITING_MAX: usize = STREAMS_MAX * 256 * 1024;
/// How long the other side may take to accept a stream.
const OPEN_MAX: Duration = Duration::from_secs(5);
/// Until the whole header of a request is there.
const HEADER_MAX: Duration = Duration::from_secs(10);

/// Which side dialled: it decides about the numbers of streams and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// We dialled.
    Dialled,
    /// The other side dialled.
    Accepted,
}

/// Why nothing came back.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The tunnel is closed.
    #[error("the tunnel is closed")]
    Closed,
    /// The other side did not answer in time.
    #[error("the other side of the tunnel does not answer")]
    Late,
    /// The exchange broke.
    #[error("the exchange over the tunnel broke")]
    Http(#[from] hyper::Error),
}

/// One end of a tunnel. Cheap to clone; the tunnel ends when it is closed or broken, not when this is
/// dropped.
#[derive(Clone)]
pub struct Link {
    open: mpsc::Sender<oneshot::Sender<Stream>>,
    closed: CancellationToken,
}

impl Link {
    /// Makes `io` a tunnel, and answers what the other side asks with `router`.
    pub fn start(
        io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        side: Side,
        router: Router,
    ) -> Self {
        let mut config = Config::default();
        config.set_max_connection_receive_window(Some(WAITING_MAX));
        config.set_max_num_streams(STREAMS_MAX);
        let mode = if side == Side::Dialled { Mode::Client } else { Mode::Server };
        let connection = Connection::new(io, config, mode);
        let (open, asked) = mpsc::channel(64);
        let closed = CancellationToken::new();
        tokio::spawn({
            let closed = closed.clone();
            async move {
                let driver = Driver { connection, asked, waiting: None, router };
                tokio::select! {
                    () = driver.run(closed.clone()) => {}
                    () = closed.cancelled() => {}
                }
                closed.cancel();
            }
        });
        Self { open, closed }
    }

    /// Ends it, with all its streams.
    pub fn close(&self) {
        self.closed.cancel();
    }

    /// Whether it ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed.is_cancelled()
    }

    /// Waits for its end.
    pub async fn closed(&self) {
        self.closed.cancelled().await;
    }

    /// Asks the other side. The body of the answer streams.
    ///
    /// # Errors
    /// Nothing came back.
    pub async fn send(&self, mut request: Request<Body>) -> Result<Response<Body>, Error> {
        let stream = timeout(OPEN_MAX, self.stream()).await.map_err(|_| Error::Late)??;
        if !request.headers().contains_key(axum::http::header::HOST) {
            // HTTP/1.1 asks for one; here it names nothing.
            let host = axum::http::HeaderValue::from_static("tunnel");
            request.headers_mut().insert(axum::http::header::HOST, host);
        }
        let io = TokioIo::new(stream.compat());
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await?;
        let closed = self.closed.clone();
        tokio::spawn(async move {
            tokio::select! {
                // What breaks here breaks the body of the answer too, and is told there.
                _ = connection.with_upgrades() => {}
                () = closed.cancelled() => {}
            }
        });
        let answered = tokio::select! {
            answered = sender.send_request(request) => answered?,
            () = self.closed.cancelled() => return Err(Error::Closed),
        };
        Ok(answered.map(Body::new))
    }

    async fn stream(&self) -> Result<Stream, Error> {
        let (answer, answered) = oneshot::channel();
        self.open.send(answer).await.map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)
    }
}

/// Moves the bytes: the library does it only while it is polled.
struct Driver<T> {
    connection: Connection<T>,
    asked: mpsc::Receiver<oneshot::Sender<Stream>>,
    waiting: Option<oneshot::Sender<Stream>>,
    router: Router,
}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> Driver<T> {
    async fn run(mut self, closed: CancellationToken) {
        while let Some(stream) = poll_fn(|cx| self.poll(cx)).await {
            tokio::spawn(serve(stream, self.router.clone(), closed.clone()));
        }
    }

    /// Opens the streams that are asked for, until the other side opens one; nothing at the end.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Stream>> {
        loop {
            if self.waiting.is_none()
                && let Poll::Ready(Some(asked)) = self.asked.poll_recv(cx)
            {
                self.waiting = Some(asked);
            }
            if self.waiting.is_some() {
                match self.connection.poll_new_outbound(cx) {
                    Poll::Ready(Ok(stream)) => {
                        // Whoever asked may have gone: then the stream is closed by its drop.
                        _ = self.waiting.take().map(|it| it.send(stream));
                        continue;
                    }
                    Poll::Ready(Err(_)) => return Poll::Ready(None),
                    Poll::Pending => {}
                }
            }
            return match self.connection.poll_next_inbound(cx) {
                Poll::Ready(Some(Ok(stream))) => Poll::Ready(Some(stream)),
                Poll::Ready(Some(Err(_)) | None) => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            };
        }
    }
}

/// Answers the one request of a stream.
async fn serve(stream: Stream, router: Router, closed: CancellationToken) {
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .keep_alive(false)
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_MAX)
        .serve_connection(TokioIo::new(stream.compat()), service)
        .with_upgrades();
    tokio::select! {
        // The other side went away: nobody is left to tell.
        _ = connection => {}
        () = closed.cancelled() => {}
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::routing::{get, post};
    use tokio_util::compat::TokioAsyncReadCompatExt as _;

    use super::*;

    fn pair(dialled: Router, accepted: Router) -> (Link, Link) {
        let (one, other) = tokio::io::duplex(64 * 1024);
        (
            Link::start(one.compat(), Side::Dialled, dialled),
            Link::start(other.compat(), Side::Accepted, accepted),
        )
    }

    async fn text(link: &Link, request: Request<Body>) -> String {
        let response = link.send(request).await.unwrap();
        let body = to_bytes(response.into_body(), 1 << 24).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    fn request(path: &str, body: impl Into<Body>) -> Request<Body> {
        Request::post(path).body(body.into()).unwrap()
    }

    #[tokio::test]
    async fn both_sides_ask_and_many_ask_at_once() {
        let echo = Router::new().route("/echo", post(|body: String| async move { body }));
        let (here, there) = pair(echo.clone(), echo);
        let long = "x".repeat(1 << 20);
        let asks = (0..50).map(|at| {
            let link = if at % 2 == 0 { &here } else { &there };
            text(link, request("/echo", format!("{at} {long}")))
        });
        for (at, answer) in futures::future::join_all(asks).await.into_iter().enumerate() {
            assert!(answer == format!("{at} {long}"), "{at}");
        }
    }

    #[tokio::test]
    async fn r14_an_open_answer_ends_with_an_error_when_the_tunnel_ends() {
        let endless = Router::new().route(
            "/",
            get(|| async {
                Body::from_stream(futures::stream::pending::<Result<String, std::io::Error>>())
            }),
        );
        let (here, there) = pair(Router::new(), endless);
        let response = here.send(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
        there.close();
        assert!(to_bytes(response.into_body(), 10).await.is_err());
        here.closed().await;
        let late = here.send(Request::get("/").body(Body::empty()).unwrap()).await;
        assert!(matches!(late, Err(Error::Closed)));
    }
}
