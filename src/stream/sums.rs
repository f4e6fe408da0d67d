//! A chunk labelled and summed.

use core::ops::Range;

use super::range::Recalled;
use super::Stream;
use crate::api::{check_labels, check_length, check_weights, lend, with_job};
use crate::assign::{pass, Packing, Shortcut, Summing, Watch, Worker};
use crate::call::{Empty, Options, Shape};
use crate::exact::accumulator::{ExactSum, LARGEST_DIGIT, PRODUCT_DIGITS};
use crate::exact::limbs::{largest, Limbs};
use crate::exact::range_check::storage;
use crate::points::Points;
use crate::quantize::int16::QuantizedPoints;
use crate::runtime::error::{refuse, Error};
use crate::runtime::fp_environment::Standard;
use crate::runtime::threads::PerThread;
use crate::runtime::workspace::{Cut, Ruler, Workspace};
use crate::update::{Exported, Plan, Update};

/// What is wanted of a pass besides counts and sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The inertia of the points and these centers.
    pub inertia: bool,
    /// How many labels change: on entry the labels are those of the last pass over this chunk.
    pub moved: bool,
}

/// Where things are in the sums.
pub(super) struct Format {
    d: usize,
    k: usize,
    weighted: bool,
    weight_limbs: usize,
    pub(super) limbs: usize,
    pub(super) length: usize,
}

/// Elements before the counts.
const MEASURED: usize = 0;
const COMPARED: usize = 1;
const MOVED: usize = 2;
const INERTIA: Range<usize> = 3..3 + PRODUCT_DIGITS;

impl Format {
    pub(super) fn of(stream: &Stream<'_>) -> Result<Self, Error> {
        let Stream { total, d, k, .. } = *stream;
        let weighted = stream.weighted();
        let terms = |i: usize| stream.coded(i).map(|coded| coded.terms);
        let all =
            (0..d).map(|i| terms(i).unwrap_or_else(|_| unreachable!("checked by Stream::new")));
        let weights = match weighted {
            true => Some(terms(d)?),
            false => None,
        };
        let limbs = Limbs::needed(total, all, weights);
        let weight_limbs =
            weights.map_or(0, |range| Limbs::needed(total, [range].into_iter(), None));
        let of_weights = usize::from(weighted) + weight_limbs;
        let length = limbs
            .checked_mul(d)
            .and_then(|words| (words + 1 + of_weights).checked_mul(k))
            .and_then(|words| words.checked_add(INERTIA.end));
        match length {
            Some(length) if length <= isize::MAX as usize / 8 => Ok(Format {
                d,
                k,
                weighted,
                weight_limbs,
                limbs,
                length,
            }),
            _ => refuse!(
                Shape,
                "the sums for these sizes do not fit the address space"
            ),
        }
    }

    /// Where counts, counts of positive weight, weights and terms start.
    fn starts(&self) -> [usize; 4] {
        let counts = INERTIA.end;
        let positive = counts + self.k;
        let weights = positive + if self.weighted { self.k } else { 0 };
        [
            counts,
            positive,
            weights,
            weights + self.k * self.weight_limbs,
        ]
    }

    /// Checks that sums have the length.
    pub(super) fn check(&self, sums: &[i64]) -> Result<(), Error> {
        let (length, expected) = (sums.len(), self.length);
        if length != expected {
            return refuse!(Shape, "sums: {length} elements, but {expected} are needed");
        }
        Ok(())
    }

    /// Refuses sums that no points of the range give, `total` of them at most.
    pub(super) fn check_possible(&self, total: usize, sums: &[i64]) -> Result<(), Error> {
        match self.impossible(total, sums) {
            Some(at) => {
                let sum = sums[at];
                refuse!(Range, "sums: {sum} at {at} is not what any points give")
            }
            None => Ok(()),
        }
    }

