//! What tests and distances cost, by which passes choose among precisions.

use super::screen::ScreenResult;
use crate::call::Job;

/// What takes how long, in cycles, roughly.
pub(super) struct Costs {
    /// D of a point and a center, where it is evaluated for all centers, several points side by side; and by itself.
    pub(super) direct: f64,
    pub(super) alone: f64,
    /// A pair in single precision.
    pub(super) single: f64,
    /// What single precision takes more for a point than rows that are coded.
    pub(super) coding: f64,
}

impl Costs {
    pub(super) fn new(job: &Job<'_>) -> Self {
        let (d, width) = (job.points.d() as f64, job.level.width() as f64);
        Costs {
            direct: 2.0 + 1.25 * d / width,
            alone: 60.0 + 1.25 * d / width,
            single: 0.5 + 0.25 * d / width,
            coding: d / 2.0,
        }
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
