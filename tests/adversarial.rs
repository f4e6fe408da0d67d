//! One answer where rounding bites: ties, tiny gaps under huge offsets, mixed magnitudes, subnormals, means that move
//! in circles, empty clusters.

mod harness;
mod options;
mod reference;

use harness::data::*;
use harness::*;
use options::Options;
use reference::{self as oracle, Empty, Stop};

/// Every kind of value, in the few dimensions where points lie in lanes and the many where centers do, with starts
/// that repeat rows, lie one ulp apart, or make every point a tie.
fn every_kind(shapes: &[(usize, usize, usize)], seed: u64) {
    let ways = few_ways();
    let mut bad = Bad::default();
    let mut rng = Rng(seed);
    for kind in KINDS {
        for (index, &(n, d, k)) in shapes.iter().enumerate() {
            let x = fill(*kind, n * d, &mut rng);
            let rows = drawn(&x, d, k, &mut rng);
            let ulps = rows
                .iter()
                .map(|c| f64::from_bits(c.to_bits() + rng.next() % 2))
                .collect();
            let others = drawn(&x, d, k, &mut rng);
            let middles = rows
                .iter()
                .zip(&others)
                .map(|(a, b)| a / 2.0 + b / 2.0)
                .collect();
            let fresh = fill(*kind, k * d, &mut rng);
            let starts = [
                ("drawn", rows),
                ("one ulp off", ulps),
                ("midpoints", middles),
                ("fresh", fresh),
            ];
            let most = if d > 8 { 6 } else { 20 };
            for (turn, (how, start)) in starts.into_iter().enumerate() {
                let plan = [RELOCATE, KEEP][(index + turn) % 2].at_most(most);
                let plain = Case::new(format!("{}, {how} start", kind.0), d, x.clone(), start);
                plain.check(plan, &ways, &mut bad);
                if turn % 2 == index % 2 {
                    let of = WEIGHTS[(index + turn + d) % WEIGHTS.len()];
                    let weighted = plain.weighted(of.0, weigh(of, n, &mut rng));
                    weighted.check(plan, &ways, &mut bad);
                }
            }
        }
    }
}

#[test]
fn every_kind_in_few_dimensions() {
    every_kind(
        &[
            (23, 1, 4),
            (40, 2, 9),
            (61, 3, 17),
            (300, 4, 12),
            (90, 8, 33),
        ],
        1,
    );
}

#[test]
fn every_kind_in_many_dimensions() {
    every_kind(&[(37, 16, 5), (90, 17, 20), (60, 40, 35)], 2);
}

/// Every point exactly between two centers, and those two not the first ones: the smaller index wins.
#[test]
fn bisectors() {
    let ways = all_ways();
    let mut bad = Bad::default();
    let mut rng = Rng(3);
    for d in [1, 2, 3, 8, 9, 16, 33, 64] {
        for (scale, offset) in [
            (0, 0.0),
            (0, 1e8),
            (0, -1e15),
            (-400, 0.0),
            (400, 0.0),
            (-537, 0.0),
        ] {
            let k = 24;
            let centers: Vec<f64> = (0..k * d)
                .map(|_| (offset + 2.0 * rng.below(9) as f64) * two_to(scale))
                .collect();
            let x: Vec<f64> = (0..200)
                .flat_map(|_| {
                    let (a, b) = (rng.below(k) * d, rng.below(k) * d);
                    (0..d)
                        .map(|i| centers[a + i] / 2.0 + centers[b + i] / 2.0)
                        .collect::<Vec<_>>()
                })
                .collect();
            let case = Case::new(
                format!("bisectors, scale 2^{scale}, offset {offset}"),
                d,
                x,
                centers,
            );
            case.check(KEEP.at_most(5), &ways, &mut bad);
        }
    }
}

/// All centers equal, or equal in pairs: every label is a tie, and all but the first of each are empty.
#[test]
fn duplicate_centers() {
    let mut bad = Bad::default();
    let mut rng = Rng(4);
    for (n, d, k) in [
        (40, 2, 9),
        (300, 3, 40),
        (150, 20, 16),
        (500, 33, 100),
        (200, 64, 65),
    ] {
        let x = fill(BELL, n * d, &mut rng);
        let one = fill(BELL, d, &mut rng);
        let all: Vec<f64> = (0..k).flat_map(|_| one.clone()).collect();
        let half = drawn(&x, d, k / 2, &mut rng);
        let pairs: Vec<f64> = half
            .iter()
            .chain(&half)
            .chain(&one)
            .copied()
            .take(k * d)
            .collect();
        let ways = if k < 50 { all_ways() } else { few_ways() };
        for (how, start) in [("equal", all), ("pairs of", pairs)] {
            let case = Case::new(format!("{how} centers"), d, x.clone(), start);
            for plan in [RELOCATE, KEEP, ERROR] {
                case.check(plan.at_most(4), &ways, &mut bad);
            }
        }
    }
}

