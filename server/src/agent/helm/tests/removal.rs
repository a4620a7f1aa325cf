//! Toward not being there.

use serde_json::json;

use super::rig::Rig;
use super::{UPGRADE, revision};

const UNINSTALL: &str = "uninstall --wait --timeout=1m40s --namespace=vc-ns -- dev";

#[tokio::test]
async fn removal_takes_the_release_and_what_helm_leaves() {
    let rig = Rig::new().await;
    rig.settled().await;
    rig.make("", "Secret", revision("deployed")).await;
    rig.start_control_plane().await;
    let claim = json!({ "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } });
    for name in ["data-dev-0", "data-other-0"] {
        let object = json!({ "metadata": { "name": name }, "spec": claim });
        rig.make("", "PersistentVolumeClaim", object).await;
    }

    let cluster = rig.cluster().await;
    assert!(!rig.helm.remove(&cluster).await.unwrap());
    // What the real program does at its end.
    let secrets = rig.api("", "Secret");
    secrets.delete("sh.helm.release.v1.dev.v1", &Default::default()).await.unwrap();
    rig.gone().await.unwrap();
    assert_eq!(rig.runs(), [UPGRADE, UNINSTALL]);
    assert!(rig.names("", "Secret").await.is_empty());
    assert_eq!(rig.names("", "PersistentVolumeClaim").await, ["data-other-0"]);
    assert!(rig.helm.remove(&cluster).await.unwrap(), "once more is fine");
}

#[tokio::test]
async fn what_was_never_deployed_goes_without_helm() {
    let rig = Rig::new().await;
    rig.gone().await.unwrap();
    assert!(rig.runs().is_empty());
}

#[tokio::test]
async fn a_release_that_helm_cannot_remove_is_not_said_to_be_gone() {
    let rig = Rig::new().await;
    rig.make("", "Secret", revision("deployed")).await;
    rig.let_helm_fail(Some("Error: the host is on fire\n"));
    let failed = rig.gone().await.unwrap_err();
    assert_eq!(failed.to_string(), "helm cannot remove it: the host is on fire");
    rig.gone().await.unwrap_err();
    assert_eq!(rig.runs(), [UNINSTALL], "it is not tried again at once");
}

#[tokio::test]
async fn removal_and_sleep_do_not_run_beside_an_installation() {
    let rig = Rig::new().await;
    let gate = rig.folder.path().join("gate");
    assert!(std::process::Command::new("mkfifo").arg(&gate).status().unwrap().success());
    rig.load().await;
    assert_eq!(rig.sleep().await.message, "It sleeps as soon as helm is done");
    let cluster = rig.cluster().await;
    while rig.runs().is_empty() {
        tokio::task::yield_now().await;
    }
    // It waits at the gate, for ever; it is ended.
    assert!(!rig.helm.remove(&cluster).await.unwrap());
    std::fs::remove_file(gate).unwrap();
    rig.gone().await.unwrap();
    assert_eq!(rig.runs(), [UPGRADE, UNINSTALL]);
    assert_eq!(rig.left_over(), 0);
}
