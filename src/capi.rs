//! The C ABI: `include/centra.h` is generated from this file, comments included.
//!
//! Here pointers are checked (null, alignment, overlap) and turned into slices and views; panics end
//! here. What a call does is in the safe part of the crate.
#![allow(non_camel_case_types)]

use core::cell::Cell;
use core::ffi::{c_char, c_void, CStr};
use core::fmt::Arguments;
use core::mem::offset_of;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::OnceLock;

use crate::api;
use crate::points::{check_leading_dimension, check_sizes, extent, Layout, Points};
use crate::status::{message, refuse, Error};
use crate::workspace::Workspace;
use crate::{Empty, Init, Isa, Options, Progress, Report};

/// Fine: the outputs are written.
pub const CENTRA_OK: i32 = 0;
/// Stopped early by the progress callback; the outputs are written and belong together.
pub const CENTRA_CANCELLED: i32 = 1;
/// A required pointer is null or not aligned for its type.
pub const CENTRA_ERR_NULL: i32 = -1;
/// A size is zero, too large or inconsistent: n, d or k zero, k > n, k > 2^31 - 1, ld too small, or a number of
/// bytes that does not fit the address space.
pub const CENTRA_ERR_SHAPE: i32 = -2;
/// A NaN or an infinity in points, weights or given centers.
pub const CENTRA_ERR_NONFINITE: i32 = -3;
/// Magnitudes so large that squared distances or weighted sums could overflow (reach 2^1020).
pub const CENTRA_ERR_RANGE: i32 = -4;
/// A negative weight, or no positive one.
pub const CENTRA_ERR_WEIGHTS: i32 = -5;
/// The workspace is too small or not aligned to 16 bytes.
pub const CENTRA_ERR_WORKSPACE: i32 = -6;
/// An option has a value it cannot have, or a struct_size is not one that this library knows.
pub const CENTRA_ERR_OPTION: i32 = -7;
/// An output overlaps another argument.
pub const CENTRA_ERR_ALIAS: i32 = -8;
/// A cluster became empty under CENTRA_EMPTY_ERROR.
pub const CENTRA_ERR_EMPTY: i32 = -9;
/// A label outside label_base .. label_base + k - 1.
pub const CENTRA_ERR_LABEL: i32 = -10;
/// The workspace could not be allocated.
pub const CENTRA_ERR_MEMORY: i32 = -11;
/// A defect of this library.
pub const CENTRA_ERR_INTERNAL: i32 = -12;

/// Start from greedy k-means++ with 2 + floor(ln k) candidates a step (the default).
pub const CENTRA_INIT_KMEANSPP: i32 = 0;
/// Start from k distinct rows, drawn uniformly.
pub const CENTRA_INIT_RANDOM: i32 = 1;
/// Start from what the array of centers holds on entry.
pub const CENTRA_INIT_GIVEN: i32 = 2;

/// An empty cluster takes the point farthest from its own center (the default).
pub const CENTRA_EMPTY_RELOCATE: i32 = 0;
/// An empty cluster keeps its center.
pub const CENTRA_EMPTY_KEEP: i32 = 1;
/// An empty cluster is an error.
pub const CENTRA_EMPTY_ERROR: i32 = 2;

/// Point p is d contiguous doubles at points + p * ld (the default; Fortran's points(d, n)).
pub const CENTRA_ROWS: i32 = 0;
/// Dimension i is n contiguous doubles at points + i * ld.
pub const CENTRA_COLUMNS: i32 = 1;

/// No label changed.
pub const CENTRA_CONVERGED: i32 = 0;
/// The centers moved by no more than tol.
pub const CENTRA_TOLERANCE: i32 = 1;
/// max_iter iterations were done.
pub const CENTRA_MAX_ITER: i32 = 2;
/// The progress callback asked for it.
pub const CENTRA_STOPPED: i32 = 3;

/// What a progress callback is told, after every iteration of every restart.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct centra_progress {
    /// Size of this struct; members that a later version adds come after these.
    pub struct_size: usize,
    /// Restart, from 0.
    pub restart: i64,
    /// Iteration, from 1.
    pub iteration: i64,
    /// Labels that changed in this iteration.
    pub moved: i64,
    /// Sum over the centers of the squared distance between where they are and where they were.
    pub shift: f64,
}

