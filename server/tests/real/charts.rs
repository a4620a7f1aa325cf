//! Helm, and a repository on this machine with the chart of `chart/`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path as Asked, State};
use axum::http::StatusCode;
use axum::routing::get;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::programs::{needed, run};

/// Helm with a home of its own.
pub struct Helm {
    program: PathBuf,
    home: TempDir,
}

impl Helm {
    /// Nothing (and a line that says so) where there is none.
    pub fn find() -> Option<Self> {
        Some(Self { program: needed("helm")?, home: TempDir::new().unwrap() })
    }

    /// A command that knows of no cluster and of no repository.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        for name in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            command.env(name, self.home.path().join(name));
        }
        command.env_remove("KUBECONFIG");
        command
    }
}

/// A Helm repository over plain HTTP. Ends with the test.
pub struct Repository {
    /// What `helm --repo` takes.
    pub url: String,
    _folder: Arc<TempDir>,
}

impl Repository {
    /// One that has the chart `vcluster`.
    pub async fn serve(helm: &Helm) -> Self {
        let folder = Arc::new(TempDir::new().unwrap());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/chart");
        run(helm.command().arg("package").arg(chart).arg("-d").arg(folder.path()));
        run(helm.command().args(["repo", "index", "--url", &url]).arg(folder.path()));
        let routes = Router::new().route("/{file}", get(file)).with_state(folder.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { url, _folder: folder }
    }
}

async fn file(
    State(folder): State<Arc<TempDir>>,
    Asked(name): Asked<String>,
) -> Result<Vec<u8>, StatusCode> {
    std::fs::read(folder.path().join(name)).map_err(|_| StatusCode::NOT_FOUND)
}

/// The chart is what the tests take it for.
#[tokio::test(flavor = "multi_thread")]
async fn helm_installs_the_chart_of_the_tests_from_its_repository() {
    use k8s_openapi::api::apps::v1::StatefulSet;
    use k8s_openapi::api::core::v1::{Namespace, Pod, Secret};

    use crate::cluster::until;

    let Some(cluster) = crate::cluster::Cluster::shared().await else { return };
    let Some(helm) = Helm::find() else { return };
    let repository = Repository::serve(&helm).await;
    let namespace = cluster.namespace("chart").await;
    let (_folder, kubeconfig) = cluster.kubeconfig_file("admin");

    let mut helm = helm.command();
    helm.args(["upgrade", "--install", "demo", "vcluster", "--repo", &repository.url]);
    helm.args(["--namespace", &namespace, "--set", "kubeconfig=hello", "--kubeconfig"]);
    run(helm.arg(kubeconfig));

    let client = cluster.client("admin");
    let sets: kube::Api<StatefulSet> = kube::Api::namespaced(client.clone(), &namespace);
    assert_eq!(sets.get("demo").await.unwrap().spec.unwrap().replicas, Some(1));
    let secrets: kube::Api<Secret> = kube::Api::namespaced(client.clone(), &namespace);
    let config = secrets.get("vc-demo").await.unwrap().data.unwrap().remove("config");
    assert_eq!(config.unwrap().0, b"hello");

    // The controllers of a real cluster are at work: a pod comes of it, and all goes with it.
    let pods: kube::Api<Pod> = kube::Api::namespaced(client.clone(), &namespace);
    until(async || pods.get_opt("demo-0").await.unwrap().is_some()).await;
    let namespaces: kube::Api<Namespace> = kube::Api::all(client);
    namespaces.delete(&namespace, &Default::default()).await.unwrap();
    until(async || namespaces.get_opt(&namespace).await.unwrap().is_none()).await;
}
