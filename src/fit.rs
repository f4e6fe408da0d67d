//! The loop: restarts, iterations, stopping.
//!
//! ```text
//! labels = assign(points, centers)
//! repeat
//!     centers    = means(points, labels)
//!     iterations += 1
//!     new_labels = assign(points, centers)
//!     stop if new_labels == labels                                       Converged
//!     labels = new_labels
//!     stop if D(new[0], old[0]) + D(new[1], old[1]) + ... <= tol, tol > 0   Tolerance
//!     stop if iterations == max_iter                                     MaxIter
//! ```
//!
//! Everything happens in the workspace; the caller's outputs are written at the very end, so that a
//! refusal on the way leaves them as they were.

use std::time::Instant;

use crate::assign::{pass, Bounds, Packing, Summing, Worker};
use crate::distance::squared;
use crate::environment::Standard;
use crate::inertia;
use crate::job::Job;
use crate::parallel::{worthwhile, PerThread};
use crate::plan::Shape;
use crate::scan::{scan, storage};
use crate::seed::{self, Seeding};
use crate::status::Error;
use crate::update::{self, Update};
use crate::workspace::Cut;
use crate::{Init, Options, Progress, Report, StoppedBy};

/// What a fit keeps, beyond what its threads do.
pub(crate) struct Memory<'w> {
    labels: &'w mut [i32],
    centers: &'w mut [f64],
    previous: &'w mut [f64],
    /// The best restart so far, when there is more than one.
    best_labels: &'w mut [i32],
    best_centers: &'w mut [f64],
    seeding: Seeding<'w>,
    packing: Packing<'w>,
    bounds: Bounds<'w>,
    update: Update<'w>,
}

impl<'w> Memory<'w> {
    pub(crate) fn cut(
        from: &mut impl Cut<'w>,
        shape: &Shape,
        plan: &update::Plan,
        options: &Options<'_>,
    ) -> Self {
        let centers = shape.k.saturating_mul(shape.d);
        let (best_n, best_centers) = match restarts(options) {
            1 => (0, 0),
            _ => (shape.n, centers),
        };
        Memory {
            labels: from.take(shape.n),
            centers: from.take(centers),
            previous: from.take(centers),
            best_labels: from.take(best_n),
            best_centers: from.take(best_centers),
            seeding: Seeding::cut(from, shape, options.init),
            packing: Packing::cut(from, shape),
            bounds: Bounds::cut(from, shape, options.algorithm),
            update: Update::cut(from, plan, options.empty),
        }
    }
}

/// What the threads of a fit work with.
pub(crate) struct Teams<'w> {
    pub(crate) workers: PerThread<Worker<'w>>,
    pub(crate) seeders: PerThread<seed::Worker<'w>>,
    /// Storage of the scan.
    seen: PerThread<&'w mut [f64]>,
}

impl<'w> Teams<'w> {
    pub(crate) fn cut(
        from: &mut impl Cut<'w>,
        threads: usize,
        shape: &Shape,
        plan: &update::Plan,
        init: Init,
    ) -> Self {
        Teams {
            workers: PerThread::new(threads, || Worker::cut(from, shape, plan)),
            seeders: PerThread::new(threads, || seed::Worker::cut(from, shape, init)),
            seen: PerThread::new(threads, || storage(from, shape.d)),
        }
    }
}

/// Restarts that can differ.
fn restarts(options: &Options<'_>) -> u32 {
    match options.init {
        Init::Given => 1,
        _ => options.n_init,
    }
}

/// How one restart ended.
struct Outcome {
    stopped_by: StoppedBy,
    iterations: i64,
    moved: i64,
}

/// Fits: scans, runs the restarts, and writes centers and labels at the end. `centers` is read under
/// [`Init::Given`].
pub(crate) fn fit<'w>(
    job: &Job<'_>,
    options: &Options<'_>,
    memory: &mut Memory<'w>,
    teams: &mut Teams<'w>,
    environment: &Standard,
    centers: &mut [f64],
    labels: Option<&mut [i32]>,
) -> Result<Report, Error> {
    let (n, k) = (
        job.points.n() as i64,
        (centers.len() / job.points.d()) as i64,
    );
    let begin = Instant::now();
    let given = (options.init == Init::Given).then_some(&*centers);
    let largest = scan(job, &mut teams.seen, given, Some(memory.update.ranges()))?;
    memory.packing.set_largest(largest);
    memory.bounds.set_units(memory.packing.units());
    memory.seeding.set_largest(largest);
    memory.update.prepare();
    let mut report = Report {
        stopped_by: StoppedBy::Converged,
        cancelled: false,
        threads: job.crew.threads(),
        iterations: 0,
        empty_clusters: 0,
        moved: 0,
        inertia: f64::INFINITY,
        distances: 0,
        rechecked: 0,
        skipped: 0,
        seconds_scan: begin.elapsed().as_secs_f64(),
        seconds_seed: 0.0,
        seconds_assign: 0.0,
        seconds_update: 0.0,
        workspace_bytes: 0,
    };

    let restarts = restarts(options);
    for restart in 0..restarts {
        let begin = Instant::now();
        if options.init == Init::Given {
            memory.centers.copy_from_slice(centers);
        }
        report.distances += seed::seed(
            job,
            options.init,
            (options.seed, restart),
            &mut memory.seeding,
            &mut teams.seeders,
            memory.labels,
            memory.centers,
        );
        report.seconds_seed += begin.elapsed().as_secs_f64();

        let tell = |progress: &Progress| match options.progress {
            Some(callback) => environment.outside(|| callback(progress)),
            None => false,
        };
        let outcome = iterate(
            job,
            options,
            restart,
            memory,
            &mut teams.workers,
            tell,
            &mut report,
        )?;

        let begin = Instant::now();
        let inertia = inertia::inertia(job, memory.labels, memory.centers, 0);
        report.distances += n;
        report.seconds_assign += begin.elapsed().as_secs_f64();
        report.cancelled = outcome.stopped_by == StoppedBy::Stopped;
        if restart == 0 || inertia < report.inertia {
            report.stopped_by = outcome.stopped_by;
            report.iterations = outcome.iterations;
            report.moved = outcome.moved;
            report.inertia = inertia;
            if restarts > 1 {
                memory.best_labels.copy_from_slice(memory.labels);
                memory.best_centers.copy_from_slice(memory.centers);
            }
        }
        // Nothing beats an inertia of zero. Nothing else about a restart that is under way is proof that it cannot win: how low
        // it will end, only its end tells.
        if report.cancelled || report.inertia == 0.0 {
            break;
        }
    }

    let (best_labels, best_centers) = match restarts {
        1 => (&*memory.labels, &*memory.centers),
        _ => (&*memory.best_labels, &*memory.best_centers),
    };
    report.empty_clusters = k - memory.update.occupied(job, best_labels);
    centers.copy_from_slice(best_centers);
    if let Some(labels) = labels {
        labels.copy_from_slice(best_labels);
    }
    Ok(report)
}

