//! Starting centers: the same for every instruction set, thread count and place in memory; rows of the points, of
//! positive weight; different ones where there are enough.

mod harness;
mod options;
mod reference;

use harness::data::*;
use harness::*;
use options::{Init, Options};
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
                options::workspace_size(case.n(), case.d, case.k(), &options).map_err(refusal)?;
            let mut centers = vec![f64::NAN; case.start.len()];
            workspace
                .run(size, |w| {
                    options::seed_into(points, &options, &mut centers, w)
                })?
                .map_err(refusal)?;
            if options.threads == 1 {
                let got = options::seed(points, case.k(), &options).map_err(refusal)?;
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

/// A few heavy points, which soon are centers themselves, and light ones, whose weights are farther apart than single precision tells
/// beside the heaviest: among these it is their own weights that decide.
#[test]
fn light_points_are_told_apart() {
    let mut bad = Bad::default();
    let mut rng = Rng(6);
    for (n, d, k) in [(300, 8, 12), (700, 16, 9), (400, 33, 8)] {
        let x = blobs(n, d, k, &mut rng);
        for lightest in [-28, -32, -40, -60, -250] {
            let weights: Vec<f64> = (0..n)
                .map(|p| match p % (n / 3) {
                    0 => 1.0,
                    _ => 10f64.powi(lightest + rng.below(12) as i32 - 6),
                })
                .collect();
            let case = Case::new("blobs", d, x.clone(), vec![0.0; k * d]);
            let weighted = case.weighted(&format!("from 1 to about 1e{lightest}"), weights);
            for _ in 0..3 {
                check_drawn(&weighted, rng.next(), &least_ways(), &mut bad);
            }
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
                vec![value; 2 * 30],
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
            let centers = options::seed(
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
                drawn[options::seed(&points, 1, &options).unwrap()[0] as usize] += 1;
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

/// How often each sequence of rows is drawn from these rows and weights, over many seeds; the same rows count as one.
fn drawn_sequences(rows: &[f64], weights: Option<&[f64]>, init: Init, seeds: u64) -> Vec<f64> {
    const K: usize = 2;
    let points = centra::Points::rows(rows, rows.len(), 1).unwrap();
    let mut times = vec![0.0; 10usize.pow(K as u32)];
    for seed in 0..seeds {
        let options = Options {
            init,
            // Another stream of seeds for each kind of rows, so that the samples are independent.
            seed: seed * 1_000_003 + rows.len() as u64,
            weights,
            ..Options::default()
        };
        let drawn = options::seed(&points, K, &options).unwrap();
        let sequence = drawn.iter().fold(0, |code, &row| 10 * code + row as usize);
        times[sequence] += 1.0;
    }
    times
}

/// The chi-square statistic of two samples of one size, and its limit if both are of one distribution, which is exceeded once in a million
/// times (Wilson and Hilferty 1931). Cells of fewer than 10 draws are one cell.
fn chi_square(a: &[f64], b: &[f64]) -> (f64, f64) {
    let (mut statistic, mut cells) = (0.0, 0.0);
    let mut add = |a: f64, b: f64| {
        if a + b > 0.0 {
            statistic += (a - b) * (a - b) / (a + b);
            cells += 1.0;
        }
    };
    let (mut rest_a, mut rest_b) = (0.0, 0.0);
    for (&a, &b) in a.iter().zip(b) {
        match a + b >= 10.0 {
            true => add(a, b),
            false => (rest_a, rest_b) = (rest_a + a, rest_b + b),
        }
    }
    add(rest_a, rest_b);
    let degrees: f64 = cells - 1.0;
    const ONE_IN_A_MILLION: f64 = 4.7534;
    let spread = 2.0 / (9.0 * degrees);
    let limit = degrees * (1.0 - spread + ONE_IN_A_MILLION * spread.sqrt()).powi(3);
    (statistic, limit)
}

/// Rows with whole weights are drawn as so many copies of each row are: not the same rows for a seed, but with the same probabilities.
#[test]
fn weights_are_drawn_as_copies() {
    const SEEDS: u64 = 4000;
    let rows = [0.0, 1.0, 2.0, 5.0, 6.0, 9.0];
    let weights = [1.0, 2.0, 3.0, 1.0, 4.0, 2.0];
    let copies: Vec<f64> = rows
        .iter()
        .zip(weights)
        .flat_map(|(&row, weight)| std::iter::repeat_n(row, weight as usize))
        .collect();
    for init in [Init::KmeansPlusPlus, Init::Parallel] {
        let weighted = drawn_sequences(&rows, Some(&weights), init, SEEDS);
        let repeated = drawn_sequences(&copies, None, init, SEEDS);
        let (statistic, limit) = chi_square(&weighted, &repeated);
        println!("{init:?}: chi-square {statistic:.1}, limit {limit:.1}");
        assert!(statistic <= limit, "{init:?}: {statistic} exceeds {limit}");
        // The test tells other weights apart.
        let others = [1.0, 2.0, 3.0, 2.0, 4.0, 2.0];
        let others = drawn_sequences(&rows, Some(&others), init, SEEDS);
        let (statistic, limit) = chi_square(&others, &repeated);
        assert!(
            statistic > limit,
            "{init:?}: one weight more is not noticed: {statistic}"
        );
    }
}

/// Rows drawn, in units of two to a power: the indices that tell rows of whole numbers apart.
/// Rows far from what is usual, few or many of them, squares that underflow, small whole numbers beside others: where a sketch has to know
/// what it does not tell.
#[test]
fn seeds_of_uneven_data_are_those_of_the_reference() {
    let mut bad = Bad::default();
    let mut rng = Rng(8);
    type Family = (&'static str, fn(usize, u64, f64) -> f64);
    let families: [Family; 16] = [
        ("one row of 1e30", |p, _, x| if p == 70 { 1e30 } else { x }),
        (
            "the first row of 1e150",
            |p, _, x| if p == 0 { 1e150 * x } else { x },
        ),
        (
            "rows of 1e30",
            |p, _, x| if p % 40 == 3 { 1e30 * x } else { x },
        ),
        (
            "rows of 100",
            |p, _, x| if p % 9 == 3 { 100.0 * x } else { x },
        ),
        (
            "equal rows of -1e9",
            |p, _, x| if p % 40 == 3 { -1e9 } else { x },
        ),
        (
            "most rows of 1e9",
            |p, _, x| if p % 3 > 0 { 1e9 * x } else { x },
        ),
        ("rows of many magnitudes", |p, _, x| {
            x * 2f64.powi(97 * p as i32 % 1000 - 500)
        }),
        ("lengths of many magnitudes", |p, _, x| {
            x * 2f64.powi(p as i32 % 24)
        }),
        ("1e-160", |_, _, x| 1e-160 * x),
        ("3e-162", |_, _, x| 3e-162 * x),
        ("2^-537 times digits", |_, r, _| {
            (r % 10) as f64 * 2f64.powi(-537)
        }),
        ("1e140", |_, _, x| 1e140 * x),
        ("bits", |_, r, _| (r % 2) as f64),
        ("digits and halves", |_, r, _| match r % 50 {
            0 => 0.5 * (r % 64) as f64,
            _ => (r % 10) as f64,
        }),
        ("digits and others", |_, r, x| match r % 90 {
            0 => x,
            1 => 1e-200,
            2 => 1e-13 + (r % 8) as f64,
            3 => 1e17 * x,
            _ => (r % 8) as f64,
        }),
        ("zeros and tenths", |p, r, _| match p % 2 {
            0 => 0.0,
            _ => (r % 2) as f64 * 0.1,
        }),
    ];
    for (index, (name, family)) in families.into_iter().enumerate() {
        let (n, d, k) = [(150, 8, 14), (131, 19, 12)][index % 2];
        let number = |i: usize, rng: &mut Rng| {
            let r = rng.next();
            family(i / d, r >> 8, 2.0 * rng.unit() - 1.0)
        };
        let x = (0..n * d).map(|i| number(i, &mut rng)).collect();
        let case = Case::new(name, d, x, vec![0.0; k * d]);
        check_drawn(&case, rng.next(), &few_ways(), &mut bad);
        let of = WEIGHTS[rng.below(WEIGHTS.len())];
        let weighted = case.weighted(of.0, weigh(of, n, &mut rng));
        check_drawn(&weighted, rng.next(), &least_ways(), &mut bad);
    }
}

fn drawn_at(case: &Case, power: i32, options: &Options<'_>) -> Vec<f64> {
    let x: Vec<f64> = case
        .x
        .iter()
        .map(|x| reference::seeding::times(*x, power))
        .collect();
    let points = centra::Points::rows(&x, case.n(), case.d).unwrap();
    let centers = options::seed(&points, case.k(), options)
        .unwrap_or_else(|error| panic!("{} times 2^{power}: {error}", case.name));
    let back = centers
        .iter()
        .map(|c| reference::seeding::times(*c, -power));
    back.collect()
}

/// Times a power of two the same rows are drawn, wherever D does not round otherwise (L42): from the largest numbers that are
/// legal down to those whose squares are the least doubles.
#[test]
fn powers_of_two_change_no_draw() {
    let mut rng = Rng(6);
    // (n, d, k, every so many powers)
    for (n, d, k, every) in [
        (200, 1, 6, 23),
        (150, 9, 7, 41),
        (90, 2, 12, 29),
        (20_000, 1, 3, 409),
        (17_000, 8, 4, 700),
    ] {
        // Whole numbers up to 15: their squares are whole, and D is exact as long as 2^(2 power) is a double.
        let x: Vec<f64> = (0..n * d).map(|_| rng.below(31) as f64 - 15.0).collect();
        let plain = Case::new("whole numbers", d, x, vec![0.0; k * d]);
        let few: Vec<f64> = (0..n).map(|_| rng.below(9) as f64).collect();
        let most = 1019 - 2 * 5 - (d as f64).log2().ceil() as i32;
        for (init, weights) in [
            (Init::KmeansPlusPlus, None),
            (Init::KmeansPlusPlus, Some(&few)),
            (Init::Parallel, None),
            (Init::Parallel, Some(&few)),
            (Init::Random, Some(&few)),
        ] {
            let options = |seed: u64| Options {
                init,
                seed,
                weights: weights.map(|w| w.as_slice()),
                ..Options::default()
            };
            let heavy = weights.map_or(0, |_| 4);
            for (index, power) in (-537..=(most - heavy) / 2).rev().step_by(every).enumerate() {
                let seed = index as u64 % 5;
                let want = drawn_at(&plain, 0, &options(seed));
                let got = drawn_at(&plain, power, &options(seed));
                assert_eq!(got, want, "{init:?} times 2^{power}, n {n}, d {d}, k {k}");
            }
        }
    }
}

/// So it does where weights are multiplied.
#[test]
fn powers_of_two_of_weights_change_no_draw() {
    let mut rng = Rng(7);
    let (n, d, k) = (120, 3, 9);
    let x: Vec<f64> = (0..n * d).map(|_| rng.below(31) as f64 - 15.0).collect();
    let plain = Case::new("whole numbers", d, x, vec![0.0; k * d]);
    let whole: Vec<f64> = (0..n).map(|_| rng.below(9) as f64).collect();
    for init in INITS {
        for power in (-1074..=990).step_by(86) {
            let weights: Vec<f64> = whole
                .iter()
                .map(|w| reference::seeding::times(*w, power))
                .collect();
            let options = |weights| Options {
                init,
                seed: 3,
                weights: Some(weights),
                ..Options::default()
            };
            let want = drawn_at(&plain, 0, &options(&whole));
            assert_eq!(
                drawn_at(&plain, 0, &options(&weights)),
                want,
                "{init:?}, weights times 2^{power}"
            );
        }
    }
}

/// The greatest numbers, of many points: a slice was out of range here, or a legal point was blamed.
#[test]
fn the_greatest_numbers_are_drawn_from() {
    for (n, d, k, init, top) in [
        (16_385, 1, 2, Init::KmeansPlusPlus, 508),
        (60_000, 1, 2, Init::KmeansPlusPlus, 506),
        (30_000, 16, 8, Init::KmeansPlusPlus, 506),
        (30_000, 2, 4, Init::KmeansPlusPlus, 507),
        (3_000, 8, 12, Init::Parallel, 506),
    ] {
        let values = [1.9, -1.9, 0.95, -0.475];
        let x = (0..n * d).map(|c| values[c / d % 4]).collect();
        let case = Case::new("four values", d, x, vec![0.0; k * d]);
        for seed in 0..3 {
            let options = Options {
                init,
                seed,
                ..Options::default()
            };
            let want = drawn_at(&case, top - 200, &options);
            assert_eq!(
                drawn_at(&case, top, &options),
                want,
                "n {n}, d {d}, k {k}, {init:?}, 2^{top}"
            );
        }
    }
}

/// A share of the mass is a share of the draws, however light its points are beside the heaviest: chi-square with 9 degrees of
/// freedom, beyond which one of 10^6 seeds would be, were the shares right.
#[test]
fn light_points_are_drawn_by_their_share() {
    // One heavy point, and 9 groups of ever lighter ones, as heavy as it is together.
    let mut weights = vec![1.0];
    let mut group = vec![0usize];
    for g in 1..10 {
        let many = 1 << g;
        for _ in 0..many {
            weights.push(1.0 / f64::from(many));
            group.push(g as usize);
        }
    }
    let x: Vec<f64> = (0..weights.len()).map(|p| p as f64).collect();
    let points = centra::Points::rows(&x, x.len(), 1).unwrap();
    let mut times = [0.0f64; 10];
    let draws = 5_000;
    for seed in 0..draws {
        let options = Options {
            seed,
            weights: Some(&weights),
            ..Options::default()
        };
        let drawn = options::seed(&points, 1, &options).unwrap()[0] as usize;
        times[group[drawn]] += 1.0;
    }
    let expected = draws as f64 / 10.0;
    let chi: f64 = times
        .iter()
        .map(|t| (t - expected).powi(2) / expected)
        .sum();
    assert!(chi < 45.1, "chi-square {chi}: {times:?}");
}

/// Where a mass is far below the unit that candidates are compared in, it has its share all the same: a draw of the reference and
/// one of the library at prefix sums that only the lightest masses tell apart.
#[test]
fn prefix_sums_have_no_gaps() {
    let weights: Vec<f64> = (0..70)
        .map(|p| reference::seeding::times(1.0, -p))
        .collect();
    let x: Vec<f64> = (0..70).map(f64::from).collect();
    let points = centra::Points::rows(&x, 70, 1).unwrap();
    for seed in 0..200 {
        let options = Options {
            seed,
            weights: Some(&weights),
            ..Options::default()
        };
        let got = options::seed(&points, 3, &options).unwrap();
        assert_eq!(
            got,
            reference::seeding::greedy(&x, 1, Some(&weights), 3, seed, 0)
        );
    }
}

/// What a caller hands to the calls of a stream's start is checked; a refusal names the place and leaves all as it was.
#[test]
fn what_a_start_in_chunks_is_given_is_checked() {
    use crate::options::stream::{self, Stream};
    use centra::streams::{Drawn, Kept, MASSES};
    use centra::Status;
    let x = [1.0, 2.0, 4.0, 8.0];
    let points = centra::Points::rows(&x, 4, 1).unwrap();
    let options = Options::default();
    let mut range = vec![0; stream::range_length(1).unwrap()];
    stream::range(&points, &options, &mut range).unwrap();
    let stream = Stream::new(4, 1, 2, &range).unwrap();
    let candidates = [1.0, 8.0];

    for (off, status) in [
        (f64::NAN, Status::NonFinite),
        (f64::INFINITY, Status::NonFinite),
        (f64::NEG_INFINITY, Status::NonFinite),
        (-1e-300, Status::Range),
        (1e9, Status::Range),
        (f64::MAX, Status::Range),
    ] {
        let mut distances = [0.0, 1.0, off, 0.0];
        let before = distances.map(f64::to_bits);
        let mut masses = [0; MASSES];
        masses[40] = 7;
        let old = masses;
        let kept = Kept {
            distances: &mut distances,
            known: 1,
        };
        let error = stream::masses(
            &stream,
            &points,
            &options,
            &candidates,
            Some(kept),
            &mut masses,
        )
        .expect_err("no squared distance");
        assert_eq!(error.status(), status, "{error}");
        assert!(
            error.to_string().contains("distances: ") && error.to_string().contains("at index 2"),
            "{error}"
        );
        assert_eq!((distances.map(f64::to_bits), masses), (before, old));
        // With no candidate known they are not read.
        let kept = Kept {
            distances: &mut distances,
            known: 0,
        };
        stream::masses(
            &stream,
            &points,
            &options,
            &candidates,
            Some(kept),
            &mut [0; MASSES],
        )
        .unwrap();
    }

    let draw = |masses: &[i64], distances: Option<&[f64]>, count: i64| {
        let most = stream.candidates_per_round().unwrap();
        let (mut rows, mut drawn) = (vec![3.0; most], count);
        let into = Drawn {
            round: 1,
            first: 0,
            rows: &mut rows,
            count: &mut drawn,
        };
        let result = stream::draw(
            &stream,
            &points,
            &options,
            masses,
            &candidates,
            distances,
            into,
        );
        if result.is_err() {
            assert!(drawn == count && rows.iter().all(|&x| x == 3.0));
        }
        result
    };
    let mut masses = [0; MASSES];
    stream::masses(&stream, &points, &options, &candidates, None, &mut masses).unwrap();
    draw(&masses, None, 0).unwrap();
    draw(&masses, None, 4).unwrap();
    for count in [-1, 5, i64::MIN, i64::MAX] {
        let error = draw(&masses, None, count).expect_err("so many were not drawn");
        assert_eq!(error.status(), Status::Shape);
        assert!(error.to_string().contains("drawn = "), "{error}");
    }
    let error = draw(&masses, Some(&[0.0, f64::NAN, 0.0, 0.0]), 0).expect_err("NaN");
    assert_eq!(error.status(), Status::NonFinite);
    for (place, digit) in [(3, -1), (3, i64::MAX), (68, 1), (0, i64::MIN)] {
        let mut off = masses;
        off[place] = digit;
        let error = draw(&off, None, 0).expect_err("no digit");
        assert_eq!(error.status(), Status::Range);
        assert!(
            error.to_string().contains(&format!("at index {place}")),
            "{error}"
        );
    }

    let many = [1.0; 5];
    let more = centra::Points::rows(&many, 5, 1).unwrap();
    let error =
        stream::weigh(&stream, &more, &options, &candidates, &mut [0; 2]).expect_err("5 of 4");
    assert_eq!(error.status(), Status::Shape);

    let choose = |weights: &[i64]| {
        let mut centers = [5.0; 2];
        let result = stream::choose(&stream, &candidates, weights, &options, &mut centers);
        if result.is_err() {
            assert_eq!(centers, [5.0; 2]);
        }
        result
    };
    choose(&[1, 2]).unwrap();
    choose(&[0, 0]).unwrap();
    for weights in [[1, -1], [1, i64::MAX], [1, i64::MIN]] {
        let error = choose(&weights).expect_err("no weights");
        assert_eq!(error.status(), Status::Weights);
        assert!(error.to_string().contains("candidate 1"), "{error}");
    }

    // A code of terms beyond the magnitude.
    for top in [range[1] + 1, 1075 + 1023] {
        let mut off = range.clone();
        off[1] = top;
        let error = Stream::new(4, 1, 2, &off).expect_err("terms are no larger than points");
        assert_eq!(error.status(), Status::Range);
    }
}

/// However many points a stream has, light weights are not lost: here 1000 of 1.2e-7 beside a heavy one, of 2^40 in all.
#[test]
fn light_weights_of_a_huge_stream_are_not_lost() {
    use crate::options::stream::{self, Stream};
    let mut x = vec![0.0];
    x.extend(vec![1.0; 1000]);
    let mut weights = vec![1.0];
    weights.extend(vec![1.2e-7; 1000]);
    let points = centra::Points::rows(&x, x.len(), 1).unwrap();
    let options = Options {
        weights: Some(&weights),
        ..Options::default()
    };
    let mut range = vec![0; stream::range_length(1).unwrap()];
    stream::range(&points, &options, &mut range).unwrap();
    for total in [1usize << 20, 1 << 22, 1 << 23, 1 << 31, 1 << 36, 1 << 40] {
        let stream = Stream::new(total, 1, 1, &range).unwrap();
        let length = stream.weights_length(2).unwrap();
        assert_eq!(length == 2, total <= 1 << 22, "{total}");
        let mut counted = vec![0; length];
        stream::weigh(&stream, &points, &options, &[0.0, 1.0], &mut counted).unwrap();
        let width = (62 - total.trailing_zeros() as i32).min(50);
        let sum = |j: usize| -> f64 {
            let limbs = counted[j * length / 2..][..length / 2].iter().zip(1..);
            limbs
                .map(|(&units, l)| reference::seeding::times(units as f64, -l * width))
                .sum()
        };
        let share = sum(1) / sum(0);
        assert!((share - 1.2e-4).abs() < 1e-9, "{total}: {share}");
        let mut center = [0.0];
        stream::choose(
            &stream,
            &[0.0, 1.0],
            &counted,
            &Options::default(),
            &mut center,
        )
        .unwrap();
    }
}
