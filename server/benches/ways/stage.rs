//! A central instance, an agent that dialled in, and one virtual cluster in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::Result;
use crate::http::{Ask, Door, until};
use crate::processes::{Processes, free_port};

const M: &str = "/kubernetes/management/apis/management.loft.sh/v1";
/// The host cluster.
pub const CLUSTER: &str = "bench";
/// The project that every installation begins with.
pub const PROJECT: &str = "default";
/// The virtual cluster.
pub const VCLUSTER: &str = "bench";
const ADMIN_PASSWORD: &str = "open sesame, please";
const MEMBER: &str = "anna";
const MEMBER_PASSWORD: &str = "the password of anna";
/// How much the large object holds, in bytes.
const LARGE: usize = 100 * 1024;

/// What is measured, up and ready.
pub struct Stage {
    /// Goes when the run ends.
    pub folder: PathBuf,
    pub central: Door,
    pub agent: Door,
    pub central_process: u32,
    pub agent_process: u32,
    /// The access key of the virtual cluster's owner, who is no administrator.
    pub key: String,
    /// Their token for the direct endpoint: good for fifteen minutes, which is more than a run takes.
    pub token: String,
}

impl Stage {
    /// Starts everything from `program`.
    pub async fn set(processes: &mut Processes, program: &Path) -> Result<Self> {
        let folder = processes.folder().to_owned();
        let password = folder.join("password");
        std::fs::write(&password, ADMIN_PASSWORD)?;
        let data = folder.join("central");
        let central = Door { port: free_port()?, authority: data.join("ca.pem") };
        let central_process = processes.run(
            "central",
            program_alone(program)
                .arg("serve")
                .arg(format!("--listen=127.0.0.1:{}", central.port))
                .arg(format!("--data={}", data.display()))
                .arg(format!("--admin-password-file={}", password.display())),
        )?;
        central.until_open(processes).await?;
        let admin = sign_in(&central, "admin", ADMIN_PASSWORD).await?;
        let (agent, agent_process) = agent(processes, program, &central, &admin).await?;
        let spec = json!({ "username": MEMBER, "password": MEMBER_PASSWORD });
        let member = json!({ "metadata": { "name": MEMBER }, "spec": spec });
        central.json(&admin, &Ask::post(format!("{M}/users"), &member)).await?;
        let key = sign_in(&central, MEMBER, MEMBER_PASSWORD).await?;
        virtual_cluster(processes, &central, &key).await?;
        let body = json!({ "spec": { "ttl": 0, "cluster": CLUSTER } });
        let ask = Ask::post(format!("{M}/directclusterendpointtokens"), &body);
        let token = text(&central.json(&key, &ask).await?["status"]["token"])?;
        let stage = Self { folder, central, agent, central_process, agent_process, key, token };
        // The agent's copy of who may what follows a moment later.
        let large = stage.large();
        until(processes, async || stage.agent.json(&stage.token, &large).await.is_ok()).await?;
        Ok(stage)
    }

    /// What is asked, each with its name: something small that the API server makes anew each time, and
    /// something large.
    pub fn asks(&self) -> [(&'static str, String); 2] {
        [
            ("list of namespaces", inside("/api/v1/namespaces")),
            ("object of 100 KiB", inside("/api/v1/namespaces/default/configmaps/large")),
        ]
    }

    /// Base64 of the PEM of a door's authority.
    pub fn authority(door: &Door) -> Result<String> {
        Ok(STANDARD.encode(std::fs::read(&door.authority)?))
    }

    fn large(&self) -> Ask {
        let [_, (_, path)] = self.asks();
        Ask::get(path)
    }
}

/// The program without settings that this shell may have.
fn program_alone(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("DORMER_") {
            command.env_remove(name);
        }
    }
    command
}

fn inside(path: &str) -> String {
    format!("/kubernetes/project/{PROJECT}/virtualcluster/{VCLUSTER}{path}")
}

fn text(value: &Value) -> Result<String> {
    Ok(value.as_str().ok_or("the server left something out")?.to_owned())
}

async fn sign_in(central: &Door, name: &str, password: &str) -> Result<String> {
    let body = json!({ "username": name, "password": password });
    let answer = central.json("", &Ask::post("/auth/password/login", &body)).await?;
    text(&answer["accessKey"])
}

/// An agent that has dialled in, with a direct endpoint.
async fn agent(
    processes: &mut Processes,
    program: &Path,
    central: &Door,
    admin: &str,
) -> Result<(Door, u32)> {
    let body = json!({ "metadata": { "name": CLUSTER }, "spec": { "networkPeer": true } });
    central.json(admin, &Ask::post(format!("{M}/clusters"), &body)).await?;
    let ask = Ask::get(format!("{M}/clusters/{CLUSTER}/accesskey"));
    let told = central.json(admin, &ask).await?;
    let data = processes.folder().join("agent");
    let agent = Door { port: free_port()?, authority: data.join("ca.pem") };
    let process = processes.run(
        "agent",
        program_alone(program)
            .args(["agent", "--embedded"])
            .arg(format!("--url=https://localhost:{}", central.port))
            .arg(format!("--cluster={CLUSTER}"))
            .arg(format!("--code={}", text(&told["accessKey"])?))
            .arg(format!("--ca-data={}", text(&told["caCert"])?))
            .arg(format!("--data={}", data.display()))
            .arg(format!("--listen=127.0.0.1:{}", agent.port)),
    )?;
    let ask = Ask::get(format!("{M}/clusters/{CLUSTER}"));
    until(processes, async || {
        central.json(admin, &ask).await.is_ok_and(|it| it["status"]["online"] == true)
    })
    .await?;
    agent.until_open(processes).await?;
    Ok((agent, process))
}

/// One virtual cluster there, with a large object in it.
async fn virtual_cluster(processes: &mut Processes, central: &Door, key: &str) -> Result<()> {
    let all = format!("{M}/namespaces/loft-p-{PROJECT}/virtualclusterinstances");
    let spec = json!({ "clusterRef": { "cluster": CLUSTER }, "owner": { "user": MEMBER } });
    let body = json!({ "metadata": { "name": VCLUSTER }, "spec": spec });
    central.json(key, &Ask::post(&all, &body)).await?;
    let ask = Ask::get(format!("{all}/{VCLUSTER}"));
    until(processes, async || {
        central.json(key, &ask).await.is_ok_and(|it| it["status"]["phase"] == "Ready")
    })
    .await?;
    let data = json!({ "text": "x".repeat(LARGE) });
    let metadata = json!({ "name": "large" });
    let body =
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data });
    let ask = Ask::post(inside("/api/v1/namespaces/default/configmaps"), &body);
    central.json(key, &ask).await?;
    Ok(())
}
