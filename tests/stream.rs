//! Chunks, in any number and order, reduced in any way, give the fit of all points in one array, bit for bit.

mod harness;
mod options;
mod reference;

use centra::streams::{State, Wanted, MASSES};
use centra::{Error, Points, Status};
use harness::chunks::Chunks;
use harness::data::*;
use harness::*;
use options::stream::{self, Stream};
use options::{Init, Options};
use proptest::prelude::{any, TestCaseError};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// The case in random chunks, along a way, against the oracle.
fn check(case: &Case, plan: Plan, way: Way, seed: u64) -> Result<(), String> {
    let options = plan.options(case.options(way));
    let chunks = Chunks::new(case, &options, seed);
    let range = chunks.range()?;
    for compare in [false, true] {
        let got = chunks.fit(&range, compare)?;
        let Some(want) = case.oracle(plan) else {
            require(got == Err(Status::Empty as i32), || {
                format!("{got:?}, and a cluster was empty")
            })?;
            continue;
        };
        let (centers, labels, state) = got.map_err(|status| format!("{status:?}"))?;
        same("centers", &centers, &want.centers)?;
        equal("labels", &labels, &want.labels)?;
        same("inertia", &[state.inertia], &[want.inertia])?;
        equal("empty", &[state.empty_clusters], &[want.empty_clusters])?;
        if compare {
            let got = (state.stopped_by, state.iterations, state.moved);
            let expected = (Some(stop(want.stopped_by)), want.iterations, want.moved);
            require(got == expected, || format!("{got:?}, not {expected:?}"))?;
        } else {
            require(state.iterations <= want.iterations, || {
                format!("{} iterations, not {}", state.iterations, want.iterations)
            })?;
        }
    }
    Ok(())
}

/// Seeding in random chunks against the same at once.
fn check_seed(case: &Case, way: Way, seed: u64) -> Result<(), String> {
    let options = Options {
        init: Init::Parallel,
        seed,
        ..case.options(way)
    };
    let all = Points::rows(&case.x, case.n(), case.d).map_err(refusal)?;
    let want = options::seed(&all, case.k(), &options).map_err(refusal)?;
    let chunks = Chunks::new(case, &options, seed);
    let range = chunks.range()?;
    for keep in [false, true] {
        let got = chunks.seed(&range, keep)?;
        same(
            if keep {
                "seeds by kept distances"
            } else {
                "seeds"
            },
            &got,
            &want,
        )?;
    }
    Ok(())
}

fn case(kind: Kind, (n, d, k): (usize, usize, usize), weights: usize, rng: &mut Rng) -> Case {
    let x = fill(kind, n * d, rng);
    let start = drawn(&x, d, k, rng);
    let plain = Case::new(kind.0, d, x, start);
    match WEIGHTS.get(weights) {
        Some(of) => plain.weighted(of.0, weigh(*of, n, rng)),
        None => plain,
    }
}

