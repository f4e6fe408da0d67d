//! A case through the C ABI: as a C program may make the call, with everything around it that must not be written.
//!
//! What may differ from call to call is drawn from the way's seed: the first label, how much of a struct the caller knows, outputs
//! that are not wanted, whose memory, a callback. Before the call itself comes one with a fault, which has to be refused.
//! Outputs lie between guards; after a refusal all of them are as they were.

use crate::call::{integers, reals, Outcome};
use crate::case::{Call, Case, Way};
use crate::harness::chunks::{Calls, Refused, Whole};
use crate::harness::data::Rng;
use crate::harness::{Stored, Type, Workspace};
use crate::options::{Init, Options};
use centra::capi::*;
use centra::streams::{Drawn, Kept, State, Wanted};
use centra::{Algorithm, Empty, StoppedBy};
use std::cell::RefCell;
use std::ffi::{c_void, CStr};
use std::mem::{offset_of, size_of};
use std::ptr::{null, null_mut};

/// Bytes between others that nobody may write.
struct Guarded {
    /// So that the bytes can be aligned to 8, and to no more.
    words: Vec<u64>,
    from: usize,
    bytes: usize,
}

const GUARD: u8 = 0x5a;
/// Words of a guard.
const WIDE: usize = 8;

/// Plain numbers, any bytes of which are one.
trait Plain: Copy {}
impl Plain for f64 {}
impl Plain for i64 {}
impl Plain for i32 {}
impl Plain for usize {}
impl Plain for u8 {}

impl Guarded {
    /// Of this content, so many elements past a multiple of 8 bytes.
    fn new<T: Plain>(content: &[T], past: usize) -> Guarded {
        let (size, bytes) = (size_of::<T>(), size_of_val(content));
        let (from, words) = (8 * WIDE + past * size, bytes.div_ceil(8) + past + 2 * WIDE);
        let mut guarded = Guarded {
            words: vec![u64::from_ne_bytes([GUARD; 8]); words],
            from,
            bytes,
        };
        // SAFETY: plain numbers are so many bytes, without padding.
        let content = unsafe { std::slice::from_raw_parts(content.as_ptr().cast(), bytes) };
        guarded.all_mut()[from..from + bytes].copy_from_slice(content);
        guarded
    }

    fn all(&self) -> &[u8] {
        let words = self.words.as_slice();
        // SAFETY: words are so many bytes.
        unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), size_of_val(words)) }
    }

    fn all_mut(&mut self) -> &mut [u8] {
        let words = self.words.as_mut_slice();
        // SAFETY: words are so many bytes, and any bytes are words.
        unsafe { std::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), size_of_val(words)) }
    }

    fn pointer<T: Plain>(&mut self) -> *mut T {
        let from = self.from;
        self.all_mut()[from..].as_mut_ptr().cast()
    }

    fn content<T: Plain>(&self) -> Vec<T> {
        let start = self.all()[self.from..].as_ptr().cast::<T>();
        let read = |at| {
            // SAFETY: inside the content, which is of plain numbers; aligned or not.
            unsafe { start.add(at).read_unaligned() }
        };
        (0..self.bytes / size_of::<T>()).map(read).collect()
    }

    /// Whether the guards are as they were.
    fn check(&self, name: &str) {
        let (before, rest) = self.all().split_at(self.from);
        let guards = [before, &rest[self.bytes..]];
        let written = guards.iter().any(|g| g.iter().any(|&byte| byte != GUARD));
        assert!(!written, "wrote outside of {name}");
    }

    fn check_same(&self, before: &[u8], name: &str) {
        assert!(self.all() == before, "wrote {name}, or beside it");
    }
}

/// What the caller tells of a callback's calls, and what it answers.
struct Watched {
    /// Restart, iteration, moved, shift of each.
    reported: Vec<u64>,
    calls: u64,
    stop: Option<u64>,
}

unsafe extern "C" fn watch(progress: *const centra_progress, user: *mut c_void) -> i32 {
    // SAFETY: what was passed to the call.
    let (progress, watched) = unsafe { (&*progress, &mut *user.cast::<Watched>()) };
    assert!(progress.struct_size == size_of::<centra_progress>());
    watched.reported.extend(integers(&[
        progress.restart,
        progress.iteration,
        progress.moved,
    ]));
    watched.reported.push(progress.shift.to_bits());
    watched.calls += 1;
    i32::from(watched.stop == Some(watched.calls))
}

/// How a caller makes a call. Everything is drawn from a seed, of which 0 is plain.
#[derive(Debug)]
struct Manner {
    base: i32,
    /// Elements past alignment.
    past: usize,
    /// The options: 0 whole, 1 no more of them than is needed, 2 none at all where all have their defaults.
    options: usize,
    /// Bytes of the report that the caller knows.
    report: usize,
    /// Each of the outputs that may be left out: labels, report, and squared distances or counts.
    without: [bool; 3],
    /// No memory, as much as is asked for, or more.
    memory: usize,
    watched: bool,
    /// The fault of the call before.
    fault: Option<usize>,
}

impl Manner {
    fn drawn(seed: u64) -> Manner {
        let rng = &mut Rng(seed);
        let mut below = |bound| if seed == 0 { 0 } else { rng.below(bound) };
        Manner {
            base: below(2) as i32,
            past: below(3),
            options: below(3),
            report: match below(3) {
                2 => 8 + below(size_of::<centra_report>() - 7),
                _ => size_of::<centra_report>(),
            },
            without: [below(4) == 3, below(4) == 3, below(4) == 3],
            memory: [1, 0, 2][below(3)],
            watched: below(3) == 2,
            fault: below(3).checked_sub(1).map(|_| below(FAULTS.len())),
        }
    }
}

/// Ends of the members of the options, and of the report.
const OPTIONS_ENDS: [usize; 13] = [
    offset_of!(centra_options, init) + 4,
    offset_of!(centra_options, empty) + 4,
    offset_of!(centra_options, layout) + 4,
    offset_of!(centra_options, label_base) + 4,
    offset_of!(centra_options, threads) + 4,
    offset_of!(centra_options, n_init) + 4,
    offset_of!(centra_options, max_iter) + 8,
    offset_of!(centra_options, tol) + 8,
    offset_of!(centra_options, seed) + 8,
    offset_of!(centra_options, weights) + 8,
    offset_of!(centra_options, progress) + 8,
    offset_of!(centra_options, progress_data) + 8,
    offset_of!(centra_options, algorithm) + 4,
];
const REPORT_ENDS: [usize; 15] = [8, 12, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112];

