//! The way to a cluster whose address somebody typed: the address that is dialled is looked at, and
//! not the name that led to it.

mod address;

pub use address::{Allowed, Network, is_never_dialled};

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::Uri;
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioIo};
use kube::client::{Body, ConfigExt};
use kube::{Client, Config};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower::{BoxError, Service, ServiceBuilder};

use super::kubeconfig::Sanitized;
use crate::kube::Error;

/// How long name, connection and TLS may take together.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How long a connection that nobody uses is kept.
const IDLE: Duration = Duration::from_secs(60);

type Boxed<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;
/// From a host and a port to the addresses that they lead to.
type Resolve = Arc<dyn Fn(String, u16) -> Boxed<Vec<SocketAddr>> + Send + Sync>;

/// A client of a cluster that was connected by kubeconfig. Dials nothing yet; each connection is
/// resolved and looked at anew.
///
/// It speaks HTTP/1.1, so that a request can be upgraded, and follows no redirect.
///
/// # Errors
/// The credential cannot be used for TLS, which the intake would have found.
pub fn client(to: &Sanitized, allowed: &Allowed) -> Result<Client, Error> {
    client_with(to, allowed, system_resolver(), CONNECT_LIMIT)
}

fn client_with(
    to: &Sanitized,
    allowed: &Allowed,
    resolve: Resolve,
    limit: Duration,
) -> Result<Client, Error> {
    let dialler = Dialler { allowed: allowed.clone(), resolve };
    dialled(to.config().map_err(Error::internal)?, dialler, limit)
}

/// A client of what `config` names, under the same rules.
///
/// # Errors
/// As [`client`].
pub fn client_of(config: Config, allowed: &Allowed) -> Result<Client, Error> {
    let dialler = Dialler { allowed: allowed.clone(), resolve: system_resolver() };
    dialled(config, dialler, CONNECT_LIMIT)
}

fn dialled(config: Config, dialler: Dialler, limit: Duration) -> Result<Client, Error> {
    let https = config.rustls_https_connector_with_connector(dialler).map_err(Error::internal)?;
    let http: legacy::Client<_, Body> = legacy::Client::builder(TokioExecutor::new())
        .pool_timer(hyper_util::rt::TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .build(InTime { connector: https, limit });
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer().map_err(Error::internal)?)
        .map_err(BoxError::from)
        .service(http);
    Ok(Client::new(service, config.default_namespace))
}

/// The resolver of the operating system. It also reads the forms of addresses that only look like
/// names, such as `0x7f.1`, which is why its answer is what counts.
fn system_resolver() -> Resolve {
    Arc::new(|host, port| {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    })
}

/// Opens connections, to addresses that are allowed.
#[derive(Clone)]
struct Dialler {
    allowed: Allowed,
    resolve: Resolve,
}

impl Dialler {
    async fn dial(self, uri: Uri) -> io::Result<TokioIo<TcpStream>> {
        if uri.scheme_str() != Some("https") {
            return Err(io::Error::other("clusters are spoken to over https only"));
        }
        let host = uri.host().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(host);
        let found = (self.resolve)(host.to_owned(), uri.port_u16().unwrap_or(443)).await?;
        Ok(TokioIo::new(open(&found, &self.allowed).await?))
    }
}

/// The addresses that a host leads to; an IPv6 address without its brackets.
///
/// # Errors
/// The name is not known.
pub async fn addresses(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    (system_resolver())(host.to_owned(), port).await
}

/// A connection to the first of these addresses that may be dialled and answers. What is looked at is
/// what is dialled: nothing is looked up in between. Waits for as long as the system does.
///
/// # Errors
/// None of them does; with [`why_not`] in words.
pub async fn open(found: &[SocketAddr], allowed: &Allowed) -> io::Result<TcpStream> {
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name leads to no address");
    for address in found {
        match allowed.check(address.ip()) {
            Err(refused) => failure = io::Error::new(io::ErrorKind::PermissionDenied, refused),
            Ok(()) => match TcpStream::connect(address).await {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Err(error) => failure = error,
            },
        }
    }
    Err(failure)
}

impl Service<Uri> for Dialler {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = Boxed<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().dial(uri))
    }
}

/// A connector that gives up after a while: the name, the connection and TLS together.
#[derive(Clone)]
struct InTime<S> {
    connector: S,
    limit: Duration,
}

impl<S> Service<Uri> for InTime<S>
where
    S: Service<Uri, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = timeout(self.limit, self.connector.call(uri));
        Box::pin(async move {
            let late = |_| io::Error::new(io::ErrorKind::TimedOut, "it did not answer in time");
            connecting.await.map_err(late)?
        })
    }
}

/// Why a cluster could not be dialled, in words for the person who connects it. Nothing of what an
/// upstream said is in them.
#[must_use]
pub fn why(error: &kube::Error) -> String {
    why_not(error)
}

/// [`why`], for any error that came of a connection.
#[must_use]
pub fn why_not(error: &(dyn std::error::Error + 'static)) -> String {
    let mut connection = None;
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(it) = next {
        if let Some(refused) = it.downcast_ref::<address::Refused>() {
            return refused.to_string();
        }
        if let Some(error) = it.downcast_ref::<rustls::Error>() {
            return format!("Its certificate was not accepted: {error}.");
        }
        next = match it.downcast_ref::<io::Error>() {
            Some(error) => {
                connection = Some(error);
                // `source` passes over what an `io::Error` wraps.
                error.get_ref().map(|it| it as &(dyn std::error::Error + 'static))
            }
            None => it.source(),
        };
    }
    match connection {
        Some(error) if error.kind() == io::ErrorKind::TimedOut => {
            format!("It did not answer within {} s.", CONNECT_LIMIT.as_secs())
        }
        Some(error) => format!("The connection failed: {error}."),
        None => "It could not be reached.".to_owned(),
    }
}

#[cfg(test)]
mod tests;
