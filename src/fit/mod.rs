//! The loop: restarts, iterations, stopping.
//!
//! ```text
//! labels = assign(points, centers)
//! repeat
//!     centers    = means(points, labels)             where empty clusters may take points, see [`update`]
//!     iterations += 1
//!     new_labels = assign(points, centers)
//!     stop if new_labels == labels                                       Converged
//!     labels = new_labels
//!     stop if D(new[0], old[0]) + D(new[1], old[1]) + ... <= tol, tol > 0   Tolerance
//!     stop if iterations == max_iter                                     MaxIter
//! ```
//!
//! In real numbers this ends, relocation included (L31); where rounding makes it go in circles, `max_iter` ends it.
//!
//! Everything happens in the workspace; the caller's outputs are written at the very end, so that a
//! refusal on the way leaves them as they were.

use core::ops::AddAssign;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::assign::{pass, Bounds, Packing, Summing, Worker};
use crate::call::{Init, Job, Options, Progress, Report, Shape, StoppedBy};
use crate::exact::distance::squared;
use crate::exact::inertia;
use crate::exact::range_check::{check_spread, scan, storage};
use crate::quantize::int16::QuantizedPoints;
use crate::runtime::error::{Error, Status};
use crate::runtime::fp_environment::Standard;
use crate::runtime::threads::{worthwhile, PerThread};
use crate::runtime::workspace::{spoil, Cut};
use crate::seed::{self, Seeding};
use crate::update::{self, Update};

/// What a fit keeps, beyond what its threads do.
struct Memory<'w> {
    labels: &'w mut [i32],
    centers: &'w mut [f64],
    previous: &'w mut [f64],
    /// The best restart so far, when there is more than one.
    best_labels: &'w mut [i32],
    best_centers: &'w mut [f64],
    seeding: Seeding<'w>,
    packing: Packing<'w>,
    bounds: Bounds<'w>,
    quantized: QuantizedPoints<'w>,
    update: Update<'w>,
}

impl<'w> Memory<'w> {
    fn cut(
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
            quantized: QuantizedPoints::cut(from, shape, options.algorithm),
            update: Update::cut(from, plan, options.empty),
        }
    }
}

impl Memory<'_> {
    /// Forgets what a restart did, but for the best one: the next one does the same whichever came before.
    fn forget(&mut self, init: Init) {
        spoil(self.labels, i32::MAX);
        if init != Init::Given {
            spoil(self.centers, f64::MAX);
        }
        spoil(self.previous, f64::MAX);
        self.seeding.forget();
        self.packing.forget();
        self.bounds.forget();
        self.quantized.forget();
        self.update.forget();
    }
}

/// What the threads of a fit work with.
struct Teams<'w> {
    workers: PerThread<Worker<'w>>,
    seeders: PerThread<seed::Worker<'w>>,
    /// Storage of the scan.
    seen: PerThread<&'w mut [f64]>,
}

impl<'w> Teams<'w> {
    fn cut(
        from: &mut impl Cut<'w>,
        threads: usize,
        shape: &Shape,
        plan: &update::Plan,
        init: Init,
    ) -> Self {
        let mut plan = plan.each();
        Teams {
            workers: PerThread::new(threads, || Worker::cut(from, shape, &plan())),
            seeders: PerThread::new(threads, || seed::Worker::cut(from, shape, init)),
            seen: PerThread::new(threads, || storage(from, shape.d)),
        }
    }
}

impl Teams<'_> {
    fn forget(&mut self) {
        self.workers.iter_mut().for_each(Worker::forget);
        self.seeders.iter_mut().for_each(seed::Worker::forget);
    }
}

/// Restarts that can differ.
fn restarts(options: &Options<'_>) -> u32 {
    match options.init {
        Init::Given => 1,
        _ => options.n_init,
    }
}

/// What restarts go by: options without the callback, which belongs to the calling thread.
#[derive(Clone, Copy)]
struct Rules {
    init: Init,
    seed: u64,
    max_iter: u64,
    tol: f64,
    /// Whether anybody asks for shifts.
    shifts: bool,
}

