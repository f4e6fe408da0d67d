//! What tests and distances cost, by which passes choose among precisions.

use super::screen::ScreenResult;
use crate::call::{Job, Shape};

/// What takes how long, in cycles, roughly.
pub(super) struct Costs {
    /// D of a point and a center, where it is evaluated for all centers, several points side by side; and by itself.
    pub(super) direct: f64,
    pub(super) alone: f64,
    /// D of a point and a center, several centers side by side.
    side_by_side: f64,
    /// A pair in single precision.
    pub(super) single: f64,
    /// What single precision takes more for a point than rows that are coded.
    pub(super) coding: f64,
}

impl Costs {
    pub(super) fn new(job: &Job<'_>) -> Self {
        Self::of(job.points.d(), job.level.width())
    }

    /// For d dimensions in vectors of so many doubles.
    fn of(d: usize, width: usize) -> Self {
        let whole = d.next_multiple_of(8) as f64;
        let (d, width) = (d as f64, width as f64);
        Costs {
            direct: 2.0 + 1.25 * d / width,
            alone: 60.0 + 1.25 * d / width,
            side_by_side: 6.0 + 1.25 * whole / width,
            single: 0.5 + 0.25 * d / width,
            coding: d / 2.0,
        }
    }

    /// Whether it takes least to evaluate D of so many points with centers side by side, not with points side by side, which the last of
    /// them do not fill a vector with.
    pub(super) fn are_few(&self, points: usize, width: usize) -> bool {
        let lanes = points.next_multiple_of(width);
        points as f64 * self.side_by_side < lanes as f64 * self.direct
    }

    /// What it takes to decide the points that were left open.
    pub(super) fn deciding(&self, result: ScreenResult, k: usize) -> f64 {
        result.evaluated as f64 * self.alone + result.left as f64 * k as f64 * self.direct
    }

    /// The most single evaluations of D for a point: as many as take half the time of D for all centers side by side, and at least 4.
    pub(super) fn most_evaluated(&self, k: usize) -> u32 {
        const LEAST: f64 = 4.0;
        (0.5 * k as f64 * self.direct / self.alone).max(LEAST) as u32
    }
}

/// Whether the points of a pass are so few that preparing a center for tests, or for a search, takes longer than that saves. Memory
/// depends on it, so it does not depend on the level: it is estimated for vectors of four doubles.
pub(super) fn too_few_to_prepare(shape: &Shape) -> bool {
    // Cycles for a center: to sort it in one dimension; in more, to find others that equal it, and to code its coordinates.
    const SORTING: f64 = 250.0;
    const COMPARING: f64 = 120.0;
    const CODING: f64 = 14.0;
    let Shape { n, d, bound, .. } = *shape;
    let costs = Costs::of(d, 4);
    let preparing = match d {
        1 => SORTING,
        _ => COMPARING + CODING * d as f64,
    };
    !bound && n as f64 * (costs.direct - costs.single) < preparing
}
