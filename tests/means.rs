//! Means are exact, and rounded once; so is the inertia: products with weights are exact too. What follows from that, and inputs built to
//! show every other way.

mod harness;
mod options;
mod reference;

use centra::{Clustering, Empty, Points, StoppedBy};
use harness::chunks::Chunks;
use harness::data::*;
use harness::*;
use options::{Init, Options};

/// Weights of every kind that takes a path of its own.
const KINDS_OF_WEIGHTS: &[Kind] = &[
    ("ones", |_| 1.0),
    ("integers", |r| (r % 5) as f64),
    ("powers of two", |r| two_to((r % 9) as i32 - 4)),
    ("uniform", |r| UNIFORM.1(r)),
    ("two magnitudes", |r| [1e9, 1.0 / 3.0][(r % 2) as usize]),
    ("40 decades", |r| {
        UNIFORM.1(r) * two_to((r % 133) as i32 - 66)
    }),
    ("600 decades", |r| {
        (1.0 + UNIFORM.1(r)) * two_to(((r >> 7) % 1930) as i32 - 1030)
    }),
    ("subnormal", |r| (r % 1000) as f64 * two_to(-1074)),
    ("mostly zero", |r| if r % 6 == 0 { 0.3 } else { 0.0 }),
];

const COORDINATES: &[Kind] = &[
    BELL,
    ("decimals", |r| (r % 2000) as f64 * 0.01 - 10.0),
    GRID,
    KINDS[10],
    KINDS[13],
    KINDS[15],
    KINDS[16],
    ("1e140 and 5e-324", |r| KINDS[22].1(r) * 1e-10),
    KINDS[28],
];

/// Means and inertia of labels by chance, for every kind of weights, dimensions around every switch, and every way.
#[test]
fn of_all_kinds() {
    let mut bad = Bad::default();
    let mut rng = Rng(1);
    let ways = all_ways();
    let sizes = [(1, 1), (7, 3), (17, 2), (64, 20), (300, 5)];
    for (kind, of) in KINDS_OF_WEIGHTS.iter().enumerate() {
        for (i, &d) in [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 24, 33]
            .iter()
            .enumerate()
        {
            let (n, k) = sizes[(i + kind) % sizes.len()];
            // The heaviest weights leave room for the first few kinds only.
            let few = if of.0 == "600 decades" {
                4
            } else {
                COORDINATES.len()
            };
            let coordinates = COORDINATES[(2 * i + kind) % few];
            let x = fill(coordinates, n * d, &mut rng);
            let start = drawn(&x, d, k, &mut rng);
            let labels: Vec<i32> = (0..n).map(|_| rng.below(k) as i32).collect();
            let plain = Case::new(coordinates.0, d, x, start);
            let weighted = plain.weighted(of.0, weigh(*of, n, &mut rng));
            for case in [&weighted, &plain][..if kind % 3 == 0 { 2 } else { 1 }].iter() {
                case.check_update(&labels, reference::Empty::Keep, &ways, &mut bad);
            }
        }
    }
}

/// Fits, in which points move from sum to sum: few clusters, and so many that the limbs of all dimensions have no room at once.
#[test]
fn while_points_move() {
    let mut bad = Bad::default();
    let mut rng = Rng(2);
    for (kind, of) in KINDS_OF_WEIGHTS.iter().enumerate() {
        for (i, (n, d, k)) in [
            (400, 1, 4),
            (300, 2, 9),
            (200, 3, 60),
            (150, 5, 7),
            (90, 17, 40),
        ]
        .into_iter()
        .enumerate()
        {
            let coordinates = COORDINATES[(i + kind) % 4];
            let x = fill(coordinates, n * d, &mut rng);
            let start = distinct(&x, d, k, &mut rng);
            let case = Case::new(coordinates.0, d, x, start);
            let case = case.weighted(of.0, weigh(*of, n, &mut rng));
            case.check_fit(KEEP.at_most(20), &few_ways(), &mut bad);
        }
    }
}