fn defaults() -> centra_options {
    let mut options = std::mem::MaybeUninit::<centra_options>::zeroed();
    // SAFETY: zeros are options, and are all written.
    unsafe {
        centra_options_init_sized(options.as_mut_ptr(), size_of::<centra_options>());
        options.assume_init()
    }
}

/// The same options for C.
fn in_c(options: &Options, columns: bool, base: i32) -> centra_options {
    centra_options {
        init: match options.init {
            Init::KmeansPlusPlus => CENTRA_INIT_KMEANSPP,
            Init::Random => CENTRA_INIT_RANDOM,
            Init::Given => CENTRA_INIT_GIVEN,
            Init::Parallel => CENTRA_INIT_PARALLEL,
        },
        empty: match options.empty {
            Empty::Relocate => CENTRA_EMPTY_RELOCATE,
            Empty::Keep => CENTRA_EMPTY_KEEP,
            Empty::Error => CENTRA_EMPTY_ERROR,
            other => unreachable!("{other:?}"),
        },
        layout: i32::from(columns),
        label_base: base,
        threads: options.threads as i32,
        n_init: options.n_init as i32,
        max_iter: options.max_iter as i64,
        tol: options.tol,
        seed: options.seed,
        weights: options.weights.map_or(null(), <[f64]>::as_ptr),
        algorithm: match options.algorithm {
            Algorithm::Auto => CENTRA_ALGORITHM_AUTO,
            Algorithm::Lloyd => CENTRA_ALGORITHM_LLOYD,
            Algorithm::Hamerly => CENTRA_ALGORITHM_HAMERLY,
            other => unreachable!("{other:?}"),
        },
        ..defaults()
    }
}

/// The bytes up to the end of each member.
fn bytes_of(options: &centra_options, end: usize) -> Vec<u8> {
    // SAFETY: no member before `end` has padding before it: four bytes are followed by as many, eight by eight.
    unsafe { std::slice::from_raw_parts((&raw const *options).cast::<u8>(), end) }.to_vec()
}

/// The options as the caller hands them over; `None` for NULL.
fn handed(mut options: centra_options, manner: usize) -> Option<Guarded> {
    let last = OPTIONS_ENDS[OPTIONS_ENDS.len() - 1];
    let all = bytes_of(&options, last);
    let default = bytes_of(&defaults(), last);
    let differ = (8..last).rev().find(|&at| all[at] != default[at]);
    if manner == 2 && differ.is_none() {
        return None;
    }
    if manner == 1 {
        let needed = differ.unwrap_or(0);
        let end = OPTIONS_ENDS.iter().find(|&&end| end > needed);
        options.struct_size = *end.unwrap_or(&last);
        return Some(Guarded::new(&bytes_of(&options, options.struct_size), 0));
    }
    let mut whole = bytes_of(&options, last);
    // Padding is anything; the caller lends no threads.
    whole.resize(offset_of!(centra_options, parallel), GUARD);
    whole.resize(size_of::<centra_options>(), 0);
    Some(Guarded::new(&whole, 0))
}

/// The arguments of a call.
#[derive(Clone, Copy)]
struct Args {
    call: Call,
    of: Type,
    /// Of sparse rows their first value.
    points: *const u8,
    rows: Option<Rows>,
    n: usize,
    d: usize,
    ld: usize,
    k: usize,
    options: *const centra_options,
    centers: *mut f64,
    labels: *mut i32,
    sqdist: *mut f64,
    counts: *mut i64,
    inertia: *mut f64,
    report: *mut centra_report,
    workspace: *mut c_void,
    bytes: usize,
}

/// What else there is of sparse rows.
#[derive(Clone, Copy)]
struct Rows {
    struct_size: usize,
    columns: *const u8,
    starts: *const u8,
    value_type: i32,
    index_bytes: i32,
    stored: usize,
}

impl Rows {
    fn of(points: &Stored) -> Option<Rows> {
        let (columns, starts, index_bytes, stored) = points.raw_places()?;
        Some(Rows {
            struct_size: size_of::<centra_csr>(),
            columns,
            starts,
            value_type: match points.coordinates() {
                Type::Doubles => CENTRA_F64,
                Type::Floats => CENTRA_F32,
                Type::Bytes => CENTRA_U8,
            },
            index_bytes,
            stored,
        })
    }
}

/// A call on points of the type that these have.
macro_rules! typed {
    ($of:expr, [$f64:ident $f32:ident $u8:ident], $points:expr $(, $argument:expr)* $(,)?) => {
        match $of {
            Type::Doubles => $f64($points.cast() $(, $argument)*),
            Type::Floats => $f32($points.cast() $(, $argument)*),
            Type::Bytes => $u8($points $(, $argument)*),
        }
    };
}

/// The same of a query.
macro_rules! query {
    ($of:expr, [$f64:ident $f32:ident $u8:ident] $(, $argument:expr)* $(,)?) => {
        match $of {
            Type::Doubles => $f64($($argument),*),
            Type::Floats => $f32($($argument),*),
            Type::Bytes => $u8($($argument),*),
        }
    };
}

impl Args {
    fn call(self) -> i32 {
        if let Some(rows) = self.rows {
            return self.call_on_rows(rows);
        }
        let Args {
            points,
            n,
            d,
            ld,
            k,
            options,
            centers,
            labels,
            workspace,
            bytes,
            ..
        } = self;
        // SAFETY: all is as the header asks, but for faults, which are refused before anything is read or written there.
        unsafe {
            match self.call {
                Call::Fit => typed!(
                    self.of, [centra_fit centra_fit_f32 centra_fit_u8], points,
                    n,
                    d,
                    ld,
                    k,
                    options,
                    centers,
                    labels,
                    self.report,
                    workspace,
                    bytes,
                ),
                Call::Assign => typed!(
                    self.of, [centra_assign centra_assign_f32 centra_assign_u8], points,
                    n,
                    d,
                    ld,
                    k,
                    options,
                    centers,
                    labels,
                    self.sqdist,
                    workspace,
                    bytes,
                ),
                Call::Update => typed!(
                    self.of, [centra_update centra_update_f32 centra_update_u8], points,
                    n,
                    d,
                    ld,
                    k,
                    options,
                    labels,
                    centers,
                    self.counts,
                    workspace,
                    bytes,
                ),
                Call::Seed => {
                    typed!(self.of, [centra_seed centra_seed_f32 centra_seed_u8], points, n, d, ld, k, options, centers, workspace, bytes)
                }
                Call::Inertia => {
                    typed!(self.of, [centra_inertia centra_inertia_f32 centra_inertia_u8], points, n, d, ld, k, options, centers, labels, self.inertia)
                }
                Call::Distances | Call::Clusters => unreachable!("made in Rust alone"),
            }
        }
    }

