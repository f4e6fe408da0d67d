//! One round of k-means‖: which points become candidates, and which candidate is nearest to a point.

use core::ops::Range;

use crate::assign::{assign, LabelScratch, Packing};
use crate::call::{padded, Job, Shape};
use crate::exact::accumulator::ExactSum;
use crate::exact::binary64::scale;
use crate::runtime::threads::PerThread;
use crate::runtime::workspace::{spoil, Cut};
use crate::seed::philox::{uniform_for_point, Key};

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

/// The draws of a round, for k centers.
#[derive(Clone, Copy)]
pub(crate) struct Draws {
    pub(crate) k: usize,
    pub(crate) key: Key,
    pub(crate) round: u32,
    /// The sum of the masses of all points.
    pub(crate) total: Total,
    /// The index of the first point at hand among all points.
    pub(crate) first: u64,
}

impl Draws {
    /// Whether point `p` of those at hand, which has this mass, becomes a candidate.
    pub(crate) fn take(self, p: usize, mass: f64) -> bool {
        if mass == 0.0 {
            return false;
        }
        let u = uniform_for_point(self.key, self.round, self.first + p as u64);
        // In units of the total's last place, in which no mass overflows; one that underflows is below any u but 0.
        let share = scale(mass, -self.total.exponent);
        u == 0.0 || u * self.total.whole < (2 * self.k) as f64 * share
    }
}

/// The mass of point `p`; `distances` are to the nearest candidate, if there is one.
pub(crate) fn mass(job: &Job<'_>, distances: Option<&[f64]>, p: usize) -> f64 {
    job.weight(p) * distances.map_or(1.0, |distances| distances[p])
}

/// Masses that are summed together.
const SUMMED_TOGETHER: usize = 128;

/// The exact sum of the masses.
pub(crate) fn total(job: &Job<'_>, distances: Option<&[f64]>) -> ExactSum {
    let mut sums = PerThread::new(job.crew.threads(), ExactSum::new);
    job.crew.run(job.blocks(), &mut sums, |sum, block| {
        for first in block.clone().step_by(SUMMED_TOGETHER) {
            let part = first..(first + SUMMED_TOGETHER).min(block.end);
            let mut masses = [0.0; SUMMED_TOGETHER];
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
    *first
}

/// Compares points with candidates, those of one round at a time.
pub(crate) struct Comparing<'w> {
    /// Of each point: the nearest of the new candidates, and D to it.
    labels: &'w mut [i32],
    new: &'w mut [f64],
    packing: Packing<'w>,
    room: usize,
}

/// Rows of candidates, and those of them that no point was compared with yet.
pub(crate) struct NewCandidates<'a> {
    pub(crate) rows: &'a [f64],
    pub(crate) range: Range<usize>,
}

/// The shape of a comparison with the candidates of a round.
fn compared(shape: &Shape) -> Shape {
    Shape {
        k: most(shape.k),
        ..*shape
    }
}

/// What a thread needs to compare its points with the candidates of a round.
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

    /// Sets the largest magnitude of any coordinate.
    pub(crate) fn set_largest(&mut self, largest: f64) {
        self.packing.set_largest(largest);
    }

    pub(super) fn forget(&mut self) {
        spoil(self.labels, i32::MAX);
        spoil(self.new, 0.0);
        self.packing.forget();
    }

    /// Lowers `distances` to those to the new candidates, where these are less, and writes the indices of these to `nearest`, where they
    /// are wanted.
    pub(crate) fn approach<'s, S: AsMut<LabelScratch<'s>> + Send>(
        &mut self,
        job: &Job<'_>,
        workers: &mut PerThread<S>,
        candidates: NewCandidates<'_>,
        distances: &mut [f64],
        mut nearest: Option<&mut [i32]>,
    ) {
        let (n, d) = (job.points.n(), job.points.d());
        let NewCandidates { rows, range } = candidates;
        for first in range.clone().step_by(self.room) {
            let last = (first + self.room).min(range.end);
            let centers = &rows[first * d..last * d];
            let new = &mut self.new[..n];
            let packing = &mut self.packing;
            assign(
                job,
                packing,
                workers,
                centers,
                0,
                self.labels,
                Some(&mut *new),
            );
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
    /// Marks the points at hand that become candidates; `distances` are to the nearest candidate so far, if there is one.
    pub(crate) fn mark<S: Send>(
        &mut self,
        job: &Job<'_>,
        workers: &mut PerThread<S>,
        draws: Draws,
        distances: Option<&[f64]>,
    ) {
        let marks = self.labels.chunks_mut(job.block);
        job.crew
            .run(job.blocks().zip(marks), workers, |_, (block, marks)| {
                for (p, mark) in block.zip(marks) {
                    let mass = mass(job, distances, p);
                    *mark = i32::from(draws.take(p, mass));
                }
            });
    }

    /// Those of the n points at hand that are marked, in order.
    pub(crate) fn marked(&self, n: usize) -> impl Iterator<Item = usize> + '_ {
        (0..n).filter(|&p| self.labels[p] != 0)
    }
}
