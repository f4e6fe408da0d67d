//! Means: one exact sum over another, as real numbers, rounded once.
//!
//! A sum comes as limbs, and its highest 126 bits make the dividend; the highest 64 of the divisor are turned into a
//! reciprocal once for each cluster, so that a quotient of 61 bits or more takes two multiplications. That says on which side of the middle
//! between two doubles the real quotient lies, unless it is within a few units of the middle, and something was cut off (L26). Then
//! the sum is compared with the middle times the divisor, in whole numbers of as many bits as it takes (L27).

use super::accumulator::nearest;

/// A sum: limbs, each so many units of two to a power, the first of which are the greatest.
pub(crate) struct Sum<F> {
    count: usize,
    limb: F,
}

/// The highest bits of a sum: its magnitude is at least `whole` times 2^`exponent`; it is that, if there is no slack, and else more,
/// by less than the slack times 2^`exponent`.
#[derive(Clone, Copy)]
struct Head {
    negative: bool,
    /// At least 2^125 and below 2^126.
    whole: u128,
    exponent: i32,
    slack: u64,
}

/// Bits that are kept of the limbs below the highest one that is not zero.
const FRACTION: u32 = 60;

impl<F: Fn(usize) -> (i64, i32)> Sum<F> {
    /// Of `count` limbs.
    pub(crate) fn new(count: usize, limb: F) -> Self {
        Sum { count, limb }
    }

    /// The sum, rounded once to nearest, ties to even; +0.0 when it is zero.
    pub(crate) fn rounded(&self) -> f64 {
        Divisor::new(Sum::new(1, |_| (1, 0))).under(self)
    }

    /// Limb `l`: units, and the power of two that they count.
    #[cfg(test)]
    pub(crate) fn limb(&self, l: usize) -> (i64, i32) {
        (self.limb)(l)
    }

    /// The power of the last limb.
    fn finest(&self) -> i32 {
        (self.limb)(self.count - 1).1
    }

    /// The highest bits, or none of zero.
    fn head(&self) -> Option<Head> {
        let first = (0..self.count - 1).find(|&l| (self.limb)(l).0 != 0);
        let first = first.unwrap_or(self.count - 1);
        // From the finest limb up, what there is so far, and its fraction: rounded down, whenever bits are lost.
        let (units, mut unit) = (self.limb)(self.count - 1);
        let (mut all, mut lost) = (i128::from(units) << FRACTION, false);
        for l in (first..self.count - 1).rev() {
            let (units, above) = (self.limb)(l);
            let gap = above - unit;
            lost |= all & ((1 << gap) - 1) != 0;
            all = (all >> gap).wrapping_add(i128::from(units) << FRACTION);
            unit = above;
        }
        if all == 0 && !lost {
            return None;
        }
        let negative = all < 0;
        let magnitude = match (negative, lost) {
            (false, _) => all as u128,
            (true, false) => all.unsigned_abs(),
            (true, true) => !all as u128,
        };
        let shift = magnitude.leading_zeros() as i32 - 2;
        if lost && shift > 61 {
            return self.exact_head();
        }
        Some(Head {
            negative,
            whole: magnitude << shift,
            exponent: unit - FRACTION as i32 - shift,
            slack: u64::from(lost) << if lost { shift } else { 0 },
        })
    }

    /// The same, with a slack of 1 at most, whatever cancels.
    #[cold]
    fn exact_head(&self) -> Option<Head> {
        let mut wide = Wide::new(self.finest());
        wide.add(self, 1, 0);
        wide.head()
    }
}

/// What sums are divided by: the exact sum of a cluster's weights, or the number of its members; positive.
pub(crate) struct Divisor<F> {
    sum: Sum<F>,
    /// It is at least `high` times 2^`exponent`, and that if it is `whole`; else less than `high + 1` times that.
    high: u64,
    exponent: i32,
    whole: bool,
    /// 2^128 over `high`, less 2^64, rounded down.
    reciprocal: u64,
}

