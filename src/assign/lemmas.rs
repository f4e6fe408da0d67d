//! The lemmas L1 to L10, L16 and L17 of `docs/proofs.md` against exact arithmetic: each test looks for the inputs that come nearest to the bound
//! which a lemma claims, from ones built to do so, and prints the worst measured / bound.
//!
//! What is measured comes out of the library's own code: centers and points are packed, swept and judged by what a pass uses.

use super::bounds::lose_moves;
use super::certify::*;
use super::panel::*;
use super::screened::{Frame, Screened, Tile, Units};
use super::sorted::{self, Sorted};
use super::words::{self, Coding, Proof};
use crate::exact::distance::squared;
use crate::exact::rational::Exact;
use crate::points::{Points, Rows, Which};
use crate::simd::portable::Portable;
use crate::simd::products::{
    elements, Element, Pair, PortableBytes, PortableF32, PortableF64, PortablePairs, Screen,
    Working,
};
use crate::simd::Lanes;
#[cfg(target_arch = "x86_64")]
use crate::simd::{
    avx2::Avx2,
    products::{Avx2F32, Avx2F64, Avx2Pairs},
};

/// 2^exponent.
pub(crate) fn two_to(exponent: i32) -> f64 {
    Exact::two_to(exponent.into()).about()
}

/// A counter-based generator.
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = self.0;
        let z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
    /// From -1 to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 * two_to(-52) - 1.0
    }
    pub(crate) fn units(&mut self, count: usize) -> Vec<f64> {
        (0..count).map(|_| self.unit()).collect()
    }
}

/// The worst ratio near some numbers: changes a few of them at a time, by ulps, by a bit somewhere, by a factor, and keeps what does
/// not make it less. No number becomes greater than `most` in magnitude.
pub(crate) fn climb(
    start: Vec<f64>,
    most: f64,
    steps: usize,
    ratio: impl Fn(&[f64]) -> f64,
) -> f64 {
    let mut rng = Rng(start.len() as u64);
    let (mut at, mut worst) = (start, 0.0f64);
    worst = worst.max(ratio(&at));
    for _ in 0..steps {
        let mut next = at.clone();
        for _ in 0..=rng.below(3) {
            let i = rng.below(next.len());
            let x = next[i];
            let changed = match rng.below(8) {
                0 => x.next_up(),
                1 => x.next_down(),
                2 => f64::from_bits(x.to_bits() ^ 1 << rng.below(52)),
                3 => -x,
                4 => x * [0.5, 2.0][rng.below(2)],
                5 => next[rng.below(next.len())],
                6 => x * (1.0 + rng.unit() * two_to(-(rng.below(30) as i32))),
                _ => x + rng.unit() * two_to(-(rng.below(60) as i32)),
            };
            if changed.abs() <= most {
                next[i] = changed;
            }
        }
        let here = ratio(&next);
        if here >= worst {
            (at, worst) = (next, here);
        }
    }
    worst
}

/// Prints a worst ratio, which is to be at most 1 and at least what has been reached before.
pub(crate) fn tell(what: &str, worst: f64, floor: f64) {
    println!("{what}: worst measured / bound {worst:.5}");
    assert!(worst <= 1.0, "{what}: {worst}, beyond the bound");
    assert!(worst >= floor, "{what}: {worst}, less than {floor}");
}

/// |x - c|², exact.
pub(crate) fn exact_squared(x: &[f64], c: &[f64]) -> Exact {
    let terms = x.iter().zip(c);
    terms
        .map(|(&x, &c)| (Exact::of(x) - Exact::of(c)).square())
        .sum()
}

/// The larger of a number and the next exact one over a bound.
pub(crate) fn over(worst: f64, measured: Exact, bound: &Exact) -> f64 {
    worst.max(measured.over(bound))
}

// --- L1: D ---

fn of_definition(x: &[f64], c: &[f64]) -> f64 {
    let (exact, d) = (exact_squared(x, c), x.len());
    let off = (Exact::of(squared(x, c)) - exact.clone()).abs();
    let Definition { relative, absolute } = Definition::new(d);
    off.over(&(Exact::of(relative) * exact + Exact::of(absolute)))
}

#[test]
fn l1_definition() {
    let v = f64::EPSILON / 2.0;
    let mut worst = 0.0f64;
    for d in [1, 2, 5, 8, 9, 16, 17, 64, 800, 1601] {
        // Of one partial sum, whose additions lose nearly half an ulp each; and of all of them.
        for every in [8, 1] {
            let x: Vec<f64> = (0..d)
                .map(|i| match i {
                    0 => 1.0,
                    _ if i % every == 0 => (0.9999 * v).sqrt(),
                    _ => 0.0,
                })
                .collect();
            let mut start = [x, vec![0.0; d]].concat();
            start[d] = -0.9999 * v;
            let steps = 100_000 / (d + 50);
            let here = climb(start, 4.0, steps, |xc| of_definition(&xc[..d], &xc[d..]));
            worst = worst.max(here);
        }
    }
    tell("L1, relative", worst, 0.95);
    let mut worst = 0.0f64;
    for d in [1, 2, 8, 9, 100, 1000] {
        let x = vec![(0.49999f64).sqrt() * two_to(-537); d];
        let here = climb([x, vec![0.0; d]].concat(), two_to(-530), 50, |xc| {
            of_definition(&xc[..d], &xc[d..])
        });
        worst = worst.max(here);
    }
    tell("L1, underflow", worst, 0.95);
}

// --- L2: norms ---

