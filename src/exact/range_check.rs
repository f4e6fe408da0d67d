//! The first pass: is everything finite, and what range has each dimension?
//!
//! The ranges serve two ends. The largest magnitudes prove that no squared distance can overflow; the
//! largest magnitudes and the lowest set bits of what will be summed, and of the weights, say how many limbs hold every term
//! exactly (see [`update`](crate::update)).
//!
//! Points and centers that differ, but so little that all squared distances underflow to 0, are refused too, where distances
//! are computed ([`check_spread`]).
//!
//! The pass looks at as many dimensions at a time as it has storage for: all of them, with a workspace, so that
//! memory is read in order; else [`STACK`] of them.

use super::distance::{fold, own_block, squared};
use crate::call::{padded, Job};
use crate::points::{Layout, Points, Rows};
use crate::runtime::error::{refuse, Error, Number, Status};
use crate::runtime::threads::PerThread;
use crate::runtime::workspace::Cut;
use crate::simd::{InstructionSet, Kernel, Lanes, Level};

/// Dimensions whose ranges fit on the stack.
pub(crate) const STACK: usize = 64;

/// Coordinates copied to the stack at a time when points are columns.
const COPIED: usize = 2048;

/// Storage on the stack.
pub(crate) type OnStack = [f64; 4 * STACK];

pub(crate) fn on_stack() -> OnStack {
    [0.0; 4 * STACK]
}

/// Storage for all of d dimensions.
pub(crate) fn storage<'w>(from: &mut impl Cut<'w>, d: usize) -> &'w mut [f64] {
    from.take(padded(d).saturating_mul(4).max(4 * STACK))
}

/// Squared distances, weighted products and weighted sums stay below this, 2^1020: sums and limbs need
/// some room above their top.
const LARGEST: f64 = f64::from_bits((1023 + 1020) << 52);

/// Per dimension, the range of the coordinates that are summed: those of points of positive weight.
pub(crate) struct Ranges<'w> {
    top: &'w mut [f64],
    low: &'w mut [f64],
    /// The range of the weights, which are summed too.
    pub(crate) weights: Option<Range>,
}

/// The range of a set of numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Range {
    /// The largest magnitude.
    pub(crate) top: f64,
    /// The value of the lowest bit set in any of them; +infinity when all are zero.
    pub(crate) low: f64,
}

impl<'w> Ranges<'w> {
    pub(crate) fn cut(from: &mut impl Cut<'w>, d: usize) -> Self {
        Ranges {
            top: from.take(d),
            low: from.take(d),
            weights: None,
        }
    }

    /// Sets the range of dimension `i`.
    pub(crate) fn set(&mut self, i: usize, range: Range) {
        (self.top[i], self.low[i]) = (range.top, range.low);
    }

    /// The range of dimension `i`.
    pub(crate) fn of(&self, i: usize) -> Range {
        Range {
            top: self.top[i],
            low: self.low[i],
        }
    }
}

/// What one thread has seen of a slab of dimensions.
pub(crate) struct Seen<'a> {
    /// Largest magnitude of a coordinate.
    pub(crate) magnitude: &'a mut [f64],
    /// With weights: largest magnitude of a coordinate of a point of positive weight.
    pub(crate) top: &'a mut [f64],
    /// Lowest bit of a coordinate of a point of positive weight.
    pub(crate) low: &'a mut [f64],
    /// +0 while all coordinates are finite, else NaN: 0 times infinity is NaN, and a NaN stays in a sum.
    /// (The maximum would not do: it forgets a NaN as soon as it meets a number.)
    pub(crate) poison: &'a mut [f64],
}

impl<'a> Seen<'a> {
    /// What was left in storage.
    pub(crate) fn view(storage: &'a mut [f64]) -> Self {
        let (first, second) = storage.split_at_mut(storage.len() / 2);
        let (magnitude, top) = first.split_at_mut(first.len() / 2);
        let (low, poison) = second.split_at_mut(second.len() / 2);
        Seen {
            magnitude,
            top,
            low,
            poison,
        }
    }

    /// Nothing seen yet.
    pub(crate) fn new(storage: &'a mut [f64]) -> Self {
        let seen = Self::view(storage);
        seen.magnitude.fill(0.0);
        seen.top.fill(0.0);
        seen.low.fill(f64::INFINITY);
        seen.poison.fill(0.0);
        seen
    }

    /// How many dimensions there is room for, whole vectors.
    pub(crate) fn room(&self) -> usize {
        self.magnitude.len()
    }

