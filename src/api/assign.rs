//! The call that labels points by given centers.

use super::memory::{with_memory, Memory};
use super::{check_length, check_values, count_centers};
use crate::assign::{LabelScratch, Packing};
use crate::call::{Options, Shape};
use crate::exact::observed::storage;
use crate::points::Points;
use crate::runtime::error::Error;
use crate::runtime::threads::PerThread;
use crate::runtime::workspace::{Cut, Workspace};

/// The memory of an assignment.
pub(crate) struct AssignMemory;

pub(crate) struct AssignParts<'w> {
    packing: Packing<'w>,
    workers: PerThread<LabelScratch<'w>>,
    /// Storage of the range check.
    observed: PerThread<&'w mut [f64]>,
}

impl Memory for AssignMemory {
    type Parts<'w> = AssignParts<'w>;
    const LABELS: bool = true;

    fn cut<'w>(&self, from: &mut impl Cut<'w>, shape: &Shape, threads: usize) -> AssignParts<'w> {
        AssignParts {
            packing: Packing::cut(from, shape),
            workers: PerThread::new(threads, || LabelScratch::cut(from, shape)),
            observed: PerThread::new(threads, || storage(from, shape.d)),
        }
    }
}

/// For each point the label of its nearest center, ties to the lowest; labels count from `base`. `sqdist`, if it is wanted,
/// receives the squared distances.
pub(crate) fn assign(
    points: &Points<'_>,
    centers: &[f64],
    options: &Options<'_>,
    base: i32,
    labels: &mut [i32],
    sqdist: Option<&mut [f64]>,
    workspace: Workspace<'_>,
) -> Result<(), Error> {
    let k = count_centers(points, centers)?;
    options.check()?;
    check_length("labels", labels.len(), points.n(), "n")?;
    if let Some(sqdist) = &sqdist {
        check_length("sqdist", sqdist.len(), points.n(), "n")?;
    }
    let (n, d, form) = (points.n(), points.d(), points.form());
    let shape = Shape::of_assign(n, d, k, form, options.threads);
    with_memory(
        points,
        None,
        options,
        &shape,
        &AssignMemory,
        workspace,
        |job, parts| {
            let AssignParts {
                mut packing,
                mut workers,
                mut observed,
            } = parts;
            packing.set_largest(check_values(job, &mut observed, centers)?);
            crate::assign::assign(
                job,
                &mut packing,
                &mut workers,
                centers,
                base,
                labels,
                sqdist,
            );
            Ok(())
        },
    )
}