impl<F: Fn(usize) -> (i64, i32)> Divisor<F> {
    pub(crate) fn new(sum: Sum<F>) -> Self {
        let head = sum.head().filter(|head| head.slack <= 1);
        // A cluster with a mean has a member of positive weight.
        let head = head.or_else(|| sum.exact_head()).unwrap_or(Head {
            negative: false,
            whole: 1 << 125,
            exponent: -125,
            slack: 0,
        });
        let high = (head.whole >> 62) as u64;
        Divisor {
            sum,
            high,
            exponent: head.exponent + 62,
            whole: head.slack == 0 && head.whole << 66 == 0,
            // The quotient is 2^64 or more, and only its lower bits are kept.
            reciprocal: (u128::MAX / u128::from(high)) as u64,
        }
    }

    /// A sum over this, rounded once to nearest, ties to even; +0.0 when it is zero.
    pub(crate) fn under<G: Fn(usize) -> (i64, i32)>(&self, sum: &Sum<G>) -> f64 {
        let Some(head) = sum.head() else {
            return 0.0;
        };
        let (quotient, rest) = divide(head.whole, self.high, self.reciprocal);
        let exponent = head.exponent - self.exponent;
        let magnitude = if self.whole && head.slack <= 1 {
            // What was cut off the sum is less than the rest is less than the divisor.
            nearest(quotient, rest != 0 || head.slack != 0, exponent)
        } else {
            // L26: the real quotient is between these two, and neither of them.
            let least = quotient - if self.whole { 0 } else { 1 };
            let most = quotient + if head.slack > 1 { 2 } else { 1 };
            let (least, most) = (
                nearest(least, true, exponent),
                nearest(most - 1, true, exponent),
            );
            match least == most {
                true => least,
                false => self.compare(sum, head.negative, least),
            }
        };
        if head.negative {
            -magnitude
        } else {
            magnitude
        }
    }

    /// The double that the magnitude of the quotient is nearest to, of `least` and the next.
    #[cold]
    fn compare<G: Fn(usize) -> (i64, i32)>(&self, sum: &Sum<G>, negative: bool, least: f64) -> f64 {
        let bits = least.to_bits();
        let fraction = (bits & ((1 << 52) - 1)) as i64;
        // In halves of the last place: one more than twice the double.
        let (middle, unit) = match (bits >> 52) as i32 {
            0 => (2 * fraction + 1, -1075),
            exponent => (2 * (fraction | 1 << 52) + 1, exponent - 1076),
        };
        let mut difference = Wide::new(sum.finest().min(self.sum.finest() + unit));
        difference.add(sum, if negative { -1 } else { 1 }, 0);
        difference.add(&self.sum, -middle, unit);
        let above = match difference.sign() {
            0 => bits % 2 == 1,
            sign => sign > 0,
        };
        f64::from_bits(bits + u64::from(above))
    }
}

/// A number of members that is small enough for quotients in floating point (L49).
#[derive(Clone, Copy)]
pub(crate) struct Members {
    count: f64,
    inverse: f64,
    power_of_two: bool,
}

/// What members may be below, so that they have no more bits than are cut off a first quotient (L49).
const MEMBERS_BITS: u32 = 21;

/// What sums may be below, so that they are doubles and halves of their last places, or less (L49).
const SUM_BITS: u32 = 105;

/// More than a quotient is off by, in units of its first part (L49).
const OFF: f64 = 1.0 / (1u128 << 82) as f64;

impl Members {
    /// None of too many.
    pub(crate) fn new(count: i64) -> Option<Self> {
        (1..1 << MEMBERS_BITS).contains(&count).then(|| Members {
            count: count as f64,
            inverse: 1.0 / count as f64,
            power_of_two: count & (count - 1) == 0,
        })
    }