    /// The same on sparse rows; where there are no points, there is no struct of them.
    fn call_on_rows(self, rows: Rows) -> i32 {
        let csr = centra_csr {
            struct_size: rows.struct_size,
            n: self.n,
            d: self.d,
            values: self.points.cast(),
            columns: rows.columns.cast(),
            starts: rows.starts.cast(),
            value_type: rows.value_type,
            index_bytes: rows.index_bytes,
        };
        let points: *const centra_csr = match self.points.is_null() {
            true => null(),
            false => &csr,
        };
        let (k, options, centers, labels) = (self.k, self.options, self.centers, self.labels);
        let (workspace, bytes) = (self.workspace, self.bytes);
        // SAFETY: as for the other calls.
        unsafe {
            match self.call {
                Call::Fit => centra_fit_csr(
                    points,
                    k,
                    options,
                    centers,
                    labels,
                    self.report,
                    workspace,
                    bytes,
                ),
                Call::Assign => centra_assign_csr(
                    points,
                    k,
                    options,
                    centers,
                    labels,
                    self.sqdist,
                    workspace,
                    bytes,
                ),
                Call::Update => centra_update_csr(
                    points,
                    k,
                    options,
                    labels,
                    centers,
                    self.counts,
                    workspace,
                    bytes,
                ),
                Call::Seed => centra_seed_csr(points, k, options, centers, workspace, bytes),
                Call::Inertia => {
                    centra_inertia_csr(points, k, options, centers, labels, self.inertia)
                }
                Call::Distances | Call::Clusters => unreachable!("made in Rust alone"),
            }
        }
    }

    /// The bytes that a call needs, or 0 where the query is refused.
    fn query(&self) -> usize {
        let Args {
            of,
            n,
            d,
            k,
            options,
            ..
        } = *self;
        let mut size = 0;
        // SAFETY: the options as they are handed over, and a local.
        let status = unsafe {
            match self.rows {
                Some(_) => centra_workspace_size_csr(n, d, k, options, &mut size),
                None => {
                    query!(of, [centra_workspace_size centra_workspace_size_f32 centra_workspace_size_u8], n, d, k, options, &mut size)
                }
            }
        };
        match status {
            CENTRA_OK => size,
            _ => 0,
        }
    }

    /// Whether there are coordinates in memory.
    fn has_points(&self) -> bool {
        self.n > 0 && self.rows.is_none_or(|rows| rows.stored > 0)
    }

    fn reads_labels(&self) -> bool {
        matches!(self.call, Call::Update | Call::Inertia)
    }

    fn has_memory(&self) -> bool {
        self.call != Call::Inertia && !self.workspace.is_null()
    }
}

/// An aligned address whose eight bytes have the first of the points.
fn over(points: *const u8) -> *mut f64 {
    points.wrapping_sub(points as usize % 8).cast_mut().cast()
}

fn misaligned<T>(pointer: *mut T) -> *mut T {
    pointer.wrapping_byte_add(1)
}

/// A fault: what it is, its status, and how it is put in; `false` where it does not apply.
type Fault = (
    &'static str,
    i32,
    fn(&mut Args, &mut centra_options, &mut Rng) -> bool,
);

/// A member of the struct of sparse rows that is set to one of these values.
macro_rules! of_rows {
    ($member:ident: $($value:expr),+) => {
        (stringify!($member), CENTRA_ERR_OPTION, |args, _, rng| {
            let values = [$($value),+];
            let rows = args.rows.as_mut();
            rows.map(|rows| rows.$member = values[rng.below(values.len())]).is_some()
        })
    };
}

/// A member of the options that is set to one of these values.
macro_rules! option {
    ($member:ident: $($value:expr),+) => {
        (stringify!($member), CENTRA_ERR_OPTION, |_, options, rng| {
            let values = [$($value),+];
            options.$member = values[rng.below(values.len())];
            true
        })
    };
}

