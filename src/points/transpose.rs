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

use super::coordinate::{with_type, CoordinateType, Widen};
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
            Which::Listed(indices, first) => {
                let most = indices.iter().fold(0, |most, &p| most.max(p));
                indices.is_empty() || first + (most as usize) < n
            }
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
        let mut room = MaybeUninit::uninit();
        let mut widened = Widened {
            room: &mut room,
            lanes: 0..0,
        };
        while lane < lanes {
            transpose_group::<L>(points, which, dims.clone(), lane..lanes, &mut widened, sink);
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
    // SAFETY: the contract above. Rows are copied after their points have been tested to be below n.
    unsafe {
        match (which, points.layout(), points.coordinates()) {
            (Which::Block(block), _, CoordinateType::F64) => match points.run(block.clone()) {
                Some(run) => transpose_run::<L, D>(run, 0, sink),
                None => 0,
            },
            (_, Layout::Columns | Layout::Csr, _) => 0,
            // Scattered rows, and those to be widened, are copied first, many at a time: a vector that is read right after its parts
            // were written would stall.
            (_, Layout::Rows, coordinates) => {
                let mut copies = [[0.0; D]; COPIED];
                // Tested here, and not for each.
                assert!(which.all_below(points.n()));
                for lane in (0..lanes).step_by(COPIED) {
                    let count = COPIED.min(lanes - lane);
                    if coordinates == CoordinateType::F64 {
                        for (l, copy) in copies.iter_mut().enumerate().take(count) {
                            let row = points.row_start::<f64>(which.point(lane + l));
                            *copy = row.cast::<[f64; D]>().read();
                        }
                    } else {
                        let room = copies.as_mut_ptr().cast();
                        widen_rows::<L>(points, which, lane..lane + count, 0..D, room, D);
                    }
                    transpose_run::<L, D>(copies[..count].as_flattened(), lane, sink);
                }
                lanes
            }
        }
    }
}

/// Rows that are copied at a time: a multiple of a group.
const COPIED: usize = 64;

/// Dimensions up to which a row is widened faster by itself than by a call.
const NARROW: usize = 8;

/// Widens the dimensions `dims` of the points of some lanes, which are rows, or sparse ones, to rows `stride` apart.
///
/// # Safety
/// The CPU has the instruction set of `L`; there is at least one point, and room for these rows.
#[inline(never)]
unsafe fn widen_rows<L: Lanes>(
    points: &Points<'_>,
    which: &Which<'_>,
    lanes: Range<usize>,
    dims: Range<usize>,
    room: *mut f64,
    stride: usize,
) {
    if points.form().is_csr() {
        for lane in lanes.clone() {
            // SAFETY: the contract.
            let row = unsafe {
                let row = room.add((lane - lanes.start) * stride);
                (0..dims.len()).for_each(|i| row.add(i).write(0.0));
                core::slice::from_raw_parts_mut(row, dims.len())
            };
            let entries = points.entries(which.point(lane)).within(dims.clone());
            entries.each(|i, x| row[i - dims.start] = x);
        }
        return;
    }
    with_type!(points.coordinates(), C => {
        let mut lane = lanes.start;
        if let (Which::Block(block), true) = (which, dims.len() == stride && stride == points.d()) {
            let part = block.start + lane..block.end.min(block.start + lanes.end);
            if let (false, Some(run)) = (part.is_empty(), points.run::<C>(part.clone())) {
                // SAFETY: the contract; the run is as long as the rows, which are contiguous.
                unsafe { C::widen_all::<L>(run, room) };
                lane += part.len();
            }
        }
        for lane in lane..lanes.end {
            let row = &points.row::<C>(which.point(lane))[dims.clone()];
            // SAFETY: the contract.
            unsafe {
                let to = room.add((lane - lanes.start) * stride);
                match row.len() {
                    ..=NARROW => {
                        for (i, &x) in row.iter().enumerate() {
                            to.add(i).write(x.widened());
                        }
                    }
                    _ => C::widen_all::<L>(row, to),
                }
            }
        }
    });
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

/// Dimensions of eight points that are widened at a time: a multiple of a group.
const WIDENED: usize = 64;

/// The rows of some lanes, widened. The room is apart from this, for that would be initialised with it.
struct Widened<'r> {
    room: &'r mut MaybeUninit<[f64; 8 * WIDENED]>,
    lanes: Range<usize>,
}

