//! From a user's object to a caller.

use dormer_api::user::{ROLE_ADMIN, Team, User};

use super::{Caller, KeyInUse};
use crate::kube::Result;
use crate::management;
use crate::store::Snapshot;

/// The caller that the user by this name is now; nothing for one who is gone or locked.
///
/// # Errors
/// The store cannot be read.
pub fn caller_of_user(
    snapshot: &Snapshot<'_>,
    name: &str,
    key: Option<KeyInUse>,
) -> Result<Option<Caller>> {
    let Some(entry) = snapshot.get(&management::key(management::USERS, "", name))? else {
        return Ok(None);
    };
    let user: User = serde_json::from_slice(&entry.body).map_err(crate::kube::Error::internal)?;
    if user.spec.disabled || user.metadata.deletion_timestamp.is_some() {
        return Ok(None);
    }
    let teams = teams_of(snapshot, name)?;
    let roles =
        user.spec.cluster_roles.iter().chain(teams.iter().flat_map(|it| &it.spec.cluster_roles));
    let admin = roles.into_iter().any(|it| it.name == ROLE_ADMIN);
    let teams: Vec<String> = teams.into_iter().map(|it| it.metadata.name).collect();
    let mut groups = vec![format!("loft:user:{name}")];
    groups.extend(teams.iter().map(|it| format!("loft:team:{it}")));
    groups.extend(["loft:authenticated".into(), "system:authenticated".into()]);
    if admin {
        groups.push(GROUP_ADMINS.into());
    }
    Ok(Some(Caller { name: name.into(), uid: user.metadata.uid, groups, teams, admin, key }))
}

/// The group of administrators of the management API.
const GROUP_ADMINS: &str = "loft:admins";

fn teams_of(snapshot: &Snapshot<'_>, user: &str) -> Result<Vec<Team>> {
    let teams: Vec<Team> = management::all(snapshot, management::TEAMS)?;
    Ok(teams.into_iter().filter(|it| it.spec.users.iter().any(|it| it == user)).collect())
}

/// The user who signs in with `login`: a username or an email address, in any case.
///
/// # Errors
/// The store cannot be read.
pub fn user_by_login(snapshot: &Snapshot<'_>, login: &str) -> Result<Option<User>> {
    let login = login.trim().to_lowercase();
    if login.is_empty() {
        return Ok(None);
    }
    for user in management::all::<User>(snapshot, management::USERS)? {
        let email = user.spec.email.to_lowercase();
        if user.spec.username.to_lowercase() == login || (!email.is_empty() && email == login) {
            return Ok(Some(user));
        }
    }
    Ok(None)
}
