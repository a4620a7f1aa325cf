//! The command line.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use dormer::agent::process;
use dormer::config::{Admin, Cli, Command};
use dormer::serve;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("DORMER_LOG")
        .unwrap_or_else(|_| EnvFilter::new("warn,dormer=info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let ran = match cli.command {
        None => runtime.block_on(serve::run(cli.serve)),
        Some(Command::Serve(settings)) => runtime.block_on(serve::run(settings)),
        Some(Command::Agent(settings)) => runtime.block_on(process::run(settings)),
        Some(Command::Admin(Admin::ResetPassword { username, data })) => match data.folder() {
            Some(folder) => runtime.block_on(serve::reset_password(&folder, &username)),
            None => Err(std::io::Error::other("where are the data? Say it with --data")),
        },
    };
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn failed(error: &std::io::Error) -> ExitCode {
    eprintln!("dormer: {error}");
    ExitCode::FAILURE
}
