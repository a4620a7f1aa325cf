//! Columns of what would run.

use serde_json::{Value, json};

use super::{age, count, items, joined, labels, name, number, or, selector, since, text, wide};
use crate::clock::parse_rfc3339;
use crate::kube::age as ages;
use crate::kube::object::is_terminating;
use crate::kube::resource::{Cell, Column};

pub fn pod() -> Vec<Column> {
    vec![
        name(),
        text("Ready", |it, _| {
            let ready =
                items(&it["status"]["containerStatuses"]).filter(|it| it["ready"] == true).count();
            json!(format!("{ready}/{}", items(&it["spec"]["containers"]).count()))
        }),
        text("Status", |it, _| json!(pod_status(it))),
        text("Restarts", |it, _| {
            let each =
                items(&it["status"]["containerStatuses"]).map(|it| it["restartCount"].as_i64());
            json!(each.flatten().sum::<i64>().to_string())
        }),
        age(),
        wide("IP", |it, _| json!(or(&it["status"]["podIP"], "<none>"))),
        wide("Node", |it, _| json!(or(&it["spec"]["nodeName"], "<none>"))),
        wide("Nominated Node", |it, _| json!(or(&it["status"]["nominatedNodeName"], "<none>"))),
        wide("Readiness Gates", readiness_gates),
    ]
}

fn pod_status(pod: &Value) -> &str {
    if is_terminating(pod) {
        return "Terminating";
    }
    let of_containers = items(&pod["status"]["containerStatuses"]).find_map(|it| {
        it["state"]["waiting"]["reason"].as_str().or(it["state"]["terminated"]["reason"].as_str())
    });
    or(&pod["status"]["reason"], of_containers.unwrap_or(or(&pod["status"]["phase"], "Unknown")))
}

fn readiness_gates(pod: &Value, _now: i64) -> Value {
    let gates = items(&pod["spec"]["readinessGates"]).count();
    if gates == 0 {
        return json!("<none>");
    }
    let met = items(&pod["spec"]["readinessGates"]).filter(|gate| {
        let mut conditions = items(&pod["status"]["conditions"]);
        conditions.any(|it| it["type"] == gate["conditionType"] && it["status"] == "True")
    });
    json!(format!("{}/{gates}", met.count()))
}

pub fn pod_template() -> Vec<Column> {
    vec![
        name(),
        text("Containers", |it, _| of_containers(&it["template"], "name")),
        text("Images", |it, _| of_containers(&it["template"], "image")),
        text("Pod Labels", |it, _| labels(&it["template"]["metadata"]["labels"])),
    ]
}

pub fn deployment() -> Vec<Column> {
    let mut columns = vec![
        name(),
        text("Ready", |it, _| json!(ready_of_wanted(it))),
        number("Up-to-date", |it, _| count(&it["status"]["updatedReplicas"])),
        number("Available", |it, _| count(&it["status"]["availableReplicas"])),
        age(),
    ];
    columns.extend(of_template());
    columns.push(selected());
    columns
}

pub fn stateful_set() -> Vec<Column> {
    let mut columns = vec![name(), text("Ready", |it, _| json!(ready_of_wanted(it))), age()];
    columns.extend(of_template());
    columns
}

pub fn replica_set() -> Vec<Column> {
    let mut columns = replicas();
    columns.push(selected());
    columns
}

pub fn replication_controller() -> Vec<Column> {
    let mut columns = replicas();
    columns.push(wide("Selector", |it, _| labels(&it["spec"]["selector"])));
    columns
}

fn replicas() -> Vec<Column> {
    let mut columns = vec![
        name(),
        number("Desired", |it, _| count(&it["spec"]["replicas"])),
        number("Current", |it, _| count(&it["status"]["replicas"])),
        number("Ready", |it, _| count(&it["status"]["readyReplicas"])),
        age(),
    ];
    columns.extend(of_template());
    columns
}

pub fn daemon_set() -> Vec<Column> {
    let mut columns = vec![
        name(),
        number("Desired", |it, _| count(&it["status"]["desiredNumberScheduled"])),
        number("Current", |it, _| count(&it["status"]["currentNumberScheduled"])),
        number("Ready", |it, _| count(&it["status"]["numberReady"])),
        number("Up-to-date", |it, _| count(&it["status"]["updatedNumberScheduled"])),
        number("Available", |it, _| count(&it["status"]["numberAvailable"])),
        text("Node Selector", |it, _| labels(&it["spec"]["template"]["spec"]["nodeSelector"])),
        age(),
    ];
    columns.extend(of_template());
    columns.push(selected());
    columns
}

pub fn job() -> Vec<Column> {
    let mut columns = vec![
        name(),
        text("Status", |it, _| json!(job_status(it))),
        text("Completions", completions),
        text("Duration", |it, now| {
            let at = |field: &str| it["status"][field].as_str().and_then(parse_rfc3339);
            let Some(start) = at("startTime") else { return json!("") };
            json!(ages::age(at("completionTime").unwrap_or(now) - start))
        }),
        age(),
    ];
    columns.extend(of_template());
    columns.push(selected());
    columns
}

