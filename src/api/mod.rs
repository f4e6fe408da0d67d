//! The calls: what the safe Rust API and the C ABI have in common, and the former's thin rest.

use crate::assign::{Packing, Scratch};
use crate::call::{Init, Job, Options, Report, Shape};
use crate::fit::{self, Runner};
use crate::runtime::fp_environment::Standard;
use crate::runtime::threads::{with_crew, PerThread};
use crate::simd::level::kernels;
use plan::{SeedMemory, UpdateMemory};

pub(crate) mod plan;
use crate::exact::range_check::{check_spread, on_stack, scan, storage};
use crate::points::{check_sizes, check_sizes_of_fit, Layout, Points};
use crate::runtime::error::{refuse, Error};
use crate::runtime::workspace::Workspace;
use crate::update::{Plan, Sums};

/// What a fit returns.
#[derive(Clone, Debug, PartialEq)]
pub struct Clustering {
    /// k rows of d.
    pub centers: Vec<f64>,
    /// For each point the index of its center, from 0.
    pub labels: Vec<i32>,
    /// What was done.
    pub report: Report,
}

/// Seeds, and iterates assignment and update until it stops.
///
/// ```
/// use centra::{Options, Points};
///
/// let data = [0.0, 0.0,  0.0, 1.0,  10.0, 0.0,  10.0, 1.0];
/// let points = Points::rows(&data, 4, 2)?;
/// let result = centra::fit(&points, 2, &Options::default())?;
/// assert_eq!(result.report.inertia, 1.0);
/// assert_eq!(result.labels[0], result.labels[1]);
/// assert_ne!(result.labels[0], result.labels[2]);
/// # Ok::<(), centra::Error>(())
/// ```
pub fn fit(points: &Points<'_>, k: usize, options: &Options<'_>) -> Result<Clustering, Error> {
    if options.init == Init::Given {
        return refuse!(
            Option,
            "init: the starting centers are given to fit_from, or to fit_into"
        );
    }
    check_sizes_of_fit(points.n(), points.d(), k)?;
    fit_owned(points, vec![0.0; k * points.d()], options)
}

/// Iterates from given centers: k rows of d in `start`.
///
/// ```
/// use centra::{Options, Points, StoppedBy};
///
/// let data = [1.0, 2.0, 3.0, 10.0, 11.0, 12.0];
/// let points = Points::rows(&data, 6, 1)?;
/// let result = centra::fit_from(&points, &[1.0, 2.0], &Options::default())?;
/// assert_eq!(result.centers, [2.0, 11.0]);
/// assert_eq!(result.labels, [0, 0, 0, 1, 1, 1]);
/// assert_eq!(result.report.stopped_by, StoppedBy::Converged);
/// # Ok::<(), centra::Error>(())
/// ```
pub fn fit_from(
    points: &Points<'_>,
    start: &[f64],
    options: &Options<'_>,
) -> Result<Clustering, Error> {
    let options = Options {
        init: Init::Given,
        ..options.clone()
    };
    fit_owned(points, start.to_vec(), &options)
}

fn fit_owned(
    points: &Points<'_>,
    mut centers: Vec<f64>,
    options: &Options<'_>,
) -> Result<Clustering, Error> {
    let mut labels = vec![0; points.n()];
    let report = fit_in(
        points,
        options,
        &mut centers,
        Some(&mut labels),
        Workspace::Allocate,
    )?;
    Ok(Clustering {
        centers,
        labels,
        report,
    })
}

/// For each point the index of its nearest center, ties to the lowest; `centers` is k rows of d. There may be fewer points
/// than centers, and none.
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

/// Replaces each center by the mean of its points; returns the number of points of each.
///
/// Centers of clusters without a point of positive weight are treated as `options.empty` says; on
/// entry `centers` holds what they may keep. There may be fewer points than centers, and none.
///
/// ```
/// let points = centra::Points::rows(&[0.0, 4.0, 5.0, 9.0], 4, 1)?;
/// let mut centers = [0.0; 2];
/// let counts = centra::update(&points, &[0, 0, 0, 1], &mut centers, &centra::Options::default())?;
/// assert_eq!((centers, &counts[..]), ([3.0, 9.0], &[3, 1][..]));
/// # Ok::<(), centra::Error>(())
/// ```
pub fn update(
    points: &Points<'_>,
    labels: &[i32],
    centers: &mut [f64],
    options: &Options<'_>,
) -> Result<Vec<i64>, Error> {
    let mut counts = vec![0; count_centers(points, centers)?];
    update_in(
        points,
        labels,
        options,
        0,
        centers,
        Some(&mut counts),
        Workspace::Allocate,
    )?;
    Ok(counts)
}

