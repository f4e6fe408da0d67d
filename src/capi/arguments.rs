//! The caller's pointers: checked for null, alignment and overlap, and turned into views and slices.

use core::ffi::c_void;
use core::fmt::Arguments;

use super::types::*;
use crate::call::{Algorithm, Empty, Init, Options, Report};
use crate::points::{check_leading_dimension, check_sizes, extent, Layout, Points};
use crate::runtime::error::{refuse, Error, Status};
use crate::runtime::workspace::Workspace;
use crate::simd::level::Isa;
use crate::stream::check_chunk_size;

/// One pointer argument: what it is called, where it lies, whether it is written.
pub(super) struct Argument {
    name: &'static str,
    start: usize,
    bytes: usize,
    output: bool,
    /// The refusal of more bytes than there are addresses.
    too_large: Status,
}

impl Argument {
    pub(super) fn new<T>(
        name: &'static str,
        pointer: *const T,
        elements: usize,
        output: bool,
    ) -> Self {
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
            too_large: Status::Shape,
        }
    }

    pub(super) fn input<T>(name: &'static str, pointer: *const T, elements: usize) -> Self {
        Self::new(name, pointer, elements, false)
    }

    pub(super) fn output<T>(name: &'static str, pointer: *mut T, elements: usize) -> Self {
        Self::new(name, pointer, elements, true)
    }

    pub(super) fn workspace(start: *mut c_void, bytes: usize) -> Self {
        Argument {
            too_large: Status::Workspace,
            ..Self::output("workspace", start.cast::<u8>(), bytes)
        }
    }
}

