//! `selves`: who the caller is. Created, never fetched.

use std::sync::Arc;

use dormer_api::name::PROJECT_NAMESPACE_PREFIX;
use dormer_api::session::{EntityInfo, SelfObject, SelfStatus, UserInfo};
use dormer_api::user::{Team, User};
use serde_json::{Value, json};

use super::{GROUP, SELVES, TEAMS, USERS, VERSION, key};
use crate::auth::Caller;
use crate::kube::resource::{Answer, Resource};
use crate::kube::{Error, Result};
use crate::store::Snapshot;

/// The resource.
#[must_use]
pub fn resource() -> Resource {
    let answer = Answer::Read(Arc::new(|call, snapshot, _, _| {
        let mut oneself =
            serde_json::to_value(describe(snapshot, call.caller)?).map_err(Error::internal)?;
        oneself["kind"] = json!("Self");
        oneself["apiVersion"] = json!(format!("{GROUP}/{VERSION}"));
        oneself["metadata"] = json!({});
        oneself["spec"] = json!({});
        Ok(oneself)
    }));
    Resource::computed(GROUP, VERSION, SELVES, "Self", false, answer)
}

/// Who the caller is.
///
/// # Errors
/// The store cannot be read.
pub fn describe(snapshot: &Snapshot<'_>, caller: &Caller) -> Result<SelfObject> {
    let user: User = match snapshot.get(&key(USERS, "", &caller.name))? {
        Some(entry) => serde_json::from_slice(&entry.body).map_err(Error::internal)?,
        None => return Err(Error::Unauthorized("Unauthorized".into())),
    };
    let info = UserInfo {
        name: caller.name.clone(),
        display_name: user.spec.display_name,
        username: user.spec.username,
        email: user.spec.email,
        subject: user.spec.subject.clone(),
        teams: teams(snapshot, caller)?,
    };
    let (access_key, access_key_type) = match &caller.key {
        Some(key) => (key.name.clone(), key.kind.clone()),
        None => (String::new(), String::new()),
    };
    Ok(SelfObject {
        status: SelfStatus {
            user: Some(info),
            access_key,
            access_key_type,
            subject: user.spec.subject,
            uid: caller.uid.clone(),
            groups: caller.groups.clone(),
            project_namespace_prefix: PROJECT_NAMESPACE_PREFIX.into(),
            loft_host: String::new(),
            admin: caller.admin,
        },
    })
}

fn teams(snapshot: &Snapshot<'_>, caller: &Caller) -> Result<Vec<EntityInfo>> {
    let mut teams = Vec::new();
    for name in &caller.teams {
        let Some(entry) = snapshot.get(&key(TEAMS, "", name))? else { continue };
        let team: Team = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
        let (display_name, username) = (team.spec.display_name, team.spec.username);
        teams.push(EntityInfo { name: name.clone(), display_name, username });
    }
    Ok(teams)
}

/// An object of the API as its wire type.
pub(super) fn typed<T: serde::de::DeserializeOwned>(object: &Value) -> Result<T> {
    T::deserialize(object).map_err(|error| Error::BadRequest(error.to_string()))
}
