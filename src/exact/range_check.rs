//! The first pass over the points: it refuses coordinates that are not finite or too large, and finds the range of each dimension.
//!
//! The ranges have two uses. The largest magnitudes prove that no squared distance can overflow; the
//! largest magnitudes and the lowest set bits of the terms of sums, and of the weights, tell how many limbs hold every term
//! exactly (see [`limbs`](super::limbs)).
//!
//! The pass reads as many dimensions at a time as it has storage for: all of them, with a workspace, so that
//! memory is read in order; else [`STACK`](super::observed::STACK) of them.

use core::cell::Cell;

use super::distance::fold;
use super::observed::{observe, widen_magnitudes, Observed};
use super::range::{lowest_bit, Range, Ranges};
use crate::call::Job;
use crate::points::Points;
use crate::runtime::error::{refuse, Error, Number, Status};
use crate::runtime::threads::PerThread;

/// Squared distances, their products with weights and weighted sums stay below 2^1020: sums and limbs need
/// some headroom.
const LARGEST: f64 = f64::from_bits((1023 + 1020) << 52);

/// Refuses points, weights or given centers that are not finite or too large, and weights that are negative or
/// all zero. Fills `ranges`, if given. Returns the largest magnitude of a coordinate.
pub(crate) fn scan<B: AsMut<[f64]> + Send>(
    job: &Job<'_>,
    storage: &mut PerThread<B>,
    centers: Option<&[f64]>,
    ranges: Option<&mut Ranges<'_>>,
) -> Result<f64, Error> {
    let points = &job.points;
    let d = points.d();
    let weights = job.weights.map(positive).transpose()?;
    let centers = centers.filter(|centers| !centers.is_empty());
    let rows = centers.map(|centers| Points::rows(centers, centers.len() / d, d));
    let rows = rows.transpose()?;
    let mut finite_centers = true;

    let mut extremes = Extremes::default();
    let mut ranges = ranges;
    let slab = Observed::view(storage.first().as_mut()).room();
    for first in (0..d).step_by(slab) {
        let dims = first..(first + slab).min(d);
        let observed = observe(job, dims.clone(), storage);
        if observed.not_finite.iter().any(|&x| x != 0.0) {
            return Err(locate_nonfinite(points));
        }
        if let Some(rows) = &rows {
            finite_centers &= widen_magnitudes(job.level, rows, dims.clone(), observed.magnitude);
        }
        for (i, &m) in dims.clone().zip(&*observed.magnitude) {
            extremes.widen(i, m);
        }
        if let Some(ranges) = &mut ranges {
            let top = match weights {
                Some(_) => &*observed.top,
                None => &*observed.magnitude,
            };
            ranges.top[dims.clone()].copy_from_slice(&top[..dims.len()]);
            ranges.low[dims.clone()].copy_from_slice(&observed.low[..dims.len()]);
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
        extremes.check_weights(weights.top, points.n(), job.weights.unwrap_or_default())?;
    }
    if let Some(ranges) = ranges {
        ranges.weights = weights;
    }
    Ok(extremes.largest)
}

/// The code of a magnitude in the range of a stream: its upper 32 bits, rounded up.
pub(crate) fn upper(magnitude: f64) -> i32 {
    ((magnitude.to_bits() + u64::from(u32::MAX)) >> 32) as i32
}

/// The magnitude that a code stands for.
pub(crate) fn magnitude(upper: i32) -> f64 {
    f64::from_bits(u64::from(upper.unsigned_abs()) << 32)
}

/// How large the coordinates of points and centers are, and the squared distances that they allow.
#[derive(Default)]
pub(crate) struct Extremes {
    /// The largest magnitude.
    pub(crate) largest: f64,
    /// The definition of D for the vectors of the largest magnitudes, lane by lane: the largest D that can occur. Rounding is
    /// monotonic, so no D exceeds it.
    farthest: [f64; 8],
}

impl Extremes {
    /// Records that coordinates are at most `most` in magnitude in dimension `i`. Called once for each dimension, in order.
    pub(crate) fn widen(&mut self, i: usize, most: f64) {
        // Rounded as in the range of a stream, so that streams and fits have the same limits (L37). Means need no test: a mean lies
        // between its members (L26).
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

    /// Refuses n weights of at most `largest`, if a weighted sum or the product of a weight and a D could overflow. `all` are the
    /// weights, or none where only their range is known; the refusal names the first of the largest.
    pub(crate) fn check_weights(&self, largest: f64, n: usize, all: &[f64]) -> Result<(), Error> {
        let w = magnitude(upper(largest));
        let sum = n as f64 * w * self.largest.max(1.0);
        if sum >= LARGEST || w * fold(&self.farthest) >= LARGEST {
            let place = all.iter().position(|&w| w == largest);
            let largest = Number(largest);
            return match place {
                Some(p) => refuse!(
                    Range,
                    "weights: {largest} at index {p} is so large that weighted sums could overflow"
                ),
                None => refuse!(
                    Range,
                    "weights: the largest, {largest}, is so large that weighted sums could overflow"
                ),
            };
        }
        Ok(())
    }
}

/// Refuses weights that are not finite, negative, or all zero. Returns their range.
fn positive(all: &[f64]) -> Result<Range, Error> {
    let range = weights(all)?;
    if range.top == 0.0 && !all.is_empty() {
        return refuse!(Weights, "weights: none is positive");
    }
    Ok(range)
}

/// Refuses weights that are not finite or negative. Returns the range of the positive ones.
pub(crate) fn weights(weights: &[f64]) -> Result<Range, Error> {
    let mut range = Range {
        top: 0.0,
        low: f64::INFINITY,
    };
    for (p, &w) in weights.iter().enumerate() {
        if !w.is_finite() {
            return refuse!(NonFinite, "weights: {} at index {p}", Number(w));
        }
        if w < 0.0 {
            return refuse!(Weights, "weights: {} at index {p} is negative", Number(w));
        }
        if w > 0.0 {
            range.top = range.top.max(w);
            range.low = range.low.min(lowest_bit(w));
        }
    }
    Ok(range)
}

#[cold]
pub(crate) fn locate_nonfinite(points: &Points<'_>) -> Error {
    let (p, i) = points.find(|_, _, x| !x.is_finite()).unwrap_or_default();
    let x = Number(points.at(p, i));
    Error::new(
        Status::NonFinite,
        format_args!("points: {x} at row {p}, dimension {i}"),
    )
}

/// Refuses rows of d numbers, if a number is not finite.
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
    let largest = Cell::new(0.0f64);
    points.find(|_, _, x| {
        largest.set(largest.get().max(x.abs()));
        false
    });
    let largest = largest.get();
    let centers = centers.unwrap_or_default();
    let (argument, x, p, i) = match centers.iter().position(|c| c.abs() > largest) {
        Some(_) => {
            let most = centers.iter().fold(0.0f64, |m, c| m.max(c.abs()));
            let at = centers.iter().position(|c| c.abs() == most).unwrap_or(0);
            ("centers", centers[at], at / d, at % d)
        }
        None => {
            let (p, i) = points
                .find(|_, _, x| x.abs() == largest)
                .unwrap_or_default();
            ("points", points.at(p, i), p, i)
        }
    };
    too_large(argument, x, p, i)
}

/// The error of a coordinate `x` with which squared distances could overflow.
#[cold]
pub(crate) fn too_large(argument: &str, x: f64, row: usize, dimension: usize) -> Error {
    let x = Number(x);
    Error::new(
        Status::Range,
        format_args!(
            "{argument}: {x} at row {row}, dimension {dimension} is so large that squared distances could overflow"
        ),
    )
}
