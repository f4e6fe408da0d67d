//! What is refused: by which status, with a detail that names the place, and with every output as it was.

mod harness;
mod options;
mod reference;

use centra::{Error, Layout, Points, Status};
use harness::data::*;
use harness::*;
use options::{Init, Options};

/// What every call says to the same input. A refusal must leave the outputs as they were.
fn all_calls(
    points: &Points,
    case: &Case,
    options: &Options,
) -> Vec<(&'static str, Result<(), Error>)> {
    let (n, k) = (points.n(), case.k());
    let zeros = vec![0; n];
    let mut results = Vec::new();
    let mut centers = case.start.clone();
    let mut labels = vec![-7; n];
    let mut sqdist = vec![-7.0; n];
    let mut counts = vec![-7; k];
    let mut space = Workspace::default();
    let size = options::workspace_size(n, case.d, k, options).unwrap();
    for init in [Init::Given, Init::KmeansPlusPlus, Init::Random] {
        let options = Options {
            init,
            ..options.clone()
        };
        let name = ["fit from given", "fit"][usize::from(init != Init::Given)];
        let fit = |w: &mut [u8]| {
            options::fit_into(points, &options, &mut centers, Some(&mut labels), w).map(|_| ())
        };
        results.push((name, space.run(size, fit).unwrap()));
        if init != Init::Given {
            results.push((
                "seed",
                space
                    .run(size, |w| {
                        options::seed_into(points, &options, &mut centers, w)
                    })
                    .unwrap(),
            ));
        }
    }
    let update = |w: &mut [u8]| {
        options::update_into(points, &zeros, options, &mut centers, Some(&mut counts), w)
    };
    results.push(("update", space.run(size, update).unwrap()));
    let assign = |w: &mut [u8]| {
        options::assign_into(
            points,
            &case.start,
            options,
            &mut labels,
            Some(&mut sqdist),
            w,
        )
    };
    results.push(("assign", space.run(size, assign).unwrap()));
    results.push((
        "inertia",
        options::inertia(points, &case.start, &zeros, options).map(|_| ()),
    ));
    let mut table = vec![-7.0; n * k];
    let measured = options::distances_into(points, &case.start, options, &mut table, k);
    results.push(("distances", measured));
    let (mut weights, mut inertia) = (vec![-7.0; k], vec![-7.0; k]);
    let kmeans = options.kmeans(k, &[]);
    let (members, weighed) = (Some(&mut counts[..]), Some(&mut weights[..]));
    let spread = Some(&mut inertia[..]);
    let counted = kmeans.clusters_into(points, &case.start, &zeros, members, weighed, spread);
    results.push(("clusters", counted));
    if results.iter().all(|(_, result)| result.is_err()) {
        same("centers", &centers, &case.start).unwrap();
        equal("labels", &labels, &vec![-7; n]).unwrap();
        same("sqdist", &sqdist, &vec![-7.0; n]).unwrap();
        equal("counts", &counts, &vec![-7; k]).unwrap();
        same("table", &table, &vec![-7.0; n * k]).unwrap();
        same("weights", &weights, &vec![-7.0; k]).unwrap();
        same("inertia", &inertia, &vec![-7.0; k]).unwrap();
    }
    results
}

/// Every call in `calls` refuses with this status and a detail with all of these words.
fn expect(case: &Case, way: Way, status: Status, words: &[String], but: &[&str]) {
    let stored = Stored::new(&case.x, case.d, way.copy);
    for (call, result) in all_calls(&stored.points(), case, &case.options(way)) {
        if but.contains(&call) {
            continue;
        }
        let context = format!(
            "{call} of {} (n {}, d {}) along {way:?}",
            case.name,
            case.n(),
            case.d
        );
        let error = result
            .err()
            .unwrap_or_else(|| panic!("{context}: not refused"));
        assert_eq!(error.status(), status, "{context}: {}", error.detail());
        for word in words {
            let found = error.detail().match_indices(word.as_str()).any(|(at, _)| {
                // "row 1" is not in "row 12".
                !error.detail()[at + word.len()..].starts_with(|next: char| next.is_ascii_digit())
            });
            assert!(found, "{context}: {word:?} is not in {:?}", error.detail());
        }
    }
}

