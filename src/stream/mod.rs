//! Points that are not in one place: chunks of a file, ranks of a cluster, partitions of a data frame.
//!
//! What one iteration takes from the points are maxima and sums of integers, so any engine's plain reductions join what
//! different chunks gave, in any order and any grouping, and the result is that of [`fit`](crate::fit) on all points in one
//! array, bit for bit:
//!
//! ```text
//! range := 0;  of every chunk:  range(chunk)                        reduced by element-wise MAX
//! repeat
//!     sums := 0;  of every chunk:  sums(chunk, centers)             reduced by element-wise SUM
//!     step(sums, centers)                                           the same everywhere
//! until it says so
//! ```
//!
//! *The range* is 3 (d + 1) `i32`s, three for each dimension and three for the weights; what was not seen yet is zero:
//!
//! | | of dimension i at 3 i + | |
//! |---|---|---|
//! | magnitude | 0 | the upper 32 bits of the largest magnitude of a coordinate, as a binary64, rounded up: what limits go by, of a fit too |
//! | top | 1 | 1075 + the exponent of the largest magnitude of a coordinate of a point of positive weight |
//! | low | 2 | 1024 - the exponent of the lowest bit that is set in any of these |
//!
//! *The sums* are `i64`s. A term is a coordinate, or its exact product with the weight. With w = min(50, 62 - ceil(log2 total)) bits a limb,
//! L limbs hold every term exactly, where L is ceil(bits / w), and bits how far the lowest bit of the widest dimension is from the first power
//! of two above its largest coordinate, and with weights the same of these besides; W limbs hold every weight. They are 0 in the beginning, and
//! no sum of them over `total` points exceeds 2^62:
//!
//! | elements | |
//! |---|---|
//! | 1 | points whose distances are in the inertia |
//! | 1 | points whose labels were compared with those of the last pass |
//! | 1 | those of them that changed |
//! | 103 | the inertia: digit i counts 2^(32 i - 2162) |
//! | k | the points of each cluster |
//! | k | with weights: those of positive weight |
//! | k W | with weights: the sums of the weights, limb by limb |
//! | k L d | the sums of the terms: those of cluster j, limb l, dimension i at (j L + l) d + i, in units of 2^(E - (l + 1) w), 2^E being the least power of two above the dimension's largest coordinate, and with weights that times the least above the largest weight; units of weights, and of coordinates without weights, are no less than 2^-1074 |
//!
//! All of them but the digits are sums of what each point gives by itself, so they depend neither on threads nor on chunks, their
//! order and the way they are joined. What a call leaves of the inertia is carried, each digit in [0, 2^32): a function
//! of the points in the array, too. Digits of at most 2^30 arrays may be added element by element; the sum stands for the same number
//! in other digits, until a call adds to it and carries. (`docs/proofs.md` has the proofs, L35 to L38.)
//!
//! A fit refuses points that differ so little that all squared distances underflow to 0; ranges do not tell how much points
//! differ, and streams take such points, all of which have the first center as their nearest.
//!
//! A pass over n points reads 8 n d bytes, and hands over 8 (106 + k (1 + L d)) bytes, whatever n is; L is 2 for ordinary data of
//! up to 4096 points, 1 for whole numbers, and 2 to 4 for more points than that; with weights that are no small integers, one or two more. `total` is at most 2^40.
//!
//! Seeding goes the same way (k-means‖, see [`masses`]): two passes a round, and one to weigh the candidates.
//!
//! | file | what it does |
//! |---|---|
//! | `range` | how ranges are written down |
//! | `promise` | what they promise of a chunk |
//! | `sums` | a chunk labelled and summed |
//! | `step` | means, and the end of the loop |
//! | `seed` | k-means‖ |

mod range;
mod seed;
mod step;
mod sums;

pub use range::{range, range_into, range_length};
pub use seed::{candidates, choose, draw, due, masses, weigh, Drawn, Kept, MASSES};
pub use step::{means, step, State};
pub use sums::{sums, sums_into, Wanted};

pub(crate) use range::range_in;
pub(crate) use seed::{choose_in, draw_in, masses_in, weigh_in};
pub(crate) use sums::{check_none, sums_in};

use crate::api::plan::bound;
use crate::call::{Init, Options, Shape};
use crate::exact::range_check::{check_finite, too_large};
use crate::points::{check_k, Layout};
use crate::runtime::error::{refuse, Error, Number};
use crate::runtime::fp_environment::Standard;

use range::{decode, Coded};
use sums::Format;

/// What all chunks of a stream have in common.
#[derive(Clone, Copy, Debug)]
pub struct Stream<'a> {
    total: usize,
    d: usize,
    k: usize,
    range: &'a [i32],
}

impl<'a> Stream<'a> {
    /// `total` points of all chunks together, in d dimensions, for k centers, whose reduced range this is.
    pub fn new(total: usize, d: usize, k: usize, range: &'a [i32]) -> Result<Self, Error> {
        let _environment = Standard::enter();
        check_sizes(total, d, k)?;
        let (length, expected) = (range.len(), range_length(d)?);
        if length != expected {
            return refuse!(Shape, "range: {length} elements for 3 (d + 1) = {expected}");
        }
        let stream = Stream { total, d, k, range };
        range::check(range)?;
        stream.extremes("", &[])?;
        Ok(stream)
    }

