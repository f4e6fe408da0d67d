"""Pictures show the clustering, and `sweep` is `kmeans` for each k."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from reference import together

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
    for k, clustering in together(found.ks, found.clusterings):
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
    for clustering, silhouette in together(found.clusterings[1:], found.silhouettes[1:]):
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


def colors_of(collection):
    return collection.get_facecolors()


def test_clusters_are_drawn(blobs):
    found = centra.kmeans(blobs, 6)
    ax = centra.plot.clusters(blobs, found)
    cells, _, points, centers = ax.collections
    assert np.array_equal(points.get_offsets(), blobs) and np.array_equal(centers.get_offsets(), found.centers)
    assert len(cells.get_paths()) == 6
    # A point has the color of its cell, which is paler.
    assert np.array_equal(colors_of(points)[:, :3], colors_of(cells)[found.labels, :3])
    assert [text.get_text() for text in ax.texts] == list("012345")
    assert [text.get_position() for text in ax.texts] == [tuple(center) for center in found.centers]
    entries = [text.get_text() for text in ax.get_legend().get_texts()]
    assert entries == [f"{j}: {size}" for j, size in enumerate(found.sizes)]
    assert centra.plot.clusters(blobs, centra.kmeans(blobs, 40), ax=ax, size=1.0) is ax
    with pytest.raises(ValueError, match=r"points: shape \(n, 2\) was expected"):
        centra.plot.clusters(np.ones((5, 3)), found)


@pytest.mark.parametrize("shared", [False, True])
def test_axes_are_equal_and_hold_everything(blobs, shared):
    """Also for data far wider than high, beside other axes, and for centers beyond the points."""
    import matplotlib.pyplot as plt

    wide = blobs * [30, 1]
    found = centra.kmeans(wide, 5, init=[[-90, 1], [0, 2], [900, 3], [9, 9], [500, 4]], max_iter=0)
    figure, axes = plt.subplots(1, 2, sharex=shared, sharey=shared)
    ax = centra.plot.clusters(wide, found, ax=axes[0])
    figure.canvas.draw()
    (x0, y0), (x1, y1) = ax.transData.transform([[0, 0], [1, 1]])
    assert (x1 - x0) / (y1 - y0) == pytest.approx(1)
    low, high = np.transpose([ax.get_xlim(), ax.get_ylim()])
    for inside in (wide, found.centers):
        assert (low < inside).all() and (inside < high).all()
    # Cells cover the whole of the axes.
    corners = np.concatenate([path.vertices for path in ax.collections[0].get_paths()])
    assert (corners.min(axis=0) < low).all() and (corners.max(axis=0) > high).all()


@pytest.mark.parametrize("frame", ["pandas", "polars"])
def test_columns_name_the_axes(blobs, frame):
    columns = dict(together(["width", "height"], blobs.T))
    points = pytest.importorskip(frame).DataFrame(columns)
    found = centra.kmeans(points, 6)
    ax = centra.plot.clusters(points, found)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("width", "height")
    ax = centra.plot.clusters(blobs, found)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("", "")
    # An estimator knows the names of what it was fitted to.
    ax = centra.plot.clusters(blobs, centra.KMeans(6, random_state=0).fit(points))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("width", "height")


def test_estimators_are_drawn_as_clusterings(blobs):
    found = centra.kmeans(blobs, 6)
    for cluster in (centra.KMeans, pytest.importorskip("sklearn.cluster").KMeans):
        model = cluster(6, init=found.centers).fit(blobs)
        for draw in (centra.plot.clusters, centra.plot.silhouette_samples):
            one, two = draw(blobs, found), draw(blobs, model)
            for expected, drawn in together(one.collections, two.collections):
                assert np.array_equal(colors_of(expected), colors_of(drawn))
                np.testing.assert_allclose(expected.get_offsets(), drawn.get_offsets(), rtol=1e-12)
        for wrong, reason in [
            (cluster(6), "found: a Clustering or a fitted KMeans was expected, not KMeans"),
            (cluster(3).fit(blobs[:, :1]), "found: its centers have 1 dimensions, and the points 2"),
            (cluster(3).fit(blobs[:8]), "found: it has 8 labels, and there are 900 points"),
        ]:
            with pytest.raises(ValueError, match=reason):
                centra.plot.clusters(blobs, wrong)


def test_colors_differ_for_every_reader():
    """The least difference between two of the ten, by CIEDE2000, with each deficiency (Machado et al. 2009, severity 1)."""
    from matplotlib.colors import to_rgb

    from centra.plot import _PALETTE

    color = pytest.importorskip("skimage.color")
    deficiencies = [
        np.eye(3),
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ]

    def least(colors):
        differences = []
        for matrix in deficiencies:
            linear = np.array([to_rgb(c) for c in colors])
            linear = np.where(linear <= 0.04045, linear / 12.92, ((linear + 0.055) / 1.055) ** 2.4)
            seen = np.clip(linear @ np.transpose(matrix), 0, 1)
            seen = np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)
            lab = color.rgb2lab(seen)
            apart = color.deltaE_ciede2000(lab[:, None], lab[None])
            differences.append(apart[np.triu_indices(len(colors), 1)].min())
        return min(differences)

    assert least(_PALETTE) > 10
    # matplotlib's own would not do.
    assert least(matplotlib.colormaps["tab10"].colors) < 2


@pytest.mark.parametrize("k", [11, 30, 60])
def test_neighbors_have_different_colors(k):
    from centra.plot import _colors

    rng = np.random.default_rng(k)
    points = rng.uniform(0, 1, (20_000, 2))
    centers = centra.kmeans(points, k).centers
    # Cells are neighbors where a point has both centers as its nearest.
    nearest = np.argsort(centra.distances(points, centers), axis=1)[:, :2]
    colors = _colors(centers)
    assert len(np.unique(colors, axis=0)) == 10
    assert (colors[nearest[:, 0]] != colors[nearest[:, 1]]).any(axis=1).all()


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


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()] if ax.get_legend() else []


def test_curves(blobs):
    found = centra.sweep(blobs, range(1, 9))
    for draw, values in [(centra.plot.elbow, found.inertias), (centra.plot.silhouette, found.silhouettes)]:
        line = draw(found).lines[0]
        assert list(line.get_xdata()) == found.ks and np.array_equal(line.get_ydata(), values, equal_nan=True)


def test_the_elbow_is_farthest_below_the_line():
    clusterings = [centra.kmeans([[0.0], [1.0]], 1)._replace(inertia=inertia) for inertia in (100.0, 62.0, 21.0, 10.0, 0.0)]
    bent = centra.Sweep([1, 2, 3, 4, 9], clusterings, np.zeros(5))
    # Below the line from (1, 100) to (9, 0) by 25.5, 54, 52.5.
    ax = centra.plot.elbow(bent)
    assert legend_of(ax) == ["elbow: 3 clusters", "from first to last", "largest gap"]
    _, ring, _, gap = ax.lines
    assert ring.get_xydata().tolist() == [[3, 21]] and gap.get_xydata().tolist() == [[3, 21], [3, 75]]
    for none in (bent._replace(ks=bent.ks[:2], clusterings=clusterings[:2]), bent._replace(clusterings=[clusterings[0]] * 5)):
        assert legend_of(centra.plot.elbow(none)) == []


def test_the_best_silhouette_is_marked(blobs):
    found = centra.sweep(blobs, range(1, 9))
    ax = centra.plot.silhouette(found)
    order = np.argsort(-found.silhouettes[1:]) + 2
    best, second = (f"{k} clusters, {found.silhouettes[k - 1]:.3f}" for k in order[:2])
    assert order[0] == 6 and legend_of(ax) == [f"best: {best}", f"next: {second}"]
    assert [6, found.silhouettes[5]] in [line.get_xydata()[0].tolist() for line in ax.lines]
    assert legend_of(centra.plot.silhouette(centra.sweep(blobs, [1]))) == []
    assert len(legend_of(centra.plot.silhouette(centra.sweep(blobs, [1, 2])))) == 1


def test_silhouette_of_each_point(blobs):
    found = centra.kmeans(blobs, 4)
    ax = centra.plot.silhouette_samples(blobs, found)
    distances = np.sort(np.linalg.norm(blobs[:, None] - found.centers, axis=2), axis=1)
    expected = (distances[:, 1] - distances[:, 0]) / distances[:, 1]
    assert legend_of(ax) == [f"mean: {expected.mean():.3f}"]
    assert [text.get_text() for text in ax.get_yticklabels()] == list("0123")
    for j, shape in enumerate(ax.collections):
        (path,) = shape.get_paths()
        own = np.sort(expected[found.labels == j])
        np.testing.assert_allclose(np.unique(path.vertices[:, 0]), np.unique([0, *own]), rtol=1e-9)
        # As high as the cluster has points.
        assert np.ptp(path.vertices[:, 1]) == len(own)
    # An empty cluster has a number and no shape.
    kept = centra.kmeans([[0.0], [1.0]], 2, init=[[0.5], [9.0]], empty="keep")
    assert len(centra.plot.silhouette_samples([[0.0], [1.0]], kept).get_yticklabels()) == 2
    with pytest.raises(ValueError, match="found: one cluster has no silhouette"):
        centra.plot.silhouette_samples(blobs, centra.kmeans(blobs, 1))


PICTURES = Path(__file__).with_name("pictures")

# Inches, and the place of the axes in them, which the width of a text does not move.
SIZES = {
    "clusters": (6.0, 3.0),
    "many_clusters": (3.5, 3.5),
    "elbow": (5.0, 3.5),
    "silhouette": (5.0, 3.5),
    "silhouette_samples": (5.0, 3.5),
}
PLACES = {"clusters": (0.12, 0.17, 0.66, 0.8)}


def draw(name, ax):
    """One of the pictures, those of the README among them."""
    flowers = np.loadtxt(Path(__file__).parents[3] / "tests/data/iris.csv", delimiter=",", skiprows=1)
    rng = np.random.default_rng(8)
    if name == "clusters":
        petals = pytest.importorskip("pandas").DataFrame(flowers[:, 2:], columns=["petal length (cm)", "petal width (cm)"])
        centra.plot.clusters(petals, centra.kmeans(petals, 3), ax=ax)
    elif name == "many_clusters":
        points = rng.uniform(0, 10, (150, 2))
        centra.plot.clusters(points, centra.kmeans(points, 20), ax=ax)
    elif name == "silhouette_samples":
        centra.plot.silhouette_samples(flowers, centra.kmeans(flowers, 3), ax=ax)
    else:
        points = rng.uniform(0, 20, (7, 2))[rng.integers(0, 7, 600)] + rng.standard_normal((600, 2))
        getattr(centra.plot, name)(centra.sweep(points, range(1, 13)), ax=ax)


@pytest.mark.parametrize("name", SIZES)
def test_pictures_look_as_they_did(name, tmp_path):
    """As the committed picture does, which somebody has looked at; CENTRA_WRITE_PICTURES=1 writes them anew."""
    import matplotlib.pyplot as plt

    with matplotlib.style.context("default"):
        figure = plt.figure(figsize=SIZES[name], dpi=80)
        draw(name, figure.add_axes(PLACES.get(name, (0.17, 0.15, 0.8, 0.76))))
        seen = (PICTURES if os.environ.get("CENTRA_WRITE_PICTURES") else tmp_path) / f"{name}.png"
        figure.savefig(seen, metadata={"Software": None}, pil_kwargs={"optimize": True})
    committed, drawn = (plt.imread(file)[..., :3] for file in (PICTURES / f"{name}.png", seen))
    assert max(strangeness(committed, drawn), strangeness(drawn, committed)) < 0.08, f"{seen} differs from {PICTURES / seen.name}"


def strangeness(picture, other):
    """The largest difference between the mean color of a block of 10 by 10 pixels and that of any block near there in the other.

    Versions of matplotlib smooth edges in different ways, and set lines of a legend closer or wider by some pixels.
    """
    shifts = [(down, right) for down in range(-6, 7, 3) for right in range(-6, 7, 3)]
    expected = blocks(picture)
    near = [np.abs(expected - blocks(np.roll(other, shift, axis=(0, 1)))).max(axis=2) for shift in shifts]
    return np.min(near, axis=0).max()


def blocks(picture):
    height, width, _ = picture.shape
    return picture.reshape(height // 10, 10, width // 10, 10, 3).mean(axis=(1, 3))


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    monkeypatch.delitem(sys.modules, "centra.plot", raising=False)
    monkeypatch.delattr(centra, "plot", raising=False)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'centra\[plot\]'"):
        centra.plot  # noqa: B018