fn plain(n: usize, d: usize, k: usize, seed: u64) -> Case {
    let mut rng = Rng(seed);
    let x = fill(BELL, n * d, &mut rng);
    let start = distinct(&x, d, k, &mut rng);
    Case::new("normal", d, x, start)
}

const NO_NUMBERS: [f64; 3] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];

#[test]
fn points_that_are_no_numbers() {
    let ways = all_ways();
    let mut turn = 0;
    for (n, d) in [(1, 1), (2, 3), (9, 1), (17, 8), (33, 9), (70, 2), (20, 40)] {
        for p in 0..n {
            for i in 0..d {
                let mut case = plain(n, d, 1, 1);
                case.start.fill(0.0);
                case.x[p * d + i] = NO_NUMBERS[turn % 3];
                let kind = if turn % 3 == 0 { "NaN" } else { "inf" };
                let words = [
                    "points".into(),
                    kind.into(),
                    format!("row {p}"),
                    format!("dimension {i}"),
                ];
                expect(
                    &case,
                    ways[turn * 7 % ways.len()],
                    Status::NonFinite,
                    &words,
                    &[],
                );
                turn += 1;
            }
        }
    }
}

/// In a large input, the place found must not depend on which thread finds it: of several, always the same one.
#[test]
fn places_in_many_points() {
    for (n, d) in [(200_001, 3), (1500, 400)] {
        let mut case = plain(n, d, 2, 2);
        case.start.fill(0.0);
        for p in [n - 1, n / 2 + 1, n / 3, n / 7] {
            case.x[p * d + p % d] = NO_NUMBERS[p % 3];
            case.x[(n - 1) * d] = f64::NAN;
            let mut seen = None;
            for way in all_ways() {
                let stored = Stored::new(&case.x, d, way.copy);
                let error = options::fit_from(&stored.points(), &case.start, &case.options(way))
                    .unwrap_err();
                let detail = seen.get_or_insert(error.detail().to_string());
                assert_eq!(error.detail(), detail, "along {way:?}");
                assert!(
                    detail.contains(&format!("row {p},")),
                    "{detail} is not the first one, row {p}, along {way:?}"
                );
            }
        }
    }
}

#[test]
fn given_centers_that_are_no_numbers() {
    for (turn, way) in all_ways().into_iter().enumerate() {
        let (d, k) = ([1, 3, 9, 20][turn % 4], 1 + turn % 6);
        let mut case = plain(30, d, k, 3);
        let (j, i) = (turn % k, turn * 5 % d);
        case.start[j * d + i] = NO_NUMBERS[turn % 3];
        let kind = if turn % 3 == 0 { "NaN" } else { "inf" };
        let words = [
            "centers".into(),
            kind.into(),
            format!(" {j}"),
            format!("dimension {i}"),
        ];
        expect(
            &case,
            way,
            Status::NonFinite,
            &words,
            &["fit", "seed", "update"],
        );
    }
}

#[test]
fn weights_that_are_none() {
    for (turn, way) in all_ways().into_iter().enumerate() {
        let n = [1, 7, 33, 400][turn % 4];
        let p = turn * 11 % n;
        for bad in [f64::NAN, f64::INFINITY, -1.0, -5e-324] {
            let mut weights = vec![1.0; n];
            weights[p] = bad;
            let status = if bad.is_finite() {
                Status::Weights
            } else {
                Status::NonFinite
            };
            let case = plain(n, 1 + turn % 10, 1, 4).weighted("bad", weights);
            expect(
                &case,
                way,
                status,
                &["weights".into(), format!(" {p}")],
                &["assign", "distances"],
            );
        }
        let case = plain(n, 3, 1, 5).weighted(
            "all zero",
            [0.0, -0.0].into_iter().cycle().take(n).collect(),
        );
        expect(
            &case,
            way,
            Status::Weights,
            &["weights".into()],
            &["assign", "distances"],
        );
    }
    // A negative zero is a zero.
    let mut bad = Bad::default();
    let case = plain(9, 2, 3, 6).weighted(
        "negative zeros",
        vec![-0.0, 1.0, 2.0, -0.0, 0.0, 3.0, 1.0, -0.0, 1.0],
    );
    case.check(RELOCATE, &all_ways(), &mut bad);
}

