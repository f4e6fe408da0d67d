//! Packing: points from the caller's layout into lanes.
//!
//! A group is as many points as a vector has lanes, dimension after dimension; coordinate `i` of point `g * width + l`
//! of a tile is at `(g * d + i) * width + l`:
//!
//! ```text
//!   group 0: x0[0] x1[0] .. | x0[1] x1[1] .. | ...     group 1: x8[0] x9[0] .. | ...
//! ```
//!
//! Groups, and not one long column per dimension, because the columns of a block would lie a power of two apart and
//! fight for one cache set. Rows are turned into lanes by square transposes in registers: gathers are slower than the
//! arithmetic they feed.

use core::ops::Range;

use crate::assign::certify::{Certificate, Definition};
use crate::assign::Grid;
use crate::lanes::screen::{Screen, Working};
use crate::lanes::{prefetch, Lanes};
use crate::points::{Layout, Points};

/// Which points to pack.
#[derive(Clone)]
pub(crate) enum Which<'a> {
    /// A block.
    Block(Range<usize>),
    /// Some points, by index, counting from a point.
    Some(&'a [u32], usize),
}

impl Which<'_> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Which::Block(block) => block.len(),
            Which::Some(indices, _) => indices.len(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Those of some lanes.
    pub(crate) fn part(&self, lanes: Range<usize>) -> Which<'_> {
        match self {
            Which::Block(block) => Which::Block(block.start + lanes.start..block.start + lanes.end),
            Which::Some(indices, first) => Which::Some(&indices[lanes], *first),
        }
    }

    /// Where the block starts, or what the indices count from.
    pub(crate) fn first(&self) -> usize {
        match self {
            Which::Block(block) => block.start,
            Which::Some(_, first) => *first,
        }
    }

    /// Whether all of them are among `n` points.
    pub(crate) fn all_below(&self, n: usize) -> bool {
        match self {
            Which::Block(block) => block.end <= n,
            Which::Some(indices, first) => indices.iter().all(|&p| first + (p as usize) < n),
        }
    }

    /// The point of a lane; lanes past the end repeat the last point, so that kernels compute on finite values only.
    #[inline(always)]
    pub(crate) fn point(&self, lane: usize) -> usize {
        let lane = lane.min(self.len() - 1);
        match self {
            Which::Block(block) => block.start + lane,
            Which::Some(indices, first) => first + indices[lane] as usize,
        }
    }
}

/// Where packed points go, group after group.
///
/// # Safety
/// The caller of each function is compiled for `L`.
pub(crate) trait Sink<L: Lanes> {
    /// The `WIDTH` points from `lane` on come next.
    unsafe fn begin(&mut self, lane: usize);
    /// Their coordinates in dimension `i`, which counts up.
    unsafe fn take(&mut self, i: usize, x: L::F);
    /// All dimensions have come.
    unsafe fn end(&mut self);
}

/// Turns the dimensions `dims` of the points into `lanes` lanes; those past the last point repeat it.
///
/// # Safety
/// The caller is compiled for `L`; there is at least one point.
#[inline(always)]
pub(crate) unsafe fn pour<L: Lanes>(
    points: &Points<'_>,
    which: &Which<'_>,
    dims: Range<usize>,
    lanes: usize,
    sink: &mut impl Sink<L>,
) {
    let mut lane = 0;
    // SAFETY: the contract above; `run` holds all coordinates of a block.
    unsafe {
        if dims.len() == points.d() {
            lane = match points.d() {
                1 => pour_narrow::<L, 1>(points, which, lanes, sink),
                2 => pour_narrow::<L, 2>(points, which, lanes, sink),
                3 => pour_narrow::<L, 3>(points, which, lanes, sink),
                4 => pour_narrow::<L, 4>(points, which, lanes, sink),
                5 => pour_narrow::<L, 5>(points, which, lanes, sink),
                6 => pour_narrow::<L, 6>(points, which, lanes, sink),
                7 => pour_narrow::<L, 7>(points, which, lanes, sink),
                8 => pour_narrow::<L, 8>(points, which, lanes, sink),
                _ => 0,
            };
        }
        while lane < lanes {
            pour_group::<L>(points, which, dims.clone(), lane, sink);
            lane += L::WIDTH;
        }
    }
}

