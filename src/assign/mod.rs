//! Labels: which center is nearest.
//!
//! A pass goes over blocks of points: pack a block for the lanes, find the nearest centers, compare
//! with the labels of the last iteration, and hand the block to the sums while it is in the cache.

mod direct;

use core::ops::Range;
use std::time::{Duration, Instant};

pub(crate) use direct::nearest;

use crate::job::{padded, Job};
use crate::parallel::PerThread;
use crate::plan::Shape;
use crate::update::{Sums, Terms};
use crate::workspace::Cut;

/// What one thread labels a block with.
pub(crate) struct Scratch<'w> {
    /// The block, packed for the lanes.
    tile: &'w mut [f64],
    labels: &'w mut [i32],
    distances: &'w mut [f64],
}

impl<'w> Scratch<'w> {
    pub(crate) fn cut(from: &mut impl Cut<'w>, shape: &Shape) -> Self {
        let Shape { d, block, .. } = *shape;
        Scratch {
            tile: from.take(block.saturating_mul(d)),
            labels: from.take(block),
            distances: from.take(block),
        }
    }

    /// Labels a block; gives the labels and the squared distances to the centers they name.
    pub(crate) fn label(
        &mut self,
        job: &Job<'_>,
        block: Range<usize>,
        centers: &[f64],
    ) -> (&[i32], &[f64]) {
        let count = block.len();
        let lanes = padded(count);
        let labels = &mut self.labels[..lanes];
        let distances = &mut self.distances[..lanes];
        let d = job.points.d();
        job.points.pack(block, job.kernels.width, self.tile);
        job.kernels
            .nearest(self.tile, d, centers, labels, distances);
        (&labels[..count], &distances[..count])
    }
}

/// Labels all points, counting from `base`; squared distances where they are wanted.
pub(crate) fn assign(
    job: &Job<'_>,
    team: &mut PerThread<Scratch<'_>>,
    centers: &[f64],
    base: i32,
    labels: &mut [i32],
    mut sqdist: Option<&mut [f64]>,
) {
    let blocks = job.blocks().zip(labels.chunks_mut(job.block));
    let blocks = blocks.map(move |(block, labels)| {
        let sqdist = sqdist.take().map(|all| {
            let (these, rest) = all.split_at_mut(block.len());
            sqdist = Some(rest);
            these
        });
        (block, labels, sqdist)
    });
    job.crew
        .run(blocks, team, |scratch, (block, labels, sqdist)| {
            let (nearest, distances) = scratch.label(job, block, centers);
            for (label, j) in labels.iter_mut().zip(nearest) {
                *label = j + base;
            }
            if let Some(sqdist) = sqdist {
                sqdist.copy_from_slice(distances);
            }
        });
}

/// What one thread of a fit works with, and what it found in the current pass.
pub(crate) struct Worker<'w> {
    scratch: Scratch<'w>,
    sums: Sums<'w>,
    moved: i64,
    assigning: Duration,
    updating: Duration,
}

impl<'w> Worker<'w> {
    pub(crate) fn new(scratch: Scratch<'w>, sums: Sums<'w>) -> Self {
        Worker {
            scratch,
            sums,
            moved: 0,
            assigning: Duration::ZERO,
            updating: Duration::ZERO,
        }
    }
}

impl<'w> AsMut<Sums<'w>> for Worker<'w> {
    fn as_mut(&mut self) -> &mut Sums<'w> {
        &mut self.sums
    }
}

/// What a pass found.
pub(crate) struct Pass {
    /// Labels that changed.
    pub(crate) moved: i64,
    /// Wall time, shared out in the proportion of the threads' time.
    pub(crate) assigning: Duration,
    pub(crate) updating: Duration,
}

/// Labels all points; adds `terms`, if any, to the sums, which were cleared.
pub(crate) fn pass(
    job: &Job<'_>,
    team: &mut PerThread<Worker<'_>>,
    centers: &[f64],
    labels: &mut [i32],
    terms: Option<&Terms<'_>>,
) -> Pass {
    let begin = Instant::now();
    for worker in team.iter_mut() {
        (worker.moved, worker.assigning, worker.updating) = Default::default();
    }
    let blocks = job.blocks().zip(labels.chunks_mut(job.block));
    job.crew.run(blocks, team, |worker, (block, labels)| {
        let begin = Instant::now();
        let (new, _) = worker.scratch.label(job, block.clone(), centers);
        let changed = labels.iter().zip(new).filter(|(a, b)| a != b).count();
        labels.copy_from_slice(new);
        worker.moved += changed as i64;
        let labelled = Instant::now();
        worker.assigning += labelled - begin;
        if let Some(terms) = terms {
            worker.sums.add(job, terms, block, labels);
            worker.updating += labelled.elapsed();
        }
    });
    let (mut moved, mut assigning, mut updating) = (0, Duration::ZERO, Duration::ZERO);
    for worker in team.iter_mut() {
        moved += worker.moved;
        assigning += worker.assigning;
        updating += worker.updating;
    }
    let (wall, threads): (Duration, Duration) = (begin.elapsed(), assigning + updating);
    let share = updating.as_secs_f64() / threads.as_secs_f64().max(f64::MIN_POSITIVE);
    let updating = wall.mul_f64(share.min(1.0));
    Pass {
        moved,
        assigning: wall.saturating_sub(updating),
        updating,
    }
}
