"""The loop of k-means over points that are not in one array: each pass is a reduction over the chunks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

import numpy as np

from . import _call
from ._progress import Progress, Watch
from ._stream import MASSES, Empty, State, Stream, follow, options_of_steps, range_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._types import Centers, Seed

T = TypeVar("T")
# Of a chunk's points, its weights and the index of its first point among all points.
Work = Callable[[Any, Any, int], T]
_INIT = {"k-means||": 0}


class Source(Protocol):
    """Where the chunks are."""

    def reduce(self, work: Work[T], join: Callable[[T, T], T]) -> T:
        """Applies `work` to all chunks, and combines the results of neighbours by `join`, in any grouping."""


class Streamed(NamedTuple):
    """What a fit of chunks returns.

    Labels, centers and inertia belong together: labels are those of the nearest returned centers.
    """

    centers: NDArray[np.float64]
    """Centers, shape (k, d)."""
    labels: NDArray[np.int32] | None
    """Index of the nearest center of each point, if there was an array for them."""
    inertia: float
    """Sum of the squared distances to the nearest centers, times the weights."""
    report: State
    """What the fit did."""

    def __repr__(self) -> str:
        k, d = self.centers.shape
        labels = "" if self.labels is None else f"n={len(self.labels)}, "
        return f"Streamed({labels}d={d}, k={k}, inertia={self.inertia:.10g}, report={self.report})"


def of_chunk(number: int, work: Work[T], points: Any, weights: Any, first: int) -> T:
    """Applies `work` to a chunk; refusals name the chunk."""
    try:
        return work(points, weights, first)
    except ValueError as error:
        raise ValueError(f"chunk {number}: {error}") from error


def fit(
    source: Source,
    k: int,
    init: str | Centers,
    watch: Watch,
    *,
    labels: NDArray[np.int32] | None = None,
    distances: NDArray[np.float64] | None = None,
    max_iter: int,
    tol: float,
    seed: Seed,
    empty: Empty,
    threads: int | None,
) -> Streamed:
    # A pass may take an hour, so arguments are checked before the first one.
    k, seed = _call.integer(k, "k", 63), _call.seed_of(seed)
    options_of_steps(max_iter, tol, empty)
    if isinstance(init, str):
        _call.choice(init, "init", _INIT)
    elif (shape := _call.numbers(init, "init").shape)[:1] != (k,):
        raise ValueError(f"init: k = {k} centers were expected, not an array of shape {shape}")

    def measure(points: Any, weights: Any, _first: int) -> tuple[int, NDArray[np.int32]]:
        range = range_of(points, weights=weights, threads=threads)
        return len(points), range

    total, range = source.reduce(measure, _widen)
    stream = Stream(total, len(range) // 3 - 1, k, range)
    if labels is not None:
        _call.array_of(labels, np.int32, (total,), "labels", written=True)
    if distances is not None:
        _call.array_of(distances, np.float64, (total,), "distances", written=True)
    if isinstance(init, str):
        centers = _seed(source, stream, distances, seed, threads)
    else:
        centers = _call.centers_of(init, stream.d, "init")

    def add(points: Any, weights: Any, first: int) -> NDArray[np.int64]:
        own = None if labels is None else labels[first : first + len(points)]
        compare = own is not None and state.iterations > 0
        return stream.sums(points, centers, weights=weights, labels=own, compare=compare, threads=threads)

    def find(points: Any, weights: Any, first: int) -> NDArray[np.int64]:
        return stream.farthest(points, centers, sums, first, length, weights=weights, threads=threads)

    state = State()
    while True:
        sums = source.reduce(add, np.add)
        if state.iterations > 0 and watch.tell(Progress(0, state.iterations, stream.moved(sums), state.shift)):
            # The step that ends the loop takes the results of this pass, and moves no center.
            centers, state = stream.step(sums, centers, state, max_iter=state.iterations, tol=tol, empty="keep")
            state = replace(state, stopped_by="callback")
        else:
            length = stream.farthest_length(sums, centers, state, max_iter=max_iter, tol=tol, empty=empty)
            farthest = source.reduce(find, stream.join) if length else None
            centers, state = stream.step(sums, centers, state, max_iter=max_iter, tol=tol, empty=empty, farthest=farthest)
        if state.stopped_by is not None:
            return Streamed(centers, labels, state.inertia, state)


def _widen(a: tuple[int, NDArray[np.int32]], b: tuple[int, NDArray[np.int32]]) -> tuple[int, NDArray[np.int32]]:
    if len(a[1]) != len(b[1]):
        raise ValueError(f"points: chunks of {len(a[1]) // 3 - 1} and of {len(b[1]) // 3 - 1} dimensions")
    return a[0] + b[0], np.maximum(a[1], b[1])


def _seed(
    source: Source, stream: Stream, distances: NDArray[np.float64] | None, seed: int, threads: int | None
) -> NDArray[np.float64]:
    """The starting centers of k-means||."""

    def kept(points: Any, first: int) -> NDArray[np.float64] | None:
        return None if distances is None else distances[first : first + len(points)]

    def mass(points: Any, weights: Any, first: int) -> NDArray[np.int64]:
        own = kept(points, first)
        return stream.masses(points, candidates, weights=weights, distances=own, known=known, threads=threads)

    def draw(points: Any, weights: Any, first: int) -> Any:
        own = kept(points, first)
        return stream.draw(points, candidates, masses, round, first, seed=seed, weights=weights, distances=own, threads=threads)

    def weigh(points: Any, weights: Any, _first: int) -> NDArray[np.int64]:
        return stream.weigh(points, candidates, weights=weights, threads=threads)

    candidates, masses = np.empty((0, stream.d)), np.zeros(MASSES, np.int64)
    round = known = 0
    while stream.due(round, candidates, masses):
        masses = source.reduce(mass, np.add)
        known = len(candidates)
        candidates = stream.extend(candidates, source.reduce(draw, follow))
        round += 1
    return stream.choose(candidates, source.reduce(weigh, np.add), seed=seed, threads=threads)