/// The largest magnitudes: what is accepted is computed right, and what could overflow is refused.
#[test]
fn magnitudes_near_the_largest() {
    let mut bad = Bad::default();
    for d in [1, 2, 7, 8, 9, 33, 100] {
        let with = |m: f64| {
            let x: Vec<f64> = (0..6 * d)
                .map(|c| if c / d % 2 == 0 { m } else { -m })
                .collect();
            Case::new(
                format!("{m:e}"),
                d,
                x,
                [vec![m; d], vec![-m; d], vec![0.0; d]].concat(),
            )
        };
        let accepted = |m: f64| {
            let case = with(m);
            let stored = Stored::new(&case.x, d, 0);
            options::assign(&stored.points(), &case.start, &Options::default()).is_ok()
        };
        let (mut low, mut high) = (1e150f64.to_bits(), 1e155f64.to_bits());
        assert!(accepted(1e150) && !accepted(1e155));
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            *if accepted(f64::from_bits(middle)) {
                &mut low
            } else {
                &mut high
            } = middle;
        }
        let (last, first) = (with(f64::from_bits(low)), with(f64::from_bits(high)));
        // The limit is 2^1020, for the upper 32 bits of the largest magnitude, rounded up: what the ranges of streams tell of it.
        let worst = |m: f64| {
            let m = f64::from_bits((m.to_bits() + u64::from(u32::MAX)) >> 32 << 32);
            reference::squared(&vec![m; d], &vec![-m; d]) / two_to(1020)
        };
        let (low, high) = (f64::from_bits(low), f64::from_bits(high));
        assert!(
            worst(low) < 1.0 && worst(high) >= 1.0,
            "{low:e} is accepted and {high:e} refused in {d} dimensions"
        );
        for plan in [RELOCATE, KEEP] {
            last.check(plan, &all_ways(), &mut bad);
        }
        for way in all_ways() {
            expect(
                &first,
                way,
                Status::Range,
                &["row".into(), "dimension".into()],
                &[],
            );
        }
        // The points alone are fine, the centers are not.
        let mut far = with(1.0);
        far.start[3 * d - 1] = -1e160;
        expect(
            &far,
            few_ways()[d % few_ways().len()],
            Status::Range,
            &["centers".into()],
            &["fit", "seed", "update"],
        );
    }
}

