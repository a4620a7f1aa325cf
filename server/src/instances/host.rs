//! What an instance needs in its host cluster, and what the host reports of it.

use dormer_api::annotation;
use dormer_api::vcluster::{SleepFacts, VirtualClusterInstance};
use k8s_openapi::api::core::v1::Namespace;
use kube::Client;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use kube::core::DynamicObject;
use serde_json::{Value, json};

use crate::agent::virtual_cluster::{
    GROUP, INSTANCE_UID, KIND, REASON_SLEEPING, VERSION, VirtualCluster, api_resource,
    back_reference, read,
};
use crate::hosts::Hosts;
use crate::management::instances::FINALIZER;

/// Why the host does not have yet what it should.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("the host cluster or the management API refused")]
    Refused(#[from] kube::Error),
    #[error("the store refused")]
    Store(#[from] crate::kube::Error),
    #[error("the object cannot be read or written")]
    Unreadable(#[from] serde_json::Error),
    #[error("there is no connection to the host cluster {0}")]
    NoHost(String),
    #[error("the host cluster did not answer in time")]
    Late,
    #[error("{0} in the host cluster belongs to another instance")]
    NotOurs(String),
}

/// What the host says of a virtual cluster.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    /// Its API answers.
    pub answers: bool,
    /// It sleeps.
    pub asleep: bool,
    /// It is stuck.
    pub failed: bool,
    /// Why, for people.
    pub message: String,
    /// What its `/version` tells.
    pub kubernetes_version: String,
}

fn connection(hosts: &Hosts, instance: &VirtualClusterInstance) -> Result<Client, Error> {
    let name = &instance.spec.cluster_ref.cluster;
    hosts.get(name).map(|it| it.client()).ok_or_else(|| Error::NoHost(name.clone()))
}

fn clusters_of(client: Client, instance: &VirtualClusterInstance) -> Api<DynamicObject> {
    Api::namespaced_with(client, &instance.spec.cluster_ref.namespace, &api_resource())
}

/// Writes the namespace and the `VirtualCluster`, where they are not as they should be.
pub(super) async fn sync(
    hosts: &Hosts,
    instance: &VirtualClusterInstance,
) -> Result<Report, Error> {
    let client = connection(hosts, instance)?;
    let api = clusters_of(client.clone(), instance);
    let name = &instance.spec.cluster_ref.virtual_cluster;
    let current = match api.get_opt(name).await? {
        Some(current) => current,
        None => {
            make_namespace(client, instance).await?;
            let mut fresh = desired(instance);
            if let Some(annotations) = fresh["metadata"]["annotations"].as_object_mut() {
                annotations.retain(|_, value| !value.is_null());
            }
            let fresh: DynamicObject = serde_json::from_value(fresh)?;
            match api.create(&PostParams::default(), &fresh).await {
                Err(kube::Error::Api(status)) if status.code == 409 => api.get(name).await?,
                created => created?,
            }
        }
    };
    if !is_ours(&current, instance) {
        return Err(Error::NotOurs(name.clone()));
    }
    let is = read(&current)?;
    let current = if matches(&is, instance) {
        is
    } else {
        let patched =
            api.patch(name, &PatchParams::default(), &Patch::Merge(desired(instance))).await?;
        read(&patched)?
    };
    Ok(report(&current))
}

fn report(cluster: &VirtualCluster) -> Report {
    let status = &cluster.status;
    Report {
        answers: status.control_plane_ready,
        asleep: status.reason == REASON_SLEEPING,
        failed: status.phase == "Failed",
        message: status.message.clone(),
        kubernetes_version: status.kubernetes_version.clone(),
    }
}

/// `true` while it is to sleep, and nothing while it is not: what a merge patch takes away.
fn sleep_mode(instance: &VirtualClusterInstance) -> Option<&'static str> {
    SleepFacts::of(&instance.metadata).sleeping_since.map(|_| "true")
}

