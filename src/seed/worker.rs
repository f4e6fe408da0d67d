//! What one thread seeds with.

use core::ops::Range;

use super::gains::Bound;
use super::kmeans_parallel::scratch;
use super::masses::{candidates_per_step, MOST_CANDIDATES};
use super::sketch::{self, WIDEST};
use super::sparse::ROOM;
use crate::assign::LabelScratch;
use crate::call::{Init, Job, Shape, STRETCH};
use crate::points::{pack, Which};
use crate::runtime::workspace::{spoil, Cut};

/// What one thread seeds with.
pub(crate) struct SeedWorker<'w> {
    /// A block, packed for the lanes.
    pub(super) tile: &'w mut [f64],
    /// Its weights, with zeros in the padding, so that this has no mass. If they are all ones, how many; else 0.
    pub(super) weights: &'w mut [f64],
    pub(super) ones: usize,
    /// Of a stretch, where there is a sketch: the weights in single precision, the points that are evaluated, and for each candidate
    /// and lane bounds for what it takes off.
    pub(super) factors: &'w mut [f32],
    pub(super) listed: &'w mut [u32],
    pub(super) sums: &'w mut [f32],
    /// Of this thread's part of the points, for each candidate: the mass it would leave, at most of sparse rows, or takes off
    /// points that are out of range, and bounds for what it takes off the others.
    pub(super) potentials: [i128; MOST_CANDIDATES],
    /// Of sparse rows the mass it would leave at least.
    pub(super) least: [i128; MOST_CANDIDATES],
    pub(super) bounds: [Bound; MOST_CANDIDATES],
    /// What the candidate that is being evaluated takes off.
    pub(super) gain: i128,
    /// Rows that were read in a step, and masses that were lowered.
    pub(super) read: usize,
    pub(super) lowered: usize,
    /// Of these rows, those of points that are out of range.
    pub(super) out_of_range: usize,
    /// What the rounds of k-means|| find the nearest candidates with.
    pub(super) scratch: Option<LabelScratch<'w>>,
}

impl<'w> AsMut<LabelScratch<'w>> for SeedWorker<'w> {
    fn as_mut(&mut self) -> &mut LabelScratch<'w> {
        match &mut self.scratch {
            Some(scratch) => scratch,
            None => unreachable!("scratch is cut for rounds, and rounds alone ask for it"),
        }
    }
}

impl<'w> SeedWorker<'w> {
    pub(crate) fn cut(from: &mut impl Cut<'w>, shape: &Shape, init: Init) -> Self {
        let Shape {
            d, k, block, form, ..
        } = *shape;
        // The candidates of k-means|| are rows of doubles.
        let sketched = match init {
            Init::Parallel => sketch::worthwhile(&shape.of_points(shape.n)),
            Init::KmeansPlusPlus => sketch::worthwhile(shape),
            Init::Random | Init::Given => false,
        };
        let room = if sketched { STRETCH } else { 0 };
        let sums = if sketched {
            2 * WIDEST * candidates_per_step(k)
        } else {
            0
        };
        SeedWorker {
            // Sparse rows are not packed.
            tile: from.take(match form.is_csr() && init != Init::Parallel {
                true => 0,
                false => block.saturating_mul(d),
            }),
            weights: from.take(block),
            ones: 0,
            factors: from.take(room),
            listed: from.take(if sketched { room + ROOM } else { 0 }),
            sums: from.take(sums),
            potentials: [0; MOST_CANDIDATES],
            least: [0; MOST_CANDIDATES],
            bounds: [Bound::default(); MOST_CANDIDATES],
            gain: 0,
            read: 0,
            lowered: 0,
            out_of_range: 0,
            scratch: (init == Init::Parallel).then(|| scratch(from, shape)),
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
    pub(super) fn load(&mut self, job: &Job<'_>, block: Range<usize>) {
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
