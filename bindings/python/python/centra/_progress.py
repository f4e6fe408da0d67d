"""What happens between the iterations of a fit: callbacks, the progress bar, Ctrl-C."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from ._native import ffi


class Progress(NamedTuple):
    """What a callback is told after every iteration."""

    restart: int
    """Restart, from 0."""
    iteration: int
    """Iteration, from 1."""
    moved: int
    """Labels that changed in this iteration."""
    shift: float
    """Sum over the centers of the squared distance between where they are and where they were."""


class Watch:
    """Between the iterations of the fit in its block calls back, shows progress, and lets Python see signals.

    The library calls on the thread that called it, and cffi takes the interpreter's lock for as long. Running any Python
    there runs the handlers of signals that have arrived, so KeyboardInterrupt comes up in `_tell`. It cannot unwind the
    library: it stops the fit, and `reraise` raises it again when the fit is over.
    """

    def __init__(self, callback: Callable[[Progress], Any] | None, verbose: int) -> None:
        self.callback = callback
        self.bar = _bar() if verbose else None
        self.error: BaseException | None = None
        self.handle: Any = ffi.callback("centra_progress_fn", self._tell, error=1, onerror=self._failed)

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *exception: object) -> None:
        # It refers back to this object: without the circle the two go at once, and not when the collector comes by.
        self.handle = None
        if self.bar is not None:
            self.bar.close()

    def reraise(self) -> None:
        """Raises what ended the fit."""
        if self.error is not None:
            raise self.error

    def _tell(self, progress: Any, _user: Any) -> int:
        if self.bar is None and self.callback is None:
            return 0
        p = Progress(progress.restart, progress.iteration, progress.moved, progress.shift)
        if self.bar is not None:
            self.bar.update(1)
            self.bar.set_postfix({"restart": p.restart, "moved": p.moved})
        return int(bool(self.callback is not None and self.callback(p)))

    def _failed(self, _kind: object, error: BaseException, _traceback: object) -> None:
        self.error = error


class _Lines:
    """A progress bar for who has no tqdm."""

    def __init__(self) -> None:
        self.iterations = 0

    def update(self, count: int) -> None:
        self.iterations += count

    def set_postfix(self, values: dict[str, Any]) -> None:
        words = ", ".join(f"{name}={value}" for name, value in values.items())
        print(f"kmeans: {self.iterations} iterations, {words}", file=sys.stderr)

    def close(self) -> None:
        pass


def _bar() -> Any:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return _Lines()
    return tqdm(desc="kmeans", unit=" iterations")
