//! The calls on chunks, but for those of the start, which are in [`starts`](super::starts); what they do is in
//! [`stream`](crate::stream).

use core::ffi::c_void;

use super::arguments::{
    answer, call, choice, flags, input, matrix, memory, output, reduced_range, stream_state,
};
use super::checks::{Elements, Sizes};
use super::options::{Chosen, Weights};
use super::types::*;
use crate::stream::{self, Labels, State, Wanted};

/// The elements of a range: 3 (d + 1) int32_t.
///
/// A range is what a stream of points is known to be like, before any of it is summed: per dimension three integers, and
/// three for the weights; all zero in the beginning, and reducible by element-wise maximum. The three are: the upper 32 bits of the
/// largest magnitude of a coordinate as an IEEE double, rounded up; 1075 + the exponent of the largest magnitude of a coordinate of a
/// point of positive weight; 1024 - the exponent of the lowest bit set in any of these.
///
/// Returns CENTRA_OK, or CENTRA_ERR_SHAPE or CENTRA_ERR_NULL with *length untouched. Any thread.
///
/// # Safety
/// `length` is NULL or writable.
#[no_mangle]
pub unsafe extern "C" fn centra_stream_range_length(d: usize, length: *mut usize) -> i32 {
    // SAFETY: the contract.
    unsafe {
        call(
            Sizes::Dimensions { n: 0, d },
            (answer("length", length),),
            |(length,), _| {
                length.write(stream::range_length(d)?);
                Ok(CENTRA_OK)
            },
        )
    }
}

/// The elements of the sums of a pass: int64_t, all zero in the beginning, reducible by element-wise sum in any order; no sum
/// over all points exceeds 2^62. Calls on one array leave the same integers whatever the threads, the chunks and their order; so do
/// element-wise sums, but for the digits of the inertia, which then stand for the same number.
///
/// total: points of all chunks together, at most 2^40. d, k: dimensions and centers; k <= total.
/// range: the reduced range of all chunks.
/// length: receives the number: with L limbs a coordinate 106 + k (1 + L d), and with weights, of W limbs, k (1 + W) more. L and W
///     follow from range and total: L is 2 for ordinary doubles of up to 4096 points and 2 to 4 for more, 1 for small integers; with
///     weights that are no small integers one or two more.
///
/// The elements: the points in the inertia; the points whose labels were compared, and those of them that changed; 103 digits
/// of the inertia, digit i counting 2^(32 i - 2162); k counts of points; with weights k counts of points of positive weight, and k W
/// limbs of their weights; k L d limbs of terms, coordinates or exact products of these with weights, those of cluster j, limb l,
/// dimension i at (j L + l) d + i, in units of 2^(E - (l + 1) w), where w = min(50, 62 - ceil(log2 total)), and 2^E is the least power of two
/// above the dimension's largest coordinate, and with weights that times the least above the largest weight. Units of weights, and of
/// coordinates without weights, are no less than 2^-1074. The digits that a call leaves
/// are carried, each in [0, 2^32); at most 2^30 arrays may be added element by element.
///
/// Returns CENTRA_OK, or CENTRA_ERR_SHAPE, CENTRA_ERR_NULL, CENTRA_ERR_RANGE with *length untouched. Any thread.
///
/// # Safety
/// `range` has the elements that centra_stream_range_length tells; `length` is NULL or writable.
#[no_mangle]
pub unsafe extern "C" fn centra_stream_sums_length(
    total: i64,
    d: usize,
    k: usize,
    range: *const i32,
    length: *mut usize,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        call(
            Sizes::Stream { total, d, k },
            (reduced_range(range), answer("length", length)),
            |(stream, length), _| {
                length.write(stream.sums_length()?);
                Ok(CENTRA_OK)
            },
        )
    }
}

