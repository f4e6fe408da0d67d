"""The functions of the C API, on NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, overload

import numpy as np

from . import _call
from ._call import pointer
from ._native import ffi, lib
from ._progress import Progress, Watch
from ._sparse import points_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._types import Centers, Init, Seed

Empty = Literal["relocate", "keep", "error"]

_INIT = {
    "k-means++": lib.CENTRA_INIT_KMEANSPP,
    "random": lib.CENTRA_INIT_RANDOM,
    "k-means||": lib.CENTRA_INIT_PARALLEL,
}


@dataclass(frozen=True)
class Report:
    """What a fit did.

    Attributes
    ----------
    stopped_by : {'converged', 'tolerance', 'max_iter', 'callback'}
        Why the returned restart stopped: no label changed; the centers moved by no more than `tol`; `max_iter`
        iterations were done; the callback asked for it.
    threads : int
        Threads used.
    iterations : int
        Iterations of the returned restart.
    empty_clusters : int
        Clusters without a member of positive weight.
    moved : int
        Labels that changed in the last iteration.
    distances, rechecked, skipped : int
        Pairs of point and center evaluated; points decided by the squared distance itself after a cheaper test left
        them open; pairs that were ruled out without being evaluated. Over all restarts.
    workspace_bytes : int
        Bytes of memory that the call needed beyond its arguments and results.
    seconds_scan, seconds_seed, seconds_assign, seconds_update : float
        Where the time went: checking for NaN and out-of-range values, seeding, finding the nearest centers, computing centers.
    """

    stopped_by: str
    threads: int
    iterations: int
    empty_clusters: int
    moved: int
    distances: int
    rechecked: int
    skipped: int
    workspace_bytes: int
    seconds_scan: float
    seconds_seed: float
    seconds_assign: float
    seconds_update: float

    def __repr__(self) -> str:
        seconds = self.seconds_scan + self.seconds_seed + self.seconds_assign + self.seconds_update
        return f"Report({self.iterations} iterations, {self.stopped_by}, threads={self.threads}, seconds={seconds:.3g})"


class Clustering(NamedTuple):
    """What `kmeans` returns.

    Labels, centers and inertia belong together: labels are those of the nearest returned centers.
    """

    centers: NDArray[np.float64]
    """Centers, shape (k, d): doubles, whatever the points are."""
    labels: NDArray[np.int32]
    """Index of the nearest center of each point, shape (n,)."""
    inertia: float
    """Sum of the squared distances to the nearest centers, times the weights."""
    report: Report
    """What the fit did."""

    @property
    def sizes(self) -> NDArray[np.intp]:
        """Number of points of each cluster, shape (k,). `centra.clusters` has their weights and inertias, too."""
        return np.bincount(self.labels, minlength=len(self.centers))

    def __repr__(self) -> str:
        (k, d), n = self.centers.shape, len(self.labels)
        return f"Clustering(n={n}, d={d}, k={k}, inertia={self.inertia:.10g}, report={self.report})"


def kmeans(
    points: ArrayLike,
    k: int,
    *,
    init: Init | Centers = "k-means++",
    weights: ArrayLike | None = None,
    n_init: int = 1,
    max_iter: int = 300,
    tol: float = 0.0,
    seed: Seed = 0,
    empty: Empty = "relocate",
    threads: int | None = None,
    callback: Callable[[Progress], Any] | None = None,
    verbose: int = 0,
) -> Clustering:
    """Cluster points: seed, then alternate assignment and update until no label changes.

    The result is a function of the arguments, bit for bit: neither the number of threads nor the processor nor the
    layout of the array changes it.

    Parameters
    ----------
    points : array_like or sparse array of shape (n, d)
        The points, finite. Arrays of float64, float32 or uint8 whose elements are adjacent along one axis (C or Fortran order,
        slices of rows or columns of these) are read where they lie, and the result is that of the same numbers as doubles, bit
        for bit. Other types are converted to doubles, which is exact but for integers beyond 2**53 and for long doubles.
        Of SciPy's sparse arrays and matrices, compressed sparse rows (CSR) are read where they lie, other formats are converted
        to them; the result is that of ``points.toarray()``, bit for bit, which is never made.
    k : int
        Number of centers, from 1 to n.
    init : {'k-means++', 'random', 'k-means||'} or array_like of shape (k, d), default 'k-means++'
        Greedy k-means++; k distinct rows drawn uniformly; k-means||, for k so large that k passes over the points are too
        many: five rounds of about 2 k candidates, and greedy k-means++ among these; or given centers.
    weights : array_like of shape (n,), optional
        Weights, finite and not negative, not all zero. All ones if omitted.
    n_init : int, default 1
        Restarts, of which the one with the least inertia is returned, the earliest of equals. With given centers there is
        only one.
    max_iter : int, default 300
        Iterations of a restart, at most. 0 assigns to the starting centers and stops.
    tol : float, default 0
        Stop when the squared shifts of the centers sum to no more than this. 0: only when no label changes.
    seed : int, numpy.random.Generator, numpy.random.RandomState or None, default 0
        Seed of the random draws, from 0 to 2**64 - 1; or a generator of NumPy, which the seed is drawn from; or None for a
        different one each time.
    empty : {'relocate', 'keep', 'error'}, default 'relocate'
        What happens to a cluster without members: it takes the point farthest from the center it was labelled by (several such
        clusters take the farthest ones, in order), as scikit-learn does; it keeps its center; or ValueError is raised. No cluster
        gives its last member away, and no point is taken that lies on its center.
    threads : int, optional
        Threads to use, at most; 0 for all cores. If omitted, what the environment says, see `Notes`.
    callback : callable, optional
        Called with a `Progress` after every iteration; a true return value stops the fit there. Exceptions that it
        raises end the fit and come out of `kmeans`.
    verbose : int, default 0
        Other than 0: show a progress bar (by tqdm where it is installed, in plain lines elsewhere).

    Returns
    -------
    Clustering
        A named tuple of `centers`, `labels`, `inertia` and `report`.

    Raises
    ------
    ValueError
        For arguments that do not fit, or NaN and infinities; the text says where.
    KeyboardInterrupt
        Within 0.2 seconds of Ctrl-C on the main thread. What the library then computes ends with the running iteration, or with
        the seeding.

    Notes
    -----
    Other Python threads run meanwhile, and may cluster too. The number of threads is, first found first taken: the
    argument; a limit set by ``threadpoolctl.threadpool_limits``; the environment variable ``CENTRA_NUM_THREADS``;
    ``OMP_NUM_THREADS``; all cores the process may use.

    Methods: Lloyd 1982; greedy k-means++, Arthur and Vassilvitskii 2007; k-means||, Bahmani and others 2012.

    Examples
    --------
    >>> import centra
    >>> points = [[1, 1], [2, 1], [1, 2], [8, 8], [9, 8], [8, 9]]
    >>> centers, labels, inertia, report = centra.kmeans(points, 2, seed=42)
    >>> labels
    array([0, 0, 0, 1, 1, 1], dtype=int32)
    >>> round(inertia, 5), report.stopped_by
    (2.66667, 'converged')
    """
    with Watch(callback, verbose) as watch:
        return watched(
            points,
            k,
            watch=watch,
            init=init,
            weights=weights,
            n_init=n_init,
            max_iter=max_iter,
            tol=tol,
            seed=seed,
            empty=empty,
            threads=threads,
        )


def watched(
    points: ArrayLike,
    k: int,
    *,
    watch: Watch,
    init: Init | Centers,
    weights: ArrayLike | None = None,
    n_init: int = 1,
    max_iter: int,
    tol: float,
    seed: Seed = 0,
    empty: Empty = "relocate",
    threads: int | None,
) -> Clustering:
    """`kmeans` with a `Watch`, whose last progress is that of the last iteration if there is one restart."""
    x = points_of(points)
    k = _call.integer(k, "k", 63)
    weights = _call.weights_of(weights, x.n)
    options = _call.options_for(x, threads, weights)
    _call.set_loop(options, empty, max_iter, tol, n_init)
    options.seed = _call.seed_of(seed)
    if isinstance(init, str):
        options.init = _call.choice(init, "init", _INIT)
        # The library checks k before it writes; a k larger than n must not take memory here.
        centers = np.empty((min(k, x.n), x.d))
    else:
        options.init = lib.CENTRA_INIT_GIVEN
        centers = np.array(_call.centers_of(init, x.d, "init"))
        if centers.shape[0] != k:
            raise ValueError(f"init: k = {k} centers were expected, not {centers.shape[0]}")
    labels = np.empty(x.n, np.int32)
    report = ffi.new("centra_report *")
    lib.centra_report_init_sized(report, ffi.sizeof("centra_report"))

    def fit() -> Clustering:
        status = x.call(
            "centra_fit", k, options,
            pointer(centers), pointer(labels, "int32_t[]"), report, ffi.NULL, 0,
        )  # fmt: skip
        _call.check(status)
        return Clustering(centers, labels, report.inertia, report_of(report))

    passes = (options.max_iter + _SEEDING) * options.n_init
    return watch.run(fit, x.size * k * passes, options, kept=weights)


# Drawing centers is about as much work as so many passes of all points over all centers: each is one of several candidates.
_SEEDING = 4


def report_of(report: Any) -> Report:
    return Report(
        _call.STOPPED_BY[report.stopped_by],
        report.threads,
        report.iterations,
        report.empty_clusters,
        report.moved,
        report.distances,
        report.rechecked,
        report.skipped,
        report.workspace_bytes,
        report.seconds_scan,
        report.seconds_seed,
        report.seconds_assign,
        report.seconds_update,
    )


@overload
def assign(
    points: ArrayLike, centers: ArrayLike, *, threads: int | None = ..., sqdist: Literal[False] = ...
) -> NDArray[np.int32]: ...
@overload
def assign(
    points: ArrayLike, centers: ArrayLike, *, threads: int | None = ..., sqdist: Literal[True]
) -> tuple[NDArray[np.int32], NDArray[np.float64]]: ...
def assign(
    points: ArrayLike, centers: ArrayLike, *, threads: int | None = None, sqdist: bool = False
) -> NDArray[np.int32] | tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Label points by given centers.

    Parameters
    ----------
    points : array_like or sparse array of shape (n, d)
        As for `kmeans`. There may be fewer points than centers, and none.
    centers : array_like of shape (k, d)
        Centers, finite.
    threads : int, optional
        As for `kmeans`.
    sqdist : bool, default False
        Return the squared distances, too.

    Returns
    -------
    labels : ndarray of int32, shape (n,)
        The index of the nearest center; of equally near ones the lowest.
    sqdist : ndarray of shape (n,)
        Squared distances to these centers. Only if `sqdist` is true.

    Examples
    --------
    >>> import centra
    >>> centra.assign([[1, 1], [9, 8]], [[0, 0], [8, 8]], sqdist=True)
    (array([0, 1], dtype=int32), array([2., 1.]))
    """
    x = points_of(points)
    c = _call.centers_of(centers, x.d)
    labels = np.empty(x.n, np.int32)
    distances = np.empty(x.n) if sqdist else None
    status = x.call(
        "centra_assign", c.shape[0], _call.options_for(x, threads),
        pointer(c), pointer(labels, "int32_t[]"), ffi.NULL if distances is None else pointer(distances), ffi.NULL, 0,
    )  # fmt: skip
    _call.check(status)
    return labels if distances is None else (labels, distances)


