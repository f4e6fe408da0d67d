//! Limbs: how a term of a sum becomes integers whose sums are exact.
//!
//! Let every term of a dimension satisfy |x| < 2^E and be a multiple of 2^e. With w bits a limb and
//! Q_l = 2^(E - (l+1) w), limb l of x is the multiple of Q_l nearest to what the limbs before it have
//! left over. The first is at most 2^w in magnitude, the others at most 2^(w-1), and ceil((E - e) / w)
//! of them leave nothing (L20).
//!
//! No conversion is needed. Let M = 1.5 * 2^52 * Q. For |x| <= 2^51 Q the sum x + M lies in
//! [2^52 Q, 2^53 Q), where doubles are Q apart, so adding rounds x to a multiple of Q; and as bit
//! patterns there are consecutive, `bits(x + M) - bits(M)` is that multiple in units of Q. `x - ((x + M) - M)` is the exact rest.
//! Without weights the patterns are added as they are, and `members * bits(M)` is taken off the sum in the end; two's complement
//! makes overflow on the way harmless.
//!
//! With w = min(50, 62 - ceil(log2 n)) the sum of n limbs stays within 2^62 (L21).
//! (Fixed-point summation after Kulisch 1971; the rounding by a large constant is Dekker's, 1971.)
//!
//! With weights a term is an exact product, of which a double and what rounding has taken off it are two halves; both become limbs (L24).
//! Weights may be far apart, and the products have bits below those of any double. So a weight is first brought next to the heaviest, times a power
//! of 2^w, by which no bits are lost, and its terms have that many limbs fewer in front of them (L22). Then all products are in the
//! middle of what doubles can be, and of many limbs a point meets its own few.

use core::marker::PhantomData;
use core::ops::Range;

use super::accumulator::{exponent, magic, power_of_two, rounded_off, scale, LOWEST};
use super::declared_range::Bounds;
use super::quotient::{Divisor, Members, Sum};
use super::range_check;
use crate::points::Rows;
use crate::simd::{InstructionSet, Kernel, Lanes, Level};

/// Bits in a limb, for sums of n terms.
pub(crate) fn width(n: usize) -> i32 {
    (62 - n.next_power_of_two().trailing_zeros() as i32).min(50)
}

/// The largest magnitude of a limb of a sum of `count` terms, sums being of n terms (L35).
pub(crate) fn largest(count: i64, n: usize) -> i64 {
    count << width(n)
}

/// Limbs that hold so many bits.
fn limbs_for(bits: i32, n: usize) -> usize {
    (bits.unsigned_abs() as usize).div_ceil(width(n) as usize)
}

/// The most limbs coordinates, or weights, can need: from 2^-1074 to the scan's bound, 2^1020.
pub(crate) fn most_limbs(n: usize) -> usize {
    limbs_for(1020 - LOWEST, n)
}

/// And their products, whose ranges are those of weights and coordinates together: from 2^-2148 to four times the scan's bound.
pub(crate) fn most_limbs_of_products(n: usize) -> usize {
    limbs_for(1022 - 2 * LOWEST, n)
}

/// Limbs for data whose largest number and lowest bit are up to 120 binary places apart: full doubles
/// within a factor of 2^67 of one another. Weights have as many places again, and take a little less.
pub(crate) fn ordinary_limbs(n: usize, weighted: bool) -> usize {
    limbs_for(if weighted { 200 } else { 120 }, n)
}

/// Limbs for data that have rows far beyond all others, as fill values are: of 2^400 times what is usual.
pub(crate) fn wide_limbs(n: usize) -> usize {
    limbs_for(480, n)
}

/// Integers per limb for so many dimensions: whole vectors, so that the loads of one point's limbs are
/// those another point has stored, and the CPU can forward them; masked or partial ones cannot be
/// (docs/decisions.md#whole-vectors-of-limbs). Few dimensions have vectors of two or four; one is summed by scalars.
pub(crate) fn stride(dims: usize) -> usize {
    match dims {
        0..=2 => dims,
        3 | 4 => 4,
        _ => dims.saturating_add(7) / 8 * 8,
    }
}

/// What masses that steer a draw count in (L40): a coarse unit and a fine one, which what is left over counts in. Whatever
/// they round away does not matter to a draw; but their sums are sums of integers, and so have no order.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Unit {
    /// M of either unit.
    coarse: f64,
    fine: f64,
}

/// Bits of the largest mass in coarse units, and how many more it has in fine ones (L40). A span's sum of coarse units is
/// below 2^63, and the sum of 2^40 masses in fine units below 2^127.
const COARSE_BITS: i32 = 50;
const FINE_BITS: i32 = 36;

impl Unit {
    /// The unit for masses of at most `top`, which is positive and below 2^1020.
    pub(crate) fn of(top: f64) -> Self {
        let coarse = exponent(top) + 1 - COARSE_BITS;
        Unit {
            coarse: magic(coarse),
            fine: magic(coarse - FINE_BITS),
        }
    }

    /// M of the coarse unit and of the fine one, for kernels that add them to whole vectors.
    pub(crate) fn magic(self) -> [f64; 2] {
        [self.coarse, self.fine]
    }

    /// The exponent of the coarse unit.
    pub(crate) fn exponent(self) -> i32 {
        exponent(self.coarse) - 52
    }

    /// `x` in coarse units, rounded.
    pub(crate) fn coarse(self, x: f64) -> i64 {
        (x + self.coarse).to_bits() as i64 - self.coarse.to_bits() as i64
    }

    /// `x` in fine units, rounded.
    pub(crate) fn count(self, x: f64) -> i128 {
        let rest = x - ((x + self.coarse) - self.coarse);
        let fine = (rest + self.fine).to_bits() as i64 - self.fine.to_bits() as i64;
        self.join([self.coarse(x), fine])
    }

    /// A sum of coarse units and a sum of fine ones, in fine units.
    pub(crate) fn join(self, [coarse, fine]: [i64; 2]) -> i128 {
        let shift = exponent(self.coarse) - exponent(self.fine);
        (i128::from(coarse) << shift) + i128::from(fine)
    }
}

/// How weights are brought next to the heaviest.
#[derive(Clone, Copy)]
struct Heaviest {
    /// The exponent of the heaviest weight.
    exponent: i32,
    /// Bits in a limb, and 2^22 over that, rounded up.
    width: u32,
    inverse: u32,
}

/// The exponent of the heaviest weight, as it is multiplied: far enough from both ends, so that no product with a legal coordinate
/// overflows, nor has bits below 2^-1074 (L22).
const MIDDLE: i32 = 256;

impl Heaviest {
    fn new(top: f64, n: usize) -> Self {
        let width = width(n).unsigned_abs();
        Heaviest {
            exponent: exponent(top),
            width,
            inverse: (1u32 << 22).div_ceil(width),
        }
    }

    /// A positive weight, not above the heaviest, as a number whose exponent is [`MIDDLE`], or less by less than the bits of a limb; and
    /// how many limbs lie in front of it.
    #[inline(always)]
    fn place(self, weight: f64) -> (f64, usize) {
        const UP: i32 = 54;
        let (bits, up) = match weight < f64::MIN_POSITIVE {
            true => ((weight * (1u64 << UP) as f64).to_bits(), UP),
            false => (weight.to_bits(), 0),
        };
        let below = (self.exponent - ((bits >> 52) as i32 - 1023 - up)) as u32;
        // Below 2^12 times 2^22 over less than 64.
        let before = below.wrapping_mul(self.inverse) >> 22;
        let exponent = MIDDLE - below.wrapping_sub(before * self.width) as i32;
        let pattern = bits & ((1 << 52) - 1) | ((exponent + 1023) as u64) << 52;
        (f64::from_bits(pattern), before as usize)
    }
}

