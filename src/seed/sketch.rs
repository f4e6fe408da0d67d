//! A sketch: the points in 8 bits, coded once for all steps, from which it follows which masses a candidate may lower.
//!
//! Let X = s (x - μ) and C = s (c - μ) with any fixed μ and s > 0, and X̂, Ĉ their coordinates as whole numbers of at most 127
//! in magnitude. Then for D = D(x, c)
//!
//! ```text
//!     s² D / 2 ≈ |X|² / 2 + T,     T = round(|C|² / 2) - X̂·Ĉ,
//! ```
//!
//! where the kernel evaluates T exactly, in 32-bit integers. A point's *limit* is s² D' / 2 - |X|² / 2, D' being D to its nearest
//! center so far. To within R of it, T decides whether a candidate is nearer (L43): one with
//!
//! ```text
//!     T >= limit + R,     R = |X̂| |C - Ĉ| + |X - X̂| |C| + 5 and a hundredth,
//! ```
//!
//! has D >= D', and by the monotonicity of rounding w D >= w D' however these are rounded: it does not lower the mass. For
//! the others, s² (D' - D) / 2 lies between limit - R - T and limit + R - T. Sums of these (times the weight) bound what
//! a candidate takes off the total of the masses (L45), and most candidates of a step are beaten by another one's bound. Only what is
//! left is evaluated by D.
//!
//! *Second bytes* (L44). The points are read from memory once in a step, whatever the candidates are. Where products are cheap,
//! Ĉ has 128ths in the first step and wherever too many rows were read in vain: a second byte for what the first leaves, whose products, rounded, are
//! T's 128ths. That leaves |X - X̂| |C|, half of R or less (docs/decisions.md#second-bytes).
//!
//! *What is usual* sets μ and s: a sample's rows that are not much farther from its medians than all but a few. A point that is far beyond, or that
//! is far from all centers so far, is *out of range*: the sketch says nothing of it, and D between it and every candidate is evaluated, each by
//! itself. A candidate far beyond is *far* from all points that are not out of range, and lowers none of them (L47). So a few rows of any
//! magnitude cost themselves alone; where there are many, and wherever more rows are read in vain than a sketch saves, it is given up.
//! Points of no mass, and the padding, have a limit that nothing is below. Where coordinates are small whole numbers times a power of
//! two, so are those of the sketch, nothing is rounded, and R is 0: else all points that are as near to a candidate would be open (L48).
//!
//! The triangle inequality rules out nothing where there are many dimensions (docs/decisions.md#bounds-by-the-triangle-inequality).

mod compare;

use core::ops::Range;

pub(super) use compare::{screen, SketchLanes, SketchResult};

use crate::assign::panel::Panels;
use crate::assign::precision::{pack_int8, Int8Centers, Int8Packing};
use crate::call::{Job, Shape};
use crate::exact::binary64::{exponent, parts, power_of_two};
use crate::exact::distance::DistanceError;
use crate::runtime::workspace::{spoil, Cut};
use crate::simd::level::Vectors;
use crate::simd::products::elements;

use crate::quantize::int8::{Coded, Int8Coding, Int8Format, ROUNDED};

/// Lanes in the widest group.
pub(crate) const WIDEST: usize = 16;

/// And in the narrowest.
const NARROWEST: usize = 4;

/// A limit that nothing is below.
const CLOSED: i32 = -(1 << 30);

/// What the norms of candidates, and R itself, are off by at most (L43).
const MARGIN: f64 = 1.01;

/// |X|² beyond which a point is out of range, s² D to the nearest center so far beyond which it is so, too, and |C|² beyond which a candidate
/// is far (L43, L47).
const LONG: f64 = (1 << 26) as f64;
const AWAY: f64 = 4.0 * LONG;
const FAR: f64 = 10.0 * LONG;

/// Points whose coordinates give origin and scale, and those whose medians decide which of them are usual.
const SAMPLE: usize = 256;
const MIDDLE: usize = 15;

/// One row of this many may be beyond what is usual; if there are more, their masses matter. And a row is usual if it is at most this many
/// times as far off as the others.
const RARE: usize = 20;
const USUAL: f64 = 4.0;

/// Dimensions for which there are sketches: with fewer, D takes no longer.
const DIMENSIONS: Range<usize> = 8..2049;

/// Centers from which on a sketch saves more than it costs.
const CENTERS: usize = 4;

