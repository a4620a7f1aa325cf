//! Virtual clusters: `VirtualClusterInstance` of `management.loft.sh/v1`, and what its annotations say.

use serde::{Deserialize, Serialize};

use crate::annotation;
use crate::meta::{Access, Condition, ObjectMeta, UserOrTeam};

/// A virtual cluster, as its people see it. Lives in the namespace of its project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VirtualClusterInstance {
    /// Name, project namespace, sleep annotations.
    pub metadata: ObjectMeta,
    /// What is asked for.
    pub spec: VirtualClusterInstanceSpec,
    /// What is.
    pub status: VirtualClusterInstanceStatus,
}

/// What is asked for of a virtual cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VirtualClusterInstanceSpec {
    /// Free text; empty means the object's name is shown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    /// Free text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Whose it is. The server puts in the caller where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserOrTeam>,
    /// The template to make it from; excludes `template`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_ref: Option<TemplateRef>,
    /// A definition of its own; excludes `template_ref`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<VirtualClusterTemplateDefinition>,
    /// Where it runs. An empty cluster means that the scheduler chooses; once set it never changes.
    pub cluster_ref: ClusterRef,
    /// Values of the template's parameters, as YAML.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub parameters: String,
    /// Who may use it besides its owner.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extra_access_rules: Vec<AccessRule>,
    /// Rights on the object itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub access: Vec<Access>,
}

/// Names a template.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TemplateRef {
    /// The name of a `VirtualClusterTemplate`.
    pub name: String,
    /// Empty, an exact version, or one with `x` for any number.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
}

/// Where a virtual cluster runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClusterRef {
    /// The name of a `Cluster`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cluster: String,
    /// The namespace in that cluster.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// The name of the `VirtualCluster` in that namespace.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub virtual_cluster: String,
}

/// People who may use a virtual cluster, and as what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccessRule {
    /// Names of users, or `*`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<String>,
    /// Names of teams, or `*`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<String>,
    /// A cluster role inside the virtual cluster.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cluster_role: String,
}

/// What a virtual cluster is made of: the body of a template.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VirtualClusterTemplateDefinition {
    /// Put on the `VirtualCluster` in the host cluster.
    pub metadata: ObjectMeta,
    /// Put on the instance; sleep annotations stand here.
    pub instance_template: InstanceTemplate,
    /// The chart and its values.
    pub helm_release: HelmRelease,
}

/// What a template puts on the instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InstanceTemplate {
    /// Labels and annotations; those of the instance itself win.
    pub metadata: ObjectMeta,
}

/// A Helm release, as asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HelmRelease {
    /// Which chart.
    pub chart: Chart,
    /// Its values, as YAML.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub values: String,
}

/// A Helm chart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Chart {
    /// Such as `vcluster`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The URL of its repository.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub repo: String,
    /// Its version, without a leading `v`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
}

/// What is, of a virtual cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VirtualClusterInstanceStatus {
    /// Absent until the controller first sees the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// One word, for programs.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// One sentence, for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// In the order of [`CONDITIONS`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The template as resolved, with its parameters filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtual_cluster: Option<VirtualClusterTemplateDefinition>,
    /// The version that the virtual cluster's own `/version` tells.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kubernetes_version: String,
    /// Whether the caller may use it. Computed for each answer, never stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_use: Option<bool>,
    /// Whether the caller may change it. Computed for each answer, never stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_update: Option<bool>,
}

/// The conditions of an instance, in the order in which they come true.
pub const CONDITIONS: [&str; 6] = [
    "Scheduled",
    "TemplateResolved",
    "SpaceSynced",
    "SpaceReady",
    "VirtualClusterSynced",
    "VirtualClusterReady",
];

/// The phases that the CLIs know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Phase {
    /// On its way: being made, changed or woken.
    Pending,
    /// Answers.
    Ready,
    /// Asleep; wakes when it is touched, unless it is held.
    Sleeping,
    /// Stuck; the message says on what.
    Failed,
}

impl Phase {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Ready => "Ready",
            Self::Sleeping => "Sleeping",
            Self::Failed => "Failed",
        }
    }
}

/// Why a virtual cluster sleeps: the values of [`annotation::SLEEP_TYPE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SleepType {
    /// Nobody used it for as long as `sleep-after` says.
    InactivitySleep,
    /// Somebody put it to sleep; access wakes it.
    ForcedSleep,
    /// Somebody put it to sleep and holds it there for a time.
    ForcedDurationSleep,
    /// Its schedule said so.
    ScheduledSleep,
}

