//! The call that labels points by given centers.

use super::memory::{with_memory, Memory};
use super::{check_length, count_centers, lend};
use crate::assign::{LabelScratch, Packing};
use crate::call::{Options, Shape};
use crate::exact::observed::storage;
use crate::exact::range_check::scan;
use crate::exact::spread::check_spread;
use crate::points::Points;
use crate::runtime::error::Error;
use crate::runtime::threads::PerThread;
use crate::runtime::workspace::{Cut, Workspace};

/// For each point the index of its nearest center, ties to the lowest; `centers` is k rows of d. n may be less than k, and 0.
///
/// ```
/// let points = centra::Points::rows(&[0.0, 4.0, 5.0, 9.0], 4, 1)?;
/// let labels = centra::assign(&points, &[1.0, 9.0], &centra::Options::default())?;
/// assert_eq!(labels, [0, 0, 0, 1]);
/// # Ok::<(), centra::Error>(())
/// ```
pub fn assign(
    points: &Points<'_>,
    centers: &[f64],
    options: &Options<'_>,
) -> Result<Vec<i32>, Error> {
    let mut labels = vec![0; points.n()];
    assign_in(
        points,
        centers,
        options,
        0,
        &mut labels,
        None,
        Workspace::Allocate,
    )?;
    Ok(labels)
}

/// [`assign`] in buffers of the caller; `sqdist`, if given, receives the squared distances.
pub fn assign_into(
    points: &Points<'_>,
    centers: &[f64],
    options: &Options<'_>,
    labels: &mut [i32],
    sqdist: Option<&mut [f64]>,
    workspace: &mut [u8],
) -> Result<(), Error> {
    assign_in(
        points,
        centers,
        options,
        0,
        labels,
        sqdist,
        lend(workspace)?,
    )
}

/// The memory of an assignment.
pub(crate) struct AssignMemory;

pub(crate) struct AssignParts<'w> {
    packing: Packing<'w>,
    team: PerThread<LabelScratch<'w>>,
    /// Storage of the range check.
    observed: PerThread<&'w mut [f64]>,
}

impl Memory for AssignMemory {
    type Parts<'w> = AssignParts<'w>;

    fn cut<'w>(&self, from: &mut impl Cut<'w>, shape: &Shape, threads: usize) -> AssignParts<'w> {
        AssignParts {
            packing: Packing::cut(from, shape),
            team: PerThread::new(threads, || LabelScratch::cut(from, shape)),
            observed: PerThread::new(threads, || storage(from, shape.d)),
        }
    }
}

/// An assignment, as every interface calls it; labels count from `base`.
pub(crate) fn assign_in(
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
    let (n, d, layout) = (points.n(), points.d(), points.layout());
    let shape = Shape::of_assign(n, d, k, layout, options.threads);
    with_memory(
        points,
        None,
        options,
        &shape,
        &AssignMemory,
        workspace,
        |job, parts, _| {
            let AssignParts {
                mut packing,
                mut team,
                mut observed,
            } = parts;
            packing.set_largest(scan(job, &mut observed, Some(centers), None)?);
            check_spread(job, centers, &centers[..d])?;
            crate::assign::assign(job, &mut packing, &mut team, centers, base, labels, sqdist);
            Ok(())
        },
    )
}
