//! Restarts side by side, where one is too little work for two threads, are restarts one after the other: the same bits, the
//! same counts, the same refusals. And each of them is the oracle's run from its own start, whatever restarts and passes went
//! before.

mod harness;
mod options;
mod reference;

use options::{Init, Options};
use std::cell::{Cell, RefCell};

use centra::{Algorithm, Clustering, Empty, Error, Isa, Points};
use harness::cross::{ALGORITHMS, RESTARTS};
use harness::data::{blobs, fill, Rng, BELL, UNIFORM};
use harness::{equal, same, same_run, ways, Bad, Case, Plan, Way, KEEP, RELOCATE};
use reference::seeding;

const THREADS: [usize; 4] = [1, 2, 3, 8];

/// A result without what depends on how the work was shared out.
fn without_costs(result: Result<Clustering, Error>) -> Result<Clustering, (i32, String)> {
    let refusal = |error: Error| (error.status() as i32, error.detail().to_owned());
    result.map_err(refusal).map(|mut fit| {
        let report = &mut fit.report;
        (report.threads, report.workspace_bytes) = (0, 0);
        (report.seconds_scan, report.seconds_seed) = (0.0, 0.0);
        (report.seconds_assign, report.seconds_update) = (0.0, 0.0);
        fit
    })
}

/// Fits with each number of threads; returns what one gives.
fn check(
    x: &[f64],
    d: usize,
    k: usize,
    options: &Options<'_>,
) -> Result<Clustering, (i32, String)> {
    let points = Points::rows(x, x.len() / d, d).unwrap();
    let fit = |threads: usize| {
        let options = Options {
            threads,
            ..options.clone()
        };
        options::fit(&points, k, &options)
    };
    let want = without_costs(fit(1));
    for threads in THREADS {
        let got = fit(threads);
        if let Ok(got) = &got {
            assert!((1..=threads).contains(&got.report.threads));
        }
        let got = without_costs(got);
        let reports = |fit: &Result<Clustering, _>| fit.clone().map(|fit| fit.report);
        assert_eq!(reports(&got), reports(&want), "{threads} threads");
        assert!(
            got == want,
            "{threads} threads give other labels or centers"
        );
    }
    want
}

#[test]
fn the_best_of_all() {
    let mut rng = Rng(31);
    for (n, d, k) in [(1500, 8, 20), (700, 3, 90), (301, 40, 17)] {
        let x = blobs(n, d, k, &mut rng);
        let weights = fill(UNIFORM, n, &mut rng);
        for n_init in [1, 2, 3, 7] {
            for weights in [None, Some(&weights[..])] {
                let options = Options {
                    n_init,
                    weights,
                    max_iter: 20,
                    init: if n_init == 3 {
                        Init::KmeansPlusPlus
                    } else {
                        Init::Random
                    },
                    ..Options::default()
                };
                check(&x, d, k, &options).unwrap();
            }
        }
    }
}

/// The test tests something: this many threads are used, and none where a callback has to be called in order.
#[test]
fn as_many_threads_as_restarts() {
    let x = fill(BELL, 2000 * 8, &mut Rng(32));
    let points = Points::rows(&x, 2000, 8).unwrap();
    let used = |n_init, threads| {
        let options = Options {
            n_init,
            threads,
            ..Options::default()
        };
        let bytes = options::workspace_size(2000, 8, 12, &options).unwrap();
        let report = options::fit(&points, 12, &options).unwrap().report;
        assert!(report.workspace_bytes <= bytes);
        report.threads
    };
    assert_eq!(
        (used(1, 2), used(2, 2), used(7, 3), used(3, 8)),
        (1, 2, 3, 3)
    );
    let last = Cell::new((0, 0));
    let note = |step: &centra::Progress| {
        let now = (step.restart, step.iteration);
        assert!(now > last.replace(now));
        false
    };
    let options = Options {
        n_init: 5,
        threads: 2,
        progress: Some(&note),
        ..Options::default()
    };
    let watched = options::fit(&points, 12, &options).unwrap().report;
    assert_eq!((watched.threads, last.get().0), (1, 4));
    // A query does not know of callbacks, and a call without one fits what it says.
    let bytes = options::workspace_size(2000, 8, 12, &options).unwrap();
    let mut workspace = vec![0u128; bytes.div_ceil(16)];
    let silent = Options {
        progress: None,
        ..options
    };
    let mut centers = [0.0; 12 * 8];
    let bytes = options::as_bytes(&mut workspace);
    let report = options::fit_into(&points, &silent, &mut centers, None, bytes).unwrap();
    assert_eq!(report.threads, 2);
    assert_eq!(watched.inertia, report.inertia);
}