#[rustfmt::skip]
const FAULTS: &[Fault] = &[
    option!(struct_size: 0, 7, size_of::<centra_options>() + 1, usize::MAX),
    option!(init: -1, 4, i32::MAX),
    option!(empty: -1, 3, i32::MIN),
    option!(layout: -1, 2),
    option!(label_base: -1, 2),
    option!(threads: -1, i32::MIN),
    option!(n_init: 0, -1),
    option!(max_iter: -1, i64::MIN),
    option!(tol: -1.0, f64::NAN, f64::INFINITY, -5e-324),
    option!(algorithm: -1, 3),
    of_rows!(struct_size: 0, size_of::<centra_csr>() - 1, size_of::<centra_csr>() + 1, usize::MAX),
    of_rows!(value_type: -1, 3),
    of_rows!(index_bytes: 0, 2, 16, i32::MIN),
    ("odd columns", CENTRA_ERR_NULL, |a, _, _| {
        a.rows.as_mut().map(|rows| rows.columns = misaligned(rows.columns.cast_mut())).is_some()
    }),
    ("odd starts", CENTRA_ERR_NULL, |a, _, _| {
        a.rows.as_mut().map(|rows| rows.starts = misaligned(rows.starts.cast_mut())).is_some()
    }),
    ("no points", CENTRA_ERR_NULL, |a, _, _| { a.points = null(); a.n > 0 }),
    ("no centers", CENTRA_ERR_NULL, |a, _, _| { a.centers = null_mut(); true }),
    ("no labels", CENTRA_ERR_NULL, |a, _, _| {
        a.labels = null_mut();
        a.n > 0 && !matches!(a.call, Call::Fit | Call::Seed)
    }),
    ("no inertia", CENTRA_ERR_NULL, |a, _, _| { a.inertia = null_mut(); a.call == Call::Inertia }),
    ("odd points", CENTRA_ERR_NULL, |a, _, _| { a.points = misaligned(a.points.cast_mut()); a.of != Type::Bytes }),
    ("odd options", CENTRA_ERR_NULL, |a, _, _| { a.options = misaligned(a.options.cast_mut()); true }),
    ("odd weights", CENTRA_ERR_NULL, |_, o, _| { o.weights = misaligned(o.weights.cast_mut()); true }),
    ("odd centers", CENTRA_ERR_NULL, |a, _, _| { a.centers = misaligned(a.centers); true }),
    ("odd labels", CENTRA_ERR_NULL, |a, _, _| { a.labels = misaligned(a.labels); a.call != Call::Seed }),
    ("odd report", CENTRA_ERR_NULL, |a, _, _| { a.report = misaligned(a.report); a.call == Call::Fit }),
    ("odd sqdist", CENTRA_ERR_NULL, |a, _, _| { a.sqdist = misaligned(a.sqdist); a.call == Call::Assign }),
    ("odd counts", CENTRA_ERR_NULL, |a, _, _| { a.counts = misaligned(a.counts); a.call == Call::Update }),
    ("odd inertia", CENTRA_ERR_NULL, |a, _, _| { a.inertia = misaligned(a.inertia); a.call == Call::Inertia }),
    ("ld", CENTRA_ERR_SHAPE, |a, o, _| {
        let least = if o.layout == CENTRA_ROWS { a.d } else { a.n };
        a.ld = least.wrapping_sub(1);
        a.n > 0 && a.rows.is_none()
    }),
    ("d = 0", CENTRA_ERR_SHAPE, |a, _, _| { a.d = 0; true }),
    ("k = 0", CENTRA_ERR_SHAPE, |a, _, _| { a.k = 0; true }),
    ("huge k", CENTRA_ERR_SHAPE, |a, _, rng| { a.k = [1 << 31, usize::MAX][rng.below(2)]; true }),
    ("huge n", CENTRA_ERR_SHAPE, |a, _, rng| { a.n = [usize::MAX / 8, usize::MAX][rng.below(2)]; true }),
    ("little memory", CENTRA_ERR_WORKSPACE, |a, _, rng| { a.bytes = rng.below(16); a.has_memory() }),
    ("odd memory", CENTRA_ERR_WORKSPACE, |a, _, _| { a.workspace = a.workspace.wrapping_byte_add(8); a.has_memory() }),
    ("no memory", CENTRA_ERR_WORKSPACE, |a, _, _| { let has = a.has_memory(); a.workspace = null_mut(); has }),
    ("labels in centers", CENTRA_ERR_ALIAS, |a, _, _| {
        a.labels = a.centers.cast();
        a.n > 0 && !matches!(a.call, Call::Seed | Call::Inertia)
    }),
    ("centers in points", CENTRA_ERR_ALIAS, |a, _, _| {
        a.centers = over(a.points);
        a.has_points() && !matches!(a.call, Call::Assign | Call::Inertia)
    }),
    ("sqdist in points", CENTRA_ERR_ALIAS, |a, _, _| { a.sqdist = over(a.points); a.has_points() && a.call == Call::Assign }),
    ("counts in centers", CENTRA_ERR_ALIAS, |a, _, _| { a.counts = a.centers.cast(); a.call == Call::Update }),
    ("inertia in centers", CENTRA_ERR_ALIAS, |a, _, _| { a.inertia = a.centers; a.call == Call::Inertia }),
    ("report in options", CENTRA_ERR_ALIAS, |a, _, _| { a.report = a.options.cast_mut().cast(); a.call == Call::Fit }),
    ("memory in points", CENTRA_ERR_ALIAS, |a, _, _| {
        let has = a.has_memory() && a.has_points();
        a.workspace = a.points.cast_mut().cast();
        has
    }),
];

fn detail() -> String {
    // SAFETY: text that lives until this thread's next refusal.
    let text = unsafe { CStr::from_ptr(centra_error_detail()) };
    text.to_string_lossy().into_owned()
}