impl Widened<'_> {
    /// The dimensions `dims`, at most [`WIDENED`], of the first few `lanes`, as rows; and how far apart these are. If these are `all` dimensions
    /// that are wanted, as many lanes are widened as there is room for, for the next groups.
    ///
    /// # Safety
    /// The CPU has the instruction set of `L`; there is at least one point, and points are rows.
    #[inline(never)]
    unsafe fn rows<L: Lanes>(
        &mut self,
        points: &Points<'_>,
        which: &Which<'_>,
        lanes: Range<usize>,
        dims: Range<usize>,
        all: bool,
    ) -> (*const f64, usize) {
        let stride = dims.len();
        assert!(stride <= WIDENED && L::WIDTH <= 8);
        let room = self.room.as_mut_ptr().cast::<f64>();
        if !all || !self.lanes.contains(&lanes.start) {
            let most = match all {
                true => 8 * WIDENED / stride / L::WIDTH * L::WIDTH,
                false => L::WIDTH,
            };
            self.lanes = lanes.start..lanes.end.min(lanes.start + most);
            // SAFETY: the contract; there is room for so many rows.
            unsafe { widen_rows::<L>(points, which, self.lanes.clone(), dims, room, stride) };
        }
        let row = lanes.start - self.lanes.start;
        (room.wrapping_add(row * stride), stride)
    }
}

/// Transposes the first `WIDTH` points of the `lanes`, in any layout.
///
/// # Safety
/// The caller is compiled for `L`; there is at least one point.
#[inline(always)]
unsafe fn transpose_group<L: Lanes>(
    points: &Points<'_>,
    which: &Which<'_>,
    dims: Range<usize>,
    lanes: Range<usize>,
    widened: &mut Widened<'_>,
    sink: &mut impl Sink<L>,
) {
    let lane = lanes.start;
    assert!(dims.end <= points.d());
    // SAFETY: rows are read below d, the last vectors partially; columns as far as `column` gives them.
    unsafe {
        sink.begin(lane);
        match (points.layout(), which) {
            (Layout::Rows | Layout::Csr, _) => {
                let mut rows = [core::ptr::null(); 8];
                let doubles = points.form().is_rows_of_doubles();
                if doubles {
                    for (l, row) in rows.iter_mut().enumerate().take(L::WIDTH) {
                        *row = points.row::<f64>(which.point(lane + l)).as_ptr();
                    }
                }
                // Rows of doubles are read where they are, others some dimensions at a time where they have been widened.
                let mut first = dims.start;
                loop {
                    let mut end = dims.end;
                    if !doubles {
                        end = end.min(first + WIDENED);
                        let all = end - first == dims.len();
                        let (lanes, dims) = (lanes.clone(), first..end);
                        let (start, stride) = widened.rows::<L>(points, which, lanes, dims, all);
                        for (l, row) in rows.iter_mut().enumerate().take(L::WIDTH) {
                            *row = start.wrapping_add(l * stride).wrapping_sub(first);
                        }
                    }
                    let mut i = first;
                    while i + L::WIDTH <= end {
                        let mut square = [L::splat(0.0); 8];
                        for (x, row) in square.iter_mut().zip(&rows).take(L::WIDTH) {
                            *x = L::load(row.wrapping_add(i));
                        }
                        L::transpose(&mut square);
                        for (c, x) in square.iter().enumerate().take(L::WIDTH) {
                            sink.take(i + c, *x);
                        }
                        i += L::WIDTH;
                    }
                    let rest = end - i;
                    if rest > 0 {
                        let mut square = [L::splat(0.0); 8];
                        for (x, row) in square.iter_mut().zip(&rows).take(L::WIDTH) {
                            *x = L::load_partial(row.wrapping_add(i), rest);
                        }
                        L::transpose(&mut square);
                        for (c, x) in square.iter().enumerate().take(rest) {
                            sink.take(i + c, *x);
                        }
                    }
                    if end == dims.end {
                        break;
                    }
                    first = end;
                }
            }
            (Layout::Columns, Which::Block(block)) if lane + L::WIDTH <= block.len() => {
                let first = block.start + lane;
                for i in dims {
                    let part = first..first + L::WIDTH;
                    let x = with_type!(points.coordinates(), C => {
                        C::load::<L>(points.column::<C>(i, part).as_ptr())
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
