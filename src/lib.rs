//! Exact k-means with **one answer**: labels, centers, inertia and iteration count are a function of the
//! input alone, bit for bit, whatever the instruction set, the number of threads or the shape of the
//! work.
//!
//! [`KMeans`] holds the settings, and its methods are the calls. [`Points`] borrows the coordinates where they lie, in rows
//! or in columns.
//!
//! ```
//! use centra::{KMeans, Points};
//!
//! let data = [0.0, 0.0,  0.0, 1.0,  10.0, 0.0,  10.0, 1.0];
//! let points = Points::rows(&data, 4, 2)?;
//! let clustering = KMeans::new(2).threads(2).seed(7).fit(&points)?;
//! println!("{:?}, inertia {}", clustering.centers, clustering.report.inertia);
//! # Ok::<(), centra::Error>(())
//! ```
//!
//! With given starting centers and weights; and the labels of new points:
//!
//! ```
//! use centra::{KMeans, Points, Start};
//!
//! let points = Points::rows(&[1.0, 2.0, 3.0, 10.0, 12.0], 5, 1)?;
//! let kmeans = KMeans::new(2).start(Start::Centers(&[1.0, 10.0])).weights(&[1.0, 1.0, 1.0, 1.0, 3.0]);
//! let clustering = kmeans.fit(&points)?;
//! assert_eq!(clustering.centers, [2.0, 11.5]);
//!
//! let new = Points::rows(&[5.0, 100.0], 2, 1)?;
//! assert_eq!(kmeans.assign(&new, &clustering.centers)?, [0, 1]);
//! # Ok::<(), centra::Error>(())
//! ```
//!
//! Several fits in the same memory, each stopped by its progress callback after 100 iterations:
//!
//! ```
//! use centra::{KMeans, Points, Workspace};
//! use std::ops::ControlFlow;
//!
//! let (mut centers, mut labels, mut workspace) = ([0.0; 2], [0; 4], Workspace::new());
//! for data in [[0.0, 1.0, 5.0, 6.0], [1.0, 1.0, 7.0, 9.0]] {
//!     let points = Points::rows(&data, 4, 1)?;
//!     let mut watched = KMeans::new(2).progress(|progress| match progress.iteration {
//!         100.. => ControlFlow::Break(()),
//!         _ => ControlFlow::Continue(()),
//!     });
//!     let report = watched.fit_into(&points, &mut centers, Some(&mut labels), &mut workspace)?;
//!     println!("{:?} after {} iterations", report.stopped_by, report.iterations);
//! }
//! # Ok::<(), centra::Error>(())
//! ```
//!
//! # One answer
//!
//! - A *label* is the smallest j that minimises the squared distance to center j, which is itself defined to the last rounding.
//!   Faster tests rule centers out only with a proof.
//! - A *center* is the exact mean of its points, rounded once: a weight of 3 acts as three points, and the mean of equal points is that point.
//! - The *inertia* is the sum of the squared distances times the weights: summed exactly, rounded once.
//! - *Seeding* draws from one counter-based generator, keyed by the seed and the place in the computation.
//!
//! So results can be compared with `==`, also with those of another machine. A release that changes a bit is a breaking change, and is in the changelog.
//!
//! # Threads
//!
//! A call runs on the calling thread, or on at most as many threads as [`KMeans::threads`] says, which end before it returns. Any number of
//! calls may run at once. The best instruction set of the processor is used ([`isa()`]); the environment variable
//! `CENTRA_ISA` can lower it.
//!
//! # Memory
//!
//! Points are read in place, rows or columns of `f64`, `f32` or `u8` ([`Coordinate`]), or compressed sparse rows
//! ([`Points::csr`]), without a copy in double precision. Memory is never of order n k. The calls that end in `_into` take the
//! caller's buffers and a [`Workspace`], and then one thread allocates nothing.
//!
//! # Errors
//!
//! A call that is refused returns an [`Error`], whose [`Status`] is that of the C API and whose text names the argument and the place; everything it
//! would have written is as it was. NaN and infinity, magnitudes whose squares could overflow, and labels that name no center are refused.
//!
//! # What there is
//!
//! | | |
//! |---|---|
//! | [`KMeans::fit`] | a fit: k-means++, k-means‖, random rows or given centers ([`Start`]), restarts, weights, empty clusters ([`Empty`]), progress |
//! | [`KMeans::assign`], [`KMeans::update`] | the two halves of an iteration |
//! | [`KMeans::seed_centers`], [`KMeans::inertia`] | starting centers, and the inertia of given centers and labels |
//! | [`KMeans::distances`], [`KMeans::clusters`] | the squared distances of all pairs; size, weight and inertia of each cluster |
//! | [`streams`] | the same for points in chunks, bit for bit |
//! | [`capi`] | the C API, for `include/centra.h`; not for Rust |
//!
//! # Features
//!
//! `ndarray`, which is off by default, has `Points::array`, for arrays of the crate `ndarray` 0.17. A release of centra for another version of
//! it is a breaking one.
//!
//! # Inside
//!
//! Folders of the source form a chain: each uses only those after it. `docs/how-it-works.md` has the tour.
//!
//! ```text
//! capi, kmeans -> stream -> api -> fit -> seed -> assign -> update -> quantize -> exact -> call -> points -> simd -> runtime
//! ```

// Other targets have one level, so what tells levels apart is not used there.
#![cfg_attr(
    not(any(target_arch = "x86_64", target_arch = "aarch64")),
    allow(dead_code)
)]

mod api;
mod assign;
mod call;
pub mod capi;
mod exact;
mod fit;
mod kmeans;
mod points;
mod quantize;
mod runtime;
mod seed;
mod simd;
mod stream;
mod update;

pub use call::{Algorithm, Clustering, Empty, Progress, Report, StoppedBy};
pub use kmeans::{streams, Clusters, KMeans, Problem, Start, Watched, Workspace};
pub use points::{Coordinate, Index, Layout, Points};
pub use runtime::error::{Error, Status};
pub use simd::level::{isa, Isa};
