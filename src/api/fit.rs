//! The call that clusters.

use super::bound::bound;
use super::memory::{with_memory, Memory};
use super::{check_length, check_weights, count_starts};
use crate::call::{Options, Report, Shape};
use crate::fit::{self, Runner};
use crate::points::Points;
use crate::runtime::error::Error;
use crate::runtime::threads::PerThread;
use crate::runtime::workspace::{Cut, Workspace};
use crate::update::Plan;

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
        let side_by_side = match fit::at_a_time(shape, options) {
            1 => 1,
            several => several.min(SIDE_BY_SIDE / one.bytes(shape)?).max(1),
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
        let several = match fit::at_a_time(&alone, &free) {
            // No more than on all threads.
            1 => 0,
            several => bound(&restart, &alone)?.saturating_mul(several),
        };
        Ok(bound(&restart, shape)?.max(several.min(SIDE_BY_SIDE)))
    }
}

impl Memory for FitMemory<'_> {
    type Parts<'w> = PerThread<Runner<'w>>;
    const LABELS: bool = true;

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

/// Seeds, and iterates assignment and update until it stops. Under [`Init::Given`](crate::call::Init::Given) it starts from the
/// options' centers, or from what `centers` has if the options have none.
pub(crate) fn fit(
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
    let (n, d, form) = (points.n(), points.d(), points.form());
    let shape = Shape::of_assign(n, d, k, form, options.threads);
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
        |job, mut runners| {
            let report = fit::fit(job, options, &mut runners, centers, labels)?;
            Ok(Report {
                workspace_bytes,
                ..report
            })
        },
    )
}
