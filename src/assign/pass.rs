//! One pass of a fit, or over a chunk of a stream: labels, and the sums that follow them.

use core::ops::Range;
use std::time::{Duration, Instant};

use super::bounds::{MarginCosts, PassBounds, StretchMargins};
use super::groups::{GroupScratch, GroupedCenters, RowBounds};
use super::label::{Counts, LabelScratch};
use super::packing::{Packing, Prepared};
use crate::call::{Job, Shape};
use crate::exact::accumulator::{ExactSum, PRODUCT_DIGITS};
use crate::exact::declared_range::DeclaredRange;
use crate::exact::inertia;
use crate::exact::limbs::Moves;
use crate::points::Which;
use crate::quantize::int16::{Int16Rows, QuantizedPoints};
use crate::runtime::threads::PerThread;
use crate::runtime::workspace::{spoil, Cut};
use crate::simd::{InstructionSet, Kernel, Lanes, Level};
use crate::update::{Plan, Sums, Terms};

/// Writes the indices at which labels differ to `indices`; returns how many.
fn changed(level: Level, old: &[i32], new: &[i32], indices: &mut [u32]) -> usize {
    assert!(new.len() == old.len() && indices.len() >= old.len());
    level.run(Changed { old, new, indices })
}

/// There are as many new labels as old ones, and room for as many indices.
struct Changed<'a> {
    old: &'a [i32],
    new: &'a [i32],
    indices: &'a mut [u32],
}

impl Kernel for Changed<'_> {
    type Out = usize;

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) -> usize {
        let Changed { old, new, indices } = self;
        // What `Lanes::differences` compares at a time.
        const COMPARED: usize = 16;
        let mut count = 0;
        let mut p = 0;
        // SAFETY: the caller is compiled for the lanes; `changed` has checked the lengths. Labels are read below these; as many indices
        // are written at a time, from a place that is not beyond the first of the labels.
        unsafe {
            while p + COMPARED <= old.len() {
                let bits = I::Lanes::differences(old.as_ptr().add(p), new.as_ptr().add(p));
                count += I::Lanes::list(indices.as_mut_ptr().add(count), p as u32, bits);
                p += COMPARED;
            }
        }
        for p in p..old.len() {
            if old[p] != new[p] {
                indices[count] = p as u32;
                count += 1;
            }
        }
        count
    }
}

/// When the work that is being done began.
struct Clock(Instant);

impl Clock {
    /// The time since the last call, or since the clock was made.
    fn lap(&mut self) -> Duration {
        let end = Instant::now();
        end - core::mem::replace(&mut self.0, end)
    }
}

/// What one thread works with in a pass, and its results in the current one.
pub(crate) struct PassWorker<'w> {
    scratch: LabelScratch<'w>,
    by_groups: GroupScratch<'w>,
    sums: Sums<'w>,
    /// The points of a stretch that have to be tested.
    listed: &'w mut [u32],
    moving: Moving<'w>,
    /// Storage of the range check, where the pass is watched.
    observed: &'w mut [f64],
    /// Labels that this thread changed.
    changed: i64,
    clock: Clock,
    assigning: Duration,
    updating: Duration,
    watched: Watched,
}

impl<'w> PassWorker<'w> {
    pub(crate) fn cut(from: &mut impl Cut<'w>, shape: &Shape, plan: &Plan) -> Self {
        let stretch = shape.stretch();
        PassWorker {
            scratch: LabelScratch::cut(from, shape),
            by_groups: GroupScratch::cut(from, shape),
            sums: Sums::cut(from, plan),
            listed: from.take(stretch),
            moving: Moving::cut(from, stretch),
            observed: &mut [],
            changed: 0,
            clock: Clock(Instant::now()),
            assigning: Duration::ZERO,
            updating: Duration::ZERO,
            watched: Watched::default(),
        }
    }

    /// Forgets what was labelled and summed.
    pub(crate) fn forget(&mut self) {
        self.scratch.forget();
        self.by_groups.forget();
        self.sums.forget();
        spoil(self.listed, u32::MAX);
        self.moving.forget();
    }

    /// One that can be watched.
    pub(crate) fn watched(self, observed: &'w mut [f64]) -> Self {
        PassWorker { observed, ..self }
    }
}

