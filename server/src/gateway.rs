//! The reverse proxy under `/kubernetes/…`.
//!
//! Parse once into a [`Target`]; authenticate; authorize that target; wake it if it sleeps; forward
//! exactly that path, with headers that are built and not copied.

mod headers;
mod inside;
mod relay;
mod target;
mod upgrade;
mod way;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use dormer_api::name::project_namespace;
use dormer_api::vcluster::ActivityInfo;
use futures::{FutureExt, TryStreamExt};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::audit::{Audit, Entry};
use crate::auth::{Bearer, Caller, is_unchanged, leash};
use crate::clock::Clock;
use crate::hosts::Hosts;
use crate::kube::{Error, Result};
use crate::sleep::Sleep;
use crate::store::Store;
pub use relay::relay;
use target::{Place, Target};
use way::{Way, attributes, not_in_host};

/// Who says that a request is not to count as use.
const IGNORE_HEADER: &str = "x-sleep-mode-ignore";

/// What a gateway works with, on the central instance and beside a host cluster alike.
#[derive(Clone)]
pub struct Gateway {
    /// The management objects, or an agent's copy of those that concern it.
    pub store: Store,
    /// Where the time comes from.
    pub clock: Clock,
    /// The host clusters that are reached from here.
    pub hosts: Hosts,
    /// Who is active, and how sleepers are woken.
    pub sleep: Sleep,
    /// Where it is written down who did what.
    pub audit: Audit,
    /// The one host cluster that this gateway stands beside; nothing on the central instance.
    pub beside: Option<String>,
    /// Whether what may be done is known well enough to go on: for what changes something, or only
    /// reads. Nothing where it is always known.
    pub lease: Option<Lease>,
    /// Cancelled when the process begins to stop: streams end then, and clients come back.
    pub stop: CancellationToken,
}

/// See [`Gateway::lease`]; its argument says whether something is changed.
pub type Lease = Arc<dyn Fn(bool) -> bool + Send + Sync>;

/// `/kubernetes/…`, but for the management API.
pub async fn handle(
    State(app): State<App>,
    bearer: Result<Bearer>,
    request: Request,
) -> Result<Response> {
    let Bearer(caller) = bearer.inspect_err(|error| app.gateway.audit.refused(error))?;
    app.gateway.answer(caller, request).await
}

impl Gateway {
    /// Answers a request below `/kubernetes/` for somebody known.
    ///
    /// # Errors
    /// The path leads nowhere, the caller may not go there, or nothing came back.
    pub async fn answer(&self, caller: Caller, request: Request) -> Result<Response> {
        let entry = self.audit.begin(&caller, &request);
        let answer = self.pass(caller, request, &entry).await;
        entry.answered(&answer);
        answer
    }

    async fn pass(&self, caller: Caller, mut request: Request, entry: &Entry) -> Result<Response> {
        let target = Target::parse(request.uri(), self.beside.as_deref())?;
        target.place.said(entry);
        // Passing it on would give away our own rights, and leaving it out would do another's work.
        if request.headers().keys().any(|it| it.as_str().starts_with("impersonate-")) {
            return Err(Error::Forbidden("impersonation does not pass the gateway".into()));
        }
        let upgrade = upgrade::Asked::of(&mut request)?;
        let changes = upgrade.is_some() || !request.method().is_safe();
        entry.about(request.method(), &target.rest, upgrade.is_some());
        let counts = !request.headers().contains_key(IGNORE_HEADER);
        let used = counts.then(|| activity(&caller, &request));
        let (way, in_use) = match &target.place {
            Place::Cluster { cluster } => (self.to_cluster(caller, cluster).await?, None),
            Place::VirtualCluster { project, name } => {
                let place = (project_namespace(project), name.clone());
                self.to_virtual_cluster(caller, place, used).await?
            }
            Place::InHost { cluster, namespace, name } => {
                let place = self.instance_in_host(cluster, namespace, name).await?;
                // One that is not the caller's is not there in the words that this path has for it.
                let found = self.to_virtual_cluster(caller, place, used).await;
                found.map_err(|error| match error {
                    Error::NoVirtualCluster { .. } => not_in_host(name),
                    other => other,
                })?
            }
        };
        way.said(entry);
        entry.before().await?;
        let onward = forward(&target.rest, request, upgrade.as_ref())?;
        let response = way.host.send(&way.upstream, way.inside.clone(), onward).await?;
        let response = headers::clean(refuse_redirect(response)?);
        let (gateway, way) = (self.clone(), Arc::new(way));
        let still = move || {
            let (gateway, way) = (gateway.clone(), way.clone());
            async move { gateway.is_allowed_still(&way, changes).await }.boxed()
        };
        let held = (in_use, entry.clone());
        if let Some(upgrade) = upgrade {
            return upgrade.join(response, self.stop.clone(), still, held);
        }
        let response = leash(response, self.stop.clone(), still);
        // A watch is use, and not over, for as long as it is open.
        Ok(response.map(|body| {
            Body::from_stream(body.into_data_stream().inspect_ok(move |_| {
                let _held = &held;
            }))
        }))
    }

    async fn is_allowed_still(&self, way: &Way, changes: bool) -> bool {
        let asked = attributes(way.resource, &way.namespace, &way.name);
        self.lease.as_ref().is_none_or(|it| it(changes))
            && is_unchanged(&self.store, &self.clock, &way.caller).await
            && self.authorized(&way.caller, asked).await.is_ok()
    }
}

/// A cluster that sends the caller's client elsewhere would have its credential sent there too.
fn refuse_redirect(response: Response) -> Result<Response> {
    let away =
        response.status().is_redirection() && response.headers().contains_key(header::LOCATION);
    match away {
        true => Err(Error::BadGateway("the cluster answered with a redirect".into())),
        false => Ok(response),
    }
}

/// The request as it goes on: the `rest` of the path, and headers from the allowlist.
fn forward(rest: &str, request: Request, upgrade: Option<&upgrade::Asked>) -> Result<Request> {
    let (parts, body) = request.into_parts();
    let mut onward = Request::new(body);
    *onward.method_mut() = parts.method;
    *onward.uri_mut() = rest.parse().map_err(|_| Error::NoResource)?;
    *onward.headers_mut() = headers::onward(&parts.headers);
    if let Some(upgrade) = upgrade {
        upgrade.onward(&parts.headers, onward.headers_mut());
    }
    Ok(onward)
}

fn activity(caller: &Caller, request: &Request) -> ActivityInfo {
    ActivityInfo {
        subject: caller.name.clone(),
        client: client(request.headers()),
        verb: request.method().as_str().to_lowercase(),
        resource: String::new(),
    }
}

/// The first word of `User-Agent`: what it is, without where it runs.
fn client(headers: &HeaderMap) -> String {
    let whole = headers.get(header::USER_AGENT).and_then(|it| it.to_str().ok()).unwrap_or_default();
    whole.split_whitespace().next().unwrap_or_default().chars().take(64).collect()
}
