//! The call that gives all squared distances.

use super::{count_centers, with_job};
use crate::call::{Options, Shape};
use crate::exact::observed::on_stack;
use crate::exact::range_check::scan;
use crate::exact::spread::check_spread;
use crate::points::{Points, RowsMut};
use crate::runtime::error::Error;
use crate::runtime::threads::PerThread;

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
    with_job(points, None, options, &shape, shape.threads, |job| {
        let mut observed = PerThread::new(job.crew.threads(), on_stack);
        scan(job, &mut observed, Some(centers), None)?;
        check_spread(job, centers, &centers[..d])?;
        crate::assign::distances(job, centers, sqdist);
        Ok(())
    })
}
