"""NumPy: all distances at once by broadcasting, means by bincount."""

import numpy as np


def prepare(points, start):
    return points, start


def assign(points, centers):
    distances = ((points[:, None] - centers) ** 2).sum(axis=2)
    return distances.argmin(axis=1)


def update(points, labels, centers):
    k = len(centers)
    counts = np.bincount(labels, minlength=k)
    sums = np.column_stack([np.bincount(labels, column, k) for column in points.T])
    return np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centers)


same = np.array_equal
