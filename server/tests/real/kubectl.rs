//! The real `kubectl`.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::programs::run;

/// `kubectl` with a kubeconfig of its own.
pub struct Kubectl {
    file: PathBuf,
    _folder: TempDir,
}

impl Kubectl {
    /// With this kubeconfig.
    pub fn with(kubeconfig: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("kubeconfig");
        std::fs::write(&file, kubeconfig).unwrap();
        Self { file, _folder: folder }
    }

    /// Runs it, and gives what it printed.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> String {
        run(&mut self.command(arguments))
    }

    /// Runs it, and gives what it complained about.
    #[track_caller]
    pub fn refused(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        assert!(!output.status.success(), "kubectl {arguments:?} was not refused");
        String::from_utf8(output.stderr).unwrap()
    }

    /// A command of it.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("kubectl");
        command.arg("--kubeconfig").arg(&self.file).args(arguments);
        command
    }
}
