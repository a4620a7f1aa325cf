//! Our own chart in `deploy/chart`, as helm and a real cluster take it.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Parser as _;
use dormer::config::Cli;
use serde_json::Value;

use crate::central::Central;
use crate::charts::Helm;
use crate::cluster::{Cluster, until};
use crate::programs::{run, run_with};

/// What the wizard's command sets, and an Ingress.
pub const AGENT: [&str; 7] = [
    "mode=agent",
    "image=registry.example.com/dormer:0.1.0",
    "agent.url=https://hub.example.com:9898",
    "agent.cluster=eu-1",
    "agent.code=djc_0123456789",
    "agent.caData=TUlJQg==",
    "ingress.host=eu-1.example.com",
];
/// As little as a central instance needs.
const SERVE: [&str; 1] = ["image=registry.example.com/dormer:0.1.0"];
/// All that one may have.
const SERVE_MORE: [&str; 10] = [
    "image=registry.example.com/dormer:0.1.0",
    "serve.url=https://hub.example.com",
    "serve.hostNames[0]=old-hub.example.com",
    "serve.allowClusterAddresses[0]=10.0.0.0/8",
    "serve.allowClusterAddresses[1]=192.168.0.0/16",
    "serve.adminPasswordSecret=admin",
    "tls.secret=hub-tls",
    "ingress.host=hub.example.com",
    "persistence.storageClass=fast",
    "service.type=LoadBalancer",
];

fn chart() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/chart")
}

/// The arguments that set these values. A value with a host gets its Ingress, too.
fn values(values: &[&str]) -> Vec<String> {
    let mut arguments: Vec<String> =
        values.iter().flat_map(|it| ["--set-string".to_owned(), (*it).to_owned()]).collect();
    if values.iter().any(|it| it.starts_with("ingress.host=")) {
        arguments.extend(["--set".to_owned(), "ingress.enabled=true".to_owned()]);
    }
    arguments
}

/// What the chart is with these values, document by document.
fn documents(helm: &Helm, set: &[&str]) -> (String, Vec<Value>) {
    let mut helm = helm.command();
    helm.args(["template", "demo"]).arg(chart()).args(values(set));
    let text = run(&mut helm);
    let documents: Vec<Option<Value>> = serde_saphyr::from_multiple(&text).unwrap();
    (text, documents.into_iter().flatten().collect())
}

fn of_kind<'a>(documents: &'a [Value], kind: &str) -> &'a Value {
    documents.iter().find(|it| it["kind"] == kind).unwrap_or_else(|| panic!("no {kind}"))
}

/// Installs our chart with these values.
pub fn install(helm: &Helm, kubeconfig: &Path, namespace: &str, release: &str, set: &[&str]) {
    let mut helm = helm.command();
    helm.args(["upgrade", "--install", release]).arg(chart()).args(values(set));
    run(helm.args(["--namespace", namespace, "--kubeconfig"]).arg(kubeconfig));
}

fn kubectl(kubeconfig: &Path) -> Command {
    let mut kubectl = Command::new("kubectl");
    kubectl.arg("--kubeconfig").arg(kubeconfig);
    kubectl
}

#[test]
fn helm_finds_no_fault_in_our_chart() {
    let Some(helm) = Helm::find() else { return };
    for set in [&AGENT[..], &SERVE, &SERVE_MORE] {
        run(helm.command().args(["lint", "--strict"]).arg(chart()).args(values(set)));
    }
}

#[test]
fn the_chart_says_what_is_missing_or_wrong() {
    let Some(helm) = Helm::find() else { return };
    for (set, words) in [
        (&[][..], "image: say which image"),
        (&["image=a", "mode=agent"], "agent.url: say the https:// URL"),
        (&["image=a", "mode=agent", "agent.url=https://a"], "agent.cluster: say the name"),
        (&["image=a", "mode=both"], "must be one of 'serve', 'agent'"),
        (&["image=a", "serve.url=http://a"], "/serve/url"),
        (&["image=a", "agent.token=b"], "additional properties 'token' not allowed"),
    ] {
        let output =
            helm.command().args(["template", "demo"]).arg(chart()).args(values(set)).output();
        let said = String::from_utf8(output.unwrap().stderr).unwrap();
        assert!(said.contains(words), "{set:?}: {said}");
    }
}

