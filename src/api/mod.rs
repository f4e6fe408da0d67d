//! The calls, as the Rust API and the C ABI share them.
//!
//! | file | what is in it |
//! |---|---|
//! | `fit`, `assign`, `update`, `seed`, `inertia` | a call: its functions, its memory, what it does |
//! | `memory` | how the memory of a call is described, measured and cut |
//! | `bound` | bytes that suffice also for all smaller shapes |
//! | `query` | bytes that suffice for all calls |

mod assign;
mod bound;
mod fit;
mod inertia;
mod memory;
mod query;
mod seed;
mod update;

pub use assign::{assign, assign_into};
pub use fit::{fit, fit_from, fit_into};
pub use inertia::inertia;
pub use query::workspace_size;
pub use seed::{seed, seed_into};
pub use update::{update, update_into};

pub(crate) use assign::assign_in;
pub(crate) use bound::bound;
pub(crate) use fit::fit_in;
pub(crate) use inertia::inertia_in;
pub(crate) use memory::{with_memory, Memory};
pub(crate) use query::workspace_bytes;
pub(crate) use seed::{seed_in, Drawing};
pub(crate) use update::update_in;

use crate::call::{Job, Options, Shape};
use crate::points::{check_sizes, check_sizes_of_fit, Points};
use crate::runtime::error::{refuse, Error};
use crate::runtime::fp_environment::Standard;
use crate::runtime::threads::with_crew;
use crate::runtime::workspace::Workspace;
use crate::simd::Level;

/// The bytes of a buffer of elements that are aligned to 16, for use as a workspace.
pub fn as_bytes(buffer: &mut [u128]) -> &mut [u8] {
    // SAFETY: a u128 is sixteen bytes without padding, and any bytes are one.
    unsafe { core::slice::from_raw_parts_mut(buffer.as_mut_ptr().cast(), size_of_val(buffer)) }
}

pub(crate) fn lend(workspace: &mut [u8]) -> Result<Workspace<'_>, Error> {
    // SAFETY: the borrow is exclusive, and gives the length.
    unsafe { Workspace::given(workspace.as_mut_ptr(), workspace.len()) }
}

/// k, from an array of k rows of d.
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

/// Calls `work` with the job of these inputs in the standard floating-point environment, on `threads` threads, or fewer if no more can
/// be started. `threads` may be more than is worthwhile for one pass, which is what the shape has.
pub(crate) fn with_job<R>(
    points: &Points<'_>,
    weights: Option<&[f64]>,
    options: &Options<'_>,
    shape: &Shape,
    threads: usize,
    work: impl FnOnce(&Job<'_>, &Standard) -> R,
) -> R {
    let environment = Standard::enter();
    with_crew(threads, |crew| {
        let job = Job {
            points: *points,
            weights,
            level: Level::new(options.isa),
            crew,
            block: shape.block,
            stretch: shape.stretch(),
        };
        work(&job, &environment)
    })
}
