"""Runs the Python peers for the driver of `make bench`, one fit for each line it is sent.

A request is a line of words that are separated by tabs; the answer is one line: "ok" and what was asked for, or "error"
and why not.

    version PEER                               name and version
    load POINTS START N D K                    reads both files (raw doubles, row after row)
    fit PEER ITERATIONS THREADS REPEATS        seconds a fit, processor seconds a fit, iterations done
    labels FILE                                writes those of the last fit, as 32-bit integers
    seed SEED THREADS                          seconds of drawing centers by scikit-learn's k-means++
    seeds FILE                                 writes those, as raw doubles
    sample NAME FILE                           writes real data, as raw doubles: how many points, of what dimension

The clock starts when the peer is called and stops when it returns: validation, copies and all.
"""

import functools
import importlib.metadata
import os
import sys
import time
import warnings

# The answers own standard output; whatever a library prints goes to standard error.
answers = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)


class Missing(Exception):
    pass


class ScikitLearn:
    package = "scikit-learn"

    def __init__(self, algorithm):
        from sklearn.cluster import KMeans

        self.kmeans, self.algorithm = KMeans, algorithm

    def prepare(self, data, threads):
        self.data = data

    def fit(self, iterations):
        data = self.data
        model = self.kmeans(
            data.k, init=data.start, n_init=1, max_iter=iterations, tol=0, algorithm=self.algorithm
        ).fit(data.points)
        self.model = model
        return model.n_iter_

    def labels(self):
        return self.model.labels_


class OneDal(ScikitLearn):
    package = "scikit-learn-intelex"

    def __init__(self):
        import daal4py
        from sklearnex.cluster import KMeans

        self.daal4py, self.kmeans, self.algorithm = daal4py, KMeans, "lloyd"

    def prepare(self, data, threads):
        self.data = data
        self.daal4py.daalinit(threads)

    def fit(self, iterations):
        done = super().fit(iterations)
        # Where oneDAL cannot, scikit-learn would have done it in its name.
        if not hasattr(self.model, "_onedal_estimator"):
            raise Missing("it fell back to scikit-learn")
        return done


class Faiss:
    package = "faiss-cpu"

    def __init__(self):
        import faiss

        self.faiss = faiss

    def prepare(self, data, threads):
        self.data = data
        self.faiss.omp_set_num_threads(threads)

    def fit(self, iterations):
        faiss, data = self.faiss, self.data
        self.clustering = clustering = faiss.Clustering(data.d, data.k)
        clustering.niter = iterations
        clustering.min_points_per_centroid = 1
        clustering.max_points_per_centroid = data.n  # no sampling
        faiss.copy_array_to_vector(data.single_start.ravel(), clustering.centroids)
        self.index = faiss.IndexFlatL2(data.d)
        clustering.train(data.single, self.index)
        return clustering.iteration_stats.size()

    def labels(self):
        # Training leaves the final centers in the index.
        return self.index.search(self.data.single, 1)[1].ravel()


class AoclDa:
    package = "aoclda"

    def __init__(self, single):
        from aoclda.clustering import kmeans

        self.kmeans, self.single = kmeans, single

    def prepare(self, data, threads):
        self.k = data.k
        self.points, self.start = (data.single, data.single_start) if self.single else (data.points, data.start)

    def fit(self, iterations):
        self.model = self.kmeans(
            self.k, initialization_method="supplied", C=self.start, n_init=1, max_iter=iterations, tol=0.0, algorithm="lloyd"
        )
        self.model.fit(self.points)
        return self.model.n_iter

    def labels(self):
        # Those that a fit leaves are of the centers before its last update, and predict of this version leaves some unwritten.
        return nearest(self.points, self.model.cluster_centres)


class SuperKMeans:
    package = "superkmeans"

    def __init__(self, quantizer):
        import superkmeans

        self.kmeans, self.quantizer = superkmeans.SuperKMeans, quantizer

    def prepare(self, data, threads):
        self.data, self.points, self.threads = data, data.drawn, threads

    def fit(self, iterations):
        # All points, all the iterations, and no tree of clusters.
        self.model = self.kmeans(
            self.data.k, self.data.d, hierarchical=False, quantizer=self.quantizer, iters=iterations, sampling_fraction=1.0,
            n_threads=self.threads, early_termination=False,
        )  # fmt: skip
        self.centers = self.model.train(self.points)
        return len(self.model.iteration_stats)

    def labels(self):
        return self.model.assign(self.data.single, self.centers)


