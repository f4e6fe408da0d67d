//! L4 and L10 against exact arithmetic.

use super::*;
use crate::assign::lemmas::{climb, exact_squared, over, report, two_to, Collect, Given, Rng};
use crate::assign::panel::{arrange_group, arranges, few, sweep, Panels, Sweep};
use crate::exact::distance::squared;
use crate::exact::rational::Exact;
use crate::quantize::int8::Scales;
use crate::simd::products::Screen;
use crate::simd::{Capability, InstructionSet, Kernel, Level, ScreenKernel};

// --- L4: values ---

/// The results of a test of one point: the integer of each center, and the error bound.
struct Values {
    values: Vec<i32>,
    error_bound: i32,
    scales: Scales,
    square: f64,
}

/// The largest distances of coordinates from the origin.
#[derive(Clone, Copy)]
struct Ranges {
    points: f64,
    centers: f64,
}

/// Evaluation by the vectors of a level for bytes: those of its sketches, as not every level has others.
#[derive(Clone, Copy)]
struct Evaluate<'a> {
    given: Given<'a>,
    ranges: Ranges,
}

impl Kernel for Evaluate<'_> {
    type Out = Option<Values>;
    const PRODUCTS: bool = true;

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) -> Option<Values> {
        // SAFETY: the contract.
        unsafe { self.values::<I::Lanes, I::Sketch>() }
    }
}

/// Evaluation by the vectors that a level has for tests, if they are arranged in another way than those of sketches.
struct EvaluateArranged<'a>(Evaluate<'a>);

impl Kernel for EvaluateArranged<'_> {
    type Out = Option<Option<Values>>;
    const PRODUCTS: bool = true;

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) -> Option<Option<Values>> {
        // SAFETY: the contract.
        unsafe { I::Bytes::run::<I::Lanes, _>(self) }
    }
}

impl ScreenKernel<i32> for EvaluateArranged<'_> {
    type Out = Option<Values>;

    #[inline(always)]
    unsafe fn run<L: Lanes, S: Screen<E = i32>>(self) -> Option<Values> {
        match arranges::<S>() {
            // SAFETY: the contract.
            true => unsafe { self.0.values::<L, S>() },
            false => None,
        }
    }
}

impl Evaluate<'_> {
    /// Points and centers are coded, and products computed, by the library.
    #[inline(always)]
    unsafe fn values<L: Lanes, S: Screen<E = i32>>(self) -> Option<Values> {
        let Evaluate { given, ranges } = self;
        let Given {
            x, centers, origin, ..
        } = given;
        let scales = Scales::of_ranges(ranges.points, ranges.centers)?;
        let (d, k) = (x.len(), given.k());
        let elements = elements::<i32>(d);
        let (mut data, mut norms) = (vec![0; k * elements], vec![0; k]);
        let how = Int8Centers {
            coding: Int8Coding {
                origin,
                scale: scales.centers,
            },
            ratio: scales.points / scales.centers,
            parts: 1,
        };
        let vectors = Vectors::of::<S>();
        let test = Int8Test {
            coding: Int8Coding {
                origin,
                scale: scales.points,
            },
            bound: Int8Bound::new(pack_centers(centers, &how, vectors, &mut data, &mut norms)),
            center_scale: scales.centers,
        };
        let width = S::WIDTH;
        let mut group = vec![0; width * elements];
        let (mut error_bounds, mut squares) = (vec![0; width], vec![0.0; width]);
        let tile = Tile {
            width,
            elements: &mut group,
            error_bounds: &mut error_bounds,
            squares: &mut squares,
        };
        let points = Points::rows(x, 1, d).unwrap();
        let mut collect = Collect(Vec::new());
        // SAFETY: the caller is compiled for the vectors; there is a group of points, and panels for as many elements.
        unsafe {
            test.pack::<L>(&points, &Which::Block(0..1), 0..elements, tile);
            if !few(elements) {
                arrange_group::<S>(&mut group);
            }
            let over = Sweep {
                groups: group.as_ptr(),
                elements,
                chunk: 0..elements,
                values: core::ptr::null_mut(),
            };
            let panels = Panels {
                data: &data,
                norms: &norms,
            };
            sweep::<S, 1, _>(&over, &panels, &mut collect, || ());
        }
        // Lanes past the last point repeat it.
        assert!(error_bounds.iter().all(|&bound| bound == error_bounds[0]));
        assert!(squares.iter().all(|&square| square == squares[0]));
        Some(Values {
            values: collect.0,
            error_bound: error_bounds[0],
            scales,
            square: squares[0],
        })
    }
}

/// s r D / 2 - s r |x - μ|² / 2.
fn exact_value(given: Given<'_>, distance: Exact, scales: Scales) -> Exact {
    let rest = distance - exact_squared(given.x, given.origin);
    rest * Exact::of(scales.points) * Exact::of(scales.centers) * Exact::two_to(-1)
}

/// The largest error of a value over half the error bound; 0 if the bound is too large to prove anything.
fn of_values(given: Given<'_>, ranges: Ranges, level: Level) -> f64 {
    let evaluate = Evaluate { given, ranges };
    let arranged = level.run(EvaluateArranged(evaluate)).flatten();
    let mut worst = 0.0;
    for values in [level.run(evaluate), arranged].into_iter().flatten() {
        if values.error_bound >= 1 << 29 {
            continue;
        }
        let error = Exact::whole(values.error_bound.into()) * Exact::two_to(-1);
        for (j, &value) in values.values.iter().enumerate() {
            let c = given.center(j);
            for distance in [Exact::of(squared(given.x, c)), exact_squared(given.x, c)] {
                let off = Exact::whole(value.into()) - exact_value(given, distance, values.scales);
                worst = over(worst, off.abs(), &error);
            }
        }
    }
    worst
}

