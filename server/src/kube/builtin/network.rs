//! Services and what routes to them.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::rules::{Faults, Rules, each, fill, items_mut};

/// The rules of Services. No address is handed out: there is no network for it to be on.
pub const SERVICE: Rules = Rules {
    fill: |it| {
        let spec = &mut it["spec"];
        fill(spec, &[("type", json!("ClusterIP")), ("sessionAffinity", json!("None"))]);
        if spec["type"] != "ExternalName" {
            fill(
                spec,
                &[
                    ("internalTrafficPolicy", json!("Cluster")),
                    ("ipFamilies", json!(["IPv4"])),
                    ("ipFamilyPolicy", json!("SingleStack")),
                ],
            );
        }
        if spec["type"] == "NodePort" || spec["type"] == "LoadBalancer" {
            fill(spec, &[("externalTrafficPolicy", json!("Cluster"))]);
        }
        if spec["clusterIP"].as_str().is_some_and(|it| !it.is_empty())
            && spec["clusterIPs"].is_null()
        {
            spec["clusterIPs"] = json!([spec["clusterIP"]]);
        }
        if spec.get("ports").is_some() {
            items_mut(&mut spec["ports"]).for_each(|port| {
                let same = port["port"].clone();
                fill(port, &[("protocol", json!("TCP")), ("targetPort", same)]);
            });
        }
    },
    begin: |it| fill(&mut it["status"], &[("loadBalancer", json!({}))]),
    check: |it, faults| check_service(&it["spec"], faults),
    compare: |old, new, faults| {
        let (before, after) = (&old["spec"]["clusterIP"], &new["spec"]["clusterIP"]);
        let stays = old["spec"]["type"] != "ExternalName" && new["spec"]["type"] != "ExternalName";
        if stays && !before.is_null() && before != after {
            faults.invalid("spec.clusterIPs[0]", after, "may not change once set");
        }
    },
    ..Rules::of("", "Service")
};

fn check_service(spec: &Value, faults: &mut Faults) {
    let types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    faults.one_of("spec.type", &spec["type"], &types);
    faults.one_of("spec.sessionAffinity", &spec["sessionAffinity"], &["ClientIP", "None"]);
    let ports = spec["ports"].as_array().map_or(0, Vec::len);
    if spec["type"] == "ExternalName" {
        if spec["externalName"].as_str().is_none_or(str::is_empty) {
            faults.required("spec.externalName", "");
        }
    } else if ports == 0 && spec["clusterIP"] != "None" {
        faults.required("spec.ports", "");
    }
    let mut names: HashSet<&str> = HashSet::new();
    each(&spec["ports"], "spec.ports", |port, path| {
        if port["port"].is_null() {
            faults.required(format!("{path}.port"), "");
        }
        faults.port(format!("{path}.port"), &port["port"]);
        faults.port(format!("{path}.targetPort"), &port["targetPort"]);
        faults.one_of(format!("{path}.protocol"), &port["protocol"], &["SCTP", "TCP", "UDP"]);
        let name = &port["name"];
        if ports > 1 && name.as_str().is_none_or(str::is_empty) {
            faults.required(format!("{path}.name"), "");
        } else if name.as_str().is_some_and(|it| !names.insert(it)) {
            faults.duplicate(format!("{path}.name"), name);
        }
    });
}

/// The rules of Ingresses.
pub const INGRESS: Rules = Rules {
    begin: |it| fill(&mut it["status"], &[("loadBalancer", json!({}))]),
    check: |it, faults| {
        let spec = &it["spec"];
        if spec["defaultBackend"].is_null() && spec["rules"].as_array().is_none_or(Vec::is_empty) {
            let why = "either `defaultBackend` or `rules` must be specified";
            faults.invalid("spec", &json!(null), why);
        }
        each(&spec["rules"], "spec.rules", |rule, path| {
            each(&rule["http"]["paths"], &format!("{path}.http.paths"), |it, path| {
                let field = format!("{path}.pathType");
                if it["pathType"].is_null() {
                    faults.required(field, "pathType must be specified");
                } else {
                    let types = ["Exact", "ImplementationSpecific", "Prefix"];
                    faults.one_of(field, &it["pathType"], &types);
                }
                if it["backend"].is_null() {
                    faults.required(format!("{path}.backend"), "");
                }
            });
        });
    },
    ..Rules::of("networking.k8s.io", "Ingress")
};

/// The rules of NetworkPolicies.
pub const NETWORK_POLICY: Rules = Rules {
    fill: |it| {
        let mut types = vec!["Ingress"];
        if !it["spec"]["egress"].is_null() {
            types.push("Egress");
        }
        fill(&mut it["spec"], &[("policyTypes", json!(types))]);
    },
    ..Rules::of("networking.k8s.io", "NetworkPolicy")
};
