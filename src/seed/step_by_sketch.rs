//! A step of greedy k-means++ by a sketch: bounds for all pairs, D for the few that matter.
//!
//! 1. One pass over the sketch finds for each candidate the points whose masses it may lower, and how much it takes off the total at
//!    most and at least. Points that are out of range, of which the sketch says nothing, are evaluated by D.
//! 2. If others may take off as much as the most promising candidate, it is evaluated exactly, D for its open points, and then
//!    so are those others that still may.
//! 3. The best lowers the masses of those of its open points that it is nearer to.

use core::ops::Range;

use crate::call::Job;
use crate::exact::mass_unit::Unit;
use crate::quantize::int8::code;
use crate::runtime::threads::PerThread;
use crate::simd::Level;

use super::dense::tally;
use super::gains::{factor, Bound, InUnits};
use super::masses::{largest, Greedy, Masses, MOST_CANDIDATES};
use super::sketch::{is_far, screen, Candidates, Part, SketchLanes, SketchResult};
use super::sparse::{self, evaluate};
use super::worker::SeedWorker;

/// Work of a pass, in coordinates, from which on waking the other threads is worthwhile.
const LEAST_SHARED_WORK: usize = 1 << 17;

/// Pairs of point and candidate whose second bytes take as long as one row from memory, for few dimensions. For more dimensions, as many
/// pairs as there are dimensions do.
const FINE: usize = 160;

/// What it costs to read a row that is not lowered, in pairs without a sketch.
pub(super) const ROW: i128 = 2;

/// The candidates of a step, after those that are the same have been left out.
struct Few {
    count: usize,
    /// Those that are not far, which come first.
    near: usize,
    /// As which each of them was drawn.
    ranks: [usize; MOST_CANDIDATES],
}

impl Greedy<'_, '_> {
    /// Sketches the points, and sets their masses by the first center.
    pub(super) fn sketch(
        &mut self,
        workers: &mut PerThread<SeedWorker<'_>>,
        scale: f64,
        center: &[f64],
    ) {
        let (job, unit) = (self.job, self.unit);
        let Masses {
            stretch,
            masses,
            totals,
            tops,
            sketch,
            trials: [trial, _],
            ..
        } = &mut *self.state;
        for worker in workers.iter_mut() {
            worker.factors.fill(1.0);
        }
        let width = SketchLanes::of(job.level).vectors.width;
        let (format, parts) = sketch.split(scale, *stretch, width);
        let stretches = job.stretches_of(*stretch).zip(parts);
        let stretches = stretches.zip(masses.chunks_mut(*stretch).zip(trial.chunks_mut(*stretch)));
        let stretches = stretches.zip(totals.iter_mut().zip(tops.iter_mut()));
        job.crew.run(stretches, workers, |worker, item| {
            let (((stretch, mut part), (masses, trial)), (total, top)) = item;
            part.close();
            for (at, block) in (0..).step_by(job.block).zip(job.blocks_of(stretch.clone())) {
                let (next, coded) = (block.end..block.end + job.block, &mut part.after(at));
                code(job.level, &job.points, block.clone(), next, &format, coded);
                let listed = &mut worker.listed[..block.len()];
                for (index, p) in listed.iter_mut().zip(at as u32..) {
                    *index = p;
                }
                let trial = &mut trial[at..];
                evaluate(job.level, &job.points, stretch.start, listed, center, trial);
            }
            for p in 0..stretch.len() {
                masses[p] = job.weight(stretch.start + p) * trial[p];
                part.set_limit(p, trial[p], scale, masses[p] == 0.0);
            }
            *top = largest(&masses[..stretch.len()]);
            *total = unit.join(tally(job.level, masses, unit.magic()));
        });
    }

    /// Chooses the best of `count` candidates, and lowers the masses by it.
    pub(super) fn step_by_sketch(
        &mut self,
        workers: &mut PerThread<SeedWorker<'_>>,
        scale: f64,
        count: usize,
    ) -> usize {
        for worker in workers.iter_mut() {
            (worker.read, worker.out_of_range, worker.lowered) = (0, 0, 0);
        }
        let pairs = self.job.points.n() * count;
        let few = self.arrange(scale, count);
        let (best, evaluated) = self.best(workers, scale, &few);
        self.apply(workers, scale, best, few.count, evaluated);
        let read: usize = workers.iter_mut().map(|worker| worker.read).sum();
        let out_of_range: usize = workers.iter_mut().map(|worker| worker.out_of_range).sum();
        let lowered: usize = workers.iter_mut().map(|worker| worker.lowered).sum();
        // Second bytes save three of five rows that were read without being lowered.
        let wasted = (read - out_of_range).saturating_sub(lowered);
        let vain = if self.fine { wasted * 5 / 2 } else { wasted };
        let worthwhile = vain * FINE.max(self.job.points.d()) > pairs;
        self.fine = worthwhile && SketchLanes::of(self.job.level).fine;
        self.credit += (pairs + self.job.points.n()) as i128;
        self.credit -= ROW * read.saturating_sub(lowered) as i128;
        if self.credit < 0 {
            self.scale = None;
        }
        best
    }

