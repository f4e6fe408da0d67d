//! The call that sums squared distances.

use super::{check_labels, check_length, check_weights, count_centers, with_job};
use crate::call::{Options, Shape};
use crate::exact::observed::on_stack;
use crate::exact::range_check::scan;
use crate::exact::spread::check_spread;
use crate::points::Points;
use crate::runtime::error::Error;
use crate::runtime::threads::PerThread;

/// The sum of D between the points and the centers that their labels name, times the weights: summed exactly,
/// rounded once. n may be less than k, and 0, which gives 0. Allocates nothing with one thread.
///
/// ```
/// let points = centra::Points::rows(&[0.0, 4.0, 5.0, 9.0], 4, 1)?;
/// let inertia = centra::inertia(&points, &[3.0, 9.0], &[0, 0, 0, 1], &centra::Options::default())?;
/// assert_eq!(inertia, 14.0);
/// # Ok::<(), centra::Error>(())
/// ```
pub fn inertia(
    points: &Points<'_>,
    centers: &[f64],
    labels: &[i32],
    options: &Options<'_>,
) -> Result<f64, Error> {
    inertia_in(points, centers, labels, options, 0)
}

/// An inertia, as every interface calls it; labels count from `base`. It needs no workspace.
pub(crate) fn inertia_in(
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
    let (n, d, layout) = (points.n(), points.d(), points.layout());
    let shape = Shape::of_update(n, d, k, layout, options.threads);
    with_job(
        points,
        options.weights,
        options,
        &shape,
        shape.threads,
        |job, _| {
            let mut observed = PerThread::new(job.crew.threads(), on_stack);
            scan(job, &mut observed, Some(centers), None)?;
            check_spread(job, centers, &centers[..d])?;
            check_labels(labels, k, base)?;
            Ok(crate::exact::inertia::inertia(job, labels, centers, base))
        },
    )
}
