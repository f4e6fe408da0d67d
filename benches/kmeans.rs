//! centra against plain C, call by call: `cargo bench --bench kmeans`, or with `-- --test` a quick run of everything on
//! small data. README.md beside this folder's programs tells what is compared and how to read it.

mod data;
mod native;
#[path = "../tests/options/mod.rs"]
mod options;

use centra::{Empty, Isa};
use criterion::{BenchmarkGroup, Criterion, Throughput};
use data::Work;
use native::Lloyd;
use options::{Init, Lent, Options};
use rayon::prelude::*;
use std::time::Duration;

/// One comparison: the data, how long a fit goes on, and how often it is timed.
struct Comparison {
    name: String,
    work: Work,
    max_iter: u64,
    samples: usize,
}

impl Comparison {
    fn new(n: usize, d: usize, k: usize, max_iter: u64, samples: usize) -> Comparison {
        Comparison {
            name: format!("{n}x{d}_k{k}"),
            work: Work::new(n, d, k, 16.0),
            max_iter,
            samples,
        }
    }

    /// How centra is asked to do what plain C does: from the given start, and an empty cluster keeps its center.
    fn options(&self, isa: Isa, threads: usize) -> Options<'static> {
        Options {
            init: Init::Given,
            empty: Empty::Keep,
            isa,
            threads,
            max_iter: self.max_iter,
            ..Options::default()
        }
    }

    /// The same labels, but for points so near to a tie that naive arithmetic cannot tell; else the comparison is void.
    fn compare(&self, what: &str, centers: &[f64], ours: &[i32], theirs: &[i32]) {
        let differences = self.work.differences(centers, ours, theirs);
        assert_eq!(differences.others, 0, "{what} {}: labels differ", self.name);
        println!(
            "{what} {}: plain C and centra agree ({} near ties apart)",
            self.name, differences.ties
        );
    }
}

type Assign = unsafe extern "C" fn(*const f64, usize, usize, usize, *const f64, *mut i32) -> i32;
type Update = unsafe extern "C" fn(*const f64, usize, usize, usize, *const i32, *mut f64) -> i32;

/// The plain C baseline, in its parts.
struct Naive {
    assign: Assign,
    update: Update,
    lloyd: Lloyd,
}

impl Naive {
    fn load() -> Option<Naive> {
        let library = native::plain_c()
            .inspect_err(|error| {
                println!("plain C: {error}; centra runs without its baseline");
                assert!(std::env::var_os("CI").is_none());
            })
            .ok()?;
        println!("plain C: {}", library.how);
        Some(Naive {
            // SAFETY: the signature that naive.h gives it.
            assign: unsafe { library.function(c"naive_assign") },
            // SAFETY: as above.
            update: unsafe { library.function(c"naive_update") },
            lloyd: library.lloyd(c"naive_fit"),
        })
    }

    fn assign(&self, work: &Work, centers: &[f64], labels: &mut [i32]) {
        let (n, d, k) = (work.n, work.d, work.k);
        let points = &work.points;
        assert_eq!(
            (points.len(), centers.len(), labels.len()),
            (n * d, k * d, n)
        );
        let (points, centers, labels) = (points.as_ptr(), centers.as_ptr(), labels.as_mut_ptr());
        // SAFETY: the lengths are what the function reads and writes.
        let fine = unsafe { (self.assign)(points, n, d, k, centers, labels) };
        assert_eq!(fine, 1, "out of memory");
    }

    fn update(&self, work: &Work, labels: &[i32], centers: &mut [f64]) {
        let (n, d, k) = (work.n, work.d, work.k);
        let points = &work.points;
        assert_eq!(
            (points.len(), centers.len(), labels.len()),
            (n * d, k * d, n)
        );
        assert!(labels.iter().all(|&label| (label as usize) < k));
        let (points, labels, centers) = (points.as_ptr(), labels.as_ptr(), centers.as_mut_ptr());
        // SAFETY: as above, and labels are below k.
        let fine = unsafe { (self.update)(points, n, d, k, labels, centers) };
        assert_eq!(fine, 1, "out of memory");
    }
}

/// centra's ways: each instruction set that this processor has on one thread, and the best of them on all, its own and those of
/// rayon's pool.
fn ways() -> Vec<(&'static str, Isa, usize, Option<&'static Lent<'static>>)> {
    let all = [
        ("portable", Isa::Portable, 1, None),
        ("avx2", Isa::Avx2, 1, None),
        ("avx512", Isa::Avx512, 1, None),
        ("amx", Isa::Amx, 1, None),
    ];
    const POOL: Lent = &|count, task| (0..count).into_par_iter().for_each(task);
    all.into_iter()
        .filter(|&(_, isa, _, _)| isa <= centra::isa())
        .chain([
            ("all_threads", Isa::Amx, 0, None),
            ("lent_threads", Isa::Amx, 0, Some(&POOL)),
        ])
        .collect()
}

