//! Exact sums of doubles, rounded once.
//!
//! [`ExactSum`] is a fixed-point number wide enough for every finite double (Kulisch's long
//! accumulator), or for every product of two. It serves sums whose range is not known beforehand: the inertia.

use super::binary64::{exponent, magic, nearest, parts, rounding_error, LOWEST};
use crate::runtime::workspace::Plain;

/// Bits in a digit. Digits are kept in 64-bit integers, so that 2^30 additions need no carrying.
const DIGIT: u32 = 32;
const MASK: i64 = (1 << DIGIT) - 1;

/// A product of two doubles from here on is a multiple of 2^-1074 before it is rounded.
const WHOLE_PRODUCT: f64 = f64::from_bits((1023 - 960) << 52);

/// Exponent above the highest digit: 110 bits above those of a double are headroom for sums.
const HIGHEST: i32 = 1134;

/// Digits of sums of doubles: from 2^-1074 on.
pub(crate) const DIGITS: usize = 69;

/// How many sums of nonnegative numbers, with their carries propagated, may be added digit by digit, and the largest digit that gives (L35).
const JOINED: i64 = 1 << 30;
pub(crate) const LARGEST_DIGIT: i64 = JOINED * MASK;

/// Digits of sums of products of two doubles, which have no bits below 2^-2148: from 2^-2162 on.
pub(crate) const PRODUCT_DIGITS: usize = 103;

/// An exact sum of doubles, or, with [`PRODUCT_DIGITS`], of products of two doubles. The order of additions does not matter.
#[derive(Clone, Copy)]
pub(crate) struct ExactSum<const COUNT: usize = DIGITS> {
    /// Digit `i` counts units of 2^(32 i + [`FINEST`](Self::FINEST)); signed, and not unique until carries are propagated.
    digits: [i64; COUNT],
    /// Additions since carries were last propagated.
    pending: u32,
}

// SAFETY: plain integers, of which any value is one; with all of them zero it is the sum of nothing.
unsafe impl<const COUNT: usize> Plain for ExactSum<COUNT> {}

impl<const COUNT: usize> Default for ExactSum<COUNT> {
    fn default() -> Self {
        Self::new()
    }
}

impl ExactSum<PRODUCT_DIGITS> {
    /// Adds the exact products of distances and weights, at most 1024 of them, all below 2^1020: in three limbs (L28), in loops that
    /// vectorize; one by one, if limbs do not hold all bits or products underflow.
    pub(crate) fn add_products(&mut self, weights: &[f64], distances: &[f64]) {
        let products = weights.iter().zip(distances);
        let underflow = |(&w, &x): (&f64, &f64)| w * x < WHOLE_PRODUCT && w > 0.0 && x > 0.0;
        let exact = |i: usize| {
            let product = weights[i] * distances[i];
            (product, rounding_error(weights[i], distances[i], product))
        };
        if products.clone().any(underflow) || !self.add_limbs::<3, true>(distances.len(), exact) {
            products.for_each(|(&w, &x)| self.add_product(w, x));
        }
    }

    /// Adds the exact product of a weight and a distance, neither of which is negative.
    pub(super) fn add_product(&mut self, weight: f64, distance: f64) {
        let ((a, unit_a), (b, unit_b)) = (parts(weight), parts(distance));
        let product = u128::from(a) * u128::from(b);
        self.add_shifted(product as u64, unit_a + unit_b, false);
        self.add_shifted((product >> 64) as u64, unit_a + unit_b + 64, false);
    }
}

impl<const COUNT: usize> ExactSum<COUNT> {
    /// Exponent of the lowest bit.
    const FINEST: i32 = HIGHEST - DIGIT as i32 * COUNT as i32;

    pub(crate) fn new() -> Self {
        ExactSum {
            digits: [0; COUNT],
            pending: 0,
        }
    }

    /// Adds a finite double.
    #[inline]
    pub(crate) fn add(&mut self, x: f64) {
        debug_assert!(x.is_finite());
        let (whole, exponent) = parts(x);
        self.add_shifted(whole, exponent, x.is_sign_negative());
    }

