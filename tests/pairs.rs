//! Squared distances of all pairs, and what belongs to each cluster: the reference's, bit for bit, for every instruction set, number of
//! threads and place in memory.

mod harness;
mod options;
mod reference;

use centra::{Clusters, KMeans, Points, Status};
use harness::data::*;
use harness::*;
use options::Options;

fn case(kind: Kind, n: usize, d: usize, k: usize, rng: &mut Rng) -> Case {
    let (x, start) = (fill(kind, n * d, rng), fill(kind, k * d, rng));
    Case::new(kind.0, d, x, start)
}

/// Around the vectors of every level, the panels of centers (2048 coordinates), and the blocks of points.
#[test]
fn distances_of_all_shapes() {
    let mut bad = Bad::default();
    let mut rng = Rng(31);
    let mut turn = 0;
    for d in [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 85, 86, 257] {
        for k in [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33] {
            for n in [1, 2, 9, 47, 48, 49] {
                let kind = KINDS[turn % KINDS.len()];
                let ways = if turn % 8 == 0 {
                    all_ways()
                } else {
                    few_ways()
                };
                case(kind, n, d, k, &mut rng).check_distances(&ways, &mut bad);
                turn += 1;
            }
        }
    }
    for (n, d, k) in [
        (3, 1, 2047),
        (3, 1, 2048),
        (3, 1, 2049),
        (2, 2, 1025),
        (1025, 1, 9),
        (1100, 3, 40),
        (3000, 8, 30),
        (7, 300, 70),
    ] {
        case(BELL, n, d, k, &mut rng).check_distances(&all_ways(), &mut bad);
    }
}

/// Columns are copied to the stack as rows while a row fits there, which takes at most 4096 dimensions.
#[test]
fn distances_in_many_dimensions() {
    let mut bad = Bad::default();
    let mut rng = Rng(32);
    for d in [1024, 1365, 2047, 2048, 2049, 4095, 4096, 4097, 5000] {
        for (n, k) in [(1, 1), (3, 9), (65, 2)] {
            case(BELL, n, d, k, &mut rng).check_distances(&few_ways(), &mut bad);
        }
    }
}

/// Distances are those of assignment, and the least of each row is where the label says.
#[test]
fn distances_agree_with_labels() {
    let mut rng = Rng(33);
    for (n, d, k) in [(500, 2, 20), (500, 8, 3), (300, 40, 17)] {
        let case = case(GRID, n, d, k, &mut rng);
        for way in few_ways() {
            let stored = Stored::new(&case.x, d, way.copy);
            let (points, options) = (stored.points(), case.options(way));
            let labels = options::assign(&points, &case.start, &options).unwrap();
            let sqdist = options::distances(&points, &case.start, &options).unwrap();
            for (row, label) in sqdist.chunks(k).zip(labels) {
                let least = row.iter().fold(f64::INFINITY, |least, &x| least.min(x));
                let first = row.iter().position(|&x| x == least);
                assert_eq!(first, Some(label as usize), "{way:?}");
            }
        }
    }
}

#[test]
fn clusters_of_all_kinds() {
    let mut bad = Bad::default();
    let mut rng = Rng(34);
    let mut turn = 0;
    for d in [1, 2, 4, 5, 8, 9, 17] {
        for k in [1, 2, 7, 100] {
            for n in [1, 9, 127, 128, 129, 1025] {
                let plain = case(KINDS[turn % KINDS.len()], n, d, k, &mut rng);
                let of = WEIGHTS[turn % WEIGHTS.len()];
                let weighted = plain.weighted(of.0, weigh(of, n, &mut rng));
                let any: Vec<i32> = (0..n).map(|_| rng.below(k) as i32).collect();
                let one = vec![k as i32 - 1; n];
                let ways = if turn % 8 == 0 {
                    all_ways()
                } else {
                    few_ways()
                };
                for case in [plain, weighted] {
                    case.check_clusters(&any, &ways, &mut bad);
                    case.check_clusters(&one, &least_ways(), &mut bad);
                }
                turn += 1;
            }
        }
    }
}

/// More clusters than are summed at a time, which is 4096.
#[test]
fn many_clusters() {
    let mut bad = Bad::default();
    let mut rng = Rng(35);
    for k in [4095, 4096, 4097, 8192, 8193, 10_000] {
        let case = case(BELL, 3000, 2, k, &mut rng);
        let mut labels: Vec<i32> = (0..3000).map(|_| rng.below(k) as i32).collect();
        labels[..4].copy_from_slice(&[0, k as i32 - 1, 4094, k as i32 / 2]);
        case.check_clusters(&labels, &least_ways(), &mut bad);
        let case = case.weighted("mixed", weigh(WEIGHTS[k % WEIGHTS.len()], 3000, &mut rng));
        case.check_clusters(&labels, &least_ways(), &mut bad);
    }
}

