//! One logical cluster's API, as a function from a request to its answer.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use futures::FutureExt as _;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::accept;
use super::asked::Asked;
use super::body::{self, media_type};
use super::path::{self, Place, Target};
use super::query::Query;
use super::resource::{Authorizer, Resource, Verb};
use super::rows::{self, Row};
use super::selector::Selector;
use super::{Error, Result, computed, crd, delete, discovery, patch, read, scale, watch, write};
use crate::auth::Caller;
use crate::clock::Clock;
use crate::store::{Snapshot, Store};

/// What an [`ApiServer`] is made of.
pub struct Settings {
    /// Where the objects are.
    pub store: Store,
    /// The logical cluster, the first part of every key.
    pub cluster: String,
    /// What is served from the start.
    pub resources: Vec<Arc<Resource>>,
    /// Who decides about callers.
    pub authorizer: Arc<dyn Authorizer>,
    /// Where the time comes from.
    pub clock: Clock,
    /// The body of `/version`.
    pub version: Value,
    /// Whether CustomResourceDefinitions are served, and the resources that they define.
    pub custom_resources: bool,
}

/// One logical cluster's API. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct ApiServer {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub store: Store,
    pub cluster: String,
    pub resources: Vec<Arc<Resource>>,
    pub authorizer: Arc<dyn Authorizer>,
    pub clock: Clock,
    pub version: Value,
    /// Nothing where CustomResourceDefinitions are not served.
    pub custom: Option<Mutex<crd::Cache>>,
    pub closing: CancellationToken,
}

impl ApiServer {
    /// An API over what `settings` say. The logical cluster is [born](super::born) apart.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let Settings {
            store,
            cluster,
            mut resources,
            authorizer,
            clock,
            version,
            custom_resources,
        } = settings;
        if custom_resources {
            let definitions = crd::resource(&resources);
            resources.push(Arc::new(definitions));
        }
        let inner = Inner {
            store,
            cluster,
            resources,
            authorizer,
            clock,
            version,
            custom: custom_resources.then(Mutex::default),
            closing: CancellationToken::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Answers a request whose path begins at the root of the API. Every refusal is a `Status`.
    pub async fn handle(&self, caller: Caller, request: Request) -> Response {
        // A fault in one request must not take the connection's other requests with it.
        let answered = AssertUnwindSafe(self.answer(caller, request)).catch_unwind().await;
        match answered {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => error.into_response(),
            Err(_) => Error::internal("a request panicked").into_response(),
        }
    }

    /// A client that calls this API without a socket.
    #[must_use]
    pub fn client(&self, caller: Caller) -> ::kube::Client {
        let server = self.clone();
        let service = tower::service_fn(
            move |request: axum::http::Request<::kube::client::Body>| {
                let (server, caller) = (server.clone(), caller.clone());
                async move { Ok::<_, Infallible>(server.handle(caller, request.map(Body::new)).await) }
            },
        );
        ::kube::Client::new(service, "default")
    }

    /// Every resource and subresource with each of its verbs, for the test that walks them all. Those
    /// of CustomResourceDefinitions come and go and are not here.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        self.inner.resources.iter().flat_map(|it| rows::of(it)).collect()
    }

    /// Ends the watches, for a server that stops or a cluster that is put to sleep. What is asked
    /// later is still answered, but no watch begins.
    pub fn close(&self) {
        self.inner.closing.cancel();
    }

    async fn answer(&self, caller: Caller, request: Request) -> Result<Response> {
        match path::parse(request.uri().path())? {
            Target::Health => Ok("ok".into_response()),
            Target::Objects(place) => self.objects(caller, place, request).await,
            target => {
                if request.method() != axum::http::Method::GET {
                    return Err(Error::MethodNotAllowed);
                }
                discovery::answer(&self.inner, target, request.headers()).await
            }
        }
    }

    async fn objects(&self, caller: Caller, place: Place, request: Request) -> Result<Response> {
        let (head, body) = request.into_parts();
        let query = Query::parse(&head.uri)?;
        let selector = Selector::parse(query.text("labelSelector"), query.text("fieldSelector"))?;
        let only = selector.only_name().map(str::to_owned);
        let attributes = place.attributes(&head.method, query.flag("watch")?, only)?;
        let resource = self
            .inner
            .resource(&attributes.group, &attributes.version, &attributes.resource)
            .await?;
        let form = accept::negotiate(&head.headers)?;
        let asked = Asked {
            server: self.inner.clone(),
            caller,
            resource,
            attributes,
            selector,
            form,
            dry_run: query.dry_run()?,
            agent: agent(&head.headers),
            query,
        };
        asked.check_place()?;
        let media_type = media_type(&head.headers);
        let body = body::read(body).await?;
        dispatch(Arc::new(asked), &media_type, &body).await
    }
}

