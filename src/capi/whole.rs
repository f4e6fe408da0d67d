//! The calls on whole data; what they do is in [`api`](crate::api).

use core::ffi::c_void;

use super::arguments::{
    answer, call, call_within, choice, distance_rows, fit_report, input, matrix, memory, one,
    output, Argument, Typed,
};
use super::boundary::boundary;
use super::checks::{Elements, Sizes};
use super::options::{Chosen, Weights};
use super::types::*;
use crate::api;
use crate::call::{Options, Progress};
use crate::exact::clusters::ClusterResults;
use crate::points::{CoordinateType, Form, Layout, Points, RowsMut};
use crate::runtime::error::Error;
use crate::runtime::fp_environment::Standard;
use crate::runtime::workspace::Workspace;

/// Bytes of workspace that suffice for centra_fit, centra_assign, centra_update and centra_seed with these sizes and
/// options.
///
/// Options used: layout, threads, init, n_init, algorithm, and whether weights is NULL (the weights are not read).
///
/// The number never falls as n, d, k or threads grow, and contains no multiple of n k. Upper bounds, for planning:
///
/// - with one thread, (16 + d) n + (54 d + 490) k + 1300 d + 3 Mi bytes; 8 k d more if n is above 2^22, and 16 k d
///   above 2^32; with weights the part of k is up to four times as large;
/// - with T threads, twice what one thread takes and T (20 Mi + 34 Ki d) bytes;
/// - in addition, n (2 d + 16) for quantized points (see algorithm) where d >= 32, unless CENTRA_ALGORITHM_LLOYD is
///   chosen; d counts up to 1024 here;
/// - in addition, 128 n + (4 d + 40) k for bounds to groups of centers (see algorithm) where d >= 32 and k >= 192,
///   with CENTRA_ALGORITHM_AUTO alone; d counts up to 1024 here, too;
/// - in addition, 4 n + 8 k d with n_init > 1; up to 16 Mi for restarts that run side by side, one on each thread;
/// - in addition, with CENTRA_INIT_KMEANSPP, k >= 4 and d >= 8, up to d + 51 bytes a point for a sketch of the points
///   (d counts up to 2048 here); with CENTRA_INIT_PARALLEL 24 bytes a point, the part of k for 3 k + 32 centers, and up
///   to 15 k + 160 rows of d doubles with up to d + 67 bytes more each.
///
/// @param n, d, k  points, dimensions, centers. n may be less than k, and 0; then the bytes suffice for the calls that
///     allow it.
/// @param options  NULL for the defaults.
/// @param bytes  receives the number of bytes.
///
/// @return CENTRA_OK, or CENTRA_ERR_SHAPE, CENTRA_ERR_NULL, CENTRA_ERR_OPTION with *bytes untouched. Any thread may
///     call it.
///
/// # Safety
/// `options` is NULL or points to as many bytes as its struct_size says; `bytes` is NULL or writable.
#[no_mangle]
pub unsafe extern "C" fn centra_workspace_size(
    n: usize,
    d: usize,
    k: usize,
    options: *const centra_options,
    bytes: *mut usize,
) -> i32 {
    // SAFETY: the contract.
    unsafe { workspace_size(n, d, k, in_layout(CoordinateType::F64), options, bytes) }
}

/// The form that coordinates of this type have in a layout.
pub(super) fn in_layout(coordinates: CoordinateType) -> impl Fn(Layout) -> Form {
    move |layout| Form::of(layout, coordinates)
}

/// centra_workspace_size, for points of the form that they have in the layout of the options.
///
/// # Safety
/// As for the calls of this name.
pub(super) unsafe fn workspace_size(
    n: usize,
    d: usize,
    k: usize,
    form: impl Fn(Layout) -> Form,
    options: *const centra_options,
    bytes: *mut usize,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        call(
            Sizes::Points { n, d, k },
            (choice(options, Weights::Unseen), answer("bytes", bytes)),
            |(chosen, bytes), _| {
                let Chosen {
                    options,
                    layout,
                    weighted,
                    ..
                } = &chosen;
                bytes.write(api::workspace_bytes(
                    n,
                    d,
                    k,
                    form(*layout),
                    *weighted,
                    options,
                )?);
                Ok(CENTRA_OK)
            },
        )
    }
}