/// Points that all round to one value in single precision, a gap of some ulps apart, between two centers. The screen
/// can prove nothing here; D must decide each of them.
#[test]
fn gaps_of_ulps() {
    let ways = all_ways();
    let mut bad = Bad::default();
    let mut rng = Rng(5);
    for d in [1, 2, 5, 8, 16, 24, 50] {
        for base in [1.0, 0.1, 1e8, 3.7e15, 1e-140, 1e100] {
            let wiggle = |rng: &mut Rng| f64::from_bits(f64::to_bits(base) + rng.next() % 7);
            let x: Vec<f64> = (0..120 * d).map(|_| wiggle(&mut rng)).collect();
            let start: Vec<f64> = (0..13 * d).map(|_| wiggle(&mut rng)).collect();
            let case = Case::new(format!("ulps above {base:e}"), d, x, start);
            case.check(RELOCATE.at_most(12), &ways, &mut bad);
        }
    }
}

/// Blocks that a shortcut settles at once beside blocks on which it must give up, in either order, and a few points far
/// away that set the scale for all others.
#[test]
fn easy_and_hard_blocks() {
    let ways = few_ways();
    let mut bad = Bad::default();
    let mut rng = Rng(12);
    for (n, d, k) in [(3000, 12, 20), (2500, 7, 40), (1500, 33, 9), (4000, 3, 16)] {
        let easy = blobs(n, d, k, &mut rng);
        for (hard, value) in [("duplicates", 0), ("ulps", 1), ("tiny", 2)] {
            for order in 0..3 {
                let mut x = easy.clone();
                let is_hard =
                    |p: usize| [p < n / 2, p >= n / 2, (p / 100).is_multiple_of(2)][order];
                for (c, x) in x.iter_mut().enumerate().filter(|(c, _)| is_hard(c / d)) {
                    *x = match value {
                        0 => easy[c % (3 * d)],
                        1 => f64::from_bits(500f64.to_bits() + rng.next() % 5),
                        _ => BELL.1(rng.next()) * 1e-9,
                    };
                }
                if order == 1 {
                    x[n * d - 1] = 1e12;
                }
                let start = drawn(&x, d, k, &mut rng);
                let case = Case::new(format!("{hard} in order {order}"), d, x, start);
                case.check(KEEP.at_most(3), &ways, &mut bad);
            }
        }
    }
}

/// The five, fourteen and one points over which R's `kmeans` went on for ever, from all starts. Also inputs on which
/// rounded means make the definition itself return to where it was: the run must end at `max_iter`, as the oracle's.
#[test]
fn rounded_means_that_go_in_circles() {
    let ways = few_ways();
    let mut bad = Bad::default();
    let below = f64::from_bits((-0.4f64).to_bits() + 1);
    let r = [vec![-0.4; 5], vec![below; 14], vec![-0.5]].concat();
    let values = [-0.4, below, -0.5];
    for turn in 0..27 {
        let start = vec![values[turn % 3], values[turn / 3 % 3], values[turn / 9]];
        let case = Case::new("R's loop", 1, r.clone(), start);
        for plan in [RELOCATE, KEEP] {
            let run = case
                .check_fit(plan.at_most(100_000), &ways, &mut bad)
                .unwrap();
            assert_eq!(run.stopped_by, Stop::Converged);
        }
    }
    let above = f64::from_bits(0.1f64.to_bits() + 1);
    let (x, start) = (vec![above, above, 0.1, 0.1, 0.1], vec![above, 0.1]);
    let case = Case::new("two of one value, and three of the next", 1, x, start);
    let run = case.check_fit(KEEP.at_most(1001), &ways, &mut bad).unwrap();
    assert_eq!(run.stopped_by, Stop::Converged);
}

/// All points equal, at sizes where the mean of equal values is another value; one cluster, and as many as points.
#[test]
fn points_that_are_all_equal() {
    let (all, few) = (all_ways(), few_ways());
    let mut bad = Bad::default();
    let mut shape = 0;
    for value in [
        0.1,
        1.0 / 3.0,
        0.7,
        0.9,
        -0.0,
        0.0,
        5e-324,
        -1e-310,
        1e100,
        255.0,
    ] {
        for (n, d) in [(1, 1), (3, 1), (6, 2), (9, 9), (25, 3), (43, 1), (53, 17)] {
            for k in [1, 2, 3, n] {
                // Every third of the 28 shapes of a value: in three values each of them is met in all ways.
                let ways = if shape % 3 == 0 { &all } else { &few };
                shape += 1;
                let case = Case::new(
                    format!("all {value:e}"),
                    d,
                    vec![value; n * d],
                    vec![value; k.min(n) * d],
                );
                for plan in [RELOCATE, KEEP, ERROR] {
                    case.check(plan.at_most(7), ways, &mut bad);
                }
                let case = case.weighted("tenths", vec![0.1; n]);
                case.check(RELOCATE.at_most(7), ways, &mut bad);
            }
        }
    }
}

