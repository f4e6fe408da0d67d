//! Limbs: how a coordinate becomes integers whose sums are exact.
//!
//! Let every term of a dimension satisfy |x| < 2^E and be a multiple of 2^e. With w bits a limb and
//! Q_l = 2^(E - (l+1) w), limb l of x is the multiple of Q_l nearest to what the limbs before it have
//! left over. The first is at most 2^w in magnitude, the others at most 2^(w-1), and ceil((E - e) / w)
//! of them leave nothing.
//!
//! No conversion is needed. Let M = 1.5 * 2^52 * Q. For |x| <= 2^51 Q the sum x + M lies in
//! [2^52 Q, 2^53 Q), where doubles are Q apart, so adding rounds x to a multiple of Q; and as bit
//! patterns there are consecutive, `bits(x + M) - bits(M)` is that multiple in units of Q. The patterns
//! are added as they are, and `members * bits(M)` is taken off the sum in the end; two's complement
//! makes overflow on the way harmless. `x - ((x + M) - M)` is the exact rest.
//!
//! With w = min(50, 62 - ceil(log2 n)) the sum of n limbs stays within 2^62.
//! (Fixed-point summation after Kulisch 1971; the rounding by a large constant is Dekker's, 1971.)

use core::ops::Range;

use super::exact_sum::{exponent, magic, rounded_pair, ExactSum, LOWEST};
use crate::lanes::Lanes;
use crate::points::Rows;
use crate::scan;
use crate::stream::Bounds;

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

/// The most limbs terms can need: from 2^-1074 to the scan's bound for weighted sums, 2^1020.
pub(super) fn most_limbs(n: usize) -> usize {
    limbs_for(1020 - LOWEST, n)
}

/// Limbs for data whose largest number and lowest bit are up to 120 binary places apart: full doubles
/// within a factor of 2^67 of one another.
pub(super) fn ordinary_limbs(n: usize) -> usize {
    limbs_for(120, n)
}

/// Integers per limb for so many dimensions: whole vectors, so that the loads of one point's limbs are
/// those another point has stored, and the CPU can forward them; masked or partial ones cannot be
/// (measured: five times the time). Few dimensions have vectors of two or four; one is summed by scalars.
/// (Both limbs of a point in two dimensions fit one vector of four; splitting a point there took as long as two vectors
/// of two do, 1.2 ns, where a naive sum took 0.9.)
pub(super) fn stride(dims: usize) -> usize {
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

/// The limbs of a slab of dimensions.
#[derive(Clone)]
pub(crate) struct Limbs<'a> {
    /// M of limb `l`, dimension `i` of the slab at `l * stride + i`; 0 in the padding.
    magic: &'a [f64],
    dims: Range<usize>,
    count: usize,
    stride: usize,
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

    /// How many limbs hold the terms of every dimension of a slab, sums being of n terms.
    pub(crate) fn needed(n: usize, ranges: impl Iterator<Item = scan::Range>) -> usize {
        let bits = ranges
            .filter(|range| range.top > 0.0)
            .map(|range| exponent(range.top) + 1 - exponent(range.low))
            .max();
        bits.map_or(1, |bits| limbs_for(bits, n).max(1))
    }

    /// Fills in `values` for `count` limbs of a slab.
    pub(super) fn fill(
        n: usize,
        dims: Range<usize>,
        count: usize,
        range: impl Fn(usize) -> scan::Range,
        values: &'a mut [f64],
    ) -> Self {
        let stride = stride(dims.len());
        let values = &mut values[..count * stride];
        values.fill(0.0);
        for (c, i) in dims.clone().enumerate() {
            let top = match range(i).top {
                0.0 => 0,
                top => exponent(top) + 1,
            };
            for l in 0..count {
                values[l * stride + c] = magic(unit(top, l, n));
            }
        }
        Self::view(values, dims, count)
    }

    /// Limbs that were filled in before.
    pub(super) fn view(magic: &'a [f64], dims: Range<usize>, count: usize) -> Self {
        let stride = stride(dims.len());
        Limbs {
            magic: &magic[..count * stride],
            dims,
            count,
            stride,
            bounds: Bounds::default(),
        }
    }

    /// The dimensions of the slab.
    pub(super) fn range(&self) -> Range<usize> {
        self.dims.clone()
    }

    pub(crate) fn dims(&self) -> usize {
        self.dims.len()
    }

    /// Integers per cluster.
    pub(crate) fn words(&self) -> usize {
        self.count * self.stride
    }

    /// Limb `l` of the sum of a cluster's terms in dimension `c` of the slab, in units; `sums` are the cluster's
    /// integers, to which `members` terms were added.
    fn units(&self, sums: &[i64], members: i64, l: usize, c: usize) -> i64 {
        let at = l * self.stride + c;
        // Scalars are added without the pattern of M.
        let bias = match self.stride {
            1 => 0,
            _ => members.wrapping_mul(self.magic[at].to_bits() as i64),
        };
        sums[at].wrapping_sub(bias)
    }

    /// Adds the units of a cluster's sums to plain integers: limb `l` of the slab's dimension `c` to `to[l * d + c]`.
    pub(super) fn add_units(&self, sums: &[i64], members: i64, d: usize, to: &mut [i64]) {
        for l in 0..self.count {
            let to = &mut to[l * d..][..self.dims()];
            for (c, to) in to.iter_mut().enumerate() {
                *to = to.wrapping_add(self.units(sums, members, l, c));
            }
        }
    }

    /// The exact sum of a cluster's terms in dimension `c` of the slab, rounded once; `sums` are the
    /// cluster's integers, to which `members` terms were added.
    pub(super) fn rounded(&self, sums: &[i64], c: usize, members: i64) -> f64 {
        round(self.count, |l| {
            let pattern = self.magic[l * self.stride + c].to_bits();
            let unit = (pattern >> 52) as i32 - 1023 - 52;
            (self.units(sums, members, l, c), unit)
        })
    }
}