/// The points in bytes; nothing where there is no sketch.
pub(super) struct Sketch<'w> {
    origin: &'w mut [f64],
    whole: bool,
    /// Four bytes each, 128 added, in groups of as many points as the kernel has lanes.
    data: &'w mut [i32],
    limits: &'w mut [i32],
    /// For each group, a bit for each point that is out of range.
    out_of_range: &'w mut [u16],
    /// |X̂| and |X̂ - X|, rounded up.
    norms: &'w mut [f32],
    errors: &'w mut [f32],
    /// |X|².
    squares: &'w mut [f64],
}

/// What a step compares the points with, and what it finds.
pub(super) struct StepMemory<'w> {
    /// The candidates, negated, and |C|² / 2.
    panels: &'w mut [i32],
    starts: &'w mut [i32],
    /// For each candidate and group of a stretch, a bit for each point that may be lowered.
    pub(super) open: &'w mut [u16],
}

impl<'w> StepMemory<'w> {
    /// For so many points and candidates.
    pub(super) fn cut(from: &mut impl Cut<'w>, shape: &Shape, n: usize, candidates: usize) -> Self {
        let groups = n.next_multiple_of(WIDEST) / NARROWEST;
        let candidates = if n > 0 { candidates } else { 0 };
        StepMemory {
            panels: from.take((2 * candidates).saturating_mul(elements::<i32>(shape.d))),
            starts: from.take(2 * candidates),
            open: from.take(groups.saturating_mul(candidates)),
        }
    }

    pub(super) fn forget(&mut self) {
        spoil(self.panels, 0);
        spoil(self.starts, 0);
        spoil(self.open, 0);
    }

    /// Packs candidates, if there are any, none of which is far.
    pub(super) fn pack(
        &mut self,
        centers: &[f64],
        format: &Int8Format<'_>,
        vectors: Vectors,
        fine: bool,
    ) -> (Option<Candidates<'_>>, &mut [u16]) {
        let Int8Coding { origin, scale } = format.coding;
        let count = centers.len() / origin.len();
        let parts = if fine { 2 } else { 1 };
        let panels = &mut self.panels[..parts * count * elements::<i32>(origin.len())];
        let starts = &mut self.starts[..parts * count];
        let how = Int8Centers {
            coding: format.coding,
            ratio: 1.0,
            parts,
        };
        let Int8Packing { radius, error } = pack_int8(centers, &how, vectors, panels, starts);
        let underflow = 0.5 * (scale * (scale * DistanceError::new(origin.len()).absolute));
        let even = |center| square(center, format) % 2.0 == 0.0;
        let whole = format.whole && error == 0.0 && centers.chunks_exact(origin.len()).all(even);
        let rounded = match whole {
            true => 0.0,
            false => ROUNDED + MARGIN * underflow,
        };
        let candidates = (count > 0).then_some(Candidates {
            panels: Panels {
                data: panels,
                norms: starts,
            },
            parts,
            // At least one, or what rounds would be lost where it is with the errors of points.
            per: [MARGIN * error, (MARGIN * radius).max(1.0), rounded].map(|x| x as f32),
        });
        (candidates, self.open)
    }
}

/// The scale that makes coordinates of some points even numbers of less than 127, if a power of two does.
fn unit(job: &Job<'_>, sample: impl Iterator<Item = usize>) -> Option<f64> {
    const BITS: i32 = 6;
    // L48.
    const SANE: Range<i32> = -400..400;
    let (mut lowest, mut largest) = (i32::MAX, 0.0f64);
    for p in sample {
        for i in 0..job.points.d() {
            let x = job.points.at(p, i).abs();
            if x == 0.0 {
                continue;
            }
            let (digits, unit) = parts(x);
            lowest = lowest.min(unit + digits.trailing_zeros() as i32);
            largest = largest.max(x);
            if exponent(largest) - lowest >= BITS {
                return None;
            }
        }
    }
    SANE.contains(&lowest).then(|| power_of_two(1 - lowest))
}

/// Whether a candidate is far from all points that are not out of range.
pub(super) fn is_far(center: &[f64], format: &Int8Format<'_>) -> bool {
    square(center, format) > FAR
}

/// |C|².
fn square(center: &[f64], format: &Int8Format<'_>) -> f64 {
    let square = |(x, m): (&f64, &f64)| {
        let x = (x - m) * format.coding.scale;
        x * x
    };
    center.iter().zip(format.coding.origin).map(square).sum()
}

