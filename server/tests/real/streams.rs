//! What streams: every kind of it with the real `kubectl`, over both of its protocols, on every way to
//! a cluster.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};

use tempfile::TempDir;

use crate::cluster::Cluster;
use crate::connect::{by_agent, by_kubeconfig};
use crate::kubectl::Kubectl;
use crate::pods::RunningPod;
use crate::programs::{run, run_with};

/// `kubectl` on one way, with one of its protocols, and a pod.
struct Through<'a> {
    kubectl: &'a Kubectl,
    web_sockets: bool,
    pod: &'a RunningPod,
}

impl Through<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.kubectl.command(&["--namespace", &self.pod.namespace]);
        let web_sockets = self.web_sockets.to_string();
        command.env("KUBECTL_REMOTE_COMMAND_WEBSOCKETS", &web_sockets);
        command.env("KUBECTL_PORT_FORWARD_WEBSOCKETS", &web_sockets);
        command.args(arguments);
        command
    }

    /// Begins what does not end by itself.
    fn begin(&self, arguments: &[&str]) -> Open {
        let said = tempfile::tempfile().unwrap();
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(said.try_clone().unwrap());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Open { child, lines, said }
    }

    fn everything(&self) {
        self.exec();
        self.attach();
        self.cp();
        self.port_forward();
        self.logs();
        self.watch();
    }

    fn exec(&self) {
        let pod = self.pod.name.as_str();
        // More than any buffer on the way.
        let much = "All of it comes back as it went.\n".repeat(40_000);
        let back = run_with(&mut self.command(&["exec", "-i", pod, "--", "cat"]), &much);
        assert!(back == much, "{} of {} bytes came back", back.len(), much.len());
        let words = "echo out; echo err >&2; exit 7";
        let output = self.command(&["exec", pod, "--", "sh", "-c", words]).output().unwrap();
        assert_eq!(output.stdout, b"out\n");
        assert!(output.stderr.starts_with(b"err\n"));
        assert_eq!(output.status.code(), Some(7));
        let output = self.command(&["exec", "-v=4", pod, "--", "true"]).output().unwrap();
        assert!(output.status.success());
        as_it_was_told(&String::from_utf8(output.stderr).unwrap());
    }

    fn attach(&self) {
        let mut attach = self.command(&["attach", "-i", "--quiet", &self.pod.name]);
        assert_eq!(run_with(&mut attach, "heard\n"), "heard\n");
    }

    fn cp(&self) {
        let here = TempDir::new().unwrap();
        let there = TempDir::new_in(self.pod.folder()).unwrap();
        let file = |folder: &TempDir, name: &str| folder.path().join(name).display().to_string();
        let in_pod = format!("{}:{}", self.pod.name, file(&there, "copy"));
        std::fs::write(here.path().join("file"), "contents").unwrap();
        run(&mut self.command(&["cp", &file(&here, "file"), &in_pod]));
        run(&mut self.command(&["cp", &in_pod, &file(&here, "back")]));
        assert_eq!(std::fs::read_to_string(here.path().join("back")).unwrap(), "contents");
    }

    fn port_forward(&self) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let pod = format!("pod/{}", self.pod.name);
        let arguments = ["port-forward", "-v=4", &pod, &format!(":{port}"), "--address=127.0.0.1"];
        let mut forward = self.begin(&arguments);
        // Forwarding from 127.0.0.1:40000 -> 30000
        let line = forward.line();
        let here = line.split_whitespace().nth(2).unwrap_or_else(|| panic!("{line}"));
        let mut near = TcpStream::connect(here).unwrap();
        let (mut far, _) = listener.accept().unwrap();
        near.write_all(b"there").unwrap();
        let mut heard = [0; 5];
        far.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"there");
        far.write_all(b"again").unwrap();
        near.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"again");
        as_it_was_told(&forward.complaints());
    }

    fn logs(&self) {
        self.pod.says("once");
        let mut logs = self.begin(&["logs", "-f", "--tail=1", &self.pod.name]);
        while logs.line() != "once" {}
        self.pod.says("while it follows");
        while logs.line() != "while it follows" {}
    }

    fn watch(&self) {
        let name = format!("seen-{}", if self.web_sockets { "first" } else { "then" });
        let mut watch = self.begin(&["get", "configmaps", "--watch", "-o", "name"]);
        // What is there already, so that it watches by now.
        while watch.line() != "configmap/kube-root-ca.crt" {}
        run(&mut self.command(&["create", "configmap", &name]));
        while watch.line() != format!("configmap/{name}") {}
        run(&mut self.command(&["delete", "configmap", &name]));
    }
}

/// `kubectl` takes the older protocol where the newer one is refused. It says so only when it is asked
/// to say more.
#[track_caller]
fn as_it_was_told(said: &str) {
    assert!(!said.contains("fallback"), "{said}");
}

/// A `kubectl` that goes on until it is dropped.
struct Open {
    child: Child,
    lines: BufReader<ChildStdout>,
    said: File,
}

impl Open {
    /// What it said beside its lines.
    fn complaints(&mut self) -> String {
        let mut said = String::new();
        self.said.rewind().unwrap();
        self.said.read_to_string(&mut said).unwrap();
        said
    }

    /// The next line that it prints.
    #[track_caller]
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        assert!(line.ends_with('\n'), "it ended");
        line.trim_end().to_owned()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

async fn both_protocols(kubectl: Kubectl, cluster: &Cluster) {
    let pod = RunningPod::start(cluster).await;
    let work = tokio::task::spawn_blocking(move || {
        for web_sockets in [true, false] {
            Through { kubectl: &kubectl, web_sockets, pod: &pod }.everything();
        }
    });
    work.await.unwrap();
}

/// That what follows is asked of our program and not of the pretended node.
#[tokio::test(flavor = "multi_thread")]
async fn everything_streams_from_the_cluster_itself() {
    let Some(cluster) = Cluster::shared().await else { return };
    both_protocols(Kubectl::with(&cluster.kubeconfig("admin")), cluster).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_streams_through_the_central_instance_and_the_tunnel_of_an_agent() {
    let Some(cluster) = Cluster::shared().await else { return };
    let (central, admin, _) = by_agent(&cluster.kubeconfig("admin")).await;
    both_protocols(central.kubectl(&admin, "/kubernetes/cluster/real"), cluster).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_streams_through_the_endpoint_of_an_agent() {
    let Some(cluster) = Cluster::shared().await else { return };
    let (central, admin, endpoint) = by_agent(&cluster.kubeconfig("admin")).await;
    both_protocols(central.direct(&admin, "real", &endpoint).await, cluster).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_streams_through_the_central_instance_by_a_kubeconfig() {
    let Some(cluster) = Cluster::shared().await else { return };
    let (central, admin, _) = by_kubeconfig(&cluster.kubeconfig("admin")).await;
    both_protocols(central.kubectl(&admin, "/kubernetes/cluster/real"), cluster).await;
}
