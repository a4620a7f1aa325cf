//! What `kubectl get` shows of the built-in kinds. Source: `pkg/printers/internalversion` of
//! Kubernetes 1.33.

pub mod access;
pub mod cluster;
pub mod network;
pub mod storage;
pub mod workloads;

use serde_json::{Value, json};

use crate::kube::age;
use crate::kube::resource::{Cell, Column};

/// How a cell is found.
type Find = fn(&Value, i64) -> Value;

pub(super) fn name() -> Column {
    Column::new("Name", "string", Cell::Name)
}

pub(super) fn age() -> Column {
    Column::new("Age", "string", Cell::Age)
}

pub(super) fn text(name: &str, find: Find) -> Column {
    Column::new(name, "string", Cell::Of(find))
}

pub(super) fn number(name: &str, find: Find) -> Column {
    Column::new(name, "integer", Cell::Of(find))
}

pub(super) fn wide(name: &str, find: Find) -> Column {
    Column::wide(name, "string", Cell::Of(find))
}

/// When it was made, for the few kinds that show that instead of an age.
pub(super) fn created() -> Column {
    Column::new("Created At", "date", Cell::Of(|it, _| it["metadata"]["creationTimestamp"].clone()))
}

/// A number that counts as 0 where it is absent.
pub(super) fn count(value: &Value) -> Value {
    json!(value.as_i64().unwrap_or(0))
}

/// Text, or a word for nothing.
pub(super) fn or<'a>(value: &'a Value, nothing: &'a str) -> &'a str {
    value.as_str().filter(|it| !it.is_empty()).unwrap_or(nothing)
}

/// How long ago a time was, or a word for nothing.
pub(super) fn since(time: &Value, now: i64, nothing: &str) -> String {
    time.as_str().map_or_else(|| nothing.to_owned(), |time| age::since(time, now))
}

/// The items of a list; none where it is absent.
pub(super) fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// `a,b,c`, or `<none>`.
pub(super) fn joined<T: AsRef<str>>(parts: impl IntoIterator<Item = T>) -> Value {
    let parts: Vec<String> = parts.into_iter().map(|it| it.as_ref().to_owned()).collect();
    if parts.is_empty() { json!("<none>") } else { json!(parts.join(",")) }
}

/// A map as `a=b,c=d`, or `<none>`.
pub(super) fn labels(map: &Value) -> Value {
    let pairs = map.as_object().into_iter().flatten();
    joined(pairs.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())))
}

/// A label selector as text: `a=b,c in (d,e)`.
pub(super) fn selector(selector: &Value) -> Value {
    let equal = selector["matchLabels"].as_object().into_iter().flatten();
    let equal = equal.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()));
    let expressions = items(&selector["matchExpressions"]).map(|it| {
        let key = it["key"].as_str().unwrap_or_default();
        let values: Vec<&str> = items(&it["values"]).filter_map(Value::as_str).collect();
        let values = values.join(",");
        match it["operator"].as_str().unwrap_or_default() {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "DoesNotExist" => format!("!{key}"),
            _ => key.to_owned(),
        }
    });
    joined(equal.chain(expressions))
}

/// An access mode in short: `RWO`.
pub(super) fn access_modes(modes: &Value) -> Value {
    let short = items(modes).filter_map(Value::as_str).map(|it| match it {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        "ReadWriteOncePod" => "RWOP",
        other => other,
    });
    json!(short.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cells of an object as they would be printed, the wide ones too.
    #[track_caller]
    fn check(columns: &[Column], object: Value, expected: &str) {
        let now = 1_000_000;
        let cells: Vec<String> = columns
            .iter()
            .map(|it| match &it.cell {
                Cell::Of(find) => find(&object, now),
                _ => json!("-"),
            })
            .map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned))
            .collect();
        assert_eq!(cells.join(" | "), expected);
    }

    #[test]
    fn a_deployment_shows_how_many_of_how_many() {
        let object = json!({ "spec": {
            "replicas": 3,
            "selector": { "matchLabels": { "app": "x" } },
            "template": { "spec": { "containers": [{ "name": "a", "image": "i" }, { "name": "b", "image": "j" }] } },
        } });
        check(&workloads::deployment(), object, "- | 0/3 | 0 | 0 | - | a,b | i,j | app=x");
    }

    #[test]
    fn a_service_shows_its_ports() {
        let object = json!({ "spec": {
            "type": "NodePort",
            "ports": [{ "port": 80, "protocol": "TCP", "nodePort": 30080 }, { "port": 53, "protocol": "UDP" }],
            "selector": { "app": "x" },
        } });
        check(
            &network::service(),
            object,
            "- | NodePort | <none> | <none> | 80:30080/TCP,53/UDP | - | app=x",
        );
    }

    #[test]
    fn a_pod_that_nobody_runs_is_pending() {
        let object = json!({ "status": { "phase": "Pending" }, "spec": { "containers": [{ "name": "a" }] } });
        check(
            &workloads::pod(),
            object,
            "- | 0/1 | Pending | 0 | - | <none> | <none> | <none> | <none>",
        );
    }

    #[test]
    fn an_event_says_what_happened_to_what() {
        let object = json!({
            "type": "Normal", "reason": "Made", "message": " done ", "lastTimestamp": "1970-01-12T13:46:30Z",
            "involvedObject": { "kind": "Pod", "name": "p" }, "source": { "component": "c" }, "count": 2,
            "firstTimestamp": "1970-01-12T13:44:40Z", "metadata": { "name": "e" },
        });
        check(&cluster::event(), object, "10s | Normal | Made | pod/p |  | c | done | 2m | 2 | e");
    }
}
