//! From a target to the way there: what the caller may use, where it lives, and as whom.

use dormer_api::vcluster::{ActivityInfo, Phase, VirtualClusterInstance};
use serde_json::Value;

use super::{Gateway, inside};
use crate::audit::{Entry, annotation};
use crate::auth::Caller;
use crate::authz;
use crate::hosts::Host;
use crate::kube::resource::{Attributes, Decision, Verb};
use crate::kube::{Error, Result};
use crate::management;
use crate::sleep::activity::InUse;
use crate::upstream::Upstream;

/// Where an authorized request goes, and as whom.
pub(super) struct Way {
    /// The name of the host cluster.
    cluster: String,
    pub host: Host,
    pub upstream: Upstream,
    pub caller: Caller,
    /// What the caller counts as over there.
    pub inside: Caller,
    pub resource: &'static str,
    pub namespace: String,
    pub name: String,
}

impl Way {
    /// Says in the audit trail what only the objects say.
    pub(super) fn said(&self, entry: &Entry) {
        entry.say(annotation::CLUSTER, &self.cluster);
        if let Some(project) = dormer_api::name::project_of_namespace(&self.namespace) {
            entry.say(annotation::PROJECT, project);
            entry.say(annotation::VIRTUAL_CLUSTER, &self.name);
        }
    }
}

impl Gateway {
    /// The management object that a target goes through, if the caller may use it.
    pub(super) async fn authorized(
        &self,
        caller: &Caller,
        attributes: Attributes,
    ) -> Result<Value> {
        let caller = caller.clone();
        self.store
            .read(move |snapshot| {
                let (resource, name) = (attributes.resource.clone(), attributes.name.clone());
                let missing = || missing(&attributes);
                let key =
                    management::key(&attributes.resource, &attributes.namespace, &attributes.name);
                let entry = snapshot.get(&key)?.ok_or_else(missing)?;
                let object: Value = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
                match authz::may(snapshot, &caller, &attributes, Some(&object))? {
                    Decision::Allow => Ok(object),
                    Decision::Hide => Err(missing()),
                    Decision::Deny => Err(Error::Forbidden(format!(
                        "{resource}.{} \"{name}\" is forbidden: User \"{}\" cannot use it",
                        management::GROUP,
                        caller.name
                    ))),
                }
            })
            .await
    }

    fn host(&self, cluster: &str) -> Result<Host> {
        self.hosts.get(cluster).ok_or_else(|| Error::Unavailable {
            message: format!("the cluster {cluster} is not connected"),
            retry_after_seconds: 1,
        })
    }

    pub(super) async fn to_cluster(&self, caller: Caller, cluster: &str) -> Result<Way> {
        let resource = management::CLUSTERS;
        self.authorized(&caller, attributes(resource, "", cluster)).await?;
        let host = self.host(cluster)?;
        let groups = inside::groups_in_host(&caller);
        let inside = Caller { groups, key: None, ..caller.clone() };
        let upstream = host.api();
        let (namespace, name) = (String::new(), cluster.to_owned());
        let cluster = name.clone();
        Ok(Way { cluster, host, upstream, caller, inside, resource, namespace, name })
    }

    pub(super) async fn to_virtual_cluster(
        &self,
        caller: Caller,
        (namespace, name): (String, String),
        used: Option<ActivityInfo>,
    ) -> Result<(Way, Option<InUse>)> {
        let mut instance = self.reach(&caller, &namespace, &name).await?;
        let in_use = used.map(|used| self.sleep.activity.begin(&namespace, &name, used));
        let mut awake = self.awake(&instance).await?;
        if awake.is_none() {
            self.sleep.wake(&namespace, &name).await?;
            instance = self.reach(&caller, &namespace, &name).await?;
            awake = self.awake(&instance).await?;
        }
        let (host, upstream) = awake.ok_or_else(|| Error::Unavailable {
            message: format!("{name} does not answer yet"),
            retry_after_seconds: 2,
        })?;
        let groups = inside::groups_in_virtual_cluster(&self.store, &caller, &instance).await?;
        let inside = Caller { groups, key: None, ..caller.clone() };
        let resource = management::VCLUSTERS;
        let cluster = instance.spec.cluster_ref.cluster;
        Ok((Way { cluster, host, upstream, caller, inside, resource, namespace, name }, in_use))
    }

    /// The instance, if the caller may use it.
    async fn reach(
        &self,
        caller: &Caller,
        namespace: &str,
        name: &str,
    ) -> Result<VirtualClusterInstance> {
        let attributes = attributes(management::VCLUSTERS, namespace, name);
        let object = self.authorized(caller, attributes).await?;
        let instance: VirtualClusterInstance =
            serde::Deserialize::deserialize(&object).map_err(Error::internal)?;
        match &self.beside {
            // What lives elsewhere is, from here, not there.
            Some(here) if *here != instance.spec.cluster_ref.cluster => {
                Err(missing(&self::attributes(management::VCLUSTERS, namespace, name)))
            }
            _ => Ok(instance),
        }
    }

    /// The API of a virtual cluster; nothing while it sleeps, or where it fell asleep just now.
    async fn awake(&self, instance: &VirtualClusterInstance) -> Result<Option<(Host, Upstream)>> {
        let place = &instance.spec.cluster_ref;
        if instance.status.phase == Some(Phase::Ready) {
            let host = self.host(&place.cluster)?;
            let upstream = host.virtual_cluster(&place.namespace, &place.virtual_cluster).await;
            return Ok(upstream.map(|it| (host, it)));
        }
        Ok(None)
    }

    /// Project namespace and name of the instance that lives at this place in a host cluster: what
    /// the paths of Loft 2 name.
    pub(super) async fn instance_in_host(
        &self,
        cluster: &str,
        namespace: &str,
        name: &str,
    ) -> Result<(String, String)> {
        let place = (cluster.to_owned(), namespace.to_owned(), name.to_owned());
        self.store
            .read(move |snapshot| {
                let all: Vec<VirtualClusterInstance> =
                    management::all(snapshot, management::VCLUSTERS)?;
                let there = all.into_iter().find(|it| {
                    let at = &it.spec.cluster_ref;
                    (&at.cluster, &at.namespace, &at.virtual_cluster)
                        == (&place.0, &place.1, &place.2)
                });
                let metadata = there.map(|it| it.metadata);
                metadata.map(|it| (it.namespace, it.name)).ok_or_else(|| not_in_host(&place.2))
            })
            .await
    }
}

pub(super) fn attributes(resource: &str, namespace: &str, name: &str) -> Attributes {
    management::attributes(Verb::Use, resource, namespace, name)
}

fn missing(attributes: &Attributes) -> Error {
    let name = attributes.name.clone();
    match dormer_api::name::project_of_namespace(&attributes.namespace) {
        Some(project) => Error::NoVirtualCluster { project: project.to_owned(), name },
        None => {
            let resource = attributes.resource.clone();
            Error::NotFound { resource, group: attributes.group.clone(), name }
        }
    }
}

pub(super) fn not_in_host(name: &str) -> Error {
    Error::NotFound {
        resource: "virtualclusters".into(),
        group: crate::agent::virtual_cluster::GROUP.into(),
        name: name.to_owned(),
    }
}
