//! `users`: people.

use std::sync::Arc;

use dormer_api::name;
use dormer_api::status::StatusCause;
use dormer_api::user::{ROLE_ADMIN, User};
use serde_json::{Value, json};

use super::selves::typed;
use super::{GROUP, USERS, VCLUSTERS, access_keys, key, projects, range, stored, teams};
use crate::auth::{check_password, password};
use crate::clock::rfc3339;
use crate::kube::object;
use crate::kube::resource::{
    Answer, Call, Cell, Column, Resource, Reveal, Strategy, Subresource, Verb,
};
use crate::kube::{Error, Result};
use crate::store::{Snapshot, Tx};

/// The resource.
#[must_use]
pub fn resource() -> Resource {
    Resource {
        subresources: vec![Subresource {
            name: "accesskeys",
            kind: "UserAccessKeys",
            verbs: &[Verb::Get],
            answer: Answer::Read(Arc::new(|_, snapshot, user, _| {
                access_keys::of_user(snapshot, user.map(object::name).unwrap_or_default())
            })),
        }],
        columns: columns(),
        strategy: Arc::new(Users),
        ..stored(USERS, "User", false)
    }
}

fn columns() -> Vec<Column> {
    let text =
        |name: &str, cell: fn(&Value, i64) -> Value| Column::new(name, "string", Cell::Of(cell));
    vec![
        Column::new("Name", "string", Cell::Name),
        text("Display Name", |it, _| it["spec"]["displayName"].clone()),
        text("Username", |it, _| it["spec"]["username"].clone()),
        text("Email", |it, _| it["spec"]["email"].clone()),
        text("Role", |it, _| json!(if is_admin(it) { "admin" } else { "member" })),
        text("State", |it, _| {
            let locked = it["spec"]["disabled"].as_bool().unwrap_or(false);
            let password = it["status"]["hasPassword"].as_bool().unwrap_or(false);
            json!(if locked {
                "Locked"
            } else if password {
                "Active"
            } else {
                "Invited"
            })
        }),
        Column::wide(
            "Last Activity",
            "string",
            Cell::Of(|it, _| it["status"]["lastActivity"].clone()),
        ),
        Column::new("Age", "string", Cell::Age),
    ]
}

/// Whether a user's own object makes them an administrator.
fn is_admin(user: &Value) -> bool {
    let roles = user["spec"]["clusterRoles"].as_array();
    roles.is_some_and(|it| it.iter().any(|role| role["name"] == ROLE_ADMIN))
}

/// Whether they can still get in and change things: the last one of these is protected.
fn is_active_admin(user: &Value) -> bool {
    is_admin(user) && user["spec"]["disabled"] != json!(true) && !object::is_terminating(user)
}

struct Users;

impl Strategy for Users {
    fn arranges(&self) -> bool {
        true
    }

    /// A password comes in as text and goes on as its hash, before anything is written.
    fn arrange(&self, user: &mut Value) -> Result<()> {
        let Some(password) =
            user["spec"].get("password").and_then(Value::as_str).map(str::to_owned)
        else {
            return Ok(());
        };
        if password.is_empty() {
            object::map_at(user, &["spec"]).remove("password");
            return Ok(());
        }
        check_password(&password).map_err(|words| {
            Error::invalid_field("User", GROUP, object::name(user), "spec.password", words)
        })?;
        user["spec"]["password"] = json!(password::hash(&password)?);
        Ok(())
    }

    fn default_name(&self, user: &Value) -> Result<Option<String>> {
        let slug = name::slug(user["spec"]["username"].as_str().unwrap_or_default());
        // A username of letters that no name can have gets one that says nothing.
        Ok(Some(if slug.is_empty() { super::generated_name("user")? } else { slug }))
    }

    fn prepare_create(
        &self,
        call: &Call<'_>,
        tx: &mut Tx<'_>,
        user: &mut Value,
    ) -> Result<Option<Reveal>> {
        let username = typed::<User>(user)?.spec.username;
        let spec = object::map_at(user, &["spec"]);
        spec.entry("owner").or_insert_with(|| json!({ "user": call.caller.name }));
        spec.entry("subject").or_insert_with(|| json!(username));
        user["status"] = json!({});
        check(tx, user)?;
        take_password(tx, user)?;
        teams::keep_admins(tx, object::name(user), is_admin(user))?;
        Ok(None)
    }

    fn prepare_update(
        &self,
        _: &Call<'_>,
        tx: &mut Tx<'_>,
        old: &Value,
        user: &mut Value,
    ) -> Result<()> {
        check(tx, user)?;
        if is_active_admin(old) && !is_active_admin(user) {
            another_admin(tx, object::name(user))?;
        }
        teams::keep_admins(tx, object::name(user), is_admin(user))?;
        if take_password(tx, user)? || user["spec"]["disabled"] == json!(true) {
            tx.end_sessions_of(object::name(user))?;
        }
        Ok(())
    }

    fn prepare_delete(&self, _: &Call<'_>, tx: &mut Tx<'_>, user: &Value) -> Result<()> {
        if is_active_admin(user) {
            another_admin(tx, object::name(user))?;
        }
        owns_nothing(tx, object::name(user))
    }