    /// Leaves each of the candidates once, those that are far last.
    fn arrange(&mut self, scale: f64, count: usize) -> Few {
        let d = self.job.points.d();
        let candidates = &mut self.state.candidates[..count * d];
        let width = SketchLanes::of(self.job.level).vectors.width;
        let format = self.state.sketch.format(scale, width);
        let mut few = Few {
            count: 0,
            near: 0,
            ranks: [0; MOST_CANDIDATES],
        };
        for c in 0..count {
            let (before, candidate) = candidates.split_at(c * d);
            let mut before = before[..few.count * d].chunks_exact(d);
            if before.any(|other| other == &candidate[..d]) {
                continue;
            }
            let far = is_far(&candidate[..d], &format);
            candidates.copy_within(c * d..(c + 1) * d, few.count * d);
            few.ranks[few.count] = c;
            if !far {
                few.ranks.swap(few.near, few.count);
                for i in 0..d {
                    candidates.swap(few.near * d + i, few.count * d + i);
                }
                few.near += 1;
            }
            few.count += 1;
        }
        few
    }

    /// The best of the candidates, and whether it was evaluated.
    fn best(
        &mut self,
        workers: &mut PerThread<SeedWorker<'_>>,
        scale: f64,
        few: &Few,
    ) -> (usize, bool) {
        let Few { count, ranks, .. } = *few;
        let bounds = self.screen(workers, scale, few);
        let mut order = [0; MOST_CANDIDATES];
        for (c, place) in order.iter_mut().enumerate() {
            *place = c;
        }
        let order = &mut order[..count];
        let (n, weighted) = (self.job.points.n(), self.job.weights.is_some());
        let units = InUnits::new(n, weighted, self.unit, self.heaviest, scale);
        let mut known = |c: usize| {
            let gains = workers.iter_mut().map(|worker| worker.potentials[c]);
            gains.sum::<i128>() as f64
        };
        let mut most = [0.0; MOST_CANDIDATES];
        let mut least = [0.0; MOST_CANDIDATES];
        let all = most.iter_mut().zip(&mut least).zip(&bounds).enumerate();
        for (c, ((most, least), bound)) in all.take(count) {
            let known = known(c);
            (*most, *least) = (units.most(bound) + known, units.least(bound) + known);
        }
        let middle = |c: usize| most[c] + least[c];
        order.sort_unstable_by(|&a, &b| middle(b).total_cmp(&middle(a)));
        let first = order[0];
        if order[1..].iter().all(|&c| most[c] < least[first]) {
            return (first, false);
        }
        let mut best = (self.evaluate(workers, first, count), first);
        for &c in &order[1..] {
            if most[c] < best.0 as f64 {
                continue;
            }
            self.state.trials.swap(0, 1);
            let gain = self.evaluate(workers, c, count);
            if gain > best.0 || gain == best.0 && ranks[c] < ranks[best.1] {
                best = (gain, c);
            } else {
                self.state.trials.swap(0, 1);
            }
        }
        (best.1, true)
    }

