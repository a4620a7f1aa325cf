//! What a real API server lets people do.

use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::ListParams;
use kube::{Api, Error};

use crate::cluster::Cluster;

#[tokio::test]
async fn a_real_cluster_answers_and_its_rbac_refuses_a_stranger() {
    let Some(cluster) = Cluster::shared().await else { return };
    let admin = cluster.client("admin");
    let version = admin.apiserver_version().await.unwrap();
    assert!(version.git_version.starts_with("v1."), "{version:?}");
    let namespaces: Api<Namespace> = Api::all(admin);
    assert!(namespaces.get("kube-system").await.unwrap().metadata.uid.is_some());

    let namespace = cluster.namespace("stranger").await;
    let maps: Api<ConfigMap> = Api::namespaced(cluster.client("stranger"), &namespace);
    let Err(Error::Api(status)) = maps.list(&ListParams::default()).await else {
        panic!("a stranger may list");
    };
    assert_eq!((status.code, status.reason.as_str()), (403, "Forbidden"));
}
