//! Labels: which center is nearest.
//!
//! A pass goes over blocks of points: pack a block for the lanes, find the nearest centers, compare
//! with the labels of the last iteration, and hand the block to the sums while it is in the cache.

mod certify;
mod direct;
mod panel;
pub(crate) mod screen;

use core::ops::Range;
use std::time::{Duration, Instant};

use certify::{scale_for_f32, Certificate};
pub(crate) use direct::nearest;
use panel::{pack_centers, Panels};
use screen::Found;

use crate::distance::own_block;
use crate::job::Job;
use crate::lanes::screen::Working;
use crate::parallel::PerThread;
use crate::plan::Shape;
use crate::tile::{Ahead, Frame, Which};
use crate::update::{Sums, Terms};
use crate::workspace::Cut;

/// How a block is labelled, from the cheapest that may leave much open to the surest.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rung {
    /// Screened in single precision.
    Single,
    /// Screened in double precision.
    Double,
    /// By D itself.
    Direct,
}

impl Rung {
    /// Where to start for a shape. Few dimensions leave little to save: there D costs hardly more than Ŝ, and needs no
    /// second thoughts. Labels beyond 2^24 do not fit single precision.
    fn first(d: usize, k: usize) -> Self {
        match d {
            _ if k < 3 => Rung::Direct,
            0..=4 => Rung::Direct,
            5..=11 => Rung::Double,
            _ if k < 1 << 24 && Certificate::holds::<f32>(d) => Rung::Single,
            _ if Certificate::holds::<f64>(d) => Rung::Double,
            _ => Rung::Direct,
        }
    }

    /// Where to go on after a block of so many points: a second look costs an open point as much as the first, and each
    /// distance more than a screened pair.
    fn after(self, found: Found, points: usize, k: usize) -> Self {
        let dear = found.evaluated > points * k / 16;
        match self {
            Rung::Single if dear => Rung::Double,
            Rung::Double if dear => Rung::Direct,
            same => same,
        }
    }
}

/// Centers packed for screening, once a pass.
pub(crate) struct Packing<'w> {
    rung: Rung,
    scale: f64,
    mean: &'w mut [f64],
    single: &'w mut [f32],
    single_norms: &'w mut [f32],
    double: &'w mut [f64],
    double_norms: &'w mut [f64],
}

impl<'w> Packing<'w> {
    pub(crate) fn cut(from: &mut impl Cut<'w>, shape: &Shape) -> Self {
        let Shape { d, k, .. } = *shape;
        let rung = Rung::first(d, k);
        let all = k.saturating_mul(d);
        let (single, double) = match rung {
            Rung::Single => (1, 1),
            Rung::Double => (0, 1),
            Rung::Direct => (0, 0),
        };
        Packing {
            rung,
            scale: 1.0,
            mean: from.take(d * double),
            single: from.take(all * single),
            single_norms: from.take(k * single),
            double: from.take(all * double),
            double_norms: from.take(k * double),
        }
    }

    /// Takes note of the largest magnitude of any coordinate.
    pub(crate) fn set_largest(&mut self, largest: f64) {
        self.scale = scale_for_f32(largest);
    }

    /// Packs the centers of a pass.
    fn prepare<'a>(&'a mut self, job: &Job<'a>, centers: &'a [f64]) -> Prepared<'a> {
        let d = job.points.d();
        if self.rung != Rung::Direct {
            self.mean.fill(0.0);
            for center in centers.chunks_exact(d) {
                for (m, c) in self.mean.iter_mut().zip(center) {
                    *m += c;
                }
            }
            let k = (centers.len() / d) as f64;
            self.mean.iter_mut().for_each(|m| *m /= k);
        }
        let registers = job.kernels.registers;
        let mean = &*self.mean;
        let single = (self.rung == Rung::Single).then(|| {
            let (data, norms) = (&mut *self.single, &mut *self.single_norms);
            screened(job, centers, mean, self.scale, registers, data, norms)
        });
        let double = (self.rung != Rung::Direct).then(|| {
            let (data, norms) = (&mut *self.double, &mut *self.double_norms);
            screened(job, centers, mean, 1.0, registers, data, norms)
        });
        Prepared {
            rung: self.rung,
            centers,
            single,
            double,
        }
    }
}