    /// The elements of the sums.
    pub fn sums_length(&self) -> Result<usize, Error> {
        let _environment = Standard::enter();
        Ok(Format::of(self)?.length)
    }

    /// What the range says about dimension `i`, or, for d, about the weights.
    fn coded(&self, i: usize) -> Result<Coded, Error> {
        decode(self.range, i)
    }

    /// Whether there are weights.
    fn weighted(&self) -> bool {
        self.range[3 * self.d + 1] != 0
    }

    /// How large all points and these `rows` are, which the caller calls so; refuses them where squared distances could overflow.
    fn extremes(
        &self,
        name: &str,
        rows: &[f64],
    ) -> Result<crate::exact::range_check::Extremes, Error> {
        let mut extremes = crate::exact::range_check::Extremes::default();
        // The largest magnitude in the range, and that of rows where they exceed it.
        let (mut of_range, mut of_rows) = ((0.0, 0), 0.0);
        // As many dimensions at a time as there are in a cache line.
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
                return Err(too_large(name, rows[at], (at / self.d, at % self.d)));
            }
            let (magnitude, i) = of_range;
            let magnitude = Number(magnitude);
            return refuse!(
                Range,
                "range: {magnitude} in dimension {i} is so large that squared distances could overflow"
            );
        }
        if self.weighted() {
            extremes.check_weights(self.coded(self.d)?.magnitude, self.total)?;
        }
        Ok(extremes)
    }

    /// Refuses points of other dimensions, and weights where the range has none, or none where it has some.
    fn check_chunk(&self, d: usize, options: &Options<'_>) -> Result<(), Error> {
        if d != self.d {
            return refuse!(Shape, "points: d = {d}, but the stream's is {}", self.d);
        }
        match (options.weights.is_some(), self.weighted()) {
            (true, false) => refuse!(Weights, "weights: the range has none that is positive"),
            (false, true) => refuse!(Weights, "weights: none, but the range has some"),
            _ => Ok(()),
        }
    }

    /// Refuses centers that are not k rows of d, or not finite, or so large that squared distances could overflow.
    fn given(&self, centers: &[f64]) -> Result<crate::exact::range_check::Extremes, Error> {
        self.check_centers(centers)?;
        check_finite("centers", centers, self.d)?;
        self.extremes("centers", centers)
    }

    fn check_centers(&self, centers: &[f64]) -> Result<(), Error> {
        let (length, expected) = (centers.len(), self.k * self.d);
        if length != expected {
            return refuse!(Shape, "centers: {length} elements for k d = {expected}");
        }
        Ok(())
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

/// Bytes of workspace that suffice for every call on a chunk of at most n points, in either layout, with these options; for
/// seeding if the options' init is [`Init::Parallel`]. They never fall as n, d, k or the threads grow.
pub fn workspace_size(
    n: usize,
    (total, d, k): (usize, usize, usize),
    options: &Options<'_>,
) -> Result<usize, Error> {
    let weighted = options.weights.is_some();
    let bytes = |layout| workspace_bytes(n, (total, d, k), layout, weighted, options);
    Ok(bytes(Layout::Rows)?.max(bytes(Layout::Columns)?))
}

/// [`workspace_size`] for one layout.
pub(crate) fn workspace_bytes(
    n: usize,
    (total, d, k): (usize, usize, usize),
    layout: Layout,
    weighted: bool,
    options: &Options<'_>,
) -> Result<usize, Error> {
    check_sizes(total, d, k)?;
    check_chunk_size(n, d)?;
    options.check()?;
    bytes(
        n,
        (total, d, k),
        layout,
        weighted,
        options,
        &|shape, bytes| bound(shape, bytes),
    )
}

/// Bytes that a chunk of exactly n points takes.
#[cfg(test)]
pub(crate) fn exact_bytes(
    n: usize,
    sizes: (usize, usize, usize),
    layout: Layout,
    weighted: bool,
    options: &Options<'_>,
) -> Result<usize, Error> {
    bytes(n, sizes, layout, weighted, options, &|shape, bytes| {
        bytes(shape)
    })
}

/// The bytes that a call takes for a shape.
type Bytes<'a> = dyn Fn(&Shape) -> Result<usize, Error> + 'a;

/// Bytes for every call on a chunk: the most that `of` tells of a call's shape and of what tells the bytes of a shape.
fn bytes(
    n: usize,
    (total, d, k): (usize, usize, usize),
    layout: Layout,
    weighted: bool,
    options: &Options<'_>,
    of: &dyn Fn(&Shape, &Bytes<'_>) -> Result<usize, Error>,
) -> Result<usize, Error> {
    let n = n.max(1);
    let shape = Shape::of_assign(n, d, k, layout, options.threads);
    let scanned = of(&range::shape(n, d, layout, options), &range::bytes)?;
    let summed = of(&shape, &|shape| sums::bytes(shape, total, weighted))?;
    let seeded = match options.init {
        Init::Parallel => {
            let compared = of(&shape, &seed::chunk_bytes)?;
            let candidates = seed::of_candidates(&shape, options);
            compared.max(of(&candidates, &seed::choosing_bytes)?)
        }
        _ => 0,
    };
    Ok(scanned.max(summed).max(seeded))
}

/// Checks the sizes of a chunk, which may be empty.
pub(crate) fn check_chunk_size(n: usize, d: usize) -> Result<(), Error> {
    crate::points::check_sizes(n, d, 1)
}
