//! Exact k-means with **one answer**: labels, centers, inertia and iteration count are a function of the
//! input alone, bit for bit, whatever the instruction set, the number of threads or the shape of the
//! work.
//!
//! ```
//! use centra::{Options, Points};
//!
//! let data = [0.0, 0.0,  0.0, 1.0,  10.0, 0.0,  10.0, 1.0];
//! let points = Points::rows(&data, 4, 2)?;
//! let result = centra::fit(&points, 2, &Options::default())?;
//! println!("{:?}, inertia {}", result.centers, result.report.inertia);
//! # Ok::<(), centra::Error>(())
//! ```
//!
//! This is the safe Rust API. The C API is `include/centra.h`, generated from [`capi`].
//!
//! # The house
//!
//! Folders form a chain: each uses only those after it.
//!
//! ```text
//! capi -> stream -> api -> fit -> seed -> assign -> update -> quantize -> exact -> call -> points -> simd -> runtime
//! ```
//!
//! | folder | what for |
//! |---|---|
//! | `capi` | the C ABI: null, size and overlap checks, panic boundary |
//! | `stream` | chunks and ranks: ranges and sums as plain integers |
//! | `api` | the calls: their checks, their memory, their results |
//! | `fit` | the loop: seed, assign, update, stop; restarts |
//! | `seed` | starting centers, the random numbers |
//! | `assign` | labels: quantized or rounded tests with proven error bounds, D where these leave a point open |
//! | `update` | which thread sums which coordinates; centers; empty clusters |
//! | `quantize` | coordinates as small integers |
//! | `exact` | D(x, c), the definition; sums without a rounding, their quotients; the checks of ranges that let both be so |
//! | `call` | options and reports; the shape of a pass, and what passes share |
//! | `points` | borrowed views, checked once; points transposed into lanes; prefetching |
//! | `simd` | explicit SIMD: traits, their instances, the choice of a level |
//! | `runtime` | threads, the floating-point environment, one buffer cut into parts, refusals |

mod api;
mod assign;
mod call;
pub mod capi;
mod exact;
mod fit;
mod points;
mod quantize;
mod runtime;
mod seed;
mod simd;
pub mod stream;
mod update;

pub use api::{
    as_bytes, assign, assign_into, fit, fit_from, fit_into, inertia, seed, seed_into, update,
    update_into, workspace_size, Clustering,
};
pub use call::{Algorithm, Empty, Init, Options, Progress, Report, StoppedBy};
pub use points::{Layout, Points};
pub use runtime::error::{Error, Status};
pub use simd::level::{isa, Isa};