/// Points in four places: a start that draws each of them ends at an inertia of zero, and the restarts after it do not count.
#[test]
fn nothing_beats_zero() {
    let (n, d, k) = (5000, 8, 4);
    let x: Vec<f64> = (0..n * d)
        .map(|i| (i / d % k * (i % d + 1)) as f64)
        .collect();
    let mut zeros = 0;
    for seed in 0..6 {
        for n_init in [2, 3, 7, 30] {
            let options = Options {
                n_init,
                seed,
                init: Init::Random,
                empty: Empty::Keep,
                ..Options::default()
            };
            zeros += i32::from(check(&x, d, k, &options).unwrap().report.inertia == 0.0);
        }
    }
    assert!((1..24).contains(&zeros), "{zeros} of 24 fits end at zero");
}

/// A third of the points in one place: some starts have it twice, and leave a cluster empty.
#[test]
fn the_first_refusal_counts() {
    let (n, d, k) = (5000, 8, 3);
    let mut x = fill(UNIFORM, n * d, &mut Rng(33));
    for point in x.chunks_exact_mut(d).step_by(3) {
        point.fill(0.5);
    }
    let mut refusals = Vec::new();
    for seed in 0..6 {
        for n_init in [2, 3, 7] {
            let options = Options {
                n_init,
                seed,
                max_iter: 10,
                init: Init::Random,
                empty: Empty::Error,
                ..Options::default()
            };
            refusals.extend(check(&x, d, k, &options).err());
        }
    }
    assert!(
        (1..18).contains(&refusals.len()),
        "{} of 18 refused",
        refusals.len()
    );
    refusals.dedup();
    assert!(refusals.len() > 1, "only one way to be refused");
}

/// What the scan refuses, every thread finds.
#[test]
fn a_nan_is_found_once() {
    let mut x = fill(BELL, 2000 * 8, &mut Rng(34));
    x[1234 * 8 + 5] = f64::NAN;
    let options = Options {
        n_init: 4,
        ..Options::default()
    };
    let refusal = check(&x, 8, 12, &options).unwrap_err();
    assert!(refusal.1.contains("row 1234, dimension 5"), "{}", refusal.1);
}

/// Xorshift, in [-0.5, 0.5).
struct Noise(u64);

impl Noise {
    fn trial(number: u64) -> Noise {
        let mut noise = Noise(88_172_645_463_325_252 + number * 7919);
        (0..50).for_each(|_| _ = noise.next());
        noise
    }

    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    }

    fn unit(&mut self) -> f64 {
        self.next() + 0.5
    }

    /// Normal.
    fn bell(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }
}

/// Points, their dimensions, and a number of clusters. Two tight blobs next to each other, so that screening leaves their points
/// open and passes climb above words; a line of points, which never rest; and some that are so far off that bounds spare them all.
fn near_and_far(trial: u64, sizes: Option<(usize, usize, usize)>) -> (Vec<f64>, usize, usize) {
    let mut noise = Noise::trial(trial);
    let mut below = |bound: usize| (bound as f64 * noise.unit()) as usize;
    let (d, n, k) = (32 + below(32), 600 + below(3000), 3 + below(4));
    let (d, n, k) = sizes.unwrap_or((d, n, k));
    let step = 10f64.powf(-1.5 - 2.0 * noise.unit());
    let radius = 10f64.powf(-2.0 - 3.0 * noise.unit());
    let spread = 0.2 + noise.unit();
    let part = 0.1 + 0.3 * noise.unit();
    let direction: Vec<f64> = (0..d).map(|_| noise.next()).collect();
    let mut x = Vec::new();
    for _ in 0..n {
        let u = noise.unit();
        let base = match u {
            _ if u < part => 1.0,
            _ if u < 2.0 * part => 1.0 + step,
            _ if u < 0.95 => 0.0,
            _ => -1.0,
        };
        let along = if base == 0.0 {
            spread * noise.next()
        } else {
            0.0
        };
        let coordinate = |i: usize| base + radius * noise.next() + along * direction[i];
        x.extend((0..d).map(coordinate));
    }
    (x, d, k)
}

