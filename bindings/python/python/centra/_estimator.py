"""scikit-learn's estimator on centra."""

from __future__ import annotations

import math
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_array, check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from . import _call
from ._functions import Clustering, Report, assign, inertia, seed, update, watched
from ._pairs import clusters, transform
from ._progress import Watch

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._types import Centers, Init

# Data of at most so many numbers are sorted before seeding; of more, sorting takes longer than seeding, and much memory.
_ORDERED = 1 << 17


# An exact sum takes about as long as so many products for each number.
_SUMMING = 64


class KMeans(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, BaseEstimator):
    """k-means clustering, as `sklearn.cluster.KMeans` has it, exact and reproducible.

    Labels, centers, inertia and number of iterations are a function of the data, the weights and the parameters, bit for bit:
    neither the number of threads nor the processor changes them. The random numbers are not scikit-learn's, so that from
    the same `random_state` other starting centers are drawn; from the same starting centers the same clusters are found.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters.
    init : {'k-means++', 'random', 'k-means||'}, callable or array-like of shape (n_clusters, n_features), default='k-means++'
        Greedy k-means++; rows drawn uniformly; k-means||, which scikit-learn does not have, for many clusters; a function of
        `X`, `n_clusters` and `random_state` that returns centers; or centers.
    n_init : 'auto' or int, default='auto'
        Restarts, of which the one with the least inertia is returned. 'auto' is 10 for 'random' and for a callable, else 1.
    max_iter : int, default=300
        Iterations of a restart, at most.
    tol : float, default=1e-4
        A restart ends when the squared shifts of the centers sum to no more than this times the mean variance of the
        features, in which weights count. 0: only when no label changes.
    verbose : int, default=0
        Other than 0: show a progress bar on standard error.
    random_state : int, RandomState instance, Generator instance or None, default=None
        What is drawn from.
    copy_x : bool, default=True
        Without effect: `X` is never written to, and never copied if it is a dense array or sparse rows (CSR) in order, of double
        or single precision or of unsigned bytes. Other types are converted to doubles, other sparse formats to sparse rows.
    algorithm : {'lloyd', 'elkan'}, default='lloyd'
        Without effect: both give the same clusters, and the library chooses by itself how it finds them.
    threads : int or None, default=None
        Threads, at most; 0 for all cores; None for what the environment says, see `centra.kmeans`.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (n_clusters, n_features)
        The centers: doubles, but of single precision if `X` is. The fit computes with doubles then, too; at its end the centers
        are rounded, and labels and inertia are those of the rounded ones.
    labels_ : ndarray of int32, shape (n_samples,)
        The index of the nearest of these centers for each point, also where `tol` or `max_iter` ended the fit.
    inertia_ : float
        Sum of the squared distances to the nearest centers, times the weights.
    cluster_sizes_ : ndarray of int64, shape (n_clusters,)
        Number of points of each cluster.
    cluster_weights_, cluster_inertias_ : ndarray of shape (n_clusters,)
        Sums of their weights, and of their squared distances to the center, times the weights: exact, each rounded once.
    n_iter_ : int
        Number of iterations. As in scikit-learn, the one that finds no label to change counts, too.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if `X` had them.
    report_ : Report
        What the fit did, and where the time went.

    Notes
    -----
    Sparse matrices and arrays are never made dense; the results are those of the same points in a dense array, bit for bit.
    NaN and infinities are refused with their place.

    The order of the rows does not matter, and a row of weight 3 counts exactly as three rows do, where the starting centers are
    given, or drawn by k-means++ from an `X` of no more than 131,072 numbers: then k-means++ draws from the distinct rows in
    ascending order. Clusters that become empty are an exception: of points that are equally far from their centers such a
    cluster takes the first, and it takes a row with its whole weight.

    Examples
    --------
    >>> from centra import KMeans
    >>> X = [[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]]
    >>> model = KMeans(n_clusters=2, random_state=0).fit(X)
    >>> model.predict([[0, 0], [12, 3]])
    array([0, 1], dtype=int32)
    >>> model.cluster_centers_
    array([[ 1.,  2.],
           [10.,  2.]])
    """

    _parameter_constraints = {
        "n_clusters": [Interval(Integral, 1, None, closed="left")],
        "init": [StrOptions({"k-means++", "random", "k-means||"}), callable, "array-like"],
        "n_init": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "random_state": ["random_state", np.random.Generator],
        "copy_x": ["boolean"],
        "algorithm": [StrOptions({"lloyd", "elkan"})],
        "threads": [Interval(Integral, 0, None, closed="left"), None],
    }

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        init: Init | Centers | Callable[..., ArrayLike] = "k-means++",
        n_init: int | Literal["auto"] = "auto",
        max_iter: int = 300,
        tol: float = 1e-4,
        verbose: int = 0,
        random_state: int | np.random.RandomState | np.random.Generator | None = None,
        copy_x: bool = True,
        algorithm: Literal["lloyd", "elkan"] = "lloyd",
        threads: int | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.verbose = verbose
        self.random_state = random_state
        self.copy_x = copy_x
        self.algorithm = algorithm
        self.threads = threads

    def fit(self, X: Any, y: Any = None, sample_weight: ArrayLike | None = None) -> KMeans:
        """Cluster.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The points.
        y : Ignored
            Accepted because pipelines pass it.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the points; all ones if None. A callable or an array for `init` does not get to see them.

        Returns
        -------
        KMeans
            This estimator, fitted.
        """
        self._validate_params()
        X = self._points(X, reset=True)
        n, k = X.shape[0], self.n_clusters
        if n < k:
            raise ValueError(f"n_samples={n} should be >= n_clusters={k}.")
        weights = _weights(sample_weight, X)
        self._n_init = self._restarts()
        random_state = _random_state(self.random_state)
        tol = Watch().run(lambda: self._absolute_tol(X, weights), _SUMMING * X.size)

        draw_from: tuple[NDArray[Any], NDArray[np.float64] | None] = (X, weights)
        if isinstance(self.init, str) and self.init == "k-means++" and X.shape[0] * X.shape[1] <= _ORDERED:
            draw_from = _ordered(_dense(X), weights, k)
        best: Clustering | None = None
        reports = []
        for _ in range(self._n_init):
            result, iterations = self._restart(X, weights, tol, draw_from, random_state)
            reports.append(result.report)
            if best is None or result.inertia < best.inertia:
                best, best_iterations = result, iterations
        assert best is not None
        if X.dtype == np.float32:
            best = self._rounded(X, weights, best)

        found = clusters(X, best.centers, best.labels, weights=weights, threads=self.threads)
        distinct = np.count_nonzero(found.sizes)
        if distinct < k:
            warnings.warn(
                f"Number of distinct clusters ({distinct}) found smaller than n_clusters ({k}). "
                "Possibly due to duplicate points in X.",
                ConvergenceWarning,
                stacklevel=2,
            )
        self.cluster_centers_ = best.centers
        self.labels_ = best.labels
        self.inertia_ = best.inertia
        self.cluster_sizes_, self.cluster_weights_, self.cluster_inertias_ = found
        self.n_iter_ = best_iterations
        self.report_ = _of_all(reports, best.report)
        self._n_features_out = k
        return self

    def fit_predict(self, X: Any, y: Any = None, sample_weight: ArrayLike | None = None) -> NDArray[np.int32]:
        """Cluster, and return the labels.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.

        Returns
        -------
        ndarray of int32, shape (n_samples,)
            `labels_`.
        """
        return self.fit(X, sample_weight=sample_weight).labels_

    def predict(self, X: Any) -> NDArray[np.int32]:
        """Label points by the fitted centers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The points.

        Returns
        -------
        ndarray of int32, shape (n_samples,)
            The index of the nearest center; of equally near ones the lowest.
        """
        check_is_fitted(self)
        return assign(self._points(X), self.cluster_centers_, threads=self.threads)

    def transform(self, X: Any) -> NDArray[Any]:
        """Compute the distance of each point to each center.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The points.

        Returns
        -------
        ndarray of shape (n_samples, n_clusters)
            Euclidean distances, not squared.
        """
        check_is_fitted(self)
        return distances(self._points(X, finite=True), self.cluster_centers_, self.threads)

    def fit_transform(self, X: Any, y: Any = None, sample_weight: ArrayLike | None = None) -> NDArray[Any]:
        """Cluster, and return the distance of each point to each center.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_clusters)
            What `transform` returns.
        """
        self.fit(X, sample_weight=sample_weight)
        return distances(self._points(X), self.cluster_centers_, self.threads)

    def score(self, X: Any, y: Any = None, sample_weight: ArrayLike | None = None) -> float:
        """Compute the negative inertia of points with the fitted centers, which is larger for a better fit.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.

        Returns
        -------
        float
            Minus the weighted sum of the squared distances to the nearest centers.
        """
        check_is_fitted(self)
        X = self._points(X)
        labels = assign(X, self.cluster_centers_, threads=self.threads)
        return -inertia(X, self.cluster_centers_, labels, weights=_weights(sample_weight, X), threads=self.threads)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _points(self, X: Any, reset: bool = False, finite: bool = False) -> NDArray[Any]:
        """Points as an array, or sparse rows, of a type that the library reads.

        That they are finite is checked here if `finite` is true, else by the library.
        """
        _call.refuse_masked(X, "points")
        X = validate_data(
            self,
            X,
            reset=reset,
            accept_sparse="csr",
            dtype=[np.float64, np.float32, np.uint8],
            ensure_all_finite=finite,
        )
        return X

    def _restarts(self) -> int:
        draws = isinstance(self.init, str) or callable(self.init)
        if self.n_init == "auto":
            return 10 if callable(self.init) or (draws and self.init == "random") else 1
        if not draws and self.n_init != 1:
            warnings.warn(
                "Explicit initial center position passed: performing only one init in "
                f"{type(self).__name__} instead of n_init={self.n_init}.",
                RuntimeWarning,
                stacklevel=3,
            )
            return 1
        return int(self.n_init)

    def _absolute_tol(self, points: NDArray[Any], weights: NDArray[np.float64] | None) -> float:
        """`tol` in the unit of squared shifts: the mean variance is the inertia of one cluster over its weight and d."""
        if self.tol == 0:
            return 0.0
        labels = np.zeros(points.shape[0], np.int32)
        center = update(points, labels, _dense(points[:1]), weights=weights, threads=self.threads)
        total = points.shape[0] if weights is None else math.fsum(weights)
        spread = inertia(points, center, labels, weights=weights, threads=self.threads)
        # A product beyond the largest double is no less than any sum of squared shifts.
        return min(self.tol * (spread / total / points.shape[1]), sys.float_info.max)

    def _restart(
        self,
        X: NDArray[Any],
        weights: NDArray[np.float64] | None,
        tol: float,
        draw_from: tuple[NDArray[Any], NDArray[np.float64] | None],
        random_state: np.random.RandomState,
    ) -> tuple[Clustering, int]:
        """One fit from one start, and how many iterations scikit-learn would count."""
        k, init, drawn = self.n_clusters, self.init, 0
        started = time.perf_counter()
        if isinstance(init, str):
            drawn = random_state.randint(np.iinfo(np.int32).max)
            if draw_from[0] is not X:
                init = seed(draw_from[0], k, init=init, weights=draw_from[1], seed=drawn, threads=self.threads)
        else:
            # Arithmetic of bytes would wrap around in a function that was written for scikit-learn.
            shown = X.astype(np.float64) if callable(init) and X.dtype == np.uint8 else X
            init = self._given(init(shown, k, random_state=random_state) if callable(init) else init, X.shape[1])
        apart = 0.0 if isinstance(init, str) else time.perf_counter() - started
        with Watch(verbose=self.verbose) as watch:
            result = watched(
                X,
                k,
                watch=watch,
                init=cast("Init | Centers", init),
                weights=weights,
                max_iter=self.max_iter,
                tol=tol,
                seed=drawn,
                threads=self.threads,
            )
        report = result.report
        # scikit-learn sees that no label changed in one more iteration, unless it stops before because the centers rest.
        looked = report.stopped_by == "converged" and (watch.last is None or watch.last.shift > tol)
        result = result._replace(report=replace(report, seconds_seed=report.seconds_seed + apart))
        return result, min(report.iterations + looked, self.max_iter)

    def _given(self, init: Any, d: int) -> NDArray[np.float64]:
        """Centers that the caller gives, or a function of the caller's."""
        _call.refuse_masked(init, "init")
        start = check_array(init, dtype=np.float64, ensure_all_finite=False)
        for size, at, name in ((self.n_clusters, 0, "clusters"), (d, 1, "features of the data")):
            if start.shape[at] != size:
                raise ValueError(f"The shape of the initial centers {start.shape} does not match the number of {name} {size}.")
        return start

    def _rounded(self, points: NDArray[Any], weights: NDArray[np.float64] | None, found: Clustering) -> Clustering:
        """The clustering with its centers rounded to single precision."""
        centers = found.centers.astype(np.float32)
        labels = assign(points, centers, threads=self.threads)
        total = inertia(points, centers, labels, weights=weights, threads=self.threads)
        return Clustering(centers, labels, total, found.report)  # type: ignore[arg-type]


