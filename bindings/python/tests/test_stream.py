"""Chunks, in any number and of any kind, give the bits of `centra.kmeans` for all points in one array."""

import os
import pickle
import re
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from functools import partial, reduce
from pathlib import Path

import numpy as np
import pytest
from reference import together
from test_functions import LAYOUTS, same

import centra
from centra.stream import Drawn, State, Stream, fit, follow, range_of


def cut(rng, n):
    """The ends of chunks, some of which are empty."""
    ends = np.sort(rng.integers(0, n + 1, rng.integers(0, 8)))
    return [0, *ends.tolist(), n]


def pieces(x, ends):
    return [x[a:b] for a, b in zip(ends, ends[1:])]


def some(rng):
    """Points of one of many kinds, a number of clusters, and weights or None."""
    n, d = int(rng.integers(1, 120)), int(rng.integers(1, 18))
    k = int(rng.integers(1, min(n, 12) + 1))
    points = [
        lambda: rng.standard_normal((n, d)),
        lambda: rng.integers(-3, 4, (n, d)).astype(float),
        lambda: 1e9 + rng.standard_normal((n, d)),
        lambda: rng.standard_normal((n, d)) * 10.0 ** rng.integers(-200, 100, (1, d)),
        lambda: np.repeat(rng.uniform(size=(-(-n // 3), d)), 3, axis=0)[:n],
        lambda: rng.standard_normal((n, d)).astype(np.float32),
        lambda: rng.integers(0, 200, (n, d), dtype=np.uint8),
    ][rng.integers(7)]()
    weights = [None, None, rng.uniform(0.1, 3, n), rng.integers(0, 3, n) + (np.arange(n) == 0)][rng.integers(4)]
    return points, k, weights


def equal(found, expected, labels):
    same(found.centers, expected.centers)
    same(labels, expected.labels)
    assert found.inertia == expected.inertia
    report = expected.report
    for name in "stopped_by", "iterations", "empty_clusters", "moved":
        assert getattr(found.report, name) == getattr(report, name), name


@pytest.mark.parametrize("block", range(10))
def test_any_chunks_give_the_fit_of_all_points(block):
    """Hundreds of splits of small inputs, in every layout, from k-means|| and from given centers."""
    layouts = list(LAYOUTS.values())
    for case in range(40):
        rng = np.random.default_rng([block, case])
        points, k, weights = some(rng)
        n = len(points)
        ends = cut(rng, n)
        lay = layouts[rng.integers(len(layouts))]
        # A list without rows has no columns.
        chunks = [lay(piece) if len(piece) else piece for piece in pieces(points, ends)]
        chunked = None if weights is None else pieces(weights, ends)
        init = "k-means||" if rng.integers(2) else points[rng.integers(0, n, k)].astype(float)
        if not isinstance(init, str):
            # Some are so far away that their clusters are empty.
            init[rng.integers(0, 3, k) == 0] += 2 * float(abs(points).max()) + 1
        choices = {
            "init": init,
            "seed": int(rng.integers(1000)),
            "max_iter": int(rng.choice([0, 1, 3, 300])),
            "tol": float(rng.choice([0, 0.01])),
            "empty": str(rng.choice(["relocate", "keep"])),
            "threads": int(rng.integers(1, 3)),
        }
        expected = centra.kmeans(points, k, weights=weights, **choices)
        labels = np.full(n, -7, np.int32)
        distances = np.full(n, np.nan) if rng.integers(2) else None
        equal(fit(chunks, k, weights=chunked, labels=labels, distances=distances, **choices), expected, labels)
        # Without labels only the number of iterations can differ, which is then less.
        unlabelled = fit(lambda chunks=chunks: iter(chunks), k, weights=chunked, **choices)
        if choices["max_iter"] == 300 and choices["tol"] == 0:
            same(unlabelled.centers, expected.centers)
            assert unlabelled.inertia == expected.inertia and unlabelled.labels is None
        assert unlabelled.report.iterations <= expected.report.iterations and unlabelled.report.moved == -(
            unlabelled.report.iterations > 0
        )


@pytest.mark.parametrize("size", [1, 7, 48, 300])
@pytest.mark.parametrize("weighted", [False, True])
def test_empty_clusters_take_the_farthest_points(size, weighted):
    """Centers far away and equal points: clusters are empty at first, and again later."""
    relocated = 0
    for case in range(10):
        rng = np.random.default_rng([size, case])
        points = np.round(rng.standard_normal((300, 3)), 1)
        weights = rng.integers(0, 3, 300) + (np.arange(300) == 0) * 1.0 if weighted else None
        start = np.round(rng.standard_normal((30, 3)), 1)
        start[::2] += 50.0
        expected = centra.kmeans(points, 30, init=start, weights=weights)
        ends, labels = [*range(0, 300, size), 300], np.empty(300, np.int32)
        chunks = pieces(points, ends), pieces(weights, ends) if weighted else None
        equal(fit(chunks[0], 30, init=start, weights=chunks[1], labels=labels), expected, labels)
        same(fit(chunks[0], 30, init=start, weights=chunks[1]).centers, expected.centers)
        kept = centra.kmeans(points, 30, init=start, weights=weights, empty="keep")
        relocated += kept.inertia != expected.inertia
    assert relocated == 10


@pytest.mark.parametrize("n, d, k", [(3000, 3, 8), (20_000, 16, 200)])
def test_larger_chunks(data, n, d, k):
    points, _ = data(n, d, k)
    weights = np.random.default_rng(n).uniform(0, 1, n)
    for chunked in None, weights:
        expected = centra.kmeans(points, k, init="k-means||", seed=5, weights=chunked, max_iter=20)
        for size in n // 3, 1000:
            ends = [*range(0, n, size), n]
            labels = np.empty(n, np.int32)
            chunks = pieces(points, ends), None if chunked is None else pieces(chunked, ends)
            equal(fit(chunks[0], k, weights=chunks[1], seed=5, labels=labels, max_iter=20), expected, labels)


@pytest.mark.parametrize("weighted", [False, True])
def test_chunks_of_several_types(data, weighted):
    """Each chunk is read in its own type; the result is that of the same numbers as doubles."""
    points = np.random.default_rng(2).integers(0, 256, (900, 5))
    weights = np.random.default_rng(1).uniform(0, 2, 900) if weighted else None
    ends = [0, 100, 300, 301, 700, 900]
    types = [np.uint8, np.float32, float, np.uint8, np.int64]
    chunks = [piece.astype(dtype) for piece, dtype in together(pieces(points, ends), types)]
    expected = centra.kmeans(points.astype(float), 7, init="k-means||", seed=4, weights=weights)
    for distances in None, np.empty(900):
        labels = np.empty(900, np.int32)
        chunked = None if weights is None else pieces(weights, ends)
        equal(fit(chunks, 7, seed=4, weights=chunked, labels=labels, distances=distances), expected, labels)


def test_start_of_kmeans(data):
    points, _ = data(3000, 5, 8)
    start = centra.seed(points, 8, init="k-means||", seed=3)
    same(fit([points[:100], points[100:]], 8, seed=3, max_iter=0).centers, start)
    same(centra.kmeans(points, 8, init="k-means||", seed=3, max_iter=0).centers, start)
    assert (start != centra.seed(points, 8, seed=3)).any()


def test_reduced_anyhow_by_threads_and_pickles(data):
    """Chunks in any order, by several threads, what they give joined from the back; streams and states pickled on the way."""
    points, start = data(2000, 4, 6)
    chunks = np.array_split(points, 9)
    firsts = np.cumsum([0, *map(len, chunks[:-1])]).tolist()

    def reduced(work, join):
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(work, chunks))
        while len(found) > 1:
            last = found.pop()
            found[-1] = join(found[-1], last)
        return found[0]

    stream = Stream(2000, 4, 6, reduced(range_of, np.maximum))
    stream = pickle.loads(pickle.dumps(stream))
    assert repr(stream) == "Stream(total=2000, d=4, k=6)"
    centers, state = start, State()
    while state.stopped_by is None:
        sums = reduced(partial(stream.sums, centers=centers), np.add)
        means, counts = stream.means(sums, centers)
        centers, state = stream.step(sums, centers, pickle.loads(pickle.dumps(state)))
        assert counts.sum() == 2000 and (state.stopped_by or (means == centers).all())
    expected = centra.kmeans(points, 6, init=start)
    same(centers, expected.centers)
    assert state.inertia == expected.inertia and state.iterations == expected.report.iterations
    same(stream.step(sums, centers, state)[0], centers)

    candidates, masses, round = np.empty((0, 4)), np.zeros(centra.stream.MASSES, np.int64), 0
    while stream.due(round, candidates, masses):
        masses = reduced(partial(stream.masses, candidates=candidates), np.add)
        drawn = [stream.draw(x, candidates, masses, round, at, seed=9) for x, at in together(chunks, firsts)]
        candidates = stream.extend(candidates, reduce(follow, drawn))
        round += 1
    weights = reduced(partial(stream.weigh, candidates=candidates), np.add)
    assert weights.sum() > 0
    same(stream.choose(candidates, weights, seed=9), centra.seed(points, 6, init="k-means||", seed=9))


def test_a_round_that_draws_too_much_is_dropped():
    stream = Stream(10, 1, 1, range_of(np.arange(10.0).reshape(-1, 1)))
    room = 3 * 1 + 32
    for count in room, room + 1:
        rows = np.zeros((min(count, room), 1))
        assert len(stream.extend(np.ones((2, 1)), Drawn(rows, count))) == (2 + room if count == room else 2)
    half = Drawn(np.zeros((20, 1)), 20)
    assert follow(half, half).number == 40 and len(stream.extend(np.ones((2, 1)), follow(half, half))) == 2


def test_sums_are_added_to_what_is_there(data):
    points, start = data(100, 2, 3)
    stream = Stream(100, 2, 3, range_of(points))
    sums = stream.sums(points[:30], start)
    assert stream.sums(points[30:], start, out=sums) is sums
    # The inertia may be written in other digits, of the same value.
    same(np.delete(sums, range(3, 106)), np.delete(stream.sums(points, start), range(3, 106)))
    assert stream.moved(sums) == -1
    labels = centra.assign(points, start)
    assert stream.moved(stream.sums(points, start, labels=labels, compare=True)) == 0
    assert np.isnan(stream.step(stream.sums(points, start, inertia=False), start, State())[1].inertia)


def test_labels_in_a_file(data, tmp_path):
    points, start = data(500, 3, 4)
    points.tofile(tmp_path / "points")
    mapped = np.memmap(tmp_path / "points", np.float64, "r", shape=(500, 3))
    labels = np.memmap(tmp_path / "labels", np.int32, "w+", shape=500)
    found = fit([mapped[:200], mapped[200:]], 4, init=start, labels=labels)
    assert found.labels is labels
    labels.flush()
    same(np.fromfile(tmp_path / "labels", np.int32), centra.kmeans(points, 4, init=start).labels)


def test_callback_sees_and_stops(data):
    points, start = data(3000, 2, 10)
    chunks = np.array_split(points, 4)
    seen, expected = [], []
    labels = np.empty(3000, np.int32)
    found = fit(chunks, 10, init=start, labels=labels, callback=lambda p: seen.append(p) or p.iteration == 3)
    whole = centra.kmeans(points, 10, init=start, callback=lambda p: expected.append(p) or p.iteration == 3)
    assert seen == expected and len(seen) == 3
    equal(found, whole, labels)
    with pytest.raises(LookupError):
        fit(chunks, 10, init=start, callback=lambda p: {}[p])


def test_progress(data, capsys, monkeypatch):
    points, start = data(300, 2, 4)
    chunks = np.array_split(points, 3)
    fit(chunks, 4, init=start, verbose=1)
    printed = capsys.readouterr()
    assert "kmeans" in printed.err and " chunks" in printed.err and not printed.out
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    report = fit(chunks, 4, init=start, verbose=1).report
    lines = capsys.readouterr().err.splitlines()
    # A pass for the ranges, one for the start, one for each iteration.
    assert lines[-1].startswith(f"kmeans: {3 * (report.iterations + 2)} chunks, iteration={report.iterations}, shift=")


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
def test_control_c_ends_a_fit_between_chunks():
    code = """
        import itertools, numpy, centra
        chunk = numpy.random.default_rng(0).uniform(size=(20_000, 8))
        print("ready", flush=True)
        try:
            centra.stream.fit(lambda: itertools.repeat(chunk), 30)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
    """
    program = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.3)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (out, err) == ("interrupted\n", "")


@pytest.mark.skipif(sys.platform != "linux", reason="address space is limited on Linux")
def test_out_of_core():
    """The example, with a file six times as large as the memory."""
    example = Path(__file__).parents[1] / "examples" / "out_of_core.py"
    done = subprocess.run(
        [sys.executable, str(example), "384", "64"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "384 MiB in 48 chunks, with 64 MiB" in done.stdout and "\n8 clusters " in done.stdout
    assert 0 < int(re.search(r"at most (\d+) MiB", done.stdout)[1]) <= 64
    assert " chunks" in done.stderr


POINTS = np.arange(12.0).reshape(6, 2)
CHUNKS = [POINTS[:2], POINTS[2:2], POINTS[2:]]
STREAM = Stream(6, 2, 2, range_of(POINTS))
SUMS = STREAM.sums(POINTS, POINTS[:2])
FAR = np.array([[0.0, 0.0], [1e9, 0.0]])
FEW = STREAM.sums(POINTS, FAR)


def broken(value):
    chunks = [chunk.copy() for chunk in CHUNKS]
    chunks[2][1, 1] = value
    return chunks


def changing():
    """Chunks that differ in the second pass."""
    passes = iter([CHUNKS, [chunk * 100 for chunk in CHUNKS]])
    return lambda: iter(next(passes))


def shrinking():
    passes = iter([CHUNKS, CHUNKS[:1]])
    return lambda: iter(next(passes))


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: fit(broken(np.nan), 2), "chunk 2: points: NaN at row 1, dimension 1"),
        (lambda: fit(broken(np.inf), 2), "chunk 2: points: .*infinity at row 1, dimension 1"),
        (lambda: fit(broken(1e300), 2), "1e300 in dimension 1 is so large|squared distances could overflow"),
        (lambda: fit(CHUNKS, 7), "k = 7 is more than total = 6"),
        (lambda: fit(CHUNKS, 0), "k = 0"),
        (lambda: fit([], 1), "chunks: there are none"),
        (lambda: fit([POINTS[:0]], 1), "total = 0"),
        (lambda: fit([POINTS, POINTS[:, :1]], 1), "points: chunks of 2 and of 1 dimensions"),
        (lambda: fit(POINTS, 1), "chunk 0: points: a two-dimensional array was expected"),
        (lambda: fit(CHUNKS, 2, init="random"), "init: one of 'k-means\\|\\|' was expected, not 'random'"),
        (lambda: fit(CHUNKS, 3, init=POINTS[:2]), "init: k = 3 centers were expected, not an array"),
        (lambda: fit(CHUNKS, 2, init=POINTS[:2, :1]), r"init: shape \(k, 2\) was expected"),
        (lambda: fit(CHUNKS, 2, init=POINTS[:2] * np.nan), "centers: NaN at row 0, dimension 0"),
        (lambda: fit(CHUNKS, 2, weights=[np.ones(2), np.ones(0)]), "weights: fewer chunks than of points"),
        (lambda: fit(CHUNKS, 2, weights=[np.ones(n) for n in (2, 0, 4, 1)]), "weights: more chunks than of points"),
        (lambda: fit(CHUNKS, 2, weights=[np.ones(2)] * 3), r"chunk 1: weights: shape \(0,\) was expected"),
        (lambda: fit(CHUNKS, 2, weights=[np.ones(2), np.ones(0), -np.ones(4)]), "chunk 2: weights"),
        (lambda: fit(CHUNKS, 2, weights=[np.zeros(2), np.ones(0), np.zeros(4)]), "weights"),
        (lambda: fit(CHUNKS, 2, labels=np.empty(5, np.int32)), r"labels: an array of int32 of shape \(6,\) was expected"),
        (lambda: fit(CHUNKS, 2, labels=np.empty(6)), r"labels: an array of int32 .*, not float64"),
        (lambda: fit(CHUNKS, 2, labels=np.empty(12, np.int32)[::2]), "labels: a contiguous and writable array"),
        (lambda: fit(CHUNKS, 2, labels=np.broadcast_to(np.int32(0), 6)), "labels: a contiguous and writable array"),
        (lambda: fit(CHUNKS, 2, distances=np.empty(5)), "distances: an array of float64"),
        (lambda: fit(CHUNKS, 2, tol=-1.0), "tol"),
        (lambda: fit(CHUNKS, 2, max_iter=-1), "max_iter"),
        (lambda: fit(CHUNKS, 2, seed=2**64), "seed"),
        (lambda: fit(CHUNKS, 2, empty="drop"), "empty: one of 'relocate', 'keep', 'error' was expected"),
        (lambda: fit(CHUNKS, 2, init=[[0, 0], [1e9, 0]], empty="error"), "cluster 1 has no point of positive weight"),
        (lambda: fit(changing(), 2, init=POINTS[:2]), "chunk 0: points: .*row"),
        (lambda: fit(shrinking(), 2, init=POINTS[:2]), "sums: the counts add up to 2, but total = 6"),
        (lambda: Stream(6, 2, 2, range_of(POINTS)[1:]), r"range: an array of int32 of shape \(9,\) was expected"),
        (lambda: Stream(6, 2, 2, -range_of(POINTS)), "range: .* cannot come from any numbers"),
        (lambda: STREAM.sums(POINTS[:, :1], POINTS[:2]), "points: 2 dimensions were expected, as the stream's, not 1"),
        (lambda: STREAM.sums(POINTS, POINTS[:3]), "centers: k = 2 were expected, not 3"),
        (lambda: STREAM.sums(POINTS, POINTS[:2], compare=True), "labels"),
        (lambda: STREAM.sums(POINTS, POINTS[:2], out=SUMS[1:]), "out: an array of int64"),
        (lambda: STREAM.sums(POINTS, POINTS[:2], out=SUMS.copy()), "points: 6 and 6 before do not fit total = 6"),
        (lambda: STREAM.sums(POINTS, POINTS[:2], weights=np.ones(6)), "weights: given, but the range has no"),
        (lambda: STREAM.means(SUMS[:-1], POINTS[:2]), "sums: an array of int64"),
        (lambda: STREAM.step(SUMS * 0, POINTS[:2], State()), "sums: the counts add up to 0"),
        (lambda: STREAM.step(FEW, FAR, State()), "cluster 1 has no point of positive weight, and which are the farthest"),
        (lambda: STREAM.step(FEW, FAR, State(), farthest=np.ones(7, int)), "farthest: 7 elements"),
        (lambda: STREAM.step(FEW, FAR, State(), farthest=np.ones(6, int)), "farthest: "),
        (lambda: STREAM.farthest(POINTS, FAR, FEW, 0, 5), "farthest: 5 elements"),
        (lambda: STREAM.farthest(POINTS, FAR, FEW, 1, 6), "first = 1: 6 points from there on exceed"),
        (lambda: STREAM.farthest(POINTS, POINTS[:2], FEW, 0, 6), "sums: cluster 1 has no point of positive weight, but"),
        (lambda: STREAM.join(np.zeros(6, int), np.zeros(5, int)), r"b: an array of int64 of shape \(6,\)"),
        (lambda: STREAM.join(np.zeros(5, int), np.zeros(5, int)), "length = 5: no multiple of 6"),
        (lambda: STREAM.masses(POINTS, POINTS[:2], distances=np.empty(6), known=3), "known"),
        (lambda: STREAM.draw(POINTS, POINTS[:2], np.zeros(69, int), 0, 1), "first = 1: 6 points from there on exceed"),
        (lambda: STREAM.weigh(POINTS, POINTS[:0]), "candidates"),
        (lambda: STREAM.choose(POINTS, np.full(6, -1)), "weights"),
    ],
)
def test_value_errors_say_what_and_where(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    "choice",
    [{"k": 0.5}, {"seed": -1}, {"tol": np.nan}, {"max_iter": 2**63}, {"empty": "drop"}, {"init": "k-means"}, {"init": [[1]]}],
)
def test_what_is_refused_is_refused_before_the_first_pass(choice):
    with pytest.raises((TypeError, ValueError), match=next(iter(choice))):
        fit(lambda: pytest.fail("chunks were read"), **{"k": 2, **choice})


def test_iterators_are_refused():
    with pytest.raises(TypeError, match="chunks: an iterator can be used once only"):
        fit(iter(CHUNKS), 2)
    with pytest.raises(TypeError, match="weights: an iterator"):
        fit(CHUNKS, 2, weights=(np.ones(len(chunk)) for chunk in CHUNKS))
