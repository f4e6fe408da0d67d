"""Between NumPy and the C functions: arrays into pointers, options into structs, statuses into exceptions."""

from __future__ import annotations

from typing import Any, NamedTuple, NoReturn

import numpy as np

from . import _threads
from ._native import ffi, lib

EMPTY = {
    "relocate": lib.CENTRA_EMPTY_RELOCATE,
    "keep": lib.CENTRA_EMPTY_KEEP,
    "error": lib.CENTRA_EMPTY_ERROR,
}
STOPPED_BY = {
    lib.CENTRA_CONVERGED: "converged",
    lib.CENTRA_TOLERANCE: "tolerance",
    lib.CENTRA_MAX_ITER: "max_iter",
    lib.CENTRA_STOPPED: "callback",
}


class Matrix(NamedTuple):
    """An array as the library reads it, where it lies: n points of d doubles."""

    array: np.ndarray  # the owner of the memory
    pointer: Any
    n: int
    d: int
    ld: int
    layout: int


def pointer(array: np.ndarray, kind: str = "double *") -> Any:
    """The address of an array's first element. Whoever asks keeps the array."""
    return ffi.cast(kind, array.__array_interface__["data"][0])


def numbers(x: Any, name: str) -> np.ndarray:
    """An array of native doubles: `x` itself where it is one."""
    x = np.asarray(x)
    if x.dtype.kind not in "fiubO":
        raise ValueError(f"{name}: an array of real numbers was expected, not of {x.dtype}")
    return np.asarray(x, dtype=np.float64)


def matrix(x: Any, name: str = "points") -> Matrix:
    """Points without a copy, if they are doubles whose strides a leading dimension can express."""
    x = numbers(x, name)
    if x.ndim != 2:
        hint = "; points of one dimension are x.reshape(-1, 1)" if x.ndim == 1 else ""
        raise ValueError(f"{name}: a two-dimensional array was expected, not one of {x.ndim}{hint}")
    n, d = x.shape
    # NumPy may give any stride to an axis of one element.
    row = x.strides[0] if n > 1 else 8 * d
    column = x.strides[1] if d > 1 else 8
    if x.flags.aligned and column == 8 and row >= 8 * d and row % 8 == 0:
        return Matrix(x, pointer(x), n, d, row // 8, lib.CENTRA_ROWS)
    row = x.strides[0] if n > 1 else 8
    column = x.strides[1] if d > 1 else 8 * n
    if x.flags.aligned and row == 8 and column >= 8 * n and column % 8 == 0:
        return Matrix(x, pointer(x), n, d, column // 8, lib.CENTRA_COLUMNS)
    x = np.array(x, order="C")
    return Matrix(x, pointer(x), n, d, d, lib.CENTRA_ROWS)


def packed(x: np.ndarray) -> np.ndarray:
    """An array in C order and aligned: `x` itself where it is that."""
    return np.require(x, requirements=["C", "A"])


def centers_of(x: Any, d: int, name: str = "centers") -> np.ndarray:
    """Centers in contiguous rows: `x` itself where it is that."""
    x = packed(numbers(x, name))
    if x.ndim != 2 or x.shape[1] != d:
        raise ValueError(f"{name}: shape (k, {d}) was expected, to fit the points, not {x.shape}")
    return x


def labels_of(x: Any, n: int) -> np.ndarray:
    """Labels in contiguous 32-bit integers: `x` itself where it is that."""
    x = np.asarray(x)
    # Of an empty list NumPy makes an array of doubles.
    if x.dtype.kind not in "iu" and x.size > 0:
        raise ValueError(f"labels: integers were expected, not {x.dtype}")
    if x.shape != (n,):
        raise ValueError(f"labels: shape ({n},) was expected, to fit the points, not {x.shape}")
    if x.dtype == np.int32:
        return packed(x)
    # What does not fit 32 bits is no label either; it must not become one by wrapping around.
    labels = x.astype(np.int32, order="C")
    labels[(x < 0) | (x > 2**31 - 1)] = -1
    return labels


def weights_of(x: Any, n: int) -> np.ndarray | None:
    """Weights in contiguous doubles: `x` itself where it is that."""
    if x is None:
        return None
    x = packed(numbers(x, "weights"))
    if x.shape != (n,):
        raise ValueError(f"weights: shape ({n},) was expected, to fit the points, not {x.shape}")
    return x


def array_of(x: Any, dtype: Any, shape: tuple[int, ...], name: str, written: bool = False) -> np.ndarray:
    """An array of this type and shape, contiguous and aligned: `x` itself where it is that, and where it is written to."""
    expected = f"an array of {np.dtype(dtype)} of shape {shape} was expected"
    if not isinstance(x, np.ndarray):
        raise ValueError(f"{name}: {expected}, not {type(x)}")
    if x.dtype != dtype or x.shape != shape:
        raise ValueError(f"{name}: {expected}, not {x.dtype} of shape {x.shape}")
    if written and not x.flags.carray:
        raise ValueError(f"{name}: a contiguous and writable array was expected")
    return packed(x)


def options_of(threads: int | None) -> Any:
    """A centra_options with defaults but for the threads."""
    options = ffi.new("centra_options *")
    lib.centra_options_init_sized(options, ffi.sizeof("centra_options"))
    options.threads = integer(_threads.effective(threads), "threads", 31)
    return options


def options_for(points: Matrix, threads: int | None, weights: np.ndarray | None = None) -> Any:
    """A centra_options with defaults but for what all calls share."""
    options = options_of(threads)
    options.layout = points.layout
    if weights is not None:
        options.weights = pointer(weights)
    return options


def integer(x: Any, name: str, bits: int) -> int:
    """`x` as an integer that is not negative and fits that many bits."""
    if isinstance(x, (bool, np.bool_)) or not isinstance(x, (int, np.integer)):
        raise TypeError(f"{name}: an integer was expected, not {x!r}")
    if not 0 <= x < 2**bits:
        raise ValueError(f"{name}: a number from 0 to 2**{bits} - 1 was expected, not {x}")
    return int(x)


def choice(x: Any, name: str, values: dict[str, int]) -> int:
    """What the library calls the value that a user calls `x`."""
    if not isinstance(x, str) or x not in values:
        raise ValueError(f"{name}: one of {', '.join(map(repr, values))} was expected, not {x!r}")
    return values[x]


def check(status: int) -> int:
    """Raises what a refusal is in Python; else hands the status on."""
    if status < 0:
        refuse(status)
    return status


def refuse(status: int) -> NoReturn:
    kind = {lib.CENTRA_ERR_MEMORY: MemoryError, lib.CENTRA_ERR_INTERNAL: RuntimeError}.get(status, ValueError)
    detail = ffi.string(lib.centra_error_detail()).decode()
    raise kind(detail or ffi.string(lib.centra_status_message(status)).decode())
