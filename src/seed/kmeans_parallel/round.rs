//! One round of k-means‖: which points become candidates, and which candidate is nearest to a point.

use core::ops::Range;

use crate::assign::{assign, LabelScratch, Packing};
use crate::call::{padded, Job, Shape};
use crate::exact::accumulator::ExactSum;
use crate::exact::binary64::scale;
use crate::runtime::threads::PerThread;
use crate::runtime::workspace::{spoil, Cut};
use crate::seed::philox::uniform_for_point;

/// Candidates of a round, at most.
pub(crate) fn most(k: usize) -> usize {
    k.saturating_mul(3).saturating_add(32)
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

    pub(super) fn forget(&mut self) {
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
