//! How many limbs the terms of a sum need, how many bits each has, and what its units are.

use crate::exact::binary64::{exponent, scale, LOWEST};
use crate::exact::range::Range;

/// Bits in a limb, for sums of n terms.
pub(crate) fn width(n: usize) -> i32 {
    (62 - n.next_power_of_two().trailing_zeros() as i32).min(50)
}

/// The largest magnitude of the sum of `count` limbs, the width being that for sums of n terms (L35).
pub(crate) fn largest_sum(count: i64, n: usize) -> i64 {
    count << width(n)
}

/// The number of limbs that hold so many bits.
fn limbs_for(bits: i32, n: usize) -> usize {
    (bits.unsigned_abs() as usize).div_ceil(width(n) as usize)
}

/// The most limbs that any terms can need, whatever the number of points (at most 2^40): those of products, of 22 bits each.
pub(crate) const MOST_LIMBS: usize = (1022 - 2 * LOWEST).unsigned_abs().div_ceil(22) as usize;

/// The most limbs that coordinates, or weights, can need: from 2^-1074 to 2^1020, the bound of the range check.
pub(crate) fn most_limbs(n: usize) -> usize {
    limbs_for(1020 - LOWEST, n)
}

/// The most limbs that products of weights and coordinates can need: from 2^-2148 to four times the bound of the range check.
pub(crate) fn most_limbs_of_products(n: usize) -> usize {
    limbs_for(1022 - 2 * LOWEST, n)
}

/// Limbs for data whose largest number and lowest bit are up to 120 binary places apart: full doubles
/// within a factor of 2^67 of one another. Products with weights span up to 200 places.
pub(crate) fn ordinary_limbs(n: usize, weighted: bool) -> usize {
    limbs_for(if weighted { 200 } else { 120 }, n)
}

/// Limbs for data in which some rows exceed all others by up to 2^400, as fill values do.
pub(crate) fn wide_limbs(n: usize) -> usize {
    limbs_for(480, n)
}

/// How many limbs hold the terms of every dimension, for sums of n terms. The terms are coordinates of these ranges, or their products
/// with weights of the range `weights`.
pub(crate) fn needed_limbs(
    n: usize,
    ranges: impl Iterator<Item = Range>,
    weights: Option<Range>,
) -> usize {
    let more = weights.map_or(0, bits);
    let bits = ranges.filter(|range| range.top > 0.0).map(bits).max();
    bits.map_or(1, |bits| limbs_for(bits + more, n).max(1))
}

/// The exponent of the largest legal coordinate: D between points so far apart stays below 2^1020.
const HIGHEST: i32 = 509;

/// `range` with a top so high that `count` limbs end at the lowest bit of the terms: limbs that the terms do not need come first.
/// They are used by the few rows that exceed all others; the usual rows have bits in the last limbs only (L20).
pub(crate) fn ending_low(n: usize, count: usize, range: Range, weights: Option<Range>) -> Range {
    if range.top == 0.0 {
        return range;
    }
    let lowest = exponent(range.low) - weights.map_or(0, bits);
    let above = lowest + count as i32 * width(n);
    let top = (above - 1).clamp(exponent(range.top), exponent(range.top).max(HIGHEST));
    Range {
        top: scale(1.0, top),
        ..range
    }
}

/// Bits from the largest number of a range to the lowest.
fn bits(range: Range) -> i32 {
    exponent(range.top) + 1 - exponent(range.low)
}

/// Integers per limb for so many dimensions: whole vectors, so that a vector of sums is loaded exactly as it was stored for the
/// point before, and the CPU can forward it; it cannot forward masked or partial vectors
/// (docs/decisions.md#whole-vectors-of-limbs). Few dimensions have vectors of two or four; one dimension is summed by scalars.
pub(crate) fn stride(dims: usize) -> usize {
    match dims {
        0..=2 => dims,
        3 | 4 => 4,
        _ => dims.saturating_add(7) / 8 * 8,
    }
}

/// The exponent of the unit of limb `l` of terms below 2^`top`, for sums of n terms.
#[inline]
pub(crate) fn unit(top: i32, l: usize, n: usize) -> i32 {
    unit_of_products(top, l, n).max(LOWEST)
}

/// The same for products, which may have bits below 2^-1074.
#[inline]
pub(crate) fn unit_of_products(top: i32, l: usize, n: usize) -> i32 {
    top - (l as i32 + 1) * width(n)
}