    /// `sum` over this, rounded once to nearest, ties to even, if floating point can tell (L49); +0.0 when it is zero.
    #[inline]
    pub(crate) fn under(self, sum: i128) -> Option<f64> {
        let (nearest, rest) = doubles(sum)?;
        if self.power_of_two {
            return Some(nearest * self.inverse);
        }
        let (first, left) = self.first(nearest);
        let all = left + rest;
        let second = all / self.count;
        let off = first.abs() * OFF;
        let least = first + (second - off);
        if least == first + (second + off) {
            return Some(least);
        }
        // In the middle of two doubles, as short sums over small numbers often are.
        let (_, lost) = two(left, rest);
        let short = second.to_bits() & !(u64::MAX << MEMBERS_BITS) == 0;
        let exact = lost == 0.0 && short && second * self.count == all;
        exact.then_some(first + second)
    }

    /// The first 32 bits of `sum` over this, or a little off, and what that leaves of the sum, exactly.
    #[inline]
    fn first(self, sum: f64) -> (f64, f64) {
        let all = sum * self.inverse;
        let first = f64::from_bits(all.to_bits() & (u64::MAX << MEMBERS_BITS));
        (first, sum - first * self.count)
    }
}

/// The double nearest to a sum, and the rest; unless it is too large.
#[inline]
fn doubles(sum: i128) -> Option<(f64, f64)> {
    const PART: u32 = 32;
    let high = (sum >> (2 * PART)) as i64;
    if high.unsigned_abs() >= 1 << (SUM_BITS - 2 * PART) {
        return None;
    }
    let place = (1u64 << PART) as f64;
    let middle = f64::from((sum >> PART) as u32) * place;
    let (upper, rest) = two(high as f64 * (place * place), middle);
    Some(two(upper, rest + f64::from(sum as u32)))
}

/// A sum rounded, and what rounding took off it, of numbers the first of which is a whole number of the last places of the second, or
/// zero (Dekker 1971).
#[inline]
fn two(larger: f64, smaller: f64) -> (f64, f64) {
    let sum = larger + smaller;
    (sum, smaller - (sum - larger))
}

/// `over / under` for `under` from 2^63 on, and `over` below 2^64 times that: the whole quotient, and the rest (Möller and Granlund
/// 2011, algorithm 4).
#[inline]
fn divide(over: u128, under: u64, reciprocal: u64) -> (u64, u64) {
    let (high, low) = ((over >> 64) as u64, over as u64);
    let guess = (u128::from(reciprocal) * u128::from(high)).wrapping_add(over);
    let mut quotient = ((guess >> 64) as u64).wrapping_add(1);
    let mut rest = low.wrapping_sub(quotient.wrapping_mul(under));
    if rest > guess as u64 {
        quotient = quotient.wrapping_sub(1);
        rest = rest.wrapping_add(under);
    }
    if rest >= under {
        quotient = quotient.wrapping_add(1);
        rest -= under;
    }
    (quotient, rest)
}

/// Digits of 32 bits that hold a sum, and a middle of two doubles times its divisor (L27).
const WIDE: usize = 192;

/// A whole number of units of 2^`exponent`: digit `i` counts 2^(32 i) of them, signed.
struct Wide {
    digits: [i64; WIDE],
    exponent: i32,
}

impl Wide {
    fn new(exponent: i32) -> Self {
        Wide {
            digits: [0; WIDE],
            exponent,
        }
    }

    /// Adds a sum `times` 2^`unit`, limb by limb; nothing of that is finer than a unit. Digits do not overflow: a limb adds less than
    /// 2^33 to one of them, and there are few.
    fn add<F: Fn(usize) -> (i64, i32)>(&mut self, sum: &Sum<F>, times: i64, unit: i32) {
        for l in 0..sum.count {
            let (units, power) = (sum.limb)(l);
            let product = i128::from(units) * i128::from(times);
            let place = (power + unit - self.exponent) as usize;
            let digits = &mut self.digits[place / 32..];
            let mut rest = product.unsigned_abs();
            for (digit, next) in (0..5).map(|i| (i, i + 1)) {
                let part = ((rest as u32 as u64) << (place % 32)) as i64;
                rest >>= 32;
                let (low, high) = (part & 0xffff_ffff, part >> 32 & 0xffff_ffff);
                if part != 0 {
                    digits[digit] += if product < 0 { -low } else { low };
                    digits[next] += if product < 0 { -high } else { high };
                }
            }
        }
    }

