//! Rounds in which every way is asked the same, one way after the other.

use std::time::{Duration, Instant};

use hyper::header::HeaderValue;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::Result;
use crate::http::{Ask, Connection, Door, Protocol};
use crate::processes::processor_time;

/// How often each way is asked. Other work of the machine comes and goes meanwhile.
const ROUNDS: usize = 20;
/// How long one way is asked at a time, for latency and for throughput each.
const SLICE: Duration = Duration::from_millis(150);
/// How many ask at once for throughput.
pub const CROWD: usize = 16;
/// How many requests a fresh connection has behind it before anything counts.
const WARM_UP: usize = 3;
/// The longest that one request may take: then something is broken.
const REQUEST_MAX: Duration = Duration::from_secs(20);

/// One way to the virtual cluster.
pub struct Way {
    pub name: &'static str,
    door: Door,
    bearer: HeaderValue,
    /// Who works for a request that goes this way, by role.
    processes: Vec<(&'static str, u32)>,
}

/// One kind of request.
pub struct Kind {
    pub name: &'static str,
    pub ask: Ask,
    pub protocol: Protocol,
}

/// What one way took for one kind. Times are in milliseconds.
#[derive(Default)]
pub struct Figures {
    /// The median of each round.
    pub medians: Vec<f64>,
    /// Of all rounds together.
    pub latencies: Vec<f64>,
    /// Requests a second in each round.
    pub rates: Vec<f64>,
    /// How many requests the crowd made.
    pub requests: usize,
    /// Processor seconds that went into those, by role; nothing where the system does not tell.
    pub work: Option<Vec<(&'static str, f64)>>,
}

impl Way {
    pub fn new(name: &'static str, door: &Door, bearer: &str) -> Result<Self> {
        let bearer = HeaderValue::from_str(&format!("Bearer {bearer}"))?;
        Ok(Self { name, door: door.clone(), bearer, processes: Vec::new() })
    }

    /// With one more process that works for it.
    pub fn with(mut self, role: &'static str, id: u32) -> Self {
        self.processes.push((role, id));
        self
    }

    async fn open(&self, kind: &Kind) -> Result<Connection> {
        let mut connection = self.door.open(kind.protocol, self.bearer.clone()).await?;
        warm(&mut connection, kind).await?;
        Ok(connection)
    }

    /// As many connections as there are askers; where requests share one, a single one.
    async fn open_crowd(&self, kind: &Kind) -> Result<Vec<Connection>> {
        let mut crowd = vec![self.open(kind).await?];
        while crowd.len() < CROWD {
            let next = match crowd[0].shared() {
                Some(shared) => shared,
                None => self.open(kind).await?,
            };
            crowd.push(next);
        }
        Ok(crowd)
    }

    /// Processor seconds so far, by role.
    fn work(&self) -> Option<Vec<(&'static str, f64)>> {
        self.processes.iter().map(|(role, id)| Some((*role, processor_time(*id)?))).collect()
    }
}

async fn warm(connection: &mut Connection, kind: &Kind) -> Result<()> {
    for _ in 0..WARM_UP {
        timeout(REQUEST_MAX, connection.ask(&kind.ask)).await??;
    }
    Ok(())
}

/// All figures: of each kind, and in that of each way.
pub async fn run(ways: &[Way], kinds: &[Kind]) -> Result<Vec<Vec<Figures>>> {
    let mut all: Vec<Vec<Figures>> =
        kinds.iter().map(|_| ways.iter().map(|_| Figures::default()).collect()).collect();
    for round in 0..=ROUNDS {
        for (kind, figures) in kinds.iter().zip(&mut all) {
            // Each is the first one in turn: what follows a busy neighbour may be slower.
            let turns = (0..ways.len()).map(|at| (at + round) % ways.len());
            for at in turns {
                let said = |error| format!("{}, {}: {error}", ways[at].name, kind.name);
                slice(&ways[at], kind, &mut figures[at]).await.map_err(said)?;
            }
        }
        if round == 0 {
            // Caches are warm and pools are full now.
            all.iter_mut().flatten().for_each(|it| *it = Figures::default());
        }
    }
    Ok(all)
}

/// One turn of one way.
async fn slice(way: &Way, kind: &Kind, figures: &mut Figures) -> Result<()> {
    let mut connection = way.open(kind).await?;
    let mut latencies = one(&mut connection, kind).await?;
    figures.latencies.extend_from_slice(&latencies);
    figures.medians.push(quantile(&mut latencies, 0.5));
    let crowd = way.open_crowd(kind).await?;
    let (before, begun) = (way.work(), Instant::now());
    let requests = many(crowd, kind).await?;
    let (took, after) = (begun.elapsed().as_secs_f64(), way.work());
    figures.rates.push(requests as f64 / took);
    figures.requests += requests;
    let worked = before.zip(after).map(|(before, after)| {
        let pairs = before.into_iter().zip(after);
        pairs.map(|((role, from), (_, to))| (role, to - from)).collect::<Vec<_>>()
    });
    figures.work = match (figures.work.take(), worked) {
        (Some(sum), Some(more)) => {
            Some(sum.into_iter().zip(more).map(|((role, a), (_, b))| (role, a + b)).collect())
        }
        (None, more) => more,
        (sum, None) => sum,
    };
    Ok(())
}

/// One after the other, on one connection: how long each took.
async fn one(connection: &mut Connection, kind: &Kind) -> Result<Vec<f64>> {
    let begun = Instant::now();
    let mut latencies = Vec::new();
    while begun.elapsed() < SLICE {
        let asked = Instant::now();
        timeout(REQUEST_MAX, connection.ask(&kind.ask)).await??;
        latencies.push(asked.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(latencies)
}

/// As many at once as there are in `crowd`: how many were answered.
async fn many(crowd: Vec<Connection>, kind: &Kind) -> Result<usize> {
    let begun = Instant::now();
    let mut askers = JoinSet::new();
    for mut connection in crowd {
        let ask = kind.ask.clone();
        askers.spawn(async move {
            let mut answered = 0;
            while begun.elapsed() < SLICE {
                timeout(REQUEST_MAX, connection.ask(&ask)).await??;
                answered += 1;
            }
            Ok::<usize, crate::Failure>(answered)
        });
    }
    let mut all = 0;
    while let Some(answered) = askers.join_next().await {
        all += answered??;
    }
    Ok(all)
}

/// The value that `part` of all values are below. Sorts them.
pub fn quantile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values.get((last as f64 * part).round() as usize).copied().unwrap_or(f64::NAN)
}
