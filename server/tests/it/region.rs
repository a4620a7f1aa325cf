//! Two or more real processes: a central instance, and agents that dial it through lines that the
//! test can cut.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{ADMIN_PASSWORD, M, vcluster, vclusters};
use crate::join::cluster;
use crate::region_line::Line;
pub use crate::region_web::Web;

/// How long a test waits for what processes bring about.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// Waits for what `look` finds.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "{what}: it does not come");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A process of the program itself. Killed with the test.
pub struct Process {
    child: Child,
    said: PathBuf,
}

impl Process {
    /// Starts it; what it says goes into a file in `folder`.
    pub fn start(folder: &Path, arguments: &[&str]) -> Self {
        let said = folder.join(format!("{}.log", arguments[0]));
        let log = File::create(&said).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_dormer"))
            .args(arguments)
            .env_clear()
            .env("HOME", folder)
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child, said }
    }

    /// All that it said.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.said).unwrap_or_default()
    }

    /// Waits until it says this, and gives the port that stands behind it.
    pub async fn port_after(&mut self, words: &str) -> u16 {
        until(words, async || {
            let said = self.said();
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended before it said {words}: {said}");
            let line = said.lines().find(|it| it.contains(words))?.trim_end();
            let digits = line.rsplit(':').next()?.split(' ').next()?;
            digits.parse().ok()
        })
        .await
    }

    /// Waits for its end, and gives its code.
    pub async fn ended(&mut self) -> Option<i32> {
        until("its end", async || self.child.try_wait().unwrap()).await.code()
    }

    /// Ends it as a power cut does.
    pub fn kill(&mut self) {
        // It may have ended by itself.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            println!("--- {}\n{}", self.said.display(), self.said());
        }
    }
}

/// A central instance in a process of its own.
pub struct Central {
    pub process: Process,
    /// Its administrator.
    pub admin: Web,
    folder: TempDir,
}

impl Central {
    /// A fresh one.
    pub async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("password"), ADMIN_PASSWORD).unwrap();
        let (process, port) = serve(folder.path(), 0).await;
        let authority = std::fs::read_to_string(folder.path().join("data/ca.pem")).unwrap();
        let nobody = Web::new(port, &authority);
        let admin = nobody.with(&sign_in(&nobody, "admin", ADMIN_PASSWORD).await);
        Self { process, admin, folder }
    }

    /// On the same data and port, after it was killed.
    pub async fn start_again(&mut self) {
        self.process.kill();
        self.process = serve(self.folder.path(), self.admin.port).await.0;
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A new member of the default project.
    pub async fn member(&self, name: &str) -> Web {
        let password = format!("the password of {name}");
        let user = json!({
            "metadata": { "name": name },
            "spec": { "username": name, "password": password },
        });
        self.admin.post(&format!("{M}/users"), &user).await.expect(StatusCode::CREATED);
        let nobody = Web::new(self.admin.port, &self.admin.authority);
        nobody.with(&sign_in(&nobody, name, &password).await)
    }

    /// A region with an embedded host cluster, whose agent has joined.
    pub async fn region(&self, name: &str) -> Region {
        self.region_beside(name, &["--embedded"]).await
    }

    /// A region whose agent has joined, and whose cluster says that all is well. `host` says what the
    /// agent stands beside.
    pub async fn region_beside(&self, name: &str, host: &[&str]) -> Region {
        let body = json!({ "metadata": { "name": name }, "spec": { "networkPeer": true } });
        self.admin.post(&format!("{M}/clusters"), &body).await.expect(StatusCode::CREATED);
        let path = format!("{}/accesskey", cluster(name));
        let code = self.admin.get(&path).await.expect(StatusCode::OK);
        let line = Line::to(self.admin.port).await;
        let folder = TempDir::new().unwrap();
        let code = code["accessKey"].as_str().unwrap().to_owned();
        let data = folder.path().join("data");
        let mut agent = agent(self, name, &line, &data, &[host, &["--code", &code]].concat());
        let port = agent.port_after("Endpoint  https://").await;
        self.until_well(name).await;
        let authority = std::fs::read_to_string(data.join("ca.pem")).unwrap();
        Region { name: name.into(), agent, line, web: Web::new(port, &authority), folder, code }
    }

    /// Waits until a cluster is online and none of its conditions is false.
    pub async fn until_well(&self, name: &str) -> Value {
        until(name, async || {
            let found = self.admin.get(&cluster(name)).await.body;
            let conditions = found["status"]["conditions"].as_array()?;
            let well = conditions.len() >= 4 && conditions.iter().all(|it| it["status"] == "True");
            (well && found["status"]["online"] == json!(true)).then_some(found)
        })
        .await
    }

    /// Waits until a condition of a cluster is false for this reason.
    pub async fn until_reason(&self, name: &str, reason: &str) {
        until(reason, async || {
            let found = self.admin.get(&cluster(name)).await.body;
            let conditions = found["status"]["conditions"].as_array()?.clone();
            conditions.iter().any(|it| it["reason"] == reason).then_some(())
        })
        .await;
    }
}

