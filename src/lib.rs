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
//! From centers of one's own, with weights; and the labels of new points:
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
//! Again and again in the same memory, until somebody has seen enough:
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
//!   Shortcuts rule centers out where they can prove it, and never decide.
//! - A *center* is the exact mean of its points, rounded once: a weight of 3 is three points, and the mean of equal points is that point.
//! - The *inertia* is the exact sum of the squared distances, times the weights, rounded once.
//! - *Seeding* draws from one counter-based generator, keyed by the seed and the place in the computation.
//!
//! So results can be compared with `==`, today and on another machine. What of a release changes a bit is in the changelog as a breaking change.
//!
//! # Threads
//!
//! A call runs on the calling thread, or on as many threads as [`KMeans::threads`] says, which live as long as the call. Any number of
//! calls may run at once. Of instruction sets the best that the processor has is used ([`isa()`]); the environment variable
//! `CENTRA_ISA` can lower it.
//!
//! # Memory
//!
//! Points are read where they lie, never copied as they are. Memory is never of order n k. The calls that end in `_into` take the
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
//! | [`KMeans::seed_centers`], [`KMeans::inertia`] | what a fit starts from, and what it comes to |
//! | [`streams`] | the same for points that are not in one place, bit for bit |
//! | [`capi`] | the C API, for `include/centra.h`; not for Rust |
//!
//! The crate has no Cargo features.
//!
//! # Inside
//!
//! Folders of the source form a chain: each uses only those after it. `docs/how-it-works.md` has the tour.
//!
//! ```text
//! capi, kmeans -> stream -> api -> fit -> seed -> assign -> update -> quantize -> exact -> call -> points -> simd -> runtime
//! ```

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
pub use kmeans::{streams, KMeans, Start, Watched, Workspace};
pub use points::{Layout, Points};
pub use runtime::error::{Error, Status};
pub use simd::level::{isa, Isa};
