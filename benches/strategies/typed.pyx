# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Cython: the loops of Numba's version with types, compiled by the C compiler."""

import numpy as np

from libc.math cimport INFINITY


def prepare(points, start):
    return points, start


def assign(const double[:, ::1] points, const double[:, ::1] centers):
    cdef Py_ssize_t n = points.shape[0], d = points.shape[1], k = centers.shape[0], p, j, i
    cdef double least, distance, t
    labels = np.empty(n, np.int32)
    cdef int[::1] out = labels
    cdef int nearest
    for p in range(n):
        nearest, least = 0, INFINITY
        for j in range(k):
            distance = 0
            for i in range(d):
                t = points[p, i] - centers[j, i]
                distance += t * t
            if distance < least:
                nearest, least = <int> j, distance
        out[p] = nearest
    return labels


def update(const double[:, ::1] points, const int[::1] labels, const double[:, ::1] centers):
    cdef Py_ssize_t n = points.shape[0], d = points.shape[1], k = centers.shape[0], p, j, i
    moved = np.zeros((k, d))
    cdef double[:, ::1] sums = moved
    cdef long long[::1] counts = np.zeros(k, np.longlong)
    for p in range(n):
        counts[labels[p]] += 1
        for i in range(d):
            sums[labels[p], i] += points[p, i]
    for j in range(k):
        for i in range(d):
            sums[j, i] = sums[j, i] / counts[j] if counts[j] > 0 else centers[j, i]
    return moved


def same(const int[::1] a, const int[::1] b):
    cdef Py_ssize_t p
    for p in range(a.shape[0]):
        if a[p] != b[p]:
            return False
    return True
