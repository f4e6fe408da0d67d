"""The functions return the reference's bits for every layout, type, stride and number of threads."""

import threading

import numpy as np
import pytest
import reference

import centra

SHAPES = [(1, 1, 1), (9, 1, 2), (200, 2, 10), (203, 8, 7), (64, 17, 16), (3000, 3, 8)]


@pytest.fixture
def tracemalloc():
    """The module, which PyPy does not have."""
    return pytest.importorskip("tracemalloc")


def same(a, b):
    """Equal in every bit: values, types, shapes."""
    a, b = np.asarray(a), np.asarray(b)
    assert a.dtype == b.dtype and a.shape == b.shape
    assert a.tobytes() == b.tobytes()


def spaced(x):
    """The same numbers with gaps between the rows."""
    wide = np.full((len(x), x.shape[1] + 3), np.nan if x.dtype.kind == "f" else 77, x.dtype)
    wide[:, 1:-2] = x
    return wide[:, 1:-2]


def spaced_columns(x):
    return spaced(x.T).T


def unaligned(x):
    raw = np.zeros(x.nbytes + 1, np.uint8)
    y = raw[1:].view(x.dtype).reshape(x.shape)
    y[:] = x
    assert not y.flags.aligned or x.itemsize == 1
    return y


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


# Types besides that of doubles that are read where they lie.
NARROW = [np.float32, np.uint8]
LAYOUTS = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "rows with gaps": spaced,
    "columns with gaps": spaced_columns,
    "every other row": lambda x: np.repeat(x, 2, axis=0)[::2],
    "every other column": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "backwards": lambda x: x[::-1].copy()[::-1],
    "columns backwards": lambda x: x[:, ::-1].copy()[:, ::-1],
    "unaligned": unaligned,
    "byte-swapped": lambda x: x.astype(x.dtype.newbyteorder()),
    "read-only": read_only,
    "long double": lambda x: x.astype(np.longdouble),
    "lists": lambda x: x.tolist(),
    "objects": lambda x: x.astype(object),
}


@pytest.mark.parametrize("n, d, k", SHAPES)
@pytest.mark.parametrize("threads", [1, 2, 0, None])
def test_answers_are_the_reference(data, n, d, k, threads):
    points, start = data(n, d, k)
    centers, labels, inertia, iterations = reference.kmeans(points, start)
    found = centra.kmeans(points, k, init=start, empty="keep", threads=threads)
    same(found.centers, centers)
    same(found.labels, labels)
    assert (found.inertia, found.report.iterations) == (inertia, iterations)
    for ours, theirs in reference.together(
        centra.assign(points, start, sqdist=True, threads=threads), reference.assign(points, start)
    ):
        same(ours, theirs)
    same(centra.update(points, labels, start, empty="keep", threads=threads), reference.update(points, labels, start))
    assert centra.inertia(points, start, labels, threads=threads) == reference.inertia(points, start, labels)


@pytest.mark.parametrize("n, d, k", SHAPES)
def test_weights(data, n, d, k):
    points, start = data(n, d, k)
    weights = np.random.default_rng(n).uniform(0.1, 3, n)
    centers, labels, inertia, iterations = reference.kmeans(points, start, max_iter=3, weights=weights)
    found = centra.kmeans(points, k, init=start, empty="keep", weights=weights, max_iter=3)
    same(found.centers, centers)
    same(found.labels, labels)
    assert (found.inertia, found.report.iterations) == (inertia, iterations)
    gaps = np.repeat(weights, 2)[::2]
    same(centra.update(points, labels, start, weights=gaps), centra.update(points, labels, start, weights=weights))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("n, d, k", SHAPES)
def test_layouts(data, layout, n, d, k):
    points, start = data(n, d, k)
    laid = LAYOUTS[layout](points)
    expected, found = centra.kmeans(points, k, seed=7), centra.kmeans(laid, k, seed=7)
    same(found.centers, expected.centers)
    same(found.labels, expected.labels)
    assert found.inertia == expected.inertia
    same(centra.seed(laid, k, seed=7), centra.seed(points, k, seed=7))
    same(centra.assign(laid, start), centra.assign(points, start))
    same(centra.assign(points, LAYOUTS[layout](start)), centra.assign(points, start))
    same(centra.update(laid, expected.labels, start), centra.update(points, expected.labels, start))
    assert centra.inertia(laid, start, expected.labels) == centra.inertia(points, start, expected.labels)