#[test]
fn l2_norms() {
    let v = f64::EPSILON / 2.0;
    let mut worst = 0.0f64;
    for d in [1, 2, 7, 9, 100, 128, 129, 300, 1000, 4096, 70_000] {
        // The first partial sum takes the rest of its chunk, then what is folded into it, then all chunks.
        let center: Vec<f64> = (0..d)
            .map(|i| match i {
                0 => 1.0,
                _ if i >= 128 => (0.9999 * v / 128.0).sqrt(),
                _ if i % 8 == 0 => (0.9999 * v).sqrt(),
                _ => (0.9999 * v / 128.0).sqrt(),
            })
            .collect();
        let ratio = |center: &[f64]| {
            let (mut data, mut norms) = (vec![0.0; d], [0.0]);
            let zero = vec![0.0; d];
            let whole = Certificate::new::<f64>(d, 1.0, true);
            let largest =
                pack_centers::<f64>(center, (&zero, 1.0), &whole, 16, &mut data, &mut norms);
            let exact: Exact = center.iter().map(|&c| Exact::of(c).square()).sum();
            assert!(Exact::of(largest) >= exact, "the radius is too short");
            let off = (Exact::of(norms[0]) - exact.clone()).abs();
            off.over(&(Exact::of(1.06 * norm_roundings(d) as f64 * v) * exact))
        };
        worst = worst.max(climb(center, 4.0, 50_000 / (d + 100), ratio));
    }
    tell("L2", worst, 0.9);
}

// --- L3, L16: the floating certificate ---

/// What a floating-point screen finds of one point.
struct Floats<E> {
    values: Vec<E>,
    /// For each center as the label.
    reaches: Vec<E>,
    /// |x̂|².
    left: E,
}

/// A point, centers, a mean and a scale.
#[derive(Clone, Copy)]
struct Given<'a> {
    x: &'a [f64],
    centers: &'a [f64],
    mean: &'a [f64],
    scale: f64,
}

impl<'a> Given<'a> {
    /// Numbers for a point, for a mean if there is to be one, and for centers.
    fn of(numbers: &'a [f64], d: usize, mean: Option<&'a [f64]>, scale: f64) -> Self {
        let (x, rest) = numbers.split_at(d);
        let (mean, centers) = match mean {
            Some(mean) => (mean, rest),
            None => rest.split_at(d),
        };
        Given {
            x,
            centers,
            mean,
            scale,
        }
    }
    fn k(&self) -> usize {
        self.centers.len() / self.x.len()
    }
    fn center(&self, j: usize) -> &'a [f64] {
        &self.centers[j * self.x.len()..][..self.x.len()]
    }
}

/// Takes the values of the first point.
pub(crate) struct Collect<E>(pub(crate) Vec<E>);

impl<S: Screen> Receive<S, 1> for Collect<S::E> {
    unsafe fn receive(&mut self, _: usize, values: &[S::V; 1]) {
        let mut lanes = [S::E::default(); 16];
        // SAFETY: there is room for the widest vector, and the caller has the instruction set.
        unsafe { S::store(lanes.as_mut_ptr(), values[0]) };
        self.0.push(lanes[0]);
    }
}

