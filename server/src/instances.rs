//! From a `VirtualClusterInstance` to a `VirtualCluster` in a host cluster, and back to its status.
//!
//! Management objects are in our own store, so they are read, decided on and written in one
//! transaction. The host may be far away and is spoken to as any Kubernetes cluster.

mod advance;
mod conditions;
mod host;
mod schedule;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dormer_api::vcluster::VirtualClusterInstance;
use futures::StreamExt;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, Preconditions};
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use kube::runtime::controller::{Action, Controller};
use kube::runtime::reflector::ObjectRef;
use kube::runtime::watcher;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

use crate::auth::Caller;
use crate::hosts::{Hosts, Place};
use crate::kube::Result;
use crate::kube::server::ApiServer;
use crate::management;
use crate::sleep::Sleep;
use crate::store::Store;
use advance::Step;

/// How long a host may take for all that one look at an instance asks of it.
const HOST_MAX: Duration = Duration::from_secs(30);
/// How long after a failure an instance is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// What the controller is called as a caller of the management API.
#[must_use]
pub fn controller_name() -> &'static str {
    "system:dormer:instances"
}

/// What the controller works with.
pub struct Context {
    /// The management objects.
    pub store: Store,
    /// The management API.
    pub management: ApiServer,
    /// The host clusters.
    pub hosts: Hosts,
    /// Who is active.
    pub sleep: Sleep,
    /// Since when instances are due for deletion, by their uid.
    pub due: Mutex<HashMap<String, Instant>>,
}

impl Context {
    /// Whether there is a host cluster of the name that the instance lives in.
    async fn is_connected(&self, instance: &VirtualClusterInstance) -> Result<bool> {
        let name = &instance.spec.cluster_ref.cluster;
        Ok(self.store.get(management::key(management::CLUSTERS, "", name)).await?.is_some())
    }

    fn client(&self) -> kube::Client {
        self.management.client(Caller::controller("instances"))
    }
}

fn api_resource() -> ApiResource {
    let kind =
        GroupVersionKind::gvk(management::GROUP, management::VERSION, "VirtualClusterInstance");
    ApiResource::from_gvk_with_plural(&kind, management::VCLUSTERS)
}

/// Brings every instance to what it asks for, until `stop` is cancelled. `reports` names those whose
/// `VirtualCluster` in a host changed.
pub async fn run(context: Context, reports: Receiver<Place>, stop: CancellationToken) {
    let resource = api_resource();
    let api: Api<DynamicObject> = Api::all_with(context.client(), &resource);
    let reports = ReceiverStream::new(reports)
        .map(|(namespace, name)| ObjectRef::new_with(&name, api_resource()).within(&namespace));
    Controller::new_with(api, watcher::Config::default(), resource)
        .reconcile_on(reports)
        .graceful_shutdown_on(stop.cancelled_owned())
        .run(reconcile, retry, Arc::new(context))
        .for_each(|done| async move {
            if let Err(error) = done {
                tracing::debug!(%error, "an instance was not reconciled");
            }
        })
        .await;
}

fn retry(object: Arc<DynamicObject>, error: &host::Error, _: Arc<Context>) -> Action {
    tracing::warn!(
        error = error as &dyn std::error::Error,
        instance = object.name_any(),
        "will try again"
    );
    Action::requeue(RETRY_AFTER)
}

/// A host that takes a connection and then says nothing must not keep an instance for ever.
async fn in_time<T>(work: impl Future<Output = Result<T, host::Error>>) -> Result<T, host::Error> {
    timeout(HOST_MAX, work).await.unwrap_or(Err(host::Error::Late))
}

async fn reconcile(
    object: Arc<DynamicObject>,
    context: Arc<Context>,
) -> Result<Action, host::Error> {
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    let place = management::key(management::VCLUSTERS, &namespace, &name);
    let step = context.store.write({
        let (place, activity) = (place.clone(), context.sleep.activity.clone());
        // Looked at inside: a request that begins before the write is seen.
        move |tx| advance::advance(tx, &place, activity.of(&place.namespace, &place.name))
    });
    match step.await? {
        Step::Gone => {
            context.sleep.activity.forget(&namespace, &name);
            let uid = object.uid().unwrap_or_default();
            context.due.lock().unwrap_or_else(PoisonError::into_inner).remove(&uid);
            Ok(Action::await_change())
        }
        Step::Wait => Ok(Action::requeue(RETRY_AFTER)),
        Step::Remove(instance) => {
            // What a cluster holds that was disconnected is left to those who run it.
            let disconnected = !context.is_connected(&instance).await?;
            let removed = match in_time(host::remove(&context.hosts, &instance)).await {
                // The connection's return brings us back.
                Err(host::Error::NoHost(_)) => disconnected,
                removed => removed?,
            };
            if removed {
                host::release(context.client(), &instance).await?;
            }
            Ok(Action::await_change())
        }
        Step::Expire(instance) => expire(&context, &instance).await,
        Step::Sync { instance, look_again } => {
            let uid = &instance.metadata.uid;
            context.due.lock().unwrap_or_else(PoisonError::into_inner).remove(uid);
            let report = match in_time(host::sync(&context.hosts, &instance)).await {
                Err(host::Error::NoHost(cluster)) => {
                    // The connection's return brings us back.
                    let away = context.store.write(move |tx| advance::away(tx, &place, &cluster));
                    away.await?;
                    return Ok(Action::await_change());
                }
                synced => synced?,
            };
            context.store.write(move |tx| advance::report(tx, &place, &report)).await?;
            Ok(look_again.map_or_else(Action::await_change, Action::requeue))
        }
    }
}

/// How long an instance has to be due for deletion before it is deleted, by a clock that does not jump.
const EXPIRE_AFTER: Duration = Duration::from_secs(600);

/// Deletes an instance that nobody used for as long as it says: not at the first look, and only as it
/// was when it was looked at.
async fn expire(
    context: &Context,
    instance: &VirtualClusterInstance,
) -> Result<Action, host::Error> {
    let metadata = &instance.metadata;
    let due = {
        let mut due = context.due.lock().unwrap_or_else(PoisonError::into_inner);
        *due.entry(metadata.uid.clone()).or_insert_with(Instant::now)
    };
    if let Some(rest) = EXPIRE_AFTER.checked_sub(due.elapsed()).filter(|it| !it.is_zero()) {
        return Ok(Action::requeue(rest));
    }
    let api: Api<DynamicObject> =
        Api::namespaced_with(context.client(), &metadata.namespace, &api_resource());
    let preconditions = Preconditions {
        uid: Some(metadata.uid.clone()),
        resource_version: Some(metadata.resource_version.clone()),
    };
    let params = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
    match api.delete(&metadata.name, &params).await {
        Ok(_) => Ok(Action::await_change()),
        // It changed meanwhile: its change brings us back.
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(Action::await_change()),
        Err(error) => Err(error.into()),
    }
}
