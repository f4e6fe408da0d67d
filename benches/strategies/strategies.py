"""Who takes part: each is prepared once for the data, and then fits."""

import importlib
import os
import tempfile
from functools import cached_property

import chunked
import sklearn.cluster
import threadpoolctl
from lloyd import lloyd

import centra

FOREVER = 10**6


class Written:
    """A strategy that brings its own `assign` and `update`, in the loop they share."""

    def __init__(self, name, module, what, most=FOREVER):
        self.name, self.module, self.what = name, module, what
        # Points that it takes in reasonable time.
        self.most = most

    @cached_property
    def code(self):
        return importlib.import_module(self.module)

    def prepare(self, work):
        self.data = self.code.prepare(work.points, work.start)
        self.max_iter = work.max_iter or FOREVER

    def fit(self):
        return lloyd(self.code.assign, self.code.update, self.code.same, *self.data, self.max_iter)


class Compiled(Written):
    """Cython's: compiled when it is first asked for."""

    @cached_property
    def code(self):
        import pyximport

        # By default compilers are asked for code that runs on any machine; the others compile for this one.
        os.environ.setdefault("CFLAGS", "-O3 -march=native")
        pyximport.install(build_dir=tempfile.mkdtemp(prefix="strategies-"), language_level=3)
        return importlib.import_module(self.module)


class ScikitLearn:
    most = FOREVER

    def __init__(self, name, what, threads=None):
        self.name, self.what, self.threads = name, what, threads

    def prepare(self, work):
        self.work = work

    def fit(self):
        work = self.work
        with threadpoolctl.threadpool_limits(self.threads):
            model = sklearn.cluster.KMeans(work.k, init=work.start, n_init=1, max_iter=work.max_iter or FOREVER, tol=0).fit(
                work.points
            )
        # It counts the last look, which changes nothing, as an iteration.
        return model.labels_, model.cluster_centers_, model.n_iter_ - (work.max_iter is None)


class Centra:
    most = FOREVER

    def __init__(self, name, what, threads=None):
        self.name, self.what, self.threads = name, what, threads

    def prepare(self, work):
        self.work = work

    def fit(self):
        work = self.work
        found = centra.kmeans(
            work.points,
            work.k,
            init=work.start,
            max_iter=work.max_iter or FOREVER,
            empty="keep",
            threads=self.threads,
        )
        self.report = found.report
        return found.labels, found.centers, found.report.iterations


class CentraOnDask:
    """The array in the chunks of the strategy "Dask"."""

    most = FOREVER

    def __init__(self, name, what):
        self.name, self.what = name, what

    def prepare(self, work):
        self.work = work
        self.points, self.start = chunked.prepare(work.points, work.start)

    def fit(self):
        work = self.work
        model = centra.dask.KMeans(work.k, init=self.start, max_iter=work.max_iter or FOREVER, empty="keep").fit(self.points)
        return model.labels_.compute(), model.cluster_centers_, model.n_iter_


STRATEGIES = [
    Written("plain Python", "plain", "lists of tuples and loops", most=20_000),
    Written("NumPy", "arrays", "all distances at once by broadcasting, means by `bincount`"),
    Written("k-d tree + pandas", "tree", "SciPy's tree of the centers, means by `groupby`"),
    Compiled("Cython", "typed", "typed loops, `-O3 -march=native`"),
    Written("Numba", "jitted", "plain loops under `njit`"),
    Written("Dask", "chunked", "NumPy's way in chunks, on all cores"),
    ScikitLearn("scikit-learn", "`KMeans`, as it comes: on all cores"),
    ScikitLearn("scikit-learn, 1 thread", "`KMeans` under `threadpool_limits(1)`", threads=1),
    Centra("centra", "`centra.kmeans`, as it comes: on all cores where that pays"),
    Centra("centra, 1 thread", "`centra.kmeans(threads=1)`", threads=1),
    CentraOnDask("centra on Dask", "`centra.dask.KMeans`, on the same chunks as Dask"),
]
CENTRA = "centra"
