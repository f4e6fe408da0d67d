//! Starting centers.
//!
//! Every draw has a counter of its own ([`philox`]), and every sum that steers a draw is exact, so the
//! centers depend on the points, the weights, the seed and the restart, and on nothing else.
//!
//! | file | what it does |
//! |---|---|
//! | `greedy` | greedy k-means++: its steps |
//! | `masses` | what it keeps of all points, sums of that, and draws by it |
//! | `worker` | what one thread seeds with |
//! | `dense` | all pairs by D |
//! | `sketch` | the points in 8 bits, and what these prove |
//! | `gains` | bounds for what a candidate takes off the masses |
//! | `step_by_sketch` | a step by a sketch |
//! | `sparse` | some points by D |
//! | `csr` | a step over sparse rows |
//! | `kmeans_parallel` | k-means‖: many candidates in a few rounds, and greedy k-means++ among these |
//! | `philox` | random numbers that are functions of what they are for |

#[cfg(test)]
mod cliffs;
mod csr;
mod dense;
mod gains;
mod greedy;
pub(crate) mod kmeans_parallel;
#[cfg(test)]
mod lemmas;
mod masses;
mod philox;
pub(crate) mod sketch;
mod sparse;
mod step_by_sketch;
mod worker;

use crate::call::{Init, Job, Shape};
use crate::runtime::threads::PerThread;
use crate::runtime::workspace::Cut;

use kmeans_parallel::ParallelMemory;
use masses::Masses;
use philox::Draw;
pub(crate) use philox::Key;
pub(crate) use worker::SeedWorker;

/// What seeding keeps.
pub(crate) struct Seeding<'w> {
    masses: Masses<'w>,
    parallel: Option<ParallelMemory<'w>>,
}

impl<'w> Seeding<'w> {
    pub(crate) fn cut(from: &mut impl Cut<'w>, shape: &Shape, init: Init) -> Self {
        Seeding {
            masses: Masses::cut(from, shape, init == Init::KmeansPlusPlus),
            parallel: (init == Init::Parallel).then(|| ParallelMemory::cut(from, shape)),
        }
    }

    /// Forgets what was drawn.
    pub(crate) fn forget(&mut self) {
        self.masses.forget();
        if let Some(parallel) = &mut self.parallel {
            parallel.forget();
        }
    }

    /// Sets the largest magnitude of any coordinate.
    pub(crate) fn set_largest(&mut self, largest: f64) {
        if let Some(parallel) = &mut self.parallel {
            parallel.set_largest(largest);
        }
    }

    /// The masses, as scratch for when there is nothing to seed.
    pub(crate) fn scratch(&mut self) -> &mut [f64] {
        self.masses.masses
    }
}

/// Draws starting centers; returns how many pairs of point and center were evaluated. `marks` is
/// scratch, one for each point.
pub(crate) fn seed(
    job: &Job<'_>,
    init: Init,
    key: Key,
    seeding: &mut Seeding<'_>,
    workers: &mut PerThread<SeedWorker<'_>>,
    marks: &mut [i32],
    centers: &mut [f64],
) -> i64 {
    match init {
        Init::KmeansPlusPlus => greedy::seed(job, key, &mut seeding.masses, workers, centers),
        Init::Parallel => match &mut seeding.parallel {
            Some(memory) => kmeans_parallel::seed(job, key, memory, workers, centers),
            None => unreachable!("memory is cut for k-means|| where it is asked for"),
        },
        Init::Random => {
            random(job, key, marks, centers);
            0
        }
        Init::Given => 0,
    }
}

/// Distinct rows, every set of them equally likely (Floyd's sampling: Bentley and Floyd 1987). Rows of
/// weight zero are drawn only when there are not enough others.
fn random(job: &Job<'_>, key: Key, marks: &mut [i32], centers: &mut [f64]) {
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
            step: s as u32,
            candidate: 0,
        };
        let rank = philox::below(last as u128 + 1, key, draw) as usize;
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
