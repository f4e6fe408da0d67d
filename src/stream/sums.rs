//! Labels a chunk and adds it to the sums.

use super::format::{check_count, Format, COMPARED, INERTIA, MEASURED, MOVED};
use super::recalled::Recalled;
use super::whole::Stream;
use crate::api::{check_labels, check_length, check_weights, with_memory, Memory};
use crate::assign::{pass, Packing, PassInputs, PassWorker, Summing, Watch};
use crate::call::{Empty, Options, Shape};
use crate::exact::observed::storage;
use crate::points::Points;
use crate::quantize::int16::QuantizedPoints;
use crate::runtime::error::{refuse, Error};
use crate::runtime::threads::PerThread;
use crate::runtime::workspace::{Cut, Workspace};
use crate::update::{Plan, Update};

/// What a pass computes besides counts and sums.
///
/// ```
/// use centra::streams::Wanted;
///
/// let wanted = Wanted::default().inertia(true);
/// assert!(wanted.inertia && !wanted.moved);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wanted {
    /// The inertia of the points and these centers.
    pub inertia: bool,
    /// The number of labels that change: on entry the labels are those of the last pass over this chunk.
    pub moved: bool,
}

impl Wanted {
    /// Whether to add the inertia.
    ///
    /// ```
    /// assert!(centra::streams::Wanted::default().inertia(true).inertia);
    /// ```
    #[must_use]
    pub fn inertia(self, inertia: bool) -> Self {
        Wanted { inertia, ..self }
    }

    /// Whether to count the labels that change.
    ///
    /// ```
    /// assert!(centra::streams::Wanted::default().moved(true).moved);
    /// ```
    #[must_use]
    pub fn moved(self, moved: bool) -> Self {
        Wanted { moved, ..self }
    }
}

/// The memory of a call that labels and sums a chunk.
pub(super) struct SumsMemory {
    pub(super) total: usize,
    pub(super) weighted: bool,
}

pub(super) struct SumsParts<'w> {
    labels: &'w mut [i32],
    recalled: Recalled<'w>,
    packing: Packing<'w>,
    update: Update<'w>,
    workers: PerThread<PassWorker<'w>>,
}

impl Memory for SumsMemory {
    type Parts<'w> = SumsParts<'w>;
    const LABELS: bool = true;

    fn cut<'w>(&self, from: &mut impl Cut<'w>, shape: &Shape, threads: usize) -> SumsParts<'w> {
        let plan = Plan::new(shape, self.total, self.weighted);
        let mut each = plan.each();
        SumsParts {
            labels: from.take(shape.n),
            recalled: Recalled::cut(from, shape.d),
            packing: Packing::cut(from, shape),
            update: Update::cut(from, &plan, Empty::Keep),
            workers: PerThread::new(threads, || {
                PassWorker::cut(from, shape, &each()).watched(storage(from, shape.d))
            }),
        }
    }
}

/// The labels of a chunk, and the number of the first center.
pub(crate) struct Labels<'a> {
    pub(crate) labels: &'a mut [i32],
    pub(crate) base: i32,
}

impl Labels<'_> {
    /// The labels, from 0.
    fn read(&self, own: &mut [i32]) {
        for (own, label) in own.iter_mut().zip(self.labels.iter()) {
            *own = label - self.base;
        }
    }

    /// Takes labels from 0.
    fn write(&mut self, own: &[i32]) {
        for (label, own) in self.labels.iter_mut().zip(own) {
            *label = own + self.base;
        }
    }
}

