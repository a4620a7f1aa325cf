//! What an agent may ask the central instance over its tunnel: nothing that is not about its own
//! cluster.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use dormer_api::vcluster::{ActivityInfo, VirtualClusterInstance};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Semaphore;

use super::policy;
use crate::app::App;
use crate::auth::direct::KeyClaim;
use crate::auth::{AccessKey, by_key};
use crate::kube::{Error, Result};
use crate::layers;
use crate::management::{self, VCLUSTERS};

/// Where an agent asks whose an access key is.
pub const KEYS: &str = "/keys";
/// Where an agent asks for a sleeper to be woken.
pub const WAKE: &str = "/wake";
/// Where an agent tells what was used.
pub const USED: &str = "/used";
/// Where an agent tells who did what at its endpoint.
pub const AUDIT: &str = "/audit";
/// Where an agent hears what it has to know of people and rights.
pub const POLICY: &str = "/policy";

/// How many questions of one agent are answered at once. It may be anybody's machine by now.
const ASKED_MAX: usize = 64;
/// How many copies it may follow: one, and the one before that has not ended yet.
const FOLLOWING_MAX: usize = 2;
/// The longest body of a question, in bytes.
const BODY_MAX: usize = 256 * 1024;
/// The longest that an answer may take to begin.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Refuses what is too much at once.
async fn in_turn(
    State(places): State<Arc<Semaphore>>,
    request: Request,
    next: Next,
) -> Result<Response> {
    let _place = places.try_acquire().map_err(|_| too_much())?;
    Ok(next.run(request).await)
}

fn too_much() -> Error {
    Error::TooManyRequests { message: "too much at once".into(), retry_after_seconds: 1 }
}

/// Which agent asks.
#[derive(Clone)]
struct Agent {
    app: App,
    cluster: Arc<str>,
    following: Arc<Semaphore>,
}

/// The service for the agent of `cluster`.
pub(super) fn router(app: App, cluster: String) -> Router {
    Router::new()
        .route(KEYS, post(keys))
        .route(WAKE, post(wake))
        .route(USED, post(used))
        .route(AUDIT, post(audit))
        .route(POLICY, get(policy_stream))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(middleware::from_fn(layers::deadline(TIMEOUT)))
        .layer(middleware::from_fn_with_state(Arc::new(Semaphore::new(ASKED_MAX)), in_turn))
        .with_state(Agent {
            app,
            cluster: cluster.into(),
            following: Arc::new(Semaphore::new(FOLLOWING_MAX)),
        })
}

/// Body of `POST /keys`.
#[derive(Serialize, Deserialize)]
pub struct Presented {
    /// The access key that somebody showed at the direct endpoint.
    pub key: String,
}

/// Answer to [`Presented`]: whom the key acts for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Known {
    /// The name of the user.
    pub user: String,
    /// The key.
    pub key: KeyClaim,
}

async fn keys(State(agent): State<Agent>, Json(shown): Json<Presented>) -> Result<Json<Known>> {
    let nobody = || Error::Unauthorized("Unauthorized".into());
    let key = AccessKey::parse(&shown.key).ok_or_else(nobody)?;
    let caller = by_key(&agent.app, &key).await?;
    let key = caller.key.ok_or_else(nobody)?;
    let key = KeyClaim { name: key.name, kind: key.kind, scope: key.scope };
    Ok(Json(Known { user: caller.name, key }))
}

/// Namespace and name of an instance.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Which {
    /// The project's namespace.
    pub namespace: String,
    /// The instance's name.
    pub name: String,
}

async fn wake(State(agent): State<Agent>, Json(which): Json<Which>) -> Result<&'static str> {
    agent.own(&which).await?;
    agent.app.gateway.sleep.wake(&which.namespace, &which.name).await?;
    Ok("ok")
}

/// What was used at the direct endpoint.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Use {
    /// Of which instance.
    #[serde(flatten)]
    pub which: Which,
    /// The last use, in Unix seconds.
    pub last: i64,
    /// How many requests are open.
    pub open: u32,
    /// Who it was last, where that is new.
    pub info: Option<ActivityInfo>,
}

async fn used(State(agent): State<Agent>, Json(uses): Json<Vec<Use>>) -> Result<&'static str> {
    for it in uses {
        // One that is gone, or elsewhere by now, has nothing to be told of.
        if agent.own(&it.which).await.is_ok() {
            let place = (it.which.namespace, it.which.name);
            let activity = &agent.app.gateway.sleep.activity;
            activity.heard(&agent.cluster, &place, it.last, it.open, it.info);
        }
    }
    Ok("ok")
}

async fn audit(State(agent): State<Agent>, Json(told): Json<Vec<Value>>) -> Result<&'static str> {
    agent.app.gateway.audit.take(&agent.cluster, told).await?;
    Ok("ok")
}

async fn policy_stream(State(agent): State<Agent>) -> Result<Response> {
    let place = agent.following.clone().try_acquire_owned().map_err(|_| too_much())?;
    let (store, cluster) = (agent.app.store.clone(), agent.cluster.to_string());
    let lines = policy::follow(store, cluster, agent.app.config.origins()).await?;
    Ok(Response::new(Body::from_stream(lines.inspect(move |_| {
        let _held = &place;
    }))))
}

impl Agent {
    /// Whether an instance lives in this agent's cluster.
    async fn own(&self, which: &Which) -> Result<()> {
        let missing = || Error::NotFound {
            resource: VCLUSTERS.into(),
            group: management::GROUP.into(),
            name: which.name.clone(),
        };
        let place = management::key(VCLUSTERS, &which.namespace, &which.name);
        let entry = self.app.store.get(place).await?.ok_or_else(missing)?;
        let instance: VirtualClusterInstance =
            serde_json::from_slice(&entry.body).map_err(Error::internal)?;
        match *instance.spec.cluster_ref.cluster == *self.cluster {
            true => Ok(()),
            false => Err(missing()),
        }
    }
}