/// Bits from the largest number of a range to the lowest.
fn bits(range: range_check::Range) -> i32 {
    exponent(range.top) + 1 - exponent(range.low)
}

/// The exponent of the largest legal coordinate: D of points so far apart stays below 2^1020.
const HIGHEST: i32 = 509;

/// The limbs of a slab of dimensions.
#[derive(Clone)]
pub(crate) struct Limbs<'a> {
    /// M of limb `l`, dimension `i` of the slab at `l * stride + i`; 0 in the padding.
    magic: &'a [f64],
    dims: Range<usize>,
    count: usize,
    stride: usize,
    /// Bits in a limb.
    width: i32,
    /// With weights, of whose products these are the limbs.
    heaviest: Option<Heaviest>,
    /// What terms should be within; nothing, if they are not looked at.
    bounds: Bounds<'a>,
}

impl<'a> Limbs<'a> {
    /// Whether terms are looked at while they are added, if they have no weights.
    pub(crate) fn look(&self) -> bool {
        self.bounds.any()
    }

    /// The same, of terms that are to be looked at while they are added.
    pub(crate) fn watching(self, bounds: Bounds<'a>) -> Self {
        bounds.check(self.dims());
        Limbs { bounds, ..self }
    }

    /// How many limbs hold the terms of every dimension of a slab, sums being of n terms: coordinates of these ranges, times weights, if
    /// there are any.
    pub(crate) fn needed(
        n: usize,
        ranges: impl Iterator<Item = range_check::Range>,
        weights: Option<range_check::Range>,
    ) -> usize {
        let more = weights.map_or(0, bits);
        let bits = ranges.filter(|range| range.top > 0.0).map(bits).max();
        bits.map_or(1, |bits| limbs_for(bits + more, n).max(1))
    }

    /// A range whose limbs, so many, end where the lowest bit of the products with `weights` is, if there are any, and not below: what they
    /// hold more than they need is in front. There rows have limbs of their own that are far beyond all others, and these have none
    /// but the last ones (L20).
    pub(crate) fn ending_low(
        n: usize,
        count: usize,
        range: range_check::Range,
        weights: Option<range_check::Range>,
    ) -> range_check::Range {
        if range.top == 0.0 {
            return range;
        }
        let lowest = exponent(range.low) - weights.map_or(0, bits);
        let above = lowest + count as i32 * width(n);
        let top = (above - 1).clamp(exponent(range.top), exponent(range.top).max(HIGHEST));
        range_check::Range {
            top: scale(1.0, top),
            ..range
        }
    }

    /// Fills in `values` for the limbs of a slab; `of` is as for [`view`](Self::view).
    pub(crate) fn fill(
        of: (usize, usize, Option<range_check::Range>),
        dims: Range<usize>,
        range: impl Fn(usize) -> range_check::Range,
        values: &'a mut [f64],
    ) -> Self {
        let (n, count, weights) = of;
        let stride = stride(dims.len());
        let values = &mut values[..count * stride];
        values.fill(0.0);
        for (c, i) in dims.clone().enumerate() {
            let coordinates = match range(i).top {
                0.0 => 0,
                top => exponent(top) + 1,
            };
            let top = coordinates + weights.map_or(0, |_| MIDDLE + 1);
            for l in 0..count {
                values[l * stride + c] = magic(unit(top, l, n));
            }
        }
        Self::view(of, values, dims)
    }

    /// Limbs that were filled in before: for sums of n terms, so many, of products with weights, if there are any.
    pub(crate) fn view(
        of: (usize, usize, Option<range_check::Range>),
        magic: &'a [f64],
        dims: Range<usize>,
    ) -> Self {
        let (n, count, weights) = of;
        let stride = stride(dims.len());
        Limbs {
            magic: &magic[..count * stride],
            dims,
            count,
            stride,
            width: width(n),
            heaviest: weights.map(|range| Heaviest::new(range.top, n)),
            bounds: Bounds::default(),
        }
    }

    /// The dimensions of the slab.
    pub(crate) fn range(&self) -> Range<usize> {
        self.dims.clone()
    }

    pub(crate) fn dims(&self) -> usize {
        self.dims.len()
    }

    /// Integers per cluster.
    pub(crate) fn words(&self) -> usize {
        self.count * self.stride
    }

    /// Whether limbs that have nothing of a term are passed over: where there are few, adding to all of them takes less. Those that are
    /// passed over, scalars and products are added without the pattern of M.
    fn passes_over(&self) -> bool {
        // A row of one vector is added sooner than it is looked at.
        let few = match self.stride {
            2 | 4 => FEW + 1,
            _ => FEW,
        };
        self.count > few
    }

    /// The first of `count` limbs that has something of a row, or of a row times a `weight`, in the dimensions `dims`, the first of which is
    /// a multiple of 8; the last, if none has.
    ///
    /// # Safety
    /// The caller is compiled for `L`, and `WIDTH` is at most the stride. The row has all dimensions of the slab; there are so many limbs.
    #[inline(always)]
    unsafe fn first<L: Lanes>(
        &self,
        row: &[f64],
        weight: Option<f64>,
        dims: &Range<usize>,
        count: usize,
    ) -> usize {
        let mut first = count - 1;
        // What is no more than half a unit of a limb is none of those before (L20).
        // SAFETY: the contract.
        while first > 0 && unsafe { self.holds::<L>(first - 1, row, weight, dims) } {
            first -= 1;
        }
        first
    }

    /// Whether limb `l` has something of the row.
    ///
    /// # Safety
    /// That of [`first`](Self::first).
    #[inline(always)]
    unsafe fn holds<L: Lanes>(
        &self,
        l: usize,
        row: &[f64],
        weight: Option<f64>,
        dims: &Range<usize>,
    ) -> bool {
        let mut start = dims.start;
        while start < dims.end {
            let end = dims.end.min(start + AT_ONCE * L::WIDTH);
            // SAFETY: the row is read below the end of the dimensions, the last vector partially; vectors of limbs start at
            // multiples of WIDTH below the stride, which is a multiple of it.
            unsafe {
                let magic = self.magic.as_ptr().add(l * self.stride);
                let mut units = L::zero_bits();
                let mut i = start;
                while i < end {
                    let mut x = L::load_rest(row.as_ptr().add(i), dims.end - i);
                    if let Some(weight) = weight {
                        x = L::mul(x, L::splat(weight));
                    }
                    let m = L::load(magic.add(i));
                    units = L::or_bits(units, L::sub(L::add(x, m), m));
                    i += L::WIDTH;
                }
                if !L::none(units) {
                    return true;
                }
            }
            start = end;
        }
        false
    }

    /// The same of one dimension, for one term.
    #[inline(always)]
    fn first_of(&self, x: f64, count: usize) -> usize {
        if !self.passes_over() {
            return 0;
        }
        // Less than three eighths of a unit are none, and nothing is passed over where that underflows.
        let something = |m: &f64| x.abs() >= m * (0.25 / (1u64 << 52) as f64);
        let behind = self.magic[..count - 1].iter().rev();
        count - 1 - behind.take_while(|&m| something(m)).count()
    }

