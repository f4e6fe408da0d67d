//! How points are packed for screening, and what a screening proves, precision by precision.

use core::ops::Range;

use super::certify::{Certificate, Definition};
use crate::points::{pour, Ahead, Points, Sink, Which};
use crate::quantize::Grid;
use crate::simd::products::{Screen, Working};
use crate::simd::Lanes;

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
