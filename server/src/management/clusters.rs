//! `clusters`: the host clusters.

use serde_json::{Value, json};

use super::{CLUSTERS, stored};
use crate::kube::resource::{Cell, Column, Resource, Verb};

/// The resource. Clusters are read here; how one is connected is not built yet, so none can be made
/// or removed.
#[must_use]
pub fn resource() -> Resource {
    let text =
        |name: &str, cell: fn(&Value, i64) -> Value| Column::new(name, "string", Cell::Of(cell));
    Resource {
        verbs: vec![Verb::Get, Verb::List, Verb::Watch],
        columns: vec![
            Column::new("Name", "string", Cell::Name),
            text("Display Name", |it, _| it["spec"]["displayName"].clone()),
            text("Phase", |it, _| it["status"]["phase"].clone()),
            Column::wide("Message", "string", Cell::Of(|it, _| it["status"]["message"].clone())),
            Column::new(
                "Online",
                "boolean",
                Cell::Of(|it, _| json!(it["status"]["online"] == json!(true))),
            ),
            Column::wide(
                "Local",
                "boolean",
                Cell::Of(|it, _| json!(it["spec"]["local"] == json!(true))),
            ),
            Column::new(
                "Virtual Clusters",
                "integer",
                Cell::Of(|it, _| number(&it["status"]["virtualClusters"])),
            ),
            Column::new("Awake", "integer", Cell::Of(|it, _| number(&it["status"]["awake"]))),
            text("Version", |it, _| it["status"]["kubernetesVersion"].clone()),
            Column::wide(
                "Last Contact",
                "string",
                Cell::Of(|it, _| it["status"]["lastContact"].clone()),
            ),
            Column::new("Age", "string", Cell::Age),
        ],
        ..stored(CLUSTERS, "Cluster", false)
    }
}

fn number(value: &Value) -> Value {
    json!(value.as_i64().unwrap_or(0))
}