def narrow(points, dtype):
    """Points around the same means whose coordinates are of the type, bytes from 0 to 255."""
    if dtype != np.uint8:
        return points.astype(dtype)
    low, high = points.min(), points.max()
    return ((points - low) * (255.9 / max(high - low, 1.0))).astype(dtype)


@pytest.mark.parametrize("dtype", NARROW)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("n, d, k", SHAPES)
def test_floats_and_bytes_are_the_same_numbers_as_doubles(data, dtype, layout, n, d, k):
    points = narrow(data(n, d, k)[0], dtype)
    doubles, laid = points.astype(np.float64), LAYOUTS[layout](points)
    start = doubles[-k:] + 0.25
    weights = np.random.default_rng(n).uniform(0.1, 3, n)
    for choices in {"seed": 7}, {"seed": 7, "init": "random", "weights": weights}, {"init": start, "max_iter": 2, "threads": 2}:
        expected, found = centra.kmeans(doubles, k, **choices), centra.kmeans(laid, k, **choices)
        same(found.centers, expected.centers)
        same(found.labels, expected.labels)
        assert (found.inertia, found.report.iterations) == (expected.inertia, expected.report.iterations)
    labels = expected.labels
    for init in "k-means++", "random", "k-means||":
        same(centra.seed(laid, k, init=init, seed=3), centra.seed(doubles, k, init=init, seed=3))
    for call in [
        lambda x: centra.assign(x, start),
        lambda x: centra.assign(x, start, sqdist=True)[1],
        # Centers may be of any type, too.
        lambda x: centra.assign(x, points[-k:]),
        lambda x: centra.update(x, labels, start, weights=weights),
        lambda x: centra.update(x, labels, start, counts=True)[1],
        lambda x: centra.inertia(x, start, labels, weights=weights),
        lambda x: centra.distances(x, start),
        lambda x: centra.transform(x, start),
        lambda x: centra.clusters(x, start, labels, weights=weights).inertias,
        lambda x: centra.clusters(x, start, labels).sizes,
        lambda x: centra.stream.range_of(x, weights=weights),
        lambda x: centra.sweep(x, [1, k], seed=2, max_iter=2).silhouettes,
        lambda x: centra.sweep(x, [1, k], seed=2, max_iter=2).inertias,
    ]:
        same(call(laid), call(doubles))


@pytest.mark.parametrize("dtype", [np.float64, *NARROW])
@pytest.mark.parametrize("layout", ["C", "Fortran", "rows with gaps", "columns with gaps", "every other row", "read-only"])
def test_these_layouts_are_not_copied(data, dtype, layout):
    """The library gets the address of the array's first element, and the function is that of its type."""
    from centra import _call
    from centra._native import ffi, lib

    points = LAYOUTS[layout](narrow(data(50, 4, 1)[0], dtype))
    x = _call.matrix(points)
    assert x.array is points and points.dtype == dtype
    assert int(ffi.cast("uintptr_t", x.pointer)) == points.__array_interface__["data"][0]
    function = {np.float64: lib.centra_fit, np.float32: lib.centra_fit_f32, np.uint8: lib.centra_fit_u8}[dtype]
    assert x.function("centra_fit") == function


# Each with 10,000 points of 200 dimensions, two centers, and zeros for labels.
CALLS = {
    "kmeans": lambda x, c, labels: centra.kmeans(x, 2, max_iter=2),
    "seed": lambda x, c, labels: centra.seed(x, 2),
    "assign": lambda x, c, labels: centra.assign(x, c, sqdist=True),
    "update": lambda x, c, labels: centra.update(x, labels, c),
    "inertia": lambda x, c, labels: centra.inertia(x, c, labels),
    "distances": lambda x, c, labels: centra.distances(x, c),
    "clusters": lambda x, c, labels: centra.clusters(x, c, labels),
    "sweep": lambda x, c, labels: centra.sweep(x, [2], max_iter=1),
    "stream": lambda x, c, labels: centra.stream.fit([x[:5000], x[5000:]], 2, labels=labels, max_iter=2),
}


