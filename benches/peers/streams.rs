//! The table of streams: what a pass over points in chunks takes beside an iteration on all of them in memory, which does the
//! same with the same kernels: labels, sums of all points, means. The chunks lie in memory too, so that no disk is measured.

use crate::data::Work;
use crate::options::stream::{self, Stream};
use crate::options::{self, Init, Options};
use crate::report::{head, number, row, times};
use crate::rounds::{spread, Effort, Spread};
use centra::streams::{State, Wanted};
use centra::{Algorithm, Points};
use std::time::Instant;

/// The work of a table.
#[derive(Clone, Copy)]
pub struct Task {
    n: usize,
    d: usize,
    k: usize,
}

pub const TASKS: [Task; 7] = [
    Task::new(1_000_000, 2, 10),
    Task::new(1_000_000, 8, 16),
    Task::new(200_000, 16, 64),
    Task::new(100_000, 64, 256),
    Task::new(20_000, 784, 10),
    Task::new(20_000, 128, 1024),
    Task::new(20_000, 128, 10_000),
];

/// What a pass is wanted to take at most, in times of an iteration in memory.
const WANTED: f64 = 1.15;

/// Points in a chunk; all, at first.
const CHUNKS: [usize; 3] = [usize::MAX, 65_536, 16_384];

impl Task {
    const fn new(n: usize, d: usize, k: usize) -> Task {
        Task { n, d, k }
    }

    /// As it is written on a command line.
    pub fn word(&self) -> String {
        format!("stream_{}x{}_k{}", self.n, self.d, self.k)
    }

    /// The same, so small that it takes a moment.
    pub fn smoke(self) -> Task {
        Task {
            n: self.n.min(3_000),
            k: self.k.min(1_024),
            ..self
        }
    }
}

/// Milliseconds of `work`.
fn clock(work: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    work();
    1e3 * begin.elapsed().as_secs_f64()
}

/// Data, and where centers are after one iteration.
struct Passes<'a> {
    work: &'a Work,
    options: Options<'a>,
    range: Vec<i32>,
    after: Vec<f64>,
    workspace: Vec<u128>,
}

impl<'a> Passes<'a> {
    fn new(work: &'a Work, threads: usize) -> Self {
        let options = Options {
            init: Init::Given,
            algorithm: Algorithm::Lloyd,
            threads,
            max_iter: 1,
            ..Options::default()
        };
        let Work { n, d, k, .. } = *work;
        let mut range = vec![0; stream::range_length(d).expect("a valid shape")];
        stream::range(&work.view(), &options, &mut range).expect("valid data");
        let bytes = options::workspace_size(n, d, k, &options).expect("a valid shape");
        let streamed = stream::workspace_size(n, n, d, k, &options).expect("a valid shape");
        let fit = options::fit_from(&work.view(), &work.start, &options).expect("valid data");
        Passes {
            work,
            options,
            range,
            after: fit.centers,
            workspace: vec![0; bytes.max(streamed).div_ceil(16)],
        }
    }

    /// A fit of so many iterations.
    fn fit(&mut self, max_iter: u64) -> f64 {
        let options = Options {
            max_iter,
            ..self.options.clone()
        };
        let mut centers = self.work.start.clone();
        let mut labels = vec![0; self.work.n];
        let workspace = options::as_bytes(&mut self.workspace);
        clock(|| {
            let (points, labels) = (self.work.view(), Some(&mut labels[..]));
            options::fit_into(&points, &options, &mut centers, labels, workspace)
                .expect("valid data");
        })
    }