    /// Limb `l` of the sum of a cluster's terms in dimension `c` of the slab, in units; `sums` are the cluster's
    /// integers, to which `members` terms were added.
    fn units(&self, sums: &[i64], members: i64, l: usize, c: usize) -> i64 {
        let at = l * self.stride + c;
        let bias = match self.stride == 1 || self.heaviest.is_some() || self.passes_over() {
            true => 0,
            false => members.wrapping_mul(self.magic[at].to_bits() as i64),
        };
        sums[at].wrapping_sub(bias)
    }

    /// Adds the units of a cluster's sums to plain integers: limb `l` of the slab's dimension `c` to `to[l * d + c]`.
    pub(crate) fn add_units(&self, sums: &[i64], members: i64, d: usize, to: &mut [i64]) {
        for l in 0..self.count {
            let to = &mut to[l * d..][..self.dims()];
            for (c, to) in to.iter_mut().enumerate() {
                *to = to.wrapping_add(self.units(sums, members, l, c));
            }
        }
    }

    /// The exact sum of a cluster's terms in dimension `c` of the slab; `sums` are the cluster's integers, to which `members` terms were
    /// added.
    pub(crate) fn sum<'s>(
        &'s self,
        sums: &'s [i64],
        c: usize,
        members: i64,
    ) -> Sum<impl Fn(usize) -> (i64, i32) + 's> {
        let unit =
            move |l: usize| (self.magic[l * self.stride + c].to_bits() >> 52) as i32 - 1023 - 52;
        let products = self.heaviest.map(|heaviest| {
            let moved = heaviest.exponent - MIDDLE;
            (unit(0) + moved, self.width)
        });
        Sum::new(self.count, move |l| {
            let unit = match products {
                None => unit(l),
                Some((first, width)) => first - l as i32 * width,
            };
            (self.units(sums, members, l, c), unit)
        })
    }

    /// The sum of a cluster's terms in dimension `c`, of one limb or two and without weights, and what it counts: a power of two that scales
    /// quotients of floating point exactly (L49).
    #[inline]
    fn short(&self, sums: &[i64], members: i64, c: usize) -> Option<(i128, f64)> {
        const UNITS: Range<i32> = -1000..800;
        let last = self.count - 1;
        let magic = self.magic[last * self.stride + c].to_bits();
        let unit = (magic >> 52) as i32 - 1023 - 52;
        if last > 1 || !UNITS.contains(&unit) {
            return None;
        }
        let finer = i128::from(self.units(sums, members, last, c));
        let sum = match last {
            0 => finer,
            _ => (i128::from(self.units(sums, members, 0, c)) << self.width) + finer,
        };
        Some((sum, power_of_two(unit)))
    }

    /// The means of a cluster without weights in all dimensions of the slab.
    pub(crate) fn means_of_members(&self, sums: &[i64], members: i64, center: &mut [f64]) {
        let few = Members::new(members);
        let mut divisor = None;
        for (c, x) in center.iter_mut().enumerate() {
            let short = few.and_then(|few| {
                let (sum, unit) = self.short(sums, members, c)?;
                few.under(sum).map(|mean| mean * unit)
            });
            *x = short.unwrap_or_else(|| {
                let divisor =
                    divisor.get_or_insert_with(|| Divisor::new(Sum::new(1, |_| (members, 0))));
                divisor.under(&self.sum(sums, c, members))
            });
        }
    }

    /// The means of a cluster in all dimensions of the slab.
    pub(crate) fn means<F: Fn(usize) -> (i64, i32)>(
        &self,
        sums: &[i64],
        members: i64,
        divisor: &Divisor<F>,
        center: &mut [f64],
    ) {
        for (c, x) in center.iter_mut().enumerate() {
            *x = divisor.under(&self.sum(sums, c, members));
        }
    }
}

/// The unit of limb `l` of terms below 2^`top`, sums being of n terms, as a power of two.
#[inline]
pub(crate) fn unit(top: i32, l: usize, n: usize) -> i32 {
    unit_of_products(top, l, n).max(LOWEST)
}

/// The same of products, which may have bits below 2^-1074.
#[inline]
pub(crate) fn unit_of_products(top: i32, l: usize, n: usize) -> i32 {
    top - (l as i32 + 1) * width(n)
}

/// What is added: rows, times their weights, to the sums of the clusters that their labels name.
pub(crate) struct Terms<'a> {
    pub(crate) rows: Rows<'a>,
    pub(crate) weights: Option<&'a [f64]>,
    pub(crate) labels: &'a [i32],
    pub(crate) limbs: &'a Limbs<'a>,
}

/// Adds the limbs of terms to the sums, and one to the count of each label, where counts are wanted. Returns whether all terms were
/// looked at, and are as they should be.
pub(crate) fn accumulate(
    level: Level,
    terms: Terms<'_>,
    sums: &mut [i64],
    counts: Option<&mut [i64]>,
) -> bool {
    let Terms {
        rows,
        weights,
        labels,
        limbs,
    } = terms;
    let k = sums.len() / limbs.words();
    assert!(rows.dims() == limbs.dims() && labels.len() >= rows.count());
    assert!(weights.is_none_or(|weights| weights.len() >= rows.count()));
    match &counts {
        // Labels are compared with this when they are counted.
        Some(counts) => assert!(counts.len() <= k),
        None => assert!(labels[..rows.count()].iter().all(|&j| (j as usize) < k)),
    }
    level.run(Accumulate {
        terms,
        sums,
        counts,
    })
}

/// Rows have the dimensions of the limbs; there are a label for each of them, and a weight, if there are any; and sums for every
/// label, or, where there are counts, for each of these.
struct Accumulate<'a> {
    terms: Terms<'a>,
    sums: &'a mut [i64],
    counts: Option<&'a mut [i64]>,
}

impl Kernel for Accumulate<'_> {
    type Out = bool;

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) -> bool {
        let Accumulate {
            terms,
            sums,
            counts,
        } = self;
        // SAFETY: the caller is compiled for the lanes; `accumulate` has seen to lengths and labels. Where a stride is a vector
        // of the lanes, it is given to the kernel for that.
        unsafe {
            match terms.limbs.stride {
                1 => {
                    scalars(&terms, sums, counts);
                    false
                }
                2 => vectors::<<I::Lanes as Lanes>::Two>(&terms, sums, counts),
                4 => vectors::<<I::Lanes as Lanes>::Four>(&terms, sums, counts),
                _ => vectors::<I::Lanes>(&terms, sums, counts),
            }
        }
    }
}

/// Bytes of sums that stay in the first-level cache beside the points that are added to them.
const NEAR: usize = 24 << 10;

