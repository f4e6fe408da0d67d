//! The certificate: when a screening pass proves a label.
//!
//! Vectors are shifted by a fixed μ and scaled: X = s (x - μ), C_j = s (c_j - μ). A screen evaluates, for every center, a value that
//! is s² D(x, c_j) less a term of x alone, within a proven error, and keeps the least and the second least. Where they are farther
//! apart than the point's *reach*, the label is proven; else the nearest center is among those whose values are within reach of the
//! least, and D decides.
//!
//! | | | lemmas in `docs/proofs.md` |
//! |---|---|---|
//! | floating point | Ŝ_j ≈ \|ĉ_j\|² - 2 x̂·ĉ_j, a little less | L1, L2, L3, L16, L17, L18 |
//! | bytes | T̂_j = round(\|C_j\|² s / 2 r) - X̂·Ĉ_j, in integers | L4 |
//! | words | V_j ≈ K_j - (X̂·Ĉ_j + e) u w_j, a lower bound | L5 |
//!
//! Where D of the center of the least value is known, its error is none, and less is within reach (L10).

use super::panel::norm_roundings;
use crate::exact::accumulator::{exponent, power_of_two};
use crate::simd::products::Working;

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

/// What a working precision proves for one pass: the reach of a point with label b is `per_square * (|x̂|² + |ĉ_b|²) + constant` (L16).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Certificate {
    pub(crate) per_square: f64,
    pub(crate) constant: f64,
    /// What values start from, as a part of |ĉ|².
    pub(crate) start: f64,
}

/// Terms of higher order of up to 0.05 / u roundings (L3).
const HIGHER: f64 = 1.06;

/// |c|² + 2 |x||c| is at most so many times |x|² + |c|²: the golden ratio (L3).
const GOLDEN: f64 = 1.618_04;

/// What squares and a reach may be off by when they make it (L3).
const MARGIN: f64 = 1.1;

impl Certificate {
    /// For vectors of d dimensions scaled by `scale`; with values that start from |ĉ|² itself, if they are to be `exact` where
    /// nothing is rounded (L18).
    pub(crate) fn new<E: Working>(d: usize, scale: f64, exact: bool) -> Self {
        let definition = Definition::new(d);
        let relative = HIGHER * GOLDEN * Self::roundings::<E>(d) + 2.0 * definition.relative;
        let per_square = 2.0 * MARGIN * relative;
        let underflow = (3.0 * d as f64 + 4.0) * E::TINIEST + scale * (scale * definition.absolute);
        Certificate {
            per_square,
            constant: 2.0 * MARGIN * underflow,
            start: if exact { 1.0 } else { 1.0 - 0.5 * per_square },
        }
    }

    /// What the values of a center start from. Of a far one (L17) that is all there is: no point that is proven anything is so far
    /// from the origin that |C|² - 2 X·C could be less.
    pub(crate) fn start<E: Working>(&self, square: f64) -> E {
        match square < E::FAR {
            true => E::of(square * self.start),
            false => E::of((0.5 * square).min(E::FAR)),
        }
    }

    /// |x̂|² from which on nothing is proven.
    pub(crate) const fn far<E: Working>() -> f64 {
        E::FAR / 64.0
    }

