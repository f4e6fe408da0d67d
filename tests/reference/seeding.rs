//! Seeding, dully: what greedy k-means++ draws, in plain scalar Rust over all pairs.
//!
//! Masses are weight times D to the nearest center so far. With 2^E the power of two above the largest of them, they are counted in
//! whole units of 2^(E - 86) where a point is drawn, and of 2^(E - 50) where candidates are compared, each rounded to the nearest,
//! ties to even; a unit is never less than 2^-1074. A draw with a number u of 128 random bits is the first point whose prefix sum
//! of units exceeds floor(u * total / 2^128).

use super::{exact_sum, squared};

/// Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011).
pub fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let a = 0xd2511f53 * u64::from(counter[0]);
        let b = 0xcd9e8d57 * u64::from(counter[2]);
        counter = [
            (b >> 32) as u32 ^ counter[1] ^ key[0],
            b as u32,
            (a >> 32) as u32 ^ counter[3] ^ key[1],
            a as u32,
        ];
        key[0] = key[0].wrapping_add(0x9e3779b9);
        key[1] = key[1].wrapping_add(0xbb67ae85);
    }
    counter
}

/// 128 random bits for a counter under a seed.
pub fn bits(seed: u64, counter: [u32; 4]) -> u128 {
    let words = philox(counter, [seed as u32, (seed >> 32) as u32]);
    (0..4).map(|i| u128::from(words[i]) << (32 * i)).sum()
}

/// The exponent of a positive number: 2^e <= x < 2^(e + 1).
fn exponent(x: f64) -> i32 {
    assert!(x > 0.0 && x.is_finite());
    let biased = (x.to_bits() >> 52) as i32;
    match biased {
        // A subnormal number is a multiple of 2^-1074.
        0 => 63 - x.to_bits().leading_zeros() as i32 - 1074,
        biased => biased - 1023,
    }
}

/// `x` in units of 2^`unit`, rounded to nearest, ties to even.
pub fn units(x: f64, unit: i32) -> i128 {
    let biased = (x.to_bits() >> 52) as i32;
    let fraction = i128::from(x.to_bits() & ((1 << 52) - 1));
    let (mantissa, lowest) = match biased {
        0 => (fraction, -1074),
        biased => (fraction | 1 << 52, biased - 1075),
    };
    let shift = unit - lowest;
    if shift <= 0 {
        return mantissa << -shift;
    }
    if shift > 60 {
        return 0;
    }
    let (whole, rest) = (mantissa >> shift, mantissa & ((1 << shift) - 1));
    let half = 1 << (shift - 1);
    let up = rest > half || rest == half && whole % 2 == 1;
    whole + i128::from(up)
}

/// The exponent of the unit of masses of at most `top`, which has so many bits.
pub fn unit_of(top: f64, bits: i32) -> i32 {
    (exponent(top) + 1 - bits).max(-1074)
}

/// The sum of the masses in units of so many bits.
fn total(masses: &[f64], top: f64, bits: i32) -> i128 {
    masses.iter().map(|&m| units(m, unit_of(top, bits))).sum()
}

/// floor(u * total / 2^128).
pub fn below(total: i128, u: u128) -> i128 {
    // By school: one bit of u after the other, from the lowest. floor(floor(x / 2) / 2) is floor(x / 4), and so on.
    let mut product = 0u128;
    for bit in 0..128 {
        if u >> bit & 1 == 1 {
            product += total as u128;
        }
        product >>= 1;
    }
    product as i128
}

/// Bits of the unit where a point is drawn, and where candidates are compared.
const DRAWN: i32 = 86;
const COMPARED: i32 = 50;

/// The first point whose prefix sum exceeds the target.
pub fn drawn(masses: &[f64], u: u128) -> usize {
    let top = masses.iter().copied().fold(0.0, f64::max);
    let target = below(total(masses, top, DRAWN), u);
    let mut sum = 0;
    masses
        .iter()
        .position(|&mass| {
            sum += units(mass, unit_of(top, DRAWN));
            sum > target
        })
        .expect("the target is below the sum")
}

/// k different rows, every set of them equally likely (Floyd's sampling): the s-th draw is a rank below m - k + s + 1 among the
/// m points of positive weight, or the last of these ranks where that was drawn before. Where there are fewer than k such points,
/// the first of the others follow.
pub fn random(
    x: &[f64],
    d: usize,
    weights: Option<&[f64]>,
    k: usize,
    seed: u64,
    restart: u32,
) -> Vec<f64> {
    let positive = |p: &usize| weights.is_none_or(|w| w[*p] > 0.0);
    let (heavy, light): (Vec<usize>, Vec<usize>) = (0..x.len() / d).partition(positive);
    let drawn = k.min(heavy.len());
    let mut ranks: Vec<usize> = Vec::new();
    for s in 0..drawn {
        let last = heavy.len() - drawn + s;
        let u = bits(seed, [0, s as u32, restart, 0]);
        let rank = below(last as i128 + 1, u) as usize;
        ranks.push(if ranks.contains(&rank) { last } else { rank });
    }
    let chosen = ranks.into_iter().map(|rank| heavy[rank]).chain(light);
    let rows = chosen.take(k).flat_map(|p| x[p * d..][..d].to_vec());
    rows.collect()
}

