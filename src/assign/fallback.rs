//! Which way a shape is labelled, and where it goes when too much stays open.

use core::ops::Range;

use super::packing::{InWords, Prepared};
use super::precision::{Certificate, Int16Test};
use super::screen::{self, Found};
use crate::call::{Job, Shape};
use crate::points::{Ahead, Layout, Which};
use crate::quantize::int16::{self, Int16Rows};
use crate::runtime::workspace::{spoil, Cut};
use crate::simd::products::{Element, Pair};

/// How a block is labelled, from the cheapest that may leave much open to the surest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rung {
    /// Screened in bytes, where the CPU multiplies them four at a time.
    Bytes,
    /// Screened in words, where the CPU multiplies them two at a time.
    Words,
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
    pub(super) fn first(shape: &Shape) -> Self {
        let Shape { d, k, layout, .. } = *shape;
        match d {
            _ if k < 3 => Rung::Direct,
            1 if k >= SORTED => Rung::Sorted,
            0..=1 => Rung::Direct,
            32..=2048 if (32..1 << 24).contains(&k) && layout == Layout::Rows => Rung::Bytes,
            _ if int16::suits(shape) => Rung::Words,
            _ if k < 1 << 24 && Certificate::holds::<f32>(d) => Rung::Single,
            _ if Certificate::holds::<f64>(d) => Rung::Double,
            _ => Rung::Direct,
        }
    }
}

/// The last numbers of dimensions of what is for fewer alone; those that are powers of two aside.
pub(crate) fn last_dimensions() -> impl Iterator<Item = usize> {
    let last = |holds: fn(usize) -> bool| {
        let (mut last, mut above) = (1, 1 << 60);
        while above - last > 1 {
            let middle = last + (above - last) / 2;
            *(if holds(middle) { &mut last } else { &mut above }) = middle;
        }
        last
    };
    let holds = [Certificate::holds::<f32>, Certificate::holds::<f64>];
    holds.into_iter().map(last)
}

/// What takes how long, in cycles, roughly.
struct Costs {
    /// D of a point and a center, where it is evaluated for all centers, several points side by side; and by itself.
    direct: f64,
    alone: f64,
    /// A pair in single precision. Double takes twice that.
    single: f64,
    /// What single precision takes more for a point than words.
    coding: f64,
}

impl Costs {
    fn new(job: &Job<'_>) -> Self {
        let (d, width) = (job.points.d() as f64, job.kernels.width as f64);
        Costs {
            direct: 2.0 + 1.25 * d / width,
            alone: 60.0 + 1.25 * d / width,
            single: 0.5 + 0.25 * d / width,
            coding: d / 2.0,
        }
    }

    /// What it takes to decide the points that were left open.
    fn deciding(&self, found: Found, k: usize) -> f64 {
        found.evaluated as f64 * self.alone + found.left as f64 * k as f64 * self.direct
    }

    /// Distances of a point that take half as long as those of all centers; but a few, of which most are enough, do in any case.
    fn patience(&self, k: usize) -> u32 {
        const FEW: f64 = 4.0;
        (0.5 * k as f64 * self.direct / self.alone).max(FEW) as u32
    }
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

    fn forget(&mut self) {
        spoil(self.tile, E::INFINITY);
        spoil(self.values, E::default());
        spoil(self.reaches, E::default());
        spoil(self.least, E::default());
    }

    fn scratch<'a>(
        &'a mut self,
        (open, patience): (&'a mut [u32], u32),
        labels: &'a mut [i32],
        margins: &'a mut [f32],
        next: Range<usize>,
    ) -> screen::Scratch<'a, E> {
        screen::Scratch {
            tile: self.tile,
            values: self.values,
            reaches: self.reaches,
            least: self.least,
            open,
            patience,
            labels,
            margins,
            next,
        }
    }
}

/// What one thread labels points with.
pub(crate) struct Scratch<'w> {
    /// For the direct kernel, the points, packed for the lanes, and their distances.
    tile: &'w mut [f64],
    distances: &'w mut [f64],
    bytes: Look<'w, i32>,
    words: Look<'w, Pair>,
    /// The words of a block, where they are not kept.
    coded: &'w mut [i64],
    single: Look<'w, f32>,
    double: Look<'w, f64>,
    labels: &'w mut [i32],
    margins: &'w mut [f32],
    open: &'w mut [u32],
    climb: Climb,
    counts: Counts,
}

/// Where a thread is on the ladder. From where too much stayed open it goes on elsewhere, but not for good: rows of a kind often
/// come together, and others after them.
struct Climb {
    rung: Rung,
    /// Where the pass began.
    lowest: Rung,
    /// What pairs took in single and in double precision, as far as that was tried.
    single: Option<f64>,
    double: Option<f64>,
    /// Blocks until all is tried again, and how many there were to be the last time.
    blocks: u32,
    last: u32,
}