/// Called on the calling thread, in the caller's floating-point environment, after every iteration; a value
/// other than 0 stops the fit there. `user` is the option progress_data. It must return normally:
/// no longjmp, no exception.
pub type centra_progress_fn =
    Option<unsafe extern "C" fn(progress: *const centra_progress, user: *mut c_void) -> i32>;

/// What a caller may choose. Fill it by centra_options_init, then change members. NULL in place of a pointer
/// to it means the defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct centra_options {
    /// Set by centra_options_init. A smaller (older) size is accepted, and members beyond it have their
    /// defaults; a larger one is refused.
    pub struct_size: usize,
    /// CENTRA_INIT_KMEANSPP (default), CENTRA_INIT_RANDOM or CENTRA_INIT_GIVEN.
    pub init: i32,
    /// CENTRA_EMPTY_RELOCATE (default), CENTRA_EMPTY_KEEP or CENTRA_EMPTY_ERROR. A cluster is empty when it has no
    /// member of positive weight. RELOCATE: for each empty cluster in ascending index, the point farthest from
    /// its own center (ties to the lowest index) among clusters with more than one member of positive
    /// weight becomes its only member, and the means that changed are recomputed; where every such point lies
    /// on its center, the cluster stays empty and keeps its own.
    pub empty: i32,
    /// CENTRA_ROWS (default) or CENTRA_COLUMNS: the layout of points. Centers are always k contiguous rows of d.
    pub layout: i32,
    /// The first label: 0 (default) or 1.
    pub label_base: i32,
    /// 1 (default): the calling thread only, and no allocation when a workspace is given; 0: all cores this
    /// process may use; N: at most N. Fewer are used where the work does not pay for them. Results do not
    /// depend on it. Threads live no longer than the call.
    pub threads: i32,
    /// Restarts; the best inertia wins, ties to the earliest. At least 1, the default.
    pub n_init: i32,
    /// Iterations of a restart, at most; default 300. 0 assigns to the starting centers and stops.
    pub max_iter: i64,
    /// Stop when the squared shifts of the centers sum to no more than this; 0 (default): only when no label
    /// changes. Finite, not negative.
    pub tol: f64,
    /// Seed of the random draws; default 0. Draws depend on it, the points, the weights and k alone.
    pub seed: u64,
    /// n weights, finite and not negative, not all zero; or NULL (default) for all ones. Ignored by
    /// centra_assign, where they change nothing.
    pub weights: *const f64,
    /// Called after every iteration, or NULL (default).
    pub progress: centra_progress_fn,
    /// Passed to progress.
    pub progress_data: *mut c_void,
}

/// What a fit did. Fill it by centra_report_init. Written when the status is not negative.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct centra_report {
    /// Set by centra_report_init. A smaller (older) size is accepted, and nothing beyond it is written; a
    /// larger one is refused.
    pub struct_size: usize,
    /// Why the returned restart stopped: CENTRA_CONVERGED, CENTRA_TOLERANCE, CENTRA_MAX_ITER or CENTRA_STOPPED.
    pub stopped_by: i32,
    /// Threads used.
    pub threads: i32,
    /// Iterations of the returned restart.
    pub iterations: i64,
    /// Clusters without a member of positive weight in the returned labels.
    pub empty_clusters: i64,
    /// Labels that changed in the last iteration of the returned restart.
    pub moved: i64,
    /// The exact sum of the squared distances to the returned centers, times the weights, rounded once.
    pub inertia: f64,
    /// Pairs of point and center evaluated, over all restarts and the seeding.
    pub distances: i64,
    /// Points decided by the squared distance itself after a cheaper test left them open, over all restarts.
    pub rechecked: i64,
    /// Pairs proven away without being evaluated, over all restarts.
    pub skipped: i64,
    /// Seconds spent looking for NaN and ranges.
    pub seconds_scan: f64,
    /// Seconds spent seeding.
    pub seconds_seed: f64,
    /// Seconds spent finding the nearest centers.
    pub seconds_assign: f64,
    /// Seconds spent computing centers.
    pub seconds_update: f64,
}

const DEFAULTS: centra_options = centra_options {
    struct_size: size_of::<centra_options>(),
    init: CENTRA_INIT_KMEANSPP,
    empty: CENTRA_EMPTY_RELOCATE,
    layout: CENTRA_ROWS,
    label_base: 0,
    threads: 1,
    n_init: 1,
    max_iter: 300,
    tol: 0.0,
    seed: 0,
    weights: core::ptr::null(),
    progress: None,
    progress_data: core::ptr::null_mut(),
};

