//! The dull answer: what a label, a center, an inertia and a run *are*, in plain scalar Rust.
//!
//! Every path of the library is compared with this file by `==` on the bits, so it shares no code with `src/` and
//! follows the definitions line by line, in the order in which the documentation states them. Points are rows of
//! `d` doubles, one after the other; centers likewise. Nothing here is fast, and nothing here should become so.
#![allow(dead_code)]

pub mod exact;
pub mod seeding;

use exact::{quotient, rounded, Sum};

/// What happens to a cluster without a member of positive weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Empty {
    Relocate,
    Keep,
    Error,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    Converged,
    Tolerance,
    MaxIter,
}

/// A run from given centers. `trace` holds `(moved, shift)` of every iteration.
#[derive(Clone, Debug)]
pub struct Fit {
    pub centers: Vec<f64>,
    pub labels: Vec<i32>,
    pub inertia: f64,
    pub iterations: i64,
    pub moved: i64,
    pub empty_clusters: i64,
    pub stopped_by: Stop,
    pub trace: Vec<(i64, f64)>,
}

/// D(x, c): eight running sums, then a tree. Rust never contracts `t * t + s` into a fused operation.
pub fn squared(x: &[f64], c: &[f64]) -> f64 {
    assert_eq!(x.len(), c.len());
    let mut s = [0.0f64; 8];
    for i in 0..x.len() {
        let t = x[i] - c[i];
        s[i % 8] += t * t;
    }
    let mut a = [0.0; 4];
    for j in 0..4 {
        a[j] = s[j] + s[j + 4];
    }
    let b = [a[0] + a[2], a[1] + a[3]];
    b[0] + b[1]
}

/// The smallest j that minimises D(x, c_j), and that D.
pub fn label(x: &[f64], centers: &[f64]) -> (i32, f64) {
    let mut best = (0, squared(x, &centers[..x.len()]));
    for (j, c) in centers.chunks(x.len()).enumerate().skip(1) {
        let distance = squared(x, c);
        if distance < best.1 {
            best = (j as i32, distance);
        }
    }
    best
}

/// Every point's label, and its D to that center.
pub fn assign(x: &[f64], d: usize, centers: &[f64]) -> (Vec<i32>, Vec<f64>) {
    x.chunks(d).map(|p| label(p, centers)).unzip()
}

/// A sum held exactly, as doubles of growing magnitude whose bits do not overlap (Shewchuk 1997). No partial sum may
/// overflow; gradual underflow keeps `two_sum` exact all the way down.
#[derive(Clone, Debug, Default)]
pub struct ExactSum {
    parts: Vec<f64>,
}

/// `a + b` rounded, and what the rounding lost: together exactly a + b.
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_seen = sum - a;
    let a_seen = sum - b_seen;
    (sum, (a - a_seen) + (b - b_seen))
}

impl ExactSum {
    pub fn add(&mut self, value: f64) {
        let mut carry = value;
        let mut kept = 0;
        for i in 0..self.parts.len() {
            let (sum, lost) = two_sum(carry, self.parts[i]);
            if lost != 0.0 {
                self.parts[kept] = lost;
                kept += 1;
            }
            carry = sum;
        }
        self.parts.truncate(kept);
        if carry != 0.0 {
            self.parts.push(carry);
        }
    }

    /// The sum, rounded once, ties to even; +0.0 when it is zero.
    pub fn rounded(&self) -> f64 {
        let mut rest = self.parts.clone();
        let Some(mut high) = rest.pop() else {
            return 0.0;
        };
        let mut low = 0.0;
        while let Some(part) = rest.pop() {
            (high, low) = two_sum(high, part);
            if low != 0.0 {
                break;
            }
        }
        // `high` took a tie to even without looking at the parts below `low`. When `low` is exactly half a spacing
        // (that is, when `high + 2 low` is a double) and those parts pull the same way, the tie was none.
        if let Some(below) = rest.last() {
            if low != 0.0 && (*below > 0.0) == (low > 0.0) {
                let (neighbour, lost) = two_sum(high, 2.0 * low);
                if lost == 0.0 {
                    high = neighbour;
                }
            }
        }
        high
    }
}

