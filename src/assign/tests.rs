use super::lemmas::Rng;
use super::*;
use crate::call::Shape;
use crate::exact::distance::squared;
use crate::points::{Form, Points};
use crate::runtime::threads::with_crew;
use crate::runtime::workspace::Owned;
use crate::simd::Level;

/// Points near centers that come in pairs, some so near each other that tests leave them open, and some the same.
fn pairs(n: usize, d: usize, k: usize) -> [Vec<f64>; 2] {
    let mut rng = Rng((n + d * k) as u64);
    let mut centers = rng.units(k * d);
    for j in (1..k).step_by(2) {
        for i in 0..d {
            let apart = [0.0, 1e-3, 0.1][j % 3] * rng.unit();
            centers[j * d + i] = centers[(j - 1) * d + i] + apart;
        }
    }
    let mut points = Vec::new();
    for p in 0..n {
        let j = match p % 4 {
            0 => k - 1 - p % k.min(20),
            _ => rng.below(k),
        };
        let center = &centers[j * d..][..d];
        points.extend(center.iter().map(|c| c + 0.2 * rng.unit()));
    }
    [points, centers]
}

/// Every level finds the first of the nearest centers, also those in a last part or tile that is not full.
#[test]
fn every_level_finds_the_nearest() {
    for (d, ks) in [
        (32, vec![32, 33, 47, 64, 2048, 2049, 2063, 2064, 2081]),
        (65, vec![32, 40, 65]),
        (257, vec![33, 48, 2050]),
        (784, vec![32, 100]),
    ] {
        for k in ks {
            for n in [40, 97] {
                let [points, centers] = pairs(n, d, k);
                let expected: Vec<i32> = points
                    .chunks(d)
                    .map(|x| {
                        let distances = centers.chunks(d).map(|c| squared(x, c));
                        let least =
                            |a: (usize, f64), b: (usize, f64)| if b.1 < a.1 { b } else { a };
                        distances.enumerate().reduce(least).unwrap().0 as i32
                    })
                    .collect();
                for level in Level::here() {
                    let shape = Shape::of_assign(n, d, k, Form::default(), 1);
                    let mut memory = Owned::new(1 << 26).unwrap();
                    let mut memory = memory.buffer();
                    let mut packing = Packing::cut(&mut memory, &shape);
                    packing.set_largest(points.iter().fold(0.0, |most, x| x.abs().max(most)));
                    let mut workers = PerThread::new(1, || LabelScratch::cut(&mut memory, &shape));
                    let mut labels = vec![-1; n];
                    with_crew(1, None, |crew| {
                        let job = Job {
                            points: Points::rows(&points, n, d).unwrap(),
                            weights: None,
                            level,
                            crew,
                            block: shape.block,
                            stretch: shape.stretch(),
                        };
                        let labels = &mut labels[..];
                        assign(&job, &mut packing, &mut workers, &centers, 0, labels, None);
                    });
                    assert!(labels == expected, "{level:?}, n {n}, d {d}, k {k}");
                }
            }
        }
    }
}