/// The sum of limbs, each so many times two to a power, rounded once; the first are the greatest.
pub(crate) fn round(count: usize, limb: impl Fn(usize) -> (i64, i32)) -> f64 {
    match count {
        1 => {
            let (units, unit) = limb(0);
            rounded_pair(0, unit, units, unit)
        }
        2 => {
            let ((high, unit_high), (low, unit)) = (limb(0), limb(1));
            rounded_pair(high, unit_high, low, unit)
        }
        _ => {
            let mut sum = ExactSum::new();
            for l in 0..count {
                let (units, unit) = limb(l);
                sum.add_scaled(units, unit);
            }
            sum.round()
        }
    }
}

/// The unit of limb `l` of terms below 2^`top`, sums being of n terms, as a power of two.
#[inline]
pub(crate) fn unit(top: i32, l: usize, n: usize) -> i32 {
    (top - (l as i32 + 1) * width(n)).max(LOWEST)
}

/// Adds the limbs of each row (times its weight) to the sums of the cluster its label names, and one to its count, where
/// counts are wanted. Returns whether all terms were looked at, and are as they should be.
///
/// # Safety
/// The caller is compiled for `L`. `rows` has `limbs.dims()` dimensions; `labels` and `weights` have
/// at least as many elements as `rows` has rows; `sums` has `limbs.words()` integers for every label, or, where there are
/// `counts`, for each of these.
#[inline(always)]
pub(crate) unsafe fn accumulate<L: Lanes>(
    rows: Rows<'_>,
    weights: Option<&[f64]>,
    labels: &[i32],
    limbs: &Limbs<'_>,
    sums: &mut [i64],
    counts: Option<&mut [i64]>,
) -> bool {
    let terms = Terms {
        rows,
        weights,
        labels,
        limbs,
    };
    // SAFETY: the contract above; where a stride is a vector of the lanes, it is given to the kernel for that.
    unsafe {
        match limbs.stride {
            1 => {
                scalars(&terms, sums, counts);
                false
            }
            2 => vectors::<L::Two>(&terms, sums, counts),
            4 => vectors::<L::Four>(&terms, sums, counts),
            _ => vectors::<L>(&terms, sums, counts),
        }
    }
}

