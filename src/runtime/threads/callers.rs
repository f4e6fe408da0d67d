//! The caller's threads: a function of the caller runs the tasks of a pass, on whichever threads it likes.

use core::any::Any;
use core::ffi::c_void;
use core::fmt;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::runtime::fp_environment::{OfCaller, Standard};
use crate::runtime::inside::{self, Inside};

/// Runs one task of a pass, in C.
type TaskFn = unsafe extern "C" fn(context: *mut c_void, index: usize);

/// Runs `task(context, i)` for every i below `count`, and returns when all are done; in C.
type ParallelFn = unsafe extern "C" fn(
    user: *mut c_void,
    count: usize,
    task: Option<TaskFn>,
    context: *mut c_void,
);

/// The same in Rust.
type ParallelClosure<'a> = &'a (dyn Fn(usize, &(dyn Fn(usize) + Sync)) + Sync);

/// A function of the caller that runs tasks.
#[derive(Clone, Copy)]
pub(crate) enum Parallel<'a> {
    C {
        function: ParallelFn,
        user: *mut c_void,
    },
    Rust(ParallelClosure<'a>),
}

// SAFETY: the pointer is handed to the caller's function alone, on the thread that made the call.
unsafe impl Send for Parallel<'_> {}
// SAFETY: as above.
unsafe impl Sync for Parallel<'_> {}

impl fmt::Debug for Parallel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a function")
    }
}

/// How the caller lends threads: a function, and the floating-point environment in which it runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lent<'a> {
    pub(crate) parallel: Parallel<'a>,
    pub(crate) environment: OfCaller,
}

/// A pass: `task(i)` for indices below `count`. What the caller's function runs takes the next index that nobody has taken, whichever
/// one it was called with, so that no index is done twice, however often and with whatever the function calls.
struct Pass<'p> {
    task: &'p (dyn Fn(usize) + Sync),
    count: usize,
    /// The next index to be taken, and how many are finished.
    next: AtomicUsize,
    finished: AtomicUsize,
    /// The payload of the first panic of a task.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

impl Pass<'_> {
    /// Does the next index; returns whether there was one.
    fn perform(&self) -> bool {
        let take = |next| (next < self.count).then_some(next + 1);
        let Ok(index) = self
            .next
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
        else {
            return false;
        };
        let _environment = Standard::enter();
        let _inside = Inside::enter();
        let result = catch_unwind(AssertUnwindSafe(|| (self.task)(index)));
        if let Err(panic) = result {
            self.keep(panic);
        }
        self.finished.fetch_add(1, Ordering::Release);
        true
    }

    fn keep(&self, panic: Box<dyn Any + Send>) {
        let mut first = self.panic.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(panic);
    }
}

/// What the caller's function runs, in C.
unsafe extern "C" fn perform(pass: *mut c_void, _index: usize) {
    // SAFETY: the pass that `each` hands to the caller's function, which runs this before it returns, as the header asks.
    unsafe { &*pass.cast::<Pass<'_>>() }.perform();
}

/// The caller's threads, in one call.
#[derive(Clone, Copy)]
pub(super) struct Callers<'a> {
    pub(super) lent: Lent<'a>,
    /// The tasks of a pass, at most.
    pub(super) tasks: usize,
}

impl Callers<'_> {
    /// Calls `task` with every index below `count`, on whichever threads the caller's function runs it. What that function leaves out is
    /// done on the calling thread.
    pub(super) fn each(&self, count: usize, task: &(dyn Fn(usize) + Sync)) {
        let pass = Pass {
            task,
            count,
            next: AtomicUsize::new(0),
            finished: AtomicUsize::new(0),
            panic: Mutex::new(None),
        };
        let run = || match self.lent.parallel {
            Parallel::C { function, user } => {
                let context = (&raw const pass).cast_mut().cast();
                // SAFETY: the caller's function with its own data; the pass outlives the call.
                unsafe { function(user, count, Some(perform), context) }
            }
            Parallel::Rust(closure) => {
                let done = catch_unwind(AssertUnwindSafe(|| {
                    closure(count, &|_| {
                        pass.perform();
                    });
                }));
                if let Err(panic) = done {
                    pass.keep(panic);
                }
            }
        };
        inside::outside(|| self.lent.environment.outside(run));
        while pass.perform() {}
        // A thread that is still at a task has its state.
        while pass.finished.load(Ordering::Acquire) < count {
            std::thread::yield_now();
        }
        let panic = pass.panic.into_inner();
        if let Some(panic) = panic.unwrap_or_else(PoisonError::into_inner) {
            resume_unwind(panic);
        }
    }
}
