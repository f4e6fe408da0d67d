"""From NumPy to the C functions: arrays become pointers, options a struct, statuses exceptions."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import numpy as np

from . import _threads
from ._native import ffi, lib

if TYPE_CHECKING:
    from ._sparse import Rows
    from ._types import Seed

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


_OPTIONS: int = ffi.sizeof("centra_options")


class Matrix(NamedTuple):
    """An array as the library reads it, where it lies: n points of d doubles, floats or bytes."""

    array: np.ndarray  # the owner of the memory
    pointer: Any
    n: int
    d: int
    ld: int
    layout: int

    @property
    def size(self) -> int:
        """Numbers that a pass reads."""
        return self.n * self.d

    def function(self, name: str) -> Any:
        """The function of that name for points of this type."""
        return getattr(lib, name + _TYPES[self.array.dtype][1])

    def call(self, name: str, *arguments: Any) -> int:
        """Calls the function of that name for points of this type."""
        status: int = self.function(name)(self.pointer, self.n, self.d, self.ld, *arguments)
        return status


# The types that are read where they lie: what they are in C, and what the names of their functions end in.
_TYPES = {
    np.dtype(np.float64): ("double", ""),
    np.dtype(np.float32): ("float", "_f32"),
    np.dtype(np.uint8): ("uint8_t", "_u8"),
}


def pointer(array: np.ndarray, kind: str = "double[]") -> Any:
    """The elements of a contiguous array, for an argument that is a pointer to the first. The caller keeps a reference to it."""
    return ffi.from_buffer(kind, array)


def numbers(x: Any, name: str) -> np.ndarray:
    """An array of native doubles: `x` itself where it is one."""
    x = array(x, name)
    if x.dtype.kind not in "fiubO":
        raise ValueError(f"{name}: an array of real numbers was expected, not of {x.dtype}")
    try:
        return np.asarray(x, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: {_not_a_number(x)}") from error


def refuse_masked(x: Any, name: str) -> None:
    """Refuses a masked array, since NumPy would hand on what is below the mask."""
    if isinstance(x, np.ma.MaskedArray):
        raise ValueError(f"{name}: a masked array was given; x.filled(value) is an array without a mask")


def array(x: Any, name: str) -> np.ndarray:
    """What NumPy makes of `x`; masked and sparse arrays are refused, of which it would make something else."""
    if type(x) is np.ndarray:
        return x
    refuse_masked(x, name)
    if hasattr(x, "toarray") and hasattr(x, "nnz"):
        raise ValueError(f"{name}: a sparse array was given, and a dense one was expected; x.toarray() is one")
    return np.asarray(x)


def _not_a_number(x: np.ndarray) -> str:
    """Says which element of an array of objects is the first that is not a number, and where it is."""
    for at in np.ndindex(x.shape):
        try:
            float(x[at])
        except (TypeError, ValueError, OverflowError):
            place = f"row {at[0]}, dimension {at[1]}" if len(at) == 2 else f"index {at[0]}" if len(at) == 1 else f"{at}"
            return f"{x[at]!r} at {place} is not a number"
    return "an array of real numbers was expected"


def matrix(x: Any, name: str = "points") -> Matrix:
    """Points without a copy, if they are of a type that the library reads, with strides that a leading dimension can express."""
    x = array(x, name)
    if x.dtype not in _TYPES:
        x = numbers(x, name)
    if x.ndim != 2:
        hint = "; points of one dimension are x.reshape(-1, 1)" if x.ndim == 1 else ""
        raise ValueError(f"{name}: a two-dimensional array was expected, not one of {x.ndim}{hint}")
    n, d = x.shape
    size = x.itemsize
    # NumPy may give any stride to an axis of one element.
    row = x.strides[0] if n > 1 else size * d
    column = x.strides[1] if d > 1 else size
    if x.flags.aligned and column == size and row >= size * d and row % size == 0:
        return Matrix(x, _points(x), n, d, row // size, lib.CENTRA_ROWS)
    row = x.strides[0] if n > 1 else size
    column = x.strides[1] if d > 1 else size * n
    if x.flags.aligned and row == size and column >= size * n and column % size == 0:
        return Matrix(x, _points(x), n, d, column // size, lib.CENTRA_COLUMNS)
    x = np.array(x, order="C")
    return Matrix(x, _points(x), n, d, d, lib.CENTRA_ROWS)


def _points(x: np.ndarray) -> Any:
    """The address of the first point. Asking an array for its address takes longer than labelling a point, a buffer does not."""
    kind = _TYPES[x.dtype][0]
    if x.flags.c_contiguous:
        return pointer(x, kind + "[]")
    return ffi.cast(kind + " *", x.__array_interface__["data"][0])


def packed(x: np.ndarray) -> np.ndarray:
    """An array in C order and aligned: `x` itself where it is that."""
    return x if x.flags.c_contiguous and x.flags.aligned else np.require(x, requirements=["C", "A"])


def centers_of(x: Any, d: int, name: str = "centers") -> np.ndarray:
    """Centers in contiguous rows: `x` itself where it is that."""
    x = packed(numbers(x, name))
    if x.ndim != 2 or x.shape[1] != d:
        raise ValueError(f"{name}: shape (k, {d}) was expected, to fit the points, not {x.shape}")
    return x


def labels_of(x: Any, n: int) -> np.ndarray:
    """Labels in contiguous 32-bit integers: `x` itself where it is that."""
    x = array(x, "labels")
    # Of an empty list NumPy makes an array of doubles.
    if x.dtype.kind not in "iu" and x.size > 0:
        raise ValueError(f"labels: integers were expected, not {x.dtype}")
    if x.shape != (n,):
        raise ValueError(f"labels: shape ({n},) was expected, to fit the points, not {x.shape}")
    if x.dtype == np.int32:
        return packed(x)
    # A number that does not fit 32 bits is not a label, and must not become one by wrapping around.
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
    """A contiguous and aligned array of this type and shape: `x` itself where it is one, which it must be if it is written to."""
    expected = f"an array of {np.dtype(dtype)} of shape {shape} was expected"
    if not isinstance(x, np.ndarray):
        raise ValueError(f"{name}: {expected}, not {type(x)}")
    if x.dtype != dtype or x.shape != shape:
        raise ValueError(f"{name}: {expected}, not {x.dtype} of shape {x.shape}")
    if written and not x.flags.carray:
        raise ValueError(f"{name}: a contiguous and writable array was expected")
    return packed(x)


def options_of(threads: int | None) -> Any:
    """A centra_options with the defaults, except for the threads."""
    options = ffi.new("centra_options *")
    lib.centra_options_init_sized(options, _OPTIONS)
    options.threads = integer(_threads.effective(threads), "threads", 31)
    return options


def options_for(points: Matrix | Rows, threads: int | None, weights: np.ndarray | None = None) -> Any:
    """A centra_options with the defaults, except for what all calls share."""
    options = options_of(threads)
    options.layout = points.layout
    if weights is not None:
        options.weights = pointer(weights)
    return options


def set_loop(options: Any, empty: str, max_iter: int, tol: float, n_init: int = 1) -> None:
    """Sets the options that say how a fit goes on and ends."""
    options.empty = choice(empty, "empty", EMPTY)
    options.n_init = integer(n_init, "n_init", 31)
    options.max_iter = integer(max_iter, "max_iter", 63)
    options.tol = tol


def integer(x: Any, name: str, bits: int) -> int:
    """`x` as an integer that is not negative and fits that many bits."""
    if isinstance(x, (bool, np.bool_)) or not isinstance(x, (int, np.integer)):
        raise TypeError(f"{name}: an integer was expected, not {x!r}")
    if not 0 <= x < 2**bits:
        raise ValueError(f"{name}: a number from 0 to 2**{bits} - 1 was expected, not {x}")
    return int(x)


def seed_of(x: Seed) -> int:
    """`x` as a seed, or a seed that is drawn from it; None draws from the operating system's randomness."""
    if x is None:
        return secrets.randbits(64)
    if isinstance(x, np.random.Generator):
        return int(x.integers(2**64, dtype=np.uint64))
    if isinstance(x, np.random.RandomState):
        return int(x.randint(2**64, dtype=np.uint64))
    return integer(x, "seed", 64)


def choice(x: Any, name: str, values: dict[str, int]) -> int:
    """The library's constant for the word `x`."""
    if not isinstance(x, str) or x not in values:
        raise ValueError(f"{name}: one of {', '.join(map(repr, values))} was expected, not {x!r}")
    return values[x]


def check(status: int) -> int:
    """Raises an exception for a refusal; returns any other status."""
    if status < 0:
        refuse(status)
    return status


def refuse(status: int) -> NoReturn:
    kind = {lib.CENTRA_ERR_MEMORY: MemoryError, lib.CENTRA_ERR_INTERNAL: RuntimeError}.get(status, ValueError)
    detail = ffi.string(lib.centra_error_detail()).decode()
    raise kind(detail or ffi.string(lib.centra_status_message(status)).decode())