/// A pass in one precision.
fn screened<'a, E: Working>(
    job: &Job<'a>,
    centers: &'a [f64],
    mean: &'a [f64],
    scale: f64,
    registers: usize,
    data: &'a mut [E],
    norms: &'a mut [E],
) -> screen::Pass<'a, E> {
    let radius_squared = pack_centers(centers, mean, scale, registers, data, norms);
    let certificate = Certificate::new::<E>(mean.len(), scale, radius_squared);
    screen::Pass {
        points: job.points,
        centers,
        panels: Panels { data, norms },
        frame: Frame {
            mean,
            scale,
            per_square: certificate.per_square,
            constant: certificate.constant,
        },
    }
}

/// Centers ready for a pass.
struct Prepared<'a> {
    rung: Rung,
    centers: &'a [f64],
    single: Option<screen::Pass<'a, f32>>,
    double: Option<screen::Pass<'a, f64>>,
}

/// What one thread labels a block with.
pub(crate) struct Scratch<'w> {
    /// The block, packed for the lanes.
    tile: &'w mut [f64],
    tile_single: &'w mut [f32],
    labels: &'w mut [i32],
    /// For the direct kernel, distances; for screening, the least of each point.
    least: &'w mut [f64],
    least_single: &'w mut [f32],
    reaches: &'w mut [f64],
    reaches_single: &'w mut [f32],
    open: &'w mut [u32],
    rung: Rung,
    /// Points decided by D after screening, and pairs evaluated for them, in the current pass.
    rechecked: i64,
    evaluated: i64,
}

impl<'w> Scratch<'w> {
    pub(crate) fn cut(from: &mut impl Cut<'w>, shape: &Shape) -> Self {
        let Shape { d, k, block, .. } = *shape;
        let rung = Rung::first(d, k);
        let single = if rung == Rung::Single { block } else { 0 };
        let screened = if rung == Rung::Direct { 0 } else { block };
        Scratch {
            tile: from.take(block.saturating_mul(d)),
            tile_single: from.take(single.saturating_mul(d)),
            labels: from.take(block),
            least: from.take(block),
            least_single: from.take(single),
            reaches: from.take(screened),
            reaches_single: from.take(single),
            open: from.take(screened + 1),
            rung,
            rechecked: 0,
            evaluated: 0,
        }
    }

    /// Starts a pass.
    fn start(&mut self, prepared: &Prepared<'_>) {
        self.rung = prepared.rung;
        (self.rechecked, self.evaluated) = (0, 0);
    }

    /// Labels a block.
    fn label(&mut self, job: &Job<'_>, block: Range<usize>, prepared: &Prepared<'_>) -> &[i32] {
        let count = block.len();
        // What this thread works on next, if all are equally fast.
        let next = block.start + job.crew.threads() * job.block;
        let mut ahead = Ahead::of(&job.points, next..next + job.block);
        let found = match (self.rung, &prepared.single, &prepared.double) {
            (Rung::Single, Some(pass), _) => {
                let mut scratch = screen::Scratch {
                    tile: self.tile_single,
                    reaches: self.reaches_single,
                    least: self.least_single,
                    open: self.open,
                    labels: self.labels,
                    ahead,
                };
                job.kernels.screen_f32(pass, block, &mut scratch)
            }
            (Rung::Double, _, Some(pass)) => {
                let mut scratch = screen::Scratch {
                    tile: self.tile,
                    reaches: self.reaches,
                    least: self.least,
                    open: self.open,
                    labels: self.labels,
                    ahead,
                };
                job.kernels.screen_f64(pass, block, &mut scratch)
            }
            _ => {
                let d = job.points.d();
                let which = Which::Block(block);
                let lanes = job.kernels.pack(&job.points, &which, self.tile);
                let labels = &mut self.labels[..lanes];
                let (centers, least) = (prepared.centers, &mut *self.least);
                job.kernels
                    .nearest(self.tile, d, centers, labels, least, &mut ahead);
                Found::default()
            }
        };
        let k = prepared.centers.len() / job.points.d();
        self.rung = self.rung.after(found, count, k);
        self.rechecked += found.open as i64;
        self.evaluated += found.evaluated as i64;
        &self.labels[..count]
    }
}

