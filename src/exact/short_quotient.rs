//! Means of short sums over few members, in floating point (L49): most means of a fit are computed here.

/// A number of members small enough for quotients in floating point (L49).
#[derive(Clone, Copy)]
pub(crate) struct ShortDivisor {
    count: f64,
    inverse: f64,
    power_of_two: bool,
}

/// Members are fewer than 2 to this power: they have no more bits than are cut off the first part of a quotient (L49).
const MEMBERS_BITS: u32 = 21;

/// Sums are below 2 to this power: they are the sum of two doubles, the second at most half a unit in the last place of the first (L49).
const SUM_BITS: u32 = 105;

/// A bound for the error of a quotient, relative to its first part (L49).
const ERROR: f64 = 1.0 / (1u128 << 82) as f64;

impl ShortDivisor {
    /// None, if there are too many members.
    pub(crate) fn new(count: i64) -> Option<Self> {
        (1..1 << MEMBERS_BITS)
            .contains(&count)
            .then(|| ShortDivisor {
                count: count as f64,
                inverse: 1.0 / count as f64,
                power_of_two: count & (count - 1) == 0,
            })
    }

    /// `sum` divided by this, rounded once to nearest, ties to even; +0.0 if it is zero. None, if floating point does not decide it (L49).
    #[inline]
    pub(crate) fn divide(self, sum: i128) -> Option<f64> {
        let (nearest, rest) = doubles(sum)?;
        if self.power_of_two {
            return Some(nearest * self.inverse);
        }
        let (first, left) = self.first(nearest);
        let all = left + rest;
        let second = all / self.count;
        let error = first.abs() * ERROR;
        let least = first + (second - error);
        if least == first + (second + error) {
            return Some(least);
        }
        // Quotients in the middle of two doubles: sums of few bits divided by small numbers often are.
        let (_, lost) = two(left, rest);
        let short = second.to_bits() & !(u64::MAX << MEMBERS_BITS) == 0;
        let exact = lost == 0.0 && short && second * self.count == all;
        exact.then_some(first + second)
    }

    /// A quotient of 32 bits near `sum` divided by this, and what it leaves of the sum, exactly.
    #[inline]
    fn first(self, sum: f64) -> (f64, f64) {
        let all = sum * self.inverse;
        let first = f64::from_bits(all.to_bits() & (u64::MAX << MEMBERS_BITS));
        (first, sum - first * self.count)
    }
}

/// The double nearest to a sum, and the rest; none, if the sum is too large.
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

/// The rounded sum, and its rounding error (Dekker 1971). `larger` is zero, or a multiple of the unit in the last place of `smaller`.
#[inline]
fn two(larger: f64, smaller: f64) -> (f64, f64) {
    let sum = larger + smaller;
    (sum, smaller - (sum - larger))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::quotient::tests::{add, random, reference};
    use crate::exact::reference as exact;

    /// L49: quotients that floating point decides are right, and it decides nearly all, also in the middle of two doubles.
    #[test]
    fn decided_quotients_are_rounded_once() {
        let mut state = 5;
        let (mut decided, mut all) = ([0; 3], [0; 3]);
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
                // The quotient is in the middle of two doubles, or has few bits.
                1 => {
                    let middle = random(&mut state) >> 10 | 1 << 53 | 1;
                    let zeros = random(&mut state) % 20;
                    (i128::from(middle) << zeros) * i128::from(members)
                }
                // The quotient is next to the middle of two doubles.
                _ => {
                    let middle = i128::from(random(&mut state) >> 10 | 1 << 53 | 1) << 30;
                    let beside = (random(&mut state) % 5) as i128 - 2;
                    middle * i128::from(members) + beside
                }
            };
            let sum = if round / 12 % 2 == 0 { sum } else { -sum };
            let few = ShortDivisor::new(members).unwrap();
            all[kind] += 1;
            if let Some(got) = few.divide(sum) {
                decided[kind] += 1;
                let limbs = [
                    ((sum >> 60) as i64, 60),
                    ((sum & ((1 << 60) - 1)) as i64, 0),
                ];
                let want = exact::quotient(&reference(&limbs), &reference(&[(members, 0)]));
                assert_eq!(got.to_bits(), want.to_bits(), "{sum} over {members}");
            }
        }
        println!("L49: {decided:?} of {all:?} decided");
        assert!(decided[0] * 1000 > all[0] * 999 && decided[1] * 1000 > all[1] * 999);
        assert_eq!(
            ShortDivisor::new(7).unwrap().divide(0).map(f64::to_bits),
            Some(0)
        );
        assert_eq!(ShortDivisor::new(7).unwrap().divide(1 << 105), None);
        assert!(ShortDivisor::new(0).is_none() && ShortDivisor::new(1 << 21).is_none());
    }

    /// L49: the worst ratio of the exact error to its bound, searched by hill climbing.
    #[test]
    fn errors_of_quotients_stay_within_their_bound() {
        // The error of `second`, and the rounding error when the bound is subtracted or added.
        let ratio = |members: i64, sum: i128| {
            let few = ShortDivisor::new(members).unwrap();
            let (nearest, rest) = doubles(sum).unwrap();
            let (first, left) = few.first(nearest);
            let second = (left + rest) / few.count;
            let error = first.abs() * ERROR;
            let mut worst = 0.0f64;
            for bound in [second - error, second + error] {
                // (first + bound) members - sum is to be beyond the bound, by less than twice that.
                let mut over = reference(&[(-(sum >> 60) as i64, 60)]);
                add(&mut over, (-((sum & ((1 << 60) - 1)) as i64), 0));
                over.add_product(first, few.count);
                over.add_product(bound, few.count);
                let beyond = exact::quotient(&over, &reference(&[(members, 0)]));
                let beyond = if bound < second { -beyond } else { beyond };
                worst = worst.max((error - beyond) / error);
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
}
