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
//!    the conversion of |ĉ|² included; γ(t+5) <= 1.06 (t+5) u as long as (t+5) u <= 0.05. The sum of the squares of ĉ itself, in
//!    binary64, goes through at most r = min(d, 128) / 8 + d / 128 + 6 roundings (see `panel::norm_roundings`), and is charged
//!    1.06 r v B.
//! 3. *The definition.* Each difference, square and sum of at most d/8 + 3 terms rounds: s² D_j is within
//!    1.01 (d/8 + 8) v B of |X - C|², and within s² (d + 8) 2^-1074 more where squares underflow.
//!
//! Together |s² D_j - |x̂|² - Ŝ_j| <= E with
//!
//! ```text
//!     E = ((1.06 t + 24) u + (1.06 r + 0.13 d) v) B + (6 d + 10 + 2 / p) τ + s² (d + 8) 2^-1074.
//! ```
//!
//! where p, the factor of |x̂|² in the reach below, is there for the margins, which divide a reach by it.
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
//! Whole numbers of 16 bits, where every vector has a scale of its own. Let g be about the inverse of a usual length, and
//! x' = g (x - μ), c'_j = g (c_j - μ). A point has a unit u, in binary32, such that X = x' / u is at most L = 32,700 long, and
//! its coordinates X̂ as whole numbers; a center so has w_j, C_j = c'_j / w_j, and Ĉ_j. With
//!
//! ```text
//!     T_j = |c'_j|² / 2 - x'·c'_j          so that  g² |x - c_j|² = |x'|² + 2 T_j
//! ```
//!
//! the kernel evaluates the product exactly, and the rest in binary32:
//!
//! ```text
//!     V_j ≈ K_j - (X̂·Ĉ_j + e) u w_j          K_j = (1 - 2^-21) |c'_j|² / 2,   e >= 1.01 E + 1024,
//!     E = L max|Ĉ_i - C_i| + |X̂ - X| (L + 17).
//! ```
//!
//! As |X̂·Ĉ_j u w_j - x'·c'_j| <= E u w_j, by Cauchy and Schwarz, this is a *lower* bound of T_j. For what rounds is below
//! 260 u w_j + 2^-23 K_j: the sum is below (L + 17)² + e < 1.1 · 2^30 in magnitude, partial sums included (|Ĉ_j| <= L + √d / 2
//! and d <= 1024), and goes through a conversion, a product, and a product and a sum that may be fused. In binary64 X, C_j and D
//! round by (d + 8) v of (|x'| + |c'_j|)² at most, where what comes of |c'_j|² is beneath 2^-23 K_j, and what comes of the product
//! beneath u w_j. So V_j <= T_j + η, where η, what comes of |x'|², is at most 2^-42 |x'|²; and
//!
//! ```text
//!     T_j <= V_j + r_j - η,          r_j = 2 e u w_j + 2^-20 K_j + 2^-40 |x'|² + 2^-90,
//! ```
//!
//! the last for underflow. r_j is wanted for the center b of the least V alone. Where all other V are greater by more than r_b,
//! that label is proven; else the nearest center is among those with V_j <= V_b + r_b, and once D_b is known, with
//! V_j <= T_b + η. A far center cannot make the reach of a near one wide, nor a long point that of a short one.
//!
//! No unit is below 2^-60, which leaves shorter vectors just coarser. A pass with a center beyond 2^60 is not screened in words,
//! and of a point beyond it X̂ = u = 0 and r = ∞, which proves nothing; so all values are below 2^122.

use super::panel::norm_roundings;
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
        let (norm, d) = (norm_roundings(d) as f64, d as f64);
        let margin = 1.1;
        let relative = (1.06 * t + 24.0) * E::ROUNDOFF + (1.06 * norm + 0.13 * d) * f64::ROUNDOFF;
        // Twice for both centers, and twice because B is at most twice the sum of the squares.
        let per_square = 4.0 * margin * relative;
        // What |x̂|² is off by when margins take it back out of a reach that underflowed (L6).
        let taken_back = 2.0 / per_square;
        let underflow = (6.0 * d + 10.0 + taken_back) * E::TINIEST
            + scale * (scale * ((d + 8.0) * f64::TINIEST));
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

/// The scale of words for vectors that are usually so long.
pub(crate) fn word_scale(length: f64) -> Option<f64> {
    (1.0 / SANE..SANE).contains(&length).then(|| 1.0 / length)
}

/// The longest vector in words.
const LONGEST: f32 = 32700.0;

/// Whether a vector of this length, scaled, may be told in words.
pub(crate) fn is_near(length: f64) -> bool {
    length <= (1u64 << 60) as f64
}

/// The unit of a vector of such a length.
#[inline(always)]
pub(crate) fn word_unit(length: f32) -> f32 {
    const LEAST: f32 = f32::from_bits((127 - 60) << 23);
    match length < f32::INFINITY {
        true => (length * (1.0 / LONGEST)).max(LEAST),
        false => 0.0,
    }
}

/// The unit of a center of such a length, and what its values start from.
pub(crate) fn word_center(length: f64) -> (f32, f32) {
    let less = 1.0 - 1.0 / (1 << 21) as f64;
    (
        word_unit(length as f32),
        (0.5 * less * length * length) as f32,
    )
}

/// More than underflow amounts to where words are compared: 2^-90.
pub(crate) const TINY: f32 = f32::from_bits((127 - 90) << 23);

/// How far words reach, for the centers of a pass.
#[derive(Clone, Copy)]
pub(crate) struct WordReach {
    /// What does not depend on the point.
    constant: f32,
}

impl WordReach {
    /// For centers of at most so large |Ĉ - C|.
    pub(crate) fn new(error: f64) -> Self {
        let constant = 1.01 * f64::from(LONGEST) * error + 1026.0;
        WordReach {
            constant: constant as f32,
        }
    }

    /// e of a point of this |X̂ - X|, and 2 e u, with a margin.
    #[inline(always)]
    pub(crate) fn of_point(self, error: f32, unit: f32) -> (i32, f32) {
        let e = error * (1.01 * (LONGEST + 17.0)) + self.constant;
        let reach = match unit > 0.0 {
            true => 2.02 * e * unit,
            false => f32::INFINITY,
        };
        (e as i32, reach)
    }

    /// The reach of a point, for the center of the least value, of 2 e u, w, K and |x'|².
    #[inline(always)]
    pub(crate) fn whole(of_point: f32, unit: f32, start: f32, square: f64) -> f32 {
        const OF_START: f32 = 1.0 / (1 << 20) as f32;
        const OF_SQUARE: f32 = OF_START * OF_START;
        of_point * unit + start * OF_START + square as f32 * OF_SQUARE + TINY
    }
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
