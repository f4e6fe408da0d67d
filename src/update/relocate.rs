//! Empty clusters under [`Empty::Relocate`](crate::Empty::Relocate).
//!
//! Points of positive weight are ranked by D to the center that their label names, as it was when they were labelled: the
//! largest first, ties to the lowest index. Down this ranking points are taken, one for each empty cluster in ascending order, until
//! D is 0; but never the last point of positive weight that is left to a cluster. A taken point leaves its cluster and becomes the
//! only member of positive weight of the empty one. Then the means are computed, of all clusters at once.
//!
//! The first [`ranked`] points of clusters that have another member are all that have to be known of the ranking (L50). So those of
//! parts of the points merge, which is how a stream relocates, and the points taken depend on the order of the points alone, not on
//! threads, blocks or layout.

use super::tally::Tally;
use crate::call::Job;
use crate::exact::distance::own_block;
use crate::runtime::workspace::{spoil, Cut};

/// How many points of the ranking `empty` clusters need at most: each but the last that is passed over comes after one that is taken (L50).
pub(crate) fn ranked(empty: usize) -> usize {
    (2 * empty).saturating_sub(1)
}

/// Takes a point from a cluster that has so many members of positive weight `left`, unless it is the last; returns whether it did.
pub(crate) fn take(left: &mut i64) -> bool {
    let another = *left > 1;
    *left -= i64::from(another);
    another
}

/// Room for the selection of the points that rank [`first`], of k clusters.
pub(crate) fn cut<'w>(from: &mut impl Cut<'w>, k: usize) -> &'w mut [usize] {
    from.take(k.saturating_mul(3))
}

/// The points that were moved, so that they can be moved back: the labels are the caller's, and only the means change.
pub(super) struct Relocation<'w> {
    /// The members of positive weight that each cluster has left.
    left: &'w mut [i64],
    /// The points that rank first, and in the end those that are taken.
    taken: &'w mut [usize],
    /// The clusters that the points leave.
    donors: &'w mut [i32],
}

impl<'w> Relocation<'w> {
    pub(super) fn cut(from: &mut impl Cut<'w>, k: usize) -> Self {
        Relocation {
            left: from.take(k),
            taken: cut(from, k),
            donors: from.take(k),
        }
    }

    pub(super) fn forget(&mut self) {
        spoil(self.left, 0);
        spoil(self.taken, 0);
        spoil(self.donors, 0);
    }

    /// Chooses the points to take for the empty clusters, in the order of those; `centers` are what the labels were found with, and
    /// `distances` is scratch. Returns how many.
    pub(super) fn choose(
        &mut self,
        job: &Job<'_>,
        tally: &Tally<'_>,
        labels: &[i32],
        centers: &[f64],
        distances: &mut [f64],
    ) -> usize {
        let empty = tally.positive.iter().filter(|&&members| members == 0);
        let wanted = empty.count();
        let distances = &mut distances[..job.points.n()];
        measure(job, labels, centers, distances);
        leave_out(job, labels, tally.positive, distances);
        let candidates = first(ranked(wanted), distances, self.taken);
        self.left.copy_from_slice(tally.positive);
        let mut count = 0;
        for r in 0..candidates {
            let p = self.taken[r];
            if count < wanted && take(&mut self.left[labels[p] as usize]) {
                (self.taken[count], self.donors[count]) = (p, labels[p]);
                count += 1;
            }
        }
        count
    }

    /// Gives the chosen points, of which there are `count`, the labels of the empty clusters; calls `moved` with each of
    /// them, and the labels it leaves and enters.
    pub(super) fn go(
        &self,
        count: usize,
        tally: &Tally<'_>,
        labels: &mut [i32],
        mut moved: impl FnMut(usize, (i32, i32)),
    ) {
        let members = tally.positive.iter().enumerate();
        let empty = members.filter(|(_, &members)| members == 0);
        for ((&p, &donor), (j, _)) in self.taken[..count].iter().zip(&*self.donors).zip(empty) {
            labels[p] = j as i32;
            moved(p, (donor, j as i32));
        }
    }

    /// Undoes [`go`](Self::go).
    pub(super) fn back(
        &self,
        count: usize,
        labels: &mut [i32],
        mut moved: impl FnMut(usize, (i32, i32)),
    ) {
        for (&p, &donor) in self.taken[..count].iter().zip(&*self.donors) {
            moved(p, (labels[p], donor));
            labels[p] = donor;
        }
    }
}

/// Computes D between every point and the center its label names.
fn measure(job: &Job<'_>, labels: &[i32], centers: &[f64], distances: &mut [f64]) {
    let blocks = job.blocks().zip(distances.chunks_mut(job.block));
    job.crew.for_each(blocks, |(block, distances)| {
        let labels = &labels[block.clone()];
        own_block(&job.points, job.level, block, labels, centers, distances);
    });
}

/// Makes 0 the distances of points that cannot be taken: those without weight, and the only ones of positive weight in their cluster;
/// `positive` has how many each cluster has.
pub(crate) fn leave_out(job: &Job<'_>, labels: &[i32], positive: &[i64], distances: &mut [f64]) {
    for (p, (distance, &j)) in distances.iter_mut().zip(labels).enumerate() {
        if positive[j as usize] == 1 || !job.counts(p) {
            *distance = 0.0;
        }
    }
}

/// Puts first into `taken` the indices of the `wanted` largest distances in order, ties to the lower index; those of 0 are left out.
/// Returns how many there are. Whenever `taken` is full, all but `wanted` of it are dropped, in linear time; it has room for half as
/// many more at least, so that all of it takes a time linear in the points, and that of putting `wanted` of them in order.
pub(crate) fn first(wanted: usize, distances: &[f64], taken: &mut [usize]) -> usize {
    let rank = |&a: &usize, &b: &usize| distances[b].total_cmp(&distances[a]).then(a.cmp(&b));
    let mut count = 0;
    // Points come with growing index, so one at the distance of the last of `wanted` ranks behind it.
    let mut more_than = 0.0;
    for (p, &distance) in distances.iter().enumerate() {
        if distance > more_than {
            taken[count] = p;
            count += 1;
            if count == taken.len() {
                let (_, &mut last, _) = taken.select_nth_unstable_by(wanted - 1, rank);
                more_than = distances[last];
                count = wanted;
            }
        }
    }
    if count > wanted {
        taken[..count].select_nth_unstable_by(wanted - 1, rank);
        count = wanted;
    }
    taken[..count].sort_unstable_by(rank);
    count
}
