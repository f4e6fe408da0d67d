//! The query: bytes of workspace for all calls on chunks.

use super::farthest::FarthestMemory;
use super::range::{self, RangeMemory};
use super::seed::{of_candidates, ChooseMemory, ChunkMemory};
use super::sums::SumsMemory;
use super::whole::{check_chunk_size, check_sizes};
use crate::api::{bound, Memory};
use crate::call::{Empty, Init, Options, Shape};
use crate::points::Form;
use crate::runtime::error::Error;

/// Bytes of workspace that suffice for every call on a chunk of at most n points, in any form, with these options; for
/// the farthest points, if the option empty is [`Empty::Relocate`], and for seeding, if the option init is [`Init::Parallel`]. They never fall as n, d, k or the threads grow.
pub(crate) fn workspace_size(
    n: usize,
    total: usize,
    d: usize,
    k: usize,
    options: &Options<'_>,
) -> Result<usize, Error> {
    let weighted = options.weights.is_some();
    let mut most = 0;
    for form in Form::ALL {
        most = most.max(workspace_bytes(n, total, d, k, form, weighted, options)?);
    }
    Ok(most)
}

/// [`workspace_size`] for one form.
pub(crate) fn workspace_bytes(
    n: usize,
    total: usize,
    d: usize,
    k: usize,
    form: Form,
    weighted: bool,
    options: &Options<'_>,
) -> Result<usize, Error> {
    check_sizes(total, d, k)?;
    check_chunk_size(n, d)?;
    options.check()?;
    let shape = Shape::of_assign(n.max(1), d, k, form, options.threads);
    most(&Suffices, &shape, total, weighted, options)
}

/// How the memory of a call is measured.
trait Measure {
    fn bytes(&self, memory: &impl Memory, shape: &Shape) -> Result<usize, Error>;
}

/// What suffices for a shape and all smaller ones.
struct Suffices;

impl Measure for Suffices {
    fn bytes(&self, memory: &impl Memory, shape: &Shape) -> Result<usize, Error> {
        bound(memory, shape)
    }
}

/// The most that any of the calls on a chunk takes.
fn most(
    measure: &impl Measure,
    shape: &Shape,
    total: usize,
    weighted: bool,
    options: &Options<'_>,
) -> Result<usize, Error> {
    let scanned = range::shape(shape.n, shape.d, shape.form, options);
    let mut bytes = measure.bytes(&RangeMemory, &scanned)?;
    bytes = bytes.max(measure.bytes(&SumsMemory { total, weighted }, shape)?);
    if options.empty == Empty::Relocate {
        bytes = bytes.max(measure.bytes(&FarthestMemory, shape)?);
    }
    if options.init == Init::Parallel {
        bytes = bytes.max(measure.bytes(&ChunkMemory, shape)?);
        bytes = bytes.max(measure.bytes(&ChooseMemory, &of_candidates(shape, options))?);
    }
    Ok(bytes)
}

/// The bytes that calls on a chunk of exactly n points take.
#[cfg(test)]
pub(crate) fn exact_bytes(
    n: usize,
    total: usize,
    d: usize,
    k: usize,
    form: Form,
    weighted: bool,
    options: &Options<'_>,
) -> Result<usize, Error> {
    struct Takes;

    impl Measure for Takes {
        fn bytes(&self, memory: &impl Memory, shape: &Shape) -> Result<usize, Error> {
            memory.bytes(shape)
        }
    }

    let shape = Shape::of_assign(n, d, k, form, options.threads);
    most(&Takes, &shape, total, weighted, options)
}
