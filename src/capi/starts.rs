//! The calls of k-means|| on chunks; what they do is in [`stream`](crate::stream).

use core::ffi::c_void;

use super::arguments::{
    answer, call, choice, index, input, matrix, memory, output, reduced_range, Typed,
};
use super::checks::{Elements, Sizes};
use super::options::Weights;
use super::stream::Chunk;
use super::types::*;
use crate::stream::{self, Drawn, Kept};

/// The most candidates of k-means||, each a row of d doubles: of_round, 3 k + 32, of one round, and of_all, 5 times as
/// many, of all rounds.
///
/// A distributed start goes as follows, where "sum" is a reduction by element-wise addition:
///
/// - round = 0, count = 0; while centra_stream_due(k, round, count, masses):
///   - masses = 0; centra_stream_masses of every chunk; sum of masses;
///   - drawn = 0; centra_stream_draw of every chunk;
///   - append the points drawn to the candidates, in the order of their chunks, and add their number to count; but
///     none, if all chunks together drew more than of_round; round + 1;
/// - weights = 0, centra_stream_weights_length of them; centra_stream_weigh of every chunk; sum of weights;
/// - centra_stream_choose
///
/// The centers are those of centra_seed with CENTRA_INIT_PARALLEL for all points at once.
///
/// @param k  centers.
/// @param of_round  receives 3 k + 32.
/// @param of_all  receives 5 times as many.
///
/// @return CENTRA_OK, or CENTRA_ERR_SHAPE or CENTRA_ERR_NULL with the outputs untouched. Any thread.
///
/// # Safety
/// `of_round` and `of_all` are NULL or writable.
#[no_mangle]
pub unsafe extern "C" fn centra_stream_candidates(
    k: usize,
    of_round: *mut usize,
    of_all: *mut usize,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        call(
            Sizes::Centers { k },
            (answer("of_round", of_round), answer("of_all", of_all)),
            |(of_round, of_all), _| {
                let (round, all) = stream::candidates(k);
                of_round.write(round);
                of_all.write(all);
                Ok(CENTRA_OK)
            },
        )
    }
}

/// Whether another round of k-means|| is due.
///
/// @param k  centers.
/// @param round  from 0.
/// @param count  candidates so far.
/// @param masses  CENTRA_STREAM_MASS_DIGITS elements: the reduced masses of the round before; not read for round 0.
///
/// @return 1 or 0, or CENTRA_ERR_SHAPE or CENTRA_ERR_NULL.
///
/// # Safety
/// `masses` is NULL or points to so many elements.
#[no_mangle]
pub unsafe extern "C" fn centra_stream_due(
    k: usize,
    round: u32,
    count: usize,
    masses: *const i64,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        call(
            Sizes::Centers { k },
            (input("masses", masses, Elements::Masses),),
            |(masses,), _| {
                let masses = if round == 0 { &[] } else { masses };
                Ok(i32::from(stream::due(k, round, count, masses)))
            },
        )
    }
}

/// The first half of a round of k-means||: adds the exact sum of the masses of a chunk. A point's mass is its weight
/// times the squared distance to the nearest candidate; its weight, while there is none.
///
/// Options used: layout, threads, parallel, weights.
///
/// @param points, n, d, ld, k, options, total, range  as for centra_stream_sums.
/// @param candidates, count  count contiguous rows of d; read only; may be NULL when count is 0.
/// @param known, distances  distances is NULL, and all candidates are compared; or it has n squared distances: on entry
///     to the nearest of the first `known` candidates (not read if that is 0), on return to the nearest of all, so that
///     the next round compares only new ones.
/// @param masses  CENTRA_STREAM_MASS_DIGITS elements, zero at the beginning of a round; read and written. Masses of at
///     most 2^30 chunks are reduced by element-wise addition. Digit i is in units of 2^(32 i - 1074); a call leaves
///     each digit in [0, 2^32).
/// @param workspace, workspace_bytes  see centra_stream_workspace_size, with init CENTRA_INIT_PARALLEL; or NULL and 0.
///
/// @return CENTRA_OK, or a negative status with every output untouched. Threads: as for centra_fit.
///
/// Method: Bahmani and others, Scalable k-means++, 2012.
///
/// # Safety
/// The pointers are as described, and nobody writes to them during the call.
#[no_mangle]
pub unsafe extern "C" fn centra_stream_masses(
    points: *const f64,
    n: usize,
    d: usize,
    ld: usize,
    k: usize,
    options: *const centra_options,
    total: i64,
    range: *const i32,
    candidates: *const f64,
    count: usize,
    known: usize,
    distances: *mut f64,
    masses: *mut i64,
    workspace: *mut c_void,
    workspace_bytes: usize,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        let chunk = Chunk {
            sizes: Sizes::Chunk { n, total, d, k },
            points: matrix(points, ld),
            options,
            range,
            memory: memory(workspace, workspace_bytes),
        };
        let given = input("candidates", candidates, Elements::Candidates(count));
        add_masses(chunk, given, known, distances, masses)
    }
}

