//! A stock `kube` client works with the embedded Kubernetes API, in-process and with no socket.

mod custom;
mod deletion;
mod lists;
mod watching;
mod writes;

use std::sync::Arc;

use ::kube::api::PostParams;
use ::kube::{Api, Client};
use axum::body::Body;
use axum::http::{Method, Request, header};
use dormer::auth::Caller;
use dormer::clock::Clock;
use dormer::kube::resource::{Attributes, Authorizer, Decision};
use dormer::kube::{self, ApiServer, Settings, builtin};
use dormer::store::{Snapshot, Store};
use http_body_util::BodyExt as _;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Lets everybody do everything.
struct AllowAll;

impl Authorizer for AllowAll {
    fn may(
        &self,
        _: &Snapshot<'_>,
        _: &Caller,
        _: &Attributes,
        _: Option<&Value>,
    ) -> kube::Result<Decision> {
        Ok(Decision::Allow)
    }

    fn by_object(&self) -> bool {
        false
    }
}

/// A fresh logical cluster. Ends with the test.
pub struct Cluster {
    pub server: ApiServer,
    pub client: Client,
    pub store: Store,
    _folder: TempDir,
}

impl Cluster {
    pub async fn start() -> Self {
        Self::guarded_by(Arc::new(AllowAll)).await
    }

    pub async fn guarded_by(authorizer: Arc<dyn Authorizer>) -> Self {
        let folder = TempDir::new().unwrap();
        let clock = Clock::system();
        let store = Store::open(folder.path(), clock.clone()).unwrap();
        let now = clock.now_seconds();
        store.write(move |tx| kube::born(tx, "c", now)).await.unwrap();
        let server = ApiServer::new(Settings {
            store: store.clone(),
            cluster: "c".into(),
            resources: builtin::resources(),
            authorizer,
            clock,
            version: json!({"major": "1", "minor": "33", "gitVersion": "v1.33.0"}),
            custom_resources: true,
        });
        let client = server.client(Caller::controller("test"));
        Self { server, client, store, _folder: folder }
    }

    pub fn config_maps(&self) -> Api<ConfigMap> {
        Api::default_namespaced(self.client.clone())
    }

    pub fn namespaces(&self) -> Api<Namespace> {
        Api::all(self.client.clone())
    }

    /// A request as it comes over the wire: its status and its body.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        media_type: &str,
        body: &str,
    ) -> (u16, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, media_type)
            .body(Body::from(body.to_owned()))
            .unwrap();
        let response = self.server.handle(Caller::controller("test"), request).await;
        let code = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (code, serde_json::from_slice(&bytes).unwrap_or_default())
    }
}

/// A ConfigMap with one entry, `x`.
pub fn config_map(name: &str, x: &str) -> ConfigMap {
    serde_json::from_value(json!({"metadata": {"name": name}, "data": {"x": x}})).unwrap()
}

/// What `x` says.
pub fn x_of(map: &ConfigMap) -> &str {
    map.data.as_ref().and_then(|it| it.get("x")).map_or("", String::as_str)
}

/// The code and reason of a refusal.
pub fn refusal<T: std::fmt::Debug>(answer: ::kube::Result<T>) -> (u16, String) {
    match answer.unwrap_err() {
        ::kube::Error::Api(status) => (status.code, status.reason),
        other => panic!("{other:?}"),
    }
}

pub async fn create(maps: &Api<ConfigMap>, name: &str, x: &str) -> ConfigMap {
    maps.create(&PostParams::default(), &config_map(name, x)).await.unwrap()
}
