//! A team of POSIX threads that lives as long as one call.
//!
//! Not of `std::thread` or of rayon, since a call may lack memory, be cancelled, or be forked: a worker here allocates
//! nothing, registers no destructor (for which a C library takes memory, and ends the process where there is none), and leaves nothing
//! behind that a child of `fork()` could wait for. Where a thread cannot be had, the team is smaller; results do not depend on
//! it.
//!
//! Between passes workers wait. A pass is so many indices, each of which is handed out once, to whichever thread asks first, the calling
//! one among them: nobody waits for a worker that has not woken up yet. In the child of a `fork()` from within a call, of a progress
//! callback that is, there are no workers, and the calling thread does all by itself.

use core::any::Any;
use core::ffi::c_void;
use core::mem::MaybeUninit;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::runtime::fp_environment::Standard;

/// Bytes of stack of a worker, of which an optimised build touches a fiftieth (see `include/centra.h`): a build without
/// optimisation needs most of them, and pages that are not touched cost nothing.
const STACK: usize = 2 << 20;

/// How often a thread lets others run before it sleeps until there is work: passes follow one another within microseconds.
const YIELDS: usize = 32;

/// The name of a worker, by which [`is_worker`] knows it: a thread-local variable could take memory.
const NAME: &core::ffi::CStr = c"centra";

/// Signals that a thread raises by a fault of its own; a handler of the caller's may want to tell of it.
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
    /// Indices that are done.
    finished: usize,
    /// What the first task that panicked panicked with.
    panic: Option<Box<dyn Any + Send>>,
    /// Whether workers are to go.
    over: bool,
}

impl State {
    /// An index of the pass that nobody has.
    fn take(&mut self) -> Option<(Task, usize)> {
        let task = self.task.filter(|task| self.next < task.count)?;
        self.next += 1;
        Some((task, self.next - 1))
    }
}

/// What the threads share: on the stack of the calling one, which leaves it when all others have gone.
#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Passes so far: what is looked at before a thread sleeps.
    passes: AtomicUsize,
    /// There is a pass, or it is over.
    wake: Condvar,
    /// All indices are done.
    done: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does one index, and says so.
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

    /// A worker's life.
    fn serve(&self) {
        let mut seen = 0;
        loop {
            for _ in 0..YIELDS {
                if self.passes.load(Ordering::Acquire) != seen {
                    break;
                }
                std::thread::yield_now();
            }
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

/// The calling thread and its workers.
pub(super) struct Team<'a> {
    shared: &'a Shared,
    workers: Vec<libc::pthread_t>,
    /// The process that has the workers.
    process: libc::pid_t,
}

/// Calls `work` with a team of at most so many threads, or with none where no second thread is to be had.
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

    /// Starts so many workers, or as many as can be had.
    fn hire(&mut self, count: usize) {
        if self.workers.try_reserve_exact(count).is_err() {
            return;
        }
        let shared: *const Shared = self.shared;
        // SAFETY: plain calls with pointers to live variables, each initialised by the call that is there for it. What workers are
        // given outlives them: `shared` is dropped after the team, which waits for them to end.
        unsafe {
            // The caller's handlers of signals run on his own threads: workers start with all signals blocked, but for those that only a
            // fault of their own raises.
            let (mut all, mut found) = (MaybeUninit::uninit(), MaybeUninit::uninit());
            libc::sigfillset(all.as_mut_ptr());
            for signal in FAULTS {
                libc::sigdelset(all.as_mut_ptr(), signal);
            }
            libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), found.as_mut_ptr());
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
                        // A program whose thread-local variables leave no room in such a stack.
                        status = start(core::ptr::null());
                    }
                    if status != 0 {
                        break;
                    }
                    self.workers.push(thread.assume_init());
                }
                libc::pthread_attr_destroy(attributes.as_mut_ptr());
            }
            libc::pthread_sigmask(libc::SIG_SETMASK, found.as_ptr(), core::ptr::null_mut());
        }
    }

    /// Whether the workers are in another process, of which this one is a fork.
    fn is_forked(&self) -> bool {
        // SAFETY: asks for a number.
        self.process != unsafe { libc::getpid() }
    }

    /// Does `task` for every index below `count`, on whichever thread is free; index 0 on the calling one.
    pub(super) fn each(&self, count: usize, task: &(dyn Fn(usize) + Sync)) {
        if self.is_forked() {
            // Whoever held the lock is not here to leave it.
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