/// Clusters points: chooses starting centers, then alternates assignment and update until it stops.
///
/// The result is a function of the points, the weights, the start and the options, bit for bit: neither threads nor the
/// instruction set nor the layout change it. label(x) is the lowest j with the least squared distance D(x, c_j). A
/// center is the exact sum of its points divided by their number (with weights: the exact sum of the exact products
/// divided by the exact sum of the weights), rounded once. So a point of integer weight w moves a center exactly as w
/// copies of it would.
///
/// Options used: all.
///
/// @param points  n points of d doubles, aligned to 8 bytes, in rows ld >= d doubles apart (CENTRA_ROWS) or columns ld
///     >= n apart (CENTRA_COLUMNS); finite; read only. Gaps between rows or columns are not read. Points of float and
///     of unsigned bytes are read by the calls of the same name that end in _f32 and _u8.
/// @param n, d  the number of points, and of their dimensions.
/// @param ld  doubles from a row, or column, of points to the next.
/// @param k  number of centers, 1 <= k <= n.
/// @param options  NULL for the defaults.
/// @param centers  k contiguous rows of d; written; with CENTRA_INIT_GIVEN also read, as the start.
/// @param labels  n labels from label_base on, written; or NULL.
/// @param report  initialised by centra_report_init; written; or NULL.
/// @param workspace, workspace_bytes  a buffer of at least centra_workspace_size bytes, aligned to 16 as malloc's is,
///     whose contents do not matter; with threads = 1 the call then allocates nothing. Or NULL and 0: the call
///     allocates it.
///
/// Labels, centers and inertia are consistent: each label names the nearest of the returned centers.
///
/// @return CENTRA_OK, CENTRA_CANCELLED, or a negative status with every output untouched. Any number of threads may
///     call it at once with different outputs, also after fork(). A child process that the progress callback forks may
///     return from the callback: it continues alone, with the same result.
///
/// Stack: 128 KiB are enough for the calling thread of every call, not counting its callbacks.
///
/// Threads that a call starts end before it returns. All signals are blocked in them except those of faults, so signal
/// handlers run on threads of the caller; their stacks are 2 MiB, of which they use little. If threads, or memory for
/// them, cannot be had, fewer are used; CENTRA_ERR_MEMORY is returned if the call cannot do without. A thread that is
/// cancelled inside a call or its callbacks (pthread_cancel, deferred) ends after the call has returned.
///
/// Thread-local storage: the library keeps a few hundred bytes for each thread that calls it. If it was loaded by
/// dlopen, the C library allocates them at the first call of a thread, and ends the process if there is no memory for
/// them. Call centra_error_detail on a thread to have them allocated earlier.
///
/// Method: Lloyd 1982; sums: Kulisch 1971; seeding: Arthur and Vassilvitskii 2007.
///
/// # Safety
/// The pointers are as described, and nobody writes to them during the call.
#[no_mangle]
pub unsafe extern "C" fn centra_fit(
    points: *const f64,
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

/// centra_fit, for points of any form.
///
/// # Safety
/// As for the calls of this name.
pub(super) unsafe fn fit<'a>(
    sizes: Sizes,
    points: impl Argument<'a, View = Points<'a>>,
    options: *const centra_options,
    centers: *mut f64,
    labels: *mut i32,
    report: *mut centra_report,
    memory: Typed<Workspace<'a>>,
) -> i32 {
    let results = FitResults {
        centers,
        labels,
        report,
    };
    // SAFETY: the contract.
    boundary(|environment| unsafe {
        fit_within(environment, sizes, points, options, results, memory)
    })
}

/// The outputs of a fit.
pub(super) struct FitResults {
    pub(super) centers: *mut f64,
    pub(super) labels: *mut i32,
    pub(super) report: *mut centra_report,
}

