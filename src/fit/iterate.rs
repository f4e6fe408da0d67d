//! One restart: assignment and update alternate.

use core::ops::AddAssign;
use std::time::Instant;

use super::stop::Rules;
use crate::assign::{
    pass, HamerlyBounds, LastPass, Packing, PassInputs, PassResult, PassWorker, Summing,
};
use crate::call::{Init, Job, Options, Progress, Shape, StoppedBy};
use crate::quantize::int16::QuantizedPoints;
use crate::runtime::error::Error;
use crate::runtime::threads::{worthwhile, PerThread};
use crate::runtime::workspace::{spoil, Cut};
use crate::seed::Seeding;
use crate::update::{self, Update};

/// The state of a fit that is not per thread.
pub(super) struct State<'w> {
    pub(super) labels: &'w mut [i32],
    pub(super) centers: &'w mut [f64],
    pub(super) previous: &'w mut [f64],
    /// The best restart so far, if there are several.
    pub(super) best_labels: &'w mut [i32],
    pub(super) best_centers: &'w mut [f64],
    pub(super) seeding: Seeding<'w>,
    pub(super) packing: Packing<'w>,
    pub(super) bounds: HamerlyBounds<'w>,
    pub(super) quantized: QuantizedPoints<'w>,
    pub(super) update: Update<'w>,
}

impl<'w> State<'w> {
    pub(super) fn cut(
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
        State {
            labels: from.take(shape.n),
            centers: from.take(centers),
            previous: from.take(centers),
            best_labels: from.take(best_n),
            best_centers: from.take(best_centers),
            seeding: Seeding::cut(from, shape, options.init),
            packing: Packing::cut(from, shape),
            bounds: HamerlyBounds::cut(from, shape, options.algorithm),
            quantized: QuantizedPoints::cut(from, shape, options.algorithm),
            update: Update::cut(from, plan, options.empty),
        }
    }
}

