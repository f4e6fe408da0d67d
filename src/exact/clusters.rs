//! What is summed for each cluster: members, weights, and D to its center times the weight. Sums are exact, and rounded once.

use core::ops::Range;

use super::accumulator::{ExactSum, DIGITS, PRODUCT_DIGITS};
use super::distance::own_block;
use super::inertia::{parts, TOGETHER};
use crate::call::Job;
use crate::runtime::threads::PerThread;
use crate::runtime::workspace::Cut;

/// The most clusters that are summed in one pass over the labels, so that memory does not grow with k beyond.
pub(crate) const CLUSTERS_TOGETHER: usize = 4096;

/// Which sums are wanted.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) weights: bool,
    pub(crate) inertia: bool,
}

/// The sums of one thread, for as many clusters as are summed in one pass; there are no elements for what is not wanted.
pub(crate) struct ClusterSums<'w> {
    counts: &'w mut [i64],
    weights: &'w mut [ExactSum<DIGITS>],
    inertia: &'w mut [ExactSum<PRODUCT_DIGITS>],
}

impl<'w> ClusterSums<'w> {
    pub(crate) fn cut(from: &mut impl Cut<'w>, k: usize, wanted: Wanted) -> Self {
        let clusters = k.min(CLUSTERS_TOGETHER);
        ClusterSums {
            counts: from.take(clusters),
            weights: from.take(if wanted.weights { clusters } else { 0 }),
            inertia: from.take(if wanted.inertia { clusters } else { 0 }),
        }
    }

    fn clear(&mut self) {
        self.counts.fill(0);
        self.weights.fill(ExactSum::new());
        self.inertia.fill(ExactSum::new());
    }

    fn merge(&mut self, other: &mut Self) {
        for (a, b) in self.counts.iter_mut().zip(&*other.counts) {
            *a += b;
        }
        for (a, b) in self.weights.iter_mut().zip(&mut *other.weights) {
            a.merge(b);
        }
        for (a, b) in self.inertia.iter_mut().zip(&mut *other.inertia) {
            a.merge(b);
        }
    }

    /// Adds those points of a block whose cluster is among `clusters`. Labels count from `base`.
    fn add(
        &mut self,
        job: &Job<'_>,
        centers: &[f64],
        clusters: Range<usize>,
        block: Range<usize>,
        labels: &[i32],
        base: i32,
    ) {
        for (part, own) in parts(block, labels, base) {
            let own = &own[..part.len()];
            let among = |j: i32| clusters.contains(&(j as usize));
            if !own.iter().any(|&j| among(j)) {
                continue;
            }
            let mut distances = [0.0; TOGETHER];
            if !self.inertia.is_empty() {
                own_block(
                    &job.points,
                    job.level,
                    part.clone(),
                    own,
                    centers,
                    &mut distances,
                );
            }
            for ((p, &j), &distance) in part.zip(own).zip(&distances) {
                if !among(j) {
                    continue;
                }
                let j = j as usize - clusters.start;
                self.counts[j] += 1;
                if let Some(sum) = self.weights.get_mut(j) {
                    sum.add(job.weight(p));
                }
                if let Some(sum) = self.inertia.get_mut(j) {
                    match job.weights {
                        Some(weights) => sum.add_product(weights[p], distance),
                        None => sum.add(distance),
                    }
                }
            }
        }
    }
}

/// Where results go; each has an element for every cluster.
pub(crate) struct ClusterResults<'a> {
    pub(crate) counts: Option<&'a mut [i64]>,
    pub(crate) weights: Option<&'a mut [f64]>,
    pub(crate) inertia: Option<&'a mut [f64]>,
}

/// Sums every cluster. Labels count from `base`; the caller has checked them.
pub(crate) fn clusters(
    job: &Job<'_>,
    sums: &mut PerThread<ClusterSums<'_>>,
    centers: &[f64],
    labels: &[i32],
    base: i32,
    results: ClusterResults<'_>,
) {
    let k = centers.len() / job.points.d();
    let ClusterResults {
        mut counts,
        mut weights,
        mut inertia,
    } = results;
    for first in (0..k).step_by(CLUSTERS_TOGETHER) {
        let clusters = first..(first + CLUSTERS_TOGETHER).min(k);
        sums.iter_mut().for_each(ClusterSums::clear);
        job.crew.run(job.blocks(), sums, |sums, block| {
            let labels = &labels[block.clone()];
            sums.add(job, centers, clusters.clone(), block, labels, base);
        });
        let (total, others) = sums.split();
        for other in others {
            total.merge(other);
        }
        for (j, at) in clusters.enumerate() {
            if let Some(counts) = &mut counts {
                counts[at] = total.counts[j];
            }
            if let Some(weights) = &mut weights {
                weights[at] = match total.weights.get_mut(j) {
                    Some(sum) => sum.round(),
                    // All are 1, and there are at most 2^40 of them.
                    None => total.counts[j] as f64,
                };
            }
            if let Some(inertia) = &mut inertia {
                inertia[at] = total.inertia[j].round();
            }
        }
    }
}
