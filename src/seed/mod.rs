//! Starting centers.
//!
//! Every draw has a counter of its own ([`philox`]), and every sum that steers a draw is exact, so the
//! centers depend on the points, the weights, the seed and the restart, and on nothing else.
//!
//! | file | what it does |
//! |---|---|
//! | `greedy` | greedy k-means++: masses, draws, steps |
//! | `dense` | all pairs by D |
//! | `bytes` | the points in bytes |
//! | `sketch` | what these prove |
//! | `bounded` | a step by a sketch |
//! | `sparse` | some points by D |
//! | `rounds` | k-means‖: many candidates in a few rounds, and greedy k-means++ among these |
//! | `philox` | random numbers that are functions of what they are for |

#[cfg(test)]
mod cliffs;
mod dense;
mod greedy;
pub(crate) mod kmeans_parallel;
#[cfg(test)]
mod lemmas;
mod philox;
pub(crate) mod sketch;
mod sparse;
mod step_by_sketch;

use core::ops::Range;

use crate::assign::LabelScratch;
use crate::call::{padded, Init, Job, Shape, STRETCH};
use crate::points::{pack, Which};
use crate::runtime::threads::PerThread;
use crate::runtime::workspace::{spoil, Cut};

use greedy::{candidates_per_step, MOST_CANDIDATES};
use kmeans_parallel::Rounds;
use philox::Draw;
use sketch::{Sketch, Step, WIDEST};
use sparse::ROOM;
use step_by_sketch::Bound;

/// What greedy k-means++ keeps of all points.
struct Masses<'w> {
    /// Points in a span, a multiple of those in a block: enough for some of them to be worth a list.
    span: usize,
    /// Weight times D to the nearest center so far; padded with zeros to whole groups.
    masses: &'w mut [f64],
    /// The masses of each span, in fine units, and the largest of them.
    totals: &'w mut [i128],
    tops: &'w mut [f64],
    /// The points that may become the next center.
    candidates: &'w mut [f64],
    sketch: Sketch<'w>,
    step: Step<'w>,
    /// D between listed points and two of the candidates, where there is a sketch: those of a span from its first place on.
    trials: [&'w mut [f64]; 2],
}

impl<'w> Masses<'w> {
    /// For a shape; with a sketch, if it pays and is wanted.
    fn cut(from: &mut impl Cut<'w>, shape: &Shape, sketched: bool) -> Self {
        let Shape { n, d, k, .. } = *shape;
        let count = candidates_per_step(k);
        let room = match sketched && sketch::wanted(shape) {
            true => n,
            false => 0,
        };
        let span = shape.stretch();
        let spans = shape.stretches();
        Masses {
            span,
            masses: from.take(padded(n)),
            totals: from.take(spans),
            tops: from.take(spans),
            candidates: from.take(count.saturating_mul(d)),
            sketch: Sketch::cut(from, shape, room),
            step: Step::cut(from, shape, room, count),
            trials: [from.take(room), from.take(room)],
        }
    }
}

impl Masses<'_> {
    fn forget(&mut self) {
        spoil(self.masses, f64::MAX);
        spoil(self.totals, i128::MAX);
        spoil(self.tops, f64::MAX);
        spoil(self.candidates, f64::MAX);
        self.sketch.forget();
        self.step.forget();
        for trial in &mut self.trials {
            spoil(trial, 0.0);
        }
    }
}

/// What seeding keeps.
pub(crate) struct Seeding<'w> {
    masses: Masses<'w>,
    rounds: Option<Rounds<'w>>,
}

impl<'w> Seeding<'w> {
    pub(crate) fn cut(from: &mut impl Cut<'w>, shape: &Shape, init: Init) -> Self {
        Seeding {
            masses: Masses::cut(from, shape, init == Init::KmeansPlusPlus),
            rounds: (init == Init::Parallel).then(|| Rounds::cut(from, shape)),
        }
    }

    /// Forgets what was drawn.
    pub(crate) fn forget(&mut self) {
        self.masses.forget();
        if let Some(rounds) = &mut self.rounds {
            rounds.forget();
        }
    }

    /// Takes note of the largest magnitude of any coordinate.
    pub(crate) fn set_largest(&mut self, largest: f64) {
        if let Some(rounds) = &mut self.rounds {
            rounds.set_largest(largest);
        }
    }