/// The largest distance of a coordinate of a center from the origin.
fn range_of(given: Given<'_>) -> f64 {
    let centers = given.centers.chunks(given.x.len());
    let differences = centers.flat_map(|c| c.iter().zip(given.origin).map(|(c, m)| (c - m).abs()));
    differences.fold(0.0, f64::max)
}

/// What L4 assumes of ranges and scales.
#[test]
fn l4_scales() {
    for out in [0.0, two_to(-301), two_to(300), f64::INFINITY, f64::NAN] {
        assert!(Scales::of_ranges(out, 1.0).is_none() && Scales::of_ranges(1.0, out).is_none());
    }
    for exponent in -10..=10 {
        for most in [1.0, two_to(-300), two_to(289)] {
            let (points, centers) = (1.1 * most, 1.3 * most * two_to(exponent));
            let Some(scales) = Scales::of_ranges(points, centers) else {
                assert!(centers < two_to(-300));
                continue;
            };
            let ratio = scales.points / scales.centers;
            assert!((1.0 / 64.0..=1.0).contains(&ratio), "2^{exponent}: {ratio}");
            // As long as 8 bits allow, but for a rounding.
            let (long, far) = (points * scales.points, centers * scales.centers);
            assert!(long < 127.0 + 1e-12 && far < 127.0 + 1e-12, "2^{exponent}");
            assert!(far > 127.0 - 1e-12 || ratio == 1.0 / 64.0, "2^{exponent}");
            let longest = long.max(centers * scales.points);
            assert!(longest > 127.0 - 1e-12, "2^{exponent}");
        }
    }
}

#[test]
fn l4_int8() {
    let mut worst = 0.0f64;
    for level in Level::here() {
        for d in [4, 33, 64, 257, 2048] {
            let zero = vec![0.0; d];
            // Halves everywhere but in the one coordinate that sets the scales.
            let mut x = vec![-126.5; d];
            x[0] = -127.0;
            let mut c = vec![126.5; d];
            c[0] = 127.0;
            let ratio = |numbers: &[f64], of_points: f64| {
                let given = Given::of(numbers, d, Some(&zero), 1.0);
                let ranges = Ranges {
                    points: of_points,
                    centers: range_of(given),
                };
                of_values(given, ranges, level)
            };
            let steps = 20_000 / (d + 50);
            let numbers = [x, c].concat();
            worst = worst.max(climb(numbers, 1000.0, steps, |numbers| {
                ratio(numbers, 127.0)
            }));
            // Clamped points of any length; centers with a scale as much coarser as it may be.
            let mut rng = Rng(d as u64);
            for long in [1.0, 3.0, 1e3, 1e6, 1e8] {
                for (of_centers, of_points) in [(1.0, 1.0), (1.0, 90.0), (1.0, 1e6)] {
                    let x: Vec<f64> = rng.units(d).iter().map(|x| of_points * long * x).collect();
                    let centers: Vec<f64> =
                        rng.units(3 * d).iter().map(|c| of_centers * c).collect();
                    let numbers = [x, centers].concat();
                    worst = worst.max(climb(numbers, 1e15, steps / 4, |numbers| {
                        ratio(numbers, of_points)
                    }));
                }
            }
        }
    }
    report("L4", worst, 0.98);
}

// --- L10: the limit, given D of the best center ---

/// The limit must be at least the value of every center that is as near as the one whose distance is given.
#[test]
fn l10_limit_of_int8() {
    let mut worst = 0.0f64;
    let mut rng = Rng(10);
    for d in [32, 64, 257] {
        let zero = vec![0.0; d];
        for long in [1.0, 100.0, 1e4, 1e7] {
            for turn in 0..6 {
                let levels = Level::here();
                let level = levels[turn % levels.len()];
                let mut x: Vec<f64> = rng.units(d).iter().map(|x| long * x).collect();
                let mut centers = rng.units(2 * d);
                if turn < 2 {
                    x = vec![126.5; d];
                    centers = vec![126.5; 2 * d];
                    (x[0], centers[0], centers[d]) = (127.0, 127.0, 127.0);
                }
                let ratio = |numbers: &[f64]| {
                    let given = Given::of(numbers, d, Some(&zero), 1.0);
                    let range = range_of(given);
                    let ranges = Ranges {
                        points: range,
                        centers: range,
                    };
                    let Some(values) = level.run(Evaluate { given, ranges }) else {
                        return 0.0;
                    };
                    let test = Int8Test {
                        coding: Int8Coding {
                            origin: given.origin,
                            scale: values.scales.points,
                        },
                        bound: Int8Bound {
                            per_norm: 0.0,
                            per_error: 0.0,
                            constant: 0.0,
                        },
                        center_scale: values.scales.centers,
                    };
                    let distances = [0, 1].map(|j| squared(given.x, given.center(j)));
                    let best = usize::from(distances[1] < distances[0]);
                    let most = distances[0].max(distances[1]);
                    let Some(limit) = test.limit(most, values.square, values.error_bound) else {
                        return 0.0;
                    };
                    let exact = exact_value(given, Exact::of(most), values.scales);
                    let allowed = Exact::whole(limit.into()) - exact.clone();
                    assert!(allowed > Exact::ZERO, "below T");
                    let needed = Exact::whole(values.values[best].into()) - exact;
                    needed.over(&allowed)
                };
                worst = worst.max(climb([x, centers].concat(), 1e9, 40, ratio));
            }
        }
    }
    report("L10, 8 bits", worst, 0.95);
}
