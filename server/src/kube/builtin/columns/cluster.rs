//! Columns of what a cluster itself has.

use serde_json::{Value, json};

use super::{age, count, created, items, name, number, or, since, text, wide};
use crate::kube::object::{is_terminating, meta};
use crate::kube::resource::{Cell, Column};

pub fn namespace() -> Vec<Column> {
    vec![
        name(),
        text("Status", |it, _| {
            let phase = or(&it["status"]["phase"], "Active");
            json!(if is_terminating(it) { "Terminating" } else { phase })
        }),
        age(),
    ]
}

pub fn event() -> Vec<Column> {
    vec![
        text("Last Seen", |it, now| json!(last_seen(it, now))),
        text("Type", |it, _| it["type"].clone()),
        text("Reason", |it, _| it["reason"].clone()),
        text("Object", |it, _| {
            let object = &it["involvedObject"];
            let kind = or(&object["kind"], "").to_lowercase();
            let name = or(&object["name"], "");
            json!(if name.is_empty() { kind } else { format!("{kind}/{name}") })
        }),
        wide("Subobject", |it, _| json!(or(&it["involvedObject"]["fieldPath"], ""))),
        wide("Source", |it, _| {
            let parts = [&it["source"]["component"], &it["source"]["host"]];
            let parts: Vec<&str> = parts.into_iter().filter_map(Value::as_str).collect();
            json!(if parts.is_empty() {
                or(&it["reportingComponent"], "").into()
            } else {
                parts.join(", ")
            })
        }),
        text("Message", |it, _| json!(or(&it["message"], "").trim())),
        wide("First Seen", |it, now| {
            let first =
                [&it["firstTimestamp"], &it["eventTime"]].into_iter().find(|it| it.is_string());
            json!(since(first.unwrap_or(&Value::Null), now, "<unknown>"))
        }),
        Column::wide(
            "Count",
            "integer",
            Cell::Of(|it, _| json!(it["count"].as_i64().unwrap_or(1))),
        ),
        wide("Name", |it, _| json!(meta(it, "name"))),
    ]
}

fn last_seen(event: &Value, now: i64) -> String {
    let times =
        [&event["series"]["lastObservedTime"], &event["lastTimestamp"], &event["eventTime"]];
    let last = times.into_iter().find(|it| it.is_string());
    since(last.unwrap_or(&Value::Null), now, "<unknown>")
}

pub fn node() -> Vec<Column> {
    vec![
        name(),
        text("Status", |it, _| {
            let mut conditions = items(&it["status"]["conditions"]);
            let ready = conditions.find(|it| it["type"] == "Ready");
            let ready = match ready.map(|it| it["status"] == "True") {
                Some(true) => "Ready",
                Some(false) => "NotReady",
                None => "Unknown",
            };
            let closed =
                if it["spec"]["unschedulable"] == true { ",SchedulingDisabled" } else { "" };
            json!(format!("{ready}{closed}"))
        }),
        text("Roles", |it, _| {
            let labels = it["metadata"]["labels"].as_object().into_iter().flatten();
            let roles: Vec<&str> =
                labels.filter_map(|it| it.0.strip_prefix("node-role.kubernetes.io/")).collect();
            json!(if roles.is_empty() { "<none>".into() } else { roles.join(",") })
        }),
        age(),
        text("Version", |it, _| it["status"]["nodeInfo"]["kubeletVersion"].clone()),
        wide("Internal-IP", |it, _| json!(address(it, "InternalIP"))),
        wide("External-IP", |it, _| json!(address(it, "ExternalIP"))),
        wide("OS-Image", |it, _| json!(or(&it["status"]["nodeInfo"]["osImage"], "<unknown>"))),
        wide("Kernel-Version", |it, _| {
            json!(or(&it["status"]["nodeInfo"]["kernelVersion"], "<unknown>"))
        }),
        wide("Container-Runtime", |it, _| {
            json!(or(&it["status"]["nodeInfo"]["containerRuntimeVersion"], "<unknown>"))
        }),
    ]
}

fn address<'a>(node: &'a Value, kind: &str) -> &'a str {
    let mut addresses = items(&node["status"]["addresses"]);
    addresses.find(|it| it["type"] == kind).map_or("<none>", |it| or(&it["address"], "<none>"))
}

pub fn quota() -> Vec<Column> {
    vec![
        name(),
        text("Request", |it, _| used_of(it, false)),
        text("Limit", |it, _| used_of(it, true)),
        age(),
    ]
}

fn used_of(quota: &Value, of_limits: bool) -> Value {
    let hard = quota["status"]["hard"].as_object().into_iter().flatten();
    let mine = hard.filter(|(name, _)| name.starts_with("limits.") == of_limits);
    let each = mine.map(|(name, hard)| {
        let used = or(&quota["status"]["used"][name.as_str()], "0");
        format!("{name}: {used}/{}", or(hard, "0"))
    });
    json!(each.collect::<Vec<_>>().join(", "))
}

pub fn limit_range() -> Vec<Column> {
    vec![name(), created()]
}

pub fn lease() -> Vec<Column> {
    vec![name(), text("Holder", |it, _| json!(or(&it["spec"]["holderIdentity"], ""))), age()]
}

pub fn priority_class() -> Vec<Column> {
    vec![
        name(),
        number("Value", |it, _| count(&it["value"])),
        Column::new(
            "Global-Default",
            "boolean",
            Cell::Of(|it, _| json!(it["globalDefault"] == true)),
        ),
        age(),
        text("PreemptionPolicy", |it, _| {
            json!(or(&it["preemptionPolicy"], "PreemptLowerPriority"))
        }),
    ]
}