/// Points that differ, but by so little that D between any two of them is 0; by just enough; and points that are all the same.
#[test]
fn spreads_near_the_smallest() {
    let mut bad = Bad::default();
    let words = |row: usize| vec!["points".into(), format!("row {row}"), "underflow".into()];
    // The square of the last is half of the smallest number, a tie that goes to 0.
    let (first, last) = (
        two_to(-537).next_down(),
        two_to(-538) * 2f64.sqrt().next_down(),
    );
    assert!(first * first > 0.0 && last * last == 0.0);
    for (turn, way) in all_ways().into_iter().enumerate() {
        let (n, d) = ([2, 9, 70, 400][turn % 4], [1, 2, 8, 9, 33][turn % 5]);
        // Other dimensions are constant, and may be large. A point is found by the first coordinate that differs.
        let (p, i) = (1 + turn * 7 % (n - 1), turn * 3 % d);
        for (offset, constant, spread) in [
            (0.0, 0.0, last),
            (-last / 2.0, 0.0, last),
            (0.0, 1e100, last),
            (two_to(-500), -3.0, two_to(-552)),
            (0.0, 5e-324, 5e-324),
        ] {
            let mut x = vec![constant; n * d];
            x.iter_mut().skip(i).step_by(d).for_each(|x| *x = offset);
            let start = x[..d].to_vec();
            let alike = Case::new(format!("all {offset:e}"), d, x.clone(), start);
            alike.check(RELOCATE, &[way], &mut bad);
            x[p * d + i] += spread;
            let name = format!("{spread:e} from {offset:e}");
            let case = Case {
                name,
                x: x.clone(),
                ..alike.clone()
            };
            expect(&case, way, Status::Range, &words(p), &["update"]);
            // Far from a center, or from one other point, all of them can be told apart from something.
            let mut far = alike.clone();
            far.start[i] = 1e-100;
            far.check_assign(&[way], &mut bad);
            let mut far = case.clone();
            far.start[i] = 1e-100;
            far.check_assign(&[way], &mut bad);
            expect(
                &far,
                way,
                Status::Range,
                &words(p),
                &["update", "assign", "inertia", "distances", "clusters"],
            );
            x[i] = 1.0;
            Case::new("one far point", d, x, far.start).check(RELOCATE, &[way], &mut bad);
            // Given centers that differ from points that do not.
            let mut near = alike.clone();
            near.start[i] = offset + spread;
            expect(
                &near,
                way,
                Status::Range,
                &["underflow".into()],
                &["fit", "seed", "update"],
            );
        }
        let x: Vec<f64> = (0..n)
            .map(|p| if p == n - 1 { first } else { 0.0 })
            .collect();
        let case = Case::new("just enough", 1, x, vec![0.0, first]);
        case.check(RELOCATE, &[way], &mut bad);
        // The first and the last are so far apart, but not from the center between them.
        let half = two_to(-538);
        let mut x = vec![0.0; n];
        (x[0], x[n - 1]) = (-half, half);
        assert!(half * half == 0.0 && (half + half) * (half + half) > 0.0);
        let case = Case::new("the first and the last", 1, x, vec![0.0]);
        case.check_assign(&[way], &mut bad);
    }
    // All of a data set times a power of two: refused as soon as all D are 0, and not before.
    let mut rng = Rng(9);
    for (d, kind) in [(1, UNIFORM), (2, BELL), (16, GRID)] {
        let x = fill(kind, 40 * d, &mut rng);
        for scale in 520..560 {
            let x: Vec<f64> = x.iter().map(|x| x * two_to(-scale)).collect();
            let start = distinct(&x, d, 3, &mut rng);
            let case = Case {
                x: x.clone(),
                ..Case::new(format!("2^-{scale}"), d, x, start)
            };
            let apart = |p: &[f64], q: &[f64]| reference::squared(p, q) > 0.0;
            let rows = || case.x.chunks(d);
            if rows().any(|p| rows().any(|q| apart(p, q))) {
                case.check_fit(RELOCATE, &least_ways(), &mut bad);
            } else {
                expect(
                    &case,
                    least_ways()[0],
                    Status::Range,
                    &["points".into()],
                    &["update", "assign", "inertia", "distances", "clusters"],
                );
            }
        }
    }
    // An update measures distances only where a cluster is empty and is to take a point.
    let (x, labels) = ([1e-200, 3e-200, 5e-200], [0, 0, 0]);
    let points = Points::rows(&x, 3, 1).unwrap();
    let mut centers = [0.0, 1e-200];
    let error = options::update(&points, &labels, &mut centers, &Options::default()).unwrap_err();
    assert_eq!((error.status(), centers), (Status::Range, [0.0, 1e-200]));
    let mut centers = [f64::NAN];
    options::update(&points, &labels, &mut centers, &Options::default()).unwrap();
    assert_eq!(centers, [3e-200]);
}