/// Bytes of workspace that suffice for every centra_stream call on a chunk of at most n points, with these options (layout, threads,
/// whether weights is NULL, and init: seeding needs more, and only with CENTRA_INIT_PARALLEL). In orders of magnitude, with T
/// threads, (4 + d) n + (54 d + 480) k + T (1200 d + 3 Mi), and more as for centra_workspace_size; for seeding 20 n, and for 15 k candidates what centra_seed needs. It does
/// not grow with total, and never falls as n, d, k or threads grow.
///
/// Returns CENTRA_OK, or CENTRA_ERR_SHAPE, CENTRA_ERR_NULL, CENTRA_ERR_OPTION with *bytes untouched. Any thread.
///
/// # Safety
/// `options` is NULL or points to as many bytes as its struct_size says; `bytes` is NULL or writable.
#[no_mangle]
pub unsafe extern "C" fn centra_stream_workspace_size(
    n: usize,
    total: i64,
    d: usize,
    k: usize,
    options: *const centra_options,
    bytes: *mut usize,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        call(
            Sizes::Chunk { n, total, d, k },
            (choice(options, Weights::Unseen), answer("bytes", bytes)),
            |(chosen, bytes), _| {
                let Chosen {
                    options,
                    layout,
                    weighted,
                    ..
                } = &chosen;
                let total = total as usize;
                bytes.write(stream::workspace_bytes(
                    n, total, d, k, *layout, *weighted, options,
                )?);
                Ok(CENTRA_OK)
            },
        )
    }
}

/// Widens a range by a chunk of points.
///
/// points, n, d, ld, options: as for centra_fit, but n may be 0 (and points then NULL); of the options count layout, threads and
///     weights. Where one chunk has weights, all must.
/// range: see centra_stream_range_length; read and written.
/// workspace, workspace_bytes: see centra_stream_workspace_size (any total and k); or NULL and 0.
///
/// Returns CENTRA_OK, or a negative status with the range untouched: CENTRA_ERR_RANGE for a range that no points give. Threads: as for
/// centra_fit.
///
/// # Safety
/// The pointers are as described, and nobody writes to them during the call.
#[no_mangle]
pub unsafe extern "C" fn centra_stream_range(
    points: *const f64,
    n: usize,
    d: usize,
    ld: usize,
    options: *const centra_options,
    range: *mut i32,
    workspace: *mut c_void,
    workspace_bytes: usize,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        call(
            Sizes::Dimensions { n, d },
            (
                matrix(points, ld),
                choice(options, Weights::Used),
                output("range", range, Elements::Range),
                memory(workspace, workspace_bytes),
            ),
            |(points, chosen, range, workspace), _| {
                if n > 0 {
                    stream::range_in(&points, &chosen.options, range, workspace)?;
                }
                Ok(CENTRA_OK)
            },
        )
    }
}

/// Labels a chunk of points by given centers, and adds it to the sums.
///
/// points, n, d, ld, k, options: as for centra_fit, but n may be 0 (and points then NULL), and less than k; of the options count
///     layout, label_base, threads and weights.
/// total, range: see centra_stream_sums_length; read only.
/// centers: k contiguous rows of d, finite; read only.
/// labels: n labels from label_base on, written; or NULL.
/// wanted: the sum of CENTRA_STREAM_INERTIA, if the inertia is to be added, and of CENTRA_STREAM_MOVED, if on entry labels are those of
///     the last pass over this chunk (in the first pass any that name a cluster), and those that change are to be counted.
/// sums: see centra_stream_sums_length; read and written.
/// workspace, workspace_bytes: see centra_stream_workspace_size; with threads = 1 the call then allocates nothing. Or NULL and 0.
///
/// Returns CENTRA_OK, or a negative status with every output untouched; among them CENTRA_ERR_RANGE for points or weights that are
/// not in the range, and for a range or sums that no points give, CENTRA_ERR_SHAPE for more points than total, CENTRA_ERR_LABEL for
/// labels on entry that name no cluster, and CENTRA_ERR_WEIGHTS for weights where the range has none, or none where it has some.
/// Threads: as for centra_fit.
///
/// # Safety
/// The pointers are as described, and nobody writes to them during the call.
#[no_mangle]
pub unsafe extern "C" fn centra_stream_sums(
    points: *const f64,
    n: usize,
    d: usize,
    ld: usize,
    k: usize,
    options: *const centra_options,
    total: i64,
    range: *const i32,
    centers: *const f64,
    labels: *mut i32,
    wanted: i32,
    sums: *mut i64,
    workspace: *mut c_void,
    workspace_bytes: usize,
) -> i32 {
    let of = |flag| wanted & flag != 0;
    // SAFETY: the contract.
    unsafe {
        call(
            Sizes::Chunk { n, total, d, k },
            (
                matrix(points, ld),
                choice(options, Weights::Used),
                reduced_range(range),
                input("centers", centers, Elements::Centers),
                output("labels", labels, Elements::Points).optional_unless(of(CENTRA_STREAM_MOVED)),
                flags(
                    "wanted",
                    wanted,
                    CENTRA_STREAM_INERTIA | CENTRA_STREAM_MOVED,
                ),
                output("sums", sums, Elements::Sums),
                memory(workspace, workspace_bytes),
            ),
            |(points, chosen, stream, centers, labels, _, sums, workspace), _| {
                let Chosen { options, base, .. } = &chosen;
                if n == 0 {
                    stream::check_none(&stream, centers, sums)?;
                    return Ok(CENTRA_OK);
                }
                let wanted = Wanted {
                    inertia: of(CENTRA_STREAM_INERTIA),
                    moved: of(CENTRA_STREAM_MOVED),
                };
                let base = *base;
                let labels = labels.map(|labels| Labels { labels, base });
                stream::sums_in(
                    &stream, &points, options, centers, labels, wanted, sums, workspace,
                )?;
                Ok(CENTRA_OK)
            },
        )
    }
}

