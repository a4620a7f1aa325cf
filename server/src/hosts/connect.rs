//! `clusterconnect`: a cluster is connected by a kubeconfig.
//!
//! Outside of the API server because it waits for a network, which nothing that writes may do.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use dormer_api::cluster::{Cluster, ClusterConnect, ClusterConnectStatus, condition};
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, PostParams};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::kubeconfig::{Sanitized, intake};
use super::{dial, vault};
use crate::app::App;
use crate::auth::{Authenticated, Caller};
use crate::authz;
use crate::clock::rfc3339;
use crate::kube::resource::{Decision, Verb};
use crate::kube::{Error, Result};
use crate::management::{self, CLUSTERS, GROUP, VERSION};

/// How long the cluster may take to answer all that it is asked.
const ANSWER_MAX: Duration = Duration::from_secs(15);
/// The name that Loft gives to the secrets of kubeconfigs, before the cluster's.
const SECRET_PREFIX: &str = "loft-cluster-config-";

/// Why a cluster was not connected: one word and one sentence.
type Refusal = (&'static str, String);

/// `POST clusterconnect`.
pub async fn connect(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Json(asked): Json<ClusterConnect>,
) -> Result<Json<Value>> {
    let name = asked.metadata.name.clone();
    may_connect(&app, &caller, &name).await?;
    let sanitized = intake(&asked.spec.config, &asked.spec.context).map_err(|causes| {
        let (kind, group) = ("ClusterConnect".into(), GROUP.into());
        Error::Invalid { kind, group, name: name.clone(), causes }
    })?;
    let status = match reach(&app, &sanitized).await {
        Ok(uid) => create(&app, &caller, &asked, sanitized, uid).await?,
        Err(refusal) => Err(refusal),
    };
    let status = match status {
        Ok(()) => ClusterConnectStatus::default(),
        Err((reason, message)) => {
            ClusterConnectStatus { failed: true, reason: reason.into(), message }
        }
    };
    // The kubeconfig does not come back.
    Ok(Json(json!({
        "kind": "ClusterConnect",
        "apiVersion": format!("{GROUP}/{VERSION}"),
        "metadata": { "name": name },
        "spec": { "adminUser": asked.spec.admin_user, "clusterTemplate": asked.spec.cluster_template },
        "status": status,
    })))
}

async fn may_connect(app: &App, caller: &Caller, name: &str) -> Result<()> {
    let attributes = management::attributes(Verb::Create, CLUSTERS, "", name);
    let (caller, name) = (caller.clone(), name.to_owned());
    app.store
        .read(move |snapshot| {
            if authz::may(snapshot, &caller, &attributes, None)? != Decision::Allow {
                let who = &caller.name;
                let words =
                    format!("clusters.{GROUP} is forbidden: User \"{who}\" cannot connect one");
                return Err(Error::Forbidden(words));
            }
            dormer_api::name::dns_label(&name).map_err(|error| {
                let field = "metadata.name";
                Error::invalid_field("ClusterConnect", GROUP, &name, field, error.to_string())
            })?;
            match snapshot.get(&management::key(CLUSTERS, "", &name))? {
                None => Ok(()),
                Some(_) => Err(taken(&name)),
            }
        })
        .await
}

fn taken(name: &str) -> Error {
    Error::AlreadyExists { resource: CLUSTERS.into(), group: GROUP.into(), name: name.into() }
}

/// The uid of the cluster's `kube-system`, if the cluster answers and lets us do everything.
async fn reach(app: &App, to: &Sanitized) -> std::result::Result<String, Refusal> {
    let client = dial::client(to, &app.config.allowed())
        .map_err(|error| ("Credential", error.to_string()))?;
    let asking = async {
        let namespaces: Api<Namespace> = Api::all(client.clone());
        let system = namespaces.get("kube-system").await?;
        let everything = ResourceAttributes {
            verb: Some("*".into()),
            group: Some("*".into()),
            resource: Some("*".into()),
            ..ResourceAttributes::default()
        };
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(everything),
                ..SelfSubjectAccessReviewSpec::default()
            },
            ..SelfSubjectAccessReview::default()
        };
        let reviews: Api<SelfSubjectAccessReview> = Api::all(client);
        let answer = reviews.create(&PostParams::default(), &review).await?;
        Ok::<_, ::kube::Error>((system, answer.status.is_some_and(|it| it.allowed)))
    };
    let asked = timeout(ANSWER_MAX, asking).await;
    let asked = asked.map_err(|_| ("NoAnswer", "It did not answer in time.".to_owned()))?;
    match asked {
        Ok((system, true)) => Ok(system.metadata.uid.unwrap_or_default()),
        Ok((_, false)) => Err(not_enough()),
        Err(::kube::Error::Api(status)) if status.code == 401 => {
            Err(("Unauthorized", "The cluster answers, but does not take this credential. It may have expired: get a fresh one.".into()))
        }
        Err(::kube::Error::Api(status)) if status.code == 403 => Err(not_enough()),
        Err(error) => Err(("Unreachable", dial::why(&error))),
    }
}

fn not_enough() -> Refusal {
    let words = "The cluster answers, but this credential may not do everything there. Use one with the role cluster-admin.";
    ("Forbidden", words.into())
}

/// Makes the cluster, with its credential sealed beside it. The inner error is the refusal.
async fn create(
    app: &App,
    caller: &Caller,
    asked: &ClusterConnect,
    sanitized: Sanitized,
    cluster_uid: String,
) -> Result<std::result::Result<(), Refusal>> {
    let name = asked.metadata.name.clone();
    let owner = match asked.spec.admin_user.as_str() {
        "" => caller.name.clone(),
        named => named.to_owned(),
    };
    let template = asked.spec.cluster_template.clone();
    let vault: vault::Vault = app.vault.clone();
    app.store
        .write(move |tx| {
            let all: Vec<Cluster> = management::all(&tx.snapshot()?, CLUSTERS)?;
            if let Some(twin) = all.iter().find(|it| it.status.cluster_uid == cluster_uid) {
                let known = &twin.metadata.name;
                let words = format!("This very cluster is connected already, as {known}.");
                return Ok(Err((condition::SAME_CLUSTER, words)));
            }
            let place = management::key(CLUSTERS, "", &name);
            if tx.get(&place)?.is_some() {
                return Err(taken(&name));
            }
            let uid = uuid::Uuid::new_v4().to_string();
            vault.put(tx, &name, &uid, &sanitized)?;
            let cluster = json!({
                "kind": "Cluster",
                "apiVersion": format!("{GROUP}/{VERSION}"),
                "metadata": {
                    "name": name,
                    "uid": uid,
                    "creationTimestamp": rfc3339(tx.now()),
                    "generation": 1,
                    "labels": template.metadata.labels,
                },
                "spec": {
                    "displayName": template.spec.display_name,
                    "description": template.spec.description,
                    "owner": template.spec.owner.unwrap_or(dormer_api::meta::UserOrTeam { user: owner, team: String::new() }),
                    "access": template.spec.access,
                    "config": { "secretName": format!("{SECRET_PREFIX}{name}"), "key": "config" },
                },
                "status": { "phase": "", "clusterUid": cluster_uid },
            });
            tx.create(&place, cluster)?;
            Ok(Ok(()))
        })
        .await
}