/// What is added.
struct Terms<'a> {
    rows: Rows<'a>,
    weights: Option<&'a [f64]>,
    labels: &'a [i32],
    limbs: &'a Limbs<'a>,
}

/// Bytes of sums that stay in the first-level cache beside the points that are added to them.
const NEAR: usize = 24 << 10;

/// Dimensions in lanes.
///
/// # Safety
/// That of [`accumulate`]; `WIDTH` is at most the stride.
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
            let alone = limbs.stride == L::WIDTH && terms.weights.is_none();
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
            off = match watched {
                true => slab_of::<L, true>(terms, dims, sums, off),
                false => slab_of::<L, false>(terms, dims, sums, off),
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
/// That of [`accumulate`]; `WIDTH` is the stride.
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
/// That of [`accumulate`]; `WIDTH` is the stride, `COUNT` the number of limbs, and `WHOLE` tells whether there are as many
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
/// That of [`accumulate`]; `count` is the number of limbs. Where terms are watched, there are no weights, and bounds for every
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
        weights,
        labels,
        limbs,
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
                if let Some(weights) = weights {
                    x = L::mul(x, L::splat(*weights.get_unchecked(p)));
                }
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
        let mut x = rows.row(p)[0];
        if let Some(weights) = weights {
            x *= weights[p];
        }
        let sums = &mut sums[j * words..][..words];
        for (sum, m) in sums.iter_mut().zip(limbs.magic) {
            if x == 0.0 {
                break;
            }
            let shifted = x + m;
            let units = (shifted.to_bits() as i64).wrapping_sub(m.to_bits() as i64);
            *sum = sum.wrapping_add(units);
            x -= shifted - m;
        }
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
///
/// # Safety
/// The caller is compiled for `L`. `rows` has `limbs.dims()` dimensions, and a row for every point; `weights` has at least as
/// many elements as `rows` has rows; `sums` has `limbs.words()` integers for every cluster of a move.
#[inline(always)]
pub(crate) unsafe fn transfer<L: Lanes>(
    rows: Rows<'_>,
    weights: Option<&[f64]>,
    moves: &Moves<'_>,
    limbs: &Limbs<'_>,
    sums: &mut [i64],
) {
    for ((&p, &from), &to) in moves.points.iter().zip(moves.from).zip(moves.to) {
        let p = p as usize;
        let weight = weights.map(|weights| weights[p]);
        let (from, to) = (from as usize, to as usize);
        // SAFETY: the contract above; where a stride is a vector of the lanes, it is given to the kernel for that.
        unsafe {
            match limbs.stride {
                1 => transfer_scalar(rows.row(p)[0], weight, (from, to), limbs, sums),
                2 => transfer_vectors::<L::Two>(rows.row(p), weight, (from, to), limbs, sums),
                4 => transfer_vectors::<L::Four>(rows.row(p), weight, (from, to), limbs, sums),
                _ => transfer_vectors::<L>(rows.row(p), weight, (from, to), limbs, sums),
            }
        }
    }
}

/// # Safety
/// That of [`transfer`]; `WIDTH` is at most the stride.
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
        for i in (0..d).step_by(L::WIDTH) {
            let mut x = L::load_rest(row.as_ptr().add(i), d - i);
            if let Some(weight) = weight {
                x = L::mul(x, L::splat(weight));
            }
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
    mut x: f64,
    weight: Option<f64>,
    (from, to): (usize, usize),
    limbs: &Limbs<'_>,
    sums: &mut [i64],
) {
    let words = limbs.words();
    x *= weight.unwrap_or(1.0);
    for (l, m) in limbs.magic.iter().enumerate() {
        if x == 0.0 {
            break;
        }
        let shifted = x + m;
        let units = (shifted.to_bits() as i64).wrapping_sub(m.to_bits() as i64);
        sums[from * words + l] = sums[from * words + l].wrapping_sub(units);
        sums[to * words + l] = sums[to * words + l].wrapping_add(units);
        x -= shifted - m;
    }
}

#[cfg(test)]
mod tests {
    use super::super::exact_sum::scale;
    use super::*;

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
