//! The table of families: what calls take on data of other kinds, over what they take on ordinary data of the same shape, so that
//! an input that some shortcut does not suit is seen.

use crate::data::Work;
use crate::options::{self, Init, Options};
use crate::report::{head, number, row, times};
use crate::rounds::{spread, Effort};
use centra::{Algorithm, Empty, Error, Points};
use std::time::Instant;

/// The work of a table.
#[derive(Clone, Copy)]
pub struct Task {
    n: usize,
    d: usize,
    k: usize,
}

pub const TASKS: [Task; 5] = [
    Task::new(200_000, 1, 1_000),
    Task::new(200_000, 2, 50),
    Task::new(20_000, 16, 1_000),
    Task::new(20_000, 64, 256),
    Task::new(5_000, 784, 100),
];

impl Task {
    const fn new(n: usize, d: usize, k: usize) -> Task {
        Task { n, d, k }
    }

    /// As it is written on a command line.
    pub fn word(&self) -> String {
        format!("family_{}x{}_k{}", self.n, self.d, self.k)
    }

    /// The same, so small that it takes a moment.
    pub fn smoke(self) -> Task {
        Task {
            n: self.n.min(600),
            k: self.k.min(200),
            ..self
        }
    }
}

/// A kind of data: its name, what it may take at most, in times of ordinary data, and what it makes of ordinary points, centers
/// and weights of so many dimensions.
struct Family {
    name: &'static str,
    wanted: f64,
    make: fn(&mut Data),
}

struct Data {
    points: Vec<f64>,
    centers: Vec<f64>,
    weights: Vec<f64>,
    d: usize,
    random: u64,
}

impl Data {
    fn new(work: &Work) -> Data {
        let mut data = Data {
            points: work.points.clone(),
            centers: work.start.clone(),
            weights: vec![1.0; work.n],
            d: work.d,
            random: 1,
        };
        for w in 0..work.n {
            data.weights[w] = 0.5 + data.unit();
        }
        data
    }

    /// In [0, 1).
    fn unit(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.unit() * bound as f64) as usize
    }

    /// Makes all centers rows again.
    fn draw(&mut self) {
        let (d, n) = (self.d, self.points.len() / self.d);
        for j in 0..self.centers.len() / d {
            let p = j * 7919 % n;
            self.centers[j * d..][..d].copy_from_slice(&self.points[p * d..][..d]);
        }
    }

    /// Replaces every `step`-th row.
    fn rows(&mut self, step: usize, value: f64) {
        let rows = self.points.chunks_exact_mut(self.d);
        let half = step.min(rows.len()) / 2;
        rows.skip(half)
            .step_by(step)
            .for_each(|row| row.fill(value));
    }

    /// Leaves only the first few rows, again and again.
    fn repeat(&mut self, rows: usize) {
        let d = self.d;
        for p in rows..self.points.len() / d {
            let from = self.below(rows) * d;
            self.points.copy_within(from..from + d, p * d);
        }
        self.draw();
    }
}

const FAMILIES: [Family; 16] = [
    Family::new("ordinary", 1.0, |_| ()),
    Family::new("one row of 1e30", 1.3, |data| data.rows(usize::MAX, 1e30)),
    Family::new("1 row in 100 of 1e30", 1.3, |data| data.rows(100, 1e30)),
    Family::new("1 row in 100 of 1e6", 1.3, |data| data.rows(100, 1e6)),
    Family::new("offset 1e12", 1.3, |data| {
        let all = data.points.iter_mut().chain(&mut data.centers);
        all.for_each(|x| *x += 1e12);
    }),
    Family::new("12 distinct rows", 2.0, |data| data.repeat(12)),
    Family::new("all rows equal", 2.0, |data| data.repeat(1)),
    Family::new("half of the centers equal", 2.0, |data| {
        let (d, half) = (data.d, data.centers.len() / data.d / 2);
        for j in 0..half {
            data.centers.copy_within(half * d..(half + 1) * d, j * d);
        }
    }),
    Family::new("all centers but one far", 2.0, |data| {
        data.centers[data.d..].iter_mut().for_each(|c| *c += 1e9);
    }),
    Family::new("one center of 1e30", 2.0, |data| {
        data.centers[..data.d].fill(1e30);
    }),
    Family::new("one-hot rows", 2.0, |data| {
        data.points.fill(0.0);
        for p in 0..data.points.len() / data.d {
            let i = data.below(data.d);
            data.points[p * data.d + i] = 1.0;
        }
        data.draw();
    }),
    Family::new("binary columns", 2.0, |data| {
        for i in 0..data.points.len() {
            data.points[i] = data.below(2) as f64;
        }
        data.draw();
    }),
    Family::new("whole numbers up to 255", 2.0, |data| {
        for i in 0..data.points.len() {
            data.points[i] = data.below(256) as f64;
        }
        data.draw();
    }),
    Family::new("rows over 40 decades", 2.0, |data| {
        for p in 0..data.points.len() / data.d {
            let size = 10f64.powi(data.below(40) as i32 - 20);
            let row = &mut data.points[p * data.d..][..data.d];
            row.iter_mut().for_each(|x| *x *= size);
        }
        data.draw();
    }),
    Family::new("subnormal squares", 2.0, |data| {
        let all = data.points.iter_mut().chain(&mut data.centers);
        all.for_each(|x| *x *= 1e-157);
    }),
    Family::new("weights over 12 decades", 1.3, |data| {
        for p in 0..data.weights.len() {
            data.weights[p] *= 10f64.powi(data.below(12) as i32 - 6);
        }
    }),
];

