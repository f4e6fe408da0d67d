//! Sizes of a call, and with them its workspace: how many threads, how large a block.

use crate::assign;
use crate::fit;
use crate::job::{block_size, padded, stretch_size};
use crate::parallel::{worthwhile, PerThread};
use crate::points::{check_sizes, Layout};
use crate::scan::storage;
use crate::seed::{self, Seeding};
use crate::status::Error;
use crate::update::{self, Sums, Update};
use crate::workspace::{Cut, Ruler};
use crate::{Empty, Init, Options};

/// What the description of a workspace depends on.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) n: usize,
    pub(crate) d: usize,
    pub(crate) k: usize,
    pub(crate) layout: Layout,
    pub(crate) threads: usize,
    /// Points in a block.
    pub(crate) block: usize,
}

/// An update has no distances to compute; a coordinate costs it about as much as four centers cost an
/// assignment.
const UPDATE_CENTERS: usize = 4;

impl Shape {
    /// Points in a stretch.
    pub(crate) fn stretch(&self) -> usize {
        stretch_size(self.n, self.block, self.threads)
    }

    /// The shape of a pass that compares every point with every center.
    pub(crate) fn of_assign(n: usize, d: usize, k: usize, layout: Layout, threads: usize) -> Self {
        let work = (n as u128) * (d as u128) * (k as u128);
        let threads = worthwhile(threads, work);
        Shape {
            n,
            d,
            k,
            layout,
            threads,
            block: block_size(n, d, threads),
        }
    }

    /// The shape of a pass over other points, at most as many.
    pub(crate) fn of_points(&self, n: usize) -> Self {
        Shape {
            n,
            layout: Layout::Rows,
            block: block_size(n, self.d, self.threads),
            ..*self
        }
    }

    /// The shape of a pass that only sums.
    pub(crate) fn of_update(n: usize, d: usize, k: usize, layout: Layout, threads: usize) -> Self {
        let few = Self::of_assign(n, d, k.min(UPDATE_CENTERS), layout, threads);
        Shape { k, ..few }
    }
}

/// Workspace of `centra_update`.
pub(crate) struct UpdateMemory<'w> {
    /// Labels from 0, which relocation may change for a while.
    pub(crate) labels: &'w mut [i32],
    pub(crate) distances: &'w mut [f64],
    pub(crate) update: Update<'w>,
}

impl<'w> UpdateMemory<'w> {
    pub(crate) fn cut(
        from: &mut impl Cut<'w>,
        shape: &Shape,
        plan: &update::Plan,
        empty: Empty,
    ) -> Self {
        UpdateMemory {
            labels: from.take(shape.n),
            distances: from.take(padded(shape.n)),
            update: Update::cut(from, plan, empty),
        }
    }
}

/// Workspace of `centra_seed`.
pub(crate) struct SeedMemory<'w> {
    pub(crate) seeding: Seeding<'w>,
    pub(crate) marks: &'w mut [i32],
}

impl<'w> SeedMemory<'w> {
    pub(crate) fn cut(from: &mut impl Cut<'w>, shape: &Shape, init: Init) -> Self {
        SeedMemory {
            seeding: Seeding::cut(from, shape, init),
            marks: from.take(shape.n),
        }
    }
}

pub(crate) fn fit_bytes(
    shape: &Shape,
    weighted: bool,
    options: &Options<'_>,
) -> Result<usize, Error> {
    let plan = update::Plan::new(shape, shape.n, weighted);
    let mut ruler = Ruler::default();
    for _ in 0..fit::at_a_time(shape, options) {
        fit::Runner::cut(&mut ruler, shape.threads, shape, &plan, options);
    }
    ruler.bytes()
}

pub(crate) fn assign_bytes(shape: &Shape) -> Result<usize, Error> {
    let mut ruler = Ruler::default();
    assign::Packing::cut(&mut ruler, shape);
    PerThread::new(shape.threads, || assign::Scratch::cut(&mut ruler, shape));
    PerThread::new(shape.threads, || storage(&mut ruler, shape.d));
    ruler.bytes()
}

pub(crate) fn update_bytes(shape: &Shape, weighted: bool, empty: Empty) -> Result<usize, Error> {
    let plan = update::Plan::new(shape, shape.n, weighted);
    let mut ruler = Ruler::default();
    UpdateMemory::cut(&mut ruler, shape, &plan, empty);
    PerThread::new(shape.threads, || Sums::cut(&mut ruler, &plan));
    PerThread::new(shape.threads, || storage(&mut ruler, shape.d));
    ruler.bytes()
}

pub(crate) fn seed_bytes(shape: &Shape, init: Init) -> Result<usize, Error> {
    let mut ruler = Ruler::default();
    SeedMemory::cut(&mut ruler, shape, init);
    PerThread::new(shape.threads, || seed::Worker::cut(&mut ruler, shape, init));
    PerThread::new(shape.threads, || storage(&mut ruler, shape.d));
    ruler.bytes()
}

/// Bytes that suffice for every call of these sizes and options.
pub(crate) fn workspace_bytes(
    (n, d, k): (usize, usize, usize),
    layout: Layout,
    weighted: bool,
    options: &Options<'_>,
) -> Result<usize, Error> {
    check_sizes(n, d, k)?;
    options.check()?;
    let assign = Shape::of_assign(n, d, k, layout, options.threads);
    let update = Shape::of_update(n, d, k, layout, options.threads);
    let bytes = [
        // A callback keeps restarts from running side by side, and those take more.
        fit_bytes(
            &assign,
            weighted,
            &Options {
                progress: None,
                ..options.clone()
            },
        )?,
        assign_bytes(&assign)?,
        update_bytes(&update, weighted, options.empty)?,
        seed_bytes(&assign, options.init)?,
    ];
    Ok(bytes.into_iter().fold(0, usize::max))
}
