//! Labels: which center is nearest.
//!
//! A pass goes over blocks of points: find the nearest centers, compare with the labels of the last iteration, and hand the
//! block to the sums while it is in the cache. Meanwhile the memory of the next block is asked for.
//!
//! | file | what it does |
//! |---|---|
//! | `screen` | labels proven in bytes, single or double precision, and the rest decided by D |
//! | `certify` | when that is a proof |
//! | `panel` | the products it is made of |
//! | `sorted` | one dimension, many centers |
//! | `direct` | D for every pair |
//!
//! Which way a shape starts, and where it goes when too much stays open, this file decides ([`Rung`]).

pub(crate) mod certify;
mod direct;
pub(crate) mod panel;
pub(crate) mod screen;
mod sorted;

use core::ops::Range;
use std::time::{Duration, Instant};

use certify::{byte_reach, byte_scales, scale_for_f32, Certificate};
pub(crate) use direct::nearest;
use panel::{pack_bytes, pack_centers, Panels};
use screen::Found;
use sorted::Sorted;

use crate::distance::own_block;
use crate::job::Job;
use crate::lanes::screen::{Element, Working};
use crate::lanes::Lanes;
use crate::parallel::PerThread;
use crate::plan::Shape;
use crate::points::Layout;
use crate::tile::{Ahead, Bytes, Frame, Which};
use crate::update::{Sums, Terms};
use crate::workspace::Cut;

/// How a block is labelled, from the cheapest that may leave much open to the surest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rung {
    /// Screened in bytes, where the CPU multiplies them four at a time.
    Bytes,
    /// Screened in single precision.
    Single,
    /// Screened in double precision.
    Double,
    /// By a search among sorted centers, in one dimension.
    Sorted,
    /// By D itself.
    Direct,
}

/// Centers in one dimension from which on a search takes less than looking at all.
const SORTED: usize = 192;

impl Rung {
    /// Where to start for a shape. One dimension leaves nothing to save: there D costs no more than Ŝ, and needs no
    /// second thoughts. Labels beyond 2^24 do not fit single precision.
    fn first(shape: &Shape) -> Self {
        let Shape { d, k, layout, .. } = *shape;
        match d {
            _ if k < 3 => Rung::Direct,
            1 if k >= SORTED => Rung::Sorted,
            0..=1 => Rung::Direct,
            32..=2048 if k >= 32 && layout == Layout::Rows => Rung::Bytes,
            _ if k < 1 << 24 && Certificate::holds::<f32>(d) => Rung::Single,
            _ if Certificate::holds::<f64>(d) => Rung::Double,
            _ => Rung::Direct,
        }
    }

    /// Where to go on after a block of so many points: a second look costs an open point as much as the first, and each
    /// distance more than a screened pair.
    fn after(self, found: Found, points: usize, d: usize, k: usize) -> Self {
        let pairs = points.saturating_mul(k);
        let dear = found.evaluated > pairs / 16;
        match self {
            // In cycles: D takes some d / 2 + 60, single precision d / 32, bytes a quarter of that. At half the time of single
            // precision, there is still something won.
            Rung::Bytes if found.evaluated.saturating_mul(d / 2 + 60) > pairs / 64 * d => {
                Rung::Single
            }
            Rung::Single if dear => Rung::Double,
            Rung::Double | Rung::Sorted if dear => Rung::Direct,
            same => same,
        }
    }
}

/// Centers packed in one precision.
struct Packed<'w, E> {
    data: &'w mut [E],
    norms: &'w mut [E],
}

impl<'w, E: Element> Packed<'w, E> {
    /// Room for all centers, or, where this precision is not `wanted`, none.
    fn cut(from: &mut impl Cut<'w>, shape: &Shape, wanted: bool) -> Self {
        let k = if wanted { shape.k } else { 0 };
        Packed {
            data: from.take(k.saturating_mul(screen::elements::<E>(shape.d))),
            norms: from.take(k),
        }
    }

