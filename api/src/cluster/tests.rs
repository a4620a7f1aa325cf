//! Clusters for the tests of the checklist and of health.

use super::*;

/// 2026-11-20T16:08:00Z.
pub(super) const NOW: i64 = 1_795_190_880;

/// An instant as the wire has it. Within the day of [`NOW`], which is enough here.
pub(super) fn at(unix: i64) -> String {
    let seconds = unix - 1_795_132_800;
    let (day, second) = (20 + seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!("2026-11-{day:02}T{hour:02}:{minute:02}:{:02}Z", second % 60)
}

/// A cluster that waits for its agent, with a code that was made ten seconds ago.
pub(super) fn cluster() -> Cluster {
    let mut cluster = Cluster::default();
    cluster.metadata.name = "eu-1".into();
    cluster.metadata.creation_timestamp = Some(at(NOW - 20));
    cluster.spec.network_peer = true;
    cluster.status.join_code_expires = Some(at(NOW + 590));
    cluster
}

/// A cluster whose agent joined and whose API answers.
pub(super) fn well() -> Cluster {
    let mut cluster = cluster();
    for kind in [
        condition::CONTACTED,
        condition::CODE_ACCEPTED,
        condition::AGENT_VERSION,
        condition::API_ANSWERS,
    ] {
        set(&mut cluster, kind, "True", "");
    }
    cluster.status.phase = "Initialized".into();
    cluster.status.online = true;
    cluster.status.latency_ms = Some(18);
    cluster.status.last_contact = Some(at(NOW - 5));
    cluster.status.since = Some(at(NOW - 100));
    cluster.status.agent = Some(AgentInfo { version: "0.1.0".into(), ..AgentInfo::default() });
    cluster
}

/// Makes a condition false for `reason`.
pub(super) fn refused(cluster: &mut Cluster, kind: &str, reason: &str) {
    set(cluster, kind, "False", reason);
}

pub(super) fn set(cluster: &mut Cluster, kind: &str, status: &str, reason: &str) {
    cluster.status.conditions.retain(|it| it.kind != kind);
    cluster.status.conditions.push(Condition {
        kind: kind.into(),
        status: status.into(),
        last_transition_time: Some(at(NOW - 5)),
        reason: reason.into(),
        message: String::new(),
    });
}

#[test]
fn the_instants_of_these_tests_are_those_that_they_say() {
    for instant in [NOW, NOW - 9_000, NOW + 9_000, NOW - 86_400, NOW + 86_400] {
        assert_eq!(crate::ago::unix(&at(instant)), Some(instant));
    }
}
