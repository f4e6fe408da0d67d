//! The lemmas L43 to L45 of `docs/proofs.md` against exact arithmetic. Each test searches for inputs whose error comes nearest to
//! the bound of the lemma, from inputs built for this, and prints the largest ratio of measured error to bound. Points are coded, candidates
//! packed and both compared by the functions that a step uses.

mod sums_of_bounds;

use super::gains::Bound;
use super::masses::candidates_per_step;
use super::sketch::{is_far, screen, Candidates, Part, SketchLanes, SketchResult, StepMemory};
use crate::assign::lemmas::{climb, over, report, two_to, Collect, Rng};
use crate::assign::panel::{sweep, Sweep};
use crate::call::Shape;
use crate::exact::distance::squared;
use crate::exact::rational::Exact;
use crate::points::{Form, Points};
use crate::quantize::int8::{code, Coded, Int8Coding, Int8Format};
use crate::runtime::workspace::{Owned, Ruler};
use crate::simd::level::Isa;
use crate::simd::products::{elements, Integers};
use crate::simd::{InstructionSet, Kernel, Level};

/// Points coded in bytes.
struct Bytes {
    data: Vec<i32>,
    limits: Vec<i32>,
    out_of_range: Vec<u16>,
    norms: Vec<f32>,
    errors: Vec<f32>,
    squares: Vec<f64>,
    whole: bool,
}

impl Bytes {
    fn of(x: &[f64], format: &Int8Format<'_>, level: Level) -> Self {
        let d = format.coding.origin.len();
        let n = x.len() / d;
        let lanes = n.next_multiple_of(format.width);
        let mut bytes = Bytes {
            data: vec![0; lanes * elements::<i32>(d)],
            limits: vec![0; lanes],
            out_of_range: vec![0; lanes / format.width],
            norms: vec![0.0; lanes],
            errors: vec![0.0; lanes],
            squares: vec![0.0; lanes],
            whole: format.whole,
        };
        let Bytes {
            data,
            norms,
            errors,
            squares,
            ..
        } = &mut bytes;
        let mut coded = Coded {
            data,
            norms,
            errors,
            squares,
        };
        let points = Points::rows(x, n, d).unwrap();
        code(level, &points, 0..n, n..n, format, &mut coded);
        bytes.part().close();
        bytes
    }

    fn part(&mut self) -> Part<'_> {
        let shift = (self.limits.len() / self.out_of_range.len()).ilog2();
        Part {
            data: &mut self.data,
            limits: &mut self.limits,
            out_of_range: &mut self.out_of_range,
            norms: &mut self.norms,
            errors: &mut self.errors,
            squares: &mut self.squares,
            whole: self.whole,
            shift,
        }
    }
}

/// Calls a function with candidates as a step packs them, and with room for the bits of n points.
fn packed(
    centers: &[f64],
    format: &Int8Format<'_>,
    (level, fine): (Level, bool),
    n: usize,
    take: &mut dyn FnMut(Candidates<'_>, &mut [u16]),
) {
    let d = format.coding.origin.len();
    let shape = Shape {
        n,
        d,
        k: 4,
        form: Form::default(),
        threads: 1,
        block: 48,
        bound: false,
    };
    let count = (centers.len() / d).max(candidates_per_step(4));
    let mut ruler = Ruler::default();
    StepMemory::cut(&mut ruler, &shape, n, count);
    let mut memory = Owned::new(ruler.bytes().unwrap()).unwrap();
    let mut step = StepMemory::cut(&mut memory.buffer(), &shape, n, count);
    if let (Some(candidates), open) =
        step.pack(centers, format, SketchLanes::of(level).vectors, fine)
    {
        take(candidates, open);
    }
}

/// A point, a candidate and an origin; D to the nearest center so far; the scale.
#[derive(Clone, Copy)]
struct Given<'a> {
    x: &'a [f64],
    c: &'a [f64],
    origin: &'a [f64],
    before: f64,
    scale: f64,
}

impl<'a> Given<'a> {
    /// The last number is D to the nearest center so far.
    fn of(numbers: &'a [f64], d: usize, origin: Option<&'a [f64]>, scale: f64) -> Self {
        let (x, rest) = numbers.split_at(d);
        let (c, rest) = rest.split_at(d);
        Given {
            x,
            c,
            origin: match origin {
                Some(origin) => origin,
                None => &rest[..d],
            },
            before: numbers[numbers.len() - 1].abs(),
            scale,
        }
    }

