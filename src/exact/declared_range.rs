//! The range that was declared for all chunks of a stream, and the test whether a chunk is within it.

use super::observed::{observe_block, Observed, COPIED, STACK};
use super::range::{lowest_bit, Range, Ranges};
use super::range_check::{locate_nonfinite, weights};
use crate::call::Job;
use crate::points::{Layout, Points, Rows};
use crate::runtime::error::{refuse, Error, Number, Status};
use crate::simd::{InstructionSet, Kernel, Lanes, Level};

/// The range declared for points, of which only a chunk is in memory.
pub(crate) struct DeclaredRange<'a> {
    /// The largest magnitudes of coordinates.
    pub(crate) magnitudes: &'a [f64],
    /// Bounds that a quick test compares coordinates without weights with.
    pub(crate) bounds: Bounds<'a>,
    /// The ranges of the coordinates of points of positive weight, each below twice its `top`.
    pub(crate) ranges: &'a Ranges<'a>,
}

/// Bounds of coordinates, an element for each dimension: magnitudes are at most the limit, and multiples of the unit, a power of
/// two, whose reciprocal is given too.
#[derive(Clone, Copy, Default)]
pub(crate) struct Bounds<'a> {
    pub(crate) limits: &'a [f64],
    pub(crate) units: &'a [f64],
    pub(crate) reciprocals: &'a [f64],
}

/// The bounds of a vector of dimensions.
#[derive(Clone, Copy)]
pub(crate) struct Bound<L: Lanes> {
    limit: L::F,
    unit: L::F,
    reciprocal: L::F,
}

impl Bounds<'_> {
    /// The bounds of some of the dimensions.
    fn part(&self, dims: core::ops::Range<usize>) -> Self {
        Bounds {
            limits: &self.limits[dims.clone()],
            units: &self.units[dims.clone()],
            reciprocals: &self.reciprocals[dims],
        }
    }

    /// Whether there are bounds.
    pub(crate) fn any(&self) -> bool {
        !self.limits.is_empty()
    }

    /// Panics unless there are bounds for `dims` dimensions, which kernels rely on.
    pub(crate) fn check(&self, dims: usize) {
        let lengths = [self.limits, self.units, self.reciprocals].map(<[f64]>::len);
        assert_eq!(lengths, [dims; 3]);
    }

    /// The bounds of a vector of dimensions from `i` on, of which `rest` are left.
    ///
    /// # Safety
    /// The caller is compiled for `L`; there are bounds for `i + rest` dimensions.
    #[inline(always)]
    pub(crate) unsafe fn load<L: Lanes>(&self, i: usize, rest: usize) -> Bound<L> {
        // SAFETY: the contract.
        unsafe {
            Bound {
                limit: L::load_rest(self.limits.as_ptr().add(i), rest),
                unit: L::load_rest(self.units.as_ptr().add(i), rest),
                reciprocal: L::load_rest(self.reciprocals.as_ptr().add(i), rest),
            }
        }
    }
}

impl<L: Lanes> Bound<L> {
    /// Returns `outside`, with further bits set where magnitudes may not be multiples of the unit (L36); NaN is none.
    ///
    /// # Safety
    /// The caller is compiled for `L`.
    #[inline(always)]
    pub(crate) unsafe fn multiples(&self, magnitude: L::F, outside: L::I) -> L::I {
        // SAFETY: the contract.
        unsafe {
            let whole = L::whole(L::mul(magnitude, self.reciprocal));
            L::or_bits(outside, L::sub(magnitude, L::mul(whole, self.unit)))
        }
    }

    /// Returns `outside`, with further bits set where magnitudes exceed the limit; NaN does not.
    ///
    /// # Safety
    /// The caller is compiled for `L`.
    #[inline(always)]
    pub(crate) unsafe fn within(&self, magnitude: L::F, outside: L::I) -> L::I {
        // SAFETY: the contract.
        unsafe {
            let above = L::less(self.limit, magnitude);
            L::or_bits(outside, L::select(above, magnitude, L::splat(0.0)))
        }
    }
}

/// True only if all coordinates are within the bounds of their dimensions. May be false for coordinates that are; false for NaN.
fn within(level: Level, rows: Rows<'_>, bounds: Bounds<'_>) -> bool {
    bounds.check(rows.dims());
    level.run(Within { rows, bounds })
}