/// Such points of given dimensions, number and number of clusters, for starts that are drawn.
fn near_and_far_case(trial: u64, sizes: (usize, usize, usize)) -> Case {
    let (x, d, _) = near_and_far(trial, Some(sizes));
    Case::new("near and far", d, x, Vec::new())
}

/// Where each of some restarts starts.
fn starts(case: &Case, k: usize, init: Init, seed: u64, restarts: u32) -> Vec<Vec<f64>> {
    let draw = match init {
        Init::Random => seeding::random,
        Init::KmeansPlusPlus => seeding::greedy,
        Init::Parallel => seeding::parallel,
        Init::Given => unreachable!("drawn"),
    };
    let weights = case.weights.as_deref();
    let start = |restart| draw(&case.x, case.d, weights, k, seed, restart);
    (0..restarts).map(start).collect()
}

/// Every restart's trace, and the best of the first few restarts: every algorithm by every level, with one thread and two, in every
/// place in memory.
fn check_restarts(case: &Case, (k, init, seed): (usize, Init, u64), plan: Plan, bad: &mut Bad) {
    let most = *RESTARTS.n_init.last().expect("restarts");
    let oracles: Vec<reference::Fit> = starts(case, k, init, seed, most)
        .into_iter()
        .map(|start| {
            let case = Case {
                start,
                ..case.clone()
            };
            case.oracle(plan).expect("no refusal under these plans")
        })
        .collect();
    assert!(oracles.iter().all(|fit| fit.inertia > 0.0));
    let best = |n_init: u32| {
        let fits = oracles[..n_init as usize].iter();
        fits.min_by(|a, b| a.inertia.total_cmp(&b.inertia)).unwrap()
    };
    let all = ways(RESTARTS.isas, &RESTARTS.counts(), RESTARTS.copies);
    for &algorithm in RESTARTS.algorithms {
        for &n_init in RESTARTS.n_init {
            let name = format!("{n_init} restarts by {algorithm:?} from {init:?} {seed}");
            let traced = Cell::new(None);
            case.each(&name, &all, bad, |points, options, _| {
                let seen = RefCell::new(vec![Vec::new(); oracles.len()]);
                let note = |step: &centra::Progress| {
                    let reported = (step.moved, step.shift);
                    seen.borrow_mut()[step.restart as usize].push(reported);
                    false
                };
                let options = Options {
                    algorithm,
                    n_init,
                    init,
                    seed,
                    ..plan.options(options)
                };
                let fit = options::fit(points, k, &options).map_err(harness::refusal)?;
                same_run(best(n_init), &fit.centers, &fit.labels, &fit.report)?;
                // Once a level: a callback has restarts done one after the other, however many threads there are.
                if n_init < most || traced.replace(Some(options.isa)) == Some(options.isa) {
                    return Ok(());
                }
                let options = Options {
                    progress: Some(&note),
                    ..options
                };
                options::fit(points, k, &options).map_err(harness::refusal)?;
                let seen = seen.borrow();
                for (restart, (seen, want)) in seen.iter().zip(&oracles).enumerate() {
                    equal(&format!("restart {restart}"), seen, &want.trace)?;
                }
                Ok(())
            });
        }
    }
}

