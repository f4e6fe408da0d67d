//! The certificate: when a screening pass proves a label.
//!
//! Vectors are shifted by a fixed μ and scaled: X = s (x - μ), C_j = s (c_j - μ). A screen evaluates, for every center, a value that
//! is s² D(x, c_j) less a term of x alone, within a proven error, and keeps the least and the second least. Where they are farther
//! apart than the point's *reach*, the label is proven; else the nearest center is among those whose values are within reach of the
//! least, and D decides.
//!
//! | | | lemmas in `docs/proofs.md` |
//! |---|---|---|
//! | floating point | Ŝ_j ≈ \|ĉ_j\|² - 2 x̂·ĉ_j | L1, L2, L3, L11 |
//! | bytes | T̂_j = round(\|C_j\|² s / 2 r) - X̂·Ĉ_j, in integers | L4 |
//! | words | V_j ≈ K_j - (X̂·Ĉ_j + e) u w_j, a lower bound | L5 |
//!
//! Where D of the center of the least value is known, its error is none, and less is within reach (L10).

use super::panel::norm_roundings;
use crate::lanes::screen::Working;
use crate::update::exact_sum::{exponent, power_of_two};

/// D is within `relative` |x - c|² + `absolute` of |x - c|² (L1).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Definition {
    pub(crate) relative: f64,
    pub(crate) absolute: f64,
}

impl Definition {
    pub(crate) fn new(d: usize) -> Self {
        let d = d as f64;
        Definition {
            relative: 1.01 * (d / 8.0 + 6.0) * f64::ROUNDOFF,
            absolute: (0.51 * d).ceil() * f64::TINIEST,
        }
    }
}

/// What a working precision proves for one pass: `reach(x)` is `per_square * |x̂|² + constant` (L3).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Certificate {
    pub(crate) per_square: f64,
    pub(crate) constant: f64,
}

/// Terms of higher order of up to 0.05 / u roundings (L3).
const HIGHER: f64 = 1.06;

/// |c|² + 2 |x||c| is at most so many times |x|² + |c|²: the golden ratio (L3).
const GOLDEN: f64 = 1.618_04;

/// What squares and a reach may be off by when they make it (L3).
const MARGIN: f64 = 1.1;

impl Certificate {
    /// For vectors of d dimensions scaled by `scale`, and centers within `radius_squared` of the origin.
    pub(crate) fn new<E: Working>(d: usize, scale: f64, radius_squared: f64) -> Self {
        let definition = Definition::new(d);
        let relative = HIGHER * GOLDEN * Self::roundings::<E>(d) + 2.0 * definition.relative;
        let per_square = 2.0 * MARGIN * relative;
        // What |x̂|² is off by when margins take it back out of a reach that underflowed (L6).
        let taken_back = 2.0 / per_square;
        let underflow = (3.0 * d as f64 + 4.0 + taken_back) * E::TINIEST
            + scale * (scale * definition.absolute);
        Certificate {
            per_square,
            constant: per_square * radius_squared + 2.0 * MARGIN * underflow,
        }
    }

    /// What a value rounds by, as a part of |c|² + 2 |x||c|: t + 2 roundings of products that were rounded before, and one of a
    /// limit; the norm, and three of what is shifted.
    fn roundings<E: Working>(d: usize) -> f64 {
        let t = d.min(E::CHUNK) + d.div_ceil(E::CHUNK);
        let norm = norm_roundings(d);
        (t as f64 + 3.0) * E::ROUNDOFF + (norm as f64 + 3.0) * f64::ROUNDOFF
    }

    /// Whether the lemmas hold for so many dimensions at all: whether these roundings are 0.05 at most (L3), and those of D are less than
    /// margins allow for (L6). In integers, as sizes of workspaces depend on it: they are asked for in the caller's floating-point environment.
    pub(crate) fn holds<E: Working>(d: usize) -> bool {
        const MOST: u128 = (1 << 53) / 20;
        let t = d.min(E::CHUNK) + d.div_ceil(E::CHUNK);
        let units = (E::ROUNDOFF / f64::ROUNDOFF) as u128;
        let roundings = (t as u128 + 3) * units + norm_roundings(d) as u128 + 3;
        roundings <= MOST && d as u128 <= 1 << 33
    }
}

/// By how much farther than the nearest, of itself, a center is to be for D to tell (L6): 2^-22.
pub(crate) const ALPHA: f64 = 1.0 / (1 << 22) as f64;

