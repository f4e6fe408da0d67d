"""Types of arguments that several functions share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol, Union

import numpy as np


class SupportsArray(Protocol):
    """What NumPy makes an array of: arrays, data frames, scalars of NumPy."""

    def __array__(self) -> Any: ...


# NumPy's ArrayLike contains str, so with it a type checker could not find a misspelt word.
# These are values, which Python 3.9 computes: it has no TypeAlias, and no | between types.
Centers = Union[SupportsArray, Sequence[Union[SupportsArray, Sequence[Union[float, SupportsArray]]]]]
Init = Literal["k-means++", "random", "k-means||"]
Seed = Union[int, np.integer[Any], np.random.Generator, np.random.RandomState, None]
