//! The number of threads, and passes of threads over blocks.
//!
//! Threads live as long as the call that starts them. A global pool would start faster, but a
//! child process after `fork()` would inherit the pool without its threads, and wait for them forever. A team
//! for each call works in the child too. Starting threads takes time, so a call first tests whether
//! its work is large enough ([`worthwhile`]; docs/decisions.md#threads-that-live-as-long-as-a-call).
//!
//! Results do not depend on which thread takes which block: threads compute values of single points, exact sums, or
//! maxima.
//!
//! | file | what it is |
//! |---|---|
//! | `team` | POSIX threads |
//! | `pool` | the same by rayon, elsewhere |
//! | `callers` | threads of the caller, who lends a function that runs tasks on them |
//! | `cores` | the number of cores, on Linux |

mod callers;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod cores;
#[cfg(any(not(unix), test))]
mod pool;
#[cfg(unix)]
mod team;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

#[cfg(not(unix))]
use pool as team;
use team::Team;

use callers::Callers;
pub(crate) use callers::{Lent, Parallel};

/// Multiplications of a pass that make it worthwhile to start one more thread
/// (docs/decisions.md#threads-that-live-as-long-as-a-call).
const WORK_PER_THREAD: u128 = 5 << 17;

/// The most threads: more do not help, and each takes workspace.
const MOST_THREADS: usize = 1024;

/// The number of threads that are worthwhile for `work` multiplications, at most `asked` (0: all cores).
pub(crate) fn worthwhile(asked: usize, work: u128) -> usize {
    let useful = usize::try_from(work / WORK_PER_THREAD).unwrap_or(usize::MAX);
    if useful <= 1 {
        return 1;
    }
    let most = if asked == 0 { available() } else { asked };
    most.min(useful).min(MOST_THREADS)
}

/// The cores that this process may use. Counted once: a workspace query and the call that follows must
/// agree, and counting takes several system calls.
fn available() -> usize {
    static CORES: AtomicUsize = AtomicUsize::new(0);
    match CORES.load(Ordering::Relaxed) {
        0 => {
            #[cfg(any(target_os = "linux", target_os = "android"))]
            let cores = cores::cores();
            #[cfg(not(any(target_os = "linux", target_os = "android")))]
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            CORES.store(cores, Ordering::Relaxed);
            cores
        }
        cores => cores,
    }
}

/// The threads of one call.
pub(crate) struct Crew<'a> {
    others: Option<Others<'a>>,
}

/// Who works besides the calling thread.
#[derive(Clone, Copy)]
enum Others<'a> {
    /// Workers of a team.
    Team(&'a Team<'a>),
    /// Threads of the caller.
    Callers(Callers<'a>),
}

