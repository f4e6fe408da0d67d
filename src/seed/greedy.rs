//! Greedy k-means++ (Arthur and Vassilvitskii 2007; the greedy variant of its section 5, with
//! scikit-learn's 2 + floor(ln k) candidates a step).
//!
//! A point's *mass* is its weight times D to its nearest center so far. A step draws candidates with
//! probability proportional to mass and keeps the one that leaves the least total mass.
//!
//! Masses are summed in *units* (L40): with 2^E the power of two above the largest mass, a mass counts as the nearest multiple
//! of 2^(E - 86) where points are drawn, and of 2^(E - 50) where candidates are compared. So sums are integers and have no
//! order, a prefix sum cannot fall short of the total, and a point without mass has no units and is never drawn (L41). Times a
//! power of two, the same masses are the same units: the same points are drawn (L42).

use crate::call::Job;
use crate::exact::mass_unit::Unit;
use crate::runtime::threads::{worthwhile, Crew, PerThread};

use super::csr::{self, Candidates};
use super::dense::{approach, potentials, tally};
use super::masses::{candidates_per_step, largest, Greedy, Masses, MOST_CANDIDATES};
use super::philox::{below, Draw, Key};
use super::sketch::SketchLanes;
use super::worker::SeedWorker;

/// Draws all centers; returns how many pairs of point and center were compared.
pub(super) fn seed(
    job: &Job<'_>,
    key: Key,
    state: &mut Masses<'_>,
    workers: &mut PerThread<SeedWorker<'_>>,
    centers: &mut [f64],
) -> i64 {
    Greedy::by_weight(job, state).draw(key, workers, centers)
}

impl<'a, 'w> Greedy<'a, 'w> {
    /// With masses that are the points' weights.
    pub(super) fn by_weight(job: &'a Job<'a>, state: &'a mut Masses<'w>) -> Self {
        let n = job.points.n();
        state.masses.fill(0.0);
        state.panel.fill(0.0);
        match job.weights {
            Some(weights) => state.masses[..n].copy_from_slice(weights),
            None => state.masses[..n].fill(1.0),
        }
        let stretches = state.masses.chunks(state.stretch);
        for (top, masses) in state.tops.iter_mut().zip(stretches) {
            *top = largest(masses);
        }
        let heaviest = largest(state.tops);
        let mut greedy = Greedy {
            job,
            chosen: [0; MOST_CANDIDATES],
            unit: Unit::of(heaviest),
            heaviest,
            scale: state.sketch.scale(job),
            state,
            credit: 0,
            back: false,
            expected: n,
            fine: SketchLanes::of(job.level).fine,
        };
        greedy.tally();
        greedy
    }

    /// Draws all centers; returns how many pairs of point and center were compared.
    pub(super) fn draw(
        &mut self,
        key: Key,
        workers: &mut PerThread<SeedWorker<'_>>,
        centers: &mut [f64],
    ) -> i64 {
        let (job, n, d) = (self.job, self.job.points.n(), self.job.points.d());
        let k = centers.len() / d;
        let draw = |step: usize, candidate: usize| Draw {
            step: step as u32,
            candidate: candidate as u32,
        };
        let p = self.first(key);
        job.points.copy_point(p, &mut centers[..d]);
        self.chosen[0] = p;
        self.begin(workers, &centers[..d]);
        let mut compared = n as i64;
        let count = candidates_per_step(k);
        self.credit = credit(n, k);

        for step in 1..k {
            let center = &mut centers[step * d..][..d];
            if self.top() == 0.0 {
                // Every point of positive weight lies on a center: draw any.
                let positive = (0..n).filter(|&p| job.counts(p)).count();
                let rank = below(positive as u128, key, draw(step, 0)) as usize;
                let p = (0..n).filter(|&p| job.counts(p)).nth(rank).unwrap_or(0);
                job.points.copy_point(p, center);
                continue;
            }
            let total = self.count();
            for c in 0..count {
                let p = self.find(below(total, key, draw(step, c)));
                self.set_candidate(c, p);
            }
            self.expected = n / step;
            self.step(workers, count, center);
            compared += (count as i64 + 1) * n as i64;
        }
        compared
    }