    fn widen(&mut self, other: &Seen<'_>, from: usize, to: usize) {
        self.magnitude[to] = self.magnitude[to].max(other.magnitude[from]);
        self.top[to] = self.top[to].max(other.top[from]);
        self.low[to] = self.low[to].min(other.low[from]);
        self.poison[to] += other.poison[from];
    }
}

/// Widens what was `seen` of a slab by `rows`, each times its weight.
fn see_rows(level: Level, rows: Rows<'_>, weights: Option<&[f64]>, seen: &mut Seen<'_>) {
    let all = [&seen.magnitude, &seen.top, &seen.low, &seen.poison];
    assert!(all.iter().all(|of| of.len() >= padded(rows.dims())));
    assert!(weights.is_none_or(|weights| weights.len() >= rows.count()));
    level.run(See {
        rows,
        weights,
        seen,
    });
}

/// There is room for the dimensions of the rows, whole vectors, and a weight for each row, if there are any.
struct See<'a, 'b> {
    rows: Rows<'a>,
    weights: Option<&'a [f64]>,
    seen: &'a mut Seen<'b>,
}

/// Dimensions in lanes.
impl Kernel for See<'_, '_> {
    type Out = ();

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) {
        let See {
            rows,
            weights,
            seen,
        } = self;
        let d = rows.dims();
        // Where they are is read once, and not again after each store.
        let (magnitude, top) = (seen.magnitude.as_mut_ptr(), seen.top.as_mut_ptr());
        let (low, poison) = (seen.low.as_mut_ptr(), seen.poison.as_mut_ptr());
        for p in 0..rows.count() {
            let row = rows.row(p).as_ptr();
            let mut i = 0;
            while i < d {
                // SAFETY: the caller is compiled for the lanes. Loads of a row stay below d, the last one partial; i is a
                // multiple of WIDTH, and the arrays have room for whole vectors (`see_rows`).
                unsafe {
                    let x = I::Lanes::load_rest(row.add(i), d - i);
                    let poison = poison.add(i);
                    I::Lanes::store(
                        poison,
                        I::Lanes::add(
                            I::Lanes::load(poison),
                            I::Lanes::mul(x, I::Lanes::splat(0.0)),
                        ),
                    );
                    let magnitude = magnitude.add(i);
                    I::Lanes::store(
                        magnitude,
                        I::Lanes::max(I::Lanes::abs(x), I::Lanes::load(magnitude)),
                    );
                    let mut term = I::Lanes::abs(x);
                    if let Some(weights) = weights {
                        let positive = *weights.get_unchecked(p) > 0.0;
                        term = I::Lanes::mul(term, I::Lanes::splat(f64::from(u8::from(positive))));
                        let top = top.add(i);
                        I::Lanes::store(top, I::Lanes::max(term, I::Lanes::load(top)));
                    }
                    let low = low.add(i);
                    I::Lanes::store(
                        low,
                        I::Lanes::min(I::Lanes::lowest_bit(term), I::Lanes::load(low)),
                    );
                }
                i += I::Lanes::WIDTH;
            }
        }
    }
}

/// Refuses points, weights or given centers that are not finite, too large, or (weights) negative or
/// all zero; fills `ranges` where they are asked for. Returns the largest magnitude of any coordinate.
pub(crate) fn scan<B: AsMut<[f64]> + Send>(
    job: &Job<'_>,
    storage: &mut PerThread<B>,
    centers: Option<&[f64]>,
    ranges: Option<&mut Ranges<'_>>,
) -> Result<f64, Error> {
    let points = &job.points;
    let d = points.d();
    let weights = job.weights.map(positive).transpose()?;
    let finite_centers = centers.is_none_or(|centers| centers.iter().all(|c| c.is_finite()));

    let mut extremes = Extremes::default();
    let mut ranges = ranges;
    let slab = Seen::view(storage.first().as_mut()).room();
    for first in (0..d).step_by(slab) {
        let dims = first..(first + slab).min(d);
        let seen = see(job, dims.clone(), storage);
        if seen.poison.iter().any(|&x| x != 0.0) {
            return Err(locate_nonfinite(points));
        }
        if finite_centers {
            for center in centers.iter().flat_map(|centers| centers.chunks_exact(d)) {
                for (m, c) in seen.magnitude.iter_mut().zip(&center[dims.clone()]) {
                    *m = m.max(c.abs());
                }
            }
        }
        for (i, &m) in dims.clone().zip(&*seen.magnitude) {
            extremes.widen(i, m);
        }
        if let Some(ranges) = &mut ranges {
            let top = match weights {
                Some(_) => &*seen.top,
                None => &*seen.magnitude,
            };
            ranges.top[dims.clone()].copy_from_slice(&top[..dims.len()]);
            ranges.low[dims.clone()].copy_from_slice(&seen.low[..dims.len()]);
        }
    }
    if !finite_centers {
        return Err(locate_nonfinite_row(
            "centers",
            centers.unwrap_or_default(),
            d,
        ));
    }
    if extremes.too_far() {
        return Err(locate_largest(points, centers));
    }
    if let Some(weights) = weights {
        extremes.check_weights(weights.top, points.n())?;
    }
    if let Some(ranges) = ranges {
        ranges.weights = weights;
    }
    Ok(extremes.largest)
}

