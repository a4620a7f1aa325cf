//! `projects`: people, clusters and templates that belong together.

use std::sync::Arc;

use dormer_api::cluster::Cluster;
use dormer_api::project::{Project, ProjectClusters, ProjectTemplates};
use dormer_api::template::VirtualClusterTemplate;
use dormer_api::user::{Team, User};
use serde_json::{Value, json};

use super::selves::typed;
use super::{CLUSTERS, GROUP, PROJECTS, TEAMS, TEMPLATES, USERS, VERSION, all, key, range, stored};
use crate::kube::resource::{
    Answer, Call, Cell, Column, Resource, Reveal, Strategy, Subresource, Verb,
};
use crate::kube::{Error, Result, object};
use crate::store::{Range, Snapshot, Tx};

/// The resource.
#[must_use]
pub fn resource() -> Resource {
    let part = |name, kind, answer: fn(&Snapshot<'_>, &Project) -> Result<Value>| Subresource {
        name,
        kind,
        verbs: &[Verb::Get],
        answer: Answer::Read(Arc::new(move |_, snapshot, project, _| {
            let project = project.map(typed::<Project>).transpose()?.unwrap_or_default();
            let mut value = answer(snapshot, &project)?;
            value["kind"] = json!(kind);
            value["apiVersion"] = json!(format!("{GROUP}/{VERSION}"));
            value["metadata"] = json!({ "name": project.metadata.name });
            Ok(value)
        })),
    };
    Resource {
        subresources: vec![
            part("clusters", "ProjectClusters", clusters),
            part("members", "ProjectMembers", members),
            part("templates", "ProjectTemplates", templates),
        ],
        columns: vec![
            Column::new("Name", "string", Cell::Name),
            Column::new(
                "Display Name",
                "string",
                Cell::Of(|it, _| it["spec"]["displayName"].clone()),
            ),
            Column::new("Age", "string", Cell::Age),
        ],
        strategy: Arc::new(Projects),
        ..stored(PROJECTS, "Project", false)
    }
}

struct Projects;

impl Strategy for Projects {
    fn prepare_create(
        &self,
        _: &Call<'_>,
        _: &mut Tx<'_>,
        project: &mut Value,
    ) -> Result<Option<Reveal>> {
        let name = object::name(project).to_owned();
        dormer_api::name::dns_label(&name).map_err(|error| {
            Error::invalid_field("Project", GROUP, &name, "metadata.name", error.to_string())
        })?;
        typed::<Project>(project)?;
        Ok(None)
    }

    fn prepare_update(
        &self,
        _: &Call<'_>,
        _: &mut Tx<'_>,
        _: &Value,
        project: &mut Value,
    ) -> Result<()> {
        typed::<Project>(project).map(drop)
    }

    fn prepare_delete(&self, _: &Call<'_>, tx: &mut Tx<'_>, project: &Value) -> Result<()> {
        let name = object::name(project);
        let namespace = dormer_api::name::project_namespace(name);
        let inside = Range { namespace: Some(namespace), ..range(super::VCLUSTERS) };
        match tx.list(&inside)?.len() {
            0 => Ok(()),
            n => {
                let words = format!("{n} virtual clusters are in it. Delete them first.");
                Err(Error::invalid_field("Project", GROUP, name, "metadata.name", words))
            }
        }
    }
}

/// The project whose objects live in `namespace`; nothing where there is none.
///
/// # Errors
/// The store cannot be read.
pub fn of_namespace(snapshot: &Snapshot<'_>, namespace: &str) -> Result<Option<Project>> {
    let Some(name) = dormer_api::name::project_of_namespace(namespace) else { return Ok(None) };
    let Some(entry) = snapshot.get(&key(PROJECTS, "", name))? else { return Ok(None) };
    Ok(Some(serde_json::from_slice(&entry.body).map_err(Error::internal)?))
}

/// Takes a user who is no more out of every project.
///
/// # Errors
/// The store cannot be written.
pub(super) fn remove_member(tx: &mut Tx<'_>, user: &str) -> Result<()> {
    for entry in tx.list(&range(PROJECTS))? {
        let mut project: Value = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
        let Some(members) = project["spec"]["members"].as_array_mut() else { continue };
        let before = members.len();
        members.retain(|it| it["kind"] != "User" || it["name"] != user);
        if members.len() != before {
            tx.update(&key(PROJECTS, "", &entry.name), None, project)?;
        }
    }
    Ok(())
}

/// The clusters that a project may use.
///
/// # Errors
/// The store cannot be read.
pub fn allowed_clusters(snapshot: &Snapshot<'_>, project: &Project) -> Result<Vec<Cluster>> {
    let clusters: Vec<Cluster> = all(snapshot, CLUSTERS)?;
    Ok(clusters.into_iter().filter(|it| project.spec.allows_cluster(&it.metadata.name)).collect())
}

/// The templates that a project may use.
///
/// # Errors
/// The store cannot be read.
pub fn allowed_templates(
    snapshot: &Snapshot<'_>,
    project: &Project,
) -> Result<Vec<VirtualClusterTemplate>> {
    let templates: Vec<VirtualClusterTemplate> = all(snapshot, TEMPLATES)?;
    Ok(templates.into_iter().filter(|it| project.spec.allows_template(&it.metadata.name)).collect())
}

/// The template that is taken where none is named: the one marked so, or the only one.
#[must_use]
pub fn default_template(project: &Project, allowed: &[VirtualClusterTemplate]) -> Option<String> {
    let marked = project.spec.allowed_templates.iter().find(|it| it.is_default && it.name != "*");
    let only = || (allowed.len() == 1).then(|| allowed[0].metadata.name.clone());
    marked.map(|it| it.name.clone()).or_else(only)
}

fn clusters(snapshot: &Snapshot<'_>, project: &Project) -> Result<Value> {
    let clusters = allowed_clusters(snapshot, project)?;
    serde_json::to_value(ProjectClusters { clusters }).map_err(Error::internal)
}

fn templates(snapshot: &Snapshot<'_>, project: &Project) -> Result<Value> {
    let templates = allowed_templates(snapshot, project)?;
    let answer = ProjectTemplates {
        default_virtual_cluster_template: default_template(project, &templates).unwrap_or_default(),
        virtual_cluster_templates: templates,
    };
    serde_json::to_value(answer).map_err(Error::internal)
}

fn members(snapshot: &Snapshot<'_>, project: &Project) -> Result<Value> {
    let named = |kind: &str, name: &str| {
        project.spec.members.iter().any(|it| it.kind == kind && (it.name == "*" || it.name == name))
    };
    let users: Vec<User> = all(snapshot, USERS)?;
    let teams: Vec<Team> = all(snapshot, TEAMS)?;
    let users: Vec<Value> = users
        .into_iter()
        .filter(|it| named("User", &it.metadata.name))
        .map(|it| json!({ "info": { "name": it.metadata.name, "displayName": it.spec.display_name, "username": it.spec.username } }))
        .collect();
    let teams: Vec<Value> = teams
        .into_iter()
        .filter(|it| named("Team", &it.metadata.name))
        .map(|it| json!({ "info": { "name": it.metadata.name, "displayName": it.spec.display_name, "username": it.spec.username } }))
        .collect();
    Ok(json!({ "users": users, "teams": teams }))
}
