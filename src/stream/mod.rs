//! Fits of points in chunks: parts of a file, ranks of an MPI program, partitions of a data frame.
//!
//! Ranges and sums are plain integers, which are reduced by element-wise maximum and addition. [`streams`](crate::streams) documents what
//! each of them means. The proofs are L35 to L38 and L50 of `docs/proofs.md`.
//!
//! | file | what it does |
//! |---|---|
//! | `range` | how ranges are coded as integers |
//! | `whole` | what all chunks have in common |
//! | `recalled` | a range as the bounds that chunks are tested against |
//! | `format` | the layout of the sums, and how long a list of farthest points is |
//! | `sums` | labels a chunk and adds it to the sums |
//! | `farthest` | the points that empty clusters may take |
//! | `relocate` | these points move, in the sums |
//! | `step` | means, and the end of the loop |
//! | `seed` | k-means‖ |
//! | `query` | bytes of workspace that suffice for all calls |

mod farthest;
mod format;
mod query;
mod range;
mod recalled;
mod relocate;
mod seed;
mod step;
mod sums;
mod whole;

pub use farthest::join_farthest;
pub use range::range_length;
pub use seed::{Drawn, Kept, MASSES};
pub use step::State;
pub use sums::Wanted;

pub(crate) use farthest::{check_chunk as check_no_farthest, farthest, Farthest};
#[cfg(test)]
pub(crate) use query::exact_bytes;
pub(crate) use query::{workspace_bytes, workspace_size};
pub(crate) use range::range;
pub(crate) use seed::{candidates, choose, draw, due, masses, weigh};
pub(crate) use step::{farthest_length, means, relocate, step};
pub(crate) use sums::{check_none, sums, Labels};
pub(crate) use whole::{check_chunk_size, check_sizes, Stream};
