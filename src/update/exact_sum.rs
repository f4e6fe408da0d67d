//! Exact sums of doubles, rounded once.
//!
//! [`ExactSum`] is a fixed-point number wide enough for every finite double (Kulisch's long
//! accumulator), for sums whose range is not known beforehand: the inertia, and sums that need three
//! limbs or more. [`rounded_pair`] is the shortcut for one or two limbs, which is what centers usually need.

/// Exponent of the lowest bit a double can have.
pub(crate) const LOWEST: i32 = -1074;

/// Bits in a digit. Digits are kept in 64-bit integers, so that 2^30 additions need no carrying.
const DIGIT: u32 = 32;
const MASK: i64 = (1 << DIGIT) - 1;

/// Digits: from 2^-1074 to 2^1024, and 100 bits of head room for sums.
pub(crate) const DIGITS: usize = 69;

/// Carried sums of no number below 0 whose digits may be added one by one, at most, and what becomes of a digit (L35).
const JOINED: i64 = 1 << 30;
pub(crate) const LARGEST_DIGIT: i64 = JOINED * MASK;

/// A sum of doubles (and of scaled integers) without any rounding. Order does not matter.
#[derive(Clone)]
pub(crate) struct ExactSum {
    /// Digit `i` counts units of 2^(32 i - 1074); signed, and redundant until carried.
    digits: [i64; DIGITS],
    /// Additions since the digits were last carried.
    pending: u32,
}

impl Default for ExactSum {
    fn default() -> Self {
        Self::new()
    }
}

impl ExactSum {
    pub(crate) fn new() -> Self {
        ExactSum {
            digits: [0; DIGITS],
            pending: 0,
        }
    }

    /// Adds a finite double.
    #[inline]
    pub(crate) fn add(&mut self, x: f64) {
        debug_assert!(x.is_finite());
        let bits = x.to_bits();
        let fraction = bits & ((1 << 52) - 1);
        let exponent = (bits >> 52 & 0x7ff) as u32;
        // A subnormal has the exponent of the smallest normal and no hidden bit.
        let (mantissa, shift) = match exponent {
            0 => (fraction, 0),
            e => (fraction | 1 << 52, e - 1),
        };
        self.add_shifted(mantissa, shift, x.is_sign_negative());
    }

    /// Adds numbers from 0 to 2^1020, at most 1024 of them: in two limbs of 50 bits below the largest, as vectors; those that leave
    /// something over, which are smaller by 2^47, one by one.
    pub(crate) fn add_all(&mut self, terms: &[f64]) {
        debug_assert!(terms.len() <= 1024);
        let top = terms
            .iter()
            .fold(0.0, |top: f64, &x| if x > top { x } else { top });
        if top == 0.0 {
            return;
        }
        let unit = exponent(top) + 1 - 50;
        let (high, low) = (magic(unit), magic(unit - 50));
        let (mut sums, mut left) = ([0i64; 2], 0);
        for &x in terms {
            let shifted = x + high;
            let rest = x - (shifted - high);
            let finer = rest + low;
            let over = rest - (finer - low);
            sums[0] = sums[0].wrapping_add(shifted.to_bits() as i64);
            sums[1] = sums[1].wrapping_add(finer.to_bits() as i64);
            left |= over.to_bits();
        }
        if left != 0 {
            terms.iter().for_each(|&x| self.add(x));
            return;
        }
        for (sum, (magic, unit)) in sums.into_iter().zip([(high, unit), (low, unit - 50)]) {
            let bias = (terms.len() as i64).wrapping_mul(magic.to_bits() as i64);
            self.add_scaled(sum.wrapping_sub(bias), unit.max(LOWEST));
        }
    }

    /// Adds `units` times 2^`exponent`; the exponent is at least [`LOWEST`] and at most 1023.
    pub(crate) fn add_scaled(&mut self, units: i64, exponent: i32) {
        debug_assert!((LOWEST..=1023).contains(&exponent));
        self.add_shifted(units.unsigned_abs(), (exponent - LOWEST) as u32, units < 0);
    }

    #[inline]
    fn add_shifted(&mut self, magnitude: u64, shift: u32, negative: bool) {
        let first = (shift / DIGIT) as usize;
        // At most 64 + 31 bits: three digits.
        let wide = u128::from(magnitude) << (shift % DIGIT);
        for (i, digit) in self.digits[first..first + 3].iter_mut().enumerate() {
            let part = (wide >> (DIGIT * i as u32)) as i64 & MASK;
            *digit += if negative { -part } else { part };
        }
        self.pending += 1;
        if self.pending == 1 << 30 {
            self.carry();
        }
    }

