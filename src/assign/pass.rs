//! One pass of a fit: labels, and the sums that follow them.

use core::ops::Range;
use std::time::{Duration, Instant};

use super::bounds::{spend, Costs, Shortcut};
use super::label::{Counts, Scratch};
use super::packing::{Packing, Prepared};
use crate::call::{Job, Shape};
use crate::exact::accumulator::{ExactSum, PRODUCT_DIGITS};
use crate::exact::declared_range::Promise;
use crate::exact::inertia;
use crate::exact::limbs::Moves;
use crate::points::Which;
use crate::quantize::int16::{Int16Rows, QuantizedPoints};
use crate::runtime::threads::PerThread;
use crate::runtime::workspace::{spoil, Cut};
use crate::simd::{InstructionSet, Kernel, Lanes, Level};
use crate::update::{Plan, Sums, Terms};

/// Writes the indices at which labels differ to `moved`; returns how many.
fn moved(level: Level, old: &[i32], new: &[i32], moved: &mut [u32]) -> usize {
    assert!(new.len() == old.len() && moved.len() >= old.len());
    level.run(Moved { old, new, moved })
}

/// There are as many new labels as old ones, and room for as many indices.
struct Moved<'a> {
    old: &'a [i32],
    new: &'a [i32],
    moved: &'a mut [u32],
}

impl Kernel for Moved<'_> {
    type Out = usize;

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) -> usize {
        let Moved { old, new, moved } = self;
        const TOGETHER: usize = 16;
        let mut count = 0;
        let mut p = 0;
        // SAFETY: the caller is compiled for the lanes; `moved` has seen to the lengths. Labels are read below them; as many indices are written at a time, from a place on that is not beyond them.
        unsafe {
            while p + TOGETHER <= old.len() {
                let bits = I::Lanes::differences(old.as_ptr().add(p), new.as_ptr().add(p));
                count += I::Lanes::list(moved.as_mut_ptr().add(count), p as u32, bits);
                p += TOGETHER;
            }
        }
        for p in p..old.len() {
            if old[p] != new[p] {
                moved[count] = p as u32;
                count += 1;
            }
        }
        count
    }
}

/// Since when the work takes that is being done.
struct Clock(Instant);

impl Clock {
    /// How long the work took that is done now; the next begins.
    fn lap(&mut self) -> Duration {
        let end = Instant::now();
        end - core::mem::replace(&mut self.0, end)
    }
}

/// What one thread of a fit works with, and what it found in the current pass.
pub(crate) struct Worker<'w> {
    scratch: Scratch<'w>,
    sums: Sums<'w>,
    /// Points of a stretch that have to be looked at.
    spent: &'w mut [u32],
    moving: Moving<'w>,
    /// Storage of the scan, where the pass is watched.
    seen: &'w mut [f64],
    found: i64,
    clock: Clock,
    assigning: Duration,
    updating: Duration,
    watched: Watched,
}

impl<'w> Worker<'w> {
    pub(crate) fn cut(from: &mut impl Cut<'w>, shape: &Shape, plan: &Plan) -> Self {
        let stretch = shape.stretch();
        Worker {
            scratch: Scratch::cut(from, shape),
            sums: Sums::cut(from, plan),
            spent: from.take(stretch),
            moving: Moving::cut(from, stretch),
            seen: &mut [],
            found: 0,
            clock: Clock(Instant::now()),
            assigning: Duration::ZERO,
            updating: Duration::ZERO,
            watched: Watched::default(),
        }
    }

    /// Forgets what was labelled and summed.
    pub(crate) fn forget(&mut self) {
        self.scratch.forget();
        self.sums.forget();
        spoil(self.spent, u32::MAX);
        self.moving.forget();
    }

    /// One that can be watched.
    pub(crate) fn watched(self, seen: &'w mut [f64]) -> Self {
        Worker { seen, ..self }
    }
}

/// What a pass over a chunk of a stream does besides: it looks whether the chunk is as it was promised to be, and sums the
/// inertia.
///
/// Labelling comes first, as it asks for memory ahead, and leaves the block in the cache. It may be given any numbers: what is
/// not finite proves nothing, and at worst leaves a point without a label, -1. A block that breaks the promise may be in the
/// thread's sums, of which nobody hears.
#[derive(Clone, Copy)]
pub(crate) struct Watch<'a> {
    pub(crate) promise: &'a Promise<'a>,
    /// Whether the inertia is wanted.
    pub(crate) inertia: bool,
}

/// What came of it.
#[derive(Default)]
pub(crate) struct Watched {
    /// Whether a block was not as promised.
    pub(crate) broken: bool,
    pub(crate) inertia: ExactSum<PRODUCT_DIGITS>,
}