    /// Finds the open points of each candidate, and bounds for what it takes off; what it takes off points that are out of range, exactly, is in the
    /// workers' potentials.
    fn screen(
        &mut self,
        workers: &mut PerThread<SeedWorker<'_>>,
        scale: f64,
        &Few { count, near, .. }: &Few,
    ) -> [Bound; MOST_CANDIDATES] {
        let (job, heaviest, unit) = (self.job, self.heaviest, self.unit);
        let d = job.points.d();
        let Masses {
            stretch,
            masses,
            candidates,
            sketch,
            step,
            trials: [trial, _],
            ..
        } = &mut *self.state;
        for worker in workers.iter_mut() {
            worker.bounds.fill(Bound::default());
            worker.potentials.fill(0);
        }
        let vectors = SketchLanes::of(job.level).vectors;
        let width = vectors.width;
        let (format, parts) = sketch.split(scale, *stretch, width);
        let rows = &candidates[..count * d];
        let (candidates, open) = step.pack(&rows[..near * d], &format, vectors, self.fine);
        let open = open.chunks_mut(*stretch / width * count);
        let stretches = job.stretches_of(*stretch).zip(parts).zip(open);
        let stretches = stretches.zip(masses.chunks(*stretch).zip(trial.chunks_mut(*stretch)));
        let items = stretches.map(|(((points, part), open), (masses, trial))| StepItem {
            points,
            part,
            open,
            masses,
            trial,
        });
        let work = |worker: &mut SeedWorker<'_>, mut item: StepItem<'_>| {
            let groups = item.part.out_of_range.len();
            item.open[near * groups..count * groups].fill(0);
            if let Some(candidates) = &candidates {
                compare(worker, job, heaviest, candidates, &mut item);
            }
            evaluate_out_of_range(worker, job, unit, rows, &mut item);
        };
        // Alternately forwards and backwards: what one step read last is still in the cache when the next one begins.
        self.back = !self.back;
        match self.back {
            true => job.crew.run(items.rev(), workers, work),
            false => job.crew.run(items, workers, work),
        }
        let mut bounds = [Bound::default(); MOST_CANDIDATES];
        for worker in workers.iter_mut() {
            for (bound, of_worker) in bounds.iter_mut().zip(&worker.bounds) {
                bound.most += of_worker.most;
                bound.least += of_worker.least;
            }
        }
        bounds
    }

    /// What candidate `c` takes off the total of the masses, exactly, in units; D of its open points is in the first trial.
    fn evaluate(
        &mut self,
        workers: &mut PerThread<SeedWorker<'_>>,
        c: usize,
        count: usize,
    ) -> i128 {
        let (job, unit) = (self.job, self.unit);
        let d = job.points.d();
        let Masses {
            stretch,
            masses,
            candidates,
            sketch,
            step,
            trials: [trial, _],
            ..
        } = &mut *self.state;
        let candidate = &candidates[c * d..][..d];
        let width = SketchLanes::of(job.level).vectors.width;
        for worker in workers.iter_mut() {
            worker.gain = 0;
        }
        let open = step.open.chunks(*stretch / width * count);
        let stretches = job
            .stretches_of(*stretch)
            .zip(sketch.lanes(*stretch))
            .zip(open);
        let stretches = stretches.zip(masses.chunks(*stretch).zip(trial.chunks_mut(*stretch)));
        let worthwhile = self.expected.saturating_mul(d) >= LEAST_SHARED_WORK;
        job.crew
            .if_worthwhile(worthwhile)
            .run(stretches, workers, |worker, item| {
                let (((stretch, lanes), open), (masses, trial)) = item;
                let listed = list(job.level, worker.listed, open, c, lanes);
                evaluate(
                    job.level,
                    &job.points,
                    stretch.start,
                    listed,
                    candidate,
                    trial,
                );
                worker.read += listed.len();
                let mut gain = 0;
                for (&p, distance) in listed.iter().zip(trial) {
                    let p = p as usize;
                    let mass = job.weight(stretch.start + p) * *distance;
                    // The same number, if it takes nothing off.
                    let lowered = if mass < masses[p] { mass } else { masses[p] };
                    gain += unit.coarse(masses[p]) - unit.coarse(lowered);
                }
                worker.gain += i128::from(gain);
            });
        workers.iter_mut().map(|worker| worker.gain).sum()
    }

