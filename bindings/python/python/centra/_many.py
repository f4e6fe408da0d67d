"""Many fits in one call."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import _call
from ._functions import _INIT, Clustering, Empty, report_of
from ._native import ffi, lib
from ._progress import Watch

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._types import Init, Seed

# About so many products are computed before the next look at whether the fits are still wanted.
_PIECE = 1 << 30


class GroupedClustering(NamedTuple):
    """What `kmeans_many` returns with `groups`."""

    groups: NDArray[Any]
    """The distinct groups, ascending."""
    clusterings: list[Clustering]
    """The clustering of each of them. Its labels are those of the rows of the group, in their order."""
    labels: NDArray[np.int32]
    """The label of each row, shape (n,), among the centers of its group."""

    def __repr__(self) -> str:
        return f"GroupedClustering({len(self.groups)} groups, n={len(self.labels)})"


def _struct(name: str) -> np.dtype[Any]:
    """A struct of the library as a type of NumPy."""
    kinds = {"size_t": np.uintp, "uint64_t": np.uint64, "int64_t": np.int64, "int32_t": np.int32, "double": np.float64}
    fields = ffi.typeof(name).fields
    return np.dtype(
        {
            "names": [member for member, _ in fields],
            "formats": [kinds.get(field.type.cname, np.uintp) for _, field in fields],
            "offsets": [field.offset for _, field in fields],
            "itemsize": ffi.sizeof(name),
        }
    )


_PROBLEM = _struct("centra_problem")
_REPORT = _struct("centra_report")


def kmeans_many(
    points: ArrayLike | Sequence[ArrayLike],
    k: int | Sequence[int],
    *,
    groups: ArrayLike | None = None,
    init: Init | Sequence[ArrayLike] = "k-means++",
    weights: ArrayLike | Sequence[ArrayLike] | None = None,
    n_init: int = 1,
    max_iter: int = 300,
    tol: float = 0.0,
    seed: Seed | Sequence[int] = 0,
    empty: Empty = "relocate",
    threads: int | None = None,
) -> list[Clustering] | GroupedClustering:
    """Cluster many sets of points at once: tiles, codebooks of a product quantization, the groups of a data frame.

    Each result is that of `kmeans` of its points alone, bit for bit. One team of threads does all fits, of which each is done by
    one thread where there are at least as many as threads.

    Parameters
    ----------
    points : array_like of shape (count, n, d), or sequence of array_like of shape (n, d)
        The sets of points, which may have different sizes in a sequence; with `groups` an array_like of shape (n, d). Slices of a
        larger array are read where they lie if they are arrays of float64.
    k : int or sequence of int
        Number of centers, of all sets or of each.
    groups : array_like of shape (n,), optional
        A group for each row of `points`; the rows of each group are a set.
    init : {'k-means++', 'random', 'k-means||'} or sequence of array_like of shape (k, d), default 'k-means++'
        As for `kmeans`; given centers are those of each set.
    weights : sequence of array_like of shape (n,), optional
        The weights of each set; with `groups`, a weight for each row.
    seed : int, numpy.random.Generator, numpy.random.RandomState or None, or sequence of int, default 0
        As for `kmeans`: one seed for all sets, or one for each.
    n_init, max_iter, tol, empty, threads
        As for `kmeans`.

    Returns
    -------
    list of Clustering
        One for each set; with `groups` a `GroupedClustering` instead.

    Raises
    ------
    ValueError
        For arguments that do not fit, or NaN and infinities; the text names the set, and the place in it.
    KeyboardInterrupt
        As for `kmeans`.

    Examples
    --------
    >>> import centra
    >>> tiles = [[[0, 0], [0, 1], [9, 9]], [[5, 5], [1, 1], [1, 2], [5, 6]]]
    >>> [fit.labels.tolist() for fit in centra.kmeans_many(tiles, 2, seed=1)]
    [[1, 1, 0], [1, 0, 0, 1]]
    >>> fits = centra.kmeans_many([[1.0], [7.0], [2.0], [8.0]], 1, groups=["a", "b", "a", "b"])
    >>> [(str(group), fit.centers.item()) for group, fit in zip(fits.groups, fits.clusterings)]
    [('a', 1.5), ('b', 7.5)]
    """
    if groups is None:
        sets = [_call.numbers(x, f"points[{i}]") for i, x in enumerate(_sequence(points, "points"))]
        names = [f"problem {i}" for i in range(len(sets))]
        rows: list[np.ndarray] = []
        of_each = _each(weights, len(sets), "weights")
    else:
        x = _call.numbers(points, "points")
        keys, rows = _rows_of(groups, len(x))
        names = [f"group {key!r}" for key in keys.tolist()]
        sets = [x[some] for some in rows]
        all_weights = _call.weights_of(weights, len(x))
        of_each = [None if all_weights is None else all_weights[some] for some in rows]
    problems = _Problems(sets, _each(k, len(sets), "k"), of_each, init, names)
    if isinstance(seed, (Sequence, np.ndarray)):
        problems.all["seed"] = [_call.seed_of(one) for one in _each(seed, len(sets), "seed")]
    else:
        problems.all["seed"] = _call.seed_of(seed)
    options = _call.options_of(threads)
    options.layout = problems.layout
    _call.set_loop(options, empty, max_iter, tol, n_init)
    options.init = problems.init
    fits = problems.fit(options)
    if groups is None:
        return fits
    labels = np.empty(len(x), np.int32)
    for some, fit in zip(rows, fits):
        labels[some] = fit.labels
    return GroupedClustering(keys, fits, labels)


def _sequence(x: Any, name: str) -> Sequence[Any]:
    if isinstance(x, (str, bytes, dict)) or not hasattr(x, "__len__"):
        raise TypeError(f"{name}: a sequence of arrays was expected, not {type(x).__name__}")
    return x


def _each(x: Any, count: int, name: str) -> list[Any]:
    """One for each set: the elements of a sequence, or the same for all."""
    if x is None or isinstance(x, (int, np.integer)):
        return [x] * count
    x = list(_sequence(x, name))
    if len(x) != count:
        raise ValueError(f"{name}: one for each of {count} sets was expected, not {len(x)}")
    return x


def _rows_of(groups: Any, n: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """The distinct groups, and the rows of each in ascending order."""
    groups = _call.array(groups, "groups")
    if groups.shape != (n,):
        raise ValueError(f"groups: shape ({n},) was expected, to fit the points, not {groups.shape}")
    keys, of_row, counts = np.unique(groups, return_inverse=True, return_counts=True)
    return keys, np.split(np.argsort(of_row, kind="stable"), np.cumsum(counts)[:-1]) if n else []


class _Problems:
    """The problems as the library reads them, and the arrays that they point to."""

    def __init__(self, sets: list[np.ndarray], ks: list[Any], weights: list[Any], init: Any, names: list[str]) -> None:
        count = len(sets)
        self.names = names
        self.memory = ffi.new("centra_problem[]", count)
        self.reports = ffi.new("centra_report[]", count)
        # The same memory as columns of numbers.
        self.all = np.frombuffer(ffi.buffer(self.memory), _PROBLEM)
        self.of_reports = np.frombuffer(ffi.buffer(self.reports), _REPORT)
        self.layout = lib.CENTRA_ROWS
        self.sets = [self._rows(x, i) for i, x in enumerate(sets)]
        shapes = np.array([x.shape for x in self.sets], np.uintp).reshape(count, 2)
        self.all["struct_size"] = ffi.sizeof("centra_problem")
        self.all["points"] = [_address(x) for x in self.sets]
        self.all["n"], self.all["d"] = shapes.T
        self.all["ld"] = [x.strides[0] // 8 if len(x) > 1 else x.shape[1] for x in self.sets]
        self.all["k"] = [_call.integer(k, "k", 63) for k in ks]
        self.weights = [None if w is None else _call.weights_of(w, len(x)) for w, x in zip(weights, self.sets)]
        self.all["weights"] = [0 if w is None else _address(w) for w in self.weights]
        # The library checks k before it writes; a k larger than n must not take memory here.
        most = np.minimum(self.all["k"], self.all["n"])
        self.centers = [np.empty((k, d)) for k, d in zip(most.tolist(), shapes[:, 1].tolist())]
        if isinstance(init, str):
            self.init = _call.choice(init, "init", _INIT)
        else:
            self.init = lib.CENTRA_INIT_GIVEN
            given = [_call.centers_of(c, x.shape[1], "init") for c, x in zip(_each(init, count, "init"), self.sets)]
            for i, c in enumerate(given):
                if len(c) != ks[i]:
                    raise ValueError(f"init: {names[i]}: k = {ks[i]} centers were expected, not {len(c)}")
            self.centers = [c.copy() for c in given]
        self.labels = [np.empty(len(x), np.int32) for x in self.sets]
        self.all["centers"] = [_address(c) for c in self.centers]
        self.all["labels"] = [_address(labels) for labels in self.labels]
        self.all["report"] = int(ffi.cast("uintptr_t", self.reports)) + ffi.sizeof("centra_report") * np.arange(count)
        self.of_reports["struct_size"] = ffi.sizeof("centra_report")

    def _rows(self, x: np.ndarray, i: int) -> np.ndarray:
        """A set of points as rows, where they lie if they are that already."""
        if x.ndim != 2:
            raise ValueError(f"points: {self.names[i]}: a two-dimensional array was expected, not one of {x.ndim}")
        matrix = _call.matrix(x)
        return matrix.array if matrix.layout == lib.CENTRA_ROWS else np.array(x, order="C")

    def fit(self, options: Any) -> list[Clustering]:
        work = self.all["n"].astype(float) * self.all["d"] * self.all["k"] * 10 * options.n_init
        # Pieces of about the same work, between which Ctrl-C is noticed.
        ends = np.flatnonzero(np.diff(np.floor(np.cumsum(work) / _PIECE))) + 1
        pieces = list(zip([0, *ends.tolist()], [*ends.tolist(), len(work)]))
        wanted = [True]

        def call() -> None:
            for start, end in pieces:
                if wanted:
                    status = lib.centra_fit_many(self.memory + start, end - start, options, ffi.NULL, 0)
                    self._check(status, start, end)

        with Watch() as watch:
            try:
                watch.run(call, int(work.sum()))
            except BaseException:
                wanted.clear()
                raise
        return [
            Clustering(centers, labels, report.inertia, report_of(report))
            for centers, labels, report in zip(self.centers, self.labels, self.reports)
        ]

    def _check(self, status: int, start: int, end: int) -> None:
        """Raises an exception for a refusal, which names the set."""
        if status >= 0:
            return
        try:
            _call.refuse(status)
        except Exception as error:
            here = re.match(r"problem (\d+): ", str(error))
            if here is None:
                raise
            name = self.names[start + int(here[1])]
            raise type(error)(f"{name}: {str(error)[here.end() :]}") from None


def _address(array: np.ndarray) -> int:
    return int(array.__array_interface__["data"][0])
