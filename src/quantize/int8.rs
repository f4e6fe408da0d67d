//! 8 bits: coordinates as whole numbers of at most 127 in magnitude, four to an element, and the norms of the rounding errors.
//!
//! Groups of points are in lanes: element `e` of lane `l` of group `g` is at `(g * elements + e) * width + l`. It has the
//! coordinates 4e to 4e + 3, with 128 added, in bytes from the lowest to the highest. Centers have signed bytes, negated.
//!
//! Points are coded in two ways, to the same bytes. [`code`] transposes them as it goes, and leaves the
//! norms that seeding reads at every step. [`code_rows`] is for a few points at a time, which are coded anew in
//! every pass: there the bytes of a row come out side by side, and transposing doubles would take longer than coding them.

use core::ops::Range;

use super::TO_WHOLE;
use crate::points::{transpose, Ahead, Points, Sink, Which, Widen};
use crate::simd::products::{elements, Element};
use crate::simd::{InstructionSet, Kernel, Lanes, Level};

/// The roundings where bytes are compared with limits (L43): a half for what values start from, a half for second bytes, two for the
/// limit, one for R, and one for binary64 and binary32.
pub(crate) const ROUNDED: f64 = 5.0;

/// The largest coded coordinate.
const LARGEST: f64 = 127.0;

/// Added to coordinates of points, because products are of unsigned bytes with signed ones; where they are not, it is subtracted first
/// (see `Screen::OFFSET`).
const OFFSET: f64 = 128.0;

/// How coordinates are coded: X = scale (x - origin), rounded.
#[derive(Clone, Copy)]
pub(crate) struct Int8Coding<'a> {
    pub(crate) origin: &'a [f64],
    pub(crate) scale: f64,
}

/// The scales of points and of centers.
#[derive(Clone, Copy)]
pub(crate) struct Scales {
    pub(crate) points: f64,
    pub(crate) centers: f64,
}

impl Scales {
    /// For points whose coordinates are mostly, and centers whose coordinates are always, within these distances of the origin; none if
    /// L4 would not hold.
    pub(crate) fn of_ranges(points: f64, centers: f64) -> Option<Self> {
        if !super::in_range(points) || !super::in_range(centers) {
            return None;
        }
        let scale = LARGEST / centers.max(points);
        Some(Scales {
            points: scale,
            centers: (LARGEST / centers).min(64.0 * scale),
        })
    }
}

/// A number rounded to a whole one of at most 127 in magnitude.
#[inline(always)]
pub(crate) fn round(x: f64) -> f64 {
    super::whole(x.clamp(-LARGEST, LARGEST))
}

/// The format of points that are coded in groups.
#[derive(Clone, Copy)]
pub(crate) struct Int8Format<'a> {
    pub(crate) coding: Int8Coding<'a>,
    /// Lanes in a group.
    pub(crate) width: usize,
    /// Whether coordinates are usually whole numbers that are coded without rounding (L48).
    pub(crate) whole: bool,
}

/// Where the bytes of points go, and their norms.
pub(crate) struct Coded<'a> {
    pub(crate) data: &'a mut [i32],
    /// |X̂| and |X̂ - X|, rounded up; where coordinates are usually whole, the latter of others is [`ROUNDED`] more.
    pub(crate) norms: &'a mut [f32],
    pub(crate) errors: &'a mut [f32],
    /// |X|².
    pub(crate) squares: &'a mut [f64],
}

/// Codes a block, for whole groups of which there is room; lanes past its end repeat its last point. The points `next` are likely to
/// come after these.
pub(crate) fn code(
    level: Level,
    points: &Points<'_>,
    block: Range<usize>,
    next: Range<usize>,
    format: &Int8Format<'_>,
    coded: &mut Coded<'_>,
) {
    let lanes = block.len().next_multiple_of(format.width);
    assert!(
        !block.is_empty() && block.end <= points.n() && format.coding.origin.len() == points.d()
    );
    assert!(format.width.is_multiple_of(level.width()));
    assert!(coded.data.len() >= lanes * elements::<i32>(points.d()));
    assert!(coded.norms.len() >= lanes && coded.errors.len() >= lanes);
    assert!(coded.squares.len() >= lanes);
    level.run(Code {
        points,
        block,
        next,
        format,
        coded,
    });
}

/// There is at least one point, and room for whole groups, which are whole vectors; the origin has d elements.
struct Code<'a, 'b> {
    points: &'a Points<'a>,
    block: Range<usize>,
    next: Range<usize>,
    format: &'a Int8Format<'a>,
    coded: &'a mut Coded<'b>,
}

