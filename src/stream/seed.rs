//! k-means‖ for points in chunks: it gives the starting centers that a fit of all points has with [`Init::Parallel`].

use super::recalled::Recalled;
use super::whole::Stream;
use crate::api::{check_length, check_weights, with_memory, Drawing, Memory};
use crate::assign::LabelScratch;
use crate::call::{Init, Job, Options, Shape};
use crate::exact::accumulator::{ExactSum, DIGITS};
use crate::exact::observed::{observe, storage};
use crate::exact::range::Ranges;
use crate::exact::range_check::{check_finite, Extremes};
use crate::points::{Form, Points};
use crate::runtime::error::{refuse, Error, Number};
use crate::runtime::threads::PerThread;
use crate::runtime::workspace::{Cut, Workspace};
use crate::seed::kmeans_parallel::{self, Comparing, Draws, NewCandidates, Shares, Total};
use crate::seed::{Key, SeedWorker};

/// The number of elements of the masses: digit i is in units of 2^(32 i - 1074).
///
/// ```
/// let masses = [0i64; centra::streams::MASSES];
/// ```
pub const MASSES: usize = DIGITS;

/// The most candidates that a round draws for k centers, and that all rounds draw together.
pub(crate) fn candidates(k: usize) -> (usize, usize) {
    (kmeans_parallel::most(k), kmeans_parallel::most_of_all(k))
}

/// Whether round `round`, from 0, is due: there are `count` candidates, and `masses` are the reduced masses of the previous round.
pub(crate) fn due(k: usize, round: u32, count: usize, masses: &[i64]) -> bool {
    let left = round == 0 || masses.iter().any(|&digit| digit != 0);
    kmeans_parallel::due(round, count, k) && left
}

/// The memory of a call that compares a chunk with candidates.
pub(super) struct ChunkMemory;

pub(super) struct ChunkParts<'w> {
    comparing: Comparing<'w>,
    nearest: &'w mut [i32],
    distances: &'w mut [f64],
    recalled: Recalled<'w>,
    ranges: Ranges<'w>,
    workers: PerThread<LabelScratch<'w>>,
    /// Storage of the range check.
    observed: PerThread<&'w mut [f64]>,
}

impl Memory for ChunkMemory {
    type Parts<'w> = ChunkParts<'w>;

    fn cut<'w>(&self, from: &mut impl Cut<'w>, shape: &Shape, threads: usize) -> ChunkParts<'w> {
        ChunkParts {
            comparing: Comparing::cut(from, shape),
            nearest: from.take(shape.n),
            distances: from.take(shape.n),
            recalled: Recalled::cut(from, shape.d),
            ranges: Ranges::cut(from, shape.d),
            workers: PerThread::new(threads, || kmeans_parallel::scratch(from, shape)),
            observed: PerThread::new(threads, || storage(from, shape.d)),
        }
    }
}

/// The options of greedy k-means++ among candidates.
const AMONG: Init = Init::KmeansPlusPlus;

/// The shape of the candidates.
fn among(count: usize, d: usize, k: usize, threads: usize) -> Shape {
    Shape::of_assign(count, d, k, Form::default(), threads)
}

/// The memory of the last step: greedy k-means++ among the candidates, by their weights.
pub(super) struct ChooseMemory;

pub(super) struct ChooseParts<'w> {
    drawing: Drawing<'w>,
    weights: &'w mut [f64],
    workers: PerThread<SeedWorker<'w>>,
}

impl Memory for ChooseMemory {
    type Parts<'w> = ChooseParts<'w>;

    fn cut<'w>(&self, from: &mut impl Cut<'w>, shape: &Shape, threads: usize) -> ChooseParts<'w> {
        ChooseParts {
            drawing: Drawing::cut(from, shape, AMONG),
            weights: from.take(shape.n),
            workers: PerThread::new(threads, || SeedWorker::cut(from, shape, AMONG)),
        }
    }
}

/// The shape of the most candidates that chunks of this shape can have.
pub(super) fn of_candidates(shape: &Shape, options: &Options<'_>) -> Shape {
    let count = kmeans_parallel::most_of_all(shape.k);
    among(count, shape.d, shape.k, options.threads)
}

/// A chunk that is within the range of the stream, and what is needed to compare it with candidates.
struct Chunk<'a, 'w, 'm> {
    job: &'a Job<'a>,
    comparing: &'m mut Comparing<'w>,
    nearest: &'m mut [i32],
    distances: &'m mut [f64],
    workers: PerThread<LabelScratch<'w>>,
}