/// Ranges of coordinates beyond which, or beneath whose inverse, bytes and words are not tried (L4, L5).
const SANE: f64 = f64::from_bits((1023 + 300) << 52);

/// The scales of bytes for points and for centers, whose coordinates are mostly, and always, within these ranges of the
/// mean; `None` where L4 would not hold.
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

/// The reach in bytes as `per_norm` |X̂| + `per_error` |X̂ - X| + `constant`, for centers of at most so large |C_j| and |Ĉ_j - C_j|
/// (L4).
pub(crate) fn byte_reach(radius: f64, error: f64) -> (f64, f64, f64) {
    // What these are off by themselves, and what a long point makes D round.
    const MARGIN: f64 = 1.01;
    // Of a value, beside these: a half that its start is rounded by, and a half of the reach that is cut off.
    const ROUNDED: f64 = 2.0;
    (2.0 * MARGIN * error, 2.0 * MARGIN * radius, 2.0 * ROUNDED)
}

/// The scale of words for vectors that are usually so long.
pub(crate) fn word_scale(length: f64) -> Option<f64> {
    (1.0 / SANE..SANE).contains(&length).then(|| 1.0 / length)
}

/// The longest vector in words, L, and how much longer rounding makes it at most, in up to 1024 dimensions (L5).
pub(super) const LONGEST: f32 = 32700.0;
pub(super) const STRETCHED: f32 = 17.0;

/// Whether a vector of this length, scaled, may be told in words.
pub(crate) fn is_near(length: f64) -> bool {
    length <= (1u64 << 60) as f64
}

/// The unit of a vector of such a length (L5): 2^-60 at least, so that nothing underflows.
#[inline(always)]
pub(crate) fn word_unit(length: f32) -> f32 {
    const LEAST: f32 = f32::from_bits((127 - 60) << 23);
    match length < f32::INFINITY {
        true => (length * (1.0 / LONGEST)).max(LEAST),
        false => 0.0,
    }
}

/// The unit of a center of such a length, and what its values start from (L5): |c'|² / 2, less what rounds in binary32.
pub(crate) fn word_center(length: f64) -> (f32, f32) {
    const LESS: f64 = 1.0 - 1.0 / (1 << 21) as f64;
    (
        word_unit(length as f32),
        (0.5 * LESS * length * length) as f32,
    )
}

/// More than underflow amounts to where words are compared (L5): 2^-90.
pub(crate) const TINY: f32 = f32::from_bits((127 - 90) << 23);

/// How far words reach, for the centers of a pass (L5).
#[derive(Clone, Copy)]
pub(crate) struct WordReach {
    /// What does not depend on the point.
    constant: f32,
}

impl WordReach {
    /// What e is more than E, of itself.
    const MARGIN: f32 = 1.01;
    /// And besides: what the sum, three products and D round by, and what is cut off when e becomes whole.
    const ROUNDED: f32 = 1026.0;

    /// For centers of at most so large |Ĉ - C|.
    pub(crate) fn new(error: f64) -> Self {
        let constant = f64::from(Self::MARGIN * LONGEST) * error + f64::from(Self::ROUNDED);
        WordReach {
            constant: constant as f32,
        }
    }

    /// e of a point of this |X̂ - X|, and 2 e u, with a margin.
    #[inline(always)]
    pub(crate) fn of_point(self, error: f32, unit: f32) -> (i32, f32) {
        let e = error * (Self::MARGIN * (LONGEST + STRETCHED)) + self.constant;
        let reach = match unit > 0.0 {
            true => 2.0 * Self::MARGIN * e * unit,
            false => f32::INFINITY,
        };
        (e as i32, reach)
    }

    /// The reach of a point, for the center of the least value, of 2 e u, w, K and |x'|².
    #[inline(always)]
    pub(crate) fn whole(of_point: f32, unit: f32, start: f32, square: f64) -> f32 {
        // Twice what K is less, and four times η.
        const OF_START: f32 = 1.0 / (1 << 20) as f32;
        const OF_SQUARE: f32 = OF_START * OF_START;
        of_point * unit + start * OF_START + square as f32 * OF_SQUARE + TINY
    }
}

/// The power of two that brings coordinates of at most `largest`, and their differences, below 2^31 (L11).
pub(crate) fn scale_for_f32(largest: f64) -> f64 {
    match largest {
        0.0 => 1.0,
        // Beyond 2^1000 the squares underflow in D long since, and the certificate says so.
        _ => power_of_two((29 - exponent(largest)).min(1000)),
    }
}
