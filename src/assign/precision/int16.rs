//! 16 bits: V_j ≈ K_j - (X̂·Ĉ_j + e) u w_j, a lower bound (L5).
//!
//! If coded rows are kept, a pass reads these instead of the points. It then neither shifts nor scales nor rounds: it transposes rows in
//! squares of 64-bit elements.

#[cfg(test)]
mod lemmas;

use core::ops::Range;

use super::{Allowance, BlockRows, CodedCenters, PassCenters, Precision};
use crate::assign::margin::{down, lowered, Units, FAR, NEAR};
use crate::assign::panel::{lay_out, Panels};
use crate::assign::repeats::Repeats;
use crate::assign::screen::{self, ScreenResult, Test, Tile};
use crate::call::{Job, Shape};
use crate::exact::distance::squared;
use crate::points::{Ahead, Points, Which};
use crate::quantize::int16::{
    self, center_in_range, stride, unit, Int16Coding, Int16Rows, RowNorms, ValidRows, LONGEST,
};
use crate::simd::level::Vectors;
use crate::simd::products::{elements, Element, Pair};
use crate::simd::Lanes;

/// The precision of 16 bits.
pub(super) struct Int16;

/// The number of centers from which on coding rows for one pass takes less time than single precision, with vectors of up to 256 bits
/// (docs/decisions.md#precisions-where-each-begins).
fn fewest_to_code_once(d: usize) -> usize {
    20 + 1024 / d
}

/// The centers of a pass, and how its points are coded.
#[derive(Clone, Copy)]
pub(super) struct Ready<'a> {
    coding: Int16Coding<'a>,
    panels: Panels<'a, Pair>,
    repeats: Repeats<'a>,
    centers: Int16Centers<'a>,
}

impl Precision for Int16 {
    type Element = Pair;
    type Ready<'a> = Ready<'a>;

    const COST: f64 = 0.5;
    /// Half the time of single precision, and the time of coding a point.
    const ALLOWANCE: Option<Allowance> =
        Some(|costs, k| costs.coding / k as f64 + costs.single / 2.0);

    fn suits(shape: &Shape) -> bool {
        int16::suits(shape)
    }

    fn worthwhile(pass: &PassCenters<'_>) -> bool {
        pass.job.level.vectors::<Pair>().is_some_and(|vectors| {
            let once =
                vectors.registers == 16 && pass.k() >= fewest_to_code_once(pass.origin.len());
            pass.margins || pass.rows_are_kept || once
        })
    }

    fn prepare<'a>(
        pass: &PassCenters<'a>,
        room: &'a mut CodedCenters<'_, Pair>,
    ) -> Option<Ready<'a>> {
        let vectors = pass.job.level.vectors::<Pair>()?;
        let scale = int16::scale(pass.length)?;
        let coding = Int16Coding {
            origin: pass.origin,
            scale,
        };
        let CodedCenters { data, norms } = room.of_pass(pass);
        let error = pack_centers(pass.centers, &coding, vectors, data, norms);
        pass.repeats.exclude(norms, Pair::INFINITY);
        Some(Ready {
            coding,
            panels: Panels { data, norms },
            repeats: pass.repeats,
            centers: Int16Centers {
                scale,
                bound: Int16Bound::new(error),
                norms,
                units: pass.units,
            },
        })
    }

    /// Single points that were selected are not coded for one test.
    fn takes(rows: &Int16Rows<'_>, which: &Which<'_>) -> bool {
        matches!(which, Which::Block(_)) || rows.valid(which).is_some()
    }

    fn test<'a>(
        ready: &Ready<'a>,
        pass: &PassCenters<'a>,
        which: &Which<'_>,
        rows: &mut BlockRows<'_, '_>,
        scratch: &mut screen::ScreenScratch<'_, Pair>,
    ) -> ScreenResult {
        let job = &pass.job;
        let rows = match (rows.kept.valid(which), which) {
            (Some(rows), _) => rows,
            (None, Which::Block(block)) => code_block(job, &ready.coding, block, rows),
            (None, Which::Listed(..)) => unreachable!("picked points are not coded"),
        };
        let pass = screen::ScreenInput {
            points: job.points,
            centers: pass.centers,
            panels: ready.panels,
            repeats: ready.repeats,
            test: Int16Test {
                rows,
                centers: ready.centers,
            },
        };
        screen::screen(job.level, &pass, which, scratch)
    }
}

