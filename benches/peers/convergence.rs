//! The tables of whole fits, from given starting rows until nothing changes: what bounds are for. On real data runs part ways
//! where rounding decides a tie, so iterations and inertia are told, and nobody is refused for them.

use crate::contenders::{to_convergence, Arena, Contender, Family, ELKAN, HAMERLY, SCIKIT_LEARN};
use crate::data::{generator, Work};
use crate::embeddings::embeddings;
use crate::python::Worker;
use crate::report::{head, number, row, times};
use crate::rounds::{inertia, spread, Effort, Spread, NOT_TOLD};

/// Where the points come from.
#[derive(Clone, Copy)]
enum Source {
    /// Evenly from the unit cube.
    Uniform { n: usize, d: usize },
    /// Blobs so far apart.
    Blobs { n: usize, d: usize, spread: f64 },
    /// Data like embeddings.
    Embeddings { n: usize, d: usize },
    /// What the Python process has by this name.
    Sample(&'static str),
}

/// The work of a table.
#[derive(Clone, Copy)]
pub struct Task {
    name: &'static str,
    source: Source,
    k: usize,
    /// What centra's time is wanted to be below that of the better of scikit-learn's algorithms by.
    wanted: f64,
}

pub const TASKS: [Task; 6] = [
    Task {
        name: "uniform",
        source: Source::Uniform { n: 100_000, d: 2 },
        k: 100,
        wanted: 60.0,
    },
    Task {
        name: "photo pixels",
        source: Source::Sample("photo"),
        k: 64,
        wanted: 30.0,
    },
    Task {
        name: "blobs",
        source: Source::Blobs {
            n: 50_000,
            d: 16,
            spread: 32.0,
        },
        k: 100,
        wanted: 15.0,
    },
    Task {
        name: "image patches",
        source: Source::Sample("patches"),
        k: 256,
        wanted: 14.0,
    },
    Task {
        name: "digits",
        source: Source::Sample("digits"),
        k: 10,
        wanted: 9.0,
    },
    Task {
        name: "embeddings",
        source: Source::Embeddings { n: 200_000, d: 32 },
        k: 1024,
        wanted: 12.0,
    },
];

/// Pairs from which on one contender would take most of the time.
const MANY_PAIRS: u64 = 1 << 26;

/// More iterations than anybody needs.
const MOST: i64 = 3000;

impl Task {
    /// As it is written on a command line.
    pub fn word(&self) -> String {
        format!("fit_{}", self.name.replace(' ', "_"))
    }