    /// s² (D' - D) / 2.
    fn lowered(&self) -> Exact {
        let rest = Exact::of(self.before) - Exact::of(squared(self.x, self.c));
        rest * Exact::of(self.scale).square() * Exact::two_to(-1)
    }
}

/// The value of a candidate for a point, with its second bytes, if it has any; and R.
struct Evaluate<'a> {
    point: &'a Bytes,
    elements: usize,
    candidates: &'a Candidates<'a>,
}

impl Kernel for Evaluate<'_> {
    type Out = [i32; 2];
    const PRODUCTS: bool = true;

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) -> [i32; 2] {
        // SAFETY: the contract.
        unsafe { self.value::<I::Sketch>() }
    }
}

impl Evaluate<'_> {
    #[inline(always)]
    unsafe fn value<S: Integers>(self) -> [i32; 2] {
        let Evaluate {
            point,
            elements,
            candidates,
        } = self;
        let mut collect = Collect(Vec::new());
        let over = Sweep {
            groups: point.data.as_ptr(),
            elements,
            chunk: 0..elements,
            values: core::ptr::null_mut(),
        };
        let (mut value, mut error_bound) = ([0; 16], [0; 16]);
        // SAFETY: the caller is compiled for the vectors; there is a group of points, and a panel for as many elements.
        unsafe {
            sweep::<S, 1, _>(&over, &candidates.panels, &mut collect, || ());
            let (norms, errors) = (point.norms.as_ptr(), point.errors.as_ptr());
            let bound = S::error_bound(norms, errors, candidates.per);
            S::store(error_bound.as_mut_ptr(), bound);
            let refined = match collect.0[..] {
                [value] => S::splat(value),
                [high, low] => S::refine(S::splat(high), S::splat(low)),
                _ => unreachable!("a candidate has one or two parts"),
            };
            S::store(value.as_mut_ptr(), refined);
        }
        [value[0], error_bound[0]]
    }
}

/// |limit - T - s² (D' - D) / 2| over R; 0 if the point is out of range or the candidate far.
fn ratio(given: Given<'_>, level: Level, fine: bool) -> f64 {
    let format = Int8Format {
        coding: Int8Coding {
            origin: given.origin,
            scale: given.scale,
        },
        width: SketchLanes::of(level).vectors.width,
        whole: false,
    };
    let mut bytes = Bytes::of(given.x, &format, level);
    let mut part = bytes.part();
    part.set_limit(0, given.before, given.scale, false);
    if part.out_of_range[0] != 0 || is_far(given.c, &format) {
        return 0.0;
    }
    let mut worst = 0.0;
    let to = (level, fine);
    packed(given.c, &format, to, 1, &mut |candidates, _| {
        let [value, error_bound] = level.run(Evaluate {
            point: &bytes,
            elements: elements::<i32>(given.x.len()),
            candidates: &candidates,
        });
        let found = Exact::whole((bytes.limits[0] - value).into());
        let off = (found - given.lowered()).abs();
        worst = off.over(&Exact::whole(error_bound.into()));
    });
    worst
}

/// A point and a candidate with coordinates that are rounded by as much as possible, or clamped, all in the same direction.
fn rounded(d: usize, [x, c]: [f64; 2]) -> Vec<f64> {
    let mut numbers = vec![x; d];
    numbers.extend(vec![c; d]);
    numbers.push(((x - c) * (x - c) * d as f64).abs());
    numbers
}

/// The worst ratio for inputs where the first two terms are most of R.
fn of_products(fine: bool, starts: &[[f64; 2]]) -> f64 {
    let mut worst = 0.0f64;
    for d in [8, 33, 64, 257, 2048] {
        let zero = vec![0.0; d];
        let steps = 12_000 / (d + 50);
        for level in Level::here() {
            for &start in starts {
                let climbed = climb(rounded(d, start), 1e9, steps, |numbers| {
                    ratio(Given::of(numbers, d, Some(&zero), 1.0), level, fine)
                });
                worst = worst.max(climbed);
            }
            // Arbitrary numbers, an origin and a scale that cause rounding, and some clamped coordinates.
            let mut rng = Rng(d as u64);
            for long in [0.5, 3.0, 100.0, 300.0] {
                let numbers: Vec<f64> = rng.units(3 * d + 1).iter().map(|x| long * x).collect();
                let scale = 1.0 + rng.unit().abs();
                let climbed = climb(numbers, 1e9, steps / 2, |numbers| {
                    ratio(Given::of(numbers, d, None, scale), level, fine)
                });
                worst = worst.max(climbed);
            }
        }
    }
    worst
}