/// Ends of the members of a struct, for callers that know only the first of them.
macro_rules! ends {
    ($name:ident: $($member:ident: $type:ty),+) => {
        [$(offset_of!($name, $member) + size_of::<$type>()),+]
    };
}

const OPTIONS_ENDS: [usize; 13] = ends!(centra_options:
    struct_size: usize, init: i32, empty: i32, layout: i32, label_base: i32, threads: i32,
    n_init: i32, max_iter: i64, tol: f64, seed: u64, weights: *const f64,
    progress: centra_progress_fn, progress_data: *mut c_void);

const REPORT_ENDS: [usize; 14] = ends!(centra_report:
    struct_size: usize, stopped_by: i32, threads: i32, iterations: i64, empty_clusters: i64,
    moved: i64, inertia: f64, distances: i64, rechecked: i64, skipped: i64, seconds_scan: f64,
    seconds_seed: f64, seconds_assign: f64, seconds_update: f64);

/// Bytes of the whole members within `size`; refused unless 0 < `size` <= the last end.
fn whole_members(argument: &str, size: usize, ends: &[usize]) -> Result<usize, Error> {
    let known = ends
        .last()
        .copied()
        .unwrap_or(0)
        .next_multiple_of(align_of::<u64>());
    match ends.iter().rev().find(|&&end| end <= size) {
        Some(&end) if size <= known => Ok(end),
        _ => refuse!(
            Option,
            "{argument}: struct_size is {size}, and this library knows {} to {known}; initialise it by centra_{argument}_init",
            ends[0]
        ),
    }
}

// ---- the boundary ----

const DETAIL_BYTES: usize = 256;

