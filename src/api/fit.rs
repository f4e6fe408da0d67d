//! The call that clusters.

use super::bound::bound;
use super::memory::{with_memory, Memory};
use super::{check_length, check_weights, count_starts, lend};
use crate::call::{Clustering, Init, Options, Report, Shape};
use crate::fit::{self, Runner};
use crate::points::{check_sizes_of_fit, Points};
use crate::runtime::error::{refuse, Error};
use crate::runtime::threads::PerThread;
use crate::runtime::workspace::{Cut, Workspace};
use crate::update::Plan;

/// Chooses starting centers, and alternates assignment and update until it stops.
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

/// `fit` in buffers of the caller: k rows of d in `centers` (read under [`Init::Given`]), labels if given,
/// and a workspace of at least `workspace_size` bytes, aligned to 16. With one thread it
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

/// The most bytes of restarts that run side by side.
pub(super) const SIDE_BY_SIDE: usize = 16 << 20;

/// The memory of a fit.
pub(crate) struct FitMemory<'a> {
    weighted: bool,
    options: &'a Options<'a>,
    /// The number of restarts that run at a time: one on all threads, or several on one thread each.
    side_by_side: usize,
}

impl<'a> FitMemory<'a> {
    pub(crate) fn new(
        shape: &Shape,
        weighted: bool,
        options: &'a Options<'a>,
    ) -> Result<Self, Error> {
        let one = Self::of_one_restart(weighted, options);
        let side_by_side = match shape.threads {
            1 => {
                let room = SIDE_BY_SIDE / one.bytes(shape)?;
                fit::at_a_time(shape, options).min(room).max(1)
            }
            _ => 1,
        };
        Ok(FitMemory {
            side_by_side,
            ..one
        })
    }

    fn of_one_restart(weighted: bool, options: &'a Options<'a>) -> Self {
        FitMemory {
            weighted,
            options,
            side_by_side: 1,
        }
    }

    /// Bytes that suffice for a fit of this shape and of any smaller one.
    pub(crate) fn bound(
        shape: &Shape,
        weighted: bool,
        options: &Options<'_>,
    ) -> Result<usize, Error> {
        let restart = FitMemory::of_one_restart(weighted, options);
        let alone = Shape {
            threads: 1,
            ..*shape
        };
        // With a callback restarts do not run side by side, which would take more memory.
        let free = Options {
            progress: None,
            ..options.clone()
        };
        let several = fit::at_a_time(&alone, &free);
        let several = bound(&restart, &alone)?.saturating_mul(several);
        Ok(bound(&restart, shape)?.max(several.min(SIDE_BY_SIDE)))
    }
}

impl Memory for FitMemory<'_> {
    type Parts<'w> = PerThread<Runner<'w>>;

    fn cut<'w>(&self, from: &mut impl Cut<'w>, shape: &Shape, threads: usize) -> Self::Parts<'w> {
        let plan = Plan::new(shape, shape.n, self.weighted);
        // If fewer threads can be started, these do all restarts.
        let (runners, each) = match self.side_by_side {
            1 => (1, threads),
            _ => (threads, 1),
        };
        PerThread::new(runners, || {
            Runner::cut(from, each, shape, &plan, self.options)
        })
    }

    fn threads(&self, shape: &Shape) -> usize {
        shape.threads.max(self.side_by_side)
    }
}

/// A fit, as every interface calls it.
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
    let weights = options.weights;
    let memory = FitMemory::new(&shape, weights.is_some(), options)?;
    let workspace_bytes = memory.bytes(&shape)?;
    with_memory(
        points,
        weights,
        options,
        &shape,
        &memory,
        workspace,
        |job, mut runners, environment| {
            let report = fit::fit(job, options, &mut runners, environment, centers, labels)?;
            Ok(Report {
                workspace_bytes,
                ..report
            })
        },
    )
}