/// Numbers without weights that need many limbs, of which each is added to its own few: one row, one dimension, or one number in
/// some that is far beyond the others, or far beneath. There is room for the limbs of all dimensions at once, as points are many beside
/// clusters; then points move.
#[test]
fn far_apart_without_weights() {
    let mut bad = Bad::default();
    let mut rng = Rng(10);
    let shapes = [1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33, 65, 130];
    for (i, &d) in shapes.iter().enumerate() {
        for (turn, far) in [1e40, -1e100, 1e140, 1e-60, 1e-150, 5e-324]
            .into_iter()
            .enumerate()
        {
            let n = if d < 10 { 900 } else { 400 };
            let k = [1, 2, 5][(i + turn) % 3];
            let mut x = fill(COORDINATES[(i + turn) % 3], n * d, &mut rng);
            match (i + turn / 2) % 4 {
                0 => x[n / 2 * d..][..d].fill(far),
                1 => x.iter_mut().skip(d / 2).step_by(d).for_each(|x| *x *= far),
                2 => x.iter_mut().step_by(37).for_each(|x| *x = far),
                _ => x.chunks_mut(d).skip(3).step_by(4).for_each(|row| {
                    row.iter_mut().for_each(|x| *x *= far);
                }),
            }
            let start = drawn(&x, d, k, &mut rng);
            let labels: Vec<i32> = (0..n).map(|_| rng.below(k) as i32).collect();
            let case = Case::new("far apart", d, x, start);
            let ways = few_ways();
            case.check_update(&labels, reference::Empty::Keep, &ways, &mut bad);
            case.check_fit(KEEP.at_most(8), &ways, &mut bad);
        }
    }
}

/// The limbs of all dimensions have no room at once, though the sums of one cluster do.
#[test]
fn far_apart_in_few_points() {
    let (mut bad, mut rng) = (Bad::default(), Rng(11));
    for d in [8, 9, 33] {
        for n in [70, 90, 110, 125] {
            let mut x = fill(COORDINATES[0], n * d, &mut rng);
            x.iter_mut().step_by(37).for_each(|x| *x = 1e-90);
            let start = x[..d].to_vec();
            let case = Case::new("far apart", d, x, start);
            case.check_update(&vec![0; n], reference::Empty::Keep, &few_ways(), &mut bad);
        }
    }
}

fn mean(x: &[f64], weights: Option<&[f64]>) -> f64 {
    let options = Options {
        weights,
        ..Options::default()
    };
    let mut centers = [7.0];
    let points = Points::rows(x, x.len(), 1).unwrap();
    options::update(&points, &vec![0; x.len()], &mut centers, &options).unwrap();
    centers[0]
}

#[test]
fn of_equal_points_is_that_point() {
    for x in [
        0.23,
        0.1,
        1.0 / 3.0,
        -1e120,
        5e-324,
        -5e-324,
        f64::MIN_POSITIVE.next_down(),
        1.0f64.next_down(),
        3e100 / 7.0,
    ] {
        for n in (1..40).chain([1000, 4097]) {
            let points = vec![x; n];
            assert_eq!(mean(&points, None), x, "{n} times {x:e}");
            for w in [0.1, 3.0, 1e-310, 1e60 / 3.0] {
                let weights: Vec<f64> = (0..n).map(|p| w * (1 + p % 3) as f64).collect();
                assert_eq!(mean(&points, Some(&weights)), x, "{n} times {x:e}, {w:e}");
            }
        }
    }
    // With a second cluster that stays empty, such a fit ends.
    let points = [0.23; 10];
    for max_iter in [300, 301] {
        let options = Options {
            max_iter,
            init: Init::Given,
            ..Options::default()
        };
        let points = Points::rows(&points, 10, 1).unwrap();
        let Clustering { report, labels, .. } =
            options::fit_from(&points, &[0.23, 0.23], &options).unwrap();
        assert_eq!(report.stopped_by, StoppedBy::Converged);
        assert_eq!((labels, report.inertia), (vec![0; 10], 0.0));
    }
}

