"""Numba: plain loops under njit."""

import numpy as np
from numba import njit


def prepare(points, start):
    return points, start


@njit(cache=False)
def assign(points, centers):
    n, d = points.shape
    labels = np.empty(n, np.int32)
    for p in range(n):
        nearest, least = 0, np.inf
        for j in range(centers.shape[0]):
            distance = 0.0
            for i in range(d):
                t = points[p, i] - centers[j, i]
                distance += t * t
            if distance < least:
                nearest, least = j, distance
        labels[p] = nearest
    return labels


@njit(cache=False)
def update(points, labels, centers):
    n, d = points.shape
    sums = np.zeros(centers.shape)
    counts = np.zeros(centers.shape[0], np.int64)
    for p in range(n):
        counts[labels[p]] += 1
        for i in range(d):
            sums[labels[p], i] += points[p, i]
    for j in range(centers.shape[0]):
        for i in range(d):
            sums[j, i] = sums[j, i] / counts[j] if counts[j] > 0 else centers[j, i]
    return sums


@njit(cache=False)
def same(a, b):
    for p in range(a.shape[0]):
        if a[p] != b[p]:
            return False
    return True
