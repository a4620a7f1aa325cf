//! The objects of a release in the host: what runs its control plane, what was synced from inside of
//! it, and what helm leaves behind.

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, Preconditions};
use kube::core::{ApiResource, DynamicObject};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

use super::replicas::{Change, Scale};

/// On a workload that sleeps: how many replicas it had.
const REPLICAS: &str = "dormer.dev/replicas";
/// `true` on a workload or pod: it goes on running.
const EXCLUDE: &str = "sleepmode.loft.sh/exclude";
/// On what the virtual cluster's syncer wrote: whose it is.
const MANAGED_BY: &str = "vcluster.loft.sh/managed-by";
/// Helm's own, on all that it writes.
const RELEASE_NAME: &str = "meta.helm.sh/release-name";

/// A StatefulSet or Deployment of a release.
pub(super) struct Workload {
    kind: ApiResource,
    namespace: String,
    object: DynamicObject,
}

/// Pods in the namespace of a virtual cluster.
#[derive(Default)]
pub(super) struct Pods {
    /// Those that its own workloads run, but for workloads that are to go on running.
    pub control_plane: Vec<Pod>,
    /// Those of its users.
    pub synced: Vec<Pod>,
}

/// The workloads of a release.
pub(super) async fn all(
    host: &Client,
    namespace: &str,
    name: &str,
) -> Result<Vec<Workload>, kube::Error> {
    let mut found = Vec::new();
    for kind in [ApiResource::erase::<StatefulSet>(&()), ApiResource::erase::<Deployment>(&())] {
        let api: Api<DynamicObject> = Api::namespaced_with(host.clone(), namespace, &kind);
        for object in api.list(&ListParams::default()).await? {
            if belongs(&object.metadata, name) {
                let (kind, namespace) = (kind.clone(), namespace.to_owned());
                found.push(Workload { kind, namespace, object });
            }
        }
    }
    Ok(found)
}

/// Whether helm, or the chart, says that it is of this release.
fn belongs(metadata: &ObjectMeta, name: &str) -> bool {
    let label = |key: &str| metadata.labels.as_ref().and_then(|it| it.get(key)).map(String::as_str);
    let annotation =
        |key: &str| metadata.annotations.as_ref().and_then(|it| it.get(key)).map(String::as_str);
    if label(MANAGED_BY).is_some() {
        return false;
    }
    annotation(RELEASE_NAME) == Some(name)
        || label("app.kubernetes.io/instance") == Some(name)
        || (label("release") == Some(name)
            && label("app").is_some_and(|it| it.starts_with("vcluster")))
}

impl Workload {
    pub(super) fn scale(&self) -> Scale {
        let replicas = match &self.object.data["spec"]["replicas"] {
            // Kubernetes' own default.
            Value::Null => 1,
            it => it.as_u64().and_then(|it| u32::try_from(it).ok()).unwrap_or(1),
        };
        let annotations = self.object.annotations();
        // A number that somebody broke is one: it is to run again.
        let remembered = annotations.get(REPLICAS).map(|it| it.parse().unwrap_or(1));
        let kept = annotations.get(EXCLUDE).is_some_and(|it| it == "true");
        Scale { replicas, remembered, kept }
    }

