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
//! candidate's weight is a sum of integers. So where the points are in several parts, only these sums and the points that were drawn have
//! to be exchanged (see [`stream`](crate::stream)).
//!
//! A round draws about 2 k candidates; 3 k + 32 is more than five standard deviations above that, and bounds the memory.

mod round;

pub(crate) use round::{most, scratch, total, Comparing, Draws, NewCandidates, Total};

use crate::call::{Job, Shape};
use crate::exact::binary64::{exponent, magic, scale};
use crate::exact::limbs::size::{unit, width};
use crate::exact::quotient::Sum;
use crate::points::Points;
use crate::runtime::threads::PerThread;
use crate::runtime::workspace::{spoil, Cut};

use super::greedy;
use super::masses::Masses;
use super::philox::Key;
use super::worker::SeedWorker;

/// Rounds, at least.
const ROUNDS: u32 = 5;

/// Candidates of all rounds, at most: later ones come only where there are fewer than k.
pub(crate) fn most_of_all(k: usize) -> usize {
    most(k).saturating_mul(ROUNDS as usize)
}

/// Whether another round is due, if there is mass left.
pub(crate) fn due(round: u32, candidates: usize, k: usize) -> bool {
    round < ROUNDS || candidates < k
}

/// How the weights of candidates are summed: in limbs, of which there are so many that rounding takes less than 2^-18 of the heaviest
/// weight from all points together (L46).
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
    pub(crate) fn weights(self, candidates: &[f64], d: usize, counts: &[i64], weights: &mut [f64]) {
        let least = scale(1.0, self.place(self.limbs - 1));
        for (weight, counts) in weights.iter_mut().zip(counts.chunks_exact(self.limbs)) {
            let sum = Sum::new(self.limbs, |l| (counts[l], self.place(l)));
            *weight = sum.rounded().max(least);
        }
        let most = weights.iter().fold(0.0, |top: f64, &w| top.max(w));
        let largest = candidates.iter().fold(0.0, |top: f64, c| top.max(c.abs()));
        // No D is greater, because it is finite even where this product would overflow.
        let farthest = (4.0 * largest * largest * d as f64).clamp(1.0, f64::MAX);
        let power = LARGEST - exponent(most) - exponent(farthest) - 2;
        for weight in weights {
            *weight = scale(*weight, power);
        }
    }
}

/// Masses of candidates, and their weights, stay below two to this.
const LARGEST: i32 = 1000;

/// What k-means‖ keeps from round to round.
pub(super) struct ParallelMemory<'w> {
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

impl<'w> ParallelMemory<'w> {
    pub(super) fn cut(from: &mut impl Cut<'w>, shape: &Shape) -> Self {
        // No point is drawn twice.
        let candidates = shape.of_points(most_of_all(shape.k).min(shape.n));
        ParallelMemory {
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
    key: Key,
    memory: &mut ParallelMemory<'_>,
    workers: &mut PerThread<SeedWorker<'_>>,
    centers: &mut [f64],
) -> i64 {
    let (n, d) = (job.points.n(), job.points.d());
    let k = centers.len() / d;
    let ParallelMemory {
        candidates,
        nearest,
        distances,
        comparing,
        ..
    } = memory;
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
            key,
            round,
            total,
            first: 0,
        };
        let before = count;
        comparing.mark(job, workers, draws, known);
        if comparing.marked(n).count() <= most(k) {
            for p in comparing.marked(n) {
                job.points.copy_point(p, &mut candidates[count * d..][..d]);
                count += 1;
            }
        }
        let new = NewCandidates {
            rows: candidates,
            range: before..count,
        };
        comparing.approach(job, workers, new, distances, Some(nearest));
        round += 1;
    }

    let heaviest = (0..n).fold(0.0, |top: f64, p| top.max(job.weight(p)));
    let shares = Shares::of(n, heaviest, job.weights.is_some());
    let counts = &mut memory.counts[..count * shares.limbs];
    let weights = &mut memory.weights[..count];
    counts.fill(0);
    shares.weigh(job, nearest, counts);
    shares.weights(&candidates[..count * d], d, counts, weights);
    let Ok(points) = Points::rows(&candidates[..count * d], count, d) else {
        unreachable!("candidates are rows of the points");
    };
    let job = Job {
        points,
        weights: Some(weights),
        block: memory.block,
        ..*job
    };
    let compared = (count * n) as i64;
    compared + greedy::seed(&job, key, &mut memory.masses, workers, centers)
}
