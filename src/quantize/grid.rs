//! Coordinates that are whole numbers times a power of two. If they are small, coding rounds nothing: centers of equal
//! least values are equally near, and the first of them is the label (L18).
//!
//! The rows of a binary table, or of a table of counts, are equally near to many centers. Without this, D would have to decide all of
//! these ties.

use super::whole;
use crate::exact::range::lowest_bit;
use crate::points::Points;
use crate::simd::products::Working;

/// Multiples of a power of two.
#[derive(Clone, Copy)]
pub(crate) struct Grid {
    unit: f64,
    inverse: f64,
    /// How far points may be from the origin in each dimension.
    range: f64,
}

/// Units beyond which, or beneath whose inverse, squares might overflow or underflow, as they are or scaled.
const SANE: f64 = (1u64 << 30) as f64;

impl Grid {
    /// What the coordinates of centers and origin are multiples of, if those of points may be as large and more (L18).
    pub(crate) fn of<E: Working>(centers: &[f64], origin: &[f64], scale: f64) -> Option<Grid> {
        let d = origin.len();
        let lowest = |least: f64, &x: &f64| match x {
            0.0 => least,
            _ => least.min(lowest_bit(x.abs())),
        };
        let mut unit = origin.iter().fold(f64::INFINITY, lowest);
        let (mut far, mut range) = (0.0f64, f64::INFINITY);
        let across = (1.0 / E::ROUNDOFF / d as f64).sqrt().floor();
        for center in centers.chunks_exact(d) {
            unit = center.iter().fold(unit, lowest);
            let differences = center.iter().zip(origin).map(|(c, m)| (c - m).abs());
            far = differences.fold(far, f64::max);
            range = unit * across - far;
            // A center that is a mean has low bits set, so that the first center usually excludes a grid.
            if range.is_nan() || range < far {
                return None;
            }
        }
        let scaled = unit * scale;
        let sane = |x: f64| (1.0 / SANE..SANE).contains(&x);
        (sane(scaled) && sane(unit)).then(|| Grid {
            unit,
            inverse: 1.0 / unit,
            range,
        })
    }

    /// Whether a point's coordinates are such multiples, in range.
    #[inline(always)]
    pub(crate) fn has(&self, points: &Points<'_>, p: usize, origin: &[f64]) -> bool {
        let mut all = true;
        for (i, m) in origin.iter().enumerate() {
            let x = points.at(p, i);
            let whole = whole(x * self.inverse);
            all &= whole * self.unit == x && (x - m).abs() <= self.range;
        }
        all
    }
}
