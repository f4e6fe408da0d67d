//! The table of seedings: centra's greedy k-means++ beside scikit-learn's, which draws as many candidates a step. The data are
//! the same, the draws are not, so what the centers are worth is compared too: the inertia they leave, over many seeds.

use crate::contenders::{centra_name, instruction_sets};
use crate::data::{generator, normal, Work};
use crate::options::{self, Options};
use crate::python::Worker;
use crate::report::{head, number, row, times};
use crate::rounds::{spread, Spread};
use crate::shipped::library;
use centra::capi::{CENTRA_INIT_KMEANSPP, CENTRA_INIT_PARALLEL};
use centra::Isa;
use std::time::Instant;

const SCIKIT_LEARN: &str = "scikit-learn kmeans_plusplus";

/// What data are like.
#[derive(Clone, Copy)]
enum Data {
    /// Overlapping blobs.
    Blobs,
    /// Normal coordinates, as far from one another everywhere.
    Normal,
}

/// The work of a table.
#[derive(Clone, Copy)]
pub struct Task {
    n: usize,
    d: usize,
    k: usize,
    data: Data,
    /// What centra's time is wanted to be below scikit-learn's by.
    wanted: Option<f64>,
}

const fn task(n: usize, d: usize, k: usize, data: Data, wanted: Option<f64>) -> Task {
    Task {
        n,
        d,
        k,
        data,
        wanted,
    }
}

pub const TASKS: [Task; 9] = [
    task(100_000, 2, 100, Data::Blobs, Some(10.0)),
    task(100_000, 16, 64, Data::Blobs, Some(10.0)),
    task(50_000, 128, 1024, Data::Blobs, Some(20.0)),
    task(20_000, 784, 100, Data::Blobs, Some(10.0)),
    task(100_000, 2, 100, Data::Normal, Some(10.0)),
    task(100_000, 16, 64, Data::Normal, Some(10.0)),
    task(50_000, 128, 1024, Data::Normal, Some(10.0)),
    task(20_000, 784, 100, Data::Normal, Some(10.0)),
    task(5_000, 2, 10, Data::Blobs, None),
];

/// Seeds that are drawn with, each in a round of its own.
pub const SEEDS: u32 = 30;

impl Task {
    /// As it is written on a command line.
    pub fn word(&self) -> String {
        let data = match self.data {
            Data::Blobs => "",
            Data::Normal => "normal_",
        };
        format!("seed_{data}{}x{}_k{}", self.n, self.d, self.k)
    }

    /// The same, so small that it takes a moment.
    pub fn smoke(self) -> Task {
        Task {
            n: self.n.min(2_000),
            k: self.k.min(50),
            wanted: None,
            ..self
        }
    }
}

/// One way to seed.
struct Contender {
    name: String,
    way: Way,
    threads: usize,
}

enum Way {
    /// On an instruction set, by CENTRA_INIT_...
    Centra(Isa, i32),
    Python,
}

/// What a contender did in each round.
#[derive(Default)]
struct Seeded {
    milliseconds: Vec<f64>,
    inertias: Vec<f64>,
}

fn contenders(cores: usize) -> Vec<Contender> {
    let mut all = Vec::new();
    let mut add = |name: &str, way, threads| {
        let name = match threads {
            1 => name.to_string(),
            _ => format!("{name}, {threads} threads"),
        };
        all.push(Contender { name, way, threads });
    };
    let mut threads = vec![1, cores];
    threads.dedup();
    for &threads in &threads {
        for (isa, set) in instruction_sets() {
            let way = Way::Centra(isa, CENTRA_INIT_KMEANSPP);
            add(&centra_name(set), way, threads);
        }
    }
    add(
        "centra k-means‖",
        Way::Centra(Isa::Amx, CENTRA_INIT_PARALLEL),
        1,
    );
    add(SCIKIT_LEARN, Way::Python, 1);
    all
}

/// Draws centers; milliseconds.
fn draw(
    contender: &Contender,
    work: &Work,
    seed: u32,
    centers: &mut [f64],
    workspace: &mut Vec<u128>,
    worker: &mut Result<Worker, String>,
) -> Result<f64, String> {
    match contender.way {
        Way::Centra(isa, init) => {
            let library = library(isa);
            let mut options = library.options();
            options.init = init;
            options.threads = contender.threads as i32;
            options.seed = seed.into();
            let bytes = library.workspace_size(work, &options)?;
            workspace.resize(workspace.len().max(bytes.div_ceil(16)), 0);
            let begin = Instant::now();
            library.seed(work, &options, centers, workspace)?;
            Ok(1e3 * begin.elapsed().as_secs_f64())
        }
        Way::Python => {
            let worker = worker.as_mut().map_err(|error| error.clone())?;
            let seconds = worker.seed(seed, contender.threads)?;
            centers.copy_from_slice(&worker.seeds()?);
            Ok(1e3 * seconds)
        }
    }
}

