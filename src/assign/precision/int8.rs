//! 8 bits: T̂_j = round(|C_j|² s / 2 r) - X̂·Ĉ_j, in integers (L4).

#[cfg(test)]
mod lemmas;

use core::ops::Range;

use super::int16::Int16;
use super::{Allowance, BlockRows, CodedCenters, PassCenters, Precision};
use crate::assign::panel::{lay_out, Panels};
use crate::assign::screen::{self, ScreenResult, Test, Tile};
use crate::call::{Job, Shape};
use crate::points::{with_type, Layout, Points, Which};
use crate::quantize::int16;
use crate::quantize::int8::{code_rows, round, Int8Coding, Scales};
use crate::quantize::sample::{range, usual_range};
use crate::simd::level::Vectors;
use crate::simd::products::{elements, Element};
use crate::simd::Lanes;

/// The precision of 8 bits.
pub(super) struct Int8;

/// The number of centers from which on 8 bits take less time than 16.
const FEWEST_CENTERS: usize = 256;

/// 8 bits are too coarse if centers are this many times farther from the origin than points.
const CENTERS_BEYOND: f64 = 8.0;

impl Precision for Int8 {
    type Element = i32;
    type Ready<'a> = screen::ScreenInput<'a, i32, Int8Test<'a>>;

    const COST: f64 = 0.25;
    /// 8 bits are too coarse for margins.
    const MARGINS: bool = false;
    /// Up to half the time of single precision there is still a gain; 16 bits take half of that time by themselves.
    const ALLOWANCE: Option<Allowance> = Some(|costs, _| costs.single / 2.0);

    fn suits(shape: &Shape) -> bool {
        let Shape { d, k, form, .. } = *shape;
        let in_rows = form.layout == Layout::Rows;
        (32..=2048).contains(&d) && (32..1 << 24).contains(&k) && in_rows
    }

    fn worthwhile(pass: &PassCenters<'_>) -> bool {
        let or_int16 = int16::codes(pass.origin.len()) && Int16::worthwhile(pass);
        let enough = !or_int16 || pass.k() >= FEWEST_CENTERS;
        pass.job.level.vectors::<i32>().is_some() && pass.job.points.n() > 0 && enough
    }

    fn makes_margins_expensive(job: &Job<'_>, k: usize) -> bool {
        job.level.vectors::<i32>().is_some() && k >= FEWEST_CENTERS
    }

    /// The scale of points is that of the farthest point of a sample, without outliers.
    fn prepare<'a>(
        pass: &PassCenters<'a>,
        room: &'a mut CodedCenters<'_, i32>,
    ) -> Option<Self::Ready<'a>> {
        let PassCenters {
            job,
            centers,
            origin,
            ..
        } = *pass;
        let points = usual_range(&job, origin);
        let radius = centers.chunks_exact(origin.len()).map(|c| range(c, origin));
        let radius = radius.fold(0.0, f64::max);
        // A far center would make the codes of all others too coarse.
        if radius > CENTERS_BEYOND * points {
            return None;
        }
        let scales = Scales::of_ranges(points, radius)?;
        let how = Int8Centers {
            coding: Int8Coding {
                origin,
                scale: scales.centers,
            },
            ratio: scales.points / scales.centers,
            parts: 1,
        };
        let vectors = job.level.vectors::<i32>()?;
        let CodedCenters { data, norms } = room.of_pass(pass);
        let bound = Int8Bound::new(pack_centers(centers, &how, vectors, data, norms));
        pass.repeats.exclude(norms, i32::INFINITY);
        Some(screen::ScreenInput {
            points: job.points,
            centers,
            panels: Panels { data, norms },
            repeats: pass.repeats,
            test: Int8Test {
                coding: Int8Coding {
                    origin,
                    scale: scales.points,
                },
                bound,
                center_scale: scales.centers,
            },
        })
    }

    fn test<'a>(
        ready: &Self::Ready<'a>,
        pass: &PassCenters<'a>,
        which: &Which<'_>,
        _: &mut BlockRows<'_, '_>,
        scratch: &mut screen::ScreenScratch<'_, i32>,
    ) -> ScreenResult {
        screen::screen(pass.job.level, ready, which, scratch)
    }
}

/// The error bound of a point: `per_norm` |X̂| + `per_error` |X̂ - X| + `constant` (L4).
#[derive(Clone, Copy)]
pub(crate) struct Int8Bound {
    pub(crate) per_norm: f64,
    pub(crate) per_error: f64,
    pub(crate) constant: f64,
}

impl Int8Bound {
    /// The relative errors of the norms, and the rounding errors of D, which grow with the length of the point.
    const MARGIN: f64 = 1.01;
    /// The constant part for one value: a half for the rounding of the number from which it starts, and a half that truncating the bound
    /// takes away.
    const ROUNDED: f64 = 2.0;

    /// The error bound for centers with |C_j| and |Ĉ_j - C_j| of at most these sizes.
    pub(crate) fn new(centers: Int8Packing) -> Self {
        Int8Bound {
            per_norm: 2.0 * Self::MARGIN * centers.error,
            per_error: 2.0 * Self::MARGIN * centers.radius,
            constant: 2.0 * Self::ROUNDED,
        }
    }
}

/// The second byte of a coordinate is its value times this factor; see `Integers::refine`.
const FINE: f64 = 128.0;