#[test]
fn weights_that_could_overflow() {
    for way in few_ways() {
        for (weight, magnitude) in [(1e300, 1e10), (1e20, 1e145), (1.7e308, 1e-10)] {
            let case = Case::new("large", 1, vec![magnitude, -magnitude, 0.0], vec![0.0]);
            let case = case.weighted("large", vec![1.0, weight, 0.0]);
            let place = ["weights".into(), "index 1".into()];
            expect(&case, way, Status::Range, &place, &["assign", "distances"]);
        }
    }
}

#[test]
fn labels_out_of_range() {
    let case = plain(400, 3, 5, 7);
    for way in all_ways() {
        let stored = Stored::new(&case.x, 3, way.copy);
        for (p, label) in [(0, 5), (399, -1), (17, i32::MIN), (200, i32::MAX)] {
            let mut labels = vec![4; 400];
            labels[p] = label;
            let options = case.options(way);
            let mut centers = case.start.clone();
            let update =
                options::update(&stored.points(), &labels, &mut centers, &options).map(|_| ());
            let inertia =
                options::inertia(&stored.points(), &case.start, &labels, &options).map(|_| ());
            let clusters =
                options::clusters(&stored.points(), &case.start, &labels, &options).map(|_| ());
            for result in [update, inertia, clusters] {
                let error = result.unwrap_err();
                assert_eq!(error.status(), Status::Label, "{}", error.detail());
                let words = [format!("{label}"), format!(" {p}")];
                assert!(
                    words.iter().all(|word| error.detail().contains(word)),
                    "{} lacks {words:?}",
                    error.detail()
                );
            }
            same("centers", &centers, &case.start).unwrap();
        }
    }
}

#[test]
fn shapes() {
    let data = [1.0; 24];
    type View<'a> = Result<Points<'a>, Error>;
    let bad: [(&str, View); 9] = [
        ("n = 0, d = 0", Points::columns(&data, 0, 0)),
        ("d = 0", Points::rows(&data, 3, 0)),
        ("too few", Points::rows(&data, 5, 5)),
        ("too few columns", Points::columns(&data, 5, 5)),
        (
            "ld < d",
            Points::with_leading_dimension(&data, 3, 4, 3, Layout::Rows),
        ),
        (
            "ld < n",
            Points::with_leading_dimension(&data, 5, 4, 4, Layout::Columns),
        ),
        (
            "too few for ld",
            Points::with_leading_dimension(&data, 3, 4, 11, Layout::Rows),
        ),
        ("n d overflows", Points::rows(&data, usize::MAX / 2, 3)),
        (
            "ld overflows",
            Points::with_leading_dimension(&data, 3, 1, usize::MAX / 2, Layout::Rows),
        ),
    ];
    for (name, view) in bad {
        assert_eq!(
            view.map(|_| ()).unwrap_err().status(),
            Status::Shape,
            "{name}"
        );
    }
    let points = Points::with_leading_dimension(&data, 3, 4, 10, Layout::Rows)
        .expect("the last row needs no gap");
    let options = Options::default();
    for k in [0, 4, usize::MAX, 1 << 31] {
        assert_eq!(
            options::fit(&points, k, &options)
                .map(|_| ())
                .unwrap_err()
                .status(),
            Status::Shape,
            "fit, k = {k}"
        );
        assert_eq!(
            options::seed(&points, k, &options).unwrap_err().status(),
            Status::Shape,
            "seed, k = {k}"
        );
        // There are calls that take more centers than points.
        assert_eq!(
            options::workspace_size(3, 4, k, &options)
                .err()
                .map(|error| error.status()),
            (k != 4).then_some(Status::Shape),
            "size, k = {k}"
        );
    }
    // Buffers that do not fit the shape, each in turn.
    let (mut four, mut eight) = ([0.5; 4], [0.5; 8]);
    let size = options::workspace_size(3, 4, 2, &options).unwrap();
    let mut space = Workspace::default();
    let mut run = |call: &mut dyn FnMut(&mut [u8]) -> Result<(), Error>| {
        let error = space.run(size, call).unwrap().unwrap_err();
        assert_eq!(error.status(), Status::Shape, "{}", error.detail());
    };
    run(&mut |w| options::assign_into(&points, &[0.5; 7], &options, &mut [0; 3], None, w));
    run(&mut |w| options::assign_into(&points, &[], &options, &mut [0; 3], None, w));
    run(&mut |w| options::assign_into(&points, &eight, &options, &mut [0; 2], None, w));
    run(&mut |w| {
        options::assign_into(
            &points,
            &eight,
            &options,
            &mut [0; 3],
            Some(&mut [0.0; 4]),
            w,
        )
    });
    run(&mut |w| options::update_into(&points, &[0; 4], &options, &mut four, None, w));
    run(&mut |w| {
        options::update_into(&points, &[0; 3], &options, &mut eight, Some(&mut [0; 3]), w)
    });
    run(&mut |w| options::update_into(&points, &[0; 3], &options, &mut eight[..5], None, w));
    run(&mut |w| {
        options::fit_into(&points, &options, &mut eight, Some(&mut [0; 2]), w).map(|_| ())
    });
    run(&mut |w| options::fit_into(&points, &options, &mut eight[..6], None, w).map(|_| ()));
    run(&mut |w| options::seed_into(&points, &options, &mut eight[..6], w));
    let weighted = Options {
        weights: Some(&[1.0; 4]),
        ..Options::default()
    };
    run(&mut |w| options::fit_into(&points, &weighted, &mut eight, None, w).map(|_| ()));
    assert_eq!(
        options::inertia(&points, &eight, &[0; 4], &options)
            .unwrap_err()
            .status(),
        Status::Shape
    );
    assert_eq!((four, eight), ([0.5; 4], [0.5; 8]));
}

