//! Centers prepared for a pass, in each precision that it uses.

use super::margin::Units;
use super::precision::{Centers, Method, PassCenters, Ready};
use super::repeats::Repeats;
use super::sorted::{self, Sorted};
use crate::call::{Job, Shape};
use crate::quantize::int16::Int16Rows;
use crate::quantize::sample::{scale_of, usual_length};
use crate::runtime::workspace::{spoil, Cut};

/// Room for the centers of a pass in every precision, and what passes leave for later ones.
pub(crate) struct Packing<'w> {
    /// The first method for the shape, where the next pass starts, and how many passes there were.
    first: Method,
    start: Method,
    passes: u32,
    /// The largest magnitude of any coordinate, and what is usual, once it is known.
    largest: f64,
    usual: Option<Usual>,
    /// What is subtracted from points and centers: medians.
    origin: &'w mut [f64],
    /// For each center whether others equal it, and what finds them.
    repeats: &'w mut [u32],
    repeats_room: &'w mut [u32],
    centers: Centers<'w>,
    /// In one dimension, the values of sorted centers, and their indices.
    values: &'w mut [f64],
    indices: &'w mut [i32],
}

/// What most of the points are like. It sets origin and scale of every precision for all passes of a call. Points and centers that are
/// far beyond it are left to D, and make nothing else coarser.
#[derive(Clone, Copy)]
struct Usual {
    /// How far points are from the origin, as a rule.
    length: f64,
    units: Units,
}

/// Passes after which a precision that left too much open is tried again: centers may lie better by then.
const TRIED_AGAIN: u32 = 8;

impl<'w> Packing<'w> {
    pub(crate) fn cut(from: &mut impl Cut<'w>, shape: &Shape) -> Self {
        let first = Method::first(shape);
        let (d, k) = match first.traits() {
            Some(_) => (shape.d, shape.k),
            None => (0, 0),
        };
        let sorted = if first == Method::Sorted { shape.k } else { 0 };
        Packing {
            first,
            start: first,
            passes: 0,
            largest: 0.0,
            usual: None,
            origin: from.take(d),
            repeats: from.take(k),
            repeats_room: from.take(Repeats::room(k)),
            centers: Centers::cut(from, shape),
            values: from.take(sorted),
            indices: from.take(sorted::indices(sorted)),
        }
    }

    /// Forgets where passes ended, so that a restart does not depend on those before it.
    pub(crate) fn forget(&mut self) {
        (self.start, self.passes) = (self.first, 0);
        self.centers.forget();
        spoil(self.values, 0.0);
        spoil(self.indices, 0);
    }

    /// Sets the largest magnitude of any coordinate, of points that may be others than before.
    pub(crate) fn set_largest(&mut self, largest: f64) {
        (self.largest, self.usual) = (largest, None);
    }

    /// What is usual among the points, which is found once.
    fn usual(&mut self, job: &Job<'_>) -> Usual {
        let (largest, origin) = (self.largest, &mut *self.origin);
        *self.usual.get_or_insert_with(|| {
            // Tests of sparse rows neither shift nor scale.
            let length = match job.points.form().is_csr() {
                true => 1.0,
                false => usual_length(job, origin, largest),
            };
            Usual {
                length,
                units: Units::new(origin.len(), scale_of(length)),
            }
        })
    }

    /// The units of margins of these points, which are the same in all precisions.
    pub(crate) fn units(&mut self, job: &Job<'_>) -> Units {
        self.usual(job).units
    }

    /// Records by which methods the threads ended a pass; the next one starts with the surest.
    pub(super) fn record(&mut self, ends: impl Iterator<Item = Method>) {
        self.passes += 1;
        self.start = match self.passes % TRIED_AGAIN {
            0 => self.first,
            _ => ends.fold(self.first, Method::max),
        };
    }

    /// Whether the next pass would use a precision that is cheaper than any that finds margins.
    pub(crate) fn makes_margins_expensive(&self, job: &Job<'_>, k: usize) -> bool {
        self.start.makes_margins_expensive(job, k)
    }

    /// Prepares the centers of a pass, at most as many as there is room for. `margins` may be wanted in it, and coded `rows` may be kept.
    pub(super) fn prepare<'a>(
        &'a mut self,
        job: &Job<'a>,
        centers: &'a [f64],
        margins: bool,
        rows: &Int16Rows<'_>,
    ) -> Prepared<'a, 'w> {
        let Usual { length, units } = self.usual(job);
        let k = centers.len() / job.points.d();
        let repeats = match self.first.traits() {
            Some(_) => {
                let d = job.points.d();
                Repeats::find(centers, d, &mut self.repeats[..k], self.repeats_room)
            }
            None => Repeats::default(),
        };
        let pass = PassCenters {
            job: *job,
            centers,
            origin: self.origin,
            repeats,
            length,
            units,
            margins,
            rows_are_kept: rows.are_kept(),
        };
        let sorted = (self.start == Method::Sorted).then(|| {
            Sorted::new(
                centers,
                &mut self.values[..k],
                &mut self.indices[..sorted::indices(k)],
            )
        });
        let ready = Ready::new(pass, &mut self.centers);
        let start = ready.first_possible(self.start);
        Prepared {
            start,
            lowest: start.min(self.first.max(Method::first_measured())),
            ready,
            sorted,
        }
    }
}

/// Centers ready for a pass.
pub(super) struct Prepared<'a, 'w> {
    /// The method that it starts with, and the one that threads go back to from time to time.
    pub(super) start: Method,
    pub(super) lowest: Method,
    pub(super) ready: Ready<'a, 'w>,
    pub(super) sorted: Option<Sorted<'a>>,
}
