"""The answer, the slow way: squared distances lane by lane, exact sums by math.fsum."""

import math

import numpy as np


def squared(points, center):
    """The squared distance as the library defines it: eight partial sums, added in a fixed tree."""
    lanes = np.zeros((8, len(points)))
    for i in range(points.shape[1]):
        t = points[:, i] - center[i]
        lanes[i % 8] += t * t
    a = lanes[:4] + lanes[4:]
    b = a[:2] + a[2:]
    return b[0] + b[1]


def assign(points, centers):
    distances = np.array([squared(points, center) for center in centers])
    labels = distances.argmin(axis=0).astype(np.int32)
    return labels, distances[labels, np.arange(len(points))]


def update(points, labels, centers, weights=None):
    """Means; empty clusters keep their center."""
    centers = centers.copy()
    for j in range(len(centers)):
        members = labels == j
        if weights is None:
            total = np.count_nonzero(members)
            terms = points[members]
        else:
            total = math.fsum(weights[members])
            terms = points[members] * weights[members, None]
        if total > 0:
            centers[j] = [math.fsum(terms[:, i]) / total for i in range(points.shape[1])]
    return centers


def inertia(points, centers, labels, weights=None):
    terms = np.array([squared(points[p : p + 1], centers[label])[0] for p, label in enumerate(labels)])
    return math.fsum(terms if weights is None else terms * weights)


def kmeans(points, start, max_iter=300, weights=None):
    """Centers, labels, inertia, iterations; from a start with which no cluster becomes empty."""
    centers = start
    labels = assign(points, centers)[0]
    iterations = 0
    while iterations < max_iter:
        centers = update(points, labels, centers, weights)
        iterations += 1
        before, labels = labels, assign(points, centers)[0]
        if (before == labels).all():
            break
    return centers, labels, inertia(points, centers, labels, weights), iterations
