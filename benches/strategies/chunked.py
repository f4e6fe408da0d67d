"""Dask: chunks of an array, on all cores; what NumPy's version does, chunk by chunk."""

import arrays
import dask
import dask.array as da
import numpy as np


def prepare(points, start):
    chunks = max(1000, -(-len(points) // (4 * dask.system.CPU_COUNT)))
    return da.from_array(points, chunks=(chunks, points.shape[1])).persist(), start


def assign(points, centers):
    labels = points.map_blocks(arrays.assign, centers, dtype=np.intp, drop_axis=1)
    return labels.persist()


def update(points, labels, centers):
    @dask.delayed
    def sums(part, own):
        k = len(centers)
        columns = [np.bincount(own, column, k) for column in part.T]
        return np.column_stack([np.bincount(own, minlength=k), *columns])

    parts = zip(points.to_delayed().ravel(), labels.to_delayed().ravel(), strict=True)
    total = sum(dask.compute(*[sums(part, own) for part, own in parts]))
    counts = total[:, :1]
    return np.where(counts > 0, total[:, 1:] / np.maximum(counts, 1), centers)


def same(a, b):
    return bool((a == b).all().compute())
