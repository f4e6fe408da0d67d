//! The calls on chunks, but for those of the start, which are in [`starts`](super::starts); what they do is in
//! [`stream`](crate::stream).

use core::ffi::c_void;

use super::arguments::{
    answer, call, choice, flags, input, matrix, memory, output, reduced_range, stream_state, Typed,
};
use super::checks::{Elements, Sizes};
use super::options::{Chosen, Weights};
use super::types::*;
use crate::points::{CoordinateType, Form, Points};
use crate::runtime::workspace::Workspace;
use crate::stream::{self, Labels, State, Wanted};

/// The number of elements of a range: 3 (d + 1) integers of type int32_t.
///
/// A range describes the magnitudes of the points of a stream, and must be known before they are summed. It has three
/// integers for each dimension, then three for the weights; all are zero at first, and ranges are reduced by
/// element-wise maximum. The three are: the upper 32 bits of the largest magnitude of a coordinate as an IEEE double,
/// rounded up; 1075 + the exponent of the largest magnitude of a coordinate of a point of positive weight; 1024 - the
/// exponent of the lowest bit set in any such coordinate.
///
/// @param d  dimensions.
/// @param length  receives the number of elements.
///
/// @return CENTRA_OK, or CENTRA_ERR_SHAPE or CENTRA_ERR_NULL with *length untouched. Any thread.
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

/// The number of elements of the sums of a pass, of type int64_t. They are all zero at first, and sums are reduced by
/// element-wise addition in any order; no sum over all points exceeds 2^62. Calls that add to one array leave the same
/// integers whatever the threads, the chunks and their order. Element-wise addition gives the same integers too, except
/// for the digits of the inertia, which represent the same number.
///
/// @param total  the number of points of all chunks together, at most 2^40.
/// @param d, k  dimensions and centers; k <= total.
/// @param range  the reduced range of all chunks.
/// @param length  receives the number of elements: 106 + k (1 + L d) with L limbs a coordinate, and k (1 + W) more with
///     weights of W limbs. L and W follow from range and total: L is 2 for ordinary doubles and up to 4096 points, 2 to
///     4 for more points, and 1 for small integers; weights that are not small integers add one or two.
///
/// The elements are, in this order:
///
/// - the number of points in the inertia; the number of points whose labels were compared; the number of those that
///   changed;
/// - 103 digits of the inertia, digit i in units of 2^(32 i - 2162). A call leaves each of them in [0, 2^32); at most
///   2^30 arrays may be added element by element;
/// - k counts of points; with weights also k counts of points of positive weight, and k W limbs of the weights;
/// - k L d limbs of the coordinates, or with weights of their exact products with weights: limb l of cluster j in
///   dimension i is at (j L + l) d + i, in units of 2^(E - (l + 1) w), with w = min(50, 62 - ceil(log2 total)). 2^E is
///   the least power of two above the largest coordinate of the dimension, and with weights this times the least power
///   of two above the largest weight. Units of weights, and of coordinates without weights, are at least 2^-1074.
///
/// @return CENTRA_OK, or CENTRA_ERR_SHAPE, CENTRA_ERR_NULL, CENTRA_ERR_RANGE with *length untouched. Any thread.
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

/// Bytes of workspace that suffice for every call on a chunk of a stream, of at most n points, with these options; for
/// the calls of k-means||, only if init is CENTRA_INIT_PARALLEL, and for centra_stream_farthest, only if empty is
/// CENTRA_EMPTY_RELOCATE.
///
/// Options used: layout, threads, init, empty, and whether weights is NULL (the weights are not read).
///
/// The number never falls as n, total, d, k or threads grow; with total it grows by a limb of 8 bytes for each sum
/// where total exceeds 2^22, and later ones, so ask with the total of the stream. For planning: with one thread about
/// (12 + d) n + (54 d + 490) k + 1300 d + 3 Mi bytes; with T threads at most twice what one thread takes, 16 n and T
/// (20 Mi + 34 Ki d) bytes. CENTRA_INIT_PARALLEL adds about 20 n bytes, and what centra_seed needs for 15 k candidates.
///
/// @param n  the most points of a chunk.
/// @param total  the number of points of all chunks together.
/// @param d, k  dimensions and centers.
/// @param options  NULL for the defaults.
/// @param bytes  receives the number of bytes.
///
/// @return CENTRA_OK, or CENTRA_ERR_SHAPE, CENTRA_ERR_NULL, CENTRA_ERR_OPTION with *bytes untouched. Any thread.
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
    unsafe { stream_workspace_size(n, total, d, k, CoordinateType::F64, options, bytes) }
}

