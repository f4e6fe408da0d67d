//! Points that are not in one place: chunks of a file, ranks of a cluster, partitions of a data frame.
//!
//! What one iteration takes from the points are maxima and sums of integers, so any engine's plain reductions join what
//! different chunks gave, in any order and any grouping, and the result is that of [`fit`](crate::fit) on all points in one
//! array, bit for bit:
//!
//! ```text
//! range := 0;  of every chunk:  range(chunk)                        reduced by element-wise MAX
//! repeat
//!     sums := 0;  of every chunk:  sums(chunk, centers)             reduced by element-wise SUM
//!     step(sums, centers)                                           the same everywhere
//! until it says so
//! ```
//!
//! *The range* is 3 (d + 1) `i32`s, three for each dimension and three for the weights; what was not seen yet is zero:
//!
//! | | of dimension i at 3 i + | |
//! |---|---|---|
//! | magnitude | 0 | the upper 32 bits of the largest magnitude of a coordinate, as a binary64, rounded up: what limits go by, of a fit too |
//! | top | 1 | 1075 + the exponent of the largest magnitude of a coordinate of a point of positive weight |
//! | low | 2 | 1024 - the exponent of the lowest bit that is set in any of these |
//!
//! *The sums* are `i64`s. A term is a coordinate, or its exact product with the weight. With w = min(50, 62 - ceil(log2 total)) bits a limb,
//! L limbs hold every term exactly, where L is ceil(bits / w), and bits how far the lowest bit of the widest dimension is from the first power
//! of two above its largest coordinate, and with weights the same of these besides; W limbs hold every weight. They are 0 in the beginning, and
//! no sum of them over `total` points exceeds 2^62:
//!
//! | elements | |
//! |---|---|
//! | 1 | points whose distances are in the inertia |
//! | 1 | points whose labels were compared with those of the last pass |
//! | 1 | those of them that changed |
//! | 103 | the inertia: digit i counts 2^(32 i - 2162) |
//! | k | the points of each cluster |
//! | k | with weights: those of positive weight |
//! | k W | with weights: the sums of the weights, limb by limb |
//! | k L d | the sums of the terms: those of cluster j, limb l, dimension i at (j L + l) d + i, in units of 2^(E - (l + 1) w), 2^E being the least power of two above the dimension's largest coordinate, and with weights that times the least above the largest weight; units of weights, and of coordinates without weights, are no less than 2^-1074 |
//!
//! All of them but the digits are sums of what each point gives by itself, so they depend neither on threads nor on chunks, their
//! order and the way they are joined. What a call leaves of the inertia is carried, each digit in [0, 2^32): a function
//! of the points in the array, too. Digits of at most 2^30 arrays may be added element by element; the sum stands for the same number
//! in other digits, until a call adds to it and carries. (`docs/proofs.md` has the proofs, L35 to L38.)
//!
//! A fit refuses points that differ so little that all squared distances underflow to 0; ranges do not tell how much points
//! differ, and streams take such points, all of which have the first center as their nearest.
//!
//! A pass over n points reads 8 n d bytes, and hands over 8 (106 + k (1 + L d)) bytes, whatever n is; L is 2 for ordinary data of
//! up to 4096 points, 1 for whole numbers, and 2 to 4 for more points than that; with weights that are no small integers, one or two more. `total` is at most 2^40.
//!
//! Seeding goes the same way (k-means‖, see [`masses`]): two passes a round, and one to weigh the candidates.
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