/// Calls `work` with a chunk, after testing that it is within the range of the stream.
fn with_chunk(
    stream: &Stream<'_>,
    points: &Points<'_>,
    options: &Options<'_>,
    candidates: &[f64],
    workspace: Workspace<'_>,
    work: impl FnOnce(Chunk<'_, '_, '_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let Stream { d, k, .. } = *stream;
    stream.check_chunk(points.d(), options)?;
    options.check()?;
    check_weights(points, options)?;
    let Extremes { largest, .. } = stream.candidates(candidates)?;
    let n = points.n();
    if n > stream.total {
        return refuse!(
            Shape,
            "points: n = {n} is more than total = {}",
            stream.total
        );
    }
    let shape = Shape::of_assign(points.n(), d, k, points.form(), options.threads);
    with_memory(
        points,
        options.weights,
        options,
        &shape,
        &ChunkMemory,
        workspace,
        |job, parts| {
            let ChunkParts {
                mut comparing,
                nearest,
                distances,
                mut recalled,
                mut ranges,
                workers,
                mut observed,
            } = parts;
            recalled.fill(stream, &mut ranges)?;
            let declared_range = recalled.declared_range(&ranges);
            if let Some(weights) = options.weights {
                declared_range.check_weights(weights)?;
            }
            if !declared_range.holds(
                &observe(job, 0..d, &mut observed),
                options.weights.is_some(),
            ) {
                return Err(declared_range.violation(points, options.weights));
            }
            comparing.set_largest(largest);
            work(Chunk {
                job,
                comparing: &mut comparing,
                nearest,
                distances,
                workers,
            })
        },
    )
}

impl Chunk<'_, '_, '_> {
    /// Computes D to the nearest of all candidates, and its index.
    fn compare(&mut self, candidates: &[f64]) {
        let d = self.job.points.d();
        self.distances.fill(f64::INFINITY);
        let all = NewCandidates {
            rows: candidates,
            range: 0..candidates.len() / d,
        };
        let nearest = Some(&mut *self.nearest);
        self.comparing
            .approach(self.job, &mut self.workers, all, self.distances, nearest);
    }
}

fn check_masses(masses: &[i64]) -> Result<(), Error> {
    check_length("masses", masses.len(), MASSES, "all digits")?;
    // The digits of each chunk are below 2^32, and its masses below 2^1060.
    let most = |i: usize| if i < MOST_DIGITS { MOST_SUM } else { 0 };
    let off = |(i, &digit): (usize, &i64)| !(0..=most(i)).contains(&digit);
    match masses.iter().enumerate().position(off) {
        Some(i) => refuse!(
            Range,
            "masses: {} at index {i} cannot be a digit of masses",
            masses[i]
        ),
        None => Ok(()),
    }
}

/// The largest sum of integers.
const MOST_SUM: i64 = 1 << 62;

/// Digits of sums below 2^1070: those of at most 2^40 masses below 2^1020 are among them.
const MOST_DIGITS: usize = (1070 + 1074) / 32;

/// Refuses distances that cannot be D between points of the stream and candidates.
fn check_distances(
    stream: &Stream<'_>,
    candidates: &[f64],
    distances: &[f64],
) -> Result<(), Error> {
    let farthest = stream.candidates(candidates)?.farthest();
    let off = |x: &f64| !(0.0..=farthest).contains(x);
    let Some(p) = distances.iter().position(off) else {
        return Ok(());
    };
    let x = Number(distances[p]);
    match distances[p].is_finite() {
        true => refuse!(
            Range,
            "distances: {x} at index {p} cannot be a squared distance"
        ),
        false => refuse!(NonFinite, "distances: {x} at index {p}"),
    }
}

impl Stream<'_> {
    /// How large the points and these candidates are; refuses candidates that are too many, not finite, or too large.
    fn candidates(&self, candidates: &[f64]) -> Result<Extremes, Error> {
        let Stream { d, k, .. } = *self;
        let (count, most) = (candidates.len(), kmeans_parallel::most_of_all(k));
        if !count.is_multiple_of(d) || count / d > most {
            return refuse!(
                Shape,
                "candidates: {count} elements are not at most {most} rows of d = {d}"
            );
        }
        check_finite("candidates", candidates, d)?;
        self.extremes("candidates", candidates)
    }

    /// How the weights of candidates are counted.
    fn shares(&self) -> Result<Shares, Error> {
        let (heaviest, weighted) = match self.weighted() {
            true => (self.coded(self.d)?.terms.top, true),
            false => (1.0, false),
        };
        Ok(Shares::of(self.total, heaviest, weighted))
    }

    /// The number of elements of the weights of `count` candidates: the limbs of each.
    pub(crate) fn weights_length(&self, count: usize) -> Result<usize, Error> {
        match count.checked_mul(self.shares()?.limbs()) {
            Some(length) if length <= isize::MAX as usize / 8 => Ok(length),
            _ => refuse!(
                Shape,
                "count = {count}: the weights do not fit the address space"
            ),
        }
    }
}