thread_local! {
    /// This thread's last refusal, ending in a nul.
    static DETAIL: Cell<[u8; DETAIL_BYTES]> = const { Cell::new([0; DETAIL_BYTES]) };
    /// Whether this thread is inside a call, where a panic must not print.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

fn remember(detail: &str) {
    let mut bytes = [0; DETAIL_BYTES];
    let mut length = detail.len().min(DETAIL_BYTES - 1);
    while !detail.is_char_boundary(length) {
        length -= 1;
    }
    bytes[..length].copy_from_slice(&detail.as_bytes()[..length]);
    DETAIL.set(bytes);
}

/// Panics inside a call become a status and must not print; all others go to the hook that was there.
/// (A worker's panic is raised again on the calling thread; the worker is known by its name.)
fn silence_panics() {
    type Hook = Box<dyn Fn(&std::panic::PanicHookInfo<'_>) + Sync + Send>;
    static PREVIOUS: OnceLock<Hook> = OnceLock::new();
    static DONE: AtomicBool = AtomicBool::new(false);
    // Changing the hook from a panicking thread would panic.
    if std::thread::panicking() || DONE.swap(true, Ordering::AcqRel) {
        return;
    }
    // A function item and a static instead of a closure that owns the previous hook: boxing the latter
    // would allocate in calls that promise not to.
    fn hook(info: &std::panic::PanicHookInfo<'_>) {
        let worker = std::thread::current().name() == Some(crate::parallel::WORKER);
        if !INSIDE.get() && !worker {
            if let Some(previous) = PREVIOUS.get() {
                previous(info);
            }
        }
    }
    let _ = PREVIOUS.set(std::panic::take_hook());
    std::panic::set_hook(Box::new(hook));
}

/// Runs the body of a call: errors and panics become a status and this thread's detail.
fn boundary(body: impl FnOnce() -> Result<i32, Error>) -> i32 {
    silence_panics();
    let outer = INSIDE.replace(true);
    let result = catch_unwind(AssertUnwindSafe(body));
    INSIDE.set(outer);
    match result {
        Ok(Ok(status)) => status,
        Ok(Err(error)) => {
            remember(error.detail());
            error.status() as i32
        }
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().copied();
            let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            remember(text.unwrap_or("a panic without a message"));
            // A payload whose destructor panics would otherwise unwind into C.
            core::mem::forget(panic);
            CENTRA_ERR_INTERNAL
        }
    }
}

// ---- arguments ----

/// One pointer argument: what it is called, where it lies, whether it is written.
struct Argument {
    name: &'static str,
    start: usize,
    bytes: usize,
    output: bool,
}

impl Argument {
    fn new<T>(name: &'static str, pointer: *const T, elements: usize, output: bool) -> Self {
        let bytes = if pointer.is_null() {
            0
        } else {
            elements.saturating_mul(size_of::<T>())
        };
        Argument {
            name,
            start: pointer as usize,
            bytes,
            output,
        }
    }

    fn input<T>(name: &'static str, pointer: *const T, elements: usize) -> Self {
        Self::new(name, pointer, elements, false)
    }

    fn output<T>(name: &'static str, pointer: *mut T, elements: usize) -> Self {
        Self::new(name, pointer, elements, true)
    }
}

/// Refuses outputs that overlap anything, and arguments that wrap around the address space.
fn check_overlap(arguments: &[Argument]) -> Result<(), Error> {
    for (i, a) in arguments.iter().enumerate() {
        if a.start.checked_add(a.bytes).is_none() {
            return refuse!(Shape, "{}: does not fit the address space", a.name);
        }
        for b in &arguments[..i] {
            let apart = a.start + a.bytes <= b.start || b.start + b.bytes <= a.start;
            if (a.output || b.output) && a.bytes > 0 && b.bytes > 0 && !apart {
                return refuse!(Alias, "{} overlaps {}", b.name, a.name);
            }
        }
    }
    Ok(())
}

fn check_pointer<T>(name: &str, pointer: *const T, required: bool) -> Result<(), Error> {
    if pointer.is_null() {
        return match required {
            true => refuse!(Null, "{name}: null"),
            false => Ok(()),
        };
    }
    if !(pointer as usize).is_multiple_of(align_of::<T>()) {
        let alignment = align_of::<T>();
        return refuse!(Null, "{name}: not aligned to {alignment} bytes");
    }
    Ok(())
}

/// The caller's options, or the defaults; members beyond its size have their defaults.
///
/// # Safety
/// `options` is NULL or aligned, and points to as many readable bytes as its struct_size says.
unsafe fn read_options(options: *const centra_options) -> Result<centra_options, Error> {
    let mut read = DEFAULTS;
    if !options.is_null() {
        // SAFETY: the size is the first member, so it is there whatever the caller's version.
        let size = unsafe { options.cast::<usize>().read() };
        let bytes = whole_members("options", size, &OPTIONS_ENDS)?;
        // SAFETY: `bytes` is within the caller's struct and within ours, and ends after a member. Every
        // member is a plain number or a nullable pointer; all bits are values of it.
        unsafe {
            core::ptr::copy_nonoverlapping(
                options.cast::<u8>(),
                (&raw mut read).cast::<u8>(),
                bytes,
            );
        }
    }
    Ok(read)
}

fn unknown<T>(name: &str, value: i32, expected: Arguments<'_>) -> Result<T, Error> {
    refuse!(Option, "{name}: {value} is not {expected}")
}

/// What the options say, weights and progress left aside: those are pointers.
struct Choice {
    options: Options<'static>,
    layout: Layout,
    base: i32,
}

fn choose(raw: &centra_options) -> Result<Choice, Error> {
    let init = match raw.init {
        CENTRA_INIT_KMEANSPP => Init::KmeansPlusPlus,
        CENTRA_INIT_RANDOM => Init::Random,
        CENTRA_INIT_GIVEN => Init::Given,
        other => unknown("init", other, format_args!("one of CENTRA_INIT_*"))?,
    };
    let empty = match raw.empty {
        CENTRA_EMPTY_RELOCATE => Empty::Relocate,
        CENTRA_EMPTY_KEEP => Empty::Keep,
        CENTRA_EMPTY_ERROR => Empty::Error,
        other => unknown("empty", other, format_args!("one of CENTRA_EMPTY_*"))?,
    };
    let layout = match raw.layout {
        CENTRA_ROWS => Layout::Rows,
        CENTRA_COLUMNS => Layout::Columns,
        other => unknown(
            "layout",
            other,
            format_args!("CENTRA_ROWS or CENTRA_COLUMNS"),
        )?,
    };
    if !(0..=1).contains(&raw.label_base) {
        return unknown("label_base", raw.label_base, format_args!("0 or 1"));
    }
    let Ok(threads) = usize::try_from(raw.threads) else {
        return unknown("threads", raw.threads, format_args!("0 (all) or positive"));
    };
    let Ok(n_init) = u32::try_from(raw.n_init) else {
        return unknown("n_init", raw.n_init, format_args!("positive"));
    };
    let Ok(max_iter) = u64::try_from(raw.max_iter) else {
        let max_iter = raw.max_iter;
        return refuse!(Option, "max_iter: {max_iter} is negative");
    };
    let options = Options {
        init,
        empty,
        threads,
        n_init,
        max_iter,
        tol: raw.tol,
        seed: raw.seed,
        weights: None,
        progress: None,
        isa: Isa::Avx512,
    };
    options.check()?;
    Ok(Choice {
        options,
        layout,
        base: raw.label_base,
    })
}

/// The arguments all calls share, checked as far as they can be without a look at the data.
struct Call {
    raw: centra_options,
    choice: Choice,
    points: *const f64,
    n: usize,
    d: usize,
    ld: usize,
}

/// The points argument of a C call: pointer, n, d, ld.
type Matrix = (*const f64, usize, usize, usize);

impl Call {
    /// Sizes, then pointers (`check_pointers` looks at the other ones), then options, then ld.
    ///
    /// # Safety
    /// As for [`read_options`].
    unsafe fn check(
        (points, n, d, ld): Matrix,
        k: usize,
        options: *const centra_options,
        check_pointers: impl FnOnce() -> Result<(), Error>,
    ) -> Result<Self, Error> {
        check_sizes(n, d, k)?;
        check_pointer("points", points, true)?;
        check_pointer("options", options, false)?;
        check_pointers()?;
        // SAFETY: the caller's contract; the alignment was checked.
        let raw = unsafe { read_options(options)? };
        let choice = choose(&raw)?;
        check_pointer("weights", raw.weights, false)?;
        check_leading_dimension(n, d, ld, choice.layout)?;
        Ok(Call {
            raw,
            choice,
            points,
            n,
            d,
            ld,
        })
    }

    /// Refuses overlaps among the inputs that all calls share and the others.
    fn check_overlap<const N: usize>(
        &self,
        options: *const centra_options,
        others: [Argument; N],
    ) -> Result<(), Error> {
        let elements = extent(self.n, self.d, self.ld, self.choice.layout).unwrap_or(usize::MAX);
        let none = || Argument::input::<u8>("", core::ptr::null(), 0);
        // Room for three inputs and the most that a call adds, without a vector.
        let mut all: [Argument; 8] = core::array::from_fn(|_| none());
        all[0] = Argument::input("points", self.points, elements);
        all[1] = Argument::input("weights", self.raw.weights, self.n);
        if !options.is_null() {
            // The size was checked when the options were read.
            all[2] = Argument::input("options", options.cast::<u8>(), self.raw.struct_size);
        }
        for (slot, argument) in all[3..].iter_mut().zip(others) {
            *slot = argument;
        }
        check_overlap(&all)
    }

    /// # Safety
    /// The points are as the C API asks, for the time of the call.
    unsafe fn points(&self) -> Points<'_> {
        // SAFETY: sizes, ld and alignment were checked; the memory is the caller's promise.
        unsafe { Points::from_raw(self.points, self.n, self.d, self.ld, self.choice.layout) }
    }

    /// The options with the weights.
    ///
    /// # Safety
    /// The weights are NULL or n readable doubles.
    unsafe fn options(&self) -> Options<'_> {
        let weights = (!self.raw.weights.is_null()).then(|| {
            // SAFETY: not null, aligned, and n doubles by the caller's promise.
            unsafe { core::slice::from_raw_parts(self.raw.weights, self.n) }
        });
        Options {
            weights,
            ..self.choice.options.clone()
        }
    }
}