    /// Lowers the masses by candidate `c`; if it was `evaluated`, D of its open points is in the first trial.
    fn apply(
        &mut self,
        workers: &mut PerThread<SeedWorker<'_>>,
        scale: f64,
        c: usize,
        count: usize,
        evaluated: bool,
    ) {
        let (job, unit) = (self.job, self.unit);
        let d = job.points.d();
        let Masses {
            stretch,
            masses,
            totals,
            tops,
            candidates,
            sketch,
            step,
            trials: [trial, _],
            ..
        } = &mut *self.state;
        let width = SketchLanes::of(job.level).vectors.width;
        let candidate = &candidates[c * d..][..d];
        let (_, parts) = sketch.split(scale, *stretch, width);
        let open = step.open.chunks(*stretch / width * count);
        let stretches = job.stretches_of(*stretch).zip(parts).zip(open);
        let stretches = stretches.zip(masses.chunks_mut(*stretch).zip(trial.chunks_mut(*stretch)));
        let stretches = stretches.zip(totals.iter_mut().zip(tops.iter_mut()));
        let work = if evaluated { 16 } else { d.max(16) };
        let worthwhile = self.expected.saturating_mul(work) >= LEAST_SHARED_WORK;
        job.crew
            .if_worthwhile(worthwhile)
            .run(stretches, workers, |worker, item| {
                let ((((stretch, mut part), open), (masses, trial)), (total, top)) = item;
                // Of a stretch, 64 bits hold either sum (L40).
                let (mut from_top, mut less) = (false, [0, 0]);
                let listed = list(job.level, worker.listed, open, c, part.limits.len());
                if !evaluated {
                    evaluate(
                        job.level,
                        &job.points,
                        stretch.start,
                        listed,
                        candidate,
                        trial,
                    );
                    worker.read += listed.len();
                }
                for (&p, &mut distance) in listed.iter().zip(trial) {
                    let p = p as usize;
                    let mass = job.weight(stretch.start + p) * distance;
                    if mass < masses[p] {
                        let (old, new) = (unit.split(masses[p]), unit.split(mass));
                        (less[0], less[1]) = (less[0] + old[0] - new[0], less[1] + old[1] - new[1]);
                        from_top |= masses[p] == *top;
                        masses[p] = mass;
                        worker.lowered += 1;
                        part.set_limit(p, distance, scale, mass == 0.0);
                    }
                }
                *total -= unit.join(less);
                if from_top {
                    *top = largest(masses);
                }
            });
    }
}

/// A stretch in a step: its points, in the sketch, too, and their masses; and for each candidate and group the points that it may lower.
/// `trial` is room for distances.
struct StepItem<'a> {
    points: Range<usize>,
    part: Part<'a>,
    open: &'a mut [u16],
    masses: &'a [f64],
    trial: &'a mut [f64],
}

/// Compares a stretch with the candidates that are not far: finds their open points, and adds to the worker's bounds.
fn compare(
    worker: &mut SeedWorker<'_>,
    job: &Job<'_>,
    heaviest: f64,
    candidates: &Candidates<'_>,
    item: &mut StepItem<'_>,
) {
    if let Some(weights) = job.weights {
        let weights = &weights[item.points.clone()];
        for (factor, &weight) in worker.factors.iter_mut().zip(weights) {
            *factor = self::factor(weight, heaviest);
        }
    }
    let width = SketchLanes::of(job.level).vectors.width;
    let near = candidates.panels.norms.len() / candidates.parts;
    let sums = &mut worker.sums[..2 * near * width];
    sums.fill(0.0);
    let mut result = SketchResult {
        weights: job.weights.map(|_| &*worker.factors),
        open: item.open,
        sums,
    };
    screen(job.level, &item.part, candidates, &mut result);
    let sums = result.sums.chunks_exact(2 * width);
    for (bound, sums) in worker.bounds.iter_mut().zip(sums) {
        let (most, least) = sums.split_at(width);
        bound.add(most, least);
    }
}

/// Evaluates D between the points of a stretch that are out of range and all candidates, which are `rows`: opens the points whose masses
/// these lower, and adds to the worker's potentials what they take off.
fn evaluate_out_of_range(
    worker: &mut SeedWorker<'_>,
    job: &Job<'_>,
    unit: Unit,
    rows: &[f64],
    item: &mut StepItem<'_>,
) {
    let width = SketchLanes::of(job.level).vectors.width;
    let (d, groups, first) = (
        job.points.d(),
        item.part.out_of_range.len(),
        item.points.start,
    );
    let length = sparse::list(job.level, item.part.out_of_range, width, worker.listed);
    let listed = &worker.listed[..length];
    if listed.is_empty() {
        return;
    }
    let read = rows.len() / d * length;
    worker.read += read;
    worker.out_of_range += read;
    let each = rows.chunks_exact(d).zip(item.open.chunks_exact_mut(groups));
    for ((candidate, open), gain) in each.zip(&mut worker.potentials) {
        evaluate(job.level, &job.points, first, listed, candidate, item.trial);
        for (&p, distance) in listed.iter().zip(&*item.trial) {
            let p = p as usize;
            let (before, mass) = (item.masses[p], job.weight(first + p) * *distance);
            if mass < before {
                open[p / width] |= 1 << (p % width);
                *gain += i128::from(unit.coarse(before) - unit.coarse(mass));
            }
        }
    }
}

/// The points of a stretch of so many lanes that candidate `c` may lower.
fn list<'a>(
    level: Level,
    listed: &'a mut [u32],
    open: &[u16],
    c: usize,
    lanes: usize,
) -> &'a [u32] {
    let width = SketchLanes::of(level).vectors.width;
    let groups = lanes / width;
    let length = sparse::list(level, &open[c * groups..][..groups], width, listed);
    &listed[..length]
}