/// The same sum by school arithmetic on integers: every double is a multiple of 2^-1074, and digit j of the
/// accumulator counts 2^(32 j - 1074). It checks the sum above, and stands in for it where partial sums overflow.
pub fn sum_by_integers(values: &[f64]) -> f64 {
    let mut digits = [0i64; 70];
    for (count, value) in values.iter().enumerate() {
        assert!(
            value.is_finite() && count < 1 << 30,
            "a digit could overflow"
        );
        let bits = value.to_bits();
        let exponent = (bits >> 52 & 0x7ff) as usize;
        let fraction = bits & ((1 << 52) - 1);
        let (mantissa, shift) = if exponent == 0 {
            (fraction, 0)
        } else {
            (fraction | 1 << 52, exponent - 1)
        };
        let mut wide = (mantissa as u128) << (shift % 32);
        let mut j = shift / 32;
        while wide != 0 {
            let digit = (wide & 0xffff_ffff) as i64;
            digits[j] += if value.is_sign_negative() {
                -digit
            } else {
                digit
            };
            wide >>= 32;
            j += 1;
        }
    }
    let carry_up = |digits: &mut [i64; 70]| {
        let mut carry = 0;
        for digit in digits.iter_mut() {
            let total = *digit + carry;
            *digit = total & 0xffff_ffff;
            carry = total >> 32;
        }
        carry
    };
    let negative = carry_up(&mut digits) < 0;
    if negative {
        digits.iter_mut().for_each(|digit| *digit = -*digit);
        carry_up(&mut digits);
    }
    let bit = |position: usize| digits[position / 32] >> (position % 32) & 1 == 1;
    let Some(top) = (0..70 * 32).rev().find(|&position| bit(position)) else {
        return 0.0;
    };
    let low = top.saturating_sub(52);
    let mut mantissa = 0u64;
    for position in (low..=top).rev() {
        mantissa = mantissa << 1 | u64::from(bit(position));
    }
    if low > 0 && bit(low - 1) && (mantissa & 1 == 1 || (0..low - 1).any(bit)) {
        mantissa += 1;
    }
    // mantissa < 2^53 or = 2^53; as a bit pattern, a carry out of the fraction moves into the exponent by itself.
    let magnitude = if top < 52 {
        mantissa
    } else {
        ((low as u64 + 1) << 52) + (mantissa - (1 << 52))
    };
    let magnitude = f64::from_bits(magnitude.min(f64::INFINITY.to_bits()));
    if negative {
        -magnitude
    } else {
        magnitude
    }
}

/// The exact sum of the values, rounded once.
pub fn exact_sum(values: &[f64]) -> f64 {
    if values.contains(&f64::INFINITY) {
        return f64::INFINITY;
    }
    if values.iter().map(|value| value.abs()).sum::<f64>() > 1e307 {
        return sum_by_integers(values);
    }
    let mut sum = ExactSum::default();
    values.iter().for_each(|value| sum.add(*value));
    sum.rounded()
}

/// Writes the mean of cluster j's members to `center`, the exact sum of w x over that of w, rounded once; leaves it alone when
/// none has a positive weight.
fn mean(x: &[f64], weights: Option<&[f64]>, labels: &[i32], j: usize, center: &mut [f64]) {
    let d = center.len();
    let weight = |p: usize| weights.map_or(1.0, |w| w[p]);
    let member = |p: &usize| labels[*p] == j as i32 && weight(*p) > 0.0;
    let members: Vec<usize> = (0..labels.len()).filter(member).collect();
    if members.is_empty() {
        return;
    }
    let mut all = Sum::new();
    members.iter().for_each(|&p| all.add(weight(p)));
    for i in 0..d {
        let mut sum = Sum::new();
        members
            .iter()
            .for_each(|&p| sum.add_product(weight(p), x[p * d + i]));
        center[i] = quotient(&sum, &all);
    }
}

/// For each cluster, how many of its members have a positive weight.
fn positive_members(weights: Option<&[f64]>, labels: &[i32], k: usize) -> Vec<i64> {
    let mut members = vec![0; k];
    for (p, label) in labels.iter().enumerate() {
        members[*label as usize] += i64::from(weights.is_none_or(|w| w[p] > 0.0));
    }
    members
}

/// The labels after clusters without a member of positive weight have been given one each, as far as that goes. `old`
/// are the centers that the labels were found with.
fn relocated(
    x: &[f64],
    d: usize,
    weights: Option<&[f64]>,
    labels: &[i32],
    old: &[f64],
) -> Vec<i32> {
    let mut members = positive_members(weights, labels, old.len() / d);
    let empty: Vec<usize> = (0..members.len()).filter(|&j| members[j] == 0).collect();
    let mut ranking = Vec::new();
    for p in 0..labels.len() {
        if weights.is_none_or(|w| w[p] > 0.0) {
            let own = labels[p] as usize;
            ranking.push((squared(&x[p * d..][..d], &old[own * d..][..d]), p));
        }
    }
    ranking.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut labels = labels.to_vec();
    let mut taken = 0;
    for (distance, p) in ranking {
        if taken == empty.len() || distance == 0.0 {
            break;
        }
        let own = labels[p] as usize;
        if members[own] > 1 {
            members[own] -= 1;
            labels[p] = empty[taken] as i32;
            taken += 1;
        }
    }
    labels
}

