//! Bytes that suffice for a shape and for all smaller ones.

use super::memory::Memory;
use crate::assign::LAST_DIMENSIONS;
use crate::call::{Shape, BLOCK_COORDINATES, BLOCK_POINTS, STEP};
use crate::runtime::error::Error;

/// The numbers of dimensions up to which blocks of one thread keep their size, if there are n points.
fn block_ends(n: usize) -> impl Iterator<Item = usize> {
    (2..=n.min(BLOCK_POINTS) / STEP).map(|steps| BLOCK_COORDINATES / (steps * STEP))
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
    let Shape { n, d, k, .. } = *shape;
    let powers = (0..usize::BITS - 1).map(|bit| 1 << bit);
    let ends = powers.chain(block_ends(n)).chain(LAST_DIMENSIONS);
    let mut most = 0;
    for d in ends.filter(|&end| end < d).chain([d]) {
        let centers = LAST_CENTERS.into_iter().filter(|&less| less < k).chain([k]);
        for k in centers {
            most = most.max(memory.bytes(&Shape { d, k, ..*shape }.bound())?);
        }
    }
    Ok(most)
}
