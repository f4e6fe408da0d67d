//! Points that are not in one place: chunks of a file, ranks of a cluster, partitions of a data frame.
//!
//! Ranges and sums are plain integers, which element-wise maxima and sums reduce; what each of them means is told where callers read
//! it, in [`streams`](crate::streams). `docs/proofs.md` has the proofs, L35 to L38.
//!
//! | file | what it does |
//! |---|---|
//! | `range` | how ranges are written down |
//! | `whole` | what all chunks have in common |
//! | `recalled` | a range in the arrays that chunks are held against |
//! | `format` | where things are in the sums |
//! | `sums` | a chunk labelled and summed |
//! | `step` | means, and the end of the loop |
//! | `seed` | k-means‖ |
//! | `query` | bytes of workspace for all calls |

mod format;
mod query;
mod range;
mod recalled;
mod seed;
mod step;
mod sums;
mod whole;

pub use query::workspace_size;
pub use range::{range, range_into, range_length};
pub use seed::{candidates, choose, draw, due, masses, weigh, Drawn, Kept, MASSES};
pub use step::{means, step, State};
pub use sums::{sums, sums_into, Wanted};
pub use whole::Stream;

#[cfg(test)]
pub(crate) use query::exact_bytes;
pub(crate) use query::workspace_bytes;
pub(crate) use range::range_in;
pub(crate) use seed::{choose_in, draw_in, masses_in, weigh_in};
pub(crate) use sums::{check_none, sums_in, Labels};
pub(crate) use whole::{check_chunk_size, check_sizes};
