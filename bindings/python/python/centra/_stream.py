"""The streaming calls of the C API, on chunks that are NumPy arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from . import _call
from ._call import array_of, pointer
from ._native import ffi, lib

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Empty = Literal["relocate", "keep", "error"]

MASSES: int = lib.CENTRA_STREAM_MASS_DIGITS


@dataclass(frozen=True)
class State:
    """How far a fit has come.

    Attributes
    ----------
    stopped_by : {'converged', 'tolerance', 'max_iter', 'callback'} or None
        None while another pass is due. Else why there is none: no label changed, or, where labels were not compared, no mean
        moved; the centers moved by no more than `tol`; `max_iter` iterations were done; the callback asked for it.
    iterations : int
        Iterations so far.
    moved : int
        Labels that changed in the last pass; -1 where they were not compared.
    empty_clusters : int
        Clusters without a point of positive weight in the last pass.
    shift : float
        Sum over the centers of the squared distance between where they are and where they were.
    inertia : float
        The inertia of the last pass; NaN where it was not asked for.
    """

    stopped_by: str | None = None
    iterations: int = 0
    moved: int = 0
    empty_clusters: int = 0
    shift: float = 0.0
    inertia: float = np.nan


class Drawn(NamedTuple):
    """What one chunk adds to the candidates of k-means||."""

    rows: NDArray[np.float64]
    """The points drawn, in order, as far as a round may draw them."""
    number: int
    """How many were drawn."""

    def __repr__(self) -> str:
        return f"Drawn(number={self.number}, rows={len(self.rows)} x {self.rows.shape[1]})"


def range_of(points: ArrayLike, *, weights: ArrayLike | None = None, threads: int | None = None) -> NDArray[np.int32]:
    """Compute the range of a chunk: the largest magnitudes and the lowest bits of its numbers, as integers.

    Parameters
    ----------
    points : array_like of shape (n, d)
        The chunk: as for `centra.kmeans`, but it may have no points.
    weights : array_like of shape (n,), optional
        Weights, finite and not negative. Where one chunk has weights, all must.
    threads : int, optional
        As for `centra.kmeans`.

    Returns
    -------
    ndarray of int32, shape (3 * (d + 1),)
        The range. The range of several chunks is the element-wise maximum, `numpy.maximum`, of theirs.

    Examples
    --------
    >>> from centra.stream import range_of
    >>> range_of([[1.0], [2.0], [12.0]])
    array([1076363264,       1078,       1024,          0,          0,
                    0], dtype=int32)
    """
    x = _call.matrix(points)
    w = _call.weights_of(weights, x.n)
    length = ffi.new("size_t *")
    _call.check(lib.centra_stream_range_length(x.d, length))
    found = np.zeros(length[0], np.int32)
    status = x.function("centra_stream_range")(
        x.pointer, x.n, x.d, x.ld, _call.options_for(x, threads, w), pointer(found, "int32_t[]"), ffi.NULL, 0
    )
    _call.check(status)
    return found


class Stream:
    """What all chunks of a stream share, and the calls that compute something of a chunk.

    The calls return integers, which are combined by sums and maxima, in any order and any grouping. The result is
    that of `centra.kmeans` for all points in one array, bit for bit. A stream is pickled in a few bytes, and its methods
    may be called from any number of threads and processes at once.

    Parameters
    ----------
    total : int
        Points of all chunks, at most 2**40.
    d : int
        Dimensions.
    k : int
        Number of centers, from 1 to `total`.
    range : ndarray of int32, shape (3 * (d + 1),)
        The element-wise maximum of `range_of` all chunks.

    Attributes
    ----------
    total, d, k, range
        As given.
    length : int
        Elements of sums.

    Examples
    --------
    >>> import numpy as np
    >>> from centra.stream import State, Stream, range_of
    >>> chunks = [np.array([[1.0], [2.0], [3.0]]), np.array([[10.0], [11.0], [12.0]])]
    >>> stream = Stream(6, 1, 2, np.maximum(range_of(chunks[0]), range_of(chunks[1])))
    >>> centers, state = np.array([[1.0], [2.0]]), State()
    >>> while state.stopped_by is None:
    ...     sums = sum(stream.sums(chunk, centers) for chunk in chunks)
    ...     centers, state = stream.step(sums, centers, state)
    >>> centers.ravel(), state.inertia, state.stopped_by
    (array([ 2., 11.]), 4.0, 'converged')
    """

    def __init__(self, total: int, d: int, k: int, range: NDArray[np.int32]) -> None:
        self.total = _call.integer(total, "total", 63)
        self.d = _call.integer(d, "d", 63)
        self.k = _call.integer(k, "k", 63)
        self.range = array_of(range, np.int32, (3 * (self.d + 1),), "range").copy()
        length = ffi.new("size_t *")
        _call.check(lib.centra_stream_sums_length(self.total, self.d, self.k, self._range, length))
        self.length: int = length[0]

    def __reduce__(self) -> Any:
        # An array from a pickle may be unaligned; the constructor copies it.
        return Stream, (self.total, self.d, self.k, self.range)

    def __repr__(self) -> str:
        return f"Stream(total={self.total}, d={self.d}, k={self.k})"

    def sums(
        self,
        points: ArrayLike,
        centers: ArrayLike,
        *,
        weights: ArrayLike | None = None,
        labels: NDArray[np.int32] | None = None,
        compare: bool = False,
        inertia: bool = True,
        out: NDArray[np.int64] | None = None,
        threads: int | None = None,
    ) -> NDArray[np.int64]:
        """Label the points of a chunk by given centers, and sum them up.

        Parameters
        ----------
        points, weights, threads
            As for `range_of`.
        centers : array_like of shape (k, d)
            Centers, finite.
        labels : ndarray of int32, shape (n,), optional
            Receives the labels.
        compare : bool, default False
            `labels` are those of the last pass over this chunk: count how many change.
        inertia : bool, default True
            Sum up the inertia, too.
        out : ndarray of int64, shape (length,), optional
            Sums of other chunks, to which this one's are added; new zeros if omitted.

        Returns
        -------
        ndarray of int64, shape (length,)
            The sums, `out` if that was given. Those of several chunks are joined by `numpy.add`.
        """
        x, c = self._chunk(points), self._centers(centers)
        w = _call.weights_of(weights, x.n)
        if labels is not None:
            array_of(labels, np.int32, (x.n,), "labels", written=True)
        if out is None:
            out = np.zeros(self.length, np.int64)
        array_of(out, np.int64, (self.length,), "out", written=True)
        wanted = lib.CENTRA_STREAM_INERTIA * bool(inertia) + lib.CENTRA_STREAM_MOVED * bool(compare)
        status = x.function("centra_stream_sums")(
            x.pointer, x.n, x.d, x.ld, self.k, _call.options_for(x, threads, w), self.total, self._range,
            pointer(c), ffi.NULL if labels is None else pointer(labels, "int32_t[]"), wanted,
            pointer(out, "int64_t[]"), ffi.NULL, 0,
        )  # fmt: skip
        _call.check(status)
        return out

    def means(self, sums: NDArray[np.int64], centers: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Compute the mean of each cluster from the sums of all points.

        Parameters
        ----------
        sums : ndarray of int64, shape (length,)
            The joined sums of all chunks.
        centers : array_like of shape (k, d)
            The centers that clusters without a point of positive weight keep.

        Returns
        -------
        centers : ndarray of shape (k, d)
            The means, a new array: exact sums of coordinates over the numbers of points (with weights: of exact products over
            the exact sums of the weights), as real numbers, rounded once.
        counts : ndarray of int64, shape (k,)
            The number of points of each.
        """
        given = array_of(sums, np.int64, (self.length,), "sums")
        means, counts = self._centers(centers).copy(), np.empty(self.k, np.int64)
        status = lib.centra_stream_means(
            self.total, self.d, self.k, self._range,
            pointer(given, "int64_t[]"), pointer(means), pointer(counts, "int64_t[]"),
        )  # fmt: skip
        _call.check(status)
        return means, counts

    def step(
        self,
        sums: NDArray[np.int64],
        centers: ArrayLike,
        state: State,
        *,
        max_iter: int = 300,
        tol: float = 0.0,
        empty: Empty = "relocate",
        farthest: NDArray[np.int64] | None = None,
    ) -> tuple[NDArray[np.float64], State]:
        """Take one step of the loop that `centra.kmeans` runs, after a pass of all chunks against the centers.

        Parameters
        ----------
        sums : ndarray of int64, shape (length,)
            The joined sums of all chunks and these centers.
        centers : array_like of shape (k, d)
            The centers that the sums were computed with.
        state : State
            What the last step returned; `State()` for the first.
        max_iter, tol
            As for `centra.kmeans`.
        empty : {'relocate', 'keep', 'error'}, default 'relocate'
            As for `centra.kmeans`. Sums do not tell which point an empty cluster takes: where one does, see `farthest_length`,
            it is a ValueError not to give `farthest`.
        farthest : ndarray of int64, optional
            The joined lists of the farthest points of all chunks, of `farthest_length` elements.

        Returns
        -------
        centers : ndarray of shape (k, d)
            The means, for the next pass; if the loop is over, `centers` as they were.
        state : State
            How far it has come. `stopped_by` is None while another pass is due.

        Notes
        -----
        If labels were not compared, the loop has converged when no mean moves. That is so one pass after the last label
        moves; earlier only where labels move that leave every mean as it was (those of points of weight zero, say): then there
        are fewer iterations than `centra.kmeans` does, and all other results are the same.
        """
        if state.stopped_by is not None:
            return self._centers(centers).copy(), state
        given = array_of(sums, np.int64, (self.length,), "sums")
        options = options_of_steps(max_iter, tol, empty)
        moved = self._centers(centers).copy()
        raw = _raw(state)
        if farthest is None or not len(farthest):
            status = lib.centra_stream_step(
                self.total, self.d, self.k, options, self._range,
                pointer(given, "int64_t[]"), pointer(moved), raw,
            )  # fmt: skip
        else:
            points = array_of(farthest, np.int64, (len(farthest),), "farthest")
            # The points that are taken are moved in the sums; those of the caller stay what they are.
            own = given.copy()
            status = lib.centra_stream_relocate(
                self.total, self.d, self.k, options, self._range,
                pointer(own, "int64_t[]"), pointer(points, "int64_t[]"), len(points), pointer(moved), raw,
            )  # fmt: skip
        _call.check(status)
        stopped_by = _call.STOPPED_BY[raw.stopped_by] if raw.done else None
        return moved, State(stopped_by, raw.iterations, raw.moved, raw.empty_clusters, raw.shift, raw.inertia)

    def farthest_length(
        self,
        sums: NDArray[np.int64],
        centers: ArrayLike,
        state: State,
        *,
        max_iter: int = 300,
        tol: float = 0.0,
        empty: Empty = "relocate",
    ) -> int:
        """Return how many integers list the points that empty clusters may take in the next step.

        Parameters
        ----------
        sums, centers, state, max_iter, tol, empty
            As `step` will have them.

        Returns
        -------
        int
            The elements of `farthest`; 0 where no cluster takes a point, because none is empty, or the loop ends.
        """
        if state.stopped_by is not None:
            return 0
        given = array_of(sums, np.int64, (self.length,), "sums")
        options = options_of_steps(max_iter, tol, empty)
        length = ffi.new("size_t *")
        status = lib.centra_stream_farthest_length(
            self.total, self.d, self.k, options, self._range,
            pointer(given, "int64_t[]"), pointer(self._centers(centers)), _raw(state), length,
        )  # fmt: skip
        _call.check(status)
        return length[0]

    def farthest(
        self,
        points: ArrayLike,
        centers: ArrayLike,
        sums: NDArray[np.int64],
        first: int,
        length: int,
        *,
        weights: ArrayLike | None = None,
        threads: int | None = None,
    ) -> NDArray[np.int64]:
        """List the points of a chunk that are farthest from their nearest centers.

        Parameters
        ----------
        points, weights, threads
            As for `range_of`.
        centers : array_like of shape (k, d)
            The centers of the pass.
        sums : ndarray of int64, shape (length,)
            The joined sums of that pass over all chunks.
        first : int
            The index of the chunk's first point among all points.
        length : int
            What `farthest_length` returned.

        Returns
        -------
        ndarray of int64, shape (length,)
            The list. Those of several chunks are joined by `join`.
        """
        x, c = self._chunk(points), self._centers(centers)
        w = _call.weights_of(weights, x.n)
        given = array_of(sums, np.int64, (self.length,), "sums")
        found = np.zeros(_call.integer(length, "length", 47), np.int64)
        status = x.function("centra_stream_farthest")(
            x.pointer, x.n, x.d, x.ld, self.k, _call.options_for(x, threads, w), self.total, self._range,
            pointer(c), pointer(given, "int64_t[]"), _call.integer(first, "first", 63),
            pointer(found, "int64_t[]"), len(found), ffi.NULL, 0,
        )  # fmt: skip
        _call.check(status)
        return found

    def join(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
        """Join two lists of farthest points of different chunks, in any order and any grouping.

        Parameters
        ----------
        a, b : ndarray of int64, shape (length,)
            What `farthest` or `join` returned.

        Returns
        -------
        ndarray of int64, shape (length,)
            The list of both.
        """
        found = array_of(a, np.int64, (len(a),), "a").copy()
        other = array_of(b, np.int64, (len(found),), "b")
        status = lib.centra_stream_farthest_join(self.d, len(found), pointer(other, "int64_t[]"), pointer(found, "int64_t[]"))
        _call.check(status)
        return found

    def moved(self, sums: NDArray[np.int64]) -> int:
        """Return the number of labels that have changed, if they were compared.

        Parameters
        ----------
        sums : ndarray of int64, shape (length,)
            The joined sums of all chunks.

        Returns
        -------
        int
            The number of labels; -1 if those of some chunks were not compared.
        """
        return int(sums[2]) if sums[1] == self.total else -1

    def due(self, round: int, candidates: NDArray[np.float64], masses: NDArray[np.int64]) -> bool:
        """Return whether another round of k-means|| is due.

        Parameters
        ----------
        round : int
            The round, from 0.
        candidates : ndarray of shape (count, d)
            The candidates so far.
        masses : ndarray of int64, shape (MASSES,)
            The joined masses of the round before; anything in round 0.

        Returns
        -------
        bool
            Whether it is.
        """
        given = array_of(masses, np.int64, (MASSES,), "masses")
        round = _call.integer(round, "round", 32)
        return bool(_call.check(lib.centra_stream_due(self.k, round, len(candidates), pointer(given, "int64_t[]"))))

    def masses(
        self,
        points: ArrayLike,
        candidates: ArrayLike,
        *,
        weights: ArrayLike | None = None,
        distances: NDArray[np.float64] | None = None,
        known: int = 0,
        threads: int | None = None,
    ) -> NDArray[np.int64]:
        """Sum up the masses of a chunk: the first half of a round of k-means||.

        A point's mass is its weight times the squared distance to the nearest candidate; its weight, while there is none.

        Parameters
        ----------
        points, weights, threads
            As for `range_of`.
        candidates : array_like of shape (count, d)
            The candidates so far.
        distances : ndarray of float64, shape (n,), optional
            Memory for the squared distances to the nearest candidate, kept from round to round: the first `known` candidates
            are not compared again.
        known : int, default 0
            Number of candidates that `distances` already account for; if 0, they are not read.

        Returns
        -------
        ndarray of int64, shape (MASSES,)
            The exact sum. Those of several chunks are joined by `numpy.add`.
        """
        x, c = self._chunk(points), self._candidates(candidates)
        w = _call.weights_of(weights, x.n)
        if distances is not None:
            array_of(distances, np.float64, (x.n,), "distances", written=True)
        masses = np.zeros(MASSES, np.int64)
        status = x.function("centra_stream_masses")(
            x.pointer, x.n, x.d, x.ld, self.k, _call.options_for(x, threads, w), self.total, self._range,
            pointer(c), len(c), _call.integer(known, "known", 63),
            ffi.NULL if distances is None else pointer(distances), pointer(masses, "int64_t[]"), ffi.NULL, 0,
        )  # fmt: skip
        _call.check(status)
        return masses

    def draw(
        self,
        points: ArrayLike,
        candidates: ArrayLike,
        masses: NDArray[np.int64],
        round: int,
        first: int,
        *,
        seed: int = 0,
        weights: ArrayLike | None = None,
        distances: NDArray[np.float64] | None = None,
        threads: int | None = None,
    ) -> Drawn:
        """Draw points of a chunk as candidates: the second half of a round of k-means||.

        Each is drawn with a probability of 2 k times its share of all mass, independently.

        Parameters
        ----------
        points, weights, threads
            As for `range_of`.
        candidates
            As `masses` had them.
        masses : ndarray of int64, shape (MASSES,)
            The joined masses of all chunks.
        round : int
            The round, from 0.
        first : int
            The index of the chunk's first point among all points.
        seed : int, default 0
            As for `centra.kmeans`.
        distances : ndarray of float64, shape (n,), optional
            As `masses` left them.

        Returns
        -------
        Drawn
            The points drawn. Those of several chunks are joined, in the order of the chunks, by `follow`.
        """
        x, c = self._chunk(points), self._candidates(candidates)
        w = _call.weights_of(weights, x.n)
        options = _call.options_for(x, threads, w)
        options.seed = _call.integer(seed, "seed", 64)
        given = array_of(masses, np.int64, (MASSES,), "masses")
        if distances is not None:
            distances = array_of(distances, np.float64, (x.n,), "distances")
        rows, count = np.empty((self._room(), self.d)), ffi.new("int64_t *")
        status = x.function("centra_stream_draw")(
            x.pointer, x.n, x.d, x.ld, self.k, options, self.total, self._range,
            pointer(given, "int64_t[]"), pointer(c), len(c), ffi.NULL if distances is None else pointer(distances),
            _call.integer(round, "round", 32), _call.integer(first, "first", 63),
            pointer(rows), count, ffi.NULL, 0,
        )  # fmt: skip
        _call.check(status)
        return Drawn(rows[: count[0]].copy(), count[0])

    def extend(self, candidates: NDArray[np.float64], drawn: Drawn) -> NDArray[np.float64]:
        """Append the candidates of a round to those of the rounds before.

        Parameters
        ----------
        candidates : ndarray of shape (count, d)
            The candidates so far.
        drawn : Drawn
            Those of all chunks in this round.

        Returns
        -------
        ndarray
            All of them. If the round has drawn more than there is memory for, which is very improbable, its points are dropped.
        """
        return candidates if drawn.number > self._room() else np.concatenate([candidates, drawn.rows])

    def weigh(
        self, points: ArrayLike, candidates: ArrayLike, *, weights: ArrayLike | None = None, threads: int | None = None
    ) -> NDArray[np.int64]:
        """Weigh the candidates of k-means|| by the points of a chunk that they are nearest to.

        Parameters
        ----------
        points, weights, threads
            As for `range_of`.
        candidates : array_like of shape (count, d)
            The candidates of all rounds.

        Returns
        -------
        ndarray of int64, shape (count,), or longer
            Their weights, in up to three integers each where chunks with weights have more than 2^22 points in all. Those of
            several chunks are joined by `numpy.add`.
        """
        x, c = self._chunk(points), self._candidates(candidates)
        w = _call.weights_of(weights, x.n)
        found = np.zeros(self._weights(len(c)), np.int64)
        status = x.function("centra_stream_weigh")(
            x.pointer, x.n, x.d, x.ld, self.k, _call.options_for(x, threads, w), self.total, self._range,
            pointer(c), len(c), pointer(found, "int64_t[]"), ffi.NULL, 0,
        )  # fmt: skip
        _call.check(status)
        return found

    def choose(
        self, candidates: ArrayLike, weights: NDArray[np.int64], *, seed: int = 0, threads: int | None = None
    ) -> NDArray[np.float64]:
        """Choose the starting centers: greedy k-means++ among the candidates of k-means||.

        Parameters
        ----------
        candidates : array_like of shape (count, d)
            The candidates of all rounds.
        weights : ndarray of int64
            Their joined weights, as `weigh` returns them.
        seed, threads
            As for `centra.kmeans`.

        Returns
        -------
        ndarray of shape (k, d)
            What `centra.seed` returns for all points at once and ``init="k-means||"``.
        """
        c = self._candidates(candidates)
        given = array_of(weights, np.int64, (self._weights(len(c)),), "weights")
        options = _call.options_of(threads)
        options.seed = _call.integer(seed, "seed", 64)
        centers = np.empty((self.k, self.d))
        status = lib.centra_stream_choose(
            self.total, self.d, self.k, options, self._range,
            pointer(c), len(c), pointer(given, "int64_t[]"), pointer(centers), ffi.NULL, 0,
        )  # fmt: skip
        _call.check(status)
        return centers

    @property
    def _range(self) -> Any:
        return pointer(self.range, "int32_t[]")

    def _chunk(self, points: ArrayLike) -> _call.Matrix:
        x = _call.matrix(points)
        if x.d != self.d:
            raise ValueError(f"points: {self.d} dimensions were expected, as the stream's, not {x.d}")
        return x

    def _centers(self, centers: ArrayLike) -> NDArray[np.float64]:
        c = _call.centers_of(centers, self.d)
        if len(c) != self.k:
            raise ValueError(f"centers: k = {self.k} were expected, not {len(c)}")
        return c

    def _candidates(self, candidates: ArrayLike) -> NDArray[np.float64]:
        return _call.centers_of(candidates, self.d, "candidates")

    def _weights(self, count: int) -> int:
        """The number of integers that hold the weights of `count` candidates."""
        length = ffi.new("size_t *")
        _call.check(lib.centra_stream_weights_length(self.total, self.d, self.k, self._range, count, length))
        return length[0]

    def _room(self) -> int:
        """The points that one round may draw."""
        of_round, of_all = ffi.new("size_t *"), ffi.new("size_t *")
        _call.check(lib.centra_stream_candidates(self.k, of_round, of_all))
        return of_round[0]


def _raw(state: State) -> Any:
    """A centra_stream_state of a loop that goes on."""
    raw = ffi.new("centra_stream_state *")
    lib.centra_stream_state_init(raw, ffi.sizeof("centra_stream_state"))
    for name in ("iterations", "moved", "empty_clusters", "shift", "inertia"):
        setattr(raw, name, getattr(state, name))
    return raw


def options_of_steps(max_iter: int, tol: float, empty: Empty) -> Any:
    """A centra_options for `Stream.step`, which is checked before points are read."""
    options = _call.options_of(1)
    _call.set_loop(options, empty, max_iter, tol)
    _call.check(lib.centra_stream_workspace_size(1, 1, 1, 1, options, ffi.new("size_t *")))
    return options


def follow(a: Drawn, b: Drawn) -> Drawn:
    """Join the points that two successive chunks have drawn.

    Parameters
    ----------
    a, b : Drawn
        What the earlier and the later chunk have drawn.

    Returns
    -------
    Drawn
        What both have.
    """
    if not a.number or not b.number:
        return a if a.number else b
    return Drawn(np.concatenate([a.rows, b.rows]), a.number + b.number)
