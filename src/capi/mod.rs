//! The C ABI: `include/centra.h` is generated from this folder, comments included.
//!
//! `arguments` checks pointers and turns them into slices and views, `boundary` is where errors and
//! panics end, `types` has the constants and structs, this file the calls on whole data, `stream` those on chunks, and
//! `start` those that make starting centers from chunks. What a call does is in the safe part of the crate.
#![allow(non_camel_case_types)]

mod arguments;
mod boundary;
mod start;
mod stream;
mod types;

use core::ffi::{c_char, c_void, CStr};

use crate::api;
use crate::call::Progress;
use crate::points::{check_sizes, check_sizes_of_fit};
use crate::runtime::error::message;
use arguments::*;
use boundary::boundary;

pub use start::*;
pub use stream::*;
pub use types::*;

/// Sets the options of the first version of this struct, up to progress_data, to their defaults, and struct_size to the size of
/// that version; a program that was built with an older header has no room for more. In C, where this header knows how large
/// the struct is, a macro of the same name calls centra_options_init_sized instead. Does nothing when options is NULL.
///
/// # Safety
/// `options` is NULL, or points to a centra_options of any version.
#[no_mangle]
pub unsafe extern "C" fn centra_options_init(options: *mut centra_options) {
    // SAFETY: every version is at least as large as the first.
    unsafe { centra_options_init_sized(options, FIRST_OPTIONS) }
}

/// Sets the options that fit struct_size bytes to their defaults, and the member struct_size to these bytes, or to as many as
/// this library knows. Does nothing when options is NULL or the bytes are too few for the member itself.
///
/// # Safety
/// `options` is NULL, or points to `struct_size` writable bytes.
#[no_mangle]
pub unsafe extern "C" fn centra_options_init_sized(
    options: *mut centra_options,
    struct_size: usize,
) {
    // SAFETY: the contract; a member is a plain number or a nullable pointer, so any of its bytes may be written apart.
    unsafe { init(options, struct_size, DEFAULTS) }
}

/// Sets all results of the first version of this struct, up to seconds_update, to zero, and struct_size to the size of that
/// version; otherwise as centra_options_init. Does nothing when report is NULL.
///
/// # Safety
/// `report` is NULL, or points to a centra_report of any version.
#[no_mangle]
pub unsafe extern "C" fn centra_report_init(report: *mut centra_report) {
    // SAFETY: every version is at least as large as the first.
    unsafe { centra_report_init_sized(report, FIRST_REPORT) }
}

/// Sets the results that fit struct_size bytes to zero, and the member struct_size to these bytes, or to as many as this
/// library knows. Does nothing when report is NULL or the bytes are too few for the member itself.
///
/// # Safety
/// `report` is NULL, or points to `struct_size` writable bytes.
#[no_mangle]
pub unsafe extern "C" fn centra_report_init_sized(report: *mut centra_report, struct_size: usize) {
    // SAFETY: the contract; zero bytes are a value of every member.
    unsafe { init(report, struct_size, core::mem::zeroed()) }
}

