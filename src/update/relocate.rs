//! Empty clusters under [`Empty::Relocate`](crate::Empty::Relocate).
//!
//! For each empty cluster in ascending index, the point farthest from its own center (ties to the
//! lowest index) among clusters with more than one member of positive weight becomes its only member.
//! Sums are exact, so the point is simply taken out of one cluster's and put into the other's. A point at
//! distance 0 is not moved, so that with fewer than k distinct points the loop ends.

use super::{Clusters, Limbs, Moves, Sums, Update};
use crate::distance::own_block;
use crate::job::Job;
use crate::parallel::PerThread;
use crate::points::Rows;
use crate::workspace::Cut;

/// Who was moved, in order to move it back: the labels are the caller's, and only the means are asked.
pub(super) struct Relocation<'w> {
    /// For each cluster that received a point: the point, and the cluster it came from.
    point: &'w mut [usize],
    donor: &'w mut [i32],
}

/// No point.
const NONE: usize = usize::MAX;

/// Points whose distances are computed together.
const TOGETHER: usize = 64;

impl<'w> Relocation<'w> {
    pub(super) fn cut(from: &mut impl Cut<'w>, k: usize) -> Self {
        Relocation {
            point: from.take(k),
            donor: from.take(k),
        }
    }
}

/// Fills the empty clusters as far as possible; `labels` come back as they were.
pub(super) fn relocate<'w, S: AsMut<Sums<'w>> + Send>(
    update: &mut Update<'w>,
    job: &Job<'_>,
    team: &mut PerThread<S>,
    labels: &mut [i32],
    distances: &mut [f64],
    centers: &mut [f64],
) {
    let distances = &mut distances[..job.points.n()];
    measure(job, labels, distances, centers, |_| true);
    update.relocation.point.fill(NONE);
    for j in 0..update.plan.k {
        if update.tally.positive[j] > 0 {
            continue;
        }
        let Some(p) = farthest(update, job, labels, distances) else {
            break;
        };
        let donor = labels[p];
        let a = donor as usize;
        labels[p] = j as i32;
        update.relocation.point[j] = p;
        update.relocation.donor[j] = donor;
        update.tally.counts[a] -= 1;
        update.tally.positive[a] -= 1;
        update.tally.counts[j] += 1;
        update.tally.positive[j] = 1;
        move_weight(update, job, p, (a as i32, j as i32));
        move_coordinates(update, job, team.first().as_mut(), p, (a as i32, j as i32));
        if update.fused {
            let limbs = Limbs::view(update.magic, 0..update.plan.d, update.limbs);
            let sums = &team.first().as_mut().limbs;
            update.store(&limbs, sums, [a, j].into_iter(), centers);
        } else {
            let two = [a, j];
            update.sum_by_slabs(job, team, labels, Clusters::Two(two), |limbs, sums| {
                update.store(limbs, sums, two.into_iter(), centers);
            });
        }
        // The points of the donor, whose center moved; the point itself is among the labels `j`, all of which
        // but itself have weight zero.
        measure(job, labels, distances, centers, |label| {
            label == donor || label == j as i32
        });
    }
    for j in 0..update.plan.k {
        let (p, donor) = (update.relocation.point[j], update.relocation.donor[j]);
        if p != NONE {
            labels[p] = donor;
            let back = (j as i32, donor);
            move_coordinates(update, job, team.first().as_mut(), p, back);
        }
    }
}

/// Computes the distances of points to their own centers, at least of those whose label `changed`.
fn measure(
    job: &Job<'_>,
    labels: &[i32],
    distances: &mut [f64],
    centers: &[f64],
    changed: impl Fn(i32) -> bool,
) {
    for (part, distances) in distances.chunks_mut(TOGETHER).enumerate() {
        let first = part * TOGETHER;
        let block = first..first + distances.len();
        let labels = &labels[block.clone()];
        if labels.iter().any(|&label| changed(label)) {
            own_block(&job.points, job.kernels, block, labels, centers, distances);
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

/// Moves the weight of point `p` from one cluster's sum to another's.
fn move_weight(update: &mut Update<'_>, job: &Job<'_>, p: usize, (from, to): (i32, i32)) {
    if let Some(weights) = job.weights {
        let limbs = Limbs::view(update.weight_magic, 0..1, update.weight_limbs);
        let row = Rows::new(&weights[p..=p], 1);
        let sums = &mut update.tally.weights[..update.plan.k * limbs.words()];
        let moves = Moves::one(&from, &to);
        job.kernels.transfer(row, None, &moves, &limbs, sums);
    }
}

/// Moves the coordinates of point `p` from one cluster's sums to another's, where there are sums.
fn move_coordinates(
    update: &Update<'_>,
    job: &Job<'_>,
    sums: &mut Sums<'_>,
    p: usize,
    (from, to): (i32, i32),
) {
    if update.fused {
        let limbs = Limbs::view(update.magic, 0..update.plan.d, update.limbs);
        let block = p..p + 1;
        let weights = job.weights_of(&block);
        let row = job.points.block_rows(block, limbs.range(), sums.rows);
        let all = &mut sums.limbs[..update.plan.k * limbs.words()];
        let moves = Moves::one(&from, &to);
        job.kernels.transfer(row, weights, &moves, &limbs, all);
    }
}
