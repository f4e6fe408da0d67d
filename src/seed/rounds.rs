//! k-means‖ (Bahmani, Moseley, Vattani, Kumar, Vassilvitskii: "Scalable k-means++", VLDB 2012): many candidates in a few rounds
//! over the points, and greedy k-means++ among them.
//!
//! ```text
//! a point's mass is its weight times D to the nearest candidate; its weight, while there is none
//! five times, and on while there are fewer than k candidates, unless all masses are zero:
//!     total = the exact sum of the masses
//!     point p becomes a candidate if it has mass and  u(p) total < 2 k mass(p),  independently of the others;
//!         in ascending order; but if they are more than 3 k + 32, none does in this round
//! a candidate's weight is that of the points it is nearest to, ties to the earlier candidate,
//!     in units of the top limb of the weights, at least one
//! greedy k-means++ among the candidates
//! ```
//!
//! u(p) is 53 bits in [0, 1) from the counter (p, restart, round). So what a round takes from the points is an exact sum, and a
//! candidate's weight is a sum of integers: whoever has a part of the points needs only these of the others, and the points that
//! they drew (see [`stream`](crate::stream)).
//!
//! About 2 k candidates come in a round; 3 k + 32 is more than five standard deviations above that, and there to bound memory.

use core::ops::Range;

use crate::assign::{assign, Packing, Scratch};
use crate::job::{padded, Job};
use crate::parallel::PerThread;
use crate::plan::Shape;
use crate::points::Points;
use crate::update::exact_sum::{scale, ExactSum};
use crate::update::Unit;
use crate::workspace::Cut;

use super::greedy;
use super::philox::uniform_for_point;
use super::{Masses, Worker};

/// Rounds, at least.
const ROUNDS: u32 = 5;

/// Candidates of a round, at most.
pub(crate) fn most(k: usize) -> usize {
    k.saturating_mul(3).saturating_add(32)
}

/// Candidates of all rounds, at most: later ones come only where there are fewer than k.
pub(crate) fn most_of_all(k: usize) -> usize {
    most(k).saturating_mul(ROUNDS as usize)
}

/// Whether another round is due, if there is mass left.
pub(crate) fn due(round: u32, candidates: usize, k: usize) -> bool {
    round < ROUNDS || candidates < k
}

/// The exact sum of all masses, rounded.
#[derive(Clone, Copy)]
pub(crate) struct Total {
    whole: f64,
    exponent: i32,
}

impl Total {
    pub(crate) fn of(sum: &mut ExactSum) -> Self {
        let (whole, exponent) = sum.parts();
        Total { whole, exponent }
    }

    /// Whether there is no mass.
    pub(crate) fn is_zero(self) -> bool {
        self.whole == 0.0
    }
}

/// Which draws: for k centers, with the seed, in a restart and a round.
#[derive(Clone, Copy)]
pub(crate) struct Draws {
    pub(crate) k: usize,
    pub(crate) seed: u64,
    pub(crate) restart: u32,
    pub(crate) round: u32,
}

impl Draws {
    /// Whether point `p` of this mass becomes a candidate.
    pub(crate) fn take(self, total: Total, p: u64, mass: f64) -> bool {
        let u = || uniform_for_point(self.seed, (self.restart, self.round), p);
        // In units of the total's last place, which no share of it overflows.
        let share = scale(mass, -total.exponent);
        mass > 0.0 && u() * total.whole < (2 * self.k) as f64 * share
    }
}

/// The mass of point `p`; `distances` are to the nearest candidate, if there is one.
pub(crate) fn mass(job: &Job<'_>, distances: Option<&[f64]>, p: usize) -> f64 {
    job.weight(p) * distances.map_or(1.0, |distances| distances[p])
}

/// Masses that are summed together.
const TOGETHER: usize = 128;

