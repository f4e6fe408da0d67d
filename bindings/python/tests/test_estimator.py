"""centra.KMeans with scikit-learn's checks, pipelines, searches and data."""

import itertools
import pickle
import time
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


# The second has the parameters with which scikit-learn checks its own, which does not pass the checks of weights.
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
    """k-means|| draws what the function draws, in one restart."""
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


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
@pytest.mark.parametrize("layout", [np.asfortranarray, lambda x: np.repeat(x, 2, axis=0)[::2]])
def test_points_are_not_copied(layout, dtype, monkeypatch):
    """What the library is given lies in the caller's array, in each call of each method."""
    from centra import _call

    points, seen = layout((10 * X).astype(dtype)), []
    real = _call.matrix
    monkeypatch.setattr(_call, "matrix", lambda x: seen.append(real(x)) or seen[-1])
    # With these starts rows are not put in order first.
    for init in "random", "k-means||", points[:3]:
        model = KMeans(3, init=init, random_state=0).fit(points, sample_weight=np.ones(len(points)))
    model.predict(points), model.transform(points), model.score(points)
    assert len(seen) > 12
    for x in seen:
        assert x.array.dtype == dtype and np.shares_memory(x.array, points) and x.n == len(points)


def bits(model):
    return model.cluster_centers_.tobytes(), model.inertia_, model.n_iter_


@pytest.mark.parametrize("tol", [0, 1e-4, 0.05])
def test_the_order_of_the_rows_does_not_matter(tol):
    """Where k-means++ draws the start, or it is given, and no cluster becomes empty."""
    rng = np.random.default_rng(0)
    weights = rng.uniform(0, 2, len(X))
    for seed in range(5):
        order = rng.permutation(len(X))
        for model in KMeans(5, random_state=seed, tol=tol, n_init=2), KMeans(3, init=START, tol=tol):
            for w in None, weights:
                a = clone(model).fit(X, sample_weight=w)
                b = clone(model).fit(X[order], sample_weight=None if w is None else w[order])
                assert bits(a) == bits(b)
                assert (a.labels_[order] == b.labels_).all()


@pytest.mark.parametrize("tol", [0, 1e-4, 0.05])
def test_integer_weights_count_exactly_as_repeated_rows(tol):
    rng = np.random.default_rng(1)
    for seed in range(5):
        weights = rng.integers(0, 4, len(X))
        for model in KMeans(5, random_state=seed, tol=tol, n_init=2), KMeans(3, init=START, tol=tol):
            a = clone(model).fit(X, sample_weight=weights)
            b = clone(model).fit(np.repeat(X, weights, axis=0))
            assert bits(a) == bits(b)
            assert (np.repeat(a.labels_, weights) == b.labels_).all()
            assert a.score(X, sample_weight=weights) == b.score(np.repeat(X, weights, axis=0))


def test_the_limits_of_both():
    """What README.md excepts: large data in another order, and clusters that become empty."""
    large = np.random.default_rng(0).uniform(size=((1 << 16) + 1, 2))
    model = KMeans(8, random_state=0, max_iter=1)
    assert bits(clone(model).fit(large[:-1])) == bits(clone(model).fit(large[-2::-1]))
    assert bits(clone(model).fit(large)) != bits(clone(model).fit(large[::-1]))

    # The second cluster is empty, and both ends are as far from the first center.
    line, start = np.array([[-1.0], [0.0], [1.0]]), [[0.0], [100.0]]
    model = KMeans(2, init=start, tol=0, max_iter=1)
    assert clone(model).fit(line).cluster_centers_.tolist() == [[0.5], [-1.0]]
    assert clone(model).fit(line[::-1]).cluster_centers_.tolist() == [[-0.5], [1.0]]
    # A row of weight 2 is taken as a whole; of two rows one is.
    line = np.array([[-1.0], [0.0], [3.0]])
    assert clone(model).fit(line, sample_weight=[1, 1, 2]).cluster_centers_.tolist() == [[-0.5], [3.0]]
    assert clone(model).fit([*line, line[2]]).cluster_centers_.tolist() == [[2 / 3], [3.0]]


