//! One run of the `helm` program: what it is given, how long it may take, what it said.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::time::timeout;
use uuid::Uuid;

/// How long one run may take, to be ended then.
pub(super) const DEADLINE: Duration = Duration::from_secs(120);
/// How much of what it says is kept: the end, where the error stands.
const SAID_LENGTH_MAX: usize = 16 * 1024;
/// The longest error that is told, in characters.
const ERROR_LENGTH_MAX: usize = 400;
/// What of our own environment helm needs to reach a chart repository and the host cluster.
const PASSED_ON: [&str; 10] = [
    "PATH",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "LANG",
];
/// What it needs besides to reach the cluster that we run in. Given to it for another one, it would
/// lead a kubeconfig that says nothing to the wrong cluster.
const IN_CLUSTER: [&str; 2] = ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"];

/// How the `helm` program reaches the host cluster.
pub enum Access {
    /// By the service account of the pod that we run in.
    InCluster,
    /// By a kubeconfig of the operator.
    Kubeconfig(PathBuf),
    /// By a kubeconfig that we made. It is in a file for as long as a run lasts.
    Text(String),
}

/// The program and where it may write.
pub(super) struct Program {
    access: Access,
    program: PathBuf,
    scratch: PathBuf,
    alone: bool,
}

impl Program {
    /// `scratch` is this driver's alone.
    pub(super) fn new(access: Access, program: PathBuf, scratch: PathBuf) -> Self {
        let runs = scratch.join("runs");
        // A run has a folder for as long as it lasts. One that is left over was not waited for.
        let alone = fs::read_dir(&runs).is_ok_and(|mut it| it.next().is_none());
        // Values and kubeconfigs.
        _ = fs::remove_dir_all(&runs);
        // Where this fails, the first run says why.
        _ = DirBuilder::new().recursive(true).mode(0o700).create(&runs);
        Self { access, program, scratch, alone }
    }

    /// Whether no run of those who had the scratch folder before us can still be at work.
    pub(super) fn alone(&self) -> bool {
        self.alone
    }

    /// Runs `helm` with what `arguments` makes of the file that the values are in.
    ///
    /// # Errors
    /// What went wrong, in words for people.
    pub(super) async fn run(
        &self,
        values: &str,
        secrets: &[String],
        arguments: impl FnOnce(&Path) -> Vec<OsString>,
    ) -> Result<(), String> {
        let folder = Folder::make(&self.scratch.join("runs"))
            .map_err(|it| format!("cannot write the files that helm reads: {it}"))?;
        let command = self
            .command(&folder, values, arguments)
            .map_err(|it| format!("cannot write the files that helm reads: {it}"))?;
        let said = finish(command, DEADLINE).await?;
        match said {
            None => Ok(()),
            Some(said) => Err(error_in(&said, &folder.0, secrets)),
        }
    }

    fn command(
        &self,
        folder: &Folder,
        values: &str,
        arguments: impl FnOnce(&Path) -> Vec<OsString>,
    ) -> io::Result<Command> {
        let file = folder.write("values.yaml", values)?;
        let mut command = Command::new(&self.program);
        command.args(arguments(&file)).env_clear().current_dir(&folder.0);
        pass_on(&mut command, &PASSED_ON);
        command.env("HOME", &self.scratch).env("TMPDIR", &folder.0);
        for (variable, name) in [
            ("HELM_CACHE_HOME", "cache"),
            ("HELM_CONFIG_HOME", "config"),
            ("HELM_DATA_HOME", "data"),
        ] {
            command.env(variable, self.scratch.join(name));
        }
        match &self.access {
            Access::InCluster => pass_on(&mut command, &IN_CLUSTER),
            Access::Kubeconfig(path) => _ = command.env("KUBECONFIG", path),
            Access::Text(text) => {
                _ = command.env("KUBECONFIG", folder.write("kubeconfig", text)?);
            }
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        Ok(command)
    }
}

fn pass_on(command: &mut Command, variables: &[&str]) {
    for variable in variables {
        if let Some(value) = std::env::var_os(variable) {
            command.env(variable, value);
        }
    }
}

/// A folder of one run that nobody else can read, and that goes with it.
struct Folder(PathBuf);

impl Folder {
    fn make(runs: &Path) -> io::Result<Self> {
        let path = runs.join(Uuid::new_v4().to_string());
        DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    fn write(&self, name: &str, content: &str) -> io::Result<PathBuf> {
        let path = self.0.join(name);
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path)?;
        file.write_all(content.as_bytes())?;
        Ok(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, "the files of a helm run are left over");
        }
    }
}

