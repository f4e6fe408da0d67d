//! The call that sums squared distances.

use super::{check_labels, check_length, check_values, check_weights, count_centers, with_job};
use crate::call::{Options, Shape};
use crate::exact::observed::on_stack;
use crate::points::Points;
use crate::runtime::error::Error;
use crate::runtime::threads::PerThread;
use crate::simd::Level;

/// The exact sum of D between the points and the centers their labels name, times their weights, rounded once; labels count from
/// `base`. It needs no workspace.
pub(crate) fn inertia(
    points: &Points<'_>,
    centers: &[f64],
    labels: &[i32],
    options: &Options<'_>,
    base: i32,
) -> Result<f64, Error> {
    let k = count_centers(points, centers)?;
    options.check()?;
    check_weights(points, options)?;
    check_length("labels", labels.len(), points.n(), "n")?;
    let (n, d, form) = (points.n(), points.d(), points.form());
    let shape = Shape::of_update(n, d, k, form, options.threads);
    with_job(
        points,
        options.weights,
        options,
        &shape,
        Level::new(options.isa),
        shape.threads,
        |job| {
            let mut observed = PerThread::new(job.crew.threads(), on_stack);
            check_values(job, &mut observed, centers)?;
            check_labels(labels, k, base)?;
            Ok(crate::exact::inertia::inertia(job, labels, centers, base))
        },
    )
}