impl Worker<'_> {
    /// What watching found.
    pub(crate) fn found(&mut self) -> &mut Watched {
        &mut self.watched
    }
}

impl<'w> AsMut<Sums<'w>> for Worker<'w> {
    fn as_mut(&mut self) -> &mut Sums<'w> {
        &mut self.sums
    }
}

/// What a pass found.
pub(crate) struct Pass {
    /// Labels that changed.
    pub(crate) moved: i64,
    pub(crate) counts: Counts,
    /// Wall time, shared out in the proportion of the threads' time.
    pub(crate) assigning: Duration,
    pub(crate) updating: Duration,
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

/// Labels all points, and keeps the sums up.
pub(crate) fn pass(
    job: &Job<'_>,
    packing: &mut Packing<'_>,
    team: &mut PerThread<Worker<'_>>,
    centers: &[f64],
    labels: &mut [i32],
    (mut shortcut, kept): (Shortcut<'_>, &mut QuantizedPoints<'_>),
    (summing, watch): (Summing<'_>, Option<Watch<'_>>),
) -> Pass {
    let begin = Instant::now();
    let words = kept.rows();
    let prepared = packing.prepare(job, centers, shortcut.margins().is_some(), &words);
    for worker in team.iter_mut() {
        worker.scratch.start(&prepared);
        (worker.found, worker.assigning, worker.updating) = Default::default();
    }
    let mut rest = (shortcut, words);
    let stretches = job.stretches().zip(labels.chunks_mut(job.stretch));
    let stretches = stretches.map(move |(points, labels)| {
        let (shortcut, words) = core::mem::take(&mut rest);
        let (shortcut, other_shortcut) = shortcut.split(points.len());
        let (words, other_words) = words.split(points.len());
        rest = (other_shortcut, other_words);
        Stretch {
            points,
            labels,
            shortcut,
            words,
        }
    });
    let going = Going {
        job,
        prepared: &prepared,
        summing,
        watch,
        centers,
        costs: Costs::new(job.points.d(), centers.len() / job.points.d()),
    };
    job.crew.run(stretches, team, |worker, stretch| {
        worker.go(&going, stretch)
    });
    let (mut moved, mut assigning, mut updating) = (0, Duration::ZERO, Duration::ZERO);
    let mut counts = Counts::default();
    for worker in team.iter_mut() {
        let (_, theirs) = worker.scratch.end();
        counts.pairs += theirs.pairs;
        counts.rechecked += theirs.rechecked;
        counts.evaluated += theirs.evaluated;
        moved += worker.found;
        assigning += worker.assigning;
        updating += worker.updating;
    }
    packing.record(team.iter_mut().map(|worker| worker.scratch.end().0));
    let (wall, threads): (Duration, Duration) = (begin.elapsed(), assigning + updating);
    let share = updating.as_secs_f64() / threads.as_secs_f64().max(f64::MIN_POSITIVE);
    let updating = wall.mul_f64(share.min(1.0));
    Pass {
        moved,
        counts,
        assigning: wall.saturating_sub(updating),
        updating,
    }
}

/// Some blocks of points in a row, with all that belongs to them: enough points for those that need a look to make full tiles.
struct Stretch<'a> {
    points: Range<usize>,
    labels: &'a mut [i32],
    shortcut: Shortcut<'a>,
    words: Int16Rows<'a>,
}

/// A pass, as a thread sees it.
struct Going<'a, 'w, 'p> {
    job: &'p Job<'a>,
    prepared: &'p Prepared<'a, 'w>,
    summing: Summing<'p>,
    watch: Option<Watch<'p>>,
    centers: &'p [f64],
    costs: Costs,
}

