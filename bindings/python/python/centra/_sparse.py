"""Points in compressed sparse rows, as SciPy has them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from . import _call
from ._native import ffi, lib

# What the library calls the types of values.
_VALUES = {
    np.dtype(np.float64): lib.CENTRA_F64,
    np.dtype(np.float32): lib.CENTRA_F32,
    np.dtype(np.uint8): lib.CENTRA_U8,
}


class Rows(NamedTuple):
    """Sparse rows as the library reads them: where they lie, if they are in order and of types that it reads."""

    arrays: tuple[np.ndarray, ...]  # the owners of the memory
    csr: Any
    n: int
    d: int
    layout: int = lib.CENTRA_ROWS

    @property
    def size(self) -> int:
        """Numbers that a pass reads."""
        return self.n + len(self.arrays[0])

    def call(self, name: str, *arguments: Any) -> int:
        """Calls the function of that name for sparse rows."""
        status: int = getattr(lib, name + "_csr")(self.csr, *arguments)
        return status


def is_sparse(x: Any) -> bool:
    """Whether `x` is a sparse matrix or array, which only SciPy's have all of these attributes."""
    return hasattr(x, "tocsr") and hasattr(x, "nnz")


def points_of(x: Any) -> _call.Matrix | Rows:
    """Points as the library reads them, dense or sparse."""
    return _rows(x) if is_sparse(x) else _call.matrix(x)


def _rows(x: Any) -> Rows:
    """Sparse points of any format; the caller's matrix is neither changed nor made dense."""
    if x.ndim != 2:
        raise ValueError(f"points: a two-dimensional array was expected, not one of {x.ndim}")
    n, d = x.shape
    x = x.tocsr()
    if not x.has_canonical_format:
        x = x.copy()
        x.sum_duplicates()
    values = x.data if x.dtype in _VALUES else _call.numbers(x.data, "points")
    index = np.int32 if x.indices.dtype == x.indptr.dtype == np.int32 else np.int64
    values, columns, starts = (
        _call.packed(values),
        _call.packed(x.indices.astype(index, copy=False)),
        _call.packed(x.indptr.astype(index, copy=False)),
    )
    csr = ffi.new("centra_csr *")
    csr.struct_size = ffi.sizeof("centra_csr")
    csr.n, csr.d = n, d
    csr.values, csr.columns, csr.starts = (ffi.from_buffer(array) for array in (values, columns, starts))
    csr.value_type = _VALUES[values.dtype]
    csr.index_bytes = columns.itemsize
    return Rows((values, columns, starts), csr, n, d)
