//! The way to the control plane of a virtual cluster.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams};
use kube::client::{ClientBuilder, ConfigExt};
use kube::{Client, ResourceExt};
use tokio::io::DuplexStream;
use tokio::time::timeout;
use tower::{BoxError, Layer, Service, ServiceExt};

use super::kubeconfig::Kubeconfig;
use crate::hosts::dial::{self, Allowed};

/// How long a connection may take.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// Where the agent stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stand {
    /// In the host cluster: its services have names.
    Inside,
    /// Elsewhere: only its API can be reached.
    Outside,
    /// In the central instance, which dials only what its settings allow: where a control plane is,
    /// its host says, and that may be somebody else's machine.
    Central(Allowed),
    /// A test, in which everything is on loopback.
    #[cfg(test)]
    Beside,
}

/// A client of the control plane, as its administrator. It does not connect yet.
pub(super) fn client(
    host: &Client,
    stand: &Stand,
    kubeconfig: &Kubeconfig,
    namespace: &str,
    name: &str,
) -> Result<Client, kube::Error> {
    if !kubeconfig.loopback {
        return match stand {
            Stand::Central(allowed) => {
                let config = kubeconfig.config(kubeconfig.server.clone());
                dial::client_of(config, allowed).map_err(|error| failed(Box::new(error)))
            }
            _ => direct(kubeconfig, kubeconfig.server.clone()),
        };
    }
    match stand {
        #[cfg(test)]
        Stand::Beside => direct(kubeconfig, kubeconfig.server.clone()),
        Stand::Inside => {
            let service = format!("https://{name}.{namespace}.svc:443");
            direct(kubeconfig, service.parse().map_err(|it| failed(Box::new(it)))?)
        }
        Stand::Outside | Stand::Central(_) => {
            let pods = Api::namespaced(host.clone(), namespace);
            let port = kubeconfig.server.port_u16().unwrap_or(443);
            through(kubeconfig, Forward { pods, name: name.to_owned(), port })
        }
    }
}

fn failed(error: BoxError) -> kube::Error {
    kube::Error::Service(error)
}

fn direct(kubeconfig: &Kubeconfig, server: Uri) -> Result<Client, kube::Error> {
    let mut config = kubeconfig.config(server);
    config.connect_timeout = Some(CONNECT_MAX);
    Client::try_from(config)
}

/// A client whose connections `connector` makes.
fn through(kubeconfig: &Kubeconfig, connector: Forward) -> Result<Client, kube::Error> {
    let config = kubeconfig.config(kubeconfig.server.clone());
    let https = config.rustls_https_connector_with_connector(connector)?;
    let client = HttpClient::builder(TokioExecutor::new()).build(https);
    let service = client.map_err(BoxError::from);
    let (base, headers) = (config.base_uri_layer(), config.extra_headers_layer()?);
    let namespace = config.default_namespace.clone();
    Ok(match config.auth_layer()? {
        Some(auth) => {
            let service = auth.layer(headers.layer(service));
            ClientBuilder::new(base.layer(service), namespace).build()
        }
        None => ClientBuilder::new(base.layer(headers.layer(service)), namespace).build(),
    })
}

/// Connects to a port of the pod that runs the control plane, through the host's API.
#[derive(Clone)]
struct Forward {
    pods: Api<Pod>,
    name: String,
    port: u16,
}

impl Forward {
    async fn connect(self) -> Result<Stream, BoxError> {
        match timeout(CONNECT_MAX, self.stream()).await {
            Ok(stream) => Ok(Stream(TokioIo::new(stream?))),
            Err(_) => Err("the pod of the control plane could not be reached in time".into()),
        }
    }

    async fn stream(&self) -> Result<DuplexStream, BoxError> {
        let pod = self.pod().await?;
        let mut forward = self.pods.portforward(&pod, &[self.port]).await?;
        // It lives as long as its stream does.
        Ok(forward.take_stream(self.port).ok_or("the port was not forwarded")?)
    }

    /// A pod of the control plane that is ready, or the one that a StatefulSet begins with.
    async fn pod(&self) -> Result<String, kube::Error> {
        let of_release = format!("app=vcluster,release={}", self.name);
        let pods = self.pods.list(&ListParams::default().labels(&of_release)).await?;
        let ready = pods.iter().find(|it| is_ready(it)).map(ResourceExt::name_any);
        Ok(ready.unwrap_or_else(|| format!("{}-0", self.name)))
    }
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|it| it.conditions.as_ref());
    pod.metadata.deletion_timestamp.is_none()
        && conditions
            .is_some_and(|all| all.iter().any(|it| it.type_ == "Ready" && it.status == "True"))
}

impl Service<Uri> for Forward {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    /// Wherever the URI says: there is one place that this leads to.
    fn call(&mut self, _: Uri) -> Self::Future {
        Box::pin(self.clone().connect())
    }
}

/// A forwarded port, as a connection.
struct Stream(TokioIo<DuplexStream>);

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, into)
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
