//! Starting centers: the same for every instruction set, thread count and place in memory; rows of the points, of
//! positive weight; different ones where there are enough.

mod harness;
mod reference;

use centra::{Init, Options};
use harness::data::*;
use harness::*;
use std::collections::{BTreeMap, BTreeSet};

const INITS: [Init; 3] = [Init::KmeansPlusPlus, Init::Random, Init::Parallel];

fn bits(row: &[f64]) -> Vec<u64> {
    row.iter().map(|c| c.to_bits()).collect()
}

/// The seeds of a case, which must be the same along all ways.
fn seeds(case: &Case, init: Init, seed: u64, ways: &[Way], bad: &mut Bad) -> Vec<f64> {
    let mut first: Option<Vec<f64>> = None;
    case.each(
        &format!("seed {seed} ({init:?})"),
        ways,
        bad,
        |points, options, workspace| {
            let options = Options {
                init,
                seed,
                ..options
            };
            let size =
                centra::workspace_size(case.n(), case.d, case.k(), &options).map_err(refusal)?;
            let mut centers = vec![f64::NAN; case.start.len()];
            workspace
                .run(size, |w| {
                    centra::seed_into(points, &options, &mut centers, w)
                })?
                .map_err(refusal)?;
            if options.threads == 1 {
                let got = centra::seed(points, case.k(), &options).map_err(refusal)?;
                same("centers of seed", &got, &centers)?;
            }
            same(
                "centers",
                &centers,
                first.get_or_insert_with(|| centers.clone()),
            )
        },
    );
    first.expect("no way gave an answer")
}

/// Are the centers rows of positive weight, none used more often than there are such rows? Where there are fewer than
/// k, random rows go on with those of weight zero.
fn are_rows(case: &Case, centers: &[f64]) -> Result<(), String> {
    let rows = |least: f64| {
        let mut times = BTreeMap::new();
        for (p, row) in case.x.chunks(case.d).enumerate() {
            if case.weights.as_ref().map_or(1.0, |w| w[p]) > least {
                *times.entry(bits(row)).or_insert(0usize) += 1;
            }
        }
        times
    };
    let (heavy, any) = (rows(0.0), rows(-1.0));
    let enough = heavy.values().sum::<usize>() >= case.k();
    let mut used = BTreeMap::new();
    for (j, center) in centers.chunks(case.d).enumerate() {
        let there = *if enough { &heavy } else { &any }
            .get(&bits(center))
            .unwrap_or(&0);
        let times = used.entry(bits(center)).or_insert(0usize);
        *times += 1;
        require(*times <= there, || {
            format!("center {j} = {center:?} is number {times} of {there} such rows")
        })?;
    }
    let missed = heavy
        .iter()
        .find(|(row, times)| used.get(*row).unwrap_or(&0) < times);
    require(enough || missed.is_none(), || {
        format!("{missed:?} is missing, though all rows of positive weight are needed")
    })
}

#[test]
fn seeds_are_rows_and_do_not_depend_on_the_way() {
    let mut bad = Bad::default();
    let mut rng = Rng(1);
    for kind in KINDS {
        for (n, d, k) in [
            (1, 1, 1),
            (9, 1, 4),
            (40, 2, 40),
            (70, 9, 13),
            (257, 17, 30),
        ] {
            let case = Case::new(kind.0, d, fill(*kind, n * d, &mut rng), vec![0.0; k * d]);
            let of = WEIGHTS[rng.below(WEIGHTS.len())];
            for case in [&case, &case.weighted(of.0, weigh(of, n, &mut rng))] {
                for init in INITS {
                    let centers = seeds(case, init, rng.next(), &few_ways(), &mut bad);
                    let checked = seeds_are_legal(case, init, &centers);
                    bad.note(
                        || format!("{init:?} of {}, n {n}, d {d}, k {k}", case.name),
                        checked,
                    );
                }
            }
        }
    }
}

/// k-means++ and k-means‖ along all ways against the reference, bit for bit.
fn check_drawn(case: &Case, seed: u64, ways: &[Way], bad: &mut Bad) {
    let (weights, k) = (case.weights.as_deref(), case.k());
    for init in [Init::KmeansPlusPlus, Init::Parallel] {
        let want = match init {
            Init::Parallel => reference::seeding::parallel(&case.x, case.d, weights, k, seed, 0),
            _ => reference::seeding::greedy(&case.x, case.d, weights, k, seed, 0),
        };
        let got = seeds(case, init, seed, ways, bad);
        bad.note(
            || {
                format!(
                    "{init:?}, seed {seed} of {}, d {}, k {k}",
                    case.name, case.d
                )
            },
            same("centers", &got, &want),
        );
    }
}