/// Draws k starting centers, each a row of the points: k rows of d.
///
/// ```
/// let points = centra::Points::rows(&[0.0, 0.5, 9.0, 9.5], 4, 1)?;
/// let centers = centra::seed(&points, 2, &centra::Options::default())?;
/// assert!((centers[0] - centers[1]).abs() > 8.0);
/// # Ok::<(), centra::Error>(())
/// ```
pub fn seed(points: &Points<'_>, k: usize, options: &Options<'_>) -> Result<Vec<f64>, Error> {
    check_sizes_of_fit(points.n(), points.d(), k)?;
    let mut centers = vec![0.0; k * points.d()];
    seed_in(points, options, &mut centers, Workspace::Allocate)?;
    Ok(centers)
}

/// The exact sum of D between the points and the centers their labels name, times their weights,
/// rounded once. There may be fewer points than centers, and none, which have 0. Allocates nothing with one thread.
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

/// Bytes of workspace that suffice for every `_into` call on points of this shape, in either layout,
/// with these options; where k is more than n, those that allow it. They never fall as n, d, k or the threads grow.
pub fn workspace_size(n: usize, d: usize, k: usize, options: &Options<'_>) -> Result<usize, Error> {
    let weighted = options.weights.is_some();
    let bytes = |layout| plan::workspace_bytes((n, d, k), layout, weighted, options);
    Ok(bytes(Layout::Rows)?.max(bytes(Layout::Columns)?))
}

/// [`fit`] in the caller's buffers: k rows of d in `centers` (read under [`Init::Given`]), labels if they
/// are wanted, and a workspace of at least [`workspace_size`] bytes, aligned to 16. With one thread it
/// allocates nothing.
///
/// ```
/// use centra::{Init, Options, Points};
///
/// let data = [1.0, 2.0, 3.0, 10.0, 11.0, 12.0];
/// let points = Points::rows(&data, 6, 1)?;
/// let options = Options { init: Init::Given, ..Options::default() };
/// let mut workspace = vec![0u128; centra::workspace_size(6, 1, 2, &options)?.div_ceil(16)];
/// let (mut centers, mut labels) = ([1.0, 2.0], [0; 6]);
/// let report = centra::fit_into(&points, &options, &mut centers, Some(&mut labels), centra::as_bytes(&mut workspace))?;
/// assert_eq!((centers, report.iterations), ([2.0, 11.0], 2));
/// # Ok::<(), centra::Error>(())
/// ```
pub fn fit_into(
    points: &Points<'_>,
    options: &Options<'_>,
    centers: &mut [f64],
    labels: Option<&mut [i32]>,
    workspace: &mut [u8],
) -> Result<Report, Error> {
    fit_in(points, options, centers, labels, lend(workspace)?)
}

/// [`assign`] in the caller's buffers; `sqdist`, if wanted, receives the squared distances.
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

/// [`update`] in the caller's buffers; `counts`, if wanted, receives the number of points of each center.
pub fn update_into(
    points: &Points<'_>,
    labels: &[i32],
    options: &Options<'_>,
    centers: &mut [f64],
    counts: Option<&mut [i64]>,
    workspace: &mut [u8],
) -> Result<(), Error> {
    update_in(
        points,
        labels,
        options,
        0,
        centers,
        counts,
        lend(workspace)?,
    )
}

/// [`seed`] in the caller's buffers.
pub fn seed_into(
    points: &Points<'_>,
    options: &Options<'_>,
    centers: &mut [f64],
    workspace: &mut [u8],
) -> Result<(), Error> {
    seed_in(points, options, centers, lend(workspace)?)
}

/// The bytes of a buffer whose elements are aligned to 16, for use as a workspace.
pub fn as_bytes(buffer: &mut [u128]) -> &mut [u8] {
    // SAFETY: a u128 is sixteen bytes without padding, and any bytes are one.
    unsafe { core::slice::from_raw_parts_mut(buffer.as_mut_ptr().cast(), size_of_val(buffer)) }
}