/// Enough work for several threads: sums of threads are merged.
#[test]
fn clusters_of_several_threads() {
    let mut bad = Bad::default();
    let mut rng = Rng(36);
    let n = 60_000;
    let case = case(BELL, n, 8, 5, &mut rng);
    let labels: Vec<i32> = (0..n).map(|_| rng.below(5) as i32).collect();
    let weighted = case.weighted("uniform", weigh(WEIGHTS[0], n, &mut rng));
    for case in [case, weighted] {
        case.check_clusters(&labels, &least_ways(), &mut bad);
    }
}

/// Each sum is rounded once, so that those of the clusters need not add up to that of all; exact arithmetic has both.
#[test]
fn sums_of_clusters_are_not_the_sum_of_all() {
    // D to 0: 1, and twice 2^-53, half an ulp of it.
    let part = two_to(-27);
    let data = [1.0, 0.0, part, part, part, part];
    let points = Points::rows(&data, 3, 2).unwrap();
    let kmeans = KMeans::new(3);
    let (centers, labels) = ([0.0; 6], [0, 1, 2]);
    let Clusters { inertia, .. } = kmeans.clusters(&points, &centers, &labels).unwrap();
    let all = kmeans.inertia(&points, &centers, &labels).unwrap();
    let added = inertia[0] + inertia[1] + inertia[2];
    assert_eq!(
        inertia,
        reference::clusters(&data, 2, None, &centers, &labels).2
    );
    assert_eq!(all, reference::inertia(&data, 2, None, &centers, &labels));
    assert_eq!((all, added), (1.0 + f64::EPSILON, 1.0));
}

/// Sums are infinite where they exceed the largest double, and only there.
#[test]
fn sums_beyond_the_largest_double() {
    // Every D is 2^1018.
    let far = two_to(508);
    let data = [far; 80];
    let points = Points::rows(&data, 80, 1).unwrap();
    let mut labels = [0; 80];
    labels[64..].fill(1);
    let kmeans = KMeans::new(2);
    let inertia = |labels: &[i32]| {
        let clusters = kmeans.clusters(&points, &[-far, -far], labels);
        clusters.unwrap().inertia
    };
    assert_eq!(inertia(&labels), [f64::INFINITY, two_to(1022)]);
    labels[63] = 1;
    assert_eq!(inertia(&labels), [63.0 * two_to(1018), 17.0 * two_to(1018)]);
}

#[test]
fn buffers_that_do_not_fit() {
    let data = [1.0; 12];
    let points = Points::rows(&data, 3, 4).unwrap();
    let centers = [0.5; 8];
    let options = Options::default();
    let mut sqdist = [-7.0; 8];
    for (length, ld_out, words) in [
        (6, 1, "ld_out = 1 is less than k = 2"),
        (
            5,
            2,
            "sqdist: 5 doubles are too few for n = 3, k = 2, ld_out = 2",
        ),
        (
            7,
            3,
            "sqdist: 7 doubles are too few for n = 3, k = 2, ld_out = 3",
        ),
        (
            8,
            usize::MAX / 2,
            "ld_out = 9223372036854775807: the squared distances do not fit the address space",
        ),
    ] {
        let to = &mut sqdist[..length];
        let error = options::distances_into(&points, &centers, &options, to, ld_out).unwrap_err();
        assert_eq!((error.status(), error.detail()), (Status::Shape, words));
    }
    assert_eq!(sqdist, [-7.0; 8]);
    options::distances_into(&points, &centers, &options, &mut sqdist, 3).unwrap();
    assert_eq!(sqdist, [1.0, 1.0, -7.0, 1.0, 1.0, -7.0, 1.0, 1.0]);

    let kmeans = KMeans::new(2);
    let (mut counts, mut weights, mut inertia) = ([-7; 3], [-7.0; 3], [-7.0; 3]);
    let labels = [0, 1, 0];
    let refused = [
        kmeans.clusters_into(&points, &centers, &labels, Some(&mut counts), None, None),
        kmeans.clusters_into(&points, &centers, &labels, None, Some(&mut weights), None),
        kmeans.clusters_into(
            &points,
            &centers,
            &labels,
            None,
            None,
            Some(&mut inertia[..1]),
        ),
        kmeans.clusters_into(&points, &centers, &labels[..2], None, None, None),
        kmeans.clusters_into(&points, &centers[..7], &labels, None, None, None),
    ];
    for (result, name) in refused
        .into_iter()
        .zip(["counts", "weights", "inertia", "labels", "centers"])
    {
        let error = result.unwrap_err();
        assert_eq!(error.status(), Status::Shape);
        assert!(error.detail().starts_with(name), "{}", error.detail());
    }
    assert_eq!((counts, weights, inertia), ([-7; 3], [-7.0; 3], [-7.0; 3]));
}
