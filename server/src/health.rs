//! Whether the server lives, is ready, and what it is.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::app::App;

/// The version of Kubernetes whose API the embedded server speaks.
pub const KUBE_VERSION: &str = "v1.33.0";

/// Alive: the process answers.
pub async fn healthz() -> &'static str {
    "ok"
}

/// Ready: the store can be written, and the server is not stopping.
pub async fn readyz(State(app): State<App>) -> (StatusCode, &'static str) {
    if app.stop.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping");
    }
    match app.store.ping().await {
        Ok(()) => (StatusCode::OK, "ok"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be written"),
    }
}

/// What the CLIs check. `v0.0.0` switches their check off, and `major` must be a number that they
/// know: 3 is that of the generation of `loft` that speaks projects and direct endpoints.
pub async fn version() -> Json<Value> {
    Json(json!({
        "version": "v0.0.0",
        "major": "3",
        "minor": "4",
        "kubeVersion": KUBE_VERSION,
        "newerVersion": "",
        "shouldUpgrade": false,
    }))
}

/// Body of `/version` of an embedded cluster: it says what it is.
#[must_use]
pub fn embedded_version() -> Value {
    let dormer = env!("CARGO_PKG_VERSION");
    json!({
        "major": "1",
        "minor": "33",
        "gitVersion": format!("{KUBE_VERSION}+dormer-{dormer}"),
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
    })
}
