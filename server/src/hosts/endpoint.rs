//! The check of a direct endpoint from here: name, connection, certificate, health, and whether it is
//! really this cluster's agent that answers.

mod steps;

use axum::Json;
use axum::extract::{Path, State};
use dormer_api::cluster::{Cluster, ClusterEndpointCheck, EndpointCheck, condition};
use serde_json::Value;

use crate::app::App;
use crate::auth::Authenticated;
use crate::auth::signed::PublicKey;
use crate::authz;
use crate::clock::rfc3339;
use crate::kube::resource::{Attributes, Decision, Verb};
use crate::kube::{Error, Result};
use crate::management::clusters::{Fact, note};
use crate::management::{self, CLUSTERS, GROUP};
use steps::{Steps, Trust};

/// `POST clusters/<c>/endpointcheck`. It is outside of the API server because it waits for a network,
/// which nothing that writes may do.
pub async fn check(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(name): Path<String>,
    Json(asked): Json<ClusterEndpointCheck>,
) -> Result<Json<ClusterEndpointCheck>> {
    let attributes = Attributes {
        subresource: "endpointcheck".into(),
        ..management::attributes(Verb::Create, CLUSTERS, "", &name)
    };
    let cluster: Cluster = app
        .store
        .read({
            let name = name.clone();
            move |snapshot| {
                let missing = || Error::NotFound {
                    resource: CLUSTERS.into(),
                    group: GROUP.into(),
                    name: name.clone(),
                };
                let entry =
                    snapshot.get(&management::key(CLUSTERS, "", &name))?.ok_or_else(missing)?;
                let object: Value = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
                match authz::may(snapshot, &caller, &attributes, Some(&object))? {
                    Decision::Allow => serde_json::from_value(object).map_err(Error::internal),
                    Decision::Deny => Err(Error::Forbidden(format!(
                        "clusters.{GROUP} \"{name}\" is forbidden: User \"{}\" cannot check its endpoint",
                        caller.name
                    ))),
                    Decision::Hide => Err(missing()),
                }
            }
        })
        .await?;
    let invalid = |field: &str, words: String| {
        Error::invalid_field("ClusterEndpointCheck", GROUP, &name, field, words)
    };
    let host = dormer_api::endpoint::host(&asked.spec.host)
        .map_err(|error| invalid("spec.host", error.to_string()))?
        .text;
    let trust = Trust::new(asked.spec.insecure, &asked.spec.ca_data)
        .map_err(|words| invalid("spec.caData", words))?;
    let steps = Steps::run(&host, trust, agent_of(&app, &cluster)).await;
    let found = EndpointCheck {
        host,
        insecure: asked.spec.insecure,
        ca_data: asked.spec.ca_data.clone(),
        at: rfc3339(app.clock.now_seconds()),
        ok: steps.are_well(),
        certificate_expires: steps.certificate_expires.map(rfc3339),
        latency_ms: steps.latency_ms,
        steps: steps.done,
    };
    write(&app, &name, found.clone()).await?;
    Ok(Json(ClusterEndpointCheck { spec: asked.spec, status: Some(found) }))
}

/// Whose word proves that an endpoint is the cluster's own.
fn agent_of(app: &App, cluster: &Cluster) -> Option<steps::Agent> {
    let agent = cluster.status.agent.as_ref()?;
    Some(steps::Agent {
        key: PublicKey::parse(&agent.public_key)?,
        uid: cluster.metadata.uid.clone(),
        instance: app.instance.clone(),
        now: app.clock.now_seconds(),
    })
}

async fn write(app: &App, name: &str, found: EndpointCheck) -> Result<()> {
    let place = management::key(CLUSTERS, "", name);
    app.store
        .write(move |tx| {
            let Some(entry) = tx.get(&place)? else { return Ok(()) };
            let mut cluster: Value =
                serde_json::from_slice(&entry.body).map_err(Error::internal)?;
            let now = tx.now();
            let kind = condition::ENDPOINT_CHECKED;
            let last = found.steps.last();
            let words = last.map(|it| it.message.clone()).unwrap_or_default();
            let reason = last.map(|it| it.name.clone()).unwrap_or_default();
            match found.ok {
                true => note(&mut cluster, Fact::yes(kind, &words), now),
                false => note(&mut cluster, Fact::no(kind, &reason, &words), now),
            }
            cluster["status"]["endpoint"] = serde_json::to_value(found).map_err(Error::internal)?;
            tx.update(&place, None, cluster)?;
            Ok(())
        })
        .await
}