/// The call on all points at once.
pub fn at_once(case: &Case, way: Way, seed: u64) -> Outcome {
    let manner = Manner::drawn(seed);
    let (n, k, base) = (case.n(), case.input.k(), manner.base);
    let stored = Stored::new(&case.input.x, case.input.d, way.copy);
    let (points, _, d, ld, columns) = stored.raw();
    let inputs = (stored.bits(), case.input.weights.as_deref().map(reals));

    let mut watched = Watched {
        reported: Vec::new(),
        calls: 0,
        stop: case.stop,
    };
    let choice = case.options(way);
    let mut options = in_c(&choice, columns, base);
    if manner.watched || case.stop.is_some() {
        options.progress = Some(watch);
        options.progress_data = (&raw mut watched).cast();
    }
    let mut handed = handed(options, manner.options);

    let shifted: Vec<i32> = case.labels.iter().map(|label| label + base).collect();
    let mut centers = Guarded::new(&case.input.start, manner.past);
    let mut labels = Guarded::new(&shifted, manner.past);
    let mut sqdist = Guarded::new(&vec![-7.0; n], manner.past);
    let mut counts = Guarded::new(&vec![-7i64; k], manner.past);
    let mut inertia = Guarded::new(&[-7.0], manner.past);
    let mut report = vec![GUARD; size_of::<centra_report>()];
    report[..8].copy_from_slice(&manner.report.to_ne_bytes());
    let mut report = Guarded::new(&report, 0);

    let mut args = Args {
        call: case.call,
        of: stored.coordinates(),
        points,
        rows: Rows::of(&stored),
        n,
        d,
        ld,
        k,
        options: handed
            .as_mut()
            .map_or(null(), |handed| handed.pointer::<u8>().cast()),
        centers: centers.pointer(),
        labels: labels.pointer(),
        sqdist: sqdist.pointer(),
        counts: counts.pointer(),
        inertia: inertia.pointer(),
        report: report.pointer::<u8>().cast(),
        workspace: null_mut(),
        bytes: 0,
    };
    let [no_labels, no_report, no_others] = manner.without;
    if no_labels && case.call == Call::Fit {
        args.labels = null_mut();
    }
    if no_report {
        args.report = null_mut();
    }
    if no_others {
        (args.sqdist, args.counts) = (null_mut(), null_mut());
    }
    let size = args.query();
    let asked = match manner.memory {
        0 => 0,
        1 => size,
        _ => size + 1000,
    };

    let before =
        [&centers, &labels, &sqdist, &counts, &inertia, &report].map(|of| of.all().to_vec());
    let untouched = |what: &str, all: [&Guarded; 6]| {
        let names = ["centers", "labels", "sqdist", "counts", "inertia", "report"];
        for ((of, before), name) in all.iter().zip(&before).zip(names) {
            of.check_same(before, &format!("{name} ({what})"));
        }
    };
    let mut memory = Workspace::default();
    let ran = memory.run(asked, |workspace| {
        if asked > 0 {
            (args.workspace, args.bytes) = (workspace.as_mut_ptr().cast(), asked);
        }
        let faulty = manner.fault.and_then(|fault| {
            let (name, expected, put_in) = FAULTS[fault];
            let (mut args, mut options) = (args, options);
            let own: *const centra_options = &raw const options;
            args.options = own;
            let applies = put_in(&mut args, &mut options, &mut Rng(seed));
            applies.then(|| (name, expected, args.call()))
        });
        untouched(
            "with a fault",
            [&centers, &labels, &sqdist, &counts, &inertia, &report],
        );
        (faulty, args.call())
    });
    let (faulty, status) = ran.unwrap_or_else(|what| panic!("{what}"));
    let detail = if status < 0 { detail() } else { String::new() };

    let again = (stored.bits(), case.input.weights.as_deref().map(reals));
    assert!(again == inputs, "wrote points or weights");
    if let Some((name, expected, got)) = faulty {
        // What is wrong with the case itself may be seen first.
        let first = [CENTRA_ERR_SHAPE, CENTRA_ERR_OPTION].contains(&status) && got == status;
        assert!(
            got == expected || first,
            "{name}: status {got}, not {expected}"
        );
    }
    let all = [&centers, &labels, &sqdist, &counts, &inertia, &report];
    if status < 0 {
        untouched("on a refusal", all);
        return Outcome::refused(status, detail, base);
    }
    let written = match case.call {
        Call::Fit => [
            true,
            !args.labels.is_null(),
            false,
            false,
            false,
            !args.report.is_null(),
        ],
        Call::Assign => [false, true, !args.sqdist.is_null(), false, false, false],
        Call::Update => [true, false, false, !args.counts.is_null(), false, false],
        Call::Seed => [true, false, false, false, false, false],
        Call::Inertia => [false, false, false, false, true, false],
        Call::Distances | Call::Clusters => unreachable!("made in Rust alone"),
    };
    let names = ["centers", "labels", "sqdist", "counts", "inertia", "report"];
    for i in 0..6 {
        all[i].check(names[i]);
        if !written[i] {
            all[i].check_same(&before[i], names[i]);
        }
    }

    let mut outputs = vec![("centers", reals(&centers.content()))];
    let labels: Vec<i32> = labels.content();
    // Labels that a call reads are an output of the other forms.
    if written[1] || args.reads_labels() {
        let labels: Vec<i32> = labels.iter().map(|label| label - base).collect();
        outputs.push(("labels", integers(&labels)));
    }
    if written[2] {
        outputs.push(("sqdist", reals(&sqdist.content())));
    }
    if written[3] {
        outputs.push(("counts", integers(&counts.content::<i64>())));
    }
    if written[4] {
        outputs.push(("inertia", reals(&inertia.content())));
    }
    if written[5] {
        outputs.extend(reported(&report, manner.report, status));
    }
    if options.progress.is_some() && case.call == Call::Fit {
        outputs.push(("progress", watched.reported));
    }
    Outcome::written(outputs)
}

/// What a report of so many bytes tells; what it does not know of must not be written.
fn reported(report: &Guarded, known: usize, status: i32) -> Vec<(&'static str, Vec<u64>)> {
    let bytes: Vec<u8> = report.content();
    let end = REPORT_ENDS.iter().rev().find(|&&end| end <= known);
    let end = *end.expect("a size is always known");
    assert!(bytes[..8] == known.to_ne_bytes(), "wrote the report's size");
    let more = bytes[end..].iter().any(|&byte| byte != GUARD);
    assert!(!more, "wrote more of a report than its size");
    let word = |at: usize| u64::from_ne_bytes(bytes[at..at + 8].try_into().expect("8 bytes"));
    let mut outputs = Vec::new();
    if end >= 48 {
        outputs.push(("inertia", vec![word(40)]));
        let stopped_by = word(8) & u64::from(u32::MAX);
        let cancelled = u64::from(status == CENTRA_CANCELLED);
        let run = vec![word(16), word(32), word(24), stopped_by, cancelled];
        outputs.push((Outcome::RUN, run));
    }
    if end >= 104 {
        let seconds = |at| f64::from_bits(word(at)).is_finite() && f64::from_bits(word(at)) >= 0.0;
        assert!((72..104).step_by(8).all(seconds), "seconds");
    }
    outputs
}

/// The calls on chunks through the C ABI, each between guards and in a workspace as it is asked for.
pub struct InC {
    base: i32,
    rng: RefCell<Rng>,
    memory: RefCell<Workspace>,
}

/// Calls with arrays that are written; after a refusal they are as they were, and never is what is beside them.
fn between<const N: usize>(
    mut arrays: [&mut Guarded; N],
    call: impl FnOnce([*mut u8; N]) -> i32,
) -> Result<(), Refused> {
    let before = arrays.each_ref().map(|array| array.all().to_vec());
    let pointers = arrays.each_mut().map(|array| array.pointer::<u8>());
    let status = call(pointers);
    for (i, array) in arrays.iter().enumerate() {
        array.check("an array of a stream");
        if status < 0 {
            array.check_same(&before[i], "an array of a stream");
        }
    }
    match status {
        CENTRA_OK => Ok(()),
        _ => Err(Refused {
            status,
            detail: detail(),
        }),
    }
}

/// What the calls on a chunk have in common.
#[derive(Clone, Copy)]
struct Common {
    of: Type,
    points: *const u8,
    n: usize,
    d: usize,
    ld: usize,
    k: usize,
    options: *const centra_options,
    total: i64,
    range: *const i32,
    workspace: *mut c_void,
    bytes: usize,
}