impl Family {
    const fn new(name: &'static str, wanted: f64, make: fn(&mut Data)) -> Family {
        Family { name, wanted, make }
    }
}

/// A call, whose milliseconds are wanted, for so many clusters.
type Call = (&'static str, fn(&Data, usize) -> f64);

const CALLS: [Call; 5] = [
    ("assign", |data, _| {
        let mut labels = vec![0; data.weights.len()];
        let options = options(Init::Given);
        clock(data, &options, |points, memory| {
            options::assign_into(points, &data.centers, &options, &mut labels, None, memory)
        })
    }),
    ("fit, 5 iterations", |data, _| {
        let options = options(Init::Given);
        let mut centers = data.centers.clone();
        clock(data, &options, |points, memory| {
            options::fit_into(points, &options, &mut centers, None, memory).map(|_| ())
        })
    }),
    ("k-means++", |data, k| seed(data, k, Init::KmeansPlusPlus)),
    ("k-means‖", |data, k| seed(data, k, Init::Parallel)),
    ("weighted means", |data, k| {
        let labels: Vec<i32> = (0..data.weights.len()).map(|p| (p % k) as i32).collect();
        let options = Options {
            weights: Some(&data.weights),
            ..options(Init::Given)
        };
        let mut centers = data.centers.clone();
        clock(data, &options, |points, memory| {
            options::update_into(points, &labels, &options, &mut centers, None, memory)
        })
    }),
];

fn options<'a>(init: Init) -> Options<'a> {
    Options {
        init,
        algorithm: Algorithm::Auto,
        empty: Empty::Keep,
        threads: 1,
        max_iter: 5,
        ..Options::default()
    }
}

impl Data {
    fn view(&self) -> Points<'_> {
        Points::rows(&self.points, self.weights.len(), self.d).expect("whole rows")
    }
}

/// Milliseconds of a call.
fn clock(
    data: &Data,
    options: &Options<'_>,
    call: impl FnOnce(&Points<'_>, &mut [u8]) -> Result<(), Error>,
) -> f64 {
    let (n, k) = (data.weights.len(), data.centers.len() / data.d);
    let bytes = options::workspace_size(n, data.d, k, options).expect("a valid shape");
    let mut memory = vec![0u128; bytes.div_ceil(16)];
    let points = data.view();
    let begin = Instant::now();
    call(&points, options::as_bytes(&mut memory)).expect("valid data");
    1e3 * begin.elapsed().as_secs_f64()
}

fn seed(data: &Data, k: usize, init: Init) -> f64 {
    let options = options(init);
    let mut centers = vec![0.0; k * data.d];
    clock(data, &options, |points, memory| {
        options::seed_into(points, &options, &mut centers, memory)
    })
}

/// Takes turns; the table as text.
pub fn run(task: Task, effort: Effort) -> String {
    let Task { n, d, k } = task;
    let work = Work::new(n, d, k, 16.0);
    let all: Vec<Data> = FAMILIES
        .iter()
        .map(|family| {
            let mut data = Data::new(&work);
            (family.make)(&mut data);
            data
        })
        .collect();
    let mut took = vec![vec![Vec::new(); CALLS.len()]; FAMILIES.len()];
    for _ in 0..effort.rounds {
        for (data, took) in all.iter().zip(&mut took) {
            for ((_, call), took) in CALLS.iter().zip(took) {
                took.push(call(data, k));
            }
        }
    }
    let mut text = format!(
        "### {n} × {d}, k = {k}: {} rounds; times of ordinary data\n\n",
        effort.rounds
    );
    let names = CALLS.iter().map(|(name, _)| name.to_string());
    let names: Vec<_> = std::iter::once(String::new())
        .chain(names)
        .chain(["wanted: at most".into()])
        .collect();
    text += &head(&names, 1);
    for (f, family) in FAMILIES.iter().enumerate() {
        let cells = (0..CALLS.len()).map(|c| {
            let (these, ordinary) = (&took[f][c], &took[0][c]);
            if f == 0 {
                return format!("{} ms", number(spread(these.iter().copied()).low));
            }
            let ratio = spread(these.iter().zip(ordinary).map(|(a, b)| a / b)).median;
            match ratio > family.wanted {
                true => format!("**{}**", times(ratio)),
                false => times(ratio),
            }
        });
        let name = [family.name.to_string()].into_iter();
        text += &row(name.chain(cells).chain([times(family.wanted)]));
    }
    text
}

/// What all tables have in common.
pub const INTRODUCTION: &str = "\
# Families of data

Written by `make bench`: what centra's calls take on one thread on data of other kinds, over what they take on ordinary data of
the same shape (medians of rounds in which all took turns). In the first row milliseconds, the best. What is more than wanted is bold.
Fits start from given centers and go on for up to 5 iterations: where they converge before, they take less.
";