/// Times the baseline, if there is one, and each of centra's ways, in its own workspace.
fn compare(
    criterion: &mut Criterion,
    what: &str,
    comparison: &Comparison,
    mut baseline: Option<impl FnMut()>,
    mut centra: impl FnMut(&Options, &mut [u8]),
) {
    let Comparison { name, work, .. } = comparison;
    let mut group = criterion.benchmark_group(format!("{what}_{name}"));
    settings(&mut group, comparison);
    if let Some(baseline) = &mut baseline {
        group.bench_function("plain_c", |bencher| bencher.iter(&mut *baseline));
    }
    for (name, isa, threads, parallel) in ways() {
        let options = Options {
            parallel,
            ..comparison.options(isa, threads)
        };
        let bytes =
            options::workspace_size(work.n, work.d, work.k, &options).expect("a valid shape");
        let mut workspace = vec![0; bytes];
        group.bench_function(name, |bencher| {
            bencher.iter(|| centra(&options, &mut workspace))
        });
    }
    group.finish();
}

fn settings<M: criterion::measurement::Measurement>(
    group: &mut BenchmarkGroup<'_, M>,
    comparison: &Comparison,
) {
    group.sample_size(comparison.samples);
    group.warm_up_time(Duration::from_millis(500));
    group.measurement_time(Duration::from_secs(2));
    group.throughput(Throughput::Elements(comparison.work.n as u64));
}

fn bench(criterion: &mut Criterion, naive: Option<&Naive>, comparison: &Comparison) {
    let work = &comparison.work;
    let best = comparison.options(Isa::Amx, 1);
    let points = work.view();
    let mut labels = vec![0; work.n];
    let mut centers = work.start.clone();

    let expected = options::assign(&points, &work.start, &best).expect("valid data");
    if let Some(naive) = naive {
        naive.assign(work, &work.start, &mut labels);
        comparison.compare("assign", &work.start, &expected, &labels);
    }
    let mut theirs = labels.clone();
    let baseline = naive.map(|naive| || naive.assign(work, &work.start, &mut theirs));
    compare(
        criterion,
        "assign",
        comparison,
        baseline,
        |options, workspace| {
            options::assign_into(&points, &work.start, options, &mut labels, None, workspace)
                .expect("valid data");
        },
    );
    assert_eq!(labels, expected, "what was timed is what was checked");

    let mut theirs = centers.clone();
    let baseline = naive.map(|naive| || naive.update(work, &expected, &mut theirs));
    compare(
        criterion,
        "update",
        comparison,
        baseline,
        |options, workspace| {
            options::update_into(&points, &expected, options, &mut centers, None, workspace)
                .expect("valid data");
        },
    );
    if naive.is_some() {
        let close =
            |(ours, theirs): (&f64, &f64)| (ours - theirs).abs() <= 1e-9 * (1.0 + ours.abs());
        assert!(centers.iter().zip(&theirs).all(close), "the updates differ");
    }

    let expected = options::fit_from(&points, &work.start, &best).expect("valid data");
    println!(
        "fit {}: {} iterations",
        comparison.name, expected.report.iterations
    );
    let most = comparison.max_iter as i64;
    let mut theirs = (work.start.clone(), vec![0; work.n]);
    if let Some(naive) = naive {
        let iterations = naive.lloyd.fit(work, &mut theirs.0, &mut theirs.1, most);
        assert_eq!(
            iterations, expected.report.iterations,
            "fits of different length are not compared"
        );
        comparison.compare("fit", &expected.centers, &expected.labels, &theirs.1);
    }
    let baseline = naive.map(|naive| {
        || {
            naive.lloyd.fit(work, &mut theirs.0, &mut theirs.1, most);
        }
    });
    compare(
        criterion,
        "fit",
        comparison,
        baseline,
        |options, workspace| {
            centers.copy_from_slice(&work.start);
            options::fit_into(&points, options, &mut centers, Some(&mut labels), workspace)
                .expect("valid data");
        },
    );
    assert_eq!(
        (&centers, &labels),
        (&expected.centers, &expected.labels),
        "what was timed is what was checked"
    );
}

fn main() {
    // Criterion's own smoke mode runs every closure once; with less data, it is a matter of a second.
    let smoke = std::env::args().any(|argument| argument == "--test");
    let shrink = if smoke { 50 } else { 1 };
    let naive = Naive::load();
    let mut criterion = Criterion::default().configure_from_args();
    // The talk's work, to convergence; and a few iterations of two that are larger.
    bench(
        &mut criterion,
        naive.as_ref(),
        &Comparison::new(5_000, 2, 10, 300, 60),
    );
    bench(
        &mut criterion,
        naive.as_ref(),
        &Comparison::new(1_000_000 / shrink, 2, 10, 10, 10),
    );
    bench(
        &mut criterion,
        naive.as_ref(),
        &Comparison::new(100_000 / shrink, 64, 256, 5, 10),
    );
    criterion.final_summary();
}