/// What takes a frame and what was evaluated in it.
type Take<'t, E> = dyn for<'f> FnMut(&Frame<'f, E>, Floats<E>) + 't;

type Evaluate<E> = for<'a> fn(Given<'a>, &mut Take<'_, E>);

/// Screens a point as a pass does: chunk by chunk.
fn floats<L: Lanes, S: Screen<E: Working>>(given: Given<'_>, take: &mut Take<'_, S::E>) {
    let Given {
        x,
        centers,
        mean,
        scale,
    } = given;
    let (d, k, zero) = (x.len(), given.k(), S::E::default());
    let (mut data, mut norms) = (vec![zero; k * d], vec![zero; k]);
    let certificate = Certificate::new::<S::E>(d, scale, false);
    let (to, registers) = ((mean, scale), S::REGISTERS);
    let most = pack_centers(centers, to, &certificate, registers, &mut data, &mut norms);
    let frame = Frame {
        mean,
        certificate,
        most,
        starts: &norms,
        grid: None,
        units: Units::new(d, scale),
    };
    let points = Points::rows(x, 1, d).unwrap();
    let panels = Panels {
        data: &data,
        norms: &norms,
    };
    let mut values = vec![zero; k * S::WIDTH];
    let mut elements = vec![zero; S::WIDTH * d.min(S::E::CHUNK)];
    let mut reaches = vec![zero; S::WIDTH];
    let mut collect = Collect(Vec::new());
    for start in (0..d).step_by(S::E::CHUNK) {
        let chunk = start..d.min(start + S::E::CHUNK);
        let tile = Tile {
            width: S::WIDTH,
            elements: &mut elements,
            reaches: &mut reaches,
            squares: &mut [],
        };
        // SAFETY: the CPU has the instruction set; there is room for a group of one chunk, and for the values of all centers.
        unsafe {
            frame.pack::<L>(&points, &Which::Block(0..1), chunk.clone(), tile);
            let over = Sweep {
                groups: elements.as_ptr(),
                elements: d,
                chunk,
                values: values.as_mut_ptr(),
            };
            sweep::<S, 1, _>(&over, &panels, &mut collect, || ());
        }
    }
    let values = collect.0;
    let left = reaches[0];
    let reach = |j: usize| {
        let mut reach = [left];
        frame.complete(&[j as i32], &[], &mut reach);
        reach[0]
    };
    let reaches = (0..k).map(reach).collect();
    take(
        &frame,
        Floats {
            values,
            reaches,
            left,
        },
    );
}

/// With products and sums rounded apart, and, where the CPU does so, fused.
fn singles() -> Vec<Evaluate<f32>> {
    let mut levels: Vec<Evaluate<f32>> = Vec::new();
    levels.push(floats::<Portable, PortableF32>);
    #[cfg(target_arch = "x86_64")]
    if crate::isa() >= crate::Isa::Avx2 {
        levels.push(floats::<Avx2, Avx2F32>);
    }
    levels
}

fn doubles() -> Vec<Evaluate<f64>> {
    let mut levels: Vec<Evaluate<f64>> = Vec::new();
    levels.push(floats::<Portable, PortableF64>);
    #[cfg(target_arch = "x86_64")]
    if crate::isa() >= crate::Isa::Avx2 {
        levels.push(floats::<Avx2, Avx2F64>);
    }
    levels
}

/// The farthest that s² D - |X|² is off the middle of V - η and V + r - η (L16), or δ² in place of D, over half of r; where r is
/// infinite, infinity if it is less than V - η.
fn of_values<E: Working>(evaluate: Evaluate<E>, given: Given<'_>) -> f64 {
    let mut worst = 0.0;
    evaluate(given, &mut |frame, found| {
        let Certificate {
            per_square,
            constant,
            ..
        } = frame.certificate;
        let left = found.left.to_f64();
        if !left.is_finite() {
            return;
        }
        let eta = Exact::of(0.5 * (per_square * left + constant));
        let scale = Exact::of(given.scale).square();
        let square = exact_squared(given.x, given.mean);
        for (j, (value, reach)) in found.values.iter().zip(&found.reaches).enumerate() {
            let c = given.center(j);
            let (value, reach) = (value.to_f64(), reach.to_f64());
            assert!(value.is_finite(), "L17: {value}");
            for distance in [Exact::of(squared(given.x, c)), exact_squared(given.x, c)] {
                let exact = scale.clone() * (distance - square.clone());
                let least = Exact::of(value) - eta.clone();
                if reach.is_finite() {
                    let half = Exact::of(reach) * Exact::two_to(-1);
                    let off = (exact - least - half.clone()).abs();
                    worst = over(worst, off, &half);
                } else if exact < least {
                    worst = f64::INFINITY;
                }
            }
        }
    });
    worst
}

/// A point and a center such that every addition loses nearly half an ulp, right above a power of two, and the norm, summed at
/// first, gains as much.
fn one_way(d: usize, u: f64) -> Vec<f64> {
    let small = (0.999 * 2.0 * u).sqrt();
    let mut c = vec![small; d];
    c[0] = 1.0;
    let x: Vec<f64> = c.iter().map(|c| -0.5 * c).collect();
    [x, c].concat()
}

fn certificate<E: Working>(levels: &[Evaluate<E>], dims: &[usize]) -> f64 {
    let mut worst = 0.0f64;
    for (turn, &d) in dims.iter().enumerate() {
        let zero = vec![0.0; d];
        for &evaluate in levels {
            let steps = 60_000 / (d + 60);
            let ratio =
                |numbers: &[f64]| of_values(evaluate, Given::of(numbers, d, Some(&zero), 1.0));
            worst = worst.max(climb(one_way(d, E::ROUNDOFF), 4.0, steps, ratio));
            // Any numbers, a mean that rounds too, and some centers.
            let mut rng = Rng(turn as u64);
            let scale = two_to(rng.below(40) as i32 - 20);
            let ratio = |numbers: &[f64]| of_values(evaluate, Given::of(numbers, d, None, scale));
            worst = worst.max(climb(rng.units(5 * d), 4.0, steps / 3, ratio));
        }
    }
    worst
}

#[test]
fn l3_single_precision() {
    let worst = certificate(&singles(), &[2, 3, 5, 8, 17, 128, 129, 300, 1100]);
    tell("L3, binary32", worst, 0.8);
}

#[test]
fn l3_double_precision() {
    let worst = certificate(&doubles(), &[2, 3, 5, 8, 17, 128, 129, 300, 1100, 4096]);
    tell("L3, binary64", worst, 0.55);
}

/// Where products, norms and squares underflow.
#[test]
fn l3_underflow() {
    let mut rng = Rng(3);
    for d in [2, 3, 8, 17, 130] {
        for exponent in -80..-60 {
            let numbers: Vec<f64> = rng
                .units(4 * d)
                .iter()
                .map(|x| x * two_to(exponent))
                .collect();
            for evaluate in singles() {
                let worst = of_values(evaluate, Given::of(&numbers, d, None, 1.0));
                assert!(worst <= 1.0, "binary32, {d}, 2^{exponent}: {worst}");
            }
        }
        for exponent in -545..-500 {
            let numbers: Vec<f64> = rng
                .units(4 * d)
                .iter()
                .map(|x| x * two_to(exponent))
                .collect();
            for evaluate in doubles() {
                let worst = of_values(evaluate, Given::of(&numbers, d, None, 1.0));
                assert!(worst <= 1.0, "binary64, {d}, 2^{exponent}: {worst}");
            }
        }
    }
}

// --- L4: bytes ---

/// What a screen in bytes finds of a point: the integer of each center, and the reach.
struct InBytes {
    values: Vec<i32>,
    reach: i32,
    scales: (f64, f64),
    square: f64,
}

/// Centers are packed and products made by the library. A point's bytes are made here as `tile::Bytes` makes them, by instructions
/// that a CPU may lack.
fn bytes(given: Given<'_>, ranges: (f64, f64)) -> Option<InBytes> {
    let Given {
        x, centers, mean, ..
    } = given;
    let (scale, center_scale) = byte_scales(ranges.0, ranges.1)?;
    let (d, k) = (x.len(), given.k());
    let elements = elements::<i32>(d);
    let (mut data, mut norms) = (vec![0; k * elements], vec![0; k]);
    let scales = (center_scale, scale / center_scale);
    let (radius, error) = pack_bytes(centers, mean, scales, 1, 16, &mut data, &mut norms);
    let (per_norm, per_error, constant) = byte_reach(radius, error);
    let width = PortableBytes::WIDTH;
    let mut group = vec![0; width * elements];
    let (mut square, mut errors) = (0.0f64, 0.0f64);
    for (i, (x, m)) in x.iter().zip(mean).enumerate() {
        let exact = (x - m) * scale;
        let rounded = exact.clamp(-127.0, 127.0).round_ties_even();
        square = exact.mul_add(exact, square);
        errors = (exact - rounded).mul_add(exact - rounded, errors);
        group[i / 4 * width] |= ((rounded as i32 + 128) as u32 as i32) << (8 * (i % 4));
    }
    let reach = per_norm * square.sqrt() + ((per_norm + per_error) * errors.sqrt() + constant);
    let mut collect = Collect(Vec::new());
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
    // SAFETY: a group of points, and panels for as many elements.
    unsafe { sweep::<PortableBytes, 1, _>(&over, &panels, &mut collect, || ()) };
    Some(InBytes {
        values: collect.0,
        reach: reach.min(f64::from(1 << 29)) as i32,
        scales: (scale, center_scale),
        square,
    })
}

/// s r D / 2 - s r |x - μ|² / 2.
fn byte_value(given: Given<'_>, distance: Exact, (s, r): (f64, f64)) -> Exact {
    let rest = distance - exact_squared(given.x, given.mean);
    rest * Exact::of(s) * Exact::of(r) * Exact::two_to(-1)
}

/// The largest error of a value over half the reach; none where the reach proves nothing.
fn of_bytes(given: Given<'_>, ranges: (f64, f64)) -> f64 {
    let Some(found) = bytes(given, ranges) else {
        return 0.0;
    };
    if found.reach >= 1 << 29 {
        return 0.0;
    }
    let error = Exact::whole(found.reach.into()) * Exact::two_to(-1);
    let mut worst = 0.0;
    for (j, &value) in found.values.iter().enumerate() {
        let c = given.center(j);
        for distance in [Exact::of(squared(given.x, c)), exact_squared(given.x, c)] {
            let off = Exact::whole(value.into()) - byte_value(given, distance, found.scales);
            worst = over(worst, off.abs(), &error);
        }
    }
    worst
}

/// How far the coordinates of centers are from the mean, at most.
fn range_of(given: Given<'_>) -> f64 {
    let centers = given.centers.chunks(given.x.len());
    let differences = centers.flat_map(|c| c.iter().zip(given.mean).map(|(c, m)| (c - m).abs()));
    differences.fold(0.0, f64::max)
}

#[test]
fn l4_bytes() {
    let mut worst = 0.0f64;
    for d in [4, 33, 64, 257, 2048] {
        let zero = vec![0.0; d];
        // Halves everywhere: one coordinate sets the scales.
        let mut x = vec![-126.5; d];
        x[0] = -127.0;
        let mut c = vec![126.5; d];
        c[0] = 127.0;
        let ratio = |numbers: &[f64]| {
            let given = Given::of(numbers, d, Some(&zero), 1.0);
            of_bytes(given, (127.0, range_of(given)))
        };
        let steps = 20_000 / (d + 50);
        worst = worst.max(climb([x, c].concat(), 1000.0, steps, ratio));
        // Clamped points, of any length; centers whose scale is as much coarser as it may be.
        let mut rng = Rng(d as u64);
        for long in [1.0, 3.0, 1e3, 1e6, 1e8] {
            for (of_centers, of_points) in [(1.0, 1.0), (1.0, 90.0), (1.0, 1e6)] {
                let x: Vec<f64> = rng.units(d).iter().map(|x| of_points * long * x).collect();
                let centers: Vec<f64> = rng.units(3 * d).iter().map(|c| of_centers * c).collect();
                let ratio = |numbers: &[f64]| {
                    let given = Given::of(numbers, d, Some(&zero), 1.0);
                    of_bytes(given, (of_points, range_of(given)))
                };
                worst = worst.max(climb([x, centers].concat(), 1e15, steps / 4, ratio));
            }
        }
    }
    tell("L4", worst, 0.98);
}

// --- L5: words ---

/// What a screen in words finds of a point.
struct InWords {
    values: Vec<f32>,
    /// e, u, and the reach for each center.
    least: f64,
    unit: f64,
    reaches: Vec<f32>,
    /// w and K of each center.
    centers: Vec<(f64, f64)>,
    /// X̂·Ĉ of each center, and E.
    products: Vec<i64>,
    error: f64,
    square: f64,
}

type EvaluateWords = for<'a> fn(Given<'a>, f64, &mut dyn FnMut(&words::Frame<'_>, InWords));

fn in_words<L: Lanes, S: Screen<E = Pair>>(
    given: Given<'_>,
    units: f64,
    take: &mut dyn FnMut(&words::Frame<'_>, InWords),
) {
    let Given {
        x,
        centers,
        mean,
        scale,
    } = given;
    let (d, k, zero) = (x.len(), given.k(), Pair::default());
    let (length, width) = (elements::<Pair>(d), S::WIDTH);
    let (mut data, mut norms) = (vec![zero; k * length], vec![zero; 2 * k]);
    // One by one, so that a panel is a center.
    let mut error = 0.0f64;
    for (j, center) in centers.chunks(d).enumerate() {
        let (data, norms) = (&mut data[j * length..][..length], &mut norms[2 * j..][..2]);
        error = error.max(pack_words(center, mean, scale, 16, data, norms));
    }
    let mut row = vec![0i64; words::stride(d)];
    words::code(Rows::new(x, d), &Coding { mean, scale }, &mut row);
    let (mut nothing, mut room) = (words::Words::default(), row.clone());
    let rows = nothing.write(&(0..1), &mut room, |units| units.copy_from_slice(&row));
    let frame = words::Frame {
        rows,
        proof: Proof {
            scale,
            reach: WordReach::new(error),
            centers: &norms,
            units: Units::new(d, units),
        },
    };
    let points = Points::rows(x, 1, d).unwrap();
    let mut group = vec![zero; width * (length + Pair::SIDES)];
    let (mut of_point, mut squares) = (vec![zero; width], vec![0.0; width]);
    let tile = Tile {
        width,
        elements: &mut group,
        reaches: &mut of_point,
        squares: &mut squares,
    };
    // SAFETY: the CPU has the instruction set; there is room for a group and its sides.
    unsafe { frame.pack::<L>(&points, &Which::Block(0..1), 0..length, tile) };
    let (mut values, mut reaches) = (Vec::new(), Vec::new());
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
        frame.complete(&vec![j as i32; width], &squares, &mut whole);
        reaches.push(whole[0].number());
    }
    let word = |i: usize| i64::from((row[i / 4] >> (16 * (i % 4))) as i16);
    let of_center = |j: usize, i: usize| {
        let pair = data[j * length + i / 2].0;
        -i64::from((pair >> (16 * (i % 2))) as i16)
    };
    let products = (0..k).map(|j| (0..d).map(|i| word(i) * of_center(j, i)).sum());
    let norms_of_row = row[words::stride(d) - 1];
    let off = f64::from(f32::from_bits(norms_of_row as u32));
    let found = InWords {
        values,
        least: -f64::from(group[length * width].0),
        unit: group[(length + 1) * width].number().into(),
        reaches,
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
    take(&frame, found);
}

fn word_levels() -> Vec<EvaluateWords> {
    let mut levels: Vec<EvaluateWords> = Vec::new();
    levels.push(in_words::<Portable, PortablePairs>);
    #[cfg(target_arch = "x86_64")]
    if crate::isa() >= crate::Isa::Avx2 {
        levels.push(in_words::<Avx2, Avx2Pairs>);
    }
    levels
}

/// (g² D - g² |x - μ|²) / 2.
fn word_value(given: Given<'_>, distance: Exact) -> Exact {
    let rest = distance - exact_squared(given.x, given.mean);
    rest * Exact::of(given.scale).square() * Exact::two_to(-1)
}

/// Three ratios: of the product, of the lower bound and of the upper bound.
fn of_words(evaluate: EvaluateWords, given: Given<'_>) -> [f64; 3] {
    let mut worst = [0.0; 3];
    evaluate(given, 1.0, &mut |_, found| {
        if found.unit == 0.0 {
            return;
        }
        let scale = Exact::of(given.scale).square();
        let square = scale.clone() * exact_squared(given.x, given.mean);
        let eta = square * Exact::two_to(-42);
        for (j, &(unit, start)) in found.centers.iter().enumerate() {
            let (c, value) = (given.center(j), Exact::of(found.values[j].into()));
            let both = Exact::of(found.unit) * Exact::of(unit);
            let product = |a: &[f64], b: &[f64]| -> Exact {
                let terms = a.iter().zip(b).zip(given.mean);
                let of = |x: f64, m: f64| Exact::of(x) - Exact::of(m);
                terms.map(|((&a, &b), &m)| of(a, m) * of(b, m)).sum()
            };
            let exact = scale.clone() * product(given.x, c);
            let off = Exact::whole(found.products[j]) * both.clone() - exact;
            // Beside E, what X and C themselves are off by.
            let error = Exact::of(found.error + 1e-5) * both.clone();
            worst[0] = over(worst[0], off.abs(), &error);
            let lowered =
                Exact::of(found.least) * both + Exact::of(start) * Exact::two_to(-21) + eta.clone();
            let reach = Exact::of(found.reaches[j].into());
            for distance in [Exact::of(squared(given.x, c)), exact_squared(given.x, c)] {
                let exact = word_value(given, distance);
                let above = value.clone() + lowered.clone() - exact.clone() - eta.clone();
                worst[1] = over(worst[1], above, &lowered);
                let below = exact - value.clone() + eta.clone();
                worst[2] = over(worst[2], below, &reach);
            }
        }
    });
    worst
}

#[test]
fn l5_words() {
    let mut worst = [0.0f64; 3];
    for d in [32, 33, 40, 129, 1024] {
        let zero = vec![0.0; d];
        for evaluate in word_levels() {
            let mut rng = Rng(d as u64);
            // Coordinates halfway between words, in vectors as long as words allow; with and against each other.
            for sign in [1.0, -1.0] {
                let half = (f64::from(LONGEST) / (d as f64).sqrt()).floor() - 0.5;
                let mut x = vec![half; d];
                let length = f64::from(LONGEST);
                x[0] = (length * length - (d - 1) as f64 * half * half).sqrt();
                let c = x.iter().map(|x| sign * x);
                let numbers: Vec<f64> = x.iter().copied().chain(c).collect();
                for (which, most) in worst.iter_mut().enumerate() {
                    let ratio = |numbers: &[f64]| {
                        of_words(evaluate, Given::of(numbers, d, Some(&zero), 1.0 / length))[which]
                    };
                    let here = climb(numbers.clone(), 1e6, 10_000 / (d + 50), ratio);
                    *most = most.max(here);
                }
            }
            // Near and far centers, short and long points, a mean.
            for of_center in [1e-20, 1e-3, 1.0, 1e4, 1e15] {
                for of_point in [1e-20, 1e-3, 1.0, 1e4, 1e15] {
                    let mut numbers = rng.units(4 * d);
                    numbers[..d].iter_mut().for_each(|x| *x *= of_point);
                    numbers[d..2 * d].iter_mut().for_each(|m| *m *= 1e-20);
                    numbers[2 * d..].iter_mut().for_each(|c| *c *= of_center);
                    let here = of_words(evaluate, Given::of(&numbers, d, None, 1.0));
                    worst.iter_mut().zip(here).for_each(|(w, h)| *w = w.max(h));
                }
            }
        }
    }
    tell("L5, product", worst[0], 0.98);
    tell("L5, lower bound", worst[1], 0.97);
    tell("L5, upper bound", worst[2], 0.97);
}

// --- L6, L7: margins ---

/// s δ_b - (1 + α) s δ_a - w, for the label a and the nearest other b.
fn gap(given: Given<'_>, units: f64, label: usize) -> Exact {
    let d = given.x.len();
    let root = |j: usize| exact_squared(given.x, given.center(j)).root();
    let others = (0..given.k()).filter(|&j| j != label).map(root);
    let near = others.reduce(|a, b| if a < b { a } else { b }).unwrap();
    let own = root(label) * (Exact::whole(1) + Exact::two_to(-22));
    let absolute = Exact::of(Definition::new(d).absolute);
    let least = (Exact::whole(3) * absolute).root();
    Exact::of(units) * (near - own - least)
}

/// A margin over what is true of it; 0 where it is not positive.
fn margin_over(given: Given<'_>, units: f64, label: usize, margin: f32) -> f64 {
    if margin.is_nan() || margin <= 0.0 {
        return 0.0;
    }
    let gap = gap(given, units, label);
    match gap > Exact::ZERO {
        true => Exact::of(margin.into()).over(&gap),
        false => f64::INFINITY,
    }
}

fn least_two<T: Copy + PartialOrd>(values: &[T]) -> (usize, T, T) {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].partial_cmp(&values[b]).unwrap());
    (order[0], values[order[0]], values[order[1]])
}

fn of_margin<E: Working + PartialOrd>(evaluate: Evaluate<E>, given: Given<'_>, units: f64) -> f64 {
    let mut worst = 0.0;
    evaluate(given, &mut |frame, found| {
        let (label, least, second) = least_two(&found.values);
        let (reach, left) = (found.reaches[label], found.left);
        let margin = Screened::<E>::margin(frame, least, second, reach, left, 0.0);
        worst = margin_over(given, units, label, margin);
    });
    worst
}

/// Two centers and a point, of magnitudes chosen by `exponents`; the point is mostly near one of them.
fn pairs_of_centers(d: usize, exponents: [i32; 3], rng: &mut Rng) -> Vec<f64> {
    let offset = rng.units(d);
    let mut numbers = Vec::new();
    let near = rng.below(2) as f64;
    let c = rng.units(2 * d);
    for i in 0..d {
        let noise = rng.unit() * two_to(exponents[2]);
        numbers.push(offset[i] * two_to(exponents[0]) + near * c[i] * two_to(exponents[1]) + noise);
    }
    for (at, c) in c.iter().enumerate() {
        numbers.push(offset[at % d] * two_to(exponents[0]) + c * two_to(exponents[1]));
    }
    numbers
}

fn margins<E: Working + PartialOrd>(
    levels: &[Evaluate<E>],
    (scale, units): (f64, f64),
    exponents: core::ops::Range<i32>,
    floor: f64,
    what: &str,
) {
    let mut worst = 0.0f64;
    let mut rng = Rng(6);
    for d in [2, 3, 8, 17, 130, 300] {
        let zero = vec![0.0; d];
        for &evaluate in levels {
            let ratio = |numbers: &[f64]| {
                let given = Given::of(numbers, d, Some(&zero), scale);
                of_margin(evaluate, given, units)
            };
            for _ in 0..2000 / (d + 20) {
                let some = exponents.start + rng.below(exponents.len()) as i32;
                let less = |rng: &mut Rng| some - rng.below(40) as i32;
                let exponents = [some - rng.below(4) as i32, less(&mut rng), less(&mut rng)];
                let numbers = pairs_of_centers(d, exponents, &mut rng);
                worst = worst.max(climb(numbers, two_to(some + 4), 20, ratio));
            }
        }
    }
    tell(what, worst, floor);
}

#[test]
fn l6_margins_of_single_precision() {
    margins(&singles(), (1.0, 1.0), -20..20, 0.999, "L6, binary32");
    margins(
        &singles(),
        (1.0, 1.0),
        -76..-50,
        0.5,
        "L6, binary32, underflow",
    );
    let scale = two_to(400);
    margins(
        &singles(),
        (scale, scale),
        -420..-390,
        0.999,
        "L6, binary32, scaled",
    );
}

#[test]
fn l6_margins_of_double_precision() {
    margins(&doubles(), (1.0, 1.0), -20..20, 0.999, "L6, binary64");
    margins(
        &doubles(),
        (two_to(500), two_to(500)),
        -540..-490,
        0.3,
        "L6, binary64, underflow",
    );
    margins(
        &doubles(),
        (two_to(-400), two_to(-400)),
        395..420,
        0.999,
        "L6, binary64, large",
    );
}

fn of_word_margin(evaluate: EvaluateWords, given: Given<'_>, units: f64) -> f64 {
    let mut worst = 0.0;
    evaluate(given, units, &mut |frame, found| {
        let (label, least, second) = least_two(&found.values);
        let [least, second, reach] = [least, second, found.reaches[label]].map(Pair::of);
        let margin = frame.margin(least, second, reach, Pair::default(), found.square);
        worst = margin_over(given, units, label, margin);
    });
    worst
}

#[test]
fn l7_margins_of_words() {
    let (mut worst, mut tiny) = (0.0f64, 0.0f64);
    let mut rng = Rng(7);
    for d in [32, 33, 100] {
        let zero = vec![0.0; d];
        for evaluate in word_levels() {
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
                        of_word_margin(evaluate, given, units)
                    };
                    *most = most.max(climb(numbers, two_to(50), 20, ratio));
                }
            }
        }
    }
    tell("L7", worst, 0.999);
    tell("L7, where the factor is subnormal", tiny, 0.99);
}

