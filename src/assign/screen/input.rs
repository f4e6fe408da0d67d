//! What screening reads and writes, and how much room that takes.

use core::ops::Range;

use crate::assign::panel::{Panels, GROUPS};
use crate::assign::repeats::Repeats;
use crate::points::{Points, Which};
use crate::simd::products::{elements, Element};

/// The widest vector, in elements.
pub(super) const WIDEST: usize = 16;

/// Points compared at a time, at most.
pub(super) const AT_A_TIME: usize = GROUPS * WIDEST;

/// Elements of a point up to which values are not kept.
pub(super) const NARROW: usize = 16;

/// Points of few dimensions packed at a time: so many that the nearest cache holds them.
pub(super) const PACKED: usize = 4 * AT_A_TIME;

/// Elements of a tile for points of d dimensions.
pub(crate) fn tile<E: Element>(d: usize) -> usize {
    let elements = elements::<E>(d);
    match keeps::<E>(d) {
        true => AT_A_TIME * (elements.min(E::CHUNK) + E::SIDES),
        false => PACKED * elements,
    }
}

/// Centers whose values are kept at a time: so many that packing points costs nothing beside comparing them, and so few that the
/// values stay in the second-level cache, and that a thread's memory does not grow with k. Whole panels.
pub(super) const KEPT: usize = 2048;

/// Values kept for k centers.
pub(crate) fn values<E: Element>(d: usize, k: usize) -> usize {
    match keeps::<E>(d) {
        true => k.min(KEPT) * AT_A_TIME,
        false => 0,
    }
}

/// Whether values are kept. Those of bytes are, because bytes leave more points open.
pub(super) fn keeps<E: Element>(d: usize) -> bool {
    elements::<E>(d) > NARROW || E::COORDINATES > 1
}

/// What a screening pass reads besides the points.
pub(crate) struct ScreenInput<'a, E, F> {
    pub(crate) points: Points<'a>,
    pub(crate) centers: &'a [f64],
    pub(crate) panels: Panels<'a, E>,
    pub(crate) repeats: Repeats<'a>,
    pub(crate) test: F,
}

impl<E: Element, F> ScreenInput<'_, E, F> {
    /// Panics unless everything is as long as the kernel relies on, for groups of `width` points.
    pub(super) fn check(&self, which: &Which<'_>, scratch: &ScreenScratch<'_, E>, width: usize) {
        let (d, k) = (self.points.d(), self.panels.count());
        let lanes = which.len().next_multiple_of(width);
        assert!(!which.is_empty() && which.all_below(self.points.n()) && width <= WIDEST);
        assert!(k > 0 && self.panels.data.len() == k * elements::<E>(d));
        assert!(self.centers.len() == k * d && scratch.tile.len() >= tile::<E>(d));
        assert!(scratch.values.len() >= values::<E>(d, k));
        assert!(scratch.error_bounds.len() >= lanes && scratch.least.len() >= lanes);
        assert!(scratch.labels.len() >= lanes && scratch.open.len() >= which.len());
        assert!(scratch.margins.is_empty() || scratch.margins.len() >= lanes);
    }
}

/// Where a block is screened.
pub(crate) struct ScreenScratch<'a, E> {
    /// A few points, packed for the lanes.
    pub(crate) tile: &'a mut [E],
    /// The values of some centers for these, where they are kept.
    pub(crate) values: &'a mut [E],
    /// For each point: how far apart two values must be for their order to be proven.
    pub(crate) error_bounds: &'a mut [E],
    /// For each point: the least value.
    pub(crate) least: &'a mut [E],
    /// The lanes of the points that stayed open: at the start those that are to be tested again, at the end those that are left.
    pub(crate) open: &'a mut [u32],
    /// Distances of a point that may be evaluated one by one.
    pub(crate) most_evaluated: u32,
    pub(crate) labels: &'a mut [i32],
    /// For each point: how much nearer its center is than any other, at least (see [`bounds`](crate::assign::bounds)); or empty, where
    /// margins are not wanted.
    pub(crate) margins: &'a mut [f32],
    /// The block that is likely next.
    pub(crate) next: Range<usize>,
}

/// What became of some points.
#[derive(Clone, Copy, Default)]
pub(crate) struct ScreenResult {
    /// Points the first test left open.
    pub(crate) open: usize,
    /// Distances evaluated for these.
    pub(crate) evaluated: usize,
    /// Points that are left, and have no label yet: D is to be evaluated for all centers. They are the last of `open`.
    pub(crate) left: usize,
}
