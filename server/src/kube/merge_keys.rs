//! How lists and maps of the built-in types merge.
//!
//! Source: the `patchStrategy`, `patchMergeKey`, `listType`, `listMapKey`, `mapType` and `structType`
//! marks in `k8s.io/api` and `k8s.io/apimachinery` 0.33. What is not named here is as usual: lists
//! are replaced as a whole, maps and structures are merged.

use serde_json::{Map, Value, json};

/// How one field merges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// A list whose items are told apart by these fields; a strategic merge patch knows the first.
    Keyed(&'static [&'static str]),
    /// As `Keyed`; a patch of an item may also drop what it does not retain.
    KeyedRetainKeys(&'static [&'static str]),
    /// As `Keyed` for server-side apply; a strategic merge patch replaces it.
    ApplyKeyed(&'static [&'static str]),
    /// As `Keyed` for a strategic merge patch; server-side apply replaces it.
    PatchKeyed(&'static str),
    /// A list of values without doubles; a strategic merge patch replaces it.
    Set,
    /// A list of values without doubles.
    MergedSet,
    /// A structure of which a patch may drop what it does not retain.
    RetainKeys,
    /// A structure that a strategic merge patch replaces.
    Replace,
    /// A map or structure that server-side apply replaces.
    AtomicMap,
    /// A map or structure that server-side apply merges although its type says otherwise.
    GranularMap,
}

use How::{
    ApplyKeyed, AtomicMap, GranularMap, Keyed, KeyedRetainKeys, MergedSet, PatchKeyed, Replace,
    RetainKeys, Set,
};

/// The last three parts of the definition's name, the field, and how it merges. Sorted.
const FIELDS: &[(&str, &str, How)] = &[
    ("apiextensions.v1.CustomResourceDefinitionStatus", "conditions", ApplyKeyed(&["type"])),
    ("apps.v1.DaemonSetStatus", "conditions", Keyed(&["type"])),
    ("apps.v1.DeploymentSpec", "strategy", RetainKeys),
    ("apps.v1.DeploymentStatus", "conditions", Keyed(&["type"])),
    ("apps.v1.ReplicaSetStatus", "conditions", Keyed(&["type"])),
    ("apps.v1.StatefulSetStatus", "conditions", Keyed(&["type"])),
    ("autoscaling.v2.HorizontalPodAutoscalerStatus", "conditions", Keyed(&["type"])),
    ("batch.v1.JobStatus", "conditions", PatchKeyed("type")),
    ("batch.v1.PodFailurePolicyOnExitCodesRequirement", "values", Set),
    ("batch.v1.UncountedTerminatedPods", "failed", Set),
    ("batch.v1.UncountedTerminatedPods", "succeeded", Set),
    ("core.v1.Container", "env", Keyed(&["name"])),
    ("core.v1.Container", "ports", Keyed(&["containerPort", "protocol"])),
    ("core.v1.Container", "volumeDevices", Keyed(&["devicePath"])),
    ("core.v1.Container", "volumeMounts", Keyed(&["mountPath"])),
    ("core.v1.ContainerStatus", "allocatedResourcesStatus", Keyed(&["name"])),
    ("core.v1.ContainerStatus", "volumeMounts", Keyed(&["mountPath"])),
    ("core.v1.EphemeralContainer", "env", Keyed(&["name"])),
    ("core.v1.EphemeralContainer", "ports", Keyed(&["containerPort", "protocol"])),
    ("core.v1.EphemeralContainer", "volumeDevices", Keyed(&["devicePath"])),
    ("core.v1.EphemeralContainer", "volumeMounts", Keyed(&["mountPath"])),
    ("core.v1.NamespaceStatus", "conditions", Keyed(&["type"])),
    ("core.v1.NodeSpec", "podCIDRs", MergedSet),
    ("core.v1.NodeStatus", "addresses", Keyed(&["type"])),
    ("core.v1.NodeStatus", "conditions", Keyed(&["type"])),
    ("core.v1.PersistentVolumeClaimStatus", "allocatedResourceStatuses", GranularMap),
    ("core.v1.PersistentVolumeClaimStatus", "conditions", Keyed(&["type"])),
    ("core.v1.PersistentVolumeSpec", "claimRef", GranularMap),
    ("core.v1.PodSpec", "containers", Keyed(&["name"])),
    ("core.v1.PodSpec", "ephemeralContainers", Keyed(&["name"])),
    ("core.v1.PodSpec", "hostAliases", Keyed(&["ip"])),
    ("core.v1.PodSpec", "imagePullSecrets", Keyed(&["name"])),
    ("core.v1.PodSpec", "initContainers", Keyed(&["name"])),
    ("core.v1.PodSpec", "nodeSelector", AtomicMap),
    ("core.v1.PodSpec", "resourceClaims", KeyedRetainKeys(&["name"])),
    ("core.v1.PodSpec", "schedulingGates", Keyed(&["name"])),
    ("core.v1.PodSpec", "topologySpreadConstraints", Keyed(&["topologyKey", "whenUnsatisfiable"])),
    ("core.v1.PodSpec", "volumes", KeyedRetainKeys(&["name"])),
    ("core.v1.PodStatus", "conditions", Keyed(&["type"])),
    ("core.v1.PodStatus", "hostIPs", PatchKeyed("ip")),
    ("core.v1.PodStatus", "podIPs", Keyed(&["ip"])),
    ("core.v1.PodStatus", "resourceClaimStatuses", KeyedRetainKeys(&["name"])),
    ("core.v1.ReplicationControllerSpec", "selector", AtomicMap),
    ("core.v1.ReplicationControllerStatus", "conditions", Keyed(&["type"])),
    ("core.v1.ResourceRequirements", "claims", ApplyKeyed(&["name"])),
    ("core.v1.ResourceStatus", "resources", ApplyKeyed(&["resourceID"])),
    ("core.v1.ServiceAccount", "secrets", Keyed(&["name"])),
    ("core.v1.ServiceSpec", "ports", Keyed(&["port", "protocol"])),
    ("core.v1.ServiceSpec", "selector", AtomicMap),
    ("core.v1.ServiceStatus", "conditions", Keyed(&["type"])),
    ("discovery.v1.Endpoint", "addresses", Set),
    ("meta.v1.ObjectMeta", "finalizers", MergedSet),
    ("meta.v1.ObjectMeta", "ownerReferences", Keyed(&["uid"])),
    ("policy.v1.PodDisruptionBudgetSpec", "selector", Replace),
    ("policy.v1.PodDisruptionBudgetStatus", "conditions", Keyed(&["type"])),
];

