//! Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
//!
//! A counter-based generator: a keyed bijection of 128-bit counters. Every draw has its own counter,
//! made of what the draw is for, and so its value depends on nothing else: not on how many draws came
//! before, nor on which thread asks.

/// What all draws of a restart have in common.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    pub(crate) seed: u64,
    pub(crate) restart: u32,
}

/// What a draw is for.
#[derive(Clone, Copy)]
pub(super) struct Draw {
    /// Which center is being drawn.
    pub(super) step: u32,
    /// Which of several draws of the step.
    pub(super) candidate: u32,
}

/// 128 random bits for a counter under a seed.
fn bits(seed: u64, counter: [u32; 4]) -> u128 {
    let words = philox4x32(counter, [seed as u32, (seed >> 32) as u32]);
    words
        .iter()
        .rev()
        .fold(0, |bits, &word| bits << 32 | u128::from(word))
}

/// A number of 53 bits in [0, 1) for point `p` of a round of k-means‖. Draws of single points have zero where these have their
/// round.
pub(super) fn uniform_for_point(key: Key, round: u32, p: u64) -> f64 {
    let counter = [p as u32, (p >> 32) as u32, key.restart, round + 1];
    let bits = bits(key.seed, counter) as u64;
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

/// A whole number below `bound`: floor(u bound / 2^128) with 128 bits u (multiplication instead of division: Lemire 2019). A range
/// of these numbers is drawn with its share of all, to within 2^-128 (L41).
pub(super) fn below(bound: u128, key: Key, draw: Draw) -> u128 {
    let counter = [draw.candidate, draw.step, key.restart, 0];
    high_product(bits(key.seed, counter), bound)
}

/// floor(a b / 2^128).
fn high_product(a: u128, b: u128) -> u128 {
    let split = |x: u128| (x >> 64, x & u128::from(u64::MAX));
    let ((a_high, a_low), (b_high, b_low)) = (split(a), split(b));
    // Each of these is below 2^128: (2^64 - 1)^2 + 2 (2^64 - 1) is 2^128 - 1.
    let (carry, middle) = split(a_high * b_low + ((a_low * b_low) >> 64));
    let middle = middle + a_low * b_high;
    a_high * b_high + carry + (middle >> 64)
}

fn philox4x32(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let a = u64::from(counter[0]) * 0xd251_1f53;
        let b = u64::from(counter[2]) * 0xcd9e_8d57;
        counter = [
            (b >> 32) as u32 ^ counter[1] ^ key[0],
            b as u32,
            (a >> 32) as u32 ^ counter[3] ^ key[1],
            a as u32,
        ];
        key[0] = key[0].wrapping_add(0x9e37_79b9);
        key[1] = key[1].wrapping_add(0xbb67_ae85);
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::{high_product, philox4x32};

    /// Against products of pieces of 16 bits.
    #[test]
    fn high_products() {
        let school = |a: u128, b: u128| {
            let digit = |x: u128, i: usize| x >> (16 * i) & 0xffff;
            let mut digits = [0u128; 16];
            for i in 0..8 {
                for j in 0..8 {
                    digits[i + j] += digit(a, i) * digit(b, j);
                }
            }
            let mut carry = 0;
            for digit in &mut digits {
                carry += *digit;
                *digit = carry & 0xffff;
                carry >>= 16;
            }
            digits[8..]
                .iter()
                .rev()
                .fold(0, |x, &digit| x << 16 | digit)
        };
        let mut values = vec![0, 1, u128::MAX, u128::MAX - 1, u128::MAX >> 1];
        values.extend((0..128).map(|power| 1u128 << power));
        values.extend((0..128).map(|power| (1u128 << power) - 1));
        for &a in &values {
            for &b in &values {
                assert_eq!(high_product(a, b), school(a, b), "{a} {b}");
            }
        }
    }

    /// The known answers that Random123 publishes for philox4x32-10.
    #[test]
    fn known_answers() {
        let cases = [
            (
                [0; 4],
                [0; 2],
                [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
            ),
            (
                [u32::MAX; 4],
                [u32::MAX; 2],
                [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
            ),
            (
                [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
                [0xa4093822, 0x299f31d0],
                [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
            ),
        ];
        for (counter, key, answer) in cases {
            assert_eq!(philox4x32(counter, key), answer);
        }
    }
}