/// How centers are coded.
#[derive(Clone, Copy)]
pub(crate) struct Int8Centers<'a> {
    pub(crate) coding: Int8Coding<'a>,
    /// The scale of the points over that of the centers.
    pub(crate) ratio: f64,
    /// Bytes of each coordinate, 1 or 2: the second is [`FINE`] times the rounding error of the first.
    pub(crate) parts: usize,
}

/// The largest |C| and |Ĉ - C| of all centers that were packed.
#[derive(Clone, Copy)]
pub(crate) struct Int8Packing {
    pub(crate) radius: f64,
    pub(crate) error: f64,
}

/// Codes centers, negated, for a kernel with these vectors. The values start from |C|² / 2 times the ratio of the scales, less
/// the contribution of the 128 that is added to every coordinate of a point, if products have it. If each center has two parts, the values of the second start
/// from the number that rounds them.
pub(crate) fn pack_centers(
    centers: &[f64],
    how: &Int8Centers<'_>,
    vectors: Vectors,
    data: &mut [i32],
    norms: &mut [i32],
) -> Int8Packing {
    let Int8Centers {
        coding: Int8Coding { origin, scale },
        ratio,
        parts,
    } = *how;
    let d = origin.len();
    let (mut radius, mut error) = (0.0f64, 0.0f64);
    let (k, elements) = (centers.len() / d, elements::<i32>(d));
    lay_out(parts * k, elements, vectors, data, |j, panel, width, c| {
        let center = &centers[j / parts * d..][..d];
        let second = j % parts > 0;
        let (mut square, mut errors, mut sum) = (0.0, 0.0, 0);
        let places = panel[c..].iter_mut().step_by(width);
        for ((place, center), origin) in places.zip(center.chunks(4)).zip(origin.chunks(4)) {
            let mut bytes = [0; 4];
            for ((byte, &x), &m) in bytes.iter_mut().zip(center).zip(origin) {
                let exact = (x - m) * scale;
                let rounded = round(exact);
                let rest = (exact - rounded) * FINE;
                let fine = match parts {
                    1 => 0.0,
                    _ => round(rest),
                };
                let off = rest - fine;
                square += exact * exact;
                errors += off * off;
                let kept = if second { fine } else { rounded };
                sum += kept as i32;
                *byte = -(kept as i8) as u8;
            }
            *place = i32::from_le_bytes(bytes);
        }
        radius = radius.max(square.sqrt());
        error = error.max(errors.sqrt() / FINE);
        // Centers that are out of range saturate it, and are not compared.
        let twice = if second { FINE } else { square * ratio };
        let half = (twice * 0.5 + 0.5) as i32;
        norms[j] = half.saturating_add(vectors.offset * sum);
    });
    Int8Packing { radius, error }
}

/// A test in 8 bits: how points are coded, and the error bounds of a pass.
#[derive(Clone, Copy)]
pub(crate) struct Int8Test<'a> {
    pub(crate) coding: Int8Coding<'a>,
    pub(crate) bound: Int8Bound,
    /// The centers' scale.
    pub(crate) center_scale: f64,
}

/// An error bound larger than the difference of any two values.
const LARGEST_BOUND: i32 = 1 << 29;

impl Test<i32> for Int8Test<'_> {
    fn check(&self, points: &Points<'_>, _: &Which<'_>) {
        assert!(self.coding.origin.len() == points.d());
    }

    #[inline(always)]
    fn limit(&self, distance: f64, square: f64, error_bound: i32) -> Option<i32> {
        let scale = self.coding.scale;
        let value = 0.5 * self.center_scale * (scale * distance - square / scale);
        // Half the bound is the error of one value; the 1 is for truncation (L10).
        (error_bound < LARGEST_BOUND).then_some((value + 0.5 * f64::from(error_bound) + 1.0) as i32)
    }

    #[inline(always)]
    unsafe fn pack<L: Lanes>(
        &self,
        points: &Points<'_>,
        which: &Which<'_>,
        chunk: Range<usize>,
        tile: Tile<'_, i32>,
    ) {
        let Tile {
            width,
            elements,
            error_bounds,
            squares,
        } = tile;
        // A chunk is all there is.
        assert!(chunk.start == 0 && chunk.end * 4 >= points.d());
        let lanes = which.len().next_multiple_of(width);
        let (error_bounds, squares) = (&mut error_bounds[..lanes], &mut squares[..lanes]);
        let mut errors = [0.0; 64];
        assert!(lanes <= errors.len() && width.is_multiple_of(L::WIDTH));
        let errors = &mut errors[..lanes];
        // SAFETY: compiled for the lanes; the tile has room for the groups, which are whole vectors.
        unsafe {
            let elements = elements.as_mut_ptr();
            let coding = &self.coding;
            with_type!(points.coordinates(), C => {
                code_rows::<L, C>(points, which, coding, width, elements, squares, errors);
            });
        }
        let Int8Bound {
            per_norm,
            per_error,
            constant,
        } = self.bound;
        // |X̂| is at most |X| + |X̂ - X|.
        let per_error = per_norm + per_error;
        for ((bound, square), error) in error_bounds.iter_mut().zip(squares).zip(errors) {
            let error_bound = per_norm * square.sqrt() + (per_error * error.sqrt() + constant);
            // The minimum of NaN and the largest bound is the largest bound (L17).
            *bound = error_bound.min(f64::from(LARGEST_BOUND)) as i32;
        }
    }
}