/// What a pass over a chunk of a stream does besides labelling: it checks that the chunk is in the declared range, and sums the
/// inertia.
///
/// Labelling comes first, since it prefetches, and leaves the block in the cache. It may be given any numbers: what is not finite
/// proves nothing, and at worst leaves a point without a label, -1. A block that is out of range may be in the thread's sums, which
/// are then thrown away.
#[derive(Clone, Copy)]
pub(crate) struct Watch<'a> {
    pub(crate) declared_range: &'a DeclaredRange<'a>,
    /// Whether the inertia is wanted.
    pub(crate) inertia: bool,
}

/// What watching a pass found.
#[derive(Default)]
pub(crate) struct Watched {
    /// Whether a block was out of the declared range.
    pub(crate) broken: bool,
    pub(crate) inertia: ExactSum<PRODUCT_DIGITS>,
}

impl PassWorker<'_> {
    /// What watching found.
    pub(crate) fn found(&mut self) -> &mut Watched {
        &mut self.watched
    }
}

impl<'w> AsMut<Sums<'w>> for PassWorker<'w> {
    fn as_mut(&mut self) -> &mut Sums<'w> {
        &mut self.sums
    }
}

/// What a pass did.
pub(crate) struct PassResult {
    /// Labels that changed.
    pub(crate) changed: i64,
    pub(crate) counts: Counts,
    /// Wall time, shared out in the proportion of the threads' time.
    pub(crate) assigning: Duration,
    pub(crate) updating: Duration,
}

/// What a pass uses of earlier ones, and what it does besides labelling.
pub(crate) struct PassInputs<'a, 'w> {
    /// The bounds that it uses or finds, if any.
    pub(crate) bounds: Option<PassBounds<'a, 'w>>,
    pub(crate) quantized: &'a mut QuantizedPoints<'w>,
    pub(crate) summing: Summing<'a>,
    pub(crate) watch: Option<Watch<'a>>,
}

/// What a pass does with the terms of the sums.
#[derive(Clone, Copy)]
pub(crate) enum Summing<'a> {
    /// Nothing: there will be no update.
    Not,
    /// Adds all points; the sums were cleared.
    All(&'a Terms<'a>),
    /// Moves the points whose label changes; the sums are those of the labels as they were (L15).
    Moved(&'a Terms<'a>),
}

/// Labels all points, and keeps the sums up to date.
pub(crate) fn pass(
    job: &Job<'_>,
    packing: &mut Packing<'_>,
    workers: &mut PerThread<PassWorker<'_>>,
    centers: &[f64],
    labels: &mut [i32],
    inputs: PassInputs<'_, '_>,
) -> PassResult {
    let begin = Instant::now();
    let PassInputs {
        bounds,
        quantized,
        summing,
        watch,
    } = inputs;
    let rows = quantized.rows();
    let (margins, groups) = bounds.map(|bounds| (bounds.margins, bounds.groups)).unzip();
    let prepared = packing.prepare(job, centers, margins.is_some(), &rows);
    let groups = groups.flatten();
    let (groups, row_bounds) = groups
        .and_then(|groups| groups.begin(&prepared.ready.pass))
        .unzip();
    for worker in workers.iter_mut() {
        worker.scratch.start(&prepared);
        (worker.changed, worker.assigning, worker.updating) = Default::default();
    }
    let mut rest = (margins, row_bounds, rows);
    let stretches = job.stretches().zip(labels.chunks_mut(job.stretch));
    let stretches = stretches.map(move |(points, labels)| {
        let (margins, row_bounds, rows) = core::mem::take(&mut rest);
        let (margins, other_margins) = margins.map(|margins| margins.split(points.len())).unzip();
        let (row_bounds, other_bounds) =
            row_bounds.map(|bounds| bounds.split(points.len())).unzip();
        let (rows, other_rows) = rows.split(points.len());
        rest = (other_margins, other_bounds, other_rows);
        Stretch {
            points,
            labels,
            margins: margins.flatten(),
            row_bounds,
            rows,
        }
    });
    let context = PassContext {
        job,
        prepared: &prepared,
        groups: groups.as_ref(),
        summing,
        watch,
        centers,
        costs: MarginCosts::new(job.points.d(), centers.len() / job.points.d()),
    };
    job.crew.run(stretches, workers, |worker, stretch| {
        worker.label_stretch(&context, stretch)
    });
    let (mut changed, mut assigning, mut updating) = (0, Duration::ZERO, Duration::ZERO);
    let mut counts = Counts::default();
    for worker in workers.iter_mut() {
        let (_, theirs) = worker.scratch.end();
        counts.pairs += theirs.pairs;
        counts.in_vain += theirs.in_vain;
        counts.rechecked += theirs.rechecked;
        counts.evaluated += theirs.evaluated;
        changed += worker.changed;
        assigning += worker.assigning;
        updating += worker.updating;
    }
    packing.record(workers.iter_mut().map(|worker| worker.scratch.end().0));
    let (wall, threads): (Duration, Duration) = (begin.elapsed(), assigning + updating);
    let share = updating.as_secs_f64() / threads.as_secs_f64().max(f64::MIN_POSITIVE);
    let updating = wall.mul_f64(share.min(1.0));
    PassResult {
        changed,
        counts,
        assigning: wall.saturating_sub(updating),
        updating,
    }
}