/// The same inside the boundary of a call.
///
/// # Safety
/// As for the calls of this name.
pub(super) unsafe fn fit_within<'a>(
    environment: &Standard,
    sizes: Sizes,
    points: impl Argument<'a, View = Points<'a>>,
    options: *const centra_options,
    results: FitResults,
    memory: Typed<Workspace<'a>>,
) -> Result<i32, Error> {
    let arguments = (
        points,
        choice(options, Weights::Used),
        output("centers", results.centers, Elements::Centers),
        output("labels", results.labels, Elements::Points).optional(),
        fit_report(results.report),
        memory,
    );
    // SAFETY: the contract.
    unsafe {
        call_within(
            environment,
            sizes,
            arguments,
            |(points, chosen, centers, mut labels, report, workspace), environment| {
                let progress = |progress: &Progress| chosen.report(progress, environment);
                let options = Options {
                    progress: chosen.has_progress().then_some(&progress),
                    ..chosen.options.clone()
                };
                let result =
                    api::fit(&points, &options, centers, labels.as_deref_mut(), workspace)?;
                for label in labels.into_iter().flatten() {
                    *label += chosen.base;
                }
                if let Some(report) = report {
                    report.write(&result);
                }
                Ok(match result.cancelled {
                    true => CENTRA_CANCELLED,
                    false => CENTRA_OK,
                })
            },
        )
    }
}

/// Labels points by given centers.
///
/// Options used: layout, label_base, threads, parallel.
///
/// @param points, n, d, ld, k, options, workspace, workspace_bytes  as for centra_fit, but n may be less than k, and 0;
///     if it is 0, points and labels may be NULL.
/// @param centers  k contiguous rows of d, finite; read only.
/// @param labels  n labels from label_base on, written: the index of the nearest center, ties to the lowest.
/// @param sqdist  n squared distances to the centers that the labels name, written; or NULL.
///
/// @return CENTRA_OK, or a negative status with every output untouched. Threads: as for centra_fit.
///
/// # Safety
/// The pointers are as described, and nobody writes to them during the call.
#[no_mangle]
pub unsafe extern "C" fn centra_assign(
    points: *const f64,
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

/// centra_assign, for points of any form.
///
/// # Safety
/// As for the calls of this name.
pub(super) unsafe fn assign<'a>(
    sizes: Sizes,
    points: impl Argument<'a, View = Points<'a>>,
    options: *const centra_options,
    centers: *const f64,
    labels: *mut i32,
    sqdist: *mut f64,
    memory: Typed<Workspace<'a>>,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        call(
            sizes,
            (
                points,
                choice(options, Weights::Ignored),
                input("centers", centers, Elements::Centers),
                output("labels", labels, Elements::Points),
                output("sqdist", sqdist, Elements::Points).optional(),
                memory,
            ),
            |(points, chosen, centers, labels, sqdist, workspace), _| {
                let Chosen { options, base, .. } = &chosen;
                api::assign(&points, centers, options, *base, labels, sqdist, workspace)?;
                Ok(CENTRA_OK)
            },
        )
    }
}

/// Moves every center to the mean of its points: the exact sum of each coordinate divided by the number of points (with
/// weights: the exact sum of the exact products divided by the exact sum of the weights), rounded once. A mean lies
/// between the least and the largest coordinate of its points.
///
/// Options used: layout, label_base, threads, parallel, weights, empty.
///
/// @param points, n, d, ld, k, options, workspace, workspace_bytes  as for centra_fit, but n may be less than k, and 0;
///     if it is 0, points and labels may be NULL, and all clusters are empty.
/// @param labels  n labels from label_base on; read only, also under CENTRA_EMPTY_RELOCATE.
/// @param centers  k contiguous rows of d; written, except for clusters that stay empty, which keep what the array
///     holds on entry. If a cluster is empty under CENTRA_EMPTY_RELOCATE, the array must hold the centers that the
///     labels were found with: distances are measured from them, and they are checked as in centra_assign. In all other
///     cases the array is not read.
/// @param counts  the number of points in each of k clusters, whatever their weights, written; or NULL. Under
///     CENTRA_EMPTY_RELOCATE those after relocation.
///
/// @return CENTRA_OK, or a negative status with every output untouched. Threads: as for centra_fit.
///
/// # Safety
/// The pointers are as described, and nobody writes to them during the call.
#[no_mangle]
pub unsafe extern "C" fn centra_update(
    points: *const f64,
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

/// centra_update, for points of any form.
///
/// # Safety
/// As for the calls of this name.
pub(super) unsafe fn update<'a>(
    sizes: Sizes,
    points: impl Argument<'a, View = Points<'a>>,
    options: *const centra_options,
    labels: *const i32,
    centers: *mut f64,
    counts: *mut i64,
    memory: Typed<Workspace<'a>>,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        call(
            sizes,
            (
                points,
                choice(options, Weights::Used),
                input("labels", labels, Elements::Points),
                output("centers", centers, Elements::Centers),
                output("counts", counts, Elements::Clusters).optional(),
                memory,
            ),
            |(points, chosen, labels, centers, counts, workspace), _| {
                let Chosen { options, base, .. } = &chosen;
                api::update(&points, labels, options, *base, centers, counts, workspace)?;
                Ok(CENTRA_OK)
            },
        )
    }
}

