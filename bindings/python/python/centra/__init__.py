"""Exact k-means with one answer, bit for bit, for any number of threads and any processor.

Functions on NumPy arrays: `kmeans`, `kmeans_many`, `assign`, `update`, `seed`, `inertia`, `distances`, `transform`, `clusters`.
`centra.stream` clusters points that do not fit into memory. With scikit-learn installed, `centra.KMeans` has the interface of
its `KMeans`; with Dask, `centra.dask.KMeans` clusters its arrays. With matplotlib installed, `centra.plot` draws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _threads, stream
from ._functions import Clustering, Report, assign, inertia, kmeans, seed, update
from ._many import GroupedClustering, kmeans_many
from ._native import ffi as _ffi
from ._native import lib as _lib
from ._pairs import Clusters, clusters, distances, transform
from ._progress import Progress
from ._sweep import Sweep, sweep

if TYPE_CHECKING:
    from . import dask as dask
    from . import plot as plot
    from ._estimator import KMeans as KMeans

__all__ = [
    "Clustering",
    "Clusters",
    "GroupedClustering",
    "KMeans",
    "Progress",
    "Report",
    "Sweep",
    "assign",
    "clusters",
    "dask",
    "distances",
    "inertia",
    "isa",
    "kmeans",
    "kmeans_many",
    "plot",
    "seed",
    "stream",
    "sweep",
    "transform",
    "update",
]
__version__: str = _ffi.string(_lib.centra_version()).decode()

_threads.register()
_threads.check_environment()


def isa() -> str:
    """Name the instruction set in use: 'amx', 'avx512', 'avx2', 'neon' or 'portable'.

    It is the best of the processor, unless the environment variable ``CENTRA_ISA``, read at the first call, names a lower one.
    Results do not depend on it.
    """
    return _ffi.string(_lib.centra_isa()).decode()


def __getattr__(name: str) -> Any:
    # scikit-learn, Dask and matplotlib are optional and slow to import, so they are imported at the first use.
    if name == "KMeans":
        try:
            from ._estimator import KMeans
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(f"centra.KMeans needs {error.name}: pip install 'centra[sklearn]'") from error
        return KMeans
    if name in ("dask", "plot"):
        import importlib

        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
