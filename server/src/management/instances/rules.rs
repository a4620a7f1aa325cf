//! What a virtual cluster's object has to look like.

use dormer_api::annotation;
use dormer_api::cluster::Cluster;
use dormer_api::name;
use dormer_api::project::Project;
use dormer_api::status::StatusCause;
use dormer_api::vcluster::VirtualClusterInstance;
use serde_json::Value;

use super::super::selves::typed;
use super::super::{GROUP, key, yaml};
use crate::auth::Caller;
use crate::kube::{Error, Result, object};
use crate::management::{CLUSTERS, TEMPLATES};
use crate::store::Snapshot;

/// Why a template of one's own is refused.
pub const OWN_TEMPLATE_WORDS: &str = "In a real Kubernetes cluster, values of your own would act with the rights of its agent: leave them out, or ask an administrator.";

const KIND: &str = "VirtualClusterInstance";

/// Annotations whose value is a number of seconds.
const SECONDS: [&str; 4] = [
    annotation::SLEEP_AFTER,
    annotation::DELETE_AFTER,
    annotation::FORCE_DURATION,
    annotation::LAST_ACTIVITY,
];

/// Checks an object against the rules and against its project. What is as it was in `old` is not
/// checked against what else has changed since: a template that is gone must not keep it awake.
pub(super) fn check(
    snapshot: &Snapshot<'_>,
    project: &Project,
    caller: &Caller,
    old: Option<&Value>,
    object: &Value,
) -> Result<()> {
    let name = object::name(object);
    let changed = |field: &str| old.is_none_or(|old| old["spec"][field] != object["spec"][field]);
    let instance: VirtualClusterInstance = typed(object)?;
    let mut faults = Faults::default();
    if let Err(error) = name::vcluster_id(name) {
        faults.add("metadata.name", error.to_string());
    }
    if !instance.spec.display_name.is_empty()
        && let Err(error) = name::display_name(&instance.spec.display_name)
    {
        faults.add("spec.displayName", error.to_string());
    }
    for key in SECONDS {
        let value = instance.metadata.annotation(key);
        if value.is_some_and(|it| it.parse::<i64>().map_or(true, |seconds| seconds < 0)) {
            faults.add(
                &format!("metadata.annotations[{key}]"),
                "A whole number of seconds, 0 or more.",
            );
        }
    }
    if changed("template") || changed("templateRef") {
        template(snapshot, project, &instance, &mut faults)?;
    }
    if changed("clusterRef") {
        cluster(snapshot, project, &instance, &mut faults)?;
    }
    if !caller.admin && changed("template") && instance.spec.template.is_some() {
        own_template(snapshot, &instance, &mut faults)?;
    }
    faults.end(name)?;
    yaml::check(KIND, name, "spec.parameters", &instance.spec.parameters)?;
    let values = instance.spec.template.as_ref().map(|it| it.helm_release.values.as_str());
    yaml::check(KIND, name, "spec.template.helmRelease.values", values.unwrap_or_default())
}

#[derive(Default)]
struct Faults(Vec<StatusCause>);

impl Faults {
    fn add(&mut self, field: &str, message: impl Into<String>) {
        self.0.push(StatusCause {
            reason: "FieldValueInvalid".into(),
            message: message.into(),
            field: field.into(),
        });
    }

    fn end(self, name: &str) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(Error::Invalid {
            kind: KIND.into(),
            group: GROUP.into(),
            name: name.into(),
            causes: self.0,
        })
    }
}

fn template(
    snapshot: &Snapshot<'_>,
    project: &Project,
    instance: &VirtualClusterInstance,
    faults: &mut Faults,
) -> Result<()> {
    match (&instance.spec.template_ref, &instance.spec.template) {
        (Some(_), Some(_)) => {
            faults.add("spec.template", "Either a template by name or one of its own, not both.")
        }
        (None, Some(_)) => {}
        (None, None) => faults.add("spec.templateRef.name", "Choose a template."),
        (Some(asked), None) => {
            let allowed = project.spec.allows_template(&asked.name);
            let there = snapshot.get(&key(TEMPLATES, "", &asked.name))?.is_some();
            if !there || !allowed {
                faults.add(
                    "spec.templateRef.name",
                    format!("There is no template `{}` in this project.", asked.name),
                );
            }
        }
    }
    Ok(())
}

fn cluster(
    snapshot: &Snapshot<'_>,
    project: &Project,
    instance: &VirtualClusterInstance,
    faults: &mut Faults,
) -> Result<()> {
    let asked = &instance.spec.cluster_ref.cluster;
    if asked.is_empty() {
        return Ok(());
    }
    let allowed = project.spec.allows_cluster(asked);
    if !allowed || snapshot.get(&key(CLUSTERS, "", asked))?.is_none() {
        faults.add(
            "spec.clusterRef.cluster",
            format!("There is no cluster `{asked}` in this project."),
        );
    }
    Ok(())
}

/// A chart and its values act in a real host with its agent's rights: they are an administrator's to
/// choose, and others name a template.
fn own_template(
    snapshot: &Snapshot<'_>,
    instance: &VirtualClusterInstance,
    faults: &mut Faults,
) -> Result<()> {
    let Some(entry) = snapshot.get(&key(CLUSTERS, "", &instance.spec.cluster_ref.cluster))? else {
        return Ok(());
    };
    let cluster: Cluster = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
    if cluster.runs_charts() {
        faults.add("spec.template", OWN_TEMPLATE_WORDS);
    }
    Ok(())
}

/// Where a virtual cluster lives never changes; where it was not placed yet, only its cluster may be
/// said.
pub(super) fn keep_place(old: &Value, new: &mut Value) -> Result<()> {
    let was = old["spec"]["clusterRef"]["cluster"].as_str().unwrap_or_default();
    let is = new["spec"]["clusterRef"]["cluster"].as_str().unwrap_or_default();
    if !was.is_empty() && was != is {
        let (field, words) = ("spec.clusterRef.cluster", "It cannot move once it is placed.");
        return Err(Error::invalid_field(KIND, GROUP, object::name(new), field, words));
    }
    let reference = object::map_at(new, &["spec", "clusterRef"]);
    for field in ["namespace", "virtualCluster"] {
        match old["spec"]["clusterRef"].get(field) {
            Some(value) => reference.insert(field.into(), value.clone()),
            None => reference.remove(field),
        };
    }
    Ok(())
}
