//! The built-in types whose schemas are known.

use k8s_openapi::Resource;
use k8s_openapi::api::{
    apps::v1 as apps, authentication::v1 as authentication, authorization::v1 as authorization,
    autoscaling::v2 as autoscaling, batch::v1 as batch, coordination::v1 as coordination,
    core::v1 as core, discovery::v1 as discovery, events::v1 as events,
    networking::v1 as networking, policy::v1 as policy, rbac::v1 as rbac,
    scheduling::v1 as scheduling, storage::v1 as storage,
};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1 as apiextensions;
use schemars::{JsonSchema, SchemaGenerator};

/// A type that objects have.
pub struct Type {
    /// Such as `io.k8s.api.core.v1.ConfigMap`.
    pub definition: &'static str,
    /// Such as `v1` or `apps/v1`.
    pub api_version: &'static str,
    /// Such as `ConfigMap`.
    pub kind: &'static str,
    /// Adds the schema, and all that it refers to, to the generator.
    pub generate: fn(&mut SchemaGenerator),
}

const fn of<T: JsonSchema + Resource>(definition: &'static str) -> Type {
    Type { definition, api_version: T::API_VERSION, kind: T::KIND, generate: generate::<T> }
}

fn generate<T: JsonSchema>(generator: &mut SchemaGenerator) {
    generator.subschema_for::<T>();
}

/// Every type that an object of an embedded cluster may have, CustomResourceDefinitions' apart.
pub const TYPES: &[Type] = &[
    of::<core::Namespace>("io.k8s.api.core.v1.Namespace"),
    of::<core::ConfigMap>("io.k8s.api.core.v1.ConfigMap"),
    of::<core::Secret>("io.k8s.api.core.v1.Secret"),
    of::<core::ServiceAccount>("io.k8s.api.core.v1.ServiceAccount"),
    of::<core::Service>("io.k8s.api.core.v1.Service"),
    of::<core::Event>("io.k8s.api.core.v1.Event"),
    of::<core::Endpoints>("io.k8s.api.core.v1.Endpoints"),
    of::<core::Pod>("io.k8s.api.core.v1.Pod"),
    of::<core::PodTemplate>("io.k8s.api.core.v1.PodTemplate"),
    of::<core::ReplicationController>("io.k8s.api.core.v1.ReplicationController"),
    of::<core::PersistentVolumeClaim>("io.k8s.api.core.v1.PersistentVolumeClaim"),
    of::<core::PersistentVolume>("io.k8s.api.core.v1.PersistentVolume"),
    of::<core::ResourceQuota>("io.k8s.api.core.v1.ResourceQuota"),
    of::<core::LimitRange>("io.k8s.api.core.v1.LimitRange"),
    of::<core::Node>("io.k8s.api.core.v1.Node"),
    of::<apps::Deployment>("io.k8s.api.apps.v1.Deployment"),
    of::<apps::StatefulSet>("io.k8s.api.apps.v1.StatefulSet"),
    of::<apps::DaemonSet>("io.k8s.api.apps.v1.DaemonSet"),
    of::<apps::ReplicaSet>("io.k8s.api.apps.v1.ReplicaSet"),
    of::<apps::ControllerRevision>("io.k8s.api.apps.v1.ControllerRevision"),
    of::<batch::Job>("io.k8s.api.batch.v1.Job"),
    of::<batch::CronJob>("io.k8s.api.batch.v1.CronJob"),
    of::<networking::Ingress>("io.k8s.api.networking.v1.Ingress"),
    of::<networking::IngressClass>("io.k8s.api.networking.v1.IngressClass"),
    of::<networking::NetworkPolicy>("io.k8s.api.networking.v1.NetworkPolicy"),
    of::<policy::PodDisruptionBudget>("io.k8s.api.policy.v1.PodDisruptionBudget"),
    of::<autoscaling::HorizontalPodAutoscaler>("io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler"),
    of::<rbac::Role>("io.k8s.api.rbac.v1.Role"),
    of::<rbac::RoleBinding>("io.k8s.api.rbac.v1.RoleBinding"),
    of::<rbac::ClusterRole>("io.k8s.api.rbac.v1.ClusterRole"),
    of::<rbac::ClusterRoleBinding>("io.k8s.api.rbac.v1.ClusterRoleBinding"),
    of::<coordination::Lease>("io.k8s.api.coordination.v1.Lease"),
    of::<discovery::EndpointSlice>("io.k8s.api.discovery.v1.EndpointSlice"),
    of::<storage::StorageClass>("io.k8s.api.storage.v1.StorageClass"),
    of::<scheduling::PriorityClass>("io.k8s.api.scheduling.v1.PriorityClass"),
    of::<events::Event>("io.k8s.api.events.v1.Event"),
    of::<authorization::SelfSubjectAccessReview>(
        "io.k8s.api.authorization.v1.SelfSubjectAccessReview",
    ),
    of::<authorization::SelfSubjectRulesReview>(
        "io.k8s.api.authorization.v1.SelfSubjectRulesReview",
    ),
    of::<authorization::SubjectAccessReview>("io.k8s.api.authorization.v1.SubjectAccessReview"),
    of::<authorization::LocalSubjectAccessReview>(
        "io.k8s.api.authorization.v1.LocalSubjectAccessReview",
    ),
    of::<authentication::SelfSubjectReview>("io.k8s.api.authentication.v1.SelfSubjectReview"),
    of::<apiextensions::CustomResourceDefinition>(
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
    ),
];

/// The definition of objects that say this `apiVersion` and `kind` of themselves.
#[must_use]
pub fn definition_of(api_version: &str, kind: &str) -> Option<&'static str> {
    TYPES.iter().find(|it| it.api_version == api_version && it.kind == kind).map(|it| it.definition)
}
