//! When a restart ends.

use crate::call::{Init, Options, StoppedBy};
use crate::exact::distance::squared;

/// The options that restarts use; the callback is left out, as only the calling thread may call it.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    pub(super) init: Init,
    pub(super) seed: u64,
    pub(super) max_iter: u64,
    pub(super) tol: f64,
    /// Whether shifts are needed.
    shifts: bool,
}

impl Rules {
    pub(super) fn of(options: &Options<'_>) -> Self {
        Rules {
            init: options.init,
            seed: options.seed,
            max_iter: options.max_iter,
            tol: options.tol,
            shifts: options.tol > 0.0 || options.progress.is_some(),
        }
    }

    /// Whether another iteration may follow `iterations` ones.
    pub(super) fn allow_more(&self, iterations: i64) -> bool {
        (iterations as u64) < self.max_iter
    }

    /// The sum of the squared shifts of the centers in index order, if it is needed.
    pub(super) fn shift(&self, new: &[f64], old: &[f64], d: usize) -> Option<f64> {
        self.shifts.then(|| {
            let pairs = new.chunks_exact(d).zip(old.chunks_exact(d));
            pairs.fold(0.0, |sum, (new, old)| sum + squared(new, old))
        })
    }

    /// Why a restart stops after `iterations` iterations, in the last of which `moved` labels changed and the centers moved by `shift`;
    /// `None` if it goes on.
    pub(super) fn reason(
        &self,
        iterations: i64,
        moved: i64,
        shift: Option<f64>,
    ) -> Option<StoppedBy> {
        match shift {
            _ if moved == 0 => Some(StoppedBy::Converged),
            Some(shift) if self.tol > 0.0 && shift <= self.tol => Some(StoppedBy::Tolerance),
            _ if !self.allow_more(iterations) => Some(StoppedBy::MaxIter),
            _ => None,
        }
    }
}
