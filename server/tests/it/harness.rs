//! A whole instance without a socket, and the people who call it.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use clap::Parser;
use dormer::clock::Clock;
use dormer::config::{Cli, Serve};
use dormer::listen::Peer;
use dormer::routes;
use dormer::serve::{self, Running};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

/// The management API's own part of a path.
pub const M: &str = "/kubernetes/management/apis/management.loft.sh/v1";
/// The project namespace that every installation begins with.
pub const NAMESPACE: &str = "loft-p-default";
/// The first administrator's password in tests.
pub const ADMIN_PASSWORD: &str = "open sesame, please";
/// How long a test waits for what the controllers bring about.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running instance. Ends with the test.
pub struct TestServer {
    pub clock: Clock,
    pub router: Router,
    pub running: Option<Running>,
    pub folder: TempDir,
}

impl TestServer {
    /// A fresh instance at the machine's own time.
    pub async fn start() -> Self {
        Self::at(Clock::system()).await
    }

    /// A fresh instance with this clock.
    pub async fn at(clock: Clock) -> Self {
        let folder = TempDir::new().unwrap();
        let password = folder.path().join("password");
        std::fs::write(&password, ADMIN_PASSWORD).unwrap();
        let config = config(&password);
        let data = folder.path().join("data");
        let names = vec!["localhost".to_owned()];
        let running =
            serve::start(config, &data, names, "Q0E=".into(), clock.clone()).await.unwrap();
        let router = routes::router(running.app.clone());
        Self { clock, router, running: Some(running), folder }
    }

    /// Somebody without any credential.
    pub fn anonymous(&self) -> Person {
        Person { router: self.router.clone(), headers: HeaderMap::new(), name: String::new() }
    }

    /// The first administrator, with an access key.
    pub async fn admin(&self) -> Person {
        self.signed_in("admin", ADMIN_PASSWORD).await
    }

    /// A new member of the default project, with an access key.
    pub async fn member(&self, name: &str) -> Person {
        let password = format!("the password of {name}");
        let user = json!({
            "metadata": { "name": name },
            "spec": { "username": name, "email": format!("{name}@example.com"), "password": password },
        });
        self.admin().await.post(&format!("{M}/users"), &user).await.expect(StatusCode::CREATED);
        self.signed_in(name, &password).await
    }

    /// Signs somebody in as a command line does.
    pub async fn signed_in(&self, name: &str, password: &str) -> Person {
        let body = json!({ "username": name, "password": password });
        let answer =
            self.anonymous().post("/auth/password/login", &body).await.expect(StatusCode::OK);
        self.anonymous().named(name).with(
            header::AUTHORIZATION.as_str(),
            &format!("Bearer {}", answer["accessKey"].as_str().unwrap()),
        )
    }

    /// Stops and starts on the same folder.
    pub async fn restart(&mut self) {
        self.running.take().unwrap().stop().await;
        let config = config(&self.folder.path().join("password"));
        let data = self.folder.path().join("data");
        let names = vec!["localhost".to_owned()];
        let running =
            serve::start(config, &data, names, "Q0E=".into(), self.clock.clone()).await.unwrap();
        self.router = routes::router(running.app.clone());
        self.running = Some(running);
    }
}

fn config(password: &std::path::Path) -> Serve {
    Cli::parse_from(["dormer", "--admin-password-file", password.to_str().unwrap()]).serve
}

/// Somebody who calls.
#[derive(Clone)]
pub struct Person {
    router: Router,
    headers: HeaderMap,
    /// The name of the user.
    pub name: String,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    /// The body, if the status is as expected.
    #[track_caller]
    pub fn expect(self, status: StatusCode) -> Value {
        assert_eq!(self.status, status, "{:#}", self.body);
        self.body
    }

    /// `404 NotFound: …`, for snapshots.
    pub fn line(&self) -> String {
        let text = |field: &str| self.body[field].as_str().unwrap_or_default().to_owned();
        format!("{} {}: {}", self.status.as_u16(), text("reason"), text("message"))
    }
}

impl Person {
    /// The same with another header.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(header::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
        self
    }

    fn named(mut self, name: &str) -> Self {
        self.name = name.into();
        self
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None, "").await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, Some(body), "application/json").await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PUT, path, Some(body), "application/json").await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PATCH, path, Some(body), "application/merge-patch+json").await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, None, "").await
    }

    /// One call through the whole router.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        kind: &str,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !self.headers.contains_key(header::HOST) {
            request = request.header(header::HOST, "localhost:9898");
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let peer = Peer { address: SocketAddr::from(([127, 0, 0, 1], 40_000)), tls: true };
        let body = body.map_or_else(Body::empty, |it| Body::from(it.to_string()));
        let request = request.extension(peer).body(body).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 64 << 20).await.unwrap();
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Makes a virtual cluster in the default project and waits until it answers.
    pub async fn make(&self, name: &str) -> Value {
        let body = json!({ "metadata": { "name": name } });
        self.post(&vclusters(), &body).await.expect(StatusCode::CREATED);
        self.until(name, "Ready").await
    }

    /// Waits until a virtual cluster of the default project is in this phase.
    pub async fn until(&self, name: &str, phase: &str) -> Value {
        let begun = std::time::Instant::now();
        loop {
            let answer = self.get(&vcluster(name)).await;
            if answer.status == StatusCode::OK && answer.body["status"]["phase"] == phase {
                return answer.body;
            }
            assert!(begun.elapsed() < PATIENCE, "{name} is not {phase}: {:#}", answer.body);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until a path answers 404.
    pub async fn until_gone(&self, path: &str) {
        let begun = std::time::Instant::now();
        while self.get(path).await.status != StatusCode::NOT_FOUND {
            assert!(begun.elapsed() < PATIENCE, "{path} is still there");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// The collection of virtual clusters of the default project.
pub fn vclusters() -> String {
    format!("{M}/namespaces/{NAMESPACE}/virtualclusterinstances")
}

/// A virtual cluster of the default project, in the management API.
pub fn vcluster(name: &str) -> String {
    format!("{}/{name}", vclusters())
}

/// A path inside a virtual cluster of the default project, through the gateway.
pub fn inside(name: &str, path: &str) -> String {
    format!("/kubernetes/project/default/virtualcluster/{name}{path}")
}
