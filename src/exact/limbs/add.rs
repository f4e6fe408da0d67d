//! Rows are added to the sums of the clusters that their labels name.

use core::ops::Range;

use super::layout::Limbs;
use super::split::{self, Clusters};
use super::weights::Heaviest;
use crate::points::Rows;
use crate::simd::{InstructionSet, Kernel, Lanes, Level};

/// What is added: rows, times their weights, to the sums of the clusters that their labels name.
pub(crate) struct Terms<'a> {
    pub(crate) rows: Rows<'a>,
    pub(crate) weights: Option<&'a [f64]>,
    pub(crate) labels: &'a [i32],
    pub(crate) limbs: &'a Limbs<'a>,
}

/// Adds the limbs of terms to the sums, and one to the count of each label, if there are counts. Returns true only if all terms were
/// tested and are within the bounds.
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

/// Rows have the dimensions of the limbs; there is a label for each of them, and a weight, if there are any. Every label has sums; or,
/// if there are counts, every count has.
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
        // SAFETY: the caller is compiled for the lanes; `accumulate` has checked lengths and labels. Strides of 2 and 4 go to kernels
        // with vectors of that width.
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
/// The caller is compiled for `L`; [`accumulate`] has checked lengths and labels; `WIDTH` is at most the stride.
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
            let alone = limbs.stride == L::WIDTH && terms.weights.is_none() && !limbs.skips();
            if alone && in_registers::<L>(terms, sums, counts) {
                return false;
            }
            for &j in &terms.labels[..terms.rows.count()] {
                counts[j as usize] += 1;
            }
        }
        // Few clusters of many dimensions: so many dimensions at a time that the sums stay in the nearest cache
        // from one point to the next. (With many clusters, the next point mostly belongs to another one anyway.)
        let k = sums.len() / limbs.words();
        let (d, count) = (limbs.dims(), limbs.count);
        let near = NEAR / (8 * k * count) / 8 * 8;
        let slab = if near >= 16 { near } else { d };
        let tested = limbs.tests_terms() && terms.weights.is_none();
        let mut outside = L::zero_bits();
        for first in (0..d).step_by(slab) {
            let dims = first..(first + slab).min(d);
            if let (Some(weights), Some(heaviest)) = (terms.weights, limbs.heaviest) {
                weighted::<L>(terms, weights, heaviest, dims, sums);
                continue;
            }
            outside = match (tested, limbs.skips()) {
                (true, false) => all_limbs::<L, true>(terms, dims, sums, outside),
                (false, false) => all_limbs::<L, false>(terms, dims, sums, outside),
                (true, true) => used_limbs::<L, true>(terms, dims, sums, outside),
                (false, true) => used_limbs::<L, false>(terms, dims, sums, outside),
            };
        }
        let mut bits = [0; 8];
        L::store_bits(bits.as_mut_ptr(), outside);
        tested && bits == [0; 8]
    }
}

/// [`single`], if there are at most four limbs: their number is a constant then, so that loops over them unroll. Returns whether it was
/// done.
///
/// # Safety
/// The caller is compiled for `L`; [`accumulate`] has checked lengths and labels; `WIDTH` is the stride.
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

/// One vector a limb, no weights.
///
/// # Safety
/// The caller is compiled for `L`; [`accumulate`] has checked lengths and labels; `WIDTH` is the stride, `COUNT` the number of limbs, and
/// `WHOLE` tells whether there are `WIDTH` dimensions.
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

/// [`several`], with the usual numbers of limbs as constants.
///
/// # Safety
/// That of [`several`].
#[inline(always)]
unsafe fn all_limbs<L: Lanes, const TESTED: bool>(
    terms: &Terms<'_>,
    dims: Range<usize>,
    sums: &mut [i64],
    outside: L::I,
) -> L::I {
    // SAFETY: the contract above.
    unsafe {
        match terms.limbs.count {
            1 => several::<L, TESTED>(terms, dims, 1, sums, outside),
            2 => several::<L, TESTED>(terms, dims, 2, sums, outside),
            3 => several::<L, TESTED>(terms, dims, 3, sums, outside),
            count => several::<L, TESTED>(terms, dims, count, sums, outside),
        }
    }
}

/// Several vectors a limb: those of the dimensions `dims` of the slab, the first of which is a multiple of 8. Returns `outside`, with
/// further bits set where terms are `TESTED` and one is not within its bounds.
///
/// # Safety
/// The caller is compiled for `L`; [`accumulate`] has checked lengths and labels; `count` is the number of limbs. Where terms are tested,
/// there are no weights, and there are bounds for every dimension.
#[inline(always)]
unsafe fn several<L: Lanes, const TESTED: bool>(
    terms: &Terms<'_>,
    dims: Range<usize>,
    count: usize,
    sums: &mut [i64],
    mut outside: L::I,
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
                if TESTED {
                    let bound = limbs.bounds.load::<L>(i, dims.end - i);
                    let magnitude = L::abs(x);
                    outside = bound.within(magnitude, bound.multiples(magnitude, outside));
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
    outside
}

/// The same with many limbs: each row is added only to limbs in which it has bits.
///
/// # Safety
/// That of [`several`].
#[inline(always)]
unsafe fn used_limbs<L: Lanes, const TESTED: bool>(
    terms: &Terms<'_>,
    dims: Range<usize>,
    sums: &mut [i64],
    mut outside: L::I,
) -> L::I {
    let limbs = terms.limbs;
    for (p, &label) in terms.labels[..terms.rows.count()].iter().enumerate() {
        let row = terms.rows.row(p);
        // SAFETY: as in `several`.
        unsafe {
            if TESTED {
                for i in dims.clone().step_by(L::WIDTH) {
                    let x = L::load_rest(row.as_ptr().add(i), dims.end - i);
                    let bound = limbs.bounds.load::<L>(i, dims.end - i);
                    let magnitude = L::abs(x);
                    outside = bound.within(magnitude, bound.multiples(magnitude, outside));
                }
            }
            let to = sums.as_mut_ptr().add(label as usize * limbs.words());
            split::row::<L, false>(row, &dims, limbs, Clusters::only(to));
        }
    }
    outside
}

/// Products with weights, in the dimensions `dims` of the slab, the first of which is a multiple of 8.
///
/// # Safety
/// The caller is compiled for `L`; [`accumulate`] has checked lengths and labels; `WIDTH` is at most the stride, and there is a weight for
/// every row.
#[inline(always)]
unsafe fn weighted<L: Lanes>(
    terms: &Terms<'_>,
    weights: &[f64],
    heaviest: Heaviest,
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
                split::products::<L, false>(row, &dims, placed, terms.limbs, Clusters::only(to));
            }
        }
    }
}

/// One dimension: a vector would be seven eighths empty. The pattern of M is subtracted at once, so that a term
/// need not go on to limbs in which it has no bits.
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
        split::scalar(rows.row(p)[0], weight, limbs, 0, sums.iter_mut(), add);
    }
}
