//! Means: one exact sum over another, as real numbers, rounded once.
//!
//! A sum comes as limbs, and its highest 126 bits are the dividend. The reciprocal of the highest 64 bits of the divisor is computed
//! once for each cluster, so that a quotient of at least 61 bits takes two multiplications. That quotient tells on which side of the middle
//! between two doubles the real quotient lies, unless bits were cut off and it is within a few units of the middle (L26). Then
//! the sum is compared with the middle times the divisor, in whole numbers of enough bits (L27).

use super::binary64::nearest;
use super::wide::{Head, Wide};

/// A sum of limbs, greatest units first: `limb` returns the `(units, power)` of a limb, which is `units` times 2^`power`.
pub(crate) struct Sum<F> {
    count: usize,
    limb: F,
}

/// Bits that are kept of the limbs below the highest one that is not zero.
const FRACTION: u32 = 60;

impl<F: Fn(usize) -> (i64, i32)> Sum<F> {
    /// The sum of `count` limbs.
    pub(crate) fn new(count: usize, limb: F) -> Self {
        Sum { count, limb }
    }

    /// The sum, rounded once to nearest, ties to even; +0.0 when it is zero.
    pub(crate) fn rounded(&self) -> f64 {
        Divisor::new(Sum::new(1, |_| (1, 0))).divide(self)
    }

    /// Limb `l`.
    #[cfg(test)]
    pub(crate) fn limb(&self, l: usize) -> (i64, i32) {
        (self.limb)(l)
    }

    fn limbs(&self) -> impl Iterator<Item = (i64, i32)> + use<'_, F> {
        (0..self.count).map(&self.limb)
    }

    /// The power of the last limb.
    fn finest(&self) -> i32 {
        (self.limb)(self.count - 1).1
    }

    /// The highest bits; none, if the sum is zero.
    fn head(&self) -> Option<Head> {
        let first = (0..self.count - 1).find(|&l| (self.limb)(l).0 != 0);
        let first = first.unwrap_or(self.count - 1);
        // From the finest limb up: the sum so far, in the units of the limb and a fraction, rounded down where bits are lost (L25).
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

    /// The same with a slack of at most 1, however many of the highest limbs cancel.
    #[cold]
    fn exact_head(&self) -> Option<Head> {
        let mut wide = Wide::new(self.finest());
        wide.add(self.limbs(), 1, 0);
        wide.head()
    }
}

/// A divisor of sums: the exact sum of the weights of a cluster, or the number of its members; positive.
pub(crate) struct Divisor<F> {
    sum: Sum<F>,
    /// If it is `whole`, the divisor is `high` times 2^`exponent`; else it is between that and `high + 1` times 2^`exponent`.
    high: u64,
    exponent: i32,
    whole: bool,
    /// 2^128 / `high` - 2^64, rounded down.
    reciprocal: u64,
}

