//! Restarts: one after the other, or side by side.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::iterate::{iterate, restarts, Effort, Outcome, State};
use super::stop::Rules;
use crate::assign::PassWorker;
use crate::call::{Init, Job, Options, Progress, Shape, StoppedBy};
use crate::exact::inertia;
use crate::exact::observed::storage;
use crate::exact::range_check::scan;
use crate::exact::spread::check_spread;
use crate::runtime::error::{Error, Status};
use crate::runtime::threads::{worthwhile, PerThread};
use crate::runtime::workspace::Cut;
use crate::seed::{self, Key};
use crate::update;

/// The memory of the threads of a fit.
struct Workers<'w> {
    passes: PerThread<PassWorker<'w>>,
    seeders: PerThread<seed::SeedWorker<'w>>,
    /// Storage of the range check.
    observed: PerThread<&'w mut [f64]>,
}

impl<'w> Workers<'w> {
    fn cut(
        from: &mut impl Cut<'w>,
        threads: usize,
        shape: &Shape,
        plan: &update::Plan,
        init: Init,
    ) -> Self {
        let mut plan = plan.each();
        Workers {
            passes: PerThread::new(threads, || PassWorker::cut(from, shape, &plan())),
            seeders: PerThread::new(threads, || seed::SeedWorker::cut(from, shape, init)),
            observed: PerThread::new(threads, || storage(from, shape.d)),
        }
    }
}

impl Workers<'_> {
    fn forget(&mut self) {
        self.passes.iter_mut().for_each(PassWorker::forget);
        self.seeders.iter_mut().for_each(seed::SeedWorker::forget);
    }
}

/// The best restart so far.
pub(super) struct Best {
    pub(super) restart: u32,
    pub(super) inertia: f64,
    pub(super) outcome: Outcome,
}

/// Does restarts one after the other.
pub(crate) struct Runner<'w> {
    pub(super) state: State<'w>,
    workers: Workers<'w>,
    pub(super) best: Option<Best>,
    /// The cost of each restart, if several runners are at work and it is not known yet which restarts count.
    effort: Vec<(u64, Effort)>,
    refused: Option<(u64, Error)>,
}

impl<'w> Runner<'w> {
    pub(crate) fn cut(
        from: &mut impl Cut<'w>,
        threads: usize,
        shape: &Shape,
        plan: &update::Plan,
        options: &Options<'_>,
    ) -> Self {
        Runner {
            state: State::cut(from, shape, plan, options),
            workers: Workers::cut(from, threads, shape, plan, options.init),
            best: None,
            effort: Vec::new(),
            refused: None,
        }
    }

    /// Checks ranges.
    pub(super) fn prepare(&mut self, job: &Job<'_>, given: Option<&[f64]>) -> Result<(), Error> {
        let state = &mut self.state;
        let ranges = Some(state.update.ranges());
        let largest = scan(job, &mut self.workers.observed, given, ranges)?;
        let first = &mut state.previous[..job.points.d()];
        job.points.copy_point(0, first);
        // Twice: the points alone, since later iterations compare them with their means; then with the centers to start from.
        check_spread(job, &[], first)?;
        check_spread(job, given.unwrap_or_default(), first)?;
        state.packing.set_largest(largest);
        state.bounds.set_units(state.packing.units(job));
        state.seeding.set_largest(largest);
        state.update.prepare_alone();
        if let Some(given) = given {
            state.centers.copy_from_slice(given);
        }
        Ok(())
    }

    /// Does one restart, and keeps it if it is better than the previous ones.
    fn restart(
        &mut self,
        job: &Job<'_>,
        rules: &Rules,
        restart: u32,
        report: impl Fn(&Progress) -> bool,
    ) -> Result<(Effort, StoppedBy), Error> {
        let Runner { state, workers, .. } = self;
        state.forget(rules.init);
        workers.forget();
        let begin = Instant::now();
        let distances = seed::seed(
            job,
            rules.init,
            Key {
                seed: rules.seed,
                restart,
            },
            &mut state.seeding,
            &mut workers.seeders,
            state.labels,
            state.centers,
        );
        let mut effort = Effort {
            distances,
            seconds_seed: begin.elapsed().as_secs_f64(),
            ..Effort::default()
        };
        let passes = &mut workers.passes;
        let outcome = iterate(job, rules, restart, state, passes, report, &mut effort)?;
        let begin = Instant::now();
        let inertia = inertia::inertia(job, state.labels, state.centers, 0);
        effort.distances += job.points.n() as i64;
        effort.seconds_assign += begin.elapsed().as_secs_f64();
        let stopped_by = outcome.stopped_by;
        if self.best.as_ref().is_none_or(|best| inertia < best.inertia) {
            self.best = Some(Best {
                restart,
                inertia,
                outcome,
            });
            if !state.best_labels.is_empty() {
                state.best_labels.copy_from_slice(state.labels);
                state.best_centers.copy_from_slice(state.centers);
            }
        }
        Ok((effort, stopped_by))
    }

