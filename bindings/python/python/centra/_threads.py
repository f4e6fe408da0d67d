"""How many threads a call uses if its argument does not say.

The order, first found first taken: the argument ``threads``; a limit set through threadpoolctl; the environment variable
``CENTRA_NUM_THREADS``; ``OMP_NUM_THREADS``, which is what joblib, Dask and batch systems set for the processes they start; all
cores the process may use. The answer is the same, bit for bit, whatever the number.
"""

from __future__ import annotations

import os

# Set through threadpoolctl; like the limits of other libraries it holds for the whole process.
_limit: int | None = None


def effective(threads: int | None) -> int:
    """What to tell the library: a number, or 0 for all cores."""
    if threads is not None:
        return threads
    if _limit is not None:
        return _limit
    return _from_environment()


def _from_environment() -> int:
    for variable in ("CENTRA_NUM_THREADS", "OMP_NUM_THREADS"):
        # OpenMP allows a list, one number a level of nesting.
        value = os.environ.get(variable, "").split(",")[0].strip()
        if value.isdecimal():
            return int(value)
    return 0


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def register() -> None:
    """Lets ``threadpoolctl.threadpool_limits`` limit centra too, and ``threadpool_info`` list it."""
    try:
        import threadpoolctl
    except ImportError:
        return

    class Controller(threadpoolctl.LibController):
        user_api = "centra"
        internal_api = "centra"
        filename_prefixes = ("lib_native",)
        check_symbols = ("centra_fit",)

        def get_num_threads(self) -> int:
            return effective(None) or _cores()

        def set_num_threads(self, num_threads: int) -> None:
            global _limit
            # Who restores what was found does not want to pin it.
            _limit = None if num_threads == (_from_environment() or _cores()) else num_threads

        def get_version(self) -> str:
            from ._native import ffi, lib

            return ffi.string(lib.centra_version()).decode()

    threadpoolctl.register(Controller)
