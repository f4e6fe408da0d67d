"""Long runs on real data: colors of a photograph, handwritten digits, a million pieces of pictures.

    python long_runs.py            # all three, some minutes
    python long_runs.py digits     # one of: astronaut, digits, patches
    python long_runs.py --quick    # a part of the data, in seconds, to see that it runs

Prints a table. scikit-learn fits the same data from the same start until no label changes, and the labels are compared; so are
centra's results on one thread and on all, bit for bit. It needs scikit-learn and scikit-image, which have the data.
"""

import sys
import time

import numpy as np
import skimage.data
import sklearn.cluster
from sklearn.datasets import load_digits

import centra


def astronaut():
    """The 262,144 pixels of a photograph, in 64 colors."""
    return skimage.data.astronaut().reshape(-1, 3), 64


def digits():
    """1,797 handwritten digits of 8 x 8 pixels."""
    return load_digits().data, 10


def patches():
    """A million pieces of 4 x 4 pixels of five pictures, drawn at random, as for a visual vocabulary."""
    pictures = [getattr(skimage.data, name)() for name in ("camera", "moon", "brick", "grass", "gravel")]
    windows = [np.lib.stride_tricks.sliding_window_view(picture, (4, 4)).reshape(-1, 16) for picture in pictures]
    pieces = np.concatenate(windows)
    return pieces[np.random.default_rng(0).permutation(len(pieces))[:1_000_000]], 100


def run(name, points, k, max_iter):
    points = points.astype(float)
    # Points of integers can be exactly as far from two centers of integers. centra takes the center with the lower index; for
    # scikit-learn rounding decides, as it subtracts the mean first. After one iteration there are no such ties.
    start = centra.kmeans(points, k, max_iter=1).centers
    begin = time.perf_counter()
    found = centra.kmeans(points, k, init=start, max_iter=max_iter)
    ours = time.perf_counter() - begin
    one = centra.kmeans(points, k, init=start, max_iter=max_iter, threads=1)
    assert one.centers.tobytes() == found.centers.tobytes() and one.labels.tobytes() == found.labels.tobytes()
    begin = time.perf_counter()
    model = sklearn.cluster.KMeans(k, init=start, max_iter=max_iter, tol=0).fit(points)
    theirs = time.perf_counter() - begin
    agree = np.mean(model.labels_ == found.labels)
    report = found.report
    proven = 1 - report.rechecked / (len(points) * (report.iterations + 1))
    cells = [
        name,
        f"{len(points):,} × {points.shape[1]}, k = {k}",
        f"{report.iterations}, {report.stopped_by}",
        f"{found.inertia:.10g}",
        f"{ours:.3g} s",
        f"{theirs:.3g} s",
        f"{theirs / ours:.1f} ×",
        f"{100 * agree:.3f} %",
        f"{100 * proven:.2f} %",
    ]
    return "| " + " | ".join(cells) + " |"


def main(words):
    quick = "--quick" in words
    chosen = [word for word in words if word != "--quick"] or ["astronaut", "digits", "patches"]
    print("| data | shape | iterations | inertia | centra | scikit-learn | ratio | same labels | labels proven cheaply |")
    print("|---|---|---|---:|---:|---:|---:|---:|---:|")
    for name in chosen:
        points, k = globals()[name]()
        points, max_iter = (points[::50], 5) if quick else (points, 10_000)
        print(run(name, points, k, max_iter), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
