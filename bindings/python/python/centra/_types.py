"""Types of arguments that several functions share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np


class SupportsArray(Protocol):
    """What NumPy makes an array of: arrays, data frames, scalars of NumPy."""

    def __array__(self) -> Any: ...


# NumPy's ArrayLike contains str, so with it a type checker could not find a misspelt word.
Centers: TypeAlias = SupportsArray | Sequence[SupportsArray | Sequence[float | SupportsArray]]
Init: TypeAlias = Literal["k-means++", "random", "k-means||"]
Seed: TypeAlias = int | np.integer[Any] | np.random.Generator | np.random.RandomState | None
