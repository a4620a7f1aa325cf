//! The direct route in a real shell with a real `kubectl`, and a `curl` that is ours.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use base64::Engine;

use super::*;

const KEY: &str = "vck_0123456789abcdefghij";
const NAME: &str = "loft-vcluster_calm-otter_web";
/// Base64 of two lines that stand for a PEM.
const CA_DATA: &str = "Y2VudHJhbAphdXRob3JpdHkK";
const CA: &str = "central\nauthority\n";

/// Writes down what it is called with, and answers a new token each time, unless it is to fail.
const CURL: &str = r#"#!/bin/sh
printf '%s\n' "$@" >> "$HOME/arguments"
echo call >> "$HOME/calls"
out=; header=
while [ $# -gt 0 ]; do
  case "$1" in -o) out=$2; shift;; -H) header=$2; shift;; --cacert) cat "$2" > "$HOME/cacert"; shift;; esac
  shift
done
case "$header" in @-) cat > "$HOME/header";; @*) cat "${header#@}" > "$HOME/header";; esac
if [ -e "$HOME/away" ]; then echo 'curl: (7) Failed to connect' >&2; exit 7; fi
n=$(wc -l < "$HOME/calls"); n=$((n))
printf '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"bound-%s"}}\n' "$n" > "$out"
"#;

/// A home folder with nothing in it but our `curl`.
struct Home {
    folder: tempfile::TempDir,
    shell: &'static str,
    cluster: Cluster,
}

impl Home {
    fn new(shell: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let curl = folder.path().join("bin/curl");
        fs::create_dir(folder.path().join("bin")).unwrap();
        fs::write(&curl, CURL).unwrap();
        fs::set_permissions(&curl, fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder, shell, cluster: Cluster::start() }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, script: &str) -> Output {
        let path = std::env::var("PATH").unwrap();
        Command::new(self.shell)
            .args(["-c", script])
            .env_remove("KUBECONFIG")
            .env("HOME", self.path())
            .env("PATH", format!("{}:{path}", self.path().join("bin").display()))
            .current_dir(self.path())
            .output()
            .unwrap()
    }

    #[track_caller]
    fn ok(&self, script: &str) -> String {
        let output = self.run(script);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{script}\n{told}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs every line but the last, for which the cluster has no answer.
    #[track_caller]
    fn connect(&self, request: &Request) {
        let lines = kubectl(request);
        self.ok(&block(&lines[..lines.len() - 1]));
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap_or_default()
    }

    fn calls(&self) -> usize {
        self.read("calls").lines().count()
    }

    /// Makes every token as old as this, in minutes.
    fn age(&self, minutes: u64) {
        for file in
            self.kept().into_iter().filter(|it| it.extension().is_some_and(|e| e == "token"))
        {
            let then = SystemTime::now() - Duration::from_secs(minutes * 60);
            fs::File::options().write(true).open(file).unwrap().set_modified(then).unwrap();
        }
    }

    fn kept(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path().join(".kube/dormer")).unwrap();
        entries.map(|it| it.unwrap().path()).collect()
    }

    #[track_caller]
    fn nobody_else_can_read_what_is_kept(&self) {
        for file in self.kept() {
            let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{}", file.display());
        }
    }

    /// The token that `kubectl` brings to the cluster with these arguments, or what it says instead.
    fn token(&self, arguments: &str) -> Result<String, String> {
        let output = self.run(&format!("kubectl {arguments} get --raw /version"));
        if output.status.success() {
            return Ok(self.cluster.tokens.lock().unwrap().pop().unwrap());
        }
        Err(String::from_utf8(output.stderr).unwrap())
    }

    fn endpoint(&self) -> Endpoint {
        let (url, ca_data) = (self.cluster.url.clone(), self.cluster.ca_data.clone());
        Endpoint { url, insecure: false, ca_data }
    }
}

/// Something that speaks TLS, says `{}` to everything, and tells which tokens it was shown.
struct Cluster {
    url: String,
    ca_data: String,
    tokens: Arc<Mutex<Vec<String>>>,
}

impl Cluster {
    fn start() -> Self {
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let tokens = Arc::<Mutex<Vec<String>>>::default();
        let seen = tokens.clone();
        let config = Arc::new(config);
        // Some builds of `kubectl` ask for the version before they begin.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let connection = rustls::ServerConnection::new(config.clone()).unwrap();
                _ = answer(rustls::StreamOwned::new(connection, stream), &seen);
            }
        });
        let ca_data = base64::engine::general_purpose::STANDARD.encode(cert.pem());
        Self { url, ca_data, tokens }
    }
}

