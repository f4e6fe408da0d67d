"""k-means of Dask arrays: one answer, whatever the chunks, the workers and the scheduler."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING, Any, TypeVar

try:
    import dask
    import dask.array as da
    from sklearn.base import BaseEstimator, ClusterMixin
    from sklearn.utils.validation import check_is_fitted
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(f"centra.dask needs {error.name}: pip install 'centra[dask]'") from error
import numpy as np

from . import _passes
from ._functions import assign
from ._passes import Work, of_chunk
from ._progress import Watch

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ._stream import Empty

__all__ = ["KMeans"]

T = TypeVar("T")
# Partial results that one task joins.
_JOINED = 8


class KMeans(ClusterMixin, BaseEstimator):
    """k-means clustering of a Dask array, which may be larger than the memory.

    Each pass is one task a partition, which returns exact sums as integers, and a tree of additions. So centers,
    labels and inertia are those that `centra.kmeans` finds for all points in one array, bit for bit, however the array is
    chunked, and whatever runs the tasks: threads, processes, or a cluster of machines.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters.
    init : 'k-means||' or array-like of shape (n_clusters, n_features), default='k-means||'
        k-means||, or centers.
    max_iter : int, default=300
        Iterations, at most.
    tol : float, default=0.0
        Stop when the squared shifts of the centers sum to no more than this; 0: only when no center moves. As for
        `centra.kmeans`, and other than for scikit-learn, it is not relative to the variance of the data.
    empty : {'error', 'keep'}, default='error'
        What happens to a cluster without members: ValueError, or it keeps its center.
    random_state : int, default=0
        The seed: that of `centra.kmeans`.
    verbose : int, default=0
        Other than 0: show a progress bar, which counts passes.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (n_clusters, n_features)
        The centers.
    labels_ : dask.array.Array of int32, shape (n_samples,)
        The nearest of these centers for each point, chunked as the points are; computed when somebody asks.
    inertia_ : float
        Sum of the squared distances to the nearest centers, times the weights.
    n_iter_ : int
        Number of iterations, that of `centra.kmeans`; or less, where in its last ones labels move, but no center does (see
        `centra.stream.Stream.step`).
    n_features_in_ : int
        Number of features.
    report_ : centra.stream.State
        What the fit did.

    Notes
    -----
    A fit goes through the array once for the ranges, 11 times for k-means||, and once in each iteration and for the end. Where it
    fits the memory of the workers, ``X.persist()`` keeps Dask from loading it each time. Each task runs on one thread, since
    Dask runs several at once.

    Chunks along the columns are joined first (``X.rechunk({1: -1})``), which moves data between workers: an array is better
    chunked along the rows alone. Where the lengths of the chunks are unknown, as in arrays that were data frames, they are
    computed, which is one more pass.

    Examples
    --------
    >>> import dask.array as da
    >>> from centra.dask import KMeans
    >>> X = da.from_array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]], chunks=(4, 2))
    >>> model = KMeans(n_clusters=2, random_state=0).fit(X)
    >>> model.labels_.compute()
    array([1, 1, 1, 0, 0, 0], dtype=int32)
    >>> model.cluster_centers_
    array([[10.,  2.],
           [ 1.,  2.]])
    """

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        init: str | ArrayLike = "k-means||",
        max_iter: int = 300,
        tol: float = 0.0,
        empty: Empty = "error",
        random_state: int = 0,
        verbose: int = 0,
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.max_iter = max_iter
        self.tol = tol
        self.empty = empty
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: da.Array, y: Any = None, sample_weight: da.Array | None = None) -> KMeans:
        """Cluster.

        Parameters
        ----------
        X : dask.array.Array of shape (n_samples, n_features)
            The points.
        y : Ignored
            For the sake of pipelines.
        sample_weight : dask.array.Array of shape (n_samples,), default=None
            Weights of the points; all ones if None.

        Returns
        -------
        KMeans
            This estimator, fitted.
        """
        X = _rows(X)
        with Watch(None, self.verbose, unit="passes", shown=("iteration", "shift")) as watch:
            found = _passes.fit(
                _Partitions(X, sample_weight, watch),
                self.n_clusters,
                self.init,
                watch,
                max_iter=self.max_iter,
                tol=self.tol,
                seed=self.random_state,
                empty=self.empty,
                threads=1,
            )
        self.cluster_centers_ = found.centers
        self.inertia_ = found.inertia
        self.n_iter_ = found.report.iterations
        self.n_features_in_ = X.shape[1]
        self.report_ = found.report
        self.labels_ = self.predict(X)
        return self

    def predict(self, X: da.Array) -> da.Array:
        """Label points by the fitted centers.

        Parameters
        ----------
        X : dask.array.Array of shape (n_samples, n_features)
            The points.

        Returns
        -------
        dask.array.Array of int32, shape (n_samples,)
            The index of the nearest center; of equally near ones the lowest. Computed when somebody asks.
        """
        check_is_fitted(self)
        centers = dask.delayed(self.cluster_centers_)
        return _rows(X).map_blocks(assign, centers, threads=1, dtype=np.int32, drop_axis=1, meta=np.empty(0, np.int32))


def _rows(X: da.Array) -> da.Array:
    """`X` in partitions of whole rows."""
    if not isinstance(X, da.Array):
        raise TypeError(f"X: a Dask array was expected, not {type(X)}; data frames have to_dask_array()")
    if X.ndim != 2:
        raise ValueError(f"X: a two-dimensional array was expected, not one of {X.ndim}")
    return X if X.numblocks[1] == 1 else X.rechunk({1: -1})


class _Partitions:
    """The partitions of an array, with Dask for the passes."""

    def __init__(self, X: da.Array, weights: da.Array | None, watch: Watch) -> None:
        X = _measured(X)
        self.points = X.to_delayed().ravel()
        self.weights = [None] * len(self.points)
        if weights is not None:
            weights = _measured(da.asarray(weights))
            if weights.shape != X.shape[:1]:
                raise ValueError(f"sample_weight: shape {X.shape[:1]} was expected, to fit the points, not {weights.shape}")
            self.weights = weights.rechunk((X.chunks[0],)).to_delayed().ravel()
        ends = np.cumsum(X.chunks[0])
        self.firsts = [0, *ends[:-1].tolist()]
        self.watch = watch

    def reduce(self, work: Work[T], join: Callable[[T, T], T]) -> T:
        # What all tasks share is one node of the graph.
        shared = dask.delayed(work, pure=False)
        give, fold = dask.delayed(of_chunk, pure=False), dask.delayed(_fold, pure=False)
        partitions = zip(self.points, self.weights, self.firsts, strict=True)
        parts = [give(number, shared, *partition) for number, partition in enumerate(partitions)]
        while len(parts) > 1:
            parts = [fold(join, parts[i : i + _JOINED]) for i in range(0, len(parts), _JOINED)]
        (found,) = dask.compute(parts[0])
        self.watch.advance()
        return found


def _fold(join: Callable[[T, T], T], parts: list[T]) -> T:
    return reduce(join, parts)


def _measured(x: da.Array) -> da.Array:
    """The array with the lengths of its chunks."""
    if np.isnan(x.shape[0]):
        x = x.copy()
        x.compute_chunk_sizes()
    return x
