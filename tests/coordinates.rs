//! Points of floats and of unsigned bytes: every call on them is that on the same numbers as doubles, bit for bit.

mod harness;
mod options;
mod reference;

use centra::{Algorithm, Clustering, Empty, Error, Points, Status};
use harness::chunks::Chunks;
use harness::data::*;
use harness::*;
use options::{Init, Options};

/// All copies of floats and of bytes.
const NARROW: [usize; 8] = [4, 5, 6, 7, 8, 9, 10, 11];

/// A draw of single precision, or of a byte.
fn float(x: f64) -> f64 {
    f64::from(x as f32)
}

const TINY: f32 = f32::from_bits(1);

/// Kinds of floats, and of bytes.
const KINDS: [Kind; 8] = [
    ("floats", |r| float((BELL.1)(r))),
    ("subnormal floats", |r| f64::from(TINY * (r % 6) as f32)),
    ("floats at the ends", |r| {
        let ends = [
            f32::MAX,
            -f32::MAX,
            TINY,
            -TINY,
            1.0,
            -0.0,
            f32::MIN_POSITIVE,
        ];
        f64::from(ends[(r % 7) as usize])
    }),
    ("floats far off", |r| 16_777_216.0 + 2.0 * (r % 5) as f64),
    ("few values", |r| (r % 4) as f64),
    ("pixels", |r| (r % 256) as f64),
    ("two values", |r| 255.0 * (r % 2) as f64),
    ("dark pixels", |r| (r % 256 * (r / 256 % 5) / 4) as f64),
];

fn case(kind: Kind, n: usize, d: usize, k: usize, rng: &mut Rng) -> Case {
    let x = fill(kind, n * d, rng);
    let start = drawn(&x, d, k, rng);
    Case::new(kind.0, d, x, start)
}

/// Labels, distances, means, inertia and runs are the reference's, next to the sizes of vectors, groups, panels and blocks.
#[test]
fn edge_shapes_equal_the_reference() {
    const EDGES: [usize; 9] = [1, 3, 7, 8, 9, 15, 16, 17, 65];
    let mut rng = Rng(31);
    let mut bad = Bad::default();
    let all = ways(&ISAS, &[1, 3], &NARROW);
    for n in EDGES {
        for d in EDGES {
            let k = EDGES[rng.below(EDGES.len())].min(n);
            for turn in 0..2 {
                let kind = KINDS[rng.below(KINDS.len())];
                let plain = case(kind, n, d, k, &mut rng);
                let plan = [RELOCATE, KEEP][turn].at_most(4);
                // A few of the ways, others in each turn.
                let some: Vec<Way> = all.iter().copied().filter(|_| rng.below(16) == 0).collect();
                plain.check(plan, &some, &mut bad);
                let of = WEIGHTS[rng.below(WEIGHTS.len())];
                plain
                    .weighted(of.0, weigh(of, n, &mut rng))
                    .check(plan, &some, &mut bad);
            }
        }
    }
    assert!(bad.checked > 1000, "{}", bad.checked);
}

/// What a refusal says.
fn refused<T>(result: &Result<T, Error>) -> Option<String> {
    result.as_ref().err().map(ToString::to_string)
}

/// What a fit gives, but for seconds and what it cost.
fn results(clustering: &Clustering) -> (Vec<u64>, &[i32], u64, [i64; 3], String) {
    let report = &clustering.report;
    (
        clustering.centers.iter().map(|x| x.to_bits()).collect(),
        &clustering.labels,
        report.inertia.to_bits(),
        [report.iterations, report.moved, report.empty_clusters],
        format!("{:?}", report.stopped_by),
    )
}

/// Shapes with which every method is used: of few dimensions and many, with a few centers and with many, in several stretches.
const SHAPES: [(usize, usize, usize); 11] = [
    (9001, 1, 9),
    (5000, 2, 5),
    (3000, 3, 64),
    (3000, 8, 16),
    (1100, 9, 12),
    (700, 33, 20),
    (500, 65, 40),
    (400, 129, 33),
    (200, 784, 10),
    (130, 1030, 5),
    (110, 2050, 4),
];

