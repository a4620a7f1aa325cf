//! The proof that a control plane answers.

use std::time::Duration;

use axum::http::Request;
use kube::Client;
use serde::Deserialize;
use tokio::time::timeout;

/// How long it may take.
const PROOF_MAX: Duration = Duration::from_secs(3);

/// The part of `/version` that is shown.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Version {
    git_version: String,
}

/// The version that the control plane says it has.
///
/// # Errors
/// Why it is not ready, in words for people.
pub(super) async fn version(client: &Client) -> Result<String, String> {
    match timeout(PROOF_MAX, ask(client)).await {
        Ok(Ok(version)) => Ok(version),
        Ok(Err(error)) => Err(words(&error)),
        Err(_) => Err(format!("Its API did not answer within {} s", PROOF_MAX.as_secs())),
    }
}

async fn ask(client: &Client) -> Result<String, kube::Error> {
    match client.request_text(get("/readyz")?).await {
        // Not every kind of control plane has it.
        Err(kube::Error::Api(status)) if status.code == 404 => {}
        answer => _ = answer?,
    }
    let version: Version = client.request(get("/version")?).await?;
    Ok(version.git_version)
}

fn get(path: &str) -> Result<Request<Vec<u8>>, kube::Error> {
    Request::get(path).body(Vec::new()).map_err(kube::Error::HttpError)
}

fn words(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) if matches!(status.code, 401 | 403) => {
            format!("Its API refuses the kubeconfig that it wrote ({})", status.code)
        }
        kube::Error::Api(status) => format!("Its API is not ready ({})", status.code),
        error => {
            // The innermost is the one that says what happened, such as "connection refused".
            let mut cause: &dyn std::error::Error = error;
            while let Some(inner) = cause.source() {
                cause = inner;
            }
            format!("Its API does not answer: {cause}")
        }
    }
}