/// Dimensions in lanes.
///
/// # Safety
/// The caller is compiled for `L`; [`accumulate`] has seen to lengths and labels; `WIDTH` is at most the stride.
#[inline(always)]
unsafe fn vectors<L: Lanes>(
    terms: &Terms<'_>,
    sums: &mut [i64],
    counts: Option<&mut [i64]>,
) -> bool {
    let limbs = terms.limbs;
    // SAFETY: the contract above.
    unsafe {
        if let Some(counts) = counts {
            // One vector a limb and no weights: all that is the same for every point stays in registers.
            let alone = limbs.stride == L::WIDTH && terms.weights.is_none() && !limbs.passes_over();
            if alone && in_registers::<L>(terms, sums, counts) {
                return false;
            }
            for &j in &terms.labels[..terms.rows.count()] {
                counts[j as usize] += 1;
            }
        }
        // Few clusters of many dimensions: as many dimensions at a time as leave the sums in the nearest cache
        // from one point to the next. (With many clusters, the next point is another's anyway.)
        let k = sums.len() / limbs.words();
        let (d, count) = (limbs.dims(), limbs.count);
        let near = NEAR / (8 * k * count) / 8 * 8;
        let slab = if near >= 16 { near } else { d };
        let watched = limbs.look() && terms.weights.is_none();
        let mut off = L::zero_bits();
        for first in (0..d).step_by(slab) {
            let dims = first..(first + slab).min(d);
            if let (Some(weights), Some(heaviest)) = (terms.weights, limbs.heaviest) {
                weighted::<L>(terms, (weights, heaviest), dims, sums);
                continue;
            }
            off = match (watched, limbs.passes_over()) {
                (true, false) => slab_of::<L, true>(terms, dims, sums, off),
                (false, false) => slab_of::<L, false>(terms, dims, sums, off),
                (true, true) => apart::<L, true>(terms, dims, sums, off),
                (false, true) => apart::<L, false>(terms, dims, sums, off),
            };
        }
        let mut bits = [0; 8];
        L::store_bits(bits.as_mut_ptr(), off);
        watched && bits == [0; 8]
    }
}

/// [`single`], if there is a usual number of limbs: those are constants, so that loops over them unroll. Tells whether there is.
///
/// # Safety
/// The caller is compiled for `L`; [`accumulate`] has seen to lengths and labels; `WIDTH` is the stride.
#[inline(always)]
unsafe fn in_registers<L: Lanes>(terms: &Terms<'_>, sums: &mut [i64], counts: &mut [i64]) -> bool {
    // SAFETY: the contract above.
    unsafe {
        match (terms.limbs.count, terms.limbs.dims() == L::WIDTH) {
            (1, true) => single::<L, 1, true>(terms, sums, counts),
            (1, false) => single::<L, 1, false>(terms, sums, counts),
            (2, true) => single::<L, 2, true>(terms, sums, counts),
            (2, false) => single::<L, 2, false>(terms, sums, counts),
            (3, true) => single::<L, 3, true>(terms, sums, counts),
            (3, false) => single::<L, 3, false>(terms, sums, counts),
            (4, true) => single::<L, 4, true>(terms, sums, counts),
            (4, false) => single::<L, 4, false>(terms, sums, counts),
            _ => return false,
        }
    }
    true
}

/// [`several`], of which the usual numbers of limbs are constants.
///
/// # Safety
/// That of [`several`].
#[inline(always)]
unsafe fn slab_of<L: Lanes, const WATCHED: bool>(
    terms: &Terms<'_>,
    dims: Range<usize>,
    sums: &mut [i64],
    off: L::I,
) -> L::I {
    // SAFETY: the contract above.
    unsafe {
        match terms.limbs.count {
            1 => several::<L, WATCHED>(terms, dims, 1, sums, off),
            2 => several::<L, WATCHED>(terms, dims, 2, sums, off),
            3 => several::<L, WATCHED>(terms, dims, 3, sums, off),
            count => several::<L, WATCHED>(terms, dims, count, sums, off),
        }
    }
}

/// One vector a limb, no weights.
///
/// # Safety
/// The caller is compiled for `L`; [`accumulate`] has seen to lengths and labels; `WIDTH` is the stride, `COUNT` the number of limbs, and `WHOLE` tells whether there are as many
/// dimensions.
#[inline(always)]
unsafe fn single<L: Lanes, const COUNT: usize, const WHOLE: bool>(
    terms: &Terms<'_>,
    sums: &mut [i64],
    counts: &mut [i64],
) {
    let Terms {
        rows,
        labels,
        limbs,
        ..
    } = *terms;
    let d = limbs.dims();
    let sums = sums.as_mut_ptr();
    // SAFETY: the magic numbers are COUNT vectors; a row is read below d, which is at most WIDTH; the label names a
    // cluster, as it has a count, and its limbs are COUNT vectors.
    unsafe {
        let mut magic = [L::splat(0.0); COUNT];
        for (l, m) in magic.iter_mut().enumerate() {
            *m = L::load(limbs.magic.as_ptr().add(l * L::WIDTH));
        }
        for (p, &j) in labels[..rows.count()].iter().enumerate() {
            let j = j as usize;
            counts[j] += 1;
            let row = rows.row(p).as_ptr();
            let mut x = match WHOLE {
                true => L::load(row),
                false => L::load_partial(row, d),
            };
            let sums = sums.add(j * COUNT * L::WIDTH);
            for (l, &m) in magic.iter().enumerate() {
                let sum = sums.add(l * L::WIDTH);
                let shifted = L::add(x, m);
                L::store_bits(sum, L::add_bits(L::load_bits(sum), shifted));
                x = L::sub(x, L::sub(shifted, m));
            }
        }
    }
}

/// Several vectors a limb: those of the dimensions `dims` of the slab, the first of which is a multiple of 8. Returns `off`, and
/// where terms are `WATCHED`, bits set besides for what is not as it should be.
///
/// # Safety
/// The caller is compiled for `L`; [`accumulate`] has seen to lengths and labels; `count` is the number of limbs. Where terms are watched, there are no weights, and bounds for every
/// dimension.
#[inline(always)]
unsafe fn several<L: Lanes, const WATCHED: bool>(
    terms: &Terms<'_>,
    dims: Range<usize>,
    count: usize,
    sums: &mut [i64],
    mut off: L::I,
) -> L::I {
    let Terms {
        rows,
        labels,
        limbs,
        ..
    } = *terms;
    let stride = limbs.stride;
    let magic = limbs.magic.as_ptr();
    for p in 0..rows.count() {
        let row = rows.row(p).as_ptr();
        let mut i = dims.start;
        // SAFETY: rows are read below the end of the dimensions, the last vector partially. Limb vectors start at
        // multiples of WIDTH below the stride, which is a multiple of WIDTH, so they lie inside the cluster's words.
        unsafe {
            let sums = sums
                .as_mut_ptr()
                .add(*labels.get_unchecked(p) as usize * limbs.words());
            while i < dims.end {
                let mut x = L::load_rest(row.add(i), dims.end - i);
                if WATCHED {
                    let bound = limbs.bounds.load::<L>(i, dims.end - i);
                    let magnitude = L::abs(x);
                    off = bound.within(magnitude, bound.multiples(magnitude, off));
                }
                for l in 0..count {
                    let at = l * stride + i;
                    let m = L::load(magic.add(at));
                    let shifted = L::add(x, m);
                    L::store_bits(
                        sums.add(at),
                        L::add_bits(L::load_bits(sums.add(at)), shifted),
                    );
                    x = L::sub(x, L::sub(shifted, m));
                }
                i += L::WIDTH;
            }
        }
    }
    off
}

/// Vectors of a row that are looked at before it is asked whether a limb has something of any.
const AT_ONCE: usize = 8;