/// Codes a block, to where rows are kept, if they are.
pub(in crate::assign) fn code_block<'a>(
    job: &Job<'_>,
    coding: &Int16Coding<'_>,
    block: &Range<usize>,
    rows: &'a mut BlockRows<'_, '_>,
) -> ValidRows<'a> {
    let d = job.points.d();
    let room = &mut rows.room[..block.len() * stride(d)];
    let points = job
        .points
        .block_rows(job.level, block.clone(), 0..d, rows.block);
    let code = |coded: &mut [i64]| int16::code(job.level, points, coding, coded);
    rows.kept.write(block, room, code)
}

/// The most by which rounding makes a vector longer than L, in up to 1024 dimensions (L5).
const STRETCHED: f32 = 17.0;

/// More than all underflow in the comparison of values (L5): 2^-90.
const TINY: f32 = f32::from_bits((127 - 90) << 23);

/// The number from which the values of a center start, K, and its unit, w (L5).
#[derive(Clone, Copy)]
pub(in crate::assign) struct CenterNorms {
    pub(in crate::assign) start: f32,
    pub(in crate::assign) unit: f32,
}

impl CenterNorms {
    /// The norms of a center that is out of range: no point that is tested has a smaller |c'|² / 2 - x'·c' (L17).
    pub(in crate::assign) const OUT_OF_RANGE: CenterNorms = CenterNorms {
        start: f32::from_bits((127 + 118) << 23),
        unit: 0.0,
    };

    /// The norms of a center of this length: K is |c'|² / 2, less its rounding error in binary32.
    fn of_length(length: f64) -> Self {
        const LESS: f64 = 1.0 - 1.0 / (1 << 21) as f64;
        CenterNorms {
            start: (0.5 * LESS * length * length) as f32,
            unit: unit(length as f32),
        }
    }

    fn elements(self) -> [Pair; 2] {
        [self.start, self.unit].map(Pair::of)
    }
}

/// The error bounds of a pass (L5).
#[derive(Clone, Copy)]
pub(crate) struct Int16Bound {
    /// The part of e that does not depend on the point.
    constant: f32,
}

impl Int16Bound {
    /// The relative excess of e over E.
    const MARGIN: f32 = 1.01;
    /// The absolute excess: the rounding errors of the sum, of three products and of D, and what truncating e to a whole number takes
    /// away.
    const ROUNDED: f32 = 1026.0;

    /// The error bounds for centers with |Ĉ - C| of at most `error`.
    pub(crate) fn new(error: f64) -> Self {
        let constant = f64::from(Self::MARGIN * LONGEST) * error + f64::from(Self::ROUNDED);
        Int16Bound {
            constant: constant as f32,
        }
    }

    /// e of a point with this |X̂ - X|.
    #[inline(always)]
    pub(in crate::assign) fn e(self, error: f32) -> f32 {
        error * (Self::MARGIN * (LONGEST + STRETCHED)) + self.constant
    }

    /// 2 e u, rounded up: the part of the bound that does not need the label.
    #[inline(always)]
    pub(in crate::assign) fn of_point(e: f32, unit: f32) -> f32 {
        match unit > 0.0 {
            true => 2.0 * Self::MARGIN * e * unit,
            false => f32::INFINITY,
        }
    }

    /// A point's error bound, with the center of the least value.
    #[inline(always)]
    pub(in crate::assign) fn of_label(of_point: f32, center: CenterNorms, square: f64) -> f32 {
        // Twice what K is less by, and four times η.
        const OF_START: f32 = 1.0 / (1 << 20) as f32;
        const OF_SQUARE: f32 = OF_START * OF_START;
        let CenterNorms { start, unit } = center;
        match start < CenterNorms::OUT_OF_RANGE.start {
            true => of_point * unit + start * OF_START + square as f32 * OF_SQUARE + TINY,
            false => f32::INFINITY,
        }
    }
}

