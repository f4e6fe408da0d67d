//! Centers: exact sums of the points of each label.
//!
//! A center is the exact sum of its members' coordinates over their number (with weights: the exact sum of the exact products, over
//! the exact sum of the weights), as real numbers, rounded once. The sums are kept as integers, so they have no order: threads, blocks
//! and moved points merge by plain addition.
//!
//! [`limbs`](crate::exact::limbs) says how a coordinate becomes integers, and [`quotient`](crate::exact::quotient) how these become a mean. This folder adds them
//! up, by one of two plans:
//!
//! * *fused*: every thread has sums of its own for all clusters and dimensions, and adds a block's
//!   points to them right after it has labelled the block, while it is in the cache. These sums last from
//!   iteration to iteration: once few points move, only those are taken out and put in;
//! * *slabs*: after all labels are known, every thread takes a slab of the dimensions and goes through
//!   all points. That is the plan when sums for every thread would take more memory than the points, and for data of so wide a range that
//!   the limbs of all dimensions do not fit the workspace at once. Of very many clusters only some threads have sums, and count the points
//!   once all have labels, so that memory does not grow with threads times clusters.

mod plan;
pub(crate) mod relocate;
mod sums;
mod tally;

use core::iter;
use core::ops::Range;

use crate::call::{Empty, Job};
use crate::exact::limbs::size::{ending_low, needed_limbs, stride};
use crate::exact::limbs::{Limbs, Moves, TermFormat};
use crate::exact::quotient::Divisor;
use crate::exact::range::Ranges;
use crate::runtime::error::{refuse, Error};
use crate::runtime::threads::{Crew, PerThread};
use crate::runtime::workspace::Cut;
pub(crate) use plan::Plan;
use relocate::Relocation;
use sums::add_rows;
pub(crate) use sums::{Exported, Sums, Terms};
pub(crate) use tally::merge;
use tally::Tally;

/// What the update needs besides each thread's sums.
pub(crate) struct Update<'w> {
    plan: Plan,
    empty: Empty,
    ranges: Ranges<'w>,
    /// Limbs the coordinates need, and whether all dimensions are summed at once.
    limbs: usize,
    fused: bool,
    magic: &'w mut [f64],
    /// Limbs the weights need; 0 without weights.
    weight_limbs: usize,
    weight_magic: &'w mut [f64],
    tally: Tally<'w>,
    relocation: Relocation<'w>,
}

impl<'w> Update<'w> {
    pub(crate) fn cut(from: &mut impl Cut<'w>, plan: &Plan, empty: Empty) -> Self {
        // In a query, the sums of all threads; else there is nothing to take.
        let _: &mut [i64] = from.take(plan.together);
        Update {
            plan: *plan,
            empty,
            ranges: Ranges::cut(from, plan.d),
            limbs: 0,
            fused: false,
            magic: from.take(plan.magic),
            weight_limbs: 0,
            weight_magic: from.take(plan.weight_words),
            tally: Tally::cut(from, plan.k, plan.weight_words),
            relocation: Relocation::cut(from, plan.k),
        }
    }

    /// Forgets what was summed, but neither ranges nor what follows from them.
    pub(crate) fn forget(&mut self) {
        self.tally.forget();
        self.relocation.forget();
    }

