//! A fit, its two halves, starting centers and the inertia: each call in memory that it allocates, and in the caller's.

use core::cell::RefCell;
use core::fmt;
use core::ops::ControlFlow;

use super::settings::{KMeans, Start};
use super::workspace::Workspace;
use crate::api::{self, check_length};
use crate::call::{Clustering, Options, Progress, Report};
use crate::points::{check_sizes, check_sizes_of_fit, Points};
use crate::runtime::error::{refuse, Error};
use crate::runtime::workspace::Workspace as Lent;

/// Calls.
impl KMeans<'_> {
    /// Clusters the points: seeds, then iterates assignment and update until no label changes, or until [`max_iter`](Self::max_iter) or
    /// [`tol`](Self::tol) stops it.
    ///
    /// ```
    /// use centra::{KMeans, Points, Start, StoppedBy};
    ///
    /// let data = [1.0, 2.0, 3.0, 10.0, 11.0, 12.0];
    /// let points = Points::rows(&data, 6, 1)?;
    /// let clustering = KMeans::new(2).start(Start::Centers(&[1.0, 2.0])).fit(&points)?;
    /// assert_eq!(clustering.centers, [2.0, 11.0]);
    /// assert_eq!(clustering.labels, [0, 0, 0, 1, 1, 1]);
    /// assert_eq!(clustering.report.stopped_by, StoppedBy::Converged);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn fit(&self, points: &Points<'_>) -> Result<Clustering, Error> {
        self.fit_watched(points, None, Lent::Allocate)
    }

    /// [`fit`](Self::fit) in the caller's memory: `centers` receives k rows of d, and `labels`, unless it is `None`, the labels.
    ///
    /// ```
    /// use centra::{KMeans, Points, Start, Workspace};
    ///
    /// let points = Points::rows(&[1.0, 2.0, 3.0, 10.0, 11.0, 12.0], 6, 1)?;
    /// let kmeans = KMeans::new(2).start(Start::Centers(&[1.0, 2.0]));
    /// let (mut centers, mut labels) = ([0.0; 2], [0; 6]);
    /// let mut workspace = Workspace::with_bytes(kmeans.workspace_size(6, 1)?)?;
    /// let report = kmeans.fit_into(&points, &mut centers, Some(&mut labels), &mut workspace)?;
    /// assert_eq!((centers, report.iterations), ([2.0, 11.0], 2));
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn fit_into(
        &self,
        points: &Points<'_>,
        centers: &mut [f64],
        labels: Option<&mut [i32]>,
        workspace: &mut Workspace<'_>,
    ) -> Result<Report, Error> {
        self.fit_watched_into(points, centers, labels, None, workspace.lend()?)
    }

    /// For each point the index of its nearest center, of several equally near ones the lowest. `centers` is k rows of d. There may be
    /// fewer points than centers, or none.
    ///
    /// ```
    /// use centra::{KMeans, Points};
    ///
    /// let points = Points::rows(&[0.0, 4.0, 5.0, 9.0], 4, 1)?;
    /// assert_eq!(KMeans::new(2).assign(&points, &[1.0, 9.0])?, [0, 0, 0, 1]);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn assign(&self, points: &Points<'_>, centers: &[f64]) -> Result<Vec<i32>, Error> {
        let mut labels = vec![0; points.n()];
        self.assign_lent(points, centers, &mut labels, None, Lent::Allocate)?;
        Ok(labels)
    }

    /// [`assign`](Self::assign) in the caller's memory; `sqdist`, unless it is `None`, receives each point's squared distance to its
    /// center.
    ///
    /// ```
    /// use centra::{KMeans, Points, Workspace};
    ///
    /// let points = Points::rows(&[0.0, 4.0, 5.0, 9.0], 4, 1)?;
    /// let (mut labels, mut sqdist, mut workspace) = ([0; 4], [0.0; 4], Workspace::new());
    /// KMeans::new(2).assign_into(&points, &[1.0, 9.0], &mut labels, Some(&mut sqdist), &mut workspace)?;
    /// assert_eq!((labels, sqdist), ([0, 0, 0, 1], [1.0, 9.0, 16.0, 0.0]));
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn assign_into(
        &self,
        points: &Points<'_>,
        centers: &[f64],
        labels: &mut [i32],
        sqdist: Option<&mut [f64]>,
        workspace: &mut Workspace<'_>,
    ) -> Result<(), Error> {
        self.assign_lent(points, centers, labels, sqdist, workspace.lend()?)
    }

    /// Replaces each center by the mean of the points with its label; returns the number of points of each.
    ///
    /// [`empty`](Self::empty) decides what becomes of the center of a cluster without a point of positive weight; it may keep the value
    /// that it has in `centers` on entry. There may be fewer points than centers, or none.
    ///
    /// ```
    /// use centra::{KMeans, Points};
    ///
    /// let points = Points::rows(&[0.0, 4.0, 5.0, 9.0], 4, 1)?;
    /// let mut centers = [0.0; 2];
    /// let counts = KMeans::new(2).update(&points, &mut centers, &[0, 0, 0, 1])?;
    /// assert_eq!((centers, &counts[..]), ([3.0, 9.0], &[3, 1][..]));
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn update(
        &self,
        points: &Points<'_>,
        centers: &mut [f64],
        labels: &[i32],
    ) -> Result<Vec<i64>, Error> {
        self.check(points, centers)?;
        let mut counts = vec![0; self.k];
        self.update_lent(points, centers, labels, Some(&mut counts), Lent::Allocate)?;
        Ok(counts)
    }

    /// [`update`](Self::update) in the caller's memory; `counts`, unless it is `None`, receives the number of points of each
    /// center.
    ///
    /// ```
    /// use centra::{KMeans, Points, Workspace};
    ///
    /// let points = Points::rows(&[0.0, 4.0, 5.0, 9.0], 4, 1)?;
    /// let (mut centers, mut workspace) = ([0.0; 2], Workspace::new());
    /// KMeans::new(2).update_into(&points, &mut centers, &[0, 0, 0, 1], None, &mut workspace)?;
    /// assert_eq!(centers, [3.0, 9.0]);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn update_into(
        &self,
        points: &Points<'_>,
        centers: &mut [f64],
        labels: &[i32],
        counts: Option<&mut [i64]>,
        workspace: &mut Workspace<'_>,
    ) -> Result<(), Error> {
        self.update_lent(points, centers, labels, counts, workspace.lend()?)
    }

    /// The centers that a fit would start from, each a row of the points: k rows of d. The call is refused with [`Start::Centers`],
    /// which leaves nothing to draw.
    ///
    /// ```
    /// use centra::{KMeans, Points};
    ///
    /// let points = Points::rows(&[0.0, 0.5, 9.0, 9.5], 4, 1)?;
    /// let centers = KMeans::new(2).seed(3).seed_centers(&points)?;
    /// assert!((centers[0] - centers[1]).abs() > 8.0);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn seed_centers(&self, points: &Points<'_>) -> Result<Vec<f64>, Error> {
        check_sizes_of_fit(points.n(), points.d(), self.k)?;
        let mut centers = vec![0.0; self.k * points.d()];
        self.seed_lent(points, &mut centers, Lent::Allocate)?;
        Ok(centers)
    }

    /// [`seed_centers`](Self::seed_centers) in the caller's memory.
    ///
    /// ```
    /// use centra::{KMeans, Points, Workspace};
    ///
    /// let points = Points::rows(&[0.0, 0.5, 9.0, 9.5], 4, 1)?;
    /// let (mut centers, mut workspace) = ([0.0; 2], Workspace::new());
    /// KMeans::new(2).seed_centers_into(&points, &mut centers, &mut workspace)?;
    /// assert!((centers[0] - centers[1]).abs() > 8.0);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn seed_centers_into(
        &self,
        points: &Points<'_>,
        centers: &mut [f64],
        workspace: &mut Workspace<'_>,
    ) -> Result<(), Error> {
        self.seed_lent(points, centers, workspace.lend()?)
    }

    /// The inertia: the exact sum of the weights times the squared distances between the points and the centers that their labels name,
    /// rounded once. There may be fewer points than centers, or none; the inertia of none is 0. The call needs no workspace, and allocates
    /// nothing with one thread.
    ///
    /// ```
    /// use centra::{KMeans, Points};
    ///
    /// let points = Points::rows(&[0.0, 4.0, 5.0, 9.0], 4, 1)?;
    /// let inertia = KMeans::new(2).inertia(&points, &[3.0, 9.0], &[0, 0, 0, 1])?;
    /// assert_eq!(inertia, 14.0);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn inertia(
        &self,
        points: &Points<'_>,
        centers: &[f64],
        labels: &[i32],
    ) -> Result<f64, Error> {
        self.check(points, centers)?;
        let (_environment, options) = self.enter()?;
        api::inertia(points, centers, labels, &options, 0)
    }

    /// Bytes of workspace that suffice for every call with these settings on `n` points of `d` dimensions, in either layout; if
    /// k is more than n, for every call that allows this. The number never falls as n, d, k or the threads grow. It depends on whether
    /// there are weights, but not on how many.
    ///
    /// ```
    /// use centra::KMeans;
    ///
    /// let kmeans = KMeans::new(10);
    /// assert!(kmeans.workspace_size(1000, 2)? <= kmeans.workspace_size(2000, 3)?);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn workspace_size(&self, n: usize, d: usize) -> Result<usize, Error> {
        check_sizes(n, d, self.k)?;
        let (_environment, options) = self.enter()?;
        api::workspace_size(n, d, self.k, &options)
    }

    /// Refuses sizes that no call takes, and centers that are not k rows of d.
    pub(super) fn check(&self, points: &Points<'_>, centers: &[f64]) -> Result<(), Error> {
        check_sizes(points.n(), points.d(), self.k)?;
        check_length("centers", centers.len(), self.k * points.d(), "k d")
    }

    /// The same for calls that find centers among the points.
    fn check_fit(&self, points: &Points<'_>, centers: &[f64]) -> Result<(), Error> {
        check_sizes_of_fit(points.n(), points.d(), self.k)?;
        check_length("centers", centers.len(), self.k * points.d(), "k d")
    }

    pub(super) fn fit_watched(
        &self,
        points: &Points<'_>,
        progress: Option<&dyn Fn(&Progress) -> bool>,
        workspace: Lent<'_>,
    ) -> Result<Clustering, Error> {
        check_sizes_of_fit(points.n(), points.d(), self.k)?;
        let mut centers = vec![0.0; self.k * points.d()];
        let mut labels = vec![0; points.n()];
        let all = Some(&mut labels[..]);
        let report = self.fit_watched_into(points, &mut centers, all, progress, workspace)?;
        Ok(Clustering {
            centers,
            labels,
            report,
        })
    }

    fn fit_watched_into(
        &self,
        points: &Points<'_>,
        centers: &mut [f64],
        labels: Option<&mut [i32]>,
        progress: Option<&dyn Fn(&Progress) -> bool>,
        workspace: Lent<'_>,
    ) -> Result<Report, Error> {
        self.check_fit(points, centers)?;
        let (environment, options) = self.enter()?;
        let outside =
            |now: &Progress| progress.is_some_and(|progress| environment.outside(|| progress(now)));
        let options = Options {
            progress: progress.is_some().then_some(&outside),
            ..options
        };
        if let Start::Centers(given) = self.start {
            check_length("start", given.len(), centers.len(), "k d")?;
        }
        api::fit(points, &options, centers, labels, workspace)
    }

    fn assign_lent(
        &self,
        points: &Points<'_>,
        centers: &[f64],
        labels: &mut [i32],
        sqdist: Option<&mut [f64]>,
        workspace: Lent<'_>,
    ) -> Result<(), Error> {
        self.check(points, centers)?;
        let (_environment, options) = self.enter()?;
        api::assign(points, centers, &options, 0, labels, sqdist, workspace)
    }

    fn update_lent(
        &self,
        points: &Points<'_>,
        centers: &mut [f64],
        labels: &[i32],
        counts: Option<&mut [i64]>,
        workspace: Lent<'_>,
    ) -> Result<(), Error> {
        self.check(points, centers)?;
        let (_environment, options) = self.enter()?;
        api::update(points, labels, &options, 0, centers, counts, workspace)
    }

    fn seed_lent(
        &self,
        points: &Points<'_>,
        centers: &mut [f64],
        workspace: Lent<'_>,
    ) -> Result<(), Error> {
        self.check_fit(points, centers)?;
        let (_environment, options) = self.enter()?;
        if let Start::Centers(_) = self.start {
            return refuse!(Option, "start: given centers leave nothing to seed");
        }
        api::seed(points, &options, centers, workspace)
    }
}