impl<F: Fn(usize) -> (i64, i32)> Divisor<F> {
    pub(crate) fn new(sum: Sum<F>) -> Self {
        let head = sum.head().filter(|head| head.slack <= 1);
        // The default is never used: a cluster that has a mean has a member of positive weight.
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
            // The quotient is at least 2^64; the conversion drops that bit.
            reciprocal: (u128::MAX / u128::from(high)) as u64,
        }
    }

    /// A sum divided by this, rounded once to nearest, ties to even; +0.0 if it is zero.
    pub(crate) fn divide<G: Fn(usize) -> (i64, i32)>(&self, sum: &Sum<G>) -> f64 {
        let Some(head) = sum.head() else {
            return 0.0;
        };
        let (quotient, rest) = divide(head.whole, self.high, self.reciprocal);
        let exponent = head.exponent - self.exponent;
        let magnitude = if self.whole && head.slack <= 1 {
            // The rest is at least 1 less than the divisor, and less than 1 was cut off the sum: the quotient is right.
            nearest(quotient, rest != 0 || head.slack != 0, exponent)
        } else {
            // L26: the real quotient lies strictly between these two.
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

    /// Which of `least` and the next double the magnitude of the quotient is nearest to.
    #[cold]
    fn compare<G: Fn(usize) -> (i64, i32)>(&self, sum: &Sum<G>, negative: bool, least: f64) -> f64 {
        let bits = least.to_bits();
        let fraction = (bits & ((1 << 52) - 1)) as i64;
        // The middle of both, in halves of a unit in the last place: one more than twice the double.
        let (middle, unit) = match (bits >> 52) as i32 {
            0 => (2 * fraction + 1, -1075),
            exponent => (2 * (fraction | 1 << 52) + 1, exponent - 1076),
        };
        let mut difference = Wide::new(sum.finest().min(self.sum.finest() + unit));
        difference.add(sum.limbs(), if negative { -1 } else { 1 }, 0);
        difference.add(self.sum.limbs(), -middle, unit);
        let above = match difference.sign() {
            0 => bits % 2 == 1,
            sign => sign > 0,
        };
        f64::from_bits(bits + u64::from(above))
    }
}

/// `dividend / divisor` for a divisor of at least 2^63 and a dividend below 2^64 times the divisor: the whole quotient, and the
/// remainder (Möller and Granlund 2011, algorithm 4).
#[inline]
fn divide(dividend: u128, divisor: u64, reciprocal: u64) -> (u64, u64) {
    let (high, low) = ((dividend >> 64) as u64, dividend as u64);
    let guess = (u128::from(reciprocal) * u128::from(high)).wrapping_add(dividend);
    let mut quotient = ((guess >> 64) as u64).wrapping_add(1);
    let mut rest = low.wrapping_sub(quotient.wrapping_mul(divisor));
    if rest > guess as u64 {
        quotient = quotient.wrapping_sub(1);
        rest = rest.wrapping_add(divisor);
    }
    if rest >= divisor {
        quotient = quotient.wrapping_add(1);
        rest -= divisor;
    }
    (quotient, rest)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::exact::binary64::scale;
    use crate::exact::reference as exact;

    pub(in super::super) fn random(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (*state ^ *state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub(in super::super) fn reference(limbs: &[(i64, i32)]) -> exact::Sum {
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
        let got = divisor.divide(&Sum::new(over.len(), |l| over[l]));
        let want = exact::quotient(&reference(over), &reference(under));
        assert_eq!(
            got.to_bits(),
            want.to_bits(),
            "{got:e}, not {want:e}: {over:?} over {under:?}"
        );
    }

    /// Limbs of a whole number of units of 2^unit; limbs exceed their width at random and carry into the next.
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

    /// L25, L26: sums of all sizes, some with limbs that cancel, divided by numbers of members and by weights.
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

    /// L26, L27: quotients in the middle of two doubles, and one unit beside it; also for divisors of more than 64 bits.
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

    /// L25: the highest limbs cancel, and what is left lies far below them.
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

    /// L26: a divisor that is a little more than its highest 126 bits brings a quotient below the middle of two doubles.
    #[test]
    fn divisors_that_are_cut_off_are_not_whole() {
        for gap in [30, 45, 50] {
            let mut under: Vec<_> = (0..6).map(|l| (0, -gap * l)).collect();
            (under[0].0, under[5].0) = (1, 1);
            for middle in [(1 << 53) + 1, (1 << 53) + 3] {
                check(&[(middle, 0)], &under);
                check(&[(-middle, 0)], &under);
            }
        }
    }

    /// L25: zeros that are shifted out are not lost, so that quotients in the middle of two doubles go to the even one.
    #[test]
    fn zeros_are_not_lost() {
        let mut state = 4;
        for width in [22, 30, 45, 50] {
            let count = 126 / width as usize + 1;
            for zeros in 0..=50 {
                for _ in 0..10 {
                    let middle = (random(&mut state) >> 10 | 1 << 53 | 1) as i128;
                    let divisor = (random(&mut state) >> 44 | 1 << 19 | 1) as i64;
                    let whole = (middle * i128::from(divisor)) << zeros;
                    let over = limbs(whole, -40, width, count, &mut state);
                    check(&over, &[(divisor, 0)]);
                }
            }
        }
    }
}