#[test]
fn the_program_takes_the_arguments_that_the_chart_gives_it() {
    let Some(helm) = Helm::find() else { return };
    for set in [&AGENT[..], &SERVE, &SERVE_MORE] {
        let (_, documents) = documents(&helm, set);
        let container =
            &of_kind(&documents, "Deployment")["spec"]["template"]["spec"]["containers"][0];
        let arguments: Vec<String> = serde_json::from_value(container["args"].clone()).unwrap();
        let line = std::iter::once("dormer".to_owned()).chain(arguments.clone());
        Cli::try_parse_from(line).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
    }
}

#[test]
fn the_join_code_is_in_a_secret_and_nowhere_else() {
    let Some(helm) = Helm::find() else { return };
    let (text, documents) = documents(&helm, &AGENT);
    assert!(!text.contains("djc_0123456789"));
    // `printf djc_0123456789 | base64`
    assert_eq!(of_kind(&documents, "Secret")["data"]["code"], "ZGpjXzAxMjM0NTY3ODk=");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_cluster_takes_every_document_of_the_chart() {
    let Some(cluster) = Cluster::shared().await else { return };
    let Some(helm) = Helm::find() else { return };
    let (_folder, kubeconfig) = cluster.kubeconfig_file("admin");
    for set in [&AGENT[..], &SERVE, &SERVE_MORE] {
        let (text, documents) = documents(&helm, set);
        let mut kubectl = kubectl(&kubeconfig);
        kubectl.args(["apply", "--dry-run=server", "--validate=strict", "-o", "name", "-f", "-"]);
        let applied = run_with(&mut kubectl, &text);
        assert_eq!(applied.lines().count(), documents.len(), "{applied}");
    }
}

/// Pods of the strictest of Kubernetes' own standards are all that the namespace takes, so that there
/// is a pod at all only if ours is one.
#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_takes_only_restricted_pods_takes_ours() {
    use k8s_openapi::api::core::v1::Pod;
    use kube::api::ListParams;

    let Some(cluster) = Cluster::shared().await else { return };
    let Some(helm) = Helm::find() else { return };
    let namespace = cluster.namespace("deploy").await;
    let (_folder, kubeconfig) = cluster.kubeconfig_file("admin");
    let enforce = "pod-security.kubernetes.io/enforce=restricted";
    run(kubectl(&kubeconfig).args(["label", "namespace", &namespace, enforce]));
    let pods: kube::Api<Pod> = kube::Api::namespaced(cluster.client("admin"), &namespace);
    for (release, set) in [("hub", &SERVE[..]), ("dormer-agent", &AGENT)] {
        install(&helm, &kubeconfig, &namespace, release, set);
        let labels = format!("app.kubernetes.io/instance={release}");
        let ours = ListParams::default().labels(&labels);
        until(async || !pods.list(&ours).await.unwrap().items.is_empty()).await;
    }
    for (account, expected) in [("dormer-agent", "yes"), ("hub", "no")] {
        let somebody = format!("--as=system:serviceaccount:{namespace}:{account}");
        let mut kubectl = kubectl(&kubeconfig);
        // It says no by its exit code as well.
        let output =
            kubectl.args(["auth", "can-i", "*", "*", "--all-namespaces", &somebody]).output();
        assert_eq!(
            String::from_utf8(output.unwrap().stdout).unwrap().trim(),
            expected,
            "{account}"
        );
    }
}

/// The wizard's command names this very URL.
#[tokio::test(flavor = "multi_thread")]
async fn helm_installs_the_agent_from_the_chart_that_the_instance_serves() {
    let Some(helm) = Helm::find() else { return };
    let central = Central::start().await;
    let chart = format!("{}/charts/dormer.tgz", central.url);
    let mut served = helm.command();
    served.args(["template", "demo", &chart, "--ca-file"]).arg(central.authority_file());
    assert_eq!(run(served.args(values(&AGENT))), documents(&helm, &AGENT).0);
}

#[test]
fn the_chart_is_of_the_version_of_the_program() {
    let text = std::fs::read_to_string(chart().join("Chart.yaml")).unwrap();
    let chart: Value = serde_saphyr::from_str(&text).unwrap();
    assert_eq!(chart["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(chart["appVersion"], env!("CARGO_PKG_VERSION"));
}