@overload
def update(
    points: ArrayLike,
    labels: ArrayLike,
    centers: ArrayLike,
    *,
    weights: ArrayLike | None = ...,
    empty: Empty = ...,
    threads: int | None = ...,
    counts: Literal[False] = ...,
) -> NDArray[np.float64]: ...
@overload
def update(
    points: ArrayLike,
    labels: ArrayLike,
    centers: ArrayLike,
    *,
    weights: ArrayLike | None = ...,
    empty: Empty = ...,
    threads: int | None = ...,
    counts: Literal[True],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]: ...
def update(
    points: ArrayLike,
    labels: ArrayLike,
    centers: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    empty: Empty = "relocate",
    threads: int | None = None,
    counts: bool = False,
) -> NDArray[np.float64] | tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Compute the mean of each cluster.

    A mean is the exact sum of the coordinates over the number of points (with weights: of the exact products over the exact
    sum of the weights), as real numbers, rounded once.

    Parameters
    ----------
    points : array_like or sparse array of shape (n, d)
        As for `kmeans`. There may be fewer points than centers, and none.
    labels : array_like of integers, shape (n,)
        The cluster of each point, from 0 to k - 1.
    centers : array_like of shape (k, d)
        What clusters that stay empty keep; their number is k. Where a cluster is empty and is to take a point, these are the
        centers that the labels were found with; else nothing of it is used. It is not written to.
    weights, empty, threads
        As for `kmeans`.
    counts : bool, default False
        Return the numbers of members, too.

    Returns
    -------
    centers : ndarray of shape (k, d)
        The means, a new array.
    counts : ndarray of int64, shape (k,)
        Numbers of points that make up each mean, of any weight. Only if `counts` is true.

    Examples
    --------
    >>> import centra
    >>> centra.update([[1, 1], [3, 1], [8, 8]], [0, 0, 1], [[0, 0], [0, 0]])
    array([[2., 1.],
           [8., 8.]])
    """
    x = points_of(points)
    given = _call.labels_of(labels, x.n)
    w = _call.weights_of(weights, x.n)
    options = _call.options_for(x, threads, w)
    options.empty = _call.choice(empty, "empty", _call.EMPTY)
    means = np.array(_call.centers_of(centers, x.d))
    k = means.shape[0]
    members = np.empty(k, np.int64)
    status = x.call(
        "centra_update", k, options,
        pointer(given, "int32_t[]"), pointer(means), pointer(members, "int64_t[]"), ffi.NULL, 0,
    )  # fmt: skip
    _call.check(status)
    return (means, members) if counts else means


def seed(
    points: ArrayLike,
    k: int,
    *,
    init: Init = "k-means++",
    weights: ArrayLike | None = None,
    seed: Seed = 0,
    threads: int | None = None,
) -> NDArray[np.float64]:
    """Draw starting centers: those that `kmeans` would start from.

    Parameters
    ----------
    points : array_like or sparse array of shape (n, d)
        As for `kmeans`.
    k : int
        Number of centers, from 1 to n.
    init, weights, seed, threads
        As for `kmeans`.

    Returns
    -------
    ndarray of shape (k, d)
        Copies of k of the points.

    Examples
    --------
    >>> import centra
    >>> centra.seed([[1, 1], [2, 1], [8, 8]], 2, seed=1).shape
    (2, 2)
    """
    x = points_of(points)
    k = _call.integer(k, "k", 63)
    w = _call.weights_of(weights, x.n)
    options = _call.options_for(x, threads, w)
    options.init = _call.choice(init, "init", _INIT)
    options.seed = _call.seed_of(seed)
    centers = np.empty((min(k, x.n), x.d))

    def draw() -> NDArray[np.float64]:
        _call.check(x.call("centra_seed", k, options, pointer(centers), ffi.NULL, 0))
        return centers

    return Watch().run(draw, x.size * k * _SEEDING, kept=w)


def inertia(
    points: ArrayLike,
    centers: ArrayLike,
    labels: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    threads: int | None = None,
) -> float:
    """Sum the squared distances between points and the centers that their labels name.

    Parameters
    ----------
    points : array_like or sparse array of shape (n, d)
        As for `kmeans`. There may be fewer points than centers, and none.
    centers : array_like of shape (k, d)
        Centers, finite.
    labels : array_like of integers, shape (n,)
        The cluster of each point, from 0 to k - 1.
    weights, threads
        As for `kmeans`.

    Returns
    -------
    float
        The exact sum, times the weights, rounded once; infinity where it exceeds the largest double.

    Examples
    --------
    >>> import centra
    >>> centra.inertia([[1, 1], [9, 8]], [[0, 0], [8, 8]], [0, 1])
    3.0
    """
    x = points_of(points)
    c = _call.centers_of(centers, x.d)
    given = _call.labels_of(labels, x.n)
    w = _call.weights_of(weights, x.n)
    total = ffi.new("double *")
    status = x.call(
        "centra_inertia", c.shape[0], _call.options_for(x, threads, w),
        pointer(c), pointer(given, "int32_t[]"), total,
    )  # fmt: skip
    _call.check(status)
    return total[0]