/// A slice of the caller's memory that may be absent.
///
/// # Safety
/// `pointer` is NULL, or aligned and nobody else's, for `elements` elements.
unsafe fn optional<'a, T>(pointer: *mut T, elements: usize) -> Option<&'a mut [T]> {
    // SAFETY: the contract.
    (!pointer.is_null()).then(|| unsafe { core::slice::from_raw_parts_mut(pointer, elements) })
}

/// The caller's workspace, or none.
///
/// # Safety
/// `start` is NULL, or `bytes` writable bytes that nobody else uses during the call.
unsafe fn workspace<'a>(start: *mut c_void, bytes: usize) -> Result<Workspace<'a>, Error> {
    match (start.is_null(), bytes) {
        (true, 0) => Ok(Workspace::Allocate),
        (true, _) => refuse!(Workspace, "workspace: null, but {bytes} bytes"),
        // SAFETY: the contract.
        (false, _) => unsafe { Workspace::given(start.cast(), bytes) },
    }
}

// ---- the calls ----

/// Sets all options to their defaults. Does nothing when options is NULL.
///
/// # Safety
/// `options` is NULL, or points to a centra_options.
#[no_mangle]
pub unsafe extern "C" fn centra_options_init(options: *mut centra_options) {
    if !options.is_null() {
        // SAFETY: writable by the contract.
        unsafe { options.write(DEFAULTS) }
    }
}