    /// Adds at most 1024 numbers from 0 to 2^1020: in two limbs of 50 bits below the largest, in loops that vectorize; one by one, if
    /// the limbs do not hold all bits, which takes numbers that differ by a factor of 2^47.
    pub(crate) fn add_all(&mut self, terms: &[f64]) {
        if !self.add_limbs::<2, false>(terms.len(), |i| (terms[i], 0.0)) {
            terms.iter().for_each(|&x| self.add(x));
        }
    }

    /// Adds `count` terms from 0 to 2^1020, at most 1024 of them, in `LIMBS` limbs of 50 bits below the largest. Returns false and adds
    /// nothing, if the limbs do not hold all bits. A term is a double, or, with `PAIRS`, the sum of a double and of another one of at most
    /// half a unit in its last place.
    #[inline(always)]
    fn add_limbs<const LIMBS: usize, const PAIRS: bool>(
        &mut self,
        count: usize,
        term: impl Fn(usize) -> (f64, f64),
    ) -> bool {
        debug_assert!(count <= 1024);
        let mut top = 0.0f64;
        for i in 0..count {
            let (x, _) = term(i);
            top = if x > top { x } else { top };
        }
        if top == 0.0 {
            return true;
        }
        let first = exponent(top) + 1 - 50;
        let units: [i32; LIMBS] = core::array::from_fn(|l| first - 50 * l as i32);
        let magics = units.map(magic);
        let (mut sums, mut left) = ([0i64; LIMBS], 0);
        for i in 0..count {
            let (mut x, mut finer) = term(i);
            for (sum, magic) in sums.iter_mut().zip(magics) {
                let shifted = x + magic;
                *sum = sum.wrapping_add(shifted.to_bits() as i64);
                x -= shifted - magic;
                if PAIRS {
                    let shifted = finer + magic;
                    *sum = sum.wrapping_add(shifted.to_bits() as i64);
                    finer -= shifted - magic;
                }
            }
            left |= x.to_bits() << 1;
            if PAIRS {
                left |= finer.to_bits() << 1;
            }
        }
        if left != 0 {
            return false;
        }
        let patterns = count as i64 * if PAIRS { 2 } else { 1 };
        for ((sum, magic), unit) in sums.into_iter().zip(magics).zip(units) {
            let bias = patterns.wrapping_mul(magic.to_bits() as i64);
            self.add_scaled(sum.wrapping_sub(bias), unit.max(LOWEST));
        }
        true
    }

    /// Adds `units` times 2^`exponent`; the exponent is at least [`LOWEST`] and at most 1023.
    fn add_scaled(&mut self, units: i64, exponent: i32) {
        debug_assert!((LOWEST..=1023).contains(&exponent));
        self.add_shifted(units.unsigned_abs(), exponent, units < 0);
    }

