//! What most of the points are like, from a few of them.

use crate::call::Job;
use crate::exact::binary64::{exponent, power_of_two};

/// Points of a sample at most and at least, and of how many they are one.
const MOST: usize = 64;
const FEWEST: usize = 3;
const OF: usize = 16;

/// Some points, here and there: what comes in turns comes in any number.
fn sample(n: usize) -> impl Iterator<Item = usize> {
    // The golden ratio's part of 2^64, of whose multiples any few are spread evenly.
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    let count = n.div_ceil(OF).clamp(FEWEST, MOST).min(n);
    (0..count as u64).map(move |i| {
        let part = u128::from(i.wrapping_mul(GOLDEN));
        ((part * n as u128) >> 64) as usize
    })
}

/// The median, of at least one number.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    *values
        .select_nth_unstable_by(values.len() / 2, f64::total_cmp)
        .1
}

/// Chooses the origin: in place of the mean medians, which points far off do not move as long as most are not. Returns how far
/// points are from there, the median of those that are not there exactly; or, if all are, the `largest` magnitude. (Points of a
/// stream may be anything here, NaN too.)
pub(crate) fn usual_length(job: &Job<'_>, mean: &mut [f64], largest: f64) -> f64 {
    let n = job.points.n();
    if n == 0 || mean.is_empty() {
        return largest;
    }
    let count = sample(n).count();
    let (mut values, mut squares) = ([0.0; MOST], [0.0; MOST]);
    let (values, squares) = (&mut values[..count], &mut squares[..count]);
    for (i, m) in mean.iter_mut().enumerate() {
        for (value, p) in values.iter_mut().zip(sample(n)) {
            *value = job.points.at(p, i);
        }
        let mut sorted = [0.0; MOST];
        sorted[..count].copy_from_slice(values);
        *m = median(&mut sorted[..count]);
        for (square, value) in squares.iter_mut().zip(&*values) {
            *square += (value - *m) * (value - *m);
        }
    }
    squares.sort_unstable_by(f64::total_cmp);
    let off = &squares[squares.partition_point(|&square| square == 0.0)..];
    match off.get(off.len() / 2) {
        Some(square) if square.is_finite() => square.sqrt(),
        _ => largest,
    }
}

/// How far the coordinates of a row are from `mean`, at most.
pub(crate) fn range(row: &[f64], mean: &[f64]) -> f64 {
    let differences = row.iter().zip(mean).map(|(x, m)| (x - m).abs());
    differences.fold(0.0, f64::max)
}

/// How far the coordinates of points, which lie in rows, are from `mean`: at most in a sample, but for points out of all
/// proportion.
pub(crate) fn usual_range(job: &Job<'_>, mean: &[f64]) -> f64 {
    const PROPORTION: f64 = 4.0;
    let n = job.points.n();
    let mut ranges = [0.0; MOST];
    let count = sample(n).count();
    let ranges = &mut ranges[..count];
    for (of_point, p) in ranges.iter_mut().zip(sample(n)) {
        *of_point = range(job.points.row(p), mean);
    }
    let typical = median(ranges);
    let usual = ranges
        .iter()
        .filter(|&&range| range <= PROPORTION * typical);
    usual.fold(0.0, |most: f64, &range| most.max(range))
}

/// The power of two that makes a usual length about 1 (L11).
pub(crate) fn scale_of(length: f64) -> f64 {
    match length.is_normal() {
        // Beyond 2^1000 the squares underflow in D long since, and the certificate says so.
        true => power_of_two((-exponent(length)).min(1000)),
        false => power_of_two(if length == 0.0 { 0 } else { 1000 }),
    }
}
