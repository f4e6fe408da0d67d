//! The settings of a caller: a builder.

use crate::call::{Algorithm, Empty, Init, Options};
use crate::runtime::error::{refuse, Error};
use crate::runtime::fp_environment::Standard;
use crate::runtime::threads::{Lent, Parallel};
use crate::simd::level::Isa;

/// Where the centers start.
///
/// ```
/// use centra::{KMeans, Points, Start};
///
/// let points = Points::rows(&[1.0, 2.0, 3.0, 10.0, 11.0, 12.0], 6, 1)?;
/// let drawn = KMeans::new(2).start(Start::Random).seed(1).fit(&points)?;
/// let given = KMeans::new(2).start(Start::Centers(&[1.0, 2.0])).fit(&points)?;
/// assert_eq!(given.centers, [2.0, 11.0]);
/// assert_eq!(given.report.inertia, drawn.report.inertia);
/// # Ok::<(), centra::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Start<'a> {
    /// At rows that greedy k-means++ draws, from 2 + floor(ln k) candidates a step (Arthur and Vassilvitskii 2007).
    #[default]
    PlusPlus,
    /// At rows that k-means‖ draws: five rounds or more of about 2 k candidates each, and greedy k-means++ among these (Bahmani et
    /// al. 2012). It is for k so large that k passes over the points would take too long.
    Parallel,
    /// At k distinct rows, drawn uniformly.
    Random,
    /// At the given centers: k rows of d.
    Centers(&'a [f64]),
}

/// K-means with k centers: the settings, and the calls that use them.
///
/// Every setting has a default, which is that of the C API. No call changes the settings, so any number of calls, on any number of threads,
/// can share one `KMeans`.
///
/// Arguments always have the same order: points, centers, labels, then whatever else a call reads or writes, and the
/// [`Workspace`](crate::Workspace) last.
/// A refused call leaves every output as it was.
///
/// ```
/// use centra::{KMeans, Points};
///
/// let data = [0.0, 0.0,  0.0, 1.0,  10.0, 0.0,  10.0, 1.0];
/// let points = Points::rows(&data, 4, 2)?;
/// let clustering = KMeans::new(2).threads(2).seed(7).fit(&points)?;
/// assert_eq!(clustering.report.inertia, 1.0);
/// assert_eq!(clustering.labels[0], clustering.labels[1]);
/// assert_ne!(clustering.labels[0], clustering.labels[2]);
/// # Ok::<(), centra::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "settings do nothing until one of the calls is made"]
pub struct KMeans<'a> {
    pub(super) k: usize,
    pub(super) start: Start<'a>,
    empty: Empty,
    threads: usize,
    parallel: Option<Parallel<'a>>,
    restarts: u32,
    max_iter: u64,
    tol: f64,
    seed: u64,
    weights: Option<&'a [f64]>,
    algorithm: Algorithm,
    isa: Isa,
}