    #[inline]
    fn add_shifted(&mut self, magnitude: u64, exponent: i32, negative: bool) {
        let shift = (exponent - Self::FINEST) as u32;
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

    /// A sum from the elementwise sums of the digits of at most [`JOINED`] sums (L35).
    pub(crate) fn from_digits(digits: &[i64; COUNT]) -> Self {
        ExactSum {
            digits: *digits,
            pending: 0,
        }
    }

    /// The digits, each but the last in [0, 2^32).
    pub(crate) fn digits(&mut self) -> &[i64; COUNT] {
        self.carry();
        &self.digits
    }

    /// Adds this sum to one given by its digits, which become the digits of the total: each but the last in [0, 2^32), and so a
    /// function of its value (L35).
    pub(crate) fn add_to(&mut self, digits: &mut [i64]) {
        let mut total = Self::new();
        total.digits.copy_from_slice(digits);
        total.merge(self);
        digits.copy_from_slice(total.digits());
    }

    /// Adds another sum.
    pub(crate) fn merge(&mut self, other: &mut Self) {
        self.carry();
        other.carry();
        for (a, b) in self.digits.iter_mut().zip(&other.digits) {
            *a += b;
        }
        self.pending = 2;
    }

    /// Propagates carries: every digit but the last comes into [0, 2^32); the last keeps the sign.
    fn carry(&mut self) {
        let mut carry = 0;
        for digit in &mut self.digits[..COUNT - 1] {
            let sum = *digit + carry;
            *digit = sum & MASK;
            carry = sum >> DIGIT;
        }
        self.digits[COUNT - 1] += carry;
        self.pending = 0;
    }

    /// The sum, rounded once to nearest, ties to even; an exact zero is +0.0.
    pub(crate) fn round(&mut self) -> f64 {
        let (negative, head, exponent) = self.head();
        // The highest 64 bits; of the rest it matters only whether it is zero.
        let shift = 64 - head.leading_zeros().min(64);
        let more = head & ((1 << shift) - 1) != 0;
        let magnitude = nearest((head >> shift) as u64, more, exponent + shift as i32);
        if negative {
            -magnitude
        } else {
            magnitude
        }
    }

    /// The sum, rounded once to `whole` times 2^`power`, which cannot overflow: `(whole, power)`.
    pub(crate) fn parts(&mut self) -> (f64, i32) {
        let (negative, head, exponent) = self.head();
        let whole = head as f64;
        (if negative { -whole } else { whole }, exponent)
    }

    /// Whether the sum is negative, the top three digits of its magnitude (65 to 96 bits, or fewer if they are the lowest three), and
    /// their exponent. The lowest bit is also set if any lower digit is not zero.
    fn head(&mut self) -> (bool, u128, i32) {
        self.carry();
        let mut magnitude = *self;
        let negative = self.digits[COUNT - 1] < 0;
        if negative {
            for digit in &mut magnitude.digits {
                *digit = -*digit;
            }
            magnitude.carry();
        }
        let digits = magnitude.digits;
        let Some(top) = digits.iter().rposition(|&digit| digit != 0) else {
            return (false, 0, LOWEST);
        };
        let low = top.saturating_sub(2);
        let head = digits[low..=top]
            .iter()
            .rev()
            .fold(0u128, |head, &digit| head << DIGIT | digit as u128);
        let rest = digits[..low].iter().any(|&digit| digit != 0);
        let exponent = low as i32 * DIGIT as i32 + Self::FINEST;
        (negative, head | u128::from(rest), exponent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::binary64::{power_of_two, scale};
    use crate::exact::reference as exact;

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
                let mut all = ExactSum::<DIGITS>::new();
                all.add_all(&terms);
                assert_eq!(all.round(), sum(&terms), "2^{top} and 2^{other}");
            }
        }
    }

    fn sum(terms: &[f64]) -> f64 {
        let mut sum = ExactSum::<DIGITS>::new();
        for &x in terms {
            sum.add(x);
        }
        sum.round()
    }

    /// L28: products of similar and of very different size; some underflow, some are far below any double.
    #[test]
    fn products_are_exact() {
        let mut state = 1u64;
        let mut random = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
            state >> 11
        };
        for round in 0..3000 {
            let spread = [1, 20, 100, 600][round % 4];
            let middle = [0, 100, 500, 700, 900, 930][round / 4 % 6];
            let mut number = |zeros: u64| match random() % zeros {
                0 => 0.0,
                _ => f64::from_bits((middle + random() % spread) << 52 | random() >> 1),
            };
            let weights: Vec<f64> = (0..1 + round % 7).map(|_| number(4)).collect();
            let distances: Vec<f64> = weights.iter().map(|_| number(5)).collect();
            let mut sum = ExactSum::<PRODUCT_DIGITS>::new();
            sum.add_products(&weights, &distances);
            let mut want = exact::Sum::new();
            for (&w, &x) in weights.iter().zip(&distances) {
                want.add_product(w, x);
            }
            let (got, want) = (sum.round(), exact::rounded(&want));
            assert_eq!(got.to_bits(), want.to_bits(), "{got:e}, not {want:e}");
        }
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