pub(crate) fn lend(workspace: &mut [u8]) -> Result<Workspace<'_>, Error> {
    // SAFETY: the borrow makes the bytes ours.
    unsafe { Workspace::given(workspace.as_mut_ptr(), workspace.len()) }
}

/// k, from an array of whole rows.
fn count_centers(points: &Points<'_>, centers: &[f64]) -> Result<usize, Error> {
    let (length, d) = (centers.len(), points.d());
    if !length.is_multiple_of(d) {
        return refuse!(
            Shape,
            "centers: {length} doubles are not whole rows of d = {d}"
        );
    }
    check_sizes(points.n(), d, length / d)?;
    Ok(length / d)
}

/// k, where every center is to have a point.
fn count_starts(points: &Points<'_>, centers: &[f64]) -> Result<usize, Error> {
    let k = count_centers(points, centers)?;
    check_sizes_of_fit(points.n(), points.d(), k)?;
    Ok(k)
}

pub(crate) fn check_length(
    name: &str,
    length: usize,
    expected: usize,
    of: &str,
) -> Result<(), Error> {
    if length != expected {
        return refuse!(Shape, "{name}: {length} elements for {of} = {expected}");
    }
    Ok(())
}

pub(crate) fn check_weights(points: &Points<'_>, options: &Options<'_>) -> Result<(), Error> {
    match options.weights {
        Some(weights) => check_length("weights", weights.len(), points.n(), "n"),
        None => Ok(()),
    }
}

/// Refuses labels that do not name one of k centers.
pub(crate) fn check_labels(labels: &[i32], k: usize, base: i32) -> Result<(), Error> {
    let named = |&label: &i32| label >= base && ((label - base) as usize) < k;
    match labels.iter().position(|label| !named(label)) {
        Some(p) => {
            let (label, last) = (labels[p], base as i64 + k as i64 - 1);
            refuse!(
                Label,
                "labels: {label} at {p} is not one of {base} to {last}"
            )
        }
        None => Ok(()),
    }
}

