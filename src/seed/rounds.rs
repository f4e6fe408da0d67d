//! k-means‖ (Bahmani, Moseley, Vattani, Kumar, Vassilvitskii: "Scalable k-means++", VLDB 2012): many candidates in a few rounds
//! over the points, and greedy k-means++ among them.
//!
//! ```text
//! the first candidate is drawn by weight, as in greedy k-means++
//! five times, unless every point of positive weight lies on a candidate:
//!     count the masses in units, as greedy k-means++ does
//!     point p becomes a candidate if  floor(u(p) * total / 2^64) < 2 k units(p),  independently of the others,
//!         in ascending order, until there are 3 k + 32 in this round
//!     lower the masses
//! a candidate's weight is that of the points it is nearest to, ties to the earlier candidate,
//!     in units of the top limb of the weights, over the least power of two that no candidate exceeds
//! if fewer than k candidates have a weight: greedy k-means++ among all points
//! otherwise greedy k-means++ among the candidates
//! ```
//!
//! u(p) is 64 bits from the counter (p, restart, round). So what a round takes from the points is their units' sum and largest
//! mass, and a candidate's weight is a sum of integers: whoever has a part of the points needs only these of the others.
//!
//! About 2 k candidates come in a round; 3 k + 32 is more than five standard deviations above that, and there to bound memory.

use crate::assign::{assign, Packing, Scratch};
use crate::job::{padded, Job};
use crate::parallel::PerThread;
use crate::plan::Shape;
use crate::points::Points;
use crate::update::Unit;
use crate::workspace::Cut;

use super::greedy::{self, largest, Greedy};
use super::philox::below_for_point;
use super::{Masses, Worker};

/// Rounds.
const ROUNDS: u32 = 5;

/// What all rounds need.
pub(super) struct Rounds<'w> {
    /// Rows, and the weight of each.
    candidates: &'w mut [f64],
    weights: &'w mut [f64],
    /// The weights in units.
    counts: &'w mut [i64],
    /// Of each point: its nearest candidate, and D to it.
    nearest: &'w mut [i32],
    distances: &'w mut [f64],
    /// Of each point in a round: whether it becomes a candidate; the nearest of the new ones, and D to it.
    labels: &'w mut [i32],
    new: &'w mut [f64],
    packing: Packing<'w>,
    /// For seeding among the candidates.
    masses: Masses<'w>,
    block: usize,
}

/// Candidates of a round, at most.
fn most(k: usize) -> usize {
    k.saturating_mul(3).saturating_add(32)
}

/// The shape of the candidates, where there are as many as there can be.
fn reduced(shape: &Shape) -> Shape {
    let most = most(shape.k).saturating_mul(ROUNDS as usize);
    shape.of_points(most.saturating_add(1).min(shape.n))
}

/// The shape of a comparison with the candidates of a round.
fn compared(shape: &Shape) -> Shape {
    Shape {
        k: most(shape.k).min(shape.n),
        ..*shape
    }
}

/// What a thread compares with the candidates of a round with.
pub(super) fn scratch<'w>(from: &mut impl Cut<'w>, shape: &Shape) -> Scratch<'w> {
    Scratch::cut(from, &compared(shape))
}

impl<'w> Rounds<'w> {
    pub(super) fn cut(from: &mut impl Cut<'w>, shape: &Shape) -> Self {
        let candidates = reduced(shape);
        Rounds {
            candidates: from.take(candidates.n.saturating_mul(shape.d)),
            weights: from.take(candidates.n),
            counts: from.take(candidates.n),
            nearest: from.take(shape.n),
            distances: from.take(padded(shape.n)),
            labels: from.take(shape.n),
            new: from.take(padded(shape.n)),
            packing: Packing::cut(from, &compared(shape)),
            masses: Masses::cut(from, &candidates, true),
            block: candidates.block,
        }
    }

    pub(super) fn set_largest(&mut self, largest: f64) {
        self.packing.set_largest(largest);
    }
}

