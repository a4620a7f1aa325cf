//! The reverse proxy under `/kubernetes/…`.
//!
//! Parse once into a [`Target`]; authenticate; authorize that target; wake it if it sleeps; forward
//! exactly that path, with headers that are built and not copied.

mod headers;
mod target;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use dormer_api::name::project_namespace;
use dormer_api::vcluster::{ActivityInfo, Phase, VirtualClusterInstance};
use futures::{FutureExt, TryStreamExt};
use serde_json::Value;

use crate::app::App;
use crate::auth::{Bearer, Caller, GROUP_MASTERS, is_unchanged, leash};
use crate::authz;
use crate::hosts::Host;
use crate::kube::resource::{Attributes, Decision, Verb};
use crate::kube::server::ApiServer;
use crate::kube::{Error, Result};
use crate::management;
use target::{Place, Target};

/// Who says that a request is not to count as use.
const IGNORE_HEADER: &str = "x-sleep-mode-ignore";

/// `/kubernetes/…`, but for the management API.
pub async fn handle(
    State(app): State<App>,
    Bearer(caller): Bearer,
    request: Request,
) -> Result<Response> {
    let target = Target::parse(request.uri())?;
    // Passing it on would give away our own rights, and leaving it out would do another's work.
    if request.headers().keys().any(|it| it.as_str().starts_with("impersonate-")) {
        return Err(Error::Forbidden("impersonation does not pass the gateway".into()));
    }
    match &target.place {
        Place::Cluster { cluster } => to_cluster(&app, caller, cluster, &target, request).await,
        Place::VirtualCluster { project, name } => {
            to_virtual_cluster(&app, caller, &project_namespace(project), name, &target, request)
                .await
        }
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

/// The management object that a target goes through, if the caller may use it.
async fn authorized(app: &App, caller: &Caller, attributes: Attributes) -> Result<Value> {
    let caller = caller.clone();
    app.store
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

async fn to_cluster(
    app: &App,
    caller: Caller,
    cluster: &str,
    target: &Target,
    request: Request,
) -> Result<Response> {
    authorized(app, &caller, attributes(management::CLUSTERS, "", cluster)).await?;
    let Some(Host::Local(agent)) = app.hosts.get(cluster) else {
        return Err(Error::Unavailable {
            message: format!("the cluster {cluster} is not connected"),
            retry_after_seconds: 10,
        });
    };
    let inside = Caller { groups: with_masters(&caller), key: None, ..caller };
    Ok(headers::clean(agent.host().handle(inside, forward(target, request)?).await))
}

async fn to_virtual_cluster(
    app: &App,
    caller: Caller,
    namespace: &str,
    name: &str,
    target: &Target,
    request: Request,
) -> Result<Response> {
    let mut instance = reach(app, &caller, namespace, name).await?;
    let in_use = (!request.headers().contains_key(IGNORE_HEADER))
        .then(|| app.sleep.activity.begin(namespace, name, activity(&caller, &request)));
    let mut server = awake(app, &instance).await;
    if server.is_none() {
        app.sleep.wake(namespace, name).await?;
        instance = reach(app, &caller, namespace, name).await?;
        server = awake(app, &instance).await;
    }
    let server = server.ok_or_else(|| Error::Unavailable {
        message: format!("{name} does not answer yet"),
        retry_after_seconds: 2,
    })?;
    let groups = groups_inside(app, &caller, &instance).await?;
    let inside = Caller { groups, key: None, ..caller.clone() };
    let response = server.handle(inside, forward(target, request)?).await;
    let (app, place) = (app.clone(), (namespace.to_owned(), name.to_owned()));
    let response = leash(headers::clean(response), move || {
        let (app, caller, place) = (app.clone(), caller.clone(), place.clone());
        async move {
            is_unchanged(&app, &caller).await
                && reach(&app, &caller, &place.0, &place.1).await.is_ok()
        }
        .boxed()
    });
    Ok(response.map(|body| match in_use {
        // A watch is use for as long as it is open.
        Some(in_use) => Body::from_stream(body.into_data_stream().inspect_ok(move |_| {
            let _held = &in_use;
        })),
        None => body,
    }))
}

/// The instance, if the caller may use it.
async fn reach(
    app: &App,
    caller: &Caller,
    namespace: &str,
    name: &str,
) -> Result<VirtualClusterInstance> {
    let attributes = attributes(management::VCLUSTERS, namespace, name);
    let object = authorized(app, caller, attributes).await?;
    serde::Deserialize::deserialize(&object).map_err(Error::internal)
}

/// The API of a virtual cluster; nothing while it sleeps, or where it fell asleep just now.
async fn awake(app: &App, instance: &VirtualClusterInstance) -> Option<ApiServer> {
    if instance.status.phase != Some(Phase::Ready) {
        return None;
    }
    let place = &instance.spec.cluster_ref;
    match app.hosts.get(&place.cluster)? {
        Host::Local(agent) => agent.virtual_cluster(&place.namespace, &place.virtual_cluster).await,
    }
}

/// What the caller is in the project.
async fn project_role(app: &App, caller: &Caller, namespace: &str) -> Result<Option<authz::Role>> {
    let (caller, namespace) = (caller.clone(), namespace.to_owned());
    let role = app.store.read(move |snapshot| {
        let project = management::projects::of_namespace(snapshot, &namespace)?;
        Ok(project.and_then(|it| authz::role_in(&caller, &it)))
    });
    role.await
}

/// The request as it goes on: the rest of the path, and headers from the allowlist.
fn forward(target: &Target, request: Request) -> Result<Request> {
    let (parts, body) = request.into_parts();
    let mut onward = Request::new(body);
    *onward.method_mut() = parts.method;
    *onward.uri_mut() = target.rest.parse().map_err(|_| Error::NoResource)?;
    *onward.headers_mut() = headers::onward(&parts.headers);
    Ok(onward)
}

/// What the caller counts as inside a virtual cluster. Owners, administrators, and those it was
/// shared with as admin may everything; others have the roles that they were given, by their groups.
async fn groups_inside(
    app: &App,
    caller: &Caller,
    instance: &VirtualClusterInstance,
) -> Result<Vec<String>> {
    let shared = || authz::shared_roles(caller, instance);
    let owner = authz::is_owner(caller, instance.spec.owner.as_ref());
    // The project is read only for those whom nothing else lets in as that: most calls are of owners.
    let all = caller.admin
        || owner
        || shared().any(is_admin_role)
        || project_role(app, caller, &instance.metadata.namespace).await?
            == Some(authz::Role::Admin);
    if all {
        return Ok(with_masters(caller));
    }
    let mut groups = caller.groups.clone();
    groups.extend(shared().map(|it| format!("loft:cluster-role:{it}")));
    Ok(groups)
}

/// The roles that Loft gives where none is named, and Kubernetes' own.
fn is_admin_role(role: &str) -> bool {
    matches!(role, "" | "cluster-admin" | "loft-cluster-admin" | "loft-cluster-space-admin")
}

fn with_masters(caller: &Caller) -> Vec<String> {
    let mut groups = caller.groups.clone();
    groups.push(GROUP_MASTERS.into());
    groups
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
