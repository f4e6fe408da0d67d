"""How many threads a call uses if its argument does not say.

The order, first found first taken: the argument ``threads``; a limit set through threadpoolctl; the environment variable
``CENTRA_NUM_THREADS``; ``OMP_NUM_THREADS``, which is what joblib, Dask and batch systems set for the processes they start; all
cores the process may use. The answer is the same, bit for bit, whatever the number.
"""

from __future__ import annotations

import os
import warnings

# Set through threadpoolctl; like the limits of other libraries it holds for the whole process.
_limit: int | None = None


def effective(threads: int | None) -> int:
    """The number of threads for the library; 0 for all cores."""
    if threads is not None:
        return threads
    if _limit is not None:
        return _limit
    return _from_environment()


def _from_environment() -> int:
    for variable in ("CENTRA_NUM_THREADS", "OMP_NUM_THREADS"):
        value = os.environ.get(variable, "").strip()
        # OpenMP allows a list, one number a level of nesting.
        first = value.split(",")[0].strip()
        if first.isdecimal() and int(first) < 2**31:
            return int(first)
        if value and variable.startswith("CENTRA_"):
            _ignore(variable, value, "a number of threads")
    return 0


# What has been warned of: each value is warned of once.
_ignored: set[tuple[str, str]] = set()


def _ignore(variable: str, value: str, expected: str) -> None:
    if (variable, value) not in _ignored:
        _ignored.add((variable, value))
        warnings.warn(f"{variable}={value!r} is not {expected}, and is ignored", RuntimeWarning, stacklevel=2)


def check_environment() -> None:
    """Warns of values of centra's environment variables that have no effect."""
    _from_environment()
    isa = os.environ.get("CENTRA_ISA", "")
    if isa not in ("", "portable", "neon", "avx2", "avx512", "amx"):
        _ignore("CENTRA_ISA", isa, "'portable', 'neon', 'avx2', 'avx512' or 'amx'")


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
    # Before version 3.2 threadpoolctl knows the libraries in its own list only.
    if not hasattr(threadpoolctl, "register"):
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
            # threadpoolctl restores the number that it found, which must not become a limit.
            _limit = None if num_threads == (_from_environment() or _cores()) else num_threads

        def get_version(self) -> str:
            from ._native import ffi, lib

            return ffi.string(lib.centra_version()).decode()

    threadpoolctl.register(Controller)