@pytest.mark.parametrize("dtype", NARROW)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("call", CALLS)
def test_calls_make_no_array_of_the_size_of_the_points(dtype, order, call, tracemalloc):
    """As doubles the points would take 16 MB, and a copy 2 MB at least; labels take 40 KB, distances 80 KB."""
    points = np.random.default_rng(0).integers(0, 256, (10_000, 200)).astype(dtype, order=order)
    centers, labels = points[:2].astype(float), np.zeros(10_000, np.int32)
    # The first call makes what is kept for all.
    CALLS[call](points, centers, labels)
    tracemalloc.start()
    try:
        CALLS[call](points, centers, labels)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_magnitudes_of_floats():
    """The smallest and the largest that there are, and what is refused, with its place."""
    extreme = np.array([[1e-45, 0.0], [3.4e38, -3.4e38], [-0.0, 1e-45], [3.3e38, -3.3e38]], np.float32)
    found, expected = centra.kmeans(extreme, 2), centra.kmeans(extreme.astype(float), 2)
    same(found.centers, expected.centers)
    assert found.inertia == expected.inertia
    for bad, said in (np.nan, "NaN"), (np.inf, "infinity"):
        extreme[2, 1] = bad
        for call in [lambda: centra.kmeans(extreme, 2), lambda: centra.assign(extreme, [[0.0, 0.0]])]:
            with pytest.raises(ValueError, match=f"points: {said} at row 2, dimension 1"):
                call()


@pytest.mark.parametrize("dtype", [np.float16, np.int64, np.int8, np.uint16, bool])
def test_types_are_converted(data, dtype):
    points = (10 * data(100, 3, 4)[0]).astype(dtype)
    same(centra.kmeans(points, 4).centers, centra.kmeans(points.astype(np.float64), 4).centers)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.uint64])
def test_label_types(data, dtype):
    points, start = data(100, 3, 4)
    labels = centra.assign(points, start)
    same(centra.update(points, labels.astype(dtype), start), centra.update(points, labels, start))


def test_frames(data):
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    points, start = data(100, 3, 4)
    for dtype in np.float64, *NARROW:
        points = narrow(points, dtype)
        for frame in pandas.DataFrame(points), polars.DataFrame(points):
            same(centra.assign(frame, start), centra.assign(points, start))


@pytest.mark.parametrize("n", [0, 1, 2, 9])
def test_fewer_points_than_centers(data, n):
    points, start = data(200, 3, 10)
    labels, sqdist = centra.assign(points[:n], start, sqdist=True)
    expected = centra.assign(points, start, sqdist=True)
    same(labels, expected[0][:n])
    same(sqdist, expected[1][:n])
    assert centra.inertia(points[:n], start, labels) == reference.inertia(points[:n], start, labels)
    for order in np.ascontiguousarray, np.asfortranarray:
        same(centra.assign(order(points[:n]), start), labels)
        means, counts = centra.update(order(points[:n]), labels, start, empty="keep", counts=True)
        same(counts, np.bincount(labels, minlength=10))
        same(means[counts == 0], start[counts == 0])
    weights = np.arange(1.0, n + 1)
    assert centra.inertia(points[:n], start, labels, weights=weights) == pytest.approx(weights @ sqdist)


def test_no_points():
    nothing, centers = np.empty((0, 2)), np.array([[1.0, 2.0], [3.0, 4.0]])
    for weights in None, [], np.empty(0):
        assert centra.inertia(nothing, centers, [], weights=weights) == 0
        for empty in "relocate", "keep":
            means, counts = centra.update(nothing, [], centers, weights=weights, empty=empty, counts=True)
            same(means, centers)
            assert counts.tolist() == [0, 0]
        with pytest.raises(ValueError, match="cluster 0 has no point"):
            centra.update(nothing, [], centers, weights=weights, empty="error")


def test_one_point_is_not_made_many(tracemalloc):
    """Labelling one point by many centers allocates nothing of their size in Python."""
    centers = np.random.default_rng(0).standard_normal((20_000, 64))
    point = centers[12_345:12_346] + 1e-9
    tracemalloc.start()
    try:
        labels = centra.assign(point, centers)
        assert centra.inertia(point, centers, labels) < 1e-12
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
    assert labels.tolist() == [12_345]


def test_arguments_are_not_written_to(data):
    points, start = data(100, 3, 4)
    labels = centra.assign(points, start)
    before = [x.copy() for x in (points, start, labels)]
    centra.kmeans(points, 4, init=start)
    centra.update(points, labels, start)
    for x, y in reference.together((points, start, labels), before):
        same(x, y)


