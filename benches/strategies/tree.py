"""SciPy's k-d tree finds the nearest centers, pandas groups the points by them."""

import numpy as np
import pandas as pd
from scipy.spatial import KDTree


def prepare(points, start):
    return pd.DataFrame(points), start


def assign(points, centers):
    return KDTree(centers).query(points)[1]


def update(points, labels, centers):
    means = points.groupby(labels).mean()
    moved = centers.copy()
    moved[means.index] = means
    return moved


same = np.array_equal
