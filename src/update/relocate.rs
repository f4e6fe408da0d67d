//! Empty clusters under [`Empty::Relocate`](crate::Empty::Relocate).
//!
//! Points of positive weight are ranked by D to the center that their label names, as it was when they were labelled: the
//! largest first, ties to the lowest index. Down this ranking points are taken, one for each empty cluster in ascending order, until
//! D is 0; but never the last point of positive weight that is left to a cluster. A taken point leaves its cluster and becomes the
//! only member of positive weight of the empty one. Then the means are computed, of all clusters at once.
//!
//! The points that are passed over are known beforehand (L30): of each cluster the one that ranks lowest, and no other. So the points taken
//! are the first m of the rest, and they depend on the order of the points alone, not on threads, blocks or layout.

use super::tally::Tally;
use crate::call::Job;
use crate::exact::distance::own_block;
use crate::runtime::threads::PerThread;
use crate::runtime::workspace::{spoil, Cut};

/// The points that were moved, so that they can be moved back: the labels are the caller's, and only the means change.
pub(super) struct Relocation<'w> {
    /// Of each cluster the point that ranks lowest.
    last: &'w mut [usize],
    /// Points that may be taken, and in the end those that are: room for twice as many as there can be empty clusters.
    taken: &'w mut [usize],
    /// The clusters that the points leave.
    donors: &'w mut [i32],
}

/// No point.
const NONE: usize = usize::MAX;

impl<'w> Relocation<'w> {
    pub(super) fn cut(from: &mut impl Cut<'w>, k: usize) -> Self {
        Relocation {
            last: from.take(k),
            taken: from.take(k.saturating_mul(2)),
            donors: from.take(k),
        }
    }

    pub(super) fn forget(&mut self) {
        spoil(self.last, 0);
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
        self.pass_over(job, labels, distances);
        let count = first(wanted, distances, self.taken);
        for (donor, &p) in self.donors.iter_mut().zip(&self.taken[..count]) {
            *donor = labels[p];
        }
        count
    }

    /// Makes 0 the distances of points that are not to be taken: those without weight, and of each cluster the one that ranks lowest.
    fn pass_over(&mut self, job: &Job<'_>, labels: &[i32], distances: &mut [f64]) {
        self.last.fill(NONE);
        for (p, &label) in labels.iter().enumerate() {
            if !job.counts(p) {
                distances[p] = 0.0;
                continue;
            }
            let last = &mut self.last[label as usize];
            if *last == NONE || distances[p] <= distances[*last] {
                *last = p;
            }
        }
        for &p in self.last.iter().filter(|&&p| p != NONE) {
            distances[p] = 0.0;
        }
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
    let mut nothing = PerThread::new(job.crew.threads(), || ());
    job.crew
        .run(blocks, &mut nothing, |(), (block, distances)| {
            let labels = &labels[block.clone()];
            own_block(&job.points, job.level, block, labels, centers, distances);
        });
}

/// Puts first into `taken` the indices of the `wanted` largest distances in order, ties to the lower index; those of 0 are left out.
/// Returns how many there are. Whenever `taken` is full, all but `wanted` of it are dropped, in linear time; it has room for twice as
/// many and more, so that all of it takes a time linear in the points, and that of putting `wanted` of them in order.
fn first(wanted: usize, distances: &[f64], taken: &mut [usize]) -> usize {
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