/// How one restart ended.
struct Outcome {
    stopped_by: StoppedBy,
    iterations: i64,
    moved: i64,
}

/// What restarts took.
#[derive(Clone, Copy, Default)]
struct Spent {
    distances: i64,
    rechecked: i64,
    skipped: i64,
    seconds_seed: f64,
    seconds_assign: f64,
    seconds_update: f64,
}

impl AddAssign for Spent {
    fn add_assign(&mut self, other: Spent) {
        self.distances += other.distances;
        self.rechecked += other.rechecked;
        self.skipped += other.skipped;
        self.seconds_seed += other.seconds_seed;
        self.seconds_assign += other.seconds_assign;
        self.seconds_update += other.seconds_update;
    }
}

/// The best restart so far.
struct Best {
    restart: u32,
    inertia: f64,
    outcome: Outcome,
}

/// What restarts one after the other are done with.
pub(crate) struct Runner<'w> {
    memory: Memory<'w>,
    teams: Teams<'w>,
    best: Option<Best>,
    /// What each restart took, where others run beside them, and it is not yet known which of them count.
    spent: Vec<(u64, Spent)>,
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
            memory: Memory::cut(from, shape, plan, options),
            teams: Teams::cut(from, threads, shape, plan, options.init),
            best: None,
            spent: Vec::new(),
            refused: None,
        }
    }

    /// Scans.
    fn prepare(&mut self, job: &Job<'_>, given: Option<&[f64]>) -> Result<(), Error> {
        let memory = &mut self.memory;
        let ranges = Some(memory.update.ranges());
        let largest = scan(job, &mut self.teams.seen, given, ranges)?;
        let first = &mut memory.previous[..job.points.d()];
        job.points.copy_point(0, first);
        // Among the points alone, since their means are what they are compared with before long.
        check_spread(job, &[], first)?;
        check_spread(job, given.unwrap_or_default(), first)?;
        memory.packing.set_largest(largest);
        memory.bounds.set_units(memory.packing.units(job));
        memory.seeding.set_largest(largest);
        memory.update.prepare_alone();
        if let Some(given) = given {
            memory.centers.copy_from_slice(given);
        }
        Ok(())
    }

    /// Does one restart, and keeps it if it is better than the ones before.
    fn restart(
        &mut self,
        job: &Job<'_>,
        rules: &Rules,
        restart: u32,
        tell: impl Fn(&Progress) -> bool,
    ) -> Result<(Spent, StoppedBy), Error> {
        let Runner { memory, teams, .. } = self;
        memory.forget(rules.init);
        teams.forget();
        let begin = Instant::now();
        let distances = seed::seed(
            job,
            rules.init,
            (rules.seed, restart),
            &mut memory.seeding,
            &mut teams.seeders,
            memory.labels,
            memory.centers,
        );
        let mut spent = Spent {
            distances,
            seconds_seed: begin.elapsed().as_secs_f64(),
            ..Spent::default()
        };
        let workers = &mut teams.workers;
        let outcome = iterate(job, rules, restart, memory, workers, tell, &mut spent)?;
        let begin = Instant::now();
        let inertia = inertia::inertia(job, memory.labels, memory.centers, 0);
        spent.distances += job.points.n() as i64;
        spent.seconds_assign += begin.elapsed().as_secs_f64();
        let stopped_by = outcome.stopped_by;
        if self.best.as_ref().is_none_or(|best| inertia < best.inertia) {
            self.best = Some(Best {
                restart,
                inertia,
                outcome,
            });
            if !memory.best_labels.is_empty() {
                memory.best_labels.copy_from_slice(memory.labels);
                memory.best_centers.copy_from_slice(memory.centers);
            }
        }
        Ok((spent, stopped_by))
    }

    /// Nothing beats an inertia of zero. Nothing else about a restart that is under way is proof that it cannot win: how low
    /// it will end, only its end tells.
    fn unbeatable(&self) -> bool {
        self.best.as_ref().is_some_and(|best| best.inertia == 0.0)
    }

    /// Does the restarts one after the other; tells whether the callback stopped them.
    fn run(
        &mut self,
        job: &Job<'_>,
        rules: &Rules,
        restarts: u32,
        tell: impl Fn(&Progress) -> bool,
    ) -> Result<(Spent, bool), Error> {
        let mut total = Spent::default();
        for restart in 0..restarts {
            let (spent, stopped_by) = self.restart(job, rules, restart, &tell)?;
            total += spent;
            let stopped = stopped_by == StoppedBy::Stopped;
            if stopped || self.unbeatable() {
                return Ok((total, stopped));
            }
        }
        Ok((total, false))
    }
}

