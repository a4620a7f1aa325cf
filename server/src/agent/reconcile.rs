//! From a `VirtualCluster` to a virtual cluster.

use std::sync::Arc;
use std::time::Duration;

use dormer_api::annotation;
use futures::StreamExt;
use kube::api::{Api, Patch, PatchParams};
use kube::core::DynamicObject;
use kube::runtime::controller::{Action, Controller};
use kube::runtime::watcher;
use kube::{Client, ResourceExt};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::driver::{self, Driver};
use super::virtual_cluster::{VirtualCluster, api_resource, read};

/// Holds the object until its virtual cluster is gone.
const FINALIZER: &str = "loft.sh/agent-cleanup";
/// How long after a failure it is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// How soon one that is on its way out is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Why a virtual cluster could not be made real this time.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("the host cluster refused")]
    Host(#[from] kube::Error),
    #[error("the driver failed")]
    Driver(#[from] driver::Error),
    #[error("the object cannot be read")]
    Unreadable(#[from] serde_json::Error),
}

struct Context {
    client: Client,
    driver: Arc<Driver>,
}

/// Runs until `stop` is cancelled.
pub(super) async fn run(client: Client, driver: Arc<Driver>, stop: CancellationToken) {
    let resource = api_resource();
    let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
    let context = Arc::new(Context { client, driver });
    Controller::new_with(api, watcher::Config::default(), resource)
        .graceful_shutdown_on(stop.cancelled_owned())
        .run(reconcile, retry, context)
        .for_each(|done| async move {
            if let Err(error) = done {
                tracing::debug!(%error, "a virtual cluster was not reconciled");
            }
        })
        .await;
}

fn retry(object: Arc<DynamicObject>, error: &Error, _: Arc<Context>) -> Action {
    tracing::warn!(
        error = error as &dyn std::error::Error,
        virtual_cluster = object.name_any(),
        "will try again"
    );
    Action::requeue(RETRY_AFTER)
}

async fn reconcile(object: Arc<DynamicObject>, context: Arc<Context>) -> Result<Action, Error> {
    let cluster = read(&object)?;
    let api: Api<DynamicObject> =
        Api::namespaced_with(context.client.clone(), &cluster.metadata.namespace, &api_resource());
    let held = cluster.metadata.finalizers.iter().any(|it| it == FINALIZER);
    if cluster.metadata.deletion_timestamp.is_some() {
        if held {
            if !context.driver.remove(&cluster).await? {
                return Ok(Action::requeue(LOOK_AGAIN));
            }
            let rest: Vec<&String> =
                cluster.metadata.finalizers.iter().filter(|it| *it != FINALIZER).collect();
            patch(&api, &cluster, None, json!({ "metadata": { "finalizers": rest } })).await?;
        }
        return Ok(Action::await_change());
    }
    if !held {
        let mut finalizers = cluster.metadata.finalizers.clone();
        finalizers.push(FINALIZER.into());
        patch(&api, &cluster, None, json!({ "metadata": { "finalizers": finalizers } })).await?;
    }
    let asleep = cluster.metadata.annotation(annotation::SLEEP_MODE) == Some("true");
    let is = match asleep {
        true => context.driver.sleep(&cluster).await?,
        false => context.driver.load(&cluster).await?,
    };
    let next = context.driver.look_again(&is);
    if is != cluster.status {
        patch(&api, &cluster, Some("status"), json!({ "status": is })).await?;
    }
    Ok(next.map_or_else(Action::await_change, Action::requeue))
}

async fn patch(
    api: &Api<DynamicObject>,
    cluster: &VirtualCluster,
    subresource: Option<&str>,
    change: serde_json::Value,
) -> Result<(), Error> {
    let (name, params, change) =
        (&cluster.metadata.name, PatchParams::default(), Patch::Merge(change));
    let patched = match subresource {
        Some(_) => api.patch_status(name, &params, &change).await,
        None => api.patch(name, &params, &change).await,
    };
    match patched {
        Ok(_) => Ok(()),
        // It went in the meantime: nothing is left to write to.
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(error.into()),
    }
}