/// Calls `work` with the job of these inputs, in the standard floating-point environment.
pub(crate) fn with_job<R>(
    points: &Points<'_>,
    weights: Option<&[f64]>,
    options: &Options<'_>,
    shape: &Shape,
    work: impl FnOnce(&Job<'_>, &Standard) -> R,
) -> R {
    with_crew_for(points, weights, options, (shape, shape.threads), work)
}

/// The same with more threads than one pass is worth.
fn with_crew_for<R>(
    points: &Points<'_>,
    weights: Option<&[f64]>,
    options: &Options<'_>,
    (shape, threads): (&Shape, usize),
    work: impl FnOnce(&Job<'_>, &Standard) -> R,
) -> R {
    let environment = Standard::enter();
    with_crew(threads, |crew| {
        let job = Job {
            points: *points,
            weights,
            kernels: kernels(options.isa),
            crew,
            block: shape.block,
            stretch: shape.stretch(),
        };
        work(&job, &environment)
    })
}

pub(crate) fn fit_in(
    points: &Points<'_>,
    options: &Options<'_>,
    centers: &mut [f64],
    labels: Option<&mut [i32]>,
    workspace: Workspace<'_>,
) -> Result<Report, Error> {
    let k = count_starts(points, centers)?;
    options.check()?;
    check_weights(points, options)?;
    if let Some(labels) = &labels {
        check_length("labels", labels.len(), points.n(), "n")?;
    }
    let (n, d, layout) = (points.n(), points.d(), points.layout());
    let shape = Shape::of_assign(n, d, k, layout, options.threads);
    let weighted = options.weights.is_some();
    let bytes = plan::fit_bytes(&shape, weighted, options)?;
    let restarts = plan::at_a_time(&shape, weighted, options)?;
    workspace.with(bytes, |mut buffer| {
        let threads = shape.threads.max(restarts);
        with_crew_for(
            points,
            options.weights,
            options,
            (&shape, threads),
            |job, environment| {
                let plan = Plan::new(&shape, n, weighted);
                // Threads that cannot be had leave their restarts to the others.
                let threads = job.crew.threads();
                let (runners, each) = match restarts {
                    1 => (1, threads),
                    _ => (threads, 1),
                };
                let mut runners = PerThread::new(runners, || {
                    Runner::cut(&mut buffer, each, &shape, &plan, options)
                });
                let mut report =
                    fit::fit(job, options, &mut runners, environment, centers, labels)?;
                report.workspace_bytes = bytes;
                Ok(report)
            },
        )
    })
}

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
    workspace.with(plan::assign_bytes(&shape)?, |mut buffer| {
        with_job(points, None, options, &shape, |job, _| {
            let threads = job.crew.threads();
            let mut packing = Packing::cut(&mut buffer, &shape);
            let mut team = PerThread::new(threads, || Scratch::cut(&mut buffer, &shape));
            let mut seen = PerThread::new(threads, || storage(&mut buffer, d));
            packing.set_largest(scan(job, &mut seen, Some(centers), None)?);
            check_spread(job, centers, &centers[..d])?;
            crate::assign::assign(job, &mut packing, &mut team, centers, base, labels, sqdist);
            Ok(())
        })
    })
}

pub(crate) fn update_in(
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
    let (n, d, layout) = (points.n(), points.d(), points.layout());
    let shape = Shape::of_update(n, d, k, layout, options.threads);
    let weighted = options.weights.is_some();
    let bytes = plan::update_bytes(&shape, weighted, options.empty)?;
    workspace.with(bytes, |mut buffer| {
        with_job(points, options.weights, options, &shape, |job, _| {
            let plan = Plan::new(&shape, n, weighted);
            let mut memory = UpdateMemory::cut(&mut buffer, &shape, &plan, options.empty);
            let threads = job.crew.threads();
            let mut each = plan.each();
            let mut team = PerThread::new(threads, || Sums::cut(&mut buffer, &each()));
            let UpdateMemory {
                labels: own,
                distances,
                update,
            } = &mut memory;
            let mut seen = PerThread::new(threads, || storage(&mut buffer, d));
            scan(job, &mut seen, None, Some(update.ranges()))?;
            check_labels(labels, k, base)?;
            for (own, label) in own.iter_mut().zip(labels) {
                *own = label - base;
            }
            update.prepare_alone();
            update.sum(job, &mut team, own);
            if update.relocates(job, &mut team) {
                // Points will be ranked by D to these centers.
                scan(job, &mut seen, Some(centers), None)?;
                check_spread(job, centers, &centers[..d])?;
            }
            update.means(job, &mut team, own, distances, centers)?;
            if let Some(counts) = counts {
                counts.copy_from_slice(update.counts());
            }
            Ok(())
        })
    })
}

pub(crate) fn seed_in(
    points: &Points<'_>,
    options: &Options<'_>,
    centers: &mut [f64],
    workspace: Workspace<'_>,
) -> Result<(), Error> {
    let k = count_starts(points, centers)?;
    options.check()?;
    if options.init == Init::Given {
        return refuse!(Option, "init: given centers leave nothing to seed");
    }
    check_weights(points, options)?;
    let (n, d, layout) = (points.n(), points.d(), points.layout());
    let shape = Shape::of_assign(n, d, k, layout, options.threads);
    workspace.with(plan::seed_bytes(&shape, options.init)?, |mut buffer| {
        with_job(points, options.weights, options, &shape, |job, _| {
            let SeedMemory {
                mut seeding,
                marks,
                first,
            } = SeedMemory::cut(&mut buffer, &shape, options.init);
            let threads = job.crew.threads();
            let mut team = PerThread::new(threads, || {
                crate::seed::Worker::cut(&mut buffer, &shape, options.init)
            });
            let mut seen = PerThread::new(threads, || storage(&mut buffer, d));
            seeding.set_largest(scan(job, &mut seen, None, None)?);
            points.copy_point(0, first);
            check_spread(job, &[], first)?;
            let key = (options.seed, 0);
            crate::seed::seed(
                job,
                options.init,
                key,
                &mut seeding,
                &mut team,
                marks,
                centers,
            );
            Ok(())
        })
    })
}

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
    with_job(points, options.weights, options, &shape, |job, _| {
        let mut seen = PerThread::new(job.crew.threads(), on_stack);
        scan(job, &mut seen, Some(centers), None)?;
        check_spread(job, centers, &centers[..d])?;
        check_labels(labels, k, base)?;
        Ok(crate::exact::inertia::inertia(job, labels, centers, base))
    })
}
