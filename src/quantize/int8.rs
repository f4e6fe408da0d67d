//! 8 bits: coordinates as whole numbers of at most 127 in magnitude, four to an element, and the norms of the rounding errors.
//!
//! Groups of points are in lanes: element `e` of lane `l` of group `g` is at `(g * elements + e) * width + l`. It has the
//! coordinates 4e to 4e + 3, with 128 added, in bytes from the lowest to the highest. Centers have signed bytes, negated.
//!
//! Points are coded in two ways, to the same bytes. [`code`] transposes them as it goes, on any instruction set, and leaves the
//! norms that seeding reads at every step. [`code_rows`] is for AVX-512 and for a few points at a time, which are coded anew in
//! every pass: there the bytes of a row come out side by side, and transposing doubles would take longer than coding them.

use core::ops::Range;

use super::TO_WHOLE;
use crate::points::{transpose, Ahead, Points, Sink, Which};
#[cfg(target_arch = "x86_64")]
use crate::points::{CoordinateType, Widen};
use crate::simd::products::{elements, Element};
use crate::simd::{InstructionSet, Kernel, Lanes, Level};

/// The roundings where bytes are compared with limits (L43): a half for what values start from, a half for second bytes, two for the
/// limit, one for R, and one for binary64 and binary32.
pub(crate) const ROUNDED: f64 = 5.0;

/// The largest coded coordinate.
const LARGEST: f64 = 127.0;

/// Added to coordinates of points, because products are of unsigned bytes with signed ones.
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

/// The coordinates of eight dimensions that the mask has, as doubles; +0.0 for the others.
///
/// # Safety
/// The caller is compiled for AVX-512 F, BW and VL; these coordinates are readable.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn eight<C: Widen>(from: *const C, mask: u8) -> core::arch::x86_64::__m512d {
    use core::arch::x86_64::*;
    // SAFETY: the contract; masked loads touch no other coordinates.
    unsafe {
        match C::TYPE {
            CoordinateType::F64 => _mm512_maskz_loadu_pd(mask, from.cast()),
            CoordinateType::F32 => _mm512_cvtps_pd(_mm256_maskz_loadu_ps(mask, from.cast())),
            CoordinateType::U8 => {
                let bytes = _mm_maskz_loadu_epi8(mask.into(), from.cast());
                _mm512_cvtepi32_pd(_mm256_cvtepu8_epi32(bytes))
            }
        }
    }
}

/// Codes points for whole groups of `width`, eight dimensions at a time; leaves |X|² and |X̂ - X|² of every lane.
///
/// # Safety
/// The caller is compiled for AVX-512 F, DQ, BW and VL. There are points for as many lanes as there are `squares`, whole groups of
/// them, and as many `errors`; `coded` has room for the elements of these groups. The origin has as many numbers as the points have
/// dimensions, and these lie in rows of `C`.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(crate) unsafe fn code_rows<C: Widen>(
    points: &Points<'_>,
    which: &Which<'_>,
    coding: &Int8Coding<'_>,
    width: usize,
    coded: *mut i32,
    squares: &mut [f64],
    errors: &mut [f64],
) {
    use core::arch::x86_64::*;
    let d = points.d();
    let elements = elements::<i32>(d);
    // SAFETY: compiled for the instruction sets named above. Rows and the origin are read below d, the last vectors partially, with
    // zeros for the rest, which become bytes of 128 that meet zeros of the centers. Elements are written in pairs, the second
    // only if there is one.
    unsafe {
        let scale = _mm512_set1_pd(coding.scale);
        let (most, least) = (_mm512_set1_pd(LARGEST), _mm512_set1_pd(-LARGEST));
        // Added, it leaves whole numbers, plus the offset, in the low bits.
        let to_byte = _mm512_set1_pd(TO_WHOLE + OFFSET);
        for (lane, (of_square, of_error)) in squares.iter_mut().zip(errors).enumerate() {
            let row = points.row::<C>(which.point(lane)).as_ptr();
            let group = coded.add((lane - lane % width) * elements + lane % width);
            let mut square = _mm512_setzero_pd();
            let mut error = _mm512_setzero_pd();
            for i in (0..d).step_by(8) {
                let mask = match d - i {
                    rest @ ..8 => (1u8 << rest) - 1,
                    _ => 0xff,
                };
                let x = eight(row.add(i), mask);
                let origin = _mm512_maskz_loadu_pd(mask, coding.origin.as_ptr().add(i));
                let exact = _mm512_mul_pd(_mm512_sub_pd(x, origin), scale);
                let clamped = _mm512_max_pd(_mm512_min_pd(exact, most), least);
                let shifted = _mm512_add_pd(clamped, to_byte);
                let off = _mm512_sub_pd(exact, _mm512_sub_pd(shifted, to_byte));
                square = _mm512_fmadd_pd(exact, exact, square);
                error = _mm512_fmadd_pd(off, off, error);
                let bytes = _mm512_cvtepi64_epi8(_mm512_castpd_si512(shifted));
                let element = group.add(i / FOUR * width);
                *element = _mm_cvtsi128_si32(bytes);
                if mask > 0b1111 {
                    *element.add(width) = _mm_extract_epi32::<1>(bytes);
                }
            }
            *of_square = _mm512_reduce_add_pd(square);
            *of_error = _mm512_reduce_add_pd(error);
        }
    }
}
