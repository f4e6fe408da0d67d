//! The loop of a fit: restarts, iterations, and when they stop.
//!
//! ```text
//! labels = assign(points, centers)
//! repeat
//!     centers    = means(points, labels)             where empty clusters may take points
//!     iterations += 1
//!     new_labels = assign(points, centers)
//!     stop if new_labels == labels                                       Converged
//!     labels = new_labels
//!     stop if D(new[0], old[0]) + D(new[1], old[1]) + ... <= tol, tol > 0   Tolerance
//!     stop if iterations == max_iter                                     MaxIter
//! ```
//!
//! A stream decides by the same rules from reduced sums (`stream/step.rs`).
//!
//! In real numbers the loop ends, also with relocation (L31). If rounding makes it cycle, `max_iter` ends it.
//!
//! Everything is computed in the workspace; the outputs of the caller are written at the end, so a
//! call that is refused leaves them untouched.

mod iterate;
mod restarts;
mod stop;

use std::time::Instant;

use crate::call::{Init, Job, Options, Progress, Report};
use crate::runtime::error::Error;
use crate::runtime::threads::PerThread;
use restarts::{prepare_all, run_all, Best};
use stop::Rules;

pub(crate) use restarts::{at_a_time, Runner};

/// Fits: checks ranges, runs the restarts, and writes centers and labels at the end. Under [`Init::Given`] `centers` holds the start,
/// unless the options give it. If there are several runners, each runs on one thread.
pub(crate) fn fit(
    job: &Job<'_>,
    options: &Options<'_>,
    runners: &mut PerThread<Runner<'_>>,
    centers: &mut [f64],
    labels: Option<&mut [i32]>,
) -> Result<Report, Error> {
    let rules = Rules::of(options);
    let restarts = iterate::restarts(options);
    let side_by_side = runners.iter_mut().count() > 1;
    let begin = Instant::now();
    if side_by_side {
        prepare_all(job, runners)?;
    } else {
        let given = (rules.init == Init::Given).then(|| options.given.unwrap_or(centers));
        runners.first().prepare(job, given)?;
    }
    let seconds_scan = begin.elapsed().as_secs_f64();
    let (effort, cancelled) = if side_by_side {
        (run_all(job, &rules, restarts, runners)?, false)
    } else {
        let report = |now: &Progress| options.progress.is_some_and(|progress| progress(now));
        runners.first().run(job, &rules, restarts, report)?
    };

    let order = |a: &Best, b: &Best| {
        let inertia = a.inertia.total_cmp(&b.inertia);
        inertia.then(a.restart.cmp(&b.restart))
    };
    // A runner may have done no restart. Restarts after one of inertia zero may have been done too: they are at best equal to it, and
    // the first of equals is taken.
    let best = runners
        .iter_mut()
        .filter_map(|runner| Some((runner.best.as_ref()?, &mut runner.state)));
    let Some((best, state)) = best.min_by(|(a, _), (b, _)| order(a, b)) else {
        unreachable!("there is a first restart, and it was not refused")
    };
    let (best_labels, best_centers) = match restarts {
        1 => (&*state.labels, &*state.centers),
        _ => (&*state.best_labels, &*state.best_centers),
    };
    let k = (best_centers.len() / job.points.d()) as i64;
    let report = Report {
        stopped_by: best.outcome.stopped_by,
        cancelled,
        threads: job.crew.threads(),
        iterations: best.outcome.iterations,
        empty_clusters: k - state.update.occupied(job, best_labels),
        moved: best.outcome.moved,
        inertia: best.inertia,
        distances: effort.distances,
        rechecked: effort.rechecked,
        skipped: effort.skipped,
        seconds_scan,
        seconds_seed: effort.seconds_seed,
        seconds_assign: effort.seconds_assign,
        seconds_update: effort.seconds_update,
        workspace_bytes: 0,
    };
    centers.copy_from_slice(best_centers);
    if let Some(labels) = labels {
        labels.copy_from_slice(best_labels);
    }
    Ok(report)
}
