//! Packing: points are transposed from the layout of the caller into lanes.
//!
//! A group has as many points as a vector has lanes, and is stored dimension after dimension: coordinate `i` of point `g * width + l`
//! of a tile is at `(g * d + i) * width + l`:
//!
//! ```text
//!   group 0: x0[0] x1[0] .. | x0[1] x1[1] .. | ...     group 1: x8[0] x9[0] .. | ...
//! ```
//!
//! Points are grouped, because in one long column per dimension the columns of a block would lie a power of two apart, and
//! compete for one cache set. Rows are transposed in registers, in square blocks: gathers would take more time than the
//! arithmetic.

use core::mem::MaybeUninit;
use core::ops::Range;

use super::coordinate::{widen_all, with_type, CoordinateType, Widen};
use super::{Layout, Points};
use crate::simd::{InstructionSet, Kernel, Lanes, Level};

/// Which points to pack.
#[derive(Clone)]
pub(crate) enum Which<'a> {
    /// A block.
    Block(Range<usize>),
    /// Points by index, relative to a first point.
    Listed(&'a [u32], usize),
}

impl Which<'_> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Which::Block(block) => block.len(),
            Which::Listed(indices, _) => indices.len(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The points of some of the lanes.
    pub(crate) fn part(&self, lanes: Range<usize>) -> Which<'_> {
        match self {
            Which::Block(block) => Which::Block(block.start + lanes.start..block.start + lanes.end),
            Which::Listed(indices, first) => Which::Listed(&indices[lanes], *first),
        }
    }

    /// The first point of the block, or the point that indices are relative to.
    pub(crate) fn first(&self) -> usize {
        match self {
            Which::Block(block) => block.start,
            Which::Listed(_, first) => *first,
        }
    }

    /// Whether all points are below `n`.
    pub(crate) fn all_below(&self, n: usize) -> bool {
        match self {
            Which::Block(block) => block.end <= n,
            Which::Listed(indices, first) => indices.iter().all(|&p| first + (p as usize) < n),
        }
    }

    /// The point of a lane; lanes past the end repeat the last point, so that kernels compute on finite values only.
    #[inline(always)]
    pub(crate) fn point(&self, lane: usize) -> usize {
        let lane = lane.min(self.len() - 1);
        match self {
            Which::Block(block) => block.start + lane,
            Which::Listed(indices, first) => first + indices[lane] as usize,
        }
    }
}

/// A destination of packed points, group after group.
///
/// # Safety
/// The caller of each function is compiled for `L`.
pub(crate) trait Sink<L: Lanes> {
    /// Starts the `WIDTH` points from `lane` on.
    unsafe fn begin(&mut self, lane: usize);
    /// Receives their coordinates in dimension `i`; dimensions come in ascending order.
    unsafe fn take(&mut self, i: usize, x: L::F);
    /// Ends the points, after all dimensions.
    unsafe fn end(&mut self);
}

/// Transposes the dimensions `dims` of the points into `lanes` lanes; lanes past the last point repeat it.
///
/// # Safety
/// The caller is compiled for `L`; there is at least one point.
#[inline(always)]
pub(crate) unsafe fn transpose<L: Lanes>(
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
                1 => transpose_narrow::<L, 1>(points, which, lanes, sink),
                2 => transpose_narrow::<L, 2>(points, which, lanes, sink),
                3 => transpose_narrow::<L, 3>(points, which, lanes, sink),
                4 => transpose_narrow::<L, 4>(points, which, lanes, sink),
                5 => transpose_narrow::<L, 5>(points, which, lanes, sink),
                6 => transpose_narrow::<L, 6>(points, which, lanes, sink),
                7 => transpose_narrow::<L, 7>(points, which, lanes, sink),
                8 => transpose_narrow::<L, 8>(points, which, lanes, sink),
                _ => 0,
            };
        }
        while lane < lanes {
            transpose_group::<L>(points, which, dims.clone(), lane, sink);
            lane += L::WIDTH;
        }
    }
}

/// Transposes points of `D` coordinates in rows, as far as they are contiguous or can be copied together; returns the number of lanes.
///
/// # Safety
/// The caller is compiled for `L`; points have `D` dimensions.
#[inline(always)]
unsafe fn transpose_narrow<L: Lanes, const D: usize>(
    points: &Points<'_>,
    which: &Which<'_>,
    lanes: usize,
    sink: &mut impl Sink<L>,
) -> usize {
    // SAFETY: the contract above.
    unsafe {
        match (which, points.layout(), points.coordinates()) {
            (Which::Block(block), _, CoordinateType::F64) => match points.run(block.clone()) {
                Some(run) => transpose_run::<L, D>(run, 0, sink),
                None => 0,
            },
            (_, Layout::Columns, _) => 0,
            // Scattered rows, and those to be widened, are copied first, many at a time: a vector that is read right after its parts
            // were written would stall.
            (_, Layout::Rows, coordinates) => {
                let mut copies = [[0.0; D]; COPIED];
                for lane in (0..lanes).step_by(COPIED) {
                    let copies = &mut copies[..COPIED.min(lanes - lane)];
                    with_type!(coordinates, C => copy_rows::<C, D>(points, which, lane, copies));
                    transpose_run::<L, D>(copies.as_flattened(), lane, sink);
                }
                lanes
            }
        }
    }
}

/// Rows that are copied at a time: a multiple of a group.
const COPIED: usize = 64;

