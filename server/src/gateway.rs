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
use futures::TryStreamExt;
use serde_json::Value;

use crate::app::App;
use crate::auth::{Bearer, Caller, GROUP_MASTERS};
use crate::authz;
use crate::hosts::Host;
use crate::kube::resource::{Attributes, Decision, Verb};
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

/// The management object that a target goes through, if the caller may use it.
async fn authorized(app: &App, caller: &Caller, attributes: Attributes) -> Result<Value> {
    let caller = caller.clone();
    app.store
        .read(move |snapshot| {
            let (resource, name) = (attributes.resource.clone(), attributes.name.clone());
            let missing = || Error::NotFound {
                resource: resource.clone(),
                group: management::GROUP.into(),
                name: name.clone(),
            };
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
    Ok(agent.host().handle(inside, forward(target, request)?).await)
}

async fn to_virtual_cluster(
    app: &App,
    caller: Caller,
    namespace: &str,
    name: &str,
    target: &Target,
    request: Request,
) -> Result<Response> {
    let object =
        authorized(app, &caller, attributes(management::VCLUSTERS, namespace, name)).await?;
    let mut instance: VirtualClusterInstance =
        serde::Deserialize::deserialize(&object).map_err(Error::internal)?;
    let in_use = (!request.headers().contains_key(IGNORE_HEADER))
        .then(|| app.sleep.activity.begin(namespace, name, activity(&caller, &request)));
    if instance.status.phase != Some(Phase::Ready) {
        app.sleep.wake(namespace, name).await?;
        let object =
            authorized(app, &caller, attributes(management::VCLUSTERS, namespace, name)).await?;
        instance = serde::Deserialize::deserialize(&object).map_err(Error::internal)?;
    }
    let place = &instance.spec.cluster_ref;
    let server = match app.hosts.get(&place.cluster) {
        Some(Host::Local(agent)) => {
            agent.virtual_cluster(&place.namespace, &place.virtual_cluster).await
        }
        None => None,
    };
    let server = server.ok_or_else(|| Error::Unavailable {
        message: format!("{name} does not answer yet"),
        retry_after_seconds: 2,
    })?;
    let inside = Caller { groups: groups_inside(&caller, &instance), key: None, ..caller };
    let response = server.handle(inside, forward(target, request)?).await;
    Ok(headers::clean(response).map(|body| match in_use {
        // A watch is use for as long as it is open.
        Some(in_use) => Body::from_stream(body.into_data_stream().inspect_ok(move |_| {
            let _held = &in_use;
        })),
        None => body,
    }))
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
/// shared with as admin may everything; others have the role that they were given, by its group.
fn groups_inside(caller: &Caller, instance: &VirtualClusterInstance) -> Vec<String> {
    match authz::shared_role(caller, instance) {
        Some(role)
            if !authz::is_owner(caller, instance.spec.owner.as_ref())
                && !is_admin_role(role)
                && !caller.admin =>
        {
            let mut groups = caller.groups.clone();
            groups.push(format!("loft:cluster-role:{role}"));
            groups
        }
        Some(_) | None => with_masters(caller),
    }
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
