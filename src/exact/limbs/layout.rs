//! Where limbs lie: the magic numbers of a slab of dimensions, and which limbs a term can skip.

use core::ops::Range;

use super::size::{stride, unit, width};
use super::weights::{Heaviest, MIDDLE};
use crate::exact::binary64::{self, exponent};
use crate::exact::declared_range::Bounds;
use crate::exact::range;
use crate::simd::Lanes;

/// Vectors of a row that are combined before one test whether any of them has bits in a limb.
const AT_ONCE: usize = 8;

/// With more limbs than these, those in front in which a term has no bits are skipped.
pub(super) const FEW: usize = 3;

/// What the limbs of all dimensions have in common.
#[derive(Clone, Copy)]
pub(crate) struct TermFormat {
    /// Sums are of n terms.
    pub(crate) n: usize,
    /// The number of limbs.
    pub(crate) count: usize,
    /// The range of the weights, where terms are products with weights.
    pub(crate) weights: Option<range::Range>,
    /// Whether terms are added one by one, and zeros not at all.
    pub(crate) alone: bool,
}

/// The limbs of a slab of dimensions.
#[derive(Clone)]
pub(crate) struct Limbs<'a> {
    /// M of limb `l`, dimension `i` of the slab at `l * stride + i`; 0 in the padding.
    pub(super) magic: &'a [f64],
    pub(super) dims: Range<usize>,
    pub(super) count: usize,
    pub(super) stride: usize,
    /// Bits in a limb.
    pub(super) width: i32,
    /// With weights: what brings each next to the heaviest.
    pub(super) heaviest: Option<Heaviest>,
    /// Whether terms are added one by one.
    pub(super) alone: bool,
    /// The bounds that terms are tested against; empty, if they are not tested.
    pub(super) bounds: Bounds<'a>,
}

impl<'a> Limbs<'a> {
    /// Whether terms without weights are tested while they are added.
    pub(crate) fn tests_terms(&self) -> bool {
        self.bounds.any()
    }

    /// The same limbs, with terms tested against `bounds` while they are added.
    pub(crate) fn testing(self, bounds: Bounds<'a>) -> Self {
        bounds.check(self.dims());
        Limbs { bounds, ..self }
    }

    /// Fills in the `magic` numbers of a slab; `range` tells the range of a dimension.
    pub(crate) fn fill(
        format: TermFormat,
        dims: Range<usize>,
        range: impl Fn(usize) -> range::Range,
        magic: &'a mut [f64],
    ) -> Self {
        let TermFormat {
            n, count, weights, ..
        } = format;
        let stride = stride(dims.len());
        let values = &mut magic[..count * stride];
        values.fill(0.0);
        for (c, i) in dims.clone().enumerate() {
            let coordinates = match range(i).top {
                0.0 => 0,
                top => exponent(top) + 1,
            };
            let top = coordinates + weights.map_or(0, |_| MIDDLE + 1);
            for l in 0..count {
                values[l * stride + c] = binary64::magic(unit(top, l, n));
            }
        }
        Self::view(format, values, dims)
    }

    /// Limbs of a slab whose magic numbers were filled in before.
    pub(crate) fn view(format: TermFormat, magic: &'a [f64], dims: Range<usize>) -> Self {
        let TermFormat {
            n,
            count,
            weights,
            alone,
        } = format;
        let stride = stride(dims.len());
        Limbs {
            magic: &magic[..count * stride],
            dims,
            count,
            stride,
            width: width(n),
            heaviest: weights.map(|range| Heaviest::new(range.top, n)),
            alone,
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

    /// Whether limbs in which a term has no bits are skipped. Where there are few limbs, adding to all of them takes less time. Where
    /// limbs are skipped, and for scalars, entries and products, the pattern of M is subtracted again as each limb is added.
    pub(super) fn skips(&self) -> bool {
        // Adding a row of one vector takes less time than testing it.
        let few = match self.stride {
            2 | 4 => FEW + 1,
            _ => FEW,
        };
        self.count > few
    }

    /// The first of `count` limbs in which a row, or a row times a `weight`, has bits in the dimensions `dims`; the last limb, if it has
    /// none at all. The first of `dims` is a multiple of 8.
    ///
    /// # Safety
    /// The caller is compiled for `L`, and `WIDTH` is at most the stride. The row has all dimensions of the slab; there are at least
    /// `count` limbs.
    #[inline(always)]
    pub(super) unsafe fn first_used<L: Lanes>(
        &self,
        row: &[f64],
        weight: Option<f64>,
        dims: &Range<usize>,
        count: usize,
    ) -> usize {
        let mut first = count - 1;
        // A term of at most half a unit of a limb has no bits in that limb (L20).
        // SAFETY: the contract.
        while first > 0 && unsafe { self.uses::<L>(first - 1, row, weight, dims) } {
            first -= 1;
        }
        first
    }

    /// Whether the row has bits in limb `l`.
    ///
    /// # Safety
    /// That of [`first_used`](Self::first_used).
    #[inline(always)]
    unsafe fn uses<L: Lanes>(
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

    /// The first limb in which a term has bits, in dimension `c` of the slab.
    #[inline(always)]
    pub(super) fn first_used_by(&self, c: usize, x: f64, count: usize) -> usize {
        if !self.skips() {
            return 0;
        }
        // M / 2^54 is three eighths of a unit: a smaller term has no bits in the limb. Where that underflows no limb is skipped.
        let used = |m: f64| x.abs() >= m * (0.25 / (1u64 << 52) as f64);
        let behind = (0..count - 1).rev();
        count - 1 - behind.take_while(|&l| used(self.magic_of(c, l))).count()
    }

    /// M of limb `l` in dimension `c` of the slab.
    #[inline(always)]
    pub(super) fn magic_of(&self, c: usize, l: usize) -> f64 {
        self.magic[l * self.stride + c]
    }
}
