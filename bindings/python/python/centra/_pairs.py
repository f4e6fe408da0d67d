"""Distances of all points to all centers, and what belongs to each cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from . import _call
from ._call import pointer
from ._sparse import points_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def distances(points: ArrayLike, centers: ArrayLike, *, threads: int | None = None) -> NDArray[np.float64]:
    """Compute the squared distance of each point to each center.

    Parameters
    ----------
    points : array_like or sparse array of shape (n, d)
        As for `kmeans`. There may be fewer points than centers, and none.
    centers : array_like of shape (k, d)
        Centers, finite.
    threads : int, optional
        As for `kmeans`.

    Returns
    -------
    ndarray of shape (n, k)
        The squared distances, each as `assign` returns and compares it.

    Examples
    --------
    >>> import centra
    >>> centra.distances([[1, 1], [9, 8]], [[0, 0], [8, 8]])
    array([[  2.,  98.],
           [145.,   1.]])
    """
    x = points_of(points)
    c = _call.centers_of(centers, x.d)
    k = c.shape[0]
    sqdist = np.empty((x.n, k))
    status = x.call(
        "centra_distances", k, _call.options_for(x, threads), pointer(c), pointer(sqdist), k
    )  # fmt: skip
    _call.check(status)
    return sqdist


def transform(points: ArrayLike, centers: ArrayLike, *, threads: int | None = None) -> NDArray[np.float64]:
    """Compute the Euclidean distance of each point to each center: the square roots of `distances`.

    Parameters
    ----------
    points, centers, threads
        As for `distances`.

    Returns
    -------
    ndarray of shape (n, k)
        The distances, not squared.

    Examples
    --------
    >>> import centra
    >>> centra.transform([[3, 4], [9, 8]], [[0, 0], [9, 8]])[:, 1].tolist()
    [7.211102550927978, 0.0]
    """
    sqdist = distances(points, centers, threads=threads)
    return np.sqrt(sqdist, out=sqdist)


class Clusters(NamedTuple):
    """What `clusters` returns."""

    sizes: NDArray[np.int64]
    """Number of points of each cluster, of any weight, shape (k,)."""
    weights: NDArray[np.float64]
    """Sum of their weights, shape (k,): exact, rounded once."""
    inertias: NDArray[np.float64]
    """Sum of their squared distances to the center, times the weights, shape (k,): exact, rounded once."""


def clusters(
    points: ArrayLike,
    centers: ArrayLike,
    labels: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    threads: int | None = None,
) -> Clusters:
    """Count and sum the points of each cluster.

    Each sum is exact and rounded once, so the inertias, added, need not equal what `inertia` returns.

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
    Clusters
        A named tuple of `sizes`, `weights` and `inertias`.

    Examples
    --------
    >>> import centra
    >>> sizes, weights, inertias = centra.clusters([[1], [3], [9]], [[2], [9]], [0, 0, 1], weights=[1, 0.5, 2])
    >>> sizes.tolist(), weights.tolist(), inertias.tolist()
    ([2, 1], [1.5, 2.0], [1.5, 0.0])
    """
    x = points_of(points)
    c = _call.centers_of(centers, x.d)
    given = _call.labels_of(labels, x.n)
    w = _call.weights_of(weights, x.n)
    k = c.shape[0]
    found = Clusters(np.empty(k, np.int64), np.empty(k), np.empty(k))
    status = x.call(
        "centra_clusters", k, _call.options_for(x, threads, w), pointer(c), pointer(given, "int32_t[]"),
        pointer(found.sizes, "int64_t[]"), pointer(found.weights), pointer(found.inertias),
    )  # fmt: skip
    _call.check(status)
    return found