/// The program that calls, without its version.
fn agent(headers: &HeaderMap) -> String {
    let said = headers.get(header::USER_AGENT).and_then(|it| it.to_str().ok()).unwrap_or_default();
    said.split('/').next().unwrap_or_default().trim().to_owned()
}

async fn dispatch(asked: Arc<Asked>, media_type: &str, body: &[u8]) -> Result<Response> {
    let subresource = asked.attributes.subresource.as_str();
    if let Some(part) = asked.resource.subresources.iter().find(|it| it.name == subresource) {
        let part = part.clone();
        return computed::subresource(asked, part, media_type, body).await;
    }
    if subresource == "scale" && scale::paths(&asked.resource).is_some() {
        return scale::answer(asked, media_type, body).await;
    }
    let has_it = subresource.is_empty() || (subresource == "status" && asked.resource.status);
    let finalize = subresource == "finalize" && asked.resource.stored_as() == "namespaces";
    if !has_it && !finalize {
        return Err(Error::NoResource);
    }
    if let Some(virtually) = asked.resource.virtually.clone() {
        return computed::resource(asked, virtually, media_type, body).await;
    }
    if !asked.resource.verbs.contains(&asked.attributes.verb) {
        return Err(Error::MethodNotAllowed);
    }
    match asked.attributes.verb {
        Verb::Get => read::get(asked).await,
        Verb::List => read::list(asked).await,
        Verb::Watch => watch::watch(asked).await,
        Verb::Create if !subresource.is_empty() => Err(Error::MethodNotAllowed),
        Verb::Create => write::create(asked, media_type, body).await,
        Verb::Update => write::update(asked, media_type, body).await,
        Verb::Patch => patch::patch(asked, media_type, body).await,
        Verb::Delete => delete::delete(asked, media_type, body).await,
        Verb::DeleteCollection => delete::collection(asked, media_type, body).await,
        Verb::Use => Err(Error::MethodNotAllowed),
    }
}

impl Inner {
    /// The resource that a path names.
    ///
    /// # Errors
    /// [`Error::NoResource`].
    pub(super) async fn resource(
        self: &Arc<Self>,
        group: &str,
        version: &str,
        plural: &str,
    ) -> Result<Arc<Resource>> {
        let is_it =
            |it: &&Arc<Resource>| it.group == group && it.version == version && it.plural == plural;
        if let Some(found) = self.resources.iter().find(is_it) {
            return Ok(found.clone());
        }
        let all = self.custom_resources().await?;
        all.iter().find(is_it).cloned().ok_or(Error::NoResource)
    }

    /// The resources that CustomResourceDefinitions define.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) async fn custom_resources(self: &Arc<Self>) -> Result<Arc<Vec<Arc<Resource>>>> {
        let Some(cache) = &self.custom else { return Ok(Arc::default()) };
        let inner = self.clone();
        let cluster = self.cluster.clone();
        let known = cache.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let fresh = self.store.read(move |snapshot| {
            let fresh = crd::defined(snapshot, &cluster, &known)?;
            // Only what is committed may be remembered: a revision that is rolled back is given again.
            if let Some(cache) = &inner.custom {
                *cache.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = fresh.clone();
            }
            Ok::<_, Error>(fresh)
        });
        Ok(fresh.await?.resources)
    }

    /// All resources, as they are in `snapshot`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) fn all(&self, snapshot: &Snapshot<'_>) -> Result<Vec<Arc<Resource>>> {
        let mut all = self.resources.clone();
        if let Some(cache) = &self.custom {
            let known = cache.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
            all.extend(crd::defined(snapshot, &self.cluster, &known)?.resources.iter().cloned());
        }
        Ok(all)
    }

    /// Whether the namespaces of this cluster are objects, so that they have to be there.
    pub(super) fn has_namespaces(&self) -> bool {
        self.serves("namespaces")
    }

    /// Whether a resource of the core group is stored here.
    pub(super) fn serves(&self, plural: &str) -> bool {
        self.resources
            .iter()
            .any(|it| it.group.is_empty() && it.plural == plural && it.virtually.is_none())
    }
}
