//! Bytes that suffice for a shape and for all smaller ones.

use super::memory::Memory;
use crate::assign;
use crate::call::{Shape, BLOCK_COORDINATES, STEP};
use crate::runtime::error::Error;

/// The number of dimensions up to which blocks of one thread have so many steps.
const fn block_end(steps: usize) -> usize {
    BLOCK_COORDINATES / (steps * STEP)
}

/// The numbers of dimensions at which blocks become smaller or a method may end, in ascending order: one more dimension could take
/// fewer bytes. So many of them are different.
const LAST_DIMENSIONS: ([usize; 128], usize) = {
    let (mut ends, mut count) = ([0; 128], 0);
    let mut bit = 0;
    while bit < usize::BITS - 1 {
        (ends, count) = with(ends, count, 1 << bit);
        bit += 1;
    }
    let mut steps = 1;
    while block_end(steps) > 0 {
        (ends, count) = with(ends, count, block_end(steps));
        steps += 1;
    }
    let [single, double] = assign::LAST_DIMENSIONS;
    (ends, count) = with(ends, count, single);
    with(ends, count, double)
};

/// Ascending numbers with one more, if it is not among them.
const fn with(mut ends: [usize; 128], count: usize, end: usize) -> ([usize; 128], usize) {
    let mut at = count;
    while at > 0 && ends[at - 1] >= end {
        at -= 1;
    }
    if at < count && ends[at] == end {
        return (ends, count);
    }
    let mut last = count;
    while last > at {
        ends[last] = ends[last - 1];
        last -= 1;
    }
    ends[at] = end;
    (ends, count + 1)
}

/// The number of centers beyond which calls keep less: labels then do not fit single precision. That includes rounds of k-means‖, which
/// compare points with more centers.
const LAST_CENTERS: [usize; 2] = [(1 << 24) - 1, ((1 << 24) - 1 - 32) / 3];

/// The most bytes that a call takes for any shape up to this one, so that they suffice for fewer points, dimensions,
/// centers and threads too.
///
/// Each part of a workspace grows with points, dimensions, centers, threads, and the size of a block, if only one of them changes.
/// But they depend on one another: more dimensions make smaller blocks, more work makes more threads and with them
/// smaller blocks, and there are methods for few dimensions or few centers only. So the maximum is taken over shapes that have the
/// threads of this one, the blocks of one thread, and dimensions and centers just before a method ends. What is divided among threads
/// is bounded where it is cut (L38).
pub(crate) fn bound(memory: &impl Memory, shape: &Shape) -> Result<usize, Error> {
    let Shape { d, k, .. } = *shape;
    let (ends, count) = &LAST_DIMENSIONS;
    let less = ends[..*count].iter().copied().take_while(|&less| less < d);
    let mut most = 0;
    for d in less.chain([d]) {
        let centers = LAST_CENTERS.into_iter().filter(|&less| less < k).chain([k]);
        for k in centers {
            most = most.max(memory.bytes(&Shape { d, k, ..*shape }.bound())?);
        }
    }
    Ok(most)
}