/// Dimensions around every switch: of lanes, of kernels that keep values, of words and bytes, of chunks; with weights and without.
fn restarts_from(init: Init, plan: Plan) {
    let (mut bad, mut rng) = (Bad::default(), Rng(35));
    let points = [400, 400, 400, 300, 300, 500, 500, 400, 70, 70, 70];
    let shapes = RESTARTS.shapes().into_iter().zip(points);
    for (trial, ((d, k), n)) in (1..).zip(shapes) {
        let case = near_and_far_case(trial, (d, n, k));
        for &weighted in RESTARTS.weights {
            let case = match weighted {
                true => case.weighted("uniform", fill(UNIFORM, n, &mut rng)),
                false => case.clone(),
            };
            check_restarts(&case, (k, init, trial), plan.at_most(15), &mut bad);
        }
    }
}

#[test]
fn each_random_restart_is_a_run_of_its_own() {
    restarts_from(Init::Random, KEEP);
}

#[test]
fn each_greedy_restart_is_a_run_of_its_own() {
    restarts_from(Init::KmeansPlusPlus, RELOCATE);
}

#[test]
fn each_parallel_restart_is_a_run_of_its_own() {
    let mut bad = Bad::default();
    let case = near_and_far_case(0, (40, 300, 5));
    check_restarts(&case, (5, Init::Parallel, 0), KEEP.at_most(15), &mut bad);
}

/// With bounds to groups of centers, which a restart must not read before it has made them.
#[test]
fn each_restart_with_groups_of_centers_is_a_run_of_its_own() {
    let mut bad = Bad::default();
    let case = near_and_far_case(1, (32, 300, 192));
    check_restarts(&case, (192, Init::Random, 1), KEEP.at_most(9), &mut bad);
}

/// In these one of twenty restarts, with bounds kept always, once read words that no pass had written.
const TRIALS: [u64; 7] = [11, 39, 75, 85, 97, 4, 6];

/// Passes that test no point, because bounds rule out a change of every label, write no row of codes.
#[test]
fn passes_that_test_no_point() {
    let mut bad = Bad::default();
    for trial in TRIALS {
        let (x, d, k) = near_and_far(trial, None);
        let case = Case::new("near and far", d, x, Vec::new());
        let init = match trial % 2 {
            0 => Init::KmeansPlusPlus,
            _ => Init::Random,
        };
        let given = Options {
            n_init: 20,
            init,
            seed: trial,
            ..Options::default()
        };
        let lloyd = Options {
            algorithm: Algorithm::Lloyd,
            isa: Isa::Portable,
            ..given.clone()
        };
        let points = Points::rows(&case.x, case.n(), d).unwrap();
        let want = options::fit(&points, k, &lloyd).unwrap();
        let nearest = reference::assign(&case.x, d, &want.centers).0;
        equal("labels", &want.labels, &nearest).unwrap();
        for (i, algorithm) in ALGORITHMS.into_iter().enumerate() {
            for isa in [harness::ISAS[1], Isa::Amx] {
                let threads = 1 + (trial as usize + i) % 3;
                let way = Way {
                    isa,
                    threads,
                    copy: i,
                };
                case.each(
                    &format!("trial {trial}"),
                    &[way],
                    &mut bad,
                    |points, options, _| {
                        let options = Options {
                            isa: options.isa,
                            threads: options.threads,
                            algorithm,
                            ..given.clone()
                        };
                        let got = options::fit(points, k, &options).map_err(harness::refusal)?;
                        same_but_for_costs(&got, &want)
                    },
                );
            }
        }
    }
}