    /// The masses, as scratch for when there is nothing to seed.
    pub(crate) fn scratch(&mut self) -> &mut [f64] {
        self.masses.masses
    }
}

/// What one thread seeds with.
pub(crate) struct Worker<'w> {
    /// A block, packed for the lanes.
    tile: &'w mut [f64],
    /// Its weights; zeros in the padding, so that it has no mass. And how many ones, and nothing else, they are.
    weights: &'w mut [f64],
    ones: usize,
    /// Of a span, where there is a sketch: the weights in single precision, those points that are looked at, and for each
    /// candidate and lane bounds of what it takes off.
    factors: &'w mut [f32],
    listed: &'w mut [u32],
    sums: &'w mut [f32],
    /// Of this thread's part of the points, for each candidate: the mass it would leave, or takes off wild points, and bounds for
    /// what it takes off the others.
    potentials: [i128; MOST_CANDIDATES],
    bounds: [Bound; MOST_CANDIDATES],
    /// What the candidate that is being evaluated takes off.
    gain: i128,
    /// Rows that were read in a step, and masses that were lowered.
    read: usize,
    lowered: usize,
    /// Of these rows, those of wild points.
    wild: usize,
    /// What the rounds of k-means|| find the nearest candidates with.
    scratch: Option<LabelScratch<'w>>,
}

impl<'w> AsMut<LabelScratch<'w>> for Worker<'w> {
    fn as_mut(&mut self) -> &mut LabelScratch<'w> {
        match &mut self.scratch {
            Some(scratch) => scratch,
            None => unreachable!("scratch is cut for rounds, and rounds alone ask for it"),
        }
    }
}

impl<'w> Worker<'w> {
    pub(crate) fn cut(from: &mut impl Cut<'w>, shape: &Shape, init: Init) -> Self {
        let Shape { d, k, block, .. } = *shape;
        let sketched = sketch::wanted(shape) && !matches!(init, Init::Random | Init::Given);
        let room = if sketched { STRETCH } else { 0 };
        let sums = if sketched {
            2 * WIDEST * candidates_per_step(k)
        } else {
            0
        };
        Worker {
            tile: from.take(block.saturating_mul(d)),
            weights: from.take(block),
            ones: 0,
            factors: from.take(room),
            listed: from.take(if sketched { room + ROOM } else { 0 }),
            sums: from.take(sums),
            potentials: [0; MOST_CANDIDATES],
            bounds: [Bound::default(); MOST_CANDIDATES],
            gain: 0,
            read: 0,
            lowered: 0,
            wild: 0,
            scratch: (init == Init::Parallel).then(|| kmeans_parallel::scratch(from, shape)),
        }
    }

    /// Forgets what was packed and counted.
    pub(crate) fn forget(&mut self) {
        self.ones = 0;
        spoil(self.tile, f64::MAX);
        spoil(self.weights, f64::MAX);
        spoil(self.factors, f32::MAX);
        spoil(self.listed, u32::MAX);
        spoil(self.sums, f32::MAX);
        if let Some(scratch) = &mut self.scratch {
            scratch.forget();
        }
    }

    /// Packs a block and its weights.
    fn load(&mut self, job: &Job<'_>, block: Range<usize>) {
        let count = block.len();
        match job.weights_of(&block) {
            Some(weights) => self.weights[..count].copy_from_slice(weights),
            // All but the last block leave them as they are.
            None if count == self.ones => {}
            None => self.weights[..count].fill(1.0),
        }
        self.ones = if job.weights.is_some() { 0 } else { count };
        self.weights[count..].fill(0.0);
        pack(job.level, &job.points, &Which::Block(block), self.tile);
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
        Init::KmeansPlusPlus => {
            greedy::seed(job, (seed, restart), &mut seeding.masses, team, centers)
        }
        Init::Parallel => match &mut seeding.rounds {
            Some(rounds) => {
                let key = (seed, restart);
                kmeans_parallel::seed(job, key, rounds, team, centers)
            }
            None => unreachable!("rounds are cut for those who ask for them"),
        },
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
        let rank = philox::below(last as u128 + 1, seed, draw) as usize;
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