    fn after_delete(&self, _: &Call<'_>, tx: &mut Tx<'_>, user: &Value) -> Result<()> {
        let name = object::name(user);
        tx.set_password(name, None)?;
        tx.end_sessions_of(name)?;
        tx.forget_seen(name)?;
        tx.forget_strikes(&format!("user/{name}"))?;
        teams::keep_admins(tx, name, false)?;
        projects::remove_member(tx, name)?;
        access_keys::remove_all_of(tx, name)
    }

    fn show(&self, _: &Call<'_>, snapshot: &Snapshot<'_>, user: &mut Value) -> Result<()> {
        object::map_at(user, &["spec"]).remove("password");
        let has_password = snapshot.password(object::name(user))?.is_some();
        user["status"]["hasPassword"] = json!(has_password);
        if let Some(seen) = snapshot.seen(object::name(user))? {
            user["status"]["lastActivity"] = json!(rfc3339(seen));
        }
        Ok(())
    }

    fn shows(&self) -> bool {
        true
    }
}

/// Moves the hash of a new password from the object to its own table. Says whether there was one.
fn take_password(tx: &mut Tx<'_>, user: &mut Value) -> Result<bool> {
    let taken = object::map_at(user, &["spec"]).remove("password");
    match taken.as_ref().and_then(Value::as_str) {
        // Only `arrange` makes these; whatever else got here was never checked against the rules.
        Some(phc) if phc.starts_with("$argon2id$") => {
            tx.set_password(object::name(user), Some(phc))?;
            tx.forget_strikes(&format!("user/{}", object::name(user)))?;
            Ok(true)
        }
        Some(_) => Err(Error::BadRequest("spec.password cannot be set in this way".into())),
        None => Ok(false),
    }
}

fn another_admin(tx: &Tx<'_>, but: &str) -> Result<()> {
    for entry in tx.list(&range(USERS))? {
        let user: Value = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
        if entry.name != but && is_active_admin(&user) {
            return Ok(());
        }
    }
    let words = "This is the last administrator. Make somebody else one first.";
    Err(Error::invalid_field("User", GROUP, but, "spec.clusterRoles", words))
}

/// A name may be given again; what its first bearer owned must not go to the next.
fn owns_nothing(tx: &Tx<'_>, name: &str) -> Result<()> {
    let mut owned = 0;
    for entry in tx.list(&range(VCLUSTERS))? {
        let object: Value = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
        owned += usize::from(object["spec"]["owner"]["user"] == name);
    }
    if owned == 0 {
        return Ok(());
    }
    let words = format!(
        "They own {owned} virtual clusters. Delete those, or give them to somebody else, first."
    );
    Err(Error::invalid_field("User", GROUP, name, "metadata.name", words))
}

fn check(tx: &Tx<'_>, object: &Value) -> Result<()> {
    let user: User = typed(object)?;
    let mut causes = Vec::new();
    let mut fault = |field: &str, message: &str| {
        causes.push(StatusCause {
            reason: "FieldValueInvalid".into(),
            message: message.into(),
            field: field.into(),
        });
    };
    if user.spec.username.trim().is_empty() {
        fault("spec.username", "Give them a username.");
    } else if user.spec.username.len() > 63 || user.spec.username.chars().any(char::is_whitespace) {
        fault("spec.username", "At most 63 characters, without spaces.");
    }
    if !user.spec.email.is_empty() && !is_email(&user.spec.email) {
        fault("spec.email", "Not a valid email address.");
    }
    for entry in tx.list(&range(USERS))? {
        if entry.name == user.metadata.name {
            continue;
        }
        let other: User = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
        if other.spec.username.eq_ignore_ascii_case(&user.spec.username) {
            fault("spec.username", "A user with this username exists.");
        }
        if !user.spec.email.is_empty() && other.spec.email.eq_ignore_ascii_case(&user.spec.email) {
            fault("spec.email", "A user with this email exists.");
        }
    }
    if causes.is_empty() {
        return Ok(());
    }
    Err(Error::Invalid {
        kind: "User".into(),
        group: GROUP.into(),
        name: user.metadata.name,
        causes,
    })
}

/// Good enough to catch a slip; whether it is somebody's address only a mail can tell.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    !local.is_empty()
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !text.chars().any(|it| it.is_whitespace() || it.is_control())
        && text.matches('@').count() == 1
}

/// Writes the object again as it is, so that watchers see what is computed from other tables, such
/// as that the user has a password now.
///
/// # Errors
/// The store cannot be written.
pub fn touch(tx: &mut Tx<'_>, name: &str) -> Result<()> {
    let place = key(USERS, "", name);
    let Some(entry) = tx.get(&place)? else { return Ok(()) };
    let user: Value = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
    tx.update(&place, None, user)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_address_has_one_at_and_a_domain_with_a_dot() {
        assert!(is_email("anna@example.com"));
        for text in [
            "anna",
            "@example.com",
            "a@b",
            "a b@example.com",
            "a@b@example.com",
            "a@.com",
            "a@com.",
        ] {
            assert!(!is_email(text), "{text}");
        }
    }
}
