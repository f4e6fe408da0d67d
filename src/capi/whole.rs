//! The calls on whole data; what they do is in [`api`](crate::api).

use core::ffi::c_void;

use super::arguments::{answer, call, choice, fit_report, input, matrix, memory, one, output};
use super::checks::{Elements, Sizes};
use super::options::{Chosen, Weights};
use super::types::*;
use crate::api;
use crate::call::{Options, Progress};

/// Bytes of workspace that suffice for centra_fit, centra_assign, centra_update and centra_seed with these
/// sizes and options.
///
/// Of the options count layout, threads, init, n_init, empty, algorithm, and whether weights is NULL (they are not read). In
/// orders of magnitude, with T threads: (16 + d) n + (54 d + 480) k + T (1200 d + 3 Mi) bytes, k taking up to four times as much with
/// weights; if T > 1, the parts without T up to twice, and sums of T (16 Mi + 32 Ki d), or 2 n d, if that is less: what a thread takes
/// beside twice the size for one does not grow with k; and for words (see algorithm) n (2 d + 16) where 32 <= d <= 1024; neither these nor 4 n of the rest with CENTRA_ALGORITHM_LLOYD; 4 n more with n_init > 1; never a multiple of n k. Restarts that are small enough run side by
/// side, up to T of them in up to 16 MiB, and each takes what a call with one thread takes. The bytes never fall as n, d, k or
/// threads grow: what words and sketches take with 1024 and 2048 dimensions is asked for with more, too. With CENTRA_INIT_KMEANSPP, k >= 4 and
/// 8 <= d <= 2048 there are up to d + 51 bytes a point for a sketch of the points in bytes; with CENTRA_INIT_PARALLEL 24 bytes a
/// point, what 3 k + 32 centers take instead of k, and up to 15 k + 160 rows of d, each with up to d + 67 bytes more.
///
/// n, d, k: points, dimensions, centers; where k is more than n (which may be 0), the bytes suffice for the calls that allow it.
/// options: NULL for the defaults.
/// bytes: receives the number.
///
/// Returns CENTRA_OK, or CENTRA_ERR_SHAPE, CENTRA_ERR_NULL, CENTRA_ERR_OPTION with *bytes untouched. May be
/// called from any thread.
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
                bytes.write(api::workspace_bytes(n, d, k, *layout, *weighted, options)?);
                Ok(CENTRA_OK)
            },
        )
    }
}

/// Clusters: seeds, then alternates assignment and update until it stops.
///
/// The result is a function of the points, the weights, the start and the options, bit for bit: neither threads
/// nor the instruction set nor the layout change it. label(x) is the lowest j with the least D(x, c_j); a
/// center is the exact sum of its points over their number (with weights: of the exact products over the exact sum of the weights), as real
/// numbers, rounded once. So an integer weight is as good as that many copies of a point.
///
/// points: n points of d doubles, in rows ld >= d apart (CENTRA_ROWS) or columns ld >= n apart
///     (CENTRA_COLUMNS); finite; read only. Gaps are not touched.
/// k: centers, 1 <= k <= n.
/// options: NULL for the defaults.
/// centers: k contiguous rows of d; written; with CENTRA_INIT_GIVEN also read, as the start.
/// labels: n labels from label_base on, written; or NULL.
/// report: what was done; initialised by centra_report_init; or NULL.
/// workspace, workspace_bytes: a buffer of at least centra_workspace_size bytes, aligned to 16 as malloc's is,
///     contents irrelevant before and after; with threads = 1 the call then allocates nothing. Or NULL and 0.
///
/// Labels, centers and inertia returned belong together: the labels are those of the nearest returned centers.
///
/// Returns CENTRA_OK, CENTRA_CANCELLED, or a negative status with every output untouched. May be called from any
/// number of threads at once on different outputs, and after fork(). A child that is forked by the progress callback may return from it:
/// it goes on alone, with the same result.
///
/// Threads of its own end before a call does. They have all signals blocked but those of faults, so that handlers run on the caller's threads, and stacks of
/// 2 MiB, of which they touch little. Where they, or memory for them, cannot be had there are fewer; CENTRA_ERR_MEMORY is returned
/// where a call cannot do without. A thread inside of a call is not cancelled (pthread_cancel, of the deferred kind) before the call
/// has returned, in callbacks neither. A stack of 128 KiB is enough for the calling thread, its callbacks aside.
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
        call(
            Sizes::Fit { n, d, k },
            (
                matrix(points, ld),
                choice(options, Weights::Used),
                output("centers", centers, Elements::Centers),
                output("labels", labels, Elements::Points).optional(),
                fit_report(report),
                memory(workspace, workspace_bytes),
            ),
            |(points, chosen, centers, mut labels, report, workspace), environment| {
                let progress = |progress: &Progress| chosen.report(progress, environment);
                let options = Options {
                    progress: chosen.has_progress().then_some(&progress),
                    ..chosen.options.clone()
                };
                let result =
                    api::fit_in(&points, &options, centers, labels.as_deref_mut(), workspace)?;
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
/// points, n, d, ld, k, options, workspace: as for centra_fit, but n may be less than k, and 0 (points and labels then anything,
///     also NULL, and no label is written); of the options count layout, label_base and threads.
/// centers: k contiguous rows of d, finite; read only.
/// labels: n labels from label_base on, written: the index of the nearest center, ties to the lowest.
/// sqdist: n squared distances to the centers the labels name, written; or NULL.
///
/// Returns CENTRA_OK, or a negative status with every output untouched. Threads: as for centra_fit.
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
        call(
            Sizes::Points { n, d, k },
            (
                matrix(points, ld),
                choice(options, Weights::Ignored),
                input("centers", centers, Elements::Centers),
                output("labels", labels, Elements::Points),
                output("sqdist", sqdist, Elements::Points).optional(),
                memory(workspace, workspace_bytes),
            ),
            |(points, chosen, centers, labels, sqdist, workspace), _| {
                let Chosen { options, base, .. } = &chosen;
                api::assign_in(&points, centers, options, *base, labels, sqdist, workspace)?;
                Ok(CENTRA_OK)
            },
        )
    }
}

