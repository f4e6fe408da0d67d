"""centra.KMeans among scikit-learn's machinery."""

import itertools
import pickle
import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn")
import sklearn.cluster
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import centra
from centra import KMeans

X = load_iris().data
START = X[[0, 60, 120]]


# The second is how scikit-learn checks its own; both pass, the checks of weights included, which its own does not.
@parametrize_with_checks([KMeans(), KMeans(n_init=2, n_clusters=2, max_iter=5), KMeans(threads=1, tol=0)])
def test_scikit_learn_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        check(estimator)


def test_from_the_same_start_it_finds_what_scikit_learn_finds():
    for tol in 0, 1e-4, 0.02:
        for max_iter in 1, 2, 300:
            choices = {"n_clusters": 3, "init": START, "tol": tol, "max_iter": max_iter}
            ours, theirs = KMeans(**choices).fit(X), sklearn.cluster.KMeans(**choices).fit(X)
            assert (ours.labels_ == theirs.labels_).all()
            assert (ours.predict(X + 0.1) == theirs.predict(X + 0.1)).all()
            assert ours.n_iter_ == theirs.n_iter_
            for ours_is, theirs_is in [
                (ours.cluster_centers_, theirs.cluster_centers_),
                (ours.inertia_, theirs.inertia_),
                (ours.transform(X), theirs.transform(X)),
                (ours.score(X[:20], sample_weight=np.arange(20)), theirs.score(X[:20], sample_weight=np.arange(20))),
            ]:
                np.testing.assert_allclose(ours_is, theirs_is, rtol=1e-9)
    assert ours.get_params().keys() - theirs.get_params().keys() == {"threads"}
    assert theirs.get_params().keys() <= ours.get_params().keys()


def test_parallel_start():
    """k-means|| draws what the function draws; it needs no restarts."""
    drawn = np.random.RandomState(5).randint(np.iinfo(np.int32).max)
    model = KMeans(3, init="k-means||", random_state=5, tol=0).fit(X)
    found = centra.kmeans(X, 3, init="k-means||", seed=drawn)
    assert model.cluster_centers_.tobytes() == found.centers.tobytes() and model.inertia_ == found.inertia


def test_the_same_defaults_as_scikit_learn():
    theirs = sklearn.cluster.KMeans().get_params()
    assert {name: KMeans().get_params()[name] for name in theirs} == theirs


def test_it_is_the_function_underneath():
    model = KMeans(3, init=START, tol=0).fit(X)
    found = centra.kmeans(X, 3, init=START)
    assert model.cluster_centers_.tobytes() == found.centers.tobytes()
    assert model.labels_.tobytes() == found.labels.tobytes()
    assert model.inertia_ == found.inertia
    assert model.report_.stopped_by == "converged"


@pytest.mark.parametrize("layout", [np.asfortranarray, lambda x: np.repeat(x, 2, axis=0)[::2]])
def test_points_are_not_copied(layout, monkeypatch):
    from centra import _estimator

    points, seen = layout(X), []
    real = _estimator.kmeans
    monkeypatch.setattr(_estimator, "kmeans", lambda x, *a, **k: seen.append(x) or real(x, *a, **k))
    KMeans(3, random_state=0).fit(points)
    assert np.shares_memory(seen[0], points)