/// Moves every center to the mean that reduced sums give it: the exact sum of each coordinate over the number of points (with weights: of
/// the exact products over the exact sum of the weights), as real numbers, rounded once.
///
/// total, d, k, range: see centra_stream_sums_length.
/// sums: those of all points; read only.
/// centers: k contiguous rows of d; written, but for those of clusters without a point of positive weight.
/// counts: k numbers of points, written; or NULL.
///
/// Returns CENTRA_OK, or a negative status with every output untouched: CENTRA_ERR_SHAPE for sums of more or fewer points than
/// total, CENTRA_ERR_RANGE for a range or sums that no points give. Allocates nothing. Any thread.
///
/// # Safety
/// The pointers are as described, and nobody writes to them during the call.
#[no_mangle]
pub unsafe extern "C" fn centra_stream_means(
    total: i64,
    d: usize,
    k: usize,
    range: *const i32,
    sums: *const i64,
    centers: *mut f64,
    counts: *mut i64,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        call(
            Sizes::Stream { total, d, k },
            (
                reduced_range(range),
                input("sums", sums, Elements::Sums),
                output("centers", centers, Elements::Centers),
                output("counts", counts, Elements::Clusters).optional(),
            ),
            |(stream, sums, centers, counts), _| {
                stream::means(&stream, sums, centers, counts)?;
                Ok(CENTRA_OK)
            },
        )
    }
}

/// Prepares a state for the first pass. Does nothing when state is NULL or struct_size is less than this library's.
///
/// struct_size: sizeof(centra_stream_state).
///
/// # Safety
/// `state` is NULL, or points to `struct_size` writable bytes.
#[no_mangle]
pub unsafe extern "C" fn centra_stream_state_init(
    state: *mut centra_stream_state,
    struct_size: usize,
) {
    if !state.is_null() && struct_size >= size_of::<centra_stream_state>() {
        // SAFETY: as many bytes by the contract; a plain struct may be written anywhere.
        unsafe { state.write_unaligned(centra_stream_state::new(&State::default())) };
    }
}

/// One step of the loop that centra_fit runs, after a pass of all chunks against the centers: tells whether that pass was the last,
/// and if not, moves the centers to the means.
///
/// total, d, k, range: see centra_stream_sums_length.
/// options: NULL for the defaults; max_iter, tol and empty count.
/// sums: reduced, of all points against these centers; read only.
/// centers: k contiguous rows of d; read, and written unless the loop is done.
/// state: read and written.
///
/// If labels were not compared, the loop has converged when no mean moves: one pass after the last label moves, or earlier where
/// labels move that leave every mean as it was (those of points of weight zero, say); the iterations can then be fewer than those of
/// centra_fit, all other results are the same.
///
/// Empty clusters: CENTRA_EMPTY_KEEP as in centra_fit. Sums do not tell which point is the farthest, so under CENTRA_EMPTY_RELOCATE (the
/// default) as under CENTRA_EMPTY_ERROR an empty cluster gives CENTRA_ERR_EMPTY.
///
/// Returns CENTRA_OK, or a negative status with centers and state untouched. Allocates nothing. Any thread.
///
/// # Safety
/// The pointers are as described, and nobody writes to them during the call.
#[no_mangle]
pub unsafe extern "C" fn centra_stream_step(
    total: i64,
    d: usize,
    k: usize,
    options: *const centra_options,
    range: *const i32,
    sums: *const i64,
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
                input("sums", sums, Elements::Sums),
                output("centers", centers, Elements::Centers),
                stream_state(state),
            ),
            |(chosen, stream, sums, centers, mut place), _| {
                stream::step(&stream, sums, &chosen.options, centers, &mut place.state)?;
                place.write();
                Ok(CENTRA_OK)
            },
        )
    }
}
