//! Bounds to groups of centers (Ding et al., Yinyang k-means, 2015), where centers are many.
//!
//! For each point and each of at most [`MOST`] groups of consecutive centers a *group bound* is kept, from which a lower bound of the distances to
//! the group's centers, but for the point's own, follows: with δ(x, c) = |x - c|, exact, in the units of margins,
//!
//! ```text
//!     s δ(x, c_j) >= b_g - S_g    for all j of group g other than the label
//! ```
//!
//! S_g is how far the centers of the group have moved since bounds are kept: the sum, over the updates, of the farthest of these moves. So a bound
//! that is written down is good for all later passes, and is not touched where a margin alone proves the label (L53). A point whose margin is used
//! up is tested by its own center, and by the groups whose bounds do not prove them to be farther. What is tested leaves new bounds, and all bounds
//! together a new margin.
//!
//! A test by groups has the centers in lanes, and a point's coordinates one after the other for all lanes: no point is packed once for each of its groups,
//! which took as long as the products with the group's centers (docs/decisions.md#bounds-to-groups-of-centers).

mod centers;
mod test;

pub(super) use centers::GroupedCenters;
use centers::{Batches, Room};
pub(super) use test::GroupScratch;

use super::precision::PassCenters;
use crate::call::{Algorithm, Shape};
use crate::quantize::int16;
use crate::runtime::workspace::{spoil, Cut};
use crate::simd::products::Pair;
use crate::simd::Level;

/// The most groups of centers: bounds take as much memory as 16 coordinates of a point.
const MOST: usize = 32;

/// Centers from which on groups of them are worthwhile, and the bytes of their codes up to which they are: beyond, these are read from farther caches
/// again and again (docs/decisions.md#bounds-to-groups-of-centers).
const FEWEST_CENTERS: usize = 192;
const MOST_CODES: usize = 1 << 19;

/// Passes after which groups are tried again, where one could not be made by them: equal centers may have parted by then.
const TRIED_AGAIN: u32 = 8;

/// Whether a fit of this shape has room for bounds to groups, also if its codes take too much for them to be used, since more centers are not to take less
/// memory (L38). There are points enough for centers to be prepared, as many as centers at least.
pub(super) fn suits(shape: &Shape) -> bool {
    int16::suits(shape) && shape.k >= FEWEST_CENTERS
}

/// The bounds of a fit.
pub(super) struct GroupBounds<'w> {
    bounds: &'w mut [f32],
    /// For each group S_g: not less, and not more.
    moved: [&'w mut [f64]; 2],
    room: Room<'w>,
    batches: Batches,
    /// Whether the last pass was by groups. Then the bounds of all points are valid if their margins are (L53).
    used: bool,
    /// Passes until groups are tried again, after one that could not be made by them.
    wait: u32,
}

impl<'w> GroupBounds<'w> {
    /// Room for the bounds, if the algorithm has any.
    pub(super) fn cut(from: &mut impl Cut<'w>, shape: &Shape, algorithm: Algorithm) -> Self {
        let (n, k) = match algorithm {
            Algorithm::Auto if suits(shape) => (shape.n, shape.k),
            _ => (0, 0),
        };
        let batches = Batches::new(k);
        GroupBounds {
            bounds: from.take(n.saturating_mul(batches.bounds())),
            moved: [from.take(MOST.min(k)), from.take(MOST.min(k))],
            room: Room::cut(from, batches, shape.d),
            batches,
            used: false,
            wait: 0,
        }
    }

    /// Whether there are any, and they are worthwhile at a level, as far as is known.
    pub(super) fn worthwhile(&self, level: Level) -> bool {
        // Vectors of 512 bits, and tiles, should compare with all centers in a half or a quarter of the time; whether groups gain there was not measured.
        let narrow = level
            .vectors::<Pair>()
            .is_some_and(|vectors| vectors.registers == 16);
        let near = self.room.bytes() <= MOST_CODES;
        !self.bounds.is_empty() && narrow && near && self.wait == 0
    }

    /// Forgets the bounds.
    pub(super) fn forget(&mut self) {
        (self.used, self.wait) = (false, 0);
        // In debug builds: bounds that would spare every group.
        spoil(self.bounds, f32::INFINITY);
        self.moved
            .iter_mut()
            .for_each(|moved| spoil(moved, f64::NEG_INFINITY));
        self.room.forget();
    }

    /// Whether the last pass was by groups.
    pub(super) fn used(&self) -> bool {
        self.used
    }

    /// For a pass that is not made by groups.
    pub(super) fn pass_over(&mut self) {
        self.used = false;
        self.wait = self.wait.saturating_sub(1);
    }

    /// Records how far each center has moved, at most, since a pass by groups.
    pub(super) fn record_moves(&mut self, moves: &[f32]) {
        if !self.used {
            return;
        }
        let [more, less] = &mut self.moved;
        let groups = moves.chunks(self.batches.group());
        for ((more, less), moves) in more.iter_mut().zip(&mut **less).zip(groups) {
            let farthest = moves.iter().fold(0.0, |most: f32, &moved| most.max(moved));
            *more = (*more + f64::from(farthest)).next_up();
            *less = (*less + f64::from(farthest)).next_down();
        }
    }

    /// For the next pass, which may use the bounds if they are not to be made `anew`. Until it begins by groups, none are used.
    pub(super) fn next_pass(&mut self, anew: bool) -> NextGroups<'_, 'w> {
        assert!(anew || self.used, "bounds that a pass by groups has left");
        self.used = false;
        NextGroups { groups: self, anew }
    }
}

/// The bounds of a pass that has not begun.
pub(crate) struct NextGroups<'a, 'w> {
    groups: &'a mut GroupBounds<'w>,
    anew: bool,
}

impl<'a> NextGroups<'a, '_> {
    /// The centers of the pass in groups, and the bounds of the points, if it can be made by groups: not where points cannot be coded, and not with
    /// equal centers, near which no label would be proven.
    pub(super) fn begin(
        self,
        pass: &PassCenters<'a>,
    ) -> Option<(GroupedCenters<'a>, RowBounds<'a>)> {
        let NextGroups { groups, anew } = self;
        if pass.repeats.any() {
            groups.wait = TRIED_AGAIN;
            return None;
        }
        let [more, less] = &mut groups.moved;
        if anew {
            more.fill(0.0);
            less.fill(0.0);
        }
        let Some(centers) = groups.room.prepare(pass, groups.batches, [more, less]) else {
            // The scale of a call stays.
            groups.wait = u32::MAX;
            return None;
        };
        groups.used = true;
        let rows = RowBounds {
            bounds: groups.bounds,
            stride: groups.batches.bounds(),
            anew,
        };
        Some((centers, rows))
    }
}

/// The bounds of some points, one row after the other.
pub(super) struct RowBounds<'a> {
    bounds: &'a mut [f32],
    stride: usize,
    /// Whether this pass makes them anew: there is nothing to read.
    pub(super) anew: bool,
}

impl<'a> RowBounds<'a> {
    /// Those of the first `points`, and those of the rest.
    pub(super) fn split(self, points: usize) -> (Self, Self) {
        let RowBounds {
            bounds,
            stride,
            anew,
        } = self;
        let (bounds, others) = bounds.split_at_mut(points * stride);
        let part = |bounds| RowBounds {
            bounds,
            stride,
            anew,
        };
        (part(bounds), part(others))
    }
}

#[cfg(test)]
mod tests;