/// The same of many limbs: each row is added to its own few.
///
/// # Safety
/// That of [`several`].
#[inline(always)]
unsafe fn apart<L: Lanes, const WATCHED: bool>(
    terms: &Terms<'_>,
    dims: Range<usize>,
    sums: &mut [i64],
    mut off: L::I,
) -> L::I {
    let limbs = terms.limbs;
    for (p, &label) in terms.labels[..terms.rows.count()].iter().enumerate() {
        let row = terms.rows.row(p);
        // SAFETY: as in `several`.
        unsafe {
            if WATCHED {
                for i in dims.clone().step_by(L::WIDTH) {
                    let x = L::load_rest(row.as_ptr().add(i), dims.end - i);
                    let bound = limbs.bounds.load::<L>(i, dims.end - i);
                    let magnitude = L::abs(x);
                    off = bound.within(magnitude, bound.multiples(magnitude, off));
                }
            }
            let to = sums.as_mut_ptr().add(label as usize * limbs.words());
            plain::<L, false>(row, &dims, limbs, [to, to]);
        }
    }
    off
}

/// Adds the limbs of a row, from the first that has something of it, to the sums `to`, and if it `MOVES`, takes them out of the sums
/// `from`.
///
/// # Safety
/// That of [`products`].
#[inline(always)]
unsafe fn plain<L: Lanes, const MOVES: bool>(
    row: &[f64],
    dims: &Range<usize>,
    limbs: &Limbs<'_>,
    both: [*mut i64; 2],
) {
    // SAFETY: the contract.
    unsafe {
        let first = limbs.first::<L>(row, None, dims, limbs.count);
        for i in dims.clone().step_by(L::WIDTH) {
            let x = L::load_rest(row.as_ptr().add(i), dims.end - i);
            let into = Target::<L, MOVES>::new(limbs, i, (first, 0), both);
            match limbs.count - first {
                1 => into.exact::<1>(x),
                2 => into.exact::<2>(x),
                3 => into.exact::<3>(x),
                count => into.few(count, x),
            }
        }
    }
}

/// Products with weights, in the dimensions `dims` of the slab, the first of which is a multiple of 8.
///
/// # Safety
/// The caller is compiled for `L`; [`accumulate`] has seen to lengths and labels; `WIDTH` is at most the stride, and there is a weight for every row.
#[inline(always)]
unsafe fn weighted<L: Lanes>(
    terms: &Terms<'_>,
    (weights, heaviest): (&[f64], Heaviest),
    dims: Range<usize>,
    sums: &mut [i64],
) {
    let words = terms.limbs.words();
    for (p, (&weight, &label)) in weights[..terms.rows.count()]
        .iter()
        .zip(terms.labels)
        .enumerate()
    {
        if weight > 0.0 {
            let placed = heaviest.place(weight);
            let row = terms.rows.row(p);
            // SAFETY: the label names a cluster, whose words these are.
            unsafe {
                let to = sums.as_mut_ptr().add(label as usize * words);
                products::<L, false>(row, &dims, placed, terms.limbs, [to, to]);
            }
        }
    }
}

/// Adds the limbs of a row times a weight to the sums `to`, and if it `MOVES`, takes them out of the sums `from`.
///
/// # Safety
/// The caller is compiled for `L`, and `WIDTH` is at most the stride. The row has all dimensions of the slab, and `dims` begin at a
/// multiple of 8; `from` and `to` are `limbs.words()` integers.
#[inline(always)]
unsafe fn products<L: Lanes, const MOVES: bool>(
    row: &[f64],
    dims: &Range<usize>,
    (weight, before): (f64, usize),
    limbs: &Limbs<'_>,
    both: [*mut i64; 2],
) {
    // Coordinates that are all zero have one limb, however far weights are apart; and so nothing is written elsewhere, whatever the weight.
    let before = before.min(limbs.count - 1);
    let left = limbs.count - before;
    // SAFETY: the contract; the row is read below its end, the last vector partially.
    unsafe {
        let first = match limbs.passes_over() && limbs.stride > L::WIDTH {
            true => limbs.first::<L>(row, Some(weight), dims, left),
            false => 0,
        };
        let weight = L::splat(weight);
        for i in dims.clone().step_by(L::WIDTH) {
            let x = L::load_rest(row.as_ptr().add(i), dims.end - i);
            let product = L::mul(x, weight);
            let finer = L::rounded_off(x, weight, product);
            let into = Target::<L, MOVES>::new(limbs, i, (first, before), both);
            match left - first {
                1 => into.several::<1>(product, finer),
                2 => into.several::<2>(product, finer),
                3 => into.several::<3>(product, finer),
                count => into.any(count, product, finer),
            }
        }
    }
}

/// Where the limbs of a vector go.
struct Target<L: Lanes, const MOVES: bool> {
    /// The first limb's.
    magic: *const f64,
    stride: usize,
    from: *mut i64,
    to: *mut i64,
    lanes: PhantomData<L>,
}

impl<L: Lanes, const MOVES: bool> Target<L, MOVES> {
    /// From the limb `first` on, of the dimensions from `i` on, where so many limbs are `before` that a weight has not.
    ///
    /// # Safety
    /// `i` is a multiple of `WIDTH` below the stride, which is a multiple of it; there are more limbs than both together; `from` and
    /// `to` are `limbs.words()` integers.
    #[inline(always)]
    unsafe fn new(
        limbs: &Limbs<'_>,
        i: usize,
        (first, before): (usize, usize),
        [from, to]: [*mut i64; 2],
    ) -> Self {
        let at = (before + first) * limbs.stride + i;
        // SAFETY: inside the words, and inside the magic numbers, of which there are as many.
        unsafe {
            Target {
                magic: limbs.magic.as_ptr().add(first * limbs.stride + i),
                stride: limbs.stride,
                from: from.add(at),
                to: to.add(at),
                lanes: PhantomData,
            }
        }
    }

    /// All `COUNT` limbs of terms without weights.
    ///
    /// # Safety
    /// As for [`limb`](Self::limb).
    #[inline(always)]
    unsafe fn exact<const COUNT: usize>(&self, mut x: L::F) {
        for l in 0..COUNT {
            // SAFETY: the contract.
            x = unsafe { self.limb(l, x) };
        }
    }

    /// The same of `count` limbs, as far as there is something left.
    ///
    /// # Safety
    /// As for [`limb`](Self::limb).
    #[inline(always)]
    unsafe fn few(&self, count: usize, mut x: L::F) {
        for l in 0..count {
            // SAFETY: the contract.
            unsafe {
                x = self.limb(l, x);
                if L::none(L::or_bits(L::zero_bits(), x)) {
                    return;
                }
            }
        }
    }

    /// Limb `l` of `part`, of which the rest is returned.
    ///
    /// # Safety
    /// The caller is compiled for `L`, and there is such a limb.
    #[inline(always)]
    unsafe fn limb(&self, l: usize, part: L::F) -> L::F {
        // SAFETY: the contract.
        unsafe {
            let at = l * self.stride;
            let magic = L::load(self.magic.add(at));
            let shifted = L::add(part, magic);
            let to = self.to.add(at);
            let more = L::add_bits(L::load_bits(to), shifted);
            L::store_bits(to, L::sub_bits(more, magic));
            if MOVES {
                let from = self.from.add(at);
                let less = L::sub_bits(L::load_bits(from), shifted);
                L::store_bits(from, L::add_bits(less, magic));
            }
            L::sub(part, L::sub(shifted, magic))
        }
    }

