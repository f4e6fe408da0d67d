//! The shape of a pass: its sizes, the number of threads, the size of a block.

use super::job::{block_size, stretch_size, STEP, STRETCH};
use crate::points::Form;
use crate::runtime::threads::worthwhile;

/// The sizes that a workspace depends on.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) n: usize,
    pub(crate) d: usize,
    pub(crate) k: usize,
    pub(crate) form: Form,
    pub(crate) threads: usize,
    /// Points in a block.
    pub(crate) block: usize,
    /// Whether the shape is that of a query: then no part is smaller than for any smaller shape.
    pub(crate) bound: bool,
}

/// An update computes no distances; it takes about as long for a coordinate as an assignment takes for four centers.
const UPDATE_CENTERS: usize = 4;

impl Shape {
    /// Points in a stretch.
    pub(crate) fn stretch(&self) -> usize {
        match self.bound {
            true => STRETCH.min(self.n).max(self.block),
            false => stretch_size(self.n, self.block, self.threads),
        }
    }

    /// The number of stretches.
    pub(crate) fn stretches(&self) -> usize {
        match self.bound {
            // L38: a stretch is more than a quarter of STRETCH, or of the points over 4 T, or a block that is more; and it is a block at least.
            true => {
                let most = self.n / (STRETCH / 4) + 17 * self.threads + 1;
                most.min(self.n.div_ceil(STEP))
            }
            false => self.n.div_ceil(self.stretch()),
        }
    }

    /// The same shape in a query: with the blocks of one thread, which are the largest.
    pub(crate) fn bound(self) -> Self {
        Shape {
            block: block_size(self.n, self.d, 1),
            bound: true,
            ..self
        }
    }

    /// The shape of a pass that compares every point with every center.
    pub(crate) fn of_assign(n: usize, d: usize, k: usize, form: Form, threads: usize) -> Self {
        let work = (n as u128) * (d as u128) * (k as u128);
        let threads = worthwhile(threads, work);
        Shape {
            n,
            d,
            k,
            form,
            threads,
            block: block_size(n, d, threads),
            bound: false,
        }
    }

    /// The shape of a pass over at most as many other points, which are rows of doubles.
    pub(crate) fn of_points(&self, n: usize) -> Self {
        let threads = if self.bound { 1 } else { self.threads };
        Shape {
            n,
            form: Form::default(),
            block: block_size(n, self.d, threads),
            ..*self
        }
    }

    /// The shape of a pass that only sums.
    pub(crate) fn of_update(n: usize, d: usize, k: usize, form: Form, threads: usize) -> Self {
        let few = Self::of_assign(n, d, k.min(UPDATE_CENTERS), form, threads);
        Shape { k, ..few }
    }
}
