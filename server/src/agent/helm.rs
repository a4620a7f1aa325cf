//! The `helm` driver: a virtual cluster is a release of the vcluster chart in a real Kubernetes
//! cluster.
//!
//! Each call takes it one step further from where it is, whatever happened before, and says where
//! that is. All that is remembered between calls is in the host cluster; what is in memory only
//! saves work.

mod clients;
mod deploy;
mod jobs;
mod kubeconfig;
mod program;
mod proof;
mod reach;
mod release;
mod replicas;
mod revisions;
mod status;
#[cfg(test)]
mod tests;
mod workloads;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use self::clients::Clients;
use self::jobs::{Answer, Ask, Jobs, Place, What};
pub use self::program::Access;
use self::program::Program;
use self::reach::Stand;
use self::release::Release;
use self::replicas::{Change, Scale};
use self::status::{Facts, Stage};
use self::workloads::Workload;
use super::virtual_cluster::{REASON_SLEEPING, VirtualCluster, VirtualClusterStatus};
use crate::clock::Clock;
use crate::hosts::dial::Allowed;

/// How long one step may take: some calls to the host, and a proof.
const STEP_MAX: Duration = Duration::from_secs(30);

/// Why a step could not be taken. It is to be tried again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The host cluster refused.
    #[error("the host cluster refused")]
    Host(#[from] kube::Error),
    /// What helm said.
    #[error("helm cannot remove it: {0}")]
    Uninstall(String),
    #[error("the host cluster does not answer")]
    Silent(#[from] Elapsed),
}

/// The virtual clusters of one agent.
pub(super) struct Helm {
    host: Client,
    program: Arc<Program>,
    stand: Stand,
    clock: Clock,
    jobs: Jobs,
    clients: Clients,
}

impl Helm {
    /// `program` is run for what is in the cluster of `host`. `scratch` is a folder of this driver's
    /// own; what an earlier one left there is removed. `allowed`: which
    /// addresses may be dialled, where we run in the central instance.
    pub(super) fn new(
        host: Client,
        access: Access,
        program: PathBuf,
        scratch: PathBuf,
        allowed: Option<Allowed>,
    ) -> Self {
        let stand = match (&access, allowed) {
            (_, Some(allowed)) => Stand::Central(allowed),
            (Access::InCluster, None) => Stand::Inside,
            (_, None) => Stand::Outside,
        };
        Self {
            host,
            program: Arc::new(Program::new(access, program, scratch)),
            stand,
            clock: Clock::system(),
            jobs: Jobs::new(),
            clients: Clients::default(),
        }
    }

    /// Brings it one step toward being awake, and says where it is. A running helm is a task of its
    /// own.
    pub(super) async fn load(
        &self,
        cluster: &VirtualCluster,
    ) -> Result<VirtualClusterStatus, Error> {
        timeout(STEP_MAX, self.wake_step(cluster)).await?
    }

    async fn wake_step(&self, cluster: &VirtualCluster) -> Result<VirtualClusterStatus, Error> {
        let place = place(cluster);
        // Before helm, so that a chart that is not there today keeps nobody from waking.
        let workloads = workloads::all(&self.host, &place.0, &place.1).await?;
        let woke = self.write_all(&workloads, replicas::to_wake).await?;
        let stage = match Release::of(cluster) {
            Err(why) => Stage::Unusable(why),
            Ok(release) => {
                let installing = format!("helm installs {}", release.words());
                match self.deploy(cluster, &place, release, workloads.is_empty()) {
                    Answer::Running => Stage::Installing(installing),
                    Answer::Waiting(why) => Stage::Installing(why),
                    Answer::Failed(why) => Stage::InstallFailed(why),
                    Answer::Done if woke => Stage::Starting("Its control plane starts".into()),
                    Answer::Done => Stage::Ready,
                }
            }
        };
        let (stage, facts) = match (stage, self.proof(&place).await) {
            (Stage::Ready, Err(why)) => {
                let pods = workloads::pods(&self.host, &place.0, &place.1, &workloads).await?;
                let trouble = workloads::trouble(&pods.control_plane);
                (Stage::Starting(trouble.unwrap_or(why)), Facts::default())
            }
            (stage, Ok(version)) => (stage, Facts { answers: true, version }),
            (stage, Err(_)) => (stage, Facts::default()),
        };
        Ok(self.status(cluster, &stage, facts))
    }

    /// The same toward sleep.
    pub(super) async fn sleep(
        &self,
        cluster: &VirtualCluster,
    ) -> Result<VirtualClusterStatus, Error> {
        timeout(STEP_MAX, self.sleep_step(cluster)).await?
    }

    async fn sleep_step(&self, cluster: &VirtualCluster) -> Result<VirtualClusterStatus, Error> {
        let place = place(cluster);
        let falling = |what: &str| {
            let stage = Stage::FallingAsleep(what.to_owned());
            Ok(self.status(cluster, &stage, Facts::default()))
        };
        if self.jobs.running(&place) {
            // It could wake what we put to sleep.
            return falling("It sleeps as soon as helm is done");
        }
        self.clients.forget(&place);
        let workloads = workloads::all(&self.host, &place.0, &place.1).await?;
        if self.write_all(&workloads, replicas::to_sleep).await? {
            return falling("Its control plane stops");
        }
        let pods = workloads::pods(&self.host, &place.0, &place.1, &workloads).await?;
        if !pods.control_plane.is_empty() {
            // While it runs, it would take the removal of a pod for its users' wish.
            return falling("Its control plane stops");
        }
        workloads::remove_pods(&self.host, &pods.synced).await?;
        Ok(self.status(cluster, &Stage::Asleep, Facts::default()))
    }

    /// Brings it one step toward not being there, and says whether it is gone.
    pub(super) async fn remove(&self, cluster: &VirtualCluster) -> Result<bool, Error> {
        timeout(STEP_MAX, self.remove_step(cluster)).await?
    }

    async fn remove_step(&self, cluster: &VirtualCluster) -> Result<bool, Error> {
        let place = place(cluster);
        self.clients.forget(&place);
        let ask = Ask { uid: cluster.metadata.uid.clone(), what: What::Uninstall };
        let revisions = if release::can_be_named(&place.1) {
            revisions::all(&self.host, &place.0, &place.1).await?
        } else {
            Vec::new()
        };
        // Also while the last run of helm for it is not over: it may yet write.
        if !revisions.is_empty() || self.jobs.running(&place) {
            let (host, program, of) = (self.host.clone(), self.program.clone(), place.clone());
            let work = |_| async move { deploy::uninstall(&host, &program, &of).await };
            match self.jobs.ask(&place, ask, work) {
                Answer::Running | Answer::Waiting(_) => return Ok(false),
                Answer::Failed(why) => return Err(Error::Uninstall(why)),
                // It is back, or ended between the two looks: the next one tells.
                Answer::Done if !revisions.is_empty() => {
                    self.jobs.forget(&place);
                    return Ok(false);
                }
                Answer::Done => {}
            }
        }
        workloads::remove_rest(&self.host, &place.0, &place.1).await?;
        self.jobs.forget(&place);
        Ok(true)
    }

    /// A client of a control plane that is awake, as its administrator. Waits a little for one that
    /// is on its way.
    pub(super) async fn get(&self, namespace: &str, name: &str) -> Option<Client> {
        self.clients.get(&(namespace.to_owned(), name.to_owned())).await
    }

    /// When to take the next step if no event brings it about before.
    pub(super) fn look_again(status: &VirtualClusterStatus) -> Duration {
        match status.phase.as_str() {
            "Pending" => Duration::from_secs(1),
            "Failed" => Duration::from_secs(10),
            _ if status.reason == REASON_SLEEPING => Duration::from_secs(300),
            _ => Duration::from_secs(30),
        }
    }

    /// Writes what `plan` says to each workload. Says whether there was anything to write.
    async fn write_all(
        &self,
        workloads: &[Workload],
        plan: fn(Scale) -> Option<Change>,
    ) -> Result<bool, Error> {
        let mut any = false;
        for workload in workloads {
            if let Some(change) = plan(workload.scale()) {
                any = true;
                if !workload.write(&self.host, change).await? {
                    tracing::debug!("a workload has changed: it is read again");
                }
            }
        }
        Ok(any)
    }

    /// The version of the control plane, or why it does not answer. Makes its client known.
    async fn proof(&self, place: &Place) -> Result<String, String> {
        let client = self.clients.read(&self.host, &self.stand, place).await?;
        let version = proof::version(&client.client).await?;
        self.clients.keep(place, client);
        Ok(version)
    }

    fn status(
        &self,
        cluster: &VirtualCluster,
        stage: &Stage,
        facts: Facts,
    ) -> VirtualClusterStatus {
        status::status(cluster, stage, &facts, &self.clock.now_rfc3339())
    }
}

fn place(cluster: &VirtualCluster) -> Place {
    (cluster.metadata.namespace.clone(), cluster.metadata.name.clone())
}
