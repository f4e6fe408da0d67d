//! Seeding, dully: what greedy k-means++ draws, in plain scalar Rust over all pairs.
//!
//! Masses are weight times D to the nearest center so far. They are counted in whole units of 2^(E - w), E the exponent above
//! the largest mass and w = min(50, 62 - ceil(log2 n)), each rounded to the nearest, ties to even. A draw with a number u of
//! 64 random bits is the first point whose prefix sum of units exceeds floor(u * total / 2^64).

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

/// 64 random bits for a counter under a seed.
pub fn bits(seed: u64, counter: [u32; 4]) -> u64 {
    let [low, high, ..] = philox(counter, [seed as u32, (seed >> 32) as u32]);
    u64::from(high) << 32 | u64::from(low)
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
fn units(x: f64, unit: i32) -> i64 {
    if x == 0.0 {
        return 0;
    }
    let biased = (x.to_bits() >> 52) as i32;
    let fraction = x.to_bits() & ((1 << 52) - 1);
    let (mantissa, lowest) = match biased {
        0 => (fraction, -1074),
        biased => (fraction | 1 << 52, biased - 1075),
    };
    let shift = unit - lowest;
    if shift <= 0 {
        return (mantissa as i64) << -shift;
    }
    if shift > 60 {
        return 0;
    }
    let (whole, rest) = (mantissa >> shift, mantissa & ((1 << shift) - 1));
    let half = 1 << (shift - 1);
    let up = rest > half || rest == half && whole % 2 == 1;
    whole as i64 + i64::from(up)
}

/// The masses in units.
pub fn all_units(masses: &[f64]) -> Vec<i64> {
    let top = masses.iter().copied().fold(0.0, f64::max);
    let unit = unit_of(top, masses.len());
    masses.iter().map(|&mass| units(mass, unit)).collect()
}

/// The exponent of the unit for n masses of at most `top`.
fn unit_of(top: f64, n: usize) -> i32 {
    let ceil_log2 = (0..).find(|&log| 1usize << log >= n).unwrap();
    (exponent(top) + 1 - (62 - ceil_log2).min(50)).max(-1074)
}

/// floor(u * total / 2^64).
fn below(total: i64, u: u64) -> i64 {
    ((u128::from(u) * total as u128) >> 64) as i64
}

fn drawn(units: &[i64], u: u64) -> usize {
    let target = below(units.iter().sum(), u);
    let mut sum = 0;
    units
        .iter()
        .position(|&units| {
            sum += units;
            sum > target
        })
        .expect("the target is below the sum")
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
    let first = drawn(&all_units(&by_weight), u(0, 0));
    let mut chosen = vec![first];
    let mut masses = lowered(&vec![f64::INFINITY; n], first);
    while chosen.len() < k {
        let step = chosen.len();
        let top = masses.iter().copied().fold(0.0, f64::max);
        if top == 0.0 {
            let heavy: Vec<usize> = (0..n).filter(|&p| weight(p) > 0.0).collect();
            chosen.push(heavy[below(heavy.len() as i64, u(step, 0)) as usize]);
            continue;
        }
        let unit = unit_of(top, n);
        let counted = all_units(&masses);
        let mut best: Option<(i64, usize, Vec<f64>)> = None;
        for candidate in 0..candidates {
            let p = drawn(&counted, u(step, candidate));
            let with = lowered(&masses, p);
            let potential = with.iter().map(|&mass| units(mass, unit)).sum();
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
            let u = (bits >> 11) as f64 / (1u64 << 53) as f64;
            masses[p] > 0.0 && u * total < (2 * k) as f64 * scaled[p]
        };
        let new: Vec<usize> = (0..n).filter(joins).collect();
        if new.len() <= 3 * k + 32 {
            candidates.extend(new);
        }
    }

    let rows: Vec<f64> = candidates.iter().flat_map(|&p| row(p).to_vec()).collect();
    let mut counts = vec![0i64; candidates.len()];
    for (p, units) in all_units(&by_weight).into_iter().enumerate() {
        counts[super::label(row(p), &rows).0 as usize] += units;
    }
    // One is the weight of a point, unless masses could overflow with that.
    let one = (1i64 << (-unit_of(1.0, n))) as f64;
    let most = *counts.iter().max().unwrap();
    let largest = rows.iter().fold(0.0f64, |top, x| top.max(x.abs()));
    let farthest = 4.0 * largest * largest * d as f64 * (most as f64 / one);
    let scale = match farthest < f64::from_bits((1023 + 1000) << 52) {
        true => one,
        false => (most as u64).next_power_of_two() as f64,
    };
    let counts: Vec<f64> = counts
        .iter()
        .map(|&count| count.max(1) as f64 / scale)
        .collect();
    greedy(&rows, d, Some(&counts), k, seed, restart)
}

/// The exact sum of the masses, rounded, and the masses, both times the power of two that leaves the sum in [1, 2).
fn in_units_of_the_total(masses: &[f64]) -> (f64, Vec<f64>) {
    let times = |x: f64, exponent: i32| {
        let half = exponent / 2;
        let power = |e: i32| f64::from_bits(((e + 1023) as u64) << 52);
        x * power(half) * power(exponent - half)
    };
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