/// However near the points are to one another.
#[test]
fn lies_among_the_points() {
    let mut rng = Rng(3);
    for round in 0..2000 {
        let n = 1 + rng.below(12);
        let kind = COORDINATES[round % COORDINATES.len()];
        let near = kind.1(rng.next());
        let x: Vec<f64> = match round % 2 {
            0 => fill(kind, n, &mut rng),
            _ => (0..n)
                .map(|_| [near, near.next_up(), near.next_down()][rng.below(3)])
                .collect(),
        };
        let weights = weigh(KINDS_OF_WEIGHTS[round % 9], n, &mut rng);
        for weights in [None, Some(&weights[..])] {
            let mean = mean(&x, weights);
            let members = x.iter().enumerate();
            let members = members.filter(|(p, _)| weights.is_none_or(|w| w[*p] > 0.0));
            let members: Vec<f64> = members.map(|(_, &x)| x).collect();
            let least = members.iter().fold(f64::INFINITY, |least, &x| least.min(x));
            let most = members
                .iter()
                .fold(f64::NEG_INFINITY, |most, &x| most.max(x));
            assert!(least <= mean && mean <= most, "{mean:e} of {members:?}");
        }
    }
}

/// A fit of rows and weights, and of as many copies of each row: the same, whatever rounds.
#[test]
fn with_a_weight_of_three_is_of_three_points() {
    let mut rng = Rng(4);
    for (round, kind) in COORDINATES.iter().enumerate() {
        let (n, d, k) = [(20, 1, 3), (60, 2, 7), (150, 5, 9), (90, 17, 8)][round % 4];
        let x = fill(*kind, n * d, &mut rng);
        let weights = fill(("", |r| (1 + r % 5) as f64), n, &mut rng);
        let start = drawn(&x, d, k, &mut rng);
        let weighted = Case::new(kind.0, d, x, start.clone());
        let x = &weighted.x;
        let mut repeated = Vec::new();
        let mut of = Vec::new();
        for p in 0..n {
            for _ in 0..weights[p] as usize {
                repeated.extend_from_slice(&x[p * d..][..d]);
                of.push(p);
            }
        }
        let weighted = weighted.weighted("repeats", weights);
        let repeated = Case::new("repeated", d, repeated, start);
        for way in few_ways() {
            let run = |case: &Case| {
                let stored = Stored::new(&case.x, d, way.copy);
                let options = KEEP.options(case.options(way));
                options::fit_from(&stored.points(), &case.start, &options).unwrap()
            };
            let (once, often) = (run(&weighted), run(&repeated));
            same("centers", &once.centers, &often.centers).unwrap();
            same("inertia", &[once.report.inertia], &[often.report.inertia]).unwrap();
            assert_eq!(once.report.iterations, often.report.iterations);
            let labels: Vec<i32> = of.iter().map(|&p| once.labels[p]).collect();
            assert_eq!(labels, often.labels);
            // In chunks, as of a file or on ranks, too.
            let stream = |case: &Case| {
                let options = KEEP.options(case.options(way));
                let chunks = Chunks::new(case, &options, round as u64);
                let range = chunks.range().unwrap();
                chunks.fit(&range, true).unwrap().unwrap()
            };
            let (once, often) = (stream(&weighted), stream(&repeated));
            same("centers of streams", &once.0, &often.0).unwrap();
            same("inertia of streams", &[once.2.inertia], &[often.2.inertia]).unwrap();
            assert_eq!(once.2.iterations, often.2.iterations);
            let labels: Vec<i32> = of.iter().map(|&p| once.1[p]).collect();
            assert_eq!(labels, often.1);
        }
    }
}

