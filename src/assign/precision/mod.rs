//! The precisions that labels are proven in.
//!
//! Vectors are shifted by a fixed μ and scaled: X = s (x - μ), C_j = s (c_j - μ). A test evaluates, for every center, a value that
//! is s² D(x, c_j) less a term of x alone, within a proven error, and keeps the least and the second least. Where they are farther
//! apart than the point's *error bound*, the label is proven; else the nearest center is among those whose values are within the
//! error bound of the least, and D decides. Where D of the center of the least value is known, its error is none, and less is within
//! the bound (L10).
//!
//! A precision is a file. It says how points and centers are coded, what is evaluated, the error bound with its lemma, for which
//! shapes and passes it is worthwhile, and has its tests:
//!
//! | precision | evaluated | lemmas |
//! |---|---|---|
//! | `int8` | T̂_j = round(\|C_j\|² s / 2 r) - X̂·Ĉ_j, in integers | L4 |
//! | `int16` | V_j ≈ K_j - (X̂·Ĉ_j + e) u w_j, a lower bound | L5, L7 |
//! | `float` | Ŝ_j ≈ \|ĉ_j\|² - 2 x̂·ĉ_j, a little less | L2, L3, L6, L16, L17, L18 |
//!
//! When a pass goes from one to another is told in [`fallback`](super::fallback).

mod float;
mod int16;
mod int8;

use core::ops::Range;

pub(crate) use float::{pack_centers as pack_floats, Certificate, FloatTest, Scaling};
pub(crate) use int16::{pack_centers as pack_int16, Int16Bound, Int16Centers, Int16Test};
pub(crate) use int8::{
    pack_centers as pack_int8, Int8Bound, Int8Centers, Int8Packing, Int8Test, CENTERS_BEYOND,
};

use crate::points::{Ahead, Points, Which};
use crate::simd::products::Screen;
use crate::simd::Lanes;

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

/// How points are coded for a test in elements `E`, and what its values prove.
pub(crate) trait Test<E> {
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