/// Draws all centers; returns how many pairs of point and center were compared.
pub(super) fn seed(
    job: &Job<'_>,
    (seed, restart): (u64, u32),
    rounds: &mut Rounds<'_>,
    masses: &mut Masses<'_>,
    team: &mut PerThread<Worker<'_>>,
    centers: &mut [f64],
) -> i64 {
    let (n, d) = (job.points.n(), job.points.d());
    let k = centers.len() / d;
    let first = Greedy::by_weight(job, masses).first((seed, restart));
    rounds.distances.fill(f64::INFINITY);
    job.points.copy_point(first, &mut rounds.candidates[..d]);
    rounds.approach(job, team, 0..1);
    let (mut count, mut compared) = (1, n as i64);
    for round in 0..ROUNDS {
        for (p, mass) in masses.masses[..n].iter_mut().enumerate() {
            *mass = job.weight(p) * rounds.distances[p];
        }
        let top = largest(masses.masses);
        if top == 0.0 {
            break;
        }
        let unit = Unit::of(top, n);
        let units = |mass: f64| unit.count(mass) as u64;
        let total: u64 = masses.masses[..n].iter().map(|&mass| units(mass)).sum();
        let marks = rounds.labels.chunks_mut(job.block);
        let spans = job.blocks().zip(marks).zip(masses.masses.chunks(job.block));
        job.crew.run(spans, team, |_, ((block, marks), masses)| {
            for ((p, mark), &mass) in block.zip(marks).zip(masses) {
                let share = 2 * k as u128 * u128::from(units(mass));
                let draw = || below_for_point(total, seed, (restart, round), p as u64);
                *mark = i32::from(mass > 0.0 && u128::from(draw()) < share);
            }
        });
        let drawn = (0..n).filter(|&p| rounds.labels[p] != 0).take(most(k));
        let before = count;
        for p in drawn {
            job.points
                .copy_point(p, &mut rounds.candidates[count * d..][..d]);
            count += 1;
        }
        rounds.approach(job, team, before..count);
        compared += ((count - before) * n) as i64;
    }

    rounds.weigh(job, count);
    let heavy = rounds.counts[..count].iter().filter(|&&c| c > 0).count();
    if heavy < k {
        return compared + greedy::seed(job, (seed, restart), masses, team, centers);
    }
    let candidates = Points::rows(&rounds.candidates[..count * d], count, d);
    let Ok(points) = candidates else {
        unreachable!("candidates are rows of the points");
    };
    let job = Job {
        points,
        weights: Some(&rounds.weights[..count]),
        block: rounds.block,
        ..*job
    };
    compared + greedy::seed(&job, (seed, restart), &mut rounds.masses, team, centers)
}

impl Rounds<'_> {
    /// Compares the points with new candidates.
    fn approach(
        &mut self,
        job: &Job<'_>,
        team: &mut PerThread<Worker<'_>>,
        new: core::ops::Range<usize>,
    ) {
        if new.is_empty() {
            return;
        }
        let (n, d) = (job.points.n(), job.points.d());
        let centers = &self.candidates[new.start * d..new.end * d];
        let (packing, labels) = (&mut self.packing, &mut *self.labels);
        assign(
            job,
            packing,
            team,
            centers,
            0,
            labels,
            Some(&mut self.new[..n]),
        );
        for p in 0..n {
            if self.new[p] < self.distances[p] {
                self.distances[p] = self.new[p];
                self.nearest[p] = self.labels[p] + new.start as i32;
            }
        }
    }

    /// The weights of the first `count` candidates.
    fn weigh(&mut self, job: &Job<'_>, count: usize) {
        let n = job.points.n();
        let top = (0..n).fold(0.0, |top: f64, p| top.max(job.weight(p)));
        let unit = Unit::of(top, n);
        self.counts.fill(0);
        for (p, &label) in self.nearest.iter().enumerate() {
            self.counts[label as usize] += unit.count(job.weight(p));
        }
        // Products with D must not overflow, nor underflow without need.
        let most = self.counts.iter().fold(1, |most, &count| count.max(most));
        let scale = 1.0 / (most as u64).next_power_of_two() as f64;
        for (weight, &count) in self.weights[..count].iter_mut().zip(&*self.counts) {
            *weight = count as f64 * scale;
        }
    }
}
