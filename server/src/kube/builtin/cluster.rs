//! Namespaces, quotas and other things of the cluster itself.

use serde_json::{Map, Value, json};

use super::rules::{Rules, entries, fill};
use crate::kube::object::{map_at, name};
use crate::kube::resource::{Call, Reveal, Strategy};
use crate::kube::{Error, Result};
use crate::store::Tx;

/// Namespaces that every cluster has for good.
const LASTING: [&str; 3] = ["default", "kube-public", "kube-system"];

/// The strategy of namespaces.
pub struct Namespace;

impl Strategy for Namespace {
    fn prepare_create(
        &self,
        _: &Call<'_>,
        _: &mut Tx<'_>,
        object: &mut Value,
    ) -> Result<Option<Reveal>> {
        fill_namespace(object);
        fill(&mut object["status"], &[("phase", json!("Active"))]);
        Ok(None)
    }

    fn prepare_update(
        &self,
        _: &Call<'_>,
        _: &mut Tx<'_>,
        _: &Value,
        new: &mut Value,
    ) -> Result<()> {
        fill_namespace(new);
        Ok(())
    }

    fn prepare_delete(&self, _: &Call<'_>, _: &mut Tx<'_>, object: &Value) -> Result<()> {
        let name = name(object);
        if LASTING.contains(&name) {
            let why = "this namespace may not be deleted";
            return Err(Error::Forbidden(format!("namespaces \"{name}\" is forbidden: {why}")));
        }
        Ok(())
    }
}

/// The label by which selectors pick a namespace.
fn fill_namespace(object: &mut Value) {
    let name = json!(name(object));
    map_at(object, &["metadata", "labels"]).insert("kubernetes.io/metadata.name".into(), name);
}

/// The rules of ResourceQuotas. Nothing is counted; what is used reads as 0.
pub const QUOTA: Rules = Rules {
    fill: |it| {
        let hard = it["spec"]["hard"].clone();
        let used: Map<String, Value> =
            entries(&hard).map(|(name, _)| (name.clone(), json!("0"))).collect();
        if hard.is_object() {
            it["status"] = json!({ "hard": hard, "used": used });
        }
    },
    ..Rules::of("", "ResourceQuota")
};

/// The rules of HorizontalPodAutoscalers.
pub const AUTOSCALER: Rules = Rules {
    fill: |it| {
        let cpu = json!({
            "type": "Resource",
            "resource": { "name": "cpu", "target": { "type": "Utilization", "averageUtilization": 80 } },
        });
        fill(&mut it["spec"], &[("minReplicas", json!(1)), ("metrics", json!([cpu]))]);
    },
    begin: |it| {
        fill(&mut it["status"], &[("currentReplicas", json!(0)), ("desiredReplicas", json!(0))]);
    },
    check: |it, faults| {
        let (least, most) =
            (it["spec"]["minReplicas"].as_i64(), it["spec"]["maxReplicas"].as_i64());
        match most {
            Some(most) if most < 1 => {
                faults.invalid("spec.maxReplicas", &json!(most), "must be greater than 0");
            }
            Some(most) if least.is_some_and(|least| least > most) => {
                let why = "must be greater than or equal to `minReplicas`";
                faults.invalid("spec.maxReplicas", &json!(most), why);
            }
            Some(_) => {}
            None => faults.required("spec.maxReplicas", ""),
        }
        if it["spec"]["scaleTargetRef"]["name"].is_null() {
            faults.required("spec.scaleTargetRef.name", "");
        }
    },
    ..Rules::of("autoscaling", "HorizontalPodAutoscaler")
};

/// The rules of PriorityClasses.
pub const PRIORITY_CLASS: Rules = Rules {
    fill: |it| fill(it, &[("preemptionPolicy", json!("PreemptLowerPriority"))]),
    compare: |old, new, faults| {
        if old["value"] != new["value"] {
            faults.forbidden("value", "may not be changed in an update.");
        }
    },
    ..Rules::of("scheduling.k8s.io", "PriorityClass")
};

/// The rules of Events.
pub const EVENT: Rules = Rules {
    check: |it, faults| {
        let (about, home) = (&it["involvedObject"]["namespace"], &it["metadata"]["namespace"]);
        let about = about.as_str().filter(|it| !it.is_empty()).unwrap_or("default");
        if home.as_str().is_some_and(|home| home != about) {
            let why = "does not match event.namespace";
            faults.invalid("involvedObject.namespace", &it["involvedObject"]["namespace"], why);
        }
    },
    ..Rules::of("", "Event")
};
