//! The driver, before a host cluster of ours and a `helm` program of the test.

mod control_plane;
mod forward;
mod removal;
mod rig;
mod sleep;

use serde_json::json;

use rig::{NAMESPACE, Rig};

const UPGRADE: &str = "upgrade --install --history-max=5 --timeout=1m40s --namespace=vc-ns \
     --values=values.yaml --version=0.20.0 --repo=https://charts.example -- dev vcluster";

fn own() -> serde_json::Value {
    json!({ "app": "vcluster", "release": "dev" })
}

/// A Secret in which helm keeps a revision.
fn revision(status: &str) -> serde_json::Value {
    let labels = json!({ "owner": "helm", "name": "dev", "status": status });
    json!({ "metadata": { "name": "sh.helm.release.v1.dev.v1", "labels": labels } })
}

#[tokio::test]
async fn a_virtual_cluster_comes_up_step_by_step() {
    let rig = Rig::new().await;
    let status = rig.load().await;
    assert_eq!((status.phase.as_str(), status.reason.as_str()), ("Pending", "Installing"));
    assert_eq!(status.message, "helm installs chart vcluster 0.20.0 from https://charts.example");

    let status = rig.settled().await;
    assert_eq!(status.reason, "ControlPlaneNotReady");
    assert_eq!(status.message, "Its control plane starts: it has not written vc-dev yet");
    assert_eq!(rig.runs(), [UPGRADE]);

    rig.make_stateful_set(1).await;
    rig.start_control_plane().await;
    let status = rig.load().await;
    assert_eq!((status.phase.as_str(), status.message.as_str()), ("Deployed", ""));
    assert!(status.control_plane_ready);
    assert_eq!(status.kubernetes_version, "v1.31.4");
    let kinds: Vec<&str> = status.conditions.iter().map(|it| it.kind.as_str()).collect();
    assert_eq!(kinds, ["HelmChartDeployed", "ControlPlaneReady", "Ready"]);
    assert!(status.conditions.iter().all(|it| it.status == "True"));

    let client = rig.helm.get(NAMESPACE, "dev").await.unwrap();
    assert_eq!(client.apiserver_version().await.unwrap().git_version, "v1.31.4");
}

#[tokio::test]
async fn helm_sees_its_own_files_and_a_small_environment_and_leaves_nothing() {
    let rig = Rig::new().await;
    rig.settled().await;
    assert_eq!(rig.note("values"), "password: hunter2\n");
    assert_eq!(rig.note("kubeconfig"), "a kubeconfig\n");
    assert_eq!(rig.note("modes"), "600\n600\n");
    let env = rig.note("env");
    // Cargo sets it for every test.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    assert!(!env.contains("CARGO_"), "{env}");
    assert!(env.contains(&format!("HOME={}\n", rig.folder.path().join("scratch").display())));
    assert_eq!(rig.left_over(), 0);
}

#[tokio::test]
async fn helm_runs_again_only_for_something_else() {
    let mut rig = Rig::new().await;
    rig.settled().await;
    rig.make_stateful_set(1).await;
    rig.load().await;
    rig.restart();
    rig.settled().await;
    assert_eq!(rig.runs().len(), 1);

    rig.ask_for("a: 2\n").await;
    assert_eq!(rig.load().await.reason, "Installing");
    rig.settled().await;
    assert_eq!(rig.runs().len(), 2);
    assert_eq!(rig.note("values"), "a: 2\n");
}

#[tokio::test]
async fn what_somebody_took_away_is_put_there_again_but_not_over_and_over() {
    let mut rig = Rig::new().await;
    rig.settled().await;
    assert_eq!(rig.settled().await.reason, "ControlPlaneNotReady");
    assert_eq!(rig.runs().len(), 1, "a chart may have no workload that we know of");
    rig.restart();
    rig.settled().await;
    assert_eq!(rig.runs().len(), 2);
}

