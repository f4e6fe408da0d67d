//! The call that draws starting centers.

use super::memory::{with_memory, Memory};
use super::{check_weights, count_starts};
use crate::call::{Init, Options, Shape};
use crate::exact::observed::storage;
use crate::exact::range_check::scan;
use crate::exact::spread::check_spread;
use crate::points::Points;
use crate::runtime::error::{refuse, Error};
use crate::runtime::threads::PerThread;
use crate::runtime::workspace::{Cut, Workspace};
use crate::seed::{Key, SeedWorker, Seeding};

/// The memory of drawing centers, without that of threads.
pub(crate) struct Drawing<'w> {
    pub(crate) seeding: Seeding<'w>,
    pub(crate) marks: &'w mut [i32],
    /// A copy of the first point.
    first: &'w mut [f64],
}

impl<'w> Drawing<'w> {
    pub(crate) fn cut(from: &mut impl Cut<'w>, shape: &Shape, init: Init) -> Self {
        Drawing {
            seeding: Seeding::cut(from, shape, init),
            marks: from.take(shape.n),
            first: from.take(shape.d),
        }
    }
}

/// The memory of a seeding.
pub(crate) struct SeedMemory {
    pub(crate) init: Init,
}

pub(crate) struct SeedParts<'w> {
    drawing: Drawing<'w>,
    workers: PerThread<SeedWorker<'w>>,
    /// Storage of the range check.
    observed: PerThread<&'w mut [f64]>,
}

impl Memory for SeedMemory {
    type Parts<'w> = SeedParts<'w>;

    fn cut<'w>(&self, from: &mut impl Cut<'w>, shape: &Shape, threads: usize) -> SeedParts<'w> {
        SeedParts {
            drawing: Drawing::cut(from, shape, self.init),
            workers: PerThread::new(threads, || SeedWorker::cut(from, shape, self.init)),
            observed: PerThread::new(threads, || storage(from, shape.d)),
        }
    }
}

/// Draws k starting centers, each a row of the points.
pub(crate) fn seed(
    points: &Points<'_>,
    options: &Options<'_>,
    centers: &mut [f64],
    workspace: Workspace<'_>,
) -> Result<(), Error> {
    let k = count_starts(points, centers)?;
    options.check()?;
    let init = options.init;
    if init == Init::Given {
        return refuse!(Option, "init: given centers leave nothing to seed");
    }
    check_weights(points, options)?;
    let (n, d, form) = (points.n(), points.d(), points.form());
    let shape = Shape::of_assign(n, d, k, form, options.threads);
    with_memory(
        points,
        options.weights,
        options,
        &shape,
        &SeedMemory { init },
        workspace,
        |job, parts| {
            let SeedParts {
                drawing,
                mut workers,
                mut observed,
            } = parts;
            let Drawing {
                mut seeding,
                marks,
                first,
            } = drawing;
            seeding.set_largest(scan(job, &mut observed, None, None)?);
            points.copy_point(0, first);
            check_spread(job, &[], first)?;
            let key = Key {
                seed: options.seed,
                restart: 0,
            };
            crate::seed::seed(job, init, key, &mut seeding, &mut workers, marks, centers);
            Ok(())
        },
    )
}