/// Distances that a caller keeps from round to round.
///
/// ```
/// use centra::streams::Kept;
///
/// let mut distances = vec![0.0; 100];
/// let first_round = Kept { distances: &mut distances, known: 0 };
/// ```
#[derive(Debug)]
pub struct Kept<'a> {
    /// For each point of the chunk D to the nearest of the first `known` candidates, and after the call to the nearest of all.
    pub distances: &'a mut [f64],
    /// The number of candidates that `distances` include on entry; if 0, they are not read.
    pub known: usize,
}

/// The first half of a round of k-means‖: adds the exact sum of the masses of a chunk to `masses`, [`MASSES`] elements, zero in
/// the beginning of a round and joined by element-wise sum. A point's mass is its weight times D to the nearest of the
/// `candidates`, rows of d; its weight, while there are none. Without distances that are `kept`, all candidates are compared
/// anew. Of the options count threads and weights.
pub(crate) fn masses(
    stream: &Stream<'_>,
    points: &Points<'_>,
    options: &Options<'_>,
    candidates: &[f64],
    kept: Option<Kept<'_>>,
    masses: &mut [i64],
    workspace: Workspace<'_>,
) -> Result<(), Error> {
    check_length("masses", masses.len(), MASSES, "all digits")?;
    if let Some(kept) = &kept {
        check_length("distances", kept.distances.len(), points.n(), "n")?;
        let (known, count) = (kept.known, candidates.len() / stream.d);
        if known > count {
            return refuse!(Shape, "known: {known} of {count} candidates");
        }
        if known > 0 {
            check_distances(stream, candidates, kept.distances)?;
        }
    }
    with_chunk(
        stream,
        points,
        options,
        candidates,
        workspace,
        |mut chunk| {
            let distances = match kept {
                Some(Kept { distances, known }) => {
                    if known == 0 {
                        distances.fill(f64::INFINITY);
                    }
                    let new = NewCandidates {
                        rows: candidates,
                        range: known..candidates.len() / stream.d,
                    };
                    chunk
                        .comparing
                        .approach(chunk.job, &mut chunk.workers, new, distances, None);
                    distances
                }
                None => {
                    chunk.compare(candidates);
                    chunk.distances
                }
            };
            let distances = (!candidates.is_empty()).then_some(&*distances);
            let mut sum = kmeans_parallel::total(chunk.job, distances);
            sum.add_to(masses);
            Ok(())
        },
    )
}

/// The draws of a chunk: which they are, and what was drawn.
///
/// ```
/// use centra::streams::Drawn;
///
/// let (mut rows, mut count) = (vec![0.0; 64], 0);
/// let first_chunk = Drawn { round: 0, first: 0, rows: &mut rows, count: &mut count };
/// ```
#[derive(Debug)]
pub struct Drawn<'a> {
    /// The round, from 0.
    pub round: u32,
    /// The index of the chunk's first point among all points of the stream.
    pub first: u64,
    /// Rows of d, for the most points that a round draws; points that are drawn are appended.
    pub rows: &'a mut [f64],
    /// The number of points drawn before; after the call, including this chunk. If all chunks together draw more than the most of a
    /// round, the round gives no candidates.
    pub count: &'a mut i64,
}

