"""Dask arrays in any chunks, on any scheduler, give the bits of `centra.kmeans`."""

import os
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

pytest.importorskip("dask.array")
pytest.importorskip("sklearn")
import dask
import dask.array as da
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from test_functions import narrow, same

import centra
from centra.dask import KMeans


@pytest.fixture(scope="module")
def cluster():
    """A client of three worker processes."""
    distributed = pytest.importorskip("distributed")
    with (
        dask.config.set({"distributed.worker.daemon": True}),
        distributed.LocalCluster(n_workers=3, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


def equal(model, expected):
    same(model.cluster_centers_, expected.centers)
    assert isinstance(model.labels_, da.Array) and model.labels_.dtype == np.int32
    same(model.labels_.compute(), expected.labels)
    assert model.inertia_ == expected.inertia and model.n_iter_ == expected.report.iterations


CHUNKS = [(1000, 5), (137, 5), ((0, 1, 998, 0, 1), 5), (300, 2), ((999, 1), (4, 1))]


@pytest.mark.parametrize("chunks", CHUNKS)
@pytest.mark.parametrize("weighted", [False, True])
def test_any_chunks_on_threads(data, chunks, weighted):
    points, start = data(1000, 5, 7)
    weights = np.random.default_rng(1).uniform(0, 2, 1000) if weighted else None
    X, chunked = da.from_array(points, chunks=chunks), None if weights is None else da.from_array(weights, chunks=77)
    expected = centra.kmeans(points, 7, init="k-means||", seed=3, weights=weights)
    equal(KMeans(7, random_state=3).fit(X, sample_weight=chunked), expected)
    expected = centra.kmeans(points, 7, init=start, max_iter=2, weights=weights)
    model = KMeans(7, init=start, max_iter=2).fit(X, sample_weight=chunked)
    equal(model, expected)
    assert model.report_.stopped_by == "max_iter" and model.n_features_in_ == 5
    others = points[:50] + 0.5
    for chunked in da.from_array(others, chunks=(20, 3)), da.from_array(others, chunks=((0, 50), 5)):
        same(model.predict(chunked).compute(), centra.assign(others, model.cluster_centers_))


def test_empty_clusters_take_the_farthest_points():
    rng = np.random.default_rng(4)
    points, start = np.round(rng.standard_normal((1000, 2)), 1), np.round(rng.standard_normal((20, 2)), 1)
    start[1::2] += 50.0
    expected = centra.kmeans(points, 20, init=start)
    assert expected.inertia != centra.kmeans(points, 20, init=start, empty="keep").inertia
    for chunks in (1000, 2), (137, 2), ((0, 1, 998, 0, 1), 2):
        equal(KMeans(20, init=start).fit(da.from_array(points, chunks=chunks)), expected)


def test_processes(data):
    points, _ = data(400, 3, 4)
    expected = centra.kmeans(points, 4, init="k-means||")
    with (
        ProcessPoolExecutor(2, get_context("spawn")) as pool,
        dask.config.set(scheduler="processes", pool=pool),
    ):
        equal(KMeans(4).fit(da.from_array(points, chunks=150)), expected)
        points[160, 1] = np.nan
        with pytest.raises(ValueError, match="chunk 1: points: NaN at row 10, dimension 1"):
            KMeans(4).fit(da.from_array(points, chunks=(150, 3)))


def test_distributed(data, cluster):
    points, start = data(3000, 4, 9)
    weights = np.random.default_rng(1).integers(0, 3, 3000)
    expected = centra.kmeans(points, 9, init="k-means||", seed=8, weights=weights, max_iter=3)
    pids = set(cluster.run(os.getpid).values())
    assert len(pids) == 3 and os.getpid() not in pids
    with cluster.as_current():
        for chunks in 500, 211:
            X = da.from_array(points, chunks=(chunks, 4)).persist()
            model = KMeans(9, random_state=8, max_iter=3).fit(X, sample_weight=da.from_array(weights, chunks=1000))
            equal(model, expected)
        equal(KMeans(9, init=start, max_iter=3).fit(X), centra.kmeans(points, 9, init=start, max_iter=3))
        again = pickle.loads(pickle.dumps(model))
        same(again.labels_.compute(), expected.labels)

        points[2222, 3] = np.nan
        with pytest.raises(ValueError, match="chunk 4: points: NaN at row 222, dimension 3"):
            KMeans(9).fit(da.from_array(points, chunks=(500, 4)))


def test_lengths_need_not_be_known(data):
    points, _ = data(500, 3, 4)
    X = da.from_array(points, chunks=(90, 3))
    known = (points[:, 0] > np.median(points[:, 0])).nonzero()[0]
    X = X[X[:, 0] > np.median(points[:, 0])]
    assert np.isnan(X.shape[0])
    weights = da.ones(len(known), chunks=13)
    for chunked in None, weights:
        model = KMeans(4).fit(X, sample_weight=chunked)
        equal(model, centra.kmeans(points[known], 4, init="k-means||"))
    assert np.isnan(X.shape[0])


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
def test_partitions_are_not_copied(data, dtype, monkeypatch):
    """What the library is given is the partition as Dask hands it over, in its own type."""
    from centra import _call

    points = narrow(data(1000, 5, 7)[0], dtype)
    X, seen = da.from_array(points, chunks=(300, 5)), []
    real = _call.matrix

    def spied(x):
        seen.append((x, real(x)))
        return seen[-1][1]

    monkeypatch.setattr(_call, "matrix", spied)
    model = KMeans(7, max_iter=3).fit(X)
    model.labels_.compute(), model.transform(X).compute(), model.score(X)
    assert len(seen) > 4 * 15
    for given, x in seen:
        assert x.array is given and given.dtype == dtype and len(given) in (300, 100)


@pytest.mark.parametrize("init", ["k-means||", "k-means++"])
def test_bytes_are_the_same_numbers_as_doubles(data, init):
    points = narrow(data(1000, 5, 7)[0], np.uint8)
    expected = centra.kmeans(points.astype(float), 7, init=init, seed=3)
    for chunks in (1000, 5), (137, 5), (300, 2):
        X = da.from_array(points, chunks=chunks)
        model = KMeans(7, init=init, random_state=3).fit(X)
        equal(model, expected)
        same(model.transform(X).compute(), centra.transform(points.astype(float), expected.centers))
        assert model.score(X) == model.score(points) == -expected.inertia


def test_integers_are_converted(data):
    points = (10 * data(200, 3, 4)[0]).astype(np.int16)
    equal(KMeans(4).fit(da.from_array(points, chunks=60)), centra.kmeans(points, 4, init="k-means||"))


def test_single_precision_belongs_together(data):
    """Centers are rounded, and labels and inertia are those of the rounded ones."""
    points = data(20_000, 2, 50)[0].astype(np.float32)
    found = centra.kmeans(points, 50, init="k-means||", max_iter=3)
    rounded = found.centers.astype(np.float32)
    labels = centra.assign(points, rounded)
    assert centra.inertia(points, rounded, labels) != found.inertia
    for chunks in 20_000, 777:
        X = da.from_array(points, chunks=(chunks, 2))
        model = KMeans(50, max_iter=3).fit(X)
        same(found.centers, centra.kmeans(points.astype(float), 50, init="k-means||", max_iter=3).centers)
        same(model.cluster_centers_, rounded)
        same(model.labels_.compute(), labels)
        assert model.inertia_ == centra.inertia(points, rounded, labels) == -model.score(X) == -model.score(points)
        assert model.n_iter_ == 3 and model.report_.stopped_by == "max_iter"
        assert model.transform(X).dtype == model.transform(points).dtype == np.float32


@pytest.mark.parametrize("weighted", [False, True])
def test_plus_plus(data, weighted):
    """Greedy k-means++ is that of the function, where the points fit one memory."""
    points, _ = data(1000, 5, 7)
    weights = np.random.default_rng(1).uniform(0, 2, 1000) if weighted else None
    chunked = None if weights is None else da.from_array(weights, chunks=300)
    for chunks in (1000, 5), (137, 3):
        model = KMeans(7, init="k-means++", random_state=3).fit(da.from_array(points, chunks=chunks), sample_weight=chunked)
        equal(model, centra.kmeans(points, 7, seed=3, weights=weights))
    with pytest.raises(ValueError, match=r"'k-means\+\+' is a pass over the points for each center.* 'k-means\|\|'"):
        KMeans(7, init="k-means++").fit(da.zeros((1 << 22, 5), chunks=(1 << 16, 5)))


def test_random_states(data):
    points, _ = data(300, 2, 8)
    X = da.from_array(points, chunks=100)
    for kind in np.random.default_rng, np.random.RandomState:
        one, other = kind(5), kind(5)
        fits = [KMeans(8, random_state=state, max_iter=0).fit(X).cluster_centers_ for state in (one, one, other)]
        assert fits[0].tobytes() == fits[2].tobytes() != fits[1].tobytes()
    drawn = {KMeans(8, random_state=None, max_iter=0).fit(X).cluster_centers_.tobytes() for _ in range(5)}
    assert len(drawn) > 1


def test_transform_and_score(data):
    points, _ = data(300, 3, 4)
    X = da.from_array(points, chunks=(70, 2))
    model = KMeans(4).fit(X)
    expected = np.linalg.norm(points[:, None] - model.cluster_centers_, axis=2)
    distances = model.transform(X)
    assert isinstance(distances, da.Array) and distances.shape == (300, 4) and distances.dtype == np.float64
    np.testing.assert_allclose(distances.compute(), expected, rtol=1e-12)
    same(model.transform(points), distances.compute())
    same(model.fit_transform(X).compute(), distances.compute())
    assert list(model.get_feature_names_out()) == ["kmeans0", "kmeans1", "kmeans2", "kmeans3"]

    weights = np.random.default_rng(1).uniform(0, 2, 300)
    assert model.score(X) == model.score(points) == -model.inertia_
    for chunks in 300, 41:
        chunked = da.from_array(weights, chunks=chunks)
        assert model.score(X, sample_weight=chunked) == model.score(points, sample_weight=weights)
    # Fewer points than clusters.
    assert (
        model.score(X[:2]) == model.score(points[:2]) == -centra.assign(points[:2], model.cluster_centers_, sqdist=True)[1].sum()
    )


def test_predict_of_numpy_arrays(data):
    points, _ = data(300, 3, 4)
    model = KMeans(4).fit(da.from_array(points, chunks=70))
    for x in points, points.tolist(), points[:1]:
        labels = model.predict(x)
        assert isinstance(labels, np.ndarray)
        same(labels, model.labels_.compute()[: len(x)])


def test_it_is_an_estimator(data, capsys):
    points, _ = data(200, 3, 4)
    X = da.from_array(points, chunks=60)
    model = KMeans(4, max_iter=3, verbose=1)
    assert clone(model).get_params() == model.get_params()
    assert (model.fit_predict(X) == model.labels_).all().compute()
    assert " passes" in capsys.readouterr().err
    with pytest.raises(NotFittedError):
        KMeans().predict(X)


X = da.from_array(np.arange(12.0).reshape(6, 2), chunks=(4, 2))


@pytest.mark.parametrize(
    "call, kind, message",
    [
        (lambda: KMeans(2).fit(np.zeros((6, 2))), TypeError, "X: a Dask array was expected"),
        (lambda: KMeans(2).fit(X[0]), ValueError, "X: a two-dimensional array was expected, not one of 1"),
        (lambda: KMeans(7).fit(X), ValueError, "k = 7 is more than total = 6"),
        (lambda: KMeans(2, init="random").fit(X), ValueError, r"init: 'k-means\|\|', 'k-means\+\+' or centers were expected"),
        (lambda: KMeans(2, empty="drop").fit(X), ValueError, "empty: one of 'relocate', 'keep', 'error'"),
        (lambda: KMeans(2, random_state="0").fit(X), TypeError, "seed: an integer was expected, not '0'"),
        (
            lambda: KMeans(2, init=[[0, 0], [1e9, 0]], empty="error").fit(X),
            ValueError,
            "cluster 1 has no point of positive weight",
        ),
        (lambda: KMeans(2).fit(X + np.inf), ValueError, "chunk [01]: points: infinity at row 0, dimension 0"),
        (lambda: KMeans(2).fit(X, sample_weight=da.ones(5)), ValueError, r"sample_weight: shape \(6,\) was expected"),
        (lambda: KMeans(2).fit(X, sample_weight=-da.ones(6)), ValueError, "chunk [01]: weights"),
    ],
)
def test_refusals(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
