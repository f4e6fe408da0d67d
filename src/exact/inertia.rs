//! Inertia: the sum of D between each point and the center its label names, times the weight of the point.
//! Products and sum are exact; the sum is rounded once.

use core::ops::Range;

use super::accumulator::{ExactSum, PRODUCT_DIGITS};
use super::distance::own_block;
use crate::call::Job;
use crate::runtime::threads::PerThread;

/// Points whose labels and distances are on the stack at a time, so that the inertia needs no workspace.
pub(super) const TOGETHER: usize = 128;

/// The inertia. Labels count from `base`; the caller has checked them.
pub(crate) fn inertia(job: &Job<'_>, labels: &[i32], centers: &[f64], base: i32) -> f64 {
    let mut sums = PerThread::new(job.crew.threads(), ExactSum::new);
    job.crew.run(job.blocks(), &mut sums, |sum, block| {
        let labels = &labels[block.clone()];
        add(job, block, labels, base, centers, sum);
    });
    let (first, others) = sums.split();
    for other in others {
        first.merge(other);
    }
    first.round()
}

/// Adds D between the points of a block and the centers their labels name, times the points' weights.
pub(crate) fn add(
    job: &Job<'_>,
    block: Range<usize>,
    labels: &[i32],
    base: i32,
    centers: &[f64],
    sum: &mut ExactSum<PRODUCT_DIGITS>,
) {
    for (part, own) in parts(block, labels, base) {
        let mut distances = [0.0; TOGETHER];
        let own = &own[..part.len()];
        own_block(
            &job.points,
            job.level,
            part.clone(),
            own,
            centers,
            &mut distances,
        );
        let distances = &distances[..part.len()];
        match job.weights_of(&part) {
            Some(weights) => sum.add_products(weights, distances),
            None => sum.add_all(distances),
        }
    }
}

/// A block, as many points at a time as are on the stack, with their labels counted from 0.
pub(super) fn parts(
    block: Range<usize>,
    labels: &[i32],
    base: i32,
) -> impl Iterator<Item = (Range<usize>, [i32; TOGETHER])> + '_ {
    let firsts = block.clone().step_by(TOGETHER);
    firsts
        .zip(labels.chunks(TOGETHER))
        .map(move |(first, labels)| {
            let mut own = [0; TOGETHER];
            for (own, label) in own.iter_mut().zip(labels) {
                *own = label - base;
            }
            (first..block.end.min(first + TOGETHER), own)
        })
}
