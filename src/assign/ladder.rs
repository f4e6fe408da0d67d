//! Which way a shape is labelled, and where it goes when too much stays open.

use core::ops::Range;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::certify::{
    byte_reach, byte_scales, center_scale, scale_for_f32, word_reach, Certificate,
};
use super::panel::{pack_centers, pack_whole, Panels};
use super::screen::{self, Found};
use super::sorted::Sorted;
use super::words::{self, Coding, Proof, Words};
use crate::distance::squared;
use crate::job::Job;
use crate::lanes::dispatch::WordsKernel;
use crate::lanes::screen::{Element, Pair, Working};
use crate::plan::Shape;
use crate::points::Layout;
use crate::tile::{Ahead, Bytes, Frame, Units, Which};
use crate::workspace::Cut;

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
    fn first(shape: &Shape) -> Self {
        let Shape { d, k, layout, .. } = *shape;
        match d {
            _ if k < 3 => Rung::Direct,
            1 if k >= SORTED => Rung::Sorted,
            0..=1 => Rung::Direct,
            32..=2048 if k >= 32 && layout == Layout::Rows => Rung::Bytes,
            _ if words::suit(shape) => Rung::Words,
            _ if k < 1 << 24 && Certificate::holds::<f32>(d) => Rung::Single,
            _ if Certificate::holds::<f64>(d) => Rung::Double,
            _ => Rung::Direct,
        }
    }

    /// Where to go on after a block of so many points: a second look costs an open point as much as the first, and each
    /// distance more than a screened pair. An open point has no margin, either, where those are `wanted`.
    fn after(self, found: Found, points: usize, d: usize, k: usize, wanted: bool) -> Self {
        let pairs = points.saturating_mul(k);
        let dear = found.evaluated > pairs / 16 || wanted && found.open > points / 4 * 3;
        match self {
            // In cycles: D takes some d / 2 + 60, single precision d / 32, bytes a quarter of that. At half the time of single
            // precision, there is still something won; words take half of it by themselves.
            Rung::Bytes if found.evaluated.saturating_mul(d / 2 + 60) > pairs / 64 * d => {
                Rung::Words
            }
            Rung::Words
                if found.evaluated.saturating_mul(d / 2 + 60)
                    > points * d / 2 + pairs / 64 * (d + 4)
                    || dear =>
            {
                Rung::Single
            }
            Rung::Single if dear => Rung::Double,
            Rung::Double | Rung::Sorted if found.evaluated > pairs / 16 => Rung::Direct,
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
    /// The lowest rung of the shape, where passes start, and the passes since one started there.
    first: Rung,
    start: Rung,
    passes: u32,
    scale: f64,
    mean: &'w mut [f64],
    bytes: Packed<'w, i32>,
    words: Packed<'w, Pair>,
    /// What makes words of the points, as long as these are kept: the mean, and the scale, if there is one.
    coding: (&'w mut [f64], Option<f64>),
    single: Packed<'w, f32>,
    double: Packed<'w, f64>,
    sorted: (&'w mut [f64], &'w mut [i32]),
}

/// Passes after which a rung that left too much open is tried again: centers may lie better by then.
const TRIED_AGAIN: u32 = 8;

impl<'w> Packing<'w> {
    pub(crate) fn cut(from: &mut impl Cut<'w>, shape: &Shape) -> Self {
        let first = Rung::first(shape);
        let sorted = if first == Rung::Sorted { shape.k } else { 0 };
        Packing {
            first,
            start: first,
            passes: 0,
            scale: 1.0,
            mean: from.take(if first <= Rung::Double { shape.d } else { 0 }),
            bytes: Packed::cut(from, shape, first <= Rung::Bytes),
            words: Packed::cut(from, shape, words::suit(shape)),
            coding: (
                from.take(if words::suit(shape) { shape.d } else { 0 }),
                None,
            ),
            single: Packed::cut(from, shape, first <= Rung::Single),
            double: Packed::cut(from, shape, first <= Rung::Double),
            sorted: (from.take(sorted), from.take(sorted)),
        }
    }

    /// Forgets where passes ended: restarts do the same whichever came before.
    pub(crate) fn forget(&mut self) {
        (self.start, self.passes) = (self.first, 0);
    }

    /// Takes note of the largest magnitude of any coordinate.
    pub(crate) fn set_largest(&mut self, largest: f64) {
        self.scale = scale_for_f32(largest);
    }

    /// What margins are measured in: single precision's units, which any precision's distances fit.
    pub(crate) fn units(&self) -> Units {
        let d = self.mean.len() as f64;
        let tiniest = f64::from_bits((1023 - 537) << 52);
        Units {
            scale: self.scale,
            slack: self.scale * (3.1 * (d + 8.0)).sqrt() * tiniest,
        }
    }

    /// Learns on which rung the threads ended a pass; the next one starts at the highest.
    pub(super) fn settle(&mut self, ends: impl Iterator<Item = Rung>) {
        self.passes += 1;
        self.start = match self.passes % TRIED_AGAIN {
            0 => self.first,
            _ => ends.fold(self.first, Rung::max),
        };
    }

    /// Prepares for the centers of a pass, at most as many as there is room for, in which margins may be `wanted`, and `words`
    /// kept.
    pub(super) fn prepare<'a>(
        &'a mut self,
        job: &Job<'a>,
        centers: &'a [f64],
        wanted: bool,
        words: &Words<'_>,
    ) -> Prepared<'a, 'w> {
        let d = job.points.d();
        if self.first <= Rung::Double {
            self.mean.fill(0.0);
            for center in centers.chunks_exact(d) {
                for (m, c) in self.mean.iter_mut().zip(center) {
                    *m += c;
                }
            }
            let k = (centers.len() / d) as f64;
            self.mean.iter_mut().for_each(|m| *m /= k);
        }
        let units = self.units();
        let mean = &*self.mean;
        let k = centers.len() / d;
        let kernel = job.kernels.words().filter(|kernel| {
            let pays = wanted || words.are_kept() || kernel.registers == 16 && k >= CODED;
            self.start <= Rung::Words && !self.coding.0.is_empty() && pays
        });
        let fewest = if kernel.is_some() { BYTES } else { 0 };
        let bytes = (self.start == Rung::Bytes && job.kernels.has_bytes() && k >= fewest)
            .then(|| screened_in_bytes(job, centers, mean, &mut self.bytes))
            .flatten();
        let words = kernel.and_then(|kernel| {
            let (mean, scale) = &mut self.coding;
            if words.known().is_none() {
                *scale = words::choose(job, centers, mean);
            }
            let coding = Coding {
                mean,
                scale: (*scale)?,
            };
            screened_in_words(kernel, centers, coding, units, &mut self.words)
        });
        let sorted = (self.start == Rung::Sorted).then(|| {
            let (values, indices) = &mut self.sorted;
            Sorted::new(
                centers,
                &mut values[..centers.len()],
                &mut indices[..centers.len()],
            )
        });
        let rung = match self.start {
            Rung::Bytes if bytes.is_some() => Rung::Bytes,
            Rung::Bytes | Rung::Words if words.is_some() => Rung::Words,
            rung => rung.max(Rung::Single),
        };
        Prepared {
            rung,
            centers,
            mean,
            units,
            bytes,
            words,
            single: Lazy::new(&mut self.single),
            double: Lazy::new(&mut self.double),
            sorted,
        }
    }
}

/// A pass in one floating-point precision.
fn screened<'a, E: Working>(
    job: &Job<'a>,
    prepared: &Prepared<'a, '_>,
    scale: f64,
    packed: &'a mut Packed<'_, E>,
) -> screen::Pass<'a, E, Frame<'a>> {
    let registers = job.kernels.registers;
    let Prepared {
        centers,
        mean,
        units,
        ..
    } = *prepared;
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
            units,
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
    let (radius, error) = pack_whole(centers, mean, scales, registers, data, norms);
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

/// Centers from which on words that are not kept take less time than single precision, with vectors of up to 256 bits.
const CODED: usize = 16;

/// Centers from which on bytes take less time than words that are kept.
const BYTES: usize = 256;

/// A pass in words, but for the words.
#[derive(Clone, Copy)]
struct InWords<'a> {
    kernel: WordsKernel,
    coding: Coding<'a>,
    panels: Panels<'a, Pair>,
    proof: Proof,
}

