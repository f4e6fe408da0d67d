"""Plain Python: lists of tuples and loops."""


def prepare(points, start):
    return [tuple(point) for point in points.tolist()], [tuple(center) for center in start.tolist()]


def assign(points, centers):
    labels = []
    for point in points:
        nearest, least = 0, float("inf")
        for j, center in enumerate(centers):
            distance = sum((x - c) ** 2 for x, c in zip(point, center))
            if distance < least:
                nearest, least = j, distance
        labels.append(nearest)
    return labels


def update(points, labels, centers):
    members = [[] for _ in centers]
    for point, label in zip(points, labels):
        members[label].append(point)
    return [tuple(sum(column) / len(own) for column in zip(*own)) if own else center for own, center in zip(members, centers)]


def same(a, b):
    return a == b
