//! Toward sleep and back.

use super::super::{REASON_SLEEPING, replicas, workloads};
use super::own;
use super::rig::{NAMESPACE, Rig};
use serde_json::json;

fn synced() -> serde_json::Value {
    json!({ "vcluster.loft.sh/managed-by": "dev" })
}

#[tokio::test]
async fn sleep_stops_the_control_plane_before_it_takes_the_pods_of_users() {
    let rig = Rig::new().await;
    rig.settled().await;
    rig.make_stateful_set(2).await;
    rig.start_control_plane().await;
    rig.make_pod("dev-0", own()).await;
    rig.make_pod("theirs", synced()).await;
    rig.make_pod("stranger", json!({ "app": "vcluster", "release": "other" })).await;
    rig.load().await;

    assert_eq!(rig.sleep().await.reason, "FallingAsleep");
    assert_eq!(rig.stateful_set().await, (0, 1));
    assert_eq!(rig.sleep().await.reason, "FallingAsleep");
    assert_eq!(rig.names("", "Pod").await, ["dev-0", "stranger", "theirs"]);

    rig.api("", "Pod").delete("dev-0", &Default::default()).await.unwrap();
    let status = rig.sleep().await;
    assert_eq!((status.phase.as_str(), status.reason.as_str()), ("Deployed", REASON_SLEEPING));
    assert!(!status.control_plane_ready);
    assert_eq!(status.kubernetes_version, "v1.31.4");
    assert_eq!(rig.names("", "Pod").await, ["stranger"]);
    let again = rig.sleep().await;
    assert_eq!(again, status);
}

#[tokio::test]
async fn wake_restores_what_was_and_keeps_what_users_scale() {
    let mut rig = Rig::new().await;
    rig.settled().await;
    rig.make_stateful_set(1).await;
    rig.start_control_plane().await;
    rig.load().await;
    rig.scale(3).await;
    rig.load().await;
    assert_eq!(rig.stateful_set().await, (3, 0));

    rig.sleep().await;
    rig.restart();
    assert_eq!(rig.sleep().await.reason, REASON_SLEEPING);
    rig.restart();
    assert_eq!(rig.load().await.reason, "ControlPlaneNotReady");
    assert_eq!(rig.stateful_set().await, (3, 0));
    assert_eq!(rig.load().await.phase, "Deployed");
    assert_eq!(rig.runs().len(), 1, "waking needs no helm");
}

#[tokio::test]
async fn what_cannot_be_deployed_can_be_woken() {
    let rig = Rig::new().await;
    rig.settled().await;
    rig.make_stateful_set(2).await;
    rig.start_control_plane().await;
    rig.sleep().await;
    rig.sleep().await;
    rig.ask_for("- not a map\n").await;
    let status = rig.load().await;
    assert_eq!((status.reason.as_str(), status.control_plane_ready), ("InvalidRelease", true));
    assert_eq!(rig.stateful_set().await, (2, 0));
}

#[tokio::test]
async fn a_write_to_what_has_changed_since_is_refused() {
    let rig = Rig::new().await;
    rig.make_stateful_set(2).await;
    let read = workloads::all(&rig.host, NAMESPACE, "dev").await.unwrap();
    rig.scale(5).await;
    let change = replicas::to_sleep(read[0].scale()).unwrap();
    assert!(!read[0].write(&rig.host, change).await.unwrap());
    assert_eq!(rig.stateful_set().await, (5, 0));
}

#[tokio::test]
async fn what_its_owner_excludes_goes_on_running() {
    let rig = Rig::new().await;
    rig.settled().await;
    rig.make_stateful_set(1).await;
    let change = json!({ "metadata": { "annotations": { "sleepmode.loft.sh/exclude": "true" } } });
    let change = kube::api::Patch::Merge(change);
    rig.api("apps", "StatefulSet").patch("dev", &Default::default(), &change).await.unwrap();
    rig.make_pod("dev-0", own()).await;
    assert_eq!(rig.sleep().await.reason, REASON_SLEEPING);
    assert_eq!(rig.stateful_set().await, (1, 1));
}