/// A pass in words, if the centers allow it.
fn screened_in_words<'a>(
    kernel: WordsKernel,
    centers: &[f64],
    coding: Coding<'a>,
    units: Units,
    packed: &'a mut Packed<'_, Pair>,
) -> Option<InWords<'a>> {
    let Coding { mean, scale } = coding;
    let length = |center| squared(center, mean).sqrt();
    let lengths = centers.chunks_exact(mean.len()).map(length);
    let center_scale = center_scale(scale, lengths.fold(0.0, f64::max))?;
    let Packed { data, norms } = packed;
    let scales = (center_scale, scale / center_scale);
    let (radius, error) = pack_whole(centers, mean, scales, kernel.registers, data, norms);
    let (per_norm, per_error) = word_reach(radius, error);
    Some(InWords {
        kernel,
        coding,
        panels: packed.panels(centers.len() / mean.len(), mean.len()),
        proof: Proof {
            scale,
            center_scale,
            per_norm,
            per_error,
            units,
        },
    })
}

/// Centers of a pass, packed in one precision by the first thread that gets so far.
struct Lazy<'a, 'w, E> {
    made: OnceLock<screen::Pass<'a, E, Frame<'a>>>,
    room: Mutex<Option<&'a mut Packed<'w, E>>>,
}

