"""Exact k-means of Dask arrays: the result does not depend on the chunks, the workers or the scheduler."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING, Any, Literal, TypeVar

try:
    import dask
    import dask.array as da
    from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin
    from sklearn.utils.validation import check_is_fitted
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(f"centra.dask needs {error.name}: pip install 'centra[dask]'") from error
import numpy as np

from . import _call, _passes
from ._estimator import distances
from ._functions import assign, inertia, seed
from ._passes import Streamed, Work, of_chunk
from ._progress import Watch

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._stream import Empty
    from ._types import Centers, Seed

__all__ = ["KMeans"]

T = TypeVar("T")
# Number of partial results that one task combines.
_JOINED = 8
# Arrays of at most so many numbers (128 MiB of doubles) are brought into the memory of the caller for greedy k-means++.
_GATHERED = 1 << 24


class KMeans(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """k-means clustering of a Dask array, which may be larger than the memory.

    Each pass is one task a partition, which returns exact sums as integers, and a tree of additions. So centers,
    labels and inertia are those that `centra.kmeans` finds for all points in one array, bit for bit, however the array is
    chunked, and whatever runs the tasks: threads, processes, or a cluster of machines.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters.
    init : {'k-means||', 'k-means++'} or array-like of shape (n_clusters, n_features), default='k-means||'
        k-means||; greedy k-means++, for arrays of at most 2**24 numbers (it is a pass over the points for each center, so they
        are brought into the memory of the caller); or centers.
    max_iter : int, default=300
        Iterations, at most.
    tol : float, default=0.0
        Stop when the squared shifts of the centers sum to no more than this; 0: only when no center moves. As for
        `centra.kmeans`, and other than for scikit-learn, it is not relative to the variance of the data.
    empty : {'relocate', 'keep', 'error'}, default='relocate'
        What happens to a cluster without members: as for `centra.kmeans`. Where one takes the farthest point, this is found in
        another pass.
    random_state : int, RandomState instance, Generator instance or None, default=0
        The seed: that of `centra.kmeans`.
    verbose : int, default=0
        Other than 0: show a progress bar, which counts passes.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (n_clusters, n_features)
        The centers. Single precision if the array is; labels and inertia are then those of the rounded centers.
    labels_ : dask.array.Array of int32, shape (n_samples,)
        The index of the nearest of these centers for each point, chunked as the points are; computed lazily.
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
    fits the memory of the workers, ``X.persist()`` keeps Dask from loading it each time. Partitions of float64, float32 and uint8
    are read where they lie; other types are converted to doubles, a partition at a time. Each task runs on one thread, since
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
        init: Literal["k-means||", "k-means++"] | Centers = "k-means||",
        max_iter: int = 300,
        tol: float = 0.0,
        empty: Empty = "relocate",
        random_state: Seed = 0,
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
            Accepted because pipelines pass it.
        sample_weight : dask.array.Array of shape (n_samples,), default=None
            Weights of the points; all ones if None.

        Returns
        -------
        KMeans
            This estimator, fitted.
        """
        X = _rows(X)
        drawn = _call.seed_of(self.random_state)
        with Watch(None, self.verbose, unit="passes", shown=("iteration", "shift")) as watch:
            source = _Partitions(X, sample_weight, watch)
            found = self._pass(source, self._start(source, drawn), drawn, watch, self.max_iter)
            self.report_ = found.report
            if X.dtype == np.float32:
                rounded = found.centers.astype(np.float32)
                found = self._pass(source, rounded, drawn, watch, 0)._replace(centers=rounded)  # type: ignore[arg-type]
        self.cluster_centers_ = found.centers
        self.inertia_ = found.inertia
        self.n_iter_ = self.report_.iterations
        self.n_features_in_ = X.shape[1]
        self._n_features_out = self.n_clusters
        self.labels_ = self.predict(X)
        return self

    def predict(self, X: da.Array | ArrayLike) -> Any:
        """Label points by the fitted centers.

        Parameters
        ----------
        X : dask.array.Array or array-like of shape (n_samples, n_features)
            The points.

        Returns
        -------
        dask.array.Array or ndarray of int32, shape (n_samples,)
            The index of the nearest center; of equally near ones the lowest. For a Dask array it is one, computed lazily.
        """
        check_is_fitted(self)
        if not _is_dask(X):
            return assign(X, self.cluster_centers_)
        centers = dask.delayed(self.cluster_centers_)
        return _rows(X).map_blocks(assign, centers, threads=1, dtype=np.int32, drop_axis=1, meta=np.empty(0, np.int32))

    def transform(self, X: da.Array | ArrayLike) -> Any:
        """Compute the distance of each point to each center.

        Parameters
        ----------
        X : dask.array.Array or array-like of shape (n_samples, n_features)
            The points.

        Returns
        -------
        dask.array.Array or ndarray of shape (n_samples, n_clusters)
            Euclidean distances, not squared; single precision if `X` is. For a Dask array it is one, computed lazily.
        """
        check_is_fitted(self)
        if not _is_dask(X):
            return distances(np.asarray(X), self.cluster_centers_)
        X = _rows(X)
        centers, dtype = dask.delayed(self.cluster_centers_), _float_of(X.dtype)
        chunks = X.chunks[0], (len(self.cluster_centers_),)
        return X.map_blocks(distances, centers, threads=1, dtype=dtype, chunks=chunks, meta=np.empty((0, 0), dtype))

    def score(self, X: da.Array | ArrayLike, y: Any = None, sample_weight: Any = None) -> float:
        """Compute the negative inertia of points with the fitted centers, which is larger for a better fit.

        Parameters
        ----------
        X : dask.array.Array or array-like of shape (n_samples, n_features)
            The points.
        y : Ignored
            Accepted because pipelines pass it.
        sample_weight : dask.array.Array or array-like of shape (n_samples,), default=None
            Weights of the points; all ones if None.

        Returns
        -------
        float
            Minus the weighted sum of the squared distances to the nearest centers, the same for any chunks.
        """
        check_is_fitted(self)
        if _is_dask(X):
            source = _Partitions(_rows(X), sample_weight, Watch())
            if source.shape[0] >= len(self.cluster_centers_):
                return -self._pass(source, self.cluster_centers_, 0, source.watch, 0).inertia
            # A stream has at least as many points as centers; fewer points fit into memory.
            X, sample_weight = source.gathered()
        labels = assign(X, self.cluster_centers_)
        return -inertia(X, self.cluster_centers_, labels, weights=sample_weight)

    def _pass(self, source: _Partitions, init: Any, drawn: int, watch: Watch, max_iter: int) -> Streamed:
        return _passes.fit(
            source, self.n_clusters, init, watch, max_iter=max_iter, tol=self.tol, seed=drawn, empty=self.empty, threads=1
        )

    def _start(self, source: _Partitions, drawn: int) -> Any:
        """The parameter `init`, or the centers of greedy k-means++."""
        if not isinstance(self.init, str):
            return self.init
        if self.init not in ("k-means||", "k-means++"):
            raise ValueError(f"init: 'k-means||', 'k-means++' or centers were expected, not {self.init!r}")
        if self.init == "k-means||":
            return self.init
        n, d = source.shape
        if n * d > _GATHERED:
            raise ValueError(
                f"init: 'k-means++' is a pass over the points for each center, so they are brought into one memory for it; "
                f"{n} x {d} numbers are more than the {_GATHERED} that are. 'k-means||' takes 11 passes for any number of centers"
            )
        points, weights = source.gathered()
        return seed(points, self.n_clusters, weights=weights, seed=drawn)


def _is_dask(X: Any) -> bool:
    """Whether `X` is a Dask array; data frames of Dask are refused."""
    if hasattr(X, "to_dask_array"):
        raise TypeError("X: a Dask array was expected, not a data frame; X.to_dask_array() is one")
    return isinstance(X, da.Array)


def _float_of(dtype: Any) -> Any:
    return np.float32 if dtype == np.float32 else np.float64


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
        self.shape = X.shape
        self.arrays = X, None
        self.points = X.to_delayed().ravel()
        self.weights = [None] * len(self.points)
        if weights is not None:
            weights = _measured(da.asarray(weights))
            if weights.shape != X.shape[:1]:
                raise ValueError(f"sample_weight: shape {X.shape[:1]} was expected, to fit the points, not {weights.shape}")
            self.arrays = X, weights
            self.weights = weights.rechunk((X.chunks[0],)).to_delayed().ravel()
        ends = np.cumsum(X.chunks[0])
        self.firsts = [0, *ends[:-1].tolist()]
        self.watch = watch

    def gathered(self) -> tuple[NDArray[Any], NDArray[Any] | None]:
        """The points and the weights in the memory of the caller."""
        return dask.compute(*self.arrays)

    def reduce(self, work: Work[T], join: Callable[[T, T], T]) -> T:
        # One node of the graph, which all tasks share.
        shared = dask.delayed(work, pure=False)
        give, fold = dask.delayed(of_chunk, pure=False), dask.delayed(_fold, pure=False)
        partitions = zip(self.points, self.weights, self.firsts)
        parts = [give(number, shared, *partition) for number, partition in enumerate(partitions)]
        while len(parts) > 1:
            parts = [fold(join, parts[i : i + _JOINED]) for i in range(0, len(parts), _JOINED)]
        (found,) = dask.compute(parts[0])
        self.watch.advance()
        return found


def _fold(join: Callable[[T, T], T], parts: list[T]) -> T:
    return reduce(join, parts)


def _measured(x: da.Array) -> da.Array:
    """The array with known lengths of its chunks."""
    if np.isnan(x.shape[0]):
        x = x.copy()
        x.compute_chunk_sizes()
    return x