/// The code of a magnitude: its upper 32 bits, rounded up.
pub(crate) fn upper(magnitude: f64) -> i32 {
    ((magnitude.to_bits() + u64::from(u32::MAX)) >> 32) as i32
}

/// The magnitude of a code.
pub(crate) fn magnitude(upper: i32) -> f64 {
    f64::from_bits(u64::from(upper.unsigned_abs()) << 32)
}

/// How large the coordinates of points and centers are, and with them what is computed.
#[derive(Default)]
pub(crate) struct Extremes {
    /// The largest magnitude.
    pub(crate) largest: f64,
    /// The definition of D for the vectors of the largest magnitudes, lane by lane: the largest D that can occur. Rounding is
    /// monotonic, so no D exceeds it.
    farthest: [f64; 8],
}

impl Extremes {
    /// Takes note that coordinates are at most `most` in dimension `i`; every dimension once, in order.
    pub(crate) fn widen(&mut self, i: usize, most: f64) {
        // As much as the range of a stream tells: the limits are the same. Those of means are, too: a mean lies among its members (L26).
        let magnitude = magnitude(upper(most));
        let t = magnitude - -magnitude;
        self.farthest[i % 8] += t * t;
        self.largest = self.largest.max(magnitude);
    }

    /// The largest D that can occur.
    pub(crate) fn farthest(&self) -> f64 {
        fold(&self.farthest)
    }

    /// Whether D could overflow.
    pub(crate) fn too_far(&self) -> bool {
        let farthest = fold(&self.farthest);
        farthest.is_nan() || farthest >= LARGEST
    }

    /// Refuses n weights of at most `w` with which a sum, or the product with a D, could overflow.
    pub(crate) fn check_weights(&self, w: f64, n: usize) -> Result<(), Error> {
        let w = magnitude(upper(w));
        let sum = n as f64 * w * self.largest.max(1.0);
        if sum >= LARGEST || w * fold(&self.farthest) >= LARGEST {
            let w = Number(w);
            return refuse!(
                Range,
                "weights: {w} is so large that weighted sums could overflow"
            );
        }
        Ok(())
    }
}

/// Points whose distances are on the stack at a time.
const TOGETHER: usize = 64;

/// Refuses points and centers, all finite, that are not all the same but differ so little that D between any two of them underflows
/// to 0. `reference` is one of the centers or points, of d coordinates: where some D from it is positive, which nearly always the first
/// points tell, there is no more to be looked at.
pub(crate) fn check_spread(job: &Job<'_>, centers: &[f64], reference: &[f64]) -> Result<(), Error> {
    let (points, d) = (&job.points, job.points.d());
    if points.n() == 0 {
        return Ok(());
    }
    let from_reference = |c: &[f64]| squared(c, reference) > 0.0;
    if centers.chunks_exact(d).any(from_reference) {
        return Ok(());
    }
    for block in job.spans(TOGETHER) {
        let (labels, mut distances) = ([0; TOGETHER], [0.0; TOGETHER]);
        let (labels, distances) = (&labels[..block.len()], &mut distances[..block.len()]);
        own_block(points, job.level, block, labels, reference, distances);
        if distances.iter().any(|&distance| distance > 0.0) {
            return Ok(());
        }
    }
    let other = |(_, i, x): &(usize, usize, f64)| *x != reference[*i];
    let in_centers = centers.iter().enumerate();
    let in_centers = in_centers.map(|(at, &x)| (at / d, at % d, x)).find(other);
    let coordinates = (0..points.n()).flat_map(|p| (0..d).map(move |i| (p, i, points.at(p, i))));
    let in_points = { coordinates }.find(other);
    let (argument, (row, i, x)) = match (in_points, in_centers) {
        (Some(place), _) => ("points", place),
        (None, Some(place)) => ("centers", place),
        (None, None) => return Ok(()),
    };
    if farthest_apart(points, centers) > 0.0 {
        return Ok(());
    }
    let x = Number(x);
    refuse!(
        Range,
        "{argument}: {x} at row {row}, dimension {i} and all others differ so little that squared distances underflow to 0"
    )
}

