//! A team that is a pool of rayon's, where threads are not POSIX's. A pool lives as long as one call, too.

use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};

use crate::runtime::fp_environment::Standard;

/// The name of a worker.
const NAME: &str = "centra";

/// The calling thread and its workers.
pub(super) struct Team<'a> {
    pool: &'a rayon::ThreadPool,
}

/// Calls `work` with a team of so many threads, or with none where they are not to be had.
pub(super) fn with<R>(threads: usize, work: impl FnOnce(Option<&Team<'_>>) -> R) -> R {
    // As `build_scoped` does it, but with the workers joined: a scope only waits for their closures.
    let result = std::thread::scope(|scope| {
        let mut workers = Vec::with_capacity(threads - 1);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads - 1)
            .spawn_handler(|worker| {
                let thread = std::thread::Builder::new().name(NAME.to_owned());
                workers.push(thread.spawn_scoped(scope, || {
                    let _environment = Standard::enter();
                    worker.run();
                })?);
                Ok(())
            })
            .build();
        let result = catch_unwind(AssertUnwindSafe(|| match &pool {
            Ok(pool) => work(Some(&Team { pool })),
            Err(_) => work(None),
        }));
        drop(pool);
        // (One that panicked has told the scope it ran in, and so the caller.)
        for worker in workers {
            let _ = worker.join();
        }
        result
    });
    result.unwrap_or_else(|panic| resume_unwind(panic))
}

impl Team<'_> {
    pub(super) fn threads(&self) -> usize {
        self.pool.current_num_threads() + 1
    }

    /// Does `task` for every index below `count`, on whichever thread is free; index 0 on the calling one.
    pub(super) fn each(&self, count: usize, task: &(dyn Fn(usize) + Sync)) {
        self.pool.in_place_scope(|scope| {
            for index in 1..count {
                scope.spawn(move |_| task(index));
            }
            task(0);
        });
    }
}

/// Whether this thread is a worker of a team.
#[cfg(not(unix))]
pub(super) fn is_worker() -> bool {
    std::thread::current().name() == Some(NAME)
}
