//! What a virtual cluster's status says, as a function of what is.

use dormer_api::meta::Condition;

use super::super::virtual_cluster::{REASON_SLEEPING, VirtualCluster, VirtualClusterStatus};

/// How far a virtual cluster is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stage {
    /// What is asked for cannot be given to helm.
    Unusable(String),
    /// helm is at work.
    Installing(String),
    /// helm failed, and the control plane of before may be there all the same.
    InstallFailed(String),
    /// helm is done, and the control plane does not answer.
    Starting(String),
    /// It can be used.
    Ready,
    /// On its way to sleep.
    FallingAsleep(String),
    Asleep,
}

/// What else is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    /// The control plane answers.
    pub answers: bool,
    /// What it says its version is; empty where it did not say.
    pub version: String,
}

/// The status of `cluster` at `stage`. What has not changed keeps its time.
pub(super) fn status(
    cluster: &VirtualCluster,
    stage: &Stage,
    facts: &Facts,
    now: &str,
) -> VirtualClusterStatus {
    let (phase, reason, message) = words(stage);
    let deployed =
        !matches!(stage, Stage::Unusable(_) | Stage::Installing(_) | Stage::InstallFailed(_));
    let ready = *stage == Stage::Ready;
    let answers = ready || (facts.answers && !matches!(stage, Stage::Asleep));
    let condition = |kind: &str, holds: bool| {
        let (reason, message) = if holds { ("", "") } else { (reason, message) };
        let status = if holds { "True" } else { "False" };
        let before = cluster.status.conditions.iter().find(|it| it.kind == kind);
        let since = before.filter(|it| it.status == status);
        Condition {
            kind: kind.into(),
            status: status.into(),
            last_transition_time: since
                .and_then(|it| it.last_transition_time.clone())
                .or_else(|| Some(now.to_owned())),
            reason: reason.into(),
            message: message.into(),
        }
    };
    let version = Some(&facts.version).filter(|it| !it.is_empty());
    VirtualClusterStatus {
        phase: phase.into(),
        reason: reason.into(),
        message: message.into(),
        control_plane_ready: answers,
        kubernetes_version: version.unwrap_or(&cluster.status.kubernetes_version).clone(),
        conditions: vec![
            condition("HelmChartDeployed", deployed),
            condition("ControlPlaneReady", answers),
            condition("Ready", ready),
        ],
    }
}

/// Phase, reason and message.
fn words(stage: &Stage) -> (&'static str, &'static str, &str) {
    match stage {
        Stage::Unusable(why) => ("Failed", "InvalidRelease", why),
        Stage::Installing(what) => ("Pending", "Installing", what),
        Stage::InstallFailed(why) => ("Failed", "HelmFailed", why),
        Stage::Starting(what) => ("Pending", "ControlPlaneNotReady", what),
        Stage::Ready => ("Deployed", "", ""),
        Stage::FallingAsleep(what) => ("Pending", "FallingAsleep", what),
        Stage::Asleep => ("Deployed", REASON_SLEEPING, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-20T12:00:00Z";

    fn of(stage: Stage, answers: bool) -> VirtualClusterStatus {
        let facts = Facts { answers, version: "v1.33.0".into() };
        status(&VirtualCluster::default(), &stage, &facts, NOW)
    }

    fn conditions(status: &VirtualClusterStatus) -> Vec<(&str, &str, &str)> {
        fn of(it: &Condition) -> (&str, &str, &str) {
            (&it.kind, &it.status, &it.reason)
        }
        status.conditions.iter().map(of).collect()
    }

    #[test]
    fn the_conditions_come_true_one_after_another() {
        let status = of(Stage::Starting("It waits".into()), false);
        assert_eq!((status.phase.as_str(), status.message.as_str()), ("Pending", "It waits"));
        assert_eq!(
            conditions(&status),
            [
                ("HelmChartDeployed", "True", ""),
                ("ControlPlaneReady", "False", "ControlPlaneNotReady"),
                ("Ready", "False", "ControlPlaneNotReady")
            ]
        );
        assert!(conditions(&of(Stage::Ready, true)).iter().all(|it| it.1 == "True"));
    }

    #[test]
    fn a_failed_upgrade_says_that_the_control_plane_of_before_answers() {
        let status = of(Stage::InstallFailed("no such chart".into()), true);
        assert_eq!((status.phase.as_str(), status.control_plane_ready), ("Failed", true));
        assert_eq!(status.message, "no such chart");
    }

    #[test]
    fn asleep_it_is_deployed_and_answers_nobody() {
        let status = of(Stage::Asleep, true);
        assert_eq!((status.phase.as_str(), status.reason.as_str()), ("Deployed", REASON_SLEEPING));
        assert!(!status.control_plane_ready);
        assert_eq!(status.kubernetes_version, "v1.33.0");
    }

    #[test]
    fn what_did_not_change_keeps_its_time_and_the_version_is_not_forgotten() {
        let mut cluster = VirtualCluster { status: of(Stage::Ready, true), ..Default::default() };
        let later = "2026-11-20T13:00:00Z";
        let same = status(
            &cluster,
            &Stage::Ready,
            &Facts { answers: true, version: "v1.33.0".into() },
            later,
        );
        assert_eq!(same, cluster.status);
        cluster.status = status(&cluster, &Stage::Asleep, &Facts::default(), later);
        assert_eq!(cluster.status.kubernetes_version, "v1.33.0");
        let times: Vec<_> =
            cluster.status.conditions.iter().map(|it| it.last_transition_time.as_deref()).collect();
        assert_eq!(times, [Some(NOW), Some(later), Some(later)]);
    }
}
