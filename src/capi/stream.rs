//! The calls on chunks, but for those of the start, which are in [`start`](super::start); what they do is in
//! [`stream`](crate::stream).

use core::ffi::c_void;
use core::slice::{from_raw_parts, from_raw_parts_mut};

use super::arguments::*;
use super::boundary::boundary;
use super::types::*;
use crate::call::StoppedBy;
use crate::runtime::error::{refuse, Error};
use crate::stream::{self, Labels, State, Stream, Wanted};

/// The number of points of all chunks.
pub(super) fn size(total: i64) -> Result<usize, Error> {
    match usize::try_from(total) {
        Ok(total) => Ok(total),
        Err(_) => refuse!(
            Shape,
            "total = {total} is negative, or more than this machine can count"
        ),
    }
}

/// The stream of these sizes and this range.
///
/// # Safety
/// `range` is NULL or as many readable integers as a range for d has.
pub(super) unsafe fn stream_of<'a>(
    total: i64,
    d: usize,
    k: usize,
    range: *const i32,
) -> Result<Stream<'a>, Error> {
    check_pointer("range", range, true)?;
    let total = size(total)?;
    stream::check_sizes(total, d, k)?;
    let length = stream::range_length(d)?;
    // SAFETY: not null, aligned, and so many integers by the contract.
    Stream::new(total, d, k, unsafe { from_raw_parts(range, length) })
}

/// A range as an argument.
pub(super) fn range_argument(range: *const i32, d: usize) -> Argument {
    Argument::input("range", range, 3 * (d + 1))
}

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
    boundary(|| {
        check_pointer("length", length, true)?;
        let result = stream::range_length(d)?;
        // SAFETY: not null, aligned, writable by the contract.
        unsafe { length.write(result) };
        Ok(CENTRA_OK)
    })
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
    boundary(|| {
        check_pointer("length", length, true)?;
        // SAFETY: the contract.
        let result = unsafe { stream_of(total, d, k, range)? }.sums_length()?;
        // SAFETY: not null, aligned, writable by the contract.
        unsafe { length.write(result) };
        Ok(CENTRA_OK)
    })
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
    boundary(|| {
        let total = size(total)?;
        stream::check_sizes(total, d, k)?;
        stream::check_chunk_size(n, d)?;
        check_pointer("options", options, false)?;
        check_pointer("bytes", bytes, true)?;
        // SAFETY: the contract; the alignment was checked.
        let raw = unsafe { read_options(options)? };
        let Choice {
            options, layout, ..
        } = choose(&raw)?;
        let weighted = !raw.weights.is_null();
        let needed = stream::workspace_bytes(n, total, d, k, layout, weighted, &options)?;
        // SAFETY: not null, aligned, writable by the contract.
        unsafe { bytes.write(needed) };
        Ok(CENTRA_OK)
    })
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
    boundary(|| {
        let length = stream::range_length(d)?;
        // SAFETY: the contract.
        let call = unsafe {
            Call::check_chunk((points, n, d, ld), options, || {
                check_pointer("range", range, true)
            })?
        };
        call.check_overlap(
            options,
            [
                Argument::output("range", range, length),
                Argument::workspace(workspace, workspace_bytes),
            ],
        )?;
        // SAFETY: pointers are checked for null, alignment and overlap; their memory is the contract.
        let (range, workspace) = unsafe {
            (
                from_raw_parts_mut(range, length),
                super::arguments::workspace(workspace, workspace_bytes)?,
            )
        };
        if n > 0 {
            // SAFETY: as above, and there are points.
            let (points, options) = unsafe { (call.points(), call.options()) };
            stream::range_in(&points, &options, range, workspace)?;
        }
        Ok(CENTRA_OK)
    })
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
    boundary(|| {
        stream::check_sizes(size(total)?, d, k)?;
        // SAFETY: the contract.
        let call = unsafe {
            Call::check_chunk((points, n, d, ld), options, || {
                check_pointer("range", range, true)?;
                check_pointer("centers", centers, true)?;
                check_pointer("labels", labels, wanted & CENTRA_STREAM_MOVED != 0 && n > 0)?;
                check_pointer("sums", sums, true)
            })?
        };
        if wanted & !(CENTRA_STREAM_INERTIA | CENTRA_STREAM_MOVED) != 0 {
            return unknown("wanted", wanted, format_args!("a sum of CENTRA_STREAM_*"));
        }
        // SAFETY: the contract.
        let stream = unsafe { stream_of(total, d, k, range)? };
        let length = stream.sums_length()?;
        call.check_overlap(
            options,
            [
                range_argument(range, d),
                Argument::input("centers", centers, k * d),
                Argument::output("labels", labels, n),
                Argument::output("sums", sums, length),
                Argument::workspace(workspace, workspace_bytes),
            ],
        )?;
        // SAFETY: pointers are checked for null, alignment and overlap; their memory is the contract.
        let (centers, labels, sums, workspace) = unsafe {
            (
                from_raw_parts(centers, k * d),
                optional(labels, n),
                from_raw_parts_mut(sums, length),
                super::arguments::workspace(workspace, workspace_bytes)?,
            )
        };
        let wanted = Wanted {
            inertia: wanted & CENTRA_STREAM_INERTIA != 0,
            moved: wanted & CENTRA_STREAM_MOVED != 0,
        };
        if n > 0 {
            // SAFETY: as above, and there are points.
            let (points, options) = unsafe { (call.points(), call.options()) };
            let base = call.choice.base;
            let labels = labels.map(|labels| Labels { labels, base });
            stream::sums_in(
                &stream, &points, &options, centers, labels, wanted, sums, workspace,
            )?;
        } else {
            stream::check_none(&stream, centers, sums)?;
        }
        Ok(CENTRA_OK)
    })
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
    boundary(|| {
        // SAFETY: the contract.
        let stream = unsafe { stream_of(total, d, k, range)? };
        check_pointer("sums", sums, true)?;
        check_pointer("centers", centers, true)?;
        check_pointer("counts", counts, false)?;
        let length = stream.sums_length()?;
        check_overlap(&[
            range_argument(range, d),
            Argument::input("sums", sums, length),
            Argument::output("centers", centers, k * d),
            Argument::output("counts", counts, k),
        ])?;
        // SAFETY: pointers are checked for null, alignment and overlap; their memory is the contract.
        let (sums, centers, counts) = unsafe {
            (
                from_raw_parts(sums, length),
                from_raw_parts_mut(centers, k * d),
                optional(counts, k),
            )
        };
        stream::means(&stream, sums, centers, counts)?;
        Ok(CENTRA_OK)
    })
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
        unsafe { state.write_unaligned(told(&State::default())) };
    }
}