    /// Limb `l` of both parts.
    ///
    /// # Safety
    /// As for [`limb`](Self::limb).
    #[inline(always)]
    unsafe fn limbs(&self, l: usize, part: L::F, finer: L::F) -> (L::F, L::F) {
        // SAFETY: the contract.
        unsafe {
            let at = l * self.stride;
            let magic = L::load(self.magic.add(at));
            let (shifted, shifted_finer) = (L::add(part, magic), L::add(finer, magic));
            let to = self.to.add(at);
            let more = L::add_bits(L::add_bits(L::load_bits(to), shifted), shifted_finer);
            L::store_bits(to, L::sub_bits(L::sub_bits(more, magic), magic));
            if MOVES {
                let from = self.from.add(at);
                let less = L::sub_bits(L::sub_bits(L::load_bits(from), shifted), shifted_finer);
                L::store_bits(from, L::add_bits(L::add_bits(less, magic), magic));
            }
            let rest = L::sub(part, L::sub(shifted, magic));
            (rest, L::sub(finer, L::sub(shifted_finer, magic)))
        }
    }

    /// All `COUNT` limbs: the first has nothing of the finer part; what is left for the last is the exact sum of both parts (L24).
    ///
    /// # Safety
    /// As for [`limb`](Self::limb).
    #[inline(always)]
    unsafe fn several<const COUNT: usize>(&self, product: L::F, finer: L::F) {
        // SAFETY: the contract.
        unsafe {
            let (mut part, mut finer) = (self.limb(0, product), finer);
            for l in 1..COUNT.max(2) - 1 {
                (part, finer) = self.limbs(l, part, finer);
            }
            if COUNT > 1 {
                self.limb(COUNT - 1, L::add(part, finer));
            }
        }
    }

    /// The same of `count` limbs, as far as there is something left.
    ///
    /// # Safety
    /// As for [`limb`](Self::limb).
    #[inline(always)]
    unsafe fn any(&self, count: usize, product: L::F, finer: L::F) {
        // SAFETY: the contract.
        unsafe {
            let (mut part, mut finer) = (self.limb(0, product), finer);
            for l in 1..count {
                if L::none(L::or_bits(L::or_bits(L::zero_bits(), part), finer)) {
                    return;
                }
                if l == count - 1 {
                    self.limb(l, L::add(part, finer));
                } else {
                    (part, finer) = self.limbs(l, part, finer);
                }
            }
        }
    }
}

/// One dimension: a vector would be seven eighths empty. Here the pattern of M is taken off at once, so that a term
/// need not go on to limbs where nothing of it is left.
#[inline(always)]
fn scalars(terms: &Terms<'_>, sums: &mut [i64], mut counts: Option<&mut [i64]>) {
    let Terms {
        rows,
        weights,
        labels,
        limbs,
    } = *terms;
    let words = limbs.words();
    for p in 0..rows.count() {
        let j = labels[p] as usize;
        if let Some(counts) = &mut counts {
            counts[j] += 1;
        }
        let sums = &mut sums[j * words..][..words];
        let add = |sum: &mut i64, units| *sum = sum.wrapping_add(units);
        let weight = weights.map(|weights| weights[p]);
        scalar(rows.row(p)[0], weight, limbs, sums.iter_mut(), add);
    }
}

/// Limbs beyond which those that have nothing of a term in front are passed over.
const FEW: usize = 3;

/// Calls `add` with one of the `sums` after the other and the units of that limb of a term, as far as there are any.
#[inline(always)]
fn scalar<S>(
    x: f64,
    weight: Option<f64>,
    limbs: &Limbs<'_>,
    mut sums: impl ExactSizeIterator<Item = S>,
    mut add: impl FnMut(S, i64),
) {
    let split = |x: &mut f64, m: f64| {
        let shifted = *x + m;
        *x -= shifted - m;
        (shifted.to_bits() as i64).wrapping_sub(m.to_bits() as i64)
    };
    if let (Some(weight), Some(heaviest)) = (weight, limbs.heaviest) {
        if weight == 0.0 {
            return;
        }
        let (weight, before) = heaviest.place(weight);
        if let Some(last) = before.min(limbs.count - 1).checked_sub(1) {
            sums.nth(last);
        }
        // As vectors are split (L24).
        let mut product = x * weight;
        let mut finer = rounded_off(x, weight, product);
        let first = limbs.first_of(product, sums.len());
        if first > 0 {
            sums.nth(first - 1);
        }
        let mut magic = limbs.magic[first..].iter();
        if let (Some(sum), Some(&m)) = (sums.next(), magic.next()) {
            add(sum, split(&mut product, m));
        }
        while sums.len() > 1 && (limbs.count <= FEW || product != 0.0 || finer != 0.0) {
            if let (Some(sum), Some(&m)) = (sums.next(), magic.next()) {
                add(
                    sum,
                    split(&mut product, m).wrapping_add(split(&mut finer, m)),
                );
            }
        }
        if let (Some(sum), Some(&m)) = (sums.next(), magic.next()) {
            add(sum, split(&mut (product + finer), m));
        }
        return;
    }
    let first = limbs.first_of(x, limbs.count);
    if first > 0 {
        sums.nth(first - 1);
    }
    let mut rest = x;
    for (sum, &m) in sums.zip(&limbs.magic[first..]) {
        if rest == 0.0 {
            break;
        }
        add(sum, split(&mut rest, m));
    }
}

/// Points that move: the index of each, and the clusters it leaves and enters.
pub(crate) struct Moves<'a> {
    pub(crate) points: &'a [u32],
    pub(crate) from: &'a [i32],
    pub(crate) to: &'a [i32],
}

impl<'a> Moves<'a> {
    /// The first row's.
    pub(crate) fn one(from: &'a i32, to: &'a i32) -> Self {
        Moves {
            points: &[0],
            from: core::slice::from_ref(from),
            to: core::slice::from_ref(to),
        }
    }
}

/// Takes the limbs of the rows that move out of the sums of the clusters they leave, and adds them to those of the clusters
/// they enter: sums are exact, so nothing of a point stays behind.
pub(crate) fn transfer(
    level: Level,
    rows: Rows<'_>,
    weights: Option<&[f64]>,
    moves: &Moves<'_>,
    limbs: &Limbs<'_>,
    sums: &mut [i64],
) {
    let k = sums.len() / limbs.words();
    let all_below = |labels: &[i32]| labels.iter().all(|&j| (j as usize) < k);
    assert!(rows.dims() == limbs.dims() && all_below(moves.from) && all_below(moves.to));
    level.run(Transfer {
        rows,
        weights,
        moves,
        limbs,
        sums,
    });
}

/// Rows have the dimensions of the limbs, and there are sums for every cluster of a move. Rows and weights are checked as they are
/// taken.
struct Transfer<'a> {
    rows: Rows<'a>,
    weights: Option<&'a [f64]>,
    moves: &'a Moves<'a>,
    limbs: &'a Limbs<'a>,
    sums: &'a mut [i64],
}

