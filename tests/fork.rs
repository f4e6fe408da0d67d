//! Any function works after `fork()`: in the child of a process that has fitted with threads, while others fit, in the
//! child's children, and from within a progress callback.
//!
//! A forked child has one thread, and whatever lock another thread of the parent held stays locked for ever. A pool
//! of threads kept from an earlier call is then a trap: the child would wait for workers that do not exist. The
//! parent therefore waits with a deadline.
#![cfg(unix)]

mod calls;

use calls::*;
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::SeqCst};
use std::sync::Mutex;
use std::time::{Duration, Instant};

extern "C" {
    fn fork() -> i32;
    fn waitpid(child: i32, status: *mut i32, options: i32) -> i32;
    fn kill(process: i32, signal: i32) -> i32;
    fn _exit(status: i32) -> !;
    fn alarm(seconds: u32) -> u32;
}

const SECONDS: u32 = 30;

/// One at a time: each test is about what other threads do, and those are to be its own.
static ALONE: Mutex<()> = Mutex::new(());

/// Large enough that the library does use two threads.
fn problem() -> Problem {
    Problem::blobs(15_000, 8, 16, 21).with(|o| (o.threads, o.max_iter) = (2, 8))
}

fn answers(problem: &Problem) -> Vec<Vec<u64>> {
    FUNCTIONS
        .iter()
        .map(|&function| problem.run(function).bits())
        .collect()
}

/// Whether `task` returns true in a forked child. The child neither unwinds nor runs the harness's exit code.
fn in_fork(task: impl FnOnce() -> bool) -> Result<(), String> {
    // SAFETY: the child runs only `task` and leaves by _exit; glibc and the BSDs make malloc usable after fork.
    let child = unsafe { fork() };
    if child == 0 {
        let fine = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            // SAFETY: without a handler the signal ends a child that hangs, whatever becomes of its parent.
            unsafe { alarm(SECONDS) };
            task()
        }));
        // SAFETY: ends the process.
        unsafe { _exit(if matches!(fine, Ok(true)) { 0 } else { 1 }) }
    }
    if child < 0 {
        return Err("fork failed".into());
    }
    let end = Instant::now() + Duration::from_secs(SECONDS as u64 + 5);
    let mut status = 0;
    // SAFETY: waits for, or ends, the child that was just made.
    while unsafe { waitpid(child, &mut status, 1) } == 0 {
        if Instant::now() > end {
            // SAFETY: as above.
            unsafe {
                kill(child, 9);
                waitpid(child, &mut status, 0);
            }
            return Err("the child hangs".into());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    match status {
        0 => Ok(()),
        14 => Err("the child hung until its alarm".into()),
        _ => Err(format!("the child ended with status {status:#x}")),
    }
}

#[test]
fn after_a_threaded_call() {
    let _alone = ALONE.lock();
    let problem = problem();
    let expected = answers(&problem);
    let report = problem.run(Function::Fit).report;
    let cores = std::thread::available_parallelism().map_or(1, |c| c.get());
    assert!(
        report.threads == 2 || cores == 1,
        "this test needs a call that uses threads, not {}",
        report.threads
    );
    for threads in [1, 2, 0] {
        let problem = problem.clone().with(|o| o.threads = threads);
        in_fork(|| answers(&problem) == expected && answers(&problem) == expected).unwrap();
        assert!(answers(&problem) == expected, "the parent's answer changed");
    }
}

/// The child is forked at twenty moments of a fit that runs on another thread, with its workers, in the parent.
#[test]
fn while_another_thread_fits() {
    let _alone = ALONE.lock();
    let problem = problem();
    let expected = problem.run(Function::Fit).bits();
    let (stop, fits) = (AtomicBool::new(false), AtomicI64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(SeqCst) {
                    assert!(problem.run(Function::Fit).bits() == expected);
                    fits.fetch_add(1, SeqCst);
                }
            });
        }
        let results: Vec<_> = (0..20)
            .map(|round| {
                std::thread::sleep(Duration::from_micros(1700 * round));
                in_fork(|| problem.run(Function::Fit).bits() == expected)
            })
            .collect();
        stop.store(true, SeqCst);
        assert_eq!(results, vec![Ok(()); 20]);
    });
    assert!(fits.load(SeqCst) > 2);
}

#[test]
fn children_of_children() {
    let _alone = ALONE.lock();
    // On the heap: in a child, glibc gives the stacks of threads that it has not got to new ones, and what lies on the
    // stack of a thread that did not fork would be overwritten.
    let problem: &Problem = Box::leak(Box::new(problem()));
    let expected: &[Vec<u64>] = answers(problem).leak();
    let fits = move || answers(problem) == expected;
    // Three generations: each one fits before and after its own child.
    in_fork(|| fits() && in_fork(|| fits() && in_fork(fits).is_ok() && fits()).is_ok() && fits())
        .unwrap();
    // And one whose parent, a child itself, has never fitted.
    in_fork(|| in_fork(fits).is_ok()).unwrap();
    // Two children of one parent at a time.
    let pair = [(); 2].map(|()| std::thread::spawn(move || in_fork(fits)));
    for forked in pair {
        forked.join().expect("no panic").unwrap();
    }
}

struct Watch {
    problem: Problem,
    expected: Vec<u64>,
    forked: Mutex<Vec<Result<(), String>>>,
}

extern "C" fn fork_and_fit(_: *const Progress, watch: *mut c_void) -> i32 {
    // SAFETY: the test below hands over a live Watch.
    let watch = unsafe { &*watch.cast::<Watch>() };
    let forked = in_fork(|| watch.problem.run(Function::Fit).bits() == watch.expected);
    watch.forked.lock().expect("no panic").push(forked);
    0
}

/// The forking thread is itself inside a threaded fit: nothing the library holds around a callback may block the child.
#[test]
fn from_a_progress_callback() {
    let _alone = ALONE.lock();
    let problem = problem().with(|o| o.max_iter = 5);
    let expected = problem.run(Function::Fit).bits();
    let watch = Watch {
        problem: problem.clone(),
        expected: expected.clone(),
        forked: Mutex::default(),
    };
    let watched = problem.with(|o| {
        o.progress = Some(fork_and_fit);
        o.progress_data = (&raw const watch).cast_mut().cast();
    });
    assert!(watched.run(Function::Fit).bits() == expected);
    assert_eq!(
        watch.forked.into_inner().expect("no panic"),
        vec![Ok(()); 5]
    );
}

/// Whatever is worked out once for a process, another thread may be just working out when it forks; a child that
/// waited for that thread would wait for ever. Each round is a process whose very first call races with its fork.
#[test]
fn during_the_first_call() {
    if child_task().is_none() {
        passes_in_child("during_the_first_call", "race", &[], 300);
        return;
    }
    let first_call = || {
        // SAFETY: takes no arguments.
        unsafe { centra_isa() };
    };
    for round in 0..1000 {
        let race = || {
            let begun = AtomicBool::new(false);
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    begun.store(true, SeqCst);
                    first_call();
                });
                while !begun.load(SeqCst) {
                    std::hint::spin_loop();
                }
                for _ in 0..round % 100 * 10 {
                    std::hint::spin_loop();
                }
                in_fork(|| {
                    first_call();
                    true
                })
                .is_ok()
            })
        };
        in_fork(race).unwrap_or_else(|error| panic!("round {round}: {error}"));
    }
}