    /// Brings every digit but the last into [0, 2^32), which keeps the sign.
    fn carry(&mut self) {
        let mut carry = 0;
        for digit in &mut self.digits[..WIDE - 1] {
            let sum = *digit + carry;
            *digit = sum & 0xffff_ffff;
            carry = sum >> 32;
        }
        self.digits[WIDE - 1] += carry;
    }

    fn sign(&mut self) -> i64 {
        self.carry();
        match self.digits[WIDE - 1] {
            0 => i64::from(self.digits.iter().any(|&digit| digit != 0)),
            top => top.signum(),
        }
    }

    /// The highest bits, or none of zero.
    fn head(mut self) -> Option<Head> {
        let sign = self.sign();
        if sign < 0 {
            self.digits = self.digits.map(|digit| -digit);
            self.carry();
        }
        let top = self.digits.iter().rposition(|&digit| digit != 0)?;
        let highest = 32 * top as i32 + 63 - self.digits[top].leading_zeros() as i32;
        // The 126 bits down from the highest.
        let lowest = highest - 125;
        let (mut whole, mut lost) = (0, false);
        for (i, &digit) in self.digits[..=top].iter().enumerate() {
            let digit = digit as u128;
            match 32 * i as i32 - lowest {
                up @ 0.. => whole |= digit << up,
                down @ -31..0 => {
                    whole |= digit >> -down;
                    lost |= digit & ((1 << -down) - 1) != 0;
                }
                _ => lost |= digit != 0,
            }
        }
        Some(Head {
            negative: sign < 0,
            whole,
            exponent: self.exponent + lowest,
            slack: u64::from(lost),
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::{accumulator::scale, reference as exact};
    use super::*;

    fn random(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (*state ^ *state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn reference(limbs: &[(i64, i32)]) -> exact::Sum {
        let mut sum = exact::Sum::new();
        limbs.iter().for_each(|&limb| add(&mut sum, limb));
        sum
    }

    /// Adds units times a power of two, which may be less than that of any double.
    pub(in super::super) fn add(sum: &mut exact::Sum, (units, unit): (i64, i32)) {
        let zeros = if units == 0 {
            0
        } else {
            units.trailing_zeros()
        };
        let (units, unit) = (units >> zeros, unit + zeros as i32);
        for (half, unit) in [(units >> 32, unit + 32), (units & 0xffff_ffff, unit)] {
            if half != 0 {
                let first = unit / 2;
                sum.add_product(scale(half as f64, first), scale(1.0, unit - first));
            }
        }
    }

    fn check(over: &[(i64, i32)], under: &[(i64, i32)]) {
        let divisor = Divisor::new(Sum::new(under.len(), |l| under[l]));
        let got = divisor.under(&Sum::new(over.len(), |l| over[l]));
        let want = exact::quotient(&reference(over), &reference(under));
        assert_eq!(
            got.to_bits(),
            want.to_bits(),
            "{got:e}, not {want:e}: {over:?} over {under:?}"
        );
    }

    /// Limbs of a whole number of units of 2^unit, the digits of which are moved about between the limbs.
    fn limbs(
        mut whole: i128,
        unit: i32,
        width: u32,
        count: usize,
        state: &mut u64,
    ) -> Vec<(i64, i32)> {
        let mut limbs = Vec::new();
        for l in 0..count as i32 - 1 {
            let moved =
                (random(state) >> (width + 3)) as i64 * [0, 1, -1][random(state) as usize % 3];
            let digit = (whole & ((1 << width) - 1)) as i64 + (moved << width);
            whole = (whole - i128::from(digit)) >> width;
            limbs.push((digit, unit + l * width as i32));
        }
        limbs.push((whole as i64, unit + (count as i32 - 1) * width as i32));
        limbs.reverse();
        limbs
    }

    /// L25, L26: of all sizes, and cancelling limbs, over numbers of members and weights.
    #[test]
    fn quotients_are_rounded_once() {
        let mut state = 1;
        for round in 0..40_000 {
            let width = [22, 30, 45, 50][round % 4];
            let count = 1 + random(&mut state) as usize % 3;
            let most = (width as usize * (count - 1) + 60).min(126);
            let bits = 1 + random(&mut state) as usize % most;
            let wide = u128::from(random(&mut state)) << 64 | u128::from(random(&mut state));
            let whole = (wide >> (128 - bits)) as i128 * [1, -1][random(&mut state) as usize % 2];
            let unit = [-60, -1074, -1100, -1140, 300][random(&mut state) as usize % 5];
            let over = limbs(whole, unit, width, count, &mut state);
            let under = match round % 3 {
                0 => vec![(1 + (random(&mut state) >> 24) as i64, 0)],
                1 => vec![(1 + (random(&mut state) % 5) as i64, 0)],
                _ => {
                    let whole = 1 + (random(&mut state) >> (random(&mut state) % 64)) as i128;
                    let whole = whole * (1 + i128::from(random(&mut state) >> 24));
                    limbs(whole, -70, 45, 2, &mut state)
                }
            };
            check(&over, &under);
        }
    }

    /// L26, L27: in the middle of two doubles, and one unit beside it; over divisors whose highest bits are not all of them, too.
    #[test]
    fn middles_are_found() {
        let mut state = 2;
        for round in 0..20_000 {
            let middle = (random(&mut state) >> 10 | 1 << 53 | 1) as i128;
            let divisor = match round % 4 {
                0 => 1 + (random(&mut state) >> 24) as i128,
                1 => 1 + random(&mut state) as i128 % 9,
                // More than 64 bits: a middle times that has up to 126.
                2 => ((random(&mut state) >> 1 | 1 << 62) as i128) << 8 | 0x55,
                _ => (1i128 << 71) - 1 - (random(&mut state) >> 60) as i128,
            };
            let width = [45, 48, 50][round % 3];
            let sign = [1, -1][round / 4 % 2];
            // The last are subnormal, with few bits left, and less than half of the least.
            let unit = [-40, -1040, -1073 - 54, -1076][round / 8 % 4];
            let middle = [middle, middle, middle, 1][round / 8 % 4];
            for beside in [-1, 0, 1] {
                let over = limbs(
                    sign * (middle * divisor + beside),
                    unit,
                    width,
                    3,
                    &mut state,
                );
                let under = limbs(divisor, 0, 45, 2, &mut state);
                check(&over, &under);
            }
        }
    }

    /// L49: what floating point tells is the quotient, and it tells nearly all; in the middle of two doubles, too.
    #[test]
    fn floating_point_knows_where_it_knows() {
        let mut state = 5;
        let (mut told, mut all) = ([0; 3], [0; 3]);
        for round in 0..24_000 {
            let kind = round % 3;
            let members = match round / 3 % 4 {
                0 => 1 + (random(&mut state) % 9) as i64,
                1 => (1 << 21) - 1 - (random(&mut state) % 9) as i64,
                2 => 1 << (random(&mut state) % 21),
                _ => 1 + (random(&mut state) % ((1 << 21) - 1)) as i64,
            };
            let wide = u128::from(random(&mut state)) << 64 | u128::from(random(&mut state));
            let sum = match kind {
                0 => (wide >> (23 + random(&mut state) % 105)) as i128,
                // In the middle of two doubles, or of a few bits.
                1 => {
                    let middle = random(&mut state) >> 10 | 1 << 53 | 1;
                    let zeros = random(&mut state) % 20;
                    (i128::from(middle) << zeros) * i128::from(members)
                }
                // And beside that.
                _ => {
                    let middle = i128::from(random(&mut state) >> 10 | 1 << 53 | 1) << 30;
                    let beside = (random(&mut state) % 5) as i128 - 2;
                    middle * i128::from(members) + beside
                }
            };
            let sum = if round / 12 % 2 == 0 { sum } else { -sum };
            let few = Members::new(members).unwrap();
            all[kind] += 1;
            if let Some(got) = few.under(sum) {
                told[kind] += 1;
                let limbs = [
                    ((sum >> 60) as i64, 60),
                    ((sum & ((1 << 60) - 1)) as i64, 0),
                ];
                let want = exact::quotient(&reference(&limbs), &reference(&[(members, 0)]));
                assert_eq!(got.to_bits(), want.to_bits(), "{sum} over {members}");
            }
        }
        println!("L49: {told:?} of {all:?} told");
        assert!(told[0] * 1000 > all[0] * 999 && told[1] * 1000 > all[1] * 999);
        assert_eq!(Members::new(7).unwrap().under(0).map(f64::to_bits), Some(0));
        assert_eq!(Members::new(7).unwrap().under(1 << 105), None);
        assert!(Members::new(0).is_none() && Members::new(1 << 21).is_none());
    }

    /// The worst error over what L49 says, exactly, climbing towards it.
    #[test]
    fn quotients_in_floating_point_are_that_near() {
        // What `second` is off by, and what rounds when the bound is taken off.
        let ratio = |members: i64, sum: i128| {
            let few = Members::new(members).unwrap();
            let (nearest, rest) = doubles(sum).unwrap();
            let (first, left) = few.first(nearest);
            let second = (left + rest) / few.count;
            let off = first.abs() * OFF;
            let mut worst = 0.0f64;
            for bound in [second - off, second + off] {
                // (first + bound) members - sum is to be beyond the bound, by less than twice that.
                let mut over = reference(&[(-(sum >> 60) as i64, 60)]);
                add(&mut over, (-((sum & ((1 << 60) - 1)) as i64), 0));
                over.add_product(first, few.count);
                over.add_product(bound, few.count);
                let beyond = exact::quotient(&over, &reference(&[(members, 0)]));
                let beyond = if bound < second { -beyond } else { beyond };
                worst = worst.max((off - beyond) / off);
            }
            worst
        };
        let mut state = 7;
        let mut worst = 0.0f64;
        for _ in 0..20 {
            let mut best = (0.0, 3, 1i128 << 90);
            for step in 0..300 {
                let (members, sum) = match step < 40 {
                    true => {
                        let wide = u128::from(random(&mut state)) << 64 | 1 << 63;
                        let members = 3 + random(&mut state) % ((1 << 21) - 3);
                        (members as i64, (wide >> 24) as i128)
                    }
                    false => {
                        let flipped = 1i128 << (random(&mut state) % 103);
                        let members = best.1 ^ (1 << (random(&mut state) % 24)) & ((1 << 21) - 1);
                        (members.max(3), best.2 ^ flipped)
                    }
                };
                let found = ratio(members, sum);
                if found > best.0 {
                    best = (found, members, sum);
                }
            }
            worst = worst.max(best.0);
        }
        println!("L49: worst measured / bound {worst:.3}");
        assert!((0.3..1.0).contains(&worst));
    }

    /// L25: of limbs whose highest cancel, and far apart.
    #[test]
    fn heads_are_exact_where_limbs_cancel() {
        for gap in [1, 30, 45, 50] {
            for count in [3usize, 4, 9, 40] {
                let unit = |l: usize| -300 + gap * (count - l) as i32;
                let mut over: Vec<_> = (0..count).map(|l| (0, unit(l))).collect();
                over[0].0 = 1;
                over[1].0 = -(1i64 << gap.min(50));
                for low in [1, -1, 3, (1 << 61) + 1] {
                    over[count - 1].0 = low;
                    for members in [1, 3, 1 << 40] {
                        check(&over, &[(members, 0)]);
                        check(
                            &over,
                            &[(members, -500), (5, -545), (1, -590), (0, -635), (1, -680)],
                        );
                    }
                }
            }
        }
    }
}
