use super::lemmas::Rng;
use super::precision::Method;
use super::*;
use crate::call::Shape;
use crate::exact::distance::squared;
use crate::points::{Form, Points};
use crate::runtime::threads::with_crew;
use crate::runtime::workspace::Owned;
use crate::simd::products::Pair;
use crate::simd::Level;

/// Points near centers that come in pairs, a few of them so near each other that tests leave points open, and a few the same.
struct Pairs {
    points: Vec<f64>,
    centers: Vec<f64>,
    n: usize,
    d: usize,
}

impl Pairs {
    fn of(n: usize, d: usize, k: usize) -> Self {
        let mut rng = Rng((n + d * k) as u64);
        let mut centers = rng.units(k * d);
        for j in (1..k).step_by(2) {
            // Few are so near each other that tests leave points open: else these would be left to other precisions.
            let apart = [0.0, 1e-3][j / 40 % 2];
            for i in 0..d {
                let apart = if j % 40 == 1 { apart } else { 0.5 } * rng.unit();
                centers[j * d + i] = centers[(j - 1) * d + i] + apart;
            }
        }
        let mut points = Vec::new();
        for p in 0..n {
            // Some of the last ones, whose part or tile may not be full.
            let j = match p % 4 {
                0 => k - 1 - p % k.min(20),
                _ => rng.below(k),
            };
            let center = &centers[j * d..][..d];
            points.extend(center.iter().map(|c| c + 0.2 * rng.unit()));
        }
        Pairs {
            points,
            centers,
            n,
            d,
        }
    }

    /// The first of the nearest centers.
    fn nearest(&self) -> Vec<i32> {
        let of_point = |x: &[f64]| {
            let distances = self.centers.chunks(self.d).map(|c| squared(x, c));
            let least = |a: (usize, f64), b: (usize, f64)| if b.1 < a.1 { b } else { a };
            distances.enumerate().reduce(least).unwrap().0 as i32
        };
        self.points.chunks(self.d).map(of_point).collect()
    }

    /// The labels of a pass, which may want margins, and how it ended.
    fn labels(&self, level: Level, margins: bool) -> (Vec<i32>, Method) {
        let Pairs {
            ref points,
            ref centers,
            n,
            d,
        } = *self;
        let shape = Shape::of_assign(n, d, centers.len() / d, Form::default(), 1);
        let mut memory = Owned::new(1 << 26).unwrap();
        let mut memory = memory.buffer();
        let mut packing = Packing::cut(&mut memory, &shape);
        packing.set_largest(points.iter().fold(0.0, |most, x| x.abs().max(most)));
        let mut scratch = LabelScratch::cut(&mut memory, &shape);
        let mut labels = Vec::new();
        with_crew(1, None, |crew| {
            let job = Job {
                points: Points::rows(points, n, d).unwrap(),
                weights: None,
                level,
                crew,
                block: shape.block,
                stretch: shape.stretch(),
            };
            let mut rows = Int16Rows::default();
            let prepared = packing.prepare(&job, centers, margins, &rows);
            scratch.start(&prepared);
            for block in job.blocks() {
                let which = Which::Block(block);
                let found = scratch.label(
                    &job,
                    (&which, which.len()),
                    0..0,
                    margins,
                    &mut rows,
                    &prepared,
                );
                labels.extend(found.0);
            }
        });
        (labels, scratch.end().0)
    }
}

/// Every level finds the first of the nearest centers, in bytes and in words, also of centers in a last part or tile that is not full.
#[test]
fn every_level_finds_the_nearest() {
    for (d, ks) in [
        (32, vec![32, 33, 47, 64, 2048, 2049, 2063, 2064, 2081]),
        (65, vec![32, 40, 65, 2049, 2065]),
        (257, vec![33, 48, 2050]),
        (784, vec![32, 100]),
    ] {
        for k in ks {
            for n in [97, 145] {
                let data = Pairs::of(n, d, k);
                let expected = data.nearest();
                for level in Level::here() {
                    for margins in [false, true] {
                        let (labels, end) = data.labels(level, margins);
                        let what = format!("{level:?}, n {n}, d {d}, k {k}, {margins}");
                        assert!(labels == expected, "{what}");
                        // Where margins are wanted, words are what it begins with, and it does not go on to others.
                        let words = margins && level.vectors::<Pair>().is_some();
                        assert!(!words || end <= Method::Int16, "{what}: {end:?}");
                    }
                }
            }
        }
    }
}