def test_as_many_iterations_as_scikit_learn():
    """From hundreds of starts; with weights where `tol` is 0, since scikit-learn's variance does not count them."""
    threadpoolctl = pytest.importorskip("threadpoolctl")
    rng = np.random.default_rng(0)
    with threadpoolctl.threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for case in range(300):
            n, d, k = int(rng.integers(20, 300)), int(rng.integers(1, 6)), int(rng.integers(2, 9))
            points = rng.standard_normal((n, d)) + rng.integers(0, 3, (n, 1)) * 4
            tol = [0, 1e-4, 1e-2][case % 3]
            weights = rng.integers(0, 4, n) if case % 6 == 0 else None
            start = rng.choice(n if weights is None else np.flatnonzero(weights), k, replace=False)
            choices = {"n_clusters": k, "init": points[start], "tol": tol, "n_init": 1}
            ours = KMeans(**choices).fit(points, sample_weight=weights)
            theirs = sklearn.cluster.KMeans(**choices).fit(points, sample_weight=weights)
            assert (ours.labels_ == theirs.labels_).all(), case
            assert ours.n_iter_ == theirs.n_iter_, case


@pytest.mark.parametrize("d", [1, 2, 3])
def test_order_does_not_matter_where_rows_repeat(d):
    """Also with more clusters than distinct rows, with rows that differ by the sign of a zero, and with rows of weight 0."""
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


@pytest.mark.parametrize(
    "init", ["k-means++", "random", "k-means||", START.astype(int), lambda X, k, random_state: X[:k] - X[-1]]
)
@pytest.mark.parametrize("weighted", [False, True])
def test_bytes_are_the_same_numbers_as_doubles(init, weighted):
    """Pixels, say, are read where they lie, and centers are doubles."""
    points = (30 * X).astype(np.uint8)
    weights = np.random.default_rng(0).uniform(0, 2, len(X)) if weighted else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        a, b = (KMeans(3, init=init, random_state=1).fit(x, sample_weight=weights) for x in (points, points.astype(float)))
    assert a.cluster_centers_.dtype == np.float64 and bits(a) == bits(b) and (a.labels_ == b.labels_).all()
    assert a.cluster_inertias_.tobytes() == b.cluster_inertias_.tobytes()
    assert (a.predict(points) == a.labels_).all() and a.transform(points).tobytes() == b.transform(points.astype(float)).tobytes()
    assert a.score(points, sample_weight=weights) == b.score(points.astype(float), sample_weight=weights) == -a.inertia_


def test_single_precision_is_fitted_as_the_same_numbers_in_doubles():
    """But for the end, when centers are rounded, and labels and inertia are those of the rounded centers."""
    points = np.random.default_rng(3).uniform(size=(500, 3)).astype(np.float32)
    for init in "k-means++", "random", "k-means||":
        a, b = (KMeans(9, init=init, n_init=1, random_state=1, tol=1e-3).fit(x) for x in (points, points.astype(float)))
        rounded = b.cluster_centers_.astype(np.float32)
        assert a.cluster_centers_.tobytes() == rounded.tobytes() and a.n_iter_ == b.n_iter_
        assert (a.labels_ == centra.assign(points.astype(float), rounded)).all()
        assert a.inertia_ == centra.inertia(points.astype(float), rounded, a.labels_)


def test_numbers_of_each_cluster():
    weights = np.random.default_rng(0).integers(0, 3, len(X)).astype(float)
    model = KMeans(3, init=START).fit(X, sample_weight=weights)
    sizes, sums, inertias = centra.clusters(X, model.cluster_centers_, model.labels_, weights=weights)
    assert (model.cluster_sizes_ == sizes).all()
    assert (model.cluster_sizes_ == np.bincount(model.labels_, minlength=3)).all()
    assert (model.cluster_weights_ == sums).all()
    assert (model.cluster_weights_ == np.bincount(model.labels_, weights, minlength=3)).all()
    assert (model.cluster_inertias_ == inertias).all()
    assert model.inertia_ == pytest.approx(inertias.sum())
    found = centra.kmeans(X, 3, init=START)
    assert (found.sizes == np.bincount(found.labels, minlength=3)).all()


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
    # Also where rows are sorted before the starting centers are drawn.
    for init in "k-means++", "random", "k-means||":
        for tol in 0, 1e-4:
            for bad, said in [(np.nan, "NaN"), (np.inf, "infinity"), (1e200, "1e200")]:
                points = X[:40].copy()
                points[7, 1] = bad
                with pytest.raises(ValueError, match=f"points: {said} at row 7, dimension 1"):
                    KMeans(3, init=init, tol=tol).fit(points)
            for bad, said in [
                (-1, "-1 at index 7 is negative"),
                (np.nan, "NaN at index 7"),
                (np.inf, "infinity at index 7"),
                (1e308, "1e308 at index 7 is so large that weighted sums could overflow"),
            ]:
                weights = np.ones(40)
                weights[7] = bad
                with pytest.raises(ValueError, match=f"weights: {said}"):
                    KMeans(3, init=init, tol=tol).fit(X[:40], sample_weight=weights)
                with pytest.raises(ValueError, match=f"weights: {said}"):
                    KMeans(3, random_state=0).fit(X).score(X[:40], sample_weight=weights)
    with pytest.raises(ValueError, match="'threads' parameter of KMeans must be"):
        KMeans(3, threads=-1).fit(X)
    with pytest.raises(ValueError, match="'init' parameter of KMeans must be"):
        KMeans(3, init="k-means").fit(X)