/// The sum of the squared distances to the nearest of the centers.
fn inertia(work: &Work, centers: &[f64]) -> f64 {
    let options = Options {
        threads: 0,
        ..Options::default()
    };
    let labels = options::assign(&work.view(), centers, &options).expect("valid data");
    options::inertia(&work.view(), centers, &labels, &options).expect("valid data")
}

/// Draws with so many seeds in turn; the table as text.
pub fn run(task: Task, seeds: u32, cores: usize, worker: &mut Result<Worker, String>) -> String {
    let Task { n, d, k, .. } = task;
    let work = match task.data {
        Data::Blobs => Work::new(n, d, k, 16.0),
        Data::Normal => {
            let mut uniform = generator();
            let points = (0..n * d).map(|_| normal(&mut uniform)).collect();
            Work::from_the_last(n, d, k, points)
        }
    };
    if let Ok(running) = worker {
        if let Err(error) = running.load(&work) {
            *worker = Err(error);
        }
    }
    let contenders = contenders(cores);
    let mut results: Vec<Result<Seeded, String>> = Vec::new();
    results.resize_with(contenders.len(), || Ok(Seeded::default()));
    let mut workspace = Vec::new();
    let mut centers = vec![0.0; k * d];
    // A first call compiles, loads and touches memory.
    for contender in &contenders {
        let _ = draw(contender, &work, 0, &mut centers, &mut workspace, worker);
    }
    for seed in 0..seeds {
        let mut answer: Option<Vec<f64>> = None;
        for turn in 0..contenders.len() {
            let turn = (turn + seed as usize) % contenders.len();
            let (contender, result) = (&contenders[turn], &mut results[turn]);
            let Ok(seeded) = result else { continue };
            match draw(contender, &work, seed, &mut centers, &mut workspace, worker) {
                Ok(milliseconds) => seeded.milliseconds.push(milliseconds),
                Err(error) => {
                    *result = Err(error);
                    continue;
                }
            }
            seeded.inertias.push(inertia(&work, &centers));
            if let Way::Centra(_, CENTRA_INIT_KMEANSPP) = contender.way {
                let answer = answer.get_or_insert_with(|| centers.clone());
                assert!(*answer == centers, "{}: not the one answer", contender.name);
            }
        }
    }
    table(task, seeds, &contenders, &results)
}

fn table(
    task: Task,
    seeds: u32,
    contenders: &[Contender],
    results: &[Result<Seeded, String>],
) -> String {
    let Task { n, d, k, .. } = task;
    let data = match task.data {
        Data::Blobs => "overlapping blobs",
        Data::Normal => "normal coordinates",
    };
    let mut text = format!("### {n} × {d}, k = {k}, {data}: {seeds} seeds\n\n");
    let names = [
        "",
        "ms: best",
        "median",
        "scikit-learn over it: median",
        "least to most",
        "mean inertia over scikit-learn's",
    ];
    text += &head(&names.map(String::from), 1);
    let theirs = results.last().and_then(|result| result.as_ref().ok());
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let ratio = |seeded: &Seeded| -> Option<Spread> {
        let rounds = theirs?.milliseconds.iter().zip(&seeded.milliseconds);
        Some(spread(rounds.map(|(theirs, ours)| theirs / ours)))
    };
    for (contender, result) in contenders.iter().zip(results) {
        let seeded = match result {
            Ok(seeded) => seeded,
            Err(error) => {
                text += &row([contender.name.clone(), error.replace('|', "/")]);
                continue;
            }
        };
        let took = spread(seeded.milliseconds.iter().copied());
        let [over, range] = match ratio(seeded) {
            Some(Spread { median, low, high }) => [
                times(median),
                format!("{} to {}", number(low), number(high)),
            ],
            None => ["-".into(), "-".into()],
        };
        let worth = theirs.map(|theirs| mean(&seeded.inertias) / mean(&theirs.inertias));
        text += &row([
            contender.name.clone(),
            number(took.low),
            number(took.median),
            over,
            range,
            worth.map_or("-".into(), |worth| format!("{worth:.4}")),
        ]);
    }
    let best = contenders
        .iter()
        .zip(results)
        .filter(|(contender, _)| contender.threads == 1)
        .rfind(|(contender, _)| matches!(contender.way, Way::Centra(_, CENTRA_INIT_KMEANSPP)));
    let reached = best.and_then(|(_, result)| ratio(result.as_ref().ok()?));
    if let (Some(wanted), Some(reached)) = (task.wanted, reached) {
        let met = match reached.median >= wanted {
            true => "met",
            false => "**missed**",
        };
        let (wanted, reached) = (times(wanted), times(reached.median));
        text += &format!("\nWanted on one thread: {wanted}, {met}: {reached}.\n");
    }
    text
}

/// What all tables have in common.
pub const INTRODUCTION: &str = "\
# Seeding

Written by `make bench`: greedy k-means++ of 2 + floor(ln k) candidates a step, by centra and by scikit-learn, on the same data,
taking turns in one run, each round with another seed. The draws differ, so the inertia that the centers
leave is compared as well. centra's k-means‖ is there to compare with.
";
