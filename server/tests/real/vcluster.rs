//! Virtual clusters in a real cluster: an agent, the `helm` driver, the real `helm`, and the chart of
//! these tests.

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{Namespace, Pod, Secret};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};

use crate::central::{Central, Person, VCLUSTERS};
use crate::charts::{Helm, Repository};
use crate::cluster::{Cluster, until};
use crate::connect::by_agent;

/// A central instance whose one real cluster an agent connected, and a repository with the chart.
struct Region {
    central: Central,
    admin: Person,
    repository: Repository,
    host: Client,
    cluster: &'static Cluster,
}

impl Region {
    async fn start() -> Option<Self> {
        let cluster = Cluster::shared().await?;
        let repository = Repository::serve(&Helm::find()?).await;
        let (central, admin, _) = by_agent(&cluster.kubeconfig("admin")).await;
        let host = cluster.client("admin");
        Some(Self { central, admin, repository, host, cluster })
    }

    /// Asks for a virtual cluster with these values of the chart.
    async fn ask_for(&self, name: &str, values: &Value) {
        let chart = json!({ "name": "vcluster", "repo": self.repository.url, "version": "0.1.0" });
        let release = json!({ "chart": chart, "values": values.to_string() });
        let body = json!({
            "metadata": { "name": name },
            "spec": {
                "clusterRef": { "cluster": "real" },
                "template": { "helmRelease": release },
            },
        });
        self.admin.post(VCLUSTERS, &body).await;
    }

    /// The values of a virtual cluster whose control plane answers: it is the one of the host.
    fn answering(&self) -> Value {
        json!({ "kubeconfig": self.cluster.kubeconfig("admin") })
    }

    async fn is(&self, name: &str, phase: &str) -> Value {
        let path = format!("{VCLUSTERS}/{name}");
        until(async || self.admin.get(&path).await.is_ok_and(|it| it["status"]["phase"] == phase))
            .await;
        self.admin.get(&path).await.unwrap()
    }
}

/// Namespace and name in the host.
fn place(instance: &Value) -> (String, String) {
    let field = |name: &str| instance["spec"]["clusterRef"][name].as_str().unwrap().to_owned();
    (field("namespace"), field("virtualCluster"))
}

async fn replicas(sets: &Api<StatefulSet>, name: &str) -> Option<i32> {
    sets.get(name).await.unwrap().spec.unwrap().replicas
}

#[tokio::test(flavor = "multi_thread")]
async fn a_virtual_cluster_is_a_release_that_sleeps_wakes_as_it_was_and_goes() {
    let Some(region) = Region::start().await else { return };
    let crds: Api<CustomResourceDefinition> = Api::all(region.host.clone());
    assert!(crds.get("virtualclusters.cluster.loft.sh").await.is_ok(), "the agent installs it");

    region.ask_for("demo", &region.answering()).await;
    let instance = region.is("demo", "Ready").await;
    let (namespace, name) = place(&instance);
    let sets: Api<StatefulSet> = Api::namespaced(region.host.clone(), &namespace);
    assert_eq!(replicas(&sets, &name).await, Some(1));
    let path = "/kubernetes/project/default/virtualcluster/demo";
    let kubectl = region.central.kubectl(&region.admin, path);
    assert!(kubectl.run(&["get", "namespaces", "-o", "name"]).contains("namespace/kube-system"));

    // Somebody gave it more, and users run something in it.
    let three = Patch::Merge(json!({ "spec": { "replicas": 3 } }));
    sets.patch(&name, &PatchParams::default(), &three).await.unwrap();
    let pods: Api<Pod> = Api::namespaced(region.host.clone(), &namespace);
    until(async || pods.create(&PostParams::default(), &synced_pod(&name)).await.is_ok()).await;

    let sleep = json!({ "metadata": { "annotations": { "sleepmode.loft.sh/force": "true" } } });
    region.admin.patch(&format!("{VCLUSTERS}/demo"), &sleep).await;
    region.is("demo", "Sleeping").await;
    assert_eq!(replicas(&sets, &name).await, Some(0));
    let of_users = ListParams::default().labels("vcluster.loft.sh/managed-by");
    until(async || pods.list(&of_users).await.unwrap().items.is_empty()).await;

    assert!(kubectl.run(&["get", "namespaces", "-o", "name"]).contains("namespace/kube-system"));
    region.is("demo", "Ready").await;
    assert_eq!(replicas(&sets, &name).await, Some(3));

    region.admin.delete(&format!("{VCLUSTERS}/demo")).await;
    until(async || region.admin.get(&format!("{VCLUSTERS}/demo")).await.is_err()).await;
    let namespaces: Api<Namespace> = Api::all(region.host.clone());
    until(async || namespaces.get_opt(&namespace).await.unwrap().is_none()).await;
}

/// A pod as the syncer of a virtual cluster writes it into the host.
fn synced_pod(virtual_cluster: &str) -> Pod {
    let pod = json!({
        "metadata": {
            "name": format!("web-x-default-x-{virtual_cluster}"),
            "labels": { "vcluster.loft.sh/managed-by": virtual_cluster },
        },
        "spec": { "containers": [{ "name": "web", "image": "registry.invalid/web:1" }] },
    });
    serde_json::from_value(pod).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_fails_says_in_the_page_what_helm_said_and_is_mended_by_better_values() {
    let Some(region) = Region::start().await else { return };
    region.ask_for("demo", &json!({ "fail": "there is no room" })).await;
    let instance = region.is("demo", "Failed").await;
    let message = instance["status"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("there is no room"), "{instance:#}");

    let values = region.answering().to_string();
    let better = json!({ "spec": { "template": { "helmRelease": { "values": values } } } });
    region.admin.patch(&format!("{VCLUSTERS}/demo"), &better).await;
    let instance = region.is("demo", "Ready").await;
    let (namespace, _) = place(&instance);

    region.admin.delete(&format!("{VCLUSTERS}/demo")).await;
    until(async || region.admin.get(&format!("{VCLUSTERS}/demo")).await.is_err()).await;
    let secrets: Api<Secret> = Api::namespaced(region.host.clone(), &namespace);
    let of_helm = ListParams::default().labels("owner=helm");
    until(async || secrets.list(&of_helm).await.unwrap().items.is_empty()).await;
}
