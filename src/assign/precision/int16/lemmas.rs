//! L5, L7 and L10 against exact arithmetic.

use super::*;
use crate::assign::lemmas::{
    climb, exact_squared, least_two, margin_over, over, pairs_of_centers, report, two_to, Collect,
    Given, Rng,
};
use crate::assign::panel::{sweep, Panels, Sweep};
use crate::exact::rational::Exact;
use crate::points::Rows;
use crate::quantize::int16::{code, Int16Rows};
use crate::simd::level::Isa;
use crate::simd::portable::Portable;
use crate::simd::products::{PortablePairs, Screen};
use crate::simd::Level;
#[cfg(target_arch = "x86_64")]
use crate::simd::{avx2::Avx2, products::Avx2Pairs};

// --- L5: values ---

/// The results of a test of one point.
struct Values {
    values: Vec<f32>,
    /// e, u, and the error bound for each center.
    least: f64,
    unit: f64,
    error_bounds: Vec<f32>,
    /// w and K of each center.
    centers: Vec<(f64, f64)>,
    /// X̂·Ĉ of each center, and E.
    products: Vec<i64>,
    error: f64,
    square: f64,
}

type Evaluate = for<'a> fn(Given<'a>, f64, &mut dyn FnMut(&Int16Test<'_>, Values));

fn evaluate_at<L: Lanes, S: Screen<E = Pair>>(
    given: Given<'_>,
    units: f64,
    take: &mut dyn FnMut(&Int16Test<'_>, Values),
) {
    let Given {
        x,
        centers,
        origin,
        scale,
    } = given;
    let (d, k, zero) = (x.len(), given.k(), Pair::default());
    let (length, width) = (elements::<Pair>(d), S::WIDTH);
    let coding = Int16Coding { origin, scale };
    let (mut data, mut norms) = (vec![zero; k * length], vec![zero; 2 * k]);
    // The centers one by one: each is a panel.
    let vectors = Vectors::of::<PortablePairs>();
    let mut error = 0.0f64;
    for (j, center) in centers.chunks(d).enumerate() {
        let (data, norms) = (&mut data[j * length..][..length], &mut norms[2 * j..][..2]);
        error = error.max(pack_centers(center, &coding, vectors, data, norms));
    }
    let mut row = vec![0i64; stride(d)];
    let level = Level::new(Isa::Portable);
    code(level, Rows::new(x, d), &coding, &mut row);
    let (mut nothing, mut room) = (Int16Rows::default(), row.clone());
    let rows = nothing.write(&(0..1), &mut room, |to| to.copy_from_slice(&row));
    let test = Int16Test {
        rows,
        centers: Int16Centers {
            scale,
            bound: Int16Bound::new(error),
            norms: &norms,
            units: Units::new(d, units),
        },
    };
    let points = Points::rows(x, 1, d).unwrap();
    let mut group = vec![zero; width * (length + Pair::SIDES)];
    let (mut of_point, mut squares) = (vec![zero; width], vec![0.0; width]);
    let tile = Tile {
        width,
        elements: &mut group,
        error_bounds: &mut of_point,
        squares: &mut squares,
    };
    // SAFETY: the CPU has the instruction set; there is room for a group and its sides.
    unsafe { test.pack::<L>(&points, &Which::Block(0..1), 0..length, tile) };
    let (mut values, mut error_bounds) = (Vec::new(), Vec::new());
    for j in 0..k {
        let panels = Panels {
            data: &data[j * length..][..length],
            norms: &norms[2 * j..][..2],
        };
        let over = Sweep {
            groups: group.as_ptr(),
            elements: length,
            chunk: 0..length,
            values: core::ptr::null_mut(),
        };
        let mut collect = Collect(Vec::new());
        // SAFETY: a group of points, and a panel for as many elements.
        unsafe { sweep::<S, 1, _>(&over, &panels, &mut collect, || ()) };
        values.push(collect.0[0].number());
        let mut whole = of_point.clone();
        test.complete(&vec![j as i32; width], &squares, &mut whole);
        error_bounds.push(whole[0].number());
    }
    let coded = |i: usize| i64::from((row[i / 4] >> (16 * (i % 4))) as i16);
    let of_center = |j: usize, i: usize| {
        let pair = data[j * length + i / 2].0;
        -i64::from((pair >> (16 * (i % 2))) as i16)
    };
    let products = (0..k).map(|j| (0..d).map(|i| coded(i) * of_center(j, i)).sum());
    let norms_of_row = row[stride(d) - 1];
    let off = f64::from(RowNorms::of(norms_of_row).error);
    let values = Values {
        values,
        least: -f64::from(group[length * width].0),
        unit: group[(length + 1) * width].number().into(),
        error_bounds,
        centers: (0..k)
            .map(|j| {
                (
                    norms[2 * j + 1].number().into(),
                    norms[2 * j].number().into(),
                )
            })
            .collect(),
        products: products.collect(),
        error: f64::from(LONGEST) * error + off * f64::from(LONGEST + STRETCHED),
        square: squares[0],
    };
    take(&test, values);
}

fn levels_here() -> Vec<Evaluate> {
    let mut levels: Vec<Evaluate> = Vec::new();
    levels.push(evaluate_at::<Portable, PortablePairs>);
    #[cfg(target_arch = "x86_64")]
    if crate::isa() >= crate::Isa::Avx2 {
        levels.push(evaluate_at::<Avx2, Avx2Pairs>);
    }
    levels
}

/// (g² D - g² |x - μ|²) / 2.
fn exact_value(given: Given<'_>, distance: Exact) -> Exact {
    let rest = distance - exact_squared(given.x, given.origin);
    rest * Exact::of(given.scale).square() * Exact::two_to(-1)
}

/// Three ratios: of the product, of the lower bound and of the upper bound.
fn of_values(evaluate: Evaluate, given: Given<'_>) -> [f64; 3] {
    let mut worst = [0.0; 3];
    evaluate(given, 1.0, &mut |_, values| {
        if values.unit == 0.0 {
            // L17: nothing is proven of a far point.
            assert!(values.error_bounds.iter().all(|r| r.is_infinite()));
            return;
        }
        // What is assumed of e.
        assert!(values.least >= 1.01 * values.error + 1024.0);
        let scale = Exact::of(given.scale).square();
        let square = scale.clone() * exact_squared(given.x, given.origin);
        let eta = square * Exact::two_to(-42);
        for (j, &(unit, start)) in values.centers.iter().enumerate() {
            let (c, value) = (given.center(j), Exact::of(values.values[j].into()));
            let both = Exact::of(values.unit) * Exact::of(unit);
            let product = |a: &[f64], b: &[f64]| -> Exact {
                let terms = a.iter().zip(b).zip(given.origin);
                let of = |x: f64, m: f64| Exact::of(x) - Exact::of(m);
                terms.map(|((&a, &b), &m)| of(a, m) * of(b, m)).sum()
            };
            let exact = scale.clone() * product(given.x, c);
            let off = Exact::whole(values.products[j]) * both.clone() - exact;
            // The errors of X and C themselves, which come on top of E.
            let error = Exact::of(values.error + 1e-5) * both.clone();
            worst[0] = over(worst[0], off.abs(), &error);
            let lowered = Exact::of(values.least) * both
                + Exact::of(start) * Exact::two_to(-21)
                + eta.clone();
            let error_bound = values.error_bounds[j];
            for distance in [Exact::of(squared(given.x, c)), exact_squared(given.x, c)] {
                let exact = exact_value(given, distance);
                let above = value.clone() + lowered.clone() - exact.clone() - eta.clone();
                worst[1] = over(worst[1], above, &lowered);
                // L17: that of a far center is infinite.
                if error_bound.is_finite() {
                    let below = exact - value.clone() + eta.clone();
                    worst[2] = over(worst[2], below, &Exact::of(error_bound.into()));
                }
            }
        }
    });
    worst
}

#[test]
fn l5_int16() {
    let mut worst = [0.0f64; 3];
    for d in [32, 33, 40, 129, 1024] {
        let zero = vec![0.0; d];
        for evaluate in levels_here() {
            let mut rng = Rng(d as u64);
            // Coordinates halfway between whole numbers, in vectors as long as 16 bits allow, of equal and of opposite signs.
            for sign in [1.0, -1.0] {
                let half = (f64::from(LONGEST) / (d as f64).sqrt()).floor() - 0.5;
                let mut x = vec![half; d];
                let length = f64::from(LONGEST);
                x[0] = (length * length - (d - 1) as f64 * half * half).sqrt();
                let c = x.iter().map(|x| sign * x);
                let numbers: Vec<f64> = x.iter().copied().chain(c).collect();
                for (which, most) in worst.iter_mut().enumerate() {
                    let ratio = |numbers: &[f64]| {
                        of_values(evaluate, Given::of(numbers, d, Some(&zero), 1.0 / length))[which]
                    };
                    let here = climb(numbers.clone(), 1e6, 10_000 / (d + 50), ratio);
                    *most = most.max(here);
                }
            }
            // Near and far centers, short and long points, with an origin.
            for of_center in [1e-20, 1e-3, 1.0, 1e4, 1e15] {
                for of_point in [1e-20, 1e-3, 1.0, 1e4, 1e15] {
                    let mut numbers = rng.units(4 * d);
                    numbers[..d].iter_mut().for_each(|x| *x *= of_point);
                    numbers[d..2 * d].iter_mut().for_each(|m| *m *= 1e-20);
                    numbers[2 * d..].iter_mut().for_each(|c| *c *= of_center);
                    let here = of_values(evaluate, Given::of(&numbers, d, None, 1.0));
                    worst.iter_mut().zip(here).for_each(|(w, h)| *w = w.max(h));
                }
            }
        }
    }
    report("L5, product", worst[0], 0.98);
    report("L5, lower bound", worst[1], 0.97);
    report("L5, upper bound", worst[2], 0.97);
}

// --- L7: margins ---

fn of_margin(evaluate: Evaluate, given: Given<'_>, units: f64) -> f64 {
    let mut worst = 0.0;
    evaluate(given, units, &mut |test, values| {
        let (label, least, second) = least_two(&values.values);
        let [least, second, error_bound] =
            [least, second, values.error_bounds[label]].map(Pair::of);
        let margin = test.margin(least, second, error_bound, Pair::default(), values.square);
        worst = margin_over(given, units, label, margin);
    });
    worst
}

#[test]
fn l7_margins_of_int16() {
    let (mut worst, mut tiny) = (0.0f64, 0.0f64);
    let mut rng = Rng(7);
    for d in [32, 33, 100] {
        let zero = vec![0.0; d];
        for evaluate in levels_here() {
            for units in [
                0, 20, -20, -100, -120, -124, -126, -127, -130, -140, -149, 100, 130,
            ] {
                let units = two_to(units) * (1.0 + 0.5 * rng.unit().abs());
                let most = if units < two_to(-120) {
                    &mut tiny
                } else {
                    &mut worst
                };
                for _ in 0..8 {
                    let long = rng.below(40) as i32;
                    let exponents = [0, long, long - rng.below(20) as i32];
                    let numbers = pairs_of_centers(d, exponents, &mut rng);
                    let ratio = |numbers: &[f64]| {
                        let given = Given::of(numbers, d, Some(&zero), 0.7);
                        of_margin(evaluate, given, units)
                    };
                    *most = most.max(climb(numbers, two_to(50), 20, ratio));
                }
            }
        }
    }
    report("L7", worst, 0.999);
    report("L7, where the factor is subnormal", tiny, 0.99);
}

/// The formula of the lemma, where one of its terms is all there is.
#[test]
fn l7_margin_of_int16() {
    let (mut nothing, mut room) = (Int16Rows::default(), [0; 2]);
    let rows = nothing.write(&(0..1), &mut room, |_| ());
    // |x'|² and twice the least value cancel; the nearer distance is 0, and the farther one next to nothing; neither.
    let cancelled = (1.0, -0.5, 4.0, 0.0, 1.0);
    let tiny = (0.0, 0.0, 0.75 * f64::from(TINY), 0.0, two_to(60));
    for (square, least, second, error_bound, units) in
        [cancelled, tiny, (4.0, -1.0, 7.0, 0.25, 3.0)]
    {
        let test = Int16Test {
            rows,
            centers: Int16Centers {
                scale: 1.0,
                bound: Int16Bound::new(0.0),
                norms: &[],
                units: Units {
                    scale: units,
                    slack: 0.0,
                },
            },
        };
        let near = (square * (1.0 + two_to(-20)) + 2.0 * (least + error_bound)).sqrt();
        let far = (square * (1.0 - two_to(-20)) + 2.0 * second - two_to(-90)).sqrt();
        let margin = (far * (1.0 - two_to(-20)) - near * (1.0 + two_to(-19))) * units;
        let [least, second, error_bound] =
            [least, second, error_bound].map(|x: f64| Pair::of(x as f32));
        let found = test.margin(least, second, error_bound, Pair::default(), square);
        let part = f64::from(found) / margin;
        assert!((1.0 - two_to(-20)..1.0).contains(&part), "{part}");
    }
}

// --- L10: the limit, given D of the best center ---

#[test]
fn l10_limit_of_int16() {
    let mut worst = 0.0f64;
    let mut rng = Rng(10);
    for d in [32, 100] {
        let zero = vec![0.0; d];
        for evaluate in levels_here() {
            for _ in 0..40 {
                let exponents = [0, rng.below(30) as i32 - 20, -(rng.below(30) as i32)];
                let numbers = pairs_of_centers(d, exponents, &mut rng);
                let ratio = |numbers: &[f64]| {
                    let given = Given::of(numbers, d, Some(&zero), 0.7);
                    let mut worst = 0.0;
                    evaluate(given, 1.0, &mut |test, values| {
                        for j in 0..given.k() {
                            let distance = squared(given.x, given.center(j));
                            let error_bound = Pair::of(values.error_bounds[j]);
                            let Some(limit) = test.limit(distance, values.square, error_bound)
                            else {
                                continue;
                            };
                            let value = exact_value(given, Exact::of(distance));
                            let square = Exact::of(given.scale).square()
                                * exact_squared(given.x, given.origin);
                            // What the limit is raised by, and what of that is needed beside η.
                            let raised = Exact::of(values.square) * Exact::two_to(-21)
                                + value.clone().abs() * Exact::two_to(-22)
                                + Exact::of(TINY.into());
                            let limit = Exact::of(limit.number().into());
                            let used = value + square * Exact::two_to(-42) + raised.clone() - limit;
                            worst = over(worst, used, &raised);
                        }
                    });
                    worst
                };
                worst = worst.max(climb(numbers, two_to(40), 20, ratio));
            }
        }
    }
    report("L10, 16 bits", worst, 0.3);
}

// --- L17: far points and centers ---

#[test]
fn l17_far_points_and_centers_of_int16() {
    let mut rng = Rng(17);
    for turn in 0..120 {
        let d = [32, 33, 100][turn % 3];
        let mut numbers = rng.units(4 * d);
        let (x, centers) = numbers.split_at_mut(d);
        // Around the lengths up to which points and centers are coded; some centers near the point.
        let long = two_to(50 + rng.below(12) as i32);
        x.iter_mut().for_each(|x| *x *= long);
        for center in centers.chunks_mut(d) {
            let (near, ratio) = (rng.below(2) == 0, 1.0 + rng.unit().abs());
            let long = two_to(50 + rng.below(12) as i32);
            for (c, x) in center.iter_mut().zip(&*x) {
                *c = if near { x * ratio } else { *c * long };
            }
        }
        let zero = vec![0.0; d];
        for evaluate in levels_here() {
            let [_, below, above] = of_values(evaluate, Given::of(&numbers, d, Some(&zero), 1.0));
            assert!(below <= 1.0 && above <= 1.0, "{d}, {below}, {above}");
        }
    }
}
