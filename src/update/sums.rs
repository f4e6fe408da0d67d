//! The sums of one thread, and what a pass adds to them.

use core::ops::Range;

use super::plan::Plan;
use super::tally::Tally;
use crate::call::{Job, STEP};
use crate::exact::declared_range::Bounds;
use crate::exact::limbs::{self, Limbs, Moves};
use crate::points::Rows;
use crate::runtime::workspace::{spoil, Cut};

/// The sums of one thread.
pub(crate) struct Sums<'w> {
    pub(super) tally: Tally<'w>,
    /// For each cluster the limbs of its sums: of all dimensions, or of the slab.
    pub(super) limbs: &'w mut [i64],
    /// Coordinates as rows of doubles, when points are not.
    pub(super) rows: &'w mut [f64],
    /// The dimensions this thread has taken, and their limbs.
    pub(super) slab: Range<usize>,
    pub(super) slab_magic: &'w mut [f64],
}

impl<'w> Sums<'w> {
    pub(crate) fn cut(from: &mut impl Cut<'w>, plan: &Plan) -> Self {
        Sums {
            tally: Tally::cut(from, plan.held, plan.weight_words),
            limbs: from.take(plan.sums),
            rows: from.take(plan.rows),
            slab: 0..0,
            slab_magic: from.take(plan.magic),
        }
    }

    /// Whether there is room for sums.
    pub(super) fn holds(&self) -> bool {
        !self.tally.counts.is_empty()
    }

    /// Forgets what was added.
    pub(crate) fn forget(&mut self) {
        self.tally.forget();
        spoil(self.limbs, i64::MAX);
        spoil(self.rows, f64::MAX);
        spoil(self.slab_magic, f64::MAX);
    }

    /// Adds a block with these labels; returns whether all its terms were tested, and are in range.
    pub(crate) fn add(
        &mut self,
        job: &Job<'_>,
        terms: &Terms<'_>,
        block: Range<usize>,
        labels: &[i32],
    ) -> bool {
        if terms.later {
            return false;
        }
        let tally = &mut self.tally;
        if let (Some(weights), Some(limbs)) = (job.weights_of(&block), &terms.weights) {
            for (&j, &w) in labels.iter().zip(weights) {
                tally.positive[j as usize] += i64::from(w > 0.0);
            }
            let rows = Rows::new(weights, 1);
            let sums = &mut tally.weights[..tally.counts.len() * limbs.words()];
            let terms = limbs::Terms {
                rows,
                weights: None,
                labels,
                limbs,
            };
            limbs::accumulate(job.level, terms, sums, None);
        }
        match &terms.coordinates {
            Some(limbs) => {
                let sums = &mut self.limbs[..tally.counts.len() * limbs.words()];
                let counts = Some(&mut *tally.counts);
                add_rows(job, limbs, block, labels, self.rows, sums, counts)
            }
            None => {
                for &j in labels {
                    tally.counts[j as usize] += 1;
                }
                false
            }
        }
    }

    /// Moves points from cluster to cluster; their indices count from the start of `among`. For the fused plan.
    pub(crate) fn transfer(
        &mut self,
        job: &Job<'_>,
        terms: &Terms<'_>,
        among: Range<usize>,
        moves: &Moves<'_>,
    ) {
        if moves.points.is_empty() {
            return;
        }
        let tally = &mut self.tally;
        let weights = job.weights_of(&among);
        for ((&p, &from), &to) in moves.points.iter().zip(moves.from).zip(moves.to) {
            let (from, to) = (from as usize, to as usize);
            tally.counts[from] -= 1;
            tally.counts[to] += 1;
            if let Some(weights) = weights {
                let positive = i64::from(weights[p as usize] > 0.0);
                tally.positive[from] -= positive;
                tally.positive[to] += positive;
            }
        }
        let k = tally.counts.len();
        if let (Some(weights), Some(limbs)) = (weights, &terms.weights) {
            let rows = Rows::new(weights, 1);
            let sums = &mut tally.weights[..k * limbs.words()];
            limbs::transfer(job.level, rows, None, moves, limbs, sums);
        }
        let Some(limbs) = &terms.coordinates else {
            return;
        };
        let sums = &mut self.limbs[..k * limbs.words()];
        if job.points.form().is_rows_of_doubles() {
            let rows = job.points.rows_of(among, limbs.range());
            limbs::transfer(job.level, rows, weights, moves, limbs, sums);
            return;
        }
        if job.points.form().is_csr() {
            for ((&p, &from), &to) in moves.points.iter().zip(moves.from).zip(moves.to) {
                let weight = weights.map(|weights| weights[p as usize]);
                let entries = job.points.entries(among.start + p as usize);
                let from = Some(from as usize);
                limbs::add_entries(entries, weight, limbs, from, to as usize, sums);
            }
            return;
        }
        // Few points of many are copied, some at a time.
        let d = job.points.d();
        let (from, to) = (moves.from.chunks(STEP), moves.to.chunks(STEP));
        for ((points, from), to) in moves.points.chunks(STEP).zip(from).zip(to) {
            let mut copied = [0.0; STEP];
            for (i, &p) in points.iter().enumerate() {
                let row = &mut self.rows[i * d..][..d];
                job.points.copy_point(among.start + p as usize, row);
                copied[i] = weights.map_or(1.0, |weights| weights[p as usize]);
            }
            let rows = Rows::new(&self.rows[..points.len() * d], d);
            let weights = weights.map(|_| &copied[..points.len()]);
            let moves = Moves {
                points: &IN_ORDER[..points.len()],
                from,
                to,
            };
            limbs::transfer(job.level, rows, weights, &moves, limbs, sums);
        }
    }
}

