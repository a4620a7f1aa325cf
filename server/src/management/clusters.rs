//! `clusters`: the host clusters.

mod endpoint;
pub mod join_code;

use std::sync::Arc;

use dormer_api::cluster::{Cluster, condition};
use serde_json::{Value, json};

use super::selves::typed;
use super::{CLUSTERS, GROUP, stored};
use crate::auth::KeyMac;
use crate::clock::rfc3339;
use crate::hosts::vault::Vault;
use crate::kube::resource::{
    Answer, Call, Cell, Column, Resource, Reveal, Strategy, Subresource, Verb,
};
use crate::kube::{Error, Result, object};
use crate::store::Tx;

/// What agents and command lines are told about this instance.
#[derive(Debug, Clone, Default)]
pub struct Central {
    /// Where it is reached: `https://…`, without a path.
    pub url: String,
    /// Base64 of the PEM of the authority of its certificate; empty where every machine trusts it.
    pub ca_data: String,
    /// The container image that an agent runs from.
    pub image: String,
}

/// The resource.
#[must_use]
pub fn resource(mac: KeyMac, central: Central, vault: Vault) -> Resource {
    let join_code = Subresource {
        name: "accesskey",
        kind: "ClusterAccessKey",
        verbs: &[Verb::Get],
        answer: Answer::Write(Arc::new(move |call, tx, parent, _| {
            join_code::answer(call, tx, parent, &mac, &central)
        })),
    };
    Resource {
        columns: columns(),
        subresources: vec![join_code],
        strategy: Arc::new(Clusters { vault }),
        ..stored(CLUSTERS, "Cluster", false)
    }
}

fn columns() -> Vec<Column> {
    let text =
        |name: &str, cell: fn(&Value, i64) -> Value| Column::new(name, "string", Cell::Of(cell));
    vec![
        Column::new("Name", "string", Cell::Name),
        text("Display Name", |it, _| it["spec"]["displayName"].clone()),
        text("Phase", |it, _| it["status"]["phase"].clone()),
        Column::wide("Message", "string", Cell::Of(|it, _| it["status"]["message"].clone())),
        Column::new(
            "Online",
            "boolean",
            Cell::Of(|it, _| json!(it["status"]["online"] == json!(true))),
        ),
        Column::wide(
            "Local",
            "boolean",
            Cell::Of(|it, _| json!(it["spec"]["local"] == json!(true))),
        ),
        Column::new(
            "Virtual Clusters",
            "integer",
            Cell::Of(|it, _| number(&it["status"]["virtualClusters"])),
        ),
        Column::new("Awake", "integer", Cell::Of(|it, _| number(&it["status"]["awake"]))),
        text("Version", |it, _| it["status"]["kubernetesVersion"].clone()),
        Column::wide(
            "Last Contact",
            "string",
            Cell::Of(|it, _| it["status"]["lastContact"].clone()),
        ),
        Column::new("Age", "string", Cell::Age),
    ]
}

struct Clusters {
    vault: Vault,
}

impl Strategy for Clusters {
    fn prepare_create(
        &self,
        call: &Call<'_>,
        _: &mut Tx<'_>,
        cluster: &mut Value,
    ) -> Result<Option<Reveal>> {
        let name = object::name(cluster).to_owned();
        dormer_api::name::dns_label(&name)
            .map_err(|error| invalid(&name, "metadata.name", error.to_string()))?;
        let spec = object::map_at(cluster, &["spec"]);
        if spec.get("networkPeer") != Some(&json!(true)) {
            let words = "A cluster made here waits for its agent: networkPeer has to be true. With a kubeconfig, it is clusterconnect that makes it.";
            return Err(invalid(&name, "spec.networkPeer", words));
        }
        for other in ["local", "config"] {
            if spec.get(other).is_some_and(|it| !it.is_null() && *it != json!(false)) {
                let words = "A cluster has one way to be reached.";
                return Err(invalid(&name, &format!("spec.{other}"), words));
            }
        }
        spec.entry("owner").or_insert_with(|| json!({ "user": call.caller.name }));
        cluster["status"] = json!({});
        check(cluster)?;
        endpoint::check(cluster)?;
        Ok(None)
    }