impl State<'_> {
    /// Invalidates what a restart left, except for the best restart: so the next one does not depend on those before.
    pub(super) fn forget(&mut self, init: Init) {
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

/// The number of restarts that can differ.
pub(super) fn restarts(options: &Options<'_>) -> u32 {
    match options.init {
        Init::Given => 1,
        _ => options.n_init,
    }
}

/// How one restart ended.
pub(super) struct Outcome {
    pub(super) stopped_by: StoppedBy,
    pub(super) iterations: i64,
    pub(super) moved: i64,
}

/// The work that restarts did, and the time that it took.
#[derive(Clone, Copy, Default)]
pub(super) struct Effort {
    pub(super) distances: i64,
    pub(super) rechecked: i64,
    pub(super) skipped: i64,
    pub(super) seconds_seed: f64,
    pub(super) seconds_assign: f64,
    pub(super) seconds_update: f64,
}

impl AddAssign for Effort {
    fn add_assign(&mut self, other: Effort) {
        self.distances += other.distances;
        self.rechecked += other.rechecked;
        self.skipped += other.skipped;
        self.seconds_seed += other.seconds_seed;
        self.seconds_assign += other.seconds_assign;
        self.seconds_update += other.seconds_update;
    }
}

/// What is known before a pass over the points.
struct Before {
    /// Labels that changed in the previous pass, and pairs that it tested; before the first pass, all.
    changed: i64,
    pairs: i64,
    /// Whether the sums of the current labels are valid.
    summed: bool,
    /// Whether another iteration may follow.
    more: bool,
}

impl<'w> State<'w> {
    /// Labels all points by the centers, and sums them if another iteration may follow.
    fn assign(
        &mut self,
        job: &Job<'_>,
        workers: &mut PerThread<PassWorker<'w>>,
        before: &Before,
    ) -> PassResult {
        let (n, k) = (job.points.n() as i64, self.centers.len() / job.points.d());
        let Before {
            changed,
            pairs,
            summed,
            more,
        } = *before;
        let State {
            labels,
            packing,
            bounds,
            quantized,
            update,
            ..
        } = self;
        let terms = update.terms();
        // Moving a point takes as long as adding two. But where labels are found from quantized points, a point that does not move is not read.
        let few =
            |quantized: &QuantizedPoints<'_>| changed < n / 2 || quantized.replace_points(job);
        let summing = if !more {
            Summing::Not
        } else if update.lasting() && summed && few(quantized) {
            Summing::Moved(&terms)
        } else {
            update.clear(workers);
            Summing::All(&terms)
        };
        let last = LastPass {
            labels,
            changed: changed as usize,
            pairs: pairs as usize,
            stretch: job.stretch,
        };
        let expensive = packing.makes_margins_expensive(job, k);
        let inputs = PassInputs {
            bounds: bounds.next_pass(last, job.level, expensive),
            quantized,
            summing,
            watch: None,
        };
        pass(job, packing, workers, self.centers, labels, inputs)
    }

    /// Moves the centers to the means of their points.
    fn update(
        &mut self,
        job: &Job<'_>,
        workers: &mut PerThread<PassWorker<'w>>,
    ) -> Result<(), Error> {
        let State {
            labels,
            centers,
            previous,
            update,
            ..
        } = self;
        previous.copy_from_slice(centers);
        if update.apart() {
            update.sum(job, workers, labels);
        }
        update.means(job, workers, labels, self.seeding.scratch(), centers)?;
        self.bounds.record_move(centers, previous, job.points.d());
        Ok(())
    }
}

/// What a pass takes beside multiplications, as so many of them: for each point that is tested, to find it among the others and to fetch it,
/// and for every point, to read its margin and its label (docs/decisions.md#waking-threads-for-a-pass).
const PER_TESTED_POINT: u128 = 64;
const PER_POINT: u128 = 8;

/// One restart, from `state.centers` on. The labels that it leaves are those of the centers that it leaves.
pub(super) fn iterate<'w>(
    job: &Job<'_>,
    rules: &Rules,
    restart: u32,
    state: &mut State<'w>,
    workers: &mut PerThread<PassWorker<'w>>,
    report: impl Fn(&Progress) -> bool,
    effort: &mut Effort,
) -> Result<Outcome, Error> {
    let (n, d) = (job.points.n() as i64, job.points.d());
    let k = (state.centers.len() / d) as i64;
    let all = n * k;
    // There are no labels yet: every point counts as moved in the first pass.
    state.labels.fill(-1);
    let (mut iterations, mut moved, mut changed) = (0, 0, n);
    let mut pairs = all;
    let stopped_by = loop {
        let work = pairs as u128 * d as u128
            + (pairs / k) as u128 * PER_TESTED_POINT
            + n as u128 * PER_POINT;
        // Waking threads takes longer than a pass in which bounds leave few points: one thread does it.
        let crew = &job.crew.if_worthwhile(worthwhile(2, work) > 1);
        let before = Before {
            changed,
            pairs,
            summed: iterations > 0,
            more: rules.allow_more(iterations),
        };
        let pass = state.assign(&Job { crew, ..*job }, workers, &before);
        (pairs, changed) = (pass.counts.pairs + pass.counts.in_vain, pass.changed);
        effort.distances += pairs + pass.counts.evaluated;
        effort.skipped += all - pass.counts.pairs;
        effort.rechecked += pass.counts.rechecked;
        effort.seconds_assign += pass.assigning.as_secs_f64();
        effort.seconds_update += pass.updating.as_secs_f64();

        if iterations > 0 {
            moved = changed;
            let shift = rules.shift(state.centers, state.previous, d);
            let progress = Progress {
                restart: restart.into(),
                iteration: iterations,
                moved,
                shift: shift.unwrap_or(0.0),
            };
            if report(&progress) {
                break StoppedBy::Stopped;
            }
            if let Some(reason) = rules.reason(iterations, moved, shift) {
                break reason;
            }
        } else if !before.more {
            break StoppedBy::MaxIter;
        }

        let begin = Instant::now();
        state.update(job, workers)?;
        iterations += 1;
        effort.seconds_update += begin.elapsed().as_secs_f64();
    };
    Ok(Outcome {
        stopped_by,
        iterations,
        moved,
    })
}

#[cfg(test)]
mod tests {
    use super::Effort;

    #[test]
    fn the_work_of_restarts_adds_up() {
        let effort = |by: i64| Effort {
            distances: by,
            rechecked: 2 * by,
            skipped: 3 * by,
            seconds_seed: 4.0 * by as f64,
            seconds_assign: 5.0 * by as f64,
            seconds_update: 6.0 * by as f64,
        };
        let mut all = effort(1);
        all += effort(10);
        let counts = (all.distances, all.rechecked, all.skipped);
        assert_eq!(counts, (11, 22, 33));
        let seconds = (all.seconds_seed, all.seconds_assign, all.seconds_update);
        assert_eq!(seconds, (44.0, 55.0, 66.0));
    }
}