/// The worst ratio for inputs where only the constant of R is left: whole numbers and halves, and a limit right above a whole number.
fn of_the_constant(fine: bool) -> f64 {
    let mut worst = 0.0f64;
    for level in Level::here() {
        for d in [8, 9, 40] {
            let zero = vec![0.0; d];
            let mut rng = Rng(d as u64);
            for turn in 0..200 {
                let number = |rng: &mut Rng| match turn % 3 {
                    0 => rng.below(5) as f64 - 2.0,
                    1 => (rng.below(9) as f64 - 4.0) / 2.0,
                    _ => (rng.below(3) as f64 - 1.0) + rng.unit() * two_to(-10),
                };
                let mut numbers: Vec<f64> = (0..2 * d).map(|_| number(&mut rng)).collect();
                let square: f64 = numbers[..d].iter().map(|x| x * x).sum();
                // Right above a negative whole number, a limit is rounded up by nearly two.
                let below = (rng.below(4) as f64 + 0.999).min(square / 2.0);
                numbers.push(square - 2.0 * below);
                let climbed = climb(numbers, 200.0, 30, |numbers| {
                    ratio(Given::of(numbers, d, Some(&zero), 1.0), level, fine)
                });
                worst = worst.max(climbed);
            }
        }
    }
    worst
}

#[test]
fn l43_first_bytes() {
    let starts = [
        [126.5, 126.5],
        [-126.5, 126.5],
        [180.0, 180.0],
        [190.0, 126.5],
        [0.5, 126.5],
    ];
    report("L43", of_products(false, &starts), 0.98);
    report("L43, the constant", of_the_constant(false), 0.6);
}

#[test]
fn l44_second_bytes() {
    let half = 1.0 / 256.0;
    let starts = [
        [126.5, 126.0 + half],
        [-126.5, 126.5 + half],
        [180.0, 126.0 + half],
        [180.0, 190.0],
        [0.5, 120.0 + half],
    ];
    report("L44", of_products(true, &starts), 0.98);
    report("L44, the constant", of_the_constant(true), 0.6);
}

/// At the ends of the range of scales, where squares underflow in D or in the sketch, and with magnitudes that are far apart.
#[test]
fn l43_ranges() {
    let mut worst = 0.0f64;
    let mut rng = Rng(43);
    for level in Level::here() {
        for d in [8, 19, 300] {
            for exponent in [-535, -533, -530, -525, -500, 0, 505, 508, 509] {
                for _ in 0..6 {
                    let (range, scale) = (two_to(exponent), 127.0 / two_to(exponent));
                    let number = |rng: &mut Rng| match rng.below(6) {
                        0 => 0.0,
                        1 => f64::from_bits(rng.next() % (1 << 54)),
                        2 => range * rng.unit() * two_to(-(rng.below(500) as i32)),
                        _ => range * rng.unit(),
                    };
                    let mut numbers: Vec<f64> = (0..3 * d).map(|_| number(&mut rng)).collect();
                    numbers.push(squared(&numbers[..d], &numbers[2 * d..]));
                    let here = climb(numbers, 1.9 * two_to(509), 20, |numbers| {
                        let given = Given::of(numbers, d, None, scale);
                        ratio(given, level, false).max(ratio(given, level, true))
                    });
                    worst = worst.max(here);
                }
            }
        }
    }
    report("L43 and L44, ranges", worst, 0.1);
}

/// The ratio of D between a point in range and its nearest center so far to D between the point and a far candidate.
#[test]
fn l47_far_candidates() {
    let mut worst = 0.0f64;
    let level = Level::new(Isa::Portable);
    for (d, exponent) in [(8, 0), (9, 500), (33, -520), (300, -535), (2048, 3)] {
        let scale = 127.0 / two_to(exponent);
        let (origin, long) = (vec![0.0; d], two_to(13) / scale);
        let format = Int8Format {
            coding: Int8Coding {
                origin: &origin,
                scale,
            },
            width: SketchLanes::of(level).vectors.width,
            whole: false,
        };
        // The point lies between the origin and the candidate.
        let mut x = vec![0.0; d];
        x[0] = long * (1.0 - 1e-9);
        let times = |by: i32| -> Vec<f64> { x.iter().map(|x| x * f64::from(by) / 256.0).collect() };
        let far = (256..).find(|&by| is_far(&times(by), &format));
        let mut numbers = [x.clone(), times(far.unwrap())].concat();
        numbers.push(4.0 * long * long * (1.0 - 1e-9));
        let ratio = |numbers: &[f64]| {
            let given = Given::of(numbers, d, Some(&origin), scale);
            let mut bytes = Bytes::of(given.x, &format, level);
            let mut part = bytes.part();
            part.set_limit(0, given.before, scale, false);
            match part.out_of_range[0] != 0 || !is_far(given.c, &format) {
                true => 0.0,
                false => given.before / squared(given.x, given.c),
            }
        };
        worst = worst.max(climb(numbers, two_to(510), 6_000 / (d + 50), ratio));
    }
    report("L47", worst, 0.85);
}

