//! With a caller's workspace and one thread, no call allocates: not the first of a process, not a refused one. With its
//! own memory a call gives all of it back, takes no more than `centra_workspace_size` says, and that is never of order
//! n·k. Nothing outside the workspace and the outputs is written, nothing outside the inputs is read.
//!
//! Each check runs in a child process with one test in it, and what the test runner's own thread takes meanwhile is not
//! counted, so whatever is counted is the library's.

mod calls;
mod isas;

use calls::stream::Chunk;
use calls::*;
use centra::capi;
use isas::isas;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ffi::c_void;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::SeqCst};

/// Whether the calling thread is not the test runner's: a test has a thread of its own, and the runner, in the process's
/// first, still notes that it has started it when the machine is busy. A thread is known by where its copy of a
/// thread-local is; this one needs no destructor, so asking for it takes no memory.
fn is_counted() -> bool {
    thread_local!(static HERE: Cell<u8> = const { Cell::new(0) });
    static RUNNER: AtomicUsize = AtomicUsize::new(0);
    let here = HERE.with(|here| std::ptr::from_ref(here).addr());
    // The first thread takes memory before it can start another.
    RUNNER
        .compare_exchange(0, here, SeqCst, SeqCst)
        .is_err_and(|runner| runner != here)
}

static CALLS: AtomicI64 = AtomicI64::new(0);
static LIVE: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);

fn taken(bytes: usize) {
    if !is_counted() {
        return;
    }
    CALLS.fetch_add(1, SeqCst);
    let live = LIVE.fetch_add(bytes as i64, SeqCst) + bytes as i64;
    PEAK.fetch_max(live, SeqCst);
}

struct Counting;

