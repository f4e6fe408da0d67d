//! One dimension and many centers: sorted, so that a search finds the nearest.
//!
//! In one dimension D = (x - c)², twice rounded. Rounding is monotonic (L9), so D does not decrease with c moving away from x to
//! either side: the least D is that of one of the two centers next to x. Others can have the same D, by rounding, and
//! one of them a lower index; they follow directly, so both neighbours are followed outwards for as long as D is the least.

use super::screen::Found;

/// The distinct centers in ascending order, and the lowest index of each.
pub(crate) struct Sorted<'a> {
    values: &'a [f64],
    indices: &'a [i32],
}

impl<'a> Sorted<'a> {
    /// Sorts centers; the storage has room for all of them.
    pub(crate) fn new(centers: &[f64], values: &'a mut [f64], indices: &'a mut [i32]) -> Self {
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
        Sorted {
            values: &values[..distinct],
            indices: &indices[..distinct],
        }
    }

    /// The labels of points; counts the distances evaluated beyond the neighbours'.
    pub(crate) fn nearest(&self, points: &[f64], labels: &mut [i32]) -> Found {
        let mut evaluated = 0;
        for (&x, label) in points.iter().zip(labels) {
            let distance = |i: usize| {
                let t = x - self.values[i];
                t * t
            };
            // The first center above x.
            let upper = self.values.partition_point(|&c| c <= x);
            let mut best = (f64::INFINITY, i32::MAX);
            for i in (0..upper).rev() {
                let candidate = (distance(i), self.indices[i]);
                if candidate.0 > best.0 {
                    break;
                }
                evaluated += usize::from(candidate.0 == best.0);
                best = (candidate.0, candidate.1.min(best.1));
            }
            for i in upper..self.values.len() {
                let candidate = (distance(i), self.indices[i]);
                if candidate.0 > best.0 {
                    break;
                }
                evaluated += usize::from(candidate.0 == best.0);
                best = match candidate.0 == best.0 {
                    true => (best.0, candidate.1.min(best.1)),
                    false => candidate,
                };
            }
            *label = best.1;
        }
        Found { open: 0, evaluated }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(x: f64, centers: &[f64]) -> i32 {
        let (mut values, mut indices) = (vec![0.0; centers.len()], vec![0; centers.len()]);
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
        // Underflow: all distances are zero.
        assert_eq!(label(1e-200, &[3e-200, 2e-200, -4e-200]), 0);
    }
}