/// centra_stream_workspace_size, for coordinates of this type.
///
/// # Safety
/// As for the calls of this name.
pub(super) unsafe fn stream_workspace_size(
    n: usize,
    total: i64,
    d: usize,
    k: usize,
    coordinates: CoordinateType,
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
                let (total, form) = (total as usize, Form::of(*layout, coordinates));
                bytes.write(stream::workspace_bytes(
                    n, total, d, k, form, *weighted, options,
                )?);
                Ok(CENTRA_OK)
            },
        )
    }
}

/// Widens a range by a chunk of points.
///
/// Options used: layout, threads, parallel, weights.
///
/// @param points, n, d, ld, options  as for centra_fit, but n may be 0 (then points may be NULL). If one chunk has
///     weights, all must.
/// @param range  see centra_stream_range_length; read and written.
/// @param workspace, workspace_bytes  see centra_stream_workspace_size (any total and k); or NULL and 0.
///
/// @return CENTRA_OK, or a negative status with the range untouched: CENTRA_ERR_RANGE for a range that cannot come from
///     any points. Threads: as for centra_fit.
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
        let memory = memory(workspace, workspace_bytes);
        widen_range(
            Sizes::Dimensions { n, d },
            matrix(points, ld),
            options,
            range,
            memory,
        )
    }
}

/// centra_stream_range, for points of any form.
///
/// # Safety
/// As for the calls of this name.
pub(super) unsafe fn widen_range<'a>(
    sizes: Sizes,
    points: Typed<Points<'a>>,
    options: *const centra_options,
    range: *mut i32,
    memory: Typed<Workspace<'a>>,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        call(
            sizes,
            (
                points,
                choice(options, Weights::Used),
                output("range", range, Elements::Range),
                memory,
            ),
            |(points, chosen, range, workspace), _| {
                if points.n() > 0 {
                    stream::range(&points, &chosen.options, range, workspace)?;
                }
                Ok(CENTRA_OK)
            },
        )
    }
}

/// What all calls on a chunk of a known range have.
pub(super) struct Chunk<'a> {
    pub(super) sizes: Sizes,
    pub(super) points: Typed<Points<'a>>,
    pub(super) options: *const centra_options,
    pub(super) range: *const i32,
    pub(super) memory: Typed<Workspace<'a>>,
}

/// Labels a chunk of points by given centers, and adds it to the sums.
///
/// Options used: layout, label_base, threads, parallel, weights.
///
/// @param points, n, d, ld, k, options  as for centra_fit, but n may be less than k, and 0 (then points may be NULL).
/// @param total, range  see centra_stream_sums_length; read only.
/// @param centers  k contiguous rows of d, finite; read only.
/// @param labels  n labels from label_base on, written; or NULL.
/// @param wanted  0, or a combination of CENTRA_STREAM_INERTIA, to add the inertia, and CENTRA_STREAM_MOVED, to count
///     the labels that change: then labels on entry are those of the last pass over this chunk (in the first pass any
///     that name a cluster).
/// @param sums  see centra_stream_sums_length; read and written.
/// @param workspace, workspace_bytes  see centra_stream_workspace_size; with threads = 1 the call then allocates
///     nothing. Or NULL and 0.
///
/// @return CENTRA_OK, or a negative status with every output untouched: CENTRA_ERR_RANGE for points or weights that are
///     not in the range, and for a range or sums that cannot come from any points, CENTRA_ERR_SHAPE for more points
///     than total, CENTRA_ERR_LABEL for labels on entry that name no cluster, CENTRA_ERR_WEIGHTS if there are weights
///     and the range has none, or the reverse. Threads: as for centra_fit.
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
    // SAFETY: the contract.
    unsafe {
        let chunk = Chunk {
            sizes: Sizes::Chunk { n, total, d, k },
            points: matrix(points, ld),
            options,
            range,
            memory: memory(workspace, workspace_bytes),
        };
        add_chunk(chunk, centers, labels, wanted, sums)
    }
}

