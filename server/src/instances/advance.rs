//! The steps of an instance that need only management objects: place it, resolve its template,
//! decide about its sleep, write down what its host reports.

use std::time::Duration;

use dormer_api::annotation;
use dormer_api::cluster::Cluster;
use dormer_api::state::REASON_HOST_AWAY;
use dormer_api::template::VirtualClusterTemplate;
use dormer_api::vcluster::{
    Phase, SleepFacts, SleepType, VirtualClusterInstance, VirtualClusterTemplateDefinition,
};
use serde_json::{Value, json};

use super::conditions::{self, Fact};
use super::host::Report;
use super::schedule;
use crate::kube::{Error, Result, object};
use crate::management::instances::rules::OWN_TEMPLATE_WORDS;
use crate::management::{self, projects};
use crate::sleep::policy::{Verdict, decide};
use crate::store::{Key, Tx};

/// What is to be done next about an instance.
pub(super) enum Step {
    /// It is no more.
    Gone,
    /// It cannot go on until something else changes; the object says what.
    Wait,
    /// Its deletion was asked for.
    Remove(Box<VirtualClusterInstance>),
    /// It was unused for so long that it is to be deleted.
    Expire(Box<VirtualClusterInstance>),
    /// Its host has to hear of it.
    Sync {
        /// The instance as it is now.
        instance: Box<VirtualClusterInstance>,
        /// When time alone may change the verdict.
        look_again: Option<Duration>,
    },
}

/// Does what can be done without the host. `used` is the last use that this process knows of, in Unix
/// seconds, and how many requests are open.
pub(super) fn advance(tx: &mut Tx<'_>, place: &Key, used: (Option<i64>, u32)) -> Result<Step> {
    let Some(entry) = tx.get(place)? else { return Ok(Step::Gone) };
    let was: Value = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
    let mut object = was.clone();
    let instance = typed(&object)?;
    if instance.metadata.deletion_timestamp.is_some() {
        return Ok(Step::Remove(Box::new(instance)));
    }
    let placed = schedule::place(tx, &mut object)? && resolve(tx, &mut object)?;
    let verdict = if placed { sleep(tx, &mut object, used)? } else { Verdict::Awake(None) };
    if object != was {
        tx.update(place, Some(entry.revision), object.clone())?;
    }
    if !placed {
        return Ok(Step::Wait);
    }
    let look_again = match verdict {
        Verdict::Delete => return Ok(Step::Expire(Box::new(typed(&object)?))),
        Verdict::Awake(seconds) => seconds.map(|it| Duration::from_secs(it.max(0).unsigned_abs())),
        Verdict::Sleep(_) => None,
    };
    Ok(Step::Sync { instance: Box::new(typed(&object)?), look_again })
}

fn typed(object: &Value) -> Result<VirtualClusterInstance> {
    serde::Deserialize::deserialize(object).map_err(Error::internal)
}

/// Fills in `status.virtualCluster` and what the template says of the instance itself.
fn resolve(tx: &Tx<'_>, object: &mut Value) -> Result<bool> {
    let instance = typed(object)?;
    let definition = match (&instance.spec.template, &instance.spec.template_ref) {
        (Some(definition), _) => definition.clone(),
        (None, Some(named)) => {
            match tx.get(&management::key(management::TEMPLATES, "", &named.name))? {
                Some(entry) => {
                    let template: VirtualClusterTemplate =
                        serde_json::from_slice(&entry.body).map_err(Error::internal)?;
                    template.spec.template
                }
                // One that was resolved before goes on as it was.
                None if instance.status.virtual_cluster.is_some() => return Ok(true),
                None => return Ok(unresolved(tx, object, &named.name)),
            }
        }
        (None, None) => VirtualClusterTemplateDefinition::default(),
    };
    if instance.spec.template.is_some() && is_forbidden(tx, &instance)? {
        let words = OWN_TEMPLATE_WORDS;
        conditions::set(object, Fact::TemplateResolved, false, words, tx.now());
        conditions::phase(object, Phase::Failed, "OwnTemplate", words);
        return Ok(false);
    }
    for (key, value) in &definition.instance_template.metadata.annotations {
        // Only at its birth: later, an annotation that is absent was taken away by somebody.
        if instance.status.virtual_cluster.is_none() && instance.metadata.annotation(key).is_none()
        {
            object::set_annotation(object, key, Some(value));
        }
    }
    object["status"]["virtualCluster"] =
        serde_json::to_value(definition).map_err(Error::internal)?;
    conditions::set(object, Fact::TemplateResolved, true, "", tx.now());
    Ok(true)
}

