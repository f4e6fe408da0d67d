"""Several numbers of clusters at once."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import _call
from ._functions import Clustering, kmeans, seed
from ._pairs import transform

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._types import Seed

# Distances in memory at a time.
_DISTANCES = 1 << 20

# `seed` is the name of an argument, too.
_draw = seed


class Sweep(NamedTuple):
    """What `sweep` returns."""

    ks: list[int]
    """Numbers of clusters, ascending."""
    clusterings: list[Clustering]
    """The clustering for each of them."""
    silhouettes: NDArray[np.float64]
    """The mean simplified silhouette of each: from -1 to 1, the more the better; NaN for one cluster."""

    @property
    def inertias(self) -> NDArray[np.float64]:
        """The inertia of each."""
        return np.array([clustering.inertia for clustering in self.clusterings])

    def __repr__(self) -> str:
        return f"Sweep(ks={reprlib.repr(self.ks)})"


def sweep(
    points: ArrayLike,
    ks: Iterable[int],
    *,
    weights: ArrayLike | None = None,
    max_iter: int = 300,
    tol: float = 0.0,
    seed: Seed = 0,
    threads: int | None = None,
    verbose: int = 0,
) -> Sweep:
    """Cluster with several numbers of clusters, to choose one.

    Parameters
    ----------
    points : array_like of shape (n, d)
        As for `kmeans`.
    ks : iterable of int
        Numbers of clusters, in any order.
    weights, max_iter, tol, seed, threads, verbose
        As for `kmeans`.

    Returns
    -------
    Sweep
        A named tuple of `ks`, `clusterings` and `silhouettes`, with the property `inertias`.

    Notes
    -----
    What is shared is the start: greedy k-means++ draws one center after the other, so centers are drawn once, for the largest
    k, and each smaller k starts from the first k of them. So the seeding costs as much as that of the largest k alone, and the
    curves are smoother than with a new draw for each k. Each step chooses among 2 + floor(ln k) candidates, k the largest: where
    that is the same for a smaller k, it starts as it would have alone, else from centers that were chosen among more.

    The silhouette is the simplified one (Hruschka, de Castro and Campello 2004): (b - a) / max(a, b), a and b the distances of a
    point to its own center and to the nearest of the others, and 0 where both are 0 or a cluster has no other member. It takes
    n k distances; the silhouette by mean distances between points would take n^2.

    Examples
    --------
    >>> import centra
    >>> found = centra.sweep([[0.0], [1.0], [10.0], [11.0], [20.0], [21.0]], range(1, 5))
    >>> found.inertias.round(1).tolist()
    [401.5, 101.5, 1.5, 1.0]
    >>> found.ks[found.silhouettes[1:].argmax() + 1]
    3
    """
    x = _call.matrix(points)
    weights = _call.weights_of(weights, x.n)
    ks = sorted({_call.integer(k, "ks", 63) for k in ks})
    if not ks:
        return Sweep([], [], np.empty(0))
    start = _draw(x.array, ks[-1], weights=weights, seed=seed, threads=threads)
    clusterings = [
        kmeans(x.array, k, init=start[:k], weights=weights, max_iter=max_iter, tol=tol, threads=threads, verbose=verbose)
        for k in ks
    ]
    silhouettes = [_silhouette(x.array, clustering, weights, threads) for clustering in clusterings]
    return Sweep(ks, clusterings, np.array(silhouettes))


def _silhouette(points: NDArray[Any], found: Clustering, weights: NDArray[np.float64] | None, threads: int | None) -> float:
    """The mean simplified silhouette."""
    if len(found.centers) == 1:
        return np.nan
    return float(np.average(silhouettes(points, found.centers, found.labels, threads), weights=weights))


def silhouettes(
    points: NDArray[Any], centers: NDArray[np.float64], labels: NDArray[Any], threads: int | None
) -> NDArray[np.float64]:
    """The simplified silhouette of each point, for two clusters or more. Its second nearest center is the nearest other one."""
    k = len(centers)
    sizes, values = np.bincount(labels, minlength=k), np.zeros(len(points))
    # Memory is not of order n k.
    rows = max(_DISTANCES // k, 1)
    for first in range(0, len(points), rows):
        part = slice(first, first + rows)
        mine = labels[part]
        own = (np.arange(len(mine)), mine)
        apart = transform(points[part], centers, threads=threads)
        a = apart[own]
        apart[own] = np.inf
        b = apart.min(axis=1)
        larger = np.maximum(a, b)
        np.divide(b - a, larger, out=values[part], where=(larger > 0) & (sizes[mine] > 1))
    return values
