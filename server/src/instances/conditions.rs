//! The conditions and the phase in an instance's status.

use dormer_api::vcluster::{CONDITIONS, Phase};
use serde_json::{Value, json};

use crate::clock::rfc3339;
use crate::kube::object;

/// What is known of an instance, in the order in which it comes true: the index in [`CONDITIONS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fact {
    /// A host cluster was chosen.
    Scheduled,
    /// The template was found and its parameters filled in.
    TemplateResolved,
    /// The namespace is written.
    SpaceSynced,
    /// The namespace is there.
    SpaceReady,
    /// The `VirtualCluster` is written.
    VirtualClusterSynced,
    /// The virtual cluster answers.
    VirtualClusterReady,
}

/// Sets a condition; the time of its last change stays where its status stays.
pub(super) fn set(object: &mut Value, fact: Fact, holds: bool, message: &str, now: i64) {
    let kind = CONDITIONS[fact as usize];
    let status = if holds { "True" } else { "False" };
    let place =
        object::map_at(object, &["status"]).entry("conditions").or_insert_with(|| json!([]));
    let Some(conditions) = place.as_array_mut() else { return };
    let mut condition =
        json!({ "type": kind, "status": status, "lastTransitionTime": rfc3339(now) });
    if !message.is_empty() {
        condition["message"] = json!(message);
    }
    match conditions.iter_mut().find(|it| it["type"] == kind) {
        Some(known) => {
            if known["status"] == status {
                condition["lastTransitionTime"] = known["lastTransitionTime"].clone();
            }
            *known = condition;
        }
        None => conditions.push(condition),
    }
    let order = |it: &Value| CONDITIONS.iter().position(|kind| it["type"] == *kind);
    conditions.sort_by_key(order);
}

/// Sets phase, reason and message.
pub(super) fn phase(object: &mut Value, phase: Phase, reason: &str, message: &str) {
    let status = object::map_at(object, &["status"]);
    status.insert("phase".into(), json!(phase));
    status.insert("reason".into(), json!(reason));
    status.insert("message".into(), json!(message));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_keeps_its_time_while_its_status_stays() {
        let mut object = json!({});
        set(&mut object, Fact::Scheduled, true, "", 10);
        set(&mut object, Fact::Scheduled, true, "still", 20);
        assert_eq!(object["status"]["conditions"][0]["lastTransitionTime"], rfc3339(10));
        set(&mut object, Fact::Scheduled, false, "", 30);
        assert_eq!(object["status"]["conditions"][0]["lastTransitionTime"], rfc3339(30));
    }

    #[test]
    fn conditions_stand_in_the_order_in_which_they_come_true() {
        let mut object = json!({});
        set(&mut object, Fact::VirtualClusterReady, false, "", 0);
        set(&mut object, Fact::Scheduled, true, "", 0);
        let kinds: Vec<&Value> = object["status"]["conditions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| &it["type"])
            .collect();
        assert_eq!(kinds, ["Scheduled", "VirtualClusterReady"]);
    }
}
