//! A real cluster, connected by its kubeconfig or by an agent, and used through the gateway.

use std::process::Command;

use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use serde_json::{Value, json};

use crate::central::{Central, M, Person};
use crate::charts::Helm;
use crate::cluster::Cluster;
use crate::deploy::{AGENT, install};
use crate::programs::run;

/// The path of the gateway that leads to the cluster that these tests connect.
const REAL: &str = "/kubernetes/cluster/real";

/// A central instance, its administrator, and the endpoint of the agent that connected a cluster as
/// `real` with this kubeconfig.
pub async fn by_agent(kubeconfig: &str) -> (Central, Person, String) {
    let mut central = Central::start().await;
    let admin = central.admin().await;
    let new = json!({ "metadata": { "name": "real" }, "spec": { "networkPeer": true } });
    admin.post(&format!("{M}/clusters"), &new).await;
    let endpoint = central.agent("real", kubeconfig).await;
    central.until_online(&admin, "real").await;
    (central, admin, endpoint)
}

/// The same by the kubeconfig alone. What was answered comes along.
pub async fn by_kubeconfig(kubeconfig: &str) -> (Central, Person, Value) {
    let central = Central::start().await;
    let admin = central.admin().await;
    let connect = json!({ "metadata": { "name": "real" }, "spec": { "config": kubeconfig } });
    let answer = admin.post(&format!("{M}/clusterconnect"), &connect).await;
    assert_ne!(answer["status"]["failed"], true, "{answer:#}");
    central.until_online(&admin, "real").await;
    (central, admin, answer)
}

/// What `kubectl` makes through the gateway is in the cluster.
async fn can_be_used(central: &Central, admin: &Person, cluster: &Cluster, namespace: &str) {
    let kubectl = central.kubectl(admin, REAL);
    kubectl.run(&["create", "namespace", namespace]);
    let namespaces: Api<Namespace> = Api::all(cluster.client("admin"));
    assert!(namespaces.get(namespace).await.unwrap().metadata.uid.is_some());
    let listed = kubectl.run(&["get", "namespaces", "-o", "name"]);
    for expected in ["default", "kube-system", namespace] {
        assert!(listed.lines().any(|it| it == format!("namespace/{expected}")), "{listed}");
    }
}

/// What the central instance says of the cluster is so.
async fn is_this_cluster(object: &Value, cluster: &Cluster) {
    let client = cluster.client("admin");
    let version = client.apiserver_version().await.unwrap().git_version;
    assert_eq!(object["status"]["kubernetesVersion"], version);
    let namespaces: Api<Namespace> = Api::all(client);
    let uid = namespaces.get("kube-system").await.unwrap().metadata.uid.unwrap();
    assert_eq!(object["status"]["clusterUid"], uid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_connected_by_its_kubeconfig_is_used_through_the_gateway() {
    let Some(cluster) = Cluster::shared().await else { return };
    let (central, admin, answer) = by_kubeconfig(&cluster.kubeconfig("admin")).await;
    let object = admin.get(&format!("{M}/clusters/real")).await.unwrap();
    for said in [&answer, &object] {
        assert!(!said.to_string().contains(&cluster.token("admin")), "it came back out: {said:#}");
    }
    is_this_cluster(&object, cluster).await;
    can_be_used(&central, &admin, cluster, "made-by-kubeconfig").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_whose_agent_dialled_in_with_the_rights_of_our_chart_is_used_through_the_gateway()
{
    let Some(cluster) = Cluster::shared().await else { return };
    let Some(helm) = Helm::find() else { return };
    let namespace = cluster.namespace("agent").await;
    let (_folder, file) = cluster.kubeconfig_file("admin");
    install(&helm, &file, &namespace, "dormer-agent", &AGENT);
    let mut token = Command::new("kubectl");
    token.arg("--kubeconfig").arg(&file);
    token.args(["create", "token", "dormer-agent", "--namespace", &namespace]);
    let kubeconfig = cluster.kubeconfig_with(run(&mut token).trim());

    let (central, admin, _) = by_agent(&kubeconfig).await;
    let object = admin.get(&format!("{M}/clusters/real")).await.unwrap();
    assert_eq!(object["status"]["agent"]["version"], env!("CARGO_PKG_VERSION"));
    is_this_cluster(&object, cluster).await;
    can_be_used(&central, &admin, cluster, "made-by-agent").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_gateway_lets_through_the_clusters_own_rbac_may_still_refuse() {
    let Some(cluster) = Cluster::shared().await else { return };
    let (central, admin, _) = by_agent(&cluster.kubeconfig("admin")).await;
    let anna = central.member("anna").await;
    let kubectl = central.kubectl(&anna, REAL);
    let access = json!([{ "verbs": ["use"], "subresources": ["*"], "users": ["anna"] }]);
    admin.patch(&format!("{M}/clusters/real"), &json!({ "spec": { "access": access } })).await;

    let refused = kubectl.refused(&["get", "secrets", "-n", "kube-system"]);
    assert!(refused.contains("cannot list resource \"secrets\""), "{refused}");
    // As whom she came is the cluster's to say.
    let user = refused.split("User \"").nth(1).and_then(|it| it.split('"').next()).unwrap();
    assert!(user.ends_with("anna"), "{refused}");

    let user = format!("--user={user}");
    let as_admin = central.kubectl(&admin, REAL);
    as_admin.run(&["create", "clusterrolebinding", "anna-views", "--clusterrole=view", &user]);
    kubectl.run(&["get", "configmaps", "-n", "kube-system"]);
    let refused = kubectl.refused(&["get", "secrets", "-n", "kube-system"]);
    assert!(refused.contains("cannot list resource \"secrets\""), "{refused}");
}
