//! L45: bounds of the amount by which a candidate lowers the masses.

use super::*;
use crate::exact::mass_unit::Unit;
use crate::seed::gains::{factor, InUnits};

/// The largest limit + R - T of points and candidates that are as far as possible, over 2^27.7. Each lane sums over one or several
/// points.
#[test]
fn l45_lanes() {
    let mut worst = 0.0f64;
    for d in [8, 64, 500, 2048] {
        let length = two_to(13) * (1.0 - 1e-9);
        let even = length / (d as f64).sqrt();
        for sign in [1.0, -1.0] {
            // Candidates with one long coordinate, with equal coordinates, and with one coordinate so long that clamping shortens it.
            let mut one = vec![0.0; d];
            one[0] = sign * length;
            for c in [
                one.clone(),
                vec![sign * even; d],
                one.iter().map(|x| 1.75 * x).collect(),
            ] {
                let level = Level::new(Isa::Portable);
                let width = SketchLanes::of(level).vectors.width;
                let format = Int8Format {
                    coding: Int8Coding {
                        origin: &vec![0.0; d],
                        scale: 1.0,
                    },
                    width,
                    whole: false,
                };
                let x = vec![even; d * 3 * width];
                let mut bytes = Bytes::of(&x, &format, level);
                let mut part = bytes.part();
                let lanes = part.limits.len();
                let before = 4.0 * length * length;
                for p in 0..lanes {
                    part.set_limit(p, before, 1.0, false);
                }
                assert!(part.out_of_range.iter().all(|&bits| bits == 0) && !is_far(&c, &format));
                packed(
                    &c,
                    &format,
                    (level, false),
                    lanes,
                    &mut |candidates, open| {
                        let mut sums = vec![0.0; 2 * width];
                        let mut screening = SketchResult {
                            weights: None,
                            open,
                            sums: &mut sums,
                        };
                        screen(level, &part, &candidates, &mut screening);
                        // Three points in each lane.
                        let most = f64::from(sums[0]) / 3.0;
                        let exact = 0.5 * (before - squared(&x[..d], &c));
                        assert!(most >= exact);
                        worst = worst.max(most / 2f64.powf(27.7));
                    },
                );
            }
        }
    }
    report("L45, lanes", worst, 0.6);
}

/// The decrease of the masses, in units, over its upper bound; and its lower bound over the decrease.
#[test]
fn l45_sums_of_bounds() {
    let (mut worst, mut least) = (0.0f64, 0.0f64);
    let mut rng = Rng(45);
    for level in Level::here() {
        let width = SketchLanes::of(level).vectors.width;
        for turn in 0..120 {
            let (d, n) = (8 + rng.below(20), 1 + rng.below(150));
            let whole = turn % 2 == 0;
            let power = two_to([0, 250, -280][rng.below(3)]);
            let number = |rng: &mut Rng| match whole {
                true => power * (rng.below(255) as f64 - 127.0),
                false => power * 127.0 * rng.unit(),
            };
            let x: Vec<f64> = (0..n * d).map(|_| number(&mut rng)).collect();
            let centers: Vec<f64> = (0..4 * d).map(|_| number(&mut rng)).collect();
            // Equal weights, weights decades apart, or none.
            let decades = [0.0, 3.0, 40.0][rng.below(3)];
            let heavy = two_to(rng.below(200) as i32 - 100);
            let weights: Vec<f64> = (0..n)
                .map(|_| heavy * 10f64.powf(-decades * rng.unit().abs()))
                .collect();
            let weighted = turn % 3 > 0;
            let weight = |p: usize| if weighted { weights[p] } else { 1.0 };
            let heaviest = (0..n).map(weight).fold(0.0, f64::max);
            let (origin, scale) = (vec![0.0; d], 1.0 / power);
            let format = Int8Format {
                coding: Int8Coding {
                    origin: &origin,
                    scale,
                },
                width,
                whole: false,
            };
            let mut bytes = Bytes::of(&x, &format, level);
            let mut part = bytes.part();
            let before: Vec<f64> = (0..n)
                .map(|p| squared(&x[p * d..][..d], &centers[..d]))
                .collect();
            for (p, &before) in before.iter().enumerate() {
                part.set_limit(p, before, scale, before == 0.0);
            }
            let masses: Vec<f64> = (0..n).map(|p| weight(p) * before[p]).collect();
            let top = masses.iter().copied().fold(0.0, f64::max);
            if top == 0.0 {
                continue;
            }
            let unit = Unit::of(top);
            let lanes = part.limits.len();
            let to = (level, rng.below(2) == 1);
            packed(
                &centers[d..],
                &format,
                to,
                lanes,
                &mut |candidates, open| {
                    let mut factors = vec![0.0; lanes];
                    for (p, share) in factors.iter_mut().enumerate().take(n) {
                        *share = factor(weight(p), heaviest);
                    }
                    let mut sums = vec![0.0; 3 * 2 * width];
                    let mut screening = SketchResult {
                        weights: weighted.then_some(&*factors),
                        open,
                        sums: &mut sums,
                    };
                    screen(level, &part, &candidates, &mut screening);
                    let units = InUnits::new(n, weighted, unit, heaviest, scale);
                    for (c, sums) in sums.chunks(2 * width).enumerate() {
                        let candidate = &centers[(c + 1) * d..][..d];
                        let (most, below) = sums.split_at(width);
                        let mut bound = Bound::default();
                        bound.add(most, below);
                        let mut gain = 0i128;
                        for p in 0..n {
                            let mass = weight(p) * squared(&x[p * d..][..d], candidate);
                            let bits = open[c * (lanes / width) + p / width];
                            if mass < masses[p] {
                                assert!(bits >> (p % width) & 1 == 1, "a point is missed");
                                gain += i128::from(unit.coarse(masses[p]) - unit.coarse(mass));
                            }
                        }
                        worst = worst.max(gain as f64 / units.most(&bound));
                        if gain > 0 {
                            least = least.max(units.least(&bound) / gain as f64);
                        } else {
                            assert!(units.least(&bound) <= 0.0);
                        }
                    }
                },
            );
        }
    }
    report("L45, at most", worst, 0.98);
    report("L45, at least", least, 0.98);
}

/// The units of the weights that sums leave out are no more than the allowance for them; for other weights the factor is not less than
/// their share.
#[test]
fn l45_factors() {
    let mut rng = Rng(46);
    let mut worst = 0.0f64;
    for _ in 0..20_000 {
        let heaviest = two_to(rng.below(1900) as i32 - 950) * (1.0 + rng.unit().abs());
        let weight = heaviest * 10f64.powf(-36.0 * rng.unit().abs());
        let share = Exact::of(weight);
        let factor = Exact::of(factor(weight, heaviest).into()) * Exact::of(heaviest);
        if factor.is_zero() {
            assert!(weight / heaviest < 1e-30);
            continue;
        }
        worst = over(worst, share, &factor);
    }
    report("L45, factors", worst, 0.999998);
    assert_eq!(factor(0.0, 1.0), 0.0);
}