/// Draws starting centers: those from which the first restart of centra_fit starts.
///
/// Options used: layout, threads, parallel, weights, seed, init.
///
/// @param points, n, d, ld, k, options, workspace, workspace_bytes  as for centra_fit; the option init must not be
///     CENTRA_INIT_GIVEN.
/// @param centers  k contiguous rows of d, written; each is a copy of a point of positive weight. If there are fewer
///     than k of these, CENTRA_INIT_RANDOM also draws points of weight zero, and the other two methods repeat points.
///
/// @return CENTRA_OK, or a negative status with every output untouched. Threads: as for centra_fit.
///
/// Methods: greedy k-means++ (Arthur and Vassilvitskii 2007); k-means|| (Bahmani, Moseley, Vattani, Kumar and
/// Vassilvitskii 2012); sampling without replacement (Bentley and Floyd 1987); Philox4x32-10 (Salmon and others 2011),
/// a counter for each draw.
///
/// # Safety
/// The pointers are as described, and nobody writes to them during the call.
#[no_mangle]
pub unsafe extern "C" fn centra_seed(
    points: *const f64,
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

/// centra_seed, for points of any form.
///
/// # Safety
/// As for the calls of this name.
pub(super) unsafe fn seed<'a>(
    sizes: Sizes,
    points: impl Argument<'a, View = Points<'a>>,
    options: *const centra_options,
    centers: *mut f64,
    memory: Typed<Workspace<'a>>,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        call(
            sizes,
            (
                points,
                choice(options, Weights::Used),
                output("centers", centers, Elements::Centers),
                memory,
            ),
            |(points, chosen, centers, workspace), _| {
                api::seed(&points, &chosen.options, centers, workspace)?;
                Ok(CENTRA_OK)
            },
        )
    }
}

/// The inertia of given labels and centers: the sum of the squared distances between the points and the centers that
/// their labels name, times the weights; summed exactly, rounded once, +infinity if it exceeds the largest double.
///
/// Options used: layout, label_base, threads, parallel, weights.
///
/// @param points, n, d, ld, k, options  as for centra_fit, but n may be less than k, and 0; if it is 0, points and
///     labels may be NULL, and the inertia is 0.
/// @param centers  k contiguous rows of d, finite; read only.
/// @param labels  n labels from label_base on; read only.
/// @param inertia  written.
///
/// @return CENTRA_OK, or a negative status with *inertia untouched. Needs no workspace. Threads: as for centra_fit.
///
/// # Safety
/// The pointers are as described, and nobody writes to them during the call.
#[no_mangle]
pub unsafe extern "C" fn centra_inertia(
    points: *const f64,
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

/// centra_inertia, for points of any form.
///
/// # Safety
/// As for the calls of this name.
pub(super) unsafe fn sum_of_squares<'a>(
    sizes: Sizes,
    points: impl Argument<'a, View = Points<'a>>,
    options: *const centra_options,
    centers: *const f64,
    labels: *const i32,
    inertia: *mut f64,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        call(
            sizes,
            (
                points,
                choice(options, Weights::Used),
                input("centers", centers, Elements::Centers),
                input("labels", labels, Elements::Points),
                one("inertia", inertia),
            ),
            |(points, chosen, centers, labels, inertia), _| {
                let Chosen { options, base, .. } = &chosen;
                inertia.write(api::inertia(&points, centers, labels, options, *base)?);
                Ok(CENTRA_OK)
            },
        )
    }
}