/// The exact sum of the masses.
pub(crate) fn total(job: &Job<'_>, distances: Option<&[f64]>) -> ExactSum {
    let mut sums = PerThread::new(job.crew.threads(), ExactSum::new);
    job.crew.run(job.blocks(), &mut sums, |sum, block| {
        for first in block.clone().step_by(TOGETHER) {
            let part = first..(first + TOGETHER).min(block.end);
            let mut masses = [0.0; TOGETHER];
            for (mass, p) in masses.iter_mut().zip(part) {
                *mass = self::mass(job, distances, p);
            }
            sum.add_all(&masses);
        }
    });
    let (first, others) = sums.split();
    for other in others {
        first.merge(other);
    }
    first.clone()
}

/// Comparisons of points with candidates, a round's at a time.
pub(crate) struct Comparing<'w> {
    /// Of each point: the nearest of the new candidates, and D to it.
    labels: &'w mut [i32],
    new: &'w mut [f64],
    packing: Packing<'w>,
    room: usize,
}

/// The shape of a comparison with the candidates of a round.
fn compared(shape: &Shape) -> Shape {
    Shape {
        k: most(shape.k),
        ..*shape
    }
}

/// What a thread compares with the candidates of a round with.
pub(crate) fn scratch<'w>(from: &mut impl Cut<'w>, shape: &Shape) -> Scratch<'w> {
    Scratch::cut(from, &compared(shape))
}

impl<'w> Comparing<'w> {
    pub(crate) fn cut(from: &mut impl Cut<'w>, shape: &Shape) -> Self {
        Comparing {
            labels: from.take(shape.n),
            new: from.take(padded(shape.n)),
            packing: Packing::cut(from, &compared(shape)),
            room: most(shape.k),
        }
    }

    /// Takes note of the largest magnitude of any coordinate.
    pub(crate) fn set_largest(&mut self, largest: f64) {
        self.packing.set_largest(largest);
    }

    /// Lowers `distances` to those to the candidates in `range`, where they are less, and names those that are `nearest`, where
    /// that is wanted.
    pub(crate) fn approach<'s, S: AsMut<Scratch<'s>> + Send>(
        &mut self,
        job: &Job<'_>,
        team: &mut PerThread<S>,
        (candidates, range): (&[f64], Range<usize>),
        distances: &mut [f64],
        mut nearest: Option<&mut [i32]>,
    ) {
        let (n, d) = (job.points.n(), job.points.d());
        for first in range.clone().step_by(self.room) {
            let last = (first + self.room).min(range.end);
            let centers = &candidates[first * d..last * d];
            let new = &mut self.new[..n];
            let packing = &mut self.packing;
            assign(job, packing, team, centers, 0, self.labels, Some(&mut *new));
            for (p, (distance, &new)) in distances.iter_mut().zip(&*new).enumerate() {
                if new < *distance {
                    *distance = new;
                    if let Some(nearest) = &mut nearest {
                        nearest[p] = self.labels[p] + first as i32;
                    }
                }
            }
        }
    }
}

impl Comparing<'_> {
    /// Marks the points that become candidates: those of draws with this total, point `first` and the following ones being at
    /// hand, of these `distances` to the nearest candidate, if there is one.
    pub(crate) fn mark<S: Send>(
        &mut self,
        job: &Job<'_>,
        team: &mut PerThread<S>,
        (draws, total, first): (Draws, Total, u64),
        distances: Option<&[f64]>,
    ) {
        let marks = self.labels.chunks_mut(job.block);
        job.crew
            .run(job.blocks().zip(marks), team, |_, (block, marks)| {
                for (p, mark) in block.zip(marks) {
                    let mass = mass(job, distances, p);
                    *mark = i32::from(draws.take(total, first + p as u64, mass));
                }
            });
    }

    /// Those of the n points at hand that are marked, in order.
    pub(crate) fn marked(&self, n: usize) -> impl Iterator<Item = usize> + '_ {
        (0..n).filter(|&p| self.labels[p] != 0)
    }
}

/// The unit that candidates' weights are counted in, the heaviest of n points having a weight of this magnitude.
pub(crate) fn unit(heaviest: f64, n: usize) -> Unit {
    Unit::of(heaviest, n)
}

