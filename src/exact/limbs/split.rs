//! One row, or one row times its weight, is split into limbs, which are added to the sums of a cluster and, if the row moves, subtracted
//! from those of another.

use core::marker::PhantomData;
use core::ops::Range;

use super::layout::{Limbs, FEW};
use super::weights::PlacedWeight;
use crate::exact::binary64::rounding_error;
use crate::simd::Lanes;

/// The sums of the cluster that a row is added to, and of the one that it is subtracted from if it moves; the same pointer twice, if it
/// does not.
#[derive(Clone, Copy)]
pub(super) struct Clusters {
    pub(super) from: *mut i64,
    pub(super) to: *mut i64,
}

impl Clusters {
    /// For rows that do not move.
    #[inline(always)]
    pub(super) fn only(to: *mut i64) -> Self {
        Clusters { from: to, to }
    }
}

/// Adds the limbs of a row, from the first in which it has bits, to the sums `to`, and if it `MOVES`, subtracts them from the sums `from`.
///
/// # Safety
/// That of [`products`].
#[inline(always)]
pub(super) unsafe fn row<L: Lanes, const MOVES: bool>(
    row: &[f64],
    dims: &Range<usize>,
    limbs: &Limbs<'_>,
    clusters: Clusters,
) {
    // SAFETY: the contract.
    unsafe {
        let first = limbs.first_used::<L>(row, None, dims, limbs.count);
        for i in dims.clone().step_by(L::WIDTH) {
            let x = L::load_rest(row.as_ptr().add(i), dims.end - i);
            let target = Target::<L, MOVES>::new(limbs, i, first, 0, clusters);
            match limbs.count - first {
                1 => target.add_all::<1>(x),
                2 => target.add_all::<2>(x),
                3 => target.add_all::<3>(x),
                count => target.add_until_zero(count, x),
            }
        }
    }
}

/// Adds the limbs of a row times a weight to the sums `to`, and if it `MOVES`, subtracts them from the sums `from`.
///
/// # Safety
/// The caller is compiled for `L`, and `WIDTH` is at most the stride. The row has all dimensions of the slab, and `dims` begin at a
/// multiple of 8; `from` and `to` are `limbs.words()` integers.
#[inline(always)]
pub(super) unsafe fn products<L: Lanes, const MOVES: bool>(
    row: &[f64],
    dims: &Range<usize>,
    placed: PlacedWeight,
    limbs: &Limbs<'_>,
    clusters: Clusters,
) {
    // A slab in which all coordinates are zero has one limb, however far weights are apart: without the minimum its products would
    // be written beyond it.
    let before = placed.limbs_before.min(limbs.count - 1);
    let left = limbs.count - before;
    // SAFETY: the contract; the row is read below its end, the last vector partially.
    unsafe {
        let first = match limbs.skips() && limbs.stride > L::WIDTH {
            true => limbs.first_used::<L>(row, Some(placed.weight), dims, left),
            false => 0,
        };
        let weight = L::splat(placed.weight);
        for i in dims.clone().step_by(L::WIDTH) {
            let x = L::load_rest(row.as_ptr().add(i), dims.end - i);
            let product = L::mul(x, weight);
            let error = L::rounding_error(x, weight, product);
            let target = Target::<L, MOVES>::new(limbs, i, first, before, clusters);
            match left - first {
                1 => target.add_product::<1>(product, error),
                2 => target.add_product::<2>(product, error),
                3 => target.add_product::<3>(product, error),
                count => target.add_product_until_zero(count, product, error),
            }
        }
    }
}

/// Where the limbs of a vector are added.
struct Target<L: Lanes, const MOVES: bool> {
    /// M of the first limb.
    magic: *const f64,
    stride: usize,
    from: *mut i64,
    to: *mut i64,
    lanes: PhantomData<L>,
}

impl<L: Lanes, const MOVES: bool> Target<L, MOVES> {
    /// The limbs from `first` on, for the dimensions from `i` on. In the sums `before` more limbs lie before them, in which products with
    /// this weight have no bits.
    ///
    /// # Safety
    /// `i` is a multiple of `WIDTH` below the stride, which is a multiple of it; there are more limbs than `first + before`; `from` and
    /// `to` are `limbs.words()` integers.
    #[inline(always)]
    unsafe fn new(
        limbs: &Limbs<'_>,
        i: usize,
        first: usize,
        before: usize,
        clusters: Clusters,
    ) -> Self {
        let at = (before + first) * limbs.stride + i;
        // SAFETY: inside the words, and inside the magic numbers, of which there are as many.
        unsafe {
            Target {
                magic: limbs.magic.as_ptr().add(first * limbs.stride + i),
                stride: limbs.stride,
                from: clusters.from.add(at),
                to: clusters.to.add(at),
                lanes: PhantomData,
            }
        }
    }

