//! Columns of what is kept.

use serde_json::{Value, json};

use super::{access_modes, age, name, number, or, text, wide};
use crate::kube::object::{is_terminating, meta};
use crate::kube::resource::{Cell, Column};

pub fn config_map() -> Vec<Column> {
    vec![
        name(),
        number("Data", |it, _| json!(entries(&it["data"]) + entries(&it["binaryData"]))),
        age(),
    ]
}

pub fn secret() -> Vec<Column> {
    vec![
        name(),
        text("Type", |it, _| it["type"].clone()),
        number("Data", |it, _| json!(entries(&it["data"]))),
        age(),
    ]
}

fn entries(map: &Value) -> usize {
    map.as_object().map_or(0, serde_json::Map::len)
}

pub fn claim() -> Vec<Column> {
    vec![
        name(),
        text("Status", |it, _| json!(phase(it))),
        text("Volume", |it, _| json!(or(&it["spec"]["volumeName"], ""))),
        text("Capacity", |it, _| {
            let bound = it["spec"]["volumeName"].is_string();
            json!(if bound { or(&it["status"]["capacity"]["storage"], "0") } else { "" })
        }),
        text("Access Modes", |it, _| access_modes(&it["status"]["accessModes"])),
        text("StorageClass", |it, _| json!(or(&it["spec"]["storageClassName"], ""))),
        attributes_class(),
        age(),
        wide("VolumeMode", |it, _| json!(or(&it["spec"]["volumeMode"], "<unset>"))),
    ]
}

pub fn volume() -> Vec<Column> {
    vec![
        name(),
        text("Capacity", |it, _| it["spec"]["capacity"]["storage"].clone()),
        text("Access Modes", |it, _| access_modes(&it["spec"]["accessModes"])),
        text("Reclaim Policy", |it, _| it["spec"]["persistentVolumeReclaimPolicy"].clone()),
        text("Status", |it, _| json!(phase(it))),
        text("Claim", |it, _| {
            let claim = &it["spec"]["claimRef"];
            let name = or(&claim["name"], "");
            if name.is_empty() {
                json!("")
            } else {
                json!(format!("{}/{name}", or(&claim["namespace"], "")))
            }
        }),
        text("StorageClass", |it, _| json!(or(&it["spec"]["storageClassName"], ""))),
        attributes_class(),
        text("Reason", |it, _| json!(or(&it["status"]["reason"], ""))),
        age(),
        wide("VolumeMode", |it, _| json!(or(&it["spec"]["volumeMode"], "<unset>"))),
    ]
}

fn attributes_class() -> Column {
    let find = |it: &Value, _| json!(or(&it["spec"]["volumeAttributesClassName"], "<unset>"));
    text("VolumeAttributesClass", find)
}

fn phase(object: &Value) -> &str {
    if is_terminating(object) { "Terminating" } else { or(&object["status"]["phase"], "") }
}

pub fn storage_class() -> Vec<Column> {
    vec![
        Column::new(
            "Name",
            "string",
            Cell::Of(|it, _| {
                let default =
                    &it["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"];
                let mark = if *default == "true" { " (default)" } else { "" };
                json!(format!("{}{mark}", meta(it, "name")))
            }),
        ),
        text("Provisioner", |it, _| it["provisioner"].clone()),
        text("ReclaimPolicy", |it, _| json!(or(&it["reclaimPolicy"], "Delete"))),
        text("VolumeBindingMode", |it, _| json!(or(&it["volumeBindingMode"], "Immediate"))),
        Column::new(
            "AllowVolumeExpansion",
            "string",
            Cell::Of(|it, _| json!(it["allowVolumeExpansion"] == true)),
        ),
        age(),
    ]
}
