//! A test, as screening knows it: how points are coded, and what the values prove.

use core::ops::Range;

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
    /// Each lane's error bound, or what is known of it without a label, after the last chunk.
    pub(crate) error_bounds: &'a mut [E],
    /// Each lane's |X|², for tests that have a limit.
    pub(crate) squares: &'a mut [f64],
}

/// How points are coded for a test in elements `E`, and what its values prove.
pub(crate) trait Test<E> {
    /// Panics unless everything is there that packing these points relies on.
    fn check(&self, points: &Points<'_>, which: &Which<'_>);

    /// Packs a chunk of the elements of the points. The chunks of a point come in order.
    ///
    /// # Safety
    /// The caller is compiled for a set of instructions that has `L` and vectors of `E`; the points have passed
    /// [`check`](Self::check); the tile has room for them, rounded up to whole groups; the chunk lies within the dimensions.
    unsafe fn pack<L: Lanes>(
        &self,
        points: &Points<'_>,
        which: &Which<'_>,
        chunk: Range<usize>,
        tile: Tile<'_, E>,
    );

    /// Error bounds for any labels, of what packing left for them; for tests to which that is less work than to [`complete`](Self::complete)
    /// them.
    ///
    /// # Safety
    /// The caller is compiled for `S`.
    #[inline(always)]
    unsafe fn at_most<S: Screen<E = E>>(&self, _left: S::V) -> Option<S::V> {
        None
    }

    /// Makes error bounds of what packing left for them, where they depend on the labels of the least values, too.
    #[inline(always)]
    fn complete(&self, _labels: &[i32], _squares: &[f64], _error_bounds: &mut [E]) {}

    /// Whether least values that are equal are known to be equal distances: whether the label of a point is that of the first.
    #[inline(always)]
    fn is_exact(&self, _points: &Points<'_>, _p: usize) -> bool {
        false
    }

    /// An upper limit for the values of all centers that are nearer to a point than one at this squared `distance`, given the point's
    /// error bound and |X|²; for tests that have one (L10).
    #[inline(always)]
    fn limit(&self, _distance: f64, _square: f64, _error_bound: E) -> Option<E> {
        None
    }

    /// How much nearer the center of the least value is than any other, at least, given the second least value, and the point's
    /// error bound, what packing left for that, and |X|²; not positive, or NaN, where that is not known, as by tests that are too coarse
    /// for it.
    #[inline(always)]
    fn margin(&self, _least: E, _second: E, _error_bound: E, _left: E, _square: f64) -> f32 {
        0.0
    }

    /// What is read when the points `next` come.
    #[inline(always)]
    fn ahead(&self, points: &Points<'_>, next: Range<usize>) -> Ahead {
        Ahead::of(points, next, 0..points.d())
    }
}
