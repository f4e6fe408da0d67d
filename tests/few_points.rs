//! Calls that find no centers take any number of points with any number of centers: fewer, and none. The answers are the
//! oracle's, bit for bit, for every instruction set, number of threads and place in memory.

mod harness;
mod options;
mod reference;

use centra::streams::{Wanted, MASSES};
use centra::{Empty, Layout, Points, Status};
use harness::data::*;
use harness::*;
use options::stream;
use options::Options;

/// Around the groups of points that kernels take, of 8, 16 and 48.
const POINTS: [usize; 12] = [0, 1, 2, 7, 8, 9, 15, 16, 17, 47, 48, 49];
/// Around the panels of centers, and where a search in one dimension and the words and bytes begin.
const CENTERS: [usize; 9] = [1, 2, 3, 16, 17, 31, 32, 192, 300];
/// Around the vectors, and where the ways to label change.
const DIMENSIONS: [usize; 12] = [1, 2, 3, 4, 7, 8, 9, 16, 31, 32, 33, 130];

const EMPTIES: [reference::Empty; 3] = [
    reference::Empty::Relocate,
    reference::Empty::Keep,
    reference::Empty::Error,
];

fn case(kind: Kind, n: usize, d: usize, k: usize, rng: &mut Rng) -> Case {
    let (x, start) = (fill(kind, n * d, rng), fill(kind, k * d, rng));
    Case::new(format!("{}, own centers", kind.0), d, x, start)
}

/// Labels, distances, means, counts and inertia of one shape; the labels of the update are the nearest, and any.
fn check(case: &Case, turn: usize, rng: &mut Rng, bad: &mut Bad) {
    let (n, k) = (case.n(), case.k());
    let ways = if turn.is_multiple_of(8) {
        all_ways()
    } else {
        few_ways()
    };
    case.check_assign(&ways, bad);
    let near = reference::assign(&case.x, case.d, &case.start).0;
    let any: Vec<i32> = (0..n).map(|_| rng.below(k) as i32).collect();
    case.check_update(&near, EMPTIES[turn % 3], &ways, bad);
    case.check_update(&any, EMPTIES[(turn + 1) % 3], &ways, bad);
    case.check_distances(&least_ways(), bad);
    case.check_clusters(&any, &least_ways(), bad);
}

fn shapes(dimensions: &[usize], seed: u64) {
    let mut bad = Bad::default();
    let mut rng = Rng(seed);
    let mut turn = 0;
    for &d in dimensions {
        for k in CENTERS {
            for n in POINTS {
                let kind = [BELL, GRID, UNIFORM, KINDS[turn % KINDS.len()]][turn % 4];
                let plain = case(kind, n, d, k, &mut rng);
                if turn % 2 == 0 {
                    check(&plain, turn, &mut rng, &mut bad);
                } else {
                    let of = WEIGHTS[turn % WEIGHTS.len()];
                    let weighted = plain.weighted(of.0, weigh(of, n, &mut rng));
                    check(&weighted, turn, &mut rng, &mut bad);
                }
                turn += 1;
            }
        }
    }
}

#[test]
fn few_dimensions() {
    shapes(&DIMENSIONS[..6], 21);
}

#[test]
fn more_dimensions() {
    shapes(&DIMENSIONS[6..], 22);
}

/// Around the number of points from which on centers are prepared: that depends on d alone, and in one dimension a search begins with 192
/// centers.
#[test]
fn where_centers_begin_to_be_prepared() {
    let mut bad = Bad::default();
    let mut rng = Rng(25);
    for (d, k) in [(2, 3), (2, 40), (9, 31), (33, 17), (64, 9), (130, 5)] {
        for n in 55..78 {
            case(BELL, n, d, k, &mut rng).check_assign(&least_ways(), &mut bad);
        }
    }
    for n in 140..146 {
        for k in [191, 192, 300] {
            case(GRID, n, 1, k, &mut rng).check_assign(&least_ways(), &mut bad);
        }
    }
}

/// Enough centers for several threads although there is one point, or not many.
#[test]
fn many_centers() {
    let mut bad = Bad::default();
    let mut rng = Rng(23);
    for (turn, (n, d, k)) in [
        (1, 64, 20_000),
        (3, 33, 9000),
        (50, 2, 20_000),
        (2, 1, 70_000),
    ]
    .into_iter()
    .enumerate()
    {
        let case = case(BELL, n, d, k, &mut rng);
        case.check_assign(&least_ways(), &mut bad);
        let near = reference::assign(&case.x, d, &case.start).0;
        let empty = [reference::Empty::Keep, reference::Empty::Relocate][turn % 2];
        case.check_update(&near, empty, &least_ways(), &mut bad);
    }
}

/// However few points would be compared with it.
#[test]
fn a_center_that_is_no_number_is_refused() {
    let mut rng = Rng(24);
    for n in POINTS {
        for k in CENTERS {
            for (bad, status) in [
                (f64::NAN, Status::NonFinite),
                (f64::NEG_INFINITY, Status::NonFinite),
                (1e200, Status::Range),
            ] {
                let d = 1 + rng.below(9);
                let mut case = case(BELL, n, d, k, &mut rng);
                let (j, i) = (rng.below(k), rng.below(d));
                case.start[j * d + i] = bad;
                for way in least_ways() {
                    let stored = Stored::new(&case.x, d, way.copy);
                    let (points, options) = (stored.points(), case.options(way));
                    let labels = vec![0; n];
                    let assigned = options::assign(&points, &case.start, &options);
                    let summed = options::inertia(&points, &case.start, &labels, &options);
                    let measured = options::distances(&points, &case.start, &options);
                    let counted = options::clusters(&points, &case.start, &labels, &options);
                    for error in [
                        assigned.unwrap_err(),
                        summed.unwrap_err(),
                        measured.unwrap_err(),
                        counted.unwrap_err(),
                    ] {
                        assert_eq!(error.status(), status, "n {n}, k {k}: {}", error.detail());
                        let place = format!("row {j}, dimension {i}");
                        let detail = error.detail();
                        assert!(
                            detail.starts_with("centers") && detail.contains(&place),
                            "n {n}, k {k}: {detail} is not about {place}"
                        );
                    }
                }
            }
        }
    }
}

