"""Pictures show the clustering, and `sweep` is `kmeans` for each k."""

import sys

import numpy as np
import pytest

import centra

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")


@pytest.fixture
def blobs():
    rng = np.random.default_rng(8)
    return rng.uniform(0, 20, (6, 2))[rng.integers(0, 6, 900)] + 0.3 * rng.standard_normal((900, 2))


def test_sweep_is_kmeans_from_the_first_centers(blobs):
    found = centra.sweep(blobs, [8, 3, 5, 3], seed=4)
    assert found.ks == [3, 5, 8]
    start = centra.seed(blobs, 8, seed=4)
    for k, clustering in zip(found.ks, found.clusterings, strict=True):
        expected = centra.kmeans(blobs, k, init=start[:k])
        assert clustering.centers.tobytes() == expected.centers.tobytes()
        assert clustering.inertia == expected.inertia


@pytest.mark.parametrize("k, fewer", [(7, 3), (20, 8), (54, 21)])
def test_the_first_centers_are_those_of_fewer(blobs, k, fewer):
    """With as many candidates a step, the first centers of a larger k are those of a smaller one, as `sweep` documents."""
    assert centra.seed(blobs, k)[:fewer].tobytes() == centra.seed(blobs, fewer).tobytes()


@pytest.mark.parametrize("weighted", [False, True])
def test_silhouettes(blobs, weighted):
    weights = np.arange(1.0, 901.0) if weighted else None
    found = centra.sweep(blobs, range(1, 9), weights=weights)
    assert np.isnan(found.silhouettes[0])
    for clustering, silhouette in zip(found.clusterings[1:], found.silhouettes[1:], strict=True):
        distances = np.sort(np.linalg.norm(blobs[:, None] - clustering.centers, axis=2), axis=1)
        expected = np.average((distances[:, 1] - distances[:, 0]) / distances[:, 1], weights=weights)
        np.testing.assert_allclose(silhouette, expected, rtol=1e-12)
    assert found.ks[np.nanargmax(found.silhouettes)] == 6


def test_silhouette_of_equal_points_and_of_clusters_of_one():
    assert centra.sweep([[0.0], [1.0], [9.0]], [3]).silhouettes.tolist() == [0.0]
    assert centra.sweep(np.ones((5, 2)), [2]).silhouettes.tolist() == [0.0]


def test_sweep_over_nothing():
    assert centra.sweep([[0.0]], []).ks == []


def area(polygon):
    x, y = polygon.T
    return abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2


@pytest.mark.parametrize("k", [1, 2, 3, 30])
def test_cells_are_where_a_center_is_nearest(k):
    from matplotlib.path import Path as Outline

    from centra.plot import _cells

    rng = np.random.default_rng(k)
    centers, low, high = rng.uniform(0, 1, (k, 2)), np.array([-0.5, 0.0]), np.array([1.0, 0.8])
    cells = list(_cells(centers, low, high))
    assert len(cells) == k
    np.testing.assert_allclose(sum(map(area, cells)), 1.5 * 0.8)
    points = rng.uniform(low, high, (2000, 2))
    labels = centra.assign(points, centers)
    for j, cell in enumerate(cells):
        inside = Outline(cell).contains_points(points) if len(cell) else np.zeros(len(points), bool)
        assert (inside == (labels == j)).all()


def test_clusters_are_drawn(blobs):
    found = centra.kmeans(blobs, 6)
    ax = centra.plot.clusters(blobs, found)
    cells, _, points, centers = ax.collections
    assert np.array_equal(points.get_offsets(), blobs) and np.array_equal(centers.get_offsets(), found.centers)
    assert len(cells.get_paths()) == 6
    # A point has the color of its center.
    assert np.array_equal(points.get_facecolors(), centers.get_facecolors()[found.labels])
    assert centra.plot.clusters(blobs, centra.kmeans(blobs, 40), ax=ax, size=1.0) is ax
    with pytest.raises(ValueError, match=r"points: shape \(n, 2\) was expected"):
        centra.plot.clusters(np.ones((5, 3)), found)


@pytest.mark.parametrize("shape, dtype", [((20, 30, 3), np.uint8), ((20, 30, 4), np.float32), ((20, 30), np.uint16)])
def test_quantization(shape, dtype):
    rng = np.random.default_rng(0)
    image = (rng.uniform(size=shape) * (1 if dtype is np.float32 else 255)).astype(dtype)
    quantized, axes = centra.plot.quantization(image, 5)
    assert quantized.shape == image.shape and quantized.dtype == image.dtype
    pixels = quantized.reshape(600, -1)
    assert len(np.unique(pixels, axis=0)) == 5
    found = centra.kmeans(image.reshape(600, -1), 5)
    assert len(np.unique(np.column_stack([found.labels, pixels]), axis=0)) == 5
    assert [ax.get_title() for ax in axes] == ["before", "5 colors"]
    with pytest.raises(ValueError, match="image: shape"):
        centra.plot.quantization(image.ravel(), 5)


def test_curves(blobs):
    found = centra.sweep(blobs, range(1, 9))
    for ax, values in [
        (centra.plot.elbow(found), found.inertias),
        (centra.plot.silhouette(found), found.silhouettes),
    ]:
        line = ax.lines[0]
        assert list(line.get_xdata()) == found.ks and np.array_equal(line.get_ydata(), values, equal_nan=True)
    assert ax.get_title() == "best: 6"
    assert centra.plot.silhouette(centra.sweep(blobs, [1])).get_title() == ""


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    monkeypatch.delitem(sys.modules, "centra.plot", raising=False)
    monkeypatch.delattr(centra, "plot", raising=False)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'centra\[plot\]'"):
        centra.plot  # noqa: B018
