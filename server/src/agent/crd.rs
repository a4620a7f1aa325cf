//! The CustomResourceDefinition of `VirtualCluster`, for a host that is a real Kubernetes cluster.
//! An embedded host has the kind built in.

use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::api::{Api, Patch, PatchParams};
use kube::core::Status;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::virtual_cluster::{GROUP, KIND, PLURAL, VERSION};

/// Who owns the fields that we apply.
const MANAGER: &str = "dormer-agent";
/// How long the host may take until it serves the kind.
const ESTABLISHED_MAX: Duration = Duration::from_secs(30);
/// The time between two looks whether it does.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Installs the definition, or brings it up to date, and waits until the host serves the kind.
///
/// # Errors
/// The host refuses, does not answer, or takes too long.
pub(super) async fn install(client: &Client) -> Result<(), kube::Error> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let name = format!("{PLURAL}.{GROUP}");
    // Without force: what somebody else made of the kind is not ours to change, and says so.
    let params = PatchParams::apply(MANAGER);
    api.patch(&name, &params, &Patch::Apply(definition())).await?;
    let served = async {
        while !is_established(&api.get(&name).await?) {
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    };
    match timeout(ESTABLISHED_MAX, served).await {
        Ok(served) => served,
        Err(_) => {
            let words = format!("{name} is installed, and the cluster does not serve it");
            Err(kube::Error::Api(Status::failure(&words, "Timeout").with_code(504).boxed()))
        }
    }
}

fn is_established(definition: &CustomResourceDefinition) -> bool {
    let conditions = definition.status.as_ref().and_then(|it| it.conditions.as_ref());
    conditions
        .is_some_and(|all| all.iter().any(|it| it.type_ == "Established" && it.status == "True"))
}

fn definition() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("{PLURAL}.{GROUP}") },
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "plural": PLURAL,
                "singular": KIND.to_lowercase(),
                "kind": KIND,
                "listKind": format!("{KIND}List"),
            },
            "versions": [{
                "name": VERSION,
                "served": true,
                "storage": true,
                "subresources": { "status": {} },
                "additionalPrinterColumns": columns(),
                "schema": { "openAPIV3Schema": schema() },
            }],
        },
    })
}

fn columns() -> Value {
    let column = |name: &str, kind: &str, path: &str, description: &str| json!({ "name": name, "type": kind, "jsonPath": path, "description": description });
    json!([
        column("Phase", "string", ".status.phase", "Pending, Deployed or Failed."),
        column("Reason", "string", ".status.reason", "One word, such as Sleeping."),
        column("Version", "string", ".status.kubernetesVersion", "Of its Kubernetes API."),
        column("Age", "date", ".metadata.creationTimestamp", "Since when it is there."),
    ])
}

