//! A team for systems without POSIX threads: a pool of rayon that lives as long as one call.

use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};

use crate::runtime::fp_environment::Standard;

/// The name of a worker.
const NAME: &str = "centra";

/// The calling thread and its workers.
pub(super) struct Team<'a> {
    pool: &'a rayon::ThreadPool,
}

/// Calls `work` with a team of `threads` threads, or with none if they cannot be started.
pub(super) fn with<R>(threads: usize, work: impl FnOnce(Option<&Team<'_>>) -> R) -> R {
    // As in `build_scoped`, but the workers are joined: a scope only waits for their closures.
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
        // A panic of a worker has already reached the caller through its scope.
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

    /// Calls `task` with every index below `count`, on whichever thread is free; index 0 on the calling thread.
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
