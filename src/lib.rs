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
//! Data flows one way:
//!
//! ```text
//! caller's buffers -> capi -> (check, scan) -> seed -> [ assign -> update -> stop? ]* -> report
//! ```
//!
//! | room | what for |
//! |---|---|
//! | `capi` | the C ABI: null and size checks, panic boundary |
//! | `api`, `options`, `status` | the calls, their options and reports, refusals |
//! | `points` | borrowed views, checked once |
//! | `plan`, `workspace`, `job` | sizes of a call; one buffer, cut into parts; what passes share |
//! | `scan` | the first pass: finite? what range? |
//! | `distance` | D(x, c): the definition |
//! | `tile` | points from the caller's layout into lanes |
//! | `seed` | starting centers, the random numbers |
//! | `assign` | labels |
//! | `update` | exact sums, centers, empty clusters |
//! | `fit`, `inertia` | the loop, and what it minimises |
//! | `stream` | chunks and ranks: ranges and sums as plain integers |
//! | `lanes` | explicit SIMD: one trait, three instances, one dispatch table |
//! | `parallel`, `environment` | threads; the floating-point environment |
//!
//! A kernel is generic over `Lanes`, lives in the room of its subject, and is compiled once for each
//! instruction set by the table in `lanes::dispatch`. Everything above the kernels is safe Rust.

mod api;
mod assign;

pub mod capi;
mod distance;
mod environment;
#[cfg(test)]
mod exact;
mod fit;
mod inertia;
mod job;
mod lanes;
mod options;
mod parallel;
mod plan;
mod points;
mod scan;
mod seed;
mod status;
pub mod stream;
mod tile;
mod update;
mod workspace;

pub use api::{
    as_bytes, assign, assign_into, fit, fit_from, fit_into, inertia, seed, seed_into, update,
    update_into, workspace_size, Clustering,
};
pub use lanes::dispatch::{isa, Isa};
pub use options::{Algorithm, Empty, Init, Options, Progress, Report, StoppedBy};
pub use points::{Layout, Points};
pub use status::{Error, Status};