/// Points of `D` coordinates in rows, so far as they lie, or can be laid, side by side; returns how many lanes that made.
///
/// # Safety
/// The caller is compiled for `L`; points have `D` dimensions.
#[inline(always)]
unsafe fn pour_narrow<L: Lanes, const D: usize>(
    points: &Points<'_>,
    which: &Which<'_>,
    lanes: usize,
    sink: &mut impl Sink<L>,
) -> usize {
    // SAFETY: the contract above; a row is D doubles.
    unsafe {
        match (which, points.layout()) {
            (Which::Block(block), _) => match points.run(block.clone()) {
                Some(run) => pour_run::<L, D>(run, 0, sink),
                None => 0,
            },
            (Which::Some(..), Layout::Columns) => 0,
            // Rows from here and there are copied first, many at a time: vectors that were just written in parts would have
            // to wait for the parts.
            (Which::Some(..), Layout::Rows) => {
                let mut copies = [[0.0; D]; COPIED];
                for lane in (0..lanes).step_by(COPIED) {
                    let count = COPIED.min(lanes - lane);
                    for (l, copy) in copies.iter_mut().enumerate().take(count) {
                        let row = points.row(which.point(lane + l)).as_ptr();
                        *copy = row.cast::<[f64; D]>().read();
                    }
                    pour_run::<L, D>(copies[..count].as_flattened(), lane, sink);
                }
                lanes
            }
        }
    }
}

/// Rows that are copied at a time; whole groups.
const COPIED: usize = 64;

/// Whole groups of points of `D` coordinates without gaps, from a lane on; returns the lane after them.
///
/// # Safety
/// The caller is compiled for `L`.
#[inline(always)]
unsafe fn pour_run<L: Lanes, const D: usize>(
    run: &[f64],
    mut lane: usize,
    sink: &mut impl Sink<L>,
) -> usize {
    for group in run.chunks_exact(L::WIDTH * D) {
        // SAFETY: the group is WIDTH points of D coordinates.
        unsafe {
            sink.begin(lane);
            for (i, x) in L::columns::<D>(group.as_ptr()).iter().enumerate() {
                sink.take(i, *x);
            }
            sink.end();
        }
        lane += L::WIDTH;
    }
    lane
}

/// The `WIDTH` points from `lane` on, of any layout.
///
/// # Safety
/// The caller is compiled for `L`; there is at least one point.
#[inline(always)]
unsafe fn pour_group<L: Lanes>(
    points: &Points<'_>,
    which: &Which<'_>,
    dims: Range<usize>,
    lane: usize,
    sink: &mut impl Sink<L>,
) {
    assert!(dims.end <= points.d());
    // SAFETY: rows are read below d, the last vectors partially; columns as far as `column` gives them.
    unsafe {
        sink.begin(lane);
        match (points.layout(), which) {
            (Layout::Rows, _) => {
                let mut rows = [core::ptr::null(); 8];
                for (l, row) in rows.iter_mut().enumerate().take(L::WIDTH) {
                    *row = points.row(which.point(lane + l)).as_ptr();
                }
                let mut i = dims.start;
                while i + L::WIDTH <= dims.end {
                    let mut square = [L::splat(0.0); 8];
                    for (x, row) in square.iter_mut().zip(&rows).take(L::WIDTH) {
                        *x = L::load(row.add(i));
                    }
                    L::transpose(&mut square);
                    for (c, x) in square.iter().enumerate().take(L::WIDTH) {
                        sink.take(i + c, *x);
                    }
                    i += L::WIDTH;
                }
                let rest = dims.end - i;
                if rest > 0 {
                    let mut square = [L::splat(0.0); 8];
                    for (x, row) in square.iter_mut().zip(&rows).take(L::WIDTH) {
                        *x = L::load_partial(row.add(i), rest);
                    }
                    L::transpose(&mut square);
                    for (c, x) in square.iter().enumerate().take(rest) {
                        sink.take(i + c, *x);
                    }
                }
            }
            (Layout::Columns, Which::Block(block)) if lane + L::WIDTH <= block.len() => {
                let first = block.start + lane;
                for i in dims {
                    let column = points.column(i, first..first + L::WIDTH);
                    sink.take(i, L::load(column.as_ptr()));
                }
            }
            (Layout::Columns, _) => {
                for i in dims {
                    let mut lanes = [0.0; 8];
                    for (l, x) in lanes.iter_mut().enumerate().take(L::WIDTH) {
                        *x = points.at(which.point(lane + l), i);
                    }
                    sink.take(i, L::load(lanes.as_ptr()));
                }
            }
        }
        sink.end();
    }
}

