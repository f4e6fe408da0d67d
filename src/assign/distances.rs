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
pub(crate) fn distances(job: &Job<'_>, centers: &[f64], sqdist: RowsMut<'_>) {
    let mut rest = Some(sqdist);
    let blocks = job.blocks().map(move |block| {
        let split = rest.take().map(|all| all.split_at(block.len()));
        let (these, others) = split.unzip();
        rest = others;
        (block, these)
    });
    let mut states = PerThread::new(job.crew.threads(), || ());
    job.crew.run(blocks, &mut states, |(), (block, sqdist)| {
        if let Some(mut sqdist) = sqdist {
            distances_of_block(job, block, centers, &mut sqdist);
        }
    });
}

fn distances_of_block(
    job: &Job<'_>,
    block: Range<usize>,
    centers: &[f64],
    sqdist: &mut RowsMut<'_>,
) {
    let (points, d) = (&job.points, job.points.d());
    let mut parts = |size: usize, work: PartWork<'_>| {
        for first in block.clone().step_by(size) {
            let part = first..(first + size).min(block.end);
            work(part, first - block.start, sqdist);
        }
    };
    match points.form().is_rows_of_doubles() {
        true => {
            let rows = points.rows_of(block, 0..d);
            distances_of_rows(job.level, rows, centers, 0, sqdist);
        }
        false if d <= COPIED => {
            let mut copy = [0.0; COPIED];
            parts(COPIED / d, &mut |part, at, sqdist| {
                let rows = points.block_rows(job.level, part, 0..d, &mut copy);
                distances_of_rows(job.level, rows, centers, at, sqdist);
            });
        }
        false => parts(TOGETHER, &mut |part, at, sqdist| {
            let mut distances = [0.0; TOGETHER];
            for (j, center) in centers.chunks_exact(d).enumerate() {
                let labels = &[0; TOGETHER][..part.len()];
                own_block(
                    points,
                    job.level,
                    part.clone(),
                    labels,
                    center,
                    &mut distances,
                );
                for (p, &distance) in distances[..part.len()].iter().enumerate() {
                    sqdist.row(at + p)[j] = distance;
                }
            }
        }),
    }
}

/// What is done with a part of a block: its points, the first of their rows of distances, and all these rows.
type PartWork<'a> = &'a mut dyn FnMut(Range<usize>, usize, &mut RowsMut<'_>);

/// D of rows, a panel of centers after the other, to the rows of `sqdist` from `first` on.
fn distances_of_rows(
    level: Level,
    rows: Rows<'_>,
    centers: &[f64],
    first: usize,
    sqdist: &mut RowsMut<'_>,
) {
    let d = rows.dims();
    let size = panel_centers(d, level.width());
    for (panel, j) in centers.chunks(size * d).zip((0..).step_by(size)) {
        let count = panel.len() / d;
        for p in 0..rows.count() {
            let to = &mut sqdist.row(first + p)[j..j + count];
            to_centers(level, rows.row(p), panel, to);
        }
    }
}
