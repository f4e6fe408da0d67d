//! rayon: how many threads, and passes over blocks.
//!
//! A pool lives as long as the call that asked for it. A global pool would be faster to reach, but a
//! child after `fork()` inherits the pool without its threads and waits for them for ever; a pool per
//! call starts where it is needed, also in the child. Starting one costs some 50 µs, so a call first
//! asks whether its work is worth it ([`worthwhile`]).
//!
//! Results never depend on who did which block: what threads compute is per point, or an exact sum, or
//! a maximum.

use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::environment::Standard;

/// Multiplications of a pass that a thread should have before it is worth starting: 10 to 100 µs of them, by instruction set.
const WORK_PER_THREAD: u128 = 5 << 17;

/// The name of a worker thread.
pub(crate) const WORKER: &str = "centra";

/// More threads than this never help, and each costs workspace.
const MOST_THREADS: usize = 1024;

/// The number of threads worth using of those `asked` for (0: all), for `work` multiplications.
pub(crate) fn worthwhile(asked: usize, work: u128) -> usize {
    let useful = usize::try_from(work / WORK_PER_THREAD).unwrap_or(usize::MAX);
    if useful <= 1 {
        return 1;
    }
    let most = if asked == 0 { available() } else { asked };
    most.min(useful).min(MOST_THREADS)
}

/// The cores this process may use. Asked once: a workspace query and the call it was made for must
/// agree, and the answer takes several system calls.
fn available() -> usize {
    static CORES: AtomicUsize = AtomicUsize::new(0);
    match CORES.load(Ordering::Relaxed) {
        0 => {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            CORES.store(cores, Ordering::Relaxed);
            cores
        }
        cores => cores,
    }
}

/// The threads of one call: the calling one and the workers of a pool.
pub(crate) struct Crew<'a> {
    pool: Option<&'a rayon::ThreadPool>,
    threads: usize,
}

/// Calls `work` with a crew of `threads`, or of the calling thread alone where no more can be had.
pub(crate) fn with_crew<R>(threads: usize, work: impl FnOnce(&Crew<'_>) -> R) -> R {
    let mut work = Some(work);
    let alone = Crew::alone();
    if threads > 1 {
        // As `build_scoped` does it, but with the workers joined: a scope only waits for their closures, and a thread
        // that is still on its way out when the call returns would be left half alive in a child of `fork()`.
        let result = std::thread::scope(|scope| {
            let mut workers = Vec::with_capacity(threads - 1);
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads - 1)
                .spawn_handler(|worker| {
                    let thread = std::thread::Builder::new().name(WORKER.to_owned());
                    workers.push(thread.spawn_scoped(scope, || {
                        let _environment = Standard::enter();
                        worker.run();
                    })?);
                    Ok(())
                })
                .build();
            let result = pool.ok().and_then(|pool| {
                let work = work.take()?;
                Some(catch_unwind(AssertUnwindSafe(|| {
                    work(&Crew {
                        pool: Some(&pool),
                        threads,
                    })
                })))
            });
            // The pool is gone, and with it the workers' reason to stay. (One that panicked has told the scope it ran
            // in, and so the caller.)
            for worker in workers {
                let _ = worker.join();
            }
            result
        });
        match result {
            Some(Ok(result)) => return result,
            Some(Err(panic)) => resume_unwind(panic),
            None => {}
        }
    }
    match work.take() {
        Some(work) => work(&alone),
        None => unreachable!("work is taken only to be done"),
    }
}

/// One `S` for each thread of a crew. Not a plain vector: for one thread it must not allocate.
pub(crate) struct PerThread<S> {
    first: S,
    others: Vec<S>,
}

impl<S> PerThread<S> {
    pub(crate) fn new(threads: usize, mut state: impl FnMut() -> S) -> Self {
        PerThread {
            first: state(),
            others: (1..threads).map(|_| state()).collect(),
        }
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

impl Crew<'_> {
    /// The calling thread.
    fn alone() -> Self {
        Crew {
            pool: None,
            threads: 1,
        }
    }

    /// This crew, or the calling thread alone unless it is `worth` waking the others.
    pub(crate) fn if_worth(&self, worth: bool) -> Crew<'_> {
        match worth {
            true => Crew { ..*self },
            false => Crew::alone(),
        }
    }

    pub(crate) fn threads(&self) -> usize {
        self.threads
    }

    /// Does `work` once on every thread, with its state.
    pub(crate) fn each<S: Send>(&self, states: &mut PerThread<S>, work: impl Fn(&mut S) + Sync) {
        let PerThread { first, others } = states;
        let work = &work;
        match self.pool {
            None => work(first),
            Some(pool) => pool.in_place_scope(|scope| {
                for state in others {
                    scope.spawn(move |_| work(state));
                }
                work(first);
            }),
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
        if self.pool.is_none() {
            items.for_each(|item| work(&mut states.first, item));
            return;
        }
        // A lock around the iterator hands out disjoint pieces of the outputs without unsafe code; a
        // block is thousands of times the price of taking it.
        let items = Mutex::new(items);
        let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
        self.each(states, |state| {
            while let Some(item) = next() {
                work(state, item);
            }
        });
    }
}