/// Codes centers, negated, each in its own unit, for a kernel with these vectors; stores two norms of each. Returns the
/// largest |Ĉ - C|.
pub(crate) fn pack_centers(
    centers: &[f64],
    coding: &Int16Coding<'_>,
    vectors: Vectors,
    data: &mut [Pair],
    norms: &mut [Pair],
) -> f64 {
    let d = coding.origin.len();
    let mut error = 0.0f64;
    let (k, elements) = (centers.len() / d, elements::<Pair>(d));
    lay_out(k, elements, vectors, data, |j, panel, width, c| {
        let places = panel[c..].iter_mut().step_by(width);
        let (of_center, off) = code_center(&centers[j * d..][..d], coding, places);
        error = error.max(off);
        norms[2 * j..][..2].copy_from_slice(&of_center.elements());
    });
    error
}

/// Codes a center, negated, in its own unit; returns its norms and |Ĉ - C|. One that is out of range is coded as the origin.
pub(in crate::assign) fn code_center<'p>(
    center: &[f64],
    coding: &Int16Coding<'_>,
    places: impl Iterator<Item = &'p mut Pair>,
) -> (CenterNorms, f64) {
    let length = coding.scale * squared(center, coding.origin).sqrt();
    if !center_in_range(length) {
        places.for_each(|place| *place = Pair::default());
        return (CenterNorms::OUT_OF_RANGE, 0.0);
    }
    let of_center = CenterNorms::of_length(length);
    let error = coding.negated_center(center, of_center.unit, places);
    (of_center, error)
}

/// The centers of a pass, and their error bounds.
#[derive(Clone, Copy)]
pub(crate) struct Int16Centers<'a> {
    /// The scale of the coding, g.
    pub(crate) scale: f64,
    pub(crate) bound: Int16Bound,
    /// The norms of each center.
    pub(crate) norms: &'a [Pair],
    pub(crate) units: Units,
}

/// A test in 16 bits: the rows of points, and the centers.
#[derive(Clone, Copy)]
pub(crate) struct Int16Test<'a> {
    pub(crate) rows: ValidRows<'a>,
    pub(crate) centers: Int16Centers<'a>,
}

/// The relative error of |x|² from binary32, and of sums with it (L7, L10).
const OFF: f32 = 1.0 / (1 << 20) as f32;

/// The distance, at most but for roundings, of a point with this |x'|² from the center of this value and error bound (L7).
#[inline(always)]
pub(in crate::assign) fn near_root(square: f32, value: f32, error_bound: f32) -> f32 {
    (square * (1.0 + OFF) + 2.0 * (value + error_bound)).sqrt()
}

/// The distance, at least but for roundings, of a point with this |x'|² from a center of this value (L7).
#[inline(always)]
pub(in crate::assign) fn far_root(square: f32, value: f32) -> f32 {
    (square * (1.0 - OFF) + 2.0 * value - TINY).sqrt()
}

