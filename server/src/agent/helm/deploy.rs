//! When helm is to run, and what is done before and after.
//!
//! What is deployed stands in an annotation of the `VirtualCluster`. It is taken away before helm
//! runs and written after, so that it is never there and wrong.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use dormer_api::meta::ObjectMeta;
use jiff::Timestamp;
use kube::api::{Api, Patch, PatchParams};
use kube::core::DynamicObject;
use kube::{Client, ResourceExt};
use serde_json::json;

use super::super::virtual_cluster::{VirtualCluster, api_resource};
use super::jobs::{Answer, Ask, Begun, Halt, Place, What};
use super::program::{DEADLINE, Program};
use super::release::{self, Release};
use super::{Helm, revisions};

/// Says which release helm deployed last.
const DEPLOYED: &str = "dormer.dev/helm-deployed";
/// After so many seconds, a helm that nobody knows of is not at work any more.
const STALE_AFTER: i64 = DEADLINE.as_secs() as i64 + 30;

impl Helm {
    /// How the deployment of `release` stands. Begins it where it is due. `bare`: the host has no
    /// workload of it.
    pub(super) fn deploy(
        &self,
        cluster: &VirtualCluster,
        place: &Place,
        release: Release,
        bare: bool,
    ) -> Answer {
        let fingerprint = release.fingerprint();
        let what = What::Install(fingerprint.clone());
        let ask = Ask { uid: cluster.metadata.uid.clone(), what };
        let deployed = cluster.metadata.annotation(DEPLOYED);
        let same = deployed == Some(&fingerprint) && !self.jobs.running(place);
        if same && (!bare || self.jobs.done(place, &ask)) {
            return Answer::Done;
        }
        if same {
            tracing::warn!(virtual_cluster = place.1, "its workloads are gone: helm runs again");
        }
        let run = Run {
            host: self.host.clone(),
            program: self.program.clone(),
            object: cluster.metadata.clone(),
            release,
            fingerprint,
        };
        self.jobs.ask(place, ask, |begun| run.go(begun))
    }
}

/// All that one run needs.
struct Run {
    host: Client,
    program: Arc<Program>,
    object: ObjectMeta,
    release: Release,
    fingerprint: String,
}

impl Run {
    async fn go(self, begun: Begun) -> Result<(), Halt> {
        let said = |it: kube::Error| match it {
            kube::Error::Api(status) => format!("The host cluster refused: {}", status.message),
            _ => "The host cluster does not answer".to_owned(),
        };
        if self.object.annotations.contains_key(DEPLOYED) {
            self.note(None).await.map_err(said)?;
        }
        self.unlock(self.program.alone() || begun.load(Ordering::SeqCst)).await?;
        begun.store(true, Ordering::SeqCst);
        let Self { release, program, .. } = &self;
        program.run(&release.values, &release.secrets, |values| release.upgrade(values)).await?;
        Ok(self.note(Some(&self.fingerprint)).await.map_err(said)?)
    }

    /// Writes down what is deployed, into this very object.
    async fn note(&self, deployed: Option<&str>) -> Result<(), kube::Error> {
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.host.clone(), &self.object.namespace, &api_resource());
        let patch = json!({
            "metadata": { "uid": self.object.uid, "annotations": { DEPLOYED: deployed } },
        });
        match api.patch(&self.object.name, &PatchParams::default(), &Patch::Merge(patch)).await {
            Ok(_) => Ok(()),
            // It went in the meantime, or another one came by its name.
            Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// A helm that was ended in the middle leaves a revision that keeps every later one from working.
    /// Removes such, unless there may yet be somebody who finishes it. `alone`: there is nobody.
    async fn unlock(&self, alone: bool) -> Result<(), Halt> {
        let Release { namespace, name, .. } = &self.release;
        let cannot = |_| "The host cluster does not show what helm did before".to_owned();
        let revisions = revisions::all(&self.host, namespace, name).await.map_err(cannot)?;
        for revision in revisions.iter().filter(|it| revisions::is_pending(it)) {
            let age = revisions::age(revision, Timestamp::now().as_second());
            if !alone && age < STALE_AFTER {
                let why = format!("An earlier helm, begun {age} s ago, may still be at work");
                let rest = STALE_AFTER.saturating_sub(age).clamp(1, STALE_AFTER);
                return Err(Halt::Waiting(why, Duration::from_secs(rest.unsigned_abs())));
            }
            tracing::warn!(release = name, revision = revision.name_any(), "helm was ended in it");
            revisions::remove(&self.host, revision).await.map_err(cannot)?;
        }
        Ok(())
    }
}

/// Takes the release away.
pub(super) async fn uninstall(host: &Client, program: &Program, place: &Place) -> Result<(), Halt> {
    let (namespace, name) = place;
    match program.run("", &[], |_| release::uninstall(namespace, name)).await {
        Ok(()) => {}
        // Older programs have no flag that says that this is fine.
        Err(why) if why.contains("release: not found") => {}
        Err(why) => return Err(why.into()),
    }
    match revisions::all(host, namespace, name).await {
        Ok(rest) if rest.is_empty() => Ok(()),
        Ok(_) => Err("helm says it is done, and the release is still there".to_owned().into()),
        Err(_) => Err("The host cluster does not answer".to_owned().into()),
    }
}
