//! What all chunks of a stream have in common.

use super::range::{check, decode, range_length, Coded};
use crate::api::check_length;
use crate::call::Options;
use crate::exact::range_check::{check_finite, too_large, Extremes};
use crate::points::check_k;
use crate::runtime::error::{refuse, Error, Number};

/// What all chunks of a stream have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stream<'a> {
    pub(super) total: usize,
    pub(super) d: usize,
    pub(super) k: usize,
    pub(super) range: &'a [i32],
}

impl<'a> Stream<'a> {
    /// A stream of `total` points of all chunks together, in d dimensions, for k centers, with this reduced range.
    pub(crate) fn new(total: usize, d: usize, k: usize, range: &'a [i32]) -> Result<Self, Error> {
        check_sizes(total, d, k)?;
        check_length("range", range.len(), range_length(d)?, "3 (d + 1)")?;
        let stream = Stream { total, d, k, range };
        check(range)?;
        stream.extremes("", &[])?;
        Ok(stream)
    }

    /// The range of dimension `i`, or, for d, of the weights.
    pub(super) fn coded(&self, i: usize) -> Result<Coded, Error> {
        decode(self.range, i)
    }

    /// Whether there are weights.
    pub(super) fn weighted(&self) -> bool {
        self.range[3 * self.d + 1] != 0
    }

    /// How large the points and these `rows` are; refuses them if squared distances could overflow. `name` is the argument of the rows.
    pub(super) fn extremes(&self, name: &str, rows: &[f64]) -> Result<Extremes, Error> {
        let mut extremes = Extremes::default();
        // The largest magnitude in the range, or of the rows, if these exceed it.
        let (mut of_range, mut of_rows) = ((0.0, 0), 0.0);
        // Eight dimensions at a time: a cache line.
        for first in (0..self.d).step_by(8) {
            let mut magnitudes = [0.0f64; 8];
            for row in rows.chunks_exact(self.d) {
                for (magnitude, c) in magnitudes.iter_mut().zip(&row[first..]) {
                    *magnitude = magnitude.max(c.abs());
                }
            }
            for (i, magnitude) in (first..self.d).zip(magnitudes) {
                let coded = self.coded(i)?.magnitude;
                if coded > of_range.0 {
                    of_range = (coded, i);
                }
                if magnitude > coded {
                    of_rows = magnitude.max(of_rows);
                }
                extremes.widen(i, magnitude.max(coded));
            }
        }
        if extremes.too_far() {
            if let Some(at) = rows
                .iter()
                .position(|x| of_rows > 0.0 && x.abs() == of_rows)
            {
                return Err(too_large(name, rows[at], at / self.d, at % self.d));
            }
            let (magnitude, i) = of_range;
            let magnitude = Number(magnitude);
            return refuse!(
                Range,
                "range: {magnitude} in dimension {i} is so large that squared distances could overflow"
            );
        }
        if self.weighted() {
            extremes.check_weights(self.coded(self.d)?.magnitude, self.total, &[])?;
        }
        Ok(extremes)
    }

    /// Refuses points of other dimensions, weights if the range has none, and no weights if it has some.
    pub(super) fn check_chunk(&self, d: usize, options: &Options<'_>) -> Result<(), Error> {
        if d != self.d {
            return refuse!(Shape, "points: d = {d}, but the stream's is {}", self.d);
        }
        match (options.weights.is_some(), self.weighted()) {
            (true, false) => refuse!(
                Weights,
                "weights: given, but the range has no positive weight"
            ),
            (false, true) => refuse!(
                Weights,
                "weights: none, but the range is of points with weights"
            ),
            _ => Ok(()),
        }
    }

    /// Refuses centers that are not k rows of d, or not finite, or so large that squared distances could overflow.
    pub(super) fn given(&self, centers: &[f64]) -> Result<Extremes, Error> {
        self.check_centers(centers)?;
        check_finite("centers", centers, self.d)?;
        self.extremes("centers", centers)
    }

    pub(super) fn check_centers(&self, centers: &[f64]) -> Result<(), Error> {
        check_length("centers", centers.len(), self.k * self.d, "k d")
    }
}

/// Checks the sizes of a stream.
pub(crate) fn check_sizes(total: usize, d: usize, k: usize) -> Result<(), Error> {
    if total == 0 || d == 0 || k == 0 {
        return refuse!(Shape, "total = {total}, d = {d}, k = {k}: none may be zero");
    }
    if k > total {
        return refuse!(Shape, "k = {k} is more than total = {total}");
    }
    check_k(k)?;
    if total > 1 << 40 {
        return refuse!(Shape, "total = {total} is more than 2^40");
    }
    let doubles = k.checked_mul(d);
    if doubles.is_none_or(|doubles| doubles > isize::MAX as usize / 8) {
        return refuse!(
            Shape,
            "k * d = {k} * {d} doubles do not fit the address space"
        );
    }
    Ok(())
}

/// Checks the sizes of a chunk, which may be empty.
pub(crate) fn check_chunk_size(n: usize, d: usize) -> Result<(), Error> {
    crate::points::check_sizes(n, d, 1)
}