/// The points of a stretch in a sketch.
pub(crate) struct Part<'a> {
    pub(crate) data: &'a mut [i32],
    pub(crate) limits: &'a mut [i32],
    pub(crate) out_of_range: &'a mut [u16],
    pub(crate) norms: &'a mut [f32],
    pub(crate) errors: &'a mut [f32],
    pub(crate) squares: &'a mut [f64],
    pub(crate) whole: bool,
    /// The binary logarithm of the points in a group.
    pub(crate) shift: u32,
}

/// The candidates of a step.
pub(crate) struct Candidates<'a> {
    pub(crate) panels: Panels<'a, i32>,
    /// Bytes that each coordinate has.
    pub(crate) parts: usize,
    /// R is |X̂| and |X̂ - X| times these, and the last.
    pub(crate) per: [f32; 3],
}

/// Whether sketches are worthwhile for a shape. Of sparse rows they would take more memory than these.
pub(super) fn worthwhile(shape: &Shape) -> bool {
    !shape.form.is_csr() && DIMENSIONS.contains(&shape.d) && shape.k >= CENTERS
}

impl<'w> Sketch<'w> {
    /// Of so many points, maybe none.
    pub(super) fn cut(from: &mut impl Cut<'w>, shape: &Shape, n: usize) -> Self {
        let lanes = n.next_multiple_of(WIDEST);
        let elements = elements::<i32>(shape.d);
        Sketch {
            whole: false,
            origin: from.take(if n > 0 { shape.d } else { 0 }),
            data: from.take(lanes.saturating_mul(elements)),
            limits: from.take(lanes),
            out_of_range: from.take(lanes / NARROWEST),
            norms: from.take(lanes),
            errors: from.take(lanes),
            squares: from.take(lanes),
        }
    }

    pub(super) fn forget(&mut self) {
        self.whole = false;
        spoil(self.origin, f64::MAX);
        spoil(self.data, i32::MAX);
        spoil(self.limits, CLOSED);
        spoil(self.out_of_range, 0);
        spoil(self.norms, 0.0);
        spoil(self.errors, 0.0);
        spoil(self.squares, 0.0);
    }

    /// Chooses origin and scale, if there is to be a sketch, and the data allow one.
    pub(super) fn scale(&mut self, job: &Job<'_>) -> Option<f64> {
        if self.data.is_empty() {
            return None;
        }
        let n = job.points.n();
        // Not at even distances: data may have periods.
        let step = n.div_ceil(SAMPLE);
        let places = (0..n).step_by(step).enumerate();
        let places = places.map(|(i, p)| (p + i * 7919 % step).min(n - 1));
        let sample = places.filter(|&p| job.counts(p));
        let apart = sample.clone().count().div_ceil(MIDDLE);
        for (i, origin) in self.origin.iter_mut().enumerate() {
            let mut middle = [0.0; MIDDLE];
            let mut count = 0;
            for (place, p) in middle.iter_mut().zip(sample.clone().step_by(apart.max(1))) {
                *place = job.points.at(p, i);
                count += 1;
            }
            middle[..count].sort_unstable_by(f64::total_cmp);
            *origin = middle[count / 2];
        }
        // How far each row is off, and what all but a few of those are that are not zero.
        let mut ranges = [0.0; SAMPLE];
        for (range, p) in ranges.iter_mut().zip(sample.clone()) {
            *range = self.range(job, p);
        }
        let mut sorted = ranges;
        sorted.sort_unstable_by(f64::total_cmp);
        let zeros = sorted.iter().take_while(|&&range| range == 0.0).count();
        let place = SAMPLE - 1 - (SAMPLE - zeros) / RARE;
        let usual = USUAL * sorted[place.max(zeros).min(SAMPLE - 1)];
        let kept = sample.zip(ranges).filter(|&(_, range)| range <= usual);
        self.whole = false;
        if let Some(scale) = unit(job, kept.clone().map(|(p, _)| p)) {
            self.origin.fill(0.0);
            self.whole = true;
            return Some(scale);
        }
        // From the medians on, as sums of large numbers round; coordinates that share a cache line together.
        const IN_A_LINE: usize = 8;
        let count = kept.clone().count() as f64;
        for (block, means) in self.origin.chunks_mut(IN_A_LINE).enumerate() {
            let mut sums = [0.0; IN_A_LINE];
            for (p, _) in kept.clone() {
                for (i, (sum, origin)) in sums.iter_mut().zip(&*means).enumerate() {
                    *sum += job.points.at(p, block * IN_A_LINE + i) - origin;
                }
            }
            for (origin, sum) in means.iter_mut().zip(sums) {
                *origin += sum / count;
            }
        }
        let range = kept.fold(0.0, |range: f64, (p, _)| range.max(self.range(job, p)));
        // L43.
        let sane = power_of_two(-535)..power_of_two(510);
        sane.contains(&range).then(|| 127.0 / range)
    }