/// The squared distances between all points and all centers, each as centra_assign and centra_inertia have it: D(x, c)
/// in double precision.
///
/// Options used: layout, threads, parallel.
///
/// @param points, n, d, ld, k, options  as for centra_fit, but n may be less than k, and 0; if it is 0, points and
///     sqdist may be NULL.
/// @param centers  k contiguous rows of d, finite; read only.
/// @param sqdist  n rows of k doubles, written: the distance between point p and center j at p ld_out + j, whatever the
///     layout of the points. Gaps between rows are neither read nor written, but no other argument may lie in them.
/// @param ld_out  doubles from a row of sqdist to the next, at least k.
///
/// @return CENTRA_OK, or a negative status with every output untouched. Needs no workspace. Threads: as for centra_fit.
///
/// # Safety
/// The pointers are as described, and nobody writes to them during the call.
#[no_mangle]
pub unsafe extern "C" fn centra_distances(
    points: *const f64,
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

/// centra_distances, for points of any form.
///
/// # Safety
/// As for the calls of this name.
pub(super) unsafe fn distances<'a>(
    sizes: Sizes,
    points: impl Argument<'a, View = Points<'a>>,
    options: *const centra_options,
    centers: *const f64,
    sqdist: Typed<RowsMut<'a>>,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        call(
            sizes,
            (
                points,
                choice(options, Weights::Ignored),
                input("centers", centers, Elements::Centers),
                sqdist,
            ),
            |(points, chosen, centers, sqdist), _| {
                api::distances(&points, centers, &chosen.options, sqdist)?;
                Ok(CENTRA_OK)
            },
        )
    }
}

/// What belongs to each cluster of given labels and centers: points, weights, and inertia.
///
/// The sums are exact, and each is rounded once. So the inertias of the clusters, added in double precision, need not
/// equal the inertia of all, which is itself an exact sum, rounded once.
///
/// Options used: layout, label_base, threads, parallel, weights.
///
/// @param points, n, d, ld, k, options  as for centra_fit, but n may be less than k, and 0; if it is 0, points and
///     labels may be NULL, and all results are 0.
/// @param centers  k contiguous rows of d, finite; read only.
/// @param labels  n labels from label_base on; read only.
/// @param counts  the number of points in each of k clusters, whatever their weights, written; or NULL.
/// @param weights  the sum of the weights of these points for each of k clusters, written; or NULL. Without weights
///     among the options it is the number of points. The weights of the points are those of the options, as everywhere.
/// @param inertia  the sum of the squared distances between these points and the center, times the weights, for each of
///     k clusters, +infinity if it exceeds the largest double; written; or NULL.
///
/// @return CENTRA_OK, or a negative status with every output untouched. The call allocates and frees what it needs, and
///     returns CENTRA_ERR_MEMORY if it cannot: on each thread up to 1400 bytes a cluster, for at most 4096 clusters at
///     a time, and 32 d + 4096 bytes. Threads: as for centra_fit.
///
/// # Safety
/// The pointers are as described, and nobody writes to them during the call.
#[no_mangle]
pub unsafe extern "C" fn centra_clusters(
    points: *const f64,
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

/// centra_clusters, for points of any form.
///
/// # Safety
/// As for the calls of this name.
#[allow(clippy::too_many_arguments)]
pub(super) unsafe fn clusters<'a>(
    sizes: Sizes,
    points: impl Argument<'a, View = Points<'a>>,
    options: *const centra_options,
    centers: *const f64,
    labels: *const i32,
    counts: *mut i64,
    weights: *mut f64,
    inertia: *mut f64,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        call(
            sizes,
            (
                points,
                choice(options, Weights::Used),
                input("centers", centers, Elements::Centers),
                input("labels", labels, Elements::Points),
                output("counts", counts, Elements::Clusters).optional(),
                output("weights", weights, Elements::Clusters).optional(),
                output("inertia", inertia, Elements::Clusters).optional(),
            ),
            |(points, chosen, centers, labels, counts, weights, inertia), _| {
                let Chosen { options, base, .. } = &chosen;
                let results = ClusterResults {
                    counts,
                    weights,
                    inertia,
                };
                api::clusters(&points, centers, labels, options, *base, results)?;
                Ok(CENTRA_OK)
            },
        )
    }
}
