//! Pods and the templates of pods.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::rules::{Faults, Rules, each, fill, items_mut};

/// The rules of pods.
pub const POD: Rules = Rules {
    fill: |pod| fill_spec(&mut pod["spec"]),
    begin: |pod| {
        let account = pod["spec"]["serviceAccountName"].as_str().unwrap_or("default").to_owned();
        fill(
            &mut pod["spec"],
            &[
                ("serviceAccountName", json!(account)),
                ("serviceAccount", json!(account)),
                ("enableServiceLinks", json!(true)),
                ("priority", json!(0)),
                ("preemptionPolicy", json!("PreemptLowerPriority")),
            ],
        );
        let qos = quality(&pod["spec"]);
        fill(&mut pod["status"], &[("phase", json!("Pending")), ("qosClass", json!(qos))]);
    },
    check: |pod, faults| {
        check_spec(&pod["spec"], &Value::Null, "spec", faults);
        faults.one_of(
            "spec.restartPolicy",
            &pod["spec"]["restartPolicy"],
            &["Always", "OnFailure", "Never"],
        );
    },
    compare: |old, new, faults| {
        if fixed(&old["spec"]) != fixed(&new["spec"]) {
            faults.forbidden(
                "spec",
                "pod updates may not change fields other than `spec.containers[*].image`,\
                 `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,\
                 `spec.tolerations` (only additions to existing tolerations),\
                 `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
            );
        }
    },
    ..Rules::of("", "Pod")
};

/// What may not change of a pod.
fn fixed(spec: &Value) -> Value {
    let mut spec = spec.clone();
    for field in
        ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "nodeName"]
    {
        spec[field] = Value::Null;
    }
    for list in ["containers", "initContainers"] {
        for container in items_mut(&mut spec[list]) {
            container["image"] = Value::Null;
        }
    }
    spec
}

/// The class by which a node would choose what to stop first.
fn quality(spec: &Value) -> &'static str {
    let containers: Vec<&Value> = spec["containers"].as_array().into_iter().flatten().collect();
    let says = |it: &&Value, which: &str| {
        it["resources"][which].as_object().is_some_and(|it| !it.is_empty())
    };
    let same = |it: &&Value, what: &str| {
        let (request, limit) =
            (&it["resources"]["requests"][what], &it["resources"]["limits"][what]);
        !limit.is_null() && (request.is_null() || request == limit)
    };
    if !containers.iter().any(|it| says(it, "requests") || says(it, "limits")) {
        return "BestEffort";
    }
    let exact = containers.iter().all(|it| same(it, "cpu") && same(it, "memory"));
    if exact { "Guaranteed" } else { "Burstable" }
}

/// Fills in what a pod's spec leaves out.
pub fn fill_spec(spec: &mut Value) {
    fill(
        spec,
        &[
            ("restartPolicy", json!("Always")),
            ("dnsPolicy", json!("ClusterFirst")),
            ("schedulerName", json!("default-scheduler")),
            ("terminationGracePeriodSeconds", json!(30)),
            ("securityContext", json!({})),
        ],
    );
    for list in ["containers", "initContainers"] {
        if spec.get(list).is_some() {
            items_mut(&mut spec[list]).for_each(fill_container);
        }
    }
    if spec.get("volumes").is_some() {
        items_mut(&mut spec["volumes"]).for_each(fill_volume);
    }
}

fn fill_container(container: &mut Value) {
    if !container.is_object() {
        return;
    }
    let image = container["image"].as_str().unwrap_or_default();
    let newest = !image.contains('@')
        && image
            .rsplit('/')
            .next()
            .and_then(|it| it.split_once(':'))
            .is_none_or(|it| it.1 == "latest");
    let pull = if newest { "Always" } else { "IfNotPresent" };
    fill(
        container,
        &[
            ("imagePullPolicy", json!(pull)),
            ("resources", json!({})),
            ("terminationMessagePath", json!("/dev/termination-log")),
            ("terminationMessagePolicy", json!("File")),
        ],
    );
    if container.get("ports").is_some() {
        items_mut(&mut container["ports"]).for_each(|it| fill(it, &[("protocol", json!("TCP"))]));
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if container[probe].is_object() {
            fill_probe(&mut container[probe]);
        }
    }
}

