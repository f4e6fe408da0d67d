//! What all calls have in common: options, the shape of a pass, and the inputs that passes share.

mod job;
mod options;
mod shape;

pub(crate) use job::{padded, Job, BLOCK_COORDINATES, BLOCK_POINTS, STEP, STRETCH};
pub use options::{Algorithm, Clustering, Empty, Progress, Report, StoppedBy};
pub(crate) use options::{Init, Options};
pub(crate) use shape::Shape;
