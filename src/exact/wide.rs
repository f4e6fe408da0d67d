//! Sums of limbs in a whole number of 6144 bits: for quotients next to the middle of two doubles, and sums whose highest limbs cancel.

/// The highest bits of a sum. Without slack its magnitude is `whole` times 2^`exponent`; else it is strictly between that and
/// `whole + slack` times 2^`exponent`.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub(super) negative: bool,
    /// At least 2^125 and below 2^126.
    pub(super) whole: u128,
    pub(super) exponent: i32,
    pub(super) slack: u64,
}

/// Digits of 32 bits: enough for a sum, and for the middle of two doubles times a divisor (L27).
const WIDE: usize = 192;

/// A whole number of units of 2^`exponent`: digit `i` counts 2^(32 i) of them, signed.
pub(super) struct Wide {
    digits: [i64; WIDE],
    exponent: i32,
}

impl Wide {
    /// Zero.
    pub(super) fn new(exponent: i32) -> Self {
        Wide {
            digits: [0; WIDE],
            exponent,
        }
    }

    /// Adds `times` 2^`unit` times a sum of limbs, each `(units, power)`: that is a multiple of the unit of this number. Digits do not
    /// overflow: a limb adds less than 2^33 to a digit, and there are few limbs.
    pub(super) fn add(&mut self, limbs: impl Iterator<Item = (i64, i32)>, times: i64, unit: i32) {
        for (units, power) in limbs {
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

    /// Propagates carries: every digit but the last comes into [0, 2^32); the last keeps the sign.
    fn carry(&mut self) {
        let mut carry = 0;
        for digit in &mut self.digits[..WIDE - 1] {
            let sum = *digit + carry;
            *digit = sum & 0xffff_ffff;
            carry = sum >> 32;
        }
        self.digits[WIDE - 1] += carry;
    }

    /// -1, 0 or 1.
    pub(super) fn sign(&mut self) -> i64 {
        self.carry();
        match self.digits[WIDE - 1] {
            0 => i64::from(self.digits.iter().any(|&digit| digit != 0)),
            top => top.signum(),
        }
    }

    /// The highest bits, with a slack of at most 1; none, if this is zero.
    pub(super) fn head(mut self) -> Option<Head> {
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
mod tests {
    use super::*;
    use crate::exact::rational::Exact;

    /// A head is the sum, or with slack a little less: whatever bits of a digit it ends at, for sums of both signs, of which nothing, one
    /// unit or a little less than a unit is cut off.
    #[test]
    fn heads_are_the_highest_bits() {
        let finest = -1200;
        let mut cut = 0;
        for power in 200..264 {
            for units in [1, 3, (1 << 62) - 1] {
                for below in [
                    1, 30, 31, 32, 33, 62, 63, 64, 65, 94, 125, 126, 127, 160, 199,
                ] {
                    for rest in [0, 1, -1] {
                        for sign in [1, -1] {
                            let limbs = [
                                (sign * units, finest + power),
                                (sign * rest, finest + power - below),
                            ];
                            let mut wide = Wide::new(finest);
                            wide.add(limbs.into_iter(), 1, 0);
                            let head = wide.head().expect("the sum is not zero");
                            assert_eq!(head.negative, sign < 0);
                            assert_eq!(head.whole >> 125, 1);
                            let value = |(units, power): (i64, i32)| {
                                Exact::whole(units) * Exact::two_to(power.into())
                            };
                            let sum = limbs.map(value).into_iter().sum::<Exact>().abs();
                            let least = |whole: u128| {
                                let low = whole as i64 & i64::MAX;
                                value(((whole >> 63) as i64, head.exponent + 63))
                                    + value((low, head.exponent))
                            };
                            let (whole, slack) = (head.whole, head.slack);
                            match slack {
                                0 => assert!(sum == least(whole), "{limbs:?}"),
                                1 => {
                                    cut += 1;
                                    assert!(least(whole) < sum, "{limbs:?}");
                                    let most = least(whole) + value((1, head.exponent));
                                    assert!(sum < most, "{limbs:?}");
                                }
                                _ => panic!("a slack of {slack} for {limbs:?}"),
                            }
                        }
                    }
                }
            }
        }
        assert!(cut > 1000, "{cut} sums are cut off");
        assert!(Wide::new(finest).head().is_none());
    }
}
