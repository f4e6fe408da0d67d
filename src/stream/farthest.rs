//! The points that are farthest from the centers they were labelled by, as plain integers: those that empty clusters may take.
//!
//! A list has room for as many points as a relocation has to know ([`ranked`](relocate::ranked)), each d + [`HEAD`] integers, in the order of their
//! rank: D, the largest first, and the index among all points, the lowest first. What is not used is zero. Two lists join into
//! the list of both, which knows no order: it is that of the points that rank first.

use core::cmp::{Ordering, Reverse};

use super::format::{checked, Format, HEAD};
use super::recalled::Recalled;
use super::whole::Stream;
use crate::api::{check_length, check_weights, with_memory, Memory};
use crate::assign::{LabelScratch, Packing};
use crate::call::{Job, Options, Shape};
use crate::exact::observed::{observe, storage};
use crate::exact::range::{lowest_bit, Range, Ranges};
use crate::points::Points;
use crate::runtime::error::{refuse, Error};
use crate::runtime::threads::PerThread;
use crate::runtime::workspace::{Cut, Workspace};
use crate::update::relocate::{self, first as rank_first, leave_out};

/// The places of the integers of a point before its coordinates.
const D: usize = 0;
const INDEX: usize = 1;
const LABEL: usize = 2;
const WEIGHT: usize = 3;

/// What a point is ranked by: less is farther. Doubles above zero are in the order of their bits.
type Rank = (Reverse<i64>, i64);

fn rank(point: &[i64]) -> Rank {
    (Reverse(point[D]), point[INDEX])
}

/// A point of a list.
pub(super) struct Point<'a> {
    pub(super) label: usize,
    pub(super) weight: f64,
    coordinates: &'a [i64],
}

impl<'a> Point<'a> {
    fn of(point: &'a [i64]) -> Self {
        Point {
            label: point[LABEL] as usize,
            weight: f64::from_bits(point[WEIGHT] as u64),
            coordinates: &point[HEAD..],
        }
    }

    pub(super) fn coordinates(&self) -> impl Iterator<Item = f64> + use<'a> {
        self.coordinates
            .iter()
            .map(|&bits| f64::from_bits(bits as u64))
    }
}

/// The points of a list, in order.
fn used(list: &[i64], d: usize) -> impl ExactSizeIterator<Item = &[i64]> + Clone {
    let each = d + HEAD;
    let mut points = list.chunks_exact(each);
    let count = points.position(|point| point[D] == 0);
    let count = count.unwrap_or(list.len() / each);
    list[..count * each].chunks_exact(each)
}

/// The points of a list that was checked, in order.
pub(super) fn points(list: &[i64], d: usize) -> impl Iterator<Item = Point<'_>> {
    used(list, d).map(Point::of)
}

/// Refuses a list that is not of points in the order of their ranks.
fn check_order(name: &str, list: &[i64], d: usize) -> Result<(), Error> {
    let finite = |bits: i64| (1..f64::INFINITY.to_bits() as i64).contains(&bits);
    let mut before: Option<&[i64]> = None;
    for (p, point) in used(list, d).enumerate() {
        if !finite(point[D]) || point[INDEX] < 0 {
            return refuse!(
                Range,
                "{name}: {}, {} at point {p} are not a squared distance and an index",
                point[D],
                point[INDEX]
            );
        }
        if before.is_some_and(|before| rank(before) >= rank(point)) {
            return refuse!(Range, "{name}: point {p} is not behind the one before it");
        }
        before = Some(point);
    }
    Ok(())
}

/// Refuses a list whose points cannot be those of a stream, or of clusters of so many `positive` members.
pub(super) fn check_points(
    stream: &Stream<'_>,
    list: &[i64],
    positive: &[i64],
) -> Result<(), Error> {
    let Stream { total, d, k, .. } = *stream;
    check_order("farthest", list, d)?;
    for (p, point) in used(list, d).enumerate() {
        let (index, label) = (point[INDEX], point[LABEL]);
        if index >= total as i64 {
            return refuse!(
                Range,
                "farthest: point {p} has the index {index}, but total = {total}"
            );
        }
        let cluster = usize::try_from(label).ok().filter(|&j| j < k);
        if cluster.is_none_or(|j| positive[j] < 2) {
            return refuse!(
                Range,
                "farthest: point {p} is of cluster {label}, which the sums have no two points of"
            );
        }
        let weight = f64::from_bits(point[WEIGHT] as u64);
        let heavy = match stream.weighted() {
            true => within(weight, stream.coded(d)?.terms) && weight > 0.0,
            false => weight == 1.0,
        };
        let mut outside = None;
        for (i, x) in Point::of(point).coordinates().enumerate() {
            let coded = stream.coded(i)?;
            if x.is_nan() || x.abs() > coded.magnitude || !within(x, coded.terms) {
                outside = outside.or(Some(i));
            }
        }
        match outside {
            _ if !heavy => {
                return refuse!(
                    Range,
                    "farthest: the weight of point {p} is not in the range"
                );
            }
            Some(i) => {
                return refuse!(
                    Range,
                    "farthest: dimension {i} of point {p} is not in the range"
                );
            }
            None => {}
        }
    }
    Ok(())
}

