//! The calls on points of single precision: those on doubles, of which each number is widened.

use core::ffi::c_void;

use super::arguments::{distance_rows, input, matrix, memory};
use super::checks::{Elements, Sizes};
use super::relocation::join_chunk;
use super::starts::{add_masses, add_weights, draw_points};
use super::stream::{add_chunk, stream_workspace_size, widen_range, Chunk};
use super::types::*;
use super::whole::{
    assign, clusters, distances, fit, seed, sum_of_squares, update, workspace_size,
};
use crate::points::CoordinateType;

/// centra_workspace_size for the calls that end in _f32.
///
/// @param n, d, k, options, bytes  as for centra_workspace_size.
/// @return What centra_workspace_size returns.
///
/// # Safety
/// As for centra_workspace_size.
#[no_mangle]
pub unsafe extern "C" fn centra_workspace_size_f32(
    n: usize,
    d: usize,
    k: usize,
    options: *const centra_options,
    bytes: *mut usize,
) -> i32 {
    // SAFETY: the contract.
    unsafe { workspace_size(n, d, k, CoordinateType::F32, options, bytes) }
}

/// centra_fit for points of type float (IEEE binary32), aligned to 4 bytes; ld counts floats. Each number is widened to
/// double, which is exact, and read in place: all results are those of centra_fit on the same numbers as doubles, bit
/// for bit, and so are those of every other call that ends in _f32. Floats cannot be too large or too near together, so
/// that without weights no finite points are refused with CENTRA_ERR_RANGE.
///
/// @param points, n, d, ld, k, options, centers, labels, report, workspace, workspace_bytes  as for centra_fit, with
///     points of type float.
/// @return What centra_fit returns.
///
/// # Safety
/// As for centra_fit.
#[no_mangle]
pub unsafe extern "C" fn centra_fit_f32(
    points: *const f32,
    n: usize,
    d: usize,
    ld: usize,
    k: usize,
    options: *const centra_options,
    centers: *mut f64,
    labels: *mut i32,
    report: *mut centra_report,
    workspace: *mut c_void,
    workspace_bytes: usize,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        let sizes = Sizes::Fit { n, d, k };
        let memory = memory(workspace, workspace_bytes);
        fit(
            sizes,
            matrix(points, ld),
            options,
            centers,
            labels,
            report,
            memory,
        )
    }
}

/// centra_assign for points of type float: see centra_fit_f32.
///
/// @param points, n, d, ld, k, options, centers, labels, sqdist, workspace, workspace_bytes  as for centra_assign, with
///     points of type float.
/// @return What centra_assign returns.
///
/// # Safety
/// As for centra_assign.
#[no_mangle]
pub unsafe extern "C" fn centra_assign_f32(
    points: *const f32,
    n: usize,
    d: usize,
    ld: usize,
    k: usize,
    options: *const centra_options,
    centers: *const f64,
    labels: *mut i32,
    sqdist: *mut f64,
    workspace: *mut c_void,
    workspace_bytes: usize,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        let sizes = Sizes::Points { n, d, k };
        let memory = memory(workspace, workspace_bytes);
        assign(
            sizes,
            matrix(points, ld),
            options,
            centers,
            labels,
            sqdist,
            memory,
        )
    }
}

/// centra_update for points of type float: see centra_fit_f32.
///
/// @param points, n, d, ld, k, options, labels, centers, counts, workspace, workspace_bytes  as for centra_update, with
///     points of type float.
/// @return What centra_update returns.
///
/// # Safety
/// As for centra_update.
#[no_mangle]
pub unsafe extern "C" fn centra_update_f32(
    points: *const f32,
    n: usize,
    d: usize,
    ld: usize,
    k: usize,
    options: *const centra_options,
    labels: *const i32,
    centers: *mut f64,
    counts: *mut i64,
    workspace: *mut c_void,
    workspace_bytes: usize,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        let sizes = Sizes::Points { n, d, k };
        let memory = memory(workspace, workspace_bytes);
        update(
            sizes,
            matrix(points, ld),
            options,
            labels,
            centers,
            counts,
            memory,
        )
    }
}

/// centra_seed for points of type float: see centra_fit_f32.
///
/// @param points, n, d, ld, k, options, centers, workspace, workspace_bytes  as for centra_seed, with points of type
///     float.
/// @return What centra_seed returns.
///
/// # Safety
/// As for centra_seed.
#[no_mangle]
pub unsafe extern "C" fn centra_seed_f32(
    points: *const f32,
    n: usize,
    d: usize,
    ld: usize,
    k: usize,
    options: *const centra_options,
    centers: *mut f64,
    workspace: *mut c_void,
    workspace_bytes: usize,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        let memory = memory(workspace, workspace_bytes);
        seed(
            Sizes::Fit { n, d, k },
            matrix(points, ld),
            options,
            centers,
            memory,
        )
    }
}

/// centra_inertia for points of type float: see centra_fit_f32.
///
/// @param points, n, d, ld, k, options, centers, labels, inertia  as for centra_inertia, with points of type float.
/// @return What centra_inertia returns.
///
/// # Safety
/// As for centra_inertia.
#[no_mangle]
pub unsafe extern "C" fn centra_inertia_f32(
    points: *const f32,
    n: usize,
    d: usize,
    ld: usize,
    k: usize,
    options: *const centra_options,
    centers: *const f64,
    labels: *const i32,
    inertia: *mut f64,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        let sizes = Sizes::Points { n, d, k };
        sum_of_squares(sizes, matrix(points, ld), options, centers, labels, inertia)
    }
}

