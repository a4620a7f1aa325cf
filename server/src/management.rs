//! `management.loft.sh/v1`: the resources of the management API, one file each.

pub mod access_keys;
pub mod clusters;
pub mod instances;
pub mod projects;
pub mod reviews;
pub mod seed;
pub mod selves;
pub mod teams;
pub mod templates;
pub mod users;
mod yaml;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use futures::FutureExt;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::auth::signed::Signer;
use crate::auth::{Authenticated, KeyMac, direct, is_unchanged, leash};
use crate::hosts::vault::Vault;
use crate::kube::resource::{Answer, Attributes, Resource, Verb};
use crate::kube::{Error, Result};
use crate::store::{Key, Range, Snapshot};

/// The logical cluster of the management objects.
pub const CLUSTER: &str = "management";
/// The API group.
pub const GROUP: &str = "management.loft.sh";
/// The API version.
pub const VERSION: &str = "v1";

/// The plural of each resource, as in its path.
pub const SELVES: &str = "selves";
/// The plural of the resource that answers "may I".
pub const SELF_REVIEWS: &str = "selfsubjectaccessreviews";
/// The plural of people.
pub const USERS: &str = "users";
/// The plural of groups of people.
pub const TEAMS: &str = "teams";
/// The plural of access keys.
pub const ACCESS_KEYS: &str = "ownedaccesskeys";
/// The plural of invites.
pub const RESET_KEYS: &str = "resetaccesskeys";
/// The plural of projects.
pub const PROJECTS: &str = "projects";
/// The plural of host clusters.
pub const CLUSTERS: &str = "clusters";
/// The plural of templates.
pub const TEMPLATES: &str = "virtualclustertemplates";
/// The plural of the resource that answers with a token for a direct endpoint.
pub const DIRECT_TOKENS: &str = "directclusterendpointtokens";
/// The plural of virtual clusters.
pub const VCLUSTERS: &str = "virtualclusterinstances";

/// What the resources need beside the store.
pub struct Means {
    /// Makes MACs of access keys.
    pub mac: KeyMac,
    /// What agents are told.
    pub central: clusters::Central,
    /// Seals the credentials of clusters.
    pub vault: Vault,
    /// Signs the tokens for direct endpoints.
    pub signer: Signer,
    /// The id of this installation.
    pub instance: String,
}

/// Every resource of the management API.
#[must_use]
pub fn resources(means: Means) -> Vec<Resource> {
    let Means { mac, central, vault, signer, instance } = means;
    vec![
        selves::resource(),
        reviews::resource(),
        users::resource(),
        teams::resource(),
        access_keys::resource(mac.clone()),
        access_keys::reset_resource(mac.clone()),
        projects::resource(),
        clusters::resource(mac, central, vault),
        templates::resource(),
        instances::resource(),
        direct_tokens(signer, instance),
    ]
}

/// `directclusterendpointtokens`, signed for the installation of this id.
fn direct_tokens(signer: Signer, instance: String) -> Resource {
    let answer = Answer::Read(Arc::new(move |call, snapshot, _, body| {
        direct::answer(&signer, &instance, call, snapshot, body)
    }));
    Resource::computed(GROUP, VERSION, DIRECT_TOKENS, "DirectClusterEndpointToken", false, answer)
}

/// A stored resource of the management API.
fn stored(plural: &str, kind: &str, namespaced: bool) -> Resource {
    Resource::stored(GROUP, VERSION, plural, kind, namespaced)
}

/// Every management object of a resource, as its wire type.
///
/// # Errors
/// The store cannot be read, or one of them is not of this type.
pub fn all<T: DeserializeOwned>(snapshot: &Snapshot<'_>, plural: &str) -> Result<Vec<T>> {
    let entries = snapshot.entries(&range(plural))?;
    entries.iter().map(|it| serde_json::from_slice(&it.body).map_err(Error::internal)).collect()
}

/// A name that says nothing but its beginning.
fn generated_name(prefix: &str) -> Result<String> {
    let bytes = crate::auth::random::<5>()?;
    let suffix: String = bytes
        .iter()
        .map(|it| char::from(b"bcdfghjklmnpqrstvwxz2456789"[usize::from(it % 27)]))
        .collect();
    Ok(format!("{prefix}-{suffix}"))
}

/// What is asked of [`authz`](crate::authz) where no request of the management API says it.
#[must_use]
pub fn attributes(verb: Verb, resource: &str, namespace: &str, name: &str) -> Attributes {
    Attributes {
        verb,
        group: GROUP.into(),
        version: VERSION.into(),
        resource: resource.into(),
        subresource: String::new(),
        namespace: namespace.into(),
        name: name.into(),
    }
}

/// The place of a management object in the store.
#[must_use]
pub fn key(plural: &str, namespace: &str, name: &str) -> Key {
    Key {
        cluster: CLUSTER.into(),
        resource: crate::kube::resource::stored_as(GROUP, plural),
        namespace: namespace.into(),
        name: name.into(),
    }
}

/// All management objects of a resource.
#[must_use]
pub fn range(plural: &str) -> Range {
    Range::all(CLUSTER, crate::kube::resource::stored_as(GROUP, plural))
}

/// `/kubernetes/management/…`: for the page by its session, for everybody else by access key.
pub async fn handle(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    mut request: Request,
) -> Response {
    let rest = request.uri().path_and_query().map(|it| it.as_str()).unwrap_or_default();
    let rest = rest.strip_prefix("/kubernetes/management").unwrap_or(rest);
    let rest = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
    match rest.parse() {
        Ok(uri) => *request.uri_mut() = uri,
        Err(_) => {
            return axum::response::IntoResponse::into_response(crate::kube::Error::NoResource);
        }
    }
    let response = app.management.handle(caller.clone(), request).await;
    let stop = app.stop.clone();
    leash(response, stop, move || {
        let (app, caller) = (app.clone(), caller.clone());
        async move { is_unchanged(&app.store, &app.clock, &caller).await }.boxed()
    })
}
