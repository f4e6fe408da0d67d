//! Sparse rows are added to the sums of clusters: what is not stored adds nothing.

use super::layout::Limbs;
use super::split;
use crate::points::Entries;

/// Adds the limbs of a sparse row, times its weight if there are weights, to the sums of the cluster `to`; if it moves, subtracts
/// them from those of the cluster `from`.
pub(crate) fn add_entries(
    entries: Entries<'_>,
    weight: Option<f64>,
    limbs: &Limbs<'_>,
    from: Option<usize>,
    to: usize,
    sums: &mut [i64],
) {
    assert!(limbs.alone);
    let (words, first) = (limbs.words(), limbs.dims.start);
    entries.within(limbs.range()).each(|i, x| {
        let places = (i - first..words).step_by(limbs.stride);
        split::scalar(x, weight, limbs, i - first, places, |at, units| {
            let more = &mut sums[to * words + at];
            *more = more.wrapping_add(units);
            if let Some(from) = from {
                let less = &mut sums[from * words + at];
                *less = less.wrapping_sub(units);
            }
        });
    });
}