    /// Adds all `COUNT` limbs of a term without weight.
    ///
    /// # Safety
    /// As for [`limb`](Self::limb).
    #[inline(always)]
    unsafe fn add_all<const COUNT: usize>(&self, mut x: L::F) {
        for l in 0..COUNT {
            // SAFETY: the contract.
            x = unsafe { self.limb(l, x) };
        }
    }

    /// Adds `count` limbs of a term without weight, up to the one that leaves nothing.
    ///
    /// # Safety
    /// As for [`limb`](Self::limb).
    #[inline(always)]
    unsafe fn add_until_zero(&self, count: usize, mut x: L::F) {
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

    /// Adds limb `l` of `part`; returns what the limb leaves of it.
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

    /// Adds limb `l` of a product and of its rounding error; returns what the limb leaves of each.
    ///
    /// # Safety
    /// As for [`limb`](Self::limb).
    #[inline(always)]
    unsafe fn limb_of_both(&self, l: usize, product: L::F, error: L::F) -> (L::F, L::F) {
        // SAFETY: the contract.
        unsafe {
            let at = l * self.stride;
            let magic = L::load(self.magic.add(at));
            let (shifted, shifted_error) = (L::add(product, magic), L::add(error, magic));
            let to = self.to.add(at);
            let more = L::add_bits(L::add_bits(L::load_bits(to), shifted), shifted_error);
            L::store_bits(to, L::sub_bits(L::sub_bits(more, magic), magic));
            if MOVES {
                let from = self.from.add(at);
                let less = L::sub_bits(L::sub_bits(L::load_bits(from), shifted), shifted_error);
                L::store_bits(from, L::add_bits(L::add_bits(less, magic), magic));
            }
            let rest = L::sub(product, L::sub(shifted, magic));
            (rest, L::sub(error, L::sub(shifted_error, magic)))
        }
    }

    /// Adds all `COUNT` limbs of a product and its rounding error: the error has no bits in the first limb, and the last limb receives
    /// the sum of what is left of both, which is exact (L24).
    ///
    /// # Safety
    /// As for [`limb`](Self::limb).
    #[inline(always)]
    unsafe fn add_product<const COUNT: usize>(&self, product: L::F, error: L::F) {
        // SAFETY: the contract.
        unsafe {
            let (mut part, mut error) = (self.limb(0, product), error);
            for l in 1..COUNT.max(2) - 1 {
                (part, error) = self.limb_of_both(l, part, error);
            }
            if COUNT > 1 {
                self.limb(COUNT - 1, L::add(part, error));
            }
        }
    }

    /// The same with `count` limbs, up to the one that leaves nothing.
    ///
    /// # Safety
    /// As for [`limb`](Self::limb).
    #[inline(always)]
    unsafe fn add_product_until_zero(&self, count: usize, product: L::F, error: L::F) {
        // SAFETY: the contract.
        unsafe {
            let (mut part, mut error) = (self.limb(0, product), error);
            for l in 1..count {
                if L::none(L::or_bits(L::or_bits(L::zero_bits(), part), error)) {
                    return;
                }
                if l == count - 1 {
                    self.limb(l, L::add(part, error));
                } else {
                    (part, error) = self.limb_of_both(l, part, error);
                }
            }
        }
    }
}

/// Splits one term of dimension `c` of the slab: calls `add` with one of the `sums` after the other and the units of that limb,
/// as far as the term has bits.
#[inline(always)]
pub(super) fn scalar<S>(
    x: f64,
    weight: Option<f64>,
    limbs: &Limbs<'_>,
    c: usize,
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
        let placed = heaviest.place(weight);
        if let Some(last) = placed.limbs_before.min(limbs.count - 1).checked_sub(1) {
            sums.nth(last);
        }
        // As vectors are split (L24).
        let mut product = x * placed.weight;
        let mut error = rounding_error(x, placed.weight, product);
        let first = limbs.first_used_by(c, product, sums.len());
        if first > 0 {
            sums.nth(first - 1);
        }
        let mut magic = (first..limbs.count).map(|l| limbs.magic_of(c, l));
        if let (Some(sum), Some(m)) = (sums.next(), magic.next()) {
            add(sum, split(&mut product, m));
        }
        while sums.len() > 1 && (limbs.count <= FEW || product != 0.0 || error != 0.0) {
            if let (Some(sum), Some(m)) = (sums.next(), magic.next()) {
                add(
                    sum,
                    split(&mut product, m).wrapping_add(split(&mut error, m)),
                );
            }
        }
        if let (Some(sum), Some(m)) = (sums.next(), magic.next()) {
            add(sum, split(&mut (product + error), m));
        }
        return;
    }
    let first = limbs.first_used_by(c, x, limbs.count);
    if first > 0 {
        sums.nth(first - 1);
    }
    let mut rest = x;
    for (sum, l) in sums.zip(first..limbs.count) {
        if rest == 0.0 {
            break;
        }
        add(sum, split(&mut rest, limbs.magic_of(c, l)));
    }
}