/// Fits from every start, with every algorithm, with and without weights, are those of the same numbers as doubles; so are the starts.
#[test]
fn fits_equal_those_of_doubles() {
    let mut rng = Rng(32);
    for (turn, (n, d, k)) in SHAPES.into_iter().enumerate() {
        for kind in [KINDS[0], KINDS[5], KINDS[1 + turn % 4]] {
            let case = case(kind, n, d, k, &mut rng);
            let weights = weigh(WEIGHTS[turn % WEIGHTS.len()], n, &mut rng);
            let weights =
                (rng.below(3) == 0 && weights.iter().any(|&w| w > 0.0)).then_some(weights);
            let init = [Init::KmeansPlusPlus, Init::Random, Init::Parallel][rng.below(3)];
            let of = |isa, threads, algorithm| Options {
                isa,
                threads,
                algorithm,
                init,
                weights: weights.as_deref(),
                n_init: 1 + (turn % 3 / 2) as u32,
                max_iter: 6,
                seed: turn as u64,
                ..Options::default()
            };
            let doubles = Stored::new(&case.x, d, 0);
            let plain = of(ISAS[0], 1, Algorithm::Lloyd);
            let wanted = options::fit(&doubles.points(), k, &plain);
            let start = options::seed(&doubles.points(), k, &plain);
            for way in ways(&ISAS, &[1, 3], &NARROW) {
                let stored = Stored::new(&case.x, d, way.copy);
                if rng.below(12) > 0 || stored.coordinates() == Type::Doubles {
                    continue;
                }
                let algorithm =
                    [Algorithm::Auto, Algorithm::Hamerly, Algorithm::Lloyd][rng.below(3)];
                let options = of(way.isa, way.threads, algorithm);
                let what = format!(
                    "{} {n}x{d} k={k} {init:?} {algorithm:?} along {way:?}",
                    kind.0
                );
                let got = options::fit(&stored.points(), k, &options);
                match (&got, &wanted) {
                    (Ok(got), Ok(wanted)) => assert!(results(got) == results(wanted), "{what}"),
                    _ => assert_eq!(refused(&got), refused(&wanted), "{what}"),
                }
                let drawn = options::seed(&stored.points(), k, &options);
                match (&drawn, &start) {
                    (Ok(drawn), Ok(start)) => same("start", drawn, start).expect(&what),
                    _ => assert_eq!(refused(&drawn), refused(&start), "{what}"),
                }
            }
        }
    }
}

/// Chunks of all types together, in any order, give what doubles in one place do.
#[test]
fn streams_of_mixed_types_equal_whole_doubles() {
    let mut rng = Rng(33);
    let shapes = [
        (200, 1, 3),
        (150, 3, 8),
        (400, 8, 5),
        (150, 17, 6),
        (90, 40, 4),
        (70, 130, 3),
    ];
    for (turn, (n, d, k)) in shapes.into_iter().cycle().take(24).enumerate() {
        let kind = KINDS[turn % KINDS.len()];
        let mut case = case(kind, n, d, k, &mut rng);
        if turn % 3 == 0 {
            case.weights = Some(weigh(WEIGHTS[1], n, &mut rng));
        }
        let options = Options {
            init: Init::Parallel,
            empty: Empty::Keep,
            isa: ISAS[turn % ISAS.len()],
            threads: 1 + turn % 3,
            weights: case.weights.as_deref(),
            max_iter: 8,
            seed: turn as u64,
            ..Options::default()
        };
        let doubles = Stored::new(&case.x, d, 0);
        let Ok(wanted) = options::fit(&doubles.points(), k, &options) else {
            continue;
        };
        let start = options::seed(&doubles.points(), k, &options).expect("as the fit");
        let chunks = Chunks::new(&case, &options, turn as u64);
        let range = chunks.range().expect("a range");
        let drawn = chunks.seed(&range, turn % 2 == 0).expect("a start");
        same("start", &drawn, &start).expect(kind.0);
        let from = Case {
            start,
            ..case.clone()
        };
        let chunks = Chunks::new(&from, &options, turn as u64);
        let (centers, labels, state) = chunks.fit(&range, true).expect("chunks").expect("a step");
        same("centers", &centers, &wanted.centers).expect(kind.0);
        equal("labels", &labels, &wanted.labels).expect(kind.0);
        assert_eq!(
            state.inertia.to_bits(),
            wanted.report.inertia.to_bits(),
            "{}",
            kind.0
        );
    }
}

/// What is not finite is refused with the same words, at the same place.
#[test]
fn refusals_name_the_same_place() {
    let (n, d, k) = (60, 3, 4);
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut case = case(KINDS[0], n, d, k, &mut Rng(34));
        case.x[41 * d + 2] = bad;
        let labels = vec![0; n];
        let mut details = Vec::new();
        for copy in 0..2 * PLACES {
            let stored = Stored::new(&case.x, d, copy);
            let points = stored.points();
            let options = Options::default();
            let mut centers = case.start.clone();
            let errors = [
                options::fit(&points, k, &options).err(),
                options::assign(&points, &case.start, &options).err(),
                options::update(&points, &labels, &mut centers, &options).err(),
                options::seed(&points, k, &options).err(),
                options::inertia(&points, &case.start, &labels, &options).err(),
            ];
            for error in errors {
                let error = error.expect("refused");
                assert_eq!(error.status(), Status::NonFinite);
                details.push(error.detail().to_string());
            }
        }
        assert!(
            details[0].ends_with("at row 41, dimension 2"),
            "{}",
            details[0]
        );
        assert!(
            details.iter().all(|detail| *detail == details[0]),
            "{details:?}"
        );
    }
}

/// Floats are never too large or too near together, and bytes are never refused.
#[test]
fn no_finite_numbers_are_out_of_range() {
    let tiny = [0.0, TINY, 2.0 * TINY, 5.0 * TINY];
    let large = [f32::MAX, -f32::MAX, 0.0, 1.0];
    for x in [tiny, large] {
        let points = Points::rows(&x, 4, 1).expect("points");
        let wide = x.map(f64::from);
        let doubles = Points::rows(&wide, 4, 1).expect("points");
        let options = Options::default();
        let got = options::fit(&points, 2, &options).expect("a fit");
        assert!(results(&got) == results(&options::fit(&doubles, 2, &options).expect("a fit")));
        assert!(got.report.inertia > 0.0);
    }
}
