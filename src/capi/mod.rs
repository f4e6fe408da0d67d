//! The C ABI: `include/centra.h` is generated from this folder, comments included.
//!
//! A call states its sizes and, once, its arguments, by the names that they have in the header; what is refused is decided for
//! all calls in one place, in one order. What a call does is in the safe part of the crate.
//!
//! | file | what it has |
//! |---|---|
//! | this | calls without data: initialisers, statuses, versions |
//! | `whole` | the calls on whole data |
//! | `many` | many fits in one call |
//! | `stream` | the calls on chunks |
//! | `relocation` | the calls by which empty clusters take the farthest points of chunks |
//! | `starts` | the calls that make starting centers from chunks |
//! | `floats`, `bytes` | the same calls for points of other types, a line each |
//! | `csr` | the calls on whole data for sparse rows |
//! | `arguments` | kinds of arguments, and what a call sees of them |
//! | `checks` | sizes, null, alignment, options, overlap: the order of causes |
//! | `options` | what the options say |
//! | `boundary` | where errors and panics end, and the caller's floating-point environment is left |
//! | `types` | constants and structs, a member a line |
//! | `structs` | how structs of several versions are read and written |
#![allow(non_camel_case_types)]

mod arguments;
mod boundary;
mod checks;
mod options;
mod structs;
mod types;

// The header has the calls in this order.
mod whole;

mod many;

mod stream;

mod relocation;

mod starts;

mod floats;

mod bytes;

mod csr;

use core::ffi::{c_char, c_void, CStr};
use core::sync::atomic::Ordering::Relaxed;
use core::sync::atomic::{AtomicI32, AtomicI64, AtomicU64};

use crate::runtime::error::message;

pub use bytes::*;
pub use csr::*;
pub use floats::*;
pub use many::*;
pub use relocation::*;
pub use starts::*;
pub use stream::*;
pub use types::*;
pub use whole::*;

/// Sets the options of the first version of the struct, up to progress_data, to their defaults, and struct_size to the
/// size of that version. Does nothing if options is NULL.
///
/// The header does not declare it, and has a macro of this name, which calls centra_options_init_sized. The function is for
/// programs that were linked with the first header: they have no memory for more.
///
/// # Safety
/// `options` is NULL, or points to a centra_options of any version.
#[no_mangle]
pub unsafe extern "C" fn centra_options_init(options: *mut centra_options) {
    // SAFETY: every version is at least as large as the first.
    unsafe { centra_options_init_sized(options, FIRST_OPTIONS) }
}

/// Sets the options that fit struct_size bytes to their defaults, and the member struct_size to that number of bytes,
/// at most to the size that this library knows. Does nothing if options is NULL or struct_size is less than
/// sizeof(size_t).
///
/// @param options  NULL, or struct_size writable bytes.
/// @param struct_size  sizeof(centra_options).
///
/// # Safety
/// `options` is NULL, or points to `struct_size` writable bytes.
#[no_mangle]
pub unsafe extern "C" fn centra_options_init_sized(
    options: *mut centra_options,
    struct_size: usize,
) {
    // SAFETY: the contract.
    unsafe { structs::init(options, struct_size, centra_options::new()) }
}

/// Sets the results of the first version of the struct, up to seconds_update, to zero, and struct_size to the size of
/// that version. Does nothing if report is NULL. For programs that were linked with the first header, as centra_options_init.
///
/// # Safety
/// `report` is NULL, or points to a centra_report of any version.
#[no_mangle]
pub unsafe extern "C" fn centra_report_init(report: *mut centra_report) {
    // SAFETY: every version is at least as large as the first.
    unsafe { centra_report_init_sized(report, FIRST_REPORT) }
}

/// Sets the results that fit struct_size bytes to zero, and the member struct_size to that number of bytes, at most to
/// the size that this library knows. Does nothing if report is NULL or struct_size is less than sizeof(size_t).
///
/// @param report  NULL, or struct_size writable bytes.
/// @param struct_size  sizeof(centra_report).
///
/// # Safety
/// `report` is NULL, or points to `struct_size` writable bytes.
#[no_mangle]
pub unsafe extern "C" fn centra_report_init_sized(report: *mut centra_report, struct_size: usize) {
    // SAFETY: zero bytes are a value of every member.
    let zeros = unsafe { core::mem::zeroed::<centra_report>() };
    // SAFETY: the contract.
    unsafe { structs::init(report, struct_size, zeros) }
}

/// A ready-made progress callback, for languages that cannot make one at run time, and for programs that look at a fit
/// from another thread: it copies the progress into the centra_watch that the option progress_data points to, and stops
/// the fit once stop is set there. Each member is read and written atomically.
///
/// @param progress  what the fit hands to a callback.
/// @param watch  a centra_watch, whose members other threads access atomically alone.
/// @return 0, or what stop is set to.
///
/// # Safety
/// `progress` points to a centra_progress, and `watch` to a centra_watch, whose members other threads access atomically alone.
#[no_mangle]
pub unsafe extern "C" fn centra_watch_progress(
    progress: *const centra_progress,
    watch: *mut c_void,
) -> i32 {
    let watch = watch.cast::<centra_watch>();
    // SAFETY: the contract.
    let progress = unsafe { &*progress };
    // SAFETY: the contract: the members are aligned and there for as long as the call; all access is atomic.
    unsafe {
        let number = |member: *mut i64, value| AtomicI64::from_ptr(member).store(value, Relaxed);
        number(&raw mut (*watch).restart, progress.restart);
        number(&raw mut (*watch).iteration, progress.iteration);
        number(&raw mut (*watch).moved, progress.moved);
        AtomicU64::from_ptr((&raw mut (*watch).shift).cast())
            .store(progress.shift.to_bits(), Relaxed);
        AtomicI32::from_ptr(&raw mut (*watch).stop).load(Relaxed)
    }
}

/// The meaning of a status: static text, never NULL.
///
/// @param status  what a call returned.
#[no_mangle]
pub extern "C" fn centra_status_message(status: i32) -> *const c_char {
    message(status).as_ptr()
}

/// Why the last refused call of this thread was refused, such as "points: NaN at row 1234, dimension 5"; "" before the
/// first refusal. Rows, dimensions and indices count from 0. The text belongs to the library and is valid on this
/// thread until its next refusal.
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

/// The instruction set in use: "amx" (AVX-512 and tiles), "avx512", "avx2", "neon" or "portable" (SSE2 and others);
/// static text. It is the best that the CPU has, unless the environment variable CENTRA_ISA names a lower one. The
/// variable is read once, at the first call.
///
/// Linux gives tiles to processes that ask for them. The first call that is long enough for them and finds labels asks,
/// once and for good. From then on the kernel refuses stacks for signals (sigaltstack) that are smaller than
/// getauxval(AT_MINSIGSTKSZ), and a signal takes 8 KiB more of the stack of a thread that has used tiles. (If a thread
/// has a smaller one, the kernel gives no tiles.) Under CENTRA_ISA=avx512 no call asks.
#[no_mangle]
pub extern "C" fn centra_isa() -> *const c_char {
    crate::simd::level::isa().name().as_ptr()
}