fn schema() -> Value {
    json!({
        "description": "A virtual Kubernetes cluster in this host cluster.",
        "type": "object",
        "properties": {
            "apiVersion": { "type": "string" },
            "kind": { "type": "string" },
            "metadata": { "type": "object" },
            "spec": spec(),
            "status": status(),
        },
    })
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

/// What Loft's own kind has besides is kept as it is, and means nothing to us.
fn spec() -> Value {
    json!({
        "description": "What is asked for.",
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": true,
        "properties": {
            "helmRelease": {
                "description": "The chart that the control plane is made of, and its values.",
                "type": "object",
                "properties": {
                    "chart": {
                        "description": "Which chart.",
                        "type": "object",
                        "properties": {
                            "name": text("Its name; empty is vcluster."),
                            "repo": text("The URL of its repository; empty is that of vcluster's makers."),
                            "version": text("Its version; empty is the newest."),
                        },
                    },
                    "values": text("The values, as YAML."),
                },
            },
        },
    })
}

fn status() -> Value {
    json!({
        "description": "What is.",
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": true,
        "properties": {
            "phase": text("Empty, Pending, Deployed or Failed."),
            "reason": text("One word, for programs; Sleeping while it sleeps."),
            "message": text("One sentence, for people."),
            "controlPlaneReady": { "type": "boolean", "description": "Its API answers." },
            "kubernetesVersion": text("What its /version tells."),
            "conditions": {
                "description": "HelmChartDeployed, ControlPlaneReady, Ready.",
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["type", "status"],
                    "properties": {
                        "type": text("What is asked."),
                        "status": text("True, False or Unknown."),
                        "lastTransitionTime": text("When the status last changed: RFC 3339."),
                        "reason": text("One word, for programs."),
                        "message": text("One sentence, for people."),
                    },
                },
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kube::core::DynamicObject;
    use tempfile::TempDir;

    use super::super::virtual_cluster::{self, VirtualClusterStatus};
    use super::*;
    use crate::auth::Caller;
    use crate::clock::Clock;
    use crate::health::embedded_version;
    use crate::kube::rbac::Rbac;
    use crate::kube::server::{ApiServer, Settings};
    use crate::kube::{born, builtin};
    use crate::store::Store;

    /// A Kubernetes API that does not know the kind.
    async fn cluster(folder: &TempDir) -> Client {
        let clock = Clock::standing_at(1_700_000_000);
        let store = Store::open(folder.path(), clock.clone()).unwrap();
        store.write(|tx| born(tx, "one", tx.now())).await.unwrap();
        let api = ApiServer::new(Settings {
            store,
            cluster: "one".into(),
            resources: builtin::resources(),
            authorizer: Arc::new(Rbac { cluster: "one".into() }),
            clock,
            version: embedded_version(),
            custom_resources: true,
        });
        api.client(Caller::controller("agent"))
    }

    #[tokio::test]
    async fn the_kind_is_served_once_it_is_installed_and_installing_it_again_is_fine() {
        let folder = tempfile::tempdir().unwrap();
        let client = cluster(&folder).await;
        install(&client).await.unwrap();
        install(&client).await.unwrap();

        let api: Api<DynamicObject> =
            Api::namespaced_with(client, "default", &virtual_cluster::api_resource());
        let mut object = DynamicObject::new("dev", &virtual_cluster::api_resource());
        object.data = json!({
            "spec": {
                "helmRelease": { "chart": { "name": "vcluster" }, "values": "a: 1" },
                "access": { "rules": [] },
            },
        });
        api.create(&Default::default(), &object).await.unwrap();
        let status = VirtualClusterStatus {
            phase: "Deployed".into(),
            control_plane_ready: true,
            ..Default::default()
        };
        let change = Patch::Merge(json!({ "status": status }));
        api.patch_status("dev", &PatchParams::default(), &change).await.unwrap();

        let kept = api.get("dev").await.unwrap();
        assert!(kept.data["spec"]["access"].is_object(), "what is Loft's is kept");
        let read = virtual_cluster::read(&kept).unwrap();
        assert_eq!(read.status, status);
        assert_eq!(read.spec.helm_release.values, "a: 1");
    }

    #[tokio::test]
    async fn what_the_schema_forbids_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let client = cluster(&folder).await;
        install(&client).await.unwrap();
        let api: Api<DynamicObject> =
            Api::namespaced_with(client, "default", &virtual_cluster::api_resource());
        let mut object = DynamicObject::new("dev", &virtual_cluster::api_resource());
        object.data = json!({ "spec": { "helmRelease": { "values": 7 } } });
        let refusal = api.create(&Default::default(), &object).await.unwrap_err();
        assert!(matches!(refusal, kube::Error::Api(status) if status.code == 422));
    }

    #[tokio::test]
    async fn a_kind_that_somebody_else_made_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let client = cluster(&folder).await;
        let api: Api<CustomResourceDefinition> = Api::all(client.clone());
        let mut theirs = definition();
        theirs["spec"]["versions"][0]["schema"]["openAPIV3Schema"] =
            json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
        let theirs: CustomResourceDefinition = serde_json::from_value(theirs).unwrap();
        api.create(&Default::default(), &theirs).await.unwrap();
        let refusal = install(&client).await.unwrap_err();
        assert!(matches!(refusal, kube::Error::Api(status) if status.code == 409));
    }
}