def distances(X: NDArray[Any], centers: NDArray[Any], threads: int | None = None) -> NDArray[Any]:
    """The distance of each point to each center, in single precision where the points are."""
    apart = transform(X, centers, threads=threads)
    return apart.astype(np.float32 if X.dtype == np.float32 else np.float64, copy=False)


def _dense(X: Any) -> NDArray[Any]:
    """A few points as an array."""
    return X.toarray() if issparse(X) else X


def _weights(sample_weight: Any, X: NDArray[Any]) -> NDArray[np.float64] | None:
    """Weights as an array of doubles; those that are not finite are named by their index."""
    if sample_weight is None:
        return None
    _call.refuse_masked(sample_weight, "weights")
    given = _call.numbers(sample_weight, "weights")
    bad = np.flatnonzero(~np.isfinite(given))
    if given.ndim == 1 and len(bad):
        kind = "NaN" if np.isnan(given[bad[0]]) else "infinity"
        raise ValueError(f"weights: {kind} at index {bad[0]}")
    return _check_sample_weight(sample_weight, X, dtype=np.float64)


def _random_state(given: Any) -> np.random.RandomState:
    """What scikit-learn's functions draw from; it shares the stream of a Generator."""
    if isinstance(given, np.random.Generator):
        return np.random.RandomState(given.bit_generator)
    return check_random_state(given)