/// Every kind of data and of weights, where there is a sketch of the points and where there is none.
#[test]
fn seeds_are_those_of_the_reference() {
    let mut bad = Bad::default();
    let mut rng = Rng(3);
    for kind in KINDS {
        for (n, d, k) in [(60, 3, 9), (97, 8, 11), (131, 19, 16)] {
            let case = Case::new(kind.0, d, fill(*kind, n * d, &mut rng), vec![0.0; k * d]);
            check_drawn(&case, rng.next(), &few_ways(), &mut bad);
            for of in WEIGHTS {
                let weighted = case.weighted(of.0, weigh(*of, n, &mut rng));
                check_drawn(&weighted, rng.next(), &least_ways(), &mut bad);
            }
        }
    }
}

/// Sizes around groups, panels and spans; enough of them for threads; blobs near and far, ties and outliers.
#[test]
fn seeds_of_many_points_are_those_of_the_reference() {
    let mut bad = Bad::default();
    let mut rng = Rng(4);
    let shapes = [
        (1023, 8, 12),
        (1025, 9, 21),
        (1056, 15, 22),
        (2113, 16, 30),
        (2111, 17, 9),
        (1500, 33, 100),
        (3500, 64, 8),
        (300, 130, 60),
        (200, 785, 4),
        (100, 2049, 5),
        (1500, 7, 30),
        (5000, 2, 10),
        (2500, 1, 12),
        (17, 12, 17),
        (48, 12, 3),
    ];
    for (index, (n, d, k)) in shapes.into_iter().enumerate() {
        let far = blobs(n, d, k, &mut rng);
        let near: Vec<f64> = far.iter().map(|x| x * 0.01).collect();
        let mut outlier = near.clone();
        outlier[n / 2 * d] = 1e9;
        outlier[n / 3 * d + d - 1] = -3e4;
        let grid = fill(GRID, n * d, &mut rng);
        let cases = [
            ("far blobs", far),
            ("near blobs", near),
            ("outliers", outlier),
        ];
        for (name, x) in cases.into_iter().chain([("grid", grid)]) {
            let case = Case::new(name, d, x, vec![0.0; k * d]);
            let ways = if index % 4 == 3 {
                all_ways()
            } else {
                few_ways()
            };
            check_drawn(&case, rng.next(), &ways, &mut bad);
            let of = WEIGHTS[rng.below(WEIGHTS.len())];
            let weighted = case.weighted(of.0, weigh(of, n, &mut rng));
            check_drawn(&weighted, rng.next(), &least_ways(), &mut bad);
        }
    }
}

fn seeds_are_legal(case: &Case, init: Init, centers: &[f64]) -> Result<(), String> {
    match init {
        Init::Random => are_rows(case, centers),
        _ => in_rows(case, centers),
    }
}

/// k-means++ may repeat a row only when nothing is left at a positive distance.
fn in_rows(case: &Case, centers: &[f64]) -> Result<(), String> {
    let mut lenient = case.clone();
    // One row of every kind, as often as anyone may want it.
    lenient.x = (0..case.k()).flat_map(|_| case.x.clone()).collect();
    lenient.weights = case
        .weights
        .as_ref()
        .map(|w| (0..case.k()).flat_map(|_| w.clone()).collect());
    are_rows(&lenient, centers)?;
    let d = case.d;
    for j in 1..case.k() {
        let (chosen, this) = centers[..(j + 1) * d].split_at(j * d);
        if reference::label(this, chosen).1 == 0.0 {
            let weight = |p: usize| case.weights.as_ref().map_or(1.0, |w| w[p]);
            let open = case
                .x
                .chunks(d)
                .enumerate()
                .find(|(p, x)| weight(*p) * reference::label(x, chosen).1 > 0.0);
            require(open.is_none(), || {
                format!(
                    "center {j} repeats an earlier one, though row {} is open",
                    open.unwrap().0
                )
            })?;
        }
    }
    Ok(())
}

#[test]
fn seeds_of_many_points_do_not_depend_on_the_way() {
    let mut bad = Bad::default();
    let mut rng = Rng(2);
    for (n, d, k) in [
        (25_011, 7, 8),
        (120_003, 2, 6),
        (120_001, 1, 12),
        (1000, 784, 5),
        (9000, 17, 20),
    ] {
        let plain = Case::new("normal", d, fill(BELL, n * d, &mut rng), vec![0.0; k * d]);
        let ways = if d == 7 { all_ways() } else { few_ways() };
        for case in [
            &plain,
            &plain.weighted("mostly zero", weigh(WEIGHTS[2], n, &mut rng)),
        ] {
            for init in INITS {
                let centers = seeds(case, init, 3, &ways, &mut bad);
                let weight = |p: usize| case.weights.as_ref().map_or(1.0, |w| w[p]);
                for center in centers.chunks(d) {
                    let row = case
                        .x
                        .chunks(d)
                        .enumerate()
                        .find(|(p, x)| bits(x) == bits(center) && weight(*p) > 0.0);
                    assert!(
                        row.is_some(),
                        "{init:?}: {center:?} is no row of positive weight"
                    );
                }
            }
        }
    }
}