/// Labels all points, counting from `base`; squared distances where they are wanted.
pub(crate) fn assign(
    job: &Job<'_>,
    packing: &mut Packing<'_>,
    team: &mut PerThread<Scratch<'_>>,
    centers: &[f64],
    base: i32,
    labels: &mut [i32],
    mut sqdist: Option<&mut [f64]>,
) {
    let prepared = packing.prepare(job, centers);
    team.iter_mut().for_each(|scratch| scratch.start(&prepared));
    let blocks = job.blocks().zip(labels.chunks_mut(job.block));
    let blocks = blocks.map(move |(block, labels)| {
        let sqdist = sqdist.take().map(|all| {
            let (these, rest) = all.split_at_mut(block.len());
            sqdist = Some(rest);
            these
        });
        (block, labels, sqdist)
    });
    job.crew
        .run(blocks, team, |scratch, (block, labels, sqdist)| {
            let nearest = scratch.label(job, block.clone(), &prepared);
            if let Some(sqdist) = sqdist {
                own_block(&job.points, job.kernels, block, nearest, centers, sqdist);
            }
            for (label, j) in labels.iter_mut().zip(nearest) {
                *label = j + base;
            }
        });
}

/// What one thread of a fit works with, and what it found in the current pass.
pub(crate) struct Worker<'w> {
    scratch: Scratch<'w>,
    sums: Sums<'w>,
    moved: i64,
    assigning: Duration,
    updating: Duration,
}

impl<'w> Worker<'w> {
    pub(crate) fn new(scratch: Scratch<'w>, sums: Sums<'w>) -> Self {
        Worker {
            scratch,
            sums,
            moved: 0,
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
    /// Points decided by D after screening left them open, and pairs evaluated for them.
    pub(crate) rechecked: i64,
    pub(crate) evaluated: i64,
    /// Wall time, shared out in the proportion of the threads' time.
    pub(crate) assigning: Duration,
    pub(crate) updating: Duration,
}

/// Labels all points; adds `terms`, if any, to the sums, which were cleared.
pub(crate) fn pass(
    job: &Job<'_>,
    packing: &mut Packing<'_>,
    team: &mut PerThread<Worker<'_>>,
    centers: &[f64],
    labels: &mut [i32],
    terms: Option<&Terms<'_>>,
) -> Pass {
    let begin = Instant::now();
    let prepared = packing.prepare(job, centers);
    for worker in team.iter_mut() {
        worker.scratch.start(&prepared);
        (worker.moved, worker.assigning, worker.updating) = Default::default();
    }
    let blocks = job.blocks().zip(labels.chunks_mut(job.block));
    job.crew.run(blocks, team, |worker, (block, labels)| {
        let begin = Instant::now();
        let new = worker.scratch.label(job, block.clone(), &prepared);
        let changed = labels.iter().zip(new).filter(|(a, b)| a != b).count();
        labels.copy_from_slice(new);
        worker.moved += changed as i64;
        let labelled = Instant::now();
        worker.assigning += labelled - begin;
        if let Some(terms) = terms {
            worker.sums.add(job, terms, block, labels);
            worker.updating += labelled.elapsed();
        }
    });
    let (mut moved, mut assigning, mut updating) = (0, Duration::ZERO, Duration::ZERO);
    let (mut rechecked, mut evaluated) = (0, 0);
    for worker in team.iter_mut() {
        rechecked += worker.scratch.rechecked;
        evaluated += worker.scratch.evaluated;
        moved += worker.moved;
        assigning += worker.assigning;
        updating += worker.updating;
    }
    let (wall, threads): (Duration, Duration) = (begin.elapsed(), assigning + updating);
    let share = updating.as_secs_f64() / threads.as_secs_f64().max(f64::MIN_POSITIVE);
    let updating = wall.mul_f64(share.min(1.0));
    Pass {
        moved,
        rechecked,
        evaluated,
        assigning: wall.saturating_sub(updating),
        updating,
    }
}