/// How many restarts are done at a time, each by one thread: where one of their passes is not worth a second one. Asked by a
/// workspace query too, so a function of what that knows; callbacks are for the calling thread.
pub(crate) fn at_a_time(shape: &Shape, options: &Options<'_>) -> usize {
    let restarts = restarts(options) as usize;
    if shape.threads > 1 || options.progress.is_some() {
        return 1;
    }
    let Shape { n, d, k, .. } = *shape;
    let pass = (n as u128) * (d as u128) * (k as u128);
    worthwhile(options.threads, pass * PASSES * restarts as u128).min(restarts)
}

/// Passes of a restart, as a rule at least.
const PASSES: u128 = 8;

/// Fits: scans, runs the restarts, and writes centers and labels at the end. `centers` is read under
/// [`Init::Given`]. Of several runners each is one thread's.
pub(crate) fn fit(
    job: &Job<'_>,
    options: &Options<'_>,
    runners: &mut PerThread<Runner<'_>>,
    environment: &Standard,
    centers: &mut [f64],
    labels: Option<&mut [i32]>,
) -> Result<Report, Error> {
    let rules = Rules {
        init: options.init,
        seed: options.seed,
        max_iter: options.max_iter,
        tol: options.tol,
        shifts: options.tol > 0.0 || options.progress.is_some(),
    };
    let restarts = restarts(options);
    let side_by_side = runners.iter_mut().count() > 1;
    let begin = Instant::now();
    if side_by_side {
        prepare_all(job, runners)?;
    } else {
        let given = (rules.init == Init::Given).then_some(&*centers);
        runners.first().prepare(job, given)?;
    }
    let seconds_scan = begin.elapsed().as_secs_f64();
    let (spent, cancelled) = if side_by_side {
        (run_all(job, &rules, restarts, runners)?, false)
    } else {
        let tell = |progress: &Progress| match options.progress {
            Some(callback) => environment.outside(|| callback(progress)),
            None => false,
        };
        runners.first().run(job, &rules, restarts, tell)?
    };

    let order = |a: &Best, b: &Best| {
        let inertia = a.inertia.total_cmp(&b.inertia);
        inertia.then(a.restart.cmp(&b.restart))
    };
    // Runners that were given no restart have none. Those after one that nothing beats may have been done, too: at best they
    // are equal to it, and the first of equals is the best.
    let best = runners
        .iter_mut()
        .filter_map(|runner| Some((runner.best.as_ref()?, &mut runner.memory)));
    let Some((best, memory)) = best.min_by(|(a, _), (b, _)| order(a, b)) else {
        unreachable!("there is a first restart, and it was not refused")
    };
    let (best_labels, best_centers) = match restarts {
        1 => (&*memory.labels, &*memory.centers),
        _ => (&*memory.best_labels, &*memory.best_centers),
    };
    let k = (best_centers.len() / job.points.d()) as i64;
    let report = Report {
        stopped_by: best.outcome.stopped_by,
        cancelled,
        threads: job.crew.threads(),
        iterations: best.outcome.iterations,
        empty_clusters: k - memory.update.occupied(job, best_labels),
        moved: best.outcome.moved,
        inertia: best.inertia,
        distances: spent.distances,
        rechecked: spent.rechecked,
        skipped: spent.skipped,
        seconds_scan,
        seconds_seed: spent.seconds_seed,
        seconds_assign: spent.seconds_assign,
        seconds_update: spent.seconds_update,
        workspace_bytes: 0,
    };
    centers.copy_from_slice(best_centers);
    if let Some(labels) = labels {
        labels.copy_from_slice(best_labels);
    }
    Ok(report)
}