/// D between the vectors of the largest and of the smallest coordinates: no two of these points and centers are farther apart (L33).
#[cold]
fn farthest_apart(points: &Points<'_>, centers: &[f64]) -> f64 {
    let d = points.d();
    let mut s = [0.0; 8];
    // As many dimensions at a time as there are in a cache line, and in a round of the definition.
    for first in (0..d).step_by(s.len()) {
        let dims = first..d.min(first + s.len());
        let (mut least, mut most) = ([f64::INFINITY; 8], [f64::NEG_INFINITY; 8]);
        let mut widen = |lane: usize, x: f64| {
            least[lane] = x.min(least[lane]);
            most[lane] = x.max(most[lane]);
        };
        for p in 0..points.n() {
            dims.clone().for_each(|i| widen(i - first, points.at(p, i)));
        }
        for center in centers.chunks_exact(d) {
            dims.clone().for_each(|i| widen(i - first, center[i]));
        }
        for lane in 0..dims.len() {
            let t = most[lane] - least[lane];
            s[lane] += t * t;
        }
    }
    fold(&s)
}

/// One slab over all points; leaves what was seen in the first thread's storage.
pub(crate) fn see<'a, B: AsMut<[f64]> + Send>(
    job: &Job<'_>,
    dims: core::ops::Range<usize>,
    storage: &'a mut PerThread<B>,
) -> Seen<'a> {
    for storage in storage.iter_mut() {
        Seen::new(storage.as_mut());
    }
    job.crew.run(job.blocks(), storage, |storage, block| {
        see_block(job, dims.clone(), block, &mut Seen::view(storage.as_mut()));
    });
    let (first, others) = storage.split();
    let mut first = Seen::view(first.as_mut());
    for other in others {
        let other = Seen::view(other.as_mut());
        for i in 0..first.room() {
            first.widen(&other, i, i);
        }
    }
    first
}

/// One slab of one block.
pub(crate) fn see_block(
    job: &Job<'_>,
    dims: core::ops::Range<usize>,
    block: core::ops::Range<usize>,
    seen: &mut Seen<'_>,
) {
    let points = &job.points;
    let weights = job.weights_of(&block);
    if points.layout() == Layout::Columns {
        see_columns(job, dims, block, seen);
    } else if let (None, Some((whole, rest))) = (weights, points.flat_rows(&block, STACK)) {
        // Few dimensions would leave most lanes empty. Rows without gaps are also rows of eight
        // points, of whose 8 d columns each belongs to one dimension.
        let mut flat = on_stack();
        let mut flat = Seen::new(&mut flat);
        see_rows(job.level, whole, None, &mut flat);
        for i in 0..whole.dims() {
            seen.widen(&flat, i, i % points.d());
        }
        if let Some(rest) = rest {
            see_rows(job.level, rest, None, seen);
        }
    } else {
        let rows = points.block_rows(block, dims, &mut []);
        see_rows(job.level, rows, weights, seen);
    }
}

/// A block of points in columns: copied to the stack as rows, a few dimensions at a time.
fn see_columns(
    job: &Job<'_>,
    dims: core::ops::Range<usize>,
    block: core::ops::Range<usize>,
    seen: &mut Seen<'_>,
) {
    let mut copy = [0.0; COPIED];
    let mut storage = on_stack();
    for first in dims.clone().step_by(STACK) {
        let few = first..(first + STACK).min(dims.end);
        let mut slab = Seen::new(&mut storage);
        for start in block.clone().step_by(COPIED / STACK) {
            let part = start..(start + COPIED / STACK).min(block.end);
            let weights = job.weights_of(&part);
            let rows = job.points.block_rows(part, few.clone(), &mut copy);
            see_rows(job.level, rows, weights, &mut slab);
        }
        for (c, i) in few.enumerate() {
            seen.widen(&slab, c, i - dims.start);
        }
    }
}