/// No points have no address, no leading dimension, and no weights that could all be zero.
#[test]
fn no_points() {
    let options = Options::default();
    let weighted = Options {
        weights: Some(&[]),
        ..Options::default()
    };
    for layout in [Layout::Rows, Layout::Columns] {
        for ld in [0, 1, 3, usize::MAX] {
            let points = Points::with_leading_dimension(&[0.0; 0], 0, 3, ld, layout).unwrap();
            let centers = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
            for options in [&options, &weighted] {
                assert_eq!(options::assign(&points, &centers, options).unwrap(), []);
                let inertia = options::inertia(&points, &centers, &[], options).unwrap();
                assert_eq!(inertia.to_bits(), 0);
                assert_eq!(options::distances(&points, &centers, options).unwrap(), []);
                for ld_out in [0, 1, usize::MAX] {
                    options::distances_into(&points, &centers, options, &mut [], ld_out).unwrap();
                }
                let clusters = options::clusters(&points, &centers, &[], options).unwrap();
                assert_eq!(clusters.counts, [0, 0]);
                let sums = [clusters.weights, clusters.inertia].concat();
                assert!(sums.iter().all(|sum| sum.to_bits() == 0));
                for empty in [Empty::Relocate, Empty::Keep, Empty::Error] {
                    let options = Options {
                        empty,
                        ..options.clone()
                    };
                    let mut means = centers;
                    let counts = options::update(&points, &[], &mut means, &options);
                    match empty {
                        Empty::Error => assert_eq!(counts.unwrap_err().status(), Status::Empty),
                        _ => assert_eq!(counts.unwrap(), [0, 0]),
                    }
                    assert_eq!(means, centers);
                }
                let refused = [
                    options::fit(&points, 1, options).map(|_| ()),
                    options::fit_from(&points, &centers, options).map(|_| ()),
                    options::seed(&points, 1, options).map(|_| ()),
                ];
                for result in refused {
                    assert_eq!(result.unwrap_err().status(), Status::Shape);
                }
            }
        }
    }
}

/// An empty chunk of a stream changes nothing.
#[test]
fn no_points_in_a_chunk() {
    let options = Options::default();
    let data = [1.0, 2.0, 3.0, 10.0, 11.0, 12.0];
    let (some, none) = (
        Points::rows(&data, 6, 1).unwrap(),
        Points::rows(&[0.0; 0], 0, 1).unwrap(),
    );
    let mut range = vec![0; stream::range_length(1).unwrap()];
    stream::range(&none, &options, &mut range).unwrap();
    assert!(range.iter().all(|&code| code == 0));
    stream::range(&some, &options, &mut range).unwrap();
    let before = range.clone();
    stream::range(&none, &options, &mut range).unwrap();
    assert_eq!(range, before);
    let of = stream::Stream::new(6, 1, 2, &range).unwrap();
    let wanted = Wanted::default().inertia(true).moved(true);
    let mut sums = vec![0; of.sums_length().unwrap()];
    let (centers, mut labels) = ([1.0, 10.0], []);
    let labels = Some(&mut labels[..]);
    stream::sums(&of, &none, &options, &centers, labels, wanted, &mut sums).unwrap();
    assert!(sums.iter().all(|&sum| sum == 0));
    let mut masses = vec![0; MASSES];
    stream::masses(&of, &none, &options, &centers, None, &mut masses).unwrap();
    assert!(masses.iter().all(|&mass| mass == 0));
    let mut weights = [0; 2];
    stream::weigh(&of, &none, &options, &centers, &mut weights).unwrap();
    assert_eq!(weights, [0; 2]);
}

/// One query serves all calls of a shape that allow it, so it answers for every shape, and more of anything takes no less.
#[test]
fn a_workspace_for_every_shape() {
    for threads in [1, 3] {
        let options = Options {
            threads,
            ..Options::default()
        };
        for d in [1, 2, 9, 32, 130] {
            let size = |n, k| options::workspace_size(n, d, k, &options).unwrap();
            for k in CENTERS {
                for pair in POINTS.windows(2) {
                    assert!(size(pair[0], k) <= size(pair[1], k), "{pair:?} {d} {k}");
                }
            }
            for n in POINTS {
                for pair in CENTERS.windows(2) {
                    assert!(size(n, pair[0]) <= size(n, pair[1]), "{n} {d} {pair:?}");
                }
            }
        }
    }
    let options = Options::default();
    for (n, d, k) in [
        (0, 1 << 31, 1 << 30),
        (1 << 40, 1 << 20, 1),
        (1, 1, 1 << 31),
    ] {
        let error = options::workspace_size(n, d, k, &options).unwrap_err();
        assert_eq!(error.status(), Status::Shape, "{}", error.detail());
    }
}
