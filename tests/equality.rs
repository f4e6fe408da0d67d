//! One answer at every shape: labels, centers, inertia and runs equal the oracle's, bit for bit, for every instruction
//! set, number of threads and place in memory, at the sizes around every block, panel and lane count.

mod harness;
mod options;
mod reference;

use harness::data::*;
use harness::*;

const EDGES: [usize; 14] = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33];
const PLANS: [Plan; 3] = [RELOCATE, KEEP, ERROR];

/// An input of this shape: every other one with k different rows as a start, else with rows that may repeat.
fn case(kind: Kind, n: usize, d: usize, k: usize, rng: &mut Rng) -> Case {
    let x = fill(kind, n * d, rng);
    let (how, start) = match rng.below(2) {
        0 => ("distinct", distinct(&x, d, k, rng)),
        _ => ("drawn", drawn(&x, d, k, rng)),
    };
    Case::new(format!("{}, {how} start", kind.0), d, x, start)
}

/// Two steps of the widest kernels: so many points more, and centers are prepared for screening.
const PREPARED: usize = 96;

fn edge_shapes(k_of: impl Fn(usize) -> bool) {
    let all = all_ways();
    // Of copies in other types, and of sparse rows, each shape has one; there are 1,470 shapes.
    let few = [5, 10, 12].map(|copy| {
        let mut few = few_ways();
        few.retain(|way| way.copy < 4 || way.copy == copy);
        few
    });
    let mut bad = Bad::default();
    let mut rng = Rng(7);
    let mut shape = 0;
    for n in EDGES {
        for d in EDGES {
            for k in EDGES.into_iter().filter(|&k| k <= n && k_of(k)) {
                let ways = match shape % 8 {
                    0 => &all,
                    _ => &few[shape / 8 % 3],
                };
                let plan = PLANS[shape % 3];
                let nasty = KINDS[shape % KINDS.len()];
                for (turn, kind) in [UNIFORM, GRID, nasty].into_iter().enumerate() {
                    let n = n + [0, PREPARED][(shape + turn) % 2];
                    let plain = case(kind, n, d, k, &mut rng);
                    plain.check(plan, ways, &mut bad);
                    let of = WEIGHTS[(shape + rng.below(2)) % WEIGHTS.len()];
                    plain
                        .weighted(of.0, weigh(of, n, &mut rng))
                        .check(plan, ways, &mut bad);
                }
                shape += 1;
            }
        }
    }
}

#[test]
fn edge_shapes_of_few_clusters() {
    edge_shapes(|k| k < 8);
}

#[test]
fn edge_shapes_of_many_clusters() {
    edge_shapes(|k| k >= 8);
}

/// Updates and inertias need no nearest labels: arbitrary ones reach clusters of any size, empty ones too.
#[test]
fn arbitrary_labels() {
    let ways = few_ways();
    let mut bad = Bad::default();
    let mut rng = Rng(8);
    for n in [1, 2, 5, 8, 17, 33, 64, 200, 513] {
        for d in [1, 2, 3, 7, 8, 9, 16, 17, 33] {
            for (round, kind) in [UNIFORM, BELL, KINDS[rng.below(KINDS.len())]]
                .into_iter()
                .enumerate()
            {
                let k = 1 + rng.below(n.min(12));
                let plain = case(kind, n, d, k, &mut rng);
                let crowded = rng.below(k) + 1;
                let labels: Vec<i32> = (0..n).map(|_| rng.below(crowded) as i32).collect();
                let empty = PLANS[round].empty;
                plain.check_update(&labels, empty, &ways, &mut bad);
                let of = WEIGHTS[rng.below(WEIGHTS.len())];
                plain
                    .weighted(of.0, weigh(of, n, &mut rng))
                    .check_update(&labels, empty, &ways, &mut bad);
            }
        }
    }
}

fn larger(shapes: &[(usize, usize, usize)], max_iter: i64, ways: &[Way]) {
    let mut bad = Bad::default();
    let mut rng = Rng(9);
    for (index, &(n, d, k)) in shapes.iter().enumerate() {
        let kind = [BELL, KINDS[3], KINDS[10], UNIFORM][index % 4];
        let plain = case(kind, n, d, k, &mut rng);
        let plan = PLANS[index % 2].at_most(max_iter);
        if index % 2 == 0 {
            plain.check(plan, ways, &mut bad);
        } else {
            plain
                .weighted("uniform", weigh(WEIGHTS[0], n, &mut rng))
                .check(plan, ways, &mut bad);
        }
    }
}

