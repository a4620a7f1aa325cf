//! Deployments, StatefulSets, DaemonSets, ReplicaSets, Jobs and their like.

use serde_json::{Value, json};

use super::pods::{check_spec, fill_spec};
use super::rules::{Faults, Rules, fill, selects, without};

/// The rules of Deployments.
pub const DEPLOYMENT: Rules = Rules {
    fill: |it| {
        let spec = &mut it["spec"];
        fill(
            spec,
            &[
                ("replicas", json!(1)),
                ("revisionHistoryLimit", json!(10)),
                ("progressDeadlineSeconds", json!(600)),
                ("strategy", json!({})),
            ],
        );
        fill(&mut spec["strategy"], &[("type", json!("RollingUpdate"))]);
        if spec["strategy"]["type"] == "RollingUpdate" {
            let share = || json!("25%");
            fill(
                &mut spec["strategy"]["rollingUpdate"],
                &[("maxUnavailable", share()), ("maxSurge", share())],
            );
        }
        fill_template(spec);
    },
    check: |it, faults| {
        check_selected(&it["spec"], faults);
        check_template(&it["spec"], &["Always"], faults);
        let strategy = &it["spec"]["strategy"];
        faults.one_of("spec.strategy.type", &strategy["type"], &["Recreate", "RollingUpdate"]);
        if strategy["type"] == "Recreate" && !strategy["rollingUpdate"].is_null() {
            let why = "may not be specified when strategy `type` is 'Recreate'";
            faults.forbidden("spec.strategy.rollingUpdate", why);
        }
    },
    compare: |old, new, faults| {
        faults.immutable("spec.selector", &old["spec"]["selector"], &new["spec"]["selector"]);
    },
    ..Rules::of("apps", "Deployment")
};

/// The rules of ReplicaSets.
pub const REPLICA_SET: Rules = Rules {
    fill: |it| {
        fill(&mut it["spec"], &[("replicas", json!(1))]);
        fill_template(&mut it["spec"]);
    },
    begin: |it| fill(&mut it["status"], &[("replicas", json!(0))]),
    check: |it, faults| {
        check_selected(&it["spec"], faults);
        check_template(&it["spec"], &["Always"], faults);
    },
    compare: |old, new, faults| {
        faults.immutable("spec.selector", &old["spec"]["selector"], &new["spec"]["selector"]);
    },
    ..Rules::of("apps", "ReplicaSet")
};

/// The rules of ReplicationControllers.
pub const REPLICATION_CONTROLLER: Rules = Rules {
    fill: |it| {
        let labels = it["spec"]["template"]["metadata"]["labels"].clone();
        fill(&mut it["spec"], &[("replicas", json!(1)), ("selector", labels)]);
        fill_template(&mut it["spec"]);
    },
    begin: |it| fill(&mut it["status"], &[("replicas", json!(0))]),
    check: |it, faults| check_template(&it["spec"], &["Always"], faults),
    ..Rules::of("", "ReplicationController")
};

/// The rules of StatefulSets.
pub const STATEFUL_SET: Rules = Rules {
    fill: |it| {
        let kept = json!({ "whenDeleted": "Retain", "whenScaled": "Retain" });
        fill(
            &mut it["spec"],
            &[
                ("replicas", json!(1)),
                ("revisionHistoryLimit", json!(10)),
                ("podManagementPolicy", json!("OrderedReady")),
                ("updateStrategy", json!({ "type": "RollingUpdate" })),
                ("persistentVolumeClaimRetentionPolicy", kept),
            ],
        );
        if it["spec"]["updateStrategy"]["type"] == "RollingUpdate" {
            fill(&mut it["spec"]["updateStrategy"]["rollingUpdate"], &[("partition", json!(0))]);
        }
        fill_template(&mut it["spec"]);
    },
    begin: |it| fill(&mut it["status"], &[("replicas", json!(0)), ("availableReplicas", json!(0))]),
    check: |it, faults| {
        check_selected(&it["spec"], faults);
        check_template(&it["spec"], &["Always"], faults);
    },
    compare: |old, new, faults| {
        let free = [
            "replicas",
            "ordinals",
            "template",
            "updateStrategy",
            "revisionHistoryLimit",
            "persistentVolumeClaimRetentionPolicy",
            "minReadySeconds",
        ];
        if without(&old["spec"], &free) != without(&new["spec"], &free) {
            faults.forbidden(
                "spec",
                "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', \
                 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and \
                 'minReadySeconds' are forbidden",
            );
        }
    },
    ..Rules::of("apps", "StatefulSet")
};

/// The rules of DaemonSets.
pub const DAEMON_SET: Rules = Rules {
    fill: |it| {
        let rolling = json!({ "type": "RollingUpdate" });
        fill(&mut it["spec"], &[("revisionHistoryLimit", json!(10)), ("updateStrategy", rolling)]);
        if it["spec"]["updateStrategy"]["type"] == "RollingUpdate" {
            let numbers = [("maxUnavailable", json!(1)), ("maxSurge", json!(0))];
            fill(&mut it["spec"]["updateStrategy"]["rollingUpdate"], &numbers);
        }
        fill_template(&mut it["spec"]);
    },
    begin: |it| {
        let numbers = [
            "currentNumberScheduled",
            "desiredNumberScheduled",
            "numberMisscheduled",
            "numberReady",
        ];
        fill(&mut it["status"], &numbers.map(|name| (name, json!(0))));
    },
    check: |it, faults| {
        check_selected(&it["spec"], faults);
        check_template(&it["spec"], &["Always"], faults);
    },
    compare: |old, new, faults| {
        faults.immutable("spec.selector", &old["spec"]["selector"], &new["spec"]["selector"]);
    },
    ..Rules::of("apps", "DaemonSet")
};