// --- L8: losses and decay ---

#[test]
fn l8_losses() {
    let mut worst = 0.0f64;
    let mut rng = Rng(8);
    for d in [1, 2, 9, 300] {
        for exponent in [0, -530, -537, -539, 500] {
            for k in [1, 2, 3, 5] {
                let units = Units::new(d, scale_of(two_to(exponent + 1)));
                let old: Vec<f64> = rng
                    .units(k * d)
                    .iter()
                    .map(|x| x * two_to(exponent))
                    .collect();
                let new: Vec<f64> = old
                    .iter()
                    .map(|x| {
                        let far = two_to(exponent - rng.below(50) as i32);
                        [*x, x + far * rng.unit(), x.next_up()][rng.below(3)]
                    })
                    .collect();
                let mut losses = vec![0.0f32; k];
                lose_moves(&mut losses, &new, &old, d, units);
                let moves: Vec<Exact> = (0..k)
                    .map(|j| exact_squared(&new[j * d..][..d], &old[j * d..][..d]).root())
                    .collect();
                for (j, &loss) in losses.iter().enumerate() {
                    let others = moves.iter().enumerate().filter(|(i, _)| *i != j);
                    let others = others.map(|(_, far)| far.clone());
                    let most = others.fold(Exact::ZERO, |a, b| if a < b { b } else { a });
                    let own = (Exact::whole(1) + Exact::two_to(-22)) * moves[j].clone();
                    let exact = Exact::of(units.scale) * (own + most);
                    match exact.is_zero() {
                        true => assert_eq!(loss, 0.0),
                        false => worst = over(worst, exact, &Exact::of(loss.into())),
                    }
                }
            }
        }
    }
    tell("L8, losses", worst, 0.99999);
}

