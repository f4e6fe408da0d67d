"""Cluster a file that is many times larger than the memory this program may have.

    python out_of_core.py            # a file of 1024 MiB, with 64 MiB of memory
    python out_of_core.py 2048 100   # other sizes

The limit is one of address space, in addition to what the interpreter and its modules take. A mapped file counts, so it is mapped
chunk by chunk. (Without a limit one may map all of it and yield slices: the system keeps as much of it in memory as it likes.)
The labels go to a file, too.
"""

import resource
import sys
import tempfile
from pathlib import Path

import numpy as np

import centra

D, K = 32, 8
MIB = 1 << 20
CHUNK = 8 * MIB // (8 * D)


def address_space():
    """Bytes of address space in use now, and the most that were in use."""
    lines = Path("/proc/self/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    return [int(status[name].split()[0]) << 10 for name in ("VmSize", "VmPeak")]


def write(file, points):
    """Writes points around K means, chunk by chunk."""
    rng = np.random.default_rng(0)
    means = rng.uniform(0, 10, (K, D))
    with open(file, "wb") as out:
        for first in range(0, points, CHUNK):
            n = min(CHUNK, points - first)
            (means[rng.integers(0, K, n)] + rng.standard_normal((n, D))).tofile(out)


def chunks(file):
    """The file's points, a chunk at a time; each is unmapped when the next one comes."""
    points = file.stat().st_size // (8 * D)
    for first in range(0, points, CHUNK):
        shape = min(CHUNK, points - first), D
        yield np.memmap(file, np.float64, "r", offset=8 * D * first, shape=shape)


def main(size, limit):
    points = size * MIB // (8 * D)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "points.f8"
        write(file, points)
        before, _ = address_space()
        # From here on, asking for more is an error.
        resource.setrlimit(resource.RLIMIT_AS, (before + limit * MIB, before + limit * MIB))
        labels = np.memmap(Path(folder) / "labels.i4", np.int32, "w+", shape=points)
        # Each thread takes some memory, too, so there are two, whatever the number of cores.
        found = centra.stream.fit(lambda: chunks(file), K, labels=labels, max_iter=10, threads=2, verbose=1)
        peak = max(0, address_space()[1] - before)
        report = found.report
        pieces = -(-points // CHUNK)
        print(f"{points:,} points of {D} dimensions, {size} MiB in {pieces} chunks, with {limit} MiB")
        print(f"{report.iterations} iterations, {report.stopped_by}, inertia {found.inertia:.10g}")
        print(f"{len(np.unique(labels[:CHUNK]))} clusters in the first chunk")
        print(f"at most {-(-peak // MIB)} MiB were used")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:] or ("1024", "64")))
