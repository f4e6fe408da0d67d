//! The caller's own threads change nothing: every call gives the bits that it gives on one thread, whatever the caller's function does
//! with its tasks, and starts no thread.

use centra::streams::{range_length, State, Wanted};
use centra::{Algorithm, Error, KMeans, Points, Report, Start, Workspace};
use std::sync::atomic::{AtomicUsize, Ordering};

type Task<'t> = &'t (dyn Fn(usize) + Sync);
type Run = fn(usize, Task<'_>);

fn in_order(count: usize, task: Task<'_>) {
    (0..count).for_each(task);
}

fn backwards(count: usize, task: Task<'_>) {
    (0..count).rev().for_each(task);
}

fn on_threads(count: usize, task: Task<'_>) {
    std::thread::scope(|scope| {
        for i in 0..count {
            scope.spawn(move || task(i));
        }
    });
}

fn by_rayon(count: usize, task: Task<'_>) {
    use rayon::prelude::*;
    (0..count).into_par_iter().for_each(task);
}

/// Only every second task: against the rules, but nothing may come of it.
fn half(count: usize, task: Task<'_>) {
    (0..count).step_by(2).for_each(task);
}

/// Every task on two threads at once, with indices that do not exist.
fn twice(count: usize, task: Task<'_>) {
    std::thread::scope(|scope| {
        for i in 0..2 * count {
            scope.spawn(move || task(i));
        }
    });
}

const RUNS: [(&str, Run); 6] = [
    ("in order", in_order),
    ("backwards", backwards),
    ("threads", on_threads),
    ("rayon", by_rayon),
    ("half", half),
    ("twice", twice),
];

/// No thread of centra's is there: its threads have its name.
fn none_of_ours() {
    #[cfg(target_os = "linux")]
    for thread in std::fs::read_dir("/proc/self/task").expect("/proc is mounted") {
        let name = thread.expect("a thread").path().join("comm");
        let name = std::fs::read_to_string(name).unwrap_or_default();
        assert_ne!(name.trim(), "centra");
    }
}

fn numbers(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut next = || {
        state = state
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        (state >> 44) as f64
    };
    (0..count)
        .map(|_| next() + 1e6 * (next() % 7.0).floor())
        .collect()
}

fn bits(values: &[f64]) -> impl Iterator<Item = u64> + '_ {
    values.iter().map(|x| x.to_bits())
}

fn of_report(report: &Report) -> [u64; 3] {
    [
        report.inertia.to_bits(),
        report.iterations as u64,
        report.moved as u64,
    ]
}