def test_update_keeps_and_counts():
    points, labels = np.array([[0.0], [1.0], [5.0]]), [0, 0, 2]
    means, counts = centra.update(points, labels, [[9.0], [8.0], [7.0]], empty="keep", counts=True)
    assert means.tolist() == [[0.5], [8.0], [5.0]] and counts.tolist() == [2, 0, 1]
    relocated, counts = centra.update(points, labels, [[9.0], [8.0], [7.0]], counts=True)
    assert relocated.tolist() == [[1.0], [0.0], [5.0]] and counts.tolist() == [1, 1, 1]


def test_restarts_and_seeds(data):
    points, _ = data(300, 2, 8)
    one = [centra.kmeans(points, 8, seed=s, init="random").inertia for s in range(5)]
    assert len(set(one)) > 1
    assert centra.kmeans(points, 8, seed=0, init="random", n_init=20).inertia <= one[0]
    same(centra.kmeans(points, 8, seed=2**64 - 1, max_iter=0).centers, centra.seed(points, 8, seed=2**64 - 1))


def test_starts_differ(data):
    points, _ = data(3000, 2, 8)
    starts = {init: centra.seed(points, 8, init=init) for init in ("k-means++", "random", "k-means||")}
    assert len({start.tobytes() for start in starts.values()}) == 3
    for init, start in starts.items():
        same(centra.kmeans(points, 8, init=init, max_iter=0).centers, start)
        assert all((points == center).all(axis=1).any() for center in start)


def test_reports_are_filled(data):
    points, _ = data(3000, 2, 10)
    report = centra.kmeans(points, 10).report
    assert report.threads >= 1 and report.iterations > 1 and report.distances > 3000 and report.workspace_bytes > 3000
    assert min(report.seconds_scan, report.seconds_seed, report.seconds_assign, report.seconds_update) > 0
    assert (report.empty_clusters, report.moved) == (0, 0)


def test_reasons_to_stop(data):
    points, start = data(3000, 2, 10)
    assert centra.kmeans(points, 10, init=start).report.stopped_by == "converged"
    assert centra.kmeans(points, 10, init=start, max_iter=2).report.stopped_by == "max_iter"
    assert centra.kmeans(points, 10, init=start, tol=0.1).report.stopped_by == "tolerance"


def test_callback_sees_and_stops(data):
    points, start = data(3000, 2, 10)
    seen = []

    def stop_after_three(progress):
        seen.append(progress)
        return progress.iteration == 3

    found = centra.kmeans(points, 10, init=start, callback=stop_after_three)
    assert [p.iteration for p in seen] == [1, 2, 3] and all(p.moved > 0 < p.shift for p in seen)
    assert found.report.stopped_by == "callback"
    same(found.centers, centra.kmeans(points, 10, init=start, max_iter=3).centers)


def test_callback_raises(data):
    points, start = data(3000, 2, 10)
    calls = []

    def fail(progress):
        calls.append(progress)
        raise LookupError("from the callback")

    with pytest.raises(LookupError, match="from the callback"):
        centra.kmeans(points, 10, init=start, callback=fail)
    assert len(calls) == 1


def test_callback_runs_on_the_thread_that_called(data):
    points, start = data(3000, 2, 10)
    seen = set()

    def fit():
        centra.kmeans(points, 10, init=start, callback=lambda _: seen.add(threading.get_ident()) and None)

    fit()
    assert seen == {threading.get_ident()}
    other = threading.Thread(target=fit)
    other.start()
    other.join()
    assert len(seen) == 2


def test_fit_within_a_fit(data):
    points, start = data(300, 2, 4)
    inner = []
    outer = centra.kmeans(points, 4, init=start, callback=lambda _: inner.append(centra.kmeans(points, 4, init=start)) and False)
    assert inner
    for result in inner:
        same(result.centers, outer.centers)


def test_progress_bar(data, capsys):
    points, start = data(300, 2, 4)
    shown = centra.kmeans(points, 4, init=start, verbose=1)
    printed = capsys.readouterr()
    assert "kmeans" in printed.err and not printed.out
    same(shown.centers, centra.kmeans(points, 4, init=start).centers)
    assert capsys.readouterr().err == ""


def test_progress_lines_without_tqdm(data, capsys, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    points, start = data(300, 2, 4)
    report = centra.kmeans(points, 4, init=start, verbose=1).report
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1] == f"kmeans: {report.iterations} iterations, restart=0, moved=0"