    /// Where the first element is that no points give (L35).
    fn impossible(&self, total: usize, sums: &[i64]) -> Option<usize> {
        let [counts, positive, weights, terms] = self.starts();
        let off = |elements: Range<usize>, least: i64, most: i64| {
            let mut of = sums[elements.clone()].iter();
            let at = of.position(|sum| !(least..=most).contains(sum))?;
            Some(elements.start + at)
        };
        let counted = counts..positive;
        let all = sums[counted.clone()]
            .iter()
            .fold(0, |all: i64, &count| all.saturating_add(count));
        off(counted, 0, total as i64)
            .or_else(|| off(MEASURED..MOVED, 0, all))
            .or_else(|| off(MOVED..MOVED + 1, 0, sums[COMPARED]))
            .or_else(|| off(INERTIA, 0, LARGEST_DIGIT))
            .or_else(|| {
                (0..self.k).find_map(|j| {
                    let count = sums[counts + j];
                    let limb = largest(count, total);
                    let of = |first: usize, each: usize| first + j * each..first + (j + 1) * each;
                    off(of(positive, usize::from(self.weighted)), 0, count)
                        .or_else(|| off(of(weights, self.weight_limbs), -limb, limb))
                        .or_else(|| off(of(terms, self.limbs * self.d), -limb, limb))
                })
            })
    }

    /// The parts of sums.
    pub(super) fn view<'s>(&self, sums: &'s [i64]) -> View<'s> {
        let [counts, positive, weights, terms] = self.starts();
        let counted = &sums[counts..positive];
        View {
            measured: sums[MEASURED],
            compared: sums[COMPARED],
            moved: sums[MOVED],
            inertia: sums[INERTIA]
                .first_chunk()
                .copied()
                .unwrap_or([0; PRODUCT_DIGITS]),
            counts: counted,
            positive: match self.weighted {
                true => &sums[positive..weights],
                false => counted,
            },
            weights: &sums[weights..terms],
            weight_limbs: self.weight_limbs,
            terms: &sums[terms..],
        }
    }

    /// The parts of sums, to be added to: what is counted of the points, and the sums of their terms.
    fn parts<'s>(&self, sums: &'s mut [i64]) -> (&'s mut [i64], Exported<'s>) {
        let [counts, positive, weights, terms] = self.starts();
        let (rest, coordinates) = sums.split_at_mut(terms);
        let (rest, weights) = rest.split_at_mut(weights);
        let (rest, positive) = rest.split_at_mut(positive);
        let (head, counts) = rest.split_at_mut(counts);
        let exported = Exported {
            counts,
            positive,
            weights,
            coordinates,
        };
        (head, exported)
    }
}

/// The parts of sums.
pub(super) struct View<'s> {
    pub(super) measured: i64,
    pub(super) compared: i64,
    pub(super) moved: i64,
    pub(super) inertia: [i64; PRODUCT_DIGITS],
    pub(super) counts: &'s [i64],
    pub(super) positive: &'s [i64],
    pub(super) weights: &'s [i64],
    pub(super) weight_limbs: usize,
    pub(super) terms: &'s [i64],
}

/// What a call keeps of a chunk.
struct Memory<'w> {
    labels: &'w mut [i32],
    recalled: Recalled<'w>,
    packing: Packing<'w>,
    update: Update<'w>,
}

impl<'w> Memory<'w> {
    fn cut(from: &mut impl Cut<'w>, shape: &Shape, plan: &Plan) -> Self {
        Memory {
            labels: from.take(shape.n),
            recalled: Recalled::cut(from, shape.d),
            packing: Packing::cut(from, shape),
            update: Update::cut(from, plan, Empty::Keep),
        }
    }
}

fn worker<'w>(from: &mut impl Cut<'w>, shape: &Shape, plan: &Plan) -> Worker<'w> {
    Worker::cut(from, shape, plan).watched(storage(from, shape.d))
}

