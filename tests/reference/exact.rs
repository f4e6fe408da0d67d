//! Exact sums of products, and their quotients, by school arithmetic on integers.
#![allow(dead_code)]

/// The exponent of the lowest bit that a product of two doubles can have.
const UNIT: i32 = -2148;

/// Digits of 32 bits: up to 2^2048 for a product, and room for 2^30 of them.
const DIGITS: usize = 134;

/// A sum of products of doubles: digit i counts 2^(32 i - 2148), signed.
#[derive(Clone)]
pub struct Sum {
    digits: [i64; DIGITS],
    added: u32,
}

/// The whole number and the exponent that a finite double's magnitude is made of.
fn parts(x: f64) -> (u64, i32) {
    assert!(x.is_finite());
    let exponent = (x.to_bits() >> 52 & 0x7ff) as i32;
    let fraction = x.to_bits() & ((1 << 52) - 1);
    match exponent {
        0 => (fraction, -1074),
        _ => (fraction | 1 << 52, exponent - 1075),
    }
}

impl Sum {
    pub fn new() -> Sum {
        Sum {
            digits: [0; DIGITS],
            added: 0,
        }
    }

    pub fn add_product(&mut self, a: f64, b: f64) {
        let ((whole_a, exponent_a), (whole_b, exponent_b)) = (parts(a), parts(b));
        let position = (exponent_a + exponent_b - UNIT) as usize;
        let product = u128::from(whole_a) * u128::from(whole_b);
        let negative = a.is_sign_negative() != b.is_sign_negative();
        // 106 bits, 16 at a time.
        for part in 0..7 {
            let bits = (product >> (16 * part) & 0xffff) as i64;
            let at = position + 16 * part;
            let wide = bits << (at % 32);
            for (digit, value) in [(at / 32, wide & 0xffff_ffff), (at / 32 + 1, wide >> 32)] {
                self.digits[digit] += if negative { -value } else { value };
            }
        }
        self.added += 1;
        assert!(self.added < 1 << 26, "a digit could overflow");
    }

    pub fn add(&mut self, x: f64) {
        self.add_product(x, 1.0);
    }

    /// Whether the sum is negative, and its magnitude: a whole number, lowest digit first, the highest not zero.
    fn whole(&self) -> (bool, Vec<u32>) {
        let carried = |digits: &[i64; DIGITS]| {
            let (mut carry, mut whole) = (0, Vec::new());
            for digit in digits {
                let all = digit + carry;
                whole.push((all & 0xffff_ffff) as u32);
                carry = all >> 32;
            }
            (carry < 0, whole)
        };
        let (negative, mut whole) = carried(&self.digits);
        if negative {
            (_, whole) = carried(&self.digits.map(|digit| -digit));
        }
        trim(&mut whole);
        (negative, whole)
    }
}

fn trim(whole: &mut Vec<u32>) {
    while whole.last() == Some(&0) {
        whole.pop();
    }
}

fn bits(whole: &[u32]) -> i32 {
    whole.last().map_or(0, |top| {
        32 * whole.len() as i32 - top.leading_zeros() as i32
    })
}

fn shifted(whole: &[u32], by: i32) -> Vec<u32> {
    let mut shifted = Vec::with_capacity(whole.len() + by as usize / 32 + 1);
    shifted.resize(by as usize / 32, 0);
    let mut carry = 0;
    for digit in whole {
        let wide = u64::from(*digit) << (by % 32) | carry;
        shifted.push(wide as u32);
        carry = wide >> 32;
    }
    shifted.push(carry as u32);
    trim(&mut shifted);
    shifted
}

fn less(a: &[u32], b: &[u32]) -> bool {
    match a.len() == b.len() {
        true => a.iter().rev().lt(b.iter().rev()),
        false => a.len() < b.len(),
    }
}

/// Takes b off a, which is not less.
fn take_off(a: &mut Vec<u32>, b: &[u32]) {
    let mut borrow = 0;
    for (i, digit) in a.iter_mut().enumerate() {
        let rest = i64::from(*digit) - i64::from(*b.get(i).unwrap_or(&0)) + borrow;
        *digit = rest as u32;
        borrow = rest >> 32;
    }
    trim(a);
}

/// One sum over another, as a real number rounded once to nearest, ties to even; +0.0 when it is zero. The other is positive.
pub fn quotient(over: &Sum, under: &Sum) -> f64 {
    let ((negative, mut over), (_, mut under)) = (over.whole(), under.whole());
    assert!(!under.is_empty());
    if over.is_empty() {
        return 0.0;
    }
    // Low digits that are zero in both change nothing but how long this takes.
    let zeros = |whole: &[u32]| whole.iter().take_while(|&&digit| digit == 0).count();
    let common = zeros(&over).min(zeros(&under));
    over.drain(..common);
    under.drain(..common);
    // Both get as many bits; then their quotient is between a half and two, and comes bit by bit.
    let more = bits(&under) - bits(&over);
    match more >= 0 {
        true => over = shifted(&over, more),
        false => under = shifted(&under, -more),
    }
    let mut whole = 0u128;
    for _ in 0..67 {
        whole <<= 1;
        if !less(&over, &under) {
            take_off(&mut over, &under);
            whole |= 1;
        }
        over = shifted(&over, 1);
    }
    // over / under = whole 2^-shift, and a little more where something is left.
    let shift = more + 66;
    let left = !over.is_empty();
    // The exponent of the highest bit says which is the last one of a double.
    let highest = 127 - whole.leading_zeros() as i32 - shift;
    let last = (highest - 52).max(-1074);
    let dropped = last + shift;
    let mut kept = if dropped < 128 { whole >> dropped } else { 0 };
    let rest = whole - if dropped < 128 { kept << dropped } else { 0 };
    let half = if dropped <= 128 {
        1u128 << (dropped - 1)
    } else {
        u128::MAX
    };
    if rest > half || rest == half && (left || kept % 2 == 1) {
        kept += 1;
    }
    let magnitude = if highest > 1023 {
        f64::INFINITY
    } else {
        // Two steps, of which neither rounds: the second would else be by a power of two that is no double.
        kept as f64 * 2f64.powi(last / 2) * 2f64.powi(last - last / 2)
    };
    if negative {
        -magnitude
    } else {
        magnitude
    }
}

/// A sum, rounded once.
pub fn rounded(sum: &Sum) -> f64 {
    let mut one = Sum::new();
    one.add(1.0);
    quotient(sum, &one)
}

/// Whether two sums are the same number.
pub fn same(a: &Sum, b: &Sum) -> bool {
    a.whole() == b.whole()
}
