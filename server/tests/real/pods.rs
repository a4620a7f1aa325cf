//! The one node of the test cluster, whose pods are processes of this machine.

use std::path::{Path, PathBuf};

use k8s_openapi::api::core::v1::{Node, Pod};
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::json;

use crate::cluster::{Cluster, until};
use crate::programs::Programs;

/// The name of the node.
const NODE: &str = "this-machine";

/// Starts what answers for the node's pods.
pub fn start(programs: &mut Programs, kubelet: &Path, port: u16) {
    let file = |name: &str| programs.folder().join(name).display().to_string();
    std::fs::create_dir(file("pods")).unwrap();
    let arguments = [
        format!("--listen=127.0.0.1:{port}"),
        format!("--ca={}", file("ca.crt")),
        format!("--cert={}", file("tls.crt")),
        format!("--key={}", file("tls.key")),
        format!("--folder={}", file("pods")),
    ];
    programs.start("kubelet", kubelet, &arguments);
}

/// Makes the node known.
pub async fn register(cluster: &Cluster, port: u16) {
    let node = json!({
        "metadata": { "name": NODE },
        "status": {
            "addresses": [{ "type": "InternalIP", "address": "127.0.0.1" }],
            "daemonEndpoints": { "kubeletEndpoint": { "Port": port } },
        },
    });
    let nodes: Api<Node> = Api::all(cluster.client("admin"));
    nodes.create(&PostParams::default(), &serde_json::from_value(node).unwrap()).await.unwrap();
}

/// A pod that runs.
pub struct RunningPod {
    pub namespace: String,
    pub name: String,
    folder: PathBuf,
}

impl RunningPod {
    /// A new one, in a namespace of its own.
    pub async fn start(cluster: &Cluster) -> Self {
        let namespace = cluster.namespace("pod").await;
        let name = format!("{namespace}-demo");
        let pods: Api<Pod> = Api::namespaced(cluster.client("admin"), &namespace);
        let pod = json!({
            "metadata": { "name": name },
            "spec": {
                "nodeName": NODE,
                "containers": [{ "name": "main", "image": "registry.invalid/main:1" }],
            },
        });
        let pod: Pod = serde_json::from_value(pod).unwrap();
        // The account that it runs as comes a moment after the namespace.
        until(async || pods.create(&PostParams::default(), &pod).await.is_ok()).await;
        let container = json!({
            "name": "main", "ready": true, "restartCount": 0, "image": "", "imageID": "",
            "state": { "running": {} },
        });
        let status = json!({ "status": { "phase": "Running", "containerStatuses": [container] } });
        pods.patch_status(&name, &PatchParams::default(), &Patch::Merge(status)).await.unwrap();
        let folder = cluster.folder().join("pods");
        std::fs::write(folder.join(format!("{name}.log")), "").unwrap();
        Self { namespace, name, folder }
    }

    /// What the program in it says.
    pub fn says(&self, line: &str) {
        use std::io::Write as _;
        let log = self.folder.join(format!("{}.log", self.name));
        let mut log = std::fs::OpenOptions::new().append(true).open(log).unwrap();
        writeln!(log, "{line}").unwrap();
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}