    /// The first k of the centers there is room for.
    fn panels(&self, k: usize, d: usize) -> Panels<'_, E> {
        Panels {
            data: &self.data[..k * screen::elements::<E>(d)],
            norms: &self.norms[..k],
        }
    }
}

/// Centers packed for screening, once a pass.
pub(crate) struct Packing<'w> {
    rung: Rung,
    scale: f64,
    mean: &'w mut [f64],
    bytes: Packed<'w, i32>,
    single: Packed<'w, f32>,
    double: Packed<'w, f64>,
    sorted: (&'w mut [f64], &'w mut [i32]),
}

impl<'w> Packing<'w> {
    pub(crate) fn cut(from: &mut impl Cut<'w>, shape: &Shape) -> Self {
        let rung = Rung::first(shape);
        let sorted = if rung == Rung::Sorted { shape.k } else { 0 };
        Packing {
            rung,
            scale: 1.0,
            mean: from.take(if rung <= Rung::Double { shape.d } else { 0 }),
            bytes: Packed::cut(from, shape, rung <= Rung::Bytes),
            single: Packed::cut(from, shape, rung <= Rung::Single),
            double: Packed::cut(from, shape, rung <= Rung::Double),
            sorted: (from.take(sorted), from.take(sorted)),
        }
    }

    /// Takes note of the largest magnitude of any coordinate.
    pub(crate) fn set_largest(&mut self, largest: f64) {
        self.scale = scale_for_f32(largest);
    }

    /// Packs the centers of a pass, at most as many as it was cut for.
    fn prepare<'a>(&'a mut self, job: &Job<'a>, centers: &'a [f64]) -> Prepared<'a> {
        let d = job.points.d();
        if self.rung <= Rung::Double {
            self.mean.fill(0.0);
            for center in centers.chunks_exact(d) {
                for (m, c) in self.mean.iter_mut().zip(center) {
                    *m += c;
                }
            }
            let k = (centers.len() / d) as f64;
            self.mean.iter_mut().for_each(|m| *m /= k);
        }
        let mean = &*self.mean;
        let bytes = (self.rung == Rung::Bytes && job.kernels.has_bytes())
            .then(|| screened_in_bytes(job, centers, mean, &mut self.bytes))
            .flatten();
        let single = (self.rung <= Rung::Single)
            .then(|| screened(job, centers, mean, self.scale, &mut self.single));
        let double = (self.rung <= Rung::Double)
            .then(|| screened(job, centers, mean, 1.0, &mut self.double));
        let sorted = (self.rung == Rung::Sorted).then(|| {
            let (values, indices) = &mut self.sorted;
            Sorted::new(
                centers,
                &mut values[..centers.len()],
                &mut indices[..centers.len()],
            )
        });
        let rung = match self.rung {
            Rung::Bytes if bytes.is_none() => Rung::Single,
            rung => rung,
        };
        Prepared {
            rung,
            centers,
            bytes,
            single,
            double,
            sorted,
        }
    }
}

/// A pass in one floating-point precision.
fn screened<'a, E: Working>(
    job: &Job<'a>,
    centers: &'a [f64],
    mean: &'a [f64],
    scale: f64,
    packed: &'a mut Packed<'_, E>,
) -> screen::Pass<'a, E, Frame<'a>> {
    let registers = job.kernels.registers;
    let Packed { data, norms } = packed;
    let radius_squared = pack_centers(centers, mean, scale, registers, data, norms);
    let certificate = Certificate::new::<E>(mean.len(), scale, radius_squared);
    screen::Pass {
        points: job.points,
        centers,
        panels: packed.panels(centers.len() / mean.len(), mean.len()),
        frame: Frame {
            mean,
            scale,
            per_square: certificate.per_square,
            constant: certificate.constant,
        },
    }
}

/// Points whose coordinates give the scale of bytes.
const SAMPLE: usize = 64;