/// A state as C sees it.
fn told(state: &State) -> centra_stream_state {
    centra_stream_state {
        struct_size: size_of::<centra_stream_state>(),
        done: i32::from(state.done()),
        stopped_by: state.stopped_by.map_or(0, |reason| reason as i32),
        iterations: state.iterations,
        moved: state.moved,
        empty_clusters: state.empty_clusters,
        shift: state.shift,
        inertia: state.inertia,
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
    boundary(|| {
        // SAFETY: the contract.
        let stream = unsafe { stream_of(total, d, k, range)? };
        check_pointer("options", options, false)?;
        check_pointer("sums", sums, true)?;
        check_pointer("centers", centers, true)?;
        check_pointer("state", state, true)?;
        // SAFETY: the contract; the alignment was checked.
        let raw = unsafe { read_options(options)? };
        let choice = choose(&raw)?;
        // SAFETY: the size is the first member, and the alignment was checked.
        let size = unsafe { state.cast::<usize>().read() };
        if size != size_of::<centra_stream_state>() {
            return refuse!(
                Option,
                "state: struct_size is {size}; initialise it by centra_stream_state_init"
            );
        }
        let length = stream.sums_length()?;
        check_overlap(&[
            range_argument(range, d),
            options_argument(options, &raw),
            Argument::input("sums", sums, length),
            Argument::output("centers", centers, k * d),
            Argument::output("state", state, 1),
        ])?;
        // SAFETY: pointers are checked for null, alignment and overlap; their memory is the contract.
        let (sums, centers, before) = unsafe {
            (
                from_raw_parts(sums, length),
                from_raw_parts_mut(centers, k * d),
                state.read(),
            )
        };
        let reasons = [CENTRA_CONVERGED, CENTRA_TOLERANCE, CENTRA_MAX_ITER];
        if before.iterations < 0 || before.done != 0 && !reasons.contains(&before.stopped_by) {
            return refuse!(
                Option,
                "state: iterations = {}, stopped_by = {}; initialise it by centra_stream_state_init",
                before.iterations,
                before.stopped_by
            );
        }
        let mut next = State {
            stopped_by: (before.done != 0).then_some(match before.stopped_by {
                CENTRA_TOLERANCE => StoppedBy::Tolerance,
                CENTRA_MAX_ITER => StoppedBy::MaxIter,
                _ => StoppedBy::Converged,
            }),
            iterations: before.iterations,
            moved: before.moved,
            empty_clusters: before.empty_clusters,
            shift: before.shift,
            inertia: before.inertia,
        };
        stream::step(&stream, sums, &choice.options, centers, &mut next)?;
        // SAFETY: not null, aligned, writable by the contract.
        unsafe { state.write(told(&next)) };
        Ok(CENTRA_OK)
    })
}