/// Points as they are.
struct Plain {
    tile: *mut f64,
    group: *mut f64,
    d: usize,
}

impl<L: Lanes> Sink<L> for Plain {
    #[inline(always)]
    unsafe fn begin(&mut self, lane: usize) {
        // SAFETY: the group of this lane starts at lane * d, inside the tile.
        self.group = unsafe { self.tile.add(lane * self.d) };
    }
    #[inline(always)]
    unsafe fn take(&mut self, i: usize, x: L::F) {
        // SAFETY: dimension i is a vector of the group.
        unsafe { L::store(self.group.add(i * L::WIDTH), x) }
    }
    #[inline(always)]
    unsafe fn end(&mut self) {}
}

/// Packs points as they are, in groups of `L::WIDTH`.
///
/// # Safety
/// The caller is compiled for `L`; `tile` has room for the points, rounded up to whole groups.
#[inline(always)]
pub(crate) unsafe fn pack<L: Lanes>(points: &Points<'_>, which: &Which<'_>, tile: &mut [f64]) {
    let tile = tile.as_mut_ptr();
    let mut plain = Plain {
        tile,
        group: tile,
        d: points.d(),
    };
    let lanes = which.len().next_multiple_of(L::WIDTH);
    // SAFETY: the contract above.
    unsafe { pour::<L>(points, which, 0..points.d(), lanes, &mut plain) }
}

/// How points are shifted and scaled for screening, and what makes a reach of |x̂|² and |ĉ|² (L3, L16).
#[derive(Clone, Copy)]
pub(crate) struct Frame<'a, E> {
    pub(crate) mean: &'a [f64],
    pub(crate) certificate: Certificate,
    /// The largest |ĉ|² of any center; infinity if one is far.
    pub(crate) most: f64,
    /// What the values of each center start from.
    pub(crate) starts: &'a [E],
    /// What centers, and maybe points, are multiples of.
    pub(crate) grid: Option<Grid>,
    /// The scale, too.
    pub(crate) units: Units,
}

/// What margins are measured in (see `assign::bounds`).
#[derive(Clone, Copy)]
pub(crate) struct Units {
    /// Units in a distance of 1.
    pub(crate) scale: f64,
    /// What underflows of D could amount to, in these units: w of L6.
    pub(crate) slack: f64,
}

impl Units {
    /// So many in a distance of 1, for d dimensions.
    pub(crate) fn new(d: usize, scale: f64) -> Self {
        // w² is three times what D may be off by where squares underflow, and a little more, as w is rounded.
        const THRICE: f64 = 3.1;
        let tiniest_root = f64::from_bits((1023 - 537) << 52);
        let absolute = Definition::new(d).absolute / f64::TINIEST;
        Units {
            scale,
            slack: scale * (THRICE * absolute).sqrt() * tiniest_root,
        }
    }
}

/// Where points are packed for screening.
pub(crate) struct Tile<'a, E> {
    /// Points in a group; a multiple of the width of the lanes that pack.
    pub(crate) width: usize,
    /// Element `e` of a chunk of lane `l` of group `g` is at `(g * (chunk.len() + sides) + e) * width + l`; the sides, if
    /// elements have any, follow.
    pub(crate) elements: &'a mut [E],
    /// Each lane's reach, or what is known of it without a label, after the last chunk.
    pub(crate) reaches: &'a mut [E],
    /// Each lane's |X|², for frames that have a limit.
    pub(crate) squares: &'a mut [f64],
}

/// What turns points into tiles for screening, in elements `E`.
pub(crate) trait Screened<E> {
    /// Packs a chunk of the elements of the points. The chunks of a point come in order.
    ///
    /// # Safety
    /// The caller is compiled for `L` (and what else the implementation needs); the tile has room for the
    /// points, rounded up to whole groups; the chunk lies within the dimensions.
    unsafe fn pack<L: Lanes>(
        &self,
        points: &Points<'_>,
        which: &Which<'_>,
        chunk: Range<usize>,
        tile: Tile<'_, E>,
    );

    /// Reaches for any labels, of what packing left for them; for frames to which that is less than to [`complete`](Self::complete)
    /// them.
    ///
    /// # Safety
    /// The caller is compiled for `S`.
    #[inline(always)]
    unsafe fn at_most<S: Screen<E = E>>(&self, _left: S::V) -> Option<S::V> {
        None
    }

    /// Makes reaches of what packing left for them, where they depend on the labels of the least values, too.
    #[inline(always)]
    fn complete(&self, _labels: &[i32], _squares: &[f64], _reaches: &mut [E]) {}

