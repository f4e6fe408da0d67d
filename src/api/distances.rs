//! The call that gives all squared distances.

use super::{check_values, count_centers, with_job};
use crate::call::{Options, Shape};
use crate::exact::observed::on_stack;
use crate::points::{Points, RowsMut};
use crate::runtime::error::Error;
use crate::runtime::threads::PerThread;
use crate::simd::Level;

/// Writes D between each point and each center: `sqdist` has a row for each point, and an element in it for each center. It needs no
/// workspace.
pub(crate) fn distances(
    points: &Points<'_>,
    centers: &[f64],
    options: &Options<'_>,
    sqdist: RowsMut<'_>,
) -> Result<(), Error> {
    let k = count_centers(points, centers)?;
    options.check()?;
    let (n, d, form) = (points.n(), points.d(), points.form());
    let shape = Shape::of_assign(n, d, k, form, options.threads);
    let level = Level::new(options.isa);
    with_job(points, None, options, &shape, level, shape.threads, |job| {
        let mut observed = PerThread::new(job.crew.threads(), on_stack);
        check_values(job, &mut observed, centers)?;
        crate::assign::distances(job, centers, sqdist);
        Ok(())
    })
}