/// centra_stream_masses, for points of any form.
///
/// # Safety
/// As for the calls of this name.
pub(super) unsafe fn add_masses<'a>(
    chunk: Chunk<'a>,
    candidates: Typed<&'a [f64]>,
    known: usize,
    distances: *mut f64,
    masses: *mut i64,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        call(
            chunk.sizes,
            (
                chunk.points,
                choice(chunk.options, Weights::Used),
                reduced_range(chunk.range),
                candidates,
                output("distances", distances, Elements::Points).optional(),
                output("masses", masses, Elements::Masses),
                chunk.memory,
            ),
            |(points, chosen, stream, candidates, distances, masses, workspace), _| {
                if points.n() > 0 {
                    let options = &chosen.options;
                    let kept = distances.map(|distances| Kept { distances, known });
                    stream::masses(
                        &stream, &points, options, candidates, kept, masses, workspace,
                    )?;
                }
                Ok(CENTRA_OK)
            },
        )
    }
}

/// The second half of a round of k-means||: draws points of a chunk as candidates, each with a probability of 2 k times
/// its share of all mass, independently.
///
/// Options used: layout, threads, parallel, weights, seed.
///
/// @param points, n, d, ld, k, options, total, range, workspace, workspace_bytes  as for centra_stream_masses.
/// @param masses  the reduced masses of this round; read only.
/// @param candidates, count  as centra_stream_masses had them; read only.
/// @param distances  NULL, or as centra_stream_masses left them; read only.
/// @param round  from 0.
/// @param first  the index of the chunk's first point among all points.
/// @param rows  3 k + 32 rows of d (see centra_stream_candidates). The first *drawn are kept, and the points that are
///     drawn are appended in order, as far as there is room.
/// @param drawn  the number of points drawn so far, those of previous chunks included; read and written.
///
/// @return CENTRA_OK, or a negative status with every output untouched. Threads: as for centra_fit.
///
/// # Safety
/// The pointers are as described, and nobody writes to them during the call.
#[no_mangle]
pub unsafe extern "C" fn centra_stream_draw(
    points: *const f64,
    n: usize,
    d: usize,
    ld: usize,
    k: usize,
    options: *const centra_options,
    total: i64,
    range: *const i32,
    masses: *const i64,
    candidates: *const f64,
    count: usize,
    distances: *const f64,
    round: u32,
    first: i64,
    rows: *mut f64,
    drawn: *mut i64,
    workspace: *mut c_void,
    workspace_bytes: usize,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        let chunk = Chunk {
            sizes: Sizes::Chunk { n, total, d, k },
            points: matrix(points, ld),
            options,
            range,
            memory: memory(workspace, workspace_bytes),
        };
        let given = input("candidates", candidates, Elements::Candidates(count));
        draw_points(chunk, masses, given, distances, round, first, rows, drawn)
    }
}

/// centra_stream_draw, for points of any form.
///
/// # Safety
/// As for the calls of this name.
#[allow(clippy::too_many_arguments)]
pub(super) unsafe fn draw_points<'a>(
    chunk: Chunk<'a>,
    masses: *const i64,
    candidates: Typed<&'a [f64]>,
    distances: *const f64,
    round: u32,
    first: i64,
    rows: *mut f64,
    drawn: *mut i64,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        call(
            chunk.sizes,
            (
                chunk.points,
                choice(chunk.options, Weights::Used),
                reduced_range(chunk.range),
                input("masses", masses, Elements::Masses),
                candidates,
                input("distances", distances, Elements::Points).optional(),
                index("first", first),
                output("rows", rows, Elements::Drawn),
                output("drawn", drawn, Elements::One),
                chunk.memory,
            ),
            |(
                points,
                chosen,
                stream,
                masses,
                candidates,
                distances,
                first,
                rows,
                drawn,
                workspace,
            ),
             _| {
                if points.n() > 0 {
                    let options = &chosen.options;
                    let drawn = Drawn {
                        round,
                        first,
                        rows,
                        count: &mut drawn[0],
                    };
                    stream::draw(
                        &stream, &points, options, masses, candidates, distances, drawn, workspace,
                    )?;
                }
                Ok(CENTRA_OK)
            },
        )
    }
}

