//! Centers made ready for a pass, in whatever the rungs of the ladder that it may come to read.

use std::sync::{Mutex, OnceLock, PoisonError};

use super::fallback::Rung;
use super::margin::Units;
use super::panel::Panels;
use super::precision::{
    pack_floats, pack_int16, pack_int8, Certificate, FloatTest, Int16Bound, Int16Centers,
    Int8Bound, Int8Centers, Int8Test, Scaling, CENTERS_BEYOND,
};
use super::repeats::Repeats;
use super::screen;
use super::sorted::{self, Sorted};
use crate::call::{Job, Shape};
use crate::quantize::int16::{self, Int16Coding, Int16Rows};
use crate::quantize::int8::{Int8Coding, Scales};
use crate::quantize::sample::{range, scale_of, usual_length, usual_range};
use crate::quantize::Grid;
use crate::runtime::workspace::{spoil, Cut};
use crate::simd::level::WordsKernel;
use crate::simd::products::{elements, Element, Pair, Working};

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
            data: from.take(k.saturating_mul(elements::<E>(shape.d))),
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
            data: &self.data[..k * elements::<E>(d)],
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
    /// The largest magnitude of any coordinate, and what is usual, once it is known.
    largest: f64,
    usual: Option<Usual>,
    /// What is subtracted from points and centers before they are screened: medians.
    mean: &'w mut [f64],
    /// For each center whether others equal it, and what finds them.
    repeats: (&'w mut [u32], &'w mut [u32]),
    bytes: Packed<'w, i32>,
    words: Packed<'w, Pair>,
    single: Packed<'w, f32>,
    double: Packed<'w, f64>,
    sorted: (&'w mut [f64], &'w mut [i32]),
}

/// What most of the points are like: it sets origin and scale of whatever they are screened in, from the first pass of a call to
/// the last. What is far beyond it, points or centers, is left to D, and makes nothing else coarser.
#[derive(Clone, Copy)]
struct Usual {
    /// How far points are from the origin, as a rule.
    length: f64,
    units: Units,
}

/// Passes after which a rung that left too much open is tried again: centers may lie better by then.
const TRIED_AGAIN: u32 = 8;

impl<'w> Packing<'w> {
    pub(crate) fn cut(from: &mut impl Cut<'w>, shape: &Shape) -> Self {
        let first = Rung::first(shape);
        let sorted = if first == Rung::Sorted { shape.k } else { 0 };
        let (d, k) = match first <= Rung::Double {
            true => (shape.d, shape.k),
            false => (0, 0),
        };
        Packing {
            first,
            start: first,
            passes: 0,
            largest: 0.0,
            usual: None,
            mean: from.take(d),
            repeats: (from.take(k), from.take(Repeats::room(k))),
            bytes: Packed::cut(from, shape, first <= Rung::Bytes),
            words: Packed::cut(from, shape, int16::suits(shape)),
            single: Packed::cut(from, shape, first <= Rung::Single),
            double: Packed::cut(from, shape, first <= Rung::Double),
            sorted: (from.take(sorted), from.take(sorted::indices(sorted))),
        }
    }

    /// Forgets where passes ended: restarts do the same whichever came before.
    pub(crate) fn forget(&mut self) {
        (self.start, self.passes) = (self.first, 0);
        self.bytes.forget();
        self.words.forget();
        self.single.forget();
        self.double.forget();
        spoil(self.sorted.0, 0.0);
        spoil(self.sorted.1, 0);
    }

    /// Takes note of the largest magnitude of any coordinate: of other points than before.
    pub(crate) fn set_largest(&mut self, largest: f64) {
        (self.largest, self.usual) = (largest, None);
    }

    /// Looks what is usual among the points, once.
    fn usual(&mut self, job: &Job<'_>) -> Usual {
        let (largest, mean) = (self.largest, &mut *self.mean);
        *self.usual.get_or_insert_with(|| {
            let length = usual_length(job, mean, largest);
            Usual {
                length,
                units: Units::new(mean.len(), scale_of(length)),
            }
        })
    }

