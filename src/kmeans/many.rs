//! Many fits in one call.

use super::settings::{KMeans, Start};
use crate::api::{FitSizes, ManyFits};
use crate::call::Clustering;
use crate::points::{check_sizes_of_fit, Points};
use crate::runtime::error::{refuse, Error};
use crate::runtime::workspace::Workspace;

/// One of the problems of [`KMeans::fit_many`]: points, and what is not as in the settings that all problems share.
///
/// ```
/// use centra::{KMeans, Points, Problem};
///
/// let (data, weights) = ([0.0, 1.0, 5.0, 6.0], [1.0, 1.0, 3.0, 1.0]);
/// let points = Points::rows(&data, 4, 1)?;
/// let problems = [Problem::new(points), Problem::new(points).weights(&weights).start(&[0.0, 9.0])];
/// let fits = KMeans::new(2).fit_many(&problems)?;
/// assert_eq!(fits[1].as_ref().unwrap().centers, [0.5, 5.25]);
/// # Ok::<(), centra::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "a problem does nothing until it is fitted"]
pub struct Problem<'a> {
    points: Points<'a>,
    k: Option<usize>,
    weights: Option<&'a [f64]>,
    seed: Option<u64>,
    start: Option<&'a [f64]>,
}

impl<'a> Problem<'a> {
    /// These points, with the settings of all problems but their weights.
    ///
    /// ```
    /// use centra::{KMeans, Points, Problem};
    ///
    /// let problem = Problem::new(Points::rows(&[1.0, 2.0, 6.0], 3, 1)?);
    /// assert_eq!(KMeans::new(1).fit_many(&[problem])?[0].as_ref().unwrap().centers, [3.0]);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn new(points: Points<'a>) -> Self {
        Problem {
            points,
            k: None,
            weights: None,
            seed: None,
            start: None,
        }
    }

    /// The number of its centers.
    ///
    /// ```
    /// use centra::{KMeans, Points, Problem};
    ///
    /// let problem = Problem::new(Points::rows(&[1.0, 2.0, 6.0], 3, 1)?).centers(3);
    /// assert_eq!(KMeans::new(1).fit_many(&[problem])?[0].as_ref().unwrap().report.inertia, 0.0);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn centers(self, k: usize) -> Self {
        let k = Some(k);
        Problem { k, ..self }
    }

    /// A weight for each of its points.
    ///
    /// ```
    /// use centra::{KMeans, Points, Problem};
    ///
    /// let problem = Problem::new(Points::rows(&[1.0, 2.0], 2, 1)?).weights(&[3.0, 1.0]);
    /// assert_eq!(KMeans::new(1).fit_many(&[problem])?[0].as_ref().unwrap().centers, [1.25]);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn weights(self, weights: &'a [f64]) -> Self {
        let weights = Some(weights);
        Problem { weights, ..self }
    }

    /// The seed of its random draws.
    ///
    /// ```
    /// use centra::{KMeans, Points, Problem};
    ///
    /// let points = Points::rows(&[1.0, 2.0, 4.0, 8.0], 4, 1)?;
    /// let fits = KMeans::new(2).fit_many(&[Problem::new(points).seed(5)])?;
    /// assert_eq!(fits[0].as_ref().unwrap().labels, KMeans::new(2).seed(5).fit(&points)?.labels);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn seed(self, seed: u64) -> Self {
        let seed = Some(seed);
        Problem { seed, ..self }
    }

    /// The centers to start from: k rows of d.
    ///
    /// ```
    /// use centra::{KMeans, Points, Problem};
    ///
    /// let problem = Problem::new(Points::rows(&[0.0, 1.0, 5.0, 6.0], 4, 1)?).start(&[6.0, 0.0]);
    /// assert_eq!(KMeans::new(2).fit_many(&[problem])?[0].as_ref().unwrap().centers, [5.5, 0.5]);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn start(self, centers: &'a [f64]) -> Self {
        let start = Some(centers);
        Problem { start, ..self }
    }
}

/// A problem, and what came of it.
struct Fitted<'p, 'a> {
    problem: &'p Problem<'a>,
    result: Result<Clustering, Error>,
}

impl KMeans<'_> {
    /// Fits many problems, such as the groups of a table or the tiles of a picture: each result is that of its own [`fit`](Self::fit), bit
    /// for bit. One team of threads serves all: where there are at least as many problems as threads, each thread fits one problem at a
    /// time, else all threads fit one problem after the other.
    ///
    /// A problem that is refused has its error in its place. The call itself is refused only for its settings, for weights among these,
    /// and for want of memory.
    ///
    /// ```
    /// use centra::{KMeans, Points, Problem};
    ///
    /// let groups = [vec![0.0, 1.0, 8.0], vec![3.0, 4.0, 5.0, 90.0], vec![2.0]];
    /// let mut problems = Vec::new();
    /// for group in &groups {
    ///     problems.push(Problem::new(Points::rows(group, group.len(), 1)?));
    /// }
    /// let fits = KMeans::new(2).threads(0).fit_many(&problems)?;
    /// assert_eq!(fits[0].as_ref().unwrap().report.inertia, 0.5);
    /// assert_eq!(fits[1].as_ref().unwrap().report.inertia, 2.0);
    /// assert_eq!(fits[2].as_ref().unwrap_err().detail(), "k = 2 is more than n = 1");
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn fit_many(
        &self,
        problems: &[Problem<'_>],
    ) -> Result<Vec<Result<Clustering, Error>>, Error> {
        // Fits enter the call's environment themselves, from that of the caller.
        let (environment, options) = self.enter()?;
        options.check()?;
        if options.weights.is_some() {
            return refuse!(Option, "weights: each problem has its own");
        }
        let sizes = problems.iter().map(|problem| {
            let (n, d) = (problem.points.n(), problem.points.d());
            let k = problem.k.unwrap_or(self.k);
            let sound = check_sizes_of_fit(n, d, k).is_ok();
            sound.then_some(FitSizes {
                n,
                d,
                k,
                form: problem.points.form(),
                weighted: problem.weights.is_some(),
            })
        });
        let fits = ManyFits::new(sizes, &options, 0)?;
        drop(environment);
        let mut fitted: Vec<Fitted<'_, '_>> = problems
            .iter()
            .map(|problem| Fitted {
                problem,
                result: refuse!(Internal, "not fitted"),
            })
            .collect();
        fits.run(
            &mut fitted,
            &options,
            Workspace::Allocate,
            |_, _| Ok(()),
            |fitted, room| {
                let Problem { points, .. } = fitted.problem;
                let kmeans = self.of_problem(fitted.problem, fits.threads);
                fitted.result = kmeans.fit_watched(points, None, Workspace::part(room));
                Ok(())
            },
        )?;
        Ok(fitted.into_iter().map(|fitted| fitted.result).collect())
    }

    /// The settings of a problem, of which these are those that it leaves open; they have no weights.
    fn of_problem<'b>(&'b self, problem: &Problem<'b>, threads: usize) -> KMeans<'b> {
        let &Problem {
            k,
            weights,
            seed,
            start,
            ..
        } = problem;
        let mut kmeans: KMeans<'b> = self.clone().threads(threads);
        kmeans.k = k.unwrap_or(self.k);
        kmeans.start = start.map_or(self.start, Start::Centers);
        if let Some(seed) = seed {
            kmeans = kmeans.seed(seed);
        }
        if let Some(weights) = weights {
            kmeans = kmeans.weights(weights);
        }
        kmeans
    }
}
