//! Roles and their bindings.

use serde_json::{Value, json};

use super::rules::{Faults, Rules, each, fill, items_mut};

const GROUP: &str = "rbac.authorization.k8s.io";

/// The rules of Roles.
pub const ROLE: Rules =
    Rules { check: |it, faults| check_rules(it, false, faults), ..Rules::of(GROUP, "Role") };

/// The rules of ClusterRoles.
pub const CLUSTER_ROLE: Rules =
    Rules { check: |it, faults| check_rules(it, true, faults), ..Rules::of(GROUP, "ClusterRole") };

/// The rules of RoleBindings.
pub const ROLE_BINDING: Rules = Rules {
    fill: fill_binding,
    check: |it, faults| check_binding(it, &["ClusterRole", "Role"], faults),
    compare: keep_role,
    ..Rules::of(GROUP, "RoleBinding")
};

/// The rules of ClusterRoleBindings.
pub const CLUSTER_ROLE_BINDING: Rules = Rules {
    fill: fill_binding,
    check: |it, faults| check_binding(it, &["ClusterRole"], faults),
    compare: keep_role,
    ..Rules::of(GROUP, "ClusterRoleBinding")
};

fn check_rules(role: &Value, whole_cluster: bool, faults: &mut Faults) {
    let empty = |value: &Value| value.as_array().is_none_or(Vec::is_empty);
    each(&role["rules"], "rules", |rule, path| {
        if empty(&rule["verbs"]) {
            faults.required(format!("{path}.verbs"), "verbs must contain at least one value");
        }
        if !empty(&rule["nonResourceURLs"]) {
            if !whole_cluster {
                let why = "namespaced rules cannot apply to non-resource URLs";
                faults.invalid(format!("{path}.nonResourceURLs"), &rule["nonResourceURLs"], why);
            }
            return;
        }
        if empty(&rule["apiGroups"]) {
            let why = "resource rules must supply at least one api group";
            faults.required(format!("{path}.apiGroups"), why);
        }
        if empty(&rule["resources"]) {
            let why = "resource rules must supply at least one resource";
            faults.required(format!("{path}.resources"), why);
        }
    });
}

fn fill_binding(binding: &mut Value) {
    if binding["roleRef"].is_object() {
        fill(&mut binding["roleRef"], &[("apiGroup", json!(GROUP))]);
    }
    if binding.get("subjects").is_none() {
        return;
    }
    for subject in items_mut(&mut binding["subjects"]) {
        if subject["kind"] == "User" || subject["kind"] == "Group" {
            fill(subject, &[("apiGroup", json!(GROUP))]);
        }
    }
}

fn check_binding(binding: &Value, kinds: &[&str], faults: &mut Faults) {
    let role = &binding["roleRef"];
    faults.one_of("roleRef.kind", &role["kind"], kinds);
    if role["name"].as_str().is_none_or(str::is_empty) {
        faults.required("roleRef.name", "");
    }
    each(&binding["subjects"], "subjects", |it, path| {
        if it["name"].as_str().is_none_or(str::is_empty) {
            faults.required(format!("{path}.name"), "");
        }
        faults.one_of(format!("{path}.kind"), &it["kind"], &["Group", "ServiceAccount", "User"]);
        if it["kind"] == "ServiceAccount" && it["namespace"].as_str().is_none_or(str::is_empty) {
            faults.required(format!("{path}.namespace"), "");
        }
    });
}

fn keep_role(old: &Value, new: &Value, faults: &mut Faults) {
    if old["roleRef"] != new["roleRef"] {
        faults.invalid("roleRef", &new["roleRef"], "cannot change roleRef");
    }
}