    /// What the label's center adds to the reach, given what its values start from: all there is, if it is far.
    #[inline(always)]
    pub(crate) fn of_start<E: Working>(&self, start: E) -> E {
        match start < E::of(0.5 * E::FAR) {
            true => start * E::of(self.per_square / self.start),
            false => E::INFINITY,
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

/// Whether a center of this length, scaled, may be told in words.
pub(crate) fn is_near(length: f64) -> bool {
    length <= (1u64 << 60) as f64
}

/// Whether a point may: an eighth of that.
pub(crate) fn is_nearer(length: f64) -> bool {
    length <= (1u64 << 57) as f64
}

/// Unit and start of a center that is farther. No point that is told in words has a smaller |c'|² / 2 - x'·c' (L17).
pub(crate) const FAR_CENTER: (f32, f32) = (0.0, f32::from_bits((127 + 118) << 23));

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
        match start < FAR_CENTER.1 {
            true => of_point * unit + start * OF_START + square as f32 * OF_SQUARE + TINY,
            false => f32::INFINITY,
        }
    }
}

/// How many times farther than points centers are to be for bytes to be too coarse.
pub(crate) const BYTES_BEYOND: f64 = 8.0;

/// The power of two that makes a usual length about 1 (L11).
pub(crate) fn scale_of(length: f64) -> f64 {
    match length.is_normal() {
        // Beyond 2^1000 the squares underflow in D long since, and the certificate says so.
        true => power_of_two((-exponent(length)).min(1000)),
        false => power_of_two(if length == 0.0 { 0 } else { 1000 }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assign::panel::pack_centers;
    use crate::exact::distance::squared;
    use crate::quantize::Grid;
    use crate::simd::products::Element;

    /// Numbers that differ from call to call.
    struct Random(u64);

    impl Random {
        fn below(&mut self, bound: u64) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0 % bound
        }

        /// Whole numbers, of more bits than single precision has.
        fn row(&mut self, d: usize, largest: u64) -> Vec<f64> {
            let one = |random: &mut Self| random.below(2 * largest) as f64 - largest as f64;
            (0..d).map(|_| one(self)).collect()
        }
    }

    /// A center in panels of one, and what values start from.
    fn packed(center: &[f64], certificate: &Certificate) -> (Vec<f32>, f32) {
        let (mut data, mut norm) = (vec![0.0f32; center.len()], [0.0f32]);
        let mean = vec![0.0; center.len()];
        let registers = 16;
        pack_centers(
            center,
            (&mean, 1.0),
            certificate,
            registers,
            &mut data,
            &mut norm,
        );
        (data, norm[0])
    }

    /// A value as a kernel without fused operations finds it.
    fn value(x: &[f64], (panel, start): &(Vec<f32>, f32)) -> f32 {
        let mut value = 0.0;
        for (chunk, (x, panel)) in x
            .chunks(f32::CHUNK)
            .zip(panel.chunks(f32::CHUNK))
            .enumerate()
        {
            let mut sum = if chunk == 0 { *start } else { 0.0 };
            for (&x, &c) in x.iter().zip(panel) {
                sum += x as f32 * c;
            }
            value = if chunk == 0 { sum } else { sum + value };
        }
        value
    }

    #[test]
    fn far_centers_are_bounded_below() {
        // L17
        let (mut random, d) = (Random(3), 5);
        let certificate = Certificate::new::<f32>(d, 1.0, false);
        for exponent in 100..300 {
            let unit = 2f64.powi(exponent - 30 - 50);
            let center: Vec<f64> = random.row(d, 1 << 30).iter().map(|c| c * unit).collect();
            let (panel, start) = packed(&center, &certificate);
            let norm = squared(&center, &[0.0; 5]);
            let infinite = certificate.of_start(start) == f32::INFINITY;
            if norm < f32::FAR {
                continue;
            }
            assert!(infinite && start.is_finite() && panel.iter().all(|&c| c == 0.0));
            // The nearest that a point proves anything.
            let length = Certificate::far::<f32>().sqrt() / norm.sqrt();
            let x: Vec<f64> = center.iter().map(|c| c * length).collect();
            let least = squared(&x, &center) - squared(&x, &[0.0; 5]);
            assert!(least > 1.4 * f64::from(start), "2^{exponent}");
        }
    }

    #[test]
    fn whole_numbers_are_exact() {
        // L18: at the very end of the range.
        let mut random = Random(9);
        for d in [1, 2, 5, 16, 64, 200] {
            let most = (2f64.powi(24) / d as f64).sqrt().floor();
            let far = (most / 2.0).floor();
            let ends = |random: &mut Random, by: f64| -> Vec<f64> {
                let sign = |random: &mut Random| [-by, by][random.below(2) as usize];
                (0..d).map(|_| sign(random)).collect()
            };
            for _ in 0..50 {
                let mut center = ends(&mut random, far);
                // The unit is 1.
                center[0] = 1.0;
                let grid = Grid::of::<f32>(&center, &vec![0.0; d], 1.0).expect("whole numbers");
                let x = ends(&mut random, most - far);
                let points = crate::points::Points::rows(&x, 1, d).expect("a row");
                assert!(grid.has(&points, 0, &vec![0.0; d]));
                let certificate = Certificate::new::<f32>(d, 1.0, true);
                let value = value(&x, &packed(&center, &certificate)) as i128;
                let stored: i128 = x.iter().map(|&x| (x * x) as i128).sum();
                assert_eq!(value, squared(&x, &center) as i128 - stored);
                let beyond: Vec<f64> = x.iter().map(|x| 2.0 * x).collect();
                let points = crate::points::Points::rows(&beyond, 1, d).expect("a row");
                assert!(!grid.has(&points, 0, &vec![0.0; d]));
                let off: Vec<f64> = x.iter().map(|x| x * 0.75 + 1.0 / 1024.0).collect();
                let points = crate::points::Points::rows(&off, 1, d).expect("a row");
                assert!(!grid.has(&points, 0, &vec![0.0; d]));
            }
        }
    }
}
