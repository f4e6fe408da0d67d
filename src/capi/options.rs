//! The options of a call.

use core::ffi::c_void;

use super::boundary;
use super::types::*;
use crate::call::{Algorithm, Empty, Init, Options, Progress};
use crate::points::Layout;
use crate::runtime::error::{refuse, Error};
use crate::runtime::fp_environment::{OfCaller, Standard};
use crate::runtime::threads::{Lent, Parallel};

/// What a call does with the weights among its options.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Weights {
    /// It reads one for each point.
    Used,
    /// It has points but does not read the weights, which may be those of a fit of other points.
    Ignored,
    /// It has no points, and does not check the pointer.
    Unseen,
}

/// Options that passed the checks.
#[derive(Clone)]
pub(super) struct Chosen<'a> {
    /// As the calls take them, but for the progress callback.
    pub(super) options: Options<'a>,
    pub(super) layout: Layout,
    /// The first label.
    pub(super) base: i32,
    /// Whether there are weights, even if they are not read.
    pub(super) weighted: bool,
    progress: centra_progress_fn,
    progress_data: *mut c_void,
    parallel: Option<Parallel<'a>>,
}

impl Chosen<'_> {
    /// The defaults, for calls without options.
    pub(super) fn defaults() -> Self {
        Chosen {
            options: Options::default(),
            layout: Layout::Rows,
            base: 0,
            weighted: false,
            progress: None,
            progress_data: core::ptr::null_mut(),
            parallel: None,
        }
    }

    /// Refuses invalid values. The weights are checked where their number is known.
    pub(super) fn new(raw: &centra_options) -> Result<Self, Error> {
        let init = one_of(
            "init",
            raw.init,
            "one of CENTRA_INIT_*",
            &[
                (CENTRA_INIT_KMEANSPP, Init::KmeansPlusPlus),
                (CENTRA_INIT_RANDOM, Init::Random),
                (CENTRA_INIT_GIVEN, Init::Given),
                (CENTRA_INIT_PARALLEL, Init::Parallel),
            ],
        )?;
        let empty = one_of(
            "empty",
            raw.empty,
            "one of CENTRA_EMPTY_*",
            &[
                (CENTRA_EMPTY_RELOCATE, Empty::Relocate),
                (CENTRA_EMPTY_KEEP, Empty::Keep),
                (CENTRA_EMPTY_ERROR, Empty::Error),
            ],
        )?;
        let layout = one_of(
            "layout",
            raw.layout,
            "CENTRA_ROWS or CENTRA_COLUMNS",
            &[
                (CENTRA_ROWS, Layout::Rows),
                (CENTRA_COLUMNS, Layout::Columns),
            ],
        )?;
        let algorithm = one_of(
            "algorithm",
            raw.algorithm,
            "one of CENTRA_ALGORITHM_*",
            &[
                (CENTRA_ALGORITHM_AUTO, Algorithm::Auto),
                (CENTRA_ALGORITHM_LLOYD, Algorithm::Lloyd),
                (CENTRA_ALGORITHM_HAMERLY, Algorithm::Hamerly),
            ],
        )?;
        let base = one_of("label_base", raw.label_base, "0 or 1", &[(0, 0), (1, 1)])?;
        let Ok(threads) = usize::try_from(raw.threads) else {
            return unknown("threads", raw.threads, "0 (all) or positive");
        };
        let Ok(n_init) = u32::try_from(raw.n_init) else {
            return unknown("n_init", raw.n_init, "positive");
        };
        let Ok(max_iter) = u64::try_from(raw.max_iter) else {
            return refuse!(Option, "max_iter: {} is negative", raw.max_iter);
        };
        let options = Options {
            init,
            empty,
            threads,
            n_init,
            max_iter,
            tol: raw.tol,
            seed: raw.seed,
            algorithm,
            ..Options::default()
        };
        options.check()?;
        Ok(Chosen {
            options,
            layout,
            base,
            weighted: !raw.weights.is_null(),
            progress: raw.progress,
            progress_data: raw.progress_data,
            parallel: raw.parallel.map(|function| Parallel::C {
                function,
                user: raw.parallel_data,
            }),
        })
    }

    /// Makes the threads that the caller lends an option of the call, which has replaced this floating-point environment.
    pub(super) fn lend(&mut self, environment: OfCaller) {
        self.options.lent = self.parallel.map(|parallel| Lent {
            parallel,
            environment,
        });
    }

    /// Whether there is a progress callback.
    pub(super) fn has_progress(&self) -> bool {
        self.progress.is_some()
    }

    /// Calls the progress callback, if there is one, in the environment of the caller; returns whether it asks to stop.
    pub(super) fn report(&self, progress: &Progress, environment: &Standard) -> bool {
        let Some(callback) = self.progress else {
            return false;
        };
        let (progress, user) = (centra_progress::new(progress), self.progress_data);
        // SAFETY: the caller's function, with its own data and a struct that outlives the call.
        let call = || unsafe { callback(&progress, user) };
        boundary::outside(environment, call) != 0
    }
}

/// The meaning of the `value` of the option `name`, from the list `of`; `expected` describes the valid values.
fn one_of<T: Copy>(name: &str, value: i32, expected: &str, of: &[(i32, T)]) -> Result<T, Error> {
    match of.iter().find(|(number, _)| *number == value) {
        Some(&(_, found)) => Ok(found),
        None => unknown(name, value, expected),
    }
}

fn unknown<T>(name: &str, value: i32, expected: &str) -> Result<T, Error> {
    refuse!(Option, "{name}: {value} is not {expected}")
}