/// Indices of points that were copied one after the other.
const IN_ORDER: [u32; STEP] = {
    let mut indices = [0; STEP];
    let mut i = 0;
    while i < STEP {
        indices[i] = i as u32;
        i += 1;
    }
    indices
};

/// Adds the coordinates of a block in the dimensions of `limbs`.
pub(super) fn add_rows(
    job: &Job<'_>,
    limbs: &Limbs<'_>,
    block: Range<usize>,
    labels: &[i32],
    copy: &mut [f64],
    sums: &mut [i64],
    counts: Option<&mut [i64]>,
) -> bool {
    if job.points.form().is_csr() {
        if let Some(counts) = counts {
            labels.iter().for_each(|&j| counts[j as usize] += 1);
        }
        for (p, &j) in block.zip(labels) {
            let weight = job.weights.map(|weights| weights[p]);
            limbs::add_entries(job.points.entries(p), weight, limbs, None, j as usize, sums);
        }
        return false;
    }
    let (first, mut counts, mut certain) = (block.start, counts, true);
    let take = |part: Range<usize>, rows: Rows<'_>| {
        let terms = limbs::Terms {
            rows,
            weights: job.weights_of(&part),
            labels: &labels[part.start - first..part.end - first],
            limbs,
        };
        certain &= limbs::accumulate(job.level, terms, sums, counts.as_deref_mut());
    };
    let dims = limbs.range();
    job.points.each_rows(job.level, block, dims, copy, take);
    certain
}

impl<'w> AsMut<Sums<'w>> for Sums<'w> {
    fn as_mut(&mut self) -> &mut Sums<'w> {
        self
    }
}

/// Sums as plain integers, for each cluster; see [`stream`](crate::stream) for what they mean.
pub(crate) struct Exported<'a> {
    pub(crate) counts: &'a mut [i64],
    pub(crate) positive: &'a mut [i64],
    pub(crate) weights: &'a mut [i64],
    pub(crate) coordinates: &'a mut [i64],
}

/// What a pass over blocks adds to the [`Sums`].
pub(crate) struct Terms<'a> {
    /// In the fused plan: coordinates.
    pub(super) coordinates: Option<Limbs<'a>>,
    /// Weights, if there are any.
    pub(super) weights: Option<Limbs<'a>>,
    /// Whether nothing is added yet: only some threads have sums.
    pub(super) later: bool,
}

/// Dimensions up to which a vector may hold all of them: these are tested by themselves, which costs next to nothing.
const WIDEST: usize = 8;

impl<'a> Terms<'a> {
    /// The same terms, whose coordinates are tested while they are added: whether they are within the bounds.
    pub(crate) fn watching(self, bounds: Bounds<'a>) -> Self {
        let watching = |limbs: Limbs<'a>| match bounds.limits.len() > WIDEST {
            true => limbs.testing(bounds),
            false => limbs,
        };
        Terms {
            coordinates: self.coordinates.map(watching),
            ..self
        }
    }

    /// Whether adding tests coordinates that have no weights.
    pub(crate) fn tests_coordinates(&self) -> bool {
        self.coordinates.as_ref().is_some_and(Limbs::tests_terms)
    }
}