fn decays() -> Vec<unsafe fn(*mut f32, *const i32, *const f32) -> u32> {
    let mut decays: Vec<unsafe fn(*mut f32, *const i32, *const f32) -> u32> = Vec::new();
    decays.push(Portable::decay);
    #[cfg(target_arch = "x86_64")]
    if crate::isa() >= crate::Isa::Avx2 {
        decays.push(Avx2::decay);
    }
    decays
}

#[test]
fn l8_decay() {
    let mut worst = 0.0f64;
    let mut rng = Rng(8);
    for _ in 0..4000 {
        let number = |rng: &mut Rng| {
            let most = [0x7f00_0000, 0x0100_0000, 0x10][rng.below(3)];
            f32::from_bits(rng.next() as u32 % most)
        };
        let before: [f32; 16] = core::array::from_fn(|_| number(&mut rng));
        let losses: [f32; 16] = core::array::from_fn(|l| match rng.below(3) {
            0 => before[l] * (1.0 + rng.unit() as f32 * 1e-6),
            1 => before[l] * rng.unit().abs() as f32,
            _ => number(&mut rng),
        });
        let labels: [i32; 16] = core::array::from_fn(|l| l as i32);
        for decay in decays() {
            let mut margins = before;
            // SAFETY: sixteen margins and labels, which are indices of as many losses; the CPU has the instruction set.
            unsafe { decay(margins.as_mut_ptr(), labels.as_ptr(), losses.as_ptr()) };
            for l in 0..16 {
                let exact = Exact::of(before[l].into()) - Exact::of(losses[l].into());
                if margins[l] > 0.0 {
                    assert!(exact > Exact::ZERO);
                    worst = over(worst, Exact::of(margins[l].into()), &exact);
                }
            }
        }
    }
    tell("L8, decay", worst, 0.9999);
}