/// Sets struct_size, and all results to zero. Does nothing when report is NULL.
///
/// # Safety
/// `report` is NULL, or points to a centra_report.
#[no_mangle]
pub unsafe extern "C" fn centra_report_init(report: *mut centra_report) {
    if !report.is_null() {
        // SAFETY: writable by the contract; zero bytes are a value of every member.
        unsafe {
            report.write_bytes(0, 1);
            (*report).struct_size = size_of::<centra_report>();
        }
    }
}

/// Bytes of workspace that suffice for centra_fit, centra_assign, centra_update and centra_seed with these
/// sizes and options.
///
/// Of the options count layout, threads, init, n_init, and whether weights is NULL (they are not read). In
/// orders of magnitude, with T threads: 12 n + T (24 k d + 128 Ki) bytes, 4 n more with n_init > 1; never
/// a multiple of n k.
///
/// n, d, k: points, dimensions, centers; 1 <= k <= n.
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
        let needed = crate::plan::workspace_bytes((n, d, k), layout, weighted, &options)?;
        // SAFETY: not null, aligned, writable by the contract.
        unsafe { bytes.write(needed) };
        Ok(CENTRA_OK)
    })
}

/// Clusters: seeds, then alternates assignment and update until it stops.
///
/// The result is a function of the points, the weights, the start and the options, bit for bit: neither threads
/// nor the instruction set nor the layout change it. label(x) is the lowest j with the least D(x, c_j); a
/// center is the exact sum of its points rounded once, over their number.
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
/// number of threads at once on different outputs, and after fork().
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
                Argument::output("workspace", workspace.cast::<u8>(), workspace_bytes),
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
                // A callback may be Rust, and panic on its own account.
                let inside = INSIDE.replace(false);
                // SAFETY: the caller's function, with its own data and a struct that outlives the call.
                let answer = unsafe { callback(&told, call.raw.progress_data) };
                INSIDE.set(inside);
                answer != 0
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
                self::workspace(workspace, workspace_bytes)?,
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

/// Writes the first `bytes` of a report, but for its size, which stays the caller's.
///
/// # Safety
/// `to` is aligned, and `bytes` bytes are writable there.
unsafe fn write_report(to: *mut centra_report, bytes: usize, report: &Report) {
    let written = centra_report {
        // SAFETY: the size is always there.
        struct_size: unsafe { to.cast::<usize>().read() },
        stopped_by: report.stopped_by as i32,
        threads: report.threads as i32,
        iterations: report.iterations,
        empty_clusters: report.empty_clusters,
        moved: report.moved,
        inertia: report.inertia,
        distances: report.distances,
        rechecked: report.rechecked,
        skipped: report.skipped,
        seconds_scan: report.seconds_scan,
        seconds_seed: report.seconds_seed,
        seconds_assign: report.seconds_assign,
        seconds_update: report.seconds_update,
    };
    // SAFETY: the contract; `bytes` is at most the size of the struct.
    unsafe {
        core::ptr::copy_nonoverlapping((&raw const written).cast::<u8>(), to.cast::<u8>(), bytes);
    }
}

/// Labels points by given centers.
///
/// points, n, d, ld, k, options, workspace: as for centra_fit; of the options count layout, label_base and
///     threads.
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
                check_pointer("labels", labels, true)?;
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
                Argument::output("workspace", workspace.cast::<u8>(), workspace_bytes),
            ],
        )?;
        // SAFETY: pointers are checked for null, alignment and overlap; their memory is the contract.
        let (points, options, centers, labels, sqdist, workspace) = unsafe {
            (
                call.points(),
                call.options(),
                core::slice::from_raw_parts(centers, k * d),
                core::slice::from_raw_parts_mut(labels, n),
                optional(sqdist, n),
                self::workspace(workspace, workspace_bytes)?,
            )
        };
        let base = call.choice.base;
        api::assign_in(&points, centers, &options, base, labels, sqdist, workspace)?;
        Ok(CENTRA_OK)
    })
}

