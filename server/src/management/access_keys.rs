//! `ownedaccesskeys` and `resetaccesskeys`: bearer secrets, and invites.
//!
//! The secret is in the answer to the creation and nowhere else. What is kept is its MAC, in a table
//! of its own; the object says only which key it is.

use std::sync::Arc;

use dormer_api::access_key::{OwnedAccessKey, Scope, TTL_DEFAULT};
use dormer_api::name::project_namespace;
use serde_json::{Value, json};

use super::selves::typed;
use super::{ACCESS_KEYS, GROUP, RESET_KEYS, USERS, VCLUSTERS, VERSION, key, range, stored};
use crate::auth::{AccessKey, KeyMac};
use crate::clock::{parse_rfc3339, rfc3339};
use crate::kube::object;
use crate::kube::resource::{Answer, Call, Cell, Column, Resource, Reveal, Strategy, Verb};
use crate::kube::{Error, Result};
use crate::store::{Snapshot, Tx};

/// A key that a person made.
pub const KIND_USER: &str = "User";
/// A key that a command line made at its sign-in.
pub const KIND_LOGIN: &str = "Login";
/// An invite: sets a first password and does nothing else.
pub const KIND_RESET: &str = "Reset";

/// Seconds that a key of a command line's sign-in lives: Loft's 20 days.
const TTL_LOGIN: i64 = 20 * 24 * 60 * 60;
/// Seconds that an invite can be used: 7 days.
const TTL_RESET: i64 = 7 * 24 * 60 * 60;
/// The longest life that may be asked for, in seconds: ten years.
const TTL_MAX: i64 = 10 * 366 * 24 * 60 * 60;

/// The resource of keys.
#[must_use]
pub fn resource(mac: KeyMac) -> Resource {
    Resource {
        verbs: vec![Verb::Create, Verb::Get, Verb::Update, Verb::Patch, Verb::Delete],
        columns: vec![
            Column::new("Name", "string", Cell::Name),
            Column::new("User", "string", Cell::Of(|it, _| it["spec"]["user"].clone())),
            Column::new("Expires", "string", Cell::Of(|it, _| it["status"]["expires"].clone())),
            Column::new("Age", "string", Cell::Age),
        ],
        strategy: Arc::new(AccessKeys { mac }),
        ..stored(ACCESS_KEYS, "OwnedAccessKey", false)
    }
}

/// The resource of invites: created by administrators, never read.
#[must_use]
pub fn reset_resource(mac: KeyMac) -> Resource {
    let answer = Answer::Write(Arc::new(move |call, tx, _, body| {
        let user = body["spec"]["user"].as_str().unwrap_or_default().to_owned();
        if tx.get(&key(USERS, "", &user))?.is_none() {
            let words = "There is no user by this name.";
            return Err(Error::invalid_field("ResetAccessKey", GROUP, "", "spec.user", words));
        }
        // A new invite takes the place of the ones before.
        for entry in tx.list(&range(ACCESS_KEYS))? {
            let object: OwnedAccessKey =
                serde_json::from_slice(&entry.body).map_err(Error::internal)?;
            if object.spec.kind == KIND_RESET && object.spec.user == user {
                remove(tx, &entry.name)?;
            }
        }
        let secret = AccessKey::generate()?;
        let mut object = create(tx, &mac, &secret, &user, KIND_RESET, TTL_RESET)?;
        object["kind"] = json!("ResetAccessKey");
        object["spec"]["key"] = json!(secret.expose());
        object["status"]["expires"] = json!(rfc3339(call.now + TTL_RESET));
        Ok(object)
    }));
    Resource::computed(GROUP, VERSION, RESET_KEYS, "ResetAccessKey", false, answer)
}

struct AccessKeys {
    mac: KeyMac,
}

impl Strategy for AccessKeys {
    fn default_name(&self, _: &Value) -> Result<Option<String>> {
        super::generated_name("key").map(Some)
    }

    fn prepare_create(
        &self,
        call: &Call<'_>,
        tx: &mut Tx<'_>,
        object: &mut Value,
    ) -> Result<Option<Reveal>> {
        let spec = object::map_at(object, &["spec"]);
        // Nobody makes keys for others, not even an administrator: whoever holds a key is its user.
        spec.insert("user".into(), json!(call.caller.name));
        let ttl = spec.entry("ttl").or_insert_with(|| json!(TTL_DEFAULT)).as_i64();
        let kind =
            spec.entry("type").or_insert_with(|| json!(KIND_USER)).as_str().map(str::to_owned);
        spec.remove("key");
        typed::<OwnedAccessKey>(object)?;
        check(object, ttl, kind.as_deref())?;
        narrow(call, object)?;
        pin(tx, object)?;
        let secret = AccessKey::generate()?;
        tx.add_secret(&self.mac.of(&secret), object::name(object))
            .map_err(|_| taken(object::name(object)))?;
        object["status"] = json!({ "hint": secret.hint() });
        Ok(Some(json!({ "spec": { "key": secret.expose() } })))
    }