async fn serve(folder: &Path, port: u16) -> (Process, u16) {
    let listen = format!("127.0.0.1:{port}");
    let (data, password) = (folder.join("data"), folder.join("password"));
    let mut process = Process::start(
        folder,
        &[
            "serve",
            "--listen",
            &listen,
            "--data",
            data.to_str().unwrap(),
            "--admin-password-file",
            password.to_str().unwrap(),
        ],
    );
    let port = process.port_after("Open      http://localhost:").await;
    (process, port)
}

/// An access key, as a command line gets it.
async fn sign_in(nobody: &Web, name: &str, password: &str) -> String {
    let body = json!({ "username": name, "password": password });
    let answer = nobody.post("/auth/password/login", &body).await.expect(StatusCode::OK);
    answer["accessKey"].as_str().unwrap().to_owned()
}

/// Starts an agent whose central instance is at the end of `line`.
pub fn agent(central: &Central, name: &str, line: &Line, data: &Path, more: &[&str]) -> Process {
    let (url, authority) =
        (format!("https://localhost:{}", line.port), STANDARD.encode(&central.admin.authority));
    let mut arguments = vec!["agent", "--url", &url, "--cluster", name, "--ca-data", &authority];
    arguments.extend(["--data", data.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    arguments.extend(more);
    Process::start(data.parent().unwrap(), &arguments)
}

/// A host cluster with its agent, in a process of its own.
pub struct Region {
    pub name: String,
    pub agent: Process,
    pub line: Line,
    /// Its direct endpoint, for nobody in particular.
    pub web: Web,
    pub folder: TempDir,
    /// The code that it joined with.
    pub code: String,
}

impl Region {
    /// A token for its direct endpoint, made with this person's key.
    pub async fn token(&self, person: &Web) -> Web {
        let body = json!({ "spec": { "cluster": self.name, "ttl": 0 } });
        let answer = person.post(&format!("{M}/directclusterendpointtokens"), &body).await;
        let answer = answer.expect(StatusCode::CREATED);
        self.web.with(answer["status"]["token"].as_str().unwrap())
    }

    /// Makes a virtual cluster here, and waits until it is ready there.
    pub async fn make(&self, person: &Web, name: &str) {
        let body = json!({
            "metadata": { "name": name }, "spec": { "clusterRef": { "cluster": self.name } },
        });
        person.post(&vclusters(), &body).await.expect(StatusCode::CREATED);
        until_phase(person, name, "Ready").await;
    }
}

/// Waits until a virtual cluster of the default project is in this phase.
pub async fn until_phase(person: &Web, name: &str, phase: &str) -> Value {
    until(phase, async || {
        let found = person.get(&vcluster(name)).await.body;
        (found["status"]["phase"] == phase).then_some(found)
    })
    .await
}