/// Labels the points of a chunk by `centers`, k rows of d, and adds them to the `sums`. Labels are written where they are wanted.
#[allow(clippy::too_many_arguments)]
pub(crate) fn sums(
    stream: &Stream<'_>,
    points: &Points<'_>,
    options: &Options<'_>,
    centers: &[f64],
    labels: Option<Labels<'_>>,
    wanted: Wanted,
    sums: &mut [i64],
    workspace: Workspace<'_>,
) -> Result<(), Error> {
    let Stream { total, d, k, .. } = *stream;
    let n = points.n();
    stream.check_chunk(points.d(), options)?;
    stream.check_centers(centers)?;
    options.check()?;
    check_weights(points, options)?;
    check_labelled(labels.as_ref(), wanted, n, k)?;
    let format = room_for(n, stream, sums)?;
    let extremes = stream.given(centers)?;
    let shape = Shape::of_assign(n, d, k, points.form(), options.threads);
    let memory = SumsMemory {
        total,
        weighted: options.weights.is_some(),
    };
    with_memory(
        points,
        options.weights,
        options,
        &shape,
        &memory,
        workspace,
        |job, parts| {
            let SumsParts {
                labels: own,
                mut recalled,
                mut packing,
                mut update,
                mut workers,
            } = parts;
            recalled.fill(stream, update.ranges())?;
            update.prepare();
            packing.set_largest(extremes.largest);
            let declared_range = recalled.declared_range(update.known());
            if let Some(weights) = options.weights {
                declared_range.check_weights(weights)?;
            }
            if let (true, Some(labels)) = (wanted.moved, &labels) {
                labels.read(own);
            }
            update.clear(&mut workers);
            let terms = update.terms().watching(declared_range.bounds);
            let inputs = PassInputs {
                bounds: None,
                quantized: &mut QuantizedPoints::nothing(),
                summing: Summing::All(&terms),
                watch: Some(Watch {
                    declared_range: &declared_range,
                    inertia: wanted.inertia,
                }),
            };
            let pass = pass(job, &mut packing, &mut workers, centers, own, inputs);
            if workers.iter_mut().any(|worker| worker.found().broken) {
                return Err(declared_range.violation(points, options.weights));
            }
            if update.apart() {
                update.sum(job, &mut workers, own);
            }
            let (head, mut exported) = format.parts(sums);
            update.export(job, &mut workers, own, &mut exported);
            wanted.add(n, pass.changed, &mut workers, head);
            if let Some(mut labels) = labels {
                labels.write(own);
            }
            Ok(())
        },
    )
}

/// Refuses labels of another number than n. If labels that change are to be counted, refuses none, and labels that name no center.
fn check_labelled(
    labels: Option<&Labels<'_>>,
    wanted: Wanted,
    n: usize,
    k: usize,
) -> Result<(), Error> {
    match labels {
        Some(Labels { labels, base }) => {
            check_length("labels", labels.len(), n, "n")?;
            match wanted.moved {
                true => check_labels(labels, k, *base),
                false => Ok(()),
            }
        }
        None if wanted.moved => refuse!(Null, "labels: none, but changed labels are to be counted"),
        None => Ok(()),
    }
}

impl Wanted {
    /// Adds to the `head` of the sums what is wanted of a chunk of n points: its inertia, which all threads have summed, and how many
    /// labels have changed.
    fn add(
        self,
        n: usize,
        changed: i64,
        workers: &mut PerThread<PassWorker<'_>>,
        head: &mut [i64],
    ) {
        if self.inertia {
            let (first, others) = workers.split();
            let inertia = &mut first.found().inertia;
            for other in others {
                inertia.merge(&mut other.found().inertia);
            }
            head[MEASURED] += n as i64;
            inertia.add_to(&mut head[INERTIA]);
        }
        if self.moved {
            head[COMPARED] += n as i64;
            head[MOVED] += changed;
        }
    }
}

/// The layout of these sums; refuses sums that cannot come from any points, or to which n more cannot be added.
fn room_for(n: usize, stream: &Stream<'_>, sums: &[i64]) -> Result<Format, Error> {
    let format = Format::of(stream)?;
    format.check(sums)?;
    check_count(stream.total, &format.view(sums), n)?;
    format.check_possible(stream.total, sums)?;
    Ok(format)
}

/// Refuses what [`sums`] refuses of its arguments for a chunk of no points.
pub(crate) fn check_none(stream: &Stream<'_>, centers: &[f64], sums: &[i64]) -> Result<(), Error> {
    room_for(0, stream, sums)?;
    stream.given(centers)?;
    Ok(())
}