#[tokio::test]
async fn a_failure_says_why_without_secrets_and_waits_unless_something_else_is_asked() {
    let rig = Rig::new().await;
    rig.let_helm_fail(Some("WARNING: x\nError: no hunter2 in the chart\n"));
    let status = rig.settled().await;
    assert_eq!((status.phase.as_str(), status.reason.as_str()), ("Failed", "HelmFailed"));
    assert_eq!(status.message, "no … in the chart");
    assert_eq!(status.conditions[0].status, "False");
    rig.load().await;
    assert_eq!(rig.runs().len(), 1, "it is not tried again at once");

    rig.let_helm_fail(None);
    rig.ask_for("password: hunter3\n").await;
    assert_eq!(rig.settled().await.reason, "ControlPlaneNotReady");
}

#[tokio::test]
async fn a_failed_upgrade_leaves_the_control_plane_of_before_in_use() {
    let rig = Rig::new().await;
    rig.settled().await;
    rig.make_stateful_set(1).await;
    rig.start_control_plane().await;
    assert_eq!(rig.load().await.phase, "Deployed");
    rig.let_helm_fail(Some("Error: no such version\n"));
    rig.ask_for("a: 2\n").await;
    let status = rig.settled().await;
    assert_eq!((status.phase.as_str(), status.control_plane_ready), ("Failed", true));

    // Back to what it was: nobody can know how far helm came.
    rig.let_helm_fail(None);
    rig.ask_for("password: hunter2\n").await;
    assert_eq!(rig.settled().await.phase, "Deployed");
    assert_eq!(rig.runs().len(), 3);
}

#[tokio::test]
async fn what_helm_cannot_be_given_is_refused_in_words() {
    let rig = Rig::new().await;
    rig.ask_for("- a list\n").await;
    let status = rig.load().await;
    assert_eq!((status.phase.as_str(), status.reason.as_str()), ("Failed", "InvalidRelease"));
    assert_eq!(status.message, "The values are not a map, such as `key: value`");
    assert!(rig.runs().is_empty());
}

#[tokio::test]
async fn a_helm_that_was_ended_in_the_middle_does_not_stop_the_next_one() {
    // The host's objects are old, so nobody is at work on them.
    let rig = Rig::at(crate::clock::Clock::standing_at(1_600_000_000)).await;
    rig.make("", "Secret", revision("pending-install")).await;
    assert_eq!(rig.settled().await.reason, "ControlPlaneNotReady");
    assert!(rig.names("", "Secret").await.is_empty());
    assert_eq!(rig.runs(), [UPGRADE]);
}

#[tokio::test]
async fn a_helm_that_may_yet_be_at_work_is_not_disturbed() {
    let mut rig = Rig::new().await;
    rig.make("", "Secret", revision("pending-upgrade")).await;
    let status = rig.until(|it| it.message.contains("may still be at work")).await;
    assert_eq!((status.phase.as_str(), status.reason.as_str()), ("Pending", "Installing"));
    // Nor for another wish, nor by an agent that was started anew after a crash.
    rig.ask_for("a: 2\n").await;
    rig.until(|it| it.message.contains("may still be at work")).await;
    std::fs::create_dir(rig.folder.path().join("scratch/runs/left")).unwrap();
    rig.restart();
    rig.until(|it| it.message.contains("may still be at work")).await;
    assert!(rig.runs().is_empty());
}

#[tokio::test]
async fn an_agent_that_was_stopped_in_order_need_not_wait_for_its_own_helm() {
    let mut rig = Rig::new().await;
    rig.make("", "Secret", revision("pending-upgrade")).await;
    rig.restart();
    rig.settled().await;
    assert_eq!(rig.runs(), [UPGRADE]);
    assert!(rig.names("", "Secret").await.is_empty());
}

#[tokio::test]
async fn a_control_plane_that_does_not_start_says_why() {
    let rig = Rig::new().await;
    rig.settled().await;
    rig.make_stateful_set(1).await;
    rig.make_pod("dev-0", own()).await;
    let waiting = json!({ "waiting": { "reason": "ImagePullBackOff" } });
    let container = json!({
        "name": "syncer", "state": waiting, "image": "", "imageID": "", "ready": false, "restartCount": 0,
    });
    let change = kube::api::Patch::Merge(json!({ "status": { "containerStatuses": [container] } }));
    rig.api("", "Pod").patch_status("dev-0", &Default::default(), &change).await.unwrap();
    let status = rig.load().await;
    assert_eq!(
        status.message,
        "Its control plane does not start: container syncer waits: ImagePullBackOff"
    );
}
