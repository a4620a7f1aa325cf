//! A request, understood: what the handlers work on.

use std::sync::Arc;

use serde_json::Value;

use super::accept::Form;
use super::query::Query;
use super::resource::{Attributes, Call, Decision, Resource, Verb};
use super::selector::Selector;
use super::server::Inner;
use super::{Error, Result, object};
use crate::auth::Caller;
use crate::store::{Key, Range, Snapshot, Tx};

/// A request, understood.
pub(super) struct Asked {
    pub server: Arc<Inner>,
    pub caller: Caller,
    pub resource: Arc<Resource>,
    pub attributes: Attributes,
    pub query: Query,
    pub selector: Selector,
    pub form: Form,
    pub dry_run: bool,
    /// The program that calls, from `User-Agent`; empty where it does not say.
    pub agent: String,
}

impl Asked {
    /// Unix seconds. A watch lives long enough for it to change.
    pub(super) fn now(&self) -> i64 {
        self.server.clock.now_seconds()
    }

    /// Who writes, for `metadata.managedFields`.
    pub(super) fn manager(&self) -> String {
        self.query.text("fieldManager").unwrap_or(&self.agent).to_owned()
    }

    /// Refuses a place that does not fit the resource.
    ///
    /// # Errors
    /// [`Error::NoResource`], [`Error::MethodNotAllowed`].
    pub(super) fn check_place(&self) -> Result<()> {
        let Attributes { verb, namespace, name, .. } = &self.attributes;
        if !self.resource.namespaced {
            return if namespace.is_empty() { Ok(()) } else { Err(Error::NoResource) };
        }
        match verb {
            Verb::List | Verb::Watch => Ok(()),
            _ if !namespace.is_empty() => Ok(()),
            Verb::Create | Verb::DeleteCollection if name.is_empty() => {
                Err(Error::MethodNotAllowed)
            }
            _ => Err(Error::NoResource),
        }
    }

    /// The call as strategies see it.
    pub(super) fn call(&self) -> Call<'_> {
        self.call_as(&self.attributes)
    }

    /// A call that follows from this one.
    pub(super) fn call_as<'a>(&'a self, attributes: &'a Attributes) -> Call<'a> {
        Call { caller: &self.caller, cluster: &self.server.cluster, attributes, now: self.now() }
    }

    /// The key of the named object.
    pub(super) fn key(&self) -> Key {
        self.key_of(&self.attributes.name)
    }

    /// The key of an object in the same place.
    pub(super) fn key_of(&self, name: &str) -> Key {
        self.key_in(&self.attributes.namespace, name)
    }

    /// The key of an object of the same resource.
    pub(super) fn key_in(&self, namespace: &str, name: &str) -> Key {
        Key {
            cluster: self.server.cluster.clone(),
            resource: self.resource.stored_as(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// The collection.
    pub(super) fn range(&self) -> Range {
        let namespace = &self.attributes.namespace;
        Range {
            cluster: self.server.cluster.clone(),
            resource: self.resource.stored_as(),
            namespace: (!namespace.is_empty()).then(|| namespace.clone()),
        }
    }

    /// Refuses unless the caller may do what is asked. `object` is as [`super::resource::Authorizer`]
    /// wants it.
    ///
    /// # Errors
    /// [`Error::Forbidden`], or [`Error::NotFound`] where the caller may not even know.
    pub(super) fn authorize(&self, snapshot: &Snapshot<'_>, object: Option<&Value>) -> Result<()> {
        self.authorize_as(snapshot, &self.attributes, object)
    }

    /// The same for something else than what is asked.
    ///
    /// # Errors
    /// As [`Asked::authorize`].
    pub(super) fn authorize_as(
        &self,
        snapshot: &Snapshot<'_>,
        attributes: &Attributes,
        object: Option<&Value>,
    ) -> Result<()> {
        match self.server.authorizer.may(snapshot, &self.caller, attributes, object)? {
            Decision::Allow => Ok(()),
            Decision::Deny => Err(forbidden(&self.caller, attributes)),
            Decision::Hide if attributes.name.is_empty() => Err(Error::NoResource),
            Decision::Hide => Err(self.missing()),
        }
    }

    /// Whether the caller may see `object` in a list or watch.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) fn sees(&self, snapshot: &Snapshot<'_>, object: &Value) -> Result<bool> {
        if !self.server.authorizer.by_object() {
            return Ok(true);
        }
        let attributes = Attributes {
            verb: Verb::Get,
            name: object::name(object).to_owned(),
            namespace: object::namespace(object).to_owned(),
            ..self.attributes.clone()
        };
        let decision =
            self.server.authorizer.may(snapshot, &self.caller, &attributes, Some(object))?;
        Ok(decision == Decision::Allow)
    }

    /// Whether lists and watches have to look into each object.
    pub(super) fn looks_inside(&self) -> bool {
        !self.selector.is_empty()
            || self.server.authorizer.by_object()
            || self.resource.strategy.shows()
    }

    /// The answer about an object that is not there.
    pub(super) fn missing(&self) -> Error {
        missing(&self.resource, &self.attributes.name)
    }

    /// Runs `work` in a transaction; with `dryRun` its outcome is kept from the store.
    ///
    /// # Errors
    /// What `work` says.
    pub(super) async fn transact<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self, &mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.rehearse(self.dry_run, work).await
    }

    /// Runs `work` in a transaction, and keeps its outcome from the store if that is only a rehearsal.
    ///
    /// # Errors
    /// What `work` says.
    pub(super) async fn rehearse<T: Send + 'static>(
        self: &Arc<Self>,
        only: bool,
        work: impl FnOnce(&Self, &mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let asked = self.clone();
        let ran = self.server.store.write(move |tx| {
            let made = work(&asked, tx).map_err(Undone::Refused)?;
            if only { Err(Undone::Rehearsed(made)) } else { Ok(made) }
        });
        match ran.await {
            Ok(made) | Err(Undone::Rehearsed(made)) => Ok(made),
            Err(Undone::Refused(error)) => Err(error),
        }
    }
}

/// Why nothing was kept.
enum Undone<T> {
    Refused(Error),
    /// A dry run: what would have been.
    Rehearsed(T),
}

impl<T> From<crate::store::Error> for Undone<T> {
    fn from(error: crate::store::Error) -> Self {
        Self::Refused(error.into())
    }
}

/// The answer about an object that is not there.
pub(super) fn missing(resource: &Resource, name: &str) -> Error {
    Error::NotFound {
        resource: resource.plural.clone(),
        group: resource.group.clone(),
        name: name.to_owned(),
    }
}

/// `configmaps`, `deployments.apps`.
pub(super) fn qualified(group: &str, resource: &str) -> String {
    if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") }
}

/// The refusal in Kubernetes' words.
fn forbidden(caller: &Caller, attributes: &Attributes) -> Error {
    let Attributes { verb, group, resource, subresource, namespace, name, .. } = attributes;
    let resource =
        if subresource.is_empty() { resource.clone() } else { format!("{resource}/{subresource}") };
    let subject = qualified(group, &resource);
    let named = if name.is_empty() { String::new() } else { format!(" {name:?}") };
    let place = if namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace {namespace:?}")
    };
    Error::Forbidden(format!(
        "{subject}{named} is forbidden: User {:?} cannot {verb} resource {resource:?} in API group {group:?} {place}",
        caller.name
    ))
}