/// The same; rows of few dimensions without gaps are read as longer rows of several points each.
fn some_within(level: Level, rows: Rows<'_>, bounds: Bounds<'_>) -> bool {
    let Some((whole, rest)) = rows.flat(STACK) else {
        return within(level, rows, bounds);
    };
    let (d, dims) = (rows.dims(), whole.dims());
    let repeated = |of: &[f64]| {
        let mut all = [0.0; STACK];
        for part in all.chunks_mut(d) {
            part.copy_from_slice(&of[..part.len()]);
        }
        all
    };
    let limits = repeated(bounds.limits);
    let units = repeated(bounds.units);
    let reciprocals = repeated(bounds.reciprocals);
    let repeated = Bounds {
        limits: &limits[..dims],
        units: &units[..dims],
        reciprocals: &reciprocals[..dims],
    };
    within(level, whole, repeated) && rest.is_none_or(|rest| within(level, rest, bounds))
}

/// There are bounds for every dimension of the rows.
struct Within<'a> {
    rows: Rows<'a>,
    bounds: Bounds<'a>,
}

impl Kernel for Within<'_> {
    type Out = bool;

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) -> bool {
        let Within { rows, bounds } = self;
        let (d, width) = (rows.dims(), I::Lanes::WIDTH);
        let mut i = 0;
        let mut outside = [0; 8];
        // SAFETY: the caller is compiled for the lanes; `within` has checked the bounds. Four vectors are read only where d has as many
        // dimensions left; of one, at least one dimension is. A vector is at most eight integers.
        unsafe {
            let mut bits = I::Lanes::zero_bits();
            while i + 4 * width <= d {
                bits = strip::<I::Lanes, 4>(rows, bounds, i, bits);
                i += 4 * width;
            }
            while i < d {
                bits = strip::<I::Lanes, 1>(rows, bounds, i, bits);
                i += width;
            }
            I::Lanes::store_bits(outside.as_mut_ptr(), bits);
        }
        outside == [0; 8]
    }
}

/// Returns `outside`, with further bits set where coordinates may not be within the bounds, in `V` vectors of dimensions from `first` on.
///
/// # Safety
/// The caller is compiled for `L`; there are bounds for every dimension of the rows. These have `V` vectors of dimensions from `first` on;
/// if `V` is 1, at least one dimension.
#[inline(always)]
unsafe fn strip<L: Lanes, const V: usize>(
    rows: Rows<'_>,
    bounds: Bounds<'_>,
    first: usize,
    mut outside: L::I,
) -> L::I {
    let d = rows.dims();
    // SAFETY: loads stay below d, the last one partial.
    unsafe {
        let mut bound = [bounds.load::<L>(first, d - first); V];
        for (v, bound) in bound.iter_mut().enumerate() {
            let i = first + v * L::WIDTH;
            *bound = bounds.load(i, d - i);
        }
        // The maximum may lose a NaN, but a NaN is no multiple of a unit.
        let mut largest = [L::splat(0.0); V];
        for p in 0..rows.count() {
            let row = rows.row(p).as_ptr();
            for v in 0..V {
                let i = first + v * L::WIDTH;
                let magnitude = L::abs(L::load_rest(row.add(i), d - i));
                largest[v] = L::max(magnitude, largest[v]);
                outside = bound[v].multiples(magnitude, outside);
            }
        }
        for (bound, &largest) in bound.iter().zip(&largest) {
            outside = bound.within(largest, outside);
        }
        outside
    }
}