/// A name, and what the call of that name gives, as bits.
type Answers = Vec<(&'static str, Vec<u64>)>;

/// Every call on these points.
fn all_calls(kmeans: &KMeans<'_>, points: &Points<'_>, start: &[f64]) -> Result<Answers, Error> {
    let mut answers = Answers::new();
    let given = kmeans.clone().start(Start::Centers(start)).max_iter(3);
    let labels = given.assign(points, start)?;
    for (name, kmeans) in [
        ("a fit from given centers", given.clone()),
        (
            "a fit with bounds",
            given.clone().algorithm(Algorithm::Hamerly),
        ),
        ("a fit", kmeans.clone().max_iter(2)),
        (
            "a fit from k-means||",
            kmeans.clone().start(Start::Parallel).max_iter(2),
        ),
        ("restarts", kmeans.clone().restarts(2).max_iter(1)),
    ] {
        let fit = kmeans.fit(points)?;
        let mut answer: Vec<u64> = bits(&fit.centers).chain(of_report(&fit.report)).collect();
        answer.extend(fit.labels.iter().map(|&l| l as u64));
        answers.push((name, answer));
    }
    let mut centers = start.to_vec();
    let counts = given.update(points, &mut centers, &labels)?;
    let counts = counts.iter().map(|&count| count as u64);
    answers.push(("update", bits(&centers).chain(counts).collect()));
    answers.push(("seed", bits(&kmeans.seed_centers(points)?).collect()));
    let inertia = kmeans.inertia(points, start, &labels)?;
    answers.push(("inertia", vec![inertia.to_bits()]));
    answers.push(("assign", labels.iter().map(|&l| l as u64).collect()));
    answers.push(("a stream", stream(kmeans, points, start)?));
    Ok(answers)
}

/// Two passes of a stream, whose weights are those of each chunk.
fn stream(kmeans: &KMeans<'_>, points: &Points<'_>, start: &[f64]) -> Result<Vec<u64>, Error> {
    let (n, d) = (points.n(), points.d());
    let mut range = vec![0; range_length(d)?];
    let mut workspace = Workspace::new();
    kmeans.stream_range(points, &mut range, &mut workspace)?;
    let kmeans = kmeans.clone().empty(centra::Empty::Keep);
    let stream = kmeans.stream(n, d, &range)?;
    let (mut centers, mut state) = (start.to_vec(), State::default());
    let mut sums = Vec::new();
    for _ in 0..2 {
        sums = vec![0; stream.sums_length()?];
        let wanted = Wanted::default().inertia(true);
        stream.sums(points, &centers, None, wanted, &mut sums, &mut workspace)?;
        stream.step(&mut centers, &sums, &mut state)?;
    }
    let sums = sums.iter().map(|&sum| sum as u64);
    Ok(bits(&centers).chain(sums).collect())
}

#[test]
fn every_call_on_every_pool() {
    for (n, d, k) in [(6_000, 3, 130), (1_700, 33, 60), (900, 8, 400)] {
        let data = numbers(n * d, (n + d) as u64);
        let points = Points::rows(&data, n, d).expect("points");
        let weights: Vec<f64> = (0..n).map(|p| [1.0, 0.25, 3.0, 0.0][p % 4]).collect();
        for weighted in [false, true] {
            let alone = match weighted {
                false => KMeans::new(k).seed(3),
                true => KMeans::new(k).seed(3).weights(&weights),
            };
            let expected = all_calls(&alone, &points, &data[..k * d]).expect("answers");
            for (at, (name, run)) in RUNS.into_iter().enumerate() {
                let threads = [2, 3][(at + usize::from(weighted)) % 2];
                let times = AtomicUsize::new(0);
                let counted = |count: usize, task: Task<'_>| {
                    assert!((2..=threads).contains(&count), "{count} of {threads} tasks");
                    times.fetch_add(1, Ordering::Relaxed);
                    none_of_ours();
                    run(count, task);
                };
                let kmeans = alone.clone().threads(threads).parallel(&counted);
                let got = all_calls(&kmeans, &points, &data[..k * d]).expect("answers");
                for ((call, got), (_, expected)) in got.iter().zip(&expected) {
                    assert!(
                        got == expected,
                        "{call}, {name}, {threads} tasks, {n} x {d}, k = {k}"
                    );
                }
                assert!(times.into_inner() > 0, "{name}: never called");
            }
        }
    }
}

/// Where one thread does the work, there is nothing to call for.
#[test]
fn one_thread_calls_nothing() {
    let data = numbers(30_000, 1);
    let run = |_: usize, _: Task<'_>| panic!("called");
    for (n, threads) in [(4_000, 1), (30, 8)] {
        let points = Points::rows(&data[..3 * n], n, 3).expect("points");
        let kmeans = KMeans::new(20).threads(threads).parallel(&run);
        kmeans.max_iter(3).fit(&points).expect("a fit");
    }
}

/// A function that panics, before or after its tasks, ends the call by that panic.
#[test]
fn a_panic_of_the_function() {
    let data = numbers(40_000, 2);
    let points = Points::rows(&data, 10_000, 4).expect("points");
    for early in [true, false] {
        let run = |count: usize, task: Task<'_>| {
            if !early {
                on_threads(count, task);
            }
            std::panic::panic_any(7);
        };
        let kmeans = KMeans::new(70).max_iter(2).threads(3).parallel(&run);
        let call = std::panic::AssertUnwindSafe(|| kmeans.fit(&points));
        let Err(panic) = std::panic::catch_unwind(call) else {
            panic!("no panic")
        };
        assert_eq!(panic.downcast_ref(), Some(&7));
    }
}