/// Several clusters are empty at once, and the farthest points are ties, or belong to the same cluster, or have no
/// weight, or are too few.
#[test]
fn relocation() {
    let mut bad = Bad::default();
    let mut rng = Rng(6);
    for (n, d, k) in [
        (6, 1, 5),
        (12, 1, 9),
        (30, 2, 20),
        (64, 3, 40),
        (200, 2, 64),
        (257, 16, 33),
        (40, 20, 40),
    ] {
        let ways = if n < 60 { all_ways() } else { few_ways() };
        for kind in [GRID, BELL, UNIFORM, KINDS[5], KINDS[13]] {
            let x = fill(kind, n * d, &mut rng);
            // All centers but two are so far away that nothing is near them.
            let mut start = vec![2.0 * x.iter().fold(1.0f64, |a, b| a.max(b.abs())); k * d];
            let near = rng.below(k);
            start[near * d..][..d].copy_from_slice(&x[..d]);
            start[(k - 1) * d..].copy_from_slice(&x[(n - 1) * d..]);
            let plain = Case::new(format!("{}, far centers", kind.0), d, x, start);
            for max_iter in [1, 2, 30] {
                plain.check(RELOCATE.at_most(max_iter), &ways, &mut bad);
            }
            for of in [WEIGHTS[1], WEIGHTS[2], WEIGHTS[3]] {
                let weighted = plain.weighted(of.0, weigh(of, n, &mut rng));
                weighted.check(RELOCATE.at_most(6), &ways, &mut bad);
                weighted.check(ERROR.at_most(6), &ways, &mut bad);
            }
            let mut lone = vec![0.0; n];
            lone[n / 2] = 3.0;
            plain
                .weighted("one point only", lone)
                .check(RELOCATE, &ways, &mut bad);
        }
    }
    let ways = few_ways();
    // Large enough that the search for the farthest point is shared among threads, with its ties.
    let x: Vec<f64> = (0..40_000)
        .map(|p| if p % 9973 == 5 { 50.0 } else { (p % 3) as f64 })
        .collect();
    let labels = vec![3; 40_000];
    let case = Case::new("ties far away", 1, x, (0..30).map(f64::from).collect());
    case.check_update(&labels, Empty::Relocate, &ways, &mut bad);
}

/// Clusters without a point in labels that the caller wrote, members of weight zero, and empty clusters whose entries
/// in `centers` are no numbers: they stay what they were, and are refused where distances to centers decide.
#[test]
fn updates_of_empty_clusters() {
    let ways = all_ways();
    let mut bad = Bad::default();
    let mut rng = Rng(7);
    for d in [1, 2, 9, 17] {
        let x = fill(BELL, 30 * d, &mut rng);
        let labels: Vec<i32> = (0..30).map(|p| [1, 1, 4, 6][p % 4]).collect();
        let mut junk = vec![f64::from_bits(0x7ff8_0000_dead_beef); 8 * d];
        junk[..3].fill(f64::INFINITY);
        let numbers = fill(BELL, 8 * d, &mut rng);
        for (empty, start) in [
            (Empty::Keep, &junk),
            (Empty::Relocate, &numbers),
            (Empty::Relocate, &junk),
            (Empty::Error, &junk),
        ] {
            let plain = Case::new("junk in centers", d, x.clone(), start.clone());
            let zeros: Vec<f64> = (0..30).map(|p| (p % 4 == 2) as u8 as f64 * 2.5).collect();
            for case in [&plain, &plain.weighted("zero but in cluster 4", zeros)] {
                let want = oracle::means(
                    &case.x,
                    d,
                    case.weights.as_deref(),
                    &labels,
                    &case.start,
                    empty,
                );
                case.each(
                    &format!("update ({empty:?})"),
                    &ways,
                    &mut bad,
                    |points, options, _| {
                        let options = Options {
                            empty: policy(empty),
                            ..options
                        };
                        let mut centers = case.start.clone();
                        let result = options::update(points, &labels, &mut centers, &options);
                        let refused = match (&want, empty) {
                            (None, _) => Some(centra::Status::Empty),
                            (_, Empty::Relocate) if case.start[0].is_infinite() => {
                                Some(centra::Status::NonFinite)
                            }
                            _ => None,
                        };
                        let Some((means, members)) = want.as_ref().filter(|_| refused.is_none())
                        else {
                            let status = result.err().map(|error| error.status());
                            require(status == refused, || format!("{status:?}"))?;
                            return same("centers", &centers, &case.start);
                        };
                        equal("counts", &result.map_err(refusal)?, members)?;
                        same("centers", &centers, means)
                    },
                );
            }
        }
    }
}
