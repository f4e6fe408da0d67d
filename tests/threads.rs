//! Threads change nothing but time: the same bits from any number of callers at once, no more threads than asked for
//! or useful, none left behind, and an answer or a status, never an abort, where no thread can be had.

mod calls;

use calls::*;

const THREADS: [i32; 6] = [1, 2, 3, 4, 7, 0];

fn cores() -> i32 {
    std::thread::available_parallelism().map_or(1, |cores| cores.get() as i32)
}

/// Enough work for at least two threads.
fn large() -> Problem {
    Problem::blobs(15_000, 8, 16, 8).with(|o| o.max_iter = 4)
}

fn small() -> Problem {
    Problem::blobs(300, 3, 5, 8)
}

/// So many clusters that only two threads of the four or seven have sums for them, which follow the labels.
#[test]
fn many_clusters_are_summed_by_some_threads() {
    let few = Problem::blobs(6_000, 3, 2_500, 5).with(|o| (o.max_iter, o.init) = (3, RANDOM));
    let many = Problem::blobs(90_000, 8, 4_000, 6);
    let calls = [
        (few.clone(), vec![Function::Fit]),
        (few.clone().weighted().columns(), vec![Function::Fit]),
        (many.clone(), vec![Function::Update]),
        (many.weighted().columns(), vec![Function::Update]),
    ];
    for (problem, functions) in calls {
        for function in functions {
            let expected = problem.run_with_threads(function, 1).bits();
            for threads in [2, 4, 7] {
                assert!(
                    problem.run_with_threads(function, threads).bits() == expected,
                    "{function:?}, threads {threads}"
                );
            }
        }
    }
}

/// Sums of every thread, merged in rounds that are cut into pieces, and means that threads share: of an even and an odd number of
/// threads, and of many.
#[test]
fn sums_of_many_threads_are_merged() {
    let large_sums =
        Problem::blobs(9_000, 200, 100, 5).with(|o| (o.max_iter, o.init) = (2, RANDOM));
    let small_sums = Problem::blobs(60_000, 16, 50, 6).with(|o| (o.max_iter, o.init) = (1, RANDOM));
    let calls = [
        (large_sums, [2, 3, 4, 5, 8]),
        (small_sums, [3, 6, 33, 63, 64]),
    ];
    for (problem, counts) in calls {
        let expected = problem.run_with_threads(Function::Fit, 1).bits();
        for threads in counts {
            assert!(
                problem.run_with_threads(Function::Fit, threads).bits() == expected,
                "threads {threads}"
            );
        }
    }
}

#[test]
fn many_callers_get_the_same_bits() {
    let problems: Vec<Problem> = [
        small(),
        small().weighted().columns(),
        large(),
        large().weighted().with(|o| o.init = RANDOM),
        Problem::blobs(70_000, 2, 10, 3)
            .columns()
            .with(|o| (o.max_iter, o.n_init) = (4, 2)),
        Problem::blobs(1_000, 70, 40, 4).with(|o| (o.max_iter, o.init) = (4, GIVEN)),
    ]
    .into();
    let calls: Vec<(&Problem, Function)> = problems
        .iter()
        .flat_map(|p| p.functions().map(move |f| (p, f)))
        .collect();
    let all = |threads: i32| -> Vec<Vec<u64>> {
        calls
            .iter()
            .map(|(problem, function)| problem.run_with_threads(*function, threads).bits())
            .collect()
    };
    let expected = all(1);
    for threads in THREADS {
        assert!(
            all(threads) == expected,
            "threads {threads} gives other bits"
        );
    }
    // Ten callers, on the same inputs, each with another number of threads and starting at another function.
    std::thread::scope(|scope| {
        for caller in 0..10 {
            let (calls, expected) = (&calls, &expected);
            scope.spawn(move || {
                for step in 0..calls.len() {
                    let which = (step + 7 * caller) % calls.len();
                    let (problem, function) = calls[which];
                    let threads = THREADS[(step + caller) % THREADS.len()];
                    let bits = problem.run_with_threads(function, threads).bits();
                    assert!(
                        bits == expected[which],
                        "{function:?} of {} points differs",
                        problem.n
                    );
                }
            });
        }
    });
}

#[test]
fn no_more_threads_than_asked_or_useful() {
    for threads in [1, 2, 3, 5, 64] {
        let used = large()
            .run_with_threads(Function::Fit, threads)
            .report
            .threads;
        assert!((1..=threads).contains(&used), "{used} of {threads} threads");
        assert!(
            threads == 1 || cores() == 1 || used > 1,
            "enough work for two threads, and only one used"
        );
        let used = small()
            .run_with_threads(Function::Fit, threads)
            .report
            .threads;
        assert_eq!(used, 1, "300 points need one thread");
    }
    let used = large().run_with_threads(Function::Fit, 0).report.threads;
    assert!(
        (1..=cores()).contains(&used),
        "{used} threads on {} cores",
        cores()
    );
    assert!(
        used > 1 || cores() == 1,
        "all cores were asked for, there is work, and one is used"
    );
}