// --- L9: a search among sorted centers ---

#[test]
fn l9_sorted() {
    let mut rng = Rng(9);
    for turn in 0..60 {
        let k = 1 + rng.below(40);
        let far = two_to([0, 60, -537, 300][turn % 4]);
        let centers: Vec<f64> = (0..k)
            .map(|_| match rng.below(4) {
                0 => far * rng.below(5) as f64,
                1 => (far * rng.unit()).next_up(),
                2 => -0.0,
                _ => rng.unit(),
            })
            .collect();
        let x: Vec<f64> = (0..50)
            .map(|_| match rng.below(3) {
                0 => centers[rng.below(k)].next_up(),
                1 => 0.5 * (centers[rng.below(k)] + centers[rng.below(k)]),
                _ => far * rng.unit(),
            })
            .collect();
        let (mut values, mut indices) = (vec![0.0; k], vec![0; sorted::indices(k)]);
        let mut labels = vec![0; x.len()];
        Sorted::new(&centers, &mut values, &mut indices).nearest(&x, &mut labels);
        for (x, label) in x.iter().zip(labels) {
            let distance = |j: &usize| squared(&[*x], &centers[*j..][..1]);
            let least = (0..k).map(|j| distance(&j)).fold(f64::INFINITY, f64::min);
            let nearest = (0..k).find(|j| distance(j) == least);
            assert_eq!(Some(label as usize), nearest, "{x:e} among {centers:?}");
            // D does not decrease where the exact distance does not.
            let mut order: Vec<usize> = (0..k).collect();
            let exact = |j: usize| exact_squared(&[*x], &centers[j..][..1]);
            order.sort_by(|&a, &b| exact(a).partial_cmp(&exact(b)).unwrap());
            assert!(order
                .windows(2)
                .all(|two| distance(&two[0]) <= distance(&two[1])));
        }
    }
}

