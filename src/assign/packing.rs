//! Centers made ready for a pass, in whatever the rungs of the ladder that it may come to read.

use std::sync::{Mutex, OnceLock, PoisonError};

use super::certify::{byte_reach, byte_scales, scale_for_f32, Certificate, WordReach};
use super::ladder::Rung;
use super::panel::{pack_bytes, pack_centers, pack_words, Panels};
use super::screen;
use super::sorted::Sorted;
use super::words::{self, Coding, Proof, Words};
use crate::job::Job;
use crate::lanes::dispatch::WordsKernel;
use crate::lanes::screen::{Element, Pair, Working};
use crate::plan::Shape;
use crate::tile::{Bytes, Frame, Units};
use crate::workspace::{spoil, Cut};

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
            norms: from.take(k.saturating_mul(E::NORMS)),
        }
    }

    fn forget(&mut self) {
        spoil(self.data, E::INFINITY);
        spoil(self.norms, E::default());
    }

    /// The first k of the centers there is room for.
    fn panels(&self, k: usize, d: usize) -> Panels<'_, E> {
        Panels {
            data: &self.data[..k * screen::elements::<E>(d)],
            norms: &self.norms[..k * E::NORMS],
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
    /// What makes words of the points, from the first that are kept until they are forgotten: the mean, and the scale, if there is
    /// one (L13).
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
        spoil(self.mean, f64::MAX);
        self.bytes.forget();
        self.words.forget();
        spoil(self.coding.0, f64::MAX);
        self.single.forget();
        self.double.forget();
        spoil(self.sorted.0, 0.0);
        spoil(self.sorted.1, 0);
    }

    /// Takes note of the largest magnitude of any coordinate.
    pub(crate) fn set_largest(&mut self, largest: f64) {
        self.scale = scale_for_f32(largest);
    }

    /// What margins are measured in: single precision's units, which any precision's distances fit.
    pub(crate) fn units(&self) -> Units {
        Units::new(self.mean.len(), self.scale)
    }

    /// Learns on which rung the threads ended a pass; the next one starts at the highest.
    pub(super) fn settle(&mut self, ends: impl Iterator<Item = Rung>) {
        self.passes += 1;
        self.start = match self.passes % TRIED_AGAIN {
            0 => self.first,
            _ => ends.fold(self.first, Rung::max),
        };
    }

    /// Whether a pass would go in bytes, which are cheaper than what finds margins.
    pub(crate) fn in_bytes(&self, job: &Job<'_>, k: usize) -> bool {
        self.start == Rung::Bytes && job.kernels.has_bytes() && k >= BYTES
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
            let once = kernel.registers == 16 && k >= coded(d);
            let pays = wanted || words.are_kept() || once;
            self.start <= Rung::Words && !self.coding.0.is_empty() && pays
        });
        let fewest = if kernel.is_some() { BYTES } else { 0 };
        let bytes = (self.start == Rung::Bytes && job.kernels.has_bytes() && k >= fewest)
            .then(|| screened_in_bytes(job, centers, mean, &mut self.bytes))
            .flatten();
        let frozen = words.begun();
        let words = kernel.map(|kernel| {
            let (mean, scale) = &mut self.coding;
            let room = RoomForWords {
                mean,
                scale,
                frozen,
                packed: &mut self.words,
            };
            (kernel, Lazy::new(room))
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
    // There may be no points, but a step must not be 0.
    let sample = (0..n).step_by(n.div_ceil(SAMPLE).max(1));
    let points = sample.map(|p| range(job.points.row(p)));
    let points = points.fold(0.0, f64::max);
    let radius = centers.chunks_exact(mean.len()).map(range);
    let (scale, center_scale) = byte_scales(points, radius.fold(0.0, f64::max))?;
    let registers = job.kernels.registers;
    let Packed { data, norms } = packed;
    let scales = (center_scale, scale / center_scale);
    let (radius, error) = pack_bytes(centers, mean, scales, 1, registers, data, norms);
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

/// Centers from which on words that are not kept take less time than single precision, with vectors of up to 256 bits (measured
/// at 32, 64, 128 and 784 dimensions: 28 to 64, 21 to 40, 20 to 28, and about 20).
fn coded(d: usize) -> usize {
    20 + 1024 / d
}

/// Centers from which on bytes take less time than words that are kept.
const BYTES: usize = 256;

/// A pass in words, but for the words.
#[derive(Clone, Copy)]
pub(super) struct InWords<'a> {
    pub(super) kernel: WordsKernel,
    pub(super) coding: Coding<'a>,
    pub(super) panels: Panels<'a, Pair>,
    pub(super) proof: Proof<'a>,
}

/// What a pass in words is made in.
pub(super) struct RoomForWords<'a, 'w> {
    mean: &'a mut [f64],
    scale: &'a mut Option<f64>,
    /// Whether mean and scale are those of rows that are kept.
    frozen: bool,
    packed: &'a mut Packed<'w, Pair>,
}

/// A pass in words, if points and centers allow it.
fn screened_in_words<'a>(
    kernel: WordsKernel,
    job: &Job<'a>,
    prepared: &Prepared<'a, '_>,
    room: RoomForWords<'a, '_>,
) -> Option<InWords<'a>> {
    let RoomForWords {
        mean,
        scale,
        frozen,
        packed,
    } = room;
    let Prepared { centers, units, .. } = *prepared;
    if !frozen {
        *scale = words::choose(job, centers, mean);
    }
    let (mean, scale, registers) = (&*mean, (*scale)?, kernel.registers);
    let Packed { data, norms } = packed;
    let error = pack_words(centers, mean, scale, registers, data, norms)?;
    let panels = packed.panels(centers.len() / mean.len(), mean.len());
    Some(InWords {
        kernel,
        coding: Coding { mean, scale },
        panels,
        proof: Proof {
            scale,
            reach: WordReach::new(error),
            centers: panels.norms,
            units,
        },
    })
}