/// The same, within one run. In the first stretch, two centers that are equally near to most of its points make passes climb above words, and a line
/// of points keeps them moving; the second stretch is far off. When words are tried again, bounds spare that stretch: its rows stay
/// unwritten, though all rows that were tested have codes.
#[test]
fn stretches_that_words_never_saw() {
    const D: usize = 64;
    const STRETCH: usize = 4080;
    const LINE: usize = STRETCH / 10;
    const CREEPING: usize = 40;
    let mut noise = Noise::trial(0);
    let mut x = vec![0.0; 2 * STRETCH * D];
    for (p, row) in x.chunks_exact_mut(D).enumerate() {
        if p >= STRETCH {
            row[1] = -5.0;
            row[8..12].fill_with(|| 1e-4 * noise.bell());
        } else if p >= STRETCH - LINE {
            row[0] = 10.0 + 40.0 * (p + LINE - STRETCH) as f64 / LINE as f64;
            row[8..12].fill_with(|| 1e-3 * noise.bell());
        } else {
            row[8..].fill_with(|| noise.bell());
            let length = row.iter().map(|x| x * x).sum::<f64>().sqrt();
            row.iter_mut().for_each(|x| *x /= length);
        }
    }
    let mut start = vec![0.0; 2 * D];
    (start[3], start[D + 3]) = (0.05, 0.05);
    start.extend_from_slice(&x[(STRETCH - LINE) * D..][..CREEPING * D]);
    start.extend_from_slice(&x[STRETCH * D..][..D]);
    let mut case = Case::new("two stretches", D, x, start);

    let mut bad = Bad::default();
    for weighted in [false, true] {
        if weighted {
            case = case.weighted("uniform", fill(UNIFORM, 2 * STRETCH, &mut Rng(36)));
        }
        let plan = KEEP.at_most(14);
        let lloyd = Options {
            algorithm: Algorithm::Lloyd,
            isa: Isa::Portable,
            ..plan.options(case.options(Way {
                isa: Isa::Portable,
                threads: 1,
                copy: 0,
            }))
        };
        let points = Points::rows(&case.x, case.n(), D).unwrap();
        let want = options::fit_from(&points, &case.start, &lloyd).unwrap();
        let nearest = reference::assign(&case.x, D, &want.centers).0;
        equal("labels", &want.labels, &nearest).unwrap();
        for algorithm in [Algorithm::Auto, Algorithm::Hamerly] {
            let ways = [(1, 0), (2, 1), (3, 3)].map(|(threads, copy)| Way {
                isa: Isa::Amx,
                threads,
                copy,
            });
            case.each("fit", &ways, &mut bad, |points, options, _| {
                let options = Options {
                    algorithm,
                    ..plan.options(options)
                };
                let got =
                    options::fit_from(points, &case.start, &options).map_err(harness::refusal)?;
                same_but_for_costs(&got, &want)
            });
        }
    }
}

/// The same run, but for its costs.
fn same_but_for_costs(got: &Clustering, want: &Clustering) -> Result<(), String> {
    let run = |fit: &Clustering| {
        (
            fit.report.iterations,
            fit.report.moved,
            fit.report.stopped_by,
        )
    };
    equal("iterations, moved, stopped by", &[run(got)], &[run(want)])?;
    equal("labels", &got.labels, &want.labels)?;
    same("centers", &got.centers, &want.centers)?;
    same("inertia", &[got.report.inertia], &[want.report.inertia])
}

/// Most points lie in one place, so that what scales words is how far off the centers are; and those come nearer from pass to
/// pass. Rows that passes leave for later ones are read as they were written all the same.
#[test]
fn words_are_read_as_they_were_written() {
    let (mut bad, mut rng) = (Bad::default(), Rng(37));
    for (n, d, k) in [(1000, 40, 4), (9000, 32, 3)] {
        let mut x = vec![0.0; n * d];
        for (p, row) in x.chunks_exact_mut(d).enumerate() {
            // None of the points that a sample of 64 at even distances has.
            if (1..4).contains(&(p % ((n.div_ceil(64)) | 1))) {
                row.fill_with(|| BELL.1(rng.next()));
                row[p % 3] += 3.0;
            }
        }
        let mut start = fill(BELL, k * d, &mut rng);
        start[..d].fill(0.0);
        start[d..].iter_mut().for_each(|c| *c *= 40.0);
        let case = Case::new("most in one place", d, x, start);
        let want = case.oracle(RELOCATE.at_most(12)).unwrap();
        for algorithm in ALGORITHMS {
            case.each(
                "fit",
                &harness::least_ways(),
                &mut bad,
                |points, options, _| {
                    let options = Options {
                        algorithm,
                        ..RELOCATE.at_most(12).options(options)
                    };
                    let fit = options::fit_from(points, &case.start, &options)
                        .map_err(harness::refusal)?;
                    same_run(&want, &fit.centers, &fit.labels, &fit.report)
                },
            );
        }
    }
}