/// centra_stream_sums, for points of any form.
///
/// # Safety
/// As for the calls of this name.
pub(super) unsafe fn add_chunk(
    chunk: Chunk<'_>,
    centers: *const f64,
    labels: *mut i32,
    wanted: i32,
    sums: *mut i64,
) -> i32 {
    let of = |flag| wanted & flag != 0;
    // SAFETY: the contract.
    unsafe {
        call(
            chunk.sizes,
            (
                chunk.points,
                choice(chunk.options, Weights::Used),
                reduced_range(chunk.range),
                input("centers", centers, Elements::Centers),
                output("labels", labels, Elements::Points).optional_unless(of(CENTRA_STREAM_MOVED)),
                flags(
                    "wanted",
                    wanted,
                    CENTRA_STREAM_INERTIA | CENTRA_STREAM_MOVED,
                ),
                output("sums", sums, Elements::Sums),
                chunk.memory,
            ),
            |(points, chosen, stream, centers, labels, _, sums, workspace), _| {
                let Chosen { options, base, .. } = &chosen;
                if points.n() == 0 {
                    stream::check_none(&stream, centers, sums)?;
                    return Ok(CENTRA_OK);
                }
                let wanted = Wanted {
                    inertia: of(CENTRA_STREAM_INERTIA),
                    moved: of(CENTRA_STREAM_MOVED),
                };
                let base = *base;
                let labels = labels.map(|labels| Labels { labels, base });
                stream::sums(
                    &stream, &points, options, centers, labels, wanted, sums, workspace,
                )?;
                Ok(CENTRA_OK)
            },
        )
    }
}

/// Moves every center to the mean of its points, from reduced sums: the exact sum of each coordinate divided by the
/// number of points (with weights: the exact sum of the exact products divided by the exact sum of the weights),
/// rounded once.
///
/// @param total, d, k, range  see centra_stream_sums_length.
/// @param sums  the reduced sums of all points; read only.
/// @param centers  k contiguous rows of d; written, except for clusters without a point of positive weight.
/// @param counts  the number of points in each of k clusters, written; or NULL.
///
/// @return CENTRA_OK, or a negative status with every output untouched: CENTRA_ERR_SHAPE for sums of more or fewer
///     points than total, CENTRA_ERR_RANGE for a range or sums that cannot come from any points. Allocates nothing. Any
///     thread.
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

/// Prepares a state for the first pass. Does nothing if state is NULL or struct_size is less than the size that this
/// library knows.
///
/// @param state  NULL, or struct_size writable bytes.
/// @param struct_size  sizeof(centra_stream_state).
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

/// One step of the loop of centra_fit, after a pass of all chunks against the centers: decides whether that pass was
/// the last, and if not, moves the centers to the means.
///
/// Options used: max_iter, tol, empty.
///
/// @param total, d, k, range  see centra_stream_sums_length.
/// @param options  NULL for the defaults.
/// @param sums  the reduced sums of all points, labelled by these centers; read only.
/// @param centers  k contiguous rows of d; read, and written unless the loop is done.
/// @param state  read and written.
///
/// If labels were not compared, the loop has converged when no mean moves: one pass after the last label changed, or
/// earlier if the labels that changed left every mean as it was (those of points of weight zero, for example). Then
/// there can be fewer iterations than in centra_fit; all other results are the same.
///
/// Empty clusters: CENTRA_EMPTY_KEEP is as in centra_fit. Sums do not tell which point is the farthest, so under
/// CENTRA_EMPTY_RELOCATE (the default) an empty cluster that would take one gives CENTRA_ERR_EMPTY, as under
/// CENTRA_EMPTY_ERROR; there centra_stream_relocate is the call, see centra_stream_farthest_length.
///
/// @return CENTRA_OK, or a negative status with centers and state untouched. Allocates nothing. Any thread.
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
