//! Labels: which center is nearest.
//!
//! A pass goes over blocks of points: find the nearest centers, compare with the labels of the last iteration, and hand the
//! block to the sums while it is in the cache. Meanwhile the memory of the next block is asked for.
//!
//! | file | what it does |
//! |---|---|
//! | `pass` | what a fit does in one iteration |
//! | `bounds` | which labels cannot have changed since the last one |
//! | `groups` | which groups of centers a point need not be compared with, where centers are many |
//! | `margin` | the units of margins |
//! | `label` | the labels of one block |
//! | `fallback` | which precision a shape begins in, and where it goes when too much stays open |
//! | `costs` | what tests and distances cost |
//! | `packing` | the centers of a pass, prepared for every precision |
//! | `precision` | what is evaluated in 8 bits, 16 bits, binary32 and binary64, and when that is a proof |
//! | `screen` | labels that are proven in one of these, and the rest decided by D |
//! | `panel` | the products that screening is made of |
//! | `sorted` | one dimension, many centers |
//! | `direct` | D for every pair |
//! | `distances` | D for every pair, as a result |
//! | `repeats` | centers that equal others |

mod bounds;
mod costs;
mod direct;
mod distances;
mod fallback;
mod groups;
mod label;
#[cfg(test)]
pub(crate) mod lemmas;
mod margin;
mod packing;
pub(crate) mod panel;
mod pass;
pub(crate) mod precision;
mod repeats;
pub(crate) mod screen;
mod sorted;

pub(crate) use bounds::{HamerlyBounds, LastPass};
pub(crate) use distances::distances;
pub(crate) use fallback::LAST_DIMENSIONS;
pub(crate) use label::LabelScratch;
pub(crate) use packing::Packing;
pub(crate) use pass::{pass, PassInputs, PassResult, PassWorker, Summing, Watch};
pub(crate) use precision::wants_tiles;

use crate::call::Job;
use crate::exact::distance::own_block;
use crate::points::Which;
use crate::quantize::int16::Int16Rows;
use crate::runtime::threads::PerThread;

/// Labels all points, counting from `base`; squared distances where they are wanted.
pub(crate) fn assign<'w, S: AsMut<LabelScratch<'w>> + Send>(
    job: &Job<'_>,
    packing: &mut Packing<'_>,
    workers: &mut PerThread<S>,
    centers: &[f64],
    base: i32,
    labels: &mut [i32],
    mut sqdist: Option<&mut [f64]>,
) {
    let prepared = packing.prepare(job, centers, false, &Int16Rows::default());
    workers
        .iter_mut()
        .for_each(|scratch| scratch.as_mut().start(&prepared));
    let blocks = job.blocks().zip(labels.chunks_mut(job.block));
    let blocks = blocks.map(move |(block, labels)| {
        let sqdist = sqdist.take().map(|all| {
            let (these, rest) = all.split_at_mut(block.len());
            sqdist = Some(rest);
            these
        });
        (block, labels, sqdist)
    });
    job.crew
        .run(blocks, workers, |scratch, (block, labels, sqdist)| {
            // What this thread works on next, if all are equally fast.
            let next = block.start + job.crew.threads() * job.block;
            let which = Which::Block(block.clone());
            let (nearest, _) = scratch.as_mut().label(
                job,
                (&which, which.len()),
                next..next + job.block,
                false,
                &mut Int16Rows::default(),
                &prepared,
            );
            if let Some(sqdist) = sqdist {
                own_block(&job.points, job.level, block, nearest, centers, sqdist);
            }
            for (label, j) in labels.iter_mut().zip(nearest) {
                *label = j + base;
            }
        });
}

#[cfg(test)]
mod tests;