/// Moves every center to the mean of its points: the exact sum of each coordinate over the number of points (with
/// weights: the exact sum of the exact products over the exact sum of the weights), as real numbers, rounded once. A mean lies among the
/// coordinates it is of.
///
/// points, n, d, ld, k, options, workspace: as for centra_fit, but n may be less than k, and 0 (points and labels then anything,
///     also NULL, and all clusters are empty); of the options count layout, label_base, threads, weights and empty.
/// labels: n labels from label_base on; read only, also under CENTRA_EMPTY_RELOCATE.
/// centers: k contiguous rows of d; written. Those of clusters that stay empty are not touched, so on entry the array
///     holds what they keep. Where a cluster is empty under CENTRA_EMPTY_RELOCATE, it is to hold the centers that the labels were
///     found with, from which distances are measured, and all of it is checked as in centra_assign; else nothing of it is read.
/// counts: k numbers of points that make up each mean, of any weight, written; or NULL.
///
/// Returns CENTRA_OK, or a negative status with every output untouched. Threads: as for centra_fit.
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
        call(
            Sizes::Points { n, d, k },
            (
                matrix(points, ld),
                choice(options, Weights::Used),
                input("labels", labels, Elements::Points),
                output("centers", centers, Elements::Centers),
                output("counts", counts, Elements::Clusters).optional(),
                memory(workspace, workspace_bytes),
            ),
            |(points, chosen, labels, centers, counts, workspace), _| {
                let Chosen { options, base, .. } = &chosen;
                api::update_in(&points, labels, options, *base, centers, counts, workspace)?;
                Ok(CENTRA_OK)
            },
        )
    }
}

/// Draws starting centers: those that the first restart of centra_fit would start from.
///
/// points, n, d, ld, k, options, workspace: as for centra_fit; of the options count layout, threads, weights, seed
///     and init, which must not be CENTRA_INIT_GIVEN.
/// centers: k contiguous rows of d, written; each a copy of a point of positive weight (where there are fewer than k of
///     these, CENTRA_INIT_RANDOM goes on with the others, the other two repeat some).
///
/// Returns CENTRA_OK, or a negative status with every output untouched. Threads: as for centra_fit.
///
/// Methods: greedy k-means++ (Arthur and Vassilvitskii 2007); k-means|| (Bahmani, Moseley, Vattani, Kumar and Vassilvitskii
/// 2012); sampling without replacement (Bentley and Floyd 1987);
/// Philox4x32-10 (Salmon and others 2011), a counter for each draw.
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
        call(
            Sizes::Fit { n, d, k },
            (
                matrix(points, ld),
                choice(options, Weights::Used),
                output("centers", centers, Elements::Centers),
                memory(workspace, workspace_bytes),
            ),
            |(points, chosen, centers, workspace), _| {
                api::seed_in(&points, &chosen.options, centers, workspace)?;
                Ok(CENTRA_OK)
            },
        )
    }
}

/// The inertia of given labels and centers: the exact sum of the squared distances between the points and the centers
/// their labels name, times the weights, rounded once; +infinity where it exceeds the largest
/// double.
///
/// points, n, d, ld, k, options: as for centra_fit, but n may be less than k, and 0 (points and labels then anything, also NULL,
///     and the inertia is 0); of the options count layout, label_base, threads and weights.
/// centers: k contiguous rows of d, finite; read only.
/// labels: n labels from label_base on; read only.
/// inertia: written.
///
/// Returns CENTRA_OK, or a negative status with *inertia untouched. Needs no workspace. Threads: as for centra_fit.
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
        call(
            Sizes::Points { n, d, k },
            (
                matrix(points, ld),
                choice(options, Weights::Used),
                input("centers", centers, Elements::Centers),
                input("labels", labels, Elements::Points),
                one("inertia", inertia),
            ),
            |(points, chosen, centers, labels, inertia), _| {
                let Chosen { options, base, .. } = &chosen;
                inertia.write(api::inertia_in(&points, centers, labels, options, *base)?);
                Ok(CENTRA_OK)
            },
        )
    }
}
