//! The Secrets in which helm keeps what it did to a release.

use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, ListParams};
use kube::{Client, ResourceExt};

use super::workloads::delete;

/// The Secrets in which helm keeps the revisions of a release, and says how each stands.
pub(super) async fn all(
    host: &Client,
    namespace: &str,
    name: &str,
) -> Result<Vec<Secret>, kube::Error> {
    let api: Api<Secret> = Api::namespaced(host.clone(), namespace);
    let of_release = ListParams::default().labels(&format!("owner=helm,name={name}"));
    Ok(api.list(&of_release).await?.items)
}

/// Whether helm is at work on this revision, or was when it was ended.
pub(super) fn is_pending(revision: &Secret) -> bool {
    revision.labels().get("status").is_some_and(|it| it.starts_with("pending-"))
}

/// Removes what nobody will ever finish.
pub(super) async fn remove(host: &Client, revision: &Secret) -> Result<(), kube::Error> {
    let namespace = revision.namespace().unwrap_or_default();
    delete(&Api::<Secret>::namespaced(host.clone(), &namespace), &revision.metadata).await
}

/// How long it has been there, in seconds. What does not say how old it is, is old.
pub(super) fn age(revision: &Secret, now: i64) -> i64 {
    let since = revision.creation_timestamp().map_or(0, |it| it.0.as_second());
    now.saturating_sub(since)
}
