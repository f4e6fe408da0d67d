"""Refused arguments: the kind of the exception and its message."""

import numpy as np
import pytest

import centra

POINTS = np.arange(12.0).reshape(6, 2)
CENTERS = POINTS[:2]
LABELS = np.array([0, 0, 1, 1, 0, 1])


def broken(value, p=3, i=1):
    points = POINTS.copy()
    points[p, i] = value
    return points


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: centra.kmeans(broken(np.nan), 2), "points: NaN at row 3, dimension 1"),
        (lambda: centra.kmeans(np.asfortranarray(broken(-np.inf)), 2), "points: .*infinity at row 3, dimension 1"),
        (lambda: centra.kmeans(broken(1e300), 2), "points"),
        (lambda: centra.kmeans(POINTS, 7), "k"),
        (lambda: centra.kmeans(POINTS, 0), "k"),
        (lambda: centra.kmeans(POINTS, -1), "k: a number from 0 to"),
        (lambda: centra.kmeans(POINTS, 10**15), "k"),
        (lambda: centra.kmeans(np.zeros((0, 2)), 1), "n"),
        (lambda: centra.kmeans(np.zeros((5, 0)), 1), "d"),
        (lambda: centra.kmeans(POINTS[0], 1), r"points: a two-dimensional array was expected, not one of 1; .*reshape"),
        (lambda: centra.kmeans(POINTS[None], 1), "points: a two-dimensional array was expected, not one of 3"),
        (lambda: centra.kmeans(POINTS * 1j, 1), "points: an array of real numbers was expected, not of complex"),
        (lambda: centra.kmeans([["a", "b"]], 1), "points: an array of real numbers was expected"),
        (
            lambda: centra.kmeans(POINTS, 2, init="kmeans"),
            "init: one of 'k-means\\+\\+', 'random', 'k-means\\|\\|' was expected, not 'kmeans'",
        ),
        (lambda: centra.kmeans(POINTS, 3, init=CENTERS), "init: k = 3 centers were expected, not 2"),
        (lambda: centra.kmeans(POINTS, 2, init=CENTERS[:, :1]), r"init: shape \(k, 2\) was expected"),
        (lambda: centra.kmeans(POINTS, 2, init=CENTERS * np.nan), "centers: NaN at row 0, dimension 0"),
        (lambda: centra.kmeans(POINTS, 2, weights=np.ones(5)), r"weights: shape \(6,\) was expected"),
        (lambda: centra.kmeans(POINTS, 2, weights=-np.ones(6)), "weights"),
        (lambda: centra.kmeans(POINTS, 2, weights=np.zeros(6)), "weights"),
        (lambda: centra.kmeans(POINTS, 2, n_init=0), "n_init"),
        (lambda: centra.kmeans(POINTS, 2, n_init=2**31), "n_init"),
        (lambda: centra.kmeans(POINTS, 2, tol=-1.0), "tol"),
        (lambda: centra.kmeans(POINTS, 2, tol=np.nan), "tol"),
        (lambda: centra.kmeans(POINTS, 2, max_iter=-1), "max_iter"),
        (lambda: centra.kmeans(POINTS, 2, seed=-1), "seed"),
        (lambda: centra.kmeans(POINTS, 2, seed=2**64), "seed"),
        (lambda: centra.kmeans(POINTS, 2, threads=-1), "threads"),
        (lambda: centra.kmeans(POINTS, 2, empty="drop"), "empty: one of 'relocate', 'keep', 'error'"),
        (lambda: centra.kmeans(POINTS, 2, init=CENTERS + [[0, 0], [1e9, 0]], empty="error"), "cluster 1 has no point"),
        (lambda: centra.assign(POINTS, CENTERS[:0]), "k"),
        (lambda: centra.assign(POINTS[:1], CENTERS * np.nan), "centers: NaN at row 0, dimension 0"),
        (lambda: centra.assign(POINTS[:0], CENTERS + [[0, 0], [0, np.inf]]), "centers: infinity at row 1, dimension 1"),
        (lambda: centra.assign(broken(np.nan), CENTERS), "points: NaN at row 3, dimension 1"),
        (lambda: centra.assign(broken(np.nan)[3:4], CENTERS), "points: NaN at row 0, dimension 1"),
        (lambda: centra.update(POINTS, LABELS + 1, CENTERS), "labels"),
        (lambda: centra.update(POINTS, LABELS - 2**32, CENTERS), "labels"),
        (lambda: centra.update(POINTS, LABELS.astype(float), CENTERS), "labels: integers were expected, not float64"),
        (lambda: centra.update(POINTS, LABELS[:3], CENTERS), r"labels: shape \(6,\) was expected"),
        (lambda: centra.seed(POINTS, 7), "k"),
        (lambda: centra.seed(POINTS, 2, init="given"), "init"),
        (lambda: centra.inertia(POINTS, CENTERS, LABELS - 1), "labels"),
        (lambda: centra.inertia(POINTS[:1], CENTERS, [2]), "labels"),
        (lambda: centra.inertia(POINTS[:1], CENTERS + [[0, 0], [np.nan, 0]], [0]), "centers: NaN at row 1, dimension 0"),
        (lambda: centra.inertia(POINTS[:0], CENTERS * np.nan, []), "centers: NaN at row 0, dimension 0"),
        (lambda: centra.inertia(POINTS[:1], CENTERS, [-1]), "labels"),
    ],
)
def test_value_errors_say_what_and_where(call, message):
    with pytest.raises(ValueError, match=message):
        call()