    /// The points, at most so many, and rows evenly among them to start from.
    fn work(&self, most: usize, worker: &mut Result<Worker, String>) -> Result<Work, String> {
        let (d, mut points) = match self.source {
            Source::Uniform { n, d } => {
                let mut uniform = generator();
                (d, (0..n * d).map(|_| uniform()).collect())
            }
            Source::Blobs { n, d, spread } => (d, Work::new(n, d, self.k, spread).points),
            Source::Embeddings { n, d } => (d, embeddings(n, d, self.k).points),
            Source::Sample(name) => worker
                .as_mut()
                .map_err(|error| error.clone())?
                .sample(name)?,
        };
        let n = (points.len() / d).min(most);
        points.truncate(n * d);
        let rows = (0..self.k).map(|j| j * (n - 1) / (self.k - 1));
        let start = rows.flat_map(|p| points[p * d..][..d].to_vec()).collect();
        Ok(Work {
            n,
            d,
            k: self.k,
            points,
            start,
        })
    }
}

/// What a contender did.
struct Fits {
    milliseconds: Vec<f64>,
    iterations: i64,
    inertia: f64,
}

/// Everybody fits in turn; the table as text. With `most` points.
pub fn run(
    task: Task,
    most: usize,
    cores: usize,
    worker: &mut Result<Worker, String>,
    effort: Effort,
) -> String {
    let work = match task.work(most, worker) {
        Ok(work) => work,
        Err(error) => return format!("### {}\n\nleft out: {error}\n", task.name),
    };
    let mut contenders = to_convergence(worker, cores);
    // It takes ten times as long as others.
    let pairs = work.n as u64 * work.k as u64;
    contenders.retain(|contender| contender.name != HAMERLY || pairs < MANY_PAIRS);
    let mut arena = Arena::new(&work, &contenders.iter().collect::<Vec<_>>(), worker);
    let mut results: Vec<Result<(Fits, usize), String>> = Vec::new();
    let mut answer: Option<(Vec<i32>, Vec<f64>)> = None;
    for contender in &contenders {
        let result = first(contender, &mut arena, effort);
        if result.is_ok() && contender.family == Family::Centra {
            let found = (arena.labels.clone(), arena.centers.clone());
            let answer = answer.get_or_insert_with(|| found.clone());
            assert!(*answer == found, "{}: not the one answer", contender.name);
        }
        results.push(result);
    }
    for round in 0..effort.rounds {
        for turn in 0..contenders.len() {
            let turn = (turn + round) % contenders.len();
            if let Ok((fits, repeats @ 1..)) = &mut results[turn] {
                match arena.run(&contenders[turn], MOST, *repeats) {
                    Ok(run) => fits.milliseconds.push(1e3 * run.seconds),
                    Err(error) => results[turn] = Err(error),
                }
            }
        }
    }
    table(task, &work, &contenders, &results)
}

/// A fit that takes so many seconds is done once.
const LONG: f64 = 30.0;

/// A first fit, which is not timed: how long it takes tells how often it is repeated in a round, never or several times.
fn first(
    contender: &Contender,
    arena: &mut Arena,
    effort: Effort,
) -> Result<(Fits, usize), String> {
    if let Err(error) = &contender.about {
        return Err(format!("not installed: {error}"));
    }
    let run = arena.run(contender, MOST, 1)?;
    let labels = arena.labels_of(contender)?;
    let mut fits = Fits {
        milliseconds: Vec::new(),
        iterations: run.iterations,
        inertia: inertia(arena.work, &labels),
    };
    if run.seconds > LONG {
        fits.milliseconds.push(1e3 * run.seconds);
        return Ok((fits, 0));
    }
    let repeats = (effort.seconds / run.seconds).ceil().clamp(1.0, 100.0);
    Ok((fits, repeats as usize))
}

fn table(
    task: Task,
    work: &Work,
    contenders: &[Contender],
    results: &[Result<(Fits, usize), String>],
) -> String {
    let Work { n, d, k, .. } = *work;
    let fits = |name: &str| {
        let at = contenders
            .iter()
            .position(|contender| contender.name == name)?;
        Some(&results[at].as_ref().ok()?.0)
    };
    let median = |fits: &Fits| spread(fits.milliseconds.iter().copied()).median;
    let better = [SCIKIT_LEARN, ELKAN].into_iter().filter_map(fits);
    let better = better.min_by(|a, b| median(a).total_cmp(&median(b)));
    let ratio = |ours: &Fits| -> Option<Spread> {
        let rounds = better?.milliseconds.iter().zip(&ours.milliseconds);
        Some(spread(rounds.map(|(theirs, ours)| theirs / ours)))
    };
    let mut text = format!("### {}: {n} × {d}, k = {k}\n\n", task.name);
    let names = [
        "",
        "iterations",
        "ms: best",
        "median",
        "scikit-learn's better one over it: median",
        "least to most",
        "inertia over centra's",
    ];
    text += &head(&names.map(String::from), 1);
    let ours = results[0].as_ref().map(|(fits, _)| fits);
    let ours = ours.expect("centra is always there");
    for (contender, result) in contenders.iter().zip(results) {
        let fits = match result {
            Ok((fits, _)) => fits,
            Err(error) => {
                text += &row([contender.name.clone(), error.replace('|', "/")]);
                continue;
            }
        };
        let took = spread(fits.milliseconds.iter().copied());
        let [over, range] = match ratio(fits) {
            Some(Spread { median, low, high }) => [
                times(median),
                format!("{} to {}", number(low), number(high)),
            ],
            None => ["-".into(), "-".into()],
        };
        text += &row([
            contender.name.clone(),
            match fits.iterations {
                NOT_TOLD => "not told".into(),
                iterations => iterations.to_string(),
            },
            number(took.low),
            number(took.median),
            over,
            range,
            format!("{:.6}", fits.inertia / ours.inertia),
        ]);
    }
    if let Some(reached) = ratio(ours) {
        let met = match reached.median >= task.wanted {
            true => "met",
            false => "**missed**",
        };
        let (wanted, reached) = (times(task.wanted), times(reached.median));
        text += &format!("\nWanted on one thread: {wanted}, {met}: {reached}.\n");
    }
    text
}

/// What all tables have in common.
pub const INTRODUCTION: &str = "\
# To convergence

Written by `make bench`: whole fits, all included, from given starting rows until no label changes, on the same data, taking
turns in one run. Where rounding decides a tie, runs part ways: iterations and inertia tell how far. (scikit-learn and oneDAL
count the last look, which changes nothing, as an iteration more; mlpack does not tell.) A fit of more than half a minute is
done once.
";