    /// A pass over chunks against centers, and the step after it.
    fn stream(&mut self, chunk: usize, inertia: bool) -> f64 {
        let Work { n, d, k, .. } = *self.work;
        let stream = Stream::new(n, d, k, &self.range).expect("a valid range");
        let mut sums = vec![0; stream.sums_length().expect("a valid shape")];
        let mut centers = self.after.clone();
        let workspace = options::as_bytes(&mut self.workspace);
        let wanted = Wanted::default().inertia(inertia);
        clock(|| {
            for rows in self.work.points.chunks(chunk.min(n) * d) {
                let points = Points::rows(rows, rows.len() / d, d).expect("whole rows");
                let (options, sums) = (&self.options, &mut sums);
                stream::sums_into(
                    &stream, &points, options, &centers, None, wanted, sums, workspace,
                )
                .expect("valid data");
            }
            let mut state = State::default();
            stream::step(&stream, &sums, &self.options, &mut centers, &mut state)
                .expect("no cluster is empty");
        })
    }
}

/// Takes turns; the table as text.
pub fn run(task: Task, cores: usize, effort: Effort) -> String {
    let work = Work::new(task.n, task.d, task.k, 16.0);
    let (n, d, k) = (task.n, task.d, task.k);
    let mut text = format!("### {n} × {d}, k = {k}: {} rounds\n\n", effort.rounds);
    let names = [
        "",
        "ms: best",
        "median",
        "over an iteration in memory: median",
        "least to most",
    ];
    text += &head(&names.map(String::from), 1);
    let mut threads = vec![1, cores];
    threads.dedup();
    for threads in threads {
        let mut passes = Passes::new(&work, threads);
        let ways: Vec<_> = CHUNKS
            .iter()
            .flat_map(|&chunk| [(chunk, false), (chunk, true)])
            .collect();
        let mut memory = Vec::new();
        let mut streams = vec![Vec::new(); ways.len()];
        // The first round is for caches and pages.
        for round in 0..=effort.rounds {
            let least = |passes: &mut Passes, time: &mut dyn FnMut(&mut Passes) -> f64| {
                let begin = Instant::now();
                let mut least = f64::INFINITY;
                while least == f64::INFINITY || begin.elapsed().as_secs_f64() < effort.seconds {
                    least = time(passes).min(least);
                }
                least
            };
            let one = least(&mut passes, &mut |passes| passes.fit(1));
            let none = least(&mut passes, &mut |passes| passes.fit(0));
            let took: Vec<f64> = ways
                .iter()
                .map(|&(chunk, inertia)| {
                    least(&mut passes, &mut |passes| passes.stream(chunk, inertia))
                })
                .collect();
            if round > 0 {
                memory.push(one - none);
                streams
                    .iter_mut()
                    .zip(took)
                    .for_each(|(all, t)| all.push(t));
            }
        }
        let on = match threads {
            1 => String::new(),
            _ => format!(", {threads} threads"),
        };
        let Spread { median, low, .. } = spread(memory.iter().copied());
        let name = format!("in memory{on}");
        text += &row([name, number(low), number(median), times(1.0), "-".into()]);
        for ((chunk, inertia), took) in ways.into_iter().zip(&streams) {
            let chunks = match chunk {
                usize::MAX => "one chunk".to_string(),
                _ => format!("chunks of {chunk}"),
            };
            let extra = if inertia { ", with the inertia" } else { "" };
            let Spread { median, low, .. } = spread(took.iter().copied());
            let over = spread(took.iter().zip(&memory).map(|(took, memory)| took / memory));
            text += &row([
                format!("{chunks}{extra}{on}"),
                number(low),
                number(median),
                times(over.median),
                format!("{} to {}", number(over.low), number(over.high)),
            ]);
            if threads == 1 && (chunk, inertia) == (CHUNKS[1], false) {
                let met = if over.median <= WANTED {
                    "met"
                } else {
                    "**missed**"
                };
                text += &format!("| wanted: at most {} | | | {met} | |\n", times(WANTED));
            }
        }
    }
    text
}

/// What all tables have in common.
pub const INTRODUCTION: &str = "\
# Streams

Written by `make bench`: a pass over points in chunks (`centra_stream_sums` of every chunk, `centra_stream_step`) beside an iteration
on all points in memory (what a fit of one iteration takes longer than one of none, without bounds, so that every point is
looked at). The chunks are parts of the same array.
";
