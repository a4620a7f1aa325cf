//! Where the programs of a real Kubernetes are, and how they end.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Once;

/// Where programs are: the folder that `DORMER_KUBERNETES_BIN` names, and those of `PATH`.
fn folders() -> Vec<PathBuf> {
    let first = std::env::var_os("DORMER_KUBERNETES_BIN").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    first.into_iter().chain(std::env::split_paths(&path)).collect()
}

/// The program of this name, or nothing and a line that says so. That line is `.tools/tally`'s to
/// repeat.
pub fn needed(name: &str) -> Option<PathBuf> {
    static SAID: Once = Once::new();
    let found = folders().into_iter().map(|it| it.join(name)).find(|it| it.is_file());
    if found.is_none() {
        // Past the test harness, which would keep what a passing test prints to itself.
        SAID.call_once(|| {
            _ = writeln!(std::io::stderr(), "skipped: no {name} here, so nothing real was tested");
        });
    }
    found
}

/// Runs a program to its end, and gives what it printed.
#[track_caller]
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// The same for a program that reads `input`.
#[track_caller]
pub fn run_with(command: &mut Command, input: &str) -> String {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// Programs that run beside the tests and end with them, however those end.
///
/// A shell holds the other end of a pipe and hears when this process is gone: also when it was
/// killed, and although nothing that is `static` is ever dropped.
pub struct Programs {
    guard: Child,
    folder: PathBuf,
    running: Vec<(String, Child)>,
}

/// Reads process ids until the pipe is closed, ends those processes, and removes the folder.
const GUARD: &str = r#"
    trap '' INT
    while read -r pid; do pids="$pids $pid"; done
    kill -9 $pids
    rm -rf "$1" || { sleep 1; rm -rf "$1"; }
"#;

impl Programs {
    /// None yet. `folder` is theirs, and goes with them.
    pub fn in_folder(folder: PathBuf) -> Self {
        let guard = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { guard, folder, running: Vec::new() }
    }

    /// Their folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts one more. What it says goes into a file of this name.
    pub fn start(&mut self, name: &str, program: &Path, arguments: &[String]) {
        let log = File::create(self.log(name)).unwrap();
        let child = Command::new(program)
            .args(arguments)
            .env("PATH", std::env::join_paths(folders()).unwrap())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let pipe = self.guard.stdin.as_mut().unwrap();
        writeln!(pipe, "{}", child.id()).unwrap();
        self.running.push((name.to_owned(), child));
    }

    /// Fails with the end of its log if one of them has ended.
    #[track_caller]
    pub fn expect_running(&mut self) {
        let ended = self.running.iter_mut().find_map(|(name, child)| {
            child.try_wait().unwrap().map(|status| (name.clone(), status))
        });
        if let Some((name, status)) = ended {
            panic!("{name} ended with {status}:\n{}", self.last_words(&name));
        }
    }

    /// The end of what a program has said.
    pub fn last_words(&self, name: &str) -> String {
        let log = std::fs::read(self.log(name)).unwrap_or_default();
        let end = &log[log.len().saturating_sub(2000)..];
        String::from_utf8_lossy(end).into_owned()
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for (name, _) in &self.running {
                println!("The last words of {name}:\n{}", self.last_words(name));
            }
        }
        for (_, child) in &mut self.running {
            _ = child.kill();
            _ = child.wait();
        }
        drop(self.guard.stdin.take());
        _ = self.guard.wait();
    }
}
