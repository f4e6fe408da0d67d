//! The members of each cluster, counted, and sums joined to sums.

use crate::runtime::workspace::{spoil, Cut};

/// How many members each cluster has, and what they weigh.
pub(super) struct Tally<'w> {
    /// Members of each cluster, whatever their weight: each limb's bias was added as often.
    pub(super) counts: &'w mut [i64],
    /// Members of positive weight; without weights a copy of the counts, made when they are complete.
    pub(super) positive: &'w mut [i64],
    /// For each cluster the limbs of the sum of its weights.
    pub(super) weights: &'w mut [i64],
}

impl<'w> Tally<'w> {
    pub(super) fn cut(from: &mut impl Cut<'w>, k: usize, weight_words: usize) -> Self {
        Tally {
            counts: from.take(k),
            positive: from.take(k),
            weights: from.take(weight_words.saturating_mul(k)),
        }
    }

    pub(super) fn clear(&mut self) {
        self.counts.fill(0);
        self.positive.fill(0);
        self.weights.fill(0);
    }

    pub(super) fn forget(&mut self) {
        spoil(self.counts, i64::MAX);
        spoil(self.positive, i64::MAX);
        spoil(self.weights, i64::MAX);
    }

    pub(super) fn merge(&mut self, other: &Tally<'_>) {
        merge(self.counts, other.counts);
        merge(self.positive, other.positive);
        merge(self.weights, other.weights);
    }
}

/// Adds sums to sums, element by element.
pub(crate) fn merge(sums: &mut [i64], others: &[i64]) {
    for (a, b) in sums.iter_mut().zip(others) {
        *a = a.wrapping_add(*b);
    }
}
