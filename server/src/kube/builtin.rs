//! The stored resources that every embedded cluster has. CustomResourceDefinitions come with the
//! server itself, the questions about rights with [`review`](super::review).

mod access;
mod cluster;
mod columns;
mod data;
mod network;
mod pods;
pub(super) mod rules;
mod storage;
mod workloads;

use std::sync::{Arc, OnceLock};

use self::columns::{access as of_access, cluster as of_cluster, network as of_network};
use self::columns::{storage as of_storage, workloads as of_workloads};
use super::openapi::definition_of;
use super::resource::{Resource, Schema};

/// All stored resources of an embedded cluster.
#[must_use]
pub fn resources() -> Vec<Arc<Resource>> {
    static ALL: OnceLock<Vec<Arc<Resource>>> = OnceLock::new();
    // One list for all clusters: there may be thousands.
    ALL.get_or_init(|| all().into_iter().map(Arc::new).collect()).clone()
}

fn all() -> Vec<Resource> {
    let mut all = core();
    all.extend(limits());
    all.extend(workloads());
    all.extend(batch());
    all.extend(network());
    all.extend(access());
    all.extend(others());
    all
}

fn named(group: &str, version: &str, plural: &str, kind: &str, namespaced: bool) -> Resource {
    let stored = Resource::stored(group, version, plural, kind, namespaced);
    let schema = definition_of(&stored.api_version(), kind).map_or(Schema::Open, Schema::BuiltIn);
    Resource { schema, ..stored }
}

/// In a namespace.
fn inside(group: &str, version: &str, plural: &str, kind: &str) -> Resource {
    named(group, version, plural, kind, true)
}

/// Of the whole cluster.
fn whole(group: &str, version: &str, plural: &str, kind: &str) -> Resource {
    named(group, version, plural, kind, false)
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|it| (*it).to_owned()).collect()
}

fn core() -> Vec<Resource> {
    vec![
        Resource {
            short_names: names(&["ns"]),
            status: true,
            columns: of_cluster::namespace(),
            strategy: Arc::new(cluster::Namespace),
            ..whole("", "v1", "namespaces", "Namespace")
        },
        Resource {
            short_names: names(&["cm"]),
            columns: of_storage::config_map(),
            strategy: Arc::new(data::CONFIG_MAP),
            ..inside("", "v1", "configmaps", "ConfigMap")
        },
        Resource {
            columns: of_storage::secret(),
            strategy: Arc::new(data::SECRET),
            ..inside("", "v1", "secrets", "Secret")
        },
        Resource {
            short_names: names(&["sa"]),
            columns: of_access::service_account(),
            ..inside("", "v1", "serviceaccounts", "ServiceAccount")
        },
        Resource {
            short_names: names(&["svc"]),
            categories: names(&["all"]),
            status: true,
            columns: of_network::service(),
            strategy: Arc::new(network::SERVICE),
            ..inside("", "v1", "services", "Service")
        },
        Resource {
            short_names: names(&["ep"]),
            columns: of_network::endpoints(),
            ..inside("", "v1", "endpoints", "Endpoints")
        },
        Resource {
            short_names: names(&["ev"]),
            columns: of_cluster::event(),
            strategy: Arc::new(cluster::EVENT),
            ..inside("", "v1", "events", "Event")
        },
    ]
}

fn limits() -> Vec<Resource> {
    vec![
        Resource {
            short_names: names(&["no"]),
            status: true,
            columns: of_cluster::node(),
            ..whole("", "v1", "nodes", "Node")
        },
        Resource {
            short_names: names(&["limits"]),
            columns: of_cluster::limit_range(),
            ..inside("", "v1", "limitranges", "LimitRange")
        },
        Resource {
            short_names: names(&["quota"]),
            status: true,
            columns: of_cluster::quota(),
            strategy: Arc::new(cluster::QUOTA),
            ..inside("", "v1", "resourcequotas", "ResourceQuota")
        },
        Resource {
            short_names: names(&["pvc"]),
            status: true,
            columns: of_storage::claim(),
            strategy: Arc::new(storage::CLAIM),
            ..inside("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim")
        },
        Resource {
            short_names: names(&["pv"]),
            status: true,
            columns: of_storage::volume(),
            strategy: Arc::new(storage::VOLUME),
            ..whole("", "v1", "persistentvolumes", "PersistentVolume")
        },
        Resource {
            columns: of_workloads::pod_template(),
            ..inside("", "v1", "podtemplates", "PodTemplate")
        },
    ]
}