impl SleepType {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InactivitySleep => "inactivitySleep",
            Self::ForcedSleep => "forcedSleep",
            Self::ForcedDurationSleep => "forcedDurationSleep",
            Self::ScheduledSleep => "scheduledSleep",
        }
    }
}

/// Who used a virtual cluster last, and how: [`annotation::LAST_ACTIVITY_INFO`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ActivityInfo {
    /// The name of the user.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// The first word of the client's `User-Agent`, such as `kubectl/v1.32.0`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub client: String,
    /// The Kubernetes verb.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub verb: String,
    /// The resource, such as `configmaps`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub resource: String,
}

/// What the sleep annotations of an instance say, as numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SleepFacts {
    /// Seconds without use until it sleeps.
    pub sleep_after: Option<i64>,
    /// Seconds without use until it is deleted.
    pub delete_after: Option<i64>,
    /// Unix seconds.
    pub last_activity: Option<i64>,
    /// Unix seconds; there while it sleeps.
    pub sleeping_since: Option<i64>,
    /// Why it sleeps.
    pub sleep_type: Option<SleepType>,
    /// Somebody asked for it to sleep now.
    pub forced: bool,
    /// With `forced`: seconds in which access does not wake it; 0 is for ever.
    pub force_duration: Option<i64>,
}

impl SleepFacts {
    /// Reads the annotations. What is not a number counts as absent; zero and less switch off
    /// `sleep-after` and `delete-after`.
    #[must_use]
    pub fn of(metadata: &ObjectMeta) -> Self {
        let number = |key| metadata.annotation(key).and_then(|text| text.parse::<i64>().ok());
        let sleep_type = match metadata.annotation(annotation::SLEEP_TYPE) {
            Some("inactivitySleep") => Some(SleepType::InactivitySleep),
            Some("forcedSleep") => Some(SleepType::ForcedSleep),
            Some("forcedDurationSleep") => Some(SleepType::ForcedDurationSleep),
            Some("scheduledSleep") => Some(SleepType::ScheduledSleep),
            Some(_) | None => None,
        };
        Self {
            sleep_after: number(annotation::SLEEP_AFTER).filter(|&it| it > 0),
            delete_after: number(annotation::DELETE_AFTER).filter(|&it| it > 0),
            last_activity: number(annotation::LAST_ACTIVITY),
            sleeping_since: number(annotation::SLEEPING_SINCE).filter(|&it| it > 0),
            sleep_type,
            forced: metadata.annotation(annotation::FORCE) == Some("true"),
            force_duration: number(annotation::FORCE_DURATION),
        }
    }

    /// Until when access does not wake it: `None` when access does, `Some(None)` for ever, else
    /// Unix seconds.
    #[must_use]
    pub fn held_until(&self, now: i64) -> Option<Option<i64>> {
        let since = self.sleeping_since.unwrap_or(now);
        match self.force_duration {
            Some(0) if self.forced => Some(None),
            Some(seconds) if self.forced && since.saturating_add(seconds) > now => {
                Some(Some(since.saturating_add(seconds)))
            }
            Some(_) | None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(pairs: &[(&str, &str)]) -> SleepFacts {
        let annotations = pairs.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect();
        SleepFacts::of(&ObjectMeta { annotations, ..ObjectMeta::default() })
    }

    #[test]
    fn a_sleep_after_of_nothing_or_nonsense_is_off() {
        assert_eq!(facts(&[(annotation::SLEEP_AFTER, "0")]).sleep_after, None);
        assert_eq!(facts(&[(annotation::SLEEP_AFTER, "soon")]).sleep_after, None);
        assert_eq!(facts(&[(annotation::SLEEP_AFTER, "90")]).sleep_after, Some(90));
    }

    #[test]
    fn a_held_sleep_ends_when_its_time_is_over() {
        let held = facts(&[
            (annotation::FORCE, "true"),
            (annotation::FORCE_DURATION, "60"),
            (annotation::SLEEPING_SINCE, "1000"),
        ]);
        assert_eq!(held.held_until(1059), Some(Some(1060)));
        assert_eq!(held.held_until(1060), None);
    }

    #[test]
    fn a_sleep_held_for_ever_has_no_end_and_one_without_duration_is_not_held() {
        let ever = facts(&[(annotation::FORCE, "true"), (annotation::FORCE_DURATION, "0")]);
        assert_eq!(ever.held_until(1 << 40), Some(None));
        assert_eq!(facts(&[(annotation::FORCE, "true")]).held_until(5), None);
    }
}