/// What the first thread that wants it makes, in the room there is for it.
pub(super) struct Lazy<T, R> {
    made: OnceLock<T>,
    room: Mutex<Option<R>>,
}

impl<T, R> Lazy<T, R> {
    fn new(room: R) -> Self {
        Lazy {
            made: OnceLock::new(),
            room: Mutex::new(Some(room)),
        }
    }

    fn get(&self, make: impl FnOnce(R) -> T) -> &T {
        self.made.get_or_init(|| {
            let room = self
                .room
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            make(room.expect("made once"))
        })
    }
}

/// A pass in a floating-point precision, once it is wanted.
type Floating<'a, 'w, E> = Lazy<screen::Pass<'a, E, Frame<'a>>, &'a mut Packed<'w, E>>;

/// Centers ready for a pass.
pub(super) struct Prepared<'a, 'w> {
    pub(super) rung: Rung,
    pub(super) centers: &'a [f64],
    mean: &'a [f64],
    pub(super) units: Units,
    pub(super) bytes: Option<screen::Pass<'a, i32, Bytes<'a>>>,
    words: Option<(WordsKernel, Lazy<Option<InWords<'a>>, RoomForWords<'a, 'w>>)>,
    single: Floating<'a, 'w, f32>,
    double: Floating<'a, 'w, f64>,
    pub(super) sorted: Option<Sorted<'a>>,
}

impl<'a> Prepared<'a, '_> {
    /// In words, where there are any.
    pub(super) fn words(&self, job: &Job<'a>) -> Option<&InWords<'a>> {
        let (kernel, lazy) = self.words.as_ref()?;
        lazy.get(|room| screened_in_words(*kernel, job, self, room))
            .as_ref()
    }

    /// In single precision.
    pub(super) fn single(&self, job: &Job<'a>) -> &screen::Pass<'a, f32, Frame<'a>> {
        self.single
            .get(|room| screened(job, self, self.units.scale, room))
    }

    /// In double precision.
    pub(super) fn double(&self, job: &Job<'a>) -> &screen::Pass<'a, f64, Frame<'a>> {
        self.double.get(|room| screened(job, self, 1.0, room))
    }
}