/// One restart, from `memory.centers` on; leaves labels and centers that belong together.
fn iterate<'w>(
    job: &Job<'_>,
    options: &Options<'_>,
    restart: u32,
    memory: &mut Memory<'w>,
    team: &mut PerThread<Worker<'w>>,
    tell: impl Fn(&Progress) -> bool,
    report: &mut Report,
) -> Result<Outcome, Error> {
    let (n, d) = (job.points.n() as i64, job.points.d());
    let k = (memory.centers.len() / d) as i64;
    let Memory {
        labels,
        centers,
        previous,
        seeding,
        packing,
        bounds,
        update,
        ..
    } = memory;
    bounds.forget();
    // No label yet: every point counts as moved in the first pass.
    labels.fill(-1);
    let (mut iterations, mut moved) = (0, 0);
    // In the last pass; before the first, every point is as good as moved.
    let mut changed = n;
    let mut stopped_by = StoppedBy::MaxIter;
    let mut pairs = n * k;
    loop {
        let work = pairs as u128 * d as u128 + n as u128;
        // Waking the others takes longer than little work: a pass that bounds leave little of is done by one thread.
        let crew = &job.crew.if_worth(worthwhile(2, work) > 1);
        let by = &Job { crew, ..*job };
        // Sums are for the next iteration, if there can be one. Moving a point takes as long as adding two.
        let more = (iterations as u64) < options.max_iter;
        let terms = update.terms();
        let summing = if !more {
            Summing::Not
        } else if update.lasting() && changed < n / 3 {
            Summing::Moved(&terms)
        } else {
            update.clear(team);
            Summing::All(&terms)
        };
        let shortcut = bounds.shortcut(changed as usize);
        let also = (summing, None);
        let pass = pass(by, packing, team, centers, labels, shortcut, also);
        pairs = pass.counts.pairs;
        bounds.looked((pairs / k) as usize);
        report.distances += pairs + pass.counts.evaluated;
        report.skipped += n * k - pairs;
        report.rechecked += pass.counts.rechecked;
        report.seconds_assign += pass.assigning.as_secs_f64();
        report.seconds_update += pass.updating.as_secs_f64();

        changed = pass.moved;
        if iterations > 0 {
            moved = changed;
            let shift = shift(options, centers, previous, d);
            let stop = match shift {
                _ if moved == 0 => Some(StoppedBy::Converged),
                Some(shift) if options.tol > 0.0 && shift <= options.tol => {
                    Some(StoppedBy::Tolerance)
                }
                _ if !more => Some(StoppedBy::MaxIter),
                _ => None,
            };
            let progress = Progress {
                restart: restart.into(),
                iteration: iterations,
                moved,
                shift: shift.unwrap_or(0.0),
            };
            if tell(&progress) {
                stopped_by = StoppedBy::Stopped;
                break;
            }
            if let Some(reason) = stop {
                stopped_by = reason;
                break;
            }
        } else if !more {
            break;
        }

        let begin = Instant::now();
        previous.copy_from_slice(centers);
        update.means(job, team, labels, seeding.scratch(), centers)?;
        bounds.drift(centers, previous, d);
        iterations += 1;
        report.seconds_update += begin.elapsed().as_secs_f64();
    }
    Ok(Outcome {
        stopped_by,
        iterations,
        moved,
    })
}

/// The sum of the centers' squared shifts in index order, if anybody asks.
fn shift(options: &Options<'_>, new: &[f64], old: &[f64], d: usize) -> Option<f64> {
    (options.tol > 0.0 || options.progress.is_some()).then(|| {
        let pairs = new.chunks_exact(d).zip(old.chunks_exact(d));
        pairs.fold(0.0, |sum, (new, old)| sum + squared(new, old))
    })
}