/// Whether a number is finite and in a range of numbers.
fn within(x: f64, range: Range) -> bool {
    let magnitude = x.abs();
    magnitude == 0.0 || x.is_finite() && range.covers(magnitude, lowest_bit(magnitude))
}

/// Joins a list with `count` other points in the order of their ranks, which `other` tells; `write` writes one of them. What does not
/// fit ranks last. A point that both have is in the list once.
fn join(
    list: &mut [i64],
    d: usize,
    count: usize,
    other: impl Fn(usize) -> Rank,
    write: impl Fn(usize, &mut [i64]),
) {
    let each = d + HEAD;
    let (room, held) = (list.len() / each, used(list, d).len());
    let place = |i: usize| i * each..(i + 1) * each;
    let compare =
        |list: &[i64], mine: usize, theirs: usize| rank(&list[place(mine)]).cmp(&other(theirs));
    // How many of each are among the first, and how many of these both have.
    let (mut mine, mut theirs, mut both) = (0, 0, 0);
    while mine + theirs - both < room && (mine < held || theirs < count) {
        let order = match (mine < held, theirs < count) {
            (true, true) => compare(list, mine, theirs),
            (true, false) => Ordering::Less,
            (false, _) => Ordering::Greater,
        };
        mine += usize::from(order.is_le());
        theirs += usize::from(order.is_ge());
        both += usize::from(order.is_eq());
    }
    // From the last place on, so that no point is overwritten before it has moved.
    let mut end = mine + theirs - both;
    while theirs > 0 {
        let order = match mine {
            0 => Ordering::Less,
            _ => compare(list, mine - 1, theirs - 1),
        };
        match order {
            Ordering::Equal => {
                theirs -= 1;
                continue;
            }
            Ordering::Greater => {
                mine -= 1;
                list.copy_within(place(mine), (end - 1) * each);
            }
            Ordering::Less => {
                theirs -= 1;
                write(theirs, &mut list[place(end - 1)]);
            }
        }
        end -= 1;
    }
}

/// Joins a list of farthest points, `from`, with another, `list`; both are of points in d dimensions. The lists of several chunks are
/// joined in any order and any grouping, and a list that is joined twice changes nothing.
///
/// ```
/// use centra::streams::join_farthest;
///
/// // Two points in one dimension: D = 4 and D = 1, then D = 2, in lists of three.
/// let bits = |x: f64| x.to_bits() as i64;
/// let one = [bits(4.0), 0, 0, bits(1.0), bits(7.0), bits(1.0), 1, 0, bits(1.0), bits(6.0), 0, 0, 0, 0, 0];
/// let mut all = [0; 15];
/// all[..5].copy_from_slice(&[bits(2.0), 2, 1, bits(1.0), bits(9.0)]);
/// join_farthest(1, &one, &mut all)?;
/// assert_eq!([all[1], all[6], all[11]], [0, 2, 1]); // the indices, by D
/// # Ok::<(), centra::Error>(())
/// ```
pub fn join_farthest(d: usize, from: &[i64], list: &mut [i64]) -> Result<(), Error> {
    let each = match d.checked_add(HEAD) {
        Some(each) if d > 0 => each,
        _ => return refuse!(Shape, "d = {d}: it must be positive, and lists fit memory"),
    };
    check_length("from", from.len(), list.len(), "length")?;
    if !list.len().is_multiple_of(each) {
        return refuse!(
            Shape,
            "length = {}: no multiple of {each}, the elements of a point",
            list.len()
        );
    }
    check_order("from", from, d)?;
    check_order("farthest", list, d)?;
    let points = used(from, d);
    let point = |i: usize| &from[i * each..(i + 1) * each];
    join(
        list,
        d,
        points.len(),
        |i| rank(point(i)),
        |i, to| to.copy_from_slice(point(i)),
    );
    Ok(())
}

/// The memory of a call that looks for the farthest points of a chunk.
pub(super) struct FarthestMemory;

pub(super) struct FarthestParts<'w> {
    labels: &'w mut [i32],
    distances: &'w mut [f64],
    ranked: &'w mut [usize],
    packing: Packing<'w>,
    recalled: Recalled<'w>,
    ranges: Ranges<'w>,
    workers: PerThread<LabelScratch<'w>>,
    /// Storage of the range check.
    observed: PerThread<&'w mut [f64]>,
}

impl Memory for FarthestMemory {
    type Parts<'w> = FarthestParts<'w>;
    const LABELS: bool = true;