#[test]
fn dimensions_around_the_panels() {
    let mut shapes = Vec::new();
    for d in [63, 64, 65, 100] {
        for k in [1, 2, 7, 8, 9, 16, 17, 24, 25, 33, 63, 64, 65, 100] {
            shapes.push((131, d, k));
        }
    }
    larger(&shapes, 1, &few_ways());
}

#[test]
fn hundreds_of_dimensions() {
    let shapes = [
        (257, 784, 65),
        (300, 784, 10),
        (262, 785, 100),
        (258, 300, 257),
        (259, 2500, 3),
    ];
    larger(&shapes, 1, &least_ways());
}

#[test]
fn points_around_the_blocks() {
    let mut shapes = Vec::new();
    let sizes = [
        255, 256, 257, 511, 512, 513, 1023, 1024, 1025, 2047, 2048, 2049,
    ];
    for (index, n) in sizes.into_iter().enumerate() {
        for (turn, d) in [1, 2, 3, 5, 8, 16, 17, 32, 40].into_iter().enumerate() {
            shapes.push((n, d, [2, 10, 33, 64, 65, 100][(index + turn) % 6]));
        }
    }
    larger(&shapes, 3, &few_ways());
}

#[test]
fn clusters_around_the_panels() {
    let mut shapes = Vec::new();
    let counts = [63, 64, 65, 100, 127, 128, 129, 255, 256, 257, 513];
    for k in counts {
        for d in [1, 2, 3, 4, 6, 9, 20] {
            shapes.push((300 + k, d, k));
        }
    }
    larger(&shapes, 3, &few_ways());
}

/// Long runs, where whatever is carried from one iteration to the next has time to go wrong.
#[test]
fn long_runs() {
    let mut bad = Bad::default();
    let mut rng = Rng(10);
    let mut longest = 0;
    let shapes = [
        (2500, 2, 12),
        (3000, 1, 40),
        (2000, 3, 50),
        (1500, 8, 30),
        (1200, 17, 20),
        (900, 33, 64),
    ];
    for (index, (n, d, k)) in shapes.into_iter().enumerate() {
        for (turn, kind) in [UNIFORM, BELL, KINDS[3], KINDS[10]].into_iter().enumerate() {
            let plain = case(kind, n, d, k, &mut rng);
            if (index + turn) % 2 == 0 {
                let run = plain
                    .check_fit(KEEP, &few_ways(), &mut bad)
                    .expect("no refusal");
                longest = longest.max(run.iterations);
            } else {
                let of = WEIGHTS[rng.below(3)];
                let weighted = plain.weighted(of.0, weigh(of, n, &mut rng));
                weighted.check_fit(RELOCATE, &few_ways(), &mut bad);
            }
        }
    }
    assert!(
        longest > 30,
        "these runs are short: at most {longest} iterations"
    );
}

/// Enough work that the threads asked for are really used; `check_fit` requires it of this size.
#[test]
fn threads_are_used() {
    let mut bad = Bad::default();
    let mut rng = Rng(11);
    let shapes = [
        (20_011, 7, 10),
        (70_003, 2, 10),
        (60_001, 1, 22),
        (300, 100, 45),
        (230, 784, 8),
        (2701, 4, 125),
    ];
    for (index, (n, d, k)) in shapes.into_iter().enumerate() {
        assert!(n * d * k >= THREADED);
        let mut ways = all_ways();
        ways.retain(|way| index == 0 || way.copy == index % PLACES);
        ways.push(Way {
            threads: 0,
            ..ways[0]
        });
        let plain = case(BELL, n, d, k, &mut rng);
        plain.check(KEEP.at_most(2), &ways, &mut bad);
        let weighted = plain.weighted("small integers", weigh(WEIGHTS[1], n, &mut rng));
        weighted.check(RELOCATE.at_most(1), &ways, &mut bad);
    }
}
