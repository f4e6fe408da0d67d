//! Starting centers.
//!
//! Every draw has a counter of its own ([`philox`]), and every sum that steers a draw is exact, so the
//! centers depend on the points, the weights, the seed and the restart, and on nothing else.

mod greedy;
mod philox;

use crate::job::{padded, Job};
use crate::parallel::PerThread;
use crate::plan::Shape;
use crate::workspace::Cut;
use crate::Init;

pub(crate) use greedy::{approach, candidates_per_step, potentials};
use philox::Draw;

/// What seeding keeps of all points.
pub(crate) struct Seeding<'w> {
    /// Weight times D to the nearest center so far; padded with zeros to whole groups.
    masses: &'w mut [f64],
    /// The masses of each block, in units.
    totals: &'w mut [i64],
    /// The points that may become the next center.
    candidates: &'w mut [f64],
}

impl<'w> Seeding<'w> {
    pub(crate) fn cut(from: &mut impl Cut<'w>, shape: &Shape) -> Self {
        let Shape { n, d, k, block, .. } = *shape;
        Seeding {
            masses: from.take(padded(n)),
            totals: from.take(n.div_ceil(block)),
            candidates: from.take(candidates_per_step(k).saturating_mul(d)),
        }
    }

    /// The masses, as scratch for when there is nothing to seed.
    pub(crate) fn scratch(&mut self) -> &mut [f64] {
        self.masses
    }
}

/// What one thread seeds with.
pub(crate) struct Worker<'w> {
    /// A block, packed for the lanes.
    tile: &'w mut [f64],
    /// Its weights; zeros in the padding, so that it has no mass.
    weights: &'w mut [f64],
    /// The potential of each candidate, over this thread's blocks.
    sums: [i64; greedy::MOST_CANDIDATES],
    /// The largest mass in this thread's blocks.
    top: f64,
}

impl<'w> Worker<'w> {
    pub(crate) fn cut(from: &mut impl Cut<'w>, shape: &Shape) -> Self {
        let Shape { d, block, .. } = *shape;
        Worker {
            tile: from.take(block.saturating_mul(d)),
            weights: from.take(block),
            sums: [0; greedy::MOST_CANDIDATES],
            top: 0.0,
        }
    }
}

/// Draws starting centers; returns how many pairs of point and center were evaluated. `marks` is
/// scratch, one for each point.
pub(crate) fn seed(
    job: &Job<'_>,
    init: Init,
    (seed, restart): (u64, u32),
    seeding: &mut Seeding<'_>,
    team: &mut PerThread<Worker<'_>>,
    marks: &mut [i32],
    centers: &mut [f64],
) -> i64 {
    match init {
        Init::KmeansPlusPlus => greedy::seed(job, (seed, restart), seeding, team, centers),
        Init::Random => {
            random(job, (seed, restart), marks, centers);
            0
        }
        Init::Given => 0,
    }
}

/// Distinct rows, every set of them equally likely (Floyd's sampling: Bentley and Floyd 1987). Rows of
/// weight zero are drawn only when there are not enough others.
fn random(job: &Job<'_>, (seed, restart): (u64, u32), marks: &mut [i32], centers: &mut [f64]) {
    let points = &job.points;
    let (n, d) = (points.n(), points.d());
    let k = centers.len() / d;
    let positive = (0..n).filter(|&p| job.counts(p)).count();
    let drawn = k.min(positive);
    // Rank r among the points of positive weight was drawn as number marks[r] - 1.
    marks.fill(0);
    for s in 0..drawn {
        let last = positive - drawn + s;
        let draw = Draw {
            restart,
            step: s as u32,
            candidate: 0,
        };
        let rank = philox::below(last as u64 + 1, seed, draw) as usize;
        let rank = if marks[rank] == 0 { rank } else { last };
        marks[rank] = s as i32 + 1;
    }
    let (mut rank, mut spare) = (0, drawn);
    for p in 0..n {
        let row = if job.counts(p) {
            rank += 1;
            (marks[rank - 1] as usize).checked_sub(1)
        } else {
            spare += 1;
            Some(spare - 1)
        };
        if let Some(row) = row.filter(|&row| row < k) {
            points.copy_point(p, &mut centers[row * d..][..d]);
        }
    }
}
