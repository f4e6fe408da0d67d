//! One pass of a fit: labels, and the sums that follow them.

use core::ops::Range;
use std::time::{Duration, Instant};

use super::bounds::Margins;
use super::ladder::{Counts, Packing, Prepared, Scratch};
use crate::job::Job;
use crate::lanes::Lanes;
use crate::parallel::PerThread;
use crate::plan::Shape;
use crate::tile::Which;
use crate::update::{Moves, Plan, Sums, Terms};
use crate::workspace::Cut;

/// Writes the indices at which labels differ to `moved`; returns how many.
///
/// # Safety
/// The caller is compiled for `L`. `new` and `moved` have as many elements as `old`.
#[inline(always)]
pub(crate) unsafe fn moved<L: Lanes>(old: &[i32], new: &[i32], moved: &mut [u32]) -> usize {
    const TOGETHER: usize = 16;
    let mut count = 0;
    let mut p = 0;
    // SAFETY: labels are read below the length; there are at most as many indices.
    unsafe {
        while p + TOGETHER <= old.len() {
            let mut bits = L::differences(old.as_ptr().add(p), new.as_ptr().add(p));
            while bits != 0 {
                *moved.get_unchecked_mut(count) = p as u32 + bits.trailing_zeros();
                count += 1;
                bits &= bits - 1;
            }
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

/// What one thread of a fit works with, and what it found in the current pass.
pub(crate) struct Worker<'w> {
    scratch: Scratch<'w>,
    sums: Sums<'w>,
    /// Points of a stretch that have to be looked at, and those of them that moved, with their old and new labels.
    spent: &'w mut [u32],
    moved: &'w mut [u32],
    from: &'w mut [i32],
    to: &'w mut [i32],
    found: i64,
    assigning: Duration,
    updating: Duration,
}

impl<'w> Worker<'w> {
    pub(crate) fn cut(from: &mut impl Cut<'w>, shape: &Shape, plan: &Plan) -> Self {
        let stretch = shape.stretch();
        Worker {
            scratch: Scratch::cut(from, shape),
            sums: Sums::cut(from, plan),
            spent: from.take(stretch),
            moved: from.take(stretch),
            from: from.take(stretch),
            to: from.take(stretch),
            found: 0,
            assigning: Duration::ZERO,
            updating: Duration::ZERO,
        }
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
    /// Moves the points whose label changes; the sums are those of the labels as they were.
    Moved(&'a Terms<'a>),
}

/// Labels all points, and keeps the sums up.
pub(crate) fn pass(
    job: &Job<'_>,
    packing: &mut Packing<'_>,
    team: &mut PerThread<Worker<'_>>,
    centers: &[f64],
    labels: &mut [i32],
    margins: Margins<'_>,
    summing: Summing<'_>,
) -> Pass {
    let begin = Instant::now();
    let prepared = packing.prepare(job, centers);
    for worker in team.iter_mut() {
        worker.scratch.start(&prepared);
        (worker.found, worker.assigning, worker.updating) = Default::default();
    }
    let (mut known, losses) = match margins {
        Margins::Not => (None, None),
        Margins::Find(margins) => (Some(margins), None),
        Margins::Use(margins, losses) => (Some(margins), Some(losses)),
    };
    let stretches = job.stretches().zip(labels.chunks_mut(job.stretch));
    let stretches = stretches.map(move |(points, labels)| {
        let margins = known.take().map(|all| {
            let (these, rest) = all.split_at_mut(points.len());
            known = Some(rest);
            these
        });
        Stretch {
            points,
            labels,
            margins,
            losses,
        }
    });
    job.crew.run(stretches, team, |worker, stretch| {
        worker.go(job, &prepared, stretch, summing);
    });
    let (mut moved, mut assigning, mut updating) = (0, Duration::ZERO, Duration::ZERO);
    let mut counts = Counts::default();
    for worker in team.iter_mut() {
        let (_, theirs) = worker.scratch.end();
        counts.looked += theirs.looked;
        counts.rechecked += theirs.rechecked;
        counts.evaluated += theirs.evaluated;
        moved += worker.found;
        assigning += worker.assigning;
        updating += worker.updating;
    }
    packing.settle(team.iter_mut().map(|worker| worker.scratch.end().0));
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
    /// Margins, where they are wanted or known; losses where they are known.
    margins: Option<&'a mut [f32]>,
    losses: Option<&'a [f32]>,
}

impl Worker<'_> {
    /// Labels a stretch.
    fn go<'a>(
        &mut self,
        job: &Job<'a>,
        prepared: &Prepared<'a, '_>,
        mut stretch: Stretch<'_>,
        summing: Summing<'_>,
    ) {
        let begin = Instant::now();
        let Range { start, end } = stretch.points;
        let spent = match (&mut stretch.margins, stretch.losses) {
            (Some(margins), Some(losses)) => {
                job.kernels
                    .spend(margins, stretch.labels, losses, self.spent)
            }
            _ => end - start,
        };
        self.assigning += begin.elapsed();
        // Where most are spent, whole blocks cost less than picking.
        if spent > (end - start) / 4 * 3 {
            for block in job.blocks_of(start..end) {
                // What this thread works on next, if all are equally fast.
                let next = match block.end < end {
                    true => block.end,
                    false => start + job.crew.threads() * job.stretch,
                };
                let which = Which::Block(block.clone());
                let next = next..next + job.block;
                self.look(job, prepared, &which, next, &mut stretch, summing);
                self.add(job, summing, block, &stretch);
            }
        } else {
            let list = core::mem::take(&mut self.spent);
            for part in list[..spent].chunks(job.block) {
                let which = Which::Some(part, start);
                self.look(job, prepared, &which, 0..0, &mut stretch, summing);
            }
            self.spent = list;
            for block in job.blocks_of(start..end) {
                self.add(job, summing, block, &stretch);
            }
        }
    }

    /// Labels some points of a stretch.
    fn look<'a>(
        &mut self,
        job: &Job<'a>,
        prepared: &Prepared<'a, '_>,
        which: &Which<'_>,
        next: Range<usize>,
        stretch: &mut Stretch<'_>,
        summing: Summing<'_>,
    ) {
        let begin = Instant::now();
        let wanted = stretch.margins.is_some();
        let (new, margins) = self.scratch.label(job, which, next, wanted, prepared);
        let moved = match which {
            Which::Block(block) => {
                let first = block.start - stretch.points.start;
                let labels = &mut stretch.labels[first..][..new.len()];
                let moved = job.kernels.moved(labels, new, self.moved);
                let changed = self.moved[..moved].iter_mut();
                for ((p, from), to) in changed.zip(&mut *self.from).zip(&mut *self.to) {
                    let lane = *p as usize;
                    *p += first as u32;
                    *to = new[lane];
                    *from = core::mem::replace(&mut labels[lane], *to);
                }
                if let Some(all) = &mut stretch.margins {
                    all[first..][..margins.len()].copy_from_slice(margins);
                }
                moved
            }
            Which::Some(points, _) => {
                let mut moved = 0;
                for (&p, &to) in points.iter().zip(new) {
                    let label = &mut stretch.labels[p as usize];
                    if *label != to {
                        self.moved[moved] = p;
                        self.to[moved] = to;
                        self.from[moved] = core::mem::replace(label, to);
                        moved += 1;
                    }
                }
                if let Some(all) = &mut stretch.margins {
                    for (&p, &margin) in points.iter().zip(margins) {
                        all[p as usize] = margin;
                    }
                }
                moved
            }
        };
        self.found += moved as i64;
        let looked = Instant::now();
        self.assigning += looked - begin;
        if let Summing::Moved(terms) = summing {
            let moves = Moves {
                points: &self.moved[..moved],
                from: &self.from[..moved],
                to: &self.to[..moved],
            };
            self.sums
                .transfer(job, terms, stretch.points.clone(), &moves);
            self.updating += looked.elapsed();
        }
    }

    /// Adds a block of a stretch, where all points are summed.
    fn add(
        &mut self,
        job: &Job<'_>,
        summing: Summing<'_>,
        block: Range<usize>,
        stretch: &Stretch<'_>,
    ) {
        if let Summing::All(terms) = summing {
            let begin = Instant::now();
            let first = block.start - stretch.points.start;
            let labels = &stretch.labels[first..][..block.len()];
            self.sums.add(job, terms, block, labels);
            self.updating += begin.elapsed();
        }
    }
}
