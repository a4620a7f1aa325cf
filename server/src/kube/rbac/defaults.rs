//! The roles and bindings that a cluster is born with.

use serde_json::{Value, json};

use super::GROUP;

/// What `view` shows, by API group. No secrets, and nothing about rights.
const VIEWED: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "configmaps",
            "endpoints",
            "events",
            "limitranges",
            "namespaces",
            "persistentvolumeclaims",
            "pods",
            "pods/log",
            "pods/status",
            "podtemplates",
            "replicationcontrollers",
            "replicationcontrollers/scale",
            "resourcequotas",
            "resourcequotas/status",
            "serviceaccounts",
            "services",
            "services/status",
        ],
    ),
    (
        "apps",
        &[
            "controllerrevisions",
            "daemonsets",
            "deployments",
            "deployments/scale",
            "deployments/status",
            "replicasets",
            "replicasets/scale",
            "statefulsets",
            "statefulsets/scale",
        ],
    ),
    ("autoscaling", &["horizontalpodautoscalers"]),
    ("batch", &["cronjobs", "jobs"]),
    ("discovery.k8s.io", &["endpointslices"]),
    ("networking.k8s.io", &["ingresses", "networkpolicies"]),
    ("policy", &["poddisruptionbudgets"]),
];

/// What `edit` may change of the core group, beside its reading: `view` less what only a cluster's
/// keeper sets, and secrets.
const EDITED: &[&str] = &[
    "configmaps",
    "endpoints",
    "events",
    "persistentvolumeclaims",
    "pods",
    "podtemplates",
    "replicationcontrollers",
    "replicationcontrollers/scale",
    "secrets",
    "serviceaccounts",
    "services",
];

const READ: [&str; 3] = ["get", "list", "watch"];
const WRITE: [&str; 5] = ["create", "update", "patch", "delete", "deletecollection"];

/// The roles `cluster-admin`, `admin`, `edit` and `view`, and bindings to them.
///
/// `system:masters` are cluster admins; the other groups are those that the gateway puts people into
/// with whom a virtual cluster was shared as less than that.
#[must_use]
pub fn default_objects() -> Vec<Value> {
    let all = json!([
        { "apiGroups": ["*"], "resources": ["*"], "verbs": ["*"] },
        { "nonResourceURLs": ["*"], "verbs": ["*"] },
    ]);
    let view: Vec<Value> =
        VIEWED.iter().map(|(group, resources)| rule(group, resources, &READ)).collect();
    let mut edit = view.clone();
    edit.push(rule("", EDITED, &READ));
    edit.push(rule("", EDITED, &WRITE));
    edit.extend(VIEWED[1..].iter().map(|(group, resources)| rule(group, resources, &WRITE)));
    let mut admin = edit.clone();
    admin.push(rule(GROUP, &["rolebindings", "roles"], &[READ.as_slice(), &WRITE].concat()));
    admin.push(rule("authorization.k8s.io", &["localsubjectaccessreviews"], &["create"]));
    vec![
        role("cluster-admin", all),
        aggregated("admin", json!(admin)),
        aggregated("edit", json!(edit)),
        aggregated("view", json!(view)),
        binding("cluster-admin", "cluster-admin", "system:masters"),
        binding("loft-shared-admin", "admin", "loft:cluster-role:admin"),
        binding("loft-shared-edit", "edit", "loft:cluster-role:edit"),
        binding("loft-shared-view", "view", "loft:cluster-role:view"),
    ]
}

fn binding(name: &str, role: &str, group: &str) -> Value {
    json!({
        "apiVersion": format!("{GROUP}/v1"),
        "kind": "ClusterRoleBinding",
        "metadata": { "name": name, "labels": bootstrapping() },
        "roleRef": { "apiGroup": GROUP, "kind": "ClusterRole", "name": role },
        "subjects": [{ "apiGroup": GROUP, "kind": "Group", "name": group }],
    })
}

fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> Value {
    json!({ "apiGroups": [group], "resources": resources, "verbs": verbs })
}

fn role(name: &str, rules: Value) -> Value {
    json!({
        "apiVersion": format!("{GROUP}/v1"),
        "kind": "ClusterRole",
        "metadata": { "name": name, "labels": bootstrapping() },
        "rules": rules,
    })
}

/// A role that others join by a label: `rbac.authorization.k8s.io/aggregate-to-view: "true"`.
fn aggregated(name: &str, rules: Value) -> Value {
    let label = format!("{GROUP}/aggregate-to-{name}");
    let mut role = role(name, rules);
    role["aggregationRule"] =
        json!({ "clusterRoleSelectors": [{ "matchLabels": { label: "true" } }] });
    role
}

fn bootstrapping() -> Value {
    json!({ "kubernetes.io/bootstrapping": "rbac-defaults" })
}
