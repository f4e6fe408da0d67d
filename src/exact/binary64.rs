//! Doubles by their bits: exponents, powers of two, rounding once, and the rounding error of a product.

/// Exponent of the lowest bit a double can have.
pub(crate) const LOWEST: i32 = -1074;

/// A finite magnitude as `(whole, exponent)`: it is `whole` times 2^`exponent`.
pub(crate) fn parts(x: f64) -> (u64, i32) {
    let bits = x.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    // A subnormal has the exponent of the smallest normal and no hidden bit.
    match (bits >> 52 & 0x7ff) as i32 {
        0 => (fraction, LOWEST),
        e => (fraction | 1 << 52, e - 1 + LOWEST),
    }
}

/// `whole` times 2^`exponent`, rounded to nearest, ties to even. With `more`, a number strictly between that and `(whole + 1)` times
/// 2^`exponent` is rounded; then `whole` has at least 55 bits, or the number is below half of the least double.
#[inline]
pub(crate) fn nearest(whole: u64, more: bool, exponent: i32) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    // With the highest bit at 63.
    let up = whole.leading_zeros();
    let (whole, exponent) = (whole << up, exponent - up as i32);
    if exponent + 63 > 1023 {
        return f64::INFINITY;
    }
    // A double keeps 53 bits, none of them below 2^-1074; a number below half of that is rounded to 0.
    const DROP: i32 = 11;
    let (kept, below, drop) = match LOWEST - exponent {
        ..=DROP => (whole >> DROP, whole << (64 - DROP), DROP),
        drop @ ..64 => (whole >> drop, whole << (64 - drop), drop),
        64 => (0, whole, 64),
        _ => return 0.0,
    };
    let half = 1 << 63;
    let above = below > half || below == half && (more || kept % 2 == 1);
    // Added as bit patterns: the hidden bit of a normal number increments the exponent, and so does a carry.
    let biased = (exponent + drop - LOWEST) as u64;
    f64::from_bits((biased << 52) + kept + u64::from(above))
}

/// The rounding error a b - `product` of `product` = fl(a b): exact (L23; Dekker 1971), unless it has bits below 2^-1074. No step
/// overflows unless the product does.
#[inline(always)]
pub(crate) fn rounding_error(a: f64, b: f64, product: f64) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (halves(a), halves(b));
    a_rest * b_rest - (((product - a * b) - a_rest * b) - a * b_rest)
}

/// A double as the sum of two doubles of at most 26 bits each.
#[inline(always)]
fn halves(x: f64) -> (f64, f64) {
    // Rounding the bit pattern works the same for all exponents, and overflows only next to infinity.
    let high = f64::from_bits((x.to_bits() + (1 << 26)) & !((1 << 27) - 1));
    (high, x - high)
}

/// `whole * 2^exponent` for an integer-valued double and an exponent of at least [`LOWEST`]. Nothing is
/// rounded: the product is a multiple of 2^-1074, and if subnormal, of fewer than 2^53 of these. It
/// overflows to infinity.
#[inline]
pub(crate) fn scale(whole: f64, exponent: i32) -> f64 {
    let half = exponent / 2;
    whole * power_of_two(half) * power_of_two(exponent - half)
}

/// M for the unit 2^`unit` (see [`limbs`](super::limbs)). No double has bits below 2^-1074, so smaller units get the M of
/// that one, 1.5 * 2^-1022, which is normal.
pub(crate) fn magic(unit: i32) -> f64 {
    1.5 * power_of_two(unit.max(LOWEST) + 52)
}

/// 2^`exponent`, for exponents of normal doubles.
#[inline]
pub(crate) fn power_of_two(exponent: i32) -> f64 {
    debug_assert!((-1022..=1023).contains(&exponent));
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

/// Exponent of the highest set bit of a positive double.
pub(crate) fn exponent(x: f64) -> i32 {
    let bits = x.to_bits();
    match (bits >> 52) as i32 {
        0 => LOWEST + (63 - bits.leading_zeros() as i32),
        biased => biased - 1023,
    }
}