/// Hundreds of splits of small inputs of every kind.
#[test]
fn any_split_of_anything() {
    let config = Config {
        cases: 600,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let shape = (1..40usize, 1..19usize, 1..9usize);
    let strategy = (
        shape,
        0..KINDS.len(),
        0..2 * WEIGHTS.len(),
        0..4usize,
        any::<u64>(),
    );
    let result = runner.run(&strategy, |((n, d, k), kind, weights, plan, seed)| {
        let mut rng = Rng(seed);
        let case = case(KINDS[kind], (n, d, k.min(n)), weights, &mut rng);
        let tolerant = Plan { tol: 0.5, ..KEEP };
        let plan = [RELOCATE, KEEP, ERROR, tolerant][plan].at_most(rng.below(20) as i64);
        let ways = all_ways();
        let way = ways[rng.below(ways.len())];
        check(&case, plan, way, rng.next())
            .and_then(|()| check_seed(&case, way, rng.next()))
            .map_err(|e| TestCaseError::fail(format!("{} along {way:?}: {e}", case.name)))
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// A point whose term is too small to move a mean, but for the sign of its zero, changes its label.
#[test]
fn a_zero_that_changes_its_sign_moves() {
    let points = vec![-2.4, -1.0, 1.0, -1.25];
    let weights = vec![1.0, 1.0, 1.0, 5e-324];
    let case = Case::new("signs", 1, points, vec![-2.6, 0.0]).weighted("least", weights);
    for way in few_ways() {
        check(&case, KEEP, way, 1).unwrap();
    }
}

/// Enough points for several blocks and threads, sums by slabs among them; around the sizes of blocks and panels.
#[test]
fn splits_of_many_points() {
    let mut rng = Rng(8);
    let mut bad = Bad::default();
    let shapes = [
        (3000, 2, 10),
        (2047, 3, 17),
        (4099, 8, 16),
        (1000, 15, 33),
        (700, 64, 40),
        (130, 200, 9),
    ];
    for (turn, &(n, d, k)) in shapes.iter().enumerate() {
        let x = blobs(n, d, k, &mut rng);
        let start = distinct(&x, d, k, &mut rng);
        let plain = Case::new("blobs", d, x, start);
        let weighted = plain.weighted("uniform", weigh(WEIGHTS[0], n, &mut rng));
        let wide = case(KINDS[13], (n, d, k), WEIGHTS.len(), &mut rng);
        for case in [plain, weighted, wide] {
            for way in few_ways() {
                let seed = rng.next();
                let plan = KEEP.at_most(4 + turn as i64);
                let result =
                    check(&case, plan, way, seed).and_then(|()| check_seed(&case, way, seed));
                bad.note(
                    || format!("{} ({n}, {d}, {k}) along {way:?}", case.name),
                    result,
                );
            }
        }
    }
}

/// Sums of 2^40 points: those of 2^20, 2^20 times. Their means are the same.
#[test]
fn as_many_points_as_can_be() {
    let mut rng = Rng(3);
    for (kind, weights) in [(0, 9), (2, 0), (13, 9), (16, 4)] {
        let (n, d, k, times) = (1 << 12, 3, 5, 1i64 << 28);
        let case = case(KINDS[kind], (n, d, k), weights, &mut rng);
        let points = Points::rows(&case.x, n, d).unwrap();
        let options = Options {
            weights: case.weights.as_deref(),
            ..Options::default()
        };
        let mut range = vec![0; stream::range_length(d).unwrap()];
        stream::range(&points, &options, &mut range).unwrap();
        let stream = Stream::new(1 << 40, d, k, &range).unwrap();
        let mut sums = vec![0; stream.sums_length().unwrap()];
        let wanted = Wanted::default().inertia(true);
        let mut labels = vec![0; n];
        let all = Some(&mut labels[..]);
        stream::sums(
            &stream,
            &points,
            &options,
            &case.start,
            all,
            wanted,
            &mut sums,
        )
        .unwrap();
        for sum in &mut sums {
            *sum = sum.checked_mul(times).expect("no sum overflows");
        }
        let mut got = case.start.clone();
        stream::means(&stream, &sums, &mut got, None).unwrap();
        let weights = case.weights.as_deref();
        let keep = reference::Empty::Keep;
        let (want, _) =
            reference::means(&case.x, d, weights, &labels, &case.start, keep).expect("no refusal");
        same(&case.name, &got, &want).unwrap();
    }
}

/// What a chunk needs does not depend on how many chunks there are.
#[test]
fn memory_does_not_grow_with_the_total() {
    for init in [Init::KmeansPlusPlus, Init::Parallel] {
        let options = Options {
            init,
            ..Options::default()
        };
        let bytes = |n, total| stream::workspace_size(n, total, 16, 64, &options).unwrap();
        let few = bytes(1000, 1000);
        for total in [1 << 20, 1 << 30, 1 << 40] {
            assert!(bytes(1000, total) <= 2 * few, "{total}");
            assert!(bytes(1000, total) >= bytes(1, total));
        }
    }
}

/// Chunks that are not as they were promised to be, whichever way they are labelled: numbers that are none, or far out of the range, among
/// others or alone, are refused, and nothing is written.
#[test]
fn broken_promises_are_refused_whatever_labels() {
    let mut rng = Rng(31);
    let bad = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        1e300,
        -1e300,
        -1e160,
        1e40,
    ];
    let shapes =
        [1, 2, 3, 5, 8, 9, 16, 17, 32, 40, 129].map(|d| [2, 3, 9, 33, 200].map(|k| (d, k)));
    for (turn, &(d, k)) in shapes.as_flattened().iter().enumerate() {
        let n = k + 40;
        let x: Vec<f64> = (0..n * d).map(|_| rng.below(1000) as f64 / 8.0).collect();
        let options = Options {
            threads: 1 + turn % 2,
            isa: ISAS[turn % ISAS.len()],
            ..Options::default()
        };
        let points = Points::rows(&x, n, d).unwrap();
        let mut range = vec![0; 3 * (d + 1)];
        stream::range(&points, &options, &mut range).unwrap();
        let stream = Stream::new(n, d, k, &range).unwrap();
        let nothing = vec![0i64; stream.sums_length().unwrap()];
        let start = &x[..k * d];
        for (b, &value) in bad.iter().enumerate() {
            let mut broken = x.clone();
            match (turn + b) % 3 {
                0 => broken[rng.below(n * d)] = value,
                1 => broken[rng.below(n) * d..][..d].fill(value),
                _ => broken.fill(value),
            }
            let points = Points::rows(&broken, n, d).unwrap();
            let (mut sums, mut labels) = (nothing.clone(), vec![1; n]);
            let wanted = Wanted::default().inertia(b % 2 == 0).moved(true);
            let all = Some(&mut labels[..]);
            let result = stream::sums(&stream, &points, &options, start, all, wanted, &mut sums);
            let status = result.unwrap_err().status();
            let right = if value.is_finite() {
                Status::Range
            } else {
                Status::NonFinite
            };
            assert_eq!(status, right, "d {d}, k {k}, {value}");
            assert_eq!(
                (labels, &sums),
                (vec![1; n], &nothing),
                "d {d}, k {k}, {value}"
            );
        }
    }
}

/// Refused, and nothing written.
#[test]
fn broken_promises_are_refused() {
    let x = [1.0, 2.0, 3.0, 10.0, 11.0, 12.0];
    let points = Points::rows(&x, 6, 1).unwrap();
    let options = Options::default();
    let mut range = vec![0; 6];
    stream::range(&points, &options, &mut range).unwrap();
    let stream = Stream::new(6, 1, 2, &range).unwrap();
    let nothing = vec![0i64; stream.sums_length().unwrap()];
    let wanted = Wanted::default().inertia(true).moved(true);
    let attempt = |x: &[f64], weights: Option<&[f64]>, sums: &mut [i64]| {
        let options = Options {
            weights,
            ..Options::default()
        };
        let points = Points::rows(x, x.len(), 1).unwrap();
        let mut labels = vec![1; x.len()];
        let start = [1.0, 2.0];
        let all = Some(&mut labels[..]);
        let result = stream::sums(&stream, &points, &options, &start, all, wanted, sums);
        if result.is_err() {
            assert_eq!(labels, vec![1; x.len()]);
        }
        result
    };
    let ones = [1.0; 2];
    type Broken<'a> = (&'a [f64], Option<&'a [f64]>, Status, &'a str);
    let cases: [Broken; 6] = [
        (
            &[1.0, 16.0],
            None,
            Status::Range,
            "points: 16 at row 1, dimension 0 is not in the range",
        ),
        (
            &[1.5],
            None,
            Status::Range,
            "points: 1.5 at row 0, dimension 0 is not in the range",
        ),
        (
            &[1.0, f64::NAN],
            None,
            Status::NonFinite,
            "points: NaN at row 1, dimension 0",
        ),
        (
            &[1.0, f64::NEG_INFINITY],
            None,
            Status::NonFinite,
            "points: -infinity at row 1, dimension 0",
        ),
        (
            &[1.0, 2.0],
            Some(&ones),
            Status::Weights,
            "weights: given, but the range has no positive weight",
        ),
        (
            &[1.0; 7],
            None,
            Status::Shape,
            "points: 7 and 0 before do not fit total = 6",
        ),
    ];
    for (x, weights, status, detail) in cases {
        let mut sums = nothing.clone();
        let error = attempt(x, weights, &mut sums).unwrap_err();
        assert_eq!((error.status(), error.detail()), (status, detail));
        assert_eq!(sums, nothing);
    }
    let mut sums = nothing.clone();
    attempt(&x[..4], None, &mut sums).unwrap();
    let some = sums.clone();
    let error = attempt(&x[..3], None, &mut sums).unwrap_err();
    assert_eq!(
        error.detail(),
        "points: 3 and 4 before do not fit total = 6"
    );
    assert_eq!(sums, some);

    let (mut centers, mut state) = ([1.0, 2.0], State::default());
    let error = stream::step(&stream, &some, &options, &mut centers, &mut state).unwrap_err();
    assert_eq!(
        error.detail(),
        "sums: the counts add up to 4, but total = 6"
    );
    let error = stream::means(&stream, &some, &mut centers, None).unwrap_err();
    assert_eq!(error.status(), Status::Shape);
    assert_eq!((centers, state.iterations), ([1.0, 2.0], 0));

    for (total, d, k, range) in [
        (0, 1, 1, &range[..]),
        (6, 1, 7, &range[..]),
        (6, 1, 0, &range[..]),
        (6, 2, 2, &range[..]),
        (1 << 41, 1, 2, &range[..]),
    ] {
        let error = Stream::new(total, d, k, range).unwrap_err();
        assert_eq!(error.status(), Status::Shape, "{error:?}");
    }
    // Whole numbers up to 12, which is 1.5 times 2^3.
    const TWELVE: i32 = 0x4028_0000;
    const ONE: i32 = 0x3ff0_0000;
    let (three, whole) = (1075 + 3, 1024);
    assert_eq!(range, [TWELVE, three, whole, 0, 0, 0]);
    for bad in [
        [5, 3, 0, 0, 0, 0],
        [-1, 3, 3, 0, 0, 0],
        [0x7fe0_0000, 2090, 1, 0, 0, 0],
        // No number, bits of no terms, terms beyond the magnitude or far below, bits above the terms.
        [0x7ff8_0000, three, whole, 0, 0, 0],
        [i32::MAX, three, whole, 0, 0, 0],
        [TWELVE, 0, whole, 0, 0, 0],
        [0, three, whole, 0, 0, 0],
        [TWELVE, three + 1, whole, 0, 0, 0],
        [TWELVE, three - 1, whole, 0, 0, 0],
        [TWELVE, three, whole - 4, 0, 0, 0],
        [TWELVE, three, 2100, 0, 0, 0],
        // Weights of no terms, weights that are no number, and terms beyond the products.
        [TWELVE, three, whole, ONE, 0, 0],
        [TWELVE, three, whole, i32::MIN, 1075, whole],
        [TWELVE, three + 2, whole, ONE, 1075, whole],
        [0, three, whole, ONE, 1075, whole],
    ] {
        let error = Stream::new(6, 1, 2, &bad).unwrap_err();
        assert_eq!(error.status(), Status::Range, "{bad:?}: {error:?}");
        let mut widened = bad;
        let error = stream::range(&points, &options, &mut widened);
        // What is too far is only known of all points.
        if bad[0] != 0x7fe0_0000 || bad[1] != 2090 {
            assert_eq!(error.unwrap_err().status(), Status::Range, "{bad:?}");
            assert_eq!(widened, bad);
        }
    }
    let heavy = [1.0; 6];
    let weighted = Options {
        weights: Some(&heavy),
        ..Options::default()
    };
    let mut other = range.clone();
    let error = stream::range(&points, &weighted, &mut other).unwrap_err();
    assert_eq!(error.status(), Status::Weights);
    let mut other = vec![0; 6];
    stream::range(&points, &weighted, &mut other).unwrap();
    let error = stream::range(&points, &options, &mut other).unwrap_err();
    assert_eq!(error.status(), Status::Weights);
}

/// The sums of some points of a case that are one after the other, on top of others; and their masses, if these are given.
fn add(
    stream: &Stream,
    case: &Case,
    (from, to): (usize, usize),
    threads: usize,
    (sums, masses): (&mut [i64], Option<&mut [i64]>),
) -> Result<(), Error> {
    let d = case.d;
    let points = Points::rows(&case.x[from * d..to * d], to - from, d)?;
    let options = Options {
        threads,
        weights: case.weights.as_deref().map(|w| &w[from..to]),
        ..Options::default()
    };
    let wanted = Wanted::default().inertia(true);
    if let Some(masses) = masses {
        stream::masses(stream, &points, &options, &case.start, None, masses)?;
    }
    stream::sums(stream, &points, &options, &case.start, None, wanted, sums)
}

/// Whatever the threads, the chunks and their order, the calls of one process leave the same integers, the digits of the inertia
/// among them; also on top of digits that were not carried (L35).
#[test]
fn the_same_points_leave_the_same_integers() {
    let mut rng = Rng(41);
    let (n, d, k) = (4000, 8, 64);
    for (kind, weights) in [(0, 99), (2, 0), (13, 1), (28, 99)] {
        let case = case(KINDS[kind], (n, d, k), weights, &mut rng);
        let all = Points::rows(&case.x, n, d).unwrap();
        let options = Options {
            weights: case.weights.as_deref(),
            ..Options::default()
        };
        let mut range = vec![0; stream::range_length(d).unwrap()];
        stream::range(&all, &options, &mut range).unwrap();
        let stream = Stream::new(n, d, k, &range).unwrap();
        let nothing = vec![0; stream.sums_length().unwrap()];
        let (mut want, mut mass) = (nothing.clone(), vec![0; MASSES]);
        let to = (&mut want[..], Some(&mut mass[..]));
        add(&stream, &case, (0, n), 1, to).unwrap();
        for (threads, pieces) in [(2, 1), (3, 1), (16, 1), (2, 2), (1, 3), (3, 40), (1, 300)] {
            let mut cuts: Vec<usize> = (0..pieces - 1).map(|_| rng.below(n)).collect();
            cuts.extend([0, n]);
            cuts.sort();
            cuts.dedup();
            let mut ends: Vec<_> = cuts.windows(2).map(|pair| (pair[0], pair[1])).collect();
            for i in (1..ends.len()).rev() {
                ends.swap(i, rng.below(i + 1));
            }
            // One after the other; and the last one on top of the element-wise sum of the others.
            let (mut one, mut masses) = (nothing.clone(), vec![0; MASSES]);
            let mut joined = nothing.clone();
            let last = ends.len() - 1;
            for (i, &piece) in ends.iter().enumerate() {
                let to = (&mut one[..], Some(&mut masses[..]));
                add(&stream, &case, piece, threads, to).unwrap();
                if i < last {
                    let mut apart = nothing.clone();
                    add(&stream, &case, piece, threads, (&mut apart, None)).unwrap();
                    for (sum, more) in joined.iter_mut().zip(apart) {
                        *sum += more;
                    }
                } else {
                    add(&stream, &case, piece, threads, (&mut joined, None)).unwrap();
                }
            }
            let name = format!("{}, {threads} threads, {pieces} chunks", case.name);
            assert!(one == want, "{name}, one after the other");
            assert!(joined == want, "{name}, joined");
            assert!(masses == mass, "{name}, masses");
        }
    }
}

/// As many sums as may be joined, 2^30: those of 2^10 points, added to themselves 30 times (L35).
#[test]
fn as_many_sums_as_may_be_joined() {
    let mut rng = Rng(17);
    for (kind, weights) in [(0, 99), (2, 0), (13, 99), (28, 1)] {
        let (n, d, k) = (1 << 10, 3, 5);
        let case = case(KINDS[kind], (n, d, k), weights, &mut rng);
        let points = Points::rows(&case.x, n, d).unwrap();
        let options = Options {
            weights: case.weights.as_deref(),
            empty: centra::Empty::Keep,
            ..Options::default()
        };
        let mut range = vec![0; stream::range_length(d).unwrap()];
        stream::range(&points, &options, &mut range).unwrap();
        let stream = Stream::new(1 << 40, d, k, &range).unwrap();
        let mut sums = vec![0i64; stream.sums_length().unwrap()];
        add(&stream, &case, (0, n), 1, (&mut sums, None)).unwrap();
        for _ in 0..30 {
            for sum in &mut sums {
                *sum = sum.checked_add(*sum).expect("no sum overflows");
            }
        }
        let labels = options::assign(&points, &case.start, &options).unwrap();
        let inertia = options::inertia(&points, &case.start, &labels, &options).unwrap();
        let (mut centers, mut state) = (case.start.clone(), State::default());
        stream::step(&stream, &sums, &options, &mut centers, &mut state).unwrap();
        same(&case.name, &[state.inertia], &[inertia * two_to(30)]).unwrap();
        // Once more is more than all points.
        for sum in &mut sums {
            *sum = sum.wrapping_add(*sum);
        }
        let before = (centers.clone(), state);
        let error = stream::step(&stream, &sums, &options, &mut centers, &mut state).unwrap_err();
        assert_eq!(error.status(), Status::Shape);
        assert_eq!((centers, state), before);
    }
}

/// The number that a refusal of a point names.
fn named(detail: &str) -> Option<f64> {
    let (number, _) = detail.strip_prefix("points: ")?.split_once(" at ")?;
    number.parse().ok()
}

/// A bit below the lowest of the range is found wherever the range lies, and however small the coordinate is (L36).
#[test]
fn bits_below_the_range_are_found() {
    let mut rng = Rng(6);
    let mut bad = Bad::default();
    let dims = (1..10).chain([12, 15, 16, 17, 24, 31, 33, 64, 65]);
    for d in dims {
        for turn in 0..12 {
            let (n, k) = (50, 2);
            // Multiples of 2^low, below 2^(low + width).
            let low = rng.below(1540) as i32 - 1070;
            let width = 1 + rng.below(50.min(480 - low) as usize) as i32;
            let unit = two_to(low);
            let mut x: Vec<f64> = (0..n * d)
                .map(|_| (rng.next() >> (64 - width)) as f64 * unit)
                .collect();
            x[..d].fill(unit);
            let weights = (turn % 3 == 0).then(|| vec![1.0; n]);
            let mut case = Case::new("multiples", d, x, vec![unit; k * d]);
            case.weights = weights;
            let options = Options {
                weights: case.weights.as_deref(),
                ..Options::default()
            };
            let mut range = vec![0; stream::range_length(d).unwrap()];
            let points = Points::rows(&case.x, n, d).unwrap();
            stream::range(&points, &options, &mut range).unwrap();
            let stream = Stream::new(n, d, k, &range).unwrap();
            let nothing = vec![0i64; stream.sums_length().unwrap()];
            for way in least_ways() {
                let at = d + rng.below((n - 1) * d);
                let mut x = case.x.clone();
                // A lower bit, of a number as large as the others or a smaller one; or all is well.
                let fine = rng.below((low + 1074) as usize + 1) as i32;
                let finer = match rng.below(3) {
                    0 => unit / 2.0,
                    1 => two_to(fine - 1074),
                    _ => 0.0,
                };
                let sound = finer == 0.0 || finer >= unit;
                if !sound {
                    let sum = x[at] + finer;
                    let near = sum - x[at] == finer && rng.below(2) == 0;
                    x[at] = if near { sum } else { -finer };
                }
                let stored = Stored::new(&x, d, way.copy);
                let mut sums = nothing.clone();
                let (points, options) = (stored.points(), case.options(way));
                let wanted = Wanted::default();
                let start = &case.start;
                let got = stream::sums(&stream, &points, &options, start, None, wanted, &mut sums);
                let place = format!("at row {}, dimension {} is not", at / d, at % d);
                let result = match got {
                    Ok(()) if sound => Ok(()),
                    Err(error)
                        if !sound
                            && error.detail().contains(&place)
                            && named(error.detail()) == Some(x[at]) =>
                    {
                        require(sums == nothing, || "sums were written".into())
                    }
                    other => Err(format!("{other:?} for {place}, lowest bit {unit:e}")),
                };
                bad.note(|| format!("d {d} along {way:?}"), result);
            }
        }
    }
}

/// What a fit accepts, streams accept, and what it refuses they refuse, to the last bit of magnitudes and weights.
#[test]
fn limits_are_those_of_a_fit() {
    let accept = |x: f64, w: Option<f64>, (n, d): (usize, usize)| {
        let points = vec![x; n * d];
        let weights = w.map(|w| vec![w; n]);
        let points = Points::rows(&points, n, d).unwrap();
        let options = Options {
            weights: weights.as_deref(),
            ..Options::default()
        };
        let center = vec![x; d];
        let fit = options::fit_from(&points, &center, &options).map(|_| ());
        let mut range = vec![0; stream::range_length(d).unwrap()];
        stream::range(&points, &options, &mut range).unwrap();
        let streamed = Stream::new(n, d, 1, &range).and_then(|stream| {
            let mut sums = vec![0; stream.sums_length()?];
            let wanted = Wanted::default();
            stream::sums(&stream, &points, &options, &center, None, wanted, &mut sums)
        });
        assert_eq!(
            fit.is_ok(),
            streamed.is_ok(),
            "{x:e} {w:?} {n}x{d}: {fit:?} {streamed:?}"
        );
        fit.is_ok()
    };
    // The largest number that is accepted, and its neighbours.
    let last = |accepts: &dyn Fn(f64) -> bool| {
        let (mut good, mut off) = (two_to(-20).to_bits(), two_to(1022).to_bits());
        assert!(accepts(f64::from_bits(good)) && !accepts(f64::from_bits(off)));
        while off - good > 1 {
            let middle = good + (off - good) / 2;
            *(if accepts(f64::from_bits(middle)) {
                &mut good
            } else {
                &mut off
            }) = middle;
        }
        for shift in [0, 1, 20, 31, 32, 33, 40] {
            for bits in [good - (1 << shift), good + (1 << shift)] {
                accepts(f64::from_bits(bits));
            }
        }
        f64::from_bits(good)
    };
    for shape in [(1, 1), (2, 1), (3, 2), (5, 7), (1, 8), (2, 9), (7, 17)] {
        let x = last(&|x| accept(x, None, shape));
        assert!(x > two_to(500) && x < two_to(510), "{x:e}");
        last(&|x| accept(x, Some(0.7), shape));
        last(&|w| accept(1.0, Some(w), shape));
        last(&|w| accept(1e-200, Some(w), shape));
        last(&|w| accept(0.9 * x, Some(w * two_to(-510)), shape));
    }
}

/// A workspace for many points is one for fewer, whose threads have smaller blocks or are fewer.
#[test]
fn what_suffices_for_many_points_suffices_for_fewer() {
    let (total, d, k) = (1 << 20, 16, 50);
    let x: Vec<f64> = (0..1687 * d).map(|i| (i * 7919 % 1009) as f64).collect();
    let mut range = vec![0; stream::range_length(d).unwrap()];
    let all = Points::rows(&x, 1687, d).unwrap();
    stream::range(&all, &Options::default(), &mut range).unwrap();
    let stream = Stream::new(total, d, k, &range).unwrap();
    for threads in [1, 2, 3, 8] {
        let options = Options {
            threads,
            ..Options::default()
        };
        let bytes = stream::workspace_size(1687, total, d, k, &options).unwrap();
        let mut space = Workspace::default();
        for n in [
            1, 47, 48, 700, 800, 818, 819, 820, 1000, 1500, 1587, 1637, 1638, 1639, 1687,
        ] {
            let points = Points::rows(&x, n, d).unwrap();
            let mut sums = vec![0; stream.sums_length().unwrap()];
            let wanted = Wanted::default();
            let centers = &x[..k * d];
            space
                .run(bytes, |w| {
                    let result = stream::sums_into(
                        &stream, &points, &options, centers, None, wanted, &mut sums, w,
                    );
                    result.unwrap_or_else(|error| panic!("{n} points, {threads} threads: {error}"));
                })
                .unwrap();
        }
    }
}

/// One coordinate that is too large, too fine, or no number, wherever it is, is named.
#[test]
fn a_bad_coordinate_anywhere_is_found() {
    let mut rng = Rng(5);
    let mut bad = Bad::default();
    for d in (1..20).chain([31, 32, 33, 64, 65, 100]) {
        let (n, k) = (120, 3);
        let x: Vec<f64> = (0..n * d).map(|_| rng.below(9) as f64).collect();
        let case = Case::new("whole numbers", d, x, vec![1.0; k * d]);
        let mut range = vec![0; stream::range_length(d).unwrap()];
        let points = Points::rows(&case.x, n, d).unwrap();
        stream::range(&points, &Options::default(), &mut range).unwrap();
        let stream = Stream::new(n, d, k, &range).unwrap();
        for spoilt in [
            16.0,
            -16.0,
            0.5,
            -3.5,
            1e-300,
            f64::NAN,
            f64::INFINITY,
            1e300,
        ] {
            for way in least_ways() {
                let at = rng.below(n * d);
                let mut x = case.x.clone();
                x[at] = spoilt;
                let stored = Stored::new(&x, d, way.copy);
                let mut sums = vec![0; stream.sums_length().unwrap()];
                let wanted = Wanted::default();
                let (points, options) = (stored.points(), case.options(way));
                let got = stream::sums(
                    &stream,
                    &points,
                    &options,
                    &case.start,
                    None,
                    wanted,
                    &mut sums,
                );
                let place = format!("at row {}, dimension {}", at / d, at % d);
                let result = match got {
                    Err(error) if error.detail().contains(&place) => Ok(()),
                    other => Err(format!("{other:?} for {spoilt:e} {place}")),
                };
                let untouched = sums.iter().all(|&sum| sum == 0);
                let result = result.and(require(untouched, || "sums were written".into()));
                bad.note(|| format!("d {d} along {way:?}"), result);
            }
        }
    }
}

/// Points are labelled before it is known that they are in the range: by whatever kernel, any numbers are refused alike.
#[test]
fn any_numbers_can_be_labelled() {
    let shapes = [
        (1, 2),
        (1, 40),
        (2, 3),
        (8, 16),
        (20, 5),
        (200, 40),
        (200, 300),
    ];
    for ((d, k), isa) in shapes
        .into_iter()
        .flat_map(|shape| ISAS.map(|isa| (shape, isa)))
    {
        let n = 400;
        let mut x: Vec<f64> = (0..n * d).map(|i| (i * 7919 % 1009) as f64).collect();
        let centers = x[..k * d].to_vec();
        let options = Options {
            isa,
            ..Options::default()
        };
        let mut range = vec![0; stream::range_length(d).unwrap()];
        let points = Points::rows(&x, n, d).unwrap();
        stream::range(&points, &options, &mut range).unwrap();
        let stream = Stream::new(n, d, k, &range).unwrap();
        let mut sums = vec![0i64; stream.sums_length().unwrap()];
        let nothing = sums.clone();
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, -1e30] {
            for p in [0, n - 1, n / 2] {
                x[p * d..][..d].fill(bad);
            }
            for all in [false, true] {
                let from = if all { 0 } else { n / 2 };
                let mut broken = x.clone();
                if all {
                    broken.fill(bad);
                }
                let points = Points::rows(&broken[from * d..], n - from, d).unwrap();
                let wanted = Wanted::default();
                let result = stream::sums(
                    &stream, &points, &options, &centers, None, wanted, &mut sums,
                );
                let detail = result.unwrap_err().to_string();
                assert!(
                    detail.contains("at row 0, dimension 0"),
                    "{d} {k} {bad}: {detail}"
                );
                assert_eq!(sums, nothing);
            }
        }
    }
}

/// Of so many clusters only some threads have sums, which follow the labels.
#[test]
fn the_same_points_leave_the_same_integers_of_many_clusters() {
    let mut rng = Rng(42);
    let (n, d, k) = (3000, 3, 2500);
    for weights in [99, 1] {
        let case = case(KINDS[2], (n, d, k), weights, &mut rng);
        let all = Points::rows(&case.x, n, d).unwrap();
        let options = Options {
            weights: case.weights.as_deref(),
            ..Options::default()
        };
        let mut range = vec![0; stream::range_length(d).unwrap()];
        stream::range(&all, &options, &mut range).unwrap();
        let stream = Stream::new(n, d, k, &range).unwrap();
        let nothing = vec![0; stream.sums_length().unwrap()];
        let mut want = nothing.clone();
        add(&stream, &case, (0, n), 1, (&mut want, None)).unwrap();
        for threads in [4, 16] {
            let mut sums = nothing.clone();
            for piece in [(0, 1700), (1700, n)] {
                add(&stream, &case, piece, threads, (&mut sums, None)).unwrap();
            }
            assert!(sums == want, "{}, {threads} threads", case.name);
        }
    }
}