/// Nothing where it succeeded, and else the end of what it said.
async fn finish(mut command: Command, deadline: Duration) -> Result<Option<String>, String> {
    let mut child = command.spawn().map_err(|it| format!("cannot run helm: {it}"))?;
    let errors = child.stderr.take();
    let run = async {
        let said = match errors {
            Some(errors) => the_end_of(errors).await,
            None => String::new(),
        };
        (said, child.wait().await)
    };
    match timeout(deadline, run).await {
        Ok((_, Ok(status))) if status.success() => Ok(None),
        Ok((said, Ok(_))) => Ok(Some(said)),
        Ok((_, Err(error))) => Err(format!("cannot run helm: {error}")),
        Err(_) => {
            // The program is gone before its files are.
            _ = child.kill().await;
            Err(format!("helm did not finish within {} s", deadline.as_secs()))
        }
    }
}

async fn the_end_of(mut stream: impl AsyncRead + Unpin) -> String {
    let mut said = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut piece).await {
        said.extend_from_slice(&piece[..length]);
        said.drain(..said.len().saturating_sub(SAID_LENGTH_MAX));
    }
    String::from_utf8_lossy(&said).into_owned()
}

/// The last error that helm told, in one line and without what is nobody's business.
fn error_in(said: &str, folder: &Path, secrets: &[String]) -> String {
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
    // Some errors, such as those of a schema, are told in the lines that follow.
    let from = lines.iter().rposition(|it| it.starts_with("Error:"));
    let from = from.unwrap_or(lines.len().saturating_sub(1));
    let mut error = lines[from..].join(" ");
    for secret in secrets {
        error = error.replace(secret.as_str(), "…");
    }
    let error = error.replace(&format!("{}/", folder.display()), "");
    let error = error.strip_prefix("Error:").unwrap_or(&error).trim();
    let told: String = error.chars().filter(|it| !it.is_control()).take(ERROR_LENGTH_MAX).collect();
    if told.is_empty() { "helm failed without a word".into() } else { told }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(said: &str) -> String {
        error_in(said, Path::new("/scratch/runs/1"), &["hunter2".into()])
    }

    #[test]
    fn the_last_error_is_told_with_the_lines_that_belong_to_it() {
        let said = "WARNING: x\nError: first\nlog\nError: values don't meet the schema:\nvcluster:\n- (root): no foo\n";
        assert_eq!(error(said), "values don't meet the schema: vcluster: - (root): no foo");
        assert_eq!(error("one\ntwo\n"), "two");
        assert_eq!(error(""), "helm failed without a word");
    }

    #[test]
    fn no_secret_and_no_path_of_ours_is_told() {
        let said = "Error: failed to parse /scratch/runs/1/values.yaml: password hunter2\n";
        assert_eq!(error(said), "failed to parse values.yaml: password …");
    }

    #[test]
    fn an_error_has_an_end() {
        assert_eq!(error(&"x".repeat(9000)).len(), ERROR_LENGTH_MAX);
    }

    #[test]
    fn a_program_for_another_cluster_does_not_hear_of_ours() {
        let scratch = tempfile::tempdir().unwrap();
        let variables = |access| {
            let program = Program::new(access, "helm".into(), scratch.path().to_owned());
            let folder = Folder::make(scratch.path()).unwrap();
            let command = program.command(&folder, "", |_| Vec::new()).unwrap();
            let all = command.as_std().get_envs();
            all.filter_map(|(key, _)| key.to_str().map(str::to_owned)).collect::<Vec<_>>()
        };
        let file = variables(Access::Kubeconfig("/a".into()));
        assert!(file.iter().any(|it| it == "KUBECONFIG"));
        assert!(!file.iter().any(|it| it.starts_with("KUBERNETES_")));
        assert!(!variables(Access::InCluster).iter().any(|it| it == "KUBECONFIG"));
    }

    #[tokio::test]
    async fn a_program_that_talks_on_and_on_is_heard_to_its_end() {
        let mut long = vec![b'a'; 100_000];
        long.extend_from_slice(b"\nError: full\n");
        let said = the_end_of(&long[..]).await;
        assert_eq!(said.len(), SAID_LENGTH_MAX);
        assert_eq!(error(&said), "full");
    }

    #[tokio::test]
    async fn a_program_that_does_not_end_is_ended() {
        let mut command = Command::new("sleep");
        command.arg("600").stderr(Stdio::piped()).kill_on_drop(true);
        let ended = finish(command, Duration::from_millis(20)).await;
        assert_eq!(ended.unwrap_err(), "helm did not finish within 0 s");
    }
}
