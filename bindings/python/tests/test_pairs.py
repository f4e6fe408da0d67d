"""Distances of all pairs, and what belongs to each cluster."""

import numpy as np
import pytest
import reference

import centra


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(("n", "d", "k"), [(0, 2, 3), (1, 1, 1), (1, 64, 300), (7, 3, 40), (5000, 8, 20)])
def test_distances(n, d, k, threads):
    rng = np.random.default_rng(n + d + k)
    points, centers = rng.normal(size=(n, d)), rng.normal(size=(k, d))
    found = centra.distances(points, centers, threads=threads)
    assert found.shape == (n, k)
    assert np.array_equal(found, centra.distances(np.asfortranarray(points), centers))
    labels, sqdist = centra.assign(points, centers, sqdist=True)
    assert np.array_equal(found[np.arange(n), labels], sqdist)
    assert np.array_equal(found.argmin(axis=1), labels)
    assert np.array_equal(centra.transform(points, centers), np.sqrt(found))
    for p in range(min(n, 5)):
        assert np.allclose(found[p], ((centers - points[p]) ** 2).sum(axis=1))


@pytest.mark.parametrize("weighted", [False, True])
def test_clusters(weighted):
    rng = np.random.default_rng(1)
    points, centers = rng.normal(size=(300, 3)), rng.normal(size=(7, 3))
    labels = rng.integers(0, 6, 300)
    weights = rng.integers(0, 4, 300).astype(float) if weighted else None
    sizes, sums, inertias = centra.clusters(points, centers, labels, weights=weights)
    assert np.array_equal(sizes, np.bincount(labels, minlength=7))
    assert np.array_equal(sums, np.bincount(labels, weights, minlength=7))
    for j in range(7):
        mine = labels == j
        own = np.zeros(mine.sum(), np.int32)
        copies = None if weights is None else weights[mine]
        alone = centra.inertia(points[mine], centers[j : j + 1], own, weights=copies) if mine.any() else 0
        assert inertias[j] == alone
        if not weighted and mine.any():
            assert alone == reference.inertia(points[mine], centers[j : j + 1], own)


def test_no_points_and_refusals():
    none, centers = np.empty((0, 2)), np.zeros((3, 2))
    sizes, sums, inertias = centra.clusters(none, centers, [])
    assert (sizes == 0).all()
    assert (sums == 0).all()
    assert (inertias == 0).all()
    for call, message in [
        (lambda: centra.distances([[1, np.nan]], centers), "points: NaN at row 0, dimension 1"),
        (lambda: centra.distances([[1, 2]], centers + [[0, 0], [np.inf, 0], [0, 0]]), "centers: infinity at row 1"),
        (lambda: centra.clusters([[1, 2]], centers, [3]), "labels: 3 at index 0"),
        (lambda: centra.clusters([[1, 2]], centers, [0], weights=[-1]), "weights"),
        (lambda: centra.clusters([[1, 2]], centers, [0, 1]), "labels"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
