"""A slow reference: squared distances lane by lane, and every sum in exact integers."""

import numpy as np


def together(*sequences):
    """zip, which on Python 3.9 does not say itself that the lengths differ."""
    assert len({len(s) for s in sequences}) == 1, [len(s) for s in sequences]
    return zip(*sequences)


def whole(x):
    """A double in units of 2**-1074."""
    numerator, denominator = float(x).as_integer_ratio()
    return numerator * ((1 << 1074) // denominator)


def weighted_sum(values, weights):
    """The exact sum of the exact products, in units of 2**-2148."""
    if weights is None:
        return sum(map(whole, values)) << 1074
    return sum(whole(w) * whole(x) for w, x in together(weights, values))


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
    """Means; empty clusters keep their center. A quotient of exact integers is rounded once."""
    centers = centers.copy()
    for j in range(len(centers)):
        members = labels == j
        own = None if weights is None else weights[members]
        total = int(np.count_nonzero(members)) << 1074 if own is None else sum(map(whole, own))
        if total > 0:
            centers[j] = [weighted_sum(x, own) / (total << 1074) for x in points[members].T]
    return centers


def relocate(points, labels, centers):
    """Empty clusters, in order, take the points farthest from their center, except a cluster's last one and those on a center."""
    labels, members = labels.copy(), np.bincount(labels, minlength=len(centers))
    distances = squared(points, centers[labels].T)
    empty = iter(np.flatnonzero(members == 0))
    for p in np.argsort(-distances, kind="stable"):
        if distances[p] > 0 and members[labels[p]] > 1 and (j := next(empty, None)) is not None:
            members[labels[p]] -= 1
            labels[p] = j
    return labels


def inertia(points, centers, labels, weights=None):
    terms = [squared(points[p : p + 1], centers[label])[0] for p, label in enumerate(labels)]
    return weighted_sum(terms, weights) / (1 << 2148)


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