/// Definitions that server-side apply replaces as a whole. Sorted.
const ATOMIC: &[&str] = &[
    "autoscaling.v1.CrossVersionObjectReference",
    "core.v1.ConfigMapKeySelector",
    "core.v1.EndpointAddress",
    "core.v1.EndpointPort",
    "core.v1.LocalObjectReference",
    "core.v1.NodeSelector",
    "core.v1.NodeSelectorTerm",
    "core.v1.ObjectFieldSelector",
    "core.v1.ObjectReference",
    "core.v1.ResourceFieldSelector",
    "core.v1.ScopeSelector",
    "core.v1.SecretKeySelector",
    "core.v1.SecretReference",
    "core.v1.TopologySelectorTerm",
    "core.v1.TypedLocalObjectReference",
    "discovery.v1.EndpointPort",
    "meta.v1.LabelSelector",
    "meta.v1.OwnerReference",
    "networking.v1.ServiceBackendPort",
    "rbac.v1.RoleRef",
    "rbac.v1.Subject",
];

/// Whether server-side apply replaces values of `definition` as a whole.
#[must_use]
pub fn is_atomic(definition: &str) -> bool {
    ATOMIC.binary_search(&last_three(definition)).is_ok()
}

/// Adds to the schema of `definition.field` the `x-kubernetes-…` marks that say how it merges.
pub fn mark(definition: &str, field: &str, schema: &mut Map<String, Value>) {
    let place = FIELDS.binary_search_by(|it| (it.0, it.1).cmp(&(last_three(definition), field)));
    let Ok(place) = place else { return };
    let (patch, key, list, keys, map) = match FIELDS[place].2 {
        Keyed(keys) => ("merge", keys[0], "map", keys, ""),
        KeyedRetainKeys(keys) => ("merge,retainKeys", keys[0], "map", keys, ""),
        ApplyKeyed(keys) => ("", "", "map", keys, ""),
        PatchKeyed(key) => ("merge", key, "atomic", &[] as &[&str], ""),
        Set => ("", "", "set", &[] as _, ""),
        MergedSet => ("merge", "", "set", &[] as _, ""),
        RetainKeys => ("retainKeys", "", "", &[] as _, ""),
        Replace => ("replace", "", "", &[] as _, ""),
        AtomicMap => ("", "", "", &[] as _, "atomic"),
        GranularMap => ("", "", "", &[] as _, "granular"),
    };
    let marks = [
        ("x-kubernetes-patch-strategy", json!(patch)),
        ("x-kubernetes-patch-merge-key", json!(key)),
        ("x-kubernetes-list-type", json!(list)),
        ("x-kubernetes-list-map-keys", json!(keys)),
        ("x-kubernetes-map-type", json!(map)),
    ];
    for (mark, value) in marks {
        if value != json!("") && value != json!([]) {
            schema.insert(mark.to_owned(), value);
        }
    }
}

/// `core.v1.Container` of `io.k8s.api.core.v1.Container`.
fn last_three(definition: &str) -> &str {
    definition.rmatch_indices('.').nth(2).map_or(definition, |(dot, _)| &definition[dot + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_for_the_search() {
        assert!(FIELDS.is_sorted_by_key(|it| (it.0, it.1)));
        assert!(ATOMIC.is_sorted());
    }

    #[test]
    fn the_ports_of_a_container_are_found_by_number_and_protocol() {
        let mut schema = Map::new();
        mark("io.k8s.api.core.v1.Container", "ports", &mut schema);
        assert_eq!(schema["x-kubernetes-patch-merge-key"], "containerPort");
        assert_eq!(schema["x-kubernetes-list-map-keys"], json!(["containerPort", "protocol"]));
        assert!(is_atomic("io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector"));
    }
}