def test_order_and_repetition_of_rows_do_not_matter():
    rng = np.random.default_rng(0)
    order = rng.permutation(len(X))
    weights = rng.integers(0, 4, len(X))
    for seed in range(5):
        model = KMeans(5, random_state=seed, tol=0)
        a, b = clone(model).fit(X), clone(model).fit(X[order])
        assert a.cluster_centers_.tobytes() == b.cluster_centers_.tobytes()
        assert (a.labels_[order] == b.labels_).all()
        c, d = clone(model).fit(X, sample_weight=weights), clone(model).fit(np.repeat(X, weights, axis=0))
        np.testing.assert_allclose(c.cluster_centers_, d.cluster_centers_)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_order_does_not_matter_where_rows_repeat(d):
    """Nor where there are more clusters than distinct rows, which may differ by the sign of a zero, or have no weight."""
    rng = np.random.default_rng(d)
    rows = rng.integers(-2, 3, (7, d)) * 0.5
    points = rows[rng.integers(0, 7, 40)]
    points = np.where(points == 0, rng.choice([-0.0, 0.0], points.shape), points)
    weights = rng.choice([0.0, 0.5, 0.75, 3.0], 40)
    for k, w, seed in itertools.product([2, 8, 12, 30], [None, weights], range(4)):
        model = KMeans(k, random_state=seed, tol=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            first = clone(model).fit(points, sample_weight=w)
            for _ in range(4):
                order = rng.permutation(40)
                other = clone(model).fit(points[order], sample_weight=None if w is None else w[order])
                assert first.cluster_centers_.tobytes() == other.cluster_centers_.tobytes()
                assert (first.labels_[order] == other.labels_).all()
                assert first.n_iter_ == other.n_iter_ and first.inertia_ == other.inertia_


@pytest.mark.parametrize("init", ["k-means++", "random"])
def test_weights_steer_the_start(init):
    weights = np.zeros(len(X))
    weights[::2] = 1
    for seed in range(10):
        model = KMeans(8, init=init, n_init=1, random_state=seed, tol=0).fit(X, sample_weight=weights)
        alone = KMeans(8, init=model.cluster_centers_).fit(X[::2])
        np.testing.assert_allclose(alone.cluster_centers_, model.cluster_centers_)


def test_random_state():
    fits = [KMeans(8, random_state=s, n_init=1).fit(X) for s in (0, 0, 1)]
    assert fits[0].cluster_centers_.tobytes() == fits[1].cluster_centers_.tobytes()
    assert fits[0].cluster_centers_.tobytes() != fits[2].cluster_centers_.tobytes()
    state = np.random.RandomState(0)
    a, b = KMeans(8, random_state=state).fit(X), KMeans(8, random_state=state).fit(X)
    assert a.cluster_centers_.tobytes() == fits[0].cluster_centers_.tobytes() != b.cluster_centers_.tobytes()


def test_single_precision_belongs_together():
    """Labels and inertia are those of the centers as they are returned."""
    points = np.random.default_rng(0).uniform(size=(20_000, 2)).astype(np.float32)
    model = KMeans(50, random_state=0).fit(points)
    assert model.cluster_centers_.dtype == model.transform(points).dtype == np.float32
    assert (model.predict(points) == model.labels_).all()
    assert model.inertia_ == -model.score(points)


def test_fewer_points_than_clusters():
    model = KMeans(3, init=START).fit(X)
    assert [model.predict(X[p : p + 1])[0] for p in range(20)] == list(model.labels_[:20])
    assert model.score(X[:1]) == -(model.transform(X[:1]).min() ** 2)
    with pytest.raises(ValueError, match=r"n_samples=2 should be >= n_clusters=3"):
        KMeans(3).fit(X[:2])


def test_fewer_distinct_points_than_clusters():
    with pytest.warns(ConvergenceWarning, match=r"distinct clusters \(2\) found smaller than n_clusters \(3\)") as caught:
        KMeans(3, random_state=0).fit([[0.0], [1.0], [1.0], [0.0]])
    assert caught[0].filename == __file__


def test_errors_say_where():
    points = X.copy()
    points[17, 2] = np.nan
    for call in [lambda: KMeans(3).fit(points), lambda: KMeans(3, init=START).fit(X).predict(points)]:
        with pytest.raises(ValueError, match="points: NaN at row 17, dimension 2"):
            call()
    # Also where rows are put in order before a start is drawn.
    for init in "k-means++", "random", "k-means||":
        for tol in 0, 1e-4:
            for bad, said in [(np.nan, "NaN"), (np.inf, "infinity"), (1e200, "1e200")]:
                points = X[:40].copy()
                points[7, 1] = bad
                with pytest.raises(ValueError, match=f"points: {said} at row 7, dimension 1"):
                    KMeans(3, init=init, tol=tol).fit(points)
            weights = np.ones(40)
            weights[7] = -1
            with pytest.raises(ValueError, match="weights: -1 at index 7 is negative"):
                KMeans(3, init=init, tol=tol).fit(X[:40], sample_weight=weights)
    with pytest.raises(ValueError, match="'threads' parameter of KMeans must be"):
        KMeans(3, threads=-1).fit(X)
    with pytest.raises(ValueError, match="'init' parameter of KMeans must be"):
        KMeans(3, init="k-means").fit(X)


def test_clone_and_pickle():
    model = KMeans(3, random_state=0, threads=2).fit(X)
    again = pickle.loads(pickle.dumps(model))
    assert (again.predict(X) == model.labels_).all() and again.get_params() == model.get_params()
    assert again.report_ == model.report_
    assert clone(model).get_params() == model.get_params() and not hasattr(clone(model), "labels_")
    assert repr(model) == "KMeans(n_clusters=3, random_state=0, threads=2)"


def test_pipeline_and_grid_search():
    search = GridSearchCV(make_pipeline(StandardScaler(), KMeans(random_state=0)), {"kmeans__n_clusters": [2, 3, 4]}, n_jobs=2)
    search.fit(X)
    assert search.best_params_ == {"kmeans__n_clusters": 4}


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames(library):
    module = pytest.importorskip(library)
    frame = module.DataFrame({f"column {i}": X[:, i] for i in range(4)})
    model = KMeans(3, random_state=0).set_output(transform=library)
    distances = model.fit_transform(frame)
    assert isinstance(distances, module.DataFrame)
    assert list(distances.columns) == ["kmeans0", "kmeans1", "kmeans2"]
    assert list(model.feature_names_in_) == list(frame.columns)
    assert (model.predict(frame) == model.labels_).all()
    np.testing.assert_array_equal(model.transform(frame).to_numpy(), distances.to_numpy())


def test_distances_are_exact_far_from_the_origin():
    """No expanded formula: an offset costs no digits beyond its own rounding."""
    model = KMeans(3, init=START + 2.0**30).fit(X + 2.0**30)
    near = np.linalg.norm((X + 2.0**30)[:, None] - model.cluster_centers_, axis=2)
    np.testing.assert_allclose(model.transform(X + 2.0**30), near, rtol=1e-14)
