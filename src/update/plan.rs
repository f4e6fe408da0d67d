//! How much room the sums get.

use crate::call::{Shape, STEP};
use crate::exact::limbs::size::{
    most_limbs, most_limbs_of_products, ordinary_limbs, stride, wide_limbs,
};
use crate::points::Layout;

/// How much room the sums get. It depends on sizes and options alone, so that a query can compute it.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// The points of all sums: those of the shape, or more, of which it is a part.
    pub(super) total: usize,
    pub(super) k: usize,
    pub(super) d: usize,
    /// Integers per thread, for all clusters; and for a query, of all threads together.
    pub(super) sums: usize,
    pub(super) together: usize,
    /// As many limbs of a slab of dimensions have magic numbers.
    pub(super) magic: usize,
    /// Integers per cluster and thread for the sums of the weights.
    pub(super) weight_words: usize,
    /// Coordinates that are copied at a time, when points are not rows of doubles: a block of columns, and of rows that are widened as
    /// many as are added while the nearest cache holds them.
    pub(super) rows: usize,
    /// Whether points are sparse rows, of which only what is stored is added.
    pub(super) sparse: bool,
    /// Integers for all clusters that every thread may have of its own, for a fused plan.
    pub(super) merged: usize,
    /// Threads that have sums, and all threads.
    pub(super) holders: usize,
    pub(super) threads: usize,
    /// Clusters of each thread that has sums.
    pub(super) held: usize,
}

/// About the least number of integers that a thread's sums take for a cluster: the limbs of one dimension, and a tally. Products have
/// twice as many limbs, and a tally of weights has as many again.
fn least_words(weighted: bool) -> usize {
    if weighted {
        192
    } else {
        64
    }
}

/// Integers that any thread may have for sums: a mebibyte.
const FREE: usize = 1 << 17;

/// Coordinates that the nearest cache holds beside sums: 16 KiB.
const NEAR: usize = 2048;

/// Integers that a thread may have for sums of d dimensions, where those of all threads are few beside the points: 16 MiB, and 32 KiB a
/// dimension.
fn ample(d: usize) -> usize {
    (1usize << 21).saturating_add(d.saturating_mul(1 << 12))
}

impl Plan {
    /// For the points of a shape, of `total` that are summed.
    pub(crate) fn new(shape: &Shape, total: usize, weighted: bool) -> Self {
        let Shape {
            n,
            d,
            k,
            threads,
            form,
            block,
            bound,
        } = *shape;
        let all = ordinary_limbs(total, weighted).saturating_mul(stride(d));
        // Numbers over many decades take many limbs, most of which a point passes over: there is room for them beside many points.
        let wide = wide_limbs(total)
            .saturating_mul(stride(d))
            .saturating_mul(k);
        // Beyond what does not depend on clusters, all threads have sums for twice as many as one may have.
        let shared = ample(d).saturating_mul(threads).max(wide.saturating_mul(2));
        // Merging costs a pass over every thread's sums: it must stay small beside one over the points.
        let most_merged = (n.saturating_mul(d) / 4).min(shared);
        let merged = match threads {
            1 => usize::MAX,
            _ => most_merged / threads,
        };
        // Of very many clusters, all threads but the first together have as much as that one, and 16 bytes for each point; few clusters take
        // no more than is free.
        let least = least_words(weighted);
        let holders = match k <= FREE / least {
            true => threads,
            false => threads.min(2 + 2 * (n / least) / k),
        };
        let merged = if holders < threads { 0 } else { merged };
        let fused = all.saturating_mul(k) <= merged;
        let words = if fused { all } else { all / holders };
        let most = match weighted {
            true => most_limbs_of_products(total),
            false => most_limbs(total),
        };
        let few = words.max(most);
        let rows = (n / 16).min(most).saturating_mul(stride(d));
        // Sparse rows may be few beside that.
        let room = match form.is_csr() {
            true => 0,
            false => (n.saturating_mul(d) / 8).min(wide.saturating_mul(threads)),
        };
        let room = room.min(shared);
        // L38: the clusters of all threads; and the sums of all threads are those of the fused plan, as many as are merged at most, or as
        // many as those of one, or the least there can be; or what there is room for. Each thread's end with a cache line.
        let ceiling = all.saturating_mul(k).saturating_mul(threads);
        let ceiling = ceiling.min(most_merged);
        let clusters = k.saturating_mul(threads);
        let free = (FREE / least).saturating_mul(threads);
        let clusters = clusters.min(free.max(k.saturating_mul(2).saturating_add(2 * (n / least))));
        let together = ceiling.max(all.saturating_mul(k)).max(room);
        let together = together.max(most.saturating_mul(clusters));
        let weight_words = if weighted { most_limbs(total) } else { 0 };
        let tallies = clusters.saturating_mul(2 + weight_words);
        // What suffices has all threads hold sums, so that it does not fall where they begin to be shared.
        let (magic, sums, together, held, holders) = match bound {
            true => (
                all.max(most),
                32,
                together.saturating_add(tallies),
                0,
                threads,
            ),
            false => (
                few,
                few.saturating_mul(k).max(room / threads),
                0,
                k,
                holders,
            ),
        };
        Plan {
            total,
            k,
            d,
            sums,
            together,
            magic: magic.max(rows),
            weight_words,
            rows: match form.layout {
                Layout::Rows if form.is_rows_of_doubles() => 0,
                Layout::Csr => 0,
                Layout::Rows => STEP
                    .saturating_mul(d)
                    .max(NEAR)
                    .min(block.saturating_mul(d)),
                Layout::Columns => block.saturating_mul(d),
            },
            sparse: form.is_csr(),
            merged,
            holders,
            threads,
            held,
        }
    }

    /// Whether only some threads have sums, which then follow the labels.
    pub(super) fn apart(&self) -> bool {
        self.holders < self.threads
    }

    /// The plans of the threads' sums, one after the other.
    pub(crate) fn each(&self) -> impl FnMut() -> Plan {
        let (plan, mut threads) = (*self, 0);
        move || {
            threads += 1;
            match threads <= plan.holders {
                true => plan,
                false => Plan {
                    held: 0,
                    sums: 0,
                    magic: 0,
                    rows: 0,
                    ..plan
                },
            }
        }
    }
}