pub(super) fn bytes(shape: &Shape, total: usize, weighted: bool) -> Result<usize, Error> {
    let plan = Plan::new(shape, total, weighted);
    let mut ruler = Ruler::default();
    Memory::cut(&mut ruler, shape, &plan);
    let mut each = plan.each();
    PerThread::new(shape.threads, || worker(&mut ruler, shape, &each()));
    ruler.bytes()
}

/// Labels the points of a chunk by `centers`, k rows of d, and adds them to the `sums`, which have
/// [`Stream::sums_length`] elements, zero in the beginning; those of several chunks are joined by element-wise sum. Labels are
/// written where they are wanted. Of the options count threads and weights.
///
/// ```
/// use centra::stream::{self, State, Stream, Wanted};
/// use centra::{Options, Points};
///
/// let chunks = [[1.0, 2.0, 3.0], [10.0, 11.0, 12.0]];
/// let options = Options::default();
/// let mut range = vec![0; stream::range_length(1)?];
/// for chunk in &chunks {
///     stream::range(&Points::rows(chunk, 3, 1)?, &options, &mut range)?;
/// }
/// let stream = Stream::new(6, 1, 2, &range)?;
/// let (mut centers, mut state) = ([1.0, 2.0], State::default());
/// let wanted = Wanted { inertia: true, moved: false };
/// while !state.done() {
///     let mut sums = vec![0; stream.sums_length()?];
///     for chunk in &chunks {
///         stream::sums(&stream, &Points::rows(chunk, 3, 1)?, &options, &centers, None, wanted, &mut sums)?;
///     }
///     stream::step(&stream, &sums, &options, &mut centers, &mut state)?;
/// }
/// assert_eq!((centers, state.inertia), ([2.0, 11.0], 4.0));
/// # Ok::<(), centra::Error>(())
/// ```
///
/// Refused, with all outputs as they were, are points or weights that are not in the range, and more points than the total.
pub fn sums(
    stream: &Stream<'_>,
    points: &Points<'_>,
    options: &Options<'_>,
    centers: &[f64],
    labels: Option<&mut [i32]>,
    wanted: Wanted,
    sums: &mut [i64],
) -> Result<(), Error> {
    let workspace = Workspace::Allocate;
    sums_in(
        stream,
        points,
        options,
        centers,
        (labels, 0),
        wanted,
        sums,
        workspace,
    )
}

/// [`sums()`] in a workspace of at least [`workspace_size`](super::workspace_size) bytes, aligned to 16. With one thread it
/// allocates nothing.
#[allow(clippy::too_many_arguments)]
pub fn sums_into(
    stream: &Stream<'_>,
    points: &Points<'_>,
    options: &Options<'_>,
    centers: &[f64],
    labels: Option<&mut [i32]>,
    wanted: Wanted,
    sums: &mut [i64],
    workspace: &mut [u8],
) -> Result<(), Error> {
    let workspace = lend(workspace)?;
    let labels = (labels, 0);
    sums_in(
        stream, points, options, centers, labels, wanted, sums, workspace,
    )
}