    /// Whether least values that are equal are known to be equal distances: whether the label of a point is that of the first.
    #[inline(always)]
    fn is_exact(&self, _points: &Points<'_>, _p: usize) -> bool {
        false
    }

    /// A value that no center has that is nearer to a point than one at this squared `distance`, given the point's reach and
    /// |X|²; for frames that know.
    #[inline(always)]
    fn limit(&self, _distance: f64, _square: f64, _reach: E) -> Option<E> {
        None
    }

    /// How much nearer the center of the least value is than any other, at least, given the second least value, and the point's
    /// reach, what packing left for that, and |X|²; not positive, or NaN, where that is not known, as by frames that are too coarse
    /// for it.
    #[inline(always)]
    fn margin(&self, _least: E, _second: E, _reach: E, _left: E, _square: f64) -> f32 {
        0.0
    }

    /// What is read when the points `next` come.
    #[inline(always)]
    fn ahead(&self, points: &Points<'_>, next: Range<usize>) -> Ahead {
        Ahead::of(points, next, 0..points.d())
    }
}

impl<E: Working> Screened<E> for Frame<'_, E> {
    #[inline(always)]
    unsafe fn pack<L: Lanes>(
        &self,
        points: &Points<'_>,
        which: &Which<'_>,
        chunk: Range<usize>,
        tile: Tile<'_, E>,
    ) {
        let width = tile.width;
        let elements = tile.elements.as_mut_ptr();
        // SAFETY: the contract above.
        unsafe {
            let mut shifted = Shifted::<L, E> {
                frame: self,
                chunk: chunk.clone(),
                last: chunk.end == points.d(),
                width,
                elements,
                reaches: tile.reaches.as_mut_ptr(),
                group: elements,
                squares: L::splat(0.0),
            };
            let lanes = which.len().next_multiple_of(width);
            pour::<L>(points, which, chunk, lanes, &mut shifted);
        }
    }

    #[inline(always)]
    unsafe fn at_most<S: Screen<E = E>>(&self, left: S::V) -> Option<S::V> {
        let Certificate {
            per_square,
            constant,
            start,
        } = self.certificate;
        let of_centers = constant + per_square / start * self.most;
        // SAFETY: the contract above.
        unsafe {
            let per_square = S::splat(E::of(per_square));
            Some(S::mul_add(left, per_square, S::splat(E::of(of_centers))))
        }
    }

    #[inline(always)]
    fn complete(&self, labels: &[i32], _: &[f64], reaches: &mut [E]) {
        let Certificate {
            per_square,
            constant,
            ..
        } = self.certificate;
        let (per_square, constant) = (E::of(per_square), E::of(constant));
        for (reach, &label) in reaches.iter_mut().zip(labels) {
            // Where values start from |ĉ|² itself, errors are told by all centers.
            let of_center = match self.grid {
                Some(_) => E::of(self.certificate.per_square * self.most),
                None => self.certificate.of_start(self.starts[label as usize]),
            };
            *reach = *reach * per_square + (of_center + constant);
        }
    }

    #[inline(always)]
    fn is_exact(&self, points: &Points<'_>, p: usize) -> bool {
        self.grid.is_some_and(|grid| grid.has(points, p, self.mean))
    }

    #[inline(always)]
    fn margin(&self, least: E, second: E, reach: E, left: E, _: f64) -> f32 {
        let near = (left + least + reach).sqrt();
        let far = (left + second - reach).sqrt();
        (far * E::of(FAR) - near * E::of(NEAR)).down() - self.units.slack as f32
    }
}

/// Factors of the farther and the nearer distance in a margin: room for α, and for roundings (L6, L7).
pub(crate) const FAR: f64 = 1.0 - 1.0 / (1 << 20) as f64;
pub(crate) const NEAR: f64 = 1.0 + 1.0 / (1 << 19) as f64;

/// Points shifted, scaled and rounded.
struct Shifted<'a, L: Lanes, E> {
    frame: &'a Frame<'a, E>,
    chunk: Range<usize>,
    last: bool,
    width: usize,
    elements: *mut E,
    /// Between chunks, |x̂|² so far.
    reaches: *mut E,
    /// Of the current vector of points, in this chunk.
    group: *mut E,
    squares: L::F,
}

