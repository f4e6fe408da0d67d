//! The calls, as the Rust API and the C ABI both make them: in the standard floating-point environment, which both enter first.
//!
//! | file | what is in it |
//! |---|---|
//! | `fit`, `assign`, `update`, `seed`, `inertia`, `distances`, `clusters` | a call: its memory, what it does |
//! | `many` | many fits at once |
//! | `memory` | how the memory of a call is described, measured and cut |
//! | `bound` | bytes that suffice also for all smaller shapes |
//! | `query` | bytes that suffice for all calls |

mod assign;
mod bound;
mod clusters;
mod distances;
mod fit;
mod inertia;
mod many;
mod memory;
mod query;
mod seed;
mod update;

pub(crate) use assign::assign;
pub(crate) use bound::bound;
pub(crate) use clusters::clusters;
pub(crate) use distances::distances;
pub(crate) use fit::fit;
pub(crate) use inertia::inertia;
pub(crate) use many::{FitSizes, ManyFits};
pub(crate) use memory::{with_memory, Memory};
pub(crate) use query::{workspace_bytes, workspace_size};
pub(crate) use seed::{seed, Drawing};
pub(crate) use update::update;

use crate::call::{Job, Options, Shape};
use crate::exact::range_check::scan;
use crate::exact::spread::check_spread;
use crate::points::{check_sizes, check_sizes_of_fit, Points};
use crate::runtime::error::{refuse, Error};
use crate::runtime::threads::{with_crew, PerThread};
use crate::simd::Level;

/// k, from an array of whole rows.
fn count_centers(points: &Points<'_>, centers: &[f64]) -> Result<usize, Error> {
    let (length, d) = (centers.len(), points.d());
    if !length.is_multiple_of(d) {
        return refuse!(
            Shape,
            "centers: {length} doubles are not whole rows of d = {d}"
        );
    }
    check_sizes(points.n(), d, length / d)?;
    Ok(length / d)
}

/// k, which must not exceed n.
fn count_starts(points: &Points<'_>, centers: &[f64]) -> Result<usize, Error> {
    let k = count_centers(points, centers)?;
    check_sizes_of_fit(points.n(), points.d(), k)?;
    Ok(k)
}

pub(crate) fn check_length(
    name: &str,
    length: usize,
    expected: usize,
    of: &str,
) -> Result<(), Error> {
    if length != expected {
        return refuse!(Shape, "{name}: {length} elements for {of} = {expected}");
    }
    Ok(())
}

pub(crate) fn check_weights(points: &Points<'_>, options: &Options<'_>) -> Result<(), Error> {
    match options.weights {
        Some(weights) => check_length("weights", weights.len(), points.n(), "n"),
        None => Ok(()),
    }
}

/// Refuses labels that do not name one of k centers.
pub(crate) fn check_labels(labels: &[i32], k: usize, base: i32) -> Result<(), Error> {
    let named = |&label: &i32| label >= base && ((label - base) as usize) < k;
    match labels.iter().position(|label| !named(label)) {
        Some(p) => {
            let (label, last) = (labels[p], base as i64 + k as i64 - 1);
            refuse!(
                Label,
                "labels: {label} at index {p} is not one of {base} to {last}"
            )
        }
        None => Ok(()),
    }
}

/// Refuses points, weights and centers with which D or sums could overflow or vanish; returns the largest magnitude of a coordinate.
fn check_values<B: AsMut<[f64]> + Send>(
    job: &Job<'_>,
    storage: &mut PerThread<B>,
    centers: &[f64],
) -> Result<f64, Error> {
    let largest = scan(job, storage, Some(centers), None)?;
    check_spread(job, centers, &centers[..job.points.d()])?;
    Ok(largest)
}

/// Calls `work` with the job of these inputs at this level on `threads` threads, or fewer if no more can be started. They may be more threads
/// than are worthwhile for one pass, whose number the shape has.
pub(crate) fn with_job<R>(
    points: &Points<'_>,
    weights: Option<&[f64]>,
    options: &Options<'_>,
    shape: &Shape,
    level: Level,
    threads: usize,
    work: impl FnOnce(&Job<'_>) -> R,
) -> R {
    with_crew(threads, options.lent, |crew| {
        let job = Job {
            points: *points,
            weights,
            level,
            crew,
            block: shape.block,
            stretch: shape.stretch(),
        };
        work(&job)
    })
}
