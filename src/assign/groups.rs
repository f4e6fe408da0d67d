//! Bounds to groups of centers (Ding et al., Yinyang k-means, 2015), where centers are many.
//!
//! For each point and each of at most 32 groups of consecutive centers a *group bound* is kept, from which a lower bound of the distances to
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
mod kept;
mod test;

pub(super) use centers::GroupedCenters;
pub(crate) use kept::NextGroups;
pub(super) use kept::{GroupBounds, RowBounds};
pub(super) use test::GroupScratch;

#[cfg(test)]
mod tests;