fn job_status(job: &Value) -> &'static str {
    let is = |kind: &str| {
        items(&job["status"]["conditions"]).any(|it| it["type"] == kind && it["status"] == "True")
    };
    match () {
        () if is("Complete") => "Complete",
        () if is("Failed") => "Failed",
        () if is_terminating(job) => "Terminating",
        () if is("Suspended") => "Suspended",
        () if is("FailureTarget") => "FailureTarget",
        () if is("SuccessCriteriaMet") => "SuccessCriteriaMet",
        () => "Running",
    }
}

fn completions(job: &Value, _now: i64) -> Value {
    let done = job["status"]["succeeded"].as_i64().unwrap_or(0);
    let parallel = job["spec"]["parallelism"].as_i64().unwrap_or(1);
    json!(match job["spec"]["completions"].as_i64() {
        Some(wanted) => format!("{done}/{wanted}"),
        None if parallel > 1 => format!("{done}/1 of {parallel}"),
        None => format!("{done}/1"),
    })
}

pub fn cron_job() -> Vec<Column> {
    vec![
        name(),
        text("Schedule", |it, _| it["spec"]["schedule"].clone()),
        text("Timezone", |it, _| json!(or(&it["spec"]["timeZone"], "<none>"))),
        text("Suspend", |it, _| {
            json!(if it["spec"]["suspend"] == true { "True" } else { "False" })
        }),
        number("Active", |it, _| json!(items(&it["status"]["active"]).count())),
        text("Last Schedule", |it, now| {
            json!(since(&it["status"]["lastScheduleTime"], now, "<none>"))
        }),
        age(),
        wide("Containers", |it, _| {
            of_containers(&it["spec"]["jobTemplate"]["spec"]["template"], "name")
        }),
        wide("Images", |it, _| {
            of_containers(&it["spec"]["jobTemplate"]["spec"]["template"], "image")
        }),
        wide("Selector", |it, _| selector(&it["spec"]["jobTemplate"]["spec"]["selector"])),
    ]
}

pub fn controller_revision() -> Vec<Column> {
    vec![
        name(),
        text("Controller", |it, _| {
            let owner =
                items(&it["metadata"]["ownerReferences"]).find(|it| it["controller"] == true);
            let Some(owner) = owner else { return json!("<none>") };
            let kind = or(&owner["kind"], "").to_lowercase();
            let group = or(&owner["apiVersion"], "").split_once('/').map_or("", |it| it.0);
            let dot = if group.is_empty() { "" } else { "." };
            json!(format!("{kind}{dot}{group}/{}", or(&owner["name"], "")))
        }),
        number("Revision", |it, _| count(&it["revision"])),
        age(),
    ]
}

pub fn autoscaler() -> Vec<Column> {
    vec![
        name(),
        text("Reference", |it, _| {
            let target = &it["spec"]["scaleTargetRef"];
            json!(format!("{}/{}", or(&target["kind"], ""), or(&target["name"], "")))
        }),
        text("Targets", |it, _| {
            joined(items(&it["spec"]["metrics"]).map(|it| {
                let resource = &it["resource"];
                let wanted = &resource["target"]["averageUtilization"];
                format!("{}: <unknown>/{wanted}%", or(&resource["name"], "?"))
            }))
        }),
        text("MinPods", |it, _| {
            let least = it["spec"]["minReplicas"].as_i64();
            json!(least.map_or_else(|| "<unset>".to_owned(), |it| it.to_string()))
        }),
        number("MaxPods", |it, _| count(&it["spec"]["maxReplicas"])),
        number("Replicas", |it, _| count(&it["status"]["currentReplicas"])),
        age(),
    ]
}

pub fn disruption_budget() -> Vec<Column> {
    vec![
        name(),
        text("Min Available", |it, _| number_or_share(&it["spec"]["minAvailable"])),
        text("Max Unavailable", |it, _| number_or_share(&it["spec"]["maxUnavailable"])),
        number("Allowed Disruptions", |it, _| count(&it["status"]["disruptionsAllowed"])),
        age(),
    ]
}

fn number_or_share(value: &Value) -> Value {
    match value {
        Value::Null => json!("N/A"),
        Value::String(text) => json!(text),
        other => json!(other.to_string()),
    }
}

fn ready_of_wanted(object: &Value) -> String {
    let ready = object["status"]["readyReplicas"].as_i64().unwrap_or(0);
    format!("{ready}/{}", object["spec"]["replicas"].as_i64().unwrap_or(0))
}

fn of_template() -> [Column; 2] {
    [
        wide("Containers", |it, _| of_containers(&it["spec"]["template"], "name")),
        wide("Images", |it, _| of_containers(&it["spec"]["template"], "image")),
    ]
}

fn selected() -> Column {
    Column::wide("Selector", "string", Cell::Of(|it, _| selector(&it["spec"]["selector"])))
}

fn of_containers(template: &Value, field: &str) -> Value {
    joined(items(&template["spec"]["containers"]).filter_map(|it| it[field].as_str()))
}