/// Adds the weights of the points to those of their nearest candidates, in units.
pub(crate) fn weigh(job: &Job<'_>, unit: Unit, nearest: &[i32], counts: &mut [i64]) {
    for (p, &label) in nearest.iter().enumerate() {
        counts[label as usize] += unit.count(job.weight(p));
    }
}

/// The weights of candidates, rows of d, that count so many units of n points: 1 is the weight of about one of the heaviest points,
/// or, where masses could overflow with that, the most that a candidate has.
pub(crate) fn weights(
    (candidates, d): (&[f64], usize),
    counts: &[i64],
    n: usize,
    weights: &mut [f64],
) {
    let one = unit(1.0, n).count(1.0);
    let most = counts.iter().fold(1, |most, &count| count.max(most));
    let largest = candidates.iter().fold(0.0, |top: f64, c| top.max(c.abs()));
    let farthest = 4.0 * largest * largest * d as f64;
    let scale = match farthest * (most as f64 / one as f64) < LARGEST {
        true => one as f64,
        false => (most as u64).next_power_of_two() as f64,
    };
    for (weight, &count) in weights.iter_mut().zip(counts) {
        *weight = count.max(1) as f64 / scale;
    }
}

/// Masses stay below this, 2^1000, or are at most D.
const LARGEST: f64 = f64::from_bits((1023 + 1000) << 52);

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
    comparing: Comparing<'w>,
    /// For seeding among the candidates.
    masses: Masses<'w>,
    block: usize,
}

impl<'w> Rounds<'w> {
    pub(super) fn cut(from: &mut impl Cut<'w>, shape: &Shape) -> Self {
        // No point is drawn twice.
        let candidates = shape.of_points(most_of_all(shape.k).min(shape.n));
        Rounds {
            candidates: from.take(candidates.n.saturating_mul(shape.d)),
            weights: from.take(candidates.n),
            counts: from.take(candidates.n),
            nearest: from.take(shape.n),
            distances: from.take(shape.n),
            comparing: Comparing::cut(from, shape),
            masses: Masses::cut(from, &candidates, true),
            block: candidates.block,
        }
    }

    pub(super) fn set_largest(&mut self, largest: f64) {
        self.comparing.set_largest(largest);
    }
}

/// Draws all centers; returns how many pairs of point and center were compared.
pub(super) fn seed(
    job: &Job<'_>,
    (seed, restart): (u64, u32),
    rounds: &mut Rounds<'_>,
    team: &mut PerThread<Worker<'_>>,
    centers: &mut [f64],
) -> i64 {
    let (n, d) = (job.points.n(), job.points.d());
    let k = centers.len() / d;
    let Rounds {
        candidates,
        nearest,
        distances,
        comparing,
        ..
    } = rounds;
    distances.fill(f64::INFINITY);
    let (mut count, mut round) = (0, 0);
    while due(round, count, k) {
        let known = (count > 0).then_some(&**distances);
        let total = Total::of(&mut total(job, known));
        if total.is_zero() {
            break;
        }
        let draws = Draws {
            k,
            seed,
            restart,
            round,
        };
        let before = count;
        comparing.mark(job, team, (draws, total, 0), known);
        if comparing.marked(n).count() <= most(k) {
            for p in comparing.marked(n) {
                job.points.copy_point(p, &mut candidates[count * d..][..d]);
                count += 1;
            }
        }
        let new = (&**candidates, before..count);
        comparing.approach(job, team, new, distances, Some(nearest));
        round += 1;
    }

    let heaviest = (0..n).fold(0.0, |top: f64, p| top.max(job.weight(p)));
    let counts = &mut rounds.counts[..count];
    counts.fill(0);
    weigh(job, unit(heaviest, n), nearest, counts);
    weights((&candidates[..count * d], d), counts, n, rounds.weights);
    let Ok(points) = Points::rows(&candidates[..count * d], count, d) else {
        unreachable!("candidates are rows of the points");
    };
    let job = Job {
        points,
        weights: Some(&rounds.weights[..count]),
        block: rounds.block,
        ..*job
    };
    let compared = (count * n) as i64;
    compared + greedy::seed(&job, (seed, restart), &mut rounds.masses, team, centers)
}