impl Test<Pair> for Int16Test<'_> {
    fn check(&self, points: &Points<'_>, which: &Which<'_>) {
        assert!(self.rows.have(points, which));
    }

    #[inline(always)]
    unsafe fn pack<L: Lanes>(
        &self,
        points: &Points<'_>,
        which: &Which<'_>,
        chunk: Range<usize>,
        tile: Tile<'_, Pair>,
    ) {
        let Tile {
            width,
            elements,
            error_bounds,
            squares,
        } = tile;
        let (length, stride) = (chunk.len(), stride(points.d()));
        let lanes = which.len().next_multiple_of(width);
        // All dimensions are one chunk.
        assert!(chunk.start == 0 && 2 * (stride - 1) >= length && width == 2 * L::WIDTH);
        let whole = length + Pair::SIDES;
        assert!(lanes * whole <= elements.len() && lanes <= error_bounds.len().min(squares.len()));
        let elements = elements.as_mut_ptr().cast::<i32>();
        let mut nowhere = [0; 16];
        // SAFETY: there is a row for every point, of two elements in 64 bits, and its norms; a vector that is loaded ends with the
        // row's elements. Of an odd number of elements the last 64 bits leave the second one out. Groups of as many elements and
        // two sides are inside the tile.
        unsafe {
            for lane in (0..lanes).step_by(width) {
                let mut rows = [core::ptr::null::<f64>(); 16];
                for (l, row) in rows.iter_mut().enumerate().take(width) {
                    *row = self.rows.row(which.point(lane + l), stride).cast();
                }
                let group = elements.add(lane * whole);
                for u in (0..stride - 1).step_by(L::WIDTH) {
                    let here = L::WIDTH.min(stride - 1 - u);
                    let (mut a, mut b) = ([L::splat(0.0); 8], [L::splat(0.0); 8]);
                    for l in 0..L::WIDTH {
                        a[l] = L::load_rest(rows[l].add(u), here);
                        b[l] = L::load_rest(rows[L::WIDTH + l].add(u), here);
                    }
                    L::transpose(&mut a);
                    L::transpose(&mut b);
                    for c in 0..here {
                        let e = 2 * (u + c);
                        let low = group.add(e * width);
                        let high = match e + 1 < length {
                            true => low.add(width),
                            false => nowhere.as_mut_ptr(),
                        };
                        L::store_halves(a[c], b[c], low, high);
                    }
                }
                let (mut errors, mut lengths) = ([0.0; 16], [0.0; 16]);
                for l in 0..2 * L::WIDTH {
                    let norms = RowNorms::of(rows[l].add(stride - 1).cast::<i64>().read());
                    (errors[l], lengths[l]) = (norms.error, norms.length);
                }
                let sides = group.add(length * width);
                let (error_bounds, squares) = (&mut error_bounds[lane..], &mut squares[lane..]);
                let (error_bounds, squares) = (error_bounds.as_mut_ptr(), squares.as_mut_ptr());
                for l in 0..2 * L::WIDTH {
                    let unit = unit(lengths[l]);
                    let e = self.centers.bound.e(errors[l]);
                    *sides.add(l) = -(e as i32);
                    *sides.add(width + l) = Pair::of(unit).0;
                    *error_bounds.add(l) = Pair::of(Int16Bound::of_point(e, unit));
                    *squares.add(l) = f64::from(lengths[l]) * f64::from(lengths[l]);
                }
            }
        }
    }

    #[inline(always)]
    fn complete(&self, labels: &[i32], squares: &[f64], error_bounds: &mut [Pair]) {
        let mut centers = [CenterNorms::OUT_OF_RANGE; 16];
        for (center, &label) in centers.iter_mut().zip(labels) {
            let norms = &self.centers.norms[2 * label as usize..];
            *center = CenterNorms {
                start: norms[0].number(),
                unit: norms[1].number(),
            };
        }
        let squares = &squares[..error_bounds.len()];
        for (l, (error_bound, &square)) in error_bounds.iter_mut().zip(squares).enumerate() {
            let whole = Int16Bound::of_label(error_bound.number(), centers[l], square);
            *error_bound = Pair::of(whole);
        }
    }

    #[inline(always)]
    fn limit(&self, distance: f64, square: f64, error_bound: Pair) -> Option<Pair> {
        let scale = self.centers.scale;
        let value = 0.5 * (scale * (scale * distance) - square * (1.0 - f64::from(OFF)));
        // Raised by the rounding errors of this function.
        let limit = value as f32 + value.abs() as f32 * (2.0 * f32::EPSILON) + TINY;
        (error_bound.number() < f32::INFINITY).then_some(Pair::of(limit))
    }

    #[inline(always)]
    fn margin(&self, least: Pair, second: Pair, error_bound: Pair, _: Pair, square: f64) -> f32 {
        let square = square as f32;
        let [least, second, error_bound] = [least, second, error_bound].map(Pair::number);
        let Int16Centers { scale, units, .. } = self.centers;
        let (near, far) = (
            near_root(square, least, error_bound),
            far_root(square, second),
        );
        let margin = (far * FAR as f32 - near * NEAR as f32) * down(units.scale / scale);
        lowered(margin) - units.slack as f32
    }

    #[inline(always)]
    fn ahead(&self, points: &Points<'_>, next: Range<usize>) -> Ahead {
        self.rows.ahead(points, next)
    }
}
