//! Empty clusters take the points that are farthest from the centers they were labelled by: the oracle's, by every way to ask.

mod harness;
mod options;
mod reference;

use centra::Algorithm;
use harness::data::*;
use harness::*;
use options::{Init, Options};
use reference::{self as oracle, Empty, Stop};

const ALGORITHMS: [Algorithm; 3] = [Algorithm::Auto, Algorithm::Lloyd, Algorithm::Hamerly];

/// From each start the oracle's run, by every algorithm.
fn check_algorithms(case: &Case, plan: Plan, ways: &[Way], bad: &mut Bad) {
    let want = case
        .oracle(plan)
        .expect("no refusal when points are relocated");
    case.each("fit", ways, bad, |points, options, _| {
        for algorithm in ALGORITHMS {
            let options = Options {
                algorithm,
                ..plan.options(options.clone())
            };
            let fit = options::fit_from(points, &case.start, &options).map_err(refusal)?;
            same_run(&want, &fit.centers, &fit.labels, &fit.report)
                .map_err(|e| format!("{algorithm:?}: {e}"))?;
        }
        Ok(())
    });
}

/// The best of some restarts, each the oracle's run from the oracle's start.
fn check_restarts(case: &Case, n_init: u32, plan: Plan, ways: &[Way], bad: &mut Bad) {
    let weights = case.weights.as_deref();
    let mut best: Option<oracle::Fit> = None;
    for restart in 0..n_init {
        let start = oracle::seeding::greedy(&case.x, case.d, weights, case.k(), 3, restart);
        let run = Case {
            start,
            ..case.clone()
        };
        let run = run
            .oracle(plan)
            .expect("no refusal when points are relocated");
        if best.as_ref().is_none_or(|best| run.inertia < best.inertia) {
            best = Some(run);
        }
    }
    let want = best.expect("at least one restart");
    case.each("restarts", ways, bad, |points, options, _| {
        for algorithm in ALGORITHMS {
            let options = Options {
                algorithm,
                n_init,
                init: Init::KmeansPlusPlus,
                seed: 3,
                ..plan.options(options.clone())
            };
            let fit = options::fit(points, case.k(), &options).map_err(refusal)?;
            same_run(&want, &fit.centers, &fit.labels, &fit.report)
                .map_err(|e| format!("{n_init} restarts, {algorithm:?}: {e}"))?;
        }
        Ok(())
    });
}

/// Some centers are rows, most are far away.
fn far_start(x: &[f64], d: usize, k: usize, rng: &mut Rng) -> Vec<f64> {
    let far = 3.0 * x.iter().fold(1.0f64, |a, b| a.max(b.abs()));
    let mut start = drawn(x, d, k, rng);
    for center in start.chunks_mut(d) {
        if rng.below(4) > 0 {
            center.fill(far + rng.below(9) as f64);
        }
    }
    start
}

/// Points on top of each other, points as far as others, and neither, with weights of every kind, in dimensions around
/// those at which other kernels take over.
#[test]
fn algorithms_weights_and_restarts() {
    let (mut bad, mut rng) = (Bad::default(), Rng(61));
    let ways = least_ways();
    let wide: Kind = ("1e100 and 5e-324", |r| {
        [1e100, -1e100, 5e-324, 1.0, 0.0][(r % 5) as usize]
    });
    let sizes = [
        (1, 30, 13),
        (2, 60, 25),
        (3, 41, 20),
        (4, 64, 9),
        (5, 70, 40),
        (8, 50, 17),
        (9, 47, 16),
        (16, 60, 33),
        (17, 33, 15),
        (31, 40, 12),
        (32, 49, 24),
        (33, 50, 20),
        (64, 35, 16),
    ];
    for (turn, (d, n, k)) in sizes.into_iter().enumerate() {
        let kinds = [GRID, BELL, wide].into_iter().enumerate();
        for (which, kind) in kinds.filter(|(which, _)| which % 3 != turn % 3) {
            let mut x = fill(kind, n * d, &mut rng);
            // Every third row once more, and some of them often.
            for p in (3..n).step_by(3) {
                let from = [p - 1, 0][p % 2] * d;
                x.copy_within(from..from + d, p * d);
            }
            let start = far_start(&x, d, k, &mut rng);
            let plain = Case::new(format!("{} with duplicates", kind.0), d, x, start);
            let of = WEIGHTS[(turn + which) % WEIGHTS.len()];
            let weighted = plain.weighted(of.0, weigh(of, n, &mut rng));
            for case in [&plain, &weighted] {
                let plan = RELOCATE.at_most([1, 3, 40][(turn + which) % 3]);
                check_algorithms(case, plan, &ways, &mut bad);
                let n_init = if d < 10 {
                    [1, 2, 7][(turn + which) % 3]
                } else {
                    2
                };
                check_restarts(case, n_init, RELOCATE.at_most(10), &ways, &mut bad);
            }
        }
    }
}