/// A pass in bytes, if the data allow it.
fn screened_in_bytes<'a>(
    job: &Job<'a>,
    centers: &'a [f64],
    mean: &'a [f64],
    packed: &'a mut Packed<'_, i32>,
) -> Option<screen::Pass<'a, i32, Bytes<'a>>> {
    let range = |row: &[f64]| {
        let differences = row.iter().zip(mean).map(|(x, m)| (x - m).abs());
        differences.fold(0.0, f64::max)
    };
    let n = job.points.n();
    let sample = (0..n).step_by(n.div_ceil(SAMPLE));
    let points = sample.map(|p| range(job.points.row(p)));
    let points = points.fold(0.0, f64::max);
    let radius = centers.chunks_exact(mean.len()).map(range);
    let (scale, center_scale) = byte_scales(points, radius.fold(0.0, f64::max))?;
    let registers = job.kernels.registers;
    let Packed { data, norms } = packed;
    let scales = (center_scale, scale / center_scale);
    let (radius, error) = pack_bytes(centers, mean, scales, registers, data, norms);
    let (per_norm, per_error, constant) = byte_reach(radius, error);
    Some(screen::Pass {
        points: job.points,
        centers,
        panels: packed.panels(centers.len() / mean.len(), mean.len()),
        frame: Bytes {
            mean,
            scale,
            per_norm,
            per_error,
            constant,
            center_scale,
        },
    })
}

/// Centers ready for a pass.
struct Prepared<'a> {
    rung: Rung,
    centers: &'a [f64],
    bytes: Option<screen::Pass<'a, i32, Bytes<'a>>>,
    single: Option<screen::Pass<'a, f32, Frame<'a>>>,
    double: Option<screen::Pass<'a, f64, Frame<'a>>>,
    sorted: Option<Sorted<'a>>,
}

/// What one thread screens a block with, in one precision.
struct Look<'w, E> {
    tile: &'w mut [E],
    values: &'w mut [E],
    reaches: &'w mut [E],
    least: &'w mut [E],
}

impl<'w, E: Element> Look<'w, E> {
    /// Room for a block, or, where this precision is not `wanted`, none.
    fn cut(from: &mut impl Cut<'w>, shape: &Shape, wanted: bool) -> Self {
        let Shape { d, k, block, .. } = *shape;
        let room = |length: usize| if wanted { length } else { 0 };
        Look {
            tile: from.take(room(screen::tile::<E>(d))),
            values: from.take(room(screen::values::<E>(d, k))),
            reaches: from.take(room(block)),
            least: from.take(room(block)),
        }
    }

    fn scratch<'a>(
        &'a mut self,
        open: &'a mut [u32],
        labels: &'a mut [i32],
        next: Range<usize>,
    ) -> screen::Scratch<'a, E> {
        screen::Scratch {
            tile: self.tile,
            values: self.values,
            reaches: self.reaches,
            least: self.least,
            open,
            labels,
            next,
        }
    }
}

/// What one thread labels a block with.
pub(crate) struct Scratch<'w> {
    /// For the direct kernel, the block, packed for the lanes, and its distances.
    tile: &'w mut [f64],
    distances: &'w mut [f64],
    bytes: Look<'w, i32>,
    single: Look<'w, f32>,
    double: Look<'w, f64>,
    labels: &'w mut [i32],
    open: &'w mut [u32],
    rung: Rung,
    /// Points decided by D after screening, and pairs evaluated for them, in the current pass.
    rechecked: i64,
    evaluated: i64,
}

impl<'w> AsMut<Scratch<'w>> for Scratch<'w> {
    fn as_mut(&mut self) -> &mut Self {
        self
    }
}