/// Refuses outputs that overlap anything, and arguments that wrap around the address space.
pub(super) fn check_overlap(arguments: &[Argument]) -> Result<(), Error> {
    for (i, a) in arguments.iter().enumerate() {
        if a.start.checked_add(a.bytes).is_none() {
            let detail = format_args!("{}: does not fit the address space", a.name);
            return Err(Error::new(a.too_large, detail));
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

pub(super) fn check_pointer<T>(name: &str, pointer: *const T, required: bool) -> Result<(), Error> {
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
pub(super) unsafe fn read_options(options: *const centra_options) -> Result<centra_options, Error> {
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

pub(super) fn unknown<T>(name: &str, value: i32, expected: Arguments<'_>) -> Result<T, Error> {
    refuse!(Option, "{name}: {value} is not {expected}")
}

/// Options as an argument, once they are read, and their size is known to be sound.
pub(super) fn options_argument(options: *const centra_options, raw: &centra_options) -> Argument {
    Argument::input("options", options.cast::<u8>(), raw.struct_size)
}

/// What the options say, weights and progress left aside: those are pointers.
pub(super) struct Choice {
    pub(super) options: Options<'static>,
    pub(super) layout: Layout,
    pub(super) base: i32,
}

pub(super) fn choose(raw: &centra_options) -> Result<Choice, Error> {
    let init = match raw.init {
        CENTRA_INIT_KMEANSPP => Init::KmeansPlusPlus,
        CENTRA_INIT_RANDOM => Init::Random,
        CENTRA_INIT_GIVEN => Init::Given,
        CENTRA_INIT_PARALLEL => Init::Parallel,
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
    let algorithm = match raw.algorithm {
        CENTRA_ALGORITHM_AUTO => Algorithm::Auto,
        CENTRA_ALGORITHM_LLOYD => Algorithm::Lloyd,
        CENTRA_ALGORITHM_HAMERLY => Algorithm::Hamerly,
        other => unknown(
            "algorithm",
            other,
            format_args!("one of CENTRA_ALGORITHM_*"),
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
        given: None,
        empty,
        threads,
        n_init,
        max_iter,
        tol: raw.tol,
        seed: raw.seed,
        weights: None,
        progress: None,
        algorithm,
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
pub(super) struct Call {
    pub(super) raw: centra_options,
    pub(super) choice: Choice,
    points: *const f64,
    pub(super) n: usize,
    d: usize,
    ld: usize,
}

/// The points argument of a C call: pointer, n, d, ld.
pub(super) type Matrix = (*const f64, usize, usize, usize);

impl Call {
    /// Sizes, then pointers (`check_pointers` looks at the other ones), then options, then ld.
    ///
    /// # Safety
    /// As for [`read_options`].
    pub(super) unsafe fn check(
        (points, n, d, ld): Matrix,
        k: usize,
        options: *const centra_options,
        check_pointers: impl FnOnce() -> Result<(), Error>,
    ) -> Result<Self, Error> {
        check_sizes(n, d, k)?;
        // SAFETY: the caller's contract.
        unsafe { Self::check_chunk((points, n, d, ld), options, check_pointers) }
    }

    /// The same for points that may be none, and then anywhere.
    ///
    /// # Safety
    /// As for [`read_options`].
    pub(super) unsafe fn check_chunk(
        (points, n, d, ld): Matrix,
        options: *const centra_options,
        check_pointers: impl FnOnce() -> Result<(), Error>,
    ) -> Result<Self, Error> {
        check_chunk_size(n, d)?;
        check_pointer("points", points, n > 0)?;
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
    pub(super) fn check_overlap<const N: usize>(
        &self,
        options: *const centra_options,
        others: [Argument; N],
    ) -> Result<(), Error> {
        let elements = extent(self.n, self.d, self.ld, self.choice.layout).unwrap_or(usize::MAX);
        let none = || Argument::input::<u8>("", core::ptr::null(), 0);
        // Room for three inputs and the most that a call adds, without a vector.
        let mut all: [Argument; 12] = core::array::from_fn(|_| none());
        all[0] = Argument::input("points", self.points, elements);
        all[1] = Argument::input("weights", self.raw.weights, self.n);
        all[2] = options_argument(options, &self.raw);
        for (slot, argument) in all[3..].iter_mut().zip(others) {
            *slot = argument;
        }
        check_overlap(&all)
    }

    /// # Safety
    /// The points are as the C API asks, for the time of the call.
    pub(super) unsafe fn points(&self) -> Points<'_> {
        // Of no points, there is no address to speak of.
        let base = match self.n {
            0 => core::ptr::dangling(),
            _ => self.points,
        };
        // SAFETY: sizes, ld and alignment were checked; the memory is the caller's promise.
        unsafe { Points::from_raw(base, self.n, self.d, self.ld, self.choice.layout) }
    }

    /// The options with the weights.
    ///
    /// # Safety
    /// The weights are NULL or n readable doubles.
    pub(super) unsafe fn options(&self) -> Options<'_> {
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

/// A slice of the caller's memory to read, which may be anywhere if it is empty.
///
/// # Safety
/// `pointer` is aligned, and there are so many readable elements.
pub(super) unsafe fn input<'a, T>(pointer: *const T, elements: usize) -> &'a [T] {
    match elements {
        0 => &[],
        // SAFETY: the contract; it is not null, as something is there.
        _ => unsafe { core::slice::from_raw_parts(pointer, elements) },
    }
}

/// A slice of the caller's memory that may be absent.
///
/// # Safety
/// `pointer` is NULL, or aligned and nobody else's, for `elements` elements.
pub(super) unsafe fn optional<'a, T>(pointer: *mut T, elements: usize) -> Option<&'a mut [T]> {
    // SAFETY: the contract.
    (!pointer.is_null()).then(|| unsafe { core::slice::from_raw_parts_mut(pointer, elements) })
}

/// The caller's workspace, or none.
///
/// # Safety
/// `start` is NULL, or `bytes` writable bytes that nobody else uses during the call.
pub(super) unsafe fn workspace<'a>(
    start: *mut c_void,
    bytes: usize,
) -> Result<Workspace<'a>, Error> {
    match (start.is_null(), bytes) {
        (true, 0) => Ok(Workspace::Allocate),
        (true, _) => refuse!(Workspace, "workspace: null, but {bytes} bytes"),
        // SAFETY: the contract.
        (false, _) => unsafe { Workspace::given(start.cast(), bytes) },
    }
}

/// Writes the first `bytes` of a report, but for its size, which stays the caller's.
///
/// # Safety
/// `to` is aligned, and `bytes` bytes are writable there.
pub(super) unsafe fn write_report(to: *mut centra_report, bytes: usize, report: &Report) {
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
        workspace_bytes: report.workspace_bytes as i64,
    };
    // SAFETY: the contract; `bytes` is at most the size of the struct.
    unsafe {
        core::ptr::copy_nonoverlapping((&raw const written).cast::<u8>(), to.cast::<u8>(), bytes);
    }
}