class Mlpack:
    package = "mlpack"

    def __init__(self, algorithm):
        import mlpack

        self.kmeans, self.algorithm = mlpack.kmeans, algorithm

    def prepare(self, data, threads):
        self.data = data

    def fit(self, iterations):
        data = self.data
        # It does not tell how many iterations it did.
        self.found = self.kmeans(
            input_=data.points, clusters=data.k, initial_centroids=data.start, algorithm=self.algorithm,
            max_iterations=iterations, labels_only=True, copy_all_inputs=False,
        )
        return 0

    def labels(self):
        return np.asarray(self.found["output"]).ravel()


class Numba:
    package = "numba"

    def __init__(self):
        import numba

        self.lloyd = numba.njit(lloyd)

    def prepare(self, data, threads):
        self.data = data

    def fit(self, iterations):
        data = self.data
        self.last, _, done = self.lloyd(data.points, data.start.copy(), iterations)
        return done

    def labels(self):
        return self.last


def lloyd(points, centers, most):
    """What one writes for numba.njit: plain loops, one pass over the points an iteration."""
    n, d = points.shape
    k = centers.shape[0]
    labels = np.full(n, -1, np.int32)
    sums, counts = np.zeros((k, d)), np.zeros(k, np.int64)
    done = 0
    while True:
        sums[:] = 0.0
        counts[:] = 0
        moved = 0
        for p in range(n):
            least, label = np.inf, 0
            for j in range(k):
                s = 0.0
                for i in range(d):
                    t = points[p, i] - centers[j, i]
                    s += t * t
                if s < least:
                    least, label = s, j
            moved += labels[p] != label
            labels[p] = label
            counts[label] += 1
            for i in range(d):
                sums[label, i] += points[p, i]
        if done == most or moved == 0:
            return labels, centers, done
        for j in range(k):
            if counts[j] > 0:
                for i in range(d):
                    centers[j, i] = sums[j, i] / counts[j]
        done += 1


class Data:
    def __init__(self, points, start, n, d, k):
        self.n, self.d, self.k = n, d, k
        self.points = np.fromfile(points).reshape(n, d)
        self.start = np.fromfile(start).reshape(k, d)

    @functools.cached_property
    def single(self):
        return self.points.astype("float32")

    @functools.cached_property
    def single_start(self):
        return self.start.astype("float32")

    @functools.cached_property
    def drawn(self):
        """The points as floats, in such an order that SuperKMeans, which takes no start but draws rows, draws the start."""
        if not np.array_equal(self.points[-self.k :], self.start):
            raise Missing("its start can only be points")
        rows = shuffled(self.n)[: self.k]
        points = np.empty_like(self.single)
        points[rows] = self.single[-self.k :]
        points[np.setdiff1d(np.arange(self.n), rows)] = self.single[: -self.k]
        return points


