//! The calls by which empty clusters take the farthest points of chunks; what they do is in [`stream`](crate::stream).

use core::ffi::c_void;

use super::arguments::{
    answer, call, choice, index, input, known_state, matrix, memory, output, reduced_range,
    stream_state,
};
use super::checks::{Elements, Sizes};
use super::options::Weights;
use super::stream::Chunk;
use super::types::*;
use crate::stream::{self, Farthest};

/// The number of elements of the list of farthest points that centra_stream_relocate needs after a pass of all chunks;
/// 0, if no cluster takes a point: none is empty, or the pass was the last one, or the option empty is not
/// CENTRA_EMPTY_RELOCATE.
///
/// Empty clusters of points in chunks take the farthest points as they do in centra_fit, in a second pass over the
/// chunks where one is needed:
///
/// - sums = 0; centra_stream_sums of every chunk; sum of sums;
/// - centra_stream_farthest_length; if that is not 0: farthest = 0; centra_stream_farthest of every chunk;
///   centra_stream_farthest_join of all lists;
/// - centra_stream_relocate, which also does what centra_stream_step does
///
/// Options used: max_iter, tol, empty.
///
/// @param total, d, k, range  see centra_stream_sums_length.
/// @param options  NULL for the defaults.
/// @param sums  the reduced sums of all points, labelled by these centers; read only.
/// @param centers  k contiguous rows of d; read only.
/// @param state  read only.
/// @param length  receives the number of elements: (2 m - 1) (d + 4) for m empty clusters.
///
/// The elements, all zero at first, are of 2 m - 1 points one after the other: D to the nearest center, as the bits of
/// an IEEE double; the index among all points; the label, from 0; the weight, 1.0 without weights, and d coordinates,
/// as bits. The farthest point is the first, ties to the lower index; what is not used is zero. These points suffice: a
/// cluster does not give its last point of positive weight away, and a point that is passed over for it comes after
/// others of that cluster.
///
/// @return CENTRA_OK, or a negative status with *length untouched. Allocates nothing. Any thread.
///
/// # Safety
/// The pointers are as described, and nobody writes to them during the call.
#[no_mangle]
pub unsafe extern "C" fn centra_stream_farthest_length(
    total: i64,
    d: usize,
    k: usize,
    options: *const centra_options,
    range: *const i32,
    sums: *const i64,
    centers: *const f64,
    state: *const centra_stream_state,
    length: *mut usize,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        call(
            Sizes::Stream { total, d, k },
            (
                choice(options, Weights::Unseen),
                reduced_range(range),
                input("sums", sums, Elements::Sums),
                input("centers", centers, Elements::Centers),
                known_state(state),
                answer("length", length),
            ),
            |(chosen, stream, sums, centers, state, length), _| {
                let options = &chosen.options;
                length.write(stream::farthest_length(
                    &stream, sums, options, centers, &state,
                )?);
                Ok(CENTRA_OK)
            },
        )
    }
}

/// Joins a list of farthest points with those of a chunk.
///
/// Options used: layout, threads, parallel, weights.
///
/// @param points, n, d, ld, k, options, total, range  as for centra_stream_sums.
/// @param centers  k contiguous rows of d, those of the pass; read only.
/// @param sums  the reduced sums of that pass over all chunks; read only.
/// @param first  the index of the chunk's first point among all points.
/// @param farthest, length  see centra_stream_farthest_length; read and written. A chunk that is joined twice changes
///     nothing.
/// @param workspace, workspace_bytes  see centra_stream_workspace_size, with empty CENTRA_EMPTY_RELOCATE; with threads
///     = 1 the call then allocates nothing. Or NULL and 0.
///
/// @return CENTRA_OK, or a negative status with farthest untouched: as centra_stream_sums, and CENTRA_ERR_SHAPE for
///     sums of more or fewer points than total, for another length, and for indices beyond total, CENTRA_ERR_RANGE for
///     a list that is not one, and for sums of other labels. Threads: as for centra_fit.
///
/// # Safety
/// The pointers are as described, and nobody writes to them during the call.
#[no_mangle]
pub unsafe extern "C" fn centra_stream_farthest(
    points: *const f64,
    n: usize,
    d: usize,
    ld: usize,
    k: usize,
    options: *const centra_options,
    total: i64,
    range: *const i32,
    centers: *const f64,
    sums: *const i64,
    first: i64,
    farthest: *mut i64,
    length: usize,
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
        join_chunk(chunk, centers, sums, first, farthest, length)
    }
}