/// centra_distances for points of type float: see centra_fit_f32.
///
/// @param points, n, d, ld, k, options, centers, sqdist, ld_out  as for centra_distances, with points of type float.
/// @return What centra_distances returns.
///
/// # Safety
/// As for centra_distances.
#[no_mangle]
pub unsafe extern "C" fn centra_distances_f32(
    points: *const f32,
    n: usize,
    d: usize,
    ld: usize,
    k: usize,
    options: *const centra_options,
    centers: *const f64,
    sqdist: *mut f64,
    ld_out: usize,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        let sizes = Sizes::Points { n, d, k };
        let sqdist = distance_rows(sqdist, ld_out);
        distances(sizes, matrix(points, ld), options, centers, sqdist)
    }
}

/// centra_clusters for points of type float: see centra_fit_f32.
///
/// @param points, n, d, ld, k, options, centers, labels, counts, weights, inertia  as for centra_clusters, with points
///     of type float.
/// @return What centra_clusters returns.
///
/// # Safety
/// As for centra_clusters.
#[no_mangle]
pub unsafe extern "C" fn centra_clusters_f32(
    points: *const f32,
    n: usize,
    d: usize,
    ld: usize,
    k: usize,
    options: *const centra_options,
    centers: *const f64,
    labels: *const i32,
    counts: *mut i64,
    weights: *mut f64,
    inertia: *mut f64,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        let sizes = Sizes::Points { n, d, k };
        let points = matrix(points, ld);
        clusters(
            sizes, points, options, centers, labels, counts, weights, inertia,
        )
    }
}

/// centra_stream_workspace_size for the calls that end in _f32.
///
/// @param n, total, d, k, options, bytes  as for centra_stream_workspace_size.
/// @return What centra_stream_workspace_size returns.
///
/// # Safety
/// As for centra_stream_workspace_size.
#[no_mangle]
pub unsafe extern "C" fn centra_stream_workspace_size_f32(
    n: usize,
    total: i64,
    d: usize,
    k: usize,
    options: *const centra_options,
    bytes: *mut usize,
) -> i32 {
    // SAFETY: the contract.
    unsafe { stream_workspace_size(n, total, d, k, CoordinateType::F32, options, bytes) }
}

/// centra_stream_range for points of type float: see centra_fit_f32.
///
/// @param points, n, d, ld, options, range, workspace, workspace_bytes  as for centra_stream_range, with points of type
///     float.
/// @return What centra_stream_range returns.
///
/// # Safety
/// As for centra_stream_range.
#[no_mangle]
pub unsafe extern "C" fn centra_stream_range_f32(
    points: *const f32,
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

/// centra_stream_sums for points of type float: see centra_fit_f32.
///
/// @param points, n, d, ld, k, options, total, range, centers, labels, wanted, sums, workspace, workspace_bytes  as for
///     centra_stream_sums, with points of type float.
/// @return What centra_stream_sums returns.
///
/// # Safety
/// As for centra_stream_sums.
#[no_mangle]
pub unsafe extern "C" fn centra_stream_sums_f32(
    points: *const f32,
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

/// centra_stream_farthest for points of type float: see centra_fit_f32.
///
/// @param points, n, d, ld, k, options, total, range, centers  as for centra_stream_farthest, with points of type
///     float.
/// @param sums, first, farthest, length, workspace, workspace_bytes  as for centra_stream_farthest.
/// @return What centra_stream_farthest returns.
///
/// # Safety
/// As for centra_stream_farthest.
#[no_mangle]
pub unsafe extern "C" fn centra_stream_farthest_f32(
    points: *const f32,
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

/// centra_stream_masses for points of type float: see centra_fit_f32.
///
/// @param points, n, d, ld, k, options, total, range, candidates  as for centra_stream_masses, with points of type
///     float.
/// @param count, known, distances, masses, workspace, workspace_bytes  as for centra_stream_masses.
/// @return What centra_stream_masses returns.
///
/// # Safety
/// As for centra_stream_masses.
#[no_mangle]
pub unsafe extern "C" fn centra_stream_masses_f32(
    points: *const f32,
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

/// centra_stream_draw for points of type float: see centra_fit_f32.
///
/// @param points, n, d, ld, k, options, total, range, masses  as for centra_stream_draw, with points of type float.
/// @param candidates, count, distances, round, first, rows, drawn, workspace, workspace_bytes  as for
///     centra_stream_draw.
/// @return What centra_stream_draw returns.
///
/// # Safety
/// As for centra_stream_draw.
#[no_mangle]
pub unsafe extern "C" fn centra_stream_draw_f32(
    points: *const f32,
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

/// centra_stream_weigh for points of type float: see centra_fit_f32.
///
/// @param points, n, d, ld, k, options, total, range, candidates, count, weights, workspace, workspace_bytes  as for
///     centra_stream_weigh, with points of type float.
/// @return What centra_stream_weigh returns.
///
/// # Safety
/// As for centra_stream_weigh.
#[no_mangle]
pub unsafe extern "C" fn centra_stream_weigh_f32(
    points: *const f32,
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