/// Moves every center to the mean of its points: the exact sum of each coordinate rounded once, over the number
/// of points (with weights: the exact sum of the rounded products, over the exact sum of the weights).
///
/// points, n, d, ld, k, options, workspace: as for centra_fit; of the options count layout, label_base,
///     threads, weights and empty.
/// labels: n labels from label_base on; read only, also under CENTRA_EMPTY_RELOCATE.
/// centers: k contiguous rows of d; written. Those of clusters that stay empty are not touched, so on entry the array
///     holds what they keep; nothing else of it is read.
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
                check_pointer("labels", labels, true)?;
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
                Argument::output("workspace", workspace.cast::<u8>(), workspace_bytes),
            ],
        )?;
        // SAFETY: pointers are checked for null, alignment and overlap; their memory is the contract.
        let (points, options, labels, centers, counts, workspace) = unsafe {
            (
                call.points(),
                call.options(),
                core::slice::from_raw_parts(labels, n),
                core::slice::from_raw_parts_mut(centers, k * d),
                optional(counts, k),
                self::workspace(workspace, workspace_bytes)?,
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
///     these, CENTRA_INIT_RANDOM goes on with the others, CENTRA_INIT_KMEANSPP repeats some).
///
/// Returns CENTRA_OK, or a negative status with every output untouched. Threads: as for centra_fit.
///
/// Methods: greedy k-means++ (Arthur and Vassilvitskii 2007); sampling without replacement (Bentley and Floyd 1987);
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
                Argument::output("workspace", workspace.cast::<u8>(), workspace_bytes),
            ],
        )?;
        // SAFETY: pointers are checked for null, alignment and overlap; their memory is the contract.
        let (points, options, centers, workspace) = unsafe {
            (
                call.points(),
                call.options(),
                core::slice::from_raw_parts_mut(centers, k * d),
                self::workspace(workspace, workspace_bytes)?,
            )
        };
        api::seed_in(&points, &options, centers, workspace)?;
        Ok(CENTRA_OK)
    })
}

/// The inertia of given labels and centers: the exact sum of the squared distances between the points and the centers
/// their labels name, times the weights (each product rounded), rounded once; +infinity where it exceeds the largest
/// double.
///
/// points, n, d, ld, k, options: as for centra_fit; of the options count layout, label_base, threads and weights.
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
                check_pointer("labels", labels, true)?;
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
                core::slice::from_raw_parts(labels, n),
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
    DETAIL.with(|detail| detail.as_ptr().cast::<c_char>().cast_const())
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
    crate::isa().name().as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Status;

    fn detail() -> &'static str {
        // SAFETY: the thread's buffer, which ends in a nul.
        unsafe { CStr::from_ptr(centra_error_detail()) }
            .to_str()
            .unwrap()
    }

    #[test]
    fn a_panic_becomes_a_status() {
        assert_eq!(boundary(|| panic!("a defect")), CENTRA_ERR_INTERNAL);
        assert_eq!(detail(), "a defect");
        let number = 7;
        assert_eq!(boundary(|| panic!("defect {number}")), CENTRA_ERR_INTERNAL);
        assert_eq!(detail(), "defect 7");
        assert_eq!(boundary(|| std::panic::panic_any(7)), CENTRA_ERR_INTERNAL);
        assert_eq!(boundary(|| Ok(CENTRA_OK)), CENTRA_OK);
    }

    #[test]
    fn members_end_where_they_end() {
        assert!(OPTIONS_ENDS.is_sorted() && REPORT_ENDS.is_sorted());
        assert_eq!(OPTIONS_ENDS.last(), Some(&size_of::<centra_options>()));
        assert_eq!(REPORT_ENDS.last(), Some(&size_of::<centra_report>()));
        assert_eq!(whole_members("options", 8, &OPTIONS_ENDS).unwrap(), 8);
        assert_eq!(whole_members("options", 15, &OPTIONS_ENDS).unwrap(), 12);
        for size in [0, 7, size_of::<centra_options>() + 1] {
            let error = whole_members("options", size, &OPTIONS_ENDS).unwrap_err();
            assert_eq!(error.status(), Status::Option);
        }
    }

    #[test]
    fn long_details_end_in_a_nul() {
        remember(&"ä".repeat(DETAIL_BYTES));
        assert_eq!(detail().len(), DETAIL_BYTES - 2);
    }
}
