//! The job: what every pass over the points shares.

use core::ops::Range;

use crate::points::{Points, GROUP};
use crate::runtime::threads::Crew;
use crate::simd::Level;

/// The inputs of a call, its instruction set, its threads, and the sizes of blocks and stretches.
#[derive(Clone, Copy)]
pub(crate) struct Job<'a> {
    pub(crate) points: Points<'a>,
    /// A weight for each point; `None` if all are 1.
    pub(crate) weights: Option<&'a [f64]>,
    pub(crate) level: Level,
    pub(crate) crew: &'a Crew<'a>,
    /// Points in a block; see [`block_size`].
    pub(crate) block: usize,
    /// Points in a stretch, a few blocks; see [`stretch_size`].
    pub(crate) stretch: usize,
}

/// Coordinates in a block: 128 KiB, so that a block that was labelled is still in the second-level
/// cache when it is summed.
pub(crate) const BLOCK_COORDINATES: usize = 1 << 14;

/// Points in a block at most.
pub(crate) const BLOCK_POINTS: usize = 1024;

/// Three groups of the widest vectors: the points that kernels process in one step, or in some of two groups.
pub(crate) const STEP: usize = 48;

/// Points in a block, a multiple of [`STEP`]: few enough for the cache, and for every thread to get
/// several blocks.
pub(crate) fn block_size(n: usize, d: usize, threads: usize) -> usize {
    let fair = match threads {
        1 => n,
        _ => n / (4 * threads),
    };
    let size = (BLOCK_COORDINATES / d).min(BLOCK_POINTS).min(fair);
    (size - size % STEP).max(STEP)
}

/// Points in a stretch: enough for full tiles of the few points whose bound does not prove their label.
pub(crate) const STRETCH: usize = 4096;

/// Points in a stretch, a multiple of the block: few enough for every thread to get several, and so many, from half of that on, that the
/// busiest of equally fast threads gets as few blocks as may be (docs/decisions.md#equally-many-stretches).
pub(crate) fn stretch_size(n: usize, block: usize, threads: usize) -> usize {
    let blocks = |points: usize| (STRETCH.min(points) / block).max(1);
    let size = match threads {
        1 => blocks(n),
        _ => {
            let most = blocks(n / (4 * threads));
            let busiest = |&size: &usize| n.div_ceil(size * block).div_ceil(threads) * size;
            let sizes = (most.div_ceil(2)..=most).rev();
            sizes.min_by_key(busiest).unwrap_or(most)
        }
    };
    size * block
}

/// `n` rounded up to whole groups, for arrays that kernels read and write in whole vectors.
pub(crate) fn padded(n: usize) -> usize {
    n.next_multiple_of(GROUP)
}

/// Ranges of at most `size` points, in order.
fn cut(
    points: Range<usize>,
    size: usize,
) -> impl DoubleEndedIterator<Item = Range<usize>> + ExactSizeIterator + Send {
    let Range { start, end } = points;
    (start..end)
        .step_by(size)
        .map(move |first| first..(first + size).min(end))
}

impl<'a> Job<'a> {
    /// The blocks in order; the last one may be shorter.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = Range<usize>> + Send {
        self.stretches_of(self.block)
    }

    /// The stretches in order; the last one may be shorter.
    pub(crate) fn stretches(&self) -> impl Iterator<Item = Range<usize>> + Send {
        self.stretches_of(self.stretch)
    }

    /// Ranges of so many points in order; the last one may be shorter.
    pub(crate) fn stretches_of(
        &self,
        span: usize,
    ) -> impl DoubleEndedIterator<Item = Range<usize>> + ExactSizeIterator + Send {
        cut(0..self.points.n(), span)
    }

    /// The blocks of a range that starts with a block.
    pub(crate) fn blocks_of(
        &self,
        span: Range<usize>,
    ) -> impl Iterator<Item = Range<usize>> + Send {
        cut(span, self.block)
    }

    /// The weight of point `p`.
    pub(crate) fn weight(&self, p: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[p])
    }

    /// The weights of a block.
    pub(crate) fn weights_of(&self, block: &Range<usize>) -> Option<&'a [f64]> {
        self.weights.map(|weights| &weights[block.clone()])
    }

    /// Whether point `p` has positive weight.
    pub(crate) fn counts(&self, p: usize) -> bool {
        self.weights.is_none_or(|weights| weights[p] > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points that the busiest of equally fast threads labels, over those that each would in equal parts.
    fn busiest(n: usize, d: usize, threads: usize) -> f64 {
        let block = block_size(n, d, threads);
        let stretch = stretch_size(n, block, threads);
        assert!(stretch.is_multiple_of(block) && stretch <= STRETCH.max(block));
        (n.div_ceil(stretch).div_ceil(threads) * stretch * threads) as f64 / n as f64
    }

    #[test]
    fn threads_get_equally_many_points() {
        for threads in [2, 3, 5, 8, 16, 63, 64] {
            for n in (4 * STEP * threads..100_000).step_by(997) {
                for d in [1, 2, 17, 100, 784] {
                    let share = busiest(n, d, threads);
                    assert!(share <= 1.25, "{n} x {d}, {threads} threads: {share}");
                }
            }
        }
        for (n, d) in [(200_000, 2), (100_000, 64), (50_000, 128), (20_000, 784)] {
            assert!(busiest(n, d, 2) < 1.01 && busiest(n, d, 8) < 1.05);
        }
    }
}