    /// The sum of at most [`JOINED`] sums whose digits, added one by one, are these (L35).
    pub(crate) fn from_digits(digits: &[i64; DIGITS]) -> Self {
        ExactSum {
            digits: *digits,
            pending: 0,
        }
    }

    /// The digits, each but the last in [0, 2^32).
    pub(crate) fn digits(&mut self) -> &[i64; DIGITS] {
        self.carry();
        &self.digits
    }

    /// Adds this sum to one that stands as digits, and leaves the digits of the total: each but the last in [0, 2^32), a
    /// function of its value (L35).
    pub(crate) fn add_to(&mut self, digits: &mut [i64]) {
        let mut total = ExactSum::new();
        total.digits.copy_from_slice(digits);
        total.merge(self);
        digits.copy_from_slice(total.digits());
    }

    /// Adds another sum.
    pub(crate) fn merge(&mut self, other: &mut ExactSum) {
        self.carry();
        other.carry();
        for (a, b) in self.digits.iter_mut().zip(&other.digits) {
            *a += b;
        }
        self.pending = 2;
    }

    /// Brings every digit but the last into [0, 2^32); the last keeps the sign.
    fn carry(&mut self) {
        let mut carry = 0;
        for digit in &mut self.digits[..DIGITS - 1] {
            let sum = *digit + carry;
            *digit = sum & MASK;
            carry = sum >> DIGIT;
        }
        self.digits[DIGITS - 1] += carry;
        self.pending = 0;
    }

    /// The sum, rounded once to nearest, ties to even; an exact zero is +0.0.
    pub(crate) fn round(&mut self) -> f64 {
        let (whole, exponent) = self.parts();
        scale(whole, exponent)
    }

    /// The sum, rounded once to a whole number times two to a power, which no sum is too great for: `(whole, power)`.
    pub(crate) fn parts(&mut self) -> (f64, i32) {
        self.carry();
        let mut magnitude = self.clone();
        let negative = self.digits[DIGITS - 1] < 0;
        if negative {
            for digit in &mut magnitude.digits {
                *digit = -*digit;
            }
            magnitude.carry();
        }
        let digits = magnitude.digits;
        let sign = if negative { -1.0 } else { 1.0 };
        let Some(top) = digits.iter().rposition(|&digit| digit != 0) else {
            return (0.0, LOWEST);
        };
        // The head: the top three digits, 65 to 96 bits unless they are the lowest three; the rest
        // matters only by being zero or not, and stands as the head's lowest bit.
        let low = top.saturating_sub(2);
        let head = digits[low..=top]
            .iter()
            .rev()
            .fold(0u128, |head, &digit| head << DIGIT | digit as u128);
        let rest = digits[..low].iter().any(|&digit| digit != 0);
        let whole = (head | u128::from(rest)) as f64;
        (sign * whole, low as i32 * DIGIT as i32 + LOWEST)
    }
}

/// `high * 2^exponent_high + low * 2^exponent`, rounded once; `exponent <= exponent_high <= exponent + 62`.
#[inline]
pub(crate) fn rounded_pair(high: i64, exponent_high: i32, low: i64, exponent: i32) -> f64 {
    let units = (i128::from(high) << (exponent_high - exponent)) + i128::from(low);
    // Conversion rounds to nearest even, and so does nothing else: see `scale`.
    scale(units as f64, exponent)
}

/// `whole * 2^exponent` for an integer-valued double and an exponent of at least [`LOWEST`]. No
/// rounding: the product is a multiple of 2^-1074, and a subnormal one is below 2^53 of these. (It
/// overflows to infinity as it should.)
#[inline]
pub(crate) fn scale(whole: f64, exponent: i32) -> f64 {
    let half = exponent / 2;
    whole * power_of_two(half) * power_of_two(exponent - half)
}

