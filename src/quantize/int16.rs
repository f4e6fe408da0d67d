//! 16 bits: each point as a row of small integers, in a quarter of its memory.
//!
//! ```text
//!   a row:  x0 x1 x2 x3 | x4 x5 x6 0 | |X̂ - X| |x|        64 bits each: four coordinates, or two norms in binary32
//! ```
//!
//! Each point has its own unit, with which its coded vector is as long as 16 bits allow, so that short vectors are coded as precisely
//! as long ones. Centers are coded in the same way (L5).

mod rows;

use core::ops::Range;

pub(crate) use rows::{Int16Rows, QuantizedPoints, ValidRows};

use super::{whole, TO_WHOLE};
use crate::call::Shape;
use crate::points::Rows;
use crate::simd::products::{Element, Pair};
use crate::simd::{InstructionSet, Kernel, Level};

/// Dimensions for which points are coded: with fewer it is not worthwhile (docs/decisions.md#keeping-points-in-16-bits), and more do not
/// fit one chunk.
const DIMENSIONS: Range<usize> = 32..Pair::CHUNK * Pair::COORDINATES + 1;

/// Whether points of d dimensions may be coded.
pub(crate) fn codes(d: usize) -> bool {
    DIMENSIONS.contains(&d)
}

/// Whether points of a shape are coded in 16 bits. Labels beyond 2^24 do not fit the binary32 that values are compared in; rows
/// that are coded would take more memory than sparse ones.
pub(crate) fn suits(shape: &Shape) -> bool {
    !shape.form.is_csr() && codes(shape.d) && (3..1 << 24).contains(&shape.k)
}

/// Coordinates in 64 bits.
const FOUR: usize = 4;

/// Elements of 64 bits in a row.
pub(crate) fn stride(d: usize) -> usize {
    d.div_ceil(FOUR) + 1
}

/// The longest coded vector, L (L5).
pub(crate) const LONGEST: f32 = 32700.0;

/// The scale with which a vector of the usual length has length 1; none if it would be out of range.
pub(crate) fn scale(length: f64) -> Option<f64> {
    super::in_range(length).then(|| 1.0 / length)
}

/// Whether a center of this scaled length is coded.
pub(crate) fn center_in_range(length: f64) -> bool {
    length <= (1u64 << 60) as f64
}

/// Whether a point of this scaled length is coded: an eighth of the limit for centers (L17).
fn point_in_range(length: f64) -> bool {
    length <= (1u64 << 57) as f64
}

/// The unit of a vector of such a length (L5): 2^-60 at least, so that nothing underflows; 0 for a point that is out of range.
#[inline(always)]
pub(crate) fn unit(length: f32) -> f32 {
    const LEAST: f32 = f32::from_bits((127 - 60) << 23);
    match length < f32::INFINITY {
        true => (length * (1.0 / LONGEST)).max(LEAST),
        false => 0.0,
    }
}

/// How points are coded: scale (x - origin), of a length of about 1, divided by the point's unit and rounded to whole numbers.
#[derive(Clone, Copy)]
pub(crate) struct Int16Coding<'a> {
    pub(crate) origin: &'a [f64],
    pub(crate) scale: f64,
}

impl Int16Coding<'_> {
    /// Codes a center, negated, in the given unit, two coordinates at a time, into `places`; returns |Ĉ - C|.
    pub(crate) fn negated_center<'p>(
        &self,
        center: &[f64],
        unit: f32,
        places: impl Iterator<Item = &'p mut Pair>,
    ) -> f64 {
        let fine = self.scale / f64::from(unit);
        let mut errors = 0.0;
        for ((place, center), origin) in places.zip(center.chunks(2)).zip(self.origin.chunks(2)) {
            let mut coded = [0; 2];
            for ((coded, &x), &m) in coded.iter_mut().zip(center).zip(origin) {
                let exact = (x - m) * fine;
                let rounded = whole(exact);
                errors += (exact - rounded) * (exact - rounded);
                *coded = -(rounded as i32);
            }
            *place = Pair(coded[0] & 0xffff | coded[1] << 16);
        }
        errors.sqrt()
    }
}

/// The two norms at the end of a row.
#[derive(Clone, Copy)]
pub(crate) struct RowNorms {
    /// |X̂ - X|, in the point's unit.
    pub(crate) error: f32,
    /// |x|, scaled; infinite for a point that is out of range.
    pub(crate) length: f32,
}

impl RowNorms {
    /// The norms in the last element of a row.
    #[inline(always)]
    pub(crate) fn of(element: i64) -> Self {
        RowNorms {
            error: f32::from_bits(element as u32),
            length: f32::from_bits((element >> 32) as u32),
        }
    }