/// Labels that the caller wrote, with clusters of one point, of two, of points without weight, and many of none; and centers in
/// between. Whoever goes down the ranking has to pass over many points.
#[test]
fn updates_that_pass_over_points() {
    let (mut bad, mut rng) = (Bad::default(), Rng(62));
    let ways = few_ways();
    for (n, d, k) in [
        (40, 1, 50),
        (64, 2, 30),
        (90, 8, 64),
        (71, 9, 40),
        (33, 17, 20),
        (55, 33, 55),
    ] {
        for kind in [GRID, BELL, UNIFORM, KINDS[13], KINDS[22]] {
            let k = k.min(n);
            let x = fill(kind, n * d, &mut rng);
            let start = fill(kind, k * d, &mut rng);
            // So many points alone, then so many pairs, the rest all together.
            let (alone, pairs) = (rng.below(n / 3), rng.below(n / 4));
            let labels: Vec<i32> = (0..n)
                .map(|p| match p {
                    p if p < alone => 2 * p,
                    p if p < alone + 2 * pairs => 2 * (alone + (p - alone) / 2),
                    _ => 1,
                })
                .map(|j| (j % k) as i32)
                .collect();
            let plain = Case::new(kind.0, d, x, start);
            plain.check_update(&labels, Empty::Relocate, &ways, &mut bad);
            for of in [WEIGHTS[1], WEIGHTS[2], WEIGHTS[3]] {
                let weighted = plain.weighted(of.0, weigh(of, n, &mut rng));
                weighted.check_update(&labels, Empty::Relocate, &ways, &mut bad);
            }
        }
    }
}

/// So many points that threads share them, in sums for all dimensions at once and in slabs; a few clusters are empty, or nearly all,
/// with ties among the farthest.
#[test]
fn many_points_and_many_empty_clusters() {
    let (mut bad, mut rng) = (Bad::default(), Rng(63));
    let ways = least_ways();
    for (n, d, k, most) in [(6_001, 2, 120, 3), (1_001, 20, 90, 3), (900, 3, 600, 2)] {
        for kind in [KINDS[4], BELL] {
            let x = fill(kind, n * d, &mut rng);
            let start = far_start(&x, d, k, &mut rng);
            let case = Case::new(format!("{}, far centers", kind.0), d, x, start);
            check_algorithms(&case, RELOCATE.at_most(most), &ways, &mut bad);
            let labels: Vec<i32> = (0..n).map(|p| [7, 7, 7, 11, 80][p % 5]).collect();
            case.check_update(&labels, Empty::Relocate, &ways, &mut bad);
            let weighted = case.weighted("integers", weigh(WEIGHTS[1], n, &mut rng));
            weighted.check_update(&labels, Empty::Relocate, &ways, &mut bad);
        }
    }
    // A distance that grows, falls, and is the same for all: the buffer of candidates is thinned out as often as can be, or never.
    let n = 8_000;
    type Order = fn(usize) -> usize;
    let orders: [(&str, Order); 4] = [
        ("growing", |p| p),
        ("falling", |p| 8_000 - p),
        ("all the same", |_| 5),
        ("in waves", |p| p % 1013),
    ];
    for (how, distance) in orders {
        for (k, empty) in [(3, 2), (40, 38), (300, 299)] {
            let x: Vec<f64> = (0..n).map(|p| distance(p) as f64).collect();
            let labels = vec![(k - 1) as i32; n];
            let labels: Vec<i32> = labels
                .iter()
                .enumerate()
                .map(|(p, &j)| if p % 3 == 0 && empty < k - 1 { 0 } else { j })
                .collect();
            let case = Case::new(how, 1, x, vec![-1.0; k]);
            case.check_update(&labels, Empty::Relocate, &least_ways(), &mut bad);
        }
    }
}