    /// Writes `change`. Says no where the workload has changed since it was read, or is gone.
    pub(super) async fn write(&self, host: &Client, change: Change) -> Result<bool, kube::Error> {
        let api: Api<DynamicObject> =
            Api::namespaced_with(host.clone(), &self.namespace, &self.kind);
        let remembered = change.remembered.map(|it| it.to_string());
        let patch = json!({
            "metadata": {
                "uid": self.object.metadata.uid,
                "resourceVersion": self.object.metadata.resource_version,
                "annotations": { REPLICAS: remembered },
            },
            "spec": { "replicas": change.replicas },
        });
        let name = self.object.name_any();
        match api.patch(&name, &PatchParams::default(), &Patch::Merge(patch)).await {
            Ok(_) => Ok(true),
            Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn selects(&self, pod: &Pod) -> bool {
        let Some(wanted) = self.object.data["spec"]["selector"]["matchLabels"].as_object() else {
            return false;
        };
        let labels = pod.labels();
        !wanted.is_empty()
            && wanted.iter().all(|(key, it)| labels.get(key).map(String::as_str) == it.as_str())
    }
}

/// The pods of the release's own workloads and of its users.
pub(super) async fn pods(
    host: &Client,
    namespace: &str,
    name: &str,
    workloads: &[Workload],
) -> Result<Pods, kube::Error> {
    let api: Api<Pod> = Api::namespaced(host.clone(), namespace);
    let mut found = Pods::default();
    for pod in api.list(&ListParams::default()).await? {
        let ended = pod.status.as_ref().and_then(|it| it.phase.as_deref());
        match pod.labels().get(MANAGED_BY) {
            Some(it) if it == name => found.synced.push(pod),
            Some(_) => {}
            None if matches!(ended, Some("Succeeded" | "Failed")) => {}
            None => {
                if workloads.iter().any(|it| !it.scale().kept && it.selects(&pod)) {
                    found.control_plane.push(pod);
                }
            }
        }
    }
    Ok(found)
}

/// Why pods do not start, as Kubernetes says it, such as `ImagePullBackOff`.
pub(super) fn trouble(pods: &[Pod]) -> Option<String> {
    pods.iter().find_map(|pod| {
        let status = pod.status.as_ref()?;
        let unscheduled = status.conditions.iter().flatten().find_map(|it| {
            let stuck = it.type_ == "PodScheduled" && it.status == "False";
            stuck.then(|| it.message.clone().unwrap_or_else(|| "no node takes it".into()))
        });
        let containers = status.init_container_statuses.iter().flatten();
        let waiting = containers.chain(status.container_statuses.iter().flatten()).find_map(|it| {
            let reason = it.state.as_ref()?.waiting.as_ref()?.reason.clone()?;
            // These two are on the way.
            let moving = matches!(reason.as_str(), "ContainerCreating" | "PodInitializing");
            (!moving).then(|| format!("container {} waits: {reason}", it.name))
        });
        let why = unscheduled.or(waiting)?;
        Some(format!("Its control plane does not start: {why}"))
    })
}

/// Removes pods that were synced; those that are to go on running stay.
pub(super) async fn remove_pods(host: &Client, pods: &[Pod]) -> Result<(), kube::Error> {
    for pod in pods {
        let kept = pod.annotations().get(EXCLUDE).is_some_and(|it| it == "true");
        if !kept && pod.metadata.deletion_timestamp.is_none() {
            let namespace = pod.namespace().unwrap_or_default();
            let api: Api<Pod> = Api::namespaced(host.clone(), &namespace);
            delete(&api, &pod.metadata).await?;
        }
    }
    Ok(())
}

/// Removes what helm leaves: the volumes of the control plane, and the kubeconfig that it wrote.
pub(super) async fn remove_rest(
    host: &Client,
    namespace: &str,
    name: &str,
) -> Result<(), kube::Error> {
    let volumes: Api<PersistentVolumeClaim> = Api::namespaced(host.clone(), namespace);
    for volume in volumes.list(&ListParams::default()).await? {
        if belongs(&volume.metadata, name) || is_data_of(&volume.name_any(), name) {
            delete(&volumes, &volume.metadata).await?;
        }
    }
    let secrets: Api<Secret> = Api::namespaced(host.clone(), namespace);
    if let Some(secret) = secrets.get_opt(&kubeconfig_secret(name)).await? {
        delete(&secrets, &secret.metadata).await?;
    }
    Ok(())
}

/// The name that a StatefulSet gives to the volume of its replica, such as `data-dev-0`.
fn is_data_of(volume: &str, name: &str) -> bool {
    let number = volume.strip_prefix("data-").and_then(|it| it.strip_prefix(name));
    number
        .and_then(|it| it.strip_prefix('-'))
        .is_some_and(|it| !it.is_empty() && it.chars().all(|it| it.is_ascii_digit()))
}

/// The Secret in which the control plane leaves a kubeconfig of its administrator.
pub(super) fn kubeconfig_secret(name: &str) -> String {
    format!("vc-{name}")
}

/// This very object and no other of its name. That it is gone already is fine.
pub(super) async fn delete<K>(api: &Api<K>, metadata: &ObjectMeta) -> Result<(), kube::Error>
where
    K: Clone + std::fmt::Debug + serde::de::DeserializeOwned,
{
    let params = DeleteParams {
        preconditions: Some(Preconditions { uid: metadata.uid.clone(), resource_version: None }),
        ..DeleteParams::background()
    };
    match api.delete(metadata.name.as_deref().unwrap_or_default(), &params).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn labelled(labels: &[(&str, &str)]) -> ObjectMeta {
        let labels: BTreeMap<_, _> =
            labels.iter().map(|(key, it)| ((*key).to_owned(), (*it).to_owned())).collect();
        ObjectMeta { labels: Some(labels), ..ObjectMeta::default() }
    }

    #[test]
    fn what_belongs_to_a_release_says_so_in_one_of_three_ways() {
        assert!(belongs(&labelled(&[("release", "dev"), ("app", "vcluster")]), "dev"));
        assert!(belongs(&labelled(&[("release", "dev"), ("app", "vcluster-etcd")]), "dev"));
        assert!(belongs(&labelled(&[("app.kubernetes.io/instance", "dev")]), "dev"));
        let annotations = BTreeMap::from([(RELEASE_NAME.to_owned(), "dev".to_owned())]);
        assert!(belongs(
            &ObjectMeta { annotations: Some(annotations), ..Default::default() },
            "dev"
        ));
    }

    #[test]
    fn what_belongs_to_users_or_to_another_release_does_not() {
        assert!(!belongs(&labelled(&[]), "dev"));
        assert!(!belongs(&labelled(&[("release", "dev"), ("app", "nginx")]), "dev"));
        assert!(!belongs(&labelled(&[("release", "dev2"), ("app", "vcluster")]), "dev"));
        let synced = [("app.kubernetes.io/instance", "dev"), (MANAGED_BY, "dev")];
        assert!(!belongs(&labelled(&synced), "dev"));
    }

    #[test]
    fn the_volumes_of_a_control_plane_are_known_by_their_names() {
        assert!(is_data_of("data-dev-0", "dev") && is_data_of("data-dev-12", "dev"));
        for other in ["data-dev-", "data-dev-x", "data-dev-1-0", "dev-0", "data-devel-0"] {
            assert!(!is_data_of(other, "dev"), "{other}");
        }
    }
}
