//! Weights of very different size: each is brought next to the heaviest by an exact power of two (L22).

use super::size::width;
use crate::exact::binary64::exponent;

/// What is needed to bring weights next to the heaviest.
#[derive(Clone, Copy)]
pub(super) struct Heaviest {
    /// The exponent of the heaviest weight.
    pub(super) exponent: i32,
    /// Bits in a limb, and 2^22 divided by that, rounded up.
    width: u32,
    inverse: u32,
}

/// A weight next to the heaviest, and how many limbs lie before those of its terms.
#[derive(Clone, Copy)]
pub(super) struct PlacedWeight {
    pub(super) weight: f64,
    pub(super) limbs_before: usize,
}

/// The exponent that the heaviest weight gets: no product with a legal coordinate overflows or has bits below 2^-1074 (L22).
pub(super) const MIDDLE: i32 = 256;

impl Heaviest {
    /// `top` is the heaviest weight; sums are of n terms.
    pub(super) fn new(top: f64, n: usize) -> Self {
        let width = width(n).unsigned_abs();
        Heaviest {
            exponent: exponent(top),
            width,
            inverse: (1u32 << 22).div_ceil(width),
        }
    }

    /// Brings a positive weight, at most the heaviest, next to it: its exponent becomes [`MIDDLE`], or less by fewer than the bits of a
    /// limb.
    #[inline(always)]
    pub(super) fn place(self, weight: f64) -> PlacedWeight {
        const UP: i32 = 54;
        let (bits, up) = match weight < f64::MIN_POSITIVE {
            true => ((weight * (1u64 << UP) as f64).to_bits(), UP),
            false => (weight.to_bits(), 0),
        };
        let below = (self.exponent - ((bits >> 52) as i32 - 1023 - up)) as u32;
        // Division by the width. `below` is less than 2^12, the inverse at most 2^22 / 22: the product does not overflow.
        let before = below.wrapping_mul(self.inverse) >> 22;
        let exponent = MIDDLE - below.wrapping_sub(before * self.width) as i32;
        let pattern = bits & ((1 << 52) - 1) | ((exponent + 1023) as u64) << 52;
        PlacedWeight {
            weight: f64::from_bits(pattern),
            limbs_before: before as usize,
        }
    }
}