impl DeclaredRange<'_> {
    /// Whether a block is within the range. A quick test mostly decides; else the block is observed, in the storage `observed`.
    pub(crate) fn holds_block(
        &self,
        job: &Job<'_>,
        block: core::ops::Range<usize>,
        observed: &mut [f64],
    ) -> bool {
        let d = job.points.d();
        let weighted = job.weights.is_some();
        let quickly = !weighted && job.points.layout() == Layout::Rows;
        let certain = quickly && self.certainly_holds_rows(job, block.clone());
        certain || {
            let mut observed = Observed::new(observed);
            observe_block(job, 0..d, block, &mut observed);
            self.holds(&observed, weighted)
        }
    }

    /// True only if a block of points in rows, without weights, is within the range.
    fn certainly_holds_rows(&self, job: &Job<'_>, block: core::ops::Range<usize>) -> bool {
        let (d, level) = (job.points.d(), job.level);
        if job.points.form().is_rows_of_doubles() {
            return some_within(level, job.points.rows_of(block, 0..d), self.bounds);
        }
        let (mut copy, mut certain) = ([0.0; COPIED], true);
        for first in (0..d).step_by(COPIED) {
            let few = first..d.min(first + COPIED);
            let bounds = self.bounds.part(few.clone());
            let take = |_, rows: Rows<'_>| certain = certain && some_within(level, rows, bounds);
            let block = block.clone();
            job.points.each_rows(level, block, few, &mut copy, take);
        }
        certain
    }

    /// Whether points of which this was observed are within the range.
    pub(crate) fn holds(&self, observed: &Observed<'_>, weighted: bool) -> bool {
        let top = if weighted {
            &*observed.top
        } else {
            &*observed.magnitude
        };
        self.magnitudes.iter().enumerate().all(|(i, &magnitude)| {
            observed.not_finite[i] == 0.0
                && observed.magnitude[i] <= magnitude
                && self.ranges.of(i).covers(top[i], observed.low[i])
        })
    }

    /// The error of the first coordinate that is not within the range.
    #[cold]
    pub(crate) fn violation(&self, points: &Points<'_>, weights: Option<&[f64]>) -> Error {
        let outside = |p: usize, i: usize, x: f64| {
            let counts = weights.is_none_or(|weights| weights[p] > 0.0);
            let term = if counts { x.abs() } else { 0.0 };
            let low = if term == 0.0 { 0.0 } else { lowest_bit(term) };
            !x.is_finite() || x.abs() > self.magnitudes[i] || !self.ranges.of(i).covers(term, low)
        };
        let (p, i) = points.find(outside).unwrap_or_default();
        let x = points.at(p, i);
        if !x.is_finite() {
            return locate_nonfinite(points);
        }
        let x = Number(x);
        Error::new(
            Status::Range,
            format_args!("points: {x} at row {p}, dimension {i} is not in the range"),
        )
    }

    /// Refuses weights that are not within the range.
    pub(crate) fn check_weights(&self, all: &[f64]) -> Result<(), Error> {
        let range = weights(all)?;
        let declared = self.ranges.weights.unwrap_or(Range {
            top: 0.0,
            low: f64::INFINITY,
        });
        if declared.covers(range.top, range.low) {
            return Ok(());
        }
        let outside = |&w: &f64| w > 0.0 && !declared.covers(w, lowest_bit(w));
        let p = all.iter().position(outside).unwrap_or(0);
        let w = Number(all[p]);
        refuse!(Range, "weights: {w} at index {p} is not in the range")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::binary64::{exponent, scale, LOWEST};
    use crate::simd::level::Isa;

    /// L36: units, magnitudes and lowest bits from one end of the doubles to the other.
    #[test]
    fn multiples_are_recognised_at_every_magnitude() {
        let mut random = 1u64;
        let mut next = || {
            random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            random >> 12
        };
        let ends = [
            -1074, -1073, -1024, -1023, -1022, -1021, -1, 0, 1, 1022, 1023,
        ];
        let exponents: Vec<i32> = ends.into_iter().chain((-1070..1020).step_by(53)).collect();
        let (mut sure, mut sound) = (0, 0);
        for &unit in &exponents {
            // The unit that is tested for this lowest bit.
            let held = unit.max(-1023);
            let (units, reciprocals) = ([scale(1.0, held); 9], [scale(1.0, -held); 9]);
            for &top in &exponents {
                for bits in [0, 1, 20, 51, 52] {
                    if top - bits < LOWEST {
                        continue;
                    }
                    // `bits` bits after the first, the last of which is set.
                    let whole = 1 << bits | next() & ((1 << bits) - 1) | 1;
                    let x = scale(whole as f64, top - bits);
                    let multiple = exponent(lowest_bit(x)) >= unit;
                    let certain = multiple && exponent(lowest_bit(x)) >= held && top - held <= 1023;
                    for (isa, d) in [Isa::Portable, Isa::Avx2, Isa::Avx512]
                        .into_iter()
                        .flat_map(|isa| [1, 3, 9].map(|d| (isa, d)))
                    {
                        let mut row = [0.0; 9];
                        let at = next() as usize % d;
                        row[at] = if next() % 2 == 0 { x } else { -x };
                        let limits = [f64::MAX; 9];
                        let bounds = Bounds {
                            limits: &limits[..d],
                            units: &units[..d],
                            reciprocals: &reciprocals[..d],
                        };
                        let recognised = within(Level::new(isa), Rows::new(&row[..d], d), bounds);
                        assert!(
                            multiple || !recognised,
                            "{x:e} of 2^{unit}, {isa:?}, d = {d}"
                        );
                        assert!(
                            recognised || !certain,
                            "{x:e} of 2^{unit}, {isa:?}, d = {d}"
                        );
                        (sure, sound) = (
                            sure + usize::from(recognised),
                            sound + usize::from(multiple),
                        );
                    }
                }
            }
        }
        println!("L36: {sure} of {sound} multiples recognised, and nothing else");
        assert!(sure > sound / 2 && sound > 10_000);
    }

    /// NaN and infinity are outside any bounds.
    #[test]
    fn nonfinite_numbers_are_outside() {
        for isa in [Isa::Portable, Isa::Avx2, Isa::Avx512] {
            for (unit, reciprocal) in [
                (0.0, 0.0),
                (1.0, 1.0),
                (scale(1.0, 1000), scale(1.0, -1000)),
            ] {
                for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                    for d in 1..20 {
                        for at in 0..d {
                            let mut row = [0.0; 19];
                            row[at] = x;
                            let [limits, units, reciprocals] =
                                [f64::MAX, unit, reciprocal].map(|of| [of; 19]);
                            let bounds = Bounds {
                                limits: &limits[..d],
                                units: &units[..d],
                                reciprocals: &reciprocals[..d],
                            };
                            assert!(!within(Level::new(isa), Rows::new(&row[..d], d), bounds));
                        }
                    }
                }
            }
        }
    }

    /// What lies past the bounds of the dimensions is not used.
    #[test]
    fn bounds_end_with_the_dimensions() {
        for isa in [Isa::Portable, Isa::Avx2, Isa::Avx512] {
            for d in 1..40 {
                let mut of = [f64::NAN; 48];
                of[..d].fill(1.0);
                let bounds = Bounds {
                    limits: &of[..d],
                    units: &of[..d],
                    reciprocals: &of[..d],
                };
                let row = [1.0; 40];
                assert!(within(Level::new(isa), Rows::new(&row[..d], d), bounds));
            }
        }
    }

    /// Kernels read as many bounds as there are dimensions: fewer of any kind are refused.
    #[test]
    fn bounds_of_fewer_dimensions_are_refused() {
        let of = [0.0; 3];
        let check = |lengths: [usize; 3]| {
            let [limits, units, reciprocals] = lengths.map(|length| &of[..length]);
            let bounds = Bounds {
                limits,
                units,
                reciprocals,
            };
            std::panic::catch_unwind(|| bounds.check(3)).is_ok()
        };
        assert!(check([3, 3, 3]));
        for lengths in [[2, 3, 3], [3, 2, 3], [3, 3, 2], [2, 2, 2], [0, 0, 0]] {
            assert!(!check(lengths), "{lengths:?}");
        }
    }

    /// Weights are within the range below twice its top, and as multiples of its lowest bit; the first that is not is named.
    #[test]
    fn weights_that_are_not_in_the_range_are_refused() {
        let declared = Range { top: 5.0, low: 0.5 };
        let cases: [(Option<Range>, &[f64], &str); 10] = [
            (Some(declared), &[], ""),
            (Some(declared), &[0.0, 0.5, 9.5], ""),
            (Some(declared), &[1.0, 10.0], "10 at index 1"),
            (Some(declared), &[0.0, 9.75, 16.0], "9.75 at index 1"),
            (Some(declared), &[0.0, 0.0, 0.25], "0.25 at index 2"),
            (Some(declared), &[5.25], "5.25 at index 0"),
            (
                Some(declared),
                &[f64::MAX, 1.0],
                "1.7976931348623157e308 at index 0",
            ),
            (None, &[], ""),
            (None, &[0.0, 0.0], ""),
            (None, &[0.0, 1.0], "1 at index 1"),
        ];
        for (declared, weights, refused) in cases {
            let range = DeclaredRange {
                magnitudes: &[],
                bounds: Bounds::default(),
                ranges: &Ranges {
                    top: &mut [],
                    low: &mut [],
                    weights: declared,
                },
            };
            match range.check_weights(weights) {
                Ok(()) => assert_eq!(refused, "", "{weights:?}"),
                Err(error) => {
                    assert_eq!(error.status(), Status::Range);
                    let detail = format!("weights: {refused} is not in the range");
                    assert_eq!(error.detail(), detail);
                }
            }
        }
    }
}