/// Scans for several runners, each by itself: it takes no longer than one scan, and leaves what a thread needs in its own part
/// of the workspace.
fn prepare_all(job: &Job<'_>, runners: &mut PerThread<Runner<'_>>) -> Result<(), Error> {
    let alone = job.crew.if_worth(false);
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

/// Runs restarts side by side, one thread each. One after the other they would end with the first that is refused, or that
/// nothing beats: later ones count for nothing here either.
fn run_all(
    job: &Job<'_>,
    rules: &Rules,
    restarts: u32,
    runners: &mut PerThread<Runner<'_>>,
) -> Result<Spent, Error> {
    let alone = job.crew.if_worth(false);
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
            Ok((spent, _)) => match runner.spent.try_reserve(1) {
                Ok(()) => runner.spent.push((restart, spent)),
                Err(_) => {
                    let detail = format_args!("no memory for what {restart} restarts report");
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
    let mut total = Spent::default();
    for runner in runners.iter_mut() {
        match runner.refused.take() {
            Some((restart, error)) if restart + 1 == end => return Err(error),
            _ => {}
        }
        for (restart, spent) in &runner.spent {
            if *restart < end {
                total += *spent;
            }
        }
    }
    // Seconds on the clock.
    total.seconds_seed /= threads;
    total.seconds_assign /= threads;
    total.seconds_update /= threads;
    Ok(total)
}

/// One restart, from `memory.centers` on; leaves labels and centers that belong together.
fn iterate<'w>(
    job: &Job<'_>,
    rules: &Rules,
    restart: u32,
    memory: &mut Memory<'w>,
    team: &mut PerThread<Worker<'w>>,
    tell: impl Fn(&Progress) -> bool,
    spent: &mut Spent,
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
        quantized,
        update,
        ..
    } = memory;
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
        // Sums are for the next iteration, if there can be one. Moving a point takes as long as adding two; but where labels come
        // of words, a point that does not move is not even read.
        let more = (iterations as u64) < rules.max_iter;
        let terms = update.terms();
        let summing = if !more {
            Summing::Not
        } else if update.lasting()
            && iterations > 0
            && (changed < n / 2 || quantized.replace_points(job))
        {
            Summing::Moved(&terms)
        } else {
            update.clear(team);
            Summing::All(&terms)
        };
        let labelled = (&**labels, job.stretch);
        let dear = packing.in_bytes(job, k as usize);
        let shortcut = bounds.shortcut(changed as usize, labelled, dear);
        let also = (summing, None);
        let pass = pass(
            by,
            packing,
            team,
            centers,
            labels,
            (shortcut, &mut *quantized),
            also,
        );
        pairs = pass.counts.pairs;
        bounds.looked((pairs / k) as usize);
        spent.distances += pairs + pass.counts.evaluated;
        spent.skipped += n * k - pairs;
        spent.rechecked += pass.counts.rechecked;
        spent.seconds_assign += pass.assigning.as_secs_f64();
        spent.seconds_update += pass.updating.as_secs_f64();

        changed = pass.moved;
        if iterations > 0 {
            moved = changed;
            let shift = shift(rules, centers, previous, d);
            let stop = match shift {
                _ if moved == 0 => Some(StoppedBy::Converged),
                Some(shift) if rules.tol > 0.0 && shift <= rules.tol => Some(StoppedBy::Tolerance),
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
        if update.apart() {
            update.sum(job, team, labels);
        }
        update.means(job, team, labels, seeding.scratch(), centers)?;
        bounds.drift(centers, previous, d);
        iterations += 1;
        spent.seconds_update += begin.elapsed().as_secs_f64();
    }
    Ok(Outcome {
        stopped_by,
        iterations,
        moved,
    })
}

/// The sum of the centers' squared shifts in index order, if anybody asks.
fn shift(rules: &Rules, new: &[f64], old: &[f64], d: usize) -> Option<f64> {
    rules.shifts.then(|| {
        let pairs = new.chunks_exact(d).zip(old.chunks_exact(d));
        pairs.fold(0.0, |sum, (new, old)| sum + squared(new, old))
    })
}