/// The centers that greedy k-means++ draws; their rows.
pub fn greedy(
    x: &[f64],
    d: usize,
    weights: Option<&[f64]>,
    k: usize,
    seed: u64,
    restart: u32,
) -> Vec<f64> {
    let n = x.len() / d;
    let weight = |p: usize| weights.map_or(1.0, |w| w[p]);
    let row = |p: usize| &x[p * d..][..d];
    let u = |step: usize, candidate: usize| bits(seed, [candidate as u32, step as u32, restart, 0]);
    let candidates = 2 + (k as f64).ln().floor() as usize;
    let lowered = |masses: &[f64], p: usize| -> Vec<f64> {
        let with = |(q, mass): (usize, &f64)| mass.min(weight(q) * squared(row(q), row(p)));
        masses.iter().enumerate().map(with).collect()
    };

    let by_weight: Vec<f64> = (0..n).map(weight).collect();
    let first = drawn(&by_weight, u(0, 0));
    let mut chosen = vec![first];
    let mut masses = lowered(&vec![f64::INFINITY; n], first);
    while chosen.len() < k {
        let step = chosen.len();
        let top = masses.iter().copied().fold(0.0, f64::max);
        if top == 0.0 {
            let heavy: Vec<usize> = (0..n).filter(|&p| weight(p) > 0.0).collect();
            chosen.push(heavy[below(heavy.len() as i128, u(step, 0)) as usize]);
            continue;
        }
        let mut best: Option<(i128, usize, Vec<f64>)> = None;
        for candidate in 0..candidates {
            let p = drawn(&masses, u(step, candidate));
            let with = lowered(&masses, p);
            let potential = total(&with, top, COMPARED);
            if best.as_ref().is_none_or(|(least, ..)| potential < *least) {
                best = Some((potential, p, with));
            }
        }
        let (_, p, with) = best.unwrap();
        chosen.push(p);
        masses = with;
    }
    chosen.iter().flat_map(|&p| row(p).to_vec()).collect()
}

/// Rounds of k-means‖, at least.
const ROUNDS: u32 = 5;

/// The centers that k-means‖ draws; their rows.
pub fn parallel(
    x: &[f64],
    d: usize,
    weights: Option<&[f64]>,
    k: usize,
    seed: u64,
    restart: u32,
) -> Vec<f64> {
    let n = x.len() / d;
    let weight = |p: usize| weights.map_or(1.0, |w| w[p]);
    let row = |p: usize| &x[p * d..][..d];
    let by_weight: Vec<f64> = (0..n).map(weight).collect();
    let mut candidates: Vec<usize> = Vec::new();
    for round in 0.. {
        if round >= ROUNDS && candidates.len() >= k {
            break;
        }
        let nearest = |p: usize| {
            let all = candidates.iter().map(|&c| squared(row(p), row(c)));
            all.reduce(f64::min).unwrap_or(1.0)
        };
        let masses: Vec<f64> = (0..n).map(|p| weight(p) * nearest(p)).collect();
        if masses.iter().all(|&mass| mass == 0.0) {
            break;
        }
        let (total, scaled) = in_units_of_the_total(&masses);
        let joins = |&p: &usize| {
            let bits = bits(
                seed,
                [p as u32, (p as u64 >> 32) as u32, restart, round + 1],
            );
            let u = (bits as u64 >> 11) as f64 / (1u64 << 53) as f64;
            masses[p] > 0.0 && (u == 0.0 || u * total < (2 * k) as f64 * scaled[p])
        };
        let new: Vec<usize> = (0..n).filter(joins).collect();
        if new.len() <= 3 * k + 32 {
            candidates.extend(new);
        }
    }

    let rows: Vec<f64> = candidates.iter().flat_map(|&p| row(p).to_vec()).collect();
    // Weights are counted in limbs of w bits, one where there are none; as many as hold 18 bits more than n has.
    let log = (0..).find(|&log| 1usize << log >= n).unwrap();
    let width = (62 - log).min(50);
    let limbs = (1..).find(|limbs| limbs * width >= log + 18).unwrap();
    let bits = if weights.is_some() {
        limbs * width
    } else {
        width
    };
    let heaviest = by_weight.iter().copied().fold(0.0, f64::max);
    let unit = unit_of(heaviest, bits);
    let mut counts = vec![0i128; candidates.len()];
    for (p, &weight) in by_weight.iter().enumerate() {
        counts[super::label(row(p), &rows).0 as usize] += units(weight, unit);
    }
    // Times a power of two: no mass is greater than 2^1000, nor is a weight.
    let least_one = |&count: &i128| times(count.max(1) as f64, unit - exponent(heaviest) - 1);
    let shares: Vec<f64> = counts.iter().map(least_one).collect();
    let most = shares.iter().copied().fold(0.0, f64::max);
    let largest = rows.iter().fold(0.0f64, |top, x| top.max(x.abs()));
    let farthest = (4.0 * largest * largest * d as f64).clamp(1.0, f64::MAX);
    let power = 1000 - exponent(most) - exponent(farthest) - 2;
    let counts: Vec<f64> = shares.iter().map(|&share| times(share, power)).collect();
    greedy(&rows, d, Some(&counts), k, seed, restart)
}

/// x times a power of two.
pub fn times(x: f64, exponent: i32) -> f64 {
    let half = exponent / 2;
    let power = |e: i32| f64::from_bits(((e + 1023) as u64) << 52);
    x * power(half) * power(exponent - half)
}

/// The exact sum of the masses, rounded, and the masses, both times the power of two that leaves the sum in [1, 2).
fn in_units_of_the_total(masses: &[f64]) -> (f64, Vec<f64>) {
    // A sum may be greater than any double.
    let all = |down: i32| {
        let masses: Vec<f64> = masses.iter().map(|&m| times(m, -down)).collect();
        (exact_sum(&masses), down)
    };
    let (total, down) = match all(0) {
        (sum, _) if sum == f64::INFINITY => all(64),
        finite => finite,
    };
    let e = exponent(total);
    let masses = masses.iter().map(|&m| times(m, -e - down)).collect();
    (times(total, -e), masses)
}