/// Some consecutive blocks of points, with all that belongs to them: enough points for those that are tested to fill the kernels'
/// groups.
struct Stretch<'a> {
    points: Range<usize>,
    labels: &'a mut [i32],
    margins: Option<StretchMargins<'a>>,
    row_bounds: Option<RowBounds<'a>>,
    rows: Int16Rows<'a>,
}

/// A pass, as a thread sees it.
struct PassContext<'a, 'w, 'p> {
    job: &'p Job<'a>,
    prepared: &'p Prepared<'a, 'w>,
    /// The centers in groups, where the pass is made by groups.
    groups: Option<&'p GroupedCenters<'p>>,
    summing: Summing<'p>,
    watch: Option<Watch<'p>>,
    centers: &'p [f64],
    costs: MarginCosts,
}

impl PassWorker<'_> {
    /// Labels a stretch.
    fn label_stretch(&mut self, pass: &PassContext<'_, '_, '_>, mut stretch: Stretch<'_>) {
        self.clock.lap();
        let Range { start, end } = stretch.points;
        let level = pass.job.level;
        // The points that are left to be tested, picked from a list unless they are too many.
        let decayed = match &mut stretch.margins {
            Some(margins) => margins.decay(level, stretch.labels, self.listed),
            None => None,
        };
        let listed = match pass.groups {
            Some(groups) => Some(self.list_for_groups(pass, groups, &mut stretch, decayed)),
            None => decayed.filter(|&listed| pass.costs.pick(listed, end - start)),
        };
        let Some(listed) = listed else {
            for block in pass.job.blocks_of(start..end) {
                // What this thread works on next, if all are equally fast.
                let next = match block.end < end {
                    true => block.end,
                    false => start + pass.job.crew.threads() * pass.job.stretch,
                };
                let next = next..next + pass.job.block;
                self.label(pass, &Which::Block(block.clone()), next, &mut stretch);
                self.add(pass, block, &stretch);
                if self.watched.broken {
                    return;
                }
            }
            return;
        };
        let list = core::mem::take(&mut self.listed);
        let mut parts = list[..listed].chunks(pass.job.block).peekable();
        while let Some(part) = parts.next() {
            let next = parts.peek().map_or(0..0, |next| dense(next, start));
            self.label(pass, &Which::Listed(part, start), next, &mut stretch);
        }
        self.listed = list;
        for block in pass.job.blocks_of(start..end) {
            self.add(pass, block, &stretch);
        }
    }

    /// How many points a pass by groups tests, which are listed: those whose margins are used up; or all, where bounds are made anew. Codes the rows
    /// that are not there yet.
    fn list_for_groups(
        &mut self,
        pass: &PassContext<'_, '_, '_>,
        groups: &GroupedCenters<'_>,
        stretch: &mut Stretch<'_>,
        decayed: Option<usize>,
    ) -> usize {
        for block in pass.job.blocks_of(stretch.points.clone()) {
            self.scratch
                .code(pass.job, &groups.coding, block, &mut stretch.rows);
        }
        let anew = stretch.row_bounds.as_ref().map(|bounds| bounds.anew);
        match (decayed, anew) {
            (Some(listed), Some(false)) => listed,
            (None, Some(true)) => {
                let all = self.listed.iter_mut().zip(0..);
                all.for_each(|(listed, p)| *listed = p);
                stretch.points.len()
            }
            _ => unreachable!("bounds are made anew where margins are"),
        }
    }

    /// Labels some points of a stretch.
    fn label(
        &mut self,
        pass: &PassContext<'_, '_, '_>,
        which: &Which<'_>,
        next: Range<usize>,
        stretch: &mut Stretch<'_>,
    ) {
        let Stretch {
            points,
            labels,
            margins: kept,
            row_bounds,
            rows,
        } = stretch;
        let wanted = kept.is_some();
        let (new, margins) = match (pass.groups, row_bounds, which) {
            (Some(groups), Some(bounds), &Which::Listed(points, first)) => {
                let list = (points, first);
                let scratch = (&mut self.scratch, &mut self.by_groups);
                label_by_groups(pass, groups, list, labels, bounds, rows, scratch)
            }
            _ => {
                let which = (which, which.len());
                self.scratch
                    .label(pass.job, which, next, wanted, rows, pass.prepared)
            }
        };
        let changed = match which {
            Which::Block(block) => {
                let first = block.start - points.start;
                if let Some(kept) = kept {
                    kept.store_block(first, margins);
                }
                match pass.summing {
                    Summing::Moved(_) => self.moving.of_block(pass.job, first, new, labels),
                    Summing::Not | Summing::All(_) => relabel(&mut labels[first..], new),
                }
            }
            Which::Listed(points, _) => {
                if let Some(kept) = kept {
                    kept.store_listed(points, margins);
                }
                self.moving.some(pass.job.level, points, new, labels)
            }
        };
        self.assigning += self.clock.lap();
        self.transfer(pass, points.clone(), changed);
    }

    /// Counts the first few points of `moving` as changed, and moves their terms, if that is how sums are kept.
    fn transfer(&mut self, pass: &PassContext<'_, '_, '_>, among: Range<usize>, changed: usize) {
        self.changed += changed as i64;
        if let Summing::Moved(terms) = pass.summing {
            let moves = self.moving.moves(changed);
            self.sums.transfer(pass.job, terms, among, &moves);
            self.updating += self.clock.lap();
        }
    }

    /// Adds a block of a stretch, where all points are summed.
    fn add(&mut self, pass: &PassContext<'_, '_, '_>, block: Range<usize>, stretch: &Stretch<'_>) {
        if let Summing::All(terms) = pass.summing {
            let first = block.start - stretch.points.start;
            let labels = &stretch.labels[first..][..block.len()];
            if self.watched_sums(pass, terms, block.clone(), labels) {
                let sum = &mut self.watched.inertia;
                inertia::add(pass.job, block, labels, 0, pass.centers, sum);
            }
            self.updating += self.clock.lap();
        }
    }

    /// Adds a block to the sums, and checks that it is in the declared range, where the pass is watched; returns whether its inertia
    /// is wanted.
    fn watched_sums(
        &mut self,
        pass: &PassContext<'_, '_, '_>,
        terms: &Terms<'_>,
        block: Range<usize>,
        labels: &[i32],
    ) -> bool {
        let Some(watch) = pass.watch else {
            self.sums.add(pass.job, terms, block, labels);
            return false;
        };
        let declared_range = watch.declared_range;
        let kept = match terms.tests_coordinates() && pass.job.weights.is_none() {
            true => {
                let most = labels.iter().fold(0, |most, &j| most.max(j as u32));
                let labelled = (most as usize) < pass.centers.len() / pass.job.points.d();
                labelled
                    && (self.sums.add(pass.job, terms, block.clone(), labels)
                        || declared_range.holds_block(pass.job, block, self.observed))
            }
            false => {
                let kept = declared_range.holds_block(pass.job, block.clone(), self.observed);
                if kept {
                    self.sums.add(pass.job, terms, block, labels);
                }
                kept
            }
        };
        self.watched.broken |= !kept;
        watch.inertia && !self.watched.broken
    }
}