/// The means of the clusters, and how many points (of any weight) each has in the end. `previous` are the centers that the
/// labels were found with; clusters that stay empty keep theirs. `None`: a cluster was empty under `Empty::Error`.
pub fn means(
    x: &[f64],
    d: usize,
    weights: Option<&[f64]>,
    labels: &[i32],
    previous: &[f64],
    empty: Empty,
) -> Option<(Vec<f64>, Vec<i64>)> {
    let k = previous.len() / d;
    let some_empty = positive_members(weights, labels, k).contains(&0);
    let labels = match empty {
        Empty::Error if some_empty => return None,
        Empty::Relocate if some_empty => relocated(x, d, weights, labels, previous),
        _ => labels.to_vec(),
    };
    let mut centers = previous.to_vec();
    for j in 0..k {
        mean(x, weights, &labels, j, &mut centers[j * d..][..d]);
    }
    let mut counts = vec![0; k];
    labels.iter().for_each(|&label| counts[label as usize] += 1);
    Some((centers, counts))
}

/// The exact sum of w D(x, c_label), rounded once.
pub fn inertia(
    x: &[f64],
    d: usize,
    weights: Option<&[f64]>,
    centers: &[f64],
    labels: &[i32],
) -> f64 {
    let mut sum = Sum::new();
    for (p, point) in x.chunks(d).enumerate() {
        let distance = squared(point, &centers[labels[p] as usize * d..][..d]);
        sum.add_product(weights.map_or(1.0, |w| w[p]), distance);
    }
    rounded(&sum)
}

/// D of every point and every center, a row for each point.
pub fn distances(x: &[f64], d: usize, centers: &[f64]) -> Vec<f64> {
    let row = |p| centers.chunks(d).map(move |c| squared(p, c));
    x.chunks(d).flat_map(row).collect()
}

/// Of each cluster the number of points, and the exact sums of w and of w D(x, c_label), each rounded once.
pub fn clusters(
    x: &[f64],
    d: usize,
    weights: Option<&[f64]>,
    centers: &[f64],
    labels: &[i32],
) -> (Vec<i64>, Vec<f64>, Vec<f64>) {
    let k = centers.len() / d;
    let mut counts = vec![0; k];
    let (mut totals, mut inertias) = (vec![Sum::new(); k], vec![Sum::new(); k]);
    for (p, point) in x.chunks(d).enumerate() {
        let j = labels[p] as usize;
        let weight = weights.map_or(1.0, |w| w[p]);
        counts[j] += 1;
        totals[j].add(weight);
        inertias[j].add_product(weight, squared(point, &centers[j * d..][..d]));
    }
    let round = |sums: Vec<Sum>| sums.iter().map(rounded).collect();
    (counts, round(totals), round(inertias))
}

/// The iteration, from the centers `start`. `None`: an empty cluster under `Empty::Error`.
pub fn fit(
    x: &[f64],
    d: usize,
    weights: Option<&[f64]>,
    start: &[f64],
    empty: Empty,
    max_iter: i64,
    tol: f64,
) -> Option<Fit> {
    let k = start.len() / d;
    let mut centers = start.to_vec();
    let mut labels = assign(x, d, &centers).0;
    let mut trace = Vec::new();
    let stopped_by = loop {
        let iterations = trace.len() as i64;
        if iterations == max_iter {
            break Stop::MaxIter;
        }
        let old = centers.clone();
        centers = means(x, d, weights, &labels, &old, empty)?.0;
        let new_labels = assign(x, d, &centers).0;
        let moved = labels
            .iter()
            .zip(&new_labels)
            .filter(|(a, b)| a != b)
            .count() as i64;
        let mut shift = 0.0;
        for j in 0..k {
            shift += squared(&centers[j * d..][..d], &old[j * d..][..d]);
        }
        trace.push((moved, shift));
        labels = new_labels;
        if moved == 0 {
            break Stop::Converged;
        }
        if tol > 0.0 && shift <= tol {
            break Stop::Tolerance;
        }
    };
    Some(Fit {
        inertia: inertia(x, d, weights, &centers, &labels),
        iterations: trace.len() as i64,
        moved: trace.last().map_or(0, |last| last.0),
        empty_clusters: positive_members(weights, &labels, k)
            .iter()
            .filter(|&&members| members == 0)
            .count() as i64,
        stopped_by,
        trace,
        labels,
        centers,
    })
}