def test_a_tolerance_that_overflows_is_no_error():
    """The product of tol and the variance is no argument of the caller's."""
    for tol, scale in [(1e308, 1e100), (1e300, 1e140), (1.7e308, 1.0)]:
        model = KMeans(3, tol=tol, random_state=0).fit(X * scale)
        assert model.n_iter_ == 1 and model.report_.stopped_by in ("tolerance", "converged")
    assert KMeans(1, tol=1e308).fit(X * 0).inertia_ == 0


def test_masked_arrays():
    masked = np.ma.masked_greater(X, 5)
    for call in [
        lambda: KMeans(3).fit(masked),
        lambda: KMeans(3).fit(X).predict(masked),
        lambda: KMeans(3, init=masked[:3]).fit(X),
        lambda: KMeans(3).fit(X, sample_weight=masked[:, 0]),
    ]:
        with pytest.raises(ValueError, match="a masked array was given"):
            call()


@pytest.mark.parametrize("kind", ["csr_matrix", "csr_array", "csc_array", "coo_array"])
@pytest.mark.parametrize("width", [np.int32, np.int64])
def test_sparse_matrices_of_both_index_widths(kind, width):
    sparse = pytest.importorskip("scipy.sparse")
    rows = getattr(sparse, kind)(np.where(X > 2, X, 0))
    for name in "indices", "indptr":
        if hasattr(rows, name):
            setattr(rows, name, getattr(rows, name).astype(width))
    a, b = KMeans(3, random_state=0).fit(rows), KMeans(3, random_state=0).fit(rows.toarray())
    assert bits(a) == bits(b) and (a.predict(rows) == b.labels_).all()


def test_generators_of_numpy():
    one, other = np.random.default_rng(5), np.random.default_rng(5)
    first = [KMeans(8, random_state=one).fit(X) for _ in range(2)]
    again = [KMeans(8, random_state=other).fit(X) for _ in range(2)]
    assert [bits(model) for model in first] == [bits(model) for model in again]
    assert bits(first[0]) != bits(first[1])
    seen = []
    KMeans(3, init=lambda X, k, random_state: seen.append(random_state) or X[:k], random_state=one, n_init=1).fit(X)
    assert isinstance(seen[0], np.random.RandomState)


def test_the_report_has_the_time_of_drawing():
    """Also where rows are sorted first; and of all restarts."""
    points = np.random.default_rng(0).uniform(size=(60_000, 2))
    for size in 60_000, 60_000 // 2, 100:
        begin = time.perf_counter()
        report = KMeans(60, random_state=0, max_iter=1).fit(points[:size]).report_
        assert 1e-5 < report.seconds_seed < time.perf_counter() - begin
    begin = time.perf_counter()

    def slow(X, k, random_state):
        time.sleep(0.05)
        return X[:k]

    report = KMeans(3, init=slow, n_init=3).fit(X).report_
    assert 0.15 <= report.seconds_seed < time.perf_counter() - begin
    one, two = (KMeans(3, init=START, n_init=1), KMeans(3, init=lambda *a, **k: START, n_init=2))
    assert two.fit(X).report_.distances == 2 * one.fit(X).report_.distances


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
    """An offset costs no digits beyond its own rounding, as it would in an expanded formula."""
    model = KMeans(3, init=START + 2.0**30).fit(X + 2.0**30)
    near = np.linalg.norm((X + 2.0**30)[:, None] - model.cluster_centers_, axis=2)
    np.testing.assert_allclose(model.transform(X + 2.0**30), near, rtol=1e-14)
