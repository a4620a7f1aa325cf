//! `teams`: groups of people.

use dormer_api::user::TEAM_ADMINS;
use serde_json::{Value, json};

use super::{TEAMS, key, stored};
use crate::kube::resource::{Cell, Column, Resource, Verb};
use crate::kube::{Error, Result, object};
use crate::store::Tx;

/// The resource. Read only: the one team there is comes with the installation.
#[must_use]
pub fn resource() -> Resource {
    Resource {
        verbs: vec![Verb::Get, Verb::List, Verb::Watch],
        columns: vec![
            Column::new("Name", "string", Cell::Name),
            Column::new(
                "Display Name",
                "string",
                Cell::Of(|it, _| it["spec"]["displayName"].clone()),
            ),
            Column::new(
                "Members",
                "integer",
                Cell::Of(|it, _| it["spec"]["users"].as_array().map_or(0, Vec::len).into()),
            ),
            Column::new("Age", "string", Cell::Age),
        ],
        ..stored(TEAMS, "Team", false)
    }
}

/// Lets the team of administrators say who is one. Its own people are nothing but that: so nobody
/// stays an administrator through it, and no later user of the same name becomes one.
///
/// # Errors
/// The store cannot be written.
pub(super) fn keep_admins(tx: &mut Tx<'_>, user: &str, admin: bool) -> Result<()> {
    let place = key(TEAMS, "", TEAM_ADMINS);
    let Some(entry) = tx.get(&place)? else { return Ok(()) };
    let mut team: Value = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
    let users = object::map_at(&mut team, &["spec"]).entry("users").or_insert_with(|| json!([]));
    let Some(users) = users.as_array_mut() else { return Ok(()) };
    if users.iter().any(|it| it == user) == admin {
        return Ok(());
    }
    users.retain(|it| it != user);
    if admin {
        users.push(json!(user));
    }
    tx.update(&place, None, team)?;
    Ok(())
}
