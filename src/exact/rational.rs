//! Exact numbers for the tests of the lemmas in `docs/proofs.md`: a whole number times a power of two. Every double is one, and so is
//! every sum and product of doubles. Simple on purpose.

use core::cmp::Ordering;
use core::iter::Sum;
use core::ops::{Add, Mul, Neg, Sub};

/// Digits of 64 bits, lowest first, in units of 2^`exponent`. Neither the first nor the last digit is zero.
#[derive(Clone, Debug)]
pub(crate) struct Exact {
    negative: bool,
    digits: Vec<u64>,
    exponent: i64,
}

impl Exact {
    pub(crate) const ZERO: Exact = Exact {
        negative: false,
        digits: Vec::new(),
        exponent: 0,
    };

    /// A finite double.
    pub(crate) fn of(x: f64) -> Exact {
        assert!(x.is_finite(), "{x} is no number");
        let exponent = (x.to_bits() >> 52 & 0x7ff) as i64;
        let fraction = x.to_bits() & ((1 << 52) - 1);
        let (whole, exponent) = match exponent {
            0 => (fraction, -1074),
            e => (fraction | 1 << 52, e - 1075),
        };
        Exact::new(x < 0.0, vec![whole], exponent)
    }

    /// A whole number.
    pub(crate) fn whole(x: i64) -> Exact {
        Exact::new(x < 0, vec![x.unsigned_abs()], 0)
    }

    /// 2^`exponent`.
    pub(crate) fn two_to(exponent: i64) -> Exact {
        Exact::new(false, vec![1], exponent)
    }