    /// The first center, drawn by weight, as the masses are.
    pub(super) fn first(&mut self, key: Key) -> usize {
        let total = self.count();
        let draw = Draw {
            step: 0,
            candidate: 0,
        };
        self.find(below(total, key, draw))
    }

    /// Sets the masses by the first center.
    fn begin(&mut self, workers: &mut PerThread<SeedWorker<'_>>, center: &[f64]) {
        match self.scale {
            Some(scale) => self.sketch(workers, scale, center),
            None => {
                self.state.masses[..self.job.points.n()].fill(f64::INFINITY);
                self.state.may_lower.fill(1);
                self.lower(workers, center, 0);
            }
        }
    }

    /// Makes the best of the candidates a center, and lowers the masses by it.
    fn step(&mut self, workers: &mut PerThread<SeedWorker<'_>>, count: usize, center: &mut [f64]) {
        let d = center.len();
        let chosen = |candidates: &[f64], best: usize, center: &mut [f64]| {
            center.copy_from_slice(&candidates[best * d..][..d]);
        };
        match self.scale {
            Some(scale) => {
                let best = self.step_by_sketch(workers, scale, count);
                chosen(self.state.candidates, best, center);
            }
            None => {
                let clear = match self.job.points.form().is_csr() {
                    true => self.clearly_least_potential(workers, count),
                    false => None,
                };
                let best = clear.unwrap_or_else(|| self.least_potential(workers, count));
                chosen(self.state.candidates, best, center);
                self.lower(workers, center, best);
            }
        }
    }

    /// The candidate that would leave the least mass, the first of equals, if bounds show which one it is; and which points each
    /// may lower. For sparse rows.
    fn clearly_least_potential(
        &mut self,
        workers: &mut PerThread<SeedWorker<'_>>,
        count: usize,
    ) -> Option<usize> {
        let job = self.job;
        let [coarse, _] = self.unit.magic();
        let chosen = &self.chosen[..count];
        csr::write(job, chosen, self.state.panel, true);
        for worker in workers.iter_mut() {
            worker.potentials.fill(0);
            worker.least.fill(0);
        }
        let candidates = Candidates::new(job, chosen, self.state.panel);
        let blocks = job.blocks().zip(self.state.masses.chunks(job.block));
        let blocks = blocks.zip(self.state.may_lower.chunks_mut(job.block));
        let work = count * (job.points.read() + PAIR) + POINT;
        crew(job, work).run(blocks, workers, |worker, ((block, masses), open)| {
            let (mut low, mut high) = ([0; MOST_CANDIDATES], [0; MOST_CANDIDATES]);
            candidates.bound(block, masses, open, coarse, [&mut low, &mut high]);
            for c in 0..count {
                worker.least[c] += i128::from(low[c]);
                worker.potentials[c] += i128::from(high[c]);
            }
        });
        csr::write(job, chosen, self.state.panel, false);
        let (mut least, mut most) = ([0i128; MOST_CANDIDATES], [0i128; MOST_CANDIDATES]);
        for worker in workers.iter_mut() {
            for c in 0..count {
                least[c] += worker.least[c];
                most[c] += worker.potentials[c];
            }
        }
        let best = (0..count).min_by_key(|&c| most[c])?;
        let more = |c: usize| least[c] > most[best] || c > best && least[c] == most[best];
        (0..count).all(|c| c == best || more(c)).then_some(best)
    }

