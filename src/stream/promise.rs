//! What the range of a stream promises of its chunks, and whether they keep it.

use crate::job::Job;
use crate::lanes::Lanes;
use crate::points::{Layout, Points, Rows};
use crate::scan::{locate_nonfinite, lowest_bit, see_block, weights, Range, Ranges, Seen, STACK};
use crate::status::{refuse, Error};

/// What was promised of points that are not all at hand.
pub(crate) struct Promise<'a> {
    /// The largest magnitudes of coordinates.
    pub(crate) magnitudes: &'a [f64],
    /// The same, and inside the ranges too, where there are no weights; and what makes the lowest bits whole numbers.
    pub(crate) limits: &'a [f64],
    pub(crate) scales: &'a [f64],
    /// The ranges of terms; the largest magnitude of a term is below twice `top`.
    pub(crate) ranges: &'a Ranges<'a>,
}

impl Range {
    /// Whether terms of such magnitude and lowest bit are inside.
    fn holds(self, top: f64, low: f64) -> bool {
        top == 0.0 || top < 2.0 * self.top && low >= self.low
    }
}

/// Whether all coordinates are within the limits of their dimensions, and whole numbers times the scales; false for NaN.
///
/// # Safety
/// The caller is compiled for `L`; there is a limit and a scale for every dimension of the rows.
#[inline(always)]
pub(crate) unsafe fn within<L: Lanes>(rows: Rows<'_>, limits: &[f64], scales: &[f64]) -> bool {
    let d = rows.dims();
    let mut i = 0;
    let mut off = [0; 8];
    // SAFETY: as many vectors as there are, or one, the last partial; a vector is at most eight integers.
    unsafe {
        let mut bits = L::zero_bits();
        while i + 4 * L::WIDTH <= d {
            bits = strip::<L, 4>(rows, limits, scales, i, bits);
            i += 4 * L::WIDTH;
        }
        while i < d {
            bits = strip::<L, 1>(rows, limits, scales, i, bits);
            i += L::WIDTH;
        }
        L::store_bits(off.as_mut_ptr(), bits);
    }
    off == [0; 8]
}

/// `off`, and bits set besides for what is not so in `V` vectors of dimensions from `first` on.
///
/// # Safety
/// As for that; there are as many dimensions, unless `V` is 1.
#[inline(always)]
unsafe fn strip<L: Lanes, const V: usize>(
    rows: Rows<'_>,
    limits: &[f64],
    scales: &[f64],
    first: usize,
    mut off: L::I,
) -> L::I {
    let d = rows.dims();
    // SAFETY: loads stay below d, the last one partial.
    unsafe {
        let mut scale = [L::splat(0.0); V];
        for (v, scale) in scale.iter_mut().enumerate() {
            let i = first + v * L::WIDTH;
            *scale = L::load_rest(scales.as_ptr().add(i), d - i);
        }
        // The maximum may forget a NaN, but the fraction of one is a NaN, and not without bits.
        let mut magnitude = [L::splat(0.0); V];
        for p in 0..rows.count() {
            let row = rows.row(p).as_ptr();
            for v in 0..V {
                let i = first + v * L::WIDTH;
                let x = L::load_rest(row.add(i), d - i);
                magnitude[v] = L::max(L::abs(x), magnitude[v]);
                off = L::or_bits(off, L::fraction(L::mul(x, scale[v])));
            }
        }
        for (v, &magnitude) in magnitude.iter().enumerate() {
            let i = first + v * L::WIDTH;
            let limit = L::load_rest(limits.as_ptr().add(i), d - i);
            let above = L::select(L::less(limit, magnitude), magnitude, L::splat(0.0));
            off = L::or_bits(off, above);
        }
        off
    }
}

impl Promise<'_> {
    /// Whether a block is as promised, for sure; where it may be not, or may be none the less, storage of the scan decides.
    pub(crate) fn kept(
        &self,
        job: &Job<'_>,
        block: core::ops::Range<usize>,
        seen: &mut [f64],
    ) -> bool {
        let d = job.points.d();
        let weighted = job.weights.is_some();
        let quickly = |rows: Rows<'_>| job.kernels.within(rows, self.limits, self.scales);
        let sure = match (job.points.layout(), job.points.flat_rows(&block, STACK)) {
            _ if weighted => false,
            (Layout::Columns, _) => false,
            (Layout::Rows, Some((whole, rest))) => {
                let (mut limits, mut scales) = ([0.0; STACK], [0.0; STACK]);
                for i in 0..whole.dims() {
                    (limits[i], scales[i]) = (self.limits[i % d], self.scales[i % d]);
                }
                let (limits, scales) = (&limits[..whole.dims()], &scales[..whole.dims()]);
                job.kernels.within(whole, limits, scales) && rest.is_none_or(quickly)
            }
            (Layout::Rows, None) => quickly(job.points.block_rows(block.clone(), 0..d, &mut [])),
        };
        sure || {
            let mut seen = Seen::new(seen);
            see_block(job, 0..d, block, &mut seen);
            self.holds(&seen, weighted)
        }
    }

    /// Whether points are as promised, of which this was seen.
    pub(crate) fn holds(&self, seen: &Seen<'_>, weighted: bool) -> bool {
        let top = if weighted {
            &*seen.top
        } else {
            &*seen.magnitude
        };
        self.magnitudes.iter().enumerate().all(|(i, &magnitude)| {
            seen.poison[i] == 0.0
                && seen.magnitude[i] <= magnitude
                && self.ranges.of(i).holds(top[i], seen.low[i])
        })
    }

    /// Where points with these weights break the promise.
    #[cold]
    pub(crate) fn broken(&self, points: &Points<'_>, weights: Option<&[f64]>) -> Error {
        let breaks = |p: usize, i: usize| {
            let x = points.at(p, i);
            let term = weights.map_or(x, |weights| weights[p] * x).abs();
            let low = if term == 0.0 { 0.0 } else { lowest_bit(term) };
            !x.is_finite() || x.abs() > self.magnitudes[i] || !self.ranges.of(i).holds(term, low)
        };
        let mut places = (0..points.n()).flat_map(|p| (0..points.d()).map(move |i| (p, i)));
        let (p, i) = places.find(|&(p, i)| breaks(p, i)).unwrap_or_default();
        let x = points.at(p, i);
        if !x.is_finite() {
            return locate_nonfinite(points);
        }
        Error::new(
            crate::Status::Range,
            format_args!("points: {x:e} at row {p}, dimension {i} is not in the range"),
        )
    }

    /// Refuses weights that break the promise.
    pub(crate) fn check_weights(&self, all: &[f64]) -> Result<(), Error> {
        let range = weights(all)?;
        let promised = self.ranges.weights.unwrap_or(Range {
            top: 0.0,
            low: f64::INFINITY,
        });
        if promised.holds(range.top, range.low) {
            return Ok(());
        }
        let breaks = |&w: &f64| w > 0.0 && !promised.holds(w, lowest_bit(w));
        let p = all.iter().position(breaks).unwrap_or(0);
        refuse!(Range, "weights: {:e} at {p} is not in the range", all[p])
    }
}
