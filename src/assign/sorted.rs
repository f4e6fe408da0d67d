//! One dimension and many centers: sorted, so that a search finds the nearest.
//!
//! In one dimension D = (x - c)², twice rounded. Rounding is monotonic (L9), so D does not decrease with c moving away from x to
//! either side: the least D is that of one of the two centers next to x. Others can have the same D, by rounding, and
//! one of them a lower index. Those follow directly on either side, and a search finds the last of them. (For a point that is far enough,
//! all centers may have the same D.) The lowest index of a run of centers is found in a tree of minima.

/// The distinct centers in ascending order.
pub(crate) struct Sorted<'a> {
    values: &'a [f64],
    /// A heap: the lowest index of each center from `values.len()` on, and before, the lower one of elements 2 i and 2 i + 1.
    lowest: &'a [i32],
}

/// Room for the indices of k centers.
pub(super) fn indices(k: usize) -> usize {
    k.saturating_mul(2)
}

impl<'a> Sorted<'a> {
    /// Sorts centers; the storage has room for all of them, and for their [`indices`].
    pub(crate) fn new(centers: &[f64], values: &'a mut [f64], lowest: &'a mut [i32]) -> Self {
        let indices = &mut lowest[..centers.len()];
        for (index, j) in indices.iter_mut().zip(0..) {
            *index = j;
        }
        let value = |j: i32| centers[j as usize];
        indices.sort_unstable_by(|&a, &b| value(a).total_cmp(&value(b)).then(a.cmp(&b)));
        let mut distinct = 0;
        for i in 0..indices.len() {
            let x = value(indices[i]);
            if distinct == 0 || values[distinct - 1] != x {
                (values[distinct], indices[distinct]) = (x, indices[i]);
                distinct += 1;
            } else {
                // -0 and 0 are equal; of these the lower index may come second.
                indices[distinct - 1] = indices[distinct - 1].min(indices[i]);
            }
        }
        lowest.copy_within(..distinct, distinct);
        for i in (1..distinct).rev() {
            lowest[i] = lowest[2 * i].min(lowest[2 * i + 1]);
        }
        Sorted {
            values: &values[..distinct],
            lowest: &lowest[..2 * distinct],
        }
    }

    /// The lowest index of the centers from the place `from` to the place `to`, of which there is one.
    fn lowest(&self, from: usize, to: usize) -> i32 {
        let distinct = self.values.len();
        let (mut from, mut to) = (from + distinct, to + distinct);
        let mut lowest = i32::MAX;
        while from < to {
            if from % 2 == 1 {
                lowest = lowest.min(self.lowest[from]);
                from += 1;
            }
            if to % 2 == 1 {
                to -= 1;
                lowest = lowest.min(self.lowest[to]);
            }
            (from, to) = (from / 2, to / 2);
        }
        lowest
    }

    /// The labels of points.
    pub(crate) fn nearest(&self, points: &[f64], labels: &mut [i32]) {
        let (values, distinct) = (self.values, self.values.len());
        for (&x, label) in points.iter().zip(labels) {
            let distance = |i: usize| {
                let t = x - values[i];
                t * t
            };
            // The first center above x.
            let upper = values.partition_point(|&c| c <= x);
            let below = upper.checked_sub(1).map_or(f64::INFINITY, distance);
            let above = if upper < distinct {
                distance(upper)
            } else {
                f64::INFINITY
            };
            let least = below.min(above);
            let (mut from, mut to) = (upper, upper);
            // (A point of a stream may be NaN, or so far off that D overflows. It gets some label here, and is refused later.)
            if upper > 0 && below == least {
                from = upper - 1;
                if from > 0 && distance(from - 1) == least {
                    from = values[..from].partition_point(|&c| (x - c) * (x - c) > least);
                }
            }
            if above == least || from == to {
                to = distinct.min(upper + 1);
                if to < distinct && distance(to) == least {
                    to += values[to..].partition_point(|&c| (x - c) * (x - c) <= least);
                }
            }
            *label = self.lowest(from.min(distinct - 1), to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(x: f64, centers: &[f64]) -> i32 {
        let mut values = vec![0.0; centers.len()];
        let mut indices = vec![0; super::indices(centers.len())];
        let sorted = Sorted::new(centers, &mut values, &mut indices);
        let mut labels = [0];
        sorted.nearest(&[x], &mut labels);
        labels[0]
    }

    #[test]
    fn ties_go_to_the_lowest_index() {
        assert_eq!(label(0.0, &[1.0, -1.0, 1.0]), 0);
        assert_eq!(label(0.0, &[2.0, -1.0, 1.0]), 1);
        assert_eq!(label(-1.0, &[0.0, -0.0]), 0);
        assert_eq!(label(1.0, &[0.0, -0.0]), 0);
        assert_eq!(label(5.0, &[9.0, 3.0, 3.0, 7.0]), 1);
        // All are equally far, by rounding.
        assert_eq!(label(1e20, &[3.0, 1.0, 2.0]), 0);
        assert_eq!(label(-1e20, &[3.0, 4.0, 2.0]), 0);
        for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e300] {
            assert!((0..3).contains(&label(x, &[3.0, 1.0, 2.0])));
        }
        // Underflow: all distances are zero.
        assert_eq!(label(1e-200, &[3e-200, 2e-200, -4e-200]), 0);
    }
}