/// M for the unit 2^`unit` (see [`limbs`](super::limbs)). Below 2^-1074 nothing is left to be split; there
/// M = 1.5 * 2^-1022, which is still normal.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_at_once_are_as_many_one_by_one() {
        let powers = [
            -1074, -1060, -1022, -540, -100, -48, -1, 0, 1, 46, 47, 48, 500, 1019,
        ];
        for &top in &powers {
            for &other in powers.iter().filter(|&&other| other <= top) {
                let terms: Vec<f64> = (0..97)
                    .map(|i| match i % 3 {
                        0 => scale(1.0 + f64::from(i) / 97.0, top),
                        1 => scale(1.0 + f64::from(i) / 97.0, other),
                        _ => 0.0,
                    })
                    .collect();
                let mut all = ExactSum::new();
                all.add_all(&terms);
                assert_eq!(all.round(), sum(&terms), "2^{top} and 2^{other}");
            }
        }
    }

    fn sum(terms: &[f64]) -> f64 {
        let mut sum = ExactSum::new();
        for &x in terms {
            sum.add(x);
        }
        sum.round()
    }

    #[test]
    fn a_single_double_comes_back() {
        for x in [
            0.0,
            1.0,
            -1.0,
            5e-324,
            -5e-324,
            2.2250738585072014e-308,
            1.1e-308,
            f64::MAX,
            -f64::MAX,
            0.1,
        ] {
            assert_eq!(sum(&[x]).to_bits(), x.to_bits(), "{x:e}");
        }
        assert_eq!(sum(&[-0.0]).to_bits(), 0.0f64.to_bits());
    }

    #[test]
    fn ties_go_to_even_and_any_rest_breaks_them() {
        let ulp = f64::EPSILON;
        assert_eq!(sum(&[1.0, ulp / 2.0]), 1.0);
        assert_eq!(sum(&[1.0 + ulp, ulp / 2.0]), 1.0 + 2.0 * ulp);
        assert_eq!(sum(&[1.0, ulp / 2.0, 5e-324]), 1.0 + ulp);
        assert_eq!(sum(&[1.0, ulp / 2.0, -5e-324]), 1.0);
        assert_eq!(sum(&[-1.0, -ulp / 2.0, -5e-324]), -1.0 - ulp);
    }

    #[test]
    fn cancellation_leaves_the_smallest_term() {
        assert_eq!(sum(&[1e300, 5e-324, 1.0, -1e300, -1.0]), 5e-324);
        assert_eq!(
            sum(&[f64::MAX, f64::MAX, -f64::MAX, -f64::MAX]).to_bits(),
            0
        );
        assert_eq!(sum(&[f64::MAX, f64::MAX]), f64::INFINITY);
        // The largest sum that still rounds down to the largest double.
        let half_ulp = power_of_two(970);
        assert_eq!(sum(&[f64::MAX, half_ulp]), f64::INFINITY);
        assert_eq!(sum(&[f64::MAX, half_ulp, -5e-324]), f64::MAX);
    }

    #[test]
    fn pairs_agree_with_the_long_accumulator() {
        let values = [
            0,
            1,
            -1,
            3,
            (1 << 52) + 1,
            -(1 << 61) - 1,
            1 << 61,
            (1 << 53) + 1,
        ];
        for exponent in [LOWEST, -600, 0, 900] {
            for gap in [0, 1, 31, 42, 50] {
                for high in values {
                    for low in values {
                        let mut long = ExactSum::new();
                        long.add_scaled(high, exponent + gap);
                        long.add_scaled(low, exponent);
                        let pair = rounded_pair(high, exponent + gap, low, exponent);
                        assert_eq!(pair.to_bits(), long.round().to_bits());
                    }
                }
            }
        }
    }

    /// L35: the digits of the most sums that may be joined, all as large as they can be, overflow neither as they are nor
    /// when they are carried.
    #[test]
    fn the_largest_digits_that_may_be_joined() {
        let full = 61;
        let mut digits = [0; DIGITS];
        digits[..full].fill(LARGEST_DIGIT);
        // 2^30 (2^(32 full) - 1): its lowest digit, those that are full, and what goes beyond.
        let mut want = [MASK; DIGITS];
        want[0] = MASK + 1 - JOINED;
        want[full] = JOINED - 1;
        want[full + 1..].fill(0);
        let mut sum = ExactSum::from_digits(&digits);
        assert_eq!(sum.digits(), &want);
        assert_eq!(sum.round(), power_of_two(30 + 32 * full as i32 + LOWEST));
        // One more sum on top, and one that is no more than its digits.
        let mut more = ExactSum::new();
        more.add(5e-324);
        more.add_to(&mut digits);
        want[0] += 1;
        assert_eq!(digits, want);
        ExactSum::new().add_to(&mut digits);
        assert_eq!(digits, want);
    }

    #[test]
    fn merging_is_adding() {
        let mut a = ExactSum::new();
        let mut b = ExactSum::new();
        a.add(1e16);
        b.add(-1.0);
        b.add(-1e16);
        a.merge(&mut b);
        a.add(0.25);
        assert_eq!(a.round(), -0.75);
    }
}