    fn new(negative: bool, mut digits: Vec<u64>, mut exponent: i64) -> Exact {
        while digits.last() == Some(&0) {
            digits.pop();
        }
        let zeros = digits.iter().take_while(|&&digit| digit == 0).count();
        digits.drain(..zeros);
        exponent += 64 * zeros as i64;
        match digits.is_empty() {
            true => Exact::ZERO,
            false => Exact {
                negative,
                digits,
                exponent,
            },
        }
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    pub(crate) fn abs(self) -> Exact {
        Exact {
            negative: false,
            ..self
        }
    }

    pub(crate) fn square(&self) -> Exact {
        self.clone() * self.clone()
    }

    /// The exponent of the highest bit.
    fn top(&self) -> i64 {
        let Some(last) = self.digits.last() else {
            return i64::MIN / 4;
        };
        self.exponent + 64 * self.digits.len() as i64 - 1 - i64::from(last.leading_zeros())
    }

    /// The digits in units of a lower power of two.
    fn shifted(&self, exponent: i64) -> Vec<u64> {
        let by = (self.exponent - exponent) as usize;
        let (digits, bits) = (by / 64, by % 64);
        let mut shifted = vec![0; digits + self.digits.len() + 1];
        for (i, &digit) in self.digits.iter().enumerate() {
            let wide = u128::from(digit) << bits;
            shifted[digits + i] |= wide as u64;
            shifted[digits + i + 1] = (wide >> 64) as u64;
        }
        shifted
    }

    /// An approximation of this divided by another number.
    pub(crate) fn over(&self, other: &Exact) -> f64 {
        if self.is_zero() {
            return 0.0;
        }
        if other.is_zero() {
            return f64::INFINITY;
        }
        let ((a, e), (b, f)) = (self.scientific(), other.scientific());
        let exponent = (e - f).clamp(-2000, 2000) as i32;
        a / b * 2f64.powi(exponent / 2) * 2f64.powi(exponent - exponent / 2)
    }

    /// An approximation: a signed number whose magnitude is from 1 to 2, and the power of two that it is multiplied by.
    fn scientific(&self) -> (f64, i64) {
        let n = self.digits.len();
        let digit = |i: usize| n.checked_sub(i).map_or(0, |i| self.digits[i]);
        let wide = u128::from(digit(1)) << 64 | u128::from(digit(2));
        let number = (wide << wide.leading_zeros()) as f64 * 2f64.powi(-127);
        (if self.negative { -number } else { number }, self.top())
    }

    /// A double next to it.
    pub(crate) fn about(&self) -> f64 {
        self.over(&Exact::whole(1))
    }

    /// At least its 256 highest bits.
    fn short(self) -> Exact {
        let spare = self.digits.len().saturating_sub(5);
        let exponent = self.exponent + 64 * spare as i64;
        Exact::new(self.negative, self.digits[spare..].to_vec(), exponent)
    }

    /// The square root of a number that is not negative, within 2^-150 of itself: Newton's iteration for its inverse.
    pub(crate) fn root(&self) -> Exact {
        assert!(!self.negative, "the root of a negative number");
        if self.is_zero() {
            return Exact::ZERO;
        }
        let (mut number, mut exponent) = self.scientific();
        if exponent % 2 != 0 {
            (number, exponent) = (2.0 * number, exponent - 1);
        }
        let mut inverse = Exact::of(1.0 / number.sqrt()) * Exact::two_to(-exponent / 2);
        for _ in 0..3 {
            let rest = Exact::whole(3) - self.clone().short() * inverse.square();
            inverse = (inverse * rest * Exact::two_to(-1)).short();
        }
        (inverse * self.clone()).short()
    }
}

impl Neg for Exact {
    type Output = Exact;
    fn neg(self) -> Exact {
        Exact::new(!self.negative, self.digits, self.exponent)
    }
}

impl Add for Exact {
    type Output = Exact;
    fn add(self, other: Exact) -> Exact {
        if self.is_zero() {
            return other;
        }
        if other.is_zero() {
            return self;
        }
        let exponent = self.exponent.min(other.exponent);
        let (mut a, mut b) = (self.shifted(exponent), other.shifted(exponent));
        let length = a.len().max(b.len()) + 1;
        a.resize(length, 0);
        b.resize(length, 0);
        if self.negative == other.negative {
            let mut carry = false;
            for (a, b) in a.iter_mut().zip(b) {
                let (sum, first) = a.overflowing_add(b);
                let (sum, second) = sum.overflowing_add(carry.into());
                (*a, carry) = (sum, first | second);
            }
            return Exact::new(self.negative, a, exponent);
        }
        // The smaller magnitude from the larger one.
        let less = a.iter().rev().lt(b.iter().rev());
        let (mut large, small, negative) = match less {
            true => (b, a, other.negative),
            false => (a, b, self.negative),
        };
        let mut borrow = false;
        for (a, b) in large.iter_mut().zip(small) {
            let (rest, first) = a.overflowing_sub(b);
            let (rest, second) = rest.overflowing_sub(borrow.into());
            (*a, borrow) = (rest, first | second);
        }
        Exact::new(negative, large, exponent)
    }
}

impl Sub for Exact {
    type Output = Exact;
    fn sub(self, other: Exact) -> Exact {
        self + -other
    }
}

impl Mul for Exact {
    type Output = Exact;
    fn mul(self, other: Exact) -> Exact {
        let mut digits = vec![0; self.digits.len() + other.digits.len()];
        for (i, &a) in self.digits.iter().enumerate() {
            let mut carry = 0;
            for (place, &b) in digits[i..].iter_mut().zip(&other.digits) {
                let wide = u128::from(a) * u128::from(b) + u128::from(*place) + carry;
                (*place, carry) = (wide as u64, wide >> 64);
            }
            digits[i + other.digits.len()] = carry as u64;
        }
        let negative = self.negative != other.negative;
        Exact::new(negative, digits, self.exponent + other.exponent)
    }
}

impl Sum for Exact {
    fn sum<I: Iterator<Item = Exact>>(terms: I) -> Exact {
        terms.fold(Exact::ZERO, Add::add)
    }
}

impl PartialEq for Exact {
    fn eq(&self, other: &Exact) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Exact) -> Option<Ordering> {
        let rest = self.clone() - other.clone();
        Some(match (rest.is_zero(), rest.negative) {
            (true, _) => Ordering::Equal,
            (false, true) => Ordering::Less,
            (false, false) => Ordering::Greater,
        })
    }
}

#[test]
fn sums_products_and_roots() {
    let numbers = [
        0.0,
        1.0,
        -1.0,
        0.1,
        -3.5,
        1e300,
        -1e300,
        5e-324,
        f64::MAX,
        f64::MIN_POSITIVE,
        1.0 + f64::EPSILON,
    ];
    for a in numbers {
        for b in numbers {
            let (x, y) = (Exact::of(a), Exact::of(b));
            // The rounding error of a sum is a double.
            let sum = a + b;
            if sum.is_finite() {
                let rest = x.clone() + y.clone() - Exact::of(sum);
                let half = Exact::of(sum.abs()) * Exact::two_to(-53);
                assert!(rest.clone().abs() <= half, "{a} + {b}");
                assert_eq!(Exact::of(rest.about()), rest, "{a} + {b}");
            }
            assert_eq!(x < y, a < b, "{a} < {b}");
            // (a + b)(a - b) = a² - b².
            let left = (x.clone() + y.clone()) * (x.clone() - y.clone());
            assert_eq!(left, x.square() - y.square(), "{a}, {b}");
        }
        let root = Exact::of(a.abs()).root();
        let off = (root.square() - Exact::of(a.abs())).abs();
        assert!(off <= Exact::of(a.abs()) * Exact::two_to(-150), "{a}");
    }
    assert_eq!((Exact::whole(-7) * Exact::two_to(-1)).about(), -3.5);
}
