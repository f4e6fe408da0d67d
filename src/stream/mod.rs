//! Fits of points in chunks: parts of a file, ranks of an MPI program, partitions of a data frame.
//!
//! Ranges and sums are plain integers, which are reduced by element-wise maximum and addition. [`streams`](crate::streams) documents what
//! each of them means. The proofs are L35 to L38 of `docs/proofs.md`.
//!
//! | file | what it does |
//! |---|---|
//! | `range` | how ranges are coded as integers |
//! | `whole` | what all chunks have in common |
//! | `recalled` | a range as the bounds that chunks are tested against |
//! | `format` | the layout of the sums |
//! | `sums` | labels a chunk and adds it to the sums |
//! | `step` | means, and the end of the loop |
//! | `seed` | k-means‖ |
//! | `query` | bytes of workspace that suffice for all calls |

mod format;
mod query;
mod range;
mod recalled;
mod seed;
mod step;
mod sums;
mod whole;

pub use range::range_length;
pub use seed::{Drawn, Kept, MASSES};
pub use step::State;
pub use sums::Wanted;

#[cfg(test)]
pub(crate) use query::exact_bytes;
pub(crate) use query::{workspace_bytes, workspace_size};
pub(crate) use range::range;
pub(crate) use seed::{candidates, choose, draw, due, masses, weigh};
pub(crate) use step::{means, step};
pub(crate) use sums::{check_none, sums, Labels};
pub(crate) use whole::{check_chunk_size, check_sizes, Stream};