    /// L35: the digits of the largest number of sums that may be joined, all as large as they can be, overflow neither when they are
    /// added nor when carries are propagated.
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
        let mut sum = ExactSum::<DIGITS>::from_digits(&digits);
        assert_eq!(sum.digits(), &want);
        assert_eq!(sum.round(), power_of_two(30 + 32 * full as i32 + LOWEST));
        // One more sum on top, and one that is no more than its digits.
        let mut more = ExactSum::<DIGITS>::new();
        more.add(5e-324);
        more.add_to(&mut digits);
        want[0] += 1;
        assert_eq!(digits, want);
        ExactSum::<DIGITS>::new().add_to(&mut digits);
        assert_eq!(digits, want);
    }

    /// Parts of a sum that is a double are that double, and so have its sign.
    #[test]
    fn parts_have_the_sign_of_the_sum() {
        for x in [0.0, 5e-324, 0.1, 1.0, 3.0, 1e300, f64::MAX] {
            for x in [x, -x] {
                let mut sum = ExactSum::<DIGITS>::new();
                sum.add(x);
                let (whole, power) = sum.parts();
                assert_eq!(scale(whole, power), x);
            }
        }
    }

    /// Carries are propagated before so many additions of 32 bits as a digit has room for.
    #[test]
    fn digits_have_room_for_what_is_pending() {
        let mut sum = ExactSum::<DIGITS>::new();
        sum.digits[0] = JOINED * MASK;
        sum.pending = (1 << 30) - 1;
        sum.add(5e-324);
        assert_eq!(sum.pending, 0);
        assert!(sum.digits[..DIGITS - 1]
            .iter()
            .all(|&digit| digit >> DIGIT == 0));
        assert_eq!(sum.round(), scale((JOINED * MASK + 1) as f64, LOWEST));
    }

    /// The least that limbs do not hold breaks a tie, and so do bits right below the highest 64.
    #[test]
    fn what_limbs_do_not_hold_breaks_ties() {
        let half = f64::EPSILON / 2.0;
        for rest in [5e-324, power_of_two(-300), power_of_two(-70)] {
            let up = 1.0 + f64::EPSILON;
            assert_eq!(sum(&[1.0, half, rest]), up);
            for terms in [[1.0, half, rest], [rest, 1.0, half]] {
                let mut all = ExactSum::<DIGITS>::new();
                all.add_all(&terms);
                assert_eq!(all.round(), up);
                let mut products = ExactSum::<PRODUCT_DIGITS>::new();
                products.add_products(&[1.0; 3], &terms);
                assert_eq!(products.round(), up);
            }
        }
    }

    /// L28: a 2 that limbs leave of a term, or of its rounding error, is seen, though its pattern has a single bit.
    #[test]
    fn what_is_left_may_be_two() {
        // 10 times this is 2^55 + 2, which rounds to 2^55.
        let nearly = 3602879701896397.0;
        for (weight, distance) in [(1.0, 2.0), (10.0, nearly)] {
            let (weights, distances) = ([power_of_two(152), weight], [1.0, distance]);
            let [mut all, mut each] = [ExactSum::<PRODUCT_DIGITS>::new(); 2];
            all.add_products(&weights, &distances);
            each.add_product(weights[0], distances[0]);
            each.add_product(weight, distance);
            assert_eq!(all.digits(), each.digits());
        }
        let [mut all, mut each] = [ExactSum::<DIGITS>::new(); 2];
        all.add_all(&[power_of_two(102), 2.0]);
        each.add(power_of_two(102));
        each.add(2.0);
        assert_eq!(all.digits(), each.digits());
    }

    /// Carries go on to the last digit, which has the sign.
    #[test]
    fn the_last_digit_of_a_negative_sum_is_negative() {
        let mut sum = ExactSum::<DIGITS>::new();
        sum.add(-5e-324);
        let mut want = [MASK; DIGITS];
        want[DIGITS - 1] = -1;
        assert_eq!(sum.digits(), &want);
    }

    #[test]
    fn merging_is_adding() {
        let mut a = ExactSum::<DIGITS>::new();
        let mut b = ExactSum::new();
        a.add(1e16);
        b.add(-1.0);
        b.add(-1e16);
        a.merge(&mut b);
        a.add(0.25);
        assert_eq!(a.round(), -0.75);
    }
}
