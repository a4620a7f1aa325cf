//! A host cluster, a `helm` program that does what the test says, and a control plane.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::timeout;

use super::super::super::Agent;
use super::super::super::virtual_cluster::{self, VirtualCluster, VirtualClusterStatus, read};
use super::super::{Access, Helm, Stand};
use super::control_plane::{TOKEN, control_plane};
use crate::clock::Clock;
use crate::store::Store;

/// The namespace of the virtual cluster.
pub const NAMESPACE: &str = "vc-ns";
/// How long a test waits for what is on its way.
const PATIENCE: Duration = Duration::from_secs(20);

/// A host with one virtual cluster, `dev`, in it.
pub struct Rig {
    pub helm: Helm,
    pub host: kube::Client,
    pub folder: TempDir,
    _agent: Agent,
}

impl Rig {
    /// At the machine's own time.
    pub async fn new() -> Self {
        Self::at(Clock::system()).await
    }

    /// In a host whose objects are made at the time of `clock`.
    pub async fn at(clock: Clock) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        let store = Store::open(&data, clock.clone()).unwrap();
        let agent = Agent::embedded(store, clock).await.unwrap();
        let host = agent.client();
        fs::write(folder.path().join("helm"), program(&folder)).unwrap();
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.path().join("helm"), executable).unwrap();
        let helm = driver(&host, &folder);
        let rig = Self { helm, host, folder, _agent: agent };
        rig.make_namespace_and_cluster().await;
        rig
    }

    async fn make_namespace_and_cluster(&self) {
        let mut namespace = Namespace::default();
        namespace.metadata.name = Some(NAMESPACE.into());
        let api: Api<Namespace> = Api::all(self.host.clone());
        api.create(&PostParams::default(), &namespace).await.unwrap();
        let mut object = DynamicObject::new("dev", &virtual_cluster::api_resource());
        let chart =
            json!({ "name": "vcluster", "repo": "https://charts.example", "version": "0.20.0" });
        object.data = json!({ "spec": { "helmRelease": { "chart": chart, "values": "password: hunter2\n" } } });
        self.clusters().create(&PostParams::default(), &object).await.unwrap();
    }

    /// The same host after the agent was started again.
    pub fn restart(&mut self) {
        self.helm = driver(&self.host, &self.folder);
    }

    fn clusters(&self) -> Api<DynamicObject> {
        Api::namespaced_with(self.host.clone(), NAMESPACE, &virtual_cluster::api_resource())
    }

    /// The virtual cluster as it is now.
    pub async fn cluster(&self) -> VirtualCluster {
        read(&self.clusters().get("dev").await.unwrap()).unwrap()
    }

    /// Asks for other values.
    pub async fn ask_for(&self, values: &str) {
        let change = json!({ "spec": { "helmRelease": { "values": values } } });
        self.clusters().patch("dev", &PatchParams::default(), &Patch::Merge(change)).await.unwrap();
    }

    /// One look of the agent, with the status written as the agent does.
    pub async fn load(&self) -> VirtualClusterStatus {
        let status = self.helm.load(&self.cluster().await).await.unwrap();
        self.report(status).await
    }

    /// The same toward sleep.
    pub async fn sleep(&self) -> VirtualClusterStatus {
        let status = self.helm.sleep(&self.cluster().await).await.unwrap();
        self.report(status).await
    }

    async fn report(&self, status: VirtualClusterStatus) -> VirtualClusterStatus {
        let change = Patch::Merge(json!({ "status": status }));
        self.clusters().patch_status("dev", &PatchParams::default(), &change).await.unwrap();
        status
    }

    /// Looks until helm is not at work.
    pub async fn settled(&self) -> VirtualClusterStatus {
        self.until(|it| it.reason != "Installing").await
    }

    /// Looks until its status is as a test waits for.
    pub async fn until(&self, is: fn(&VirtualClusterStatus) -> bool) -> VirtualClusterStatus {
        let looks = async {
            loop {
                let status = self.load().await;
                if is(&status) {
                    return status;
                }
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, looks).await.unwrap()
    }

    /// Looks until it is gone.
    pub async fn gone(&self) -> Result<(), super::super::Error> {
        let cluster = self.cluster().await;
        let looks = async {
            while !self.helm.remove(&cluster).await? {
                tokio::task::yield_now().await;
            }
            Ok(())
        };
        timeout(PATIENCE, looks).await.unwrap()
    }

    /// Makes helm fail with these words, until it is told otherwise.
    pub fn let_helm_fail(&self, words: Option<&str>) {
        let file = self.folder.path().join("fail");
        match words {
            Some(words) => fs::write(file, words).unwrap(),
            None => fs::remove_file(file).unwrap(),
        }
    }

    /// Each run of helm, its arguments joined by spaces, without what differs from test to test.
    pub fn runs(&self) -> Vec<String> {
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let scratch = format!("{}/", self.folder.path().join("scratch/runs").display());
        let without = |it: &str| match it.split_once(&scratch) {
            Some((before, after)) => format!("{before}{}", &after[37..]),
            None => it.to_owned(),
        };
        log.lines().map(without).collect()
    }

    /// What the program wrote down.
    pub fn note(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// What is left of the runs.
    pub fn left_over(&self) -> usize {
        fs::read_dir(self.folder.path().join("scratch/runs")).map_or(0, Iterator::count)
    }

    pub fn api(&self, group: &str, kind: &str) -> Api<DynamicObject> {
        let kind = ApiResource::from_gvk(&GroupVersionKind::gvk(group, "v1", kind));
        Api::namespaced_with(self.host.clone(), NAMESPACE, &kind)
    }

    /// Makes an object as the chart, the syncer or helm would.
    pub async fn make(&self, group: &str, kind: &str, object: Value) {
        let api_version = if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") };
        let mut object = object;
        object["apiVersion"] = json!(api_version);
        object["kind"] = json!(kind);
        let object: DynamicObject = serde_json::from_value(object).unwrap();
        self.api(group, kind).create(&PostParams::default(), &object).await.unwrap();
    }

    pub async fn names(&self, group: &str, kind: &str) -> Vec<String> {
        let all = self.api(group, kind).list(&Default::default()).await.unwrap();
        all.into_iter().filter_map(|it| it.metadata.name).collect()
    }

    /// The StatefulSet that the chart makes.
    pub async fn make_stateful_set(&self, replicas: u32) {
        let labels = json!({ "app": "vcluster", "release": "dev" });
        let container = json!({ "name": "syncer", "image": "vcluster" });
        self.make(
            "apps",
            "StatefulSet",
            json!({
                "metadata": { "name": "dev", "labels": labels },
                "spec": {
                    "replicas": replicas,
                    "serviceName": "dev-headless",
                    "selector": { "matchLabels": labels },
                    "template": {
                        "metadata": { "labels": labels },
                        "spec": { "containers": [container] },
                    },
                },
            }),
        )
        .await;
    }

    /// A pod with these labels.
    pub async fn make_pod(&self, name: &str, labels: Value) {
        let container = json!({ "name": "c", "image": "i" });
        let spec = json!({ "containers": [container] });
        let metadata = json!({ "name": name, "labels": labels });
        self.make("", "Pod", json!({ "metadata": metadata, "spec": spec })).await;
    }

    /// Scales as a user does.
    pub async fn scale(&self, replicas: u32) {
        let change = Patch::Merge(json!({ "spec": { "replicas": replicas } }));
        self.api("apps", "StatefulSet")
            .patch("dev", &PatchParams::default(), &change)
            .await
            .unwrap();
    }

    /// The replicas, and the annotations, of the StatefulSet.
    pub async fn stateful_set(&self) -> (u64, usize) {
        let it = self.api("apps", "StatefulSet").get("dev").await.unwrap();
        let annotations = it.metadata.annotations.map_or(0, |it| it.len());
        (it.data["spec"]["replicas"].as_u64().unwrap(), annotations)
    }

    /// Starts a control plane and leaves its kubeconfig in the host, as the chart does.
    pub async fn start_control_plane(&self) -> SocketAddr {
        let (address, authority) = control_plane(&self.folder.path().join("pki")).await;
        self.make_kubeconfig(address, &authority).await;
        address
    }

    pub async fn make_kubeconfig(&self, address: SocketAddr, authority: &str) {
        let authority = serde_json::to_value(ByteString(authority.into())).unwrap();
        let cluster = json!({ "server": format!("https://localhost:{}", address.port()), "certificate-authority-data": authority });
        let file = json!({
            "current-context": "a",
            "contexts": [{ "name": "a", "context": { "cluster": "b", "user": "c" } }],
            "clusters": [{ "name": "b", "cluster": cluster }],
            "users": [{ "name": "c", "user": { "token": TOKEN } }],
        });
        let object = json!({ "metadata": { "name": "vc-dev" }, "stringData": { "config": file.to_string() } });
        self.make("", "Secret", object).await;
    }
}

fn driver(host: &kube::Client, folder: &TempDir) -> Helm {
    let path = folder.path();
    let access = Access::Text("a kubeconfig\n".into());
    let mut helm = Helm::new(host.clone(), access, path.join("helm"), path.join("scratch"), None);
    helm.stand = Stand::Beside;
    helm
}

/// Writes down what it is given, and fails if it is told to.
fn program(folder: &TempDir) -> String {
    let here = folder.path().display();
    format!(
        r#"#!/bin/sh
echo "$*" >> "{here}/log"
env > "{here}/env"
for argument in "$@"; do
  case "$argument" in --values=*)
    cat "${{argument#--values=}}" > "{here}/values"
    stat -c %a "${{argument#--values=}}" "$KUBECONFIG" > "{here}/modes"
    cat "$KUBECONFIG" > "{here}/kubeconfig";;
  esac
done
if [ -p "{here}/gate" ]; then cat "{here}/gate"; fi
if [ -f "{here}/fail" ]; then cat "{here}/fail" >&2; exit 1; fi
"#
    )
}