/// Tells which token a request brings, and answers it.
fn answer(mut stream: impl Read + Write, tokens: &Mutex<Vec<String>>) -> io::Result<()> {
    let head: Vec<String> = BufReader::new(&mut stream)
        .lines()
        .map_while(Result::ok)
        .take_while(|it| !it.is_empty())
        .collect();
    let bearer = head.iter().find_map(|it| it.strip_prefix("Authorization: Bearer "));
    tokens.lock().unwrap().push(bearer.unwrap_or_default().to_owned());
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")?;
    stream.flush()
}

fn instance() -> Instance {
    let url = "https://hub.example.com:9898".to_owned();
    Instance { version: "0.1.0".into(), url, ca_data: CA_DATA.into() }
}

fn direct<'a>(instance: &'a Instance, endpoint: &'a Endpoint) -> Request<'a> {
    Request {
        instance,
        project: "web",
        vcluster: "calm-otter",
        cluster: "eu-1",
        endpoint: Some(endpoint),
        route: Route::Direct,
        key: Some(KEY),
    }
}

#[track_caller]
fn check_in(shell: &'static str) {
    let (home, instance) = (Home::new(shell), instance());
    let endpoint = home.endpoint();
    home.connect(&direct(&instance, &endpoint));

    assert_eq!(home.token(""), Ok("bound-1".into()));
    assert_eq!(home.token(""), Ok("bound-1".into()), "the token is kept");
    assert_eq!(home.calls(), 1);
    assert_eq!(home.read("header").trim_end(), format!("Authorization: Bearer {KEY}"));
    assert_eq!(home.read("cacert"), CA);
    let arguments = home.read("arguments");
    assert!(arguments.contains("https://hub.example.com:9898/auth/exec-credential/eu-1\n"));
    assert!(!arguments.contains(KEY) && !home.read(".kube/config").contains(KEY));
    home.nobody_else_can_read_what_is_kept();

    home.age(6);
    assert_eq!(home.token(""), Ok("bound-2".into()), "an old token is replaced");

    fs::write(home.path().join("away"), "").unwrap();
    home.age(6);
    assert_eq!(home.token(""), Ok("bound-2".into()), "the last token goes on while it lives");

    home.age(16);
    let told = home.token("").unwrap_err();
    assert!(told.contains("No token for the cluster: curl: (7) Failed to connect"), "{told}");
    assert!(told.contains("exit code 1"), "{told}");
}

#[test]
fn in_sh_the_plugin_asks_once_and_outlives_the_central_instance() {
    check_in("sh");
}

#[test]
fn in_bash_the_plugin_asks_once_and_outlives_the_central_instance() {
    check_in("bash");
}

#[test]
fn a_new_key_ends_the_token_of_the_one_before() {
    let (home, instance) = (Home::new("sh"), instance());
    let endpoint = home.endpoint();
    let request = direct(&instance, &endpoint);
    home.connect(&request);
    assert_eq!(home.token(""), Ok("bound-1".into()));
    home.connect(&Request { key: Some("vck_another"), ..request });
    assert_eq!(home.token(""), Ok("bound-2".into()));
    assert!(home.read("header").contains("vck_another"));
}

#[test]
fn each_route_leaves_nothing_of_the_other() {
    let home = Home::new("sh");
    let Endpoint { url, ca_data, .. } = home.endpoint();
    let instance = Instance { url: url.clone(), ca_data, ..instance() };
    let endpoint = Endpoint { url, insecure: true, ca_data: String::new() };
    let request = direct(&instance, &endpoint);
    let view = "kubectl config view --raw -o json";
    for _ in 0..2 {
        home.connect(&request);
        let (user, cluster) = view_parts(&home.ok(view));
        assert!(user.get("exec").is_some() && user.get("tokenFile").is_none(), "{user}");
        assert_eq!(cluster["insecure-skip-tls-verify"], true);
        assert!(cluster.get("certificate-authority-data").is_none());
        assert!(home.token("").unwrap().starts_with("bound-"));
        home.connect(&Request { route: Route::Central, ..request });
        let (user, cluster) = view_parts(&home.ok(view));
        assert!(user.get("exec").is_none() && user.get("tokenFile").is_some(), "{user}");
        assert!(cluster.get("insecure-skip-tls-verify").is_none());
        assert_eq!(cluster["certificate-authority-data"], instance.ca_data.as_str());
        assert_eq!(home.token(""), Ok(KEY.into()));
    }
}