/// Settings.
impl<'a> KMeans<'a> {
    /// K-means with `k` centers and the default settings.
    ///
    /// ```
    /// use centra::{KMeans, Points};
    ///
    /// let points = Points::rows(&[1.0, 2.0, 6.0], 3, 1)?;
    /// assert_eq!(KMeans::new(1).fit(&points)?.centers, [3.0]);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn new(k: usize) -> Self {
        let defaults = Options::default();
        KMeans {
            k,
            start: Start::default(),
            empty: defaults.empty,
            threads: defaults.threads,
            parallel: None,
            restarts: defaults.n_init,
            max_iter: defaults.max_iter,
            tol: defaults.tol,
            seed: defaults.seed,
            weights: defaults.weights,
            algorithm: defaults.algorithm,
            isa: defaults.isa,
        }
    }

    /// Where the centers start; [`Start::PlusPlus`] by default. Only for [`fit`](Self::fit) and [`seed_centers`](Self::seed_centers).
    ///
    /// ```
    /// use centra::{KMeans, Points, Start};
    ///
    /// let points = Points::rows(&[0.0, 1.0, 5.0, 6.0], 4, 1)?;
    /// let clustering = KMeans::new(2).start(Start::Centers(&[6.0, 0.0])).fit(&points)?;
    /// assert_eq!(clustering.centers, [5.5, 0.5]);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn start(self, start: Start<'a>) -> Self {
        KMeans { start, ..self }
    }

    /// What becomes of a cluster without a point of positive weight; [`Empty::Relocate`] by default.
    ///
    /// ```
    /// use centra::{Empty, KMeans, Points, Start, Status};
    ///
    /// let points = Points::rows(&[0.0, 1.0, 2.0], 3, 1)?;
    /// let kmeans = KMeans::new(2).start(Start::Centers(&[1.0, 100.0]));
    /// let kept = kmeans.clone().empty(Empty::Keep).fit(&points)?;
    /// assert_eq!(kept.centers, [1.0, 100.0]);
    /// let refused = kmeans.empty(Empty::Error).fit(&points);
    /// assert_eq!(refused.unwrap_err().status(), Status::Empty);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn empty(self, empty: Empty) -> Self {
        KMeans { empty, ..self }
    }

    /// The number of threads: 1, the default, is the calling thread alone; 0 is one for each core that this process may use. Fewer are
    /// used if there is too little work for them, or if the system provides no more. The results do not depend on it.
    ///
    /// ```
    /// use centra::{KMeans, Points};
    ///
    /// let points = Points::rows(&[0.0, 1.0, 5.0, 6.0], 4, 1)?;
    /// let (one, all) = (KMeans::new(2), KMeans::new(2).threads(0));
    /// assert_eq!(one.fit(&points)?.centers, all.fit(&points)?.centers);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn threads(self, threads: usize) -> Self {
        KMeans { threads, ..self }
    }

    /// The caller's own threads in place of threads that a call starts. `run(count, task)` calls `task(i)` for every i below `count`,
    /// on whichever threads it likes, in any order and side by side or not, and returns when all are done. [`threads`](Self::threads) is the
    /// most tasks that a pass has, 0 for as many as there are cores; with 1, `run` is not called. The results do not depend on it.
    ///
    /// A pass has its own tasks; between passes no thread is needed. `run` is called on the calling thread, in its floating-point environment. A
    /// panic of `run` ends the call, as one of its own would.
    ///
    /// ```
    /// use centra::{KMeans, Points};
    ///
    /// let data: Vec<f64> = (0..40_000).map(|x| f64::from(x * 7919 % 40_009)).collect();
    /// let points = Points::rows(&data, 10_000, 4)?;
    /// let run = |count: usize, task: &(dyn Fn(usize) + Sync)| {
    ///     std::thread::scope(|scope| {
    ///         for i in 0..count {
    ///             scope.spawn(move || task(i));
    ///         }
    ///     });
    /// };
    /// let kmeans = KMeans::new(30).max_iter(5);
    /// let own = kmeans.clone().threads(3).parallel(&run).fit(&points)?;
    /// assert_eq!(own.centers, kmeans.fit(&points)?.centers);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn parallel<F>(self, run: &'a F) -> Self
    where
        F: Fn(usize, &(dyn Fn(usize) + Sync)) + Sync,
    {
        let parallel = Some(Parallel::Rust(run));
        KMeans { parallel, ..self }
    }

    /// The number of restarts, at least 1, which is the default. The result is that of the least inertia, of several equal ones the
    /// earliest. From given centers there is one.
    ///
    /// ```
    /// use centra::{KMeans, Points};
    ///
    /// let data: Vec<f64> = (0..40).map(|p| f64::from(p * p % 41)).collect();
    /// let points = Points::rows(&data, 40, 1)?;
    /// let (one, ten) = (KMeans::new(5), KMeans::new(5).restarts(10));
    /// assert!(ten.fit(&points)?.report.inertia <= one.fit(&points)?.report.inertia);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn restarts(self, restarts: u32) -> Self {
        KMeans { restarts, ..self }
    }

    /// The most iterations of a restart, 300 by default. With 0 the points are assigned to the starting centers, and that is all.
    ///
    /// ```
    /// use centra::{KMeans, Points, Start, StoppedBy};
    ///
    /// let points = Points::rows(&[0.0, 1.0, 5.0, 6.0], 4, 1)?;
    /// let kmeans = KMeans::new(2).start(Start::Centers(&[0.0, 1.0])).max_iter(0);
    /// let clustering = kmeans.fit(&points)?;
    /// assert_eq!(clustering.labels, [0, 1, 1, 1]);
    /// assert_eq!(clustering.report.stopped_by, StoppedBy::MaxIter);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn max_iter(self, max_iter: u64) -> Self {
        KMeans { max_iter, ..self }
    }

    /// Stop when the squared distances that the centers move sum to no more than this; with 0, the default, only when no label
    /// changes.
    ///
    /// ```
    /// use centra::{KMeans, Points, Start, StoppedBy};
    ///
    /// let points = Points::rows(&[0.0, 1.0, 5.0, 6.0], 4, 1)?;
    /// let kmeans = KMeans::new(2).start(Start::Centers(&[0.0, 1.0])).tol(100.0);
    /// assert_eq!(kmeans.fit(&points)?.report.stopped_by, StoppedBy::Tolerance);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn tol(self, tol: f64) -> Self {
        KMeans { tol, ..self }
    }

    /// The seed of all random draws, 0 by default. The same seed draws the same rows on every machine.
    ///
    /// ```
    /// use centra::{KMeans, Points};
    ///
    /// let points = Points::rows(&[0.0, 1.0, 5.0, 6.0], 4, 1)?;
    /// let kmeans = KMeans::new(2).seed(42);
    /// assert_eq!(kmeans.fit(&points)?.centers, kmeans.fit(&points)?.centers);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn seed(self, seed: u64) -> Self {
        KMeans { seed, ..self }
    }

    /// A weight for each point, finite and not negative, and not all zero; without them, all are 1. A point of weight 3 counts as three
    /// points. [`assign`](Self::assign) ignores them: they do not change labels.
    ///
    /// ```
    /// use centra::{KMeans, Points};
    ///
    /// let points = Points::rows(&[1.0, 2.0, 6.0], 3, 1)?;
    /// let clustering = KMeans::new(1).weights(&[1.0, 1.0, 2.0]).fit(&points)?;
    /// assert_eq!(clustering.centers, [3.75]);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn weights(self, weights: &'a [f64]) -> Self {
        let weights = Some(weights);
        KMeans { weights, ..self }
    }

    /// How a fit avoids evaluations that cannot change a label; [`Algorithm::Auto`] by default. The results do not depend on it.
    ///
    /// ```
    /// use centra::{Algorithm, KMeans, Points};
    ///
    /// let points = Points::rows(&[0.0, 1.0, 5.0, 6.0], 4, 1)?;
    /// let least_memory = KMeans::new(2).algorithm(Algorithm::Lloyd);
    /// assert_eq!(least_memory.fit(&points)?.centers, KMeans::new(2).fit(&points)?.centers);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn algorithm(self, algorithm: Algorithm) -> Self {
        KMeans { algorithm, ..self }
    }

    /// The highest instruction set to use, which never exceeds [`isa`](crate::isa()). The results do not depend on it; it is
    /// for tests and benchmarks that compare the instruction sets in one process.
    ///
    /// ```
    /// use centra::{Isa, KMeans, Points};
    ///
    /// let points = Points::rows(&[0.0, 1.0, 5.0, 6.0], 4, 1)?;
    /// let portable = KMeans::new(2).isa(Isa::Portable);
    /// assert_eq!(portable.fit(&points)?.centers, KMeans::new(2).fit(&points)?.centers);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn isa(self, isa: Isa) -> Self {
        KMeans { isa, ..self }
    }

    /// Enters a call: returns its floating-point environment, which the thread leaves when the value is dropped, and the settings as the
    /// functions of `api` and `stream` take them.
    pub(super) fn enter(&self) -> Result<(Standard, Options<'a>), Error> {
        let environment = Standard::enter();
        if self.restarts == 0 {
            return refuse!(Option, "restarts: 0 is not positive");
        }
        let lent = self.parallel.map(|parallel| Lent {
            parallel,
            environment: environment.caller(),
        });
        let (init, given) = match self.start {
            Start::PlusPlus => (Init::KmeansPlusPlus, None),
            Start::Parallel => (Init::Parallel, None),
            Start::Random => (Init::Random, None),
            Start::Centers(centers) => (Init::Given, Some(centers)),
        };
        let options = Options {
            init,
            given,
            empty: self.empty,
            threads: self.threads,
            n_init: self.restarts,
            max_iter: self.max_iter,
            tol: self.tol,
            seed: self.seed,
            weights: self.weights,
            progress: None,
            lent,
            algorithm: self.algorithm,
            isa: self.isa,
        };
        Ok((environment, options))
    }
}
