//! D of every point and every center, for callers that want all of them.

use core::ops::Range;

use crate::call::Job;
use crate::exact::distance::own_block;
use crate::exact::side_by_side::to_centers;
use crate::points::{Rows, RowsMut};
use crate::runtime::threads::PerThread;
use crate::simd::Level;

/// Coordinates of centers that all rows of a block are compared with before the next ones: half a first-level cache of 32 KiB.
const PANEL_COORDINATES: usize = 1 << 11;

/// Coordinates copied to the stack at a time when points are not rows of doubles.
const COPIED: usize = 1 << 12;

/// Such points of more dimensions than that, whose distances are on the stack at a time.
const TOGETHER: usize = 64;

/// Centers in a panel: whole vectors of the level.
pub(super) fn panel_centers(d: usize, width: usize) -> usize {
    (PANEL_COORDINATES / d).next_multiple_of(width).max(width)
}

/// Writes D of each point and each center; a row of `sqdist` for each point, an element for each center.
pub(crate) fn distances(job: &Job<'_>, centers: &[f64], mut sqdist: RowsMut<'_>) {
    let blocks = job.blocks().map(move |block| {
        let rows = sqdist.split_off(block.len());
        (block, rows)
    });
    let mut states = PerThread::new(job.crew.threads(), || ());
    job.crew.run(blocks, &mut states, |(), (block, sqdist)| {
        distances_of_block(job, block, centers, sqdist);
    });
}

fn distances_of_block(
    job: &Job<'_>,
    block: Range<usize>,
    centers: &[f64],
    mut sqdist: RowsMut<'_>,
) {
    let (points, level, d) = (&job.points, job.level, job.points.d());
    let take = |part: Range<usize>, rows: Rows<'_>| {
        distances_of_rows(level, rows, centers, sqdist.split_off(part.len()));
    };
    if points.form().is_rows_of_doubles() {
        points.each_rows(level, block, 0..d, &mut [], take);
    } else if d <= COPIED {
        points.each_rows(level, block, 0..d, &mut [0.0; COPIED], take);
    } else {
        for first in block.clone().step_by(TOGETHER) {
            let part = first..block.end.min(first + TOGETHER);
            let mut rows = sqdist.split_off(part.len());
            let (labels, mut distances) = ([0; TOGETHER], [0.0; TOGETHER]);
            for (j, center) in centers.chunks_exact(d).enumerate() {
                let labels = &labels[..part.len()];
                own_block(points, level, part.clone(), labels, center, &mut distances);
                for (p, &distance) in distances[..part.len()].iter().enumerate() {
                    rows.row(p)[j] = distance;
                }
            }
        }
    }
}

/// D of rows, a panel of centers after the other, to as many rows of `sqdist`.
fn distances_of_rows(level: Level, rows: Rows<'_>, centers: &[f64], mut sqdist: RowsMut<'_>) {
    let d = rows.dims();
    let size = panel_centers(d, level.width());
    for (panel, j) in centers.chunks(size * d).zip((0..).step_by(size)) {
        let count = panel.len() / d;
        for p in 0..rows.count() {
            let to = &mut sqdist.row(p)[j..j + count];
            to_centers(level, rows.row(p), panel, to);
        }
    }
}