/// A call with an absurd number of threads is a call with as many as there is work for.
#[test]
fn absurdly_many_threads() {
    let problem = small();
    let expected = problem.run(Function::Fit).bits();
    let asked = problem.run_with_threads(Function::Fit, i32::MAX);
    assert!(asked.bits() == expected);
    // The workspace must not be sized by what was asked either: 300 points cannot use two thousand million threads.
    let bytes = problem.with(|o| o.threads = i32::MAX).workspace_size();
    assert!(bytes < 1 << 30, "{bytes} bytes for 300 points");
}

#[test]
fn error_details_belong_to_their_thread() {
    let refuse = |row: usize| {
        let mut problem = small();
        problem.points[3 * row + 1] = f64::NAN;
        let mut outputs = problem.outputs();
        assert_eq!(
            problem.args(&mut outputs, &mut []).call(Function::Fit),
            ERR_NONFINITE
        );
        detail()
    };
    let barrier = std::sync::Barrier::new(8);
    std::thread::scope(|scope| {
        for caller in 0..8 {
            let (refuse, barrier) = (&refuse, &barrier);
            scope.spawn(move || {
                assert_eq!(detail(), "", "a thread that was never refused");
                barrier.wait();
                for round in 0..20 {
                    let row = caller * 20 + round;
                    assert_eq!(
                        refuse(row),
                        format!("points: NaN at row {row}, dimension 1")
                    );
                    barrier.wait();
                    // Others were refused since; and a call that succeeds is no refusal.
                    small().run(Function::Fit);
                    assert_eq!(detail(), format!("points: NaN at row {row}, dimension 1"));
                    barrier.wait();
                }
            });
        }
    });
    // The scan runs on workers too, but the caller asks.
    let mut problem = large().with(|o| o.threads = 2);
    problem.points[8 * 8_999 + 7] = f64::INFINITY;
    let mut outputs = problem.outputs();
    assert_eq!(
        problem.args(&mut outputs, &mut []).call(Function::Fit),
        ERR_NONFINITE
    );
    assert!(detail().contains("row 8999, dimension 7"), "{}", detail());
}

/// Of two offenders on two threads' shares the first is named, every time.
#[test]
fn the_detail_does_not_depend_on_threads() {
    let mut problem = large();
    problem.points[8 * 8_700 + 2] = f64::NAN;
    problem.points[8 * 411 + 3] = f64::NEG_INFINITY;
    for threads in THREADS.repeat(5) {
        let mut problem = problem.clone().with(|o| o.threads = threads);
        let mut outputs = problem.outputs();
        assert_eq!(
            problem.args(&mut outputs, &mut []).call(Function::Fit),
            ERR_NONFINITE
        );
        assert!(
            detail().contains("row 411, dimension 3"),
            "{threads} threads: {}",
            detail()
        );
    }
}

/// A progress callback that calls the library: nothing is held around it.
#[test]
fn a_callback_may_call() {
    extern "C" fn fit_again(_: *const Progress, _: *mut std::ffi::c_void) -> i32 {
        large().run_with_threads(Function::Fit, 2).report.stopped_by >> 8
    }
    let problem = large().with(|o| o.threads = 2);
    let expected = problem.run(Function::Fit).bits();
    assert!(
        problem
            .with(|o| o.progress = Some(fit_again))
            .run(Function::Fit)
            .bits()
            == expected
    );
}

#[cfg(target_os = "linux")]
mod linux {
    use super::*;
    use std::time::{Duration, Instant};

    extern "C" {
        fn getrlimit(resource: i32, limit: *mut [u64; 2]) -> i32;
        fn setrlimit(resource: i32, limit: *const [u64; 2]) -> i32;
        fn setuid(user: u32) -> i32;
        fn geteuid() -> u32;
    }

    /// Lowers what this process may have; the hard limit stays, so that it can be raised again.
    fn limit(resource: i32, value: u64) {
        let mut limits = [0; 2];
        // SAFETY: on 64-bit Linux a limit is two 64-bit numbers, the soft one first.
        unsafe {
            assert_eq!(getrlimit(resource, &mut limits), 0);
            limits[0] = value.min(limits[1]);
            assert_eq!(setrlimit(resource, &limits), 0);
        }
    }

    fn tasks() -> usize {
        std::fs::read_dir("/proc/self/task")
            .expect("/proc is mounted")
            .count()
    }