/// Progress.
impl<'a> KMeans<'a> {
    /// Calls `progress` on the calling thread after every iteration of every restart. If it returns [`ControlFlow::Break`], the fit
    /// stops, and its results are those of the last iteration.
    ///
    /// ```
    /// use centra::{KMeans, Points, Start};
    /// use std::ops::ControlFlow;
    ///
    /// let points = Points::rows(&[0.0, 1.0, 5.0, 6.0], 4, 1)?;
    /// let mut moved = Vec::new();
    /// let clustering = KMeans::new(2)
    ///     .start(Start::Centers(&[0.0, 1.0]))
    ///     .progress(|progress| {
    ///         moved.push(progress.moved);
    ///         ControlFlow::Continue(())
    ///     })
    ///     .fit(&points)?;
    /// assert_eq!(moved.len() as i64, clustering.report.iterations);
    /// assert_eq!(moved.last(), Some(&0));
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn progress<F>(self, progress: F) -> Watched<'a, F>
    where
        F: FnMut(&Progress) -> ControlFlow<()>,
    {
        let kmeans = self;
        Watched { kmeans, progress }
    }
}

/// A fit that reports its progress. [`KMeans::progress`] makes it.
///
/// ```
/// use centra::{KMeans, Points, StoppedBy};
/// use std::ops::ControlFlow;
///
/// let points = Points::rows(&[0.0, 1.0, 5.0, 6.0], 4, 1)?;
/// let mut stopped = KMeans::new(2).progress(|_| ControlFlow::Break(()));
/// let report = stopped.fit(&points)?.report;
/// assert_eq!(report.stopped_by, StoppedBy::Stopped);
/// assert!(report.cancelled);
/// # Ok::<(), centra::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "settings do nothing until the fit is called"]
pub struct Watched<'a, F> {
    kmeans: KMeans<'a>,
    progress: F,
}

