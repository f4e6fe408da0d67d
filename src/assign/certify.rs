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
//! 2. *Screening.* A sum of d products and |ĉ|², fused or not, made of sums over chunks of at most 128 dimensions: no
//!    product goes through more than t = min(d, 128) + ceil(d / 128) additions. So (Higham, Accuracy and Stability of
//!    Numerical Algorithms, 2002, §3.1 and §4.2) at most γ(t+5) (|ĉ|² + 2 |x̂||ĉ|) + (d+1) τ, where γ(m) = m u / (1 - m u),
//!    the rounding of |ĉ|² included; γ(t+5) <= 1.06 (t+5) u as long as (t+5) u <= 0.05.
//! 3. *The definition.* Each difference, square and sum of at most d/8 + 3 terms rounds: s² D_j is within
//!    1.01 (d/8 + 8) v B of |X - C|², and within s² (d + 8) 2^-1074 more where squares underflow.
//!
//! Together |s² D_j - |x̂|² - Ŝ_j| <= E with
//!
//! ```text
//!     E = ((1.06 t + 24) u + 0.13 d v) B + (6 d + 10) τ + s² (d + 8) 2^-1074.
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

//!
//! # Bytes
//!
//! Integers need no rounding analysis, only what was rounded away beforehand. With scales s for the points and r for the
//! centers let X = s (x - μ), C_j = r (c_j - μ), and X̂, Ĉ_j their coordinates as whole numbers of at most 127 in magnitude.
//! The kernel evaluates, exactly,
//!
//! ```text
//!     T̂_j = round(|C_j|² s / 2 r) - X̂·Ĉ_j          so that  s r |x - c_j|² / 2 ≈ T̂_j + (a term of x alone)
//! ```
//!
//! with an error of at most 1/2 + |X̂·(Ĉ_j - C_j)| + |(X̂ - X)·C_j| <= E,
//!
//! ```text
//!     E = |X̂| max|Ĉ_j - C_j| + |X̂ - X| max|C_j| + 2,
//! ```
//!
//! by Cauchy and Schwarz. |X̂ - X| is measured for each point, so coordinates that had to be clamped are no danger: they make
//! a point's reach wide. What the 2 allows beyond the 1/2 covers the roundings of binary64: those of X, C_j and |C_j|², relative
//! errors below (d + 4) v, and those of D, at most 1.01 (d/8 + 8) v of s r |x - c_j|² / 2 <= (r/s |X|² + s/r |C_j|²). With
//! d <= 2048 and 1/64 <= s/r <= 1, and no coordinate of a center clamped (|C_j| <= 127 √d, and 127 <= max|C_j| / 1.01), all
//! that is below 0.1 for points with |X| <= 2 · 127 √d. Any other point has |X̂ - X| >= |X| / 2, and for it the roundings of D are
//! beneath a hundredth of the second term up to |X| = 2^40, which is the margin that both terms are given; beyond, E exceeds
//! all differences of T̂, and proves nothing. For these are below 2^28, as d (127²/2 + 128 · 127 + 255 · 127) <= 2^27 bounds
//! |T̂_j|; and so E may saturate at 2^29, and all fits 32 bits. The frame is used only where ranges are within 2^±300, so
//! that nothing underflows that matters.
//!
//! Where two T̂ lie within 2 E, D of the center b of the least is evaluated first. It gives T_b without error (s r D_b / 2
//! less s r |x - μ|² / 2, rounded by less than 1), and so only centers with T̂_j <= T_b + E + 1 can be as near as b: half the
//! reach, and often nobody is left in it.
//!
//! # Words
//!
//! The same with 16 bits a coordinate, of which no vector is longer than L = 13,000. A pass with a center beyond that is not
//! screened in words, and of a point beyond it X̂ = 0 is kept, for which E holds as for any other. The centers' scale r is the
//! points', or as much more as brings the farthest center to L, but 64 times at most. Nothing is clamped, as no coordinate is
//! longer than its vector; and with |X̂| <= L + √d / 2, d <= 1024, |T̂_j| <= L² / 2 + (L + 16)² < 2^28, partial sums included.
//! Of each point |X| is kept, and not |X̂| <= |X| + |X̂ - X|; both norms in binary32, rounded up, and E is evaluated in it, for
//! which its terms have a margin of a hundredth. Of the 3/2 that it has besides, the rounding of |C_j|² s / 2 r takes 1/2, and
//! what rounds in binary64, at most 1.01 (d/8 + 8) v (64 |X|² + |C_j|²) and the like, a hundredth as long as |X| <= 2^16. From
//! there on it is beneath the margin of |X̂ - X| max(|C_j|, 1/2), until E saturates.

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
        let t = (d.min(E::CHUNK) + d.div_ceil(E::CHUNK)) as f64;
        let d = d as f64;
        let margin = 1.1;
        let relative = (1.06 * t + 24.0) * E::ROUNDOFF + 0.13 * d * f64::ROUNDOFF;
        // Twice for both centers, and twice because B is at most twice the sum of the squares.
        let per_square = 4.0 * margin * relative;
        let underflow = (6.0 * d + 10.0) * E::TINIEST + scale * (scale * ((d + 8.0) * 5e-324));
        Certificate {
            per_square,
            constant: per_square * radius_squared + 2.0 * margin * underflow,
        }
    }

    /// Whether the derivation holds for so many dimensions at all.
    pub(crate) fn holds<E: Working>(d: usize) -> bool {
        let t = d.min(E::CHUNK) + d.div_ceil(E::CHUNK);
        (t as f64 + 5.0) * E::ROUNDOFF <= 0.05
    }
}

