//! The origin and the scale that suit most of the points, from a sample of them.

use crate::call::Job;
use crate::exact::binary64::{exponent, power_of_two};
use crate::points::{with_type, Widen};

/// The most and the fewest points of a sample, and the share of all points that it takes: one in so many.
const MOST: usize = 64;
const FEWEST: usize = 3;
const OF: usize = 16;

/// A sample, spread so that points that recur with a period are sampled, whatever the period is.
fn sample(n: usize) -> impl Iterator<Item = usize> {
    // 2^64 over the golden ratio: any few successive multiples of it are spread evenly over 2^64.
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

/// Chooses the origin: the median of each coordinate, not its mean, since a minority of far points does not move a median. Returns
/// the median distance from the origin of those points that are not exactly there; or, if all are, the `largest` magnitude. (The points of
/// a stream are not checked yet: they may be NaN.)
pub(crate) fn usual_length(job: &Job<'_>, origin: &mut [f64], largest: f64) -> f64 {
    let n = job.points.n();
    if n == 0 || origin.is_empty() {
        return largest;
    }
    let count = sample(n).count();
    let (mut values, mut squares) = ([0.0; MOST], [0.0; MOST]);
    let (values, squares) = (&mut values[..count], &mut squares[..count]);
    for (i, m) in origin.iter_mut().enumerate() {
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

/// The largest distance of a coordinate of a row from that of `origin`.
pub(crate) fn range<C: Widen>(row: &[C], origin: &[f64]) -> f64 {
    let differences = row.iter().zip(origin).map(|(x, m)| (x.widened() - m).abs());
    differences.fold(0.0, f64::max)
}

/// The largest distance of a coordinate from that of `origin` in a sample of points, which lie in rows; outliers do not count.
pub(crate) fn usual_range(job: &Job<'_>, origin: &[f64]) -> f64 {
    const PROPORTION: f64 = 4.0;
    let n = job.points.n();
    let mut ranges = [0.0; MOST];
    let count = sample(n).count();
    let ranges = &mut ranges[..count];
    for (of_point, p) in ranges.iter_mut().zip(sample(n)) {
        *of_point =
            with_type!(job.points.coordinates(), C => range::<C>(job.points.row(p), origin));
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

#[cfg(test)]
mod tests {
    use super::usual_length;
    use crate::call::Job;
    use crate::points::Points;
    use crate::runtime::threads::with_crew;
    use crate::simd::level::Isa;
    use crate::simd::Level;

    /// No point, of which there is no median, and one, which is the origin itself.
    #[test]
    fn where_there_is_no_usual_length_it_is_the_largest() {
        for (points, origin) in [(&[][..], [7.0, 8.0]), (&[5.0, 6.0], [5.0, 6.0])] {
            with_crew(1, None, |crew| {
                let job = Job {
                    points: Points::rows(points, points.len() / 2, 2).expect("rows"),
                    weights: None,
                    level: Level::new(Isa::Portable),
                    crew,
                    block: 1,
                    stretch: 1,
                };
                let mut found = [7.0, 8.0];
                assert_eq!(usual_length(&job, &mut found, 3.0), 3.0);
                assert_eq!(found, origin);
            });
        }
    }
}
