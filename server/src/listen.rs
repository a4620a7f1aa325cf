//! The accept loop: TLS and plain HTTP on one port, time limits, a cap on connections, and a drain.
//!
//! `axum::serve` has no time limit for a request's header: measured, a client that sends half of
//! one and goes silent keeps its socket for ever.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Until the first byte, and then until the TLS handshake is over.
const HELLO_MAX: Duration = Duration::from_secs(5);
/// Until the whole header of a request is there.
const HEADER_MAX: Duration = Duration::from_secs(10);
/// How much one header block may hold, in bytes.
const HEADER_SIZE_MAX: usize = 64 * 1024;
/// How many requests one HTTP/2 connection may have open.
const STREAMS_MAX: u32 = 250;
/// Open connections, below the usual limit of 20,000 files.
const CONNECTIONS_MAX: usize = 16_000;
/// The first byte of a TLS record that holds a handshake.
const TLS_HANDSHAKE: u8 = 0x16;

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// Their address.
    pub address: SocketAddr,
    /// The connection is encrypted.
    pub tls: bool,
}

/// Serves until `stop` is cancelled, and then for as long as `drain` until open requests have ended.
pub async fn serve(
    listener: TcpListener,
    tls: Arc<rustls::ServerConfig>,
    router: Router,
    stop: CancellationToken,
    drain: Duration,
) {
    let acceptor = TlsAcceptor::from(tls);
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, address)) => {
                let (acceptor, router, watcher) =
                    (acceptor.clone(), router.clone(), graceful.watcher());
                let stop = stop.clone();
                tokio::spawn(async move {
                    let _place = place;
                    tokio::select! {
                        () = connection(stream, address, acceptor, router, watcher) => {}
                        // One that has not said hello by then has nothing to finish.
                        () = async { stop.cancelled().await; tokio::time::sleep(drain).await } => {}
                    }
                });
            }
            // Out of files: the next try would fail at once, over and over.
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    _ = timeout(drain, graceful.shutdown()).await;
}

async fn connection(
    stream: TcpStream,
    address: SocketAddr,
    acceptor: TlsAcceptor,
    router: Router,
    watcher: Watcher,
) {
    _ = stream.set_nodelay(true);
    let mut first = [0];
    let Ok(Ok(1)) = timeout(HELLO_MAX, stream.peek(&mut first)).await else { return };
    if first[0] == TLS_HANDSHAKE {
        if let Ok(Ok(stream)) = timeout(HELLO_MAX, acceptor.accept(stream)).await {
            http(stream, router, Peer { address, tls: true }, watcher).await;
        }
    } else {
        let loopback = stream.local_addr().is_ok_and(|it| it.ip().to_canonical().is_loopback());
        let peer = Peer { address, tls: false };
        if loopback && address.ip().to_canonical().is_loopback() {
            http(stream, router, peer, watcher).await;
        } else {
            http(stream, Router::new().fallback(to_https), peer, watcher).await;
        }
    }
}

async fn http(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    peer: Peer,
    watcher: Watcher,
) {
    let service = service_fn(move |mut request: Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(peer);
        router.clone().oneshot(request.map(Body::new))
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_MAX)
        .max_buf_size(HEADER_SIZE_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEADER_SIZE_MAX as u32)
        .keep_alive_interval(Some(Duration::from_secs(30)));
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    // A client that goes away in the middle is not our fault and not worth a line.
    _ = watcher.watch(connection.into_owned()).await;
}

/// Sends a plain request to the same place over TLS.
async fn to_https(request: Request<Body>) -> Response<Body> {
    let host = request.headers().get(header::HOST).and_then(|it| it.to_str().ok());
    let place =
        host.filter(|it| it.bytes().all(|it| it.is_ascii_alphanumeric() || b".-:[]".contains(&it)));
    let Some(host) = place else {
        return status_only(StatusCode::BAD_REQUEST);
    };
    let path = request.uri().path_and_query().map_or("/", |it| it.as_str());
    let mut response = status_only(StatusCode::PERMANENT_REDIRECT);
    if let Ok(location) = format!("https://{host}{path}").parse() {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

fn status_only(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