    /// Where the range check writes the ranges.
    pub(crate) fn ranges(&mut self) -> &mut Ranges<'w> {
        &mut self.ranges
    }

    /// The ranges, as the range check wrote them.
    pub(crate) fn known(&self) -> &Ranges<'w> {
        &self.ranges
    }

    /// Decides about limbs, once the ranges are known, for sums that are read by this call alone.
    pub(crate) fn prepare_alone(&mut self) {
        let Plan { total, d, .. } = self.plan;
        let (count, weights) = (self.needed(), self.ranges.weights);
        for i in 0..d {
            let range = ending_low(total, count, self.ranges.of(i), weights);
            self.ranges.set(i, range);
        }
        self.prepare();
    }

    /// How many limbs the coordinates need.
    fn needed(&self) -> usize {
        let Plan { total, d, .. } = self.plan;
        let each = (0..d).map(|i| self.ranges.of(i));
        needed_limbs(total, each, self.ranges.weights)
    }

    /// Decides about limbs, once the ranges are known.
    pub(crate) fn prepare(&mut self) {
        let Plan { total, d, k, .. } = self.plan;
        self.limbs = self.needed();
        let ranges = &self.ranges;
        let words = self.limbs * stride(d);
        self.fused = words <= self.plan.magic && words * k <= self.plan.sums.min(self.plan.merged);
        if self.fused {
            let format = self.format();
            Limbs::fill(format, 0..d, |i| ranges.of(i), self.magic);
        }
        if let Some(range) = ranges.weights {
            self.weight_limbs = needed_limbs(total, [range].into_iter(), None);
            let format = self.weight_format();
            Limbs::fill(format, 0..1, |_| range, self.weight_magic);
        }
    }

    /// What to add to the sums, block by block.
    pub(crate) fn terms(&self) -> Terms<'_> {
        Terms {
            coordinates: self.fused.then(|| self.view(self.magic, 0..self.plan.d)),
            weights: (self.weight_limbs > 0)
                .then(|| Limbs::view(self.weight_format(), self.weight_magic, 0..1)),
            later: self.apart(),
        }
    }

    /// Whether sums stay from one iteration to the next, so that it is enough to move the points whose labels change.
    pub(crate) fn lasting(&self) -> bool {
        self.fused
    }

    /// Whether only some threads have sums, so that [`sum`](Self::sum) has to follow a pass.
    pub(crate) fn apart(&self) -> bool {
        self.plan.apart()
    }

    /// Starts new sums.
    pub(crate) fn clear<S: AsMut<Sums<'w>>>(&self, workers: &mut PerThread<S>) {
        for state in workers.iter_mut() {
            let sums = state.as_mut();
            sums.tally.clear();
            if self.fused {
                sums.limbs[..self.plan.k * self.limbs * stride(self.plan.d)].fill(0);
            }
        }
    }

    /// Sums all points, which have these labels.
    pub(crate) fn sum<S: AsMut<Sums<'w>> + Send>(
        &self,
        job: &Job<'_>,
        workers: &mut PerThread<S>,
        labels: &[i32],
    ) {
        self.clear(workers);
        let terms = Terms {
            later: false,
            ..self.terms()
        };
        let holds = |state: &mut S| state.as_mut().holds();
        job.crew
            .run_on(holds, job.blocks(), workers, |state, block| {
                let labels = &labels[block.clone()];
                state.as_mut().add(job, &terms, block, labels);
            });
    }

    /// Clusters with a member of positive weight under these labels.
    pub(crate) fn occupied(&mut self, job: &Job<'_>, labels: &[i32]) -> i64 {
        self.tally.positive.fill(0);
        for (p, &j) in labels.iter().enumerate() {
            self.tally.positive[j as usize] |= i64::from(job.counts(p));
        }
        self.tally.positive.iter().sum()
    }

    /// Whether points will be ranked at [`means`](Self::means), for empty clusters to take.
    pub(crate) fn relocates<S: AsMut<Sums<'w>>>(
        &mut self,
        job: &Job<'_>,
        workers: &mut PerThread<S>,
    ) -> bool {
        self.count(job, workers);
        let some = job.points.n() > 0 && self.tally.positive.contains(&0);
        some && self.empty == Empty::Relocate
    }

    /// Members of each cluster at the last call of [`means`](Self::means), after relocation.
    pub(crate) fn counts(&self) -> &[i64] {
        self.tally.counts
    }

    /// Replaces `centers`, which the labels were found with, by the means of the points with these labels, which are what was
    /// added and moved since the sums were cleared. Labels and sums come back as they were; `distances` is scratch, one for
    /// each point.
    pub(crate) fn means<S: AsMut<Sums<'w>> + Send>(
        &mut self,
        job: &Job<'_>,
        workers: &mut PerThread<S>,
        labels: &mut [i32],
        distances: &mut [f64],
        centers: &mut [f64],
    ) -> Result<(), Error> {
        self.count(job, workers);
        let empty = self.tally.positive.iter().position(|&members| members == 0);
        let taken = match (empty, self.empty) {
            (Some(j), Empty::Error) => {
                return refuse!(Empty, "cluster {j} has no point of positive weight");
            }
            (Some(_), Empty::Relocate) => self.relocate(job, workers, labels, distances, centers),
            _ => 0,
        };
        self.each_slab(job, workers, labels, |limbs, sums| {
            self.store(job.crew, limbs, sums, centers);
        });
        if taken > 0 {
            let (terms, sums) = (self.terms(), workers.first().as_mut());
            self.relocation.back(taken, labels, |p, (from, to)| {
                sums.transfer(job, &terms, p..p + 1, &Moves::one(&from, &to));
            });
        }
        Ok(())
    }

    /// Gives points to empty clusters, in labels, sums and tallies; returns how many.
    fn relocate<S: AsMut<Sums<'w>>>(
        &mut self,
        job: &Job<'_>,
        workers: &mut PerThread<S>,
        labels: &mut [i32],
        distances: &mut [f64],
        centers: &[f64],
    ) -> usize {
        let tally = &self.tally;
        let taken = self
            .relocation
            .choose(job, tally, labels, centers, distances);
        let (terms, sums) = (self.terms(), workers.first().as_mut());
        self.relocation.go(taken, tally, labels, |p, (from, to)| {
            sums.transfer(job, &terms, p..p + 1, &Moves::one(&from, &to));
        });
        self.count(job, workers);
        taken
    }

    /// Adds what was added since the sums were cleared, the points having these labels, to plain integers.
    pub(crate) fn export<S: AsMut<Sums<'w>> + Send>(
        &mut self,
        job: &Job<'_>,
        workers: &mut PerThread<S>,
        labels: &[i32],
        to: &mut Exported<'_>,
    ) {
        self.count(job, workers);
        let tally = &self.tally;
        merge(to.counts, tally.counts);
        merge(to.positive, tally.positive);
        if let Some(limbs) = &self.terms().weights {
            for (j, &members) in tally.counts.iter().enumerate() {
                let sums = &tally.weights[j * limbs.words()..][..limbs.words()];
                limbs.add_units(sums, members, 1, &mut to.weights[j * limbs.words()..]);
            }
        }
        let (d, words) = (self.plan.d, self.plan.d * self.limbs);
        self.each_slab(job, workers, labels, |limbs, sums| {
            for (j, &members) in tally.counts.iter().enumerate() {
                let sums = &sums[j * limbs.words()..][..limbs.words()];
                let to = &mut to.coordinates[j * words..][..words];
                limbs.add_units(sums, members, d, &mut to[limbs.range().start..]);
            }
        });
    }

    /// Merges the tallies of all threads.
    fn count<S: AsMut<Sums<'w>>>(&mut self, job: &Job<'_>, workers: &mut PerThread<S>) {
        self.tally.clear();
        for state in workers.iter_mut() {
            self.tally.merge(&state.as_mut().tally);
        }
        if job.weights.is_none() {
            self.tally.positive.copy_from_slice(self.tally.counts);
        }
    }

    /// Calls `take` with the sums of all clusters, for points with these labels: of all dimensions at once, or slab by slab.
    fn each_slab<S: AsMut<Sums<'w>> + Send>(
        &self,
        job: &Job<'_>,
        workers: &mut PerThread<S>,
        labels: &[i32],
        mut take: impl FnMut(&Limbs<'_>, &[i64]),
    ) {
        if !self.fused {
            self.sum_by_slabs(job, workers, labels, take);
            return;
        }
        let (first, others) = workers.split();
        let sums = first.as_mut();
        let words = self.plan.k * self.limbs * stride(self.plan.d);
        let mut count = others.len();
        while count > 1 {
            let half = count.div_ceil(2);
            let (to, from) = others[..count].split_at_mut(half);
            let pairs = to.iter_mut().map(AsMut::as_mut);
            let pairs = pairs.zip(from.iter_mut().map(AsMut::as_mut));
            take_over(job.crew, pairs, words, count - half);
            count = half;
        }
        if let Some(last) = others.first_mut() {
            take_over(job.crew, iter::once((&mut *sums, last.as_mut())), words, 1);
        }
        take(&self.view(self.magic, 0..self.plan.d), sums.limbs);
    }

    /// The slabs plan. When each thread has summed one slab, one thread takes the sums of all, because the slabs of the centers interleave in
    /// memory.
    fn sum_by_slabs<S: AsMut<Sums<'w>> + Send>(
        &self,
        job: &Job<'_>,
        workers: &mut PerThread<S>,
        labels: &[i32],
        mut take: impl FnMut(&Limbs<'_>, &[i64]),
    ) {
        let d = self.plan.d;
        let mut taken = 0;
        while taken < d {
            for state in workers.iter_mut() {
                let sums = state.as_mut();
                sums.slab = match sums.holds() {
                    true => self.slab(taken),
                    false => taken..taken,
                };
                taken = sums.slab.end;
            }
            job.crew.each(workers, |state| {
                let sums = state.as_mut();
                if !sums.slab.is_empty() {
                    let limbs = self.fill(sums.slab.clone(), sums.slab_magic);
                    let words = limbs.words();
                    let all = &mut sums.limbs[..self.plan.k * words];
                    all.fill(0);
                    for block in job.blocks() {
                        let labels = &labels[block.clone()];
                        add_rows(job, &limbs, block, labels, sums.rows, all, None);
                    }
                }
            });
            for state in workers.iter_mut() {
                let sums = state.as_mut();
                if !sums.slab.is_empty() {
                    let limbs = self.view(sums.slab_magic, sums.slab.clone());
                    take(&limbs, sums.limbs);
                }
            }
        }
    }

    /// As many dimensions from `first` on as fit a thread's sums, whole vectors; empty at the end.
    fn slab(&self, first: usize) -> Range<usize> {
        let fit = (self.plan.sums / self.plan.k).min(self.plan.magic) / self.limbs;
        let dims = match fit {
            0..=1 => 1,
            2..=3 => 2,
            4..=7 => 4,
            _ => fit - fit % 8,
        };
        first..first.saturating_add(dims).min(self.plan.d)
    }

    /// The format of the coordinates, or of their products with weights.
    fn format(&self) -> TermFormat {
        TermFormat {
            n: self.plan.total,
            count: self.limbs,
            weights: self.ranges.weights,
            alone: self.plan.sparse,
        }
    }

    /// The format of the weights, which are terms of sums of their own.
    fn weight_format(&self) -> TermFormat {
        TermFormat {
            n: self.plan.total,
            count: self.weight_limbs,
            weights: None,
            alone: false,
        }
    }

    /// The limbs of some dimensions, filled in before.
    fn view<'a>(&self, magic: &'a [f64], dims: Range<usize>) -> Limbs<'a> {
        Limbs::view(self.format(), magic, dims)
    }

    fn fill<'a>(&self, slab: Range<usize>, magic: &'a mut [f64]) -> Limbs<'a> {
        Limbs::fill(self.format(), slab, |i| self.ranges.of(i), magic)
    }

    /// Stores the means of the clusters that are not empty, in the dimensions of `limbs`.
    fn store(&self, crew: &Crew<'_>, limbs: &Limbs<'_>, sums: &[i64], centers: &mut [f64]) {
        let (d, tally) = (self.plan.d, &self.tally);
        let weights = self.terms().weights;
        let clusters = (DIVIDED / limbs.range().len().max(1)).max(1);
        let pieces = centers
            .chunks_mut(clusters * d)
            .zip(sums.chunks(clusters * limbs.words()))
            .enumerate();
        let all = self.plan.k * limbs.range().len();
        let crew = crew.if_worthwhile(all >= SEVERAL * DIVIDED);
        crew.for_each(pieces, |(piece, pair)| {
            let (centers, sums) = pair;
            let (centers, sums) = (centers.chunks_mut(d), sums.chunks(limbs.words()));
            for (j, (center, sums)) in (piece * clusters..).zip(centers.zip(sums)) {
                let members = tally.counts[j];
                if tally.positive[j] == 0 {
                    continue;
                }
                let center = &mut center[limbs.range()];
                match &weights {
                    Some(weights) => {
                        let all = &tally.weights[j * weights.words()..][..weights.words()];
                        let divisor = Divisor::new(weights.sum(all, 0, members));
                        limbs.means(sums, members, &divisor, center);
                    }
                    None => limbs.means_of_members(sums, members, center),
                }
            }
        });
    }
}

/// Integers that are merged, and quotients that are computed, by one thread at a time; and how many times as many are shared by all
/// threads, because waking them takes less then (docs/decisions.md#between-passes).
const MERGED: usize = 1 << 14;
const DIVIDED: usize = 1 << 11;
const SEVERAL: usize = 4;

/// In each of `count` pairs, adds to the first sums the second ones, which are 0 afterwards.
fn take_over<'a, 'w: 'a>(
    crew: &Crew<'_>,
    pairs: impl Iterator<Item = (&'a mut Sums<'w>, &'a mut Sums<'w>)> + Send,
    words: usize,
    count: usize,
) {
    let pieces = pairs.flat_map(|(to, from)| {
        let (to, from) = (&mut to.limbs[..words], &mut from.limbs[..words]);
        to.chunks_mut(MERGED).zip(from.chunks_mut(MERGED))
    });
    let crew = crew.if_worthwhile(count * words >= SEVERAL * MERGED);
    crew.for_each(pieces, |(to, from)| {
        merge(to, from);
        from.fill(0);
    });
}
