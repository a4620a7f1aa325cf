//! Objects that go, and all that goes with them, in one transaction.
//!
//! A namespace takes what is in it, a CustomResourceDefinition its objects, an owner its dependents.
//! Chains may be long, so that they are walked with a list of what is left to do and no recursion.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::answer::parsed;
use super::asked::Asked;
use super::delete::Dependents;
use super::resource::{Attributes, Resource, Verb};
use super::{Result, crd, meta, object};
use crate::clock::rfc3339;
use crate::store::{Key, Range, Tx};

/// Objects that go.
pub(super) struct Leaving<'a, 'tx> {
    asked: &'a Asked,
    tx: &'a mut Tx<'tx>,
    resources: Vec<Arc<Resource>>,
    todo: Vec<Key>,
    /// Namespaces and definitions out of which something went: they may have waited for that.
    emptied: BTreeSet<Key>,
}

impl<'a, 'tx> Leaving<'a, 'tx> {
    /// # Errors
    /// The store cannot be read.
    pub(super) fn new(asked: &'a Asked, tx: &'a mut Tx<'tx>) -> Result<Self> {
        let resources = asked.server.all(&tx.snapshot()?)?;
        Ok(Self { asked, tx, resources, todo: Vec::new(), emptied: BTreeSet::new() })
    }