@pytest.mark.parametrize("callback", [None, lambda progress: None])
@pytest.mark.parametrize("without_tqdm", [False, True])
def test_progress_is_drawn_at_most_ten_times_a_second(data, capsys, monkeypatch, callback, without_tqdm):
    """Besides once at the beginning and once at the end, however many iterations there are."""
    import sys
    import time

    if without_tqdm:
        monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    else:
        pytest.importorskip("tqdm")
    points, _ = data(100, 2, 8)
    begin = time.perf_counter()
    centra.kmeans(points, 8, init="random", n_init=5000, verbose=1, callback=callback)
    seconds = time.perf_counter() - begin
    printed = capsys.readouterr().err
    drawn = printed.count("\n" if without_tqdm else "\r")
    assert 0 < drawn <= 10 * seconds + 2


def test_other_threads_run_meanwhile(data):
    """The interpreter's lock is released during a call: another thread runs Python meanwhile."""
    points, start = data(400_000, 16, 200)
    worked, done = [], threading.Event()

    def work():
        while not done.wait(0.001):
            worked.append(1)

    other = threading.Thread(target=work)
    other.start()
    before = len(worked)
    centra.assign(points, start, threads=1)
    during = len(worked) - before
    done.set()
    other.join()
    # With the lock held the other thread could have run at the beginning and at the end of the call only.
    assert during > 5


def test_many_python_threads(data):
    points, start = data(3000, 3, 8)
    expected = centra.kmeans(points, 8, init=start)
    results = [None] * 8

    def fit(i):
        results[i] = centra.kmeans(points, 8, init=start, threads=i % 3)

    fitting = [threading.Thread(target=fit, args=(i,)) for i in range(8)]
    for thread in fitting:
        thread.start()
    for thread in fitting:
        thread.join()
    for found in results:
        same(found.centers, expected.centers)
        same(found.labels, expected.labels)


def test_repeated_calls_do_not_leak(data, tracemalloc):
    """Memory that Python sees does not grow with the number of calls."""
    points, start = data(500, 2, 4)
    centra.kmeans(points, 4, init=start)
    tracemalloc.start()
    centra.kmeans(points, 4, init=start)
    first = tracemalloc.get_traced_memory()[0]
    for _ in range(200):
        centra.kmeans(points, 4, init=start)
    grown = tracemalloc.get_traced_memory()[0] - first
    tracemalloc.stop()
    assert grown < 10_000  # 200 callbacks would be more


SEEDS = {
    "Generator": lambda: np.random.default_rng(3),
    "RandomState": lambda: np.random.RandomState(3),
}


@pytest.mark.parametrize("kind", SEEDS)
def test_seeds_from_generators(data, kind):
    """A generator gives a seed, another one each time; an equal generator gives the same ones."""
    points, _ = data(300, 2, 8)
    one, other = SEEDS[kind](), SEEDS[kind]()
    draws = [centra.seed(points, 8, seed=one) for _ in range(3)]
    assert len({draw.tobytes() for draw in draws}) == 3
    same(centra.kmeans(points, 8, seed=other, max_iter=0).centers, draws[0])
    same(centra.sweep(points, [8], seed=other, max_iter=0).clusterings[0].centers, draws[1])
    parallel = [centra.seed(points, 8, seed=SEEDS[kind](), init="k-means||") for _ in range(2)]
    same(*parallel)
    same(centra.stream.fit([points], 8, seed=SEEDS[kind](), max_iter=0).centers, parallel[0])


def test_no_seed_is_another_one_each_time(data):
    points, _ = data(300, 2, 8)
    assert len({centra.seed(points, 8, seed=None).tobytes() for _ in range(5)}) > 1
    assert centra.kmeans(points, 8, seed=None).centers.shape == (8, 2)


def test_results_are_shown_in_a_line(data):
    points, _ = data(3000, 2, 40)
    labels = np.empty(3000, np.int32)
    for result in [
        centra.kmeans(points, 40),
        centra.kmeans(points, 40).report,
        centra.sweep(points, range(1, 41), max_iter=1),
        centra.stream.fit([points], 40, labels=labels),
        centra.stream.Drawn(points, 3000),
    ]:
        assert type(result).__name__ in repr(result) and len(repr(result)) < 250 and "\n" not in repr(result)
    assert repr(centra.kmeans(points, 40)).startswith("Clustering(n=3000, d=2, k=40, inertia=")
