//! What sums of limbs amount to: exact sums, and the means of clusters.

use core::ops::Range;

use super::layout::Limbs;
use super::weights::MIDDLE;
use crate::exact::binary64::power_of_two;
use crate::exact::quotient::{Divisor, Sum};
use crate::exact::short_quotient::ShortDivisor;

impl Limbs<'_> {
    /// Limb `l` of a cluster's sum in dimension `c` of the slab, in units. `sums` are the cluster's integers, to which `members` terms
    /// were added.
    fn units(&self, sums: &[i64], members: i64, l: usize, c: usize) -> i64 {
        let at = l * self.stride + c;
        let bias = match self.alone || self.stride == 1 || self.heaviest.is_some() || self.skips() {
            true => 0,
            false => members.wrapping_mul(self.magic[at].to_bits() as i64),
        };
        sums[at].wrapping_sub(bias)
    }

    /// Adds the units of a cluster's sums to plain integers: limb `l` of dimension `c` of the slab to `to[l * d + c]`.
    pub(crate) fn add_units(&self, sums: &[i64], members: i64, d: usize, to: &mut [i64]) {
        for l in 0..self.count {
            let to = &mut to[l * d..][..self.dims()];
            for (c, to) in to.iter_mut().enumerate() {
                *to = to.wrapping_add(self.units(sums, members, l, c));
            }
        }
    }

    /// The exact sum of a cluster's terms in dimension `c` of the slab. `sums` are the cluster's integers, to which `members` terms were
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

    /// The sum of a cluster's terms in dimension `c`, if it has one limb or two and no weights, in units of the power of two that comes
    /// with it. A quotient in floating point times that unit is exact (L49).
    #[inline]
    fn short(&self, sums: &[i64], members: i64, c: usize) -> Option<(i128, f64)> {
        const UNITS: Range<i32> = -1000..800;
        let last = self.count - 1;
        let magic = self.magic[last * self.stride + c].to_bits();
        let unit = (magic >> 52) as i32 - 1023 - 52;
        if last > 1 || !UNITS.contains(&unit) {
            return None;
        }
        let last_limb = i128::from(self.units(sums, members, last, c));
        let sum = match last {
            0 => last_limb,
            _ => (i128::from(self.units(sums, members, 0, c)) << self.width) + last_limb,
        };
        Some((sum, power_of_two(unit)))
    }

    /// The means of a cluster of `members` points without weights, in all dimensions of the slab.
    pub(crate) fn means_of_members(&self, sums: &[i64], members: i64, center: &mut [f64]) {
        let few = ShortDivisor::new(members);
        let mut divisor = None;
        for (c, x) in center.iter_mut().enumerate() {
            let short = few.and_then(|few| {
                let (sum, unit) = self.short(sums, members, c)?;
                few.divide(sum).map(|mean| mean * unit)
            });
            *x = short.unwrap_or_else(|| {
                let divisor =
                    divisor.get_or_insert_with(|| Divisor::new(Sum::new(1, |_| (members, 0))));
                divisor.divide(&self.sum(sums, c, members))
            });
        }
    }

    /// The means of a cluster in all dimensions of the slab: its sums divided by `divisor`, the sum of its weights.
    pub(crate) fn means<F: Fn(usize) -> (i64, i32)>(
        &self,
        sums: &[i64],
        members: i64,
        divisor: &Divisor<F>,
        center: &mut [f64],
    ) {
        for (c, x) in center.iter_mut().enumerate() {
            *x = divisor.divide(&self.sum(sums, c, members));
        }
    }
}
