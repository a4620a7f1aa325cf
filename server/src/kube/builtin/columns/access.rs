//! Columns of accounts and rights.

use serde_json::{Value, json};

use super::{age, created, items, joined, name, number, or, text, wide};
use crate::kube::resource::Column;

pub fn service_account() -> Vec<Column> {
    vec![name(), number("Secrets", |it, _| json!(items(&it["secrets"]).count())), age()]
}

pub fn role() -> Vec<Column> {
    vec![name(), created()]
}

pub fn binding() -> Vec<Column> {
    vec![
        name(),
        text("Role", |it, _| {
            let role = &it["roleRef"];
            json!(format!("{}/{}", or(&role["kind"], ""), or(&role["name"], "")))
        }),
        age(),
        wide("Users", |it, _| subjects(it, "User")),
        wide("Groups", |it, _| subjects(it, "Group")),
        wide("ServiceAccounts", |it, _| subjects(it, "ServiceAccount")),
    ]
}

fn subjects(binding: &Value, kind: &str) -> Value {
    let of_kind = items(&binding["subjects"]).filter(|it| it["kind"] == kind).map(|it| {
        let name = or(&it["name"], "");
        if kind == "ServiceAccount" {
            format!("{}/{name}", or(&it["namespace"], ""))
        } else {
            name.to_owned()
        }
    });
    let of_kind: Vec<String> = of_kind.collect();
    if of_kind.is_empty() { json!("") } else { joined(of_kind) }
}