#[allow(clippy::too_many_arguments)]
pub(crate) fn sums_in(
    stream: &Stream<'_>,
    points: &Points<'_>,
    options: &Options<'_>,
    centers: &[f64],
    (labels, base): (Option<&mut [i32]>, i32),
    wanted: Wanted,
    sums: &mut [i64],
    workspace: Workspace<'_>,
) -> Result<(), Error> {
    // What a range says are powers of two, subnormal ones among them, and centers are compared, before there is a job.
    let _environment = Standard::enter();
    let Stream { total, d, k, .. } = *stream;
    let (n, layout) = (points.n(), points.layout());
    stream.check_chunk(points.d(), options)?;
    stream.check_centers(centers)?;
    options.check()?;
    check_weights(points, options)?;
    match &labels {
        Some(labels) => {
            check_length("labels", labels.len(), n, "n")?;
            if wanted.moved {
                check_labels(labels, k, base)?;
            }
        }
        None if wanted.moved => {
            return refuse!(
                Null,
                "labels: none, but those that change are to be counted"
            );
        }
        None => {}
    }
    let format = Format::of(stream)?;
    format.check(sums)?;
    check_count(total, &format.view(sums), n)?;
    format.check_possible(total, sums)?;
    let extremes = stream.given(centers)?;

    let shape = Shape::of_assign(n, d, k, layout, options.threads);
    let weighted = options.weights.is_some();
    workspace.with(bytes(&shape, total, weighted)?, |mut buffer| {
        with_job(points, options.weights, options, &shape, |job, _| {
            let plan = Plan::new(&shape, total, weighted);
            let Memory {
                labels: own,
                mut recalled,
                mut packing,
                mut update,
            } = Memory::cut(&mut buffer, &shape, &plan);
            let threads = job.crew.threads();
            let mut each = plan.each();
            let mut team = PerThread::new(threads, || worker(&mut buffer, &shape, &each()));
            recalled.fill(stream, update.ranges())?;
            update.prepare();
            packing.set_largest(extremes.largest);
            let promise = recalled.promise(update.known());
            if let Some(weights) = options.weights {
                promise.check_weights(weights)?;
            }
            if let (true, Some(labels)) = (wanted.moved, &labels) {
                for (own, label) in own.iter_mut().zip(labels.iter()) {
                    *own = label - base;
                }
            }
            update.clear(&mut team);
            let terms = update.terms().watching(promise.bounds);
            let also = (
                Summing::All(&terms),
                Some(Watch {
                    promise: &promise,
                    inertia: wanted.inertia,
                }),
            );
            let pass = pass(
                job,
                &mut packing,
                &mut team,
                centers,
                own,
                (Shortcut::Not, &mut QuantizedPoints::nothing()),
                also,
            );
            if team.iter_mut().any(|worker| worker.found().broken) {
                return Err(promise.broken(points, options.weights));
            }
            if update.apart() {
                update.sum(job, &mut team, own);
            }
            let (head, mut exported) = format.parts(sums);
            update.export(job, &mut team, own, &mut exported);
            if wanted.inertia {
                head[MEASURED] += n as i64;
                let (first, others) = team.split();
                let inertia = &mut first.found().inertia;
                for other in others {
                    inertia.merge(&mut other.found().inertia);
                }
                inertia.add_to(&mut head[INERTIA]);
            }
            if wanted.moved {
                head[COMPARED] += n as i64;
                head[MOVED] += pass.moved;
            }
            if let Some(labels) = labels {
                for (label, own) in labels.iter_mut().zip(own.iter()) {
                    *label = own + base;
                }
            }
            Ok(())
        })
    })
}

/// Refuses what [`sums_in`] refuses of its arguments for a chunk of no points.
pub(crate) fn check_none(stream: &Stream<'_>, centers: &[f64], sums: &[i64]) -> Result<(), Error> {
    let _environment = Standard::enter();
    let format = Format::of(stream)?;
    format.check(sums)?;
    check_count(stream.total, &format.view(sums), 0)?;
    format.check_possible(stream.total, sums)?;
    stream.given(centers)?;
    Ok(())
}

/// Refuses more points than there are.
fn check_count(total: usize, sums: &View<'_>, n: usize) -> Result<(), Error> {
    let before: i128 = sums.counts.iter().map(|&count| i128::from(count)).sum();
    let all = before + n as i128;
    if before < 0 || all > total as i128 {
        return refuse!(
            Shape,
            "points: {n} and {before} before are not among a total of {total}"
        );
    }
    Ok(())
}

impl View<'_> {
    /// The inertia, if that of all points was wanted.
    pub(super) fn inertia(&self, total: usize) -> f64 {
        match self.measured == total as i64 {
            true => ExactSum::from_digits(&self.inertia).round(),
            false => f64::NAN,
        }
    }
}
