//! What every installation begins with.

use dormer_api::annotation;
use dormer_api::cluster::LOCAL;
use dormer_api::project::{DEFAULT, ROLE_USER};
use dormer_api::user::{ROLE_ADMIN, TEAM_ADMINS};
use serde_json::{Value, json};

use super::{CLUSTERS, GROUP, PROJECTS, TEAMS, TEMPLATES, USERS, VERSION, key};
use crate::clock::rfc3339;
use crate::kube::Result;
use crate::store::Tx;

/// The fact that says that the first start was.
const SEEDED: &str = "seeded";
/// The template of the first project.
const TEMPLATE: &str = "dev";
/// Seconds of idleness after which a virtual cluster of the first template sleeps: an hour.
const SLEEP_AFTER: &str = "3600";

/// Whether the first start was already.
///
/// # Errors
/// The store cannot be read.
pub fn is_seeded(tx: &Tx<'_>) -> Result<bool> {
    Ok(tx.fact(SEEDED)?.is_some())
}

/// Makes the first administrator, with this password hash, and the first project, cluster, template
/// and team. Once only: what is deleted later stays deleted.
///
/// # Errors
/// The store cannot be written.
pub fn seed(tx: &mut Tx<'_>, phc: &str) -> Result<()> {
    tx.set_fact(SEEDED, "true")?;
    tx.set_password("admin", Some(phc))?;
    create(
        tx,
        TEAMS,
        "Team",
        TEAM_ADMINS,
        json!({
            "displayName": "Global Admins", "username": "loftadmins", "users": ["admin"],
            "clusterRoles": [{ "name": ROLE_ADMIN }],
        }),
    )?;
    create(
        tx,
        USERS,
        "User",
        "admin",
        json!({
            "displayName": "Administrator", "username": "admin", "subject": "admin",
            "clusterRoles": [{ "name": ROLE_ADMIN }],
        }),
    )?;
    create(
        tx,
        CLUSTERS,
        "Cluster",
        LOCAL,
        json!({
            "displayName": "Local", "description": "Lives inside this instance.",
            "owner": { "user": "admin" }, "local": true, "networkPeer": false,
        }),
    )?;
    create(
        tx,
        TEMPLATES,
        "VirtualClusterTemplate",
        TEMPLATE,
        json!({
            "displayName": "Development", "description": "Sleeps after an hour without use.",
            "template": {
                "metadata": {},
                "instanceTemplate": { "metadata": { "annotations": { annotation::SLEEP_AFTER: SLEEP_AFTER } } },
                "helmRelease": { "chart": { "name": "vcluster", "repo": "https://charts.loft.sh" }, "values": "" },
            },
        }),
    )?;
    create(
        tx,
        PROJECTS,
        "Project",
        DEFAULT,
        json!({
            "displayName": "Default", "owner": { "user": "admin" },
            "allowedClusters": [{ "name": "*" }],
            "allowedTemplates": [
                { "kind": "VirtualClusterTemplate", "group": "storage.loft.sh", "name": "*", "isDefault": false },
                { "kind": "VirtualClusterTemplate", "group": "storage.loft.sh", "name": TEMPLATE, "isDefault": true },
            ],
            "members": [{ "kind": "User", "group": "storage.loft.sh", "name": "*", "clusterRole": ROLE_USER }],
        }),
    )
}

fn create(tx: &mut Tx<'_>, plural: &str, kind: &str, name: &str, spec: Value) -> Result<()> {
    let object = json!({
        "kind": kind,
        "apiVersion": format!("{GROUP}/{VERSION}"),
        "metadata": {
            "name": name,
            "uid": uuid::Uuid::new_v4().to_string(),
            "creationTimestamp": rfc3339(tx.now()),
            "generation": 1,
        },
        "spec": spec,
        "status": {},
    });
    tx.create(&key(plural, "", name), object)?;
    Ok(())
}