/// Writes the first `size` bytes of `values`, or all, to a struct whose first member is that size.
///
/// # Safety
/// `to` is NULL, or points to `size` writable bytes; `T` is a plain struct that starts with a `usize`.
unsafe fn init<T>(to: *mut T, size: usize, values: T) {
    let size = size.min(size_of::<T>());
    if to.is_null() || size < size_of::<usize>() {
        return;
    }
    // SAFETY: the contract.
    unsafe {
        core::ptr::copy_nonoverlapping((&raw const values).cast::<u8>(), to.cast::<u8>(), size);
        to.cast::<usize>().write(size);
    }
}

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
    boundary(|| {
        check_sizes(n, d, k)?;
        check_pointer("options", options, false)?;
        check_pointer("bytes", bytes, true)?;
        // SAFETY: the contract; the alignment was checked.
        let raw = unsafe { read_options(options)? };
        let Choice {
            options, layout, ..
        } = choose(&raw)?;
        let weighted = !raw.weights.is_null();
        let needed = api::workspace_bytes(n, d, k, layout, weighted, &options)?;
        // SAFETY: not null, aligned, writable by the contract.
        unsafe { bytes.write(needed) };
        Ok(CENTRA_OK)
    })
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
    boundary(|| {
        check_sizes_of_fit(n, d, k)?;
        // SAFETY: the contract.
        let call = unsafe {
            Call::check((points, n, d, ld), k, options, || {
                check_pointer("centers", centers, true)?;
                check_pointer("labels", labels, false)?;
                check_pointer("report", report, false)
            })?
        };
        let report_bytes = if report.is_null() {
            0
        } else {
            // SAFETY: the size is the first member, and the alignment was checked.
            let size = unsafe { report.cast::<usize>().read() };
            whole_members("report", size, &REPORT_ENDS)?
        };
        call.check_overlap(
            options,
            [
                Argument::output("centers", centers, k * d),
                Argument::output("labels", labels, n),
                Argument::output("report", report.cast::<u8>(), report_bytes),
                Argument::workspace(workspace, workspace_bytes),
            ],
        )?;
        let progress = |progress: &Progress| match call.raw.progress {
            Some(callback) => {
                let told = centra_progress {
                    struct_size: size_of::<centra_progress>(),
                    restart: progress.restart,
                    iteration: progress.iteration,
                    moved: progress.moved,
                    shift: progress.shift,
                };
                let user = call.raw.progress_data;
                // SAFETY: the caller's function, with its own data and a struct that outlives the call.
                boundary::outside(|| unsafe { callback(&told, user) }) != 0
            }
            None => false,
        };
        // SAFETY: pointers are checked for null, alignment and overlap; their memory is the contract.
        let (points, mut options, centers, mut labels, workspace) = unsafe {
            (
                call.points(),
                call.options(),
                core::slice::from_raw_parts_mut(centers, k * d),
                optional(labels, n),
                arguments::workspace(workspace, workspace_bytes)?,
            )
        };
        if call.raw.progress.is_some() {
            options.progress = Some(&progress);
        }
        let result = api::fit_in(&points, &options, centers, labels.as_deref_mut(), workspace)?;
        if let Some(labels) = labels {
            let base = call.choice.base;
            labels.iter_mut().for_each(|label| *label += base);
        }
        if !report.is_null() {
            // SAFETY: not null, aligned; of the caller's struct only `report_bytes` are written.
            unsafe { write_report(report, report_bytes, &result) };
        }
        Ok(match result.cancelled {
            true => CENTRA_CANCELLED,
            false => CENTRA_OK,
        })
    })
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
    boundary(|| {
        // SAFETY: the contract.
        let mut call = unsafe {
            Call::check((points, n, d, ld), k, options, || {
                check_pointer("centers", centers, true)?;
                check_pointer("labels", labels, n > 0)?;
                check_pointer("sqdist", sqdist, false)
            })?
        };
        // Weights are not read here, and so need not be n of them: options made for a fit can be used to
        // label other points.
        call.raw.weights = core::ptr::null();
        call.check_overlap(
            options,
            [
                Argument::input("centers", centers, k * d),
                Argument::output("labels", labels, n),
                Argument::output("sqdist", sqdist, n),
                Argument::workspace(workspace, workspace_bytes),
            ],
        )?;
        // SAFETY: pointers are checked for null, alignment and overlap; their memory is the contract.
        let (points, options, centers, labels, sqdist, workspace) = unsafe {
            (
                call.points(),
                call.options(),
                core::slice::from_raw_parts(centers, k * d),
                optional(labels, n).unwrap_or_default(),
                optional(sqdist, n),
                arguments::workspace(workspace, workspace_bytes)?,
            )
        };
        let base = call.choice.base;
        api::assign_in(&points, centers, &options, base, labels, sqdist, workspace)?;
        Ok(CENTRA_OK)
    })
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
    boundary(|| {
        // SAFETY: the contract.
        let call = unsafe {
            Call::check((points, n, d, ld), k, options, || {
                check_pointer("labels", labels, n > 0)?;
                check_pointer("centers", centers, true)?;
                check_pointer("counts", counts, false)
            })?
        };
        call.check_overlap(
            options,
            [
                Argument::input("labels", labels, n),
                Argument::output("centers", centers, k * d),
                Argument::output("counts", counts, k),
                Argument::workspace(workspace, workspace_bytes),
            ],
        )?;
        // SAFETY: pointers are checked for null, alignment and overlap; their memory is the contract.
        let (points, options, labels, centers, counts, workspace) = unsafe {
            (
                call.points(),
                call.options(),
                input(labels, n),
                core::slice::from_raw_parts_mut(centers, k * d),
                optional(counts, k),
                arguments::workspace(workspace, workspace_bytes)?,
            )
        };
        let base = call.choice.base;
        api::update_in(&points, labels, &options, base, centers, counts, workspace)?;
        Ok(CENTRA_OK)
    })
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
    boundary(|| {
        check_sizes_of_fit(n, d, k)?;
        // SAFETY: the contract.
        let call = unsafe {
            Call::check((points, n, d, ld), k, options, || {
                check_pointer("centers", centers, true)
            })?
        };
        call.check_overlap(
            options,
            [
                Argument::output("centers", centers, k * d),
                Argument::workspace(workspace, workspace_bytes),
            ],
        )?;
        // SAFETY: pointers are checked for null, alignment and overlap; their memory is the contract.
        let (points, options, centers, workspace) = unsafe {
            (
                call.points(),
                call.options(),
                core::slice::from_raw_parts_mut(centers, k * d),
                arguments::workspace(workspace, workspace_bytes)?,
            )
        };
        api::seed_in(&points, &options, centers, workspace)?;
        Ok(CENTRA_OK)
    })
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
    boundary(|| {
        // SAFETY: the contract.
        let call = unsafe {
            Call::check((points, n, d, ld), k, options, || {
                check_pointer("centers", centers, true)?;
                check_pointer("labels", labels, n > 0)?;
                check_pointer("inertia", inertia, true)
            })?
        };
        call.check_overlap(
            options,
            [
                Argument::input("centers", centers, k * d),
                Argument::input("labels", labels, n),
                Argument::output("inertia", inertia, 1),
            ],
        )?;
        // SAFETY: pointers are checked for null, alignment and overlap; their memory is the contract.
        let (points, options, centers, labels) = unsafe {
            (
                call.points(),
                call.options(),
                core::slice::from_raw_parts(centers, k * d),
                input(labels, n),
            )
        };
        let base = call.choice.base;
        let result = api::inertia_in(&points, centers, labels, &options, base)?;
        // SAFETY: not null, aligned, writable by the contract.
        unsafe { inertia.write(result) };
        Ok(CENTRA_OK)
    })
}

/// The meaning of a status: static text, never NULL.
#[no_mangle]
pub extern "C" fn centra_status_message(status: i32) -> *const c_char {
    message(status).as_ptr()
}

/// This thread's last refusal in words, such as "points: NaN at row 1234, dimension 5"; "" before the first. Rows and
/// dimensions count from 0. The text belongs to the library and is valid on this thread until its next refusal.
#[no_mangle]
pub extern "C" fn centra_error_detail() -> *const c_char {
    boundary::detail()
}

/// The version of the library, "major.minor.patch": static text.
#[no_mangle]
pub extern "C" fn centra_version() -> *const c_char {
    const VERSION: &CStr =
        match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
            Ok(version) => version,
            Err(_) => panic!("the version has a nul in it"),
        };
    VERSION.as_ptr()
}

/// The instruction set in use: "avx512", "avx2" or "portable" (SSE2, NEON and the rest); static text. It is the best of the
/// CPU, unless the environment variable CENTRA_ISA, read once at the first call, names a lower one.
#[no_mangle]
pub extern "C" fn centra_isa() -> *const c_char {
    crate::simd::level::isa().name().as_ptr()
}