impl Climb {
    /// Blocks until the first trial, and at most until another, each of which waits twice as long as the one before.
    const FIRST: u32 = 8;
    const MOST: u32 = 128;

    fn start(rung: Rung, lowest: Rung) -> Self {
        Climb {
            rung,
            lowest,
            single: None,
            double: None,
            blocks: if rung > lowest { Self::FIRST } else { 0 },
            last: Self::FIRST / 2,
        }
    }

    /// Goes on after so many points on a rung. An open point has no margin, so that where those are `wanted`, it will be looked
    /// at once more.
    fn go(
        &mut self,
        rung: Rung,
        (found, points, k): (Found, usize, usize),
        costs: &Costs,
        wanted: bool,
    ) {
        let pairs = points as f64 * k as f64;
        let deciding = costs.deciding(found, k) / pairs;
        let again = match wanted {
            true => costs.single * found.open as f64 / points as f64,
            false => 0.0,
        };
        match rung {
            Rung::Single => self.single = Some(costs.single + deciding + again),
            Rung::Double => self.double = Some(2.0 * costs.single + deciding + again),
            _ => {}
        }
        let after = match rung {
            // Bytes take a quarter of single precision. At half the time of single precision, there is still something won; words
            // take half of it by themselves.
            Rung::Bytes if deciding > costs.single / 2.0 => Rung::Words,
            Rung::Words if deciding + again > costs.coding / k as f64 + costs.single / 2.0 => {
                Rung::Single
            }
            Rung::Single | Rung::Double => self.floating(costs, wanted),
            same => same,
        };
        if after != rung {
            if self.blocks == 0 {
                self.last = (2 * self.last).min(Self::MOST);
                self.blocks = self.last;
            }
            self.rung = after;
        } else if self.blocks > 0 {
            self.blocks -= 1;
            if self.blocks == 0 {
                (self.single, self.double) = (None, None);
                self.rung = self.lowest;
            }
        } else {
            self.last = Self::FIRST / 2;
        }
    }

    /// The precision that takes least, as far as is known: what was not tried may leave nothing open. Or none, where that takes
    /// less.
    fn floating(&self, costs: &Costs, wanted: bool) -> Rung {
        let single = self.single.unwrap_or(costs.single);
        let double = self.double.unwrap_or(2.0 * costs.single);
        let direct = match wanted {
            true => costs.direct + costs.single,
            false => costs.direct,
        };
        if single <= double.min(direct) && self.lowest <= Rung::Single {
            Rung::Single
        } else if double <= direct {
            Rung::Double
        } else {
            Rung::Direct
        }
    }
}

