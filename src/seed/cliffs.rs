//! No input is a cliff: rows that are read in vain, on data of many families, next to ordinary ones.

use super::greedy::credit;
use super::masses::{candidates_per_step, Greedy, Masses};
use super::philox::Key;
use super::step_by_sketch::ROW;
use super::worker::SeedWorker;
use crate::api::with_job;
use crate::assign::lemmas::{two_to, Rng};
use crate::call::{Init, Options, Shape};
use crate::points::{Form, Points};
use crate::runtime::threads::PerThread;
use crate::runtime::workspace::{Buffer, Cut, Owned, Ruler};
use crate::simd::Level;

const KEY: Key = Key {
    seed: 1,
    restart: 0,
};
const N: usize = 1000;
const D: usize = 12;
const K: usize = 60;

/// What one thread seeds with.
fn cut<'w>(from: &mut impl Cut<'w>, shape: &Shape) -> (Masses<'w>, SeedWorker<'w>) {
    let masses = Masses::cut(from, shape, true);
    (masses, SeedWorker::cut(from, shape, Init::KmeansPlusPlus))
}

/// Rows read in vain over pairs of a point and a candidate or center, or nothing if the sketch was given up.
fn in_vain(x: &[f64], d: usize, k: usize, weights: Option<&[f64]>) -> Option<f64> {
    let n = x.len() / d;
    let points = Points::rows(x, n, d).unwrap();
    let options = Options::default();
    let shape = Shape::of_assign(n, d, k, Form::default(), 1);
    let mut ruler = Ruler::default();
    cut(&mut ruler, &shape);
    let mut memory = Owned::new(ruler.bytes().unwrap()).unwrap();
    let mut buffer: Buffer<'_> = memory.buffer();
    let (mut masses, worker) = cut(&mut buffer, &shape);
    let mut worker = Some(worker);
    let level = Level::new(options.isa);
    with_job(&points, weights, &options, &shape, level, 1, |job| {
        let mut workers = PerThread::new(1, || worker.take().unwrap());
        let mut centers = vec![0.0; k * d];
        let mut greedy = Greedy::by_weight(job, &mut masses);
        assert!(greedy.scale.is_some(), "no sketch");
        greedy.draw(KEY, &mut workers, &mut centers);
        let pairs = n * (candidates_per_step(k) + 1) * (k - 1);
        let vain = (credit(n, k) + pairs as i128 - greedy.credit) / ROW;
        greedy.scale.map(|_| vain as f64 / pairs as f64)
    })
}

type Family = (&'static str, fn(usize, usize, f64) -> f64);

/// From a row, a dimension and a number from -1 to 1.
const FAMILIES: &[Family] = &[
    (
        "one row of 1e3",
        |p, _, x| if p == 500 { 1e3 * x } else { x },
    ),
    ("one row of 1e30", |p, _, x| if p == 500 { 1e30 } else { x }),
    (
        "one row of 1e150",
        |p, _, x| if p == 500 { 1e150 * x } else { x },
    ),
    (
        "the first row of 1e30",
        |p, _, x| if p == 0 { -1e30 } else { x },
    ),
    (
        "1 % of 1e2",
        |p, _, x| if p % 100 == 3 { 1e2 * x } else { x },
    ),
    (
        "1 % of 1e30",
        |p, _, x| if p % 100 == 3 { 1e30 * x } else { x },
    ),
    (
        "1 % of 1e150",
        |p, _, x| if p % 100 == 3 { 1e150 * x } else { x },
    ),
    (
        "ten rows of 1e30",
        |p, _, x| if p / 10 == 30 { 1e30 * x } else { x },
    ),
    ("ten equal rows of 1e30", |p, _, x| {
        if p / 10 == 30 {
            1e30
        } else {
            x
        }
    }),
    (
        "1 % of 1e-30",
        |p, _, x| if p % 100 == 3 { 1e-30 * x } else { x },
    ),
    ("1 % of zeros", |p, _, x| if p % 100 == 3 { 0.0 } else { x }),
    ("1 % of many magnitudes", |p, _, x| match p % 100 {
        3 => x * two_to(97 * p as i32 % 1000 - 500),
        _ => x,
    }),
    ("every second row of zeros", |p, _, x| {
        if p % 2 == 0 {
            0.0
        } else {
            x
        }
    }),
    ("1e-160", |_, _, x| 1e-160 * x),
    ("1e-155", |_, _, x| 1e-155 * x),
    ("1e-100", |_, _, x| 1e-100 * x),
    ("1e140", |_, _, x| 1e140 * x),
    ("1e12 and x", |_, _, x| 1e12 + x),
    ("bits", |_, _, x| f64::from(u8::from(x > 0.0))),
    ("digits", |_, _, x| (10.0 * x.abs()).floor()),
    ("quarters", |_, _, x| 1e9 + (4.0 * x).floor() / 4.0),
];

#[test]
fn rows_read_in_vain() {
    let data = |family: fn(usize, usize, f64) -> f64| -> Vec<f64> {
        let mut rng = Rng(1);
        (0..N * D)
            .map(|i| family(i / D, i % D, rng.unit()))
            .collect()
    };
    let ordinary = in_vain(&data(|_, _, x| x), D, K, None).unwrap();
    println!("ordinary: {ordinary:.4} of all pairs");
    assert!(ordinary < 0.1, "{ordinary}");
    let weights: Vec<f64> = (0..N).map(|p| 1.0 + (p % 7) as f64).collect();
    for (name, family) in FAMILIES {
        for weights in [None, Some(&*weights)] {
            let vain = in_vain(&data(*family), D, K, weights);
            println!("{name}: {vain:.4?}");
            let vain = vain.unwrap_or_else(|| panic!("{name}: the sketch was given up"));
            assert!(
                vain < 1.5 * ordinary + 0.03,
                "{name}: {vain}, not {ordinary}"
            );
        }
    }
}

/// Where all candidates are as near as what there is, but not in whole numbers, a sketch says nothing.
#[test]
fn a_sketch_is_given_up() {
    let d = 90;
    let x: Vec<f64> = (0..N * d)
        .map(|i| if i % d == i / d % d { 0.1 } else { 0.0 })
        .collect();
    assert_eq!(in_vain(&x, d, K, None), None);
    let whole: Vec<f64> = x.iter().map(|x| 10.0 * x).collect();
    assert!(in_vain(&whole, d, K, None).unwrap() < 0.02);
}