/// Calls `work` with a crew of `threads` threads, or of fewer if no more can be started: those that the caller lends, or else a team's.
pub(crate) fn with_crew<R>(
    threads: usize,
    lent: Option<Lent<'_>>,
    work: impl FnOnce(&Crew<'_>) -> R,
) -> R {
    match (threads, lent) {
        (0 | 1, _) => work(&Crew::alone()),
        (tasks, Some(lent)) => work(&Crew {
            others: Some(Others::Callers(Callers { lent, tasks })),
        }),
        (_, None) => team::with(threads, |team| {
            let others = team.map(Others::Team);
            work(&Crew { others })
        }),
    }
}

/// Whether this thread is a worker of some crew.
pub(crate) fn is_worker() -> bool {
    team::is_worker()
}

/// One `S` for each thread of a crew, or for as many as there is memory for: threads without one have nothing to do. Not a plain
/// vector: for one thread it must not allocate.
pub(crate) struct PerThread<S> {
    first: S,
    others: Vec<S>,
}

impl<S> PerThread<S> {
    pub(crate) fn new(threads: usize, mut state: impl FnMut() -> S) -> Self {
        let first = state();
        let mut others = Vec::new();
        let room = others.try_reserve_exact(threads.saturating_sub(1)).is_ok();
        for _ in 1..threads {
            // A ruler measures what they take, whether there is room for them or not.
            let other = state();
            if room {
                others.push(other);
            }
        }
        PerThread { first, others }
    }

    pub(crate) fn first(&mut self) -> &mut S {
        &mut self.first
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut S> {
        core::iter::once(&mut self.first).chain(&mut self.others)
    }

    /// The first state, and the others that are to be merged into it.
    pub(crate) fn split(&mut self) -> (&mut S, &mut [S]) {
        (&mut self.first, &mut self.others)
    }
}

/// The states of a pass: the first, and where the others lie.
struct States<S>(*mut S, *mut S);

// SAFETY: states are handed out to threads, each to one, and may be.
unsafe impl<S: Send> Sync for States<S> {}

impl<S> States<S> {
    /// # Safety
    /// There are more states than `index`, and nobody else has this one for `'a`.
    unsafe fn at<'a>(&self, index: usize) -> &'a mut S {
        // SAFETY: the contract.
        unsafe {
            match index {
                0 => &mut *self.0,
                _ => &mut *self.1.add(index - 1),
            }
        }
    }
}

impl Crew<'_> {
    /// The calling thread.
    fn alone() -> Self {
        Crew { others: None }
    }

    /// This crew, or the calling thread alone unless waking the others is `worthwhile`.
    pub(crate) fn if_worthwhile(&self, worthwhile: bool) -> Crew<'_> {
        Crew {
            others: self.others.filter(|_| worthwhile),
        }
    }

    pub(crate) fn threads(&self) -> usize {
        match &self.others {
            None => 1,
            Some(Others::Team(team)) => team.threads(),
            Some(Others::Callers(callers)) => callers.tasks,
        }
    }

    /// Does `work` once with every state, side by side; on the calling thread alone, with the first.
    pub(crate) fn each<S: Send>(&self, states: &mut PerThread<S>, work: impl Fn(&mut S) + Sync) {
        let PerThread { first, others } = states;
        let Some(workers) = &self.others else {
            return work(first);
        };
        let (count, states) = (1 + others.len(), States(first, others.as_mut_ptr()));
        let task = |index| {
            // SAFETY: an index is below the count, and is handed out once in this pass, so nobody else has that state; both borrows
            // last until the pass is over.
            work(unsafe { states.at(index) });
        };
        match workers {
            Others::Team(team) => team.each(count, &task),
            Others::Callers(callers) => callers.each(count, &task),
        }
    }

    /// Does `work` on every item, on whichever thread is free, with that thread's state.
    pub(crate) fn run<S, I>(
        &self,
        items: I,
        states: &mut PerThread<S>,
        work: impl Fn(&mut S, I::Item) + Sync,
    ) where
        S: Send,
        I: Iterator + Send,
    {
        self.run_on(|_| true, items, states, work);
    }

    /// The same, where threads need no state.
    pub(crate) fn for_each<I>(&self, items: I, work: impl Fn(I::Item) + Sync)
    where
        I: Iterator + Send,
    {
        let mut nothing = PerThread::new(self.threads(), || ());
        self.run(items, &mut nothing, |(), item| work(item));
    }

    /// The same on the threads whose state is `fit` for it, which the calling one's is.
    pub(crate) fn run_on<S, I>(
        &self,
        fit: impl Fn(&mut S) -> bool + Sync,
        items: I,
        states: &mut PerThread<S>,
        work: impl Fn(&mut S, I::Item) + Sync,
    ) where
        S: Send,
        I: Iterator + Send,
    {
        if self.others.is_none() {
            items.for_each(|item| work(&mut states.first, item));
            return;
        }
        // A lock around the iterator hands out disjoint pieces of the outputs without unsafe code; a
        // block is thousands of times the price of taking it.
        let items = Mutex::new(items);
        let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
        self.each(states, |state| {
            if fit(state) {
                while let Some(item) = next() {
                    work(state, item);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{catch_unwind, AssertUnwindSafe};
    use std::sync::atomic::AtomicU64;

    /// Passes of every count, one after the other, and one that panics: each index once, and the team is there for the next.
    macro_rules! passes {
        ($name:ident, $team:ident) => {
            #[test]
            fn $name() {
                for threads in [2, 3, 8] {
                    $team::with(threads, |team| {
                        let team = team.expect("threads");
                        assert_eq!(team.threads(), threads);
                        for count in (1..20).chain([1; 500]) {
                            let done: Vec<_> = (0..count).map(|_| AtomicU64::new(0)).collect();
                            let caller = std::thread::current().id();
                            team.each(count, &|index| {
                                done[index].fetch_add(1, Ordering::Relaxed);
                                assert!(index > 0 || std::thread::current().id() == caller);
                            });
                            assert!(done.into_iter().all(|times| times.into_inner() == 1));
                        }
                        for bad in [0, 5] {
                            let done = AtomicU64::new(0);
                            let result = catch_unwind(AssertUnwindSafe(|| {
                                team.each(9, &|index| {
                                    done.fetch_add(1, Ordering::Relaxed);
                                    if index == bad {
                                        std::panic::panic_any(index);
                                    }
                                });
                            }));
                            assert_eq!(result.unwrap_err().downcast_ref(), Some(&bad));
                            assert_eq!(done.into_inner(), 9);
                        }
                    });
                }
            }
        };
    }

    /// The same on threads of the caller.
    #[test]
    fn passes_of_the_callers_threads() {
        let run = |count: usize, task: &(dyn Fn(usize) + Sync)| {
            std::thread::scope(|scope| {
                for index in 0..count {
                    scope.spawn(move || task(index));
                }
            });
        };
        let environment = crate::runtime::fp_environment::Standard::enter().caller();
        let callers = Callers {
            lent: Lent {
                parallel: Parallel::Rust(&run),
                environment,
            },
            tasks: 3,
        };
        for count in 1..20 {
            let done: Vec<_> = (0..count).map(|_| AtomicU64::new(0)).collect();
            callers.each(count, &|index| {
                done[index].fetch_add(1, Ordering::Relaxed);
            });
            assert!(done.into_iter().all(|times| times.into_inner() == 1));
        }
        for bad in [0, 5] {
            let done = AtomicU64::new(0);
            let result = catch_unwind(AssertUnwindSafe(|| {
                callers.each(9, &|index| {
                    done.fetch_add(1, Ordering::Relaxed);
                    if index == bad {
                        std::panic::panic_any(index);
                    }
                });
            }));
            assert_eq!(result.unwrap_err().downcast_ref(), Some(&bad));
            assert_eq!(done.into_inner(), 9);
        }
    }

    passes!(passes_of_a_pool, pool);
    #[cfg(unix)]
    passes!(passes_of_a_team, team);
}
