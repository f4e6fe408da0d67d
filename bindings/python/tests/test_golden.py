"""What the package finds for the inputs of tests/data/golden.txt is what stands there, to the last bit."""

from itertools import accumulate
from pathlib import Path

import numpy as np
import pytest
from test_functions import same

import centra

GOLDEN = Path(__file__).parents[3] / "tests" / "data" / "golden.txt"
TYPES = {"f64": (np.uint64, np.float64), "f32": (np.uint32, np.float32), "u8": (np.uint8, np.uint8)}
INIT = {0: "k-means++", 1: "random", 3: "k-means||"}


def read():
    """The cases: dictionaries of what the file names."""
    words = iter([word for line in GOLDEN.read_text().splitlines() if not line.startswith("#") for word in line.split()])

    def number(name):
        assert next(words) == name
        return int(next(words))

    def bits(name, kind, *shape):
        assert next(words) == name
        integers, numbers = TYPES[kind]
        return np.array([int(next(words), 16) for _ in range(np.prod(shape))], integers).view(numbers).reshape(shape)

    while next(words) == "case":
        case = {"name": next(words)}
        assert next(words) == "type"
        kind = next(words)
        n, d, k = number("n"), number("d"), number("k")
        case["init"], case["seed"] = INIT[number("init")], number("seed")
        weighted = number("weighted")
        ends = list(accumulate([int(next(words)) for _ in range(number("chunks"))], initial=0))
        case["chunks"] = [slice(*ends) for ends in zip(ends, ends[1:])]
        case["points"] = bits("points", kind, n, d)
        case["weights"] = bits("weights", "f64", n) if weighted else None
        case["start"] = bits("start", "f64", k, d)
        assert next(words) == "labels"
        case["labels"] = np.array([int(next(words)) for _ in range(n)], np.int32)
        case["centers"] = bits("centers", "f64", k, d)
        case["inertia"] = bits("inertia", "f64", 1)[0]
        case["iterations"] = number("iterations")
        yield case


CASES = list(read())


def test_all_cases():
    assert len(CASES) == 8


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_golden(case):
    points, weights, start = case["points"], case["weights"], case["start"]
    k = len(start)
    seed, init = case["seed"], case["init"]
    same(centra.seed(points, k, init=init, weights=weights, seed=seed), start)
    found = [centra.kmeans(points, k, init=init, weights=weights, seed=seed, threads=threads) for threads in (1, 2)]
    found += [centra.kmeans(points, k, init=start, weights=weights, threads=threads) for threads in (1, 2)]
    labels = np.zeros(len(points), np.int32)
    chunks = [points[chunk] for chunk in case["chunks"]]
    chunked = None if weights is None else [weights[chunk] for chunk in case["chunks"]]
    streamed = centra.stream.fit(chunks, k, init=start, weights=chunked, labels=labels)
    same(labels, case["labels"])
    for result in [*found, streamed]:
        same(result.centers, case["centers"])
        same(result.labels, case["labels"])
        same(result.inertia, case["inertia"])
        assert result.report.iterations == case["iterations"]