impl Kernel for Transfer<'_> {
    type Out = ();

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) {
        let Transfer {
            rows,
            weights,
            moves,
            limbs,
            sums,
        } = self;
        for ((&p, &from), &to) in moves.points.iter().zip(moves.from).zip(moves.to) {
            let p = p as usize;
            let (row, weight) = (rows.row(p), weights.map(|weights| weights[p]));
            let both = (from as usize, to as usize);
            // SAFETY: the caller is compiled for the lanes; `transfer` has seen to dimensions and clusters. Where a stride is a
            // vector of the lanes, it is given to the kernel for that.
            unsafe {
                match limbs.stride {
                    1 => transfer_scalar(row[0], weight, both, limbs, sums),
                    2 => {
                        transfer_vectors::<<I::Lanes as Lanes>::Two>(row, weight, both, limbs, sums)
                    }
                    4 => transfer_vectors::<<I::Lanes as Lanes>::Four>(
                        row, weight, both, limbs, sums,
                    ),
                    _ => transfer_vectors::<I::Lanes>(row, weight, both, limbs, sums),
                }
            }
        }
    }
}

/// # Safety
/// The caller is compiled for `L`, and `WIDTH` is at most the stride. The row has the dimensions of the limbs, and there are sums
/// for both clusters.
#[inline(always)]
unsafe fn transfer_vectors<L: Lanes>(
    row: &[f64],
    weight: Option<f64>,
    (from, to): (usize, usize),
    limbs: &Limbs<'_>,
    sums: &mut [i64],
) {
    let d = row.len();
    // SAFETY: the row is read below d, the last vector partially; limb vectors lie inside the clusters' words (see
    // `several`).
    unsafe {
        let (from, to) = (
            sums.as_mut_ptr().add(from * limbs.words()),
            sums.as_mut_ptr().add(to * limbs.words()),
        );
        if let (Some(weight), Some(heaviest)) = (weight, limbs.heaviest) {
            if weight > 0.0 {
                let placed = heaviest.place(weight);
                products::<L, true>(row, &(0..d), placed, limbs, [from, to]);
            }
            return;
        }
        if limbs.passes_over() {
            plain::<L, true>(row, &(0..d), limbs, [from, to]);
            return;
        }
        for i in (0..d).step_by(L::WIDTH) {
            let mut x = L::load_rest(row.as_ptr().add(i), d - i);
            for l in 0..limbs.count {
                let at = l * limbs.stride + i;
                let m = L::load(limbs.magic.as_ptr().add(at));
                let shifted = L::add(x, m);
                let less = L::sub_bits(L::load_bits(from.add(at)), shifted);
                L::store_bits(from.add(at), less);
                let more = L::add_bits(L::load_bits(to.add(at)), shifted);
                L::store_bits(to.add(at), more);
                x = L::sub(x, L::sub(shifted, m));
            }
        }
    }
}

#[inline(always)]
fn transfer_scalar(
    x: f64,
    weight: Option<f64>,
    (from, to): (usize, usize),
    limbs: &Limbs<'_>,
    sums: &mut [i64],
) {
    let words = limbs.words();
    scalar(x, weight, limbs, 0..words, |l, units| {
        sums[from * words + l] = sums[from * words + l].wrapping_sub(units);
        sums[to * words + l] = sums[to * words + l].wrapping_add(units);
    });
}

#[cfg(test)]
mod tests {
    use super::super::{quotient::tests::add, reference as exact};
    use super::*;
    use crate::simd::level::Isa;
    use crate::simd::portable::Portable;

