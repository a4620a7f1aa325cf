use serde_json::{Value, json};

use super::rules::{Faults, Rules};
use super::*;

/// The object with its defaults, and the fields that are wrong.
fn made(rules: &Rules, mut object: Value) -> (Value, Vec<String>) {
    (rules.fill)(&mut object);
    (rules.begin)(&mut object);
    let mut faults = Faults::default();
    (rules.check)(&object, &mut faults);
    (object, faults.fields())
}

#[track_caller]
fn check(rules: &Rules, object: Value, wrong: &[&str]) {
    assert_eq!(made(rules, object).1, wrong);
}

fn deployment() -> Value {
    json!({ "metadata": { "name": "web" }, "spec": {
        "selector": { "matchLabels": { "app": "web" } },
        "template": {
            "metadata": { "labels": { "app": "web" } },
            "spec": { "containers": [{ "name": "web", "image": "nginx:1.27" }] },
        },
    } })
}

#[test]
fn every_resource_has_a_schema_and_a_name_column_and_no_name_twice() {
    let all = resources();
    for it in &all {
        assert!(matches!(it.schema, Schema::BuiltIn(_)), "{}", it.plural);
        assert!(!it.columns.is_empty(), "{}", it.plural);
    }
    let mut taken: Vec<String> = all.iter().flat_map(|it| it.short_names.clone()).collect();
    taken.extend(all.iter().map(|it| it.stored_as()));
    let count = taken.len();
    taken.sort();
    taken.dedup();
    assert_eq!(taken.len(), count);
}

#[test]
fn a_bare_deployment_gets_what_kubernetes_would_give_it() {
    let (object, wrong) = made(&workloads::DEPLOYMENT, deployment());
    assert_eq!(wrong, Vec::<String>::new());
    let spec = &object["spec"];
    assert_eq!(spec["replicas"], 1);
    assert_eq!(spec["strategy"]["rollingUpdate"]["maxSurge"], "25%");
    assert_eq!(spec["template"]["spec"]["restartPolicy"], "Always");
    assert_eq!(spec["template"]["spec"]["containers"][0]["imagePullPolicy"], "IfNotPresent");
}

#[test]
fn a_template_that_its_selector_does_not_pick_is_refused() {
    let mut object = deployment();
    object["spec"]["template"]["metadata"]["labels"]["app"] = json!("other");
    check(&workloads::DEPLOYMENT, object, &["spec.template.metadata.labels"]);
    check(
        &workloads::DEPLOYMENT,
        json!({ "metadata": {}, "spec": {} }),
        &["spec.selector", "spec.template.spec.containers"],
    );
}

#[test]
fn a_pod_without_an_image_or_with_a_stray_mount_is_refused() {
    let pod = json!({ "spec": { "containers": [
        { "name": "a" },
        { "name": "a", "image": "x", "volumeMounts": [{ "name": "v", "mountPath": "/v" }] },
    ] } });
    let wrong = [
        "spec.containers[0].image",
        "spec.containers[1].volumeMounts[0].name",
        "spec.containers[1].name",
    ];
    check(&pods::POD, pod, &wrong);
}

#[test]
fn a_stateful_set_mounts_what_it_claims() {
    let mut set = deployment();
    let mounts = json!([{ "name": "data", "mountPath": "/data" }]);
    set["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] = mounts;
    let wrong = ["spec.template.spec.containers[0].volumeMounts[0].name"];
    check(&workloads::STATEFUL_SET, set.clone(), &wrong);
    set["spec"]["volumeClaimTemplates"] = json!([{ "metadata": { "name": "data" } }]);
    check(&workloads::STATEFUL_SET, set, &[]);
}

#[test]
fn a_pod_waits_for_a_node_that_never_comes() {
    let (pod, _) =
        made(&pods::POD, json!({ "spec": { "containers": [{ "name": "a", "image": "x" }] } }));
    assert_eq!(pod["status"]["phase"], "Pending");
    assert_eq!(pod["status"]["qosClass"], "BestEffort");
    assert_eq!(pod["spec"]["serviceAccountName"], "default");
}

#[test]
fn plain_text_of_a_secret_is_kept_as_base64() {
    let secret = json!({ "data": { "b": "eA==" }, "stringData": { "a": "secret" } });
    let (secret, wrong) = made(&data::SECRET, secret);
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(secret, json!({ "type": "Opaque", "data": { "a": "c2VjcmV0", "b": "eA==" } }));
    check(&data::SECRET, json!({ "data": { "a": "no base64" } }), &["data[a]"]);
    check(
        &data::SECRET,
        json!({ "type": "kubernetes.io/tls" }),
        &["data[tls.crt]", "data[tls.key]"],
    );
}

#[test]
fn a_key_of_a_configmap_is_a_file_name() {
    for key in ["a b", "", "..", ".", "a/b", "ü"] {
        check(&data::CONFIG_MAP, json!({ "data": { key: "" } }), &[&format!("data[{key}]")]);
    }
    check(&data::CONFIG_MAP, json!({ "data": { "a.b_C-1": "" } }), &[]);
}

#[test]
fn what_is_immutable_stays() {
    let changed = |rules: &Rules, old: Value, new: Value| {
        let mut faults = Faults::default();
        (rules.compare)(&old, &new, &mut faults);
        faults.fields()
    };
    let old = json!({ "immutable": true, "data": { "a": "1" } });
    assert_eq!(changed(&data::CONFIG_MAP, old, json!({ "data": {} })), ["immutable", "data"]);
    let old = json!({ "roleRef": { "name": "view" } });
    assert_eq!(
        changed(&access::ROLE_BINDING, old, json!({ "roleRef": { "name": "admin" } })),
        ["roleRef"]
    );
    let old = json!({ "spec": { "selector": { "matchLabels": { "a": "b" } } } });
    assert_eq!(changed(&workloads::DEPLOYMENT, old, json!({ "spec": {} })), ["spec.selector"]);
}

#[test]
fn a_service_needs_ports_unless_it_is_only_a_name() {
    check(&network::SERVICE, json!({ "spec": {} }), &["spec.ports"]);
    check(&network::SERVICE, json!({ "spec": { "clusterIP": "None" } }), &[]);
    check(
        &network::SERVICE,
        json!({ "spec": { "type": "ExternalName", "externalName": "x.org" } }),
        &[],
    );
    let ports = json!([{ "port": 80 }, { "port": 70_000 }]);
    let wrong = [
        "spec.ports[0].name",
        "spec.ports[1].port",
        "spec.ports[1].targetPort",
        "spec.ports[1].name",
    ];
    check(&network::SERVICE, json!({ "spec": { "ports": ports } }), &wrong);
}

#[test]
fn a_job_does_not_restart_for_ever() {
    let mut job = deployment();
    check(&workloads::JOB, job.clone(), &["spec.template.spec.restartPolicy"]);
    job["spec"]["template"]["spec"]["restartPolicy"] = json!("Never");
    check(&workloads::JOB, job, &[]);
}

#[test]
fn filling_in_twice_is_as_good_as_once() {
    for rules in
        [&workloads::DEPLOYMENT, &workloads::STATEFUL_SET, &workloads::DAEMON_SET, &workloads::JOB]
    {
        let mut once = deployment();
        (rules.fill)(&mut once);
        let mut twice = once.clone();
        (rules.fill)(&mut twice);
        assert_eq!(once, twice, "{}", rules.kind);
    }
}