/// If coordinates are whole, a point is open to a candidate exactly if its mass decreases. Among the points and candidates are some whose
/// coordinates are not whole.
#[test]
fn l48_whole_numbers() {
    let mut rng = Rng(48);
    let (mut ties, mut others) = (0, 0);
    for turn in 0..300 {
        let (d, n) = (8 + rng.below(20), 1 + rng.below(60));
        let levels = Level::here();
        let level = levels[turn % levels.len()];
        let width = SketchLanes::of(level).vectors.width;
        let unit = two_to([0, -390, 380, 3][rng.below(4)]);
        let most = [2, 3, 60][rng.below(3)];
        // One coordinate of so many is not whole, or is longer, or is so small that its square underflows.
        let every = [usize::MAX, 400, 20][rng.below(3)];
        let number = |rng: &mut Rng| {
            let whole = unit * rng.below(most) as f64;
            match rng.below(every) {
                0 => whole + unit * [0.5, 0.25, 300.0, 1e-9, 1e-13, 1e-170][rng.below(6)],
                1 => [1e-200, 5e-324, -1e-165][rng.below(3)] * unit.min(1.0),
                _ => whole,
            }
        };
        let x: Vec<f64> = (0..n * d).map(|_| number(&mut rng)).collect();
        let centers: Vec<f64> = (0..5 * d).map(|_| number(&mut rng)).collect();
        let (origin, scale) = (vec![0.0; d], 2.0 / unit);
        let format = Int8Format {
            coding: Int8Coding {
                origin: &origin,
                scale,
            },
            width,
            whole: true,
        };
        if centers.chunks(d).any(|c| is_far(c, &format)) {
            continue;
        }
        let mut bytes = Bytes::of(&x, &format, level);
        let mut part = bytes.part();
        let distance = |p: usize, c: usize| squared(&x[p * d..][..d], &centers[c * d..][..d]);
        // Each limit is set twice: by the first center, and by a second one.
        let before: Vec<f64> = (0..n).map(|p| distance(p, 0).min(distance(p, 1))).collect();
        for (p, &before) in before.iter().enumerate() {
            part.set_limit(p, distance(p, 0), scale, distance(p, 0) == 0.0);
            part.set_limit(p, before, scale, before == 0.0);
        }
        let lanes = part.limits.len();
        let to = (level, rng.below(2) == 1);
        packed(
            &centers[2 * d..],
            &format,
            to,
            lanes,
            &mut |candidates, open| {
                let mut sums = vec![0.0; 3 * 2 * width];
                let mut screening = SketchResult {
                    weights: None,
                    open,
                    sums: &mut sums,
                };
                screen(level, &part, &candidates, &mut screening);
                for (c, sums) in sums.chunks(2 * width).enumerate() {
                    let (most, least) = sums.split_at(width);
                    let mut bound = Bound::default();
                    bound.add(most, least);
                    let mut gain = Exact::ZERO;
                    for (p, &before) in before.iter().enumerate() {
                        let after = distance(p, c + 2);
                        let bits = open[c * (lanes / width) + p / width];
                        let open = bits >> (p % width) & 1 == 1;
                        if part.out_of_range[p / width] >> (p % width) & 1 == 1 {
                            continue;
                        }
                        assert!(open || after >= before, "a point is missed");
                        if every == usize::MAX {
                            assert_eq!(open, after < before, "D is {after:e} after {before:e}");
                            ties += usize::from(after == before && before > 0.0);
                        } else {
                            others += usize::from(open);
                        }
                        if after < before {
                            gain = gain + Exact::of(before) - Exact::of(after);
                        }
                    }
                    let gain = (gain * Exact::of(scale).square() * Exact::two_to(-1)).about();
                    let [most, least] = bound.both();
                    assert!(
                        gain <= most * 1.0001 && least * 0.9999 <= gain,
                        "{least} {gain} {most}"
                    );
                }
            },
        );
    }
    assert!(ties > 300 && others > 1000, "{ties}, {others}");
}