/// The number of elements of the weights of `count` candidates: one for each, if points have no weights and total is at
/// most 2^22; else up to three. (The rounding errors of all points together are below 2^-18 of the heaviest weight.)
///
/// @param total, d, k, range  see centra_stream_sums_length.
/// @param count  candidates.
/// @param length  receives the number.
///
/// @return CENTRA_OK, or CENTRA_ERR_SHAPE, CENTRA_ERR_NULL, CENTRA_ERR_RANGE with *length untouched. Any thread.
///
/// # Safety
/// `range` has the elements that centra_stream_range_length tells; `length` is NULL or writable.
#[no_mangle]
pub unsafe extern "C" fn centra_stream_weights_length(
    total: i64,
    d: usize,
    k: usize,
    range: *const i32,
    count: usize,
    length: *mut usize,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        call(
            Sizes::Stream { total, d, k },
            (reduced_range(range), answer("length", length)),
            |(stream, length), _| {
                length.write(stream.weights_length(count)?);
                Ok(CENTRA_OK)
            },
        )
    }
}

/// After the rounds of k-means||: adds the weights of a chunk's points to those of their nearest candidates.
///
/// Options used: layout, threads, parallel, weights.
///
/// @param points, n, d, ld, k, options, total, range, workspace, workspace_bytes  as for centra_stream_masses.
/// @param candidates, count  count contiguous rows of d, at least one; read only.
/// @param weights  as many elements as centra_stream_weights_length tells, zero at first; read and written. They are
///     reduced by element-wise addition; no sum exceeds 2^62. With L elements a candidate, limb l of candidate j is at
///     L j + l, in units of 2^(E - (l + 1) w) as in the sums (see centra_stream_sums_length); 2^E is the least power of
///     two above the heaviest weight.
///
/// @return CENTRA_OK, or a negative status with every output untouched. Threads: as for centra_fit.
///
/// # Safety
/// The pointers are as described, and nobody writes to them during the call.
#[no_mangle]
pub unsafe extern "C" fn centra_stream_weigh(
    points: *const f64,
    n: usize,
    d: usize,
    ld: usize,
    k: usize,
    options: *const centra_options,
    total: i64,
    range: *const i32,
    candidates: *const f64,
    count: usize,
    weights: *mut i64,
    workspace: *mut c_void,
    workspace_bytes: usize,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        let chunk = Chunk {
            sizes: Sizes::Chunk { n, total, d, k },
            points: matrix(points, ld),
            options,
            range,
            memory: memory(workspace, workspace_bytes),
        };
        add_weights(chunk, candidates, count, weights)
    }
}

/// centra_stream_weigh, for points of any form.
///
/// # Safety
/// As for the calls of this name.
pub(super) unsafe fn add_weights(
    chunk: Chunk<'_>,
    candidates: *const f64,
    count: usize,
    weights: *mut i64,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        call(
            chunk.sizes,
            (
                chunk.points,
                choice(chunk.options, Weights::Used),
                reduced_range(chunk.range),
                input("candidates", candidates, Elements::Candidates(count)),
                output(
                    "candidate weights",
                    weights,
                    Elements::CandidateWeights(count),
                ),
                chunk.memory,
            ),
            |(points, chosen, stream, candidates, weights, workspace), _| {
                if points.n() > 0 {
                    stream::weigh(
                        &stream,
                        &points,
                        &chosen.options,
                        candidates,
                        weights,
                        workspace,
                    )?;
                }
                Ok(CENTRA_OK)
            },
        )
    }
}

/// The end of k-means||: greedy k-means++ among the candidates, by their reduced weights.
///
/// Options used: threads, parallel, seed.
///
/// @param total, d, k, range  see centra_stream_sums_length.
/// @param options  NULL for the defaults.
/// @param candidates, count  count contiguous rows of d, at least one; read only.
/// @param weights  as centra_stream_weigh left them; read only.
/// @param centers  k contiguous rows of d, written; candidates are repeated if there are fewer than k.
/// @param workspace, workspace_bytes  as for centra_stream_masses.
///
/// @return CENTRA_OK, or a negative status with the centers untouched. Threads: as for centra_fit.
///
/// Method: Arthur and Vassilvitskii 2007.
///
/// # Safety
/// The pointers are as described, and nobody writes to them during the call.
#[no_mangle]
pub unsafe extern "C" fn centra_stream_choose(
    total: i64,
    d: usize,
    k: usize,
    options: *const centra_options,
    range: *const i32,
    candidates: *const f64,
    count: usize,
    weights: *const i64,
    centers: *mut f64,
    workspace: *mut c_void,
    workspace_bytes: usize,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        call(
            Sizes::Stream { total, d, k },
            (
                choice(options, Weights::Unseen),
                reduced_range(range),
                input("candidates", candidates, Elements::Candidates(count)),
                input(
                    "candidate weights",
                    weights,
                    Elements::CandidateWeights(count),
                ),
                output("centers", centers, Elements::Centers),
                memory(workspace, workspace_bytes),
            ),
            |(chosen, stream, candidates, weights, centers, workspace), _| {
                stream::choose(
                    &stream,
                    candidates,
                    weights,
                    &chosen.options,
                    centers,
                    workspace,
                )?;
                Ok(CENTRA_OK)
            },
        )
    }
}
