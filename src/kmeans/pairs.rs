//! Squared distances of all pairs, and what belongs to each cluster.

use super::settings::KMeans;
use crate::api;
use crate::exact::clusters::ClusterResults;
use crate::points::{check_distance_rows, Points, RowsMut};
use crate::runtime::error::{refuse, Error};

/// What belongs to each cluster: an element for each of k. [`KMeans::clusters`] returns it.
///
/// ```
/// use centra::{Clusters, KMeans, Points};
///
/// let points = Points::rows(&[0.0, 4.0, 5.0, 9.0], 4, 1)?;
/// let kmeans = KMeans::new(2).weights(&[1.0, 0.5, 0.0, 2.0]);
/// let Clusters { counts, weights, inertia, .. } = kmeans.clusters(&points, &[3.0, 8.0], &[0, 0, 0, 1])?;
/// assert_eq!((&counts[..], &weights[..], &inertia[..]), (&[3, 1][..], &[1.5, 2.0][..], &[9.5, 2.0][..]));
/// # Ok::<(), centra::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Clusters {
    /// The number of points, whatever their weights.
    pub counts: Vec<i64>,
    /// The sum of their weights: exact, rounded once. Without weights it is their number.
    pub weights: Vec<f64>,
    /// The sum of the squared distances between them and the center, times the weights: exact, rounded once.
    pub inertia: Vec<f64>,
}

/// Distances and clusters.
impl KMeans<'_> {
    /// The squared distances between all points and all centers: a row of k for each point. `centers` is k rows of d. There may be fewer
    /// points than centers, or none.
    ///
    /// ```
    /// use centra::{KMeans, Points};
    ///
    /// let points = Points::rows(&[0.0, 4.0, 5.0], 3, 1)?;
    /// let sqdist = KMeans::new(2).distances(&points, &[1.0, 9.0])?;
    /// assert_eq!(sqdist, [1.0, 81.0, 9.0, 25.0, 16.0, 16.0]);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn distances(&self, points: &Points<'_>, centers: &[f64]) -> Result<Vec<f64>, Error> {
        self.check(points, centers)?;
        let elements = check_distance_rows(points.n(), self.k, self.k)?;
        let mut sqdist = vec![0.0; elements];
        self.distances_into(points, centers, &mut sqdist, self.k)?;
        Ok(sqdist)
    }

    /// [`distances`](Self::distances) in the caller's memory: rows start `ld_out` doubles apart, which is at least k, and gaps between
    /// them are not written. The call needs no workspace, and allocates nothing with one thread.
    ///
    /// ```
    /// use centra::{KMeans, Points};
    ///
    /// let points = Points::rows(&[0.0, 4.0], 2, 1)?;
    /// let mut table = [-1.0; 6];
    /// KMeans::new(2).distances_into(&points, &[1.0, 9.0], &mut table, 3)?;
    /// assert_eq!(table, [1.0, 81.0, -1.0, 9.0, 25.0, -1.0]);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn distances_into(
        &self,
        points: &Points<'_>,
        centers: &[f64],
        sqdist: &mut [f64],
        ld_out: usize,
    ) -> Result<(), Error> {
        self.check(points, centers)?;
        let (n, length) = (points.n(), sqdist.len());
        if length < check_distance_rows(n, self.k, ld_out)? {
            let k = self.k;
            return refuse!(
                Shape,
                "sqdist: {length} doubles are too few for n = {n}, k = {k}, ld_out = {ld_out}"
            );
        }
        let (_environment, options) = self.enter()?;
        let sqdist = RowsMut::new(sqdist, n, self.k, ld_out);
        api::distances(points, centers, &options, sqdist)
    }

    /// Size, weight and inertia of each cluster of these labels. The sums are exact, and each is rounded once: so the inertias of the
    /// clusters, added, need not equal the [`inertia`](Self::inertia) of all. There may be fewer points than centers, or none.
    ///
    /// ```
    /// use centra::{KMeans, Points};
    ///
    /// let points = Points::rows(&[0.0, 4.0, 5.0, 9.0], 4, 1)?;
    /// let clusters = KMeans::new(2).clusters(&points, &[3.0, 9.0], &[0, 0, 0, 1])?;
    /// assert_eq!((clusters.counts, clusters.inertia), (vec![3, 1], vec![14.0, 0.0]));
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn clusters(
        &self,
        points: &Points<'_>,
        centers: &[f64],
        labels: &[i32],
    ) -> Result<Clusters, Error> {
        self.check(points, centers)?;
        let mut clusters = Clusters {
            counts: vec![0; self.k],
            weights: vec![0.0; self.k],
            inertia: vec![0.0; self.k],
        };
        let Clusters {
            counts,
            weights,
            inertia,
        } = &mut clusters;
        self.clusters_into(
            points,
            centers,
            labels,
            Some(counts),
            Some(weights),
            Some(inertia),
        )?;
        Ok(clusters)
    }

    /// [`clusters`](Self::clusters) in the caller's arrays of k, as far as they are wanted. The call allocates, on each thread, up to 1400
    /// bytes a cluster, for at most 4096 clusters at a time.
    ///
    /// ```
    /// use centra::{KMeans, Points};
    ///
    /// let points = Points::rows(&[0.0, 4.0, 5.0, 9.0], 4, 1)?;
    /// let mut inertia = [0.0; 2];
    /// KMeans::new(2).clusters_into(&points, &[3.0, 9.0], &[0, 0, 0, 1], None, None, Some(&mut inertia))?;
    /// assert_eq!(inertia, [14.0, 0.0]);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn clusters_into(
        &self,
        points: &Points<'_>,
        centers: &[f64],
        labels: &[i32],
        counts: Option<&mut [i64]>,
        weights: Option<&mut [f64]>,
        inertia: Option<&mut [f64]>,
    ) -> Result<(), Error> {
        self.check(points, centers)?;
        let (_environment, options) = self.enter()?;
        let results = ClusterResults {
            counts,
            weights,
            inertia,
        };
        api::clusters(points, centers, labels, &options, 0, results)
    }
}