    /// Lets one object go: it is removed, or marked if something holds it.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(super) fn part(
        &mut self,
        resource: Arc<Resource>,
        found: Value,
        dependents: Dependents,
    ) -> Result<()> {
        let key = self.key(&resource, &found);
        if dependents == Dependents::Stay {
            self.release(object::meta(&found, "uid"))?;
        }
        let inside = self.inside(&key)?;
        if !meta::finalizers(&found).is_empty() || !inside.is_empty() {
            self.mark(&key, found)?;
            if !inside.is_empty() {
                self.emptied.insert(key);
                self.todo.extend(inside);
            }
            return Ok(());
        }
        self.remove(&resource, &key, &found)
    }

    /// Lets go all that follows.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(super) fn finish(mut self) -> Result<()> {
        loop {
            while let Some(key) = self.todo.pop() {
                self.follow(&key)?;
            }
            let Some(key) = self.emptied.pop_first() else { return Ok(()) };
            self.close(&key)?;
        }
    }

    /// One that follows another: it may be gone already.
    fn follow(&mut self, key: &Key) -> Result<()> {
        let Some(entry) = self.tx.get(key)? else { return Ok(()) };
        let found = parsed(&entry.body)?;
        match self.resources.iter().find(|it| it.stored_as() == key.resource).cloned() {
            Some(resource) => self.part(resource, found, Dependents::Go),
            // Nobody serves it any more.
            None => self.tx.delete(key, None).map(drop).map_err(Into::into),
        }
    }

    /// Removes a namespace or definition that waited only for what was in it.
    fn close(&mut self, key: &Key) -> Result<()> {
        let Some(entry) = self.tx.get(key)? else { return Ok(()) };
        let found = parsed(&entry.body)?;
        let waits = object::is_terminating(&found) && meta::finalizers(&found).is_empty();
        if !waits || !self.inside(key)?.is_empty() {
            return Ok(());
        }
        match self.resources.iter().find(|it| it.stored_as() == key.resource).cloned() {
            Some(resource) => self.remove(&resource, key, &found),
            None => Ok(()),
        }
    }

    fn key(&self, resource: &Resource, found: &Value) -> Key {
        Key {
            cluster: self.asked.server.cluster.clone(),
            resource: resource.stored_as(),
            namespace: object::namespace(found).to_owned(),
            name: object::name(found).to_owned(),
        }
    }

    /// What is in a namespace or of a definition; nothing in any other object.
    fn inside(&self, key: &Key) -> Result<Vec<Key>> {
        let snapshot = self.tx.snapshot()?;
        let cluster = &key.cluster;
        let (resources, namespace) =
            if key.resource == "namespaces" && self.asked.server.has_namespaces() {
                (snapshot.resources(cluster)?, Some(key.name.clone()))
            } else if let Some(defined) = crd::defined_by(key) {
                (vec![defined], None)
            } else {
                return Ok(Vec::new());
            };
        let mut inside = Vec::new();
        for resource in resources {
            let range = Range { cluster: cluster.clone(), resource, namespace: namespace.clone() };
            for entry in snapshot.entries(&range)? {
                let resource = range.resource.clone();
                inside.push(Key {
                    cluster: cluster.clone(),
                    resource,
                    namespace: entry.namespace,
                    name: entry.name,
                });
            }
        }
        Ok(inside)
    }

    /// Marks an object as going.
    fn mark(&mut self, key: &Key, mut found: Value) -> Result<()> {
        if object::is_terminating(&found) {
            return Ok(());
        }
        let metadata = object::map_at(&mut found, &["metadata"]);
        metadata.insert("deletionTimestamp".into(), json!(rfc3339(self.asked.now())));
        metadata.insert("deletionGracePeriodSeconds".into(), json!(0));
        if let Some(generation) = metadata.get("generation").and_then(Value::as_i64) {
            metadata.insert("generation".into(), json!(generation + 1));
        }
        if key.resource == "namespaces" {
            found["status"]["phase"] = json!("Terminating");
        }
        self.tx.update(key, None, found)?;
        Ok(())
    }

    fn remove(&mut self, resource: &Arc<Resource>, key: &Key, found: &Value) -> Result<()> {
        self.tx.delete(key, None)?;
        let attributes = Attributes {
            verb: Verb::Delete,
            group: resource.group.clone(),
            version: resource.version.clone(),
            resource: resource.plural.clone(),
            subresource: String::new(),
            namespace: key.namespace.clone(),
            name: key.name.clone(),
        };
        resource.strategy.after_delete(&self.asked.call_as(&attributes), self.tx, found)?;
        self.take_dependents(object::meta(found, "uid"))?;
        if !key.namespace.is_empty() {
            let resource = "namespaces".to_owned();
            let name = key.namespace.clone();
            self.emptied.insert(Key {
                cluster: key.cluster.clone(),
                resource,
                namespace: String::new(),
                name,
            });
        }
        self.emptied.extend(crd::definition_of(key));
        Ok(())
    }

    /// Those that have no other owner go; the rest name it no more.
    fn take_dependents(&mut self, uid: &str) -> Result<()> {
        for key in self.dependents(uid)? {
            let Some(entry) = self.tx.get(&key)? else { continue };
            let mut dependent = parsed(&entry.body)?;
            forget_owner(&mut dependent, uid);
            if dependent["metadata"]["ownerReferences"].as_array().is_some_and(|it| !it.is_empty())
            {
                self.tx.update(&key, None, dependent)?;
            } else {
                self.todo.push(key);
            }
        }
        Ok(())
    }

    /// Leaves the dependents of an owner without it.
    fn release(&mut self, uid: &str) -> Result<()> {
        for key in self.dependents(uid)? {
            let Some(entry) = self.tx.get(&key)? else { continue };
            let mut dependent = parsed(&entry.body)?;
            forget_owner(&mut dependent, uid);
            self.tx.update(&key, None, dependent)?;
        }
        Ok(())
    }

    fn dependents(&self, uid: &str) -> Result<Vec<Key>> {
        if uid.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.tx.snapshot()?.dependents(&self.asked.server.cluster, uid)?)
    }
}

fn forget_owner(dependent: &mut Value, uid: &str) {
    let metadata = object::map_at(dependent, &["metadata"]);
    let Some(owners) = metadata.get_mut("ownerReferences").and_then(Value::as_array_mut) else {
        return;
    };
    owners.retain(|it| it["uid"].as_str() != Some(uid));
    if owners.is_empty() {
        metadata.remove("ownerReferences");
    }
}
