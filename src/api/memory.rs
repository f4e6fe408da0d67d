//! The memory of a call, described once.
//!
//! A description is a function that takes all parts, including those of every thread, from a [`Cut`]. Run with a ruler it gives the number
//! of bytes; run with the workspace it hands out the parts, of the same lengths in the same order. So a new temporary of a call is one
//! line, and the query includes it.

use super::with_job;
use crate::assign::wants_tiles;
use crate::call::{Job, Options, Shape};
use crate::points::Points;
use crate::runtime::error::Error;
use crate::runtime::workspace::{Cut, Ruler, Workspace};
use crate::simd::Level;

/// The memory of a call. The fields of the implementing type are what it depends on besides the shape.
pub(crate) trait Memory {
    /// The parts that it is cut into.
    type Parts<'w>;
    /// Whether the call labels points, so that tiles are of use.
    const LABELS: bool = false;

    /// Takes the parts for a call of this shape on `threads` threads.
    fn cut<'w>(&self, from: &mut impl Cut<'w>, shape: &Shape, threads: usize) -> Self::Parts<'w>;

    /// The threads that a call of this shape asks for; it may get fewer.
    fn threads(&self, shape: &Shape) -> usize {
        shape.threads
    }

    /// The bytes of a workspace for a call of this shape.
    fn bytes(&self, shape: &Shape) -> Result<usize, Error> {
        let mut ruler = Ruler::default();
        self.cut(&mut ruler, shape, self.threads(shape));
        ruler.bytes()
    }
}

/// Calls `work` with the job of these inputs and with the parts of the call's memory. A workspace that is too short is refused before anything is done.
pub(crate) fn with_memory<M: Memory, R>(
    points: &Points<'_>,
    weights: Option<&[f64]>,
    options: &Options<'_>,
    shape: &Shape,
    memory: &M,
    workspace: Workspace<'_>,
    work: impl FnOnce(&Job<'_>, M::Parts<'_>) -> Result<R, Error>,
) -> Result<R, Error> {
    workspace.with(memory.bytes(shape)?, |mut buffer| {
        let threads = memory.threads(shape);
        let level = match M::LABELS && wants_tiles(shape) {
            true => Level::with_tiles(options.isa),
            false => Level::new(options.isa),
        };
        with_job(points, weights, options, shape, level, threads, |job| {
            let parts = memory.cut(&mut buffer, shape, job.crew.threads());
            work(job, parts)
        })
    })
}
