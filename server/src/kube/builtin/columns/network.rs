//! Columns of what connects.

use serde_json::{Value, json};

use super::{age, items, joined, labels, name, or, selector, text, wide};
use crate::kube::resource::Column;

/// How many addresses are shown before "+ 2 more...".
const ADDRESSES_SHOWN: usize = 3;

pub fn service() -> Vec<Column> {
    vec![
        name(),
        text("Type", |it, _| it["spec"]["type"].clone()),
        text("Cluster-IP", |it, _| json!(or(&it["spec"]["clusterIP"], "<none>"))),
        text("External-IP", |it, _| json!(external_ip(it))),
        text("Port(s)", |it, _| {
            joined(items(&it["spec"]["ports"]).map(|it| {
                let node = it["nodePort"].as_i64().filter(|it| *it > 0);
                let node = node.map(|it| format!(":{it}")).unwrap_or_default();
                format!("{}{node}/{}", it["port"], or(&it["protocol"], "TCP"))
            }))
        }),
        age(),
        wide("Selector", |it, _| labels(&it["spec"]["selector"])),
    ]
}

fn external_ip(service: &Value) -> String {
    let said: Vec<&str> =
        items(&service["spec"]["externalIPs"]).filter_map(Value::as_str).collect();
    match or(&service["spec"]["type"], "ClusterIP") {
        "ExternalName" => or(&service["spec"]["externalName"], "<none>").to_owned(),
        "LoadBalancer" => {
            let mut all = ingress_addresses(service);
            all.extend(said);
            if all.is_empty() { "<pending>".to_owned() } else { all.join(",") }
        }
        _ if said.is_empty() => "<none>".to_owned(),
        _ => said.join(","),
    }
}

fn ingress_addresses(object: &Value) -> Vec<&str> {
    items(&object["status"]["loadBalancer"]["ingress"])
        .filter_map(|it| it["ip"].as_str().or(it["hostname"].as_str()))
        .collect()
}

pub fn ingress() -> Vec<Column> {
    vec![
        name(),
        text("Class", |it, _| {
            let old = &it["metadata"]["annotations"]["kubernetes.io/ingress.class"];
            json!(or(&it["spec"]["ingressClassName"], or(old, "<none>")))
        }),
        text("Hosts", |it, _| {
            let hosts: Vec<&str> =
                items(&it["spec"]["rules"]).map(|it| or(&it["host"], "*")).collect();
            if hosts.is_empty() { json!("*") } else { joined(hosts) }
        }),
        text("Address", |it, _| json!(ingress_addresses(it).join(","))),
        text("Ports", |it, _| {
            let tls = items(&it["spec"]["tls"]).next().is_some();
            json!(if tls { "80, 443" } else { "80" })
        }),
        age(),
    ]
}

pub fn ingress_class() -> Vec<Column> {
    vec![
        name(),
        text("Controller", |it, _| it["spec"]["controller"].clone()),
        text("Parameters", |it, _| {
            let it = &it["spec"]["parameters"];
            if !it.is_object() {
                return json!("<none>");
            }
            let group = it["apiGroup"].as_str().map(|it| format!(".{it}")).unwrap_or_default();
            json!(format!("{}{group}/{}", or(&it["kind"], ""), or(&it["name"], "")))
        }),
        age(),
    ]
}

pub fn network_policy() -> Vec<Column> {
    vec![name(), text("Pod-Selector", |it, _| selector(&it["spec"]["podSelector"])), age()]
}

pub fn endpoints() -> Vec<Column> {
    let all = |it: &Value, _| {
        let each = items(&it["subsets"]).flat_map(|subset| {
            items(&subset["addresses"]).flat_map(move |address| {
                let ip = or(&address["ip"], "");
                let ports: Vec<i64> =
                    items(&subset["ports"]).filter_map(|it| it["port"].as_i64()).collect();
                if ports.is_empty() {
                    return vec![ip.to_owned()];
                }
                ports.iter().map(|port| format!("{ip}:{port}")).collect()
            })
        });
        first_of(each.collect())
    };
    vec![name(), text("Endpoints", all), age()]
}

pub fn endpoint_slice() -> Vec<Column> {
    vec![
        name(),
        text("AddressType", |it, _| it["addressType"].clone()),
        text("Ports", |it, _| {
            let ports = items(&it["ports"]).filter_map(|it| it["port"].as_i64());
            first_or(ports.map(|it| it.to_string()).collect(), "<unset>")
        }),
        text("Endpoints", |it, _| {
            let addresses = items(&it["endpoints"]).flat_map(|it| items(&it["addresses"]));
            first_or(addresses.filter_map(Value::as_str).map(str::to_owned).collect(), "<unset>")
        }),
        age(),
    ]
}

fn first_of(all: Vec<String>) -> Value {
    first_or(all, "<none>")
}

fn first_or(all: Vec<String>, nothing: &str) -> Value {
    let more = all.len().saturating_sub(ADDRESSES_SHOWN);
    let shown = all[..all.len() - more].join(",");
    match more {
        _ if all.is_empty() => json!(nothing),
        0 => json!(shown),
        more => json!(format!("{shown} + {more} more...")),
    }
}
