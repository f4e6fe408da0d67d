//! The bounds of all points, kept from pass to pass, and what groups have moved since.

use super::centers::{suits, Batches, GroupedCenters, Room, BATCH, MOST};
use crate::assign::precision::PassCenters;
use crate::call::{Algorithm, Shape};
use crate::runtime::workspace::{spoil, Cut};
use crate::simd::products::{Pair, TILES};
use crate::simd::Level;

/// The bytes of the centers' codes up to which groups are worthwhile: beyond, codes are read from farther caches again and again
/// (docs/decisions.md#bounds-to-groups-of-centers).
const MOST_CODES: usize = 1 << 19;

/// The same with 512-bit vectors, and the centers from which on groups are worthwhile there.
const MOST_CODES_WIDE: usize = 1 << 17;
const FEWEST_CENTERS_WIDE: usize = 512;

/// Passes after which groups are tried again, where one could not be made by them: equal centers may have parted by then.
const TRIED_AGAIN: u32 = 8;

/// The bounds of a fit.
pub(in crate::assign) struct GroupBounds<'w> {
    bounds: &'w mut [f32],
    /// For each group S_g: not less, and not more.
    moved: [&'w mut [f64]; 2],
    room: Room<'w>,
    pub(super) batches: Batches,
    /// Whether the last pass was by groups. Then the bounds of all points are valid if their margins are (L53).
    used: bool,
    /// Passes until groups are tried again, after one that could not be made by them.
    wait: u32,
}

impl<'w> GroupBounds<'w> {
    /// Room for the bounds, if the algorithm has any.
    pub(in crate::assign) fn cut(
        from: &mut impl Cut<'w>,
        shape: &Shape,
        algorithm: Algorithm,
    ) -> Self {
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
    pub(in crate::assign) fn worthwhile(&self, level: Level) -> bool {
        let suits = match level.vectors::<Pair>() {
            None => false,
            // With tiles they were not measured.
            Some(vectors) if vectors.registers == TILES => false,
            Some(vectors) if vectors.width == BATCH => {
                self.batches.k >= FEWEST_CENTERS_WIDE && self.room.bytes() <= MOST_CODES_WIDE
            }
            Some(_) => self.room.bytes() <= MOST_CODES,
        };
        !self.bounds.is_empty() && suits && self.wait == 0
    }

    /// Forgets the bounds.
    pub(in crate::assign) fn forget(&mut self) {
        (self.used, self.wait) = (false, 0);
        // In debug builds: bounds that would spare every group.
        spoil(self.bounds, f32::INFINITY);
        self.moved
            .iter_mut()
            .for_each(|moved| spoil(moved, f64::NEG_INFINITY));
        self.room.forget();
    }

    /// Whether the last pass was by groups.
    pub(in crate::assign) fn used(&self) -> bool {
        self.used
    }

    /// For a pass that is not made by groups.
    pub(in crate::assign) fn pass_over(&mut self) {
        self.used = false;
        self.wait = self.wait.saturating_sub(1);
    }

    /// Records how far each center has moved, at most, since a pass by groups.
    pub(in crate::assign) fn record_moves(&mut self, moves: &[f32]) {
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
    pub(in crate::assign) fn next_pass(&mut self, anew: bool) -> NextGroups<'_, 'w> {
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
    pub(in crate::assign) fn begin(
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
pub(in crate::assign) struct RowBounds<'a> {
    pub(super) bounds: &'a mut [f32],
    pub(super) stride: usize,
    /// Whether this pass makes them anew: there is nothing to read.
    pub(in crate::assign) anew: bool,
}

impl<'a> RowBounds<'a> {
    /// Those of the first `points`, and those of the rest.
    pub(in crate::assign) fn split(self, points: usize) -> (Self, Self) {
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