/// Labels listed points of a stretch by groups of centers, and those that stay open as any others; their margins, too.
fn label_by_groups<'s>(
    pass: &PassContext<'_, '_, '_>,
    groups: &GroupedCenters<'_>,
    (listed, first): (&[u32], usize),
    labels: &[i32],
    bounds: &mut RowBounds<'_>,
    rows: &mut Int16Rows<'_>,
    (scratch, room): (&mut LabelScratch<'_>, &'s mut GroupScratch<'_>),
) -> (&'s [i32], &'s [f32]) {
    let which = Which::Listed(listed, first);
    let valid = rows.valid(&which).expect("rows that were coded are valid");
    let tested = groups.test(pass.job, (listed, first), valid, labels, bounds, room);
    scratch.count_pairs(tested.pairs, tested.in_vain);
    let open = &room.open[..tested.open];
    if !open.is_empty() {
        let which = (&Which::Listed(open, first), listed.len());
        let (new, margins) = scratch.label(pass.job, which, 0..0, true, rows, pass.prepared);
        // Both are in ascending order.
        let mut lanes = listed.iter().enumerate();
        for (p, (&label, &margin)) in open.iter().zip(new.iter().zip(margins)) {
            let lane = lanes.find(|&(_, other)| other == p);
            let (lane, _) = lane.expect("open points were listed");
            (room.labels[lane], room.margins[lane]) = (label, margin);
        }
    }
    let count = listed.len();
    (&room.labels[..count], &room.margins[..count])
}

