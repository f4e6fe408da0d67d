//! The first pass: is everything finite, and what range has each dimension?
//!
//! The ranges serve two ends. The largest magnitudes prove that no squared distance can overflow; the
//! largest magnitude and the lowest set bit of what will be summed say how many limbs hold every term
//! exactly (see [`update`](crate::update)).
//!
//! The pass needs no workspace: it looks at [`SLAB`] dimensions at a time, whose ranges fit on the
//! stack.

use crate::distance::fold;
use crate::job::Job;
use crate::lanes::Lanes;
use crate::parallel::PerThread;
use crate::points::{Layout, Points, Rows};
use crate::status::{refuse, Error};
use crate::workspace::Cut;

/// Dimensions looked at together: 512 bytes of a row, enough for the prefetcher.
pub(crate) const SLAB: usize = 64;

/// Points copied to the stack at a time when points are columns.
const COPIED: usize = 32;

/// Squared distances, weighted products and weighted sums stay below this, 2^1020: sums and limbs need
/// some room above their top.
const LARGEST: f64 = f64::from_bits((1023 + 1020) << 52);

/// Per dimension, the range of the terms of the sums: coordinates, or coordinates times weights.
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

    /// The range of dimension `i`.
    pub(crate) fn of(&self, i: usize) -> Range {
        Range {
            top: self.top[i],
            low: self.low[i],
        }
    }
}

/// What one thread has seen of a slab.
pub(crate) struct Seen {
    /// Largest magnitude of a coordinate.
    magnitude: [f64; SLAB],
    /// Largest magnitude of a term: a coordinate times its weight.
    top: [f64; SLAB],
    /// Lowest bit of a term.
    low: [f64; SLAB],
    /// +0 while all coordinates are finite, else NaN: 0 times infinity is NaN, and a NaN stays in a sum.
    /// (The maximum would not do: it forgets a NaN as soon as it meets a number.)
    poison: [f64; SLAB],
}

impl Seen {
    fn new() -> Self {
        Seen {
            magnitude: [0.0; SLAB],
            top: [0.0; SLAB],
            low: [f64::INFINITY; SLAB],
            poison: [0.0; SLAB],
        }
    }

    fn widen(&mut self, other: &Seen, from: usize, to: usize) {
        self.magnitude[to] = self.magnitude[to].max(other.magnitude[from]);
        self.top[to] = self.top[to].max(other.top[from]);
        self.low[to] = self.low[to].min(other.low[from]);
        self.poison[to] += other.poison[from];
    }
}

/// Widens what was `seen` by `rows`, dimensions in lanes.
///
/// # Safety
/// The caller is compiled for `L`; rows have at most [`SLAB`] dimensions, and `weights`, if any, has
/// one for each row.
#[inline(always)]
pub(crate) unsafe fn rows<L: Lanes>(rows: Rows<'_>, weights: Option<&[f64]>, seen: &mut Seen) {
    let d = rows.dims();
    for p in 0..rows.count() {
        let row = rows.row(p).as_ptr();
        let mut i = 0;
        while i < d {
            // SAFETY: loads stay below d, the last one partial; i is a multiple of WIDTH, which
            // divides SLAB, so whole vectors of the arrays start there.
            unsafe {
                let x = if i + L::WIDTH <= d {
                    L::load(row.add(i))
                } else {
                    L::load_partial(row.add(i), d - i)
                };
                let poison = seen.poison.as_mut_ptr().add(i);
                L::store(poison, L::add(L::load(poison), L::mul(x, L::splat(0.0))));
                let magnitude = seen.magnitude.as_mut_ptr().add(i);
                L::store(magnitude, L::max(L::abs(x), L::load(magnitude)));
                let mut term = L::abs(x);
                if let Some(weights) = weights {
                    term = L::mul(term, L::splat(*weights.get_unchecked(p)));
                    let top = seen.top.as_mut_ptr().add(i);
                    L::store(top, L::max(term, L::load(top)));
                }
                let low = seen.low.as_mut_ptr().add(i);
                L::store(low, L::min(L::lowest_bit(term), L::load(low)));
            }
            i += L::WIDTH;
        }
    }
}

