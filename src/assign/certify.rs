//! The certificate: when a screening pass proves a label.
//!
//! Shift all vectors by a fixed μ and scale them by a power of two s: X = s (x - μ), C_j = s (c_j - μ), exact.
//! Let x̂, ĉ_j be what is stored of them in a working precision of unit roundoff u >= v = 2^-53 and smallest
//! positive number τ, and R >= |ĉ_j| for all j. The screening kernel evaluates
//!
//! ```text
//!     Ŝ_j ≈ |ĉ_j|² - 2 x̂·ĉ_j          so that  |x̂ - ĉ_j|² ≈ |x̂|² + Ŝ_j
//! ```
//!
//! and keeps the least and the second least. Write B = (|x̂| + R)² <= 2 (|x̂|² + R²). Three errors separate Ŝ_j
//! from D_j = D(x, c_j), the definition in binary64:
//!
//! 1. *Storing.* A subtraction rounds by v, the conversion by u, an underflow adds τ:
//!    |x̂ - X| <= 3.5 u |x̂| + τ √d, and so for C. With |a² - b²| <= (a + b) |a - b|, the difference between
//!    |x̂ - ĉ|² and |X - C|² is at most 8 u B + 5 τ √d (|x̂| + R).
//! 2. *Screening.* A sum of d products and |ĉ|², fused or not, in any order (Higham, Accuracy and Stability of
//!    Numerical Algorithms, 2002, §3.1): at most γ(d+5) (|ĉ|² + 2 |x̂||ĉ|) + (d+1) τ, where γ(m) = m u / (1 - m u),
//!    the rounding of |ĉ|² included; γ(d+5) <= 1.06 (d+5) u as long as (d+5) u <= 0.05.
//! 3. *The definition.* Each difference, square and sum of at most d/8 + 3 terms rounds: s² D_j is within
//!    1.01 (d/8 + 8) v B of |X - C|², and within s² (d + 8) 2^-1074 more where squares underflow.
//!
//! Together |s² D_j - |x̂|² - Ŝ_j| <= E with
//!
//! ```text
//!     E = (1.2 d + 24) u B + (6 d + 10) τ + s² (d + 8) 2^-1074.
//! ```
//!
//! (5 τ √d (|x̂| + R) <= 5 τ d (1 + B), and τ d B is beneath the slack of the first term.) If Ŝ of every other center
//! exceeds Ŝ of the best by more than 2 E, then D of every other center exceeds D of the best: the label is proven.
//! Conversely, the center with the least D, ties included, is among those whose Ŝ is within 2 E of the least. So a
//! point that stays open is decided by D among these alone.
//!
//! Overflow: μ is a mean of centers, so s times any coordinate difference is at most 2^31 in binary32 by choice of s, and the
//! squares sum to less than 2^127; in binary64 s = 1, and the scan has bounded all squared distances by 2^1020. The
//! reach below has a margin of a tenth for its own rounding, and for adding it to Ŝ in the working precision, which
//! rounds by less than 3 u B; should it overflow it is infinite, and proves nothing.

use crate::lanes::screen::Working;
use crate::update::exact_sum::{exponent, power_of_two};

/// What a working precision proves for one pass: `reach(x)` = 2 E is `per_square * |x̂|² + constant`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Certificate {
    pub(crate) per_square: f64,
    pub(crate) constant: f64,
}

impl Certificate {
    /// For vectors of d dimensions scaled by `scale`, and centers within `radius_squared` of the origin.
    pub(crate) fn new<E: Working>(d: usize, scale: f64, radius_squared: f64) -> Self {
        let d = d as f64;
        let margin = 1.1;
        let per_square = 2.0 * margin * (1.2 * d + 24.0) * E::ROUNDOFF * 2.0;
        let underflow = (6.0 * d + 10.0) * E::TINIEST + scale * (scale * ((d + 8.0) * 5e-324));
        Certificate {
            per_square,
            constant: per_square * radius_squared + 2.0 * margin * underflow,
        }
    }

    /// Whether the derivation holds for so many dimensions at all.
    pub(crate) fn holds<E: Working>(d: usize) -> bool {
        (d as f64 + 5.0) * E::ROUNDOFF <= 0.05
    }
}

/// The power of two that brings coordinates of at most `largest`, and their differences, below 2^31.
pub(crate) fn scale_for_f32(largest: f64) -> f64 {
    match largest {
        0.0 => 1.0,
        // Beyond 2^1000 the squares underflow in D long since, and the certificate says so.
        _ => power_of_two((29 - exponent(largest)).min(1000)),
    }
}