/// What the screening of a pass came to.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    /// Pairs of point and center that were screened.
    pub(crate) pairs: i64,
    /// Points decided by D after screening left them open, and pairs evaluated for them.
    pub(crate) rechecked: i64,
    pub(crate) evaluated: i64,
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
            words: Look::cut(from, shape, int16::suits(shape)),
            coded: from.take(match int16::suits(shape) {
                true => block.saturating_mul(int16::stride(d)),
                false => 0,
            }),
            single: Look::cut(from, shape, rung <= Rung::Single),
            double: Look::cut(from, shape, rung <= Rung::Double),
            labels: from.take(block),
            margins: from.take(block),
            open: from.take(block),
            climb: Climb::start(rung, rung),
            counts: Counts::default(),
        }
    }

    /// Starts a pass.
    pub(super) fn start(&mut self, prepared: &Prepared<'_, '_>) {
        self.climb = Climb::start(prepared.rung, prepared.lowest);
        self.counts = Counts::default();
    }

    /// Where the pass ended, and what it came to.
    pub(super) fn end(&self) -> (Rung, Counts) {
        (self.climb.rung, self.counts)
    }

    /// Forgets what was labelled.
    pub(crate) fn forget(&mut self) {
        spoil(self.tile, f64::MAX);
        spoil(self.distances, 0.0);
        self.bytes.forget();
        self.words.forget();
        spoil(self.coded, 0);
        self.single.forget();
        self.double.forget();
        spoil(self.labels, i32::MAX);
        spoil(self.margins, f32::INFINITY);
        spoil(self.open, u32::MAX);
    }

    /// Labels points, at most a block of them; their margins too, if they are `wanted`. The points `next` are likely to come
    /// after these.
    pub(super) fn label<'a>(
        &mut self,
        job: &Job<'a>,
        which: &Which<'_>,
        next: Range<usize>,
        wanted: bool,
        words: &mut Int16Rows<'_>,
        prepared: &Prepared<'a, '_>,
    ) -> (&[i32], &[f32]) {
        let count = which.len();
        let d = job.points.d();
        let k = prepared.centers.len() / d;
        let costs = Costs::new(job);
        let (open, labels) = ((&mut *self.open, costs.patience(k)), &mut *self.labels);
        let margins = match wanted {
            true => &mut *self.margins,
            false => &mut [],
        };
        // Bytes are too coarse to give a margin, but are where passes go on that want none.
        let rung = match self.climb.rung {
            Rung::Bytes if wanted => Rung::Words,
            rung => rung,
        };
        // Words of points that were picked are not made for once.
        let unknown = matches!(which, Which::Some(..)) && words.valid(which).is_none();
        let rung = match rung {
            Rung::Words if unknown || prepared.words().is_none() => Rung::Single,
            rung => rung,
        };
        let found = match rung {
            Rung::Bytes => {
                let Some(pass) = &prepared.bytes else {
                    unreachable!("the rung is that of a pass with bytes")
                };
                let mut scratch = self.bytes.scratch(open, labels, margins, next);
                job.kernels.screen_bytes(pass, which, &mut scratch)
            }
            Rung::Words => {
                let Some(pass) = prepared.words() else {
                    unreachable!("the rung is that of a pass with words")
                };
                let InWords {
                    kernel,
                    ref coding,
                    panels,
                    of_centers,
                } = *pass;
                let rows = match (words.valid(which), which) {
                    (Some(rows), _) => rows,
                    (None, Which::Block(block)) => {
                        let room = &mut self.coded[..block.len() * int16::stride(d)];
                        let points = job.points.block_rows(block.clone(), 0..d, self.tile);
                        words.write(block, room, |units| kernel.code(points, coding, units))
                    }
                    (None, Which::Some(..)) => unreachable!("picked in single precision"),
                };
                let pass = screen::Pass {
                    points: job.points,
                    centers: prepared.centers,
                    panels,
                    repeats: prepared.repeats,
                    frame: Int16Test {
                        rows,
                        centers: of_centers,
                    },
                };
                let mut scratch = self.words.scratch(open, labels, margins, next);
                kernel.screen(&pass, which, &mut scratch)
            }
            Rung::Single => {
                let pass = prepared.single(job);
                let mut scratch = self.single.scratch(open, labels, margins, next);
                job.kernels.screen_f32(pass, which, &mut scratch)
            }
            Rung::Double => {
                let pass = prepared.double(job);
                let mut scratch = self.double.scratch(open, labels, margins, next);
                job.kernels.screen_f64(pass, which, &mut scratch)
            }
            Rung::Sorted | Rung::Direct => {
                // A look that does not tell how near the second is.
                margins.fill(0.0);
                let lanes = job.kernels.pack(&job.points, which, self.tile);
                match &prepared.sorted {
                    // A group of one dimension is as many points side by side as it has lanes.
                    Some(sorted) => sorted.nearest(&self.tile[..count], &mut labels[..count]),
                    _ => {
                        let labels = &mut labels[..lanes];
                        let mut ahead = Ahead::of(&job.points, next, 0..d);
                        let (centers, distances) = (prepared.centers, &mut *self.distances);
                        job.kernels
                            .nearest(self.tile, d, centers, labels, distances, &mut ahead);
                    }
                }
                Found::default()
            }
        };
        self.decide(job, which, prepared, count - found.left..count);
        self.climb.go(rung, (found, count, k), &costs, wanted);
        self.counts.pairs += (count * k) as i64;
        self.counts.rechecked += found.open as i64;
        self.counts.evaluated += (found.evaluated + found.left * k) as i64;
        let margins = if wanted { &self.margins[..count] } else { &[] };
        (&self.labels[..count], margins)
    }

    /// Labels the points in some places of `open` by D of all centers.
    fn decide(
        &mut self,
        job: &Job<'_>,
        which: &Which<'_>,
        prepared: &Prepared<'_, '_>,
        places: Range<usize>,
    ) {
        const TOGETHER: usize = 64;
        let (mut points, mut labels) = ([0; TOGETHER], [0; TOGETHER]);
        for lanes in self.open[places].chunks(TOGETHER) {
            for (point, &lane) in points.iter_mut().zip(lanes) {
                *point = (which.point(lane as usize) - which.first()) as u32;
            }
            let these = Which::Some(&points[..lanes.len()], which.first());
            let padded = job.kernels.pack(&job.points, &these, self.tile);
            job.kernels.nearest(
                self.tile,
                job.points.d(),
                prepared.centers,
                &mut labels[..padded],
                self.distances,
                &mut Ahead::of(&job.points, 0..0, 0..0),
            );
            for (&lane, &label) in lanes.iter().zip(&labels) {
                self.labels[lane as usize] = label;
            }
        }
    }
}