impl<'w> Scratch<'w> {
    pub(crate) fn cut(from: &mut impl Cut<'w>, shape: &Shape) -> Self {
        let Shape { d, block, .. } = *shape;
        let rung = Rung::first(shape);
        Scratch {
            tile: from.take(block.saturating_mul(d)),
            distances: from.take(block),
            bytes: Look::cut(from, shape, rung <= Rung::Bytes),
            single: Look::cut(from, shape, rung <= Rung::Single),
            double: Look::cut(from, shape, rung <= Rung::Double),
            labels: from.take(block),
            open: from.take(block),
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
        let d = job.points.d();
        // What this thread works on next, if all are equally fast.
        let next = block.start + job.crew.threads() * job.block;
        let next = next..next + job.block;
        let (open, labels) = (&mut *self.open, &mut *self.labels);
        let found = match (self.rung, prepared) {
            (
                Rung::Bytes,
                Prepared {
                    bytes: Some(pass), ..
                },
            ) => {
                let mut scratch = self.bytes.scratch(open, labels, next);
                job.kernels.screen_bytes(pass, block, &mut scratch)
            }
            (
                Rung::Single,
                Prepared {
                    single: Some(pass), ..
                },
            ) => {
                let mut scratch = self.single.scratch(open, labels, next);
                job.kernels.screen_f32(pass, block, &mut scratch)
            }
            (
                Rung::Double,
                Prepared {
                    double: Some(pass), ..
                },
            ) => {
                let mut scratch = self.double.scratch(open, labels, next);
                job.kernels.screen_f64(pass, block, &mut scratch)
            }
            (rung, Prepared { sorted, .. }) => {
                let which = Which::Block(block);
                let lanes = job.kernels.pack(&job.points, &which, self.tile);
                match (rung, sorted) {
                    // A group of one dimension is as many points side by side as it has lanes.
                    (Rung::Sorted, Some(sorted)) => {
                        sorted.nearest(&self.tile[..count], &mut labels[..count])
                    }
                    _ => {
                        let labels = &mut labels[..lanes];
                        let mut ahead = Ahead::of(&job.points, next, 0..d);
                        let (centers, distances) = (prepared.centers, &mut *self.distances);
                        job.kernels
                            .nearest(self.tile, d, centers, labels, distances, &mut ahead);
                        Found::default()
                    }
                }
            }
        };
        let k = prepared.centers.len() / d;
        self.rung = self.rung.after(found, count, d, k);
        self.rechecked += found.open as i64;
        self.evaluated += found.evaluated as i64;
        &self.labels[..count]
    }

    /// Labels a block; returns its labels, and which points do not have the label they had.
    fn relabel(
        &mut self,
        job: &Job<'_>,
        block: Range<usize>,
        prepared: &Prepared<'_>,
        old: &[i32],
    ) -> (&[i32], &[u32]) {
        let count = block.len();
        self.label(job, block, prepared);
        let (new, moved) = (&self.labels[..count], &mut *self.open);
        let changed = job.kernels.moved(old, new, moved);
        (new, &self.open[..changed])
    }
}

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

/// Labels all points, counting from `base`; squared distances where they are wanted.
pub(crate) fn assign<'w, S: AsMut<Scratch<'w>> + Send>(
    job: &Job<'_>,
    packing: &mut Packing<'_>,
    team: &mut PerThread<S>,
    centers: &[f64],
    base: i32,
    labels: &mut [i32],
    mut sqdist: Option<&mut [f64]>,
) {
    let prepared = packing.prepare(job, centers);
    team.iter_mut()
        .for_each(|scratch| scratch.as_mut().start(&prepared));
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
            let nearest = scratch.as_mut().label(job, block.clone(), &prepared);
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
    summing: Summing<'_>,
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
        let (new, moved) = worker
            .scratch
            .relabel(job, block.clone(), &prepared, labels);
        worker.moved += moved.len() as i64;
        let labelled = Instant::now();
        worker.assigning += labelled - begin;
        match summing {
            Summing::Not => {}
            Summing::All(terms) => worker.sums.add(job, terms, block, new),
            Summing::Moved(terms) => worker
                .sums
                .transfer(job, terms, block, moved, (labels, new)),
        }
        worker.updating += labelled.elapsed();
        for &p in moved {
            labels[p as usize] = new[p as usize];
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