/// Refuses points, weights or given centers that are not finite, too large, or (weights) negative or
/// all zero; fills `ranges` where they are asked for. Returns the largest magnitude of any coordinate.
pub(crate) fn scan(
    job: &Job<'_>,
    centers: Option<&[f64]>,
    ranges: Option<&mut Ranges<'_>>,
) -> Result<f64, Error> {
    let points = &job.points;
    let d = points.d();
    let weights = job.weights.map(weights).transpose()?;
    let finite_centers = centers.is_none_or(|centers| centers.iter().all(|c| c.is_finite()));

    // The definition of D over the slabs, for the vectors of the largest magnitudes; in the end the
    // largest D that can occur. Rounding is monotonic, so no D of the call exceeds it.
    let mut farthest = [0.0; 8];
    let mut largest: f64 = 0.0;
    let mut ranges = ranges;
    for first in (0..d).step_by(SLAB) {
        let dims = first..(first + SLAB).min(d);
        let mut seen = see(job, dims.clone());
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
        for (i, &m) in dims.clone().zip(&seen.magnitude) {
            // A mean may exceed its largest member by a rounding of the sum and one of the quotient.
            let m = m.next_up().next_up();
            let t = m - -m;
            farthest[i % 8] += t * t;
            largest = largest.max(m);
        }
        if let Some(ranges) = &mut ranges {
            let top = if weights.is_some() {
                &seen.top
            } else {
                &seen.magnitude
            };
            ranges.top[dims.clone()].copy_from_slice(&top[..dims.len()]);
            ranges.low[dims.clone()].copy_from_slice(&seen.low[..dims.len()]);
        }
    }
    if !finite_centers {
        return Err(locate_nonfinite_center(centers.unwrap_or_default(), d));
    }
    let farthest = fold(&farthest);
    if farthest.is_nan() || farthest >= LARGEST {
        return Err(locate_largest(points, centers));
    }
    if let Some(weights) = weights {
        let sum = points.n() as f64 * weights.top * largest.max(1.0);
        if sum >= LARGEST || weights.top * farthest >= LARGEST {
            let w = weights.top;
            return refuse!(
                Range,
                "weights: {w:e} is so large that weighted sums could overflow"
            );
        }
    }
    if let Some(ranges) = ranges {
        ranges.weights = weights;
    }
    Ok(largest)
}

/// One slab over all points.
fn see(job: &Job<'_>, dims: core::ops::Range<usize>) -> Seen {
    let points = &job.points;
    let mut seen = PerThread::new(job.crew.threads(), Seen::new);
    job.crew.run(job.blocks(), &mut seen, |seen, block| {
        let weights = job.weights_of(&block);
        if points.layout() == Layout::Columns {
            let mut copy = [0.0; COPIED * SLAB];
            for first in block.clone().step_by(COPIED) {
                let part = first..(first + COPIED).min(block.end);
                let weights = job.weights_of(&part);
                let rows = points.block_rows(part, dims.clone(), &mut copy);
                job.kernels.scan(rows, weights, seen);
            }
        } else if let (None, Some((whole, rest))) = (weights, points.flat_rows(&block, SLAB)) {
            // Few dimensions would leave most lanes empty. Rows without gaps are also rows of eight
            // points, of whose 8 d columns each belongs to one dimension.
            let mut flat = Seen::new();
            job.kernels.scan(whole, None, &mut flat);
            for i in 0..whole.dims() {
                seen.widen(&flat, i, i % points.d());
            }
            if let Some(rest) = rest {
                job.kernels.scan(rest, None, seen);
            }
        } else {
            let rows = points.block_rows(block, dims.clone(), &mut []);
            job.kernels.scan(rows, weights, seen);
        }
    });
    let (first, others) = seen.split();
    for other in others {
        for i in 0..SLAB {
            first.widen(other, i, i);
        }
    }
    core::mem::replace(first, Seen::new())
}

/// Refuses weights that are not finite, negative, or all zero; gives their range.
fn weights(weights: &[f64]) -> Result<Range, Error> {
    let mut range = Range {
        top: 0.0,
        low: f64::INFINITY,
    };
    for (p, &w) in weights.iter().enumerate() {
        if !w.is_finite() {
            return refuse!(NonFinite, "weights: {} at {p}", name(w));
        }
        if w < 0.0 {
            return refuse!(Weights, "weights: {w:e} at {p} is negative");
        }
        if w > 0.0 {
            range.top = range.top.max(w);
            range.low = range.low.min(lowest_bit(w));
        }
    }
    if range.top == 0.0 {
        return refuse!(Weights, "weights: none is positive");
    }
    Ok(range)
}

/// The value of the lowest set bit of a positive double.
fn lowest_bit(x: f64) -> f64 {
    let bits = x.to_bits();
    match bits & ((1 << 52) - 1) {
        0 => x,
        _ => x - f64::from_bits(bits & (bits - 1)),
    }
}

fn name(x: f64) -> &'static str {
    match (x.is_nan(), x > 0.0) {
        (true, _) => "NaN",
        (_, true) => "infinity",
        (_, false) => "-infinity",
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
fn locate_nonfinite(points: &Points<'_>) -> Error {
    let (p, i) = find(points, |x| !x.is_finite()).unwrap_or_default();
    let name = name(points.at(p, i));
    Error::new(
        crate::Status::NonFinite,
        format_args!("points: {name} at row {p}, dimension {i}"),
    )
}

#[cold]
fn locate_nonfinite_center(centers: &[f64], d: usize) -> Error {
    let at = centers.iter().position(|c| !c.is_finite()).unwrap_or(0);
    let (name, j, i) = (name(centers[at]), at / d, at % d);
    Error::new(
        crate::Status::NonFinite,
        format_args!("centers: {name} at row {j}, dimension {i}"),
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
    Error::new(
        crate::Status::Range,
        format_args!("{argument}: {x:e} at row {p}, dimension {i} is so large that squared distances could overflow"),
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