/// As [`Fault`], of a call on a chunk.
type ChunkFault = (
    &'static str,
    i32,
    fn(&mut Common, &mut centra_options) -> bool,
);

#[rustfmt::skip]
const CHUNK_FAULTS: &[ChunkFault] = &[
    ("label_base", CENTRA_ERR_OPTION, |_, o| { o.label_base = 2; true }),
    ("no points", CENTRA_ERR_NULL, |c, _| { c.points = null(); true }),
    ("odd points", CENTRA_ERR_NULL, |c, _| { c.points = misaligned(c.points.cast_mut()); c.of != Type::Bytes }),
    ("ld", CENTRA_ERR_SHAPE, |c, o| { c.ld = if o.layout == CENTRA_ROWS { c.d - 1 } else { c.n - 1 }; true }),
    ("d = 0", CENTRA_ERR_SHAPE, |c, _| { c.d = 0; true }),
    ("huge n", CENTRA_ERR_SHAPE, |c, _| { c.n = usize::MAX; true }),
    ("no memory", CENTRA_ERR_WORKSPACE, |c, _| { (c.workspace, c.bytes) = (null_mut(), 16); true }),
    ("odd memory", CENTRA_ERR_WORKSPACE, |c, _| { c.workspace = c.workspace.wrapping_byte_add(8); !c.workspace.is_null() }),
    ("total < 0", CENTRA_ERR_SHAPE, |c, _| { c.total = -1; !c.range.is_null() }),
    ("huge total", CENTRA_ERR_SHAPE, |c, _| { c.total = i64::MAX; !c.range.is_null() }),
    ("k = 0", CENTRA_ERR_SHAPE, |c, _| { c.k = 0; !c.range.is_null() }),
    ("odd range", CENTRA_ERR_NULL, |c, _| { let has = !c.range.is_null(); c.range = misaligned(c.range.cast_mut()); has }),
];

impl InC {
    pub fn new(seed: u64) -> InC {
        let mut rng = Rng(seed);
        InC {
            base: if seed == 0 { 0 } else { rng.below(2) as i32 },
            rng: rng.into(),
            memory: Workspace::default().into(),
        }
    }

    fn below(&self, bound: usize) -> usize {
        self.rng.borrow_mut().below(bound)
    }

    fn guarded<T: Plain>(&self, content: &[T]) -> Guarded {
        Guarded::new(content, self.below(3))
    }

    /// Calls on a chunk, in a workspace as it is asked for or without one; before that at times with a fault.
    fn on_chunk<const N: usize>(
        &self,
        whole: Option<Whole>,
        points: &Stored,
        options: &Options,
        mut arrays: [&mut Guarded; N],
        call: impl Fn(Common, [*mut u8; N]) -> i32,
    ) -> Result<(), Refused> {
        let (start, n, d, ld, columns) = points.raw();
        let options = in_c(options, columns, self.base);
        // Of a range, any total and any k.
        let (total, k) = whole.map_or((n, 1), |whole| (whole.total, whole.k));
        let mut common = Common {
            of: points.coordinates(),
            points: start,
            n,
            d,
            ld,
            k,
            options: &options,
            total: total as i64,
            range: whole.map_or(null(), |whole| whole.range.as_ptr()),
            workspace: null_mut(),
            bytes: 0,
        };
        let mut size = 0;
        // SAFETY: live locals.
        let asked = unsafe {
            query!(
                common.of,
                [centra_stream_workspace_size centra_stream_workspace_size_f32 centra_stream_workspace_size_u8],
                n, total as i64, d, k, &options, &mut size,
            )
        };
        if asked != CENTRA_OK || self.below(3) == 0 {
            size = 0;
        }
        let faulty = (self.below(4) == 0).then(|| CHUNK_FAULTS[self.below(CHUNK_FAULTS.len())]);
        let inputs = points.bits();
        let mut memory = self.memory.borrow_mut();
        let ran = memory.run(size, |memory| {
            if size > 0 {
                (common.workspace, common.bytes) = (memory.as_mut_ptr().cast(), size);
            }
            let faulty = faulty.and_then(|(name, expected, put_in)| {
                let (mut common, mut options) = (common, options);
                let applies = put_in(&mut common, &mut options);
                common.options = &options;
                let arrays = arrays.each_mut().map(|array| &mut **array);
                applies.then(|| (name, expected, between(arrays, |to| call(common, to))))
            });
            let arrays = arrays.each_mut().map(|array| &mut **array);
            (faulty, between(arrays, |to| call(common, to)))
        });
        assert!(points.bits() == inputs, "wrote points");
        let (faulty, result) = ran.unwrap_or_else(|what| panic!("{what}"));
        if let Some((name, expected, got)) = faulty {
            let got = got.err().map_or(CENTRA_OK, |refused| refused.status);
            let own = result.as_ref().err().map(|refused| refused.status);
            assert!(
                got == expected || own == Some(got),
                "{name} in a chunk: status {got}, not {expected}"
            );
        }
        result
    }
}

fn length(call: impl FnOnce(*mut usize) -> i32) -> Result<usize, Refused> {
    let mut length = usize::MAX;
    match call(&mut length) {
        CENTRA_OK => Ok(length),
        status => {
            assert!(length == usize::MAX, "wrote a length on a refusal");
            Err(Refused {
                status,
                detail: detail(),
            })
        }
    }
}

/// The rows of a pointer that is NULL where there are none.
fn rows(x: &[f64]) -> *const f64 {
    if x.is_empty() {
        null()
    } else {
        x.as_ptr()
    }
}

/// A state in C, between pages that cannot be touched.
fn state_in_c(state: &State) -> Guarded {
    let c_state = centra_stream_state {
        struct_size: size_of::<centra_stream_state>(),
        done: i32::from(state.done()),
        stopped_by: state.stopped_by.map_or(0, |reason| reason as i32),
        iterations: state.iterations,
        moved: state.moved,
        empty_clusters: state.empty_clusters,
        shift: state.shift,
        inertia: state.inertia,
    };
    // SAFETY: a live struct without padding.
    let bytes = unsafe {
        std::slice::from_raw_parts((&raw const c_state).cast::<u8>(), size_of_val(&c_state))
    };
    Guarded::new(bytes, 0)
}

