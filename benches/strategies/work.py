"""The data of `benches/data/mod.rs`: overlapping Gaussian blobs, and the last k points as the start."""

import numpy as np


class Work:
    def __init__(self, n, d, k, max_iter, spread=16.0):
        self.n, self.d, self.k, self.max_iter = n, d, k, max_iter
        # SplitMix64 is a function of a counter, so that all its numbers are had at once.
        counter = np.arange(1, k * d + n * (1 + 2 * d) + 1, dtype=np.uint64)
        z = np.uint64(2026) + counter * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        uniform = ((z ^ (z >> np.uint64(31))) >> np.uint64(11)) * 2.0**-53
        middles = spread / d**0.5 * uniform[: k * d].reshape(k, d)
        draws = uniform[k * d :].reshape(n, 1 + 2 * d)
        blob = (k * draws[:, 0]).astype(int)
        radius = np.sqrt(-2 * np.log(1 - draws[:, 1::2]))
        self.points = np.ascontiguousarray(middles[blob] + radius * np.cos(2 * np.pi * draws[:, 2::2]))
        self.start = self.points[-k:].copy()

    @property
    def name(self):
        until = "to convergence" if self.max_iter is None else f"{self.max_iter} iterations"
        return f"{self.n:,} × {self.d}, k = {self.k}, {until}"
