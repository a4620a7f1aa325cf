//! The reverse proxy under `/kubernetes/…`.
//!
//! Parse once into a [`Target`]; authenticate; authorize that target; wake it if it sleeps; forward
//! exactly that path, with headers that are built and not copied.

mod headers;
mod inside;
mod target;
mod upgrade;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use dormer_api::name::project_namespace;
use dormer_api::vcluster::{ActivityInfo, Phase, VirtualClusterInstance};
use futures::{FutureExt, TryStreamExt};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::audit::{Audit, Entry, annotation};
use crate::auth::{Bearer, Caller, is_unchanged, leash};
use crate::authz;
use crate::clock::Clock;
use crate::hosts::{Host, Hosts};
use crate::kube::resource::{Attributes, Decision, Verb};
use crate::kube::{Error, Result};
use crate::management;
use crate::sleep::Sleep;
use crate::sleep::activity::InUse;
use crate::store::Store;
use crate::upstream::{Upstream, impersonated};
use target::{Place, Target};

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
        let onward = forward(&target, request, upgrade.as_ref())?;
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

/// Answers what came over a tunnel, below `prefix`: for the person that it names, or for the platform
/// itself where it names nobody. Who may what was decided at the other end.
///
/// # Errors
/// Nothing came back.
pub async fn relay(
    upstream: &Upstream,
    prefix: &str,
    stop: CancellationToken,
    mut request: Request,
) -> Result<Response> {
    let upgrade = upgrade::Asked::of(&mut request)?;
    let (parts, body) = request.into_parts();
    let whole = parts.uri.path_and_query().map_or("/", |it| it.as_str());
    let rest = whole.strip_prefix(prefix).unwrap_or("/");
    let mut onward = Request::new(body);
    *onward.method_mut() = parts.method;
    *onward.uri_mut() = rest.parse().map_err(|_| Error::NoResource)?;
    *onward.headers_mut() = headers::onward(&parts.headers);
    if let Some(upgrade) = &upgrade {
        upgrade.onward(&parts.headers, onward.headers_mut());
    }
    let response = match impersonated(&parts.headers) {
        Some(caller) => upstream.send(caller, onward).await?,
        None => upstream.send_as_platform(onward).await?,
    };
    match upgrade {
        Some(upgrade) => upgrade.join(response, stop, || async { true }.boxed(), ()),
        None => Ok(response),
    }
}

/// Where an authorized request goes, and as whom.
struct Way {
    /// The name of the host cluster.
    cluster: String,
    host: Host,
    upstream: Upstream,
    caller: Caller,
    /// What the caller counts as over there.
    inside: Caller,
    resource: &'static str,
    namespace: String,
    name: String,
}