// SAFETY: every request is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        if is_counted() {
            LIVE.fetch_sub(layout.size() as i64, SeqCst);
        }
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// Rust's allocator does not see what the C library takes for itself: a thread-local with a destructor, for one, makes
/// glibc `calloc` a list entry on first use. So glibc's own entry points are counted as well.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc {
    use std::ffi::c_void;
    use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

    pub static CALLS: AtomicI64 = AtomicI64::new(0);
    pub static BLOCKS: AtomicI64 = AtomicI64::new(0);

    extern "C" {
        fn __libc_malloc(size: usize) -> *mut c_void;
        fn __libc_calloc(count: usize, size: usize) -> *mut c_void;
        fn __libc_realloc(memory: *mut c_void, size: usize) -> *mut c_void;
        fn __libc_memalign(align: usize, size: usize) -> *mut c_void;
        fn __libc_free(memory: *mut c_void);
    }

    fn counted(memory: *mut c_void) -> *mut c_void {
        if super::is_counted() {
            CALLS.fetch_add(1, SeqCst);
            BLOCKS.fetch_add(!memory.is_null() as i64, SeqCst);
        }
        memory
    }

    #[no_mangle]
    extern "C" fn malloc(size: usize) -> *mut c_void {
        // SAFETY: glibc's own implementation, with the caller's arguments; so for those below.
        counted(unsafe { __libc_malloc(size) })
    }
    #[no_mangle]
    extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
        // SAFETY: as above.
        counted(unsafe { __libc_calloc(count, size) })
    }
    #[no_mangle]
    extern "C" fn aligned_alloc(align: usize, size: usize) -> *mut c_void {
        // SAFETY: as above.
        counted(unsafe { __libc_memalign(align, size) })
    }
    #[no_mangle]
    unsafe extern "C" fn posix_memalign(out: *mut *mut c_void, align: usize, size: usize) -> i32 {
        // SAFETY: as above; `out` is the caller's to be written.
        unsafe {
            *out = counted(__libc_memalign(align, size));
            if (*out).is_null() {
                return 12; // ENOMEM
            }
        }
        0
    }
    #[no_mangle]
    unsafe extern "C" fn realloc(memory: *mut c_void, size: usize) -> *mut c_void {
        // SAFETY: as above.
        let new = unsafe { __libc_realloc(memory, size) };
        if super::is_counted() {
            CALLS.fetch_add(1, SeqCst);
            BLOCKS.fetch_add((memory.is_null() && !new.is_null()) as i64, SeqCst);
        }
        new
    }
    #[no_mangle]
    unsafe extern "C" fn free(memory: *mut c_void) {
        if super::is_counted() {
            BLOCKS.fetch_sub(!memory.is_null() as i64, SeqCst);
        }
        // SAFETY: as above.
        unsafe { __libc_free(memory) }
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
mod glibc {
    pub static CALLS: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(0);
    pub static BLOCKS: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(0);
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[derive(Debug, Clone, Copy)]
struct Counts {
    /// Requests to Rust's allocator, or to the C library.
    calls: i64,
    /// Bytes and blocks not given back.
    kept: i64,
    blocks: i64,
    /// Most bytes held at once.
    peak: i64,
}

fn counting(call: impl FnOnce() -> i32) -> (i32, Counts) {
    let (calls, libc_calls, blocks) = (
        CALLS.load(SeqCst),
        glibc::CALLS.load(SeqCst),
        glibc::BLOCKS.load(SeqCst),
    );
    let live = LIVE.load(SeqCst);
    PEAK.store(live, SeqCst);
    let status = call();
    let peak = PEAK.load(SeqCst) - live;
    let kept = LIVE.load(SeqCst) - live;
    let blocks = glibc::BLOCKS.load(SeqCst) - blocks;
    let calls = (CALLS.load(SeqCst) - calls).max(glibc::CALLS.load(SeqCst) - libc_calls);
    (
        status,
        Counts {
            calls,
            kept,
            blocks,
            peak,
        },
    )
}

/// A buffer of exactly these bytes at an address that is `offset` past a multiple of 128, between guards.
struct Guarded {
    memory: Vec<u8>,
    from: usize,
    bytes: usize,
}

const GUARD: usize = 512;
const GUARD_BYTE: u8 = 0xC5;

impl Guarded {
    fn new(bytes: usize, offset: usize, fill: u8) -> Guarded {
        let mut memory = vec![GUARD_BYTE; bytes + 2 * GUARD + 256];
        let from = GUARD + memory[GUARD..].as_ptr().align_offset(128) + offset;
        memory[from..from + bytes].fill(fill);
        Guarded {
            memory,
            from,
            bytes,
        }
    }
    fn get(&mut self) -> &mut [u8] {
        &mut self.memory[self.from..self.from + self.bytes]
    }
    fn intact(&self) -> bool {
        let (before, rest) = self.memory.split_at(self.from);
        before
            .iter()
            .chain(&rest[self.bytes..])
            .all(|&b| b == GUARD_BYTE)
    }
}

type Twist = Box<dyn Fn(&mut Args)>;

/// One call, what it must say, and whether the Rust API can express it.
struct Case {
    name: String,
    problem: Problem,
    function: Function,
    status: i32,
    twist: Option<Twist>,
}

impl Case {
    fn workspace_size(&self) -> usize {
        // Where an option is what is to be refused, the query would refuse it too.
        let refused = self.status == ERR_OPTION;
        let options = if refused {
            options()
        } else {
            self.problem.options
        };
        Problem {
            options,
            ..self.problem.clone()
        }
        .workspace_size()
    }
}

extern "C" fn count_call(_: *const Progress, count: *mut c_void) -> i32 {
    // SAFETY: the cases that set this function point it at a static counter.
    unsafe { &*count.cast::<AtomicI64>() }.fetch_add(1, SeqCst);
    0
}

extern "C" fn stop_at_second(progress: *const Progress, _: *mut c_void) -> i32 {
    // SAFETY: the library hands over a live progress.
    (unsafe { &*progress }.iteration == 2) as i32
}

static PROGRESS_CALLS: AtomicI64 = AtomicI64::new(0);

/// Every shape, layout and weighting of every function, that must succeed.
fn plain_cases(shapes: &[(usize, usize, usize)]) -> Vec<Case> {
    let mut cases = Vec::new();
    for &(n, d, k) in shapes {
        // Without weights and with, in rows and in columns; and floats, and bytes with weights, in rows.
        for variant in 0..6 {
            let blobs = Problem::blobs(n, d, k, 11);
            let blobs = if variant & 1 > 0 {
                blobs.weighted()
            } else {
                blobs
            };
            let problem = if variant & 2 > 0 {
                blobs.columns()
            } else {
                blobs
            };
            let problem = match variant {
                0..4 => problem,
                4 => problem.floats(),
                _ => problem.bytes(),
            };
            let mut add = |name: &str, function, problem: Problem| {
                let name = format!("{name} {n}x{d} k={k} variant {variant}");
                cases.push(Case {
                    name,
                    problem,
                    function,
                    status: OK,
                    twist: None,
                });
            };
            let inits = [
                (KMEANSPP, "k-means++"),
                (PARALLEL, "k-means||"),
                (RANDOM, "random"),
                (GIVEN, "given"),
            ];
            // Fewer points than centers suit the other functions only.
            for (init, name) in inits.into_iter().filter(|_| k <= n) {
                let problem = problem.clone().with(|o| (o.init, o.max_iter) = (init, 4));
                add(&format!("fit {name}"), Function::Fit, problem.clone());
                if init != GIVEN {
                    add(&format!("seed {name}"), Function::Seed, problem.clone());
                    add(
                        &format!("fit {name} thrice"),
                        Function::Fit,
                        problem.with(|o| (o.n_init, o.seed) = (3, 5)),
                    );
                }
            }
            for function in [Function::Assign, Function::Update, Function::Inertia] {
                add(&format!("{function:?}"), function, problem.clone());
            }
        }
    }
    cases
}

/// What is rare: empty clusters, callbacks, data of many limbs, no optional outputs.
fn special_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |name: &str, function, problem: Problem, status| {
        cases.push(Case {
            name: name.into(),
            problem,
            function,
            status,
            twist: None,
        });
    };
    for columns in [false, true] {
        let laid = |problem: Problem| if columns { problem.columns() } else { problem };
        let blobs = Problem::blobs(600, 5, 12, 3);

        // All starting centers are one point: all but the first cluster are empty.
        let mut same = blobs.clone().with(|o| o.init = GIVEN);
        same.start = blobs.points[..5].repeat(12);
        same.labels.fill(0);
        for (empty, name) in [(RELOCATE, "relocate"), (KEEP, "keep")] {
            let problem = laid(same.clone().with(|o| o.empty = empty));
            add(&format!("fit {name}"), Function::Fit, problem.clone(), OK);
            add(&format!("update {name}"), Function::Update, problem, OK);
        }
        let problem = laid(same.clone().with(|o| o.empty = ERROR));
        add(
            "fit empty: error",
            Function::Fit,
            problem.clone(),
            ERR_EMPTY,
        );
        add("update empty: error", Function::Update, problem, ERR_EMPTY);

        // Fewer distinct points than clusters.
        let mut two = blobs.clone().with(|o| o.n_init = 2);
        two.points = blobs.points[..10].repeat(300);
        for init in [KMEANSPP, RANDOM, PARALLEL] {
            add(
                "fit two distinct points",
                Function::Fit,
                laid(two.clone().with(|o| o.init = init)),
                OK,
            );
        }

        // Two thousand bits between the largest and the smallest value of a dimension: as many limbs as there can be.
        for weights in [false, true] {
            let mut wide = blobs.clone().with(|o| o.max_iter = 5);
            for (i, x) in wide.points.iter_mut().enumerate() {
                *x *= [1e150, 1e-150, 1.0, 5e-324][i / 5 % 4];
            }
            wide.start = wide.points[3000 - 60..].to_vec();
            let wide = laid(if weights { wide.weighted() } else { wide });
            for function in FUNCTIONS {
                add(
                    &format!("{function:?} many limbs"),
                    function,
                    wide.clone(),
                    OK,
                );
            }
        }

        let counter = (&raw const PROGRESS_CALLS).cast_mut().cast::<c_void>();
        let watched = blobs
            .clone()
            .with(|o| (o.progress, o.progress_data) = (Some(count_call as ProgressFn), counter));
        add("fit with progress", Function::Fit, laid(watched), OK);
        let stopped = blobs
            .clone()
            .with(|o| (o.init, o.progress) = (GIVEN, Some(stop_at_second as ProgressFn)));
        add("fit cancelled", Function::Fit, laid(stopped), CANCELLED);
        add(
            "fit max_iter 0",
            Function::Fit,
            laid(blobs.clone().with(|o| o.max_iter = 0)),
            OK,
        );
        add(
            "fit tol",
            Function::Fit,
            laid(blobs.clone().with(|o| o.tol = 0.5)),
            OK,
        );
        let mut from_one = laid(blobs.clone().with(|o| o.label_base = 1));
        from_one.labels.iter_mut().for_each(|l| *l += 1);
        for function in FUNCTIONS {
            add(
                &format!("{function:?} labels from 1"),
                function,
                from_one.clone(),
                OK,
            );
        }
    }
    let blobs = Problem::blobs(600, 5, 12, 3);
    for function in [Function::Fit, Function::Assign, Function::Update] {
        cases.push(Case {
            name: format!("{function:?} without optional outputs"),
            problem: blobs.clone(),
            function,
            status: OK,
            twist: Some(Box::new(move |args| {
                args.sqdist = std::ptr::null_mut();
                args.counts = std::ptr::null_mut();
                args.report = std::ptr::null_mut();
                args.options = std::ptr::null();
                if function == Function::Fit {
                    args.labels = std::ptr::null_mut();
                }
            })),
        });
    }
    cases
}

/// Distances need no memory on one thread; sums of clusters what the header says, whatever n is, and none of it is kept.
#[test]
fn distances_and_clusters_take_what_they_say() {
    if child_task().is_none() {
        let test = "distances_and_clusters_take_what_they_say";
        passes_in_child(test, "all", &[], 300);
        return;
    }
    for (n, d, k) in [
        (1, 64, 3000),
        (600, 5, 12),
        (3000, 2, 10_000),
        (40, 5000, 3),
    ] {
        for columns in [false, true] {
            let problem = Problem::blobs(n, d, k, 9).weighted();
            let problem = if columns { problem.columns() } else { problem };
            let points = problem.rust_points().expect("points");
            let kmeans = problem.rust_kmeans();
            let mut table = vec![0.0; n * (k + 1)];
            let (mut counts, mut weights, mut inertia) = (vec![0; k], vec![0.0; k], vec![0.0; k]);
            let (_, taken) = counting(|| {
                let result = kmeans.distances_into(&points, &problem.start, &mut table, k + 1);
                result.map_or(-1, |()| OK)
            });
            assert_eq!((taken.calls, taken.peak), (0, 0), "{n} {d} {k}");
            let (status, taken) = counting(|| {
                let sums = (
                    Some(&mut counts[..]),
                    Some(&mut weights[..]),
                    Some(&mut inertia[..]),
                );
                let (start, labels) = (&problem.start, &problem.labels);
                let result = kmeans.clusters_into(&points, start, labels, sums.0, sums.1, sums.2);
                result.map_or(-1, |()| OK)
            });
            let most = 1400 * k.min(4096) + 32 * d + 4096;
            assert_eq!((status, taken.kept), (OK, 0), "{n} {d} {k}");
            assert!(taken.peak <= most as i64, "{n} {d} {k}: {}", taken.peak);
        }
    }
}

/// Many fits allocate nothing in a workspace of just the bytes that the query says, and write no byte beyond it; nor do they when a
/// problem or the call is refused.
#[test]
fn many_fits_take_what_the_query_says() {
    if child_task().is_none() {
        passes_in_child("many_fits_take_what_the_query_says", "all", &[], 300);
        return;
    }
    let shapes = [
        (1, 1, 1),
        (60, 2, 3),
        (600, 40, 12),
        (20, 300, 7),
        (2000, 1, 9),
    ];
    let blobs = shapes.map(|(n, d, k)| Problem::blobs(n, d, k, 9));
    let mut centers = shapes.map(|(_, d, k)| vec![0.0; k * d]);
    let mut labels = shapes.map(|(n, _, _)| vec![0; n]);
    let mut problems: Vec<capi::centra_problem> = Vec::new();
    for (i, (n, d, k)) in shapes.into_iter().enumerate() {
        problems.push(capi::centra_problem {
            struct_size: size_of::<capi::centra_problem>(),
            points: blobs[i].points.as_ptr(),
            n,
            d,
            ld: d,
            k,
            weights: std::ptr::null(),
            seed: 3,
            centers: centers[i].as_mut_ptr(),
            labels: labels[i].as_mut_ptr(),
            report: std::ptr::null_mut(),
            status: 0,
        });
    }
    let count = problems.len();
    let mut bytes = 0;
    // SAFETY: live arrays of these lengths.
    let query = |problems: &[capi::centra_problem], bytes: &mut usize| unsafe {
        let none = std::ptr::null();
        capi::centra_fit_many_workspace_size(problems.as_ptr(), count, none, bytes)
    };
    let (status, taken) = counting(|| query(&problems, &mut bytes));
    assert_eq!((status, taken.calls), (OK, 0));
    let mut workspace = Guarded::new(bytes, 16, 0xa5);
    let start = workspace.get().as_mut_ptr().cast::<c_void>();
    let fit = |problems: &mut [capi::centra_problem], bytes| {
        // SAFETY: live arrays of these lengths; the workspace has so many bytes.
        counting(|| unsafe {
            let none = std::ptr::null();
            capi::centra_fit_many(problems.as_mut_ptr(), count, none, start, bytes)
        })
    };
    let (status, taken) = fit(&mut problems, bytes);
    assert_eq!((status, taken.calls), (OK, 0));
    let (status, taken) = fit(&mut problems, bytes - 1);
    assert_eq!((status, taken.calls), (capi::CENTRA_ERR_WORKSPACE, 0));
    problems[2].k = 601;
    let (status, taken) = fit(&mut problems, bytes);
    assert_eq!((status, taken.calls), (capi::CENTRA_ERR_SHAPE, 0));
    (problems[2].k, problems[2].labels) = (12, problems[4].labels);
    let (status, taken) = fit(&mut problems, bytes);
    assert_eq!((status, taken.calls), (capi::CENTRA_ERR_ALIAS, 0));
    assert!(workspace.intact());
}

/// A fit of sparse rows allocates nothing in a workspace of just the bytes that the query says, and writes no byte beyond it; nor does it
/// when it is refused. The workspace is smaller than the points would be as doubles.
#[test]
fn sparse_rows_take_what_the_query_says() {
    if child_task().is_none() {
        passes_in_child("sparse_rows_take_what_the_query_says", "all", &[], 300);
        return;
    }
    for (n, d, k) in [
        (1, 1, 1),
        (60, 2, 3),
        (700, 40, 12),
        (3000, 9000, 3),
        (2000, 1, 200),
    ] {
        let stored = d.min(3);
        let values: Vec<f64> = (0..n * stored).map(|e| (e * 7919 % 1000) as f64).collect();
        let columns: Vec<i32> = (0..n * stored)
            .map(|e| (e % stored * (d / stored)) as i32)
            .collect();
        let mut starts: Vec<i32> = (0..=n).map(|p| (p * stored) as i32).collect();
        let mut csr = capi::centra_csr {
            struct_size: size_of::<capi::centra_csr>(),
            n,
            d,
            values: values.as_ptr().cast(),
            columns: columns.as_ptr().cast(),
            starts: starts.as_ptr().cast(),
            value_type: capi::CENTRA_F64,
            index_bytes: 4,
        };
        let (mut centers, mut labels, mut bytes) = (vec![0.0; k * d], vec![0; n], 0);
        let none = std::ptr::null();
        // SAFETY: a live number.
        let query = || unsafe { capi::centra_workspace_size_csr(n, d, k, none, &mut bytes) };
        let (status, taken) = counting(query);
        assert_eq!((status, taken.calls), (OK, 0));
        assert!(n < 3000 || bytes < n * d, "{bytes}");
        let mut workspace = Guarded::new(bytes, 16, 0xa5);
        let start = workspace.get().as_mut_ptr().cast::<c_void>();
        let mut fit = |csr: &capi::centra_csr, bytes| {
            let (centers, labels) = (centers.as_mut_ptr(), labels.as_mut_ptr());
            let no_report = std::ptr::null_mut();
            // SAFETY: live arrays of these lengths; the workspace has so many bytes.
            counting(|| unsafe {
                capi::centra_fit_csr(csr, k, none, centers, labels, no_report, start, bytes)
            })
        };
        let (status, taken) = fit(&csr, bytes);
        assert_eq!((status, taken.calls), (OK, 0), "{n} {d} {k}");
        csr.index_bytes = 5;
        let (status, taken) = fit(&csr, bytes);
        assert_eq!((status, taken.calls), (capi::CENTRA_ERR_OPTION, 0));
        csr.index_bytes = 4;
        starts[n] = -1;
        csr.starts = starts.as_ptr().cast();
        let (status, taken) = fit(&csr, bytes);
        assert_eq!((status, taken.calls), (capi::CENTRA_ERR_SHAPE, 0));
        assert!(workspace.intact());
    }
}

/// Every way to be refused.
fn refused_cases() -> Vec<Case> {
    let blobs = Problem::blobs(600, 5, 12, 3);
    let points = blobs.rust_points().expect("points");
    let fit = blobs.rust_kmeans().fit(&points).expect("a fit");
    let taken = fit.report.workspace_bytes;
    let mut cases = Vec::new();
    let (reads_start, reads_labels) = (
        [Function::Assign, Function::Inertia],
        [Function::Update, Function::Inertia],
    );
    for function in FUNCTIONS {
        let mut twisted = |name: &str, status, twist: Twist| {
            let (name, problem) = (format!("{function:?}: {name}"), blobs.clone());
            cases.push(Case {
                name,
                problem,
                function,
                status,
                twist: Some(twist),
            });
        };
        let finding = [Function::Fit, Function::Seed].contains(&function);
        let few = if finding { ERR_SHAPE } else { OK };
        twisted("n = 0", few, Box::new(|a| a.n = 0));
        twisted("k > n", few, Box::new(|a| a.n = a.k - 1));
        twisted("ld < d", ERR_SHAPE, Box::new(|a| a.ld = a.d - 1));
        twisted(
            "n·d overflows",
            ERR_SHAPE,
            Box::new(|a| (a.n, a.ld) = (usize::MAX / 4, usize::MAX / 4)),
        );
        twisted(
            "points null",
            ERR_NULL,
            Box::new(|a| a.points = std::ptr::null()),
        );
        twisted(
            "points misaligned",
            ERR_NULL,
            Box::new(|a| a.points = a.points.wrapping_byte_add(4)),
        );
        twisted(
            "centers null",
            ERR_NULL,
            Box::new(|a| a.centers = std::ptr::null_mut()),
        );
        if function != Function::Inertia {
            // One byte less than a fit took; other calls take less.
            let short = move |a: &mut Args| {
                a.bytes = if function == Function::Fit {
                    taken - 1
                } else {
                    64
                };
            };
            twisted("short workspace", ERR_WORKSPACE, Box::new(short));
            twisted(
                "null workspace with bytes",
                ERR_WORKSPACE,
                Box::new(|a| a.workspace = std::ptr::null_mut()),
            );
            twisted(
                "misaligned workspace",
                ERR_WORKSPACE,
                Box::new(|a| a.workspace = a.workspace.wrapping_byte_add(8)),
            );
        }
        if matches!(function, Function::Fit | Function::Update | Function::Seed) {
            twisted(
                "centers within points",
                ERR_ALIAS,
                Box::new(|a| a.centers = a.points.cast_mut()),
            );
        }

        let mut spoilt = |name: &str, status, spoil: &dyn Fn(&mut Problem)| {
            for columns in [false, true] {
                let mut problem = blobs.clone();
                spoil(&mut problem);
                let problem = if columns { problem.columns() } else { problem };
                let name = format!("{function:?}: {name}, columns {columns}");
                cases.push(Case {
                    name,
                    problem,
                    function,
                    status,
                    twist: None,
                });
            }
        };
        spoilt("NaN", ERR_NONFINITE, &|p| p.points[1234] = f64::NAN);
        spoilt("infinity", ERR_NONFINITE, &|p| {
            p.points[2999] = f64::INFINITY
        });
        spoilt("too large", ERR_RANGE, &|p| p.points[77] = 1e200);
        // A label does not depend on weights, so assign reads none.
        if function != Function::Assign {
            spoilt("negative weight", ERR_WEIGHTS, &|p| {
                p.weights = Some(
                    (0..p.n)
                        .map(|i| if i == 400 { -1.0 } else { 1.0 })
                        .collect(),
                );
            });
            spoilt("zero weights", ERR_WEIGHTS, &|p| {
                p.weights = Some(vec![0.0; p.n])
            });
            spoilt("NaN weight", ERR_NONFINITE, &|p| {
                p.weights = Some(vec![f64::NAN; p.n])
            });
        }
        if function == Function::Fit || reads_start.contains(&function) {
            spoilt("center NaN", ERR_NONFINITE, &|p| {
                (p.start[7], p.options.init) = (f64::NAN, GIVEN)
            });
            spoilt("center too large", ERR_RANGE, &|p| {
                (p.start[7], p.options.init) = (-1e200, GIVEN)
            });
        }
        if reads_labels.contains(&function) {
            spoilt("label k", ERR_LABEL, &|p| p.labels[599] = 12);
            spoilt("label -1", ERR_LABEL, &|p| p.labels[0] = -1);
        }
        // Every function reads the options, even those it has no use for.
        type Set = fn(&mut Options);
        let bad: [(&str, Set); 8] = [
            ("struct_size", |o| o.struct_size = 0),
            ("init", |o| o.init = 9),
            ("empty", |o| o.empty = -1),
            ("label_base", |o| o.label_base = 2),
            ("threads", |o| o.threads = -1),
            ("n_init", |o| o.n_init = 0),
            ("max_iter", |o| o.max_iter = -1),
            ("tol", |o| o.tol = f64::NAN),
        ];
        for (name, set) in bad {
            let problem = blobs.clone().with(set);
            let name = format!("{function:?}: option {name}");
            cases.push(Case {
                name,
                problem,
                function,
                status: ERR_OPTION,
                twist: None,
            });
        }
    }
    cases
}

/// What C can say and Rust's types cannot: such cases are for the C ABI only.
fn in_rust(case: &Case) -> bool {
    let o = &case.problem.options;
    let said = o.struct_size == options().struct_size && o.progress.is_none() && o.label_base == 0;
    let kinds = (0..3).contains(&o.init) && (0..3).contains(&o.empty);
    case.twist.is_none() && said && kinds && o.threads >= 0 && o.max_iter >= 0
}

/// One case through both APIs, on its own memory: no allocation, the right status, and a refusal leaves the outputs alone.
fn check_allocates_nothing(case: &Case, rust_first: bool) {
    let mut problem = case.problem.clone();
    let mut workspace = Guarded::new(case.workspace_size(), 16, 0xFF);
    let mut inputs = problem.outputs();
    let mut results = Vec::new();
    for rust in [rust_first, !rust_first] {
        if rust && !in_rust(case) {
            continue;
        }
        let mut outputs = inputs.clone();
        let (status, counts) = if rust {
            counting(|| problem.call_rust(case.function, &mut outputs, workspace.get()))
        } else {
            let mut args = problem.args(&mut outputs, workspace.get());
            if let Some(twist) = &case.twist {
                twist(&mut args);
            }
            counting(|| args.call(case.function))
        };
        let api = if rust { "Rust" } else { "C" };
        let Case { name, .. } = case;
        assert_eq!(status, case.status, "{api}: {name}: {}", detail());
        assert_eq!(counts.calls, 0, "{api}: {name}: {counts:?}");
        assert!(
            workspace.intact(),
            "{api}: {name}: wrote beside the workspace"
        );
        if status < 0 {
            inputs.report = outputs.report;
            assert_eq!(
                outputs.bits(),
                inputs.bits(),
                "{api}: {name}: wrote outputs"
            );
        } else {
            results.push(outputs.bits());
        }
    }
    assert!(
        results.windows(2).all(|r| r[0] == r[1]),
        "{}: C and Rust differ",
        case.name
    );
}

/// Those that are also tried as the very first call of a process: every function, init, layout, weighting, and refusal.
fn first_calls() -> Vec<Case> {
    let mut cases = plain_cases(&[(500, 8, 16)]);
    cases.extend(special_cases());
    cases.extend(refused_cases());
    cases
}

const SHAPES: [(usize, usize, usize); 13] = [
    (0, 2, 3),
    (1, 1, 200),
    (3, 40, 65),
    (9, 7, 10),
    (1, 1, 1),
    (7, 1, 7),
    (1000, 2, 10),
    (700, 3, 33),
    (500, 8, 16),
    (65, 17, 9),
    (300, 64, 40),
    (64, 784, 10),
    (1025, 2, 100),
];

/// The queries that no case covers.
fn check_queries() {
    let (mut some_options, mut some_report, mut bytes) = (options(), report(), 0);
    // SAFETY: all pointers are to live locals, or null where that is to be refused.
    let (_, counts) = counting(|| unsafe {
        centra_options_init(&mut some_options);
        centra_report_init(&mut some_report);
        centra_workspace_size(1000, 10, 10, &some_options, &mut bytes);
        centra_workspace_size(0, 10, 10, &some_options, &mut bytes);
        centra_workspace_size(1000, 10, 10, std::ptr::null(), std::ptr::null_mut());
        centra_status_message(-3);
        centra_status_message(77);
        centra_error_detail();
        centra_version();
        centra_isa();
        0
    });
    assert_eq!(counts.calls, 0, "queries: {counts:?}");
}

/// All calls on chunks, each refused and made, in the workspace that the query says.
fn check_stream((n, d, k): (usize, usize, usize), layout: i32, weighted: bool) {
    let mut chunk = chunk(n, d, k, layout, weighted);
    let mut workspace = Guarded::new(chunk.workspace_size(), 16, 0xFF);
    for call in Chunk::ORDER {
        let name = format!("{call:?} ({n}, {d}, {k}), layout {layout}, weighted {weighted}");
        let due = chunk.spoil(call);
        let (status, counts) = counting(|| chunk.call(call, workspace.get()));
        assert_eq!(
            (status, counts.calls),
            (due, 0),
            "refused {name}: {}",
            detail()
        );
        chunk.spoil(call);
        let (status, counts) = counting(|| chunk.call(call, workspace.get()));
        assert_eq!((status, counts.calls), (0, 0), "{name}: {}", detail());
        assert!(workspace.intact(), "{name}: wrote beside the workspace");
        chunk.follow(call);
    }
    let (candidates, iterations) = chunk.came_to();
    assert!(
        candidates > 0 && iterations == 1,
        "{candidates}, {iterations}"
    );
}

fn chunk(n: usize, d: usize, k: usize, layout: i32, weighted: bool) -> Chunk {
    let points = (0..n * d).map(|i| (i * i % 1009) as f64 / 8.0).collect();
    let weights = weighted.then(|| (0..n).map(|p| (p % 5 + 1) as f64).collect());
    Chunk::new(points, weights, d, k, layout)
}

/// The body of a child: "all", "queries", "stream", or the number of a first call.
fn child_allocates_nothing(task: &str) {
    // Both counters work, or everything below is vacuous.
    let (_, counts) = counting(|| *Box::leak(std::hint::black_box(Box::new(0))));
    assert!(
        counts.calls > 0 && counts.kept == 4,
        "the counting allocator counts nothing: {counts:?}"
    );
    assert!(
        counts.blocks == 1 || cfg!(not(all(target_os = "linux", target_env = "gnu"))),
        "{counts:?}"
    );
    match task {
        "queries" => check_queries(),
        "stream" => check_stream((500, 8, 16), 0, true),
        "all" => {
            check_queries();
            let mut cases = plain_cases(&SHAPES);
            cases.extend(special_cases());
            cases.extend(refused_cases());
            for case in &cases {
                check_allocates_nothing(case, false);
            }
            assert!(PROGRESS_CALLS.load(SeqCst) > 1, "progress was never called");
            // A stream has as many points as centers at least.
            for shape in SHAPES.into_iter().filter(|&(n, _, k)| k <= n) {
                for layout in 0..2 {
                    check_stream(shape, layout, false);
                    check_stream(shape, layout, true);
                }
            }
        }
        number => {
            let number: usize = number.parse().expect("a task is a number");
            let case = first_calls().swap_remove(number / 2);
            println!("first call: {}", case.name);
            check_allocates_nothing(&case, number % 2 == 1);
        }
    }
}

#[test]
fn every_case_allocates_nothing() {
    match child_task() {
        Some(task) => child_allocates_nothing(&task),
        None => isas().for_each(|isa| {
            passes_in_child(
                "every_case_allocates_nothing",
                "all",
                &[("CENTRA_ISA", isa)],
                300,
            );
        }),
    }
}

#[test]
fn the_first_call_allocates_nothing() {
    if let Some(task) = child_task() {
        return child_allocates_nothing(&task);
    }
    let cases = first_calls();
    for isa in isas() {
        let run = |task: &str| {
            passes_in_child(
                "the_first_call_allocates_nothing",
                task,
                &[("CENTRA_ISA", isa)],
                60,
            );
        };
        run("queries");
        run("stream");
        for (number, case) in cases.iter().enumerate() {
            run(&(2 * number).to_string());
            if in_rust(case) {
                run(&(2 * number + 1).to_string());
            }
        }
    }
}

/// With workspace = NULL a call takes its own memory and gives all of it back, refused or not.
#[test]
fn own_memory_is_given_back() {
    if child_task().is_none() {
        passes_in_child("own_memory_is_given_back", "all", &[], 300);
        return;
    }
    let mut cases = plain_cases(&SHAPES);
    cases.extend(special_cases());
    cases.extend(refused_cases());
    for case in cases.iter().filter(|case| case.status != ERR_WORKSPACE) {
        let mut problem = case.problem.clone();
        let bytes = case.workspace_size();
        let mut outputs = problem.outputs();
        let mut args = problem.args(&mut outputs, &mut []);
        if let Some(twist) = &case.twist {
            twist(&mut args);
        }
        let (status, counts) = counting(|| args.call(case.function));
        assert_eq!(status, case.status, "{}: {}", case.name, detail());
        assert_eq!(
            (counts.kept, counts.blocks),
            (0, 0),
            "{}: {counts:?}",
            case.name
        );
        assert!(
            counts.peak <= bytes as i64 + 256,
            "{}: {counts:?} of {bytes} bytes",
            case.name
        );
    }
}

/// A thread costs a queue, a name, a handle, beside its share of the workspace.
const BYTES_PER_THREAD: i64 = 64 << 10;

/// A threaded call takes the workspace and a constant for each thread, and does not leak from call to call.
#[test]
fn threads_cost_a_constant() {
    if child_task().is_none() {
        passes_in_child("threads_cost_a_constant", "all", &[], 300);
        return;
    }
    for (n, d, k) in [(70_000, 2, 10), (8_000, 16, 32), (2_000, 64, 60)] {
        let mut problem = Problem::blobs(n, d, k, 5).with(|o| (o.threads, o.max_iter) = (2, 4));
        let bytes = problem.workspace_size() as i64;
        let mut outputs = problem.outputs();
        let args = problem.args(&mut outputs, &mut []);
        let before = LIVE.load(SeqCst);
        for function in FUNCTIONS {
            for _ in 0..6 {
                let (status, counts) = counting(|| args.call(function));
                assert_eq!(status, OK);
                assert!(
                    counts.peak <= bytes + 2 * BYTES_PER_THREAD,
                    "{function:?} {n}x{d} k={k}: {counts:?} of {bytes} bytes"
                );
            }
            // Threads that are ending may still hold their part for a moment; thirty calls' parts they may not.
            let kept = LIVE.load(SeqCst) - before;
            assert!(
                kept <= 2 * BYTES_PER_THREAD,
                "{function:?} {n}x{d} k={k}: {kept} bytes kept"
            );
        }
    }
}

/// Bytes are at most 64 n, n (2 d + 14) for words, 128 n for bounds to groups, n d for numbers over many decades, threads (128 k d + 1400 k + 2^20),
/// and 2^24, so nothing of order n·k can hide in them. What a center takes whatever its dimensions is a sum of as many limbs as there can be, for a coordinate and for
/// the weights.
#[test]
fn workspace_is_never_of_order_n_k() {
    const PER_POINT: usize = 64;
    const PER_COORDINATE: usize = 128;
    const PER_CENTER: usize = 1400;
    const CONSTANT: usize = 1 << 20;
    const SIDE_BY_SIDE: usize = 16 << 20;
    // A sketch has up to d + 51 bytes a point; k-means|| up to 15 k + 161 candidates, with their rows and a sketch of them.
    let seeding = |init, n: usize, d: usize, k: usize| match init {
        KMEANSPP => n * (d + 51),
        PARALLEL => 24 * n + (15 * k + 161) * (9 * d + 100),
        _ => 0,
    };
    let words = |n: usize, d: usize| match d {
        32..=1024 => n * (2 * d + 14),
        _ => 0,
    };
    let groups = |n: usize, d: usize, k: usize| if d >= 32 && k >= 192 { 128 * n } else { 0 };
    for n in [1usize, 10, 1000, 100_000, 10_000_000, 1 << 33] {
        for k in [1usize, 2, 10, 1000, 30_000, 1_000_000]
            .into_iter()
            .filter(|&k| k <= n)
        {
            for d in [1usize, 2, 3, 8, 64, 784] {
                for threads in [1, 2, 16] {
                    for init in [KMEANSPP, RANDOM, GIVEN, PARALLEL] {
                        let options = Options {
                            threads,
                            init,
                            n_init: 10,
                            weights: std::ptr::dangling(),
                            ..options()
                        };
                        let mut bytes = 0;
                        // SAFETY: the query reads sizes and options only; that it does not follow the weights is
                        // part of what is tested.
                        let status =
                            unsafe { centra_workspace_size(n, d, k, &options, &mut bytes) };
                        assert_eq!(status, OK, "{n}x{d} k={k}: {}", detail());
                        let threads = threads as usize;
                        // Rounds compare the points with as many candidates.
                        let centers = if init == PARALLEL { 3 * k + 32 } else { k };
                        // Restarts too small for two threads run side by side.
                        let restarts = if init == GIVEN { 0 } else { SIDE_BY_SIDE };
                        let limit = PER_POINT * n
                            + words(n, d)
                            + groups(n, d, k)
                            + n * d
                            + seeding(init, n, d, k)
                            + threads
                                * (PER_COORDINATE * centers * d + PER_CENTER * centers + CONSTANT)
                            + restarts;
                        assert!(
                            bytes <= limit,
                            "{n}x{d} k={k} threads {threads}: {bytes} > {limit}"
                        );
                    }
                }
            }
        }
    }
}

/// Exactly the queried bytes, at every multiple of 16, whatever they hold: nothing beside them is written, and the
/// answer is the same.
#[test]
fn nothing_beside_the_workspace_is_written() {
    let check = |case: &Case, expected: &[u64], step: usize| {
        let mut problem = case.problem.clone();
        let fill = [0x00, 0xFF, 0x7F, 0x3C][step % 4];
        let mut workspace = Guarded::new(problem.workspace_size(), 16 * (step % 8), fill);
        let mut outputs = problem.outputs();
        let args = problem.args(&mut outputs, workspace.get());
        assert_eq!(args.call(case.function), OK, "{}: {}", case.name, detail());
        assert!(
            workspace.intact(),
            "{}: wrote beside the workspace",
            case.name
        );
        assert!(
            outputs.bits() == expected,
            "{}: depends on the workspace",
            case.name
        );
    };
    let mut cases = plain_cases(&SHAPES);
    cases.extend(special_cases());
    let plain = cases
        .iter()
        .filter(|case| case.twist.is_none() && case.status == OK);
    for (i, case) in plain.enumerate() {
        let expected = case.problem.run(case.function).bits();
        check(case, &expected, i);
        check(case, &expected, i + 3);
    }
    // With enough work for two threads and for four.
    for mut case in plain_cases(&[(60_000, 3, 8), (2_000, 40, 20)]) {
        let expected = case.problem.run(case.function).bits();
        (case.problem.options.threads, case.problem.options.n_init) = (4, 1);
        if !case.name.contains("thrice") {
            (0..8).for_each(|step| check(&case, &expected, step));
        }
    }
}

/// The bytes that a refusal of a short workspace says are needed.
fn needed(refusal: &str) -> usize {
    let before = refusal.split(" are needed").next();
    let number = before.and_then(|before| before.rsplit(' ').next());
    number
        .and_then(|number| number.parse().ok())
        .unwrap_or_else(|| panic!("{refusal:?} names no bytes"))
}

/// Fills no byte of which is what the other fills it with.
const FILLS: [u8; 2] = [0xA5, 0x5A];

/// Makes a call in a workspace of 16 bytes, which has to be refused, and in as many as the refusal asks for: parts are zeroed
/// when they are cut, so the last byte that is no longer what the workspace was filled with is in the last line of the last part.
/// Where that is not the last line of the workspace, the query and the call cut differently.
fn check_touched(name: &str, queried: usize, status: i32, mut call: impl FnMut(&mut [u8]) -> Said) {
    let mut short = Guarded::new(16, 16, 0);
    let (refused, refusal) = call(short.get());
    assert_eq!(refused, ERR_WORKSPACE, "{name}: {refusal}");
    let bytes = needed(&refusal);
    assert!(bytes <= queried, "{name}: {bytes} of {queried}");
    let touched = FILLS.map(|fill| {
        // The first part starts at a multiple of 64: as late as it can.
        let mut workspace = Guarded::new(bytes, 16, fill);
        let (returned, detail) = call(workspace.get());
        assert_eq!(returned, status, "{name}: {detail}");
        assert!(workspace.intact(), "{name}: wrote beside the workspace");
        workspace.get().iter().rposition(|&byte| byte != fill)
    });
    let touched = touched
        .into_iter()
        .max()
        .flatten()
        .map_or(0, |last| last + 1);
    println!("{name}: {bytes}");
    assert!(
        bytes - touched < 64,
        "{name}: asks for {bytes} bytes, touches {touched}"
    );
}

/// What a call returns, and says where it refuses.
type Said = (i32, String);

fn check_case(case: &Case) {
    let mut problem = case.problem.clone();
    let queried = case.workspace_size();
    check_touched(&case.name, queried, case.status, |workspace| {
        let mut outputs = problem.outputs();
        let status = problem.args(&mut outputs, workspace).call(case.function);
        (status, detail())
    });
}

/// All calls on one chunk, one after the other, those checked that work in a workspace.
fn check_chunk(mut chunk: Chunk, name: &str) {
    use calls::stream::StreamCall::{FarthestJoin, FarthestLength, Means, Queries, Relocate, Step};
    let alone = [Queries, Means, Step, FarthestLength, FarthestJoin, Relocate];
    let queried = chunk.workspace_size();
    for call in Chunk::ORDER {
        if !alone.contains(&call) {
            let name = format!("{call:?} {name}");
            check_touched(&name, queried, OK, |workspace| {
                (chunk.clone().call(call, workspace), detail())
            });
        }
        let mut workspace = Guarded::new(queried, 0, 0);
        assert_eq!(chunk.call(call, workspace.get()), OK, "{}", detail());
        chunk.follow(call);
    }
}

/// Around what decides how a call goes about its work: d of sketches, words, panels and blocks, k of lists, sums and tallies.
const EDGES: [(usize, usize, usize); 19] = [
    (1, 1, 1),
    (1, 1, 200),
    (9, 7, 10),
    (48, 5, 4),
    (49, 9, 5),
    (100, 7, 3),
    (100, 8, 3),
    (90, 31, 3),
    (90, 32, 2),
    (90, 32, 3),
    (40, 341, 2),
    (40, 342, 3),
    (20, 1024, 3),
    (20, 1025, 3),
    (16, 2048, 2),
    (16, 2049, 2),
    (4097, 2, 3),
    (700, 1, 682),
    (700, 1, 683),
];

/// Work for three threads, in the first for an update, too.
const OF_THREE_THREADS: [(usize, usize, usize); 4] = [
    (16_000, 31, 4),
    (1100, 9, 200),
    (2000, 64, 16),
    (2100, 1, 2049),
];

/// Whether a case has weights or columns, but not both: without either and with both is enough.
fn alike(case: &Case) -> bool {
    case.name.contains("variant 1") || case.name.contains("variant 2")
}

/// A query and its call run the same description of memory: what a call asks for, it cuts, to the last part, whatever the call, its
/// options, and its sizes; and the query suffices.
#[test]
fn every_call_touches_what_it_asks_for() {
    let mut cases = plain_cases(&EDGES);
    cases.extend(special_cases());
    // The number of threads follows from the work.
    for mut case in plain_cases(&OF_THREE_THREADS) {
        let (n, d, k) = (case.problem.n, case.problem.d, case.problem.k);
        let slow = k > 2000 && case.name.contains("k-means");
        if !slow && !alike(&case) && !case.name.contains("thrice") {
            (case.problem.options.threads, case.problem.options.max_iter) = (3, 1);
            case.name = format!("{} of {n} {d} {k} on 3 threads", case.name);
            cases.push(case);
        }
    }
    // Restarts side by side.
    for mut case in plain_cases(&[(1000, 8, 16), (300, 33, 20)]) {
        if case.name.contains("thrice") {
            let options = &mut case.problem.options;
            (options.threads, options.max_iter, options.n_init) = (3, 1, 10);
            case.name = format!("{} on 3 threads", case.name);
            cases.push(case);
        }
    }
    for mut case in cases {
        if case.twist.is_none() && case.function != Function::Inertia && !alike(&case) {
            case.problem.options.max_iter = case.problem.options.max_iter.min(2);
            check_case(&case);
        }
    }
}

/// The same of all calls on chunks.
#[test]
fn every_call_on_chunks_touches_what_it_asks_for() {
    let of_one = EDGES.into_iter().filter(|&(n, _, k)| k <= n);
    let all = of_one.map(|shape| (shape, 1));
    for ((n, d, k), threads) in all.chain([((1100, 9, 200), 3)]) {
        for (layout, weighted) in [(ROWS, false), (COLUMNS, true)] {
            let name = format!("{n}x{d} k={k} {layout} {weighted} on {threads} threads");
            check_chunk(chunk(n, d, k, layout, weighted).on(threads), &name);
        }
    }
    // A range takes as much work as a pass with one center.
    let chunk = chunk(20_000, 100, 1, ROWS, false).on(3);
    let queried = chunk.workspace_size();
    check_touched("range on 3 threads", queried, OK, |workspace| {
        let range = calls::stream::StreamCall::Range;
        (chunk.clone().call(range, workspace), detail())
    });
}

/// The same of every algorithm, through the Rust API.
#[test]
fn every_algorithm_touches_what_it_asks_for() {
    use centra::Algorithm::{Auto, Hamerly, Lloyd};
    let shapes = EDGES.into_iter().chain([(2000, 64, 16)]);
    for (n, d, k) in shapes.filter(|&(n, _, k)| k <= n) {
        for algorithm in [Auto, Lloyd, Hamerly] {
            for n_init in [1, 2] {
                let problem = Problem::blobs(n, d, k, 11);
                let points = problem.rust_points().expect("points");
                let kmeans = problem
                    .rust_kmeans()
                    .algorithm(algorithm)
                    .restarts(n_init)
                    .threads(3)
                    .max_iter(1);
                let name = format!("fit {n}x{d} k={k} {algorithm:?} n_init {n_init}");
                let queried = kmeans.workspace_size(n, d).expect("bytes");
                check_touched(&name, queried, OK, |workspace| {
                    let mut centers = problem.start.clone();
                    let workspace = &mut centra::Workspace::borrowed(workspace);
                    match kmeans.fit_into(&points, &mut centers, None, workspace) {
                        Ok(_) => (OK, String::new()),
                        Err(error) => (error.status() as i32, error.to_string()),
                    }
                });
            }
        }
    }
}

/// Inputs, outputs and workspace that end, or begin, where a page without access begins, or ends: a vector load that
/// reaches over an edge dies here, though nothing would notice it elsewhere.
#[cfg(unix)]
mod pages {
    use super::*;

    extern "C" {
        fn mmap(
            at: *mut c_void,
            length: usize,
            access: i32,
            flags: i32,
            file: i32,
            offset: i64,
        ) -> *mut c_void;
        fn mprotect(at: *mut c_void, length: usize, access: i32) -> i32;
        fn munmap(at: *mut c_void, length: usize) -> i32;
    }

    const PAGE: usize = 1 << 16; // a multiple of every page size in use

    /// A copy of a slice between pages without access, pushed against the one behind it or the one before it.
    struct Edge {
        base: *mut c_void,
        length: usize,
        data: *mut c_void,
    }

    impl Edge {
        fn new<T: Copy>(slice: &[T], at_end: bool, align: usize) -> Edge {
            let bytes = std::mem::size_of_val(slice);
            let inner = bytes.div_ceil(PAGE).max(1) * PAGE;
            let length = inner + 2 * PAGE;
            let anonymous = if cfg!(target_os = "linux") {
                0x20
            } else {
                0x1000
            };
            // SAFETY: a fresh anonymous private mapping, in which the inner pages are opened and filled; `bytes` fit.
            unsafe {
                let base = mmap(std::ptr::null_mut(), length, 0, 2 | anonymous, -1, 0);
                assert!(base as isize != -1, "no memory for guarded pages");
                assert_eq!(mprotect(base.byte_add(PAGE), inner, 3), 0);
                let offset = if at_end {
                    PAGE + (inner - bytes) / align * align
                } else {
                    PAGE
                };
                let data = base.byte_add(offset);
                data.cast::<T>()
                    .copy_from_nonoverlapping(slice.as_ptr(), slice.len());
                Edge { base, length, data }
            }
        }
    }

    impl Drop for Edge {
        fn drop(&mut self) {
            // SAFETY: the mapping made by `new`.
            unsafe { munmap(self.base, self.length) };
        }
    }

    fn check(case: &Case, at_end: bool) {
        let mut problem = case.problem.clone();
        let mut outputs = problem.outputs();
        let mut args = problem.args(&mut outputs, &mut []);
        let points = Edge::new(&problem.points, at_end, 8);
        let centers = Edge::new(&outputs.centers, at_end, 8);
        let labels = Edge::new(&outputs.labels, at_end, 4);
        let sqdist = Edge::new(&outputs.sqdist, at_end, 8);
        let counts = Edge::new(&outputs.counts, at_end, 8);
        let weights = problem.weights.as_ref().map(|w| Edge::new(w, at_end, 8));
        problem.options.weights = weights.as_ref().map_or(std::ptr::null(), |w| w.data.cast());
        let options = Edge::new(std::slice::from_ref(&problem.options), at_end, 8);
        let workspace = Edge::new(&vec![0xFFu8; problem.workspace_size()], at_end, 16);
        args.points = points.data.cast();
        args.centers = centers.data.cast();
        args.labels = labels.data.cast();
        args.sqdist = sqdist.data.cast();
        args.counts = counts.data.cast();
        args.options = options.data.cast();
        args.workspace = workspace.data;
        args.bytes = problem.workspace_size();
        assert_eq!(args.call(case.function), OK, "{}: {}", case.name, detail());
    }

    #[test]
    fn nothing_outside_the_arguments_is_touched() {
        if child_task().is_none() {
            for isa in isas() {
                passes_in_child(
                    "pages::nothing_outside_the_arguments_is_touched",
                    "all",
                    &[("CENTRA_ISA", isa)],
                    300,
                );
            }
            return;
        }
        // Every remainder of n and k by a vector, and of d by the eight lanes.
        let mut shapes = SHAPES.to_vec();
        shapes.extend((1..18).flat_map(|i| [(40 + i, i, 1 + i), (64 + i, 2, 10)]));
        let mut cases = plain_cases(&shapes);
        cases.extend(special_cases());
        for case in cases
            .iter()
            .filter(|case| case.twist.is_none() && case.status == OK)
        {
            for at_end in [true, false] {
                println!("{} at_end {at_end}", case.name); // the last line names the case that died
                check(case, at_end);
            }
        }
    }
}

/// What the workspace does not hold must not have moved to the stack: 128 KiB, the smallest default of any common C
/// library's threads, is enough, and more than half of it is left to the caller and the test.
#[test]
fn a_small_stack_is_enough() {
    if child_task().is_none() {
        passes_in_child("a_small_stack_is_enough", "all", &[], 300);
        return;
    }
    let mut cases = plain_cases(&SHAPES);
    cases.extend(special_cases());
    cases.extend(refused_cases());
    for mut case in cases.into_iter().filter(|case| case.twist.is_none()) {
        println!("{}", case.name);
        let small = std::thread::Builder::new().stack_size(128 << 10);
        let mut outputs = case.problem.outputs();
        let thread = small.spawn(move || {
            case.problem.args(&mut outputs, &mut []).call(case.function) == case.status
        });
        assert!(thread
            .expect("a thread starts")
            .join()
            .expect("the call returns"));
    }
}