    #[test]
    fn no_thread_is_left_behind() {
        if child_task().is_none() {
            passes_in_child("linux::no_thread_is_left_behind", "count", &[], 120);
            return;
        }
        let before = tasks();
        for threads in THREADS.repeat(3) {
            let problem = large().with(|o| o.threads = threads);
            for function in FUNCTIONS {
                problem.run(function);
                // A thread that was told to end, or has ended, stays in the list for a moment.
                let end = Instant::now() + Duration::from_secs(5);
                while tasks() > before {
                    let left = tasks() - before;
                    assert!(
                        Instant::now() < end,
                        "{left} threads left by {function:?} with {threads} threads"
                    );
                    std::thread::yield_now();
                }
            }
        }
    }

    const RLIMIT_NPROC: i32 = 6;
    const RLIMIT_AS: i32 = 9;

    /// Every function with four threads, in the caller's workspace and in its own, while `restrict` holds: the right
    /// answer, or out of memory. Between `restrict` and `release` the test itself takes no memory.
    fn answers_or_says_so(restrict: impl FnOnce(), release: impl FnOnce()) {
        let problem = large().with(|o| o.threads = 4);
        let expected = FUNCTIONS.map(|function| problem.run_with_threads(function, 1).bits());
        let mut workspace = vec![0u128; problem.workspace_size().div_ceil(16)];
        let bytes = std::mem::size_of_val(&workspace[..]);
        // SAFETY: the same memory; any byte is a u8, and any sixteen of them a u128.
        let workspace =
            unsafe { std::slice::from_raw_parts_mut(workspace.as_mut_ptr().cast(), bytes) };

        let mut runs: Vec<(Problem, Outputs, i32)> = (0..10)
            .map(|_| (problem.clone(), problem.outputs(), OK))
            .collect();
        restrict();
        for (run, (problem, outputs, status)) in runs.iter_mut().enumerate() {
            let memory = if run < 5 { &mut *workspace } else { &mut [] };
            *status = problem.args(outputs, memory).call(FUNCTIONS[run % 5]);
        }
        release();
        for (run, (_, outputs, status)) in runs.iter().enumerate() {
            let (function, threads) = (FUNCTIONS[run % 5], outputs.report.threads);
            println!(
                "{function:?}, own workspace {}: status {status}, threads {threads}",
                run >= 5
            );
            match *status {
                OK => assert!(
                    outputs.bits() == expected[run % 5],
                    "{function:?} gives other bits"
                ),
                // It has been given all the memory it asked for: what it lacks is threads, and those it can do without.
                _ if run < 5 => panic!("{function:?} in its workspace: status {status}"),
                _ => assert_eq!(*status, ERR_MEMORY),
            }
        }
    }

    /// No further process or thread is allowed.
    #[test]
    fn no_thread_can_be_had() {
        if child_task().is_none() {
            passes_in_child("linux::no_thread_can_be_had", "limit", &[], 120);
            return;
        }
        let restrict = || {
            // The limit does not bind root.
            // SAFETY: changes this child only.
            let bound = unsafe { geteuid() != 0 || setuid(65534) == 0 };
            assert!(bound, "root without the right to be another user");
            limit(RLIMIT_NPROC, 0);
            let refused = std::thread::Builder::new().spawn(|| ()).is_err();
            assert!(
                refused,
                "the limit does not bind, and so this test says nothing"
            );
        };
        answers_or_says_so(restrict, || ());
    }

    /// The address space is nearly full: a stack of another thread does not fit, or not even the workspace.
    #[test]
    fn no_memory_can_be_had() {
        if let Some(kib) = child_task() {
            let left = kib.parse::<u64>().expect("a number of KiB") << 10;
            let restrict = || {
                let status = std::fs::read_to_string("/proc/self/statm").expect("/proc is mounted");
                let pages: u64 = status
                    .split(' ')
                    .next()
                    .and_then(|p| p.parse().ok())
                    .expect("pages come first");
                limit(RLIMIT_AS, pages * 4096 + left);
            };
            return answers_or_says_so(restrict, || limit(RLIMIT_AS, u64::MAX));
        }
        // glibc would otherwise serve the calls from address space it holds already: what was freed while the test was
        // prepared, and the 64 MiB reserved for a thread's heap.
        let tunables = "glibc.malloc.mmap_threshold=65536:glibc.malloc.arena_max=1";
        let mut refused = Vec::new();
        // (Where a thread's stack just fits, and the few KiB of its signal stack do not, the standard library aborts. None of
        // these sizes is such a one.)
        for kib in [
            "0", "64", "256", "1024", "3584", "5120", "9216", "20480", "65536",
        ] {
            let child = passes_in_child(
                "linux::no_memory_can_be_had",
                kib,
                &[("GLIBC_TUNABLES", tunables)],
                60,
            );
            println!("{kib} KiB left:\n{}", said(&child));
            refused.push(said(&child).contains(&format!("status {ERR_MEMORY}")));
        }
        let [least, .., most] = refused[..] else {
            unreachable!()
        };
        assert!(
            least || cfg!(not(target_env = "gnu")),
            "without memory nothing was refused"
        );
        assert!(!most, "with memory something was refused");
    }
}