fn view_parts(json: &str) -> (serde_json::Value, serde_json::Value) {
    let config: serde_json::Value = serde_json::from_str(json).unwrap();
    (config["users"][0]["user"].clone(), config["clusters"][0]["cluster"].clone())
}

#[test]
fn the_file_brings_everything_and_shows_the_cluster_no_key() {
    let (home, instance) = (Home::new("sh"), instance());
    let endpoint = home.endpoint();
    let request = direct(&instance, &endpoint);
    fs::write(home.path().join("one"), kubeconfig(&request, KEY, "tomorrow")).unwrap();
    fs::write(home.path().join("two"), kubeconfig(&request, "vck_another", "tomorrow")).unwrap();
    assert_eq!(home.token("--kubeconfig one"), Ok("bound-1".into()));
    assert_eq!(home.token("--kubeconfig one"), Ok("bound-1".into()));
    assert_eq!(home.token("--kubeconfig two"), Ok("bound-2".into()), "keys share no token");
    assert_eq!(home.read("header"), "Authorization: Bearer vck_another");
    assert_eq!(home.read("cacert"), CA);
    assert!(!home.read("arguments").contains("vck_"));
    home.nobody_else_can_read_what_is_kept();
}

#[test]
fn a_machine_that_trusts_the_central_instance_anyway_needs_no_authority() {
    let home = Home::new("sh");
    let endpoint = home.endpoint();
    let instance = Instance { ca_data: String::new(), ..instance() };
    let request = direct(&instance, &endpoint);
    home.connect(&request);
    assert_eq!(home.token(""), Ok("bound-1".into()));
    fs::write(home.path().join("file"), kubeconfig(&request, KEY, "tomorrow")).unwrap();
    assert_eq!(home.token("--kubeconfig file"), Ok("bound-2".into()));
    assert!(!home.read("arguments").contains("--cacert"));
}

#[test]
fn many_at_once_never_see_half_a_token() {
    let (home, instance) = (Home::new("sh"), instance());
    let endpoint = home.endpoint();
    let request = direct(&instance, &endpoint);
    home.connect(&request);
    let script = plugin::script(&request, NAME, &plugin::Secrets::Files { own_ca: true });
    let all = std::thread::scope(|scope| {
        let running: Vec<_> = (0..12).map(|_| scope.spawn(|| home.ok(&script))).collect();
        running.into_iter().map(|it| it.join().unwrap()).collect::<Vec<_>>()
    });
    for one in all {
        serde_json::from_str::<serde_json::Value>(&one).unwrap();
    }
    assert!(home.kept().iter().all(|it| !it.to_string_lossy().contains(".token.")), "no leftovers");
}

#[test]
fn an_answer_that_is_no_token_is_not_kept() {
    let (home, instance) = (Home::new("sh"), instance());
    let endpoint = home.endpoint();
    home.connect(&direct(&instance, &endpoint));
    let portal = CURL.replace("ExecCredential", "html");
    fs::write(home.path().join("bin/curl"), portal).unwrap();
    // Some builds of `kubectl` ask the cluster even while they are being configured.
    home.age(16);
    let told = home.token("").unwrap_err();
    assert!(
        told.contains("No token for the cluster: the central instance answered something else")
    );
}

#[test]
fn no_name_breaks_out_of_the_program() {
    let (home, mut instance) = (Home::new("sh"), instance());
    let endpoint = home.endpoint();
    instance.url = "https://hub/$(touch out1)`touch out2`'".into();
    let request = Request {
        project: "it's\"$(touch out3)",
        vcluster: "a,b\\ ;touch out4",
        cluster: "'\"$(touch out5)\n",
        ..direct(&instance, &endpoint)
    };
    home.connect(&request);
    assert_eq!(home.token(""), Ok("bound-1".into()));
    fs::write(home.path().join("file"), kubeconfig(&request, KEY, "tomorrow")).unwrap();
    assert_eq!(home.token("--kubeconfig file"), Ok("bound-2".into()));
    let names: Vec<_> =
        fs::read_dir(home.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert!(names.iter().all(|it| !it.to_string_lossy().starts_with("out")), "{names:?}");
}
