"""The loop that all strategies but the finished libraries share, and the strategies: two functions each.

`assign(points, centers)` labels each point by its nearest center, `update(points, labels, centers)` moves centers to the means of
their points; an empty cluster keeps its center. What differs is how they are written.
"""


def lloyd(assign, update, same, points, centers, max_iter):
    """Labels, centers and the number of iterations. The lines are apart so that a line profiler can tell them apart."""
    labels = assign(points, centers)
    iterations = 0
    while iterations < max_iter:
        centers = update(points, labels, centers)
        iterations += 1
        before = labels
        labels = assign(points, centers)
        if same(labels, before):
            break
    return labels, centers, iterations