impl<F: FnMut(&Progress) -> ControlFlow<()>> Watched<'_, F> {
    /// [`KMeans::fit`].
    ///
    /// ```
    /// use centra::{KMeans, Points};
    /// use std::ops::ControlFlow;
    ///
    /// let points = Points::rows(&[0.0, 1.0, 5.0, 6.0], 4, 1)?;
    /// let mut iterations = 0;
    /// let mut watched = KMeans::new(2).progress(|progress| {
    ///     iterations = progress.iteration;
    ///     ControlFlow::Continue(())
    /// });
    /// let report = watched.fit(&points)?.report;
    /// assert_eq!(iterations, report.iterations);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn fit(&mut self, points: &Points<'_>) -> Result<Clustering, Error> {
        let Watched { kmeans, progress } = self;
        let progress = RefCell::new(progress);
        kmeans.fit_watched(points, Some(&|now| stops(&progress, now)), Lent::Allocate)
    }

    /// [`KMeans::fit_into`].
    ///
    /// ```
    /// use centra::{KMeans, Points, Workspace};
    /// use std::ops::ControlFlow;
    ///
    /// let points = Points::rows(&[0.0, 1.0, 5.0, 6.0], 4, 1)?;
    /// let (mut centers, mut labels, mut workspace) = ([0.0; 2], [0; 4], Workspace::new());
    /// let mut watched = KMeans::new(2).progress(|_| ControlFlow::Continue(()));
    /// let report = watched.fit_into(&points, &mut centers, Some(&mut labels), &mut workspace)?;
    /// assert_eq!(report.inertia, 1.0);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn fit_into(
        &mut self,
        points: &Points<'_>,
        centers: &mut [f64],
        labels: Option<&mut [i32]>,
        workspace: &mut Workspace<'_>,
    ) -> Result<Report, Error> {
        let Watched { kmeans, progress } = self;
        let progress = RefCell::new(progress);
        let stops = |now: &Progress| stops(&progress, now);
        kmeans.fit_watched_into(points, centers, labels, Some(&stops), workspace.lend()?)
    }
}

/// Reports to the caller's closure, and returns whether it stops the fit. A call never enters the closure while it runs.
fn stops<F: FnMut(&Progress) -> ControlFlow<()>>(
    progress: &RefCell<&mut F>,
    now: &Progress,
) -> bool {
    (progress.borrow_mut())(now).is_break()
}

impl<F> fmt::Debug for Watched<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Watched");
        shown.field("kmeans", &self.kmeans).finish_non_exhaustive()
    }
}
