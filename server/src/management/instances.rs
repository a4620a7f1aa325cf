//! `virtualclusterinstances`: virtual clusters, as their people see them.
//!
//! What is here is the object: its columns and its rules. What makes it real is
//! [`instances`](crate::instances).

pub mod rules;

use std::sync::Arc;

use dormer_api::annotation;
use dormer_api::meta::UserOrTeam;
use dormer_api::name::project_of_namespace;
use dormer_api::project::Project;
use dormer_api::vcluster::{Phase, SleepFacts, VirtualClusterInstance};
use serde_json::{Value, json};

use super::selves::typed;
use super::{GROUP, VCLUSTERS, projects, stored};
use crate::authz;
use crate::kube::resource::{
    Attributes, Call, Cell, Column, Decision, Resource, Reveal, Strategy, Verb,
};
use crate::kube::{Error, Result, object};
use crate::store::{Snapshot, Tx};

/// Holds the object until what it made in its host cluster is gone.
pub const FINALIZER: &str = "loft.sh/instance-cleanup";

/// The resource.
#[must_use]
pub fn resource() -> Resource {
    Resource {
        short_names: vec!["vci".into()],
        status: true,
        columns: columns(),
        strategy: Arc::new(Instances),
        ..stored(VCLUSTERS, "VirtualClusterInstance", true)
    }
}

fn columns() -> Vec<Column> {
    let text =
        |name: &str, cell: fn(&Value, i64) -> Value| Column::new(name, "string", Cell::Of(cell));
    let wide =
        |name: &str, cell: fn(&Value, i64) -> Value| Column::wide(name, "string", Cell::Of(cell));
    vec![
        Column::new("Name", "string", Cell::Name),
        wide("Display Name", |it, _| it["spec"]["displayName"].clone()),
        text("Project", |it, _| json!(project_of_namespace(object::namespace(it)))),
        text("Phase", |it, _| it["status"]["phase"].clone()),
        wide("Reason", |it, _| it["status"]["reason"].clone()),
        wide("Message", |it, _| it["status"]["message"].clone()),
        text("Cluster", |it, _| it["spec"]["clusterRef"]["cluster"].clone()),
        text("Owner", |it, _| {
            let owner = &it["spec"]["owner"];
            if owner["user"].is_string() { owner["user"].clone() } else { owner["team"].clone() }
        }),
        wide("Template", |it, _| it["spec"]["templateRef"]["name"].clone()),
        Column::new("Age", "string", Cell::Age),
        Column::wide("Can Use", "boolean", Cell::Of(|it, _| it["status"]["canUse"].clone())),
        Column::wide("Can Update", "boolean", Cell::Of(|it, _| it["status"]["canUpdate"].clone())),
    ]
}

struct Instances;

impl Strategy for Instances {
    fn prepare_create(
        &self,
        call: &Call<'_>,
        tx: &mut Tx<'_>,
        object: &mut Value,
    ) -> Result<Option<Reveal>> {
        let snapshot = tx.snapshot()?;
        let namespace = object::namespace(object).to_owned();
        let Some(project) = projects::of_namespace(&snapshot, &namespace)? else {
            let name = project_of_namespace(&namespace).unwrap_or(&namespace).to_owned();
            return Err(Error::NotFound {
                resource: super::PROJECTS.into(),
                group: GROUP.into(),
                name,
            });
        };
        let spec = object::map_at(object, &["spec"]);
        if spec.get("owner").is_none_or(|it| it.is_null() || *it == json!({})) {
            spec.insert(
                "owner".into(),
                json!(UserOrTeam { user: call.caller.name.clone(), team: String::new() }),
            );
        }
        let names_template = spec
            .get("templateRef")
            .is_some_and(|it| it["name"].as_str().is_some_and(|it| !it.is_empty()));
        if spec.get("template").is_none_or(Value::is_null) && !names_template {
            let templates = projects::allowed_templates(&snapshot, &project)?;
            if let Some(name) = projects::default_template(&project, &templates) {
                spec.insert("templateRef".into(), json!({ "name": name }));
            }
        }
        // Where in its host it goes is the scheduler's to say: a name given here could be another's.
        let reference = object::map_at(object, &["spec", "clusterRef"]);
        reference.retain(|field, _| field == "cluster");
        rules::check(&snapshot, &project, call.caller, None, object)?;
        for server_written in SERVER_WRITTEN {
            object::set_annotation(object, server_written, None);
        }
        if !object["spec"]["template"].is_null() {
            note_whose_template(call, object);
        }
        object::set_annotation(object, annotation::LAST_ACTIVITY, Some(&call.now.to_string()));
        let labels = object::map_at(object, &["metadata", "labels"]);
        labels.insert("loft.sh/project".into(), json!(project.metadata.name));
        object["metadata"]["finalizers"] = json!([FINALIZER]);
        object["status"] = json!({ "phase": Phase::Pending, "reason": "Creating" });
        Ok(None)
    }