/// The rules of Jobs.
pub const JOB: Rules = Rules {
    fill: |it| fill_job(&mut it["spec"]),
    begin: |job| {
        let uid = job["metadata"]["uid"].clone();
        if job["spec"]["selector"].is_null() && uid.is_string() {
            let name = job["metadata"]["name"].clone();
            let label = "batch.kubernetes.io/controller-uid";
            job["spec"]["selector"] = json!({ "matchLabels": { label: uid } });
            let labels = [(label, uid), ("batch.kubernetes.io/job-name", name)];
            fill(&mut job["spec"]["template"]["metadata"]["labels"], &labels);
        }
    },
    check: |it, faults| check_template(&it["spec"], &["OnFailure", "Never"], faults),
    compare: |old, new, faults| {
        for field in ["selector", "completionMode", "template"] {
            faults.immutable(&format!("spec.{field}"), &old["spec"][field], &new["spec"][field]);
        }
    },
    ..Rules::of("batch", "Job")
};

/// The rules of CronJobs.
pub const CRON_JOB: Rules = Rules {
    fill: |it| {
        fill(
            &mut it["spec"],
            &[
                ("concurrencyPolicy", json!("Allow")),
                ("suspend", json!(false)),
                ("successfulJobsHistoryLimit", json!(3)),
                ("failedJobsHistoryLimit", json!(1)),
            ],
        );
        fill_template(&mut it["spec"]["jobTemplate"]["spec"]);
    },
    check: |it, faults| {
        let schedule = it["spec"]["schedule"].as_str().unwrap_or_default();
        let fields: Vec<&str> = schedule.split_whitespace().collect();
        if fields.is_empty() {
            faults.required("spec.schedule", "");
        } else if !schedule.starts_with('@') && fields.len() != 5 {
            let why = format!(
                "expected exactly 5 fields, found {}: [{}]",
                fields.len(),
                fields.join(" ")
            );
            faults.invalid("spec.schedule", &it["spec"]["schedule"], &why);
        }
        let policies = ["Allow", "Forbid", "Replace"];
        faults.one_of("spec.concurrencyPolicy", &it["spec"]["concurrencyPolicy"], &policies);
        let template = &it["spec"]["jobTemplate"]["spec"]["template"];
        let path = "spec.jobTemplate.spec.template.spec";
        check_spec(&template["spec"], &Value::Null, path, faults);
        check_restart(&template["spec"], path, &["OnFailure", "Never"], faults);
    },
    ..Rules::of("batch", "CronJob")
};

fn fill_job(spec: &mut Value) {
    let both_absent = spec["completions"].is_null() && spec["parallelism"].is_null();
    fill(
        spec,
        &[
            ("parallelism", json!(1)),
            ("backoffLimit", json!(6)),
            ("completionMode", json!("NonIndexed")),
            ("suspend", json!(false)),
            ("manualSelector", json!(false)),
            ("podReplacementPolicy", json!("TerminatingOrFailed")),
        ],
    );
    if both_absent {
        fill(spec, &[("completions", json!(1))]);
    }
    fill_template(spec);
}

fn fill_template(spec: &mut Value) {
    if spec["template"]["spec"].is_object() {
        fill_spec(&mut spec["template"]["spec"]);
    }
}

fn check_template(spec: &Value, restarts: &[&str], faults: &mut Faults) {
    faults.not_negative("spec.replicas", &spec["replicas"]);
    let claims = &spec["volumeClaimTemplates"];
    check_spec(&spec["template"]["spec"], claims, "spec.template.spec", faults);
    check_restart(&spec["template"]["spec"], "spec.template.spec", restarts, faults);
}

fn check_restart(spec: &Value, path: &str, allowed: &[&str], faults: &mut Faults) {
    let field = format!("{path}.restartPolicy");
    if spec["restartPolicy"] == "Always" && !allowed.contains(&"Always") {
        // What was left out reads as Always here.
        faults.required(field, "valid values: \"OnFailure\", \"Never\"");
    } else {
        faults.one_of(field, &spec["restartPolicy"], allowed);
    }
}

fn check_selected(spec: &Value, faults: &mut Faults) {
    let selector = &spec["selector"];
    if selector.is_null() {
        faults.required("spec.selector", "");
        return;
    }
    if selector.as_object().is_none_or(serde_json::Map::is_empty) {
        faults.invalid("spec.selector", selector, "an empty selector would pick every pod");
        return;
    }
    let labels = &spec["template"]["metadata"]["labels"];
    if !selects(selector, labels) {
        let why = "`selector` does not match template `labels`";
        faults.invalid("spec.template.metadata.labels", labels, why);
    }
}