#[test]
fn weights_times_a_power_of_two_change_nothing() {
    let mut rng = Rng(5);
    for (round, of) in KINDS_OF_WEIGHTS.iter().enumerate() {
        if of.0 == "600 decades" {
            // There is no power of two by which these stay what they are.
            continue;
        }
        let (n, d, k) = [(40, 1, 3), (60, 2, 7), (50, 5, 9), (90, 17, 8)][round % 4];
        let x = fill(COORDINATES[round % 3], n * d, &mut rng);
        let start = drawn(&x, d, k, &mut rng);
        let weights = weigh(*of, n, &mut rng);
        let case = Case::new("", d, x, start);
        let run = |exponent: i32| {
            let (half, rest) = (two_to(exponent / 2), two_to(exponent - exponent / 2));
            let weights: Vec<f64> = weights.iter().map(|w| w * half * rest).collect();
            let points = Points::rows(&case.x, n, d).unwrap();
            let options = Options {
                weights: Some(&weights),
                empty: Empty::Keep,
                ..Options::default()
            };
            let found = options::fit_from(&points, &case.start, &options).unwrap();
            (found, half, rest)
        };
        let (one, _, _) = run(0);
        for exponent in [-800, -63, -1, 1, 30, 700, 900] {
            if exponent < 0 && of.0 == "subnormal" {
                continue;
            }
            let (other, half, rest) = run(exponent);
            same("centers", &other.centers, &one.centers).unwrap();
            assert_eq!(other.labels, one.labels);
            assert_eq!(other.report.iterations, one.report.iterations);
            if exponent.abs() < 100 && of.0 != "subnormal" {
                let scaled = one.report.inertia * half * rest;
                same("inertia", &[other.report.inertia], &[scaled]).unwrap();
            }
        }
    }
}

/// Means in the middle between two doubles go to the even one; one unit of weight or one point beside it, to the nearer. Some are
/// subnormal, or lie between the largest of these and the smallest that is not.
#[test]
fn ties_go_to_even() {
    for low in [
        1.0f64,
        0.1,
        1.0f64.next_down(),
        2e10f64.next_up(),
        4e-320,
        5e-324,
        0.0,
        f64::MIN_POSITIVE.next_down(),
        f64::MIN_POSITIVE,
        1e120,
    ] {
        let high = low.next_up();
        let even = if low.to_bits() % 2 == 0 { low } else { high };
        for sign in [1.0, -1.0] {
            let x = [sign * low, sign * high];
            for m in [1.0, 2.0, 3.0, 77.0, 4503599627370497.0, 9007199254740991.0] {
                assert_eq!(mean(&x, Some(&[m, m])), sign * even, "{low:e}, {m}");
                let down = mean(&x, Some(&[m + 1.0, m]));
                let up = mean(&x, Some(&[m, m + 1.0]));
                assert_eq!((down, up), (sign * low, sign * high), "{low:e}, {m}");
                // A weight far below all others is seen.
                let (far, tiny) = (sign * 4.0 * high, 1e-200);
                let up = mean(&[x[0], x[1], far], Some(&[m, m, tiny]));
                assert_eq!(up, sign * high, "{low:e}, {m}, and {far:e}");
            }
            for m in [1, 5, 500] {
                let of = |lows: usize, highs: usize| {
                    let mut points = vec![x[0]; lows];
                    points.resize(lows + highs, x[1]);
                    mean(&points, None)
                };
                assert_eq!(of(m, m), sign * even);
                assert_eq!((of(m + 1, m), of(m, m + 1)), (sign * low, sign * high));
            }
        }
    }
}

#[test]
fn of_what_cancels_is_positive_zero() {
    for (x, weights) in [
        (vec![1e150, -1e150, 5e-324, -5e-324], None),
        (vec![3.0, -1.0], Some(vec![0.1, 0.1 * 3.0])),
        (vec![1e-200, -1e-200], Some(vec![1e-200, 1e-200])),
        (vec![5e-324, -5e-324, 7.0], Some(vec![5e-324, 5e-324, 0.0])),
        (vec![-0.0, -0.0], Some(vec![1e-300, 1.0])),
    ] {
        let mean = mean(&x, weights.as_deref());
        let zero = weights.as_ref().is_none_or(|w| w[0] != 0.1);
        assert_eq!(mean.to_bits() == 0, zero, "{mean:e} of {x:?}");
    }
    // 3 (0.1) - 1 (0.1 times 3, rounded): what rounding added.
    let left = mean(&[3.0, -1.0], Some(&[0.1, 0.1 * 3.0]));
    assert_eq!(left, -6.938893903907227e-17);
}
