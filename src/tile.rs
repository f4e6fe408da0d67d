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

use crate::lanes::screen::Working;
use crate::lanes::Lanes;
use crate::points::{Layout, Points};

/// Which points to pack.
#[derive(Clone)]
pub(crate) enum Which<'a> {
    /// A block.
    Block(Range<usize>),
    /// Some points, by index.
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

    /// The point of a lane; lanes past the end repeat the last point, so that kernels compute on finite values only.
    #[inline(always)]
    fn point(&self, lane: usize) -> usize {
        let lane = lane.min(self.len() - 1);
        match self {
            Which::Block(block) => block.start + lane,
            Which::Some(indices, first) => first + indices[lane] as usize,
        }
    }
}

/// Calls `emit` with each dimension of the `WIDTH` points from `lane` on.
///
/// # Safety
/// The caller is compiled for `L`; there is at least one point.
#[inline(always)]
unsafe fn vectors<L: Lanes>(
    points: &Points<'_>,
    which: &Which<'_>,
    lane: usize,
    mut emit: impl FnMut(usize, L::F),
) {
    let d = points.d();
    // SAFETY: rows are read below d, the last vectors partially; columns as far as `column` gives them.
    unsafe {
        if let (Which::Block(block), 1..=4) = (which, d) {
            let first = block.start + lane;
            if let Some(rows) = points.run(first..first + L::WIDTH).filter(|_| lane + L::WIDTH <= block.len()) {
                match d {
                    1 => emit_all(&L::columns::<1>(rows.as_ptr()), emit),
                    2 => emit_all(&L::columns::<2>(rows.as_ptr()), emit),
                    3 => emit_all(&L::columns::<3>(rows.as_ptr()), emit),
                    _ => emit_all(&L::columns::<4>(rows.as_ptr()), emit),
                }
                return;
            }
        }
        match (points.layout(), which) {
            (Layout::Rows, _) => {
                let mut rows = [core::ptr::null(); 8];
                for (l, row) in rows.iter_mut().enumerate().take(L::WIDTH) {
                    *row = points.row(which.point(lane + l)).as_ptr();
                }
                let mut i = 0;
                while i < d {
                    let mut square = [L::splat(0.0); 8];
                    let rest = d - i;
                    for (x, row) in square.iter_mut().zip(&rows).take(L::WIDTH) {
                        *x = if rest >= L::WIDTH {
                            L::load(row.add(i))
                        } else {
                            L::load_partial(row.add(i), rest)
                        };
                    }
                    L::transpose(&mut square);
                    for (c, x) in square.iter().enumerate().take(L::WIDTH.min(rest)) {
                        emit(i + c, *x);
                    }
                    i += L::WIDTH;
                }
            }
            (Layout::Columns, Which::Block(block)) if lane + L::WIDTH <= block.len() => {
                let first = block.start + lane;
                for i in 0..d {
                    emit(
                        i,
                        L::load(points.column(i, first..first + L::WIDTH).as_ptr()),
                    );
                }
            }
            (Layout::Columns, _) => {
                for i in 0..d {
                    let mut lanes = [0.0; 8];
                    for (l, x) in lanes.iter_mut().enumerate().take(L::WIDTH) {
                        *x = points.at(which.point(lane + l), i);
                    }
                    emit(i, L::load(lanes.as_ptr()));
                }
            }
        }
    }
}

#[inline(always)]
fn emit_all<F: Copy>(columns: &[F], mut emit: impl FnMut(usize, F)) {
    for (i, x) in columns.iter().enumerate() {
        emit(i, *x);
    }
}

/// Packs points as they are, in groups of `L::WIDTH`.
///
/// # Safety
/// The caller is compiled for `L`; `tile` has room for the points, rounded up to whole groups.
#[inline(always)]
pub(crate) unsafe fn pack<L: Lanes>(points: &Points<'_>, which: &Which<'_>, tile: &mut [f64]) {
    let d = points.d();
    for lane in (0..which.len()).step_by(L::WIDTH) {
        // SAFETY: the group of this lane starts at lane * d, and dimension i is a vector in it.
        unsafe {
            let group = tile.as_mut_ptr().add(lane * d);
            vectors::<L>(points, which, lane, |i, x| {
                L::store(group.add(i * L::WIDTH), x)
            });
        }
    }
}

/// How points are shifted and scaled for screening, and what makes a reach of |x̂|² (see `assign::certify`).
#[derive(Clone, Copy)]
pub(crate) struct Frame<'a> {
    pub(crate) mean: &'a [f64],
    pub(crate) scale: f64,
    pub(crate) per_square: f64,
    pub(crate) constant: f64,
}

/// Packs points shifted, scaled and rounded to the working precision, in groups of `width`, which is once or twice
/// `L::WIDTH`; stores each point's reach.
///
/// # Safety
/// The caller is compiled for `L`; `tile` and `reaches` have room for the points, rounded up to whole groups.
#[inline(always)]
pub(crate) unsafe fn pack_screened<L: Lanes, E: Working>(
    points: &Points<'_>,
    which: &Which<'_>,
    frame: &Frame<'_>,
    width: usize,
    tile: &mut [E],
    reaches: &mut [E],
) {
    let d = points.d();
    let lanes = which.len().next_multiple_of(width);
    for lane in (0..lanes).step_by(L::WIDTH) {
        // SAFETY: the group of this lane starts at (lane rounded down to whole groups) * d; the vector is one of
        // those that make up each dimension of the group.
        unsafe {
            let part = lane % width;
            let group = tile.as_mut_ptr().add((lane - part) * d + part);
            let scale = L::splat(frame.scale);
            let mut squares = L::splat(0.0);
            vectors::<L>(points, which, lane, |i, x| {
                let shifted = L::sub(x, L::splat(*frame.mean.get_unchecked(i)));
                let scaled = L::mul(shifted, scale);
                squares = L::add(squares, L::mul(scaled, scaled));
                E::store::<L>(group.add(i * width), scaled);
            });
            let reach = L::add(
                L::mul(squares, L::splat(frame.per_square)),
                L::splat(frame.constant),
            );
            E::store::<L>(reaches.as_mut_ptr().add(lane), reach);
        }
    }
}