/// Labels a block anew; returns how many labels change.
fn relabel(labels: &mut [i32], new: &[i32]) -> usize {
    let mut moved = 0u32;
    for (label, &new) in labels.iter_mut().zip(new) {
        moved += u32::from(*label != new);
        *label = new;
    }
    moved as usize
}

/// The points from the first to the last of a list, counted from `first`, if most of them are on it. Otherwise prefetching them all
/// would cost more than it saves.
fn dense(list: &[u32], first: usize) -> Range<usize> {
    match list {
        [from, .., to] if ((to - from) as usize) < 2 * list.len() => {
            first + *from as usize..first + *to as usize + 1
        }
        _ => 0..0,
    }
}

/// Points that move, and from where to where.
struct Moving<'w> {
    points: &'w mut [u32],
    from: &'w mut [i32],
    to: &'w mut [i32],
}

impl<'w> Moving<'w> {
    fn cut(from: &mut impl Cut<'w>, stretch: usize) -> Self {
        Moving {
            points: from.take(stretch),
            from: from.take(stretch),
            to: from.take(stretch),
        }
    }

    fn forget(&mut self) {
        spoil(self.points, u32::MAX);
        spoil(self.from, i32::MAX);
        spoil(self.to, i32::MAX);
    }

    /// The first few.
    fn moves(&self, count: usize) -> Moves<'_> {
        Moves {
            points: &self.points[..count],
            from: &self.from[..count],
            to: &self.to[..count],
        }
    }

    /// Labels anew a block, which starts at label `first`; returns how many moved.
    fn of_block(&mut self, job: &Job<'_>, first: usize, new: &[i32], labels: &mut [i32]) -> usize {
        let labels = &mut labels[first..][..new.len()];
        let count = changed(job.level, labels, new, self.points);
        let points = self.points[..count].iter_mut();
        for ((p, from), to) in points.zip(&mut *self.from).zip(&mut *self.to) {
            let lane = *p as usize;
            *p += first as u32;
            *to = new[lane];
            *from = core::mem::replace(&mut labels[lane], *to);
        }
        count
    }

    /// Labels some points anew; returns how many moved.
    fn some(&mut self, level: Level, points: &[u32], new: &[i32], labels: &mut [i32]) -> usize {
        let old = &mut self.from[..points.len()];
        for (old, &p) in old.iter_mut().zip(points) {
            *old = labels[p as usize];
        }
        let count = changed(level, old, new, self.points);
        for i in 0..count {
            // Lanes ascend, so what is read is not overwritten yet.
            let lane = self.points[i] as usize;
            (self.points[i], self.from[i], self.to[i]) = (points[lane], self.from[lane], new[lane]);
            labels[points[lane] as usize] = new[lane];
        }
        count
    }
}