    fn prepare_update(
        &self,
        call: &Call<'_>,
        _: &mut Tx<'_>,
        old: &Value,
        new: &mut Value,
    ) -> Result<()> {
        let spec = object::map_at(new, &["spec"]);
        spec.remove("key");
        // What a key may and how long it lives is said once. A longer life is another key.
        for fixed in ["user", "type", "scope", "ttl"] {
            match old["spec"].get(fixed) {
                Some(value) => spec.insert(fixed.into(), value.clone()),
                None => spec.remove(fixed),
            };
        }
        new["status"] = old["status"].clone();
        narrow(call, new)
    }

    fn after_delete(&self, _: &Call<'_>, tx: &mut Tx<'_>, object: &Value) -> Result<()> {
        Ok(tx.remove_secret(object::name(object))?)
    }

    fn show(&self, _: &Call<'_>, snapshot: &Snapshot<'_>, object: &mut Value) -> Result<()> {
        fill_in(snapshot, object)
    }

    fn shows(&self) -> bool {
        true
    }
}

fn taken(name: &str) -> Error {
    Error::AlreadyExists { resource: ACCESS_KEYS.into(), group: GROUP.into(), name: name.into() }
}

fn check(object: &Value, ttl: Option<i64>, kind: Option<&str>) -> Result<()> {
    let fault = |field: &str, words: &str| {
        Err(Error::invalid_field("OwnedAccessKey", GROUP, object::name(object), field, words))
    };
    if !ttl.is_some_and(|it| (0..=TTL_MAX).contains(&it)) {
        return fault("spec.ttl", "Between 0 (never expires) and ten years, in seconds.");
    }
    if !matches!(kind, Some(KIND_USER | KIND_LOGIN)) {
        return fault("spec.type", "User or Login.");
    }
    if object["spec"]["displayName"].as_str().unwrap_or_default().chars().count() > 63 {
        return fault("spec.displayName", "At most 63 characters.");
    }
    // A part of a scope that this server does not know would be a part that it does not hold to.
    if let Some(scope) = object["spec"].get("scope").filter(|it| !it.is_null()) {
        let known = ["virtualClusters", "allowLoftCli"];
        let strange =
            scope.as_object().is_none_or(|it| it.keys().any(|key| !known.contains(&key.as_str())));
        if strange || serde_json::from_value::<Scope>(scope.clone()).is_err() {
            return fault("spec.scope", "Only virtualClusters can be named here.");
        }
    }
    Ok(())
}

/// A key with a scope makes no keys: a wider one would set it free.
fn narrow(call: &Call<'_>, object: &Value) -> Result<()> {
    match call.caller.key.as_ref().and_then(|it| it.scope.as_ref()) {
        Some(_) => Err(Error::Forbidden(format!(
            "{} cannot be changed with a scoped key",
            object::name(object)
        ))),
        None => Ok(()),
    }
}

/// Makes the key of a command line's sign-in.
///
/// # Errors
/// The store cannot be written.
pub fn create_login(
    tx: &mut Tx<'_>,
    mac: &KeyMac,
    user: &str,
    secret: &AccessKey,
) -> Result<Value> {
    create(tx, mac, secret, user, KIND_LOGIN, TTL_LOGIN)
}

fn create(
    tx: &mut Tx<'_>,
    mac: &KeyMac,
    secret: &AccessKey,
    user: &str,
    kind: &str,
    ttl: i64,
) -> Result<Value> {
    let name = super::generated_name(&kind.to_lowercase())?;
    let object = json!({
        "kind": "OwnedAccessKey",
        "apiVersion": format!("{GROUP}/{VERSION}"),
        "metadata": {
            "name": name,
            "uid": uuid::Uuid::new_v4().to_string(),
            "creationTimestamp": rfc3339(tx.now()),
            "generation": 1,
        },
        "spec": { "user": user, "type": kind, "ttl": ttl, "displayName": display_name(kind) },
        "status": { "hint": secret.hint() },
    });
    tx.add_secret(&mac.of(secret), &name)?;
    tx.create(&key(ACCESS_KEYS, "", &name), object.clone())?;
    Ok(object)
}

fn display_name(kind: &str) -> &'static str {
    if kind == KIND_RESET { "Invite" } else { "Command line" }
}