    /// What margins of these points are measured in, whatever finds them.
    pub(crate) fn units(&mut self, job: &Job<'_>) -> Units {
        self.usual(job).units
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
        words: &Int16Rows<'_>,
    ) -> Prepared<'a, 'w> {
        let d = job.points.d();
        let Usual { length, units } = self.usual(job);
        let mean = &*self.mean;
        let k = centers.len() / d;
        let repeats = match self.first <= Rung::Double {
            true => Repeats::find(centers, d, &mut self.repeats.0[..k], self.repeats.1),
            false => Repeats::default(),
        };
        let kernel = job.kernels.words().filter(|kernel| {
            let once = kernel.registers == 16 && k >= coded(d);
            let pays = wanted || words.are_kept() || once;
            self.start <= Rung::Words && !self.words.norms.is_empty() && pays
        });
        let fewest = if kernel.is_some() { BYTES } else { 0 };
        let bytes = (self.start == Rung::Bytes && job.kernels.has_bytes() && k >= fewest)
            .then(|| screened_in_bytes(job, centers, mean, repeats, &mut self.bytes))
            .flatten();
        let words = kernel.map(|kernel| (kernel, Lazy::new(&mut self.words)));
        let sorted = (self.start == Rung::Sorted).then(|| {
            let (values, indices) = &mut self.sorted;
            Sorted::new(
                centers,
                &mut values[..centers.len()],
                &mut indices[..sorted::indices(centers.len())],
            )
        });
        let rung = match self.start {
            Rung::Bytes if bytes.is_some() => Rung::Bytes,
            Rung::Bytes | Rung::Words if words.is_some() => Rung::Words,
            rung => rung.max(Rung::Single),
        };
        Prepared {
            rung,
            lowest: rung.min(self.first.max(Rung::Single)),
            centers,
            mean,
            repeats,
            length,
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
    packed: &'a mut Packed<'_, E>,
) -> screen::Pass<'a, E, FloatTest<'a, E>> {
    let registers = job.kernels.registers;
    let Prepared {
        centers,
        mean,
        repeats,
        units,
        ..
    } = *prepared;
    let Packed { data, norms } = packed;
    let grid = Grid::of::<E>(centers, mean, units.scale);
    let certificate = Certificate::new::<E>(mean.len(), units.scale, grid.is_some());
    let scaling = Scaling {
        mean,
        scale: units.scale,
    };
    let most = pack_floats(centers, &scaling, &certificate, registers, data, norms);
    repeats.exclude(norms, E::INFINITY);
    screen::Pass {
        points: job.points,
        centers,
        panels: packed.panels(centers.len() / mean.len(), mean.len()),
        repeats,
        frame: FloatTest {
            mean,
            certificate,
            most,
            starts: &packed.norms[..centers.len() / mean.len()],
            grid,
            units,
        },
    }
}

/// A pass in bytes, if the data allow it. Its scale is that of the farthest point of a sample, but for those that are out of all
/// proportion.
fn screened_in_bytes<'a>(
    job: &Job<'a>,
    centers: &'a [f64],
    mean: &'a [f64],
    repeats: Repeats<'a>,
    packed: &'a mut Packed<'_, i32>,
) -> Option<screen::Pass<'a, i32, Int8Test<'a>>> {
    if job.points.n() == 0 {
        return None;
    }
    let points = usual_range(job, mean);
    let radius = centers.chunks_exact(mean.len()).map(|c| range(c, mean));
    let radius = radius.fold(0.0, f64::max);
    // A center far off would make codes of all others too coarse.
    if radius > CENTERS_BEYOND * points {
        return None;
    }
    let scales = Scales::of_ranges(points, radius)?;
    let how = Int8Centers {
        coding: Int8Coding {
            mean,
            scale: scales.centers,
        },
        ratio: scales.points / scales.centers,
        parts: 1,
    };
    let registers = job.kernels.registers;
    let Packed { data, norms } = packed;
    let bound = Int8Bound::new(pack_int8(centers, &how, registers, data, norms));
    repeats.exclude(norms, i32::INFINITY);
    Some(screen::Pass {
        points: job.points,
        centers,
        panels: packed.panels(centers.len() / mean.len(), mean.len()),
        repeats,
        frame: Int8Test {
            coding: Int8Coding {
                mean,
                scale: scales.points,
            },
            bound,
            center_scale: scales.centers,
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
    pub(super) coding: Int16Coding<'a>,
    pub(super) panels: Panels<'a, Pair>,
    pub(super) of_centers: Int16Centers<'a>,
}

/// A pass in words, if points allow it.
fn screened_in_words<'a>(
    kernel: WordsKernel,
    prepared: &Prepared<'a, '_>,
    packed: &'a mut Packed<'_, Pair>,
) -> Option<InWords<'a>> {
    let Prepared {
        centers,
        mean,
        repeats,
        length,
        units,
        ..
    } = *prepared;
    let scale = int16::scale(length)?;
    let k = centers.len() / mean.len();
    let Packed { data, norms } = packed;
    let coding = Int16Coding { mean, scale };
    let error = pack_int16(centers, &coding, kernel.registers, data, norms);
    repeats.exclude(norms, Pair::INFINITY);
    let panels = packed.panels(k, mean.len());
    Some(InWords {
        kernel,
        coding,
        panels,
        of_centers: Int16Centers {
            scale,
            bound: Int16Bound::new(error),
            norms: panels.norms,
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
type Floating<'a, 'w, E> = Lazy<screen::Pass<'a, E, FloatTest<'a, E>>, &'a mut Packed<'w, E>>;

/// A pass in words, once it is wanted, if there can be one.
type LazyWords<'a, 'w> = Lazy<Option<InWords<'a>>, &'a mut Packed<'w, Pair>>;

/// Centers ready for a pass.
pub(super) struct Prepared<'a, 'w> {
    pub(super) rung: Rung,
    /// Where threads go back to, now and then.
    pub(super) lowest: Rung,
    pub(super) centers: &'a [f64],
    mean: &'a [f64],
    pub(super) repeats: Repeats<'a>,
    length: f64,
    units: Units,
    pub(super) bytes: Option<screen::Pass<'a, i32, Int8Test<'a>>>,
    words: Option<(WordsKernel, LazyWords<'a, 'w>)>,
    single: Floating<'a, 'w, f32>,
    double: Floating<'a, 'w, f64>,
    pub(super) sorted: Option<Sorted<'a>>,
}

impl<'a> Prepared<'a, '_> {
    /// In words, where there are any.
    pub(super) fn words(&self) -> Option<&InWords<'a>> {
        let (kernel, lazy) = self.words.as_ref()?;
        lazy.get(|packed| screened_in_words(*kernel, self, packed))
            .as_ref()
    }

    /// In single precision.
    pub(super) fn single(&self, job: &Job<'a>) -> &screen::Pass<'a, f32, FloatTest<'a, f32>> {
        self.single.get(|packed| screened(job, self, packed))
    }

    /// In double precision.
    pub(super) fn double(&self, job: &Job<'a>) -> &screen::Pass<'a, f64, FloatTest<'a, f64>> {
        self.double.get(|packed| screened(job, self, packed))
    }
}