/// The second half of a round: draws points of a chunk by their masses, whose reduced sum is `masses`. `distances` are those
/// that were kept, if any. The points that all chunks have drawn, in the order of the points, are the next candidates. Of the
/// options count threads, weights and seed.
#[allow(clippy::too_many_arguments)]
pub(crate) fn draw(
    stream: &Stream<'_>,
    points: &Points<'_>,
    options: &Options<'_>,
    masses: &[i64],
    candidates: &[f64],
    distances: Option<&[f64]>,
    drawn: Drawn<'_>,
    workspace: Workspace<'_>,
) -> Result<(), Error> {
    check_masses(masses)?;
    let (n, d, most) = (points.n(), stream.d, kmeans_parallel::most(stream.k));
    check_length("rows", drawn.rows.len(), most * d, "a round's most times d")?;
    if let Some(distances) = distances {
        check_length("distances", distances.len(), n, "n")?;
        // They are not read while there are no candidates.
        if !candidates.is_empty() {
            check_distances(stream, candidates, distances)?;
        }
    }
    let before = match usize::try_from(*drawn.count) {
        Ok(before) if before <= stream.total => before,
        _ => {
            let (drawn, total) = (*drawn.count, stream.total);
            return refuse!(
                Shape,
                "drawn = {drawn} is negative, or more than total = {total}"
            );
        }
    };
    let end = drawn.first.checked_add(n as u64);
    if end.is_none_or(|end| end > stream.total as u64) {
        let (first, total) = (drawn.first, stream.total);
        return refuse!(
            Shape,
            "first = {first}: {n} points from there on exceed total = {total}"
        );
    }
    with_chunk(
        stream,
        points,
        options,
        candidates,
        workspace,
        |mut chunk| {
            let mut digits = [0; DIGITS];
            digits.copy_from_slice(masses);
            let total = Total::of(&mut ExactSum::from_digits(&digits));
            if distances.is_none() {
                chunk.compare(candidates);
            }
            let distances = distances.unwrap_or(chunk.distances);
            let distances = (!candidates.is_empty()).then_some(distances);
            let draws = Draws {
                k: stream.k,
                key: Key {
                    seed: options.seed,
                    restart: 0,
                },
                round: drawn.round,
                total,
                first: drawn.first,
            };
            chunk
                .comparing
                .mark(chunk.job, &mut chunk.workers, draws, distances);
            let mut count = before;
            for p in chunk.comparing.marked(n) {
                if count < most {
                    points.copy_point(p, &mut drawn.rows[count * d..][..d]);
                }
                count += 1;
            }
            *drawn.count = count as i64;
            Ok(())
        },
    )
}

/// After the rounds: adds the weights of the points of a chunk to those of their nearest candidates: [`Stream::weights_length`]
/// elements, limb l of L of candidate j at L j + l, zero at first, reduced by element-wise addition. Options used: threads, weights.
pub(crate) fn weigh(
    stream: &Stream<'_>,
    points: &Points<'_>,
    options: &Options<'_>,
    candidates: &[f64],
    weights: &mut [i64],
    workspace: Workspace<'_>,
) -> Result<(), Error> {
    let count = candidates.len() / stream.d;
    let length = stream.weights_length(count)?;
    check_length(
        "candidate weights",
        weights.len(),
        length,
        "those of the candidates",
    )?;
    if count == 0 {
        return refuse!(Shape, "candidates: count = 0 is not positive");
    }
    let shares = stream.shares()?;
    with_chunk(
        stream,
        points,
        options,
        candidates,
        workspace,
        |mut chunk| {
            chunk.compare(candidates);
            shares.weigh(chunk.job, chunk.nearest, weights);
            Ok(())
        },
    )
}

/// Refuses weights of candidates that cannot be sums of weights of points.
fn check_shares(shares: Shares, weights: &[i64]) -> Result<(), Error> {
    for (j, limbs) in weights.chunks(shares.limbs()).enumerate() {
        if limbs
            .iter()
            .any(|limb| limb.unsigned_abs() > MOST_SUM as u64)
            || shares.is_negative(limbs)
        {
            return refuse!(
                Weights,
                "candidate weights: {} of candidate {j} cannot be a sum of weights",
                limbs[0]
            );
        }
    }
    Ok(())
}

/// The last step: greedy k-means++ among the candidates, by their reduced weights; writes k rows of d to `centers`. Options used:
/// threads, seed.
pub(crate) fn choose(
    stream: &Stream<'_>,
    candidates: &[f64],
    weights: &[i64],
    options: &Options<'_>,
    centers: &mut [f64],
    workspace: Workspace<'_>,
) -> Result<(), Error> {
    let Stream { d, k, .. } = *stream;
    stream.check_centers(centers)?;
    options.check()?;
    stream.candidates(candidates)?;
    let count = candidates.len() / d;
    if count == 0 {
        return refuse!(Shape, "candidates: count = 0 is not positive");
    }
    let length = stream.weights_length(count)?;
    check_length(
        "candidate weights",
        weights.len(),
        length,
        "those of the candidates",
    )?;
    let shares = stream.shares()?;
    check_shares(shares, weights)?;
    let points = Points::rows(candidates, count, d)?;
    let shape = among(count, d, k, options.threads);
    with_memory(
        &points,
        None,
        options,
        &shape,
        &ChooseMemory,
        workspace,
        |job, parts| {
            let ChooseParts {
                drawing,
                weights: own,
                mut workers,
            } = parts;
            shares.weights(candidates, d, weights, own);
            let job = &Job {
                weights: Some(own),
                ..*job
            };
            let Drawing {
                mut seeding, marks, ..
            } = drawing;
            let key = Key {
                seed: options.seed,
                restart: 0,
            };
            crate::seed::seed(job, AMONG, key, &mut seeding, &mut workers, marks, centers);
            Ok(())
        },
    )
}
