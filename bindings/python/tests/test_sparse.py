"""Sparse points: every function gives the bits that it gives for the same points in a dense array, and makes none."""

import subprocess
import sys

import numpy as np
import pytest
from reference import together

import centra

sparse = pytest.importorskip("scipy.sparse")
pytest.importorskip("sklearn")
KMeans = centra.KMeans


def points(n, d, share, dtype=np.float64, seed=0):
    """Rows of which a few coordinates are not zero; some rows are empty, and some come twice."""
    rng = np.random.default_rng(seed)
    x = rng.integers(1, 200, (n, d)) / (1 if dtype == np.uint8 else 7)
    x[rng.random((n, d)) > share] = 0
    x[rng.integers(n, size=n // 8)] = 0
    x[rng.integers(n, size=n // 8)] = x[rng.integers(n, size=n // 8)]
    return x.astype(dtype)


def as_rows(x, index=np.int32):
    rows = sparse.csr_array(x)
    rows.indices, rows.indptr = rows.indices.astype(index), rows.indptr.astype(index)
    return rows


def same(a, b):
    assert np.shape(a) == np.shape(b)
    assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
@pytest.mark.parametrize(("n", "d", "k"), [(300, 1, 3), (400, 9, 5), (300, 70, 8), (200, 1200, 20)])
def test_functions_give_the_bits_of_dense_arrays(n, d, k, dtype, index):
    x = points(n, d, 0.1, dtype)
    rows, weights = as_rows(x, index), np.random.default_rng(1).integers(4, size=n) / 3
    for given in None, weights:
        for init in "k-means++", "random", "k-means||":
            a = centra.kmeans(rows, k, init=init, weights=given, n_init=2, seed=5)
            b = centra.kmeans(x, k, init=init, weights=given, n_init=2, seed=5)
            same(a.centers, b.centers)
            same(a.labels, b.labels)
            assert (a.inertia, a.report.iterations) == (b.inertia, b.report.iterations)
        same(centra.seed(rows, k, weights=given, seed=9), centra.seed(x, k, weights=given, seed=9))
        for one, other in together(
            centra.update(rows, b.labels, b.centers, weights=given, counts=True),
            centra.update(x, b.labels, b.centers, weights=given, counts=True),
        ):
            same(one, other)
        assert centra.inertia(rows, b.centers, b.labels, weights=given) == centra.inertia(x, b.centers, b.labels, weights=given)
        for one, other in together(
            centra.clusters(rows, b.centers, b.labels, weights=given), centra.clusters(x, b.centers, b.labels, weights=given)
        ):
            same(one, other)
    for one, other in together(centra.assign(rows, b.centers, sqdist=True), centra.assign(x, b.centers, sqdist=True)):
        same(one, other)
    same(centra.distances(rows, b.centers), centra.distances(x, b.centers))
    same(centra.transform(rows[:0], b.centers), centra.transform(x[:0], b.centers))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("n", "d"), [(300, 30), (500, 700)])
def test_the_estimator_gives_the_bits_of_dense_arrays(n, d, dtype):
    x = points(n, d, 0.1, dtype)
    rows = sparse.csr_matrix(x)
    a, b = KMeans(7, random_state=3).fit(rows), KMeans(7, random_state=3).fit(x)
    for name in "cluster_centers_", "labels_", "inertia_", "n_iter_", "cluster_sizes_", "cluster_inertias_":
        same(getattr(a, name), getattr(b, name))
    assert a.cluster_centers_.dtype == dtype
    same(a.predict(rows), b.predict(x))
    same(a.transform(rows), b.transform(x))
    assert a.score(rows) == b.score(x)


@pytest.mark.parametrize("kind", ["csc_array", "coo_array", "lil_matrix", "dok_array"])
def test_other_formats_are_converted(kind):
    x = points(80, 20, 0.2)
    same(centra.kmeans(getattr(sparse, kind)(x), 3).centers, centra.kmeans(x, 3).centers)


def test_rows_out_of_order_and_repeats_are_put_in_order_elsewhere():
    data, columns, starts = np.array([1.0, 2.0, 3.0, 4.0]), np.array([2, 0, 1, 1]), np.array([0, 2, 4, 4])
    rows = sparse.csr_array((data, columns, starts), shape=(3, 3))
    wanted = [[2, 0, 1], [0, 7, 0], [0, 0, 0]]
    same(centra.distances(rows, np.eye(3)), centra.distances(wanted, np.eye(3)))
    for array, before in [(rows.data, [1, 2, 3, 4]), (rows.indices, [2, 0, 1, 1]), (rows.indptr, [0, 2, 4, 4])]:
        assert array.tolist() == before
    integers = sparse.csr_array(np.array([[1, 0], [0, 5], [2, 0]]))
    same(centra.kmeans(integers, 2).centers, centra.kmeans(integers.toarray(), 2).centers)


def test_what_is_not_finite_is_named_by_its_row():
    x = points(50, 12, 0.4)
    x[17, 5] = np.nan
    rows = as_rows(x)
    for call in [
        lambda: centra.kmeans(rows, 2),
        lambda: centra.assign(rows, x[:2] * 0),
        lambda: KMeans(2).fit(rows),
    ]:
        with pytest.raises(ValueError, match="NaN at row 17, dimension 5"):
            call()
    with pytest.raises(ValueError, match="centers"):
        centra.assign(rows, np.zeros((2, 11)))
    with pytest.raises(ValueError, match="two-dimensional"):
        centra.kmeans(sparse.coo_array(np.ones(4)), 2)


MEMORY = """
import resource, sys
import numpy as np, scipy.sparse as sparse
from centra import KMeans
rng = np.random.default_rng(0)
n, d, stored, k = 20_000, 50_000, 20, 5
columns = np.sort(rng.integers(d // stored, size=(n, stored)) + np.arange(stored) * (d // stored), axis=1)
rows = sparse.csr_array((rng.random(n * stored), columns.ravel(), np.arange(n + 1) * stored), shape=(n, d))
KMeans(2, max_iter=1).fit(rows[:100, :100])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
KMeans(k, max_iter=2, random_state=0, threads=1).fit(rows)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the unit of ru_maxrss is another")
def test_memory_is_that_of_the_rows_and_the_centers():
    """As doubles the points would take 8000 MB; they take 6, and the centers 2."""
    run = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    assert int(run.stdout) < 120, run.stdout
