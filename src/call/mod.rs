//! What a call is: what its caller may choose, the shape of its passes, and what these share.

mod job;
mod options;
mod shape;

pub(crate) use job::{padded, Job, BLOCK_COORDINATES, STEP, STRETCH};
pub use options::{Algorithm, Clustering, Empty, Init, Options, Progress, Report, StoppedBy};
pub(crate) use shape::Shape;