fn state_of_c(c_state: &mut Guarded) -> State {
    // SAFETY: as many bytes, of plain numbers.
    let c_state = unsafe {
        c_state
            .pointer::<u8>()
            .cast::<centra_stream_state>()
            .read_unaligned()
    };
    let reasons = [
        StoppedBy::Converged,
        StoppedBy::Tolerance,
        StoppedBy::MaxIter,
    ];
    let mut state = State::default();
    state.stopped_by = (c_state.done != 0).then(|| reasons[c_state.stopped_by as usize]);
    (state.iterations, state.moved) = (c_state.iterations, c_state.moved);
    state.empty_clusters = c_state.empty_clusters;
    (state.shift, state.inertia) = (c_state.shift, c_state.inertia);
    state
}

// SAFETY, of all calls below: all arrays have the lengths that the header asks for, and live; a fault is refused before anything
// is read or written there.
#[allow(clippy::undocumented_unsafe_blocks)]
#[rustfmt::skip]
impl Calls for InC {
    fn range_length(&self, d: usize) -> Result<usize, Refused> {
        length(|to| unsafe { centra_stream_range_length(d, to) })
    }

    fn range(&self, points: &Stored, options: &Options, range: &mut [i32]) -> Result<(), Refused> {
        let mut to = self.guarded(range);
        self.on_chunk(None, points, options, [&mut to], |c, [to]| unsafe {
            typed!(c.of, [centra_stream_range centra_stream_range_f32 centra_stream_range_u8], c.points, c.n, c.d, c.ld, c.options, to.cast(), c.workspace, c.bytes)
        })?;
        range.copy_from_slice(&to.content());
        Ok(())
    }

    fn sums_length(&self, w: Whole) -> Result<usize, Refused> {
        length(|to| unsafe { centra_stream_sums_length(w.total as i64, w.d, w.k, w.range.as_ptr(), to) })
    }

    fn sums(
        &self, whole: Whole, points: &Stored, options: &Options, centers: &[f64], labels: &mut [i32], wanted: Wanted,
        sums: &mut [i64],
    ) -> Result<(), Refused> {
        let base = self.base;
        let shifted: Vec<i32> = labels.iter().map(|label| label + base).collect();
        let (mut named, mut to) = (self.guarded(&shifted), self.guarded(sums));
        let inertia = if wanted.inertia { CENTRA_STREAM_INERTIA } else { 0 };
        let moved = if wanted.moved { CENTRA_STREAM_MOVED } else { 0 };
        let unnamed = (self.below(4) == 0).then(|| {
            let mut to = self.guarded(sums);
            let result = self.on_chunk(Some(whole), points, options, [&mut to], |c, [to]| unsafe {
                typed!(c.of, [centra_stream_sums centra_stream_sums_f32 centra_stream_sums_u8], c.points, c.n, c.d, c.ld, c.k, c.options, c.total, c.range, centers.as_ptr(), null_mut(), inertia, to.cast(),
                    c.workspace, c.bytes,
                )
            });
            (result, to.content::<i64>())
        });
        let result = self.on_chunk(Some(whole), points, options, [&mut named, &mut to], |c, [named, to]| unsafe {
            typed!(c.of, [centra_stream_sums centra_stream_sums_f32 centra_stream_sums_u8], c.points, c.n, c.d, c.ld, c.k, c.options, c.total, c.range, centers.as_ptr(), named.cast(), inertia | moved,
                to.cast(), c.workspace, c.bytes,
            )
        });
        let written: Vec<i64> = to.content();
        if let Some((other, mut without)) = unnamed {
            // The points that were compared, and those of them that moved.
            without[1..3].copy_from_slice(&written[1..3]);
            assert!(other == result && without == written, "other sums without labels");
        }
        result?;
        sums.copy_from_slice(&written);
        let written: Vec<i32> = named.content();
        labels.iter_mut().zip(written).for_each(|(label, written)| *label = written - base);
        Ok(())
    }

    fn means(&self, w: Whole, sums: &[i64], centers: &mut [f64], counts: &mut [i64]) -> Result<(), Refused> {
        let (total, range) = (w.total as i64, w.range.as_ptr());
        let (mut to, mut alone, mut number) = (self.guarded(centers), self.guarded(centers), self.guarded(counts));
        let result = between([&mut to, &mut number], |[to, number]| unsafe {
            centra_stream_means(total, w.d, w.k, range, sums.as_ptr(), to.cast(), number.cast())
        });
        let without = between([&mut alone], |[to]| unsafe {
            centra_stream_means(total, w.d, w.k, range, sums.as_ptr(), to.cast(), null_mut())
        });
        let (to, alone): (Vec<f64>, Vec<f64>) = (to.content(), alone.content());
        assert!(without == result && reals(&to) == reals(&alone), "other means without counts");
        result?;
        centers.copy_from_slice(&to);
        counts.copy_from_slice(&number.content());
        Ok(())
    }

    fn step(
        &self, w: Whole, sums: &[i64], options: &Options, centers: &mut [f64], state: &mut State,
    ) -> Result<(), Refused> {
        let options = in_c(options, false, self.base);
        let (mut to, mut c_state) = (self.guarded(centers), state_in_c(state));
        between([&mut to, &mut c_state], |[to, c_state]| unsafe {
            centra_stream_step(
                w.total as i64, w.d, w.k, &options, w.range.as_ptr(), sums.as_ptr(), to.cast(), c_state.cast(),
            )
        })?;
        centers.copy_from_slice(&to.content());
        *state = state_of_c(&mut c_state);
        Ok(())
    }

    fn farthest_length(
        &self, w: Whole, sums: &[i64], options: &Options, centers: &[f64], state: &State,
    ) -> Result<usize, Refused> {
        let (options, mut c_state) = (in_c(options, false, self.base), state_in_c(state));
        length(|to| unsafe {
            centra_stream_farthest_length(
                w.total as i64, w.d, w.k, &options, w.range.as_ptr(), sums.as_ptr(), centers.as_ptr(),
                c_state.pointer::<u8>().cast(), to,
            )
        })
    }

    fn farthest(
        &self, whole: Whole, points: &Stored, options: &Options, centers: &[f64], sums: &[i64], first: u64, farthest: &mut [i64],
    ) -> Result<(), Refused> {
        let (mut to, length) = (self.guarded(farthest), farthest.len());
        self.on_chunk(Some(whole), points, options, [&mut to], |c, [to]| unsafe {
            typed!(c.of, [centra_stream_farthest centra_stream_farthest_f32 centra_stream_farthest_u8], c.points, c.n, c.d, c.ld, c.k, c.options, c.total, c.range,
                centers.as_ptr(), sums.as_ptr(), first as i64, to.cast(), length, c.workspace, c.bytes,
            )
        })?;
        farthest.copy_from_slice(&to.content());
        Ok(())
    }

