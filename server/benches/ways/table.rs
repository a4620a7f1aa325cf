//! The figures as a table that Markdown shows as one.

use std::fmt::Write as _;

use crate::http::Protocol;
use crate::measure::{CROWD, Figures, Kind, Way, quantile};

/// The machine, and how busy it is with other things.
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').take(3).collect::<Vec<_>>().join(" ");
    format!("{cores} cores, load {load}")
}

/// One row for each way and kind.
pub fn of(ways: &[Way], kinds: &[Kind], all: &[Vec<Figures>]) -> String {
    let mut rows = vec![
        [
            "request",
            "way",
            "p50 ms",
            "p99 ms",
            "added over direct, ms",
            &format!("requests/s, {CROWD} at once"),
        ]
        .map(str::to_owned),
    ];
    for (kind, of_kind) in kinds.iter().zip(all) {
        for (at, (way, figures)) in ways.iter().zip(of_kind).enumerate() {
            let p50 = quantile(&mut figures.medians.clone(), 0.5);
            let p99 = quantile(&mut figures.latencies.clone(), 0.99);
            let added = if at == 0 { "".into() } else { added(figures, &of_kind[0]) };
            let rate = quantile(&mut figures.rates.clone(), 0.5);
            rows.push([
                format!("{}, {}", kind.name, protocol(kind.protocol)),
                way.name.into(),
                format!("{p50:.2}"),
                format!("{p99:.2}"),
                added,
                format!("{rate:.0}"),
            ]);
        }
    }
    lines(&rows)
}

/// The median of what each round differs by from the direct way of that round, with the middle half.
fn added(figures: &Figures, direct: &Figures) -> String {
    let pairs = figures.medians.iter().zip(&direct.medians);
    let mut differences: Vec<f64> = pairs.map(|(one, direct)| one - direct).collect();
    let [low, middle, high] = [0.25, 0.5, 0.75].map(|part| quantile(&mut differences, part));
    format!("{middle:+.2} ({low:.2} to {high:.2})")
}

/// Where the work of each way is done, while the crowd asks.
pub fn processor_time(ways: &[Way], kinds: &[Kind], all: &[Vec<Figures>]) -> String {
    let mut text = String::from("Processor time a request, in microseconds:\n");
    for (kind, of_kind) in kinds.iter().zip(all) {
        for (way, figures) in ways.iter().zip(of_kind) {
            let Some(work) = &figures.work else { continue };
            let mut roles: Vec<(&str, f64)> = Vec::new();
            for (role, seconds) in work {
                match roles.iter_mut().find(|(known, _)| known == role) {
                    Some((_, sum)) => *sum += seconds,
                    None => roles.push((role, *seconds)),
                }
            }
            let each = |seconds: &f64| seconds * 1e6 / figures.requests.max(1) as f64;
            let parts: Vec<String> =
                roles.iter().map(|(role, it)| format!("{role} {:.0}", each(it))).collect();
            // Writing to a `String` cannot fail.
            _ = writeln!(
                text,
                "  {}, {}, {}: {}",
                kind.name,
                protocol(kind.protocol),
                way.name,
                parts.join(", ")
            );
        }
    }
    text
}

fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Http1 => "HTTP/1.1",
        Protocol::Http2 => "HTTP/2",
    }
}

/// The first row is the head.
fn lines<const N: usize>(rows: &[[String; N]]) -> String {
    let widths: [usize; N] = std::array::from_fn(|at| {
        rows.iter().map(|row| row[at].chars().count()).max().unwrap_or_default()
    });
    let mut text = String::new();
    for (at, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        _ = writeln!(text, "| {} |", cells.collect::<Vec<_>>().join(" | "));
        if at == 0 {
            let rules = widths.map(|width| "-".repeat(width));
            _ = writeln!(text, "| {} |", rules.join(" | "));
        }
    }
    text
}