    /// Whether no later restart can be better: the inertia is zero. A restart cannot be abandoned before its end, since its inertia is
    /// only known then.
    fn unbeatable(&self) -> bool {
        self.best.as_ref().is_some_and(|best| best.inertia == 0.0)
    }

    /// Does the restarts one after the other; returns whether the callback stopped them.
    pub(super) fn run(
        &mut self,
        job: &Job<'_>,
        rules: &Rules,
        restarts: u32,
        report: impl Fn(&Progress) -> bool,
    ) -> Result<(Effort, bool), Error> {
        let mut total = Effort::default();
        for restart in 0..restarts {
            let (effort, stopped_by) = self.restart(job, rules, restart, &report)?;
            total += effort;
            let stopped = stopped_by == StoppedBy::Stopped;
            if stopped || self.unbeatable() {
                return Ok((total, stopped));
            }
        }
        Ok((total, false))
    }
}

/// The number of restarts that run at a time, each on one thread, if a pass is too small for a second thread. A workspace query uses it
/// too, so it depends only on what a query knows. With a callback it is 1, since only the calling thread may call it.
pub(crate) fn at_a_time(shape: &Shape, options: &Options<'_>) -> usize {
    let restarts = restarts(options) as usize;
    if shape.threads > 1 || options.progress.is_some() {
        return 1;
    }
    let Shape { n, d, k, .. } = *shape;
    let pass = (n as u128) * (d as u128) * (k as u128);
    worthwhile(options.threads, pass * PASSES * restarts as u128).min(restarts)
}

/// The usual least number of passes of a restart.
const PASSES: u128 = 8;

/// Checks ranges for several runners, each by itself at the same time: the results are then in the part of the workspace of each thread.
pub(super) fn prepare_all(job: &Job<'_>, runners: &mut PerThread<Runner<'_>>) -> Result<(), Error> {
    let alone = job.crew.if_worthwhile(false);
    let own = Job {
        crew: &alone,
        ..*job
    };
    job.crew.each(runners, |runner| {
        runner.refused = runner.prepare(&own, None).err().map(|error| (0, error));
    });
    match runners.first().refused.take() {
        Some((_, error)) => Err(error),
        None => Ok(()),
    }
}

/// Runs restarts side by side, each on one thread. In sequence they would end with the first that is refused or has inertia zero; so
/// restarts after that one do not count here either.
pub(super) fn run_all(
    job: &Job<'_>,
    rules: &Rules,
    restarts: u32,
    runners: &mut PerThread<Runner<'_>>,
) -> Result<Effort, Error> {
    let alone = job.crew.if_worthwhile(false);
    let own = Job {
        crew: &alone,
        ..*job
    };
    let next = AtomicU64::new(0);
    let end = AtomicU64::new(restarts.into());
    job.crew.each(runners, |runner| loop {
        let restart = next.fetch_add(1, Ordering::Relaxed);
        if restart >= end.load(Ordering::Relaxed) {
            return;
        }
        let number = restart as u32;
        match runner.restart(&own, rules, number, |_| false) {
            Ok((effort, _)) => match runner.effort.try_reserve(1) {
                Ok(()) => runner.effort.push((restart, effort)),
                Err(_) => {
                    let detail =
                        format_args!("the report of restart {restart} could not be allocated");
                    runner.refused = Some((restart, Error::new(Status::Memory, detail)));
                }
            },
            Err(error) => runner.refused = Some((restart, error)),
        }
        if runner.refused.is_some() || runner.unbeatable() {
            end.fetch_min(restart + 1, Ordering::Relaxed);
            return;
        }
    });
    let end = end.into_inner();
    let threads = runners.iter_mut().count() as f64;
    let mut total = Effort::default();
    for runner in runners.iter_mut() {
        match runner.refused.take() {
            Some((restart, error)) if restart + 1 == end => return Err(error),
            _ => {}
        }
        for (restart, effort) in &runner.effort {
            if *restart < end {
                total += *effort;
            }
        }
    }
    // Elapsed time, not the sum over threads.
    total.seconds_seed /= threads;
    total.seconds_assign /= threads;
    total.seconds_update /= threads;
    Ok(total)
}
