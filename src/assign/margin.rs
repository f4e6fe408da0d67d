//! The units of margins, and how margins round (L6 to L8).

use crate::exact::distance::DistanceError;
use crate::simd::products::Working;

/// The relative difference of two distances from which on D orders them correctly (L6): 2^-22.
pub(crate) const ALPHA: f64 = 1.0 / (1 << 22) as f64;

/// Factors of the farther and the nearer distance in a margin: room for α, and for roundings (L6, L7).
pub(crate) const FAR: f64 = 1.0 - 1.0 / (1 << 20) as f64;
pub(crate) const NEAR: f64 = 1.0 + 1.0 / (1 << 19) as f64;

/// The units of margins, the same in all precisions and passes of a call.
#[derive(Clone, Copy)]
pub(crate) struct Units {
    /// Units in a distance of 1.
    pub(crate) scale: f64,
    /// What underflows of D could amount to, in these units: w of L6.
    pub(crate) slack: f64,
}

impl Units {
    /// So many in a distance of 1, for d dimensions.
    pub(crate) fn new(d: usize, scale: f64) -> Self {
        // w² is three times what D may be off by where squares underflow, and a little more, as w is rounded.
        const THRICE: f64 = 3.1;
        let tiniest_root = f64::from_bits((1023 - 537) << 52);
        let absolute = DistanceError::new(d).absolute / f64::TINIEST;
        Units {
            scale,
            slack: scale * (THRICE * absolute).sqrt() * tiniest_root,
        }
    }
}

/// A margin less what its last factors may be rounded by: either may be subnormal, and so may their product (L7).
#[inline(always)]
pub(super) fn lowered(margin: f32) -> f32 {
    margin - 2.0 * f32::EPSILON * margin.abs() - f32::MIN_POSITIVE
}

/// Single precision, not less.
pub(super) fn up(x: f64) -> f32 {
    let rounded = x as f32;
    match f64::from(rounded) < x {
        true => rounded.next_up(),
        false => rounded,
    }
}

/// Single precision, not more.
pub(super) fn down(x: f64) -> f32 {
    let rounded = x as f32;
    match f64::from(rounded) > x {
        true => rounded.next_down(),
        false => rounded,
    }
}