/// Copies the points from `lane` on, which are rows of `D` coordinates of type `C`.
#[inline(always)]
fn copy_rows<C: Widen, const D: usize>(
    points: &Points<'_>,
    which: &Which<'_>,
    lane: usize,
    copies: &mut [[f64; D]],
) {
    let mut copied = 0;
    if let Which::Block(block) = which {
        let first = block.start + lane;
        let part = first..block.end.min(first + copies.len());
        copied = part.len();
        match points.run::<C>(part) {
            Some(run) => widen_all(run, copies[..copied].as_flattened_mut()),
            None => copied = 0,
        }
    }
    for (l, copy) in copies.iter_mut().enumerate().skip(copied) {
        let row = points.row::<C>(which.point(lane + l));
        for (to, &x) in copy.iter_mut().zip(&row[..D]) {
            *to = x.widen();
        }
    }
}

/// Transposes whole groups of points of `D` coordinates without gaps, from a lane on; returns the lane after them.
///
/// # Safety
/// The caller is compiled for `L`.
#[inline(always)]
unsafe fn transpose_run<L: Lanes, const D: usize>(
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

/// Dimensions that are widened at a time: a multiple of a group.
const WIDENED: usize = 64;

/// Coordinates as doubles: where they are, or widened in `room`, which they do not exceed.
#[inline(always)]
fn doubles<C: Widen>(from: &[C], room: &mut MaybeUninit<[f64; WIDENED]>) -> *const f64 {
    if C::TYPE == CoordinateType::F64 {
        return from.as_ptr().cast();
    }
    assert!(from.len() <= WIDENED);
    let to = room.as_mut_ptr().cast::<f64>();
    for (i, &x) in from.iter().enumerate() {
        // SAFETY: i is below the length of the room.
        unsafe { to.add(i).write(x.widen()) }
    }
    to
}

/// Transposes the `WIDTH` points from `lane` on, in any layout.
///
/// # Safety
/// The caller is compiled for `L`; there is at least one point.
#[inline(always)]
unsafe fn transpose_group<L: Lanes>(
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
                // Rows of doubles are read where they are, others some dimensions at a time where they have been widened.
                let mut widened = [const { MaybeUninit::uninit() }; 8];
                let together = match points.coordinates() {
                    CoordinateType::F64 => usize::MAX,
                    CoordinateType::F32 | CoordinateType::U8 => WIDENED,
                };
                let mut first = dims.start;
                while first < dims.end {
                    let length = together.min(dims.end - first);
                    let mut rows = [core::ptr::null(); 8];
                    for (l, row) in rows.iter_mut().enumerate().take(L::WIDTH) {
                        let p = which.point(lane + l);
                        *row = with_type!(points.coordinates(), C => {
                            let from = &points.row::<C>(p)[first..first + length];
                            doubles(from, &mut widened[l])
                        });
                    }
                    let mut i = 0;
                    while i + L::WIDTH <= length {
                        let mut square = [L::splat(0.0); 8];
                        for (x, row) in square.iter_mut().zip(&rows).take(L::WIDTH) {
                            *x = L::load(row.add(i));
                        }
                        L::transpose(&mut square);
                        for (c, x) in square.iter().enumerate().take(L::WIDTH) {
                            sink.take(first + i + c, *x);
                        }
                        i += L::WIDTH;
                    }
                    let rest = length - i;
                    if rest > 0 {
                        let mut square = [L::splat(0.0); 8];
                        for (x, row) in square.iter_mut().zip(&rows).take(L::WIDTH) {
                            *x = L::load_partial(row.add(i), rest);
                        }
                        L::transpose(&mut square);
                        for (c, x) in square.iter().enumerate().take(rest) {
                            sink.take(first + i + c, *x);
                        }
                    }
                    first += length;
                }
            }
            (Layout::Columns, Which::Block(block)) if lane + L::WIDTH <= block.len() => {
                let first = block.start + lane;
                for i in dims {
                    let lanes = first..first + L::WIDTH;
                    let x = with_type!(points.coordinates(), C => {
                        C::load::<L>(points.column::<C>(i, lanes).as_ptr())
                    });
                    sink.take(i, x);
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

/// Points that are packed without conversion.
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

/// Packs points without conversion, in groups as wide as the vectors of the level; returns the number of lanes.
pub(crate) fn pack(
    level: Level,
    points: &Points<'_>,
    which: &Which<'_>,
    tile: &mut [f64],
) -> usize {
    let lanes = which.len().next_multiple_of(level.width());
    assert!(!which.is_empty() && tile.len() >= lanes * points.d());
    level.run(Pack {
        points,
        which,
        lanes,
        tile,
    });
    lanes
}

/// There is at least one point, and the tile holds the lanes, which are whole groups.
struct Pack<'a> {
    points: &'a Points<'a>,
    which: &'a Which<'a>,
    lanes: usize,
    tile: &'a mut [f64],
}

impl Kernel for Pack<'_> {
    type Out = ();

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) {
        let (points, tile) = (self.points, self.tile.as_mut_ptr());
        let mut plain = Plain {
            tile,
            group: tile,
            d: points.d(),
        };
        // SAFETY: the caller is compiled for the lanes; `pack` has checked the points and the tile.
        unsafe { transpose::<I::Lanes>(points, self.which, 0..points.d(), self.lanes, &mut plain) }
    }
}
