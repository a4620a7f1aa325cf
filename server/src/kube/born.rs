//! What a fresh logical cluster has, and a fresh namespace.

use serde_json::{Value, json};

use super::{Result, object, rbac};
use crate::clock::rfc3339;
use crate::store::{Key, Tx};

/// The namespaces of a fresh logical cluster.
const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];
/// Says a namespace's name to label selectors.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Makes what a fresh logical cluster has. What is there already stays.
///
/// # Errors
/// The store cannot be written.
pub fn born(tx: &mut Tx<'_>, cluster: &str, now: i64) -> Result<()> {
    for name in NAMESPACES {
        let key = Key {
            cluster: cluster.to_owned(),
            resource: "namespaces".into(),
            namespace: String::new(),
            name: name.to_owned(),
        };
        if tx.get(&key)?.is_some() {
            continue;
        }
        let mut namespace =
            json!({"kind": "Namespace", "apiVersion": "v1", "metadata": metadata(name, now)});
        furnish(&mut namespace);
        tx.create(&key, namespace)?;
        account(tx, cluster, name, now)?;
    }
    for object in rbac::default_objects() {
        let key = Key {
            cluster: cluster.to_owned(),
            resource: rbac::stored_as(&object),
            namespace: String::new(),
            name: object::name(&object).to_owned(),
        };
        if tx.get(&key)?.is_none() {
            tx.create(&key, with_metadata(object, now))?;
        }
    }
    Ok(())
}

fn with_metadata(mut object: Value, now: i64) -> Value {
    let made = metadata(object::name(&object), now);
    if let Value::Object(made) = made {
        object::map_at(&mut object, &["metadata"]).extend(made);
    }
    object
}

fn metadata(name: &str, now: i64) -> Value {
    json!({"name": name, "uid": uuid::Uuid::new_v4().to_string(), "creationTimestamp": rfc3339(now)})
}

/// Fills in what every namespace has.
pub(super) fn furnish(namespace: &mut Value) {
    let name = object::name(namespace).to_owned();
    object::map_at(namespace, &["metadata", "labels"]).insert(NAME_LABEL.into(), json!(name));
    object::map_at(namespace, &["spec"]).insert("finalizers".into(), json!(["kubernetes"]));
    object::map_at(namespace, &["status"]).insert("phase".into(), json!("Active"));
}

/// Makes a namespace's `default` ServiceAccount.
///
/// # Errors
/// The store cannot be written.
pub(super) fn account(tx: &mut Tx<'_>, cluster: &str, namespace: &str, now: i64) -> Result<()> {
    let key = Key {
        cluster: cluster.to_owned(),
        resource: "serviceaccounts".into(),
        namespace: namespace.to_owned(),
        name: "default".into(),
    };
    if tx.get(&key)?.is_some() {
        return Ok(());
    }
    let mut account =
        json!({"kind": "ServiceAccount", "apiVersion": "v1", "metadata": metadata("default", now)});
    account["metadata"]["namespace"] = json!(namespace);
    tx.create(&key, account)?;
    Ok(())
}
