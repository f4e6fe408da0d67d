//! A team of POSIX threads that lives as long as one call.
//!
//! `std::thread` and rayon are not used, because a call may run out of memory, be cancelled, or be forked. A worker of a team allocates
//! nothing, registers no destructor (for which a C library allocates memory, and ends the process if there is none), and leaves nothing
//! behind that a child of `fork()` could wait for. If a thread cannot be started, the team is smaller; results do not depend on
//! it.
//!
//! Between passes workers wait. A pass consists of indices; each is handed out once, to whichever thread asks first, including the calling
//! thread, so nobody waits for a worker that has not woken up yet. In the child of a `fork()` inside a call (in a progress
//! callback) there are no workers, and the calling thread does everything by itself.

use core::any::Any;
use core::ffi::c_void;
use core::mem::MaybeUninit;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::runtime::fp_environment::Standard;

/// Bytes of stack of a worker. An optimised build touches a fiftieth of them; a build without
/// optimisation needs most, and pages that are not touched cost nothing.
const STACK: usize = 2 << 20;

/// How often a thread yields before it sleeps until there is work, or until all of it is done: passes often follow one another within
/// microseconds (docs/decisions.md#waiting-for-one-another).
const YIELDS: usize = 100;

/// The name of a worker, by which [`is_worker`] recognises it: a thread-local variable could need an allocation.
const NAME: &core::ffi::CStr = c"centra";

/// Signals that a fault raises in the thread itself; a handler of the caller may report them.
const FAULTS: [libc::c_int; 5] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGTRAP,
];

/// One pass: `task(i)` for indices below `count`.
#[derive(Clone, Copy)]
struct Task {
    task: *const (dyn Fn(usize) + Sync),
    count: usize,
}

// SAFETY: the closure may be called from any thread, and `each` keeps it alive until all have called it.
unsafe impl Send for Task {}

#[derive(Default)]
struct State {
    task: Option<Task>,
    /// The next index to be handed out.
    next: usize,
    /// The number of indices that are finished.
    finished: usize,
    /// The payload of the first panic of a task.
    panic: Option<Box<dyn Any + Send>>,
    /// Whether workers must end.
    over: bool,
}

impl State {
    /// Takes an index of the pass that has not been handed out.
    fn take(&mut self) -> Option<(Task, usize)> {
        let task = self.task.filter(|task| self.next < task.count)?;
        self.next += 1;
        Some((task, self.next - 1))
    }
}

/// What the threads share. It is on the stack of the calling thread, and is dropped after all workers have ended.
#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// The number of passes so far; a thread reads it before it sleeps.
    passes: AtomicUsize,
    /// Signalled when a pass starts, and when workers must end.
    wake: Condvar,
    /// Signalled when all indices are finished.
    done: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls the task with one index, and counts it as finished.
    fn perform(&self, (task, index): (Task, usize)) {
        // SAFETY: the closure lives until `each` has seen that all indices are finished, which this one is not.
        let result = catch_unwind(AssertUnwindSafe(|| unsafe { (*task.task)(index) }));
        let mut state = self.lock();
        if let Err(panic) = result {
            state.panic.get_or_insert(panic);
        }
        state.finished += 1;
        if state.finished == task.count {
            self.done.notify_one();
        }
    }

    /// What a worker does until it must end.
    fn serve(&self) {
        let mut seen = 0;
        loop {
            wait_briefly(|| self.passes.load(Ordering::Acquire) != seen);
            let mut state = self.lock();
            let work = loop {
                if state.over {
                    return;
                }
                match state.take() {
                    Some(work) => break work,
                    None => {
                        state = self
                            .wake
                            .wait(state)
                            .unwrap_or_else(PoisonError::into_inner);
                    }
                }
            };
            seen = self.passes.load(Ordering::Relaxed);
            drop(state);
            self.perform(work);
        }
    }
}

/// Yields until it is `over`, or for a while.
fn wait_briefly(over: impl Fn() -> bool) {
    for _ in 0..YIELDS {
        if over() {
            return;
        }
        std::thread::yield_now();
    }
}

/// The calling thread and its workers.
pub(super) struct Team<'a> {
    shared: &'a Shared,
    workers: Vec<libc::pthread_t>,
    /// The process in which the workers run.
    process: libc::pid_t,
}