// --- L10: the limit once D of the best is known ---

#[test]
fn l10_limit_of_words() {
    let mut worst = 0.0f64;
    let mut rng = Rng(10);
    for d in [32, 100] {
        let zero = vec![0.0; d];
        for evaluate in word_levels() {
            for _ in 0..40 {
                let exponents = [0, rng.below(30) as i32 - 20, -(rng.below(30) as i32)];
                let numbers = pairs_of_centers(d, exponents, &mut rng);
                let ratio = |numbers: &[f64]| {
                    let given = Given::of(numbers, d, Some(&zero), 0.7);
                    let mut worst = 0.0;
                    evaluate(given, 1.0, &mut |frame, found| {
                        for j in 0..given.k() {
                            let distance = squared(given.x, given.center(j));
                            let reach = Pair::of(found.reaches[j]);
                            let Some(limit) = frame.limit(distance, found.square, reach) else {
                                continue;
                            };
                            let value = word_value(given, Exact::of(distance));
                            let square = Exact::of(given.scale).square()
                                * exact_squared(given.x, given.mean);
                            // What it is raised by, and what of that is used up beside η.
                            let raised = Exact::of(found.square) * Exact::two_to(-21)
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
    tell("L10, words", worst, 0.3);
}

/// The limit of bytes has to be at least the value of every center that is as near as the one whose distance is known.
#[cfg(target_arch = "x86_64")]
#[test]
fn l10_limit_of_bytes() {
    use crate::assign::screened::Bytes;
    let mut worst = 0.0f64;
    let mut rng = Rng(10);
    for d in [32, 64, 257] {
        let zero = vec![0.0; d];
        for long in [1.0, 100.0, 1e4, 1e7] {
            for turn in 0..6 {
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
                    let Some(found) = bytes(given, (range, range)) else {
                        return 0.0;
                    };
                    let frame = Bytes {
                        mean: given.mean,
                        scale: found.scales.0,
                        per_norm: 0.0,
                        per_error: 0.0,
                        constant: 0.0,
                        center_scale: found.scales.1,
                    };
                    let distances = [0, 1].map(|j| squared(given.x, given.center(j)));
                    let best = usize::from(distances[1] < distances[0]);
                    let most = distances[0].max(distances[1]);
                    let Some(limit) = frame.limit(most, found.square, found.reach) else {
                        return 0.0;
                    };
                    let exact = byte_value(given, Exact::of(most), found.scales);
                    let allowed = Exact::whole(limit.into()) - exact.clone();
                    let needed = Exact::whole(found.values[best].into()) - exact;
                    needed.over(&allowed)
                };
                worst = worst.max(climb([x, centers].concat(), 1e9, 40, ratio));
            }
        }
    }
    tell("L10, bytes", worst, 0.95);
}

// --- L17: what is far ---

#[test]
fn l17_far_points_and_centers() {
    let mut rng = Rng(11);
    for turn in 0..400 {
        let d = [2, 3, 17, 130][turn % 4];
        let mut numbers = rng.units(5 * d);
        // Around the ends of what is near, and anywhere.
        for row in numbers.chunks_mut(d) {
            let exponent = match rng.below(4) {
                0 => 45 + rng.below(8) as i32,
                1 => 495 + rng.below(10) as i32,
                2 => rng.below(20) as i32 - 10,
                _ => rng.below(1000) as i32 - 500,
            };
            row.iter_mut().for_each(|x| *x *= two_to(exponent));
        }
        let zero = vec![0.0; d];
        for scale in [1.0, two_to(30), two_to(-300), two_to(500)] {
            let given = Given::of(&numbers, d, Some(&zero), scale);
            for evaluate in singles() {
                let worst = of_values(evaluate, given);
                assert!(worst <= 1.0, "binary32, {d}, {scale}: {worst}");
            }
            for evaluate in doubles() {
                let worst = of_values(evaluate, given);
                assert!(worst <= 1.0, "binary64, {d}, {scale}: {worst}");
            }
        }
    }
}