impl<'a, 'w, E: Working> Lazy<'a, 'w, E> {
    fn new(room: &'a mut Packed<'w, E>) -> Self {
        Lazy {
            made: OnceLock::new(),
            room: Mutex::new(Some(room)),
        }
    }

    fn get(
        &self,
        job: &Job<'a>,
        prepared: &Prepared<'a, '_>,
        scale: f64,
    ) -> &screen::Pass<'a, E, Frame<'a>> {
        self.made.get_or_init(|| {
            let room = self
                .room
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            screened(job, prepared, scale, room.expect("packed once"))
        })
    }
}

/// Centers ready for a pass.
pub(super) struct Prepared<'a, 'w> {
    rung: Rung,
    centers: &'a [f64],
    mean: &'a [f64],
    units: Units,
    bytes: Option<screen::Pass<'a, i32, Bytes<'a>>>,
    words: Option<InWords<'a>>,
    single: Lazy<'a, 'w, f32>,
    double: Lazy<'a, 'w, f64>,
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
        margins: &'a mut [f32],
        next: Range<usize>,
    ) -> screen::Scratch<'a, E> {
        screen::Scratch {
            tile: self.tile,
            values: self.values,
            reaches: self.reaches,
            least: self.least,
            open,
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
    /// Whether there are points whose words were to be kept, and are not.
    left: bool,
    single: Look<'w, f32>,
    double: Look<'w, f64>,
    labels: &'w mut [i32],
    margins: &'w mut [f32],
    open: &'w mut [u32],
    rung: Rung,
    counts: Counts,
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
            words: Look::cut(from, shape, words::suit(shape)),
            coded: from.take(match words::suit(shape) {
                true => block.saturating_mul(words::stride(d)),
                false => 0,
            }),
            left: false,
            single: Look::cut(from, shape, rung <= Rung::Single),
            double: Look::cut(from, shape, rung <= Rung::Double),
            labels: from.take(block),
            margins: from.take(block),
            open: from.take(block),
            rung,
            counts: Counts::default(),
        }
    }

    /// Starts a pass.
    pub(super) fn start(&mut self, prepared: &Prepared<'_, '_>) {
        self.rung = prepared.rung;
        self.left = false;
        self.counts = Counts::default();
    }

    /// Where the pass ended, and what it came to.
    pub(super) fn end(&self) -> (Rung, Counts) {
        (self.rung, self.counts)
    }

    /// Whether the pass left points without words that were to be kept.
    pub(super) fn left(&self) -> bool {
        self.left
    }

    /// Labels points, at most a block of them; their margins too, if they are `wanted`. The points `next` are likely to come
    /// after these.
    pub(super) fn label<'a>(
        &mut self,
        job: &Job<'a>,
        which: &Which<'_>,
        next: Range<usize>,
        wanted: bool,
        words: &mut Words<'_>,
        prepared: &Prepared<'a, '_>,
    ) -> (&[i32], &[f32]) {
        let count = which.len();
        let d = job.points.d();
        let (open, labels) = (&mut *self.open, &mut *self.labels);
        let margins = match wanted {
            true => &mut *self.margins,
            false => &mut [],
        };
        // Bytes are too coarse to give a margin, but are where passes go on that want none.
        let rung = match self.rung {
            Rung::Bytes if wanted => Rung::Words,
            rung => rung,
        };
        // Words of points that were picked are not made for once.
        let unknown = matches!(which, Which::Some(..)) && words.known().is_none();
        let rung = match rung {
            Rung::Words if prepared.words.is_none() || unknown => Rung::Single,
            rung => rung,
        };
        self.left |= rung != Rung::Words;
        let found = match rung {
            Rung::Bytes => {
                let Some(pass) = &prepared.bytes else {
                    unreachable!("the rung is that of a pass with bytes")
                };
                let mut scratch = self.bytes.scratch(open, labels, margins, next);
                job.kernels.screen_bytes(pass, which, &mut scratch)
            }
            Rung::Words => {
                let Some(pass) = &prepared.words else {
                    unreachable!("the rung is that of a pass with words")
                };
                let InWords {
                    kernel,
                    ref coding,
                    panels,
                    proof,
                } = *pass;
                let (rows, first, kept) = match (words.known(), which) {
                    (Some((rows, first)), _) => (rows, first, true),
                    (None, Which::Block(block)) => {
                        let length = block.len() * words::stride(d);
                        let coded = match words.missing(block) {
                            Some(coded) => coded,
                            None => &mut self.coded[..length],
                        };
                        let rows = job.points.block_rows(block.clone(), 0..d, self.tile);
                        kernel.code(rows, coding, coded);
                        (&*coded, block.start, false)
                    }
                    (None, Which::Some(..)) => unreachable!("picked in single precision"),
                };
                let pass = screen::Pass {
                    points: job.points,
                    centers: prepared.centers,
                    panels,
                    frame: words::Frame {
                        rows,
                        first,
                        proof,
                        kept,
                    },
                };
                let mut scratch = self.words.scratch(open, labels, margins, next);
                kernel.screen(&pass, which, &mut scratch)
            }
            Rung::Single => {
                let pass = prepared.single.get(job, prepared, prepared.units.scale);
                let mut scratch = self.single.scratch(open, labels, margins, next);
                job.kernels.screen_f32(pass, which, &mut scratch)
            }
            Rung::Double => {
                let pass = prepared.double.get(job, prepared, 1.0);
                let mut scratch = self.double.scratch(open, labels, margins, next);
                job.kernels.screen_f64(pass, which, &mut scratch)
            }
            Rung::Sorted | Rung::Direct => {
                // A look that does not tell how near the second is.
                margins.fill(0.0);
                let lanes = job.kernels.pack(&job.points, which, self.tile);
                match &prepared.sorted {
                    // A group of one dimension is as many points side by side as it has lanes. After a block that left too
                    // much to D, the rung is no longer this.
                    Some(sorted) if rung == Rung::Sorted => {
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
        let after = rung.after(found, count, d, k, wanted);
        if after != rung || rung == self.rung {
            self.rung = after;
        }
        self.counts.pairs += (count * k) as i64;
        self.counts.rechecked += found.open as i64;
        self.counts.evaluated += found.evaluated as i64;
        let margins = if wanted { &self.margins[..count] } else { &[] };
        (&self.labels[..count], margins)
    }
}