#[test]
fn options_and_workspace() {
    let case = plain(20, 3, 4, 8);
    let stored = Stored::new(&case.x, 3, 1);
    let points = stored.points();
    let base = Options::default;
    let bad = [
        (
            "restarts",
            Options {
                n_init: 0,
                ..base()
            },
        ),
        (
            "tol",
            Options {
                tol: -1e-300,
                ..base()
            },
        ),
        (
            "tol",
            Options {
                tol: f64::NAN,
                ..base()
            },
        ),
        (
            "tol",
            Options {
                tol: f64::INFINITY,
                ..base()
            },
        ),
    ];
    for (name, options) in bad {
        let error = options::fit(&points, 4, &options).map(|_| ()).unwrap_err();
        assert_eq!(error.status(), Status::Option, "{}", error.detail());
        assert!(error.detail().contains(name), "{}", error.detail());
    }
    let given = Options {
        init: Init::Given,
        ..base()
    };
    assert_eq!(
        options::seed(&points, 4, &given).unwrap_err().status(),
        Status::Option
    );

    for threads in [1, 2, 8] {
        let options = Options { threads, ..base() };
        let size = options::workspace_size(20, 3, 4, &options).unwrap();
        let mut centers = case.start.clone();
        let mut space = Workspace::default();
        for short in [size / 2, size] {
            let fit = |w: &mut [u8]| {
                options::fit_into(&points, &options, &mut centers, None, w).map(|_| ())
            };
            assert_eq!(
                space.run(size - short, fit).unwrap().unwrap_err().status(),
                Status::Workspace
            );
        }
        let fit = |w: &mut [u8]| {
            options::fit_into(&points, &options, &mut centers, None, &mut w[8..]).map(|_| ())
        };
        assert_eq!(
            space.run(size + 8, fit).unwrap().unwrap_err().status(),
            Status::Workspace,
            "aligned to 8"
        );
        same("centers", &centers, &case.start).unwrap();
        let fit =
            |w: &mut [u8]| options::fit_into(&points, &options, &mut centers, None, w).map(|_| ());
        space
            .run(size + 1000, fit)
            .unwrap()
            .expect("more than enough");
    }
}