impl Kernel for Code<'_, '_> {
    type Out = ();

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) {
        let Code {
            points,
            block,
            next,
            format,
            coded,
        } = self;
        // By value, so that no store to the coded points makes it be read again.
        let (points, format) = (*points, *format);
        let d = points.d();
        let lanes = block.len().next_multiple_of(format.width);
        let ahead = Ahead::of(&points, next, 0..d);
        // SAFETY: the caller is compiled for the lanes; `code` has checked the points and the room.
        unsafe {
            let zero = I::Lanes::splat(0.0);
            let mut coder = Coder::<I::Lanes> {
                format,
                coded,
                share: ahead.share(lanes / I::Lanes::WIDTH),
                ahead,
                d,
                lane: 0,
                place: core::ptr::null_mut(),
                element: zero,
                squares: zero,
                errors: zero,
                kept: zero,
            };
            transpose::<I::Lanes>(&points, &Which::Block(block), 0..d, lanes, &mut coder);
        }
    }
}

/// Makes bytes of lanes.
struct Coder<'a, 'b, L: Lanes> {
    format: Int8Format<'a>,
    coded: &'a mut Coded<'b>,
    d: usize,
    /// What is prefetched meanwhile, and how many cache lines of it at a time.
    ahead: Ahead,
    share: usize,
    /// The first of the current points, and where its first element goes.
    lane: usize,
    place: *mut i32,
    /// The bytes of the current element so far, as one number.
    element: L::F,
    /// |X|², |X - X̂|² and |X̂|² so far.
    squares: L::F,
    errors: L::F,
    kept: L::F,
}

/// Coordinates in an element.
const FOUR: usize = <i32 as Element>::COORDINATES;

/// The factors of the four bytes in an element.
const PLACES: [f64; FOUR] = [1.0, 256.0, 65_536.0, 16_777_216.0];

impl<L: Lanes> Sink<L> for Coder<'_, '_, L> {
    #[inline(always)]
    unsafe fn begin(&mut self, lane: usize) {
        let width = self.format.width;
        let part = lane % width;
        self.lane = lane;
        // SAFETY: the group of this lane starts at (lane rounded down to whole groups) * elements, inside the data; the vector is
        // one of those that make up each element of the group.
        unsafe {
            let group = (lane - part) * elements::<i32>(self.d);
            self.place = self.coded.data.as_mut_ptr().add(group + part);
            let zero = L::splat(0.0);
            (self.element, self.squares, self.errors, self.kept) = (zero, zero, zero, zero);
        }
    }
    #[inline(always)]
    unsafe fn take(&mut self, i: usize, x: L::F) {
        // SAFETY: i is below d, which the origin has; element i / 4 is inside the group.
        unsafe {
            let origin = L::splat(*self.format.coding.origin.get_unchecked(i));
            let exact = L::mul(L::sub(x, origin), L::splat(self.format.coding.scale));
            let clamped = L::min(L::max(exact, L::splat(-LARGEST)), L::splat(LARGEST));
            let rounded = L::sub(L::add(clamped, L::splat(TO_WHOLE)), L::splat(TO_WHOLE));
            let off = L::sub(exact, rounded);
            self.squares = L::add(self.squares, L::mul(exact, exact));
            self.errors = L::add(self.errors, L::mul(off, off));
            self.kept = L::add(self.kept, L::mul(rounded, rounded));
            // Below 2^32, and so exact.
            let byte = L::add(rounded, L::splat(OFFSET));
            let placed = L::mul(byte, L::splat(PLACES[i % FOUR]));
            self.element = L::add(self.element, placed);
            if i % FOUR == FOUR - 1 || i == self.d - 1 {
                let to = self.place.add(i / FOUR * self.format.width);
                L::store_low(to, L::add(self.element, L::splat(TO_WHOLE)));
                self.element = L::splat(0.0);
            }
        }
    }
    #[inline(always)]
    unsafe fn end(&mut self) {
        const MOST: usize = 8;
        self.ahead.ask(self.share);
        let (mut errors, mut kept) = ([0.0; MOST], [0.0; MOST]);
        // SAFETY: there are norms, errors and a square for every lane; eight lanes are as many as there are.
        let (norms, error_norms) = unsafe {
            let squares = self.coded.squares.as_mut_ptr().add(self.lane);
            L::store(squares, self.squares);
            L::store(errors.as_mut_ptr(), self.errors);
            L::store(kept.as_mut_ptr(), self.kept);
            (
                self.coded
                    .norms
                    .get_unchecked_mut(self.lane..self.lane + L::WIDTH),
                self.coded
                    .errors
                    .get_unchecked_mut(self.lane..self.lane + L::WIDTH),
            )
        };
        // Rounded up (L43).
        const UP: f64 = 1.0 + 1e-6;
        for (norm, kept) in norms.iter_mut().zip(&kept) {
            *norm = (kept.sqrt() * UP) as f32;
        }
        for (error, &off) in error_norms.iter_mut().zip(&errors) {
            let more = match self.format.whole && off > 0.0 {
                true => ROUNDED,
                false => 0.0,
            };
            *error = (off.sqrt() * UP + more) as f32;
        }
    }
}