impl Worker<'_> {
    /// Labels a stretch.
    fn go(&mut self, pass: &Going<'_, '_, '_>, mut stretch: Stretch<'_>) {
        self.clock.lap();
        let Range { start, end } = stretch.points;
        let level = pass.job.level;
        // How many of the points are picked, where not all are looked at.
        let picked = match &mut stretch.shortcut {
            Shortcut::Margins(margins, losses) => {
                let spent = spend(level, margins, stretch.labels, losses, self.spent);
                pass.costs.pick(spent, end - start).then_some(spent)
            }
            Shortcut::Not | Shortcut::Sample(..) | Shortcut::Find(_) => None,
        };
        let Some(picked) = picked else {
            for block in pass.job.blocks_of(start..end) {
                // What this thread works on next, if all are equally fast.
                let next = match block.end < end {
                    true => block.end,
                    false => start + pass.job.crew.threads() * pass.job.stretch,
                };
                let next = next..next + pass.job.block;
                self.look(pass, &Which::Block(block.clone()), next, &mut stretch);
                self.add(pass, block, &stretch);
                if self.watched.broken {
                    return;
                }
            }
            return;
        };
        let list = core::mem::take(&mut self.spent);
        let mut parts = list[..picked].chunks(pass.job.block).peekable();
        while let Some(part) = parts.next() {
            let next = parts.peek().map_or(0..0, |next| dense(next, start));
            self.look(pass, &Which::Some(part, start), next, &mut stretch);
        }
        self.spent = list;
        for block in pass.job.blocks_of(start..end) {
            self.add(pass, block, &stretch);
        }
    }

    /// Labels some points of a stretch.
    fn look(
        &mut self,
        pass: &Going<'_, '_, '_>,
        which: &Which<'_>,
        next: Range<usize>,
        stretch: &mut Stretch<'_>,
    ) {
        let Stretch {
            points,
            labels,
            shortcut,
            words,
        } = stretch;
        let known = shortcut.margins();
        let (new, margins) =
            self.scratch
                .label(pass.job, which, next, known.is_some(), words, pass.prepared);
        let moved = match which {
            Which::Block(block) => {
                let first = block.start - points.start;
                if let Some(known) = known {
                    known[first..][..margins.len()].copy_from_slice(margins);
                }
                match pass.summing {
                    Summing::Moved(_) => self.moving.of_block(pass.job, first, new, labels),
                    Summing::Not | Summing::All(_) => relabel(&mut labels[first..], new),
                }
            }
            Which::Some(points, _) => {
                if let Some(known) = known {
                    for (&p, &margin) in points.iter().zip(margins) {
                        known[p as usize] = margin;
                    }
                }
                self.moving.some(points, new, labels)
            }
        };
        self.assigning += self.clock.lap();
        self.transfer(pass, points.clone(), moved);
    }

    /// Notes the first few points of `moving` as moved, and moves their terms, if that is how sums are kept.
    fn transfer(&mut self, pass: &Going<'_, '_, '_>, among: Range<usize>, moved: usize) {
        self.found += moved as i64;
        if let Summing::Moved(terms) = pass.summing {
            let moves = self.moving.moves(moved);
            self.sums.transfer(pass.job, terms, among, &moves);
            self.updating += self.clock.lap();
        }
    }

    /// Adds a block of a stretch, where all points are summed.
    fn add(&mut self, pass: &Going<'_, '_, '_>, block: Range<usize>, stretch: &Stretch<'_>) {
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

    /// Adds a block to the sums, and looks whether it is as promised, where the pass is watched; tells whether its inertia is
    /// wanted.
    fn watched_sums(
        &mut self,
        pass: &Going<'_, '_, '_>,
        terms: &Terms<'_>,
        block: Range<usize>,
        labels: &[i32],
    ) -> bool {
        let Some(watch) = pass.watch else {
            self.sums.add(pass.job, terms, block, labels);
            return false;
        };
        let promise = watch.promise;
        let kept = match terms.look() && pass.job.weights.is_none() {
            true => {
                let most = labels.iter().fold(0, |most, &j| most.max(j as u32));
                let labelled = (most as usize) < pass.centers.len() / pass.job.points.d();
                labelled
                    && (self.sums.add(pass.job, terms, block.clone(), labels)
                        || promise.kept(pass.job, block, self.seen))
            }
            false => {
                let kept = promise.kept(pass.job, block.clone(), self.seen);
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

/// Labels a block anew; returns how many labels change.
fn relabel(labels: &mut [i32], new: &[i32]) -> usize {
    let mut moved = 0u32;
    for (label, &new) in labels.iter_mut().zip(new) {
        moved += u32::from(*label != new);
        *label = new;
    }
    moved as usize
}

/// The points from the first to the last of a list, counted from `first`, if most of them are on it: so much more is not worth
/// asking for.
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
        let count = moved(job.level, labels, new, self.points);
        let moved = self.points[..count].iter_mut();
        for ((p, from), to) in moved.zip(&mut *self.from).zip(&mut *self.to) {
            let lane = *p as usize;
            *p += first as u32;
            *to = new[lane];
            *from = core::mem::replace(&mut labels[lane], *to);
        }
        count
    }

    /// Labels some points anew; returns how many moved.
    fn some(&mut self, points: &[u32], new: &[i32], labels: &mut [i32]) -> usize {
        let mut count = 0;
        for (&p, &to) in points.iter().zip(new) {
            let label = &mut labels[p as usize];
            if *label != to {
                (self.points[count], self.to[count]) = (p, to);
                self.from[count] = core::mem::replace(label, to);
                count += 1;
            }
        }
        count
    }
}