fn matches(is: &VirtualCluster, instance: &VirtualClusterInstance) -> bool {
    let release = instance.status.virtual_cluster.as_ref().map(|it| &it.helm_release);
    release.is_none_or(|it| *it == is.spec.helm_release)
        && is.metadata.annotation(annotation::SLEEP_MODE) == sleep_mode(instance)
}

fn desired(instance: &VirtualClusterInstance) -> Value {
    let definition = instance.status.virtual_cluster.clone().unwrap_or_default();
    let mut annotations = json!(definition.metadata.annotations);
    for (key, value) in back_reference(&instance.metadata) {
        annotations[key] = json!(value);
    }
    // In a merge patch, null takes it away; in a creation, it was never there.
    annotations[annotation::SLEEP_MODE] = json!(sleep_mode(instance));
    json!({
        "apiVersion": format!("{GROUP}/{VERSION}"),
        "kind": KIND,
        "metadata": {
            "name": instance.spec.cluster_ref.virtual_cluster,
            "namespace": instance.spec.cluster_ref.namespace,
            "labels": definition.metadata.labels,
            "annotations": annotations,
        },
        "spec": { "helmRelease": definition.helm_release },
    })
}

async fn make_namespace(client: Client, instance: &VirtualClusterInstance) -> Result<(), Error> {
    let api: Api<Namespace> = Api::all(client);
    let mut namespace = Namespace::default();
    namespace.metadata.name = Some(instance.spec.cluster_ref.namespace.clone());
    let reference = back_reference(&instance.metadata);
    namespace.metadata.annotations = Some(reference);
    match api.create(&PostParams::default(), &namespace).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Removes what [`sync`] wrote. Says whether it is gone; while it is not, the host's report brings us
/// back here.
pub(super) async fn remove(
    hosts: &Hosts,
    instance: &VirtualClusterInstance,
) -> Result<bool, Error> {
    if instance.spec.cluster_ref.namespace.is_empty() {
        return Ok(true);
    }
    let client = connection(hosts, instance)?;
    let api = clusters_of(client.clone(), instance);
    let name = &instance.spec.cluster_ref.virtual_cluster;
    if let Some(current) = api.get_opt(name).await?.filter(|it| is_ours(it, instance)) {
        if current.metadata.deletion_timestamp.is_none() {
            api.delete(name, &DeleteParams::default()).await?;
        }
        if api.get_opt(name).await?.is_some_and(|it| is_ours(&it, instance)) {
            return Ok(false);
        }
    }
    let namespaces: Api<Namespace> = Api::all(client);
    let namespace = &instance.spec.cluster_ref.namespace;
    if let Some(found) = namespaces.get_opt(namespace).await? {
        // Only what we made: somebody's own namespace stays.
        let annotations = found.metadata.annotations.unwrap_or_default();
        let ours = annotations.get(INSTANCE_UID) == Some(&instance.metadata.uid);
        if ours {
            namespaces.delete(namespace, &DeleteParams::default()).await?;
        }
    }
    Ok(true)
}

fn is_ours(object: &DynamicObject, instance: &VirtualClusterInstance) -> bool {
    let annotations = object.metadata.annotations.as_ref();
    annotations.and_then(|it| it.get(INSTANCE_UID)) == Some(&instance.metadata.uid)
}

/// Lets the instance go.
pub(super) async fn release(
    management: Client,
    instance: &VirtualClusterInstance,
) -> Result<(), Error> {
    let api: Api<DynamicObject> =
        Api::namespaced_with(management, &instance.metadata.namespace, &super::api_resource());
    let rest: Vec<&String> =
        instance.metadata.finalizers.iter().filter(|it| *it != FINALIZER).collect();
    let change = Patch::Merge(json!({ "metadata": { "finalizers": rest } }));
    match api.patch(&instance.metadata.name, &PatchParams::default(), &change).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(error.into()),
    }
}