impl<L: Lanes, E: Working> Sink<L> for Shifted<'_, L, E> {
    #[inline(always)]
    unsafe fn begin(&mut self, lane: usize) {
        // SAFETY: the group of this lane starts at (lane rounded down to whole groups) * the chunk's length, inside the
        // tile; the vector is one of those that make up each dimension of the group.
        unsafe {
            let part = lane % self.width;
            self.group = self.elements.add((lane - part) * self.chunk.len() + part);
            self.squares = L::splat(0.0);
        }
    }
    #[inline(always)]
    unsafe fn take(&mut self, i: usize, x: L::F) {
        // SAFETY: i is below d, which the mean has; dimension i of the chunk is inside the group.
        unsafe {
            let shifted = L::sub(x, L::splat(*self.frame.mean.get_unchecked(i)));
            let scaled = L::mul(shifted, L::splat(self.frame.units.scale));
            self.squares = L::add(self.squares, L::mul(scaled, scaled));
            let at = (i - self.chunk.start) * self.width;
            E::store::<L>(self.group.add(at), scaled);
        }
    }
    #[inline(always)]
    unsafe fn end(&mut self) {
        // SAFETY: there is a reach for every lane; lanes come in order.
        unsafe {
            // Chunks are summed by themselves first, so that few roundings add up.
            let squares = match self.chunk.start {
                0 => self.squares,
                _ => L::add(self.squares, E::load::<L>(self.reaches)),
            };
            let left = match self.last {
                true => {
                    // What is too far, or not a number, is infinitely far.
                    let near = L::less(squares, L::splat(Certificate::far::<E>()));
                    L::select(near, squares, L::splat(f64::INFINITY))
                }
                false => squares,
            };
            E::store::<L>(self.reaches, left);
            self.reaches = self.reaches.add(L::WIDTH);
        }
    }
}

/// How points become bytes for screening (L4): X = scale (x - mean), rounded to whole numbers of at most
/// 127 in magnitude, plus 128.
#[derive(Clone, Copy)]
pub(crate) struct Bytes<'a> {
    pub(crate) mean: &'a [f64],
    pub(crate) scale: f64,
    /// The reach is `per_norm` * |X̂| + `per_error` * |X̂ - X| + `constant`.
    pub(crate) per_norm: f64,
    pub(crate) per_error: f64,
    pub(crate) constant: f64,
    /// The centers' scale.
    pub(crate) center_scale: f64,
}

/// Farther apart than any two values of bytes.
#[cfg(target_arch = "x86_64")]
const FARTHEST: i32 = 1 << 29;

