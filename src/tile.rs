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
use crate::lanes::{prefetch, Lanes};
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

/// Where packed points go, group after group.
///
/// # Safety
/// The caller of each function is compiled for `L`.
trait Sink<L: Lanes> {
    /// The `WIDTH` points from `lane` on come next.
    unsafe fn begin(&mut self, lane: usize);
    /// Their coordinates in dimension `i`, which counts up.
    unsafe fn take(&mut self, i: usize, x: L::F);
    /// All dimensions have come.
    unsafe fn end(&mut self);
}

/// Turns the points into `lanes` lanes; those past the last point repeat it.
///
/// # Safety
/// The caller is compiled for `L`; there is at least one point.
#[inline(always)]
unsafe fn pour<L: Lanes>(
    points: &Points<'_>,
    which: &Which<'_>,
    lanes: usize,
    sink: &mut impl Sink<L>,
) {
    let mut lane = 0;
    // SAFETY: the contract above; `run` holds all coordinates of a block.
    unsafe {
        if let Which::Block(block) = which {
            if let Some(run) = points.run(block.clone()) {
                lane = match points.d() {
                    1 => pour_narrow::<L, 1>(run, sink),
                    2 => pour_narrow::<L, 2>(run, sink),
                    3 => pour_narrow::<L, 3>(run, sink),
                    4 => pour_narrow::<L, 4>(run, sink),
                    _ => 0,
                };
            }
        }
        while lane < lanes {
            pour_group::<L>(points, which, lane, sink);
            lane += L::WIDTH;
        }
    }
}

/// Whole groups of points of `D` coordinates without gaps; returns how many points that were.
///
/// # Safety
/// The caller is compiled for `L`.
#[inline(always)]
unsafe fn pour_narrow<L: Lanes, const D: usize>(run: &[f64], sink: &mut impl Sink<L>) -> usize {
    let mut lane = 0;
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
    lane: usize,
    sink: &mut impl Sink<L>,
) {
    let d = points.d();
    // SAFETY: rows are read below d, the last vectors partially; columns as far as `column` gives them.
    unsafe {
        sink.begin(lane);
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
                        sink.take(i + c, *x);
                    }
                    i += L::WIDTH;
                }
            }
            (Layout::Columns, Which::Block(block)) if lane + L::WIDTH <= block.len() => {
                let first = block.start + lane;
                for i in 0..d {
                    let column = points.column(i, first..first + L::WIDTH);
                    sink.take(i, L::load(column.as_ptr()));
                }
            }
            (Layout::Columns, _) => {
                for i in 0..d {
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
    unsafe { pour::<L>(points, which, lanes, &mut plain) }
}

/// How points are shifted and scaled for screening, and what makes a reach of |x̂|² (see `assign::certify`).
#[derive(Clone, Copy)]
pub(crate) struct Frame<'a> {
    pub(crate) mean: &'a [f64],
    pub(crate) scale: f64,
    pub(crate) per_square: f64,
    pub(crate) constant: f64,
}

/// Points shifted, scaled and rounded.
struct Screened<'a, L: Lanes, E> {
    frame: &'a Frame<'a>,
    d: usize,
    width: usize,
    tile: *mut E,
    reaches: *mut E,
    /// Of the current vector of points.
    lane: usize,
    group: *mut E,
    squares: L::F,
}

impl<L: Lanes, E: Working> Sink<L> for Screened<'_, L, E> {
    #[inline(always)]
    unsafe fn begin(&mut self, lane: usize) {
        // SAFETY: the group of this lane starts at (lane rounded down to whole groups) * d, inside the tile; the vector is
        // one of those that make up each dimension of the group.
        unsafe {
            let part = lane % self.width;
            self.lane = lane;
            self.group = self.tile.add((lane - part) * self.d + part);
            self.squares = L::splat(0.0);
        }
    }
    #[inline(always)]
    unsafe fn take(&mut self, i: usize, x: L::F) {
        // SAFETY: i is below d, which the mean has; dimension i is inside the group.
        unsafe {
            let shifted = L::sub(x, L::splat(*self.frame.mean.get_unchecked(i)));
            let scaled = L::mul(shifted, L::splat(self.frame.scale));
            self.squares = L::add(self.squares, L::mul(scaled, scaled));
            E::store::<L>(self.group.add(i * self.width), scaled);
        }
    }
    #[inline(always)]
    unsafe fn end(&mut self) {
        // SAFETY: there is a reach for every lane.
        unsafe {
            let reach = L::add(
                L::mul(self.squares, L::splat(self.frame.per_square)),
                L::splat(self.frame.constant),
            );
            E::store::<L>(self.reaches.add(self.lane), reach);
        }
    }
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
    let tile = tile.as_mut_ptr();
    // SAFETY: the contract above.
    unsafe {
        let mut screened = Screened::<L, E> {
            frame,
            d: points.d(),
            width,
            tile,
            reaches: reaches.as_mut_ptr(),
            lane: 0,
            group: tile,
            squares: L::splat(0.0),
        };
        let lanes = which.len().next_multiple_of(width);
        pour::<L>(points, which, lanes, &mut screened);
    }
}

/// The memory of the points that are likely next, brought nearer while others are worked on: a core that waits for memory
/// computes nothing, and one that computes could have asked for it.
pub(crate) struct Ahead {
    next: *const u8,
    /// Cache lines left.
    lines: usize,
}

/// Bytes in a cache line.
const LINE: usize = 64;

impl Ahead {
    /// Of a block of points in rows; columns are few streams, which the CPU sees coming by itself.
    pub(crate) fn of(points: &Points<'_>, block: Range<usize>) -> Self {
        let span = points.span(block);
        Ahead {
            next: span.start,
            lines: (span.end as usize - span.start as usize).div_ceil(LINE),
        }
    }

    /// How many lines to ask for in each of so many steps.
    #[inline(always)]
    pub(crate) fn share(&self, steps: usize) -> usize {
        self.lines.div_ceil(steps.max(1))
    }

    /// Asks for the next lines.
    #[inline(always)]
    pub(crate) fn ask(&mut self, lines: usize) {
        let lines = lines.min(self.lines);
        for _ in 0..lines {
            prefetch(self.next);
            self.next = self.next.wrapping_add(LINE);
        }
        self.lines -= lines;
    }
}