/// Enough points for threads to share an update.
#[test]
fn updates_by_threads() {
    let (mut bad, mut rng) = (Bad::default(), Rng(64));
    let (n, k) = (330_001, 12);
    for kind in [KINDS[4], KINDS[22]] {
        let x = fill(kind, n, &mut rng);
        let labels: Vec<i32> = (0..n).map(|p| [7, 7, 7, 11, 8][p % 5]).collect();
        let case = Case::new(kind.0, 1, x, fill(kind, k, &mut rng));
        case.check_update(&labels, Empty::Relocate, &least_ways(), &mut bad);
    }
}

/// From 5 and 1000 all four points go to the first center; 0 is farthest from it. As scikit-learn has it, whose count of 4 includes
/// the last look.
#[test]
fn a_run_by_hand() {
    let mut bad = Bad::default();
    let case = Case::new("by hand", 1, vec![0.0, 1.0, 2.0, 6.0], vec![5.0, 1000.0]);
    let run = case.check_fit(RELOCATE, &all_ways(), &mut bad).unwrap();
    assert_eq!(
        (run.labels, run.centers, run.iterations, run.stopped_by),
        (vec![1, 1, 1, 0], vec![6.0, 1.0], 3, Stop::Converged)
    );
    // A point of weight 3 is taken with all of its weight; three points would be taken one by one.
    let case = Case::new(
        "by hand",
        1,
        vec![11.0, 6.0, 3.0, 9.0],
        vec![18.0, 23.0, 12.0],
    )
    .weighted("2 1 3 1", vec![2.0, 1.0, 3.0, 1.0]);
    let run = case.check_fit(RELOCATE, &all_ways(), &mut bad).unwrap();
    assert_eq!(
        (run.labels, run.stopped_by),
        (vec![2, 1, 0, 2], Stop::Converged)
    );
    let rows = vec![11.0, 11.0, 6.0, 3.0, 3.0, 3.0, 9.0];
    let case = Case::new("by hand, rows", 1, rows, vec![18.0, 23.0, 12.0]);
    let run = case
        .check_fit(RELOCATE.at_most(1), &all_ways(), &mut bad)
        .unwrap();
    assert_eq!(run.centers, [3.0, 3.0, 8.0]);
}

/// Decimal numbers, few different rows, and about as many clusters or more: every fit converges.
#[test]
fn more_clusters_than_different_rows() {
    let (mut bad, mut rng) = (Bad::default(), Rng(65));
    let ways = least_ways();
    let mut check =
        |name: &str, n: usize, d: usize, distinct: usize, k: usize, turn: usize, rng: &mut Rng| {
            let digits = [10.0, 100.0, 1000.0][turn % 3];
            let rows = fill(("", |r| (r % 2000) as f64 - 500.0), distinct * d, rng);
            let rows: Vec<f64> = rows.iter().map(|x| x / digits).collect();
            let x = drawn(&rows, d, n, rng);
            let start = match turn / 3 % 3 {
                0 => drawn(&x, d, k, rng),
                1 => far_start(&x, d, k, rng),
                _ => fill(BELL, k * d, rng),
            };
            let case = Case::new(name, d, x, start);
            let want = case.oracle(RELOCATE).expect("no refusal");
            let converged = require(want.stopped_by == Stop::Converged, || {
                format!("{:?}", want.stopped_by)
            });
            bad.note(|| format!("{case:?}"), converged);
            let way = &ways[turn % ways.len()..][..1];
            check_algorithms(&case, RELOCATE, way, &mut bad);
        };
    for turn in 0..2400 {
        let n = 2 + rng.below(59);
        let d = 1 + rng.below([3, 3, 3, 16][turn % 4]);
        let distinct = 1 + rng.below(n.min(14));
        let k = (distinct + rng.below(8)).saturating_sub(2).clamp(1, n);
        check("decimals", n, d, distinct, k, turn, &mut rng);
    }
    for (turn, d) in [1, 2, 4, 8, 16].into_iter().enumerate() {
        check("2,000 rows of 12", 2000, d, 12, 16, turn * 4 + 1, &mut rng);
    }
    let case = Case::new("ten times 0.23", 1, vec![0.23; 10], vec![0.23; 2]);
    for max_iter in [300, 301] {
        let run = case
            .check_fit(RELOCATE.at_most(max_iter), &all_ways(), &mut bad)
            .unwrap();
        assert_eq!((run.stopped_by, run.empty_clusters), (Stop::Converged, 1));
    }
}
