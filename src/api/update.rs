//! The call that moves centers to the means of their points.

use super::memory::{with_memory, Memory};
use super::{check_labels, check_length, check_values, check_weights, count_centers};
use crate::call::{padded, Empty, Options, Shape};
use crate::exact::observed::storage;
use crate::exact::range_check::scan;
use crate::points::Points;
use crate::runtime::error::Error;
use crate::runtime::threads::PerThread;
use crate::runtime::workspace::{Cut, Workspace};
use crate::update::{Plan, Sums, Update};

/// The memory of an update.
pub(crate) struct UpdateMemory {
    pub(crate) weighted: bool,
    pub(crate) empty: Empty,
}

pub(crate) struct UpdateParts<'w> {
    /// Labels from 0, which relocation changes temporarily.
    labels: &'w mut [i32],
    distances: &'w mut [f64],
    update: Update<'w>,
    workers: PerThread<Sums<'w>>,
    /// Storage of the range check.
    observed: PerThread<&'w mut [f64]>,
}

impl Memory for UpdateMemory {
    type Parts<'w> = UpdateParts<'w>;

    fn cut<'w>(&self, from: &mut impl Cut<'w>, shape: &Shape, threads: usize) -> UpdateParts<'w> {
        let plan = Plan::new(shape, shape.n, self.weighted);
        let mut each = plan.each();
        UpdateParts {
            labels: from.take(shape.n),
            distances: from.take(padded(shape.n)),
            update: Update::cut(from, &plan, self.empty),
            workers: PerThread::new(threads, || Sums::cut(from, &each())),
            observed: PerThread::new(threads, || storage(from, shape.d)),
        }
    }
}

/// Replaces each center by the mean of its points; labels count from `base`. Centers of clusters without a point of positive
/// weight are treated as `options.empty` says. `counts`, if it is wanted, receives the number of points of each center.
pub(crate) fn update(
    points: &Points<'_>,
    labels: &[i32],
    options: &Options<'_>,
    base: i32,
    centers: &mut [f64],
    counts: Option<&mut [i64]>,
    workspace: Workspace<'_>,
) -> Result<(), Error> {
    let k = count_centers(points, centers)?;
    options.check()?;
    check_weights(points, options)?;
    check_length("labels", labels.len(), points.n(), "n")?;
    if let Some(counts) = &counts {
        check_length("counts", counts.len(), k, "k")?;
    }
    let (n, d, form) = (points.n(), points.d(), points.form());
    let shape = Shape::of_update(n, d, k, form, options.threads);
    let weights = options.weights;
    let memory = UpdateMemory {
        weighted: weights.is_some(),
        empty: options.empty,
    };
    with_memory(
        points,
        weights,
        options,
        &shape,
        &memory,
        workspace,
        |job, parts| {
            let UpdateParts {
                labels: own,
                distances,
                mut update,
                mut workers,
                mut observed,
            } = parts;
            scan(job, &mut observed, None, Some(update.ranges()))?;
            check_labels(labels, k, base)?;
            for (own, label) in own.iter_mut().zip(labels) {
                *own = label - base;
            }
            update.prepare_alone();
            update.sum(job, &mut workers, own);
            if update.relocates(job, &mut workers) {
                // Relocation ranks points by D to these centers.
                check_values(job, &mut observed, centers)?;
            }
            update.means(job, &mut workers, own, distances, centers)?;
            if let Some(counts) = counts {
                counts.copy_from_slice(update.counts());
            }
            Ok(())
        },
    )
}