fn workloads() -> Vec<Resource> {
    let all = || names(&["all"]);
    vec![
        Resource {
            short_names: names(&["po"]),
            categories: all(),
            status: true,
            columns: of_workloads::pod(),
            strategy: Arc::new(pods::POD),
            ..inside("", "v1", "pods", "Pod")
        },
        Resource {
            short_names: names(&["rc"]),
            categories: all(),
            status: true,
            columns: of_workloads::replication_controller(),
            strategy: Arc::new(workloads::REPLICATION_CONTROLLER),
            ..inside("", "v1", "replicationcontrollers", "ReplicationController")
        },
        Resource {
            short_names: names(&["deploy"]),
            categories: all(),
            status: true,
            columns: of_workloads::deployment(),
            strategy: Arc::new(workloads::DEPLOYMENT),
            ..inside("apps", "v1", "deployments", "Deployment")
        },
        Resource {
            short_names: names(&["sts"]),
            categories: all(),
            status: true,
            columns: of_workloads::stateful_set(),
            strategy: Arc::new(workloads::STATEFUL_SET),
            ..inside("apps", "v1", "statefulsets", "StatefulSet")
        },
        Resource {
            short_names: names(&["ds"]),
            categories: all(),
            status: true,
            columns: of_workloads::daemon_set(),
            strategy: Arc::new(workloads::DAEMON_SET),
            ..inside("apps", "v1", "daemonsets", "DaemonSet")
        },
        Resource {
            short_names: names(&["rs"]),
            categories: all(),
            status: true,
            columns: of_workloads::replica_set(),
            strategy: Arc::new(workloads::REPLICA_SET),
            ..inside("apps", "v1", "replicasets", "ReplicaSet")
        },
        Resource {
            columns: of_workloads::controller_revision(),
            ..inside("apps", "v1", "controllerrevisions", "ControllerRevision")
        },
    ]
}

fn batch() -> Vec<Resource> {
    let all = || names(&["all"]);
    vec![
        Resource {
            categories: all(),
            status: true,
            columns: of_workloads::job(),
            strategy: Arc::new(workloads::JOB),
            ..inside("batch", "v1", "jobs", "Job")
        },
        Resource {
            short_names: names(&["cj"]),
            categories: all(),
            status: true,
            columns: of_workloads::cron_job(),
            strategy: Arc::new(workloads::CRON_JOB),
            ..inside("batch", "v1", "cronjobs", "CronJob")
        },
        Resource {
            short_names: names(&["hpa"]),
            categories: all(),
            status: true,
            columns: of_workloads::autoscaler(),
            strategy: Arc::new(cluster::AUTOSCALER),
            ..inside("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler")
        },
        Resource {
            short_names: names(&["pdb"]),
            status: true,
            columns: of_workloads::disruption_budget(),
            ..inside("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget")
        },
    ]
}

fn network() -> Vec<Resource> {
    let group = "networking.k8s.io";
    vec![
        Resource {
            short_names: names(&["ing"]),
            status: true,
            columns: of_network::ingress(),
            strategy: Arc::new(network::INGRESS),
            ..inside(group, "v1", "ingresses", "Ingress")
        },
        Resource {
            columns: of_network::ingress_class(),
            ..whole(group, "v1", "ingressclasses", "IngressClass")
        },
        Resource {
            short_names: names(&["netpol"]),
            columns: of_network::network_policy(),
            strategy: Arc::new(network::NETWORK_POLICY),
            ..inside(group, "v1", "networkpolicies", "NetworkPolicy")
        },
        Resource {
            columns: of_network::endpoint_slice(),
            ..inside("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice")
        },
    ]
}

fn access() -> Vec<Resource> {
    let group = "rbac.authorization.k8s.io";
    vec![
        Resource {
            columns: of_access::role(),
            strategy: Arc::new(access::ROLE),
            ..inside(group, "v1", "roles", "Role")
        },
        Resource {
            columns: of_access::binding(),
            strategy: Arc::new(access::ROLE_BINDING),
            ..inside(group, "v1", "rolebindings", "RoleBinding")
        },
        Resource {
            columns: of_access::role(),
            strategy: Arc::new(access::CLUSTER_ROLE),
            ..whole(group, "v1", "clusterroles", "ClusterRole")
        },
        Resource {
            columns: of_access::binding(),
            strategy: Arc::new(access::CLUSTER_ROLE_BINDING),
            ..whole(group, "v1", "clusterrolebindings", "ClusterRoleBinding")
        },
    ]
}

fn others() -> Vec<Resource> {
    vec![
        Resource {
            columns: of_cluster::lease(),
            ..inside("coordination.k8s.io", "v1", "leases", "Lease")
        },
        Resource {
            short_names: names(&["sc"]),
            columns: of_storage::storage_class(),
            strategy: Arc::new(storage::STORAGE_CLASS),
            ..whole("storage.k8s.io", "v1", "storageclasses", "StorageClass")
        },
        Resource {
            short_names: names(&["pc"]),
            columns: of_cluster::priority_class(),
            strategy: Arc::new(cluster::PRIORITY_CLASS),
            ..whole("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass")
        },
    ]
}

#[cfg(test)]
mod tests;