/// Ranges of coordinates beyond which, or beneath whose inverse, bytes are not tried.
const SANE: f64 = f64::from_bits((1023 + 300) << 52);

/// The scales of bytes for points and for centers, whose coordinates are mostly, and always, within these ranges of the
/// mean; `None` where the derivation would not hold.
pub(crate) fn byte_scales(points: f64, centers: f64) -> Option<(f64, f64)> {
    let sane = |range: f64| (1.0 / SANE..SANE).contains(&range);
    if !sane(points) || !sane(centers) {
        return None;
    }
    let scale = 127.0 / centers.max(points);
    Some((scale, (127.0 / centers).min(64.0 * scale)))
}

/// The scale of bytes for vectors whose coordinates are mostly within this range of the mean.
pub(crate) fn byte_scale(range: f64) -> Option<f64> {
    (1.0 / SANE..SANE).contains(&range).then(|| 127.0 / range)
}

/// The longest vector in words.
pub(crate) const LONGEST: f64 = 13000.0;

/// The scale of words for vectors that are mostly at most so long.
pub(crate) fn word_scale(length: f64) -> Option<f64> {
    // One that is just so long must not become longer by a rounding.
    let nearly = 0.999 * LONGEST;
    (1.0 / SANE..SANE)
        .contains(&length)
        .then(|| nearly / length)
}

/// The scale of centers in words, of points scaled by `scale`, where centers are at most so far from the mean; `None` where they
/// are too far.
pub(crate) fn center_scale(scale: f64, length: f64) -> Option<f64> {
    let widest = FINEST * scale;
    match length * scale <= LONGEST {
        true if length * widest <= LONGEST => Some(widest),
        true => Some(LONGEST / length),
        false => None,
    }
}

/// How much finer than points centers may be in words.
const FINEST: f64 = 64.0;

/// 2 E of words as `per_norm` |X| + `per_error` |X̂ - X| + 3, for centers of at most so large |C_j| and |Ĉ_j - C_j|.
pub(crate) fn word_reach(radius: f64, error: f64) -> (f32, f32) {
    let (per_norm, per_error, _) = byte_reach(radius, error);
    // Not zero, or the reach of a point that is too long would be.
    (per_norm as f32, (per_norm + per_error).max(1.0) as f32)
}

/// 2 E as `per_norm` |X̂| + `per_error` |X̂ - X| + `constant`, for centers of at most so large |C_j| and |Ĉ_j - C_j|.
pub(crate) fn byte_reach(radius: f64, error: f64) -> (f64, f64, f64) {
    let margin = 1.01;
    (2.0 * margin * error, 2.0 * margin * radius, 4.0)
}

/// The power of two that brings coordinates of at most `largest`, and their differences, below 2^31.
pub(crate) fn scale_for_f32(largest: f64) -> f64 {
    match largest {
        0.0 => 1.0,
        // Beyond 2^1000 the squares underflow in D long since, and the certificate says so.
        _ => power_of_two((29 - exponent(largest)).min(1000)),
    }
}