def nearest(points, centers):
    halves = (centers * centers).sum(axis=1) / 2
    blocks = np.array_split(points, len(points) // 4096 + 1)
    return np.concatenate([np.argmin(halves - block @ centers.T, axis=1) for block in blocks])


def shuffled(n):
    """0 to n - 1 as std::shuffle of GCC's library leaves them with std::mt19937(42): SuperKMeans draws the first k so."""
    generator = np.random.MT19937()
    generator._legacy_seeding(42)

    def words():
        while True:
            yield from generator.random_raw(1 << 16).tolist()

    words, rows = words(), list(range(n))

    def below(bound):
        while True:
            product = next(words) * bound
            low = product % 2**32
            if low >= bound or low >= (2**32 - bound) % bound:
                return product >> 32

    def swap(i, j):
        rows[i], rows[j] = rows[j], rows[i]

    if n * n >= 2**32:
        for i in range(1, n):
            swap(i, below(i + 1))
        return np.array(rows)
    # Few points: two numbers from one word.
    if n % 2 == 0:
        swap(1, below(2))
    for i in range(2 - n % 2, n, 2):
        first, second = divmod(below((i + 1) * (i + 2)), i + 2)
        swap(i, first)
        swap(i + 1, second)
    return np.array(rows)


PEERS = {
    "sklearn_lloyd": lambda: ScikitLearn("lloyd"),
    "sklearn_elkan": lambda: ScikitLearn("elkan"),
    "onedal": OneDal,
    "aocl": lambda: AoclDa(single=False),
    "aocl_f32": lambda: AoclDa(single=True),
    "faiss": Faiss,
    "superkmeans_f32": lambda: SuperKMeans("f32"),
    "superkmeans_sq8": lambda: SuperKMeans("sq8"),
    "superkmeans_lvq4": lambda: SuperKMeans("lvq4"),
    "superkmeans_rabitq": lambda: SuperKMeans("rabitq"),
    "numba": Numba,
    "mlpack_naive": lambda: Mlpack("naive"),
    "mlpack_hamerly": lambda: Mlpack("hamerly"),
}
ready, last, data, drawn = {}, None, None, None


def version(name):
    ready[name] = PEERS[name]()
    package = ready[name].package
    return [f"{package} {importlib.metadata.version(package)}"]


def load(points, start, n, d, k):
    global data
    data = Data(points, start, int(n), int(d), int(k))
    return []


def fit(name, iterations, threads, repeats):
    global last
    last = ready[name]
    last.prepare(data, int(threads))
    iterations, repeats = int(iterations), int(repeats)
    with threadpoolctl.threadpool_limits(int(threads)):
        wall, processor = time.perf_counter(), time.process_time()
        for _ in range(repeats):
            done = last.fit(iterations)
        processor, wall = time.process_time() - processor, time.perf_counter() - wall
    return [repr(wall / repeats), repr(processor / repeats), str(done)]


def labels(file):
    last.labels().astype(np.int32).tofile(file)
    return []


def seed(number, threads):
    global drawn
    from sklearn.cluster import kmeans_plusplus

    with threadpoolctl.threadpool_limits(int(threads)):
        wall = time.perf_counter()
        drawn, _ = kmeans_plusplus(data.points, data.k, random_state=int(number))
        wall = time.perf_counter() - wall
    return [repr(wall)]


def seeds(file):
    drawn.tofile(file)
    return []


def photo():
    """The pixels of a photo, a little apart from one another."""
    from skimage.data import astronaut

    pixels = astronaut().reshape(-1, 3).astype(float)
    return pixels + np.random.default_rng(2).normal(0, 1e-3, pixels.shape)


def patches():
    """Squares of 8 x 8 from photos, without their means."""
    from skimage import color, data

    photos = [data.astronaut(), data.coffee(), data.chelsea(), data.camera(), data.coins(), data.moon(), data.page()]
    grey = [color.rgb2gray(photo) if photo.ndim == 3 else photo / 255.0 for photo in photos]
    random = np.random.default_rng(4)
    squares = np.empty((50_000, 64))
    for square in squares:
        photo = grey[random.integers(len(grey))]
        y, x = (random.integers(side - 8) for side in photo.shape)
        square[:] = photo[y : y + 8, x : x + 8].ravel()
    return squares - squares.mean(axis=1, keepdims=True)


def digits():
    from sklearn.datasets import load_digits

    return load_digits().data.astype(float)


SAMPLES = {"photo": photo, "patches": patches, "digits": digits}


def sample(name, file):
    points = SAMPLES[name]()
    points.tofile(file)
    return [str(size) for size in points.shape]


def answer(line):
    request, *words = line.rstrip("\n").split("\t")
    try:
        return ["ok", *REQUESTS[request](*words)]
    except Exception as error:  # a peer may fail in any way, and the others go on
        return ["error", f"{type(error).__name__}: {error}".replace("\t", " ").replace("\n", " ")]


REQUESTS = {"version": version, "load": load, "fit": fit, "labels": labels, "seed": seed, "seeds": seeds, "sample": sample}

if __name__ == "__main__":
    # The time to convergence of one that is asked for fewer iterations is not a mistake to warn of each time.
    warnings.simplefilter("ignore")
    try:
        import numpy as np
        import threadpoolctl
    except ImportError as error:
        print("error", error, sep="\t", file=answers)
        sys.exit(1)
    print("ok", "Python " + sys.version.split()[0], sep="\t", file=answers)
    for line in sys.stdin:
        print(*answer(line), sep="\t", file=answers)
