//! What the ways to a virtual cluster cost: straight to the agent's direct endpoint, through the
//! central instance and its tunnel, through nginx, and through the barest proxy that there can be.
//!
//! `make bench` runs it. The very same requests go every way, in rounds that take turns, so that what
//! else the machine does falls on all of them: figures of one run can be compared, those of two cannot.

mod http;
mod kubectl;
mod measure;
mod nginx;
mod pass_through;
mod processes;
mod stage;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use http::{Ask, Protocol};
use measure::{Kind, Way};
use processes::Processes;
use stage::Stage;

/// Whatever went wrong: it ends the run.
type Failure = Box<dyn std::error::Error + Send + Sync>;
type Result<T, E = Failure> = std::result::Result<T, E>;

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.split_first() {
        Some((first, rest)) if first == pass_through::ARGUMENT => pass_through::run(rest).await,
        _ => tokio::select! {
            done = run() => done,
            _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let program = program()?;
    println!("{}", table::machine());
    let mut processes = Processes::start()?;
    let stage = Stage::set(&mut processes, &program).await?;
    let ways = ways(&mut processes, &stage).await?;
    let kinds: Vec<Kind> = [Protocol::Http1, Protocol::Http2]
        .into_iter()
        .flat_map(|protocol| {
            stage.asks().map(|(name, path)| Kind { name, ask: Ask::get(path), protocol })
        })
        .collect();
    let figures = measure::run(&ways, &kinds).await?;
    println!("\n{}", table::of(&ways, &kinds, &figures));
    println!("{}", table::processor_time(&ways, &kinds, &figures));
    println!("{}", kubectl::measure(&stage).await?);
    println!("{}", table::machine());
    Ok(())
}

/// The program that is measured: a release build.
fn program() -> Result<PathBuf> {
    let built = || {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
        let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        target.unwrap_or_else(|| root.join("target")).join("release/dormer")
    };
    let program = std::env::var_os("DORMER_BINARY").map_or_else(built, PathBuf::from);
    match program.is_file() {
        true => Ok(program),
        false => Err(format!(
            "There is no {}: build it with `cargo build --release -p dormer`, or name one in DORMER_BINARY.",
            program.display()
        )
        .into()),
    }
}

/// The ways, with the direct one first: the others are compared with it.
async fn ways(processes: &mut Processes, stage: &Stage) -> Result<Vec<Way>> {
    let direct = Way::new("direct", &stage.agent, &stage.token)?.with("agent", stage.agent_process);
    let central = Way::new("central", &stage.central, &stage.key)?
        .with("central", stage.central_process)
        .with("agent", stage.agent_process);
    let mut ways = vec![direct, central];
    match nginx::start(processes, &stage.agent)? {
        Some(nginx) => {
            nginx.door.until_open(processes).await?;
            let way = Way::new("nginx", &nginx.door, &stage.token)?;
            let workers = processes::with_children(nginx.process);
            let way = workers.into_iter().fold(way, |way, id| way.with("nginx", id));
            ways.push(way.with("agent", stage.agent_process));
        }
        None => println!("skipped: no nginx"),
    }
    let (door, process) = pass_through::start(processes, &stage.agent)?;
    door.until_open(processes).await?;
    let bare = Way::new("bare proxy", &door, &stage.token)?.with("proxy", process);
    ways.push(bare.with("agent", stage.agent_process));
    Ok(ways)
}
