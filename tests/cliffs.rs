//! No input is a cliff: what is far beyond the usual costs itself alone, and ties cost little. The labels are those of the
//! reference, and the counts of the report tell what it took.

mod harness;
mod options;
mod reference;

use centra::{Algorithm, Isa, Points, Report};
use harness::data::*;
use harness::*;
use options::{Init, Options};
use reference as oracle;

/// Points and centers of a kind that was slow, or might become so.
type Family = (&'static str, fn(usize, usize, usize, &mut Rng) -> Data);

struct Data {
    x: Vec<f64>,
    start: Vec<f64>,
}

/// Uniform points, every `step`-th row of which is `value` instead, and centers among them: the first is such a row, if `also`.
fn outliers(
    (n, d, k): (usize, usize, usize),
    (step, value): (usize, f64),
    also: bool,
    rng: &mut Rng,
) -> Data {
    let mut x = fill(UNIFORM, n * d, rng);
    let mut start = distinct(&x, d, k, rng);
    for row in x.chunks_exact_mut(d).skip(step / 2).step_by(step) {
        row.fill(value);
    }
    if also {
        start[..d].fill(value);
    }
    Data { x, start }
}

const FAMILIES: &[Family] = &[
    ("one row of 1e28", |n, d, k, rng| {
        outliers((n, d, k), (n, 1e28), false, rng)
    }),
    ("one row of -1e33, and a center", |n, d, k, rng| {
        outliers((n, d, k), (n, -1e33), true, rng)
    }),
    ("one row of 1e140", |n, d, k, rng| {
        outliers((n, d, k), (n, 1e140), false, rng)
    }),
    ("one row of 1e140, and a center", |n, d, k, rng| {
        outliers((n, d, k), (n, 1e140), true, rng)
    }),
    ("one row in ten of 1e15", |n, d, k, rng| {
        outliers((n, d, k), (10, 1e15), true, rng)
    }),
    ("one row in ten of 1e38", |n, d, k, rng| {
        outliers((n, d, k), (10, 1e38), false, rng)
    }),
    ("two rows of three of 1e30", |n, d, k, rng| {
        let mut data = outliers((n, d, k), (3, 1e30), true, rng);
        data.x[n / 2 * d..].fill(1e30);
        data
    }),
    ("an eighth of the coordinates of 1e36", |n, d, k, rng| {
        let mut x = fill(UNIFORM, n * d, rng);
        x.iter_mut().skip(3).step_by(8).for_each(|x| *x = 1e36);
        let start = drawn(&x, d, k, rng);
        Data { x, start }
    }),
    ("five distinct rows", |n, d, k, rng| {
        let rows = fill(UNIFORM, 5 * d, rng);
        let x = drawn(&rows, d, n, rng);
        let start = drawn(&x, d, k, rng);
        Data { x, start }
    }),
    ("equal rows", |n, d, k, rng| {
        let x = fill(UNIFORM, d, rng).repeat(n);
        let start = x[..k * d].to_vec();
        Data { x, start }
    }),
    ("0 and -0", |n, d, k, rng| {
        let zeros = |count: usize, rng: &mut Rng| {
            let signs = (0..count).map(|_| if rng.below(2) == 0 { 0.0 } else { -0.0 });
            signs.collect::<Vec<f64>>()
        };
        let mut x = zeros(n * d, rng);
        x.iter_mut().step_by(7).for_each(|x| *x = 1.0);
        let mut start = zeros(k * d, rng);
        start.iter_mut().skip(1).step_by(5).for_each(|x| *x = 1.0);
        Data { x, start }
    }),
    ("half of the centers equal", |n, d, k, rng| {
        let x = fill(BELL, n * d, rng);
        let mut start = distinct(&x, d, k, rng);
        let one = start[..d].to_vec();
        start
            .chunks_exact_mut(d)
            .step_by(2)
            .for_each(|row| row.copy_from_slice(&one));
        Data { x, start }
    }),
    ("all centers but one far", |n, d, k, rng| {
        let x = fill(BELL, n * d, rng);
        let mut start = fill(BELL, k * d, rng);
        start[d..].iter_mut().for_each(|c| *c += 1e9);
        Data { x, start }
    }),
    (
        "all centers but the last beyond single precision",
        |n, d, k, rng| {
            let x = fill(BELL, n * d, rng);
            let mut start = fill(BELL, k * d, rng);
            let near = (k - 1) * d;
            start[..near].iter_mut().for_each(|c| *c *= 1e60);
            Data { x, start }
        },
    ),
    ("all centers far", |n, d, k, rng| {
        let x = fill(BELL, n * d, rng);
        let mut start = fill(BELL, k * d, rng);
        start.iter_mut().for_each(|c| *c = (*c + 10.0) * 1e25);
        Data { x, start }
    }),
    ("centers of all magnitudes", |n, d, k, rng| {
        let x = fill(BELL, n * d, rng);
        let mut start = fill(BELL, k * d, rng);
        for (j, row) in start.chunks_exact_mut(d).enumerate() {
            let far = two_to(j as i32 * 8 % 480 - 60);
            row.iter_mut().for_each(|c| *c *= far);
        }
        Data { x, start }
    }),
    ("points and centers of all magnitudes", |n, d, k, rng| {
        let mut x = fill(BELL, n * d, rng);
        for row in x.chunks_exact_mut(d) {
            let far = two_to(rng.below(240) as i32 - 120);
            row.iter_mut().for_each(|x| *x *= far);
        }
        let start = drawn(&x, d, k, rng);
        Data { x, start }
    }),
    ("one-hot", |n, d, k, rng| {
        let mut x = vec![0.0; n * d];
        x.chunks_exact_mut(d)
            .for_each(|row| row[rng.below(d)] = 1.0);
        let start = drawn(&x, d, k, rng);
        Data { x, start }
    }),
    ("binary", |n, d, k, rng| {
        let x: Vec<f64> = (0..n * d).map(|_| rng.below(2) as f64).collect();
        let start = drawn(&x, d, k, rng);
        Data { x, start }
    }),
    ("counts, one of which is large", |n, d, k, rng| {
        let mut x: Vec<f64> = (0..n * d).map(|_| rng.below(3) as f64 - 1.0).collect();
        x[n / 2 * d] = 1e30;
        let start = x[..k * d].to_vec();
        Data { x, start }
    }),
    ("whole numbers among fractions", |n, d, k, rng| {
        let quarter = |rng: &mut Rng| rng.below(40) as f64 * 0.25;
        let mut x: Vec<f64> = (0..n * d).map(|_| quarter(rng)).collect();
        let start = x[..k * d].to_vec();
        x.iter_mut().step_by(11).for_each(|x| *x += 2f64.powi(-30));
        Data { x, start }
    }),
    ("subnormal squares", |n, d, k, rng| {
        let mut x = fill(BELL, n * d, rng);
        x.iter_mut().for_each(|x| *x *= 1e-155);
        let start = distinct(&x, d, k, rng);
        Data { x, start }
    }),
    ("offset 1e12", |n, d, k, rng| {
        let mut x = fill(UNIFORM, n * d, rng);
        x.iter_mut().for_each(|x| *x += 1e12);
        let start = distinct(&x, d, k, rng);
        Data { x, start }
    }),
    ("tight clusters", |n, d, k, rng| {
        let rows = fill(UNIFORM, 6 * d, rng);
        let mut x = drawn(&rows, d, n, rng);
        x.iter_mut().for_each(|x| *x += 1e-8 * rng.unit());
        let start = distinct(&x, d, k, rng);
        Data { x, start }
    }),
];

fn families(shapes: &[(usize, usize, usize)], ways: &[Way], most: i64) {
    let mut bad = Bad::default();
    let mut rng = Rng(27);
    for (name, make) in FAMILIES {
        for &(n, d, k) in shapes {
            let Data { x, start } = make(n, d, k, &mut rng);
            let case = Case::new(*name, d, x, start);
            case.check_assign(ways, &mut bad);
            case.check_fit(KEEP.at_most(most), ways, &mut bad);
        }
    }
}

#[test]
fn families_in_few_dimensions() {
    let shapes = [
        (60, 1, 7),
        (300, 1, 200),
        (120, 2, 17),
        (150, 4, 9),
        (200, 5, 33),
        (90, 8, 16),
    ];
    families(&shapes, &few_ways(), 6);
}

#[test]
fn families_in_many_dimensions() {
    let shapes = [(120, 9, 15), (120, 16, 40), (90, 17, 24), (100, 33, 40)];
    families(&shapes, &few_ways(), 4);
    families(&[(60, 129, 36), (40, 300, 9)], &least_ways(), 3);
}

/// More blocks than one, so that threads fall back to other precisions, and return.
#[test]
fn families_over_several_blocks() {
    families(&[(1500, 16, 30), (500, 40, 20)], &least_ways(), 1);
}

/// What labelling to the start took, without bounds.
fn cost(x: &[f64], d: usize, start: &[f64], isa: Isa) -> Report {
    let options = Options {
        init: Init::Given,
        algorithm: Algorithm::Lloyd,
        max_iter: 0,
        threads: 1,
        isa,
        ..Options::default()
    };
    let points = Points::rows(x, x.len() / d, d).unwrap();
    let fit = options::fit_from(&points, start, &options).unwrap();
    assert_eq!(fit.labels, oracle::assign(x, d, start).0);
    fit.report
}

/// One row that is far beyond the others, or one in a hundred, is compared with all centers, and leaves the others alone.
#[test]
fn an_outlier_costs_itself_alone() {
    let mut rng = Rng(5);
    for isa in ISAS {
        for (n, d, k) in [(2000, 2, 50), (2000, 16, 50), (800, 48, 60), (300, 300, 30)] {
            let x = fill(UNIFORM, n * d, &mut rng);
            let start = distinct(&x, d, k, &mut rng);
            let usual = cost(&x, d, &start, isa);
            for size in [
                1e12, 1e20, 1e26, 1e28, 1e29, 1e30, 1e31, 1e33, 1e35, 9.96921e36, 1.70141e38,
                1e100, 1e140,
            ] {
                for count in [1, n / 100] {
                    let mut far = x.clone();
                    for row in far
                        .chunks_exact_mut(d)
                        .skip(50)
                        .step_by(n / count)
                        .take(count)
                    {
                        row.fill(size);
                    }
                    let got = cost(&far, d, &start, isa);
                    let count = count as i64;
                    let what = format!("{isa:?}, {count} of {n} rows, d {d}, k {k}, {size:e}");
                    let rechecked = usual.rechecked + n as i64 / 200 + count;
                    assert!(got.rechecked <= rechecked, "{what}: {got:?}, not {usual:?}");
                    let distances = usual.distances + n as i64 / 20 + 2 * count * k as i64;
                    assert!(got.distances <= distances, "{what}: {got:?}, not {usual:?}");
                }
            }
        }
    }
}

/// A center that is far off does not make the others indistinct, nor do equal ones, nor ties between whole numbers.
#[test]
fn centers_leave_each_other_alone() {
    let mut rng = Rng(6);
    let (n, k) = (1000, 50);
    for isa in ISAS {
        for d in [2, 16, 40, 150] {
            let x = fill(UNIFORM, n * d, &mut rng);
            let start = distinct(&x, d, k, &mut rng);
            let usual = cost(&x, d, &start, isa);
            let mut rows = Vec::new();
            for size in [1e5, 1e10, 1e17, 1e25, 1e40, 1e140] {
                let mut start = start.clone();
                start[d..2 * d].fill(size);
                rows.push((format!("a center of {size:e}"), x.clone(), start));
            }
            let mut equal = start.clone();
            equal.copy_within(..k / 2 * d, k / 2 * d);
            rows.push(("equal centers".into(), x.clone(), equal));
            rows.push(("one center".into(), x.clone(), start[..d].repeat(k)));
            let mut distinct = x.clone();
            for p in 10..n {
                distinct.copy_within(p % 10 * d..(p % 10 + 1) * d, p * d);
            }
            let start = distinct[..k * d].to_vec();
            rows.push(("ten distinct rows".into(), distinct, start));
            if d < 32 {
                let binary: Vec<f64> = (0..n * d).map(|_| rng.below(2) as f64).collect();
                let start = binary[..k * d].to_vec();
                rows.push(("binary".into(), binary, start));
            }
            for (what, x, start) in rows {
                let got = cost(&x, d, &start, isa);
                let what = format!("{isa:?}, d {d}, {what}: {got:?}, not {usual:?}");
                assert!(got.rechecked <= usual.rechecked + n as i64 / 100, "{what}");
                assert!(got.distances <= usual.distances + n as i64 / 10, "{what}");
            }
        }
    }
}

/// In one dimension all centers may be as near as each other, by rounding, and any of them the first.
#[test]
fn ties_among_sorted_centers() {
    let mut bad = Bad::default();
    let mut rng = Rng(8);
    for k in [192, 200, 257] {
        let mut x = fill(BELL, 300, &mut rng);
        let mut start: Vec<f64> = (0..k).map(|j| (j * 37 % k) as f64).collect();
        for (p, x) in x.iter_mut().enumerate() {
            *x *= two_to(p as i32 / 4);
        }
        Case::new("one dimension", 1, x.clone(), start.clone())
            .check_assign(&least_ways(), &mut bad);
        start[k / 3..].fill(7.0);
        Case::new("equal in one dimension", 1, x, start).check_assign(&least_ways(), &mut bad);
    }
}
