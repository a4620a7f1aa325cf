//! The programs that are measured: started here, and ended with this process however that ends.

use std::fs::File;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::Result;

/// Reads process ids until the pipe is closed, ends their groups, and removes the folder. A shell
/// hears that this process is gone also when it was killed.
const GUARD: &str = r#"
    trap '' INT TERM HUP
    while read -r pid; do pids="$pids -$pid"; done
    [ -z "$pids" ] || kill -9 $pids
    rm -rf "$1" || { sleep 1; rm -rf "$1"; }
"#;

/// How many ticks of `/proc` a second has: the same on every Linux.
const TICKS: f64 = 100.0;

/// Running programs, and a folder that goes with them.
pub struct Processes {
    guard: Child,
    folder: PathBuf,
    running: Vec<(String, Child)>,
}

impl Processes {
    /// None yet.
    pub fn start() -> Result<Self> {
        let folder = TempDir::with_prefix("dormer-bench-")?;
        let guard = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self { guard, folder: folder.keep(), running: Vec::new() })
    }

    /// Their folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts one more, and gives its id. What it says goes into a file of this name.
    pub fn run(&mut self, name: &str, command: &mut Command) -> Result<u32> {
        let log = File::create(self.log(name))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
        let child = command.spawn().map_err(|error| format!("{name} does not start: {error}"))?;
        let id = child.id();
        self.running.push((name.to_owned(), child));
        if let Some(pipe) = self.guard.stdin.as_mut() {
            writeln!(pipe, "{id}")?;
        }
        Ok(id)
    }

    /// Fails if one of them has ended.
    pub fn expect_running(&mut self) -> Result<()> {
        for (name, child) in &mut self.running {
            if let Some(status) = child.try_wait()? {
                let name = name.clone();
                return Err(format!("{name} ended with {status}:\n{}", self.last_words()).into());
            }
        }
        Ok(())
    }

    /// The end of what each of them has said.
    pub fn last_words(&self) -> String {
        let words = self.running.iter().map(|(name, _)| {
            let log = std::fs::read(self.log(name)).unwrap_or_default();
            let end = &log[log.len().saturating_sub(1000)..];
            format!("{name}: {}", String::from_utf8_lossy(end))
        });
        words.collect::<Vec<_>>().join("\n")
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        _ = self.guard.wait();
        for (_, child) in &mut self.running {
            _ = child.wait();
        }
    }
}

/// A port that nobody uses now.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A process and those that it has started.
pub fn with_children(id: u32) -> Vec<u32> {
    let file = format!("/proc/{id}/task/{id}/children");
    let children = std::fs::read_to_string(file).unwrap_or_default();
    std::iter::once(id)
        .chain(children.split_whitespace().filter_map(|it| it.parse().ok()))
        .collect()
}

/// The processor time of a process so far, in seconds; nothing where the system does not tell.
pub fn processor_time(id: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name, in parentheses, may hold anything.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS)
}