/// Whether somebody who is no administrator wrote a template for a cluster that runs charts. Refused
/// when it is written; asked again here because a cluster can become another in between.
fn is_forbidden(tx: &Tx<'_>, instance: &VirtualClusterInstance) -> Result<bool> {
    if instance.metadata.annotation(annotation::OWN_TEMPLATE) != Some("true") {
        return Ok(false);
    }
    let name = &instance.spec.cluster_ref.cluster;
    let Some(entry) = tx.get(&management::key(management::CLUSTERS, "", name))? else {
        return Ok(true);
    };
    let cluster: Cluster = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
    Ok(cluster.runs_charts())
}

fn unresolved(tx: &Tx<'_>, object: &mut Value, template: &str) -> bool {
    let message = format!("there is no template `{template}`");
    conditions::set(object, Fact::TemplateResolved, false, &message, tx.now());
    conditions::phase(object, Phase::Failed, "TemplateNotFound", &message);
    false
}

/// Writes down that it goes to sleep, if it does.
fn sleep(tx: &Tx<'_>, object: &mut Value, (used, open): (Option<i64>, u32)) -> Result<Verdict> {
    let instance = typed(object)?;
    let mut facts = SleepFacts::of(&instance.metadata);
    // What this process saw is as new as what it wrote down, or newer.
    facts.last_activity = facts.last_activity.max(used);
    let mut verdict = decide(&facts, open > 0, tx.now());
    if verdict == Verdict::Delete && is_protected(&instance) {
        verdict = Verdict::Awake(None);
    }
    if let Verdict::Sleep(why) = verdict {
        fall_asleep(object, why, &facts, tx.now());
    }
    Ok(verdict)
}

fn is_protected(instance: &VirtualClusterInstance) -> bool {
    instance.metadata.annotation(annotation::NON_DELETABLE) == Some("true")
}

fn fall_asleep(object: &mut Value, why: SleepType, facts: &SleepFacts, now: i64) {
    object::set_annotation(object, annotation::SLEEPING_SINCE, Some(&now.to_string()));
    object::set_annotation(object, annotation::SLEEP_TYPE, Some(why.as_str()));
    if let Some(last) = facts.last_activity {
        object::set_annotation(object, annotation::LAST_ACTIVITY, Some(&last.to_string()));
    }
    conditions::phase(object, Phase::Pending, "FallingAsleep", "");
}

/// Writes down what the host reports. Whether it is to sleep may have changed while the host was
/// spoken to, so that is read again.
pub(super) fn report(tx: &mut Tx<'_>, place: &Key, report: &Report) -> Result<()> {
    let Some(entry) = tx.get(place)? else { return Ok(()) };
    let was: Value = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
    let mut object = was.clone();
    let now = tx.now();
    let asleep = SleepFacts::of(&typed(&object)?.metadata).sleeping_since.is_some();
    for fact in [Fact::SpaceSynced, Fact::SpaceReady, Fact::VirtualClusterSynced] {
        conditions::set(&mut object, fact, true, "", now);
    }
    if !report.kubernetes_version.is_empty() {
        object["status"]["kubernetesVersion"] = json!(report.kubernetes_version);
    }
    let answers = report.answers && !asleep;
    conditions::set(&mut object, Fact::VirtualClusterReady, answers, &report.message, now);
    match (asleep, report.asleep, report.answers, report.failed) {
        (_, _, _, true) => {
            conditions::phase(&mut object, Phase::Failed, "VirtualClusterFailed", &report.message)
        }
        (true, true, _, _) => conditions::phase(&mut object, Phase::Sleeping, "", ""),
        (true, false, _, _) => conditions::phase(&mut object, Phase::Pending, "FallingAsleep", ""),
        (false, _, true, _) => conditions::phase(&mut object, Phase::Ready, "", ""),
        (false, asleep, false, _) => {
            let reason = if asleep { "Waking" } else { "Creating" };
            conditions::phase(&mut object, Phase::Pending, reason, &report.message);
        }
    }
    if object != was {
        tx.update(place, Some(entry.revision), object)?;
    }
    Ok(())
}

/// Writes down that nothing is known, because its host cluster is not connected.
pub(super) fn away(tx: &mut Tx<'_>, place: &Key, cluster: &str) -> Result<()> {
    let Some(entry) = tx.get(place)? else { return Ok(()) };
    let was: Value = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
    let mut object = was.clone();
    let message = match tx.get(&management::key(management::CLUSTERS, "", cluster))? {
        Some(_) => format!("The cluster {cluster} is not connected: its last state is shown."),
        None => format!("The cluster {cluster} was disconnected from this instance."),
    };
    let status = object::map_at(&mut object, &["status"]);
    status.insert("reason".into(), json!(REASON_HOST_AWAY));
    status.insert("message".into(), json!(message));
    if object != was {
        tx.update(place, Some(entry.revision), object)?;
    }
    Ok(())
}

/// The project of an instance, for the scheduler.
pub(super) fn project_of(
    tx: &Tx<'_>,
    object: &Value,
) -> Result<Option<dormer_api::project::Project>> {
    projects::of_namespace(&tx.snapshot()?, object::namespace(object))
}