    fn prepare_update(
        &self,
        call: &Call<'_>,
        tx: &mut Tx<'_>,
        old: &Value,
        new: &mut Value,
    ) -> Result<()> {
        if call.attributes.subresource == "status"
            || call.caller.name == crate::instances::controller_name()
        {
            return Ok(());
        }
        let snapshot = tx.snapshot()?;
        let Some(project) = projects::of_namespace(&snapshot, object::namespace(new))? else {
            return Ok(());
        };
        rules::keep_place(old, new)?;
        rules::check(&snapshot, &project, call.caller, Some(old), new)?;
        rights_may_change(call, &snapshot, &project, old, new)?;
        for server_written in SERVER_WRITTEN {
            object::set_annotation(new, server_written, object::annotation(old, server_written));
        }
        if old["spec"]["template"] != new["spec"]["template"] {
            note_whose_template(call, new);
        }
        new["metadata"]["finalizers"] = old["metadata"]["finalizers"].clone();
        sleep_or_wake(call, old, new)
    }

    fn prepare_delete(&self, _: &Call<'_>, _: &mut Tx<'_>, object: &Value) -> Result<()> {
        if object::annotation(object, annotation::NON_DELETABLE) == Some("true") {
            return Err(Error::Forbidden(format!(
                "{} is protected: take the annotation {} away first",
                object::name(object),
                annotation::NON_DELETABLE
            )));
        }
        Ok(())
    }

    fn show(&self, call: &Call<'_>, snapshot: &Snapshot<'_>, object: &mut Value) -> Result<()> {
        let may = |verb| {
            let attributes = Attributes {
                verb,
                subresource: String::new(),
                namespace: object::namespace(object).into(),
                name: object::name(object).into(),
                ..call.attributes.clone()
            };
            Ok::<_, Error>(
                authz::may(snapshot, call.caller, &attributes, Some(object))? == Decision::Allow,
            )
        };
        let (can_use, can_update) = (may(Verb::Use)?, may(Verb::Update)?);
        let status = object::map_at(object, &["status"]);
        status.insert("canUse".into(), json!(can_use));
        status.insert("canUpdate".into(), json!(can_update));
        Ok(())
    }

    fn shows(&self) -> bool {
        true
    }
}

/// Remembers that an administrator did not write the template, for the scheduler.
fn note_whose_template(call: &Call<'_>, object: &mut Value) {
    let own = (!call.caller.admin && !object["spec"]["template"].is_null()).then_some("true");
    object::set_annotation(object, annotation::OWN_TEMPLATE, own);
}

/// Annotations that only the server writes. `last-activity` is not among them: the CLIs stamp it
/// when they wake.
const SERVER_WRITTEN: [&str; 5] = [
    annotation::OWN_TEMPLATE,
    annotation::LAST_ACTIVITY_INFO,
    annotation::SLEEPING_SINCE,
    annotation::SLEEP_TYPE,
    annotation::SLEEP_BY,
];

/// Who owns it and who may use it is for its owner and the project's admins to say.
fn rights_may_change(
    call: &Call<'_>,
    snapshot: &Snapshot<'_>,
    project: &Project,
    old: &Value,
    new: &Value,
) -> Result<()> {
    let rights = ["owner", "access", "extraAccessRules"];
    let changed = rights.into_iter().find(|&it| old["spec"][it] != new["spec"][it]);
    let Some(field) = changed else { return Ok(()) };
    let refuse = |words: &str| {
        let field = format!("spec.{field}");
        Err(Error::invalid_field("VirtualClusterInstance", GROUP, object::name(new), &field, words))
    };
    let was: VirtualClusterInstance = typed(old)?;
    let admin = authz::role_in(call.caller, project) == Some(authz::Role::Admin);
    if !admin && !authz::is_owner(call.caller, was.spec.owner.as_ref()) {
        return refuse("Only its owner can change who may use it.");
    }
    let attributes = Attributes { verb: Verb::Create, ..call.attributes.clone() };
    match authz::may(snapshot, call.caller, &attributes, Some(new))? {
        Decision::Allow => Ok(()),
        Decision::Deny | Decision::Hide => {
            refuse("Only an administrator can give it to somebody else.")
        }
    }
}

/// Notes who put it to sleep; and flips a sleeper that is being woken to `Pending` at once, because
/// the CLIs stop waiting at `Sleeping` as well as at `Ready`.
fn sleep_or_wake(call: &Call<'_>, old: &Value, new: &mut Value) -> Result<()> {
    let (was, is): (VirtualClusterInstance, VirtualClusterInstance) = (typed(old)?, typed(new)?);
    let (was_facts, facts) = (SleepFacts::of(&was.metadata), SleepFacts::of(&is.metadata));
    if facts.forced && !was_facts.forced {
        object::set_annotation(new, annotation::SLEEP_BY, Some(&call.caller.name));
    }
    let touched = facts.last_activity != was_facts.last_activity;
    let woken = !facts.forced && (was_facts.forced || touched);
    // It sleeps from the moment it was decided, whatever its host has done about it by now.
    if was_facts.sleeping_since.is_some() && woken {
        crate::sleep::wake_object(new, call.now);
    } else if was_facts.forced && !facts.forced {
        object::set_annotation(new, annotation::SLEEP_BY, None);
    }
    Ok(())
}
