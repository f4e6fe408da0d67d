//! Options of a call, and the report of a fit.

use crate::runtime::error::{refuse, Error, Number};
use crate::runtime::threads::Lent;
use crate::simd::level::Isa;

/// Where the centers start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Init {
    /// Greedy k-means++ with 2 + floor(ln k) candidates a step.
    #[default]
    KmeansPlusPlus,
    /// k distinct rows, drawn uniformly.
    Random,
    /// The centers that the caller gives.
    Given,
    /// k-means‖: at least five rounds of about 2 k candidates each, and greedy k-means++ among these (Bahmani et al. 2012). For k so
    /// large that k passes over the points take too long.
    Parallel,
}

/// What becomes of a cluster without a member of positive weight.
///
/// ```
/// use centra::{Empty, KMeans, Points};
///
/// let points = Points::rows(&[0.0, 1.0, 9.0], 3, 1)?;
/// let mut centers = [1.0, 50.0];
/// KMeans::new(2).empty(Empty::Relocate).update(&points, &mut centers, &[0, 0, 0])?;
/// assert_eq!(centers, [0.5, 9.0]); // the farthest point is the second cluster's
/// # Ok::<(), centra::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Empty {
    /// Points of positive weight are ranked by the squared distance to the center that they are labelled with, largest first, ties to
    /// the lowest index. Each empty cluster, in ascending index, takes the next point of this ranking as its only member of positive
    /// weight; then the means are computed. The last such member of a cluster is never taken, nor a point that lies on its
    /// center; empty clusters for which no point is left keep their centers. This is the rule of scikit-learn and oneDAL. A point is
    /// taken with all of its weight: here a point of weight 2 does not act as two points.
    #[default]
    Relocate,
    /// Its center stays where it was.
    Keep,
    /// The call is refused with [`Status::Empty`](crate::Status::Empty).
    Error,
}

/// How a fit avoids work in later iterations. The results do not depend on it.
///
/// ```
/// use centra::{Algorithm, KMeans};
///
/// // Bounds take memory.
/// let (auto, lloyd) = (KMeans::new(8), KMeans::new(8).algorithm(Algorithm::Lloyd));
/// assert!(lloyd.workspace_size(100_000, 4)? <= auto.workspace_size(100_000, 4)?);
/// # Ok::<(), centra::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Algorithm {
    /// Bounds on distances where they save time: 4 bytes of workspace a point and 4 a center. For 32 to 1024 dimensions and at least 3
    /// centers, later iterations read quantized points, 16 bits a coordinate, instead of the points: 8 ceil(d / 4) + 8 bytes a point. From 192 centers on,
    /// up to 128 bytes a point are for bounds to groups of centers (Ding et al. 2015), by which a point is compared with only some of the centers; they are used
    /// with AVX2, AVX-VNNI and portable code, where the centers in 16 bits take at most 512 KiB, and with AVX-512 VNNI from 512 centers on, where they take at
    /// most 128 KiB.
    #[default]
    Auto,
    /// Every iteration compares every point with the centers (Lloyd 1982); the least memory.
    Lloyd,
    /// The same as `Auto`, but with one bound for each point, which is always used: from the second iteration on, only points whose bound does not prove
    /// their label are compared with the centers, and with all of them (Hamerly 2010).
    Hamerly,
}

/// What a progress callback receives after every iteration of every restart.
///
/// ```
/// use centra::{KMeans, Points, Progress};
/// use std::ops::ControlFlow;
///
/// let show = |progress: &Progress| {
///     println!("{}: {} labels moved", progress.iteration, progress.moved);
///     ControlFlow::Continue(())
/// };
/// let points = Points::rows(&[0.0, 1.0, 5.0, 6.0], 4, 1)?;
/// KMeans::new(2).progress(show).fit(&points)?;
/// # Ok::<(), centra::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// Restart, from 0.
    pub restart: i64,
    /// Iteration, from 1.
    pub iteration: i64,
    /// Labels that changed in this iteration.
    pub moved: i64,
    /// Sum over the centers of D between the new and the previous center.
    pub shift: f64,
}