/// Whether a key works at `now`, in Unix seconds, as far as its own object says.
#[must_use]
pub fn is_alive(object: &OwnedAccessKey, now: i64) -> bool {
    let expired = expires(object).is_some_and(|it| it <= now);
    !object.spec.disabled && !expired && object.metadata.deletion_timestamp.is_none()
}

/// Whether the key of this name is there and works.
///
/// # Errors
/// The store cannot be read.
pub fn is_usable(snapshot: &Snapshot<'_>, name: &str, now: i64) -> Result<bool> {
    let Some(entry) = snapshot.get(&key(ACCESS_KEYS, "", name))? else { return Ok(false) };
    let object: OwnedAccessKey = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
    Ok(is_alive(&object, now))
}

/// When a key stops working, in Unix seconds; nothing for never.
fn expires(object: &OwnedAccessKey) -> Option<i64> {
    let ttl = object.spec.ttl.filter(|&it| it > 0)?;
    let created =
        object.metadata.creation_timestamp.as_deref().and_then(parse_rfc3339).unwrap_or(0);
    Some(created.saturating_add(ttl))
}

/// The key whose secret has this MAC, with its name.
///
/// # Errors
/// The store cannot be read.
pub fn of_secret(snapshot: &Snapshot<'_>, mac: &[u8]) -> Result<Option<(String, OwnedAccessKey)>> {
    let Some(name) = snapshot.key_of_secret(mac)? else { return Ok(None) };
    let Some(entry) = snapshot.get(&key(ACCESS_KEYS, "", &name))? else { return Ok(None) };
    Ok(Some((name, serde_json::from_slice(&entry.body).map_err(Error::internal)?)))
}

/// `users/<u>/accesskeys`: the keys of a user, without invites.
///
/// # Errors
/// The store cannot be read.
pub fn of_user(snapshot: &Snapshot<'_>, user: &str) -> Result<Value> {
    let mut keys = Vec::new();
    for entry in snapshot.entries(&range(ACCESS_KEYS))? {
        let mut object: Value = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
        if object["spec"]["user"] == user && object["spec"]["type"] != KIND_RESET {
            fill_in(snapshot, &mut object)?;
            keys.push(object);
        }
    }
    Ok(json!({
        "kind": "UserAccessKeys",
        "apiVersion": format!("{GROUP}/{VERSION}"),
        "metadata": {},
        "accessKeys": keys,
    }))
}

/// What is computed of a key: when it was last used and when it ends.
fn fill_in(snapshot: &Snapshot<'_>, object: &mut Value) -> Result<()> {
    let typed: OwnedAccessKey =
        serde::Deserialize::deserialize(&*object).map_err(Error::internal)?;
    if let Some(seen) = snapshot.secret_seen(object::name(object))? {
        object["status"]["lastActivity"] = json!(rfc3339(seen));
    }
    if let Some(expires) = expires(&typed) {
        object["status"]["expires"] = json!(rfc3339(expires));
    }
    Ok(())
}

/// Removes every key and invite of a user.
///
/// # Errors
/// The store cannot be written.
pub fn remove_all_of(tx: &mut Tx<'_>, user: &str) -> Result<()> {
    for entry in tx.list(&range(ACCESS_KEYS))? {
        let object: OwnedAccessKey =
            serde_json::from_slice(&entry.body).map_err(Error::internal)?;
        if object.spec.user == user {
            remove(tx, &entry.name)?;
        }
    }
    Ok(())
}

/// Notes which virtual clusters a scope means: names come back, and the next bearer is another.
fn pin(tx: &Tx<'_>, object: &mut Value) -> Result<()> {
    let name = object::name(object).to_owned();
    let named = object.pointer_mut("/spec/scope/virtualClusters").and_then(Value::as_array_mut);
    let Some(named) = named else { return Ok(()) };
    for it in named.iter_mut().filter(|it| it["virtualCluster"] != "*") {
        let text = |field: &str| it[field].as_str().unwrap_or_default();
        let namespace = project_namespace(text("project"));
        let Some(entry) = tx.get(&key(VCLUSTERS, &namespace, text("virtualCluster")))? else {
            let words = format!("There is no virtual cluster `{}` there.", text("virtualCluster"));
            return Err(Error::invalid_field("OwnedAccessKey", GROUP, &name, "spec.scope", words));
        };
        let instance: Value = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
        it["uid"] = json!(object::meta(&instance, "uid"));
    }
    Ok(())
}

pub(super) fn remove(tx: &mut Tx<'_>, name: &str) -> Result<()> {
    tx.delete(&key(ACCESS_KEYS, "", name), None)?;
    tx.remove_secret(name)?;
    Ok(())
}