/// What coding a row needs: how, in vectors, and what comes of it.
struct RowCoder<L: Lanes> {
    scale: L::F,
    /// |X|² and |X - X̂|² so far.
    square: L::F,
    error: L::F,
}

impl<L: Lanes> RowCoder<L> {
    /// The bytes of eight coordinates, the first of them lowest, or of as many as the `rest` is, which then are the last: all others
    /// are coded as if they were at the origin.
    ///
    /// # Safety
    /// The caller is compiled for `L`; these coordinates are readable, and as many of the origin.
    #[inline(always)]
    unsafe fn eight<C: Widen>(&mut self, from: *const C, origin: *const f64, rest: usize) -> u64 {
        // SAFETY: the contract; vectors past the rest are not read.
        unsafe {
            let (most, least) = (L::splat(LARGEST), L::splat(-LARGEST));
            // Added, it leaves whole numbers, plus the offset, in the low bits.
            let to_byte = L::splat(TO_WHOLE + OFFSET);
            let mut eight = [to_byte; 8];
            for (i, shifted) in (0..8.min(rest)).step_by(L::WIDTH).zip(&mut eight) {
                let (x, origin) = match rest - i < L::WIDTH {
                    true => (
                        C::load_partial::<L>(from.add(i), rest - i),
                        L::load_partial(origin.add(i), rest - i),
                    ),
                    false => (C::load::<L>(from.add(i)), L::load(origin.add(i))),
                };
                let exact = L::mul(L::sub(x, origin), self.scale);
                let clamped = L::max(L::min(exact, most), least);
                *shifted = L::add(clamped, to_byte);
                let off = L::sub(exact, L::sub(*shifted, to_byte));
                self.square = L::add(self.square, L::mul(exact, exact));
                self.error = L::add(self.error, L::mul(off, off));
            }
            L::low_bytes(&eight)
        }
    }
}

/// The sums of the lanes of each of the first vectors, as many as a vector has lanes.
///
/// # Safety
/// The caller is compiled for `L`.
#[inline(always)]
unsafe fn sums<L: Lanes>(mut square: [L::F; 8]) -> L::F {
    // SAFETY: the contract.
    unsafe {
        L::transpose(&mut square);
        let mut sum = square[0];
        for &x in &square[1..L::WIDTH] {
            sum = L::add(sum, x);
        }
        sum
    }
}

/// Codes points for whole groups of `width`, eight dimensions at a time; leaves |X|² and |X̂ - X|² of every lane.
///
/// # Safety
/// The caller is compiled for `L`. There are points for as many lanes as there are `squares`, whole groups of
/// them, which are whole vectors, and as many `errors`; `coded` has room for the elements of these groups. The origin has as many numbers
/// as the points have dimensions, and these lie in rows of `C`.
#[inline(always)]
pub(crate) unsafe fn code_rows<L: Lanes, C: Widen>(
    points: &Points<'_>,
    which: &Which<'_>,
    coding: &Int8Coding<'_>,
    width: usize,
    coded: *mut i32,
    squares: &mut [f64],
    errors: &mut [f64],
) {
    let d = points.d();
    let elements = elements::<i32>(d);
    // SAFETY: compiled for `L`. Rows and the origin are read below d, with zeros for the rest, which become bytes of 128 that meet zeros of
    // the centers. Elements are written in pairs, the second only if there is one.
    unsafe {
        let zero = L::splat(0.0);
        for first in (0..squares.len()).step_by(L::WIDTH) {
            let (mut all_squares, mut all_errors) = ([zero; 8], [zero; 8]);
            for l in 0..L::WIDTH {
                let lane = first + l;
                let row = points.row::<C>(which.point(lane)).as_ptr();
                let group = coded.add((lane - lane % width) * elements + lane % width);
                let mut coder = RowCoder::<L> {
                    scale: L::splat(coding.scale),
                    square: zero,
                    error: zero,
                };
                let origin = coding.origin.as_ptr();
                for i in (0..d).step_by(8) {
                    let (from, origin) = (row.add(i), origin.add(i));
                    // Written twice, so that nothing is asked of whole eights.
                    let bytes = match d - i {
                        rest @ ..8 => coder.eight::<C>(from, origin, rest),
                        _ => coder.eight::<C>(from, origin, 8),
                    };
                    let element = group.add(i / FOUR * width);
                    *element = bytes as i32;
                    if d - i > FOUR {
                        *element.add(width) = (bytes >> 32) as i32;
                    }
                }
                (all_squares[l], all_errors[l]) = (coder.square, coder.error);
            }
            L::store(squares.as_mut_ptr().add(first), sums::<L>(all_squares));
            L::store(errors.as_mut_ptr().add(first), sums::<L>(all_errors));
        }
    }
}