def _of_all(reports: list[Report], best: Report) -> Report:
    """The report of the best restart, with the work and the times of all."""
    names = ("distances", "rechecked", "skipped", "seconds_scan", "seconds_seed", "seconds_assign", "seconds_update")
    return replace(best, **{name: sum(getattr(report, name) for report in reports) for name in names})


def _ordered(points: NDArray[Any], weights: NDArray[np.float64] | None, k: int) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """The distinct rows of positive weight in ascending order, and the sums of their weights.

    Where these are fewer than k, the first is repeated with weight 0, so what is drawn is still a function of them alone.
    """
    # Points and weights are checked before they are sorted, so that a refusal names the caller's rows.
    inertia(points, points[:1], np.zeros(len(points), np.int32), weights=weights, threads=1)
    column = points[:, 0]
    order = np.argsort(column)
    column = column[order]
    if (column[1:] == column[:-1]).any():
        # Equal rows in the order of their weights, as sums of these are rounded.
        order = np.lexsort([*([] if weights is None else [weights]), *points.T[::-1]])
    rows = points[order]
    rows += rows.dtype.type(0)  # -0.0 becomes 0.0
    first = np.flatnonzero(np.concatenate([[True], (rows[1:] != rows[:-1]).any(axis=1)]))
    counted = np.add.reduceat(np.ones(len(points)) if weights is None else weights[order], first)
    rows, counted = rows[first][counted > 0], counted[counted > 0]
    missing = max(k - len(rows), 0)
    return np.concatenate([rows, np.repeat(rows[:1], missing, axis=0)]), np.concatenate([counted, np.zeros(missing)])