MASKED = np.ma.masked_greater(POINTS, 9)


@pytest.mark.parametrize(
    "call, name",
    [
        (lambda: centra.kmeans(MASKED, 2), "points"),
        (lambda: centra.kmeans(POINTS, 2, init=MASKED[:2]), "init"),
        (lambda: centra.kmeans(POINTS, 2, weights=MASKED[:, 0]), "weights"),
        (lambda: centra.assign(POINTS, MASKED), "centers"),
        (lambda: centra.inertia(POINTS, CENTERS, np.ma.masked_array(LABELS, LABELS > 0)), "labels"),
        (lambda: centra.stream.fit([POINTS, MASKED], 2), "chunk 1: points"),
    ],
)
def test_masked_arrays(call, name):
    """NumPy would convert them with the numbers below the mask."""
    with pytest.raises(ValueError, match=f"^{name}: a masked array was given"):
        call()


@pytest.mark.parametrize("kind", ["csr_matrix", "csr_array", "coo_array", "csc_matrix"])
def test_sparse_arrays_that_are_not_points(kind):
    sparse = pytest.importorskip("scipy.sparse")
    rows = getattr(sparse, kind)(POINTS)
    for call, name in [
        (lambda: centra.assign(POINTS, rows), "centers"),
        (lambda: centra.kmeans(POINTS, 2, init=rows[:2] if hasattr(rows, "indptr") else rows), "init"),
        (lambda: centra.kmeans(POINTS, 2, weights=rows), "weights"),
    ]:
        with pytest.raises(ValueError, match=rf"{name}: a sparse array was given, .* x\.toarray\(\)"):
            call()


def test_missing_values_of_pandas():
    pandas = pytest.importorskip("pandas")
    whole = pandas.array([1, 2, None, 4, 5, 6], "Int64")
    mixed = pandas.DataFrame({"a": POINTS[:, 0], "b": whole})
    with pytest.raises(ValueError, match="points: <NA> at row 2, dimension 1 is not a number"):
        centra.kmeans(mixed, 2)
    with pytest.raises(ValueError, match="points: NaN at row 2, dimension 0"):
        centra.kmeans(pandas.DataFrame({"a": whole.astype("Float64")}), 2)
    for weights in whole, pandas.Series([1, 2, pandas.NA, 4, 5, 6], dtype=object):
        with pytest.raises(ValueError, match=r"weights: (NaN at index 2|<NA> at index 2 is not a number)"):
            centra.kmeans(POINTS, 2, weights=weights)


def test_objects_that_are_no_numbers():
    with pytest.raises(ValueError, match=r"points: \{\} at row 1, dimension 0 is not a number"):
        centra.kmeans(np.array([[1.0], [{}]], object), 1)
    with pytest.raises(ValueError, match="points: 'one' at row 0, dimension 1 is not a number"):
        centra.kmeans(np.array([[1.0, "one"]], object), 1)


@pytest.mark.parametrize("name", ["k", "n_init", "max_iter", "seed", "threads"])
@pytest.mark.parametrize("value", [1.0, "1", True])
def test_integers_are_integers(name, value):
    arguments = {"k": 2, name: value}
    with pytest.raises(TypeError, match=f"{name}: an integer was expected, not {value!r}"):
        centra.kmeans(POINTS, **arguments)


def test_numpy_integers_are_integers():
    found = centra.kmeans(POINTS, np.int64(2), n_init=np.int8(1), seed=np.uint64(2**64 - 1), max_iter=np.int32(5))
    assert found.centers.shape == (2, 2)


def test_unknown_names():
    with pytest.raises(AttributeError, match="no attribute 'kmean'"):
        centra.kmean  # noqa: B018
    assert {name for name in dir(centra) if not name.startswith("__")} == set(centra.__all__)
