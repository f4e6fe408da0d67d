//! Empty clusters under [`Empty::Relocate`](crate::Empty::Relocate).
//!
//! For each empty cluster in ascending index, the point farthest from its own center (ties to the
//! lowest index) among clusters with more than one member of positive weight becomes its only member,
//! and the two means that changed are computed anew, from scratch: it happens in few iterations of few
//! runs. A point at distance 0 is not moved, so that with fewer than k distinct points the loop ends.

use super::exact_sum::ExactSum;
use super::{add_rows, Sums, Update};
use crate::distance::own_block;
use crate::job::Job;
use crate::parallel::PerThread;
use crate::workspace::Cut;

/// Who was moved, in order to move it back: the labels are the caller's, and only the means are asked.
pub(super) struct Relocation<'w> {
    /// For each cluster that received a point: the point, and the cluster it came from.
    point: &'w mut [usize],
    donor: &'w mut [i32],
}

/// No point.
const NONE: usize = usize::MAX;

impl<'w> Relocation<'w> {
    pub(super) fn cut(from: &mut impl Cut<'w>, k: usize) -> Self {
        Relocation {
            point: from.take(k),
            donor: from.take(k),
        }
    }
}

/// Fills the empty clusters as far as possible; `labels` come back as they were.
pub(super) fn relocate(
    update: &mut Update<'_>,
    job: &Job<'_>,
    sums: &mut Sums<'_>,
    labels: &mut [i32],
    distances: &mut [f64],
    centers: &mut [f64],
) {
    let (d, k) = (update.plan.d, update.plan.k);
    let distances = &mut distances[..job.points.n()];
    let blocks = job.blocks().zip(distances.chunks_mut(job.block));
    let mut nothing = PerThread::new(job.crew.threads(), || ());
    job.crew
        .run(blocks, &mut nothing, |(), (block, distances)| {
            let own = &labels[block.clone()];
            own_block(&job.points, job.kernels, block, own, centers, distances);
        });

    update.relocation.point.fill(NONE);
    for j in 0..k {
        if update.tally.positive[j] > 0 {
            continue;
        }
        let Some(p) = farthest(update, job, labels, distances) else {
            break;
        };
        let a = labels[p] as usize;
        labels[p] = j as i32;
        update.relocation.point[j] = p;
        update.relocation.donor[j] = a as i32;
        update.tally.counts[a] -= 1;
        update.tally.positive[a] -= 1;
        update.tally.counts[j] += 1;
        update.tally.positive[j] = 1;
        for cluster in [a, j] {
            let center = &mut centers[cluster * d..][..d];
            mean(update, job, sums, labels, cluster as i32, center);
        }
        for q in 0..labels.len() {
            if labels[q] as usize == a || q == p {
                let label = &labels[q..=q];
                let distance = &mut distances[q..=q];
                own_block(&job.points, job.kernels, q..q + 1, label, centers, distance);
            }
        }
    }

    for (&p, &donor) in update
        .relocation
        .point
        .iter()
        .zip(&*update.relocation.donor)
    {
        if p != NONE {
            labels[p] = donor;
        }
    }
}

/// The point to move: the farthest from its center, at a positive distance, the first of equals.
fn farthest(
    update: &Update<'_>,
    job: &Job<'_>,
    labels: &[i32],
    distances: &[f64],
) -> Option<usize> {
    let mut best = (0.0, None);
    for (p, (&a, &distance)) in labels.iter().zip(distances).enumerate() {
        if distance > best.0 && job.counts(p) && update.tally.positive[a as usize] > 1 {
            best = (distance, Some(p));
        }
    }
    best.1
}

/// The mean of one cluster, which has a member of positive weight, member by member.
fn mean(
    update: &Update<'_>,
    job: &Job<'_>,
    sums: &mut Sums<'_>,
    labels: &[i32],
    cluster: i32,
    center: &mut [f64],
) {
    let members = || (0..labels.len()).filter(|&p| labels[p] == cluster);
    let count = update.tally.counts[cluster as usize];
    let total = match job.weights {
        Some(weights) => {
            let mut total = ExactSum::new();
            members().for_each(|p| total.add(weights[p]));
            total.round()
        }
        None => count as f64,
    };
    let mut first = 0;
    while first < center.len() {
        let slab = update.slab(first);
        first = slab.end;
        let limbs = update.fill(job, slab, sums.slab_magic);
        let cluster_sums = &mut sums.limbs[..limbs.words()];
        cluster_sums.fill(0);
        for p in members() {
            add_rows(job, &limbs, p..p + 1, &[0], sums.rows, cluster_sums);
        }
        for (c, x) in center[limbs.range()].iter_mut().enumerate() {
            *x = limbs.rounded(cluster_sums, c, count) / total;
        }
    }
}