fn fill_probe(probe: &mut Value) {
    let numbers = [
        ("timeoutSeconds", 1),
        ("periodSeconds", 10),
        ("successThreshold", 1),
        ("failureThreshold", 3),
    ];
    fill(probe, &numbers.map(|(name, value)| (name, json!(value))));
    if probe["httpGet"].is_object() {
        fill(&mut probe["httpGet"], &[("scheme", json!("HTTP")), ("path", json!("/"))]);
    }
}

fn fill_volume(volume: &mut Value) {
    // 420 is 0644 in octal.
    for source in ["configMap", "secret", "downwardAPI", "projected"] {
        if volume[source].is_object() {
            fill(&mut volume[source], &[("defaultMode", json!(420))]);
        }
    }
}

/// Finds what is wrong with a pod's spec at `path`. `claims` are the templates of claims that a
/// StatefulSet adds as volumes.
pub fn check_spec(spec: &Value, claims: &Value, path: &str, faults: &mut Faults) {
    if spec["containers"].as_array().is_none_or(Vec::is_empty) {
        faults.required(format!("{path}.containers"), "");
    }
    let mut volumes: HashSet<&str> = HashSet::new();
    each(&spec["volumes"], &format!("{path}.volumes"), |volume, path| {
        match volume["name"].as_str() {
            None | Some("") => faults.required(format!("{path}.name"), ""),
            Some(name) if !volumes.insert(name) => {
                faults.duplicate(format!("{path}.name"), &volume["name"]);
            }
            Some(_) => {}
        }
    });
    each(claims, "", |it, _| volumes.extend(it["metadata"]["name"].as_str()));
    let mut names: HashSet<&str> = HashSet::new();
    for list in ["initContainers", "containers"] {
        each(&spec[list], &format!("{path}.{list}"), |container, path| {
            check_container(container, &path, &volumes, faults);
            if container["name"].as_str().is_some_and(|it| !names.insert(it)) {
                faults.duplicate(format!("{path}.name"), &container["name"]);
            }
        });
    }
}

fn check_container(container: &Value, path: &str, volumes: &HashSet<&str>, faults: &mut Faults) {
    match container["name"].as_str() {
        None | Some("") => faults.required(format!("{path}.name"), ""),
        Some(name) if !is_label(name) => {
            faults.invalid(format!("{path}.name"), &container["name"], LABEL)
        }
        Some(_) => {}
    }
    if container["image"].as_str().is_none_or(str::is_empty) {
        faults.required(format!("{path}.image"), "");
    }
    let policies = ["Always", "IfNotPresent", "Never"];
    faults.one_of(format!("{path}.imagePullPolicy"), &container["imagePullPolicy"], &policies);
    each(&container["ports"], &format!("{path}.ports"), |port, path| {
        if port["containerPort"].is_null() {
            faults.required(format!("{path}.containerPort"), "");
        }
        faults.port(format!("{path}.containerPort"), &port["containerPort"]);
    });
    each(&container["env"], &format!("{path}.env"), |it, path| {
        if it["name"].as_str().is_none_or(str::is_empty) {
            faults.required(format!("{path}.name"), "");
        }
    });
    each(&container["volumeMounts"], &format!("{path}.volumeMounts"), |it, path| {
        if it["mountPath"].as_str().is_none_or(str::is_empty) {
            faults.required(format!("{path}.mountPath"), "");
        }
        if !it["name"].as_str().is_some_and(|it| volumes.contains(it)) {
            faults.missing(format!("{path}.name"), &it["name"]);
        }
    });
}

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

/// Whether `name` is a label of RFC 1123.
fn is_label(name: &str) -> bool {
    let plain = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit();
    name.len() <= 63
        && name.bytes().all(|it| plain(it) || it == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
}