    fn cut<'w>(&self, from: &mut impl Cut<'w>, shape: &Shape, threads: usize) -> FarthestParts<'w> {
        FarthestParts {
            labels: from.take(shape.n),
            distances: from.take(shape.n),
            ranked: relocate::cut(from, shape.k),
            packing: Packing::cut(from, shape),
            recalled: Recalled::cut(from, shape.d),
            ranges: Ranges::cut(from, shape.d),
            workers: PerThread::new(threads, || LabelScratch::cut(from, shape)),
            observed: PerThread::new(threads, || storage(from, shape.d)),
        }
    }
}

/// The list of the farthest points of chunks, and the index that a chunk's first point has among all points.
pub(crate) struct Farthest<'a> {
    pub(crate) list: &'a mut [i64],
    pub(crate) first: u64,
}

/// Refuses what [`farthest`] refuses of its arguments for a chunk of n points; returns the members of positive weight of each cluster.
pub(crate) fn check_chunk<'s>(
    n: usize,
    stream: &Stream<'_>,
    centers: &[f64],
    sums: &'s [i64],
    farthest: &Farthest<'_>,
) -> Result<&'s [i64], Error> {
    let Stream { total, d, .. } = *stream;
    let Farthest { list, first } = farthest;
    stream.given(centers)?;
    let sums = checked(stream, &Format::of(stream)?, sums)?;
    let length = sums.farthest_length(d)?;
    check_length("farthest", list.len(), length, "the farthest points")?;
    check_order("farthest", list, d)?;
    let end = first.checked_add(n as u64);
    if end.is_none_or(|end| end > total as u64) {
        return refuse!(
            Shape,
            "first = {first}: {n} points from there on exceed total = {total}"
        );
    }
    Ok(sums.positive)
}

/// Joins a list with the points of a chunk that are farthest from their nearest centers, of clusters that have another point of positive
/// weight; `sums` are the reduced sums of the pass with these centers. Of the options count threads and weights.
pub(crate) fn farthest(
    stream: &Stream<'_>,
    points: &Points<'_>,
    options: &Options<'_>,
    centers: &[f64],
    sums: &[i64],
    farthest: Farthest<'_>,
    workspace: Workspace<'_>,
) -> Result<(), Error> {
    let Stream { d, k, .. } = *stream;
    let n = points.n();
    stream.check_chunk(points.d(), options)?;
    stream.check_centers(centers)?;
    options.check()?;
    check_weights(points, options)?;
    let positive = check_chunk(n, stream, centers, sums, &farthest)?;
    let Farthest { list, first } = farthest;
    let most = list.len() / (d + HEAD);
    let extremes = stream.given(centers)?;
    let shape = Shape::of_assign(n, d, k, points.form(), options.threads);
    with_memory(
        points,
        options.weights,
        options,
        &shape,
        &FarthestMemory,
        workspace,
        |job, parts| {
            let FarthestParts {
                labels,
                distances,
                ranked,
                mut packing,
                mut recalled,
                mut ranges,
                mut workers,
                mut observed,
            } = parts;
            recalled.fill(stream, &mut ranges)?;
            let declared_range = recalled.declared_range(&ranges);
            if let Some(weights) = options.weights {
                declared_range.check_weights(weights)?;
            }
            let weighted = options.weights.is_some();
            if !declared_range.holds(&observe(job, 0..d, &mut observed), weighted) {
                return Err(declared_range.violation(points, options.weights));
            }
            if most == 0 {
                return Ok(());
            }
            packing.set_largest(extremes.largest);
            let sqdist = Some(&mut *distances);
            crate::assign::assign(job, &mut packing, &mut workers, centers, 0, labels, sqdist);
            check_known(job, labels, positive)?;
            leave_out(job, labels, positive, distances);
            let count = rank_first(most, distances, ranked);
            let index = |i: usize| (first + ranked[i] as u64) as i64;
            let squared = |i: usize| distances[ranked[i]].to_bits() as i64;
            join(
                list,
                d,
                count,
                |i| (Reverse(squared(i)), index(i)),
                |i, to| {
                    let p = ranked[i];
                    to[D] = squared(i);
                    to[INDEX] = index(i);
                    to[LABEL] = labels[p].into();
                    to[WEIGHT] = job.weight(p).to_bits() as i64;
                    for (i, to) in to[HEAD..].iter_mut().enumerate() {
                        *to = points.at(p, i).to_bits() as i64;
                    }
                },
            );
            Ok(())
        },
    )
}

/// Refuses sums in which a cluster has no point of positive weight, but a point of the chunk is in it.
fn check_known(job: &Job<'_>, labels: &[i32], positive: &[i64]) -> Result<(), Error> {
    let unknown = |&(p, &j): &(usize, &i32)| positive[j as usize] == 0 && job.counts(p);
    match labels.iter().enumerate().find(unknown) {
        Some((p, j)) => refuse!(
            Range,
            "sums: cluster {j} has no point of positive weight, but the center of it is the nearest to points row {p}"
        ),
        None => Ok(()),
    }
}
