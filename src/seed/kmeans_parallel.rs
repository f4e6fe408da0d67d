//! k-means‖ (Bahmani, Moseley, Vattani, Kumar, Vassilvitskii: "Scalable k-means++", VLDB 2012): many candidates in a few rounds
//! over the points, and greedy k-means++ among them.
//!
//! ```text
//! a point's mass is its weight times D to the nearest candidate; its weight, while there is none
//! five times, and on while there are fewer than k candidates, unless all masses are zero:
//!     total = the exact sum of the masses
//!     point p becomes a candidate if it has mass and  u(p) total < 2 k mass(p)  or u(p) is 0, independently of the others;
//!         in ascending order; but if they are more than 3 k + 32, none does in this round
//! a candidate's weight is that of the points it is nearest to, ties to the earlier candidate: the sum of their weights in
//!     whole units (see `Shares`), at least one, times a power of two
//! greedy k-means++ among the candidates
//! ```
//!
//! u(p) is 53 bits in [0, 1) from the counter (p, restart, round). So what a round takes from the points is an exact sum, and a
//! candidate's weight is a sum of integers: whoever has a part of the points needs only these of the others, and the points that
//! they drew (see [`stream`](crate::stream)).
//!
//! About 2 k candidates come in a round; 3 k + 32 is more than five standard deviations above that, and there to bound memory.

use core::ops::Range;

use crate::assign::{assign, LabelScratch, Packing};
use crate::call::{padded, Job, Shape};
use crate::exact::accumulator::{exponent, magic, scale, ExactSum};
use crate::exact::limbs::{unit, width};
use crate::exact::quotient::Sum;
use crate::points::Points;
use crate::runtime::threads::PerThread;
use crate::runtime::workspace::{spoil, Cut};

use super::philox::uniform_for_point;
use super::{greedy, Masses, Worker};

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
        if mass == 0.0 {
            return false;
        }
        let u = uniform_for_point(self.seed, (self.restart, self.round), p);
        // In units of the total's last place, which no share of it overflows; one that underflows is below any u but 0.
        let share = scale(mass, -total.exponent);
        u == 0.0 || u * total.whole < (2 * self.k) as f64 * share
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
pub(crate) fn scratch<'w>(from: &mut impl Cut<'w>, shape: &Shape) -> LabelScratch<'w> {
    LabelScratch::cut(from, &compared(shape))
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

    fn forget(&mut self) {
        spoil(self.labels, i32::MAX);
        spoil(self.new, 0.0);
        self.packing.forget();
    }

    /// Lowers `distances` to those to the candidates in `range`, where they are less, and names those that are `nearest`, where
    /// that is wanted.
    pub(crate) fn approach<'s, S: AsMut<LabelScratch<'s>> + Send>(
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

/// How the weights of candidates are counted: as limbs are, in as many as keep what rounding takes from all points together below
/// 2^-18 of the heaviest one (L46).
#[derive(Clone, Copy)]
pub(crate) struct Shares {
    /// Points of all chunks.
    n: usize,
    /// The weights are below 2^top.
    top: i32,
    /// Integers for each candidate.
    limbs: usize,
}

/// Bits of a weight beyond those that count the points (L46).
const SHARE_BITS: i32 = 18;

impl Shares {
    /// Of n points, the heaviest of which has this weight; 1, where points have none.
    pub(crate) fn of(n: usize, heaviest: f64, weighted: bool) -> Self {
        let points = n.next_power_of_two().trailing_zeros() as i32;
        let limbs = (points + SHARE_BITS)
            .unsigned_abs()
            .div_ceil(width(n).unsigned_abs());
        Shares {
            n,
            top: exponent(heaviest) + 1,
            // Ones are whole units.
            limbs: if weighted { limbs as usize } else { 1 },
        }
    }

    pub(crate) fn limbs(self) -> usize {
        self.limbs
    }

    /// Adds the weights of the points to those of their nearest candidates.
    pub(crate) fn weigh(self, job: &Job<'_>, nearest: &[i32], counts: &mut [i64]) {
        for (p, &label) in nearest.iter().enumerate() {
            let mut left = job.weight(p);
            let counts = &mut counts[label as usize * self.limbs..][..self.limbs];
            for (l, count) in counts.iter_mut().enumerate() {
                let magic = magic(unit(self.top, l, self.n));
                let shifted = left + magic;
                *count = count.wrapping_add(shifted.to_bits() as i64 - magic.to_bits() as i64);
                left -= shifted - magic;
            }
        }
    }

    /// Whether the limbs of a candidate are those of a negative number.
    pub(crate) fn is_negative(self, limbs: &[i64]) -> bool {
        Sum::new(self.limbs, |l| (limbs[l], self.place(l))).rounded() < 0.0
    }

    /// The exponent of the unit of limb `l`, relative to `top`.
    fn place(self, l: usize) -> i32 {
        unit(self.top, l, self.n) - self.top
    }

    /// The weights of candidates, rows of d, which were counted so: the exact sums, rounded, but at least one of the finest units;
    /// times the power of two with which no mass is greater than 2^1000, and none is lost to underflow where none need be (L46).
    pub(crate) fn weights(
        self,
        (candidates, d): (&[f64], usize),
        counts: &[i64],
        weights: &mut [f64],
    ) {
        let least = scale(1.0, self.place(self.limbs - 1));
        for (weight, counts) in weights.iter_mut().zip(counts.chunks_exact(self.limbs)) {
            let sum = Sum::new(self.limbs, |l| (counts[l], self.place(l)));
            *weight = sum.rounded().max(least);
        }
        let most = weights.iter().fold(0.0, |top: f64, &w| top.max(w));
        let largest = candidates.iter().fold(0.0, |top: f64, c| top.max(c.abs()));
        // No D is greater, which is a double where this would be none, nor is a weight.
        let farthest = (4.0 * largest * largest * d as f64).clamp(1.0, f64::MAX);
        let power = LARGEST - exponent(most) - exponent(farthest) - 2;
        for weight in weights {
            *weight = scale(*weight, power);
        }
    }
}

/// Masses of candidates, and their weights, stay below two to this.
const LARGEST: i32 = 1000;

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
            counts: from.take(
                candidates
                    .n
                    .saturating_mul(Shares::of(shape.n, 1.0, true).limbs),
            ),
            nearest: from.take(shape.n),
            distances: from.take(shape.n),
            comparing: Comparing::cut(from, shape),
            masses: Masses::cut(from, &candidates, true),
            block: candidates.block,
        }
    }

    pub(super) fn forget(&mut self) {
        spoil(self.candidates, f64::MAX);
        spoil(self.weights, f64::MAX);
        spoil(self.counts, i64::MAX);
        spoil(self.nearest, i32::MAX);
        spoil(self.distances, 0.0);
        self.comparing.forget();
        self.masses.forget();
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
    let shares = Shares::of(n, heaviest, job.weights.is_some());
    let counts = &mut rounds.counts[..count * shares.limbs];
    let weights = &mut rounds.weights[..count];
    counts.fill(0);
    shares.weigh(job, nearest, counts);
    shares.weights((&candidates[..count * d], d), counts, weights);
    let Ok(points) = Points::rows(&candidates[..count * d], count, d) else {
        unreachable!("candidates are rows of the points");
    };
    let job = Job {
        points,
        weights: Some(weights),
        block: rounds.block,
        ..*job
    };
    let compared = (count * n) as i64;
    compared + greedy::seed(&job, (seed, restart), &mut rounds.masses, team, centers)
}