#[cfg(target_arch = "x86_64")]
impl Screened<i32> for Bytes<'_> {
    #[inline(always)]
    fn limit(&self, distance: f64, square: f64, reach: i32) -> Option<i32> {
        let value = 0.5 * self.center_scale * (self.scale * distance - square / self.scale);
        // Half the reach is the error of one value; the 1 is cut off (L10).
        (reach < FARTHEST).then_some((value + 0.5 * f64::from(reach) + 1.0) as i32)
    }

    /// Dimensions are in lanes here: a point's bytes are side by side anyway. Needs AVX-512 F, DQ, BW and VL.
    #[inline(always)]
    unsafe fn pack<L: Lanes>(
        &self,
        points: &Points<'_>,
        which: &Which<'_>,
        chunk: Range<usize>,
        tile: Tile<'_, i32>,
    ) {
        use core::arch::x86_64::*;
        let Tile {
            width,
            elements,
            reaches,
            squares,
        } = tile;
        let d = points.d();
        // A byte screen's chunk is all there is.
        assert!(chunk.start == 0 && chunk.end * 4 >= d);
        let lanes = which.len().next_multiple_of(width);
        let (reaches, squares) = (&mut reaches[..lanes], &mut squares[..lanes]);
        let mut errors = [0.0; 64];
        assert!(lanes <= errors.len() && width.is_multiple_of(8));
        // SAFETY: compiled for the instruction sets named above. Rows and the mean are read below d, the last vectors
        // partially, with zeros for the rest, which become bytes of 128 that meet zeros of the centers. Elements are
        // written in pairs, the second only if there is one. Reaches are made of vectors of eight lanes.
        unsafe {
            let scale = _mm512_set1_pd(self.scale);
            let (most, least) = (_mm512_set1_pd(127.0), _mm512_set1_pd(-127.0));
            // Added, it leaves whole numbers, plus 128, in the low bits.
            let magic = _mm512_set1_pd((3u64 << 51) as f64 + 128.0);
            for (lane, total) in errors.iter_mut().enumerate().take(lanes) {
                let row = points.row(which.point(lane)).as_ptr();
                let group = elements
                    .as_mut_ptr()
                    .add((lane - lane % width) * chunk.len() + lane % width);
                let mut square = _mm512_setzero_pd();
                let mut error = _mm512_setzero_pd();
                for i in (0..d).step_by(8) {
                    let mask = match d - i {
                        rest @ ..8 => (1u8 << rest) - 1,
                        _ => 0xff,
                    };
                    let x = _mm512_maskz_loadu_pd(mask, row.add(i));
                    let mean = _mm512_maskz_loadu_pd(mask, self.mean.as_ptr().add(i));
                    let exact = _mm512_mul_pd(_mm512_sub_pd(x, mean), scale);
                    let clamped = _mm512_max_pd(_mm512_min_pd(exact, most), least);
                    let shifted = _mm512_add_pd(clamped, magic);
                    let off = _mm512_sub_pd(exact, _mm512_sub_pd(shifted, magic));
                    square = _mm512_fmadd_pd(exact, exact, square);
                    error = _mm512_fmadd_pd(off, off, error);
                    let bytes = _mm512_cvtepi64_epi8(_mm512_castpd_si512(shifted));
                    let element = group.add(i / 4 * width);
                    *element = _mm_cvtsi128_si32(bytes);
                    if mask > 0b1111 {
                        *element.add(width) = _mm_extract_epi32::<1>(bytes);
                    }
                }
                *squares.get_unchecked_mut(lane) = _mm512_reduce_add_pd(square);
                *total = _mm512_reduce_add_pd(error);
            }
            // |X̂| is at most |X| + |X̂ - X|.
            let per_error = _mm512_set1_pd(self.per_norm + self.per_error);
            for lane in (0..lanes).step_by(8) {
                let norm = _mm512_sqrt_pd(_mm512_loadu_pd(squares.as_ptr().add(lane)));
                let error = _mm512_sqrt_pd(_mm512_loadu_pd(errors.as_ptr().add(lane)));
                let reach = _mm512_fmadd_pd(
                    norm,
                    _mm512_set1_pd(self.per_norm),
                    _mm512_fmadd_pd(error, per_error, _mm512_set1_pd(self.constant)),
                );
                // In this order: of NaN and FARTHEST it is FARTHEST (L17).
                let reach = _mm512_min_pd(reach, _mm512_set1_pd(f64::from(FARTHEST)));
                _mm256_storeu_si256(
                    reaches.as_mut_ptr().add(lane).cast(),
                    _mm512_cvttpd_epi32(reach),
                );
            }
        }
    }
}

/// Memory that is likely needed next, brought nearer while other work goes on: a core that waits for memory computes
/// nothing, and one that computes could have asked for it.
pub(crate) struct Ahead {
    row: *const u8,
    /// Bytes from row to row, rows left, cache lines in a row, lines asked for in this one.
    stride: usize,
    rows: usize,
    lines: usize,
    line: usize,
}

/// Bytes in a cache line.
pub(crate) const LINE: usize = 64;

impl Ahead {
    /// The dimensions `dims` of points in rows; columns are few streams, which the CPU sees coming by itself.
    pub(crate) fn of(points: &Points<'_>, block: Range<usize>, dims: Range<usize>) -> Self {
        let (row, stride, rows, bytes) = points.spans(block, dims);
        Ahead {
            row,
            stride,
            rows,
            lines: bytes.div_ceil(LINE),
            line: 0,
        }
    }

    /// So many elements without gaps.
    pub(crate) fn run<E>(start: *const E, length: usize) -> Self {
        Ahead {
            row: start.cast(),
            stride: 0,
            rows: 1,
            lines: (length * size_of::<E>()).div_ceil(LINE),
            line: 0,
        }
    }

    /// How many lines to ask for in each of so many steps.
    #[inline(always)]
    pub(crate) fn share(&self, steps: usize) -> usize {
        (self.rows * self.lines).div_ceil(steps.max(1))
    }

    /// Asks for the next lines.
    #[inline(always)]
    pub(crate) fn ask(&mut self, lines: usize) {
        for _ in 0..lines {
            if self.rows == 0 {
                return;
            }
            prefetch(self.row.wrapping_add(self.line * LINE));
            self.line += 1;
            if self.line == self.lines {
                self.line = 0;
                self.rows -= 1;
                self.row = self.row.wrapping_add(self.stride);
            }
        }
    }
}
