//! How long a person waits for `kubectl get namespaces`, with the kubeconfig that the dashboard gives.

use std::path::Path;
use std::time::Instant;

use dormer_api::connect::{Endpoint, Request, Route, kubeconfig};
use dormer_api::session::Instance;
use tokio::process::Command;

use crate::Result;
use crate::measure::quantile;
use crate::stage::{CLUSTER, PROJECT, Stage, VCLUSTER};

/// How often each is run.
const TIMES: usize = 10;

/// One line with the medians; or one that says why there are none.
pub async fn measure(stage: &Stage) -> Result<String> {
    if Command::new("kubectl").args(["version", "--client"]).output().await.is_err() {
        return Ok("skipped: no kubectl".into());
    }
    let home = stage.folder.join("home");
    std::fs::create_dir_all(&home)?;
    let mut runs = Vec::new();
    for (name, route) in [("direct", Route::Direct), ("central", Route::Central)] {
        let file = home.join(name);
        std::fs::write(&file, file_of(stage, route)?)?;
        runs.push((name, get_namespaces(&file), Vec::new()));
    }
    runs.push(("none (kubectl alone)", vec!["version".into(), "--client".into()], Vec::new()));
    // The first time is left out: it gets the token, and what kinds there are, and keeps both.
    for time in 0..=TIMES {
        for (_, arguments, took) in &mut runs {
            let begun = Instant::now();
            run(&home, arguments).await?;
            if time > 0 {
                took.push(begun.elapsed().as_secs_f64() * 1000.0);
            }
        }
    }
    let told = runs
        .iter_mut()
        .map(|(name, _, took)| format!("{name} {:.0} ms", quantile(took, 0.5)))
        .collect::<Vec<_>>();
    Ok(format!("A new `kubectl get namespaces`, until it ends: {}", told.join(", ")))
}

fn file_of(stage: &Stage, route: Route) -> Result<String> {
    let instance = Instance {
        version: env!("CARGO_PKG_VERSION").into(),
        url: format!("https://localhost:{}", stage.central.port),
        ca_data: Stage::authority(&stage.central)?,
    };
    let endpoint = Endpoint {
        url: format!("https://localhost:{}", stage.agent.port),
        insecure: false,
        ca_data: Stage::authority(&stage.agent)?,
    };
    let request = Request {
        instance: &instance,
        project: PROJECT,
        vcluster: VCLUSTER,
        cluster: CLUSTER,
        endpoint: Some(&endpoint),
        route,
        key: None,
    };
    Ok(kubeconfig(&request, &stage.key, "with this run"))
}

fn get_namespaces(file: &Path) -> Vec<String> {
    let file = format!("--kubeconfig={}", file.display());
    [&file, "get", "namespaces"].map(str::to_owned).to_vec()
}

async fn run(home: &Path, arguments: &[String]) -> Result<()> {
    let output = Command::new("kubectl")
        .args(arguments)
        .env("HOME", home)
        .env_remove("KUBECONFIG")
        .kill_on_drop(true)
        .output()
        .await?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("kubectl: {}", String::from_utf8_lossy(&output.stderr)).into()),
    }
}