/// Options of every call; [`Default`] gives those of the C API.
#[derive(Clone)]
pub(crate) struct Options<'a> {
    /// Where the centers start; only for fits and seedings.
    pub(crate) init: Init,
    /// Under [`Init::Given`] the centers to start from; those that are to be written, where there are none here.
    pub(crate) given: Option<&'a [f64]>,
    /// What becomes of empty clusters.
    pub(crate) empty: Empty,
    /// 1: the calling thread only, and no allocation with a workspace of the caller's; 0: all cores this
    /// process may use; or a number. Fewer are used where the work does not pay for them. The results do
    /// not depend on it.
    pub(crate) threads: usize,
    /// Restarts; the best inertia wins, ties to the earliest.
    pub(crate) n_init: u32,
    /// Iterations of a restart, at most; 0 assigns to the starting centers and stops.
    pub(crate) max_iter: u64,
    /// Stop when the centers' squared shifts sum to no more than this; 0: only when no label changes.
    pub(crate) tol: f64,
    /// Seed of the random draws.
    pub(crate) seed: u64,
    /// One for each point, finite and not negative, not all zero; `None` for all ones. Ignored by
    /// [`assign`](crate::api::assign()), where they change nothing.
    pub(crate) weights: Option<&'a [f64]>,
    /// Called on the calling thread after every iteration, in the standard floating-point environment, which it leaves for the
    /// caller's own code; `true` stops the fit there.
    pub(crate) progress: Option<&'a dyn Fn(&Progress) -> bool>,
    /// The caller's function that runs tasks on threads of its own; `None`: threads that the call starts.
    pub(crate) lent: Option<Lent<'a>>,
    /// How a fit keeps from doing again what cannot have changed; only for fits.
    pub(crate) algorithm: Algorithm,
    /// Use no more than this instruction set, and no more than [`isa`](crate::isa) says. The results do
    /// not depend on it; it is for tests and benchmarks that compare the paths in one process.
    pub(crate) isa: Isa,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Options {
            init: Init::default(),
            given: None,
            empty: Empty::default(),
            threads: 1,
            n_init: 1,
            max_iter: 300,
            tol: 0.0,
            seed: 0,
            weights: None,
            progress: None,
            lent: None,
            algorithm: Algorithm::default(),
            isa: Isa::Amx,
        }
    }
}

impl Options<'_> {
    /// Refuses values that no call can use.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.n_init == 0 {
            return refuse!(Option, "n_init: 0 is not positive");
        }
        if !(self.tol >= 0.0 && self.tol.is_finite()) {
            let tol = Number(self.tol);
            return refuse!(Option, "tol: {tol} is not a finite number of at least 0");
        }
        Ok(())
    }
}

/// Why the returned restart stopped.
///
/// ```
/// use centra::{KMeans, Points, StoppedBy};
///
/// let points = Points::rows(&[0.0, 1.0, 5.0, 6.0], 4, 1)?;
/// let report = KMeans::new(2).fit(&points)?.report;
/// assert_eq!(report.stopped_by, StoppedBy::Converged);
/// # Ok::<(), centra::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(i32)]
pub enum StoppedBy {
    /// No label changed.
    Converged = 0,
    /// The centers moved by no more than `tol`.
    Tolerance = 1,
    /// `max_iter` iterations were done.
    MaxIter = 2,
    /// The progress callback asked for it.
    Stopped = 3,
}

/// What a fit did.
///
/// ```
/// use centra::{KMeans, Points};
///
/// let points = Points::rows(&[0.0, 1.0, 5.0, 6.0], 4, 1)?;
/// let report = KMeans::new(2).fit(&points)?.report;
/// assert_eq!((report.inertia, report.moved, report.threads), (1.0, 0, 1));
/// # Ok::<(), centra::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// Why the returned restart stopped.
    pub stopped_by: StoppedBy,
    /// Whether the progress callback stopped the fit.
    pub cancelled: bool,
    /// Threads used.
    pub threads: usize,
    /// Iterations of the returned restart.
    pub iterations: i64,
    /// Clusters without a member of positive weight in the returned labels.
    pub empty_clusters: i64,
    /// Labels that changed in the last iteration of the returned restart.
    pub moved: i64,
    /// The sum of D between the points and the returned centers times the weights: summed exactly, rounded once.
    pub inertia: f64,
    /// Pairs of a point and a center that were evaluated, over all restarts and the seeding.
    pub distances: i64,
    /// Points that a cheaper test left open, and for which D was compared, over all restarts.
    pub rechecked: i64,
    /// Pairs that bounds excluded without evaluation, over all restarts.
    pub skipped: i64,
    /// Seconds spent in the range check.
    pub seconds_scan: f64,
    /// Seconds spent seeding.
    pub seconds_seed: f64,
    /// Seconds spent finding the nearest centers.
    pub seconds_assign: f64,
    /// Seconds spent computing centers.
    pub seconds_update: f64,
    /// Bytes of workspace that the call needed.
    pub workspace_bytes: usize,
}

/// What a fit returns.
///
/// ```
/// use centra::{Clustering, KMeans, Points};
///
/// let points = Points::rows(&[1.0, 2.0, 6.0], 3, 1)?;
/// let Clustering { centers, labels, report, .. } = KMeans::new(1).fit(&points)?;
/// assert_eq!((&centers[..], &labels[..]), (&[3.0][..], &[0, 0, 0][..]));
/// assert_eq!(report.inertia, 14.0);
/// # Ok::<(), centra::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Clustering {
    /// k rows of d.
    pub centers: Vec<f64>,
    /// For each point the index of its center, from 0.
    pub labels: Vec<i32>,
    /// The inertia, the iterations, why the fit stopped, and what it cost.
    pub report: Report,
}
