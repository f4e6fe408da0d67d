//! The query: bytes of workspace for all calls on chunks.

use super::range::{self, RangeMemory};
use super::seed::{of_candidates, ChooseMemory, ChunkMemory};
use super::sums::SumsMemory;
use super::whole::{check_chunk_size, check_sizes};
use crate::api::bound;
#[cfg(test)]
use crate::api::Memory;
use crate::call::{Init, Options, Shape};
use crate::points::Layout;
use crate::runtime::error::Error;

/// Bytes of workspace that suffice for every call on a chunk of at most n points, in either layout, with these options; for
/// seeding, if the option init is [`Init::Parallel`]. They never fall as n, d, k or the threads grow.
#[doc(hidden)]
pub fn workspace_size(
    n: usize,
    (total, d, k): (usize, usize, usize),
    options: &Options<'_>,
) -> Result<usize, Error> {
    let weighted = options.weights.is_some();
    let bytes = |layout| workspace_bytes(n, total, d, k, layout, weighted, options);
    Ok(bytes(Layout::Rows)?.max(bytes(Layout::Columns)?))
}

/// [`workspace_size`] for one layout.
pub(crate) fn workspace_bytes(
    n: usize,
    total: usize,
    d: usize,
    k: usize,
    layout: Layout,
    weighted: bool,
    options: &Options<'_>,
) -> Result<usize, Error> {
    check_sizes(total, d, k)?;
    check_chunk_size(n, d)?;
    options.check()?;
    let n = n.max(1);
    let shape = Shape::of_assign(n, d, k, layout, options.threads);
    let scanned = range::shape(n, d, layout, options);
    let mut bytes = bound(&RangeMemory, &scanned)?;
    bytes = bytes.max(bound(&SumsMemory { total, weighted }, &shape)?);
    if options.init == Init::Parallel {
        bytes = bytes.max(bound(&ChunkMemory, &shape)?);
        bytes = bytes.max(bound(&ChooseMemory, &of_candidates(&shape, options))?);
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
    layout: Layout,
    weighted: bool,
    options: &Options<'_>,
) -> Result<usize, Error> {
    let shape = Shape::of_assign(n, d, k, layout, options.threads);
    let scanned = range::shape(n, d, layout, options);
    let mut bytes = RangeMemory.bytes(&scanned)?;
    bytes = bytes.max(SumsMemory { total, weighted }.bytes(&shape)?);
    if options.init == Init::Parallel {
        bytes = bytes.max(ChunkMemory.bytes(&shape)?);
        bytes = bytes.max(ChooseMemory.bytes(&of_candidates(&shape, options))?);
    }
    Ok(bytes)
}