/// Calls `work` with a team of at most `threads` threads, or with none if no second thread can be started.
pub(super) fn with<R>(threads: usize, work: impl FnOnce(Option<&Team<'_>>) -> R) -> R {
    let shared = Shared::default();
    let mut team = Team {
        shared: &shared,
        workers: Vec::new(),
        // SAFETY: asks for a number.
        process: unsafe { libc::getpid() },
    };
    team.hire(threads - 1);
    work((!team.workers.is_empty()).then_some(&team))
}

impl Team<'_> {
    pub(super) fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Starts so many workers, or as many as the system allows.
    fn hire(&mut self, count: usize) {
        if self.workers.try_reserve_exact(count).is_err() {
            return;
        }
        let shared: *const Shared = self.shared;
        // SAFETY: plain calls with pointers to live variables, each initialised by its own function. The argument of the
        // workers outlives them: `shared` is dropped after the team, which waits for them to end.
        unsafe {
            // Signal handlers of the caller run on threads of the caller: workers start with all signals blocked, except those that a
            // fault of the worker itself raises.
            let (mut all, mut previous) = (MaybeUninit::uninit(), MaybeUninit::uninit());
            libc::sigfillset(all.as_mut_ptr());
            for signal in FAULTS {
                libc::sigdelset(all.as_mut_ptr(), signal);
            }
            libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), previous.as_mut_ptr());
            let mut attributes = MaybeUninit::uninit();
            if libc::pthread_attr_init(attributes.as_mut_ptr()) == 0 {
                libc::pthread_attr_setstacksize(attributes.as_mut_ptr(), STACK);
                for _ in 0..count {
                    let mut thread = MaybeUninit::uninit();
                    let mut start = |attributes| {
                        let at = shared.cast_mut().cast();
                        libc::pthread_create(thread.as_mut_ptr(), attributes, worker, at)
                    };
                    let mut status = start(attributes.as_ptr());
                    if status == libc::EINVAL {
                        // The thread-local variables of the program leave no room in such a stack.
                        status = start(core::ptr::null());
                    }
                    if status != 0 {
                        break;
                    }
                    self.workers.push(thread.assume_init());
                }
                libc::pthread_attr_destroy(attributes.as_mut_ptr());
            }
            libc::pthread_sigmask(libc::SIG_SETMASK, previous.as_ptr(), core::ptr::null_mut());
        }
    }

    /// Whether this process is a forked child, so that the workers are in the parent.
    fn is_forked(&self) -> bool {
        // SAFETY: asks for a number.
        self.process != unsafe { libc::getpid() }
    }

    /// Calls `task` with every index below `count`, on whichever thread is free; index 0 on the calling thread.
    pub(super) fn each(&self, count: usize, task: &(dyn Fn(usize) + Sync)) {
        if self.is_forked() {
            // A worker that held a lock does not exist here, and would never release it.
            return (0..count).for_each(task);
        }
        let shared = self.shared;
        // SAFETY: only the lifetime changes. The closure is alive until this function returns, and that is after all indices have been
        // finished, also where one has panicked; no task is left for a worker to find then.
        let task = unsafe {
            core::mem::transmute::<&(dyn Fn(usize) + Sync), &'static (dyn Fn(usize) + Sync)>(task)
        };
        let task = Task { task, count };
        let mut state = shared.lock();
        (state.task, state.next, state.finished) = (Some(task), 1, 0);
        shared.passes.fetch_add(1, Ordering::Release);
        drop(state);
        shared.wake.notify_all();
        let mut work = Some((task, 0));
        while let Some(index) = work {
            shared.perform(index);
            work = shared.lock().take();
        }
        // Workers are about to finish, since no index is left to be handed out: waking this thread would often take longer.
        wait_briefly(|| shared.lock().finished == count);
        let mut state = shared.lock();
        while state.finished < count {
            state = shared
                .done
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.task = None;
        let panic = state.panic.take();
        drop(state);
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }
}

impl Drop for Team<'_> {
    fn drop(&mut self) {
        if self.workers.is_empty() || self.is_forked() {
            return;
        }
        self.shared.lock().over = true;
        self.shared.wake.notify_all();
        for &worker in &self.workers {
            // SAFETY: started by `hire`, and joined once. (In the middle of a call that ends by a panic, too: workers use what is on
            // this stack.)
            unsafe { libc::pthread_join(worker, core::ptr::null_mut()) };
        }
    }
}

extern "C" fn worker(shared: *mut c_void) -> *mut c_void {
    // SAFETY: a name of fewer than 16 bytes for this thread.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    unsafe {
        libc::pthread_setname_np(libc::pthread_self(), NAME.as_ptr())
    };
    // SAFETY: as above.
    #[cfg(target_vendor = "apple")]
    unsafe {
        libc::pthread_setname_np(NAME.as_ptr())
    };
    let _environment = Standard::enter();
    // SAFETY: what `hire` passed on, which is alive until this thread has been joined.
    unsafe { &*shared.cast::<Shared>() }.serve();
    core::ptr::null_mut()
}

/// Whether this thread is a worker of a team. Where threads have no names, none is.
pub(super) fn is_worker() -> bool {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        let mut name = [0; 64];
        // SAFETY: the name of this thread, ending in a nul, and as many bytes as there is room for.
        let status = unsafe {
            libc::pthread_getname_np(libc::pthread_self(), name.as_mut_ptr(), name.len())
        };
        let name = name.map(|c| c as u8);
        status == 0 && name.starts_with(NAME.to_bytes_with_nul())
    }
    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    false
}