/// centra_stream_farthest, for points of any form.
///
/// # Safety
/// As for the calls of this name.
pub(super) unsafe fn join_chunk(
    chunk: Chunk<'_>,
    centers: *const f64,
    sums: *const i64,
    first: i64,
    farthest: *mut i64,
    length: usize,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        call(
            chunk.sizes,
            (
                chunk.points,
                choice(chunk.options, Weights::Used),
                reduced_range(chunk.range),
                input("centers", centers, Elements::Centers),
                input("sums", sums, Elements::Sums),
                index("first", first),
                output("farthest", farthest, Elements::Listed(length)),
                chunk.memory,
            ),
            |(points, chosen, stream, centers, sums, first, list, workspace), _| {
                let farthest = Farthest { list, first };
                if points.n() == 0 {
                    stream::check_no_farthest(0, &stream, centers, sums, &farthest)?;
                    return Ok(CENTRA_OK);
                }
                let options = &chosen.options;
                stream::farthest(
                    &stream, &points, options, centers, sums, farthest, workspace,
                )?;
                Ok(CENTRA_OK)
            },
        )
    }
}

/// Joins two lists of farthest points of different chunks. Lists may be joined in any order and any grouping, by an
/// operator of MPI_Reduce, for example, on a datatype of `length` elements.
///
/// @param d  dimensions.
/// @param length  elements of each list, see centra_stream_farthest_length.
/// @param from  read only.
/// @param farthest  read and written.
///
/// @return CENTRA_OK, or a negative status with farthest untouched: CENTRA_ERR_SHAPE for a length that is not a
///     multiple of d + 4, CENTRA_ERR_RANGE for lists that are none. Allocates nothing. Any thread.
///
/// # Safety
/// The pointers are as described, and nobody writes to them during the call.
#[no_mangle]
pub unsafe extern "C" fn centra_stream_farthest_join(
    d: usize,
    length: usize,
    from: *const i64,
    farthest: *mut i64,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        call(
            Sizes::Dimensions { n: 0, d },
            (
                input("from", from, Elements::Listed(length)),
                output("farthest", farthest, Elements::Listed(length)),
            ),
            |(from, farthest), _| {
                stream::join_farthest(d, from, farthest)?;
                Ok(CENTRA_OK)
            },
        )
    }
}

/// A centra_stream_step in which empty clusters take the farthest points: the means are those of the clusters after
/// that.
///
/// Options used: max_iter, tol, empty.
///
/// @param total, d, k, range, options, centers, state  as for centra_stream_step.
/// @param sums  the reduced sums of all points, labelled by these centers; read, and written if points are taken: these
///     are moved there, so that centra_stream_means gives the same means, and the counts after relocation.
/// @param farthest, length  the list of all chunks, joined; read only. length: the number of elements that
///     centra_stream_farthest_length tells; if it is 0, farthest may be NULL, and the call does what centra_stream_step
///     does.
///
/// Clusters for which there is no point keep their center. If labels were not compared, the loop has converged when no
/// mean moves and no cluster takes a point.
///
/// @return CENTRA_OK, or a negative status with sums, centers and state untouched: CENTRA_ERR_SHAPE for another length,
///     CENTRA_ERR_RANGE for a list that cannot come from points in the range and these sums. Allocates nothing. Any
///     thread.
///
/// # Safety
/// The pointers are as described, and nobody writes to them during the call.
#[no_mangle]
pub unsafe extern "C" fn centra_stream_relocate(
    total: i64,
    d: usize,
    k: usize,
    options: *const centra_options,
    range: *const i32,
    sums: *mut i64,
    farthest: *const i64,
    length: usize,
    centers: *mut f64,
    state: *mut centra_stream_state,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        call(
            Sizes::Stream { total, d, k },
            (
                choice(options, Weights::Unseen),
                reduced_range(range),
                output("sums", sums, Elements::Sums),
                input("farthest", farthest, Elements::Listed(length)),
                output("centers", centers, Elements::Centers),
                stream_state(state),
            ),
            |(chosen, stream, sums, farthest, centers, mut place), _| {
                let options = &chosen.options;
                stream::relocate(&stream, sums, farthest, options, centers, &mut place.state)?;
                place.write();
                Ok(CENTRA_OK)
            },
        )
    }
}