    #[inline(always)]
    fn element(self) -> i64 {
        i64::from(self.length.to_bits()) << 32 | i64::from(self.error.to_bits())
    }
}

/// Coordinates that are coded together.
const EIGHT: usize = 2 * FOUR;

/// The sum of the squares of some coordinates, lane by lane.
#[inline(always)]
fn add_squares(sums: &mut [f64; EIGHT], x: &[f64; EIGHT], origin: &[f64; EIGHT], scale: f64) {
    for l in 0..EIGHT {
        let shifted = (x[l] - origin[l]) * scale;
        sums[l] += shifted * shifted;
    }
}

/// The codes of some coordinates; adds the squares of the rounding errors, lane by lane.
#[inline(always)]
fn round(off: &mut [f64; EIGHT], x: &[f64; EIGHT], origin: &[f64; EIGHT], scale: f64) -> [i64; 2] {
    let mut codes = [[0; 2]; EIGHT];
    for l in 0..EIGHT {
        let exact = (x[l] - origin[l]) * scale;
        let shifted = exact + TO_WHOLE;
        let rest = exact - (shifted - TO_WHOLE);
        off[l] += rest * rest;
        codes[l] = (shifted.to_bits() as i16).to_le_bytes();
    }
    let [a, b, c, d, e, f, g, h] = codes;
    [[a, b, c, d], [e, f, g, h]].map(|four| {
        let [[a, b], [c, d], [e, f], [g, h]] = four;
        i64::from_le_bytes([a, b, c, d, e, f, g, h])
    })
}

/// The square root of a sum, in single precision, rounded up.
#[inline(always)]
fn root(squares: &[f64; EIGHT]) -> f32 {
    const UP: f64 = 1.0 + 1e-7;
    (squares.iter().sum::<f64>().sqrt() * UP) as f32
}

/// Codes rows of points into rows of [`stride`] elements.
pub(crate) fn code(level: Level, rows: Rows<'_>, coding: &Int16Coding<'_>, coded: &mut [i64]) {
    level.run(Code {
        rows,
        coding,
        coded,
    });
}

/// Indices are checked as they are used.
struct Code<'a> {
    rows: Rows<'a>,
    coding: &'a Int16Coding<'a>,
    coded: &'a mut [i64],
}

impl Kernel for Code<'_> {
    type Out = ();
    const PRODUCTS: bool = true;

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) {
        code_rows(self.rows, self.coding, self.coded);
    }
}

/// The same, in the instructions that the caller is compiled for.
#[inline(always)]
fn code_rows(rows: Rows<'_>, coding: &Int16Coding<'_>, coded: &mut [i64]) {
    let d = rows.dims();
    let Int16Coding { origin, scale } = *coding;
    let (means, mean_rest) = origin[..d].as_chunks::<EIGHT>();
    let mut last_mean = [0.0; EIGHT];
    last_mean[..mean_rest.len()].copy_from_slice(mean_rest);
    let coded = coded.chunks_exact_mut(stride(d));
    for (p, coded) in coded.enumerate().take(rows.count()) {
        let (row, row_rest) = rows.row(p).as_chunks::<EIGHT>();
        let mut last = [0.0; EIGHT];
        last[..row_rest.len()].copy_from_slice(row_rest);
        let mut squares = [0.0; EIGHT];
        for (x, origin) in row.iter().zip(means) {
            add_squares(&mut squares, x, origin, scale);
        }
        add_squares(&mut squares, &last, &last_mean, scale);
        let length = root(&squares);
        let (codes, norms) = coded.split_at_mut(stride(d) - 1);
        if !point_in_range(length.into()) {
            codes.fill(0);
            norms[0] = RowNorms {
                error: 0.0,
                length: f32::INFINITY,
            }
            .element();
            continue;
        }
        let fine = scale / f64::from(unit(length));
        let mut off = [0.0; EIGHT];
        let (pairs, rest) = codes.as_chunks_mut::<2>();
        for ((codes, x), origin) in pairs.iter_mut().zip(row).zip(means) {
            *codes = round(&mut off, x, origin, fine);
        }
        if !row_rest.is_empty() {
            let ends = round(&mut off, &last, &last_mean, fine);
            // What is left is one element or two.
            match rest {
                [element] => *element = ends[0],
                _ => pairs[row.len()] = ends,
            }
        }
        norms[0] = RowNorms {
            error: root(&off),
            length,
        }
        .element();
    }
}