    /// Lowers the masses by a new center, the candidate `best`; all points evaluated, or of sparse rows those that it may lower.
    fn lower(&mut self, workers: &mut PerThread<SeedWorker<'_>>, center: &[f64], best: usize) {
        let (job, unit) = (self.job, self.unit);
        let Masses {
            stretch,
            may_lower,
            masses,
            totals,
            tops,
            ..
        } = &mut *self.state;
        let stretches = job.stretches_of(*stretch).zip(masses.chunks_mut(*stretch));
        let sparse = job.points.form().is_csr();
        let (may_lower, chosen) = (&**may_lower, (best, self.chosen[best]));
        // Backwards, because what the last pass read at its end may still be in the cache.
        let stretches = stretches.zip(totals.iter_mut().zip(tops.iter_mut())).rev();
        crew(job, job.points.read() + POINT).run(
            stretches,
            workers,
            |worker, ((stretch, masses), (total, top))| {
                *top = 0.0;
                for (block, masses) in job.blocks_of(stretch).zip(masses.chunks_mut(job.block)) {
                    let most = match sparse {
                        true => {
                            let open = &may_lower[block.clone()];
                            csr::approach(job, block, chosen, open, masses)
                        }
                        false => {
                            worker.load(job, block);
                            let (tile, weights) = (&*worker.tile, &*worker.weights);
                            approach(job.level, tile, weights, center, masses)
                        }
                    };
                    *top = top.max(most);
                }
                *total = unit.join(tally(job.level, masses, unit.magic()));
            },
        );
    }

    /// The candidate that would leave the least mass, the first of equals; all pairs evaluated.
    fn least_potential(&mut self, workers: &mut PerThread<SeedWorker<'_>>, count: usize) -> usize {
        let job = self.job;
        let [coarse, _] = self.unit.magic();
        let candidates = &self.state.candidates[..count * job.points.d()];
        for worker in workers.iter_mut() {
            worker.potentials.fill(0);
        }
        let blocks = job.blocks().zip(self.state.masses.chunks(job.block));
        let work = count * (job.points.read() + PAIR) + POINT;
        let sparse = job.points.form().is_csr();
        let (may_lower, chosen) = (&*self.state.may_lower, &self.chosen[..count]);
        crew(job, work).run(blocks, workers, |worker, (block, masses)| {
            let mut sums = [0; MOST_CANDIDATES];
            let sums = &mut sums[..count];
            if sparse {
                let open = &may_lower[block.clone()];
                csr::potentials(job, block, chosen, open, masses, coarse, sums);
            } else {
                worker.load(job, block);
                let (tile, weights) = (&*worker.tile, &*worker.weights);
                potentials(job.level, tile, weights, candidates, masses, coarse, sums);
            }
            for (potential, &sum) in worker.potentials.iter_mut().zip(&*sums) {
                *potential += i128::from(sum);
            }
        });
        let potential = |c: usize, workers: &mut PerThread<SeedWorker<'_>>| {
            let potentials = workers.iter_mut().map(|worker| worker.potentials[c]);
            potentials.sum::<i128>()
        };
        let mut best = (potential(0, workers), 0);
        for c in 1..count {
            best = best.min((potential(c, workers), c));
        }
        best.1
    }
}

/// The pairs that a sketch of n points may read without saving anything: an eighth of those that k centers take without a sketch.
pub(super) fn credit(n: usize, k: usize) -> i128 {
    const PART: i128 = 8;
    n as i128 * (candidates_per_step(k) + 1) as i128 * k as i128 / PART
}

/// What a pass takes besides the coordinates, in multiplications: for each point, and for each pair.
const POINT: usize = 8;
const PAIR: usize = 4;

/// The threads of a pass of so much `work` a point: there is one for each center or two, and of few points it may take less time
/// than waking the others (docs/decisions.md#small-passes-on-one-thread).
fn crew<'a>(job: &Job<'a>, work: usize) -> Crew<'a> {
    const LANES: usize = 2;
    let work = (job.points.n() as u128) * ((work * LANES / job.level.width()) as u128);
    job.crew.if_worthwhile(worthwhile(2, work) > 1)
}