    /// How far the coordinates of a point are from the origin, at most.
    fn range(&self, job: &Job<'_>, p: usize) -> f64 {
        let off = |(i, m): (usize, &f64)| (job.points.at(p, i) - m).abs();
        self.origin.iter().enumerate().map(off).fold(0.0, f64::max)
    }

    /// How many lanes each stretch has.
    pub(super) fn lanes(&self, stretch: usize) -> impl Iterator<Item = usize> + Send + '_ {
        self.limits.chunks(stretch).map(<[i32]>::len)
    }

    /// How points become bytes.
    pub(super) fn format(&self, scale: f64, width: usize) -> Int8Format<'_> {
        Int8Format {
            coding: Int8Coding {
                origin: self.origin,
                scale,
            },
            width,
            whole: self.whole,
        }
    }

    /// The points, stretch by stretch, and how they become bytes.
    pub(super) fn split(
        &mut self,
        scale: f64,
        stretch: usize,
        width: usize,
    ) -> (
        Int8Format<'_>,
        impl DoubleEndedIterator<Item = Part<'_>> + ExactSizeIterator + Send,
    ) {
        let format = Int8Format {
            coding: Int8Coding {
                origin: self.origin,
                scale,
            },
            width,
            whole: self.whole,
        };
        let (whole, shift) = (self.whole, width.ilog2());
        assert!(width.is_power_of_two());
        let elements = self.data.len() / self.limits.len();
        let groups = self.limits.len() / width;
        let parts = self.data.chunks_mut(stretch * elements);
        let parts = parts.zip(self.limits.chunks_mut(stretch));
        let parts = parts.zip(self.out_of_range[..groups].chunks_mut(stretch / width));
        let parts = parts.zip(self.norms.chunks_mut(stretch));
        let parts = parts.zip(self.errors.chunks_mut(stretch));
        let parts = parts.zip(self.squares.chunks_mut(stretch));
        let parts = parts.map(
            move |(((((data, limits), out_of_range), norms), errors), squares)| Part {
                data,
                limits,
                out_of_range,
                norms,
                errors,
                squares,
                whole,
                shift,
            },
        );
        (format, parts)
    }
}

impl Part<'_> {
    /// The bytes of the points from `first` on, which starts a group.
    pub(super) fn after(&mut self, first: usize) -> Coded<'_> {
        let elements = self.data.len() / self.limits.len();
        Coded {
            data: &mut self.data[first * elements..],
            norms: &mut self.norms[first..],
            errors: &mut self.errors[first..],
            squares: &mut self.squares[first..],
        }
    }

    /// Closes all points: no mass can be lowered until limits are set.
    pub(super) fn close(&mut self) {
        self.limits.fill(CLOSED);
        self.out_of_range.fill(0);
    }

    /// Sets the limit of point `p` from D between it and its nearest center; `closed`, if nothing can lower its mass.
    #[inline]
    pub(super) fn set_limit(&mut self, p: usize, distance: f64, scale: f64, closed: bool) {
        let (square, distance) = (self.squares[p], scale * (scale * distance));
        let near = square <= LONG && distance <= AWAY;
        let group = p >> self.shift;
        let bit = 1 << (p - (group << self.shift));
        self.out_of_range[group] &= !bit;
        self.limits[p] = CLOSED;
        match (closed, near) {
            (true, _) => {}
            (_, false) => self.out_of_range[group] |= bit,
            _ => {
                let twice = distance - square;
                let even = (twice as i32 & !1) as f64 == twice;
                if self.whole && self.errors[p] == 0.0 {
                    if even && distance >= 1.0 && (distance as i32) as f64 == distance {
                        self.limits[p] = (twice as i32) >> 1;
                        return;
                    }
                    // Something else rounded, from now on.
                    self.errors[p] = ROUNDED as f32;
                }
                self.limits[p] = (0.5 * twice) as i32 + 1;
            }
        }
    }
}
