//! Points in bytes: coordinates as whole numbers of at most 127 in magnitude, four to an element, and what was rounded away.
//!
//! Groups of points are in lanes, as tiles are: element `e` of lane `l` of group `g` is at `(g * elements + e) * width + l`. It
//! has the coordinates 4e to 4e + 3, with 128 added, in bytes from the lowest to the highest. What these are good for is told in
//! `seed::sketch`.

use core::ops::Range;

use crate::points::{pour, Ahead, Points, Sink, Which};
use crate::simd::products::{elements, Element};
use crate::simd::Lanes;

/// What rounds where bytes are compared with limits (L43): a half for what values start from, a half for second bytes, two for the
/// limit, one for R, and one for binary64 and binary32.
pub(crate) const ROUNDED: f64 = 5.0;

/// How points become bytes: X = scale (x - mean), rounded.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'a> {
    pub(crate) mean: &'a [f64],
    pub(crate) scale: f64,
    /// Lanes in a group.
    pub(crate) width: usize,
    /// Whether coordinates are usually whole and X what it stands for, without rounding (L48).
    pub(crate) whole: bool,
}

/// Where the bytes of points go, and what else is to be known of them.
pub(crate) struct Coded<'a> {
    pub(crate) data: &'a mut [i32],
    /// |X̂| and |X̂ - X|, rounded up; where coordinates are usually whole, the latter of others is [`ROUNDED`] more.
    pub(crate) norms: &'a mut [f32],
    pub(crate) errors: &'a mut [f32],
    /// |X|².
    pub(crate) squares: &'a mut [f64],
}

/// Turns a block into bytes; lanes past its end repeat its last point. The points `next` are likely to come after these.
///
/// # Safety
/// The caller is compiled for `L`. There is at least one point, and room for whole groups of `frame.width`, a multiple of the
/// width of `L`; the mean has d elements.
#[inline(always)]
pub(crate) unsafe fn code<L: Lanes>(
    points: &Points<'_>,
    (block, next): (Range<usize>, Range<usize>),
    frame: &Frame<'_>,
    coded: &mut Coded<'_>,
) {
    let d = points.d();
    let lanes = block.len().next_multiple_of(frame.width);
    let ahead = Ahead::of(points, next, 0..d);
    // SAFETY: the contract above.
    unsafe {
        let zero = L::splat(0.0);
        let mut coder = Coder::<L> {
            frame,
            coded,
            share: ahead.share(lanes / L::WIDTH),
            ahead,
            d,
            lane: 0,
            place: core::ptr::null_mut(),
            element: zero,
            squares: zero,
            errors: zero,
            kept: zero,
        };
        pour::<L>(points, &Which::Block(block), 0..d, lanes, &mut coder);
    }
}

/// Makes bytes of lanes.
struct Coder<'a, 'b, L: Lanes> {
    frame: &'a Frame<'a>,
    coded: &'a mut Coded<'b>,
    d: usize,
    /// What is asked for meanwhile, and how many lines of it at a time.
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

/// What the bytes of an element count.
const PLACES: [f64; FOUR] = [1.0, 256.0, 65_536.0, 16_777_216.0];

/// Added and taken away, it leaves whole numbers. Added to such a one, it has it in its low bits.
const MAGIC: f64 = (3u64 << 51) as f64;

impl<L: Lanes> Sink<L> for Coder<'_, '_, L> {
    #[inline(always)]
    unsafe fn begin(&mut self, lane: usize) {
        let width = self.frame.width;
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
        // SAFETY: i is below d, which the mean has; element i / 4 is inside the group.
        unsafe {
            let mean = L::splat(*self.frame.mean.get_unchecked(i));
            let exact = L::mul(L::sub(x, mean), L::splat(self.frame.scale));
            let clamped = L::min(L::max(exact, L::splat(-127.0)), L::splat(127.0));
            let rounded = L::sub(L::add(clamped, L::splat(MAGIC)), L::splat(MAGIC));
            let off = L::sub(exact, rounded);
            self.squares = L::add(self.squares, L::mul(exact, exact));
            self.errors = L::add(self.errors, L::mul(off, off));
            self.kept = L::add(self.kept, L::mul(rounded, rounded));
            // Below 2^32, and so exact.
            let byte = L::add(rounded, L::splat(128.0));
            let placed = L::mul(byte, L::splat(PLACES[i % FOUR]));
            self.element = L::add(self.element, placed);
            if i % FOUR == FOUR - 1 || i == self.d - 1 {
                let to = self.place.add(i / FOUR * self.frame.width);
                L::store_low(to, L::add(self.element, L::splat(MAGIC)));
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
        let (norms, reached) = unsafe {
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
        for (error, &off) in reached.iter_mut().zip(&errors) {
            let more = match self.frame.whole && off > 0.0 {
                true => ROUNDED,
                false => 0.0,
            };
            *error = (off.sqrt() * UP + more) as f32;
        }
    }
}