/// As many clusters as distinct points: each is drawn once, in any order.
#[test]
fn as_many_clusters_as_points() {
    let mut bad = Bad::default();
    for (n, d) in [(1, 1), (2, 3), (17, 1), (64, 2), (300, 1), (130, 9)] {
        for scale in [0, 300, -300] {
            let x: Vec<f64> = (0..n * d)
                .map(|c| (c as f64 * 37.0 % (n * d) as f64) * two_to(scale))
                .collect();
            let case = Case::new(
                format!("distinct, 2^{scale}"),
                d,
                x.clone(),
                vec![0.0; n * d],
            );
            for init in INITS {
                for seed in 0..4 {
                    let centers = seeds(&case, init, seed, &few_ways(), &mut bad);
                    let sorted = |rows: &[f64]| {
                        let mut rows: Vec<_> = rows.chunks(d).map(bits).collect();
                        rows.sort();
                        rows
                    };
                    assert_eq!(
                        sorted(&centers),
                        sorted(&x),
                        "{init:?}, seed {seed}, n {n}, d {d}"
                    );
                }
            }
        }
    }
}

/// Nothing to tell the points apart by, or only a few of them: it ends.
#[test]
fn fewer_distinct_points_than_clusters() {
    let mut bad = Bad::default();
    for value in [0.0, 0.1, -1e-310, 1e150] {
        for distinct in [1, 2, 5] {
            let x: Vec<f64> = (0..400)
                .map(|c| {
                    if c / 2 % distinct == 0 {
                        value
                    } else {
                        (c / 2 % distinct) as f64
                    }
                })
                .collect();
            let case = Case::new(
                format!("{distinct} distinct points, {value:e}"),
                2,
                x,
                vec![0.0; 2 * 30],
            );
            for case in [
                &case,
                &case.weighted(
                    "one point only",
                    (0..200).map(|p| f64::from(p == 77)).collect(),
                ),
            ] {
                for init in INITS {
                    for seed in 0..5 {
                        let centers = seeds(case, init, seed, &few_ways(), &mut bad);
                        bad.note(
                            || format!("{init:?} of {}", case.name),
                            seeds_are_legal(case, init, &centers),
                        );
                        let different: BTreeSet<_> = centers.chunks(2).map(bits).collect();
                        if init == Init::KmeansPlusPlus && case.weights.is_none() {
                            assert_eq!(
                                different.len(),
                                distinct,
                                "k-means++ missed a distinct point: {}",
                                case.name
                            );
                        }
                    }
                }
            }
        }
    }
}

/// Well separated blobs: greedy k-means++ finds each of them, where random rows rarely do.
#[test]
fn one_seed_per_blob() {
    let mut found_by_random = 0;
    for seed in 0..40 {
        let mut rng = Rng(seed);
        let (d, k) = (2 + seed as usize % 5, 12);
        let grid = |blob: usize, i: usize| if i == 0 { 100.0 * blob as f64 } else { 0.0 };
        let x: Vec<f64> = (0..1200 * d)
            .map(|c| grid(c / d % k, c % d) + BELL.1(rng.next()))
            .collect();
        let points = centra::Points::rows(&x, 1200, d).unwrap();
        for init in INITS {
            let centers = centra::seed(
                &points,
                k,
                &Options {
                    init,
                    seed,
                    ..Options::default()
                },
            )
            .unwrap();
            let blobs: BTreeSet<_> = centers
                .chunks(d)
                .map(|c| (c[0] / 100.0).round() as i64)
                .collect();
            match init {
                Init::Random => found_by_random += usize::from(blobs.len() == k),
                _ => assert_eq!(blobs.len(), k, "seed {seed}: k-means++ found {blobs:?}"),
            }
        }
    }
    assert!(
        found_by_random < 10,
        "random rows find all blobs too often to be random"
    );
}

/// Seeds differ, and so do their draws; a weight of three draws a point about three times as often.
#[test]
fn draws_follow_seed_and_weight() {
    let x: Vec<f64> = (0..4).map(f64::from).collect();
    let points = centra::Points::rows(&x, 4, 1).unwrap();
    for init in [Init::KmeansPlusPlus, Init::Random] {
        for weights in [[1.0, 1.0, 1.0, 1.0], [3.0, 1.0, 0.0, 4.0]] {
            let mut drawn = [0; 4];
            for seed in 0..4000 {
                let options = Options {
                    init,
                    seed,
                    weights: Some(&weights),
                    ..Options::default()
                };
                drawn[centra::seed(&points, 1, &options).unwrap()[0] as usize] += 1;
            }
            assert_eq!(drawn[2] == 0, weights[2] == 0.0, "{init:?} drew {drawn:?}");
            // Four standard deviations. Random rows are equally likely, whatever their positive weight.
            let total: f64 = weights.iter().sum();
            for (p, &times) in drawn
                .iter()
                .enumerate()
                .filter(|_| init == Init::KmeansPlusPlus || weights[2] > 0.0)
            {
                let share = weights[p] / total;
                let off = (times as f64 - 4000.0 * share).abs();
                assert!(
                    off <= 4.0 * (4000.0 * share * (1.0 - share)).sqrt(),
                    "{init:?} {weights:?} drew {drawn:?}"
                );
            }
        }
    }
}