    fn random(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (*state ^ *state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn range(numbers: &[f64]) -> range_check::Range {
        let positive = numbers.iter().map(|x| x.abs()).filter(|&x| x > 0.0);
        range_check::Range {
            top: positive.clone().fold(0.0, f64::max),
            low: positive
                .map(range_check::lowest_bit)
                .fold(f64::INFINITY, f64::min),
        }
    }

    /// The limbs of one term in one dimension, and what they add up to.
    fn split(n: usize, x: f64, weight: Option<f64>, of: &Limbs<'_>) -> (Vec<i64>, exact::Sum) {
        let mut sums = vec![0; of.count];
        scalar(x, weight, of, sums.iter_mut(), |sum, units| *sum += units);
        let limbs = of.sum(&sums, 0, 0);
        let mut sum = exact::Sum::new();
        for l in 0..of.count {
            let (units, unit) = limbs.limb(l);
            assert!(units.unsigned_abs() <= 1 << width(n));
            add(&mut sum, (units, unit));
        }
        (sums.clone(), sum)
    }

    /// L20, L23, L24: whatever the range, limbs hold the term or the product exactly.
    #[test]
    fn limbs_hold_every_bit() {
        let mut state = 1;
        let mut largest = [0.0f64; 2];
        for round in 0..20_000 {
            let n = [1, 1 << 12, 1 << 17, 1 << 30, 1 << 40][round % 5];
            let spread = [1, 60, 300, 1500][round / 5 % 4];
            let mut number = |least: u64| {
                let bits = random(&mut state);
                let exponent = least + random(&mut state) % spread;
                let fraction = match bits % 4 {
                    0 => bits & 1 << 40,
                    1 => (1 << 52) - 1,
                    2 => (1 << 52) - 1 - (bits >> 40 & 0xff),
                    _ => bits & ((1 << 52) - 1),
                };
                f64::from_bits(exponent << 52 | fraction)
            };
            let x = [number(0), number(0)];
            let w = [number(5), number(5)];
            let weighted = round % 3 > 0;
            let (mut ranges, weights) = (range(&x), weighted.then(|| range(&w)));
            // As many limbs as another dimension needs, or a few more.
            let mut count = Limbs::needed(n, [ranges].into_iter(), weights);
            if round % 2 == 0 {
                count += round / 2 % 3;
                ranges = Limbs::ending_low(n, count, ranges, weights);
                assert!(Limbs::needed(n, [ranges].into_iter(), weights) <= count);
            }
            let mut magic = vec![0.0; count];
            let limbs = Limbs::fill((n, count, weights), 0..1, |_| ranges, &mut magic);
            for (x, w) in x.into_iter().zip(w) {
                let x = if round % 2 == 0 { x } else { -x };
                let weight = weighted.then_some(w);
                let (units, sum) = split(n, x, weight, &limbs);
                let mut want = exact::Sum::new();
                want.add_product(x, weight.unwrap_or(1.0));
                assert!(exact::same(&sum, &want), "{x:e} {weight:?}: {units:?}");
                for (l, units) in units.into_iter().enumerate() {
                    let bound = if l == 0 || weighted { 0 } else { 1 };
                    let ratio = units.unsigned_abs() as f64 / (1u64 << (width(n) - bound)) as f64;
                    largest[l.min(1)] = largest[l.min(1)].max(ratio);
                }
            }
        }
        println!("L20, L24: limbs over their bounds, the first and others: {largest:?}");
        assert!(largest.iter().all(|&ratio| 0.999 < ratio && ratio <= 1.0));
    }

    /// L20, L24: rows that are looked at first are added to the same limbs, by vectors of any width, as scalars are.
    #[test]
    fn limbs_are_passed_over() {
        let mut state = 3;
        let mut passed = [0; 8];
        for round in 0..800 {
            let d = 1 + random(&mut state) as usize % 40;
            let weighted = round % 2 == 0;
            let mut number = |decades: u64| {
                let size = scale(1.0, (random(&mut state) % (3 * decades + 1)) as i32);
                size * ((random(&mut state) >> 12) as f64 * 2f64.powi(-52) - 0.5)
            };
            // Rows of one size each, one of them far out; a few coordinates are zero, and some columns.
            let out = [0, 30, 60, 100, 150][round / 2 % 5];
            let rows: Vec<Vec<f64>> = (0..5)
                .map(|p| {
                    let size = scale(1.0, if p == 3 { 3 * out } else { 0 });
                    let zero = |i: usize| (i + p).is_multiple_of(7) || i % 11 == 5;
                    let at = |i| if zero(i) { 0.0 } else { size * number(1) };
                    (0..d).map(at).collect()
                })
                .collect();
            let weights: Vec<f64> = (0..5).map(|_| number(20).abs()).collect();
            let n = [5, 1 << 15, 1 << 30][round / 10 % 3];
            let ranges: Vec<_> = (0..d)
                .map(|i| range(&rows.iter().map(|row| row[i]).collect::<Vec<_>>()))
                .collect();
            let heavy = weighted.then(|| range(&weights));
            let count = Limbs::needed(n, ranges.iter().copied(), heavy);
            let each = |i: usize| Limbs::ending_low(n, count, ranges[i], heavy);
            let mut magic = vec![0.0; count * stride(d)];
            let limbs = Limbs::fill((n, count, heavy), 0..d, each, &mut magic);
            let all: Vec<f64> = rows.concat();
            let labels = [0, 1, 0, 1, 0];
            let weights = weighted.then_some(&weights[..]);
            let mut sums = vec![0; 2 * limbs.words()];
            let mut counts = [0; 2];
            let level = Level::new(Isa::Portable);
            let terms = Terms {
                rows: Rows::new(&all, d),
                weights,
                labels: &labels,
                limbs: &limbs,
            };
            accumulate(level, terms, &mut sums, Some(&mut counts));
            let check = |sums: &[i64], members: &[i64], which: &dyn Fn(usize) -> usize| {
                for j in 0..2 {
                    for i in 0..d {
                        let of = limbs.sum(&sums[j * limbs.words()..], i, members[j]);
                        let (mut got, mut want) = (exact::Sum::new(), exact::Sum::new());
                        (0..count).for_each(|l| add(&mut got, of.limb(l)));
                        for p in (0..5).filter(|&p| which(p) == j) {
                            want.add_product(all[p * d + i], weights.map_or(1.0, |w| w[p]));
                        }
                        assert!(exact::same(&got, &want), "round {round}: {d} {count} {i}");
                    }
                }
            };
            check(&sums, &[3, 2], &|p| labels[p] as usize);
            let moves = Moves {
                points: &[3, 0],
                from: &[1, 0],
                to: &[0, 1],
            };
            let moving = Rows::new(&all, d);
            transfer(level, moving, weights, &moves, &limbs, &mut sums);
            check(&sums, &[3, 2], &|p| [1, 1, 0, 0, 0][p]);
            if let (None, true) = (weights, d > 2) {
                for row in &rows {
                    // SAFETY: portable lanes need no instructions; the row has d dimensions.
                    let first = unsafe { limbs.first::<Portable>(row, None, &(0..d), count) };
                    passed[first.min(7)] += 1;
                }
            }
        }
        println!("L20: first limbs of rows: {passed:?}");
        assert!(passed[0] > 200 && passed[3] > 200 && passed[6..].iter().sum::<i32>() > 200);
    }

    /// L21: as many limbs as there may be, each as large as it may be.
    #[test]
    fn sums_stay_within_2_to_the_62() {
        for log in 0..=40 {
            for n in [(1u64 << log) - 1, 1 << log, (1 << log) + 1] {
                let n = n.clamp(1, 1 << 40);
                let sum = u128::from(n) << width(n as usize);
                assert!(sum <= 1 << 62, "{n}");
                assert!(log < 12 || sum > 1 << 60, "{n}");
            }
        }
    }

    /// L22.
    #[test]
    fn every_weight_has_its_place() {
        let mut least = f64::INFINITY;
        for n in [1, 1 << 13, 1 << 20, 1 << 40] {
            let width = width(n);
            for heaviest in [
                5e-324,
                1e-310,
                1e-200,
                1.0,
                3.0,
                1e300,
                1.9 * 2f64.powi(1019),
            ] {
                let place = Heaviest::new(heaviest, n);
                for below in 0..exponent(heaviest) - LOWEST + 1 {
                    let top = scale(1.0, exponent(heaviest) - below);
                    for weight in [top, (2.0 * top).next_down()] {
                        if weight > heaviest {
                            continue;
                        }
                        let (placed, before) = place.place(weight);
                        assert_eq!(before as i32, below / width);
                        let back = exponent(heaviest) - MIDDLE - before as i32 * width;
                        assert_eq!(scale(scale(placed, -MIDDLE), back + MIDDLE), weight);
                        least = least.min(placed);
                    }
                }
            }
        }
        println!("L22: the least weight placed is 2^{}", exponent(least));
        assert_eq!(exponent(least), MIDDLE - 49);
    }

    /// L40: a mass has a share that is off by half a fine unit, at most, which is 2^-86 of the largest mass; 2^40 of them are
    /// below 2^126, and a span of coarse units is below 2^63.
    #[test]
    fn units_keep_light_masses() {
        // Of 2^29 points, or 2^40, light ones have 5.9 percent of all mass. (Without so many points at hand: one of each kind.)
        for n in [1u64 << 29, 1 << 40] {
            let heavy = 0.941;
            let light = 0.059 / n as f64;
            let unit = Unit::of(heavy);
            let (one, all) = (unit.count(heavy), unit.count(light) * i128::from(n));
            let share = all as f64 / (one + all) as f64;
            assert!((share - 0.059).abs() < 1e-12, "{n} points: {share}");
            assert!(unit.count(heavy) * i128::from(n) < 1 << 126);
            assert!(unit.coarse(heavy) <= 1 << COARSE_BITS);
        }
    }

    /// The worst rounding over half a fine unit, exactly: an integer of 128 bits holds any of these masses in units 16 times finer.
    #[test]
    fn a_count_is_off_by_half_a_unit() {
        let mut worst = 0.0f64;
        for top in [-1074, -1030, -1000, -512, 0, 3, 900, 1019] {
            let unit = Unit::of(scale(1.0, top));
            let fine = (top + 1 - COARSE_BITS - FINE_BITS).max(LOWEST);
            for power in 0..90 {
                for fraction in 0..64i64 {
                    let exact = (1i128 << 52) + i128::from(fraction) * 0x0fed_cba9_8765;
                    // exact 2^(top - power - 53), where that is a double
                    let lowest = top - power - 53;
                    if lowest < LOWEST {
                        continue;
                    }
                    let mass = scale(exact as f64, lowest);
                    let shift = fine - lowest;
                    let off = match shift > 0 {
                        true if shift < 100 => {
                            let units = unit.count(mass) << shift;
                            (units - exact).unsigned_abs() as f64 / (1u128 << shift) as f64
                        }
                        true => 0.0,
                        false => (unit.count(mass) - (exact << -shift)).unsigned_abs() as f64,
                    };
                    assert!(off <= 0.5, "{mass:e} of 2^{top}: {off} units off");
                    worst = worst.max(off);
                }
            }
        }
        println!("L40: worst measured / bound {:.3}", worst / 0.5);
        assert!(worst > 0.49);
    }
}