/// Refuses weights that are not finite, negative, or all zero, unless there are none; gives their range.
fn positive(all: &[f64]) -> Result<Range, Error> {
    let range = weights(all)?;
    if range.top == 0.0 && !all.is_empty() {
        return refuse!(Weights, "weights: none is positive");
    }
    Ok(range)
}

/// Refuses weights that are not finite or negative; gives their range.
pub(crate) fn weights(weights: &[f64]) -> Result<Range, Error> {
    let mut range = Range {
        top: 0.0,
        low: f64::INFINITY,
    };
    for (p, &w) in weights.iter().enumerate() {
        if !w.is_finite() {
            return refuse!(NonFinite, "weights: {} at {p}", Number(w));
        }
        if w < 0.0 {
            return refuse!(Weights, "weights: {} at {p} is negative", Number(w));
        }
        if w > 0.0 {
            range.top = range.top.max(w);
            range.low = range.low.min(lowest_bit(w));
        }
    }
    Ok(range)
}

/// The value of the lowest set bit of a positive double.
pub(crate) fn lowest_bit(x: f64) -> f64 {
    let bits = x.to_bits();
    match bits & ((1 << 52) - 1) {
        0 => x,
        _ => x - f64::from_bits(bits & (bits - 1)),
    }
}

/// The first coordinate, by row and then dimension, that satisfies `test`.
fn find(points: &Points<'_>, test: impl Fn(f64) -> bool) -> Option<(usize, usize)> {
    (0..points.n()).find_map(|p| {
        let i = (0..points.d()).find(|&i| test(points.at(p, i)))?;
        Some((p, i))
    })
}

#[cold]
pub(crate) fn locate_nonfinite(points: &Points<'_>) -> Error {
    let (p, i) = find(points, |x| !x.is_finite()).unwrap_or_default();
    let x = Number(points.at(p, i));
    Error::new(
        Status::NonFinite,
        format_args!("points: {x} at row {p}, dimension {i}"),
    )
}

/// Refuses rows of d of which one has a number that is not finite.
pub(crate) fn check_finite(name: &str, rows: &[f64], d: usize) -> Result<(), Error> {
    match rows.iter().all(|x| x.is_finite()) {
        true => Ok(()),
        false => Err(locate_nonfinite_row(name, rows, d)),
    }
}

#[cold]
fn locate_nonfinite_row(argument: &str, rows: &[f64], d: usize) -> Error {
    let at = rows.iter().position(|x| !x.is_finite()).unwrap_or(0);
    let (x, j, i) = (Number(rows[at]), at / d, at % d);
    Error::new(
        Status::NonFinite,
        format_args!("{argument}: {x} at row {j}, dimension {i}"),
    )
}

#[cold]
fn locate_largest(points: &Points<'_>, centers: Option<&[f64]>) -> Error {
    let d = points.d();
    let mut largest = 0.0f64;
    for p in 0..points.n() {
        for i in 0..d {
            largest = largest.max(points.at(p, i).abs());
        }
    }
    let centers = centers.unwrap_or_default();
    let (argument, x, p, i) = match centers.iter().position(|c| c.abs() > largest) {
        Some(_) => {
            let most = centers.iter().fold(0.0f64, |m, c| m.max(c.abs()));
            let at = centers.iter().position(|c| c.abs() == most).unwrap_or(0);
            ("centers", centers[at], at / d, at % d)
        }
        None => {
            let (p, i) = find(points, |x| x.abs() == largest).unwrap_or_default();
            ("points", points.at(p, i), p, i)
        }
    };
    too_large(argument, x, (p, i))
}

/// Coordinate `x` is to blame for squared distances that could overflow.
#[cold]
pub(crate) fn too_large(argument: &str, x: f64, (row, dimension): (usize, usize)) -> Error {
    let x = Number(x);
    Error::new(
        Status::Range,
        format_args!(
            "{argument}: {x} at row {row}, dimension {dimension} is so large that squared distances could overflow"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lowest_bits() {
        for (x, low) in [
            (1.0, 1.0),
            (1.5, 0.5),
            (3.0, 1.0),
            (5e-324, 5e-324),
            (1e-323, 1e-323),
            (f64::MAX, 2f64.powi(971)),
        ] {
            assert_eq!(lowest_bit(x), low);
        }
        // The oracle: what the number is not a multiple of.
        assert_eq!(lowest_bit(0.1), 2f64.powi(-55));
    }
}
