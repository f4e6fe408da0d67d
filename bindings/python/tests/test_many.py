"""Many fits in one call: each is its own `kmeans`."""

from __future__ import annotations

import numpy as np
import pytest
from reference import together

import centra


def same(found: centra.Clustering, wanted: centra.Clustering) -> None:
    assert np.array_equal(found.centers, wanted.centers)
    assert np.array_equal(found.labels, wanted.labels)
    assert found.labels.dtype == wanted.labels.dtype
    assert found.inertia == wanted.inertia
    assert (found.report.iterations, found.report.stopped_by) == (wanted.report.iterations, wanted.report.stopped_by)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


@pytest.mark.parametrize("threads", [1, 2, 0])
@pytest.mark.parametrize("init", ["k-means++", "random", "k-means||"])
def test_each_is_its_own_fit(rng: np.random.Generator, threads: int, init: centra._types.Init) -> None:
    sets = [rng.random((int(n), int(d))) for n, d in together(rng.integers(9, 200, 60), rng.integers(1, 20, 60))]
    sets[3] = np.asfortranarray(sets[3])
    sets[4] = np.repeat(sets[4], 3, axis=0)[::3]
    sets[5] = sets[5].astype(np.float32)
    sets[6] = (sets[6] * 9).astype(np.uint8)
    ks = [1 + i % 9 for i in range(60)]
    seeds = list(range(60))
    weights = [rng.random(len(x)) for x in sets]
    fits = centra.kmeans_many(sets, ks, weights=weights, seed=seeds, init=init, n_init=2, threads=threads)
    for i, fit in enumerate(fits):
        same(fit, centra.kmeans(sets[i], ks[i], weights=weights[i], seed=seeds[i], init=init, n_init=2))


def test_an_array_of_three_dimensions(rng: np.random.Generator) -> None:
    points = rng.random((50, 40, 3))
    for x in (points, points[::2], points[:, ::2], points[:, :, 1:], points.astype(np.float32), points.transpose(0, 2, 1)):
        for fit, one in together(centra.kmeans_many(x, 2, seed=3), x):
            same(fit, centra.kmeans(one, 2, seed=3))
    given = points[:, :4]
    for fit, one, start in together(centra.kmeans_many(points, 4, init=given), points, given):
        same(fit, centra.kmeans(one, 4, init=start))


def test_columns_of_one_matrix(rng: np.random.Generator) -> None:
    """The codebooks of a product quantization: parts of the rows, which are not copied."""
    points = rng.random((500, 32))
    parts = [points[:, i : i + 8] for i in range(0, 32, 8)]
    for fit, part in together(centra.kmeans_many(parts, 16), parts):
        same(fit, centra.kmeans(part, 16))


@pytest.mark.parametrize("kind", [int, str])
def test_groups(rng: np.random.Generator, kind: type) -> None:
    points, weights = rng.random((1000, 3)), rng.random(1000)
    groups = rng.integers(0, 70, 1000).astype(kind)
    found = centra.kmeans_many(points, 2, groups=groups, weights=weights)
    assert isinstance(found, centra.GroupedClustering)
    assert np.array_equal(found.groups, np.unique(groups))
    for group, fit in together(found.groups, found.clusterings):
        rows = groups == group
        same(fit, centra.kmeans(points[rows], 2, weights=weights[rows]))
        assert np.array_equal(found.labels[rows], fit.labels)
    assert repr(found) == "GroupedClustering(70 groups, n=1000)"


def test_a_column_of_a_data_frame() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"x": [1.0, 7.0, 2.0, 8.0], "y": [0.0, 1.0, 0.0, 1.0], "group": ["a", "b", "a", "b"]})
    found = centra.kmeans_many(frame[["x", "y"]], 1, groups=frame["group"])
    assert list(found.groups) == ["a", "b"]
    assert [fit.centers.tolist() for fit in found.clusterings] == [[[1.5, 0.0]], [[7.5, 1.0]]]


def test_nothing() -> None:
    assert centra.kmeans_many([], 3) == []
    found = centra.kmeans_many(np.empty((0, 2)), 3, groups=[])
    assert found.clusterings == [] and len(found.labels) == 0


def test_refused(rng: np.random.Generator) -> None:
    points = rng.random((5, 10, 2))
    points[3, 7, 1] = np.nan
    with pytest.raises(ValueError, match=r"^problem 3: points: NaN at row 7, dimension 1$"):
        centra.kmeans_many(points, 2)
    with pytest.raises(ValueError, match=r"^group 'b': k = 3 is more than n = 2$"):
        centra.kmeans_many([[1.0]] * 5, 3, groups=list("ababa"))
    with pytest.raises(ValueError, match=r"^k: one for each of 5 sets was expected, not 2$"):
        centra.kmeans_many(points, [1, 2])
    with pytest.raises(ValueError, match=r"^groups: shape \(5,\) was expected"):
        centra.kmeans_many([[1.0]] * 5, 1, groups=[1])
    with pytest.raises(ValueError, match=r"^points: problem 0: a two-dimensional array was expected, not one of 1$"):
        centra.kmeans_many([[1.0, 2.0]], 1)
    with pytest.raises(ValueError, match=r"^init: problem 0: k = 2 centers were expected, not 1$"):
        centra.kmeans_many([[[1.0], [2.0]]], 2, init=[[[1.0]]])
    with pytest.raises(ValueError, match=r"^weights: shape \(2,\) was expected"):
        centra.kmeans_many([[[1.0], [2.0]]], 1, weights=[[1.0]])
    with pytest.raises(TypeError, match=r"^points: a sequence of arrays was expected, not int$"):
        centra.kmeans_many(7, 1)
    with pytest.raises(ValueError, match=r"^seed: a number from 0"):
        centra.kmeans_many([[[1.0], [2.0]]], 1, seed=[-1])