    fn join_farthest(&self, d: usize, from: &[i64], farthest: &mut [i64]) -> Result<(), Refused> {
        let (mut to, length) = (self.guarded(farthest), farthest.len());
        between([&mut to], |[to]| unsafe { centra_stream_farthest_join(d, length, from.as_ptr(), to.cast()) })?;
        farthest.copy_from_slice(&to.content());
        Ok(())
    }

    fn relocate(
        &self, w: Whole, sums: &mut [i64], farthest: &[i64], options: &Options, centers: &mut [f64], state: &mut State,
    ) -> Result<(), Refused> {
        let options = in_c(options, false, self.base);
        let (mut to, mut moved, mut c_state) = (self.guarded(centers), self.guarded(sums), state_in_c(state));
        let list = if farthest.is_empty() { null() } else { farthest.as_ptr() };
        between([&mut moved, &mut to, &mut c_state], |[moved, to, c_state]| unsafe {
            centra_stream_relocate(
                w.total as i64, w.d, w.k, &options, w.range.as_ptr(), moved.cast(), list, farthest.len(), to.cast(), c_state.cast(),
            )
        })?;
        centers.copy_from_slice(&to.content());
        sums.copy_from_slice(&moved.content());
        *state = state_of_c(&mut c_state);
        Ok(())
    }

    fn candidates(&self, whole: Whole) -> Result<usize, Refused> {
        let mut all = 0;
        let of_round = length(|to| unsafe { centra_stream_candidates(whole.k, to, &mut all) })?;
        assert!(all == 5 * of_round);
        Ok(of_round)
    }

    fn due(&self, whole: Whole, round: u32, count: usize, masses: &[i64]) -> Result<bool, Refused> {
        match unsafe { centra_stream_due(whole.k, round, count, masses.as_ptr()) } {
            0 => Ok(false),
            1 => Ok(true),
            status => Err(Refused { status, detail: detail() }),
        }
    }

    fn masses(
        &self, whole: Whole, points: &Stored, options: &Options, candidates: &[f64], kept: Option<Kept>, masses: &mut [i64],
    ) -> Result<(), Refused> {
        let (count, start) = (candidates.len() / whole.d, rows(candidates));
        let mut to = self.guarded(masses);
        match kept {
            None => self.on_chunk(Some(whole), points, options, [&mut to], |c, [to]| unsafe {
                typed!(c.of, [centra_stream_masses centra_stream_masses_f32 centra_stream_masses_u8], c.points, c.n, c.d, c.ld, c.k, c.options, c.total, c.range, start, count, 0, null_mut(), to.cast(),
                    c.workspace, c.bytes,
                )
            })?,
            Some(Kept { distances, known }) => {
                let mut kept = self.guarded(distances);
                self.on_chunk(Some(whole), points, options, [&mut kept, &mut to], |c, [kept, to]| unsafe {
                    typed!(c.of, [centra_stream_masses centra_stream_masses_f32 centra_stream_masses_u8], c.points, c.n, c.d, c.ld, c.k, c.options, c.total, c.range, start, count, known, kept.cast(), to.cast(),
                        c.workspace, c.bytes,
                    )
                })?;
                distances.copy_from_slice(&kept.content());
            }
        }
        masses.copy_from_slice(&to.content());
        Ok(())
    }

    fn draw(
        &self, whole: Whole, points: &Stored, options: &Options, masses: &[i64], candidates: &[f64], distances: Option<&[f64]>,
        drawn: Drawn,
    ) -> Result<(), Refused> {
        let (count, start) = (candidates.len() / whole.d, rows(candidates));
        let Drawn { round, first, rows, count: number } = drawn;
        let kept = distances.map_or(null(), <[f64]>::as_ptr);
        let (mut to, mut so_far) = (self.guarded(rows), self.guarded(&[*number]));
        self.on_chunk(Some(whole), points, options, [&mut to, &mut so_far], |c, [to, so_far]| unsafe {
            typed!(c.of, [centra_stream_draw centra_stream_draw_f32 centra_stream_draw_u8], c.points, c.n, c.d, c.ld, c.k, c.options, c.total, c.range, masses.as_ptr(), start, count, kept, round,
                first as i64, to.cast(), so_far.cast(), c.workspace, c.bytes,
            )
        })?;
        rows.copy_from_slice(&to.content());
        *number = so_far.content()[0];
        Ok(())
    }

    fn weights_length(&self, w: Whole, count: usize) -> Result<usize, Refused> {
        length(|to| unsafe { centra_stream_weights_length(w.total as i64, w.d, w.k, w.range.as_ptr(), count, to) })
    }

    fn weigh(
        &self, whole: Whole, points: &Stored, options: &Options, candidates: &[f64], weights: &mut [i64],
    ) -> Result<(), Refused> {
        let (count, start) = (candidates.len() / whole.d, rows(candidates));
        let mut to = self.guarded(weights);
        self.on_chunk(Some(whole), points, options, [&mut to], |c, [to]| unsafe {
            typed!(c.of, [centra_stream_weigh centra_stream_weigh_f32 centra_stream_weigh_u8], c.points, c.n, c.d, c.ld, c.k, c.options, c.total, c.range, start, count, to.cast(), c.workspace, c.bytes,
            )
        })?;
        weights.copy_from_slice(&to.content());
        Ok(())
    }

    fn choose(
        &self, w: Whole, candidates: &[f64], weights: &[i64], options: &Options, centers: &mut [f64],
    ) -> Result<(), Refused> {
        let options = in_c(options, false, self.base);
        let mut to = self.guarded(centers);
        let count = candidates.len() / w.d;
        between([&mut to], |[to]| unsafe {
            centra_stream_choose(
                w.total as i64, w.d, w.k, &options, w.range.as_ptr(), candidates.as_ptr(), count, weights.as_ptr(), to.cast(),
                null_mut(), 0,
            )
        })?;
        centers.copy_from_slice(&to.content());
        Ok(())
    }
}
