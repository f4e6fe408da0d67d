"""Exact k-means of points in chunks, which need not fit into memory or be in one place.

`fit` clusters chunks that are read again in every pass, such as pieces of a file. The parts that it consists of, `range_of`,
`Stream`, `State` and `follow`, can be used with any engine that computes sums and maxima of integers. Whatever the chunks, the
result is that of `centra.kmeans` for all points in one array, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union

import numpy as np

from . import _call, _passes
from ._passes import Streamed, Work, of_chunk
from ._progress import Progress, Watch
from ._stream import MASSES, Drawn, Empty, State, Stream, follow, range_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._types import Centers, Seed

__all__ = ["MASSES", "Drawn", "State", "Stream", "Streamed", "fit", "follow", "range_of"]

T = TypeVar("T")
Chunks = Union[Iterable["ArrayLike"], Callable[[], Iterable["ArrayLike"]]]


def fit(
    chunks: Chunks,
    k: int,
    *,
    init: Literal["k-means||"] | Centers = "k-means||",
    weights: Chunks | None = None,
    labels: NDArray[np.int32] | None = None,
    distances: NDArray[np.float64] | None = None,
    max_iter: int = 300,
    tol: float = 0.0,
    seed: Seed = 0,
    empty: Empty = "relocate",
    threads: int | None = None,
    callback: Callable[[Progress], Any] | None = None,
    verbose: int = 0,
) -> Streamed:
    """Cluster points that come in chunks, with memory for a chunk at a time.

    The result is that of `centra.kmeans` for all points in one array, bit for bit, however they are cut into chunks.

    Parameters
    ----------
    chunks : iterable of array_like of shape (n_i, d), or callable
        The chunks, which may be empty, and of different length; or a function without arguments that returns an iterator over
        them. They are read in every pass, and must be the same each time. Arrays as for `centra.kmeans`.
    k : int
        Number of centers, from 1 to the number of all points.
    init : 'k-means||' or array_like of shape (k, d), default 'k-means||'
        k-means|| (11 passes for its five rounds, and one for the ranges in any case), or given centers.
    weights : iterable of array_like of shape (n_i,), or callable, optional
        Weights of the points of each chunk, finite and not negative, not all zero. All ones if omitted.
    labels : ndarray of int32, shape (n,), optional
        Receives the labels of all points; contiguous, perhaps a memory-mapped file. Without it there are none, `moved`
        is -1, and the fit has converged when no mean moves (see `Stream.step`).
    distances : ndarray of float64, shape (n,), optional
        Memory for a distance of each point, which makes k-means|| two to three times as fast; perhaps a memory-mapped file.
    max_iter, tol, seed, threads, callback
        As for `centra.kmeans`.
    empty : {'relocate', 'keep', 'error'}, default 'relocate'
        What happens to a cluster without members: as for `centra.kmeans`. Where one takes the farthest point, this is found in
        another pass.
    verbose : int, default 0
        Other than 0: show a progress bar, which counts chunks.

    Returns
    -------
    Streamed
        A named tuple of `centers`, `labels`, `inertia` and `report`, a `State`.

    Raises
    ------
    ValueError
        For arguments that do not fit, or NaN and infinities; the text says in which chunk, and where in it.
    KeyboardInterrupt
        After Ctrl-C, at the end of the running chunk.

    Notes
    -----
    Memory is needed for a chunk and for k d sums, whatever the number of points. Chunks of some megabytes keep all cores busy;
    reading them is up to the iterator. Chunks of float64, float32 and uint8 are read where they lie; other types are converted to
    doubles a chunk at a time.

    Method: Lloyd 1982; k-means||, Bahmani and others 2012.

    Examples
    --------
    >>> import numpy as np
    >>> import centra
    >>> points = np.random.default_rng(0).uniform(size=(1000, 3))
    >>> labels = np.empty(1000, np.int32)
    >>> found = centra.stream.fit([points[:10], points[10:700], points[700:]], 4, labels=labels, seed=1)
    >>> whole = centra.kmeans(points, 4, init="k-means||", seed=1)
    >>> found.inertia == whole.inertia, (found.centers == whole.centers).all(), (labels == whole.labels).all()
    (True, np.True_, np.True_)
    """
    with Watch(callback, verbose, unit="chunks", shown=("iteration", "shift")) as watch:
        return _passes.fit(
            _Chunks(chunks, weights, watch),
            k,
            init,
            watch,
            labels=labels,
            distances=distances,
            max_iter=max_iter,
            tol=tol,
            seed=seed,
            empty=empty,
            threads=threads,
        )


class _Chunks:
    """Chunks one after the other."""

    def __init__(self, chunks: Chunks, weights: Chunks | None, watch: Watch) -> None:
        self.chunks = _again(chunks, "chunks")
        self.weights = None if weights is None else _again(weights, "weights")
        self.watch = watch

    def reduce(self, work: Work[T], join: Callable[[T, T], T]) -> T:
        found: list[T] = []
        first = 0
        for number, (chunk, weights) in enumerate(self._pairs()):
            points = _call.array(chunk, f"chunk {number}: points")
            one = of_chunk(number, work, points, weights, first)
            found[:] = [join(found[0], one)] if found else [one]
            first += len(points)
            self.watch.advance()
        if not found:
            raise ValueError("chunks: there are none")
        return found[0]

    def _pairs(self) -> Iterator[tuple[Any, Any]]:
        if self.weights is None:
            yield from ((chunk, None) for chunk in self.chunks())
            return
        none = object()
        for chunk, weights in zip_longest(self.chunks(), self.weights(), fillvalue=none):
            if chunk is none or weights is none:
                raise ValueError(f"weights: {'fewer' if weights is none else 'more'} chunks than of points")
            yield chunk, weights


def _again(chunks: Chunks, name: str) -> Callable[[], Iterator[Any]]:
    """A function that returns a new iterator at each call."""
    if callable(chunks):
        return lambda: iter(chunks())
    if iter(chunks) is chunks:
        raise TypeError(f"{name}: an iterator can be used once only; a list or a function that returns it was expected")
    return partial(iter, chunks)