impl Way {
    /// Says in the audit trail what only the objects say.
    fn said(&self, entry: &Entry) {
        entry.say(annotation::CLUSTER, &self.cluster);
        if let Some(project) = dormer_api::name::project_of_namespace(&self.namespace) {
            entry.say(annotation::PROJECT, project);
            entry.say(annotation::VIRTUAL_CLUSTER, &self.name);
        }
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

fn attributes(resource: &str, namespace: &str, name: &str) -> Attributes {
    Attributes {
        verb: Verb::Use,
        group: management::GROUP.into(),
        version: management::VERSION.into(),
        resource: resource.into(),
        subresource: String::new(),
        namespace: namespace.into(),
        name: name.into(),
    }
}

fn missing(attributes: &Attributes) -> Error {
    let name = attributes.name.clone();
    match dormer_api::name::project_of_namespace(&attributes.namespace) {
        Some(project) => Error::NoVirtualCluster { project: project.to_owned(), name },
        None => {
            let resource = attributes.resource.clone();
            Error::NotFound { resource, group: attributes.group.clone(), name }
        }
    }
}

fn not_in_host(name: &str) -> Error {
    Error::NotFound {
        resource: "virtualclusters".into(),
        group: crate::agent::virtual_cluster::GROUP.into(),
        name: name.to_owned(),
    }
}

impl Gateway {
    /// The management object that a target goes through, if the caller may use it.
    async fn authorized(&self, caller: &Caller, attributes: Attributes) -> Result<Value> {
        let caller = caller.clone();
        self.store
            .read(move |snapshot| {
                let (resource, name) = (attributes.resource.clone(), attributes.name.clone());
                let missing = || missing(&attributes);
                let key =
                    management::key(&attributes.resource, &attributes.namespace, &attributes.name);
                let entry = snapshot.get(&key)?.ok_or_else(missing)?;
                let object: Value = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
                match authz::may(snapshot, &caller, &attributes, Some(&object))? {
                    Decision::Allow => Ok(object),
                    Decision::Hide => Err(missing()),
                    Decision::Deny => Err(Error::Forbidden(format!(
                        "{resource}.{} \"{name}\" is forbidden: User \"{}\" cannot use it",
                        management::GROUP,
                        caller.name
                    ))),
                }
            })
            .await
    }

    fn host(&self, cluster: &str) -> Result<Host> {
        self.hosts.get(cluster).ok_or_else(|| Error::Unavailable {
            message: format!("the cluster {cluster} is not connected"),
            retry_after_seconds: 1,
        })
    }

    async fn to_cluster(&self, caller: Caller, cluster: &str) -> Result<Way> {
        let resource = management::CLUSTERS;
        self.authorized(&caller, attributes(resource, "", cluster)).await?;
        let host = self.host(cluster)?;
        let groups = inside::groups_in_host(&caller);
        let inside = Caller { groups, key: None, ..caller.clone() };
        let upstream = host.api();
        let (namespace, name) = (String::new(), cluster.to_owned());
        let cluster = name.clone();
        Ok(Way { cluster, host, upstream, caller, inside, resource, namespace, name })
    }

    async fn to_virtual_cluster(
        &self,
        caller: Caller,
        (namespace, name): (String, String),
        used: Option<ActivityInfo>,
    ) -> Result<(Way, Option<InUse>)> {
        let mut instance = self.reach(&caller, &namespace, &name).await?;
        let in_use = used.map(|used| self.sleep.activity.begin(&namespace, &name, used));
        let mut awake = self.awake(&instance).await?;
        if awake.is_none() {
            self.sleep.wake(&namespace, &name).await?;
            instance = self.reach(&caller, &namespace, &name).await?;
            awake = self.awake(&instance).await?;
        }
        let (host, upstream) = awake.ok_or_else(|| Error::Unavailable {
            message: format!("{name} does not answer yet"),
            retry_after_seconds: 2,
        })?;
        let groups = inside::groups_in_virtual_cluster(&self.store, &caller, &instance).await?;
        let inside = Caller { groups, key: None, ..caller.clone() };
        let resource = management::VCLUSTERS;
        let cluster = instance.spec.cluster_ref.cluster;
        Ok((Way { cluster, host, upstream, caller, inside, resource, namespace, name }, in_use))
    }

    /// The instance, if the caller may use it.
    async fn reach(
        &self,
        caller: &Caller,
        namespace: &str,
        name: &str,
    ) -> Result<VirtualClusterInstance> {
        let attributes = attributes(management::VCLUSTERS, namespace, name);
        let object = self.authorized(caller, attributes).await?;
        let instance: VirtualClusterInstance =
            serde::Deserialize::deserialize(&object).map_err(Error::internal)?;
        match &self.beside {
            // What lives elsewhere is, from here, not there.
            Some(here) if *here != instance.spec.cluster_ref.cluster => {
                Err(missing(&self::attributes(management::VCLUSTERS, namespace, name)))
            }
            _ => Ok(instance),
        }
    }

    /// The API of a virtual cluster; nothing while it sleeps, or where it fell asleep just now.
    async fn awake(&self, instance: &VirtualClusterInstance) -> Result<Option<(Host, Upstream)>> {
        let place = &instance.spec.cluster_ref;
        if instance.status.phase == Some(Phase::Ready) {
            let host = self.host(&place.cluster)?;
            let upstream = host.virtual_cluster(&place.namespace, &place.virtual_cluster).await;
            return Ok(upstream.map(|it| (host, it)));
        }
        Ok(None)
    }

    /// Project namespace and name of the instance that lives at this place in a host cluster: what
    /// the paths of Loft 2 name.
    async fn instance_in_host(
        &self,
        cluster: &str,
        namespace: &str,
        name: &str,
    ) -> Result<(String, String)> {
        let place = (cluster.to_owned(), namespace.to_owned(), name.to_owned());
        self.store
            .read(move |snapshot| {
                let all: Vec<VirtualClusterInstance> =
                    management::all(snapshot, management::VCLUSTERS)?;
                let there = all.into_iter().find(|it| {
                    let at = &it.spec.cluster_ref;
                    (&at.cluster, &at.namespace, &at.virtual_cluster)
                        == (&place.0, &place.1, &place.2)
                });
                let metadata = there.map(|it| it.metadata);
                metadata.map(|it| (it.namespace, it.name)).ok_or_else(|| not_in_host(&place.2))
            })
            .await
    }
}

/// The request as it goes on: the rest of the path, and headers from the allowlist.
fn forward(target: &Target, request: Request, upgrade: Option<&upgrade::Asked>) -> Result<Request> {
    let (parts, body) = request.into_parts();
    let mut onward = Request::new(body);
    *onward.method_mut() = parts.method;
    *onward.uri_mut() = target.rest.parse().map_err(|_| Error::NoResource)?;
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
