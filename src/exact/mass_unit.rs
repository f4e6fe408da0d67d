//! Units in which the masses of points are counted when one is drawn.
//!
//! A mass steers a draw, so a relative error of 2^-86 does not matter; but the sum of the masses must not depend on their order. So each
//! mass is rounded to a whole number of units, and these are summed as integers.

use super::binary64::{exponent, magic};

/// The units of masses (L40): a mass is counted in a coarse unit, and the rest in a fine one.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Unit {
    /// M of either unit.
    coarse: f64,
    fine: f64,
}

/// Bits of the largest mass in coarse units, and how many more it has in fine ones (L40). The sum of a span in coarse units is
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
        self.join(self.split(x))
    }

    /// The coarse units of `x`, and the fine ones of the rest.
    pub(crate) fn split(self, x: f64) -> [i64; 2] {
        let rest = x - ((x + self.coarse) - self.coarse);
        let fine = (rest + self.fine).to_bits() as i64 - self.fine.to_bits() as i64;
        [self.coarse(x), fine]
    }

    /// A sum of coarse units and a sum of fine ones, in fine units.
    pub(crate) fn join(self, [coarse, fine]: [i64; 2]) -> i128 {
        let shift = exponent(self.coarse) - exponent(self.fine);
        (i128::from(coarse) << shift) + i128::from(fine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::binary64::{scale, LOWEST};

    /// L40: the share of a mass is off by at most half a fine unit, which is 2^-86 of the largest mass; the sum of 2^40 masses is
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