    fn prepare_update(
        &self,
        _: &Call<'_>,
        _: &mut Tx<'_>,
        old: &Value,
        new: &mut Value,
    ) -> Result<()> {
        new["status"] = old["status"].clone();
        let spec = object::map_at(new, &["spec"]);
        // How it is reached is said once: another way is another cluster.
        for fixed in ["local", "networkPeer", "config"] {
            match old["spec"].get(fixed) {
                Some(value) => spec.insert(fixed.into(), value.clone()),
                None => spec.remove(fixed),
            };
        }
        check(new)?;
        // What is there already may stay when something else is changed.
        match endpoint::of(old) == endpoint::of(new) {
            true => Ok(()),
            false => endpoint::check(new),
        }
    }

    fn prepare_delete(&self, _: &Call<'_>, _: &mut Tx<'_>, cluster: &Value) -> Result<()> {
        match cluster["spec"]["local"] == json!(true) {
            true => {
                let words = "It lives inside this instance. Set spec.unusable to keep new virtual clusters away from it.";
                Err(invalid(object::name(cluster), "spec.local", words))
            }
            false => Ok(()),
        }
    }

    fn after_delete(&self, _: &Call<'_>, tx: &mut Tx<'_>, cluster: &Value) -> Result<()> {
        join_code::remove_all_of(tx, object::name(cluster))?;
        self.vault.remove(tx, object::name(cluster))
    }
}

fn check(cluster: &Value) -> Result<()> {
    let name = object::name(cluster);
    let typed: Cluster = typed(cluster)?;
    if typed.spec.display_name.chars().count() > 63 {
        return Err(invalid(name, "spec.displayName", "At most 63 characters."));
    }
    if typed.spec.description.chars().count() > 1000 {
        return Err(invalid(name, "spec.description", "At most 1000 characters."));
    }
    Ok(())
}

fn invalid(name: &str, field: &str, words: impl Into<String>) -> Error {
    Error::invalid_field("Cluster", GROUP, name, field, words)
}

/// What is known of how far a cluster came.
pub struct Fact<'a> {
    kind: &'static str,
    holds: bool,
    reason: &'a str,
    message: &'a str,
}

impl<'a> Fact<'a> {
    /// It came so far.
    #[must_use]
    pub fn yes(kind: &'static str, message: &'a str) -> Self {
        Self { kind, holds: true, reason: "", message }
    }

    /// It did not, and why.
    #[must_use]
    pub fn no(kind: &'static str, reason: &'a str, message: &'a str) -> Self {
        Self { kind, holds: false, reason, message }
    }
}

/// The conditions in their order.
const ORDER: [&str; 5] = [
    condition::CONTACTED,
    condition::CODE_ACCEPTED,
    condition::AGENT_VERSION,
    condition::API_ANSWERS,
    condition::ENDPOINT_CHECKED,
];

/// Writes a condition; the time of its last change stays where status and reason stay.
pub fn note(cluster: &mut Value, fact: Fact<'_>, now: i64) {
    let place =
        object::map_at(cluster, &["status"]).entry("conditions").or_insert_with(|| json!([]));
    let Some(conditions) = place.as_array_mut() else { return };
    let mut condition = json!({
        "type": fact.kind,
        "status": if fact.holds { "True" } else { "False" },
        "lastTransitionTime": rfc3339(now),
    });
    for (key, text) in [("reason", fact.reason), ("message", fact.message)] {
        if !text.is_empty() {
            condition[key] = json!(text);
        }
    }
    match conditions.iter_mut().find(|it| it["type"] == fact.kind) {
        Some(known) => {
            if known["status"] == condition["status"] && known["reason"] == condition["reason"] {
                condition["lastTransitionTime"] = known["lastTransitionTime"].clone();
            }
            *known = condition;
        }
        None => conditions.push(condition),
    }
    conditions.sort_by_key(|it| ORDER.iter().position(|kind| it["type"] == *kind));
}

fn number(value: &Value) -> Value {
    json!(value.as_i64().unwrap_or(0))
}
